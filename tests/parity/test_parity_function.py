# SPDX-License-Identifier: MIT
"""autograd.Function, run with either library: what forward may do and return, what backward gets
and may return, and the error for each misuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from behaviours import Behaviour, Group, compare

import pyautograd as ag

torch = pytest.importorskip("torch")

FORWARD, BACKWARD = Group(), Group()


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers) or [1.0, 2.0], dtype=lib.float64, requires_grad=True)


def constant(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers) or [3.0, 4.0], dtype=lib.float64)


def made(lib: Any, name: str = "Made", **methods: Any) -> Any:
    """A Function with these methods and attributes."""
    static = {key: staticmethod(one) if callable(one) else one for key, one in methods.items()}
    return type(lib.autograd.Function)(name, (lib.autograd.Function,), static)


def passing(ctx: Any, grad: Any) -> Any:
    return grad


def told(call: Callable[[], Any], end: str) -> Any:
    """The type of the error of a call, and its text as far as both libraries have the same."""
    try:
        return call()
    except RuntimeError as error:
        return type(error), str(error).split(end)[0]


def doubling(lib: Any, **more: Any) -> Any:
    return made(lib, forward=lambda ctx, x: x * 2, backward=lambda ctx, g: g * 2, **more)


# ---- forward -----------------------------------------------------------------------------------


@FORWARD
def plain_call(lib: Any) -> Any:
    x = leaf(lib)
    y = doubling(lib).apply(x)
    y.sum().backward()
    return y, y.is_leaf, x.grad


@FORWARD
def names_of_the_node(lib: Any) -> Any:
    y = made(lib, "Cube", forward=lambda ctx, x: x**3, backward=passing).apply(leaf(lib))
    node = y.grad_fn
    return node.name(), type(node).__name__, len(node.next_functions), node.next_functions[0][1]


@FORWARD
def context_is_the_node(lib: Any) -> Any:
    kept = []

    def forward(ctx: Any, x: Any) -> Any:
        ctx.word = "here"
        kept.append(ctx)
        return x * 2

    y = made(lib, forward=forward, backward=passing).apply(leaf(lib))
    return kept[0] is y.grad_fn, y.grad_fn.word, y.grad_fn is y.grad_fn


@FORWARD
def nothing_is_recorded_inside(lib: Any) -> Any:
    seen = []

    def forward(ctx: Any, x: Any) -> Any:
        y = x * 2
        seen.append((lib.is_grad_enabled(), y.requires_grad))
        return y

    made(lib, forward=forward, backward=passing).apply(leaf(lib))
    return seen


@FORWARD
def without_gradients(lib: Any) -> Any:
    y = doubling(lib).apply(constant(lib))
    return y, y.grad_fn is None


@FORWARD
def under_no_grad(lib: Any) -> Any:
    with lib.no_grad():
        y = doubling(lib).apply(leaf(lib))
    return y, y.grad_fn is None, y.is_leaf


@FORWARD
def needs_input_grad(lib: Any) -> Any:
    seen = []

    def forward(ctx: Any, x: Any, k: Any, y: Any, z: Any) -> Any:
        seen.append(ctx.needs_input_grad)
        return x * k + y

    made(lib, forward=forward, backward=passing).apply(leaf(lib), 3, constant(lib), None)
    return seen


@FORWARD
def needs_input_grad_under_no_grad(lib: Any) -> Any:
    seen = []

    def forward(ctx: Any, x: Any) -> Any:
        seen.append(ctx.needs_input_grad)
        return x * 2

    with lib.no_grad():
        made(lib, forward=forward, backward=passing).apply(leaf(lib))
    return seen


@FORWARD
def returns_its_input(lib: Any) -> Any:
    x = leaf(lib)
    y = made(lib, forward=lambda ctx, x: x, backward=lambda ctx, g: g * 3).apply(x)
    y.sum().backward()
    return y is x, y, x.grad, y.data_ptr() == x.data_ptr()


@FORWARD
def returns_its_input_without_gradient(lib: Any) -> Any:
    x = constant(lib)
    y = made(lib, forward=lambda ctx, x: x, backward=passing).apply(x)
    return y is x, y, y.data_ptr() == x.data_ptr(), y.requires_grad


@FORWARD
def returns_its_input_under_no_grad(lib: Any) -> Any:
    x = leaf(lib)
    with lib.no_grad():
        y = made(lib, forward=lambda ctx, x: x, backward=passing).apply(x)
    return y is x, y.requires_grad, x.requires_grad


@FORWARD
def writes_to_returned_input(lib: Any) -> Any:
    y = made(lib, forward=lambda ctx, x: x, backward=passing).apply(leaf(lib) * 1)
    return y.mul_(2)


@FORWARD
def returns_a_view(lib: Any) -> Any:
    x = lib.ones(2, 3, dtype=lib.float64, requires_grad=True)
    y = made(lib, forward=lambda ctx, x: x.view(6), backward=lambda ctx, g: g.view(2, 3) * 2).apply(
        x
    )
    y.sum().backward()
    return y, x.grad


@FORWARD
def writes_to_a_returned_view(lib: Any) -> Any:
    x = lib.ones(2, 3, dtype=lib.float64, requires_grad=True) * 1
    y = made(lib, forward=lambda ctx, x: x.view(6), backward=passing).apply(x)
    return y.add_(1)


@FORWARD
def two_results(lib: Any) -> Any:
    x = leaf(lib)
    f = made(lib, forward=lambda ctx, x: (x * 2, x * 3), backward=lambda ctx, g, h: 2 * g + 3 * h)
    y, z = f.apply(x)
    (y * z).sum().backward()
    return y, z, x.grad, y.grad_fn is z.grad_fn, y.output_nr, z.output_nr


@FORWARD
def one_result_in_a_tuple(lib: Any) -> Any:
    return made(lib, forward=lambda ctx, x: (x * 2,), backward=passing).apply(leaf(lib))


@FORWARD
def no_results(lib: Any) -> Any:
    return made(lib, forward=lambda ctx, x: (), backward=lambda ctx: None).apply(leaf(lib))


@FORWARD
def returns_none(lib: Any) -> Any:
    return made(lib, forward=lambda ctx, x: None, backward=passing).apply(leaf(lib))


@FORWARD
def returns_other_things(lib: Any) -> Any:
    f = made(lib, forward=lambda ctx, x: (x * 2, "word", 3, None), backward=lambda c, g, *_: g)
    x = leaf(lib)
    result = f.apply(x)
    result[0].sum().backward()
    return result, x.grad


@FORWARD
def returns_a_list(lib: Any) -> Any:
    out = made(lib, forward=lambda ctx, x: [x * 2], backward=passing).apply(leaf(lib))
    return out, out[0].requires_grad


@FORWARD
def returns_one_twice(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        y = x * 2
        return y, y

    x = leaf(lib)
    y, z = made(lib, forward=forward, backward=lambda ctx, g, h: g + 10 * h).apply(x)
    y.sum().backward()
    return y is z, x.grad


@FORWARD
def integers_need_no_gradient(lib: Any) -> Any:
    f = made(lib, forward=lambda ctx, x: (x * 2, x.argmax()), backward=lambda ctx, g, h: g)
    y, k = f.apply(leaf(lib))
    return y, k, k.requires_grad, k.grad_fn is None


@FORWARD
def marked_non_differentiable(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        y, z = x * 2, x * 3
        ctx.mark_non_differentiable(z)
        return y, z

    y, z = made(lib, forward=forward, backward=lambda ctx, g, h: g).apply(leaf(lib))
    return y.requires_grad, z.requires_grad, z.grad_fn is None


@FORWARD
def input_marked_non_differentiable(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_non_differentiable(x)
        return x, x * 2

    x = leaf(lib)
    y, z = made(lib, forward=forward, backward=lambda ctx, g, h: h * 2).apply(x)
    z.sum().backward()
    return y is x, y.requires_grad, x.requires_grad, x.grad


def written(ctx: Any, x: Any) -> Any:
    x.mul_(2)
    ctx.mark_dirty(x)
    return x


@FORWARD
def writes_in_place(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 1
    z = made(lib, forward=written, backward=lambda ctx, g: g * 2).apply(y)
    z.sum().backward()
    return z is y, z, z.grad_fn.name(), x.grad


@FORWARD
def writes_a_leaf(lib: Any) -> Any:
    return made(lib, forward=written, backward=passing).apply(leaf(lib))


@FORWARD
def writes_a_constant(lib: Any) -> Any:
    x = constant(lib)
    y = made(lib, forward=written, backward=passing).apply(x)
    return y is x, y, y.requires_grad


@FORWARD
def writes_a_constant_beside_a_leaf(lib: Any) -> Any:
    def forward(ctx: Any, x: Any, w: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(w)

    x, w = constant(lib), leaf(lib)
    y = made(lib, forward=forward, backward=lambda ctx, g: (None, g * 5)).apply(x, w)
    y.sum().backward()
    return y is x, x.requires_grad, w.grad


@FORWARD
def writes_a_view(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0, 3.0)
    y = x * 1
    z = made(lib, forward=written, backward=lambda ctx, g: g * 2).apply(y[:2])
    (y * y).sum().backward()
    return z, y, x.grad


@FORWARD
def writes_a_view_among_others(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(2), x * 2

    y = leaf(lib) * 1
    return told(lambda: made(lib, forward=forward, backward=passing).apply(y[:1]), " You can ask")


@FORWARD
def written_is_not_returned(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x * 2

    return made(lib, forward=forward, backward=passing).apply(leaf(lib) * 1)


@FORWARD
def marks_a_result_dirty(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        y = x * 2
        ctx.mark_dirty(y)
        return y

    return made(lib, forward=forward, backward=passing).apply(leaf(lib))


@FORWARD
def marks_no_tensor_dirty(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(3)
        return x * 2

    return told(lambda: made(lib, forward=forward, backward=passing).apply(leaf(lib)), ", but")


@FORWARD
def marks_no_tensor_non_differentiable(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_non_differentiable("word")
        return x * 2

    return told(lambda: made(lib, forward=forward, backward=passing).apply(leaf(lib)), ", but")


@FORWARD
def write_is_counted(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x

    x = leaf(lib)
    y = x * 1
    z = y * y
    made(lib, forward=forward, backward=passing).apply(y)
    return told(z.sum().backward, ":")


@FORWARD
def with_setup_context(lib: Any) -> Any:
    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        x, k = inputs
        ctx.k = k
        ctx.save_for_backward(x, output)

    f = made(
        lib,
        forward=lambda x, k: x * k,
        setup_context=setup,
        backward=lambda ctx, g: (g * ctx.k + 0 * ctx.saved_tensors[1], None),
    )
    x = leaf(lib)
    f.apply(x, 3).sum().backward()
    return x.grad


@FORWARD
def setup_context_sees_defaults(lib: Any) -> Any:
    seen = []

    def forward(x: Any, k: float = 2.0, m: float = 5.0) -> Any:
        return x * k

    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        seen.append(inputs[1:])

    f = made(lib, forward=forward, setup_context=setup, backward=lambda ctx, g: (g, None, None))
    x = leaf(lib)
    f.apply(x, m=7.0).sum().backward()
    return seen, x.grad


@FORWARD
def setup_context_saves_a_returned_input(lib: Any) -> Any:
    f = made(
        lib,
        forward=lambda x: x,
        setup_context=lambda ctx, inputs, output: ctx.save_for_backward(inputs[0]),
        backward=passing,
    )
    return f.apply(leaf(lib))


@FORWARD
def keywords_without_setup_context(lib: Any) -> Any:
    f = made(lib, forward=lambda ctx, x, k=1: x * k, backward=lambda ctx, g, *_: g)
    return f.apply(leaf(lib), k=3)


@FORWARD
def no_forward(lib: Any) -> Any:
    return made(lib, backward=passing).apply(leaf(lib))


@FORWARD
def forward_raises(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        raise KeyError("mine")

    try:
        made(lib, forward=forward, backward=passing).apply(leaf(lib))
    except KeyError as error:
        return str(error), lib.is_grad_enabled()


@FORWARD
def saves_no_tensor(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x, 3)
        return x * 2

    return made(lib, forward=forward, backward=passing).apply(leaf(lib))


@FORWARD
def saves_for_forward_no_tensor(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_forward(x, 3)
        return x * 2

    return made(lib, forward=forward, backward=passing).apply(leaf(lib))


@FORWARD
def is_not_instantiated(lib: Any) -> Any:
    return isinstance(doubling(lib)(), lib.autograd.Function)


@FORWARD
def instance_is_not_called(lib: Any) -> Any:
    return doubling(lib)()(leaf(lib))


@FORWARD
def grad_mode_on_inside(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        with lib.enable_grad():
            return x * 3

    x = leaf(lib)
    y = made(lib, forward=forward, backward=lambda ctx, g: g * 7).apply(x)
    y.sum().backward()
    return y.grad_fn.name(), x.grad


@FORWARD
def no_tensors_at_all(lib: Any) -> Any:
    return made(lib, forward=lambda ctx, a, b: a + b, backward=passing).apply(1, 2)


@FORWARD
def many_arguments(lib: Any) -> Any:
    xs = [leaf(lib, float(k)) for k in range(20)]
    f = made(
        lib,
        forward=lambda ctx, *xs: sum(x * (k + 1) for k, x in enumerate(xs)),
        backward=lambda ctx, g: tuple(g * (k + 1) for k in range(20)),
    )
    f.apply(*xs).sum().backward()
    return [x.grad for x in xs]


# ---- backward ----------------------------------------------------------------------------------


@BACKWARD
def saved_tensors_come_back(lib: Any) -> Any:
    seen = []

    def forward(ctx: Any, x: Any, w: Any) -> Any:
        y = x * w
        ctx.save_for_backward(x, None, w, y)
        return y

    def backward(ctx: Any, g: Any) -> Any:
        seen.extend(ctx.saved_tensors)
        return g, None

    x, w = leaf(lib), constant(lib)
    y = made(lib, forward=forward, backward=backward).apply(x, w)
    y.sum().backward()
    return seen, seen[0] is x, seen[3] is y, seen[3].grad_fn is y.grad_fn


@BACKWARD
def nothing_saved(lib: Any) -> Any:
    y = doubling(lib).apply(leaf(lib))
    return y.grad_fn.saved_tensors


def saving(lib: Any, **more: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * x * g

    return made(lib, **{"forward": forward, "backward": backward, **more})


@BACKWARD
def second_backward_of_saved(lib: Any) -> Any:
    y = saving(lib).apply(leaf(lib)).sum()
    y.backward()
    y.backward()


@BACKWARD
def second_backward_of_nothing_saved(lib: Any) -> Any:
    x = leaf(lib)
    y = doubling(lib).apply(x)
    g = constant(lib)
    y.backward(g)
    y.backward(g)
    return x.grad


@BACKWARD
def second_backward_that_was_retained(lib: Any) -> Any:
    x = leaf(lib)
    y = saving(lib).apply(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


@BACKWARD
def saved_after_it_was_freed(lib: Any) -> Any:
    y = saving(lib).apply(leaf(lib))
    y.sum().backward()
    return y.grad_fn.saved_tensors


@BACKWARD
def double_backward(lib: Any) -> Any:
    x = leaf(lib)
    y = saving(lib).apply(x)
    (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = lib.autograd.grad(g.sum(), x)
    return g, h


@BACKWARD
def double_backward_through_a_saved_result(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    f = made(lib, forward=forward, backward=lambda ctx, g: g * ctx.saved_tensors[0])
    x = leaf(lib)
    (g,) = lib.autograd.grad(f.apply(x).sum(), x, create_graph=True)
    (h,) = lib.autograd.grad((g * g).sum(), x, create_graph=True)
    (i,) = lib.autograd.grad(h.sum(), x)
    return g, h, i


@BACKWARD
def double_backward_through_one_of_two_saved_results(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        y, z = x.exp(), x * x
        ctx.save_for_backward(x, y)
        return y, z

    def backward(ctx: Any, g: Any, h: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * y + 2 * x * h

    x = leaf(lib)
    y, z = made(lib, forward=forward, backward=backward).apply(x)
    (g,) = lib.autograd.grad((y * z).sum(), x, create_graph=True)
    (h,) = lib.autograd.grad((g * y).sum(), x)
    return g, h


@BACKWARD
def double_backward_through_a_calculated_input(lib: Any) -> Any:
    x = leaf(lib)
    y = saving(lib).apply(x.sin())
    (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    return lib.autograd.grad(g.sum(), x)


@BACKWARD
def second_derivative_of_nested_functions(lib: Any) -> Any:
    f = saving(lib)
    x = leaf(lib)
    y = f.apply(f.apply(f.apply(x)))
    (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    return g, lib.autograd.grad(g.sum(), x)


@BACKWARD
def grad_mode_inside(lib: Any) -> Any:
    seen = []

    def backward(ctx: Any, g: Any) -> Any:
        seen.append((lib.is_grad_enabled(), g.requires_grad))
        return g * 2

    x = leaf(lib)
    f = made(lib, forward=lambda ctx, x: x * 2, backward=backward)
    f.apply(x).sum().backward()
    lib.autograd.grad(f.apply(x).sum(), x, create_graph=True)
    return seen


@BACKWARD
def written_since_it_was_saved(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 1
    z = saving(lib).apply(y)
    y.mul_(2)
    return told(z.sum().backward, ":")


@BACKWARD
def result_written_since_it_was_saved(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    f = made(lib, forward=forward, backward=lambda ctx, g: g * ctx.saved_tensors[0])
    y = f.apply(leaf(lib))
    y.mul_(2)
    return told(y.sum().backward, ":")


@BACKWARD
def zeros_for_what_was_not_used(lib: Any) -> Any:
    seen = []

    def backward(ctx: Any, *grads: Any) -> Any:
        seen.extend(grads)
        return grads[0]

    f = made(lib, forward=lambda ctx, x: (x * 2, x.sum(), "word"), backward=backward)
    f.apply(leaf(lib))[0].sum().backward()
    return seen


@BACKWARD
def none_for_what_was_not_used(lib: Any) -> Any:
    seen = []

    def forward(ctx: Any, x: Any) -> Any:
        ctx.set_materialize_grads(False)
        return x * 2, x.sum()

    def backward(ctx: Any, *grads: Any) -> Any:
        seen.extend(grads)
        return grads[0]

    made(lib, forward=forward, backward=backward).apply(leaf(lib))[0].sum().backward()
    return seen


@BACKWARD
def zeros_for_the_non_differentiable(lib: Any) -> Any:
    seen = []

    def forward(ctx: Any, x: Any) -> Any:
        y, z = x * 2, x.sum()
        ctx.mark_non_differentiable(z)
        return y, z

    def backward(ctx: Any, *grads: Any) -> Any:
        seen.extend(grads)
        return grads[0]

    made(lib, forward=forward, backward=backward).apply(leaf(lib))[0].sum().backward()
    return seen


@BACKWARD
def called_where_the_next_one_returned_none(lib: Any) -> Any:
    seen = []

    def backward(ctx: Any, g: Any) -> Any:
        seen.append(g)
        return g

    x = leaf(lib)
    first = made(lib, forward=lambda ctx, x: x * 2, backward=backward)
    second = made(lib, forward=lambda ctx, x: x * 3, backward=lambda ctx, g: None)
    second.apply(first.apply(x)).sum().backward()
    return seen, x.grad


@BACKWARD
def returns_none(lib: Any) -> Any:  # noqa: F811
    x = leaf(lib)
    made(lib, forward=lambda ctx, x: x * 2, backward=lambda ctx, g: None).apply(x).sum().backward()
    return x.grad


@BACKWARD
def none_for_what_is_asked_for(lib: Any) -> Any:
    x = leaf(lib)
    y = made(lib, forward=lambda ctx, x: x * 2, backward=lambda ctx, g: None).apply(x)
    return lib.autograd.grad(y.sum(), x)


@BACKWARD
def none_where_it_may_be_unused(lib: Any) -> Any:
    x = leaf(lib)
    y = made(lib, forward=lambda ctx, x: x * 2, backward=lambda ctx, g: None).apply(x)
    return lib.autograd.grad(y.sum(), x, allow_unused=True)


@BACKWARD
def too_few_gradients(lib: Any) -> Any:
    f = made(lib, "Short", forward=lambda ctx, x, y: x * y, backward=lambda ctx, g: g)
    f.apply(leaf(lib), leaf(lib)).sum().backward()


@BACKWARD
def too_many_gradients(lib: Any) -> Any:
    f = made(lib, "Long", forward=lambda ctx, x: x * 2, backward=lambda ctx, g: (g, g))
    f.apply(leaf(lib)).sum().backward()


@BACKWARD
def too_many_that_are_none(lib: Any) -> Any:
    x = leaf(lib)
    f = made(lib, forward=lambda ctx, x: x * 2, backward=lambda ctx, g: (g, None, None))
    f.apply(x).sum().backward()
    return x.grad


@BACKWARD
def gradient_of_a_number(lib: Any) -> Any:
    f = made(lib, "Odd", forward=lambda ctx, x, k: x * k, backward=lambda ctx, g: (g, g))
    f.apply(leaf(lib), 3).sum().backward()


@BACKWARD
def gradient_of_a_constant(lib: Any) -> Any:
    x, c = leaf(lib), constant(lib)
    made(lib, forward=lambda ctx, x, c: x * c, backward=lambda ctx, g: (g, g)).apply(
        x, c
    ).sum().backward()
    return x.grad, c.grad


@BACKWARD
def no_tensor_for_a_gradient(lib: Any) -> Any:
    f = made(lib, forward=lambda ctx, x: x * 2, backward=lambda ctx, g: 3)
    f.apply(leaf(lib)).sum().backward()


@BACKWARD
def list_for_gradients(lib: Any) -> Any:
    f = made(lib, forward=lambda ctx, x: x * 2, backward=lambda ctx, g: [g])
    f.apply(leaf(lib)).sum().backward()


@BACKWARD
def wrong_shape(lib: Any) -> Any:
    f = made(lib, "Wide", forward=lambda ctx, x: x * 2, backward=lambda ctx, g: g.new_ones(3))
    f.apply(leaf(lib)).sum().backward()


@BACKWARD
def broadcast_gradient_is_summed(lib: Any) -> Any:
    x = leaf(lib)
    f = made(lib, forward=lambda ctx, x: x * 2, backward=lambda ctx, g: g.expand(3, 2).contiguous())
    f.apply(x).sum().backward()
    return x.grad


@BACKWARD
def gradient_of_lower_rank(lib: Any) -> Any:
    f = made(lib, "Low", forward=lambda ctx, x: x * 2, backward=lambda ctx, g: g.sum())
    f.apply(leaf(lib)).sum().backward()


@BACKWARD
def integer_gradient(lib: Any) -> Any:
    x = leaf(lib)
    f = made(
        lib,
        forward=lambda ctx, x: x * 2,
        backward=lambda ctx, g: lib.tensor([3, 4], dtype=lib.int64),
    )
    f.apply(x).sum().backward()
    return x.grad


@BACKWARD
def raises(lib: Any) -> Any:
    def backward(ctx: Any, g: Any) -> Any:
        raise ZeroDivisionError("mine")

    made(lib, forward=lambda ctx, x: x * 2, backward=backward).apply(leaf(lib)).sum().backward()


@BACKWARD
def no_backward(lib: Any) -> Any:
    made(lib, forward=lambda ctx, x: x * 2).apply(leaf(lib)).sum().backward()


@BACKWARD
def vjp_is_another_name(lib: Any) -> Any:
    x = leaf(lib)
    made(lib, forward=lambda ctx, x: x * 2, vjp=lambda ctx, g: g * 5).apply(x).sum().backward()
    return x.grad


@BACKWARD
def vjp_and_backward(lib: Any) -> Any:
    f = made(lib, forward=lambda ctx, x: x * 2, vjp=passing, backward=passing)
    f.apply(leaf(lib)).sum().backward()


@BACKWARD
def backward_of_a_base_class(lib: Any) -> Any:
    class Derived(doubling(lib)):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 9

    x = leaf(lib)
    y = Derived.apply(x)
    y.sum().backward()
    return y, x.grad, y.grad_fn.name()


def once(lib: Any) -> Any:
    marked = lib.autograd.function.once_differentiable(lambda ctx, g: g * 2)
    return made(lib, forward=lambda ctx, x: x * 2, backward=marked)


@BACKWARD
def once_differentiable(lib: Any) -> Any:
    x = leaf(lib)
    once(lib).apply(x).sum().backward()
    return x.grad


@BACKWARD
def once_differentiable_twice(lib: Any) -> Any:
    x, w = leaf(lib), leaf(lib)
    y = once(lib).apply(x)
    (g,) = lib.autograd.grad((y * w).sum(), x, create_graph=True)
    g.sum().backward()


@BACKWARD
def saved_are_cleared_on_access(lib: Any) -> Any:
    def backward(ctx: Any, g: Any) -> Any:
        first = ctx.saved_tensors
        return first[0] * ctx.saved_tensors[0] * g

    f = saving(lib, backward=backward, clear_saved_tensors_on_access=True)
    f.apply(leaf(lib)).sum().backward()


@BACKWARD
def gradients_in_a_list(lib: Any) -> Any:
    seen = []

    def backward(ctx: Any, grads: Any) -> Any:
        seen.append((type(grads), len(grads)))
        return grads.pop() * 2

    x = leaf(lib)
    f = made(lib, forward=lambda ctx, x: x * 2, backward=backward, boxed_grads_call=True)
    f.apply(x).sum().backward()
    return seen, x.grad


@BACKWARD
def with_inputs_given(lib: Any) -> Any:
    seen = []

    def backward(ctx: Any, g: Any) -> Any:
        seen.append(ctx.needs_input_grad)
        return g, g * 2

    x, w = leaf(lib), leaf(lib)
    y = made(lib, forward=lambda ctx, x, w: x * w, backward=backward).apply(x, w)
    result = lib.autograd.grad(y.sum(), w)
    return seen, result, x.grad


@BACKWARD
def not_called_where_not_needed(lib: Any) -> Any:
    seen = []

    def backward(ctx: Any, g: Any) -> Any:
        seen.append(g)
        return g

    x, w = leaf(lib), leaf(lib)
    y = made(lib, forward=lambda ctx, x: x * 2, backward=backward).apply(x)
    return seen, lib.autograd.grad((y * w).sum(), w)


@BACKWARD
def hooks_around_it(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    y = doubling(lib).apply(x)
    y.register_hook(lambda g: log.append(("tensor", g)))
    y.grad_fn.register_prehook(lambda gs: log.append(("before", gs)))
    y.grad_fn.register_hook(lambda ins, outs: log.append(("after", ins, outs)))
    y.retain_grad()
    (y * y).sum().backward()
    return log, y.grad, x.grad


@BACKWARD
def backward_inside(lib: Any) -> Any:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        with lib.enable_grad():
            x = x.detach().requires_grad_()
            y = (x * x).sum()
        y.backward()
        return x.grad * g

    x = leaf(lib)
    made(lib, forward=forward, backward=backward).apply(x).sum().backward()
    return x.grad


@BACKWARD
def empty_tensors(lib: Any) -> Any:
    x = lib.zeros(0, 3, dtype=lib.float64, requires_grad=True)
    saving(lib).apply(x).sum().backward()
    return x.grad


@BACKWARD
def gradcheck(lib: Any) -> Any:
    x = leaf(lib)
    f = saving(lib).apply
    return lib.autograd.gradcheck(f, x), lib.autograd.gradgradcheck(f, x)


CASES = [
    pytest.param(behaviour, id=f"{kind}-{name}")
    for kind, group in (("forward", FORWARD), ("backward", BACKWARD))
    for name, behaviour in group.all.items()
]


@pytest.mark.parametrize("behaviour", CASES)
def test_both_do_the_same(behaviour: Behaviour) -> None:
    compare(behaviour, ag, torch)


def test_there_are_enough() -> None:
    assert min(len(FORWARD.all), len(BACKWARD.all)) >= 30
