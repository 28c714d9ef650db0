# SPDX-License-Identifier: MIT
"""Hooks on several tensors, gradient edges, and a tensor's hooks by their ids, beside PyTorch's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

torch = pytest.importorskip("torch")

MULTI, EDGES = Group(), Group()


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(list(numbers or (1.0, 2.0)), dtype=lib.float64, requires_grad=True)


def of(lib: Any, tensors: Any, log: list[Any], **options: Any) -> Any:
    """Register a hook that writes down what it was called with."""
    return lib.autograd.graph.register_multi_grad_hook(
        tensors, lambda gradients: log.append(gradients), **options
    )


def pair(lib: Any) -> tuple[Any, Any, Any, Any]:
    x, y = leaf(lib), leaf(lib, 3.0, 5.0)
    return x, y, x * y, x + y


# ---- all of them -----------------------------------------------------------------------------


@MULTI
def once_for_all(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, _ = pair(lib)
    of(lib, (x, y), log)
    product.sum().backward()
    return log


@MULTI
def inner_ones_and_leaves(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, total = pair(lib)
    of(lib, (x, y, product, total), log)
    (product * total).sum().backward()
    return log, x.grad


@MULTI
def some_take_no_part(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, total = pair(lib)
    of(lib, (x, y, product, total), log)
    product.sum().backward(retain_graph=True)
    total.sum().backward()
    return log


@MULTI
def none_takes_part(lib: Any) -> Any:
    log: list[Any] = []
    x, _, product, _ = pair(lib)
    of(lib, (product,), log)
    (x * 2).sum().backward()
    return log


@MULTI
def only_some_inputs(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, total = pair(lib)
    of(lib, (x, y, product, total), log)
    (product.sum() + total.sum()).backward(inputs=[x])
    return log


@MULTI
def a_branch_that_is_not_needed(lib: Any) -> Any:
    log: list[Any] = []
    x, y = leaf(lib), leaf(lib)
    left, right = x.exp(), y.exp()
    of(lib, (left, right), log)
    return lib.autograd.grad((left * right).sum(), left), log


@MULTI
def inner_ones_and_grad(lib: Any) -> Any:
    log: list[Any] = []
    x, _, product, total = pair(lib)
    of(lib, (product, total), log)
    return lib.autograd.grad((product * total).sum(), x), log


@MULTI
def twice(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, _ = pair(lib)
    of(lib, (x, y), log)
    product.sum().backward(retain_graph=True)
    (product * 2).sum().backward()
    return log


@MULTI
def the_same_tensor_twice(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    of(lib, (x, x), log)
    (x * 3).sum().backward()
    return log


@MULTI
def a_single_tensor(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    of(lib, [x], log)
    (x * 3).sum().backward()
    return log


@MULTI
def no_tensors(lib: Any) -> Any:
    log: list[Any] = []
    handle = of(lib, (), log)
    leaf(lib).sum().backward()
    handle.remove()
    return log


@MULTI
def when_it_is_called(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    first = x * 2
    second = first.exp()
    for name, one in (("x", x), ("first", first), ("second", second)):
        one.register_hook(lambda _, name=name: log.append(name))
    lib.autograd.graph.register_multi_grad_hook((first, second), lambda _: log.append("both"))
    first.register_hook(lambda _: log.append("first again"))
    second.sum().backward()
    return log


@MULTI
def what_other_hooks_have_changed(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, _ = pair(lib)
    x.register_hook(lambda g: g * 10)
    of(lib, (x, y), log)
    x.register_hook(lambda g: g + 1)
    product.sum().backward()
    return log, x.grad


@MULTI
def what_it_returns_is_ignored(lib: Any) -> Any:
    x, y, product, _ = pair(lib)
    lib.autograd.graph.register_multi_grad_hook((x, y), lambda gradients: gradients[0] * 7)
    product.sum().backward()
    return x.grad, y.grad


@MULTI
def removed(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, _ = pair(lib)
    handle = of(lib, (x, y), log)
    handle.remove()
    handle.remove()
    product.sum().backward()
    return log


@MULTI
def one_of_its_handles_removed(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, _ = pair(lib)
    handle = of(lib, (x, y), log)
    handle.handles[0].remove()
    product.sum().backward()
    return log, len(handle.handles)


@MULTI
def in_a_with_block(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, _ = pair(lib)
    with of(lib, (x, y), log):
        product.sum().backward(retain_graph=True)
    product.sum().backward()
    return log


@MULTI
def several_of_them(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, total = pair(lib)
    of(lib, (x, y), log)
    of(lib, (product, x), log)
    of(lib, (total, y), log)
    (product * total).sum().backward()
    return log


@MULTI
def results_of_one_op(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    a, b = (x * 2).unbind()
    of(lib, (a, b), log)
    (a * b).backward()
    return log


@MULTI
def a_backward_that_creates_a_graph(lib: Any) -> Any:
    log: list[Any] = []
    x, _, product, _ = pair(lib)
    lib.autograd.graph.register_multi_grad_hook(
        (product,), lambda gradients: log.append(gradients[0].tolist())
    )
    (first,) = lib.autograd.grad((product * product).sum(), x, create_graph=True)
    first.sum().backward()
    return log, x.grad


@MULTI
def one_inside_of_another(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, _ = pair(lib)
    of(lib, (x, y), log)

    def hook(_: Any) -> None:
        log.append("begin")
        with lib.enable_grad():
            (x * x * y).sum().backward()
        log.append("end")

    product.register_hook(hook)
    product.sum().backward()
    return log, x.grad


@MULTI
def it_raises(lib: Any) -> Any:
    x, y, product, _ = pair(lib)

    def hook(_: Any) -> None:
        raise ValueError("no")

    lib.autograd.graph.register_multi_grad_hook((x, y), hook)
    product.sum().backward()


@MULTI
def another_hook_raised_before(lib: Any) -> Any:
    log: list[Any] = []
    x, _, product, total = pair(lib)
    of(lib, (product, total, x), log)

    def hook(_: Any) -> None:
        raise ValueError("no")

    handle = total.register_hook(hook)
    try:
        (product * total).sum().backward(retain_graph=True)
    except ValueError as error:
        log.append(str(error))
    handle.remove()
    (product * total).sum().backward()
    return log


@MULTI
def one_requires_no_grad(lib: Any) -> Any:
    lib.autograd.graph.register_multi_grad_hook((leaf(lib), lib.ones(2)), print)


@MULTI
def one_is_a_number(lib: Any) -> Any:
    lib.autograd.graph.register_multi_grad_hook((leaf(lib), 3), print)


@MULTI
def written_in_place_later(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    y = x * 2
    of(lib, (y,), log)
    y.mul_(5)
    y.sum().backward()
    return log


@MULTI
def whether_numbers_are_recorded(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, _ = pair(lib)
    lib.autograd.graph.register_multi_grad_hook((x, y), lambda _: log.append(lib.is_grad_enabled()))
    product.sum().backward(retain_graph=True)
    lib.autograd.grad((product * product).sum(), product, create_graph=True)
    return log


@MULTI
def in_several_threads(lib: Any) -> Any:
    log: list[Any] = []
    x, y, _, _ = pair(lib)
    of(lib, (x, y), log)

    def work() -> None:
        (x * y).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(str([g.tolist() for g in one]) for one in log)


# ---- the first of them -----------------------------------------------------------------------


@MULTI
def any_once(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, _ = pair(lib)
    of(lib, (x, y, product), log, mode="any")
    product.sum().backward()
    return log


@MULTI
def any_in_each_backward(lib: Any) -> Any:
    log: list[Any] = []
    x, y, product, total = pair(lib)
    of(lib, (x, y, total), log, mode="any")
    product.sum().backward()
    total.sum().backward()
    return log


@MULTI
def any_leaves_out_what_requires_no_grad(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    handle = of(lib, (lib.ones(2), x), log, mode="any")
    (x * 2).sum().backward()
    return log, len(handle.handles)


@MULTI
def any_of_none(lib: Any) -> Any:
    log: list[Any] = []
    handle = of(lib, (lib.ones(2),), log, mode="any")
    return len(handle.handles)


@MULTI
def any_removed(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    with of(lib, (x,), log, mode="any"):
        pass
    (x * 2).sum().backward()
    return log


@MULTI
def any_inside_of_another(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    first, second = x * 2, x * 3
    of(lib, (first, second, x), log, mode="any")

    def hook(_: Any) -> None:
        with lib.enable_grad():
            (first * 5).sum().backward(retain_graph=True)

    handle = second.register_hook(hook)
    (first * second).sum().backward(retain_graph=True)
    handle.remove()
    (first * second).sum().backward()
    return log


@MULTI
def any_keeps_the_name(lib: Any) -> Any:
    def noted(_: Any) -> None:
        """What it does."""

    x = leaf(lib)
    lib.autograd.graph.register_multi_grad_hook((x,), noted, mode="any")
    (hook,) = x._backward_hooks.values()
    return hook.__name__, hook.__doc__


@MULTI
def another_mode(lib: Any) -> Any:
    lib.autograd.graph.register_multi_grad_hook((leaf(lib),), print, mode="most")


@MULTI
def mode_by_position(lib: Any) -> Any:
    try:
        lib.autograd.graph.register_multi_grad_hook((leaf(lib),), print, "any")
    except TypeError:
        return "TypeError"


# ---- edges -----------------------------------------------------------------------------------


def edge_of(lib: Any, tensor: Any) -> Any:
    return lib.autograd.graph.get_gradient_edge(tensor)


@EDGES
def fields(lib: Any) -> Any:
    kind = lib.autograd.graph.GradientEdge
    x = leaf(lib)
    y = x * 2
    edge = edge_of(lib, y)
    return (
        kind._fields, isinstance(edge, kind), isinstance(edge, tuple), edge.node is y.grad_fn,
        edge.output_nr, edge.ownership_token, len(edge), edge == kind(y.grad_fn, 0),
    )  # fmt: skip


@EDGES
def of_a_leaf(lib: Any) -> Any:
    x = leaf(lib)
    edge = edge_of(lib, x)
    same = edge.node is (x * 2).grad_fn.next_functions[0][0]
    return edge.node.variable is x, edge.output_nr, same


@EDGES
def of_a_constant(lib: Any) -> Any:
    edge_of(lib, lib.ones(2))


@EDGES
def of_results(lib: Any) -> Any:
    rows = leaf(lib).unbind()
    edges = [edge_of(lib, row) for row in rows]
    return [e.output_nr for e in edges], edges[0].node is edges[1].node


@EDGES
def as_an_input(lib: Any) -> Any:
    x = leaf(lib)
    y = x.exp()
    return lib.autograd.grad((y * y).sum(), edge_of(lib, y))


@EDGES
def as_one_of_the_inputs(lib: Any) -> Any:
    x = leaf(lib)
    y = x.exp()
    return lib.autograd.grad((y * y).sum(), [x, edge_of(lib, y), edge_of(lib, x)])


@EDGES
def inputs_in_a_dict(lib: Any) -> Any:
    x = leaf(lib)
    y = x.exp()
    return lib.autograd.grad((y * y).sum(), {"x": edge_of(lib, x), "y": edge_of(lib, y)})


@EDGES
def a_result_as_an_input(lib: Any) -> Any:
    a, b = leaf(lib).unbind()
    kind = lib.autograd.graph.GradientEdge
    loss = a * b * b
    return lib.autograd.grad(loss, [kind(a.grad_fn, 1), edge_of(lib, a), kind(a.grad_fn, 0)])


@EDGES
def as_an_output(lib: Any) -> Any:
    x = leaf(lib)
    loss = (x * x).sum()
    return lib.autograd.grad(edge_of(lib, loss), x)


@EDGES
def as_an_output_with_a_gradient(lib: Any) -> Any:
    x = leaf(lib)
    ones = lib.ones(2, dtype=lib.float64)
    return lib.autograd.grad(edge_of(lib, x * x), x, ones)


@EDGES
def as_an_output_without_one(lib: Any) -> Any:
    x = leaf(lib)
    lib.autograd.grad(edge_of(lib, x * x), x)


@EDGES
def as_an_output_with_a_wrong_one(lib: Any) -> Any:
    x = leaf(lib)
    lib.autograd.grad(edge_of(lib, x * x), x, lib.ones(3, dtype=lib.float64))


@EDGES
def made_of_a_node(lib: Any) -> Any:
    kind = lib.autograd.graph.GradientEdge
    x = leaf(lib)
    y = x * 3
    loss = (y * y).sum()
    return lib.autograd.grad(kind(loss.grad_fn, 0), [kind(y.grad_fn, 0), x])


@EDGES
def made_of_a_node_of_several(lib: Any) -> Any:
    x = leaf(lib)
    a, b = x.unbind()
    one = lib.ones((), dtype=lib.float64)
    return lib.autograd.grad([edge_of(lib, b), a * b], x, [one, None])


@EDGES
def outlives_its_tensor(lib: Any) -> Any:
    x = leaf(lib)
    edge = edge_of(lib, (x * x).sum())
    return lib.autograd.grad(edge, x)


@EDGES
def backward_of_an_edge(lib: Any) -> Any:
    x = leaf(lib)
    lib.autograd.backward(edge_of(lib, (x * x).sum()))
    return x.grad


@EDGES
def backward_of_several(lib: Any) -> Any:
    x = leaf(lib)
    edges = [edge_of(lib, (x * x).sum()), edge_of(lib, x.exp().sum())]
    lib.autograd.backward(edges)
    return x.grad


@EDGES
def backward_to_an_edge_of_a_leaf(lib: Any) -> Any:
    x, y, product, _ = pair(lib)
    lib.autograd.backward(product.sum(), inputs=[edge_of(lib, x)])
    return x.grad, y.grad


@EDGES
def backward_to_an_inner_edge(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    (y * y).sum().backward(inputs=edge_of(lib, y))
    return x.grad, y.retains_grad


@EDGES
def unused(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    edge = edge_of(lib, y * 2)
    return lib.autograd.grad(x.sum(), [x, edge], allow_unused=True)


@EDGES
def unused_and_refused(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    lib.autograd.grad(x.sum(), [x, edge_of(lib, y * 2)])


@EDGES
def unused_and_zeros(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    lib.autograd.grad(x.sum(), [x, edge_of(lib, y * 2)], materialize_grads=True)


@EDGES
def a_batch_of_gradients(lib: Any) -> Any:
    x = leaf(lib)
    y = x * x
    eye = lib.eye(2, dtype=lib.float64)
    ends = edge_of(lib, y), [edge_of(lib, x), x]
    return lib.autograd.grad(*ends, eye, is_grads_batched=True)


@EDGES
def higher_derivatives(lib: Any) -> Any:
    x = leaf(lib)
    y = x.exp()
    (g,) = lib.autograd.grad((y * y * y).sum(), edge_of(lib, y), create_graph=True)
    return lib.autograd.grad(g.sum(), x)


@EDGES
def hooks_of_what_it_is_of(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    y = x * 3
    y.register_hook(lambda g: log.append(g))
    edge = edge_of(lib, y)
    return (
        lib.autograd.grad(y.sum(), edge, retain_graph=True),
        lib.autograd.grad(edge, x, lib.ones(2, dtype=lib.float64)),
        log,
    )


@EDGES
def sequence_numbers(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 3
    z = y.exp()
    nodes = [z.grad_fn, y.grad_fn, y.grad_fn.next_functions[0][0]]
    a, b, c = (node._sequence_nr() for node in nodes)
    return a - b, c


# ---- the dictionary of hooks -----------------------------------------------------------------


@EDGES
def no_hooks_yet(lib: Any) -> Any:
    x = leaf(lib)
    return x._backward_hooks, (x * 2)._backward_hooks, lib.ones(2)._backward_hooks


@EDGES
def hooks_by_ids(lib: Any) -> Any:
    x = leaf(lib)
    first, second = x.register_hook(print), x.register_hook(len)
    hooks = x._backward_hooks
    return (
        bool(hooks), len(hooks), list(hooks) == [first.id, second.id], first.id < second.id,
        hooks[first.id] is print, list(hooks.values()) == [print, len], second.id in hooks,
    )  # fmt: skip


@EDGES
def hooks_of_an_inner_tensor(lib: Any) -> Any:
    y = leaf(lib) * 2
    handle = y.register_hook(print)
    return list(y._backward_hooks) == [handle.id], y._backward_hooks[handle.id] is print


@EDGES
def other_hooks_are_not_among_them(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    y.grad_fn.register_hook(print)
    y.grad_fn.register_prehook(print)
    y.retain_grad()
    x.register_post_accumulate_grad_hook(print)
    return x._backward_hooks, y._backward_hooks


@EDGES
def after_the_last_was_removed(lib: Any) -> Any:
    x = leaf(lib)
    x.register_hook(print).remove()
    return x._backward_hooks is None, len(x._backward_hooks), bool(x._backward_hooks)


@EDGES
def taken_out_of_it(lib: Any) -> Any:
    log: list[Any] = []
    x = leaf(lib)
    handles = [x.register_hook(lambda _, k=k: log.append(k)) for k in range(4)]
    del x._backward_hooks[handles[0].id]
    x._backward_hooks.pop(handles[2].id)
    x.sum().backward()
    x._backward_hooks.popitem()
    x.sum().backward()
    handles[0].remove()
    x._backward_hooks.clear()
    x.sum().backward()
    return log, len(x._backward_hooks)


@EDGES
def after_a_write_in_place(lib: Any) -> Any:
    y = leaf(lib) * 2
    y.register_hook(print)
    y.mul_(2)
    return y._backward_hooks


@EDGES
def of_results_apart(lib: Any) -> Any:
    a, b = leaf(lib).unbind()
    a.register_hook(print)
    return len(a._backward_hooks), b._backward_hooks


@EDGES
def numbers_of_results(lib: Any) -> Any:
    x = leaf(lib)
    values = (x * 2).max(0).values
    rows = (x * 2).split(1)
    y = x * 2
    return values.output_nr, [r.output_nr for r in rows], y.output_nr, x.output_nr, y[0].output_nr


CASES = [
    pytest.param(behaviour, id=f"{kind}-{name}")
    for kind, group in (("multi", MULTI), ("edges", EDGES))
    for name, behaviour in group.all.items()
]


@pytest.mark.parametrize("behaviour", CASES)
def test_both_do_the_same(behaviour: Callable[..., Any]) -> None:
    compare(behaviour, ag, torch)


def test_there_are_enough() -> None:
    assert min(len(MULTI.all), len(EDGES.all)) >= 30
