"""Steps written in C for nothing else, compiled by the benchmarks: limits for a general library."""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _timing

SIDE = "C"
SOURCE = Path(__file__).with_name("limits.c")
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-funroll-loops")
SHARED = ("-shared", "-fPIC", "-pthread")

STEPS = ("mean", "descent", "momentum", "adam")  # in the order of limits.c
ARRAYS = ("x", "y", "dx", "dy", "w", "g", "m", "v", "next_m", "next_v")
NUMBERS = ("slope", "lr", "b1", "b2", "eps", "c1", "c2")
TRIALS = _timing.Effort(rounds=7, sample_ms=1.0, budget_s=0.5, fewest=3)


class Unavailable(Exception):
    """There is no C compiler, or none that takes the flags."""


class _Step(ctypes.Structure):
    """`step` of limits.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ARRAYS),
        *((name, ctypes.c_double) for name in NUMBERS),
        ("n", ctypes.c_ssize_t),
    )


def compiler() -> list[str]:
    command = shlex.split(os.environ.get("CC", "cc"))
    if not command or shutil.which(command[0]) is None:
        raise Unavailable(f"no C compiler ({' '.join(command)})")
    return command


@functools.cache
def compiled() -> Any:
    """Return the library of limits.c, compiled at the first call. Raises `Unavailable`."""
    command = compiler()
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "limits.so")
        command += [*FLAGS, *SHARED, "-o", target, str(SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
        library = ctypes.CDLL(target)
    numbers, pointer = ctypes.c_int, ctypes.POINTER(_Step)
    library.limit_run.argtypes = [numbers, numbers, pointer, numbers, ctypes.c_long]
    library.limit_run.restype = ctypes.c_double
    return library


def missing() -> str | None:
    """Return why there is no program here, or None if there is one."""
    try:
        compiled()
    except Unavailable as error:
        return str(error)
    return None


def describe() -> str:
    """Return the compiler and its flags. Raises `Unavailable`."""
    command = compiler()
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    version = done.stdout.splitlines()[0] if done.stdout else "unknown version"
    return f"{' '.join(command)} {' '.join(FLAGS)} ({version})"


def note() -> str:
    """Return the words under a table in which it stands, or why it stands in none."""
    reason = missing()
    return f"without C: {reason}" if reason else f"C: {SOURCE.name}, {describe()}"


HUGE = 2 << 20  # bytes of a huge page
# Between the beginnings of arrays, beside their length: processors compare addresses of loads and
# stores by their last twelve bits first, and take those that agree there for the same.
APART = 64 + 512


def _memory(count: int, size: int) -> list[Any]:
    """Return ``count`` arrays of zeros in one block, of huge pages where the system has them."""
    each = -(-size * 8 // 4096) * 4096 + APART
    block = mmap.mmap(-1, count * each + HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        block.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(block, dtype=np.uint8)  # keeps the block
    start = -whole.ctypes.data % HUGE
    places = [start + k * each for k in range(count)]
    return [whole[at : at + size * 8].view(np.float64) for at in places]


@dataclass(frozen=True)
class Program:
    """One of `STEPS` with arrays of its own.

    ``arrays`` have what is written, without what was added at their ends. The program of `mean`
    reads x and y and writes dx and dy; the others read g and write w, and m and v if they have any.
    """

    name: str
    threads: int
    arrays: Mapping[str, Any]
    _step: _Step

    def run(self, past_caches: bool, count: int) -> float:
        """Do the step so many times, return the mean if it is one."""
        which = STEPS.index(self.name)
        library, step = compiled(), ctypes.byref(self._step)
        return float(library.limit_run(which, past_caches, step, self.threads, count))

    def loop(self) -> _timing.Loop:
        """Return the faster of the loops with ordinary stores and with those past the caches."""
        loops = {
            str(past): _timing.counted(functools.partial(self.run, past)) for past in (False, True)
        }
        tried = _timing.interleave(loops, TRIALS, self.threads)
        return loops[min(loops, key=lambda side: tried.summary(side).median)]


def program(
    name: str, threads: int, values: Mapping[str, Any], numbers: Mapping[str, float]
) -> Program:
    """Return a program on copies of ``values``, float64 arrays of one length.

    ``values`` are of what it reads; without next_m and next_v, m and v are written in place. Raises
    `Unavailable`.
    """
    size = next(iter(values.values())).size
    unit = ctypes.c_ssize_t.in_dll(compiled(), "limit_unit").value
    whole = -(-size // unit) * unit
    names = [*values, *(("dx", "dy") if name == "mean" else ())]
    arrays = dict(zip(names, _memory(len(names), whole), strict=True))
    for key, value in values.items():
        arrays[key][:size] = value
    places = {key: array.ctypes.data for key, array in arrays.items()}
    for key in ("m", "v"):
        if key in places:
            places.setdefault(f"next_{key}", places[key])
    step = _Step(**places, **numbers, slope=1.0 / size, n=whole)
    return Program(name, threads, {key: array[:size] for key, array in arrays.items()}, step)
