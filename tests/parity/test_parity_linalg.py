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


def test_ldl(torch: ModuleType, rng: np.random.Generator, shape: Any) -> None:
    """PyTorch has no derivatives of it: test_linalg.py takes them."""
    batch, n = shape
    for scale in (0.0, 3.0):
        a = rng.standard_normal((*batch, n, n))
        a = (a + a.swapaxes(-1, -2)) * (1 - np.eye(n)) + scale * np.eye(n)
        ours = ag.linalg.ldl_factor_ex(ag.tensor(a).reshape(a.shape))
        theirs = torch.linalg.ldl_factor_ex(torch.tensor(a))
        for x, y in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-10, atol=1e-10)
        if n == 1 and scale == 0.0:
            continue
        assert ag.linalg.ldl_factor(ag.tensor(a).reshape(a.shape)).LD.tolist() == ours.LD.tolist()
        for b in (np.ones((n, 2)), rng.standard_normal((*batch, n, 3))):
            x = ag.linalg.ldl_solve(*ours[:2], ag.tensor(b).reshape(b.shape), hermitian=True)
            y = torch.linalg.ldl_solve(*theirs[:2], torch.tensor(b), hermitian=True)
            np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-9, atol=1e-9)


def test_determinants(torch: ModuleType, rng: np.random.Generator, shape: Any) -> None:
    a = _square(rng, *shape)
    compare(torch, lambda m, a: m.linalg.det(a), a)
    compare(torch, lambda m, a: m.linalg.slogdet(a), a)


def _symmetric(a: Any) -> Any:
    return (a + a.mT) / 2


def _squares(parts: Any) -> Any:
    """Of vectors whose signs are free."""
    return tuple(x**2 for x in parts)


def test_eigh(torch: ModuleType, rng: np.random.Generator, shape: Any) -> None:
    a = rng.standard_normal((*shape[0], shape[1], shape[1]))
    for side in ("L", "U", "l", "u"):
        compare(torch, lambda m, a, s=side: _squares(m.linalg.eigh(_symmetric(a), s)), a)
    compare(torch, lambda m, a: m.linalg.eigvalsh(_symmetric(a)), a)
    compare(torch, lambda m, a: m.linalg.pinv(_symmetric(a), hermitian=True), a)


def _real_parts(m: Any, parts: Any) -> Any:
    """What PyTorch has as complex numbers."""
    return tuple(x.real for x in parts) if m is not ag else tuple(parts)


def test_eig(torch: ModuleType, rng: np.random.Generator, shape: Any) -> None:
    batch, n = shape
    v = _square(rng, *shape)
    a = v @ (np.arange(1.0, n + 1)[:, None] * np.linalg.inv(v))

    def eig(m: Any, a: Any) -> Any:
        w, v = _real_parts(m, m.linalg.eig(a))
        return w, v**2

    compare(torch, eig, a)
    compare(torch, lambda m, a: eig(m, a.mT), a)
    if batch in ((), (2,)):
        compare(torch, lambda m, a: eig(m, a.expand(3, *a.shape)), a)
    compare(torch, lambda m, a: _real_parts(m, (m.linalg.eigvals(a),)), a)


def test_vectors_of_eig_up_to_their_sign(torch: ModuleType, rng: np.random.Generator) -> None:
    for n in (1, 3, 8, 30):
        v = _square(rng, (), n)
        a = v @ (np.arange(1.0, n + 1)[:, None] * np.linalg.inv(v))
        ours, theirs = ag.linalg.eig(ag.tensor(a)), torch.linalg.eig(torch.tensor(a))
        np.testing.assert_allclose(ours[0].numpy(), theirs[0].real.numpy(), rtol=1e-9)
        same = (ours[1].numpy() * theirs[1].real.numpy()).sum(0)
        np.testing.assert_allclose(np.abs(same), 1.0, rtol=1e-10)


