"""Whole graphs, forward and backward, from 1 element to 10 million.

Two graphs, each differentiated by its two inputs: `(x + y).mean()`, which is nothing but memory
traffic and overhead, and a product of a sine and an exponential, which also computes. Before a
graph is timed, every side's gradients are compared with those derived by hand. Beside the first,
where it is large, stands a C program written for nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks import _handwritten, _rivals, _timing
from benchmarks._plan import Options, Table, Timed

TITLE = "both .grad = None, forward, backward"

# From so many elements on, operations are fused, and loops shared among threads (see AGI_DEFER_MIN
# and AGI_PARALLEL_MIN in csrc/base/config.h). Every power of ten, and each threshold with the size
# under it.
FUSED_FROM = 8_192
SHARED_FROM = 65_536
SIZES = (
    *(1, 5, 10, 100, 1000),
    *(FUSED_FROM - 1, FUSED_FROM, 10_000, SHARED_FROM - 1, SHARED_FROM),
    *(100_000, 1_000_000, 10_000_000),
)
QUICK_SIZES = (5, 1000, 100_000)
HANDWRITTEN_FROM = 100_000  # below, the call of the C program would be measured
LARGE = 10_000_000  # where few rounds must do
FEWEST_LARGE_ROUNDS = 3
RELATIVE_TOLERANCE = 1e-9


def _vectors(generator: np.random.Generator, size: int) -> tuple[Any, Any]:
    return generator.uniform(-1.0, 1.0, size), generator.uniform(-1.0, 1.0, size)


@dataclass(frozen=True)
class Graph:
    """A function of x and y in each library's terms."""

    name: str
    step: str  # the forward and backward of ours and of torch
    # (numpy-like module, x, y) -> scalar, or None of a graph that is for ours and torch alone
    function: Callable[[Any, Any, Any], Any] | None
    by_hand: Callable[[Any, Any], tuple[Any, Any]]  # NumPy: gradients of x and y
    vectors: Callable[[np.random.Generator, int], tuple[Any, Any]] = _vectors

    def inputs(self, size: int) -> tuple[Any, Any]:
        """Return x and y, the same at each call; the graph's values have ``size`` elements."""
        return self.vectors(np.random.default_rng(0), size)

    def of(self, numpy_like: Any) -> Callable[[Any, Any], Any]:
        """Return the function of x and y in the terms of a module like NumPy."""
        if self.function is None:
            raise ValueError(f"{self.name} is for ours and torch alone")
        return partial(self.function, numpy_like)


def _mean(m: Any, x: Any, y: Any) -> Any:
    return m.mean(x + y)


def _mean_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    (x + y).mean()
    return np.full_like(x, 1.0 / x.size), np.full_like(y, 1.0 / y.size)


def _wave(m: Any, x: Any, y: Any) -> Any:
    z = m.sin(x * y + x) * m.exp(-x * x)
    return m.sum(z * z)


def _wave_by_hand(x: Any, y: Any) -> tuple[Any, Any]:
    u = x * y + x
    s = np.sin(u)
    e = np.exp(-x * x)
    z = s * e
    (z * z).sum()
    dz = 2.0 * z
    du = dz * e * np.cos(u)
    return du * (y + 1.0) - 2.0 * x * (dz * s * e), du * x


CLEAR = "x.grad = None\ny.grad = None\n"
MEAN = Graph("(x + y).mean()", CLEAR + "(x + y).mean().backward()", _mean, _mean_by_hand)
WAVE = Graph(
    "sin-exp",
    CLEAR + "z = (x * y + x).sin() * (-x * x).exp()\n(z * z).sum().backward()\ndel z",
    _wave,
    _wave_by_hand,
)
GRAPHS = (MEAN, WAVE)


def _check(side: str, graph: Graph, got: tuple[Any, Any], expected: tuple[Any, Any]) -> None:
    for name, have, want in zip("xy", got, expected, strict=True):
        if not np.allclose(have, want, rtol=RELATIVE_TOLERANCE, atol=1e-14):
            raise AssertionError(f"{side}: gradient of {graph.name} by {name} is wrong")


def _gradient(tensor: Any) -> Any:
    """Return the gradient of a leaf, zeros where a graph did not use it."""
    gradient = tensor.grad
    return np.zeros(tensor.shape) if gradient is None else gradient.numpy()


def _torch_like(library: Any, graph: Graph, x: Any, y: Any) -> tuple[_timing.Loop, tuple[Any, Any]]:
    names = {
        "x": library.tensor(x, requires_grad=True),
        "y": library.tensor(y, requires_grad=True),
    }
    loop = _timing.statement(graph.step, names)
    loop(1)
    return loop, (_gradient(names["x"]), _gradient(names["y"]))


