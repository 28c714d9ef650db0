# SPDX-License-Identifier: MIT
"""Functions that NumPy has not, on long doubles: references of 11 more bits than float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Long = NDArray[np.longdouble]

PI = np.longdouble(3.141592653589793116) + np.longdouble(1.2246467991473531772e-16)
ROOT_PI = np.sqrt(PI)


def _bell(x: Long) -> Any:
    """exp(-x**2): of a part of x whose square is exact, times the rest."""
    part = x.astype(np.float32).astype(np.longdouble)
    return np.exp(-part * part) * np.exp(-(x - part) * (x + part))


def erf_of_small(x: Long) -> Any:
    """By a series of terms that are all of one sign, for |x| up to 3."""
    term = total = x.copy()
    for n in range(120):
        term = term * (2 * x * x / (2 * n + 3))
        total = total + term
    return total * _bell(x) * 2 / ROOT_PI


def erfc_of_large(x: Long) -> Any:
    """By its continued fraction, for x from 1 on."""
    below = x
    for n in range(600, 0, -1):
        below = x + np.longdouble(n) / 2 / below
    return _bell(x) / (below * ROOT_PI)


def erf(x: Any) -> Any:
    x = np.asarray(x, np.longdouble)
    small = erf_of_small(np.clip(x, -2, 2))
    large = np.sign(x) * (1 - erfc_of_large(np.clip(np.abs(x), 2, 30)))
    return np.where(np.abs(x) <= 2, small, large)


def erfc(x: Any) -> Any:
    x = np.asarray(x, np.longdouble)
    return np.where(x < 1.25, 1 - erf(x), erfc_of_large(np.clip(x, 1.25, 30)))


def erfinv(x: Any) -> Any:
    """Steps of Halley's on erfc(|y|) = 1 - |x| or erf(|y|) = |x|, from a rough guess."""
    x = np.asarray(x, np.longdouble)
    a = np.abs(x)
    rest = np.maximum(1 - a, np.longdouble(1e-30))
    w = -np.log(rest * (1 + a))
    g = 2 / (PI * np.longdouble(0.147)) - w / 2
    y = np.sqrt(np.sqrt(g * g + w / np.longdouble(0.147)) - g)
    for _ in range(6):
        error = np.where(a < 0.5, erf(y) - a, rest - erfc(y))
        step = error * ROOT_PI / 2 / np.maximum(_bell(y), np.longdouble(1e-300))
        y = y - step / (1 + y * step)
    y = np.where(a < 1e-9, a * ROOT_PI / 2, y)
    return np.copysign(np.where(a == 1, np.inf, y), x)


def logit(x: Any) -> Any:
    x = np.asarray(x, np.longdouble)
    q = np.minimum(x, 1 - x)
    return np.where(x < 0.5, -1, 1) * np.where(
        q < 0.25, np.log1p(-q) - np.log(q), np.log1p((1 - 2 * q) / q)
    )


def _turn(x: Long) -> tuple[Any, Any]:
    """Sine and cosine of pi x."""
    f = x - 2 * np.round(x / 2)
    far = np.abs(f) > 0.5
    r = np.where(far, np.copysign(1, f) - f, f)
    return np.sin(PI * r), np.where(far, -1, 1) * np.cos(PI * r)


def sinc(x: Any) -> Any:
    x = np.asarray(x, np.longdouble)
    with np.errstate(all="ignore"):
        return np.where(x == 0, 1, _turn(x)[0] / (PI * x))


def sinc_slope(x: Any) -> Any:
    """The derivative of sinc, for |x| above 0.01."""
    x = np.asarray(x, np.longdouble)
    return (_turn(x)[1] - sinc(x)) / x


def silu_slope(x: Any) -> Any:
    """The derivative of x / (1 + exp(-x))."""
    x = np.asarray(x, np.longdouble)
    s = 1 / (1 + np.exp(-x))
    return s + x * s * (1 - s)


# ---- the gamma function and what is near it ------------------------------------------------------

_BERNOULLI = [np.longdouble(a) / b for a, b in ((1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66))]


def lgamma(x: Any) -> Any:
    """By Stirling's series at x + 40, for positive x away from 1 and 2."""
    x = np.asarray(x, np.longdouble)
    w, product = x + 40, np.longdouble(0)
    for k in range(40):
        product = product + np.log(x + k)
    series = sum(b / ((2 * k + 2) * (2 * k + 1) * w ** (2 * k + 1)) for k, b in _each())
    return (w - np.longdouble(0.5)) * np.log(w) - w + np.log(2 * PI) / 2 + series - product


def digamma(x: Any) -> Any:
    """Likewise."""
    x = np.asarray(x, np.longdouble)
    w = x + 40
    series = sum(b / ((2 * k + 2) * w ** (2 * k + 2)) for k, b in _each())
    return np.log(w) - 1 / (2 * w) - series - sum(1 / (x + k) for k in range(40))


