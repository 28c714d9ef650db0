# SPDX-License-Identifier: MIT
"""The op cases of linear algebra: see cases.py. References are elimination on long doubles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import pyautograd as ag
from ops.case import Case, Shape

FAR = 500.0  # units in the last place: matrices here have condition numbers of some dozens

Ref = Callable[..., Any]


def _eliminated(a: Any, b: Any) -> tuple[Any, Any]:
    """The solution of a x = b, and the determinant of a, by elimination with exchanged rows."""
    a, b, n, det = a.copy(), b.copy(), len(a), a.dtype.type(1)
    for k in range(n):
        p = k + int(np.argmax(abs(a[k:, k])))
        a[[k, p]], b[[k, p]] = a[[p, k]], b[[p, k]]
        det = det * a[k, k] * (1 if p == k else -1)
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i], b[i] = a[i] - factor * a[k], b[i] - factor * b[k]
    x = b * 0
    for k in reversed(range(n)):
        x[k] = (b[k] - a[k, k + 1 :] @ x[k + 1 :]) / a[k, k]
    return x, det


def _solve(a: Any, b: Any) -> Any:
    return _eliminated(a, b)[0]


def _det(a: Any) -> Any:
    return _eliminated(a, a)[1]


def _inv(a: Any) -> Any:
    return _solve(a, np.eye(len(a), dtype=a.dtype))


def _chol(a: Any) -> Any:
    low = a * 0
    for j in range(len(a)):
        low[j, j] = np.sqrt(a[j, j] - (low[j] ** 2).sum())
        for i in range(j + 1, len(a)):
            low[i, j] = (a[i, j] - (low[i] * low[j]).sum()) / low[j, j]
    return low


def _definite(m: Any, x: Any) -> Any:
    return x @ x.T + (m.eye(3) if m is not np else np.eye(3))


def _large(m: Any, x: Any) -> Any:
    """Matrices whose diagonal is larger than the rest: no rows are exchanged."""
    return x + 5 * m.eye(3)


def _packed(a: Any) -> Any:
    """L and U in one another, of a matrix whose rows need not be exchanged."""
    a = a.copy()
    for k in range(min(a.shape)):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return a


def _case(
    op: str,
    label: str,
    call: Ref,
    ref: Ref,
    shapes: tuple[Shape, ...],
    grad_fn: str | None,
    **more: Any,
) -> Case:
    domains = ((0.5, 2.0),) * len(shapes)
    return Case(
        op, call, ref, domains, FAR, grad_fn, label, "whole", shapes, by_blas=True, **more
    )  # fmt: skip


LINALG = [
    _case(
        "cholesky_factor",
        "",
        lambda m, x: m.linalg.cholesky(_definite(m, x)),
        lambda x: _chol(_definite(np, x)),
        ((3, 3),),
        "LinalgCholeskyExBackward0",
    ),
    _case(
        "cholesky_factor",
        "upper",
        lambda m, x: m.linalg.cholesky(_definite(m, x), upper=True),
        lambda x: _chol(_definite(np, x)).T,
        ((3, 3),),
        "LinalgCholeskyExBackward0",
        twin=lambda m, x: m.linalg.cholesky(_definite(m, x)).T,
    ),
    _case(
        "lu_pack",
        "",
        lambda m, x: m.linalg.lu_factor(_large(m, x)).LU,
        lambda x: _packed(_large(np, x)),
        ((3, 3),),
        "TransposeBackward0",
    ),
    _case(
        "lu_pack",
        "tall",
        lambda m, x: m.linalg.lu_factor(m.eye(4, 2) * 9 + x).LU,
        lambda x: _packed(np.eye(4, 2) * 9 + x),
        ((4, 2),),
        "TransposeBackward0",
    ),
    _case(
        "lu_rows",
        "",
        lambda m, x, y: m.linalg.lu_solve(_one(m), m.linalg.lu_factor(_turned(m))[1], x) * y,
        lambda x, y: x[[1, 2, 0]] * y,
        ((3, 2), (3, 2)),
        "MulBackward0",
    ),
    _case(
        "triangle_solve",
        "",
        lambda m, a, b: m.linalg.solve_triangular(_large(m, a), b, upper=True),
        lambda a, b: _solve(np.triu(_large(np, a)), b),
        ((3, 3), (3, 2)),
        "LinalgSolveTriangularBackward0",
    ),
    _case(
        "triangle_solve",
        "unit, right",
        lambda m, a, b: m.linalg.solve_triangular(
            a, b, upper=False, left=False, unitriangular=True
        ),
        lambda a, b: _solve((np.tril(a, -1) + np.eye(3)).T, b.T).T,
        ((3, 3), (2, 3)),
        "TransposeBackward0",
    ),
    _case(
        "lu_apply",
        "",
        lambda m, a, b: m.linalg.solve(_large(m, a), b),
        lambda a, b: _solve(_large(np, a), b),
        ((3, 3), (3, 2)),
        "LinalgSolveExBackward0",
    ),
    _case(
        "lu_apply",
        "right",
        lambda m, a, b: m.linalg.solve(_large(m, a), b, left=False),
        lambda a, b: _solve(_large(np, a).T, b.T).T,
        ((3, 3), (2, 3)),
        "TransposeBackward0",
    ),
    _case(
        "lu_inverse",
        "",
        lambda m, a: m.linalg.inv(_large(m, a)),
        lambda a: _inv(_large(np, a)),
        ((3, 3),),
        "LinalgInvExBackward0",
    ),
    _case(
        "lu_logdet",
        "",
        lambda m, a: m.linalg.slogdet(_large(m, a))[1],
        lambda a: np.log(abs(_det(_large(np, a)))),
        ((3, 3),),
        "LinalgSlogdetBackward0",
    ),
    _case(
        "lu_det",
        "",
        lambda m, a: m.linalg.det(_large(m, a)),
        lambda a: _det(_large(np, a)),
        ((3, 3),),
        "LinalgDetBackward0",
    ),
]


def _turned(m: Any) -> Any:
    """A matrix whose rows are exchanged for elimination: the first goes to the end."""
    return m.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=m.float64)


def _one(m: Any) -> Any:
    return m.eye(3, dtype=m.float64)


def _number(op: str, call: Ref, ref: Ref, dtype: str, twin: Ref | None = None) -> Case:
    return Case(
        op, call, ref, ((0.5, 2.0),), 1.0, None, "", "whole", ((3, 3),), by_blas=True, dtype=dtype,
        twin=twin,
    )  # fmt: skip


# What has no derivative.
FACTS = [
    _number(
        "lu_pivots", lambda m, x: m.linalg.lu_factor(_large(m, x)).pivots,
        lambda x: np.array([1, 2, 3]), "int64", lambda m, x: m.tensor([1, 2, 3]),
    ),
    _number(
        "factor_info", lambda m, x: m.linalg.cholesky_ex(_definite(m, x) - 99 * m.eye(3)).info,
        lambda x: np.array(1), "int64", lambda m, x: m.tensor(1),
    ),
    _number("lu_sign", lambda m, x: m.linalg.slogdet(-_large(m, x)).sign,
            lambda x: np.array(-1.0), "float64"),
]  # fmt: skip


def _firm(m: Any, x: Any) -> Any:
    """Symmetric matrices whose diagonal is so large that no rows are exchanged."""
    return x + x.T + 20 * m.eye(3)


def _squeezed(m: Any, low: Any) -> Any:
    """L and D in one another, by Cholesky's factor."""
    d = m.diag(m.diag(low))
    return m.tril(low @ m.linalg.inv(d), -1) + d * d


