# SPDX-License-Identifier: MIT
"""README.md does what it shows: its Python runs, its C compiles, the output is what stands there.

A ```python block of `>>>` lines is a doctest. Any other runs as a script, block after block in one
namespace; a ```text block right after it is what it prints. A ```c block is a whole program or
part of one that the next completes; a ```text block after it is what the program prints.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cc import COMPILERS, ROOT, compile_and_run, with_python
from support import plain_build_only

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    line: int
    language: str
    text: str
    output: str | None  # of the ```text block that follows with nothing but space between


def blocks() -> list[Block]:
    readme = (ROOT / "README.md").read_text()
    found = list(_FENCE.finditer(readme))
    result = []
    for block, after in zip(found, [*found[1:], None], strict=True):
        output = None
        if after and after[1] == "text" and not readme[block.end() : after.start()].strip():
            output = after[2]
        result.append(Block(readme.count("\n", 0, block.start()) + 1, block[1], block[2], output))
    return result


def of_language(language: str) -> list[Block]:
    return [block for block in blocks() if block.language == language]


def normal(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def run_doctest(block: Block, namespace: dict[str, Any]) -> None:
    name = f"README.md, line {block.line}"
    test = doctest.DocTestParser().get_doctest(block.text, namespace, name, "README.md", block.line)
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(test, out=report.write, clear_globs=False)
    namespace.update(test.globs)
    assert runner.failures == 0, report.getvalue()


def test_python_blocks() -> None:
    found = of_language("python")
    assert found, "README.md has no ```python block"
    namespace: dict[str, Any] = {"__name__": "readme"}
    for block in found:
        if block.text.lstrip().startswith(">>>"):
            run_doctest(block, namespace)
            continue
        printed = io.StringIO()
        code = compile("\n" * block.line + block.text, str(ROOT / "README.md"), "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        if block.output is not None:
            assert normal(printed.getvalue()) == normal(block.output), f"line {block.line}"
    namespace.clear()


def test_python_shows_what_it_prints() -> None:
    assert any(
        block.output is not None or ">>>" in block.text for block in of_language("python")
    ), "no Python block of README.md shows its output"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_c_blocks(compiler: str, tmp_path: Path) -> None:
    found = of_language("c")
    assert found, "README.md has no ```c block"
    program = ""
    for block in found:
        program += block.text
        if "int main" not in program:
            continue
        printed = compile_and_run(program, tmp_path, compiler)
        if block.output is not None:
            assert normal(printed) == normal(block.output), f"line {block.line}"
        program = ""
    assert not program, "the last ```c block of README.md has no main"


def c_commands() -> list[str]:
    lines = "".join(block.text for block in of_language("sh")).splitlines()
    return [line for line in lines if "program.c" in line]


def test_c_commands_are_two() -> None:
    assert len(c_commands()) == 2


@plain_build_only
@pytest.mark.compiles_core
@pytest.mark.parametrize("command", c_commands())
def test_c_commands_work_as_typed(command: str, tmp_path: Path) -> None:
    (program,) = of_language("c")
    (tmp_path / "program.c").write_text(program.text)
    (tmp_path / "csrc").symlink_to(ROOT / "csrc")
    done = subprocess.run(
        ["sh", "-c", command],
        env=with_python(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert normal(done.stdout) == normal(program.output or "")


def test_commands_are_those_that_are_checked() -> None:
    """.ci/run takes the newcomer's two commands from the shell blocks: each is one line."""
    lines = "".join(block.text for block in of_language("sh")).splitlines()
    for words in ("python -m pyautograd", "pytest"):
        assert any(words in line and "pip install" in line for line in lines), words


def test_files_that_are_named_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", readme)
    assert [name for name in links if not (ROOT / name).exists()] == []


def test_all_settings_are_in_the_table() -> None:
    """Every variable of the environment that the core reads, and none that it does not."""
    sources = "".join(path.read_text() for path in (ROOT / "csrc").rglob("*.c"))
    asked = set(re.findall(r'\("(PYAUTOGRAD_\w+)"\)', sources))
    table = (ROOT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(PYAUTOGRAD_\w+)` \|", table, re.M)) == asked
    assert len(asked) >= 8
