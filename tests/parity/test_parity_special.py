# SPDX-License-Identifier: MIT
"""Special functions beside PyTorch's, as far as those are right: values, gradients, names of nodes,
dtypes, and what is refused."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from ops import cases_special
from ops.case import Case, by_id
from support import values

# Functions without derivatives in PyTorch, or without one in some argument.
NO_GRADIENT = {"zeta", "zeta_slope", "igamma", "igammac", "igamma_slope", "igamma_density"}
NO_GRADIENT |= {"j_over_power"}
NO_GRADIENT |= {case.op for case in cases_special.BESSEL if "bessel" in case.op}
# What PyTorch puts together of several ops.
COMPOSED = {"ndtr"}
CASES = [*cases_special.MAPS, *cases_special.WHOLES]
CASES = [case for case in CASES if not case.op.startswith("beta")]  # SciPy's names: not in torch
SLOPES = {case.op for case in cases_special.SLOPES}


def near(ours: Any, theirs: Any, relative: float) -> bool:
    a, b = values(ours), values(theirs)
    with np.errstate(invalid="ignore"):
        return bool(((a == b) | (abs(a - b) <= relative * np.maximum(abs(b), 1e-3))).all())


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_against_torch(case: Case, torch: ModuleType, rng: np.random.Generator) -> None:
    shapes = () if case.kind == "whole" else ((4, 5),) * case.arity
    arrays = case.sample(rng, *shapes)
    if case.op in NO_GRADIENT and case.op in SLOPES:
        pytest.skip("torch has no such derivative")
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = case.run_twin(torch, *theirs)
    ours = [ag.tensor(a, requires_grad=True) for a in arrays]
    got = case.call(ag, *ours)
    # Of bessel_y1 torch has five digits, of incomplete gamma functions nine.
    assert near(got, expected, 1e-4 if case.op == "bessel_y1" else 1e-8)
    if case.op in NO_GRADIENT:
        return
    got.sum().backward()
    expected.sum().backward()
    for x, y in zip(ours, theirs, strict=True):
        assert near(x.grad, y.grad, 1e-9)
    if case.op not in COMPOSED | SLOPES:
        assert got.grad_fn is not None
        assert got.grad_fn.name() == type(expected.grad_fn).__name__


UNARY = sorted(case.op for case in cases_special.MAPS if case.arity == 1 and not case.label)


@pytest.mark.parametrize("name", UNARY)
def test_dtypes(name: str, torch: ModuleType) -> None:
    for dtype in ("int64", "bool"):
        found = []
        for lib in (ag, torch):
            x = lib.tensor([1, 1]).to(getattr(lib, dtype))
            place = lib.special if hasattr(lib.special, name) else lib
            found.append(getattr(place, name)(x))
        assert str(found[0].dtype).split(".")[1] == str(found[1].dtype).split(".")[1] == "float64"
        assert near(found[0], found[1], 1e-6) or name.startswith("bessel")


def test_orders_of_arguments(torch: ModuleType) -> None:
    for lib in (ag, torch):
        x = lib.tensor([2.0, 3.0])
        assert lib.polygamma(2, x).tolist() == x.polygamma(2).tolist()
        assert lib.special.polygamma(n=2, input=x).tolist() == x.polygamma(n=2).tolist()
        y = x.clone()
        assert y.polygamma_(1) is y and y.tolist() == lib.polygamma(1, x).tolist()
        assert y.lgamma_() is y and x.clone().digamma_().tolist() == lib.special.psi(x).tolist()
        assert x.clone().mvlgamma_(2).tolist() == lib.special.multigammaln(x, 2).tolist()
        assert lib.special.gammaln(x).tolist() == x.lgamma().tolist()
        with pytest.raises(RuntimeError, match="does not support negative n"):
            lib.polygamma(-1, x)
        with pytest.raises(RuntimeError, match="p has to be greater than or equal to 1"):
            x.mvlgamma(0)
