# SPDX-License-Identifier: MIT
"""Sums of values that are pending: the same bits whoever adds, whatever is fused, however many
threads take part; and as accurate as pairwise summation."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, leaf, plain_build_only, run_python, values

THREADS = (1, 2, 3, 8)

# All of one size or a size of 1, long and short rows, around the tile (1024) and the blocks of the
# sums (128), and more dimensions than a loop has.
SHAPES = [
    (20_000,), (16_384,), (131_072,), (131_073,), (1, 20_000), (20_000, 1), (2, 10_007),
    (10_007, 2),
    (160, 128), (160, 127), (160, 129), (20, 1024), (20, 1023), (20, 1025), (5, 4096), (300, 300),
    (1025, 20), (257, 255), (17, 13, 101), (3, 6000, 2), (2, 3, 4, 5, 200), (40, 1, 30, 1, 20),
]  # fmt: skip


@pytest.fixture(autouse=True)
def threads_restored() -> Iterator[None]:
    before = ag.get_num_threads()
    yield
    ag.set_num_threads(before)


def mixed(seed: int, *shape: int) -> Any:
    """Numbers of very different sizes, both signs: any other order of adding shows."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) * 10.0 ** rng.integers(-8, 8, size=shape)


def every_dims(ndim: int) -> Iterator[tuple[int, ...]]:
    for n in range(1, ndim + 1):
        yield from itertools.combinations(range(ndim), n)


def sums(make: Callable[[], Any], ndim: int) -> list[Any]:
    """The value, which is made anew each time, summed in every way."""
    out = [make().sum(), make().mean()]
    for dims in every_dims(ndim):
        out += [make().sum(dims), make().sum(dims, keepdim=True), make().mean(dims)]
    return out


def inner(x: Any, w: Any) -> Any:
    return (x * w + 1).sin() * x


# ---- the same bits -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pending_or_there(shape: tuple[int, ...]) -> None:
    x, w = ag.tensor(mixed(1, *shape)), ag.tensor(mixed(2, shape[-1]))
    there = ag.tensor(values(inner(x, w)))
    expected = [values(s) for s in sums(lambda: there, len(shape))]
    for n in THREADS:
        ag.set_num_threads(n)
        late = sums(lambda: inner(x, w), len(shape))
        for k, (got, wanted) in enumerate(zip(late, expected, strict=True)):
            assert_same_bits(got, wanted, f"sum {k}, {n} threads")


@pytest.mark.parametrize("shape", [s for s in SHAPES if len(s) > 1], ids=str)
def test_in_any_order_of_memory(shape: tuple[int, ...]) -> None:
    """Of a turned value the sums are those of the same numbers laid out in that order."""
    x, w = ag.tensor(mixed(1, *shape)), ag.tensor(mixed(2, shape[-1]))
    order = tuple(range(len(shape)))[::-1]
    there = ag.tensor(np.ascontiguousarray(values(inner(x, w)).transpose(order)))
    late = sums(lambda: inner(x, w).permute(order), len(shape))
    for k, (got, wanted) in enumerate(zip(late, sums(lambda: there, len(shape)), strict=True)):
        assert_same_bits(got, wanted, f"sum {k}")


@pytest.mark.parametrize(
    "n", [*range(16_383, 16_386), *range(16_500, 30_000, 1021), 65_536, 65_537]
)
def test_of_any_length(n: int) -> None:
    x = ag.tensor(mixed(n, n))
    there = ag.tensor(values(x.sin() * x))
    for threads in THREADS:
        ag.set_num_threads(threads)
        assert_same_bits((x.sin() * x).sum(), there.sum(), f"{threads} threads")
        assert_same_bits((x.sin() * x).mean(), there.mean(), f"{threads} threads")


