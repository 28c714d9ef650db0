# SPDX-License-Identifier: MIT
"""What networks are made of, under PyTorch's names: `pyautograd.nn.functional`."""

from __future__ import annotations

from typing import Any

from . import functional

__all__ = ["functional"]


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
