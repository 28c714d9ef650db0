# SPDX-License-Identifier: MIT
"""Cases of the special functions: see cases.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ops import long
from ops.case import VECTOR, Case, Domain, method, whole

ROOT_HALF = np.sqrt(np.longdouble(0.5))


def _special(name: str) -> Callable[..., Any]:
    return lambda lib, *tensors: getattr(lib.special, name)(*tensors)


def _unary(op: str, ref: Any, domain: Domain, ulp: float, label: str, **more: Any) -> Case:
    return Case(op, _special(op), ref, (domain,), ulp, f"{label}Backward0", **more)


def ndtr(x: Any) -> Any:
    return long.erfc(-x * ROOT_HALF) / 2


def _slope_of(name: str, order: int = 1) -> Callable[..., Any]:
    """A derivative in the first argument of a function, recorded where gradients are."""

    def call(lib: Any, *tensors: Any) -> Any:
        recording = lib.is_grad_enabled()
        with lib.enable_grad():
            x = tensors[0] if tensors[0].requires_grad else tensors[0].detach().requires_grad_()
            y = _special(name)(lib, x, *tensors[1:])
            one = lib.ones_like(y)
            for k in range(order):
                y = lib.autograd.grad(y, x, one, create_graph=recording or k + 1 < order)[0]
        return y

    return call


def _slope(op: str, of: str, ref: Any, *domains: Domain, ulp: float, order: int = 1) -> Case:
    """An inner op, of which the derivative of a function is a multiple."""
    shapes = ((7,),) * len(domains)
    call = _slope_of(of, order)
    return Case(op, call, ref, domains, ulp, "MulBackward0", kind="whole", shapes=shapes)


SLOPES = [
    _slope(
        "erfcx_rest",
        "erfcx",
        lambda x: 2 * x * np.exp(x * x) * long.erfc(x) - 2 / long.ROOT_PI,
        (-2, 3),
        ulp=8.0,
    ),
    _slope(
        "log_ndtr_slope",
        "log_ndtr",
        lambda x: np.exp(-x * x / 2) / np.sqrt(2 * long.PI) / ndtr(x),
        (-3, 3),
        ulp=8.0,
    ),
    *(
        dataclasses.replace(
            _slope(
                "zeta_slope",
                "zeta",
                lambda s, q, order=order: long.zeta(s, q, order),
                (1.5, 3.5),
                (1.5, 4.0),
                ulp=4.0,
                order=order,
            ),
            label=f"order {order}",
        )
        for order in (1, 2)
    ),
]

GAUSSIAN = [
    _unary("erfcx", lambda x: np.exp(x * x) * long.erfc(x), (-2, 3), VECTOR, "SpecialErfcx"),
    _unary("ndtr", ndtr, (-3, 3), VECTOR, "SpecialNdtr"),
    _unary(
        "ndtri", lambda p: long.erfinv(2 * p - 1) / ROOT_HALF, (0.05, 0.95), 2.5, "SpecialNdtri"
    ),
    _unary("log_ndtr", lambda x: np.log(ndtr(x)), (-3, 3), VECTOR, "SpecialLogNdtr"),
    _unary("entr", lambda x: -x * np.log(x), (0.3, 3), 2.5, "SpecialEntr", kinks=(1.0,)),
    Case(
        "xlog1py",
        _special("xlog1py"),
        lambda x, y: x * np.log1p(y),
        ((0.3, 3.0), (-0.5, 3.0)),
        VECTOR,
        "SpecialXlog1PyBackward0",
    ),
    Case(
        "xlog1py",
        lambda lib, x: lib.special.xlog1py(2.0, x),
        lambda x: 2 * np.log1p(x),
        ((-0.5, 3.0),),
        VECTOR,
        "SpecialXlog1PyBackward1",
        "number first",
    ),
    Case(
        "xlog1py",
        lambda lib, x: lib.special.xlog1py(x, 2.0),
        lambda x: x * np.log(np.longdouble(3)),
        ((-3.0, 3.0),),
        2.0,
        "SpecialXlog1PyBackward2",
        "number second",
    ),
]
GAMMA = [
    Case("lgamma", method("lgamma"), long.lgamma, ((2.5, 8),), 2.0, "LgammaBackward0"),
    Case("digamma", method("digamma"), long.digamma, ((5, 20),), VECTOR, "DigammaBackward0"),
    *(
        Case(
            "polygamma",
            lambda lib, x, n=n: lib.polygamma(n, x),
            lambda x, n=n: long.polygamma(n, x),
            ((0.5, 8.0),),
            VECTOR,
            "PolygammaBackward0",
            f"order {n}",
        )
        for n in (1, 2, 3)
    ),
    Case(
        "zeta",
        _special("zeta"),
        long.zeta,
        ((1.5, 3.5), (1.0, 4.0)),
        VECTOR,
        "SpecialZetaBackward0",
    ),
    Case(
        "zeta",
        lambda lib, x: lib.special.zeta(2.5, x),
        lambda x: long.zeta(2.5, x),
        ((0.5, 8.0),),
        VECTOR,
        "SpecialZetaBackward1",
        "number first",
    ),
]
GAMMA_WHOLES = [
    whole(
        "mvlgamma",
        "",
        lambda x: x.mvlgamma(3),
        lambda x: (
            long.lgamma(x) + long.lgamma(x - 0.5) + long.lgamma(x - 1) + 1.5 * np.log(long.PI)
        ),
        ((3, 4),),
        "MvlgammaBackward0",
        domains=((3.5, 9.0),),
        ulp=8.0,
    ),
]

MAPS = [*GAUSSIAN, *GAMMA]
WHOLES = [*SLOPES, *GAMMA_WHOLES]
