# SPDX-License-Identifier: MIT
"""Linear algebra, named and called as that of `torch.linalg`.

All functions are native, and made of rows of the op table as everything else is: `linalg.pyi`,
which `make stubs` writes, says what they take.

Example:
    >>> import pyautograd as ag
    >>> ag.linalg.diagonal(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
"""

from __future__ import annotations

from typing import Any

from . import _core

_FUNCTIONS = _core._functions_of("linalg")
globals().update(_FUNCTIONS)
LinAlgError = _core.LinAlgError
__all__ = sorted(_FUNCTIONS)  # noqa: PLE0605 - a list of all there are


def __getattr__(name: str) -> Any:
    from ._names import no_attribute

    raise no_attribute(__name__, name, __all__)
