# SPDX-License-Identifier: MIT
# ruff: noqa: B023  (what a loop defines is called at once)
"""Scans, differences, counting and searching beside PyTorch: values, dtypes, gradients, errors."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import values

INF, NAN = np.inf, np.nan
DTYPES = ("float64", "int64", "bool")
SHAPES = ((), (0,), (1,), (5,), (4, 3), (2, 3, 4), (1, 4, 1), (2, 0, 3), (0, 3))


@pytest.fixture(autouse=True)
def _float64(torch: ModuleType) -> Any:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def data(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    """A few different numbers, so that some are equal and some are 0."""
    a = np.asarray(rng.integers(-2, 3, shape))
    return a * 0.75 if dtype == "float64" else a if dtype == "int64" else a > 0


def pair(torch: ModuleType, a: Any, layout: str = "plain") -> tuple[Any, Any]:
    """The same tensor of both libraries, in memory as `layout` says."""
    made = []
    for lib in (ag, torch):
        a = np.asarray(a)
        if layout == "transposed":
            x = lib.tensor(a.transpose().copy())
            x = x.permute(*reversed(range(a.ndim))) if a.ndim > 1 else x
        elif layout == "strided" and a.ndim > 0:
            x = lib.tensor(np.repeat(a, 2, axis=-1))[..., ::2]
        else:
            x = lib.tensor(a)
        made.append(x)
    return made[0], made[1]


def outcome(call: Callable[..., Any], lib: Any, *tensors: Any) -> Any:
    try:
        return call(lib, *tensors)
    except (RuntimeError, IndexError, ValueError, TypeError) as e:
        return e


def kind_of(error: Exception) -> type:
    return RuntimeError if isinstance(error, NotImplementedError) else type(error)


def assert_same(ours: Any, theirs: Any, what: str, scale: float = 1.0) -> None:
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        assert isinstance(ours, Exception) and isinstance(theirs, Exception), (what, ours, theirs)
        assert kind_of(ours) is kind_of(theirs), (what, repr(ours), repr(theirs))
        return
    if isinstance(theirs, tuple | list):
        assert len(ours) == len(theirs), what
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other, what, scale)
        return
    assert tuple(ours.shape) == tuple(theirs.shape), what
    assert repr(ours.dtype).split(".")[1] == str(theirs.dtype).split(".")[1], what
    a, b = values(ours), np.asarray(theirs.detach().numpy(), dtype=np.float64)
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= 1e-12 * np.maximum(np.abs(b), scale)
    same = (a == b) | (np.isnan(a) & np.isnan(b)) | (near & np.isfinite(b))
    assert same.all(), f"{what}: {a[~same][:3]} and {b[~same][:3]}"


def assert_same_gradients(call: Callable[..., Any], x: Any, y: Any, what: str) -> None:
    """Of a weighted sum of squares, first and second."""
    found = []
    for lib, z in ((ag, x), (torch_of(y), y)):
        z = z.detach().clone().requires_grad_()
        out = call(lib, z)
        outs = out if isinstance(out, tuple) else (out,)
        total = lib.tensor(0.0)
        for one in outs:
            weights = np.linspace(0.5, 1.5, int(np.prod(one.shape))).reshape(tuple(one.shape))
            total = total + (one * one * lib.tensor(weights)).sum()
        if not total.requires_grad:
            found.append((lib.zeros(()), lib.zeros(())))
            continue
        (g,) = lib.autograd.grad(total, z, create_graph=True)
        (h,) = lib.autograd.grad((g * g).sum(), z, allow_unused=True)
        found.append((g, h if h is not None else lib.zeros_like(z)))
    for a, b in zip(*found, strict=True):
        scale = float(np.abs(values(b.detach())).max(initial=1.0))
        assert_same(a, b, what, scale)


def torch_of(y: Any) -> Any:
    import torch

    assert isinstance(y, torch.Tensor)
    return torch


# ---- scans ---------------------------------------------------------------------------------------

SCANS = ("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin")


@pytest.mark.parametrize("layout", ["plain", "transposed", "strided"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("op", SCANS)
def test_scans(
    op: str, shape: tuple[int, ...], layout: str, torch: ModuleType, rng: np.random.Generator
) -> None:
    for dtype in DTYPES:
        a = data(rng, shape, dtype)
        if (
            op == "logcumsumexp"
        ):  # a second derivative in PyTorch takes a cotangent of 0 for no input
            a = a + 0.125 if dtype == "float64" else a
        x, y = pair(torch, a, layout)
        for dim in range(-len(shape) - 1, len(shape) + 1):
            if op == "logcumsumexp" and dtype != "float64" and not -len(shape) <= dim < len(shape):
                continue  # which of two errors comes first
            if op in ("cummax", "cummin") and 0 in shape and not -len(shape) <= dim < len(shape):
                continue  # of nothing PyTorch takes any dimension
            what = f"{op} {dtype} {shape} {dim} {layout}"

            def call(lib: Any, z: Any, dim: int = dim) -> Any:
                return getattr(lib, op)(z, dim)

            ours, theirs = outcome(call, ag, x), outcome(call, torch, y)
            assert_same(ours, theirs, what)
            if dtype == "float64" and not isinstance(theirs, Exception):
                one, other = (ours[0], theirs[0]) if op[:4] == "cumm" else (ours, theirs)
                assert tuple(one.stride()) == tuple(other.stride()) or 1 in shape or 0 in shape

                def first(lib: Any, z: Any, call: Any = call) -> Any:
                    found = call(lib, z)
                    return found[0] if isinstance(found, tuple) else found

                assert_same_gradients(first, x, y, what)


@pytest.mark.parametrize("op", ["cumsum", "cumprod"])
def test_dtypes_of_scans(op: str, torch: ModuleType, rng: np.random.Generator) -> None:
    for dtype in DTYPES:
        for to in DTYPES:
            x, y = pair(torch, data(rng, (4,), dtype))

            def call(lib: Any, z: Any, to: str = to) -> Any:
                return getattr(lib, op)(z, 0, dtype=getattr(lib, to))

            def write(lib: Any, z: Any, to: str = to) -> Any:
                return getattr(z.clone(), f"{op}_")(0, dtype=getattr(lib, to))

            def into(lib: Any, z: Any, to: str = to) -> Any:
                return getattr(lib, op)(z, 0, out=lib.empty(4, dtype=getattr(lib, to)))

            for f in (call, write, into):
                assert_same(outcome(f, ag, x), outcome(f, torch, y), f"{op} {dtype} {to} {f}")


@pytest.mark.parametrize(
    "numbers",
    [[INF, 1.0], [1.0, -INF, 2.0], [NAN, 1.0], [1.0, NAN], [-INF, -INF], [INF, -INF, 0.0], [-0.0]],
)
@pytest.mark.parametrize("op", SCANS)
def test_scans_of_what_is_not_finite(op: str, numbers: list[float], torch: ModuleType) -> None:
    x, y = pair(torch, numbers)
    assert_same(getattr(x, op)(0), getattr(y, op)(0), f"{op} {numbers}")


# ---- differences ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_diff(shape: tuple[int, ...], torch: ModuleType, rng: np.random.Generator) -> None:
    for dtype in DTYPES:
        x, y = pair(torch, data(rng, shape, dtype), "strided")
        for n in (-1, 0, 1, 2, 7):
            for dim in range(-len(shape) - 1, len(shape) + 1):

                def call(lib: Any, z: Any, n: int = n, dim: int = dim) -> Any:
                    return lib.diff(z, n, dim)

                ours, theirs = outcome(call, ag, x), outcome(call, torch, y)
                assert_same(ours, theirs, f"{dtype} {shape} {n} {dim}")
                if dtype == "float64" and not isinstance(theirs, Exception):
                    assert_same_gradients(call, x, y, f"{shape} {n} {dim}")


def test_diff_of_what_is_put_beside(torch: ModuleType, rng: np.random.Generator) -> None:
    for dtype in DTYPES:
        for other in DTYPES:
            x, y = pair(torch, data(rng, (2, 3), dtype))
            for shape in ((2, 1), (2, 0), (1, 3), (2,), (2, 2)):
                a, b = pair(torch, data(rng, shape, other))
                for dim in (0, 1):
                    for name in ("prepend", "append"):
                        ours = outcome(lambda lib, z: lib.diff(z, dim=dim, **{name: a}), ag, x)
                        theirs = outcome(lambda lib, z: lib.diff(z, dim=dim, **{name: b}), torch, y)
                        assert_same(ours, theirs, f"{dtype} {other} {shape} {dim} {name}")


@pytest.mark.parametrize("op", ["trapezoid", "trapz", "cumulative_trapezoid"])
@pytest.mark.parametrize("shape", SHAPES)
def test_areas(
    op: str, shape: tuple[int, ...], torch: ModuleType, rng: np.random.Generator
) -> None:
    for dtype in DTYPES:
        x, y = pair(torch, data(rng, shape, dtype))
        for dim in range(-len(shape) - 1, len(shape) + 1):
            for given in ({}, {"dx": 2}, {"dx": 0.5}):

                def call(lib: Any, z: Any, dim: int = dim, given: dict[str, Any] = given) -> Any:
                    return getattr(lib, op)(z, dim=dim, **given)

                ours, theirs = outcome(call, ag, x), outcome(call, torch, y)
                assert_same(ours, theirs, f"{op} {dtype} {shape} {dim} {given}")
                if dtype == "float64" and not isinstance(theirs, Exception):
                    assert_same_gradients(call, x, y, f"{op} {shape} {dim}")


@pytest.mark.parametrize("op", ["trapezoid", "cumulative_trapezoid"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_areas_of_places(op: str, dtype: str, torch: ModuleType, rng: np.random.Generator) -> None:
    for shape in ((3,), (2, 3), (3, 1), (0,), (1,)):
        for of_places in ((3,), (2,), (2, 3), (1, 3), (3, 2, 3), (1,), (0,), ()):
            for dim in range(-len(shape), len(shape)):
                x, y = pair(torch, data(rng, shape, dtype))
                a, b = pair(torch, rng.standard_normal(of_places))

                def call(lib: Any, z: Any, w: Any, dim: int = dim) -> Any:
                    return getattr(lib, op)(z, w, dim=dim)

                ours, theirs = outcome(call, ag, x, a), outcome(call, torch, y, b)
                assert_same(ours, theirs, f"{op} {dtype} {shape} {of_places} {dim}")
                if isinstance(theirs, Exception) or dtype != "float64":
                    continue
                assert_same_gradients(lambda lib, w: call(lib, w, a if lib is ag else b), x, y, op)
                assert_same_gradients(lambda lib, w: call(lib, x if lib is ag else y, w), a, b, op)


GRADIENTS: list[dict[str, Any]] = [
    {},
    {"spacing": 2},
    {"spacing": 0.5, "dim": 0},
    {"spacing": 0},
    {"spacing": [0.5, 2.0]},
    {"spacing": [0.5]},
    {"spacing": [0.5], "dim": 1},
    {"spacing": [0.5, 2.0], "dim": (1, 0)},
    {"spacing": [0.5, 2.0], "dim": 0},
    {"dim": -1},
    {"dim": (0, -1)},
    {"dim": (1, 1)},
    {"dim": 5},
    {"edge_order": 2},
    {"edge_order": 2, "spacing": 3.0, "dim": 1},
    {"edge_order": 3},
    {"edge_order": 0},
]


@pytest.mark.parametrize("given", GRADIENTS, ids=str)
def test_gradient(given: dict[str, Any], torch: ModuleType, rng: np.random.Generator) -> None:
    for dtype in ("float64", "int64"):
        for shape in ((4, 5), (3, 3), (2, 3), (1, 4), (5,), (3, 4, 3)):
            x, y = pair(torch, data(rng, shape, dtype), "transposed")
            ours = outcome(lambda lib, z: lib.gradient(z, **given), ag, x)
            theirs = outcome(lambda lib, z: lib.gradient(z, **given), torch, y)
            assert_same(ours, theirs, f"{dtype} {shape} {given}")
            if dtype == "float64" and not isinstance(theirs, Exception) and len(theirs) > 0:
                assert_same_gradients(lambda lib, z: lib.gradient(z, **given), x, y, str(given))


def test_gradient_at_places(torch: ModuleType, rng: np.random.Generator) -> None:
    x, y = pair(torch, rng.standard_normal((4, 5)))
    a, b = pair(torch, np.cumsum(rng.uniform(0.5, 1.5, 4)))
    c, d = pair(torch, np.cumsum(rng.uniform(0.5, 1.5, 5)))
    for order in (1, 2):
        for ours, theirs, dim in (
            ((a, c), (b, d), None),
            ((c, a), (d, b), (1, 0)),
            ([a], [b], 0),
            ([a], [b], (0,)),
            ([c], [d], 0),
            ([a], [b], None),
        ):

            def call(lib: Any, z: Any, given: Any, order: int = order, dim: Any = dim) -> Any:
                return lib.gradient(z, spacing=given, dim=dim, edge_order=order)

            found = outcome(call, torch, y, theirs)
            assert_same(outcome(call, ag, x, ours), found, f"{order} {dim}")
            if not isinstance(found, Exception):
                assert_same_gradients(
                    lambda lib, z: call(lib, z, ours if lib is ag else theirs), x, y, str(dim)
                )


# ---- counting ------------------------------------------------------------------------------------


def test_bincount(torch: ModuleType, rng: np.random.Generator) -> None:
    for numbers in ([1, 3, 1], [], [0], [-1], [[1]], [5, 0]):
        for dtype in DTYPES:
            x, y = pair(torch, np.array(numbers, dtype=dtype))
            for minlength in (0, 3, 9, -1):
                ours = outcome(lambda lib, z: lib.bincount(z, minlength=minlength), ag, x)
                theirs = outcome(lambda lib, z: lib.bincount(z, minlength=minlength), torch, y)
                assert_same(ours, theirs, f"{numbers} {dtype} {minlength}")
            for shape in ((3,), (len(numbers),), (len(numbers), 1)):
                for kind in DTYPES:
                    a, b = pair(torch, data(rng, shape, kind))
                    ours = outcome(lambda lib, z: lib.bincount(z, a), ag, x)
                    theirs = outcome(lambda lib, z: lib.bincount(z, b), torch, y)
                    assert_same(ours, theirs, f"{numbers} {dtype} {shape} {kind}")


def test_histc(torch: ModuleType, rng: np.random.Generator) -> None:
    samples = [rng.standard_normal(1000), [0.0, 1.0, 2.0, 3.0], [5.0, 5.0, 5.0], [NAN, 1.0], []]
    samples += [[INF, 1.0], [[0.5, 1.0], [2.0, 4.0]], 2.0]
    for a in samples:
        for dtype in ("float64", "int64", "bool"):
            if dtype != "float64" and not np.isfinite(a).all():
                continue
            x, y = pair(torch, np.array(a).astype(dtype), "strided")
            for given in ((), (3,), (4, 0, 3), (2, 1, 1), (2, 3, 1), (0,), (-1,), (7, -2, 2)):
                ours = outcome(lambda lib, z: lib.histc(z, *given), ag, x)
                theirs = outcome(lambda lib, z: lib.histc(z, *given), torch, y)
                assert_same(ours, theirs, f"{a} {dtype} {given}")


# ---- searching -----------------------------------------------------------------------------------


@pytest.mark.parametrize("right", [False, True])
def test_searchsorted(right: bool, torch: ModuleType, rng: np.random.Generator) -> None:
    for of_sorted in ((5,), (0,), (2, 4), (2, 0), (), (1, 3)):
        for shape in ((), (3,), (2, 3), (2, 1), (1, 2), (2, 2, 2), (0,), (2, 0)):
            for kinds in (("float64", "float64"), ("int64", "int64"), ("int64", "float64")):
                x, y = pair(torch, np.sort(data(rng, of_sorted, kinds[0])) if of_sorted else 1.0)
                a, b = pair(torch, data(rng, shape, kinds[1]))
                for given in ({}, {"side": "left"}, {"side": "right"}, {"side": "middle"}):
                    ours = outcome(
                        lambda lib, z: lib.searchsorted(z, a, right=right, **given), ag, x
                    )
                    theirs = outcome(
                        lambda lib, z: lib.searchsorted(z, b, right=right, **given), torch, y
                    )
                    assert_same(ours, theirs, f"{of_sorted} {shape} {kinds} {given} {right}")
                ours = outcome(lambda lib, z: lib.bucketize(a, z, right=right), ag, x)
                theirs = outcome(lambda lib, z: lib.bucketize(b, z, right=right), torch, y)
                assert_same(ours, theirs, f"bucketize {of_sorted} {shape} {kinds} {right}")


def test_searches_for_numbers(torch: ModuleType) -> None:
    for numbers in ([1.0, 3.0, INF], [[1.0, 2.0]], [1, 2]):
        x, y = pair(torch, numbers)
        for number in (2, 2.5, INF, NAN, -INF):
            for f in ("searchsorted", "bucketize"):
                for right in (False, True):

                    def call(lib: Any, z: Any, n: Any = number, f: str = f, r: bool = right) -> Any:
                        given = (z, n) if f == "searchsorted" else (n, z)
                        return getattr(lib, f)(*given, right=r)

                    assert_same(outcome(call, ag, x), outcome(call, torch, y), f"{f} {number}")


def test_sorters(torch: ModuleType) -> None:
    x, y = pair(torch, [[3.0, 1.0, 2.0], [9.0, 8.0, 7.0]])
    for sorter in (
        [[1, 2, 0], [2, 1, 0]],
        [[1, 2, 3], [2, 1, 0]],
        [[-1, 2, 0], [2, 1, 0]],
        [[1.0, 2.0, 0.0], [2.0, 1.0, 0.0]],
        [1, 2, 0],
    ):
        a, b = pair(torch, sorter)
        wanted, twin = pair(torch, [[1.5], [8.5]])
        ours = outcome(lambda lib, z: lib.searchsorted(z, wanted, sorter=a), ag, x)
        theirs = outcome(lambda lib, z: lib.searchsorted(z, twin, sorter=b), torch, y)
        assert_same(ours, theirs, str(sorter))


def test_isin(torch: ModuleType, rng: np.random.Generator) -> None:
    for dtype in DTYPES:
        for other in DTYPES:
            for shape in ((), (4,), (2, 3), (0,)):
                for many in ((), (2,), (0,), (3, 2), (40,)):
                    x, y = pair(torch, data(rng, shape, dtype), "transposed")
                    a, b = pair(torch, data(rng, many, other))
                    for given in ({}, {"invert": True}):
                        ours = outcome(lambda lib, z: lib.isin(z, a, **given), ag, x)
                        theirs = outcome(lambda lib, z: lib.isin(z, b, **given), torch, y)
                        assert_same(ours, theirs, f"{dtype} {other} {shape} {many} {given}")
        for number in (0, 0.75, True):
            x, y = pair(torch, data(rng, (5,), dtype))
            for of in (lambda lib, z: lib.isin(z, number), lambda lib, z: lib.isin(number, z)):
                assert_same(outcome(of, ag, x), outcome(of, torch, y), f"{dtype} {number}")


# ---- unique --------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["unique", "unique_consecutive"])
@pytest.mark.parametrize("shape", [*SHAPES, (40,), (12, 2), (2, 30)])
def test_unique(
    op: str, shape: tuple[int, ...], torch: ModuleType, rng: np.random.Generator
) -> None:
    for dtype in DTYPES:
        x, y = pair(torch, data(rng, shape, dtype), "transposed")
        for dim in (None, *range(-len(shape) - 1, len(shape) + 1)):
            for inverse in (False, True):
                for counts in (False, True):

                    def call(
                        lib: Any, z: Any, i: bool = inverse, c: bool = counts, dim: Any = dim
                    ) -> Any:
                        return getattr(lib, op)(z, return_inverse=i, return_counts=c, dim=dim)

                    ours, theirs = outcome(call, ag, x), outcome(call, torch, y)
                    assert_same(ours, theirs, f"{op} {dtype} {shape} {dim} {inverse} {counts}")


def test_unique_of_nan(torch: ModuleType) -> None:
    for numbers in ([3.0, 1.0, NAN, 1.0, NAN], [[NAN, 1.0], [NAN, 1.0], [0.0, NAN]], [INF, -INF]):
        x, y = pair(torch, numbers)
        for dim in (None, 0):
            for op in ("unique", "unique_consecutive"):
                if op == "unique" and dim == 0 and np.isnan(numbers).any():
                    continue  # PyTorch sorts by a comparison that NaN makes no order
                given = {"return_inverse": True, "return_counts": True, "dim": dim}
                assert_same(getattr(ag, op)(x, **given), getattr(torch, op)(y, **given), op)
