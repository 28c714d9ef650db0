# SPDX-License-Identifier: MIT
"""Hooks on saved tensors beside PyTorch's: what is packed, in which order, and unpacked when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

group = Group()


def hooks(lib: Any, pack: Any, unpack: Any) -> Any:
    return lib.autograd.graph.saved_tensors_hooks(pack, unpack)


def listing(lib: Any, seen: list[Any]) -> Any:
    """Hooks that keep what they get, tell it apart from other things, and write everything down."""

    def pack(t: Any) -> Any:
        seen.append(("pack", t, t.is_leaf, name(t.grad_fn), lib.is_grad_enabled()))
        return "packed", t.detach()

    def unpack(packed: Any) -> Any:
        seen.append(("unpack", packed[1], lib.is_grad_enabled()))
        return packed[1]

    return hooks(lib, pack, unpack)


def name(node: Any) -> Any:
    return None if node is None else node.name()


# ---- which, in which order -----------------------------------------------------------------------

OPS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "add": lambda lib, a, b, c: a + b,
    "mul": lambda lib, a, b, c: a * b,
    "mul_by_a_constant": lambda lib, a, b, c: a * c,
    "mul_of_a_constant": lambda lib, a, b, c: c * a,
    "mul_by_a_number": lambda lib, a, b, c: a * 3,
    "square": lambda lib, a, b, c: a * a,
    "div": lambda lib, a, b, c: a / b,
    "div_by_a_constant": lambda lib, a, b, c: a / c,
    "pow_of_a_number": lambda lib, a, b, c: a**3,
    "pow": lambda lib, a, b, c: a**b,
    "exp": lambda lib, a, b, c: a.exp(),
    "tanh": lambda lib, a, b, c: a.tanh(),
    "sigmoid": lambda lib, a, b, c: a.sigmoid(),
    "sqrt": lambda lib, a, b, c: a.sqrt(),
    "sin": lambda lib, a, b, c: a.sin(),
    "log": lambda lib, a, b, c: a.log(),
    "relu": lambda lib, a, b, c: a.relu(),
    "abs": lambda lib, a, b, c: a.abs(),
    "erf": lambda lib, a, b, c: a.erf(),
    "sum": lambda lib, a, b, c: a.sum(),
    "mean": lambda lib, a, b, c: a.mean(0),
    "softmax": lambda lib, a, b, c: a.softmax(0),
    "log_softmax": lambda lib, a, b, c: a.log_softmax(0),
    "maximum": lambda lib, a, b, c: lib.maximum(a, b),
    "atan2": lambda lib, a, b, c: lib.atan2(a, b),
    "hypot": lambda lib, a, b, c: lib.hypot(a, b),
    "mm": lambda lib, a, b, c: a @ b,
    "mm_by_a_constant": lambda lib, a, b, c: a @ c,
    "bmm": lambda lib, a, b, c: lib.bmm(a[None], b[None]),
    "mv": lambda lib, a, b, c: a.mv(b[0]),
    "dot": lambda lib, a, b, c: a[0].dot(b[0]),
    "addmm": lambda lib, a, b, c: lib.addmm(c, a, b),
    "cumsum": lambda lib, a, b, c: a.cumsum(0),
    "expand": lambda lib, a, b, c: a[0].expand(2, 2),
    "chain": lambda lib, a, b, c: (a * b).exp() * a.sin(),
    "exp_in_place": lambda lib, a, b, c: (a * 1.0).exp_(),
    "add_in_place": lambda lib, a, b, c: (a * 1.0).add_(b),
}


def behaviour_of(op: Callable[[Any, Any, Any, Any], Any]) -> Callable[[Any], Any]:
    def behaviour(lib: Any) -> Any:
        """What is packed, by shape, numbers and history, and what is unpacked."""
        seen: list[Any] = []
        x = lib.tensor([[0.5, 0.25], [0.75, 0.125]], requires_grad=True)
        a, b, c = x * 1.0, x * 2.0 + 0.1, lib.tensor([[0.3, 0.6], [0.2, 0.9]])
        with listing(lib, seen):
            y = op(lib, a, b, c)
        y.sum().backward()
        return [one[:2] + one[3:] for one in seen], x.grad

    return behaviour


for op_name, op in OPS.items():
    group.add(op_name, behaviour_of(op))


# ---- the hooks themselves ------------------------------------------------------------------------


@group
def a_leaf_is_packed_itself(lib: Any) -> Any:
    seen: list[Any] = []
    x = lib.ones(2, requires_grad=True)
    with hooks(lib, lambda t: seen.append(t is x), lambda p: p):
        x.sin()
    return seen


@group
def an_input_is_packed_itself(lib: Any) -> Any:
    seen: list[Any] = []
    y = lib.ones(2, requires_grad=True) * 2
    with hooks(lib, lambda t: seen.append(t is y), lambda p: p):
        y.sin()
    return seen


@group
def nothing_is_packed_without_a_gradient(lib: Any) -> Any:
    seen: list[Any] = []
    with hooks(lib, seen.append, seen.append):
        lib.ones(2).sin()
        with lib.no_grad():
            lib.ones(2, requires_grad=True).sin()
    return seen


@group
def innermost_wins(lib: Any) -> Any:
    seen: list[Any] = []
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with hooks(lib, lambda t: seen.append("outer") or t, lambda t: t):
        y = x.sin()
        with hooks(lib, lambda t: seen.append("inner") or t, lambda t: t * 2):
            z = y * y
        w = z.cos()
    w.sum().backward()
    return seen, x.grad


@group
def what_is_unpacked_counts(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with hooks(lib, lambda t: t.detach() * 4, lambda t: t * 10):
        y = x * x
    y.sum().backward()
    return x.grad


@group
def packed_as_numbers(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with hooks(lib, lambda t: t.tolist(), lib.tensor):
        y = (x * x).exp()
    y.sum().backward()
    return x.grad


@group
def packed_as_none(lib: Any) -> Any:
    seen: list[Any] = []
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with hooks(lib, lambda t: None, lambda p: seen.append(p) or lib.ones(2)):
        y = x.exp()
    y.sum().backward()
    return x.grad, seen


@group
def unpacked_once_for_each_backward(lib: Any) -> Any:
    seen: list[Any] = []
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with listing(lib, seen):
        y = (x * x).sum()
    y.backward(retain_graph=True)
    first = len(seen)
    y.backward()
    return first, len(seen), x.grad


@group
def a_second_backward_without_retain(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with hooks(lib, lambda t: t, lambda t: t):
        y = x.exp().sum()
    y.backward()
    try:
        y.backward()
    except RuntimeError as error:
        return str(error)[:60]


@group
def not_unpacked_where_nobody_asks(lib: Any) -> Any:
    seen: list[Any] = []
    x, z = lib.ones(2, requires_grad=True), lib.ones(2, requires_grad=True)
    with listing(lib, seen):
        y = x.exp() + z.sin()
    before = len(seen)
    lib.autograd.grad(y.sum(), z)
    return before, len(seen)


@group
def second_derivatives(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with hooks(lib, lambda t: t.detach(), lambda t: t):
        y = (x * x * x).sum()
        (g,) = lib.autograd.grad(y, x, create_graph=True)
        (h,) = lib.autograd.grad(g.sum(), x, create_graph=True)
        (k,) = lib.autograd.grad(h.sum(), x)
    return g, h, k


@group
def second_derivatives_of_results(lib: Any) -> Any:
    x = lib.tensor([0.5, 0.7], requires_grad=True)
    with hooks(lib, lambda t: t.tolist(), lib.tensor):
        y = (x.tanh() * x.exp()).sum()
    (g,) = lib.autograd.grad(y, x, create_graph=True)
    return g, lib.autograd.grad(g.sum(), x)


@group
def hooks_around_a_backward_with_a_graph(lib: Any) -> Any:
    count = []
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x * x).sum()
    with hooks(lib, lambda t: count.append(1) or t, lambda t: t):
        (g,) = lib.autograd.grad(y, x, create_graph=True)
    return g, len(count) > 0, lib.autograd.grad(g.sum(), x)


@group
def retained_and_hooked(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    seen: list[Any] = []
    with hooks(lib, lambda t: t.detach(), lambda t: t):
        y = x.exp()
        y.retain_grad()
        y.register_hook(seen.append)
        z = (y * y).sum()
    z.backward()
    return x.grad, y.grad, seen


@group
def writes_after_packing_are_not_noticed(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    with hooks(lib, lambda t: t.detach().clone(), lambda t: t):
        z = y * y
    y.add_(5.0)
    z.sum().backward()
    return x.grad


@group
def of_a_function(lib: Any) -> Any:
    """What a Function saves goes through the hooks: an input, a result and a constant."""
    seen: list[Any] = []

    class Exp(lib.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any, c: Any) -> Any:
            y = x.exp() * c
            ctx.save_for_backward(x, y, c)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y, c = ctx.saved_tensors
            return g * (y + 0 * x + 0 * c), None

    x, c = lib.tensor([1.0, 2.0], requires_grad=True), lib.tensor([3.0, 4.0])
    with listing(lib, seen):
        y = Exp.apply(x, c)
    y.sum().backward()
    return [one[1] for one in seen if one[0] == "pack"], [one[0] for one in seen], x.grad


@group
def second_derivatives_of_a_function(lib: Any) -> Any:
    class Cube(lib.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with hooks(lib, lambda t: t.tolist(), lib.tensor):
        y = Cube.apply(x)
        z = Cube.apply(y)
    (g,) = lib.autograd.grad(z.sum(), x, create_graph=True)
    return g, lib.autograd.grad(g.sum(), x)


# ---- mistakes ------------------------------------------------------------------------------------


@group
def pack_raises(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with hooks(lib, lambda t: {}["key"], lambda t: t):
        return x.exp()


@group
def unpack_raises(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with hooks(lib, lambda t: t, lambda t: {}["key"]):
        y = x.exp().sum()
    y.backward()


@group
def no_grad_changes_where_unpack_raises(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with hooks(lib, lambda t: t, lambda t: {}["key"]):
        y = x.exp().sum()
    try:
        (y + x.sum()).backward()
    except KeyError:
        return x.grad is None or "set"


@group
def unpack_gives_no_tensor(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with hooks(lib, lambda t: t, lambda t: 3):
        y = x.exp().sum()
    y.backward()


@group
def unpack_gives_none(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with hooks(lib, lambda t: t, lambda t: None):
        y = x.exp().sum()
    y.backward()


@group
def pack_writes(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True) * 1
    with hooks(lib, lambda t: t.add_(1), lambda t: t):
        return x.sin()


@group
def pack_that_is_no_function(lib: Any) -> Any:
    try:
        with hooks(lib, 3, lambda t: t):
            return "entered"
    except TypeError:
        return "TypeError"


@group
def hooks_with_too_few_arguments(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    try:
        with hooks(lib, lambda: None, lambda t: t):
            return x.sin()
    except TypeError:
        return "TypeError"


# ---- where they hold -----------------------------------------------------------------------------


@group
def of_one_thread(lib: Any) -> Any:
    seen: list[Any] = []
    x = lib.ones(2, requires_grad=True)
    with hooks(lib, seen.append, lambda t: t):
        thread = threading.Thread(target=lambda: x.sin())
        thread.start()
        thread.join()
    return seen


@group
def after_the_block(lib: Any) -> Any:
    seen: list[Any] = []
    x = lib.ones(2, requires_grad=True)
    with hooks(lib, seen.append, lambda t: t):
        pass
    x.sin()
    return seen


@group
def left_by_an_error(lib: Any) -> Any:
    seen: list[Any] = []
    try:
        with hooks(lib, seen.append, lambda t: t):
            raise KeyError
    except KeyError:
        lib.ones(2, requires_grad=True).sin()
    return seen


@group
def one_object_twice(lib: Any) -> Any:
    seen: list[Any] = []
    both = hooks(lib, lambda t: seen.append(1) or t, lambda t: t)
    x = lib.ones(2, requires_grad=True)
    with both, both:
        x.sin()
    x.sin()
    return seen, both.__enter__(), both.__exit__(None, None, None)


@group
def backward_inside_pack(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    z = (x * x).sum()

    def pack(t: Any) -> Any:
        if x.grad is None:
            z.backward()
        return t

    with hooks(lib, pack, lambda t: t):
        y = x.exp().sum()
    y.backward()
    return x.grad


@group
def backward_inside_unpack(lib: Any) -> Any:
    x, w = lib.ones(2, requires_grad=True), lib.ones(2, requires_grad=True)
    z = (w * w).sum()

    def unpack(t: Any) -> Any:
        if w.grad is None:
            z.backward()
        return t

    with hooks(lib, lambda t: t, unpack):
        y = x.exp().sum()
    y.backward()
    return x.grad, w.grad


@group
def disabled(lib: Any) -> Any:
    graph = lib.autograd.graph
    with graph.disable_saved_tensors_hooks("not here"), graph.save_on_cpu():
        return "entered"


@group
def disabled_inside(lib: Any) -> Any:
    graph = lib.autograd.graph
    with graph.save_on_cpu(), graph.disable_saved_tensors_hooks("not here"):
        return "entered"


@group
def disabled_twice(lib: Any) -> Any:
    graph = lib.autograd.graph
    said = []
    with graph.disable_saved_tensors_hooks("outer"):
        with graph.disable_saved_tensors_hooks("inner"):
            try:
                graph.save_on_cpu().__enter__()
            except RuntimeError as error:
                said.append(str(error))
        try:
            graph.save_on_cpu().__enter__()
        except RuntimeError as error:
            said.append(str(error))
    with graph.save_on_cpu():
        return said


@group
def disabled_as_a_decorator(lib: Any) -> Any:
    graph = lib.autograd.graph

    @graph.disable_saved_tensors_hooks("not in f")
    def f() -> None:
        with graph.save_on_cpu():
            pass

    try:
        f()
    except RuntimeError as error:
        return str(error)


@group
def on_cpu(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with lib.autograd.graph.save_on_cpu(pin_memory=False, device_type="cuda"):
        y = (x.exp() * x).sum()
    y.backward()
    return x.grad, isinstance(
        lib.autograd.graph.save_on_cpu(), lib.autograd.graph.saved_tensors_hooks
    )


@group
def attributes(lib: Any) -> Any:
    both = hooks(lib, len, abs)
    return both.pack_hook is len, both.unpack_hook is abs


def test_there_are_enough() -> None:
    assert len(group.all) >= 30


@pytest.mark.parametrize("name", group.all)
def test_as_in_torch(name: str, torch: ModuleType) -> None:
    compare(group.all[name], ag, torch)