def test_the_pieces_do_not_matter() -> None:
    """A row's sum is the same alone and among others, wherever the row lies."""
    a = mixed(3, 40, 1500)
    x = ag.tensor(a)
    rows = values((x * 2).sum(1))
    columns = values((x * 2).sum(0))
    for k in (0, 1, 7, 39):
        assert_same_bits((ag.tensor(a[k]) * 2).sum(), rows[k])
        assert_same_bits((ag.tensor(a[k:]) * 2).sum(1), rows[k:])
    for k in (0, 1, 255, 256, 257, 1499):
        assert_same_bits((ag.tensor(a[:, k]) * 2).sum(), columns[k])
        assert_same_bits((ag.tensor(a[:, k:]) * 2).sum(0), columns[k:])


def norms(x: Any, w: Any) -> list[Any]:
    """Sums that other values are made from, sums of sums, several of one value."""
    centred = x - x.mean(1, keepdim=True)
    scaled = centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
    shifted = x * 1e-8 - w
    total = shifted.exp().sum(1)
    soft = shifted.exp() / total.unsqueeze(1)
    return [
        scaled.sum(0), scaled.square().sum(), total.log().sum(), soft.sum(1), soft.sum(0),
        (soft * soft.log()).sum(), (x * w).sum(1).sin().sum() + (x * w).sum(0).sin().sum(),
        (x.t() * 2).sum(1) + x.sum(0),
        x.sum() * x.sum(0) - x.sum(1, keepdim=True) * w, (x + w).sum(0).sum() + (x + w).sum(),
        x.view(-1).sum() + x.t().sum() + (x.t() + 1).sum(0).sum(),
    ]  # fmt: skip


def all_norms(threads: int) -> list[Any]:
    ag.set_num_threads(threads)
    out: list[Any] = []
    for shape in ((150, 140), (7, 3001), (3001, 7), (1, 17_000), (17_000, 1)):
        x, w = leaf(mixed(4, *shape)), leaf(np.abs(mixed(5, shape[1])) * 1e-9)
        results = norms(x, w)
        total = sum(((r * 1e-3).tanh().sum() for r in results[1:]), results[0].sum())
        total.backward()
        (g,) = ag.autograd.grad((x * w).sum(0).tanh().sum(), x, create_graph=True)
        (h,) = ag.autograd.grad((g * x * 1e-9).sum(1).sin().sum(), w)
        out += [values(t) for t in (*results, total, x.grad, w.grad, g, h)]
    return out


def digests(arrays: list[Any]) -> list[str]:
    """One for each array; NaN as one and the same."""
    clean = [np.ascontiguousarray(np.where(np.isnan(a), np.nan, a)) for a in arrays]
    return [f"{a.shape} {zlib.crc32(a.tobytes()):08x}" for a in clean]


ELSEWHERE = """
    import json, sys, warnings
    sys.path[:0] = [".", "fuse"]
    from test_fuse_reductions import all_norms, digests
    print(json.dumps(digests(all_norms({threads}))))
"""


def test_normalisations_and_their_gradients() -> None:
    """With each number of threads, and one op at a time in a process of its own."""
    expected = run_python(ELSEWHERE.replace("{threads}", "1"), PYAUTOGRAD_FUSE="0")
    assert digests(all_norms(3)) == run_python(
        ELSEWHERE.replace("{threads}", "3"), PYAUTOGRAD_FUSE="0"
    )
    for n in THREADS:
        assert digests(all_norms(n)) == expected, f"{n} threads"


def test_gradients_of_what_was_broadcast() -> None:
    """They are summed on the way out: the same bits as by hand."""
    a, b = mixed(6, 200, 1), mixed(7, 1, 300)
    for n in THREADS:
        ag.set_num_threads(n)
        x, y, s = leaf(a), leaf(b), leaf(1.5)
        ((x - y).sin() * s).sum().backward()
        by_hand = ag.tensor(values((ag.tensor(a) - ag.tensor(b)).cos() * ag.tensor(1.5)))
        assert_same_bits(x.grad, by_hand.sum(1, keepdim=True))
        assert_same_bits(y.grad, (by_hand * -1).sum(0, keepdim=True))
        assert_same_bits(s.grad, (ag.tensor(a) - ag.tensor(b)).sin().sum())


