"""Large arrays: long graphs, a broadcast that is summed away, optimisers, a thousand operations.

What is timed here is memory traffic more than arithmetic: whether the values between two
operations go through memory. A step always ends with all that it made computed, be it by reading
one element. As in `graphs`, each side's results are compared with those by hand before it is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np

from benchmarks import _rivals, _timing, graphs
from benchmarks._report import Options, Report
from benchmarks.graphs import CLEAR, Graph

TITLE = "`size` is that of the largest value; both .grad = None, forward, backward"
CHAIN_SIZE = 1_000_000
BROADCAST_SIZE = 16_000_000  # 4000 by 4000
UPDATE_SIZE = 1_000_000
LONG_SIZE = 100_000
QUICK_SIZES = (20_000,)

ROUNDS_OF_CHAIN = 10  # of five operations each
SLOPE, SHIFT = 1.25, 0.25

LENGTH = 1000  # of the long chains
QUICK_LENGTH = 100
# `t * 1.0001` saves nothing for its rule, `t.sin()` the value before it.
LINKS = ("t * 1.0001", "t.sin()")


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
    (BROADCAST, BROADCAST_SIZE),
)


@dataclass(frozen=True)
class Update:
    """An optimiser's step in plain expressions, without recording."""

    name: str
    lines: tuple[str, ...]
    by_hand: Callable[[Any, Any, Any, Any], Any]  # NumPy: (w, gradient, m, v) -> new w

    @property
    def step(self) -> str:
        """The source of the step: it reads w, m and v, so that they are computed."""
        body = "".join(f"    {line}\n" for line in ("g = w.grad", *self.lines))
        reads = "".join(f"{name}[0].item()\n" for name in ("w", "m", "v"))
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
    Update("descent", ("w -= lr * g",), _descent_by_hand),
    Update("momentum", ("m *= b1", "m += g", "w -= lr * m"), _momentum_by_hand),
    Update(
        "Adam, in place",
        ("m *= b1", "m += (1 - b1) * g", "v *= b2", "v += (1 - b2) * g * g", _ADAM_STEP),
        _adam_by_hand,
    ),
    Update(
        "Adam, new m and v",
        ("m = b1 * m + (1 - b1) * g", "v = b2 * v + (1 - b2) * g * g", _ADAM_STEP),
        _adam_by_hand,
    ),
)


def _update_loop(library: Any, update: Update, size: int) -> _timing.Loop:
    generator = np.random.default_rng(0)
    w, g = generator.uniform(-1.0, 1.0, size), generator.uniform(-1.0, 1.0, size)
    m, v = generator.uniform(-0.1, 0.1, size), generator.uniform(0.0, 0.01, size)
    expected = update.by_hand(w, g, m, v)
    names = {"w": library.tensor(w, requires_grad=True)}
    names |= {"m": library.tensor(m), "v": library.tensor(v), "no_grad": library.no_grad}
    names["w"].grad = library.tensor(g)
    loop = _timing.statement(update.step, names | NUMBERS)
    loop(1)
    if not np.allclose(names["w"].detach().numpy(), expected, rtol=1e-12, atol=1e-14):
        raise AssertionError(f"{library.__name__}: {update.name} is wrong")
    return loop


@dataclass(frozen=True)
class LongChain:
    """One operation after another, forward or both ways."""

    link: str
    length: int
    both: bool

    @property
    def name(self) -> str:
        """What stands in the table."""
        return f"{self.length} {self.link}, {'both ways' if self.both else 'forward'}"

    def step(self, length: int) -> str:
        """Return the source of a step of ``length`` operations."""
        body = f"for _ in range({length}):\n    t = {self.link}\n"
        end = "t.sum().backward()" if self.both else "t[0].item()"
        return f"x.grad = None\nt = x\n{body}{end}\ndel t"


def _time_long_chain(
    libraries: _rivals.Libraries, chain: LongChain, size: int, options: Options, threads: int
) -> tuple[_timing.Comparison, _timing.Comparison]:
    """Return the times of the chain, and those over as many times the time of one operation."""
    values = np.random.default_rng(0).uniform(0.5, 1.5, size)
    whole, ones = {}, {}
    for name, library in libraries.chosen(*_rivals.LIKE_TORCH).items():
        names = {"x": library.tensor(values, requires_grad=True)}
        whole[name] = _timing.statement(chain.step(chain.length), names)
        ones[f"{name}, one"] = _timing.statement(chain.step(1), names)
    result = _timing.interleave(whole | ones, options.effort, threads)
    times, over = _timing.Comparison(), _timing.Comparison()
    for name in whole:
        pairs = zip(result.samples[name], result.samples[f"{name}, one"], strict=True)
        for all_of_it, one in pairs:
            times.add(name, all_of_it)
            over.add(name, all_of_it / (chain.length * one))
    return times, over


def _run_graphs(
    libraries: _rivals.Libraries, options: Options, report: Report, threads: int
) -> None:
    for graph, usual in GRAPHS:
        for size in options.choose((usual,), QUICK_SIZES):
            sides = graphs.loops(libraries, graph, size, threads)
            result = _timing.interleave(sides, options.effort, threads)
            report.row(graph.name, result, size, threads)


def _run_updates(
    libraries: _rivals.Libraries, options: Options, report: Report, threads: int
) -> None:
    for update in UPDATES:
        for size in options.choose((UPDATE_SIZE,), QUICK_SIZES):
            sides = {
                name: _update_loop(library, update, size)
                for name, library in libraries.chosen(*_rivals.LIKE_TORCH).items()
            }
            result = _timing.interleave(sides, options.effort, threads)
            report.row(update.name, result, size, threads)


def _run_long_chains(
    libraries: _rivals.Libraries, options: Options, report: Report, threads: int
) -> None:
    length = QUICK_LENGTH if options.quick else LENGTH
    for chain in (LongChain(link, length, both) for link in LINKS for both in (False, True)):
        for size in options.choose((LONG_SIZE,), QUICK_SIZES):
            times, over = _time_long_chain(libraries, chain, size, options, threads)
            report.row(chain.name, times, size, threads)
            report.row(f"{chain.name}: /one", over, size, threads, "times", ratios=False)


def run(libraries: _rivals.Libraries, options: Options, report: Report) -> None:
    """Time all at each number of threads."""
    chosen = _rivals.Libraries(libraries.chosen(*_rivals.LIKE_TORCH, "jax"))
    report.begin("large", TITLE, list(chosen.modules), 34)
    for part in (_run_graphs, _run_updates, _run_long_chains):
        for threads in options.threads:
            with _rivals.threads(libraries, threads):
                part(chosen, options, report, threads)
    report.note("descent, momentum, Adam: under no_grad; then an element of w, m and v is read")
    report.note("/one: over as many times what one operation takes")
