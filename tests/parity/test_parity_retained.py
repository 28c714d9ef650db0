# SPDX-License-Identifier: MIT
"""Gradients that tensors retain which are no leaves, beside PyTorch's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

torch = pytest.importorskip("torch")

group = Group()


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers or (1.0, 2.0)), dtype=lib.float64, requires_grad=True)


def retained(tensor: Any) -> Any:
    tensor.retain_grad()
    return tensor


@group
def is_kept(lib: Any) -> Any:
    x = leaf(lib)
    y = retained(x * 3)
    (y * y).sum().backward()
    return y.grad, x.grad


@group
def whether_it_is(lib: Any) -> Any:
    x = leaf(lib)
    y, z = x * 3, retained(x * 4)
    retained(x)
    return x.retains_grad, y.retains_grad, z.retains_grad


@group
def of_a_constant(lib: Any) -> Any:
    lib.ones(2).retain_grad()


@group
def of_a_leaf(lib: Any) -> Any:
    x = leaf(lib)
    answer = x.retain_grad()
    x.sum().backward()
    return answer, x.grad


@group
def twice_said(lib: Any) -> Any:
    y = leaf(lib) * 3
    retained(retained(y)).sum().backward()
    return y.grad


@group
def added_up(lib: Any) -> Any:
    y = retained(leaf(lib) * 3)
    y.sum().backward(retain_graph=True)
    first = y.grad
    (y * 2).sum().backward()
    return y.grad, first, y.grad is first


@group
def after_none_was_assigned(lib: Any) -> Any:
    y = retained(leaf(lib) * 3)
    y.sum().backward(retain_graph=True)
    y.grad = None
    (y * 2).sum().backward()
    return y.grad


@group
def where_branches_meet(lib: Any) -> Any:
    y = retained(leaf(lib) * 3)
    (y.exp() + y * y).sum().backward()
    return y.grad


@group
def of_the_root(lib: Any) -> Any:
    loss = retained((leaf(lib) * 3).sum())
    loss.backward()
    return loss.grad


@group
def of_a_root_with_a_gradient(lib: Any) -> Any:
    y = retained(leaf(lib) * 3)
    g = lib.tensor([5.0, 7.0], dtype=lib.float64)
    y.backward(g)
    return y.grad, y.grad is g


@group
def of_each_in_a_chain(lib: Any) -> Any:
    x = leaf(lib)
    y = retained(x * 2)
    z = retained(y.exp())
    w = retained(z.sum())
    w.backward()
    return x.grad, y.grad, z.grad, w.grad


@group
def what_takes_no_part(lib: Any) -> Any:
    x = leaf(lib)
    y = retained(x * 2)
    (x * 3).sum().backward()
    return y.grad, y.retains_grad


@group
def by_grad(lib: Any) -> Any:
    x = leaf(lib)
    y = retained(x * 2)
    g = lib.autograd.grad((y * y).sum(), x)
    return g, y.grad, x.grad


@group
def by_grad_with_respect_to_it(lib: Any) -> Any:
    y = retained(leaf(lib) * 2)
    g = lib.autograd.grad((y * y).sum(), y)
    return g, y.grad


@group
def by_grad_that_goes_elsewhere(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    y = retained(x * 2)
    return lib.autograd.grad((y * w).sum(), w), y.grad


@group
def of_a_root_that_nothing_is_asked_of(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    loss = retained(x.sum() * 2)
    return lib.autograd.grad(loss, w, allow_unused=True), loss.grad


@group
def of_roots_that_nothing_is_asked_of(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    losses = [retained(x.sum() * 2), retained(x.sum() * 3)]
    found = lib.autograd.grad(losses, w, allow_unused=True)
    return found, [loss.grad for loss in losses]


@group
def by_backward_to_inputs(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    y, z = retained(x * 2), retained(w * 2)
    (y * z).sum().backward(inputs=[x])
    return y.grad, z.grad, x.grad, w.grad


@group
def inputs_that_are_no_leaves(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    (y * y).sum().backward(inputs=[y])
    return y.grad, y.retains_grad, x.grad


@group
def after_its_hooks(lib: Any) -> Any:
    y = leaf(lib) * 2
    y.register_hook(lambda g: g * 10)
    retained(y).register_hook(lambda g: g + 1)
    y.sum().backward()
    return y.grad


@group
def a_hook_gives_the_same_for_two(lib: Any) -> Any:
    x = leaf(lib)
    kept = lib.tensor([7.0, 8.0], dtype=lib.float64)
    y, z = retained(x * 2), retained(x * 3)
    y.register_hook(lambda _: kept)
    z.register_hook(lambda _: kept)
    (y + z).sum().backward()
    return y.grad, z.grad, x.grad


@group
def a_hook_reads_it(lib: Any) -> Any:
    seen: list[Any] = []
    y = retained(leaf(lib) * 2)
    y.sum().backward(retain_graph=True)
    y.register_hook(lambda g: seen.append(y.grad.clone()))
    y.sum().backward()
    return seen, y.grad


@group
def written_in_place(lib: Any) -> Any:
    x = leaf(lib)
    y = retained(x * 2)
    y.mul_(5)
    (y * y).sum().backward()
    return y.grad, y.retains_grad, x.grad


@group
def written_in_place_with_hooks(lib: Any) -> Any:
    y = leaf(lib) * 2
    y.register_hook(lambda g: g * 100)
    retained(y).mul_(5)
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    return y.grad


@group
def said_after_a_write(lib: Any) -> Any:
    y = leaf(lib) * 2
    y.mul_(5)
    retained(y).sum().backward()
    return y.grad


@group
def a_view(lib: Any) -> Any:
    y = leaf(lib) * 2
    row = retained(y[:1])
    (row * 3).sum().backward()
    return row.grad


@group
def a_view_that_was_written(lib: Any) -> Any:
    y = leaf(lib) * 2
    row = retained(y[:1])
    row.mul_(4)
    y.sum().backward()
    return row.grad, row.retains_grad


@group
def the_base_of_a_written_view(lib: Any) -> Any:
    x = leaf(lib)
    y = retained(x * 2)
    y[:1].mul_(4)
    (y * y).sum().backward()
    return y.grad, x.grad


@group
def one_of_several_results(lib: Any) -> Any:
    a, b = leaf(lib).unbind()
    retained(b)
    (a * b).backward()
    return a.retains_grad, b.grad


@group
def all_of_several_results(lib: Any) -> Any:
    a, b = leaf(lib).unbind()
    a.register_hook(lambda g: g * 10)
    (retained(a) * retained(b)).backward()
    return a.grad, b.grad


@group
def one_of_several_that_is_not_used(lib: Any) -> Any:
    a, b = leaf(lib).unbind()
    retained(b)
    (a * 2).backward()
    return b.grad


@group
def recorded(lib: Any) -> Any:
    x = leaf(lib)
    y = retained(x * 2)
    (y * y * y).sum().backward(create_graph=True)
    g = y.grad
    second = lib.autograd.grad(g.sum(), x)
    x.grad = y.grad = None  # or they lead to each other for ever
    return g.requires_grad, second


@group
def of_a_second_derivative(lib: Any) -> Any:
    x = leaf(lib)
    (g,) = lib.autograd.grad((x * x * x).sum(), x, create_graph=True)
    retained(g)
    (g * g).sum().backward()
    return g.grad


@group
def a_number(lib: Any) -> Any:
    y = retained(leaf(lib, 3.0)[0] * 2)
    (y * y).backward()
    return y.grad


@group
def broadcast(lib: Any) -> Any:
    y = retained(leaf(lib, 3.0) * 2)
    (y * lib.ones(4, 1, dtype=lib.float64)).sum().backward()
    return y.grad


@group
def nothing_in_it(lib: Any) -> Any:
    x = lib.zeros(0, 3, dtype=lib.float64, requires_grad=True)
    y = retained(x * 2)
    y.sum().backward()
    return y.grad


@group
def a_backward_that_fails(lib: Any) -> Any:
    y = retained(leaf(lib) * 3)
    (y * y).sum().backward()
    kept = y.grad.clone()
    with contextlib.suppress(RuntimeError):
        (y * y).sum().backward(lib.ones(3))
    return kept, y.grad


@group
def detached_in_place(lib: Any) -> Any:
    y = retained(leaf(lib) * 3)
    y.detach_()
    return y.requires_grad, y.is_leaf, y.grad


@group
def under_no_grad(lib: Any) -> Any:
    y = leaf(lib) * 3
    with lib.no_grad():
        retained(y)
    y.sum().backward()
    return y.grad


@pytest.mark.parametrize("behaviour", group.all.values(), ids=group.all)
def test_both_do_the_same(behaviour: Callable[..., Any]) -> None:
    compare(behaviour, ag, torch)


def test_there_are_enough() -> None:
    assert len(group.all) >= 30
