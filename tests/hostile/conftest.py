# SPDX-License-Identifier: MIT
"""Tests that take `lib` run under pyautograd, and under PyTorch where that is installed: what they
expect is then known to be right from outside."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from types import ModuleType

import pytest

import pyautograd


@pytest.fixture(params=["pyautograd", "torch"])
def lib(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    if request.param == "pyautograd":
        yield pyautograd
        return
    torch: ModuleType = request.getfixturevalue("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of gradients of what is no leaf by now, once a process
        yield torch
