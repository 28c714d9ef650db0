# SPDX-License-Identifier: MIT
"""What nodes have saved, by its names and as objects that take hooks. That names and values are
PyTorch's is in parity/test_parity_saved_names.py."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import pyautograd as ag
from pyautograd import _core
from support import leaf, values


class Product(ag.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_for_backward(x, None, y)
        return x * y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, _, y = ctx.saved_tensors
        return g * y, g * x


def node_of(t: Any) -> Any:
    return t.grad_fn


def test_names_are_those_of_the_op() -> None:
    x = leaf([1.0, 2.0])
    names = {
        name: [one for one in dir(node_of(t)) if one.startswith("_saved")]
        for name, t in {"exp": x.exp(), "log": x.log(), "add": x + x, "power": x**3}.items()
    }
    assert names == {
        "exp": ["_saved_result"],
        "log": ["_saved_self"],
        "add": [],
        "power": ["_saved_exponent", "_saved_self"],
    }


def test_numbers_that_are_saved() -> None:
    x = leaf([1.0, 2.0])
    F = ag.nn.functional
    assert node_of(x**3)._saved_exponent == 3.0
    assert node_of(x.square())._saved_exponent == 2
    limited = node_of(x.clamp(min=0.5))
    assert limited._saved_min == 0.5 and limited._saved_max is None
    assert node_of(F.softplus(x, beta=2.0))._saved_beta == 2.0
    six = node_of(F.relu6(x))
    assert (six._saved_min_val, six._saved_max_val) == (0, 6)
    assert node_of(ag.special.polygamma(2, x))._saved_n == 2
    assert node_of(ag.lerp(x, x, 0.25))._saved_weight == 0.25


def test_what_was_freed_cannot_be_had() -> None:
    x = leaf([1.0, 2.0])
    y = x.exp()
    node, saved = node_of(y), node_of(y)._raw_saved_result
    y.sum().backward()
    for read in (lambda: node._saved_result, saved.unpack, lambda: saved.data):
        with pytest.raises(RuntimeError, match="a second time"):
            read()
    with pytest.raises(RuntimeError, match="after it has been freed"):
        saved.register_hooks(lambda v: v, lambda v: v)
    with pytest.raises(AttributeError, match="_saved_other"):
        node._saved_other


def test_hooks_on_one_value() -> None:
    x = leaf([1.0, 2.0])
    y = x.exp()
    saved = node_of(y)._raw_saved_result
    calls = []

    def pack(value: Any) -> Any:
        calls.append(("pack", value.requires_grad))
        return value.tolist()

    def unpack(packed: Any) -> Any:
        calls.append(("unpack", len(packed)))
        return ag.tensor(packed) * 10

    assert saved.unpack_hook is None
    saved.register_hooks(pack, unpack)
    assert calls == [("pack", False)] and saved.unpack_hook is unpack
    assert saved.data == y.tolist()
    (g,) = ag.autograd.grad(y.sum(), x, create_graph=True)
    assert calls[1:] == [("unpack", 2)]
    assert values(g).tolist() == (10 * values(y)).tolist()
    assert g.requires_grad
    (second,) = ag.autograd.grad(g.sum(), x)
    assert calls[2:] == [("unpack", 2)]
    assert values(second).tolist() == (10 * values(y)).tolist()


def test_hooks_on_inputs() -> None:
    x = leaf([1.0, 2.0])
    for t, is_x in ((x, True), (x * 3, False)):
        y = t.log()
        saved = node_of(y)._raw_saved_self
        assert (saved.unpack() is x) is is_x and (saved.data is x) is is_x
        saved.register_hooks(lambda v: v, lambda v: v * 2)
        (g,) = ag.autograd.grad(y.sum(), t, create_graph=True)
        assert values(g).tolist() == (0.5 / values(t)).tolist()


def test_one_pair_alone_and_what_cannot_have_any() -> None:
    x = leaf([1.0, 2.0])
    with ag.autograd.graph.saved_tensors_hooks(lambda v: v, lambda v: v):
        y = x.exp()
    once = node_of(x.exp())._raw_saved_result
    once.register_hooks(lambda v: v, lambda v: v)
    for saved in (node_of(y)._raw_saved_result, once):
        with pytest.raises(RuntimeError, match="already been set"):
            saved.register_hooks(lambda v: v, lambda v: v)
    absent = node_of(x * ag.ones(2))._raw_saved_self
    assert absent.data is None and absent.unpack() is None
    with pytest.raises(RuntimeError, match="with value None is forbidden"):
        absent.register_hooks(lambda v: v, lambda v: v)
    fresh = node_of(x.exp())._raw_saved_result
    for wrong in ((), (1, 2), (print,), (print, None)):
        with pytest.raises(TypeError, match="two functions"):
            fresh.register_hooks(*wrong)
    with pytest.raises(RuntimeError, match="forbidden"):
        type(fresh)()


def test_a_hook_that_fails_changes_nothing() -> None:
    x = leaf([1.0, 2.0])
    y = x.exp()
    saved = node_of(y)._raw_saved_result
    with pytest.raises(ZeroDivisionError):
        saved.register_hooks(lambda v: 1 / 0, lambda v: v)
    assert not _core._has_saved_hooks()
    y.sum().backward()
    assert values(x.grad).tolist() == values(y).tolist()

    w = x.log()
    z = w.sum()
    again = node_of(w)._raw_saved_self

    def frees(value: Any) -> Any:
        z.backward()
        return value

    with pytest.raises(RuntimeError, match="after it has been freed"):
        again.register_hooks(frees, lambda v: v)


def test_hooks_on_what_a_function_saved() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    z = Product.apply(x, y)
    saved = node_of(z)._raw_saved_tensors
    assert [one.unpack() is t for one, t in zip(saved, (x, None, y), strict=True)] == [True] * 3
    saved[2].register_hooks(lambda v: v.tolist(), lambda packed: ag.tensor(packed) * 10)
    assert saved[2].data == [3.0, 4.0]
    with pytest.raises(RuntimeError, match="already been set"):
        saved[2].register_hooks(lambda v: v, lambda v: v)
    with pytest.raises(RuntimeError, match="with value None is forbidden"):
        saved[1].register_hooks(lambda v: v, lambda v: v)
    z.sum().backward()
    assert values(x.grad).tolist() == [30.0, 40.0] and values(y.grad).tolist() == [1.0, 2.0]
    with pytest.raises(RuntimeError, match="a second time"):
        node_of(z)._raw_saved_tensors


class Box:
    pass


def packed_by_all(box: Any, x: Any) -> Any:
    with ag.autograd.graph.saved_tensors_hooks(lambda v: (box, v.detach()), lambda p: p[1]):
        return Product.apply(x, x * 2)


def packed_as_the_box(box: Any, x: Any) -> Any:
    with ag.autograd.graph.saved_tensors_hooks(lambda v: box, lambda p: ag.ones(2)):
        return Product.apply(x, x * 2)


def packed_later(box: Any, x: Any) -> Any:
    y = x.exp()
    node_of(y)._raw_saved_result.register_hooks(lambda v: box, lambda p: ag.ones(2))
    return y


def packed_later_of_a_function(box: Any, x: Any) -> Any:
    y = Product.apply(x, x * 2)
    for saved in node_of(y)._raw_saved_tensors[::2]:
        saved.register_hooks(lambda v: box, lambda p: ag.ones(2))
    return y


@pytest.mark.parametrize(
    "make", [packed_by_all, packed_as_the_box, packed_later, packed_later_of_a_function]
)
@pytest.mark.parametrize("what", ["result", "node"])
def test_what_hooks_packed_is_collected(make: Any, what: str) -> None:
    """A circle from what a hook packed, or closed over, through what was made back to that."""
    x = leaf([1.0, 2.0])
    gc.collect()
    before = _core._live_nodes()
    box = Box()
    y = make(box, x)
    box.back = y if what == "result" else node_of(y)  # type: ignore[attr-defined]
    gone = weakref.ref(box)
    y = None
    gc.collect()
    assert gone() is box, "somebody has it"
    del box
    gc.collect()
    assert gone() is None and _core._live_nodes() == before
