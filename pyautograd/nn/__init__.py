# SPDX-License-Identifier: MIT
"""What networks are made of, under PyTorch's names: `pyautograd.nn.functional`."""

from __future__ import annotations

from . import functional

__all__ = ["functional"]
