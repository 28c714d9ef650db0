# SPDX-License-Identifier: MIT
"""Extremes with places, sorting, selecting, products, norms, quantiles and covariances: random
shapes, layouts, dtypes and arguments beside torch: values, places, dtypes, gradients of both
orders, errors. Which of equal elements is meant is this library's own: the first."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

Call = Callable[[Any, Any], Any]  # of the library and of x
COUNT = 200
INF = float("inf")


def one_dim(dice: random.Random, ndim: int) -> int:
    most = max(ndim, 1)
    return dice.randint(-most, most if dice.random() < 0.05 else most - 1)


def some_dims(dice: random.Random, ndim: int) -> Any:
    if ndim == 0 or dice.random() < 0.2:
        return dice.choice([None, 0])
    dims = dice.sample(range(ndim), dice.randint(1, ndim))
    dims = [d - ndim if dice.random() < 0.3 else d for d in dims]
    return dice.choice([dims[0], tuple(dims)])


def picks(name: str) -> Callable[[random.Random, tuple[int, ...]], tuple[str, Call]]:
    """Of all, or along a dimension."""

    def program(dice: random.Random, shape: tuple[int, ...]) -> tuple[str, Call]:
        dim, keep = one_dim(dice, len(shape)), dice.random() < 0.5
        if dice.random() < 0.3 and name != "mode":
            return f"{name}()", lambda lib, x: getattr(lib, name)(x)
        return (
            f"{name}({dim}, {keep})",
            lambda lib, x: getattr(x, name)(dim, keepdim=keep),
        )

    return program


def ordered(name: str) -> Callable[[random.Random, tuple[int, ...]], tuple[str, Call]]:
    def program(dice: random.Random, shape: tuple[int, ...]) -> tuple[str, Call]:
        dim, down = one_dim(dice, len(shape)), dice.random() < 0.5
        if name == "msort":
            return "msort()", lambda lib, x: lib.msort(x)
        return (
            f"{name}({dim}, {down})",
            lambda lib, x: getattr(lib, name)(x, dim=dim, descending=down, stable=True),
        )

    return program


def some(name: str) -> Callable[[random.Random, tuple[int, ...]], tuple[str, Call]]:
    def program(dice: random.Random, shape: tuple[int, ...]) -> tuple[str, Call]:
        dim, flag = one_dim(dice, len(shape)), dice.random() < 0.5
        length = shape[dim] if shape and -len(shape) <= dim < len(shape) else 1
        least = 0 if dice.random() < 0.1 or length == 0 else 1
        k = dice.randint(least, length + (dice.random() < 0.1))
        return f"{name}({k}, {dim}, {flag})", lambda lib, x: getattr(x, name)(k, dim, flag)

    return program


def reduced(name: str) -> Callable[[random.Random, tuple[int, ...]], tuple[str, Call]]:
    def program(dice: random.Random, shape: tuple[int, ...]) -> tuple[str, Call]:
        dims, keep = some_dims(dice, len(shape)), dice.random() < 0.5
        more = {"dtype": "float64"} if dice.random() < 0.3 else {}
        if name == "prod":
            dims = one_dim(dice, len(shape)) if dims is not None else None
            if dims is None:
                return f"prod({more})", lambda lib, x: x.prod(**typed(lib, more))
        return (
            f"{name}({dims}, {keep}, {more})",
            lambda lib, x: getattr(lib, name)(x, dims, keepdim=keep, **typed(lib, more)),
        )

    return program


def typed(lib: Any, more: dict[str, str]) -> dict[str, Any]:
    return {key: getattr(lib, value) for key, value in more.items()}


def norm(dice: random.Random, shape: tuple[int, ...]) -> tuple[str, Call]:
    p = dice.choice([None, "fro", 0, 0.5, 1, 1.5, 2, 3, 4, -1, -2.5, INF, -INF])
    dims, keep = some_dims(dice, len(shape)), dice.random() < 0.5
    return f"norm({p}, {dims}, {keep})", lambda lib, x: lib.norm(x, p, dims, keep)


def std_mean(dice: random.Random, shape: tuple[int, ...]) -> tuple[str, Call]:
    dims, keep = some_dims(dice, len(shape)), dice.random() < 0.5
    forms: list[tuple[str, Call]] = [
        ("std_mean()", lambda lib, x: lib.std_mean(x)),
        ("std_mean(False)", lambda lib, x: lib.std_mean(x, False)),
        (f"std_mean({dims}, {keep})", lambda lib, x: lib.std_mean(x, dims, keep)),
        (
            f"std_mean({dims}, correction=0)",
            lambda lib, x: lib.std_mean(x, dims, correction=0, keepdim=keep),
        ),
    ]
    return dice.choice(forms)


def quantile(name: str) -> Callable[[random.Random, tuple[int, ...]], tuple[str, Call]]:
    def program(dice: random.Random, shape: tuple[int, ...]) -> tuple[str, Call]:
        how = dice.choice(["linear", "lower", "higher", "midpoint", "nearest"])
        dim = dice.choice([None, one_dim(dice, len(shape))])
        q = dice.choice([0.0, 0.5, 1.0, 0.3, 1, 1.5, [0.25, 0.5], [0.1], []])
        keep = dice.random() < 0.5

        def call(lib: Any, x: Any) -> Any:
            given = lib.tensor(q, dtype=lib.float64) if isinstance(q, list) else q
            return getattr(lib, name)(x, given, dim, keep, interpolation=how)

        return f"{name}({q}, {dim}, {keep}, {how})", call

    return program


def cov(dice: random.Random, shape: tuple[int, ...]) -> tuple[str, Call]:
    correction, n = dice.choice([0, 1, 1, 2]), shape[-1] if shape else 1
    f = [dice.randint(0, 3) for _ in range(n)] if dice.random() < 0.3 and n > 2 else None
    a = [dice.random() for _ in range(n)] if dice.random() < 0.3 and n > 2 else None

    def call(lib: Any, x: Any) -> Any:
        weights = {
            "fweights": None if f is None else lib.tensor(f, dtype=lib.int64),
            "aweights": None if a is None else lib.tensor(a, dtype=lib.float64),
        }
        return lib.cov(x, correction=correction, **weights)

    if dice.random() < 0.3 and n > 2:
        return "corrcoef", lambda lib, x: lib.corrcoef(x)
    return f"cov({correction}, {f}, {a})", call


PROGRAMS = {
    **{name: picks(name) for name in "max min median nanmedian argmax argmin mode".split()},
    **{name: ordered(name) for name in ("sort", "argsort", "msort")},
    **{name: some(name) for name in ("topk", "kthvalue")},
    **{name: reduced(name) for name in ("sum", "mean", "nansum", "nanmean", "prod")},
    **{name: quantile(name) for name in ("quantile", "nanquantile")},
    "norm": norm,
    "std_mean": std_mean,
    "cov": cov,
}
# Where torch's own answer depends on where the NaN are, or none is defined.
NO_NAN = {"mode", "cov", "norm", "std_mean", "argsort"}
NO_INFINITIES = {"quantile", "nanquantile", "std_mean", "cov"}
OF_PLACES = ("argmax", "argmin", "argsort")


def numbers(dice: random.Random, seed: int, name: str) -> tuple[Any, bool]:
    """An array, and whether its numbers differ."""
    shape = tuple(dice.choice([1, 2, 3, 5, 0]) for _ in range(dice.randint(0, 3)))
    rng = np.random.default_rng(seed)
    kind = dice.choice(["normal", "normal", "ties", "zeros", "edges", "int64", "bool"])
    if kind == "normal":
        return rng.standard_normal(shape), True
    if kind == "zeros":
        return np.where(rng.random(shape) < 0.4, 0.0, rng.standard_normal(shape)), False
    if kind == "ties":
        return rng.integers(-2, 3, shape).astype(float), False
    if kind == "edges":
        pool = [1.0, 2.0] + [INF, -INF] * (name not in NO_INFINITIES)
        pool += [float("nan")] * (name not in NO_NAN)
        return np.asarray(rng.choice(pool, shape)), False
    if kind == "int64" and name != "nanmean" and 0 not in shape:
        return rng.integers(-3, 4, shape), False
    if 0 in shape or shape == () or name == "nanmean":
        return rng.standard_normal(shape), True  # torch checks these in another order
    return rng.random(shape) < 0.5, False


def outcome(lib: Any, a: Any, differ: bool, transposed: bool, call: Call) -> Any:
    floats = a.dtype == np.float64
    x = lib.tensor(a, requires_grad=floats)
    y = x.t() if transposed and x.dim() == 2 else x * 1.0 if floats else x
    try:
        results = call(lib, y)
    except (RuntimeError, IndexError, TypeError) as error:
        return type(error)
    results = list(results) if isinstance(results, tuple) else [results]
    found = [r.detach().numpy() for r in results]
    total = sum(((r * r).sum() for r in results if r.requires_grad), lib.zeros(()))
    if not total.requires_grad or not differ:
        return found, []
    (g,) = lib.autograd.grad(total, x, create_graph=True, allow_unused=True)
    if g is None:
        return found, []
    grads = [g.detach().numpy()]
    if g.requires_grad:
        (h,) = lib.autograd.grad(g.square().sum(), x, allow_unused=True)
        grads += [] if h is None else [h.numpy()]
    return found, grads


def same_kind(ours: type, theirs: type) -> bool:
    return ours == theirs or NotImplementedError in (ours, theirs)  # checked in another order


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")
def test_random_programs(name: str, torch: ModuleType) -> None:
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        run_programs(name, torch)
    finally:
        torch.set_default_dtype(default)


def run_programs(name: str, torch: ModuleType) -> None:
    for seed in range(COUNT):
        dice = random.Random(f"{name} {seed}")
        a, differ = numbers(dice, seed, name)
        text, call = PROGRAMS[name](dice, a.shape)
        if a.ndim == 2 and (transposed := dice.random() < 0.3):
            a = np.ascontiguousarray(a.T)
        else:
            transposed = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = outcome(torch, a, differ, transposed, call)
            ours = outcome(ag, a, differ, transposed, call)
        where = f"seed {seed}: {text} of {a!r}{' transposed' * transposed}"
        if isinstance(theirs, type) or isinstance(ours, type):
            assert isinstance(theirs, type) and isinstance(ours, type), f"{where}: {ours} {theirs}"
            assert same_kind(ours, theirs), f"{where}: {ours} {theirs}"
            continue
        for k, (one, other) in enumerate(zip(ours[0], theirs[0], strict=True)):
            assert one.shape == other.shape and one.dtype.kind == other.dtype.kind, where
            is_place = name in OF_PLACES or (k == 1 and one.dtype == np.int64)
            if not is_place or differ:
                assert np.allclose(one, other, rtol=1e-12, atol=1e-13, equal_nan=True), where
        assert len(ours[1]) == len(theirs[1]) or not np.any((ours[1] + theirs[1])[-1]), where
        for one, other in zip(ours[1], theirs[1], strict=False):
            assert np.allclose(one, other, rtol=1e-11, atol=1e-11, equal_nan=True), where
