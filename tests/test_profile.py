# SPDX-License-Identifier: MIT
"""Profiles: what is recorded and where it lies, that nothing else changes, tables and traces."""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd import _core
from pyautograd.autograd.profiler import record_function
from support import assert_same_bits, leaf, plain_build_only, run_python

LARGE = 50_000


def names(p: ag.profile, *kinds: str) -> list[str]:
    return [event.name for event in p.events() if not kinds or event.kind in kinds]


def the(p: ag.profile, name: str) -> Any:
    (event,) = (event for event in p.events() if event.name == name)
    return event


class Twice(ag.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:  # type: ignore[override]
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:  # type: ignore[override]
        return g * 2


def everything(x: ag.Tensor, large: ag.Tensor) -> list[ag.Tensor]:
    """A bit of all that a profile has events of."""
    optimizer = ag.optim.SGD([x], lr=0.01)
    y = (large.exp() * large - 1).sum() + Twice.apply(x).sum()
    y.backward()
    with record_function("region"):
        z = ag.utils.checkpoint.checkpoint(lambda t: t.sin().exp(), x, use_reentrant=False)
        (g,) = ag.autograd.grad(z.sum(), x, create_graph=True)
    h = x.register_hook(lambda g: g.clone())
    (x.detach().clone().mul_(2.0) * x).sort().values.sum().backward()
    h.remove()
    optimizer.step()
    assert x.grad is not None and large.grad is not None
    return [y, z, g, x, x.grad, large.grad]


def operands() -> tuple[ag.Tensor, ag.Tensor]:
    rng = np.random.default_rng(3)
    return leaf(rng.normal(size=5)), leaf(rng.normal(size=LARGE))


# ---- what is recorded ----------------------------------------------------------------------------


def test_ops_and_nodes() -> None:
    x = leaf([1.0, 2.0, 3.0])
    with ag.profile() as p:
        y = (x * x).sum()
        y.backward()
    assert names(p) == ["mul", "sum", "backward", "SumBackward0", "MulBackward0"]
    mul, node = the(p, "mul"), the(p, "MulBackward0")
    assert mul.shape == (3,) and mul.dtype is ag.float64 and mul.input_shapes == ((3,), (3,))
    assert mul.bytes == 24 and mul.kept == 24 and not mul.in_backward
    assert node.cpu_parent is the(p, "backward") and node.in_backward
    assert node.line == mul.line and os.path.basename(mul.line[0]) == "test_profile.py"
    assert the(p, "backward").line[1] == mul.line[1] + 1
    assert mul.line[2] == "test_ops_and_nodes"


def test_numbers_and_dtypes_of_operands() -> None:
    with ag.profile() as p:
        assert ((ag.tensor([1, 2]) + 2) > 1).shape == (2,)
    add, gt = p.events()
    assert add.name == "add" and add.dtype is ag.int64 and add.input_shapes == ((2,), None)
    assert gt.name == "gt" and gt.dtype is ag.bool


def test_parts_of_ops_are_not_told_of() -> None:
    x = leaf(np.arange(6.0).reshape(2, 3))
    with ag.profile() as p:
        y = x.logsumexp(1)
        y.sum().backward()
        x.std().backward()
        ag.var_mean(x)
    assert names(p, "op") == ["logsumexp", "sum", "std", "var_mean"]


def test_writes_in_place() -> None:
    x = ag.ones(3)
    with ag.profile() as p:
        x += 1
        x.zero_()
        x[1:] = 2.0
        x.transpose_(0, 0)
    assert names(p) == ["add_", "fill_", "slice", "fill_", "transpose"]
    assert all(event.bytes == 0 for event in p.events())


def test_views_take_no_memory() -> None:
    x = ag.ones(2, 3)
    with ag.profile() as p:
        x.view(3, 2), x.t(), x.contiguous(), x.t().contiguous()
    assert [(e.name, e.bytes) for e in p.events()][-1] == ("clone", 48)
    assert sum(event.bytes for event in p.events()) == 48


def test_a_failing_op_is_an_event() -> None:
    with ag.profile() as p, pytest.raises(RuntimeError):
        ag.ones(2) + ag.ones(3)
    assert [(e.name, e.shape) for e in p.events()] == [("add", None)]


def test_pending_ops_appear_as_what_they_fuse() -> None:
    x = leaf(np.linspace(0, 1, LARGE))
    with ag.profile() as p:
        half = x * 0.5
        y = (half - 1).exp().sum()
        y.backward()
    (program,) = (event for event in p.events() if event.kind == "program")
    assert program.name == "fused(mul, sub, exp, vjp_mul, sum)"
    assert program.cpu_parent is the(p, "backward") and program.line[1] == half_line() + 2
    by_id = {event.id: event for event in p.events()}
    makers = [(step.op, by_id[step.event].name) for step in program.steps]
    assert sorted(makers) == [
        ("exp", "exp"), ("mul", "mul"), ("sub", "sub"), ("sum", "sum"),
        ("vjp_mul", "ExpBackward0"), ("vjp_mul", "MulBackward0"),
    ]  # fmt: skip
    assert program.elements == LARGE and program.bytes_read == 8 * LARGE
    assert program.bytes_written == program.bytes == 8 * LARGE + 8
    assert sum(step.bytes for step in program.steps) == program.bytes
    assert the(p, "exp").bytes == 0


def half_line() -> int:
    code = test_pending_ops_appear_as_what_they_fuse.__code__
    return next(
        line for *_, line in code.co_lines() if line and "half = " in source_line(line)
    )  # fmt: skip


def source_line(number: int) -> str:
    return Path(__file__).read_text().splitlines()[number - 1]


def test_a_program_lies_in_the_op_that_wants_numbers() -> None:
    x = ag.ones(2, LARGE)
    with ag.profile() as p:
        (x + 1) @ ag.ones(LARGE, 2)
    (program,) = (event for event in p.events() if event.kind == "program")
    assert program.name == "fused(add)" and program.cpu_parent.kind == "op"
    assert program.cpu_parent.self_cpu_time_total < program.cpu_parent.cpu_time_total


def test_ops_from_before_the_profile() -> None:
    x = ag.ones(LARGE)
    y = x + 1
    with ag.profile() as p:
        (y * 2).sum().item()
    (program,) = (event for event in p.events() if event.kind == "program")
    assert [step.event == 0 for step in program.steps if step.op == "add"] == [True]
    assert "(recorded before the profile)" in [row.file for row in p.lines()]


def test_a_later_profile_knows_nothing_of_an_earlier_one() -> None:
    x = ag.ones(LARGE)
    with ag.profile():
        y = x + 1
    with ag.profile() as p:
        y.sum().item()
    (program,) = (event for event in p.events() if event.kind == "program")
    known = {event.id for event in p.events()}
    assert [step.op for step in program.steps if step.event not in known] == ["add"]


def test_functions_hooks_and_checkpoints() -> None:
    x, large = operands()
    with ag.profile() as p:
        everything(x, large)
    function, node = the(p, "Twice"), the(p, "TwiceBackward")
    assert [e.name for e in function.cpu_children] == ["mul"]
    assert [e.name for e in node.cpu_children] == ["mul"] and node.kind == "node"
    again = the(p, "checkpoint")
    assert [e.name for e in again.cpu_children] == ["sin", "exp"]
    assert all(e.in_backward for e in again.cpu_children)
    assert again.cpu_parent.kind == "node"
    region = the(p, "region")
    assert region.kind == "region" and "grad" in [e.name for e in region.cpu_children]
    assert the(p, "Optimizer.step#SGD.step").kind == "optimizer"
    hooked = [e for e in p.events() if e.name == "clone" and e.in_backward]
    assert len(hooked) == 1 and hooked[0].line[2] == "<lambda>"


def test_optimizers_by_name() -> None:
    found = []
    for make in (ag.optim.Adam, ag.optim.AdamW, ag.optim.RMSprop):
        x = leaf([1.0])
        x.grad = ag.ones(1)
        optimizer = make([x])
        with ag.profile() as p:
            optimizer.step()
        found += names(p, "optimizer")
    assert found == [f"Optimizer.step#{name}.step" for name in ("Adam", "AdamW", "RMSprop")]


def test_anomaly_mode_beside_it() -> None:
    x = leaf([1.0, -1.0])
    with ag.profile() as p, ag.autograd.set_detect_anomaly(True):
        y = x.sqrt().sum()
        with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="SqrtBackward0"):
            y.backward()
    assert names(p, "node") == ["SumBackward0", "SqrtBackward0"]
    assert not ag.is_anomaly_enabled() and ag.is_anomaly_check_nan_enabled()


