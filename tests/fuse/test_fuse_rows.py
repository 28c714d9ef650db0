# SPDX-License-Identifier: MIT
"""Programs over rows: what is broadcast or a part of a larger matrix gives the bits of the same
numbers in memory of their own, whatever the length of the rows and wherever a tile ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, values

# Short rows, each length copied in its own way; rows about as long as a turn of the code, a block
# of a sum, a tile; and no multiple of these.
SHORT = (1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 21)
LENGTHS = (*SHORT, 31, 32, 33, 63, 64, 97, 128, 200, 256, 257, 300, 316, 1000, 1024, 1500, 4100)
LATE = 9000  # elements: such values pend

Views = tuple[ag.Tensor, ...]
Case = Callable[..., ag.Tensor]


def random(*shape: int) -> ag.Tensor:
    generator = ag.Generator().manual_seed(sum(shape))
    return ag.randn(*shape, generator=generator)


def layouts(length: int) -> dict[str, Views]:
    """Three operands of some rows of this length, in several arrangements."""
    rows = LATE // length + 2
    whole, wide = random(rows, length), random(rows, 2 * length + 5)
    row, column = random(length), random(rows, 1)
    return {
        "row": (whole, row, whole),
        "column": (whole, column, whole),
        "outer": (column, row, column),
        "part": (wide[:, :length], wide[:, length : 2 * length], whole),
        "part, row and column": (wide[:, 3 : length + 3], row, column),
        "blocks": (random(3, rows, length), column, row),
        "middle": (random(3, rows, length), random(3, 1, length), random(rows, 1)),
        "every second": (wide[:, : 2 * length : 2], row, whole),
        "every third": (wide[:, : 2 * length : 2], random(rows, 3 * length)[:, ::3], column),
        "pairs": (random(37, 1, length), random(1, rows, length), column),
        "transposed": (whole, random(length, rows).t(), row),
        "parts of blocks": (random(3, rows, length + 7)[:, :, :length], column, row),
    }


def apart(views: Views) -> Views:
    """The same numbers, each in memory of their own."""
    shape = np.broadcast_shapes(*(view.shape for view in views))
    return tuple(view.expand(shape).contiguous().clone() for view in views)


CASES: dict[str, Case] = {
    "add": lambda x, y, z: x + y,
    "cheap": lambda x, y, z: (x - y) * z + ag.maximum(x, y) / 3.0,
    "mask": lambda x, y, z: ag.where(x > y, x * z, y),
    "kernels": lambda x, y, z: (x * y).exp() * z - (y * 0.5).sin(),
    "kernel of an operand": lambda x, y, z: y.exp() * x + y,
    "kernel of operands": lambda x, y, z: ag.hypot(x, y),
    "kernels of operands": lambda x, y, z: ag.lerp(ag.atan2(x, y), z.exp(), y) * x,
    "signs": lambda x, y, z: ag.copysign(x, y),
    "sum": lambda x, y, z: (x * y + z).sum(),
    "sum of columns": lambda x, y, z: (x * y - z).sum(0),
    "sum of rows": lambda x, y, z: (x * y - z).sum(-1),
    "sum of a kernel": lambda x, y, z: ag.hypot(x, y).sum(),
    "sum of rows of a kernel": lambda x, y, z: ag.hypot(x, y).sum(-1),
    "sum of columns of a kernel": lambda x, y, z: (x * y).tanh().sum(0),
    "mean of columns": lambda x, y, z: ((x - y) * z).mean(0),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("length", LENGTHS)
def test_bits(length: int, case: str) -> None:
    for name, views in layouts(length).items():
        expected = values(CASES[case](*apart(views)))
        assert_same_bits(values(CASES[case](*views)), expected, f"{name}: {case}")


@pytest.mark.parametrize("length", LENGTHS)
def test_gradients(length: int) -> None:
    """Of a matrix, a row and a column at once: two kinds of sums beside what is stored."""
    rows = LATE // length + 2

    def gradients(expand: bool) -> list[ag.Tensor]:
        x, row, column = random(rows, length), random(length), random(rows, 1)
        for leaf in (x, row, column):
            leaf.requires_grad_()
        y, z = row, column
        if expand:
            y, z = row.expand(rows, length).clone(), column.expand(rows, length).clone()
        ((x - y) * z + (x * y).tanh()).square().sum().backward()
        assert x.grad is not None and row.grad is not None and column.grad is not None
        return [x.grad, row.grad, column.grad]

    for got, expected in zip(gradients(False), gradients(True), strict=True):
        np.testing.assert_allclose(values(got), values(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("length", (32, 100, 316, 1024))
def test_writes_in_place(length: int) -> None:
    """Nothing is computed twice where what is read is written."""
    rows = LATE // length + 2
    x, row, column = random(rows, length), random(length), random(rows, 1)
    expected = (values(x) + values(row)) * values(column)
    x += row
    x *= column
    assert_same_bits(values(x), expected, "in place")


@pytest.mark.parametrize("length", (256, 300, 316, 1000, 1024, 3000))
@pytest.mark.parametrize("rows", (1, 2, 3, 50))
def test_sums_of_parts(rows: int, length: int) -> None:
    """Of memory that is dense in each row: blocks of the sum that go over an end are put together,
    the others are read as they lie."""
    wide = random(rows, length + 17)
    for part in (wide[:, :length], wide[:, 17:], wide[:, 1 : length - 1]):
        assert part.sum().item() == part.clone().contiguous().sum().item()


@pytest.mark.parametrize("rows", (1, 4, 7, 8, 9, 31, 130))
@pytest.mark.parametrize("cols", (1, 3, 4, 5, 8, 130))
def test_transposed_copies(rows: int, cols: int) -> None:
    array = np.arange(float(rows * cols * 3)).reshape(3, rows, cols)
    x = ag.tensor(array)
    assert_same_bits(values(x.transpose(1, 2).contiguous()), array.transpose(0, 2, 1), "inner")
    assert_same_bits(values(x.permute(2, 0, 1).contiguous()), array.transpose(2, 0, 1), "outer")
    assert_same_bits(values(x[:, ::2, ::2].contiguous()), array[:, ::2, ::2], "every second")
