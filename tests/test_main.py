# SPDX-License-Identifier: MIT
"""`python -m pyautograd`: what it shows, and the exit status by which it judges itself."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyautograd
from pyautograd import __main__ as job
from pyautograd._session import CELLS, Cell, Check

CHECKS = sum(len(cell.checks) for cell in CELLS)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return _run_job(tmp_path_factory.mktemp("elsewhere"), "--no-torch")


def _run_job(folder: Path, *arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else ["-m", "pyautograd", *arguments]
    # The package is found wherever the tests found it, even if it is not installed.
    home = str(Path(pyautograd.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": home}
    return subprocess.run(
        [sys.executable, *start],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_succeeds_and_is_silent_on_stderr(finished: subprocess.CompletedProcess[str]) -> None:
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stderr == ""


def test_opens_with_what_it_is(finished: subprocess.CompletedProcess[str]) -> None:
    first, second, *_ = finished.stdout.splitlines()
    assert first.startswith(f"pyautograd {pyautograd.__version__}: automatic differentiation")
    assert "a first session" in second


def test_version(tmp_path: Path) -> None:
    done = _run_job(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"pyautograd {pyautograd.__version__}\n")


def test_shows_every_cell_with_its_source(finished: subprocess.CompletedProcess[str]) -> None:
    shown = re.findall(r"^In \[(\d+)\]: ", finished.stdout, re.MULTILINE)
    assert shown == [str(number) for number in range(1, len(CELLS) + 1)]
    lines = {line.strip() for line in finished.stdout.splitlines()}
    for number, cell in enumerate(CELLS, 1):
        first, *rest = cell.source.strip().splitlines()
        assert f"In [{number}]: {first}" in lines
        assert {line.strip() for line in rest} <= lines


def test_shows_what_cells_print(finished: subprocess.CompletedProcess[str]) -> None:
    # The first two cells print random numbers.
    for cell in CELLS[2:]:
        assert cell.output in finished.stdout
    assert "Out[7]: tensor([0., 0., 0., 0.])" in finished.stdout
    assert "tensor([0.2000, 0.2000, 0.2000, 0.2000, 0.2000])" in finished.stdout


def test_shows_errors_and_warnings(finished: subprocess.CompletedProcess[str]) -> None:
    flowing = " ".join(finished.stdout.split())
    for cell in CELLS:
        assert cell.raises in flowing
        assert cell.warns in flowing
        if cell.raises:
            assert f"----> {cell.source.splitlines()[-1]}" in finished.stdout


def test_shows_the_comparisons(finished: subprocess.CompletedProcess[str]) -> None:
    assert finished.stdout.count("they agree: largest error") == CHECKS
    assert f"{CHECKS} gradients checked against finite differences: all agree." in finished.stdout
    assert "12.00000000 0.40000000 0.52440000 124.00000000" in finished.stdout


def test_shows_versions_and_configuration(finished: subprocess.CompletedProcess[str]) -> None:
    assert (
        f"pyautograd {pyautograd.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}" in finished.stdout
    )
    assert finished.stdout.rstrip().endswith(pyautograd.show_config().rstrip())


def test_numbers_are_fresh(tmp_path: Path, finished: subprocess.CompletedProcess[str]) -> None:
    again = _run_job(tmp_path, "--no-torch")
    assert again.stdout != finished.stdout
    assert again.stdout.splitlines()[:10] == finished.stdout.splitlines()[:10]


def test_beside_torch(
    torch: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_ROUNDS", 3)
    monkeypatch.setattr(job, "_ROUND_SECONDS", 1e-4)
    threads = pyautograd.get_num_threads(), torch.get_num_threads()
    job._show_torch()
    assert (pyautograd.get_num_threads(), torch.get_num_threads()) == threads
    text = capsys.readouterr().out
    assert f"Beside PyTorch {torch.__version__}" in text
    rows = re.findall(r"(\d+) +\d+\.\d+ us +\d+\.\d+ us +\d+\.\d+x$", text, re.MULTILINE)
    assert rows == ["5", "1000", "5", "1000"]


def test_says_how_to_get_torch(tmp_path: Path) -> None:
    code = textwrap.dedent("""\
        import sys
        sys.modules["torch"] = None
        from pyautograd.__main__ import main
        sys.exit(main([]))
    """)
    done = _run_job(tmp_path, code=code)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("    pip install torch==2.13.0\n")


def _status_of(cells: list[Cell], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(job, "CELLS", tuple(cells))
    return job.main(["--no-torch"])


def test_wrong_gradient_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The function it is compared with is off by 0.1 %.
    wrong = Check("out.backward()", "x", "(x + 1).mean()", lambda x: 1.001 * float(x.mean()))
    status = _status_of([CELLS[0]._replace(checks=(wrong,))], monkeypatch)
    text = capsys.readouterr().out
    assert status == 1
    assert "they DISAGREE" in text
    assert "1 gradients checked against finite differences: 1 DO NOT AGREE." in text


def test_missing_gradient_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    none = Check("print(x, y)", "x", "x", lambda x: float(x.sum()))
    assert _status_of([CELLS[0]._replace(checks=(none,))], monkeypatch) == 1
    never = Check("no such statement", "x", "x", lambda x: float(x.sum()))
    assert _status_of([CELLS[0]._replace(checks=(never,))], monkeypatch) == 1
    assert "they DISAGREE" in capsys.readouterr().out


@pytest.mark.parametrize(
    "cell",
    [
        Cell("import pyautograd\npyautograd.no_such_name\n"),
        Cell("import pyautograd\n", raises="RuntimeError: expected"),
        Cell("1 / 0\n", raises="RuntimeError: expected"),
        Cell("import pyautograd\n", warns="UserWarning: expected"),
        Cell("import warnings\nwarnings.warn('not expected')\n"),
    ],
)
def test_cell_that_ends_otherwise_fails(
    cell: Cell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _status_of([cell], monkeypatch) == 1
    assert "1 of 1 cells DID NOT END AS THEY SHOULD." in capsys.readouterr().out


def test_unknown_argument_is_refused(tmp_path: Path) -> None:
    done = _run_job(tmp_path, "--no-such-argument")
    assert done.returncode == 2
    assert "usage: python -m pyautograd" in done.stderr