def test_record_function() -> None:
    @record_function("decorated")
    def f(x: ag.Tensor, depth: int) -> ag.Tensor:
        return f(x, depth - 1).exp() if depth else x

    with record_function("outside"):
        pass
    with ag.profile() as p:
        f(ag.ones(2), 2)
        region = record_function("twice")
        with region, region:
            pass
    assert names(p, "region") == ["decorated"] * 3 + ["twice"] * 2
    (row,) = (row for row in p.key_averages() if row.key == "decorated")
    outer = p.events()[0]
    assert row.count == 3 and row.cpu_time_total == outer.cpu_time_total  # the outermost alone
    for wrong in (None, 3, b"name"):
        with pytest.raises(TypeError, match="'name' must be str"):
            record_function(wrong)  # type: ignore[arg-type]


def test_regions_that_lie_across_others_are_left_out() -> None:
    with ag.profile() as p:
        a, b = record_function("a"), record_function("b")
        a.__enter__()
        b.__enter__()
        a.__exit__()
        b.__exit__()
        c = record_function("c")
        c.__enter__()
        thread = threading.Thread(target=c.__exit__)
        thread.start()
        thread.join()
    assert names(p) == ["b"]
    check_nesting(p)


def test_open_ends_are_left_out() -> None:
    region, p = record_function("open"), ag.profile()
    p.__enter__()
    region.__enter__()
    ag.ones(2).exp()
    p.__exit__(None, None, None)
    region.__exit__()
    assert names(p) == ["exp"] and p.events()[0].cpu_parent is None
    with ag.profile() as later:
        ag.ones(2).exp()
    assert names(later) == ["exp"]