def _jax(library: Any, graph: Graph, x: Any, y: Any) -> tuple[_timing.Loop, tuple[Any, Any]]:
    numpy_like = library.numpy
    step = library.jit(library.value_and_grad(graph.of(numpy_like), argnums=(0, 1)))
    names = {
        "step": step,
        "wait": library.block_until_ready,
        "x": numpy_like.asarray(x),
        "y": numpy_like.asarray(y),
    }
    got = step(names["x"], names["y"])[1]
    return _timing.statement("wait(step(x, y))", names), got


def _hips(library: Any, graph: Graph, x: Any, y: Any) -> tuple[_timing.Loop, tuple[Any, Any]]:
    numpy_like = importlib.import_module("autograd.numpy")
    step = library.value_and_grad(graph.of(numpy_like), argnum=(0, 1))
    return _timing.statement("step(x, y)", {"step": step, "x": x, "y": y}), step(x, y)[1]


def _numpy(_: Any, graph: Graph, x: Any, y: Any) -> tuple[_timing.Loop, tuple[Any, Any]]:
    names = {"step": graph.by_hand, "x": x, "y": y}
    return _timing.statement("step(x, y)", names), graph.by_hand(x, y)


MAKERS: dict[str, Callable[..., tuple[_timing.Loop, tuple[Any, Any]]]] = {
    "torch": _torch_like,
    "numpy": _numpy,
    "jax": _jax,
    "autograd": _hips,
    _rivals.OURS: _torch_like,
}


def handwritten_loop(graph: Graph, size: int, threads: int) -> _timing.Loop:
    x, y = graph.inputs(size)
    program = _handwritten.program("mean", threads, {"x": x, "y": y}, {})
    loop = program.loop()
    gradients = program.arrays["dx"], program.arrays["dy"]
    _check(_handwritten.SIDE, graph, gradients, graph.by_hand(x, y))
    return loop


def loops(
    libraries: _rivals.Libraries, graph: Graph, size: int, threads: int
) -> dict[str, _timing.Loop]:
    """Return each side's step, the gradients of each compared with those by hand."""
    x, y = graph.inputs(size)
    expected = graph.by_hand(x, y)
    found: dict[str, _timing.Loop] = {}
    for side, library in libraries.modules.items():
        if _rivals.fits_threads(side, threads):
            found[side], got = MAKERS[side](library, graph, x, y)
            _check(side, graph, got, expected)
    return found


def effort_of(effort: _timing.Effort, size: int) -> _timing.Effort:
    """Return the effort for one size: fewer rounds must do for the largest."""
    return replace(effort, fewest=FEWEST_LARGE_ROUNDS) if size >= LARGE else effort


def _sides(
    libraries: _rivals.Libraries, graph: Graph, size: int, threads: int, by_hand: bool
) -> dict[str, _timing.Loop]:
    sides = loops(libraries, graph, size, threads)
    if by_hand:
        sides[_handwritten.SIDE] = handwritten_loop(graph, size, threads)
    return sides


def _table(
    libraries: _rivals.Libraries, options: Options, graph: Graph, threads: int, sizes: list[int],
    by_hand: bool = False,
) -> Table:  # fmt: skip
    timed = Timed(libraries, options)
    steps = [
        timed.step(
            graph.name,
            size,
            threads,
            partial(_sides, libraries, graph, size, threads, by_hand),
            effort_of(options.effort, size),
        )
        for size in sizes
    ]
    return Table(TITLE, steps)


def _notes(libraries: _rivals.Libraries) -> list[str]:
    notes = [_handwritten.note()]
    if "numpy" in libraries.modules:
        notes += ["numpy: value and gradients written by hand, one array operation at a time"]
    if "jax" in libraries.modules:
        notes += ["jax: jit(value_and_grad), compiled beforehand; its threads are its own"]
    return notes


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Each graph at each number of threads and each size, large means beside the C program."""
    missing = _handwritten.missing()
    sizes = options.choose(SIZES, QUICK_SIZES)
    small = [size for size in sizes if size < HANDWRITTEN_FROM]
    large = [size for size in sizes if size >= HANDWRITTEN_FROM]
    tables = []
    for threads in options.threads:
        if missing:
            tables += [_table(libraries, options, MEAN, threads, list(sizes))]
        else:
            tables += [_table(libraries, options, MEAN, threads, small)]
            tables += [_table(libraries, options, MEAN, threads, large, by_hand=True)]
        tables += [_table(libraries, options, WAVE, threads, list(sizes))]
    tables = [table for table in tables if table.steps]
    tables[-1] = replace(tables[-1], notes=_notes(libraries))
    return tables
