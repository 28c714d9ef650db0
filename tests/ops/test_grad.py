# SPDX-License-Identifier: MIT
"""Derivatives: every op against finite differences, twice, broadcast, strided and in parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from ops.case import Case, by_id
from ops.cases import DIFFERENTIABLE, INTEGER, MAPS, MASK, TRUTHS
from pyautograd.testing import gradcheck, gradgradcheck
from support import Array, assert_same_bits, grad_fn_name, layouts, leaf, values

SEVERAL = [case for case in MAPS if case.arity > 1]
# The slope's own error is some 1e-10 of the value: a rule has to be right to 1e-6 of itself.
TIGHT = {"eps": 1e-5, "atol": 2e-9, "rtol": 1e-6}
# Fused forms that add in another order than the rule: to 1e-12 of it.
OTHERWISE = {"cholesky_factor", "eigh_pack", "svd_pack"}


def run(case: Case) -> Any:
    return lambda *tensors: case.call(ag, *tensors)


def samples(case: Case, rng: np.random.Generator) -> list[list[Array]]:
    if case.kind == "whole":
        return [case.sample(rng)]
    return [case.sample(rng, *[shape] * case.arity) for shape in ((), (5,), (2, 3))]


def backward(case: Case, arrays: list[Array], cotangent: Array) -> list[Array]:
    leaves = [leaf(a) for a in arrays]
    case.call(ag, *leaves).backward(ag.tensor(cotangent))
    return [values(x.grad) for x in leaves if x.grad is not None]


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_first(case: Case, rng: np.random.Generator) -> None:
    for arrays in samples(case, rng):
        if case.label == "long":
            assert gradcheck(run(case), [leaf(a) for a in arrays], fast_mode=True, **TIGHT)
        else:
            assert gradcheck(run(case), [leaf(a) for a in arrays], **TIGHT)


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_second(case: Case, rng: np.random.Generator) -> None:
    for arrays in samples(case, rng):
        leaves = [leaf(a) for a in arrays]
        assert gradgradcheck(run(case), leaves, fast_mode=True, **TIGHT)
        if case.arity == 1 and arrays[0].size <= 6:
            assert gradgradcheck(run(case), leaves, **TIGHT)


@pytest.mark.parametrize("case", MAPS, ids=by_id)
def test_third(case: Case, rng: np.random.Generator) -> None:
    """A gradient penalty through a gradient: rules of the rules' own ops, recorded again."""
    arrays = case.sample(rng, *[(3,)] * case.arity)

    def once_derived(*tensors: Any) -> Any:
        out = case.call(ag, *tensors)
        grads = ag.autograd.grad((out * out).sum(), tensors, create_graph=True, allow_unused=True)
        return tuple(g for g in grads if g is not None)

    options = {**TIGHT, "eps": 3e-5, "atol": 1e-7, "rtol": 1e-5}
    assert gradgradcheck(once_derived, [leaf(a) for a in arrays], fast_mode=True, **options)


@pytest.mark.parametrize("case", SEVERAL, ids=by_id)
@pytest.mark.parametrize(
    "shapes", [((3, 1), (1, 4)), ((), (5,)), ((2, 3), (3,)), ((1,), (4,)), ((2, 1, 3), (1, 2, 1))]
)
def test_broadcast(case: Case, shapes: tuple[Any, Any], rng: np.random.Generator) -> None:
    for order in (shapes, shapes[::-1]):
        arrays = case.sample(rng, *(order[k % 2] for k in range(case.arity)))
        leaves = [leaf(a) for a in arrays]
        assert gradcheck(run(case), leaves, **TIGHT)
        assert gradgradcheck(run(case), leaves, fast_mode=True, **TIGHT)


@pytest.mark.parametrize("case", SEVERAL, ids=by_id)
def test_each_input_alone(case: Case, rng: np.random.Generator) -> None:
    """Where only some inputs require grad, these get what they get among all."""
    arrays = case.sample(rng, *[(4,)] * case.arity)
    cotangent = rng.standard_normal(4)
    together = [leaf(a) for a in arrays]
    case.call(ag, *together).backward(ag.tensor(cotangent))
    for k in range(case.arity):
        inputs = [leaf(a) if i == k else ag.tensor(a) for i, a in enumerate(arrays)]
        case.call(ag, *inputs).backward(ag.tensor(cotangent))
        for i, x in enumerate(inputs):
            if i == k and together[k].grad is not None:
                assert_same_bits(x.grad, together[k].grad, f"{case.id} input {k}")
            elif i != k:
                assert x.grad is None


# Equal inputs of the others are ties, which test_numerics looks at.
@pytest.mark.parametrize("case", [case for case in SEVERAL if not case.apart], ids=by_id)
def test_one_leaf_as_all_inputs(case: Case, rng: np.random.Generator) -> None:
    a = case.sample(rng, *[(4,)] * case.arity)[0]
    assert gradcheck(lambda x: case.call(ag, *[x] * case.arity), leaf(a), **TIGHT)


