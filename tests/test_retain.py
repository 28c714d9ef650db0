# SPDX-License-Identifier: MIT
"""retain_graph and retain_grad: what a backward frees, and when that is missed."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, real_sizes_only, values

SECOND = "Trying to backward through the graph a second time"


def test_second_backward_needs_what_the_first_freed() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=SECOND):
        y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_retain_graph_keeps_it() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    for k in range(1, 4):
        y.backward(retain_graph=True)
        assert x.grad.tolist() == [2.0 * k, 4.0 * k]
    y.backward()
    with pytest.raises(RuntimeError, match=SECOND):
        y.backward()
    assert x.grad.tolist() == [8.0, 16.0]


def test_graphs_that_saved_nothing_can_be_run_again() -> None:
    """add, sub, sum, mean, views: their rules need no value, so none is missed."""
    x = leaf([[1.0, 2.0]])
    for f in (
        lambda x: (x + 1).sum(),
        lambda x: (1 - x).mean(),
        lambda x: (-x).t().view(-1).sum(),
        lambda x: x.expand(3, 2)[1:].sum(),
    ):
        x.grad = None
        y = f(x)
        y.backward()
        once = values(x.grad)
        y.backward()
        assert np.array_equal(values(x.grad), 2 * once)


def test_freed_only_along_the_path_that_was_run() -> None:
    x = leaf([1.0, 2.0])
    shared = x.exp()
    a, b = (shared * 2).sum(), (x * x).sum()
    a.backward()
    b.backward()
    assert np.allclose(values(x.grad), 2 * np.exp([1, 2]) + [2, 4])
    with pytest.raises(RuntimeError, match=SECOND):
        (shared * 3).sum().backward()


def test_what_made_an_input_keeps_its_values() -> None:
    """The gradient of an input is wanted, not that of what it was made from."""
    for n in (3, 20000):
        x = ag.full((n,), 3.0, requires_grad=True)
        y = x.exp()
        ag.autograd.grad((y * 2).sum(), [y])
        (y * 5).sum().backward(inputs=[y])
        y.sum().backward()
        assert np.allclose(values(x.grad), np.exp(3.0), rtol=1e-14)


def test_the_failed_second_backward_changes_nothing() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    z = (x * x).sum()
    z.backward()
    both = z + (y * 2).sum()
    with pytest.raises(RuntimeError, match=SECOND):
        both.backward()
    assert y.grad is None and x.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("n", [3, 20_000])
def test_a_backward_that_failed_can_be_tried_again(n: int) -> None:
    """It fails at its very end, when every rule has run: an expanded .grad cannot be added to."""
    x, y = leaf([0.5] * n), leaf([2.0] * n)
    p = x.exp() * y
    loss = (p * p).sum()
    x.grad = ag.zeros(1).expand(n)
    y.grad = ag.ones(n)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="single memory location"):
            loss.backward()
        assert x.grad.stride() == (0,) and y.grad.tolist() == [1.0] * n and y.grad._version == 0
    x.grad = None
    loss.backward()
    assert np.allclose(values(x.grad), 8 * np.e, rtol=1e-14)
    assert np.allclose(values(y.grad), 4 * np.e + 1, rtol=1e-14)
    with pytest.raises(RuntimeError, match=SECOND):
        loss.backward()


@real_sizes_only
def test_many_saved_values_go_on_the_way_all_the_same() -> None:
    """More of them than a backward keeps until its end: each goes with its rule, as in PyTorch."""
    before = ag.memory_allocated()
    y = leaf([0.5] * 4000)
    scales = [leaf([1.001] * 4000) for _ in range(200)]
    for scale in scales:
        y = (y * scale).sin()
    ag.reset_peak_memory_stats()
    saved = ag.memory_allocated() - before
    y.sum().backward()
    gradients = 200 * 4000 * 8
    assert saved > 2 * gradients
    assert ag.max_memory_allocated() - before < saved + gradients / 5


def test_create_graph_without_retain_graph_frees_what_the_first_graph_saved() -> None:
    """As in PyTorch, where retain_graph is create_graph unless it is given."""
    x = leaf(0.3)
    y = x.sin().exp()
    (slope,) = ag.autograd.grad(y, x, create_graph=True, retain_graph=False)
    assert np.isclose(slope.item(), np.cos(0.3) * np.exp(np.sin(0.3)), rtol=1e-15)
    with pytest.raises(RuntimeError, match=SECOND):
        ag.autograd.grad(slope, x)
    y = x.sin().exp()
    (slope,) = ag.autograd.grad(y, x, create_graph=True)
    (bend,) = ag.autograd.grad(slope, x)
    expected = (np.cos(0.3) ** 2 - np.sin(0.3)) * np.exp(np.sin(0.3))
    assert np.isclose(bend.item(), expected, rtol=1e-14)


def test_grad_frees_too() -> None:
    x = leaf(2.0)
    y = x * x
    ag.autograd.grad(y, x)
    with pytest.raises(RuntimeError, match=SECOND):
        ag.autograd.grad(y, x)
    z = x * x
    ag.autograd.grad(z, x, retain_graph=True)
    ag.autograd.grad(z, x)


def test_retain_graph_of_a_vector(rng: np.random.Generator) -> None:
    """Rows of a Jacobian, one backward each over one graph."""
    x = leaf([1.0, 2.0, 3.0])
    y = x * x * x.sum()
    rows = [
        ag.autograd.grad(y, x, ag.tensor(row), retain_graph=True)[0].tolist() for row in np.eye(3)
    ]
    a = np.array([1.0, 2.0, 3.0])
    assert np.allclose(rows, np.diag(2 * a * a.sum()) + (a * a)[:, None])


def test_the_graph_is_freed_though_its_root_lives() -> None:
    x = leaf(np.ones(1000))
    inner = x.exp()
    root = (inner * inner).sum()
    root.backward()
    value = inner.sum().item()
    del inner
    gc.collect()
    assert root.item() == pytest.approx(1000 * np.e**2) and value > 0


# ---- retain_grad ---------------------------------------------------------------------------------


def test_retain_grad() -> None:
    x = leaf([1.0, 2.0])
    y = x * x
    assert not y.retains_grad
    y.retain_grad()
    assert y.retains_grad
    z = y * 3
    z.sum().backward()
    assert y.grad.tolist() == [3.0, 3.0] and x.grad.tolist() == [6.0, 12.0]


def test_retain_grad_of_the_root() -> None:
    x = leaf(2.0)
    y = x * 3
    y.retain_grad()
    y.backward()
    assert y.grad.item() == 1.0 and x.grad.item() == 3.0


def test_retained_gradients_add_up() -> None:
    x = leaf([1.0])
    y = x * 2
    y.retain_grad()
    y.sum().backward(retain_graph=True)
    held = y.grad
    y.sum().backward()
    assert y.grad.tolist() == [2.0] and held.shape == y.grad.shape


def test_retain_grad_is_the_whole_gradient() -> None:
    x = leaf([1.0])
    y = x * 2
    y.retain_grad()
    (y * 3 + y * 4).sum().backward()
    assert y.grad.tolist() == [7.0]


def test_retain_grad_after_use() -> None:
    x = leaf([1.0])
    y = x * 2
    z = (y * y).sum()
    y.retain_grad()
    z.backward()
    assert y.grad.tolist() == [4.0]


def test_retain_grad_twice_counts_once() -> None:
    y = leaf([1.0]) * 2
    y.retain_grad()
    y.retain_grad()
    (y * 5).sum().backward()
    assert y.grad.tolist() == [5.0]


def test_retain_grad_of_a_leaf_is_no_error_and_no_news() -> None:
    x = leaf([1.0])
    x.retain_grad()
    assert not x.retains_grad
    x.sum().backward()
    assert x.grad.tolist() == [1.0]


def test_retained_grad_of_a_tensor_that_is_gone() -> None:
    x = leaf([1.0])
    y = x * 2
    y.retain_grad()
    z = y * 3
    del y
    gc.collect()
    z.sum().backward()
    assert x.grad.tolist() == [6.0]


def test_retained_grad_is_its_own_memory() -> None:
    x = leaf([1.0, 2.0])
    y = x + 1
    y.retain_grad()
    y.backward(ag.tensor([1.0, 1.0]))
    y.grad.mul_(9)
    assert x.grad.tolist() == [1.0, 1.0]


def test_retained_grad_can_be_zeroed_and_set() -> None:
    x = leaf([1.0])
    y = x * 2
    y.retain_grad()
    y.sum().backward(retain_graph=True)
    y.grad.data.zero_()
    assert y.grad.tolist() == [0.0]
    y.grad = None
    y.sum().backward()
    assert y.grad.tolist() == [1.0]


def test_retain_grad_survives_an_in_place_write() -> None:
    """The gradient kept is that of what the tensor is when backward runs."""
    x = leaf([1.0, 2.0])
    y = x * 2
    y.retain_grad()
    y.add_(1)
    (y * 5).sum().backward()
    assert y.grad.tolist() == [5.0, 5.0] and x.grad.tolist() == [10.0, 10.0]


def test_autograd_grad_does_not_fill_retained_grads() -> None:
    x = leaf([1.0])
    y = x * 2
    y.retain_grad()
    ag.autograd.grad(y.sum(), x)
    assert x.grad is None
