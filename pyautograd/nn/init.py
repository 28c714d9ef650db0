# SPDX-License-Identifier: MIT
"""First values of parameters, as `torch.nn.init` has them. All write the tensor in place, without
recording, and return it.

Example:
    >>> import pyautograd as ag
    >>> weight = ag.empty(3, 5, requires_grad=True)
    >>> ag.nn.init.xavier_uniform_(weight) is weight
    True
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from .._core import Generator, Tensor, empty_like, no_grad, randn, randperm, where

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_LINEAR = frozenset(
    """linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
    sigmoid""".split()
)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much weights are larger for a nonlinearity behind them.

    Args:
        nonlinearity: "linear", "sigmoid", "tanh", "relu", "leaky_relu" or "selu".
        param: the negative slope of "leaky_relu".

    Raises:
        ValueError: there is no such nonlinearity, or the slope is no number.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.init.calculate_gain("leaky_relu", 1.0)
        1.0
    """
    if nonlinearity in _LINEAR:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


@no_grad()
def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Numbers spread evenly between a and b.

    Raises:
        RuntimeError: a is above b.
    """
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Normal numbers.

    Raises:
        RuntimeError: the standard deviation is negative.
    """
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers of which those outside of a and b are left out.

    Raises:
        ValueError: a is not below b.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.nn.init.trunc_normal_(ag.empty(1000), a=2.0, b=3.0)
        >>> bool((x >= 2).all() & (x <= 3).all())
        True
    """
    if not a < b:
        raise ValueError(f"expected a below b, got {a} and {b}")
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of "
            "values may be incorrect.",
            stacklevel=2,
        )
    # Even numbers of which each is kept as often as the density there is a part of its largest.
    peak = (max(a, min(mean, b)) - mean) / std
    tensor.uniform_(a, b, generator=generator)
    wide = math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))
    if wide > 0.6:
        tensor.normal_(mean, std, generator=generator)
        left = (tensor < a) | (tensor > b)
        while bool(left.any()):
            fresh = empty_like(tensor).normal_(mean, std, generator=generator)
            tensor.copy_(where(left, fresh, tensor))
            left = (tensor < a) | (tensor > b)
        return tensor
    left = _is_left_out(tensor, mean, std, peak, generator)
    while bool(left.any()):
        fresh = empty_like(tensor).uniform_(a, b, generator=generator)
        tensor.copy_(where(left, fresh, tensor))
        left = left & _is_left_out(tensor, mean, std, peak, generator)
    return tensor


def _is_left_out(
    x: Tensor, mean: float, std: float, peak: float, generator: Generator | None
) -> Tensor:
    kept = ((((x - mean) / std) ** 2 - peak**2) * -0.5).exp()
    return empty_like(x).uniform_(generator=generator) > kept


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """The same number everywhere."""
    return tensor.fill_(val)


@no_grad()
def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return tensor.fill_(1.0)


@no_grad()
def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return tensor.zero_()


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """Ones on the diagonal of a matrix, and zeros.

    Raises:
        ValueError: the tensor is no matrix.
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    tensor.zero_()
    tensor.diagonal().fill_(1.0)
    return tensor


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Weights of a convolution that leaves its input as it is, as far as there are channels.

    Raises:
        ValueError: the tensor has not 3, 4 or 5 dimensions, or its first one is no multiple of
            the groups.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    channels = tensor.shape[0] // groups
    middle = tuple(size // 2 for size in tensor.shape[2:])
    tensor.zero_()
    for group in range(groups):
        for d in range(min(channels, tensor.shape[1])):
            place = (group * channels + d, d, *middle)
            tensor[place] = 1
    return tensor


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many numbers go into, and come out of, what these weights belong to."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _xavier_std(tensor: Tensor, gain: float) -> float:
    fan_in, fan_out = _fans(tensor)
    return gain * math.sqrt(2.0 / float(fan_in + fan_out))


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Even numbers of a size that keeps that of values and gradients through a layer.

    Raises:
        ValueError: the tensor has fewer than two dimensions.
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Normal numbers of a size that keeps that of values and gradients through a layer.

    Raises:
        ValueError: the tensor has fewer than two dimensions.
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(
            f"Mode {mode.lower()} not supported, please use one of ['fan_in', 'fan_out']"
        )
    fan = _fans(tensor)[mode.lower() == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Even numbers of a size that keeps that of values through a layer and relu.

    Args:
        tensor: the weights.
        a: the negative slope of "leaky_relu".
        mode: "fan_in", or "fan_out", which keeps the size of gradients.
        nonlinearity: what stands behind the layer: see `calculate_gain`.
        generator: of the random numbers.

    Raises:
        ValueError: there is no such mode or nonlinearity, or fewer than two dimensions.
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    return uniform_(tensor, -math.sqrt(3.0) * std, math.sqrt(3.0) * std, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers of a size that keeps that of values through a layer and relu.

    Args:
        tensor: the weights.
        a: the negative slope of "leaky_relu".
        mode: "fan_in", or "fan_out", which keeps the size of gradients.
        nonlinearity: what stands behind the layer: see `calculate_gain`.
        generator: of the random numbers.

    Raises:
        ValueError: there is no such mode or nonlinearity, or fewer than two dimensions.
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0.0, std, generator)


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Rows, or columns where these are fewer, that are orthogonal to each other and of length
    `gain`; dimensions behind the first one count as columns.

    Raises:
        ValueError: the tensor has fewer than two dimensions.
    """
    from .. import linalg

    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    cols = tensor.numel() // rows
    parts: Any = linalg
    q, r = parts.qr(randn(max(rows, cols), min(rows, cols), generator=generator))
    q = q * r.diagonal().sign() * gain
    tensor.copy_((q.t() if rows < cols else q).reshape(tensor.shape))
    return tensor


@no_grad()
def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Tensor:
    """Normal numbers, of which in each column a share of zeros takes the place.

    Raises:
        ValueError: the tensor is no matrix.
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, cols = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for col in range(cols):
        tensor[randperm(rows, generator=generator)[:zeros], col] = 0
    return tensor


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
