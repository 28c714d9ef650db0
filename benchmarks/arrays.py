"""Reductions, scans, rows, indexing, joins and sorting, forward and backward.

Each case is one operation and the gradients of all its operands, given a gradient of the result,
of vectors x and matrices m: these are square, and 10 x 10 where a vector has 10 elements. The ten
cases that are worst stand under a table. Gradients are compared with those by hand, in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import isqrt
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks import _rivals, _timing
from benchmarks._plan import Options, Table, Timed

TITLE = ".grad = None, forward, backward"
SMALL = 10  # up to this size a matrix has rows of as many elements as a vector
SIZES = (SMALL, 1000, 100_000, 1_000_000)
QUICK_SIZES = (SMALL,)
TOLERANCE = 1e-9
EPS = 1e-5  # of layer_norm

Slope = Callable[[Any], Any]  # of a namespace of NumPy arrays: the gradient by one of them


@dataclass(frozen=True)
class Case:
    """An operation on arrays that `arrays` makes, and its gradients."""

    source: str  # of ours and of torch; F is nn.functional
    given: str  # the array that is the gradient of the result, or nothing if that is a number
    slopes: Mapping[str, Slope]  # by each array that is a leaf

    @property
    def name(self) -> str:
        """The source, in short."""
        return self.source.removesuffix(".values").removesuffix("[0]").removeprefix("F.")

    @property
    def operation(self) -> str:
        """What is the same in cases of other shapes."""
        return self.name.split("(")[0].split(".")[-1]

    @property
    def step(self) -> str:
        """The source of forward and backward."""
        clear = "".join(f"{name}.grad = None\n" for name in self.slopes)
        return f"{clear}{self.source}.backward({self.given})"


def arrays(size: int) -> SimpleNamespace:
    """Return all arrays that cases take, the same at each call."""
    n, k = size, size if size <= SMALL else isqrt(size)
    generator = np.random.default_rng(0)

    def distinct(*shape: int) -> Any:
        """Return different numbers so near 1 that a product of a million is not far from it."""
        count = int(np.prod(shape))
        return np.exp(1e-3 * (generator.permutation(count) / count - 0.5)).reshape(shape)

    def normal(*shape: int) -> Any:
        return generator.normal(size=shape)

    mask = generator.random(n) < 0.5
    return SimpleNamespace(
        x=distinct(n), y=normal(n), m=distinct(k, k), o=normal(k, k), scale=normal(k),
        shift=normal(k), i=generator.integers(0, n, n), rows=generator.integers(0, k, k),
        places=generator.integers(0, k, (k, k)), mask=mask,
        # given gradients: of vectors, matrices, rows, what is joined, what is chosen
        gx=normal(n), gm=normal(k, k), gk=normal(k), gxy=normal(2 * n), gmo=normal(k, 2 * k),
        g_mask=normal(int(mask.sum())), g_top=normal(_top(n)), g_tops=normal(k, _top(k)),
    )  # fmt: skip


def _top(count: int) -> int:
    return max(1, count // 10)


def _put(like: Any, places: Any, values: Any) -> Any:
    """Return zeros with values added at places."""
    whole = np.zeros_like(like)
    np.add.at(whole, places, values)
    return whole


def _at(like: Any, places: Any, values: Any, axis: int) -> Any:
    """Return zeros with values at places along an axis, of which none is there twice."""
    whole = np.zeros_like(like)
    np.put_along_axis(whole, places, values, axis)
    return whole


def _largest(m: Any, given: Any, axis: int) -> Any:
    places = np.expand_dims(m.argmax(axis), axis)
    return _at(m, places, np.expand_dims(given, axis), axis)


def _sorted(m: Any, given: Any, axis: int) -> Any:
    return _at(m, m.argsort(axis), given, axis)


def _top_of(m: Any, given: Any) -> Any:
    return _at(m, (-m).argsort(-1)[..., : given.shape[-1]], given, -1)


def _summed_later(given: Any, axis: int) -> Any:
    """Return the sums of what stands at each place and behind it."""
    return np.flip(np.flip(given, axis).cumsum(axis), axis)


def _softmax(m: Any, axis: int) -> Any:
    powers = np.exp(m - m.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def _softmax_slope(m: Any, given: Any, axis: int) -> Any:
    s = _softmax(m, axis)
    return s * (given - (s * given).sum(axis, keepdims=True))


def _normed(m: Any) -> tuple[Any, Any]:
    """Return rows of mean 0 and variance 1, and what they were multiplied by."""
    centred = m - m.mean(1, keepdims=True)
    factor = 1.0 / np.sqrt((centred * centred).mean(1, keepdims=True) + EPS)
    return centred * factor, factor


def _layer_norm_slope(m: Any, given: Any) -> Any:
    y, factor = _normed(m)
    return factor * (given - given.mean(1, keepdims=True) - y * (given * y).mean(1, keepdims=True))


def _cross_entropy_slope(m: Any, classes: Any) -> Any:
    found = _softmax(m, 1)
    found[np.arange(len(m)), classes] -= 1.0
    return found / len(m)


def _var_slope(m: Any, given: Any, axis: int) -> Any:
    return 2.0 * given * (m - m.mean(axis, keepdims=True)) / (m.shape[axis] - 1)


CASES = (
    Case("x.max()", "", {"x": lambda a: _largest(a.x, 1.0, 0)}),
    Case("m.max(1).values", "gk", {"m": lambda a: _largest(a.m, a.gk, 1)}),
    Case("m.max(0).values", "gk", {"m": lambda a: _largest(a.m, a.gk, 0)}),
    Case("x.amax()", "", {"x": lambda a: _largest(a.x, 1.0, 0)}),
    Case("m.amax(1)", "gk", {"m": lambda a: _largest(a.m, a.gk, 1)}),
    Case("m.amax(0)", "gk", {"m": lambda a: _largest(a.m, a.gk, 0)}),
    Case("x.prod()", "", {"x": lambda a: a.x.prod() / a.x}),
    Case("m.prod(1)", "gk", {"m": lambda a: a.gk[:, None] * a.m.prod(1, keepdims=True) / a.m}),
    Case("m.prod(0)", "gk", {"m": lambda a: a.gk * a.m.prod(0) / a.m}),
    Case("x.var()", "", {"x": lambda a: _var_slope(a.x, 1.0, 0)}),
    Case("m.var(1)", "gk", {"m": lambda a: _var_slope(a.m, a.gk[:, None], 1)}),
    Case("m.var(0)", "gk", {"m": lambda a: _var_slope(a.m, a.gk, 0)}),
    Case("x.cumsum(0)", "gx", {"x": lambda a: _summed_later(a.gx, 0)}),
    Case("m.cumsum(1)", "gm", {"m": lambda a: _summed_later(a.gm, 1)}),
    Case("m.cumsum(0)", "gm", {"m": lambda a: _summed_later(a.gm, 0)}),
    Case("m.logsumexp(1)", "gk", {"m": lambda a: a.gk[:, None] * _softmax(a.m, 1)}),
    Case("m.logsumexp(0)", "gk", {"m": lambda a: a.gk * _softmax(a.m, 0)}),
    Case("m.softmax(1)", "gm", {"m": lambda a: _softmax_slope(a.m, a.gm, 1)}),
    Case("m.softmax(0)", "gm", {"m": lambda a: _softmax_slope(a.m, a.gm, 0)}),
    Case("F.layer_norm(o, scale.shape)", "gm", {"o": lambda a: _layer_norm_slope(a.o, a.gm)}),
    Case(
        "F.layer_norm(o, scale.shape, scale, shift)",
        "gm",
        {
            "o": lambda a: _layer_norm_slope(a.o, a.gm * a.scale),
            "scale": lambda a: (_normed(a.o)[0] * a.gm).sum(0),
            "shift": lambda a: a.gm.sum(0),
        },
    ),
    Case("F.cross_entropy(m, rows)", "", {"m": lambda a: _cross_entropy_slope(a.m, a.rows)}),
    Case("x[i]", "gx", {"x": lambda a: _put(a.x, a.i, a.gx)}),
    Case("m[rows]", "gm", {"m": lambda a: _put(a.m, a.rows, a.gm)}),
    Case("x[mask]", "g_mask", {"x": lambda a: _put(a.x, a.mask, a.g_mask)}),
    Case("x.index_add(0, i, y)", "gx", {"x": lambda a: a.gx, "y": lambda a: a.gx[a.i]}),
    Case("m.index_add(0, rows, o)", "gm", {"m": lambda a: a.gm, "o": lambda a: a.gm[a.rows]}),
    Case("m.index_add(1, rows, o)", "gm", {"m": lambda a: a.gm, "o": lambda a: a.gm[:, a.rows]}),
    Case("x.scatter_add(0, i, y)", "gx", {"x": lambda a: a.gx, "y": lambda a: a.gx[a.i]}),
    Case(
        "m.scatter_add(0, places, o)",
        "gm",
        {"m": lambda a: a.gm, "o": lambda a: np.take_along_axis(a.gm, a.places, 0)},
    ),
    Case(
        "m.scatter_add(1, places, o)",
        "gm",
        {"m": lambda a: a.gm, "o": lambda a: np.take_along_axis(a.gm, a.places, 1)},
    ),
    Case(
        "cat((x, y))",
        "gxy",
        {"x": lambda a: a.gxy[: a.x.size], "y": lambda a: a.gxy[a.x.size :]},
    ),
    Case(
        "cat((m, o), 1)",
        "gmo",
        {"m": lambda a: a.gmo[:, : len(a.m)], "o": lambda a: a.gmo[:, len(a.m) :]},
    ),
    Case("x.sort().values", "gx", {"x": lambda a: _sorted(a.x, a.gx, 0)}),
    Case("m.sort(1).values", "gm", {"m": lambda a: _sorted(a.m, a.gm, 1)}),
    Case("m.sort(0).values", "gm", {"m": lambda a: _sorted(a.m, a.gm, 0)}),
    Case("x.topk(len(g_top)).values", "g_top", {"x": lambda a: _top_of(a.x, a.g_top)}),
    Case("m.topk(g_tops.shape[1]).values", "g_tops", {"m": lambda a: _top_of(a.m, a.g_tops)}),
    Case("x.flip(0)", "gx", {"x": lambda a: np.flip(a.gx)}),
    Case("m.flip(0)", "gm", {"m": lambda a: np.flip(a.gm, 0)}),
    Case("m.flip(1)", "gm", {"m": lambda a: np.flip(a.gm, 1)}),
    Case("x.roll(3)", "gx", {"x": lambda a: np.roll(a.gx, -3)}),
    Case("m.roll(3, 0)", "gm", {"m": lambda a: np.roll(a.gm, -3, 0)}),
    Case("m.roll(3, 1)", "gm", {"m": lambda a: np.roll(a.gm, -3, 1)}),
)


def _quick() -> tuple[Case, ...]:
    """Return a case of each operation."""
    first: dict[str, Case] = {}
    for case in CASES:
        first.setdefault(case.operation, case)
    return tuple(first.values())


def _loop(side: str, library: Any, case: Case, taken: SimpleNamespace) -> _timing.Loop:
    """Return the loop of a case, its gradients compared with those by hand."""
    names = {"cat": library.cat, "F": library.nn.functional}
    for name in compile(case.step, case.name, "exec").co_names:
        if name in vars(taken):
            names[name] = library.tensor(getattr(taken, name), requires_grad=name in case.slopes)
    loop = _timing.statement(case.step, names)
    loop(1)
    for name, slope in case.slopes.items():
        if not np.allclose(names[name].grad.numpy(), slope(taken), TOLERANCE, TOLERANCE):
            raise AssertionError(f"{side}: gradient of {case.name} by {name} is wrong")
    return loop


def _loops(libraries: _rivals.Libraries, case: Case, size: int) -> dict[str, _timing.Loop]:
    taken = arrays(size)
    return {side: _loop(side, library, case, taken) for side, library in libraries.modules.items()}


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Return a table of small sizes, where calls are measured, and one of the others."""
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    timed = Timed(chosen, options, ns_per_element=30.0)
    sizes = options.choose(SIZES, QUICK_SIZES)
    tables = []
    for some in ([n for n in sizes if n <= SMALL], [n for n in sizes if n > SMALL]):
        steps = [
            timed.step(case.name, size, 1, partial(_loops, chosen, case, size))
            for case in (_quick() if options.quick else CASES)
            for size in some
        ]
        if steps:
            tables.append(Table(TITLE, steps, worst=True))
    return tables
