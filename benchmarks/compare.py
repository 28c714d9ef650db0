"""Two runs side by side: ``python -m benchmarks.compare old.json new.json``.

The runs must be of one machine. torch's own change between them stands beside ours: where both
moved alike, the machine did.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import _report, _rivals

Key = tuple[str, str, int | None, int | None, str]
Cells = dict[Key, dict[str, Any]]


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


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return one line for everything besides the machine that may explain a change."""
    lines = []
    for key in ("python", "config"):
        if old[key] != new[key]:
            lines.append(f"{key} changed:\n    {old[key]}\n    {new[key]}".replace("\\n", " "))
    for name in sorted(old["versions"].keys() | new["versions"].keys()):
        was, is_now = old["versions"].get(name), new["versions"].get(name)
        if was != is_now:
            lines.append(f"{name} changed: {was} to {is_now}")
    return lines


def _cells(content: dict[str, Any]) -> Cells:
    records = [_report.Record(**record) for record in content["records"]]
    return {record.key: vars(record) for record in records}


def _change(old: Cells, new: Cells, key: Key) -> float | None:
    before, after = old.get(key), new.get(key)
    if not before or not after or not after["median"]:
        return None
    return float(before["median"] / after["median"])


def rows(old: dict[str, Any], new: dict[str, Any]) -> list[list[str]]:
    """Return the table: a header and a row for each of our cells that both runs have."""
    before, after = _cells(old), _cells(new)
    table = [["benchmark", "case", "size", "threads", "old", "new", "torch old/new", "old/new"]]
    for key, cell in before.items():
        benchmark, case, size, threads, side = key
        if side != _rivals.OURS or key not in after:
            continue
        control = _change(before, after, (benchmark, case, size, threads, "torch"))
        change = _change(before, after, key)
        table.append(
            [benchmark, case]
            + ["" if value is None else str(value) for value in (size, threads)]
            + [_report.format_value(each[key]["median"], cell["unit"]) for each in (before, after)]
            + ["-" if value is None else _report.digits(value) for value in (control, change)]
        )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; return 2 if the files cannot be compared."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="Compare two runs on one machine; above 1 in the last column, new is faster.",
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
    for line in differences(old, new):
        print(line)
    table = rows(old, new)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        left = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        print("  ".join(left + right))
    return 0


if __name__ == "__main__":
    sys.exit(main())
