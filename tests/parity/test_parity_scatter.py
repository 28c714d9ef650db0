# SPDX-License-Identifier: MIT
"""scatter with a reduction, and with its number by name, beside PyTorch; its gradients, which
PyTorch lacks, by differences."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import pytest

import pyautograd as ag
from pyautograd.testing import gradcheck

INDEX = [[0, 2, 0], [1, 1, 2]]


def outcome(lib: Any, call: Any) -> Any:
    x = lib.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    y = lib.tensor([[2.0, -1.0, 0.5], [3.0, 4.0, -2.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch, that reduce is deprecated
        try:
            result = call(lib, x, lib.tensor(INDEX), y)
        except (IndexError, RuntimeError, TypeError) as error:
            return type(error)
    return result.tolist(), x.tolist(), str(result.dtype).split(".")[-1]


@pytest.mark.parametrize(
    "call",
    [
        lambda lib, x, i, y: x.scatter(0, i, y, reduce="add"),
        lambda lib, x, i, y: x.scatter(1, i, y, reduce="add"),
        lambda lib, x, i, y: x.scatter(-1, i, y, reduce="multiply"),
        lambda lib, x, i, y: x.scatter(0, i, 2.5, reduce="add"),
        lambda lib, x, i, y: x.scatter(0, i, value=2.5, reduce="multiply"),
        lambda lib, x, i, y: x.scatter(0, i, value=2.5),
        lambda lib, x, i, y: x.scatter_(1, i, value=True),
        lambda lib, x, i, y: x.scatter_(0, i, y, reduce="multiply"),
        lambda lib, x, i, y: x.scatter_(0, i, -2, reduce="add"),
        lambda lib, x, i, y: lib.scatter(x, 0, i, y, reduce="add", out=x),
        lambda lib, x, i, y: lib.scatter(x.to(lib.int64), 0, i, 2.5, reduce="add"),
        lambda lib, x, i, y: lib.scatter(x > 4, 0, i, 1, reduce="add"),
        lambda lib, x, i, y: lib.scatter(x > 4, 0, i, False, reduce="multiply"),
        lambda lib, x, i, y: x.scatter(0, i[:0], 3.0, reduce="add"),
        lambda lib, x, i, y: lib.tensor(2.0).scatter(0, lib.tensor(0), 3.0, reduce="multiply"),
        lambda lib, x, i, y: x.scatter(0, i, y, reduce="sum"),
        lambda lib, x, i, y: x.scatter(0, i + 1, 1.0, reduce="add"),
        lambda lib, x, i, y: x.scatter(2, i, 1.0, reduce="multiply"),
        lambda lib, x, i, y: x.scatter(0, i, y[:1], reduce="add"),
        lambda lib, x, i, y: x.scatter(0, i.to(lib.float64), 1.0, reduce="add"),
    ],
)
def test_values_and_errors(call: Any, torch: ModuleType) -> None:
    assert outcome(ag, call) == outcome(torch, call)


@pytest.mark.parametrize("reduce", ["add", "multiply"])
def test_gradients(reduce: Any) -> None:
    index = ag.tensor(INDEX)
    x = (ag.arange(9.0) + 1).view(3, 3).requires_grad_()
    y = ag.tensor([[2.0, -1.0, 0.5], [3.0, 4.0, -2.0]], requires_grad=True)
    assert gradcheck(lambda x, y: x.scatter(0, index, y, reduce=reduce), (x, y))
    assert gradcheck(lambda x: x.scatter(1, index, 3.0, reduce=reduce), (x,))
    assert gradcheck(lambda x, y: (x * 1).scatter_(0, index, y, reduce=reduce), (x, y))
