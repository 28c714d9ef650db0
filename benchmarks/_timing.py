"""The only clock of the benchmarks.

A measurement has several sides that do the same work: the first is ours, the others are rivals.
The rounds of the sides are interleaved (A B C, A B C, ...), so that whatever slows the machine
for a while slows all of them; each round gives one ratio, and the ratio reported is the median
of these. The garbage collector is off while the clock runs.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from time import perf_counter_ns, process_time_ns
from typing import Any

# Runs `count` steps and returns the nanoseconds they took together.
Loop = Callable[[int], int]
# Does one piece of work in phases: yields the name of each when that phase is done.
Phases = Callable[[], Iterator[str]]

_clock = perf_counter_ns


def use_cpu_time() -> None:
    """Count this process's CPU time from now on, which others on the machine hardly change.

    It is the sum of what all threads took: for comparisons at one thread only.
    """
    global _clock
    _clock = process_time_ns


@dataclass(frozen=True)
class Effort:
    """How much time a measurement may take.

    ``rounds`` are wanted of each side, a round lasts about ``sample_ms`` (or one step, if that
    takes longer), and rounds are given up, down to ``fewest`` (or ``rounds`` if that is less),
    where all of them would last more than ``budget_s``.
    """

    rounds: int = 31
    sample_ms: float = 5.0
    budget_s: float = 6.0
    fewest: int = 5

    def rounds_of(self, round_ns: float) -> int:
        """Return the number of rounds to run when one of all sides takes ``round_ns``."""
        affordable = int(self.budget_s * 1e9 / max(round_ns, 1.0))
        return min(self.rounds, max(self.fewest, affordable))

    def expected_s(self, sides: int, step_ns: float) -> float:
        """Return about how many seconds the rounds take if a step of every side takes so long.

        Finding out how many steps make a round costs as much as two rounds.
        """
        round_ns = sides * max(self.sample_ms * 1e6, step_ns)
        return (self.rounds_of(round_ns) + 2) * round_ns / 1e9


@dataclass(frozen=True)
class Summary:
    """One side's figures: the middle of its rounds and how far they spread."""

    median: float
    q1: float
    q3: float
    best: float
    rounds: int

    @property
    def spread(self) -> float:
        """Half of the distance between the quartiles, as a part of the median."""
        return 0.5 * (self.q3 - self.q1) / abs(self.median) if self.median else 0.0


def summarise(values: Sequence[float]) -> Summary:
    """Return the median, quartiles and minimum of ``values`` (at least one).

    >>> summarise([1.0, 2.0, 3.0, 4.0, 5.0]).median
    3.0
    """
    if len(values) == 1:
        return Summary(values[0], values[0], values[0], values[0], 1)
    q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
    return Summary(median, q1, q3, min(values), len(values))


@dataclass
class Comparison:
    """What each side took in each round, in nanoseconds (or another unit) per step."""

    samples: dict[str, list[float]] = field(default_factory=dict)
    waited: float | None = None  # part of the loops' time in which they had no CPU, if known

    @property
    def ours(self) -> str:
        """The first side: the one that the ratios are of."""
        return next(iter(self.samples))

    def add(self, side: str, value: float) -> None:
        """Append what ``side`` took in its next round."""
        self.samples.setdefault(side, []).append(value)

    def summary(self, side: str) -> Summary:
        """Return the figures of ``side``."""
        return summarise(self.samples[side])

    def ratios(self, side: str) -> Summary | None:
        """Return the figures of (what ``side`` took / what ours took), of each round.

        >>> Comparison({"ours": [1.0, 2.0, 1.0], "rival": [3.0, 4.0, 3.0]}).ratios("rival").median
        3.0

        None if ours took nothing in a round.
        """
        pairs = list(zip(self.samples[side], self.samples[self.ours], strict=True))
        if not all(our for _, our in pairs):
            return None
        return summarise([rival / our for rival, our in pairs])


_LOOP = """
def loop(_steps, _clock{parameters}):
    _start = _clock()
    for _ in _steps:
{body}
    return _clock() - _start
"""
_LOOP_WITH_PAUSES = """
def loop(_steps, _clock{parameters}):
    _taken = 0
    for _ in _steps:
        _sleep(_pause_s)
        _start = _clock()
{body}
        _taken += _clock() - _start
    return _taken
"""


def _compiled(template: str, source: str, names: Mapping[str, Any], unroll: int) -> Any:
    body = "\n".join(["        " + line for line in source.splitlines()] * unroll)
    parameters = "".join(f", {name}" for name in names)
    scope: dict[str, Any] = {}
    text = template.format(parameters=parameters, body=body)
    exec(compile(text, f"<benchmark {source!r}>", "exec"), scope)
    return scope["loop"]


