"""The command line: ``python -m benchmarks [names] [options]``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import _report, _rivals, _timing
from benchmarks._report import Options, Report
from benchmarks._timing import Effort

USUAL = ("overhead", "graphs", "large", "chain", "imports", "memory")
ON_REQUEST = ("instructions",)

FULL = Effort(rounds=25, sample_ms=5.0, budget_s=6.0)
QUICK = Effort(rounds=5, sample_ms=1.0, budget_s=0.4)

Run = Callable[[_rivals.Libraries, Options, Report], None]


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare pyautograd with PyTorch, NumPy, jax and HIPS autograd. "
        "Ratios are the rival's figure over ours: above 1, ours is faster or smaller.",
        epilog="Two JSON files are compared by: python -m benchmarks.compare old.json new.json",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"which to run: {', '.join(USUAL)} (default: these), {', '.join(ON_REQUEST)}",
    )
    parser.add_argument(
        "--sizes", type=_sizes, metavar="N,N", help="elements (of chain: operations), as 5,1e6"
    )
    parser.add_argument(
        "--threads",
        type=_threads,
        default=_threads("1,all"),
        metavar="N,N",
        help="threads of ours and torch in graphs, large (default 1,all); the others use one",
    )
    parser.add_argument("--quick", action="store_true", help="a few sizes, seconds in all")
    parser.add_argument("--rounds", type=_size, help="rounds wanted of each side (default 25)")
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
        help="of instructions: another built checkout, whose counts stand beside; above +0 %% in "
        "the last column, this one needs more",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser


def _effort(quick: bool, rounds: int | None) -> Effort:
    usual = QUICK if quick else FULL
    return Effort(rounds or usual.rounds, usual.sample_ms, usual.budget_s)


def _print_header(libraries: _rivals.Libraries, cpu_time: bool) -> None:
    machine = _report.machine()
    print(
        f"{machine['cpu']}, {machine['usable_cpus']} of {machine['cpus']} CPUs, "
        f"Python {sys.version.split()[0]}"
    )
    print(", ".join(f"{name} {version}" for name, version in libraries.versions().items()))
    print(f"pyautograd from {Path(libraries.modules[_rivals.OURS].__file__).parent}")
    for line in _rivals.configuration(libraries.modules[_rivals.OURS]).splitlines():
        print("  " + line)
    for name, reason in libraries.skipped.items():
        print(f"without {name}: {reason}")
    print("Figures are medians; beside each, half the distance between its quartiles.")
    if cpu_time:
        print("What is counted is CPU time.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks named on the command line; return the exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    usual = ("instructions",) if given.against else USUAL
    names = tuple(dict.fromkeys(given.names)) or usual
    if given.against and names != ("instructions",):
        parser.error("--against is of instructions alone")
    for name in names:
        if name not in USUAL + ON_REQUEST:
            parser.error(f"no benchmark {name!r}: there are {', '.join(USUAL + ON_REQUEST)}")
    _rivals.prefer_installed()
    try:
        libraries = _rivals.find(given.rivals)
    except ImportError as error:
        parser.error(f"pyautograd must be installed, see the README ({error})")
    effort = _effort(given.quick, given.rounds)
    options = Options(
        given.sizes, given.threads, given.quick, given.against, given.cpu_time, effort
    )
    if given.cpu_time:
        _timing.use_cpu_time()
        options = replace(options, threads=(1,))
    _print_header(libraries, given.cpu_time)
    report = Report(libraries)
    for name in names:
        run: Run = importlib.import_module(f"benchmarks.{name}").run
        run(libraries, options, report)
    if given.json:
        report.write(given.json, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
