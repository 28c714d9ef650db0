# SPDX-License-Identifier: MIT
"""Second derivatives of x ** y, by both operands, inside and where a part of them is infinite."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest

import pyautograd as ag
from support import leaf


class Derivatives(NamedTuple):
    x: float
    y: float
    xx: float
    yx: float  # the derivative by x taken first, then by y
    xy: float  # the other way round
    yy: float


def derivatives(x: float, y: float, n: int = 1) -> Derivatives:
    a, b = leaf(np.full(n, x)), leaf(np.full(n, y))
    dx, dy = ag.autograd.grad((a**b).sum(), [a, b], create_graph=True)
    second = [
        ag.autograd.grad(of.sum(), by, retain_graph=True, materialize_grads=True)[0]
        for of, by in ((dx, a), (dx, b), (dy, a), (dy, b))
    ]
    found = Derivatives(*(t.detach().numpy()[-1] for t in (dx, dy, *second)))
    for t in (dx, dy, *second):
        assert len(np.unique(t.detach().numpy())) == 1
    plain = ag.autograd.grad((a**b).sum(), [a, b])  # without recording: the same first ones
    for value, other in zip(found[:2], plain, strict=True):
        assert np.array_equal(value, other.numpy()[0], equal_nan=True)
    return found


@pytest.mark.parametrize("n", [1, 9000])
@pytest.mark.parametrize("x", [0.25, 1.0, 2.5])
@pytest.mark.parametrize("y", [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.25])
def test_inside(x: float, y: float, n: int) -> None:
    log, d = math.log(x), derivatives(x, y, n)
    mixed = x ** (y - 1) * (1 + y * log)
    exact = (y * x ** (y - 1), x**y * log, y * (y - 1) * x ** (y - 2), mixed, mixed, x**y * log**2)
    assert np.allclose(d, exact, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("x", [-2.0, -0.5, -math.inf, math.inf])
def test_exponent_0_of_a_negative_or_infinite_base(x: float) -> None:
    """x**0 is 1 for any x, so that the slope by x is 0; log(x), that by y, has the slope 1 / x."""
    for y in (0.0, -0.0):
        d = derivatives(x, y)
        assert d.x == 0 and d.xx == 0 and d.xy == d.yx == 1 / x
        assert math.isnan(d.y) if x < 0 else d.y == math.inf


@pytest.mark.parametrize("x", [0.0, -0.0])
@pytest.mark.parametrize("y", [5e-324, 0.25, 0.5, 1.0])
def test_base_0_up_to_exponent_1(x: float, y: float) -> None:
    """x**y log(x) tends to 0 with x, and so steeply that its slope tends to -inf."""
    d = derivatives(x, y)
    assert d.y == 0 and math.copysign(1, d.y) == 1 and d.xy == -math.inf and d.yy == 0
    near = 1e-300
    assert derivatives(near, 0.5).xy < -1e150 and derivatives(near, 1.0).xy < -600


@pytest.mark.parametrize("x", [0.0, -0.0])
@pytest.mark.parametrize("y", [1.0000000000000002, 1.5, 2.0, 3.0])
def test_base_0_beyond_exponent_1(x: float, y: float) -> None:
    d = derivatives(x, y)
    assert d.y == d.xy == d.yy == d.yx == 0


def test_base_0_and_exponent_0() -> None:
    for x in (0.0, -0.0):
        d = derivatives(x, 0.0)
        assert d.x == d.y == d.xx == d.yy == 0 and d.yx == math.copysign(math.inf, x)


def test_nan_spreads() -> None:
    assert derivatives(math.nan, 0.0).x == 0.0  # nan**0 is 1
    for d in (derivatives(math.nan, 0.0), derivatives(math.nan, 2.0), derivatives(2.0, math.nan)):
        assert math.isnan(d.y) and math.isnan(d.xy) and math.isnan(d.yx) and math.isnan(d.yy)


@pytest.mark.parametrize("gradient", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_no_number_does_not_pass_an_exponent_of_0(gradient: float) -> None:
    x, y = leaf([2.0, 2.0]), leaf([0.0, 1.0])
    (x**y).backward(ag.full((2,), gradient))
    assert x.grad[0].item() == 0.0 and np.array_equal(x.grad[1].item(), gradient, equal_nan=True)
