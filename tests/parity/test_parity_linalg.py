# SPDX-License-Identifier: MIT
"""Linear algebra against PyTorch: batches, empty and single matrices, transposes, errors."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from linalg_compare import compare

import pyautograd as ag

BATCHES: tuple[tuple[int, ...], ...] = ((), (2,), (0,), (2, 1))
SIZES = (0, 1, 2, 4)


@pytest.fixture(params=[(b, n) for b in BATCHES for n in SIZES], ids=str)
def shape(request: pytest.FixtureRequest) -> tuple[tuple[int, ...], int]:
    pair: tuple[tuple[int, ...], int] = request.param
    return pair


def _square(rng: np.random.Generator, batch: tuple[int, ...], n: int) -> Any:
    return rng.standard_normal((*batch, n, n)) + 3 * np.eye(n)


def _definite(rng: np.random.Generator, batch: tuple[int, ...], n: int) -> Any:
    a = rng.standard_normal((*batch, n, n))
    return a @ a.swapaxes(-1, -2) + 2 * np.eye(n)


def test_cholesky(torch: ModuleType, rng: np.random.Generator, shape: Any) -> None:
    a, b = _definite(rng, *shape), rng.standard_normal((*shape[0], shape[1], 2))
    compare(torch, lambda m, a: m.linalg.cholesky(a), a)
    compare(torch, lambda m, a: m.linalg.cholesky(a.mT, upper=True), a)
    compare(torch, lambda m, a: m.linalg.cholesky_ex(a), a)
    compare(torch, lambda m, a, b: m.cholesky_solve(b, m.linalg.cholesky(a)), a, b)
    compare(torch, lambda m, a: m.cholesky_inverse(m.linalg.cholesky(a)), a)
    compare(torch, lambda m, a: m.logdet(a), a)


def test_solve(torch: ModuleType, rng: np.random.Generator, shape: Any) -> None:
    batch, n = shape
    a, b = _square(rng, *shape), rng.standard_normal((*batch, n, 3))
    compare(torch, lambda m, a, b: m.linalg.solve(a, b), a, b)
    compare(torch, lambda m, a, b: m.linalg.solve(a.mT, b), a, b)
    compare(torch, lambda m, a, b: m.linalg.solve(a, b.mT, left=False), a, b)
    compare(torch, lambda m, a, b: m.linalg.solve(a, b[..., 0]), a, b)
    compare(torch, lambda m, a, b: m.linalg.solve_ex(a, b), a, b)
    if batch:
        compare(torch, lambda m, a, b: m.linalg.solve(a[:1], b), a, b)
    compare(torch, lambda m, a: m.linalg.inv(a), a)
    compare(torch, lambda m, a: m.linalg.inv_ex(a), a)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_solve_triangular(
    torch: ModuleType, rng: np.random.Generator, shape: Any, upper: bool, unit: bool
) -> None:
    a, b = _square(rng, *shape), rng.standard_normal((*shape[0], shape[1], 3))
    how = {"upper": upper, "unitriangular": unit}
    compare(torch, lambda m, a, b: m.linalg.solve_triangular(a, b, **how), a, b)
    compare(torch, lambda m, a, b: m.linalg.solve_triangular(a.mT, b.mT, left=False, **how), a, b)


def test_lu(torch: ModuleType, rng: np.random.Generator, shape: Any) -> None:
    batch, n = shape
    a, b = _square(rng, *shape), rng.standard_normal((*batch, n, 3))
    for k in (0, 1, 3, 5):
        compare(torch, lambda m, a: m.linalg.lu(a), rng.standard_normal((*batch, n, k)))
        compare(torch, lambda m, a: m.linalg.lu_factor(a), rng.standard_normal((*batch, n, k)))

    def solved(m: Any, a: Any, b: Any, **how: Any) -> Any:
        return m.linalg.lu_solve(*m.linalg.lu_factor(a), b, **how)

    compare(torch, solved, a, b)
    compare(torch, lambda m, a, b: solved(m, a, b, adjoint=True), a, b)
    compare(torch, lambda m, a, b: solved(m, a, b.mT, left=False), a, b)
    compare(torch, lambda m, a, b: solved(m, a, b.mT, left=False, adjoint=True), a, b)


def test_determinants(torch: ModuleType, rng: np.random.Generator, shape: Any) -> None:
    a = _square(rng, *shape)
    compare(torch, lambda m, a: m.linalg.det(a), a)
    compare(torch, lambda m, a: m.linalg.slogdet(a), a)


S = [[1.0, 2.0], [2.0, 4.0]]
B = [[[1.0, 0.0], [0.0, 1.0]], S]

FAILING = [
    lambda m: m.linalg.cholesky(m.tensor(S) - 3),
    lambda m: m.linalg.cholesky(m.tensor(B) - m.tensor([[0.0, 0.0], [0.0, 0.5]])),
    lambda m: m.linalg.cholesky(m.ones(3)),
    lambda m: m.linalg.cholesky(m.ones(2, 3)),
    lambda m: m.linalg.cholesky(m.ones(2, 2, dtype=m.int64)),
    lambda m: m.linalg.inv(m.tensor(S)),
    lambda m: m.linalg.inv(m.tensor(B)),
    lambda m: m.linalg.solve(m.tensor(S), m.ones(2)),
    lambda m: m.linalg.solve(m.tensor(B), m.ones(2, 2)),
    lambda m: m.linalg.solve(m.eye(2), m.ones(3, 1)),
    lambda m: m.linalg.solve(m.eye(2), m.ones(3)),
    lambda m: m.linalg.solve_triangular(m.eye(2), m.ones(3, 1), upper=True),
    lambda m: m.linalg.solve_triangular(m.eye(2), m.ones(3, 1), upper=True, left=False),
    lambda m: m.linalg.lu_factor(m.tensor(B)),
    lambda m: m.linalg.lu(m.ones(3)),
    lambda m: m.cholesky_solve(m.ones(3, 1), m.eye(2)),
    lambda m: m.logdet(m.ones(2, 3)),
]


@pytest.mark.parametrize("k", range(len(FAILING)))
def test_errors(torch: ModuleType, k: int) -> None:
    with pytest.raises(RuntimeError) as theirs:
        FAILING[k](torch)
    with pytest.raises(RuntimeError) as ours:
        FAILING[k](ag)
    assert str(ours.value) == str(theirs.value)
    assert type(ours.value).__name__ == type(theirs.value).__name__.lstrip("_")
