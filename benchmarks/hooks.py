"""Hooks on the backward of one product; an autograd.Function with an empty body."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks import _rivals, _timing
from benchmarks._plan import Options, Table, Timed

TITLE = "y = x * 3 and its backward, with one hook that is registered, called and removed"
SIZES = (5,)
STEP = "x.grad = None\ny = x * 3\n{before}y.backward(g)\n{after}"
REMOVE = "handle.remove()\n"

# (name, how the hook is registered)
CASES = (
    ("no hook", ""),
    ("on the product", "y.register_hook(hook)"),
    ("on the leaf", "x.register_hook(hook)"),
    ("on the leaf, after .grad is set", "x.register_post_accumulate_grad_hook(hook)"),
    ("on the node", "y.grad_fn.register_hook(hook)"),
    ("on the node, before its rule", "y.grad_fn.register_prehook(hook)"),
)


def _hook(*gradients: Any) -> None:
    """Look at gradients."""


def _loops(libraries: _rivals.Libraries, register: str, size: int) -> dict[str, _timing.Loop]:
    before = f"handle = {register}\n" if register else ""
    source = STEP.format(before=before, after=REMOVE if register else "")
    loops: dict[str, _timing.Loop] = {}
    for side, library in libraries.modules.items():
        x = library.tensor(np.ones(size), requires_grad=True)
        names = {"x": x, "g": library.tensor(np.ones(size)), "hook": _hook}
        loops[side] = _timing.statement(source, names)
        loops[side](1)
        if x.grad.tolist() != [3.0] * size:
            raise AssertionError(f"{side}: the gradient is {x.grad.tolist()}")
    return loops


def _function(library: Any) -> Any:
    """A function that passes its argument on, and its gradient."""
    methods = {
        "forward": staticmethod(lambda ctx, x: x),
        "backward": staticmethod(lambda ctx, g: g),
    }
    base = library.autograd.Function
    return type(base)("Empty", (base,), methods)


def _function_loops(libraries: _rivals.Libraries, size: int) -> dict[str, _timing.Loop]:
    loops: dict[str, _timing.Loop] = {}
    for side, library in libraries.modules.items():
        x = library.tensor(np.ones(size), requires_grad=True)
        names = {"x": x, "g": library.tensor(np.ones(size)), "f": _function(library).apply}
        loops[side] = _timing.statement("x.grad = None\nf(x).backward(g)\n", names)
        loops[side](1)
        if x.grad.tolist() != [1.0] * size:
            raise AssertionError(f"{side}: the gradient is {x.grad.tolist()}")
    return loops


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Return a table with a row for each kind of hook."""
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    timed = Timed(chosen, options)
    steps = [
        timed.step(name, size, 1, partial(_loops, chosen, register, size))
        for name, register in (CASES[:2] if options.quick else CASES)
        for size in options.choose(SIZES, SIZES)
    ]
    if not options.quick:
        name = "a Function with an empty body, in place of the product"
        steps += [
            timed.step(name, size, 1, partial(_function_loops, chosen, size))
            for size in options.choose(SIZES, SIZES)
        ]
    return [Table(TITLE, steps)]
