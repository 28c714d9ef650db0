# SPDX-License-Identifier: MIT
"""Indexing against PyTorch: values, shapes, dtypes, gradients, second derivatives, errors."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

Call = Callable[[Any, Any], Any]
RELATIVE = 1e-12


def _outcome(lib: Any, call: Callable[..., Any], arrays: list[Any]) -> Any:
    """The result of a call of leaves with its gradients and second derivatives, or the class of
    what it raises."""
    leaves = [lib.tensor(a, dtype=lib.float64, requires_grad=True) for a in arrays]
    try:
        out = call(lib, *leaves)
    except Exception as error:
        kind = type(error)
        return RuntimeError if kind is NotImplementedError else kind
    if isinstance(out, tuple):
        return [np.asarray(t.detach().numpy()) for t in out]
    values = [np.asarray(out.detach().numpy())]
    if not out.requires_grad:
        return [*values, str(out.dtype).split(".")[-1]]
    weights = np.linspace(0.5, 1.5, values[0].size).reshape(values[0].shape)
    scalar = (out * out * lib.tensor(weights, dtype=lib.float64)).sum()
    grads = lib.autograd.grad(scalar, leaves, create_graph=True, allow_unused=True)
    total = sum(((g * g).sum() for g in grads if g is not None), scalar * 0)
    second = lib.autograd.grad(total, leaves, allow_unused=True)
    for grad, leaf in zip([*grads, *second], leaves * 2, strict=True):
        zeros = np.zeros(tuple(leaf.shape))
        values.append(zeros if grad is None else np.asarray(grad.detach().numpy()))
    return [*values, type(out.grad_fn).__name__ if lib is not ag else out.grad_fn.name()]


def assert_same(
    torch: ModuleType, call: Callable[..., Any], *arrays: Any, any_error: bool = False
) -> None:
    """The same, or (`any_error`) an error of another class."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        ours, theirs = (_outcome(lib, call, list(arrays)) for lib in (ag, torch))
    finally:
        torch.set_default_dtype(before)
    if not isinstance(theirs, list) or not isinstance(ours, list):
        raised = [x if not isinstance(x, list) else "a result" for x in (ours, theirs)]
        if any_error:
            assert "a result" not in raised
        else:
            assert raised[0] == raised[1]
        return
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(b, str):
            assert a == b
            continue
        assert a.shape == b.shape and a.dtype == b.dtype, (a.shape, b.shape, a.dtype, b.dtype)
        scale = float(np.abs(b).max(initial=0.0)) if np.isfinite(b).all() else 0.0
        np.testing.assert_allclose(a, b, rtol=RELATIVE, atol=RELATIVE * scale)


# ---- x[...] --------------------------------------------------------------------------------------

T, F = True, False
WHOLE = slice(None)
A, B = [0, 2, 1], [[1, -1], [0, 2]]
MASK = [[T, F, T, F], [F, F, T, T], [T, T, T, T]]

