# SPDX-License-Identifier: MIT
"""Checkpoints beside PyTorch's: what runs, when and how often, in which modes, and what is said of
functions that do not do the same again."""

from __future__ import annotations

import importlib
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

group = Group()


def tools(lib: Any) -> Any:
    return importlib.import_module(lib.__name__ + ".utils.checkpoint")


def checkpoint(lib: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    return tools(lib).checkpoint(function, *args, use_reentrant=False, **kwargs)


def leaf(lib: Any) -> Any:
    return lib.tensor([0.5, 0.25, 0.75], requires_grad=True)


def both_ways(behaviour: Any) -> Any:
    for reentrant in (False, True):
        group.add(
            f"{behaviour.__name__}-{'reentrant' if reentrant else 'not_reentrant'}",
            lambda lib, r=reentrant: behaviour(
                lib, lambda f, *a, **k: tools(lib).checkpoint(f, *a, use_reentrant=r, **k)
            ),
        )
    return behaviour


# ---- what comes out ------------------------------------------------------------------------------


@both_ways
def values_and_gradients(lib: Any, run: Any) -> Any:
    x = leaf(lib)
    y = run(lambda x: (x * x).exp().sin(), x)
    y.sum().backward()
    return y, x.grad


@both_ways
def several_arguments(lib: Any, run: Any) -> Any:
    x, w, c = leaf(lib), leaf(lib) * 2, lib.ones(3)
    y = run(lambda a, b, k, t, c: (a * b).tanh() * k + c.exp(), x, w, 3.0, "text", c)
    y.sum().backward()
    return y, x.grad, c.grad


@both_ways
def several_results(lib: Any, run: Any) -> Any:
    x = leaf(lib)
    a, b = run(lambda x: (x.exp(), x.sin() * x), x)
    (a * b).sum().backward()
    return a, b, x.grad


@both_ways
def a_result_that_is_not_used(lib: Any, run: Any) -> Any:
    x = leaf(lib)
    a, _ = run(lambda x: (x.exp(), x.sin() * x), x)
    a.sum().backward()
    return x.grad


@both_ways
def one_after_another(lib: Any, run: Any) -> Any:
    x = leaf(lib)
    y = x
    for _ in range(5):
        y = run(lambda y: (y * y + 1).sqrt(), y)
    y.sum().backward()
    return y, x.grad


@both_ways
def parameters_from_outside(lib: Any, run: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    y = run(lambda x: (x * w).exp(), x)
    y.sum().backward()
    return x.grad, w.grad


@both_ways
def how_often_it_runs(lib: Any, run: Any) -> Any:
    count = []
    x = leaf(lib)

    def f(x: Any) -> Any:
        count.append(lib.is_grad_enabled())
        return x.exp().sin()

    y = run(f, x)
    before = len(count)
    y.sum().backward()
    return before, len(count), count[1:]


@both_ways
def random_numbers(lib: Any, run: Any) -> Any:
    lib.manual_seed(7)
    x = leaf(lib)
    y = run(lambda x: x.exp() * lib.rand(3), x)
    state = lib.get_rng_state()
    y.sum().backward()
    return lib.allclose(x.grad, y), bool((state == lib.get_rng_state()).all())


@both_ways
def random_numbers_that_are_not_kept(lib: Any, run: Any) -> Any:
    lib.manual_seed(7)
    x = leaf(lib)
    y = run(lambda x: x.exp() * lib.rand(3), x, preserve_rng_state=False)
    state = lib.get_rng_state()
    y.sum().backward()
    return lib.allclose(x.grad, y), bool((state == lib.get_rng_state()).all())


@both_ways
def under_no_grad(lib: Any, run: Any) -> Any:
    count = []
    with lib.no_grad():
        y = run(lambda x: x * x + len(count.append(1) or ""), leaf(lib))
    return y, count


@both_ways
def the_function_raises(lib: Any, run: Any) -> Any:
    run(lambda x: x.exp() + {}["key"], leaf(lib))


@both_ways
def the_function_raises_later(lib: Any, run: Any) -> Any:
    count = []

    def f(x: Any) -> Any:
        count.append(1)
        if len(count) > 1:
            raise KeyError("again")
        return x.exp()

    x = leaf(lib)
    y = run(f, x)
    try:
        y.sum().backward()
    except KeyError as error:
        return str(error), x.grad is None


@group
def nested(lib: Any) -> Any:
    x = leaf(lib)
    seen = []

    def inner(x: Any) -> Any:
        seen.append("inner")
        return (x * x).sin().exp()

    def outer(x: Any) -> Any:
        seen.append("outer")
        return checkpoint(lib, inner, x.exp()) * x.tanh()

    y = checkpoint(lib, outer, x)
    y.sum().backward()
    return y, x.grad, seen


@both_ways
def in_place_inside(lib: Any, run: Any) -> Any:
    x = leaf(lib)
    y = run(lambda x: (x * 2).add_(1).mul_(x).sin(), x)
    y.sum().backward()
    return y, x.grad


@both_ways
def views_inside(lib: Any, run: Any) -> Any:
    x = leaf(lib)
    y = run(lambda x: x[1:].exp() * x[:2].sin(), x)
    y.sum().backward()
    return y, x.grad


@both_ways
def retain_graph(lib: Any, run: Any) -> Any:
    x = leaf(lib)
    count = []

    def f(x: Any) -> Any:
        count.append(1)
        return x.exp().sin()

    y = run(f, x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad, len(count)


@both_ways
def twice_without_retain_graph(lib: Any, run: Any) -> Any:
    x = leaf(lib)
    y = run(lambda x: x.exp().sin(), x).sum()
    y.backward()
    try:
        y.backward()
    except RuntimeError as error:
        return str(error)[:50]


@both_ways
def hooks_on_the_input(lib: Any, run: Any) -> Any:
    seen: list[Any] = []
    x = leaf(lib) * 1
    x.register_hook(seen.append)
    run(lambda x: x.exp(), x).sum().backward()
    return seen


@both_ways
def nothing_requires_grad(lib: Any, run: Any) -> Any:
    y = run(lambda x: x.exp(), lib.ones(2))
    return y, y.requires_grad


@both_ways
def keyword_arguments(lib: Any, run: Any) -> Any:
    x = leaf(lib)
    y = run(lambda x, scale: x.exp() * scale, x, scale=3.0)
    y.sum().backward()
    return x.grad


@both_ways
def a_context(lib: Any, run: Any) -> Any:
    seen = []

    @contextmanager
    def said(word: str) -> Any:
        seen.append("in " + word)
        yield
        seen.append("out of " + word)

    x = leaf(lib)
    y = run(lambda x: x.exp() * x, x, context_fn=lambda: (said("first"), said("second")))
    y.sum().backward()
    return seen, x.grad


# ---- the kind that is not reentrant --------------------------------------------------------------


@group
def second_derivatives(lib: Any) -> Any:
    x = leaf(lib)
    y = checkpoint(lib, lambda x: (x * x * x).tanh() * x.exp(), x)
    (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = lib.autograd.grad(g.sum(), x, create_graph=True)
    return g, h, lib.autograd.grad(h.sum(), x)


@group
def a_function_inside(lib: Any) -> Any:
    count = []

    class Cube(lib.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            count.append("forward")
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            count.append("backward")
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    x = leaf(lib)
    y = checkpoint(lib, lambda x: Cube.apply(x.exp()).sin(), x)
    y.sum().backward()
    return y, x.grad, count


@group
def saved_tensors_are_asked_for_twice(lib: Any) -> Any:
    class Square(lib.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2 * ctx.saved_tensors[0] + 0 * ctx.saved_tensors[0]

    x = leaf(lib)
    y = checkpoint(lib, lambda x: Square.apply(x * 1), x)
    try:
        y.sum().backward()
    except RuntimeError as error:
        return type(error).__name__, str(error)[:90]


@group
def grad_of_inputs(lib: Any) -> Any:
    x = leaf(lib)
    y = checkpoint(lib, lambda x: x.exp().sin(), x)
    return lib.autograd.grad(y.sum(), x)


@group
def backward_with_inputs(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    checkpoint(lib, lambda x: x.exp() * w, x).sum().backward(inputs=[w])
    return x.grad is None, w.grad


@group
def tensors_in_lists_and_keywords(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    y = checkpoint(lib, lambda xs, *, w: xs[0] * w["w"], [x], w={"w": w})
    y.sum().backward()
    return x.grad, w.grad


@group
def grad_through_the_reentrant(lib: Any) -> Any:
    x = leaf(lib)
    y = tools(lib).checkpoint(lambda x: x.exp(), x, use_reentrant=True)
    return lib.autograd.grad(y.sum(), x)


@group
def inputs_through_the_reentrant(lib: Any) -> Any:
    x = leaf(lib)
    y = tools(lib).checkpoint(lambda x: x.exp(), x, use_reentrant=True)
    y.sum().backward(inputs=[x])


@group
def nothing_of_the_reentrant_requires_grad(lib: Any) -> Any:
    x = leaf(lib)
    y = tools(lib).checkpoint(lambda x: x.detach().exp(), x, use_reentrant=True)
    y.sum().backward()


@group
def lists_of_the_reentrant(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    y = tools(lib).checkpoint(lambda x, ws: x * ws[0], x, [w], use_reentrant=True)
    y.sum().backward()
    return x.grad, w.grad


@group
def nested_reentrant(lib: Any) -> Any:
    x = leaf(lib)
    seen = []

    def inner(x: Any) -> Any:
        seen.append(lib.is_grad_enabled())
        return (x * x).sin()

    def outer(x: Any) -> Any:
        return tools(lib).checkpoint(inner, x.exp(), use_reentrant=True) * x

    y = tools(lib).checkpoint(outer, x, use_reentrant=True)
    y.sum().backward()
    return y, x.grad, seen, y.grad_fn.name()


@group
def names_of_nodes(lib: Any) -> Any:
    y = checkpoint(lib, lambda x: x.exp().sin(), leaf(lib))
    return y.grad_fn.name(), y.grad_fn.next_functions[0][0].name()


@group
def it_stops_early(lib: Any) -> Any:
    seen = []

    def f(x: Any) -> Any:
        y = x.exp()
        seen.append("before")
        z = y * x
        seen.append("after")
        return z + 1

    x = leaf(lib)
    checkpoint(lib, f, x).sum().backward()
    return seen, x.grad


@group
def it_does_not_stop_early(lib: Any) -> Any:
    seen: list[str] = []

    def f(x: Any) -> Any:
        z = x.exp() * x
        seen.append("end")
        return z

    x = leaf(lib)
    checkpoint(lib, f, x, early_stop=False).sum().backward()
    with tools(lib).set_checkpoint_early_stop(False):
        y = checkpoint(lib, f, x)
    y.sum().backward()
    with tools(lib).set_checkpoint_early_stop(True):
        y = checkpoint(lib, f, x, early_stop=False)
    y.sum().backward()
    return len(seen), x.grad


@group
def stopping_early_leaves_contexts(lib: Any) -> Any:
    seen = []

    def f(x: Any) -> Any:
        try:
            return x.exp() * x
        finally:
            seen.append(lib.is_grad_enabled())

    x = leaf(lib)
    checkpoint(lib, f, x).sum().backward()
    return seen


@group
def one_part_after_another(lib: Any) -> Any:
    """Of two results, whose gradients are asked for by two backwards."""
    count = []

    def f(x: Any) -> Any:
        count.append(1)
        return x.exp(), x.sin() * x

    x = leaf(lib)
    a, b = checkpoint(lib, f, x)
    (g,) = lib.autograd.grad(a.sum(), x)
    (h,) = lib.autograd.grad(b.sum(), x)
    return g, h, len(count)


@group
def a_backward_inside(lib: Any) -> Any:
    def f(x: Any) -> Any:
        y = x.sin()
        z = y.cos()
        (g,) = lib.autograd.grad(z.sum(), x, retain_graph=True)
        return g * z

    x = leaf(lib)
    out = checkpoint(lib, f, x)
    out.sum().backward()
    return out, x.grad


@group
def a_backward_inside_that_frees(lib: Any) -> Any:
    def f(x: Any) -> Any:
        z = x.sin().cos()
        (g,) = lib.autograd.grad(z.sum(), x)
        return x.cos() * g

    x = leaf(lib)
    out = checkpoint(lib, f, x)
    out.sum().backward()
    return out, x.grad


@group
def a_backward_inside_without_early_stop(lib: Any) -> Any:
    def f(x: Any) -> Any:
        z = x.sin().cos()
        (g,) = lib.autograd.grad(z.sum(), x, retain_graph=True)
        return x.cos() * g * z

    x = leaf(lib)
    out = checkpoint(lib, f, x, early_stop=False)
    out.sum().backward()
    return out, x.grad


@group
def inside_other_hooks(lib: Any) -> Any:
    seen = []
    x = leaf(lib)
    with lib.autograd.graph.saved_tensors_hooks(lambda t: seen.append(1) or t, lambda t: t):
        y = checkpoint(lib, lambda x: (x * x).exp(), x)
        z = y.sin()
    z.sum().backward()
    return x.grad, len(seen)


@group
def other_hooks_inside(lib: Any) -> Any:
    seen = []

    def f(x: Any) -> Any:
        with lib.autograd.graph.saved_tensors_hooks(lambda t: seen.append(1) or t, lambda t: t):
            y = x.sin()
        return y.exp()

    x = leaf(lib)
    checkpoint(lib, f, x).sum().backward()
    return x.grad, len(seen)


@group
def hooks_disabled(lib: Any) -> Any:
    with lib.autograd.graph.disable_saved_tensors_hooks("not here"):
        return checkpoint(lib, lambda x: x.exp(), leaf(lib))


@group
def an_input_that_is_written(lib: Any) -> Any:
    x = leaf(lib) * 1
    y = checkpoint(lib, lambda x: x.exp(), x)
    x.add_(1.0)
    try:
        y.sum().backward()
    except RuntimeError as error:
        return str(error)[:80]


# ---- functions that do not do the same again -----------------------------------------------------


def differing(lib: Any, first: Any, later: Any, **kwargs: Any) -> Any:
    count = []

    def f(x: Any) -> Any:
        count.append(1)
        return (first if len(count) == 1 else later)(x)

    y = checkpoint(lib, f, leaf(lib), **kwargs)
    try:
        y.sum().backward()
    except RuntimeError as error:
        return type(error).__name__, str(error).split("Tip:")[0]


@group
def fewer_are_saved(lib: Any) -> Any:
    return differing(lib, lambda x: x.exp().sin(), lambda x: x.exp())


@group
def more_are_saved(lib: Any) -> Any:
    return differing(lib, lambda x: x.exp(), lambda x: x.exp().sin(), early_stop=False)


@group
def more_are_saved_after_the_end(lib: Any) -> Any:
    return differing(lib, lambda x: x.exp(), lambda x: x.exp().sin())


@group
def another_shape_is_saved(lib: Any) -> Any:
    return differing(lib, lambda x: x.exp().sin(), lambda x: x[:1].exp().sin())


@group
def the_second_has_another_shape(lib: Any) -> Any:
    return differing(lib, lambda x: x.exp().sin(), lambda x: x.exp()[:2].sin())


@group
def fewer_without_a_check(lib: Any) -> Any:
    return differing(lib, lambda x: x.exp().sin(), lambda x: x.exp(), determinism_check="none")


@group
def an_unknown_check(lib: Any) -> Any:
    return checkpoint(lib, lambda x: x, leaf(lib), determinism_check="all")


@group
def the_error_is_one_of_runtime(lib: Any) -> Any:
    return issubclass(tools(lib).CheckpointError, RuntimeError)


# ---- arguments -----------------------------------------------------------------------------------


@group
def without_the_argument(lib: Any) -> Any:
    x = leaf(lib)
    y = tools(lib).checkpoint(lambda x: x.exp(), x)
    y.sum().backward()
    return x.grad


@group
def sequential_without_the_argument(lib: Any) -> Any:
    x = leaf(lib)
    y = tools(lib).checkpoint_sequential([lib.exp, lib.sin], 1, x)
    y.sum().backward()
    return x.grad


@group
def debug_of_the_reentrant(lib: Any) -> Any:
    tools(lib).checkpoint(lambda x: x, leaf(lib), use_reentrant=True, debug=True)


@group
def debug_with_a_context(lib: Any) -> Any:
    pair = (nullcontext(), nullcontext())
    checkpoint(lib, lambda x: x, leaf(lib), debug=True, context_fn=lambda: pair)


@group
def a_context_that_swallows(lib: Any) -> Any:
    class Swallow(nullcontext):  # type: ignore[type-arg]
        def __exit__(self, *args: object) -> bool:  # type: ignore[override]
            return True

    checkpoint(lib, lambda x: {}["k"], leaf(lib), context_fn=lambda: (Swallow(), nullcontext()))


@group
def one_context_alone(lib: Any) -> Any:
    try:
        checkpoint(lib, lambda x: x, leaf(lib), context_fn=lambda: (nullcontext(),))
    except ValueError:
        return "ValueError"


# ---- in segments ---------------------------------------------------------------------------------


def in_segments(segments: int, many: int, **kwargs: Any) -> Any:
    def behaviour(lib: Any) -> Any:
        count = []

        def step(x: Any) -> Any:
            count.append(1)
            return (x * x + 1).sqrt()

        x = leaf(lib)
        y = tools(lib).checkpoint_sequential([step] * many, segments, x, **kwargs)
        before = len(count)
        y.sum().backward()
        return y, x.grad, before, len(count)

    return behaviour


for segments, many in ((1, 3), (2, 5), (3, 6), (4, 3), (2, 2)):
    group.add(f"sequential-{segments}-{many}", in_segments(segments, many, use_reentrant=False))


@group
def sequential_of_modules(lib: Any) -> Any:
    model = lib.nn.Sequential(lib.nn.Tanh(), lib.nn.Sigmoid(), lib.nn.Tanh())
    x = leaf(lib)
    y = tools(lib).checkpoint_sequential(model, 2, x, use_reentrant=False)
    y.sum().backward()
    return y, x.grad


@group
def sequential_with_keywords(lib: Any) -> Any:
    tools(lib).checkpoint_sequential([lib.exp], 1, leaf(lib), use_reentrant=False, other=3)


@group
def sequential_in_no_segments(lib: Any) -> Any:
    try:
        tools(lib).checkpoint_sequential([lib.exp], 0, leaf(lib), use_reentrant=False)
    except ZeroDivisionError:
        return "ZeroDivisionError"


def test_there_are_enough() -> None:
    assert len(group.all) >= 30


@pytest.mark.parametrize("name", group.all)
def test_as_in_torch(name: str, torch: ModuleType) -> None:
    importlib.import_module("torch.utils.checkpoint")
    compare(group.all[name], ag, torch)