def zeta(s: Any, q: Any, order: int = 0) -> Any:
    """The zeta function of Hurwitz, or a derivative in s, by the formula of Euler and Maclaurin:
    for s up to 10."""
    s, q = np.asarray(s, np.longdouble), np.asarray(q, np.longdouble)
    a = q + 60
    log_a, by = np.log(a), 1 / (s - 1)
    # The tail is a^-s times t, of which all derivatives are known.
    t = [a * by + np.longdouble(0.5), -a * by**2, 2 * a * by**3]
    factor, factorial = [s / a, 1 / a, 0 * a], np.longdouble(2)
    for k, b in _each():
        t = [u + f * b / factorial for u, f in zip(t, factor, strict=True)]
        for j in (2 * k + 1, 2 * k + 2):
            f0, f1, f2 = factor
            factor = [f0 * (s + j) / a, (f1 * (s + j) + f0) / a, (f2 * (s + j) + 2 * f1) / a]
        factorial = factorial * (2 * k + 3) * (2 * k + 4)
    tail = [t[0], t[1] - log_a * t[0], t[2] - 2 * log_a * t[1] + log_a**2 * t[0]][order]
    terms = [(q + k) ** -s * (-np.log(q + k)) ** order for k in range(60)]
    return sum(terms) + a**-s * tail


def polygamma(n: int, x: Any) -> Any:
    return -zeta(n + 1, x) * (-1) ** n * np.prod(np.arange(1, n + 1, dtype=np.longdouble))


def _each() -> list[tuple[int, Any]]:
    return list(enumerate(_BERNOULLI))


# ---- Bessel functions and incomplete gamma functions ---------------------------------------------


def bessel_i(n: int, x: Any) -> Any:
    """The mean of exp(x cos t) cos(n t) over a circle, of 120 points for |x| up to 20."""
    x = np.asarray(x, np.longdouble)
    turns = [np.longdouble(k) * PI / 60 for k in range(120)]
    return sum(np.exp(x * np.cos(t)) * np.cos(n * t) for t in turns) / 120


def bessel_j(n: int, x: Any) -> Any:
    """The mean of cos(x sin t - n t) over a circle."""
    x = np.asarray(x, np.longdouble)
    turns = [np.longdouble(k) * PI / 60 for k in range(120)]
    return sum(np.cos(x * np.sin(t) - n * t) for t in turns) / 120


def bessel_y(n: int, x: Any) -> Any:
    """By the integrals of sin(x sin t - n t) over half a circle, less those of exp(-x sinh t)."""
    x = np.asarray(x, np.longdouble)
    nodes, weights = _gauss()
    first: Any = np.longdouble(0)
    for node, weight in zip(nodes, weights, strict=True):
        t = PI * (node + 1) / 2
        first = first + weight * np.sin(x * np.sin(t) - n * t) * PI / 2
    second: Any = np.longdouble(0)
    for piece in range(12):
        for node, weight in zip(nodes, weights, strict=True):
            t = piece + (node + 1) / 2
            even = np.exp(n * t) + (-1) ** n * np.exp(-n * t)
            second = second + weight * even * np.exp(-x * np.sinh(t)) / 2
    return (first - second) / PI


def bessel_k(n: int, x: Any) -> Any:
    """The integral of exp(-x cosh t) cosh(n t), for x from 0.1 on."""
    x = np.asarray(x, np.longdouble)
    steps = [np.longdouble(k) / 32 for k in range(1, 260)]
    return (np.exp(-x) / 2 + sum(np.exp(-x * np.cosh(t)) * np.cosh(n * t) for t in steps)) / 32


def gammainc(a: Any, x: Any) -> Any:
    """By its series, for a from 0.1 on and x up to 20."""
    a, x = np.asarray(a, np.longdouble), np.asarray(x, np.longdouble)
    term, total = 1 / a, 1 / a
    for k in range(1, 150):
        term = term * x / (a + k)
        total = total + term
    return total * np.exp(a * np.log(x) - x - lgamma(a))


def betaln(a: Any, b: Any) -> Any:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def betainc(a: Any, b: Any, x: Any) -> Any:
    """By its series in powers of x, for x up to 0.8."""
    a, b, x = (np.asarray(v, np.longdouble) for v in (a, b, x))
    term, total = x * 0 + 1, 1 / a + 0 * x
    for n in range(1, 160):
        term = term * x * (n - b) / n
        total = total + term / (a + n)
    return total * np.exp(a * np.log(x) - betaln(a, b))


def betaincinv(a: Any, b: Any, p: Any) -> Any:
    """By steps of Newton's from the middle, for results well between 0 and 1."""
    a, b, p = (np.asarray(v, np.longdouble) for v in (a, b, p))
    x = a / (a + b) + 0 * p
    for _ in range(9):
        log_density = (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - betaln(a, b)
        x = np.clip(x - (betainc(a, b, x) - p) / np.exp(log_density), 0.02, 0.85)
    return x


def _gauss() -> tuple[Any, Any]:
    """Nodes and weights of Gauss and Legendre, polished to long doubles."""
    n = 40
    nodes = np.polynomial.legendre.leggauss(n)[0].astype(np.longdouble)
    for _ in range(3):
        last, value = np.ones_like(nodes), nodes
        for k in range(2, n + 1):
            last, value = value, ((2 * k - 1) * nodes * value - (k - 1) * last) / k
        slope = n * (nodes * value - last) / (nodes * nodes - 1)
        nodes = nodes - value / slope
    return nodes, 2 / ((1 - nodes * nodes) * slope * slope)
