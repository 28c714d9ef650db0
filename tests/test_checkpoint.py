# SPDX-License-Identifier: MIT
"""Checkpointed functions: the same gradients for less memory, whatever they do."""

from __future__ import annotations

import gc
import threading
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_saved_hooks import FUNCTIONS, leaf

import pyautograd as ag
from pyautograd.utils.checkpoint import (
    CheckpointError,
    checkpoint,
    checkpoint_sequential,
    set_checkpoint_debug_enabled,
)


def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return checkpoint(function, *args, use_reentrant=False, **kwargs)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("order", [1, 2])
def test_gradients_are_the_same(name: str, order: int) -> None:
    x = leaf()

    def gradient(y: ag.Tensor) -> ag.Tensor:
        (g,) = ag.autograd.grad(y, x, create_graph=order == 2)
        return g if order == 1 else ag.autograd.grad((g * g).sum(), x)[0]

    function = FUNCTIONS[name]
    expected = gradient(function(x).sum()).numpy()
    assert np.allclose(gradient(run(function, x).sum()).numpy(), expected, 1e-12, 1e-12)
    nested = run(lambda x: run(function, x * 1.0).sum(), x)
    assert np.allclose(gradient(nested).numpy(), expected, 1e-12, 1e-12)


def test_a_third_derivative() -> None:
    x = leaf()
    y = run(lambda x: (x * x * x * x).sum(), x)
    for factor in (4.0, 12.0, 24.0):
        (y,) = ag.autograd.grad(y, x, create_graph=True)
        power = {4.0: 3, 12.0: 2, 24.0: 1}[factor]
        assert np.allclose(y.detach().numpy(), factor * x.detach().numpy() ** power, 1e-12)
        y = y.sum()


