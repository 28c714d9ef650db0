# SPDX-License-Identifier: MIT
"""Checks on the text of csrc/ and on what was built from it: the rules that no compiler holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import LIBRARY, plain_build_only

pytestmark = pytest.mark.any_build

CSRC = Path(__file__).parent.parent / "csrc"
# A plain build lies in the checkout, too, and there with the names of all functions.
CHECKOUT_LIBRARY = CSRC.parent / "pyautograd" / "libpyautograd.so"
MAX_FILE_LINES = 900
MAX_FUNCTION_LINES = 60
MAX_COLUMNS = 100

if not CSRC.is_dir():
    pytest.skip("not a checkout: csrc/ is not here", allow_module_level=True)

SOURCES = sorted([*CSRC.rglob("*.c"), *CSRC.rglob("*.h"), *CSRC.rglob("*.def")])
CORE = [path for path in SOURCES if "python" not in path.relative_to(CSRC).parts]
FILES = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CSRC)))
CORE_FILES = pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(CSRC)))


def code_of(path: Path) -> str:
    """The text without comments and without what stands in strings, its lines kept."""

    def blank(match: re.Match[str]) -> str:
        text = match.group(0)
        return '""' if text[0] in "\"'" else "\n" * text.count("\n")

    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, blank, path.read_text(), flags=re.DOTALL)


@FILES
def test_format(path: Path) -> None:
    text = path.read_text()
    lines = text.splitlines()
    assert len(lines) <= MAX_FILE_LINES, "split the file"
    assert text.endswith("\n") and not text.endswith("\n\n")
    for number, line in enumerate(lines, 1):
        assert "\t" not in line, f"line {number} has a tab"
        assert line == line.rstrip(), f"line {number} ends in spaces"
        if "OP(" not in line[:3]:  # rows of the table may be wider
            assert len(line) <= MAX_COLUMNS, f"line {number} has {len(line)} columns"


@FILES
def test_header_comment(path: Path) -> None:
    head = path.read_text().splitlines()[:4]
    assert head[0].startswith("/* SPDX-License-Identifier: MIT"), "first line: the licence"
    assert head[1] == " *" and len(head[2]) > 20, "then what the file owns"


@FILES
def test_no_leftovers(path: Path) -> None:
    for word in ("TODO", "FIXME", "XXX", "HACK"):
        assert not re.search(rf"\b{word}\b", path.read_text()), word
    assert not re.search(r"^#if 0\b", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.suffix == ".h"], ids=lambda path: str(path.relative_to(CSRC))
)
def test_include_guard(path: Path) -> None:
    code = code_of(path)
    if "#pragma once" in code or not re.search(r"^#ifndef", code, re.MULTILINE):
        assert "included more than once" in path.read_text() or "#pragma once" in code
        return
    guard = re.search(r"^#ifndef (\w+)\n#define \1\b", code, re.MULTILINE)
    assert guard, "no include guard"
    assert re.search(r"_H_?$", guard.group(1))


@CORE_FILES
def test_the_core_knows_no_python(path: Path) -> None:
    code = code_of(path)
    assert "Python.h" not in path.read_text() and not re.search(r"\bPy[A-Z_]\w+", code)


@CORE_FILES
def test_the_core_neither_prints_nor_ends_the_process(path: Path) -> None:
    forbidden = r"\b(abort|exit|_exit|quick_exit|printf|fprintf|puts|fputs|perror|putchar)\s*\("
    assert not re.search(forbidden, code_of(path))


@CORE_FILES
def test_no_text_without_bound(path: Path) -> None:
    assert not re.search(r"\b(strcpy|strcat|sprintf|vsprintf|gets|alloca)\s*\(", code_of(path))


NO_FUNCTIONS = {"__attribute__", "aligned", "target", "tls_model", "AGI_PRINTF"}


def functions(path: Path) -> Iterator[tuple[str, bool, int]]:
    """(name, static, lines) of each function: a line in column 0 up to the brace in column 0."""
    lines = code_of(path).splitlines()
    start, head = None, ""
    for number, line in enumerate(lines):
        if line == "{":
            start = number
            while start > 0 and re.match(r"[^#}].*(?<![;}])$", lines[start - 1]):
                start -= 1
            head = " ".join(lines[start:number])
        elif line == "}" and start is not None:
            names = [n for n in re.findall(r"(\w+)\s*\(", head) if n not in NO_FUNCTIONS]
            if names:
                is_static = bool(re.search(r"\bstatic\b|\w+_(INLINE|STAMPED)", head))
                yield names[0], is_static, number - start
            start = None


@FILES
def test_functions_are_short(path: Path) -> None:
    for name, _, lines in functions(path):
        assert lines <= MAX_FUNCTION_LINES, f"{name} has {lines} lines"


@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if p.suffix == ".c" and p.name != "all.c"],
    ids=lambda path: str(path.relative_to(CSRC)),
)
def test_names_say_their_scope(path: Path) -> None:
    """ag_ public, agi_ between files, py_ in the native module, no prefix for statics."""
    python = "python" in path.relative_to(CSRC).parts
    for name, static, _ in functions(path):
        if name in ("OP", "AG_RULE", "AG_FORWARD", "AG_KERNEL") or name.isupper():
            continue
        if static and path.suffix == ".c":
            assert not re.match(r"(ag|agi)_", name), f"static {name} has a prefix"
        elif not static and python:
            assert re.match(r"(py_|PyInit_)", name), f"{name}: py_ in the native module"
        elif not static:
            assert re.match(r"agi?_", name), f"{name}: ag_ or agi_ in the core"


def test_the_public_header() -> None:
    path = CSRC / "include" / "pyautograd.h"
    text, code = path.read_text(), code_of(path)
    assert set(re.findall(r"#include <(\w+)\.h>", code)) <= {"stddef", "stdint", "stdbool"}
    assert 'extern "C"' in text
    for name in re.findall(r"^#define (\w+)", code, re.MULTILINE):
        assert re.match(r"(AG_|PYAUTOGRAD_|OP\b)", name), name
    for name in re.findall(r"^AG_API [^;(]*?\b(\w+)\(", code, re.MULTILINE):
        assert name.startswith("ag_"), name
    comment = sum(len(part) for part in re.findall(r"/\*.*?\*/", text, re.DOTALL))
    assert comment > 0.25 * len(text), "the header is the manual"


def test_tags() -> None:
    """An INVARIANT[tag] is defined in one place, and what is referred to exists."""
    text = {path: path.read_text() for path in SOURCES}
    defined = [t for body in text.values() for t in re.findall(r"INVARIANT\[([\w-]+)\]:", body)]
    used = [t for body in text.values() for t in re.findall(r"INVARIANT\[([\w-]+)\](?!:)", body)]
    assert sorted(set(defined)) == sorted(defined), "defined twice"
    assert set(used) <= set(defined), "dangling"


def test_the_map_of_the_folder_names_every_file() -> None:
    readme = (CSRC / "README.md").read_text()
    missing = [
        path.name
        for path in SOURCES
        if path.name not in readme and path.stem not in readme and path.parent.name not in readme
    ]
    assert missing == []


# ---- what was built ------------------------------------------------------------------------------


def tool(*command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def test_only_the_public_names_are_exported() -> None:
    if LIBRARY is None:
        pytest.skip("the library was not built beside the package")
    names = re.findall(r" [TDBRV] (\w+)", tool("nm", "-D", "--defined-only", str(LIBRARY)))
    if "__gcov_master" in names:
        pytest.skip("a build that counts coverage shows what counts, too")
    ours = [name for name in names if not name.startswith(("_init", "_fini", "__asan", "__odr"))]
    assert [name for name in ours if not name.startswith("ag_")] == []
    header = code_of(CSRC / "include" / "pyautograd.h")
    for name in re.findall(r"^AG_API [^;(]*?\b(ag_\w+)\(", header, re.MULTILINE):
        assert name in ours, f"{name} is declared and not there"


def test_the_library_needs_no_python_and_no_openmp() -> None:
    if LIBRARY is None:
        pytest.skip("the library was not built beside the package")
    needed = re.findall(r"NEEDED.*\[(.+?)\]", tool("readelf", "-d", str(LIBRARY)))
    assert [name for name in needed if "python" in name or "omp" in name] == []


@plain_build_only
@pytest.mark.parametrize(
    "op", ["add", "mul", "relu", "neg", "div", "sqrt", "floor", "ceil", "trunc"]
)
@pytest.mark.parametrize(("level", "register"), [("avx2", "%ymm"), ("avx512", "%zmm")])
def test_kernels_are_vector_code(op: str, level: str, register: str) -> None:
    """The compiler did not quietly leave the loop scalar."""
    name = f"agi_{op}_{level}"
    built = [path for path in (LIBRARY, CHECKOUT_LIBRARY) if path is not None and path.exists()]
    named = [p for p in built if re.search(rf"\b{name}$", tool("nm", str(p)), re.MULTILINE)]
    if not named:
        pytest.skip("no library here has the names of its kernels, or this is no x86")
    listing = tool("objdump", "-d", "--no-show-raw-insn", f"--disassemble={name}", str(named[0]))
    assert len(re.findall(register, listing)) >= 4, f"{name} is scalar"
