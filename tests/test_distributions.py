# SPDX-License-Identifier: MIT
"""Distributions beside SciPy's and beside mathematics: densities whose integral is 1 and whose sum
is the distribution function, draws that are distributed so, ends of supports, what is refused."""

from __future__ import annotations

import copy
import doctest
import inspect
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd.distributions import (
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Dirichlet,
    Distribution,
    Exponential,
    Gamma,
    Independent,
    LogNormal,
    MultivariateNormal,
    Normal,
    Poisson,
    StudentT,
    Uniform,
)
from pyautograd.distributions._gamma import log_of_gamma
from pyautograd.testing import gradcheck, gradgradcheck
from support import values

INF = math.inf
PUBLIC = [getattr(ag.distributions, name) for name in ag.distributions.__all__]
CLASSES = [one for one in PUBLIC if isinstance(one, type)]

# A distribution, SciPy's name of it and its parameters there, numbers between which all but nothing
# lies.
LINE: list[tuple[Distribution, str, dict[str, float], float, float]] = [
    (Normal(0.5, 2.0), "norm", {"loc": 0.5, "scale": 2.0}, -25.0, 26.0),
    (LogNormal(0.2, 0.5), "lognorm", {"s": 0.5, "scale": math.exp(0.2)}, 1e-9, 90.0),
    (Gamma(0.7, 2.0), "gamma", {"a": 0.7, "scale": 0.5}, 0.0, 25.0),
    (Gamma(30.0, 2.0), "gamma", {"a": 30.0, "scale": 0.5}, 0.0, 60.0),
    (Beta(0.6, 2.5), "beta", {"a": 0.6, "b": 2.5}, 0.0, 1.0),
    (Beta(20.0, 3.0), "beta", {"a": 20.0, "b": 3.0}, 0.0, 1.0),
    (StudentT(1.5, 0.5, 2.0), "t", {"df": 1.5, "loc": 0.5, "scale": 2.0}, -INF, INF),
    (StudentT(7.0), "t", {"df": 7.0}, -INF, INF),
    (Exponential(3.0), "expon", {"scale": 1 / 3}, 0.0, 20.0),
    (Uniform(-1.0, 3.0), "uniform", {"loc": -1.0, "scale": 4.0}, -1.0, 3.0),
]
WHOLE: list[tuple[Distribution, str, dict[str, float], int]] = [
    (Bernoulli(0.3), "bernoulli", {"p": 0.3}, 1),
    (Bernoulli(logits=-1.0), "bernoulli", {"p": 1 / (1 + math.e)}, 1),
    (Binomial(12, 0.3), "binom", {"n": 12, "p": 0.3}, 12),
    (Binomial(12, logits=2.0), "binom", {"n": 12, "p": 1 / (1 + math.exp(-2))}, 12),
    (Poisson(4.5), "poisson", {"mu": 4.5}, 60),
]
WITH_CATEGORIES = [(d, n) for d, *_, n in WHOLE] + [(Categorical(ag.tensor([2.0, 0.0, 3.0])), 2)]


def by_repr(part: Any) -> str | None:
    return repr(part) if isinstance(part, Distribution) else None


def close(found: Any, expected: Any, tolerance: float = 1e-12) -> None:
    a, b = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    assert a.shape == b.shape
    assert np.allclose(a, b, tolerance, 1e-300, equal_nan=True), f"{a} and {b}"


def gradient(y: Any, x: Any) -> Any:
    """The gradient, which is 0 of what does not depend on x."""
    if not y.requires_grad:
        return ag.zeros_like(x)
    return ag.autograd.grad(y, x, retain_graph=True, allow_unused=True, materialize_grads=True)[0]


# ---- beside SciPy --------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "name", "parameters", "low", "high"), LINE, ids=by_repr)
def test_on_the_line_beside_scipy(
    d: Distribution, name: str, parameters: dict[str, float], low: float, high: float
) -> None:
    scipy = pytest.importorskip("scipy.stats")
    theirs = getattr(scipy, name)(**parameters)
    x = theirs.ppf([1e-12, 1e-5, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-5, 1 - 1e-12])
    close(values(d.log_prob(x)), theirs.logpdf(x), 1e-11)
    close(values(d.cdf(x)), theirs.cdf(x), 1e-11)
    close(values(d.mean), theirs.mean())
    close(values(d.variance), theirs.var())
    close(values(d.stddev), theirs.std())
    close(values(d.entropy()), theirs.entropy(), 1e-10)
    close(values(d.perplexity()), math.exp(theirs.entropy()), 1e-10)
    if type(d).icdf is not Distribution.icdf:
        p = np.array([0.0, 1e-300, 0.2, 0.9, 1.0, -0.1, 1.1, np.nan])
        close(values(d.icdf(p)), theirs.ppf(p))


