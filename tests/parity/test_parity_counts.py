# SPDX-License-Identifier: MIT
"""How many behaviours each part of the engine is compared in; run by itself this prints the
table."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

LEAST = 30
GROUPS = {
    "grad and backward arguments": ["test_parity_grad.group"],
    "leaf and tensor hooks": ["test_parity_hooks.TENSORS"],
    "node hooks": ["test_parity_hooks.NODES"],
    "multi-grad hooks": ["test_parity_multi_grad.MULTI"],
    "Function, forward": ["test_parity_function.FORWARD"],
    "Function, backward": ["test_parity_function.BACKWARD"],
    "saved-tensor hooks": ["test_parity_saved.group"],
    "checkpoint": ["test_parity_checkpoint.group"],
    "modes and decorators": ["test_parity_modes.group"],
    "functional": ["test_parity_derivatives.group"],
    "in-place and views": ["test_parity_inplace.group"],
    "retained gradients": ["test_parity_retained.group"],
    "errors and anomaly": ["test_parity_anomaly.ANOMALY"],
}


def behaviours(places: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place in places:
        module, group = place.split(".")
        found |= getattr(importlib.import_module(module), group).all
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_there_are_enough(group: str) -> None:
    pytest.importorskip("torch")
    found = behaviours(GROUPS[group])
    assert len(found) >= LEAST
    # Different ones: no two that are the same lines. Those of a loop share them, and differ by
    # what they close over.
    bodies = {
        (f.__code__, str(f.__defaults__), str(f.__closure__))
        for f in found.values()
        if hasattr(f, "__code__")
    }
    assert len(bodies) == sum(hasattr(f, "__code__") for f in found.values())


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    for name, places in GROUPS.items():
        print(f"{name:30} {len(behaviours(places)):4}")
