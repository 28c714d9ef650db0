# SPDX-License-Identifier: MIT
"""Elementwise ops of two and three operands, rounding, and questions about numbers beside torch:
numbers of every kind, dtypes on every side, shapes, gradients, second gradients, errors, names."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

INF, NAN = float("inf"), float("nan")
RELATIVE = 1e-12
NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.0, -2.0, 3.0, -7.0, 1e-300, 1e300, -1e300]
NUMBERS += [INF, -INF, NAN]

PAIRS = [
    "atan2", "arctan2", "hypot", "logaddexp", "logaddexp2", "xlogy", "fmod", "remainder",
    "copysign", "heaviside", "fmax", "fmin", "maximum", "minimum", "clamp_min", "clamp_max", "gcd",
    "lcm", "float_power", "ldexp", "rsub", "floor_divide", "logical_and", "logical_or",
    "logical_xor", "isclose",
]  # fmt: skip
ALONE = [
    "round", "trunc", "fix", "frac", "sgn", "sign", "signbit", "nan_to_num", "deg2rad", "rad2deg",
    "square", "positive", "isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal",
    "floor", "ceil", "logical_not",
]  # fmt: skip
THREE = ["lerp", "addcmul", "addcdiv", "clamp"]
WITHOUT_GRADIENT = {"heaviside", "gcd", "lcm", "isclose", "signbit", "floor_divide"}
WITHOUT_GRADIENT |= {n for n in [*PAIRS, *ALONE] if n.startswith(("is", "logical"))}
OF_FLOATS = [n for n in PAIRS if n not in ("gcd", "lcm")]
DERIVED = [n for n in PAIRS if n not in WITHOUT_GRADIENT]


def tensor(lib: Any, a: Any, grad: bool = False) -> Any:
    t = lib.tensor(np.asarray(a).tolist(), dtype=getattr(lib, np.asarray(a).dtype.name))
    t = t.reshape(np.shape(a))
    return t.requires_grad_() if grad else t


def outcome(f: Callable[[], Any]) -> Any:
    """(dtype, values) of what f gives, or the type of its error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch resizes outputs of its own
            result = f()
    except NotImplementedError:
        return RuntimeError
    except Exception as error:
        return type(error)
    if isinstance(result, bool):
        return result
    return str(result.dtype).split(".")[1], np.asarray(result.detach().tolist(), dtype=float)


def near(a: Any, b: Any, scale: Any = 0.0) -> Any:
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    with np.errstate(all="ignore"):
        close = np.abs(a - b) <= RELATIVE * np.maximum(np.abs(b), scale)
    return (a == b) | (np.isnan(a) & np.isnan(b)) | (close & np.isfinite(a) & np.isfinite(b))


def compare(torch: ModuleType, what: str, call: Callable[..., Any], *arrays: Any) -> Any:
    """What call(lib, *tensors) gives with this library and with torch is the same: returned."""
    ours, theirs = (
        outcome(lambda lib=lib: call(lib, *(tensor(lib, a) for a in arrays))) for lib in (ag, torch)
    )
    scale = 1.0 if what.startswith("logaddexp") else 0.0  # of numbers that may cancel
    assert_same(ours, theirs, what, scale)
    return ours, theirs


def function(name: str) -> Callable[..., Any]:
    return lambda lib, *tensors: getattr(lib, name)(*tensors)


def assert_same(ours: Any, theirs: Any, what: str, scale: float = 0.0) -> None:
    if not isinstance(ours, tuple) or not isinstance(theirs, tuple):
        assert ours == theirs, what
        return
    assert ours[0] == theirs[0], what
    assert ours[1].shape == theirs[1].shape, what
    assert near(ours[1], theirs[1], scale).all(), f"{what}: {ours[1]} and {theirs[1]}"


# ---- values --------------------------------------------------------------------------------------


def deliberate(name: str, *x: Any) -> bool:
    """What differs on purpose: see differences.md."""
    return name in ("sign", "sgn", "heaviside") and bool(np.isnan(x[0]))


@pytest.mark.parametrize("name", OF_FLOATS)
def test_numbers_of_every_kind(name: str, torch: ModuleType) -> None:
    for a, b in itertools.product(NUMBERS, NUMBERS):
        if not deliberate(name, a):
            compare(torch, f"{name}({a}, {b})", function(name), np.float64(a), np.float64(b))


@pytest.mark.parametrize("name", ALONE)
def test_numbers_alone(name: str, torch: ModuleType) -> None:
    for a in [*NUMBERS, 2.5, -2.5, 0.1234567, 4503599627370497.5, -1e15 - 0.5]:
        if deliberate(name, a):
            continue
        got, expected = compare(torch, f"{name}({a})", function(name), np.float64(a))
        if isinstance(got, tuple) and got[1] == 0:
            assert np.signbit(got[1]) == np.signbit(expected[1]), f"{name}({a})"


def rounded(decimals: int, lib: Any, x: Any) -> Any:
    return lib.round(x, decimals=decimals)


