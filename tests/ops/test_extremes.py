# SPDX-License-Identifier: MIT
"""amax and amin: values over every choice of dimensions, in every order of memory, with NaN in any
place, at every CPU level; gradients of ties and of NaN, errors."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyautograd as ag
from ops.test_levels import LEVELS, level_of, need
from support import Array, assert_same_bits, leaf, values

INF, NAN = math.inf, math.nan
PYTEST = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
OPS = [("amax", np.max), ("amin", np.min)]


def check(x: Any, a: Array, dims: Any, what: str = "") -> None:
    for (name, ref), keep in itertools.product(OPS, (False, True)):
        expected = np.asarray(ref(a, axis=None if dims == () else dims, keepdims=keep)) + 0.0
        result = getattr(x, name)(dims, keepdim=keep)
        assert_same_bits(result, expected, f"{name} over {dims} of {a.shape} {what}")


def choices(ndim: int) -> list[tuple[int, ...]]:
    return [c for n in range(ndim + 1) for c in itertools.combinations(range(ndim), n)]


SHAPES: list[tuple[int, ...]] = [
    (), (1,), (7,), (8,), (9,), (63,), (64,), (65,), (513,), (5000,), (70_000,),
    (3, 5), (1, 9), (9, 1), (2, 300), (300, 2), (17, 17), (40, 33), (4, 1025), (1025, 4),
    (700, 3), (129, 31), (33, 40, 5), (5, 2, 70), (2, 300, 9), (3, 1, 4), (2, 3, 4, 5),
    (7, 8, 9, 3), (2, 2, 2, 2, 2),
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_dims_and_orders(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    a = rng.standard_normal(shape)
    orders = list(itertools.permutations(range(len(shape))))[:8]
    for dims in choices(len(shape)):
        check(ag.tensor(a), a, dims)
        for order in orders:
            back = tuple(np.argsort(order))
            turned = ag.tensor(a.transpose(order).copy()).permute(back)
            check(turned, a, dims, f"in the order {order}")


@pytest.mark.parametrize("shape", [(9, 70), (70, 9), (5, 6, 40), (300, 3), (2, 1300)], ids=str)
def test_parts_of_memory(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    """Padded rows, every second element, repeated dimensions."""
    wide = rng.standard_normal([2 * n + 3 for n in shape])
    regions = [tuple(slice(1, n + 1) for n in shape), tuple(slice(0, 2 * n, 2) for n in shape)]
    regions.append((*(slice(1, n + 1) for n in shape[:-1]), slice(2, 2 * shape[-1], 2)))
    for dims, region in itertools.product(choices(len(shape)), regions):
        check(ag.tensor(wide)[region], wide[region], dims, str(region))
        a = wide[region][None].repeat(3, 0)
        check(ag.tensor(wide)[region].expand(a.shape), a, (0, *(d + 1 for d in dims)), "repeated")
        check(ag.tensor(wide)[region].expand(a.shape), a, tuple(d + 1 for d in dims) or (1,), "r")


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 20, 31, 32, 40, 64, 100, 250, 300, 513, 1100])
def test_a_nan_in_any_place(n: int, rng: np.random.Generator) -> None:
    """It makes its own result NaN and no other."""
    for at in {*range(min(n, 20)), *range(max(0, n - 20), n), n // 2}:
        a = rng.standard_normal(n)
        a[at] = NAN
        assert math.isnan(ag.tensor(a).amax().item()) and math.isnan(ag.tensor(a).amin().item())
    a = rng.standard_normal((23, n))
    for row, column in rng.integers(0, (23, n), (6, 2)):
        a[row, column] = NAN
    for dims in choices(2):
        check(ag.tensor(a), a, dims)
        check(ag.tensor(np.ascontiguousarray(a.T)).t(), a, dims, "transposed")


def test_special_values() -> None:
    assert ag.tensor([INF, 1.0, -INF]).amax().item() == INF
    assert ag.tensor([INF, 1.0, -INF]).amin().item() == -INF
    assert ag.tensor([-INF] * 40).amax().item() == -INF
    assert ag.tensor([INF] * 40).amin().item() == INF
    for n in (1, 2, 9, 40):  # a result that is 0 has no sign, whatever came first
        for zeros in ([-0.0] * n, [0.0, *[-0.0] * n], [-0.0, *[0.0] * n]):
            assert_same_bits(ag.tensor(zeros).amax(), np.array(0.0))
            assert_same_bits(ag.tensor(zeros).amin(), np.array(0.0))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_large(threads: int, rng: np.random.Generator) -> None:
    """Enough for threads: shared by results, by rows of one result, and by pieces of one row."""
    before = ag.get_num_threads()
    try:
        ag.set_num_threads(threads)
        for shape in ((600_001,), (700, 901), (300_000, 3), (3, 300_000), (60, 100, 110)):
            a = rng.standard_normal(shape)
            for dims in choices(len(shape)):
                check(ag.tensor(a), a, dims, f"{threads} threads")
        a = rng.standard_normal((900, 1801))
        for dims in choices(2):
            check(ag.tensor(a)[:, ::2], a[:, ::2], dims, "every second")
            check(ag.tensor(a)[:, 1:], a[:, 1:], dims, "all but the first")
    finally:
        ag.set_num_threads(before)


def test_pending_values_are_computed_first(rng: np.random.Generator) -> None:
    a = rng.standard_normal((300, 100))
    check(ag.tensor(a) * 2.0 + 1.0, a * 2.0 + 1.0, (1,))
    assert (ag.tensor(a) - 1.0).t().amax(0).sum().item() == pytest.approx((a - 1).max(1).sum())


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_view(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(0, 5))
    shape = tuple(data.draw(st.integers(1, 12)) for _ in range(ndim))
    numbers = st.sampled_from([-1.0, 0.0, 0.5, 2.0, 3.0, INF, -INF, NAN])
    pool = data.draw(st.lists(numbers, min_size=1, max_size=9))
    order = data.draw(st.permutations(range(ndim)))
    steps = [data.draw(st.integers(1, 2)) for _ in range(ndim)]
    base = np.resize(pool, [shape[d] * steps[d] for d in order])
    region = tuple(slice(None, None, steps[d]) for d in order)
    back = tuple(int(d) for d in np.argsort(order))
    a, x = base[region].transpose(back), ag.tensor(base)[region].permute(back)
    check(x, a, tuple(data.draw(st.sets(st.integers(0, ndim - 1)))) if ndim else ())


@pytest.mark.parametrize("level", LEVELS)
def test_every_level(level: str) -> None:
    need(level)
    if level == level_of(ag.show_config()):
        return  # the run we are in
    result: Any = subprocess.run(
        [*PYTEST, "-k", "not every_level", __file__],
        env={**os.environ, "PYAUTOGRAD_SIMD": level},
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


# ---- gradients -----------------------------------------------------------------------------------


def gradient(op: str, a: Any, dims: Any = (), g: Any = None) -> Any:
    x = leaf(a)
    y = getattr(x, op)(dims)
    y.backward(ag.ones_like(y) if g is None else ag.tensor(g))
    return x.grad.tolist()


def test_ties_share_the_gradient() -> None:
    assert gradient("amax", [1.0, 2.0, 2.0]) == [0.0, 0.5, 0.5]
    assert gradient("amin", [1.0, 2.0, 1.0, 1.0, 5.0, 1.0]) == [0.25, 0.0, 0.25, 0.25, 0.0, 0.25]
    assert gradient("amax", [0.0, -0.0]) == [0.5, 0.5]
    assert gradient("amin", [[INF, INF], [1.0, 2.0]], 1, [3.0, 5.0]) == [[1.5, 1.5], [5.0, 0.0]]
    assert gradient("amax", [[1.0, 2.0], [2.0, 1.0]]) == [[0.0, 0.5], [0.5, 0.0]]
    assert gradient("amax", [[1.0, 2.0], [2.0, 1.0]], 0) == [[0.0, 1.0], [1.0, 0.0]]
    assert gradient("amax", 3.0) == 1.0


def test_gradients_where_a_nan_is() -> None:
    """All of its elements get NaN, those of other results what they would get."""
    got = values(gradient("amin", [[1.0, NAN], [3.0, 3.0]], 1))
    assert np.isnan(got[0]).all() and got[1].tolist() == [0.5, 0.5]
    assert np.isnan(gradient("amax", [1.0, NAN])).all()


def test_a_gradient_that_is_no_number_stays_with_what_was_taken() -> None:
    assert gradient("amax", [1.0, 2.0], (), INF) == [0.0, INF]
    got = gradient("amax", [1.0, 2.0], (), NAN)
    assert got[0] == 0.0 and math.isnan(got[1])


def test_the_result_is_guarded() -> None:
    x = leaf([1.0, 2.0])
    y = x.amax()
    y.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


# ---- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["amax", "amin"])
def test_errors(op: str) -> None:
    empty = ag.zeros(2, 0, 3)
    for dims in ((), None, []):
        with pytest.raises(RuntimeError) as caught:
            getattr(empty, op)(dims)
        assert str(caught.value) == (
            f"{op}(): Expected reduction dim to be specified for input.numel() == 0. "
            "Specify the reduction dim with the 'dim' argument."
        )
    for dims, named in ((1, 1), (-2, -2), ((0, 1), 1), ((0, -2, 7), -2)):
        with pytest.raises(IndexError) as caught:
            getattr(empty, op)(dims)
        text = f"{op}(): Expected reduction dim {named} to have non-zero size."
        assert str(caught.value) == text
    with pytest.raises(IndexError, match="Dimension out of range"):
        getattr(empty, op)(3)
    assert getattr(empty, op)(0).shape == (0, 3)
    assert getattr(empty, op)((0, 2), keepdim=True).shape == (1, 0, 1)
    x = ag.tensor([1.0, 2.0])
    with pytest.raises(IndexError, match=r"Dimension out of range \(expected to be in range"):
        getattr(x, op)(1)
    with pytest.raises(RuntimeError, match="dim 0 appears multiple times in the list of dims"):
        getattr(x, op)((0, -1))
    with pytest.raises(TypeError):
        getattr(x, op)("a")
    with pytest.raises(TypeError):
        getattr(ag, op)([1.0])


@pytest.mark.parametrize("op", ["amax", "amin"])
def test_forms_of_a_call(op: str) -> None:
    x = ag.tensor([[1.0, 2.0], [4.0, 3.0]])
    expected = getattr(np, op)(x.numpy(), axis=1)
    for result in (
        getattr(x, op)(1),
        getattr(x, op)(dim=-1),
        getattr(ag, op)(x, (1,)),
        getattr(ag, op)(input=x, dim=[1], keepdim=False),
    ):
        assert_same_bits(result, expected)
