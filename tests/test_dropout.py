# SPDX-License-Identifier: MIT
"""What networks leave to chance: whole features dropped, the mean and variance that alpha_dropout
keeps, random slopes, choices among classes."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest

import pyautograd as ag

F = ag.nn.functional


@pytest.fixture(autouse=True)
def seeded() -> None:
    ag.manual_seed(7)


def test_features_are_dropped_whole() -> None:
    x = ag.ones(400, 5, 3, requires_grad=True)
    for call in (
        lambda: ag.feature_dropout(x, 0.25, True),
        lambda: F.dropout1d(x, 0.25),
        lambda: F.dropout2d(x[..., None], 0.25)[..., 0],
        lambda: F.dropout3d(x[..., None, None], 0.25)[..., 0, 0],
    ):
        x.grad = None
        y = call()
        assert bool((y == y[:, :, :1]).all()) and set(y.flatten().tolist()) == {0.0, 1 / 0.75}
        assert abs((y == 0).double().mean().item() - 0.25) < 0.05
        y.sum().backward()
        assert x.grad.tolist() == y.tolist()
    for call, shape in ((F.dropout1d, (500, 4)), (F.dropout3d, (500, 2, 2, 1))):
        y = call(ag.ones(shape))
        assert y.shape == shape and bool((y.flatten(1) == y.flatten(1)[:, :1]).all())
        assert 0.4 < (y == 0).double().mean().item() < 0.6


@pytest.mark.parametrize("name", ["alpha_dropout", "feature_alpha_dropout"])
def test_alpha_dropout_keeps_mean_and_variance(name: str) -> None:
    x = ag.randn(20000, 4).requires_grad_()
    y = getattr(F, name)(x, 0.3, True)  # of two dimensions, each number is a feature
    assert abs(y.mean().item()) < 0.03 and abs(y.var().item() - 1) < 0.03
    # The least of selu, scaled and shifted, where something is dropped: from the paper's formula.
    least, p = -1.7580993408473766, 0.3
    a = 1 / math.sqrt((1 - p) * (1 + p * least * least))
    dropped = (y - (a * least - a * p * least)).abs() < 1e-12
    assert abs(dropped.double().mean().item() - p) < 0.01
    assert ag.allclose(y[~dropped], a * x[~dropped] - a * p * least, rtol=1e-14)
    y.sum().backward()
    assert ag.allclose(x.grad, a * (~dropped).double())


@pytest.mark.parametrize(
    "name", ["dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"]
)
def test_forms_in_place(name: str) -> None:
    function, in_place = getattr(ag, name), getattr(ag, name + "_")
    x = ag.randn(20, 5)
    ag.manual_seed(3)
    expected = function(x, 0.5, True)
    ag.manual_seed(3)
    base = x.clone().requires_grad_()
    y = base * 1
    assert in_place(y, 0.5, True) is y and y.tolist() == expected.tolist() and y._version == 1
    y.sum().backward()
    assert not base.grad.equal(ag.zeros_like(base))
    state = ag.get_rng_state()
    assert in_place(y, 0.0, True) is y and in_place(y, 0.5, False) is y
    assert function(x, 0.5, False) is x and ag.get_rng_state().equal(state)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        in_place(base, 0.5, True)
    with pytest.raises(RuntimeError, match=r"between 0 and 1, but got 1\.5"):
        function(x, 1.5, True)
    with pytest.raises(RuntimeError, match="result type Double can't be cast"):
        function(x.long(), 0.5, True)
    if hasattr(F, name):
        with pytest.raises(ValueError, match=r"between 0 and 1, but got 1\.5"):
            getattr(F, name)(x, 1.5)
        assert getattr(F, name)(y, 0.5, True, inplace=True) is y


def test_how_many_dimensions_features_need() -> None:
    with pytest.raises(RuntimeError, match="at least 2 dimensions"):
        ag.feature_dropout(ag.ones(3), 0.5, True)
    with pytest.raises(RuntimeError, match="Expected 2D or 3D input, but received a 1D"):
        F.dropout1d(ag.ones(3))
    with pytest.warns(UserWarning, match="Received a 2-D input to dropout2d"):
        F.dropout2d(ag.ones(3, 3))
    with pytest.warns(UserWarning, match="Received a 3D input to dropout2d"):
        F.dropout2d(ag.ones(3, 3, 3))
    with pytest.warns(UserWarning, match="Received a 3-D input to dropout3d"):
        F.dropout3d(ag.ones(3, 3, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.dropout2d(ag.ones(3, 3, 3, 3))
        F.dropout3d(ag.ones(3, 3, 3, 3))


def test_rrelu() -> None:
    x = ag.linspace(-3, 3, 6001).requires_grad_()
    y = ag.rrelu(x, 0.25, 0.75, True)
    slopes = (y / x).detach()[:3000]
    assert y[3001:].equal(x[3001:]) and slopes.min() >= 0.25 and slopes.max() < 0.75
    assert abs(slopes.mean().item() - 0.5) < 0.01 and slopes.unique().numel() > 2990
    y.sum().backward()
    assert ag.allclose(x.grad[:3000], slopes) and x.grad[3001:].equal(ag.ones(3000))
    g = ag.Generator()
    assert ag.rrelu(x, training=True, generator=g.manual_seed(1)).equal(
        ag.rrelu(x, training=True, generator=g.manual_seed(1))
    )
    z = x.detach().clone()
    assert F.rrelu(z, 0.5, 0.5, True, inplace=True) is z
    assert z.equal(F.leaky_relu(x.detach(), 0.5))
    assert F.rrelu(x).equal(F.leaky_relu(x, (1 / 8 + 1 / 3) / 2))


def test_rrelu_of_what_was_refused_draws_nothing() -> None:
    g = ag.Generator()
    before = g.get_state()
    for x, lower, said in (
        (ag.ones(3), 0.5, "Lower bound should be"),
        (ag.ones(3), math.inf, "lower bound must be finite"),
        (ag.ones(3).long(), 0.1, "not implemented for 'Long'"),
    ):
        with pytest.raises((RuntimeError, NotImplementedError), match=said):
            ag.rrelu(x, lower, 0.4, True, g)
    with pytest.raises(RuntimeError, match="leaf"):
        ag.rrelu_(ag.ones(3, requires_grad=True), 0.1, 0.4, True, g)
    assert g.get_state().equal(before)


@pytest.mark.parametrize("dim", [0, -1])
@pytest.mark.parametrize("hard", [False, True])
def test_gumbel_softmax_chooses_by_the_softmax(dim: int, hard: bool) -> None:
    odds = ag.tensor([0.5, 1.0, -1.0])
    logits = odds.expand(20000, 3).contiguous()
    logits = (logits.t().contiguous() if dim == 0 else logits).requires_grad_()
    y = F.gumbel_softmax(logits, 0.5, hard, dim=dim)
    assert ag.allclose(y.sum(dim), ag.ones(20000))
    if hard:
        assert set(y.flatten().tolist()) == {0.0, 1.0}
    shares = ag.nn.functional.one_hot(y.argmax(dim), 3).double().mean(0)
    assert ag.allclose(shares, odds.softmax(0), atol=0.015)
    weights: Any = ag.tensor([1.0, 2.0, 5.0])
    (y * (weights[:, None] if dim == 0 else weights)).sum().backward()
    # The gradient of a softmax at temperature 1/2, of rows that sum to 1: it sums to 0.
    assert ag.allclose(logits.grad.sum(dim), ag.zeros(20000), atol=1e-12)
    assert logits.grad.abs().max() > 0.1


def test_gumbel_softmax_warns_of_eps_and_refuses_integers() -> None:
    with pytest.warns(UserWarning, match="`eps` parameter is deprecated"):
        F.gumbel_softmax(ag.zeros(2), eps=1e-5)
    with pytest.raises(RuntimeError, match="float64"):
        F.gumbel_softmax(ag.zeros(2, dtype=ag.int64))