# ---- nothing else changes ------------------------------------------------------------------------


def test_the_same_bits_and_the_same_programs() -> None:
    plain = everything(*operands())
    with ag.profile():
        profiled = everything(*operands())
    for one, other in zip(plain, profiled, strict=True):
        assert_same_bits(one.detach(), other.detach())


def test_what_pends_goes_on_pending() -> None:
    x = ag.ones(LARGE)
    with ag.profile() as p:
        y = (x + 1).exp()
        text = ag.explain(y)
    assert "computed" not in text and ag.explain(y) == text
    assert names(p, "program") == []
    assert_same_bits(y, (ag.ones(LARGE) + 1).exp())


def test_afterwards_all_is_as_before() -> None:
    x = leaf([1.0, 2.0])
    for fails in (False, True):
        try:
            with ag.profile() as p:
                y = (x * 2).sum()
                if fails:
                    raise KeyError("mine")
        except KeyError:
            pass
        assert names(p) == ["mul", "sum"]
        y.backward()
        assert len(p.events()) == 2
    with pytest.raises(RuntimeError, match="no profile is being recorded"):
        _core._profile_stop()


def test_one_at_a_time() -> None:
    with ag.profile() as p:
        with pytest.raises(RuntimeError, match="there is one at a time"), ag.profile():
            pass
        ag.ones(2).exp()
        with pytest.raises(RuntimeError, match="not reentrant"), p:
            pass
    assert names(p) == ["exp"]
    with pytest.raises(RuntimeError, match="not reentrant"), p:
        pass


def test_not_finished() -> None:
    p = ag.profile()
    for ask in (p.events, p.key_averages, p.table, p.total_average, p.lines):
        with pytest.raises(RuntimeError, match="didn't finish running"):
            ask()
    assert repr(p) == "<unfinished profile>"


def test_not_enabled() -> None:
    with ag.profile(enabled=False, record_shapes=True, profile_memory=True, with_stack=True) as p:
        ag.ones(2).exp()
        with ag.profile() as q:
            ag.ones(2).sin()
    assert p.events() == [] and names(q) == ["sin"] and "Self CPU time total" in str(p)