def statement(source: str, names: Mapping[str, Any], unroll: int = 1) -> Loop:
    """Compile ``source``, one step that uses ``names``, into a loop that times itself.

    The names are local variables of the loop, as in a user's function. ``unroll`` copies of a
    short step stand in its body, so that the loop itself weighs little.

    >>> loop = statement("a + a", {"a": 1})
    >>> loop(100) > 0
    True
    """
    loop = _compiled(_LOOP, source, names, unroll)
    values = tuple(names.values())

    def run(count: int) -> int:
        turns = max(1, count // unroll)
        taken: int = loop(repeat(None, turns), _clock, *values)
        return taken * count // (turns * unroll)

    return run


def counted(steps: Callable[[int], object]) -> Loop:
    """Return a loop that is one call, which does as many steps as it is told."""

    def run(count: int) -> int:
        start = _clock()
        steps(count)
        return _clock() - start

    return run


def with_pauses(source: str, names: Mapping[str, Any], pause_s: float) -> Loop:
    """Compile ``source`` like `statement`, with a pause before each step that is not counted."""
    names = {**names, "_sleep": time.sleep, "_pause_s": pause_s}
    loop = _compiled(_LOOP_WITH_PAUSES, source, names, 1)
    values = tuple(names.values())

    def run(count: int) -> int:
        taken: int = loop(repeat(None, count), _clock, *values)
        return taken

    return run


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Collect garbage once, then keep the collector off inside the block."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def autorange(loop: Loop, sample_ms: float) -> tuple[int, float]:
    """Return how many steps last about ``sample_ms``, and the nanoseconds of one.

    The runs that find it out are the warm-up.
    """
    goal = sample_ms * 1e6
    loop(1)
    count, taken = 1, loop(1)
    while taken < goal / 2:
        growth = goal / max(taken, 1)
        count = max(count + 1, int(count * min(growth, 10.0)))
        taken = loop(count)
    step = max(taken, 1) / count
    return max(1, round(goal / step)), step


# In which the threads of the side before go to sleep: they spin for some milliseconds.
_PAUSE_S = 0.01


def _settle(loop: Loop, count: int, threads: int) -> None:
    """Run a few steps before a sample of many, out of the clock's sight.

    The side before has left its own code and data in the caches; without this, the side that
    follows the heaviest one pays for it (7 % at 1 ms samples of one library against itself). And
    where sides have several threads, those of the side before may still look for work (`sin-exp`
    of 1e5 elements took 300 us beside them, 220 alone).
    """
    if threads > 1:
        time.sleep(_PAUSE_S)
    if count > 1:
        loop(max(1, count // 8))


@dataclass
class _Waiting:
    """Adds up for which part of their time loops had no CPU."""

    wall_ns: int = 0
    cpu_ns: int = 0

    def run(self, loop: Loop, count: int) -> int:
        """Run a loop and return what it tells."""
        wall, cpu = perf_counter_ns(), process_time_ns()
        taken = loop(count)
        self.cpu_ns += process_time_ns() - cpu
        self.wall_ns += perf_counter_ns() - wall
        return taken

    def part(self) -> float:
        """Return the part."""
        return max(0.0, 1.0 - self.cpu_ns / max(self.wall_ns, 1))


def interleave(loops: Mapping[str, Loop], effort: Effort, threads: int = 1) -> Comparison:
    """Time the loops, of so many threads each, in turns; the figures are nanoseconds per step."""
    comparison, waiting = Comparison(), _Waiting()
    with quiet():
        ranges = {side: autorange(loop, effort.sample_ms) for side, loop in loops.items()}
        rounds = effort.rounds_of(sum(count * step for count, step in ranges.values()))
        for _ in range(rounds):
            for side, loop in loops.items():
                count = ranges[side][0]
                _settle(loop, count, threads)
                comparison.add(side, waiting.run(loop, count) / count)
    if threads == 1:  # more of them take more CPU time than time, or wait for each other
        comparison.waited = waiting.part()
    return comparison


def interleave_pauses(loops: Mapping[str, Loop], rounds: int, steps: int) -> Comparison:
    """Time loops `with_pauses` in turns, after one that is not counted, ``steps`` at a time."""
    comparison = Comparison()
    with quiet():
        for number in range(rounds + 1):
            for side, loop in loops.items():
                taken = loop(steps) / steps
                if number:
                    comparison.add(side, taken)
    return comparison


def _time_phases(phases: Phases) -> dict[str, int]:
    taken: dict[str, int] = {}
    steps = phases()
    start = _clock()
    for name in steps:
        end = _clock()
        taken[name] = end - start
        start = _clock()
    return taken


def interleave_phases(
    works: Mapping[str, Phases], per: int, effort: Effort
) -> dict[str, Comparison]:
    """Time each phase of the works, in turns, after one unmeasured turn of each.

    Returns a comparison per phase, and one of "all" together, in nanoseconds per ``per``.
    """
    results: dict[str, Comparison] = {}
    with quiet():
        warm_up = sum(sum(_time_phases(phases).values()) for phases in works.values())
        for _ in range(effort.rounds_of(warm_up)):
            for side, phases in works.items():
                taken = _time_phases(phases)
                for name, nanoseconds in taken.items():
                    results.setdefault(name, Comparison()).add(side, nanoseconds / per)
                everything = sum(taken.values()) / per
                results.setdefault("all", Comparison()).add(side, everything)
    return results


_IMPORT = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
for name in sys.argv[3:]:
    __import__(name)
from time import perf_counter_ns
start = perf_counter_ns()
__import__(sys.argv[2])
print(perf_counter_ns() - start)
"""


def import_ns(module: str, after: Sequence[str] = ()) -> int:
    """Return the nanoseconds of ``import module`` in a new interpreter, ``after`` others.

    What pip installs has its bytecode beside it; a checkout gets it here, also where the
    environment says that none is to be written.
    """
    command = [sys.executable, "-c", _IMPORT, json.dumps(sys.path), module, *after]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=kept)
    return int(done.stdout)


def interleave_imports(sides: Mapping[str, Sequence[str]], effort: Effort) -> Comparison:
    """Time imports in new interpreters, in turns: side -> (module, modules before it...).

    The first turn, which may compile and which fills the file cache, is not counted.
    """
    comparison = Comparison()
    start = perf_counter_ns()
    for names in sides.values():
        import_ns(names[0], names[1:])
    rounds = effort.rounds_of(perf_counter_ns() - start)
    for _ in range(rounds):
        for side, names in sides.items():
            comparison.add(side, import_ns(names[0], names[1:]))
    return comparison
