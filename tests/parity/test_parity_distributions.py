# SPDX-License-Identifier: MIT
"""Distributions beside PyTorch's: values, first and second gradients, shapes, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

import pyautograd as ag
from support import values

B1, B2 = (3,), (2, 1)  # batch shapes that broadcast


class Kind(NamedTuple):
    """A distribution: its parameters, and values that it may have."""

    name: str
    parameters: dict[str, Any]
    value: Any
    torch_has: str = "log_prob cdf entropy mean variance stddev mode"


def _numbers(seed: int, *shape: int, low: float = 0.3, high: float = 3.0) -> Any:
    return np.random.default_rng(seed).uniform(low, high, shape)


def _simplex(seed: int, *shape: int) -> Any:
    x = _numbers(seed, *shape)
    return x / x.sum(-1, keepdims=True)


def _definite(seed: int, *batch: int) -> Any:
    a = _numbers(seed, *batch, 3, 3, low=-1.0)
    return a @ a.swapaxes(-1, -2) + np.eye(3)


POSITIVE = _numbers(1, 4, 2, 3)
REAL = _numbers(2, 4, 2, 3, low=-3.0)
UNIT = _numbers(3, 4, 2, 3, low=0.05, high=0.95)
COUNTS = np.random.default_rng(4).integers(0, 6, (4, 2, 3)).astype(float)
BITS = COUNTS % 2
PARTS = _numbers(5, 4, 2, 3)
LOW, TRIL = -_numbers(6, *B1), np.tril(_numbers(7, 2, 3, 3)) + np.eye(3)
NO_CDF = "log_prob entropy mean variance stddev mode"
CHANCES = _numbers(8, *B2, low=0.1, high=0.9)
A, B = _numbers(9, *B1), _numbers(10, *B2)

KINDS = [
    Kind("Normal", {"loc": A, "scale": B}, REAL),
    Kind("LogNormal", {"loc": A - 1, "scale": B}, POSITIVE),
    Kind("Gamma", {"concentration": A, "rate": B}, POSITIVE),
    Kind("Beta", {"concentration1": A, "concentration0": B}, UNIT, NO_CDF),
    Kind("StudentT", {"df": 2.5 + A, "loc": A, "scale": B}, REAL, NO_CDF),
    Kind("Exponential", {"rate": A}, POSITIVE),
    Kind("Uniform", {"low": LOW, "high": B}, UNIT * 0.3),
    Kind("Bernoulli", {"probs": CHANCES}, BITS, NO_CDF),
    Kind("Bernoulli", {"logits": A - 1}, BITS, NO_CDF),
    Kind("Binomial", {"total_count": 6, "probs": CHANCES}, COUNTS, NO_CDF),
    Kind("Binomial", {"total_count": 6, "logits": A - 1}, COUNTS, NO_CDF),
    Kind("Poisson", {"rate": A}, COUNTS, "log_prob mean variance stddev mode"),
    Kind("Categorical", {"probs": PARTS[0, 0]}, COUNTS % 3, "log_prob entropy mode"),
    Kind("Categorical", {"logits": PARTS[0] - 1}, COUNTS[..., 0] % 3, "log_prob entropy mode"),
    Kind("Dirichlet", {"concentration": PARTS[0]}, _simplex(11, 4, 2, 3), NO_CDF),
    Kind("MultivariateNormal", {"loc": A, "covariance_matrix": _definite(12)}, REAL, NO_CDF),
    Kind("MultivariateNormal", {"loc": A, "precision_matrix": _definite(13, 2)}, REAL, NO_CDF),
    Kind("MultivariateNormal", {"loc": REAL[0], "scale_tril": TRIL[0]}, REAL, NO_CDF),
    Kind("MultivariateNormal", {"loc": A, "scale_tril": TRIL}, REAL[:, :1], NO_CDF),
    Kind("MultivariateNormal", {"loc": A, "scale_tril": TRIL}, REAL[0, 0], NO_CDF),
]
# What has no derivative in the value.
WHOLE = {"Bernoulli", "Binomial", "Poisson", "Categorical"}
# In whose derivatives there is trigamma, of which PyTorch has nine digits.
TRIGAMMA = {"Gamma", "Beta", "StudentT", "Dirichlet"}


def by_name(kind: Kind) -> str:
    return "-".join([kind.name, *kind.parameters])


every_kind = pytest.mark.parametrize("kind", KINDS, ids=by_name)


def same(ours: Any, theirs: Any, tolerance: float, title: str) -> None:
    a, b = values(ours), values(theirs)
    assert a.shape == b.shape, f"{title}: {a.shape} and {b.shape}"
    assert np.allclose(a, b, tolerance, tolerance, equal_nan=True), f"{title}: {a} and {b}"


def made(lib: Any, kind: Kind) -> tuple[Any, list[Any]]:
    """The distribution, and its parameters that are differentiated."""
    given = {
        name: lib.tensor(p, requires_grad=True) if isinstance(p, np.ndarray) else p
        for name, p in kind.parameters.items()
    }
    leaves = [p for p in given.values() if isinstance(p, lib.Tensor)]
    return getattr(lib.distributions, kind.name)(**given), leaves


def derivatives(lib: Any, kind: Kind, call: Callable[[Any, Any], Any]) -> list[Any]:
    """The value of what is called, and all first and second gradients along random directions."""
    d, leaves = made(lib, kind)
    value = lib.tensor(kind.value)
    if kind.name not in WHOLE:
        value.requires_grad_()
        leaves = [value, *leaves]
    result = call(d, value)
    found = [result]
    if not result.requires_grad:
        return found
    rng = np.random.default_rng(20)
    weights = lib.tensor(rng.standard_normal(tuple(result.shape)))
    options = {"create_graph": True, "allow_unused": True, "materialize_grads": True}
    first = lib.autograd.grad((result * weights).sum(), leaves, **options)
    found += first
    directions = [lib.tensor(rng.standard_normal(tuple(g.shape))) for g in first]
    total = sum((g * v).sum() for g, v in zip(first, directions, strict=True))
    if total.requires_grad:
        found += lib.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
    return found


def compared(kind: Kind, torch: ModuleType, call: Callable[[Any, Any], Any], what: str) -> None:
    ours, theirs = derivatives(ag, kind, call), derivatives(torch, kind, call)
    # One of both may know that a second derivative is 0, and not make it.
    tolerance = 1e-8 if kind.name in TRIGAMMA else 1e-10
    for k, (a, b) in enumerate(zip(ours, theirs, strict=False)):
        same(a, b, 1e-12 if k == 0 else tolerance, f"{what}, {k}")
    for rest in (*ours[len(theirs) :], *theirs[len(ours) :]):
        assert not values(rest).any()


@every_kind
def test_log_prob(kind: Kind, torch: ModuleType) -> None:
    compared(kind, torch, lambda d, x: d.log_prob(x), "log_prob")
    d, _ = made(ag, kind)
    x = ag.tensor(kind.value)
    assert values(d.logpdf(x)).tolist() == values(d.log_prob(x)).tolist()


@every_kind
def test_other_functions(kind: Kind, torch: ModuleType) -> None:
    has = kind.torch_has.split()
    if "entropy" in has:
        compared(kind, torch, lambda d, x: d.entropy(), "entropy")
    for name in ("mean", "variance", "stddev", "mode"):
        if name in has:
            same(getattr(made(ag, kind)[0], name), getattr(made(torch, kind)[0], name), 1e-12, name)
    if "cdf" in has and kind.name != "Gamma":
        compared(kind, torch, lambda d, x: d.cdf(x), "cdf")
    if "cdf" in has and kind.name not in ("Gamma", "Uniform"):
        quantiles = kind._replace(value=UNIT)
        compared(quantiles, torch, lambda d, x: d.icdf(x), "icdf")


def test_cdf_of_gamma(torch: ModuleType) -> None:
    """PyTorch has no derivative in the concentration."""
    kind = next(k for k in KINDS if k.name == "Gamma")
    found = []
    for lib in (ag, torch):
        rate = lib.tensor(kind.parameters["rate"], requires_grad=True)
        x = lib.tensor(kind.value, requires_grad=True)
        c = lib.tensor(kind.parameters["concentration"])
        result = lib.distributions.Gamma(c, rate).cdf(x)
        found.append([result, *lib.autograd.grad(result.sum(), [x, rate])])
    for ours, theirs in zip(*found, strict=True):
        same(ours, theirs, 1e-9, "cdf")


@every_kind
def test_shapes(kind: Kind, torch: ModuleType) -> None:
    ours, theirs = made(ag, kind)[0], made(torch, kind)[0]
    assert tuple(ours.batch_shape) == tuple(theirs.batch_shape)
    assert tuple(ours.event_shape) == tuple(theirs.event_shape)
    assert type(ours.batch_shape) is type(ours.event_shape) is ag.Size
    if kind.name not in ("LogNormal", "Beta"):  # PyTorch makes them of others, and shows nothing
        assert repr(ours).replace("pyautograd.Size", "torch.Size") == repr(theirs)
    a, b = ours.sample((5, 2)), theirs.sample((5, 2))
    assert a.shape == tuple(b.shape) and str(a.dtype).split(".")[1] == str(b.dtype).split(".")[1]
    assert ours.sample().shape == tuple(theirs.sample().shape)
    assert ours.has_rsample == theirs.has_rsample
    assert ours.log_prob(a).shape == tuple(theirs.log_prob(b).shape)
    wide = (2, *ours.batch_shape)
    assert tuple(ours.expand(wide).batch_shape) == wide
    same(ours.expand(wide).log_prob(ag.tensor(values(a)[0])),
         theirs.expand(wide).log_prob(torch.tensor(values(a)[0])), 1e-10, "expand")  # fmt: skip


@pytest.mark.parametrize("name", ["covariance_matrix", "precision_matrix", "scale_tril"])
@pytest.mark.parametrize("other", ["covariance_matrix", "precision_matrix", "scale_tril"])
def test_matrices(name: str, other: str, torch: ModuleType) -> None:
    matrix = TRIL if name == "scale_tril" else _definite(14, 2)
    kind = Kind("MultivariateNormal", {"loc": A, name: matrix}, REAL)
    # PyTorch's cholesky_inverse has a gradient in the triangle that it does not read.
    if (name, other) == ("scale_tril", "precision_matrix"):
        compared(kind, torch, lambda d, x: d.precision_matrix.detach(), other)
    else:
        compared(kind, torch, lambda d, x: getattr(d, other), other)


@pytest.mark.parametrize("name", ["Bernoulli", "Binomial", "Categorical"])
def test_probs_and_logits(name: str, torch: ModuleType) -> None:
    for given, other in (("probs", "logits"), ("logits", "probs")):
        kind = Kind(name, {given: UNIT[0]}, None)
        for lib in (ag, torch):
            assert getattr(made(lib, kind)[0], other).requires_grad
        same(*(getattr(made(lib, kind)[0], other) for lib in (ag, torch)), 1e-12, other)


# Values at the ends of supports, and far away.
EDGES: list[tuple[str, tuple[float, ...], list[float]]] = [
    ("Normal", (0.0, 1.0), [-40.0, 40.0, 1e200, np.inf, -np.inf]),
    ("LogNormal", (0.0, 1.0), [1e-300, 1e300]),
    ("Gamma", (1.0, 2.0), [0.0, 700.0]),
    ("Gamma", (0.5, 2.0), [0.0, 1e-300]),
    ("Gamma", (2.0, 2.0), [0.0, 1e-300]),
    ("Beta", (1.0, 2.0), [0.0, 1.0]),
    ("Beta", (0.5, 1.0), [0.0, 1.0]),
    ("StudentT", (3.0, 0.0, 1.0), [0.0, -1e8, 1e8, np.inf]),
    ("Exponential", (2.0,), [0.0, 1e3, np.inf]),
    ("Uniform", (-1.0, 2.0), [-1.0, 2.0]),
    ("Poisson", (3.0,), [0.0, 400.0]),
    ("Poisson", (0.0,), [0.0, 1.0]),
    ("Binomial", (5, 0.5), [0.0, 5.0]),
]


@pytest.mark.parametrize(("name", "parameters", "at"), EDGES)
def test_edges(name: str, parameters: Any, at: list[float], torch: ModuleType) -> None:
    found = []
    for lib in (ag, torch):
        found.append(getattr(lib.distributions, name)(*parameters).log_prob(lib.tensor(at)))
    same(*found, 1e-12, name)


WRONG: list[Callable[[Any, Any], Any]] = [
    lambda d, t: d.Normal(0.0, 0.0),
    lambda d, t: d.Normal(t([0.0, np.nan]), 1.0),
    lambda d, t: d.Normal(0.0, 1.0).log_prob(t([1.0, np.nan])),
    lambda d, t: d.Normal(t([0.0, 1.0]), 1.0).log_prob(t([1.0, 2.0, 3.0])),
    lambda d, t: d.Normal(t([0.0, 1.0]), 1.0).cdf(t([1.0, 2.0, 3.0])),
    lambda d, t: d.Uniform(1.0, 0.0),
    lambda d, t: d.Uniform(t([0.0, 1.0]), 1.0),
    lambda d, t: d.Uniform(0.0, 1.0).log_prob(t(1.5)),
    lambda d, t: d.Gamma(2.0, 0.0),
    lambda d, t: d.Gamma(2.0, 1.0).log_prob(t([1.0, -1.0])),
    lambda d, t: d.Exponential(-1.0),
    lambda d, t: d.Exponential(1.0).cdf(t(-1.0)),
    lambda d, t: d.StudentT(1.0, 0.0, 0.0),
    lambda d, t: d.Poisson(-1.0),
    lambda d, t: d.Poisson(1.0).log_prob(t(0.5)),
    lambda d, t: d.Bernoulli(1.5),
    lambda d, t: d.Bernoulli(0.5, 0.5),
    lambda d, t: d.Bernoulli(0.5).log_prob(t(0.5)),
    lambda d, t: d.Binomial(3),
    lambda d, t: d.Binomial(3.5, 0.5),
    lambda d, t: d.Binomial(t([3.0, 4.0]), t([0.5, 0.5])).log_prob(t([4.0, 1.0])),
    lambda d, t: d.Categorical(t(0.5)),
    lambda d, t: d.Categorical(logits=t(0.5)),
    lambda d, t: d.Categorical(t([0.0, 0.0])),
    lambda d, t: d.Categorical(t([0.5, 0.5])).log_prob(t([0.0, 2.0])),
    lambda d, t: d.Dirichlet(t(1.0)),
    lambda d, t: d.Dirichlet(t([0.0, 1.0])),
    lambda d, t: d.Dirichlet(t([1.0, 1.0])).log_prob(t([0.5, 0.6])),
    lambda d, t: d.MultivariateNormal(t([1.0, 1.0])),
    lambda d, t: d.MultivariateNormal(t(1.0), t([[1.0]])),
    lambda d, t: d.MultivariateNormal(t([1.0, 1.0]), t([1.0, 2.0])),
    lambda d, t: d.MultivariateNormal(t([1.0, 1.0]), t([[1.0, 2.0], [2.0, 1.0]])),
    lambda d, t: d.MultivariateNormal(t([1.0, 1.0]), scale_tril=t([[1.0, 2.0], [2.0, 1.0]])),
    lambda d, t: d.MultivariateNormal(t([1.0]), t([[1.0]])).log_prob(t([1.0, 2.0])),
]


@pytest.mark.parametrize("k", range(len(WRONG)))
def test_errors(k: int, torch: ModuleType) -> None:
    """The same words, but for the names of classes of shapes."""
    said = []
    for lib in (ag, torch):
        with pytest.raises(ValueError) as caught:
            WRONG[k](lib.distributions, lib.tensor)
        said.append(str(caught.value).replace("torch.Size", "pyautograd.Size"))
    assert said[0] == said[1]


def test_errors_of_other_types(torch: ModuleType) -> None:
    for lib in (ag, torch):
        d = lib.distributions
        for parameter in ("a", [0.0], None, 1j):
            with pytest.raises(ValueError):
                d.Normal(parameter, 1.0)
        with pytest.raises(RuntimeError, match="must match"):
            d.Normal(lib.zeros(2), lib.ones(3))
        with pytest.raises(RuntimeError):
            d.Normal(lib.zeros(2), 1.0).expand([3])
        with pytest.raises(TypeError):
            d.Normal(0.0, 1.0).sample(3)
        with pytest.raises(ValueError):
            d.Normal.set_default_validate_args(3)
        for call in ("rsample", "entropy"):
            with pytest.raises(NotImplementedError):
                getattr(d.Poisson(1.0), call)()
        with pytest.raises(NotImplementedError):
            d.Dirichlet(lib.ones(2)).cdf(lib.tensor([0.5, 0.5]))
        with pytest.raises(RuntimeError, match="out of bounds"):
            d.Categorical(lib.ones(2), validate_args=False).log_prob(lib.tensor(2))


LISTED = [
    lambda D, t: D.Bernoulli(t(CHANCES)),
    lambda D, t: D.Bernoulli(logits=t(REAL)),
    lambda D, t: D.Binomial(4, t(CHANCES)),
    lambda D, t: D.Binomial(t(3.0), logits=t(0.5)),
    lambda D, t: D.Categorical(t(_simplex(11, 2, 4))),
    lambda D, t: D.Categorical(logits=t(_numbers(12, 3))),
    lambda D, t: D.Independent(D.Bernoulli(t(CHANCES)), 0),
]


@pytest.mark.parametrize("expand", [True, False])
@pytest.mark.parametrize("k", range(len(LISTED)))
def test_values_that_can_be_listed(torch: ModuleType, k: int, expand: bool) -> None:
    ours, theirs = (LISTED[k](m.distributions, lambda x, m=m: m.tensor(x, dtype=m.float64))
                    for m in (ag, torch))  # fmt: skip
    a, b = ours.enumerate_support(expand), theirs.enumerate_support(expand)
    assert a.tolist() == b.tolist() and a.shape == b.shape
    assert str(a.dtype).split(".")[1] == str(b.dtype).split(".")[1]
    assert ours.has_enumerate_support and theirs.has_enumerate_support
    assert values(ours.log_prob(a).exp().sum(0)) == pytest.approx(np.ones(ours.batch_shape))


def test_values_that_cannot_be_listed(torch: ModuleType) -> None:
    for m in (ag, torch):
        D = m.distributions
        refused = [D.Normal(0.0, 1.0), D.Poisson(1.0), D.Binomial(m.tensor([2.0, 3.0]), 0.5)]
        refused.append(D.Independent(D.Bernoulli(m.tensor([0.5])), 1))
        for one in refused:
            with pytest.raises(NotImplementedError):
                one.enumerate_support()
        assert not D.Normal(0.0, 1.0).has_enumerate_support
