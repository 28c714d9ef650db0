# SPDX-License-Identifier: MIT
"""The op cases: for each op of `csrc/include/ops.def` at least one, which drives the tests of
values, layouts, gradients, second derivatives, CPU levels, extremes and parity.

A case says how to call the op (`call`, with the library to use as its first argument, so that the
same text runs with torch), what it should give (`ref`, on long doubles, which have 11 more bits
than the values), where to draw inputs and which points of no derivative to keep away from, by
how many units in the last place the value may be off, and the name that `grad_fn` prints.

To add an op: one `Case` in the list of its family below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Domain = tuple[float, float]


@dataclass(frozen=True)
class Case:
    """One way of calling one op. `kind` is

    map    elementwise: any shapes that broadcast, each element on its own
    mask   the same with a bool or int64 tensor as result, never differentiated
    whole  anything else: inputs of the given `shapes`

    `dtype` is the result's.
    """

    op: str
    call: Callable[..., Any]
    ref: Callable[..., Any]
    domains: tuple[Domain, ...]
    ulp: float
    grad_fn: str | None
    label: str = ""
    kind: str = "map"
    shapes: tuple[Shape, ...] = ()
    kinks: tuple[float, ...] = ()
    grid: float = 0.0  # inputs are multiples of this
    apart: bool = False  # ... shifted by a third of it for each further input: no ties
    twin: Callable[..., Any] | None = None  # how torch spells it, if not as `call`
    dtype: str = "float64"

    @property
    def id(self) -> str:
        return f"{self.op}-{self.label}" if self.label else self.op

    @property
    def arity(self) -> int:
        return len(self.domains)

    def sample(self, rng: np.random.Generator, *shapes: Shape) -> list[NDArray[np.float64]]:
        """Inputs of the given shapes (of `self.shapes` if none are), away from the kinks."""
        arrays = []
        for k, ((low, high), shape) in enumerate(
            zip(self.domains, shapes or self.shapes, strict=True)
        ):
            a = np.asarray(rng.uniform(low, high, shape))
            if self.grid:
                a = np.round(a / self.grid) * self.grid + self.apart * k * self.grid / 3
            for kink in self.kinks:
                a = np.where(np.abs(a - kink) < 0.05, a + 0.1, a)
            arrays.append(a)
        return arrays

    def exact(self, arrays: list[NDArray[np.float64]]) -> Any:
        """The result to more digits than the op has."""
        with np.errstate(all="ignore"):
            return self.ref(*(a.astype(np.longdouble) for a in arrays))

    def run_twin(self, torch: Any, *tensors: Any) -> Any:
        return (self.twin or self.call)(torch, *tensors)


def _method(op: str) -> Callable[..., Any]:
    return lambda lib, *tensors: getattr(lib, op)(*tensors)


def _unary(
    op: str, ref: Any, low: float, high: float, ulp: float, grad_fn: str, **more: Any
) -> Case:
    return Case(op, _method(op), ref, ((low, high),), ulp, grad_fn, **more)


# Half a unit is a correctly rounded result (and a bit more, as the reference is rounded too); 4 is
# what glibc promises for its vector functions; more where a few of these are combined.
EXACT = 0.51
VECTOR = 4.0
WHOLE = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)

UNARY = [
    _unary("neg", np.negative, -3, 3, EXACT, "NegBackward0"),
    _unary("exp", np.exp, -3, 3, VECTOR, "ExpBackward0"),
    _unary("expm1", np.expm1, -3, 3, VECTOR, "Expm1Backward0"),
    _unary("log", np.log, 0.1, 5, VECTOR, "LogBackward0"),
    _unary("log1p", np.log1p, -0.8, 5, VECTOR, "Log1PBackward0"),
    _unary("log2", np.log2, 0.1, 5, VECTOR, "Log2Backward0"),
    _unary("log10", np.log10, 0.1, 5, VECTOR, "Log10Backward0"),
    _unary("sqrt", np.sqrt, 0.1, 5, EXACT, "SqrtBackward0"),
    _unary("rsqrt", lambda x: 1 / np.sqrt(x), 0.1, 5, 1.5, "RsqrtBackward0"),
    _unary("square", np.square, -3, 3, EXACT, "PowBackward0"),
    _unary("reciprocal", lambda x: 1 / x, -3, 3, EXACT, "ReciprocalBackward0", kinks=(0.0,)),
    _unary("sin", np.sin, -6, 6, VECTOR, "SinBackward0"),
    _unary("cos", np.cos, -6, 6, VECTOR, "CosBackward0"),
    _unary("tan", np.tan, -1.3, 1.3, VECTOR, "TanBackward0"),
    _unary("sinh", np.sinh, -3, 3, VECTOR, "SinhBackward0"),
    _unary("cosh", np.cosh, -3, 3, VECTOR, "CoshBackward0"),
    _unary("tanh", np.tanh, -3, 3, VECTOR, "TanhBackward0"),
    _unary("asin", np.arcsin, -0.9, 0.9, VECTOR, "AsinBackward0"),
    _unary("acos", np.arccos, -0.9, 0.9, VECTOR, "AcosBackward0"),
    _unary("atan", np.arctan, -5, 5, VECTOR, "AtanBackward0"),
    _unary("sigmoid", lambda x: 1 / (1 + np.exp(-x)), -6, 6, VECTOR + 1, "SigmoidBackward0"),
    _unary("relu", lambda x: np.maximum(x, 0), -3, 3, EXACT, "ReluBackward0", kinks=(0.0,)),
    _unary("abs", np.abs, -3, 3, EXACT, "AbsBackward0", kinks=(0.0,)),
    _unary("sign", np.sign, -3, 3, EXACT, "SignBackward0", kinks=(0.0,)),
    _unary("floor", np.floor, -3, 3, EXACT, "FloorBackward0", kinks=WHOLE),
    _unary("ceil", np.ceil, -3, 3, EXACT, "CeilBackward0", kinks=WHOLE),
    _unary("trunc", np.trunc, -3, 3, EXACT, "TruncBackward0", kinks=WHOLE),
]


def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return np.where(beta * x > threshold, x, np.log1p(np.exp(beta * x)) / beta)


SOFTPLUS = [
    Case(
        "softplus",
        lambda lib, x: lib.softplus(x),
        _softplus,
        ((-4, 4),),
        2 * VECTOR,
        "SoftplusBackward0",
        twin=lambda torch, x: torch.nn.functional.softplus(x),
    ),
    Case(
        "softplus",
        lambda lib, x: lib.softplus(x, beta=3, threshold=6.0),
        lambda x: _softplus(x, 3.0, 6.0),
        ((-4, 4),),
        16,  # the rounding of 3 x, which is up to 12, grows with it in the exponential
        "SoftplusBackward0",
        label="beta and threshold",
        kinks=(2.0,),
        twin=lambda torch, x: torch.nn.functional.softplus(x, beta=3, threshold=6.0),
    ),
]


def _binary(op: str, ref: Any, domain: Domain, ulp: float, grad_fn: str, **more: Any) -> Case:
    return Case(op, _method(op), ref, (domain, domain), ulp, grad_fn, **more)


BINARY = [
    _binary("add", np.add, (-3, 3), EXACT, "AddBackward0"),
    _binary("sub", np.subtract, (-3, 3), EXACT, "SubBackward0"),
    _binary("mul", np.multiply, (-3, 3), EXACT, "MulBackward0"),
    _binary("div", np.divide, (0.3, 3), EXACT, "DivBackward0"),
    _binary("pow", np.power, (0.3, 3), VECTOR, "PowBackward1"),
    _binary("maximum", np.maximum, (-3, 3), EXACT, "MaximumBackward0", grid=0.3, apart=True),
    _binary("minimum", np.minimum, (-3, 3), EXACT, "MinimumBackward0", grid=0.3, apart=True),
    # Of quotients that are well between two whole numbers.
    Case(
        "remainder",
        lambda lib, x, y: lib.remainder(x, y),
        np.mod,
        ((3.3, 3.6), (1.0, 1.05)),
        EXACT,
        "RemainderBackward1",
    ),
    Case(
        "remainder",
        lambda lib, x, y: x % y,
        np.mod,
        ((-3.6, -3.3), (1.0, 1.05)),
        EXACT,
        "RemainderBackward1",
        "of other signs",
    ),
]


def _scalar(
    op: str, label: str, call: Any, grad_fn: str, domain: Domain = (-3, 3), **more: Any
) -> Case:
    """A tensor with a plain number; the reference is the same expression on long doubles."""
    return Case(
        op, lambda lib, x: call(x), call, (domain,), more.pop("ulp", EXACT), grad_fn, label, **more
    )


NUMPY_TWO = np.float64(2.0)

SCALAR = [
    _scalar("add", "x + 1.5", lambda x: x + 1.5, "AddBackward0"),
    _scalar("add", "1.5 + x", lambda x: 1.5 + x, "AddBackward0"),
    _scalar("sub", "x - 1.5", lambda x: x - 1.5, "SubBackward0"),
    _scalar("sub", "1.5 - x", lambda x: 1.5 - x, "RsubBackward1"),
    _scalar("mul", "x * 3", lambda x: x * 3, "MulBackward0"),
    _scalar("mul", "3 * x", lambda x: 3 * x, "MulBackward0"),
    _scalar("div", "x / 3", lambda x: x / 3, "DivBackward0"),
    _scalar("div", "3 / x", lambda x: 3 / x, "MulBackward0", (0.3, 3), ulp=1.5),
    _scalar("pow", "x ** 2", lambda x: x**2, "PowBackward0"),
    _scalar("pow", "x ** 3", lambda x: x**3, "PowBackward0", ulp=1.5),
    _scalar("pow", "x ** -1", lambda x: x**-1, "PowBackward0", (0.3, 3)),
    _scalar("pow", "x ** 0.5", lambda x: x**0.5, "PowBackward0", (0.3, 3), ulp=VECTOR),
    _scalar("pow", "x ** 2.5", lambda x: x**2.5, "PowBackward0", (0.3, 3), ulp=VECTOR),
    _scalar("pow", "x ** 0", lambda x: x**0, "PowBackward0"),
    _scalar("pow", "2 ** x", lambda x: 2**x, "PowBackward2", ulp=VECTOR),
    _scalar("add", "numpy + x", lambda x: NUMPY_TWO + x, "AddBackward0"),
    _scalar("mul", "x * numpy", lambda x: x * NUMPY_TWO, "MulBackward0"),
    _scalar("sub", "numpy - x", lambda x: NUMPY_TWO - x, "RsubBackward1"),
    _scalar("neg", "-x", lambda x: -x, "NegBackward0"),
    _scalar("remainder", "x % 0.3", lambda x: x % 0.3, "RemainderBackward0", (0.35, 0.55)),
    _scalar("remainder", "x % -0.3", lambda x: x % -0.3, "RemainderBackward0", (0.35, 0.55)),
    _scalar("abs", "abs(x)", lambda x: abs(x), "AbsBackward0", kinks=(0.0,)),
]

SELECT = [
    Case(
        "where",
        lambda lib, x, y: lib.where(x > 0, x, y),
        lambda x, y: np.where(x > 0, x, y),
        ((-3, 3), (-3, 3)),
        EXACT,
        "WhereBackward0",
        kinks=(0.0,),
    ),
    Case(
        "where",
        lambda lib, x: lib.where(x > 0, x, -2.0),
        lambda x: np.where(x > 0, x, -2.0),
        ((-3, 3),),
        EXACT,
        "WhereBackward0",
        label="scalar",
        kinks=(0.0,),
    ),
    Case(
        "clamp",
        lambda lib, x: lib.clamp(x, -1, 1.5),
        lambda x: np.clip(x, -1, 1.5),
        ((-3, 3),),
        EXACT,
        "ClampBackward1",
        kinks=(-1.0, 1.5),
    ),
    Case(
        "clamp",
        lambda lib, x: lib.clamp(x, min=0.5),
        lambda x: np.maximum(x, 0.5),
        ((-3, 3),),
        EXACT,
        "ClampBackward1",
        label="min",
        kinks=(0.5,),
    ),
    Case(
        "clamp",
        lambda lib, x: x.clamp(max=0.5),
        lambda x: np.minimum(x, 0.5),
        ((-3, 3),),
        EXACT,
        "ClampBackward1",
        label="max",
        kinks=(0.5,),
    ),
    Case(
        "clamp",
        lambda lib, x, lo, hi: lib.clamp(x, lo, hi),
        lambda x, lo, hi: np.minimum(np.maximum(x, lo), hi),
        ((-3, 3), (-2, 0), (-1, 2)),
        EXACT,
        "ClampBackward0",
        label="tensors",
        grid=0.3,
        apart=True,
    ),
]


def _mask(op: str, ref: Any, arity: int = 2) -> Case:
    domains = ((-3.0, 3.0),) * arity
    return Case(op, _method(op), ref, domains, 0.0, None, kind="mask", grid=1.0, dtype="bool")


MASK = [
    _mask("eq", np.equal),
    _mask("ne", np.not_equal),
    _mask("lt", np.less),
    _mask("le", np.less_equal),
    _mask("gt", np.greater),
    _mask("ge", np.greater_equal),
    _mask("logical_and", np.logical_and),
    _mask("logical_or", np.logical_or),
    _mask("logical_xor", np.logical_xor),
    _mask("logical_not", np.logical_not, 1),
]


def _integer(op: str, ref: Any, *domains: Domain) -> Case:
    """Of operands that are made int64 first: inputs are whole numbers."""

    def call(lib: Any, *tensors: Any) -> Any:
        return getattr(lib, op)(*(x.detach().to(lib.int64) for x in tensors))

    def exact(*arrays: Any) -> Any:
        return ref(*(a.astype(np.int64) for a in arrays))

    return Case(op, call, exact, domains, 0.0, None, kind="mask", grid=1.0, dtype="int64")


_WHOLE_NUMBERS = (-(2.0**52), 2.0**52)
INTEGER = [
    _integer("bitwise_and", np.bitwise_and, _WHOLE_NUMBERS, _WHOLE_NUMBERS),
    _integer("bitwise_or", np.bitwise_or, _WHOLE_NUMBERS, _WHOLE_NUMBERS),
    _integer("bitwise_xor", np.bitwise_xor, _WHOLE_NUMBERS, _WHOLE_NUMBERS),
    _integer("bitwise_not", np.bitwise_not, _WHOLE_NUMBERS),
    _integer("bitwise_left_shift", np.left_shift, (-(2.0**20), 2.0**20), (0, 32)),
    _integer("bitwise_right_shift", np.right_shift, _WHOLE_NUMBERS, (0, 63)),
]


def _whole(
    op: str,
    label: str,
    call: Any,
    ref: Any,
    shapes: tuple[Shape, ...],
    grad_fn: str | None,
    **more: Any,
) -> Case:
    """Values between 0.5 and 2: of one sign, so that a sum has no cancellation."""
    return Case(
        op,
        lambda lib, *tensors: call(*tensors),
        ref,
        more.pop("domains", ((0.5, 2),) * len(shapes)),
        more.pop("ulp", 0.0),
        grad_fn,
        label,
        "whole",
        shapes,
        **more,
    )


def _reduce(label: str, shape: Shape, **arguments: Any) -> list[Case]:
    axis = arguments.get("dim")
    keep = arguments.get("keepdim", False)
    digit = 1 if arguments else 0
    return [
        _whole(
            op,
            label,
            lambda x, op=op: getattr(x, op)(**arguments),
            lambda x, ref=ref: ref(
                x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keep
            ),
            (shape,),
            f"{op.capitalize()}Backward{number}",
            ulp=ulp,
        )
        for op, ref, number, ulp in (
            ("sum", np.sum, digit, 2.0),
            ("mean", np.mean, digit, 2.0),
            ("amax", np.max, 0, 0.0),
            ("amin", np.min, 0, 0.0),
        )
    ]


def _truths(
    op: str, label: str, shape: Shape, ref: Any, dtype: str, domain: Domain, **arguments: Any
) -> Case:
    """Of whole numbers of which some are 0, as `domain` says."""

    def call(lib: Any, x: Any) -> Any:
        return getattr(lib, op)(x, **arguments)

    return Case(
        op, call, ref, (domain,), 0.0, None, label, "whole", (shape,), grid=1.0, dtype=dtype
    )


TRUTHS = [
    _truths(op, label, shape, partial(ref, **numpy), dtype, domain, **arguments)
    for op, ref, dtype, domain in (
        ("any", np.any, "bool", (-0.6, 0.6)),
        ("all", np.all, "bool", (0.4, 3.0)),
        ("count_nonzero", np.count_nonzero, "int64", (-1.0, 1.0)),
    )
    for label, shape, arguments, numpy in (
        ("", (3, 4), {}, {}),
        ("0-d", (), {}, {}),
        ("long", (2500,), {}, {}),
        ("of nothing", (0, 3), {"dim": 0}, {"axis": 0}),
        ("dim 0", (3, 4, 2), {"dim": 0}, {"axis": 0}),
        ("dim -1", (30, 4), {"dim": -1}, {"axis": -1}),
        ("two dims", (3, 4, 2), {"dim": (0, 2)}, {"axis": (0, 2)}),
        ("kept", (30, 4), {"dim": 1, "keepdim": True}, {"axis": 1, "keepdims": True}),
    )
    if op != "count_nonzero" or "keepdim" not in arguments
]

REDUCE = [
    *_reduce("", (3, 4)),
    *_reduce("0-d", ()),
    *_reduce("long", (2500,)),
    *_reduce("dim 0", (3, 4, 2), dim=0),
    *_reduce("dim 1", (3, 4, 2), dim=1),
    *_reduce("dim -1", (3, 40), dim=-1),
    *_reduce("keepdim", (3, 4), dim=1, keepdim=True),
    *_reduce("two dims", (3, 4, 2), dim=(0, 2)),
    *_reduce("two dims kept", (3, 4, 2), dim=(-1, 0), keepdim=True),
    *_reduce("list of dims", (3, 4, 2), dim=[0, 1]),
]


def _spread() -> list[Case]:
    return [
        _whole(
            op,
            label,
            lambda x, op=op, arguments=arguments: getattr(x, op)(**arguments),
            lambda x, op=op, numpy=numpy: getattr(np, op)(x, **numpy),
            (shape,),
            f"{op.capitalize()}Backward0",
            ulp=8.0,
        )
        for op in ("var", "std")
        for label, shape, arguments, numpy in (
            ("", (3, 4), {}, {"ddof": 1}),
            ("of rows", (3, 5), {"dim": 1}, {"axis": 1, "ddof": 1}),
            ("biased", (3, 5), {"unbiased": False}, {}),
            (
                "kept",
                (4, 3),
                {"dim": (0,), "correction": 0, "keepdim": True},
                {"axis": 0, "keepdims": True},
            ),
        )
    ]


def _softmax(x: Any, axis: int) -> Any:
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


_ROWS: tuple[tuple[str, str, Any, Any, str, float], ...] = (
    (
        "logsumexp",
        "",
        lambda x: x.logsumexp(1),
        lambda x: np.log(np.exp(x).sum(1)),
        "LogsumexpBackward0",
        8.0,
    ),
    (
        "logsumexp",
        "kept",
        lambda x: x.logsumexp((0, 1), True),
        lambda x: np.log(np.exp(x).sum((0, 1), keepdims=True)),
        "LogsumexpBackward0",
        8.0,
    ),
    ("softmax", "", lambda x: x.softmax(0), lambda x: _softmax(x, 0), "SoftmaxBackward0", 8.0),
    (
        "softmax",
        "last",
        lambda x: x.softmax(-1),
        lambda x: _softmax(x, -1),
        "SoftmaxBackward0",
        8.0,
    ),
    (
        "log_softmax",
        "",
        lambda x: x.log_softmax(1),
        lambda x: np.log(_softmax(x, 1)),
        "LogSoftmaxBackward0",
        8.0,
    ),
    ("aminmax", "", lambda x: x.aminmax(dim=1)[0], lambda x: x.min(1), "AminmaxBackward0", 0.0),
    ("aminmax", "max", lambda x: x.aminmax().max, lambda x: x.max(), "AminmaxBackward0", 0.0),
    (
        "div_rounded",
        "floor",
        lambda x: x.div(0.3, rounding_mode="floor"),
        lambda x: x // 0.3,
        "DivBackward2",
        0.0,
    ),
    (
        "div_rounded",
        "trunc",
        lambda x: x.div(-0.3, rounding_mode="trunc"),
        lambda x: np.trunc(x / -0.3),
        "DivBackward2",
        0.0,
    ),
)

# Of quotients that are well between two whole numbers. PyTorch has its derivative by another name.
_FLOOR_DIVIDE = (
    ("", lambda x, y: x // y, ((3, 4), (4,)), lambda torch, x, y: (x, y)),
    ("x // 0.3", lambda x: x // 0.3, ((3, 4),), lambda torch, x: (x, 0.3)),
    ("-2 // x", lambda x: -2 // x, ((3, 4),), lambda torch, x: (torch.tensor(-2.0), x)),
)
FLOOR_DIVIDE = [
    _whole(
        "floor_divide",
        label,
        call,
        call,
        shapes,
        "FloorDivideBackward0",
        domains=((0.7, 0.85), (0.3, 0.33))[: len(shapes)],
        twin=lambda torch, *x, of=of: torch.div(*of(torch, *x), rounding_mode="floor"),
    )
    for label, call, shapes, of in _FLOOR_DIVIDE
]

FORMULA = [
    *(
        _whole(op, label, call, ref, ((3, 4),), name, ulp=ulp)
        for op, label, call, ref, name, ulp in _ROWS
    ),
    *_spread(),
    *FLOOR_DIVIDE,
]

VIEW = [
    _whole(
        "view", "", lambda x: x.view(4, 3), lambda x: x.reshape(4, 3), ((2, 6),), "ViewBackward0"
    ),
    _whole("view", "-1", lambda x: x.view(-1), lambda x: x.ravel(), ((2, 6),), "ViewBackward0"),
    _whole(
        "view",
        "reshape",
        lambda x: x.reshape(3, -1),
        lambda x: x.reshape(3, -1),
        ((2, 6),),
        "ViewBackward0",
    ),
    _whole(
        "view",
        "flatten",
        lambda x: x.flatten(1),
        lambda x: x.reshape(2, 12),
        ((2, 3, 4),),
        "ViewBackward0",
    ),
    _whole(
        "view",
        "reshape that copies",
        lambda x: x.t().reshape(-1),
        lambda x: x.T.ravel(),
        ((2, 6),),
        "UnsafeViewBackward0",
    ),
    _whole(
        "transpose",
        "",
        lambda x: x.transpose(0, -1),
        lambda x: x.swapaxes(0, -1),
        ((2, 3, 4),),
        "TransposeBackward0",
    ),
    _whole("transpose", "t", lambda x: x.t(), lambda x: x.T, ((2, 3),), "TBackward0"),
    _whole("permute", "T", lambda x: x.T, lambda x: x.T, ((2, 3),), "PermuteBackward0"),
    _whole(
        "permute",
        "",
        lambda x: x.permute(2, 0, 1),
        lambda x: x.transpose(2, 0, 1),
        ((2, 3, 4),),
        "PermuteBackward0",
    ),
    _whole(
        "expand",
        "",
        lambda x: x.expand(2, 3, 4),
        lambda x: np.broadcast_to(x, (2, 3, 4)),
        ((3, 1),),
        "ExpandBackward0",
    ),
    _whole(
        "expand",
        "-1",
        lambda x: x.expand(-1, 4),
        lambda x: np.broadcast_to(x, (3, 4)),
        ((3, 1),),
        "ExpandBackward0",
    ),
    _whole(
        "squeeze",
        "",
        lambda x: x.squeeze(),
        lambda x: x.squeeze(),
        ((1, 3, 1),),
        "SqueezeBackward0",
    ),
    _whole(
        "squeeze",
        "dim",
        lambda x: x.squeeze(0),
        lambda x: x.squeeze(0),
        ((1, 3, 1),),
        "SqueezeBackward1",
    ),
    _whole(
        "unsqueeze",
        "",
        lambda x: x.unsqueeze(-2),
        lambda x: np.expand_dims(x, -2),
        ((2, 3),),
        "UnsqueezeBackward0",
    ),
    _whole("select", "", lambda x: x[1], lambda x: x[1], ((3, 4),), "SelectBackward0"),
    _whole("select", "inner", lambda x: x[:, -2], lambda x: x[:, -2], ((3, 4),), "SelectBackward0"),
    _whole("slice", "", lambda x: x[1:3], lambda x: x[1:3], ((5, 2),), "SliceBackward0"),
    _whole(
        "slice", "step", lambda x: x[:, 1::2], lambda x: x[:, 1::2], ((2, 6),), "SliceBackward0"
    ),
    _whole("clone", "", lambda x: x.clone(), lambda x: x, ((2, 3),), "CloneBackward0"),
]


def _several(
    op: str, label: str, call: Any, ref: Any, shapes: tuple[Shape, ...], ulp: float
) -> Case:
    """One of the results, or of many inputs: the functions of the library are called by name."""
    name = "".join(word.capitalize() for word in op.split("_"))
    sizes = "WithSizes" if label == "of sizes" else ""
    domains = ((0.5, 2.0),) * len(shapes)
    return Case(op, call, ref, domains, ulp, f"{name}{sizes}Backward0", label, "whole", shapes)


SEVERAL = [
    _several(
        "cat",
        "",
        lambda lib, x, y: lib.cat([x, y]),
        lambda x, y: np.concatenate([x, y]),
        ((2, 3), (4, 3)),
        0.0,
    ),
    _several(
        "cat",
        "one twice, and an empty vector",
        lambda lib, x, y: lib.cat([x, lib.zeros(0, dtype=lib.float64), y, x], -1),
        lambda x, y: np.concatenate([x, y, x], -1),
        ((2, 3), (2, 1)),
        0.0,
    ),
    _several(
        "split",
        "of a size",
        lambda lib, x: x.split(2)[1],
        lambda x: x[2:],
        ((3, 2),),
        0.0,
    ),
    _several(
        "split",
        "of sizes",
        lambda lib, x: lib.split(x, [1, 0, 3], 1)[2],
        lambda x: x[:, 1:],
        ((2, 4),),
        0.0,
    ),
    _several(
        "unbind",
        "last",
        lambda lib, x: lib.unbind(x)[-1],
        lambda x: x[-1],
        ((3, 2),),
        0.0,
    ),
    _several(
        "unbind",
        "inner",
        lambda lib, x: x.unbind(1)[1],
        lambda x: x[:, 1],
        ((2, 3, 2),),
        0.0,
    ),
    _several(
        "var_mean",
        "variance",
        lambda lib, x: lib.var_mean(x, 1)[0],
        lambda x: x.var(axis=1, ddof=1),
        ((3, 5),),
        8.0,
    ),
    _several(
        "var_mean",
        "of all there is, kept",
        lambda lib, x: lib.var_mean(x, (0, -1), correction=0, keepdim=True)[0],
        lambda x: x.var(axis=(0, -1), keepdims=True),
        ((2, 3, 4),),
        8.0,
    ),
    _several(
        "std_mean",
        "deviation",
        lambda lib, x: lib.std_mean(x, 1)[0],
        lambda x: x.std(axis=1, ddof=1),
        ((3, 5),),
        8.0,
    ),
    _several(
        "std_mean",
        "mean, kept",
        lambda lib, x: lib.std_mean(x, (0, -1), correction=0, keepdim=True)[1],
        lambda x: x.mean(axis=(0, -1), keepdims=True),
        ((2, 3, 4),),
        4.0,
    ),
    _several(
        "var_mean",
        "mean",
        lambda lib, x: lib.var_mean(x)[1],
        lambda x: x.mean(),
        ((3, 5),),
        4.0,
    ),
]


def _write(x: Any, act: Callable[[Any], Any]) -> Any:
    """What `act` leaves in a copy of x."""
    y = x.clone() if hasattr(x, "clone") else x.copy()
    act(y)
    return y


def _set(key: Any, value: Any) -> Callable[[Any], None]:
    def act(y: Any) -> None:
        y[key] = value

    return act


def _scale_row(x: Any, w: Any) -> Any:
    """x with its row 1 multiplied by w, in place through a view."""
    y = x.clone()
    y[1].mul_(w)
    return y


def _scale_row_ref(x: Any, w: Any) -> Any:
    y = x.copy()
    y[1] *= w
    return y


def _view_after_write(x: Any) -> Any:
    """A view that was taken before its base was written: it shows what was written."""
    y = x.clone()
    corner = y[1:, ::2]
    y.mul_(3)
    return corner


def _twice_in_place(x: Any, w: Any) -> Any:
    """A write through a view, then a view of what was written."""
    y = x.clone()
    inner = y[:, 1:]
    inner.mul_(w)
    return inner * y[:, :-1]


IN_PLACE = [
    _whole(
        "copy",
        "",
        lambda x, y: _write(x, lambda z: z.copy_(y)),
        lambda x, y: np.broadcast_to(y, x.shape),
        ((2, 3), (3,)),
        "CopyBackwards",
    ),
    _whole(
        "fill",
        "",
        lambda x, y: _write(x, lambda z: z.fill_(y)),
        lambda x, y: np.broadcast_to(y, x.shape),
        ((2, 3), ()),
        "FillBackward3",
    ),
    _whole(
        "strided_scatter",
        "",
        lambda x, y: _write(x, _set(1, y)),
        lambda x, y: _write(x, _set(1, y)),
        ((3, 4), (4,)),
        "CopySlices",
    ),
    _whole(
        "slice_scatter",
        "slice assigned",
        lambda x, y: _write(x, _set(slice(1, 3), y)),
        lambda x, y: _write(x, _set(slice(1, 3), y)),
        ((4, 3), (2, 3)),
        "CopySlices",
    ),
    _whole(
        "strided_scatter",
        "product through a view",
        _scale_row,
        _scale_row_ref,
        ((3, 4), (4,)),
        "CopySlices",
        ulp=EXACT,
    ),
    _whole(
        "as_strided",
        "view of a written base",
        _view_after_write,
        lambda x: (x * 3)[1:, ::2],
        ((3, 4),),
        "AsStridedBackward0",
        ulp=EXACT,
    ),
    _whole(
        "strided_gather_vjp",
        "writes and views mixed",
        _twice_in_place,
        lambda x, w: (x[:, 1:] * w) * np.concatenate([x[:, :1], x[:, 1:-1] * w[:-1]], axis=1),
        ((2, 4), (3,)),
        "MulBackward0",
        ulp=2.0,
    ),
]


def _rule(f: Callable[[Any], Any], g: Any, lib: Any) -> Any:
    """What the rule of `f` makes of the gradient g: how the ops that rules use are called."""
    recording = lib.is_grad_enabled()
    with lib.enable_grad():
        x = lib.ones_like(g).requires_grad_()
        y = f(x)
    (result,) = lib.autograd.grad(y, x, g, create_graph=recording)
    return result


INNER = [
    Case(
        op,
        call,
        ref,
        ((0.5, 2), (0.5, 2)),
        EXACT,
        grad_fn,
        kind="whole",
        shapes=((7,), (7,)),
    )
    for op, call, ref, grad_fn in (
        ("vjp_mul", lambda lib, g, y: _rule(lambda x: x * y, g, lib), np.multiply, "MulBackward0"),
        ("vjp_div", lambda lib, g, y: _rule(lambda x: x / y, g, lib), np.divide, "DivBackward0"),
    )
]

# The families that have files of their own, which need what is above.
from ops import cases_pairs  # noqa: E402
from ops.cases_activations import ACTIVATION_MAPS, ACTIVATION_WHOLES  # noqa: E402
from ops.cases_indexing import INDEXING, PLACES_OF  # noqa: E402
from ops.cases_order import ORDER, PLACES  # noqa: E402
from ops.cases_random import DRAWS  # noqa: E402
from ops.cases_rows import ROWS  # noqa: E402
from ops.cases_scans import SCANS  # noqa: E402
from ops.cases_shapes import SHAPES  # noqa: E402

TRUTHS += PLACES_OF
MASK += cases_pairs.MASK
INTEGER += cases_pairs.INTEGER
INNER += cases_pairs.INNER
TRUTHS += cases_pairs.TRUTHS
MAPS = [*UNARY, *SOFTPLUS, *BINARY, *SCALAR, *SELECT, *ACTIVATION_MAPS, *cases_pairs.MAPS]
WHOLES = [*REDUCE, *FORMULA, *VIEW, *SEVERAL, *IN_PLACE, *INNER, *ACTIVATION_WHOLES, *ROWS, *SCANS]
WHOLES += INDEXING
WHOLES += SHAPES
WHOLES += ORDER
WHOLES += DRAWS
TRUTHS += PLACES
DIFFERENTIABLE = [*MAPS, *WHOLES]
CASES = [*DIFFERENTIABLE, *MASK, *INTEGER, *TRUTHS]


def by_id(case: Case) -> str:
    """For `ids=` of a parametrised test."""
    return case.id
