# SPDX-License-Identifier: MIT
"""Divergences beside the integrals and sums that they stand for, and independent distributions."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator
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
    _kl,
    kl_divergence,
    register_kl,
)
from pyautograd.testing import gradcheck, gradgradcheck
from support import values

# What p draws, and between which numbers all but nothing of it lies.
DRAWING: list[tuple[Distribution, float, float]] = [
    (Beta(2.5, 3.0), 0.0, 1.0),
    (Exponential(1.5), 0.0, 40.0),
    (Gamma(3.0, 2.0), 0.0, 40.0),
    (Normal(0.5, 0.8), -12.0, 13.0),
    (LogNormal(0.1, 0.3), 0.05, 30.0),
    (Uniform(0.25, 0.75), 0.25, 0.75),
]
COMPARED: list[Distribution] = [
    Beta(1.5, 2.0), Exponential(0.7), Gamma(1.5, 0.5), Normal(0.0, 1.2), LogNormal(0.0, 0.5),
    Uniform(-0.5, 1.5),
]  # fmt: skip


@pytest.mark.parametrize("q", COMPARED, ids=repr)
@pytest.mark.parametrize(("p", "low", "high"), DRAWING, ids=lambda x: repr(x)[:20])
def test_on_the_line(p: Distribution, low: float, high: float, q: Distribution) -> None:
    if (type(p), type(q)) not in _kl._formulas:
        with pytest.raises(NotImplementedError, match=f"p type {type(p).__name__} and q type"):
            kl_divergence(p, q)
        return
    nodes, weights = np.polynomial.legendre.leggauss(400)
    u = (nodes + 1) / 2  # more and more of them towards the ends, where densities may have roots
    x = low + (high - low) * u**3 * (10 - 15 * u + 6 * u**2)
    weights = weights / 2 * (high - low) * 30 * u**2 * (1 - u) ** 2
    of_p = values(p.log_prob(ag.tensor(x)))
    with np.errstate(invalid="ignore"):
        inside = values(copy.copy(q).support.check(ag.tensor(x)))
    found = kl_divergence(p, q).item()
    if not inside.all():
        assert found == math.inf
        return
    expected = (weights * np.exp(of_p) * (of_p - values(q.log_prob(ag.tensor(x))))).sum()
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(
    ("p", "q", "count"),
    [
        (Bernoulli(0.3), Bernoulli(logits=1.0), 2),
        (Bernoulli(1.0), Bernoulli(0.25), 2),
        (Bernoulli(0.3), Poisson(0.8), 2),
        (Binomial(5, 0.3), Binomial(5, 0.6), 6),
        (Binomial(5, 0.3), Binomial(4, 0.6), 6),
        (Categorical(ag.tensor([1.0, 0.0, 3.0])), Categorical(logits=ag.tensor([0.0, 1, 2])), 3),
        (Poisson(2.0), Poisson(3.0), 60),
        (Poisson(0.0), Poisson(3.0), 60),
        (Poisson(2.0), Bernoulli(0.5), 60),
        (Poisson(2.0), Binomial(3, 0.5), 60),
    ],
    ids=repr,
)
def test_of_whole_numbers(p: Distribution, q: Distribution, count: int) -> None:
    k = ag.arange(float(count))
    q._validate_args = False
    of_p, of_q = (
        values(ag.stack([d.log_prob(n) for n in k])) for d in (copy.copy(p), copy.copy(q))
    )
    chance = np.exp(of_p)
    with np.errstate(invalid="ignore"):
        expected = np.where(chance > 0, chance * (of_p - of_q), 0.0).sum()
    assert kl_divergence(p, q).item() == pytest.approx(expected, rel=1e-12)


def test_what_is_impossible_for_one_of_both() -> None:
    assert kl_divergence(Bernoulli(0.5), Bernoulli(0.0)).item() == math.inf
    some, all_ = Categorical(ag.tensor([0.0, 1.0])), Categorical(ag.tensor([1.0, 1.0]))
    assert kl_divergence(some, all_).item() == pytest.approx(math.log(2))
    assert kl_divergence(all_, some).item() == math.inf
    assert kl_divergence(Poisson(1.0), Poisson(0.0)).item() == math.inf
    wide = kl_divergence(Uniform(ag.tensor([0.0, 0.0]), 1.0), Uniform(ag.tensor([[0.0], [0.5]]), 2))
    assert wide.shape == (2, 2) and wide[1].tolist() == [math.inf] * 2
    x = ag.tensor([0.2, -0.2], requires_grad=True)
    found = kl_divergence(Uniform(x, 1.0), Gamma(2.0, 1.0))
    found[0].backward()
    assert found[1].item() == math.inf and np.isfinite(values(x.grad)).all()


def test_of_vectors(rng: np.random.Generator) -> None:
    a, b = np.tril(rng.standard_normal((2, 3, 3))) + 2 * np.eye(3)
    m, n = rng.standard_normal((2, 3))
    p, q = (MultivariateNormal(ag.tensor(x), scale_tril=ag.tensor(y)) for x, y in ((m, a), (n, b)))
    s, t = a @ a.T, b @ b.T
    inverse = np.linalg.inv(t)
    expected = 0.5 * (np.trace(inverse @ s) + (m - n) @ inverse @ (m - n) - 3)
    expected += 0.5 * (np.linalg.slogdet(t)[1] - np.linalg.slogdet(s)[1])
    assert kl_divergence(p, q).item() == pytest.approx(expected, rel=1e-12)
    assert kl_divergence(p, p).item() == pytest.approx(0.0, abs=1e-14)
    diagonal = MultivariateNormal(ag.tensor(m), scale_tril=ag.diag(ag.tensor([1.0, 2.0, 3.0])))
    apart = Independent(Normal(ag.tensor(m), ag.tensor([1.0, 2.0, 3.0])), 1)
    one = Independent(Normal(ag.zeros(3), 1.0), 1)
    whole = MultivariateNormal(ag.zeros(3), ag.eye(3))
    assert kl_divergence(apart, one).item() == pytest.approx(
        kl_divergence(diagonal, whole).item(), rel=1e-13
    )
    c, d = ag.tensor([2.0, 3.0]), ag.tensor([0.5, 4.0])
    assert kl_divergence(Dirichlet(c), Dirichlet(d)).item() == pytest.approx(
        kl_divergence(Beta(2.0, 3.0), Beta(0.5, 4.0)).item(), rel=1e-12
    )


def test_gradients(rng: np.random.Generator) -> None:
    a, b, c, d = (ag.tensor(rng.uniform(0.4, 0.9, 2), requires_grad=True) for _ in range(4))
    for make in (Beta, Gamma, Normal, LogNormal):
        f = lambda a, b, c, d, make=make: kl_divergence(make(a, b), make(c, d))  # noqa: E731
        assert gradcheck(f, [a, b, c, d])
        assert gradgradcheck(f, [a, b, c, d])
    assert gradcheck(lambda a, c: kl_divergence(Uniform(a / 2, a), Beta(c + 1, 2.0)), [a, c])
    assert gradcheck(lambda a, c: kl_divergence(Exponential(a), Gamma(c, a)), [a, c])


def test_what_is_refused() -> None:
    p = Normal(0.0, 1.0)
    with pytest.raises(NotImplementedError, match="p type Normal and q type StudentT"):
        kl_divergence(p, StudentT(1.0))
    with pytest.raises(NotImplementedError, match=r"q\.total_count > p\.total_count"):
        kl_divergence(Binomial(2, 0.5), Binomial(ag.tensor([2, 3]), 0.5))
    with pytest.raises(ValueError, match=r"different event shapes .*: \(2,\) and \(3,\)"):
        kl_divergence(Dirichlet(ag.ones(2)), Dirichlet(ag.ones(3)))
    with pytest.raises(ValueError, match="different event shapes"):
        kl_divergence(*(MultivariateNormal(ag.zeros(n), ag.eye(n)) for n in (2, 3)))
    rows = Normal(ag.zeros(2), 1.0)
    with pytest.raises(
        NotImplementedError, match=r"different reinterpreted_batch_ndims .*: 1 and 0"
    ):
        kl_divergence(Independent(rows, 1), Independent(rows, 0))
    wrong: Any = int
    for pair in ((wrong, Normal), (Normal, wrong), (3, Normal)):
        with pytest.raises(TypeError, match="to be a Distribution subclass but got"):
            register_kl(*pair)


@pytest.fixture
def registry() -> Iterator[None]:
    before = dict(_kl._formulas)
    yield
    _kl._formulas.clear()
    _kl._formulas.update(before)


@pytest.mark.usefixtures("registry")
def test_the_nearest_formula_is_taken() -> None:
    class Near(Normal):
        pass

    p, q = Near(0.0, 1.0), Normal(1.0, 1.0)
    assert kl_divergence(p, q).item() == 0.5
    register_kl(Near, Normal)(lambda p, q: ag.tensor(1.0))
    assert kl_divergence(p, q).item() == 1.0
    assert kl_divergence(q, p).item() == 0.5
    register_kl(Normal, Near)(lambda p, q: ag.tensor(2.0))
    assert kl_divergence(q, p).item() == 2.0
    text = r"Ambiguous kl_divergence\(Near, Near\). Please register_kl\(Near, Near\)"
    with pytest.warns(RuntimeWarning, match=text):
        assert kl_divergence(p, p).item() == 1.0
    register_kl(Near, Near)(lambda p, q: ag.tensor(3.0))
    assert kl_divergence(p, p).item() == 3.0


# ---- independent ---------------------------------------------------------------------------------


def test_independent() -> None:
    rows = Gamma(ag.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 2.0)
    x = ag.tensor([0.5, 1.0, 1.5])
    for n, batch in ((0, (2, 3)), (1, (2,)), (2, ())):
        d = Independent(rows, n)
        assert d.batch_shape == batch and d.batch_shape + d.event_shape == (2, 3)
        dims = tuple(range(2 - n, 2))
        expected = values(rows.log_prob(x)).sum(dims)
        np.testing.assert_allclose(values(d.log_prob(x)), expected, rtol=1e-15)
        np.testing.assert_allclose(values(d.logpdf(x)), expected, rtol=1e-15)
        np.testing.assert_allclose(values(d.entropy()), values(rows.entropy()).sum(dims))
        for name in ("mean", "variance", "stddev", "mode"):
            assert getattr(d, name).tolist() == getattr(rows, name).tolist()
        ag.manual_seed(1)
        drawn = rows.sample((4,))
        ag.manual_seed(1)
        assert d.sample((4,)).tolist() == drawn.tolist()
        wide = d.expand((5, *batch))
        assert wide.batch_shape == (5, *batch) and wide.event_shape == d.event_shape
        assert wide.log_prob(x).shape == (5, *batch)
        again = pickle.loads(pickle.dumps(d))
        assert again.log_prob(x).tolist() == d.log_prob(x).tolist()
        assert d.has_rsample and not Independent(Poisson(ag.ones(2)), 1).has_rsample
        assert d.support.check(ag.tensor([[1.0, 2.0, 3.0], [1.0, -2.0, 3.0]])).shape == batch


def test_independent_says_what_it_is_and_what_is_wrong() -> None:
    d = Independent(Normal(ag.zeros(2, 3), 1.0), 1)
    assert repr(d) == "Independent(Normal(loc: pyautograd.Size([2, 3]), scale: pyautograd.Size(" + (
        "[2, 3])), 1)"
    )
    assert repr(d.support) == "IndependentConstraint(Real(), 1)" and d.support.event_dim == 1
    with pytest.raises(ValueError, match=r"<= len\(base_distribution.batch_shape\), actual 3 vs 2"):
        Independent(Normal(ag.zeros(2, 3), 1.0), 3)
    with pytest.raises(ValueError, match=">= 0, actual -1"):
        Independent(Normal(ag.zeros(2), 1.0), -1)
    with pytest.raises(ValueError, match="within the support"):
        d.log_prob(ag.nan)
    with pytest.raises(ValueError, match="not broadcastable"):
        d.log_prob(ag.ones(2))
    with pytest.raises(ValueError, match=r"Expected value.dim\(\) >= 1 but got 0"):
        d.support.check(ag.tensor(1.0))
    with pytest.raises(NotImplementedError, match="Independent has no cdf"):
        d.cdf(0.0)
