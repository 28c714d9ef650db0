# SPDX-License-Identifier: MIT
"""The op cases of indexing: elements at places that index tensors name."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ops.case import Case, Shape

WIDE = [[0, 2, 1, 1], [2, 2, 0, 1]]
ROWS = [2, 0, 2]


def _indexed(
    op: str, label: str, call: Any, ref: Any, shapes: tuple[Shape, ...], grad_fn: str, **more: Any
) -> Case:
    domains = ((0.5, 2.0),) * len(shapes)
    ulp = more.pop("ulp", 0.0)
    return Case(op, call, ref, domains, ulp, grad_fn, label, "whole", shapes, **more)


def _changed(x: Any, act: Any) -> Any:
    """A copy of x after `act`."""
    y = x.copy()
    act(y)
    return y


def _assigned(x: Any, key: Any, value: Any) -> Any:
    """What x[key] = value leaves in a copy of x."""
    y = x.clone() if hasattr(x, "clone") else x.copy()
    y[key] = value
    return y


def _quietly(call: Any) -> Any:
    """A call without what PyTorch says of functions that may still change."""

    def quiet(lib: Any, *tensors: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call(lib, *tensors)

    return quiet


def _lines(ufunc: Any, x: Any, index: Any, y: Any) -> Any:
    """Along dimension 0: each column of the index speaks of that column."""
    columns = np.arange(index.shape[1])
    part = y[: index.shape[0], : index.shape[1]] if np.ndim(y) else y
    return _changed(x, lambda z: ufunc(z, (index, columns), part))


def _set(z: Any, key: Any, part: Any) -> None:
    z[key] = part


GATHER = [
    _indexed(
        "gather",
        "",
        lambda lib, x: lib.gather(x, 0, lib.tensor(WIDE)),
        lambda x: np.take_along_axis(x, np.array(WIDE), 0),
        ((3, 4),),
        "GatherBackward0",
    ),
    _indexed(
        "gather",
        "last, of a smaller index",
        lambda lib, x: x.gather(-1, lib.tensor([[3, 3, 0]])),
        lambda x: np.take_along_axis(x[:1], np.array([[3, 3, 0]]), -1),
        ((2, 4),),
        "GatherBackward0",
    ),
    _indexed(
        "index_select",
        "",
        lambda lib, x: lib.index_select(x, 0, lib.tensor(ROWS)),
        lambda x: x[ROWS],
        ((3, 4),),
        "IndexSelectBackward0",
    ),
    _indexed(
        "index_select",
        "last",
        lambda lib, x: x.index_select(-1, lib.tensor(ROWS)),
        lambda x: x[:, ROWS],
        ((2, 3),),
        "IndexSelectBackward0",
    ),
]

INDEX = [
    _indexed(
        "index",
        label,
        lambda lib, x, key=key, label=label: x[lib.tensor(key) if label == "mask" else key],
        lambda x, key=key, label=label: x[np.array(key) if label == "mask" else key],
        (shape,),
        "IndexBackward0",
    )
    for label, key, shape in (
        ("", [2, 0, 2], (3, 4)),
        ("negative", (slice(None), [-1, 0, 1]), (2, 4)),
        ("two", ([0, 1], [[1], [-2]]), (2, 3, 2)),
        ("apart", ([1, 0, 1], slice(1, None), [0, 1, 1]), (2, 3, 2)),
        ("mask", [[True, False, True], [False, False, True]], (2, 3, 2)),
        ("mask and numbers", ([True, False, True], [0, 2]), (3, 3)),
    )
]

SCATTER = [
    _indexed(
        "scatter",
        "",
        lambda lib, x, y: lib.scatter(x, 0, lib.tensor([[0, 2, 1], [2, 0, 0]]), y),
        lambda x, y: _lines(_set, x, np.array([[0, 2, 1], [2, 0, 0]]), y),
        ((3, 3), (2, 3)),
        "ScatterBackward0",
    ),
    _indexed(
        "scatter",
        "of a number",
        lambda lib, x: x.scatter(0, lib.tensor(WIDE), 1.5),
        lambda x: _lines(_set, x, np.array(WIDE), 1.5),
        ((3, 4),),
        "ScatterBackward1",
    ),
    _indexed(
        "scatter_add",
        "",
        lambda lib, x, y: lib.scatter_add(x, 0, lib.tensor(WIDE), y),
        lambda x, y: _lines(np.add.at, x, np.array(WIDE), y),
        ((3, 4), (2, 4)),
        "ScatterAddBackward0",
        ulp=2.0,
    ),
    _indexed(
        "index_add",
        "",
        lambda lib, x, y: lib.index_add(x, 0, lib.tensor(ROWS), y),
        lambda x, y: _changed(x, lambda z: np.add.at(z, ROWS, y)),
        ((3, 2), (3, 2)),
        "IndexAddBackward0",
        ulp=2.0,
    ),
    _indexed(
        "index_add",
        "alpha, last",
        lambda lib, x, y: x.index_add(-1, lib.tensor(ROWS), y, alpha=0.5),
        lambda x, y: _changed(x, lambda z: np.add.at(z, (slice(None), ROWS), y / 2)),
        ((2, 3), (2, 3)),
        "IndexAddBackward0",
        ulp=2.0,
    ),
    _indexed(
        "index_put",
        "",
        lambda lib, x, y: _assigned(x, ([1, 0], [2, 0]), y),
        lambda x, y: _assigned(x, ([1, 0], [2, 0]), y),
        ((2, 3, 2), (2,)),
        "IndexPutBackward0",
    ),
    _indexed(
        "index_put",
        "mask",
        lambda lib, x, y: _assigned(x, lib.tensor([True, False, True]), y),
        lambda x, y: _assigned(x, np.array([True, False, True]), y),
        ((3, 2), (2, 1)),
        "IndexPutBackward0",
    ),
    _indexed(
        "index_put",
        "added",
        lambda lib, x, y: x.index_put((lib.tensor(ROWS),), y, accumulate=True),
        lambda x, y: _changed(x, lambda z: np.add.at(z, ROWS, y)),
        ((3, 2), (3, 2)),
        "IndexPutBackward0",
        ulp=2.0,
    ),
]

PLACES = [1, 3, -1, 0]
_CHOSEN = [[True, False, True, False], [False, False, True, True], [True, True, True, True]]
_COUNT = 8

MORE = [
    _indexed(
        "take",
        "",
        lambda lib, x: lib.take(x, lib.tensor([[0, 5], [-1, 5]])),
        lambda x: x.ravel()[[[0, 5], [-1, 5]]],
        ((2, 3),),
        "TakeBackward0",
    ),
    _indexed(
        "put",
        "",
        lambda lib, x, y: x.put(lib.tensor(PLACES), y),
        lambda x, y: _changed(x, lambda z: np.put(z, PLACES, y)),
        ((2, 3), (4,)),
        "PutBackward0",
    ),
    _indexed(
        "put",
        "added",
        lambda lib, x, y: x.put(lib.tensor([[1, 1], [-1, 0]]), y, accumulate=True),
        lambda x, y: _changed(x, lambda z: np.add.at(z.ravel(), [[1, 1], [-1, 0]], y)),
        ((2, 3), (2, 2)),
        "PutBackward0",
        ulp=2.0,
    ),
    _indexed(
        "index_copy",
        "",
        lambda lib, x, y: x.index_copy(0, lib.tensor([2, 0]), y),
        lambda x, y: _assigned(x, [2, 0], y),
        ((3, 2), (2, 2)),
        "IndexCopyBackward0",
    ),
    _indexed(
        "index_fill",
        "",
        lambda lib, x: x.index_fill(1, lib.tensor([2, 0, 2]), 1.5),
        lambda x: _assigned(x, (slice(None), [2, 0]), 1.5),
        ((3, 4),),
        "IndexFillBackward0",
    ),
    _indexed(
        "index_fill",
        "by a tensor, twice",
        lambda lib, x, y: x.index_fill(0, lib.tensor([2, 2]), y),
        lambda x, y: _assigned(x, 2, y),
        ((3, 4), ()),
        "IndexFillBackward1",
    ),
    _indexed(
        "masked_fill",
        "",
        lambda lib, x: x.masked_fill(lib.tensor(_CHOSEN), 1.5),
        lambda x: np.where(_CHOSEN, 1.5, x),
        ((3, 4),),
        "MaskedFillBackward0",
    ),
    _indexed(
        "masked_fill",
        "by a tensor, broadcast",
        lambda lib, x, y: lib.masked_fill(x, lib.tensor(_CHOSEN), y),
        lambda x, y: np.where(_CHOSEN, y, x),
        ((4,), ()),
        "MaskedFillBackward1",
    ),
    _indexed(
        "masked_select",
        "",
        lambda lib, x: x.masked_select(lib.tensor(_CHOSEN)),
        lambda x: x[np.array(_CHOSEN)],
        ((3, 4),),
        "MaskedSelectBackward0",
    ),
    _indexed(
        "masked_select",
        "broadcast",
        lambda lib, x: lib.masked_select(x, lib.tensor(_CHOSEN)),
        lambda x: np.broadcast_to(x, (3, 4))[np.array(_CHOSEN)],
        ((4,),),
        "MaskedSelectBackward0",
    ),
    _indexed(
        "masked_scatter",
        "",
        lambda lib, x, y: x.masked_scatter(lib.tensor(_CHOSEN), y),
        lambda x, y: _assigned(x, np.array(_CHOSEN), y[:_COUNT]),
        ((3, 4), (_COUNT + 1,)),
        "MaskedScatterBackward0",
    ),
]


def _reduced(how: str, include_self: bool) -> Any:
    """Along dimension 0, element by element."""
    ufunc = {"sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum}
    ufunc["amin"] = np.minimum

    def ref(x: Any, y: Any) -> Any:
        z, count = x.copy(), np.full(x.shape, int(include_self))
        for (r, c), k in np.ndenumerate(np.array(WIDE)):
            z[k, c] = ufunc[how](z[k, c], y[r, c]) if count[k, c] else y[r, c]
            count[k, c] += 1
        return z / np.maximum(count, 1) if how == "mean" else z

    return ref


REDUCE_WORDS = ("sum", "prod", "mean", "amax", "amin")
MORE += [
    _indexed(
        "scatter_reduce",
        f"{how}, {'with' if include_self else 'without'} x",
        lambda lib, x, y, how=how, include_self=include_self: x.scatter_reduce(
            0, lib.tensor(WIDE), y, how, include_self=include_self
        ),
        _reduced(how, include_self),
        ((3, 4), (2, 4)),
        "ScatterReduceBackward0",
        ulp=4.0,
    )
    for how in REDUCE_WORDS
    for include_self in (True, False)
]
MORE += [
    _indexed(
        "scatter_extreme",
        "",
        lambda lib, x, y: x.scatter_reduce(0, lib.tensor([[0, 0]]), y, "amax"),
        lambda x, y: np.maximum(x, np.array([[1.0, 1.0], [0.0, 0.0]]) * y),
        ((2, 2), (1, 2)),
        "ScatterReduceBackward0",
    ),
    _indexed(
        "index_reduce",
        "prod",
        _quietly(lambda lib, x, y: x.index_reduce(0, lib.tensor([2, 2, 0]), y, "prod")),
        lambda x, y: np.array([x[0] * y[2], x[1], x[2] * y[0] * y[1]]),
        ((3, 2), (3, 2)),
        "IndexReduceBackward0",
        ulp=4.0,
    ),
    _indexed(
        "index_reduce",
        "mean, last",
        _quietly(
            lambda lib, x, y: x.index_reduce(-1, lib.tensor([1, 1]), y, "mean", include_self=False)
        ),
        lambda x, y: np.stack([x[:, 0], y.mean(1)], 1),
        ((3, 2), (3, 2)),
        "IndexReduceBackward0",
        ulp=4.0,
    ),
]

PLACES_OF = [
    Case(
        "nonzero",
        lambda lib, x: lib.nonzero(x),
        lambda x: np.argwhere(x),
        ((-0.6, 0.6),),
        0.0,
        None,
        label,
        "whole",
        (shape,),
        grid=1.0,
        dtype="int64",
    )
    for label, shape in (("", (3, 4)), ("vector", (7,)), ("of three", (2, 3, 4)))
]

INDEXING = [*MORE, *GATHER, *INDEX, *SCATTER]
