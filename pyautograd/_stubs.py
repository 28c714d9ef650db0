# SPDX-License-Identifier: MIT
"""Writes the parts of _core.pyi that the built library decides: `python -m pyautograd._stubs`.

What stands between a pair of markers, `# <ops ...>` and `# </ops>`, is made anew from the op table,
and each docstring from the object's own, without its examples, so that editors show it. The rest
of the file is written by hand. With `--check` nothing is written, and the exit status says whether
something would be.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import _core

__all__ = ["generate", "main"]

STUB = Path(__file__).with_name("_core.pyi")
_PART = re.compile(r"(?P<head>^ *# <ops (?P<what>\w+)>\n).*?(?P<tail>^ *# </ops>\n)", re.M | re.S)
_METHOD_ALIASES = {
    "abs": ("absolute",),
    "neg": ("negative",),
    "asin": ("arcsin",),
    "acos": ("arccos",),
    "atan": ("arctan",),
    "sub": ("subtract",),
    "mul": ("multiply",),
    "div": ("divide", "true_divide"),
    "ne": ("not_equal",),
    "lt": ("less",),
    "le": ("less_equal",),
    "gt": ("greater",),
    "ge": ("greater_equal",),
}


def _parameters(op: str, kind: str) -> str:
    if kind == "unary":
        return ""
    if op in ("add", "sub"):
        return ", other: _Operand, *, alpha: float = 1"
    return ", exponent: _Operand" if op == "pow" else ", other: _Operand"


def _rows() -> list[tuple[str, str, str]]:
    """(op, name, kind) of the ops whose stubs are made here, aliases included."""
    rows = []
    for row in _core._op_table():
        op, kind = row["name"], row["kind"]
        if kind in ("unary", "binary", "mask"):
            rows += [(op, name, kind) for name in (op, *_METHOD_ALIASES.get(op, ()))]
    return rows


def _methods() -> list[str]:
    lines = []
    for op, name, kind in _rows():
        more = _parameters(op, kind)
        result = "_Mask" if kind == "mask" else "Self"
        lines.append(f"    def {name}(self{more}) -> {result}: ...")
        if kind == "binary" or (kind == "unary" and name == op):
            lines.append(f"    def {name}_(self{more}) -> Self: ...")
    return lines


def _functions() -> list[str]:
    lines = []
    for op, name, kind in _rows():
        if kind == "unary":
            lines.append(f"def {name}(input: _T) -> _T: ...")
        else:
            result = "_Mask" if kind == "mask" else "Tensor"
            # A number comes first in arithmetic alone.
            first = "_Array" if kind == "mask" or op in ("maximum", "minimum") else "_Operand"
            lines.append(f"def {name}(input: {first}{_parameters(op, kind)}) -> {result}: ...")
    return lines


# ---- docstrings ----------------------------------------------------------------------------------

_Definition = ast.FunctionDef | ast.ClassDef


def _documented(body: list[ast.stmt], owner: Any) -> Iterator[tuple[_Definition, str]]:
    """The definitions of a module or class that get a docstring, with its text: of overloads and
    of properties with setters the first. What Python itself documents (`__add__`) gets none."""
    seen: set[str] = set()
    for node in body:
        if not isinstance(node, _Definition) or node.name in seen or node.name.startswith("__"):
            continue
        seen.add(node.name)
        own = getattr(owner, node.name, None)
        text = (inspect.getdoc(own) or "").partition("\n\nExample:")[0].strip()
        if own is not None and text:
            yield node, text
        if isinstance(node, ast.ClassDef):
            yield from _documented(node.body, own)


def _wrapped(line: str, indent: str) -> list[str]:
    """A line of a docstring as one or more lines of the file."""
    deeper = indent + line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(line.strip(), 100, initial_indent=deeper, subsequent_indent=deeper) or [""]


def _with_docstring(lines: list[str], node: _Definition, text: str) -> None:
    """Put `text` into `lines` below the head of `node`, in the place of what is there."""
    indent = " " * (node.col_offset + 4)
    quoted = f'"""{text}\n"""' if "\n" in text else f'"""{text}"""'
    made = [part for line in quoted.splitlines() for part in _wrapped(line, indent)]
    first = node.body[0]
    start, end = first.lineno - 1, first.end_lineno
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):  # ... or a docstring
        head = lines[start][: first.col_offset].rstrip()
        lines[start:end] = [*([head] if head else []), *made]
    else:
        start = min([start, *(d.lineno - 1 for d in getattr(first, "decorator_list", []))])
        lines[start:start] = made


def _document(text: str) -> str:
    lines = text.splitlines()
    found = sorted(_documented(ast.parse(text).body, _core), key=lambda pair: -pair[0].lineno)
    for node, doc in found:  # from the end, so that what is before stays in its lines
        _with_docstring(lines, node, doc)
    return "\n".join(lines) + "\n"


def generate(text: str) -> str:
    """Return the text of the stub file with its generated parts made anew."""
    made = {"methods": _methods(), "functions": _functions()}
    return _document(
        _PART.sub(
            lambda part: part["head"] + "\n".join(made[part["what"]]) + "\n" + part["tail"], text
        )
    )


def main(arguments: list[str]) -> int:
    """Rewrite the stub file, or with --check say whether it needs it."""
    before = STUB.read_text(encoding="utf-8")
    after = generate(before)
    if "--check" in arguments:
        return int(before != after)
    if before != after:
        STUB.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
