# SPDX-License-Identifier: MIT
"""Functions that pack what operations save for backward, and unpack it: see `graph`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .._core import (
    Tensor,
    _has_saved_hooks,
    _pop_saved_hooks,
    _push_copy_on_write,
    _push_saved_hooks,
    _set_copy_on_write,
)

__all__ = [
    "allow_mutation_on_saved_tensors",
    "copy_on_write",
    "disable_saved_tensors_hooks",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class _Disabled(threading.local):
    """What using hooks is refused with, in this thread, and whether it may write what it saved."""

    message: str | None = None
    allows_mutation = False


_disabled = _Disabled()


def check_allowed() -> None:
    """RuntimeError where hooks on saved tensors are disabled."""
    if _disabled.message is not None:
        raise RuntimeError(_disabled.message)


class saved_tensors_hooks:
    """Have what operations save for backward packed and unpacked by functions, inside `with`.

    Each tensor that an operation of this thread saves goes to `pack_hook`, and what that returns,
    of any kind, is kept in its place. When a backward needs the tensor it calls `unpack_hook` with
    that, which must return a tensor of the same shape, dtype and values. Of several such pairs,
    one inside the other, the innermost is called alone. `pack_hook` runs with recording off.

    A `pack_hook` must not write into its tensor. Writes that others do to a tensor that was packed
    are not noticed. What is packed should not lead back to the result of the operation, or the two
    stay until the collector of garbage finds them, or a backward frees what was saved; returning
    the tensor itself is no such circle.

    Args:
        pack_hook: takes a Tensor, returns anything.
        unpack_hook: takes what `pack_hook` returned, returns a Tensor.

    Raises:
        RuntimeError: at the beginning of the block, if hooks are disabled there.
        TypeError: there, if one of the two cannot be called.

    Operations raise what `pack_hook` raises, and backward what `unpack_hook` raises, TypeError if
    it returns no Tensor, and RuntimeError if that has another shape or dtype.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([3.0], requires_grad=True)
        >>> with ag.autograd.graph.saved_tensors_hooks(lambda t: print("pack", t), print):
        ...     y = x.sin()
        pack tensor([3.], requires_grad=True)
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        check_allowed()
        for name, hook in (("pack_hook", self.pack_hook), ("unpack_hook", self.unpack_hook)):
            if not callable(hook):
                raise TypeError(
                    f"saved_tensors_hooks: {name} must be callable, got {type(hook).__name__}"
                )
        _push_saved_hooks((self.pack_hook, self.unpack_hook))

    def __exit__(self, *args: object) -> None:
        _pop_saved_hooks()


class save_on_cpu(saved_tensors_hooks):
    """Keep what operations save in the memory of the CPU, inside `with`, which is where it is.

    Args:
        pin_memory: taken for PyTorch's sake.
        device_type: taken for PyTorch's sake.

    Raises:
        RuntimeError: at the beginning of the block, if hooks are disabled there.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> with ag.autograd.graph.save_on_cpu():
        ...     y = x.exp().sum()
        >>> y.backward()
        >>> x.grad
        tensor([2.7183, 7.3891])
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(_itself, _itself)


def _itself(tensor: Tensor) -> Tensor:
    return tensor


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Refuse hooks on saved tensors, in this thread, inside `with` or in a decorated function.

    Args:
        error_message: what entering `saved_tensors_hooks` is refused with.

    Raises:
        RuntimeError: with that message, at the beginning if it is inside such hooks itself.

    Example:
        >>> import pyautograd as ag
        >>> with ag.autograd.graph.disable_saved_tensors_hooks("not here"):
        ...     with ag.autograd.graph.save_on_cpu():
        ...         pass
        Traceback (most recent call last):
        RuntimeError: not here
    """
    before = _disabled.message
    try:
        _disabled.message = error_message
        if _has_saved_hooks():
            raise RuntimeError(error_message)
        yield
    finally:
        _disabled.message = before


class copy_on_write:
    """Let writes in place copy first what operations saved: at once, and until the end of a `with`
    if there is one.

    A tensor that an operation saved for its gradient must not be written in place before the
    backward: that raises RuntimeError. Of what operations of this thread save in this mode, a write
    copies the old numbers first, and gradients are those of the values as they were. The memory
    that is written stays where it is, so views and arrays that share it see the write. It does not
    matter whether the mode is on, and in which thread, when the tensor is written or a backward
    runs.

    All that was saved of a tensor since it was last written shares one copy, of the stretch of
    memory that it spans, and the copy goes with the last that needs it. A write that has no memory
    for it raises MemoryError and changes nothing. Memory that a NumPy array shares is copied when
    it is saved, as arrays are written without a word. A leaf that requires grad still cannot be
    written while recording is on. Inside `saved_tensors_hooks` the hooks have what is saved, and
    what they return as it is is copied.

    Args:
        mode: whether writes copy. New threads begin without.

    Raises:
        TypeError: `mode` is not a bool.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> with ag.autograd.copy_on_write():
        ...     y = x * 3
        ...     z = (y * y).sum()
        ...     y.zero_()
        tensor([0., 0.], grad_fn=<ZeroBackward0>)
        >>> z.backward()
        >>> x.grad
        tensor([18., 36.])
    """

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode
        self.prev = _set_copy_on_write(mode)

    def __enter__(self) -> None:
        _set_copy_on_write(self.mode)

    def __exit__(self, *args: object) -> None:
        _set_copy_on_write(self.prev)


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[None]:
    """Let writes in place copy first what operations saved, inside `with` or in a decorated
    function: see `copy_on_write`.

    It stands in the row of `saved_tensors_hooks`: of several, one inside the other, the innermost
    counts. A backward need not be inside.

    Raises:
        RuntimeError: at the beginning, inside another such block of this thread, or if hooks on
            saved tensors are disabled there.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([0.0, 1.0], requires_grad=True)
        >>> with ag.autograd.graph.allow_mutation_on_saved_tensors():
        ...     y = x.clone()
        ...     z = (y**2).sum()
        ...     y.sin_()
        tensor([0.0000, 0.8415], grad_fn=<SinBackward0>)
        >>> z.backward()
        >>> x.grad
        tensor([0., 2.])
    """
    check_allowed()
    if _disabled.allows_mutation:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    _disabled.allows_mutation = True
    try:
        _push_copy_on_write()
        try:
            yield
        finally:
            _pop_saved_hooks()
    finally:
        _disabled.allows_mutation = False
