"""Operations on rows, columns, parts and transposes, and whole programs made of these.

A layout says how the two operands of an operation lie in memory. Its figure is the geometric mean,
over all elementwise operations and sums, of a rival's time over ours, and the ten operations that
are worst stand under the table. Operations of one operand are in it where x lies in a way of its
own. Where gradients are taken, the operands themselves are leaves that lie so. Results are compared
with NumPy's, gradients with slopes by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import isqrt, sqrt
from typing import Any

import numpy as np

from benchmarks import _plan, _programs, _rivals, _timing, graphs, sums
from benchmarks._plan import Options, Row, Step, Table, Timed
from benchmarks._timing import Effort

SIZES = (4_000, 10_000, 100_000, 1_000_000)
QUICK_SIZES = (4_000,)
QUICK_OPS = ("add", "maximum", "tanh", "(x * y).sum(0)")
TOLERANCE = 1e-9

New = Callable[..., Any]  # makes a row-major operand of the shape that is its arguments


@dataclass(frozen=True)
class Layout:
    """How two operands of about k * k elements lie, and whether the first alone is a case too."""

    name: str
    operands: Callable[[New, int], tuple[Any, Any]]  # (new, k) -> x, y
    alone: bool = False

    def make(self, convert: Callable[[Any], Any], size: int) -> dict[str, Any]:
        """Return x and y, the same values at each call, ``convert`` making arrays a side's own."""
        generator = np.random.default_rng(0)

        def new(*shape: int) -> Any:
            return convert(generator.uniform(0.1, 0.9, shape))

        x, y = self.operands(new, isqrt(size))
        return {"x": x, "y": y}


def _block(new: New, k: int) -> tuple[Any, Any]:
    m = max(1, round(k / sqrt(8.0)))
    return new(8, m, m), new(m, 1)


LAYOUTS = (
    Layout("flat", lambda new, k: (new(k, k), new(k, k)), alone=True),
    Layout("row: (k, k) with (k)", lambda new, k: (new(k, k), new(k))),
    Layout("column: (k, k) with (k, 1)", lambda new, k: (new(k, k), new(k, 1))),
    Layout("outer: (k, 1) with (1, k)", lambda new, k: (new(k, 1), new(1, k))),
    Layout("(8, k, m) with (k, 1)", _block),
    Layout(
        "half of the columns",
        lambda new, k: (new(k, 2 * k)[:, :k], new(k, 2 * k)[:, :k]),
        alone=True,
    ),
    Layout(
        "every second column",
        lambda new, k: (new(k, 2 * k)[:, ::2], new(k, 2 * k)[:, ::2]),
        alone=True,
    ),
    Layout("one operand transposed", lambda new, k: (new(k, k), new(k, k).T)),
    Layout("both transposed", lambda new, k: (new(k, k).T, new(k, k).T), alone=True),
)


