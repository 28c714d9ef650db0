# SPDX-License-Identifier: MIT
"""ldexp of repeated exponents: their powers are made once, to the bits of whole operands."""

from __future__ import annotations

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, values

REPEATED = ((64,), (1, 64), (48, 1), (1, 1), (2, 1, 64))


def operands(shape: tuple[int, ...], rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(rows)
    x = rng.standard_normal((rows, 64))
    x[0, :4] = (np.inf, -np.inf, np.nan, -0.0)
    x[1] *= 1e-300
    x[2] *= 1e300
    shape = tuple(rows if size == 48 else size for size in shape)
    return x, rng.integers(-40, 40, shape) * 0.5


def summed(gradient: ag.Tensor, shape: tuple[int, ...]) -> ag.Tensor:
    """Return the gradient of what was repeated from ``shape``."""
    if gradient.ndim > len(shape):
        gradient = gradient.sum(0)
    dims = [d for d, size in enumerate(shape) if size != gradient.shape[d]]
    return gradient.sum(dims, keepdim=True) if dims else gradient


@pytest.mark.parametrize("rows", [48, 480])
@pytest.mark.parametrize("extreme", [0.0, 1022.0, 1023.0, 1050.5, -1060.0, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("shape", REPEATED)
def test_repeated_exponents(shape: tuple[int, ...], extreme: float, rows: int) -> None:
    """Some that are so far from 1 that their power is no number, but its product with x may be."""
    x, y = operands(shape, rows)
    y.flat[-1] = extreme
    whole = np.broadcast_shapes(x.shape, y.shape)
    leaves = ag.tensor(x, requires_grad=True), ag.tensor(y, requires_grad=True)
    apart = [ag.tensor(np.broadcast_to(a, whole).copy(), requires_grad=True) for a in (x, y)]
    found, expected = ag.ldexp(*leaves), ag.ldexp(*apart)
    assert found.shape == expected.shape == whole
    assert repr(found.grad_fn).split()[0] == repr(expected.grad_fn).split()[0]
    assert_same_bits(values(found.detach()), values(expected.detach()), f"{shape} {extreme}")
    found.sum().backward()
    expected.sum().backward()
    for leaf, other in zip(leaves, apart, strict=True):
        assert_same_bits(values(leaf.grad), values(summed(other.grad, leaf.shape)), "gradient")


def test_what_is_exact_stays_so() -> None:
    """A power that is no number: 2^-1050 times 2^1060, and 2^1030 times 2^-60."""
    x = ag.full((40, 64), 2.0**-60)
    y = ag.zeros(64)
    y[3] = 1030.0
    assert ag.ldexp(x, y)[7, 3].item() == 2.0**970
    x = ag.full((40, 64), 2.0**1000)
    y[3] = -1060.0
    assert ag.ldexp(x, y)[7, 3].item() == 2.0**-60
    assert ag.ldexp(x, y)[7, 4].item() == 2.0**1000
