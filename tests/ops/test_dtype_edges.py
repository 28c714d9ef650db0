# SPDX-License-Identifier: MIT
"""Edges where dtypes, empty lists of dimensions and numbers that an int64 tensor cannot hold meet,
over many ops: what is made of them, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

import pyautograd as ag

F = ag.nn.functional
NO_INTEGER = "value cannot be converted to type int64_t without overflow"


def signs(x: Any) -> list[float]:
    """The sign of each number, of zeros too."""
    return [math.copysign(1.0, v) for v in x.double().flatten().tolist()]


def test_any_and_all_over_no_dimension() -> None:
    x = ag.tensor([[0.0, 2.0], [math.nan, 0.0]])
    for f in (ag.any, ag.all):
        for keepdim in (False, True):
            assert f(x, (), keepdim).tolist() == [[False, True], [True, False]]
        assert f(x, ()).dtype is ag.bool
        assert f(x).shape == ()


def test_mode_is_where_it_stands_last() -> None:
    x = ag.tensor([[2.0, 1.0, 2.0, 1.0], [3.0, 3.0, 3.0, 0.0]], requires_grad=True)
    values, indices = x.mode()
    assert values.tolist() == [1.0, 3.0] and indices.tolist() == [3, 2]
    values.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]]


@pytest.mark.parametrize(
    ("name", "at", "second"),
    [("acosh", 1.0, -math.inf), ("atanh", 1.0, math.inf), ("atanh", -1.0, -math.inf)],
)
def test_second_derivatives_where_the_first_is_infinite(
    name: str, at: float, second: float
) -> None:
    x = ag.tensor(at, requires_grad=True)
    (first,) = ag.autograd.grad(getattr(x, name)(), x, create_graph=True)
    assert first.item() == math.inf
    assert ag.autograd.grad(first, x)[0].item() == second


def test_numbers_that_become_integers() -> None:
    x = ag.tensor([1, 2, 3])
    for make in (
        lambda: F.pad(x, (1, 1), value=math.inf),
        lambda: ag.constant_pad_nd(x, (1, 0), math.nan),
        lambda: ag.threshold(x, 5, math.inf),
        lambda: F.threshold(x, -math.inf, 0),
        lambda: F.hardtanh(x, -math.inf, 2),
        lambda: F.hardtanh(x.clone(), -1, math.inf, inplace=True),
    ):
        with pytest.raises(RuntimeError, match=NO_INTEGER):
            make()
    assert signs(ag.constant_pad_nd(x, (1, 1), -0.5)) == [1.0] * 5
    assert signs(ag.threshold(x, 2.5, -0.5)) == [1.0] * 3
    assert signs(F.hardtanh(x, -0.5, -0.2)) == [1.0] * 3


def test_what_is_no_float64_has_no_gradient() -> None:
    value = ag.tensor(2.5, requires_grad=True)
    for x in (ag.tensor([1, 2]), ag.tensor([True, False])):
        for z in (x.index_fill(0, ag.tensor([0]), value), x.masked_fill(x == x, value)):
            assert z.dtype is x.dtype and not z.requires_grad and z.grad_fn is None
        y = x.clone().index_fill_(0, ag.tensor([1]), value)
        assert not y.requires_grad


@pytest.mark.parametrize("name", ["logical_and_", "logical_or_", "logical_xor_"])
def test_masks_in_place_have_no_gradient(name: str) -> None:
    x = ag.tensor([1.0, 0.0])
    getattr(x, name)(ag.tensor([0.5, 2.0], requires_grad=True))
    assert not x.requires_grad


OUTS = [
    (lambda out: ag.argmax(ag.ones(2), out=out), ag.int64),
    (lambda out: ag.argmin(ag.ones(2), out=out), ag.int64),
    (lambda out: ag.isin(ag.ones(2), 1.0, out=out), ag.bool),
    (lambda out: ag.tril(ag.ones(2, 2, dtype=ag.int64), out=out), ag.int64),
    (lambda out: ag.msort(ag.ones(2, dtype=ag.bool), out=out), ag.bool),
    (lambda out: ag.diag(ag.ones(2, dtype=ag.int64), out=out), ag.int64),
    (lambda out: ag.searchsorted(ag.ones(2), 1.0, out=out), ag.int64),
    (lambda out: ag.bucketize(ag.ones(2), ag.ones(2), out=out), ag.int64),
    (lambda out: ag.quantile(ag.ones(2), 0.5, out=out), ag.float64),
    (lambda out: ag.logcumsumexp(ag.ones(2), 0, out=out), ag.float64),
    (lambda out: ag.histc(ag.ones(2), out=out), ag.float64),
]


@pytest.mark.parametrize(("call", "dtype"), OUTS)
def test_out_of_another_dtype(call: Any, dtype: Any) -> None:
    assert call(ag.empty(0, dtype=dtype)).dtype is dtype
    for other in {ag.float64, ag.int64, ag.bool} - {dtype}:
        out = ag.zeros(0, dtype=other)
        with pytest.raises(RuntimeError, match=r"dtype|scalar_type|output type"):
            call(out)
        assert out.shape == (0,)


def test_prod_is_one_of_numbers_as_out_has_them() -> None:
    out = ag.empty(0, dtype=ag.int64)
    assert ag.prod(ag.tensor([1.5, 2.5]), 0, out=out) is out
    assert out.tolist() == 2


def test_labels_of_operands() -> None:
    x = ag.tensor([1.0, 3.0])
    assert ag.lerp(x, x + 1, ag.tensor(2)).tolist() == [3.0, 5.0]
    with pytest.raises(NotImplementedError):
        ag.lerp(ag.tensor([1]), ag.tensor([2]), 0.5)
    assert ag.searchsorted(x, ag.tensor([True, False])).tolist() == [0, 0]
    with pytest.raises(NotImplementedError):
        ag.searchsorted(ag.tensor([False, True]), ag.tensor([True]))
    with pytest.raises(RuntimeError, match=r"Unsupported input type encountered for isin"):
        ag.isin(x, ag.tensor([True]))
    assert ag.pairwise_distance(ag.tensor([0, 3]), ag.tensor([4, 3]), eps=0.0).item() == 4.0
    for f in (ag.argmax, ag.argmin):
        with pytest.raises(RuntimeError, match=r"does not support bool input"):
            f(ag.tensor([True]))


def test_logspace_of_integers_has_whole_ends() -> None:
    assert ag.logspace(1.9, 2.9, 2, dtype=ag.int64).tolist() == [10, 100]
    with pytest.raises(NotImplementedError):
        ag.logspace(0, 1, 2, dtype=ag.bool)


def test_arguments() -> None:
    x = ag.tensor([1.0, 2.0])
    with pytest.raises(RuntimeError, match="Invalid output_size"):
        x.repeat_interleave(2, output_size=-2)
    with pytest.raises(TypeError):
        F.gelu(x, "none")  # type: ignore[misc]
    number = ag.tensor(1.5)
    assert number.adjoint() is number
