# SPDX-License-Identifier: MIT
"""What fused evaluation costs, counted and never timed: how often each op is computed, how much
memory there is at the worst moment."""

from __future__ import annotations

import functools
import gc
import operator
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, leaf, plain_build_only, real_sizes_only, values

N = 20_000  # beyond what is computed at once
STEP = re.compile(r"^ *v\d+ = \w+\(", re.MULTILINE)


def data(seed: int = 1, *shape: int) -> Any:
    return np.random.default_rng(seed).uniform(0.1, 1, shape or N)


def steps(x: Any) -> int:
    """Ops that the program for x would compute, were it asked for now."""
    return len(STEP.findall(ag.explain(x)))


def asked(x: Any, how: Callable[[Any], Any] = values) -> int:
    """Asks for x; how many ops that took."""
    count = steps(x)
    how(x)
    assert steps(x) == 0 or how is not values
    return count


# ---- how often -----------------------------------------------------------------------------------


def test_looking_at_the_program_computes_nothing() -> None:
    y = (ag.tensor(data()) * 2).sin()
    before = ag.memory_allocated()
    assert [steps(y) for _ in range(5)] == [2] * 5
    assert ag.memory_allocated() == before
    assert asked(y) == 2 and asked(y) == 0


@pytest.mark.parametrize("length", [10, 100, 3000])
def test_a_chain_costs_its_length(length: int) -> None:
    """A program that would get too long is run early; what it made is where the next begins."""
    y = ag.tensor(data())
    computed = waiting = 0
    for _ in range(length):
        y = y * 1.0001
        now = steps(y)
        if now <= waiting:
            computed += waiting
        waiting = now
    assert computed + asked(y) <= length
    expected = data()
    for _ in range(length):
        expected = expected * 1.0001
    assert_same_bits(y, expected)


def test_a_chain_in_place_costs_its_length() -> None:
    y = ag.tensor(data())
    computed = waiting = 0
    for _ in range(3000):
        y.mul_(1.0001)
        now = steps(y)
        if now <= waiting:
            computed += waiting
        waiting = now
    assert computed + asked(y) <= 3000


def chain(n: int) -> list[Any]:
    out = [ag.tensor(data())]
    for k in range(n):
        out.append((out[-1] + k).sin() if k % 2 else out[-1] * 0.5)
    return out[1:]


def ladder(n: int) -> list[Any]:
    """Each from the two before: a tree of 2^n ops, if nobody remembered."""
    out = [ag.tensor(data(1)), ag.tensor(data(2))]
    for _ in range(n):
        out.append((out[-1] + out[-2]) * 0.5)
    return out[2:]


def fan(n: int) -> list[Any]:
    shared = ag.tensor(data()).exp().sin()
    return [shared, *(shared * float(k) for k in range(n))]


def web(n: int) -> list[Any]:
    dice = random.Random(n)
    out = [ag.tensor(data(k)) for k in range(3)]
    ops = (operator.add, operator.mul, ag.maximum)
    for _ in range(n):
        out.append(dice.choice(ops)(dice.choice(out[-6:]), dice.choice(out)))
    return out[3:]


ORDERS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "first to last": lambda xs: xs,
    "last to first": lambda xs: xs[::-1],
    "shuffled": lambda xs: random.Random(1).sample(xs, len(xs)),
    "only the last, often": lambda xs: [xs[-1]] * 5,
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("make", [chain, ladder, fan, web])
def test_nothing_is_computed_a_third_time(make: Callable[[int], list[Any]], order: str) -> None:
    held = make(50)
    # What an expression hides from `held` (the + of the chain, the exp of the fan) is an op too.
    ops = len(held) if make is web else 2 * len(held)
    assert sum(asked(x) for x in ORDERS[order](held)) <= 2 * ops


@pytest.mark.parametrize("make", [chain, ladder, fan, web])
def test_sums_of_what_is_held(make: Callable[[int], list[Any]]) -> None:
    """A sum stores nothing of what it reads, unless it is computed for the second time."""
    held = make(50)
    ops = len(held) if make is web else 2 * len(held)
    total = reads = 0
    for _ in range(3):
        for x in ORDERS["shuffled"](held):
            total += asked(x.sum(), lambda s: s.item())
            reads += 1
    assert total <= 2 * ops + reads


