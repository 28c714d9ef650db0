# SPDX-License-Identifier: MIT
"""What is done to the gradients or the values of many parameters, as `torch.nn.utils` has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._core import Tensor, cat, no_grad, norm, stack, tensor

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "vector_to_parameters",
]


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p.grad for p in listed if p.grad is not None]


@no_grad()
def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of the norms of tensors: that of all their elements.

    Args:
        tensors: the tensors.
        norm_type: which norm; inf for the largest element.
        error_if_nonfinite: refuse a norm that is infinite or NaN.
        foreach: accepted, and changes nothing.

    Raises:
        RuntimeError: the norm is not finite, and that is refused.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.utils.get_total_norm([ag.tensor([3.0]), ag.tensor([4.0])])
        tensor(5.)
    """
    listed = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not listed:
        return tensor(0.0)
    order = float(norm_type)
    total = norm(stack([norm(t.detach(), order) for t in listed]), order)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"The total norm of order {order} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped. To disable this error and scale the gradients by the non-finite "
            "norm anyway, set `error_if_nonfinite=False`"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Multiply the gradients by max_norm over this norm, if that is larger.

    Args:
        parameters: those with the gradients.
        max_norm: the largest norm.
        total_norm: the norm that they have.
        foreach: accepted, and changes nothing.
    """
    factor = min(float(max_norm) / (total_norm.item() + 1e-6), 1.0)
    if factor != 1.0:
        for gradient in _gradients(parameters):
            gradient.mul_(factor)


@no_grad()
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Make the gradients of parameters smaller together, if their norm is larger than max_norm.

    Args:
        parameters: those with the gradients; some may have none.
        max_norm: the largest norm.
        norm_type: which norm; inf for the largest element.
        error_if_nonfinite: refuse a norm that is infinite or NaN.
        foreach: accepted, and changes nothing.

    Returns:
        The norm that they had.

    Raises:
        RuntimeError: the norm is not finite, and that is refused.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.zeros(2, requires_grad=True)
        >>> x.grad = ag.tensor([3.0, 4.0])
        >>> ag.nn.utils.clip_grad_norm_([x], 1.0), x.grad
        (tensor(5.), tensor([0.6000, 0.8000]))
    """
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = get_total_norm(_gradients(listed), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(listed, max_norm, total)
    return total


@no_grad()
def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Bring each element of the gradients between -clip_value and clip_value.

    Args:
        parameters: those with the gradients; some may have none.
        clip_value: the largest value.
        foreach: accepted, and changes nothing.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.zeros(2, requires_grad=True)
        >>> x.grad = ag.tensor([3.0, -0.5])
        >>> ag.nn.utils.clip_grad_value_(x, 1.0)
        >>> x.grad
        tensor([ 1.0000, -0.5000])
    """
    bound = float(clip_value)
    for gradient in _gradients(parameters):
        gradient.clamp_(-bound, bound)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements of the parameters as one vector, with a history.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.utils.parameters_to_vector([ag.ones(2, 1), ag.zeros(1)])
        tensor([1., 1., 0.])
    """
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give the parameters the elements of a vector, with which they then share memory.

    Raises:
        TypeError: the first argument is no tensor.
        RuntimeError: the vector is too short.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.zeros(2, requires_grad=True)
        >>> ag.nn.utils.vector_to_parameters(ag.tensor([1.0, 2.0]), [x])
        >>> x
        tensor([1., 2.], requires_grad=True)
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected Tensor, but got: {type(vec).__name__}")
    at = 0
    for p in parameters:
        p.data = vec[at : at + p.numel()].view_as(p).data
        at += p.numel()


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
