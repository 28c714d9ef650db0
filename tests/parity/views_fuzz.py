# SPDX-License-Identifier: MIT
"""Random programs of views and writes (views_programs.py) beside PyTorch, for as long as you like.

    python tests/parity/views_fuzz.py                2000 programs
    python tests/parity/views_fuzz.py --minutes 10   as many as ten minutes allow
    python tests/parity/views_fuzz.py --seed 123     that program, or how it fails
    python tests/parity/views_fuzz.py FILE           the program in that file, at every pace

Programs run in child processes, some in each: one that a program kills is reported with its seed.
The exit status is 1 if the libraries parted.
"""

from __future__ import annotations

import argparse
import faulthandler
import functools
import gc
import os
import pickle
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from views_compare import Comparison, Parting, candidates, pace_of, shrink
from views_programs import program

import pyautograd as ag

BATCH = 50  # programs of one child
PATIENCE = 30  # seconds for one program, on a busy machine
PACES = (0, 1, 2)

# What torch does at the first use of an operation, done before children are made: it takes 0.4 s.
WARMING = """
x = ag.tensor(r(1, 2, 3), requires_grad=True)
t = x * x + x.sin() * 2 - x / 3 + x.exp() + x.tanh() + x.sigmoid() + x.cos().sqrt() + x ** 2
t1 = t.t().permute([1, 0]).view(-1).reshape(2, 3).expand(2, 2, 3)[0, :, 1:].unsqueeze(0).squeeze()
t2 = ag.from_numpy(np.asfortranarray(r(2, 2, 3))).flatten().transpose(0, 0)[None].clone()
t1.retain_grad(); t1.mul_(2).add_(1).pow_(2); t1[0] = 1; t1.copy_(t1.detach() * 2); t1.zero_()
(t1.sum() + ag.maximum(t, x).mean() + ag.where(t > x, t, x).sum()).backward(create_graph=True)
t3, = ag.autograd.grad((x * x).sum(), [x], create_graph=True)
t3.sum().backward()
t4 = x.detach(); t5 = x.data; x.data = t5.clone(); x.grad = None; x.requires_grad_(False)
""".strip().splitlines()


def load_torch() -> Any:
    import torch

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    ag.set_num_threads(1)
    compare(torch, WARMING, 0)
    gc.collect()
    gc.freeze()  # children need not copy what a collection would touch
    return torch


@functools.cache
def threshold() -> int:
    """Elements from which values pend."""
    return 24 if "AG_TESTING" in str(ag.show_config()) else 8192


def compare(torch: Any, lines: list[str], pace: int) -> Parting | None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return Comparison(torch, ag, lines, pace).run()


# ---- children ------------------------------------------------------------------------------------


