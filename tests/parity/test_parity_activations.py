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


def _functional(name: str, **arguments: Any) -> Call:
    return lambda lib, x: getattr(lib.nn.functional, name)(x, **arguments)


def _plain(name: str, *arguments: Any, **named: Any) -> Call:
    return lambda lib, x: getattr(lib, name)(x, *arguments, **named)


SPECIAL: dict[str, Call] = {
    name: _plain(name)
    for name in ("exp2", "erf", "erfc", "erfinv", "asinh", "acosh", "atanh", "sinc", "logit")
}
SPECIAL |= {name: _plain(name) for name in ("arcsinh", "arccosh", "arctanh")}
SPECIAL |= {"logit 0.1": _plain("logit", 0.1), "logit eps": _plain("logit", eps=0.25)}

IN_PLACE = {
    "elu": {"alpha": 0.5},
    "leaky_relu": {"negative_slope": 0.25},
    "relu6": {},
    "hardtanh": {"min_val": -0.5, "max_val": 2.0},
    "hardsigmoid": {},
    "hardswish": {},
    "silu": {},
    "mish": {},
    "celu": {"alpha": 2.0},
    "selu": {},
    "threshold": {"threshold": 0.5, "value": -7.0},
}
ACTIVATIONS: dict[str, Call] = {
    name: _functional(name, **arguments) for name, arguments in IN_PLACE.items()
}
ACTIVATIONS |= {
    name: _functional(name)
    for name in (
        "elu",
        "leaky_relu",
        "hardtanh",
        "celu",
        "gelu",
        "hardshrink",
        "softshrink",
        "softsign",
        "tanhshrink",
        "logsigmoid",
    )
}
ACTIVATIONS |= {
    "gelu tanh": _functional("gelu", approximate="tanh"),
    "hardshrink 1": _functional("hardshrink", lambd=1.0),
    "softshrink 0": _functional("softshrink", lambd=0.0),
    "celu -2": _functional("celu", alpha=-2.0),
    "elu -1": _functional("elu", alpha=-1.0),
    "torch.celu": _plain("celu", 0.5),
    "torch.selu": _plain("selu"),
    "torch.threshold": _plain("threshold", 0.5, 2.5),
    "torch.hardshrink": _plain("hardshrink", lambd=2),
    "x.hardshrink": lambda lib, x: x.hardshrink(0.25),
    "prelu": lambda lib, x: lib.prelu(x, lib.full((1,), 0.25, dtype=lib.float64)),
}
ALL = SPECIAL | ACTIVATIONS

POINTS = [0.0, -0.0, 0.25, -0.25, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 6.0, -6.0, 0.1, 0.9]
POINTS += [1e-300, 5e-324, 1e300, -1e300, 19.0, -19.0, 38.0, -38.0, 750.0, -750.0, INF, -INF, NAN]

# Where torch has NaN though there is a finite answer, or a 1/6 of few digits: differences.md.
FINITE = {
    "gelu": {1e300, -1e300, INF, -INF},
    "gelu tanh": {1e300, -1e300, INF, -INF},
    "mish": {1e300, 750.0},
    "silu": {INF, -INF},
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
    if not g.requires_grad or call is ALL["hardsigmoid"]:  # which has none in torch
        return y.item(), g.item(), 0.0
    (h,) = lib.autograd.grad(g * g, x, allow_unused=True)
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
        assert got.shape == expected.shape
        assert strides == wanted or 1 in got.shape or name == "logsigmoid"
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


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name: str, torch: ModuleType) -> None:
    a = np.linspace(-7.3, 7.4, 50)
    results = []
    for lib in (ag, torch):
        x = lib.tensor(a, requires_grad=True)
        y = x * 1.0
        z = getattr(lib.nn.functional, name)(y, inplace=True, **IN_PLACE[name])
        assert z is y
        (z * z).sum().backward()
        results.append((values(z), values(x.grad)))
        with pytest.raises(RuntimeError):
            getattr(lib.nn.functional, name)(x, inplace=True, **IN_PLACE[name])
    for got, expected in zip(*results, strict=True):
        assert np.allclose(got, expected, rtol=10.0 ** -DIGITS.get(name, 12), atol=1e-13)


REFUSED: list[Call] = [
    lambda lib, t: lib.nn.functional.hardtanh(t([1.0]), 2.0, 1.0),
    lambda lib, t: lib.nn.functional.celu(t([1.0]), 0.0),
    lambda lib, t: lib.celu(t([1.0]), 0.0),
    lambda lib, t: lib.nn.functional.softshrink(t([1.0]), -1.0),
    lambda lib, t: lib.nn.functional.gelu(t([1.0]), approximate="no"),
    lambda lib, t: lib.nn.functional.elu(t([1.0]), t([2.0, 3.0])),
    lambda lib, t: lib.nn.functional.elu(t([1.0]), alpha="a"),
    lambda lib, t: lib.nn.functional.silu([1.0]),
    lambda lib, t: lib.nn.functional.threshold(t([1.0]), 1.0),
    lambda lib, t: lib.logit(t([0.5]), eps="a"),
    lambda lib, t: lib.prelu(t([[1.0, -1.0]]), t([0.5, 0.2, 0.3])),
    lambda lib, t: lib.prelu(t([[1.0, -1.0]]), t([[0.5]])),
    lambda lib, t: lib.prelu(t(-1.0), t([0.5, 0.2])),
    lambda lib, t: lib.prelu(t([-1.0, -2.0]), t([0.5, 0.2])),
    lambda lib, t: lib.prelu(t([1, -1]), t([2])),
    lambda lib, t: lib.prelu(t([1, -1]), t([2.0])),
    lambda lib, t: lib.prelu(t([1.0]), 2.0),
]


@pytest.mark.parametrize("call", REFUSED, ids=range(len(REFUSED)))
def test_refused(call: Call, torch: ModuleType) -> None:
    ours, theirs = (outcome(lib, call, lib.tensor) for lib in (ag, torch))
    assert isinstance(theirs, type) and ours is theirs, (ours, theirs)


@pytest.mark.parametrize("shapes", [((2, 3, 2), (3,)), ((4, 1), (1,)), ((), ()), ((), (1,)),
                                    ((0, 3), (3,)), ((5,), (1,)), ((5,), ())])  # fmt: skip
def test_prelu(shapes: tuple[tuple[int, ...], ...], torch: ModuleType) -> None:
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    results = []
    for lib in (ag, torch):
        leaves = [lib.tensor(a, dtype=lib.float64, requires_grad=True) for a in arrays]
        y = lib.nn.functional.prelu(*leaves)
        grads = lib.autograd.grad((y * y).sum(), leaves, create_graph=True)
        second = lib.autograd.grad(sum((g * g).sum() for g in grads), leaves)
        results.append([values(t) for t in (y, *grads, *second)])
    for got, expected in zip(*results, strict=True):
        assert got.shape == expected.shape and np.allclose(got, expected, rtol=1e-12, atol=0)