def _ldl(a: Any) -> Any:
    low = _chol(a)
    return np.tril(low / np.diag(low), -1) + np.diag(np.diag(low) ** 2)


LINALG += [
    _case("ldl_pack", "", lambda m, x: m.linalg.ldl_factor(_firm(m, x)).LD,
          lambda x: _ldl(_firm(np, x)), ((3, 3),), "TransposeBackward0",
          twin=lambda m, x: _squeezed(m, m.linalg.cholesky(_firm(m, x)))),
    _case("ldl_apply", "",
          lambda m, a, b: m.linalg.ldl_solve(*m.linalg.ldl_factor(_firm(m, a)), b),
          lambda a, b: _solve(_firm(np, a), b), ((3, 3), (3, 2)), "LinalgLdlSolveBackward0",
          twin=lambda m, a, b: m.linalg.solve(_firm(m, a), b)),
]  # fmt: skip
FACTS += [
    _number("ldl_info", lambda m, x: m.linalg.ldl_factor_ex(x * 0.0).info,
            lambda x: np.array(1), "int64", lambda m, x: m.tensor(1)),
]  # fmt: skip


def _tall(m: Any, x: Any) -> Any:
    return x + 3 * m.eye(4, 2)


def _pinv_of_three(m: Any, x: Any) -> Any:
    """With tolerances that differ, of which the first counts all singular values."""
    limits = m.tensor([0.0, 1e3, 2e3], dtype=m.float64)
    return m.linalg.pinv(x, atol=limits, rtol=limits)[0]


def _rebuilt(w: Any, v: Any) -> Any:
    """The square of a matrix, by its eigenvalues."""
    return (v * w**2) @ v.mT


