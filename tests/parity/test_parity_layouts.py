# SPDX-License-Identifier: MIT
"""Against PyTorch, over layouts: in which order of memory results, gradients and copies lie, and
that their numbers do not depend on it: to the bit those of row-major operands."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from layouts import KINDS, Program, in_layout, random_shape, strides
from ops import cases_special
from ops.case import Case, by_id
from ops.cases import DIFFERENTIABLE, MAPS
from support import Array, assert_same_bits, values

# Without those whose condition is an array of NumPy's, which is row-major, where torch has a
# tensor, those whose result is row-major in torch or is made of a power that is
# (pyautograd/differences.md), and those that are made of several ops, each with its own order.
ROW_MAJOR = {"2 ** x", "number first"}
BY_ORDER = [case for case in MAPS if case.op != "where" and case.label not in ROW_MAJOR]
BY_ORDER = [case for case in BY_ORDER if case.op not in ("logsigmoid", "ldexp", "addcdiv")]
# Of special functions PyTorch lacks some, and gradients of others: test_parity_special.py has them.
BY_ORDER = [case for case in BY_ORDER if case not in cases_special.MAPS]


def near(got: Any, expected: Any, relative: float = 1e-10) -> bool:
    a, b = values(got), values(expected)
    return bool(np.allclose(a, b, rtol=relative, atol=1e-12, equal_nan=True))


# PyTorch has the slope of hardsigmoid as a float32.
LOOSE = {"hardsigmoid": 1e-7}


class Operands:
    """The same operands, in the same layouts, in each library, and row-major ones of ours."""

    def __init__(self, torch: ModuleType, arrays: list[Array], dice: random.Random) -> None:
        self.ours: list[Any] = []
        self.theirs: list[Any] = []
        for a in arrays:
            kind, seed = dice.choice(KINDS), dice.random()
            self.ours.append(in_layout(ag, a, kind, random.Random(seed)).requires_grad_())
            self.theirs.append(in_layout(torch, a, kind, random.Random(seed)).requires_grad_())
            assert self.ours[-1].stride() == self.theirs[-1].stride()
        self.plain = [ag.tensor(values(x).copy(order="C")) for x in self.ours]
        for x in self.plain:
            x.requires_grad_()
            assert x.is_contiguous()


def operands_of(case: Case, torch: ModuleType, dice: random.Random, large: bool) -> Operands:
    shape = random_shape(dice, large)
    shapes = [shape]
    for _ in range(case.arity - 1):
        part = shape[dice.randint(0, len(shape)) :] if dice.random() < 0.3 else shape
        shapes.append(tuple(1 if dice.random() < 0.15 else n for n in part))
    if case.op != "clamp":  # torch's rule fails where the bounds are larger
        dice.shuffle(shapes)
    return Operands(torch, case.sample(np.random.default_rng(dice.randrange(2**32)), *shapes), dice)


def compare(case: Case, torch: ModuleType, seed: str, large: bool) -> None:
    dice = random.Random(seed)
    x = operands_of(case, torch, dice, large)
    ours, plain = case.call(ag, *x.ours), case.call(ag, *x.plain)
    theirs = case.run_twin(torch, *x.theirs)
    assert strides(ours) == strides(theirs), f"{seed}: {[t.stride() for t in x.theirs]}"
    assert ours.is_contiguous() == theirs.is_contiguous(), seed
    assert plain.is_contiguous(), seed
    assert near(ours, theirs), seed
    assert_same_bits(ours, plain, seed)
    if case not in DIFFERENTIABLE:
        return
    weights = np.random.default_rng(dice.randrange(2**32)).uniform(-1, 1, tuple(ours.shape))
    kind, layout = dice.choice(KINDS[:3]), dice.random()
    ours.backward(in_layout(ag, weights, kind, random.Random(layout)))
    theirs.backward(in_layout(torch, weights, kind, random.Random(layout)))
    plain.backward(ag.tensor(weights))
    for a, b, c in zip(x.ours, x.theirs, x.plain, strict=True):
        if b.grad is None:
            assert a.grad is None
            continue
        assert near(a.grad, b.grad, LOOSE.get(case.op, 1e-10)), seed
        assert_same_bits(a.grad, c.grad, seed)
        assert strides(a.grad) == strides(b.grad), f"{seed}: {a.stride()}"
        assert a.grad.is_contiguous() == b.grad.is_contiguous(), seed


@pytest.mark.parametrize("case", BY_ORDER, ids=by_id)
def test_every_op(case: Case, torch: ModuleType) -> None:
    for seed in range(25):
        compare(case, torch, f"{case.id}, {seed}", large=False)


@pytest.mark.parametrize("case", BY_ORDER, ids=by_id)
@pytest.mark.parametrize("threads", [1, 2])
def test_every_op_on_large_operands(case: Case, torch: ModuleType, threads: int) -> None:
    ag.set_num_threads(threads)
    for seed in range(3):
        compare(case, torch, f"{case.id}, large {seed}", large=True)


# ---- several ops ---------------------------------------------------------------------------------


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_programs(torch: ModuleType, large: bool) -> None:
    for seed in range(12 if large else 150):
        program = Program(f"{seed}", large)
        (ours, made), (theirs, like) = program.run(ag), program.run(torch)
        plain, alike = program.run(ag, rows=True)
        for k, (a, b, c) in enumerate(zip(made, like, alike, strict=True)):
            assert strides(a) == strides(b), f"seed {seed}, step {k}"
            assert near(a, b), f"seed {seed}, step {k}"
            assert_same_bits(a, c, f"seed {seed}, step {k}")
        for results in (made, like, alike):
            sum(t.sum() for t in results).backward()
        for a, b, c in zip(ours, theirs, plain, strict=True):
            assert (a.grad is None) == (b.grad is None)
            if a.grad is not None:
                assert strides(a.grad) == strides(b.grad), f"seed {seed}"
                assert_same_bits(a.grad, c.grad, f"seed {seed}")
                assert near(a.grad, b.grad), f"seed {seed}"


# ---- copies --------------------------------------------------------------------------------------

COPIES = {
    "clone": lambda lib, x: x.clone(),
    "contiguous": lambda lib, x: x.contiguous(),
    "detach().clone()": lambda lib, x: x.detach().clone(),
    "zeros_like": lambda lib, x: lib.zeros_like(x),
    "ones_like": lambda lib, x: lib.ones_like(x),
    "empty_like": lambda lib, x: lib.empty_like(x).zero_(),
    "full_like": lambda lib, x: lib.full_like(x, 3.0),
    "rand_like": lambda lib, x: lib.rand_like(x) * 0,
    "randn_like": lambda lib, x: lib.randn_like(x) * 0,
    "reshape": lambda lib, x: x.reshape(-1),
    "flatten": lambda lib, x: x.flatten(),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies(name: str, torch: ModuleType) -> None:
    for seed in range(80):
        dice = random.Random(f"{name} {seed}")
        shape = random_shape(dice, large=seed >= 70)
        a = np.random.default_rng(seed).uniform(-1, 1, shape)
        kind, layout = dice.choice(KINDS), dice.random()
        x = in_layout(ag, a, kind, random.Random(layout))
        y = in_layout(torch, a, kind, random.Random(layout))
        ours, theirs = COPIES[name](ag, x), COPIES[name](torch, y)
        assert strides(ours) == strides(theirs), f"seed {seed}: {y.stride()}"
        assert ours.is_contiguous() == theirs.is_contiguous(), f"seed {seed}"
        assert np.array_equal(values(ours), values(theirs)), f"seed {seed}"
        assert ours._is_view() == theirs._is_view(), f"seed {seed}"


def test_from_arrays(torch: ModuleType) -> None:
    for seed in range(60):
        dice = random.Random(seed)
        a = np.random.default_rng(seed).uniform(-9, 9, random_shape(dice, large=False))
        array = in_layout(ag, a, dice.choice(KINDS), dice).numpy()
        if array.size == 0:
            continue  # NumPy's strides of those are arbitrary
        for make in ("tensor", "as_tensor", "from_numpy"):
            for kind in (np.float64, np.int64, np.float32):
                if kind != np.float64 and make == "from_numpy":
                    continue
                given = array if kind == np.float64 else array.astype(kind)
                ours, theirs = getattr(ag, make)(given), getattr(torch, make)(given)
                assert strides(ours) == strides(theirs), f"seed {seed}, {make}, {kind}"
                assert np.array_equal(values(ours), values(theirs)), f"seed {seed}, {make}"
        assert ag.tensor(array.tolist()).is_contiguous()


# ---- gradients that lie as their leaf does -------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Using backward|grad and param do not obey")
@pytest.mark.parametrize("shape", [(3, 4, 2), (30, 20, 25)], ids=["small", "large"])
@pytest.mark.parametrize("kind", ["permuted", "gaps", "repeated", "row-major"])
def test_gradients_that_are_there(shape: tuple[int, ...], kind: str, torch: ModuleType) -> None:
    """First, second, in the layout of another, recorded, and those of what is no leaf."""
    a = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    seen = []
    for lib in (ag, torch):
        x = in_layout(lib, a, kind, random.Random(1)).requires_grad_()
        found = []
        for before in (None, None, lib.zeros(shape), lib.zeros(shape[::-1]).permute(2, 1, 0)):
            x.grad = before if before is not None else x.grad
            (x.transpose(0, 1).exp() * x.transpose(0, 1)).sum().backward()
            found.append((strides(x.grad), values(x.grad)))
        x.grad = None
        (x.transpose(0, 1) ** 2).sum().backward(create_graph=True)
        found.append((strides(x.grad), values(x.grad)))
        x.grad = None  # it has x on its tape
        y = x.detach().requires_grad_().transpose(0, 1) * 2
        y.retain_grad()
        y.square().sum().backward()
        found.append((strides(y.grad), values(y.grad)))
        seen.append(found)
    for k, ((a, b), (c, d)) in enumerate(zip(*seen, strict=True)):
        assert a == c and np.allclose(b, d, rtol=1e-12), f"gradient {k}"
