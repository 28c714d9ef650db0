# SPDX-License-Identifier: MIT
"""The hooks of a tensor as a dictionary, `Tensor._backward_hooks`: imported at its first use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NoReturn

from .._core import Tensor, _hooks_of, _RemovableHandle

__all__ = ["HookDict", "hooks_of"]


class HookDict(OrderedDict[int, Callable[..., Any]]):
    """The functions that were registered, by their handles' ids, as they were when it was made.

    Taking one away removes the hook.

    Raises:
        TypeError: a function is put in: `register_hook` does that.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.ones(2, requires_grad=True)
        >>> handle = x.register_hook(print)
        >>> del x._backward_hooks[handle.id]
        >>> len(x._backward_hooks)
        0
    """

    def __init__(self, hooks: list[tuple[_RemovableHandle, Callable[..., Any]]]) -> None:
        super().__init__()
        for handle, function in hooks:
            super().__setitem__(handle.id, function)
        self._handles = {handle.id: handle for handle, _ in hooks}

    def __setitem__(self, key: int, value: Callable[..., Any]) -> NoReturn:
        raise TypeError("hooks are added by register_hook()")

    def __delitem__(self, key: int) -> None:
        super().__delitem__(key)
        self._handles.pop(key).remove()

    def pop(self, key: int, *default: Any) -> Any:
        if key not in self and default:
            return super().pop(key, *default)
        value = self[key]
        del self[key]
        return value

    def popitem(self, last: bool = True) -> tuple[int, Callable[..., Any]]:
        if not self:
            return super().popitem(last)
        key = next(reversed(self) if last else iter(self))
        return key, self.pop(key)

    def clear(self) -> None:
        for key in list(self):
            del self[key]


def hooks_of(tensor: Tensor) -> HookDict:
    """The hooks of a tensor as it is now, in the order in which they came.

    Example:
        >>> import pyautograd as ag
        >>> hooks_of(ag.ones(2, requires_grad=True))
        HookDict()
    """
    return HookDict(_hooks_of(tensor))
