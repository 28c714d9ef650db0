# SPDX-License-Identifier: MIT
"""Random programs, run by both libraries: ops, views, writes in place and through views, sums and
broadcasts in any order; values, gradients and the graph that each has recorded are compared."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values

# Bounded in value and slope, so that a program of any length stays comparable.
UNARY = ("sin", "cos", "tanh", "sigmoid", "neg", "atan", "abs", "relu")
BINARY = ("add", "sub", "mul", "maximum", "minimum")
SHAPES = ((3,), (2, 3), (4, 1), (1, 3), (2, 1, 3), ())


class Program:
    """A fixed list of steps on a pool of tensors; the random numbers come from the seed alone."""

    def __init__(self, seed: int, steps: int, in_place: bool) -> None:
        self.seed, self.steps, self.in_place = seed, steps, in_place

    def run(self, lib: Any, make: Callable[[Any], Any]) -> tuple[list[Any], Any, list[Any]]:
        """(leaves, result, pool): the same calls whatever the library."""
        dice = random.Random(self.seed)
        data = np.random.default_rng(self.seed)
        leaves = [make(data.uniform(0.2, 1.0, shape)) for shape in SHAPES]
        pool = list(leaves)
        for _ in range(self.steps):
            kinds = ["unary", "binary", "binary", "number", "view", "view", "reduce"]
            if self.in_place:
                kinds += ["write", "write", "assign"]
            step = getattr(self, "_" + dice.choice(kinds))
            made = step(dice, lib, pool)
            if made is not None:
                pool.append(made)
        result = sum((t.sum() for t in pool[len(leaves) :]), leaves[0].sum() * 0)
        return leaves, result, pool

    def _unary(self, dice: random.Random, lib: Any, pool: list[Any]) -> Any:
        return getattr(lib, dice.choice(UNARY))(dice.choice(pool))

    def _binary(self, dice: random.Random, lib: Any, pool: list[Any]) -> Any:
        op, x, y = dice.choice(BINARY), dice.choice(pool), dice.choice(pool)
        try:
            np.broadcast_shapes(tuple(x.shape), tuple(y.shape))
        except ValueError:
            return None
        return getattr(lib, op)(x, y) * 0.5

    def _number(self, dice: random.Random, lib: Any, pool: list[Any]) -> Any:
        x, c = dice.choice(pool), dice.choice((0.5, -1.5, 2.0))
        return dice.choice((lambda: x * c, lambda: c - x, lambda: x + c, lambda: x / (c + 4)))()

    def _view(self, dice: random.Random, lib: Any, pool: list[Any]) -> Any:
        x = dice.choice(pool)
        order = list(range(x.ndim))
        dice.shuffle(order)
        options = [
            lambda: x.permute(order),
            lambda: x.unsqueeze(dice.randint(0, x.ndim)),
            lambda: x.reshape(-1),
            lambda: x.squeeze(),
        ]
        if x.ndim:
            options += [lambda: x[dice.randrange(x.shape[0])]] if x.shape[0] else []
            options += [lambda: x[..., dice.randint(0, 1) :: dice.randint(1, 2)]]
            options += [lambda: x.expand(2, *x.shape)] if x.ndim < 3 else []
        made = dice.choice(options)()
        return made if made.numel() and made.ndim <= 4 and made.numel() <= 64 else None

    def _reduce(self, dice: random.Random, lib: Any, pool: list[Any]) -> Any:
        x, keep = dice.choice(pool), dice.random() < 0.5
        if x.ndim == 0 or dice.random() < 0.2:
            return x.mean()
        dim = dice.randrange(x.ndim)
        return (x.sum(dim, keepdim=keep) if dice.random() < 0.5 else x.mean(dim, keep)) * 0.5

    def _write(self, dice: random.Random, lib: Any, pool: list[Any]) -> None:
        x, op = dice.choice(pool), dice.choice(("add_", "mul_", "sub_"))
        other: Any = dice.choice([*pool, 0.5, 0.7])
        self._try(lambda: getattr(x, op)(other * 0.5))  # of its own memory: no overlap

    def _assign(self, dice: random.Random, lib: Any, pool: list[Any]) -> None:
        x, value = dice.choice(pool), dice.choice([*pool, 0.25])
        if isinstance(value, float):
            shared = False
        else:
            shared = np.shares_memory(x.detach().numpy(), value.detach().numpy())
        if x.ndim and not shared:  # where they overlap torch refuses, this library does not
            key = dice.choice((0, slice(None, 1), ..., slice(1, None)))
            self._try(lambda: x.__setitem__(key, value))

    def _try(self, write: Callable[[], Any]) -> None:
        """Leaves, overlaps and shapes that do not fit are refused; by both in the same way."""
        try:
            write()
        except (RuntimeError, IndexError) as error:
            self.refused.append(type(error).__name__)

    refused: list[str]


def compare(program: Program, torch: ModuleType) -> bool:
    """Run with both and compare; whether there was a gradient to compare."""
    program.refused = []
    ours, result, pool = program.run(ag, leaf)
    refused, program.refused = program.refused, []
    theirs, expected, their_pool = program.run(
        torch, lambda a: torch.tensor(a, dtype=torch.float64, requires_grad=True)
    )
    assert refused == program.refused
    for x, y in zip(pool, their_pool, strict=True):
        assert tuple(x.shape) == tuple(y.shape) and x.requires_grad == y.requires_grad
        assert x.is_leaf == y.is_leaf
        assert np.allclose(values(x), values(y), rtol=1e-12, atol=1e-13)
    failures = []
    for root in (result, expected):
        try:
            root.backward()
        except RuntimeError as error:
            failures.append(str(error)[:60])
    assert len(failures) in (0, 2) and len(set(failures)) <= 1, failures
    if failures:
        assert all(x.grad is None for x in ours)
        return False
    for x, y in zip(ours, theirs, strict=True):
        assert (x.grad is None) == (y.grad is None)
        if x.grad is not None:
            scale = float(np.abs(values(y.grad)).max(initial=1e-3))
            assert np.allclose(values(x.grad), values(y.grad), rtol=1e-12, atol=1e-12 * scale)
    return True


def describe(node: Any, depth: int) -> Any:
    """The graph below a node, as names."""
    if node is None:
        return None
    name = node.name().rsplit(":", 1)[-1]
    if name == "AliasBackward0":
        name = "SliceBackward0"  # what torch makes of a slice that takes all
    if depth == 0:
        return name
    return name, [(describe(below, depth - 1), index) for below, index in node.next_functions]


@pytest.mark.parametrize("seed", range(60))
def test_programs(seed: int, torch: ModuleType) -> None:
    assert compare(Program(seed, 25, in_place=False), torch)


@pytest.mark.parametrize("seed", range(1000, 1150))
def test_programs_with_writes(seed: int, torch: ModuleType) -> None:
    compare(Program(seed, 18, in_place=True), torch)


def test_some_of_them_have_gradients(torch: ModuleType) -> None:
    compared = sum(compare(Program(seed, 12, in_place=True), torch) for seed in range(2000, 2040))
    assert compared >= 8


@pytest.mark.parametrize("seed", range(20))
def test_the_recorded_graph(seed: int, torch: ModuleType) -> None:
    program = Program(seed, 10, in_place=False)
    program.refused = []
    _, result, _ = program.run(ag, leaf)
    _, expected, _ = program.run(
        torch, lambda a: torch.tensor(a, dtype=torch.float64, requires_grad=True)
    )
    assert describe(result.grad_fn, 6) == describe(expected.grad_fn, 6)


@pytest.mark.parametrize("seed", range(20))
def test_second_derivatives(seed: int, torch: ModuleType) -> None:
    program = Program(seed, 12, in_place=False)
    program.refused = []
    second = []
    for lib, make in (
        (ag, leaf),
        (torch, lambda a: torch.tensor(a, dtype=torch.float64, requires_grad=True)),
    ):
        lib_any: Any = lib
        leaves, result, _ = program.run(lib_any, make)
        # torch cannot differentiate abs twice; relu and abs are linear pieces anyway.
        grads = lib_any.autograd.grad(result * result, leaves, create_graph=True, allow_unused=True)
        total = sum(((g * g).sum() for g in grads if g is not None), result * 0)
        try:
            second.append(lib_any.autograd.grad(total, leaves, allow_unused=True))
        except RuntimeError as error:
            assert lib is torch and "ZeroTensor" in str(error)
            return
    for a, b in zip(*second, strict=True):
        if a is not None and b is not None:
            scale = float(np.abs(values(b)).max(initial=1e-3))
            assert np.allclose(values(a), values(b), rtol=1e-10, atol=1e-10 * scale)
