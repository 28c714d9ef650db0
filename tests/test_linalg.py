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


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: [ag.linalg.solve(a, b)],
        lambda a, b: ag.linalg.eig((a + a.mT) @ ag.arange(1.0, 7.0).diag()),
        lambda a, b: ag.linalg.ldl_factor(a + a.mT),
        lambda a, b: [ag.linalg.ldl_solve(*ag.linalg.ldl_factor(a + a.mT), b)],
    ],
    ids=["solve", "eig", "ldl_factor", "ldl_solve"],
)
def test_batches_have_the_bits_of_single_matrices_at_any_number_of_threads(
    f: Any, rng: np.random.Generator
) -> None:
    a = ag.tensor(rng.standard_normal((300, 6, 6)) + 6 * np.eye(6))
    a = a @ a.mT  # definite, so that the eigenvalues of it times a diagonal are real
    b, before = ag.tensor(rng.standard_normal((300, 6, 2))), ag.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 4):
            ag.set_num_threads(threads)
            found.append([x.tolist() for x in f(a, b)])
    finally:
        ag.set_num_threads(before)
    assert found[0] == found[1] == found[2]
    assert [x.tolist() for x in f(a[7], b[7])] == [x[7] for x in found[0]]


def test_eigenvectors_beside_equal_eigenvalues() -> None:
    """A gradient is finite where it does not depend on what is not determined."""
    t = ag.zeros((), requires_grad=True)
    s = ag.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0], [1.0, 2.0, 0.0]])
    v = ag.linalg.eigh(ag.diag(ag.tensor([0.0, 0.0, 1.0])) + t * s).eigenvectors[:, 2]
    (v[0] * v[2] + 10 * v[1] * v[2]).backward()
    assert abs(t.grad.item() - 21.0) < 1e-13
    assert _grad(ag.linalg.eigvalsh, np.zeros((2, 2))).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def _with_eigenvalues(rng: np.random.Generator, w: Any) -> Any:
    """A matrix that is not symmetric, and its vectors, columns of any length."""
    v = rng.standard_normal((len(w), len(w))) + 2 * np.eye(len(w))
    return v @ np.diag(w) @ np.linalg.inv(v), v


@pytest.mark.parametrize("n", [1, 2, 3, 5, 40])
def test_eig_gives_what_numpy_gives(n: int, rng: np.random.Generator) -> None:
    a, _ = _with_eigenvalues(rng, np.arange(1.0, n + 1))
    expected_w, expected_v = np.linalg.eig(a)
    for x in (ag.tensor(a), ag.tensor(a.T.copy()).t(), ag.tensor(a).expand(2, n, n)[1]):
        w, v = ag.linalg.eig(x)
        np.testing.assert_allclose(values(w), expected_w, rtol=1e-13)
        np.testing.assert_allclose(values(v), expected_v, atol=1e-12)
        np.testing.assert_allclose(values(ag.linalg.eigvals(x)), expected_w, rtol=1e-9)


@pytest.mark.parametrize("at", [(0, 0), (1, 1), (2, 2), (0, 2), (2, 0)])
def test_nan_is_passed_on_by_lu(at: tuple[int, int]) -> None:
    a = ag.tensor([[4.0, 1.0, 2.0], [1.0, 5.0, 3.0], [2.0, 3.0, 6.0]])
    a[at] = float("nan")
    assert bool(ag.linalg.solve(a, ag.ones(3)).isnan().all())
    assert bool(ag.linalg.inv(a).isnan().any()) and bool(ag.linalg.det(a).isnan())
    both = ag.stack([a, ag.eye(3)])
    assert bool(ag.linalg.solve(both, ag.ones(3, 1))[0].isnan().all())
    assert ag.linalg.inv(both)[1].tolist() == ag.eye(3).tolist()


