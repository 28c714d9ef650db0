"""Products of a matrix that is transposed, in part, or by rows, nothing recorded."""

from __future__ import annotations

from benchmarks import _rivals, sums
from benchmarks._plan import Options, Table

PRODUCTS = (
    ("m * 2.0", "m * 2.0"),
    ("m.t() * 2.0", "m.T * 2.0"),
    ("m.t() * m.t()", "m.T * m.T"),
    ("m.t() * m", "m.T * m"),
    ("m[:, ::2] * 2.0", "m[:, ::2] * 2.0"),
    ("m[0] * m", "m[0] * m"),
)


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Every product at each size, a table for each number of threads."""
    return sums.tables(libraries, options, sums.TITLE, PRODUCTS)
