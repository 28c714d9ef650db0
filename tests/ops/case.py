# SPDX-License-Identifier: MIT
"""A case of the op table: what cases.py and the files of its families are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    by_blas: bool = False  # sums are added as BLAS does, in an order that may depend on the layout

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


# Half a unit is a correctly rounded result (and a bit more, as the reference is rounded too); 4 is
# what glibc promises for its vector functions; more where a few of these are combined.
EXACT = 0.51

VECTOR = 4.0

WHOLE = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)


def method(op: str) -> Callable[..., Any]:
    return lambda lib, *tensors: getattr(lib, op)(*tensors)


def unary(
    op: str, ref: Any, low: float, high: float, ulp: float, grad_fn: str, **more: Any
) -> Case:
    return Case(op, method(op), ref, ((low, high),), ulp, grad_fn, **more)


def binary(op: str, ref: Any, domain: Domain, ulp: float, grad_fn: str, **more: Any) -> Case:
    return Case(op, method(op), ref, (domain, domain), ulp, grad_fn, **more)


def scalar(
    op: str, label: str, call: Any, grad_fn: str, domain: Domain = (-3, 3), **more: Any
) -> Case:
    """A tensor with a plain number; the reference is the same expression on long doubles."""
    return Case(
        op, lambda lib, x: call(x), call, (domain,), more.pop("ulp", EXACT), grad_fn, label, **more
    )


def mask(op: str, ref: Any, arity: int = 2) -> Case:
    domains = ((-3.0, 3.0),) * arity
    return Case(op, method(op), ref, domains, 0.0, None, kind="mask", grid=1.0, dtype="bool")


def integer(op: str, ref: Any, *domains: Domain) -> Case:
    """Of operands that are made int64 first: inputs are whole numbers."""

    def call(lib: Any, *tensors: Any) -> Any:
        return getattr(lib, op)(*(x.detach().to(lib.int64) for x in tensors))

    def exact(*arrays: Any) -> Any:
        return ref(*(a.astype(np.int64) for a in arrays))

    return Case(op, call, exact, domains, 0.0, None, kind="mask", grid=1.0, dtype="int64")


def whole(
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


def rule_of(f: Callable[[Any], Any], g: Any, lib: Any) -> Any:
    """What the rule of `f` makes of the gradient g: how the ops that rules use are called."""
    recording = lib.is_grad_enabled()
    with lib.enable_grad():
        x = lib.ones_like(g).requires_grad_()
        y = f(x)
    (result,) = lib.autograd.grad(y, x, g, create_graph=recording)
    return result


def by_id(case: Case) -> str:
    """For `ids=` of a parametrised test."""
    return case.id
