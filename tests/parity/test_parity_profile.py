# SPDX-License-Identifier: MIT
"""Profiles under PyTorch's names: calls counted, regions, nesting and mistakes. Names of ops are
compared without PyTorch's "aten::"; what its ops consist of is no part of it here."""

from __future__ import annotations

from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

torch = pytest.importorskip("torch")
PROFILE = Group()


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(numbers or (1.0, 2.0), dtype=lib.float64, requires_grad=True)


def op(name: str) -> str:
    return name.removeprefix("aten::").removeprefix("autograd::engine::evaluate_function: ")


def counts(p: Any, *names: str) -> dict[str, int]:
    rows = {op(row.key): row.count for row in p.key_averages()}
    return {name: rows.get(name, 0) for name in names}


@PROFILE
def calls_are_counted(lib: Any) -> Any:
    x = leaf(lib)
    with lib.autograd.profiler.profile() as p:
        x.sin().sin().exp().cos()
        x.exp()
    return counts(p, "sin", "exp", "cos", "tan")


@PROFILE
def nodes_are_counted(lib: Any) -> Any:
    x = leaf(lib)
    with lib.autograd.profiler.profile() as p:
        (x.sin().sin() * x.exp()).sum().backward()
    nodes = ("SinBackward0", "ExpBackward0", "MulBackward0", "SumBackward0")
    return {name: any(name in row.key for row in p.key_averages()) for name in nodes}


@PROFILE
def functions_have_their_names(lib: Any) -> Any:
    class Mine(lib.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.sin()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g.cos()

    with lib.autograd.profiler.profile() as p:
        Mine.apply(leaf(lib)).sum().backward()
    return counts(p, "Mine", "MineBackward", "sin", "cos")


@PROFILE
def regions_have_what_lies_in_them(lib: Any) -> Any:
    x = leaf(lib)
    with lib.autograd.profiler.profile() as p, lib.autograd.profiler.record_function("outer"):
        x.sin()
        with lib.autograd.profiler.record_function("inner"):
            x.cos()
    found = {}
    for event in p.function_events:
        if event.name in ("outer", "inner"):
            found[event.name] = [op(child.name) for child in event.cpu_children]
            found[event.name + " in"] = event.cpu_parent and event.cpu_parent.name
            assert event.cpu_time_total >= event.self_cpu_time_total >= 0
    return found


@PROFILE
def decorated_functions(lib: Any) -> Any:
    @lib.autograd.profiler.record_function("mine")
    def f(x: Any) -> Any:
        return x.sin()

    with lib.autograd.profiler.profile() as p:
        f(f(leaf(lib)))
    return counts(p, "mine", "sin"), f.__name__


@PROFILE
def regions_without_a_profile(lib: Any) -> Any:
    with lib.autograd.profiler.record_function("mine") as region:
        y = leaf(lib).sin()
    return y, type(region).__name__


@PROFILE
def errors_come_out(lib: Any) -> Any:
    with lib.autograd.profiler.profile():
        leaf(lib).sin()
        raise KeyError("mine")


@PROFILE
def what_was_before_an_error_is_kept(lib: Any) -> Any:
    p = lib.autograd.profiler.profile()
    with pytest.raises(KeyError), p:
        leaf(lib).sin()
        raise KeyError("mine")
    return counts(p, "sin")


@PROFILE
def entered_twice(lib: Any) -> Any:
    with lib.autograd.profiler.profile() as p:
        pass
    with p:
        pass


@PROFILE
def by_shapes(lib: Any) -> Any:
    with lib.autograd.profiler.profile(record_shapes=True) as p:
        leaf(lib, 1.0).sin()
        leaf(lib, 1.0, 2.0).sin()
        leaf(lib, 1.0, 3.0).sin()
    rows = p.key_averages(group_by_input_shape=True)
    return sorted((row.count, row.input_shapes[0][0]) for row in rows if op(row.key) == "sin")


@PROFILE
def columns_that_there_are_not(lib: Any) -> Any:
    with lib.autograd.profiler.profile() as p:
        leaf(lib).sin()
    try:
        p.key_averages().table(sort_by="no_such_column")
    except Exception as error:
        return type(error).__name__


@PROFILE
def columns_to_sort_by(lib: Any) -> Any:
    with lib.autograd.profiler.profile() as p:
        leaf(lib).sin()
    names = "count cpu_time cpu_time_total self_cpu_time_total cpu_memory_usage".split()
    return [isinstance(p.key_averages().table(sort_by=name), str) for name in names]


@PROFILE
def averages(lib: Any) -> Any:
    with lib.autograd.profiler.profile() as p:
        leaf(lib).sin()
    total = p.total_average()
    per_call = [row.cpu_time_total / row.count - row.cpu_time for row in p.key_averages()]
    return [
        total.key, total.count == len(p.function_events),
        abs(total.self_cpu_time_total - p.self_cpu_time_total) < 1e-6,
        max(map(abs, per_call)) < 1e-9,
    ]  # fmt: skip


@PROFILE
def memory_of_results(lib: Any) -> Any:
    x = leaf(lib, *range(4096))
    with lib.autograd.profiler.profile(profile_memory=True) as p:
        y = x.sin()
    (row,) = (row for row in p.key_averages() if op(row.key) == "sin")
    return row.cpu_memory_usage, tuple(y.shape)


@pytest.mark.parametrize("name", PROFILE.all)
def test_both_do_the_same(name: str) -> None:
    compare(PROFILE.all[name], ag, torch)


def test_there_are_enough() -> None:
    assert len(PROFILE.all) >= 14
