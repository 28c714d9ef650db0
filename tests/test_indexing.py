# SPDX-License-Identifier: MIT
"""Reading by index, which gives views, and writing by index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values

A = np.arange(60.0).reshape(3, 4, 5)

KEYS: list[Any] = [
    0,
    -1,
    (1, 2),
    (1, -1, 3),
    slice(None),
    slice(1, None),
    slice(None, -1),
    slice(-2, None),
    slice(0, 3, 2),
    slice(5, 9),
    slice(2, 1),
    slice(-100, 100),
    (slice(None), 1),
    (slice(None), slice(1, 3)),
    (slice(None), slice(None), slice(1, None, 2)),
    ...,
    (..., 0),
    (0, ...),
    (0, ..., 1),
    (..., slice(1, 3), 2),
    None,
    (None, 1),
    (1, None, slice(None, 2)),
    (slice(None), None, ..., None, 0),
    (),
    (0, 1, 2, ...),
    np.int64(1),
    np.array(2),
    (np.array(1), -1),
    (np.int32(2), slice(None)),
    slice(np.int64(1), np.int64(3)),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_reading_is_numpys(key: Any) -> None:
    x = ag.tensor(A)
    got, expected = x[key], A[key]
    assert isinstance(got, ag.Tensor)
    assert tuple(got.shape) == np.shape(expected)
    assert np.array_equal(values(got), expected)


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_writing_is_numpys(key: Any) -> None:
    x, a = ag.tensor(A), A.copy()
    x[key] = -1.0
    a[key] = -1.0
    assert np.array_equal(values(x), a)
    fresh = np.random.default_rng(1).random(np.shape(A[key]))
    x[key] = ag.tensor(fresh)
    a[key] = fresh
    assert np.array_equal(values(x), a)


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_gradient_of_reading(key: Any) -> None:
    x = leaf(A)
    (x[key] * 2).sum().backward()
    expected = np.zeros_like(A)
    expected[key] = 2
    assert np.array_equal(values(x.grad), expected)


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_gradient_of_writing(key: Any) -> None:
    x, source = leaf(A), leaf(np.ones(np.shape(A[key])))
    y = x * 1
    y[key] = source
    (y * 3).sum().backward()
    expected = np.full_like(A, 3)
    expected[key] = 0
    assert np.array_equal(values(x.grad), expected)
    assert np.all(values(source.grad) == 3)


def test_indices_that_are_objects() -> None:
    class Index:
        def __index__(self) -> int:
            return 1

    x = ag.tensor(A)
    assert x[Index()].tolist() == A[1].tolist()
    assert x[Index() :].tolist() == A[1:].tolist()


def test_reading_one_element_twice() -> None:
    x = leaf([1.0, 2.0])
    (x[0] * x[0] + x[1]).backward()
    assert x.grad.tolist() == [2.0, 1.0]


def test_iteration() -> None:
    x = ag.tensor(A)
    assert [row.tolist() for row in x] == A.tolist()
    assert len(x) == 3 and len(list(ag.empty(0, 2))) == 0
    assert [v.item() for v in ag.tensor([1.0, 2.0])] == [1.0, 2.0]
    assert 3.0 in ag.tensor([1.0, 3.0]) and 4.0 not in ag.tensor([1.0, 3.0])
    assert [v.item() for v in reversed(ag.tensor([1.0, 2.0]))] == [2.0, 1.0]


@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        (3, IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
        (-4, IndexError, "index -4 is out of bounds for dimension 0 with size 3"),
        ((0, 4), IndexError, "index 4 is out of bounds for dimension 1 with size 4"),
        ((0, 0, 0, 0), IndexError, "too many indices for tensor of dimension 3"),
        (slice(None, None, -1), ValueError, "step must be greater than zero"),
        (slice(None, None, 0), ValueError, "step"),
        (1.5, (IndexError, TypeError), None),
        ("a", (IndexError, TypeError), None),
        ((0, "a"), (IndexError, TypeError), None),
        (np.array(1.0), IndexError, "tensors used as indices must be long, int, byte or bool"),
        (np.array([1], np.uint8), IndexError, "arrays of uint8 are no indices"),
        (np.True_, IndexError, "only integers.* are valid indices .got numpy.bool"),
        ((0, ag.tensor(1.0)), IndexError, "tensors used as indices must be long"),
        (slice("a", None), TypeError, None),
        (2**70, (IndexError, OverflowError, RuntimeError, TypeError), None),
    ],
)
def test_wrong_keys(key: Any, error: Any, text: str) -> None:
    x = ag.tensor(A)
    with pytest.raises(error, match=text):
        x[key]
    with pytest.raises(error, match=text):
        x[key] = 1.0
    assert np.array_equal(values(x), A)


def test_zero_dimensional() -> None:
    x = ag.tensor(1.5)
    assert x[()].item() == 1.5 and x[...].item() == 1.5 and x[None].tolist() == [1.5]
    with pytest.raises(IndexError, match="invalid index of a 0-dim tensor"):
        x[0]
    x[...] = 3.0
    assert x.item() == 3.0
    x[()] = 4.0
    assert x.item() == 4.0


def test_values_that_do_not_fit() -> None:
    x = ag.zeros(2, 3)
    for value in (ag.ones(2), ag.ones(2, 2), ag.ones(3, 3)):
        with pytest.raises(RuntimeError):
            x[:] = value
    with pytest.raises(RuntimeError, match=r"tensor a \(2\) must match .* tensor b \(5\)"):
        x[:] = ag.ones(2, 5, 3)
    for value in ("a", None, object()):
        with pytest.raises(TypeError):
            x[0] = value
    assert values(x).sum() == 0


def test_leading_sizes_of_one_are_dropped() -> None:
    x = ag.zeros(2, 3)
    x[:] = ag.ones(1, 1, 2, 3)
    x[0] = ag.full((1, 1, 1), 5.0)
    assert x.tolist() == [[5.0, 5.0, 5.0], [1.0, 1.0, 1.0]]


def test_assigning_numbers_of_all_kinds() -> None:
    x = ag.zeros(6)
    for k, value in enumerate((1, 2.0, True, np.float64(4), np.int32(5), ag.tensor(6.0))):
        x[k] = value
    assert x.tolist() == [1, 2, 1, 4, 5, 6]


def test_deleting_is_not_possible() -> None:
    x = ag.zeros(3)
    with pytest.raises(TypeError):
        del x[0]
