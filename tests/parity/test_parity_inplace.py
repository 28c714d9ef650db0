# SPDX-License-Identifier: MIT
"""Writes in place and views beside PyTorch's: values, gradients, names of nodes and refusals."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

group = Group()

# Each writes a tensor that has a history, or a part of it; its gradient and names are compared.
WRITES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda lib, y, x: y.add_(x),
    "mul": lambda lib, y, x: y.mul_(x),
    "div": lambda lib, y, x: y.div_(x),
    "exp": lambda lib, y, x: y.exp_(),
    "exp_and_more": lambda lib, y, x: y.exp_().clone().sqrt_(),
    "zero": lambda lib, y, x: y.zero_(),
    "fill": lambda lib, y, x: y.fill_(2.0),
    "copy": lambda lib, y, x: y.copy_(x),
    "clamp": lambda lib, y, x: y.clamp_(0.5, 2.0),
    "operators": lambda lib, y, x: _augmented(y, x),
    "row": lambda lib, y, x: y[0].mul_(3),
    "row_by_another": lambda lib, y, x: y[0].mul_(x[1]),
    "row_set": lambda lib, y, x: y.__setitem__(0, x[1]),
    "row_set_to_a_number": lambda lib, y, x: y.__setitem__(1, 5.0),
    "column_set": lambda lib, y, x: y.__setitem__((slice(None), 1), x[:, 0]),
    "element_set": lambda lib, y, x: y.__setitem__((0, 1), x.sum()),
    "mask_set": lambda lib, y, x: y.__setitem__(x.detach() > 1.0, 0.0),
    "index_set": lambda lib, y, x: y.__setitem__(lib.tensor([1, 0]), x),
    "transposed": lambda lib, y, x: y.t().mul_(x),
    "flat": lambda lib, y, x: y.view(-1)[1:3].exp_(),
    "view_of_a_view": lambda lib, y, x: y[1:][0][:1].add_(x[0, :1]),
    "two_views": lambda lib, y, x: (y[0].mul_(2), y[:, 0].add_(x[0])),
    "diagonal": lambda lib, y, x: y.diagonal().copy_(x[0]),
    "masked_fill": lambda lib, y, x: y.masked_fill_(x.detach() > 1.0, 7.0),
    "index_add": lambda lib, y, x: y.index_add_(0, lib.tensor([0, 0]), x),
    "scatter": lambda lib, y, x: y.scatter_(1, lib.tensor([[1], [0]]), x[:, :1]),
    "tril": lambda lib, y, x: y.tril_(),
    "broadcast": lambda lib, y, x: y.add_(x[0]),
    "unsqueezed": lambda lib, y, x: y.unsqueeze_(0).mul_(x),
    "transposed_in_place": lambda lib, y, x: y.t_().mul_(x),
}


def _augmented(y: Any, x: Any) -> None:
    y += x
    y *= 2.0
    y -= x * x
    y /= x


def behaviour_of(write: Callable[[Any, Any, Any], Any]) -> Callable[[Any], Any]:
    def behaviour(lib: Any) -> Any:
        x = lib.tensor([[0.5, 1.5], [0.75, 2.5]], requires_grad=True)
        y = x * 1.25
        write(lib, y, x)
        z = (y * y).sum()
        z.backward()
        return y, y._version, y.is_leaf, x.grad

    return behaviour


for write_name, write in WRITES.items():
    group.add(f"write-{write_name}", behaviour_of(write))


# ---- constants that get a history ----------------------------------------------------------------


@group
def a_constant_gets_a_history(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = lib.zeros(2)
    before = y.requires_grad
    y.add_(x * 3)
    y.sum().backward()
    return before, y.requires_grad, y.grad_fn.name(), x.grad


@group
def a_part_of_a_constant(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = lib.zeros(3)
    part = y[1:]
    part.copy_(x)
    (y * 2).sum().backward()
    return y.requires_grad, part.requires_grad, x.grad


@group
def a_view_made_before_knows(lib: Any) -> Any:
    x = lib.ones(3, requires_grad=True)
    y = x * 2
    v = y[1:]
    y.mul_(5)
    v.sum().backward()
    return v, x.grad, v._version


@group
def a_base_is_written_through_a_view(lib: Any) -> Any:
    x = lib.ones(3, requires_grad=True)
    y = x * 2
    v = y[1:]
    v.mul_(5)
    return y, v.grad_fn.name(), lib.autograd.grad(y.sum(), x)


@group
def gradients_of_a_tensor_and_of_what_it_was(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = x * 2
    old = y.clone()
    y.mul_(3)
    return lib.autograd.grad((y + old).sum(), x)


# ---- views ---------------------------------------------------------------------------------------


@group
def bases(lib: Any) -> Any:
    x = lib.zeros(2, 3)
    v = x[0][1:]
    return v._is_view(), x._is_view(), x.clone()._is_view()


@group
def what_detach_gives(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True) * 2
    d = x.detach()
    d.add_(1)
    return x, d._is_view(), d.requires_grad, d._version == x._version


@group
def versions(lib: Any) -> Any:
    x = lib.zeros(2, 2)
    v = x[0]
    v.add_(1)
    x.mul_(2)
    return x._version, v._version, x.data._version, x.clone()._version


@group
def a_view_of_data_counts_apart(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = (x * x).sum()
    x.data.mul_(10)
    y.backward()
    return x, x.grad, x._version


@group
def a_reshape_that_copies(lib: Any) -> Any:
    x = lib.zeros(2, 3)
    y = x.t().reshape(-1)
    y.add_(1)
    return x, y


@group
def expand_and_sum(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    x.expand(3, 2).mul(2).sum().backward()
    return x.grad


# ---- refusals ------------------------------------------------------------------------------------

REFUSED: dict[str, Callable[[Any], Any]] = {
    "leaf": lambda lib: lib.ones(2, requires_grad=True).add_(1),
    "view_of_a_leaf": lambda lib: lib.ones(2, requires_grad=True)[0].add_(1),
    "leaf_element": lambda lib: lib.ones(2, requires_grad=True).__setitem__(0, 1.0),
    "expanded": lambda lib: lib.ones(1).expand(3).add_(lib.ones(3)),
    "larger_result": lambda lib: lib.ones(2).add_(lib.ones(3, 2)),
    "sizes_that_do_not_fit": lambda lib: lib.ones(2).add_(lib.ones(3)),
    "integer_result": lambda lib: lib.ones(2, dtype=lib.int64).add_(0.5),
    "part_of_several": lambda lib: (lib.ones(2, requires_grad=True) * 1).unbind()[0].mul_(2),
    "view_under_no_grad": lambda lib: _view_under_no_grad(lib),
    "detach_of_a_view": lambda lib: _first_words((lib.ones(2) * 1)[:1].detach_),
    "requires_grad_of_a_result": lambda lib: setattr(
        lib.ones(2, requires_grad=True) * 1, "requires_grad", False
    ),
}


def _first_words(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except RuntimeError as error:
        return str(error)[:50]


def _view_under_no_grad(lib: Any) -> Any:
    y = lib.ones(2, requires_grad=True) * 1
    with lib.no_grad():
        v = y[1:]
    return v.mul_(2)


for refused_name, refused in REFUSED.items():
    group.add(f"refused-{refused_name}", refused)


@group
def saved_and_written(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = x.exp()
    y.add_(1)
    try:
        y.sum().backward()
    except RuntimeError as error:
        return str(error)[:80]


@group
def saved_and_written_by_a_view(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = x * 1
    z = y * y
    y[0].zero_()
    try:
        z.sum().backward()
    except RuntimeError as error:
        return str(error)[:80]


@group
def written_but_not_saved(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = x * 2
    z = y + 1
    y.zero_()
    z.sum().backward()
    return x.grad


def test_there_are_enough() -> None:
    assert len(group.all) >= 30


# ---- versions that are told of -------------------------------------------------------------------


@group
def a_version_is_counted_up(lib: Any) -> Any:
    x, y = lib.ones(2, requires_grad=True), lib.ones(3, 2)
    before = x._version, y._version
    lib.autograd.graph.increment_version(x)
    lib.autograd.graph.increment_version([y.t(), y[0]])
    lib.autograd.graph.increment_version(one for one in (y[:, :1],))
    lib.autograd.graph.increment_version([])
    return x._version - before[0], y._version - before[1], x, y


@group
def a_version_that_was_saved_is_counted_up(lib: Any) -> Any:
    x = lib.ones(2, dtype=lib.float64, requires_grad=True)
    y = x.exp()
    lib.autograd.graph.increment_version(y)
    try:
        y.sum().backward()
    except RuntimeError as error:
        return "version 1; expected version 0" in str(error)


@group
def an_inference_tensor_has_no_version_to_count_up(lib: Any) -> Any:
    with lib.inference_mode():
        x = lib.ones(2)
    return lib.autograd.graph.increment_version(x)


@group
def a_version_of_a_number(lib: Any) -> Any:
    return lib.autograd.graph.increment_version(3)


@group
def a_version_of_numbers(lib: Any) -> Any:
    return lib.autograd.graph.increment_version([3])


@pytest.mark.parametrize("name", group.all)
def test_as_in_torch(name: str, torch: ModuleType) -> None:
    compare(group.all[name], ag, torch)
