# SPDX-License-Identifier: MIT
"""The table of csrc/README.md, "Accuracy of functions": it names every elementwise op, states no
more than 4 units in the last place, and no error measured here, at any CPU level, exceeds it.

The reference is the C library's long doubles, which have 11 bits more than the values, or 60."""

from __future__ import annotations

import functools
import re
import tempfile
import textwrap
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import pyautograd as ag
from ops import long
from ops.cases import CASES
from ops.test_levels import LEVELS, level_of
from support import Array, plain_build_only, run_python

README = Path(__file__).parent.parent.parent / "csrc" / "README.md"
LIMIT = 4.0
SLACK = 0.001  # the reference is rounded too
PER_RANGE = 12_000
INF = np.inf
MAX = np.finfo(np.float64).max
BELOW_MAX = np.nextafter(MAX, 0)  # of MAX itself np.spacing is infinite
TINY = np.finfo(np.float64).tiny

if np.finfo(np.longdouble).nmant < 63:
    pytest.skip("long doubles are no wider than doubles here", allow_module_level=True)
if not README.exists():
    pytest.skip("not a checkout: csrc/ is not here", allow_module_level=True)

Long = NDArray[np.longdouble]
Range = tuple[float, float]


@dataclass(frozen=True)
class Function:
    """An op and what to measure it on: draws from each of `ranges`, numbers of all magnitudes and
    the neighbours of `points`, all of it between `low` and `high`."""

    op: str
    ref: Callable[..., Any]
    ranges: tuple[Range, ...] = ((-1, 1), (-100, 100))
    points: tuple[float, ...] = (0.0, 1.0, -1.0)
    low: float = -INF
    high: float = INF
    arity: int = 1
    numbers: tuple[float, ...] = ()  # further arguments: plain numbers

    @property
    def id(self) -> str:
        return f"{self.op}{self.numbers or ''}"


# ---- functions -----------------------------------------------------------------------------------


def sigmoid(x: Long) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def softplus(beta: float, threshold: float = 20) -> Function:
    """For a `beta` of so few digits that its product with a double is a long double."""

    def exact(x: Long) -> Any:
        u = beta * x
        tail = np.log1p(np.exp(-np.abs(u))) / beta
        y = np.where(u > 0, x + tail, tail)
        return np.where(u.astype(np.float64) > threshold, x, y)

    ends = ((-746, 40), (-40, 40), (-6, 6), (-1, 1))
    ranges = tuple((min(a / beta, b / beta), max(a / beta, b / beta)) for a, b in ends)
    return Function("softplus", exact, ranges, (0.0, 20 / beta), numbers=(beta, threshold))


def mish(x: Long) -> Any:
    e = np.exp(-np.abs(x))
    at_left = e * (e + 2) / (e * (e + 2) + 2)
    return x * np.where(x < 0, at_left, (1 + 2 * e) / (1 + 2 * e + 2 * e * e))


def logsigmoid(x: Long) -> Any:
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


ENDS = ((-746, 40), (-40, 40), (-6, 6), (-1, 1), (-0.01, 0.01))
WIDE = ((-711, 711), (-20, 20), (-1, 1), (-0.01, 0.01))
LOGARITHM = ((0, 10), (0.9, 1.1), (0.999, 1.001), (0, 1e300), (0, 1e-300))
PERIODIC = ((-7, 7), (-0.01, 0.01), (-1000, 1000), (-1e6, 1e6), (-1e10, 1e10), (-1e300, 1e300))
# Multiples of pi / 2, doubles that are unusually near to larger ones, and the nearest of all.
QUARTERS = (
    *(k * np.pi / 2 for k in range(-300, 300)),
    *(563416747700.2246, 1126833495400.4492, 1.5986289000543612e74, 1.135685518391724e133),
    *(6.426511099577231e173, 1.2853022199154463e174, 1.4918079000152377e239, 2.331386745148063e283),
    6381956970095103 * 2.0**797,
)
# Where digits behind the point end: all below 2^52, none from there on.
WHOLE = ((-5, 5), (2**50, 2**53), (-(2**53), -(2**50)))
HALVES = (*(k / 2 for k in range(-6, 7)), 2.0**51, 2.0**52, 2.0**53, -(2.0**52), -(2.0**51))
UNIT = ((-1, 1), (-0.1, 0.1), (0.99, 1), (-1, -0.99), (0.45, 0.55))
POSITIVE = ((0, 10), (0, 1), (0, 1e300))

