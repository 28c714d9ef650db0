"""Two threads at the same time, each with tensors of its own, beside one.

The library's own threads are off. From C and from Python, on sin-exp with its gradients; and plain
loops in C, whose ratio is what the memory of the machine gives two threads.
"""

from __future__ import annotations

import ctypes
import functools
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from benchmarks import _handwritten, _plan, _rivals, _timing, graphs
from benchmarks._plan import Options, Row, Step, Table
from benchmarks._timing import Loop

TITLE = "time per step, with two threads that share the steps; ratio: what two get done beside one"
NOTE = "one: one thread does all steps. plain: loops over memory that only add and store."
ONE, TWO = "one", _rivals.OURS
COUNT = 2
SIZES = (1_000, 20_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 20_000)
SOURCE = Path(__file__).with_name("threads.c")
FLAGS = ("-std=c11", "-O3", "-march=native", "-shared", "-fPIC", "-pthread")
NS_PER_ELEMENT = 10.0  # about what a step of both sides takes

# How long `threads` threads take that do so many steps each, in nanoseconds.
Together = Callable[[int, int], int]


@functools.cache
def _compiled() -> Any:
    """Return the function of threads.c, which is linked with the library that is measured.

    Raises `_handwritten.Unavailable`.
    """
    package = Path(sys.modules[_rivals.OURS].__file__ or "").parent
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "threads.so")
        done = subprocess.run(
            [*_handwritten.compiler(), *FLAGS, f"-I{package / 'include'}", "-o", target,
             str(SOURCE), f"-L{package}", "-lpyautograd", f"-Wl,-rpath,{package}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise _handwritten.Unavailable(done.stderr.strip()[-500:])
        function = ctypes.CDLL(target).side_by_side
    number = ctypes.c_int
    function.argtypes = [number, ctypes.c_ssize_t, number, number, ctypes.POINTER(ctypes.c_double)]
    function.restype = ctypes.c_double
    return function


def results_in_c(threads: int, size: int, steps: int, plain: bool) -> tuple[float, list[float]]:
    """Return the nanoseconds that the threads take together, and what their last steps gave."""
    results = (ctypes.c_double * threads)()
    taken: float = _compiled()(threads, size, steps, plain, results)
    if taken < 0:
        raise RuntimeError("a step in C failed")
    return taken, list(results)


def _in_c(size: int, plain: bool, threads: int, steps: int) -> int:
    return int(results_in_c(threads, size, steps, plain)[0])


def _in_python(library: Any, size: int, threads: int, steps: int) -> int:
    start, times = threading.Barrier(threads), []

    def run() -> None:
        x, y = (library.linspace(low, 1.0, size) for low in (-1.0, 0.0))
        names = {"x": x.requires_grad_(), "y": y.requires_grad_()}
        loop = _timing.statement(graphs.WAVE.step, names)
        loop(2)
        start.wait()
        begin = perf_counter_ns()
        loop(steps)
        times.append((begin, perf_counter_ns()))

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return max(end for _, end in times) - min(begin for begin, _ in times)


def shared_out(together: Together, threads: int) -> Loop:
    """Return the loop whose steps are shared among so many threads, each at least one.

    >>> shared_out(lambda threads, steps: 100 * steps, 2)(10)
    500
    """

    def loop(count: int) -> int:
        each = max(1, count // threads)
        return together(threads, each) * count // (each * threads)

    return loop


def _rows(
    libraries: _rivals.Libraries, effort: _timing.Effort, case: str, size: int, work: Together
) -> Iterator[Row]:
    with _rivals.threads(libraries, 1):
        loops = {TWO: shared_out(work, COUNT), ONE: shared_out(work, 1)}
        result = _timing.interleave(loops, effort, COUNT)
    yield Row(case, result, size, COUNT)


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """One table: the graph from C and from Python at each size, and the plain loops."""
    ours = libraries.only(_rivals.OURS)
    sizes = options.choose(SIZES, QUICK_SIZES)
    works: list[tuple[str, int, Together]] = [
        ("sin-exp, Python", size, partial(_in_python, ours.modules[_rivals.OURS], size))
        for size in sizes
    ]
    notes = [NOTE]
    try:
        _compiled()
    except _handwritten.Unavailable as error:
        notes.append(f"without C: {error}")
    else:
        works += [("sin-exp, C", size, partial(_in_c, size, False)) for size in sizes]
        works += [("plain, C", size, partial(_in_c, size, True)) for size in sizes]
    effort = options.effort
    steps = [
        Step(
            _plan.label(case, size, COUNT),
            partial(_rows, ours, effort, case, size, work),
            effort.expected_s(2, size * NS_PER_ELEMENT),
        )
        for case, size, work in works
    ]
    return [Table(TITLE, steps, notes)]
