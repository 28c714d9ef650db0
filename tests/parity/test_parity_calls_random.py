# SPDX-License-Identifier: MIT
"""Random calls of all functions (calls_random.py) beside PyTorch: a few of those that `make calls`
runs for as long as you like."""

from __future__ import annotations

from types import ModuleType

import pytest
from calls_compare import parting
from calls_differences import EXCUSES, excused
from calls_random import call_of, sources

PARTS = 10
CALLS = 150  # of each part


@pytest.mark.parametrize("part", range(PARTS))
def test_calls(part: int, torch: ModuleType) -> None:
    for seed in range(part * CALLS, (part + 1) * CALLS):
        call = call_of(seed)
        found = parting(call, torch)
        assert found is None or excused(call, found), f"seed {seed}: {found} of\n    {call}"


def test_calls_are_of_everything() -> None:
    """Every function is called, and each call can be shown."""
    assert len(sources()) > 800
    assert len({call_of(seed).name for seed in range(3000)}) > 350
    assert all(str(call_of(seed)) == str(call_of(seed)) for seed in range(200))


def test_excuses_are_told() -> None:
    assert all(len(excuse.reason) > 15 for excuse in EXCUSES)
