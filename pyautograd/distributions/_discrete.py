# SPDX-License-Identifier: MIT
"""Distributions of whole numbers.

Formulas are those of N. L. Johnson, A. W. Kemp, S. Kotz, "Univariate Discrete Distributions".
Probabilities of 0 and 1 are what they are: no number is moved away from them. Where values are not
checked, those between whole numbers have what the formula of `log_prob` gives for them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from .. import special
from .._core import (
    Tensor,
    arange,
    bernoulli,
    binomial,
    broadcast_tensors,
    exp,
    floor,
    full,
    int64,
    lgamma,
    log,
    log1p,
    log_softmax,
    logaddexp,
    multinomial,
    no_grad,
    poisson,
    sigmoid,
    softmax,
    where,
    xlogy,
)
from . import _constraints as is_
from ._constraints import Constraint
from ._distribution import (
    INF,
    NAN,
    Constraints,
    Derived,
    Distribution,
    Parameter,
    or_nan,
    tensor_of,
    together,
)

__all__ = ["Bernoulli", "Binomial", "Categorical", "Poisson"]


def _one_of(probs: Parameter | None, logits: Parameter | None) -> tuple[str, Parameter]:
    if probs is not None and logits is None:
        return "probs", probs
    if logits is not None and probs is None:
        return "logits", logits
    raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class _OfTrials(Distribution):
    """What has a probability of success, given as it is or by its logit log(p / (1 - p))."""

    @Derived
    def probs(self) -> Tensor:
        """The probability of success."""
        return sigmoid(self.logits)

    @Derived
    def logits(self) -> Tensor:
        """The logarithm of the odds of success."""
        return log(self.probs) - log1p(-self.probs)

    def _failure(self) -> Tensor:
        """The probability of failure."""
        if "probs" in self.__dict__:
            return 1 - self.probs
        return sigmoid(-self.logits)

    def _log_chance(self, successes: Tensor, failures: Tensor) -> Tensor:
        """The logarithm of the probability of one sequence of so many successes and failures."""
        if "probs" in self.__dict__:
            return xlogy(successes, self.probs) + special.xlog1py(failures, -self.probs)
        logits = self.logits
        return -successes * logaddexp(-logits, 0.0) - failures * logaddexp(logits, 0.0)


class Bernoulli(_OfTrials):
    """1 with a probability, else 0.

    Args:
        probs: the probability of 1, from 0 to 1.
        logits: in its place, log(p / (1 - p)).
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: the parameter is no such number, or both or none of them are given.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.Bernoulli(0.25)
        >>> d.log_prob(1).exp(), d.cdf(0), d.entropy()
        (tensor(0.2500), tensor(0.7500), tensor(0.5623))
    """

    arg_constraints: ClassVar[Constraints] = {"probs": is_.unit_interval, "logits": is_.real}
    support = is_.boolean
    has_enumerate_support = True

    def __init__(
        self,
        probs: Parameter | None = None,
        logits: Parameter | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name, given = _one_of(probs, logits)
        self.__dict__[name] = tensor_of(name, given)
        super().__init__(self.__dict__[name].shape, validate_args=validate_args)

    def log_prob(self, value: Parameter) -> Tensor:
        value = self._value(value)
        return where((value < 0) | (value > 1), -INF, self._log_chance(value, 1 - value))

    def cdf(self, value: Parameter) -> Tensor:
        value = self._value(value)
        return or_nan(value, where(value < 0, 0.0, where(value < 1, self._failure(), 1.0)))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw, from the random numbers of the process, constants."""
        with no_grad():
            return bernoulli(self.probs.expand(self._shape(sample_shape)))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._listed(arange(2.0), expand)

    def entropy(self) -> Tensor:
        p, q = self.probs, self._failure()
        return 0.0 - self._log_chance(p, q)  # 0 of what is certain, not -0

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        p = self.probs
        return where(p == 0.5, NAN, (p > 0.5).to(p.dtype))

    @property
    def variance(self) -> Tensor:
        return self.probs * self._failure()


class Binomial(_OfTrials):
    """How many of several trials succeed.

    Args:
        total_count: how many trials there are.
        probs: the probability of success, from 0 to 1.
        logits: in its place, log(p / (1 - p)).
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: a parameter is no such number, or both or none of the last two are given.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.Binomial(4, 0.5)
        >>> d.log_prob(2).exp(), d.cdf(1), d.mean
        (tensor(0.3750), tensor(0.3125), tensor(2.))
    """

    arg_constraints: ClassVar[Constraints] = {
        "total_count": is_.nonnegative_integer,
        "probs": is_.unit_interval,
        "logits": is_.real,
    }
    total_count: Tensor
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Parameter = 1,
        probs: Parameter | None = None,
        logits: Parameter | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name, given = _one_of(probs, logits)
        self.total_count, self.__dict__[name] = together(total_count=total_count, **{name: given})
        super().__init__(self.total_count.shape, validate_args=validate_args)

    @property
    def support(self) -> Constraint:  # type: ignore[override]
        """The whole numbers from 0 to the count of trials."""
        return is_.IntegerInterval(0, self.total_count)

    def log_prob(self, value: Parameter) -> Tensor:
        return self._log_prob_of(self._value(value))

    def _log_prob_of(self, k: Tensor) -> Tensor:
        n = self.total_count
        # Of large counts betaln keeps the digits that a difference of lgamma loses.
        log_ways = -log1p(n) - special.betaln(k + 1, n - k + 1)
        return where((k < 0) | (k > n), -INF, log_ways + self._log_chance(k, n - k))

    def cdf(self, value: Parameter) -> Tensor:
        k, n = floor(self._value(value)), self.total_count
        below = special.betainc(n - k, k + 1, self._failure())  # DLMF 8.17.5
        return where(k < 0, 0.0, where(k >= n, 1.0, below))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw, from the random numbers of the process, constants."""
        shape = self._shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0, 1, ... up to the count of trials, along a new first dimension.

        Raises:
            NotImplementedError: the counts of the batch differ.
        """
        counts = self.total_count
        if counts.numel() == 0 or (counts != counts.max()).any():
            raise NotImplementedError(
                "Inhomogeneous total count not supported by `enumerate_support`."
            )
        return self._listed(arange(counts.max().item() + 1.0), expand)

    def entropy(self) -> Tensor:
        """What -log_prob is on average: a sum over all numbers of successes."""
        most = int(self.total_count.max().item()) if self.total_count.numel() else 0
        k = arange(most + 1.0).reshape(-1, *[1] * len(self._batch_shape))
        log_prob = self._log_prob_of(k)
        return where(log_prob == -INF, 0.0, -exp(log_prob) * log_prob).sum(0)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * self._failure()


