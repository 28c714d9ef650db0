"""Functions of the benchmarks called in new processes, and how much memory a process has."""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import _rivals
from benchmarks._timing import Comparison

SECONDS = 2.0  # about what a new process with one library in it takes

_STATUS = Path("/proc/self/status")
_CALL = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from benchmarks import _process
_process.serve(*sys.argv[2:])
"""


def start_with_one_thread_of_blas() -> None:
    """Start this process anew, unless its environment is right for OpenBLAS, which reads that when
    it is loaded: one thread for NumPy, and no kernels but those of the machine."""
    wrong = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} & os.environ.keys()
    if not wrong and os.environ.get("OPENBLAS_NUM_THREADS") == "1":
        return
    environment = {k: v for k, v in os.environ.items() if k not in wrong}
    environment["OPENBLAS_NUM_THREADS"] = "1"
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def call(
    function: Callable[..., Any],
    prefix: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    build: Path | None = None,
    **arguments: Any,
) -> Any:
    """Return ``function(**arguments)``, computed in a new process.

    The function stands at the top of a module; its arguments and result are what JSON can hold.
    ``prefix`` is a program, with its options, to run the interpreter under, ``environment`` has
    variables to set, and ``build`` is a folder to take pyautograd from (the benchmarks stay those
    of this checkout). Raises RuntimeError with the end of the child's messages if it fails.
    """
    name = f"{function.__module__}:{function.__qualname__}"
    command = [*prefix, sys.executable, "-c", _CALL, json.dumps(sys.path)]
    command += [name, json.dumps(arguments), *([str(build)] if build else [])]
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    if done.returncode:
        raise RuntimeError(f"{name} failed in a process of its own:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def serve(name: str, arguments: str, build: str = "") -> None:
    """Be the new process: call the function, with the pyautograd of ``build``; print its result."""
    if build:
        # The package `benchmarks` is imported already, so that its modules come from there.
        sys.path.insert(0, build)
        _rivals.check_build(importlib.import_module(_rivals.OURS), Path(build))
    module, function = name.split(":")
    result = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    print(json.dumps(result))


def load(name: str, threads: int = 1) -> Any:
    """Import a library that has PyTorch's interface and give it ``threads`` threads."""
    library = importlib.import_module(name)
    library.set_num_threads(threads)
    return library


def measurable() -> bool:
    """Tell whether this system shows the memory of a process the way it is read here."""
    return _STATUS.exists()


def _status(key: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"{_STATUS} has no {key}")


def resident() -> int:
    """Return the bytes of memory that this process has now."""
    return _status("VmRSS")


def peak() -> int:
    """Return the most bytes that this process had since `reset_peak`."""
    return _status("VmHWM")


def reset_peak() -> None:
    """Let `peak` start again from what the process has now."""
    Path("/proc/self/clear_refs").write_text("5")


def give_back() -> None:
    """Return freed memory to the system, where the C library can, for a true `resident`."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def interleave(
    libraries: _rivals.Libraries,
    function: Callable[..., Any],
    rounds: int,
    **arguments: Any,
) -> Comparison:
    """Call ``function(library=name, ...)`` in new processes, ours and torch's in turns.

    Its result, a number, is what is compared.
    """
    comparison = Comparison()
    for _ in range(rounds):
        for name in libraries.chosen(*_rivals.LIKE_TORCH):
            comparison.add(name, call(function, library=name, **arguments))
    return comparison
