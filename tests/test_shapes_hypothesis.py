# SPDX-License-Identifier: MIT
"""Shapes against NumPy, for whatever hypothesis can think of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pyautograd as ag
from support import leaf, values

SHAPES = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5)


def filled(shape: tuple[int, ...]) -> Any:
    return np.arange(1.0, math.prod(shape) + 1).reshape(shape)


@st.composite
def factorised(draw: st.DrawFn, n: int) -> tuple[int, ...]:
    """A shape of n elements, perhaps with ones, perhaps with one size left to be found."""
    shape = []
    while n > 1 and draw(st.booleans()):
        divisor = draw(st.sampled_from([d for d in range(1, n + 1) if n % d == 0]))
        shape.append(divisor)
        n //= divisor
    shape.append(n)
    shape += [1] * draw(st.integers(0, 2))
    return tuple(draw(st.permutations(shape)))


@st.composite
def views(draw: st.DrawFn) -> tuple[Any, Any]:
    """A tensor and an equal array after the same few view operations."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=6))
    a = filled(shape)
    x = ag.tensor(a)
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["permute", "index", "expand", "unsqueeze", "squeeze"]))
        if kind == "permute":
            order = draw(st.permutations(range(a.ndim)))
            x, a = x.permute(order), a.transpose(order)
        elif kind == "index":
            key = draw(hnp.basic_indices(a.shape, allow_newaxis=True, max_dims=5))
            if negative_step(key) or np.ndim(a[key]) > 5:
                continue
            x, a = x[key], np.asarray(a[key])
        elif kind == "expand":
            front = draw(hnp.array_shapes(min_dims=0, max_dims=1, min_side=1, max_side=3))
            target = (*front, *(n if n != 1 else draw(st.integers(0, 3)) for n in a.shape))
            if len(target) <= 6:
                x, a = x.expand(target), np.broadcast_to(a, target)
        elif kind == "unsqueeze" and a.ndim < 6:
            place = draw(st.integers(-a.ndim - 1, a.ndim))
            x, a = x.unsqueeze(place), np.expand_dims(a, place)
        elif kind == "squeeze":
            x, a = x.squeeze(), a.squeeze()
    return x, a


def negative_step(key: Any) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(p, slice) and (p.step or 1) < 0 for p in parts)


def assert_equal(x: Any, a: Any) -> None:
    assert tuple(x.shape) == np.shape(a)
    assert np.array_equal(values(x), a)


@given(views())
def test_views(pair: tuple[Any, Any]) -> None:
    x, a = pair
    assert_equal(x, a)
    assert_equal(x.contiguous(), a)
    assert_equal(x + 1, a + 1)
    assert_equal(x.clone(), a)
    assert x.tolist() == a.tolist()
    assert x.numel() == a.size and x.ndim == a.ndim
    if a.size:
        if x.is_contiguous():
            assert a.flags.c_contiguous
        for n, mine, theirs in zip(a.shape, x.stride(), a.strides, strict=True):
            assert n == 1 or mine * 8 == theirs


@given(views(), st.data())
def test_reductions_of_views(pair: tuple[Any, Any], data: st.DataObject) -> None:
    x, a = pair
    assert np.isclose(values(x.sum()), a.sum(), rtol=1e-14)
    if a.ndim == 0:
        return
    axes = data.draw(st.lists(st.integers(0, a.ndim - 1), unique=True, min_size=1))
    axes = [axis - a.ndim if data.draw(st.booleans()) else axis for axis in axes]
    keep = data.draw(st.booleans())
    got = x.sum(axes, keepdim=keep)
    expected = a.sum(axis=tuple(axes), keepdims=keep)
    assert tuple(got.shape) == expected.shape
    assert np.allclose(values(got), expected, rtol=1e-14)
    if a.size:
        assert np.allclose(
            values(x.mean(tuple(axes), keep)), a.mean(axis=tuple(axes), keepdims=keep), rtol=1e-14
        )


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=5, max_dims=5))
def test_broadcast(shapes: Any) -> None:
    a, b = (filled(shape) for shape in shapes.input_shapes)
    x, y = leaf(a), leaf(b)
    z = x * y
    assert_equal(z, a * b)
    z.sum().backward()
    assert_equal(x.grad, sum_to(np.broadcast_to(b, z.shape), a.shape))
    assert_equal(y.grad, sum_to(np.broadcast_to(a, z.shape), b.shape))
    assert np.array_equal(ag.tensor(a) < ag.tensor(b), a < b)


