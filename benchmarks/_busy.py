"""Whether other processes take the machine while something is measured."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import _figures

_STAT = Path("/proc/stat")
_IDLE = (3, 4)  # fields of a line of /proc/stat: idle, and waiting for a disk
_COUNTED = 8  # fields before those of guests, which are counted as user time already
_SHORTEST_S = 0.2  # the kernel counts in hundredths of a second

# From here on figures are not to be trusted: what others take of all CPUs, and for which part of
# its time a loop that could run waited for a CPU.
MUCH_OF_ALL = 0.15
MUCH_WAITING = 0.05


def _busy_s() -> float | None:
    """Return the CPU seconds that all processes, and other virtual machines, took until now."""
    try:
        fields = [int(field) for field in _STAT.read_text().split("\n", 1)[0].split()[1:]]
    except (OSError, ValueError):
        return None
    busy = sum(count for i, count in enumerate(fields[:_COUNTED]) if i not in _IDLE)
    return busy / float(os.sysconf("SC_CLK_TCK"))


def own_s() -> float:
    """Return the CPU seconds of this process, and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@dataclass(frozen=True)
class Busy:
    """How busy the machine was during a measurement, None where that is not known."""

    others: float | None = None  # CPUs that others kept busy, on average
    waited: float | None = None  # part of the loops' time in which they had no CPU

    @property
    def much(self) -> bool:
        """Whether figures suffer from it."""
        others = (self.others or 0.0) > MUCH_OF_ALL * (os.cpu_count() or 1)
        return others or (self.waited or 0.0) > MUCH_WAITING

    def words(self) -> str:
        """Say it."""
        parts = []
        if self.others is not None:
            cpus = _figures.counted(os.cpu_count() or 1, "CPU")
            parts.append(f"others kept {self.others:.1f} of {cpus} busy")
        if self.waited is not None and self.waited > MUCH_WAITING:
            share = _figures.percent(self.waited)
            parts.append(f"loops waited for a CPU {share} of their time")
        return ", ".join(parts)


class Watch:
    """Tells what other processes took since it was last asked."""

    def __init__(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self._wall, self._busy, self._own = time.monotonic(), _busy_s(), own_s()

    def others(self) -> float | None:
        """Return the CPUs that others kept busy since the last call, None if it is not known."""
        wall, busy, own = self._wall, self._busy, self._own
        self._restart()
        elapsed = self._wall - wall
        if busy is None or self._busy is None or elapsed < _SHORTEST_S:
            return None
        return max(0.0, (self._busy - busy) - (self._own - own)) / elapsed


def before(seconds: float = 0.5) -> Busy:
    """Return how busy the machine is while this process sleeps for so long.

    Where the kernel does not tell, the average of the last minute stands for it.
    """
    watch = Watch()
    time.sleep(seconds)
    others = watch.others()
    if others is None and hasattr(os, "getloadavg"):
        others = os.getloadavg()[0]
    return Busy(others)
