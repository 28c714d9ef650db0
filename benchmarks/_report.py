"""What the benchmarks found: aligned tables while they run, and a JSON file at the end."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import _rivals
from benchmarks._timing import Comparison, Effort

FORMAT = 1  # of the JSON file


@dataclass(frozen=True)
class Options:
    """What the command line asks of every benchmark."""

    sizes: tuple[int, ...] | None = None  # instead of each benchmark's own
    threads: tuple[int, ...] = (1,)
    quick: bool = False
    against: Path | None = None  # another build of pyautograd, whose instructions are counted
    cpu_time: bool = False  # what is counted is CPU time
    effort: Effort = field(default_factory=Effort)

    def choose(self, usual: Sequence[int], quick: Sequence[int]) -> tuple[int, ...]:
        """Return the sizes asked for, else the short list if quick, else the usual one."""
        if self.sizes is not None:
            return self.sizes
        return tuple(quick if self.quick else usual)


@dataclass(frozen=True)
class Record:
    """One cell of a table. ``ratio`` is the rival's figure over ours, None for our own."""

    benchmark: str
    case: str
    size: int | None
    threads: int | None
    side: str
    unit: str  # "ns", "bytes", "instructions" or "times"
    median: float
    q1: float
    q3: float
    best: float
    rounds: int
    ratio: float | None

    @property
    def key(self) -> tuple[str, str, int | None, int | None, str]:
        """What names the same cell in another run."""
        return self.benchmark, self.case, self.size, self.threads, self.side


def format_time(nanoseconds: float) -> str:
    """Return a duration with three digits and its unit.

    >>> format_time(1234.0)
    '1.23 us'
    """
    for unit, scale in (("ns", 1.0), ("us", 1e3), ("ms", 1e6)):
        if abs(nanoseconds) < 999.5 * scale:
            return f"{digits(nanoseconds / scale)} {unit}"
    return f"{digits(nanoseconds / 1e9)} s"


def format_bytes(count: float) -> str:
    """Return a number of bytes with its unit.

    >>> format_bytes(250.0), format_bytes(3 * 2**20)
    ('250 B', '3.00 MB')
    """
    for unit, scale in (("B", 1), ("KB", 2**10), ("MB", 2**20)):
        if abs(count) < 999.5 * scale:
            return f"{digits(count / scale)} {unit}"
    return f"{digits(count / 2**30)} GB"


def digits(value: float) -> str:
    """Return ``value`` with three significant digits, without an exponent.

    >>> digits(1.5), digits(15.0), digits(1500.4), digits(0.0)
    ('1.50', '15.0', '1500', '0')
    """
    if value == 0 or abs(value) >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}"


def format_change(ratio: float) -> str:
    """Return by how much ours is more than the other, given the other's over ours.

    >>> format_change(0.8), format_change(1.0)
    ('+25.00 %', '+0.00 %')
    """
    percent = round(100.0 * (1.0 / ratio - 1.0), 2)
    return f"{percent + 0.0:+.2f} %"  # -0.0 becomes 0.0


_FORMATS: dict[str, Callable[[float], str]] = {
    "ns": format_time,
    "bytes": format_bytes,
    "instructions": lambda value: f"{value:,.0f}",
    "times": digits,
}


def format_value(value: float, unit: str) -> str:
    """Return a figure of one of the units of `Record`.

    >>> format_value(1500.0, "instructions")
    '1,500'
    """
    return _FORMATS[unit](value)


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
    """Prints each row as it comes and keeps the records."""

    libraries: _rivals.Libraries
    records: list[Record] = field(default_factory=list)
    _benchmark: str = ""
    _sides: tuple[str, ...] = ()
    _case_width: int = 0
    _change: bool = False

    def begin(
        self,
        benchmark: str,
        title: str,
        sides: Sequence[str],
        case_width: int,
        change: bool = False,
    ) -> None:
        """Start the table of a benchmark: its columns are ``sides``, ours first, then ratios.

        With ``change``, instead of ratios, by how much ours is more than the other.
        """
        self._benchmark, self._sides, self._case_width = benchmark, tuple(sides), case_width
        self._change = change
        rivals = [side for side in sides if side != _rivals.OURS]
        print(f"\n{benchmark}: {title}")
        self._line(
            ["case", "size", "threads"],
            list(sides),
            ["change" if change else f"{rival}/ours" for rival in rivals],
        )

    def _line(self, head: list[str], cells: list[str], ratios: list[str]) -> None:
        text = f"  {head[0]:<{self._case_width}} {head[1]:>9} {head[2]:>7}"
        text += "".join(f" {cell:>15}" for cell in cells)
        text += "".join(f" {ratio:>14}" for ratio in ratios)
        print(text.rstrip(), flush=True)

    def row(
        self,
        case: str,
        comparison: Comparison,
        size: int | None = None,
        threads: int | None = None,
        unit: str = "ns",
        ratios: bool = True,
    ) -> None:
        """Print a row and keep its cells; without ``ratios`` where they would mean nothing."""
        cells, quotients = [], []
        for side in self._sides:
            rival = side != _rivals.OURS
            if side not in comparison.samples:
                cells.append("-")
                quotients += ["-"] if rival else []
                continue
            figures = comparison.summary(side)
            ratio = comparison.ratio(side) if rival and ratios else None
            if ratio is not None and not math.isfinite(ratio):
                ratio = None
            spread = f" {figures.spread:4.0%}" if figures.rounds > 1 else ""
            cells.append(format_value(figures.median, unit) + spread)
            shown = format_change if self._change else digits
            quotients += [shown(ratio) if ratio is not None else "-"] if rival else []
            self.records.append(
                Record(
                    self._benchmark,
                    case,
                    size,
                    threads,
                    side,
                    unit=unit,
                    ratio=ratio,
                    **asdict(figures),
                )
            )
        head = [case, "" if size is None else str(size), "" if threads is None else str(threads)]
        self._line(head, cells, quotients)

    def note(self, text: str) -> None:
        """Print a remark under the table."""
        print(f"  {text}", flush=True)

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
            "records": [asdict(record) for record in self.records],
        }
        path.write_text(json.dumps(content, indent=1) + "\n")
