# SPDX-License-Identifier: MIT
"""Nodes of the tape as functions: `y.grad_fn(g)` runs the rule of one op by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from ops.case import Case, by_id
from ops.cases import DIFFERENTIABLE
from support import leaf


def test_one_gradient_or_a_tuple() -> None:
    x, y = leaf([2.0, 3.0]), leaf([5.0, 7.0])
    g = ag.tensor([1.0, 10.0])
    assert (x * y).grad_fn(g)[0].tolist() == [5.0, 70.0]
    assert (x * y).grad_fn(g)[1].tolist() == [2.0, 30.0]
    assert x.square().grad_fn(g).tolist() == [4.0, 60.0]
    assert x.sum().grad_fn(ag.tensor(2.0)).tolist() == [2.0, 2.0]
    parts = (x * 2.0).grad_fn(g)
    assert parts[0].tolist() == [2.0, 20.0] and parts[1] is None
    assert (x * ag.ones(2)).grad_fn(g)[1] is None
    assert (x**2.0).grad_fn(g).tolist() == [4.0, 60.0]  # the number is no input of the node
    assert x.grad is None and y.grad is None


def test_gradients_of_zero_are_given_as_such() -> None:
    x = leaf([2.0, -3.0])
    assert x.sign().grad_fn(ag.ones(2)).tolist() == [0.0, 0.0]
    assert (x**0.0).grad_fn(ag.ones(2)).tolist() == [0.0, 0.0]


def test_no_gradient_gives_none() -> None:
    x = leaf([2.0, 3.0])
    assert x.exp().grad_fn(None) is None
    assert (x * x).grad_fn(None) == (None, None)


def test_parts_of_broadcast_inputs_are_not_summed() -> None:
    x, y = leaf([2.0, 3.0]), leaf(np.ones((3, 2)))
    dx, dy = (x * y).grad_fn(ag.ones(3, 2))
    assert dx.shape == dy.shape == (3, 2)


def test_may_be_called_again_but_not_after_a_backward() -> None:
    x = leaf([1.0, 2.0])
    y = x.square()
    node = y.grad_fn
    assert node(ag.ones(2)).tolist() == node(ag.ones(2)).tolist() == [2.0, 4.0]
    y.sum().backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        node(ag.ones(2))


def test_what_was_written_since_is_noticed() -> None:
    x = leaf([1.0, 2.0])
    y = x * 1
    node = (y * y).grad_fn
    y.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        node(ag.ones(2))


def test_is_recorded_if_grad_mode_is_on() -> None:
    x = leaf([1.0, 2.0])
    slope = (x**3).grad_fn(ag.ones(2))
    assert ag.autograd.grad(slope.sum(), x)[0].tolist() == [6.0, 12.0]
    g = leaf([1.0, 2.0])
    assert (x * 2).grad_fn(g)[0].requires_grad
    with ag.no_grad():
        y = x.detach().requires_grad_()
        assert not (x * 2).requires_grad
    node = y.exp().grad_fn
    with ag.no_grad():
        assert not node(ag.ones(2)).requires_grad


def test_the_end_of_the_tape_adds_to_grad() -> None:
    x = leaf([1.0, 2.0])
    end = (x * 2).grad_fn.next_functions[0][0]
    assert end.name() == "AccumulateGrad"
    assert end(ag.ones(2)) == () and x.grad.tolist() == [1.0, 1.0]
    assert end(ag.ones(2)) == () and x.grad.tolist() == [2.0, 2.0]
    assert end(None) == () and x.grad.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match=r"has a shape of"):
        end(ag.ones(3))
    x.requires_grad_(False)
    assert end(ag.ones(2)) == () and x.grad.tolist() == [2.0, 2.0]


def test_the_end_of_the_tape_keeps_a_graph() -> None:
    x, g = leaf([1.0]), leaf([3.0])
    (x * 2).grad_fn.next_functions[0][0](g * 2)
    assert ag.autograd.grad(x.grad.sum(), g)[0].tolist() == [2.0]
    x.grad = None


@pytest.mark.parametrize("node", ["exp", "end"])
def test_arguments(node: str) -> None:
    x = leaf([1.0, 2.0])
    found = x.exp().grad_fn if node == "exp" else x.exp().grad_fn.next_functions[0][0]
    for wrong in ((), (ag.ones(2), ag.ones(2))):
        with pytest.raises(TypeError, match=rf"^expected 1 arguments, got {len(wrong)} instead$"):
            found(*wrong)
    for wrong in (1.0, [ag.ones(2)], np.ones(2)):
        with pytest.raises(TypeError, match=r"^argument 0 is not a Variable$"):
            found(wrong)
    with pytest.raises(TypeError, match=r"^keyword arguments are not supported$"):
        found(gradient=ag.ones(2))


def results_of(y: ag.Tensor) -> int:
    """How many results the op has that made y."""
    for n in range(1, 5):
        try:
            y.grad_fn(*[None] * n)
        except TypeError:
            continue
        return n
    raise AssertionError(y.grad_fn.name())


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_a_gradient_of_any_shape_is_used_or_refused(case: Case, rng: np.random.Generator) -> None:
    """The engine gives a rule gradients of the result's shape alone; a user may give others."""
    x = [leaf(a) for a in case.sample(rng)] if case.kind == "whole" else None
    if x is None:
        x = [leaf(a) for a in case.sample(rng, *[(3, 4)] * case.arity)]
    y = case.call(ag, *x)
    shapes = [
        (),
        (1,),
        (2,),
        (4,),
        (3, 4),
        (4, 3),
        (12,),
        (0,),
        (2, 0),
        (5, 3, 4),
        (1, 1, 1),
        (100,),
    ]
    n_results = results_of(y)
    for shape in [*shapes, tuple(y.shape), (*y.shape, 2), tuple(y.shape)[:-1], (7, *y.shape)]:
        for recorded in (False, True):
            g: Any = ag.ones(shape)
            all_g = [g if k == y.output_nr else None for k in range(n_results)]
            with ag.set_grad_enabled(recorded):
                try:
                    parts = y.grad_fn(*all_g)
                except (RuntimeError, IndexError):
                    assert shape != tuple(y.shape)
                    continue
            for part in parts if isinstance(parts, tuple) else (parts,):
                assert part is None or np.asarray(part.detach()).size >= 0
