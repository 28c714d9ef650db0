# SPDX-License-Identifier: MIT
# Types of pyautograd.linalg: `make stubs` writes all of this file.

from builtins import int as _int

from ._core import _T

__all__: list[str]

def diagonal(A: _T, *, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> _T:
    """A view of the diagonals of matrices, or of two other dimensions, which become the last one.

    offset says how far above the main diagonal it is, or below where negative.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: it is the same dimension twice.
        TypeError: an argument is of the wrong type.
    """
