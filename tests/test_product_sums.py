# SPDX-License-Identifier: MIT
"""Gradients of matrices that several products use: each is added to the sum that the sweep has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, values

STEPS = 5

# How a weight of 20 x 20 is used in a step; the state is a vector, rows, or a batch of rows.
USES: dict[str, tuple[tuple[int, ...], Callable[[Any, Any], Any]]] = {
    "matrix @ vector": ((20,), lambda w, h: w @ h),
    "vector @ matrix": ((20,), lambda w, h: h @ w),
    "rows @ matrix": ((3, 20), lambda w, h: h @ w),
    "rows @ transposed": ((3, 20), lambda w, h: h @ w.t()),
    "one row": ((1, 20), lambda w, h: h @ w),
    "linear": ((3, 20), lambda w, h: ag.nn.functional.linear(h, w)),
    "addmm": ((3, 20), lambda w, h: ag.addmm(h, h, w, beta=0.5, alpha=-2.0)),
    "folded batch": ((2, 3, 20), lambda w, h: h @ w),
    "repeated for a batch": ((2, 20, 3), lambda w, h: w @ h),
    "with itself": ((3, 20), lambda w, h: h @ (w @ w)),
    "einsum": ((3, 20), lambda w, h: ag.einsum("bi,oi->bo", h, w)),
}


def unrolled(use: Callable[[Any, Any], Any], w: Any, h: Any) -> Any:
    for _ in range(STEPS):
        h = use(w, h).tanh()
    return h


def made(name: str, rng: np.random.Generator) -> tuple[Callable[[Any, Any], Any], Any, Any]:
    """How a weight is used, one, and a state to begin with."""
    shape, use = USES[name]
    w = ag.tensor(rng.standard_normal((20, 20)) / 4, requires_grad=True)
    return use, w, ag.tensor(rng.standard_normal(shape), requires_grad=True)


@pytest.mark.parametrize("name", USES)
def test_against_one_weight_for_each_use(name: str, rng: np.random.Generator) -> None:
    use, w, h = made(name, rng)
    unrolled(use, w, h).sum().backward()
    apart = [w.detach().clone().requires_grad_() for _ in range(STEPS)]
    state = h.detach()
    for one in apart:
        state = use(one, state).tanh()
    state.sum().backward()
    expected = sum(values(one.grad) for one in reversed(apart))
    np.testing.assert_allclose(values(w.grad), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", USES)
def test_recorded_it_is_the_same(name: str, rng: np.random.Generator) -> None:
    use, w, h = made(name, rng)
    (plain,) = ag.autograd.grad(unrolled(use, w, h).sum(), w)
    (recorded,) = ag.autograd.grad(unrolled(use, w, h).sum(), w, create_graph=True)
    np.testing.assert_allclose(values(plain), values(recorded), rtol=1e-13, atol=1e-15)
    assert ag.autograd.gradgradcheck(lambda w: use(w, use(w, h)).tanh(), (w,))


@pytest.mark.parametrize("name", USES)
def test_grad_is_added_to_once_at_the_end(name: str, rng: np.random.Generator) -> None:
    use, w, h = made(name, rng)
    unrolled(use, w, h).sum().backward()
    first = values(w.grad).copy()
    unrolled(use, w, h).sum().backward()
    assert_same_bits(values(w.grad), first + first)


def test_a_sweep_that_fails_leaves_grad_as_it_is(rng: np.random.Generator) -> None:
    class Failing(ag.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1.0

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            raise ValueError("on purpose")

    w = ag.tensor(rng.standard_normal((20, 20)), requires_grad=True)
    w.grad = ag.ones(20, 20)
    x = ag.tensor(rng.standard_normal((3, 20)), requires_grad=True)
    y = (Failing.apply(x * 1.0) @ w).tanh() @ w
    with pytest.raises(ValueError, match="on purpose"):
        y.sum().backward()
    assert_same_bits(values(w.grad), np.ones((20, 20)))


def test_nobody_elses_values_are_written(rng: np.random.Generator) -> None:
    """Gradients that hooks, the caller, or another tensor hold stay what they were."""
    w = ag.tensor(rng.standard_normal((20, 20)), requires_grad=True)
    x = ag.tensor(rng.standard_normal((3, 20)))
    given = ag.tensor(rng.standard_normal((20, 20)))
    before = values(given).copy()
    double = w * 1.0
    seen: list[Any] = []
    y = x @ double
    y.grad_fn.register_hook(lambda parts, _: seen.append((parts[1], values(parts[1]).copy())))
    z = (y @ double).sum()
    ag.autograd.backward([double, z], [given, None])
    assert_same_bits(values(given), before)
    assert_same_bits(values(seen[0][0]), seen[0][1])
    direct = ag.autograd.grad((x @ w @ w).sum(), w)[0]
    np.testing.assert_allclose(values(w.grad), values(direct) + before, rtol=1e-13)


def test_a_cotangent_that_lies_by_columns(rng: np.random.Generator) -> None:
    w = ag.tensor(rng.standard_normal((20, 30)), requires_grad=True)
    x, y = (ag.tensor(rng.standard_normal((3, n))) for n in (20, 30))
    ((x @ w).sum() + (w @ y.t()).sum() + (y @ w.t()).sum()).backward()
    expected = values(x).sum(0)[:, None] + 2.0 * values(y).sum(0)
    np.testing.assert_allclose(values(w.grad), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("size", [64, 520])
def test_bits_at_any_number_of_threads(size: int, rng: np.random.Generator) -> None:
    array = rng.standard_normal((size, size)) / size
    start = rng.standard_normal((40, size))
    found = []
    before = ag.get_num_threads()
    try:
        for count in (1, 2, 4):
            ag.set_num_threads(count)
            w = ag.tensor(array, requires_grad=True)
            unrolled(lambda w, h: h @ w, w, ag.tensor(start)).sum().backward()
            found.append(values(w.grad).copy())
    finally:
        ag.set_num_threads(before)
    for other in found[1:]:
        assert_same_bits(found[0], other)
