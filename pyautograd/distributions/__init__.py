# SPDX-License-Identifier: MIT
"""Distributions of random numbers, named and called as those of `torch.distributions`.

Each has `log_prob`, of which `logpdf` is another name, and most have `cdf`, `entropy`, `mean` and
`variance`, with gradients of any order in values and parameters. `sample` draws from the random
numbers of the process, `rsample` with gradients in parameters. `kl_divergence` says how far one is
from another.

Example:
    >>> import pyautograd as ag
    >>> rate = ag.tensor(2.0, requires_grad=True)
    >>> ag.distributions.Gamma(3.0, rate).log_prob(ag.tensor([1.0, 2.0])).sum().backward()
    >>> rate.grad
    tensor(0.)
"""

from __future__ import annotations

from typing import Any

from ._continuous import Beta, Exponential, Gamma, LogNormal, Normal, StudentT, Uniform
from ._discrete import Bernoulli, Binomial, Categorical, Poisson
from ._distribution import Distribution
from ._independent import Independent
from ._kl import kl_divergence, register_kl
from ._multivariate import Dirichlet, MultivariateNormal

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "Gamma",
    "Independent",
    "LogNormal",
    "MultivariateNormal",
    "Normal",
    "Poisson",
    "StudentT",
    "Uniform",
    "kl_divergence",
    "register_kl",
]

for _name in __all__:
    globals()[_name].__module__ = __name__


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
