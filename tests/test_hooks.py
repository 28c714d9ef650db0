# SPDX-License-Identifier: MIT
"""Hooks: what parity cannot say. Nothing is left behind, a backward that fails changes nothing,
errors keep their traceback, and hooks and other threads do not disturb a sweep."""

from __future__ import annotations

import functools
import gc
import threading
import traceback
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag


def leaf(n: int = 2) -> ag.Tensor:
    return ag.arange(1.0, n + 1.0).requires_grad_()


# ---- what a backward that fails leaves ---------------------------------------------------------


def boom(*args: Any) -> Any:
    raise KeyError("boom")


REGISTER: dict[str, Callable[[ag.Tensor, ag.Tensor], Any]] = {
    "of a leaf": lambda x, y: x.register_hook(boom),
    "of an inner tensor": lambda x, y: y.register_hook(boom),
    "before a node": lambda x, y: y.grad_fn.register_prehook(boom),
    "after a node": lambda x, y: y.grad_fn.register_hook(boom),
    "before an accumulator": lambda x, y: y.grad_fn.next_functions[0][0].register_prehook(boom),
}


@pytest.mark.parametrize("name", REGISTER)
def test_a_backward_whose_hook_raises_changes_nothing(name: str) -> None:
    x, w = leaf(), leaf()
    y = x * 3
    z = (w * w).sum() + (y * y).sum()
    handle = REGISTER[name](x, y)
    with pytest.raises(KeyError) as caught:
        z.backward()
    assert x.grad is None and w.grad is None
    assert any(frame.name == "boom" for frame in traceback.extract_tb(caught.value.__traceback__))
    handle.remove()
    z.backward()  # what the tape saved is there
    assert x.grad is not None and x.grad.tolist() == [18.0, 36.0]


@pytest.mark.parametrize("late", ["post", "node"])
def test_what_raises_after_gradients_are_set_leaves_them_all(late: str) -> None:
    x, w = leaf(), leaf()
    z = (w * x).sum()
    if late == "post":
        x.register_post_accumulate_grad_hook(boom)
    else:
        assert z.grad_fn is not None
        product = z.grad_fn.next_functions[0][0]
        product.next_functions[1][0].register_hook(boom)
    with pytest.raises(KeyError):
        z.backward()
    assert x.grad is not None and w.grad is not None
    assert x.grad.tolist() == w.grad.tolist() == [1.0, 2.0]


def test_all_gradients_are_set_before_the_first_post_hook() -> None:
    x, w = leaf(), leaf()
    seen = []
    for t in (x, w):
        t.register_post_accumulate_grad_hook(lambda t: seen.append((x.grad, w.grad)))
    (x * w).sum().backward()
    assert len(seen) == 2 and all(a is not None and b is not None for a, b in seen)


# ---- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 40_000])
def test_every_node_of_a_fused_chain_shows_its_gradient(n: int) -> None:
    """Large values pend, and a chain's gradients would be computed as one program."""
    x = (ag.arange(0.0, float(n)) / n).requires_grad_()
    values, seen = [x.sin()], {}
    for _ in range(4):
        values.append(values[-1].exp() * 0.5)
    for k, value in enumerate(values):
        value.register_hook(functools.partial(seen.__setitem__, k))
    values[-1].sum().backward()
    want = np.ones(n)
    for k in range(4, -1, -1):
        np.testing.assert_allclose(seen[k].numpy(), want, rtol=1e-13)
        if k > 0:
            want = want * values[k].detach().numpy()
    assert x.grad is not None
    np.testing.assert_allclose(
        x.grad.numpy(), want * np.cos(x.detach().numpy()), rtol=1e-13, atol=0
    )


def test_a_hook_in_place_of_a_rule_is_a_surrogate_gradient() -> None:
    """A step function whose derivative is said by a hook, against the function it stands for."""
    x = ag.linspace(-2, 2, 9).requires_grad_()
    y = x * 1.0
    y.register_hook(lambda g: g * (1 - x.detach().tanh() ** 2))
    y.sum().backward()
    other = x.detach().requires_grad_()
    other.tanh().sum().backward()
    assert x.grad is not None and other.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), other.grad.numpy(), rtol=1e-14)


def test_second_derivatives_go_through_hooks() -> None:
    x = leaf()
    y = x**3
    y.register_hook(lambda g: g * x)
    (slope,) = ag.autograd.grad(y.sum(), x, create_graph=True)
    assert slope.tolist() == [3.0, 24.0]  # 3 x^3
    assert ag.autograd.grad(slope.sum(), x)[0].tolist() == [9.0, 36.0]


def test_a_kept_gradient_is_not_written_by_what_is_added_later() -> None:
    x = leaf()
    a, kept = x * 2, []
    a.register_hook(kept.append)
    (a * 1 + a * 1 + a * 1).sum().backward()
    (x * 5).sum().backward()
    assert kept[0].tolist() == [3.0, 3.0]


