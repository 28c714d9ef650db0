"""What the benchmarks found: a table when its steps are done, and a JSON file at the end."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from benchmarks import _figures, _plan, _rivals, _table
from benchmarks._busy import Busy
from benchmarks._plan import Compared, Options, Row, Table
from benchmarks._timing import Summary

FORMAT = 2  # of the JSON file

# Half the distance between the quartiles over the median: from here on the figure says little.
UNSTEADY = 0.25
MARK = "?"


@dataclass(frozen=True)
class Record:
    """One side's cell of a row. ``ratio`` is the rival's figure over ours, None for our own."""

    benchmark: str
    case: str
    size: int | None
    sized: str  # what the size is a number of
    threads: int | None
    side: str
    unit: str  # a key of `_figures.UNITS`
    median: float
    q1: float
    q3: float
    best: float
    rounds: int
    ratio: float | None
    ratio_spread: float | None
    op: str | None = None  # of a case that has several operations

    @property
    def row(self) -> tuple[str, str, str | None, int | None, int | None]:
        """What the cells of a row have in common."""
        return self.benchmark, self.case, self.op, self.size, self.threads

    @property
    def key(self) -> tuple[str, str, str | None, int | None, int | None, str]:
        """What names the same cell in another run."""
        return *self.row, self.side

    @property
    def spread(self) -> float:
        """How far the rounds spread, see `Summary`."""
        return Summary(self.median, self.q1, self.q3, self.best, self.rounds).spread

    @property
    def steady(self) -> bool:
        """Whether the rounds agree well enough for the median to mean something."""
        return self.spread < UNSTEADY

    @property
    def steady_ratio(self) -> float | None:
        """The ratio, if there is one and the rounds agree on it."""
        return self.ratio if (self.ratio_spread or 0.0) < UNSTEADY else None

    def figure(self) -> str:
        """Return the median as it stands in a table."""
        return ("" if self.steady else MARK) + _figures.value(self.median, self.unit)


def records_of(benchmark: str, row: Row, sized: str = "elements") -> Iterator[Record]:
    """Yield the cells of a row, ours first."""
    for side in row.comparison.samples:
        ratios = None
        if row.ratios and side != _rivals.OURS:
            ratios = row.comparison.ratios(side)
        yield Record(
            benchmark,
            row.case,
            row.size,
            sized,
            row.threads,
            side,
            row.unit,
            **asdict(row.comparison.summary(side)),
            ratio=ratios.median if ratios else None,
            ratio_spread=ratios.spread if ratios else None,
            op=row.op,
        )


def _ratio(record: Record | None, compared: Compared) -> str:
    if record is None or record.ratio is None:
        return _table.NOTHING
    if record.steady_ratio is None:
        return MARK
    if compared == "change":
        return _figures.change(record.ratio)
    return _figures.digits(record.ratio if compared == "ratio" else 1.0 / record.ratio)


def labels(heads: Sequence[Record]) -> tuple[list[_table.Column], str]:
    """Return the first columns, which tell rows apart, and in words what the rows have in common.

    ``heads`` has a record of each row.
    """
    kinds = {head.sized for head in heads}
    sized = kinds.pop() if len(kinds) == 1 else "size"
    values = {
        "case": [head.case for head in heads],
        "op": [head.op or "" for head in heads],
        sized: ["" if head.size is None else _figures.number(head.size) for head in heads],
        "threads": ["" if head.threads is None else str(head.threads) for head in heads],
    }
    varying = [title for title, cells in values.items() if len(set(cells)) > 1] or ["case"]
    words = ("case", "op")
    columns = [_table.Column(title, values[title], left=title in words) for title in varying]
    first = heads[0]
    common = _plan.label(
        "" if "case" in varying else first.case,
        None if sized in varying else first.size,
        None if "threads" in varying else first.threads,
        sized,
        None if "op" in varying else first.op,
    )
    return columns, common


def _side(
    rows: Sequence[Mapping[str, Record]], side: str, compared: Compared
) -> list[_table.Column]:
    """Return the columns of a side: its figures and, of a rival, the ratios."""
    cells = [row.get(side) for row in rows]
    columns = [_table.Column(side, [cell.figure() if cell else _table.NOTHING for cell in cells])]
    if any(cell and cell.ratio is not None for cell in cells):
        columns.append(_table.Column(compared, [_ratio(cell, compared) for cell in cells]))
    return columns


def _spreads(rows: Sequence[Mapping[str, Record]]) -> list[_table.Column]:
    """Return the column of spreads, of the side where it is widest; none of single rounds."""
    if all(record.rounds == 1 for row in rows for record in row.values()):
        return []
    widest = [max(record.spread for record in row.values()) for row in rows]
    return [_table.Column("spread", [_figures.percent(spread) for spread in widest])]


def table_lines(records: Sequence[Record], table: Table) -> list[str]:
    """Return the heading and the lines of a table, or of several where one would be too wide."""
    if table.means:
        return means_lines(records, table, table.means)
    rows: dict[Any, dict[str, Record]] = {}
    for record in records:
        rows.setdefault(record.row, {})[record.side] = record
    found = list(rows.values())
    first, common = labels([next(iter(row.values())) for row in found])
    heading = f"{records[0].benchmark}: {table.heading}{'; ' if common else ''}{common}"
    sides = list(dict.fromkeys(record.side for record in records))
    ours, *rivals = (_side(found, side, table.compared) for side in sides)
    spread = _spreads(found)
    lines = _table.wrapped(heading)
    for some in _table.split([first, ours, spread], rivals):
        lines += _table.lines([first, ours, *some, spread])
    return lines + (_worst(records, sides[1], "case") if table.worst and rivals else [])


WORST = 10  # rows that are shown under a table


def _worst(records: Sequence[Record], rival: str, title: str) -> list[str]:
    """Return the lines of the rows in which ours does worst against a rival."""
    ours = {record.row: record for record in records if record.side == _rivals.OURS}
    found = [record for record in records if record.side == rival and record.ratio is not None]
    worst = sorted(found, key=lambda record: record.ratio or 0.0)[:WORST]
    ratios = [
        ("" if record.steady_ratio else MARK) + _figures.digits(record.ratio or 0.0)
        for record in worst
    ]
    ops = [record.op or "" for record in worst]
    columns = [
        _table.Column(title, [record.case for record in worst], left=True),
        *([_table.Column("op", ops, left=True)] if any(ops) else []),
        _table.Column(worst[0].sized, [_figures.number(record.size or 0) for record in worst]),
        _table.Column(_rivals.OURS, [ours[record.row].figure() for record in worst]),
        _table.Column(rival, [record.figure() for record in worst]),
        _table.Column("ratio", ratios),
    ]
    return [f"{_table.INDENT}worst against {rival}:", *_table.lines([columns])]


def _mean(records: Sequence[Record]) -> str:
    """Return the geometric mean of ratios, or of our own figures."""
    ratios = [record.ratio for record in records if record.ratio is not None]
    if ratios:
        return _figures.digits(geometric_mean(ratios))
    if not records:
        return _table.NOTHING
    return _figures.value(geometric_mean([record.median for record in records]), records[0].unit)


def means_lines(records: Sequence[Record], table: Table, title: str) -> list[str]:
    """Return the lines of a table of means (see `Table.means`, which is ``title``)."""
    cases = list(dict.fromkeys(record.case for record in records))
    sizes = list(dict.fromkeys(record.size for record in records))
    rivals = list(dict.fromkeys(record.side for record in records if record.ratio is not None))
    cells: dict[Any, list[Record]] = {}
    for record in records:
        cells.setdefault((record.side, record.size, record.case), []).append(record)
    groups = []
    for side in rivals or [_rivals.OURS]:
        titles = [_figures.number(size or 0) for size in sizes]
        titles[0] = f"{side}: {titles[0]}"
        means = [[_mean(cells.get((side, size, case), [])) for case in cases] for size in sizes]
        groups.append([_table.Column(*each) for each in zip(titles, means, strict=True)])
    first = [_table.Column(title, cases, left=True)]
    common = _plan.label("", None, records[0].threads)
    lines = _table.wrapped(f"{records[0].benchmark}: {table.heading}; {common}")
    for some in _table.split([first], groups):
        lines += _table.lines([first, *some])
    return lines + (_worst(records, rivals[0], title) if rivals else [])


def machine() -> dict[str, Any]:
    """Return what identifies this machine: figures of another are not comparable."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    return {
        "cpu": model,
        "cpus": os.cpu_count(),
        "usable_cpus": _rivals.all_threads(),
        "architecture": platform.machine(),
        "system": platform.system(),
    }


