# SPDX-License-Identifier: MIT
"""Masks as values of a program: they are computed where they are used, and never lie in memory.
And the order of a program's steps: what one loop can be made of is put off behind kernels."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, values

N = 1 << 17
DOUBLE = 8


def steps(text: str) -> list[str]:
    """The ops of a program in order, as explain() lists them."""
    return re.findall(r"^  v\d+ = (\w+)\(", text, re.M)


pytestmark = pytest.mark.skipif(
    os.environ.get("PYAUTOGRAD_FUSE") == "0", reason="nothing pends here"
)
has_groups = pytest.mark.skipif(
    "machine code: no" in ag.show_config(), reason="no machine code is made here"
)


def start() -> ag.Tensor:
    return ag.randn(N, generator=ag.Generator().manual_seed(3)).requires_grad_()


def chosen(x: ag.Tensor) -> ag.Tensor:
    return ag.where(x > 0, x.sin() * 2, x * 3).square().sum()


def test_a_mask_is_not_stored() -> None:
    x = start()
    text = ag.explain(chosen(x))
    assert "gt" in steps(text)
    assert not re.search(r"gt\(.*stored", text)
    assert f"{(N + 1) * DOUBLE} bytes moved" in text  # x is read, one sum is written


def test_a_mask_that_is_kept_is_not_stored_either() -> None:
    x = start()
    mask = x > 0
    text = ag.explain((x * mask).sum())
    assert "gt" in steps(text) and not re.search(r"gt\(.*stored", text)
    assert mask.dtype == ag.bool


def test_backward_makes_nothing_but_the_gradient() -> None:
    x = start()
    before = ag.memory_allocated()
    ag.reset_peak_memory_stats()
    chosen(x).backward()
    assert ag.max_memory_allocated() - before < 1.5 * N * DOUBLE


def test_the_gradient_is_right() -> None:
    x = start()
    chosen(x).backward()
    v = x.detach().numpy()
    expected = np.where(v > 0, 8 * np.sin(v) * np.cos(v), 18 * v)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-13, atol=1e-15)


@has_groups
def test_masks_are_combined_in_one_loop() -> None:
    v = start().detach()
    inside = (v > -1) & ~(v > 1) | (v == 3)
    text = ag.explain(inside.sum())
    assert "in one loop" in text and "stored" not in text.split("sum(")[0]
    array = v.numpy()
    assert inside.sum().item() == int(((array > -1) & ~(array > 1) | (array == 3)).sum())


# ---- the order of steps --------------------------------------------------------------------------


def test_cheap_steps_come_behind_kernels_that_do_not_need_them() -> None:
    v = start().detach()
    made = steps(ag.explain((v * 2 + v.sin()) * 3 + v.cos()))
    assert made.index("mul") > made.index("cos") > made.index("sin")


def test_cheap_steps_come_before_kernels_that_need_them() -> None:
    v = start().detach()
    made = steps(ag.explain((v > 0) * (v * 2).sin()))
    assert made == ["mul", "sin", "gt", "mul"]


@pytest.mark.parametrize("count", (3, 4, 5, 9, 40))
def test_few_kernels_wait_for_what_is_put_off(count: int) -> None:
    """However many there are, a program needs few registers, and gives the same numbers."""
    v = start().detach()
    total = v * 0
    for k in range(count):
        total = total + (v * (k + 1) / 10).sin() * (v > k / 50)
    registers = re.search(r"(\d+) registers", ag.explain(total))
    assert registers is not None and int(registers[1]) <= 8
    array = v.numpy()
    expected = sum(np.sin(array * (k + 1) / 10) * (array > k / 50) for k in range(count))
    np.testing.assert_allclose(total.numpy(), expected, rtol=1e-12, atol=1e-14)


# ---- choices that compare themselves -------------------------------------------------------------

EDGES = (0.0, -0.0, 1.0, -1.0, 2.5, -2.5, np.inf, -np.inf, np.nan)
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def edges() -> tuple[ag.Tensor, ag.Tensor]:
    """Every pair of the edges, often enough to pend."""
    pairs = np.array([(a, b) for a in EDGES for b in EDGES])
    x, y = np.resize(pairs, (20_011, 2)).T
    return ag.tensor(x.copy()), ag.tensor(y.copy())


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("other", (0.0, -1.0, np.inf, np.nan, None))
def test_choices_by_a_comparison(name: str, other: float | None) -> None:
    """The mask is made for choices alone, or for something else too: the same bits."""
    x, y = edges()
    a, b = x.numpy().copy(), y.numpy().copy()
    mask = getattr(x, name)(y if other is None else other)
    with np.errstate(invalid="ignore"):
        truth = {
            "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
            "gt": np.greater, "ge": np.greater_equal,
        }[name](a, b if other is None else other)  # fmt: skip
        expected = {
            "both": np.where(truth, a * 2, b + 1),
            "kept": np.where(truth, b * 3, 0.0),
            "dropped": np.where(truth, 0.0, b * 3),
            "minus zero": np.where(truth, b * 3, -0.0),
            "used besides": np.where(truth, b * 3, 0.0) * truth,
        }
    made = {
        "both": ag.where(mask, x * 2, y + 1),
        "kept": ag.where(mask, y * 3, 0.0),
        "dropped": ag.where(mask, 0.0, y * 3),
        "minus zero": ag.where(mask, y * 3, -0.0),
        "used besides": ag.where(mask, y * 3, 0.0) * mask,
    }
    for case, value in made.items():
        assert_same_bits(values(value), expected[case], f"{name}: {case}")
    assert_same_bits(values(ag.where(mask, x, y).neg()), -np.where(truth, a, b), name)
