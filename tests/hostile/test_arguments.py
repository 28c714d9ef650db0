# SPDX-License-Identifier: MIT
"""Arguments whose reading runs code that gives the tensor other memory and another shape: they are
read first, and the tensor is looked at then. Where freed dimensions were read, the address
sanitizer says so; everywhere the result is that of the tensor as it is after the reading."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import run_python

SMALL, LARGE = np.arange(6.0).reshape(2, 3), np.arange(120.0).reshape(4, 5, 3, 2)


class Changing:
    """Gives a tensor other values whenever it is read."""

    def __init__(self, x: ag.Tensor, values: Any) -> None:
        self.x, self.values = x, values

    def change(self) -> None:
        self.x.data = ag.tensor(self.values)


class Index(Changing):
    def __init__(self, x: ag.Tensor, values: Any, index: int) -> None:
        super().__init__(x, values)
        self.index = index

    def __index__(self) -> int:
        self.change()
        return self.index


class Sequence(Changing):
    """[1.0, 2.0, 3.0], of which each way of reading changes the tensor."""

    def __len__(self) -> int:
        self.change()
        return 3

    def __getitem__(self, index: int) -> float:
        self.change()
        if index >= 3:
            raise IndexError
        return 1.0 + index


class Array(Changing):
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        self.change()
        return np.array([1.0, 2.0, 3.0])


class Number(np.float32):
    """A number of NumPy's whose __float__ changes the tensor."""

    changing: Changing

    def __float__(self) -> float:
        self.changing.change()
        return 2.0


def number(x: ag.Tensor, values: Any) -> Number:
    made = Number(2.0)
    made.changing = Changing(x, values)
    return made


Call = Callable[[Any, Any], Any]  # of the tensor, and of a function that makes an index

INDEXED: dict[str, Call] = {
    "x[i]": lambda x, i: x[i(1)],
    "x[i:]": lambda x, i: x[i(1) :],
    "x[:i]": lambda x, i: x[: i(1)],
    "x[::i]": lambda x, i: x[:: i(2)],
    "x[0, i]": lambda x, i: x[0, i(1)],
    "x[..., i]": lambda x, i: x[..., i(1)],
    "x[None, i:i]": lambda x, i: x[None, i(0) : i(2)],
    "view": lambda x, i: x.view(i(-1), 2),
    "view of a tuple": lambda x, i: x.view((i(2), -1)),
    "view of a list": lambda x, i: x.view([i(2), -1]),
    "reshape": lambda x, i: x.reshape(i(3), -1),
    "ag.reshape": lambda x, i: ag.reshape(x, (i(3), -1)),
    "expand": lambda x, i: x.expand(*[i(2)] * 2, -1, -1, -1, -1),
    "broadcast_to": lambda x, i: x.broadcast_to((i(2), *x.shape)),
    "permute": lambda x, i: x.permute(*[i(0)], *range(x.dim() - 1, 0, -1)),
    "transpose": lambda x, i: x.transpose(i(0), i(-1)),
    "swapaxes": lambda x, i: ag.swapaxes(x, i(0), i(1)),
    "flatten": lambda x, i: x.flatten(i(0), i(-1)),
    "squeeze": lambda x, i: x.squeeze(i(0)),
    "squeeze of a tuple": lambda x, i: x.squeeze((i(0), i(1))),
    "unsqueeze": lambda x, i: x.unsqueeze(i(-1)),
    "size": lambda x, i: x.size(i(-1)),
    "stride": lambda x, i: x.stride(i(0)),
    "sum": lambda x, i: x.sum(i(-1)),
    "sum of dims": lambda x, i: x.sum((i(0), i(1)), keepdim=True),
    "ag.sum": lambda x, i: ag.sum(x, dim=i(0)),
    "mean": lambda x, i: x.mean(i(1)),
    "mean of dims": lambda x, i: ag.mean(x, [i(0), i(-1)]),
    "amax": lambda x, i: x.amax(i(0), keepdim=True),
    "std": lambda x, i: x.std(i(-1)),
    "ag.var of dims": lambda x, i: ag.var(x, (i(0), i(1)), correction=0),
    "softmax": lambda x, i: x.softmax(i(0)),
    "logsumexp": lambda x, i: ag.logsumexp(x, [i(-1)]),
    "unbind": lambda x, i: x.unbind(i(1)),
    "split": lambda x, i: x.split(i(2), i(1)),
    "split into sizes": lambda x, i: ag.split(x, [i(1), i(1)]),
    "chunk": lambda x, i: x.chunk(i(2), i(-1)),
    "numpy's sum": lambda x, i: np.sum(x, axis=i(0)),
    "numpy's reshape": lambda x, i: np.reshape(x, (i(2), -1)),
}


