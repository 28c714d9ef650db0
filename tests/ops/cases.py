# SPDX-License-Identifier: MIT
"""The op cases: for each op of `csrc/include/ops.def` at least one, which drives the tests of
values, layouts, gradients, second derivatives, CPU levels, extremes and parity.

A case says how to call the op (`call`, with the library to use as its first argument, so that the
same text runs with torch), what it should give (`ref`, on long doubles, which have 11 more bits
than the values), where to draw inputs and which points of no derivative to keep away from, by
how many units in the last place the value may be off, and the name that `grad_fn` prints.

To add an op: one `Case` in the list of its family, in the file cases_<family>.py.
"""

from __future__ import annotations

from ops import cases_pairs, cases_special
from ops.cases_activations import ACTIVATION_MAPS, ACTIVATION_WHOLES
from ops.cases_elementwise import BINARY, SCALAR, SELECT, SOFTPLUS, UNARY
from ops.cases_elementwise import INTEGER as BITS
from ops.cases_elementwise import MASK as COMPARISONS
from ops.cases_indexing import INDEXING, PLACES_OF
from ops.cases_linalg import FACTS, LINALG
from ops.cases_matrix import MATRIX
from ops.cases_order import ORDER, PLACES
from ops.cases_random import DRAWS
from ops.cases_reductions import FORMULA, REDUCE
from ops.cases_reductions import TRUTHS as TRUTHS_OF
from ops.cases_rows import ROWS
from ops.cases_scans import SCANS
from ops.cases_shapes import SHAPES
from ops.cases_views import IN_PLACE, INNER, SEVERAL, VIEW

__all__ = ["CASES", "DIFFERENTIABLE", "INTEGER", "MAPS", "MASK", "TRUTHS", "UNARY", "WHOLES"]

MASK = [*COMPARISONS, *cases_pairs.MASK]
INTEGER = [*BITS, *cases_pairs.INTEGER]
TRUTHS = [*TRUTHS_OF, *PLACES_OF, *cases_pairs.TRUTHS, *PLACES, *FACTS]
MAPS = [*UNARY, *SOFTPLUS, *BINARY, *SCALAR, *SELECT, *ACTIVATION_MAPS, *cases_pairs.MAPS]
MAPS += cases_special.MAPS
WHOLES = [
    *REDUCE, *FORMULA, *VIEW, *SEVERAL, *IN_PLACE, *INNER, *cases_pairs.INNER, *ACTIVATION_WHOLES,
    *ROWS, *SCANS, *INDEXING, *SHAPES, *ORDER, *DRAWS, *MATRIX, *LINALG,
    *cases_special.WHOLES,
]  # fmt: skip
DIFFERENTIABLE = [*MAPS, *WHOLES]
CASES = [*DIFFERENTIABLE, *MASK, *INTEGER, *TRUTHS]