@pytest.mark.parametrize(("d", "name", "parameters", "most"), WHOLE, ids=by_repr)
def test_of_whole_numbers_beside_scipy(
    d: Distribution, name: str, parameters: dict[str, float], most: int
) -> None:
    scipy = pytest.importorskip("scipy.stats")
    theirs = getattr(scipy, name)(**parameters)
    k = np.arange(most + 1.0)
    close(values(d.log_prob(k)), theirs.logpmf(k))
    close(values(d.cdf(k)), theirs.cdf(k))
    close(values(d.mean), theirs.mean())
    close(values(d.variance), theirs.var())
    if not isinstance(d, Poisson):
        close(values(d.entropy()), theirs.entropy())


def test_vectors_beside_scipy(rng: np.random.Generator) -> None:
    scipy = pytest.importorskip("scipy.stats")
    c = np.array([0.5, 2.0, 3.0])
    x = rng.dirichlet(c, 5)
    ours, theirs = Dirichlet(c), scipy.dirichlet(c)
    close(values(ours.log_prob(x)), [theirs.logpdf(row) for row in x])
    close(values(ours.mean), theirs.mean())
    close(values(ours.variance), theirs.var())
    close(values(ours.entropy()), theirs.entropy())
    root = np.tril(rng.standard_normal((3, 3)), -1) + 2 * np.eye(3)
    loc, x = rng.standard_normal(3), rng.standard_normal((4, 5, 3))
    normal, theirs = (
        MultivariateNormal(loc, root @ root.T),
        scipy.multivariate_normal(loc, root @ root.T),
    )
    close(values(normal.log_prob(x)), theirs.logpdf(x))
    close(values(normal.entropy()), theirs.entropy())
    close(values(normal.variance), np.diag(root @ root.T))


# ---- digits where formulas lose them -------------------------------------------------------------


@pytest.mark.parametrize("df", [0.1, 1.0, 2.5, 40.0, 1e4])
def test_student_t_in_the_tails(df: float) -> None:
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(40):
        for z in (-1e6, -30.0, -1.0, -1e-3, 0.0, 1e-9, 0.5, 3.0):
            x, v = mpmath.mpf(z), mpmath.mpf(df)
            tail = mpmath.betainc(v / 2, 0.5, 0, v / (v + x * x), regularized=True) / 2
            expected = float(tail if z <= 0 else 1 - tail)
            assert abs(StudentT(df).cdf(z).item() - expected) <= 1e-12 * expected + 1e-300


def test_large_counts_keep_their_digits() -> None:
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(60):
        n, k, p = mpmath.mpf(10) ** 9, mpmath.mpf(3) * 10**8, mpmath.mpf(0.3)
        ways = mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(n - k + 1)
        expected = float(ways + k * mpmath.log(p) + (n - k) * mpmath.log(1 - p))
        half = mpmath.mpf(10) ** 10 / 2
        ratio = mpmath.loggamma(half + 0.5) - mpmath.loggamma(half)
        student = float(ratio - mpmath.log(2 * half * mpmath.pi) / 2)
    # The parts of the first one are 6e8.
    assert abs(Binomial(1e9, 0.3).log_prob(3e8).item() - expected) < 1e-6
    assert abs(StudentT(1e10).log_prob(0.0).item() - student) < 1e-13


def test_entropy_of_student_t_goes_to_the_normal() -> None:
    normal = Normal(0.0, 1.0).entropy().item()
    for df in (1999.0, 2001.0, 1e6, 1e12):
        assert abs(StudentT(df).entropy().item() - normal - 1 / df) < 0.6 / df**2 + 2e-12


def test_small_probabilities() -> None:
    assert Normal(0.0, 1.0).cdf(-30.0).item() == pytest.approx(4.906713927148187e-198, rel=1e-13)
    assert Exponential(1.0).cdf(1e-30).item() == pytest.approx(1e-30, rel=1e-15)
    assert Exponential(2.0).icdf(1e-30).item() == pytest.approx(5e-31, rel=1e-15)
    assert Bernoulli(logits=-800.0).log_prob(1).item() == -800.0
    assert Bernoulli(logits=-50.0).log_prob(0).item() == pytest.approx(-math.exp(-50), rel=1e-14)
    assert Bernoulli(logits=40.0).cdf(0).item() == pytest.approx(math.exp(-40), rel=1e-14)
    assert Binomial(3, logits=40.0).variance.item() == pytest.approx(3 * math.exp(-40), rel=1e-14)
    assert Normal(0.0, 1e-200).log_prob(1e-200).item() == pytest.approx(
        200 * math.log(10) - 1.4189385332046727
    )


