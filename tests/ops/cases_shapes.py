# SPDX-License-Identifier: MIT
"""Cases of the ops of shapes.def: elements in other places, and parts of tensors as views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ops.case import Case, whole

Shape = tuple[int, ...]


def _diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return np.diagonal(x, offset, dim1, dim2)


def _embedded(x: Any, offset: int, dim1: int, dim2: int) -> Any:
    """Zeros with x on a diagonal, which is written element by element."""
    size = x.shape[-1] + abs(offset)
    rest = list(x.shape[:-1])
    for dim in sorted((dim1 % (x.ndim + 1), dim2 % (x.ndim + 1))):
        rest.insert(dim, size)
    z = np.zeros(rest, dtype=x.dtype)
    view = np.moveaxis(z, (dim1, dim2), (-2, -1))
    for k in range(x.shape[-1]):
        view[..., k + max(-offset, 0), k + max(offset, 0)] = x[..., k]
    return z


def _padded(x: Any, pads: tuple[int, ...], value: float) -> Any:
    for k in range(0, len(pads), 2):
        axis = x.ndim - 1 - k // 2
        x = np.moveaxis(x, axis, 0)
        x = x[max(-pads[k], 0) : x.shape[0] - max(-pads[k + 1], 0)]
        border = ((max(pads[k], 0), max(pads[k + 1], 0)), *((0, 0),) * (x.ndim - 1))
        x = np.moveaxis(np.pad(x, border, constant_values=value), 0, axis)
    return x


def _windows(x: Any, size: int, step: int) -> Any:
    return np.stack([x[k : k + size] for k in range(0, x.shape[0] - size + 1, step)])


def _in_place(act: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What `act` makes of a copy."""
    return lambda x: act(x.clone() if hasattr(x, "clone") else x.copy())


_ONE: tuple[tuple[str, str, Any, Any, Shape, str], ...] = (
    ("diagonal", "", lambda x: x.diagonal(), _diagonal, (3, 4), "Diagonal"),
    ("diagonal", "below", lambda x: x.diagonal(-1), lambda x: _diagonal(x, -1), (4, 3), "Diagonal"),
    (
        "diagonal",
        "of a part, inner",
        lambda x: x[:, 1:].diagonal(1, -1, 0),
        lambda x: _diagonal(x[:, 1:], 1, -1, 0),
        (4, 3, 3),
        "Diagonal",
    ),
    ("unfold", "", lambda x: x.unfold(0, 2, 2), lambda x: _windows(x, 2, 2), (5,), "Unfold"),
    (
        "unfold",
        "windows that share",
        lambda x: x.unfold(-1, 3, 1),
        lambda x: np.stack([_windows(row, 3, 1) for row in x]),
        (2, 6),
        "Unfold",
    ),
    ("flip", "", lambda x: x.flip(0), lambda x: x[::-1], (5,), "Flip"),
    ("flip", "columns", lambda x: x.flip(-1), lambda x: x[:, ::-1], (3, 40), "Flip"),
    ("flip", "two", lambda x: x.flip(0, 2), lambda x: x[::-1, :, ::-1], (2, 3, 4), "Flip"),
    ("flip", "of a transpose", lambda x: x.t().flip(1), lambda x: x.T[:, ::-1], (3, 4), "Flip"),
    ("rot90", "", lambda x: x.rot90(), lambda x: np.rot90(x), (2, 3), "Rot90"),
    ("rot90", "twice", lambda x: x.rot90(2), lambda x: np.rot90(x, 2), (2, 3), "Rot90"),
    (
        "rot90",
        "back",
        lambda x: x.rot90(-1, (2, 0)),
        lambda x: np.rot90(x, -1, (2, 0)),
        (2, 3, 4),
        "Rot90",
    ),
    ("rot90", "round", lambda x: x.rot90(4), lambda x: x, (2, 3), "Rot90"),
    ("roll", "", lambda x: x.roll(2), lambda x: np.roll(x, 2), (3, 4), "Roll"),
    ("roll", "dim", lambda x: x.roll(-1, 0), lambda x: np.roll(x, -1, 0), (3, 4), "Roll"),
    (
        "roll",
        "dims",
        lambda x: x.roll((1, -5), (1, 0)),
        lambda x: np.roll(x, (1, -5), (1, 0)),
        (3, 4),
        "Roll",
    ),
    ("roll", "of a transpose", lambda x: x.t().roll(1), lambda x: np.roll(x.T, 1), (3, 4), "Roll"),
    ("repeat", "", lambda x: x.repeat(3), lambda x: np.tile(x, 3), (4,), "Repeat"),
    (
        "repeat",
        "more dims",
        lambda x: x.repeat(2, 1, 3),
        lambda x: np.tile(x, (2, 1, 3)),
        (2, 3),
        "Repeat",
    ),
    (
        "repeat",
        "of a transpose",
        lambda x: x.t().repeat(2, 2),
        lambda x: np.tile(x.T, (2, 2)),
        (2, 3),
        "Repeat",
    ),
    ("repeat", "none", lambda x: x.repeat(0, 2), lambda x: np.tile(x, (0, 2)), (2, 3), "Repeat"),
    ("tril", "", lambda x: x.tril(), np.tril, (3, 4), "Tril"),
    ("tril", "below", lambda x: x.tril(-2), lambda x: np.tril(x, -2), (2, 4, 3), "Tril"),
    ("tril", "of a transpose", lambda x: x.t().tril(1), lambda x: np.tril(x.T, 1), (4, 3), "Tril"),
    ("triu", "", lambda x: x.triu(), np.triu, (3, 4), "Triu"),
    ("triu", "above", lambda x: x.triu(2), lambda x: np.triu(x, 2), (2, 4, 3), "Triu"),
    (
        "triu",
        "in place",
        _in_place(lambda x: x.triu_(1) if hasattr(x, "triu_") else np.triu(x, 1)),
        _in_place(lambda x: np.triu(x, 1)),
        (3, 3),
        "Triu",
    ),
    (
        "diag_embed",
        "",
        lambda x: x.diag_embed(),
        lambda x: _embedded(x, 0, -2, -1),
        (2, 3),
        "DiagEmbed",
    ),
    (
        "diag_embed",
        "beside",
        lambda x: x.diag_embed(-1, 0, 2),
        lambda x: _embedded(x, -1, 0, 2),
        (2, 3),
        "DiagEmbed",
    ),
)

