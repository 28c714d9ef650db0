# SPDX-License-Identifier: MIT
"""A process that runs programs: a line of JSON in, [threads, failures, at_once, lines], and a line
of JSON out, what was to be seen, in order. Its environment decides how (PYAUTOGRAD_FUSE ...).

With failures not 0 (a seed; testing builds only), lines run out of memory again and again: each
must fail without a trace, since it is then run once more. With at_once > 1 so many threads of
Python each run the program, and all must see the same.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import json
import pickle
import random
import re
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import pyautograd as ag


def numbers(seed: int, *shape: int) -> Any:
    """Of several magnitudes, with signs, and now and then a zero of either sign."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=shape)
    if shape and seed % 4 == 0:
        a *= 10.0 ** rng.integers(-12, 3, size=shape)
    if shape and seed % 5 == 0:
        a[rng.random(shape) < 0.01] = -0.0
    return np.asarray(a)


def bits(a: Any) -> str:
    """Any NaN is as good as any other."""
    a = np.array(a)
    if a.dtype == np.float64:
        a = np.where(np.isnan(a), np.nan, a)
    return f"{a.shape}:{zlib.crc32(np.ascontiguousarray(a).tobytes()):08x}"


def flags(x: Any) -> str:
    name = x.grad_fn.name() if x.grad_fn is not None else None
    # How far it is from one element to the next means nothing where there is but one.
    pairs = zip(x.stride(), x.shape, strict=True)
    strides = tuple(step if size != 1 else 0 for step, size in pairs)
    what = f"{tuple(x.shape)} {strides} {x.requires_grad} {x.is_leaf} {name} v{x._version}"
    return what if x.dtype is ag.float64 else f"{what} {x.dtype}"


def look(x: Any) -> str:
    if isinstance(x, ag.Tensor):
        return f"{flags(x)} {bits(x.detach().double().numpy())}"  # what memory holds: -0.0, too
    if isinstance(x, str) or x is None:
        return str(x)
    return bits(x)


def threshold() -> int:
    """Elements from which values pend."""
    return 24 if "AG_TESTING" in str(ag.show_config()) else 8192


# One op in place, an expression, or a look: all or nothing. A backward that fails may have used up
# its graph, and what takes several steps cannot be taken back.
ATOMIC = re.compile(r"(?!.*(backward|autograd|for |\n))(t\d+ = |see|flags|with ag.no_grad|\(?t\d+)")


# A backward that failed has used up a part of its graph; which part, and so with which of these the
# next one fails, depends on the order of rules.
SPENT = re.compile("modified by an inplace operation|through the graph a second time")

# The table of last writes is one for all threads, and forgets the older of two that meet in it.
LAST_WRITE = re.compile("\nIt was last written in place at [^\n]*")


def attempt(line: str, names: dict[str, Any], dice: random.Random) -> None:
    """Lets the line's nth allocation fail, for ever later n, until none does."""
    nth = dice.randint(1, 6)
    while nth < 100:
        ag._core._fail_allocation(nth)
        try:
            return exec(line, names)
        except MemoryError:
            nth += dice.randint(1, 6)
        finally:
            ag._core._fail_allocation(0)
    return exec(line, names)


def run(lines: list[str], failures: int) -> list[str]:
    dice = random.Random(failures)
    seen: list[str] = []
    names: dict[str, Any] = {"ag": ag, "np": np, "copy": copy, "pickle": pickle, "r": numbers}
    names["see"] = lambda x: seen.append(look(x))
    names["flags"] = lambda x: seen.append(flags(x))
    broken = False
    for at, line in enumerate(lines):
        first = len(seen)
        try:
            if failures and ATOMIC.match(line):
                attempt(line, names, dice)
            else:
                exec(line, names)
        except Exception as error:
            text = LAST_WRITE.sub("", f"{type(error).__name__}: {error}")
            seen.append("a graph that is used up" if broken and SPENT.search(text) else text)
            broken |= SPENT.search(text) is not None
        seen[first:] = [f"line {at}: {text}" for text in seen[first:]]
    return seen


def alive() -> list[int]:
    gc.collect()
    return [ag._core._live_tensors(), ag._core._live_nodes(), ag.memory_allocated()]


def run_at_once(n: int, lines: list[str], failures: int) -> list[str]:
    """What n threads saw; where they differ, that of the first two who do."""

    def work(_: int) -> list[str]:
        with np.errstate(all="ignore"):
            return run(lines, failures)

    if n == 1:
        return work(0)
    with ThreadPoolExecutor(n) as pool:
        first, *others = pool.map(work, range(n))
    for other in others:
        if other != first:
            return [
                f"{a} in one, {b} in another" for a, b in zip(first, other, strict=False) if a != b
            ]
    return first


def answer(threads: int, failures: int, at_once: int, lines: list[str]) -> list[str]:
    ag.set_num_threads(threads)
    before = alive()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = run_at_once(at_once, lines, failures)
    ag.set_grad_enabled(True)
    left = [(now - then) // at_once for now, then in zip(alive(), before, strict=True)]
    if left[0] > 0:  # a gradient that leads to its own leaf lives on, and if it pends, its operands
        left = left[1:2]
    else:  # what such a program left pending may have been computed now, and its operands be gone
        left[2] = max(left[2], 0)
    return [*seen, f"left over: {left}"]


def main() -> None:
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(1e-4)
    print(json.dumps(threshold()), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        for line in sys.stdin:
            print(json.dumps(answer(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
