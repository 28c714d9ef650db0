# SPDX-License-Identifier: MIT
"""Text of the tables of a profile: numbers with their units, and columns."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["bytes_text", "percent_text", "table", "time_text"]


def time_text(us: float, or_none: bool = False) -> str:
    """A time in us as text; nothing of none, if that may be.

    Example:
        >>> time_text(0.25), time_text(1500.0), time_text(2e6), time_text(0.0, or_none=True)
        ('0.250us', '1.500ms', '2.000s', '')
    """
    if us >= 1e6:
        return f"{us / 1e6:.3f}s"
    if us >= 1e3:
        return f"{us / 1e3:.3f}ms"
    return f"{us:.3f}us" if us or not or_none else ""


def bytes_text(count: int) -> str:
    """A number of bytes as text.

    Example:
        >>> bytes_text(0), bytes_text(800), bytes_text(8_000_000)
        ('', '800 B', '7.63 MB')
    """
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} B" if count else ""


def percent_text(part: float, whole: float) -> str:
    """A share as text.

    Example:
        >>> percent_text(1.0, 8.0), percent_text(0.0, 0.0)
        ('12.50%', '')
    """
    return f"{100 * part / whole:.2f}%" if whole else ""


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 3, 0)] + "..."


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    row_limit: int,
    name_width: int,
    header: str | None,
) -> str:
    """Rows under their heads, texts to the left and numbers to the right: at most `row_limit` of
    them, all if that is below 0.

    Example:
        >>> print(table(["Name", "Calls"], [["exp", "2"], ["multiply", "10"]], 1, 55, None))
        Name  Calls
        ----  -----
        exp       2
        ... 1 more row
    """
    shown = [[_shortened(row[0], name_width), *row[1:]] for row in rows]
    shown = shown if row_limit < 0 else shown[:row_limit]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]
    left = {0, *(k for k, head in enumerate(heads) if head in ("Input shapes", "Line", "Source"))}

    def line_of(cells: Sequence[str]) -> str:
        aligned = (
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(aligned).rstrip()

    lines = [line_of(heads), line_of(["-" * width for width in widths]), *map(line_of, shown)]
    if header is not None:
        lines.insert(0, header)
    hidden = len(rows) - len(shown)
    if hidden:
        lines.append(f"... {hidden} more {'row' if hidden == 1 else 'rows'}")
    return "\n".join(lines)
