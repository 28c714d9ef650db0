"""Two runs side by side: ``python -m benchmarks.compare old.json new.json``.

The runs must be of one machine. torch's own change between them stands beside ours: where both
moved alike, the machine did.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import _figures, _report, _rivals, _table
from benchmarks._busy import Busy
from benchmarks._report import Record

Key = tuple[str, str, str | None, int | None, int | None, str]
Cells = dict[Key, Record]


class NotComparable(Exception):
    """The two files are of different machines or of different formats."""


def read(path: Path) -> dict[str, Any]:
    """Return the content of a file that ``python -m benchmarks --json`` wrote."""
    content: dict[str, Any] = json.loads(path.read_text())
    if content.get("format") != _report.FORMAT:
        raise NotComparable(f"{path}: format {content.get('format')}, not {_report.FORMAT}")
    return content


def check_same_machine(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Raise `NotComparable` if the runs are of different machines."""
    for key in sorted(old["machine"].keys() | new["machine"].keys()):
        was, is_now = old["machine"].get(key), new["machine"].get(key)
        if was != is_now:
            raise NotComparable(f"different machines: {key} is {was!r} in one, {is_now!r} in other")


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield everything besides the machine that may explain a change."""
    for key in ("python", "config"):
        if old[key] != new[key]:
            yield f"{key} changed:"
            yield from ("  " + line for each in (old, new) for line in str(each[key]).splitlines())
    for name in sorted(old["versions"].keys() | new["versions"].keys()):
        was, is_now = old["versions"].get(name), new["versions"].get(name)
        if was != is_now:
            yield f"{name} changed: {was} to {is_now}"
    for when, content in (("old", old), ("new", new)):
        for busy in content["busy"]:
            words = Busy(busy["others"], busy["waited"]).words()
            yield f"BUSY MACHINE, {when}, {busy['table']}: {words}"


def _cells(content: dict[str, Any]) -> Cells:
    records = [Record(**record) for record in content["records"]]
    return {record.key: record for record in records}


def _change(before: Record | None, after: Record | None) -> str:
    """Return the old figure over the new one."""
    if not before or not after or not after.median:
        return _table.NOTHING
    if not (before.steady and after.steady):
        return _report.MARK
    return _figures.digits(before.median / after.median)


def _columns(before: Cells, after: Cells, ours: Sequence[Record]) -> list[_table.Column]:
    """Return the columns of a table whose rows are those of ``ours``, our old records."""

    def changes(title: str, keys: Sequence[Key]) -> _table.Column:
        return _table.Column(title, [_change(before.get(key), after.get(key)) for key in keys])

    keys = [record.key for record in ours]
    control = changes("torch old/new", [replace(record, side="torch").key for record in ours])
    return [
        _table.Column("old", [before[key].figure() for key in keys]),
        _table.Column("new", [after[key].figure() for key in keys]),
        *([control] if set(control.cells) != {_table.NOTHING} else []),
        changes("old/new", keys),
    ]


def tables(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table for each benchmark, of our cells that both runs have."""
    before, after = _cells(old), _cells(new)
    ours = [cell for key, cell in before.items() if cell.side == _rivals.OURS and key in after]
    for benchmark in dict.fromkeys(cell.benchmark for cell in ours):
        rows = [cell for cell in ours if cell.benchmark == benchmark]
        first, common = _report.labels(rows)
        yield f"{benchmark}{'; ' if common else ''}{common}"
        yield from _table.lines([first, _columns(before, after, rows)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; return 2 if the files cannot be compared."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="Compare two runs on one machine; above 1 in the last column, new is faster. "
        "A ? stands where the rounds of a run differ too much to mean anything.",
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    given = parser.parse_args(arguments)
    try:
        old, new = read(given.old), read(given.new)
        check_same_machine(old, new)
    except NotComparable as error:
        print(f"cannot compare: {error}", file=sys.stderr)
        return 2
    for text in differences(old, new):
        print("\n".join(_table.wrapped(text)))
    for line in tables(old, new):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
