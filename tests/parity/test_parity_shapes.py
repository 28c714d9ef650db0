# SPDX-License-Identifier: MIT
"""Functions of shapes, joins and creation beside PyTorch: values, shapes, strides' consequences,
dtypes, gradients, second gradients and errors over many kinds of arguments."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import values

ANY_SHAPE = ((), (1,), (4,), (0,), (3, 4), (1, 3), (0, 3), (2, 0), (2, 3, 4), (2, 1, 3, 2))
LAYOUTS = ("plain", "transposed", "part", "expanded")

# What is called, with the library as `m` and a tensor as `x`.
OF_ONE = """
m.flip(x, (0,))
x.flip(-1)
x.flip(0, -1)
x.flip(())
x.flip((0, 1))
x.flip(1, 1)
x.flip(7)
m.fliplr(x)
x.flipud()
x.rot90()
x.rot90(2, (0, -1))
m.rot90(x, -1, [1, 0])
x.rot90(4)
x.rot90(1, (0, 0))
x.rot90(1, (0,))
x.roll(1)
x.roll(-7)
x.roll(3, 0)
m.roll(x, (1, -2), (0, -1))
x.roll((1, 1), (0, 0))
x.roll((1, 2))
x.roll((), ())
x.roll(1, 5)
x.repeat(2)
x.repeat(2, 1, 3)
x.repeat((1, 0, 2, 2))
x.repeat(3, 1, 1, 1, 2)
x.repeat(())
m.tile(x, (2,))
x.tile(2, 3)
x.tile(())
m.tile(x, (1, 2, 1, 2, 2))
x.tile((0,))
m.tril(x)
x.tril(1)
x.tril(-1)
x.tril(99)
x.tril(-99)
m.triu(x)
x.triu(1)
x.triu(-2)
m.diag(x)
x.diag(1)
x.diag(-2)
x.diag(9)
x.diagonal()
x.diagonal(1)
x.diagonal(-1, 1, 0)
x.diagonal(0, -1, -2)
x.diagonal(9)
x.diagonal(0, 1, 1)
x.diagonal(0, 0, 7)
m.diag_embed(x)
x.diag_embed(1)
x.diag_embed(-2, 0, 1)
x.diag_embed(0, -1, 0)
x.diag_embed(0, 1, 1)
x.diag_embed(0, 9)
m.diagflat(x)
x.diagflat(-1)
m.trace(x)
x.trace()
x.select(0, 0)
m.select(x, -1, -1)
x.select(1, 2)
x.select(0, 9)
x.narrow(0, 0, 1)
m.narrow(x, -1, -1, 1)
x.narrow(0, 0, 0)
x.narrow(1, 1, 2)
x.narrow(0, 9, 1)
x.narrow(0, 0, 9)
x.narrow(0, 0, -1)
x.narrow(0, 4, 0)
x.movedim(0, -1)
m.movedim(x, (0, 1), (1, 0))
m.moveaxis(x, 1, 0)
x.moveaxis((), ())
x.movedim((0, 0), (1, 0))
x.movedim((0, 1), (1, 1))
x.movedim((0, 1), (0,))
x.movedim(5, 0)
m.adjoint(x)
x.mT
x.mH
x.H
x.unflatten(0, (1, -1))
m.unflatten(x, -1, (2, 2))
x.unflatten(0, ())
x.unflatten(0, (3, 3))
x.unflatten(1, (-1, -1))
x.unfold(0, 2, 1)
x.unfold(-1, 3, 2)
x.unfold(0, 1, 1)
x.unfold(0, 0, 1)
x.unfold(0, 9, 1)
x.unfold(0, 1, 0)
x.unfold(0, -1, 1)
x.unfold(7, 1, 1)
x.tensor_split(2)
m.tensor_split(x, 3, -1)
m.tensor_split(x, sections=2)
x.tensor_split(indices=(1, 3), dim=-1)
m.tensor_split(x, tensor_indices_or_sections=m.tensor([1]))
x.hsplit(sections=1)
m.vsplit(x, indices=[1])
m.dsplit(x, sections=1)
x.tensor_split((1, 3))
x.tensor_split((3, 1, -1, 9))
x.tensor_split(())
x.tensor_split(0)
x.tensor_split(2, 5)
m.hsplit(x, 2)
x.hsplit((1,))
x.hsplit(0)
m.vsplit(x, 2)
x.vsplit((1,))
m.dsplit(x, 2)
x.dsplit((1, 3))
m.atleast_1d(x)
m.atleast_2d(x)
m.atleast_3d(x)
m.atleast_2d(x, x)
m.atleast_1d([x])
m.broadcast_tensors(x, x)
m.broadcast_tensors(x, m.zeros(2, 1, 1, 1, 1, dtype=x.dtype))
m.meshgrid(x, x, indexing="ij")
m.meshgrid(x, m.arange(3, dtype=x.dtype), m.arange(2, dtype=x.dtype), indexing="xy")
m.meshgrid([x], indexing="xy")
m.cartesian_prod(x)
m.cartesian_prod(x, x)
m.cartesian_prod(x, m.arange(3, dtype=x.dtype), x)
m.stack([x])
m.stack((x, x), -1)
m.stack([x, x, x], 1)
m.stack([x, x], 9)
m.stack([x, x * 2], dim=0)
m.stack([x, m.zeros(7)])
m.hstack([x, x])
m.vstack((x, x))
m.row_stack([x, x, x])
m.dstack([x, x])
m.column_stack([x, x])
m.hstack([x])
m.outer(x, x)
x.ger(x)
m.outer(x, m.arange(3.0))
m.kron(x, x)
x.kron(m.arange(2.0))
m.kron(m.arange(4.0).reshape(2, 2), x)
m.vander(x)
m.vander(x, 3)
m.vander(x, N=4, increasing=True)
m.vander(x, 0)
m.vander(x, 1)
m.constant_pad_nd(x, (1, 2))
m.constant_pad_nd(x, (1, 0, 2, 1), 5.0)
m.constant_pad_nd(x, (-1, 2))
m.constant_pad_nd(x, (-1, -1, 1, 1), 3)
m.constant_pad_nd(x, ())
m.constant_pad_nd(x, (1,))
m.constant_pad_nd(x, (-9, 1))
m.constant_pad_nd(x, (-2, -2))
m.constant_pad_nd(x, (0, 0), 2)
x.select_scatter(x.select(0, 0) * 2, 0, -1)
m.select_scatter(x, m.ones(9), 0, 0)
x.select_scatter(m.ones(4), 0, 1)
x.slice_scatter(x[:1] * 3, 0, 1, 2)
m.slice_scatter(x, x[::2] * 3, step=2)
x.slice_scatter(x[:1], end=-1)
x.slice_scatter(x, 0, 0, 9, 0)
x.diagonal_scatter(x.diagonal() * 2)
m.diagonal_scatter(x, x.diagonal(1, -1, 0) * 2, 1, -1, 0)
m.diagonal_scatter(x, m.zeros(9))
x.as_strided((2,), (1,))
x.as_strided((2, 2), (1, 1), 1)
x.as_strided((), ())
m.as_strided(x, (0, 3), (1, 1))
x.as_strided((2,), (1, 1))
x.as_strided((99,), (1,))
x.as_strided((2,), (-1,))
x.new_zeros(2, 3)
x.new_zeros((2,), dtype=m.int64)
x.new_ones(3)
x.new_ones((2, 1), dtype=m.bool)
x.new_full((2,), 3)
x.new_full((2,), True, dtype=m.float64)
x.new_empty(0, 2)
x.new_tensor([1, 0])
x.new_tensor([[1.0, 2.0]], dtype=m.float64, requires_grad=True)
m.full_like(x, 1)
x.repeat_interleave(2)
m.repeat_interleave(x, 3, 0)
x.repeat_interleave(2, dim=-1)
x.repeat_interleave(1, 0)
x.repeat_interleave(0)
x.repeat_interleave(-1)
x.repeat_interleave(2, 9)
x.repeat_interleave(2, 0, output_size=8)
x.repeat_interleave(m.tensor([2]), 0)
x.repeat_interleave(m.tensor([1, 0, 2]), 0)
x.repeat_interleave(m.tensor([2, 0, 1, 3]), -1)
m.repeat_interleave(x, m.tensor([2, 1, 0, 1]))
x.repeat_interleave(m.tensor([2, -1, 0, 1]), 0)
x.repeat_interleave(m.tensor([[2]]), 0)
x.repeat_interleave(m.tensor([2.0]), 0)
m.combinations(x)
m.combinations(x, 3)
m.combinations(x, r=2, with_replacement=True)
m.combinations(x, 1)
m.combinations(x, 0)
m.combinations(x, 9)
m.combinations(x, -1)
x.split_with_sizes((1, 2))
m.tensor_split(x, m.tensor([1, 2]))
m.nn.functional.pad(x, (1, 2))
m.nn.functional.pad(x, [1, 0, -1, 2], value=3.0)
m.nn.functional.pad(x, (1, 1), "constant", 2)
m.nn.functional.pad(x, (1, 2), "reflect")
m.nn.functional.pad(x, (2, 1), mode="replicate")
m.nn.functional.pad(x, (2, 1), mode="circular")
m.nn.functional.pad(x, (1, 0, 1, 1), mode="reflect")
m.nn.functional.pad(x, (1, 0, 2, 1), mode="replicate")
m.nn.functional.pad(x, (1, 2, 1, 1), mode="circular")
m.nn.functional.pad(x, (0, 1, 1, 1, 1, 0), mode="circular")
m.nn.functional.pad(x, (-1, 2), mode="reflect")
m.nn.functional.pad(x, (2, -1), mode="replicate")
m.nn.functional.pad(x, (2, -1), mode="circular")
m.nn.functional.pad(x, (9, 0), mode="reflect")
m.nn.functional.pad(x, (9, 0), mode="circular")
m.nn.functional.pad(x, (-3, 1), mode="reflect")
m.nn.functional.pad(x, (1, -3), mode="replicate")
m.nn.functional.pad(x, (-3, 2), mode="replicate")
m.nn.functional.pad(x, (2, -4), mode="reflect")
m.nn.functional.pad(x, (-1, -2), mode="reflect")
m.nn.functional.pad(x, (-1, -2), mode="replicate")
m.nn.functional.pad(x, (1,))
m.nn.functional.pad(x, (1,), mode="reflect")
m.nn.functional.pad(x, (1, 1), "reflect", 0.0)
m.nn.functional.pad(x, (1, 1), "nonsense")
""".strip().splitlines()

# The same in place: `x` is a copy that is no leaf.
IN_PLACE = """
x.tril_()
x.triu_(1)
x.t_()
x.transpose_(0, -1)
x.transpose_(0, 1)
x.swapaxes_(0, 1)
x.swapdims_(-1, 0)
x.transpose_(0, 9)
x.unsqueeze_(0)
x.unsqueeze_(-1)
x.unsqueeze_(9)
x.squeeze_()
x.squeeze_(0)
x.squeeze_((0, 1))
x.squeeze_(9)
x.as_strided_((2,), (1,))
x.as_strided_((99,), (1,))
x.fill_diagonal_(7)
x.fill_diagonal_(1, wrap=True)
""".strip().splitlines()

ALONE = """
m.tril_indices(3, 4)
m.tril_indices(4, 2, 1)
m.tril_indices(2, 3, -1, dtype=m.float64)
m.triu_indices(3, 4)
m.triu_indices(4, 2, -2)
m.triu_indices(0, 2)
m.triu_indices(3, 3, 9)
m.tril_indices(3, 3, -9)
m.tril_indices(-1, 2)
m.ones(2, 3).repeat(-1, 2)
m.logspace(0, 2, 5)
m.logspace(-1, 1, 4, base=2.0)
m.logspace(1, 0, 3, 3)
m.logspace(0, 1, 0)
m.logspace(2, 9, 1)
m.logspace(0, 3, 4, dtype=m.int64)
m.logspace(0, 1, -1)
m.empty_strided((2, 3), (1, 2)).stride()
m.empty_strided((2, 3), (4, 1), dtype=m.int64).stride()
m.empty_strided((2,), (1, 1))
m.empty_strided((-2,), (1,))
m.empty_permuted((2, 3, 4), (1, 0, 2)).stride()
m.empty_permuted((2, 3), (0, 0))
m.empty_permuted((2, 3), (0, 2))
m.repeat_interleave(m.tensor([1, 0, 2]))
m.repeat_interleave(m.tensor([[1, 0, 2]]))
m.broadcast_shapes((2, 1), (3,))
m.broadcast_shapes(2, (3, 1), ())
m.broadcast_shapes()
m.broadcast_shapes((2,), (3,))
m.broadcast_shapes((2, -1))
m.stack([])
m.hstack([])
m.vstack(())
m.dstack([])
m.column_stack([])
m.stack([m.ones(2), m.tensor([1, 2])])
m.hstack([m.ones(2), m.tensor([[1, 2]])])
m.meshgrid(m.ones(2), m.tensor([1, 2]), indexing="ij")
m.meshgrid(m.ones(2, 2), indexing="ij")
m.broadcast_tensors(m.ones(2), m.ones(3))
m.cartesian_prod(m.ones(2), m.tensor([1, 2]))
m.ones(5, 3).fill_diagonal_(7, wrap=True)
m.ones(9, 2).fill_diagonal_(7, wrap=True)
m.ones(3, 3, 3).fill_diagonal_(0)
m.ones(3, 3, 2).fill_diagonal_(0)
m.arange(4.0).resize_(2, 2)
m.arange(4.0).resize_(2)
m.arange(4.0).reshape(2, 2).t().resize_(4)
m.arange(4.0).resize_((2, 3)).shape
m.arange(4.0)[1:].resize_(2)
m.arange(4.0).resize_(-1)
m.arange(4.0).resize_as_(m.ones(2, 1))
m.ones(2, requires_grad=True).resize_(1)
m.ones(2, 3, requires_grad=True).t_()
m.ones(2, 3, requires_grad=True).unsqueeze_(0)
m.ones(2, 3, requires_grad=True)[0].unsqueeze_(0)
m.ones(3, 3, requires_grad=True).tril_()
m.ones(3, 3, requires_grad=True).fill_diagonal_(1)
m.zeros(2, 3)[1].storage_offset()
m.outer(m.ones(2), m.tensor([1, 2]))
m.outer(m.ones(2, 1), m.ones(2))
""".strip().splitlines()


def _array(shape: tuple[int, ...], dtype: str, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype == "int64":
        return rng.integers(-9, 9, shape)
    return np.asarray(rng.standard_normal(shape))


def _leaf(lib: Any, array: Any, layout: str) -> tuple[Any, Any]:
    """A leaf, and a tensor of the array's values in another layout, made from it."""
    if layout == "transposed" and array.ndim > 1:
        base = lib.tensor(np.ascontiguousarray(np.swapaxes(array, 0, -1)))
    elif layout == "part" and array.ndim > 0:
        base = lib.tensor(np.repeat(array, 2, -1))
    elif layout == "expanded" and array.ndim > 0 and array.shape[0] > 0:
        base = lib.tensor(array[:1])
    else:
        base = lib.tensor(array)
    if array.dtype == np.float64:
        base.requires_grad_()
    if layout == "transposed" and array.ndim > 1:
        return base, base.transpose(0, -1)
    if layout == "part" and array.ndim > 0:
        return base, base[..., ::2]
    if layout == "expanded" and array.ndim > 0 and array.shape[0] > 0:
        return base, base.expand(array.shape)
    return base, base


