# SPDX-License-Identifier: MIT
"""Generators and normal against PyTorch: all but the numbers themselves, which differ."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import pyautograd as ag


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, without its numbers, or the words in which it fails."""
    try:
        y = call()
    except Exception as error:
        return type(error).__name__, str(error).partition("received an invalid combination")[0]
    node = type(y.grad_fn).__name__ if y.grad_fn is not None else ""
    return tuple(y.shape), y.stride(), y.requires_grad, y.is_leaf, node


NORMAL: list[Callable[[Any, Any], Any]] = [
    lambda lib, g: lib.normal(0, 1, (2, 3), generator=g),
    lambda lib, g: lib.normal(0.0, 1.0, [2], generator=g, requires_grad=True),
    lambda lib, g: lib.normal(mean=0.0, std=1.0, size=(), generator=None, dtype=lib.float64),
    lambda lib, g: lib.normal(lib.ones(2, 3).t()),
    lambda lib, g: lib.normal(lib.ones(2, 3).t(), 2, generator=g),
    lambda lib, g: lib.normal(lib.ones(2, 3).t(), lib.ones(3, 2)),
    lambda lib, g: lib.normal(lib.ones(3), lib.ones(2, 1)),
    lambda lib, g: lib.normal(0.0, lib.ones(2, 3).t()),
    lambda lib, g: lib.normal(lib.ones(0), lib.ones(0)),
    lambda lib, g: lib.normal(lib.ones(2, requires_grad=True)),
    lambda lib, g: lib.normal(1, lib.ones(2, requires_grad=True)),
    lambda lib, g: lib.normal(lib.ones(2), lib.ones(2, requires_grad=True), generator=g),
    lambda lib, g: lib.normal(lib.tensor(0.0), lib.tensor(1.0), (2,)),
    lambda lib, g: lib.normal(0.0, 1.0, (2,), out=lib.empty(2)),
    lambda lib, g: lib.normal(0.0, 1.0, (2,), out=lib.empty(2), requires_grad=True),
    lambda lib, g: lib.normal(lib.ones(2, requires_grad=True), 1.0, out=lib.empty(2)),
    lambda lib, g: lib.normal(lib.ones(2), lib.ones(3)),
    lambda lib, g: lib.normal(lib.ones(2), -1),
    lambda lib, g: lib.normal(lib.ones(0), -0.5),
    lambda lib, g: lib.normal(0, -2.5, (2,)),
    lambda lib, g: lib.normal(0, float("nan"), (2,)),
    lambda lib, g: lib.normal(0, lib.tensor([1.0, -1.0])),
    lambda lib, g: lib.normal(lib.ones(2), lib.tensor([1.0, float("nan")])),
    lambda lib, g: lib.normal(),
    lambda lib, g: lib.normal(0.0, 1.0),
    lambda lib, g: lib.normal(0.0, 1.0, (2,), None),
    lambda lib, g: lib.normal(0.0, 1.0, requires_grad=True),
]


@pytest.mark.parametrize("call", NORMAL)
def test_normal(call: Any, torch: ModuleType) -> None:
    ours, theirs = (outcome(lambda lib=lib: call(lib, lib.Generator())) for lib in (ag, torch))
    assert ours == theirs


@pytest.mark.parametrize("call", NORMAL[9:12])
def test_gradients_of_normal(call: Any, torch: ModuleType) -> None:
    for lib in (ag, torch):
        y = call(lib, lib.Generator())
        leaves = [
            lib.autograd.grad(y.sum(), entry.variable)[0].tolist()
            for entry, _ in y.grad_fn.next_functions
            if entry is not None
        ]
        assert leaves == [[0, 0]]


GENERATOR: list[Callable[[Any], Any]] = [
    lambda lib: lib.Generator().initial_seed(),
    lambda lib: lib.Generator(device="cpu").manual_seed(-1).initial_seed(),
    lambda lib: pickle.loads(pickle.dumps(lib.Generator().manual_seed(5))).initial_seed(),
    lambda lib: lib.manual_seed(4) is lib.default_generator,
    lambda lib: lib.default_generator.manual_seed(4).initial_seed(),
    lambda lib: isinstance(lib.default_generator, lib.Generator),
    lambda lib: lib.Generator().manual_seed("a"),
    lambda lib: lib.Generator().manual_seed(1.5),
    lambda lib: lib.Generator().manual_seed(False),
    lambda lib: lib.Generator().manual_seed(),
    lambda lib: lib.Generator("cpu", 1),
    lambda lib: lib.Generator(other=1),
    lambda lib: type(lib.Generator().seed()).__name__,
    lambda lib: str(lib.Generator().device),
]


@pytest.mark.parametrize("call", GENERATOR)
def test_generators(call: Any, torch: ModuleType) -> None:
    def said(lib: Any) -> Any:
        try:
            return call(lib)
        except Exception as error:
            return type(error).__name__, str(error)

    assert said(ag) == said(torch)


def test_a_stream_is_the_same_in_whatever_pieces_normal_takes_it(torch: ModuleType) -> None:
    """normal draws what randn draws, here and there."""
    for lib in (ag, torch):
        lib.manual_seed(3)
        plain = lib.randn(20)
        for call in (
            lambda lib=lib: lib.normal(0.0, 1.0, (20,)),
            lambda lib=lib: lib.normal(lib.zeros(20)),
            lambda lib=lib: lib.normal(0.0, lib.ones(20)),
        ):
            lib.manual_seed(3)
            assert call().tolist() == plain.tolist()
