"""What is being measured and how much time is left, on the standard error stream.

On a terminal one line is rewritten again and again. Elsewhere, as in a file or a pipe, each
benchmark is announced by a line of its own and nothing is rewritten.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

from benchmarks import _figures
from benchmarks._plan import Step, Table

_REWRITE = "\r\x1b[K"  # to the start of the line, and clear it
# The estimates of the plan count for so many seconds against what was observed.
_PRIOR_S = 3.0


def in_words(seconds: float) -> str:
    """Return a duration to come, as roughly as it is known.

    >>> in_words(0.4), in_words(42.0), in_words(95.0), in_words(600.0)
    ('1 s', '42 s', '2 min', '10 min')
    """
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


class Progress:
    """Follows a plan: begin a benchmark, begin each step, done with it."""

    def __init__(self, plans: Mapping[str, Sequence[Table]], stream: TextIO | None = None) -> None:
        steps = [step for tables in plans.values() for table in tables for step in table.steps]
        self._stream = stream or sys.stderr
        self._rewrites = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._plans = plans
        self._count, self._total = 0, len(steps)
        self._expected_left = sum(step.seconds for step in steps)
        self._expected_done = self._taken = _PRIOR_S
        self._name = ""
        self._started = 0.0

    def left(self) -> float:
        """Return the seconds that all steps to come will take, as far as is known now."""
        return self._expected_left * self._taken / self._expected_done

    def benchmark(self, name: str) -> None:
        """Begin a benchmark."""
        self._name = name
        if not self._rewrites:
            steps = sum(len(table.steps) for table in self._plans[name])
            left = in_words(self.left())
            number = f"{list(self._plans).index(name) + 1} of {len(self._plans)}"
            counted = _figures.counted(steps, "measurement")
            print(f"{name} ({number}): {counted}, about {left} left in all", file=self._stream)
            self._stream.flush()

    def begin(self, step: Step) -> None:
        """Begin a step."""
        self._count += 1
        self._started = time.monotonic()
        if self._rewrites:
            left = f"about {in_words(self.left())} left"
            text = f"{self._count} of {self._total}, {left}: {self._name}, {step.label}"
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(_REWRITE + text[:width])
            self._stream.flush()

    def done(self, step: Step) -> None:
        """End a step."""
        self._taken += time.monotonic() - self._started
        self._expected_done += step.seconds
        self._expected_left -= step.seconds

    def clear(self) -> None:
        """Leave the terminal's line to what is printed next."""
        if self._rewrites:
            self._stream.write(_REWRITE)
            self._stream.flush()