def test_round_to_decimals(torch: ModuleType) -> None:
    for decimals in (-400, -3, -1, 0, 1, 2, 5, 17, 300):
        for a in (0.0, -0.0, 1234.5678, -0.05, 0.15, 2.675, 5e20, -1e-7, INF, -INF, NAN):
            if decimals == -400 or (decimals == 300 and abs(a) > 1e7):
                continue
            call = partial(rounded, decimals)
            compare(torch, f"round({a}, {decimals})", call, np.float64(a))
    x = ag.tensor([1e304, 0.01, -5.0, INF])
    assert x.round(decimals=5).tolist() == [1e304, 0.01, -5.0, INF]
    assert x.round(decimals=309).tolist() == [1e304, 0.01, -5.0, INF]
    assert x.round(decimals=-400).tolist() == [0.0, 0.0, -0.0, INF]


# ---- dtypes and numbers --------------------------------------------------------------------------

OPERANDS = {
    "float64": np.array([1.5, -2.0, 0.0]),
    "int64": np.array([3, -2, 1]),
    "bool": np.array([True, False, True]),
    "float64 0-d": np.float64(2.5),
    "int64 0-d": np.int64(2),
}
PLAIN = {"float": 2.5, "int": 2, "bool": True}
# A number may be the second operand wherever elements are combined one by one (differences.md).
TAKES_NUMBERS = {
    "xlogy", "fmod", "remainder", "copysign", "clamp_min", "clamp_max", "float_power", "rsub",
    "floor_divide", "heaviside",
}  # fmt: skip


def with_number(name: str, number: Any, lib: Any, x: Any) -> Any:
    return getattr(lib, name)(x, number)


def to_number(name: str, number: Any, lib: Any, x: Any) -> Any:
    return getattr(lib, name)(number, x)


def in_place(name: str, lib: Any, x: Any, *others: Any) -> Any:
    return getattr(x, f"{name}_")(*others)


@pytest.mark.parametrize("name", PAIRS)
def test_dtypes(name: str, torch: ModuleType) -> None:
    for (p, a), (q, b) in itertools.product(OPERANDS.items(), OPERANDS.items()):
        compare(torch, f"{name}({p}, {q})", function(name), a, b)


@pytest.mark.parametrize("name", sorted(TAKES_NUMBERS - {"heaviside"}))
def test_numbers_second(name: str, torch: ModuleType) -> None:
    for (p, a), (q, b) in itertools.product(OPERANDS.items(), PLAIN.items()):
        compare(torch, f"{name}({p}, {q})", partial(with_number, name, b), a)


@pytest.mark.parametrize("name", ["xlogy", "remainder", "float_power"])
def test_numbers_first(name: str, torch: ModuleType) -> None:
    for (p, a), (q, b) in itertools.product(OPERANDS.items(), PLAIN.items()):
        compare(torch, f"{name}({q}, {p})", partial(to_number, name, b), a)


@pytest.mark.parametrize("name", ALONE)
def test_dtypes_alone(name: str, torch: ModuleType) -> None:
    for p, a in OPERANDS.items():
        compare(torch, f"{name}({p})", function(name), a)


@pytest.mark.parametrize("name", THREE)
def test_dtypes_of_three(name: str, torch: ModuleType) -> None:
    for kinds in itertools.product(("float64", "int64", "bool"), repeat=3):
        arrays = [OPERANDS[kind] for kind in kinds]
        if name == "addcdiv":
            arrays[2] = np.array([1, 1, 1]).astype(arrays[2].dtype)
        compare(torch, f"{name}({kinds})", function(name), *arrays)


@pytest.mark.parametrize("name", [n for n in [*PAIRS, *ALONE, *THREE] if n != "isclose"])
def test_writes_in_place(name: str, torch: ModuleType) -> None:
    arity = 2 if name in PAIRS else 1 if name in ALONE else 3
    assert hasattr(ag.Tensor, f"{name}_") == hasattr(torch.Tensor, f"{name}_"), name
    if not hasattr(torch.Tensor, f"{name}_"):
        return
    for kinds in itertools.product(("float64", "int64", "bool"), repeat=arity):
        arrays = [OPERANDS[kind] for kind in kinds]
        compare(torch, f"{name}_({kinds})", partial(in_place, name), *arrays)


# ---- gradients -----------------------------------------------------------------------------------

SHAPES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((), ()), ((5,), (5,)), ((3, 1), (4,)), ((), (2, 3)), ((2, 3), (1, 3)), ((0, 3), (3,)),
]  # fmt: skip


def derivatives(lib: Any, f: Callable[..., Any], arrays: list[Any], turned: bool) -> list[Any]:
    """Values, gradients, and gradients of a sum of these."""
    leaves = [tensor(lib, a, True) for a in arrays]
    given = [x.t().clone().t() if turned and x.ndim == 2 else x for x in leaves]
    y = f(lib, *given)
    weights = tensor(lib, np.linspace(0.5, 1.5, int(np.prod(y.shape))).reshape(tuple(y.shape)))
    total = (y * y * weights).sum()
    grads = lib.autograd.grad(total, leaves, create_graph=True)
    scalar = sum((g * g).sum() for g in grads) + total
    second = lib.autograd.grad(scalar, leaves)
    return [np.asarray(r.detach().tolist()) for r in (y, *grads, *second)]


