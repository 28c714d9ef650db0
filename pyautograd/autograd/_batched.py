# SPDX-License-Identifier: MIT
"""Gradients that come in batches: `grad` with `is_grads_batched`, a sweep for each of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .._core import Tensor, _grad, set_grad_enabled, stack, zeros_like
from ._edges import GradientEdge

if TYPE_CHECKING:
    from . import Ends

__all__ = ["grad_of_batch"]


def grad_of_batch(
    outputs: Ends,
    inputs: Ends,
    grad_outputs: Tensor | Iterable[Tensor | None] | None,
    retain_graph: bool | None,
    create_graph: bool,
    allow_unused: bool | None,
    materialize_grads: bool,
) -> tuple[Tensor, ...]:
    """What `autograd.grad` gives for each gradient of a batch, stacked.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> ag.autograd.grad(x * x, x, ag.eye(2), is_grads_batched=True)
        (tensor([[2., 0.],
                [0., 4.]]),)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    roots = _tensors(outputs, True)
    leaves = _tensors(inputs, False)
    batches = _batches(roots, grad_outputs)
    size = _size(roots, batches)
    if retain_graph is None:
        retain_graph = create_graph
    found = []
    for k in range(size):
        gradients = tuple(None if batch is None else batch[k] for batch in batches)
        keep = retain_graph or k < size - 1
        found.append(
            _grad(roots, leaves, gradients, keep, create_graph, allow_unused or materialize_grads)
        )
    return tuple(
        _stacked(column, leaf, create_graph, materialize_grads)
        for leaf, column in zip(leaves, zip(*found, strict=True), strict=True)
    )


def _tensors(ends: Ends, as_roots: bool) -> tuple[Tensor, ...]:
    """The ends of a backward in a row, gradient edges as what stands for their tensors."""
    row = (ends,) if isinstance(ends, (Tensor, GradientEdge)) else tuple(ends)
    return tuple(one._stand_in(as_roots) if isinstance(one, GradientEdge) else one for one in row)


def _batches(roots: tuple[Tensor, ...], grad_outputs: Any) -> tuple[Tensor | None, ...]:
    if grad_outputs is None:
        return (None,) * len(roots)
    batches = (grad_outputs,) if isinstance(grad_outputs, Tensor) else tuple(grad_outputs)
    if len(batches) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(batches)} gradients")
    return batches


def _size(roots: tuple[Tensor, ...], batches: tuple[Tensor | None, ...]) -> int:
    """How many gradients there are for each output; what does not fit is refused."""
    sizes = set()
    for k, (root, batch) in enumerate(zip(roots, batches, strict=True)):
        if batch is None and isinstance(root, Tensor) and not root.requires_grad:
            continue
        if batch is not None and not isinstance(batch, Tensor):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(batch).__name__}"
            )
        if batch is None and root.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        if batch is None:
            raise ValueError(
                "If `is_grads_batched=True`, there must be a grad_output for each output that "
                f"requires grad, but grad_output[{k}] is None."
            )
        if batch.ndim == 0:
            raise IndexError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                f"as the batch dimension, but grad_output[{k}] is a 0-dim tensor."
            )
        if tuple(batch.shape[1:]) != tuple(root.shape):
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                "as the batch dimension. The sizes of the remaining dimensions are expected to "
                "match the shape of corresponding output, but a mismatch was detected: "
                f"grad_output[{k}] has a shape of {batch.shape} and output[{k}] has a shape of "
                f"{root.shape}."
            )
        sizes.add(batch.shape[0])
    if len(sizes) > 1:
        raise ValueError(f"grad_outputs have batches of different sizes: {sorted(sizes)}")
    if not sizes or not max(sizes):
        raise IndexError("there must be at least one gradient in a batch, and there are 0")
    return int(sizes.pop())


def _stacked(
    column: tuple[Tensor | None, ...], leaf: Tensor, create_graph: bool, materialize: bool
) -> Any:
    known = [one for one in column if one is not None]
    if len(known) < len(column):
        # Whether an input is used depends on the graph and not on the gradient: all are None.
        return zeros_like(leaf, requires_grad=create_graph) if materialize else None
    with set_grad_enabled(create_graph):
        return stack(known)
