# SPDX-License-Identifier: MIT
"""What can be asked about the numbers of a dtype: `finfo` and `iinfo`."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._core import dtype

__all__ = ["finfo", "iinfo"]


class finfo:
    """The range and the precision of the numbers of a floating-point dtype, which is float64.

    Attributes are those of PyTorch's: `bits`, `eps`, `max`, `min`, `tiny`, `smallest_normal`,
    `resolution` and `dtype`, the name.

    Raises:
        TypeError: another dtype.

    Example:
        >>> import pyautograd as ag
        >>> ag.finfo(ag.float64).eps
        2.220446049250313e-16
    """

    def __init__(self, type: Any = None) -> None:
        if type is not None and _known(type) != _core.float64:
            raise TypeError(
                f"pyautograd.finfo() requires a floating point input type, not {type!r}. "
                "Use pyautograd.iinfo to handle int64"
            )
        info = np.finfo(np.float64)
        self.bits = 64
        self.eps = float(info.eps)
        self.max = float(info.max)
        self.min = float(info.min)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = float(info.resolution)
        self.dtype = "float64"

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        numbers = ", ".join(f"{name}={getattr(self, name):g}" for name in names)
        return f"finfo({numbers}, dtype={self.dtype})"


class iinfo:
    """The range of the numbers of an integer dtype, which is int64: up to 2 ** 53 in size, where
    float64, as which they lie in memory, begins to leave integers out.

    Attributes: `bits`, `max`, `min` and `dtype`, the name.

    Raises:
        TypeError: another dtype.

    Example:
        >>> import pyautograd as ag
        >>> ag.iinfo(ag.int64).max == 2**53
        True
    """

    def __init__(self, type: Any) -> None:
        if _known(type) != _core.int64:
            raise TypeError(
                f"pyautograd.iinfo() requires an integer input type, not {type!r}. "
                "Use pyautograd.finfo to handle float64"
            )
        self.bits = 64
        self.max = 2**53
        self.min = -(2**53)
        self.dtype = "int64"

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def _known(type: Any) -> dtype:
    """Return the dtype that an argument means."""
    return _core.promote_types(type, type)