def _flat(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple | list) else [result]


def _facts(result: Any) -> list[Any]:
    facts = []
    for one in _flat(result):
        if not hasattr(one, "shape"):
            facts.append(one)
            continue
        dtype = str(one.dtype).rsplit(".", 1)[-1]
        facts.append((tuple(one.shape), dtype, one.requires_grad))
    return facts


def _run(lib: Any, text: str, names: dict[str, Any]) -> tuple[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "", eval(text, {"m": lib, **names})
        except Exception as error:
            kind = type(error).__name__
            return kind.replace("NotImplementedError", "RuntimeError"), None


def _gradients(lib: Any, result: Any, leaf: Any) -> list[Any]:
    """First and second gradients of a scalar that weighs every element."""
    total = 0
    for k, one in enumerate(_flat(result)):
        if hasattr(one, "requires_grad") and one.requires_grad:
            count = one.numel()
            weights = lib.linspace(0.5 + k, 1.5, count, dtype=lib.float64).reshape(one.shape)
            total = total + (one * one * weights).sum()
    if isinstance(total, int):
        return []
    (first,) = lib.autograd.grad(total, leaf, create_graph=True, allow_unused=True)
    if first is None:
        return [None]
    if not first.requires_grad:
        return [first]
    (second,) = lib.autograd.grad((first * first).sum(), leaf, allow_unused=True)
    return [first, second]


def _zeros_for_none(found: list[Any]) -> list[Any]:
    return [None if g is None or not values(g).any() else values(g) for g in found]


def _compare(
    text: str,
    shape: tuple[int, ...],
    dtype: str,
    layout: str,
    torch: ModuleType,
    in_place: bool = False,
) -> None:
    array = _array(shape, dtype, len(text))
    outcomes = []
    for lib in (ag, torch):
        leaf, x = _leaf(lib, array, layout)
        if in_place:
            x = x.clone() if layout != "view" or x.ndim == 0 else x.clone()[:]
        error, result = _run(lib, text, {"x": x})
        outcomes.append((error, result, leaf, x))
    (error, ours, leaf, x), (expected, theirs, twin, other) = outcomes
    what = f"{text} of {shape} {dtype} {layout}"
    assert error == expected, what
    if error:
        return
    assert _facts(ours) == _facts(theirs), what
    for a, b in zip(_flat(ours), _flat(theirs), strict=True):
        if hasattr(a, "shape") and "new_empty" not in text:
            np.testing.assert_array_equal(values(a), values(b), what)
    if in_place:
        assert ours is x and theirs is other
        writes = 1 if "wrap=True" in text else 0  # that PyTorch makes one more of
        assert x._version <= other._version <= x._version + writes, what
    # The gradient of its vander is refused by torch.
    if dtype == "float64" and "requires_grad=True" not in text and "vander" not in text:
        pairs = zip(
            _zeros_for_none(_gradients(ag, ours, leaf)),
            _zeros_for_none(_gradients(torch, theirs, twin)),
            strict=False,
        )
        for a, b in pairs:
            assert (a is None) == (b is None), what
            if a is not None:
                np.testing.assert_allclose(a, b, 1e-12, 1e-13, err_msg=what)


@pytest.mark.parametrize("text", OF_ONE)
def test_of_one(text: str, torch: ModuleType) -> None:
    for shape in ANY_SHAPE:
        for dtype in ("float64", "int64", "bool"):
            for layout in LAYOUTS:
                if "kron" not in text or layout == "plain":  # which torch refuses
                    _compare(text, shape, dtype, layout, torch)


@pytest.mark.parametrize("text", IN_PLACE)
def test_in_place(text: str, torch: ModuleType) -> None:
    for shape in ANY_SHAPE:
        for dtype in ("float64", "int64", "bool"):
            for layout in ("plain", "transposed", "view"):
                _compare(text, shape, dtype, layout, torch, in_place=True)


@pytest.mark.parametrize("n", [None, 0, 1, 2, 5])
def test_vander_is_powers_side_by_side(n: int | None, torch: ModuleType) -> None:
    array = _array((4,), "float64", 3)
    found = []
    for lib in (ag, torch):
        leaf, x = _leaf(lib, array, "plain")
        if lib is ag:
            y = ag.vander(x, n, increasing=True)
        else:
            count = 4 if n is None else n
            powers = [torch.ones_like(x), x, *(x**k for k in range(2, count))][:count]
            y = torch.stack(powers, 1) if count else torch.zeros(4, 0)
        found.append([values(y), *_zeros_for_none(_gradients(lib, y, leaf))])
    for a, b in zip(*found, strict=False):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, 1e-12)


@pytest.mark.parametrize("text", ALONE)
def test_alone(text: str, torch: ModuleType) -> None:
    (error, ours), (expected, theirs) = (_run(lib, text, {}) for lib in (ag, torch))
    assert error == expected
    if error or "broadcast_shapes" in text or not hasattr(_flat(ours)[0], "shape"):
        assert error or ours == theirs
        return
    assert _facts(ours) == _facts(theirs)
    for a, b in zip(_flat(ours), _flat(theirs), strict=True):
        np.testing.assert_allclose(values(a), values(b), 1e-15, 0)