def test_a_value_read_twice_is_there_the_third_time() -> None:
    y = ag.tensor(data()).exp().sin()
    costs = [asked(y.sum(), lambda s: s.item()) for _ in range(4)]
    assert costs[0] == 3 and sum(costs) <= 3 + 3 + 1 + 1


def test_a_gradient_makes_the_forward_values_once_more_at_most() -> None:
    x = leaf(data())
    loss = (x.sin() * x).exp().sum()
    assert asked(loss, lambda s: s.item()) == 4
    (g,) = ag.autograd.grad(loss, x, create_graph=True)
    # Again sin, mul and exp; of the rules cos, three products and a sum, and what spreads a number.
    assert steps(g) <= 3 + 7
    assert np.allclose(
        values(g), np.exp(np.sin(data()) * data()) * (np.cos(data()) * data() + np.sin(data()))
    )


@real_sizes_only
@pytest.mark.parametrize("first", ["w", "m", "v"])
def test_a_step_of_an_optimiser_is_one_program(first: str) -> None:
    """Whatever of it is read first: what else it writes would read that again from memory."""
    names = {name: ag.tensor(data(k)) for k, name in enumerate("wgmv")}
    w, g, m, v = names.values()
    m.mul_(0.9).add_(0.1 * g)
    v.mul_(0.999).add_(0.001 * g * g)
    w.sub_(0.1 * (m / 0.3) / ((v / 0.2).sqrt() + 1e-8))
    names[first][0].item()
    assert [steps(names[name]) for name in "wmv"] == [0, 0, 0]


# ---- how much memory -----------------------------------------------------------------------------

MILLION = 1_000_000
ARRAY = 8 * MILLION * 21 // 20  # as the allocator rounds it


def peak(work: Callable[[], Any]) -> int:
    """Bytes that `work` needs beside what is there already, at its worst moment."""
    gc.collect()
    ag.reset_peak_memory_stats()
    before = ag.memory_allocated()
    work()
    return ag.max_memory_allocated() - before


def pair() -> tuple[Any, Any]:
    return leaf(data(1, MILLION)), leaf(data(2, MILLION))


def sin_exp(x: Any, y: Any) -> Any:
    z = (x * y + x).sin() * (-x * x).exp()
    return (z * z).sum()


SMALL = 300_000  # bytes: scratch of programs, partial sums


@real_sizes_only
def test_of_a_graph_and_its_gradients() -> None:
    x, y = pair()
    assert peak(lambda: sin_exp(x, y).backward()) <= 2 * ARRAY + SMALL  # the gradients alone
    assert peak(lambda: sin_exp(x, y).backward()) <= SMALL  # added into what is there
    x.grad = y.grad = None
    assert peak(lambda: (x + y).mean().backward()) <= 2 * ARRAY + SMALL

    def looked_at() -> None:
        loss = sin_exp(x, y)
        loss.item()
        loss.backward()

    x.grad = y.grad = None
    assert peak(looked_at) <= 3 * ARRAY + SMALL


@real_sizes_only
def test_of_a_value_that_is_only_summed() -> None:
    x, y = pair()
    with ag.no_grad():
        assert peak(lambda: sin_exp(x, y).item()) <= SMALL
        assert (
            peak(lambda: (x.view(1000, 1000) * y[:1000]).exp().sum(0).log().sum().item()) <= SMALL
        )


@real_sizes_only
def test_of_a_long_chain() -> None:
    x, _ = pair()

    def work() -> None:
        with ag.no_grad():
            functools.reduce(lambda v, k: (v * 0.999 + k).relu(), range(400), x).sum().item()

    assert peak(work) <= 3 * ARRAY + SMALL


@real_sizes_only
@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
def test_of_a_long_chain_and_its_gradient(read: bool) -> None:
    """A few values on the way are kept, and the others computed again from there."""
    x = leaf(data(1, 100_000))

    def work() -> None:
        loss = functools.reduce(lambda v, _: v.sin(), range(3000), x).sum()
        if read:
            loss.item()
        loss.backward()

    assert peak(work) <= 20 * 8 * 100_000
    expected, t = np.ones(100_000), data(1, 100_000)
    for _ in range(3000):
        expected *= np.cos(t)
        t = np.sin(t)
    np.testing.assert_allclose(values(x.grad), expected, rtol=1e-11)


