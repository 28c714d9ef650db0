# SPDX-License-Identifier: MIT
"""Against PyTorch: values, gradients to 1e-12 relative, second derivatives, flags and names."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from ops import cases, cases_special
from ops.case import Case, by_id
from ops.cases_linalg import FACTS, LINALG
from support import Array, assert_ulp, leaf, values

RELATIVE = 1e-12

# PyTorch has special functions with fewer digits, or without derivatives: test_parity_special.py.
SPECIAL = {case.op for case in (*cases_special.MAPS, *cases_special.WHOLES)}
SPECIAL |= {"binomial"}  # of which PyTorch has no gradient
CASES = [case for case in cases.CASES if case.op not in SPECIAL]
DIFFERENTIABLE = [case for case in cases.DIFFERENTIABLE if case.op not in SPECIAL]
MAPS = [case for case in cases.MAPS if case.op not in SPECIAL]


def twin(torch: ModuleType, a: Any) -> Any:
    return torch.tensor(np.asarray(a), dtype=torch.float64, requires_grad=True)


# PyTorch has the slope of hardsigmoid as a float32.
LOOSE = {"hardsigmoid": 1e-7}
# In torch these lie in memory by columns, and the sign of a determinant requires grad.
OF_LAPACK = {case.op for case in (*LINALG, *FACTS)}
# What has derivatives at infinity that are NaN in PyTorch.
FINITE = {"gelu", "gelu_tanh", "silu", "softsign"}


def assert_near(
    got: Any, expected: Any, what: str, scale: float = 0.0, relative: float = RELATIVE
) -> None:
    """Equal to 1e-12 of themselves, or of the sizes that went into them."""
    a, b = values(got), values(expected)
    assert a.shape == b.shape, what
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(a - b) <= relative * np.maximum(np.abs(b), scale)
    same = (a == b) | (np.isnan(a) & np.isnan(b)) | (near & np.isfinite(b))
    assert same.all(), f"{what}: {a[~same][:3]} and {b[~same][:3]}"


def samples(case: Case, rng: np.random.Generator) -> list[list[Array]]:
    if case.kind == "whole":
        return [case.sample(rng)]
    shapes: list[tuple[int, ...]] = [(), (200,), (3, 5)]
    return [case.sample(rng, *[shape] * case.arity) for shape in shapes]


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_values(case: Case, torch: ModuleType, rng: np.random.Generator) -> None:
    for arrays in samples(case, rng):
        ours = case.call(ag, *(leaf(a) for a in arrays))
        theirs = case.run_twin(torch, *(twin(torch, a) for a in arrays))
        if case.dtype != "float64":
            assert str(theirs.dtype) == f"torch.{case.dtype}"
            assert repr(ours.dtype) == f"pyautograd.{case.dtype}"
            assert tuple(ours.shape) == tuple(theirs.shape)
            assert ours.tolist() == theirs.tolist()
            continue
        exact = values(theirs).astype(np.longdouble)
        assert_ulp(ours, exact, 2 * case.ulp + 4, case.id)
        assert tuple(ours.shape) == tuple(theirs.shape)
        if case.op in OF_LAPACK:
            continue
        assert tuple(ours.stride()) == tuple(theirs.stride()) or 1 in ours.shape
        assert ours.requires_grad == theirs.requires_grad and ours.is_leaf == theirs.is_leaf


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_gradients(case: Case, torch: ModuleType, rng: np.random.Generator) -> None:
    for arrays in samples(case, rng):
        ours, theirs = [leaf(a) for a in arrays], [twin(torch, a) for a in arrays]
        out = case.call(ag, *ours)
        cotangent = rng.standard_normal(tuple(out.shape))
        out.backward(ag.tensor(cotangent))
        case.run_twin(torch, *theirs).backward(torch.from_numpy(cotangent))
        for k, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            assert (x.grad is None) == (y.grad is None)
            if x.grad is not None:
                relative = LOOSE.get(case.op, RELATIVE)
                assert_near(x.grad, y.grad, f"{case.id}, input {k}", relative=relative)


# Ops of which torch has no second derivative, or not the right one.
NO_SECOND = {
    "bce_term": "torch adds 1e-12 to what it divides by",
    "binary_cross_entropy": "torch adds 1e-12 to what it divides by",
    "cdist": "torch has no second derivative",
    "pdist": "torch has no second derivative",
    "standardize_vjp": "to torch, mean and variance are constants in the third derivative",
    "standardize_affine_vjp": "likewise",
}


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_second_derivatives(case: Case, torch: ModuleType, rng: np.random.Generator) -> None:
    if case.op in NO_SECOND:
        pytest.skip(NO_SECOND[case.op])
    if case.op == "abs":
        pytest.skip("torch's second derivative of abs fails for real tensors")
    if case.op == "hardsigmoid":
        pytest.skip("torch has no second derivative for it")
    if case.label == "tensors":
        pytest.skip("torch has no second derivative for the bounds of clamp")
    for arrays in samples(case, rng):
        second = []
        for lib, make, call in (
            (ag, leaf, case.call),
            (torch, lambda a: twin(torch, a), case.run_twin),
        ):
            leaves = [make(a) for a in arrays]
            out = call(lib, *leaves)
            weights = np.linspace(0.5, 1.5, values(out).size).reshape(tuple(out.shape))
            scalar = (out * out * lib.tensor(weights)).sum()
            grads = lib.autograd.grad(scalar, leaves, create_graph=True, allow_unused=True)
            total = sum(((g * g).sum() for g in grads if g is not None), scalar * 0)
            second.append(lib.autograd.grad(total, leaves, allow_unused=True))
        for a, b in zip(*second, strict=True):
            if a is None or b is None:
                assert b is None or not values(b).any()
                assert a is None or not values(a).any()
            else:
                assert_near(a, b, case.id, scale=float(np.abs(values(b)).max(initial=1.0)))


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_names_of_nodes(case: Case, torch: ModuleType, rng: np.random.Generator) -> None:
    if case.op == "class_entropy_vjp":
        pytest.skip("torch puts it together of other ops")
    if case.op == "floor_divide":
        pytest.skip("torch has a node without a name and without a derivative for it")
    if case.op in ("sinc_slope", "silu_slope"):
        pytest.skip("torch has a formula of its own for the derivative")
    if case.op.endswith("_share"):
        pytest.skip("the derivative is put together of other ops in torch")
    if case.op in ("quantile", "nanquantile", "corrcoef", "prod_others"):
        pytest.skip("torch has it under the name of the last of its parts")
    if case.op in OF_LAPACK and (case.twin or "Linalg" not in str(case.grad_fn)):
        pytest.skip("a view of what one op gives of a matrix; torch has one node for all")
    arrays = samples(case, rng)[-1]
    ours = case.call(ag, *(leaf(a) for a in arrays))
    theirs = case.run_twin(torch, *(twin(torch, a) for a in arrays))
    assert ours.grad_fn.name() == type(theirs.grad_fn).__name__


# ---- edges ---------------------------------------------------------------------------------------

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 1e-300, 1e300, -1e300, 5e-324, 30.0, -30.0, 800.0]
EDGES += [-800.0, np.inf, -np.inf]


@pytest.mark.parametrize("case", [c for c in MAPS if c.arity == 1], ids=by_id)
def test_gradients_at_the_edges(case: Case, torch: ModuleType) -> None:
    for at in EDGES:
        x, y = leaf(at), twin(torch, at)
        case.call(ag, x).backward()
        case.run_twin(torch, y).backward()
        if case.label == "x ** 0.5" and at <= 0:
            continue  # torch takes sqrt, which differs from pow at -0.0 and -inf
        if case.op == "logit" and at == 0:
            continue  # of -0.0 torch has inf in a backward, -inf in one that is recorded
        if case.op == "copysign" and abs(at) == np.inf:
            continue  # NaN in torch: see differences.md
        if case.op in FINITE and np.isnan(values(y.grad)):
            assert np.isfinite(values(x.grad))
            continue
        # Where a function saturates, its derivative is made of the last bit of its value.
        relative = LOOSE.get(case.op, RELATIVE)
        assert_near(x.grad, y.grad, f"{case.id} at {at}", scale=1e-3, relative=relative)


@pytest.mark.parametrize("op", ["pow", "maximum", "minimum", "mul", "div"])
def test_gradients_of_pairs_at_the_edges(op: str, torch: ModuleType) -> None:
    points = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 0.5, -0.5, np.inf, -np.inf]
    for a in points:
        for b in points:
            ours, theirs = [leaf(a), leaf(b)], [twin(torch, a), twin(torch, b)]
            getattr(ag, op)(*ours).backward()
            getattr(torch, op)(*theirs).backward()
            for k in range(2):
                if op == "pow" and abs(b) == np.inf and np.isnan(values(theirs[k].grad)):
                    assert np.isnan(values(ours[k].grad)) or ours[k].grad.item() == 0.0
                    continue  # 0 times infinity is 0: see differences.md
                assert_near(ours[k].grad, theirs[k].grad, f"{op}({a}, {b}), input {k}")


# ---- creation ------------------------------------------------------------------------------------


def test_steps(torch: ModuleType) -> None:
    for args in ((0, 1, 0.1), (1, -1, -0.25), (5,), (0.1, 7), (-1, 1, 0.37)):
        assert_near(ag.arange(*args), torch.arange(*args, dtype=torch.float64), f"arange{args}")
    for linear in ((0, 1, 5), (1, -1, 7), (-3, 11, 100), (2, 2, 3)):
        assert_near(ag.linspace(*linear), torch.linspace(*linear), f"linspace{linear}", 1e-3)


# ---- names that exist there and here -------------------------------------------------------------


def test_public_functions_are_torchs(torch: ModuleType) -> None:
    own = {
        "show_config",
        "softplus",
        "capi",
        "memory_allocated",
        "max_memory_allocated",
        "empty_cache",
    }
    own |= {"explain", "reset_peak_memory_stats", "__version__", "relu", "testing", "autograd"}
    own |= {"graph", "optimize", "profile"}
    unknown = [n for n in ag.__all__ if not hasattr(torch, n) and n not in own]
    unknown = [n for n in unknown if not n.startswith(("memory", "max_memory", "set_", "get_"))]
    assert unknown == []


def test_public_methods_are_torchs(torch: ModuleType) -> None:
    methods = [n for n in dir(ag.Tensor) if not n.startswith("_") and hasattr(ag.Tensor, n)]
    own = {"softplus"}
    assert [n for n in methods if not hasattr(torch.Tensor, n) and n not in own] == []


# 3 / x, softsign and tanhshrink are one node here and several in torch; x % 0.3 has an input for
# its number here; what copies and fills makes parts of the target's shape; rsub's node has its
# operands the other way round.
ALONE = [c for c in DIFFERENTIABLE if c.kind == "map"]
ALONE = [c for c in ALONE if c.label not in ("3 / x", "x % 0.3", "x % -0.3")]
ALONE = [c for c in ALONE if c.op not in ("copy", "fill", "rsub", "softsign", "tanhshrink")]


@pytest.mark.parametrize("case", ALONE, ids=by_id)
def test_nodes_called(case: Case, torch: ModuleType, rng: np.random.Generator) -> None:
    arrays = samples(case, rng)[-1]
    ours = case.call(ag, *(leaf(a) for a in arrays))
    theirs = case.run_twin(torch, *(twin(torch, a) for a in arrays))
    g = rng.standard_normal(ours.shape)
    parts, expected = ours.grad_fn(ag.tensor(g)), theirs.grad_fn(torch.tensor(g))
    assert isinstance(parts, tuple) == isinstance(expected, tuple)
    pair = (parts, expected) if isinstance(parts, tuple) else ((parts,), (expected,))
    assert len(pair[0]) == len(pair[1])
    for part, other in zip(*pair, strict=True):
        assert (part is None) == (other is None)
        if part is not None:
            assert tuple(part.shape) == tuple(other.shape)
            assert_near(part, other, case.id, relative=LOOSE.get(case.op, RELATIVE))
