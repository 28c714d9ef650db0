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
    library = pyautograd if request.param == "pyautograd" else request.getfixturevalue("torch")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The .grad attribute of a Tensor that is not a leaf")
        warnings.filterwarnings("ignore", "grad and param do not obey the gradient layout contract")
        yield library
