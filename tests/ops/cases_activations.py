# SPDX-License-Identifier: MIT
"""Cases of special functions of one argument, and of the activations of `nn.functional`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ops import long
from ops.case import EXACT, VECTOR, Case, Domain, unary

SPECIAL = [
    unary("exp2", np.exp2, -5, 5, VECTOR, "Exp2Backward0"),
    unary("erf", long.erf, -3, 3, VECTOR, "ErfBackward0"),
    unary("erfc", long.erfc, -3, 5, VECTOR, "ErfcBackward0"),
    unary("erfinv", long.erfinv, -0.95, 0.95, VECTOR, "ErfinvBackward0"),
    unary("asinh", np.arcsinh, -5, 5, VECTOR, "AsinhBackward0"),
    unary("acosh", np.arccosh, 1.2, 5, VECTOR, "AcoshBackward0"),
    unary("atanh", np.arctanh, -0.9, 0.9, VECTOR, "AtanhBackward0"),
    # torch rounds pi x, and takes the difference of two numbers around 1 near 0.
    unary("sinc", long.sinc, -0.9, 0.9, VECTOR, "SincBackward0", kinks=(0.0,)),
    unary("logit", long.logit, 0.02, 0.98, VECTOR, "LogitBackward0", kinks=(0.5,)),
    Case(
        "logit",
        lambda lib, x: lib.logit(x, 0.2),
        lambda x: long.logit(np.clip(x, 0.2, 0.8)),
        ((-0.2, 1.2),),
        VECTOR,
        "LogitBackward0",
        "limited",
        kinks=(0.2, 0.5, 0.8),
    ),
]


def _slope(of: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def slope(lib: Any, x: Any) -> Any:
        recording = lib.is_grad_enabled()
        with lib.enable_grad():
            point = x if x.requires_grad else x.detach().requires_grad_()
            y = of(lib, point)
            one = lib.ones_like(y)
        return lib.autograd.grad(y, point, one, create_graph=recording)[0]

    return slope


def _slope_case(
    op: str, of: Callable[[Any, Any], Any], ref: Callable[..., Any], domain: Domain, kink: float
) -> Case:
    return Case(
        op,
        _slope(of),
        ref,
        (domain,),
        8.0,
        "MulBackward0",
        kind="whole",
        shapes=((7,),),
        kinks=(kink,),
    )


# That of silu is 0 near -1.28: no digits are asked for there.
SLOPES = [
    _slope_case("sinc_slope", lambda lib, x: lib.sinc(x), long.sinc_slope, (-0.9, 0.9), 0.0),
    _slope_case(
        "silu_slope", lambda lib, x: lib.nn.functional.silu(x), long.silu_slope, (-4, 4), -1.28
    ),
]


def _functional(
    op: str,
    ref: Callable[..., Any],
    grad_fn: str,
    *,
    name: str = "",
    domain: Domain = (-4, 4),
    ulp: float = EXACT,
    label: str = "",
    kinks: tuple[float, ...] = (),
    **arguments: Any,
) -> Case:
    def call(lib: Any, x: Any) -> Any:
        return getattr(lib.nn.functional, name or op)(x, **arguments)

    return Case(op, call, ref, (domain,), ulp, f"{grad_fn}Backward0", label, kinks=kinks)


def _sigmoid(x: Any) -> Any:
    return np.where(x < 0, np.exp(x), 1) / (1 + np.exp(-np.abs(x)))


def _elu(x: Any, alpha: float = 1.0, width: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / np.longdouble(width)))


def _selu(x: Any) -> Any:
    scale = np.longdouble(1.0507009873554804934193349852946)
    return scale * np.where(x > 0, x, np.longdouble(1.6732632423543772848) * _elu(x))


def _mish(x: Any) -> Any:
    return x * np.tanh(np.log1p(np.exp(x)))


def _gelu(x: Any) -> Any:
    return x / 2 * long.erfc(-x / np.sqrt(np.longdouble(2)))


def _gelu_tanh(x: Any) -> Any:
    u = np.sqrt(2 / long.PI) * (x + np.longdouble(0.044715) * x**3)
    return x * _sigmoid(2 * u)


_SHRINK = np.longdouble(0.5)

ACTIVATIONS = [
    _functional(
        "leaky_relu", lambda x: np.where(x > 0, x, x * 0.01), "LeakyRelu", kinks=(0.0,), ulp=1.1
    ),
    _functional(
        "leaky_relu",
        lambda x: np.where(x > 0, x, x * 0.25),
        "LeakyRelu",
        label="slope",
        kinks=(0.0,),
        negative_slope=0.25,
    ),
    _functional("elu", _elu, "Elu", ulp=VECTOR, kinks=(0.0,)),
    _functional(
        "elu", lambda x: _elu(x, 0.5), "Elu", label="alpha", ulp=VECTOR, kinks=(0.0,), alpha=0.5
    ),
    _functional("celu", _elu, "Celu", ulp=VECTOR, kinks=(0.0,)),
    _functional(
        "celu",
        lambda x: _elu(x, 3.0, 3.0),
        "Celu",
        label="wide",
        ulp=VECTOR,
        kinks=(0.0,),
        alpha=3.0,
    ),
    _functional("selu", _selu, "Elu", ulp=VECTOR, kinks=(0.0,)),
    _functional("silu", lambda x: x * _sigmoid(x), "Silu", ulp=VECTOR),
    _functional("mish", _mish, "Mish", ulp=VECTOR),
    # At the left the rounding of what goes into an exponential grows in it, and torch loses digits.
    _functional("gelu", _gelu, "Gelu", domain=(-0.5, 4), ulp=VECTOR),
    _functional(
        "gelu_tanh",
        _gelu_tanh,
        "Gelu",
        name="gelu",
        domain=(-0.5, 4),
        ulp=VECTOR,
        approximate="tanh",
    ),
    _functional("relu6", lambda x: np.clip(x, 0, 6), "Hardtanh", domain=(-2, 8), kinks=(0.0, 6.0)),
    _functional("hardtanh", lambda x: np.clip(x, -1, 1), "Hardtanh", kinks=(-1.0, 1.0)),
    _functional(
        "hardtanh",
        lambda x: np.clip(x, -0.5, 2.5),
        "Hardtanh",
        label="bounds",
        kinks=(-0.5, 2.5),
        min_val=-0.5,
        max_val=2.5,
    ),
    _functional(
        "hardsigmoid",
        lambda x: np.clip(x + 3, 0, 6) / 6,
        "Hardsigmoid",
        ulp=1.5,
        kinks=(-3.0, 3.0),
    ),
    _functional(
        "hardswish",
        lambda x: x * np.clip(x + 3, 0, 6) / 6,
        "Hardswish",
        ulp=2.5,
        kinks=(-3.0, 3.0),
    ),
    _functional(
        "hardshrink", lambda x: np.where(np.abs(x) <= 0.5, 0, x), "Hardshrink", kinks=(-0.5, 0.5)
    ),
    _functional(
        "softshrink",
        lambda x: np.where(np.abs(x) <= 0.5, 0, x - np.copysign(_SHRINK, x)),
        "Softshrink",
        kinks=(-0.5, 0.5),
    ),
    _functional(
        "threshold",
        lambda x: np.where(x > 0.25, x, 20),
        "Threshold",
        kinks=(0.25,),
        threshold=0.25,
        value=20.0,
    ),
    _functional("softsign", lambda x: x / (1 + np.abs(x)), "Div", ulp=1.5),
    _functional("tanhshrink", lambda x: x - np.tanh(x), "Sub", domain=(2, 4), ulp=VECTOR),
    _functional("logsigmoid", lambda x: -np.log1p(np.exp(-x)), "LogSigmoid", ulp=VECTOR),
]


def _prelu(label: str, *shapes: tuple[int, ...]) -> Case:
    def ref(x: Any, weight: Any) -> Any:
        by_channel = weight.reshape((1, -1, *(1,) * (x.ndim - 2))) if x.ndim > 1 else weight
        return np.where(x > 0, x, x * by_channel.reshape(by_channel.shape if x.ndim else ()))

    return Case(
        "prelu",
        lambda lib, x, weight: lib.prelu(x, weight),
        ref,
        ((-2, 2), (0.1, 0.9)),
        EXACT,
        "PreluKernelBackward0",
        label,
        "whole",
        shapes,
        kinks=(0.0,),
    )


PRELU = [
    _prelu("", (3, 4), (1,)),
    _prelu("by channel", (2, 3, 2), (3,)),
    _prelu("0-d", (), ()),
    _prelu("of a vector", (5,), (1,)),
]

ACTIVATION_MAPS = [*SPECIAL, *ACTIVATIONS]
ACTIVATION_WHOLES = [*SLOPES, *PRELU]
__all__ = ["ACTIVATION_MAPS", "ACTIVATION_WHOLES"]
