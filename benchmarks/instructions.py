"""Instructions per operation, counted by valgrind: the same number on a busy machine.

Not run unless named, as it takes a minute. The counts are of the CPU level that valgrind can
run (AVX2 at most), and of the loop's instructions less those of an empty loop. Write them with
``--json`` at two versions and compare the files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _process, _rivals, _timing, graphs, overhead
from benchmarks._report import Options, Report

TITLE = "instructions of one operation, counted by valgrind"
SIZES = (5,)
COUNT = 2_000
QUICK_COUNT = 200
WARM_UP = 50
# The child calls this before and after each loop; valgrind writes its counters at each call.
MARKER = "getppid"
EMPTY = "nothing"


def _sources(library: str) -> Iterator[tuple[str, str, bool]]:
    yield EMPTY, "pass", False
    for name, source, numpy_source in overhead.OPERATIONS:
        if library == "numpy":
            yield name, numpy_source, False
            continue
        yield f"{name}, recorded", source, True
        yield name, source, False
    if library != "numpy":
        for graph in graphs.GRAPHS:
            yield graph.name, graph.step, True


def _names(library: str, module: Any, size: int, recorded: bool) -> dict[str, Any]:
    a = np.random.default_rng(0).uniform(0.5, 1.5, size)
    if library == "numpy":
        return {"a": a, "b": a + 1.0, "sin": np.sin, "exp": np.exp}
    x = module.tensor(a, requires_grad=recorded)
    y = module.tensor(a + 1.0, requires_grad=recorded)
    return {"a": x, "b": y, "x": x, "y": y}


def run_marked(library: str, size: int, count: int) -> list[str]:
    """Run the loop of each operation between two marks; return the operations' names."""
    module = np if library == "numpy" else _process.load(library)
    done = []
    for name, source, recorded in _sources(library):
        names = _names(library, module, size, recorded)
        loop = _timing.statement(source, names, overhead.UNROLL)
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


def count(library: str, size: int, steps: int) -> dict[str, float]:
    """Return the instructions of each operation of ``library``."""
    with tempfile.TemporaryDirectory() as folder:
        output = f"--callgrind-out-file={folder}/out"
        valgrind = ("valgrind", "--tool=callgrind", output, f"--dump-before={MARKER}")
        environment = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
        names = _process.call(
            run_marked, valgrind, environment, library=library, size=size, count=steps
        )
        counts = _counts(Path(folder))
    if len(counts) != 2 * len(names) + 1:
        raise RuntimeError(f"{len(counts)} counts of {len(names)} loops: is {MARKER} inlined?")
    loops = {name: counts[2 * i + 2] for i, name in enumerate(names)}
    empty = loops.pop(EMPTY)
    return {name: (total - empty) / steps for name, total in loops.items()}


def run(libraries: _rivals.Libraries, options: Options, report: Report) -> None:
    """Count for each size, ours and NumPy's, and torch's unless quick."""
    rivals = ("numpy",) if options.quick else ("torch", "numpy")
    sides = list(libraries.chosen(_rivals.OURS, *rivals))
    report.begin("instructions", TITLE, sides, 26)
    if shutil.which("valgrind") is None:
        report.note("left out: valgrind is not installed")
        return
    for size in options.choose(SIZES, SIZES):
        found = {side: count(side, size, QUICK_COUNT if options.quick else COUNT) for side in sides}
        for name in found[_rivals.OURS]:
            row = _timing.Comparison()
            for side in sides:
                plain = name.removesuffix(", recorded") if side == "numpy" else name
                if plain in found[side]:
                    row.add(side, found[side][plain])
            report.row(name, row, size, 1, "instructions")
