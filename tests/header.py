# SPDX-License-Identifier: MIT
"""The public header as a compiler reads it, and the rows of the op table as they are written."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from cc import COMPILERS


def declarations(include: Path) -> list[tuple[str, str]]:
    """(name, arguments) of each function that the header declares, by rows of the table or not."""
    command = [COMPILERS[0], "-E", "-P", "-std=c11", "-x", "c", str(include / "pyautograd.h")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    text = re.sub(r"\s+", " ", text)
    return re.findall(r"\b(ag_\w+)\(((?:[^()]|\([^()]*\))*)\);", text)


def declared_functions(include: Path) -> set[str]:
    return {name for name, _ in declarations(include)}


def op_rows(include: Path) -> list[tuple[str, str, str]]:
    """(name, arity, KIND) of each OP, in their order."""
    families = re.findall(r'^#include "(ops/\w+\.def)"', (include / "ops.def").read_text(), re.M)
    text = "".join((include / family).read_text() for family in families)
    return re.findall(r"^OP\((\w+), +(\d), (\w+)", text, re.M)
