# SPDX-License-Identifier: MIT
"""Linear algebra where the right answer is known, and PyTorch has another one or none."""

from __future__ import annotations

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
