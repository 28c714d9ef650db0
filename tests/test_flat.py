# SPDX-License-Identifier: MIT
"""Memory stays flat over many steps of all that keeps Python objects on the tape. 1e4 steps of
each; `make long` has 1e5."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import pyautograd as ag
from pyautograd.utils.checkpoint import checkpoint
from support import leaf

LONG = bool(os.environ.get("PYAUTOGRAD_LONG_TESTS"))
STEPS = 100_000 if LONG else 10_000


class Scaled(ag.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, by: float) -> Any:
        ctx.by = by
        ctx.save_for_backward(x)
        return x * x * by

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        ctx.last = g
        return 2 * ctx.by * x * g, None


def hooks(x: Any, k: int) -> None:
    y = x * 2
    handles = [y.register_hook(lambda g: g * k), x.register_hook(lambda g: None)]
    handles.append(x.register_post_accumulate_grad_hook(lambda t: None))
    node = y.grad_fn
    node.register_hook(lambda inputs, outputs: y.shape and None)
    node.register_prehook(lambda outputs: None)
    handles.append(ag.autograd.graph.register_multi_grad_hook((x, y), lambda gs: None))
    y.sum().backward()
    for handle in handles:
        handle.remove()
    x.grad = None


def functions(x: Any, k: int) -> None:
    Scaled.apply(Scaled.apply(x, 0.5), float(k)).sum().backward()
    x.grad = None


def higher_orders(x: Any, k: int) -> None:
    (g,) = ag.autograd.grad((x.sin() * x.exp()).sum(), x, create_graph=True)
    (h,) = ag.autograd.grad(g.sum(), x, create_graph=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        h.sum().backward(create_graph=True)
    x.grad = None


def exceptions(x: Any, k: int) -> None:
    def fails(g: Any) -> None:
        raise KeyError(k)

    y = Scaled.apply(x, 2.0).exp()
    handle = (y if k % 2 else x).register_hook(fails)
    try:
        y.sum().backward()
    except KeyError:
        assert x.grad is None
    else:
        raise AssertionError("the hook was not called")
    handle.remove()


def checkpoints(x: Any, k: int) -> None:
    def inner(x: Any) -> Any:
        if k % 7 == 6 and not ag.is_grad_enabled():
            raise KeyError(k)
        return x.sin().exp()

    y = checkpoint(inner, x, use_reentrant=False)
    if k % 3:
        checkpoint(lambda y: checkpoint(inner, y, use_reentrant=False) * 2, y,
                   use_reentrant=False).sum().backward()  # fmt: skip
    x.grad = None


def state() -> tuple[int, int, int]:
    gc.collect()
    return ag._core._live_tensors(), ag._core._live_nodes(), ag.memory_allocated()


@pytest.mark.long
@pytest.mark.parametrize(
    "step", [hooks, functions, higher_orders, exceptions, checkpoints], ids=lambda f: f.__name__
)
def test_memory_is_flat(step: Callable[[Any, int], None]) -> None:
    x = leaf([1.0, 2.0, 3.0])
    for k in range(100):
        step(x, k)
    before, blocks = state(), sys.getallocatedblocks()
    for k in range(STEPS):
        step(x, k)
    assert state() == before
    assert sys.getallocatedblocks() < blocks + 300
