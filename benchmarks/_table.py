"""Tables as text, never wider than a terminal of 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDEST = 100
INDENT = "  "
NOTHING = "-"


@dataclass(frozen=True)
class Column:
    """A title and the cells under it."""

    title: str
    cells: Sequence[str]
    left: bool = False  # aligned to the left, as words are

    @property
    def width(self) -> int:
        """How many characters it takes."""
        return max(len(text) for text in (self.title, *self.cells))

    def lines(self) -> list[str]:
        """Return title and cells, all as wide as the widest of them."""
        texts = (self.title, *self.cells)
        return [text.ljust(self.width) if self.left else text.rjust(self.width) for text in texts]


Group = Sequence[Column]


def _width(groups: Sequence[Group]) -> int:
    columns = [column for group in groups for column in group]
    return len(INDENT) + sum(column.width + len(INDENT) for column in columns) - len(INDENT)


def split(fixed: Sequence[Group], others: Sequence[Group]) -> list[list[Group]]:
    """Share ``others`` among as few tables as need be for each to fit, ``fixed`` in all of them."""
    tables: list[list[Group]] = [[]]
    for group in others:
        if tables[-1] and _width([*fixed, *tables[-1], group]) > WIDEST:
            tables.append([])
        tables[-1].append(group)
    return tables


def lines(groups: Sequence[Group]) -> list[str]:
    """Return the lines of a table.

    >>> lines([[Column("case", ["a + b", "-a"], left=True)], [Column("time", ["7 ns", "12 ns"])]])
    ['  case    time', '  a + b   7 ns', '  -a     12 ns']
    """
    columns = [column.lines() for group in groups for column in group]
    rows = zip(*columns, strict=True)
    return [(INDENT + INDENT.join(cells)).rstrip() for cells in rows]


def wrapped(text: str, indent: str = "") -> list[str]:
    """Return ``text`` in lines that fit, those after the first set in by four columns more."""
    return textwrap.wrap(
        text, WIDEST, initial_indent=indent, subsequent_indent=indent + "    ",
        break_on_hyphens=False,
    )  # fmt: skip
