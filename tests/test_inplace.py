# SPDX-License-Identifier: MIT
"""Writes: in place, through views, through `.data` and under no_grad; and the versions that
notice when a value that a derivative needs is no longer what it was."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import grad_fn_name, leaf, values

MODIFIED = "one of the variables needed for gradient computation has been modified by an inplace"
LEAF = "a leaf Variable that requires grad is being used in an in-place operation"
VIEW_OF_LEAF = "a view of a leaf Variable that requires grad is being used in an in-place operation"

WRITES: dict[str, Callable[[Any], Any]] = {
    "add_": lambda x: x.add_(1),
    "sub_": lambda x: x.sub_(1),
    "mul_": lambda x: x.mul_(2),
    "div_": lambda x: x.div_(2),
    "zero_": lambda x: x.zero_(),
    "fill_": lambda x: x.fill_(3),
    "copy_": lambda x: x.copy_(ag.ones(())),
    "+=": lambda x: operator.iadd(x, 1),
    "-=": lambda x: operator.isub(x, 1),
    "*=": lambda x: operator.imul(x, 2),
    "/=": lambda x: operator.itruediv(x, 2),
    "[0] =": lambda x: operator.setitem(x, 0, 1.0),
    "[:] =": lambda x: operator.setitem(x, slice(None), 1.0),
    "[...] =": lambda x: operator.setitem(x, ..., 1.0),
}


# ---- values --------------------------------------------------------------------------------------


def test_values() -> None:
    x = ag.tensor([1.0, 2.0, 3.0])
    y = ag.tensor([10.0, 20.0, 30.0])
    assert x.add_(y).tolist() == [11, 22, 33]
    assert x.sub_(y).tolist() == [1, 2, 3]
    assert x.mul_(y).tolist() == [10, 40, 90]
    assert x.div_(y).tolist() == [1, 2, 3]
    assert x.add_(y, alpha=0.5).tolist() == [6, 12, 18]
    assert x.sub_(1).tolist() == [5, 11, 17]
    assert x.copy_(y).tolist() == [10, 20, 30]
    assert x.fill_(2.5).tolist() == [2.5] * 3
    assert x.fill_(ag.tensor(7.0)).tolist() == [7.0] * 3
    assert x.zero_().tolist() == [0.0] * 3


@pytest.mark.parametrize("name", WRITES)
def test_returns_and_changes_the_object_itself(name: str) -> None:
    x = ag.tensor([4.0, 8.0])
    other = x.view(2)
    result = WRITES[name](x)
    assert result is x or (result is None and "=" in name)
    assert other.tolist() == x.tolist() != [4.0, 8.0]


def test_augmented_assignment_keeps_the_object() -> None:
    x = y = ag.tensor([1.0, 2.0])
    x += 1
    x *= ag.tensor([2.0, 3.0])
    x -= np.float64(1)
    x /= 2
    assert y is x and y.tolist() == [1.5, 4.0]


def test_power_of_augmented_assignment() -> None:
    x = ag.tensor([2.0, 3.0])
    y = x
    x **= 2
    assert x.tolist() == [4.0, 9.0]
    assert y.tolist() in ([4.0, 9.0], [2.0, 3.0])


def test_broadcast_into() -> None:
    x = ag.zeros(2, 3)
    x.add_(ag.tensor([1.0, 2.0, 3.0]))
    x.mul_(ag.tensor([[1.0], [10.0]]))
    assert x.tolist() == [[1, 2, 3], [10, 20, 30]]
    x.copy_(ag.tensor([7.0]))
    assert values(x).sum() == 42


def test_with_itself() -> None:
    x = ag.tensor([1.0, 2.0])
    assert x.add_(x).tolist() == [2, 4]
    assert x.mul_(x).tolist() == [4, 16]
    assert x.copy_(x).tolist() == [4, 16]
    m = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    m += m.clone().t()
    assert m.tolist() == [[2, 5], [5, 8]]


def test_strided_target(rng: np.random.Generator) -> None:
    for n in (3, 40, 3000):
        a = rng.standard_normal((n, 4))
        x, expected = ag.tensor(a), a.copy()
        x.t().mul_(ag.tensor(np.arange(4.0)).unsqueeze(1))
        expected *= np.arange(4.0)
        x[:, ::2] += 1
        expected[:, ::2] += 1
        x[1::2, 1].fill_(9)
        expected[1::2, 1] = 9
        assert np.array_equal(values(x), expected)


def test_sources_that_overlap_are_read_before_anything_is_written() -> None:
    x = ag.tensor(np.arange(6.0))
    x[1:].add_(x[:-1])
    assert x.tolist() == [0, 1, 3, 5, 7, 9]
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 3, 5, 7]
    x[:3].copy_(x[2:5])
    assert x.tolist() == [1, 3, 5, 3, 5, 7]
    m = ag.tensor(np.arange(9.0).reshape(3, 3))
    m += m.t()
    assert m.tolist() == [[0, 4, 8], [4, 8, 12], [8, 12, 16]]
    y = ag.tensor(np.arange(5000.0))
    y[1:] += y[:-1]
    assert np.array_equal(values(y)[1:], 2 * np.arange(1, 5000) - 1)


def test_a_target_that_overlaps_itself_is_refused() -> None:
    one = ag.ones(1)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        one.expand(3).add_(1)
    assert one.tolist() == [1.0]


def test_wrong_shapes_change_nothing() -> None:
    x = ag.tensor([1.0, 2.0, 3.0])
    for other in (ag.ones(2), ag.ones(2, 3)):
        for name in ("add_", "sub_", "mul_", "div_", "copy_"):
            with pytest.raises(RuntimeError):
                getattr(x, name)(other)
    assert x.tolist() == [1.0, 2.0, 3.0]


# ---- leaves --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITES)
def test_a_leaf_that_requires_grad_is_not_written(name: str) -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(
        RuntimeError, match=rf"^(a view of )?{LEAF}" if name[0] == "[" else f"^{LEAF}"
    ):
        WRITES[name](x)
    with pytest.raises(RuntimeError, match=VIEW_OF_LEAF):
        WRITES[name](x[:1])
    assert x.tolist() == [1.0, 2.0] and x.is_leaf


@pytest.mark.parametrize("name", WRITES)
def test_a_leaf_is_written_under_no_grad(name: str) -> None:
    x = leaf([4.0, 8.0])
    with ag.no_grad():
        WRITES[name](x)
    assert x.tolist() != [4.0, 8.0]
    assert x.is_leaf and x.requires_grad and x.grad_fn is None
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("name", WRITES)
def test_a_leaf_is_written_through_data(name: str) -> None:
    x = leaf([4.0, 8.0])
    WRITES[name](x.data)
    assert x.tolist() != [4.0, 8.0] and x.is_leaf and x.requires_grad


def test_a_leaf_that_does_not_require_grad_becomes_an_inner_tensor() -> None:
    y, x = ag.tensor([1.0, 2.0]), leaf([3.0, 4.0])
    y *= x
    assert y.requires_grad and not y.is_leaf and grad_fn_name(y) == "MulBackward0"
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 2.0]


# ---- autograd of writes --------------------------------------------------------------------------


def test_operators_are_recorded() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 5.0])
    y = x * 1
    y += 1
    y *= w
    y -= x
    y /= 2
    assert grad_fn_name(y) == "DivBackward0"
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 2.0] and w.grad.tolist() == [1.0, 1.5]


@pytest.mark.parametrize("name", ["zero_", "fill_", "copy_", "[:] =", "[...] ="])
def test_overwriting_cuts_the_gradient(name: str) -> None:
    x = leaf([1.0, 2.0])
    y = x * 3
    WRITES[name](y)
    assert y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_copy_and_fill_pass_the_gradient_to_their_source() -> None:
    x, w = leaf([1.0, 2.0]), leaf(3.0)
    y = ag.zeros(2, 2)
    y.copy_(x)
    assert grad_fn_name(y) == "CopyBackwards"
    (y * ag.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert x.grad.tolist() == [4.0, 6.0]
    z = ag.zeros(3)
    z.fill_(w)
    z.sum().backward()
    assert w.grad.item() == 3.0


def test_item_assignment() -> None:
    x = leaf([1.0, 2.0, 3.0, 4.0])
    y = x.clone()
    y[1] = x[0] * 3
    y[2:] = 5.0
    assert y.tolist() == [1.0, 3.0, 5.0, 5.0] and grad_fn_name(y) == "CopySlices"
    y.sum().backward()
    assert x.grad.tolist() == [4.0, 0.0, 0.0, 0.0]


def test_rows_and_columns_assigned() -> None:
    x, row, column = leaf(np.ones((3, 2))), leaf([5.0, 6.0]), leaf([7.0, 8.0, 9.0])
    y = x * 2
    y[1] = row
    y[:, 1] = column * 2
    weights = ag.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    (y * weights).sum().backward()
    assert x.grad.tolist() == [[2, 0], [0, 0], [10, 0]]
    assert row.grad.tolist() == [3, 0] and column.grad.tolist() == [4, 8, 12]


def test_an_element_assigned_from_another() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x * 1
    y[0] = y[1]
    y[1] = y[2] * 2
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 3.0]


def test_assigned_values_are_broadcast() -> None:
    y = ag.zeros(2, 3)
    y[:] = ag.tensor([1.0, 2.0, 3.0])
    y[0, 1:] = 9
    y[..., 0] = -1
    y[None, 1] = 7
    assert y.tolist() == [[-1, 9, 9], [7, 7, 7]]
    y[0] = ag.tensor([[5.0, 6.0, 7.0]])  # leading dimensions of 1 are dropped
    assert y.tolist()[0] == [5, 6, 7]
    s = leaf(2.0)
    z = ag.zeros(2, 3)
    z[1] = s
    z.sum().backward()
    assert s.grad.item() == 3.0


def test_a_write_through_a_view_is_seen_by_base_and_siblings() -> None:
    x = leaf([1.0, 2.0, 3.0, 4.0])
    y = x * 2
    v, w = y[:2], y[1:3]
    v.mul_(5)
    assert y.tolist() == [10, 20, 6, 8] and w.tolist() == [20, 6]
    assert grad_fn_name(y) == "CopySlices"
    assert grad_fn_name(v) == "AsStridedBackward0"
    w.sum().backward()
    assert x.grad.tolist() == [0.0, 10.0, 2.0, 0.0]


def test_a_write_to_the_base_is_seen_by_its_views() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x * 2
    v = y[1:]
    y.mul_(10)
    assert grad_fn_name(v) == "AsStridedBackward0"
    v.sum().backward()
    assert x.grad.tolist() == [0.0, 20.0, 20.0]


def test_a_view_of_a_view_is_written() -> None:
    x, w = leaf(np.arange(12.0).reshape(3, 4)), leaf([2.0, 3.0])
    y = x + 0
    y.t()[1:3].t()[1].mul_(w)
    (y * y).sum().backward()
    a = np.arange(12.0).reshape(3, 4)
    expected = 2 * a
    expected[1, 1:3] *= np.array([4.0, 9.0])
    assert np.allclose(values(x.grad), expected, rtol=1e-15)
    assert np.allclose(values(w.grad), 2 * a[1, 1:3] ** 2 * [2.0, 3.0], rtol=1e-15)


def test_a_base_without_grad_gets_one_through_its_view() -> None:
    y, x = ag.ones(4), leaf([3.0, 5.0])
    v, sibling = y[:2], y[1:]
    v.mul_(x)
    assert y.requires_grad and sibling.requires_grad and grad_fn_name(y) == "CopySlices"
    (sibling * 2).sum().backward()
    assert x.grad.tolist() == [0.0, 2.0]


def test_repeated_writes_through_views_stay_linear_in_their_number() -> None:
    x = leaf(np.zeros(50))
    y = x * 1
    for k in range(50):
        y[k] = y[k - 1] + 1
    y[49].backward()
    assert x.grad.tolist() == [0.0] * 49 + [1.0]


def test_second_derivative_through_writes() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x**3
    y[1:] *= x[:2]
    (first,) = ag.autograd.grad(y.sum(), x, create_graph=True)
    # d/dx of x0^3 + x1^3 x0 + x2^3 x1
    assert first.tolist() == [3 + 8, 3 * 4 * 1 + 27, 3 * 9 * 2]
    (second,) = ag.autograd.grad(first.sum(), x)
    assert second.tolist() == [6 + 12, 12 + 12 + 27, 27 + 36]


# ---- versions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("saves", ["output", "input"])
def test_a_saved_value_must_not_be_written(name: str, saves: str) -> None:
    x = leaf([1.0, 2.0])
    held = x.exp() if saves == "output" else ag.tensor([3.0, 4.0])
    z = (held * 2).sum() if saves == "output" else (x * held).sum()
    with ag.no_grad():
        WRITES[name](held)
    with pytest.raises(RuntimeError, match=MODIFIED):
        z.backward()
    assert x.grad is None


def test_the_message_says_what_and_which_versions() -> None:
    x = leaf(np.ones((2, 3)))
    y = x.exp()
    z = y.sum()
    with ag.no_grad():
        y.add_(1)
        y.add_(1)
    with pytest.raises(RuntimeError) as caught:
        z.backward()
    text = str(caught.value)
    assert "[2, 3]" in text and "Exp" in text
    assert "is at version 2; expected version 0 instead" in text
    w = ag.ones(3)
    z = (leaf([1.0, 2.0, 3.0]) * w).sum()
    w.add_(1)
    with pytest.raises(RuntimeError, match=r"\[3\].*is at version 1; expected version 0"):
        z.backward()


def test_what_is_not_saved_may_be_written() -> None:
    x = leaf([1.0, 2.0])
    y = x + 3
    z = (y + 1).sum() + (y - x).sum()
    y.mul_(100)
    z.backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_values_before_the_write_count() -> None:
    """What was computed from a value stays what it was: writes happen after."""
    w = ag.tensor(np.ones(5000))
    y = w * 2
    w.zero_()
    assert values(y).sum() == 10000


def test_a_write_through_any_view_is_noticed() -> None:
    for write in (
        lambda y: y[0].add_(1),
        lambda y: y.detach().add_(1),
        lambda y: operator.setitem(y.view(2), 1, 5.0),
        lambda y: y.t().zero_(),
    ):
        x = leaf([1.0, 2.0])
        y = x * 2
        z = (y * y).sum()
        write(y)
        with pytest.raises(RuntimeError, match=MODIFIED):
            z.backward()


def test_a_write_past_the_tape_is_not_noticed() -> None:
    """`.data` is for that, and so is the memory that NumPy was given."""
    x = leaf([1.0, 2.0])
    w = ag.tensor([1.0, 1.0])
    z = (x * w).sum()
    w.data.mul_(7)
    z.backward()
    assert x.grad.tolist() == [7.0, 7.0]


def test_a_write_that_fails_is_no_write() -> None:
    x, w = leaf([1.0, 2.0]), ag.tensor([3.0, 4.0])
    z = (x * w).sum()
    for attempt in (
        lambda: w.add_(ag.ones(3)),
        lambda: w.copy_(ag.ones(2, 2)),
        lambda: w.add_("a"),
    ):
        with pytest.raises((RuntimeError, TypeError)):
            attempt()
    z.backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_a_view_made_under_no_grad_is_not_written_outside() -> None:
    y = leaf([1.0, 2.0, 3.0]) * 2
    with ag.no_grad():
        v = y[:2]
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode and is being"):
        v.add_(1)
    with ag.no_grad():
        v.add_(1)
    assert y.tolist() == [3.0, 5.0, 6.0]


def test_writing_one_part_spoils_a_saved_other_part() -> None:
    """One version for a storage, as with PyTorch: cautious, never wrong."""
    x = leaf([1.0, 2.0])
    base = ag.tensor([3.0, 4.0, 5.0, 6.0])
    z = (x * base[:2]).sum()
    base[2:].zero_()
    with pytest.raises(RuntimeError, match=MODIFIED):
        z.backward()


# ---- assigning .data -----------------------------------------------------------------------------


def test_data_assignment() -> None:
    x = leaf([1.0, 2.0])
    fresh = ag.tensor([[5.0, 6.0, 7.0]])
    x.data = fresh
    assert x.tolist() == [[5.0, 6.0, 7.0]] and x.requires_grad and x.is_leaf
    x.sum().backward()
    assert tuple(x.grad.shape) == (1, 3)
    fresh.zero_()
    assert x.tolist() == [[0.0, 0.0, 0.0]]
    y = leaf([1.0]) * 2
    x.data = y
    assert x.is_leaf and x.grad_fn is None
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got int"):
        x.data = 3


# ---- where elements share memory -----------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 20_000])
def test_one_number_may_be_written_to_shared_memory(size: int) -> None:
    x = ag.ones(2)
    e = x.expand(size, 2)
    assert e.fill_(2.0) is e and x.tolist() == [2.0, 2.0] and e._version == 1
    e[:, 0].zero_()
    assert x.tolist() == [0.0, 2.0] and e[size - 1].tolist() == [0.0, 2.0]
    e[1:].fill_(np.float64(7.0))
    assert x.tolist() == [7.0, 7.0] and x._version == 3
    e[0] = 5.0  # no element of this one shares its memory with another
    assert x.tolist() == [5.0, 5.0]


@pytest.mark.parametrize(
    "write",
    [
        lambda e: e.fill_(ag.tensor(2.0)),
        lambda e: e.copy_(2.0),
        lambda e: e.copy_(ag.tensor(2.0)),
        lambda e: e.__setitem__(slice(None), 2.0),
        lambda e: e.__setitem__((slice(None), 0), 2.0),
        lambda e: e.__setitem__(slice(None), ag.ones(2)),
        lambda e: e.add_(1.0),
        lambda e: e.mul_(0.0),
        lambda e: e.exp_(),
    ],
)
def test_other_writes_to_shared_memory_are_refused(write: Callable[[ag.Tensor], object]) -> None:
    x = ag.ones(2)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        write(x.expand(3, 2))
    assert x.tolist() == [1.0, 1.0] and x._version == 0


@pytest.mark.parametrize("n", [2, 20_000])
@pytest.mark.parametrize("columns", [slice(None), slice(0, 1), slice(1, None)])
def test_a_recorded_write_to_shared_memory(n: int, columns: slice) -> None:
    """What was written over has no part in the sum any more; the rest has one for each row."""
    x = leaf(np.arange(1.0, n + 1))
    y = x * 1
    e = y.expand(3, n)
    e[:, columns].fill_(5.0)
    expected = np.tile(np.arange(1.0, n + 1), (3, 1))
    expected[:, columns] = 5.0
    assert np.array_equal(values(e), expected) and np.array_equal(values(y), expected[0])
    weights = np.arange(1.0, 3 * n + 1).reshape(3, n)
    ((e * ag.tensor(weights)).sum() + y.sum()).backward()
    slope = weights.sum(0) + 1
    slope[columns] = 0.0
    assert np.array_equal(values(x.grad), slope)


def test_diagonals_of_a_tall_matrix_are_filled_in_one_write() -> None:
    x = ag.zeros(8, 2)
    x.fill_diagonal_(3.0, wrap=True)
    assert x._version == 1 and x.nonzero().tolist() == [[k, k % 3] for k in (0, 1, 3, 4, 6, 7)]
    base = ag.ones(8, 2, requires_grad=True)
    y = (base * 2).t().contiguous().t()
    y.fill_diagonal_(5.0, wrap=True)
    (y * y).sum().backward()
    assert (base.grad == 0).equal(x != 0) and y.detach()[x != 0].tolist() == [5.0] * 6
