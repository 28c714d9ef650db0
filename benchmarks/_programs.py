"""Programs that work on rows, columns, slices and pairs, with gradients by hand to check them.

They are for ours and torch alone: the steps write into slices, which jax has no words for.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from benchmarks.graphs import CLEAR, Graph

HEAT_STEPS = 5
CONDUCTED = 0.1  # part of a difference that flows in a step
FEW, MANY, MANY_FROM = 64, 100, 100_000  # columns of matrices with few and with many elements

_UNUSED = np.zeros(1)


def _rows(generator: np.random.Generator, size: int) -> tuple[Any, Any]:
    columns = min(size, MANY if size >= MANY_FROM else FEW)
    rows = max(2, size // columns)
    return generator.uniform(-1.0, 1.0, (rows, columns)), generator.uniform(-1.0, 1.0, columns)


def _rod(generator: np.random.Generator, size: int) -> tuple[Any, Any]:
    return generator.uniform(-1.0, 1.0, max(3, size)), _UNUSED


def _plate(generator: np.random.Generator, size: int) -> tuple[Any, Any]:
    side = max(3, isqrt(size))
    return generator.uniform(-1.0, 1.0, (side, side)), _UNUSED


def _points_in_space(generator: np.random.Generator, size: int) -> tuple[Any, Any]:
    return generator.uniform(-1.0, 1.0, (max(2, isqrt(size // 3)), 3)), _UNUSED


def _points_on_a_line(generator: np.random.Generator, size: int) -> tuple[Any, Any]:
    count = isqrt(size)
    return generator.uniform(-1.0, 1.0, count), generator.uniform(-1.0, 1.0, count)


def _biased_columns_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    t = np.tanh(x + y)
    slopes = 2.0 * t.sum(0) * (1.0 - t * t)
    return slopes, slopes.sum(0)


def _biased_rows_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    t = np.tanh(x + y)
    slopes = 2.0 * t.sum(1, keepdims=True) * (1.0 - t * t)
    return slopes, slopes.sum(0)


def _standardised_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    scale = x.std(0, ddof=1)
    z = (x - x.mean(0)) / scale
    slopes = 1.0 - np.tanh(z) ** 2
    by_scale = z * (slopes * z).sum(0) / (len(x) - 1)
    return (slopes - slopes.mean(0) - by_scale) / scale, np.zeros_like(y)


def _sides(u: Any) -> list[tuple[Any, Any]]:
    """Return the views of ``u`` on both sides of its inner part, for each dimension."""

    def moved(dim: int, part: slice) -> Any:
        return u[tuple(part if d == dim else slice(1, -1) for d in range(u.ndim))]

    return [(moved(d, slice(2, None)), moved(d, slice(None, -2))) for d in range(u.ndim)]


def _heat_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    inner = (slice(1, -1),) * x.ndim
    u = x.copy()
    for _ in range(HEAT_STEPS):
        flows = [after + before - 2.0 * u[inner] for after, before in _sides(u)]
        u[inner] += CONDUCTED * sum(flows)
    slopes = 2.0 * u
    for _ in range(HEAT_STEPS):
        spread = CONDUCTED * slopes[inner]
        slopes[inner] -= 2.0 * x.ndim * spread
        for after, before in _sides(slopes):
            after += spread
            before += spread
    return slopes, np.zeros_like(y)


def _rosenbrock_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    here, slopes = x[:-1], np.zeros_like(x)
    missed = x[1:] - here**2
    slopes[1:] = 200.0 * missed
    slopes[:-1] -= 400.0 * here * missed + 2.0 * (1.0 - here)
    return slopes, np.zeros_like(y)


def _potentials_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    apart = x[:, None] - x[None]
    potentials = np.exp(-(apart**2).sum(2))
    return -4.0 * (potentials[:, :, None] * apart).sum(1), np.zeros_like(y)


def _density_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    apart = x[:, None] - y
    kernel = np.exp(-0.5 * apart**2)
    slopes = -apart * kernel / kernel.sum(1, keepdims=True)
    return slopes.sum(1), -slopes.sum(0)


def _heat_step(inner: str, flows: str) -> str:
    step = f"    v = u.clone()\n    v[{inner}] = u[{inner}] + c * ({flows})\n    u = v\n"
    loop = f"c = {CONDUCTED}\nu = x\nfor _ in range({HEAT_STEPS}):\n{step}"
    return f"{CLEAR}{loop}(u * u).sum().backward()\ndel u, v"


_PLATE_FLOWS = (
    "u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]"
)  # fmt: skip

# Each with its usual sizes, which are those of its largest value.
PROGRAMS = (
    (
        Graph(
            "bias, tanh, sum over the first dimension",
            CLEAR + "(x + y).tanh().sum(0).square().sum().backward()",
            None,
            _biased_columns_by_hand,
            _rows,
        ),
        (64_000, 1_000_000),
    ),
    (
        Graph(
            "bias, tanh, sum over the last dimension",
            CLEAR + "(x + y).tanh().sum(1).square().sum().backward()",
            None,
            _biased_rows_by_hand,
            _rows,
        ),
        (64_000, 1_000_000),
    ),
    (
        Graph(
            "columns centred and scaled",
            CLEAR + "((x - x.mean(0)) / x.std(0)).tanh().sum().backward()",
            None,
            _standardised_by_hand,
            _rows,
        ),
        (1_000_000,),
    ),
    (
        Graph(
            "heat by slices, 1 dimension",
            _heat_step("1:-1", "u[2:] - 2.0 * u[1:-1] + u[:-2]"),
            None,
            _heat_by_hand,
            _rod,
        ),
        (1_000_000,),
    ),
    (
        Graph(
            "heat by slices, 2 dimensions",
            _heat_step("1:-1, 1:-1", _PLATE_FLOWS),
            None,
            _heat_by_hand,
            _plate,
        ),
        (40_000, 1_000_000),
    ),
    (
        Graph(
            "Rosenbrock's chain",
            CLEAR + "a = x[:-1]\n"
            "(100.0 * (x[1:] - a**2) ** 2 + (1.0 - a) ** 2).sum().backward()\ndel a",
            None,
            _rosenbrock_by_hand,
            _rod,
        ),
        (1_000_000,),
    ),
    (
        Graph(
            "pair potentials in space",
            CLEAR + "(-((x[:, None] - x[None]) ** 2).sum(2)).exp().sum().backward()",
            None,
            _potentials_by_hand,
            _points_in_space,
        ),
        (30_000, 3_000_000),
    ),
    (
        Graph(
            "pairwise kernel density",
            CLEAR + "(-0.5 * (x[:, None] - y).square()).exp().sum(1).log().sum().backward()",
            None,
            _density_by_hand,
            _points_on_a_line,
        ),
        (9_000_000,),
    ),
)
