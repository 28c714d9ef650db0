# SPDX-License-Identifier: MIT
"""Reads pickles that may be damaged, in a process of its own, which may crash. test_pickle.py
writes them to its standard input, each after its length, and gets a line for each: what was found.

Memory is limited: CPython's own reading believes some of the numbers in a pickle, and fails then,
as it should, with a MemoryError."""

from __future__ import annotations

import pickle
import struct
import sys
import warnings
from typing import Any

import pyautograd as ag

AT_MOST = 1 << 30  # bytes, beyond what the process has when it starts


class Parameter(ag.Tensor):
    """A subclass as layers have it: with attributes, and a constructor that does more."""

    def __new__(cls, data: Any, requires_grad: bool = True) -> Any:
        return ag.as_tensor(data).detach().as_subclass(cls).requires_grad_(requires_grad)


def limit_memory() -> None:
    import resource

    if sys.platform != "linux":
        return
    with open("/proc/self/maps") as maps, open("/proc/self/statm") as numbers:
        mapped = maps.read()
        if "libasan" in mapped or "libtsan" in mapped:
            return  # they reserve far more than they use; the first has a limit of its own
        used = int(numbers.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + AT_MOST, resource.RLIM_INFINITY))


def use(found: Any) -> None:
    """Does what would crash if a tensor in it were not whole."""
    for x in found if isinstance(found, list) else [found]:
        if isinstance(x, ag.Tensor):
            assert x.is_leaf and repr(x) and (x * 2).numel() == len(x.flatten().tolist())


def main() -> None:
    warnings.simplefilter("ignore")
    answers, sys.stdout = sys.stdout, sys.stderr
    limit_memory()
    while length := sys.stdin.buffer.read(4):
        text = sys.stdin.buffer.read(*struct.unpack("<I", length))
        try:
            found = pickle.loads(text)
            use(found)
            answer = type(found).__name__
        except Exception as error:
            answer = f"raised {type(error).__name__}: {error}".splitlines()[0]
        print(answer, file=answers, flush=True)


if __name__ == "__main__":
    main()
