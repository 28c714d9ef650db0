"""Steps with pauses between them: threads sleep, others have used the caches.

The pause itself is not counted. The other benchmarks run one step right after another, which is
the best case; a program that waits for data or for its user between two steps looks like this.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks import _plan, _rivals, _timing, graphs
from benchmarks._plan import Options, Row, Step, Table

TITLE = "forward and backward after a pause, which is not counted"
SIZES = (5, 100_000, 1_000_000)
QUICK_SIZES = (5, 100_000)
PAUSES_MS = (0, 1, 20)
STEPS = 4  # of a round
QUICK_ROUNDS = 2


def _loops(libraries: _rivals.Libraries, size: int, pause_ms: int) -> dict[str, _timing.Loop]:
    x, y = graphs.MEAN.inputs(size)
    return {
        side: _timing.with_pauses(
            graphs.MEAN.step,
            {
                "x": library.tensor(x, requires_grad=True),
                "y": library.tensor(y, requires_grad=True),
            },
            pause_ms / 1e3,
        )
        for side, library in libraries.modules.items()
    }


def _rows(
    libraries: _rivals.Libraries, rounds: int, size: int, pause_ms: int, threads: int
) -> Iterator[Row]:
    with _rivals.threads(libraries, threads):
        loops = _loops(libraries, size, pause_ms)
        result = _timing.interleave_pauses(loops, rounds, STEPS)
    yield Row(f"{graphs.MEAN.name} after {pause_ms} ms", result, size, threads)


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """The mean of a sum after each pause, a table for each number of threads."""
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    rounds = QUICK_ROUNDS if options.quick else options.effort.rounds
    sides = len(chosen.modules)
    return [
        Table(
            TITLE,
            [
                Step(
                    _plan.label(f"after {pause_ms} ms", size, threads),
                    partial(_rows, chosen, rounds, size, pause_ms, threads),
                    rounds * STEPS * sides * (pause_ms / 1e3 + size * 5e-9),
                )
                for size in options.choose(SIZES, QUICK_SIZES)
                for pause_ms in PAUSES_MS
            ],
        )
        for threads in options.threads
    ]
