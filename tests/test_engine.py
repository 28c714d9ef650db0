# SPDX-License-Identifier: MIT
"""The walk backward: order, counts of uses, what is asked for and what is left alone."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values


def test_diamond() -> None:
    x = leaf(3.0)
    a = x * 2
    b = a * a
    c = a + b
    (b * c).backward()  # 4x^2 (2x + 4x^2)
    assert x.grad.item() == pytest.approx(24 * 9 + 64 * 27)


def test_a_ladder_of_diamonds_is_walked_once_per_node() -> None:
    """2^60 paths, 120 nodes: each node passes its whole gradient on once."""
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_uses_of_different_depth() -> None:
    """A node waits for its last user, however near the others are."""
    x = leaf([1.0, 2.0])
    early = x * 3
    late = early
    for _ in range(10):
        late = late + 1
    (early * late).sum().backward()
    assert x.grad.tolist() == [3 * 13 + 3 * 3, 3 * 16 + 3 * 6]


def test_wide_fan_out_and_fan_in() -> None:
    x = leaf([1.0, -1.0])
    total = x * 0
    for k in range(2000):
        total = total + x * k
    total.sum().backward()
    assert x.grad.tolist() == [1999000.0, 1999000.0]


def test_only_what_needs_it_is_differentiated() -> None:
    x, c = leaf([1.0, 2.0]), ag.tensor([3.0, 4.0])
    (x * c).sum().backward()
    assert c.grad is None and x.grad.tolist() == [3.0, 4.0]


def test_branches_that_do_not_reach_the_root_are_left_alone() -> None:
    x, y = leaf(1.0), leaf(2.0)
    unused = (x * y).exp()
    (x * 3).backward()
    assert y.grad is None and x.grad.item() == 3.0
    unused.backward()
    assert y.grad.item() == pytest.approx(np.exp(2.0))


def test_the_cotangent_is_not_changed_and_not_shared() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    v = ag.tensor([1.0, 10.0])
    (x + y).backward(v)
    assert v.tolist() == [1.0, 10.0]
    x.grad.mul_(7)
    assert y.grad.tolist() == [1.0, 10.0] and v.tolist() == [1.0, 10.0]
    v.zero_()
    assert y.grad.tolist() == [1.0, 10.0]


def test_gradients_of_two_leaves_share_no_memory() -> None:
    x, y = leaf([[1.0, 2.0]]), leaf([[3.0, 4.0]])
    (x + y).sum().backward()
    x.grad.add_(5)
    assert y.grad.tolist() == [[1.0, 1.0]]
    x.grad[0, 0] = 100.0
    assert x.grad.tolist() == [[100.0, 6.0]]  # not one number under strides of zero


@pytest.mark.parametrize("shape", [(3,), (2, 3), (), (0,)])
def test_a_gradient_has_its_leafs_shape_and_can_be_written(shape: tuple[int, ...]) -> None:
    x = leaf(np.ones(shape))
    x.expand(4, *shape).sum().backward()
    assert tuple(x.grad.shape) == shape and x.grad.is_contiguous()
    x.grad.add_(1)
    assert values(x.grad).tolist() == np.full(shape, 5.0).tolist()
    assert not x.grad.requires_grad and x.grad.is_leaf


def test_gradient_of_a_transposed_leaf() -> None:
    base = ag.tensor(np.arange(6.0).reshape(2, 3))
    x = base.t().requires_grad_()
    (x * ag.tensor(np.arange(6.0).reshape(3, 2))).sum().backward()
    assert x.grad.tolist() == [[0, 1], [2, 3], [4, 5]]


# ---- backward(gradient, retain_graph, create_graph, inputs) --------------------------------------


def test_a_scalar_needs_no_gradient_of_one() -> None:
    for shape in ((), (1,), (1, 1)):
        x = leaf(np.full(shape, 2.0))
        (x * x).backward()
        assert x.grad.item() == 4.0


def test_backward_of_a_leaf_itself() -> None:
    x = leaf(2.0)
    x.backward()
    assert x.grad.item() == 1.0
    y = leaf([1.0, 2.0])
    y.backward(ag.tensor([3.0, 4.0]))
    y.backward(ag.tensor([3.0, 4.0]))
    assert y.grad.tolist() == [6.0, 8.0]


def test_inputs_limits_where_gradients_go() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    z = x * y
    z.sum().backward(inputs=[x], retain_graph=True)
    assert x.grad.tolist() == [3.0, 4.0] and y.grad is None
    z.sum().backward(inputs=y)
    assert y.grad.tolist() == [1.0, 2.0] and x.grad.tolist() == [3.0, 4.0]


def test_inputs_can_be_inside_the_graph() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2
    (y * y).sum().backward(inputs=[y])
    assert x.grad is None
    y.retain_grad()
    assert y.grad.tolist() == [4.0, 8.0]


def test_backward_of_several_roots() -> None:
    x = leaf([1.0, 2.0])
    a, b = (x * 2).sum(), x * x
    ag.autograd.backward([a, b], [None, ag.tensor([1.0, 10.0])])
    assert x.grad.tolist() == [4.0, 42.0]
    ag.autograd.backward((x * 3).sum())
    assert x.grad.tolist() == [7.0, 45.0]


def test_one_root_above_another() -> None:
    x = leaf(2.0)
    a = x * x
    b = a * 3
    ag.autograd.backward([a, b])
    assert x.grad.item() == 16.0


def test_one_root_twice() -> None:
    x = leaf(2.0)
    y = x * 3
    ag.autograd.backward([y, y])
    assert x.grad.item() == 6.0


# ---- autograd.grad -------------------------------------------------------------------------------


def test_grad_returns_and_accumulates_nothing() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    gx, gy = ag.autograd.grad((x * y).sum(), [x, y])
    assert gx.tolist() == [3.0, 4.0] and gy.tolist() == [1.0, 2.0]
    assert x.grad is None and y.grad is None
    (only,) = ag.autograd.grad((x * x).sum(), x)
    assert only.tolist() == [2.0, 4.0]
    assert isinstance(ag.autograd.grad(x.sum(), x), tuple)


def test_grad_with_respect_to_what_is_inside() -> None:
    x = leaf([1.0, 2.0])
    y = x * x
    z = y.exp().sum()
    gy, gx = ag.autograd.grad(z, [y, x])
    assert np.allclose(values(gy), np.exp([1.0, 4.0]), rtol=1e-14)
    assert np.allclose(values(gx), np.exp([1.0, 4.0]) * [2, 4], rtol=1e-14)


def test_grad_with_respect_to_the_output() -> None:
    x = leaf([1.0, 2.0])
    y = x * x
    (g,) = ag.autograd.grad(y, y, ag.tensor([5.0, 6.0]))
    assert g.tolist() == [5.0, 6.0]


def test_grad_stops_at_its_inputs() -> None:
    """What lies behind them is not walked: its freed values are not missed."""
    x = leaf(2.0)
    y = x * x
    y.backward()
    z = y * 3
    (g,) = ag.autograd.grad(z, y)
    assert g.item() == 3.0


def test_unused_inputs() -> None:
    x, y = leaf(1.0), leaf(2.0)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        ag.autograd.grad(x * 2, [x, y])
    gx, gy = ag.autograd.grad(x * 2, [x, y], allow_unused=True)
    assert gx.item() == 2.0 and gy is None


def test_zeros_in_place_of_unused_gradients() -> None:
    """Where the gradients are recorded they require grad, so that a gradient of them exists."""
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    gx, gy = ag.autograd.grad((x * x).sum(), [x, y], create_graph=True, materialize_grads=True)
    assert gx.tolist() == [2.0, 4.0] and gy.tolist() == [0.0, 0.0]
    assert gy.requires_grad and gy.is_leaf and gy.grad_fn is None
    assert ag.autograd.grad(gy.sum(), [x, y], allow_unused=True) == (None, None)
    (hx, hy) = ag.autograd.grad((gx + gy).sum(), [x, y], materialize_grads=True)
    assert hx.tolist() == [2.0, 2.0] and hy.tolist() == [0.0, 0.0]
    assert not hx.requires_grad and not hy.requires_grad


def test_grad_outputs() -> None:
    x = leaf([1.0, 2.0])
    y = x * x
    v = ag.tensor([1.0, 10.0])
    assert ag.autograd.grad(y, x, v, retain_graph=True)[0].tolist() == [2.0, 40.0]
    assert ag.autograd.grad([y], [x], [v], retain_graph=True)[0].tolist() == [2.0, 40.0]
    assert ag.autograd.grad(y, x, grad_outputs=v)[0].tolist() == [2.0, 40.0]
    a, b = x.sum(), (x * 3).sum()
    assert ag.autograd.grad([a, b], x)[0].tolist() == [4.0, 4.0]


def test_the_same_input_asked_twice() -> None:
    x = leaf(3.0)
    a, b = ag.autograd.grad(x * x, [x, x])
    assert a.item() == 6.0 and b.item() == 6.0


# ---- higher derivatives --------------------------------------------------------------------------


def test_create_graph() -> None:
    x = leaf(2.0)
    (first,) = ag.autograd.grad(x**4, x, create_graph=True)
    assert first.requires_grad and first.item() == 32.0
    (second,) = ag.autograd.grad(first, x, create_graph=True)
    (third,) = ag.autograd.grad(second, x, create_graph=True)
    (fourth,) = ag.autograd.grad(third, x)
    assert (second.item(), third.item(), fourth.item()) == (48.0, 48.0, 24.0)
    assert not fourth.requires_grad


def test_create_graph_keeps_the_graph() -> None:
    x = leaf(2.0)
    y = x.exp()
    ag.autograd.grad(y, x, create_graph=True)
    ag.autograd.grad(y, x)


def test_gradient_penalty() -> None:
    x, w = leaf([1.0, 2.0]), leaf([0.5, -0.25])
    (g,) = ag.autograd.grad((w * x * x).sum(), x, create_graph=True)
    (g * g).sum().backward()  # sum (2 w x)^2
    assert np.allclose(values(w.grad), 8 * np.array([0.5, -0.25]) * np.array([1.0, 4.0]))
    assert np.allclose(values(x.grad), 8 * np.array([0.25, 0.0625]) * np.array([1.0, 2.0]))


def test_hessian_vector_product() -> None:
    x, v = leaf([0.3, -1.2, 0.7]), ag.tensor([1.0, 2.0, -1.0])
    (g,) = ag.autograd.grad((x**3).sum() + x[0] * x[1], x, create_graph=True)
    (hv,) = ag.autograd.grad(g, x, v)
    expected = 6 * values(x) * values(v) + np.array([2.0, 1.0, 0.0])
    assert np.allclose(values(hv), expected, rtol=1e-14)


def test_derivative_by_the_cotangent() -> None:
    """Backward is linear in its gradient: differentiating by it runs the graph forward."""
    x = leaf([1.0, 2.0])
    v = leaf([0.0, 0.0])
    (g,) = ag.autograd.grad(x.sin(), x, v, create_graph=True)
    (forward,) = ag.autograd.grad(g, v, ag.tensor([1.0, 10.0]))
    assert np.allclose(values(forward), np.cos([1.0, 2.0]) * [1, 10], rtol=1e-15)


def test_backward_with_create_graph_leaves_a_recorded_grad() -> None:
    x = leaf(3.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the cycle that is broken below
        (x**3).backward(create_graph=True)
    assert x.grad.requires_grad and x.grad.item() == 27.0
    (second,) = ag.autograd.grad(x.grad, x)
    assert second.item() == 18.0
    x.grad = None  # a gradient that leads back to its leaf is a cycle


# ---- grad_fn and next_functions ------------------------------------------------------------------


def test_grad_fn_shows_the_graph() -> None:
    x, c = leaf([1.0, 2.0]), ag.tensor([1.0, 1.0])
    y = x * 2
    z = y + c
    assert z.grad_fn.name() == "AddBackward0"
    (left, right) = z.grad_fn.next_functions
    assert left[0].name() == "MulBackward0" and left[1] == 0
    assert right == (None, 0)
    ((end, index), number) = left[0].next_functions
    assert end.name().endswith("AccumulateGrad") and index == 0
    assert number == (None, 0)
    assert end.next_functions == ()
    assert x.grad_fn is None and c.grad_fn is None


@pytest.mark.parametrize(
    ("call", "inputs"),
    [
        (lambda x: x - 5, 2),
        (lambda x: 5 - x, 1),
        (lambda x: x**3, 1),
        (lambda x: 3**x, 1),
        (lambda x: x**x, 2),
        (lambda x: x.clamp(0.2, 0.4), 1),
        (lambda x: (x * 1).fill_(3), 1),
        (lambda x: (x * 1).fill_(x.sum()), 2),
        (lambda x: ag.where(x.detach() > 0, x, 0.0), 2),
    ],
)
def test_numbers_that_a_node_keeps_are_no_inputs(call: Callable[[Any], Any], inputs: int) -> None:
    x = leaf([0.5, 1.5])
    found = call(x).grad_fn.next_functions
    assert len(found) == inputs and any(node is not None for node, _ in found)


def test_one_node_is_one_object_while_it_is_held() -> None:
    x = leaf([1.0, 2.0])
    y = x.exp()
    node = y.grad_fn
    assert y.grad_fn is node or y.grad_fn == node
    assert (y + 1).grad_fn.next_functions[0][0] == node
    assert hash(y.grad_fn) == hash(node)
    assert x.sin().grad_fn != node


def test_a_node_outlives_its_tensor() -> None:
    x = leaf([1.0, 2.0])
    node = (x * 2).grad_fn
    gc.collect()
    assert node.name() == "MulBackward0"
    assert node.next_functions[0][0].name().endswith("AccumulateGrad")


# ---- what a failure leaves -----------------------------------------------------------------------


def fails_late(x: Any, y: Any) -> Any:
    """A graph whose backward reaches y's gradient and then fails on the way to x."""
    spoiled = x.exp()
    z = (spoiled * 2).sum() + (y * 3).sum()
    with ag.no_grad():
        spoiled.add_(1)
    return z


def test_a_backward_that_fails_changes_no_grad() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    y.grad = ag.tensor([10.0, 20.0])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        fails_late(x, y).backward()
    assert x.grad is None and y.grad.tolist() == [10.0, 20.0]


def test_after_a_failure_all_works_again() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    for _ in range(3):
        with pytest.raises(RuntimeError):
            fails_late(x, y).backward()
        (x * y).sum().backward()
        assert x.grad.tolist() == [3.0, 4.0]
        x.grad = y.grad = None


def test_backward_inside_no_grad() -> None:
    """The mode is about recording: what was recorded can be run backward in any mode."""
    x = leaf(3.0)
    y = x * x
    with ag.no_grad():
        y.backward()
    assert x.grad.item() == 6.0
