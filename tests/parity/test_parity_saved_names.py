# SPDX-License-Identifier: MIT
"""What nodes have saved, under PyTorch's names: the same values where both save the same."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.testing import assert_allclose

import pyautograd as ag

torch = pytest.importorskip("torch")

UNARY = """
    abs acos acosh asin asinh atan atanh cos cosh digamma erf erfc erfinv exp exp2 expm1
    lgamma log log10 log1p log2 neg reciprocal relu rsqrt sigmoid sin sinc sinh sqrt
    square tan tanh
""".split()
BINARY = (
    "add sub mul div atan2 hypot maximum minimum fmax fmin logaddexp pow xlogy copysign".split()
)
NAMES = ("_saved_self", "_saved_other", "_saved_result")


def saved(lib: Any, name: str, count: int) -> dict[str, Any]:
    """What a node tells of what it saved, and whether that leads on."""
    start = 1.2 if name == "acosh" else 0.2
    xs = [
        lib.tensor([start + 0.1 * k, start + 0.3], dtype=lib.float64, requires_grad=True)
        for k in range(count)
    ]
    node = getattr(lib, name)(*xs).grad_fn
    found = {key: getattr(node, key, None) for key in NAMES}
    values = {key: one for key, one in found.items() if one is not None}
    return {
        key: (one.detach().numpy(), one.requires_grad, any(one is x for x in xs))
        for key, one in values.items()
    }


@pytest.mark.parametrize(
    ("name", "count"), [*((name, 1) for name in UNARY), *((name, 2) for name in BINARY)]
)
def test_values_are_the_same(name: str, count: int) -> None:
    ours, theirs = saved(ag, name, count), saved(torch, name, count)
    for key in set(ours) & set(theirs):
        assert_allclose(ours[key][0], theirs[key][0], rtol=1e-14)
        assert ours[key][1:] == theirs[key][1:]


def test_most_ops_save_what_they_save_there() -> None:
    ops = [*((name, 1) for name in UNARY), *((name, 2) for name in BINARY)]
    same = [name for name, n in ops if set(saved(ag, name, n)) == set(saved(torch, name, n))]
    assert len(same) >= 0.8 * len(ops), sorted({name for name, _ in ops} - set(same))


def test_what_was_freed_cannot_be_had() -> None:
    x = ag.ones(2, requires_grad=True)
    y = x.exp()
    node = y.grad_fn
    assert node is not None
    y.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        node._saved_result
    with pytest.raises(AttributeError, match="not saved"):
        node._saved_other
