# SPDX-License-Identifier: MIT
"""Python's own memory runs out: each call with its first, second, third ... allocation failing.

`test_memory.py` and `c/oom_test.c` do the same to the core's allocations. These here are objects
that the native module makes: tuples, lists, strings, arrays. Each call either gives what it
always gives or raises MemoryError; no tensor is left behind, and no argument gained a reference.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest
from nomemory import CALLS, MOST

from support import run_python

pytest.importorskip("_testcapi", reason="this interpreter cannot fail its allocations")


@functools.cache
def results() -> dict[str, dict[str, Any]]:
    code = 'import sys; sys.path.insert(0, "."); import nomemory; nomemory.main()'
    found: dict[str, dict[str, Any]] = run_python(code)
    return found


@pytest.mark.parametrize("name", CALLS)
def test_each_allocation_may_fail(name: str) -> None:
    result = results()[name]
    assert result["wrong"] == []
    assert result["after"] == result["before"], "tensors, nodes, references to the arguments"
    assert result["tried"] < MOST, "never got through"
