"""Long chains of operations: what a node costs, and whether later ones cost more.

On one element, each phase by itself: to record, to walk and to free a node, and its memory. On
many, one operation's part of a chain beside the same operation alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np

from benchmarks import _plan, _process, _rivals, _timing
from benchmarks._plan import Options, Row, Step, Table
from benchmarks._timing import Comparison

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 10_000)
FEWEST_ROUNDS = 3  # torch takes ten seconds for the longest
NS_PER_NODE = 6_000.0  # of all sides together, about
PHASES = ("record", "backward", "free", "all")

WIDE_SIZE = 100_000  # elements, of the chains on many
QUICK_WIDE_SIZES = (20_000,)
WIDE_LENGTH = 1000
QUICK_WIDE_LENGTH = 30
LINKS = ("t * 1.0001", "t.sin()")


# `t + c` saves nothing for its rule, `t.sin()` the value before it.
CHAINS = ("t + c", "t.sin()")
_PHASES = """
def phases(x=x, c=c, length=length):
    x.grad = None
    t = x
    for _ in repeat(None, length):
        t = {link}
    yield "record"
    t.backward()
    yield "backward"
    del t
    yield "free"
"""


def _phases(library: Any, link: str, length: int) -> _timing.Phases:
    """Return the work of a chain of ``length`` operations ``link``, which is in the source."""
    scope = {
        "x": library.tensor([0.5], requires_grad=True),
        "c": library.tensor([0.25]),
        "length": length,
        "repeat": repeat,
    }
    exec(compile(_PHASES.format(link=link), f"<chain of {link}>", "exec"), scope)
    phases: _timing.Phases = scope["phases"]
    return phases


def bytes_per_node(library: str, chain: str, length: int) -> float:
    """Return by how much a chain, recorded in this process, makes it grow, per node."""
    module = _process.load(library)
    for _ in _phases(module, chain, 100)():  # whatever is set up once is set up here
        pass
    _process.give_back()
    before = _process.resident()
    phases = _phases(module, chain, length)()
    next(phases)
    return (_process.resident() - before) / length


def _phase_rows(
    libraries: _rivals.Libraries, effort: _timing.Effort, chain: str, length: int
) -> Iterator[Row]:
    works = {side: _phases(library, chain, length) for side, library in libraries.modules.items()}
    with _rivals.threads(libraries, 1):
        results = _timing.interleave_phases(works, length, effort)
    for phase in PHASES:
        yield Row(f"{chain}: {phase}", results[phase], length, 1)


def _memory_rows(libraries: _rivals.Libraries, chain: str, length: int) -> Iterator[Row]:
    grown = _process.interleave(libraries, bytes_per_node, 1, chain=chain, length=length)
    yield Row(f"{chain}: memory", grown, length, 1, "bytes")


def _narrow(libraries: _rivals.Libraries, options: Options) -> Iterator[Table]:
    """Yield the tables of chains on one element."""
    lengths = options.choose(SIZES, QUICK_SIZES)
    effort = replace(options.effort, fewest=FEWEST_ROUNDS)
    for chain in CHAINS:
        steps = [
            Step(
                _plan.label(chain, length, None, "operations"),
                partial(_phase_rows, libraries, effort, chain, length),
                effort.expected_s(1, length * NS_PER_NODE),
            )
            for length in lengths
        ]
        title = f"time per node of a chain of `{chain}` on one element"
        yield Table(title, steps, sized="operations")
    if _process.measurable():
        longest = max(lengths)
        steps = [
            Step(
                f"{chain}, memory",
                partial(_memory_rows, libraries, chain, longest),
                _process.SECONDS * len(libraries.modules),
            )
            for chain in CHAINS
        ]
        yield Table("memory per node of a chain on one element", steps, sized="operations")


@dataclass(frozen=True)
class WideChain:
    """One operation after another on many elements, forward or both ways."""

    link: str
    both: bool

    def name(self, length: int) -> str:
        """Return what stands in the table."""
        which = "alone" if length == 1 else f"each of {length}"
        return f"{self.link}, {'both ways' if self.both else 'forward'}, {which}"

    def step(self, length: int) -> str:
        """Return the source of ``length`` operations."""
        body = f"for _ in range({length}):\n    t = {self.link}\n"
        end = "t.sum().backward()" if self.both else "t[0].item()"
        return f"x.grad = None\nt = x\n{body}{end}\ndel t"


def _wide_rows(
    libraries: _rivals.Libraries, options: Options, chain: WideChain, size: int, threads: int
) -> Iterator[Row]:
    """Yield the time of one operation alone, and of one in the chain, measured in turns."""
    length = QUICK_WIDE_LENGTH if options.quick else WIDE_LENGTH
    values = np.random.default_rng(0).uniform(0.5, 1.5, size)
    loops: dict[str, _timing.Loop] = {}
    for side, library in libraries.modules.items():
        names = {"x": library.tensor(values, requires_grad=True)}
        for count in (1, length):
            loops[f"{side} {count}"] = _timing.statement(chain.step(count), names)
    with _rivals.threads(libraries, threads):
        result = _timing.interleave(loops, options.effort, threads)
    for count in (1, length):
        each = Comparison(waited=result.waited)
        for side in libraries.modules:
            each.samples[side] = [taken / count for taken in result.samples[f"{side} {count}"]]
        yield Row(chain.name(count), each, size, threads)


def _wide(libraries: _rivals.Libraries, options: Options) -> Iterator[Table]:
    """Yield the tables of chains on many elements."""
    length = QUICK_WIDE_LENGTH if options.quick else WIDE_LENGTH
    for threads in options.threads:
        steps = [
            Step(
                _plan.label(chain.link, size, threads),
                partial(_wide_rows, libraries, options, chain, size, threads),
                options.effort.expected_s(2, size * length * 5.0),
            )
            for chain in (WideChain(link, both) for link in LINKS for both in (False, True))
            for size in options.choose((WIDE_SIZE,), QUICK_WIDE_SIZES)
        ]
        yield Table("time of an operation on many elements", steps)


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """The chains on one element with one thread, those on many with each number of threads."""
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    return [*_narrow(chosen, options), *_wide(chosen, options)]
