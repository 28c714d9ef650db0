# SPDX-License-Identifier: MIT
"""setup.py and _build_check.py: what is missing is named with its cure, a build prints little, and
no flag from outside makes arithmetic inexact."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import pytest

from cc import ROOT

if not (ROOT / "setup.py").exists():
    pytest.skip("there are no sources to build", allow_module_level=True)

check = SimpleNamespace(**runpy.run_path(str(ROOT / "csrc" / "_build_check.py")))


def needs_setuptools() -> None:
    setuptools = pytest.importorskip("setuptools")
    if int(setuptools.__version__.split(".")[0]) < 77:
        pytest.skip("setuptools is too old to build the package")


def refusal(capsys: pytest.CaptureFixture[str], command: list[str], include: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        check.check(command, include)
    return str(stopped.value)


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


# ---- what is missing -----------------------------------------------------------------------------


def test_a_missing_compiler_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, ["no-such-compiler"], "/")
    assert "there is no C compiler: the command `no-such-compiler` was not found" in said
    assert "apt install build-essential" in said and "CC=clang" in said


def test_a_compiler_that_cannot_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = script(tmp_path, "broken", "echo 'stdio.h: No such file or directory' >&2; exit 1")
    said = refusal(capsys, [str(broken)], "/")
    assert "cannot build the smallest program" in said and "glibc-devel" in said
    assert "stdio.h: No such file or directory" in capsys.readouterr().out


def test_a_missing_header_of_python_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = refusal(capsys, ["cc"], str(tmp_path))
    assert f"Python.h of this Python was not found in\n{tmp_path}" in said
    assert f"apt install python3.{sys.version_info[1]}-dev" in said and "python3-dev" in said


def test_missing_modules_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cffi", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "cffi" else name)
    assert refusal(capsys, ["cc"], "/").endswith("pip install cffi\n")


def test_an_old_setuptools_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says "configuration error: `project.license` must be valid exactly by one definition"."""
    monkeypatch.setitem(sys.modules, "setuptools", SimpleNamespace(__version__="65.5.0"))
    with pytest.raises(SystemExit, match=r"pip install 'setuptools>=77' numpy cffi"):
        check.check_python()


def test_nothing_is_missing_here(capsys: pytest.CaptureFixture[str]) -> None:
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        pytest.skip("this Python has no headers here")
    pytest.importorskip("cffi")
    check.check(check.compiler(), sysconfig.get_path("include"))
    assert capsys.readouterr().out == ""


# ---- flags ---------------------------------------------------------------------------------------

REFUSED = """
    -ffast-math -Ofast -ffinite-math-only -funsafe-math-optimizations -fassociative-math
    -freciprocal-math -fno-signed-zeros -fno-honor-nans -fno-honor-infinities -fapprox-func
    -ffp-contract=fast -ffp-contract=on -ffp-model=fast -ffp-model=precise -mrecip -mrecip=all
    -fdenormal-fp-math=preserve-sign -fsingle-precision-constant -mdaz-ftz -mfpmath=387 -mpc64
""".split()
KEPT = """
    -O2 -O3 -Os -g -march=native -mfma -flto -fno-fast-math -fsigned-zeros -ffp-contract=off
    -fno-math-errno -fno-trapping-math -frounding-math -ffp-model=strict -mfpmath=sse -DNAME=-Ofast
    -fdenormal-fp-math=ieee -Wl,-O1 -D_FORTIFY_SOURCE=2 -fstack-protector-strong
""".split()


