# SPDX-License-Identifier: MIT
"""Functions that PyTorch's module has beside nn.functional, with arguments of their own; creation
with out=; histograms; calls whose chance leaves no choice; what is done where there is nothing."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

# `m` is the one library or the other, `F` its nn.functional; the last part is what is compared.
PROGRAMS = """
m.layer_norm(x, (3,))
m.layer_norm(x, (3,), w, w, 1e-3, False)
m.layer_norm(x, (2,))
m.rms_norm(x, (3,), w, 1e-3)
m.rms_norm(x, (3, 3, 3))
m.group_norm(x, 1)
m.group_norm(x, 3, w, w, 1e-3, False)
m.group_norm(x, 2)
m.group_norm(x, 0)
m.group_norm(x[:1, :1], 1)
m.batch_norm(x, w, w, w, w, False, 0.1, 1e-3, False)
a = w.clone(); b = w.clone(); (m.batch_norm(x, None, None, a, b, True, 0.3, 1e-3, False), a, b)
m.batch_norm(x, w, w, None, None, False, 0.1, 1e-3, False)
m.embedding(x, m.tensor([1, 0, 1]))
m.embedding(x, m.tensor([1, 0, 1]), -1)
m.embedding(x, m.tensor([1, 0, 1]), 1)
m.embedding(x, m.tensor([1, 0, 1]), 1, True)
m.embedding(x, m.tensor([1, 0, 1]), 7)
m.embedding(x, m.tensor([1, 2]))
m.binary_cross_entropy_with_logits(x, y)
m.binary_cross_entropy_with_logits(x, y, w, w, 0)
m.binary_cross_entropy_with_logits(x, w, reduction=2)
m.binary_cross_entropy_with_logits(x, y, None, None, 7)
m.binary_cross_entropy_with_logits(x, y[:1])
m.binary_cross_entropy_with_logits(x[:1].detach(), y)
m.binary_cross_entropy_with_logits(x[:1].detach(), y, w, w)
m.binary_cross_entropy_with_logits(x[0].detach(), y[:1])
m.binary_cross_entropy_with_logits(x[:1], y[0])
m.binary_cross_entropy_with_logits(x[0, 0].detach(), y[0, :1])
m.binary_cross_entropy_with_logits(x[0, :1], y[0, 0])
m.binary_cross_entropy_with_logits(x[0], y[0], x[:, :])
m.binary_cross_entropy_with_logits(x[0], y[0], None, x.detach())
m.binary_cross_entropy_with_logits(x[0], y[0], w[:1], w[2])
F.binary_cross_entropy_with_logits(x[0], y[0], x.detach())
F.binary_cross_entropy_with_logits(x[0], y[0], pos_weight=x.detach())
F.binary_cross_entropy_with_logits(x[0], y[0, :1])
m.cosine_embedding_loss(x, y, m.tensor([1, -1]))
m.cosine_embedding_loss(x, y, m.tensor([1, -1]), 0.5, 0)
m.cosine_embedding_loss(x[0], y[0], m.tensor(1), reduction=2)
m.hinge_embedding_loss(x, m.tensor([1, -1, 1]))
m.hinge_embedding_loss(x, m.tensor([1, -1, 1]), 3.0, 0)
m.kl_div(x, y)
m.kl_div(x, y, 0, log_target=True)
m.kl_div(x, y, 2, log_target=False)
m.kl_div(x, y, 1, True)
m.margin_ranking_loss(x, y, m.tensor([1, -1, 1]))
m.margin_ranking_loss(x, y, m.tensor(1.0), 0.5, 0)
m.poisson_nll_loss(x, y, True, False, 1e-8, 1)
m.poisson_nll_loss(x, y, False, True, 1e-8, 0)
m.poisson_nll_loss(x, y)
m.triplet_margin_loss(x, y, x * 2 + y)
m.triplet_margin_loss(x, y, x * 2 + y, 3.0, 1, 1e-6, True, 0)
m.triplet_margin_loss(x, y, x * 2 + y, 0.0)
m.dropout(x, 1.0, True)
m.dropout(x, 0.5, False)
m.dropout(x, 1.5, False)
m.dropout(x, 0.5)
m.alpha_dropout(x, 1.0, True)
m.feature_dropout(x, 1.0, True)
m.feature_alpha_dropout(x[0], 1.0, True)
m.feature_alpha_dropout(x[0], 0.5, True)
F.dropout(m.ones(2, dtype=m.int64), 1.0)
F.dropout(m.ones(2, dtype=m.bool), 1.0)
F.dropout(m.ones(2, dtype=m.int64), 0.5)
F.alpha_dropout(m.ones(2, dtype=m.bool), 0.5, True)
F.dropout1d(x, 1.0)
F.dropout1d(x[0], 1.0)
F.dropout2d(x, 1.0)
F.dropout3d(x, 1.0)
F.rrelu(x - 2)
F.rrelu(x - 2, 0.25, 0.5)
F.rrelu(x - 2, 0.25, 0.25, True)
m.rrelu(x - 2, 0.5, 0.25)
m.rrelu(x.detach().long())
z = (x - 2) * 1; m.rrelu_(z, 0.25, 0.25, True)
z = (x - 2) * 1; F.rrelu_(z)
F.gumbel_softmax(x * 1e6 * m.tensor([0.0, 1.0, 0.0]))
F.gumbel_softmax(x * 1e6 * m.tensor([0.0, 1.0, 0.0]), hard=True)
F.gumbel_softmax(m.tensor(3.0), hard=True)
F.gumbel_softmax(m.empty(0, 2), hard=True)
F.gumbel_softmax(x, dim=2)
m.zeros(2, out=m.empty(2, dtype=m.int64))
m.zeros(2, out=m.empty(2, dtype=m.int64), dtype=m.float64)
m.zeros(2, out=m.empty(3))
m.zeros(2, out=m.ones(2, requires_grad=True))
m.zeros(2, out=m.ones(2, dtype=m.int64), requires_grad=True)
m.zeros(2, out=m.ones(2), requires_grad=True).requires_grad
m.zeros(2, out=None)
m.zeros(2, out=3)
m.ones(2, 3, out=m.empty(0))
m.full((2,), 1.5, out=m.empty(2, dtype=m.int64))
m.full((2,), 3, out=m.empty(2))
m.full((2,), 3, out=m.empty(2, dtype=m.bool))
m.arange(3, out=m.empty(3))
m.arange(3, out=m.empty(3, dtype=m.bool))
m.arange(1, 3, out=m.empty(0), dtype=m.float64)
m.linspace(0, 5, 3, out=m.empty(3, dtype=m.int64))
m.logspace(0, 2, 3, out=m.empty(3))
m.eye(2, out=m.empty(0))
m.eye(2, 3, out=m.empty(0, dtype=m.bool))
m.empty(2, 3, out=m.empty(0)).shape
m.randint(3, (2,), out=m.empty(2), dtype=m.int64)
m.randperm(3, out=m.empty(2, dtype=m.int64), dtype=m.float64)
x0 = m.zeros(3); m.ones(2, out=x0[:2]); x0
m.tensor([1, 2]).new_empty_strided((2, 3), (1, 2)).stride()
m.tensor([1, 2]).new_empty_strided((2, 3), (1,))
m.tensor([1, 2]).new_empty_strided((2, 3), (1, 2), dtype=m.bool).dtype == m.bool
m.histogram(v, 3)
v.histogram(4, range=(0.0, 2.0))
m.histogram(v, m.tensor([0.0, 1.5, 3.0]))
m.histogram(v, m.tensor([0.0, 1.5, 3.0]), range=(0.0, 1.0))
m.histogram(v, m.tensor([1.0]))
m.histogram(v, m.empty(0))
m.histogram(v, m.ones(2, 2))
m.histogram(v, m.tensor([0, 2]))
m.histogram(m.tensor([0, 1]), 2)
m.histogram(v, 0)
m.histogram(v, 2, range=(1.0, 0.0))
m.histogram(v, 2, range=(0.0, math.inf))
m.histogram(v, 2, range=(0.0,))
m.histogram(v, 2, range=(math.nan, math.nan))
m.histogram(m.tensor([0.0, math.nan]), 2)
m.histogram(m.tensor([0.0, math.nan]), 2, range=(0.0, 1.0))
m.histogram(m.tensor([2.0, 2.0]), 2)
m.histogram(m.tensor([2.0, 2.0]), 2, range=(2.0, 2.0))
m.histogram(m.empty(0), 2)
m.histogram(m.empty(0), 2, density=True)
m.histogram(m.tensor(1.5), 2)
m.histogram(v, 2, weight=v)
m.histogram(v, 2, weight=v.long())
m.histogram(v, 2, weight=v[:1])
m.histogram(v, 3, density=True)
m.histogram(v, m.tensor([0.0, 0.5, 2.0]), weight=v, density=True)
m.histogram(v, 2.0)
m.histogram(v, bins=True)
m.histogram(v).hist
m.histogram(v, 2, out=(m.empty(0), m.empty(0)))
m.histogram(v, m.tensor([2.0, 1.0, 0.0]))
m.histogram(m.linspace(-1, 1, 21), 10)
m.histogram(m.linspace(0, 1, 1001), 1000)
F.embedding(m.tensor([0, 1]), m.tensor([[True], [False]]))
m.embedding(m.tensor([[True], [False]]), m.tensor([0, 1]))
m.fmod(m.empty(0, dtype=m.int64), 0)
m.remainder(m.empty(0, dtype=m.int64), 0)
m.empty(0, dtype=m.int64) // 0
m.div(m.empty(0, dtype=m.int64), 0, rounding_mode="trunc")
m.fmod(m.empty(0, 1, dtype=m.int64), m.tensor([0, 0]))
m.fmod(m.tensor([5]), 0)
m.vander(v, -1)
m.vander(v, N=None)
z = m.zeros(7, 2); z.fill_diagonal_(3.0, True)
z = m.zeros(6, 2, dtype=m.int64); z.fill_diagonal_(3.7, True)
z = m.zeros(7, 0); z.fill_diagonal_(3.0, True)
z = x.t() * 1; z.fill_diagonal_(3.0, True)
z = x.repeat(4, 1)[:, :2] * 1; z.fill_diagonal_(3.0, True)
m.binomial(v, m.tensor([0.0, 1.0, 1.0, 0.0]))
m.binomial(v, m.tensor(1.0))
m.binomial(v, m.ones(3))
m.binomial(v.long(), m.ones(4))
m.binomial(v, m.ones(4, dtype=m.bool))
m.binomial(m.tensor([-1.0, 2.5]), m.tensor([1.0, 1.5]))
m.binomial(v + 1, m.tensor([math.nan, -0.5, 0.0, 2.0]))
m.binomial(3.0, 0.5)
m.add(x, 2, 3)
x.add(0.5, -2)
m.sub(x, True, 3)
x.subtract(2, 0.5)
(x * 1).add_(2, 3)
(x * 1).sub_(0.5, 3)
m.add(v.long(), 2, 3)
m.add(x, y, 3)
m.add(x, 2, 3, 4)
x.sum_to_size(3)
x.sum_to_size(1, 3)
x.sum_to_size((2, 1))
x.sum_to_size([2, 3])
x.sum_to_size(4, 3)
x.sum_to_size(2, 2, 3)
x.sum_to_size(())
x.sum_to_size(-1, 3)
x.sum_to_size(1.5)
v.long().sum_to_size(1)
(v > 1).sum_to_size(1)
m.mul(x, 2, 3)
m.add(2, 3)
m.sub(True, 3)
m.mul(2.0, True)
m.add(True, True)
m.add(2, 3, alpha=4)
m.var(x, correction=None)
x.std(1, correction=None, keepdim=True)
m.var_mean(x, (0, 1), correction=None)
m.isin(x, test_element=0.5)
m.isin(element=2, test_elements=v)
m.binomial(m.empty(0), m.empty(0))
""".strip().splitlines()


def numbers(x: Any) -> Any:
    """What a result is made of, for a comparison."""
    if isinstance(x, tuple):
        return [numbers(one) for one in x]
    if not hasattr(x, "grad_fn"):
        return x
    return str(x.dtype).rsplit(".", 1)[-1], np.asarray(x.detach().tolist()), x.requires_grad


def outcome(lib: Any, text: str) -> tuple[Any, Any]:
    """The result, or the type of the error; and the gradients."""
    import math

    leaves = [
        lib.tensor([[0.5, 1.25, 2.0], [1.5, 0.25, 3.0]], requires_grad=True),
        lib.tensor([[0.75, 0.5, 1.0], [0.25, 1.5, 0.125]], requires_grad=True),
        lib.tensor([0.5, 1.5, 2.0]),
    ]
    names = dict(zip("xyw", leaves, strict=True))
    names |= {"m": lib, "F": lib.nn.functional, "math": math, "v": lib.tensor([0.0, 1.0, 2.0, 3.0])}
    *statements, last = text.split("; ")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for statement in statements:
                exec(statement, names)
            result = eval(last, names)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        kind = type(error)
        return "NotImplementedError" if kind is RuntimeError else kind.__name__, None
    if getattr(result, "requires_grad", False) and result.grad_fn is not None:
        (result * result).sum().backward()
    return numbers(result), [numbers(leaf.grad) for leaf in leaves]


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and np.allclose(one, other, 1e-12, 1e-14, equal_nan=True)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize("text", PROGRAMS)
def test_programs(text: str, torch: ModuleType) -> None:
    theirs, ours = outcome(torch, text), outcome(ag, text)
    assert same(theirs, ours), f"torch: {theirs}\nhere:  {ours}"
