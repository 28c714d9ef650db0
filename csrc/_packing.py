# SPDX-License-Identifier: MIT
"""What is installed of what was built, and how a wheel packs it. Run by setup.py, never imported by
the package.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

_TEXT = r'"(?:[^"\\\n]|\\.)*"'
_TEXTS = rf"{_TEXT}(?:\s*{_TEXT})*"
_ROW = rf'^((?:CALL|OVERLOADS)\((?:{_TEXT}|[^"\n]|\n(?![A-Z]))*?,)'
_DOCUMENTED = re.compile(rf"{_ROW}\s*{_TEXTS},\s*{_TEXTS}\)$", re.MULTILINE)


def copy_headers(source: Path, target: Path) -> None:
    """The headers as they are installed: of the rows of ops.def, what Python's functions document
    is in their docstrings and in `_core.pyi`, and no third time here."""
    for header in (path for path in source.rglob("*") if path.is_file()):
        place = target / header.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        text = header.read_text(encoding="utf-8")
        if header.suffix == ".def":
            text = _DOCUMENTED.sub(r'\1 "", "")', text)
        place.write_text(text, encoding="utf-8")


def press(archive: Path) -> None:
    """Compress what a zip archive has once more, with all effort."""
    pressed = archive.with_suffix(".pressed")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(pressed, "w") as new:
        for item in old.infolist():
            new.writestr(item, old.read(item), zipfile.ZIP_DEFLATED, compresslevel=9)
    os.replace(pressed, archive)


def strip(files: list[str], flags: list[str]) -> None:
    """Take names out of libraries that only debuggers and profilers read. Without such a tool, or
    with one for other machines, they stay as they are."""
    tool = shutil.which("strip") if sys.platform != "darwin" and "-g" not in flags else None
    if libraries := [name for name in files if tool is not None and name.endswith(".so")]:
        subprocess.run([str(tool), *libraries], check=False)
