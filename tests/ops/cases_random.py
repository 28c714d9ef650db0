# SPDX-License-Identifier: MIT
"""The op cases of random numbers whose law leaves no choice: a deviation of 0, a probability of 1.
What is drawn where there is a choice is held in tests/test_draws.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops.case import Case


def _constant(op: str, call: Any, number: float, grad_fn: str) -> Case:
    return Case(
        op,
        lambda lib, x: call(lib, x.clone()),
        lambda x: np.full_like(x, number),
        ((0.5, 2.0),),
        0.0,
        grad_fn,
        kind="whole",
        shapes=((3, 4),),
    )


DRAWS = [
    _constant("draw_uniform", lambda lib, x: x.uniform_(2.5, 2.5), 2.5, "UniformBackward0"),
    _constant("draw_normal", lambda lib, x: x.normal_(-3.0, 0.0), -3.0, "NormalBackward0"),
    _constant(
        "draw_log_normal", lambda lib, x: x.log_normal_(0.0, 1e-300), 1.0, "LogNormalBackward0"
    ),
    _constant(
        "draw_exponential", lambda lib, x: x.exponential_(np.inf), 0.0, "ExponentialBackward0"
    ),
    _constant("draw_cauchy", lambda lib, x: x.cauchy_(1.5, 1e-300), 1.5, "CauchyBackward0"),
    _constant("draw_geometric", lambda lib, x: x.geometric_(1 - 1e-12), 1.0, "GeometricBackward0"),
    _constant("draw_random", lambda lib, x: x.random_(3, 4), 3.0, "RandomBackward0"),
    _constant("draw_bernoulli", lambda lib, x: x.bernoulli_(1.0), 1.0, "BernoulliBackward2"),
    Case(
        "draw_bernoulli_by",
        lambda lib, x, p: x.clone().bernoulli_((p - 1).ceil()),
        lambda x, p: np.broadcast_to(np.ceil(p - 1), x.shape) + 0 * x,
        ((0.5, 2.0), (0.5, 2.0)),
        0.0,
        "BernoulliBackward1",
        kind="whole",
        shapes=((3, 4), (4,)),
        kinks=(1.0,),
    ),
    Case(
        "poisson",
        lambda lib, x: lib.poisson(x * 0.0),
        lambda x: 0 * x,
        ((0.5, 2.0),),
        0.0,
        "PoissonBackward0",
        kind="whole",
        shapes=((3, 4),),
    ),
    Case(
        "binomial",
        lambda lib, n, p: lib.binomial(n.floor(), p * 0.0 + 1.0),
        lambda n, p: np.broadcast_to(np.floor(n), n.shape) + 0 * p,
        ((7.1, 7.9), (0.5, 2.0)),
        0.0,
        "BinomialBackward0",
        kind="whole",
        shapes=((3, 4), (4,)),
    ),
    Case(
        "alpha_dropped",
        lambda lib, x: lib.nn.functional.alpha_dropout(x, 1e-300, True),
        lambda x: x,
        ((0.5, 2.0),),
        0.0,
        "AddBackward0",
        kind="whole",
        shapes=((3, 4),),
    ),
    Case(
        "rrelu_by",
        lambda lib, x: lib.rrelu(x, 0.25, 0.75),
        lambda x: np.where(x <= 0, x * 0.5, x),
        ((-3.0, 3.0),),
        0.51,
        "RreluWithNoiseBackward0",
        kind="whole",
        shapes=((3, 4),),
        kinks=(0.0,),
    ),
]
