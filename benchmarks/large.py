"""Large arrays: long graphs, summed broadcasts, optimisers; the distance to C.

What is timed here is memory traffic more than arithmetic: whether the values between two
operations go through memory. A step always ends with all that it made computed, be it by reading
one element. As in `graphs`, each side's results are compared with those by hand before it is timed.
The last tables stand beside programs in C (limits.c) that do one step and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import isqrt
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks import _handwritten, _rivals, _timing, graphs
from benchmarks._plan import Options, Table, Timed
from benchmarks.graphs import CLEAR, Graph

# A size is that of a graph's largest value.
CHAIN_SIZE = 1_000_000
BROADCAST_SIZE = 16_000_000  # 4000 by 4000
UPDATE_SIZE = 1_000_000
LIMITED_SIZES = (100_000, 1_000_000, 10_000_000)
SHARED_FROM = 1_000_000  # of these, with several threads
QUICK_SIZES = (20_000,)

ROUNDS_OF_CHAIN = 10  # of five operations each
SLOPE, SHIFT = 1.25, 0.25


def _chain_of_tensors(m: Any, x: Any, y: Any) -> Any:
    t = x
    for _ in range(ROUNDS_OF_CHAIN):
        t = m.maximum(m.maximum(-(t * y + x), 0.0), y)
    return m.sum(t)


def _chain_of_numbers(m: Any, x: Any, y: Any) -> Any:
    t = x
    for _ in range(ROUNDS_OF_CHAIN):
        t = m.maximum(m.maximum(-(t * SLOPE + SHIFT), 0.0), y)
    return m.sum(t)


def _greatest(t: Any, dx: Any, dy: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return max(max(t, 0), y) and its slopes by x and y, given those of t."""
    positive = t > 0.0
    t, dx, dy = t * positive, dx * positive, dy * positive
    kept = t > y
    return np.where(kept, t, y), dx * kept, np.where(kept, dy, 1.0)


def _chain_of_tensors_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    t, dx, dy = x, np.ones_like(x), np.zeros_like(y)
    for _ in range(ROUNDS_OF_CHAIN):
        t, dx, dy = -(t * y + x), -(dx * y + 1.0), -(dy * y + t)
        t, dx, dy = _greatest(t, dx, dy, y)
    return dx, dy


def _chain_of_numbers_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    t, dx, dy = x, np.ones_like(x), np.zeros_like(y)
    for _ in range(ROUNDS_OF_CHAIN):
        t, dx, dy = _greatest(-(t * SLOPE + SHIFT), -SLOPE * dx, -SLOPE * dy, y)
    return dx, dy


def _masked(m: Any, x: Any, y: Any) -> Any:
    return m.sum(m.where(x > 0.0, m.sin(x) * 2.0, x * 3.0) ** 2)


def _masked_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    return np.where(x > 0.0, 8.0 * np.sin(x) * np.cos(x), 18.0 * x), np.zeros_like(y)


def _rectified(m: Any, x: Any, y: Any) -> Any:
    return m.sum(m.maximum(m.sin(x) * 2.0, 0.0) ** 2)


def _rectified_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    return 8.0 * np.maximum(np.sin(x), 0.0) * np.cos(x), np.zeros_like(y)


def _pairs(generator: np.random.Generator, size: int) -> tuple[Any, Any]:
    side = isqrt(size)
    return generator.uniform(0.0, 1.0, (side, 1)), generator.uniform(0.0, 1.0, side)


def _log_sums(m: Any, x: Any, y: Any) -> Any:
    d = x - y
    return m.sum(m.log(m.sum(m.exp(d * d), 1)))


def _log_sums_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    d = x - y
    e = np.exp(d * d)
    slopes = 2.0 * d * e / e.sum(1, keepdims=True)
    return slopes.sum(1, keepdims=True), -slopes.sum(0)


def _chain_step(multiply: str, add: str) -> str:
    links = (f"t * {multiply}", f"t + {add}", "-t", "t.relu()", "t.maximum(y)")
    body = "".join(f"    t = {link}\n" for link in links)
    loop = f"t = x\nfor _ in range({ROUNDS_OF_CHAIN}):\n{body}"
    return f"{CLEAR}{loop}t.sum().backward()\ndel t"


