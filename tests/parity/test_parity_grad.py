# SPDX-License-Identifier: MIT
"""autograd.grad and backward beside PyTorch's: every argument, retained gradients, odd shapes."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

group = Group()


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers), requires_grad=True)


# ---- what grad takes -----------------------------------------------------------------------------


@group
def unused_is_refused(lib: Any) -> Any:
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 3.0)
    return lib.autograd.grad((x * x).sum(), [x, y])


@group
def unused_is_allowed(lib: Any) -> Any:
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 3.0)
    return lib.autograd.grad((x * x).sum(), [x, y], allow_unused=True)


@group
def unused_is_zeros(lib: Any) -> Any:
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 3.0)
    return lib.autograd.grad((x * x).sum(), [x, y], materialize_grads=True)


@group
def unused_zeros_that_are_recorded(lib: Any) -> Any:
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 3.0)
    return lib.autograd.grad((x * x).sum(), [x, y], create_graph=True, materialize_grads=True)


@group
def materialized_and_not_allowed(lib: Any) -> Any:
    x = leaf(lib, 1.0)
    return lib.autograd.grad(x * 2, x, materialize_grads=True, allow_unused=False)


@group
def arguments_in_their_order(lib: Any) -> Any:
    x, y = leaf(lib, 1.0), leaf(lib, 2.0)
    return lib.autograd.grad(x * x, [x, y], None, True, True, True, True, False, True)


@group
def only_inputs_is_warned_of(lib: Any) -> Any:
    x = leaf(lib, 1.0)
    return lib.autograd.grad(x * x, x, only_inputs=False)


@group
def inputs_in_a_dict(lib: Any) -> Any:
    named = {"a": leaf(lib, 1.0), "b": leaf(lib, 2.0)}
    return lib.autograd.grad(named["a"] * named["b"], named)


@group
def inputs_in_a_dict_that_are_unused(lib: Any) -> Any:
    named = {"a": leaf(lib, 1.0), "b": leaf(lib, 2.0)}
    return lib.autograd.grad(named["a"] * 2, named, allow_unused=True)


@group
def inputs_in_another_mapping(lib: Any) -> Any:
    x = leaf(lib, 1.0)
    return lib.autograd.grad(x * 2, UserDict(a=x))


@group
def inputs_in_an_ordered_dict(lib: Any) -> Any:
    x = leaf(lib, 1.0)
    return lib.autograd.grad(x * 2, OrderedDict(a=x))


@group
def inputs_in_an_empty_dict(lib: Any) -> Any:
    return lib.autograd.grad(leaf(lib, 1.0) * 2, {})


@group
def no_inputs(lib: Any) -> Any:
    return lib.autograd.grad(leaf(lib, 1.0) * 2, [])


@group
def no_inputs_at_all(lib: Any) -> Any:
    x = leaf(lib, 1.0)
    try:
        return lib.autograd.grad(x * 2, None)
    except TypeError:
        return "TypeError"


@group
def inputs_from_a_generator(lib: Any) -> Any:
    xs = [leaf(lib, 1.0), leaf(lib, 2.0)]
    return lib.autograd.grad(xs[0] * xs[1], (x for x in xs))


@group
def one_input_twice(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    return lib.autograd.grad(x * x, [x, x])


@group
def an_input_that_is_no_leaf(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 3
    return lib.autograd.grad(y * y, [y, x])


@group
def an_input_that_requires_no_grad(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    return lib.autograd.grad(x * 2, [x, lib.ones(1)])


@group
def an_input_that_requires_no_grad_and_may_be_unused(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    return lib.autograd.grad(x * 2, [x, lib.ones(1)], allow_unused=True)


@group
def an_output_is_the_input(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    return lib.autograd.grad(x, x)


@group
def an_output_is_an_input_of_another(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * x
    return lib.autograd.grad([y, y * y], [x, y])


@group
def an_output_twice(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * x
    return lib.autograd.grad([y, y], x)


@group
def several_outputs(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad([x.sum(), (x * x).sum()], x)


@group
def an_output_that_requires_no_grad(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    return lib.autograd.grad([x * 2, lib.ones(1)], x)


@group
def outputs_that_require_no_grad(lib: Any) -> Any:
    return lib.autograd.grad(lib.ones(1), leaf(lib, 2.0))


@group
def no_outputs(lib: Any) -> Any:
    return lib.autograd.grad([], leaf(lib, 2.0), allow_unused=True)


@group
def grad_outputs_with_none(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad([x.sum(), x * x], x, [None, lib.ones(2)])


@group
def grad_outputs_of_a_vector_are_none(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad([x.sum(), x * x], x, [lib.ones(()), None])


@group
def grad_outputs_are_one_tensor(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad(x * x, x, lib.tensor([1.0, 10.0]))


@group
def grad_outputs_of_another_shape(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad(x * x, x, lib.ones(3))


@group
def grad_outputs_that_would_broadcast(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad(x * x, x, lib.ones(1))


@group
def grad_outputs_of_a_number_in_a_vector(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad(x.sum(), x, lib.ones(1))


@group
def grad_outputs_are_numbers(lib: Any) -> Any:
    x = leaf(lib, 1.0)
    return lib.autograd.grad([x * x], x, [2.0])


@group
def grad_outputs_that_require_grad(lib: Any) -> Any:
    x, v = leaf(lib, 1.0, 2.0), leaf(lib, 3.0, 4.0)
    (g,) = lib.autograd.grad(x * x, x, v, create_graph=True)
    return g, lib.autograd.grad(g.sum(), [x, v])


@group
def grad_outputs_that_require_grad_unrecorded(lib: Any) -> Any:
    x, v = leaf(lib, 1.0, 2.0), leaf(lib, 3.0, 4.0)
    return lib.autograd.grad(x * x, x, v)


@group
def grad_outputs_of_what_requires_no_grad(lib: Any) -> Any:
    return lib.autograd.grad([lib.ones(1)], leaf(lib, 1.0), [lib.ones(1)])


# ---- graphs --------------------------------------------------------------------------------------


@group
def a_second_time(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * x
    lib.autograd.grad(y, x)
    try:
        return lib.autograd.grad(y, x)
    except RuntimeError as error:
        return str(error)[:60]


@group
def a_second_time_retained(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * x
    return lib.autograd.grad(y, x, retain_graph=True), lib.autograd.grad(y, x)


@group
def created_and_not_retained(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x**3
    (g,) = lib.autograd.grad(y, x, retain_graph=False, create_graph=True)
    return g


@group
def recorded_under_no_grad(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x**3
    with lib.no_grad():
        (g,) = lib.autograd.grad(y, x, create_graph=True)
        return g, g * 2, lib.is_grad_enabled()


@group
def unrecorded_where_grad_is_on(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    (g,) = lib.autograd.grad(x**3, x)
    return g, lib.is_grad_enabled()


@group
def four_times_over(lib: Any) -> Any:
    x = leaf(lib, 0.5)
    y = (x.sin() * x.exp()).sum()
    for _ in range(4):
        (y,) = lib.autograd.grad(y, x, create_graph=True)
    return y


@group
def nothing_is_left_in_grad(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 3
    y.retain_grad()
    lib.autograd.grad(y * y, x)
    return x.grad, y.grad


# ---- batches -------------------------------------------------------------------------------------


@group
def a_batch(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad(x * x, x, lib.eye(2), is_grads_batched=True)


@group
def a_batch_recorded(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    (g,) = lib.autograd.grad(x**3, x, lib.eye(2), is_grads_batched=True, create_graph=True)
    return g, lib.autograd.grad(g.sum(), x)


@group
def a_batch_for_several_outputs(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    gs = (lib.eye(2), lib.tensor([1.0, 2.0]))
    return lib.autograd.grad([x * x, x.sum()], [x], gs, is_grads_batched=True)


@group
def a_batch_of_one(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad(x.sum(), x, lib.ones(1), is_grads_batched=True)


@group
def a_batch_with_unused(lib: Any) -> Any:
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 3.0)
    more = {"allow_unused": True, "is_grads_batched": True}
    return lib.autograd.grad(x * x, [x, y], lib.eye(2), **more)


@group
def a_batch_with_unused_refused(lib: Any) -> Any:
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 3.0)
    return lib.autograd.grad(x * x, [x, y], lib.eye(2), is_grads_batched=True)


@group
def a_batch_with_unused_zeros(lib: Any) -> Any:
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 3.0)
    more = {"materialize_grads": True, "is_grads_batched": True}
    return lib.autograd.grad(x * x, [x, y], lib.eye(2), **more)


@group
def a_batch_in_a_dict(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.grad(x * x, {"x": x}, lib.eye(2), is_grads_batched=True)


@group
def a_batch_frees_the_graph(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    y = x * x
    lib.autograd.grad(y, x, lib.eye(2), is_grads_batched=True)
    try:
        return lib.autograd.grad(y.sum(), x)
    except RuntimeError as error:
        return str(error)[:60]


@group
def a_batch_retains_the_graph(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    y = x * x
    lib.autograd.grad(y, x, lib.eye(2), True, is_grads_batched=True)
    return lib.autograd.grad(y.sum(), x)


def kind_of_error(f: Any) -> str:
    try:
        f()
    except Exception as error:
        return type(error).__name__
    return "none"


@group
def batches_that_do_not_fit(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    y = x * x

    def run(outputs: Any, grads: Any) -> str:
        return kind_of_error(
            lambda: lib.autograd.grad(outputs, x, grads, True, is_grads_batched=True)
        )

    return [
        run(y, lib.zeros(0, 2)),
        run(y, lib.ones(2)),
        run(y, lib.ones(3, 3)),
        run(y, lib.tensor(1.0)),
        run([y, y], [lib.ones(1, 2), lib.ones(3, 2)]),
        run([y, y.sum()], [lib.ones(1, 2), None]),
        run(y, None),
        run([y, lib.ones(2)], [lib.ones(1, 2), lib.ones(1, 2)]),
    ]


# ---- backward ------------------------------------------------------------------------------------


@group
def inputs_of_backward(lib: Any) -> Any:
    x, y = leaf(lib, 2.0), leaf(lib, 3.0)
    (x * y).backward(inputs=[x])
    return x.grad, y.grad


@group
def inputs_of_backward_in_a_dict(lib: Any) -> Any:
    x, y = leaf(lib, 2.0), leaf(lib, 3.0)
    lib.autograd.backward(x * y, inputs={"x": x})
    return x.grad, y.grad


@group
def inputs_of_the_method_in_a_dict(lib: Any) -> Any:
    x, y = leaf(lib, 2.0), leaf(lib, 3.0)
    (x * y).backward(inputs={"y": y})
    return x.grad, y.grad


@group
def inputs_of_backward_in_another_mapping(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    return lib.autograd.backward(x * 2, inputs=UserDict(x=x))


@group
def inputs_of_the_method_in_another_mapping(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    return (x * 2).backward(inputs=UserDict(x=x))


@group
def empty_inputs_of_backward(lib: Any) -> Any:
    return (leaf(lib, 2.0) * 2).backward(inputs=[])


@group
def an_inner_input_of_backward(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 3
    (y * y).backward(inputs=[y])
    return x.grad, kept(y)


def kept(y: Any) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return y.grad


@group
def an_inner_and_an_outer_input(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 3
    (y * y).backward(inputs=[y, x])
    return x.grad, kept(y)


@group
def an_inner_input_accumulates(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 3
    z = y * y
    z.backward(inputs=[y], retain_graph=True)
    z.backward(inputs=[y])
    return kept(y)


@group
def an_unused_input_of_backward(lib: Any) -> Any:
    x, y = leaf(lib, 2.0), leaf(lib, 3.0)
    (x * x).backward(inputs=[x, y])
    return x.grad, y.grad


@group
def an_input_of_backward_without_grad(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    return (x * x).backward(inputs=[x, lib.ones(1)])


@group
def retained_gradients(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 3
    z = y * y
    y.retain_grad()
    z.retain_grad()
    z.backward()
    return x.grad, y.grad, z.grad, y.retains_grad, x.retains_grad


@group
def retained_gradients_accumulate(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 3
    y.retain_grad()
    z = y * y
    z.backward(retain_graph=True)
    z.backward()
    return x.grad, y.grad


@group
def retained_gradients_with_inputs(lib: Any) -> Any:
    x, w = leaf(lib, 2.0), leaf(lib, 5.0)
    y = x * w
    y.retain_grad()
    (y * y).backward(inputs=[w])
    return x.grad, w.grad, y.grad


@group
def retained_gradients_beside_the_inputs(lib: Any) -> Any:
    x, w = leaf(lib, 2.0), leaf(lib, 5.0)
    y = x * 2
    y.retain_grad()
    (y * w).backward(inputs=[w])
    return x.grad, w.grad, y.grad


@group
def retained_gradients_of_an_input(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 2
    y.retain_grad()
    (y * y).backward(inputs=[y])
    return x.grad, y.grad


@group
def retained_gradients_of_a_root(lib: Any) -> Any:
    x = leaf(lib, 2.0, 3.0)
    y = x * 2
    y.retain_grad()
    y.backward(lib.tensor([1.0, 10.0]))
    return x.grad, y.grad


@group
def retained_gradients_and_grad(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 2
    y.retain_grad()
    z = y * y
    found = lib.autograd.grad(z, [x, y])
    return found, x.grad, y.grad


@group
def retained_gradients_recorded(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    y = x * 2
    y.retain_grad()
    (y**3).backward(create_graph=True)
    found = x.grad.requires_grad, y.grad.requires_grad
    x.grad = y.grad = None
    return found


@group
def the_gradient_of_a_leaf_is_its_own(lib: Any) -> Any:
    x = leaf(lib, 2.0)
    g = lib.ones(1)
    (x * 1).backward(g)
    g.mul_(5)
    return x.grad


@group
def several_roots(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    lib.autograd.backward([x.sum(), x * x], [None, lib.ones(2)])
    return x.grad


@group
def grad_variables(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    lib.autograd.backward(x * x, grad_variables=lib.ones(2))
    return x.grad


@group
def grad_variables_and_grad_tensors(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    return lib.autograd.backward(x * x, lib.ones(2), grad_variables=lib.ones(2))


@group
def backward_in_its_order(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    y = x * x
    lib.autograd.backward(y, lib.ones(2), True, False, None, [x])
    lib.autograd.backward([y], [lib.ones(2)], False)
    return x.grad


# ---- shapes --------------------------------------------------------------------------------------


@group
def nothing(lib: Any) -> Any:
    x = lib.zeros(0, 3).requires_grad_()
    return lib.autograd.grad((x * 2).sum(), x), lib.autograd.grad(x * 2, x, lib.ones(0, 3))


@group
def nothing_without_a_gradient(lib: Any) -> Any:
    x = lib.zeros(0, 3).requires_grad_()
    return lib.autograd.grad(x * 2, x)


@group
def no_dimensions(lib: Any) -> Any:
    x = lib.tensor(2.0, requires_grad=True)
    return lib.autograd.grad(x * x, x), lib.autograd.grad(x * x, x, lib.tensor(5.0))


@group
def one_element_of_several_dimensions(lib: Any) -> Any:
    x = lib.ones(1, 1, 1).requires_grad_()
    return lib.autograd.grad(x * x, x)


@group
def broadcast(lib: Any) -> Any:
    x, y, z = lib.ones(3, 1), lib.ones(4), lib.tensor(2.0)
    for t in (x, y, z):
        t.requires_grad_()
    return lib.autograd.grad((x * y * z).sum(), [x, y, z])


@group
def expanded(lib: Any) -> Any:
    x = lib.ones(1, requires_grad=True)
    return lib.autograd.grad(x.expand(3), x, lib.tensor([1.0, 2.0, 3.0]))


@group
def parts_of_one(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0, 3.0)
    a, _, c = x.unbind()
    return lib.autograd.grad(a * c, [x, a, c]), a.output_nr, c.output_nr, x.output_nr


@group
def parts_of_which_one_is_not_used(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0, 3.0)
    a, b, c = x.unbind()
    return lib.autograd.grad(a * c, [a, b], allow_unused=True)


def test_there_are_enough() -> None:
    assert len(group.all) >= 60


@pytest.mark.parametrize("name", group.all)
def test_as_in_torch(name: str, torch: ModuleType) -> None:
    compare(group.all[name], ag, torch)
