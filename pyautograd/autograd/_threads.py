# SPDX-License-Identifier: MIT
"""set_multithreading_enabled: a switch of PyTorch's, under which nothing is different here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["set_multithreading_enabled"]


class _Switch(threading.local):
    on = True


_switch = _Switch()


class set_multithreading_enabled:
    """Accepted, and kept for this thread: a backward runs in the thread that calls it in any case.

    PyTorch has threads of its own for the devices of a backward. Here there are none, and what the
    threads of the library share is the work on one large tensor (`set_num_threads`).

    It counts at once, in a `with` until that ends; also a decorator.

    Args:
        mode: whether it is on.

    Raises:
        TypeError: `mode` is not a bool.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.ones(2, requires_grad=True)
        >>> with ag.autograd.set_multithreading_enabled(False):
        ...     (x * x).sum().backward()
        >>> x.grad
        tensor([2., 2.])
    """

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                "set_multithreading_enabled(): argument 'enabled' (position 1) must be bool, not "
                f"{type(mode).__name__}"
            )
        self.prev = _switch.on
        _switch.on = mode
        self.mode = mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *unused: object) -> None:
        _switch.on = self.prev

    def clone(self) -> set_multithreading_enabled:
        """Another object of this kind."""
        return self.__class__(self.mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        from .._decorate import decorate

        self.__exit__()
        return decorate(function, self.clone)
