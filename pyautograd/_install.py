# SPDX-License-Identifier: MIT
"""Where the package comes from, and what can be in its way: an import that failed is explained,
and `show_config` names other distributions that claim the same folder.

Nothing here is imported when all is well. Nothing here needs the native module.
"""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

__all__ = ["DISTRIBUTION", "LIBRARY_NAME", "PACKAGE", "fail_to_import", "lines"]

DISTRIBUTION = "pyautograd-c"
PACKAGE = Path(__file__).resolve().parent
LIBRARY_NAME = "libpyautograd.dylib" if sys.platform == "darwin" else "libpyautograd.so"


def fail_to_import(error: ImportError, package: Path = PACKAGE) -> NoReturn:
    """Raise what explains the error, if the package's own binaries are its cause; else the error.

    Raises:
        ImportError: always.
    """
    if error.name not in ("pyautograd._core", "_core"):  # the latter where the system loads it
        raise error  # NumPy's, for instance: its own words are better
    if "subinterpreters" in str(error):  # from Python 3.12 on Python itself refuses
        raise error
    cause = f"{_cause(error, package)}\n\nTo build it:  {_command(package)}\n"
    if _is_checkout(package):
        cause += (
            "To use what is installed instead, run Python in another folder, without this one in\n"
            "PYTHONPATH: modules are looked for in these first.\n"
        )
    raise ImportError(cause, name=error.name, path=error.path) from error


def _cause(error: ImportError, package: Path) -> str:
    here = f"pyautograd was found in {package},"
    binaries = sorted(path.name for path in package.glob("_core.*") if path.suffix != ".pyi")
    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    if not binaries:
        what = "a checkout that is not built" if _is_checkout(package) else "without its binaries"
        return f"{here} {what}: there is no {'_core' + suffixes[0]}."
    if not any("_core" + suffix in binaries for suffix in suffixes):
        wanted = "_core" + suffixes[0]
        return f"{here} built for another Python: there is {', '.join(binaries)}, not {wanted}."
    if not (package / LIBRARY_NAME).exists():
        return f"{here} built in part: there is no {LIBRARY_NAME}."
    return (
        f"{here} with binaries that its Python files do not\n"
        f"fit: of an earlier version, as after a `git pull`, or of another machine.\n({error})"
    )


def wrong_version(built: str, wanted: str) -> ImportError:
    """What says that the binaries are of another version than the Python files."""
    text = f"this is pyautograd {wanted}, and the binaries are of {built}"
    return ImportError(text, name="pyautograd._core")


def _is_checkout(package: Path) -> bool:
    return (package.parent / "setup.py").exists() and (package.parent / "csrc").is_dir()


def _command(package: Path) -> str:
    if _is_checkout(package):
        return f"pip install {shlex.quote(str(package.parent))}"
    return f"pip install --force-reinstall {DISTRIBUTION}, from where it was installed from"


# ---- what is installed ---------------------------------------------------------------------------


def lines() -> Iterator[str]:
    """`key: value` of the distribution that the package is of, and of what is wrong with it."""
    yield f"distribution: {_own()}"
    for name in rivals():
        yield (
            f"warning: the distribution {name} brings a package pyautograd too. To install or "
            f"remove either changes\n  the other's files. To have this one alone: "
            f"pip uninstall {name.split()[0]} {DISTRIBUTION}, then install it again"
        )
    if newer := newer_source():
        yield f"warning: {newer} is newer than the build. To build it again: {_command(PACKAGE)}"


def _own() -> str:
    """The name and version that the installer knows this folder by, or that it knows of none."""
    elsewhere = "not installed"
    for found in importlib.metadata.distributions(name=DISTRIBUTION):
        if _is_source(found):
            continue
        if _editable_root(found) == PACKAGE.parent:
            return f"{DISTRIBUTION} {found.version}, editable: {PACKAGE.parent}"
        if _root(found) == PACKAGE.parent:
            return f"{DISTRIBUTION} {found.version}"
        elsewhere = f"{found.version} is installed in {_root(found)}"
    return f"{DISTRIBUTION}, imported from {PACKAGE.parent} ({elsewhere})"


def _root(found: importlib.metadata.Distribution) -> Path:
    return Path(str(found.locate_file(""))).resolve()


def _is_source(found: importlib.metadata.Distribution) -> bool:
    """Whether it is what a build left beside its sources, where nothing is installed."""
    root = _root(found)
    return (root / "setup.py").exists() or (root / "pyproject.toml").exists()


def _editable_root(found: importlib.metadata.Distribution) -> Path | None:
    """The folder that `pip install -e` was given."""
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(origin["url"]).path)).resolve()


def rivals() -> list[str]:
    """`name version` of each other distribution that has files in a folder `pyautograd`."""
    found = []
    for other in importlib.metadata.distributions():
        name = other.metadata["Name"] or ""
        if name.replace("_", "-").lower() == DISTRIBUTION or _is_source(other):
            continue
        # Their text as it is: `files` would parse every line of all that is installed.
        record = "\n" + (other.read_text("RECORD") or "")
        top_level = (other.read_text("top_level.txt") or "").split()
        if "\npyautograd/" in record or "pyautograd" in top_level:
            found.append(f"{name} {other.version}")
    return sorted(set(found))


def newer_source() -> str:
    """In a checkout, a C file that was changed after the build; else nothing."""
    source = PACKAGE.parent / "csrc"
    if not _is_checkout(PACKAGE) or not (PACKAGE / LIBRARY_NAME).exists():
        return ""
    built = (PACKAGE / LIBRARY_NAME).stat().st_mtime
    files = (path for kind in ("*.c", "*.h", "*.def") for path in sorted(source.rglob(kind)))
    newer = (path for path in files if path.stat().st_mtime > built)
    return str(next(newer, ""))
