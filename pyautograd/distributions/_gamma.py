# SPDX-License-Identifier: MIT
"""Random numbers of the gamma distribution, of which several others are made."""

from __future__ import annotations

from collections.abc import Sequence

from .._core import (
    Tensor,
    empty,
    exp,
    igamma,
    is_grad_enabled,
    lgamma,
    log,
    no_grad,
    rand,
    randn,
    sqrt,
    square,
    where,
)
from ._distribution import INF, NAN

_TINY = -40.0  # a logarithm below which one term of the series has all digits


def log_of_gamma(concentration: Tensor, shape: Sequence[int]) -> Tensor:
    """Logarithms of draws from the gamma distribution of rate 1, as a function of its parameter.

    Of a small parameter the draws are often too small to be numbers, not so their logarithms.
    """
    concentration = concentration.expand(shape)
    with no_grad():
        drawn = _drawn(concentration.reshape(-1)).reshape(shape)
    if concentration.requires_grad and is_grad_enabled():
        return _followed(drawn, concentration)
    return drawn


def _drawn(concentration: Tensor) -> Tensor:
    """The draws, of a vector of parameters: G. Marsaglia and W. W. Tsang, "A Simple Method for
    Generating Gamma Variables", 2000. What is refused is drawn anew, one in twenty at most.
    """
    small = concentration < 1
    d = where(small, concentration + 1, concentration) - 1 / 3
    c = 1 / sqrt(9 * d)
    # What cannot be drawn is the parameter itself, or NaN.
    cannot = ~((concentration > 0) & (concentration < INF))
    logs = where(concentration > 0, concentration, NAN)
    left = (~cannot).nonzero()[:, 0]
    while left.numel() > 0:
        x, d_left = randn(left.numel()), d[left]
        root = 1 + c[left] * x
        volume = 3 * log(root)
        bound = 0.5 * square(x) + d_left * (1 - root**3 + volume)
        good = (root > 0) & (log(rand(left.numel())) < bound)
        logs[left[good]] = (log(d_left) + volume)[good]
        left = left[~good]
    # One more in the parameter is one factor more: the root of a uniform number.
    factor = empty(concentration.shape).exponential_() / concentration
    return where(small & ~cannot, logs - factor, logs)


def _followed(drawn: Tensor, concentration: Tensor) -> Tensor:
    """The draws as the function of the parameter under which their distribution function stays.

    It is the series of that function in `off`, by how much the distribution function at the draws
    that there are is another one under another parameter: 0 as a value, not in its derivatives.
    Lagrange's inversion gives its first terms, which make as many derivatives right. The slope of
    the logarithm of the density is `bend`, and -x that of `bend`.
    """
    x = exp(drawn)
    at = _below(drawn, concentration)
    off = (at - at.detach()) / exp(concentration * drawn - x - lgamma(concentration))
    bend = concentration - x
    third = (2 * square(bend) + x) / 6
    return drawn - off * (1 + off * (bend / 2 + off * third))


def _below(logs: Tensor, concentration: Tensor) -> Tensor:
    """The distribution function at exp(logs), also where that is too small to be a number."""
    first_term = exp(concentration * logs - lgamma(concentration + 1))
    return where(logs < _TINY, first_term, igamma(concentration, exp(logs)))
