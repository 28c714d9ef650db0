# SPDX-License-Identifier: MIT
"""`python -m pyautograd.config` prints what works as it is typed into a shell."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pyautograd as ag
from cc import INCLUDE, LIBRARY, PACKAGE, SANITIZE, environment, run, with_python
from pyautograd import config

pytestmark = pytest.mark.skipif(
    SANITIZE != "", reason="what uses a sanitizer's library needs its flags, and to be preloaded"
)

PROGRAM = """
#include <math.h>
#include <pyautograd.h>
#include <stdio.h>
int main(int count, char **arguments)
{
    (void)arguments;
    double value = 0.0;
    ag_tensor *x = ag_scalar(count), *y = ag_exp(x);
    if (ag_item(y, &value) != AG_OK || fabs(value - exp(count)) > 1e-15)
        return 1;
    ag_release(x);
    ag_release(y);
    puts(ag_version());
    return 0;
}
"""


def run_config(*arguments: str, home: Path = PACKAGE.parent) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyautograd.config", *arguments],
        env=environment(PYTHONPATH=str(home)),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("folder", ["plain", "with a space", "two  [x] * spaces"])
def test_a_program_is_compiled_and_runs_as_typed(folder: str, shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    home, work = tmp_path / folder, tmp_path / "work"
    shutil.copytree(PACKAGE, home / "pyautograd")
    work.mkdir()
    (work / "program.c").write_text(PROGRAM)
    done = subprocess.run(
        [shell, "-c", "cc program.c $(python -m pyautograd.config --cflags --libs) && ./a.out"],
        env=with_python(tmp_path, home),
        cwd=work,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{ag.__version__}\n"
    shutil.rmtree(home)  # the program runs on that copy, and on no other
    assert subprocess.run(["./a.out"], cwd=work, capture_output=True).returncode != 0


def test_what_each_option_prints() -> None:
    assert run_config("--version").stdout == f"{ag.__version__}\n"
    assert run_config("--include", "--library").stdout == f"{INCLUDE}\n{LIBRARY}\n"
    assert config.cflags() == ["-I", str(INCLUDE)]
    assert config.libs()[:3] == ["-L", str(PACKAGE), "-lpyautograd"]
    assert (Path(config.cflags()[1]) / "pyautograd.h").is_file()
    assert run_config("--libs").stdout.count("\n") == 1


def test_asking_for_nothing_is_an_error() -> None:
    done = run_config()
    assert (done.returncode, done.stdout) == (2, "")
    assert "--cflags" in done.stderr


def test_capi_says_the_same() -> None:
    done = run(
        [sys.executable, "-c", "from pyautograd import capi; print(capi.get_include())"],
        PYTHONPATH=str(PACKAGE.parent),
    )
    assert done == f"{INCLUDE}\n"
