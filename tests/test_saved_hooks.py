# SPDX-License-Identifier: MIT
"""Hooks on saved tensors: what they are shown, what may come back, and what stays in memory."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd.autograd.graph import save_on_cpu, saved_tensors_hooks


def through_lists() -> saved_tensors_hooks:
    return saved_tensors_hooks(lambda t: t.tolist(), ag.tensor)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: (x * x).exp() / x.sin(),
    "broadcast": lambda x: x * x.sum(0) + x[:, :1] / x,
    "products": lambda x: x @ x.mT @ x,
    "rows": lambda x: x.softmax(0) * x.log_softmax(1) + x.logsumexp(1, keepdim=True),
    "reductions": lambda x: x.prod(0) * x.std() + x.norm() + x.cumprod(1),
    "views": lambda x: x.mT[::2].reshape(-1).exp() * x.flatten()[:6],
    "indexed": lambda x: x[ag.tensor([0, 2, 0])] * x.gather(0, ag.tensor([[0, 1, 2]])),
    "sorted": lambda x: x.sort(1).values * x.topk(3, 0).values + x.max(0).values,
    "in place": lambda x: (x * 1.0).exp_().mul_(x).add_(x.tanh()),
    "part in place": lambda x: _written(x),
    "solved": lambda x: ag.linalg.solve(x @ x.mT + ag.eye(3), x) + ag.linalg.inv(x + 3 * ag.eye(3)),
    "where": lambda x: ag.where(x > 0.5, x.log(), x * x).clamp(-1, 0.7),
}


def _written(x: ag.Tensor) -> ag.Tensor:
    y = x * 2.0
    y[0] = x[1] * x[2]
    y[:, 1].mul_(x[:, 0])
    return y.exp()


def leaf() -> ag.Tensor:
    numbers = np.random.default_rng(3).uniform(0.2, 0.9, (3, 3))
    return ag.tensor(numbers, requires_grad=True)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("order", [1, 2])
def test_gradients_are_the_same(name: str, order: int) -> None:
    x = leaf()

    def gradient(around: saved_tensors_hooks | None) -> ag.Tensor:
        if around is None:
            y = FUNCTIONS[name](x).sum()
        else:
            with around:
                y = FUNCTIONS[name](x).sum()
        (g,) = ag.autograd.grad(y, x, create_graph=order == 2)
        return g if order == 1 else ag.autograd.grad((g * g).sum(), x)[0]

    expected = gradient(None)
    for around in (through_lists(), save_on_cpu(), saved_tensors_hooks(lambda t: (t,), first)):
        assert np.allclose(gradient(around).numpy(), expected.numpy(), 1e-12, 1e-12)


def first(packed: Any) -> Any:
    return packed[0]


def test_large_values_and_pending_ones() -> None:
    big = ag.linspace(0.0, 1.0, 200_000).requires_grad_()
    with saved_tensors_hooks(lambda t: t.numpy().copy() if not t.requires_grad else t.detach(),
                             ag.as_tensor):  # fmt: skip
        y = ((big * 2.0).sin() * big).sum()
    y.backward()
    assert big.grad is not None
    values = big.detach().numpy()
    expected = 2 * np.cos(2 * values) * values + np.sin(2 * values)
    assert np.allclose(big.grad.numpy(), expected, 1e-12, 1e-12)


def test_layout_of_a_result_may_change() -> None:
    """A rule that reads its result finds it in an order of memory that it knows."""
    x = leaf()
    for view in (lambda t: t.mT.contiguous().mT, lambda t: t.expand(2, 3, 3)[0], lambda t: t):
        with saved_tensors_hooks(lambda t, view=view: view(t.detach()), lambda t: t):
            y = x.softmax(1).mT.exp().tanh()
        (g,) = ag.autograd.grad(y.sum(), x)
        (expected,) = ag.autograd.grad(x.softmax(1).mT.exp().tanh().sum(), x)
        assert np.allclose(g.numpy(), expected.numpy(), 1e-12)


def test_an_error_has_its_traceback() -> None:
    x = leaf()

    def deep(t: ag.Tensor) -> ag.Tensor:
        raise LookupError("deep inside")

    with saved_tensors_hooks(lambda t: t, deep):
        y = x.exp().sum()
    with pytest.raises(LookupError, match="deep inside") as caught:
        y.backward()
    assert "deep" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert x.grad is None


def test_a_failed_backward_can_be_tried_again() -> None:
    x = leaf()
    fail = [True]

    def unpack(t: ag.Tensor) -> ag.Tensor:
        if fail:
            fail.clear()
            raise KeyError
        return t

    with saved_tensors_hooks(lambda t: t, unpack):
        y = x.exp().sum()
    with pytest.raises(KeyError):
        y.backward()
    y.backward()
    assert x.grad is not None and np.allclose(x.grad.numpy(), np.exp(x.detach().numpy()))


def test_a_hook_that_frees_what_is_read() -> None:
    """A backward inside unpack goes over the same graph and lets go of what it saved."""
    x = leaf()
    inner: list[Any] = []

    def unpack(t: ag.Tensor) -> ag.Tensor:
        if not inner:
            inner.append(None)
            ag.autograd.grad(y, x)
        return t

    with saved_tensors_hooks(lambda t: t, unpack):
        y = (x * x.exp()).sum()
    try:
        y.backward()
    except RuntimeError as error:
        assert "second time" in str(error)


def test_a_hook_that_changes_what_is_written() -> None:
    x = leaf()
    y = x * 1.0
    view = y[0]

    def pack(t: ag.Tensor) -> Any:
        view.data = ag.zeros(3)
        return t

    with saved_tensors_hooks(pack, lambda t: t):
        try:
            view.mul_(x[0])
        except RuntimeError as error:
            assert "hook" in str(error)
    assert np.isfinite(y.detach().numpy()).all()


def test_what_hooks_keep_dies_with_the_graph() -> None:
    x = leaf()

    class Kept:
        def __init__(self, t: ag.Tensor) -> None:
            self.t = t.detach()
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    alive: list[int] = []
    with saved_tensors_hooks(Kept, lambda kept: kept.t):
        y = (x * x).exp().sum()
    assert len(alive) == 3
    y.backward()
    assert not alive
    with saved_tensors_hooks(Kept, lambda kept: kept.t):
        z = (x * x).exp().sum()
    del z
    assert not alive


@pytest.mark.parametrize("pack", [lambda t: t, lambda t: (t,), lambda t: [[t]]])
def test_circles_are_collected(pack: Callable[[Any], Any]) -> None:
    x = ag.ones(3, requires_grad=True)
    gc.collect()
    before = ag.memory_stats()
    for _ in range(50):
        with saved_tensors_hooks(pack, lambda packed: packed):
            x.exp()
    gc.collect()
    after = ag.memory_stats()
    assert after["live_tensors"] == before["live_tensors"]
    assert after["live_nodes"] == before["live_nodes"]


def test_memory_is_flat() -> None:
    x = ag.ones(3, requires_grad=True)
    sizes = []
    for _ in range(4):
        for _ in range(25_000):
            with saved_tensors_hooks(lambda t: t, lambda t: t):
                y = (x * x).exp()
            y.backward(ag.ones(3))
            x.grad = None
        sizes.append((ag.memory_stats()["live_tensors"], ag.memory_stats()["live_nodes"]))
    assert len(set(sizes[1:])) == 1
