# SPDX-License-Identifier: MIT
"""Rows of numbers that name places: of all lengths around those where they are looked at and turned
into places in another way, dense and strided, with a wrong one at each place."""

from __future__ import annotations

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits

LENGTHS = (1, 7, 15, 16, 17, 31, 255, 256, 257, 600)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("step", [1, 2])
def test_places_of_rows(n: int, step: int, rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((3, 50)), rng.standard_normal((3, n))
    index = rng.integers(0, 50, (3, n * step))
    places, i = ag.tensor(index)[:, ::step], index[:, ::step]
    x, y = ag.tensor(a), ag.tensor(b)
    assert_same_bits(x.gather(1, places), np.take_along_axis(a, i, 1))
    wanted = a.copy()
    for row in range(3):
        for k in range(n):
            wanted[row, i[row, k]] += b[row, k]
    assert_same_bits(x.scatter_add(1, places, y), wanted)
    assert_same_bits(x[:, places[0] - 50], a[:, i[0]])


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("step", [1, 2])
def test_a_wrong_place_is_found_before_anything_is_written(n: int, step: int) -> None:
    x, y = ag.zeros(50), ag.ones(n)
    for place in {0, n // 2, n - 1}:
        for wrong in (50, -51, 2**52, -(2**52)):
            index = ag.zeros(n * step, dtype=ag.int64)
            index[place * step] = wrong
            with pytest.raises((IndexError, RuntimeError), match=str(wrong)):
                x.scatter_add_(0, index[::step], y)
            with pytest.raises(IndexError):
                x[index[::step]]
            assert not x.any()
