# SPDX-License-Identifier: MIT
"""What every test gets: warnings as errors, a seeded generator, a leak check, torch or a reason."""

from __future__ import annotations

import gc
import importlib
import os
import re
import sys
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "csrc"))  # _stubs.py

import pyautograd as ag
from support import SEED

try:
    from hypothesis import HealthCheck, settings
except ImportError:
    collect_ignore = ["test_shapes_hypothesis.py"]
else:
    settings.register_profile(
        "pyautograd",
        deadline=None,
        derandomize=True,
        max_examples=60,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "pyautograd"))

TORCH_VERSION = "2.13"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "error")


def pytest_report_header() -> list[str]:
    return [f"pyautograd: {ag.__version__}, seed {SEED} (PYAUTOGRAD_TEST_SEED)"]


def freeze() -> None:
    """What exists by now stays to the end: frozen, it need not be walked by each collection."""
    gc.collect()
    gc.freeze()


def pytest_collection_finish() -> None:
    freeze()


@pytest.fixture(scope="module", autouse=True)
def reports_frozen() -> Iterator[None]:
    """Without it collections walk the reports of all tests before: a quarter of a second each."""
    yield
    freeze()


# What the library's own routines leave out: where there is no other (`make noblas`), a test of it
# is skipped. Of any other routine it is a failure.
_LAPACK_ALONE = re.compile(
    r"\w+: needs LAPACK's (dsyevd|dgesdd|dgelsd|dgbsv|dgeev|dsytrf|dsytrs), and no library"
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    try:
        return (yield)
    except (AssertionError, RuntimeError) as error:
        missing = _LAPACK_ALONE.search(str(error))
        if missing is None or os.environ.get("PYAUTOGRAD_BLAS") != "none":
            raise
        pytest.skip(f"PYAUTOGRAD_BLAS=none: {missing[0]} is in use")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    if report.failed:
        report.sections.append(("seed", f"PYAUTOGRAD_TEST_SEED={SEED}"))


_PASSED = pytest.StashKey[bool]()


def live() -> tuple[int, int]:
    """Tensors and tape nodes that exist."""
    return ag._core._live_tensors(), ag._core._live_nodes()


@pytest.fixture(autouse=True)
def no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every tensor and node that a test makes is gone when it is over."""
    before = live()
    yield
    if not more_than(before):
        return
    gc.collect()
    # A test that failed keeps its tensors in the traceback, until the next one fails.
    if request.node.stash.get(_PASSED, False):
        assert not more_than(before), f"(tensors, nodes) were {before} and now are {live()}"


def more_than(before: tuple[int, int]) -> bool:
    return any(now > then for now, then in zip(live(), before, strict=True))


@pytest.fixture(autouse=True)
def grad_mode_restored() -> Iterator[None]:
    assert ag.is_grad_enabled()
    yield
    was = ag.is_grad_enabled()
    ag.set_grad_enabled(True)
    assert was, "the test leaves the grad mode off"


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A generator of the test's own: it depends on the seed and the test's name alone."""
    return np.random.default_rng([SEED, zlib.crc32(request.node.nodeid.encode())])


def find_torch() -> tuple[ModuleType | None, str]:
    """The module and "", or None and why there is none to compare with."""
    if os.environ.get("PYAUTOGRAD_TEST_NO_TORCH"):
        return None, "PYAUTOGRAD_TEST_NO_TORCH is set"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = importlib.import_module("torch")
    except ImportError as error:
        return None, f"torch is not installed ({error})"
    if not found.__version__.startswith(TORCH_VERSION):
        return None, f"parity is with torch {TORCH_VERSION}, this is {found.__version__}"
    return found, ""


@pytest.fixture
def torch() -> Iterator[ModuleType]:
    """PyTorch with float64 as its default and one thread; skips if it is not there."""
    found, reason = find_torch()
    if found is None:
        pytest.skip(reason)
    before = found.get_default_dtype()
    found.set_default_dtype(found.float64)
    yield found
    found.set_default_dtype(before)
