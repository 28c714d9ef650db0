# SPDX-License-Identifier: MIT
"""How the library was built and installed; and for C programs, what compiles and links with it.

    cc program.c $(python -m pyautograd.config --cflags --libs)

prints no quotes, since a shell does not read quotes in what `$(...)` gives. Where the package lies
in a folder with a space in its name, the space is written `[[:space:]]`, which a shell replaces by
the space of the file's name. In a Makefile that is `$(shell python -m pyautograd.config ...)`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from . import _core, _install
from ._version import __version__

__all__ = ["cflags", "libs", "main", "show_config"]

_INCLUDE = _install.PACKAGE / "include"
_LIBRARY = _install.PACKAGE / _install.LIBRARY_NAME


def show_config() -> str:
    """How the library was built and what it found, as lines of `key: value`: version, compiler, CPU
    level, vector math, machine code for groups of ops, threads; the distribution that it is of, and
    warnings where another one claims its folder or its sources were changed after the build.

    Example:
        >>> import pyautograd as ag
        >>> "threads" in ag.show_config()
        True
    """
    return _core.show_config() + "".join(line + "\n" for line in _install.lines())


def cflags() -> list[str]:
    """The arguments with which a C compiler finds the header.

    Example:
        >>> from pyautograd import config
        >>> config.cflags()[0]
        '-I'
    """
    return ["-I", str(_INCLUDE)]


def libs() -> list[str]:
    """The arguments that link a program to the library, and let the program find it when it runs.

    Example:
        >>> from pyautograd import config
        >>> "-lpyautograd" in config.libs()
        True
    """
    folder = str(_install.PACKAGE)
    rpath = ["-Xlinker", "-rpath", "-Xlinker", folder]
    return ["-L", folder, "-lpyautograd", *rpath, "-lm", "-pthread"]


def _for_shell(argument: str) -> str:
    """What a shell makes `argument` of, unquoted and split at spaces: spaces as a pattern.

    Where there are some, what else is a pattern is written as one that only matches itself.
    """
    if not re.search(r"\s", argument):
        return argument
    return re.sub(r"\s", "[[:space:]]", re.sub(r"[\[*?\\]", r"[\g<0>]", argument))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is asked for, and return the exit status.

    Example:
        $ python -m pyautograd.config --cflags --libs
    """
    parser = argparse.ArgumentParser(
        prog="python -m pyautograd.config",
        description="Print what a C program is compiled and linked with. "
        "All together: cc program.c $(python -m pyautograd.config --cflags --libs)",
    )
    add = parser.add_argument
    add("--cflags", action="store_true", help="arguments for the compiler")
    add("--libs", action="store_true", help="arguments for the linker; the program then runs too")
    add("--include", action="store_true", help="the folder of pyautograd.h")
    add("--library", action="store_true", help="the path of the shared library")
    add("--version", action="store_true", help="the version")
    asked = parser.parse_args(arguments)
    lines = [str(_INCLUDE)] if asked.include else []
    lines += [str(_LIBRARY)] if asked.library else []
    lines += [__version__] if asked.version else []
    flags = [*(cflags() if asked.cflags else []), *(libs() if asked.libs else [])]
    if flags:
        lines.append(" ".join(map(_for_shell, flags)))
    if not lines:
        parser.error("nothing was asked for")
    print(*lines, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
