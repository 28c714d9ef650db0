# SPDX-License-Identifier: MIT
"""Random numbers of the gamma distribution, of which several others are made."""

from __future__ import annotations

from collections.abc import Sequence

from .._core import Tensor, _gamma_log_draw


def log_of_gamma(concentration: Tensor, shape: Sequence[int]) -> Tensor:
    """Logarithms of draws from the gamma distribution of rate 1, as a function of its parameter.

    Of a small parameter the draws are often too small to be numbers, not so their logarithms. As
    the parameter changes, the distribution function at a draw stays what it is.
    """
    return _gamma_log_draw(concentration.expand(shape))
