# SPDX-License-Identifier: MIT
"""Random programs (fuzz_programs.py) see the same whatever is fused, however many threads there are
and however large the caches: values, gradients, flags, versions, the texts of errors, and what is
left in the end.

PYAUTOGRAD_FUZZ=5000 runs so many programs; a failure names the seed, and the lines that matter.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from fuzz_compare import Panel, Way, report
from fuzz_programs import program

import pyautograd as ag
from support import SEED

PARTS = 4


def wanted() -> int:
    """Programs of each part."""
    return int(os.environ.get("PYAUTOGRAD_FUZZ", "240")) // PARTS


def can_fail() -> bool:
    """Whether this is a testing build, in which memory runs out on demand."""
    try:
        ag._core._fail_allocation(0)
    except (RuntimeError, ValueError):
        return False
    return True


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    ways = [Way(True, 1), Way(True, 2), Way(True, 3), Way(True, 8), Way(False, 3)]
    ways += [Way(True, 2, at_once=3)]
    # Everything past the caches and fetched ahead, in short tiles; and nothing, in long ones.
    ways += [Way(True, 2, caches="1,1,1"), Way(True, 1, caches="1M,1G,1024G")]
    if can_fail():
        ways += [Way(True, 2, failures=1), Way(True, 1, failures=2), Way(False, 1, failures=3)]
    made = Panel(tuple(ways))
    yield made
    made.stop()


@pytest.mark.parametrize("part", range(PARTS))
def test_random_programs(panel: Panel, part: int) -> None:
    first = SEED * 1_000_000 + part * wanted()
    for seed in range(first, first + wanted()):
        lines = program(seed, panel.threshold())
        why = panel.disagreement(lines)
        if why:
            pytest.fail(report(panel, seed, lines, why), pytrace=False)


def test_a_difference_would_be_seen(panel: Panel) -> None:
    """The judges judged: programs that do see a difference, and one that ends a process."""
    lines = ["import os", "t0 = 1", "see(t0)", "see(os.environ['PYAUTOGRAD_FUSE'])", "t1 = 2"]
    assert panel.disagreement(["see(1)"]) == ""
    assert "'0'" not in panel.disagreement(lines) and "fused, 1 threads" in panel.disagreement(
        lines
    )
    assert panel.shrink(lines) == ["import os", "see(os.environ['PYAUTOGRAD_FUSE'])"]
    dies = ["import os", "if os.environ['PYAUTOGRAD_FUSE'] == '1': os.abort()"]
    assert "crash: exit -6" in panel.disagreement(dies)
    assert panel.disagreement(["see(1)"]) == ""
