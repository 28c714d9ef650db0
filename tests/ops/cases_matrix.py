# SPDX-License-Identifier: MIT
"""The op cases of products of matrices and vectors: see cases.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ops.case import Case, Shape

FAR = 16.0  # units in the last place, of sums of a few products of positive numbers


def _product(
    op: str,
    label: str,
    call: Callable[..., Any],
    ref: Callable[..., Any],
    shapes: tuple[Shape, ...],
    grad_fn: str,
    **more: Any,
) -> Case:
    return Case(
        op, call, ref, ((0.5, 2.0),) * len(shapes), FAR, grad_fn, label, "whole", shapes,
        by_blas=True, **more,
    )  # fmt: skip


def _linear(lib: Any, *operands: Any) -> Any:
    return lib.nn.functional.linear(*operands)


def _bilinear(lib: Any, *operands: Any) -> Any:
    return lib.nn.functional.bilinear(*operands)


def _added(z: Any, c: Any) -> Any:
    return 0.5 * c + 3.0 * z


MATRIX = [
    _product("mm", "", lambda m, a, b: m.mm(a, b), np.matmul, ((3, 4), (4, 2)), "MmBackward0"),
    _product("mm", "blas", lambda m, a, b: a @ b, np.matmul, ((3, 20), (20, 5)), "MmBackward0"),
    _product(
        "mm", "transposed", lambda m, a, b: a.t() @ b.t(), lambda a, b: a.T @ b.T,
        ((4, 3), (2, 4)), "MmBackward0",
    ),
    _product("mm", "square", lambda m, a: a @ a.t(), lambda a: a @ a.T, ((18, 3),), "MmBackward0"),
    _product("bmm", "", lambda m, a, b: m.bmm(a, b), np.matmul, ((2, 3, 4), (2, 4, 2)),
             "BmmBackward0"),
    _product(
        "bmm", "broadcast", lambda m, a, b: a @ b, np.matmul, ((2, 1, 2, 3), (3, 3, 2)),
        "UnsafeViewBackward0",
    ),
    _product(
        "bmm", "vector", lambda m, a, b: a @ b, np.matmul, ((3,), (2, 3, 2)), "SelectBackward0",
        twin=lambda m, a, b: (a.expand(2, 1, 3) @ b).select(1, 0),
    ),
    _product("mm", "rows", lambda m, a, b: a @ b, np.matmul, ((2, 2, 3), (3, 2)),
             "UnsafeViewBackward0"),
    _product("mv", "", lambda m, a, b: m.mv(a, b), np.matmul, ((3, 4), (4,)), "MvBackward0"),
    _product("mv", "blas", lambda m, a, b: a @ b, np.matmul, ((3, 20), (20,)), "MvBackward0"),
    _product(
        "mv", "row", lambda m, a, b: a @ b, np.matmul, ((3,), (3, 4)), "MvBackward0",
        twin=lambda m, a, b: m.mv(b.t(), a),
    ),
    _product("dot", "", lambda m, a, b: m.dot(a, b), np.dot, ((5,), (5,)), "DotBackward0"),
    _product("dot", "blas", lambda m, a, b: a @ b, np.dot, ((70,), (70,)), "DotBackward0"),
    _product(
        "mm", "inner", lambda m, a, b: m.inner(a, b), np.inner, ((2, 2, 3), (4, 3)), "ViewBackward0"
    ),
    _product(
        "addmm", "", lambda m, c, a, b: m.addmm(c, a, b, beta=0.5, alpha=3.0),
        lambda c, a, b: _added(a @ b, c), ((2,), (3, 4), (4, 2)), "AddmmBackward0",
    ),
    _product(
        "baddbmm", "", lambda m, c, a, b: m.baddbmm(c, a, b, beta=0.5, alpha=3.0),
        lambda c, a, b: _added(a @ b, c), ((3, 1), (2, 3, 4), (2, 4, 2)), "BaddbmmBackward0",
    ),
    _product(
        "addbmm", "", lambda m, c, a, b: m.addbmm(c, a, b, beta=0.5, alpha=3.0),
        lambda c, a, b: _added((a @ b).sum(0), c), ((2,), (2, 3, 4), (2, 4, 2)),
        "AddbmmBackward0",
    ),
    _product(
        "addmv", "", lambda m, c, a, b: m.addmv(c, a, b, beta=0.5, alpha=3.0),
        lambda c, a, b: _added(a @ b, c), ((3,), (3, 4), (4,)), "AddmvBackward0",
    ),
    _product(
        "addr", "", lambda m, c, a, b: m.addr(c, a, b, beta=0.5, alpha=3.0),
        lambda c, a, b: _added(np.outer(a, b), c), ((4,), (3,), (4,)), "AddrBackward0",
    ),
    _product(
        "product_add", "linear", _linear, lambda x, w, b: x @ w.T + b, ((3, 4), (2, 4), (2,)),
        "AddmmBackward0",
    ),
    _product(
        "product_add", "linear batch", _linear, lambda x, w, b: x @ w.T + b,
        ((2, 3, 4), (2, 4), (2,)), "ViewBackward0",
    ),
    _product("mm", "linear", _linear, lambda x, w: x @ w.T, ((3, 4), (2, 4)), "MmBackward0"),
    _product(
        "mm", "bilinear", _bilinear,
        lambda x, y, w, b: np.sum(np.sum(w * x[:, None, :, None] * y[:, None, None], 3), 2) + b,
        ((3, 2), (3, 4), (2, 2, 4), (2,)), "AddBackward0",
    ),
]  # fmt: skip
