"""What one operation costs beyond its arithmetic: tensors of 1 and 5 elements."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks import _rivals, _timing
from benchmarks._plan import Options, Table, Timed

TITLE = "one operation, its result dropped at once (NumPy records nothing)"

# (name, source in ours and in torch, source in NumPy)
OPERATIONS = (
    ("a + b", "a + b", "a + b"),
    ("a * b", "a * b", "a * b"),
    ("a * 2.0", "a * 2.0", "a * 2.0"),
    ("-a", "-a", "-a"),
    ("a.sin()", "a.sin()", "sin(a)"),
    ("a.exp()", "a.exp()", "exp(a)"),
    ("a.sum()", "a.sum()", "a.sum()"),
    ("a.mean()", "a.mean()", "a.mean()"),
    ("a.view(1, -1)", "a.view(1, -1)", "a.reshape(1, -1)"),
)
SIZES = (1, 5)
UNROLL = 8


def _inputs(size: int) -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    return generator.uniform(0.5, 1.5, size), generator.uniform(0.5, 1.5, size)


def _loops(
    libraries: _rivals.Libraries, operation: tuple[str, str, str], size: int, recorded: bool
) -> dict[str, _timing.Loop]:
    _, source, numpy_source = operation
    a, b = _inputs(size)
    loops: dict[str, _timing.Loop] = {}
    for side, library in libraries.chosen(*_rivals.LIKE_TORCH).items():
        names = {
            "a": library.tensor(a, requires_grad=recorded),
            "b": library.tensor(b, requires_grad=recorded),
        }
        loops[side] = _timing.statement(source, names, UNROLL)
    if "numpy" in libraries.modules:
        names = {"a": a, "b": b, "sin": np.sin, "exp": np.exp}
        loops["numpy"] = _timing.statement(numpy_source, names, UNROLL)
    return loops


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Every operation, recorded and not, at each size, with one thread."""
    timed = Timed(libraries, options)
    return [
        Table(
            TITLE,
            [
                timed.step(
                    f"{operation[0]}{', recorded' if recorded else ''}",
                    size,
                    1,
                    partial(_loops, libraries, operation, size, recorded),
                )
                for operation in OPERATIONS
                for recorded in (True, False)
            ],
        )
        for size in options.choose(SIZES, (5,))
    ]
