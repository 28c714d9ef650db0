# SPDX-License-Identifier: MIT
"""The op cases of scans. See cases.py, which reads this file at its end."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops.case import Case, whole


def _log_scan(x: Any, axis: int) -> Any:
    return np.log(np.cumsum(np.exp(x), axis))


_REFERENCES = {"cumsum": np.cumsum, "cumprod": np.cumprod, "logcumsumexp": _log_scan}
_SHAPES = (
    ("", (7,), 0),
    ("0-d", (), 0),
    ("long", (70,), -1),
    ("dim 0", (6, 3), 0),
    ("dim 1", (3, 5, 2), 1),
    ("dim -1", (40, 9), -1),
)

# Sums of numbers of one sign: the error of each is below its number of terms in units, and of a
# product twice that, since the reference is rounded, too.
_PLAIN = [
    whole(
        op,
        label,
        lambda x, op=op, dim=dim: getattr(x, op)(dim),
        lambda x, op=op, dim=dim: _REFERENCES[op](x, dim if x.ndim else None).reshape(x.shape),
        (shape,),
        f"{op.capitalize()}Backward0",
        ulp=0.0 if not shape else 4.0 if op == "logcumsumexp" and shape == (7,) else 40.0,
    )
    for op in ("cumsum", "cumprod", "logcumsumexp")
    for label, shape, dim in _SHAPES
]


def _linear(x: Any, g: Any) -> Any:
    """b[i] + a[i + 1] z[i + 1], as a loop."""
    z = np.zeros_like(g)
    z[-1] = g[-1]
    for i in reversed(range(len(g) - 1)):
        z[i] = g[i] + x[i + 1] * z[i + 1]
    return z


def _cumprod_rule(lib: Any, x: Any, g: Any) -> Any:
    """The gradient of cumprod, times 1: r of a linear scan by what was shifted."""
    recording = lib.is_grad_enabled()
    x = x if x.requires_grad else x.detach().requires_grad_()
    with lib.enable_grad():
        y = x.cumprod(0)
    (result,) = lib.autograd.grad(y, x, g, create_graph=recording)
    return result * 1.0


def _before(x: Any) -> Any:
    return np.concatenate([np.ones_like(x[:1]), np.cumprod(x, 0)[:-1]])


_RULES = [
    Case(
        op,
        _cumprod_rule,
        lambda x, g: _linear(x, g) * _before(x),
        ((0.5, 2.0), (0.5, 2.0)),
        20.0,
        "MulBackward0",
        label,
        "whole",
        (shape, shape),
    )
    for op, label, shape in (
        ("linear_scan", "", (5,)),
        ("linear_scan", "rows", (4, 3)),
        ("shift", "", (5,)),
        ("shift", "rows", (4, 3)),
    )
]

_EXTREMES = [
    whole(
        op,
        label,
        lambda x, op=op, dim=dim: getattr(x, op)(dim).values,
        lambda x, ref=ref, dim=dim: ref(x, dim) if x.ndim else x,
        (shape,),
        f"{op.capitalize()}Backward0",
    )
    for op, ref in (("cummax", np.maximum.accumulate), ("cummin", np.minimum.accumulate))
    for label, shape, dim in _SHAPES
]

SCANS = [*_PLAIN, *_RULES, *_EXTREMES]
