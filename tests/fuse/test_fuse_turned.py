# SPDX-License-Identifier: MIT
"""Sums over dimensions among which one is kept, of values that pend: made row by row, unstored."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, values

SHAPES = [(8, 36, 36), (3, 5, 40, 17), (200, 2, 31), (2, 70, 3, 64), (33, 1, 30, 20), (9, 60, 16)]
SUMS = [(0, 2), (0, 3), (0, 1, 3), (1, 3), (2,), (-1, 0), (0, 2, 3)]


def operand(rng: np.random.Generator, shape: tuple[int, ...], repeats: int) -> ag.Tensor:
    """A tensor that broadcasts to the shape: some dimensions of 1, or part of something larger."""
    sizes = [1 if repeats >> d & 1 else n for d, n in enumerate(shape)]
    if repeats == 0:
        return ag.tensor(rng.standard_normal(shape))
    wide = ag.tensor(rng.standard_normal((*sizes[:-1], sizes[-1] + 3)))
    return wide[..., 1 : 1 + sizes[-1]]


def summed(x: ag.Tensor, dims: tuple[int, ...], keepdim: bool = False) -> ag.Tensor:
    """The sum of what is stored."""
    return ag.tensor(values(x)).sum(dims, keepdim)


@pytest.mark.parametrize("shape", SHAPES)
def test_bits_are_those_of_the_stored_value(
    shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    for dims, repeats in itertools.product(SUMS, range(2 ** len(shape))):
        if max(dims) >= len(shape):
            continue
        x, y = operand(rng, shape, 0), operand(rng, shape, repeats)
        assert_same_bits((x * y + 0.5).sum(dims), summed(x * y + 0.5, dims))
        assert_same_bits((y - x).mean(dims, True), ag.tensor(values(y - x)).mean(dims, True))


def test_it_is_not_stored(rng: np.random.Generator) -> None:
    x, y = operand(rng, (8, 40, 50), 0), ag.tensor(rng.standard_normal((40, 1)))
    text = ag.explain((x * y).sum((0, 2)))
    assert text.count("stored") == 1 and "sum(" in text


@pytest.mark.parametrize("op", ["exp", "tanh"])
def test_what_takes_long_is_stored_as_before(op: str, rng: np.random.Generator) -> None:
    x = operand(rng, (8, 40, 50), 0)
    z = getattr(x, op)()
    assert_same_bits(z.sum((0, 2)), summed(z, (0, 2)))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_gradients_of_what_is_repeated(threads: int, rng: np.random.Generator) -> None:
    before = ag.get_num_threads()
    ag.set_num_threads(threads)
    try:
        for shape in [(8, 36, 36), (8, 112, 112), (2, 3, 40000), (700, 3, 20)]:
            x = ag.tensor(rng.standard_normal(shape), requires_grad=True)
            y = ag.tensor(rng.standard_normal((shape[1], 1)), requires_grad=True)
            loss = (x * y).sum()
            loss.backward()
            assert_same_bits(y.grad, summed(x.detach() * 1.0, (0, 2)).view(shape[1], 1))
            assert_same_bits(x.grad, y.detach().expand(shape).contiguous())
            assert_same_bits(loss, ag.tensor(values(x * y)).sum())
    finally:
        ag.set_num_threads(before)


def test_a_write_leaves_the_sum_as_it_was(rng: np.random.Generator) -> None:
    x, y = operand(rng, (8, 40, 50), 0), operand(rng, (8, 40, 50), 0b101)
    expected = summed(x * y, (0, 2))
    total = (x * y).sum((0, 2))
    x += 1.0
    y.zero_()
    assert_same_bits(total, expected)
    assert float(ag.abs(y).sum()) == 0.0


def test_what_is_held_is_there_afterwards(rng: np.random.Generator) -> None:
    x, y = operand(rng, (8, 40, 50), 0), operand(rng, (8, 40, 50), 0b001)
    z = x * y
    sums = [z.sum((0, 2)), z.sum((0, 2), True), (z + 1.0).sum((0, 2)), z.sum(1)]
    plain = ag.tensor(values(x) * values(y))
    expected = [plain.sum((0, 2)), plain.sum((0, 2), True), (plain + 1.0).sum((0, 2)), plain.sum(1)]
    for found, right in zip(sums, expected, strict=True):
        assert_same_bits(found, right)
    assert_same_bits(z, plain)
    assert ag.explain(z) == "computed\n"


def test_a_value_written_in_place_before(rng: np.random.Generator) -> None:
    x = operand(rng, (8, 40, 50), 0)
    plain = ag.tensor(values(x) * 2.0 + 1.0)
    z = x * 2.0
    z += 1.0
    assert_same_bits(z.sum((0, 2)), plain.sum((0, 2)))
    assert_same_bits((z * z).sum((0, 2)), summed(plain * plain, (0, 2)))


def test_masks_and_whole_numbers_are_counted(rng: np.random.Generator) -> None:
    x = operand(rng, (8, 40, 50), 0)
    mask = (x > 0.25).sum((0, 2))
    assert mask.dtype == ag.int64
    np.testing.assert_array_equal(values(mask), (values(x) > 0.25).sum((0, 2)))
    whole = ag.arange(16000).view(8, 40, 50)
    np.testing.assert_array_equal(
        values((whole * 3 - 7).sum((0, 2))), (values(whole) * 3 - 7).sum((0, 2))
    )


def test_second_derivatives(rng: np.random.Generator) -> None:
    x = ag.tensor(rng.standard_normal((8, 40, 50)), requires_grad=True)
    y = ag.tensor(rng.standard_normal((40, 1)), requires_grad=True)
    (g,) = ag.autograd.grad((x * y * y).sum(), (y,), create_graph=True)
    (second,) = ag.autograd.grad(g.sum(), (y,))
    np.testing.assert_allclose(
        values(second)[:, 0], 2.0 * values(x).sum((0, 2)), rtol=1e-12, atol=1e-12
    )
