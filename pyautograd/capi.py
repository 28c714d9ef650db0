# SPDX-License-Identifier: MIT
"""The C API from Python, through cffi: every function of pyautograd.h on the tensors of the module.

`lib` has the functions and constants of the header, `ffi` makes C values for them, `pointer` and
`wrap` go from a `Tensor` to its `ag_tensor *` and back. Both are of one library: the tape, the
grad mode and the errors are the same that Python sees. `get_include` and `get_library` say what a
C program compiles and links with.

A call costs more than the same op of the `Tensor` type: this is for code that talks to C, and for
C programs that want the header and the library.

cffi lets other threads run during a call, so importing this module makes reference counts atomic,
for all tensors and for the rest of the process.

Example:
    >>> import pyautograd
    >>> from pyautograd import capi
    >>> x = pyautograd.tensor([1.0, 2.0], requires_grad=True)
    >>> y = capi.wrap(capi.lib.ag_exp(capi.pointer(x)), steal=True)
    >>> capi.lib.ag_backward(capi.pointer(y.sum()), capi.ffi.NULL, 0) == capi.lib.AG_OK
    True
    >>> bool((x.grad == y).all())
    True
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from . import _core
from ._capi import ffi as _ffi
from ._capi import lib as _lib

__all__ = ["ffi", "get_include", "get_library", "lib", "pointer", "wrap"]

ffi: Any = _ffi
lib: Any = _lib

lib.ag_set_serialised(False)

_HERE = Path(__file__).resolve().parent
_TENSOR_POINTER = ffi.typeof("ag_tensor *")


def get_include() -> str:
    """The directory of pyautograd.h, for a C compiler's -I.

    Example:
        >>> import os
        >>> from pyautograd import capi
        >>> "pyautograd.h" in os.listdir(capi.get_include())
        True
    """
    return str(_HERE / "include")


def get_library() -> str:
    """The path of the shared library that the module itself runs on, to be linked to.

    Example:
        >>> from pyautograd import capi
        >>> "libpyautograd" in capi.get_library()
        True
    """
    return str(_HERE / ("libpyautograd.dylib" if sys.platform == "darwin" else "libpyautograd.so"))


def pointer(tensor: _core.Tensor) -> Any:
    """The `ag_tensor *` of a tensor, borrowed from it; the pointer object keeps the tensor alive.

    Raises:
        TypeError: `tensor` is not a Tensor.

    Example:
        >>> import pyautograd
        >>> from pyautograd import capi
        >>> x = pyautograd.zeros(2, 3)
        >>> capi.lib.ag_numel(capi.pointer(x))
        6
    """
    address = ffi.cast(_TENSOR_POINTER, _core._tensor_address(tensor))
    return ffi.gc(address, lambda _, tensor=tensor: None)  # holds the tensor as long as it lives


def wrap(pointer: Any, *, steal: bool = False) -> _core.Tensor:
    """The `Tensor` for an `ag_tensor *`, which keeps its own reference to it.

    Args:
        pointer: a cffi `ag_tensor *`. For a tensor that Python knows already, the result is that
            very object.
        steal: the caller's reference is given up, which is what a function's result wants.

    Raises:
        TypeError: `pointer` is not an `ag_tensor *`.
        RuntimeError: it is NULL; the message is the library's, of the call that failed.

    Example:
        >>> from pyautograd import capi
        >>> capi.wrap(capi.lib.ag_scalar(2.5), steal=True)
        tensor(2.5000)
    """
    if not isinstance(pointer, ffi.CData) or ffi.typeof(pointer) is not _TENSOR_POINTER:
        raise TypeError(f"wrap() expects an ag_tensor *, not {pointer!r}")
    if pointer == ffi.NULL:
        message = ffi.string(lib.ag_last_message()).decode()
        raise RuntimeError(message or "wrap() of a NULL pointer")
    try:
        return _core._tensor_from_address(int(ffi.cast("uintptr_t", pointer)))
    finally:
        if steal:
            lib.ag_release(pointer)
