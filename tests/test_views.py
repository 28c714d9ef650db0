# SPDX-License-Identifier: MIT
"""Views: shapes, strides, shared memory, what can be a view, and gradients through them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values

VIEWS: dict[str, Callable[[Any], Any]] = {
    "view": lambda x: x.view(3, 4),
    "view -1": lambda x: x.view(-1),
    "view tuple": lambda x: x.view((4, -1)),
    "view_as": lambda x: x.view_as(ag.empty(6, 2)),
    "reshape": lambda x: x.reshape(12),
    "reshape_as": lambda x: x.reshape_as(ag.empty(4, 3)),
    "flatten": lambda x: x.flatten(),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "squeeze": lambda x: x.unsqueeze(0).squeeze(),
    "transpose": lambda x: x.transpose(0, 1),
    "swapaxes": lambda x: x.swapaxes(-1, 0),
    "permute": lambda x: x.permute(1, 0),
    "t": lambda x: x.t(),
    "T": lambda x: x.T,
    "expand": lambda x: x.unsqueeze(0).expand(3, 2, 6),
    "expand_as": lambda x: x.expand_as(ag.empty(2, 2, 6)),
    "broadcast_to": lambda x: x.broadcast_to((2, 2, 6)),
    "index": lambda x: x[1],
    "slice": lambda x: x[:, 1:5:2],
    "detach": lambda x: x.detach(),
    "ellipsis": lambda x: x[..., None, 2:],
    "iteration": lambda x: next(iter(x)),
    "contiguous": lambda x: x.contiguous(),
}


def base() -> ag.Tensor:
    return ag.tensor(np.arange(12.0).reshape(2, 6))


@pytest.mark.parametrize("name", VIEWS)
def test_shares_memory_both_ways(name: str) -> None:
    x = base()
    v = VIEWS[name](x)
    before = values(v)
    x.add_(100)
    assert np.array_equal(values(v), before + 100)
    if "expand" not in name and "broadcast" not in name:
        v.mul_(0)
        assert np.count_nonzero(values(x)) == 12 - before.size


@pytest.mark.parametrize("name", VIEWS)
def test_keeps_its_memory_alive(name: str) -> None:
    x = base()
    v = VIEWS[name](x)
    before = values(v)
    del x
    gc.collect()
    ag.tensor(np.full(12, -1.0))
    assert np.array_equal(values(v), before)


SHAPES_AND_STRIDES: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = [
    ("view", (3, 4), (4, 1)),
    ("unsqueeze", (2, 1, 6), (6, 6, 1)),
    ("transpose", (6, 2), (1, 6)),
    ("T", (6, 2), (1, 6)),
    ("expand", (3, 2, 6), (0, 6, 1)),
    ("index", (6,), (1,)),
    ("slice", (2, 2), (6, 2)),
    ("ellipsis", (2, 1, 4), (6, 6, 1)),
]


@pytest.mark.parametrize(("name", "shape", "strides"), SHAPES_AND_STRIDES)
def test_shape_and_stride(name: str, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
    v = VIEWS[name](base())
    assert tuple(v.shape) == shape
    if name not in ("unsqueeze", "ellipsis"):  # the stride of a dimension of 1 is free
        assert tuple(v.stride()) == strides
        assert v.stride(0) == strides[0]


def test_is_contiguous() -> None:
    x = base()
    assert x.is_contiguous() and x[1].is_contiguous() and x.view(-1)[3:].is_contiguous()
    assert not x.t().is_contiguous() and not x[:, ::2].is_contiguous()
    assert not ag.ones(1).expand(3).is_contiguous()
    assert ag.ones(1).expand(1).is_contiguous() and ag.empty(0, 3).is_contiguous()
    c = x.t().contiguous()
    assert c.is_contiguous() and np.array_equal(values(c), values(x).T)
    assert x.contiguous() is x or x.contiguous().tolist() == x.tolist()


def test_reshape_copies_only_where_it_must() -> None:
    x = base()
    x.reshape(3, 4).fill_(1)
    assert values(x).sum() == 12
    x.t().reshape(12).fill_(5)
    assert values(x).sum() == 12
    x[:, :3].reshape(2, 3, 1).fill_(2)
    assert values(x).sum() == 18
    x[:, :3:2].reshape(-1).fill_(9)
    assert values(x).sum() == 18


def test_view_where_strides_allow() -> None:
    x = ag.tensor(np.arange(24.0).reshape(2, 3, 4))
    assert tuple(x[:, 1:].view(2, 8).shape) == (2, 8)
    assert tuple(x.transpose(0, 1).view(3, 2, 2, 2).shape) == (3, 2, 2, 2)
    assert np.array_equal(values(x[:, 1:].view(2, 8)), values(x)[:, 1:].reshape(2, 8))
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        x[:, :, 1:].view(2, 9)
    assert tuple(ag.empty(0, 3).view(3, 0).shape) == (3, 0)
    assert tuple(ag.tensor(1.0).view(1, 1).shape) == (1, 1)
    assert tuple(ag.ones(1, 1).view(()).shape) == ()


def test_squeeze_and_unsqueeze() -> None:
    x = ag.ones(1, 3, 1)
    assert tuple(x.squeeze().shape) == (3,)
    assert tuple(x.squeeze(0).shape) == (3, 1)
    assert tuple(x.squeeze(1).shape) == (1, 3, 1)
    assert tuple(x.squeeze(-1).shape) == (1, 3)
    assert tuple(x.squeeze((0, 2)).shape) == (3,)
    assert tuple(ag.ones(()).squeeze().shape) == ()
    assert tuple(ag.ones(1).squeeze(0).shape) == ()
    assert tuple(ag.ones(()).unsqueeze(0).shape) == (1,)
    assert tuple(ag.ones(2).unsqueeze(-1).shape) == (2, 1)


def test_transposes() -> None:
    x = ag.tensor(np.arange(24.0).reshape(2, 3, 4))
    assert np.array_equal(values(x.transpose(-1, 0)), values(x).swapaxes(-1, 0))
    assert np.array_equal(values(x.permute(2, 0, 1)), values(x).transpose(2, 0, 1))
    assert np.array_equal(values(x.permute((2, 0, -2))), values(x).transpose(2, 0, 1))
    assert np.array_equal(values(ag.permute(x, (1, 2, 0))), values(x).transpose(1, 2, 0))
    assert np.array_equal(values(x.transpose(dim0=0, dim1=1)), values(x).swapaxes(0, 1))
    v = ag.tensor([1.0, 2.0])
    assert v.t().tolist() == [1.0, 2.0]
    assert ag.tensor(1.0).t().item() == 1.0
    assert tuple(ag.empty(3, 0).t().shape) == (0, 3)


def test_flatten() -> None:
    x = ag.ones(2, 3, 4)
    assert tuple(x.flatten().shape) == (24,)
    assert tuple(x.flatten(1).shape) == (2, 12)
    assert tuple(x.flatten(0, 1).shape) == (6, 4)
    assert tuple(x.flatten(start_dim=-2, end_dim=-1).shape) == (2, 12)
    assert tuple(ag.tensor(1.0).flatten().shape) == (1,)
    assert tuple(ag.flatten(x, 1).shape) == (2, 12)


def test_expand() -> None:
    x = ag.tensor([[1.0], [2.0]])
    assert x.expand(2, 3).tolist() == [[1, 1, 1], [2, 2, 2]]
    assert x.expand(-1, 3).tolist() == x.expand((2, 3)).tolist()
    assert tuple(x.expand(4, -1, 3).shape) == (4, 2, 3)
    assert tuple(ag.tensor(1.0).expand(2, 2).shape) == (2, 2)
    assert tuple(x.expand(2, 0).shape) == (2, 0)
    assert ag.broadcast_to(x, (2, 2)).tolist() == [[1, 1], [2, 2]]


def test_clone_shares_nothing() -> None:
    x = base()
    c = x.clone()
    c.zero_()
    assert values(x).sum() == 66
    assert np.array_equal(values(x.t().clone()), values(x).T)


# ---- gradients -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in VIEWS if n != "detach"])
def test_gradient_goes_where_the_view_looks(name: str) -> None:
    x = leaf(np.arange(12.0).reshape(2, 6))
    v = VIEWS[name](x)
    assert v.requires_grad and (v.is_leaf == (v is x))
    weights = np.arange(1.0, v.numel() + 1).reshape(tuple(v.shape))
    (v * ag.tensor(weights)).sum().backward()
    # The same by a linear map: which element of x each element of v is.
    places = values(VIEWS[name](ag.tensor(np.arange(12.0).reshape(2, 6)))).astype(int)
    expected = np.zeros(12)
    np.add.at(expected, places.ravel(), weights.ravel())
    assert np.array_equal(values(x.grad).ravel(), expected)


def test_a_long_chain_of_views() -> None:
    x = leaf(np.arange(12.0).reshape(2, 6))
    y = x.t().reshape(3, 4).unsqueeze(0).expand(2, 3, 4)[:, 1:].permute(2, 0, 1).flatten(1)[::2]
    y.sum().backward()
    a = np.arange(12)
    hit = a.reshape(2, 6).T.reshape(3, 4)[1:][:, ::2]
    expected = np.zeros(12)
    expected[hit.ravel()] = 2
    assert np.array_equal(values(x.grad).ravel(), expected)


def test_iteration_gives_views_with_gradients() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    a, b, c = x
    (a * b * c).sum().backward()
    assert x.grad.tolist() == [[15, 24], [5, 12], [3, 8]]


def test_a_view_of_a_leaf_is_not_a_leaf() -> None:
    x = leaf([1.0, 2.0])
    v = x[:1]
    assert not v.is_leaf and v.grad_fn is not None
    w = ag.tensor([1.0, 2.0])[:1]
    assert w.is_leaf and not w.requires_grad


# ---- copies are no views -------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 5000])
@pytest.mark.parametrize(
    "copy",
    [
        lambda x: x.t().reshape(-1),
        lambda x: x.t().flatten(),
        lambda x: x.expand(2, *x.shape).reshape(2 * x.shape[0], x.shape[1]),
        lambda x: x[:, :2].reshape(-1),
        lambda x: ag.reshape(x.t(), (x.numel(),)),
    ],
)
def test_a_reshape_that_copies_is_no_view(n: int, copy: Callable[[ag.Tensor], ag.Tensor]) -> None:
    assert not copy(ag.ones(2, n))._is_view() and ag.ones(2, n).reshape(-1)._is_view()
    x = leaf(np.arange(2.0 * n).reshape(2, n))
    y = copy(x * 1)
    assert not y._is_view() and y.grad_fn.name() == "UnsafeViewBackward0"
    before = values(y)
    y.mul_(3.0)
    assert y.grad_fn.name() == "MulBackward0" and np.array_equal(values(y), 3 * before)
    v = y[1:]
    v.mul_(2.0)
    assert v._is_view() and y.grad_fn.name() == "CopySlices"
    y.sum().backward()
    expected, (slope,) = x.grad, ag.autograd.grad(copy(x).sum(), x)
    assert expected.sum().item() == 6.0 * slope.sum().item() - 3.0 * y[0].numel()
    z = copy(x * 1)
    z.detach_()
    assert z.is_leaf and not z.requires_grad
    with ag.no_grad():
        w = copy(x)
    w.mul_(2.0)  # nothing of x is written
    assert not w.requires_grad and x._version == 0


@pytest.mark.parametrize("n", [3, 5000])
def test_ravel_is_a_view_of_the_copy(n: int) -> None:
    """As in PyTorch, where it is contiguous() and view(-1)."""
    x = leaf(np.arange(2.0 * n).reshape(2, n))
    y = (x * 1).t().ravel()
    assert y._is_view() and y.grad_fn.name() == "ViewBackward0"
    assert y.grad_fn.next_functions[0][0].name() == "CloneBackward0"
