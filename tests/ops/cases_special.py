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


def _slope_of(name: str, order: int = 1, by: int = 0) -> Callable[..., Any]:
    """A derivative in one argument of a function, recorded where gradients are."""

    def call(lib: Any, *tensors: Any) -> Any:
        recording = lib.is_grad_enabled()
        with lib.enable_grad():
            given = list(tensors)
            if not given[by].requires_grad:
                given[by] = given[by].detach().requires_grad_()
            y = _special(name)(lib, *given)
            one = lib.ones_like(y)
            for k in range(order):
                more = recording or k + 1 < order
                y = lib.autograd.grad(y, given[by], one, create_graph=more)[0]
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

BESSEL = [
    Case("i0", method("i0"), lambda x: long.bessel_i(0, x), ((-5, 5),), 2.0, "I0Backward0"),
    *(
        _unary(op, ref, domain, VECTOR, label)
        for op, ref, domain, label in (
            (
                "i0e",
                lambda x: long.bessel_i(0, x) * np.exp(-abs(x)),
                (0.1, 9.0),
                "SpecialI0E",
            ),
            ("i1", lambda x: long.bessel_i(1, x), (0.3, 9.0), "SpecialI1"),
            ("i1e", lambda x: long.bessel_i(1, x) * np.exp(-abs(x)), (0.3, 9.0), "SpecialI1E"),
            ("bessel_j0", lambda x: long.bessel_j(0, x), (-1.8, 1.8), "SpecialBesselJ0"),
            ("bessel_j1", lambda x: long.bessel_j(1, x), (0.3, 2.5), "SpecialBesselJ1"),
            ("bessel_y0", lambda x: long.bessel_y(0, x), (1.6, 2.8), "SpecialBesselY0"),
            ("bessel_y1", lambda x: long.bessel_y(1, x), (1.0, 1.7), "SpecialBesselY1"),
            *(
                (
                    f"{scaled}modified_bessel_k{n}",
                    lambda x, n=n, by=by: long.bessel_k(n, x) * np.exp(by * x),
                    (0.5, 6.0),
                    f"Special{scaled.title().rstrip('_')}ModifiedBesselK{n}",
                )
                for scaled, by in (("", 0), ("scaled_", 1))
                for n in (0, 1)
            ),
        )
    ),
]
BESSEL_SLOPES = [
    _slope(
        "i_over_power",
        "i1",
        lambda x: (long.bessel_i(0, x) + long.bessel_i(2, x)) / 2,
        (-4, 4),
        ulp=4.0,
    ),
    _slope(
        "j_over_power",
        "bessel_j1",
        lambda x: (long.bessel_j(0, x) - long.bessel_j(2, x)) / 2,
        (-1.5, 1.5),
        ulp=8.0,
    ),
]

INCOMPLETE = [
    Case(
        name,
        method(name),
        ref,
        ((1.5, 4.0), (1.5, 4.0)),
        VECTOR,
        f"{name.title()}Backward0",
    )
    for name, ref in (
        ("igamma", long.gammainc),
        ("igammac", lambda a, x: 1 - long.gammainc(a, x)),
    )
]


def _differences(f: Callable[..., Any], order: int = 1, by: int = 0) -> Callable[..., Any]:
    """A derivative by differences of long doubles, which leave 10 digits or more."""
    h = np.longdouble(1e-3)
    weights = {
        1: ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60)),
        2: ((1, 3 / 2), (2, -3 / 20), (3, 1 / 90)),
    }[order]

    def ref(*points: Any) -> Any:
        def at(k: int) -> Any:
            return f(*(p + k * h if n == by else p for n, p in enumerate(points)))

        total = -at(0) * 49 / np.longdouble(18) if order == 2 else np.longdouble(0)
        for k, w in weights:
            total = total + np.longdouble(w) * (at(k) + (1 if order == 2 else -1) * at(-k))
        return total / h**order

    return ref


INCOMPLETE_SLOPES = [
    dataclasses.replace(
        _slope(
            "igamma_slope",
            "gammainc",
            _differences(long.gammainc, n),
            (2.0, 4.0),
            (2.0, 4.0),
            ulp=1e7,
            order=n,
        ),
        label=f"order {n}",
    )
    for n in (1, 2)
]
INCOMPLETE_SLOPES += [
    Case(
        "igamma_density",
        lambda lib, a, x: _slope_of("gammainc", by=1)(lib, a, x),
        lambda a, x: np.exp((a - 1) * np.log(x) - x - long.lgamma(a)),
        ((2.5, 4.0), (1.5, 4.0)),
        8.0,
        "MulBackward0",
        kind="whole",
        shapes=((7,), (7,)),
    )
]

BETA = [
    Case(op, _special(op), ref, domains, VECTOR, f"Special{op.title()}Backward0")
    for op, ref, domains in (
        ("betaln", long.betaln, ((1.5, 4.0), (1.5, 4.0))),
        ("betainc", long.betainc, ((0.3, 0.6),) * 3),
    )
]
BETA_SLOPES = [
    Case(
        "betaincinv",
        _special("betaincinv"),
        long.betaincinv,
        ((2.0, 3.0), (2.0, 3.0), (0.2, 0.6)),
        VECTOR,
        "SpecialBetaincinvBackward0",
        kind="whole",
        shapes=((7,), (7,), (7,)),
    )
]
BETA_SLOPES += [
    Case(
        "betainc_slope",
        _slope_of("betainc", by=by),
        _differences(long.betainc, by=by),
        ((2.0, 4.0), (2.0, 4.0), (0.2, 0.7)),
        1e7,
        "MulBackward0",
        f"by argument {by}",
        kind="whole",
        shapes=((7,), (7,), (7,)),
    )
    for by in (0, 1)
]
BETA_SLOPES += [
    Case(
        "betainc_density",
        _slope_of("betainc", by=2),
        lambda a, b, x: np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - long.betaln(a, b)),
        ((2.5, 4.0), (2.5, 4.0), (0.2, 0.7)),
        16.0,
        "MulBackward0",
        kind="whole",
        shapes=((7,), (7,), (7,)),
    )
]

MAPS = [*GAUSSIAN, *GAMMA, *BESSEL, *INCOMPLETE, *BETA]
SLOPES += [*BESSEL_SLOPES, *INCOMPLETE_SLOPES, *BETA_SLOPES]
WHOLES = [*SLOPES, *GAMMA_WHOLES]
