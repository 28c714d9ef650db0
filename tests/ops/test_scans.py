# SPDX-License-Identifier: MIT
"""Scans at the edges: zeros, infinities, dtypes, layouts, threads, what is written in place."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values

INF, NAN = math.inf, math.nan
SCANS = ("cumsum", "cumprod", "logcumsumexp")


def gradient(y: ag.Tensor, x: ag.Tensor) -> list[float]:
    (g,) = ag.autograd.grad(y.sum(), x)
    return g.tolist()


def brute_gradient(x: list[float], g: list[float]) -> list[float]:
    """Of cumprod: the sum over k of g[k] times the product of all x up to k but one."""
    n = len(x)
    return [
        sum(g[k] * math.prod(x[j] for j in range(k + 1) if j != i) for k in range(i, n))
        for i in range(n)
    ]


# ---- cumprod -------------------------------------------------------------------------------------


@pytest.mark.parametrize("zeros", list(itertools.product([False, True], repeat=4)))
def test_the_gradient_of_a_product_with_zeros(zeros: tuple[bool, ...]) -> None:
    numbers = [0.0 if z else float(k + 2) for k, z in enumerate(zeros)]
    weights = [1.0, 10.0, 100.0, 1000.0]
    x = leaf(numbers)
    y = x.cumprod(0) * ag.tensor(weights)
    assert gradient(y, x) == brute_gradient(numbers, weights)


def test_the_second_derivative_of_a_product_with_zeros() -> None:
    t = leaf(0.0)
    y = (ag.cat([v.view(1) for v in (t + 1, t, t - 2, t)]).cumprod(0) * ag.arange(1.0, 5.0)).sum()
    for _ in range(2):
        (y,) = ag.autograd.grad(y, t, create_graph=True)
    assert y.item() == -18.0


@pytest.mark.parametrize("zeros", list(itertools.product([False, True], repeat=3)))
def test_all_second_derivatives_with_zeros(zeros: tuple[bool, ...]) -> None:
    """y[2] = x[0] x[1] x[2], y[1] = x[0] x[1]: mixed derivatives are the number that is left."""
    numbers = [0.0 if z else float(k + 2) for k, z in enumerate(zeros)]
    x = leaf(numbers)
    (g,) = ag.autograd.grad(x.cumprod(0).sum(), x, create_graph=True)
    rows = [ag.autograd.grad(g[i], x, retain_graph=True)[0].tolist() for i in range(3)]
    a, b, c = numbers
    assert rows == [[0.0, 1 + c, b], [1 + c, 0.0, a], [b, a, 0.0]]


def test_a_third_derivative_of_a_product() -> None:
    t = leaf(2.0)
    y = t.expand(4).cumprod(0)[3]
    for _ in range(3):
        (y,) = ag.autograd.grad(y, t, create_graph=True)
    assert y.item() == 24 * 2.0


def test_a_gradient_of_zero_stays_zero() -> None:
    x = leaf([2.0, INF, 3.0])
    (g,) = ag.autograd.grad(x.cumprod(0)[0], x)
    assert g.tolist() == [1.0, 0.0, 0.0]


# ---- cumsum --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("op", SCANS)
def test_layouts_give_the_same_bits(op: str, dim: int, rng: np.random.Generator) -> None:
    a = rng.uniform(0.5, 1.5, (5, 37, 6))
    for order in itertools.permutations(range(3)):
        x = ag.tensor(a.transpose(order)).permute(*np.argsort(order).tolist())
        assert x.shape == (5, 37, 6)
        y = getattr(x, op)(dim)
        assert y.is_contiguous()
        assert np.array_equal(values(y), values(getattr(ag.tensor(a), op)(dim)))
        last = getattr(ag.tensor(np.moveaxis(a, dim, -1).copy()), op)(-1)
        assert np.array_equal(values(y), np.moveaxis(values(last), -1, dim))


def test_a_sum_is_that_of_what_comes_before_it(rng: np.random.Generator) -> None:
    a = rng.standard_normal(23)
    whole = ag.tensor(a).cumsum(0).tolist()
    for n in range(24):
        assert ag.tensor(a[:n]).cumsum(0).tolist() == whole[:n]


def test_whole_numbers_are_added_one_by_one() -> None:
    x = ag.tensor([-(2**53), 0, 0, 0, 2**53, 1])
    assert x.cumsum(0).tolist() == [-(2**53)] * 4 + [0, 1]


@pytest.mark.parametrize("op", SCANS)
@pytest.mark.parametrize("shape", [(3, 70000), (70000, 3), (2, 300, 400)])
def test_threads_change_no_bits(op: str, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    a = rng.uniform(0.9, 1.1, shape)
    threads = ag.get_num_threads()
    results = []
    try:
        for n in (1, 3):
            ag.set_num_threads(n)
            x = leaf(a)
            y = getattr(x, op)(1 if len(shape) == 3 else -1)
            y.backward(ag.tensor(a))
            results.append((values(y), values(x.grad)))
    finally:
        ag.set_num_threads(threads)
    assert np.array_equal(results[0][0], results[1][0])
    assert np.array_equal(results[0][1], results[1][1])


def test_dtypes() -> None:
    mask, whole = ag.tensor([True, True, False]), ag.tensor([1, 2, 3])
    for op in ("cumsum", "cumprod"):
        for x in (mask, whole):
            assert getattr(x, op)(0).dtype is ag.int64
        assert getattr(whole, op)(0, dtype=ag.float64).dtype is ag.float64
        with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
            getattr(whole, op)(0, dtype=ag.bool)
        with pytest.raises(RuntimeError, match="Bad in-place call"):
            getattr(whole.clone(), f"{op}_")(0, dtype=ag.float64)
        with pytest.raises(NotImplementedError, match=f'"{op}_out_cpu" not implemented'):
            getattr(mask.clone(), f"{op}_")(0)
    assert mask.cumsum(0).tolist() == [1, 2, 2] and mask.cumprod(0).tolist() == [1, 1, 0]
    assert ag.tensor([1.7, 1.7]).cumsum(0, dtype=ag.int64).tolist() == [1, 2]
    with pytest.raises(NotImplementedError, match="not implemented for 'Long'"):
        whole.logcumsumexp(0)


@pytest.mark.parametrize("op", ["cumsum", "cumprod"])
def test_in_place(op: str) -> None:
    x = leaf([2.0, 3.0, 4.0])
    y = x * 1
    assert getattr(y, f"{op}_")(0) is y
    expected = getattr(x.detach(), op)(0)
    assert y.tolist() == expected.tolist()
    z = leaf([2.0, 3.0, 4.0])
    assert gradient(y * y, x) == gradient(getattr(z, op)(0) ** 2, z)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        getattr(x, f"{op}_")(0)


def test_out() -> None:
    x, out = ag.tensor([1.0, 2.0]), ag.empty(0)
    assert ag.cumsum(x, 0, out=out) is out and out.tolist() == [1.0, 3.0]
    whole = ag.empty(2, dtype=ag.int64)
    assert ag.cumsum(ag.tensor([1.5, 2.0]), 0, out=whole).tolist() == [1, 3]


# ---- logcumsumexp --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "result", "shares"),
    [
        ([-INF, 0.0], [-INF, 0.0], [0.0, 1.0]),
        ([-INF, -INF, 0.0], [-INF, -INF, 0.0], [0.0, 0.0, 1.0]),
        ([1000.0, 0.0, -1000.0], [1000.0] * 3, [3.0, 0.0, 0.0]),
        ([-1000.0, 0.0, 1000.0], [-1000.0, 0.0, 1000.0], [1.0, 1.0, 1.0]),
        ([-INF, -INF], [-INF, -INF], [0.0, 0.0]),
    ],
)
def test_logcumsumexp_of_wide_ranges(
    numbers: list[float], result: list[float], shares: list[float]
) -> None:
    x = leaf(numbers)
    y = x.logcumsumexp(0)
    assert y.tolist() == result
    for k, wanted in enumerate(result):
        if wanted == -INF:
            assert ag.autograd.grad(y[k], x, retain_graph=True)[0].tolist() == [0.0] * len(numbers)
    assert gradient(y, x) == shares


def test_logcumsumexp_takes_gradients_of_both_signs() -> None:
    x = leaf([0.0, 0.0, 0.0])
    got = gradient(x.logcumsumexp(0) * ag.tensor([1.0, -1.0, 0.0]), x)
    assert got == pytest.approx([0.5, -0.5, 0.0], rel=1e-15)


@pytest.mark.parametrize("numbers", [[INF, 1.0], [1.0, INF], [1.0, NAN, 2.0], [NAN], [-INF, INF]])
def test_logcumsumexp_of_what_is_not_finite(numbers: list[float]) -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.log(np.cumsum(np.exp(numbers)))
    assert np.array_equal(values(ag.tensor(numbers).logcumsumexp(0)), expected, equal_nan=True)


# ---- shapes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", SCANS)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (1, 1), (2, 0, 3)])
def test_empty_and_single(op: str, shape: tuple[int, ...]) -> None:
    for dim in range(-len(shape), len(shape)):
        x = leaf(np.ones(shape))
        y = getattr(x, op)(dim)
        assert y.shape == shape
        y.sum().backward()
        assert x.grad is not None and x.grad.shape == shape


@pytest.mark.parametrize("op", SCANS)
def test_wrong_calls(op: str) -> None:
    x = ag.tensor([1.0])
    for dim in (1, -2):
        with pytest.raises(IndexError, match="Dimension out of range"):
            getattr(x, op)(dim)
    for dim_of_no_kind in (0.5, "0", None):
        wrong: Any = dim_of_no_kind
        with pytest.raises(TypeError):
            getattr(x, op)(wrong)


# ---- diff ----------------------------------------------------------------------------------------


def test_diff() -> None:
    x = leaf([1.0, 4.0, 9.0, 16.0])
    assert gradient(x.diff(n=2) * ag.tensor([1.0, 10.0]), x) == [1.0, 8.0, -19.0, 10.0]
    assert ag.tensor([True, False, False, True]).diff().tolist() == [True, False, True]
    assert ag.arange(3.0).diff(n=5).shape == (0,)
    ends = {"prepend": ag.tensor([0.0]), "append": ag.tensor([1.0, 1.0])}
    assert ag.diff(ag.tensor([2.0, 5.0]), **ends).tolist() == [2.0, 3.0, -4.0, 0.0]
    assert ag.tensor([[1, 5], [2, 9]]).diff(dim=0).tolist() == [[1, 4]]
    assert ag.tensor([1.0, 2.0]).diff(n=0).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("shape", "arguments", "error"),
    [
        ((), {}, RuntimeError),
        ((2,), {"n": -1}, RuntimeError),
        ((2,), {"dim": 1}, IndexError),
        ((2, 2), {"prepend": ag.ones(2)}, RuntimeError),
        ((2, 2), {"append": ag.ones(3, 1)}, RuntimeError),
        ((2,), {"append": 1.0}, TypeError),
    ],
)
def test_wrong_differences(
    shape: tuple[int, ...], arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ag.ones(shape).diff(**arguments)


def test_products_of_whole_numbers_have_no_negative_zeros() -> None:
    x = ag.tensor([2, -1, 0, 3]).cumprod(0)
    assert x.tolist() == [2, -2, 0, 0]
    assert not np.signbit(x.double().numpy()[2:]).any()
    x = ag.tensor([2, -1, 0, 3])
    x.cumprod_(0)
    assert not np.signbit(x.double().numpy()[2:]).any()