def _spread(m: Any, x: Any) -> Any:
    """Matrices whose eigenvalues lie in discs that are apart, so that all are real."""
    centres = [[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, -2.0]]
    return x / 8 + (np.array(centres) if m is np else m.tensor(centres, dtype=m.float64))


def _by_eig(w: Any, v: Any) -> Any:
    """The square of a matrix, by its eigenvalues and any eigenvectors."""
    return (v * w**2) @ ag.linalg.inv(v)


def _from_svd(u: Any, s: Any, vh: Any) -> Any:
    """X X^T X, by the singular values of X."""
    return (u * s**3) @ vh


def _from_qr(q: Any, r: Any) -> Any:
    """X R^T, for which signs of rows of R do not count."""
    return q @ r @ r.mT @ r


def _squared(x: Any) -> Any:
    return _tall(np, x).T @ _tall(np, x)


LINALG += [
    _case("eigh_pack", "", lambda m, x: _rebuilt(*m.linalg.eigh(_definite(m, x))),
          lambda x: _definite(np, x) @ _definite(np, x), ((3, 3),), "MmBackward0"),
    _case("eig_pack", "", lambda m, x: _by_eig(*m.linalg.eig(_spread(m, x))),
          lambda x: _spread(np, x) @ _spread(np, x), ((3, 3),), "MmBackward0",
          twin=lambda m, x: _spread(m, x) @ _spread(m, x)),
    _case("svd_pack", "", lambda m, x: _from_svd(*m.linalg.svd(x, full_matrices=False)),
          lambda x: x @ x.T @ x, ((4, 2),), "MmBackward0"),
    _case("pinv", "", lambda m, x: m.linalg.pinv(_tall(m, x)),
          lambda x: _solve(_squared(x), _tall(np, x).T), ((4, 2),), "LinalgPinvBackward0"),
    _case("pinv_within", "", lambda m, x: _pinv_of_three(m, _tall(m, x)),
          lambda x: _solve(_squared(x), _tall(np, x).T), ((4, 2),), "SelectBackward0",
          twin=lambda m, x: m.linalg.pinv(_tall(m, x))),
    _case("qr_pack", "", lambda m, x: _from_qr(*m.linalg.qr(_tall(m, x))),
          lambda x: _tall(np, x) @ _squared(x), ((4, 2),), "MmBackward0"),
    _case("householder_product", "", lambda m, x, t: m.linalg.householder_product(x, t),
          lambda x, t: np.eye(3, 1) - t[0] * np.vstack([[[1.0]], x[1:]]), ((3, 1), (1,)),
          "LinalgHouseholderProductBackward0"),
    _case("lstsq_solution", "", lambda m, a, b: m.linalg.lstsq(_tall(m, a), b)[0],
          lambda a, b: _solve(_squared(a), _tall(np, a).T @ b), ((4, 2), (4, 3)),
          "LinalgLstsqBackward0"),
]  # fmt: skip


def _sum(op: str, call: Ref, ref: Ref, twin: Ref | None = None) -> Case:
    return Case(
        op, call, ref, ((0.5, 2.0),), 50.0, None, "", "whole", ((3, 3),), by_blas=True, twin=twin
    )  # fmt: skip


FACTS += [
    _sum("eigh_values", lambda m, x: m.linalg.eigvalsh(_definite(m, x.detach())).sum(),
         lambda x: np.trace(_definite(np, x))),
    _sum("eig_values", lambda m, x: (m.linalg.eigvals(_spread(m, x.detach())) ** 2).sum(),
         lambda x: np.trace(_spread(np, x) @ _spread(np, x)),
         lambda m, x: (_spread(m, x.detach()) @ _spread(m, x.detach())).trace()),
    _sum("svd_values", lambda m, x: (m.linalg.svdvals(x.detach()) ** 2).sum(),
         lambda x: (x**2).sum()),
]  # fmt: skip


def _tridiagonal(ab: Any) -> Any:
    return np.diag(ab[1] + 5) + np.diag(ab[0, 1:], 1) + np.diag(ab[2, :-1], -1)


LINALG += [
    _case("banded_solve", "", lambda m, ab, b: m.linalg.solve_banded((1, 1), ab + _middle(m), b),
          lambda ab, b: _solve(_tridiagonal(ab), b), ((3, 4), (4, 2)), "BandedSolveBackward0",
          twin=lambda m, ab, b: m.linalg.solve(m.diag(ab[1] + 5) + m.diag(ab[0, 1:], 1)
                                               + m.diag(ab[2, :-1], -1), b)),
]  # fmt: skip


def _middle(m: Any) -> Any:
    return m.tensor([[0.0], [5.0], [0.0]])
