# SPDX-License-Identifier: MIT
"""retain_grad() on tensors and views that are written afterwards, and which calls fill it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import pyautograd as ag


def result(lib: ModuleType) -> Any:
    """What an op made of a leaf of four ones."""
    return lib.ones(4, requires_grad=True) * 1


# ---- through writes ------------------------------------------------------------------------------


def test_view_that_is_written_and_gone() -> None:
    y = result(ag)
    view = y[1:]
    view.retain_grad()
    view.mul_(3)
    loss = view.sum()
    del view
    others = [ag.zeros(3) for _ in range(100)]  # one of them lies where the view was
    loss.backward()
    assert all(t.grad is None for t in others)


def test_view_that_is_written_has_the_gradient_of_its_new_value(lib: ModuleType) -> None:
    y = result(lib)
    view = y[1:]
    view.retain_grad()
    view.mul_(3)
    (view * 2).sum().backward()
    assert view.grad.tolist() == [2.0] * 3


def test_earlier_uses_of_a_written_view_give_it_nothing(lib: ModuleType) -> None:
    y = result(lib)
    view = y[1:]
    view.retain_grad()
    earlier = view * 5
    view.mul_(3)
    earlier.sum().backward()
    assert view.grad is None


def test_view_whose_base_is_written(lib: ModuleType) -> None:
    y = result(lib)
    view = y[1:]
    view.retain_grad()
    y.mul_(3)
    (view * 2).sum().backward()
    assert view.grad.tolist() == [2.0] * 3 and view.retains_grad


def test_view_whose_base_is_written_and_read_alone(lib: ModuleType) -> None:
    y = result(lib)
    view = y[1:]
    view.retain_grad()
    view.mul_(3)
    y.sum().backward()
    assert view.grad is None


def test_view_whose_base_is_written_through_a_view_of_it(lib: ModuleType) -> None:
    y = result(lib)
    view = y.view(2, 2)
    view.retain_grad()
    view.flatten().mul_(lib.tensor(3.0))
    y.sum().backward()
    assert view.grad is None and view.retains_grad


@pytest.mark.parametrize("looked", [False, True])
def test_a_look_at_the_history_changes_no_retained_gradient(looked: bool) -> None:
    """PyTorch fills the gradient of a view that is out of date as long as nobody looks."""
    x = ag.ones(4, requires_grad=True)
    y = x * 1
    view = y[1:]
    view.retain_grad()
    earlier = view * 5
    y.mul_(3)
    if looked:
        assert view.grad_fn is not None
    earlier.sum().backward(retain_graph=True)
    assert view.grad is None
    (view * 2).sum().backward()
    assert view.grad is not None and view.grad.tolist() == [2.0] * 3
    assert x.grad is not None and x.grad.tolist() == [0.0] + [5.0 + 6.0] * 3


def test_base_that_is_written_through_a_view(lib: ModuleType) -> None:
    y = result(lib)
    y.retain_grad()
    y[1:].mul_(3)
    (y * 2).sum().backward()
    assert y.grad.tolist() == [2.0] * 4


@pytest.mark.parametrize("times", range(4))
def test_every_write_moves_the_mark(lib: ModuleType, times: int) -> None:
    y = result(lib)
    y.retain_grad()
    used = 0
    for _ in range(times):
        used = used + y * 10
        y.mul_(2)
    (y * 3 + used).sum().backward()
    assert y.grad.tolist() == [3.0] * 4


def test_detached_in_place(lib: ModuleType) -> None:
    x = lib.ones(4, requires_grad=True)
    y = x * 2
    y.retain_grad()
    z = (y * 3).sum()
    y.detach_()
    z.backward()
    assert (not y.requires_grad and y.grad is None) or y.grad.tolist() == [3.0] * 4
    assert x.grad.tolist() == [6.0] * 4


@pytest.mark.parametrize("large", [4, 20000])
def test_chains_of_views_and_writes_end_without_dangling_marks(large: int) -> None:
    for kept in range(4):
        y = ag.ones(large, requires_grad=True) * 1
        views = [y[1:], y[::2], y.view(2, -1), y[:0]]
        for view in views:
            view.retain_grad()
        for view in views[:kept]:
            view.mul_(2)
        loss = sum((view.sum() for view in views), y.sum())
        views = views[kept:]
        loss.backward()
        assert all(view.grad is not None and view.grad.shape == view.shape for view in views)


# ---- who fills it --------------------------------------------------------------------------------


def by_grad(lib: ModuleType, z: Any, x: Any) -> None:
    lib.autograd.grad(z.sum(), x)


def by_inputs(lib: ModuleType, z: Any, x: Any) -> None:
    z.sum().backward(inputs=[x])


@pytest.mark.parametrize("call", [by_grad, by_inputs])
def test_grad_and_inputs_fill_retained_gradients(
    lib: ModuleType, call: Callable[[ModuleType, Any, Any], None]
) -> None:
    x = lib.ones(4, requires_grad=True)
    y = x * 2
    y.retain_grad()
    z = y * 3
    z.retain_grad()
    call(lib, z, x)
    assert y.grad.tolist() == [3.0] * 4 and z.grad.tolist() == [1.0] * 4
    assert (x.grad is None) == (call is by_grad)


def test_inputs_that_are_results_retain(lib: ModuleType) -> None:
    x = lib.ones(4, requires_grad=True)
    y = x * 2
    (y * 3).sum().backward(inputs=[y, y], retain_graph=True)
    assert y.grad.tolist() == [3.0] * 4 and y.retains_grad and x.grad is None


def test_inputs_of_a_backward_whose_root_is_refused_retain_nothing(lib: ModuleType) -> None:
    y = result(lib)
    with pytest.raises(RuntimeError, match="element 0 of tensors"):
        lib.ones(1).sum().backward(inputs=[y])
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        y.backward(lib.ones(3), inputs=[y])
    assert not y.retains_grad


def test_grad_that_fails_fills_nothing(lib: ModuleType) -> None:
    x, unused = lib.ones(4, requires_grad=True), lib.ones(4, requires_grad=True)
    y = x * 2
    y.retain_grad()
    with pytest.raises(RuntimeError, match="not have been used"):
        lib.autograd.grad((y * 3).sum(), [x, unused])