FUNCTIONS = [
    Function("exp", np.exp, ((-746, -700), (-700, 710), *WIDE), (0.0, 1.0, 709.782712893384)),
    Function("expm1", np.expm1, ((-50, 710), *WIDE), (0.0, 1.0, 709.782712893384)),
    Function("log", np.log, LOGARITHM, (1.0, TINY, MAX), low=5e-324),
    Function("log2", np.log2, LOGARITHM, (1.0, 2.0, 8.0, TINY, MAX), low=5e-324),
    Function("log10", np.log10, LOGARITHM, (1.0, 10.0, 100.0, TINY, MAX), low=5e-324),
    Function("log1p", np.log1p, ((-1, 10), (-0.01, 0.01), (-1, -0.99)), low=-1 + 2**-53),
    Function("sin", np.sin, PERIODIC, QUARTERS),
    Function("cos", np.cos, PERIODIC, QUARTERS),
    Function("tan", np.tan, PERIODIC, QUARTERS),
    Function("sinh", np.sinh, WIDE, (0.0, 1.0, 710.4758600739439)),
    Function("cosh", np.cosh, WIDE, (0.0, 1.0, 710.4758600739439)),
    Function("tanh", np.tanh, ((-25, 25), (-1, 1), (-0.1, 0.1), (0.2, 0.3)), (0.0, 19.06)),
    Function("asin", np.arcsin, UNIT, (-1.0, -0.5, 0.0, 0.5, 1.0), low=-1, high=1),
    Function("acos", np.arccos, UNIT, (-1.0, -0.5, 0.0, 0.5, 1.0), low=-1, high=1),
    Function("atan", np.arctan, ((-10, 10), (-1, 1), (-0.2, 0.2), (-1e10, 1e10))),
    Function("sigmoid", sigmoid, ((-746, 40), (-40, 40), (-6, 6), (-1, 1)), (0.0, 36.7, -744.44)),
    softplus(1),
    softplus(1, 800),
    softplus(3),
    softplus(-1.5),
    softplus(1.25 * 2**-10, 700),
    Function("exp2", np.exp2, ((-1080, -1020), (-1020, 1025), *WIDE), (0.0, 1.0, -1022.0, 1024.0)),
    Function("erf", long.erf, ((-6.2, 6.2), (-2, 2), (-1, 1), (-0.01, 0.01)), (0.0, 1.0, -1.0)),
    Function("erfc", long.erfc, ((-6.5, 28), (-1, 2), (20, 27.5), (-0.01, 0.01)), (0.0, 26.543)),
    Function("erfinv", long.erfinv, UNIT, (-1.0, -0.85, 0.0, 0.5, 0.85, 1.0), low=-1, high=1),
    Function("asinh", np.arcsinh, ((-10, 10), (-1, 1), (-0.01, 0.01), (-1e10, 1e10))),
    Function("acosh", np.arccosh, ((1, 10), (1, 1.01), (1, 1e10)), (1.0, 2.0), low=1),
    Function("atanh", np.arctanh, UNIT, (-1.0, -0.5, 0.0, 0.5, 1.0), low=-1, high=1),
    Function("sinc", long.sinc, ((-7, 7), (-1, 1), (-0.01, 0.01), (-1e6, 1e6)), HALVES),
    Function(
        "logit", long.logit, ((0, 1), (0.4, 0.6), (0, 0.01)), (0.5,), 5e-324, 1 - 2**-53, 1, (-1,)
    ),
    Function("silu", lambda x: x * sigmoid(x), ((-800, -600), *ENDS)),
    Function("mish", mish, ((-800, -600), *ENDS)),
    Function("logsigmoid", logsigmoid, ENDS, high=740),
    Function("elu", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), ENDS),
    Function("rsqrt", lambda x: 1 / np.sqrt(x), POSITIVE, (1.0, 2.0, TINY, MAX), low=5e-324),
    Function("pow", np.power, arity=2),
    Function("sqrt", np.sqrt, POSITIVE, (1.0, 2.0, TINY, MAX), low=0),
    Function("square", np.square),
    Function("reciprocal", lambda x: 1 / x),
    Function("neg", np.negative),
    Function("abs", np.abs),
    Function("sign", np.sign),
    Function("floor", np.floor, WHOLE, HALVES),
    Function("ceil", np.ceil, WHOLE, HALVES),
    Function("trunc", np.trunc, WHOLE, HALVES),
    Function("relu", lambda x: np.where(x < 0, 0, x)),
    Function("clamp", lambda x, low, high: np.clip(x, low, high), arity=3),
    Function("where", lambda c, x, y: np.where(c != 0, x, y), arity=3),
    Function("add", np.add, arity=2),
    Function("sub", np.subtract, arity=2),
    Function("mul", np.multiply, arity=2),
    Function("div", np.divide, arity=2),
    Function("maximum", np.maximum, arity=2),
    Function("minimum", np.minimum, arity=2),
]