# Each is made with the library's own tensor: `t` of lists.
KEYS: dict[str, Callable[[Any], Any]] = {
    "list": lambda t: A,
    "one": lambda t: t(A),
    "negative": lambda t: t([-1, 0, -3]),
    "matrix": lambda t: t(B),
    "nested list": lambda t: B,
    "array": lambda t: np.array(A),
    "tuple inside": lambda t: ((0, 1),),
    "0-d": lambda t: t(1),
    "0-d array": lambda t: np.array(1),
    "numpy int": lambda t: np.int64(2),
    "empty list": lambda t: [],
    "empty": lambda t: t([]).long(),
    "second": lambda t: (WHOLE, t(A)),
    "last": lambda t: (..., t(A)),
    "two": lambda t: (t(A), t([0, 1, 2])),
    "two that broadcast": lambda t: (t(B), t([0, 1])),
    "apart": lambda t: (t([0, 1]), WHOLE, t([0, 3])),
    "apart, broadcast": lambda t: (t([[0], [1]]), WHOLE, t([0, 3])),
    "int and apart": lambda t: (0, WHOLE, t([0, 3])),
    "between": lambda t: (WHOLE, t([0, 1]), 1),
    "int between": lambda t: (t([0, 1]), 1, t([1, 2])),
    "slice": lambda t: (slice(1, None), t([0, 1])),
    "stepped": lambda t: (slice(None, None, 2), t([0, 1]), slice(1, 3)),
    "none first": lambda t: (None, t([0, 1])),
    "none between": lambda t: (t([0, 1]), None, t([0, 1])),
    "none last": lambda t: (t([0, 1]), None),
    "ellipsis between": lambda t: (t([0, 1]), ..., t([0, 1])),
    "all three": lambda t: (t([0, 1]), t([1, 1]), t([2, 2])),
    "mask": lambda t: t([T, F, T]),
    "mask list": lambda t: [T, F, T],
    "mask of two": lambda t: t(MASK).t()[:3, :3] if False else t([[T, F, T, F]] * 3),
    "mask last": lambda t: (..., t([T, F, T, T, F])),
    "mask and numbers": lambda t: (t([T, F, T]), t([0, 3])),
    "masks apart": lambda t: (t([T, F, T]), WHOLE, t([T, T, F, F, F])),
    "nothing true": lambda t: t([F, F, F]),
    "true": lambda t: True,
    "false": lambda t: False,
    "true tensor": lambda t: t(True),
    "true and slice": lambda t: (slice(1), True),
    "true and numbers": lambda t: (True, t([0, 1])),
    "numpy bool": lambda t: np.bool_(True),
    "array mask": lambda t: np.array([T, F, T]),
    # Wrong ones:
    "out of range": lambda t: t([3]),
    "out of range below": lambda t: t([-4]),
    "second out of range": lambda t: (t([0, 1]), t([0, 4])),
    "floats": lambda t: t([0.0]),
    "list of floats": lambda t: [0.5],
    "mismatch": lambda t: (t([0, 1]), t([0, 1, 2])),
    "mask too short": lambda t: t([T, F]),
    "masks of other counts": lambda t: (t([T, T, T]), t([T, T, F, F])),
    "too many": lambda t: (t([0]),) * 4,
    "too many of a mask": lambda t: (t([[T, F, T, F]] * 3), 0, 0),
    "text": lambda t: "a",
    "float": lambda t: 1.0,
    "backwards": lambda t: slice(None, None, -1),
    "step 0": lambda t: (t([0]), slice(None, None, 0)),
}
LAYOUTS: dict[str, Call] = {
    "rows": lambda lib, x: x,
    "transposed": lambda lib, x: x.permute(2, 1, 0).contiguous().permute(2, 1, 0),
    "sliced": lambda lib, x: lib.cat([x, x], 2)[..., ::2] if False else (x * 1.0)[...],
}


# PyTorch reads [[..], ..] as a tuple of index tensors still, takes the whole parts of floats in a
# list, and raises TypeError for texts.
OWN = {"nested list", "list of floats", "text"}


@pytest.mark.parametrize("name", [n for n in KEYS if n not in OWN])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_read(name: str, layout: str, torch: ModuleType, rng: np.random.Generator) -> None:
    x = rng.uniform(0.5, 2.0, (3, 4, 5))
    assert_same(torch, lambda lib, x: LAYOUTS[layout](lib, x)[KEYS[name](lib.tensor)], x)


VALUES: dict[str, Callable[[Any, tuple[int, ...]], Any]] = {
    "whole": lambda rng, shape: rng.uniform(0.5, 2.0, shape),
    "number": lambda rng, shape: rng.uniform(0.5, 2.0),
    "row": lambda rng, shape: rng.uniform(0.5, 2.0, shape[-1:]),
    "ones in front": lambda rng, shape: rng.uniform(0.5, 2.0, (1, 1, *shape)),
    "wrong": lambda rng, shape: rng.uniform(0.5, 2.0, (7,)),
}
# Which of several is written to one place is not PyTorch's to say.
REPEATED = {"matrix", "two that broadcast", "all three", "int between"} | OWN


@pytest.mark.parametrize("name", [n for n in KEYS if n not in REPEATED])
@pytest.mark.parametrize("kind", VALUES)
def test_write(name: str, kind: str, torch: ModuleType, rng: np.random.Generator) -> None:
    x = rng.uniform(0.5, 2.0, (3, 4, 5))
    try:
        shape = tuple(torch.tensor(x)[KEYS[name](torch.tensor)].shape)
    except Exception:
        shape = (2,)

    def write(lib: Any, x: Any, v: Any) -> Any:
        y = x * 1.0
        y[KEYS[name](lib.tensor)] = v
        return y

    assert_same(torch, write, x, VALUES[kind](rng, shape), any_error=True)


