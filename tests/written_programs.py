# SPDX-License-Identifier: MIT
"""Random programs of elementwise operations, views and writes in place, which any library runs.

A program is a list of instructions over a growing list of tensors, all of `size` elements or, as
views, of half of them. Run with `clones`, each operation reads clones and gives one, and what is
written in place is copied from beside, so that nothing that was saved is ever written: the truth
for the same program without clones."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

UNARY = ("sin", "atan", "tanh", "square", "sigmoid")
BINARY = ("mul", "add", "div", "sub")
WRITES = ("mul_", "add_", "copy_", "sub_")
WRITES_ALONE = ("sin_", "tanh_", "atan_", "neg_", "square_", "sigmoid_", "zero_")
VIEWS: dict[str, Callable[[Any, int], Any]] = {
    "first": lambda t, half: t[:half],
    "last": lambda t, half: t[half:],
    "middle": lambda t, half: t[1 : half + 1],
    "every other": lambda t, half: t[::2],
    "column": lambda t, half: t.view(half, 2)[:, 1],
    "transposed": lambda t, half: t.view(2, half).t()[:, 0],
}

Program = list[tuple[Any, ...]]


def random_program(seed: int, steps: int = 14) -> Program:
    """The list begins with two leaves; whether a tensor is a half is known here."""
    choose = random.Random(seed)
    halves = [False, False]
    program: Program = []

    def place(half: bool | None = None, first: int = 0) -> int:
        fit = [k for k in range(first, len(halves)) if half is None or halves[k] == half]
        return choose.choice(fit)

    def add(instruction: tuple[Any, ...], half: bool) -> None:
        program.append(instruction)
        halves.append(half)

    add(("unary", "sin", 0), False)
    add(("binary", "mul", 0, 1), False)
    add(("view", "middle", 3), True)
    for _ in range(steps):
        kind = choose.choice(("unary", "binary", "view", "write", "write", "alone", "quiet", "set"))
        if kind == "unary":
            k = place()
            add((kind, choose.choice(UNARY), k), halves[k])
        elif kind == "binary":
            k = place()
            add((kind, choose.choice(BINARY), k, place(halves[k])), halves[k])
        elif kind == "view":
            add((kind, choose.choice(list(VIEWS)), place(False, 2)), True)
        elif kind == "write":
            k = place(None, 2)
            program.append((kind, choose.choice(WRITES), k, place(halves[k])))
        elif kind == "alone":
            program.append((kind, choose.choice(WRITES_ALONE), place(None, 2)))
        elif kind == "quiet":
            program.append((kind, place()))
        else:
            program.append((kind, place(False, 2), place(True)))
    return program


def _clone(t: Any) -> Any:
    return t.clone()


def _itself(t: Any) -> Any:
    return t


def _write(t: Any, name: str, others: list[Any], clones: bool) -> None:
    if not clones:
        getattr(t, name)(*others)
    elif name in ("copy_", "zero_"):
        t.copy_(others[0].clone() if others else t.clone() * 0)
    else:
        t.copy_(getattr(t.clone(), name[:-1])(*[other.clone() for other in others]).clone())


def _step(lib: Any, tensors: list[Any], instruction: tuple[Any, ...], clones: bool) -> None:
    kind, rest = instruction[0], instruction[1:]
    half, read = len(tensors[0]) // 2, _clone if clones else _itself
    if kind == "unary":
        tensors.append(read(getattr(read(tensors[rest[1]]), rest[0])()))
    elif kind == "binary":
        x, y = read(tensors[rest[1]]), read(tensors[rest[2]])
        y = read(y.sigmoid() + 1) if rest[0] == "div" else y
        tensors.append(read(getattr(x, rest[0])(y)))
    elif kind == "view":
        tensors.append(VIEWS[rest[0]](tensors[rest[1]], half))
    elif kind in ("write", "alone"):
        _write(tensors[rest[1]], rest[0], [tensors[k] for k in rest[2:]], clones)
    elif kind == "quiet":
        with lib.no_grad():
            tensors[rest[0]].mul_(0.75)
    else:
        tensors[rest[0]][:half] = read(tensors[rest[1]])


def loss_of(lib: Any, program: Program, leaves: list[Any], clones: bool) -> Any:
    """Every tensor has a part in the result, and so has everything that was saved."""
    tensors = list(leaves)
    for instruction in program:
        _step(lib, tensors, instruction, clones)
    total = tensors[0].sum() * 0
    for k, t in enumerate(tensors):
        total = total + (k + 1) * (t * 0.1).tanh().sum()
    return total


def gradients(lib: Any, program: Program, numbers: Any, order: int, clones: bool) -> list[Any]:
    """Of the first or second order, of both leaves, as arrays."""
    leaves = [lib.tensor(row.tolist(), requires_grad=True) for row in numbers]
    loss = loss_of(lib, program, leaves, clones)
    first = lib.autograd.grad(loss, leaves, create_graph=order == 2, allow_unused=True)
    if order == 2:
        inner = sum((g * g).sum() for g in first if g is not None)
        if not inner.requires_grad:
            return []
        first = lib.autograd.grad(inner, leaves, allow_unused=True)
    return [None if g is None else g.detach().numpy().copy() for g in first]
