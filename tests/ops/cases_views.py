# SPDX-License-Identifier: MIT
"""The op cases of views, of several results, of writes in place, and of what rules use; see
cases.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ops.case import EXACT, Case, Shape, rule_of, whole

VIEW = [
    whole(
        "view", "", lambda x: x.view(4, 3), lambda x: x.reshape(4, 3), ((2, 6),), "ViewBackward0"
    ),
    whole("view", "-1", lambda x: x.view(-1), lambda x: x.ravel(), ((2, 6),), "ViewBackward0"),
    whole(
        "view",
        "reshape",
        lambda x: x.reshape(3, -1),
        lambda x: x.reshape(3, -1),
        ((2, 6),),
        "ViewBackward0",
    ),
    whole(
        "view",
        "flatten",
        lambda x: x.flatten(1),
        lambda x: x.reshape(2, 12),
        ((2, 3, 4),),
        "ViewBackward0",
    ),
    whole(
        "view",
        "reshape that copies",
        lambda x: x.t().reshape(-1),
        lambda x: x.T.ravel(),
        ((2, 6),),
        "UnsafeViewBackward0",
    ),
    whole(
        "transpose",
        "",
        lambda x: x.transpose(0, -1),
        lambda x: x.swapaxes(0, -1),
        ((2, 3, 4),),
        "TransposeBackward0",
    ),
    whole("transpose", "t", lambda x: x.t(), lambda x: x.T, ((2, 3),), "TBackward0"),
    whole("permute", "T", lambda x: x.T, lambda x: x.T, ((2, 3),), "PermuteBackward0"),
    whole(
        "permute",
        "",
        lambda x: x.permute(2, 0, 1),
        lambda x: x.transpose(2, 0, 1),
        ((2, 3, 4),),
        "PermuteBackward0",
    ),
    whole(
        "expand",
        "",
        lambda x: x.expand(2, 3, 4),
        lambda x: np.broadcast_to(x, (2, 3, 4)),
        ((3, 1),),
        "ExpandBackward0",
    ),
    whole(
        "expand",
        "-1",
        lambda x: x.expand(-1, 4),
        lambda x: np.broadcast_to(x, (3, 4)),
        ((3, 1),),
        "ExpandBackward0",
    ),
    whole(
        "squeeze",
        "",
        lambda x: x.squeeze(),
        lambda x: x.squeeze(),
        ((1, 3, 1),),
        "SqueezeBackward0",
    ),
    whole(
        "squeeze",
        "dim",
        lambda x: x.squeeze(0),
        lambda x: x.squeeze(0),
        ((1, 3, 1),),
        "SqueezeBackward1",
    ),
    whole(
        "unsqueeze",
        "",
        lambda x: x.unsqueeze(-2),
        lambda x: np.expand_dims(x, -2),
        ((2, 3),),
        "UnsqueezeBackward0",
    ),
    whole("select", "", lambda x: x[1], lambda x: x[1], ((3, 4),), "SelectBackward0"),
    whole("select", "inner", lambda x: x[:, -2], lambda x: x[:, -2], ((3, 4),), "SelectBackward0"),
    whole("slice", "", lambda x: x[1:3], lambda x: x[1:3], ((5, 2),), "SliceBackward0"),
    whole("slice", "step", lambda x: x[:, 1::2], lambda x: x[:, 1::2], ((2, 6),), "SliceBackward0"),
    whole("clone", "", lambda x: x.clone(), lambda x: x, ((2, 3),), "CloneBackward0"),
]


def _several(
    op: str, label: str, call: Any, ref: Any, shapes: tuple[Shape, ...], ulp: float
) -> Case:
    """One of the results, or of many inputs: the functions of the library are called by name."""
    name = "".join(word.capitalize() for word in op.split("_"))
    sizes = "WithSizes" if label == "of sizes" else ""
    domains = ((0.5, 2.0),) * len(shapes)
    return Case(op, call, ref, domains, ulp, f"{name}{sizes}Backward0", label, "whole", shapes)


SEVERAL = [
    _several(
        "cat",
        "",
        lambda lib, x, y: lib.cat([x, y]),
        lambda x, y: np.concatenate([x, y]),
        ((2, 3), (4, 3)),
        0.0,
    ),
    _several(
        "cat",
        "one twice, and an empty vector",
        lambda lib, x, y: lib.cat([x, lib.zeros(0, dtype=lib.float64), y, x], -1),
        lambda x, y: np.concatenate([x, y, x], -1),
        ((2, 3), (2, 1)),
        0.0,
    ),
    _several(
        "split",
        "of a size",
        lambda lib, x: x.split(2)[1],
        lambda x: x[2:],
        ((3, 2),),
        0.0,
    ),
    _several(
        "split",
        "of sizes",
        lambda lib, x: lib.split(x, [1, 0, 3], 1)[2],
        lambda x: x[:, 1:],
        ((2, 4),),
        0.0,
    ),
    _several(
        "unbind",
        "last",
        lambda lib, x: lib.unbind(x)[-1],
        lambda x: x[-1],
        ((3, 2),),
        0.0,
    ),
    _several(
        "unbind",
        "inner",
        lambda lib, x: x.unbind(1)[1],
        lambda x: x[:, 1],
        ((2, 3, 2),),
        0.0,
    ),
    _several(
        "var_mean",
        "variance",
        lambda lib, x: lib.var_mean(x, 1)[0],
        lambda x: x.var(axis=1, ddof=1),
        ((3, 5),),
        8.0,
    ),
    _several(
        "var_mean",
        "of all there is, kept",
        lambda lib, x: lib.var_mean(x, (0, -1), correction=0, keepdim=True)[0],
        lambda x: x.var(axis=(0, -1), keepdims=True),
        ((2, 3, 4),),
        8.0,
    ),
    _several(
        "std_mean",
        "deviation",
        lambda lib, x: lib.std_mean(x, 1)[0],
        lambda x: x.std(axis=1, ddof=1),
        ((3, 5),),
        8.0,
    ),
    _several(
        "std_mean",
        "mean, kept",
        lambda lib, x: lib.std_mean(x, (0, -1), correction=0, keepdim=True)[1],
        lambda x: x.mean(axis=(0, -1), keepdims=True),
        ((2, 3, 4),),
        4.0,
    ),
    _several(
        "var_mean",
        "mean",
        lambda lib, x: lib.var_mean(x)[1],
        lambda x: x.mean(),
        ((3, 5),),
        4.0,
    ),
]


def _write(x: Any, act: Callable[[Any], Any]) -> Any:
    """What `act` leaves in a copy of x."""
    y = x.clone() if hasattr(x, "clone") else x.copy()
    act(y)
    return y


def _set(key: Any, value: Any) -> Callable[[Any], None]:
    def act(y: Any) -> None:
        y[key] = value

    return act


def _scale_row(x: Any, w: Any) -> Any:
    """x with its row 1 multiplied by w, in place through a view."""
    y = x.clone()
    y[1].mul_(w)
    return y


def _scale_row_ref(x: Any, w: Any) -> Any:
    y = x.copy()
    y[1] *= w
    return y


def _view_after_write(x: Any) -> Any:
    """A view that was taken before its base was written: it shows what was written."""
    y = x.clone()
    corner = y[1:, ::2]
    y.mul_(3)
    return corner


def _twice_in_place(x: Any, w: Any) -> Any:
    """A write through a view, then a view of what was written."""
    y = x.clone()
    inner = y[:, 1:]
    inner.mul_(w)
    return inner * y[:, :-1]


IN_PLACE = [
    whole(
        "copy",
        "",
        lambda x, y: _write(x, lambda z: z.copy_(y)),
        lambda x, y: np.broadcast_to(y, x.shape),
        ((2, 3), (3,)),
        "CopyBackwards",
    ),
    whole(
        "fill",
        "",
        lambda x, y: _write(x, lambda z: z.fill_(y)),
        lambda x, y: np.broadcast_to(y, x.shape),
        ((2, 3), ()),
        "FillBackward3",
    ),
    whole(
        "strided_scatter",
        "",
        lambda x, y: _write(x, _set(1, y)),
        lambda x, y: _write(x, _set(1, y)),
        ((3, 4), (4,)),
        "CopySlices",
    ),
    whole(
        "slice_scatter",
        "slice assigned",
        lambda x, y: _write(x, _set(slice(1, 3), y)),
        lambda x, y: _write(x, _set(slice(1, 3), y)),
        ((4, 3), (2, 3)),
        "CopySlices",
    ),
    whole(
        "strided_scatter",
        "product through a view",
        _scale_row,
        _scale_row_ref,
        ((3, 4), (4,)),
        "CopySlices",
        ulp=EXACT,
    ),
    whole(
        "as_strided",
        "view of a written base",
        _view_after_write,
        lambda x: (x * 3)[1:, ::2],
        ((3, 4),),
        "AsStridedBackward0",
        ulp=EXACT,
    ),
    whole(
        "strided_gather_vjp",
        "writes and views mixed",
        _twice_in_place,
        lambda x, w: (x[:, 1:] * w) * np.concatenate([x[:, :1], x[:, 1:-1] * w[:-1]], axis=1),
        ((2, 4), (3,)),
        "MulBackward0",
        ulp=2.0,
    ),
]

INNER = [
    Case(
        op,
        lambda lib, g, y, of=of: rule_of(lambda x: of(x, y), g, lib),
        ref,
        ((0.5, 2), (0.5, 2)),
        EXACT,
        grad_fn,
        kind="whole",
        shapes=((7,), (7,)),
    )
    for op, of, ref, grad_fn in (
        ("vjp_mul", lambda x, y: x * y, np.multiply, "MulBackward0"),
        ("vjp_div", lambda x, y: x / y, np.divide, "DivBackward0"),
    )
]

# The gradient of x log(z) by z, where z is 1.
INNER.append(
    Case(
        "vjp_both",
        lambda lib, g, y: rule_of(lambda z: lib.xlogy(y, z), g, lib),
        np.multiply,
        ((0.5, 2), (0.5, 2)),
        EXACT,
        "MulBackward0",
        kind="whole",
        shapes=((7,), (7,)),
        twin=lambda torch, g, y: g * y,
    )
)
