# SPDX-License-Identifier: MIT
"""An import that fails says why and what mends it; `show_config` tells whose the package is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pyautograd as ag
from cc import LIBRARY, PACKAGE
from pyautograd import _install

THIS_CORE = next(PACKAGE.glob("_core.*.so"), PACKAGE / "_core.so")


def copy_package(home: Path, *, checkout: bool) -> Path:
    """The package as it is here, in a folder of its own: installed, or beside its sources."""
    package = home / "pyautograd"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.new"))
    if checkout:
        (home / "setup.py").touch()
        (home / "csrc").mkdir()
    return package


def failing_import(home: Path) -> str:
    """The last exception that `import pyautograd` prints when `home` is searched first."""
    done = subprocess.run(
        [sys.executable, "-c", "import pyautograd"],
        env={**os.environ, "PYTHONPATH": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr[done.stderr.rindex("Error: ") :]


def remove_binaries(package: Path) -> None:
    for path in [*package.glob("*.so"), *package.glob("*.dylib")]:
        path.unlink()


def of_another_python(package: Path) -> None:
    (package / THIS_CORE.name).rename(package / "_core.cpython-39-x86_64-linux-gnu.so")


def without_library(package: Path) -> None:
    (package / LIBRARY.name).unlink()


def with_a_newer_name(package: Path) -> None:
    init = package / "__init__.py"
    init.write_text(init.read_text().replace(" zeros_like,\n", " zeros_like, zeros_of_morrow,\n"))


def of_another_version(package: Path) -> None:
    (package / "_version.py").write_text('__version__ = "99.0.0"\n')


BROKEN = [
    (remove_binaries, "a checkout that is not built: there is no _core."),
    (of_another_python, "built for another Python: there is _core.cpython-39-x86_64-linux-gnu.so"),
    (without_library, f"built in part: there is no {LIBRARY.name}"),
    (with_a_newer_name, "of an earlier version"),
    (of_another_version, f"this is pyautograd 99.0.0, and the binaries are of {ag.__version__}"),
]


@pytest.mark.parametrize(("damage", "words"), BROKEN)
def test_a_checkout_that_cannot_be_imported_says_why(
    damage: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    """Without it, `No module named 'pyautograd._core'` hides a package that is installed."""
    home = tmp_path / "a folder"
    damage(copy_package(home, checkout=True))
    shown = failing_import(home)
    assert words in shown
    assert f"pyautograd was found in {home / 'pyautograd'}," in shown
    assert f"To build it:  pip install '{home}'\n" in shown
    assert "To use what is installed instead, run Python in another folder" in shown


def test_what_is_installed_and_cannot_be_imported_says_why(tmp_path: Path) -> None:
    remove_binaries(copy_package(tmp_path, checkout=False))
    shown = failing_import(tmp_path)
    assert "without its binaries: there is no _core." in shown
    assert "pip install --force-reinstall pyautograd-c" in shown
    assert "another folder" not in shown


def test_errors_of_others_are_left_alone(tmp_path: Path) -> None:
    copy_package(tmp_path, checkout=True)
    (tmp_path / "numpy.py").write_text("raise ImportError('this NumPy is broken')\n")
    assert "found in" not in failing_import(tmp_path)


def distribution(site: Path, folder: str, **files: str) -> None:
    place = site / folder
    place.mkdir(parents=True)
    name, version = folder.split(".dist-info")[0].split(".egg-info")[0].split("-")
    (place / ("PKG-INFO" if "egg" in folder else "METADATA")).write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    for file, text in files.items():
        (place / (file if file == "RECORD" else f"{file}.txt")).write_text(text)


def test_other_distributions_with_this_folder_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, source = tmp_path / "site", tmp_path / "source"
    record = "pyautograd/__init__.py,,\n"
    distribution(site, "pyautograd-0.0.7.dist-info", RECORD=record)
    distribution(site, "grads-1.0.dist-info", RECORD="grads-1.0.dist-info/x,,\n" + record)
    distribution(site, "old_grads-2.0.egg-info", top_level="pyautograd\n")
    distribution(site, "pyautograd_c-0.1.0.dist-info", RECORD=record, top_level="pyautograd\n")
    distribution(site, "unlike-1.0.dist-info", RECORD="notpyautograd/x,,\n", top_level="unlike\n")
    (source / "pyautograd").mkdir(parents=True)
    (source / "setup.py").touch()  # a build leaves a folder beside its sources
    distribution(source, "pyautograd-0.1.0.egg-info", top_level="pyautograd\n")
    monkeypatch.setattr(sys, "path", [str(site), str(source)])
    assert _install.rivals() == ["grads 1.0", "old_grads 2.0", "pyautograd 0.0.7"]
    text = ag.show_config()
    assert "warning: the distribution pyautograd 0.0.7 brings a package pyautograd too." in text
    assert "pip uninstall pyautograd pyautograd-c, then install it again" in text


def test_the_distribution_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    this = f"distribution: pyautograd-c, imported from {PACKAGE.parent}"
    assert f"{this} (not installed)\n" in ag.show_config()
    distribution(tmp_path, "pyautograd_c-9.8.7.dist-info", RECORD="")
    assert f"{this} (9.8.7 is installed in {tmp_path.resolve()})\n" in ag.show_config()
    origin = tmp_path / "pyautograd_c-9.8.7.dist-info" / "direct_url.json"
    origin.write_text(f'{{"url": "{PACKAGE.parent.as_uri()}", "dir_info": {{"editable": true}}}}')
    assert f"distribution: pyautograd-c 9.8.7, editable: {PACKAGE.parent}\n" in ag.show_config()
    monkeypatch.setattr(_install, "PACKAGE", tmp_path.resolve() / "pyautograd")
    assert "distribution: pyautograd-c 9.8.7\n" in ag.show_config()


def test_sources_that_were_changed_after_the_build_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = copy_package(tmp_path, checkout=True)
    monkeypatch.setattr(_install, "PACKAGE", package)
    built = (package / LIBRARY.name).stat().st_mtime
    source = tmp_path / "csrc" / "engine.c"
    source.touch()
    os.utime(source, (built - 1, built - 1))
    assert _install.newer_source() == ""
    os.utime(source, (built + 1, built + 1))
    assert _install.newer_source() == str(source)
    assert f"warning: {source} is newer than the build." in ag.show_config()
