"""Long chains of operations on one element: what a node costs to record, walk and free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from typing import Any

from benchmarks import _process, _rivals, _timing
from benchmarks._report import Options, Report

TITLE = "per node of a chain of `size` operations on one element"
SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 10_000)
FEWEST_ROUNDS = 3  # torch takes ten seconds for the longest
PHASES = ("record", "backward", "free", "all")


def _add_phases(x: Any, c: Any, length: int) -> _timing.Phases:
    def phases() -> Iterator[str]:
        x.grad = None
        t = x
        for _ in repeat(None, length):
            t = t + c
        yield "record"
        t.backward()
        yield "backward"
        del t
        yield "free"

    return phases


def _sin_phases(x: Any, c: Any, length: int) -> _timing.Phases:
    def phases() -> Iterator[str]:
        x.grad = None
        t = x
        for _ in repeat(None, length):
            t = t.sin()
        yield "record"
        t.backward()
        yield "backward"
        del t
        yield "free"

    return phases


# `t + c` saves nothing for its rule, `t.sin()` the value before it.
CHAINS = {"t + c": _add_phases, "t.sin()": _sin_phases}


def _leaves(library: Any) -> tuple[Any, Any]:
    return library.tensor([0.5], requires_grad=True), library.tensor([0.25])


def bytes_per_node(library: str, chain: str, length: int) -> float:
    """Return by how much a chain, recorded in this process, makes it grow, per node."""
    x, c = _leaves(_process.load(library))
    for _ in CHAINS[chain](x, c, 100)():  # whatever is set up once is set up here
        pass
    _process.give_back()
    before = _process.resident()
    phases = CHAINS[chain](x, c, length)()
    next(phases)
    return (_process.resident() - before) / length


def _run_chain(libraries: _rivals.Libraries, options: Options, report: Report, chain: str) -> None:
    sizes = options.choose(SIZES, QUICK_SIZES)
    whole: dict[int, _timing.Comparison] = {}
    for size in sizes:
        works = {
            side: CHAINS[chain](*_leaves(library), size)
            for side, library in libraries.chosen(*_rivals.LIKE_TORCH).items()
        }
        effort = replace(options.effort, fewest=FEWEST_ROUNDS)
        results = _timing.interleave_phases(works, size, effort)
        for phase in PHASES:
            report.row(f"{chain}: {phase}", results[phase], size, 1)
        whole[size] = results["all"]
    if len(sizes) > 1:
        linearity = _timing.Comparison()
        for side in whole[sizes[0]].samples:
            shortest, longest = whole[min(sizes)].summary(side), whole[max(sizes)].summary(side)
            linearity.add(side, longest.median / shortest.median)
        label = f"{chain}: all, over {min(sizes)}'s"
        report.row(label, linearity, max(sizes), 1, "times", ratios=False)
    if _process.measurable():
        grown = _process.interleave(libraries, bytes_per_node, 1, chain=chain, length=max(sizes))
        report.row(f"{chain}: memory", grown, max(sizes), 1, "bytes")


def run(libraries: _rivals.Libraries, options: Options, report: Report) -> None:
    """Time the phases of each chain at each length, and measure its memory."""
    report.begin("chain", TITLE, list(libraries.chosen(*_rivals.LIKE_TORCH)), 26)
    with _rivals.threads(libraries, 1):
        for chain in CHAINS:
            _run_chain(libraries, options, report, chain)
