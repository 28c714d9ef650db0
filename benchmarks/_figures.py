"""How figures are written: times, bytes, counts and ratios, with three digits and their unit."""

from __future__ import annotations

from collections.abc import Callable


def digits(value: float) -> str:
    """Return ``value`` with three significant digits, without an exponent.

    >>> digits(1.5), digits(15.0), digits(1500.4), digits(0.0)
    ('1.50', '15.0', '1500', '0')
    """
    if value == 0 or abs(value) >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}"


def _scaled(value: float, units: tuple[tuple[str, float], ...]) -> str:
    """Return ``value`` in the first unit in which it has three digits before the point at most."""
    for unit, scale in units[:-1]:
        if abs(value) < 999.5 * scale:
            return f"{digits(value / scale)} {unit}"
    unit, scale = units[-1]
    return f"{digits(value / scale)} {unit}"


def time(nanoseconds: float) -> str:
    """Return a duration with its unit.

    >>> time(1234.0)
    '1.23 us'
    """
    return _scaled(nanoseconds, (("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)))


def size(count: float) -> str:
    """Return a number of bytes with its unit.

    >>> size(250.0), size(3 * 2**20)
    ('250 B', '3.00 MB')
    """
    return _scaled(count, (("B", 1), ("KB", 2**10), ("MB", 2**20), ("GB", 2**30)))


def change(ratio: float) -> str:
    """Return by how much ours is more than the other, given the other's over ours.

    >>> change(0.8), change(1.0)
    ('+25.00 %', '+0.00 %')
    """
    percent = round(100.0 * (1.0 / ratio - 1.0), 2)
    return f"{percent + 0.0:+.2f} %"  # -0.0 becomes 0.0


def percent(part: float) -> str:
    """Return a part of one in whole percent.

    >>> percent(0.034)
    '3 %'
    """
    return f"{part:.0%}".replace("%", " %")


def number(count: int) -> str:
    """Return a count, large round ones in short.

    >>> number(8192), number(100_000), number(16_000_000)
    ('8192', '1e5', '1.6e7')
    """
    text = str(count)
    figures = text.rstrip("0")
    if len(text) < 6 or len(figures) > 2:
        return text
    return f"{figures[0]}{'.' if figures[1:] else ''}{figures[1:]}e{len(text) - 1}"


def counted(count: int, thing: str) -> str:
    """Return a count of things in words.

    >>> counted(1, "thread"), counted(2, "thread")
    ('1 thread', '2 threads')
    """
    return f"{number(count)} {thing}{'' if count == 1 else 's'}"


# What a record's unit is called in a summary, and how its values are written.
UNITS: dict[str, tuple[str, Callable[[float], str]]] = {
    "ns": ("time", time),
    "bytes": ("memory", size),
    "instructions": ("instructions", lambda value: f"{value:,.0f}"),
}


def value(figure: float, unit: str) -> str:
    """Return a figure in one of `UNITS`.

    >>> value(1500.0, "instructions")
    '1,500'
    """
    return UNITS[unit][1](figure)