class Poisson(Distribution):
    """The Poisson distribution: rate ** k * exp(-rate) / k!.

    Args:
        rate: the mean, not below 0.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: the rate is no such number.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.Poisson(2.0)
        >>> d.log_prob(ag.tensor([0, 2])), d.cdf(2)
        (tensor([-2.0000, -1.3069]), tensor(0.6767))
    """

    arg_constraints: ClassVar[Constraints] = {"rate": is_.nonnegative}
    support = is_.nonnegative_integer
    rate: Tensor

    def __init__(self, rate: Parameter, validate_args: bool | None = None) -> None:
        (self.rate,) = together(rate=rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    def log_prob(self, value: Parameter) -> Tensor:
        k = self._value(value)
        return where(k < 0, -INF, xlogy(k, self.rate) - self.rate - lgamma(k + 1))

    def cdf(self, value: Parameter) -> Tensor:
        k = floor(self._value(value))
        return where(k < 0, 0.0, special.gammaincc(k + 1, self.rate))  # DLMF 8.4.10

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw, from the random numbers of the process, constants."""
        with no_grad():
            return poisson(self.rate.expand(self._shape(sample_shape)))

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def mode(self) -> Tensor:
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        return self.rate


class Categorical(Distribution):
    """One of several categories, 0, 1, ..., each with a probability of its own.

    What is given for them need not add up to 1: `probs` are divided by their sum, from `logits` the
    logarithm of theirs is subtracted.

    Args:
        probs: the probabilities along the last dimension, not below 0.
        logits: in their place, their logarithms.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: the parameter is no such tensor, or both or none of them are given.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.Categorical(ag.tensor([1.0, 0.0, 3.0]))
        >>> d.log_prob(ag.tensor([0, 1])), d.cdf(1), d.mode
        (tensor([-1.3863,    -inf]), tensor(0.2500), tensor(2))
    """

    arg_constraints: ClassVar[Constraints] = {"probs": is_.simplex, "logits": is_.real_vector}
    has_enumerate_support = True

    def __init__(
        self,
        probs: Parameter | None = None,
        logits: Parameter | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name, given = _one_of(probs, logits)
        numbers = tensor_of(name, given)
        if numbers.ndim < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if name == "probs":
            self.__dict__[name] = numbers / numbers.sum(-1, keepdim=True)
        else:
            self.__dict__[name] = log_softmax(numbers, -1)
        self._count = numbers.shape[-1]
        super().__init__(numbers.shape[:-1], validate_args=validate_args)

    @Derived
    def probs(self) -> Tensor:
        """The probabilities of the categories."""
        return softmax(self.logits, -1)

    @Derived
    def logits(self) -> Tensor:
        """The logarithms of the probabilities of the categories."""
        return log(self.probs)

    @property
    def support(self) -> Constraint:  # type: ignore[override]
        """The numbers of the categories."""
        return is_.IntegerInterval(0, self._count - 1)

    def log_prob(self, value: Parameter) -> Tensor:
        at, logs = broadcast_tensors(self._value(value).to(int64).unsqueeze(-1), self.logits)
        return logs.gather(-1, at[..., :1]).squeeze(-1)

    def cdf(self, value: Parameter) -> Tensor:
        value = self._value(value)
        counted = arange(self._count) <= value.unsqueeze(-1)
        return or_nan(value, where(counted, self.probs, 0.0).sum(-1))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw, from the random numbers of the process, int64 constants."""
        shape = self._shape(sample_shape)
        count = math.prod(sample_shape)
        with no_grad():
            rows = self.probs.reshape(-1, self._count)
            drawn = multinomial(rows, max(count, 1), True)
            return drawn[:, :count].t().reshape(shape)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._listed(arange(self._count), expand)

    def entropy(self) -> Tensor:
        probs, logits = self.probs, self.logits
        return where(logits == -INF, 0.0, -probs * logits).sum(-1)

    @property
    def mean(self) -> Tensor:
        return full(self._batch_shape, NAN)

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        return full(self._batch_shape, NAN)
