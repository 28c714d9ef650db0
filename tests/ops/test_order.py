# SPDX-License-Identifier: MIT
"""Sorting and selecting over all ways in which they are done, with ties, NaN, zeros of both signs
and numbers that differ in their last bits alone; products of columns and of rows, bit by bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import pyautograd as ag
from support import Array, assert_same_bits, values


def numbers(kind: str, n: int, rng: np.random.Generator) -> Array:
    a = rng.standard_normal(n)
    if kind == "ties":
        return np.round(a * 2) / 2
    if kind == "edges":
        a[rng.random(n) < 0.1] = np.nan
        a[rng.random(n) < 0.1] = -0.0
        a[rng.random(n) < 0.1] = 0.0
    if kind == "far":  # few lie far out, so that halving what is between the extremes tells nothing
        a[:: max(1, n // 3)] *= 1e300
    if kind == "infinite":
        a[:: max(1, n // 3)] *= np.inf
    if kind == "last bits":
        a = 1 + rng.integers(0, 1000, n) * 2.0**-50
        a[0], a[-1] = 1e300, -5.0
    return a


@pytest.mark.parametrize("kind", ["normal", "ties", "edges", "last bits"])
@pytest.mark.parametrize("n", [5, 17, 100, 401, 1000, 9000, 50_000])
def test_order(n: int, kind: str, rng: np.random.Generator) -> None:
    a = numbers(kind, n, rng)
    x, order, k = ag.tensor(a), np.argsort(a, kind="stable"), max(1, n // 20)
    ascending, descending = x.sort(), x.sort(descending=True)
    assert np.array_equal(ascending.indices, order)
    assert_same_bits(ascending.values, a[order])
    assert np.array_equal(x.topk(k, largest=False).indices, order[:k])
    assert np.array_equal(x.topk(k).indices, descending.indices[:k])
    assert np.array_equal(x.kthvalue(k).values, a[order[k - 1]], equal_nan=True)
    is_nan = np.isnan(a)
    rest = np.sort(a[~is_nan])
    assert x.nanmedian().item() == rest[(len(rest) - 1) // 2]
    assert is_nan.any() or x.median().item() == rest[(n - 1) // 2]
    assert x.argmax().item() == (np.argmax(is_nan) if is_nan.any() else np.argmax(a))
    places = [int(p) for p in values(descending.indices)]
    for i, j in itertools.pairwise(places):
        assert a[i] > a[j] or np.isnan(a[i]) or (a[i] == a[j] and i < j)
        assert not (np.isnan(a[i]) and np.isnan(a[j])) or i < j


@pytest.mark.parametrize("kind", ["normal", "ties", "edges", "far", "infinite", "last bits"])
@pytest.mark.parametrize("n", [63, 64, 300, 1000, 9001])
def test_topk_is_the_beginning_of_the_order(n: int, kind: str, rng: np.random.Generator) -> None:
    a = numbers(kind, n, rng)
    x = ag.tensor(a)
    for largest in (True, False):
        order = x.sort(descending=largest)
        for k in (1, 2, n // 30, n // 8, n // 4, n // 3, n):
            found = x.topk(k, largest=largest)
            assert np.array_equal(found.indices, order.indices[:k])
            assert_same_bits(found.values, order.values[:k])


@pytest.mark.parametrize("shape", [(3, 5), (10, 70), (16, 65), (40, 130), (1000, 20), (2, 33, 9)])
def test_products_of_columns_are_those_of_rows(
    shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    a = rng.uniform(0.9, 1.1, shape)
    for dim in range(len(shape)):
        rows = np.ascontiguousarray(np.moveaxis(a, dim, -1))
        assert_same_bits(ag.tensor(a).prod(dim), ag.tensor(rows).prod(-1))


def test_threads_give_the_same_bits(rng: np.random.Generator) -> None:
    a = rng.uniform(0.99999, 1.00001, 600_001)
    before, found = ag.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            ag.set_num_threads(threads)
            x = ag.tensor(a)
            wide = x[:600_000].view(6, -1)
            found.append([x.prod(), x.argmin(), wide.prod(0), wide.max(1)[0], wide.sort(0)[0]])
    finally:
        ag.set_num_threads(before)
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            assert_same_bits(one.double(), two.double())


def test_indices_are_watched() -> None:
    """The rule needs the places as they were."""
    x = ag.tensor([3.0, 1.0], requires_grad=True)
    result = x.sort()
    assert not result.indices.requires_grad
    result.indices.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        result.values.sum().backward()


def test_higher_derivatives_of_a_product_beside_zeros() -> None:
    x = ag.tensor([2.0, 0.0, 3.0, 0.0, 5.0], requires_grad=True)
    (g,) = ag.autograd.grad(x.prod(), x, create_graph=True)
    assert values(g).tolist() == [0.0] * 5
    (h,) = ag.autograd.grad(g[1], x, create_graph=True)
    assert values(h).tolist() == [0.0, 0.0, 0.0, 30.0, 0.0]
    (third,) = ag.autograd.grad(h[3], x)
    assert values(third).tolist() == [15.0, 0.0, 10.0, 0.0, 6.0]


def test_numbers_beyond_all_sizes() -> None:
    least, most = -(2**63), 2**63 - 1
    x = ag.tensor([3.0, 1.0, 2.0])
    for k in least, most:
        with pytest.raises(RuntimeError):
            x.kthvalue(k)
        with pytest.raises(RuntimeError):
            ag.nn.functional.pad(x, (k, 0))
        with pytest.raises(RuntimeError):
            ag.nn.functional.pad(x, (0, k))
    assert x.roll(most).tolist() == x.roll(most % 3).tolist()
    assert x.roll(least).tolist() == x.roll(least % 3).tolist()


def test_many_lines_of_nothing() -> None:
    """There is nothing to do for any of them: they are not gone through."""
    x = ag.zeros(2**40, 0)
    assert x.sort().values.shape == x.argsort().shape == (2**40, 0)