# ---- arguments -----------------------------------------------------------------------------------


def neighbours(points: tuple[float, ...], reach: int = 20) -> Array:
    """Each point with the doubles next to it."""
    found = [np.array(points)]
    for direction in (-INF, INF):
        x = found[0]
        for _ in range(reach):
            with np.errstate(all="ignore"):
                x = np.nextafter(x, direction)
            found.append(x)
    return np.concatenate(found)


def magnitudes(rng: np.random.Generator) -> Array:
    """Numbers of all powers of two, half of them of those at which functions bend."""
    exponents = [rng.integers(-1073, 1025, PER_RANGE), rng.integers(-60, 12, PER_RANGE)]
    fractions = rng.uniform(0.5, 1, 2 * PER_RANGE) * rng.choice([-1, 1], 2 * PER_RANGE)
    return np.asarray(np.ldexp(fractions, np.concatenate(exponents)))


def column(f: Function, rng: np.random.Generator) -> Array:
    drawn = [rng.uniform(low, high, PER_RANGE) for low, high in f.ranges]
    x = np.concatenate([*drawn, magnitudes(rng), neighbours(f.points)])
    return np.asarray(x[(x >= f.low) & (x <= f.high) & np.isfinite(x)])


def pow_arguments(rng: np.random.Generator) -> list[Array]:
    n = PER_RANGE
    base = rng.uniform(1.1, 50, n)
    positive = np.abs(magnitudes(rng)[:n])
    pairs = [
        (rng.uniform(0, 3, n), rng.uniform(-10, 10, n)),
        (rng.uniform(0.9, 1.1, n), rng.uniform(-5000, 5000, n)),
        (1 + rng.uniform(-1, 1, n) * 1e-9, rng.uniform(-1e11, 1e11, n)),
        (-rng.uniform(0, 10, n), rng.integers(-20, 20, n).astype(float)),
        (positive, rng.uniform(-2, 2, n)),
        (positive, rng.choice([-3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3], n)),
        (np.full(n, 2.0), rng.uniform(-1074, 1024, n)),
        (np.full(n, 10.0), np.round(rng.uniform(-323, 308, n))),
        # Powers around the largest number, and below the smallest that is not denormal.
        (base, rng.uniform(709, 710, n) / np.log(base)),
        (base, rng.uniform(-745, -707, n) / np.log(base)),
    ]
    return [np.concatenate([pair[k] for pair in pairs]) for k in (0, 1)]


@functools.cache
def arguments(f: Function) -> list[Array]:
    rng = np.random.default_rng(zlib.crc32(f.id.encode()))
    if f.op == "pow":
        return pow_arguments(rng)
    columns = [column(f, rng) for _ in range(f.arity)]
    return columns[:1] + [rng.permutation(x) for x in columns[1:]]


@functools.cache
def exact_results(f: Function) -> Long:
    with np.errstate(all="ignore"):
        return np.asarray(f.ref(*(a.astype(np.longdouble) for a in arguments(f))))


# ---- measuring -----------------------------------------------------------------------------------

COMPUTE = """
    import json
    import numpy as np
    import pyautograd as ag

    given = np.load(FOLDER + "/arguments.npz")
    results = {}
    for name, op, arity, numbers in SPECS:
        tensors = [ag.tensor(given[f"{name}:{k}"]) for k in range(arity)]
        function = getattr(ag, op, None) or getattr(ag.nn.functional, op)
        if op == "where":
            tensors[0] = tensors[0] != 0
        results[name] = function(*tensors, *numbers).numpy()
    np.savez(FOLDER + "/results.npz", **results)
    print(json.dumps(ag.show_config()))
"""