@dataclass(frozen=True)
class Op:
    """An operation on x, or on x and y, whose elements are positive and below 1."""

    name: str
    source: str  # of ours and of torch
    in_numpy: str
    slopes: tuple[str, ...] = ()  # by each operand, in NumPy; none where no gradient is taken
    arity: int = 2

    @property
    def step(self) -> str:
        """The source of forward and backward."""
        clear = graphs.CLEAR if self.arity == 2 else "x.grad = None\n"
        end = "" if self.source.endswith(".sum()") else ".sum()"
        return f"{clear}{self.source}{end}.backward()"

    def gradients(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Return the gradients of the sum of all results by the operands."""
        shape = np.broadcast_shapes(*(each.shape for each in arrays.values()))
        names = {**arrays, "np": np}
        found = {}
        for name, slope in zip(arrays, self.slopes, strict=False):
            whole = np.broadcast_to(eval(slope, dict(names)), shape)
            found[name] = _summed_to(whole, arrays[name].shape)
        return found


def _summed_to(whole: Any, shape: tuple[int, ...]) -> Any:
    """Return the sum of an array over the dimensions in which ``shape`` was broadcast."""
    whole = whole.sum(tuple(range(whole.ndim - len(shape))))
    return whole.sum(tuple(d for d, n in enumerate(shape) if n == 1), keepdims=True)


def _one(name: str, in_numpy: str, *slopes: str) -> Op:
    return Op(name, f"x.{name}()", in_numpy, slopes, 1)


def _two(name: str, in_numpy: str, *slopes: str) -> Op:
    return Op(name, f"x.{name}(y)", in_numpy, slopes)


def _sum(source: str, *slopes: str) -> Op:
    return Op(source, source, source, slopes, len(slopes))


# All that work elementwise on one or two tensors of doubles, and that torch has as methods and
# NumPy as functions; sums.
OPS = (
    _two("add", "x + y", "1.0", "1.0"),
    _two("sub", "x - y", "1.0", "-1.0"),
    _two("mul", "x * y", "y", "x"),
    _two("div", "x / y", "1.0 / y", "-x / (y * y)"),
    _two("pow", "x ** y", "y * x ** (y - 1.0)", "x ** y * np.log(x)"),
    _two("floor_divide", "x // y"),
    _two("remainder", "x % y", "1.0", "-np.floor(x / y)"),
    _two("maximum", "np.maximum(x, y)", "1.0 * (x > y)", "1.0 * (y > x)"),
    _two("minimum", "np.minimum(x, y)", "1.0 * (x < y)", "1.0 * (y < x)"),
    _two("fmax", "np.fmax(x, y)", "1.0 * (x > y)", "1.0 * (y > x)"),
    _two("fmin", "np.fmin(x, y)", "1.0 * (x < y)", "1.0 * (y < x)"),
    _two("clamp_min", "np.maximum(x, y)", "1.0 * (x > y)", "1.0 * (y > x)"),
    _two("clamp_max", "np.minimum(x, y)", "1.0 * (x < y)", "1.0 * (y < x)"),
    _two("fmod", "np.fmod(x, y)", "1.0", "-np.trunc(x / y)"),
    _two("atan2", "np.arctan2(x, y)", "y / (x * x + y * y)", "-x / (x * x + y * y)"),
    _two("hypot", "np.hypot(x, y)", "x / np.hypot(x, y)", "y / np.hypot(x, y)"),
    _two("logaddexp", "np.logaddexp(x, y)", "1 / (1 + np.exp(y - x))", "1 / (1 + np.exp(x - y))"),
    _two(
        "logaddexp2", "np.logaddexp2(x, y)", "1 / (1 + 2.0 ** (y - x))", "1 / (1 + 2.0 ** (x - y))"
    ),
    _two("ldexp", "x * 2.0**y", "2.0**y", "x * 2.0**y * np.log(2.0)"),
    _two("xlogy", "x * np.log(y)", "np.log(y)", "x / y"),
    _two("copysign", "np.copysign(x, y)", "1.0", "0.0"),
    _two("heaviside", "np.heaviside(x, y)"),
    _two("logical_and", "np.logical_and(x, y)"),
    _two("logical_or", "np.logical_or(x, y)"),
    _two("logical_xor", "np.logical_xor(x, y)"),
    _two("eq", "x == y"),
    _two("ne", "x != y"),
    _two("lt", "x < y"),
    _two("le", "x <= y"),
    _two("gt", "x > y"),
    _two("ge", "x >= y"),
    _one("neg", "-x", "-1.0"),
    _one("exp", "np.exp(x)", "np.exp(x)"),
    _one("expm1", "np.expm1(x)", "np.exp(x)"),
    _one("log", "np.log(x)", "1.0 / x"),
    _one("log1p", "np.log1p(x)", "1.0 / (1.0 + x)"),
    _one("log2", "np.log2(x)", "1.0 / (x * np.log(2.0))"),
    _one("log10", "np.log10(x)", "1.0 / (x * np.log(10.0))"),
    _one("sqrt", "np.sqrt(x)", "0.5 / np.sqrt(x)"),
    _one("rsqrt", "1.0 / np.sqrt(x)", "-0.5 / (x * np.sqrt(x))"),
    _one("square", "np.square(x)", "2.0 * x"),
    _one("reciprocal", "1.0 / x", "-1.0 / (x * x)"),
    _one("sin", "np.sin(x)", "np.cos(x)"),
    _one("cos", "np.cos(x)", "-np.sin(x)"),
    _one("tan", "np.tan(x)", "1.0 / np.cos(x) ** 2"),
    _one("sinh", "np.sinh(x)", "np.cosh(x)"),
    _one("cosh", "np.cosh(x)", "np.sinh(x)"),
    _one("tanh", "np.tanh(x)", "1.0 / np.cosh(x) ** 2"),
    _one("asin", "np.arcsin(x)", "1.0 / np.sqrt(1.0 - x * x)"),
    _one("acos", "np.arccos(x)", "-1.0 / np.sqrt(1.0 - x * x)"),
    _one("atan", "np.arctan(x)", "1.0 / (1.0 + x * x)"),
    _one("sigmoid", "1.0 / (1.0 + np.exp(-x))", "np.exp(-x) / (1.0 + np.exp(-x)) ** 2"),
    _one("relu", "np.maximum(x, 0.0)", "1.0 * (x > 0.0)"),
    _one("abs", "np.abs(x)", "np.sign(x)"),
    _one("sign", "np.sign(x)"),
    _one("floor", "np.floor(x)"),
    _one("ceil", "np.ceil(x)"),
    _one("trunc", "np.trunc(x)"),
    _one("frac", "x - np.trunc(x)", "1.0"),
    _one("sgn", "np.sign(x)"),
    _one("deg2rad", "np.deg2rad(x)", "np.pi / 180.0"),
    _one("rad2deg", "np.rad2deg(x)", "180.0 / np.pi"),
    _one("exp2", "np.exp2(x)", "np.exp2(x) * np.log(2.0)"),
    _one("asinh", "np.arcsinh(x)", "1.0 / np.sqrt(x * x + 1.0)"),
    _one("atanh", "np.arctanh(x)", "1.0 / (1.0 - x * x)"),
    _one("sinc", "np.sinc(x)", "(np.cos(np.pi * x) - np.sinc(x)) / x"),
    _one("logical_not", "np.logical_not(x)"),
    _sum("x.sum()", "1.0"),
    _sum("x.sum(0)", "1.0"),
    _sum("x.sum(1)", "1.0"),
    _sum("(x * y).sum()", "y", "x"),
    _sum("(x * y).sum(0)", "y", "x"),
    _sum("(x * y).sum(1)", "y", "x"),
)


def _value_loop(
    side: str, op: Op, operands: Mapping[str, Any], arrays: Mapping[str, Any]
) -> _timing.Loop:
    """Return the loop of the operation alone, nothing recorded, its result read."""
    expected = eval(op.in_numpy, {**arrays, "np": np})
    if side == "numpy":
        return sums.loop(side, op.in_numpy, {**operands, "np": np}, expected)
    return sums.loop(side, op.source, dict(operands), expected)


def _gradient_loop(
    side: str, op: Op, operands: Mapping[str, Any], arrays: Mapping[str, Any]
) -> _timing.Loop:
    """Return the loop of the operation, a sum and the gradients of all operands."""
    leaves = {name: each.detach().requires_grad_() for name, each in operands.items()}
    loop = _timing.statement(op.step, leaves)
    loop(1)
    for name, expected in op.gradients(arrays).items():
        found = leaves[name].grad.numpy()
        if not np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
            raise AssertionError(f"{side}: gradient of {op.name} by {name} is wrong")
    return loop


@dataclass(frozen=True)
class _Measured:
    """What is timed of operations: their values, or values and gradients."""

    heading: str
    loop: Callable[..., _timing.Loop]  # (side, op, operands, arrays)
    derived: bool  # of those alone that have slopes
    said: str  # after an operation's name
    ns_per_element: float  # about what an operation of one side takes

    def ops(self, layout: Layout, quick: bool) -> list[Op]:
        """Return what is measured in a layout."""
        return [
            op
            for op in OPS
            if (op.arity == 2 or layout.alone)
            and (op.slopes or not self.derived)
            and (op.name in QUICK_OPS or not quick)
        ]


_MEANS = "a rival's time over ours, geometric means over operations"
MEASURED = (
    _Measured(f"values, {_MEANS}", _value_loop, False, "", 3.0),
    _Measured(f"values and gradients, {_MEANS}", _gradient_loop, True, ", both ways", 8.0),
)


def _rows(
    libraries: _rivals.Libraries, measured: _Measured, ops: list[Op], layout: Layout, size: int,
    threads: int, effort: Effort,
) -> Iterator[Row]:  # fmt: skip
    """Yield a row of each operation."""
    arrays = layout.make(np.asarray, size)
    sides = {
        side: arrays if side == "numpy" else layout.make(library.tensor, size)
        for side, library in libraries.modules.items()
        if _rivals.fits_threads(side, threads)
    }
    with _rivals.threads(libraries, threads):
        for op in ops:
            loops = {
                side: measured.loop(side, op, _taken(op, operands), _taken(op, arrays))
                for side, operands in sides.items()
            }
            result = _timing.interleave(loops, effort, threads)
            yield Row(layout.name, result, size, threads, op=op.name + measured.said)


def _taken(op: Op, operands: Mapping[str, Any]) -> dict[str, Any]:
    return {name: operands[name] for name in "xy"[: op.arity]}


def _effort(effort: Effort) -> Effort:
    """Return the effort for one of two thousand figures, of which means are taken."""
    return replace(
        effort,
        rounds=max(1, effort.rounds // 2),
        sample_ms=min(1.0, effort.sample_ms),
        budget_s=min(0.2, effort.budget_s),
        fewest=3,
    )


_CHECK_NS = 60.0  # an element, of making and checking the loops of an operation
_COLLECT_S = 0.05  # before an operation is timed


def _means(
    libraries: _rivals.Libraries, options: Options, measured: _Measured, threads: int
) -> Table:
    """Return the table of the layouts at each size."""
    names = _rivals.LIKE_TORCH if measured.derived else (*_rivals.LIKE_TORCH, "numpy")
    chosen = libraries.only(*names)
    effort = _effort(options.effort)
    steps = []
    for layout in LAYOUTS:
        ops = measured.ops(layout, options.quick)
        for size in options.choose(SIZES, QUICK_SIZES):
            timing = effort.expected_s(len(chosen.modules), size * measured.ns_per_element)
            steps.append(
                Step(
                    _plan.label(f"{layout.name}{measured.said}", size, threads),
                    partial(_rows, chosen, measured, ops, layout, size, threads, effort),
                    len(ops) * (timing + _COLLECT_S + size * _CHECK_NS / 1e9),
                )
            )
    notes = ["The means are of all ratios, those that spread wide among them."]
    return Table(measured.heading, steps, notes, means="operands")


def _whole_programs(libraries: _rivals.Libraries, options: Options, threads: int) -> Table:
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    timed = Timed(chosen, options)
    steps = [
        timed.step(
            program.name, size, threads, partial(graphs.loops, chosen, program, size, threads)
        )
        for program, usual in _programs.PROGRAMS
        for size in options.choose(usual, QUICK_SIZES)
    ]
    notes = ["A size is that of the largest value: 30000 are 100 * 100 * 3, differences of points."]
    return Table(f"whole programs, {graphs.TITLE}", steps, notes)


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Return the tables of values, of gradients and of whole programs for each thread count."""
    return [
        table
        for threads in options.threads
        for table in (
            *(_means(libraries, options, measured, threads) for measured in MEASURED),
            _whole_programs(libraries, options, threads),
        )
    ]
