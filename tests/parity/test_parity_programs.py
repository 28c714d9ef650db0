# SPDX-License-Identifier: MIT
"""Random programs, run by both libraries: ops, views, writes in place and through views, sums and
broadcasts in any order, of float64 tensors and of masks and integers beside them; values, dtypes,
gradients and the graph that each has recorded are compared."""

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

# Of a library, a float64 tensor, a mask and integers.
Step = Callable[[Any, Any, Any, Any], Any]
TO_MASKS: tuple[Step, ...] = (
    lambda lib, x, m, i: x > 0.3,
    lambda lib, x, m, i: x.bool(),
    lambda lib, x, m, i: i >= 1,
    lambda lib, x, m, i: i == m,
    lambda lib, x, m, i: x < i,
    lambda lib, x, m, i: ~m,
    lambda lib, x, m, i: m & (x < 0.6),
    lambda lib, x, m, i: m | i.bool(),
    lambda lib, x, m, i: m ^ (i > 0),
    lambda lib, x, m, i: lib.logical_or(m, i),
    lambda lib, x, m, i: lib.where(m, x > 0, i < 1),
    lambda lib, x, m, i: m.all(),
    lambda lib, x, m, i: (m.any(0, keepdim=True) if m.ndim else m) * True,
)
TO_INTEGERS: tuple[Step, ...] = (
    lambda lib, x, m, i: (x * 5).long(),
    lambda lib, x, m, i: (x * 4).floor().to(lib.int64),
    lambda lib, x, m, i: m.long() + 1,
    lambda lib, x, m, i: m + i,
    lambda lib, x, m, i: (i * i) % 7,
    lambda lib, x, m, i: i // 2,
    lambda lib, x, m, i: i // (i.abs() + 1),
    lambda lib, x, m, i: -i,
    lambda lib, x, m, i: (i - m.long()).sign(),
    lambda lib, x, m, i: ~i & 5,
    lambda lib, x, m, i: lib.where(m, i, 2),
    lambda lib, x, m, i: lib.div(i * 3, -2, rounding_mode="trunc"),
    lambda lib, x, m, i: i.sum() % 9,
    lambda lib, x, m, i: m.sum(),
    lambda lib, x, m, i: lib.count_nonzero(i),
    lambda lib, x, m, i: (i << 1) >> 2,
    lambda lib, x, m, i: i.clamp(-2, 3),
)
TO_FLOATS: tuple[Step, ...] = (
    lambda lib, x, m, i: x * m,
    lambda lib, x, m, i: lib.where(m, x, 0.5),
    lambda lib, x, m, i: lib.where(m, x, -x),
    lambda lib, x, m, i: lib.where(x > 0.4, x, i),
    lambda lib, x, m, i: x + i * 0.1,
    lambda lib, x, m, i: i * x * 0.2,
    lambda lib, x, m, i: x / (i.abs() + 2),
    lambda lib, x, m, i: m.double() - x,
    lambda lib, x, m, i: lib.maximum(x, i.double() * 0.1),
)
LABEL_WRITES: tuple[Step, ...] = (
    lambda lib, x, m, i: m.logical_not_(),
    lambda lib, x, m, i: m.copy_(x),
    lambda lib, x, m, i: m.__iand__(x > 0),
    lambda lib, x, m, i: m.__ior__(i > 2),
    lambda lib, x, m, i: m.__ixor__(i),
    lambda lib, x, m, i: m.__setitem__(..., x > 0.5),
    lambda lib, x, m, i: m.__setitem__(slice(None, 1), True),
    lambda lib, x, m, i: i.copy_(x * 3),
    lambda lib, x, m, i: i.add_(m),
    lambda lib, x, m, i: i.mul_(-1),
    lambda lib, x, m, i: i.__ifloordiv__(2),
    lambda lib, x, m, i: i.add_(x),
    lambda lib, x, m, i: i.__setitem__(0, 1.75),
    lambda lib, x, m, i: i.sub_(i, alpha=2),
)


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
        self.masks = [lib.zeros(2, 3, dtype=lib.bool), leaves[0] > 0.5, leaves[5] > 0.6]
        self.integers = [(leaves[1] * 6).long(), lib.arange(3), lib.ones(4, 1, dtype=lib.int64)]
        for _ in range(self.steps):
            kinds = ["unary", "binary", "binary", "number", "view", "view", "reduce"]
            kinds += ["mask", "integer", "mixed"]
            if self.in_place:
                kinds += ["write", "write", "assign", "label_write"]
            step = getattr(self, "_" + dice.choice(kinds))
            made = step(dice, lib, pool)
            if made is not None:
                pool.append(made)
        result = sum((t.sum() for t in pool[len(leaves) :]), leaves[0].sum() * 0)
        return leaves, result, [*pool, *self.masks, *self.integers]

    masks: list[Any]
    integers: list[Any]

    def _of_three(self, steps: tuple[Step, ...], dice: random.Random, lib: Any, x: Any) -> Any:
        """What a step makes of x, a mask and integers, unless their shapes do not fit."""
        step, m, i = dice.choice(steps), dice.choice(self.masks), dice.choice(self.integers)
        try:
            shape = np.broadcast_shapes(tuple(x.shape), tuple(m.shape), tuple(i.shape))
        except ValueError:
            return None
        return step(lib, x, m, i) if np.prod(shape) <= 64 and len(shape) <= 4 else None

    def _mask(self, dice: random.Random, lib: Any, pool: list[Any]) -> None:
        made = self._of_three(TO_MASKS, dice, lib, dice.choice(pool))
        self.masks += [made] if made is not None else []

    def _integer(self, dice: random.Random, lib: Any, pool: list[Any]) -> None:
        made = self._of_three(TO_INTEGERS, dice, lib, dice.choice(pool))
        self.integers += [made] if made is not None else []

    def _mixed(self, dice: random.Random, lib: Any, pool: list[Any]) -> Any:
        return self._of_three(TO_FLOATS, dice, lib, dice.choice(pool))

    def _label_write(self, dice: random.Random, lib: Any, pool: list[Any]) -> None:
        x = dice.choice(pool)
        self._try(lambda: self._of_three(LABEL_WRITES, dice, lib, x))

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
        assert x.is_leaf == y.is_leaf and str(x.dtype) == str(y.dtype).replace(
            "torch", "pyautograd"
        )
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