@real_sizes_only
def test_of_a_sum_over_batches() -> None:
    """A sum that nobody reads does not keep all that went into it."""

    def work() -> None:
        total = ag.zeros(MILLION)
        for k in range(150):
            total = total + ag.full((MILLION,), float(k))
        assert total[0].item() == 149 * 75

    assert peak(work) <= 600_000_000


@plain_build_only
@pytest.mark.parametrize(
    "loss",
    [
        lambda x, y: (x - y).square().exp().sum(1).log().sum(),
        lambda x, y: ((x - y) ** 2).exp().sum(0).log().sum(),
        lambda x, y: (-(x - y).square() * 0.5).exp().mean(1, keepdim=True).log().mean(),
    ],
    ids=["sum(1)", "sum(0)", "mean(1)"],
)
def test_a_broadcast_intermediate_never_exists(loss: Callable[[Any, Any], Any]) -> None:
    """4000 by 4000 would be 128 MB; torch has several of them."""
    x, y = leaf(data(1, 4000, 1)), leaf(data(2, 4000))
    assert peak(lambda: loss(x, y).backward()) < 8 * 4000 * 4000 / 50
    assert x.grad.shape == (4000, 1) and y.grad.shape == (4000,)
    assert np.isfinite(values(x.grad)).all()


@real_sizes_only
def test_of_an_optimiser_in_place() -> None:
    """The temporaries of the update are tiles of one pass; nothing of the parameters' size."""
    w, other = pair()
    (w * w * other).sum().backward()
    m, v = ag.zeros_like(w), ag.zeros_like(w)
    momentum = ag.zeros_like(w)

    def look() -> None:
        for t in (w, m, v, momentum):
            t.detach()[0].item()

    @ag.no_grad()
    def adam() -> None:
        g = w.grad
        m.mul_(0.9).add_(g, alpha=0.1)
        v.mul_(0.999).add_(g * g, alpha=0.001)
        w.sub_(0.1 * (m / (1 - 0.9)) / ((v / (1 - 0.999)).sqrt() + 1e-8))
        look()

    @ag.no_grad()
    def adam_with_names() -> None:
        g = w.grad
        m.mul_(0.9)
        m.add_(0.1 * g)
        v.mul_(0.999)
        v.add_(0.001 * g * g)
        m_hat, v_hat = m / (1 - 0.9), v / (1 - 0.999)
        w.sub_(0.1 * m_hat / (v_hat.sqrt() + 1e-8))
        look()

    @ag.no_grad()
    def descent() -> None:
        momentum.mul_(0.9).add_(w.grad)
        w.sub_(momentum, alpha=0.01)
        look()

    look()
    for step in (adam, adam_with_names, descent):
        assert [peak(step) <= SMALL for _ in range(3)] == [True] * 3, step.__name__


def test_what_was_needed_is_given_back() -> None:
    gc.collect()
    before = ag.memory_allocated()
    x = leaf(data(1, 200, 300))
    y = (x - x.mean(0)).square().sum(1)
    (y.log() * 2).mean().backward()
    with ag.no_grad():
        x -= 0.1 * x.grad
    pending = [x.detach() * k for k in range(20)]
    pending[3].numpy()
    del x, y, pending
    gc.collect()
    assert ag.memory_allocated() == before


@real_sizes_only
def test_what_takes_long_is_stored_for_the_gradient() -> None:
    """One slow step between memory and a sum is not computed again; of two, or of what was
    broadcast alone, nothing is stored, since that may be much more than there was."""
    x = ag.ones(300, 70).requires_grad_()
    row, column = ag.ones(1, 300), ag.ones(300, 1).requires_grad_()

    def stored(loss: ag.Tensor) -> list[str]:
        return re.findall(r"= (\w+)\(.*-> stored", ag.explain(loss))

    one = stored((x + 1.0).tanh().sum(1))
    two = stored((x + 1.0).tanh().exp().sum(1))
    broadcast = stored((column + row).tanh().sum(1))
    with ag.no_grad():
        unrecorded = stored((x + 1.0).tanh().sum(1))
    assert one == ["tanh", "sum"]
    assert two == broadcast == unrecorded == ["sum"]
