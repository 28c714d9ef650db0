# SPDX-License-Identifier: MIT
"""Sums whose order goes across memory have the bits of the same numbers in memory of their own."""

from __future__ import annotations

import random
from math import isnan

import pytest

import pyautograd as ag
from support import assert_same_bits, run_python, values

# Columns of less than a block, of whole blocks, of several stretches; and rows of a few lines.
COLUMNS = (5, 100, 127, 128, 130, 256, 384, 513, 640, 1000, 1024, 1025, 2048, 3001, 5000)
ROWS = (2, 7, 8, 15, 16, 33, 64, 70)


def numbers(*shape: int) -> ag.Tensor:
    generator = ag.Generator().manual_seed(sum(shape))
    return ag.randn(*shape, generator=generator)


def assert_sums(x: ag.Tensor, dim: tuple[int, ...] = ()) -> None:
    apart = x.contiguous().clone()
    assert apart.is_contiguous()
    assert_same_bits(values(x.sum(dim)), values(apart.sum(dim)), f"{x.shape} {x.stride()} {dim}")


@pytest.mark.parametrize("column", COLUMNS)
def test_transposed(column: int) -> None:
    for rows in ROWS:
        assert_sums(numbers(column, rows).t())
        assert_sums(numbers(column, rows + 5)[:, 3 : rows + 3].t())
        assert_sums(numbers(column, 2 * rows)[:, ::2].t())
        assert_sums(numbers(2 * column, rows)[::2].t())
        assert_sums(numbers(column, rows + 1).t()[1:, 1:])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("seed", range(60))
def test_any_order(seed: int, threads: int) -> None:
    """Permuted parts of arrays, all of them and some dimensions, so large that threads share."""
    choose = random.Random(seed)
    count = choose.choice((2, 3, 3, 4))
    sizes = [choose.choice((1, 2, 3, 7, 8, 16, 40)) for _ in range(count)]
    sizes[choose.randrange(count)] = choose.choice((128, 200, 1024, 1300))
    grown = choose.randrange(count)
    sizes[grown] *= max(1, choose.choice((3_000, 300_000)) // ag.zeros(sizes).numel())
    x = numbers(*(size + choose.randint(0, 2) for size in sizes))
    parts = []
    for size, whole in zip(sizes, x.shape, strict=True):
        start = choose.randint(0, whole - size)
        parts.append(slice(start, start + size))
    x = x[tuple(parts)]
    x = x.permute(*choose.sample(range(count), count))
    before = ag.get_num_threads()
    ag.set_num_threads(threads)
    try:
        assert_sums(x)
        assert_sums(x, tuple(choose.sample(range(count), choose.randint(1, count))))
        assert_same_bits(values((x * 2.0).sum()), values(x.contiguous().sum() * 2.0), "twice")
    finally:
        ag.set_num_threads(before)


# Columns whose trees slide beside each other: with some whole blocks more or less than a call has
# rows, with more than wait for their neighbours, with a last vector of some columns.
LONG = ((640, 9), (641, 17), (1000, 40), (1023, 26), (1025, 33), (9001, 19), (20000, 10))


def bits_of_long_columns() -> list[str]:
    found = []
    for rows, columns in LONG:
        x = numbers(rows, columns)
        found += [x.t().sum().item().hex(), x[1:, 1:].t().sum().item().hex()]
    return found


@pytest.mark.parametrize(("rows", "columns"), LONG)
def test_long_columns(rows: int, columns: int) -> None:
    """All of them, some, those of several matrices, and such as are several dimensions."""
    x = numbers(rows, columns)
    assert_sums(x.t())
    assert_sums(numbers(rows, columns + 4)[:, 1 : columns + 1].t())
    assert_sums(x.unflatten(0, (1, rows)).permute(2, 0, 1))
    batch = numbers(3, rows, columns)
    assert_sums(batch.permute(0, 2, 1))
    assert_sums(batch.permute(2, 0, 1))
    assert_sums(batch.permute(2, 1, 0))
    assert_sums(batch.permute(0, 2, 1), (1, 2))
    assert_sums(numbers(rows // 4, 5, columns)[:, :4].permute(2, 0, 1))


LEVELS = """
    import json, sys
    sys.path[:0] = [".", "ops"]
    from test_sum_across import bits_of_long_columns
    print(json.dumps(bits_of_long_columns()))
"""


@pytest.mark.parametrize("level", ["base", "avx2"])
def test_long_columns_at_each_level(level: str) -> None:
    assert run_python(LEVELS, PYAUTOGRAD_SIMD=level) == bits_of_long_columns()


def test_zeros_and_infinities() -> None:
    """No sum is -0.0; and what is infinite or NaN in one column alone is so in the sum."""
    for column in (100, 256, 3000):
        x = ag.full((column, 12), -0.0)
        assert str(x.t().sum().item()) == "0.0"
        x[column // 2, 4] = float("inf")
        assert x.t().sum().item() == float("inf")
        x[3, 8] = float("-inf")
        assert isnan(x.t().sum().item())