@functools.cache
def results(level: str) -> tuple[str, dict[str, Array]]:
    """The level that an interpreter asked for `level` runs at, and what it computes."""
    specs = [(f.id, f.op, f.arity, f.numbers) for f in FUNCTIONS]
    given: dict[str, Any] = {}
    for f in FUNCTIONS:
        given.update({f"{f.id}:{k}": x for k, x in enumerate(arguments(f))})
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/arguments.npz", **given)
        code = f"SPECS = {specs!r}\nFOLDER = {folder!r}\n" + textwrap.dedent(COMPUTE)
        config = run_python(code, PYAUTOGRAD_SIMD=level)
        with np.load(f"{folder}/results.npz") as found:
            return level_of(config), dict(found)


def errors(got: Array, exact: Long) -> Array:
    """In units in the last place of the exact results. Infinity counts as the power of two that
    comes after the largest number; a zero of the wrong sign and a NaN are infinitely wrong."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float64)
        below = np.where(np.abs(rounded) > np.abs(exact), np.nextafter(rounded, 0), rounded)
        unit = np.spacing(np.minimum(np.abs(below), BELOW_MAX)).astype(np.longdouble)
        finite = np.where(np.isinf(got), np.copysign(np.longdouble(2) ** 1024, got), got)
        error = np.where(np.isinf(got) & (got == rounded), 0, np.abs(finite - exact) / unit)
    wrong_zero = (got == 0) & (np.signbit(got) != np.signbit(exact))
    return np.where(np.isnan(error) | wrong_zero, INF, error).astype(np.float64)


@functools.cache
def stated() -> dict[str, dict[str, float]]:
    """What the table says, by op and level."""
    (section,) = re.findall(
        r"^## Accuracy of functions\n(.*?)(?=^## |\Z)", README.read_text(), re.DOTALL | re.MULTILINE
    )
    rows = re.findall(r"^\| (\w.*?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", section, re.MULTILINE)
    return {
        name: dict(zip(LEVELS, map(float, numbers), strict=True))
        for names, *numbers in rows
        for name in names.split(", ")
    }


def test_every_elementwise_op_is_stated_and_measured() -> None:
    kinds = ("unary", "binary", "pair", "ternary", "unary_attr", "ternary_attr")
    maps = {row["name"] for row in ag._core._op_table() if row["kind"] in kinds}
    maps -= {"hardtanh_int", "threshold_int"}  # of whole numbers, which are exact
    maps -= {"betainc_slope", "igamma_slope", "j_over_power"}  # derivatives: test_special.py
    assert {f.op for f in FUNCTIONS} == set(stated()) <= maps
    within = {case.op for case in CASES} - {case.op for case in CASES if case.ulp > LIMIT}
    assert maps - set(stated()) <= within, "neither stated nor held to the limit by their cases"


@pytest.mark.parametrize("level", LEVELS)
def test_stated_errors_are_within_the_limit(level: str) -> None:
    assert {op: row[level] for op, row in stated().items() if not 0.5 <= row[level] <= LIMIT} == {}


@plain_build_only
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.id)
@pytest.mark.parametrize("level", LEVELS)
def test_measured_errors_are_within_what_is_stated(level: str, f: Function) -> None:
    got_level, computed = results(level)
    if got_level != level:
        pytest.skip(f"this machine has no {level}")
    error = errors(computed[f.id], exact_results(f))
    at = int(np.argmax(error))
    assert error[at] <= stated()[f.op][level] + SLACK, (
        f"{f.id}{tuple(float(x[at]) for x in arguments(f))} at {level}: {error[at]:.3f} ulp, "
        f"got {computed[f.id][at]!r}, exact {exact_results(f)[at]!r}"
    )


def test_the_measure() -> None:
    """Of known errors: half a unit, whole ones on both sides of a power of two, and the edges."""
    one = np.longdouble(1)
    large = np.ldexp(one, 1030)
    exact = np.array([1 + one / 2**53, one, one - one / 2**60, one * MAX, large, one * 0])
    got = np.array([1.0, 1 + 2.0**-52, 1 - 2.0**-52, INF, INF, -0.0])
    assert np.allclose(errors(got, exact), [0.5, 1.0, 2.0, 1.0, 0.0, INF], atol=0.01)
    assert errors(np.array([np.nan]), np.array([one]))[0] == INF
    assert errors(np.array([5e-324]), np.array([one * 0]))[0] == 1.0
