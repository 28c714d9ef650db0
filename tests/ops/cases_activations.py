# SPDX-License-Identifier: MIT
"""Cases of special functions of one argument."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops import long
from ops.cases import VECTOR, Case, _unary

SPECIAL = [
    _unary("exp2", np.exp2, -5, 5, VECTOR, "Exp2Backward0"),
    _unary("erf", long.erf, -3, 3, VECTOR, "ErfBackward0"),
    _unary("erfc", long.erfc, -3, 5, VECTOR, "ErfcBackward0"),
    _unary("erfinv", long.erfinv, -0.95, 0.95, VECTOR, "ErfinvBackward0"),
    _unary("asinh", np.arcsinh, -5, 5, VECTOR, "AsinhBackward0"),
    _unary("acosh", np.arccosh, 1.2, 5, VECTOR, "AcoshBackward0"),
    _unary("atanh", np.arctanh, -0.9, 0.9, VECTOR, "AtanhBackward0"),
    # torch rounds pi x, and takes the difference of two numbers around 1 near 0.
    _unary("sinc", long.sinc, -0.9, 0.9, VECTOR, "SincBackward0", kinks=(0.0,)),
    _unary("logit", long.logit, 0.02, 0.98, VECTOR, "LogitBackward0", kinks=(0.5,)),
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


def _sinc_slope(lib: Any, x: Any) -> Any:
    recording = lib.is_grad_enabled()
    with lib.enable_grad():
        point = x if x.requires_grad else x.detach().requires_grad_()
        y = lib.sinc(point)
        one = lib.ones_like(y)
    return lib.autograd.grad(y, point, one, create_graph=recording)[0]


SLOPES = [
    Case(
        "sinc_slope",
        _sinc_slope,
        long.sinc_slope,
        ((-0.9, 0.9),),
        8.0,
        "MulBackward0",
        kind="whole",
        shapes=((7,),),
        kinks=(0.0,),
    )
]


ACTIVATION_MAPS = [*SPECIAL]
ACTIVATION_WHOLES = [*SLOPES]
__all__ = ["ACTIVATION_MAPS", "ACTIVATION_WHOLES"]