def recurrence(
    size: int, steps: int, parts: int | None, *, use_reentrant: bool = False
) -> tuple[int, np.ndarray[Any, Any]]:
    """The peak of memory of forward and backward, and the gradient."""
    w = ag.linspace(0.1, 0.9, size).requires_grad_()

    def segment(h: ag.Tensor, n: int) -> ag.Tensor:
        for _ in range(n):
            h = (h * w + 0.1).tanh()
        return h

    gc.collect()
    ag.empty_cache()  # small blocks that are kept for reuse are not seen by the peak
    ag.reset_peak_memory_stats()
    before = ag.memory_allocated()
    h = ag.zeros(size, requires_grad=use_reentrant)
    if parts is None:
        h = segment(h, steps)
    else:
        for _ in range(parts):
            h = checkpoint(segment, h, steps // parts, use_reentrant=use_reentrant)
    h.sum().backward()
    peak = ag.max_memory_allocated() - before
    assert w.grad is not None
    return peak, w.grad.numpy()


@pytest.mark.parametrize(
    ("size", "use_reentrant", "part"),
    [(5, False, 0.7), (5, True, 0.15), (3000, False, 0.25), (3000, True, 0.25)],
)
def test_less_memory_for_the_same_gradient(size: int, use_reentrant: bool, part: float) -> None:
    """(A reentrant one keeps no nodes, which count as much as numbers where these are few.)"""
    plain, expected = recurrence(size, 400, None)
    less, found = recurrence(size, 400, 20, use_reentrant=use_reentrant)
    # A reentrant one adds to w.grad segment by segment, which is another order of addition.
    close = np.allclose(found, expected, 1e-13, 1e-13)
    assert close if use_reentrant else np.array_equal(found, expected)
    assert less < part * plain


def test_values_are_let_go_on_the_way() -> None:
    """What is computed again is needed once: no more of it than one segment's is there."""
    plain, _ = recurrence(20_000, 64, 8)
    assert plain < 20_000 * 8 * (8 + 3 * 8 + 10)


def test_nested_checkpoints_keep_less() -> None:
    x = ag.linspace(0.1, 0.9, 20_000).requires_grad_()

    def steps(h: ag.Tensor, n: int) -> ag.Tensor:
        if n == 1:
            return (h * x + 0.1).tanh()
        return run(steps, run(steps, h, n // 2), n // 2)

    gc.collect()
    ag.reset_peak_memory_stats()
    before = ag.memory_allocated()
    steps(x * 1.0, 64).sum().backward()
    assert ag.max_memory_allocated() - before < 20_000 * 8 * 25
    expected = x.grad
    x.grad = None
    h = x * 1.0
    for _ in range(64):
        h = (h * x + 0.1).tanh()
    h.sum().backward()
    assert expected is not None and x.grad is not None
    assert np.allclose(expected.numpy(), x.grad.numpy(), 1e-13)


def test_inputs_of_a_nested_one_are_not_kept() -> None:
    """The outer one computes them again."""
    gc.collect()
    before = ag._core._live_tensors()
    x = leaf()
    inputs: list[ag.Tensor] = []

    def inner(h: ag.Tensor) -> ag.Tensor:
        return (h * h).exp()

    def outer(x: ag.Tensor) -> ag.Tensor:
        h = x.sin()
        inputs.append(h)
        return run(inner, h)

    y = run(outer, x)
    inputs.clear()
    gc.collect()
    assert ag._core._live_tensors() - before <= 4  # x, y and no numbers between them
    y.sum().backward()
    inputs.clear()
    assert x.grad is not None
    values = x.detach().numpy()
    expected = 2 * np.sin(values) * np.cos(values) * np.exp(np.sin(values) ** 2)
    assert np.allclose(x.grad.numpy(), expected, 1e-13)


def test_writes_inside_do_not_corrupt() -> None:
    """As without a checkpoint: what is written after it was saved is told."""

    def f(x: ag.Tensor) -> ag.Tensor:
        y = x * 2
        z = y * y
        y.add_(1.0)
        return z.sin()

    x = leaf()
    y = run(f, x)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    assert x.grad is None


def test_an_input_that_is_written_is_told() -> None:
    x = leaf() * 1.0
    y = run(lambda x: x.exp(), x)
    x.mul_(2.0)
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation.*version 1"):
        y.sum().backward()


def test_a_failed_backward_can_be_tried_again() -> None:
    fail: list[int] = []

    def f(x: ag.Tensor) -> ag.Tensor:
        fail.append(1)
        if len(fail) == 2:
            raise LookupError("on the way")
        return x.exp().sin()

    x = leaf()
    y = run(f, x).sum()
    with pytest.raises(LookupError, match="on the way") as caught:
        y.backward()
    assert "f" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert x.grad is None and ag.is_grad_enabled()
    y.backward()
    values = x.detach().numpy()
    assert x.grad is not None
    assert np.allclose(x.grad.numpy(), np.cos(np.exp(values)) * np.exp(values), 1e-13)


def test_a_function_that_goes_on_after_the_end() -> None:
    """What ends it early is an exception, which it may swallow."""

    def f(x: ag.Tensor) -> ag.Tensor:
        y = x.exp()
        try:
            return y.sin()
        except Exception:
            return y.cos()

    x = leaf()
    run(f, x).sum().backward()
    values = x.detach().numpy()
    assert x.grad is not None
    assert np.allclose(x.grad.numpy(), np.cos(np.exp(values)) * np.exp(values), 1e-13)


def differing() -> ag.Tensor:
    count: list[int] = []

    def f(x: ag.Tensor) -> ag.Tensor:
        count.append(1)
        return x.exp().sin() if len(count) == 1 else x.exp()

    y: ag.Tensor = run(f, leaf())
    return y


def test_debug_lists_what_was_saved() -> None:
    with pytest.raises(CheckpointError, match="Tip") as caught:
        differing().sum().backward()
    assert "The first run saved" not in str(caught.value)
    with set_checkpoint_debug_enabled(True):
        y = differing()
    with pytest.raises(CheckpointError, match=r"The first run saved:\n  0: .*Size.*\n  1: "):
        y.sum().backward()
    assert not hasattr(y, "nothing")


def test_what_is_kept_goes_with_the_result() -> None:
    x = leaf()
    gc.collect()
    before = ag._core._live_tensors(), ag._core._live_nodes()
    y = run(lambda x: (x * x).exp(), x)
    del y
    assert (ag._core._live_tensors(), ag._core._live_nodes()) == before


def test_two_threads_go_back_at_once() -> None:
    x = leaf()
    y = run(lambda x: (x * x).exp().sin(), x).sum()
    (expected,) = ag.autograd.grad(y, x, retain_graph=True)
    found: list[Any] = []

    def work() -> None:
        for _ in range(50):
            found.append(ag.autograd.grad(y, x, retain_graph=True)[0])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 200
    assert all(np.array_equal(g.numpy(), expected.numpy()) for g in found)


def test_sequential_takes_any_iterable() -> None:
    x = leaf()
    y = checkpoint_sequential(iter([ag.sin, ag.exp, ag.tanh, ag.exp]), 2, x, use_reentrant=False)
    z = x.sin().exp().tanh().exp()
    (g,), (h,) = ag.autograd.grad(y.sum(), x), ag.autograd.grad(z.sum(), x)
    assert np.allclose(g.numpy(), h.numpy(), 1e-13)


def test_memory_is_flat() -> None:
    x = ag.ones(3, requires_grad=True)
    sizes = []

    def f(x: ag.Tensor, fails: bool) -> ag.Tensor:
        y = (x * x).exp()
        if fails and count[0] % 2 == 1:
            raise KeyError
        count[0] += 1
        return y.sin()

    count = [0]
    for _ in range(4):
        for k in range(25_000):
            count[0] = 0
            y = run(f, x, k % 5 == 0, preserve_rng_state=False)
            if k % 3 > 0:
                try:
                    y.sum().backward()
                except KeyError:
                    assert k % 5 == 0
            del y
            x.grad = None
        sizes.append((ag._core._live_tensors(), ag._core._live_nodes(), ag.memory_allocated()))
    assert len(set(sizes)) == 1
