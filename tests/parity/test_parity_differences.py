# SPDX-License-Identifier: MIT
"""differences.md: each line of its table says what both libraries do, and both do so."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

import pyautograd as ag

PAGE = Path(__file__).parents[2] / "pyautograd" / "differences.md"


class Line(NamedTuple):
    code: str
    torch: str
    here: str
    why: str


def lines() -> list[Line]:
    rows = re.findall(r"^\| (?P<cells>`.*) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    return [Line(*(cell.strip().strip("`") for cell in row.split(" | "))) for row in rows]


every_line = pytest.mark.parametrize("line", lines(), ids=lambda line: line.code)


def gradients(lib: Any) -> Callable[..., Any]:
    def grad(f: Callable[..., Any], *data: Any) -> Any:
        inputs = [lib.tensor(x, requires_grad=True) for x in data]
        found = lib.autograd.grad(f(*inputs).sum(), inputs)
        return found[0] if len(found) == 1 else found

    return grad


def outcome(lib: Any, code: str) -> str:
    """What the last expression of `code` shows, or the error, with the names of `lib` at hand."""
    names = {name: getattr(lib, name) for name in dir(lib) if not name.startswith("_")}
    names |= {"np": np, "nan": np.nan, "inf": np.inf, "grad": gradients(lib)}
    *statements, last = ast.parse(code).body
    assert isinstance(last, ast.Expr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(ast.Module(statements, []), code, "exec"), names)
            return repr(eval(compile(ast.Expression(last.value), code, "eval"), names))
        except (ArithmeticError, AssertionError, BufferError, LookupError, RuntimeError, TypeError,
                ValueError) as e:  # fmt: skip
            return f"{type(e).__name__}: {e}"


def fits(shown: str, found: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, shown.split("..."))), found, re.S) is not None


def test_there_are_lines() -> None:
    assert len(lines()) >= 8
    # Every row of the table is one that is tested, but for its head.
    rows = [row for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("|")]
    assert len(rows) == len(lines()) + 2
    assert all(len(line.why) > 20 for line in lines())


@every_line
def test_here(line: Line) -> None:
    assert fits(line.here, outcome(ag, line.code)), outcome(ag, line.code)


@every_line
def test_in_torch(line: Line, torch: ModuleType) -> None:
    assert fits(line.torch, outcome(torch, line.code)), outcome(torch, line.code)