_FREE: tuple[tuple[str, str, Any, Any, tuple[Shape, ...], str], ...] = (
    (
        "constant_pad_nd",
        "",
        lambda lib, x: lib.constant_pad_nd(x, (1, 2), 7.0),
        lambda x: _padded(x, (1, 2), 7.0),
        ((2, 3),),
        "ConstantPadNd",
    ),
    (
        "constant_pad_nd",
        "cut and added",
        lambda lib, x: lib.constant_pad_nd(x, (-1, 2, 1, -2)),
        lambda x: _padded(x, (-1, 2, 1, -2), 0.0),
        ((4, 3),),
        "ConstantPadNd",
    ),
    (
        "stack",
        "",
        lambda lib, x, y: lib.stack([x, y]),
        lambda x, y: np.stack([x, y]),
        ((2, 3), (2, 3)),
        "Stack",
    ),
    (
        "stack",
        "last, one twice",
        lambda lib, x, y: lib.stack((x, y, x), -1),
        lambda x, y: np.stack([x, y, x], -1),
        ((2, 3), (2, 3)),
        "Stack",
    ),
    (
        "stack",
        "inner, of a transpose",
        lambda lib, x, y: lib.stack((x.t(), y), 1),
        lambda x, y: np.stack([x.T, y], 1),
        ((3, 2), (2, 3)),
        "Stack",
    ),
)

SHAPES: list[Case] = [
    *(
        whole(op, label, call, ref, (shape,), f"{name}Backward0")
        for op, label, call, ref, shape, name in _ONE
    ),
    whole("trace", "", lambda x: x.trace(), np.trace, ((3, 4),), "TraceBackward0", ulp=2.0),
    *(
        Case(
            op,
            call,
            ref,
            ((0.5, 2.0),) * len(shapes),
            0.0,
            f"{name}Backward0",
            label,
            "whole",
            shapes,
        )
        for op, label, call, ref, shapes, name in _FREE
    ),
]
