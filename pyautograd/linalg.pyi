# SPDX-License-Identifier: MIT
# Types of pyautograd.linalg: `make stubs` writes all of this file.

from builtins import bool as _bool
from builtins import int as _int
from collections.abc import Sequence
from typing import Literal, overload

from ._core import _T, Tensor, _Dims, _DType, _Real, _Value, return_types
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
    A: _T,
    *,
    upper: _bool = False,
    check_errors: _bool = False,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.linalg_cholesky_ex:
    """`linalg.cholesky`, and an int64 tensor `info`, which is 0 where a matrix is
    positive-definite, else the order of its first leading minor that is not.

    As a named tuple with the fields `L` and `info`. Where info is not 0, L means nothing.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

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
    A: _T,
    B: Tensor,
    *,
    left: _bool = True,
    check_errors: _bool = False,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.linalg_solve_ex:
    """`linalg.solve`, and an int64 tensor `info`, which is 0 where a matrix can be solved with,
    else the place from 1 on of the first pivot that is 0.

    As a named tuple with the fields `result` and `info`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

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
def inv_ex(
    A: _T, *, check_errors: _bool = False, out: tuple[Tensor, ...] | None = None
) -> return_types.linalg_inv_ex:
    """`linalg.inv`, and an int64 tensor `info`, which is 0 where a matrix has an inverse, else
    the
    place from 1 on of the first pivot that is 0.

    As a named tuple with the fields `inverse` and `info`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        linalg.LinAlgError: check_errors, and a matrix is singular.
        RuntimeError: A is not square, has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def lu_factor(
    A: _T, *, pivot: _bool = True, out: tuple[Tensor, ...] | None = None
) -> return_types.linalg_lu_factor:
    """The factors L and U of matrices with exchanged rows, in one matrix, and the numbers, from 1
    on,
    of the rows that each row was exchanged with in turn, as an int64 tensor.

    As a named tuple with the fields `LU` and `pivots`, which `linalg.lu_solve` takes.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        NotImplementedError: A is not float64.
        RuntimeError: A has fewer than two dimensions, or pivot is False,
            or a matrix cannot be solved with.
        TypeError: an argument is of the wrong type.
    """
def lu_factor_ex(
    A: _T,
    *,
    pivot: _bool = True,
    check_errors: _bool = False,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.linalg_lu_factor_ex:
    """`linalg.lu_factor`, and an int64 tensor `info`, which is 0 where a matrix can be solved
    with,
    else the place from 1 on of the first pivot that is 0.

    As a named tuple with the fields `LU`, `pivots` and `info`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        NotImplementedError: A is not float64.
        RuntimeError: A has fewer than two dimensions, or pivot is False,
            or check_errors, and a matrix cannot be solved with.
        TypeError: an argument is of the wrong type.
    """
def lu(
    A: _T, *, pivot: _bool = True, out: tuple[Tensor, ...] | None = None
) -> return_types.linalg_lu:
    """The factors of A = P L U: a permutation, a lower triangle with ones in its diagonal, an
    upper
    triangle.

    As a named tuple with the fields `P`, `L` and `U`. The gradient divides by all pivots of a
    tall
    matrix, of others not by the last one.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        NotImplementedError: A is not float64.
        RuntimeError: A has fewer than two dimensions, or pivot is False.
        TypeError: an argument is of the wrong type.
    """
def ldl_factor(
    A: _T, *, hermitian: _bool = False, out: tuple[Tensor, ...] | None = None
) -> return_types.linalg_ldl_factor:
    """The factors of symmetric matrices, P A P^T = L D L^T, as LAPACK's sytrf packs them: L has
    ones in its diagonal, D blocks of one or two rows, P exchanges rows.

    As a named tuple with the fields `LD` and `pivots`, int64, which `linalg.ldl_solve` takes.
    Of A the lower triangle is read; it need not be definite. The gradient is symmetric, and
    takes the pivots for fixed. hermitian changes nothing.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        linalg.LinAlgError: a matrix cannot be solved with.
        RuntimeError: A is not square, has fewer than two dimensions, is not float64, or there
            is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
