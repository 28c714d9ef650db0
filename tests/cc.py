# SPDX-License-Identifier: MIT
"""Compiling and running C and C++ against the library under test, outside the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyautograd

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(pyautograd.__file__).resolve().parent
INCLUDE = PACKAGE / "include"
LIBRARY = PACKAGE / ("libpyautograd.dylib" if sys.platform == "darwin" else "libpyautograd.so")

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]

# A library built with sanitizers needs programs that are, by the compiler that brings the run time.
SANITIZE = os.environ.get("PYAUTOGRAD_SANITIZE", "0").replace("0", "")
COMPILERS = [
    name for name in (("gcc",) if SANITIZE else ("gcc", "clang")) if shutil.which(name) is not None
]


def sanitizer_flags() -> list[str]:
    if not SANITIZE:
        return []
    kinds = "address,undefined" if SANITIZE == "1" else SANITIZE
    return [f"-fsanitize={kinds}", "-fno-sanitize-recover=all"]


def environment(**more: str) -> dict[str, str]:
    """This process's, less what was put in front of the interpreter for its own sake."""
    return {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"} | more


def with_python(folder: Path, home: Path = PACKAGE.parent) -> dict[str, str]:
    """An environment in which `python` is this interpreter and finds the package in `home`."""
    script = folder / "bin" / "python"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    path = os.pathsep.join([str(script.parent), os.environ["PATH"]])
    return environment(PATH=path, PYTHONPATH=str(home))


def run(command: list[str], **more: str) -> str:
    """Run a command to its end; return what it prints. A failure shows everything."""
    result = subprocess.run(
        command, env=environment(**more), capture_output=True, text=True, timeout=550
    )
    shown = " ".join(command)
    assert result.returncode == 0, (
        f"{shown}\nexit {result.returncode}\n{result.stdout}\n{result.stderr}"
    )
    return result.stdout


def link(compiler: str, source: Path, target: Path, *flags: str, library: bool = True) -> None:
    """Compile a program that knows the public header and the shared library, nothing else.

    Without `library` the program is to open it for itself.
    """
    shared = [f"-L{PACKAGE}", "-lpyautograd", f"-Wl,-rpath,{PACKAGE}"] if library else ["-ldl"]
    run(
        [
            *(compiler, *flags, *sanitizer_flags(), *STRICT, f"-I{INCLUDE}", str(source)),
            *("-o", str(target), *shared, "-pthread", "-lm"),
        ]
    )


def compile_and_run(text: str, folder: Path, compiler: str | None = None) -> str:
    """What the C program `text` prints."""
    source, program = folder / "program.c", folder / "program"
    source.write_text(text)
    link(compiler or COMPILERS[0], source, program, "-std=c11")
    return run([str(program)])
