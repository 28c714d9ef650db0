# SPDX-License-Identifier: MIT
"""Distributions of tensors whose elements are independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from .._core import Size, Tensor
from . import _constraints as is_
from ._constraints import Constraint
from ._distribution import Constraints, Distribution, Parameter

__all__ = ["Independent"]


def sum_rightmost(x: Tensor, n: int) -> Tensor:
    """The sums over the last n dimensions."""
    return x.sum(tuple(range(-n, 0))) if n > 0 else x


class Independent(Distribution):
    """A distribution of which the last dimensions of `batch_shape` belong to one event.

    So `log_prob` and `entropy` are sums over these dimensions. All else is as it was.

    Args:
        base_distribution: the distribution.
        reinterpreted_batch_ndims: how many dimensions become part of the event.
        validate_args: check parameters, as `Distribution` says. Values are checked as the
            distribution checks them.

    Raises:
        ValueError: the distribution has fewer dimensions, or the number is negative.

    Example:
        >>> import pyautograd as ag
        >>> rows = ag.distributions.Normal(ag.zeros(2, 3), 1.0)
        >>> d = ag.distributions.Independent(rows, 1)
        >>> d.batch_shape, d.event_shape, d.log_prob(ag.zeros(3))
        (pyautograd.Size([2]), pyautograd.Size([3]), tensor([-2.7568, -2.7568]))
    """

    arg_constraints: ClassVar[Constraints] = {}
    base_dist: Distribution
    reinterpreted_batch_ndims: int

    def __init__(
        self,
        base_distribution: Distribution,
        reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ) -> None:
        n, batch = reinterpreted_batch_ndims, base_distribution.batch_shape
        if n > len(batch):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual "
                f"{n} vs {len(batch)}"
            )
        if n < 0:
            raise ValueError(f"Expected reinterpreted_batch_ndims >= 0, actual {n}")
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = n
        kept = len(batch) - n
        event = (*batch[kept:], *base_distribution.event_shape)
        super().__init__(batch[:kept], event, validate_args=validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether `rsample` is there."""
        return self.base_dist.has_rsample

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        """Whether `enumerate_support` is there: of an event of several elements it is not."""
        return not self.reinterpreted_batch_ndims and self.base_dist.has_enumerate_support

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """What the distribution has, if no dimension of its batch belongs to an event.

        Raises:
            NotImplementedError: one does, or the values cannot be listed.
        """
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand)

    @property
    def support(self) -> Constraint:  # type: ignore[override]
        """What all elements of an event must be."""
        n = self.reinterpreted_batch_ndims
        return is_.IndependentConstraint(self.base_dist.support, n) if n else self.base_dist.support

    def expand(self, batch_shape: Sequence[int]) -> Independent:
        """The distribution with parameters that are expanded to a larger `batch_shape`.

        Raises:
            RuntimeError: they do not broadcast to it.
        """
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        own = self._event_shape[: self.reinterpreted_batch_ndims]
        made.base_dist = self.base_dist.expand((*batch_shape, *own))
        made._batch_shape = Size(batch_shape)
        return made

    def log_prob(self, value: Parameter) -> Tensor:
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Tensor:
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw, from the random numbers of the process, constants."""
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.base_dist.rsample(sample_shape)

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def mode(self) -> Tensor:
        return self.base_dist.mode

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist!r}, {self.reinterpreted_batch_ndims})"
