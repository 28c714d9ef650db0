"""Plain sums, nothing recorded: of all, of rows, of columns, of a transposed matrix."""

from __future__ import annotations

from functools import partial
from math import isqrt
from typing import Any

import numpy as np

from benchmarks import _rivals, _timing
from benchmarks._plan import Options, Table, Timed

TITLE = "without recording, the result read; m is square"
SIZES = (100_000, 1_000_000, 10_000_000)
QUICK_SIZES = (100_000,)

# (source in ours and in torch, in NumPy, whose own `t` of an array is an attribute)
SUMS = (
    ("x.sum()", "x.sum()"),
    ("m.sum(0)", "m.sum(0)"),
    ("m.sum(1)", "m.sum(1)"),
    ("m.t().sum(0)", "m.T.sum(0)"),
    ("m.t().sum(1)", "m.T.sum(1)"),
)


def loop(side: str, source: str, names: dict[str, Any], expected: Any) -> _timing.Loop:
    """Return the loop of a source, whose value was compared with ``expected`` and is read."""
    found = eval(source, dict(names))
    if not np.allclose(np.asarray(found), expected, rtol=1e-9, atol=1e-9):
        raise AssertionError(f"{side}: {source} is wrong")
    # The value may be computed when it is read.
    place = f"[{', '.join('0' * expected.ndim)}]" if expected.ndim else ""
    read = "" if side == "numpy" else f"{place}.item()"
    return _timing.statement(f"({source}){read}", names)


def _loops(
    libraries: _rivals.Libraries, sources: tuple[str, str], size: int, threads: int
) -> dict[str, _timing.Loop]:
    source, in_numpy = sources
    x = np.random.default_rng(0).uniform(-1.0, 1.0, size)
    m = x[: isqrt(size) ** 2].reshape(isqrt(size), -1).copy()
    expected = eval(in_numpy, {"x": x, "m": m})
    loops = {}
    for side, library in libraries.modules.items():
        if not _rivals.fits_threads(side, threads):
            continue
        if side == "numpy":
            loops[side] = loop(side, in_numpy, {"x": x, "m": m}, expected)
        else:
            names = {"x": library.tensor(x), "m": library.tensor(m)}
            loops[side] = loop(side, source, names, expected)
    return loops


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Every sum at each size, a table for each number of threads."""
    chosen = libraries.only(*_rivals.LIKE_TORCH, "numpy")
    timed = Timed(chosen, options, ns_per_element=2.0)
    return [
        Table(
            TITLE,
            [
                timed.step(pair[0], size, threads, partial(_loops, chosen, pair, size, threads))
                for pair in SUMS
                for size in options.choose(SIZES, QUICK_SIZES)
            ],
        )
        for threads in options.threads
    ]