@pytest.mark.parametrize("case", [case for case in DIFFERENTIABLE if case.op != "view"], ids=by_id)
def test_layouts(case: Case, rng: np.random.Generator) -> None:
    """Inputs that are views, and a cotangent that is one."""
    arrays = case.sample(rng) if case.kind == "whole" else case.sample(rng, *[(3, 4)] * case.arity)
    out = case.call(ag, *(ag.tensor(a) for a in arrays))
    cotangent = rng.standard_normal(tuple(out.shape))
    expected = backward(case, arrays, cotangent)

    def check(got: Any, expected: Any, what: str) -> None:
        if case.by_blas:
            np.testing.assert_allclose(values(got), values(expected), rtol=1e-13, err_msg=what)
        else:
            assert_same_bits(got, expected, what)

    for k, a in enumerate(arrays):
        for name, view in layouts(ag, a):
            inputs = [leaf(b) for b in arrays]
            inputs[k] = view.detach().requires_grad_()
            case.call(ag, *inputs).backward(ag.tensor(cotangent))
            got = [x.grad for x in inputs if x.grad is not None]
            for g, e in zip(got, expected, strict=True):
                check(g, e, f"{case.id}, input {k} {name}")
    for name, view in layouts(ag, cotangent):
        inputs = [leaf(b) for b in arrays]
        case.call(ag, *inputs).backward(view)
        got = [x.grad for x in inputs if x.grad is not None]
        for g, e in zip(got, expected, strict=True):
            check(g, e, f"{case.id}, cotangent {name}")


@pytest.mark.parametrize("case", MAPS, ids=by_id)
def test_an_elements_gradient_does_not_depend_on_its_place(
    case: Case, rng: np.random.Generator
) -> None:
    arrays = case.sample(rng, *[(1100,)] * case.arity)
    cotangent = rng.standard_normal(1100)
    full = backward(case, arrays, cotangent)
    for start, stop in ((0, 1), (3, 20), (1000, 1033), (1, 1100)):
        part = backward(case, [a[start:stop] for a in arrays], cotangent[start:stop])
        for g, e in zip(part, full, strict=True):
            assert_same_bits(g, e[start:stop], f"{case.id} [{start}:{stop}]")
    large = backward(case, [np.tile(a, 130) for a in arrays], np.tile(cotangent, 130))
    for g, e in zip(large, full, strict=True):
        assert_same_bits(g, np.tile(e, 130), f"{case.id} large")


@pytest.mark.parametrize("case", MAPS, ids=by_id)
def test_expanded_cotangent(case: Case, rng: np.random.Generator) -> None:
    """What `.sum().backward()` hands on: one number for all elements."""
    arrays = case.sample(rng, *[(37,)] * case.arity)
    leaves = [leaf(a) for a in arrays]
    case.call(ag, *leaves).sum().backward()
    expected = backward(case, arrays, np.ones(37))
    got = [x.grad for x in leaves if x.grad is not None]
    for g, e in zip(got, expected, strict=True):
        assert_same_bits(g, e, case.id)


@pytest.mark.parametrize("case", MAPS, ids=by_id)
def test_empty(case: Case) -> None:
    leaves = [leaf(np.empty((0, 3))) for _ in range(case.arity)]
    case.call(ag, *leaves).sum().backward()
    for x in leaves:
        assert x.grad is None or tuple(x.grad.shape) == (0, 3)


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_grad_fn_name(case: Case, rng: np.random.Generator) -> None:
    arrays = samples(case, rng)[-1]
    out = case.call(ag, *(leaf(a) for a in arrays))
    assert out.requires_grad and not out.is_leaf
    assert grad_fn_name(out) == case.grad_fn
    assert repr(out.grad_fn).startswith(f"<{case.grad_fn} object at 0x")
    with ag.no_grad():
        out = case.call(ag, *(leaf(a) for a in arrays))
    assert out.is_leaf and out.grad_fn is None


@pytest.mark.parametrize("case", [*MASK, *INTEGER, *TRUTHS], ids=by_id)
def test_what_has_no_gradient_is_not_recorded(case: Case, rng: np.random.Generator) -> None:
    shapes = case.shapes or [(2,)] * case.arity
    mask = case.call(ag, *(leaf(a) for a in case.sample(rng, *shapes)))
    assert mask.dtype is getattr(ag, case.dtype) and not mask.requires_grad and mask.is_leaf
    assert mask.grad_fn is None


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_second_backward_and_fused_forms_agree_with_the_rule(
    case: Case, rng: np.random.Generator
) -> None:
    """With create_graph the rule runs as recorded ops, without it perhaps as one kernel."""
    arrays = case.sample(rng) if case.kind == "whole" else case.sample(rng, *[(70,)] * case.arity)
    leaves = [leaf(a) for a in arrays]
    out = case.call(ag, *leaves)
    cotangent = ag.tensor(rng.standard_normal(tuple(out.shape)))
    plain, recorded = (
        ag.autograd.grad(
            out, leaves, cotangent, retain_graph=True, create_graph=create, allow_unused=True
        )
        for create in (False, True)
    )
    for a, b in zip(plain, recorded, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert not a.requires_grad
            if case.op in OTHERWISE:
                x, y = values(a), values(b)
                np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-13 * np.abs(y).max())
            else:
                assert_same_bits(a, b, case.id)


@pytest.mark.parametrize("case", MAPS, ids=by_id)
def test_fused_forms_agree_with_the_rule_at_the_edges(case: Case) -> None:
    """Ties, zeros of both signs, infinities and NaN, in the values and in the cotangent."""
    edges = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 5e-324, 1e300, np.inf, -np.inf, np.nan])
    arrays = [a.ravel() for a in np.meshgrid(*[edges] * case.arity)]
    leaves = [leaf(a) for a in arrays]
    out = case.call(ag, *leaves)
    for cotangent in (np.ones(out.numel()), np.resize([1.0, 0.0, -0.0, -2.0, 1e-300], out.numel())):
        plain, recorded = (
            ag.autograd.grad(
                out,
                leaves,
                ag.tensor(cotangent),
                retain_graph=True,
                create_graph=create,
                allow_unused=True,
            )
            for create in (False, True)
        )
        for a, b in zip(plain, recorded, strict=True):
            if a is not None:
                assert np.array_equal(values(a), values(b), equal_nan=True), case.id