# ---- ends of supports, and beyond ----------------------------------------------------------------


def slope(make: Callable[[Any], Distribution], parameter: float, value: float) -> list[float]:
    """The value of log_prob and its slopes in the parameter and in the value."""
    p, x = (ag.tensor(v, requires_grad=True) for v in (parameter, value))
    result = make(p).log_prob(x)
    return [result.item(), *(g.item() for g in ag.autograd.grad(result, [p, x]))]


def test_ends_of_supports() -> None:
    euler = 0.5772156649015329
    # That of 0 * log(0) is 0 in both factors, as in PyTorch.
    close(slope(lambda c: Gamma(c, 2.0), 1.0, 0.0), [math.log(2), math.log(2) + euler, -2.0])
    close(slope(lambda rate: Gamma(1.0, rate), 2.0, 0.0), [math.log(2), 0.5, -2.0])
    close(slope(Exponential, 2.0, 0.0), [math.log(2), 0.5, -2.0])
    close(slope(lambda b: Beta(1.0, b), 3.0, 0.0), [math.log(3), 1 / 3, -2.0])
    close(slope(lambda a: Beta(a, 1.0), 3.0, 1.0), [math.log(3), 1 / 3, 2.0])
    close(slope(Poisson, 0.0, 0.0)[:2], [0.0, -1.0])
    close(slope(Poisson, 2.0, 0.0), [-2.0, -1.0, math.log(2) + euler])
    close(slope(lambda p: Binomial(3, p), 0.0, 0.0)[:2], [0.0, -3.0])
    close(slope(lambda p: Binomial(3, p), 1.0, 3.0)[:2], [0.0, 3.0])
    close(slope(Bernoulli, 0.0, 0.0)[:2], [0.0, -1.0])
    close(values(Gamma(ag.tensor([0.5, 2.0]), 1.0).log_prob(0.0)), [INF, -INF])
    close(values(Dirichlet(ag.tensor([1.0, 2.0])).log_prob(ag.tensor([0.0, 1.0]))), math.log(2))
    close(values(Poisson(0.0).log_prob(ag.tensor([0, 1]))), [0.0, -INF])
    close(values(Poisson(0.0).cdf(0)), 1.0)
    close(values(Binomial(0, 0.3).log_prob(0)), 0.0)
    close(values(Binomial(2, ag.tensor([0.0, 1.0])).cdf(1)), [1.0, 0.0])


def test_categories_without_a_chance() -> None:
    weights = ag.tensor([1.0, 0.0, 3.0], requires_grad=True)
    d = Categorical(weights)
    d.log_prob(ag.tensor([0, 2])).sum().backward()
    close(values(weights.grad), [1 - 0.5, -0.5, 1 / 3 - 0.5])
    assert d.log_prob(1).item() == -INF and d.log_prob(1).exp().item() == 0.0
    logits = ag.tensor([0.0, -INF, 1.0], requires_grad=True)
    d = Categorical(logits=logits)
    d.entropy().backward()
    p = 1 / (1 + math.e)
    close(d.entropy().item(), -p * math.log(p) - (1 - p) * math.log(1 - p))
    assert logits.grad is not None and values(logits.grad)[1] == 0.0
    assert not set(values(d.sample((1000,))).tolist()) & {1}


# Below the support, above it, and nowhere.
BEYOND: list[tuple[Callable[..., Distribution], list[float], list[float], list[float]]] = [
    (LogNormal, [0.0, 1.0], [0.0, -1.0, -INF], [INF]),
    (Gamma, [0.5, 2.0], [-1.0, -INF], [INF]),
    (Gamma, [1.0, 2.0], [-1.0, -INF], [INF]),
    (Gamma, [2.0, 2.0], [-1.0, -INF], [INF]),
    (Beta, [0.5, 0.5], [-0.5, -INF], [1.5, INF]),
    (Exponential, [2.0], [-1.0, -INF], [INF]),
    (Uniform, [0.0, 1.0], [-1.0, -INF], [1.5, INF]),
    (Normal, [0.0, 1.0], [-INF], [INF]),
    (StudentT, [3.0], [-INF], [INF]),
    (Bernoulli, [0.5], [-1.0], [2.0]),
    (Binomial, [3, 0.5], [-1.0], [4.0]),
    (Poisson, [2.0], [-1.0, -2.0], []),
]


