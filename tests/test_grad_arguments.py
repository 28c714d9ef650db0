# SPDX-License-Identifier: MIT
"""What grad and backward take beside tensors: dicts, batches, old names. All of it beside PyTorch
is in parity/test_parity_grad.py."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, real_sizes_only, values


def test_a_batch_gives_the_rows_of_a_jacobian() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x.cumsum(0) * x
    (rows,) = ag.autograd.grad(y, x, ag.eye(3), retain_graph=True, is_grads_batched=True)
    wanted = np.tril(np.outer([1, 2, 3], np.ones(3))) + np.diag(np.cumsum([1, 2, 3]))
    assert values(rows).tolist() == wanted.tolist()
    single = [values(ag.autograd.grad(y, x, row, retain_graph=True)[0]) for row in ag.eye(3)]
    assert values(rows).tolist() == np.stack(single).tolist()


def test_a_batch_is_recorded_if_asked() -> None:
    x = leaf([1.0, 2.0])
    (g,) = ag.autograd.grad(x**3, x, ag.eye(2), create_graph=True, is_grads_batched=True)
    assert g.requires_grad
    g.sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]
    (g,) = ag.autograd.grad(x**2, x, ag.eye(2), is_grads_batched=True)
    assert not g.requires_grad


@pytest.mark.parametrize(
    ("grads", "error", "match"),
    [
        (ag.zeros(0, 2), IndexError, "there are 0"),
        (ag.tensor(1.0), IndexError, r"grad_output\[0\] is a 0-dim tensor"),
        (ag.ones(3, 3), RuntimeError, r"grad_output\[0\] has a shape of .* and output\[0\]"),
        (None, RuntimeError, "only for scalar outputs"),
        ([2.0], TypeError, "either Tensors or None, but got float"),
        ([ag.ones(1, 2)] * 2, RuntimeError, "got 1 tensors and 2 gradients"),
    ],
)
def test_batches_that_do_not_fit(grads: Any, error: type[Exception], match: str) -> None:
    x = leaf([1.0, 2.0])
    y = x * x
    with pytest.raises(error, match=match):
        ag.autograd.grad(y, x, grads, is_grads_batched=True)
    assert ag.autograd.grad(y.sum(), x)[0].tolist() == [2.0, 4.0], "the graph is still there"


def test_batches_of_different_sizes() -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(ValueError, match=r"different sizes: \[1, 2\]"):
        ag.autograd.grad([x * 2, x * 3], x, [ag.ones(1, 2), ag.ones(2, 2)], is_grads_batched=True)
    with pytest.raises(ValueError, match=r"grad_output\[1\] is None"):
        ag.autograd.grad([x * 2, x.sum()], x, [ag.ones(1, 2), None], is_grads_batched=True)


def test_dicts() -> None:
    named = {"b": leaf(2.0), "a": leaf(3.0)}
    y = named["a"] * named["b"]
    found = ag.autograd.grad(y, named, retain_graph=True)
    assert list(found) == ["b", "a"] and found["a"].item() == 2 and found["b"].item() == 3
    y.backward(inputs={"a": named["a"]}, retain_graph=True)
    assert named["a"].grad.item() == 2 and named["b"].grad is None
    ag.autograd.backward(y, inputs={"b": named["b"]})
    assert named["a"].grad.item() == 2 and named["b"].grad.item() == 3


@pytest.mark.parametrize("function", ["grad", "backward"])
def test_other_mappings_and_wrong_values(function: str) -> None:
    x = leaf(2.0)
    run = getattr(ag.autograd, function)
    with pytest.raises(TypeError, match=f"to `{function}..` must be a dict, not OrderedDict"):
        run(x * 2, inputs=OrderedDict(x=x))
    with pytest.raises(TypeError, match="inputs must be Tensors, but got int"):
        run(x * 2, inputs={"x": 3})
    with pytest.raises(RuntimeError, match="cannot be empty"):
        run(x * 2, inputs={})
    assert x.grad is None


def test_old_names_are_warned_of() -> None:
    x = leaf([1.0, 2.0])
    with pytest.warns(FutureWarning, match="Use `grad_tensors` instead") as caught:
        ag.autograd.backward(x * 2, grad_variables=ag.ones(2))
    assert caught[0].filename == __file__ and x.grad.tolist() == [2.0, 2.0]
    with pytest.warns(FutureWarning, match="only_inputs argument is deprecated") as caught:
        ag.autograd.grad(x.sum(), x, only_inputs=False)
    assert caught[0].filename == __file__
    with pytest.raises(RuntimeError, match="both passed"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ag.autograd.backward(x * 2, ag.ones(2), grad_variables=ag.ones(2))


@real_sizes_only
def test_batches_keep_nothing() -> None:
    x = leaf([1.0, 2.0])

    def step() -> None:
        ag.autograd.grad(x**3, x, ag.eye(2), create_graph=True, is_grads_batched=True)

    step()
    before = ag.memory_allocated(), ag._core._live_nodes()
    for _ in range(1000):
        step()
    assert (ag.memory_allocated(), ag._core._live_nodes()) == before
