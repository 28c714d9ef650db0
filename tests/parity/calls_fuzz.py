# SPDX-License-Identifier: MIT
"""Random calls (calls_random.py) beside PyTorch, for as long as you like.

    python tests/parity/calls_fuzz.py                10000 calls
    python tests/parity/calls_fuzz.py --minutes 10   as many as ten minutes allow
    python tests/parity/calls_fuzz.py --seed 123     that call, and what both libraries give
    python tests/parity/calls_fuzz.py --only norm    calls of functions of that name

Calls run in child processes, some in each: one that a call kills is reported with its seed. The
exit status is 1 if the libraries parted where calls_differences.py has no reason.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.append(str(Path(__file__).parents[2] / "csrc"))

from calls_compare import parting
from calls_differences import excused
from calls_random import call_of
from views_fuzz import in_child

BATCH = 400  # calls of one child


def load_torch() -> Any:
    import torch

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    return torch


def report(seed: int, torch: Any, only: str = "") -> str:
    """How the call of that seed parts, "" if it does not."""
    call = call_of(seed, only)
    found = parting(call, torch)
    if found is None or excused(call, found):
        return ""
    return f"seed {seed}: {found} of\n    {call}"


def reports(torch: Any, seeds: Sequence[int], only: str = "") -> Iterator[str]:
    """Of those that part, or end their process."""
    seeds = list(seeds)
    while seeds:
        batch = seeds[:BATCH]

        def work(batch: list[int] = batch) -> Iterator[Any]:
            for seed in batch:
                yield seed
                yield (report(seed, torch, only),)

        last = batch[0]
        for item in in_child(work):
            if isinstance(item, int):
                last = item
            elif isinstance(item, str):
                yield f"seed {last}: {item} by\n    {call_of(last, only)}"
            elif item[0]:
                yield item[0]
        seeds = seeds[seeds.index(last) + 1 :]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="run and show that call")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=10_000, help="how many calls")
    parser.add_argument("--minutes", type=float, help="for how long, instead of how many")
    parser.add_argument("--most", type=int, default=20, help="reports after which to stop")
    parser.add_argument("--only", default="", help="the name of a function")
    options = parser.parse_args(arguments)
    torch = load_torch()
    if options.seed is not None:
        call = call_of(options.seed, options.only)
        found = parting(call, torch)
        print(f"{call}\n{found or 'the same in both'}")
        if found:
            print(f"    why:   {excused(call, found) or 'no reason is known'}")
        return int(found is not None and not excused(call, found))
    until = time.monotonic() + 60 * (options.minutes or 1e6)
    end = options.first + (10**9 if options.minutes else options.count)
    found_calls = 0
    for first in range(options.first, end, BATCH):
        if time.monotonic() > until or found_calls >= options.most:
            break
        for text in reports(torch, range(first, min(first + BATCH, end)), options.only):
            found_calls += 1
            print(text, flush=True)
    print(f"{found_calls} calls parted")
    return int(found_calls > 0)


if __name__ == "__main__":
    sys.exit(main())
