# SPDX-License-Identifier: MIT
"""Special functions against values of arithmetic with 60 digits, at their edges, and where their
derivatives are easily lost: PyTorch has fewer digits of many of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

S = ag.special
INF, NAN = math.inf, math.nan

# By function: units in the last place that it may be off, arguments with the value.
VALUES: dict[str, tuple[float, list[tuple[float, ...]]]] = {
    "erfcx": (
        4.0,
        [
            (-26.5, 1.924553162418569e305),
            (-2.0, 108.94090438997797),
            (-0.3, 1.4537492328427655),
            (1e-09, 0.9999999988716208),
            (0.7, 0.525930337349441),
            (5.0, 0.11070463773306863),
            (10000.0, 5.641895807268084e-05),
            (100000000.0, 5.641895835477562e-09),
        ],
    ),
    "ndtr": (
        4.0,
        [
            (-38.0, 2.88542835e-316),
            (-20.25, 1.77619986494957e-91),
            (-8.3, 5.205569744890254e-17),
            (-1.0, 0.15865525393145705),
            (-1e-05, 0.49999601057719606),
            (0.3, 0.6179114221889527),
            (4.0, 0.9999683287581669),
            (8.2, 0.9999999999999999),
        ],
    ),
    "ndtri": (
        4.0,
        [
            (5e-324, -38.467405617144344),
            (1e-300, -37.0470962993612),
            (1e-17, -8.493793224109599),
            (0.01, -2.326347874040841),
            (0.074, -1.4466320671589785),
            (0.3, -0.5244005127080408),
            (0.501, 0.002506630899571766),
            (0.999, 3.090232306167813),
        ],
    ),
    "log_ndtr": (
        4.0,
        [
            (-100000000.0, -5000000000000019.0),
            (-300.0, -45006.62273211866),
            (-37.5, -707.6689893175072),
            (-1.0, -1.8410216450092636),
            (-1e-07, -0.6931472603484046),
            (0.4, -0.42247637022777607),
            (5.0, -2.866516129637636e-07),
            (37.0, -5.725571222524577e-300),
        ],
    ),
    "entr": (
        4.0,
        [
            (5e-324, 3.676e-321),
            (1e-10, 2.302585092994046e-09),
            (0.4, 0.366516292749662),
            (0.999, 0.0009994998332499509),
            (1.001, -0.0010004998334165066),
            (3.0, -3.295836866004329),
            (1e300, -6.907755278982137e302),
        ],
    ),
    "xlog1py": (
        4.0,
        [
            (2.0, 1e-300, 2e-300),
            (-3.0, -0.999, 20.723265836946407),
            (1e-05, 1e300, 0.0069077552789821375),
        ],
    ),
    "gammaln": (
        4.0,
        [
            (1e-300, 690.7755278982137),
            (0.3, 1.0957979948180756),
            (0.9999999, 5.772157468444193e-08),
            (1.0000001, -5.772155829918507e-08),
            (1.9999999, -4.2278430309861296e-08),
            (2.5, 0.2846828704729192),
            (30.25, 72.104204742008),
            (10000000000.0, 220258509288.81058),
            (-0.5, 1.2655121234846454),
            (-20.5, -42.70719597482576),
        ],
    ),
    "digamma": (
        4.0,
        [
            (1e-300, -9.999999999999999e299),
            (1e-05, -100000.57719921567),
            (0.3, -3.502524222200133),
            (9.9, 2.2411803166063815),
            (10.1, 2.262214357094148),
            (100000.0, 11.512920464961896),
            (1e300, 690.7755278982137),
            (-0.75, -2.894120200042932),
            (-20.3, 5.317549924239749),
            (-999999.75, 10.67391815437449),
        ],
    ),
    "zeta": (
        16.0,
        [
            (1.0000001, 1.0, 10000000.571377),
            (2.0, 0.001, 1000001.6425331958),
            (2.5, 30.0, 0.004160042573845588),
            (40.0, 3.0, 8.225346069033828e-20),
            (2.0, -8.5, 9.75860711262026),
            (3.0, -1.25, -61.86068339183118),
            (4.0, -30.75, 259.7575651735939),
            (5.0, -40.125, -32766.583021029684),
            (3.0, 10000000000.0, 5.0000000005e-21),
        ],
    ),
}


def grad(f: Any, *points: float, by: int = 0, order: int = 1) -> float:
    """A derivative by one of the arguments."""
    given = [ag.tensor(p, requires_grad=k == by) for k, p in enumerate(points)]
    y = f(*given)
    for k in range(order):
        (y,) = ag.autograd.grad(y, given[by], create_graph=k + 1 < order)
    return y.item()


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    ulp, rows = VALUES[name]
    *arguments, wanted = (np.array(column) for column in zip(*rows, strict=True))
    got = getattr(S, name)(*(ag.tensor(a) for a in arguments)).numpy()
    assert (abs(got - wanted) <= ulp * np.spacing(abs(wanted))).all(), (got, wanted)


def same(got: Any, wanted: list[float]) -> bool:
    return bool(np.array_equal(got.numpy(), wanted, equal_nan=True))


def test_edges_of_the_normal_distribution() -> None:
    x = ag.tensor([-INF, -0.0, INF, NAN])
    assert same(S.ndtr(x), [0.0, 0.5, 1.0, NAN])
    assert same(S.erfcx(x), [INF, 1.0, 0.0, NAN])
    assert same(S.log_ndtr(x), [-INF, math.log(0.5), 0.0, NAN])
    assert same(S.ndtri(ag.tensor([0.0, 0.5, 1.0, -0.1, 1.1, NAN])), [-INF, 0, INF, NAN, NAN, NAN])
    assert same(S.entr(ag.tensor([-1.0, 0.0, 1.0, INF, NAN])), [-INF, 0.0, 0.0, -INF, NAN])
    y = S.xlog1py(ag.tensor([0.0, 0.0, 1.0]), ag.tensor([-1.0, NAN, -1.0]))
    assert same(y, [0.0, NAN, -INF])


def test_slopes_of_the_normal_distribution_in_its_tails() -> None:
    assert grad(S.log_ndtr, -1e10) == 1e10
    assert grad(S.log_ndtr, -1e5) == pytest.approx(1e5 + 1e-5, rel=1e-15)
    # The second derivative is -1 + 1 / x^2 - 6 / x^4 there.
    assert grad(S.log_ndtr, -1e3, order=2) == pytest.approx(-1 + 1e-6 - 6e-12, rel=1e-14)
    # exp(x^2) erfc(x) is 1 / (sqrt(pi) x) (1 - 1 / (2 x^2) + ...)
    far = -1 / math.sqrt(math.pi) / 1e12
    assert grad(S.erfcx, 1e6) == pytest.approx(far, rel=1e-11)
    assert grad(S.erfcx, 0.0, order=4) == pytest.approx(12.0, rel=1e-14)
    assert math.log(grad(S.ndtri, 1e-300)) == pytest.approx(687.1626106402758, rel=1e-15)
    assert [grad(S.entr, 0.0), grad(S.entr, 1.0), grad(S.entr, 2.0, order=2)] == [INF, -1.0, -0.5]
    assert grad(S.xlog1py, 0.0, -1.0) == 0.0 and grad(S.xlog1py, 0.0, -1.0, by=1) == 0.0


def test_edges_of_the_gamma_function() -> None:
    x = ag.tensor([0.0, -0.0, -1.0, INF, NAN])
    assert same(ag.lgamma(x), [INF, INF, INF, INF, NAN])
    assert same(ag.digamma(x), [-INF, INF, NAN, INF, NAN])
    assert ag.digamma(ag.tensor(-INF)).isnan() and ag.digamma(ag.tensor(-1e300)).isnan()
    assert same(ag.polygamma(1, x), [INF, INF, INF, 0.0, NAN])
    assert same(ag.polygamma(0, x), ag.digamma(x).tolist())
    s, q = ag.tensor([1.0, 0.5, 2.0, 2.5, 2.0]), ag.tensor([1.0, 1.0, -1.0, -1.5, INF])
    assert same(S.zeta(s, q), [INF, NAN, INF, NAN, 0.0])
    assert same(S.multigammaln(ag.tensor([0.5]), 2), [INF])


def test_digamma_around_its_root() -> None:
    x = ag.tensor([1.4, 1.4616, 1.46163214, 1.5, 1.9])
    wanted = np.array([-0.06138454458511624, -3.110625123034165e-05, -4.807746276832806e-09,
                       0.03648997397857652, 0.35618416116405965])  # fmt: skip
    assert abs(ag.digamma(x).numpy() - wanted).max() < 1e-15


def test_polygamma() -> None:
    x = ag.tensor([-1.5, -8.5, 0.5])
    wanted = [9.379246644989124, 9.75860711262026, 4.934802200544679]
    assert ag.polygamma(1, x).tolist() == pytest.approx(wanted, rel=1e-14)
    assert S.polygamma(3, ag.tensor(-1.25)).item() == pytest.approx(1558.2209125348506, rel=1e-14)
    assert ag.polygamma(200, ag.tensor(1.0)).item() == -INF
    assert (-ag.polygamma(200, ag.tensor(30.0))).log().item() == pytest.approx(
        math.lgamma(201) + S.zeta(ag.tensor(201.0), 30.0).log().item(), rel=1e-12
    )
    assert grad(ag.lgamma, 1.0, order=4) == pytest.approx(math.pi**4 / 15, rel=1e-14)
    for call in (lambda: ag.polygamma(-1, x), lambda: x.polygamma(-1), lambda: x.polygamma_(-1)):
        with pytest.raises(RuntimeError, match=r"polygamma\(n, x\) does not support negative n"):
            call()
    with pytest.raises(RuntimeError, match="p has to be greater than or equal to 1"):
        ag.mvlgamma(x, 0)
    with pytest.raises(TypeError, match=r"polygamma\(\): argument 'input' must be Tensor"):
        ag.polygamma(1, 2.0)  # type: ignore[arg-type]


def test_derivatives_of_zeta() -> None:
    assert grad(S.zeta, 2.0, 1.0) == pytest.approx(-0.9375482543158438, rel=1e-15)
    assert grad(S.zeta, 2.0, 1.0, order=2) == pytest.approx(1.9892802342989, rel=1e-12)
    assert grad(S.zeta, 2.0, 1.0, by=1) == pytest.approx(-2.4041138063191885, rel=1e-15)
    assert grad(S.zeta, 1.0, 1.0) == -INF
