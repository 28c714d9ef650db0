# SPDX-License-Identifier: MIT
"""What a build leaves: files, versions, how the binaries are linked; and setup.py stays small."""

from __future__ import annotations

import ctypes
import importlib.metadata
import io
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import pyautograd as ag
from cc import INCLUDE, LIBRARY, PACKAGE, ROOT, run
from pyautograd._install import DISTRIBUTION
from support import run_python

SOURCES = ROOT / "csrc" / "include"
BINARIES = [*PACKAGE.glob("_core.*.so"), *PACKAGE.glob("_capi.*.so")]


def test_files_of_the_package() -> None:
    assert LIBRARY.is_file()
    assert len({path.name.split(".")[0] for path in BINARIES}) == 2
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "_core.pyi").is_file()
    for name in ("pyautograd.h", "ops.def", "ops/prototypes.h"):
        assert (INCLUDE / name).read_bytes() == (SOURCES / name).read_bytes(), (
            f"{name} is not the one in csrc/include: build again"
        )


def test_headers_declare_the_same_without_what_documents_python() -> None:
    declarations = runpy.run_path(str(ROOT / "csrc" / "_capi_build.py"))["declarations"]
    installed, source = (declarations(f / "pyautograd.h", ["cc"]) for f in (INCLUDE, SOURCES))
    assert installed == source, "headers are not those of csrc/include: build again"
    for row in SOURCES.rglob("*.def"):
        theirs = (INCLUDE / row.relative_to(SOURCES)).read_text()
        assert ">>>" not in theirs
        kept = r"^(?:OP|ALIAS)\(.*|^(?:CALL|OVERLOADS)\(\w+, \w+, \w+"
        assert re.findall(kept, theirs, re.M) == re.findall(kept, row.read_text(), re.M)


def test_one_version() -> None:
    version = runpy.run_path(str(ROOT / "pyautograd" / "_version.py"))["__version__"]
    assert ag.__version__ == version
    library = ctypes.CDLL(str(LIBRARY))
    library.ag_version.restype = ctypes.c_char_p
    assert library.ag_version().decode() == version
    header = (ROOT / "csrc" / "include" / "pyautograd.h").read_text()
    assert re.findall(r'^#define AG_VERSION "(.*?)"', header, re.M) == [version]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_metadata_of_what_is_installed() -> None:
    try:
        metadata = importlib.metadata.metadata("pyautograd-c")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package runs from the checkout, it is not installed")
    required = [r for r in importlib.metadata.requires("pyautograd-c") or [] if "extra" not in r]
    assert sorted(re.split(r"[<>=]", r)[0] for r in required) == ["cffi", "numpy"]
    assert metadata["License-Expression"] == "MIT"


def test_a_wheel_of_what_is_installed_is_small() -> None:
    """A wheel has about 1.5 MB where that was measured: gcc 12, and relocations packed, which take
    75 KB else. Other versions of gcc may write somewhat more."""
    try:
        files = importlib.metadata.files(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    if LIBRARY not in [Path(file.locate()) for file in files]:
        pytest.skip("the package runs from the checkout, whose libraries have names for debuggers")
    flags = runpy.run_path(str(ROOT / "csrc" / "_build_check.py"))["link_flags"]()
    measured = "compiler: 12." in ag.show_config() and "-Wl,-z,pack-relative-relocs" in flags
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            if file.suffix != ".pyc":
                archive.write(file.locate(), str(file))
    assert len(wheel.getbuffer()) < (1_550_000 if measured else 1_700_000)


@pytest.mark.skipif(shutil.which("readelf") is None, reason="reads ELF files with readelf")
@pytest.mark.parametrize("binary", BINARIES, ids=lambda path: path.name.split(".")[0])
def test_binaries_find_the_library_beside_them(binary: Path) -> None:
    dynamic = run(["readelf", "-d", str(binary)])
    assert "Shared library: [libpyautograd.so]" in dynamic
    assert re.search(r"R(UN)?PATH\).*\[\$ORIGIN\]", dynamic)


def test_one_library_in_the_process() -> None:
    code = """
        import json
        import pyautograd
        from pyautograd import capi
        maps = open("/proc/self/maps").read().splitlines()
        print(json.dumps(sorted({m.split()[-1] for m in maps if "libpyautograd" in m})))
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    assert run_python(code) == [str(LIBRARY)]


def test_import_leaves_the_processor_as_it_was() -> None:
    """Code linked with -ffast-math makes the whole process flush denormals to zero."""
    code = """
        import json
        import pyautograd
        import numpy as np
        print(json.dumps(float(np.float64(5e-324) * 1.0) > 0))
    """
    assert run_python(code) is True
    tiny = np.full(9, 5e-324)
    assert (ag.tensor(tiny) * 1.0).tolist() == tiny.tolist()


def test_setup_stays_small() -> None:
    assert len((ROOT / "setup.py").read_text().splitlines()) < 160


def test_the_project_is_called_the_same_everywhere() -> None:
    """The package index has another project's `pyautograd`: an extra must not bring that."""
    project = (ROOT / "pyproject.toml").read_text()
    assert re.findall(r'^name = "(.+?)"', project, re.M) == [DISTRIBUTION]
    assert re.findall(r'"(pyautograd[\w-]*)\[', project) == [DISTRIBUTION]
    assert f"`{DISTRIBUTION}`" in (ROOT / "README.md").read_text()


def test_environments_are_not_for_git() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/.venv/", "/venv/", "/env/", "/build/"} <= set(ignored)


def test_declarations_have_no_hand_in_them() -> None:
    builder = runpy.run_path(str(ROOT / "csrc" / "_capi_build.py"))
    text = builder["declarations"](SOURCES / "pyautograd.h", ["cc"])
    assert "__attribute__" not in text and "#include" not in text
    assert "ag_tensor *ag_sin(ag_tensor *x);" in text
    assert "#define AG_MAX_DIMS" in text
    assert "AG_OP_COUNT" in text


def test_makefile_has_the_short_words() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    shown = subprocess.run(
        ["make", "-s", "-C", str(ROOT)], check=True, capture_output=True, text=True
    ).stdout
    words = {line.split()[0] for line in shown.splitlines() if not line.startswith("make")}
    assert words >= set(
        "help build test check mean asan ubsan tsan cover bench stubs lint clean".split()
    )