@pytest.mark.parametrize("name", [n for n in KEYS if n not in REPEATED])
def test_write_a_number(name: str, torch: ModuleType, rng: np.random.Generator) -> None:
    def write(lib: Any, x: Any) -> Any:
        y = x * 1.0
        y[KEYS[name](lib.tensor)] = 2.5
        return y

    assert_same(torch, write, rng.uniform(0.5, 2.0, (3, 4, 5)))


@pytest.mark.parametrize("name", [n for n in KEYS if n not in OWN])
def test_add_in_place(name: str, torch: ModuleType, rng: np.random.Generator) -> None:
    """What is read, then added to, then written: of a repeated index the last one."""

    def add(lib: Any, x: Any) -> Any:
        y = x * 1.0
        y[KEYS[name](lib.tensor)] += 1.0
        return y

    assert_same(torch, add, rng.uniform(0.5, 2.0, (3, 4, 5)))


def test_write_through_views(torch: ModuleType, rng: np.random.Generator) -> None:
    def through(lib: Any, x: Any, v: Any) -> Any:
        y = x * 1.0
        part = y.t()[1:]
        part[lib.tensor([0, 2])] = v
        return y * part.sum()

    assert_same(torch, through, rng.uniform(0.5, 2.0, (3, 4)), rng.uniform(0.5, 2.0, (2, 3)))


# ---- functions -----------------------------------------------------------------------------------

