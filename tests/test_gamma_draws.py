# SPDX-License-Identifier: MIT
"""Draws of the gamma distribution, and how they follow its parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, values

Gamma = ag.distributions.Gamma
PARAMETERS = (1e-3, 0.05, 0.7, 1.0, 1.5, 4.0, 11.0, 19.9, 20.0, 33.0, 2e3, 1e7)


def logs_of(a: float, n: int, seed: int = 3) -> tuple[Any, Any]:
    """A vector of the same parameter, and logarithms of draws."""
    ag.manual_seed(seed)
    parameter = ag.full((n,), a, requires_grad=True)
    return parameter, ag._core._gamma_log_draw(parameter)


@pytest.mark.parametrize("a", PARAMETERS)
def test_draws_have_the_distribution(a: float) -> None:
    """The largest distance of the distribution functions (Kolmogorov): 1.95 / sqrt(n) is exceeded
    once in a thousand."""
    n = 100_000
    logs = values(logs_of(a, n)[1].detach())
    with np.errstate(under="ignore"):
        x = np.exp(logs)
    below = values(ag.special.gammainc(ag.full((n,), a), ag.tensor(x)))
    tiny = logs < -40.0  # one term of the series is all, and x may be no number
    if tiny.any():
        first = a * ag.tensor(logs[tiny]) - ag.lgamma(ag.tensor(a + 1.0))
        below[tiny] = values(first.exp())
    below = np.sort(below)
    even = np.arange(n) / n
    assert max((below - even).max(), (even + 1 / n - below).max()) < 1.95 / n**0.5


def exact_slope(a: float, log: float) -> float:
    """-(dP/da) / (x D) by the series in x, with as many digits as it loses."""
    mp = pytest.importorskip("mpmath")
    with mp.workdps(30 + int(mp.exp(min(log, 8.0)) if a < 1e3 else 0)):
        one, at = mp.mpf(a), mp.mpf(log)
        x, n, psi = mp.exp(at), 0, mp.psi(0, one + 1)
        t = 1 / one
        total, s = t, t * (psi - at)
        while t > total * mp.eps:
            n += 1
            t *= x / (one + n)
            psi += 1 / (one + n)
            total += t
            s += t * (psi - at)
        return float(s)


@pytest.mark.parametrize("a", PARAMETERS[:-2])
def test_slope_in_the_parameter(a: float) -> None:
    parameter, logs = logs_of(a, 20_000)
    slopes = values(ag.autograd.grad(logs.sum(), parameter)[0])
    order = np.argsort(values(logs.detach()))
    for k in (*order[:3], *order[::5000], *order[-3:]):
        expected = exact_slope(a, float(values(logs.detach())[k]))
        np.testing.assert_allclose(slopes[k], expected, rtol=1e-11)


@pytest.mark.parametrize("a", [2e3, 1e7, 1e12])
def test_slope_of_large_parameters(a: float) -> None:
    """Nearly normal: x = a + z sqrt(a) + (z^2 - 1) / 3 + (z^3 - 7 z) / (36 sqrt(a)) + ..."""
    parameter, logs = logs_of(a, 1000)
    slopes = values(ag.autograd.grad(logs.sum(), parameter)[0])
    x = np.exp(values(logs.detach()))
    z = (x - a) / a**0.5
    z -= (z * z - 1) / (3 * a**0.5)
    by_a = 1 + z / (2 * a**0.5)
    np.testing.assert_allclose(slopes * x, by_a, rtol=20 / a + 1e-12)


@pytest.mark.parametrize("a", [0.02, 0.6, 1.7, 9.0, 26.0])
def test_derivatives_of_all_orders(a: float) -> None:
    """The distribution function stays what it is, whatever derivative is asked for."""
    parameter, logs = logs_of(a, 40)
    usual = values(logs.detach()) > -30.0
    value = ag.special.gammainc(parameter, logs.exp())
    for order in range(1, 5):
        (value,) = ag.autograd.grad(value.sum(), parameter, create_graph=True)
        found = values(value.detach())[usual]
        assert usual.any()
        np.testing.assert_allclose(found, 0.0, atol=2e-9 * (3 / min(a, 1.0)) ** order)


def test_second_derivative_where_x_is_no_number() -> None:
    parameter, logs = logs_of(1e-3, 400)
    tiny = values(logs.detach()) < -800.0
    (first,) = ag.autograd.grad(logs.sum(), parameter, create_graph=True)
    (second,) = ag.autograd.grad(first.sum(), parameter)
    assert tiny.any()
    # P is x^a / gamma(a + 1): so a log(x) - lgamma(a + 1) stays what it is.
    a, found = values(parameter.detach()), values(logs.detach())
    psi = values(ag.digamma(parameter.detach() + 1))
    step = (psi - found) / a
    bend = (values(ag.polygamma(1, parameter.detach() + 1)) - 2 * step) / a
    np.testing.assert_allclose(values(first.detach())[tiny], step[tiny], rtol=1e-12)
    np.testing.assert_allclose(values(second)[tiny], bend[tiny], rtol=1e-12)


def test_bits_at_any_number_of_threads_and_of_each_parameter() -> None:
    a = np.where(np.arange(40_000) % 3 == 0, 0.4, 2.5)
    before, found = ag.get_num_threads(), []
    try:
        for count in (1, 2, 4):
            ag.set_num_threads(count)
            ag.manual_seed(5)
            parameter = ag.tensor(a, requires_grad=True)
            logs = ag._core._gamma_log_draw(parameter)
            logs.sum().backward()
            found.append((values(logs.detach()), values(parameter.grad)))
    finally:
        ag.set_num_threads(before)
    for other in found[1:]:
        assert_same_bits(found[0][0], other[0])
        assert_same_bits(found[0][1], other[1])
    # A number depends on its own parameter and place alone.
    same = values(logs_of(2.5, 40_000, 5)[1].detach())
    assert_same_bits(found[0][0][1::3], same[1::3])


def test_what_is_no_parameter() -> None:
    parameter = ag.tensor([0.0, -1.0, np.nan, np.inf, 1.0], requires_grad=True)
    logs = ag._core._gamma_log_draw(parameter)
    logs.sum().backward()
    assert np.isnan(values(logs.detach())[:3]).all()
    assert values(logs.detach())[3] == np.inf
    assert np.isfinite(values(logs.detach())[4])
    assert np.isnan(values(parameter.grad)[:4]).all()
    assert np.isfinite(values(parameter.grad)[4])


def test_errors() -> None:
    with pytest.raises(TypeError, match=r"_gamma_log_draw\(\): expected a Tensor, got float"):
        ag._core._gamma_log_draw(1.0)
    with pytest.raises(NotImplementedError):
        ag._core._gamma_log_draw(ag.tensor([1, 2]))


def test_parameters_that_broadcast() -> None:
    a = ag.tensor([[0.5], [3.0]], requires_grad=True)
    x = Gamma(a, ag.tensor([1.0, 2.0, 4.0])).rsample((7,))
    assert x.shape == (7, 2, 3)
    (g,) = ag.autograd.grad(x.sum(), a)
    assert g.shape == (2, 1)
    assert (values(g) > 0).all()