def test_many_profiles_leave_nothing() -> None:
    x, large = operands()

    def once() -> int:
        with ag.profile() as p:
            everything(x, large)
        del p
        gc.collect()
        return ag.memory_stats()["live_tensors"]

    assert len({once() for _ in range(5)}) == 1


# ---- threads -------------------------------------------------------------------------------------


def in_threads(f: Callable[[], Any], count: int = 4) -> None:
    threads = [threading.Thread(target=f, name=f"worker {k}") for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_all_threads_are_recorded() -> None:
    errors = []

    def work() -> None:
        try:
            for _ in range(5):
                everything(*operands())
        except Exception as error:
            errors.append(error)

    with ag.profile() as p:
        in_threads(work)
        work()
    assert errors == []
    assert len({event.thread for event in p.events()}) >= 2
    assert names(p).count("Twice") == 25 and names(p).count("checkpoint") == 25
    check_nesting(p)


def test_starts_and_stops_beside_other_threads() -> None:
    stop, errors = threading.Event(), []

    def work() -> None:
        expected = everything(*operands())
        while not stop.is_set():
            for one, other in zip(expected, everything(*operands()), strict=True):
                if not np.array_equal(one.detach().numpy(), other.detach().numpy()):
                    errors.append("other numbers")
                    return

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(60):
            with ag.profile() as p:
                time.sleep(0.005)
            check_nesting(p)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_of_fork() -> None:
    code = """
import json, os, pyautograd as ag
with ag.profile() as p:
    ag.ones(2).exp()
    pid = os.fork()
    ag.ones(2).sin()
ok = [e.name for e in p.events()] == ["exp", "sin"]
if pid == 0:
    os._exit(0 if ok else 3)
print(json.dumps([ok, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]))
"""
    assert run_python(code) == [True, 0]


# ---- times ---------------------------------------------------------------------------------------


def check_nesting(p: ag.profile) -> None:
    """Events of a thread lie in each other or apart, as their parents say."""
    last: dict[int, list[Any]] = {}
    ids = [event.id for event in p.events()]
    assert len(set(ids)) == len(ids)
    for event in p.events():
        assert event.duration >= 0 and event.self_cpu_time_total >= 0
        open_ones = last.setdefault(event.thread, [])
        while open_ones and open_ones[-1] is not event.cpu_parent:
            done = open_ones.pop()
            assert done.start + done.duration <= event.start
        if event.cpu_parent is not None:
            parent = event.cpu_parent
            assert parent.thread == event.thread and open_ones
            assert parent.start <= event.start
            assert event.start + event.duration <= parent.start + parent.duration
        open_ones.append(event)


def test_times_add_up() -> None:
    x, large = operands()
    with ag.profile() as p:
        before = time.perf_counter()
        everything(x, large)
        wall = (time.perf_counter() - before) * 1e6
    check_nesting(p)
    assert 0 < p.self_cpu_time_total <= wall
    rows, lines = p.key_averages(), p.lines()
    assert sum(row.self_cpu_time_total for row in rows) == pytest.approx(p.self_cpu_time_total)
    total = p.total_average()
    assert total.self_cpu_time_total == pytest.approx(p.self_cpu_time_total)
    assert total.count == len(p.events())
    regions = sum(e.self_cpu_time_total for e in p.events() if e.kind == "region")
    assert sum(row.time for row in lines) == pytest.approx(p.self_cpu_time_total - regions)
    programs = [row for row in rows if row.kind == "program"]
    fused = sum(row.fused_time for row in rows)
    assert fused == pytest.approx(sum(row.self_cpu_time_total for row in programs))


def test_a_slow_op_takes_its_time() -> None:
    x = ag.rand(300, 300)
    with ag.profile() as p:
        before = time.perf_counter()
        ag.linalg.svd(x)
        wall = (time.perf_counter() - before) * 1e6
    assert wall / 2 < sum(e.cpu_time_total for e in p.events() if e.cpu_parent is None) < wall


# ---- tables --------------------------------------------------------------------------------------


def profiled() -> ag.profile:
    x = leaf(np.linspace(0, 1, LARGE))
    small = leaf([1.0, 2.0])
    with ag.profile() as p:
        (x.exp() * 2).sum().backward()
        (small * small + small[:1] * 2).sum().backward()
    return p


def cells(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_table_by_op() -> None:
    p = profiled()
    lines = str(p).splitlines()
    assert lines[0].split()[:2] == ["Name", "Calls"] and set(lines[1]) <= {"-", " "}
    shown = [line for line in lines[2:] if not line.startswith((" ", "*", "Self CPU"))]
    assert len(shown) == len(p.key_averages())
    assert any(line.startswith("fused(exp, vjp_mul, mul, sum) ") for line in lines)
    (mul,) = (line for line in lines if line.startswith("mul "))
    assert mul.split()[1] == "3" and len(re.findall(r"\d\.\d\d\d[um]?s ", mul)) == 4
    assert "Self CPU time total: " in str(p) and "part of those rows' time" in str(p)


def test_sorting_and_limits() -> None:
    p = profiled()
    by_count = cells(p.table(sort_by="count"))[2:]
    counts = [int(row[1]) for row in by_count if row[0] in {"mul", "sum", "backward", "exp"}]
    assert counts == sorted(counts, reverse=True)
    by_name = [row[0] for row in cells(p.table(sort_by="key"))[2:-3]]
    assert by_name == sorted(by_name)
    few = p.table(row_limit=2).splitlines()
    assert few[4].startswith("... ") and few[4].endswith(" more rows")
    assert len(p.table(row_limit=-1).splitlines()) == len(str(p).splitlines())
    assert p.table(row_limit=0).splitlines()[2].startswith("... ")
    assert p.table(header="Mine").startswith("Mine\nName")
    assert "fused(e... " in p.table(max_name_column_width=10)
    with pytest.raises(AttributeError, match=r"sort_by: expected one of count, .*, got 'self'"):
        p.table(sort_by="self")
    with pytest.raises(AttributeError, match="sort_by: expected one of backward_memory"):
        p.table(by="line", sort_by="key")
    with pytest.raises(ValueError, match='by: expected "op" or "line", got \'stack\''):
        p.table(by="stack")


def test_table_by_line() -> None:
    p = profiled()
    first, second = sorted(p.lines(), key=lambda row: row.line)
    assert first.source == "(x.exp() * 2).sum().backward()" and first.function == "profiled"
    assert first.forward_time > 0 and first.backward_time > 0
    assert first.backward_memory == 8 * LARGE and first.forward_memory == 8
    assert first.count == 4 and second.count == 6
    assert second.kept == 16 and second.backward_memory > 0
    text = p.table(by="line")
    assert text.count("small * small") == 1 and f"test_profile.py:{first.line} in prof" in text
    assert "split among the lines" in text


def test_averages_by_shape_and_line() -> None:
    p = profiled()
    rows = [row for row in p.key_averages(group_by_input_shape=True) if row.key == "mul"]
    assert sorted(str(row.input_shapes) for row in rows) == [
        "((1,), None)", "((2,), (2,))", f"(({LARGE},), None)",
    ]  # fmt: skip
    assert "[(2,), (2,)]" in p.key_averages(group_by_input_shape=True).table()
    rows = [row for row in p.key_averages(group_by_stack_n=1) if row.key == "mul"]
    assert sorted(row.count for row in rows) == [1, 2]
    assert all("in profiled" in row.stack[0] for row in rows)
    assert "in profiled" in p.key_averages(group_by_stack_n=1).table()


def test_calls_of_others_code_have_the_line_of_the_caller() -> None:
    model = ag.nn.Linear(3, 2)
    with ag.profile() as p:
        model(ag.ones(1, 3)).sum().backward()
    assert {row.function for row in p.lines()} == {
        "test_calls_of_others_code_have_the_line_of_the_caller"
    }


# ---- traces --------------------------------------------------------------------------------------


def trace_of(p: ag.profile, folder: Path) -> list[dict[str, Any]]:
    path = folder / "trace.json"
    p.export_chrome_trace(path)
    whole = json.loads(path.read_text())
    assert isinstance(whole["traceEvents"], list)
    return whole["traceEvents"]  # type: ignore[no-any-return]


def overlap(events: Sequence[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """Pairs of events of one thread that lie across each other."""
    found, stack = [], []
    for event in sorted(events, key=lambda e: (e["tid"], e["ts"], -e["dur"])):
        begin, end = event["ts"], event["ts"] + event["dur"]
        while stack and (stack[-1][0] != event["tid"] or stack[-1][1] <= begin):
            stack.pop()
        if stack and end > stack[-1][1] + 1e-6:
            found.append((stack[-1], event))
        stack.append((event["tid"], end))
    return found


def test_chrome_trace(tmp_path: Path) -> None:
    x, large = operands()
    with ag.profile() as p:
        everything(x, large)
        in_threads(lambda: ag.ones(2).exp(), 2)
    trace = trace_of(p, tmp_path)
    events = [entry for entry in trace if entry["ph"] == "X"]
    assert [e["name"] for e in events] == names(p)
    assert all(e["dur"] >= 0 and e["ts"] >= 0 and e["pid"] == os.getpid() for e in events)
    assert overlap(events) == []
    named = {e["tid"]: e["args"]["name"] for e in trace if e["name"] == "thread_name"}
    assert set(named) == {e["tid"] for e in events}
    assert named[1] == threading.main_thread().name
    (program,) = (e for e in events if e["cat"] == "program" and "exp" in e["name"])
    ops = [op for made in program["args"]["ops"].values() for op in made]
    assert {"exp", "mul", "sub", "sum"} <= set(ops) and program["args"]["elements"] == LARGE
    op = next(e for e in events if e["cat"] == "op")
    assert op["args"]["line"].startswith("test_profile.py:") and op["args"]["shape"] == [LARGE]


def test_a_trace_of_nothing(tmp_path: Path) -> None:
    with ag.profile() as p:
        pass
    assert [entry["ph"] for entry in trace_of(p, tmp_path)] == ["M"]
    with pytest.raises(FileNotFoundError):
        p.export_chrome_trace(tmp_path / "no" / "folder.json")


# ---- memory --------------------------------------------------------------------------------------


def can_fail() -> bool:
    try:
        _core._fail_allocation(0)
    except ValueError:
        return False
    return True


@pytest.mark.skipif(not can_fail(), reason="allocations fail in builds for testing alone")
def test_a_profile_without_memory_is_lost_and_nothing_else() -> None:
    x = leaf([1.0, 2.0])
    lost = 0
    for nth in range(1, 40):
        p = ag.profile()
        p.__enter__()
        _core._fail_allocation(nth)
        try:
            y = (x * x).exp()
            y.sum().backward()
        except MemoryError:
            pass
        _core._fail_allocation(0)
        try:
            p.__exit__(None, None, None)
        except MemoryError as error:
            assert "the profile is lost" in str(error)
            lost += 1
    assert lost > 0
    with ag.profile() as p:
        x.exp()
    assert names(p) == ["exp"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory")
@plain_build_only  # sanitizers take address space of their own
def test_an_event_without_memory() -> None:
    """The address space is limited, and events use it up: what is computed has its memory."""
    code = """
import json, resource, pyautograd as ag
from pyautograd import _core
x = ag.ones(3)
for _ in range(100):
    y = x + 1
_core._profile_start()
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + (20 << 20),) * 2)
for _ in range(300_000):
    y = x + 1
try:
    _core._profile_stop()
    print(json.dumps(["kept", []]))
except MemoryError as error:
    print(json.dumps([str(error), y.tolist()]))
"""
    text, numbers = run_python(code)
    assert "not enough memory for all events" in text and numbers == [2.0, 2.0, 2.0]


def test_a_lost_profile_hides_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose() -> None:
        stop()
        raise MemoryError("lost")

    stop = _core._profile_stop
    monkeypatch.setattr("pyautograd._profile._profile_stop", lose)
    with pytest.raises(KeyError, match="mine"), ag.profile() as p:
        raise KeyError("mine")
    with pytest.raises(MemoryError, match="lost"):
        p.events()
    with pytest.raises(MemoryError, match="lost"), ag.profile():
        pass


def test_the_module_is_imported_late() -> None:
    code = "import sys, pyautograd; print('pyautograd._profile' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