@pytest.mark.parametrize(("make", "parameters", "below", "above"), BEYOND)
def test_beyond_the_support(
    make: Callable[..., Distribution],
    parameters: list[float],
    below: list[float],
    above: list[float],
) -> None:
    d = make(*parameters, validate_args=False)
    x = ag.tensor([*below, *above], requires_grad=True)
    assert values(d.log_prob(x)).tolist() == [-INF] * len(x)
    assert values(d.cdf(x)).tolist() == [0.0] * len(below) + [1.0] * len(above)
    finite = x.detach()[x.isfinite()].requires_grad_()
    for call in (d.log_prob, d.cdf):
        assert (gradient(call(finite).sum(), finite) == 0).all()
    nothing = ag.tensor(math.nan)
    assert math.isnan(d.log_prob(nothing).item()) and math.isnan(d.cdf(nothing).item())


def test_vectors_beyond_the_support() -> None:
    x = ag.tensor([[-0.5, 1.5], [0.5, math.nan], [0.25, 0.75]], requires_grad=True)
    found = Dirichlet(ag.tensor([0.5, 1.5]), validate_args=False).log_prob(x)
    assert found[0].item() == -INF and found[1].isnan() and found[2].isfinite()
    assert (gradient(found[0], x) == 0).all()


# ---- mathematics ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "name", "parameters", "low", "high"), LINE, ids=by_repr)
def test_densities(
    d: Distribution, name: str, parameters: dict[str, float], low: float, high: float
) -> None:
    """The slope of cdf is the density; what lies between two places is its integral."""
    a, b = (float(values(d.cdf(v))) if math.isinf(v) else v for v in (low, high))
    a, b = (-4.0, 4.0) if math.isinf(low) else (a, b)
    inner = np.linspace(a, b, 23)[1:-1]
    x = ag.tensor(inner, requires_grad=True)
    (g,) = ag.autograd.grad(d.cdf(x).sum(), x, create_graph=True)
    density = d.log_prob(x).exp()
    close(values(g), values(density), 1e-10)
    bend, slopes = gradient(g.sum(), x), gradient(density.sum(), x)
    assert np.allclose(values(bend), values(slopes), 1e-9, 1e-12)
    # Gauss and Legendre, where the density is smooth.
    nodes, weights = np.polynomial.legendre.leggauss(60)
    left, right = inner[4], inner[12]
    at = (right + left) / 2 + (right - left) / 2 * nodes
    area = (values(d.log_prob(at).exp()) * weights).sum() * (right - left) / 2
    assert abs(area - values(d.cdf(right) - d.cdf(left))) < 1e-9 * area + 1e-14
    if not math.isinf(low):
        close(
            values(d.cdf(ag.tensor([low, high], requires_grad=False))).round(10), [0.0, 1.0], 1e-9
        )


@pytest.mark.parametrize(("d", "most"), WITH_CATEGORIES, ids=by_repr)
def test_probabilities(d: Distribution, most: int) -> None:
    k = ag.arange(most + 1.0)
    p = values(d.log_prob(k).exp())
    close(p.sum(), 1.0)
    close(values(d.cdf(k)), np.minimum(p.cumsum(), 1.0), 1e-11)
    if not isinstance(d, Categorical):
        close((values(k) * p).sum(), values(d.mean))
        close((values(k) ** 2 * p).sum() - values(d.mean) ** 2, values(d.variance), 1e-11)
    d = copy.copy(d)
    d._validate_args = False
    close(values(d.cdf(k + 0.5)), values(d.cdf(k)))


def _two(x: Any) -> Any:
    return ag.stack([x.sigmoid(), 1 - x.sigmoid()], -1)


DERIVED: list[tuple[Callable[..., Any], list[float]]] = [
    (lambda x, v, m, s: StudentT(v, m, s).cdf(x), [0.7, 3.0, 0.2, 1.5]),
    (lambda x, v: StudentT(v).cdf(x), [-2.5, 1.5]),
    (lambda x, v: StudentT(v).cdf(x), [0.0, 4.0]),
    (lambda x, c, r: Gamma(c, r).cdf(x), [0.7, 1.3, 2.0]),
    (lambda x, a, b: Beta(a, b).cdf(x), [0.4, 1.3, 2.0]),
    (lambda r: Poisson(r).cdf(3), [2.5]),
    (lambda p: Binomial(7, p).cdf(3), [0.4]),
    (lambda p: Binomial(7, logits=p).cdf(3), [0.4]),
    (lambda p: Categorical(_two(p)).cdf(0), [0.4]),
    (lambda x, c: Dirichlet(ag.stack([c, c * c])).log_prob(_two(x)), [0.3, 1.7]),
    (lambda x, s: LogNormal(0.3, s).log_prob(x), [2.0, 0.8]),
    (lambda p, s: LogNormal(p, s).icdf(0.3 * p), [0.5, 0.8]),
    (lambda n, p: Binomial(n, p, validate_args=False).log_prob(2), [5.3, 0.3]),
]


