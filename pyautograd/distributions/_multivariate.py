# SPDX-License-Identifier: MIT
"""Distributions of vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from .. import linalg
from .._core import (
    Tensor,
    arange,
    argmax,
    cholesky_inverse,
    digamma,
    eye,
    lgamma,
    log,
    matmul,
    randn,
    softmax,
    square,
    where,
    xlogy,
)
from .._shapes import broadcast_shapes
from . import _constraints as is_
from ._distribution import INF, Constraints, Derived, Distribution, Parameter, tensor_of
from ._gamma import log_of_gamma

__all__ = ["Dirichlet", "MultivariateNormal"]


class Dirichlet(Distribution):
    """The Dirichlet distribution of vectors of probabilities: the product of x ** (c - 1) over the
    beta function of all c.

    `rsample` is made of draws from gamma distributions; `Gamma` says of their gradients.

    Args:
        concentration: the exponents c along the last dimension, above 0.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: the concentration is no such tensor.

    Example:
        >>> import pyautograd as ag
        >>> d = ag.distributions.Dirichlet(ag.tensor([1.0, 2.0, 3.0]))
        >>> d.log_prob(ag.tensor([0.2, 0.3, 0.5])), d.mean
        (tensor(1.5041), tensor([0.1667, 0.3333, 0.5000]))
    """

    arg_constraints: ClassVar[Constraints] = {"concentration": is_.positive_vector}
    support = is_.simplex
    has_rsample = True
    concentration: Tensor

    def __init__(self, concentration: Parameter, validate_args: bool | None = None) -> None:
        self.concentration = tensor_of("concentration", concentration)
        if self.concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        shape = self.concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def log_prob(self, value: Parameter) -> Tensor:
        value, c = self._value(value), self.concentration
        found = xlogy(c - 1, value).sum(-1) + lgamma(c.sum(-1)) - lgamma(c).sum(-1)
        return where((value < 0).any(-1), -INF, found)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return softmax(log_of_gamma(self.concentration, self._shape(sample_shape)), -1)

    def entropy(self) -> Tensor:
        c = self.concentration
        total = c.sum(-1)
        log_beta = lgamma(c).sum(-1) - lgamma(total)
        slopes = ((c - 1) * digamma(c)).sum(-1)
        return log_beta + (total - c.shape[-1]) * digamma(total) - slopes

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def mode(self) -> Tensor:
        c = self.concentration
        above = (c - 1).clamp(min=0)
        largest = arange(c.shape[-1]) == argmax(c, -1, keepdim=True)
        corner = (c < 1).all(-1, keepdim=True)
        return where(corner, largest.to(c.dtype), above / above.sum(-1, keepdim=True))

    @property
    def variance(self) -> Tensor:
        c = self.concentration
        total = c.sum(-1, keepdim=True)
        return c * (total - c) / (square(total) * (total + 1))


_MATRICES = ("covariance_matrix", "precision_matrix", "scale_tril")


def _factor_of_inverse(matrix: Tensor) -> Tensor:
    """The lower factor of the inverse of a positive definite matrix.

    With both orders reversed the matrix is L L^T; reversed again L is an upper factor U, so that
    the matrix is U U^T and its inverse has the lower factor U^-T.
    """
    upper = linalg.cholesky(matrix.flip(-2, -1)).flip(-2, -1)
    one = linalg.solve_triangular(upper, eye(matrix.shape[-1]), upper=True)
    return one.mT


class MultivariateNormal(Distribution):
    """The normal distribution of vectors, of which a Cholesky factor of the covariance is kept.

    One of the three matrices is given; the others are made of it when they are asked for. With
    `scale_tril` nothing need be decomposed.

    Args:
        loc: the mean, along the last dimension.
        covariance_matrix: the covariance, symmetric and positive definite.
        precision_matrix: the inverse of the covariance.
        scale_tril: the lower Cholesky factor of the covariance, with a diagonal above 0.
        validate_args: check parameters and values, as `Distribution` says.

    Raises:
        ValueError: a parameter is no such tensor, or not one matrix is given.
        LinAlgError: a matrix is not positive definite, and `validate_args` is False.

    Example:
        >>> import pyautograd as ag
        >>> covariance = ag.tensor([[2.0, 1.0], [1.0, 2.0]])
        >>> d = ag.distributions.MultivariateNormal(ag.zeros(2), covariance)
        >>> d.log_prob(ag.tensor([[0.0, 0.0], [1.0, 1.0]])), d.scale_tril
        (tensor([-2.3872, -2.7205]), tensor([[1.4142, 0.0000],
                [0.7071, 1.2247]]))
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": is_.real_vector,
        "covariance_matrix": is_.positive_definite,
        "precision_matrix": is_.positive_definite,
        "scale_tril": is_.lower_cholesky,
    }
    support = is_.real_vector
    has_rsample = True
    loc: Tensor
    _tril: Tensor  # of its own batch shape, so that each factor is there once

    def __init__(
        self,
        loc: Parameter,
        covariance_matrix: Parameter | None = None,
        precision_matrix: Parameter | None = None,
        scale_tril: Parameter | None = None,
        validate_args: bool | None = None,
    ) -> None:
        mean = tensor_of("loc", loc)
        if mean.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = zip(_MATRICES, (covariance_matrix, precision_matrix, scale_tril), strict=True)
        given = [(name, tensor_of(name, m)) for name, m in matrices if m is not None]
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        name, matrix = given[0]
        size = mean.shape[-1]
        if matrix.ndim < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        if matrix.shape[-2:] != (size, size):
            raise ValueError(
                f"{name} must have the shape {(size, size)} of the loc in its last dimensions, but "
                f"found {tuple(matrix.shape)}"
            )
        batch = broadcast_shapes(matrix.shape[:-2], mean.shape[:-1])
        self.loc = mean.expand((*batch, size))
        self.__dict__[name] = matrix.expand((*batch, size, size))
        super().__init__(batch, (size,), validate_args=validate_args)
        self._tril = matrix
        if name == "covariance_matrix":
            self._tril = linalg.cholesky(matrix)
        elif name == "precision_matrix":
            self._tril = _factor_of_inverse(matrix)

    def _matrix(self, matrix: Tensor) -> Tensor:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @Derived
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        return self._matrix(matmul(self._tril, self._tril.mT))

    @Derived
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._matrix(cholesky_inverse(self._tril))

    @Derived
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        return self._matrix(self._tril)

    def _half_log_det(self) -> Tensor:
        return log(self._tril.diagonal(0, -2, -1)).sum(-1)

    def _squared_length(self, difference: Tensor) -> Tensor:
        """The sum of squares of L^-1 x. What is drawn several times from a distribution becomes
        columns of one right side, so that no factor is copied."""
        batch = self._tril.ndim - 2
        several = difference.ndim - 1 - batch
        if several <= 0:
            solved = linalg.solve_triangular(self._tril, difference.unsqueeze(-1), upper=False)
            return square(solved).sum(-2).squeeze(-1)
        shape = difference.shape
        columns = difference.reshape(math.prod(shape[:several]), *shape[several:]).movedim(0, -1)
        solved = linalg.solve_triangular(self._tril, columns, upper=False)
        lengths = square(solved).sum(-2).movedim(-1, 0)
        return lengths.reshape(*shape[:several], *lengths.shape[1:])

    def log_prob(self, value: Parameter) -> Tensor:
        squared = self._squared_length(self._value(value) - self.loc)
        constant = 0.5 * self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * squared - self._half_log_det() - constant

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        standard = randn(self._shape(sample_shape)).unsqueeze(-1)
        return self.loc + matmul(self._tril, standard).squeeze(-1)

    def entropy(self) -> Tensor:
        each = 0.5 * (1 + math.log(2 * math.pi))
        return (self._half_log_det() + self._event_shape[0] * each).expand(self._batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return square(self._tril).sum(-1).expand((*self._batch_shape, *self._event_shape))