@pytest.mark.parametrize("shape", [(0, 0), (2, 0), (0, 2), (0, 3, 2), (2, 0, 3)])
def test_second_derivatives_of_nothing(shape: tuple[int, ...]) -> None:
    functions = [
        lambda x: ag.linalg.qr(x).R,
        lambda x: ag.linalg.svdvals(x),
        lambda x: ag.linalg.svd(x, full_matrices=False).U,
        lambda x: ag.linalg.matrix_norm(x, "nuc"),
        lambda x: ag.linalg.pinv(x),
    ]
    for f in functions:
        x = ag.empty(*shape, requires_grad=True)
        (first,) = ag.autograd.grad(f(x).sum(), x, create_graph=True)
        (second,) = ag.autograd.grad(first.sum(), x)
        assert first.shape == second.shape == shape


def test_norms_of_nothing() -> None:
    for shape in ((0, 0), (2, 0), (0, 2)):
        x = ag.empty(*shape, requires_grad=True)
        assert ag.linalg.matrix_norm(x, 2).item() == ag.linalg.cond(x).item() == 0.0
        ag.linalg.matrix_norm(x, "nuc").backward()
        assert x.grad is not None and x.grad.shape == shape
    assert ag.linalg.matrix_norm(ag.empty(3, 2, 0), 1, keepdim=True).tolist() == [[[0.0]]] * 3
    assert ag.linalg.matrix_norm(ag.empty(0, 2), float("inf")).item() == 0.0
    with pytest.raises(IndexError, match="non-zero size"):
        ag.linalg.matrix_norm(ag.empty(0, 0), -2)
    for order in (-1, -2.5, float("inf"), float("-inf")):
        with pytest.raises(RuntimeError, match="norm on an empty tensor because the operation"):
            ag.linalg.vector_norm(ag.empty(2, 0), order)


def test_eig_of_no_matrices_and_of_empty_ones() -> None:
    for shape in ((0, 0), (2, 0, 0), (0, 3, 3)):
        a = ag.zeros(*shape, requires_grad=True)
        w, v = ag.linalg.eig(a)
        assert w.shape == ag.linalg.eigvals(a).shape == shape[:-1] and v.shape == shape
        assert ag.autograd.grad(w.sum() + v.sum(), a)[0].shape == shape


def _sizes(parts: Any) -> tuple[Any, Any]:
    """Eigenvalues, and vectors whose sign is fixed."""
    return parts[0], parts[1] * parts[1].detach()[0].sign()


@pytest.mark.parametrize("n", [1, 2, 4])
def test_derivatives_of_eig(n: int, rng: np.random.Generator) -> None:
    a = np.stack([_with_eigenvalues(rng, np.arange(1.0, n + 1))[0] for _ in range(2)])
    x = ag.tensor(a, requires_grad=True)
    for f in (ag.linalg.eigvals, lambda x: _sizes(ag.linalg.eig(x))):
        assert gradcheck(f, [x])
        assert gradgradcheck(f, [x])


def test_lengths_of_eigenvectors_have_no_slope(rng: np.random.Generator) -> None:
    a, _ = _with_eigenvalues(rng, [1.0, 2.0, 4.0])
    slope = _grad(lambda x: ag.linalg.eig(x).eigenvectors ** 2, a)
    np.testing.assert_allclose(slope, 0.0, atol=1e-13)


def test_eig_beside_equal_eigenvalues(rng: np.random.Generator) -> None:
    a, v = _with_eigenvalues(rng, [1.0, 1.0, 3.0])
    left = np.linalg.inv(v)
    # tr(A^3), which depends on no vectors
    cubes = _grad(lambda x: ag.linalg.eigvals(x) ** 3, a)
    np.testing.assert_allclose(cubes, 3 * (a @ a).T, atol=1e-10)
    # the vector of the one that is alone, by perturbation of first order
    direction = rng.standard_normal((3, 3))

    def alone(t: Any) -> Any:
        w, u = ag.linalg.eig(ag.tensor(a) + t * ag.tensor(direction))
        at = int(w.detach().argmax().item())
        return u[:, at] / u[0, at]

    found = [_grad(lambda t, k=k: alone(t)[k], 0.0) for k in range(3)]
    step = sum(v[:, k] * (left[k] @ direction @ v[:, 2]) / (3.0 - 1.0) for k in (0, 1))
    u = v[:, 2] / v[0, 2]
    step = (step - u * step[0]) / v[0, 2]
    np.testing.assert_allclose(found, step, atol=1e-11)
    assert _grad(ag.linalg.eigvals, np.eye(3)).tolist() == np.eye(3).tolist()


