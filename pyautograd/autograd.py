# SPDX-License-Identifier: MIT
"""Gradients as functions, beside `Tensor.backward`: `backward` of several tensors at once, and
`grad`, which returns gradients instead of adding them into `.grad`. The grad modes are here too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._core import (
    Node,
    Tensor,
    _backward,
    _grad,
    enable_grad,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)

__all__ = [
    "Node",
    "backward",
    "enable_grad",
    "grad",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]


def backward(
    tensors: Tensor | Iterable[Tensor],
    grad_tensors: Tensor | Iterable[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Iterable[Tensor] | None = None,
) -> None:
    """Add the gradients of `tensors` into the `.grad` of the leaves that they were made from.

    Args:
        tensors: one tensor, or several that are taken as a sum.
        grad_tensors: for each of them a gradient of its shape, or None for 1, which tensors of
            one element need no other than.
        retain_graph: keep what the tape saved for another backward; as `create_graph` if None.
        create_graph: record the computation of the gradients, for higher derivatives.
        inputs: the leaves to give a gradient to, instead of all.

    Raises:
        RuntimeError: a tensor does not require grad, has more than one element and no gradient,
            saved values were freed or written in place, shapes do not agree, or there are more
            gradients than tensors. No `.grad` has changed then.
        TypeError: an argument is of the wrong type.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> ag.autograd.backward([x.sum(), x * x], [None, ag.ones(2)])
        >>> x.grad
        tensor([3., 5.])
    """
    _backward(tensors, grad_tensors, retain_graph, create_graph, inputs)


def grad(
    outputs: Tensor | Iterable[Tensor],
    inputs: Tensor | Iterable[Tensor],
    grad_outputs: Tensor | Iterable[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """Return the gradients of `outputs` with respect to `inputs`; no `.grad` changes.

    Args:
        outputs: one tensor, or several that are taken as a sum.
        inputs: tensors that require grad, leaves or not.
        grad_outputs: for each output a gradient of its shape, or None for 1, which outputs of one
            element need no other than.
        retain_graph: keep what the tape saved for another backward; as `create_graph` if None.
        create_graph: record the computation of the gradients, for higher derivatives.
        allow_unused: give None for inputs that the outputs do not depend on. By default that is
            an error, unless `materialize_grads`.
        materialize_grads: give zeros instead of None.

    Returns:
        For each input a gradient of its shape.

    Raises:
        RuntimeError: as `backward`, and where an input was not used.
        TypeError: an argument is of the wrong type.
        ValueError: `materialize_grads` together with `allow_unused=False`.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor(3.0, requires_grad=True)
        >>> (slope,) = ag.autograd.grad(x * x * x, x, create_graph=True)
        >>> slope.item(), ag.autograd.grad(slope, x)[0].item()
        (27.0, 18.0)
    """
    return _grad(
        outputs,
        inputs,
        grad_outputs,
        retain_graph,
        create_graph,
        allow_unused,
        materialize_grads,
    )


def __getattr__(name: str) -> Any:
    from ._names import no_attribute

    raise no_attribute(__name__, name, __all__)
