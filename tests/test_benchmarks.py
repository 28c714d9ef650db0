"""The benchmarks run, each once at a tiny size; what they measure is not judged here."""

from __future__ import annotations

import doctest
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyautograd

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # at the end: the installed pyautograd comes first

from benchmarks import (  # noqa: E402
    _handwritten,
    _process,
    _report,
    _rivals,
    _timing,
    compare,
    graphs,
)

TINY = ["--quick", "--sizes", "3,4", "--rounds", "2", "--threads", "1"]


def run(*arguments: str, module: str = "benchmarks") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def records(target: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run(*arguments, "--json", str(target))
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(target.read_text())["records"]
    for record in found:
        assert math.isfinite(record["median"]), record
        assert record["best"] <= record["q1"] <= record["median"] <= record["q3"], record
        label = f"{record['case']} "
        assert label in done.stdout
    return found


@pytest.mark.parametrize("name", ["overhead", "graphs", "large", "chain", "imports", "memory"])
def test_runs(name: str, tmp_path: Path) -> None:
    if name == "memory" and not _process.measurable():
        pytest.skip("this system has no /proc/self/status")
    found = records(tmp_path / "new.json", name, *TINY, "--rivals", "numpy")
    assert {record["benchmark"] for record in found} == {name}
    assert any(record["side"] == "pyautograd" for record in found)


@pytest.mark.skipif(
    shutil.which("valgrind") is None or "LD_PRELOAD" in os.environ,
    reason="valgrind is not installed, or cannot run with the library of a sanitizer",
)
def test_instructions_against_another_build(tmp_path: Path) -> None:
    """The same code in another folder, which says of itself that it is another."""
    package = tmp_path / "pyautograd"
    shutil.copytree(Path(pyautograd.__file__).parent, package)
    with (package / "__init__.py").open("a") as file:
        file.write("show_config = lambda: 'compiler: another'\n")
    target = tmp_path / "new.json"
    options = ["--quick", "--sizes", "3", "--rivals", "none", "--json", str(target)]
    done = run("instructions", *options, "--against", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "other is built differently: compiler: another" in done.stdout
    found = json.loads(target.read_text())["records"]
    assert all(record["median"] > 0 for record in found)
    ratios = {record["case"]: record["ratio"] for record in found if record["side"] == "other"}
    assert len(ratios) == len(found) / 2 > 20
    assert all(abs(ratio - 1.0) < 0.005 for ratio in ratios.values()), ratios


def test_another_build_must_be_one(tmp_path: Path) -> None:
    done = run("--against", str(tmp_path))
    assert done.returncode == 2
    assert f"no built pyautograd in {tmp_path}" in done.stderr
    assert run("overhead", "--against", str(_rivals.CHECKOUT)).returncode == 2


def test_every_rival_agrees_with_the_gradients_by_hand(tmp_path: Path) -> None:
    target = tmp_path / "new.json"
    sides = {record["side"] for record in records(target, "graphs", "large", *TINY)}
    present = json.loads(target.read_text())["versions"]
    assert sides == {name for name in present if _rivals.fits_threads(name, 1)}


@pytest.mark.parametrize("size", [1, 31, 32, 33, 1000])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_handwritten_program(size: int, threads: int) -> None:
    if missing := _handwritten.missing():
        pytest.skip(missing)
    x, y = graphs.MEAN.inputs(size)
    step, gradients = _handwritten.mean(x, y, threads)
    assert step() == pytest.approx((x + y).mean(), rel=1e-12, abs=1e-14)
    for gradient in gradients:
        np.testing.assert_array_equal(gradient, np.full(size, 1.0 / size))


def test_the_handwritten_program_is_left_out_where_nothing_compiles_it(tmp_path: Path) -> None:
    target = tmp_path / "new.json"
    command = [sys.executable, "-m", "benchmarks", "graphs", *TINY, "--rivals", "none"]
    variables = {**os.environ, "CC": "no-such-compiler"}
    done = subprocess.run(
        [*command, "--json", str(target)],
        cwd=ROOT, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "without C: no C compiler (no-such-compiler)" in done.stdout


def test_the_sizes_stand_around_the_thresholds_of_the_library() -> None:
    config = ROOT / "csrc" / "config.h"
    for name, size in (
        ("AGI_DEFER_MIN", graphs.FUSED_FROM),
        ("AGI_PARALLEL_MIN", graphs.SHARED_FROM),
    ):
        # The last definition is the usual one, before it stands that of the testing build.
        assert int(re.findall(rf"#define {name} (\d+)", config.read_text())[-1]) == size
        assert {size - 1, size} < set(graphs.SIZES)


def test_cpu_time_does_not_count_sleep() -> None:
    loop = _timing.statement("sleep(2e-3)", {"sleep": time.sleep})
    assert loop(5) >= 10_000_000
    try:
        _timing.use_cpu_time()
        assert loop(5) < 8_000_000
    finally:
        _timing._clock = time.perf_counter_ns


def test_a_gradient_that_is_wrong_is_not_timed() -> None:
    with pytest.raises(AssertionError, match="torch: gradient of sin-exp by y is wrong"):
        graphs._check("torch", graphs.GRAPHS[1], ([1.0], [2.0]), ([1.0], [2.00001]))


@pytest.mark.parametrize("module", [_timing, _report], ids=lambda module: module.__name__)
def test_examples_in_docstrings(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_statement_runs_the_steps_it_is_asked_for() -> None:
    done: list[int] = []
    loop = _timing.statement("done.append(one)", {"done": done, "one": 1}, unroll=4)
    assert loop(40) >= 0
    assert len(done) == 40


def test_rounds_are_interleaved() -> None:
    order: list[str] = []
    loops = {
        side: _timing.statement("order.append(side)\nsleep(1e-3)", names)
        for side in ("ours", "rival")
        for names in [{"order": order, "side": side, "sleep": time.sleep}]
    }
    comparison = _timing.interleave(loops, _timing.Effort(rounds=4, sample_ms=0.1))
    assert order[-8:] == ["ours", "rival"] * 4
    assert {side: len(values) for side, values in comparison.samples.items()} == {
        "ours": 4,
        "rival": 4,
    }


def test_rounds_are_given_up_when_they_take_too_long() -> None:
    effort = _timing.Effort(rounds=25, budget_s=1.0)
    assert effort.rounds_of(1e6) == 25
    assert effort.rounds_of(1e8) == 10
    assert effort.rounds_of(1e10) == 5
    assert _timing.Effort(rounds=2).rounds_of(1e12) == 2


def test_the_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    comparison = _timing.Comparison({"ours": [1.0, 10.0, 2.0], "rival": [3.0, 20.0, 8.0]})
    assert comparison.ratio("rival") == 3.0


def test_unknown_names_are_refused() -> None:
    done = run("overheads")
    assert done.returncode == 2
    assert "no benchmark 'overheads'" in done.stderr


def content(median: float, **changes: Any) -> dict[str, Any]:
    record = {
        "benchmark": "overhead",
        "case": "a + b",
        "size": 5,
        "threads": 1,
        "side": "pyautograd",
        "unit": "ns",
        "median": median,
        "q1": median,
        "q3": median,
        "best": median,
        "rounds": 1,
        "ratio": None,
    }
    whole = {
        "format": _report.FORMAT,
        "machine": {"cpu": "one", "cpus": 2},
        "python": "3.11.7",
        "config": "level: avx2",
        "versions": {"torch": "2.13.0"},
        "records": [record, {**record, "side": "torch", "median": 2 * median, "ratio": 2.0}],
    }
    return {**whole, **changes}


def written(folder: Path, name: str, what: dict[str, Any]) -> str:
    path = folder / name
    path.write_text(json.dumps(what))
    return str(path)


def test_compare_shows_both_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path, "old.json", content(60.0))
    new = written(tmp_path, "new.json", content(30.0, config="level: avx512"))
    assert compare.main([old, new]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "config changed:"
    assert lines[-1].split() == [
        "overhead", "a", "+", "b", "5", "1", "60.0", "ns", "30.0", "ns", "2.00", "2.00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"machine": {"cpu": "two", "cpus": 2}}, "different machines: cpu"),
        ({"format": 0}, "format 0, not"),
    ],
)
def test_compare_refuses(
    change: dict[str, Any],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old = written(tmp_path, "old.json", content(60.0))
    new = written(tmp_path, "new.json", content(30.0, **change))
    assert compare.main([old, new]) == 2
    assert message in capsys.readouterr().err
