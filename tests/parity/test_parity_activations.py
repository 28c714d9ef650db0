# SPDX-License-Identifier: MIT
"""Activations and special functions beside PyTorch: at kinks, zeros, infinities and NaN, of every
dtype, in place, and what both refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import values

INF, NAN = math.inf, math.nan
Call = Callable[[Any, Any], Any]


def _plain(name: str, *arguments: Any, **named: Any) -> Call:
    return lambda lib, x: getattr(lib, name)(x, *arguments, **named)


SPECIAL: dict[str, Call] = {
    name: _plain(name)
    for name in ("exp2", "erf", "erfc", "erfinv", "asinh", "acosh", "atanh", "sinc", "logit")
}
SPECIAL |= {name: _plain(name) for name in ("arcsinh", "arccosh", "arctanh")}
SPECIAL |= {"logit 0.1": _plain("logit", 0.1), "logit eps": _plain("logit", eps=0.25)}

ALL = SPECIAL

POINTS = [0.0, -0.0, 0.25, -0.25, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 6.0, -6.0, 0.1, 0.9]
POINTS += [1e-300, 5e-324, 1e300, -1e300, 19.0, -19.0, 38.0, -38.0, 750.0, -750.0, INF, -INF, NAN]

# Where torch has NaN though there is a finite answer, or a 1/6 of few digits: differences.md.
FINITE = {
    "gelu": {1e300, -1e300, INF, -INF},
    "gelu tanh": {1e300, -1e300, INF, -INF},
    "mish": {1e300, 750.0},
    "softsign": {INF, -INF},
}
# Digits behind the point that are left in torch's results, where these are not all.
DIGITS = {"hardsigmoid": 7, "sinc": 11, "gelu": 11, "gelu tanh": 11}


def near(a: Any, b: Any, name: str, scale: float = 1e-3) -> bool:
    if math.isnan(b) or math.isinf(b):
        return math.isnan(a) if math.isnan(b) else a == b
    tolerance = 10.0 ** -DIGITS.get(name, 12)
    return abs(a - b) <= tolerance * max(abs(b), scale)


def derivatives(lib: ModuleType, call: Call, at: float) -> tuple[float, float, float]:
    x = lib.tensor(at, dtype=lib.float64, requires_grad=True)
    y = call(lib, x)
    (g,) = lib.autograd.grad(y, x, create_graph=True)
    (h,) = lib.autograd.grad(g * g, x, allow_unused=True) if g.requires_grad else (None,)
    return y.item(), g.item(), 0.0 if h is None else h.item()


@pytest.mark.parametrize("name", ALL)
def test_at_points(name: str, torch: ModuleType) -> None:
    for at in POINTS:
        ours = derivatives(ag, ALL[name], at)
        theirs = derivatives(torch, ALL[name], at)
        finite = at in FINITE.get(name, ())
        assert near(ours[0], theirs[0], name) or finite, (at, ours, theirs)
        assert near(ours[1], theirs[1], name) or finite, (at, ours, theirs)
        if math.isfinite(theirs[2]) and math.isfinite(at) and abs(theirs[1]) < 1e100:
            assert near(ours[2], theirs[2], name, scale=1.0), (at, ours, theirs)


@pytest.mark.parametrize("name", ALL)
def test_shapes(name: str, torch: ModuleType) -> None:
    a = np.linspace(-0.9, 0.95, 24).reshape(4, 6)
    for of in (
        lambda t: t,
        lambda t: t.t(),
        lambda t: t[::2, 1::2],
        lambda t: t[:0],
        lambda t: t[1:2, :1],
        lambda t: t[0].expand(3, 6),
        lambda t: t[2, 3],
    ):
        results = []
        for lib in (ag, torch):
            leaf = lib.tensor(a, requires_grad=True)
            y = ALL[name](lib, of(leaf))
            y.sum().backward()
            results.append((values(y), tuple(y.stride()), values(leaf.grad)))
        (got, strides, grad), (expected, wanted, slope) = results
        assert got.shape == expected.shape and (strides == wanted or 1 in got.shape)
        loose = 10.0 ** -DIGITS.get(name, 12)
        assert np.allclose(got, expected, rtol=loose, atol=1e-14, equal_nan=True)
        assert np.allclose(grad, slope, rtol=loose, atol=1e-12, equal_nan=True)


def outcome(lib: ModuleType, call: Call, *arguments: Any) -> Any:
    try:
        y = call(lib, *arguments)
    except Exception as error:
        return RuntimeError if isinstance(error, NotImplementedError) else type(error)
    return str(y.dtype).split(".")[1], (np.round(values(y), 10) + 0.0).tolist()


@pytest.mark.parametrize("name", ALL)
def test_dtypes(name: str, torch: ModuleType) -> None:
    for data in ([True, False], [0, 1, 2, -3], [0], []):
        ours, theirs = (
            outcome(lib, ALL[name], lib.tensor(data, dtype=None if data else lib.int64))
            for lib in (ag, torch)
        )
        assert str(ours) == str(theirs), (data, ours, theirs)


REFUSED: list[Call] = [
    lambda lib, t: lib.logit(t([0.5]), eps="a"),
    lambda lib, t: lib.erf([0.5]),
]


@pytest.mark.parametrize("call", REFUSED, ids=range(len(REFUSED)))
def test_refused(call: Call, torch: ModuleType) -> None:
    ours, theirs = (outcome(lib, call, lib.tensor) for lib in (ag, torch))
    assert isinstance(theirs, type) and ours is theirs, (ours, theirs)
