# SPDX-License-Identifier: MIT
"""Functions of shapes alone, without tensors."""

from __future__ import annotations

from collections.abc import Sequence

from ._core import Size

__all__ = ["broadcast_shapes"]


def broadcast_shapes(*shapes: int | Sequence[int]) -> Size:
    """The shape that tensors of these shapes broadcast to.

    A shape is a tuple or list of ints, or one int.

    Raises:
        RuntimeError: they do not broadcast.
        ValueError: a size is negative.

    Example:
        >>> import pyautograd as ag
        >>> ag.broadcast_shapes((2, 1), (3,))
        pyautograd.Size([2, 3])
    """
    result: list[int] = []
    for shape in shapes:
        sizes = [shape] if isinstance(shape, int) else list(shape)
        result = [1] * (len(sizes) - len(result)) + result
        for k, size in enumerate(reversed(sizes)):
            if size < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if size != 1 and result[-1 - k] not in (1, size):
                raise RuntimeError(
                    "Shape mismatch: objects cannot be broadcast to a single shape: "
                    f"size {size} does not match {result[-1 - k]} at dimension {-1 - k}"
                )
            if size != 1:
                result[-1 - k] = size
    return Size(result)