def test_eigenvalues_that_rounding_makes_complex_are_real(rng: np.random.Generator) -> None:
    """LAPACK gives pairs of complex numbers for about one in ten of these."""
    pairs = 0
    for _ in range(100):
        q = np.linalg.qr(rng.standard_normal((5, 5)))[0]
        a = (q * (rng.random(5) < 0.5)) @ q.T
        a = (a + a.T) / 2
        is_complex = np.iscomplexobj(np.linalg.eigvals(a))
        pairs += is_complex
        w, v = (values(x) for x in ag.linalg.eig(ag.tensor(a)))
        np.testing.assert_allclose(a @ v, v * w, atol=1e-14)
        np.testing.assert_allclose(np.linalg.norm(v, axis=0), 1.0, rtol=1e-14)
        assert not is_complex or np.linalg.cond(v) < 1 + 1e-13
        np.testing.assert_allclose(np.sort(values(ag.linalg.eigvals(ag.tensor(a)))), np.sort(w),
                                   atol=1e-14)  # fmt: skip
    assert pairs > 0
    nearly = np.array([[1.0, 1e-15], [-1e-15, 1.0]])
    w, v = ag.linalg.eig(ag.tensor(nearly))
    assert w.tolist() == [1.0, 1.0]
    np.testing.assert_allclose(values(v.t() @ v), np.eye(2), atol=1e-15)


def test_complex_eigenvalues_are_refused() -> None:
    turn = ag.tensor([[0.0, 1e-9], [-1e-9, 0.0]])
    text = r"complex eigenvalues, 0 \+ 1e-09i .* must be real"
    for f in (ag.linalg.eig, ag.linalg.eigvals):
        with pytest.raises(ag.linalg.LinAlgError, match=f"^linalg.{f.__name__}: The .*{text}"):
            f(turn)
        with pytest.raises(ag.linalg.LinAlgError, match=r"\(Batch element 1\): .*" + text):
            f(ag.stack([ag.eye(2), turn]))
        # beside large numbers, too
        with pytest.raises(ag.linalg.LinAlgError, match=text):
            f(ag.tensor([[1e10, 0.0, 0.0], [0.0, 0.0, 1e-9], [0.0, -1e-9, 0.0]]))


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


# Symmetric matrices with blocks of one and of two rows in D, and exchanges of rows in both.
INDEFINITE = {
    "none": ([[4.0, 1.0, 0.5], [1.0, 3.0, 1.0], [0.5, 1.0, 5.0]], [1, 2, 3]),
    "pair": ([[0.0, 2.0, 1.0], [2.0, 0.1, 0.5], [1.0, 0.5, 3.0]], [-2, -2, 3]),
    "exchange": ([[0.1, 1.0, 3.0], [1.0, 2.0, 0.5], [3.0, 0.5, 9.0]], [3, 2, 3]),
    "both": ([[0.0, 0.3, 0.0, 2.0], [0.3, 0.1, 4.0, 1.0], [0.0, 4.0, 0.2, 0.5],
              [2.0, 1.0, 0.5, 0.1]], [-4, -4, -4, -4]),
}  # fmt: skip


def _even(x: Any) -> Any:
    return (x + x.mT) / 2


