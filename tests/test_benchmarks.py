"""The benchmarks run, each once at a tiny size; what they measure is not judged here."""

from __future__ import annotations

import doctest
import io
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
from support import plain_build_only

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # at the end: the installed pyautograd comes first

from benchmarks import (  # noqa: E402
    __main__,
    _arguments,
    _busy,
    _figures,
    _handwritten,
    _plan,
    _process,
    _programs,
    _progress,
    _report,
    _rivals,
    _summary,
    _table,
    _timing,
    arrays,
    compare,
    graphs,
    large,
    layouts,
    sums,
    threads,
)

pytestmark = pytest.mark.any_build

TINY = ["--quick", "--sizes", "3,4", "--rounds", "2", "--threads", "1"]


def run(*arguments: str, module: str = "benchmarks") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def assert_readable(output: str) -> None:
    """No line is too wide, and no table is mostly empty."""
    assert [line for line in output.splitlines() if len(line) > _table.WIDEST] == []
    for table in output.split("\n\n"):
        cells = [cell for line in table.splitlines() for cell in re.split(" {2,}", line.strip())]
        assert cells.count(_table.NOTHING) < len(cells) / 4, table


def records(target: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run(*arguments, "--json", str(target))
    assert done.returncode == 0, done.stderr
    assert_readable(done.stdout)
    found: list[dict[str, Any]] = json.loads(target.read_text())["records"]
    for record in found:
        assert math.isfinite(record["median"]), record
        assert record["best"] <= record["q1"] <= record["median"] <= record["q3"], record
        assert record["case"] in done.stdout
    return found


@pytest.mark.parametrize("name", _arguments.USUAL)
def test_runs(name: str, tmp_path: Path) -> None:
    if name == "memory" and not _process.measurable():
        pytest.skip("this system has no /proc/self/status")
    found = records(tmp_path / "new.json", name, *TINY, "--rivals", "numpy")
    assert {record["benchmark"] for record in found} == {name}
    assert any(record["side"] == "pyautograd" for record in found)


@plain_build_only
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
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
    assert re.search(r"In all, instructions: [+-]\d\.\d\d %.* of 33 rows", done.stdout)
    assert_readable(done.stdout)
    found = json.loads(target.read_text())["records"]
    assert all(record["median"] > 0 for record in found)
    ratios = {record["case"]: record["ratio"] for record in found if record["side"] == "other"}
    assert len(ratios) == len(found) / 2 > 20
    assert all(abs(ratio - 1.0) < 0.02 for ratio in ratios.values()), ratios


def test_another_build_must_be_one(tmp_path: Path) -> None:
    done = run("--against", str(tmp_path))
    assert done.returncode == 2
    assert f"no built pyautograd in {tmp_path}" in done.stderr
    assert run("overhead", "--against", str(_rivals.CHECKOUT)).returncode == 2


def test_every_rival_agrees_with_the_gradients_by_hand(tmp_path: Path) -> None:
    target = tmp_path / "new.json"
    sides = {record["side"] for record in records(target, "graphs", "large", *TINY)}
    present = json.loads(target.read_text())["versions"]
    limits = set() if _handwritten.missing() else {_handwritten.SIDE}
    assert sides == {name for name in present if _rivals.fits_threads(name, 1)} | limits


def test_help_explains_every_benchmark() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert_readable(done.stdout)
    for name in _arguments.NAMES:
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("size", [1, 31, 32, 33, 1000])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("past_caches", [False, True])
def test_the_handwritten_mean(size: int, threads: int, past_caches: bool) -> None:
    if missing := _handwritten.missing():
        pytest.skip(missing)
    x, y = graphs.MEAN.inputs(size)
    program = _handwritten.program("mean", threads, {"x": x, "y": y}, {})
    assert program.run(past_caches, 1) == pytest.approx((x + y).mean(), rel=1e-12, abs=1e-14)
    for gradient in ("dx", "dy"):
        np.testing.assert_array_equal(program.arrays[gradient], np.full(size, 1.0 / size))


@pytest.mark.parametrize("update", large.UPDATES, ids=lambda update: update.name)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("past_caches", [False, True])
def test_the_handwritten_updates(update: large.Update, threads: int, past_caches: bool) -> None:
    """Three steps: Adam's second one reads the m and v that the first one made."""
    if missing := _handwritten.missing():
        pytest.skip(missing)
    values = large.values(1000)
    arrays = {name: values.get(name, np.zeros(1000)) for name in update.arrays}
    program = _handwritten.program(update.limit, threads, arrays, large.NUMBERS)
    program.run(past_caches, 3)
    names = large.names_of(pyautograd, update, values)
    for _ in range(3):
        exec(update.step(), large.NUMBERS, names)
    np.testing.assert_allclose(program.arrays["w"], names["w"].detach().numpy(), rtol=1e-12)


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


def test_large_ends_with_the_distance_to_c(tmp_path: Path) -> None:
    if missing := _handwritten.missing():
        pytest.skip(missing)
    target = tmp_path / "new.json"
    done = run("large", *TINY, "--rivals", "none", "--json", str(target))
    assert done.returncode == 0, done.stderr
    found = json.loads(target.read_text())["records"]
    cases = {record["case"] for record in found if record["side"] == _handwritten.SIDE}
    assert cases == {graphs.MEAN.name, *(update.name for update in large.UPDATES)}
    assert " distance " in done.stdout.split("in C for nothing else")[1].splitlines()[1]


@pytest.mark.parametrize(
    ("compared", "cell"), [("ratio", "0.80"), ("change", "+25.00 %"), ("distance", "1.25")]
)
def test_what_stands_beside_a_rival(compared: _plan.Compared, cell: str) -> None:
    comparison = _timing.Comparison({"pyautograd": [5.0, 5.0], "C": [4.0, 4.0]})
    records = list(_report.records_of("large", _plan.Row("descent", comparison)))
    lines = _report.table_lines(records, _plan.Table("steps", [], compared=compared))
    assert f" {compared} " in lines[1]
    assert f" {cell} " in lines[2]


def test_the_sizes_stand_around_the_thresholds_of_the_library() -> None:
    config = ROOT / "csrc" / "base" / "config.h"
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


@pytest.mark.parametrize(
    "module",
    [_figures, _plan, _progress, _table, _timing],
    ids=lambda module: module.__name__,
)
def test_examples_in_docstrings(module: Any) -> None:
    tried = doctest.testmod(module)
    assert tried.failed == 0
    assert tried.attempted > 0


def test_a_sum_that_is_wrong_is_not_timed() -> None:
    with pytest.raises(AssertionError, match=r"torch: x\.sum\(\) is wrong"):
        sums.loop("torch", "x.sum()", {"x": np.ones(3)}, np.float64(4.0))


def test_layouts_have_every_elementwise_op_of_doubles() -> None:
    """Those of one and two tensors below 1 that torch has as methods and NumPy as functions."""
    kinds = ("unary", "binary", "pair", "mask")
    table = [dict(row) for row in pyautograd._core._op_table()]
    names = {row["name"] for row in table if row["kind"] in kinds} | {"floor_divide"}
    names = {name for name in names if not name.startswith("bitwise_")}
    names -= {"gcd", "lcm", "acosh", "erf", "erfc", "erfinv", "i0", "lgamma", "digamma"}
    rules = {row["name"] for row in table if row["grad"] == "rule"}
    found = {op.name: op for op in layouts.OPS if op.name.isidentifier()}
    assert set(found) == names
    assert {name for name, op in found.items() if op.slopes} == names & rules
    assert set(layouts.QUICK_OPS) <= {op.name for op in layouts.OPS}


@pytest.mark.parametrize("layout", layouts.LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("measured", layouts.MEASURED, ids=["values", "gradients"])
def test_every_op_in_every_layout(layout: Any, measured: Any) -> None:
    arrays, operands = (layout.make(each, 90) for each in (np.asarray, pyautograd.tensor))
    for op in measured.ops(layout, quick=False):
        taken = [layouts._taken(op, each) for each in (operands, arrays)]
        assert measured.loop("pyautograd", op, *taken)(1) > 0


def test_a_gradient_in_a_layout_that_is_wrong_is_not_timed() -> None:
    op = layouts.Op("mul", "x.mul(y)", "x * y", ("y", "-x"))
    arrays, operands = (
        layouts.LAYOUTS[1].make(each, 90) for each in (np.asarray, pyautograd.tensor)
    )
    with pytest.raises(AssertionError, match="torch: gradient of mul by y is wrong"):
        layouts._gradient_loop("torch", op, operands, arrays)


@pytest.mark.parametrize("size", [1, 2, 10, 90])
def test_every_case_of_arrays(size: int) -> None:
    taken = arrays.arrays(size)
    for case in arrays.CASES:
        if size > 1 or ".var(" not in case.source:  # the variance of one number is none
            assert arrays._loop("pyautograd", pyautograd, case, taken)(1) > 0


def test_a_gradient_of_arrays_that_is_wrong_is_not_timed() -> None:
    case = arrays.Case("x.flip(0)", "gx", {"x": lambda a: a.gx})
    with pytest.raises(AssertionError, match=r"torch: gradient of x.flip\(0\) by x is wrong"):
        arrays._loop("torch", pyautograd, case, arrays.arrays(5))


@pytest.mark.parametrize("program", _programs.PROGRAMS, ids=lambda each: each[0].name)
@pytest.mark.parametrize("size", [1, 4, 1000, 100_000])
def test_the_programs_agree_with_the_gradients_by_hand(program: Any, size: int) -> None:
    sides = _rivals.Libraries({_rivals.OURS: pyautograd})
    assert set(graphs.loops(sides, program[0], size, 1)) == {_rivals.OURS}
    with pytest.raises(ValueError, match="is for ours and torch alone"):
        program[0].of(np)


@pytest.mark.skipif(_handwritten.missing() is not None, reason="needs a C compiler")
def test_threads_in_c_compute_the_graph() -> None:
    i = np.arange(100)
    x, y = (i * 3 % 100 / 50 - 1, i * 4 % 100 / 50 - 1)
    expected = float(((np.sin(x * y + x) * np.exp(-x * x)) ** 2).sum())
    taken, results = threads.results_in_c(2, 100, 3, plain=False)
    assert taken > 0
    assert results == [pytest.approx(expected, rel=1e-13)] * 2
    first_lane = x[0] + y[0] + x[32] + y[32]
    assert threads.results_in_c(1, 64, 2, plain=True)[1] == [pytest.approx(first_lane)]


def test_threads_share_the_steps() -> None:
    seen = []

    def together(count: int, steps: int) -> int:
        seen.append((count, steps))
        return 100 * steps

    assert threads.shared_out(together, 2)(10) == 500
    assert threads.shared_out(together, 2)(1) == 50
    assert threads.shared_out(together, 1)(10) == 1000
    assert seen == [(2, 5), (2, 1), (1, 10)]


def test_pauses_are_not_counted() -> None:
    loop = _timing.with_pauses("sleep(1e-3)", {"sleep": time.sleep}, 0.05)
    start = time.perf_counter()
    assert 3_000_000 <= loop(3) < 150_000_000
    assert time.perf_counter() - start >= 0.15


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
    ratios = comparison.ratios("rival")
    assert ratios is not None
    assert ratios.median == 3.0
    assert _timing.Comparison({"ours": [0.0], "rival": [1.0]}).ratios("rival") is None


SIDES = ("pyautograd", "torch", "numpy", "jax", "autograd", "C")


def compared(**samples: list[float]) -> _timing.Comparison:
    return _timing.Comparison(dict(samples))


def shown(*rows: _plan.Row, **changes: Any) -> list[str]:
    found = [record for row in rows for record in _report.records_of("large", row)]
    return _report.table_lines(found, _plan.Table("something", [], **changes))


def test_a_table_that_is_too_wide_becomes_several() -> None:
    """All sides, the longest case, and every figure as wide as figures become."""
    samples = {side: [123e6 * (i + 1) * 1.9**n for n in range(5)] for i, side in enumerate(SIDES)}
    case = "t * 1.0001, both ways, each of 1000"
    rows = [
        _plan.Row(case, _timing.Comparison(dict(samples)), size, threads)
        for size in (65_535, 10_000_000)
        for threads in (1, 128)
    ]
    lines = shown(*rows)
    assert_readable("\n".join(lines))
    headers = [line for line in lines if "pyautograd" in line]
    assert len(headers) > 1
    assert " ".join(headers).split().count("spread") == len(headers)
    assert [word for word in " ".join(headers).split() if word in SIDES[1:]] == list(SIDES[1:])


def test_what_all_rows_share_stands_in_the_heading() -> None:
    steady = compared(pyautograd=[10.0] * 3, torch=[25.0] * 3)
    assert shown(_plan.Row("a", steady, 5, 1), _plan.Row("b", steady, 5, 1)) == [
        "large: something; 5 elements, 1 thread",
        "  case  pyautograd    torch  ratio  spread",
        "  a        10.0 ns  25.0 ns   2.50     0 %",
        "  b        10.0 ns  25.0 ns   2.50     0 %",
    ]
    assert shown(_plan.Row("a", steady, 5, 1), _plan.Row("a", steady, 1_000_000, 1)) == [
        "large: something; a, 1 thread",
        "  elements  pyautograd    torch  ratio  spread",
        "         5     10.0 ns  25.0 ns   2.50     0 %",
        "       1e6     10.0 ns  25.0 ns   2.50     0 %",
    ]


def test_a_table_of_means_has_the_worst_rows_under_it() -> None:
    rows = [
        _plan.Row(case, compared(pyautograd=[10.0] * 3, torch=torch, numpy=[10.0] * 3), n, 1, op=op)
        for case, n, op, torch in (
            ("flat", 5, "add", [20.0] * 3),
            ("flat", 5, "mul", [80.0] * 3),
            ("flat", 1000, "add", [5.0] * 3),
            ("row", 5, "add", [10.0, 90.0, 30.0]),
            ("row", 1000, "mul", [15.0] * 3),
        )
    ]
    assert shown(*rows, means="operands") == [
        "large: something; 1 thread",
        "  operands  torch: 5  1000  numpy: 5  1000",
        "  flat          4.00  0.50      1.00  1.00",
        "  row           3.00  1.50      1.00  1.00",
        "  worst against torch:",
        "  operands  op   elements  pyautograd     torch  ratio",
        "  flat      add      1000     10.0 ns   5.00 ns   0.50",
        "  row       mul      1000     10.0 ns   15.0 ns   1.50",
        "  flat      add         5     10.0 ns   20.0 ns   2.00",
        "  row       add         5     10.0 ns  ?30.0 ns  ?3.00",
        "  flat      mul         5     10.0 ns   80.0 ns   8.00",
    ]
    alone = [_plan.Row("flat", compared(pyautograd=[t]), 5, 1, op=str(t)) for t in (10.0, 40.0)]
    assert shown(*alone, means="operands")[1:] == [
        "  operands  pyautograd: 5",
        "  flat            20.0 ns",
    ]
    report = _report.Report(_rivals.Libraries())
    report.records += [record for row in rows for record in _report.records_of("layouts", row)]
    assert _summary.lines(report)[1].endswith("layouts, flat, add, 1000 elements, 1 thread")


def test_a_table_has_the_worst_rows_under_it_where_it_says_so() -> None:
    rows = [
        _plan.Row(f"case {n}", compared(pyautograd=[10.0], torch=[10.0 * n]), 5, 1)
        for n in range(12, 0, -1)
    ]
    lines = shown(*rows, worst=True)
    assert len(lines) == 2 + 12 + 2 + _report.WORST
    assert lines[14:17] == [
        "  worst against torch:",
        "  case     elements  pyautograd    torch  ratio",
        "  case 1          5     10.0 ns  10.0 ns   1.00",
    ]
    assert lines[-1].split()[:2] == ["case", "10"]
    alone = [_plan.Row("a", compared(pyautograd=[10.0]), 5, 1)]
    assert len(shown(*alone, worst=True)) == 3


def test_sizes_are_of_what_the_table_says() -> None:
    taken = compared(pyautograd=[10.0], torch=[20.0])
    rows = [_plan.Row("record", taken, size, 1) for size in (10, 20)]
    found = [cell for row in rows for cell in _report.records_of("chain", row, "operations")]
    assert _report.table_lines(found, _plan.Table("something", []))[1].split()[0] == "operations"
    report = _report.Report(_rivals.Libraries(), found)
    assert _summary.lines(report)[1].endswith("chain, record, 10 operations, 1 thread")


def test_a_spread_that_is_too_wide_is_marked_and_not_summed_up() -> None:
    wide = compared(pyautograd=[10.0] * 5, torch=[20.0, 40.0, 80.0, 160.0, 320.0])
    steady = compared(pyautograd=[10.0] * 5, torch=[30.0] * 5)
    rows = [_plan.Row("wide", wide, 5, 1), _plan.Row("steady", steady, 5, 1)]
    assert shown(*rows)[2:] == [
        "  wide       10.0 ns  ?80.0 ns      ?    75 %",
        "  steady     10.0 ns   30.0 ns   3.00     0 %",
    ]
    report = _report.Report(_rivals.Libraries())
    report.records += [record for row in rows for record in _report.records_of("large", row)]
    assert _summary.lines(report) == [
        "In all, time over ours (geometric means): torch 3.00.",
        "  torch: ours behind in 0 of 1 row; least 3.00, large, steady, 5 elements, 1 thread",
        "1 figure of 4 with ? means little: the spread is 25 % or more. Ratios with ? are not "
        "summed up.",
    ]


def test_the_summary_counts_where_ours_is_behind() -> None:
    report = _report.Report(_rivals.Libraries())
    for case, torch, numpy in (("a", 40.0, 5.0), ("b", 160.0, 20.0), ("c", 5.0, 40.0)):
        taken = compared(pyautograd=[10.0] * 3, torch=[torch] * 3, numpy=[numpy] * 3)
        report.records += _report.records_of("graphs", _plan.Row(case, taken, 5, 2))
    size = compared(pyautograd=[100.0], torch=[300.0])
    report.records += _report.records_of("memory", _plan.Row("d", size, None, None, "bytes"))
    assert _summary.lines(report) == [
        "In all, time over ours (geometric means): torch 3.17, numpy 1.59.",
        "  torch: ours behind in 1 of 3 rows; least 0.50, graphs, c, 5 elements, 2 threads",
        "  numpy: ours behind in 1 of 3 rows; least 0.50, graphs, a, 5 elements, 2 threads",
        "In all, memory over ours (geometric means): torch 3.00.",
        "  torch: ours behind in 0 of 1 row; least 3.00, memory, d",
    ]


def test_the_summary_of_another_build_says_what_the_change_costs() -> None:
    report = _report.Report(_rivals.Libraries())
    for case, ours in (("a", 1020.0), ("b", 1000.0), ("c", 990.0)):
        row = _plan.Row(case, compared(pyautograd=[ours], other=[1000.0]), 5, 1, "instructions")
        report.records += _report.records_of("instructions", row)
    assert _summary.lines(report, _plan.OTHER) == [
        "In all, instructions: +0.33 % (geometric mean); more than +1 % in 1 of 3 rows; "
        "most +2.00 %, a."
    ]


def spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the kernel does not tell")
def test_other_processes_are_noticed() -> None:
    code = "import time\nend = time.time() + 30\nwhile time.time() < end: pass"
    hogs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    try:
        others = _busy.before(1.0).others
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert others is not None
    assert others > 0.3
    watch = _busy.Watch()
    spin(0.5)
    assert watch.others() is not None
    assert watch.others() is None  # too short to tell


def test_own_work_is_not_that_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = iter([100.0, 103.0])
    monkeypatch.setattr(_busy, "_busy_s", lambda: next(taken))
    own = iter([10.0, 11.0])
    monkeypatch.setattr(_busy, "own_s", lambda: next(own))
    clock = iter([0.0, 2.0])
    monkeypatch.setattr(_busy.time, "monotonic", lambda: next(clock))
    assert _busy.Watch().others() == 1.0


def test_waiting_for_a_cpu_is_noticed() -> None:
    waiting = _timing._Waiting()
    assert waiting.run(lambda count: count, 7) == 7
    waiting = _timing._Waiting()
    waiting.run(lambda count: time.sleep(0.05) or count, 1)
    assert waiting.part() > 0.8


def test_a_busy_machine_is_said_beside_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    report = _report.Report(_rivals.Libraries())
    rows = [_plan.Row("a", compared(pyautograd=[1.0]), 5, 1)]
    table = _plan.Table("something", [])
    cpus = _busy.os.cpu_count() or 1
    report.table("large", table, rows, _busy.Busy(0.0, 0.01))
    assert "BUSY" not in capsys.readouterr().out
    report.table("large", table, rows, _busy.Busy(0.5 * cpus, 0.2))
    said = f"others kept {0.5 * cpus:.1f} of {_figures.counted(cpus, 'CPU')} busy"
    assert f"  BUSY MACHINE: {said}, loops waited for a CPU 20 % of their time" in (
        capsys.readouterr().out
    )
    assert said in " ".join(" ".join(_summary.lines(report)).split())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def followed(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is written while four steps that take twice as long as was thought are followed."""
    clock = [0.0]
    monkeypatch.setattr(_progress.time, "monotonic", lambda: clock[0])
    monkeypatch.setenv("TERM", "xterm")
    steps = [_plan.Step(f"step {i}", list, 30.0) for i in range(4)]
    plans = {"graphs": [_plan.Table("", steps[:3])], "large": [_plan.Table("", steps[3:])]}
    progress = _progress.Progress(plans, stream)
    for name, tables in plans.items():
        progress.benchmark(name)
        for step in tables[0].steps:
            progress.begin(step)
            clock[0] += 60.0
            progress.done(step)
        progress.clear()
    return stream.getvalue()


def test_progress_on_a_terminal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    written = followed(Terminal(), monkeypatch)
    assert "\n" not in written
    assert written.split("\r\x1b[K") == [
        "",
        "1 of 4, about 2 min left: graphs, step 0",
        "2 of 4, about 3 min left: graphs, step 1",
        "3 of 4, about 2 min left: graphs, step 2",
        "",
        "4 of 4, about 59 s left: large, step 3",
        "",
    ]


def test_progress_elsewhere_is_a_plain_line_a_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    assert followed(io.StringIO(), monkeypatch).splitlines() == [
        "graphs (1 of 2): 3 measurements, about 2 min left in all",
        "large (2 of 2): 1 measurement, about 59 s left in all",
    ]


def test_a_quick_run_is_planned_for_less_than_a_minute() -> None:
    libraries = _rivals.Libraries(dict.fromkeys((*_rivals.LIKE_TORCH, "numpy")))
    options = _plan.Options(None, (1, 2), quick=True, effort=_arguments.QUICK)
    plans = __main__._plans(_arguments.USUAL, libraries, options)
    steps = [step for tables in plans.values() for table in tables for step in table.steps]
    assert sum(step.seconds for step in steps) < 60.0
    assert all(table.steps for tables in plans.values() for table in tables)


def test_what_was_measured_before_an_interrupt_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted() -> Any:
        raise KeyboardInterrupt

    found = [_plan.Row("a", compared(pyautograd=[1.0]), 5, 1)]
    steps = [_plan.Step("a", lambda: found, 1.0), _plan.Step("b", interrupted, 1.0)]
    report = _report.Report(_rivals.Libraries())
    assert not __main__._run({"large": [_plan.Table("something", steps)]}, report)
    assert [record.case for record in report.records] == ["a"]
    assert "large: something; 5 elements, 1 thread" in capsys.readouterr().out


def test_unknown_names_are_refused() -> None:
    done = run("overheads")
    assert done.returncode == 2
    assert "no benchmark 'overheads'" in done.stderr


def content(median: float, **changes: Any) -> dict[str, Any]:
    record = {
        "benchmark": "overhead",
        "case": "a + b",
        "size": 5,
        "sized": "elements",
        "threads": 1,
        "side": "pyautograd",
        "unit": "ns",
        "median": median,
        "q1": median,
        "q3": median,
        "best": median,
        "rounds": 1,
        "ratio": None,
        "ratio_spread": None,
    }
    whole = {
        "format": _report.FORMAT,
        "machine": {"cpu": "one", "cpus": 2},
        "python": "3.11.7",
        "config": "level: avx2",
        "versions": {"torch": "2.13.0"},
        "busy": [],
        "records": [record, {**record, "side": "torch", "median": 2 * median, "ratio": 2.0}],
    }
    return {**whole, **changes}


def written(folder: Path, name: str, what: dict[str, Any]) -> str:
    path = folder / name
    path.write_text(json.dumps(what))
    return str(path)


def test_compare_shows_both_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    busy = [{"table": "graphs: something", "others": 1.5, "waited": None}]
    old = written(tmp_path, "old.json", content(60.0))
    new = written(tmp_path, "new.json", content(30.0, config="level: avx512", busy=busy))
    assert compare.main([old, new]) == 0
    cpus = _figures.counted(_busy.os.cpu_count() or 1, "CPU")
    assert capsys.readouterr().out.splitlines() == [
        "config changed:",
        "  level: avx2",
        "  level: avx512",
        f"BUSY MACHINE, new, graphs: something: others kept 1.5 of {cpus} busy",
        "overhead; 5 elements, 1 thread",
        "  case       old      new  torch old/new  old/new",
        "  a + b  60.0 ns  30.0 ns           2.00     2.00",
    ]


def test_compare_of_real_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new.json"
    found = records(target, "overhead", "graphs", "chain", *TINY, "--rivals", "none")
    assert compare.main([str(target), str(target)]) == 0
    output = capsys.readouterr().out
    assert_readable(output)
    assert all(record["case"] in output for record in found)


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


def test_the_version_is_that_of_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another project's distribution has the name `pyautograd`, the module's word counts."""
    monkeypatch.setattr("importlib.metadata.version", lambda name: "99.0")
    assert _rivals.version("pyautograd") == pyautograd.__version__
    assert _rivals.version("no_such_module") == "99.0"
