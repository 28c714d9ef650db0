# SPDX-License-Identifier: MIT
"""nn.functional: what the op cases do not look at. Arguments of PyTorch's own, what is written in
place, what is random, edges of losses and of distances, gradients that PyTorch has none of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
import pyautograd.nn.functional as F
from pyautograd.testing import gradcheck, gradgradcheck
from support import leaf, values

INF, NAN = math.inf, math.nan


def gradient(f: Any, numbers: Any) -> Any:
    x = leaf(numbers)
    (g,) = ag.autograd.grad(f(x).sum(), x)
    return g.tolist()


# ---- ways to call --------------------------------------------------------------------------------


def test_relu_in_place() -> None:
    x = ag.tensor([-1.0, 2.0])
    assert F.relu(x) is not x and x.tolist() == [-1.0, 2.0]
    assert F.relu(x, inplace=True) is x and x.tolist() == [0.0, 2.0]
    with pytest.raises(RuntimeError, match="leaf"):
        F.relu(ag.ones(1, requires_grad=True), True)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_the_dimension_that_is_meant(name: str) -> None:
    call = getattr(F, name)
    for shape, dim in (((), 0), ((3,), 0), ((2, 3), 1), ((2, 3, 2), 0), ((2, 1, 3, 2), 1)):
        x = ag.tensor(np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape))
        with pytest.warns(UserWarning, match=f"Implicit dimension choice for {name}"):
            y = call(x)
        assert y.tolist() == call(x, dim).tolist()
    assert call(ag.tensor([1, 1]), 0, dtype=ag.float64).dtype is ag.float64
    with pytest.raises(NotImplementedError):
        call(ag.tensor([1, 1]), 0)
    with pytest.raises(TypeError, match="argument 'dim' must be int"):
        call(ag.ones(2), "a")


def test_old_ways_to_say_a_reduction() -> None:
    x, t = ag.tensor([1.0, 3.0]), ag.zeros(2)
    for old, new in (
        ({"size_average": True}, "mean"),
        ({"size_average": False}, "sum"),
        ({"reduce": False, "size_average": True}, "none"),
        ({"reduce": True}, "mean"),
    ):
        with pytest.warns(UserWarning, match=f"reduction='{new}'"):
            assert F.mse_loss(x, t, **old).tolist() == F.mse_loss(x, t, reduction=new).tolist()
    with pytest.warns(UserWarning, match="reduction='sum'"):
        assert F.l1_loss(x, t, False, None, "none").tolist() == 4.0
    with pytest.raises(TypeError, match="argument 'reduce' must be bool"):
        F.mse_loss(x, t, reduce=1)


def test_reductions_that_there_are_not() -> None:
    for reduction in ("average", None, 1):
        with pytest.raises(ValueError, match=f"{reduction} is not a valid value for reduction"):
            F.mse_loss(ag.ones(2), ag.ones(2), reduction=reduction)


def test_what_is_broadcast_is_told() -> None:
    with pytest.warns(UserWarning, match=r"size \(pyautograd.Size\(\[1\]\)\) that is different"):
        assert F.mse_loss(ag.ones(2, 2), ag.zeros(1)).tolist() == 1.0
    with pytest.raises(ValueError, match="must be the same as input size"):
        F.binary_cross_entropy_with_logits(ag.ones(2), ag.ones(1))
    with pytest.raises(ValueError, match="Weights and input"):
        F.mse_loss(ag.ones(2), ag.ones(2), weight=ag.ones(1))
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(ag.zeros(2), ag.ones(2))


def test_operands_of_other_dtypes() -> None:
    x = leaf([1.0, 3.0])
    loss = F.mse_loss(x, ag.tensor([1, 1]))
    loss.backward()
    assert loss.tolist() == 2.0 and x.grad.tolist() == [0.0, 2.0]
    with pytest.raises(NotImplementedError):
        F.mse_loss(ag.tensor([1]), ag.tensor([2]))


# ---- losses --------------------------------------------------------------------------------------


def test_tails_of_log_odds() -> None:
    def loss(x: Any, t: float) -> Any:
        return F.binary_cross_entropy_with_logits(x, ag.full_like(x, t), reduction="none")

    small = math.log1p(math.exp(-40.0))
    assert loss(ag.tensor([40.0, 1000.0, -1000.0]), 1.0).tolist() == [small, 0.0, 1000.0]
    assert loss(ag.tensor([-40.0, 1000.0, -1000.0]), 0.0).tolist() == [small, 1000.0, 0.0]
    assert gradient(lambda x: loss(x, 1.0), [0.0, 40.0]) == pytest.approx([-0.5, -small], 1e-12)
    assert gradient(lambda x: loss(x, 0.0), [0.0, -40.0]) == pytest.approx([0.5, small], 1e-12)
    assert loss(ag.tensor([INF, -INF]), 0.0).tolist() == [INF, 0.0]


def test_weights_of_positives_have_gradients() -> None:
    rng = np.random.default_rng(0)
    x, t, w = (leaf(rng.uniform(0.2, 0.8, s)) for s in ((2, 3), (2, 3), (3,)))

    def loss(x: Any, t: Any, w: Any) -> Any:
        return F.binary_cross_entropy_with_logits(x, t, pos_weight=w)

    assert gradcheck(loss, (x, t, w)) and gradgradcheck(loss, (x, t, w))


def test_probabilities_at_the_ends() -> None:
    def loss(x: Any, t: float) -> Any:
        return F.binary_cross_entropy(x, ag.full_like(x, t), reduction="none")

    assert loss(ag.tensor([0.0, 1.0]), 1.0).tolist() == [100.0, 0.0]
    assert gradient(lambda x: loss(x, 1.0), [0.0, 1.0]) == [-1e12, 0.0]
    for wrong in (1.5, -0.5, NAN):
        with pytest.raises(RuntimeError, match="between 0 and 1"):
            loss(ag.tensor([0.5, wrong]), 1.0)


def test_divergence_of_what_is_impossible() -> None:
    def loss(t: Any) -> Any:
        return F.kl_div(ag.tensor([-1.0, 0.0]), t, reduction="sum", log_target=True)

    assert loss(ag.tensor([-INF, 0.0])).tolist() == 0.0
    assert gradient(loss, [-INF, 0.0]) == [0.0, 1.0]


def test_second_derivatives_at_kinks() -> None:
    for f, wanted in (
        (lambda x: F.huber_loss(x, ag.zeros(3), reduction="sum", delta=2.0), [0.0, 1.0, 1.0]),
        (lambda x: F.smooth_l1_loss(x, ag.zeros(3), reduction="sum", beta=2.0), [0.0, 0.5, 0.5]),
    ):
        x = leaf([-3.0, 1.0, 0.0])
        (g,) = ag.autograd.grad(f(x), x, create_graph=True)
        assert ag.autograd.grad(g.sum(), x)[0].tolist() == wanted


def test_ignored_targets_poison_nothing() -> None:
    x = leaf([[-INF, -INF], [0.0, 0.0]])
    loss = F.cross_entropy(x, ag.tensor([-100, 1]))
    loss.backward()
    assert loss.tolist() == math.log(2.0) and x.grad.tolist() == [[0.0, 0.0], [0.5, -0.5]]
    nothing = F.cross_entropy(ag.zeros(2, 3), ag.tensor([-100, -100]))
    assert math.isnan(nothing.tolist())
    each = F.nll_loss(ag.tensor([[0.0, -1.0]]), ag.tensor([0]), reduction="none")
    assert math.copysign(1.0, each.tolist()[0]) == 1.0


def test_smoothed_targets_of_dimensions() -> None:
    rng = np.random.default_rng(0)
    x = leaf(rng.uniform(-1, 1, (2, 3, 2)))
    t, w = ag.tensor([[0, 2], [1, -100]]), ag.tensor([1.0, 2.0, 3.0])

    def loss(x: Any) -> Any:
        return F.cross_entropy(x, t, weight=w, label_smoothing=0.3)

    log_p = values(x) - np.log(np.exp(values(x)).sum(1, keepdims=True))
    total = by = 0.0
    for n, k, c in ((0, 0, 0), (0, 1, 2), (1, 0, 1)):
        row, weights = log_p[n, :, k], values(w)
        total += -0.7 * weights[c] * row[c] - 0.1 * (weights * row).sum()
        by += weights[c]
    assert loss(x).tolist() == pytest.approx(total / by, 1e-13)
    assert gradcheck(loss, x) and gradgradcheck(loss, x)


# ---- classes -------------------------------------------------------------------------------------


def test_rows_that_are_taken_several_times() -> None:
    def rows(index: Any, **more: Any) -> Any:
        return gradient(lambda w: F.embedding(ag.tensor(index), w, **more), np.ones((3, 1)))

    assert rows([1, 0, 1]) == [[1.0], [2.0], [0.0]]
    assert rows([1, 0, 1], padding_idx=0) == [[0.0], [2.0], [0.0]]
    assert rows([2, 1, 1], padding_idx=-1) == [[0.0], [2.0], [0.0]]
    assert rows([1, 0, 1, 1], scale_grad_by_freq=True) == [[1.0], [1.0], [0.0]]
    w = leaf(np.ones((3, 2)))
    y = F.embedding(ag.tensor([[1, 1], [2, 0]]), w, padding_idx=2, scale_grad_by_freq=True)
    (g,) = ag.autograd.grad((y * y).sum(), w, create_graph=True)
    (h,) = ag.autograd.grad((g * g).sum(), w)
    assert h.tolist() == [[8.0, 8.0], [8.0, 8.0], [0.0, 0.0]]
    with pytest.raises(IndexError):
        F.embedding(ag.tensor([3]), w)
    with pytest.raises(AssertionError):
        F.embedding(ag.tensor([0]), w, padding_idx=3)


def test_rows_that_are_shortened() -> None:
    w = leaf([[3.0, 4.0], [0.0, 1.0], [6.0, 8.0]])
    y = F.embedding(ag.tensor([0, 0, 1]), w, max_norm=2.0)
    assert w.tolist() == pytest.approx(np.array([[1.2, 1.6], [0.0, 1.0], [6.0, 8.0]]), 1e-7)
    assert y.tolist()[0] == w.tolist()[0] and y.requires_grad
    with pytest.raises(NotImplementedError):
        F.embedding(ag.tensor([0]), w, sparse=True)


def test_one_hot() -> None:
    assert F.one_hot(ag.tensor(1)).tolist() == [0, 1]
    assert F.one_hot(ag.tensor([[0], [2]]), 4).shape == (2, 1, 4)
    assert F.one_hot(ag.zeros(0, dtype=ag.int64), 3).shape == (0, 3)
    for index, n in (([-1], 3), ([3], 3), ([], -1)):
        with pytest.raises(RuntimeError):
            F.one_hot(ag.tensor(index, dtype=ag.int64), n)


# ---- norms ---------------------------------------------------------------------------------------


def test_rows_that_are_constant() -> None:
    x = leaf([5.0, 5.0, 5.0])
    y = F.layer_norm(x, (3,))
    (g,) = ag.autograd.grad(y[0], x)
    assert y.tolist() == [0.0, 0.0, 0.0]
    near = math.sqrt(1e5) / 3
    assert g.tolist() == pytest.approx([2 * near, -near, -near], 1e-12)


def test_third_derivatives_of_norms() -> None:
    c = ag.tensor([1.0, -1.0])
    for f in (
        lambda t: F.layer_norm(c * t, (2,), eps=3.0)[0],
        lambda t: F.batch_norm((c * t).reshape(2, 1), None, None, training=True, eps=3.0)[0, 0],
    ):
        t = leaf(1.0)
        y = f(t)
        for wanted in (0.375, -0.28125, 0.0703125):
            (y,) = ag.autograd.grad(y, t, create_graph=True)
            assert y.tolist() == pytest.approx(wanted, 1e-12)


def test_large_rows_are_shared_among_threads_to_the_same_bits() -> None:
    x = ag.randn(600, 500, generator=ag.Generator().manual_seed(0)).requires_grad_()
    before = ag.get_num_threads()
    found = []
    try:
        for n in (1, 2, 3):
            ag.set_num_threads(n)
            y = F.layer_norm(x, (500,))
            found.append((y.tolist(), ag.autograd.grad(y.square().sum(), x)[0].tolist()))
    finally:
        ag.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("shape", [(900, 30), (20, 5, 300), (6, 3, 20, 30)])
def test_batch_norm_of_large_batches(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    a, h = rng.standard_normal(shape), rng.standard_normal(shape)
    scale, shift = rng.standard_normal(shape[1]), rng.standard_normal(shape[1])
    dims = tuple(d for d in range(len(shape)) if d != 1)
    channels = tuple(shape[1] if d == 1 else 1 for d in range(len(shape)))
    d = a - a.mean(dims, keepdims=True)
    y = d / np.sqrt((d * d).mean(dims, keepdims=True) + 1e-5)
    r = y / d
    even, share = h.mean(dims, keepdims=True), (h * y).mean(dims, keepdims=True)
    before, found = ag.get_num_threads(), []
    try:
        for n in (1, 2):
            ag.set_num_threads(n)
            x, w, b = leaf(a), leaf(scale), leaf(shift)
            z = F.batch_norm(x, None, None, w, b, training=True)
            z.backward(ag.tensor(h))
            found.append([z.tolist(), *(t.grad.tolist() for t in (x, w, b) if t.grad is not None)])
    finally:
        ag.set_num_threads(before)
    assert found[0] == found[1]
    wanted = y * scale.reshape(channels) + shift.reshape(channels)
    assert np.allclose(found[0][0], wanted, 1e-12, 1e-12)
    slope = scale.reshape(channels) * r * (h - even - y * share)
    assert np.allclose(found[0][1], slope, 1e-11, 1e-12)
    assert np.allclose(found[0][2], (h * y).sum(dims), 1e-11, 1e-10)
    assert np.allclose(found[0][3], h.sum(dims), 1e-11, 1e-11)


def test_batch_norm_of_nothing() -> None:
    x, w, b = ag.zeros(0, 3, 2, requires_grad=True), leaf([1.0] * 3), leaf([0.0] * 3)
    F.batch_norm(x, None, None, w, b, training=True).sum().backward()
    assert w.grad is not None and w.grad.tolist() == [0.0] * 3
    assert b.grad is not None and b.grad.tolist() == [0.0] * 3


def test_running_statistics() -> None:
    x = ag.tensor([[1.0, 10.0], [3.0, 30.0]])
    mean, var = ag.zeros(2), ag.ones(2)
    F.batch_norm(x, mean, var, training=True, momentum=0.5)
    assert mean.tolist() == [1.0, 10.0] and var.tolist() == [1.5, 100.5]
    y = F.batch_norm(x, mean, var, eps=0.0)
    assert y.tolist()[0] == [0.0, 0.0] and mean.tolist() == [1.0, 10.0]
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        F.batch_norm(ag.ones(1, 2), None, None, training=True)
    with pytest.raises(RuntimeError):
        F.batch_norm(x, None, None)


def test_dropout() -> None:
    ag.manual_seed(3)
    x = leaf(np.full(10000, 2.0))
    y = F.dropout(x, 0.25)
    y.sum().backward()
    kept = values(y) != 0
    assert abs(kept.mean() - 0.75) < 0.02 and set(y.tolist()) == {0.0, 2 * (1 / 0.75)}
    assert np.array_equal(values(x.grad), np.where(kept, 1 / 0.75, 0.0))
    ag.manual_seed(3)
    assert F.dropout(x, 0.25).tolist() == y.tolist()
    assert F.dropout(x, 0.0) is x and F.dropout(x, training=False) is x
    assert F.dropout(x, 1.0).tolist() == [0.0] * 10000
    z = ag.ones(100)
    assert F.dropout(z, inplace=True) is z and set(z.tolist()) == {0.0, 2.0}
    for p in (-0.1, 1.5, NAN):
        with pytest.raises(ValueError, match="dropout probability"):
            F.dropout(z, p)


def test_rows_that_are_one_number_repeated() -> None:
    """A copy of what is large and strided would be computed late, but its numbers are read."""
    n, t = 100_000, ag.tensor([1, 2, 3])
    x = ag.full((1, 1), 3.0).expand(3, n)
    assert F.nll_loss(x, t).item() == -3.0
    assert F.cross_entropy(x, t).item() == pytest.approx(math.log(n), 1e-12)
    assert F.layer_norm(x, (n,)).abs().max().item() == 0.0
    assert F.embedding(t, x.t()).tolist() == [[3.0] * 3] * 3
    y = ag.zeros(3, n).requires_grad_()
    for loss in F.nll_loss, F.cross_entropy:
        (g,) = ag.autograd.grad(loss(y * 1.0, t), y, create_graph=True)
        (h,) = ag.autograd.grad((g * y).sum(), y)
        assert h[0, 1].item() == pytest.approx(-1 / 3, abs=1e-4)


# ---- distances -----------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0, INF])
def test_no_gradient_at_no_distance(p: float) -> None:
    assert gradient(lambda x: ag.cdist(x, ag.tensor([[1.0, 2.0]]), p), [[1.0, 2.0]]) == [[0.0, 0.0]]
    assert gradient(lambda x: ag.pdist(x, p), [[1.0, 2.0]] * 2) == [[0.0, 0.0]] * 2


def test_close_rows_far_away() -> None:
    x = ag.arange(30.0).reshape(30, 1) + 1e8
    d = ag.cdist(x, x)
    assert d[0, 1].tolist() == 1.0 and d[0, 29].tolist() == 29.0 and d[3, 3].tolist() == 0.0


def test_shapes_of_distances() -> None:
    assert ag.cdist(ag.zeros(2, 0), ag.zeros(3, 0)).tolist() == [[0.0] * 3] * 2
    assert ag.cdist(ag.zeros(2, 1, 3), ag.zeros(4, 3)).shape == (2, 1, 4)
    assert ag.pdist(ag.zeros(1, 2)).shape == (0,)
    with pytest.raises(RuntimeError):
        ag.cdist(ag.zeros(2), ag.zeros(2, 2))


def test_cosines_of_nothing() -> None:
    x, y = leaf([0.0, 0.0]), leaf([3.0, 4.0])
    c = ag.cosine_similarity(x, y, dim=0)
    c.backward()
    assert c.tolist() == 0.0 and y.grad.tolist() == [0.0, 0.0]
    assert x.grad.tolist() == pytest.approx([0.6e8, 0.8e8], 1e-12)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, 1.5, INF])
def test_second_derivatives_of_distances(p: float) -> None:
    rng = np.random.default_rng(1)
    x, y = leaf(rng.uniform(0, 1, (2, 3))), leaf(rng.uniform(2, 3, (2, 3)))
    assert gradgradcheck(lambda x, y: ag.cdist(x, y, p), (x, y))
    assert gradgradcheck(lambda x: ag.pdist(x, p), leaf(rng.uniform(0, 1, (3, 2))))


@pytest.mark.parametrize(
    ("var", "loss", "slope"),
    [
        (INF, INF, 0.0),
        (0.1, (math.log(0.5) + 8.0) / 2.0, -7.0),  # 0.5 (1 / eps - d^2 / eps^2), at eps
        (2.0, (math.log(2.0) + 2.0) / 2.0, -0.25),
        (NAN, NAN, NAN),
    ],
)
def test_variances_of_gaussian_nll_loss(var: float, loss: float, slope: float) -> None:
    """What is less than eps counts as eps, and what is inf or NaN as itself; a number, too."""

    def call(v: Any) -> Any:
        return F.gaussian_nll_loss(ag.tensor([2.0]), ag.zeros(1), v, eps=0.5, reduction="none")

    np.testing.assert_allclose(call(leaf([var])).tolist(), [loss], rtol=1e-15)
    np.testing.assert_allclose(call(var).tolist(), [loss], rtol=1e-15)
    np.testing.assert_allclose(gradient(call, [var]), [slope], rtol=1e-15)
