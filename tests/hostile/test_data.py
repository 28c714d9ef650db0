# SPDX-License-Identifier: MIT
"""`.data`: memory without history that counts its own writes, and what assigning to it leaves."""

from __future__ import annotations

import itertools
from types import ModuleType
from typing import Any

import pytest

import pyautograd as ag

MODIFIED = "one of the variables needed for gradient computation has been modified by an inplace"


def leaf(lib: ModuleType, data: Any) -> Any:
    return lib.tensor(data, requires_grad=True)


# ---- reading it ----------------------------------------------------------------------------------


def test_counts_of_writes(lib: ModuleType) -> None:
    x = lib.tensor([1.0, 2.0, 3.0])
    data, detached, view = x.data, x.detach(), x[1:]
    data_view = data[1:]
    everything = (x, data, detached, view, data_view)
    x.mul_(2)
    assert [t._version for t in everything] == [1, 0, 1, 1, 0]
    data_view.mul_(2)
    assert [t._version for t in everything] == [1, 1, 1, 1, 1]
    data.detach().mul_(2)
    assert [t._version for t in everything] == [1, 2, 1, 1, 2]
    data.data.mul_(2)
    view.mul_(2)
    assert [t._version for t in everything] == [2, 2, 2, 2, 2]
    assert x.tolist() == [8.0, 64.0, 96.0]


def test_saved_data_notices_writes_through_itself(lib: ModuleType) -> None:
    x = leaf(lib, [1.0, 2.0])
    data = x.data
    y = x * data
    data *= 10
    with pytest.raises(RuntimeError, match=MODIFIED):
        y.sum().backward()
    assert x.grad is None


def test_saved_values_do_not_notice_writes_through_data(lib: ModuleType) -> None:
    x = leaf(lib, [1.0, 2.0])
    y = (x * x).sum()
    x.data *= 10
    y.backward()
    assert x.grad.tolist() == [20.0, 40.0]


def test_views_of_data_follow_its_history(lib: ModuleType) -> None:
    w = leaf(lib, [2.0, 3.0, 4.0])
    data = lib.ones(3).data
    view = data[1:]
    data.mul_(w)
    assert view.requires_grad
    view.sum().backward()
    assert w.grad.tolist() == [0.0, 1.0, 1.0]


# ---- assigning to it -----------------------------------------------------------------------------


def test_assignment_keeps_the_count_of_writes(lib: ModuleType) -> None:
    x, y = lib.ones(3), lib.zeros(4)
    x.mul_(2)
    y.mul_(2).mul_(2)
    x.data = y
    assert (x._version, y._version) == (1, 2)
    x.add_(2)
    assert (x._version, y._version) == (2, 2)
    y.add_(1)
    assert (x._version, y._version) == (2, 3)
    assert x.tolist() == y.tolist() == [3.0] * 4


def test_assignment_of_itself(lib: ModuleType) -> None:
    x = leaf(lib, [1.0, 2.0])
    x.data = lib.ones(2, 3)
    x.data = x
    assert x.shape == (2, 3) and x.tolist() == [[1.0] * 3] * 2
    (x * 2).sum().backward()
    assert x.grad.tolist() == [[2.0] * 3] * 2


def test_leaf_with_memory_of_another_shape() -> None:  # PyTorch sets a .grad of the old shape
    x = leaf(ag, [1.0, 2.0, 3.0])
    y = (x * 2).sum()
    x.data = ag.ones(2)
    with pytest.raises(RuntimeError, match=r"got \[3\] but expected shape compatible with \[2\]"):
        y.backward()
    assert x.grad is None


def test_result_with_memory_of_another_shape(lib: ModuleType) -> None:
    x = leaf(lib, [1.0, 2.0, 3.0])
    for shape in (1,), (), (2, 2), (0,):
        y = x * 1
        y.data = lib.ones(shape)
        z = (y * 2).sum()
        with pytest.raises(RuntimeError):
            z.backward()
        assert x.grad is None


def test_result_with_memory_of_the_same_shape(lib: ModuleType) -> None:
    x = leaf(lib, [1.0, 2.0, 3.0])
    y = x * 2
    y.data = lib.tensor([5.0, 6.0, 7.0])
    (y * y).sum().backward()
    assert x.grad.tolist() == [20.0, 24.0, 28.0]


def test_write_through_a_view_of_a_base_that_is_too_small_now(lib: ModuleType) -> None:
    x = leaf(lib, [1.0, 2.0, 3.0])
    base = x * 1
    view = base.view(-1)
    base.data = lib.ones(1)
    with pytest.raises(RuntimeError, match="out of bounds"):  # torch: in the backward
        view.mul_(2)
        view.sum().backward()
    assert x.grad is None


# PyTorch reads the history of the first view off a base that has other memory; a view whose memory
# is not its base's keeps its own history here.
def test_view_and_base_apart_go_on_alone() -> None:
    x, w = leaf(ag, [1.0, 2.0, 3.0]), leaf(ag, 2.0)
    base = x * 1
    view = base[1:]
    base.data = ag.ones(3)
    base.mul_(w)
    assert view.tolist() == [2.0, 3.0] and base.tolist() == [2.0] * 3
    view.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, 1.0, 1.0] and w.grad is None
    view.mul_(w)
    assert view.tolist() == [4.0, 6.0] and base.tolist() == [2.0] * 3


GEOMETRIES: list[Any] = [
    lambda: ag.full((6,), 3.0),
    lambda: ag.full((2, 3), 3.0),
    lambda: ag.full((3, 2), 3.0).t(),
    lambda: ag.full((12,), 3.0)[::2],
    lambda: ag.tensor(3.0),
    lambda: ag.tensor(3.0).expand(2, 3),
    lambda: ag.full((0, 3), 3.0),
    lambda: ag.full((200, 100), 3.0),
]


@pytest.mark.parametrize("size", [6, 20000])
@pytest.mark.parametrize("exchanged", ["base", "view", "both"])
@pytest.mark.parametrize("geometry", range(len(GEOMETRIES)))
def test_every_combination_ends_in_an_error_or_in_the_right_gradient(
    geometry: int, exchanged: str, size: int
) -> None:
    """A view and its base, either with other memory, then written and read in turn. That ends in
    an error or in the right gradient."""
    for write, read in itertools.product(("base", "view"), repeat=2):
        x, w = ag.ones(size).requires_grad_(), ag.tensor(2.0, requires_grad=True)
        base = x * 1
        tensors = {"base": base, "view": base[size // 2 :]}
        for name in tensors:
            if exchanged in (name, "both"):
                tensors[name].data = GEOMETRIES[geometry]()
        before = tensors[write].clone().detach()
        try:
            tensors[write].mul_(w)
            loss = (tensors[read] * 5).sum()
            loss.backward()
        except RuntimeError:
            assert x.grad is None and w.grad is None
            continue
        assert x.grad is None or x.grad.shape == x.shape
        apart = tensors["base"].data_ptr() != tensors["view"].data_ptr()
        if write == read:
            assert w.grad is not None and w.grad.item() == 5 * before.sum().item()
        elif apart and exchanged != "both" and w.grad is not None:
            assert w.grad.item() == 0
