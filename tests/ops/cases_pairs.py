# SPDX-License-Identifier: MIT
"""Cases of elementwise ops of two and three operands, of rounding, and of questions about numbers:
see cases.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ops.case import EXACT, VECTOR, WHOLE, Case, binary, integer, mask, method, scalar, unary

POSITIVE = (0.3, 3.0)
HALVES = tuple(x + 0.5 for x in (-4.0, *WHOLE))
TENTHS = tuple(np.arange(-30.5, 31.0) / 10)


def _logaddexp2(x: Any, y: Any) -> Any:
    return np.logaddexp2(x, y)


BINARY = [
    binary("atan2", np.arctan2, POSITIVE, VECTOR, "Atan2Backward0"),
    binary("hypot", np.hypot, POSITIVE, 1.51, "HypotBackward0"),
    binary("logaddexp", np.logaddexp, POSITIVE, 2.0, "LogaddexpBackward0"),
    binary("logaddexp2", _logaddexp2, POSITIVE, 2.0, "Logaddexp2Backward0"),
    binary("xlogy", lambda x, y: x * np.log(y), POSITIVE, VECTOR, "XlogyBackward0"),
    binary("copysign", np.copysign, (-3, 3), EXACT, "CopysignBackward0", kinks=(0.0,)),
    binary("fmax", np.fmax, (-3, 3), EXACT, "FmaxBackward0", grid=0.3, apart=True),
    binary("fmin", np.fmin, (-3, 3), EXACT, "FminBackward0", grid=0.3, apart=True),
    binary("clamp_min", np.maximum, (-3, 3), EXACT, "ClampMinBackward1", grid=0.3, apart=True),
    binary("clamp_max", np.minimum, (-3, 3), EXACT, "ClampMaxBackward1", grid=0.3, apart=True),
    binary("float_power", np.power, POSITIVE, VECTOR, "PowBackward1"),
    binary("ldexp", lambda x, y: x * 2**y, POSITIVE, VECTOR, "LdexpBackward0"),
    binary("rsub", lambda x, y: y - x, (-3, 3), EXACT, "RsubBackward0"),
    # Of quotients that are well between two whole numbers.
    *(
        Case("fmod", method("fmod"), np.fmod, domains, EXACT, "FmodBackward1", label)
        for label, domains in (
            ("", ((3.3, 3.6), (1.0, 1.05))),
            ("of other signs", ((-3.6, -3.3), (1.0, 1.05))),
            ("of a negative divisor", ((3.3, 3.6), (-1.05, -1.0))),
        )
    ),
]


def _function(
    op: str, label: str, call: Callable[..., Any], ref: Any, grad_fn: str, **more: Any
) -> Case:
    """Of the library's function with a number: `call` gets the library, too."""
    domain, ulp = more.pop("domain", (-3.0, 3.0)), more.pop("ulp", EXACT)
    return Case(op, call, ref, (domain,), ulp, grad_fn, label, **more)


def _with(x: Any, op: str, number: float) -> Any:
    """x.op(number), by NumPy's function where x is an array."""
    method = getattr(x, op, None)
    return getattr(np, op)(x, number) if method is None else method(number)


def _xlogy3(x: Any) -> Any:
    return x.xlogy(3.0) if hasattr(x, "xlogy") else x * np.log(np.longdouble(3))


NUMBERS = [
    _function(
        "xlogy",
        "number first",
        lambda lib, x: lib.xlogy(2.0, x),
        lambda x: 2 * np.log(x),
        "XlogyBackward1",
        domain=POSITIVE,
        ulp=VECTOR,
    ),
    scalar("xlogy", "x.xlogy(3)", lambda x: _xlogy3(x), "XlogyBackward2", ulp=2.0),
    scalar("fmod", "x.fmod(0.3)", lambda x: _with(x, "fmod", 0.3), "FmodBackward0", (0.35, 0.55)),
    scalar(
        "copysign",
        "x.copysign(-1)",
        lambda x: _with(x, "copysign", -1.0),
        "CopysignBackward1",
        kinks=(0.0,),
    ),
    _function(
        "clamp_min",
        "number",
        lambda lib, x: lib.clamp_min(x, 0.5),
        lambda x: np.maximum(x, 0.5),
        "ClampMinBackward0",
        kinks=(0.5,),
    ),
    _function(
        "clamp_max",
        "number",
        lambda lib, x: x.clamp_max(max=0.5),
        lambda x: np.minimum(x, 0.5),
        "ClampMaxBackward0",
        kinks=(0.5,),
    ),
    _function(
        "float_power",
        "number",
        lambda lib, x: lib.float_power(x, 3),
        lambda x: x**3,
        "PowBackward0",
        ulp=1.5,
    ),
    _function(
        "float_power",
        "number first",
        lambda lib, x: lib.float_power(2, x),
        lambda x: 2**x,
        "PowBackward2",
        ulp=VECTOR,
    ),
    _function(
        "rsub",
        "number",
        lambda lib, x: lib.rsub(x, 2.0, alpha=0.5),
        lambda x: 2 - 0.5 * x,
        "RsubBackward1",
    ),
    _function("round", "", lambda lib, x: lib.round(x), np.round, "RoundBackward0", kinks=HALVES),
    _function(
        "round",
        "decimals",
        lambda lib, x: x.round(decimals=1),
        lambda x: np.round(x * 10) / 10,
        "RoundBackward1",
        grid=0.04,  # its tenths are none of halves
    ),
    _function(
        "nan_to_num",
        "",
        lambda lib, x: lib.nan_to_num(x, 1.0, 2.0, neginf=3.0),
        lambda x: x,
        "NanToNumBackward0",
    ),
    *(
        Case(
            "lerp",
            lambda lib, x, y, w=weight: lib.lerp(x, y, w),
            lambda x, y, w=weight: x + w * (y - x),
            ((1.0, 2.0), (1.0, 2.0)),
            2.0,
            "LerpBackward0",
            f"weight {weight}",
        )
        for weight in (0.25, 0.75)
    ),
]


