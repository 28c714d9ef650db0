# SPDX-License-Identifier: MIT
"""Distributions of one number on a line, or a part of it.

Formulas are those of N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous Univariate
Distributions", written with functions that keep their digits in the tails. Values at the end of a
support have the density that there is there: 0 * log(0) is 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from .. import special
from .._core import (
    Tensor,
    digamma,
    empty,
    exp,
    expm1,
    full_like,
    hypot,
    lgamma,
    log,
    log1p,
    rand,
    randn,
    sigmoid,
    sqrt,
    square,
    tensor,
    where,
    xlogy,
    zeros_like,
)
from . import _constraints as is_
from ._constraints import Constraint
from ._distribution import INF, NAN, Constraints, Distribution, Parameter, or_nan, together
from ._gamma import log_of_gamma

__all__ = ["Beta", "Exponential", "Gamma", "LogNormal", "Normal", "StudentT", "Uniform"]

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class _OfNormal(Distribution):
    """What is made of a normal distribution with these parameters."""

    arg_constraints: ClassVar[Constraints] = {"loc": is_.real, "scale": is_.positive}
    has_rsample = True
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Parameter, scale: Parameter, validate_args: bool | None = None) -> None:
        self.loc, self.scale = together(loc=loc, scale=scale)
        super().__init__(self.loc.shape, validate_args=validate_args)


class Normal(_OfNormal):
    """The normal distribution: exp(-z ** 2 / 2) / (scale * sqrt(2 * pi)), z = (x - loc) / scale.

    Args:
        loc: the mean.
        scale: the standard deviation, above 0.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: a parameter is no such number.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([0.0, 1.0, -40.0])
        >>> d = ag.distributions.Normal(0.0, 1.0)
        >>> d.log_prob(x), d.cdf(x)
        (tensor([  -0.9189,   -1.4189, -800.9189]), tensor([0.5000, 0.8413, 0.0000]))
    """

    support = is_.real

    def _standard(self, value: Parameter) -> Tensor:
        return (self._value(value) - self.loc) / self.scale

    def log_prob(self, value: Parameter) -> Tensor:
        return -0.5 * square(self._standard(value)) - log(self.scale) - _HALF_LOG_2PI

    def cdf(self, value: Parameter) -> Tensor:
        return special.ndtr(self._standard(value))

    def icdf(self, value: Parameter) -> Tensor:
        (value,) = together(value=value)
        return self.loc + self.scale * special.ndtri(value)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.loc + self.scale * randn(self._shape(sample_shape))

    def entropy(self) -> Tensor:
        return log(self.scale) + (0.5 + _HALF_LOG_2PI)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return square(self.scale)

    @property
    def stddev(self) -> Tensor:
        return self.scale


class LogNormal(_OfNormal):
    """The distribution of numbers of which the logarithm has a normal one.

    Args:
        loc: the mean of the logarithm.
        scale: its standard deviation, above 0.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: a parameter is no such number.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.LogNormal(0.0, 0.5)
        >>> d.cdf(1.0), d.mean
        (tensor(0.5000), tensor(1.1331))
    """

    support = is_.positive

    def log_prob(self, value: Parameter) -> Tensor:
        value = self._value(value)
        logarithm = log(value)
        z = (logarithm - self.loc) / self.scale
        found = -0.5 * square(z) - logarithm - log(self.scale) - _HALF_LOG_2PI
        return where((value <= 0) | (value == INF), -INF, found)

    def cdf(self, value: Parameter) -> Tensor:
        value = self._value(value)
        return where(value <= 0, 0.0, special.ndtr((log(value) - self.loc) / self.scale))

    def icdf(self, value: Parameter) -> Tensor:
        (value,) = together(value=value)
        return exp(self.loc + self.scale * special.ndtri(value))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return exp(self.loc + self.scale * randn(self._shape(sample_shape)))

    def entropy(self) -> Tensor:
        return self.loc + log(self.scale) + (0.5 + _HALF_LOG_2PI)

    @property
    def mean(self) -> Tensor:
        return exp(self.loc + square(self.scale) / 2)

    @property
    def mode(self) -> Tensor:
        return exp(self.loc - square(self.scale))

    @property
    def variance(self) -> Tensor:
        squared = square(self.scale)
        return expm1(squared) * exp(2 * self.loc + squared)


class Gamma(Distribution):
    """The gamma distribution: rate ** c * x ** (c - 1) * exp(-rate * x) / gamma(c).

    `rsample` has the gradient of the value that keeps its `cdf` (M. Figurnov and others, "Implicit
    Reparameterization Gradients", 2018), and its derivatives up to the fourth.

    Args:
        concentration: the exponent c, above 0.
        rate: by what numbers are divided, above 0.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: a parameter is no such number.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.Gamma(1.0, 2.0)
        >>> d.log_prob(0.0), d.cdf(1.0), d.mean
        (tensor(0.6931), tensor(0.8647), tensor(0.5000))
    """

    arg_constraints: ClassVar[Constraints] = {"concentration": is_.positive, "rate": is_.positive}
    support = is_.nonnegative
    has_rsample = True
    concentration: Tensor
    rate: Tensor

    def __init__(
        self, concentration: Parameter, rate: Parameter, validate_args: bool | None = None
    ) -> None:
        self.concentration, self.rate = together(concentration=concentration, rate=rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    def log_prob(self, value: Parameter) -> Tensor:
        value, c = self._value(value), self.concentration
        found = xlogy(c, self.rate) + xlogy(c - 1, value) - self.rate * value - lgamma(c)
        return where((value < 0) | (value == INF), -INF, found)

    def cdf(self, value: Parameter) -> Tensor:
        value = self._value(value)
        below = special.gammainc(self.concentration, self.rate * value)
        return where(value < 0, 0.0, below)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return exp(log_of_gamma(self.concentration, self._shape(sample_shape))) / self.rate

    def entropy(self) -> Tensor:
        c = self.concentration
        return c - log(self.rate) + lgamma(c) + (1 - c) * digamma(c)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return (self.concentration - 1).clamp(min=0) / self.rate

    @property
    def variance(self) -> Tensor:
        return self.concentration / square(self.rate)


class Beta(Distribution):
    """The beta distribution: x ** (a - 1) * (1 - x) ** (b - 1) / B(a, b) for x from 0 to 1.

    `rsample` is made of two draws from gamma distributions; `Gamma` says of their gradients.

    Args:
        concentration1: the exponent a, above 0.
        concentration0: the exponent b, above 0.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: a parameter is no such number.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.Beta(2.0, 3.0)
        >>> d.log_prob(0.5), d.cdf(0.5), d.mean
        (tensor(0.4055), tensor(0.6875), tensor(0.4000))
    """

    arg_constraints: ClassVar[Constraints] = {
        "concentration1": is_.positive,
        "concentration0": is_.positive,
    }
    support = is_.unit_interval
    has_rsample = True
    concentration1: Tensor
    concentration0: Tensor

    def __init__(
        self,
        concentration1: Parameter,
        concentration0: Parameter,
        validate_args: bool | None = None,
    ) -> None:
        self.concentration1, self.concentration0 = together(
            concentration1=concentration1, concentration0=concentration0
        )
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    def log_prob(self, value: Parameter) -> Tensor:
        value, a, b = self._value(value), self.concentration1, self.concentration0
        found = xlogy(a - 1, value) + special.xlog1py(b - 1, -value) - special.betaln(a, b)
        return where((value < 0) | (value > 1), -INF, found)

    def cdf(self, value: Parameter) -> Tensor:
        value = self._value(value).clamp(0, 1)
        return special.betainc(self.concentration1, self.concentration0, value)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._shape(sample_shape)
        return sigmoid(
            log_of_gamma(self.concentration1, shape) - log_of_gamma(self.concentration0, shape)
        )

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        slopes = (a - 1) * digamma(a) + (b - 1) * digamma(b) - (a + b - 2) * digamma(a + b)
        return special.betaln(a, b) - slopes

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        a, b = (self.concentration1 - 1).clamp(min=0), (self.concentration0 - 1).clamp(min=0)
        least = (self.concentration1 < 1) & (self.concentration0 < 1)
        larger = (self.concentration1 >= self.concentration0).to(a.dtype)
        return where(least, larger, a / (a + b))

    @property
    def variance(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        return a * b / (square(a + b) * (a + b + 1))


_NORMAL_FROM = 1e6  # degrees of freedom of Student's distribution


class StudentT(Distribution):
    """Student's t distribution, of z = (x - loc) / scale, with tails like z ** -(df + 1).

    Its `cdf` is the incomplete beta function of equal parameters df / 2, of which the argument is
    1 / 2 in the middle: that has derivatives there, too (DLMF 8.17.6). `rsample` divides by a draw
    from a gamma distribution; `Gamma` says of its gradient.

    Args:
        df: the degrees of freedom, above 0.
        loc: the middle.
        scale: by what z is larger than 1, above 0.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: a parameter is no such number.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.StudentT(3.0)
        >>> d.log_prob(0.0), d.cdf(-2.0), d.variance
        (tensor(-1.0009), tensor(0.0697), tensor(3.))
    """

    arg_constraints: ClassVar[Constraints] = {
        "df": is_.positive,
        "loc": is_.real,
        "scale": is_.positive,
    }
    support = is_.real
    has_rsample = True
    df: Tensor
    loc: Tensor
    scale: Tensor

    def __init__(
        self,
        df: Parameter,
        loc: Parameter = 0.0,
        scale: Parameter = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        self.df, self.loc, self.scale = together(df=df, loc=loc, scale=scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    def _log_normalizer(self) -> Tensor:
        return special.betaln(self.df / 2, tensor(0.5)) + 0.5 * log(self.df)

    def log_prob(self, value: Parameter) -> Tensor:
        z = (self._value(value) - self.loc) / self.scale
        kernel = 0.5 * (self.df + 1) * log1p(square(z) / self.df)
        return -kernel - log(self.scale) - self._log_normalizer()

    def cdf(self, value: Parameter) -> Tensor:
        z = (self._value(value) - self.loc) / self.scale
        right = z > 0
        z = where(right, -z, z)
        tail = where(self.df > _NORMAL_FROM, self._tail_of_many(z), self._tail_of_few(z))
        return where(right, 1 - tail, tail)

    def _tail_of_few(self, z: Tensor) -> Tensor:
        """The cdf at z up to 0."""
        far = hypot(z, sqrt(self.df))
        # (1 + z / far) / 2, without the difference.
        at = (self.df / far) / (2 * (far - z))
        return special.betainc(self.df / 2, self.df / 2, at)

    def _tail_of_many(self, z: Tensor) -> Tensor:
        """The same of many degrees of freedom, where betainc loses digits: a normal number as far
        out (G. W. Hill, Algorithm 395, Communications of the ACM 13, 1970).
        """
        part = square(z) / self.df
        series = 1 - part * (1 / 2 - part * (1 / 3 - part * (1 / 4 - part / 5)))
        ratio = where(part < 1e-4, series, log1p(part) / part)
        less = self.df - 0.5
        w = z * sqrt(less / self.df * ratio)
        return special.ndtr(w + w * (square(w) + 3) / (48 * square(less)))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._shape(sample_shape)
        half = self.df / 2
        spread = exp(0.5 * (log(half) - log_of_gamma(half, shape)))
        return self.loc + self.scale * randn(shape) * spread

    def entropy(self) -> Tensor:
        half = self.df / 2
        # digamma(half + 1/2) - digamma(half), which cancels where df is large: a series is left.
        inverse = 1 / half
        series = inverse / 2 + square(inverse) / 8 - square(square(inverse)) / 64
        step = where(self.df > 2000, series, digamma(half + 0.5) - digamma(half))
        return 0.5 * (self.df + 1) * step + self._log_normalizer() + log(self.scale)

    @property
    def mean(self) -> Tensor:
        return where(self.df > 1, self.loc, NAN)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        finite = square(self.scale) * (self.df / (self.df - 2))
        return where(self.df > 2, finite, where(self.df > 1, INF, NAN))


class Exponential(Distribution):
    """The exponential distribution: rate * exp(-rate * x) for x from 0 on.

    Args:
        rate: one over the mean, above 0.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: the rate is no such number.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.Exponential(2.0)
        >>> d.log_prob(0.0), d.cdf(1.0), d.mean
        (tensor(0.6931), tensor(0.8647), tensor(0.5000))
    """

    arg_constraints: ClassVar[Constraints] = {"rate": is_.positive}
    support = is_.nonnegative
    has_rsample = True
    rate: Tensor

    def __init__(self, rate: Parameter, validate_args: bool | None = None) -> None:
        (self.rate,) = together(rate=rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    def log_prob(self, value: Parameter) -> Tensor:
        value = self._value(value)
        return where(value < 0, -INF, log(self.rate) - self.rate * value)

    def cdf(self, value: Parameter) -> Tensor:
        far = self.rate * self._value(value)
        # The slope of exp keeps its digits where expm1 is next to -1.
        return where(far < 0, 0.0, where(far < 1, -expm1(-far), 1 - exp(-far)))

    def icdf(self, value: Parameter) -> Tensor:
        (value,) = together(value=value)
        return where(value < 0, NAN, -log1p(-value) / self.rate)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return empty(self._shape(sample_shape)).exponential_() / self.rate

    def entropy(self) -> Tensor:
        return 1 - log(self.rate)

    @property
    def mean(self) -> Tensor:
        return 1 / self.rate

    @property
    def mode(self) -> Tensor:
        return zeros_like(self.rate)

    @property
    def variance(self) -> Tensor:
        return 1 / square(self.rate)

    @property
    def stddev(self) -> Tensor:
        return self.mean


class Uniform(Distribution):
    """The uniform distribution: 1 / (high - low) from low on and below high.

    Args:
        low: where it begins.
        high: where it ends, above low.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: high is not above low.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.Uniform(1.0, 3.0)
        >>> d.log_prob(ag.tensor([1.0, 3.0])), d.cdf(1.5)
        (tensor([-0.6931,    -inf]), tensor(0.2500))
    """

    has_rsample = True
    low: Tensor
    high: Tensor

    def __init__(self, low: Parameter, high: Parameter, validate_args: bool | None = None) -> None:
        self.low, self.high = together(low=low, high=high)
        super().__init__(self.low.shape, validate_args=validate_args)

    @property
    def arg_constraints(self) -> dict[str, Constraint]:  # type: ignore[override]
        """What the bounds must be: each is compared with the other."""
        return {"low": is_.LessThan(self.high), "high": is_.GreaterThan(self.low)}

    @property
    def support(self) -> Constraint:  # type: ignore[override]
        """From low to high."""
        return is_.Interval(self.low, self.high)

    def log_prob(self, value: Parameter) -> Tensor:
        value = self._value(value)
        outside = (value < self.low) | (value >= self.high)
        return or_nan(value, where(outside, -INF, -log(self.high - self.low)))

    def cdf(self, value: Parameter) -> Tensor:
        return ((self._value(value) - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value: Parameter) -> Tensor:
        (value,) = together(value=value)
        found = self.low + value * (self.high - self.low)
        return where((value < 0) | (value > 1), NAN, found)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.low + rand(self._shape(sample_shape)) * (self.high - self.low)

    def entropy(self) -> Tensor:
        return log(self.high - self.low)

    @property
    def mean(self) -> Tensor:
        return (self.low + self.high) / 2

    @property
    def mode(self) -> Tensor:
        return full_like(self.low, NAN)

    @property
    def variance(self) -> Tensor:
        return square(self.high - self.low) / 12

    @property
    def stddev(self) -> Tensor:
        return (self.high - self.low) / math.sqrt(12)
