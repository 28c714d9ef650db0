# SPDX-License-Identifier: MIT
"""Makes the source of `pyautograd._capi`, the cffi view of libpyautograd, at build time.

The declarations are the public header's own, after the C preprocessor: there is no copy of them to
keep in step. Run by setup.py, never imported by the package.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Between a prototype's tokens the preprocessor leaves what only compilers read.
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
_LINE_MARKER = re.compile(r'^# \d+ "(.*?)"')
_CONSTANT = re.compile(r"^#define (AG_\w+) (-?(?:0[xX][0-9a-fA-F]+|\d+))$")


def declarations(header: Path, compiler: Sequence[str]) -> str:
    """What the header declares, in the C that cffi reads: types, enums, functions, constants.

    Args:
        header: path of the public header.
        compiler: the command of a C compiler that knows -E and -dD, as gcc and clang do.

    Raises:
        subprocess.CalledProcessError: the header does not preprocess.
    """
    command = [*compiler, "-E", "-dD", "-std=c11", "-x", "c", str(header)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines: list[str] = []
    here = False
    for line in text.splitlines():
        marker = _LINE_MARKER.match(line)
        if marker:
            here = marker[1].startswith(str(header.parent))  # the rest is the C library's headers
        elif here and line.startswith("#"):
            lines += [line] if _CONSTANT.match(line) else []
        elif here:
            lines.append(line)
    return re.sub(r"\n{2,}", "\n", _ATTRIBUTE.sub("", "\n".join(lines)))


def emit(header: Path, compiler: Sequence[str], target: Path) -> None:
    """Write the C source of the module `pyautograd._capi` to `target`.

    Raises:
        cffi.CDefError: the header has something that cffi cannot read.
    """
    import cffi

    builder = cffi.FFI()
    builder.cdef(declarations(header, compiler))
    builder.set_source("pyautograd._capi", "#include <pyautograd.h>")
    target.parent.mkdir(parents=True, exist_ok=True)
    builder.emit_c_code(str(target))
