# SPDX-License-Identifier: MIT
"""An element's value depends on its operands alone: not on its place, on the array's length, on
whether it is computed at once or late and fused with others, nor on the number of threads."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

import pyautograd as ag
from ops.case import Case, by_id
from ops.cases import INTEGER, MAPS, MASK
from support import Array, assert_same_bits, plain_build_only, values

PIECE = 1000  # computed at once
LATE = 8192  # from here on values pend
LENGTHS = (LATE - 1, LATE, LATE + 1, 65_535, 65_537)
TOTAL = 100_003


@pytest.fixture(autouse=True)
def threads_restored() -> Iterator[None]:
    before = ag.get_num_threads()
    yield
    ag.set_num_threads(before)


def by_pieces(case: Case, arrays: list[Array]) -> Array:
    """The result, from pieces of lengths that no vector and no tile divides."""
    parts, start = [], 0
    while start < TOTAL:
        stop = min(start + PIECE + start % 7, TOTAL)
        parts.append(values(case.call(ag, *(ag.tensor(a[start:stop]) for a in arrays))))
        start = stop
    return np.concatenate(parts)


@pytest.mark.parametrize("case", [*MAPS, *MASK, *INTEGER], ids=by_id)
def test_large_is_small_in_pieces(case: Case, rng: np.random.Generator) -> None:
    arrays = case.sample(rng, *[(TOTAL,)] * case.arity)
    expected = by_pieces(case, arrays)
    tensors = [ag.tensor(a) for a in arrays]
    for threads in (1, 2, 3, 8):
        ag.set_num_threads(threads)
        assert_same_bits(case.call(ag, *tensors), expected, f"{case.id}, {threads} threads")
        fused = case.call(ag, *(x * 1.0 for x in tensors))
        assert_same_bits(fused, expected, f"{case.id} fused, {threads} threads")
        for n in LENGTHS:
            for start in (0, 1, 7, TOTAL - n):
                part = case.call(ag, *(x[start : start + n] for x in tensors))
                what = f"{case.id} [{start}:{start + n}], {threads} threads"
                assert_same_bits(part, expected[start : start + n], what)


@plain_build_only
@pytest.mark.skipif(os.environ.get("PYAUTOGRAD_FUSE") == "0", reason="nothing is late")
def test_what_is_called_late_is_late() -> None:
    """Or the test above compares a thing with itself."""
    small, large = ag.rand(PIECE) * 2.0, ag.rand(LATE) * 2.0
    assert "program" in ag.explain(large)
    assert "program" not in ag.explain(small)
