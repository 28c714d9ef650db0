# SPDX-License-Identifier: MIT
"""Linear algebra where the right answer is known, and PyTorch has another one or none."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd.testing import gradcheck, gradgradcheck
from support import values


def _grad(f: Any, array: Any) -> Any:
    x = ag.tensor(array, requires_grad=True)
    return values(ag.autograd.grad(f(x).sum(), x)[0])


def test_det_of_singular_matrices_has_the_adjugate_as_its_gradient() -> None:
    a = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    adjugate = np.array([[-3.0, 6.0, -3.0], [6.0, -12.0, 6.0], [-3.0, 6.0, -3.0]])
    np.testing.assert_allclose(_grad(ag.linalg.det, a), adjugate.T, atol=1e-12)
    np.testing.assert_allclose(_grad(ag.linalg.det, np.zeros((2, 2))), 0.0, atol=1e-300)


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_second_derivatives_of_det_at_any_rank(rank: int, rng: np.random.Generator) -> None:
    if rank == 2 and os.environ.get("PYAUTOGRAD_BLAS") == "none":
        pytest.skip("second derivatives of what is about singular go by singular values: LAPACK's")
    a = rng.standard_normal((3, rank)) @ rng.standard_normal((rank, 3))
    assert gradcheck(ag.linalg.det, [ag.tensor(a, requires_grad=True)])
    assert gradgradcheck(ag.linalg.det, [ag.tensor(a, requires_grad=True)])


def test_the_third_derivative_of_det_at_a_singular_matrix_is_refused() -> None:
    x = ag.zeros(2, 2, requires_grad=True)
    (g,) = ag.autograd.grad(ag.linalg.det(x), x, create_graph=True)
    (h,) = ag.autograd.grad(g[0, 0] * x[0, 0], x, create_graph=True)
    with pytest.raises(RuntimeError, match="third derivative"):
        ag.autograd.grad((h * h).sum() + h[1, 1], x)


def test_lu_of_a_singular_matrix_has_a_gradient() -> None:
    w = ag.tensor([[1.0, 2.0], [3.0, 4.0]])

    def product(a: Any) -> Any:
        p, low, up = ag.linalg.lu(a)
        return (p * 1.0) @ low @ up * w

    np.testing.assert_allclose(_grad(product, [[1.0, 2.0], [2.0, 4.0]]), values(w), atol=1e-15)


def test_only_one_triangle_is_read() -> None:
    a = ag.tensor([[4.0, 77.0], [2.0, 5.0]])
    assert ag.linalg.cholesky(a).tolist() == [[2.0, 0.0], [1.0, 2.0]]
    assert ag.linalg.cholesky(a.t(), upper=True).tolist() == [[2.0, 1.0], [0.0, 2.0]]
    low = ag.tensor([[2.0, 99.0], [1.0, 3.0]], requires_grad=True)
    ag.cholesky_solve(ag.tensor([[1.0], [2.0]]), low).sum().backward()
    np.testing.assert_allclose(values(low.grad), [[-7 / 36, 0.0], [-1 / 9, -1 / 18]], rtol=1e-13)


def test_batches_have_the_bits_of_single_matrices_at_any_number_of_threads(
    rng: np.random.Generator,
) -> None:
    a = rng.standard_normal((300, 6, 6)) + 6 * np.eye(6)
    b, before = rng.standard_normal((300, 6, 2)), ag.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 4):
            ag.set_num_threads(threads)
            found.append(ag.linalg.solve(ag.tensor(a), ag.tensor(b)).tolist())
    finally:
        ag.set_num_threads(before)
    assert found[0] == found[1] == found[2]
    assert ag.linalg.solve(ag.tensor(a[7]), ag.tensor(b[7])).tolist() == found[0][7]


def test_eigenvectors_beside_equal_eigenvalues() -> None:
    """A gradient is finite where it does not depend on what is not determined."""
    t = ag.zeros((), requires_grad=True)
    s = ag.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0], [1.0, 2.0, 0.0]])
    v = ag.linalg.eigh(ag.diag(ag.tensor([0.0, 0.0, 1.0])) + t * s).eigenvectors[:, 2]
    (v[0] * v[2] + 10 * v[1] * v[2]).backward()
    assert abs(t.grad.item() - 21.0) < 1e-13
    assert _grad(ag.linalg.eigvalsh, np.zeros((2, 2))).tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_svd_of_any_rank_gives_the_gradient_of_what_it_rebuilds(
    rank: int, rng: np.random.Generator
) -> None:
    a = rng.standard_normal((3, rank)) @ rng.standard_normal((rank, 2))
    weights = ag.tensor(rng.standard_normal((3, 2)))
    np.testing.assert_allclose(_grad(lambda x: ag.linalg.svdvals(x) ** 2, a), 2 * a, atol=1e-13)

    def rebuilt(x: Any) -> Any:
        u, s, vh = ag.linalg.svd(x, full_matrices=False)
        return (u * s) @ vh * weights

    if rank == 2:
        np.testing.assert_allclose(_grad(rebuilt, a), values(weights), atol=1e-12)


def test_derivatives_of_singular_vectors_do_not_depend_on_the_scale() -> None:
    def f(a: Any) -> Any:
        u, _, vh = ag.linalg.svd(a * 1e-170)
        return u[0, 0] * vh[0, 1]

    expected = [[0.08944271909999159, 0.1447213595499958],
                [-0.055278640450004204, -0.08944271909999159]]  # fmt: skip
    np.testing.assert_allclose(_grad(f, [[2.0, 1.0], [1.0, 3.0]]), expected, rtol=1e-9)


def test_what_is_not_finite_is_refused() -> None:
    bad = ag.tensor([[1.0, 2.0], [float("inf"), 1.0]])
    for f in (ag.linalg.eigh, ag.linalg.eigvalsh, ag.linalg.svd, ag.linalg.svdvals, ag.linalg.pinv):
        with pytest.raises(ag.linalg.LinAlgError, match="non-finite"):
            f(bad)
    np.testing.assert_allclose(ag.linalg.eigvalsh(bad, UPLO="U").tolist(), [-1.0, 3.0])
    with pytest.raises(ag.linalg.LinAlgError, match="Batch element 1"):
        ag.linalg.svd(ag.stack([ag.eye(2), bad]))


def test_the_condition_number_of_singular_matrices_is_infinite() -> None:
    for matrix in (ag.zeros(2, 2), ag.tensor([[1.0, 0.0], [0.0, 0.0]])):
        assert ag.linalg.cond(matrix).item() == ag.inf
        assert ag.linalg.cond(matrix, 1).item() == ag.inf


def test_qr_of_a_tall_matrix_with_a_square_q_has_no_gradient() -> None:
    q, _ = ag.linalg.qr(ag.ones(3, 2, requires_grad=True), mode="complete")
    with pytest.raises(RuntimeError, match="not differentiable"):
        q.sum().backward()


def _from_band(ab: Any, low: int, up: int) -> Any:
    n = ab.shape[1]
    a = np.zeros((n, n))
    for i in range(n):
        for j in range(max(0, i - low), min(n, i + up + 1)):
            a[i, j] = ab[up + i - j, j]
    return a


@pytest.mark.parametrize("diagonals", [(1, 1), (2, 0), (0, 1), (1, 2)])
def test_solve_banded(diagonals: tuple[int, int], rng: np.random.Generator) -> None:
    low, up = diagonals
    ab = rng.standard_normal((low + up + 1, 5))
    ab[up] += 4
    for shape in ((5,), (5, 2)):
        b = rng.standard_normal(shape)
        x = ag.linalg.solve_banded(diagonals, ag.tensor(ab), ag.tensor(b))
        np.testing.assert_allclose(values(x), np.linalg.solve(_from_band(ab, low, up), b))
        leaves = [ag.tensor(ab, requires_grad=True), ag.tensor(b, requires_grad=True)]
        assert gradcheck(lambda a, b: ag.linalg.solve_banded(diagonals, a, b), leaves)
        assert gradgradcheck(lambda a, b: ag.linalg.solve_banded(diagonals, a, b), leaves)


@pytest.mark.parametrize("lower", [False, True])
def test_solveh_banded(lower: bool, rng: np.random.Generator) -> None:
    ab, b = rng.standard_normal((3, 5)), rng.standard_normal(5)
    ab[0 if lower else 2] += 6
    half = _from_band(ab, 2, 0) if lower else _from_band(ab, 0, 2)
    a = half + half.T - np.diag(np.diag(half))
    x = ag.linalg.solveh_banded(ag.tensor(ab), ag.tensor(b), lower=lower)
    np.testing.assert_allclose(values(x), np.linalg.solve(a, b))
    leaves = [ag.tensor(ab, requires_grad=True), ag.tensor(b, requires_grad=True)]
    assert gradcheck(lambda a, b: ag.linalg.solveh_banded(a, b, lower=lower), leaves)


def test_errors_of_banded_systems() -> None:
    with pytest.raises(ag.linalg.LinAlgError, match="singular"):
        ag.linalg.solve_banded((0, 0), ag.zeros(1, 2), ag.ones(2))
    with pytest.raises(RuntimeError, match="ab should have 3 rows"):
        ag.linalg.solve_banded((1, 1), ag.ones(2, 4), ag.ones(4))
    with pytest.raises(RuntimeError, match="not compatible"):
        ag.linalg.solve_banded((1, 1), ag.ones(3, 4), ag.ones(3))


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e-312])
@pytest.mark.parametrize("order", [1.5, 2, 3, -2])
def test_vector_norms_of_any_numbers(order: float, scale: float) -> None:
    """Powers of the elements leave the range of numbers here; what is asked for does not."""
    x = ag.tensor([3.0 * scale, -4.0 * scale], requires_grad=True)
    y = ag.linalg.vector_norm(x, order)
    plain = ag.tensor([3.0, -4.0], requires_grad=True)
    expected = ag.linalg.vector_norm(plain, order)
    rtol = 1e-14 if scale > 1e-300 else 1e-9  # the smallest numbers have few digits
    np.testing.assert_allclose(y.item() / scale, expected.item(), rtol=rtol)
    slopes = [ag.autograd.grad(*pair)[0].tolist() for pair in ((y, x), (expected, plain))]
    np.testing.assert_allclose(*slopes, rtol=rtol)


def test_norms_of_matrices_of_any_numbers() -> None:
    a = ag.tensor([[3e200, 0.0], [0.0, 4e200]])
    assert ag.linalg.matrix_norm(a).item() == pytest.approx(5e200, rel=1e-15)
    assert ag.linalg.norm(a, dim=0).tolist() == [3e200, 4e200]


def test_chains_of_derivatives(rng: np.random.Generator) -> None:
    a, b = (ag.tensor(rng.standard_normal(s), requires_grad=True) for s in ((3, 3), (3,)))
    assert ag.autograd.gradgradcheck(lambda a, b: ag.linalg.multi_dot([a, a, b]), (a, b))
    assert ag.autograd.gradgradcheck(lambda b: ag.linalg.vander(b, N=4), (b,))
    assert ag.autograd.gradgradcheck(lambda a, b: ag.linalg.tensorsolve(a, b), (a, b))


def test_chain_takes_the_fewest_multiplications() -> None:
    """(x y) z would take 1e10 multiplications and as many numbers; x (y z) takes 2e5."""
    n = 100_000
    x, y, z = ag.ones(n, 1), ag.ones(1, n), ag.ones(n, 1)
    assert ag.linalg.multi_dot([x, y, z])[0].tolist() == [n]
