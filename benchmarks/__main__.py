"""The command line: ``python -m benchmarks [names] [options]``."""

from __future__ import annotations

import importlib
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import (
    _arguments,
    _busy,
    _figures,
    _plan,
    _process,
    _report,
    _rivals,
    _summary,
    _table,
    _timing,
)
from benchmarks._plan import OTHER, Options, Plan, Table
from benchmarks._progress import Progress
from benchmarks._report import Report

_STARTED = time.monotonic()

# Exit statuses besides 0: that of errors in the command line, and of Ctrl-C in shells.
CANNOT_RUN = 2
INTERRUPTED = 130


LEGEND = (
    "Figures are medians of rounds. ratio: the rival's figure over ours, so that above 1 ours is "
    "faster or smaller; distance: ours over the rival's. spread: half the distance between the "
    "quartiles over the median, of the side where that is widest; figures and ratios that spread "
    "too wide to mean much have a ?."
)


def _header(libraries: _rivals.Libraries, cpu_time: bool) -> list[str]:
    """Return what the figures depend on, and how to read them."""
    machine, ours = _report.machine(), libraries.modules[_rivals.OURS]
    cpus = f"{machine['usable_cpus']} of {_figures.counted(machine['cpus'], 'CPU')}"
    lines = [
        f"{machine['cpu']}, {cpus}, Python {sys.version.split()[0]}",
        ", ".join(f"{name} {version}" for name, version in libraries.versions().items()),
        f"pyautograd from {Path(ours.__file__).parent}",
        *("  " + line.strip() for line in _rivals.configuration(ours).splitlines()),
        *(f"without {name}: {reason}" for name, reason in libraries.skipped.items()),
        LEGEND,
    ]
    if cpu_time:
        lines.append("What is counted is CPU time.")
    before = _busy.before()
    if before.much:
        advice = "" if cpu_time else " With one thread, --cpu-time helps."
        lines.append(f"BUSY MACHINE: {before.words()}, before the start.{advice}")
    return [line for text in lines for line in _table.wrapped(text)]


def _measure(name: str, table: Table, report: Report, progress: Progress) -> None:
    """Run the steps of a table and print it: what there is of it, if this is interrupted."""
    rows: list[_plan.Row] = []
    watch = _busy.Watch()
    try:
        for step in table.steps:
            progress.begin(step)
            rows += step.run()
            progress.done(step)
    finally:
        waited = [row.comparison.waited for row in rows if row.comparison.waited is not None]
        busy = _busy.Busy(watch.others(), statistics.fmean(waited) if waited else None)
        progress.clear()
        report.table(name, table, rows, busy)


def _run(plans: Mapping[str, Sequence[Table]], report: Report) -> bool:
    """Run all; return False if the user stopped it."""
    progress = Progress(plans)
    try:
        for name, tables in plans.items():
            progress.benchmark(name)
            for table in tables:
                _measure(name, table, report, progress)
    except KeyboardInterrupt:
        return False
    return True


def _plans(
    names: Sequence[str], libraries: _rivals.Libraries, options: Options
) -> dict[str, Sequence[Table]]:
    plans: dict[str, Sequence[Table]] = {}
    for name in names:
        plan: Plan = importlib.import_module(f"benchmarks.{name}").plan
        plans[name] = plan(libraries, options)
    return plans


def _duration() -> str:
    """Return how long this process has run and what CPU time it took, with its children's."""
    taken = _figures.time(1e9 * (time.monotonic() - _STARTED))
    return f"All this took {taken}, {_figures.time(1e9 * _busy.own_s())} of CPU time."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks named on the command line; return the exit status."""
    request = _arguments.read(arguments)
    options = request.options
    _rivals.prefer_installed()
    try:
        libraries = _rivals.find(request.rivals)
    except ImportError as error:
        print(f"pyautograd must be installed, see the README ({error})", file=sys.stderr)
        return CANNOT_RUN
    if options.cpu_time:
        _timing.use_cpu_time()
    print("\n".join(_header(libraries, options.cpu_time)), flush=True)
    report = Report(libraries)
    whole = _run(_plans(request.names, libraries, options), report)
    other = OTHER if options.against else None
    print("\n".join(["", *_summary.lines(report, other), _duration()]))
    if request.json:
        report.write(request.json, options)
    if not whole:
        print("Interrupted: the rest was not measured.", file=sys.stderr)
    return 0 if whole else INTERRUPTED


if __name__ == "__main__":
    _process.start_with_one_thread_of_blas()
    sys.exit(main())
