# SPDX-License-Identifier: MIT
"""Writes in place to what was saved beside PyTorch's, by default and where that copies it first.

PyTorch's copies miss writes to a view that begins elsewhere than what was saved; random programs,
which write such too, are compared with PyTorch's gradients of the same programs with clones."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from behaviours import Group, compare
from test_copy_on_write import agree
from written_programs import gradients, random_program

import pyautograd as ag

group = Group()


def allowed(lib: Any) -> Any:
    return lib.autograd.graph.allow_mutation_on_saved_tensors()


def leaf(lib: Any, *shape: int) -> Any:
    numbers = [0.5 + 0.25 * k for k in range(int(np.prod(shape)))]
    return lib.tensor(numbers, dtype=lib.float64).reshape(shape).detach().requires_grad_()


# ---- each use with each write --------------------------------------------------------------------

USES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "operand": lambda lib, x, y: y * x,
    "square": lambda lib, x, y: y * y,
    "divisor": lambda lib, x, y: x / y,
    "argument": lambda lib, x, y: y.sin(),
    "product": lambda lib, x, y: y @ x.mT,
    "rows": lambda lib, x, y: y.cumprod(1) * y.prod(),
    "twice": lambda lib, x, y: y * y.sin() + y.exp() / y,
    "choice": lambda lib, x, y: lib.where(y > 1.0, y * y, x),
    "cube": lambda lib, x, y: y**3,
}
WRITES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "fill": lambda lib, x, y: y.fill_(2.0),
    "add": lambda lib, x, y: y.add_(x),
    "mul": lambda lib, x, y: y.mul_(x),
    "mul_itself": lambda lib, x, y: y.mul_(y),
    "exp": lambda lib, x, y: y.exp_(),
    "copy": lambda lib, x, y: y.copy_(x.flip(0)),
    "clamp": lambda lib, x, y: y.clamp_(0.6, 1.0),
    "first_row": lambda lib, x, y: y[0].mul_(3.0),
    "set_first_row": lambda lib, x, y: y.__setitem__(0, x[1]),
    "mask": lambda lib, x, y: y.__setitem__(x.detach() > 1.0, 0.0),
    "transposed": lambda lib, x, y: y.t().mul_(3.0),
    "turned": lambda lib, x, y: y.t_(),
    "twice": lambda lib, x, y: y.mul_(3.0).sin_(),
    "data": lambda lib, x, y: y.data.zero_(),
    "detached": lambda lib, x, y: y.detach().zero_(),
}


def add_use_and_write(use: str, write: str, order: int) -> None:
    def gradient(lib: Any) -> Any:
        with allowed(lib):
            x = leaf(lib, 2, 3)
            y = x * 1
            z = USES[use](lib, x, y).sum()
            WRITES[write](lib, x, y)
            (g,) = lib.autograd.grad(z, x, create_graph=order == 2)
            if order == 2:
                (g,) = lib.autograd.grad((g * g).sum(), x)
            return g, y

    group.add(f"{use}_and_{write}_{order}", gradient)


for _use in USES:
    for _write in WRITES:
        for _order in (1, 2):
            add_use_and_write(_use, _write, _order)


# ---- by default ----------------------------------------------------------------------------------


def add_default(use: str, write: str) -> None:
    def fails(lib: Any) -> Any:
        x = leaf(lib, 2, 3)
        y = x * 1
        z = USES[use](lib, x, y).sum()
        WRITES[write](lib, x, y)
        try:
            z.backward()
        except RuntimeError as error:  # PyTorch names who wrote, where we name who made it
            text = str(error)
            return text.split("[")[0], text[text.index("is at version") :].split("Hint")[0], x.grad

    group.add(f"default_{use}_and_{write}", fails)


for _use in USES:
    for _write in ("fill", "first_row", "turned", "detached", "twice"):
        add_default(_use, _write)


# ---- others --------------------------------------------------------------------------------------


@group
def the_result_is_written(lib: Any) -> Any:
    with allowed(lib):
        x = leaf(lib, 3)
        y, z, w = x.exp(), x.sigmoid(), x.sqrt()
        total = (y + z + w).sum()
        y.zero_()
        z.mul_(2.0)
        w[0] = 5.0
        total.backward()
        return x.grad


@group
def a_leaf_is_written_quietly(lib: Any) -> Any:
    with allowed(lib):
        x = leaf(lib, 3)
        z = (x * x * x).sum()
        with lib.no_grad():
            x.mul_(3.0)
        (g,) = lib.autograd.grad(z, x, create_graph=True)
        return g, lib.autograd.grad(g.sum(), x)


@group
def a_leaf_is_written(lib: Any) -> Any:
    with allowed(lib):
        x = leaf(lib, 3)
        (x * x).sum()
        x.mul_(2.0)


@group
def versions_have_copies(lib: Any) -> Any:
    with allowed(lib):
        x = leaf(lib, 3)
        y = x * 1
        total = 0.0
        for _ in range(4):
            total = total + (y * y).sum()
            y.mul_(2.0)
        total.backward()
        return x.grad, y


@group
def out_is_written(lib: Any) -> Any:
    with allowed(lib):
        x, c = leaf(lib, 3), lib.ones(3, dtype=lib.float64) * 2
        z = (x * c).sum()
        lib.mul(c, c, out=c)
        z.backward()
        return x.grad, c


@group
def the_base_is_saved_and_its_first_view_written(lib: Any) -> Any:
    with allowed(lib):
        x = leaf(lib, 4)
        base = x.clone()
        z = (base * base).sum()
        base[:2].mul_(5.0)
        z.backward()
        return x.grad, base


@group
def the_first_view_is_saved_and_the_base_written(lib: Any) -> Any:
    with allowed(lib):
        x = leaf(lib, 4)
        base = x.clone()
        view = base[:2]
        z = (view * view).sum()
        base.mul_(5.0)
        z.backward()
        return x.grad, view


@group
def the_backward_was_before_the_write(lib: Any) -> Any:
    with allowed(lib):
        x = leaf(lib, 3)
        y = x.clone()
        (y * y).sum().backward()
        y.sin_()
        y.sum().backward()
        return x.grad


@group
def the_graph_is_kept(lib: Any) -> Any:
    with allowed(lib):
        x = leaf(lib, 3)
        y = x.clone()
        z = (y * y).sum()
        y.sin_()
        z.backward(retain_graph=True)
        y.zero_()
        z.backward()
        try:
            z.backward()
        except RuntimeError as error:
            return x.grad, str(error)[:60]


@group
def it_is_detached_in_place(lib: Any) -> Any:
    with allowed(lib):
        x = leaf(lib, 3)
        y = x * 1
        z = (y * y).sum()
        y.detach_()
        z.backward()
        return x.grad


@group
def an_optimiser_steps(lib: Any) -> Any:
    with allowed(lib):
        p = leaf(lib, 3)
        loss = (p**3).sum()
        loss.backward(retain_graph=True)
        lib.optim.SGD([p], lr=0.5).step()
        p.grad = None
        loss.backward()
        return p.grad, p


@group
def a_gradient_that_was_used_is_added_to(lib: Any) -> Any:
    with allowed(lib):
        x, w = leaf(lib, 3), leaf(lib, 3)
        (x * x).sum().backward()
        z = (x.grad * w).sum()
        (x * x).sum().backward()
        z.backward()
        return x.grad, w.grad


@group
def an_empty_one(lib: Any) -> Any:
    with allowed(lib):
        x = lib.zeros(0, 2, dtype=lib.float64, requires_grad=True)
        y = x * 1
        z = (y * y).sum()
        y.add_(1.0)
        z.backward()
        return x.grad


@group
def a_function_of_ones_own(lib: Any) -> Any:
    class Square(lib.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x * x
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            return g * 2 * y / x

    with allowed(lib):
        x = leaf(lib, 3)
        y = x * 1
        z = Square.apply(y)
        total = z.sum()
        y.mul_(4.0)
        z.mul_(3.0)
        total.backward()
        return x.grad, z


@group
def a_function_that_writes(lib: Any) -> Any:
    class Doubled(lib.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    with allowed(lib):
        x = leaf(lib, 3)
        y = x * 1
        z = (y * y).sum()
        Doubled.apply(y)
        (z + y.sum()).backward()
        return x.grad, y


@group
def saved_before(lib: Any) -> Any:
    x = leaf(lib, 3)
    y = x * 1
    z = (y * y).sum()
    with allowed(lib):
        y.mul_(3.0)
        try:
            z.backward()
        except RuntimeError as error:
            return type(error).__name__, str(error).split("[")[0]


@group
def hooks_inside_pack(lib: Any) -> Any:
    seen = []
    with allowed(lib):
        x = leaf(lib, 3)
        y = x * 1
        with lib.autograd.graph.saved_tensors_hooks(
            lambda t: seen.append(t.detach().clone()) or len(seen) - 1, seen.__getitem__
        ):
            z = (y * y).sum()
        y.zero_()
        z.backward()
        return x.grad, len(seen)


@group
def hooks_outside_do_not(lib: Any) -> Any:
    seen = []
    with lib.autograd.graph.saved_tensors_hooks(lambda t: seen.append(1) or t, lambda t: t):
        with allowed(lib):
            x = leaf(lib, 3)
            y = x * 1
            z = (y * y).sum()
            y.mul_(3.0)
            z.backward()
        return x.grad, len(seen)


@group
def it_decorates(lib: Any) -> Any:
    @allowed(lib)
    def gradient() -> Any:
        x = leaf(lib, 3)
        y = x * 1
        z = (y * y).sum()
        y.mul_(3.0)
        z.backward()
        return x.grad

    return gradient(), gradient()


@group
def it_does_not_nest(lib: Any) -> Any:
    with allowed(lib), allowed(lib):
        pass


@group
def hooks_are_disabled(lib: Any) -> Any:
    with lib.autograd.graph.disable_saved_tensors_hooks("not here"), allowed(lib):
        pass


@group
def hooks_are_disabled_inside(lib: Any) -> Any:
    with allowed(lib), lib.autograd.graph.disable_saved_tensors_hooks("not here"):
        pass


@group
def an_error_ends_it(lib: Any) -> Any:
    try:
        with allowed(lib):
            raise KeyError
    except KeyError:
        pass
    x = leaf(lib, 3)
    y = x * 1
    z = (y * y).sum()
    y.mul_(3.0)
    try:
        z.backward()
    except RuntimeError:
        return "raises"


@pytest.mark.parametrize("name", group.all)
def test_beside_pytorch(name: str, torch: ModuleType) -> None:
    compare(group.all[name], ag, torch)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("size", "programs"), [(6, 80), (24576, 6)])
def test_random_programs(size: int, programs: int, order: int, torch: ModuleType) -> None:
    for seed in range(1000, 1000 + programs):
        program = random_program(seed)
        numbers = np.random.default_rng(seed).uniform(0.5, 1.5, (2, size))
        expected = gradients(torch, program, numbers, order, clones=True)
        with allowed(ag):
            found = gradients(ag, program, numbers, order, clones=False)
        assert agree(found, expected), (seed, program)
