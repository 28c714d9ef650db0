"""The end of a run: how ours did against each rival, in a line or two, and what to doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import geometric_mean

from benchmarks import _figures, _plan, _rivals, _table
from benchmarks._report import UNSTEADY, Record, Report


def _row(record: Record) -> str:
    where = _plan.label(record.case, record.size, record.threads, record.sized, record.op)
    return f"{record.benchmark}, {where}"


def _ratios(records: Sequence[Record], unit: str) -> dict[str, list[tuple[float, Record]]]:
    """Return the ratios that mean something of each rival, and where they were found."""
    present = {record.side for record in records}
    known = [side for side in _rivals.RIVALS if side in present]  # in the order of the tables
    others = sorted(present.difference(known))
    found: dict[str, list[tuple[float, Record]]] = {side: [] for side in (*known, *others)}
    for record in records:
        ratio = record.steady_ratio
        if record.unit == unit and ratio:
            found[record.side].append((ratio, record))
    return {side: ratios for side, ratios in found.items() if ratios}


def _against_rivals(records: Sequence[Record], unit: str) -> Iterator[str]:
    """Yield one line that sums up, then one for each rival."""
    found = _ratios(records, unit)
    means = []
    for side, ratios in found.items():
        mean = _figures.digits(geometric_mean([ratio for ratio, _ in ratios]))
        means.append(f"{side} {mean}")
    if means:
        name = _figures.UNITS[unit][0]
        yield f"In all, {name} over ours (geometric means): {', '.join(means)}."
    for side, ratios in found.items():
        behind = sum(ratio < 1.0 for ratio, _ in ratios)
        worst, where = min(ratios, key=lambda each: each[0])
        rows = _figures.counted(len(ratios), "row")
        yield (
            f"  {side}: ours behind in {behind} of {rows}; "
            f"least {_figures.digits(worst)}, {_row(where)}"
        )


MUCH_MORE = 1.01


def _against_build(records: Sequence[Record], side: str) -> Iterator[str]:
    """Yield one line on the instructions of another build."""
    ratios = _ratios(records, "instructions").get(side)
    if not ratios:
        return
    mean = _figures.change(geometric_mean([ratio for ratio, _ in ratios]))
    worst, where = min(ratios, key=lambda each: each[0])
    more = sum(1.0 / ratio > MUCH_MORE for ratio, _ in ratios)
    rows = _figures.counted(len(ratios), "row")
    yield (
        f"In all, instructions: {mean} (geometric mean); more than +1 % in {more} of {rows}; "
        f"most {_figures.change(worst)}, {where.case}."
    )


def _doubts(report: Report) -> Iterator[str]:
    unsteady = sum(not record.steady for record in report.records)
    if unsteady:
        yield (
            f"{_figures.counted(unsteady, 'figure')} of {len(report.records)} with ? "
            f"{'means' if unsteady == 1 else 'mean'} little: "
            f"the spread is {_figures.percent(UNSTEADY)} or more. Ratios with ? are not summed up."
        )
    if report.busy:
        heading, worst = max(report.busy, key=lambda each: each[1].others or 0.0)
        yield (
            f"The machine was busy during {_figures.counted(len(report.busy), 'table')}; worst, "
            f"{heading}: {worst.words()}. Run these again when the machine is quiet."
        )


def lines(report: Report, other: str | None = None) -> list[str]:
    """Return the summary; ``other`` is the side that is another build of pyautograd."""
    found: list[str] = []
    if other:
        found += _against_build(report.records, other)
    else:
        for unit in _figures.UNITS:
            found += _against_rivals(report.records, unit)
    found += _doubts(report)
    return [line for text in found for line in _table.wrapped(text)]
