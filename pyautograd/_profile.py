# SPDX-License-Identifier: MIT
"""`profile`: what ops, backwards and the evaluation of what pends take, by op and by source line;
`record_function`: regions of a profile that have a name."""

from __future__ import annotations

import json
import os
import threading
from contextlib import ContextDecorator
from types import TracebackType
from typing import Any, TypeVar

from ._core import _profile_start, _profile_stop, _region_begin, _region_end
from ._profile_events import (
    Averages,
    FunctionEvent,
    FunctionEventAvg,
    Lines,
    line_text,
    read_events,
)

__all__ = ["profile", "record_function"]

Self = TypeVar("Self", bound="record_function")


class profile:
    """Inside `with profile() as p:` all threads' ops, backwards and evaluations are recorded, with
    their times, memory and source lines; afterwards `p` has tables of them.

    Nothing that is computed changes, and what pends goes on pending. The call of an elementwise op
    on a large tensor only records it, which takes next to nothing: its time is that of the program
    that computes it, when somebody wants numbers, together with all ops that are fused with it.
    Such a program is an event of its own, `fused(sub, exp, sum)`.

    An event has the line of the innermost call outside of this package; a node of a backward has
    that which recorded it. `fused` events have the line that wanted numbers. Ops that a rule, a
    formula or another op consists of are not told of apart. An event takes about 0.2 us more than
    without a profile.

    The arguments are PyTorch's. Shapes, memory and lines are always recorded, whatever
    `record_shapes`, `profile_memory` and `with_stack` say.

    Args:
        enabled: whether anything is recorded.

    Raises:
        RuntimeError: a profile is being recorded already, or this one is entered twice.
        MemoryError: (at the end, or if an exception ends the block when the profile is asked) there
            was no memory for all events. The profile is then lost; what was profiled is not
            affected.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.ones(100_000, requires_grad=True)
        >>> with ag.profile() as p:
        ...     y = ((x - 1).exp() * x).sum()
        ...     y.backward()
        >>> [event.name for event in p.events() if event.kind == "program"]
        ['fused(sub, exp, vjp_mul, add, mul, sum)']
        >>> sorted(row.key for row in p.key_averages() if row.kind == "op")
        ['exp', 'mul', 'sub', 'sum']
        >>> print(p.table(row_limit=2).splitlines()[0].split()[:3])
        ['Name', 'Calls', 'Self']
        >>> print(p.table(by="line", row_limit=2).splitlines()[0].split()[:2])
        ['Line', 'Calls']
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
    ) -> None:
        self.enabled = enabled
        self._entered = False
        self._events: list[FunctionEvent] | None = None
        self._lost = ""
        self._threads: dict[int, str] = {}

    def __enter__(self) -> profile:
        if self._entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        if self.enabled:
            _profile_start()
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            start, _, entries = _profile_stop() if self.enabled else (0, 0, [])
        except MemoryError as lost:
            self._lost = str(lost)
            if error is None:
                raise
            return
        self._threads = {t.ident: t.name for t in threading.enumerate() if t.ident is not None}
        self._events = read_events(entries, start)

    def __repr__(self) -> str:
        return "<unfinished profile>" if self._events is None else self.table()

    def events(self) -> list[FunctionEvent]:
        """All events, in the order in which they began.

        Raises:
            RuntimeError: the profile has not ended.

        Example:
            >>> import pyautograd as ag
            >>> with ag.profile() as p:
            ...     y = ag.tensor([1.0, 2.0]).exp()
            >>> [(event.name, event.shape) for event in p.events()]
            [('exp', (2,))]
        """
        if self._lost:
            raise MemoryError(self._lost)
        if self._events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self._events

    @property
    def function_events(self) -> list[FunctionEvent]:
        """The same, by PyTorch's name."""
        return self.events()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, in us: what lies in another counts once."""
        return sum(event.self_cpu_time_total for event in self.events())

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> Averages:
        """Events of one name together: a list of rows, with PyTorch's names, and a `table()`.

        Args:
            group_by_input_shape: those of other shapes of operands apart.
            group_by_stack_n: if not 0, those of other source lines apart.

        Raises:
            RuntimeError: the profile has not ended.

        Example:
            >>> import pyautograd as ag
            >>> with ag.profile() as p:
            ...     y = ag.ones(2).exp().exp() + ag.ones(3).exp().sum()
            >>> [(row.key, row.count) for row in p.key_averages()]
            [('exp', 3), ('sum', 1), ('add', 1)]
            >>> rows = p.key_averages(group_by_input_shape=True)
            >>> [(row.key, row.count, row.input_shapes) for row in rows][:2]
            [('exp', 2, ((2,),)), ('exp', 1, ((3,),))]
        """
        return Averages(self.events(), group_by_input_shape, group_by_stack_n > 0)

    def total_average(self) -> FunctionEventAvg:
        """All events together.

        Raises:
            RuntimeError: the profile has not ended.
        """
        return self.key_averages().total_average()

    def lines(self) -> Lines:
        """What each source line took: a list of rows with `file`, `line`, `forward_time`,
        `backward_time` (in us), `forward_memory`, `backward_memory`, `kept` (in bytes) and
        `source`, and a `table()`.

        Forward is all that is outside of a backward. A line's backward is the turns of the nodes
        that it recorded; what else a backward does has the line that called it. The time of a
        program is split among the lines of the ops in it by what each step is expected to take:
        about as long as memory takes for arithmetic, seven times that for functions like `exp`.

        Raises:
            RuntimeError: the profile has not ended.

        Example:
            >>> import pyautograd as ag
            >>> x = ag.ones(3, requires_grad=True)
            >>> with ag.profile() as p:
            ...     y = x.exp().sum()
            ...     y.backward()
            >>> [(row.line, row.count, row.backward_time > 0) for row in p.lines()]
            [(2, 2, True), (3, 1, True)]
        """
        return Lines(self.events())

    def table(
        self, by: str = "op", sort_by: str | None = None, row_limit: int = 100, **kwargs: Any
    ) -> str:
        """A table by op or by source line, of what took longest first.

        Self is the time without that of other events inside, Total with it; Memory is new memory
        that results got, Kept what a node keeps for its rule, the operands' memory too. In fused is
        what an op's steps took in programs, about: it is part of the rows `fused(...)`.

        Args:
            by: "op" or "line".
            sort_by: another column: by op `count`, `cpu_time_total`, `self_cpu_time_total`,
                `cpu_time`, `fused_time`, `self_cpu_memory_usage`, `cpu_memory_usage`, `kept` and
                `key`; by line `time`, `forward_time`, `backward_time`, `memory`, `forward_memory`,
                `backward_memory`, `kept`, `count`, `where`.
            row_limit: rows at most; all if it is below 0.
            **kwargs: `max_name_column_width`, and `header`, a line above.

        Raises:
            RuntimeError: the profile has not ended.
            ValueError: `by` is neither.
            AttributeError: there is no such column.

        Example:
            >>> import pyautograd as ag
            >>> with ag.profile() as p:
            ...     y = ag.ones(2).exp()
            >>> print(p.table(sort_by="count", header="One op").splitlines()[0])
            One op
        """
        if by not in ("op", "line"):
            raise ValueError(f'by: expected "op" or "line", got {by!r}')
        rows = self.lines() if by == "line" else self.key_averages()
        return rows.table(sort_by=sort_by, row_limit=row_limit, **kwargs)

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Write the events to a file that https://ui.perfetto.dev and chrome://tracing open.

        Args:
            path: the file, which is overwritten.

        Raises:
            RuntimeError: the profile has not ended.
            OSError: the file cannot be written.

        Example:
            >>> import json, os, tempfile
            >>> import pyautograd as ag
            >>> with ag.profile() as p:
            ...     y = ag.ones(2).exp()
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = os.path.join(folder, "trace.json")
            ...     p.export_chrome_trace(path)
            ...     with open(path) as file:
            ...         trace = json.load(file)
            >>> [event["name"] for event in trace["traceEvents"] if event["ph"] == "X"]
            ['exp']
        """
        events = self.events()
        numbers: dict[int, int] = {}
        for event in events:
            numbers.setdefault(event.thread, len(numbers) + 1)
        trace = [_name_of_process()]
        for thread, number in numbers.items():
            name = self._threads.get(thread, f"thread {number}")
            trace.append(_metadata("thread_name", number, name))
        ops = {event.id: event for event in events}
        trace.extend(_chrome_event(event, numbers[event.thread], ops) for event in events)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"displayTimeUnit": "ms", "traceEvents": trace}, file)


