# SPDX-License-Identifier: MIT
"""What all distributions have: shapes, checks of arguments, and names for what each computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, overload

import numpy as np

from .._core import Size, Tensor, as_tensor, broadcast_tensors, exp, float64, no_grad, where
from ._constraints import Constraint

__all__ = ["Distribution"]

Parameter = Tensor | float | np.ndarray[Any, Any]
Constraints = Mapping[str, Constraint]
Self = TypeVar("Self", bound="Distribution")

INF = float("inf")
NAN = float("nan")


def tensor_of(name: str, value: object) -> Tensor:
    """A parameter or a value as a tensor of float64, with the history that it has."""
    if not isinstance(value, (Tensor, float, int, np.ndarray, np.number)):
        raise ValueError(
            f"{name} must be a Tensor, a number or an array, but found {type(value).__name__}"
        )
    return as_tensor(value).to(float64)


def together(**given: object) -> list[Tensor]:
    """Parameters as tensors of the shape to which they broadcast."""
    tensors = [tensor_of(name, value) for name, value in given.items()]
    return list(broadcast_tensors(*tensors)) if len(tensors) > 1 else tensors


def or_nan(value: Tensor, result: Tensor) -> Tensor:
    """What is made of comparisons with a value, and does not know of NaN by itself."""
    return where(value == value, result, value)


class Derived:
    """A parameter that is made of another one when it is asked for, unless it was given itself.

    It is not kept, so that each backward has a history of its own to go through.
    """

    def __init__(self, function: Callable[[Any], Tensor]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Derived: ...

    @overload
    def __get__(self, instance: Distribution, owner: type) -> Tensor: ...

    def __get__(self, instance: Distribution | None, owner: type) -> Derived | Tensor:
        return self if instance is None else self.function(instance)


class Distribution:
    """The base of all distributions, which may be one's own, too.

    A distribution has parameters, of which the shapes broadcast to `batch_shape`: it is as many
    distributions. What is drawn from one of them has the shape `event_shape`. So `sample(shape)`
    has the shape `shape + batch_shape + event_shape`, and `log_prob` of it `shape + batch_shape`.

    A distribution of one's own sets `arg_constraints` and `support`, keeps its parameters as
    attributes of those names, calls this constructor and has `log_prob`, and what else it needs.

    Args:
        batch_shape: the shape of the parameters, but for what belongs to one event.
        event_shape: the shape of what is drawn once.
        validate_args: check parameters, and values that are given. It takes its time, so that one
            may want to leave it out where a program is known to be right. Without it, values that
            cannot be have the `log_prob` -inf. None is what `set_default_validate_args` said last:
            True, unless Python runs with -O.

    Raises:
        ValueError: a parameter does not fulfil its constraint.

    Example:
        >>> import pyautograd as ag
        >>> class Laplace(ag.distributions.Distribution):
        ...     arg_constraints, support = {}, ag.distributions.Normal.support
        ...     def __init__(self, loc, validate_args=None):
        ...         self.loc = loc
        ...         super().__init__(loc.shape, validate_args=validate_args)
        ...     def log_prob(self, value):
        ...         return -(value - self.loc).abs() - ag.tensor(2.0).log()
        >>> Laplace(ag.zeros(2)).logpdf(ag.tensor(1.0))
        tensor([-1.6931, -1.6931])
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: ClassVar[Constraints] = {}
    support: ClassVar[Constraint]
    _validate_args = __debug__

    def __init__(
        self,
        batch_shape: Sequence[int] = (),
        event_shape: Sequence[int] = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check what they are given, where `validate_args` does not say so.

        Raises:
            ValueError: the value is neither True nor False.

        Example:
            >>> import pyautograd as ag
            >>> ag.distributions.Distribution.set_default_validate_args(True)
        """
        if value not in (True, False):
            raise ValueError(f"validate_args must be True or False, but found {value!r}")
        Distribution._validate_args = value

    # ---- checks ----------------------------------------------------------------------------------

    def _given(self) -> dict[str, Tensor]:
        """The parameters that are not made of others."""
        return {name: self.__dict__[name] for name in self.arg_constraints if name in self.__dict__}

    def _check_parameters(self) -> None:
        for name, value in self._given().items():
            constraint = self.arg_constraints[name]
            if not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    def _value(self, value: Parameter) -> Tensor:
        """A value as a tensor, after the checks of its kind, its shape and the support."""
        checked = tensor_of("value", value)
        if self._validate_args:
            self._check_shape(checked.shape)
            if not self.support.check(checked).all():
                raise ValueError(
                    f"Expected value argument ({type(checked).__name__} of shape "
                    f"{tuple(checked.shape)}) to be within the support ({self.support!r}) of the "
                    f"distribution {self!r}, but found invalid values:\n{checked}"
                )
        return checked

    def _check_shape(self, shape: Sequence[int]) -> None:
        event = self._event_shape
        if tuple(shape)[len(shape) - len(event) :] != tuple(event) or len(shape) < len(event):
            raise ValueError(
                f"The right-most size of value must match event_shape: {shape} vs {event}."
            )
        whole = self._batch_shape + event
        for n, m in zip(reversed(shape), reversed(whole), strict=False):
            if n != m and n != 1 and m != 1:
                raise ValueError(
                    f"Value is not broadcastable with batch_shape+event_shape: {shape} vs {whole}."
                )

    # ---- shapes ----------------------------------------------------------------------------------

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters, but for what belongs to one event."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of what is drawn once."""
        return self._event_shape

    def _shape(self, sample_shape: Sequence[int]) -> tuple[int, ...]:
        return (*sample_shape, *self._batch_shape, *self._event_shape)

    def expand(self: Self, batch_shape: Sequence[int]) -> Self:
        """The distribution with parameters that are expanded to a larger `batch_shape`.

        Raises:
            RuntimeError: they do not broadcast to it.

        Example:
            >>> import pyautograd as ag
            >>> ag.distributions.Normal(0.0, 1.0).expand([2, 3]).batch_shape
            pyautograd.Size([2, 3])
        """
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        for name, value in self._given().items():
            own = value.shape[value.ndim - self.arg_constraints[name].event_dim :]
            made.__dict__[name] = value.expand((*batch_shape, *own))
        made._batch_shape = Size(batch_shape)
        return made

    # ---- what distributions compute --------------------------------------------------------------

    def _missing(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {what}")

    def log_prob(self, value: Parameter) -> Tensor:
        """The logarithm of the density, or of the probability, at a value.

        Raises:
            ValueError: the value is not one that can be, and `validate_args` is not False.
        """
        raise self._missing("log_prob")

    def logpdf(self, value: Parameter) -> Tensor:
        """`log_prob`, by SciPy's name."""
        return self.log_prob(value)

    def cdf(self, value: Parameter) -> Tensor:
        """The probability of what is not above a value.

        Raises:
            ValueError: the value is not one that can be, and `validate_args` is not False.
            NotImplementedError: there is no formula.
        """
        raise self._missing("cdf")

    def icdf(self, value: Parameter) -> Tensor:
        """The value that has this `cdf`; NaN where none has it.

        Raises:
            NotImplementedError: there is no formula.
        """
        raise self._missing("icdf")

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw, from the random numbers of the process, constants of the shape `sample_shape +
        batch_shape + event_shape`."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """The same as a function of the parameters, of which a gradient can be taken.

        Raises:
            NotImplementedError: there is none; `has_rsample` says so before.
        """
        raise self._missing("rsample: what is drawn has no gradient. There is sample")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values that can be, along a new first dimension: of the shape `(n, *batch_shape)`,
        or, unless `expand`, with dimensions of 1 in the place of the batch's.

        Raises:
            NotImplementedError: they cannot be listed; `has_enumerate_support` says so before.

        Example:
            >>> import pyautograd as ag
            >>> d = ag.distributions.Binomial(2, 0.25)
            >>> d.log_prob(d.enumerate_support()).exp()
            tensor([0.5625, 0.3750, 0.0625])
        """
        raise self._missing("enumerate_support: its values cannot be listed")

    def _listed(self, values: Tensor, expand: bool) -> Tensor:
        """Values as `enumerate_support` gives them."""
        batch = self._batch_shape
        values = values.reshape(-1, *[1] * len(batch))
        return values.expand(-1, *batch) if expand else values

    def entropy(self) -> Tensor:
        """What -log_prob is on average.

        Raises:
            NotImplementedError: there is no formula.
        """
        raise self._missing("entropy")

    def perplexity(self) -> Tensor:
        """exp(entropy())."""
        return exp(self.entropy())

    @property
    def mean(self) -> Tensor:
        """The mean; NaN where there is none."""
        raise self._missing("mean")

    @property
    def mode(self) -> Tensor:
        """Where the density or the probability is largest; NaN where that is no one place."""
        raise self._missing("mode")

    @property
    def variance(self) -> Tensor:
        """The variance, of each element of an event; NaN where there is none."""
        raise self._missing("variance")

    @property
    def stddev(self) -> Tensor:
        """The root of the variance."""
        return self.variance.sqrt()

    def __repr__(self) -> str:
        shown = (f"{name}: {t if t.numel() == 1 else t.shape}" for name, t in self._given().items())
        return f"{type(self).__name__}({', '.join(shown)})"