@pytest.mark.parametrize(("call", "at"), DERIVED)
def test_derivatives(call: Callable[..., Any], at: list[float]) -> None:
    inputs = [ag.tensor(x, requires_grad=True) for x in at]
    assert gradcheck(call, inputs)
    assert gradgradcheck(call, inputs)


def test_a_regression_finds_its_parameters() -> None:
    """The greatest likelihood of normal numbers is at their mean and deviation."""
    x = ag.tensor([1.0, 2.0, 4.0, 7.0])
    loc, log_scale = ag.tensor(0.0, requires_grad=True), ag.tensor(0.0, requires_grad=True)
    optimizer = ag.optim.LBFGS([loc, log_scale], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Any:
        optimizer.zero_grad()
        value = -Normal(loc, log_scale.exp()).log_prob(x).sum()
        value.backward()
        return value

    optimizer.step(loss)
    close([loc.item(), log_scale.exp().item()], [3.5, np.std([1.0, 2.0, 4.0, 7.0])], 1e-6)


def test_a_vector_of_normals_is_normals() -> None:
    x, loc = ag.tensor([[0.3, -1.0], [2.0, 0.0]]), ag.tensor([0.5, -0.5])
    scale = ag.tensor([2.0, 0.5])
    each = Normal(loc, scale).log_prob(x).sum(-1)
    for name, matrix in (
        ("covariance_matrix", scale.square().diag()),
        ("precision_matrix", (1 / scale.square()).diag()),
        ("scale_tril", scale.diag()),
    ):
        d = MultivariateNormal(loc, **{name: matrix})
        close(values(d.log_prob(x)), values(each))
        close(values(d.covariance_matrix @ d.precision_matrix), np.eye(2))
        close(values(d.scale_tril), values(scale.diag()))


# ---- draws ---------------------------------------------------------------------------------------

COUNT = 20_000


@pytest.mark.parametrize(("d", "name", "parameters", "low", "high"), LINE, ids=by_repr)
def test_draws_on_the_line(
    d: Distribution, name: str, parameters: dict[str, float], low: float, high: float
) -> None:
    """Kolmogorov and Smirnov: a distance that is larger in one of a million."""
    ag.manual_seed(5)
    x = d.sample((COUNT,))
    below = np.sort(values(d.cdf(x)))
    steps = np.arange(COUNT + 1) / COUNT
    distance = max((below - steps[:-1]).max(), (steps[1:] - below).max())
    assert distance * math.sqrt(COUNT) < 2.7


@pytest.mark.parametrize("c", [1e-3, 0.05, 0.9, 1.0, 1.5, 300.0])
def test_draws_of_gamma(c: float) -> None:
    ag.manual_seed(6)
    x = Gamma(c, 1.0).sample((COUNT,))
    below = np.sort(values(Gamma(c, 1.0).cdf(x)))
    steps = np.arange(1, COUNT + 1) / COUNT
    # Of tiny parameters most draws are less than the least number.
    seen = below > np.exp(-700 * c)
    assert abs(below - steps)[seen].max() * math.sqrt(COUNT) < 2.7


@pytest.mark.parametrize(("d", "most"), WITH_CATEGORIES, ids=by_repr)
def test_draws_of_whole_numbers(d: Distribution, most: int) -> None:
    ag.manual_seed(7)
    found = np.bincount(values(d.sample((COUNT,))).astype(int), minlength=most + 1)
    p = values(d.log_prob(ag.arange(most + 1.0)).exp())
    assert len(found) == most + 1
    usual = p > 1e-3
    assert (found[p == 0] == 0).all() and usual.sum() >= 2
    error = abs(found - COUNT * p)[usual]
    assert (error <= 5 * np.sqrt(COUNT * p * (1 - p))[usual]).all()


def test_draws_of_vectors(rng: np.random.Generator) -> None:
    ag.manual_seed(8)
    d = Dirichlet(ag.tensor([[0.5, 1.0, 3.0], [4.0, 2.0, 2.0]]))
    x = values(d.sample((COUNT,)))
    close(x.sum(-1), np.ones((COUNT, 2)), 1e-12)
    error = abs(x.mean(0) - values(d.mean))
    assert (error < 5 * values(d.stddev) / math.sqrt(COUNT)).all()
    assert np.allclose(x.var(0), values(d.variance), 0.1)
    root = np.tril(rng.standard_normal((2, 3, 3)), -1) + 2 * np.eye(3)
    loc = ag.tensor([[1.0, 2.0, 3.0]])
    normal = MultivariateNormal(loc, scale_tril=ag.tensor(root))
    x = values(normal.sample((COUNT,)))
    for k in range(2):
        expected = root[k] @ root[k].T
        squares = np.outer(expected.diagonal(), expected.diagonal()) + expected**2
        assert (abs(np.cov(x[:, k].T) - expected) < 5 * np.sqrt(squares / COUNT)).all()
    error = abs(x.mean(0) - values(normal.mean))
    assert (error < 5 * values(normal.stddev) / math.sqrt(COUNT)).all()


def test_draws_repeat_and_have_no_history() -> None:
    c = ag.tensor([0.4, 2.0], requires_grad=True)
    made: list[Callable[[], Any]] = [
        lambda: Gamma(c, 1.0), lambda: Beta(c, 2.0), lambda: StudentT(c), lambda: Normal(c, 1.0),
        lambda: Dirichlet(c), lambda: Uniform(0.0, c), lambda: Exponential(c), lambda: Poisson(c),
        lambda: Categorical(c), lambda: Bernoulli(logits=c), lambda: Binomial(3, logits=c),
        lambda: LogNormal(c, 1.0), lambda: MultivariateNormal(c, scale_tril=ag.eye(2)),
        lambda: Independent(Normal(c, 1.0), 1),
    ]  # fmt: skip
    assert len(made) == len(CLASSES) - 1
    for make in made:
        ag.manual_seed(3)
        first = make().sample((4,))
        ag.manual_seed(3)
        assert (make().sample((4,)) == first).all() and not first.requires_grad
        assert make().sample((0,)).shape[0] == 0
        if make().has_rsample:
            ag.manual_seed(3)
            drawn = make().rsample((4,))
            assert drawn.requires_grad and (drawn == first).all()
        else:
            with pytest.raises(NotImplementedError, match=r"has no rsample.* There is sample"):
                make().rsample()


@pytest.mark.parametrize("c", [0.2, 1.0, 4.0, 80.0])
def test_gradients_of_draws_of_gamma(c: float) -> None:
    """Those of the quantile of what was drawn, to the second order."""
    scipy = pytest.importorskip("scipy.stats")
    ag.manual_seed(9)
    p = ag.tensor(c, requires_grad=True)
    x = Gamma(p, 2.0).rsample((50,))
    goal = scipy.gamma.cdf(values(x), c, scale=0.5)
    h = 1e-4 * c
    at = [scipy.gamma.ppf(goal, c + k * h, scale=0.5) for k in (-2, -1, 0, 1, 2)]
    expected = (at[0] - 8 * at[1] + 8 * at[3] - at[4]) / (12 * h)
    found, bends = [], []
    for k in range(50):
        (g,) = ag.autograd.grad(x[k], p, create_graph=True)
        found.append(g.item())
        bends.append(ag.autograd.grad(g, p, retain_graph=True)[0].item())
    usual = (goal > 1e-6) & (goal < 1 - 1e-6)
    assert np.allclose(np.array(found)[usual], expected[usual], 1e-6, 1e-9)
    bend = (-at[0] + 16 * at[1] - 30 * at[2] + 16 * at[3] - at[4]) / (12 * h * h)
    assert np.allclose(np.array(bends)[usual], bend[usual], 1e-3, 1e-4)


def test_third_derivatives_of_draws_of_gamma() -> None:
    scipy = pytest.importorskip("scipy.stats")
    ag.manual_seed(9)
    p = ag.tensor(2.0, requires_grad=True)
    for x in Gamma(p, 1.0).rsample((5,)):
        derivative = x
        for _ in range(3):
            (derivative,) = ag.autograd.grad(derivative, p, create_graph=True)
        goal, h = scipy.gamma.cdf(x.item(), 2.0), 0.02
        at = [scipy.gamma.ppf(goal, 2.0 + k * h) for k in (-3, -2, -1, 1, 2, 3)]
        weights = [1 / 8, -1, 13 / 8, -13 / 8, 1, -1 / 8]
        assert derivative.item() == pytest.approx(np.dot(at, weights) / h**3, rel=1e-3, abs=1e-5)


def test_gradients_of_draws() -> None:
    """Means of draws have the slopes that means have."""
    ag.manual_seed(10)
    a, b = ag.tensor(0.8, requires_grad=True), ag.tensor(2.0, requires_grad=True)
    makes: list[Callable[[Any, Any], Distribution]] = [
        Beta, Gamma, Normal, lambda a, b: Uniform(a, a + b), lambda a, b: LogNormal(a, b / 4),
        lambda a, b: Exponential(a),
    ]  # fmt: skip
    for make in makes:
        d = make(a, b)
        drawn, mean = d.rsample((COUNT,)).mean(), d.mean
        for p in (a, b):
            assert abs(gradient(drawn, p) - gradient(mean, p)) < 0.04
    df = ag.tensor(6.0, requires_grad=True)
    squares = StudentT(df).rsample((10 * COUNT,)).square().mean()
    # The variance is df / (df - 2).
    assert ag.autograd.grad(squares, df)[0].item() == pytest.approx(-2 / 16, abs=0.02)
    c = ag.tensor([0.5, 1.5], requires_grad=True)
    (g,) = ag.autograd.grad(Dirichlet(c).rsample((COUNT,)).mean(0)[0], c)
    (expected,) = ag.autograd.grad(Dirichlet(c).mean[0], c)
    assert np.allclose(values(g), values(expected), 0.0, 0.01)


def test_draws_of_tiny_concentrations_are_numbers() -> None:
    ag.manual_seed(11)
    for x in (Beta(1e-3, 1e-3).sample((500,)), Dirichlet(1e-3 * ag.ones(4)).sample((500,))):
        assert x.isfinite().all() and (x >= 0).all() and (x <= 1).all()
    c = ag.tensor([1e-3, 0.01], requires_grad=True)
    for d in (Gamma(c, 1.0), Beta(c, 0.01), Dirichlet(c)):
        (g,) = ag.autograd.grad(d.rsample((500,)).sum(), c)
        assert g.isfinite().all()
    # Far down x ** c / gamma(c + 1) is the distribution function.
    logs = log_of_gamma(c, (500, 2))
    far = logs < -40
    assert far.sum() > 500
    (g,) = ag.autograd.grad(logs[far].sum(), c)
    expected = ag.where(far, ((c + 1).digamma() - logs) / c, 0.0).sum(0)
    close(values(g), values(expected), 1e-10)


def test_draws_of_what_cannot_be() -> None:
    d = Gamma(ag.tensor([math.nan, -1.0, 0.0, INF, 2.0]), 1.0, validate_args=False)
    x = values(d.sample())
    assert np.isnan(x[:3]).all() and x[3] == INF and x[4] > 0


# ---- shapes, checks, names -----------------------------------------------------------------------


def test_shapes() -> None:
    d = Normal(ag.zeros(3, 1), ag.ones(2))
    assert d.batch_shape == (3, 2) and d.event_shape == () and d.loc.shape == (3, 2)
    assert d.sample((4,)).shape == (4, 3, 2) and d.log_prob(0.0).shape == (3, 2)
    wide = d.expand((5, 3, 2))
    assert wide.batch_shape == wide.loc.shape == (5, 3, 2) and isinstance(wide, Normal)
    loc, tril = ag.zeros(4, 1, 3), ag.eye(3).expand(2, 3, 3)
    normal = MultivariateNormal(loc, scale_tril=tril)
    assert normal.batch_shape == (4, 2) and normal.event_shape == (3,)
    for shape in ((3,), (2, 3), (4, 2, 3), (7, 4, 2, 3), (5, 7, 1, 2, 3)):
        assert normal.log_prob(ag.zeros(shape)).shape == (*shape[:-3], 4, 2)
    assert normal.expand((6, 4, 2)).covariance_matrix.shape == (6, 4, 2, 3, 3)
    assert normal.expand((6, 4, 2)).sample((5,)).shape == (5, 6, 4, 2, 3)
    assert Categorical(ag.ones(2, 5)).sample((3, 4)).shape == (3, 4, 2)
    assert Categorical(ag.ones(2, 5)).log_prob(ag.zeros(3, 1)).shape == (3, 2)
    assert Binomial(ag.tensor([[2.0], [3.0]]), 0.5 * ag.ones(4)).entropy().shape == (2, 4)
    assert Normal(0.0, ag.ones(0)).log_prob(ag.ones(0)).shape == (0,)
    assert Binomial(2 * ag.ones(0), 0.5).entropy().shape == (0,)
    nothing = MultivariateNormal(ag.zeros(0), ag.ones(0, 0))
    assert values(nothing.log_prob(ag.zeros(4, 0))).tolist() == [0.0] * 4
    assert normal.log_prob(ag.zeros(0, 4, 2, 3)).shape == (0, 4, 2)


def test_what_is_certain_has_no_entropy() -> None:
    certain = [Bernoulli(0.0), Bernoulli(1.0), Binomial(3, 1.0), Categorical(ag.tensor([0.0, 1.0]))]
    assert [str(d.entropy()) for d in certain] == ["tensor(0.)"] * 4


def test_what_parameters_and_values_may_be() -> None:
    array = np.array([1.0, 2.0])
    for given in (array, ag.tensor(array), np.float64(2.0), 2, True):
        assert Exponential(given).log_prob(array).shape == (2,)
        assert Exponential(1.0).cdf(given).dtype == ag.float64
    with pytest.raises(
        ValueError, match=r"loc must be a Tensor, a number or an array, but found str"
    ):
        Normal("a", 1.0)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"value must be a Tensor, a number or an array, but .* list"
    ):
        Normal(0.0, 1.0).log_prob([1.0])  # type: ignore[arg-type]