@pytest.mark.parametrize("name", INDEFINITE)
def test_derivatives_of_ldl(name: str, rng: np.random.Generator) -> None:
    a, pivots = INDEFINITE[name]
    x = ag.tensor([a, a], requires_grad=True)
    b = ag.tensor(rng.standard_normal((len(a), 2)), requires_grad=True)
    factors = ag.linalg.ldl_factor(x)
    assert factors.pivots.tolist() == [pivots, pivots]
    assert gradcheck(lambda x: ag.linalg.ldl_factor(_even(x)).LD, [x])
    assert gradgradcheck(lambda x: ag.linalg.ldl_factor(_even(x)).LD, [x])
    low = factors.LD.detach().requires_grad_()
    assert gradcheck(lambda low, b: ag.linalg.ldl_solve(low, factors.pivots, b), [low, b])
    assert gradgradcheck(lambda low, b: ag.linalg.ldl_solve(low, factors.pivots, b), [low, b])
    solved = ag.linalg.ldl_solve(*ag.linalg.ldl_factor(_even(x)), b)
    expected = ag.linalg.solve(_even(x), b)
    np.testing.assert_allclose(values(solved), values(expected), atol=1e-12)
    for found, right in zip(
        ag.autograd.grad((solved**2).sum(), [x, b]),
        ag.autograd.grad((expected**2).sum(), [x, b]),
        strict=True,
    ):
        np.testing.assert_allclose(values(found), values(right), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("n", [1, 2, 7, 70])
def test_ldl_gives_the_matrix_back(n: int, rng: np.random.Generator) -> None:
    linalg = pytest.importorskip("scipy.linalg")
    a = rng.standard_normal((n, n))
    a = a + a.T
    x = ag.tensor(np.tril(a) + 77 * np.triu(np.ones((n, n)), 1))  # the upper triangle is not read
    low, pivots = ag.linalg.ldl_factor(x)
    solved = ag.linalg.ldl_solve(low, pivots, ag.eye(n))
    np.testing.assert_allclose(values(solved) @ a, np.eye(n), atol=1e-10)
    _, d, _ = linalg.ldl(a)
    assert not np.triu(values(low), 1).any()
    np.testing.assert_allclose(np.diag(values(low)), np.diag(d), rtol=1e-9)
    as_given = values(low).T.copy().T
    again = ag.linalg.ldl_solve(ag.tensor(as_given), pivots.expand(2, n)[1], ag.eye(n).t())
    np.testing.assert_allclose(values(again), values(solved), atol=1e-14)


def test_ldl_of_matrices_that_cannot_be_solved_with() -> None:
    both = ag.stack([ag.eye(2), ag.ones(2, 2)])
    assert ag.linalg.ldl_factor_ex(both).info.tolist() == [0, 2]
    assert ag.linalg.ldl_factor_ex(ag.tensor([[ag.nan]])).info.tolist() == 1
    with pytest.raises(ag.linalg.LinAlgError, match=r"ldl_factor: \(Batch element 1\): D\[2,2\]"):
        ag.linalg.ldl_factor(both)
    with pytest.raises(ag.linalg.LinAlgError, match=r"ldl_factor_ex: D\[1,1\] is zero"):
        ag.linalg.ldl_factor_ex(ag.zeros(2, 2), check_errors=True)


@pytest.mark.parametrize("pivots", [[1, -2], [-1, 2], [-2, -2, -3]])
def test_pivots_that_would_lead_out_of_the_matrix_are_refused(pivots: list[int]) -> None:
    n = len(pivots)
    with pytest.raises(RuntimeError, match="in pairs"):
        ag.linalg.ldl_solve(ag.eye(n), ag.tensor(pivots), ag.ones(n, 1))


def test_what_is_not_finite_is_refused() -> None:
    bad = ag.tensor([[1.0, 2.0], [float("inf"), 1.0]])
    for f in (ag.linalg.eigh, ag.linalg.eigvalsh, ag.linalg.svd, ag.linalg.svdvals, ag.linalg.pinv):
        with pytest.raises(ag.linalg.LinAlgError, match="non-finite"):
            f(bad)
    for f in (ag.linalg.eig, ag.linalg.eigvals):
        with pytest.raises(RuntimeError, match="should not contain infs or NaNs"):
            f(bad)
        with pytest.raises(RuntimeError, match="Batch element 1"):
            f(ag.stack([ag.eye(2), bad]))
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


def test_the_exponential_of_one_number_is_exp() -> None:
    x = ag.tensor([[[1.5]], [[ag.inf]], [[-ag.inf]], [[1e-20]]], requires_grad=True)
    y = ag.linalg.matrix_exp(x)
    assert y.tolist() == x.exp().tolist()
    assert ag.autograd.grad(y.sum(), x)[0].tolist() == x.exp().tolist()


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


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize(
    "shape", [(1, 1), (5, 5), (31, 31), (50, 50), (65, 65), (3, 33, 33), (2, 0, 0)]
)
def test_cholesky_has_the_same_gradient_recorded_or_not(
    shape: tuple[int, ...], upper: bool, rng: np.random.Generator
) -> None:
    """Not recorded it is one op, of which the halves of the product and the solves are its own."""
    a = rng.standard_normal(shape)
    a = a @ np.swapaxes(a, -1, -2) + shape[-1] * np.eye(shape[-1])
    x = ag.tensor(a, requires_grad=True)
    g = ag.tensor(rng.standard_normal(shape)).mT
    factor = ag.linalg.cholesky(x, upper=upper)
    (plain,) = ag.autograd.grad(factor, x, g, retain_graph=True)
    (recorded,) = ag.autograd.grad(factor, x, g, create_graph=True)
    np.testing.assert_allclose(values(plain), values(recorded.detach()), rtol=1e-11, atol=1e-13)


def _slopes(packed: Any, x: Any, gradients: Any) -> tuple[Any, Any]:
    """The gradient by the rule that is recorded, and by the one that is not."""
    outs = [(out, g) for out, g in zip(packed, gradients, strict=True) if g is not None]
    results, given = [out for out, _ in outs], [g for _, g in outs]
    (recorded,) = ag.autograd.grad(results, x, given, create_graph=True)
    return values(recorded), values(ag.autograd.grad(results, x, given)[0])


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (20, 20), (2, 3, 5, 5), (2, 0, 0), (0, 3, 3)])
@pytest.mark.parametrize("which", [(0,), (1,), (0, 1)])
def test_eigh_has_the_same_gradient_recorded_or_not(
    shape: Any, which: Any, rng: np.random.Generator
) -> None:
    x = ag.tensor(rng.standard_normal(shape), requires_grad=True)
    outs = ag.linalg.eigh(x)
    given = [
        ag.tensor(rng.standard_normal(out.shape)) if k in which else None
        for k, out in enumerate(outs)
    ]
    recorded, plain = _slopes(outs, x, given)
    np.testing.assert_allclose(plain, recorded, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "shape", [(1, 1), (4, 4), (3, 5), (6, 2), (20, 17), (2, 3, 5, 5), (2, 4, 3), (0, 3, 2), (1, 4)]
)
@pytest.mark.parametrize("which", [(1,), (0,), (2,), (0, 1, 2)])
def test_svd_has_the_same_gradient_recorded_or_not(
    shape: Any, full: bool, which: Any, rng: np.random.Generator
) -> None:
    x = ag.tensor(rng.standard_normal(shape), requires_grad=True)
    outs = ag.linalg.svd(x, full_matrices=full)
    given = [
        ag.tensor(rng.standard_normal(out.shape)) if k in which else None
        for k, out in enumerate(outs)
    ]
    recorded, plain = _slopes(outs, x, given)
    np.testing.assert_allclose(plain, recorded, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_ties_have_the_same_gradient_recorded_or_not(scale: float) -> None:
    x = ag.tensor(np.diag([2.0, 2.0, 1.0]) * scale, requires_grad=True)
    with_all = [ag.ones(3, 3), ag.ones(3)]
    for outs, given in (
        (ag.linalg.eigh(x), with_all[::-1]),
        (ag.linalg.svd(x), [*with_all, with_all[0]]),
    ):
        recorded, plain = _slopes(outs, x, given)
        np.testing.assert_array_equal(np.isfinite(plain), np.isfinite(recorded))
        finite = np.isfinite(plain)
        np.testing.assert_allclose(plain[finite], recorded[finite], rtol=1e-10, atol=1e-12)
    values_alone = _slopes([ag.linalg.svdvals(x)], x, [ag.ones(3)])
    np.testing.assert_allclose(values_alone[0], np.eye(3), atol=1e-14)
    np.testing.assert_allclose(values_alone[1], np.eye(3), atol=1e-14)
