# SPDX-License-Identifier: MIT
"""Products of tensors and SciPy's sparse matrices, which are constants: `A @ x` and `x @ A`.

Loaded by the first of them. SciPy is not: what is needed of a matrix it has itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._core import Tensor

__all__ = ["product"]


def _rows_of(matrix: Any) -> tuple[Any, bool]:
    """The matrix by its rows (CSR); or itself if it is stored by its columns (CSC), which are the
    rows of what it is the transpose of."""
    by_columns = matrix.format == "csc"
    return (matrix, by_columns) if by_columns or matrix.format == "csr" else (matrix.tocsr(), False)


def _checked(matrix: Any) -> Any:
    if matrix.ndim != 2:
        raise RuntimeError(
            f"matmul: expected a sparse matrix of two dimensions, got one of {matrix.ndim}"
        )
    if matrix.dtype.kind not in "biuf":
        raise TypeError(
            "matmul: a sparse matrix times a Tensor is a constant of real numbers or bools, "
            f"got one of {matrix.dtype}"
        )
    return matrix


def _converted(lines: Any) -> tuple[Any, Any, Any]:
    """Values as float64, starts of rows and columns as int64, without the room behind them."""
    count = int(lines.indptr[-1])
    return (
        np.ascontiguousarray(lines.data[:count], np.float64),
        np.ascontiguousarray(lines.indptr, np.int64),
        np.ascontiguousarray(lines.indices[:count], np.int64),
    )


def product(x: Any, y: Any) -> Tensor:
    """Return x @ y, of which one is a Tensor and one a sparse matrix of SciPy's."""
    on_right = isinstance(x, Tensor)
    tensor, matrix = (x, y) if on_right else (y, x)
    lines, transposed = _rows_of(_checked(matrix))
    rows, cols = reversed(lines.shape) if transposed else lines.shape
    sizes = rows, cols, transposed, on_right
    arrays = lines.data, lines.indptr, lines.indices
    result = _core._sparse_product(tensor, *arrays, *sizes)
    if result is None:  # these are other numbers, or not one behind the other
        result = _core._sparse_product(tensor, *_converted(lines), *sizes)
    return result