TERNARY = [
    Case(
        "lerp",
        method("lerp"),
        lambda x, y, w: x + w * (y - x),
        ((1.0, 2.0), (1.0, 2.0), (0.1, 0.9)),
        2.0,
        "LerpBackward1",
    ),
    Case(
        "addcmul",
        method("addcmul"),
        lambda x, y, w: x + y * w,
        ((0.5, 2.0),) * 3,
        1.5,
        "AddcmulBackward0",
    ),
    Case(
        "addcmul",
        lambda lib, x, y, w: x.addcmul(y, w, value=0.3),
        lambda x, y, w: x + 0.3 * y * w,
        ((0.5, 2.0),) * 3,
        2.0,
        "AddcmulBackward0",
        "value",
    ),
    Case(
        "addcdiv",
        method("addcdiv"),
        lambda x, y, w: x + y / w,
        ((0.5, 2.0),) * 3,
        1.5,
        "AddcdivBackward0",
    ),
    Case(
        "addcdiv",
        lambda lib, x, y, w: x.addcdiv(y, w, value=3),
        lambda x, y, w: x + 3 * y / w,
        ((0.5, 2.0),) * 3,
        2.0,
        "AddcdivBackward0",
        "value",
    ),
]

UNARY = [
    unary("frac", lambda x: x - np.trunc(x), -3, 3, EXACT, "FracBackward0", kinks=WHOLE),
    unary("sgn", np.sign, -3, 3, EXACT, "SgnBackward0", kinks=(0.0,)),
    unary("deg2rad", np.deg2rad, -200, 200, 1.5, "Deg2RadBackward0"),
    unary("rad2deg", np.rad2deg, -3, 3, 1.5, "Rad2DegBackward0"),
]


def _isclose(x: Any, y: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.isclose(x, y, rtol=0.5, atol=0.25)


MASK = [
    mask("signbit", np.signbit, 1),
    mask("isnan", np.isnan, 1),
    mask("isinf", np.isinf, 1),
    mask("isfinite", np.isfinite, 1),
    mask("isposinf", lambda x: x == np.inf, 1),
    mask("isneginf", lambda x: x == -np.inf, 1),
    mask("isreal", np.isreal, 1),
    Case(
        "isclose",
        lambda lib, x, y: lib.isclose(x, y, rtol=0.5, atol=0.25),
        _isclose,
        ((-3.0, 3.0),) * 2,
        0.0,
        None,
        kind="mask",
        grid=1.0,
        dtype="bool",
    ),
]

TRUTHS = [
    Case(
        "heaviside",
        method("heaviside"),
        np.heaviside,
        ((-3.0, 3.0),) * 2,
        0.0,
        None,
        kind="whole",
        shapes=((3, 4), (4,)),
        grid=1.0,
        twin=lambda torch, x, y: torch.heaviside(x.detach(), y.detach()),
    )
]

INTEGER = [
    integer("gcd", np.gcd, (-(2.0**52), 2.0**52), (-1000, 1000)),
    integer("lcm", np.lcm, (-(2.0**20), 2.0**20), (-1000, 1000)),
]


def _share(op: str, lib: Any, x: Any, y: Any) -> Any:
    """The derivative of the op by x, recorded where the caller records."""
    recording = lib.is_grad_enabled()
    with lib.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        z = getattr(lib, op)(x, y).sum()
    (share,) = lib.autograd.grad(z, x, create_graph=recording)
    return share


def _shares(op: str, ref: Any) -> Case:
    return Case(
        f"{op}_share",
        lambda lib, x, y: _share(op, lib, x, y),
        ref,
        ((0.5, 2.0),) * 2,
        4.0,
        "MulBackward0",
        kind="whole",
        shapes=((7,), (7,)),
    )


INNER = [
    _shares("logaddexp", lambda x, y: 1 / (1 + np.exp(y - x))),
    _shares("logaddexp2", lambda x, y: 1 / (1 + 2 ** (y - x))),
]
MAPS = [*UNARY, *BINARY, *NUMBERS, *TERNARY]
