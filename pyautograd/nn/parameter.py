# SPDX-License-Identifier: MIT
"""Parameters: tensors that a module knows as its own to be fitted."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._core import Tensor, empty

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor that becomes a parameter of the module of which it is made an attribute. What is
    computed from it is a plain tensor.

    Args:
        data: the tensor whose memory it shares; nothing for one without elements.
        requires_grad: whether it gets a gradient.

    Raises:
        TypeError: the data is no tensor.
        RuntimeError: its dtype has no gradients, and `requires_grad` is left as it is.

    Example:
        >>> import pyautograd as ag
        >>> weight = ag.nn.Parameter(ag.ones(2))
        >>> weight
        Parameter containing:
        tensor([1., 1.], requires_grad=True)
        >>> type(weight * 2).__name__
        'Tensor'
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = empty(0)
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Parameter(): argument 'data' must be Tensor, not {type(data).__name__}"
            )
        made = data.detach().as_subclass(cls)
        return made.requires_grad_(requires_grad) if requires_grad else made

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        pass  # all is done in __new__

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            copied = type(self)(self.detach().clone(), self.requires_grad)
            copied.__dict__.update(self.__dict__)
            memo[id(self)] = copied
        found: Parameter = memo[id(self)]
        return found

    def __repr__(self) -> str:
        return "Parameter containing:\n" + repr(self.detach().requires_grad_(self.requires_grad))

    __str__ = __repr__


_core._set_parameter_type(Parameter)
