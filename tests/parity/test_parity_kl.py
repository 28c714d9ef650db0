# SPDX-License-Identifier: MIT
"""Divergences beside PyTorch's: of all pairs that both have, with first and second gradients."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd.distributions import _kl
from support import values

A, B = np.array([0.4, 0.7, 0.9]), np.array([[0.6], [0.95]])
ROWS = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
TRIL = np.array([[1.2, 0.0, 0.0], [0.3, 0.8, 0.0], [-0.2, 0.5, 1.5]])

# Parameters of p and of q, by kind.
OF_P: dict[str, dict[str, Any]] = {
    "Bernoulli": {"probs": A},
    "Beta": {"concentration1": A + 1, "concentration0": B},
    "Binomial": {"total_count": 4, "probs": A},
    "Categorical": {"logits": ROWS},
    "Dirichlet": {"concentration": ROWS + 1},
    "Exponential": {"rate": A},
    "Gamma": {"concentration": A + 1, "rate": B},
    "LogNormal": {"loc": A, "scale": B},
    "MultivariateNormal": {"loc": ROWS, "scale_tril": TRIL},
    "Normal": {"loc": A, "scale": B},
    "Poisson": {"rate": A},
    "Uniform": {"low": A / 2, "high": B},
}
OF_Q: dict[str, dict[str, Any]] = {
    "Bernoulli": {"logits": A},  # PyTorch fails where these have to be broadcast
    "Beta": {"concentration1": A + 0.5, "concentration0": B + 1},
    "Binomial": {"total_count": 4, "logits": B},
    "Categorical": {"probs": ROWS[:1]},
    "Dirichlet": {"concentration": ROWS[:1] * 3},
    "Exponential": {"rate": B},
    "Gamma": {"concentration": B, "rate": A},
    "LogNormal": {"loc": B, "scale": A},
    "MultivariateNormal": {"loc": ROWS[0], "covariance_matrix": TRIL @ TRIL.T + np.eye(3)},
    "Normal": {"loc": B, "scale": A},
    "Poisson": {"rate": B},
    "Uniform": {"low": -A, "high": B + 1},
}
PAIRS = [(p.__name__, q.__name__) for p, q in _kl._formulas if p.__name__ != "Independent"]


def results(lib: Any, pair: tuple[str, str], ndims: int = 0) -> list[Any]:
    leaves: list[Any] = []
    made = []
    for name, given in zip(pair, (OF_P[pair[0]], OF_Q[pair[1]]), strict=True):
        parameters = {
            key: lib.tensor(x, requires_grad=True) if isinstance(x, np.ndarray) else lib.tensor(x)
            for key, x in given.items()
        }
        leaves += [x for x in parameters.values() if x.requires_grad]
        d = getattr(lib.distributions, name)(**parameters)
        made.append(lib.distributions.Independent(d, ndims) if ndims else d)
    found = lib.distributions.kl_divergence(*made)
    if not found.requires_grad:
        return [found]
    rng = np.random.default_rng(1)
    weights = lib.tensor(rng.standard_normal(tuple(found.shape)))
    options = {"create_graph": True, "allow_unused": True, "materialize_grads": True}
    first = lib.autograd.grad((found * weights).sum(), leaves, **options)
    turned = [lib.tensor(rng.standard_normal(tuple(g.shape))) for g in first]
    total = sum((g * t).sum() for g, t in zip(first, turned, strict=True))
    second = lib.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
    return [found, *first, *second]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_divergences(pair: tuple[str, str], torch: ModuleType) -> None:
    ours, theirs = results(ag, pair), results(torch, pair)
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        x, y = values(a), values(b)
        if np.isinf(y).all():  # where PyTorch looks at the shape of p alone
            assert np.isinf(x).all() and x.shape == np.broadcast_shapes(x.shape, y.shape)
            continue
        assert x.shape == y.shape
        # PyTorch has nine digits of the second derivatives of the gamma function.
        np.testing.assert_allclose(x, y, rtol=1e-8, atol=1e-8 if k else 1e-12)


def test_all_pairs_are_here(torch: ModuleType) -> None:
    names = {*OF_P, "Independent"}
    theirs = {(p.__name__, q.__name__) for p, q in torch.distributions.kl._KL_REGISTRY}
    theirs = {pair for pair in theirs if set(pair) <= names}
    assert theirs - {*PAIRS, ("Independent", "Independent")} == set()
    assert {*PAIRS} - theirs == {("LogNormal", "LogNormal")}  # there of transformed ones


@pytest.mark.parametrize("pair", [("Normal", "Normal"), ("Gamma", "Gamma"), ("Beta", "Normal")])
def test_of_independent_ones(pair: tuple[str, str], torch: ModuleType) -> None:
    for n in (1, 2) if pair[0] == pair[1] else ():
        for a, b in zip(results(ag, pair, n), results(torch, pair, n), strict=True):
            np.testing.assert_allclose(values(a), values(b), rtol=1e-8, atol=1e-8)


def test_independent(torch: ModuleType) -> None:
    for lib in (ag, torch):
        assert (
            lib.distributions.Independent(lib.distributions.Poisson(lib.ones(2)), 1).has_rsample
            is False
        )
    ours = ag.distributions.Independent(ag.distributions.Normal(ag.zeros(2, 3), 1.0), 1)
    theirs = torch.distributions.Independent(torch.distributions.Normal(torch.zeros(2, 3), 1.0), 1)
    for name in ("batch_shape", "event_shape"):
        assert tuple(getattr(ours, name)) == tuple(getattr(theirs, name))
    assert repr(ours) == repr(theirs).replace("torch.", "pyautograd.")
    assert repr(ours.support) == repr(theirs.support)
    for d, lib in ((ours, ag), (theirs, torch)):
        with pytest.raises(ValueError, match="is not broadcastable"):
            d.log_prob(lib.ones(2))
        with pytest.raises(ValueError, match="Expected reinterpreted_batch_ndims <="):
            lib.distributions.Independent(d, 2)
