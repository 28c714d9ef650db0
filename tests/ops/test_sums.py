# SPDX-License-Identifier: MIT
"""A sum's bits depend on how many elements there are and on their order, on nothing else: not on
where they lie, on which other sums are made beside it, on threads. So each is compared with that of
the same elements in a row of their own. `test_levels.py` runs this file at each CPU level."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

import pyautograd as ag
from support import Array, assert_same_bits, layouts, values

# Around lanes (16), groups of them, blocks (128), tiles, and the places where subtrees join.
LENGTHS = (1, 2, 7, 8, 15, 16, 17, 33, 63, 127, 128, 129, 255, 1000, 1024, 1025, 2049, 5000)
WIDTHS = (1, 2, 3, 4, 5, 8, 9, 16, 17, 31, 32, 33, 100)


def numbers(seed: int, *shape: int) -> Array:
    """Of very different sizes, so that another order of addition has other bits."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) * 10.0 ** rng.integers(-8, 8, shape)


def row_sum(row: Array) -> float:
    return ag.tensor(np.ascontiguousarray(row)).sum().item()


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = ag.get_num_threads()
    ag.set_num_threads(2)
    yield
    ag.set_num_threads(before)


@pytest.mark.parametrize("m", LENGTHS)
def test_rows_and_columns(m: int) -> None:
    for k in WIDTHS:
        a = numbers(m, m, k)
        expected = [row_sum(a[:, j]) for j in range(k)]
        for name, x in layouts(ag, a):
            assert_same_bits(x.sum(0), np.array(expected), f"columns, {m} x {k}, {name}")
        for name, x in layouts(ag, np.ascontiguousarray(a.T)):
            assert_same_bits(x.sum(1), np.array(expected), f"rows, {k} x {m}, {name}")


@pytest.mark.parametrize("m", LENGTHS)
def test_whole_tensors_in_any_layout(m: int) -> None:
    for k in (1, 3, 16, 33):
        a = numbers(m, m, k)
        for name, x in layouts(ag, a):
            assert_same_bits(x.sum(), np.array(row_sum(a.ravel())), f"{m} x {k}, {name}")


@pytest.mark.parametrize("m", [*range(256, 273), 299, 384, 500, 511, 513, 1000, 1025])
def test_blocks_that_go_over_the_ends_of_rows(m: int) -> None:
    for rows in (2, 3, 17, 40):
        a = numbers(m + rows, rows, m + 5)
        expected = row_sum(a[:, 2 : m + 2].ravel())
        for name, x in layouts(ag, a):
            assert_same_bits(x[:, 2 : m + 2].sum(), np.array(expected), f"{rows} x {m}, {name}")
        x = ag.tensor(np.stack((a, a)))[:, :, 2 : m + 2]
        assert x.sum((1, 2)).tolist() == [expected] * 2, f"twice {rows} x {m}"
    nothing = ag.full((3, m + 5), -0.0)[:, :m].sum().item()
    assert math.copysign(1.0, nothing) == 1.0


@pytest.mark.parametrize("dims", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("shape", [(3, 40, 5), (40, 3, 17), (130, 9, 2), (2, 2, 300), (17, 1, 20)])
def test_some_dimensions(shape: tuple[int, ...], dims: tuple[int, ...]) -> None:
    a = numbers(1, *shape)
    kept = [d for d in range(3) if d not in dims]
    rows = a.transpose([*kept, *dims]).reshape(int(np.prod([shape[d] for d in kept])), -1)
    expected = np.array([row_sum(row) for row in rows]).reshape([shape[d] for d in kept])
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1)):
        x = ag.tensor(np.ascontiguousarray(a.transpose(order))).permute(*np.argsort(order).tolist())
        assert_same_bits(x.sum(dims), expected, f"{shape} over {dims}, in memory as {order}")


@pytest.mark.parametrize("value", [0.1, -0.0, 1e300, np.nan, np.inf])
def test_one_number_many_times(value: float) -> None:
    for m in (*LENGTHS, 100_003):
        expected = np.array(row_sum(np.full(m, value)))
        one = ag.tensor(value)
        assert_same_bits(one.expand(m).sum(), expected, f"{value} {m} times")
        assert_same_bits(one.expand(m, 2).sum(0), np.array([expected, expected]), f"{m}, twice")


# Enough to be shared: many results, few, one; long runs and short ones.
LARGE = [(500_000, 1), (300_000, 2), (40_000, 12), (1_000, 500), (20, 30_000), (4, 400_000)]


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize(("m", "k"), LARGE)
def test_threads_share_a_sum(m: int, k: int) -> None:
    a = numbers(2, m, k)
    x = ag.tensor(a)
    shared = [x.sum(0), x.sum(1), x.t().sum(0), x.t().sum(1), x.sum(), x.t().sum()]
    found = [values(y) for y in shared]
    ag.set_num_threads(1)
    alone = [x.sum(0), x.sum(1), x.t().sum(0), x.t().sum(1), x.sum(), x.t().sum()]
    for got, wanted in zip(found, alone, strict=True):
        assert_same_bits(got, wanted, f"{m} x {k}")
    some = range(0, k, max(1, k // 20))
    assert_same_bits(found[0][list(some)], np.array([row_sum(a[:, j]) for j in some]), "columns")


@pytest.mark.usefixtures("two_threads")
def test_a_sum_beyond_the_caches() -> None:
    """5e6 elements: the memory is asked for ahead, on one thread and on two."""
    a = numbers(3, 5_000_000)
    x = ag.tensor(a)
    shared = x.sum().item()
    ag.set_num_threads(1)
    assert x.sum().item() == shared
    halves = ag.tensor(a[: 1 << 22]).sum().item(), ag.tensor(a[1 << 22 :]).sum().item()
    assert shared == halves[0] + halves[1], "the tree's last joint"


@pytest.mark.usefixtures("two_threads")
def test_long_rows_are_asked_for_ahead() -> None:
    """Rows of 4.3e6 elements, more of them than would be cut for threads."""
    a = numbers(4, 4_300_003)
    x = ag.tensor(a)
    expected = x.sum().item()
    for threads, rows in ((1, 4), (2, 8)):
        ag.set_num_threads(threads)
        assert x.expand(rows, a.size).sum(1).tolist() == [expected] * rows
