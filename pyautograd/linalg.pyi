# SPDX-License-Identifier: MIT
# Types of pyautograd.linalg: `make stubs` writes all of this file.

from builtins import bool as _bool
from builtins import int as _int

from ._core import _T, Tensor, return_types
from ._core import matmul as matmul

__all__: list[str]

class LinAlgError(RuntimeError): ...

def diagonal(A: _T, *, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> _T:
    """A view of the diagonals of matrices, or of two other dimensions, which become the last one.

    offset says how far above the main diagonal it is, or below where negative.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: it is the same dimension twice.
        TypeError: an argument is of the wrong type.
    """
def cholesky(A: _T, *, upper: _bool = False, out: Tensor | None = None) -> _T:
    """The factor L, lower triangular, of symmetric positive-definite matrices A = L L^T; or U of
    U^T U, if upper.

    Only one triangle of A is read: the lower one, or the upper one. The gradient is symmetric.

    Raises:
        linalg.LinAlgError: a matrix is not positive-definite.
        RuntimeError: A is not square, has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def cholesky_ex(
    A: _T, *, upper: _bool = False, check_errors: _bool = False
) -> return_types.linalg_cholesky_ex:
    """`linalg.cholesky`, and an int64 tensor `info`, which is 0 where a matrix is
    positive-definite, else the order of its first leading minor that is not.

    As a named tuple with the fields `L` and `info`. Where info is not 0, L means nothing.

    Raises:
        linalg.LinAlgError: check_errors, and a matrix is not positive-definite.
        RuntimeError: A is not square, has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def solve_triangular(
    A: _T,
    B: Tensor,
    upper: _bool,
    *,
    left: _bool = True,
    unitriangular: _bool = False,
    out: Tensor | None = None,
) -> _T:
    """The solution X of A X = B, or of X A = B if not left, with triangular matrices A.

    Of A the upper triangle is read, or the lower one; not the diagonal, if unitriangular,
    which
    counts as ones. The batches of A and B broadcast. Where a diagonal has a 0, X is inf or
    nan.

    Raises:
        RuntimeError: A is not square, sizes do not fit, or dtypes are not float64.
        TypeError: an argument is of the wrong type.
    """
def solve(A: _T, B: Tensor, *, left: _bool = True, out: Tensor | None = None) -> _T:
    """The solution X of A X = B, or of X A = B if not left, with square matrices A.

    B has the shape (..., n, k), or (..., n) for vectors, which is so where B has one
    dimension, or
    one less than A and the same batch. Otherwise the batches of A and B broadcast. The
    gradient
    solves with the same factor.

    Raises:
        linalg.LinAlgError: a matrix is singular.
        RuntimeError: A is not square, sizes do not fit, or dtypes are not float64.
        TypeError: an argument is of the wrong type.
    """
def solve_ex(
    A: _T, B: Tensor, *, left: _bool = True, check_errors: _bool = False
) -> return_types.linalg_solve_ex:
    """`linalg.solve`, and an int64 tensor `info`, which is 0 where a matrix can be solved with,
    else the place from 1 on of the first pivot that is 0.

    As a named tuple with the fields `result` and `info`.

    Raises:
        linalg.LinAlgError: check_errors, and a matrix is singular.
        RuntimeError: A is not square, sizes do not fit, or dtypes are not float64.
        TypeError: an argument is of the wrong type.
    """
def inv(A: _T, *, out: Tensor | None = None) -> _T:
    """The inverses of square matrices.

    `linalg.solve` is faster and more accurate than to multiply with an inverse.

    Raises:
        linalg.LinAlgError: a matrix is singular.
        RuntimeError: A is not square, has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def inv_ex(A: _T, *, check_errors: _bool = False) -> return_types.linalg_inv_ex:
    """`linalg.inv`, and an int64 tensor `info`, which is 0 where a matrix has an inverse, else
    the
    place from 1 on of the first pivot that is 0.

    As a named tuple with the fields `inverse` and `info`.

    Raises:
        linalg.LinAlgError: check_errors, and a matrix is singular.
        RuntimeError: A is not square, has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def lu_factor(A: _T, *, pivot: _bool = True) -> return_types.linalg_lu_factor:
    """The factors L and U of matrices with exchanged rows, in one matrix, and the numbers, from 1
    on,
    of the rows that each row was exchanged with in turn, as an int64 tensor.

    As a named tuple with the fields `LU` and `pivots`, which `linalg.lu_solve` takes.

    Raises:
        NotImplementedError: A is not float64.
        RuntimeError: A has fewer than two dimensions, or pivot is False,
            or a matrix cannot be solved with.
        TypeError: an argument is of the wrong type.
    """
def lu_factor_ex(
    A: _T, *, pivot: _bool = True, check_errors: _bool = False
) -> return_types.linalg_lu_factor_ex:
    """`linalg.lu_factor`, and an int64 tensor `info`, which is 0 where a matrix can be solved
    with,
    else the place from 1 on of the first pivot that is 0.

    As a named tuple with the fields `LU`, `pivots` and `info`.

    Raises:
        NotImplementedError: A is not float64.
        RuntimeError: A has fewer than two dimensions, or pivot is False,
            or check_errors, and a matrix cannot be solved with.
        TypeError: an argument is of the wrong type.
    """
def lu(A: _T, *, pivot: _bool = True) -> return_types.linalg_lu:
    """The factors of A = P L U: a permutation, a lower triangle with ones in its diagonal, an
    upper
    triangle.

    As a named tuple with the fields `P`, `L` and `U`. The gradient divides by all pivots of a
    tall
    matrix, of others not by the last one.

    Raises:
        NotImplementedError: A is not float64.
        RuntimeError: A has fewer than two dimensions, or pivot is False.
        TypeError: an argument is of the wrong type.
    """
def lu_solve(
    LU: _T,
    pivots: Tensor,
    B: Tensor,
    *,
    left: _bool = True,
    adjoint: _bool = False,
    out: Tensor | None = None,
) -> _T:
    """The solution X of A X = B, of X A = B if not left, or with A^T if adjoint, for the A that
    `linalg.lu_factor` made LU and pivots of.

    Raises:
        RuntimeError: LU is not square, pivots are no such int64 tensor, sizes do not fit, or
            dtypes are not float64.
        TypeError: an argument is of the wrong type.
    """
def det(A: _T, *, out: Tensor | None = None) -> _T:
    """The determinants of square matrices.

    Of a singular matrix the gradient is the adjugate, transposed.

    Raises:
        RuntimeError: A is not square, has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def slogdet(A: _T) -> return_types.linalg_slogdet:
    """The signs of the determinants of square matrices, 1, -1 or 0, and the logarithms of their
    absolute values.

    As a named tuple with the fields `sign` and `logabsdet`.

    Raises:
        RuntimeError: A is not square, has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
