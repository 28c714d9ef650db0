# SPDX-License-Identifier: MIT
"""What derivatives of functions are made of: sweeps from some outputs to some inputs, and Jacobians
of their results."""

from __future__ import annotations

from collections.abc import Sequence

from .._core import Tensor, _grad, stack

__all__ = ["rows_stacked", "swept"]


def swept(
    outputs: Sequence[Tensor | None],
    inputs: Sequence[Tensor],
    cotangents: Sequence[Tensor] | None = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> tuple[Tensor | None, ...]:
    """Return the gradients of those outputs that have any; None for inputs that have no part.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.autograd._sweeps import swept
        >>> x, y = ag.ones(2, requires_grad=True), ag.ones(1, requires_grad=True)
        >>> swept([None, (x * 3).sum()], [x, y])
        (tensor([3., 3.]), None)
    """
    pairs = [
        (out, None if cotangents is None else cotangents[k])
        for k, out in enumerate(outputs)
        if out is not None and out.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    roots, given = zip(*pairs, strict=True)
    return _grad(roots, inputs, given, retain_graph, create_graph, True, False)


def rows_stacked(
    output: Tensor, leaves: Sequence[Tensor], rows: Sequence[Sequence[Tensor]]
) -> list[Tensor]:
    """Return the Jacobian of an output by each leaf, of whose elements the rows are gradients.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.autograd._sweeps import rows_stacked
        >>> rows_stacked(ag.ones(2), [ag.ones(1)], [[ag.ones(1)], [ag.zeros(1)]])
        [tensor([[1.],
                [0.]])]
    """
    shapes = [(*output.shape, *leaf.shape) for leaf in leaves]
    if not rows:
        return [leaf.detach().new_zeros(shape) for leaf, shape in zip(leaves, shapes, strict=True)]
    return [
        stack(list(column)).reshape(shape)
        for column, shape in zip(zip(*rows, strict=True), shapes, strict=True)
    ]
