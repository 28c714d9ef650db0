# SPDX-License-Identifier: MIT
"""autograd.Function: what is not a question of parity: lives, threads, depth, other libraries."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from typing import Any

import pytest

import pyautograd as ag
from pyautograd.autograd import Function


class Square(Function):
    @staticmethod
    def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, grad: ag.Tensor) -> ag.Tensor:
        (x,) = ctx.saved_tensors
        return 2 * x * grad


class Log(Function):
    """Keeps its result, and hands out two."""

    @staticmethod
    def forward(ctx: Any, x: ag.Tensor) -> tuple[ag.Tensor, ag.Tensor]:
        y = x.log()
        ctx.save_for_backward(x, y)
        return y, x * y

    @staticmethod
    def backward(ctx: Any, g: ag.Tensor, h: ag.Tensor) -> ag.Tensor:
        x, y = ctx.saved_tensors
        return g / x + h * (y + 1)


def test_gradients_of_two_orders() -> None:
    x = ag.tensor([0.5, 1.5, 3.0], requires_grad=True)
    assert ag.autograd.gradcheck(Square.apply, x)
    assert ag.autograd.gradgradcheck(Square.apply, x)
    assert ag.autograd.gradcheck(Log.apply, x)
    assert ag.autograd.gradgradcheck(Log.apply, x)


def test_a_fourth_derivative() -> None:
    x = ag.tensor(0.7, requires_grad=True)
    y = Square.apply(Square.apply(x.sin()))
    for _ in range(4):
        (y,) = ag.autograd.grad(y, x, create_graph=True)
    s = x.sin().item()
    want = 256 * s**4 - 240 * s**2 + 24  # the fourth derivative of sin(x) ** 4
    assert abs(y.item() - want) < 1e-9 * abs(want)


def test_the_context_dies_with_the_graph() -> None:
    x = ag.ones(2, requires_grad=True)
    y = Square.apply(x)
    context = weakref.ref(y.grad_fn)
    assert context() is y.grad_fn
    del y
    assert context() is None


def test_a_context_without_its_node() -> None:
    x = ag.ones(2, requires_grad=True)
    y = Square.apply(x)
    context = y.grad_fn
    del y
    for use in (
        lambda: context.next_functions,
        lambda: context(ag.ones(2)),
        lambda: context.register_hook(print),
        lambda: context.register_prehook(print),
        lambda: context.saved_tensors,
    ):
        with pytest.raises(RuntimeError, match="has no place on the tape"):
            use()
    assert context.name() == "SquareBackward"


def test_the_node_is_called_by_itself() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    assert Square.apply(x).grad_fn(ag.ones(2)).tolist() == [2.0, 4.0]


@pytest.mark.parametrize("how", ["attribute", "hook", "saved"])
def test_loops_through_a_context_are_collected(how: str) -> None:
    class Loop(Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            y = x * 2
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, grad: ag.Tensor) -> ag.Tensor:
            return grad

    y = Loop.apply(ag.ones(2, requires_grad=True))
    context = weakref.ref(y.grad_fn)
    if how == "attribute":
        y.grad_fn.result = y
    elif how == "hook":
        y.register_hook(y.mul)
    else:
        y.grad_fn.result = y.grad_fn.saved_tensors
    del y
    gc.collect()
    assert context() is None


def test_a_failed_backward_changes_nothing_and_can_be_tried_again() -> None:
    class Moody(Function):
        fails = True

        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, grad: ag.Tensor) -> ag.Tensor:
            if Moody.fails:
                raise KeyError("later")
            return 2 * ctx.saved_tensors[0] * grad

    x = ag.tensor([1.0, 2.0], requires_grad=True)
    loss = (Moody.apply(x) + x).sum()
    with pytest.raises(KeyError, match="later"):
        loss.backward()
    assert x.grad is None
    Moody.fails = False
    loss.backward()
    assert x.grad.tolist() == [3.0, 5.0]


def test_the_error_keeps_its_traceback() -> None:
    class Bad(Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: ag.Tensor) -> ag.Tensor:
            raise ValueError("here")

    with pytest.raises(ValueError, match="here") as caught:
        Bad.apply(ag.ones(2, requires_grad=True)).sum().backward()
    assert caught.traceback[-1].name == "backward"


def test_memory_stays_flat() -> None:
    x = ag.ones(3, requires_grad=True)
    before = None
    for k in range(3000):
        Log.apply(x)[1].sum().backward()
        x.grad = None
        (g,) = ag.autograd.grad(Square.apply(x).sum(), x, create_graph=True)
        g.sum().backward()
        x.grad = None
        del g
        if k == 100:
            before = ag.memory_allocated(), sys.getallocatedblocks()
    assert before is not None
    assert ag.memory_allocated() == before[0]
    assert sys.getallocatedblocks() < before[1] + 200


def test_the_node_knows_its_line() -> None:
    x = ag.ones(2, requires_grad=True)
    y = Square.apply(x)
    node = y.grad_fn
    assert node.source is not None
    assert node.source.endswith("in test_the_node_knows_its_line")


def test_anomaly_mode_tells_where_a_function_was_called() -> None:
    class Bad(Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, grad: ag.Tensor) -> ag.Tensor:
            return grad * float("nan")

    x = ag.ones(2, requires_grad=True)
    with pytest.warns(UserWarning) as caught, ag.autograd.detect_anomaly():
        y = Bad.apply(x).sum()
        with pytest.raises(RuntimeError, match="'BadBackward' returned nan values in its 0th"):
            y.backward()
    assert any("Bad.apply(x)" in str(warning.message) for warning in caught)


def test_many_threads_use_one_function() -> None:
    x = ag.ones(50, requires_grad=True)
    y = Square.apply(x)
    errors = []

    def work() -> None:
        try:
            for _ in range(50):
                y.sum().backward(retain_graph=True)
                Square.apply(x).sum().backward()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert x.grad is not None
    assert x.grad.tolist() == [800.0] * 50


class Deeper(Function):
    """Its backward runs another one, `depth` deep."""

    @staticmethod
    def forward(ctx: Any, x: ag.Tensor, depth: int) -> ag.Tensor:
        ctx.depth = depth
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: ag.Tensor) -> tuple[ag.Tensor, None]:
        (x,) = ctx.saved_tensors
        if ctx.depth > 0:
            with ag.enable_grad():
                inner = x.detach().requires_grad_()
                y = Deeper.apply(inner, ctx.depth - 1).sum()
            y.backward()
        return 2 * grad, None


def test_backward_inside_backward_is_deep() -> None:
    x = ag.ones(2, requires_grad=True)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10000)
    try:
        Deeper.apply(x, 1000).sum().backward()
    finally:
        sys.setrecursionlimit(limit)
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]


def test_backward_inside_backward_that_is_too_deep_loses_nothing() -> None:
    """By a Function, and by a hook."""
    x = ag.ones(2, requires_grad=True)
    before = ag._core._live_tensors(), ag._core._live_nodes()

    def hook(grad: ag.Tensor) -> None:
        with ag.enable_grad():
            y = x * 3
            y.register_hook(hook)
            y.sum().backward()

    hooked = x * 2
    hooked.register_hook(hook)
    for y in (Deeper.apply(x, 100_000).sum(), hooked.sum()):
        for _ in range(2):
            with pytest.raises(RecursionError):
                y.backward()
            assert x.grad is None and ag.is_grad_enabled()
    del y, hooked
    hook = None  # type: ignore[assignment]
    gc.collect()
    assert (ag._core._live_tensors(), ag._core._live_nodes()) == before
    Deeper.apply(x, 3).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]


def test_keyword_only_arguments_have_no_place() -> None:
    class Named(Function):
        @staticmethod
        def forward(x: ag.Tensor, *, k: float) -> ag.Tensor:
            return x * k

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None: ...

    with pytest.raises(TypeError, match="keyword-only"):
        Named.apply(ag.ones(2, requires_grad=True), k=3.0)


def test_a_class_of_contexts_is_checked() -> None:
    class Odd(Function):
        pass

    Odd._backward_cls = int  # type: ignore[assignment]
    with pytest.raises(TypeError, match="no class of contexts"):
        Odd.apply(ag.ones(2))
