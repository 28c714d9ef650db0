# SPDX-License-Identifier: MIT
"""Hooks on tensors, leaves and nodes: programs that are run with PyTorch and with this library, and
that see the same calls, in the same order, with the same numbers, and raise the same errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from behaviours import Group

import pyautograd as ag

torch = pytest.importorskip("torch")

Program = Callable[[Any, list[Any]], Any]
TENSORS, NODES = Group(), Group()


def leaf(lib: Any) -> Any:
    return lib.tensor([1.0, 2.0], dtype=lib.float64, requires_grad=True)


def plain(value: Any) -> Any:
    """Tensors as lists, in whatever they are; numbers to 13 digits."""
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    if isinstance(value, float):
        return float(f"{value:.12e}")
    return plain(value.tolist()) if hasattr(value, "tolist") else value


def run(lib: Any, function: Program) -> Any:
    log: list[Any] = []
    try:
        result = function(lib, log)
    except Exception as error:
        text = re.sub(r"\b(torch|pyautograd)\.", "", str(error))
        return [plain(log), type(error), text.split(" (was ")[0]]
    return [plain(log), plain(result)]


def note(log: list[Any], name: str) -> Callable[..., None]:
    return lambda *args: log.append((name, plain(args)))


def returns(value: Any) -> Callable[..., Any]:
    def hook(*args: Any) -> Any:
        return value(*args)

    return hook


# ---- tensors and leaves ----------------------------------------------------------------------


@TENSORS
def observes_a_leaf(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(note(log, "x"))
    (x * x).sum().backward()
    return x.grad


@TENSORS
def observes_an_inner_tensor(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x * 3
    y.register_hook(note(log, "y"))
    (y * y).sum().backward()
    return x.grad


@TENSORS
def replaces_at_a_leaf(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: g * 10)
    (x * x).sum().backward()
    return x.grad


@TENSORS
def replaces_in_between(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x.exp()
    y.register_hook(lambda g: g * 10)
    (y + y).sum().backward()
    return x.grad


@TENSORS
def several_in_turn(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: g + 1)
    x.register_hook(note(log, "then"))
    x.register_hook(lambda g: g * 2)
    x.register_hook(note(log, "last"))
    (x * 3).sum().backward()
    return x.grad


@TENSORS
def accumulates_twice_called_once(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(note(log, "x"))
    (x * 2 + x.exp() + x).sum().backward()
    return x.grad


@TENSORS
def each_backward_calls(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(note(log, "x"))
    for factor in range(3):
        (x * factor).sum().backward()
    return x.grad


@TENSORS
def removed(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(note(log, "kept"))
    handle = x.register_hook(note(log, "removed"))
    handle.remove()
    handle.remove()
    (x * 2).sum().backward()
    return x.grad


@TENSORS
def removed_by_itself(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    handles: list[Any] = []

    def hook(grad: Any) -> None:
        log.append(plain(grad))
        handles[0].remove()

    handles.append(x.register_hook(hook))
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    return x.grad


@TENSORS
def removed_by_one_before(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    handles: list[Any] = []
    x.register_hook(lambda g: handles[0].remove())
    handles.append(x.register_hook(note(log, "second")))
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    return x.grad


@TENSORS
def added_by_a_hook(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: x.register_hook(note(log, "new")) and None)
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    return x.grad


@TENSORS
def handle_as_context(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    with x.register_hook(note(log, "inside")) as handle:
        log.append(isinstance(handle.id, int))
        (x * 2).sum().backward()
    (x * 2).sum().backward()
    return x.grad


@TENSORS
def on_the_version(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x * 2
    y.register_hook(note(log, "before"))
    y.mul_(3)
    y.register_hook(note(log, "after"))
    y.sum().backward()
    return x.grad


@TENSORS
def on_a_view_and_its_base(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x * 2
    v = y[:1]
    y.register_hook(note(log, "base"))
    v.register_hook(note(log, "view"))
    (v * 5).sum().backward()
    return x.grad


@TENSORS
def on_a_slice_passed_through(lib: Any, log: list[Any]) -> Any:
    x = lib.arange(8.0, dtype=lib.float64).requires_grad_()
    y = x[2:7]
    y.register_hook(lambda g: g * 2)
    y[1:3].sum().backward()
    return x.grad


@TENSORS
def a_leaf_of_slices(lib: Any, log: list[Any]) -> Any:
    x = lib.arange(8.0, dtype=lib.float64).requires_grad_()
    x.register_hook(note(log, "x"))
    (x[2:7].sum() + x[:3].sum() * 2).backward()
    return x.grad


@TENSORS
def retained_after_hooks(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    return y.grad, x.grad


@TENSORS
def hook_sees_no_grad_yet(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: log.append(x.grad))
    (x * 3).sum().backward()
    return x.grad


@TENSORS
def asked_for_and_leading_on(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g * 100)
    return lib.autograd.grad((y * y).sum(), [y, x])


@TENSORS
def asked_for_alone(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    x.register_hook(note(log, "x"))
    return lib.autograd.grad((y * y).sum(), [y])


@TENSORS
def inputs_leave_others_out(lib: Any, log: list[Any]) -> Any:
    x, w = leaf(lib), leaf(lib)
    x.register_hook(note(log, "x"))
    w.register_hook(note(log, "w"))
    w.register_post_accumulate_grad_hook(note(log, "w set"))
    (x * w).sum().backward(inputs=[x])
    return x.grad, w.grad


@TENSORS
def recorded_with_create_graph(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x * x
    y.register_hook(lambda g: log.append(lib.is_grad_enabled()) or g * y)
    (slope,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    return slope, lib.autograd.grad(slope.sum(), x)


@TENSORS
def not_recorded_without(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: log.append((lib.is_grad_enabled(), (g * x).requires_grad)))
    (x * x).sum().backward()
    return x.grad, lib.is_grad_enabled()


@TENSORS
def post_accumulate(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_post_accumulate_grad_hook(lambda t: log.append((t is x, plain(t.grad))))
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    return x.grad


@TENSORS
def post_accumulate_clears(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)

    def step(t: Any) -> None:
        with lib.no_grad():
            t.sub_(t.grad)
        t.grad = None

    x.register_post_accumulate_grad_hook(step)
    (x * 2).sum().backward()
    return x, x.grad


@TENSORS
def post_accumulate_not_for_grad(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_post_accumulate_grad_hook(note(log, "set"))
    return lib.autograd.grad((x * 2).sum(), x)


@TENSORS
def post_accumulate_returns_a_number(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_post_accumulate_grad_hook(lambda t: 3)
    (x * 2).sum().backward()


@TENSORS
def post_accumulate_returns_a_tensor(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_post_accumulate_grad_hook(lambda t: t)
    (x * 2).sum().backward()


@TENSORS
def leaf_hooks_of_a_product(lib: Any, log: list[Any]) -> Any:
    x, w = leaf(lib), leaf(lib)
    for name, t in (("w", w), ("x", x)):
        t.register_hook(note(log, name))
        t.register_post_accumulate_grad_hook(note(log, name + " set"))
    (x * w).sum().backward()
    names = [name for name, *_ in log]
    log.clear()  # PyTorch sets one gradient after another, and hooks come in between
    return [n for n in names if "set" in n], [n for n in names if "set" not in n], x.grad, w.grad


@TENSORS
def the_root(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = (x * x).sum()
    y.register_hook(lambda g: g * 4)
    y.backward()
    return x.grad


@TENSORS
def a_root_that_is_a_leaf(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: g * 4)
    x.backward(lib.ones(2, dtype=lib.float64))
    return x.grad


@TENSORS
def one_of_several_results(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    a, b = x.unbind()
    b.register_hook(lambda g: g * 10)
    (a * 2 + b * 3).backward()
    return x.grad


@TENSORS
def backward_inside(lib: Any, log: list[Any]) -> Any:
    x, w = leaf(lib), leaf(lib)
    x.register_hook(lambda g: (w * g).sum().backward())
    (x * 3).sum().backward()
    return x.grad, w.grad


@TENSORS
def raises(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: {}["missing"])
    (x * 2).sum().backward()


@TENSORS
def not_callable(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    x.register_hook(3)
    (x * 2).sum().backward()


def refused(value: Callable[[Any, Any], Any]) -> Program:
    def function(lib: Any, log: list[Any]) -> Any:
        x = leaf(lib)
        x.register_hook(returns(lambda g: value(lib, g)))
        (x * 2).sum().backward()

    return function


TENSORS.all |= {
    "gives a number": refused(lambda lib, g: 3),
    "gives a tuple": refused(lambda lib, g: (g,)),
    "gives a string": refused(lambda lib, g: "g"),
    "gives another shape": refused(lambda lib, g: lib.ones(3, dtype=lib.float64)),
    "gives a 0-d tensor": refused(lambda lib, g: g.sum()),
    "gives another dtype": refused(lambda lib, g: lib.ones(2, dtype=lib.int64)),
    "on what needs none": lambda lib, log: lib.ones(2).register_hook(print),
    "post on what needs none": lambda lib, log: lib.ones(2).register_post_accumulate_grad_hook(
        print
    ),
    "post on an inner tensor": lambda lib, log: (leaf(lib) * 2).register_post_accumulate_grad_hook(
        print
    ),
}


# ---- nodes -----------------------------------------------------------------------------------


def watched(
    make: Callable[[Any, Any], Any],
    after: Callable[..., Any] | None = None,
    before: Callable[..., Any] | None = None,
) -> Program:
    """Hooks on the node of what `make` gives; noted before and after those that are given."""

    def function(lib: Any, log: list[Any]) -> Any:
        x = leaf(lib)
        y = make(lib, x)
        node = y.grad_fn
        node.register_prehook(note(log, "before"))
        if before is not None:
            node.register_prehook(returns(lambda *args: before(lib, *args)))
            node.register_prehook(note(log, "before, then"))
        node.register_hook(note(log, "after"))
        if after is not None:
            node.register_hook(returns(lambda *args: after(lib, *args)))
            node.register_hook(note(log, "after, then"))
        y.sum().backward()
        return x.grad

    return function


def accumulator(lib: Any, log: list[Any], after: Any = None, before: Any = None) -> Any:
    x = leaf(lib)
    y = x * 3
    node = y.grad_fn.next_functions[0][0]
    node.register_prehook(lambda *args: log.append(("before", plain(args), plain(x.grad))))
    node.register_hook(lambda *args: log.append(("after", plain(args), plain(x.grad))))
    x.register_hook(note(log, "tensor"))
    x.register_post_accumulate_grad_hook(note(log, "set"))
    if before is not None:
        node.register_prehook(returns(before))
    if after is not None:
        node.register_hook(returns(after))
    y.sum().backward()
    return x.grad


def two_inputs(lib: Any, x: Any) -> Any:
    return x * x.exp()


NODES.all |= {
    "of exp": watched(lambda lib, x: x.exp()),
    "of a product": watched(two_inputs),
    "of a product with a number": watched(lambda lib, x: x * 3),
    "of a sum with a constant": watched(lambda lib, x: x + lib.ones(2, dtype=lib.float64)),
    "of a power": watched(lambda lib, x: x**2),
    "of a broadcast": watched(lambda lib, x: x[:1] + x),
    "of a view": watched(lambda lib, x: x.view(2, 1)),
    "of a slice": watched(lambda lib, x: x[:1]),
    "of a select": watched(lambda lib, x: x[1]),
    "of cat": watched(lambda lib, x: lib.cat([x, x * 2])),
    "of stack": watched(lambda lib, x: lib.stack([x, x])),
    "of where": watched(lambda lib, x: lib.where(x > 1.5, x, x * 2)),
    "of a mean": watched(lambda lib, x: x.mean()),
    "of matmul": watched(lambda lib, x: x @ x),
    "of clone": watched(lambda lib, x: x.clone()),
    "after: replaces": watched(two_inputs, lambda lib, gi, go: (gi[0] * 5, gi[1])),
    "after: drops": watched(two_inputs, lambda lib, gi, go: (None, gi[1])),
    "after: drops all": watched(two_inputs, lambda lib, gi, go: (None, None)),
    "after: a number": watched(two_inputs, lambda lib, gi, go: 3),
    "after: a tensor": watched(two_inputs, lambda lib, gi, go: gi[0]),
    "after: a list": watched(two_inputs, lambda lib, gi, go: list(gi)),
    "after: too few": watched(two_inputs, lambda lib, gi, go: gi[:1]),
    "after: too many": watched(two_inputs, lambda lib, gi, go: gi + gi),
    "after: another shape": watched(
        two_inputs, lambda lib, gi, go: (lib.ones(3, dtype=lib.float64), gi[1])
    ),
    "after: in place of None": watched(lambda lib, x: x * 3, lambda lib, gi, go: (gi[0], gi[0])),
    "after: not tensors": watched(two_inputs, lambda lib, gi, go: (1, 2)),
    "after: raises": watched(two_inputs, lambda lib, gi, go: {}["missing"]),
    "before: replaces": watched(two_inputs, None, lambda lib, go: (go[0] * 5,)),
    "before: drops": watched(lambda lib, x: x * 3, None, lambda lib, go: (None,)),
    "before: a number": watched(two_inputs, None, lambda lib, go: 3),
    "before: a tensor": watched(two_inputs, None, lambda lib, go: go[0]),
    "before: too many": watched(two_inputs, None, lambda lib, go: go + go),
    "before: another shape": watched(
        two_inputs, None, lambda lib, go: (lib.ones(5, dtype=lib.float64),)
    ),
    "before: raises": watched(two_inputs, None, lambda lib, go: {}["missing"]),
    "both": watched(
        two_inputs, lambda lib, gi, go: (gi[0] * 5, gi[1]), lambda lib, go: (go[0] * 2,)
    ),
    "of a leaf": accumulator,
    "of a leaf, before: replaces": lambda lib, log: accumulator(
        lib, log, before=lambda go: (go[0] * 2,)
    ),
    "of a leaf, after: a tensor": lambda lib, log: accumulator(
        lib, log, after=lambda gi, go: go[0]
    ),
}


@NODES
def order_of_all(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x.exp()
    y.grad_fn.register_hook(note(log, "after"))
    y.grad_fn.register_prehook(note(log, "before"))
    y.register_hook(lambda g: log.append("tensor") or g * 2)
    y.retain_grad()
    y.sum().backward()
    return y.grad, x.grad


@NODES
def several_results(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    a, b = x.unbind()
    a.grad_fn.register_prehook(note(log, "before"))
    a.grad_fn.register_hook(note(log, "after"))
    (a * 2 + b * 3).backward()
    return x.grad


@NODES
def one_result_is_not_used(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    a, b = x.unbind()
    a.grad_fn.register_prehook(note(log, "before"))
    a.grad_fn.register_hook(note(log, "after"))
    b.backward()
    return x.grad


@NODES
def removed_handles(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    y = x.exp()
    y.grad_fn.register_hook(note(log, "after")).remove()
    y.grad_fn.register_prehook(note(log, "before")).remove()
    y.sum().backward()
    return x.grad


@NODES
def only_what_is_asked_for(lib: Any, log: list[Any]) -> Any:
    x, w = leaf(lib), leaf(lib)
    y = x * w
    y.grad_fn.register_hook(note(log, "after"))
    return lib.autograd.grad(y.sum(), x)


@NODES
def not_run_where_not_needed(lib: Any, log: list[Any]) -> Any:
    x, w = leaf(lib), leaf(lib)
    y, z = x.exp(), w.exp()
    z.grad_fn.register_hook(note(log, "z"))
    z.grad_fn.register_prehook(note(log, "z"))
    return lib.autograd.grad((y * z).sum(), x)


@NODES
def accumulator_is_one_object(lib: Any, log: list[Any]) -> Any:
    x = leaf(lib)
    node = (x * 2).grad_fn.next_functions[0][0]
    return node is (x * 3).grad_fn.next_functions[0][0], node.variable is x


CASES = [
    pytest.param(function, id=f"{kind}-{name}")
    for kind, table in (("tensor", TENSORS), ("node", NODES))
    for name, function in table.all.items()
]


@pytest.mark.parametrize("function", CASES)
def test_both_do_the_same(function: Program) -> None:
    assert run(ag, function) == run(torch, function)


def test_there_are_enough() -> None:
    assert min(len(TENSORS.all), len(NODES.all)) >= 30
