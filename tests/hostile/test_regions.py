# SPDX-License-Identifier: MIT
"""Recorded writes through views of bases in every layout, against NumPy.

Each program writes a base or a view of it and reads another view. NumPy runs the same program on an
array in the same layout. The loss is a whole number and linear in the factor that is written, so
that its change along a whole-numbered direction is the derivative exactly."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import Array, values

View = Callable[[Any], Any]

SIDES = (4, 128)  # values of 128 x 128 are large enough to pend

# From 4 n n numbers in a row, of either library, to a matrix.
BASES: dict[str, Callable[[Any, int], Any]] = {
    "contiguous": lambda m, n: m[: n * n].reshape(n, n),
    "transposed": lambda m, n: m[: n * n].reshape(n, n).T,
    "columns": lambda m, n: m[: 2 * n * n].reshape(n, 2 * n)[:, :n],
    "every second": lambda m, n: m.reshape(2 * n, 2 * n)[::2, 1::2],
    "every second, transposed": lambda m, n: m.reshape(2 * n, 2 * n)[::2, 1::2].T,
    "behind an offset": lambda m, n: m[3 : 3 + n * n].reshape(n, n),
    "one column": lambda m, n: m[: n * n].reshape(n, n)[:, 1:2],
    "one row": lambda m, n: m[: n * n].reshape(n, n)[1:2],
    "empty": lambda m, n: m[:0].reshape(0, n),
}

VIEWS: dict[str, View] = {
    "itself": lambda d: d[:],
    "transpose": lambda d: d.T,
    "rows": lambda d: d[1:],
    "last column": lambda d: d[:, d.shape[1] - 1],
    "block": lambda d: d[:3, :2],
    "every second": lambda d: d[::2, ::2],
    "rows of the transpose": lambda d: d.T[:1],
    "with one more dimension": lambda d: d[None, 1:],
    "nothing": lambda d: d[:, :0],
}


def numbers(shape: Any, low: int = 1) -> Array:
    return np.random.default_rng(7).integers(low, 9, shape).astype(np.float64)


def base_in(library: Any, name: str, n: int) -> Any:
    """A matrix without history over fresh memory."""
    flat = numbers(4 * n * n)
    return BASES[name](flat if library is np else library.tensor(flat), n)


def run(base: Any, write: View, read: View, factor: Any, weights: Any) -> Any:
    """The loss after a write of `factor` over a view."""
    target = write(base)
    target *= factor
    return (read(base) * weights).sum()


@pytest.mark.parametrize("n", SIDES)
@pytest.mark.parametrize("read", VIEWS)
@pytest.mark.parametrize("write", VIEWS)
@pytest.mark.parametrize("name", BASES)
def test_write_one_view_and_read_another(name: str, write: str, read: str, n: int) -> None:
    views = VIEWS[write], VIEWS[read]
    base = base_in(np, name, n)
    factor, weights = (numbers(view(base).shape) for view in views)
    step = numbers(factor.shape, low=-8)

    def by_numpy(factor: Array) -> float:
        return float(run(base_in(np, name, n), *views, factor, weights))

    w = ag.tensor(factor, requires_grad=True)
    loss = run(base_in(ag, name, n).detach(), *views, w, ag.tensor(weights))
    assert loss.item() == by_numpy(factor)
    loss.backward()
    assert w.grad is not None
    assert float((values(w.grad) * step).sum()) == by_numpy(factor + step) - by_numpy(factor)


@pytest.mark.parametrize("n", SIDES)
@pytest.mark.parametrize("name", [name for name in BASES if name != "empty"])
def test_two_writes_and_their_second_derivative(name: str, n: int) -> None:
    """The loss is bilinear in both factors: d2 loss / dw1 dw2 along two directions is exact too."""

    def run_both(base: Any, first: Any, second: Any, weights: Any) -> Any:
        target = base.T[:1]
        target *= first
        target = base[:, :1]
        target *= second
        return (base * weights).sum()

    base = base_in(np, name, n)
    weights = numbers(base.shape)
    first, second = numbers(base.T[:1].shape), numbers(base[:, :1].shape)
    along1, along2 = numbers(first.shape, low=-8), numbers(second.shape, low=-8)

    def by_numpy(i: int, j: int) -> float:
        return float(
            run_both(base_in(np, name, n), first + i * along1, second + j * along2, weights)
        )

    w1, w2 = ag.tensor(first, requires_grad=True), ag.tensor(second, requires_grad=True)
    loss = run_both(base_in(ag, name, n).detach(), w1, w2, ag.tensor(weights))
    (g1,) = ag.autograd.grad(loss, w1, create_graph=True)
    assert float((values(g1) * along1).sum()) == by_numpy(1, 0) - by_numpy(0, 0)
    (mixed,) = ag.autograd.grad((g1 * ag.tensor(along1)).sum(), w2)
    exact = by_numpy(1, 1) - by_numpy(1, 0) - by_numpy(0, 1) + by_numpy(0, 0)
    assert float((values(mixed) * along2).sum()) == exact


@pytest.mark.parametrize("n", SIDES)
def test_foreign_memory_in_column_order(n: int) -> None:
    array = np.asfortranarray(numbers((n, n)))
    base = ag.from_numpy(array)
    w = ag.tensor(2.0, requires_grad=True)
    base[1:] *= w
    (base * 3).sum().backward()
    assert w.grad is not None
    assert w.grad.item() == 3 * array[1:].sum() / 2  # the array itself was written


def test_base_whose_elements_share_memory() -> None:
    """Three columns over one: each element of the written column stands for three of the base."""
    base = ag.ones(4, 1).expand(4, 3).detach()
    w = ag.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    written, other = base[:, 0], base[:, 1]
    written.mul_(w)
    assert base.tolist() == [[k] * 3 for k in (1.0, 2.0, 3.0, 4.0)]
    (g,) = ag.autograd.grad((base * ag.tensor([1.0, 10.0, 100.0])).sum(), w, retain_graph=True)
    assert g.tolist() == [111.0] * 4
    (g,) = ag.autograd.grad((other * 5).sum(), w)
    assert g.tolist() == [5.0] * 4


def test_view_of_a_column_read_after_a_write_to_the_column() -> None:
    w = ag.tensor([1.0, 2, 3, 4], requires_grad=True)
    d = ag.ones(4, 2)[:, 0].detach()
    v = d[1:]
    d.mul_(w)
    v.sum().backward()
    assert w.grad is not None and w.grad.tolist() == [0, 1, 1, 1]


def test_the_same_far_apart() -> None:
    n = 200000
    w = ag.ones(n).requires_grad_()
    d = ag.ones(n, 2)[:, 0].detach()
    v = d[1:]
    d.mul_(w)
    v.sum().backward()
    assert w.grad is not None and w.grad.sum().item() == n - 1 and w.grad[0].item() == 0


def test_write_through_an_empty_region() -> None:
    x = ag.ones(2, 2, requires_grad=True)
    y = x * 1
    y[2:, 2:] += 1
    assert y.grad_fn.name() == "CopySlices"
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[1, 1], [1, 1]]


SHAPES_OF_NOTHING = [(0,), (0, 3), (1, 0), (2, 0, 2)]


@pytest.mark.parametrize("shape", SHAPES_OF_NOTHING, ids=str)
@pytest.mark.parametrize("first", [0, 1, 2])
def test_write_through_a_part_of_nothing(shape: tuple[int, ...], first: int) -> None:
    """Where there are no elements, strides lead to no memory: offsets stay inside of it."""
    x = ag.tensor(np.ones((*shape, 2)))[..., 1].requires_grad_()
    factor = ag.tensor(2.0, requires_grad=True)
    y = x * factor
    view = y[...]
    view[first:] *= factor
    y.sum().backward()
    assert x.grad is not None and x.grad.shape == shape
    assert factor.grad is not None and factor.grad.item() == 0


@pytest.mark.parametrize("shape", [(0,), (2,), (0, 2), (2, 2)], ids=str)
@pytest.mark.parametrize(
    ("key", "of_view"),
    [
        (slice(None), False),
        (slice(0, None), False),
        (slice(None, 9), False),
        (slice(0, 9, 1), False),
        (..., False),
        (slice(1, None), True),
        (slice(9, None), True),
        (slice(-2, None), True),
        ((..., slice(-2, None)), True),
        (slice(None, None, 2), True),
    ],
)
def test_a_part_of_a_leaf_is_refused_as_a_view_of_it(
    lib: ModuleType, shape: tuple[int, ...], key: Any, of_view: bool
) -> None:
    """Also where the part has all elements, if it is not written as one of everything."""
    x = lib.ones(shape, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable") as caught:
        x[key] = 0.5
    assert str(caught.value).startswith("a view of a leaf") == of_view
