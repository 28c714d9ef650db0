# SPDX-License-Identifier: MIT
"""`.grad` that is shared, overlapping, strided, written or the caller's own."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import pytest

import pyautograd as ag

SIZES = (3, 8191, 8192, 20000)  # values of 8192 elements and more pend


def leaf(lib: ModuleType, n: int) -> Any:
    return lib.zeros(n).requires_grad_()


# ---- aliases -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", SIZES)
def test_one_tensor_as_the_gradient_of_two_leaves(lib: ModuleType, n: int) -> None:
    x, y = leaf(lib, n), leaf(lib, n)
    x.grad = y.grad = lib.zeros(n)
    (x * 3 + y * 5).sum().backward()
    assert x.grad is y.grad
    assert set(x.grad.tolist()) == {8.0}


@pytest.mark.parametrize("n", SIZES)
def test_overlapping_slices_as_gradients(lib: ModuleType, n: int) -> None:
    x, y, z = leaf(lib, n), leaf(lib, n), leaf(lib, n)
    whole = lib.zeros(n + 1)
    x.grad, y.grad, z.grad = whole[:-1], whole[1:], lib.ones(n)
    (x * 3 + y * 5 + z).sum().backward()
    assert whole[0].item() == 3 and whole[n].item() == 5
    assert set(whole[1:-1].tolist()) == {8.0}
    assert set(z.grad.tolist()) == {2.0}


@pytest.mark.parametrize("n", SIZES)
def test_strided_gradients_are_added_to_in_place(lib: ModuleType, n: int) -> None:
    x, y = leaf(lib, n), leaf(lib, n)
    memory = lib.ones(2 * n)
    x.grad, y.grad = memory[::2], memory[1::2]
    kept = x.grad
    (x * 3 + y * y + y * 5).sum().backward()
    assert x.grad is kept and x.grad.stride() == (2,)
    assert memory[:4].tolist() == [4.0, 6.0, 4.0, 6.0]


@pytest.mark.parametrize("n", SIZES)
def test_expanded_gradients_are_refused(lib: ModuleType, n: int) -> None:
    x, y = leaf(lib, n), leaf(lib, n)
    y.grad = lib.zeros(1).expand(n)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        (x * 3 + y * 5).sum().backward()
    assert y.grad[0].item() == 0


@pytest.mark.parametrize("n", SIZES)
def test_the_gradient_that_is_there_as_the_gradient_given(lib: ModuleType, n: int) -> None:
    x, y = leaf(lib, n), leaf(lib, n)
    x.grad, y.grad = lib.full((n,), 3.0), lib.full((n,), 5.0)
    x.backward(x.grad)
    assert x.grad[0].item() == 6


@pytest.mark.parametrize("n", SIZES)
def test_gradients_that_cross(n: int) -> None:
    """Each leaf is given what the other's .grad was before. (PyTorch adds one after the other, so
    that the second is given a sum.)"""
    x, y = leaf(ag, n), leaf(ag, n)
    x.grad, y.grad = ag.full((n,), 3.0), ag.full((n,), 5.0)
    ag.autograd.backward([x, y], [y.grad, x.grad])
    assert (x.grad[0].item(), y.grad[0].item()) == (8, 8)


@pytest.mark.parametrize("n", SIZES)
def test_gradients_that_the_loss_reads(n: int) -> None:  # PyTorch has written one by then
    x, y = ag.ones(n).requires_grad_(), ag.ones(n).requires_grad_()
    x.grad, y.grad = ag.full((n,), 3.0), ag.full((n,), 5.0)
    (x * y.grad * 2 + y * x.grad * 2).sum().backward()
    assert (x.grad[0].item(), y.grad[0].item()) == (13, 11)


@pytest.mark.parametrize("n", SIZES)
def test_an_input_given_twice_counts_once(lib: ModuleType, n: int) -> None:
    x = lib.ones(n).requires_grad_()
    y = x * 1
    for k in 1, 2:
        (y * 3).sum().backward(inputs=[y, y, x, x], retain_graph=True)
        assert (x.grad[0].item(), y.grad[0].item()) == (3 * k, 3 * k)


@pytest.mark.parametrize("n", SIZES)
def test_retained_gradients_are_added_to_a_copy(lib: ModuleType, n: int) -> None:
    x = lib.ones(n).requires_grad_()
    y = x * 1
    y.grad = old = lib.ones(n)
    for k in 1, 2:
        (y * 3).sum().backward(inputs=[y], retain_graph=True)
        assert y.grad[0].item() == 1 + 3 * k
    assert y.grad is not old and old[0].item() == 1 and old._version == 0


# ---- with the tape recorded ----------------------------------------------------------------------


def recorded(loss: Any, gradient: Any = None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the cycle that the tests break
        loss.backward(gradient, create_graph=True)


@pytest.mark.parametrize("n", SIZES)
def test_leaves_do_not_share_a_recorded_gradient(lib: ModuleType, n: int) -> None:
    x, y = lib.ones(n).requires_grad_(), lib.ones(n).requires_grad_()
    recorded(((x + y) ** 2).sum())
    x.grad.data.mul_(0)
    assert y.grad[0].item() == 4 and y.grad.requires_grad
    (second,) = lib.autograd.grad(y.grad.sum(), x)
    assert second[0].item() == 2
    x.grad = y.grad = None


@pytest.mark.parametrize("n", SIZES)
def test_the_callers_gradient_stays_the_callers(lib: ModuleType, n: int) -> None:
    x, y = lib.ones(n).requires_grad_(), lib.ones(n).requires_grad_()
    given = lib.ones(n)
    recorded(x + y, given)
    x.grad.zero_()
    assert given[0].item() == 1 and y.grad[0].item() == 1


@pytest.mark.parametrize("n", SIZES)
def test_recorded_gradients_are_tensors_of_their_own_memory(lib: ModuleType, n: int) -> None:
    x = lib.ones(n).requires_grad_()
    recorded((x * 2).sum())
    assert x.grad.stride() == (1,)
    x.grad.zero_()
    assert x.grad[0].item() == 0


def test_a_recorded_sum_is_a_new_tensor(lib: ModuleType) -> None:
    x = leaf(lib, 3)
    x.grad = old = lib.ones(3)
    recorded((x**3).sum())
    assert x.grad is not old and x.grad.tolist() == old.tolist() == [1.0] * 3
    x.grad = None


# ---- what grad returns ---------------------------------------------------------------------------


def test_a_sum_that_is_given_can_be_written(lib: ModuleType) -> None:
    """Of a number that was broadcast: a sum, then a view of that which is dropped dimensions."""
    x = lib.tensor(2.0, dtype=lib.float64, requires_grad=True)
    shapes = (1,), (2, 3), (1, 1), (3, 1)
    for shape in shapes:
        (g,) = lib.autograd.grad((lib.full(shape, 3.0, dtype=lib.float64) * x).sum(), [x])
        wanted = 3.0 * g.numel() * lib.ones(shape).numel()
        assert not g._is_view() and g.item() == wanted
        g[...] = x
        g.mul_(3)
        assert g.item() == 6 and g.grad_fn is not None


def test_what_is_given_twice_is_one_value(lib: ModuleType) -> None:
    x = lib.tensor(2.0, dtype=lib.float64, requires_grad=True)
    once, again = lib.autograd.grad((lib.ones(2, 1, dtype=lib.float64) * x).sum(), [x, x])
    once.mul_(3)
    assert once.item() == 6 and again.item() == 6


def test_gradients_of_a_view_and_of_its_base_can_be_written(lib: ModuleType) -> None:
    x = lib.tensor(2.0, dtype=lib.float64, requires_grad=True)
    y = x.expand(()).squeeze()
    of_x, of_y = lib.autograd.grad((y**2).sum(), [x, y])
    of_x += x
    assert of_x.item() == 6 and of_y.item() in (4, 6)  # they may share memory


def test_the_same_gradient_of_two_inputs_is_one_tensor(lib: ModuleType) -> None:
    x, y = lib.ones(2, requires_grad=True), lib.ones(2, requires_grad=True)
    for shape in (2,), (3, 2):
        of_x, of_y = lib.autograd.grad((x + y).expand(shape).sum(), [x, y])
        assert of_x is of_y


def test_a_part_of_the_callers_gradient_stays_a_view_of_it(lib: ModuleType) -> None:
    x = lib.ones(2, 3, requires_grad=True)
    given = lib.ones(3, 2)
    (g,) = lib.autograd.grad(x.t(), [x], given)
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode"):
        g.mul_(x[0, 0])
    with lib.no_grad():
        g.mul_(2)
    assert given.tolist() == [[2.0] * 2] * 3


# ---- leaves that are none any more ---------------------------------------------------------------


@pytest.mark.parametrize("n", SIZES)
def test_frozen_leaves_get_no_gradient(lib: ModuleType, n: int) -> None:
    for freeze in (lambda t: t.requires_grad_(False)), (lambda t: t.detach_()):
        d, g = lib.ones(n).requires_grad_(), lib.ones(n).requires_grad_()
        loss = (d * g).sum()
        freeze(d)
        loss.backward()
        assert d.grad is None and g.grad[0].item() == 1


def test_leaves_with_a_history_by_now(lib: ModuleType) -> None:
    d, g = lib.ones(3).requires_grad_(), lib.ones(3).requires_grad_()
    loss = (d + g).sum()
    d.requires_grad_(False)
    d.mul_(g)
    with pytest.raises(RuntimeError, match="moved into the graph interior"):
        loss.backward()
    assert d.grad is None


# ---- views that are leaves -----------------------------------------------------------------------

VIEW_OF_LEAF = "a view of a leaf Variable that requires grad is being used in an in-place operation"


@pytest.mark.parametrize("n", SIZES)
def test_writes_to_a_leaf_that_is_a_view(lib: ModuleType, n: int) -> None:
    x = lib.ones(n)
    v = x[1:].requires_grad_()
    writes = lambda: v.mul_(2), lambda: v[1:].mul_(2), lambda: v.zero_(), lambda: v[:1].fill_(3)
    for write in writes:
        with pytest.raises(RuntimeError, match=VIEW_OF_LEAF):
            write()
    x.mul_(3)
    assert v.is_leaf and v[0].item() == 3
    v.sum().backward()
    assert v.grad[0].item() == 1


@pytest.mark.parametrize("n", SIZES)
def test_a_recorded_write_takes_the_leaf_into_the_graph(lib: ModuleType, n: int) -> None:
    x, w = lib.ones(n), lib.full((n,), 2.0).requires_grad_()
    v = x[1:].requires_grad_()
    x.mul_(w)
    assert not v.is_leaf and v.requires_grad
    (v * 5).sum().backward()
    assert v.grad is None
    assert w.grad[:2].tolist() == [0.0, 5.0]


NO_GRAD_VIEW = "A view was created in no_grad mode and"


def test_views_made_without_grad_of_what_is_written_later(lib: ModuleType) -> None:
    x, w = lib.ones(3), lib.ones(3).requires_grad_()
    with lib.no_grad():
        v = x[1:]
    x.mul_(w)
    assert v.requires_grad
    for use in (lambda: v * 2, lambda: v.grad_fn, lambda: v.mul_(2), lambda: v[0]):
        with pytest.raises(RuntimeError, match=NO_GRAD_VIEW):
            use()
    with lib.no_grad():
        assert (v * 2).tolist() == [2.0, 2.0]
    assert v.detach().tolist() == [1.0, 1.0]
