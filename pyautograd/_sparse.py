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
    return (matrix, True) if by_columns else (matrix.tocsr(), False)


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


def product(x: Any, y: Any) -> Tensor:
    """Return x @ y, of which one is a Tensor and one a sparse matrix of SciPy's."""
    on_right = isinstance(x, Tensor)
    tensor, matrix = (x, y) if on_right else (y, x)
    lines, transposed = _rows_of(_checked(matrix))
    rows, cols = reversed(lines.shape) if transposed else lines.shape
    count = int(lines.indptr[-1])  # behind them there may be room that is not used
    values = np.asarray(lines.data[:count], np.float64)
    return _core._sparse_product(
        tensor, values, lines.indptr, lines.indices[:count], rows, cols, transposed, on_right
    )