def assert_derivatives(
    torch: ModuleType, f: Callable[..., Any], arrays: list[Any], what: str
) -> None:
    for turned in (False, True):
        ours = derivatives(ag, f, arrays, turned)
        theirs = derivatives(torch, f, arrays, turned)
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            scale = np.abs(b).max(initial=1.0)
            assert a.shape == b.shape and near(a, b, scale).all(), f"{what}, {k}: {a} and {b}"


@pytest.mark.parametrize("name", DERIVED)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_gradients(
    name: str, shapes: tuple[Any, Any], torch: ModuleType, rng: np.random.Generator
) -> None:
    arrays = [rng.uniform(0.3, 3.0, shape) for shape in shapes]
    if name not in ("xlogy", "float_power"):
        arrays = [a * rng.choice([-1.0, 1.0], a.shape) for a in arrays]
    assert_derivatives(torch, lambda lib, x, y: getattr(lib, name)(x, y), arrays, name)


@pytest.mark.parametrize("name", ["lerp", "addcmul", "addcdiv"])
def test_gradients_of_three(name: str, torch: ModuleType, rng: np.random.Generator) -> None:
    shapes: list[tuple[tuple[int, ...], ...]] = [
        ((), (), ()), ((4,), (4,), (4,)), ((3, 1), (4,), ()), ((), (2, 1), (1, 3)), ((0,), (1,), ())
    ]  # fmt: skip
    for case in shapes:
        arrays = [rng.uniform(0.3, 1.7, shape) for shape in case]
        assert_derivatives(torch, lambda lib, *x: getattr(lib, name)(*x), arrays, f"{name} {case}")
        if name != "lerp":
            assert_derivatives(
                torch, lambda lib, *x: getattr(lib, name)(*x, value=-2.5), arrays, name
            )
    for weight in (0.0, 0.3, 0.5, 1.0, 1.5, 2):
        arrays = [rng.uniform(0.3, 1.7, shape) for shape in ((3, 1), (4,))]
        assert_derivatives(torch, lambda lib, x, y, w=weight: lib.lerp(x, y, w), arrays, "lerp")


def natural(name: str, a: float, b: float) -> bool:
    """Where torch gives NaN or something less exact: see differences.md."""
    if name in ("atan2", "arctan2", "hypot"):
        return a == b == 0 or max(abs(a), abs(b)) > 1e100 or max(abs(a), abs(b)) < 1e-100
    if name in ("logaddexp", "logaddexp2"):
        return a == b and abs(a) == INF
    if name == "float_power":
        return abs(b) == INF
    if name == "xlogy" and abs(b) == INF and not np.isfinite(a):
        return True
    if name in ("xlogy", "ldexp"):
        return a == 0
    return name == "copysign" and abs(a) == INF


@pytest.mark.parametrize("name", DERIVED)
def test_gradients_of_every_kind(name: str, torch: ModuleType) -> None:
    for a, b in itertools.product(NUMBERS, NUMBERS):
        if natural(name, a, b):
            continue
        grads = []
        for lib in (ag, torch):
            x, y = tensor(lib, np.float64(a), True), tensor(lib, np.float64(b), True)
            getattr(lib, name)(x, y).backward()
            grads.append([t.grad.item() for t in (x, y)])
        assert near(*grads, scale=1e-300).all(), f"{name}({a}, {b}): {grads}"


# ---- questions whose answer is a bool ------------------------------------------------------------


def test_allclose_and_equal(torch: ModuleType) -> None:
    arrays = [*OPERANDS.values(), np.array([NAN, INF, 1.0]), np.zeros((0, 3)), np.zeros((0,))]
    arrays += [np.array([1.5, -2.0, 1e-9]), np.array([[1.5, -2.0, 0.0]])]
    forms: list[Callable[..., Any]] = [
        lambda lib, x, y: lib.equal(x, y),
        lambda lib, x, y: x.equal(y),
        lambda lib, x, y: lib.allclose(x, y),
        lambda lib, x, y: x.allclose(y, rtol=0.5, atol=0.1, equal_nan=True),
        lambda lib, x, y: lib.isclose(x, y, equal_nan=True),
        lambda lib, x, y: lib.isclose(x, y, rtol=-1.0),
        lambda lib, x, y: lib.isclose(x, y, atol=-1.0),
    ]
    for k, form in enumerate(forms):
        for a, b in itertools.product(arrays, arrays):
            compare(torch, f"form {k} of {a} and {b}", form, a, b)


def test_what_is_the_tensor_itself(torch: ModuleType) -> None:
    for lib in (ag, torch):
        x = lib.ones(2)
        assert lib.positive(x) is x and x.positive() is x


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({*PAIRS, *ALONE, *THREE, "allclose", "equal", "clip"}))
def test_functions_and_methods(name: str, torch: ModuleType) -> None:
    for suffix in ("", "_"):
        assert hasattr(ag.Tensor, name + suffix) == hasattr(torch.Tensor, name + suffix), (
            name + suffix
        )
    assert hasattr(ag, name) == hasattr(torch, name), name