def test_results_made_by_hooks_are_their_own() -> None:
    """Also those of a rule with values of its own, which are released when it has run."""
    x = leaf()
    y, kept = x * x, []

    def after(inputs: tuple[ag.Tensor, ...], outputs: tuple[ag.Tensor, ...]) -> Any:
        kept.append(inputs[0].exp() + outputs[0])
        return tuple(g * 2 for g in inputs)

    y.grad_fn.register_hook(after)
    y.sum().backward()
    gc.collect()
    np.testing.assert_allclose(kept[0].numpy(), np.exp([1.0, 2.0]) + 1)
    assert x.grad is not None and x.grad.tolist() == [4.0, 8.0]


# ---- lives -------------------------------------------------------------------------------------

MAKE: dict[str, Callable[[], ag.Tensor]] = {
    "leaf": leaf,
    "product": lambda: leaf() * 2,
    "exp": lambda: leaf().exp(),
    "one of several": lambda: leaf().unbind()[1],
    "view": lambda: (leaf() * 2)[:1],
}
HOLD: dict[str, Callable[[ag.Tensor], Any]] = {
    "closure": lambda t: lambda g: t and None,
    "partial": lambda t: functools.partial(print, t),
    "default": lambda t: lambda g, t=t: None,
    "list in a closure": lambda t: [t].append,
}


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize("hold", HOLD)
def test_a_hook_that_holds_its_own_tensor_is_collected(make: str, hold: str) -> None:
    tensor = MAKE[make]()
    tensor.register_hook(HOLD[hold](tensor))
    if make == "leaf":
        tensor.register_post_accumulate_grad_hook(HOLD[hold](tensor))
    gone = weakref.ref(tensor)
    del tensor
    gc.collect()
    assert gone() is None


class Watch:
    """Holds tensors and nodes, and is their hook."""

    def __init__(self, *held: Any) -> None:
        self.held = held

    def __call__(self, *gradients: Any) -> None:
        pass


def on_its_node() -> list[Any]:
    y = leaf() * 2
    y.grad_fn.register_hook(Watch(y))
    return [y]


def on_its_node_and_before() -> list[Any]:
    y = leaf() * 2
    node = y.grad_fn
    node.register_prehook(Watch(node))
    return [node]


def on_a_node_whose_tensor_is_gone() -> list[Any]:
    node = (leaf() * 2).exp().grad_fn
    node.register_hook(Watch(node))
    return [node]


def on_both() -> list[Any]:
    y = leaf() * 2
    node = y.grad_fn
    watch = Watch(y, node)
    node.register_hook(watch)
    y.register_hook(watch)
    return [y, node]


def on_both_the_tensor_first() -> list[Any]:
    y = leaf() * 2
    watch = Watch(y, y.grad_fn)
    y.register_hook(watch)
    return [y, y.grad_fn]


def on_an_accumulator() -> list[Any]:
    x = leaf()
    node = (x * 2).grad_fn.next_functions[0][0]
    node.register_hook(Watch(x, node))
    return [x, node]


def on_one_of_several() -> list[Any]:
    a, _ = leaf().unbind()
    node = a.grad_fn
    node.register_prehook(Watch(a, node))
    return [a, node]


def on_what_was_written() -> list[Any]:
    y = leaf() * 2
    y.register_hook(Watch(y))
    y.grad_fn.register_hook(Watch(y))
    y.mul_(3)
    return [y]


def on_what_leads_to_it() -> list[Any]:
    z = ((leaf() * 2).exp() + 1).sin()
    z.register_hook(Watch(z))
    node = z.grad_fn
    node.next_functions[0][0].register_hook(Watch(z))
    del node
    return [z]


def on_a_subclass() -> list[Any]:
    class Angle(ag.Tensor):
        pass

    y = Angle([1.0]).requires_grad_() * 2
    y.grad_fn.register_hook(Watch(y, y.grad_fn))
    return [y]


@pytest.mark.parametrize(
    "make",
    [
        on_its_node, on_its_node_and_before, on_a_node_whose_tensor_is_gone, on_both,
        on_both_the_tensor_first, on_an_accumulator, on_one_of_several, on_what_was_written,
        on_what_leads_to_it, on_a_subclass,
    ],
)  # fmt: skip
def test_a_hook_that_holds_nodes_and_tensors_is_collected(make: Callable[[], list[Any]]) -> None:
    gone = [weakref.ref(one) for one in make()]
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)


def test_a_hook_that_is_still_needed_is_not_collected() -> None:
    called: list[Any] = []

    def make(whole: bool) -> Any:
        y = leaf() * 2
        node = y.grad_fn
        watch = Watch(y, node)
        node.register_hook(lambda *_: called.append(watch.held))
        return y.sum() if whole else node

    loss, node = make(True), make(False)
    gc.collect()
    loss.backward()
    assert called.pop()[0].tolist() == [2.0, 4.0]
    gc.collect()
    ag.autograd.backward(ag.autograd.graph.GradientEdge(node, 0), ag.ones(2))
    assert called[0][1] is node


