# SPDX-License-Identifier: MIT
"""What a profile knows: events, and what they come to by name and by source line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ._profile_table import bytes_text, percent_text, table, time_text

if TYPE_CHECKING:
    from ._core import dtype

__all__ = ["Averages", "FunctionEvent", "FunctionEventAvg", "LineAvg", "Lines", "read_events"]

KINDS = ("op", "node", "program", "backward", "checkpoint", "optimizer", "function", "region")
Line = tuple[str, int, str]
Shapes = tuple[tuple[int, ...] | None, ...]

_BEFORE: Line = ("(recorded before the profile)", 0, "")
_UNKNOWN: Line = ("(line not known)", 0, "")


def line_text(line: Line) -> str:
    """A line in a few words.

    Example:
        >>> line_text(("/home/me/fit.py", 3, "step"))
        'fit.py:3 in step'
    """
    file, number, function = line
    return f"{os.path.basename(file)}:{number} in {function}" if number else file


# ---- events --------------------------------------------------------------------------------------


class Step(NamedTuple):
    """An op in a program: what it is, the event that recorded it (0: before the profile), what it
    is expected to take in ns for each element, bytes of new memory if its value was stored."""

    op: str
    event: int
    cost: float
    bytes: int


@dataclass(slots=True, eq=False)
class FunctionEvent:
    """What was done at one time: a call of an op, a node's turn in a backward, a program.

    `kind` is one of op, node, program, backward, checkpoint, optimizer, function and region;
    `start` and `duration` are in ns, from the start of the profile on. What has PyTorch's names has
    PyTorch's units: times in us, memory in bytes.
    """

    kind: str
    name: str
    id: int
    parent_id: int
    thread: int
    start: int
    duration: int
    line: Line | None
    dtype: dtype | None
    shape: tuple[int, ...] | None
    input_shapes: Shapes
    steps: tuple[Step, ...]
    bytes: int
    kept: int
    elements: int
    bytes_read: int
    bytes_written: int
    cpu_parent: FunctionEvent | None = None
    cpu_children: list[FunctionEvent] = field(default_factory=list)
    in_backward: bool = False
    is_inside_own_name: bool = False

    def __repr__(self) -> str:
        at = f", {line_text(self.line)}" if self.line is not None else ""
        return f"<{self.kind} {self.name}: {time_text(self.cpu_time_total)}{at}>"

    @property
    def key(self) -> str:
        return self.name

    @property
    def cpu_time_total(self) -> float:
        return self.duration / 1e3

    @property
    def self_cpu_time_total(self) -> float:
        return (self.duration - sum(child.duration for child in self.cpu_children)) / 1e3

    @property
    def self_cpu_memory_usage(self) -> int:
        return self.bytes

    @property
    def cpu_memory_usage(self) -> int:
        return self.bytes + sum(event.bytes for event in self._below())

    @property
    def stack(self) -> list[str]:
        return [] if self.line is None else [line_text(self.line)]

    def _below(self) -> Iterator[FunctionEvent]:
        waiting = list(self.cpu_children)
        while waiting:
            event = waiting.pop()
            waiting.extend(event.cpu_children)
            yield event

    def shares(self) -> Iterator[tuple[Step, float]]:
        """The steps of a program, each with its share of the time in us."""
        total = sum(step.cost for step in self.steps)
        for step in self.steps:
            yield step, self.self_cpu_time_total * step.cost / total


def _event_of(entry: Sequence[Any], start: int) -> FunctionEvent:
    kind, name, number, parent, thread, begun, duration, line, of, shape, inputs, steps = entry[:12]
    return FunctionEvent(
        KINDS[kind], name, number, parent, thread, begun - start, duration, line, of, shape,
        tuple(inputs), tuple(Step(*step) for step in steps), *entry[12:],
    )  # fmt: skip


def _has_name_above(event: FunctionEvent) -> bool:
    above = event.cpu_parent
    while above is not None and above.name != event.name:
        above = above.cpu_parent
    return above is not None


def read_events(entries: Iterable[Sequence[Any]], start: int) -> list[FunctionEvent]:
    """The library's list, which is in the order of ends, in the order of beginnings, each event
    with what it lies in and what lies in it."""
    events = sorted((_event_of(entry, start) for entry in entries), key=lambda e: (e.start, e.id))
    by_id = {event.id: event for event in events}
    for event in events:
        parent = by_id.get(event.parent_id)
        if parent is not None:
            event.cpu_parent = parent
            parent.cpu_children.append(event)
        event.in_backward = event.kind in ("node", "backward") or (
            parent is not None and parent.in_backward
        )
        event.is_inside_own_name = _has_name_above(event)
    return events


# ---- by name -------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class FunctionEventAvg:
    """Events of one name, shapes and line together: times in us, memory in bytes.

    `fused_time` is the share that the steps of ops had in programs, whose time is that of the
    events `fused(...)`. Of events that lie in each other and have one name, `cpu_time_total` and
    `cpu_memory_usage` count the outermost alone.
    """

    key: str
    kind: str
    input_shapes: Shapes | None = None
    stack: list[str] = field(default_factory=list)
    count: int = 0
    cpu_time_total: float = 0.0
    self_cpu_time_total: float = 0.0
    fused_time: float = 0.0
    cpu_memory_usage: int = 0
    self_cpu_memory_usage: int = 0
    kept: int = 0

    @property
    def cpu_time(self) -> float:
        return self.cpu_time_total / self.count if self.count else 0.0

    def _add(self, event: FunctionEvent) -> None:
        self.count += 1
        self.self_cpu_time_total += event.self_cpu_time_total
        self.self_cpu_memory_usage += event.bytes
        self.kept += event.kept
        if not event.is_inside_own_name:
            self.cpu_time_total += event.cpu_time_total
            self.cpu_memory_usage += event.cpu_memory_usage


_SORTS = (
    "count", "cpu_memory_usage", "cpu_time", "cpu_time_total", "fused_time", "kept", "key",
    "self_cpu_memory_usage", "self_cpu_time_total",
)  # fmt: skip


def _sorted(rows: list[Any], sort_by: str | None, default: str, known: Sequence[str]) -> list[Any]:
    """The largest first; names and places in the order of the alphabet."""
    by = default if sort_by is None else sort_by
    if by not in known:
        raise AttributeError(f"sort_by: expected one of {', '.join(known)}, got {by!r}")
    return sorted(rows, key=lambda row: getattr(row, by), reverse=by not in ("key", "where"))


class Averages(list[FunctionEventAvg]):
    """What `key_averages` gives: a list with a table."""

    def __init__(self, events: Iterable[FunctionEvent], by_shape: bool, by_line: bool) -> None:
        super().__init__()
        groups: dict[Any, FunctionEventAvg] = {}
        of_event: dict[int, FunctionEventAvg] = {}
        programs = []
        for event in events:
            shapes = event.input_shapes if by_shape else None
            stack = event.stack if by_line else []
            key = (event.name, event.kind, shapes, tuple(stack))
            row = groups.setdefault(key, FunctionEventAvg(event.name, event.kind, shapes, stack))
            row._add(event)
            of_event[event.id] = row
            if event.kind == "program":
                programs.append(event)
        for program in programs:
            for step, spent in program.shares():
                if step.event in of_event:
                    of_event[step.event].fused_time += spent
        self.extend(groups.values())
        self._shapes, self._lines = by_shape, by_line

    @property
    def self_cpu_time_total(self) -> float:
        return sum(row.self_cpu_time_total for row in self)

    def total_average(self) -> FunctionEventAvg:
        """All together."""
        total = FunctionEventAvg("Total", "")
        for row in self:
            total.count += row.count
            total.cpu_time_total += row.cpu_time_total
            total.self_cpu_time_total += row.self_cpu_time_total
            total.fused_time += row.fused_time
            total.cpu_memory_usage += row.cpu_memory_usage
            total.self_cpu_memory_usage += row.self_cpu_memory_usage
            total.kept += row.kept
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_name_column_width: int = 55,
        header: str | None = None,
    ) -> str:
        """The table: see `profile.table`."""
        whole = self.self_cpu_time_total
        heads = ["Name", "Calls", "Self %", "Self", "Total", "Per call", "In fused*", "Memory",
                 "Kept"]  # fmt: skip
        rows = [
            [
                row.key, str(row.count), percent_text(row.self_cpu_time_total, whole),
                time_text(row.self_cpu_time_total), time_text(row.cpu_time_total),
                time_text(row.cpu_time), time_text(row.fused_time, or_none=True),
                bytes_text(row.self_cpu_memory_usage), bytes_text(row.kept),
                *([str(list(row.input_shapes or ()))] if self._shapes else []),
                *([", ".join(row.stack)] if self._lines else []),
            ]
            for row in _sorted(self, sort_by, "self_cpu_time_total", _SORTS)
        ]  # fmt: skip
        heads += ["Input shapes"] if self._shapes else []
        heads += ["Line"] if self._lines else []
        text = table(heads, rows, row_limit, max_name_column_width, header)
        text += f"\nSelf CPU time total: {time_text(whole)}"
        if any(row.fused_time for row in self):
            text += (
                "\n* The share of these ops' steps in the rows fused(...), by what each step is "
                "expected to take:\n  part of those rows' time, and not beside it."
            )
        return text


# ---- by line -------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class LineAvg:
    """What a source line took, outside of backwards and in them: times in us, memory in bytes."""

    file: str
    line: int
    function: str
    count: int = 0
    forward_time: float = 0.0
    backward_time: float = 0.0
    forward_memory: int = 0
    backward_memory: int = 0
    kept: int = 0

    @property
    def time(self) -> float:
        return self.forward_time + self.backward_time

    @property
    def memory(self) -> int:
        return self.forward_memory + self.backward_memory

    @property
    def where(self) -> str:
        return line_text((self.file, self.line, self.function))

    @property
    def source(self) -> str:
        """The text of the line, as far as it can be read."""
        import linecache

        return linecache.getline(self.file, self.line).strip() if self.line else ""

    def _add(self, in_backward: bool, spent: float, new: int) -> None:
        if in_backward:
            self.backward_time += spent
            self.backward_memory += new
        else:
            self.forward_time += spent
            self.forward_memory += new


_LINE_SORTS = (
    "backward_memory", "backward_time", "count", "forward_memory", "forward_time", "kept",
    "memory", "time", "where",
)  # fmt: skip


class Lines(list[LineAvg]):
    """What `lines` gives: a list with a table."""

    def __init__(self, events: Sequence[FunctionEvent]) -> None:
        super().__init__()
        self._by_line: dict[Line, LineAvg] = {}
        by_id = {event.id: event for event in events}
        for event in events:
            if event.kind == "program":
                self._add_program(event, by_id)
            elif event.kind != "region":
                self._add_event(event)
        self.extend(self._by_line.values())

    def _row(self, line: Line | None) -> LineAvg:
        known = _UNKNOWN if line is None else line
        return self._by_line.setdefault(known, LineAvg(*known))

    def _add_event(self, event: FunctionEvent) -> None:
        row = self._row(event.line)
        row._add(event.in_backward, event.self_cpu_time_total, event.bytes)
        row.count += event.kind != "node"
        row.kept += event.kept

    def _add_program(self, program: FunctionEvent, by_id: dict[int, FunctionEvent]) -> None:
        for step, spent in program.shares():
            maker = by_id.get(step.event)
            row = self._row(_BEFORE if maker is None else maker.line)
            row._add(maker is not None and maker.in_backward, spent, step.bytes)

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_name_column_width: int = 40,
        header: str | None = None,
    ) -> str:
        """The table: see `profile.table`."""
        whole = sum(row.time for row in self)
        heads = ["Line", "Calls", "Time %", "Forward*", "Backward*", "Memory fwd", "Memory bwd",
                 "Kept", "Source"]  # fmt: skip
        rows = [
            [
                row.where, str(row.count), percent_text(row.time, whole),
                time_text(row.forward_time, or_none=True),
                time_text(row.backward_time, or_none=True),
                bytes_text(row.forward_memory), bytes_text(row.backward_memory),
                bytes_text(row.kept), row.source,
            ]
            for row in _sorted(self, sort_by, "time", _LINE_SORTS)
        ]  # fmt: skip
        text = table(heads, rows, row_limit, max_name_column_width, header)
        return (
            f"{text}\nCPU time total: {time_text(whole)}\n* The time of programs is split among "
            "the lines of the ops in them, by what each step is expected to take."
        )