def test_checks_can_be_left_out() -> None:
    with pytest.raises(ValueError, match=r"parameter scale .*Normal\(loc: 0.0, scale: -1.0\)"):
        Normal(0.0, -1.0)
    assert Normal(0.0, -1.0, validate_args=False).scale.item() == -1.0
    Distribution.set_default_validate_args(False)
    try:
        assert Normal(0.0, -1.0).scale.item() == -1.0
        with pytest.raises(ValueError, match="GreaterThan"):
            Normal(0.0, -1.0, validate_args=True)
    finally:
        Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="GreaterThan"):
        Normal(0.0, -1.0)
    with pytest.raises(ag.linalg.LinAlgError):
        MultivariateNormal(ag.zeros(2), -ag.eye(2), validate_args=False)


def test_methods_that_there_are_not() -> None:
    d = Dirichlet(ag.ones(2))
    for call in (
        lambda: d.cdf(ag.ones(2) / 2),
        lambda: d.icdf(0.5),
        lambda: Poisson(1.0).entropy(),
    ):
        with pytest.raises(NotImplementedError, match="has no"):
            call()
    bare = Distribution((2,), (3,))
    assert bare.batch_shape == (2,) and bare.event_shape == (3,) and repr(bare) == "Distribution()"
    for name in ("mean", "mode", "variance", "stddev"):
        with pytest.raises(NotImplementedError, match="Distribution has no"):
            getattr(bare, name)
    with pytest.raises(NotImplementedError, match="Distribution has no log_prob"):
        bare.logpdf(1.0)


