"""A C program for one graph, compiled by the benchmarks: the mark for a general library."""

from __future__ import annotations

import ctypes
import functools
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SIDE = "C"
SOURCE = Path(__file__).with_name("mean.c")
FLAGS = ("-std=c11", "-O3", "-march=native")
SHARED = ("-shared", "-fPIC", "-pthread")


class Unavailable(Exception):
    """There is no C compiler, or none that takes the flags."""


def _compiler() -> list[str]:
    command = shlex.split(os.environ.get("CC", "cc"))
    if not command or shutil.which(command[0]) is None:
        raise Unavailable(f"no C compiler ({' '.join(command)})")
    return command


@functools.cache
def compiled() -> Callable[..., float]:
    """Return the program's function, compiled at the first call. Raises `Unavailable`."""
    command = _compiler()
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "mean.so")
        command += [*FLAGS, *SHARED, "-o", target, str(SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
        function = ctypes.CDLL(target).mean_and_gradients
    function.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_ssize_t, ctypes.c_int]
    function.restype = ctypes.c_double
    return function


def missing() -> str | None:
    """Return why there is no program here, or None if there is one."""
    try:
        compiled()
    except Unavailable as error:
        return str(error)
    return None


def describe() -> str:
    """Return the compiler and its flags. Raises `Unavailable`."""
    command = _compiler()
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    version = done.stdout.splitlines()[0] if done.stdout else "unknown version"
    return f"{' '.join(command)} {' '.join(FLAGS)} ({version})"


def mean(x: Any, y: Any, threads: int) -> tuple[Callable[[], float], tuple[Any, Any]]:
    """Return the step for ``(x + y).mean()``, and the arrays that it writes the gradients into.

    ``x`` and ``y`` are float64 arrays of one length; the step returns the mean. Raises
    `Unavailable`.
    """
    x, y = (np.ascontiguousarray(each, dtype=np.float64) for each in (x, y))
    gradients = np.empty_like(x), np.empty_like(y)
    arrays = (x, y, *gradients)
    pointers = [each.ctypes.data for each in arrays]
    function = compiled()

    def step(arrays: Any = arrays) -> float:  # the default keeps them alive
        return function(*pointers, x.size, threads)

    return step, gradients