def test_a_node_is_let_go_of_where_history_ends() -> None:
    y = leaf() * 2
    y.grad_fn.register_hook(lambda *_: None)
    node = weakref.ref(y.grad_fn)
    y.detach_()
    assert node() is None


def test_hooks_of_several_that_go_with_their_graph() -> None:
    """Without the collector: a hook on several tensors holds none of them."""
    gc.disable()
    try:
        x = leaf()
        y, z = x * 2, x * 3
        hook = Watch()
        ag.autograd.graph.register_multi_grad_hook((y, z), hook)
        gone = weakref.ref(hook)
        del hook, y, z
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("mode", ["all", "any"])
def test_memory_of_hooks_on_several_is_flat(mode: Any) -> None:
    x, y = leaf(), leaf()
    calls: list[int] = []
    hook = ag.autograd.graph.register_multi_grad_hook((x, y), lambda _: calls.append(1), mode=mode)

    def fail(_: Any) -> None:
        raise ValueError

    def step() -> None:
        product = x * y
        product.sum().backward()
        y.register_hook(fail)
        with pytest.raises(ValueError):
            (x * y).sum().backward()
        y._backward_hooks.popitem()

    step()
    live = ag._core._live_tensors()
    for _ in range(200):
        step()
    gc.collect()
    assert ag._core._live_tensors() <= live + 2
    hook.remove()


def test_what_others_share_is_not_collected() -> None:
    called: list[ag.Tensor] = []

    def make() -> ag.Tensor:
        x = leaf()
        x.register_hook(lambda g: called.append(x))
        return x * 2

    y = make()
    gc.collect()
    y.sum().backward()
    assert called[0].grad is not None and called[0].grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("kind", ["tensor", "before", "after"])
def test_a_removed_hook_lets_its_function_go(kind: str) -> None:
    y = leaf() * 3

    def function(*args: Any) -> None: ...

    gone = weakref.ref(function)
    register = {
        "tensor": y.register_hook,
        "before": y.grad_fn.register_prehook,
        "after": y.grad_fn.register_hook,
    }
    handle = register[kind](function)
    del function
    assert gone() is not None
    handle.remove()
    assert gone() is None


def test_the_function_goes_with_its_tensor() -> None:
    y = leaf() * 3

    def function(*args: Any) -> None: ...

    gone = weakref.ref(function)
    handle = y.register_hook(function)
    del function, y
    assert gone() is None
    handle.remove()  # of what is gone: nothing happens


def test_memory_is_flat() -> None:
    def step() -> None:
        x = leaf()
        y = x.exp()
        x.register_hook(lambda g: g * 2)
        x.register_post_accumulate_grad_hook(lambda t: None)
        y.register_hook(lambda g: None).remove()
        y.grad_fn.register_hook(lambda inputs, outputs: None)
        y.register_hook(boom)
        with pytest.raises(KeyError):
            y.sum().backward()

    for _ in range(50):
        step()
    gc.collect()
    before = ag._core._live_tensors(), ag._core._live_nodes()
    for _ in range(1000):
        step()
    gc.collect()
    assert (ag._core._live_tensors(), ag._core._live_nodes()) == before


def test_hooks_that_come_and_go_take_no_room() -> None:
    x, calls = leaf(), []
    for _ in range(10_000):
        x.register_hook(boom).remove()
    x.register_hook(lambda g: calls.append(1))
    (x * 2).sum().backward()
    assert calls == [1]


# ---- deep and at once --------------------------------------------------------------------------


def test_a_hook_on_each_of_many_nodes() -> None:
    n = 20_000
    x = leaf(1)
    y, count = x, [0]

    def hook(grad: ag.Tensor) -> None:
        count[0] += 1

    for _ in range(n):
        y = y * 1.0
        y.register_hook(hook)
    y.sum().backward()
    assert count[0] == n
    del y


def test_several_threads_over_one_graph() -> None:
    x = leaf()
    y = x.exp()
    y.register_hook(lambda g: g * 2)
    loss = y.sum()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(200):
                loss.backward(retain_graph=True)
        except BaseException as error:  # to be raised by the test
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 800 * 2 * np.exp([1.0, 2.0]), rtol=1e-12)


def test_backward_inside_backward() -> None:
    x, w = leaf(), leaf()

    def hook(grad: ag.Tensor) -> ag.Tensor:
        with ag.enable_grad():
            (inner,) = ag.autograd.grad((w * w * grad).sum(), w)
        return inner

    x.register_hook(hook)
    (x * 3).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [6.0, 12.0]


def test_a_handle_says_what_it_is() -> None:
    x = leaf()
    first, second = x.register_hook(print), x.register_hook(print)
    assert first.id < second.id
    with pytest.raises(TypeError, match="cannot create"):
        type(first)()
