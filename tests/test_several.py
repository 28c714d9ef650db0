# SPDX-License-Identifier: MIT
"""Ops with several results and ops of any number of inputs: what the tape makes of them.

Values and derivatives of cat, unbind and var_mean are tests/ops/'s."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
ONE_OF_VIEWS = (
    "{} modified inplace{}. This view is the output of a function that returns multiple views. "
    "Such functions do not allow the output views to be modified inplace. You should replace the "
    "inplace operation by an out-of-place one."
)


def test_results_that_nobody_used_have_no_part() -> None:
    x = leaf(ROWS)
    first, second = x.unbind()
    (first * 2).sum().backward()
    assert values(x.grad).tolist() == [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]
    assert second.grad_fn is first.grad_fn and (first.output_nr, second.output_nr) == (0, 1)


def test_results_are_used_together_and_more_than_once() -> None:
    x = leaf(ROWS)
    first, second = x.unbind()
    (first * second + first * first).sum().backward()
    assert values(x.grad).tolist() == [[6.0, 9.0, 12.0], [1.0, 2.0, 3.0]]


def test_the_tape_is_looked_at_as_in_pytorch() -> None:
    x = leaf(ROWS)
    second = x.unbind()[1]
    node, number = (second * 2).grad_fn.next_functions[0]
    assert node is second.grad_fn and number == 1
    assert node.name() == "UnbindBackward0" and len(node.next_functions) == 1
    assert values(node(None, ag.ones(3))).tolist() == [[0.0] * 3, [1.0] * 3]
    assert node(None, None) is None
    with pytest.raises(TypeError, match="expected 2 arguments, got 1"):
        node(ag.ones(3))
    joined = ag.cat([x, ag.ones(1, 3), x])
    assert [f and f.name() for f, _ in joined.grad_fn.next_functions] == [
        "AccumulateGrad",
        None,
        "AccumulateGrad",
    ]


def test_one_result_retains_and_is_asked_for() -> None:
    x = leaf(ROWS)
    first, second = x.unbind()
    first.retain_grad()
    loss = (first * first * second).sum()
    grads = ag.autograd.grad(loss, [second, first], retain_graph=True)
    assert [values(g).tolist() for g in grads] == [[1.0, 4.0, 9.0], [8.0, 20.0, 36.0]]
    loss.backward(inputs=[second])
    assert values(second.grad).tolist() == [1.0, 4.0, 9.0]
    assert x.grad is None
    loss2 = first.sum()
    loss2.backward()
    assert values(x.grad).tolist() == [[1.0] * 3, [0.0] * 3]


def test_an_input_beside_the_results_is_all_that_is_wanted() -> None:
    x, w = leaf(ROWS), leaf([1.0, 1.0, 1.0])
    first, _ = x.unbind()
    (grad,) = ag.autograd.grad((first * w).sum(), [w])
    assert values(grad).tolist() == ROWS[0] and x.grad is None


@pytest.mark.parametrize("n", [1, 2, 3, 4, 1000])
def test_any_number_of_inputs(n: int) -> None:
    parts = [leaf([float(k), 2.0 * k]) for k in range(n)]
    joined = ag.cat(parts)
    assert joined.shape == (2 * n,)
    (joined * joined).sum().backward()
    for k, part in enumerate(parts):
        assert values(part.grad).tolist() == [2.0 * k, 4.0 * k]


def test_many_results() -> None:
    x = leaf(np.arange(3000.0).reshape(1000, 3))
    rows = x.unbind()
    loss = rows[7].sum() + (rows[999] * 2).sum()
    loss.backward()
    expected = np.zeros((1000, 3))
    expected[7], expected[999] = 1.0, 2.0
    assert np.array_equal(values(x.grad), expected)


def test_inputs_without_gradient_among_others() -> None:
    x, y = leaf([1.0]), ag.ones(2)
    weights = ag.arange(1.0, 7.0)
    (ag.cat([y, x, y, x]) * weights).sum().backward()
    assert values(x.grad).tolist() == [9.0] and y.grad is None


def test_large_and_pending_inputs() -> None:
    n = 20_000
    x, y = leaf(np.linspace(0, 1, n)), leaf(np.linspace(1, 2, n))
    joined = ag.cat([x * 2, y.exp(), (x * y).view(-1)])
    (joined * joined).sum().backward()
    a, b = np.linspace(0, 1, n), np.linspace(1, 2, n)
    assert np.allclose(values(x.grad), 8 * a + 2 * a * b * b, rtol=1e-13)
    assert np.allclose(values(y.grad), 2 * np.exp(2 * b) + 2 * a * a * b, rtol=1e-13)
    variance, mean = ag.var_mean(ag.tensor(a) * 3 + 1e6)
    assert abs(mean.item() - (1e6 + 1.5)) < 1e-6
    assert variance.item() == pytest.approx(np.var(a * 3 + 1e6, ddof=1), rel=1e-9)


def test_the_second_derivative_goes_through_all_results() -> None:
    x = leaf([1.0, 2.0, 4.0])
    variance, mean = ag.var_mean(x)
    (first,) = ag.autograd.grad(variance * mean, [x], create_graph=True)
    (second,) = ag.autograd.grad((first * first).sum(), [x])
    h, found = 1e-5, []
    for k in range(3):
        ends = []
        for step in (h, -h):
            at = [1.0, 2.0, 4.0]
            at[k] += step
            z = leaf(at)
            v, m = ag.var_mean(z)
            (g,) = ag.autograd.grad(v * m, [z])
            ends.append((g * g).sum().item())
        found.append((ends[0] - ends[1]) / (2 * h))
    assert np.allclose(values(second), found, rtol=1e-7)


@pytest.mark.parametrize("op", ["unbind", "var_mean"])
def test_a_graph_is_freed_once_and_kept_when_told(op: str) -> None:
    x = leaf(ROWS)
    loss = sum((r * r).sum() for r in getattr(ag, op)(x, 1))
    loss.backward(retain_graph=True)
    once = values(x.grad)
    loss.backward()
    assert np.array_equal(values(x.grad), 2 * once)
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_what_is_made_dies() -> None:
    x = leaf(ROWS)
    results = [*x.unbind(), *ag.var_mean(x, 0), ag.cat([x, x])]
    refs = [weakref.ref(r) for r in results]
    node = weakref.ref(results[0].grad_fn)
    del results
    gc.collect()
    assert [r() for r in refs] == [None] * 5 and node() is None


VIEWS_OF_ONE: dict[str, Callable[[ag.Tensor], ag.Tensor]] = {
    "Unbind": lambda x: x.unbind()[0],
    "Select": lambda x: x.unbind()[0][0],
    "View": lambda x: x.unbind()[0].view(3, 1),
}


@pytest.mark.parametrize("name", VIEWS_OF_ONE)
def test_one_of_several_views_is_not_written_on_the_tape(name: str) -> None:
    """Nor is a view of one; and neither is looked at after its base was written."""
    y = leaf(ROWS) * 1
    view = VIEWS_OF_ONE[name](y)
    with pytest.raises(RuntimeError) as error:
        view.mul_(2)
    which = f"Output 0 of {name} is a view and "
    assert str(error.value) == ONE_OF_VIEWS.format(which + "is being", "")
    assert values(y).tolist() == ROWS
    y.mul_(2)
    with pytest.raises(RuntimeError) as error:
        _ = view.grad_fn
    rewritten = which + "its base or another view of its base has been"
    assert str(error.value) == ONE_OF_VIEWS.format(rewritten, "")


def test_nor_is_one_of_a_constant_where_the_write_is_recorded() -> None:
    first, _ = ag.tensor(ROWS).unbind()
    with pytest.raises(RuntimeError) as error:
        first.mul_(leaf(2.0))
    which = "A view was created in no_grad mode and is being"
    assert str(error.value) == ONE_OF_VIEWS.format(which, " with grad mode enabled")


def test_a_detached_view_is_written() -> None:
    y = leaf(ROWS) * 1
    first, _ = y.unbind()
    first.detach()[0].mul_(5)
    assert values(y).tolist() == [[5.0, 2.0, 3.0], ROWS[1]]


def test_one_of_several_views_of_a_constant_is_written() -> None:
    x = ag.tensor(ROWS)
    first, second = x.unbind()
    first.mul_(10)
    assert values(x).tolist() == [[10.0, 20.0, 30.0], ROWS[1]]
    with ag.no_grad():
        row = leaf(ROWS).unbind()[0]
        row.add_(1)
    assert values(row).tolist() == [2.0, 3.0, 4.0] and second.is_leaf


def test_results_that_are_written_in_place() -> None:
    """A result that is no view is rewritten alone: the other keeps its own node."""
    x = leaf([1.0, 2.0, 4.0])
    variance, mean = ag.var_mean(x)
    variance.mul_(3)
    assert variance.grad_fn.name() == "MulBackward0" and mean.grad_fn.name() == "VarMeanBackward0"
    (variance + mean).backward()
    a = np.array([1.0, 2.0, 4.0])
    assert np.allclose(values(x.grad), 3 * (a - a.mean()) + 1 / 3, rtol=1e-14)


def test_degrees_of_freedom() -> None:
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        variance, mean = ag.var_mean(ag.ones(3, 1), 1)
    assert np.isnan(values(variance)).all() and values(mean).tolist() == [1.0] * 3


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "none": (lambda: ag.cat([]), ValueError, "cat(): expected a non-empty list of Tensors"),
    "a tensor": (
        lambda: ag.cat(ag.ones(2)),  # type: ignore[arg-type]
        TypeError,
        "cat(): argument 'tensors' must be tuple of Tensors, not Tensor",
    ),
    "a number": (
        lambda: ag.cat([ag.ones(2), 3.0]),  # type: ignore[list-item]
        TypeError,
        "expected Tensor as element 1 in argument 0, but got float",
    ),
    "dimensions": (
        lambda: ag.cat([ag.ones(2), ag.ones(2, 2)]),
        RuntimeError,
        "Tensors must have same number of dimensions: got 1 and 2",
    ),
    "sizes": (
        lambda: ag.cat([ag.ones(2, 3), ag.ones(2, 2)]),
        RuntimeError,
        "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2 for "
        "tensor number 1 in the list.",
    ),
    "no dimension": (
        lambda: ag.cat([ag.ones(()), ag.ones(())]),
        RuntimeError,
        "zero-dimensional tensor (at position 0) cannot be concatenated",
    ),
    "no such dimension": (
        lambda: ag.cat([ag.ones(2)], 1),
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
    ),
    "unbind": (
        lambda: ag.ones(()).unbind(),
        IndexError,
        "Dimension specified as 0 but tensor has no dimensions",
    ),
    "twice": (
        lambda: ag.var_mean(ag.ones(2, 2), (0, 0)),
        RuntimeError,
        "dim 0 appears multiple times in the list of dims",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name: str) -> None:
    call, kind, message = REFUSED[name]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == message


def test_subclasses_stay() -> None:
    class Angle(ag.Tensor):
        pass

    x = Angle([1.0, 2.0])
    assert type(ag.cat([ag.ones(1), x])) is Angle
    assert {type(r) for r in x.unbind()} == {Angle} == {type(r) for r in ag.var_mean(x)}
