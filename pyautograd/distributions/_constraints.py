# SPDX-License-Identifier: MIT
"""What parameters and values must be: shown and checked as PyTorch's constraints of these names.

`check` gives a bool for each element or, where `event_dim` last dimensions are one value, for each
of those.
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import linalg
from .._core import Tensor, no_grad

_ROUNDING = 1e-6  # how far from 1 a sum of probabilities, and from symmetric a matrix, may be


class Constraint:
    """A condition of numbers, vectors or matrices."""

    event_dim = 0
    is_discrete = False

    def check(self, value: Tensor) -> Tensor:
        """Whether each number, vector or matrix fulfils the condition."""
        raise NotImplementedError

    def __repr__(self) -> str:
        bounds = ", ".join(f"{name}={bound}" for name, bound in vars(self).items())
        return f"{type(self).__name__}({bounds})"


class Real(Constraint):
    """Not NaN."""

    def check(self, value: Tensor) -> Tensor:
        return value == value


class Boolean(Constraint):
    """0 or 1."""

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value == 0) | (value == 1)


@dataclass(eq=False, repr=False)
class GreaterThan(Constraint):
    """Above a bound."""

    lower_bound: Tensor | float

    def check(self, value: Tensor) -> Tensor:
        return value > self.lower_bound


@dataclass(eq=False, repr=False)
class GreaterThanEq(Constraint):
    """Not below a bound."""

    lower_bound: Tensor | float

    def check(self, value: Tensor) -> Tensor:
        return value >= self.lower_bound


@dataclass(eq=False, repr=False)
class LessThan(Constraint):
    """Below a bound."""

    upper_bound: Tensor | float

    def check(self, value: Tensor) -> Tensor:
        return value < self.upper_bound


@dataclass(eq=False, repr=False)
class Interval(Constraint):
    """Between two bounds, which count."""

    lower_bound: Tensor | float
    upper_bound: Tensor | float

    def check(self, value: Tensor) -> Tensor:
        return (value >= self.lower_bound) & (value <= self.upper_bound)


@dataclass(eq=False, repr=False)
class IntegerGreaterThan(Constraint):
    """A whole number that is not below a bound."""

    lower_bound: Tensor | float
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value % 1 == 0) & (value >= self.lower_bound)


@dataclass(eq=False, repr=False)
class IntegerInterval(Constraint):
    """A whole number between two bounds, which count."""

    lower_bound: Tensor | float
    upper_bound: Tensor | float
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value % 1 == 0) & (value >= self.lower_bound) & (value <= self.upper_bound)


class IndependentConstraint(Constraint):
    """The same condition for all elements of the last dimensions."""

    def __init__(self, base: Constraint, ndims: int) -> None:
        self.base_constraint = base
        self.reinterpreted_batch_ndims = ndims
        self.event_dim = base.event_dim + ndims
        self.is_discrete = base.is_discrete

    def check(self, value: Tensor) -> Tensor:
        found, n = self.base_constraint.check(value), self.reinterpreted_batch_ndims
        if found.ndim < n:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.ndim}")
        return found.flatten(-n).all(-1) if n > 0 else found

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class RealVector(Constraint):
    """A vector without NaN."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value == value).all(-1)

    def __repr__(self) -> str:
        return "IndependentConstraint(Real(), 1)"


class PositiveVector(Constraint):
    """A vector of numbers above 0."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value > 0).all(-1)

    def __repr__(self) -> str:
        return "IndependentConstraint(GreaterThan(lower_bound=0.0), 1)"


class Simplex(Constraint):
    """A vector of probabilities, of which the sum is 1 but for rounding."""

    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < _ROUNDING)


class LowerCholesky(Constraint):
    """A lower triangular matrix with a diagonal above 0."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        diagonal = value.diagonal(0, -2, -1)
        return (value.tril() == value).flatten(-2).all(-1) & (diagonal > 0).all(-1)


class PositiveDefinite(Constraint):
    """A symmetric matrix, but for rounding, that has a Cholesky factor."""

    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        symmetric = value.isclose(value.mT, atol=_ROUNDING).flatten(-2).all(-1)
        with no_grad():
            return symmetric & (linalg.cholesky_ex(value).info == 0)


boolean = Boolean()
lower_cholesky = LowerCholesky()
nonnegative = GreaterThanEq(0.0)
nonnegative_integer = IntegerGreaterThan(0)
positive = GreaterThan(0.0)
positive_definite = PositiveDefinite()
positive_vector = PositiveVector()
real = Real()
real_vector = RealVector()
simplex = Simplex()
unit_interval = Interval(0.0, 1.0)
