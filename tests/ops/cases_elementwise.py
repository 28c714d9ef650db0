# SPDX-License-Identifier: MIT
"""The op cases of elementwise ops, comparisons and ops of whole numbers; see cases.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops.case import EXACT, VECTOR, WHOLE, Case, binary, integer, mask, scalar, unary

UNARY = [
    unary("neg", np.negative, -3, 3, EXACT, "NegBackward0"),
    unary("exp", np.exp, -3, 3, VECTOR, "ExpBackward0"),
    unary("expm1", np.expm1, -3, 3, VECTOR, "Expm1Backward0"),
    unary("log", np.log, 0.1, 5, VECTOR, "LogBackward0"),
    unary("log1p", np.log1p, -0.8, 5, VECTOR, "Log1PBackward0"),
    unary("log2", np.log2, 0.1, 5, VECTOR, "Log2Backward0"),
    unary("log10", np.log10, 0.1, 5, VECTOR, "Log10Backward0"),
    unary("sqrt", np.sqrt, 0.1, 5, EXACT, "SqrtBackward0"),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), 0.1, 5, 1.5, "RsqrtBackward0"),
    unary("square", np.square, -3, 3, EXACT, "PowBackward0"),
    unary("reciprocal", lambda x: 1 / x, -3, 3, EXACT, "ReciprocalBackward0", kinks=(0.0,)),
    unary("sin", np.sin, -6, 6, VECTOR, "SinBackward0"),
    unary("cos", np.cos, -6, 6, VECTOR, "CosBackward0"),
    unary("tan", np.tan, -1.3, 1.3, VECTOR, "TanBackward0"),
    unary("sinh", np.sinh, -3, 3, VECTOR, "SinhBackward0"),
    unary("cosh", np.cosh, -3, 3, VECTOR, "CoshBackward0"),
    unary("tanh", np.tanh, -3, 3, VECTOR, "TanhBackward0"),
    unary("asin", np.arcsin, -0.9, 0.9, VECTOR, "AsinBackward0"),
    unary("acos", np.arccos, -0.9, 0.9, VECTOR, "AcosBackward0"),
    unary("atan", np.arctan, -5, 5, VECTOR, "AtanBackward0"),
    unary("sigmoid", lambda x: 1 / (1 + np.exp(-x)), -6, 6, VECTOR + 1, "SigmoidBackward0"),
    unary("relu", lambda x: np.maximum(x, 0), -3, 3, EXACT, "ReluBackward0", kinks=(0.0,)),
    unary("abs", np.abs, -3, 3, EXACT, "AbsBackward0", kinks=(0.0,)),
    unary("sign", np.sign, -3, 3, EXACT, "SignBackward0", kinks=(0.0,)),
    unary("floor", np.floor, -3, 3, EXACT, "FloorBackward0", kinks=WHOLE),
    unary("ceil", np.ceil, -3, 3, EXACT, "CeilBackward0", kinks=WHOLE),
    unary("trunc", np.trunc, -3, 3, EXACT, "TruncBackward0", kinks=WHOLE),
]


def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return np.where(beta * x > threshold, x, np.log1p(np.exp(beta * x)) / beta)


SOFTPLUS = [
    Case(
        "softplus",
        lambda lib, x: lib.softplus(x),
        _softplus,
        ((-4, 4),),
        2 * VECTOR,
        "SoftplusBackward0",
        twin=lambda torch, x: torch.nn.functional.softplus(x),
    ),
    Case(
        "softplus",
        lambda lib, x: lib.softplus(x, beta=3, threshold=6.0),
        lambda x: _softplus(x, 3.0, 6.0),
        ((-4, 4),),
        16,  # the rounding of 3 x, which is up to 12, grows with it in the exponential
        "SoftplusBackward0",
        label="beta and threshold",
        kinks=(2.0,),
        twin=lambda torch, x: torch.nn.functional.softplus(x, beta=3, threshold=6.0),
    ),
]

BINARY = [
    binary("add", np.add, (-3, 3), EXACT, "AddBackward0"),
    binary("sub", np.subtract, (-3, 3), EXACT, "SubBackward0"),
    binary("mul", np.multiply, (-3, 3), EXACT, "MulBackward0"),
    binary("div", np.divide, (0.3, 3), EXACT, "DivBackward0"),
    binary("pow", np.power, (0.3, 3), VECTOR, "PowBackward1"),
    binary("maximum", np.maximum, (-3, 3), EXACT, "MaximumBackward0", grid=0.3, apart=True),
    binary("minimum", np.minimum, (-3, 3), EXACT, "MinimumBackward0", grid=0.3, apart=True),
    # Of quotients that are well between two whole numbers.
    Case(
        "remainder",
        lambda lib, x, y: lib.remainder(x, y),
        np.mod,
        ((3.3, 3.6), (1.0, 1.05)),
        EXACT,
        "RemainderBackward1",
    ),
    Case(
        "remainder",
        lambda lib, x, y: x % y,
        np.mod,
        ((-3.6, -3.3), (1.0, 1.05)),
        EXACT,
        "RemainderBackward1",
        "of other signs",
    ),
]

NUMPY_TWO = np.float64(2.0)

SCALAR = [
    scalar("add", "x + 1.5", lambda x: x + 1.5, "AddBackward0"),
    scalar("add", "1.5 + x", lambda x: 1.5 + x, "AddBackward0"),
    scalar("sub", "x - 1.5", lambda x: x - 1.5, "SubBackward0"),
    scalar("sub", "1.5 - x", lambda x: 1.5 - x, "RsubBackward1"),
    scalar("mul", "x * 3", lambda x: x * 3, "MulBackward0"),
    scalar("mul", "3 * x", lambda x: 3 * x, "MulBackward0"),
    scalar("div", "x / 3", lambda x: x / 3, "DivBackward0"),
    scalar("div", "3 / x", lambda x: 3 / x, "MulBackward0", (0.3, 3), ulp=1.5),
    scalar("pow", "x ** 2", lambda x: x**2, "PowBackward0"),
    scalar("pow", "x ** 3", lambda x: x**3, "PowBackward0", ulp=1.5),
    scalar("pow", "x ** -1", lambda x: x**-1, "PowBackward0", (0.3, 3)),
    scalar("pow", "x ** 0.5", lambda x: x**0.5, "PowBackward0", (0.3, 3), ulp=VECTOR),
    scalar("pow", "x ** 2.5", lambda x: x**2.5, "PowBackward0", (0.3, 3), ulp=VECTOR),
    scalar("pow", "x ** 0", lambda x: x**0, "PowBackward0"),
    scalar("pow", "2 ** x", lambda x: 2**x, "PowBackward2", ulp=VECTOR),
    scalar("add", "numpy + x", lambda x: NUMPY_TWO + x, "AddBackward0"),
    scalar("mul", "x * numpy", lambda x: x * NUMPY_TWO, "MulBackward0"),
    scalar("sub", "numpy - x", lambda x: NUMPY_TWO - x, "RsubBackward1"),
    scalar("neg", "-x", lambda x: -x, "NegBackward0"),
    scalar("remainder", "x % 0.3", lambda x: x % 0.3, "RemainderBackward0", (0.35, 0.55)),
    scalar("remainder", "x % -0.3", lambda x: x % -0.3, "RemainderBackward0", (0.35, 0.55)),
    scalar("abs", "abs(x)", lambda x: abs(x), "AbsBackward0", kinks=(0.0,)),
]

SELECT = [
    Case(
        "where",
        lambda lib, x, y: lib.where(x > 0, x, y),
        lambda x, y: np.where(x > 0, x, y),
        ((-3, 3), (-3, 3)),
        EXACT,
        "WhereBackward0",
        kinks=(0.0,),
    ),
    Case(
        "where",
        lambda lib, x: lib.where(x > 0, x, -2.0),
        lambda x: np.where(x > 0, x, -2.0),
        ((-3, 3),),
        EXACT,
        "WhereBackward0",
        label="scalar",
        kinks=(0.0,),
    ),
    Case(
        "clamp",
        lambda lib, x: lib.clamp(x, -1, 1.5),
        lambda x: np.clip(x, -1, 1.5),
        ((-3, 3),),
        EXACT,
        "ClampBackward1",
        kinks=(-1.0, 1.5),
    ),
    Case(
        "clamp",
        lambda lib, x: lib.clamp(x, min=0.5),
        lambda x: np.maximum(x, 0.5),
        ((-3, 3),),
        EXACT,
        "ClampBackward1",
        label="min",
        kinks=(0.5,),
    ),
    Case(
        "clamp",
        lambda lib, x: x.clamp(max=0.5),
        lambda x: np.minimum(x, 0.5),
        ((-3, 3),),
        EXACT,
        "ClampBackward1",
        label="max",
        kinks=(0.5,),
    ),
    Case(
        "clamp",
        lambda lib, x, lo, hi: lib.clamp(x, lo, hi),
        lambda x, lo, hi: np.minimum(np.maximum(x, lo), hi),
        ((-3, 3), (-2, 0), (-1, 2)),
        EXACT,
        "ClampBackward0",
        label="tensors",
        grid=0.3,
        apart=True,
    ),
]

MASK = [
    mask("eq", np.equal),
    mask("ne", np.not_equal),
    mask("lt", np.less),
    mask("le", np.less_equal),
    mask("gt", np.greater),
    mask("ge", np.greater_equal),
    mask("logical_and", np.logical_and),
    mask("logical_or", np.logical_or),
    mask("logical_xor", np.logical_xor),
    mask("logical_not", np.logical_not, 1),
]

_WHOLE_NUMBERS = (-(2.0**52), 2.0**52)

INTEGER = [
    integer("bitwise_and", np.bitwise_and, _WHOLE_NUMBERS, _WHOLE_NUMBERS),
    integer("bitwise_or", np.bitwise_or, _WHOLE_NUMBERS, _WHOLE_NUMBERS),
    integer("bitwise_xor", np.bitwise_xor, _WHOLE_NUMBERS, _WHOLE_NUMBERS),
    integer("bitwise_not", np.bitwise_not, _WHOLE_NUMBERS),
    integer("bitwise_left_shift", np.left_shift, (-(2.0**20), 2.0**20), (0, 32)),
    integer("bitwise_right_shift", np.right_shift, _WHOLE_NUMBERS, (0, 63)),
]