def test_special_values() -> None:
    x = ag.tensor(np.full((130, 130), -0.0))
    for s in ((x * 1).sum(), (x * 1).sum(0), (x * 1).sum(1)):
        assert np.all(values(s) == 0) and not np.any(np.signbit(values(s)))
    a = np.ones((130, 130))
    a[3, 5], a[70, 6], a[71, 6], a[100, 7] = np.inf, np.inf, -np.inf, np.nan
    columns, rows = values((ag.tensor(a) * 1).sum(0)), values((ag.tensor(a) * 1).sum(1))
    assert columns[5] == np.inf and np.isnan(columns[6]) and np.isnan(columns[7])
    assert rows[3] == np.inf and rows[71] == -np.inf and np.isnan(rows[100])
    assert np.all(np.delete(columns, [5, 6, 7]) == 130)


# ---- accuracy ------------------------------------------------------------------------------------


def with_exact_sum(seed: int, n: int) -> tuple[Any, Fraction, Fraction]:
    """n numbers of 20 bits over 50 powers of two; their sum and that of their sizes, exact."""
    rng = np.random.default_rng(seed)
    bits, power = rng.integers(-(2**20), 2**20, n), rng.integers(-25, 25, n)
    # Below 2^53 each, so that these sums of integers are exact.
    of_each = np.bincount(power + 25, bits), np.bincount(power + 25, np.abs(bits))
    exact, sizes = (
        sum((Fraction(2) ** (p - 25) * int(total) for p, total in enumerate(totals)), Fraction(0))
        for totals in of_each
    )
    return bits * 2.0**power, exact, sizes


def allowed(n: int, sizes: Fraction) -> float:
    """What pairwise summation may be wrong by, in blocks of 128 that are 8 by 16 in turn."""
    return float(sizes) * (math.ceil(math.log2(max(n, 2))) + 1) * 2.0**-53


@plain_build_only
def test_ten_million_numbers() -> None:
    n = 10_000_000
    a, exact, sizes = with_exact_sum(8, n)
    x = ag.tensor(a)
    for got in ((x * 1).sum(), (x.view(1000, -1) + 0).sum(1).sum(), x.sum()):
        error = abs(Fraction(got.item()) - exact)
        assert error <= allowed(n, sizes)
        # What is typical of pairwise is far below that; adding one after the other is not.
        assert error <= 4 * 2.0**-53 * float(sizes)


@plain_build_only
def test_a_hundred_million_numbers() -> None:
    """Products of a row and a column, which never exist as a whole."""
    n = 10_000
    a, exact_a, sizes_a = with_exact_sum(9, n)
    b, exact_b, sizes_b = with_exact_sum(10, n)
    ag.reset_peak_memory_stats()
    before = ag.memory_allocated()
    x, y = ag.tensor(a).view(n, 1), ag.tensor(b)
    error = abs(Fraction((x * y).sum().item()) - exact_a * exact_b)
    assert error <= 4 * 2.0**-53 * float(sizes_a * sizes_b)
    columns = values((x * y).sum(0))
    for k in range(0, n, 997):
        error = abs(Fraction(columns[k]) - exact_a * Fraction(b[k]))
        assert error <= allowed(n, sizes_a) * abs(b[k])
    assert ag.max_memory_allocated() - before < 8 * n * n / 10


def test_against_math_fsum() -> None:
    a = mixed(11, 300, 333)
    x = ag.tensor(a)
    late = [(x * 1).sum(0), (x * 1).sum(1), (x * 1).sum()]
    parts = [list(a.T), list(a), [a.ravel()]]
    for got, pieces in zip(late, parts, strict=True):
        for value, piece in zip(np.atleast_1d(values(got)), pieces, strict=True):
            size = math.fsum(abs(piece))
            assert abs(value - math.fsum(piece)) <= allowed(len(piece), Fraction(size))
