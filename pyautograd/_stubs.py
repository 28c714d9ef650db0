# SPDX-License-Identifier: MIT
"""Writes the part of _core.pyi that the op table decides: `python -m pyautograd._stubs`.

What stands between a pair of markers, `# <ops ...>` and `# </ops>`, is made anew from the table
that the library was built with; the rest of the file is written by hand. With `--check` nothing
is written, and the exit status says whether something would be.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

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
            lines.append(f"def {name}(input: _Operand{_parameters(op, kind)}) -> {result}: ...")
    return lines


def generate(text: str) -> str:
    """Return the text of the stub file with its generated parts made anew."""
    made = {"methods": _methods(), "functions": _functions()}
    return _PART.sub(
        lambda part: part["head"] + "\n".join(made[part["what"]]) + "\n" + part["tail"], text
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