def ldl_factor_ex(
    A: _T,
    *,
    hermitian: _bool = False,
    check_errors: _bool = False,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.linalg_ldl_factor_ex:
    """`linalg.ldl_factor`, and an int64 tensor `info`, which is 0 where a matrix can be solved
    with, else the place from 1 on of the first block of D that is 0.

    As a named tuple with the fields `LD`, `pivots` and `info`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        linalg.LinAlgError: check_errors, and a matrix cannot be solved with.
        RuntimeError: A is not square, has fewer than two dimensions, is not float64, or there
            is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
def ldl_solve(
    LD: _T, pivots: Tensor, B: Tensor, *, hermitian: _bool = False, out: Tensor | None = None
) -> _T:
    """The solution X of A X = B for the symmetric A that `linalg.ldl_factor` made LD and pivots
    of.

    B has the shape (..., n, k). hermitian changes nothing.

    Raises:
        IndexError: B has fewer than two dimensions.
        RuntimeError: LD is not square, pivots are none of ldl_factor, sizes do not fit, dtypes
            are not float64, or there is no LAPACK.
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
def slogdet(A: _T, *, out: tuple[Tensor, ...] | None = None) -> return_types.linalg_slogdet:
    """The signs of the determinants of square matrices, 1, -1 or 0, and the logarithms of their
    absolute values.

    As a named tuple with the fields `sign` and `logabsdet`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: A is not square, has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def eigh(
    A: _T, UPLO: Literal["L", "U", "l", "u"] = "L", *, out: tuple[Tensor, ...] | None = None
) -> return_types.linalg_eigh:
    """The eigenvalues of symmetric matrices in ascending order, and their eigenvectors as
    columns.

    As a named tuple with the fields `eigenvalues` and `eigenvectors`. Of A the lower triangle
    is
    read, or the upper one. The sign of a vector is not determined, nor are those of equal
    eigenvalues: gradients that do not depend on what is not determined are finite.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
        NotImplementedError: A is not float64.
        RuntimeError: A is not square, has fewer than two dimensions, or there is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
def eigvalsh(
    A: _T, UPLO: Literal["L", "U", "l", "u"] = "L", *, out: Tensor | None = None
) -> _T:
    """The eigenvalues of symmetric matrices in ascending order: see `linalg.eigh`.

    Raises:
        linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
        NotImplementedError: A is not float64.
        RuntimeError: A is not square, has fewer than two dimensions, or there is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
def eig(A: _T, *, out: tuple[Tensor, ...] | None = None) -> return_types.linalg_eig:
    """The eigenvalues of square matrices, in no order, and their eigenvectors of norm 1 as
    columns.

    As a named tuple with the fields `eigenvalues`, of the shape (..., n), and `eigenvectors`,
    (..., n, n). There are no complex tensors: all eigenvalues must be real, up to what
    rounding makes of equal ones. `linalg.eigh` is for symmetric matrices. The sign of a
    vector is not determined, nor are those of equal eigenvalues: gradients that do not depend
    on what is not determined are finite, where there are n independent vectors.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        linalg.LinAlgError: a matrix has complex eigenvalues, or the algorithm does not
            converge.
        RuntimeError: A is not finite, not square, has fewer than two dimensions, is not
            float64, or there is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
def eigvals(A: _T, *, out: Tensor | None = None) -> _T:
    """The eigenvalues of square matrices, in no order: see `linalg.eig`.

    Raises:
        linalg.LinAlgError: a matrix has complex eigenvalues, or the algorithm does not
            converge.
        RuntimeError: A is not finite, not square, has fewer than two dimensions, is not
            float64, or there is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
def svd(
    A: _T,
    full_matrices: _bool = True,
    *,
    driver: str | None = None,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.linalg_svd:
    """The factors of A = U diag(S) Vh: U and Vh orthogonal, S in descending order.

    As a named tuple with the fields `U`, `S` and `Vh`. U and Vh are square, if full_matrices,
    else
    they have as many columns, or rows, as there are singular values, and only these have a
    gradient. Gradients that do not depend on what is not determined are finite.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
        RuntimeError: A has fewer than two dimensions, is not float64, there is no LAPACK, or a
            driver is named, which is for GPUs.
        TypeError: an argument is of the wrong type.
    """
def svdvals(A: _T, *, driver: str | None = None, out: Tensor | None = None) -> _T:
    """The singular values of matrices in descending order.

    Raises:
        linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
        RuntimeError: A has fewer than two dimensions, is not float64, there is no LAPACK, or a
            driver is named, which is for GPUs.
        TypeError: an argument is of the wrong type.
    """
def qr(
    A: _T,
    mode: Literal["reduced", "complete", "r"] = "reduced",
    *,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.linalg_qr:
    """The factors of A = Q R: columns that are orthogonal, and an upper triangle.

    As a named tuple with the fields `Q` and `R`. In the mode "complete" Q is square, and has
    no
    gradient where A is tall; in the mode "r" Q is empty.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: A has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def householder_product(A: _T, tau: Tensor, *, out: Tensor | None = None) -> _T:
    """The first n columns of the product of k reflections, 1 - tau[i] v[i] v[i]^T.

    v[i] is what column i of A has below the diagonal, behind a 1 there and zeros before: as QR
    by
    LAPACK gives them.

    Raises:
        RuntimeError: A is wide, has fewer than two dimensions, sizes do not fit, or dtypes are
            not
            float64.
        TypeError: an argument is of the wrong type.
    """
def lstsq(
    A: _T,
    B: Tensor,
    rcond: _Real | None = None,
    *,
    driver: Literal["gelsy", "gels", "gelsd", "gelss"] | None = None,
) -> return_types.linalg_lstsq:
    """The X with the smallest |A X - B|, and among several of them the smallest X.

    As a named tuple with the fields `solution`, `residuals` (the sums of squares of what is
    left,
    where A is tall and of full rank), `rank` (not with the driver gels) and `singular_values`
    (with
    gelsd and gelss); those that there are not are empty. All drivers have the solution of
    gelsd,
    for which singular values up to rcond times the largest count as 0.

    Raises:
        linalg.LinAlgError: the algorithm does not converge.
        RuntimeError: sizes do not fit, dtypes are not float64, or there is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
def vector_norm(
    input: _T,
    ord: _Real = 2,
    dim: _Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> _T:
    """The ord-th roots of the sums of the ord-th powers of sizes, of all elements or along
    dimensions;
    of ord inf and -inf the largest and the smallest size, of 0 how many are not 0.

    Where the norm is 0 the gradient is 0. Equal sizes share that of inf and -inf.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the input or dtype is not float64, or there are no elements for an
            infinite ord.
        TypeError: an argument is of the wrong type.
    """
def matrix_norm(
    A: _T,
    ord: _Real | str | None = "fro",
    dim: _Dims = (-2,
    -1),
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> _T:
    """The norms of matrices, which lie in two dimensions: of ord "fro" the root of the sum of
    squares; "nuc", the sum of singular values; 2 and -2, the largest and the smallest of
    these; 1 and -1, the
    largest and the smallest sum of sizes of a column; inf and -inf, of a row.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: there is no such norm, A or dtype is not float64, or A has fewer than two
            dimensions.
        TypeError: an argument is of the wrong type.
    """
def norm(
    A: _T,
    ord: _Value | None = None,
    dim: _Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> _T:
    """`linalg.vector_norm` without an ord, or along one dimension; else `linalg.matrix_norm`.

    Without a dim but with an ord, A is a vector or a matrix.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: there is no such norm, or A or dtype is not float64.
        TypeError: an argument is of the wrong type.
    """
def cond(A: _T, p: _Value | None = None, *, out: Tensor | None = None) -> _T:
    """The condition numbers of matrices: the norm of each by that of its inverse, for p as in
    `linalg.matrix_norm`, and the ratio of the largest and the smallest singular value without
    one.

    That of a singular matrix is inf.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: there is no such norm, A is not square (but for p of 2, -2 and None), or
            is not
            float64.
        TypeError: an argument is of the wrong type.
    """
def matrix_power(A: _T, n: _int, *, out: Tensor | None = None) -> _T:
    """The n-th powers of square matrices, of their inverses where n is negative.

    Raises:
        linalg.LinAlgError: n is negative, and a matrix is singular.
        RuntimeError: A is not square, has fewer than two dimensions, or n is negative and A is
            not float64.
        TypeError: an argument is of the wrong type.
    """
def matrix_exp(A: _T) -> _T:
    """The exponentials of square matrices.

    Raises:
        RuntimeError: A is not square, has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def cross(input: _T, other: Tensor, *, dim: _int = -1, out: Tensor | None = None) -> _T:
    """The vector products along a dimension of size 3. Other dimensions broadcast.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: it has not size 3, or shapes do not fit.
        TypeError: an argument is of the wrong type.
    """
def vecdot(x: _T, y: Tensor, *, dim: _int = -1, out: Tensor | None = None) -> _T:
    """The inner products along a dimension. x and y broadcast.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: shapes do not fit.
        TypeError: an argument is of the wrong type.
    """
def multi_dot(tensors: Sequence[_T], *, out: Tensor | None = None) -> _T:
    """The product of two or more matrices, in the order that takes the fewest multiplications.

    The first may be a vector, which is a row, and the last one, which is a column; the result
    lacks their dimensions.

    Raises:
        RuntimeError: there are fewer than two, one is neither, sizes do not fit, or dtypes
            differ.
        TypeError: an argument is of the wrong type.
    """
def vander(x: _T, *, N: _int | None = None) -> _T:
    """The powers of a vector's elements as columns, from 0 to N - 1, or of batches of vectors.

    x has the shape (..., n), the result (..., n, N); N is n if not given. `vander` of the
    package has the highest power first.

    Raises:
        RuntimeError: N is less than 2, or the tensor is bool.
        TypeError: an argument is of the wrong type.
    """
def tensorinv(A: _T, ind: _int = 2, *, out: Tensor | None = None) -> _T:
    """The inverse of A as a map of tensors of the shape of its last dimensions to those of the
    first
    ind: the inverse of the matrix that A is with both made one dimension.

    Raises:
        linalg.LinAlgError: that matrix is singular.
        RuntimeError: it is not square, ind is not positive, or A is not float64.
        TypeError: an argument is of the wrong type.
    """
def tensorsolve(
    A: _T, B: Tensor, dims: _Dims | None = None, *, out: Tensor | None = None
) -> _T:
    """The solution X of A X = B, where A maps tensors of the shape of its last dimensions to
    those of the shape of B: tensordot(A, X, X.ndim) is B.

    A has the shape B.shape + X.shape, after the dimensions dims have been moved behind the
    others, in their order.

    Raises:
        linalg.LinAlgError: A is singular as a matrix of both made one dimension.
        RuntimeError: that matrix is not square, or does not fit B, or dtypes are not float64.
        IndexError: a dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def solve_banded(l_and_u: _Dims, ab: Tensor, b: Tensor) -> Tensor:
    """The solution of A x = b, as SciPy's: A has l diagonals below the main one and u above.

    ab has the shape (..., l + u + 1, n), and A[i][j] is ab[u + i - j][j]; b is a vector, or
    has the
    shape (..., n, k).

    Raises:
        linalg.LinAlgError: A is singular.
        RuntimeError: sizes do not fit, dtypes are not float64, or there is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
def solveh_banded(ab: _T, b: Tensor, lower: _bool = False) -> _T:
    """The solution of A x = b, as SciPy's: A is symmetric, with p diagonals beside the main one.

    ab has the shape (..., p + 1, n), and A[i][j] is ab[p + i - j][j] for the upper triangle,
    or
    ab[i - j][j] for the lower one. A need not be positive-definite.

    Raises:
        linalg.LinAlgError: A is singular.
        RuntimeError: sizes do not fit, dtypes are not float64, or there is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
@overload
def pinv(
    A: _T,
    *,
    atol: Tensor | None = None,
    rtol: Tensor | None = None,
    hermitian: _bool = False,
    out: Tensor | None = None,
) -> _T:
    """The pseudoinverses of matrices, or of symmetric ones, of which the lower triangle is read.

    Singular values up to the larger of atol and rtol times the largest one count as 0. Without
    either, rtol is the larger size times the spacing of numbers at 1, 2.2e-16. Both are
    numbers, or both are tensors that broadcast to the batch, which no gradient reaches.
    `rcond` is an old name of rtol.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
        RuntimeError: A has fewer than two dimensions, is not float64, tolerances do not
            broadcast, or there is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
@overload
def pinv(
    A: _T,
    *,
    atol: _Real | None = None,
    rtol: _Real | None = None,
    hermitian: _bool = False,
    out: Tensor | None = None,
) -> _T: ...
@overload
def pinv(A: _T, rcond: Tensor, hermitian: _bool = False, *, out: Tensor | None = None) -> _T: ...
@overload
def pinv(A: _T, rcond: _Real, hermitian: _bool = False, *, out: Tensor | None = None) -> _T: ...
@overload
def matrix_rank(
    A: _T,
    *,
    atol: Tensor | None = None,
    rtol: Tensor | None = None,
    hermitian: _bool = False,
    out: Tensor | None = None,
) -> _T:
    """How many singular values of each matrix do not count as 0: see `linalg.pinv`. An int64
    tensor. `tol` is an old name of atol, beside which rtol is 0.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
        RuntimeError: A has fewer than two dimensions, is not float64, tolerances do not
            broadcast, or there is no LAPACK.
        TypeError: an argument is of the wrong type.
    """
@overload
def matrix_rank(
    A: _T,
    *,
    atol: _Real | None = None,
    rtol: _Real | None = None,
    hermitian: _bool = False,
    out: Tensor | None = None,
) -> _T: ...
@overload
def matrix_rank(
    A: _T, tol: Tensor, hermitian: _bool = False, *, out: Tensor | None = None
) -> _T: ...
@overload
def matrix_rank(
    A: _T, tol: _Real, hermitian: _bool = False, *, out: Tensor | None = None
) -> _T: ...