CHAIN_OF_TENSORS = Graph(
    "chain of 50, tensors",
    _chain_step("y", "x"),
    _chain_of_tensors,
    _chain_of_tensors_by_hand,
)
CHAIN_OF_NUMBERS = Graph(
    "chain of 50, numbers",
    _chain_step(str(SLOPE), str(SHIFT)),
    _chain_of_numbers,
    _chain_of_numbers_by_hand,
)
# A choice by a mask, and one that needs none: the mask is to cost next to nothing.
MASKED = Graph(
    "choice by a mask",
    CLEAR + "(x.sin() * 2.0).where(x > 0.0, x * 3.0).square().sum().backward()",
    _masked,
    _masked_by_hand,
)
RECTIFIED = Graph(
    "choice by relu",
    CLEAR + "(x.sin() * 2.0).relu().square().sum().backward()",
    _rectified,
    _rectified_by_hand,
)
BROADCAST = Graph(
    "broadcast, log of sums",
    CLEAR + "(x - y).square().exp().sum(1).log().sum().backward()",
    _log_sums,
    _log_sums_by_hand,
    _pairs,
)
GRAPHS = (
    (CHAIN_OF_TENSORS, CHAIN_SIZE),
    (CHAIN_OF_NUMBERS, CHAIN_SIZE),
    (MASKED, CHAIN_SIZE),
    (RECTIFIED, CHAIN_SIZE),
    (BROADCAST, BROADCAST_SIZE),
)


@dataclass(frozen=True)
class Update:
    """An optimiser's step in plain expressions, without recording."""

    name: str
    lines: tuple[str, ...]
    by_hand: Callable[[Any, Any, Any, Any], Any]  # NumPy: (w, gradient, m, v) -> new w
    limit: str  # which program of limits.c does it, and
    arrays: tuple[str, ...]  # with which arrays
    renews: bool = False  # m and v are new tensors at each step, in `kept` until the next

    def step(self, read: tuple[str, ...] = ("w", "m", "v")) -> str:
        """Return the source of the step: some elements are read, so that all is computed."""
        body = "".join(f"    {line}\n" for line in ("g = w.grad", *self.lines))
        reads = "".join(f"{name}[0].item()\n" for name in read)
        return f"with no_grad():\n{body}{reads}"


# The corrections of m and v, of some step: c1 is 1 - b1 ** step.
NUMBERS = {"lr": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "c1": 0.65, "c2": 0.01}
_ADAM_STEP = "w -= lr * (m / c1) / ((v / c2).sqrt() + eps)"


def _descent_by_hand(w: Any, g: Any, m: Any, v: Any) -> Any:
    return w - NUMBERS["lr"] * g


def _momentum_by_hand(w: Any, g: Any, m: Any, v: Any) -> Any:
    return w - NUMBERS["lr"] * (NUMBERS["b1"] * m + g)


def _adam_by_hand(w: Any, g: Any, m: Any, v: Any) -> Any:
    n = NUMBERS
    m = n["b1"] * m + (1 - n["b1"]) * g
    v = n["b2"] * v + (1 - n["b2"]) * g * g
    return w - n["lr"] * (m / n["c1"]) / (np.sqrt(v / n["c2"]) + n["eps"])


UPDATES = (
    Update("descent", ("w -= lr * g",), _descent_by_hand, "descent", ("w", "g")),
    Update(
        "momentum",
        ("m *= b1", "m += g", "w -= lr * m"),
        _momentum_by_hand,
        "momentum",
        ("w", "g", "m"),
    ),
    Update(
        "Adam, in place",
        ("m *= b1", "m += (1 - b1) * g", "v *= b2", "v += (1 - b2) * g * g", _ADAM_STEP),
        _adam_by_hand,
        "adam",
        ("w", "g", "m", "v"),
    ),
    Update(
        "Adam, new m and v",
        (
            "m = kept.m = b1 * kept.m + (1 - b1) * g",
            "v = kept.v = b2 * kept.v + (1 - b2) * g * g",
            _ADAM_STEP,
        ),
        _adam_by_hand,
        "adam",
        ("w", "g", "m", "v", "next_m", "next_v"),
        renews=True,
    ),
)


def values(size: int) -> dict[str, Any]:
    """Return w, its gradient g, m and v before a step, the same at each call."""
    generator = np.random.default_rng(0)
    bounds = {"w": (-1.0, 1.0), "g": (-1.0, 1.0), "m": (-0.1, 0.1), "v": (0.0, 0.01)}
    return {name: generator.uniform(*each, size) for name, each in bounds.items()}


def _check(side: str, update: Update, start: dict[str, Any], w: Any) -> None:
    if not np.allclose(w, update.by_hand(**start), rtol=1e-12, atol=1e-14):
        raise AssertionError(f"{side}: {update.name} is wrong")


