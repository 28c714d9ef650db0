# SPDX-License-Identifier: MIT
"""Random calls of products beside PyTorch: shapes that fit and some that do not, dtypes, layouts;
values, gradients, second gradients, or both raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import values

CALLS = 60
RELATIVE = 1e-12

Shape = tuple[int, ...]
Sizes = Callable[[Callable[[], int]], list[Shape]]


@dataclass(frozen=True)
class Product:
    name: str
    call: Callable[..., Any]
    sizes: Sizes  # shapes that fit, of sizes that a function draws


def _matmul(size: Callable[[], int]) -> list[Shape]:
    m, k, n, a, b = (size() for _ in range(5))
    left: list[Shape] = [(k,), (m, k), (a, m, k), (1, m, k), (b, a, m, k)]
    right: list[Shape] = [(k,), (k, n), (a, k, n), (b, 1, k, n)]
    return [left[size() % len(left)], right[size() % len(right)]]


def _three(last: Callable[[int, int, int, int], list[Shape]]) -> Sizes:
    return lambda size: last(size(), size(), size(), size())


F = "nn.functional"
PRODUCTS = [
    Product("mm", lambda m, a, b: m.mm(a, b), _three(lambda n, k, p, _: [(n, k), (k, p)])),
    Product("mv", lambda m, a, b: m.mv(a, b), _three(lambda n, k, _, __: [(n, k), (k,)])),
    Product("dot", lambda m, a, b: m.dot(a, b), _three(lambda n, *_: [(n,), (n,)])),
    Product("vdot", lambda m, a, b: m.vdot(a, b), _three(lambda n, *_: [(n,), (n,)])),
    Product("matmul", lambda m, a, b: a @ b, _matmul),
    Product("bmm", lambda m, a, b: a.bmm(b), _three(lambda n, k, p, b: [(b, n, k), (b, k, p)])),
    Product("inner", lambda m, a, b: m.inner(a, b), _three(lambda n, k, p, b: [(b, n, k), (p, k)])),
    Product(
        "addmm", lambda m, c, a, b: m.addmm(c, a, b, beta=2, alpha=3),
        _three(lambda n, k, p, b: [(n, p) if b % 2 else (p,), (n, k), (k, p)]),
    ),
    Product(
        "addmm_", lambda m, c, a, b: (c * 1).addmm_(a, b),
        _three(lambda n, k, p, b: [(n, p), (n, k), (k, p)]),
    ),
    Product(
        "baddbmm", lambda m, c, a, b: m.baddbmm(c, a, b, beta=0, alpha=2),
        _three(lambda n, k, p, b: [(n, p), (b, n, k), (b, k, p)]),
    ),
    Product(
        "addbmm", lambda m, c, a, b: m.addbmm(c, a, b),
        _three(lambda n, k, p, b: [(n, p), (b, n, k), (b, k, p)]),
    ),
    Product(
        "addmv", lambda m, c, a, b: m.addmv(c, a, b, alpha=2),
        _three(lambda n, k, _, __: [(n,), (n, k), (k,)]),
    ),
    Product(
        "addr", lambda m, c, a, b: m.addr(c, a, b, beta=3),
        _three(lambda n, k, _, __: [(n, k), (n,), (k,)]),
    ),
    Product(
        "linear", lambda m, x, w, c: m.nn.functional.linear(x, w, c),
        _three(lambda n, k, p, b: [(b, n, k), (p, k), (p,)]),
    ),
    Product(
        "bilinear", lambda m, x, y, w, c: m.nn.functional.bilinear(x, y, w, c),
        _three(lambda n, k, p, b: [(b, n), (b, k), (p, n, k), (p,)]),
    ),
    Product(
        "tensordot", lambda m, a, b: m.tensordot(a, b, ([1, 2], [2, 0])),
        _three(lambda n, k, p, b: [(n, k, p), (p, b, k)]),
    ),
    Product(
        "einsum", lambda m, a, b, c: m.einsum("bij,bjk,kl->bil", a, b, c),
        _three(lambda n, k, p, b: [(b, n, k), (b, k, p), (p, n)]),
    ),
    Product(
        "chain_matmul", lambda m, a, b, c: m.chain_matmul(a, b, c),
        _three(lambda n, k, p, b: [(n, k), (k, p), (p, b)]),
    ),
]  # fmt: skip


def _laid_out(lib: Any, array: Any, layout: int, wants: bool) -> Any:
    """The same numbers in memory of another order, every second, or repeated where all are one."""
    t = lib.tensor(array)
    if layout == 1 and array.ndim >= 2:
        t = t.transpose(-1, -2).contiguous().transpose(-1, -2)
    elif layout == 2 and array.ndim >= 1:
        wide = lib.zeros(*array.shape[:-1], 2 * array.shape[-1], dtype=t.dtype)
        wide[..., ::2] = t
        t = wide[..., ::2]
    elif layout == 3 and array.ndim >= 1:
        t = t[..., :1].expand(array.shape) if array.shape[-1] else t
    return t.detach().requires_grad_(wants)


def _spoilt(shapes: list[Shape], rng: np.random.Generator) -> list[Shape]:
    """The shapes with a size, or the number of dimensions, of one of them changed."""
    k = int(rng.integers(len(shapes)))
    shape = list(shapes[k])
    if shape and rng.random() < 0.7:
        shape[int(rng.integers(len(shape)))] += 1
    else:
        shape.append(2)
    return [*shapes[:k], tuple(shape), *shapes[k + 1 :]]


def _results(lib: Any, product: Product, arrays: list[Any], layouts: list[int]) -> Any:
    """The value, the gradients and the gradients of these, or the kind of the error."""
    numbers = all(a.dtype == np.float64 for a in arrays)
    leaves = [_laid_out(lib, a, layout, numbers) for a, layout in zip(arrays, layouts, strict=True)]
    try:
        z = product.call(lib, *leaves)
    except (RuntimeError, NotImplementedError, TypeError) as error:
        return RuntimeError if isinstance(error, NotImplementedError) else type(error)
    except IndexError:  # which PyTorch raises where a tensor has too few dimensions
        return RuntimeError
    if not numbers:
        return [z]
    weights = lib.tensor(np.cos(np.arange(z.numel())).reshape(tuple(z.shape)))
    first = lib.autograd.grad((z * weights).sum(), leaves, create_graph=True)
    total = sum((g * g).sum() for g in first)
    second = lib.autograd.grad(total, leaves, allow_unused=True) if total.requires_grad else ()
    return [z, *first, *(h for h in second if h is not None)]


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda p: p.name)
@pytest.mark.filterwarnings("ignore:torch.chain_matmul is deprecated")
def test_random_calls(product: Product, torch: ModuleType) -> None:
    torch.set_default_dtype(torch.float64)
    for seed in range(CALLS):
        rng = np.random.default_rng([seed, len(product.name)])
        largest = 40 if seed % 10 == 0 else 5
        shapes = product.sizes(lambda r=rng, n=largest: int(r.integers(0, n)))
        shapes = _spoilt(shapes, rng) if seed % 4 == 3 else shapes
        label = ("float64", "float64", "float64", "int64", "bool")[int(rng.integers(5))]
        labels = [label if rng.random() < 0.9 else "int64" for _ in shapes]
        arrays = [
            rng.integers(-3, 4, s).astype(name) if name != "float64" else rng.standard_normal(s)
            for s, name in zip(shapes, labels, strict=True)
        ]
        empty = any(0 in s for s in shapes)
        if empty and (set(labels) != {"float64"} or product.name == "bilinear"):
            continue  # PyTorch computes nothing then, and looks at no dtype; bilinear it refuses
        if len(set(labels)) > 1 and product.name in ("linear", "einsum"):
            continue  # whether PyTorch refuses these depends on how they lie in memory
        layouts = [int(rng.integers(4)) for _ in shapes]
        text = f"seed {seed}: {product.name} of {shapes}, {labels}, layouts {layouts}"
        ours, theirs = (_results(lib, product, arrays, layouts) for lib in (ag, torch))
        if isinstance(theirs, type):
            assert ours is theirs, text
            continue
        assert isinstance(ours, list), f"{text}: {ours}"
        assert len(ours) == len(theirs), text
        for one, other in zip(ours, theirs, strict=True):
            assert repr(one.dtype).split(".")[-1] == repr(other.dtype).split(".")[-1], text
            a, b = values(one), other.detach().double().numpy()
            assert a.shape == b.shape, text
            scale = max(1.0, float(np.abs(b).max(initial=0.0)))
            assert np.abs(a - b).max(initial=0.0) <= 64 * RELATIVE * scale, text
