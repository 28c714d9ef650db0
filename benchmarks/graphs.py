"""Whole graphs, forward and backward, from 5 elements to 10 million.

Two graphs, each differentiated by its two inputs: `(x + y).mean()`, which is nothing but memory
traffic and overhead, and a product of a sine and an exponential, which also computes. Before a
graph is timed, every side's gradients are compared with those derived by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import _rivals, _timing
from benchmarks._report import Options, Report

TITLE = "a step is: both .grad = None, forward, backward"

# The large loops are shared among threads from 65536 elements.
SIZES = (5, 10, 100, 1000, 10_000, 65_535, 65_536, 100_000, 1_000_000, 10_000_000)
QUICK_SIZES = (5, 1000, 100_000)
RELATIVE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Graph:
    """A function of x and y in each library's terms."""

    name: str
    step: str  # the forward and backward of ours and of torch
    function: Callable[[Any, Any, Any], Any]  # (numpy-like module, x, y) -> scalar
    by_hand: Callable[[Any, Any], tuple[Any, Any]]  # NumPy: gradients of x and y


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
GRAPHS = (
    Graph("(x + y).mean()", CLEAR + "(x + y).mean().backward()", _mean, _mean_by_hand),
    Graph(
        "sin-exp",
        CLEAR + "z = (x * y + x).sin() * (-x * x).exp()\n(z * z).sum().backward()\ndel z",
        _wave,
        _wave_by_hand,
    ),
)


def _check(side: str, graph: Graph, got: tuple[Any, Any], expected: tuple[Any, Any]) -> None:
    for name, have, want in zip("xy", got, expected, strict=True):
        if not np.allclose(have, want, rtol=RELATIVE_TOLERANCE, atol=1e-14):
            raise AssertionError(f"{side}: gradient of {graph.name} by {name} is wrong")


def _torch_like(library: Any, graph: Graph, x: Any, y: Any) -> tuple[_timing.Loop, tuple[Any, Any]]:
    names = {
        "x": library.tensor(x, requires_grad=True),
        "y": library.tensor(y, requires_grad=True),
    }
    loop = _timing.statement(graph.step, names)
    loop(1)
    return loop, (names["x"].grad.numpy(), names["y"].grad.numpy())


def _jax(library: Any, graph: Graph, x: Any, y: Any) -> tuple[_timing.Loop, tuple[Any, Any]]:
    numpy_like = library.numpy
    step = library.jit(
        library.value_and_grad(lambda a, b: graph.function(numpy_like, a, b), argnums=(0, 1))
    )
    names = {
        "step": step,
        "wait": library.block_until_ready,
        "x": numpy_like.asarray(x),
        "y": numpy_like.asarray(y),
    }
    got = step(names["x"], names["y"])[1]
    return _timing.statement("wait(step(x, y))", names), got


def _hips(library: Any, graph: Graph, x: Any, y: Any) -> tuple[_timing.Loop, tuple[Any, Any]]:
    import autograd.numpy as numpy_like

    step = library.value_and_grad(lambda a, b: graph.function(numpy_like, a, b), argnum=(0, 1))
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


def _loops(
    libraries: _rivals.Libraries, graph: Graph, size: int, threads: int
) -> dict[str, _timing.Loop]:
    generator = np.random.default_rng(0)
    x, y = generator.uniform(-1.0, 1.0, size), generator.uniform(-1.0, 1.0, size)
    expected = graph.by_hand(x, y)
    loops = {}
    for side, library in libraries.modules.items():
        if _rivals.fits_threads(side, threads):
            loops[side], got = MAKERS[side](library, graph, x, y)
            _check(side, graph, got, expected)
    return loops


def run(libraries: _rivals.Libraries, options: Options, report: Report) -> None:
    """Time each graph at each size and number of threads."""
    report.begin("graphs", TITLE, list(libraries.modules), 16)
    for graph in GRAPHS:
        for threads in options.threads:
            with _rivals.threads(libraries, threads):
                for size in options.choose(SIZES, QUICK_SIZES):
                    loops = _loops(libraries, graph, size, threads)
                    result = _timing.interleave(loops, options.effort)
                    report.row(graph.name, result, size, threads)
    if "numpy" in libraries.modules:
        report.note("numpy: value and gradients written by hand, one array operation at a time")
    if "jax" in libraries.modules:
        report.note("jax: jit(value_and_grad), compiled beforehand; its threads are its own")