def in_child(work: Callable[[], Iterable[Any]], quiet: bool = False) -> Iterator[Any]:
    """What `work` yields in a fork of this process; last, a word of the signal that ended it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(work, writing, quiet)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            while True:
                try:
                    yield pickle.load(pipe)
                except (EOFError, pickle.UnpicklingError):
                    break
    finally:
        _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        yield f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    elif os.WEXITSTATUS(status):
        yield f"exit status {os.WEXITSTATUS(status)}"


def _child(work: Callable[[], Iterable[Any]], writing: int, quiet: bool) -> None:
    status = 1
    try:
        if quiet:  # what a dying process says was said before
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        else:
            faulthandler.enable()
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            for item in work():
                pipe.write(pickle.dumps(item))
        status = 0
    except BrokenPipeError:  # enough was read
        pass
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(status)  # not sys.exit: what the parent registered to do at the end is its own


def parting_of(torch: Any, lines: list[str], pace: int, quiet: bool = True) -> Parting | None:
    """That of the program run in a child."""

    def work() -> Iterator[Any]:
        signal.alarm(PATIENCE)
        yield compare(torch, lines, pace)

    *_, last = in_child(work, quiet)
    return Parting(len(lines), "process", "none", last) if isinstance(last, str) else last


def partings(torch: Any, seeds: Sequence[int]) -> Iterator[tuple[int, Parting]]:
    """The seeds whose programs part, a batch in each child."""
    seeds = list(seeds)
    while seeds:
        batch = seeds[:BATCH]

        def work(batch: list[int] = batch) -> Iterator[Any]:
            for seed in batch:
                signal.alarm(PATIENCE)
                yield seed
                yield compare(torch, program(seed, threshold()), pace_of(seed))

        last = batch[0]
        for item in in_child(work):
            if isinstance(item, int):
                last = item
            elif isinstance(item, str):
                yield last, Parting(0, "process", "none", item)
            elif item is not None:
                yield last, item
        seeds = seeds[seeds.index(last) + 1 :]


# ---- reports -------------------------------------------------------------------------------------


def shortened(torch: Any, lines: list[str], pace: int, kind: str) -> tuple[list[str], int]:
    """The lines that matter, and the most attentive pace at which they part in the same way."""

    def still(pace: int) -> Callable[[list[str]], bool]:
        def check(shorter: list[str]) -> bool:
            parting = parting_of(torch, shorter, pace)
            return parting is not None and parting.kind == kind

        return check

    pace = next((p for p in PACES if p <= pace and still(p)(lines)), pace)
    lines = shrink(lines, still(pace))
    for at in range(len(lines)):
        for line in candidates(lines[at]):
            simpler = [*lines[:at], line, *lines[at + 1 :]]
            if still(pace)(simpler):
                lines = simpler
    return lines, pace


def report(torch: Any, seed: int | str, lines: list[str], pace: int, found: Parting) -> str:
    again = parting_of(torch, lines, pace)
    if again is None:
        return (
            f"seed {seed}: only after the programs before it in its batch of {BATCH}: {found}\n"
            + "\n".join(lines)
        )
    short, pace = shortened(torch, lines, pace, again.kind)
    last = parting_of(torch, short, pace) or again
    again_by = f"python tests/parity/views_fuzz.py --seed {seed}"
    return "\n".join((f"seed {seed}, pace {pace}: {last}", "the program:", *short, again_by))


def run_seeds(torch: Any, seeds: Sequence[int], most: int, until: float) -> int:
    """Reports up to `most` programs that part; how many there were."""
    found = 0
    for at in range(0, len(seeds), BATCH):
        if time.monotonic() > until:
            break
        for seed, parting in partings(torch, seeds[at : at + BATCH]):
            found += 1
            lines = program(seed, threshold())
            print(report(torch, seed, lines, pace_of(seed), parting), flush=True)
            print(flush=True)
            if found >= most:
                return found
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", nargs="?", help="a program to run")
    parser.add_argument("--seed", type=int, help="run and show that program")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=2000, help="how many programs")
    parser.add_argument("--minutes", type=float, help="for how long, instead of how many")
    parser.add_argument("--most", type=int, default=10, help="reports after which to stop")
    options = parser.parse_args(arguments)
    torch = load_torch()
    if options.file is not None:
        lines = Path(options.file).read_text().splitlines()
        lines = [line for line in lines if line.strip() and not line.startswith("#")]
        found = {pace: parting_of(torch, lines, pace, quiet=False) for pace in PACES}
        for pace, parting in found.items():
            print(f"pace {pace}: {parting or 'the same in both'}")
        return int(any(parting is not None for parting in found.values()))
    if options.seed is not None:
        lines, pace = program(options.seed, threshold()), pace_of(options.seed)
        print("\n".join(lines))
        parting = parting_of(torch, lines, pace, quiet=False)
        print(report(torch, options.seed, lines, pace, parting) if parting else "the same in both")
        return int(parting is not None)
    count = 10**9 if options.minutes else options.count
    until = time.monotonic() + 60 * (options.minutes or 1e6)
    seeds = range(options.first, options.first + count)
    found_seeds = run_seeds(torch, seeds, options.most, until)
    print(f"{found_seeds} programs parted")
    return int(found_seeds > 0)


if __name__ == "__main__":
    sys.exit(main())
