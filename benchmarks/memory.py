"""Memory: the peak of a graph, and what a long loop with errors in it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks import _plan, _process, _rivals, graphs, large
from benchmarks._plan import Options, Row, Step, Table

PEAK = "peak beyond the inputs, each in a process of its own"
GROWTH = "what a loop leaves behind in which every fifth step is a mistake"
SIZES = (1_000_000, 10_000_000)
QUICK_SIZES = (100_000,)
LOOP_STEPS = 100_000
QUICK_LOOP_STEPS = 5_000
LOOP_WARM_UP = 2_000
STEPS_PER_ERROR = 5
WARM_UP_SIZE = 70_000

# The same as a function: nothing but the graph holds z when backward runs.
WAVE_IN_FUNCTION = replace(
    graphs.WAVE,
    name="sin-exp in a function",
    step=(
        "def f(x, y):\n"
        "    z = (x * y + x).sin() * (-x * x).exp()\n"
        "    return (z * z).sum()\n"
        "f(x, y).backward()"
    ),
)
# Each with its usual sizes: elements of its largest value.
PEAKS = (
    (graphs.MEAN, SIZES),
    (graphs.WAVE, SIZES),
    (WAVE_IN_FUNCTION, SIZES),
    (large.CHAIN_OF_TENSORS, (large.CHAIN_SIZE,)),
    (large.BROADCAST, (large.BROADCAST_SIZE,)),
)


def _leaf(library: Any, size: int) -> Any:
    values = np.random.default_rng(0).uniform(-1.0, 1.0, size)
    return library.tensor(values, requires_grad=True)


def _leaves(library: Any, graph: graphs.Graph, size: int) -> dict[str, Any]:
    values = dict(zip("xy", graph.inputs(size), strict=True))
    return {name: library.tensor(each, requires_grad=True) for name, each in values.items()}


def peak_of_graph(library: str, graph: str, size: int, threads: int) -> int:
    """Return the most bytes that forward and backward needed beyond the inputs."""
    module = _process.load(library, threads)
    chosen = next(each for each, _ in PEAKS if each.name == graph)
    code = compile(chosen.step, graph, "exec")
    # A graph that is small, but large enough for the threads to start, sets everything up.
    exec(code, _leaves(module, chosen, WARM_UP_SIZE))
    names = _leaves(module, chosen, size)
    _process.give_back()
    _process.reset_peak()
    before = _process.resident()
    exec(code, names)
    return _process.peak() - before


def _shapes_differ(library: Any, x: Any) -> None:
    x + library.tensor([1.0, 2.0])


def _not_a_scalar(library: Any, x: Any) -> None:
    (x * 2.0).backward()


def _backward_twice(library: Any, x: Any) -> None:
    loss = (x * x).sum()
    loss.backward()
    loss.backward()


def _leaf_in_place(library: Any, x: Any) -> None:
    x += 1.0


def _saved_value_changed(library: Any, x: Any) -> None:
    y = x.exp()
    z = y.sum()
    y += 1.0
    z.backward()


ERRORS = (_shapes_differ, _not_a_scalar, _backward_twice, _leaf_in_place, _saved_value_changed)


def _steps(library: Any, x: Any, count: int) -> None:
    """Run steps, each fifth followed by a mistake that the library must refuse."""
    for step in range(count):
        x.grad = None
        ((x * x).sin() + x.exp()).sum().backward()
        if step % STEPS_PER_ERROR == 0:
            mistake = ERRORS[step // STEPS_PER_ERROR % len(ERRORS)]
            try:
                mistake(library, x)
            except (RuntimeError, ValueError):
                continue
            raise AssertionError(f"{mistake.__name__} was not refused")


def growth_of_loop(library: str, steps: int) -> int:
    """Return by how many bytes a loop of steps with errors makes this process grow."""
    module = _process.load(library)
    x = _leaf(module, 5)
    _steps(module, x, LOOP_WARM_UP)
    _process.give_back()
    before = _process.resident()
    _steps(module, x, steps)
    _process.give_back()
    return _process.resident() - before


def _peak_rows(
    libraries: _rivals.Libraries, rounds: int, graph: graphs.Graph, size: int
) -> Iterator[Row]:
    found = _process.interleave(
        libraries, peak_of_graph, rounds, graph=graph.name, size=size, threads=1
    )
    yield Row(graph.name, found, size, 1, "bytes")


def _growth_rows(libraries: _rivals.Libraries, steps: int) -> Iterator[Row]:
    found = _process.interleave(libraries, growth_of_loop, 1, steps=steps)
    yield Row(f"growth in {steps} steps", found, 5, 1, "bytes", ratios=False)


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """The peaks at each size, then the loop."""
    if not _process.measurable():
        missing = "left out: this system has no /proc/self/status to read memory from"
        return [Table(PEAK, [], [missing])]
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    rounds = 1 if options.quick else 3
    seconds = _process.SECONDS * len(chosen.modules)
    peaks = [
        Step(
            _plan.label(graph.name, size, 1),
            partial(_peak_rows, chosen, rounds, graph, size),
            rounds * (seconds + size * 1e-7),
        )
        for graph, usual in PEAKS
        for size in options.choose(usual, QUICK_SIZES)
    ]
    steps = QUICK_LOOP_STEPS if options.quick else LOOP_STEPS
    growth = Step("growth", partial(_growth_rows, chosen, steps), seconds + steps * 1e-4)
    return [Table(PEAK, peaks), Table(GROWTH, [growth])]
