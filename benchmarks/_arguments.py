"""The words of the command line and what they ask for."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import _rivals
from benchmarks._plan import Options
from benchmarks._timing import Effort

USUAL = (
    *("overhead", "graphs", "large", "sums", "layouts", "arrays", "linalg", "distributions"),
    *("optim", "hooks", "pauses", "threads", "chain", "imports", "memory"),
)
NAMES = (*USUAL, "checkpoint", "instructions")

FULL = Effort(rounds=31, sample_ms=5.0, budget_s=6.0)
QUICK = Effort(rounds=5, sample_ms=1.0, budget_s=0.4)


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

benchmarks, all but the last two unless some are named:
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
    parser.add_argument("--rounds", type=_size, metavar="N", help="rounds of each side (31)")
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
    usual = QUICK if given.quick else FULL
    return Options(
        sizes=given.sizes,
        threads=_thread_counts(given),
        quick=given.quick,
        against=given.against,
        cpu_time=given.cpu_time,
        effort=replace(usual, rounds=given.rounds or usual.rounds),
    )


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    names: tuple[str, ...]
    rivals: tuple[str, ...]
    options: Options
    json: Path | None


def read(arguments: Sequence[str] | None) -> Request:
    """Return what the command line, or ``arguments``, asks for. Exits if that makes no sense."""
    parser = _parser()
    given = parser.parse_args(arguments)
    return Request(_names(parser, given), given.rivals, _options(given), given.json)
