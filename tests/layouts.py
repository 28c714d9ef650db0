# SPDX-License-Identifier: MIT
"""Tensors in any layout: dimensions in any order of memory, gaps between them, repeated ones."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from support import Array

KINDS = ("row-major", "permuted", "gaps", "repeated", "permuted", "Fortran")


def in_layout(lib: Any, array: Array, kind: str, dice: random.Random) -> Any:
    """A tensor of `lib` with the shape of `array` and its values, or with some of its values
    repeated if `kind` is "repeated"; the same layout in each library if the dice are."""
    array = np.asarray(array)
    ndim = array.ndim
    order = list(range(ndim))
    if kind == "Fortran":
        order.reverse()
    elif kind != "row-major":
        dice.shuffle(order)
    memory = array.transpose(order).copy(order="C")
    if kind == "gaps":
        steps = [dice.randint(1, 2) for _ in order]
        wide = np.full([n * step for n, step in zip(memory.shape, steps, strict=True)], np.nan)
        region = tuple(slice(None, None, step) for step in steps)
        wide[region] = memory
        base = lib.zeros(wide.shape).copy_(lib.from_numpy(wide))[region]
    elif kind == "repeated":
        once = tuple(slice(0, 1) if dice.random() < 0.5 else slice(None) for _ in order)
        part = np.array(memory[once])
        base = lib.zeros(part.shape).copy_(lib.from_numpy(part)).expand(memory.shape)
    else:
        base = lib.zeros(memory.shape).copy_(lib.from_numpy(memory))
    inverse = [order.index(d) for d in range(ndim)]
    return base.permute(inverse).detach() if ndim else base.detach()


def strides(x: Any) -> tuple[int, ...]:
    """Those that matter: of sizes above 1, of what has elements."""
    if x.numel() == 0:
        return ()
    return tuple(step for n, step in zip(x.shape, x.stride(), strict=True) if n > 1)


def random_shape(dice: random.Random, large: bool) -> tuple[int, ...]:
    """0 to 4 dimensions, sizes 0 and 1 now and then; large: of more elements than what pends."""
    if large:
        sides = {1: (9000, 20000), 2: (91, 300), 3: (21, 40), 4: (10, 14)}
        ndim = dice.randint(1, 4)
        shape = [dice.randint(*sides[ndim]) for _ in range(ndim)]
        if dice.random() < 0.3:
            shape.insert(dice.randint(0, ndim), 1)
        return tuple(shape[:4])
    ndim = dice.choice((0, 1, 2, 2, 3, 3, 4))
    return tuple(dice.choices((1, 2, 3, 4, 5, 0), (3, 4, 5, 4, 2, 0.4))[0] for _ in range(ndim))


class Program:
    """A fixed list of elementwise steps and views on a pool of tensors of one size."""

    def __init__(self, seed: str, large: bool) -> None:
        self.seed = seed
        self.side = random.Random(seed).randint(*((21, 30) if large else (1, 4)))

    def run(self, lib: Any, rows: bool = False) -> tuple[list[Any], list[Any]]:
        """(leaves, everything that was made), all operands row-major if `rows`."""
        dice = random.Random(self.seed)
        data = np.random.default_rng(self.side)
        leaves = []
        for _ in range(3):
            a = data.uniform(0.5, 1.5, (self.side,) * 3)
            kind, seed = dice.choice(KINDS), dice.random()
            x = in_layout(lib, a, kind, random.Random(seed))
            leaves.append((x.contiguous() if rows else x).requires_grad_())
        pool = list(leaves)
        for _ in range(dice.randint(3, 9)):
            pool.append(self.step(lib, dice, pool))
        return leaves, pool[3:]

    def step(self, lib: Any, dice: random.Random, pool: list[Any]) -> Any:
        x, y = dice.choice(pool), dice.choice(pool)
        order, dim = dice.sample(range(3), 3), dice.randrange(3)
        ways = [
            lambda: x + y,
            lambda: x * y,
            lambda: lib.maximum(x, y * 0.7),
            lambda: x * 0.5,
            lambda: 1.5 - x,
            lambda: x.sin(),
            lambda: (x * x + 0.1).sqrt(),
            lambda: x.tanh(),
            lambda: x.permute(order),
            lambda: x.permute(order) * y,
            lambda: x.clone(),
            lambda: x + y.sum(dim, keepdim=True) * 0.01,
            lambda: x * y.mean(),
            lambda: x.reshape(-1).view(x.shape),
            lambda: x + y[:1],
        ]
        return dice.choice(ways)()