@dataclass
class Report:
    """Prints the tables and keeps their records."""

    libraries: _rivals.Libraries
    records: list[Record] = field(default_factory=list)
    busy: list[tuple[str, Busy]] = field(default_factory=list)  # the tables where it was much

    def table(self, benchmark: str, table: Table, rows: Sequence[Row], busy: Busy) -> None:
        """Print a table and keep its cells; one whose steps gave nothing is left out."""
        if table.steps and not rows:
            return
        records = [cell for row in rows for cell in records_of(benchmark, row, table.sized)]
        lines = table_lines(records, table) if records else [f"{benchmark}: {table.heading}"]
        if busy.much:
            self.busy.append((lines[0], busy))
            lines += _table.wrapped(f"BUSY MACHINE: {busy.words()}", _table.INDENT)
        for note in table.notes:
            lines += _table.wrapped(note, _table.INDENT)
        self.records += records
        print("\n" + "\n".join(lines), flush=True)

    def write(self, path: Path, options: Options) -> None:
        """Write all records, with all that they depend on, as JSON."""
        ours = self.libraries.modules[_rivals.OURS]
        content = {
            "format": FORMAT,
            "machine": machine(),
            "python": platform.python_version(),
            "platform": platform.platform(),
            "versions": self.libraries.versions(),
            "skipped": self.libraries.skipped,
            "config": _rivals.configuration(ours),
            "options": {**asdict(options), "against": options.against and str(options.against)},
            "busy": [{"table": heading, **asdict(busy)} for heading, busy in self.busy],
            "records": [asdict(record) for record in self.records],
        }
        path.write_text(json.dumps(content, indent=1) + "\n")
