"""Instructions per operation, counted by valgrind: the same number on a busy machine.

Not run unless named. The counts are of the CPU level that valgrind can run (AVX2 at most), and of
the loop's instructions less those of an empty loop; they are the same to 0.1 % at every run. So
they show what a change costs: ``--against`` counts another build of pyautograd beside this one,
with the loops of this checkout, and prints the change of each row.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _process, _rivals, _timing, graphs, large, overhead
from benchmarks._plan import OTHER, Options, Row, Step, Table

TITLE = "instructions of one operation, counted by valgrind"
SECONDS = {"torch": 120.0}  # about what it takes to count, where that is long
USUAL_SECONDS = 15.0
SIZES = (5,)
COUNT = 2_000
QUICK_COUNT = 200
WARM_UP = 50
# The child calls this before and after each loop; valgrind writes its counters at each call.
MARKER = "getppid"
EMPTY = "nothing"

# (source, whether `a` and `b` require grad), besides the operations of `overhead`.
MORE = (
    ("a[1:]", True),
    ("a.detach()", True),
    ("a.sum().item()", True),
    ("c += b", False),
    ("with no_grad():\n    a -= 1e-3 * c", True),
    # arguments
    ("a.sum(0)", False),
    ("a.sum(dim=0, keepdim=True)", False),
    ("c.transpose(0, -1)", False),
    ("c.clamp(0.0, 1.0)", False),
    ("c.add(c, alpha=2.0)", False),
    ("c.unbind()", False),
)
GRAPHS = (*graphs.GRAPHS, large.BROADCAST, large.CHAIN_OF_NUMBERS)


def _sources(library: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, source, recorded) of each loop."""
    yield EMPTY, "pass", False
    for name, source, numpy_source in overhead.OPERATIONS:
        if library == "numpy":
            yield name, numpy_source, False
            continue
        yield f"{name}, recorded", source, True
        yield name, source, False
    if library != "numpy":
        for source, recorded in MORE:
            label = source.splitlines()[-1].strip()
            yield f"{label}, recorded" if recorded else label, source, recorded


def _names(library: str, module: Any, size: int, recorded: bool) -> dict[str, Any]:
    a = np.random.default_rng(0).uniform(0.5, 1.5, size)
    if library == "numpy":
        return {"a": a, "b": a + 1.0, "sin": np.sin, "exp": np.exp}
    x, y = (module.tensor(each, requires_grad=recorded) for each in (a, a + 1.0))
    return {"a": x, "b": y, "c": module.tensor(a), "no_grad": module.no_grad}


def _loops(library: str, size: int) -> Iterator[tuple[str, _timing.Loop]]:
    module = np if library == "numpy" else _process.load(library)
    for name, source, recorded in _sources(library):
        names = _names(library, module, size, recorded)
        yield name, _timing.statement(source, names, overhead.UNROLL)
    if library == "numpy":
        return
    for graph in GRAPHS:
        inputs = dict(zip("xy", graph.inputs(size), strict=True))
        names = {name: module.tensor(each, requires_grad=True) for name, each in inputs.items()}
        yield graph.name, _timing.statement(graph.step, names)


def run_marked(library: str, size: int, count: int) -> list[str]:
    """Run the loop of each operation between two marks; return the operations' names."""
    done = []
    for name, loop in _loops(library, size):
        with _timing.quiet():
            loop(WARM_UP)
            os.getppid()
            loop(count)
            os.getppid()
        done.append(name)
    return done


def _counts(folder: Path) -> dict[int, int]:
    """Return the instructions of each part between two marks, by the number of the part."""
    counts = {}
    for path in folder.iterdir():
        part = total = None
        with path.open() as lines:
            for line in lines:
                if line.startswith("part:"):
                    part = int(line.split()[1])
                elif line.startswith("totals:"):
                    total = int(line.split()[1])
        if part is not None and total is not None:
            counts[part] = total
    return counts


def count(library: str, size: int, steps: int, build: Path | None = None) -> dict[str, float]:
    """Return the instructions of each operation of ``library``, ours taken from ``build``."""
    with tempfile.TemporaryDirectory() as folder:
        output = f"--callgrind-out-file={folder}/out"
        valgrind = ("valgrind", "--tool=callgrind", output, f"--dump-before={MARKER}")
        environment = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
        names = _process.call(
            run_marked, valgrind, environment, build, library=library, size=size, count=steps
        )
        counts = _counts(Path(folder))
    if len(counts) != 2 * len(names) + 1:
        raise RuntimeError(f"{len(counts)} counts of {len(names)} loops: is {MARKER} inlined?")
    loops = {name: counts[2 * i + 2] for i, name in enumerate(names)}
    empty = loops.pop(EMPTY)
    return {name: (total - empty) / steps for name, total in loops.items()}


def configuration() -> str:
    """Return what the pyautograd of this process tells of itself."""
    return _rivals.configuration(_process.load(_rivals.OURS))


def _differences(build: Path) -> list[str]:
    """Return where another build differs in more than its sources: counts show that as well."""
    ours, other = (_process.call(configuration, build=each).splitlines() for each in (None, build))
    return [
        f"{OTHER} is built differently: {line.strip()}" for line in sorted(set(other) - set(ours))
    ]


def _comparison(name: str, found: dict[str, dict[str, float]]) -> _timing.Comparison:
    row = _timing.Comparison()
    for side, counts in found.items():
        plain = name.removesuffix(", recorded") if side == "numpy" else name
        if plain in counts:
            row.add(side, counts[plain])
    return row


def _rows(sides: Sequence[str], size: int, options: Options) -> Iterator[Row]:
    steps = QUICK_COUNT if options.quick else COUNT
    found = {
        side: count(_rivals.OURS, size, steps, options.against)
        if side == OTHER
        else count(side, size, steps)
        for side in sides
    }
    for name in found[_rivals.OURS]:
        yield Row(name, _comparison(name, found), size, 1, "instructions")


def _sides(libraries: _rivals.Libraries, options: Options) -> list[str]:
    if options.against:
        return [_rivals.OURS, OTHER]
    rivals = ("numpy",) if options.quick else ("torch", "numpy")
    return list(libraries.chosen(_rivals.OURS, *rivals))


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Ours beside another build, or beside NumPy and, unless quick, torch: each size a table."""
    if shutil.which("valgrind") is None:
        return [Table(TITLE, [], ["left out: valgrind is not installed"])]
    sides = _sides(libraries, options)
    seconds = sum(SECONDS.get(side, USUAL_SECONDS) for side in sides)
    notes = []
    if options.against:
        notes = [f"{OTHER}: {options.against}", *_differences(options.against)]
    return [
        Table(
            TITLE,
            [Step(f"{size} elements", partial(_rows, sides, size, options), seconds)],
            notes,
            compared="change" if options.against else "ratio",
        )
        for size in options.choose(SIZES, SIZES)
    ]
