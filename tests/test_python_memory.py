# SPDX-License-Identifier: MIT
"""Memory runs out below the Python API: each call with its first, second ... allocation failing.

Python's own allocations are objects that the native module makes: tuples, lists, strings, arrays.
The core's are tested at length by test_memory.py and c/oom_test.c; here, that the module passes
their failure on. A call either gives what it always gives or raises MemoryError; no tensor is left
behind, and no argument gained a reference.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest
from nomemory import CALLS, MOST

import pyautograd as ag
from support import run_python


@functools.cache
def results(whose: str) -> dict[str, dict[str, Any]]:
    code = f'import sys; sys.path.insert(0, "."); import nomemory; nomemory.main("{whose}")'
    found: dict[str, dict[str, Any]] = run_python(code)
    return found


def check(result: dict[str, Any]) -> None:
    assert result["wrong"] == []
    assert result["after"] == result["before"], "tensors, nodes, references to the arguments"
    assert result["tried"] < MOST, "never got through"


@pytest.mark.parametrize("name", CALLS)
def test_each_allocation_of_python_may_fail(name: str) -> None:
    pytest.importorskip("_testcapi", reason="this interpreter cannot fail its allocations")
    check(results("python")[name])


@pytest.mark.parametrize("name", CALLS)
def test_each_allocation_of_the_core_may_fail(name: str) -> None:
    try:
        ag._core._fail_allocation(0)
    except ValueError:
        pytest.skip("allocations can be failed in builds for testing and coverage only")
    check(results("core")[name])