SHAPES = [(1, 3), (3, 1), (3, 3), (4, 2), (2, 4)]


@pytest.mark.parametrize("batch", [(), (2,)], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_svd(
    torch: ModuleType, rng: np.random.Generator, batch: tuple[int, ...], shape: tuple[int, int]
) -> None:
    a = rng.standard_normal((*batch, *shape))
    compare(torch, lambda m, a: _squares(m.linalg.svd(a, full_matrices=False)), a)
    compare(torch, lambda m, a: _squares(m.svd(a)), a)
    compare(torch, lambda m, a: m.linalg.svd(a)[1], a)
    compare(torch, lambda m, a: m.linalg.svdvals(a), a)
    compare(torch, lambda m, a: m.linalg.pinv(a), a)
    compare(torch, lambda m, a: m.pinverse(a), a)
    compare(torch, lambda m, a: m.linalg.matrix_rank(a), a)
    compare(torch, lambda m, a: m.linalg.cond(a), a)


@pytest.mark.parametrize("batch", [(), (2,)], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_qr_and_least_squares(
    torch: ModuleType, rng: np.random.Generator, batch: tuple[int, ...], shape: tuple[int, int]
) -> None:
    a, b = rng.standard_normal((*batch, *shape)), rng.standard_normal((*batch, shape[0], 2))
    compare(torch, lambda m, a: m.linalg.qr(a), a)
    if shape[0] <= shape[1]:
        compare(torch, lambda m, a: m.linalg.qr(a, mode="complete"), a)
    if shape[0] >= shape[1]:
        tau = rng.standard_normal((*batch, shape[1]))
        compare(torch, lambda m, a, t: m.linalg.householder_product(a, t), a, tau)
    compare(torch, lambda m, a, b: m.linalg.lstsq(a, b)[0], a, b)
    for driver in ("gels", "gelsd"):
        compare(torch, lambda m, a, b, d=driver: m.linalg.lstsq(a, b, driver=d), a, b)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("order", [1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc"])
def test_matrix_norms(
    torch: ModuleType, rng: np.random.Generator, shape: tuple[int, int], order: Any
) -> None:
    a = rng.standard_normal((2, *shape))
    compare(torch, lambda m, a: m.linalg.matrix_norm(a, order), a)
    compare(torch, lambda m, a: m.linalg.matrix_norm(a, order, (-1, 0), keepdim=True), a)
    compare(torch, lambda m, a: m.linalg.norm(a[0], order), a)


@pytest.mark.parametrize("order", [0.5, 1, 1.5, 2, 3, np.inf, -np.inf, -1, -2])
def test_vector_norms(torch: ModuleType, rng: np.random.Generator, order: Any) -> None:
    a = rng.standard_normal((2, 3, 4))
    for dim in (None, 0, (0, 2), (0, 1, 2)):
        compare(torch, lambda m, a, d=dim: m.linalg.vector_norm(a, order, d), a)
        compare(torch, lambda m, a, d=dim: m.linalg.vector_norm(a, order, d, keepdim=True), a)
    compare(torch, lambda m, a: m.linalg.norm(a, order, dim=1), a)
    compare(torch, lambda m, a: m.linalg.norm(a), a)


DTYPES = [
    lambda m, x: m.linalg.norm(x, dtype=m.float64),
    lambda m, x: m.linalg.norm(x, 2, 1, dtype=m.float64),
    lambda m, x: m.linalg.norm(x, 1, dtype=m.int64),
    lambda m, x: m.linalg.norm(x, dim=0, dtype=m.int64),
    lambda m, x: m.linalg.norm(x, dtype=m.bool),
    lambda m, x: m.linalg.matrix_norm(x, dtype=m.float64),
    lambda m, x: m.linalg.matrix_norm(x, "nuc", dtype=float),
    lambda m, x: m.linalg.matrix_norm(x, 1, dtype=m.int64),
    lambda m, x: m.linalg.vector_norm(x, 1, keepdim=True, dtype=m.float64),
    lambda m, x: m.linalg.vector_norm(x, dtype=m.int64),
    lambda m, x: m.linalg.vector_norm(x, dtype=None),
]


@pytest.mark.parametrize("k", range(len(DTYPES)))
@pytest.mark.parametrize("label", ["float64", "int64", "bool"])
def test_dtypes_of_norms(torch: ModuleType, k: int, label: str) -> None:
    def outcome(m: Any) -> Any:
        x = m.tensor([[3.0, 4.0], [0.0, 1.0]]).to(getattr(m, label))
        try:
            y = DTYPES[k](m, x)
        except RuntimeError as e:
            return str(e)
        assert y.dtype == m.float64
        return np.asarray(y)

    ours, theirs = outcome(ag), outcome(torch)
    if isinstance(ours, str):
        assert isinstance(theirs, str), ours
    if isinstance(theirs, str):
        assert ours == theirs
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-14, strict=True)


def test_gradients_flow_through_dtypes_of_norms(torch: ModuleType) -> None:
    a = np.array([[3.0, 4.0], [0.0, 1.0]])
    for name in ("norm", "matrix_norm", "vector_norm"):
        compare(torch, lambda m, x, f=name: getattr(m.linalg, f)(x, dtype=m.float64), a)


# What gives several results, and norms, with the dtypes of their results.
OUTS = {
    "cholesky_ex": "fi", "eigh": "ff", "inv_ex": "fi", "ldl_factor": "fi", "ldl_factor_ex": "fii",
    "lu": "fff", "lu_factor": "fi", "lu_factor_ex": "fii", "qr": "ff", "slogdet": "ff",
    "svd": "fff", "norm": "f", "matrix_norm": "f", "cond": "f",
}  # fmt: skip


@pytest.mark.parametrize("name", OUTS)
def test_results_that_are_given(torch: ModuleType, name: str) -> None:
    a = [[4.0, 1.0], [1.0, 3.0]]

    def given(m: Any) -> Any:
        whole = m.int64 if m is ag else m.int32
        outs = tuple(m.empty(0, dtype=m.float64 if d == "f" else whole) for d in OUTS[name])
        out: Any = outs[0] if len(outs) == 1 else outs
        found = getattr(m.linalg, name)(m.tensor(a), out=out)
        found = (found,) if len(outs) == 1 else tuple(found)
        assert all(x.data_ptr() == y.data_ptr() for x, y in zip(found, outs, strict=True))
        return outs

    for x, y in zip(given(ag), given(torch), strict=True):
        np.testing.assert_allclose(np.abs(x.numpy()), np.abs(y.numpy()), atol=1e-12)


def test_functions_of_matrices(torch: ModuleType, rng: np.random.Generator, shape: Any) -> None:
    n = shape[1]
    a = _square(rng, *shape)
    for k in (1, 2, 5, -1, -2):
        compare(torch, lambda m, a, k=k: m.linalg.matrix_power(a, k), a)
    assert ag.matrix_power(ag.tensor(a), 0).tolist() == np.broadcast_to(np.eye(n), a.shape).tolist()
    for k in (0, 1, 3):
        whole = [m.linalg.matrix_power(m.tensor([[1, 2], [3, 4]]), k) for m in (ag, torch)]
        assert whole[0].dtype == ag.int64 and whole[0].tolist() == whole[1].tolist()
    for scale in (0.01, 1.0, 4.0):
        compare(torch, lambda m, a, s=scale: m.linalg.matrix_exp(a * s), a)


def test_products_along_dimensions(torch: ModuleType, rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 3)), rng.standard_normal((1, 3))
    compare(torch, lambda m, a, b: m.linalg.cross(a, b), a, b)
    compare(torch, lambda m, a, b: m.linalg.cross(a.mT, b.mT, dim=0), a, b)
    compare(torch, lambda m, a, b: m.linalg.vecdot(a, b), a, b)
    compare(torch, lambda m, a: m.linalg.tensorinv(a), rng.standard_normal((2, 3, 6)))


CHAINS = [
    ((2, 3), (3, 4), (4, 5)), ((2, 3), (3,)), ((3,), (3, 2)), ((3,), (3,)),
    ((3,), (3, 4), (4, 2), (2,)), ((5, 1), (1, 6), (6, 2), (2, 7)), ((2, 0), (0, 3)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", CHAINS)
def test_chains_of_matrices(torch: ModuleType, rng: np.random.Generator, shapes: Any) -> None:
    matrices = [rng.standard_normal(s) for s in shapes]
    compare(torch, lambda m, *matrices: m.linalg.multi_dot(matrices), *matrices)


def test_powers_as_columns(torch: ModuleType, rng: np.random.Generator) -> None:
    for size in ((3,), (2, 3), (2, 1, 3)):
        compare(torch, lambda m, a: m.linalg.vander(a), rng.standard_normal(size))
        compare(torch, lambda m, a: m.linalg.vander(a, N=2), rng.standard_normal(size))
    for a in (np.array(2.0), np.array([0.0, 2.0, -1.0]), np.ones((0, 3)), np.ones((3, 0))):
        compare(torch, lambda m, a: m.linalg.vander(a, N=4), a)
    assert ag.linalg.vander(ag.tensor([0, 2]), N=3).tolist() == [[1, 0, 0], [1, 2, 4]]


def test_tensorsolve(torch: ModuleType, rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 3, 6)), rng.standard_normal((2, 3))
    compare(torch, lambda m, a, b: m.linalg.tensorsolve(a, b), a, b)
    a, b = rng.standard_normal((2, 3, 3, 2)), rng.standard_normal((3, 2))
    compare(torch, lambda m, a, b: m.linalg.tensorsolve(a, b, dims=(0, 2)), a, b)
    compare(torch, lambda m, a, b: m.linalg.tensorsolve(a, b), *map(np.array, (2.0, 4.0)))


NAMED = [
    lambda m, x: m.linalg.cholesky(input=x),
    lambda m, x: m.linalg.eigh(input=x).eigenvalues,
    lambda m, x: m.linalg.norm(input=x),
    lambda m, x: m.linalg.vector_norm(input=x),
    lambda m, x: m.linalg.vector_norm(x=x),
    lambda m, x: m.linalg.inv(A=x),
    lambda m, x: m.linalg.solve_triangular(input=x, B=x, upper=True),
    lambda m, x: m.linalg.lstsq(input=x, b=x).solution,
    lambda m, x: m.linalg.tensorsolve(input=x, other=x[0]),
]


@pytest.mark.parametrize("k", range(len(NAMED)))
def test_names_of_arguments(torch: ModuleType, k: int) -> None:
    a = np.array([[4.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(
        NAMED[k](ag, ag.tensor(a)).numpy(), NAMED[k](torch, torch.tensor(a)).numpy(), atol=1e-12
    )


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
    lambda m: m.linalg.ldl_factor(m.ones(3)),
    lambda m: m.linalg.ldl_factor(m.ones(2, 3)),
    lambda m: m.linalg.ldl_factor_ex(m.ones(2, 2, dtype=m.int64)),
    lambda m: m.linalg.ldl_solve(m.eye(2), m.tensor([1, 2]), m.ones(3, 1)),
    lambda m: m.linalg.ldl_solve(m.eye(2), m.tensor([1, 3]), m.ones(2, 1)),
    lambda m: m.linalg.ldl_solve(m.eye(2), m.tensor([0, 1]), m.ones(2, 1)),
    lambda m: m.linalg.ldl_solve(m.eye(2), m.tensor([1]), m.ones(2, 1)),
    lambda m: m.linalg.ldl_solve(m.eye(2), m.ones(2), m.ones(2, 1)),
    lambda m: m.linalg.ldl_solve(m.ones(2), m.tensor([1, 2]), m.ones(2, 1)),
    lambda m: m.linalg.ldl_solve(m.ones(2, 3), m.tensor([1, 2]), m.ones(2, 1)),
    lambda m: m.linalg.ldl_solve(m.eye(2), m.tensor([1, 2]), m.ones(2, 1, dtype=m.int64)),
    lambda m: m.linalg.ldl_solve(m.eye(2).long(), m.tensor([1, 2]), m.ones(2, 1)),
    lambda m: m.cholesky_solve(m.ones(3, 1), m.eye(2)),
    lambda m: m.logdet(m.ones(2, 3)),
    lambda m: m.linalg.svd(m.ones(3)),
    lambda m: m.linalg.svdvals(m.tensor([[float("nan")]])),
    lambda m: m.linalg.eigh(m.ones(2, 3)),
    lambda m: m.linalg.eig(m.ones(2, 3)),
    lambda m: m.linalg.eig(m.ones(3)),
    lambda m: m.linalg.eig(m.tensor([[1.0, 0.0], [float("nan"), 1.0]])),
    lambda m: m.linalg.eigvals(m.ones(2, 3)),
    lambda m: m.linalg.eigvals(m.ones(3)),
    lambda m: m.linalg.pinv(m.ones(3, dtype=m.float64)),
    lambda m: m.linalg.matrix_rank(m.ones(3)),
    lambda m: m.linalg.cond(m.ones(3)),
    lambda m: m.linalg.qr(m.ones(3)),
    lambda m: m.linalg.lstsq(m.ones(2, 3), m.ones(3)),
    lambda m: m.linalg.cross(m.ones(2), m.ones(2)),
    lambda m: m.linalg.cross(m.ones(3), m.ones(2, 2)),
    lambda m: m.linalg.norm(m.ones(2, 2, 2), 2),
    lambda m: m.linalg.norm(m.ones(3), "fro"),
    lambda m: m.linalg.norm(m.ones(2, 3), "nuc", 1),
    lambda m: m.linalg.lu(m.ones(2, 2), pivot=False),
    lambda m: m.linalg.matrix_power(m.ones(2, 2, dtype=m.int64), -1),
    lambda m: m.linalg.matrix_power(m.ones(2, 3), 2),
    lambda m: m.linalg.householder_product(m.ones(2, 3), m.ones(3)),
    lambda m: m.linalg.multi_dot([]),
    lambda m: m.linalg.multi_dot([m.ones(2, 3)]),
    lambda m: m.linalg.multi_dot([m.ones(2, 3), m.ones(4, 3)]),
    lambda m: m.linalg.multi_dot([m.ones(2, 3, 1), m.ones(4, 3)]),
    lambda m: m.linalg.multi_dot([m.ones(2, 3), m.ones(3, 4, 1), m.ones(4, 2)]),
    lambda m: m.linalg.multi_dot([m.ones(2), m.tensor(1.0)]),
    lambda m: m.linalg.vander(m.ones(3), N=1),
    lambda m: m.linalg.vander(m.tensor(2.0)),
    lambda m: m.linalg.vander(m.tensor([True, False])),
    lambda m: m.linalg.tensorsolve(m.ones(2, 3), m.ones(2)),
    lambda m: m.linalg.tensorsolve(m.ones(4, 6, 8, 3), m.ones(24)),
    lambda m: m.linalg.tensorsolve(m.ones(2, 2), m.ones(2)),
]


@pytest.mark.parametrize("k", range(len(FAILING)))
def test_errors(torch: ModuleType, k: int) -> None:
    with pytest.raises(RuntimeError) as theirs:
        FAILING[k](torch)
    with pytest.raises(RuntimeError) as ours:
        FAILING[k](ag)
    assert str(ours.value) == str(theirs.value)
    assert type(ours.value).__name__ == type(theirs.value).__name__.lstrip("_")
