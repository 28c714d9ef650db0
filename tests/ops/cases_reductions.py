# SPDX-License-Identifier: MIT
"""The op cases of reductions, and of formulas over rows; see cases.py."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ops.case import Case, Domain, Shape, whole


def _reduce(label: str, shape: Shape, **arguments: Any) -> list[Case]:
    axis = arguments.get("dim")
    keep = arguments.get("keepdim", False)
    digit = 1 if arguments else 0
    return [
        whole(
            op,
            label,
            lambda x, op=op: getattr(x, op)(**arguments),
            lambda x, ref=ref: ref(
                x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keep
            ),
            (shape,),
            f"{op.capitalize()}Backward{number}",
            ulp=ulp,
        )
        for op, ref, number, ulp in (
            ("sum", np.sum, digit, 2.0),
            ("mean", np.mean, digit, 2.0),
            ("amax", np.max, 0, 0.0),
            ("amin", np.min, 0, 0.0),
        )
    ]


def _truths(
    op: str, label: str, shape: Shape, ref: Any, dtype: str, domain: Domain, **arguments: Any
) -> Case:
    """Of whole numbers of which some are 0, as `domain` says."""

    def call(lib: Any, x: Any) -> Any:
        return getattr(lib, op)(x, **arguments)

    return Case(
        op, call, ref, (domain,), 0.0, None, label, "whole", (shape,), grid=1.0, dtype=dtype
    )


TRUTHS = [
    _truths(op, label, shape, partial(ref, **numpy), dtype, domain, **arguments)
    for op, ref, dtype, domain in (
        ("any", np.any, "bool", (-0.6, 0.6)),
        ("all", np.all, "bool", (0.4, 3.0)),
        ("count_nonzero", np.count_nonzero, "int64", (-1.0, 1.0)),
    )
    for label, shape, arguments, numpy in (
        ("", (3, 4), {}, {}),
        ("0-d", (), {}, {}),
        ("long", (2500,), {}, {}),
        ("of nothing", (0, 3), {"dim": 0}, {"axis": 0}),
        ("dim 0", (3, 4, 2), {"dim": 0}, {"axis": 0}),
        ("dim -1", (30, 4), {"dim": -1}, {"axis": -1}),
        ("two dims", (3, 4, 2), {"dim": (0, 2)}, {"axis": (0, 2)}),
        ("kept", (30, 4), {"dim": 1, "keepdim": True}, {"axis": 1, "keepdims": True}),
    )
    if op != "count_nonzero" or "keepdim" not in arguments
]

REDUCE = [
    *_reduce("", (3, 4)),
    *_reduce("0-d", ()),
    *_reduce("long", (2500,)),
    *_reduce("dim 0", (3, 4, 2), dim=0),
    *_reduce("dim 1", (3, 4, 2), dim=1),
    *_reduce("dim -1", (3, 40), dim=-1),
    *_reduce("keepdim", (3, 4), dim=1, keepdim=True),
    *_reduce("two dims", (3, 4, 2), dim=(0, 2)),
    *_reduce("two dims kept", (3, 4, 2), dim=(-1, 0), keepdim=True),
    *_reduce("list of dims", (3, 4, 2), dim=[0, 1]),
]


def _spread() -> list[Case]:
    return [
        whole(
            op,
            label,
            lambda x, op=op, arguments=arguments: getattr(x, op)(**arguments),
            lambda x, op=op, numpy=numpy: getattr(np, op)(x, **numpy),
            (shape,),
            f"{op.capitalize()}Backward0",
            ulp=8.0,
        )
        for op in ("var", "std")
        for label, shape, arguments, numpy in (
            ("", (3, 4), {}, {"ddof": 1}),
            ("of rows", (3, 5), {"dim": 1}, {"axis": 1, "ddof": 1}),
            ("biased", (3, 5), {"unbiased": False}, {}),
            (
                "kept",
                (4, 3),
                {"dim": (0,), "correction": 0, "keepdim": True},
                {"axis": 0, "keepdims": True},
            ),
        )
    ]


def _softmax(x: Any, axis: int) -> Any:
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


_ROWS: tuple[tuple[str, str, Any, Any, str, float], ...] = (
    (
        "logsumexp",
        "",
        lambda x: x.logsumexp(1),
        lambda x: np.log(np.exp(x).sum(1)),
        "LogsumexpBackward0",
        8.0,
    ),
    (
        "logsumexp",
        "kept",
        lambda x: x.logsumexp((0, 1), True),
        lambda x: np.log(np.exp(x).sum((0, 1), keepdims=True)),
        "LogsumexpBackward0",
        8.0,
    ),
    ("softmax", "", lambda x: x.softmax(0), lambda x: _softmax(x, 0), "SoftmaxBackward0", 8.0),
    (
        "softmax",
        "last",
        lambda x: x.softmax(-1),
        lambda x: _softmax(x, -1),
        "SoftmaxBackward0",
        8.0,
    ),
    (
        "log_softmax",
        "",
        lambda x: x.log_softmax(1),
        lambda x: np.log(_softmax(x, 1)),
        "LogSoftmaxBackward0",
        8.0,
    ),
    ("aminmax", "", lambda x: x.aminmax(dim=1)[0], lambda x: x.min(1), "AminmaxBackward0", 0.0),
    ("aminmax", "max", lambda x: x.aminmax().max, lambda x: x.max(), "AminmaxBackward0", 0.0),
    (
        "div_rounded",
        "floor",
        lambda x: x.div(0.3, rounding_mode="floor"),
        lambda x: x // 0.3,
        "DivBackward2",
        0.0,
    ),
    (
        "div_rounded",
        "trunc",
        lambda x: x.div(-0.3, rounding_mode="trunc"),
        lambda x: np.trunc(x / -0.3),
        "DivBackward2",
        0.0,
    ),
)

# Of quotients that are well between two whole numbers. PyTorch has its derivative by another name.
_FLOOR_DIVIDE = (
    ("", lambda x, y: x // y, ((3, 4), (4,)), lambda torch, x, y: (x, y)),
    ("x // 0.3", lambda x: x // 0.3, ((3, 4),), lambda torch, x: (x, 0.3)),
    ("-2 // x", lambda x: -2 // x, ((3, 4),), lambda torch, x: (torch.tensor(-2), x)),
)

FLOOR_DIVIDE = [
    whole(
        "floor_divide",
        label,
        call,
        call,
        shapes,
        "FloorDivideBackward0",
        domains=((0.7, 0.85), (0.3, 0.33))[: len(shapes)],
        twin=lambda torch, *x, of=of: torch.div(*of(torch, *x), rounding_mode="floor"),
    )
    for label, call, shapes, of in _FLOOR_DIVIDE
]

FORMULA = [
    *(
        whole(op, label, call, ref, ((3, 4),), name, ulp=ulp)
        for op, label, call, ref, name, ulp in _ROWS
    ),
    *_spread(),
    *FLOOR_DIVIDE,
]
