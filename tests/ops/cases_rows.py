# SPDX-License-Identifier: MIT
"""The op cases of losses, of classes, of norms and of distances: see cases.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ops.case import Case, Shape

Ref = Callable[..., Any]
FAR = 16.0  # units in the last place, of what is put together of several functions


def _of(
    op: str,
    call: Callable[..., Any],
    ref: Ref,
    shapes: tuple[Shape, ...],
    grad_fn: str,
    label: str = "",
    **more: Any,
) -> Case:
    domains = more.pop("domains", ((0.5, 2.0),) * len(shapes))
    return Case(
        op, call, ref, domains, more.pop("ulp", FAR), grad_fn, label, "whole", shapes, **more
    )


def _reduced(reduction: str, errors: Any) -> Any:
    return {"none": lambda e: e, "mean": np.mean, "sum": np.sum}[reduction](errors)


def _loss(
    name: str,
    ref: Ref,
    grad_fn: str,
    domains: tuple[tuple[float, float], ...],
    reduction: str = "mean",
    *,
    op: str = "",
    label: str = "",
    shapes: tuple[Shape, ...] = (),
    **arguments: Any,
) -> Case:
    """A loss of (input, target, ...): `ref` gives the error of each element."""

    def call(lib: Any, *tensors: Any) -> Any:
        return getattr(lib.nn.functional, name)(*tensors, reduction=reduction, **arguments)

    return _of(
        op or name,
        call,
        lambda *arrays: _reduced(reduction, ref(*arrays)),
        shapes or ((3, 4),) * len(domains),
        grad_fn,
        label or reduction,
        domains=domains,
    )


ABOVE = ((2.0, 3.0), (0.5, 1.0))  # input and target, the first the larger
SHARE = ((0.2, 0.8), (0.2, 0.8))


def _logits(x: Any, t: Any, w: Any = 1.0) -> Any:
    return (1 - t) * np.log1p(np.exp(x)) + w * t * np.log1p(np.exp(-x))


def _gaussian(x: Any, t: Any, var: Any) -> Any:
    return (np.log(var) + (x - t) ** 2 / var) / 2


def _cosine(x: Any, y: Any, axis: int) -> Any:
    norms = np.sqrt((x * x).sum(axis) * (y * y).sum(axis))
    return (x * y).sum(axis) / norms


def _triplet(a: Any, p: Any, n: Any) -> Any:
    def far(x: Any, y: Any) -> Any:
        return np.sqrt(((x - y + np.longdouble(1e-6)) ** 2).sum(-1))

    return np.maximum(5 + far(a, p) - far(a, n), 0)


LOSSES = [
    *(
        _loss("mse_loss", lambda x, t: (x - t) ** 2, "MseLossBackward0", ABOVE, how)
        for how in ("mean", "sum", "none")
    ),
    _loss("l1_loss", lambda x, t: abs(x - t), "MeanBackward0", ABOVE),
    _loss("smooth_l1_loss", lambda x, t: abs(x - t) - 0.5, "SmoothL1LossBackward0", ABOVE),
    _loss(
        "smooth_l1_loss",
        lambda x, t: (x - t) ** 2 / 8,
        "SmoothL1LossBackward0",
        ABOVE,
        label="near",
        beta=4.0,
    ),
    _loss("huber_loss", lambda x, t: (x - t) ** 2 / 2, "HuberLossBackward0", ABOVE, delta=4.0),
    _loss(
        "huber_loss",
        lambda x, t: (abs(x - t) - 0.25) / 2,
        "HuberLossBackward0",
        ABOVE,
        label="far",
        delta=0.5,
    ),
    _loss(
        "binary_cross_entropy",
        lambda x, t: -t * np.log(x) - (1 - t) * np.log1p(-x),
        "BinaryCrossEntropyBackward0",
        SHARE,
    ),
    _loss(
        "binary_cross_entropy",
        lambda x, t: -t * np.log(x) - (1 - t) * np.log1p(-x),
        "BinaryCrossEntropyBackward0",
        SHARE,
        "none",
        op="bce_term",
    ),
    _loss(
        "binary_cross_entropy_with_logits",
        _logits,
        "BinaryCrossEntropyWithLogitsBackward0",
        ((-3.0, 3.0), (0.2, 0.8)),
    ),
    Case(
        "bce_logits_term",
        lambda lib, x, t: lib.nn.functional.binary_cross_entropy_with_logits(
            x, t, pos_weight=lib.tensor([0.5, 1.0, 2.0, 3.0]), reduction="sum"
        ),
        lambda x, t: _logits(x, t, np.array([0.5, 1.0, 2.0, 3.0])).sum(),
        ((-3.0, 3.0), (0.2, 0.8)),
        FAR,
        "BinaryCrossEntropyWithLogitsBackward0",
        "",
        "whole",
        ((3, 4), (3, 4)),
    ),
    _loss(
        "kl_div",
        lambda x, t: t * (np.log(t) - x),
        "SumBackward0",
        ((-3.0, -2.0), (0.5, 1.0)),
        "sum",
    ),
    _loss(
        "kl_div",
        lambda x, t: np.exp(t) * (t - x),
        "SumBackward0",
        ((-3.0, -2.0), (-1.0, -0.5)),
        "sum",
        label="log_target",
        log_target=True,
    ),
    _loss("gaussian_nll_loss", _gaussian, "MeanBackward0", (*ABOVE, (1.5, 2.0))),
    _loss(
        "poisson_nll_loss",
        lambda x, t: np.exp(x) - t * x,
        "MeanBackward0",
        ((1.0, 2.0), (0.5, 1.0)),
    ),
    _of(
        "soft_margin_loss",
        lambda lib, x: lib.nn.functional.soft_margin_loss(
            x, lib.tensor([[1.0, -1.0, 1.0, -1.0]]).expand(3, 4)
        ),
        lambda x: np.log1p(np.exp(-x * np.array([1, -1, 1, -1]))).mean(),
        ((3, 4),),
        "SoftMarginLossBackward0",
    ),
    _of(
        "multilabel_soft_margin_loss",
        lambda lib, x, t, w: lib.nn.functional.multilabel_soft_margin_loss(x, t, w),
        lambda x, t, w: np.mean(w * (t * np.log1p(np.exp(-x)) + (1 - t) * np.log1p(np.exp(x)))),
        ((3, 4), (3, 4), (4,)),
        "MeanBackward0",
        ulp=1e3,
    ),
    _of(
        "hinge_embedding_loss",
        lambda lib, x: lib.nn.functional.hinge_embedding_loss(
            x, lib.tensor([1.0, -1.0, 1.0, -1.0]), margin=5.0
        ),
        lambda x: np.mean(np.where([True, False, True, False], x, 5 - x)),
        ((3, 4),),
        "MeanBackward0",
    ),
    _of(
        "margin_ranking_loss",
        lambda lib, x, y: lib.nn.functional.margin_ranking_loss(
            x, y, lib.tensor([1.0, -1.0, 1.0, -1.0]), margin=5.0
        ),
        lambda x, y: np.mean(5 - np.array([1, -1, 1, -1]) * (x - y)),
        ((4,), (4,)),
        "MeanBackward0",
    ),
    _of(
        "cosine_embedding_loss",
        lambda lib, x, y: lib.nn.functional.cosine_embedding_loss(
            x, y, lib.tensor([1.0, -1.0, 1.0]), margin=-0.5
        ),
        lambda x, y: np.mean(
            np.where([True, False, True], 1 - _cosine(x, y, 1), _cosine(x, y, 1) + 0.5)
        ),
        ((3, 4), (3, 4)),
        "MeanBackward0",
        ulp=1e5,  # 1e-12 is added to squares of lengths
    ),
    _of(
        "triplet_term",
        lambda lib, a, p, n: lib.nn.functional.triplet_margin_loss(a, p, n, margin=5.0),
        lambda a, p, n: np.mean(_triplet(a, p, n)),
        ((3, 4), (3, 4), (3, 4)),
        "MeanBackward0",
    ),
]

# ---- classes -------------------------------------------------------------------------------------

WHICH = [2, 0, 2]


def _log_softmax(x: Any) -> Any:
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def _picked(x: Any) -> Any:
    return -x[range(3), WHICH]


def _vjp(lib: Any, f: Callable[[Any], Any], shape: Shape, g: Any) -> Any:
    """What the rule of f makes of the gradient g."""
    recording = lib.is_grad_enabled()
    with lib.enable_grad():
        x = lib.ones(*shape, requires_grad=True, dtype=lib.float64)
        y = f(x)
    (result,) = lib.autograd.grad(y, x, g, create_graph=recording)
    return result


def _rows_added(g: Any) -> Any:
    z = np.zeros((4, 2), dtype=g.dtype)
    for k, row in enumerate(WHICH):
        z[row] += g[k]
    return z


def _class_vjp(g: Any) -> Any:
    z = np.zeros((3, 4), dtype=g.dtype)
    z[range(3), WHICH] = -g
    return z


def _entropy_vjp(lib: Any, g: Any, x: Any) -> Any:
    recording = lib.is_grad_enabled()
    with lib.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        y = lib.nn.functional.cross_entropy(x, lib.tensor(WHICH), reduction="none")
    (result,) = lib.autograd.grad(y, x, g, create_graph=recording)
    return result


CLASSES = [
    _of(
        "embedding",
        lambda lib, w: lib.nn.functional.embedding(lib.tensor([[2, 0, 2]]), w),
        lambda w: w[[WHICH]],
        ((4, 2),),
        "EmbeddingBackward0",
        ulp=0.0,
    ),
    _of(
        "embedding_vjp",
        lambda lib, g: _vjp(
            lib, lambda w: lib.nn.functional.embedding(lib.tensor(WHICH), w), (4, 2), g
        ),
        _rows_added,
        ((3, 2),),
        "EmbeddingDenseBackwardBackward0",
        ulp=0.51,
    ),
    _of(
        "class_loss",
        lambda lib, x: lib.nn.functional.nll_loss(x, lib.tensor(WHICH), reduction="none"),
        _picked,
        ((3, 4),),
        "NllLossBackward0",
        ulp=0.0,
    ),
    _of(
        "class_loss_vjp",
        lambda lib, g: _vjp(
            lib,
            lambda x: lib.nn.functional.nll_loss(x, lib.tensor(WHICH), reduction="none"),
            (3, 4),
            g,
        ),
        _class_vjp,
        ((3,),),
        "NllLossBackwardBackward0",
        ulp=0.0,
    ),
    _of(
        "nll_loss",
        lambda lib, x: lib.nn.functional.nll_loss(x, lib.tensor(WHICH)),
        lambda x: _picked(x).mean(),
        ((3, 4),),
        "NllLossBackward0",
    ),
    _of(
        "nll_loss",
        lambda lib, x, w: lib.nn.functional.nll_loss(
            x, lib.tensor(WHICH), weight=w.detach(), ignore_index=0
        ),
        lambda x, w: (_picked(x) * w[WHICH])[[0, 2]].sum() / w[WHICH][[0, 2]].sum(),
        ((3, 4), (4,)),
        "NllLossBackward0",
        "weights",
    ),
    _of(
        "cross_entropy",
        lambda lib, x: lib.nn.functional.cross_entropy(x, lib.tensor(WHICH)),
        lambda x: _picked(_log_softmax(x)).mean(),
        ((3, 4),),
        "NllLossBackward0",
    ),
    _of(
        "class_entropy",
        lambda lib, x: lib.nn.functional.cross_entropy(x, lib.tensor(WHICH), reduction="none"),
        lambda x: _picked(_log_softmax(x)),
        ((3, 4),),
        "NllLossBackward0",
    ),
    _of(
        "class_entropy_vjp",
        lambda lib, g, x: _entropy_vjp(lib, g, x),
        lambda g, x: g[:, None] * (np.exp(_log_softmax(x)) + _class_vjp(np.ones_like(g))),
        ((3,), (3, 4)),
        "NllLossBackwardBackward0",
    ),
]

# ---- norms ---------------------------------------------------------------------------------------


def _standard(x: Any, axis: Any, eps: float = 1e-5) -> Any:
    mean = x.mean(axis, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axis, keepdims=True) + np.longdouble(eps))


def _standard_vjp(g: Any, x: Any) -> Any:
    r = 1 / np.sqrt(x.var(1, keepdims=True) + np.longdouble(1e-5))
    y = _standard(x, 1)
    return r * (g - g.mean(1, keepdims=True) - y * (g * y).mean(1, keepdims=True))


def _layer_vjp(lib: Any, g: Any, x: Any, weight: Any = None) -> Any:
    recording = lib.is_grad_enabled()
    with lib.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        y = lib.nn.functional.layer_norm(x, (4,), weight)
    (result,) = lib.autograd.grad(y, x, g, create_graph=recording)
    return result


NORMS = [
    _of(
        "softmin",
        lambda lib, x: lib.nn.functional.softmin(x, 1),
        lambda x: np.exp(-x) / np.exp(-x).sum(1, keepdims=True),
        ((3, 4),),
        "SoftmaxBackward0",
    ),
    _of(
        "softmax_rows",
        lambda lib, x: x.softmax(1),
        lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True),
        ((3, 4),),
        "SoftmaxBackward0",
    ),
    _of(
        "softmax_rows_vjp",
        lambda lib, g, y: y * (g - (g * y).sum(1, keepdim=True)),
        lambda g, y: y * (g - (g * y).sum(1, keepdims=True)),
        ((3, 4), (3, 4)),
        "MulBackward0",
        ulp=1e3,
    ),
    _of(
        "glu",
        lambda lib, x: lib.nn.functional.glu(x),
        lambda x: x[:, :2] / (1 + np.exp(-x[:, 2:])),
        ((3, 4),),
        "GluBackward0",
    ),
    _of(
        "standardize",
        lambda lib, x: lib.nn.functional.layer_norm(x, (4, 2)),
        lambda x: _standard(x, (1, 2)),
        ((3, 4, 2),),
        "NativeLayerNormBackward0",
        ulp=1e3,  # less the mean, what is near it loses digits
    ),
    _of(
        "standardize_vjp",
        _layer_vjp,
        _standard_vjp,
        ((3, 4), (3, 4)),
        "NativeLayerNormBackwardBackward0",
        ulp=1e4,
    ),
    _of(
        "standardize_affine",
        lambda lib, x, w, b: lib.nn.functional.layer_norm(x, (4, 2), w, b),
        lambda x, w, b: _standard(x, (1, 2)) * w + b,
        ((3, 4, 2), (4, 2), (4, 2)),
        "NativeLayerNormBackward0",
        ulp=1e3,
    ),
    _of(
        "standardize_affine_vjp",
        _layer_vjp,
        lambda g, x, w: _standard_vjp(g * w, x),
        ((3, 4), (3, 4), (4,)),
        "NativeLayerNormBackwardBackward0",
        ulp=1e4,
    ),
    _of(
        "layer_norm",
        lambda lib, x, w, b: lib.nn.functional.layer_norm(x, (4,), w, b, eps=0.1),
        lambda x, w, b: _standard(x, 1, 0.1) * w + b,
        ((3, 4), (4,), (4,)),
        "NativeLayerNormBackward0",
        ulp=1e3,
    ),
    _of(
        "rms_norm",
        lambda lib, x, w: lib.nn.functional.rms_norm(x, (4,), w, eps=0.1),
        lambda x, w: w * x / np.sqrt((x * x).mean(1, keepdims=True) + np.longdouble(0.1)),
        ((3, 4), (4,)),
        "MulBackward0",
    ),
    _of(
        "group_norm",
        lambda lib, x, w, b: lib.nn.functional.group_norm(x, 2, w, b, eps=0.1),
        lambda x, w, b: (
            _standard(x.reshape(2, 2, 6), 2, 0.1).reshape(2, 4, 3) * w[:, None] + b[:, None]
        ),
        ((2, 4, 3), (4,), (4,)),
        "NativeGroupNormBackward0",
        ulp=1e3,
    ),
    _of(
        "standardize_channels",
        lambda lib, x, w, b: lib.nn.functional.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: _standard(x, (0, 2)) * w[:, None] + b[:, None],
        ((2, 3, 3), (3,), (3,)),
        "NativeBatchNormBackward0",
        ulp=1e3,
    ),
    _of(
        "batch_norm",
        lambda lib, x, w, b: lib.nn.functional.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: _standard(x, (0, 2)) * w[:, None] + b[:, None],
        ((3, 2, 2), (2,), (2,)),
        "NativeBatchNormBackward0",
        ulp=1e3,
    ),
]

# ---- distances -----------------------------------------------------------------------------------


def _lengths(d: Any, p: float = 2.0) -> Any:
    return (abs(d) ** p).sum(-1) ** (1 / np.longdouble(p))


DISTANCES = [
    *(
        _of(
            "p_norm",
            lambda lib, x, y, p=p: lib.pairwise_distance(x, y, p, eps=0.0),
            lambda x, y, p=p: _lengths(x - y, p),
            ((3, 4), (3, 4)),
            "NormBackward1",
            f"{p}",
            domains=ABOVE,
        )
        for p in (1.0, 2.0, 3.0, 1.5)
    ),
    _of(
        "pairwise_distance",
        lambda lib, x, y: lib.pairwise_distance(x, y, keepdim=True),
        lambda x, y: _lengths(x - y + np.longdouble(1e-6))[:, None],
        ((3, 4), (4,)),
        "NormBackward1",
        domains=ABOVE,
    ),
    _of(
        "dist",
        lambda lib, x, y: x.dist(y, 3.0),
        lambda x, y: _lengths((x - y).ravel(), 3.0),
        ((3, 4), (4,)),
        "DistBackward0",
        domains=ABOVE,
    ),
    _of(
        "cdist",
        lambda lib, x, y: lib.cdist(x, y),
        lambda x, y: _lengths(x[:, None] - y),
        ((3, 4), (2, 4)),
        "CdistBackward0",
        domains=ABOVE,
    ),
    _of(
        "pdist",
        lambda lib, x: lib.pdist(x, 3.0),
        lambda x: _lengths(x[[0, 0, 1]] - x[[1, 2, 2]], 3.0),
        ((3, 4),),
        "PdistBackward0",
    ),
    _of(
        "cosine_similarity",
        lambda lib, x, y: lib.cosine_similarity(x, y),
        lambda x, y: _cosine(x, y, 1),
        ((3, 4), (3, 4)),
        "SumBackward1",
    ),
    _of(
        "normalize",
        lambda lib, x: lib.nn.functional.normalize(x, p=3.0, dim=0),
        lambda x: x / (abs(x) ** 3).sum(0, keepdims=True) ** (1 / np.longdouble(3)),
        ((3, 4),),
        "DivBackward0",
    ),
]

ROWS = [*LOSSES, *CLASSES, *NORMS, *DISTANCES]
