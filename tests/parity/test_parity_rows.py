# SPDX-License-Identifier: MIT
"""Formulas along dimensions and parts of them: random shapes, dimensions, layouts and arguments
beside torch, values, gradients, second gradients, names of nodes, errors."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

COUNT = 1000
Call = Callable[[Any, Any], Any]  # of the library and of x


def some_dims(dice: random.Random, ndim: int) -> Any:
    """One dimension, some, all of them, or one that there is not."""
    if dice.random() < 0.05:
        return ndim
    dims = dice.sample(range(ndim), dice.randint(1, ndim)) if ndim else [0]
    dims = [d - ndim if dice.random() < 0.3 and ndim else d for d in dims]
    return dice.choice([dims[0], tuple(dims)])


def one_dim(dice: random.Random, ndim: int) -> int:
    return dice.randint(-ndim, ndim if dice.random() < 0.1 else ndim - 1) if ndim else 0


def sizes(dice: random.Random, length: int) -> Any:
    if dice.random() < 0.5:
        return dice.randint(0 if length == 0 else 1, length + 1)
    cuts = sorted(dice.randint(0, length) for _ in range(dice.randint(0, 3)))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, length], strict=True)]
    return parts if dice.random() < 0.9 else [*parts, 1]


def spread(dice: random.Random, name: str, shape: tuple[int, ...]) -> tuple[str, Call]:
    dims, keep = some_dims(dice, len(shape)), dice.random() < 0.5
    forms: list[tuple[str, Call]] = [
        (f"{name}()", lambda lib, x: getattr(lib, name)(x)),
        (f"{name}(False)", lambda lib, x: getattr(lib, name)(x, False)),
        (f"{name}({dims}, {keep})", lambda lib, x: getattr(lib, name)(x, dims, keep)),
        (
            f"{name}({dims}, correction=0, keepdim={keep})",
            lambda lib, x: getattr(lib, name)(x, dims, correction=0, keepdim=keep),
        ),
    ]
    return dice.choice(forms)


def program(dice: random.Random, shape: tuple[int, ...]) -> tuple[str, Call]:
    ndim, keep = len(shape), dice.random() < 0.5
    dims, dim = some_dims(dice, ndim), one_dim(dice, ndim)
    length = shape[dim] if ndim and -ndim <= dim < ndim else 1
    parts, chunks = sizes(dice, length), dice.randint(0 if dice.random() < 0.1 else 1, 5)
    kind = dice.choice(
        "var std var_mean logsumexp softmax log_softmax aminmax amax split chunk unbind div".split()
    )
    if kind in ("var", "std", "var_mean"):
        return spread(dice, kind, shape)
    mode = dice.choice(["floor", "trunc"])
    forms: dict[str, tuple[str, Call]] = {
        "logsumexp": (f"logsumexp({dims}, {keep})", lambda lib, x: x.logsumexp(dims, keep)),
        "softmax": (f"softmax({dim})", lambda lib, x: lib.softmax(x, dim)),
        "log_softmax": (f"log_softmax({dim})", lambda lib, x: x.log_softmax(dim)),
        "aminmax": (f"aminmax({dim})", lambda lib, x: lib.aminmax(x, dim=dim, keepdim=keep)),
        "amax": (f"amax({dims}, {keep})", lambda lib, x: x.amax(dims, keep)),
        "split": (f"split({parts}, {dim})", lambda lib, x: lib.split(x, parts, dim)),
        "chunk": (f"chunk({chunks}, {dim})", lambda lib, x: x.chunk(chunks, dim)),
        "unbind": (f"unbind({dim})", lambda lib, x: x.unbind(dim)),
        "div": (f"div({mode})", lambda lib, x: x.div(0.3, rounding_mode=mode)),
    }
    return forms[kind]


def outcome(lib: Any, a: Any, transposed: bool, call: Call) -> Any:
    """What the program gives: results, names, gradients of both orders; or its error."""
    x = lib.tensor(a, requires_grad=True)
    y = x.t() if transposed and x.dim() == 2 else x * 1.0
    try:
        results = call(lib, y)
    except (RuntimeError, IndexError) as error:
        return type(error)
    results = list(results) if isinstance(results, (tuple, list)) else [results]
    found = [r.detach().numpy() for r in results]
    names = [r.grad_fn.name() for r in results]
    total = sum(((r * r).sum() for r in results), lib.zeros(()))
    if not total.requires_grad:
        return found, names
    (g,) = lib.autograd.grad(total, x, create_graph=True)
    found.append(g.detach().numpy())
    if g.requires_grad:
        (h,) = lib.autograd.grad(g.square().sum(), x, allow_unused=True)
        found += [] if h is None else [h.numpy()]
    return found, names


@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")
def test_rows(torch: ModuleType) -> None:
    for seed in range(COUNT):
        dice = random.Random(seed)
        shape = tuple(dice.choice([1, 2, 3, 4, 0]) for _ in range(dice.randint(0, 3)))
        numbers = np.random.default_rng(seed).standard_normal(shape)
        text, call = program(dice, shape)
        transposed = dice.random() < 0.3
        theirs = outcome(torch, numbers, transposed, call)
        ours = outcome(ag, numbers, transposed, call)
        where = f"seed {seed}: {text} of {shape}"
        if isinstance(theirs, type) or isinstance(ours, type):
            assert ours == theirs, where
            continue
        assert ours[1] == theirs[1], where
        assert len(ours[0]) == len(theirs[0]), where
        for one, other in zip(ours[0], theirs[0], strict=True):
            assert one.shape == other.shape, where
            assert np.allclose(one, other, rtol=1e-12, atol=1e-13, equal_nan=True), where