def names_of(library: Any, update: Update, start: dict[str, Any]) -> dict[str, Any]:
    """Return what the update's step uses besides `NUMBERS`.

    What a step makes anew is in ``kept``, where a loop that is called again finds it, and nowhere
    else: what a caller of the loop had too would not be stored with w.
    """
    w = library.tensor(start["w"], requires_grad=True)
    w.grad = library.tensor(start["g"])
    m, v = (library.tensor(start[name]) for name in ("m", "v"))
    made = {"kept": SimpleNamespace(m=m, v=v)} if update.renews else {"m": m, "v": v}
    return {"w": w, "no_grad": library.no_grad, **made}


def _update_loop(
    library: Any, update: Update, size: int, read: tuple[str, ...] = ("w", "m", "v")
) -> _timing.Loop:
    start = values(size)
    names = names_of(library, update, start)
    loop = _timing.statement(update.step(read), names | NUMBERS)
    loop(1)
    _check(library.__name__, update, start, names["w"].detach().numpy())
    return loop


def _update_loops(
    libraries: _rivals.Libraries, update: Update, size: int
) -> dict[str, _timing.Loop]:
    return {name: _update_loop(each, update, size) for name, each in libraries.modules.items()}


def _graphs(libraries: _rivals.Libraries, options: Options, threads: int) -> Table:
    chosen = libraries.only(*_rivals.LIKE_TORCH, "jax")
    timed = Timed(chosen, options)
    steps = [
        timed.step(graph.name, size, threads, partial(graphs.loops, chosen, graph, size, threads))
        for graph, usual in GRAPHS
        for size in options.choose((usual,), QUICK_SIZES)
    ]
    return Table(graphs.TITLE, steps)


def _updates(libraries: _rivals.Libraries, options: Options, threads: int) -> Table:
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    timed = Timed(chosen, options)
    steps = [
        timed.step(update.name, size, threads, partial(_update_loops, chosen, update, size))
        for update in UPDATES
        for size in options.choose((UPDATE_SIZE,), QUICK_SIZES)
    ]
    return Table("optimisers under no_grad, an element of w, m and v read at the end", steps)


def _limit_loop(update: Update, size: int, threads: int) -> _timing.Loop:
    start = values(size)
    arrays = {name: start.get(name, np.zeros(size)) for name in update.arrays}
    program = _handwritten.program(update.limit, threads, arrays, NUMBERS)
    program.run(past_caches=False, count=1)
    _check(_handwritten.SIDE, update, start, program.arrays["w"])
    return program.loop()


def _beside_limit(
    libraries: _rivals.Libraries, case: graphs.Graph | Update, size: int, threads: int
) -> dict[str, _timing.Loop]:
    """Return our loop and the limit; of an update w alone is read, which computes all."""
    if isinstance(case, graphs.Graph):
        loops = graphs.loops(libraries, case, size, threads)
        return loops | {_handwritten.SIDE: graphs.handwritten_loop(case, size, threads)}
    ours = _update_loop(libraries.modules[_rivals.OURS], case, size, ("w",))
    return {_rivals.OURS: ours, _handwritten.SIDE: _limit_loop(case, size, threads)}


LIMITS = "steps of ours, and in C for nothing else"


def _limits(libraries: _rivals.Libraries, options: Options, threads: int) -> Table:
    chosen = libraries.only(_rivals.OURS)
    timed = Timed(chosen, options, ns_per_element=5.0)
    effort = replace(options.effort, fewest=options.effort.rounds)
    sizes = () if _handwritten.missing() else options.choose(LIMITED_SIZES, QUICK_SIZES)
    if threads > 1 and options.sizes is None:
        sizes = tuple(size for size in sizes if size >= SHARED_FROM)
    steps = [
        timed.step(
            case.name, size, threads, partial(_beside_limit, chosen, case, size, threads), effort
        )
        for case in (graphs.MEAN, *UPDATES)
        for size in sizes
    ]
    return Table(LIMITS, steps, [_handwritten.note()], compared="distance")


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Graphs, optimisers and limits at each number of threads."""
    tables = [
        part(libraries, options, threads)
        for part in (_graphs, _updates, _limits)
        for threads in options.threads
    ]
    shown = [table for table in tables if table.steps]
    if missing := _handwritten.missing():
        shown += [Table(LIMITS, [], [f"without C: {missing}"])]
    return shown
