# SPDX-License-Identifier: MIT
"""Programs that embed the library: against the shared library and against the sources."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import pyautograd
from cc import (
    COMPILERS,
    INCLUDE,
    LIBRARY,
    ROOT,
    SANITIZE,
    compile_and_run,
    link,
    run,
    sanitizer_flags,
)

HERE = Path(__file__).resolve().parent
CSRC = ROOT / "csrc"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_embedding_program(compiler: str, tmp_path: Path) -> None:
    program = tmp_path / "embed"
    link(compiler, HERE / "embed_test.c", program, "-std=c11", "-O1")
    assert f"0 failures, version {pyautograd.__version__}" in run([str(program)])


@pytest.mark.parametrize("compiler", COMPILERS)
def test_one_file_build(compiler: str, tmp_path: Path) -> None:
    """all.c and a program in one command: what an embedder types."""
    program = tmp_path / "embed"
    sources = [str(HERE / "embed_test.c"), str(CSRC / "all.c")]
    run(
        [
            *(
                compiler,
                "-std=c11",
                "-O1",
                "-D_GNU_SOURCE",
                "-fno-math-errno",
                "-fno-trapping-math",
            ),
            *(*sanitizer_flags(), "-Wall", "-Wextra", "-Werror"),
            *(f"-I{CSRC / 'include'}", *sources, "-o", str(program), "-pthread", "-lm"),
        ]
    )
    assert "0 failures" in run([str(program)])


@pytest.mark.parametrize("standard", ["c++11", "c++20"])
def test_header_in_cpp(standard: str, tmp_path: Path) -> None:
    program = tmp_path / "cpp"
    link("g++", HERE / "header_is_cpp.cpp", program, f"-std={standard}")
    assert f"version {pyautograd.__version__}" in run([str(program)])


def test_example_of_the_header(tmp_path: Path) -> None:
    """The program in the header's overview prints the gradient that its comment gives."""
    overview = (INCLUDE / "pyautograd.h").read_text().split("*/")[0]
    lines = [line[7:] for line in overview.splitlines() if re.match(r" \*(     |$)", line)]
    text = "\n".join(lines)
    example = text[text.index("#include") :]
    x = pyautograd.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x * x.sin()).sum().backward()
    assert compile_and_run(example, tmp_path).split() == [f"{g:.6f}" for g in x.grad.tolist()]


def test_every_allocation_can_fail(tmp_path: Path) -> None:
    program = tmp_path / "oom"
    sources = [str(HERE / "oom_test.c"), str(CSRC / "all.c")]
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-DAG_TESTING"]
    flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    run(["gcc", *flags, f"-I{CSRC / 'include'}", *sources, "-o", str(program), "-pthread", "-lm"])
    leaks = "detect_leaks=1:allocator_may_return_null=1"
    assert run([str(program)], ASAN_OPTIONS=leaks).endswith("\n0 failures\n")


@pytest.mark.skipif(SANITIZE != "", reason="a sanitizer's library exports and needs its own")
def test_library_exports_its_api_and_nothing_else() -> None:
    """Whatever the shared library shows the world begins with ag_, and it needs no Python."""
    if shutil.which("nm") is None or LIBRARY.suffix != ".so":
        pytest.skip("reads ELF files with nm and readelf")
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", str(LIBRARY)], check=True, capture_output=True, text=True
    ).stdout
    names = {line.split()[-1].split("@")[0] for line in symbols.splitlines()}
    assert {name for name in names if not name.startswith("ag_")} == set()
    declared = set(re.findall(r"\b(ag_\w+)\(", (INCLUDE / "pyautograd.h").read_text()))
    ops = re.findall(r"^OP\((\w+), +(\d), (\w+)", (INCLUDE / "ops.def").read_text(), re.M)
    for name, _, kind in ops:
        if kind in ("UNARY", "BINARY", "TERNARY", "MASK"):
            declared.add(f"ag_{name}")
        if kind in ("BINARY", "MASK"):
            declared |= {f"ag_{name}_scalar", f"ag_scalar_{name}"}
    assert names == {name for name in declared if not name.endswith("__")}
    dynamic = subprocess.run(
        ["readelf", "-d", str(LIBRARY)], check=True, capture_output=True, text=True
    ).stdout
    assert "libpython" not in dynamic
