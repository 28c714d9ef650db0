# SPDX-License-Identifier: MIT
"""The storeys of csrc/: each knows only those below it.

Includes are read off the sources; symbols off each file as compiled alone, since a declaration of
one's own would hide an arrow from the includes."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cc import COMPILERS

CSRC = Path(__file__).parent.parent / "csrc"
STOREYS = ("include", "base", "tensor", "compute", "fuse", "tape", "ops", "top", "python")

pytestmark = pytest.mark.skipif(not CSRC.is_dir(), reason="not a checkout: csrc/ is not here")


def storey_of(path: Path) -> int:
    """The number of the storey of a file of csrc/; what lies in no folder is on top."""
    parts = path.relative_to(CSRC).parts
    return STOREYS.index(parts[0] if len(parts) > 1 else "top")


def sources(pattern: str) -> list[Path]:
    return [path for path in sorted(CSRC.rglob(pattern)) if path.name != "all.c"]


def includes(path: Path, text: str | None = None) -> Iterator[Path]:
    for name in re.findall(r'^#include\s+"([^"]+)"', text or path.read_text(), re.MULTILINE):
        yield (path.parent / name).resolve()


def upward_includes(path: Path, text: str | None = None) -> list[str]:
    return [
        f"{path.relative_to(CSRC)} includes {target.relative_to(CSRC)}"
        for target in includes(path, text)
        if storey_of(target) > storey_of(path)
    ]


def test_every_folder_is_a_storey() -> None:
    folders = {path.relative_to(CSRC).parts[0] for path in CSRC.rglob("*.[ch]")}
    folders = {name for name in folders if (CSRC / name).is_dir()}
    assert folders == set(STOREYS) - {"top"}


def test_includes_point_downwards() -> None:
    assert [arrow for path in sources("*.[ch]") for arrow in upward_includes(path)] == []


def test_an_include_that_points_upwards_is_found() -> None:
    path = CSRC / "tensor" / "tensor.c"
    turned = path.read_text() + '\n#include "../tape/node.h"\n'
    assert upward_includes(path, turned) == ["tensor/tensor.c includes tape/node.h"]


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """Names from which a way of arrows leads back to themselves."""
    found = []
    for start in arrows:
        seen, left = set(), list(arrows[start])
        while left:
            name = left.pop()
            if name not in seen:
                seen.add(name)
                left += arrows.get(name, ())
        if start in seen:
            found.append(start)
    return found


def compiled_with(path: Path) -> list[str]:
    flags = ["-std=c11", "-D_GNU_SOURCE", "-fPIC", "-O0", "-ffp-contract=off"]
    if storey_of(path) == STOREYS.index("python"):
        folders = (CSRC / "include", sysconfig.get_path("include"), np.get_include())
        flags += [f"-I{folder}" for folder in folders]
    return flags


def symbols(path: Path, folder: Path) -> tuple[set[str], set[str]]:
    """What a file defines for others, and what it needs of them."""
    target = folder / (str(path.relative_to(CSRC)).replace(os.sep, "_") + ".o")
    command = [COMPILERS[0], *compiled_with(path), "-c", str(path), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    listing = subprocess.run(["nm", str(target)], check=True, capture_output=True, text=True)
    kinds = re.findall(r"([A-Za-z]) (\w+)$", listing.stdout, re.MULTILINE)
    return {n for k, n in kinds if k in "TDBRVC"}, {n for k, n in kinds if k == "U"}


@pytest.fixture(scope="module")
def needs(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, dict[Path, list[str]]]:
    """For each file those that it needs symbols of, and which."""
    folder = tmp_path_factory.mktemp("objects")
    files = sources("*.c")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        tables = dict(zip(files, pool.map(lambda path: symbols(path, folder), files), strict=True))
    home = {name: path for path, (defined, _) in tables.items() for name in defined}
    found: dict[Path, dict[Path, list[str]]] = {path: {} for path in files}
    for path, (_, needed) in tables.items():
        for name in sorted(needed & home.keys()):
            found[path].setdefault(home[name], []).append(name)
    return found


@pytest.mark.compiles_core
def test_symbols_point_downwards(needs: dict[Path, dict[Path, list[str]]]) -> None:
    upward = [
        f"{path.relative_to(CSRC)} needs {names} of {other.relative_to(CSRC)}"
        for path, others in needs.items()
        for other, names in others.items()
        if storey_of(other) > storey_of(path)
    ]
    assert upward == []


@pytest.mark.compiles_core
def test_no_circles_of_files(needs: dict[Path, dict[Path, list[str]]]) -> None:
    arrows = {str(path): {str(other) for other in others} for path, others in needs.items()}
    assert circles(arrows) == []


def test_no_circles_of_headers() -> None:
    arrows = {str(p): {str(t) for t in includes(p) if t != p} for p in sources("*.h")}
    assert circles(arrows) == []


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