@pytest.mark.parametrize("flag", REFUSED)
def test_flags_that_break_numbers_are_left_out(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    optimise = ["-O3"] if flag == "-Ofast" else []
    assert check.exact("CFLAGS", ["-g", flag, "-Wall"]) == ["-g", *optimise, "-Wall"]
    assert capsys.readouterr().out.startswith(f"CFLAGS: {flag} left out: gradients need NaN")


def test_other_flags_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.exact("LDFLAGS", KEPT) == KEPT
    assert capsys.readouterr().out == ""


# ---- a whole build, with a compiler that only notes what it is asked -----------------------------

# Writes its arguments down and makes empty files, but for what is read: cffi's declarations.
NOTES = """
printf '%s\\n' "$*" >> {log}
for last; do [ "$last" = -E ] && exec cc "$@"; done
while [ $# -gt 0 ]; do
    case $1 in
        *{fails}) printf 'one\\ntwo\\nthree\\n' >&2; exit 1 ;;
        -o) : > "$2" ;;
    esac
    shift
done
"""


def build(
    tmp_path: Path, fails: str = "/nothing", quiet: bool = True, **environment: str
) -> tuple[int, str, str]:
    """Exit status, what is printed and what the compiler was asked, in a copy of the sources."""
    needs_setuptools()
    home, log = tmp_path / "home", tmp_path / "log"
    home.mkdir()
    script(tmp_path, "noting", NOTES.format(log=shlex.quote(str(log)), fails=fails))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, home)
    for name in ("csrc", "pyautograd"):
        binaries = shutil.ignore_patterns("*.so", "*.dylib", "__pycache__", "include")
        ignored = None if name == "csrc" else binaries
        shutil.copytree(ROOT / name, home / name, ignore=ignored)
    clean = {k: v for k, v in os.environ.items() if not re.match("PYAUTOGRAD_|PYTHONPATH", k)}
    done = subprocess.run(
        [sys.executable, "setup.py", *(["-q"] if quiet else []), "build"],
        cwd=home,
        env={**clean, "CC": str(tmp_path / "noting"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout, log.read_text() if log.exists() else ""


def test_a_build_prints_a_short_line_for_each_file(tmp_path: Path) -> None:
    status, printed, asked = build(tmp_path)
    assert status == 0, printed
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "csrc").rglob("*.c")}
    lines = [line for line in printed.splitlines() if line.strip()]
    assert files - {"csrc/all.c"} <= set(lines)
    assert max(map(len, lines)) < 100
    assert len(lines) <= len(files) + 10
    assert "-ffp-contract=off" in asked


def test_a_build_leaves_inexact_flags_out(tmp_path: Path) -> None:
    flags = {"CFLAGS": "-Ofast -funroll-loops -ffinite-math-only", "LDFLAGS": "-ffast-math -Wl,-s"}
    status, printed, asked = build(tmp_path, **flags)
    assert status == 0, printed
    assert printed.count("CFLAGS: -Ofast -ffinite-math-only left out") == 1
    assert printed.count("LDFLAGS: -ffast-math left out") == 1
    assert "-funroll-loops" in asked and "-Wl,-s" in asked
    assert re.findall(r"-Ofast|-ffast-math|-ffinite-math-only", asked) == []


def test_a_build_that_fails_says_it_last_and_in_one_piece(tmp_path: Path) -> None:
    status, printed, _ = build(tmp_path, fails="csrc/compute/sum.c")
    assert status != 0
    assert re.search(r"^csrc/\S+sum\.c\none\ntwo\nthree\nfailed: \S+noting .*sum\.c", printed, re.M)
    assert printed.rstrip().endswith("csrc/compute/sum.c was not made: see above")


def test_a_build_without_a_compiler_is_short(tmp_path: Path) -> None:
    """Nothing is copied before: forty lines of that looked like success."""
    status, printed, _ = build(tmp_path, quiet=False, CC="no-such-compiler")
    assert status != 0
    assert "there is no C compiler: the command `no-such-compiler` was not found" in printed
    assert "csrc/" not in printed and "copying" not in printed and "Errno" not in printed
    assert len(printed.splitlines()) < 15


# ---- how files are optimised ---------------------------------------------------------------------


def test_files_that_are_optimised_otherwise_exist_and_stand_once() -> None:
    sources = {
        str(path.relative_to(ROOT / "csrc").with_suffix(""))
        for path in (ROOT / "csrc").rglob("*.c")
    }
    assert set(check.HOT) <= sources and set(check.COLD) <= sources
    assert len({*check.HOT, *check.COLD}) == len(check.HOT) + len(check.COLD)


def test_a_file_is_optimised_by_what_it_does() -> None:
    ours = ["cc", "-O3", "-c"]
    assert check.optimised(Path("csrc/tape/engine.c"), ours) == []
    assert check.optimised(Path("csrc/ops/linalg_qr.c"), ours) == ["-Os"]
    assert check.optimised(Path("build/_capi.c"), ours) == ["-Os"]
    assert check.optimised(Path("csrc/ops/gaussian.c"), ours)[0] == "-O2"


@pytest.mark.parametrize("asked", [["-O3", "-O2"], ["-O3", "-O3"], ["-O1", "-g"], ["-O0", "-g"]])
def test_who_asks_for_other_optimisation_gets_it(asked: list[str]) -> None:
    for name in ("tape/engine", "ops/linalg_qr", "ops/gaussian"):
        assert check.optimised(Path(f"csrc/{name}.c"), ["cc", *asked, "-c"]) == []


def test_flags_that_a_compiler_does_not_know_are_not_used() -> None:
    assert check.takes() and not check.takes("-fno-such-flag-as-this")
