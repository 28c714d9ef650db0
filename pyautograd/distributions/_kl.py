# SPDX-License-Identifier: MIT
"""How far one distribution is from another: the divergence of Kullback and Leibler.

Each formula is the entropy of q at p, what -q.log_prob is on average where p draws, less the
entropy of p; so its parts are those of the densities (see _continuous.py and _discrete.py). Of two
of one kind what cancels is left out.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from .. import linalg, special
from .._core import Tensor, digamma, full, lgamma, log, square, where, xlogy
from .._shapes import broadcast_shapes
from ._continuous import Beta, Exponential, Gamma, LogNormal, Normal, Uniform
from ._discrete import Bernoulli, Binomial, Categorical, Poisson
from ._distribution import INF, Distribution
from ._independent import Independent, sum_rightmost
from ._multivariate import Dirichlet, MultivariateNormal

__all__ = ["kl_divergence", "register_kl"]

Formula = Callable[[Any, Any], Tensor]
F = TypeVar("F", bound=Formula)
Pair = tuple[type[Distribution], type[Distribution]]

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_EULER = 0.57721566490153286
_formulas: dict[Pair, Formula] = {}


def _check_type(name: str, kind: object) -> None:
    if not (isinstance(kind, type) and issubclass(kind, Distribution)):
        raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")


def register_kl(type_p: type[Distribution], type_q: type[Distribution]) -> Callable[[F], F]:
    """A decorator: the function is what `kl_divergence` of distributions of these types calls.

    It is called for their subclasses, too, where there is nothing nearer to them.

    Args:
        type_p: the type of the first distribution.
        type_q: that of the second one.

    Raises:
        TypeError: a type is no Distribution.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.distributions import Normal
        >>> class Steady(Normal):
        ...     "Of which all have the scale 1."
        >>> @ag.distributions.register_kl(Steady, Steady)
        ... def divergence(p, q):
        ...     return (p.loc - q.loc) ** 2 / 2
        >>> ag.distributions.kl_divergence(Steady(0.0, 1.0), Steady(3.0, 1.0))
        tensor(4.5000)
    """
    _check_type("type_p", type_p)
    _check_type("type_q", type_q)

    def keep(function: F) -> F:
        _formulas[type_p, type_q] = function
        return function

    return keep


def _nearest(p: type, q: type) -> Formula | None:
    """The formula of the nearest types that these are or inherit from, those of p first."""
    found = [pair for pair in _formulas if issubclass(p, pair[0]) and issubclass(q, pair[1])]
    if not found:
        return None
    steps = {pair: (p.mro().index(pair[0]), q.mro().index(pair[1])) for pair in found}
    left = min(found, key=lambda pair: steps[pair])
    right = min(found, key=lambda pair: steps[pair][::-1])
    if _formulas[left] is not _formulas[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({p.__name__}, {q.__name__}). Please register_kl("
            f"{left[0].__name__}, {right[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _formulas[left]


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """How far q is from p: the average of p.log_prob(x) - q.log_prob(x) over what p draws.

    It has the shape to which the batch shapes broadcast. It is 0 where both are the same, else
    above 0, and inf where p draws what q cannot. It has gradients in all parameters.

    Args:
        p: what draws.
        q: what is compared with it.

    There is a formula for two of one kind, but for StudentT; for each of Beta, Exponential, Gamma,
    Normal and Uniform with each other one; for Bernoulli and Poisson; and what `register_kl` adds.

    Raises:
        NotImplementedError: there is no formula for the types of p and q.
        ValueError: events have different sizes.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.distributions import Normal, Uniform, kl_divergence
        >>> p, q = Normal(0.0, 1.0), Uniform(0.0, 1.0)
        >>> kl_divergence(p, Normal(ag.tensor([0.0, 2.0]), 1.0))
        tensor([0., 2.])
        >>> kl_divergence(q, p), kl_divergence(p, q)
        (tensor(1.0856), tensor(inf))
    """
    formula = _nearest(type(p), type(q))
    if formula is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type "
            f"{type(q).__name__}"
        )
    return formula(p, q)


# ---- of one kind ---------------------------------------------------------------------------------


def _trials(p: Bernoulli | Binomial, q: Bernoulli | Binomial) -> Tensor:
    """Of one trial."""
    success, failure = p.probs, p._failure()
    return p._log_chance(success, failure) - q._log_chance(success, failure)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    return _trials(p, q)


@register_kl(Binomial, Binomial)
def _binomial(p: Binomial, q: Binomial) -> Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    return where(p.total_count > q.total_count, INF, p.total_count * _trials(p, q))


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    each = p.probs * (p.logits - q.logits)
    return where(p.probs == 0, 0.0, where(q.probs == 0, INF, each)).sum(-1)


@register_kl(Poisson, Poisson)
def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return xlogy(p.rate, p.rate) - xlogy(p.rate, q.rate) - (p.rate - q.rate)


@register_kl(Normal, Normal)
@register_kl(LogNormal, LogNormal)
def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = square(p.scale / q.scale)
    return 0.5 * (ratio - 1 - log(ratio) + square((p.loc - q.loc) / q.scale))


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - 1 - log(ratio)


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b, ratio = p.concentration, q.concentration, q.rate / p.rate
    slopes = (a - b) * digamma(a)
    return lgamma(b) - lgamma(a) + slopes - b * log(ratio) + a * (ratio - 1)


def _dirichlet_of(a: Tensor, b: Tensor) -> Tensor:
    total = a.sum(-1)
    logs = lgamma(b).sum(-1) - lgamma(a).sum(-1) + lgamma(total) - lgamma(b.sum(-1))
    return logs + ((a - b) * (digamma(a) - digamma(total).unsqueeze(-1))).sum(-1)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Dirichlets with different event shapes cannot be computed: "
            f"{tuple(p.event_shape)} and {tuple(q.event_shape)}"
        )
    return _dirichlet_of(p.concentration, q.concentration)


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Tensor:
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    slopes = (a - c) * digamma(a) + (b - d) * digamma(b) + (c - a + d - b) * digamma(a + b)
    return special.betaln(c, d) - special.betaln(a, b) + slopes


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    outside = (q.low > p.low) | (q.high < p.high)
    return where(outside, INF, log((q.high - q.low) / (p.high - p.low)))


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be "
            f"computed: {tuple(p.event_shape)} and {tuple(q.event_shape)}"
        )
    apart = (p.loc - q.loc).unsqueeze(-1)
    between = square(linalg.solve_triangular(q._tril, p._tril, upper=False)).sum((-2, -1))
    length = square(linalg.solve_triangular(q._tril, apart, upper=False)).sum((-2, -1))
    logs = q._half_log_det() - p._half_log_det()
    return logs + 0.5 * (between + length - p.event_shape[0])


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    n = p.reinterpreted_batch_ndims
    if n != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "KL between Independents with different reinterpreted_batch_ndims is not implemented: "
            f"{n} and {q.reinterpreted_batch_ndims}"
        )
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), n)


# ---- of two kinds --------------------------------------------------------------------------------


@register_kl(Exponential, Beta)
@register_kl(Exponential, Uniform)
@register_kl(Gamma, Beta)
@register_kl(Gamma, Uniform)
@register_kl(Normal, Beta)
@register_kl(Normal, Exponential)
@register_kl(Normal, Gamma)
@register_kl(Normal, Uniform)
@register_kl(Poisson, Bernoulli)
@register_kl(Poisson, Binomial)
def _infinite(p: Distribution, q: Distribution) -> Tensor:
    """p draws what q cannot."""
    return full(broadcast_shapes(p.batch_shape, q.batch_shape), INF)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Bernoulli, q: Poisson) -> Tensor:
    return q.rate - xlogy(p.probs, q.rate) - p.entropy()


def _mean_of_log(low: Tensor, high: Tensor) -> Tensor:
    """What the logarithm is on average between two numbers."""
    return (xlogy(high, high) - xlogy(low, low)) / (high - low) - 1


def _log_mean(p: Distribution) -> Tensor:
    """What the logarithm is on average where p draws."""
    if isinstance(p, Beta):
        return digamma(p.concentration1) - digamma(p.concentration1 + p.concentration0)
    if isinstance(p, Exponential):
        return -_EULER - log(p.rate)
    assert isinstance(p, Uniform)
    return _mean_of_log(p.low, p.high)


def _where_positive(p: Distribution, found: Tensor) -> Tensor:
    return where(p.low < 0, INF, found) if isinstance(p, Uniform) else found


@register_kl(Beta, Normal)
@register_kl(Exponential, Normal)
@register_kl(Gamma, Normal)
@register_kl(Uniform, Normal)
def _to_normal(p: Distribution, q: Normal) -> Tensor:
    squares = (p.variance + square(p.mean - q.loc)) / square(q.scale)
    return 0.5 * squares + log(q.scale) + _HALF_LOG_2PI - p.entropy()


@register_kl(Beta, Exponential)
@register_kl(Gamma, Exponential)
@register_kl(Uniform, Exponential)
def _to_exponential(p: Distribution, q: Exponential) -> Tensor:
    return _where_positive(p, q.rate * p.mean - log(q.rate) - p.entropy())


@register_kl(Beta, Gamma)
@register_kl(Exponential, Gamma)
@register_kl(Uniform, Gamma)
def _to_gamma(p: Distribution, q: Gamma) -> Tensor:
    c = q.concentration
    logs = lgamma(c) - c * log(q.rate) - (c - 1) * _log_mean(p)
    return _where_positive(p, logs + q.rate * p.mean - p.entropy())


@register_kl(Beta, Uniform)
def _beta_uniform(p: Beta, q: Uniform) -> Tensor:
    outside = (q.low > 0) | (q.high < 1)
    return where(outside, INF, log(q.high - q.low) - p.entropy())


@register_kl(Uniform, Beta)
def _uniform_beta(p: Uniform, q: Beta) -> Tensor:
    a, b = q.concentration1, q.concentration0
    of_rest = (b - 1) * _mean_of_log(1 - p.high, 1 - p.low)
    found = special.betaln(a, b) - (a - 1) * _log_mean(p) - of_rest - p.entropy()
    return where((p.low < 0) | (p.high > 1), INF, found)
