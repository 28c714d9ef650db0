"""The command line: ``python -m benchmarks [names] [options]``."""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import _busy, _figures, _plan, _report, _rivals, _summary, _table, _timing
from benchmarks._plan import OTHER, Options, Plan, Table
from benchmarks._progress import Progress
from benchmarks._report import Report
from benchmarks._timing import Effort

USUAL = ("overhead", "graphs", "large", "sums", "pauses", "chain", "imports", "memory")
NAMES = (*USUAL, "instructions")

FULL = Effort(rounds=25, sample_ms=5.0, budget_s=6.0)
QUICK = Effort(rounds=5, sample_ms=1.0, budget_s=0.4)

_STARTED = time.monotonic()
INTERRUPTED = 130  # the exit status, as shells have it


def _size(text: str) -> int:
    size = int(float(text))
    if size < 1:
        raise argparse.ArgumentTypeError(f"a size is at least 1, not {text}")
    return size


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(_size(part) for part in text.split(","))


def _threads(text: str) -> tuple[int, ...]:
    counts = [_rivals.all_threads() if part == "all" else _size(part) for part in text.split(",")]
    return tuple(dict.fromkeys(counts))


def _rival_names(text: str) -> tuple[str, ...]:
    names = tuple(name for name in text.split(",") if name and name != "none")
    unknown = [name for name in names if name not in _rivals.RIVALS]
    if unknown:
        known = ", ".join(_rivals.RIVALS)
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {known}")
    return names


def _build(text: str) -> Path:
    folder = Path(text).resolve()
    if not _rivals.is_build(folder):
        raise argparse.ArgumentTypeError(f"no built pyautograd in {text}: run `make build` there")
    return folder


DESCRIPTION = """\
Compare pyautograd with PyTorch, NumPy, jax and HIPS autograd, as far as they are installed.

benchmarks, all but the last unless some are named:
"""
EPILOG = """\
Tables come on the standard output stream as they are done, at most 100 columns wide, and at the
end a line that sums up; what is being measured, and the time left, on the standard error stream.

A ratio is the rival's figure over ours: above 1, ours is faster or smaller. A figure whose rounds
differ too much to mean anything has a ? before it, and such a ratio is a mere ?. Where other
processes took the CPUs during a table, BUSY MACHINE stands under it: measure again when they have
ended, or use --cpu-time, which compares at one thread.

examples:
  python -m benchmarks --quick                      everything once, a minute or less
  python -m benchmarks graphs --sizes 5,1e6         one benchmark at two sizes
  python -m benchmarks instructions --against PATH  what a change costs, busy machine or not
  python -m benchmarks --json new.json              keep the figures
  python -m benchmarks.compare old.json new.json    two runs side by side
"""


def _first_lines() -> str:
    """Return what each benchmark measures: the first line of its module."""
    docs = {name: importlib.import_module(f"benchmarks.{name}").__doc__ for name in NAMES}
    return "".join(f"  {name:<14}{(doc or '').splitlines()[0]}\n" for name, doc in docs.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=DESCRIPTION + _first_lines(),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which to run")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a few sizes and rounds, at most two threads: all takes less than a minute of CPU",
    )
    parser.add_argument(
        "--sizes",
        type=_sizes,
        metavar="N,N",
        help="elements (of chain: operations), as 5,1e6, instead of each benchmark's own",
    )
    parser.add_argument(
        "--threads",
        type=_threads,
        metavar="N,N",
        help="threads of ours and of torch where these matter (default 1,all); others use one",
    )
    parser.add_argument("--rounds", type=_size, metavar="N", help="rounds of each side (25)")
    parser.add_argument(
        "--rivals",
        type=_rival_names,
        default=_rivals.RIVALS,
        metavar="NAME,NAME",
        help=f"whom to compare with, of {','.join(_rivals.RIVALS)} (default: all), or none",
    )
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="count CPU time, for busy machines: at one thread, and not of imports",
    )
    parser.add_argument(
        "--against",
        type=_build,
        metavar="PATH",
        help="another built checkout, whose instructions stand beside those of this one",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser


def _effort(quick: bool, rounds: int | None) -> Effort:
    usual = QUICK if quick else FULL
    return Effort(rounds or usual.rounds, usual.sample_ms, usual.budget_s)


LEGEND = (
    "Figures are medians of rounds. ratio: the rival's figure over ours, so that above 1 ours is "
    "faster or smaller. spread: half the distance between the quartiles over the median, of the "
    "side where that is widest; figures and ratios that spread too wide to mean much have a ?."
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


def _names(parser: argparse.ArgumentParser, given: argparse.Namespace) -> tuple[str, ...]:
    """Return the benchmarks to run; exit if there are none of that name."""
    names = tuple(dict.fromkeys(given.names)) or (("instructions",) if given.against else USUAL)
    for name in names:
        if name not in NAMES:
            parser.error(f"no benchmark {name!r}: there are {', '.join(NAMES)}")
    if given.against and names != ("instructions",):
        parser.error("--against is of instructions alone")
    return names


def _thread_counts(given: argparse.Namespace) -> tuple[int, ...]:
    """Return at how many threads to measure: CPU time compares one alone."""
    if given.cpu_time:
        return (1,)
    most = _rivals.all_threads()
    usual = (1, min(2, most)) if given.quick else (1, most)
    return given.threads or tuple(dict.fromkeys(usual))


def _options(given: argparse.Namespace) -> Options:
    """Return what was asked for; set the clock."""
    if given.cpu_time:
        _timing.use_cpu_time()
    return Options(
        given.sizes,
        _thread_counts(given),
        given.quick,
        given.against,
        given.cpu_time,
        _effort(given.quick, given.rounds),
    )


def _duration() -> str:
    """Return how long this process has run and what CPU time it took, with its children's."""
    taken = _figures.time(1e9 * (time.monotonic() - _STARTED))
    return f"All this took {taken}, {_figures.time(1e9 * _busy.own_s())} of CPU time."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks named on the command line; return the exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    names = _names(parser, given)
    _rivals.prefer_installed()
    try:
        libraries = _rivals.find(given.rivals)
    except ImportError as error:
        parser.error(f"pyautograd must be installed, see the README ({error})")
    options = _options(given)
    print("\n".join(_header(libraries, given.cpu_time)), flush=True)
    report = Report(libraries)
    whole = _run(_plans(names, libraries, options), report)
    print("\n".join(["", *_summary.lines(report, OTHER if given.against else None), _duration()]))
    if given.json:
        report.write(given.json, options)
    if not whole:
        print("Interrupted: the rest was not measured.", file=sys.stderr)
    return 0 if whole else INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
