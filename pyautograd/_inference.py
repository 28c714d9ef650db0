# SPDX-License-Identifier: MIT
"""inference_mode: for what is computed and never differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._core import _set_inference_mode, is_grad_enabled, set_grad_enabled

__all__ = ["inference_mode"]


class inference_mode:
    """Make tensors that have no part in autograd, now or later, inside `with`, in this thread.

    As `no_grad`, and besides what is made of nothing but numbers or such tensors is an inference
    tensor: outside, it can be read, but neither written in place nor saved for a backward. A
    view of a tensor from outside is no such tensor. `inference_mode(False)` records again.

    Also a decorator, with or without brackets, of functions, generators and coroutines.

    Args:
        mode: whether to be in the mode, or the function to be decorated.

    Raises:
        TypeError: what is decorated cannot be called.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.ones(2, requires_grad=True)
        >>> with ag.inference_mode():
        ...     y = x * 2
        >>> y.requires_grad, y.is_inference()
        (False, True)
        >>> (x * y).sum()
        Traceback (most recent call last):
        RuntimeError: Inference tensors cannot be saved for backward...
        >>> @ag.inference_mode()
        ... def double(x):
        ...     return x * 2
        >>> double(x).is_inference()
        True
    """

    def __new__(cls, mode: Any = True) -> Any:
        if isinstance(mode, bool):
            return super().__new__(cls)
        return cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode
        self._outer: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        grad = is_grad_enabled()
        self._outer.append((_set_inference_mode(self.mode), grad))

    def __exit__(self, *args: object) -> None:
        if not self._outer:
            raise RuntimeError("this inference mode object was not entered")
        inference, grad = self._outer.pop()
        _set_inference_mode(inference)
        set_grad_enabled(grad)

    def clone(self) -> inference_mode:
        """Another object of this kind."""
        return self.__class__(self.mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        from ._decorate import decorate

        if not callable(function):
            raise TypeError(
                f"inference_mode(): what is decorated must be callable, not "
                f"{type(function).__name__}"
            )
        return decorate(function, self.clone)