def test_copies_and_files() -> None:
    for d in (Normal(ag.zeros(2), 1.0), MultivariateNormal(ag.zeros(2), ag.eye(2)), Bernoulli(0.3)):
        for other in (copy.deepcopy(d), pickle.loads(pickle.dumps(d))):
            assert type(other) is type(d) and repr(other) == repr(d)
            assert (
                values(other.log_prob(ag.ones(2))).tolist()
                == values(d.log_prob(ag.ones(2))).tolist()
            )


def test_what_is_made_of_a_parameter_can_be_differentiated_twice() -> None:
    logits = ag.zeros(2, requires_grad=True)
    d = Bernoulli(logits=logits)
    d.probs.sum().backward()
    d.probs.sum().backward()
    close(values(logits.grad), [0.5, 0.5])


@pytest.mark.any_build
@pytest.mark.parametrize("kind", CLASSES)
def test_classes_are_documented(kind: type) -> None:
    assert kind.__module__ == "pyautograd.distributions"
    text = inspect.getdoc(kind)
    assert text is not None and "Args:" in text and "Raises:" in text and "Example:" in text
    for name in dir(kind):
        if not name.startswith("_") and name not in ("arg_constraints", "has_rsample", "support"):
            assert inspect.getdoc(inspect.getattr_static(kind, name)), f"{kind.__name__}.{name}"


@pytest.mark.any_build
def test_examples() -> None:
    finder, runner = (
        doctest.DocTestFinder(),
        doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE),
    )
    report: list[str] = []
    for example in finder.find(ag.distributions, "distributions"):
        runner.run(example, out=report.append)
    assert runner.tries > 40 and runner.failures == 0, "".join(report)
