"""What a benchmark plans to measure: tables of steps, which give rows when they are run.

All is planned before anything is measured, so that the time left can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmarks import _figures, _rivals, _timing
from benchmarks._timing import Comparison, Effort

OTHER = "other"  # the side that is another build of pyautograd

# Beside a rival's figures stands theirs over ours, by how much ours are more, or ours over theirs.
Compared = Literal["ratio", "change", "distance"]


@dataclass(frozen=True)
class Options:
    """What the command line asks of every benchmark."""

    sizes: tuple[int, ...] | None = None  # instead of each benchmark's own
    threads: tuple[int, ...] = (1,)
    quick: bool = False
    against: Path | None = None  # another build of pyautograd, whose instructions are counted
    cpu_time: bool = False  # what is counted is CPU time
    effort: Effort = field(default_factory=Effort)

    def choose(self, usual: Sequence[int], quick: Sequence[int]) -> tuple[int, ...]:
        """Return the sizes asked for, else the short list if quick, else the usual one."""
        if self.sizes is not None:
            return self.sizes
        return tuple(quick if self.quick else usual)


@dataclass(frozen=True)
class Row:
    """What was found about one case. ``ratios`` is False where these would mean nothing."""

    case: str
    comparison: Comparison
    size: int | None = None
    threads: int | None = None
    unit: str = "ns"  # a key of `_figures.UNITS`
    ratios: bool = True
    op: str | None = None  # of a case that has several operations


@dataclass(frozen=True)
class Step:
    """One measurement to come, and about how long it takes, for the time left."""

    label: str
    run: Callable[[], Iterable[Row]]
    seconds: float


@dataclass(frozen=True)
class Table:
    """Steps whose rows stand together, and remarks to be printed under them."""

    heading: str
    steps: Sequence[Step]
    notes: Sequence[str] = ()
    sized: str = "elements"  # what a row's size is a number of
    compared: Compared = "ratio"
    worst: bool = False  # the rows that are worst stand below the table, too
    # What the cases are, in a table with a line for each of them, a column for each size, and in
    # the cells geometric means over the operations; below it stand the rows that are worst.
    means: str | None = None


Plan = Callable[[_rivals.Libraries, Options], "list[Table]"]


def label(
    case: str, size: int | None, threads: int | None, sized: str = "elements", op: str | None = None
) -> str:
    """Return the words for a row.

    >>> label("a + b", 5, 1)
    'a + b, 5 elements, 1 thread'
    """
    parts = [part for part in (case, op) if part]
    parts += [] if size is None else [_figures.counted(size, sized.removesuffix("s"))]
    parts += [] if threads is None else [_figures.counted(threads, "thread")]
    return ", ".join(parts)


_SETUP_S = 0.05  # of a step


@dataclass(frozen=True)
class Timed:
    """Makes the steps that time loops side by side."""

    libraries: _rivals.Libraries
    options: Options
    ns_per_element: float = 50.0  # about what a step of a side takes where size matters

    def step(
        self,
        case: str,
        size: int,
        threads: int,
        loops: Callable[[], Mapping[str, _timing.Loop]],
        effort: Effort | None = None,
    ) -> Step:
        """Return the step that times ``loops()`` with so many threads: one row."""
        effort = effort or self.options.effort
        sides = len(self.libraries.modules)

        def run() -> Iterator[Row]:
            with _rivals.threads(self.libraries, threads):
                result = _timing.interleave(loops(), effort, threads)
            yield Row(case, result, size, threads)

        expected = _SETUP_S + effort.expected_s(sides, size * self.ns_per_element)
        return Step(label(case, size, threads), run, expected)
