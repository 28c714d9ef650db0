"""Memory: the peak of a graph, and what a long loop with errors in it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import _process, _rivals, graphs, large
from benchmarks._report import Options, Report

TITLE = "beyond the inputs, each in a process of its own"
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


def run(libraries: _rivals.Libraries, options: Options, report: Report) -> None:
    """Measure the peaks at each size, then the loop."""
    report.begin("memory", TITLE, list(libraries.chosen(*_rivals.LIKE_TORCH)), 34)
    if not _process.measurable():
        report.note("left out: this system has no /proc/self/status to read memory from")
        return
    rounds = 1 if options.quick else 3
    for graph, usual in PEAKS:
        for size in options.choose(usual, QUICK_SIZES):
            result = _process.interleave(
                libraries, peak_of_graph, rounds, graph=graph.name, size=size, threads=1
            )
            report.row(f"{graph.name}: peak", result, size, 1, "bytes")
    steps = QUICK_LOOP_STEPS if options.quick else LOOP_STEPS
    result = _process.interleave(libraries, growth_of_loop, 1, steps=steps)
    label = f"growth in {steps} steps with errors"
    report.row(label, result, 5, 1, "bytes", ratios=False)
