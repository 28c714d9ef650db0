# SPDX-License-Identifier: MIT
"""The op cases of extremes with their places and of the order of numbers: see cases.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops.case import Case, Shape, rule_of, whole


def _picked(
    op: str, label: str, call: Any, ref: Any, shape: Shape, grad_fn: str, **more: Any
) -> Case:
    return whole(op, label, call, ref, (shape,), f"{grad_fn}Backward{more.pop('digit', 0)}")


def _kth(x: Any, k: int, axis: int) -> Any:
    return np.sort(x, axis=axis).take(k - 1, axis=axis)


def _lower_median(x: Any, axis: int | None) -> Any:
    flat = x.ravel() if axis is None else x
    axis = 0 if axis is None else axis
    return _kth(flat, (flat.shape[axis] + 1) // 2, axis)


PICKED = [
    _picked("max", "", lambda x: x.max(), lambda x: x.max(), (3, 4), "Max", digit=1),
    _picked("max", "long", lambda x: x.max(), lambda x: x.max(), (2500,), "Max", digit=1),
    _picked("min", "", lambda x: x.min(), lambda x: x.min(), (3, 4), "Min", digit=1),
    _picked("max_dim", "", lambda x: x.max(0).values, lambda x: x.max(0), (3, 4), "Max"),
    _picked("max_dim", "rows", lambda x: x.max(-1)[0], lambda x: x.max(-1), (3, 40), "Max"),
    _picked("max_dim", "0-d", lambda x: x.max(0).values, lambda x: x, (), "Max"),
    _picked(
        "max_dim",
        "kept",
        lambda x: x.max(1, True).values,
        lambda x: x.max(1, keepdims=True),
        (3, 4, 2),
        "Max",
    ),
    _picked("min_dim", "", lambda x: x.min(dim=1).values, lambda x: x.min(1), (3, 4, 2), "Min"),
    _picked("sort", "", lambda x: x.sort().values, lambda x: np.sort(x), (3, 5), "Sort"),
    _picked(
        "sort", "columns", lambda x: x.sort(0)[0], lambda x: np.sort(x, axis=0), (5, 3), "Sort"
    ),
    _picked(
        "sort",
        "descending",
        lambda x: x.sort(1, descending=True).values,
        lambda x: -np.sort(-x, axis=1),
        (2, 20, 3),
        "Sort",
    ),
    _picked("sort", "msort", lambda x: x.msort(), lambda x: np.sort(x, axis=0), (5, 3), "Sort"),
    _picked(
        "topk", "", lambda x: x.topk(2).values, lambda x: -np.sort(-x)[..., :2], (3, 5), "Topk"
    ),
    _picked(
        "topk",
        "smallest of columns",
        lambda x: x.topk(2, 0, largest=False)[0],
        lambda x: np.sort(x, axis=0)[:2],
        (5, 3),
        "Topk",
    ),
    _picked(
        "topk",
        "few of many",
        lambda x: x.topk(3).values,
        lambda x: -np.sort(-x)[:3],
        (64,),
        "Topk",
    ),
    _picked(
        "kthvalue", "", lambda x: x.kthvalue(2)[0], lambda x: _kth(x, 2, 1), (3, 5), "Kthvalue"
    ),
    _picked(
        "kthvalue",
        "of many",
        lambda x: x.kthvalue(70, 0).values,
        lambda x: _kth(x, 70, 0),
        (300, 2),
        "Kthvalue",
    ),
    _picked("median", "", lambda x: x.median(), lambda x: _lower_median(x, None), (3, 4), "Median"),
    _picked(
        "median_dim",
        "",
        lambda x: x.median(1).values,
        lambda x: _lower_median(x, 1),
        (3, 4),
        "Median",
        digit=1,
    ),
    _picked(
        "nanmedian",
        "",
        lambda x: x.nanmedian(),
        lambda x: _lower_median(x, None),
        (3, 5),
        "Nanmedian",
    ),
    _picked(
        "nanmedian_dim",
        "",
        lambda x: x.nanmedian(0).values,
        lambda x: _lower_median(x, 0),
        (5, 3),
        "Nanmedian",
        digit=1,
    ),
    _picked("mode", "", lambda x: x.mode(1).values, lambda x: x.min(1), (3, 4), "Mode"),
]


def _put(lib: Any, g: Any) -> Any:
    """What the rule of sort makes of the gradient g: equal numbers stay where they are."""
    return rule_of(lambda x: x.sort(stable=True)[0], g, lib)


def _take(lib: Any, g: Any) -> Any:
    """What the rule of that makes of g."""
    recording = lib.is_grad_enabled()
    with lib.enable_grad():
        x, y = lib.ones_like(g).requires_grad_(), lib.ones_like(g).requires_grad_()
        (put,) = lib.autograd.grad(x.sort(stable=True)[0], x, y, create_graph=True)
    (result,) = lib.autograd.grad(put, y, g, create_graph=recording)
    return result


ALONG = [
    Case(op, call, lambda g: g, ((0.5, 2),), 0.0, grad_fn, kind="whole", shapes=((7,),))
    for op, grad_fn, call in (
        ("put_along", "ScatterBackward0", _put),
        ("take_along", "GatherBackward0", _take),
    )
]


PRODUCTS = [
    whole("prod", "", lambda x: x.prod(), lambda x: x.prod(), ((3, 4),), "ProdBackward0", ulp=8.0),
    whole(
        "prod", "long", lambda x: x.prod(), lambda x: x.prod(), ((100,),), "ProdBackward0", ulp=40.0
    ),
    whole(
        "prod",
        "dim",
        lambda x: x.prod(1),
        lambda x: x.prod(1),
        ((3, 4, 2),),
        "ProdBackward1",
        ulp=4.0,
    ),
    whole(
        "prod",
        "kept",
        lambda x: x.prod(-1, True),
        lambda x: x.prod(-1, keepdims=True),
        ((3, 20),),
        "ProdBackward1",
        ulp=10.0,
    ),
    Case(
        "prod_others",
        lambda lib, g: rule_of(lambda x: x.prod(0, keepdim=True), g, lib),
        lambda g: g,
        ((0.5, 2),),
        0.0,
        "MulBackward0",
        kind="whole",
        shapes=((1, 7),),
    ),
    whole(
        "nansum",
        "",
        lambda x: x.nansum(1),
        lambda x: x.sum(1),
        ((3, 4),),
        "NansumBackward0",
        ulp=2.0,
    ),
    whole(
        "nanmean", "", lambda x: x.nanmean(), lambda x: x.mean(), ((3, 4),), "DivBackward0", ulp=2.0
    ),
]


def _norm(label: str, p: float, ulp: float, **arguments: Any) -> Case:
    axis = arguments.get("dim")
    keep = arguments.get("keepdim", False)

    def ref(x: Any) -> Any:
        if np.isinf(p):
            return x.max(axis, keepdims=keep) if p > 0 else x.min(axis, keepdims=keep)
        return (np.abs(x) ** np.longdouble(p)).sum(axis, keepdims=keep) ** (1 / np.longdouble(p))

    return whole(
        "norm",
        label,
        lambda x: x.norm(p, **arguments),
        ref,
        ((3, 5),),
        "LinalgVectorNormBackward0",
        ulp=ulp,
    )


NORMS = [
    _norm("", 2, 4.0),
    _norm("rows", 2, 4.0, dim=1),
    _norm("kept", 1, 4.0, dim=(0,), keepdim=True),
    _norm("3", 3, 16.0, dim=1),
    _norm("1.5", 1.5, 16.0),
    _norm("0.5", 0.5, 32.0, dim=1),
    _norm("-2", -2, 32.0),
    _norm("inf", np.inf, 0.0, dim=1),
    _norm("-inf", -np.inf, 0.0),
]


def _quantile(x: Any, q: Any, axis: int | None, method: str = "linear") -> Any:
    return np.quantile(x.astype(float), q, axis=axis, method=method)


STATISTICS = [
    whole(
        "quantile",
        "",
        lambda x: x.quantile(0.3),
        lambda x: _quantile(x, 0.3, None),
        ((3, 4),),
        "QuantileBackward0",
        ulp=4.0,
    ),
    whole(
        "quantile",
        "rows",
        lambda x: x.quantile(0.7, 1, interpolation="lower"),
        lambda x: _quantile(x, 0.7, 1, "lower"),
        ((3, 4),),
        "QuantileBackward0",
    ),
    whole(
        "nanquantile",
        "",
        lambda x: x.nanquantile(0.3, 0),
        lambda x: _quantile(x, 0.3, 0),
        ((4, 3),),
        "NanquantileBackward0",
        ulp=4.0,
    ),
    whole("cov", "", lambda x: x.cov(), np.cov, ((3, 5),), "SqueezeBackward0", ulp=32.0),
    whole(
        "cov",
        "of a vector",
        lambda x: x.cov(correction=0),
        lambda x: np.cov(x, ddof=0),
        ((6,),),
        "SqueezeBackward0",
        ulp=16.0,
    ),
    whole(
        "corrcoef", "", lambda x: x.corrcoef(), np.corrcoef, ((2, 6),), "ClampBackward0", ulp=64.0
    ),
]


def _places(op: str, label: str, shape: Shape, call: Any, ref: Any) -> Case:
    """Of whole numbers, among which there are equal ones."""
    return Case(
        op,
        lambda lib, x: call(x),
        ref,
        ((-2.0, 2.0),),
        0.0,
        None,
        label,
        "whole",
        (shape,),
        grid=1.0,
        dtype="int64",
    )


PLACES = [
    _places("argmax", "", (3, 4), lambda x: x.argmax(), lambda x: x.argmax()),
    _places("argmax", "0-d", (), lambda x: x.argmax(), lambda x: x.argmax()),
    _places("argmax", "long", (2500,), lambda x: x.argmax(), lambda x: x.argmax()),
    _places("argmax", "dim 0", (30, 4), lambda x: x.argmax(0), lambda x: x.argmax(0)),
    _places(
        "argmax",
        "kept",
        (3, 40),
        lambda x: x.argmax(1, keepdim=True),
        lambda x: x.argmax(1, keepdims=True),
    ),
    _places("argmin", "", (3, 4), lambda x: x.argmin(), lambda x: x.argmin()),
    _places("argmin", "dim 1", (3, 4, 5), lambda x: x.argmin(1), lambda x: x.argmin(1)),
    _places(
        "argsort",
        "",
        (3, 40),
        lambda x: x.argsort(stable=True),
        lambda x: np.argsort(x, kind="stable"),
    ),
    _places(
        "argsort",
        "descending columns",
        (40, 3),
        lambda x: x.argsort(dim=0, descending=True, stable=True),
        lambda x: np.argsort(-x, axis=0, kind="stable"),
    ),
]

ORDER = [*PICKED, *ALONG, *PRODUCTS, *NORMS, *STATISTICS]