def outcome(call: Call, x: ag.Tensor, index: Any) -> Any:
    try:
        result = call(x, index)
    except (IndexError, RuntimeError) as error:
        return type(error), str(error)
    if isinstance(result, tuple):
        return [t.tolist() if isinstance(t, ag.Tensor) else t for t in result]
    return result.tolist() if isinstance(result, ag.Tensor) else result


@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")
@pytest.mark.parametrize("name", INDEXED)
@pytest.mark.parametrize(("before", "after"), [(SMALL, LARGE), (LARGE, SMALL), (LARGE, 1.0)])
def test_an_index_that_changes_the_tensor(name: str, before: Any, after: Any) -> None:
    call = INDEXED[name]
    x = ag.tensor(before)
    changed = outcome(call, x, lambda index: Index(x, after, index))
    if name in ("permute", "broadcast_to"):  # their other arguments are made from the first shape
        assert changed
        return
    right = outcome(call, ag.tensor(after), lambda index: index)
    assert repr(changed) == repr(right)  # of NaN too


WRITTEN: dict[str, Callable[[Any, Any], Any]] = {
    "x[i] = number": lambda x, v: x.__setitem__(Index(x, v, 1), 5.0),
    "x[i:] = tensor": lambda x, v: x.__setitem__(slice(Index(x, v, 1), None), ag.ones(3)),
    "x[0] = list": lambda x, v: x.__setitem__(0, [Sequence(x, v)]),
    "x[...] = tuple": lambda x, v: x.__setitem__(..., (Sequence(x, v), Sequence(x, v))),
    "x[i] = list": lambda x, v: x.__setitem__(Index(x, v, 0), [Sequence(x, v)]),
    "copy_ of a list": lambda x, v: x.copy_([Sequence(x, v)]),
    "fill_": lambda x, v: x.fill_(number(x, v)),
    "mul_": lambda x, v: x.mul_(number(x, v)),
    "x += number": lambda x, v: x.__iadd__(number(x, v)),
    "clamp_": lambda x, v: x.clamp_(number(x, v), 3.0),
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize(
    ("before", "after"), [(SMALL, np.arange(24.0).reshape(4, 2, 3)), (LARGE, SMALL)]
)
def test_a_written_value_that_changes_the_tensor(name: str, before: Any, after: Any) -> None:
    """What is written is written to the memory that the tensor has then."""
    x = ag.tensor(before)
    old = x.detach()
    WRITTEN[name](x, after)
    assert x.shape == after.shape and x.tolist() != after.tolist()
    assert old.tolist() == before.tolist()


READ: dict[str, Callable[[Any, Any], Any]] = {
    "tensor": lambda x, v: ag.tensor([x, Sequence(x, v)]),
    "tensor, last": lambda x, v: ag.tensor([Sequence(x, v), x]),
    "tensor of a sequence": lambda x, v: ag.tensor(Sequence(x, v)),
    "tensor of an array": lambda x, v: ag.tensor(Array(x, v)) + x.numel(),
    "as_tensor": lambda x, v: ag.as_tensor([[x[0, 0], 2.0], Sequence(x, v)]),
    "full_like": lambda x, v: ag.full_like(x, number(x, v)),
    "full": lambda x, v: ag.full((Index(x, v, 2), x.numel()), number(x, v)),
    "arange": lambda x, v: ag.arange(number(x, v), 5, number(x, v)),
    "linspace": lambda x, v: ag.linspace(number(x, v), x.sum(), Index(x, v, 4)),
    "add": lambda x, v: x + number(x, v),
    "add alpha": lambda x, v: x.add(x, alpha=number(x, v)),
    "array first": lambda x, v: np.float64(2.0) * x + number(x, v),
    "clamp": lambda x, v: x.clamp(number(x, v), number(x, v)),
    "softplus": lambda x, v: ag.softplus(x, number(x, v), number(x, v)),
    "where": lambda x, v: ag.where(True, x, [Sequence(x, v)]),
    "compare": lambda x, v: x < number(x, v),
    "contains": lambda x, v: number(x, v) in x,
    "backward": lambda x, v: ag.autograd.grad((x * 1).sum(), iter([x, *Inputs(x, v)])),
}


class Inputs(Changing):
    def __iter__(self) -> Iterator[ag.Tensor]:
        self.change()
        return iter(())


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize(("before", "after"), [(SMALL, LARGE), (LARGE, SMALL)])
def test_a_read_value_that_changes_a_tensor(name: str, before: Any, after: Any) -> None:
    """Whatever comes of it, nothing is read that is no longer there."""
    x = ag.tensor(before, requires_grad=name == "backward")
    try:
        READ[name](x, after)
    except (ValueError, RuntimeError, TypeError) as error:
        assert str(error)
    assert x.tolist() in (before.tolist(), after.tolist())


def test_a_warning_that_changes_the_tensor() -> None:
    """Warnings are shown by code that anybody may replace. This one comes once in a process."""
    code = """
        import json, warnings
        import pyautograd as ag

        def show(*arguments):
            x.data = ag.ones(1000)

        x = ag.ones(3, requires_grad=True)
        warnings.simplefilter("always")
        warnings.showwarning = show
        try:
            ag.tensor([x])
        except ValueError as error:
            print(json.dumps([str(error), x.tolist() == [1.0] * 1000]))
    """
    message, changed = run_python(code)
    assert changed and message == "expected shape (3,) at dim 1 (got pyautograd.Size([1000]))"


class Cycle:
    """Garbage that a collection finds, and that changes the tensor when it goes."""

    def __init__(self, x: ag.Tensor) -> None:
        self.myself, self.x = self, x

    def __del__(self) -> None:
        self.x.data = ag.tensor(LARGE if self.x.dim() == 2 else SMALL)


class Named(ag.Tensor):
    pass


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.shape,
        lambda x: x.size(),
        lambda x: x.stride(),
        lambda x: x.tolist(),
        lambda x: x.numpy(),
        lambda x: memoryview(x.detach()).shape,
        lambda x: copy.copy(x).shape,
        lambda x: copy.deepcopy(x).shape,
        lambda x: pickle.loads(pickle.dumps(x)).shape,
        lambda x: x.as_subclass(Named)[0],
        lambda x: [row.shape for row in x],
        lambda x: repr(x),
    ],
)
def test_a_collection_that_changes_the_tensor(read: Callable[[Any], Any]) -> None:
    """Making an object that the collector knows may start it, and with it any code."""
    x = ag.tensor(SMALL)
    gc.collect()
    threshold = gc.get_threshold()
    try:
        for n in range(1, 12):
            Cycle(x)
            gc.set_threshold(n)
            result = read(x)
            gc.set_threshold(0)
            if isinstance(result, tuple):
                assert result in ((2, 3), (4, 5, 3, 2), (3, 1), (30, 6, 2, 1))
    finally:
        gc.set_threshold(*threshold)
        gc.collect()