def _metadata(what: str, thread: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": os.getpid(), "tid": thread, "args": {"name": name}}


def _name_of_process() -> dict[str, Any]:
    return _metadata("process_name", 0, "pyautograd")


def _chrome_event(
    event: FunctionEvent, thread: int, by_id: dict[int, FunctionEvent]
) -> dict[str, Any]:
    return {
        "ph": "X",
        "name": event.name,
        "cat": event.kind,
        "pid": os.getpid(),
        "tid": thread,
        "ts": event.start / 1e3,
        "dur": event.duration / 1e3,
        "args": _arguments(event, by_id),
    }


def _arguments(event: FunctionEvent, by_id: dict[int, FunctionEvent]) -> dict[str, Any]:
    """What is shown of an event that is clicked on."""
    shown: dict[str, Any] = {}
    if event.line is not None:
        shown["line"] = line_text(event.line)
        shown["file"] = event.line[0]
    if event.shape is not None:
        shown["shape"] = list(event.shape)
        shown["dtype"] = str(event.dtype)
        shown["input shapes"] = [None if s is None else list(s) for s in event.input_shapes]
    for name in ("bytes", "kept", "elements", "bytes_read", "bytes_written"):
        if getattr(event, name):
            shown[name] = getattr(event, name)
    if event.steps:
        lines: dict[str, dict[str, int]] = {}
        for step in event.steps:
            maker = by_id.get(step.event)
            at = "before the profile" if maker is None else f"{maker.name}, {maker.stack[:1]}"
            ops = lines.setdefault(at, {})
            ops[step.op] = ops.get(step.op, 0) + 1
        shown["ops"] = lines
    return shown


class record_function(ContextDecorator):
    """A region with a name in a profile: a `with` block, or the calls of a decorated function.

    Without a profile it does nothing. It must end on the thread on which it began, before the
    regions that it lies in; else it is left out.

    Args:
        name: of the event.

    Raises:
        TypeError: `name` is no str.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.autograd.profiler import record_function
        >>> with ag.profile() as p:
        ...     with record_function("model"):
        ...         y = ag.ones(2).exp()
        >>> [(event.name, event.kind) for event in p.events()]
        [('model', 'region'), ('exp', 'op')]
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(
                f"record_function(): argument 'name' must be str, not {type(name).__name__}"
            )
        self.name = name
        self._begun: list[Any] = []

    def _recreate_cm(self: Self) -> Self:
        return type(self)(self.name)

    def __enter__(self: Self) -> Self:
        self._begun.append(_region_begin())
        return self

    def __exit__(self, *unused: object) -> None:
        region = self._begun.pop()
        if region is not None:
            _region_end(region, self.name)