X, Y = (3, 4), (3, 4)
CALLS: dict[str, Call] = {
    "gather": lambda lib, x: x.gather(0, lib.tensor([[0, 2, 1, 1], [2, 2, 2, 0]])),
    "gather, smaller": lambda lib, x: lib.gather(x, -1, lib.tensor([[3, 3]])),
    "gather, larger": lambda lib, x: lib.gather(x, 1, lib.tensor([[0] * 6] * 3)),
    "gather, too large": lambda lib, x: lib.gather(x, 1, lib.tensor([[0]] * 4)),
    "gather, dims": lambda lib, x: lib.gather(x, 1, lib.tensor([0])),
    "gather, range": lambda lib, x: lib.gather(x, 1, lib.tensor([[4]])),
    "gather, negative": lambda lib, x: lib.gather(x, 1, lib.tensor([[-1]])),
    "gather, floats": lambda lib, x: lib.gather(x, 1, lib.tensor([[0.0]])),
    "gather, dim": lambda lib, x: lib.gather(x, 2, lib.tensor([[0]])),
    "gather, empty": lambda lib, x: lib.gather(x, 1, lib.tensor([[]]).long()),
    "gather, empty of other dims": lambda lib, x: lib.gather(x, 1, lib.tensor([]).long()),
    "gather, 0-d": lambda lib, x: lib.gather(x.sum(), 0, lib.tensor(0)),
    "gather, 0-d by a vector": lambda lib, x: lib.gather(x.sum(), 0, lib.tensor([0, 0])),
    "gather, transposed": lambda lib, x: x.t().gather(0, lib.tensor([[3, 0, 0]])),
    "index_select": lambda lib, x: x.index_select(1, lib.tensor([3, 0, 3])),
    "index_select, 0-d": lambda lib, x: x.index_select(0, lib.tensor(1)),
    "index_select of 0-d": lambda lib, x: x.sum().index_select(0, lib.tensor([0])),
    "index_select of 0-d, two": lambda lib, x: x.sum().index_select(0, lib.tensor([0, 0])),
    "index_select, range": lambda lib, x: x.index_select(1, lib.tensor([4])),
    "index_select, range below": lambda lib, x: x.index_select(1, lib.tensor([-1])),
    "index_select, matrix": lambda lib, x: x.index_select(1, lib.tensor([[0]])),
    "index_select, floats": lambda lib, x: x.index_select(1, lib.tensor([0.0])),
    "index_select, empty": lambda lib, x: x.index_select(1, lib.tensor([]).long()),
    "index_select, transposed": lambda lib, x: x.t().index_select(0, lib.tensor([3, 0, 3])),
    "take": lambda lib, x: x.take(lib.tensor([[0, 5], [-1, 0]])),
    "take, transposed": lambda lib, x: x.t().take(lib.tensor([1, 5, -1])),
    "take, range": lambda lib, x: x.take(lib.tensor([12])),
    "take, floats": lambda lib, x: x.take(lib.tensor([1.0])),
    "take of 0-d": lambda lib, x: x.sum().take(lib.tensor([0, -1])),
    "take of nothing": lambda lib, x: x[:0].take(lib.tensor([0])),
    "take_along_dim": lambda lib, x: lib.take_along_dim(x, lib.tensor([[0], [2]]), 0),
    "take_along_dim, last": lambda lib, x: x.take_along_dim(lib.tensor([[3, 1]]), -1),
    "take_along_dim, behind": lambda lib, x: x.take_along_dim(lib.tensor([[-3, 1], [0, -1]]), 0),
    "take_along_dim, behind all": lambda lib, x: x.take_along_dim(lib.tensor([5, -1])),
    "take_along_dim, all": lambda lib, x: x.take_along_dim(lib.tensor([5, 0, 5])),
    "take_along_dim, dims": lambda lib, x: x.take_along_dim(lib.tensor([0]), 1),
    "take_along_dim, sizes": lambda lib, x: x.take_along_dim(lib.tensor([[0, 0]]), 0),
    "masked_select": lambda lib, x: x.masked_select(x > 1),
    "masked_select, broadcast": lambda lib, x: x.masked_select(lib.tensor([T, F, T, F])),
    "masked_select, broadcast x": lambda lib, x: x[0].masked_select(lib.tensor(MASK)),
    "masked_select, dtype": lambda lib, x: x.masked_select(lib.tensor([1, 0, 1, 1])),
    "masked_select, shape": lambda lib, x: x.masked_select(lib.tensor([T, F])),
    "masked_fill": lambda lib, x: x.masked_fill(x > 1, 0.25),
    "masked_fill, broadcast": lambda lib, x: x[0].masked_fill(lib.tensor(MASK), -1),
    "masked_fill by a tensor": lambda lib, x: x.masked_fill(lib.tensor([T, F, T, F]), x.sum()),
    "masked_fill by an int tensor": lambda lib, x: x.masked_fill(x > 1, lib.tensor(3)),
    "masked_fill, dims": lambda lib, x: x.masked_fill(x > 1, lib.tensor([3.0])),
    "masked_fill, dtype": lambda lib, x: x.masked_fill(lib.tensor([1, 0, 1, 1]), 3.0),
    "masked_fill of ints": lambda lib, x: lib.tensor([1, 2]).masked_fill(lib.tensor([T, F]), 2.75),
    "masked_fill_": lambda lib, x: (x * 1).masked_fill_(x > 1, 0.5),
    "masked_fill_, by a tensor": lambda lib, x: (x * 1).masked_fill_(x > 1, x.sum()),
    "masked_fill_, shape": lambda lib, x: (x[0] * 1).masked_fill_(lib.tensor(MASK), 0.5),
    "index_fill": lambda lib, x: x.index_fill(1, lib.tensor([0, -1, 0]), 2),
    "index_fill by a tensor": lambda lib, x: x.index_fill(0, lib.tensor([2, 2]), x.sum()),
    "index_fill, dims": lambda lib, x: x.index_fill(0, lib.tensor([2]), lib.tensor([1.0])),
    "index_fill, range": lambda lib, x: x.index_fill(0, lib.tensor([3]), 1.0),
    "index_fill, matrix": lambda lib, x: x.index_fill(0, lib.tensor([[0]]), 1.0),
    "index_fill, floats": lambda lib, x: x.index_fill(0, lib.tensor([0.0]), 1.0),
    "index_fill_": lambda lib, x: (x * 1).index_fill_(1, lib.tensor([0, -1, 0]), 2),
    "index_fill of 0-d": lambda lib, x: x.sum().index_fill(0, lib.tensor([0]), 2),
    "nonzero": lambda lib, x: (x > 1).nonzero(),
    "nonzero of floats": lambda lib, x: lib.tensor([np.nan, 0.0, -0.0, 2.0]).nonzero(),
    "nonzero, tuple": lambda lib, x: (x > 1).nonzero(as_tuple=True),
    "nonzero of 0-d": lambda lib, x: lib.tensor(5.0).nonzero(),
    "nonzero of 0-d, tuple": lambda lib, x: lib.tensor(5.0).nonzero(as_tuple=True),
    "nonzero of 0": lambda lib, x: lib.tensor(0.0).nonzero(),
    "nonzero of three": lambda lib, x: (x[None].expand(2, 3, 4) > 1).nonzero(),
    "nonzero of nothing": lambda lib, x: x[:0].nonzero(),
    "argwhere": lambda lib, x: lib.argwhere(x > 1),
    "where": lambda lib, x: lib.where(x > 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str, torch: ModuleType, rng: np.random.Generator) -> None:
    assert_same(torch, CALLS[name], rng.uniform(0.5, 2.0, X), any_error="range" in name)


WRITES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "scatter, value": lambda lib, x, y: x.scatter(0, lib.tensor([[0, 2], [2, 0]]), value=2.5),
    "scatter": lambda lib, x, y: x.scatter(0, lib.tensor([[0, 2, 1, 1], [2, 0, 0, 0]]), y[:2]),
    "scatter, last": lambda lib, x, y: x.scatter(-1, lib.tensor([[3, 0], [1, 2]]), y[:2, :2]),
    "scatter, range": lambda lib, x, y: x.scatter(0, lib.tensor([[3]]), y),
    "scatter, dims": lambda lib, x, y: x.scatter(0, lib.tensor([0]), y),
    "scatter, dims of src, range": lambda lib, x, y: x.scatter(0, lib.tensor([[0]]), y[0]),
    "scatter, large": lambda lib, x, y: x.scatter(0, lib.tensor([[0] * 5]), y),
    "scatter, dtype": lambda lib, x, y: x.scatter(0, lib.tensor([[0]]), lib.tensor([[1]])),
    "scatter, floats": lambda lib, x, y: x.scatter(0, lib.tensor([[0.0]]), y),
    "scatter a number": lambda lib, x, y: x.scatter(0, lib.tensor([[0, 2, 1, 1]]), 2),
    "scatter into ints": lambda lib, x, y: lib.tensor([1, 2]).scatter(0, lib.tensor([1]), 2.5),
    "scatter, empty": lambda lib, x, y: x.scatter(0, lib.tensor([[]]).long(), y[:1, :0]),
    "scatter_": lambda lib, x, y: (x * 1).scatter_(0, lib.tensor([[0, 2, 1, 1]] * 1), y[:1]),
    "scatter_add": lambda lib, x, y: x.scatter_add(0, lib.tensor([[0, 2, 1, 1]] * 3), y),
    "scatter_add, last": lambda lib, x, y: x.scatter_add(1, lib.tensor([[0, 2, 1, 1]] * 3), y),
    "scatter_add_": lambda lib, x, y: (x * 1).scatter_add_(0, lib.tensor([[0, 0, 1, 1]] * 3), y),
    "scatter_add, 0-d": lambda lib, x, y: x.sum().scatter_add(0, lib.tensor(0), y.sum()),
    "scatter_add of bools": lambda lib, x, y: lib.tensor([T, F, F]).scatter_add(
        0, lib.tensor([0, 1, 1]), lib.tensor([F, T, T])
    ),
    "index_add": lambda lib, x, y: x.index_add(0, lib.tensor([1, 1, 0]), y),
    "index_add, alpha": lambda lib, x, y: x.index_add(1, lib.tensor([3, 1, 0, 3]), y, alpha=-2.5),
    "index_add, count": lambda lib, x, y: x.index_add(0, lib.tensor([1, 1]), y),
    "index_add, shape": lambda lib, x, y: x.index_add(0, lib.tensor([1, 1, 0]), y[:, :2]),
    "index_add, range": lambda lib, x, y: x.index_add(0, lib.tensor([1, 3, 0]), y),
    "index_add, range below": lambda lib, x, y: x.index_add(0, lib.tensor([1, -1, 0]), y),
    "index_add, dtype": lambda lib, x, y: x.index_add(0, lib.tensor([0, 1, 2]), y.detach().long()),
    "index_add, matrix": lambda lib, x, y: x.index_add(0, lib.tensor([[0, 1, 2]]), y),
    "index_add, floats": lambda lib, x, y: x.index_add(0, lib.tensor([0.0, 1, 2]), y),
    "index_add of 0-d": lambda lib, x, y: x.sum().index_add(0, lib.tensor([0]), y.sum()),
    "index_add_": lambda lib, x, y: (x * 1).index_add_(0, lib.tensor([1, 1, 0]), y),
    "index_copy": lambda lib, x, y: x.index_copy(0, lib.tensor([1, 2, 0]), y),
    "index_copy, last": lambda lib, x, y: x.index_copy(-1, lib.tensor([1, 2, 0]), y[:, :3]),
    "index_copy, shape": lambda lib, x, y: x.index_copy(0, lib.tensor([1, 2, 0]), y[:, :2]),
    "index_copy, count": lambda lib, x, y: x.index_copy(0, lib.tensor([1, 2]), y),
    "index_copy, range": lambda lib, x, y: x.index_copy(0, lib.tensor([1, 2, 3]), y),
    "index_copy, negative": lambda lib, x, y: x.index_copy(0, lib.tensor([1, 2, -1]), y),
    "index_copy, dtype": lambda lib, x, y: x.index_copy(0, lib.tensor([0]), y[:1].long()),
    "index_copy, number": lambda lib, x, y: x[0].index_copy(0, lib.tensor([2]), y[1, 1]),
    "index_copy, number at a number": lambda lib, x, y: x[0].index_copy(-1, lib.tensor(1), y[1, 1]),
    "index_copy, number at two": lambda lib, x, y: x[0].index_copy(0, lib.tensor([2, 1]), y[1, 1]),
    "index_copy, number in rows": lambda lib, x, y: x.index_copy(0, lib.tensor([2]), y[1, 1]),
    "index_copy, of 0-d": lambda lib, x, y: x[0, 0].index_copy(0, lib.tensor(0), y[1, :1]),
    "index_copy, dims": lambda lib, x, y: x.index_copy(0, lib.tensor([1, 2, 0]), y[0]),
    "index_copy_, number": lambda lib, x, y: (x[0] * 1).index_copy_(0, lib.tensor([2]), y[1, 1]),
    "index_copy_": lambda lib, x, y: (x * 1).index_copy_(0, lib.tensor([1, 2, 0]), y),
    "put": lambda lib, x, y: x.put(lib.tensor([[1, 2, -1, 0]] * 1), y[0]),
    "put, accumulate": lambda lib, x, y: x.put(lib.tensor([1, 1, -1]), y[:, 0], accumulate=True),
    "put, transposed": lambda lib, x, y: x.t().put(lib.tensor([1, 2, -1, 0]), y[0]),
    "put, of another shape": lambda lib, x, y: x.put(lib.tensor([1, 2, -1, 0]), y[:2, :2]),
    "put, count": lambda lib, x, y: x.put(lib.tensor([1, 2]), y),
    "put, range": lambda lib, x, y: x.put(lib.tensor([12]), y[0, :1]),
    "put, dtype": lambda lib, x, y: x.put(lib.tensor([1]), lib.tensor([1])),
    "put_": lambda lib, x, y: (x * 1).put_(lib.tensor([1, 2, -1, 0]), y[0], accumulate=True),
    "masked_scatter": lambda lib, x, y: x.masked_scatter(lib.tensor(MASK), y),
    "masked_scatter, broadcast": lambda lib, x, y: x[0].masked_scatter(lib.tensor(MASK), y),
    "masked_scatter, few": lambda lib, x, y: x.masked_scatter(lib.tensor(MASK), y[0]),
    "masked_scatter, dtype": lambda lib, x, y: x.masked_scatter(lib.tensor([1, 0, 0, 0]), y),
    "masked_scatter_": lambda lib, x, y: (x * 1).masked_scatter_(lib.tensor(MASK), y),
    "masked_scatter_, shape": lambda lib, x, y: (x[0] * 1).masked_scatter_(lib.tensor(MASK), y),
    "index_put": lambda lib, x, y: x.index_put((lib.tensor([0, 2]), lib.tensor([1, 3])), y[0, :2]),
    "index_put, none": lambda lib, x, y: x.index_put((None, lib.tensor([1, 3])), y[:, :2]),
    "index_put, accumulate": lambda lib, x, y: x.index_put((lib.tensor([0, 0, 1]),), y, True),
    "index_put_": lambda lib, x, y: (x * 1).index_put_((lib.tensor([0, 0, 1]),), y, True),
    "index_put, dtype": lambda lib, x, y: x.index_put((lib.tensor([0]),), lib.tensor(1)),
    "index_put, mask": lambda lib, x, y: x.index_put((x > 1,), y.sum()),
}


@pytest.mark.parametrize("name", WRITES)
def test_writes(name: str, torch: ModuleType, rng: np.random.Generator) -> None:
    arrays = rng.uniform(0.5, 2.0, X), rng.uniform(0.5, 2.0, Y)
    assert_same(torch, WRITES[name], *arrays, any_error="range" in name)