@given(hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_side=4, max_dims=4))
def test_broadcast_of_three(shapes: Any) -> None:
    mask, a, b = (filled(shape) for shape in shapes.input_shapes)
    assert_equal(ag.where(mask % 2 == 0, ag.tensor(a), ag.tensor(b)), np.where(mask % 2 == 0, a, b))
    assert_equal(
        ag.clamp(ag.tensor(mask), ag.tensor(a), ag.tensor(a) + 3),
        np.minimum(np.maximum(mask, a), a + 3) * np.ones(np.broadcast_shapes(mask.shape, a.shape)),
    )


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    front = tuple(range(g.ndim - len(shape)))
    kept = g.sum(axis=front)
    ones = tuple(k for k, n in enumerate(shape) if n == 1)
    return kept.sum(axis=ones, keepdims=True)


@given(SHAPES, SHAPES)
def test_shapes_that_do_not_broadcast(first: Any, second: Any) -> None:
    try:
        expected = np.broadcast_shapes(first, second)
    except ValueError:
        with pytest.raises(RuntimeError, match="must match the size of tensor b"):
            ag.zeros(first) + ag.zeros(second)
    else:
        assert tuple((ag.zeros(first) + ag.zeros(second)).shape) == expected


@given(st.data())
def test_reshape(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 48))
    first, second = data.draw(factorised(n)), data.draw(factorised(n))
    a = filled(first)
    x = leaf(a)
    y = x.view(second)
    assert_equal(y, a.reshape(second))
    asked = list(second)
    asked[data.draw(st.integers(0, len(asked) - 1))] = -1
    assert_equal(x.reshape(asked), a.reshape(second))
    (y * ag.tensor(filled(second))).sum().backward()
    assert_equal(x.grad, filled(second).reshape(first))


@given(views(), st.data())
def test_view_where_it_is_possible_and_reshape_always(
    pair: tuple[Any, Any], data: st.DataObject
) -> None:
    """A view that succeeds shares memory and shows what NumPy's reshape shows."""
    x, a = pair
    if not a.size:
        return
    target = data.draw(factorised(a.size))
    assert_equal(x.reshape(target), a.reshape(target))
    try:
        v = x.view(target)
    except RuntimeError as error:
        assert "view size is not compatible" in str(error)
        assert not x.is_contiguous()
    else:
        assert_equal(v, a.reshape(target))
        assert np.shares_memory(v.numpy(), x.numpy())


@given(st.data())
def test_indexing(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5))
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=6))
    a = filled(shape)
    x = leaf(a)
    if negative_step(key):
        with pytest.raises(ValueError, match="step must be greater than zero"):
            x[key]
        return
    got = x[key]
    assert_equal(got, np.asarray(a[key]))
    (got * 2).sum().backward()
    expected = np.zeros(shape)
    expected[key] = 2
    assert_equal(x.grad, expected)
    written = a.copy()
    written[key] = -1
    y = ag.tensor(a)
    y[key] = -1
    assert_equal(y, written)


@given(SHAPES, st.data())
def test_transposes(shape: Any, data: st.DataObject) -> None:
    if not shape:
        return
    a = filled(shape)
    i, j = (data.draw(st.integers(-len(shape), len(shape) - 1)) for _ in range(2))
    assert_equal(ag.tensor(a).transpose(i, j), a.swapaxes(i, j))
    start = data.draw(st.integers(0, len(shape) - 1))
    end = data.draw(st.integers(start, len(shape) - 1))
    merged = (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])
    assert_equal(ag.tensor(a).flatten(start, end), a.reshape(merged))


@given(hnp.arrays(np.float64, SHAPES, elements=st.floats(allow_nan=True, width=64)))
def test_numpy_round_trip(a: Any) -> None:
    x = ag.tensor(a)
    assert np.array_equal(x.numpy(), a, equal_nan=True)
    assert np.array_equal(np.signbit(x.numpy()), np.signbit(a))
    assert np.array_equal(values(ag.tensor(x.tolist())).ravel(), a.ravel(), equal_nan=True)
    assert np.array_equal(ag.from_numpy(a).numpy(), a, equal_nan=True)


@given(st.data())
def test_writes_through_views(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5))
    a = filled(shape)
    x = leaf(a)
    y, b = x * 1, a.copy()
    scale = np.ones(shape)
    for factor in (2.0, 3.0):
        key = data.draw(hnp.basic_indices(shape))
        if negative_step(key):
            continue
        y[key] *= factor
        b[key] *= factor
        scale[key] *= factor
    assert_equal(y, b)
    y.sum().backward()
    assert_equal(x.grad, scale)
