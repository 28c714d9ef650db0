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
    "i0": (
        4.0,
        [
            (1e-09, 1.0),
            (0.5, 1.0634833707413236),
            (-3.0, 4.8807925858650245),
            (12.0, 18948.925349296307),
            (19.9, 39513376.52006682),
            (20.1, 48017874.1071365),
            (100.0, 1.0737517071310738e42),
            (713.0, 6.705128263670996e307),
        ],
    ),
    "i0e": (
        4.0,
        [
            (1e-09, 0.999999999),
            (0.5, 0.6450352704491501),
            (-3.0, 0.2430003541618254),
            (12.0, 0.11642622121344044),
            (19.9, 0.0900085888643896),
            (20.1, 0.08955376362061344),
            (100.0, 0.03994437929909668),
            (713.0, 0.014943127187904973),
        ],
    ),
    "i1": (
        16.0,
        [
            (1e-09, 5e-10),
            (0.5, 0.2578943053908963),
            (-3.0, -3.9533702174026093),
            (12.0, 18141.348781638833),
            (19.9, 38507423.87486228),
            (20.1, 46807739.533029884),
            (100.0, 1.0683693903381625e42),
            (713.0, 6.700424559186402e307),
        ],
    ),
    "i1e": (
        16.0,
        [
            (1e-09, 4.999999995000001e-10),
            (0.5, 0.1564208031848717),
            (-3.0, -0.19682671329730086),
            (12.0, 0.11146429929018098),
            (19.9, 0.0877171021317061),
            (20.1, 0.08729685184320159),
            (10000.0, 0.003989273195983662),
            (1e300, 3.9894228040143264e-151),
        ],
    ),
    "bessel_j0": (
        16.0,
        [
            (1e-09, 1.0),
            (0.5, 0.9384698072408129),
            (-3.0, -0.26005195490193345),
            (12.0, 0.047689310796833535),
            (100.0, 0.019985850304223122),
            (100000.0, -0.0017192011162359723),
        ],
    ),
    "bessel_y0": (
        16.0,
        [
            (1e-09, -13.266645074938387),
            (0.5, -0.44451873350670656),
            (3.0, 0.3768500100127904),
            (12.0, -0.22523731263436145),
            (100.0, -0.07724431336508315),
            (100000.0, 0.001846766158865064),
        ],
    ),
    "modified_bessel_k0": (
        16.0,
        [
            (1e-09, 20.839197352604824),
            (0.5, 0.9244190712276659),
            (1.99, 0.1153017675517768),
            (2.01, 0.11250436099872804),
            (12.0, 2.2008253973114916e-06),
            (100.0, 4.656628229175902e-45),
            (700.0, 4.669776431685377e-306),
        ],
    ),
    "scaled_modified_bessel_k0": (
        16.0,
        [
            (1e-09, 20.83919737344402),
            (0.5, 1.5241093857739094),
            (1.99, 0.8434939733789928),
            (2.01, 0.8396557490908678),
            (12.0, 0.3581948784890782),
            (100.0, 0.12517562165912657),
            (100000.0, 0.003963322343474756),
        ],
    ),
    "bessel_j1": (
        16.0,
        [
            (1e-09, 5e-10),
            (0.5, 0.2422684576748739),
            (-3.0, -0.3390589585259365),
            (12.0, -0.2234471044906276),
            (100.0, -0.07714535201411216),
            (100000.0, 0.0018467575628825677),
        ],
    ),
    "bessel_y1": (
        16.0,
        [
            (1e-09, -636619772.3675814),
            (0.5, -1.471472392670243),
            (3.0, 0.3246744247918),
            (12.0, -0.05709921826089652),
            (100.0, -0.020372312002759792),
            (100000.0, 0.0017192103500882562),
        ],
    ),
    "modified_bessel_k1": (
        16.0,
        [
            (1e-09, 999999999.9999999),
            (0.5, 1.656441120003301),
            (1.99, 0.14171756162240132),
            (2.01, 0.1380408773192077),
            (12.0, 2.290757464767188e-06),
            (100.0, 4.6798537356369095e-45),
            (700.0, 4.6731107967079664e-306),
        ],
    ),
    "scaled_modified_bessel_k1": (
        16.0,
        [
            (1e-09, 1000000000.9999999),
            (0.5, 2.731009708211786),
            (1.99, 1.0367396067608632),
            (2.01, 1.0302428743356034),
            (12.0, 0.37283175336970986),
            (100.0, 0.12579995047957854),
            (100000.0, 0.003963342160036932),
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


def test_bessel_functions_at_their_edges() -> None:
    x = ag.tensor([0.0, -0.0, INF, -INF, NAN])
    assert same(ag.i0(x), [1.0, 1.0, INF, INF, NAN]) and same(S.i0e(x), [1.0, 1.0, 0.0, 0.0, NAN])
    assert same(S.i1(x), [0.0, 0.0, INF, -INF, NAN]) and same(S.i1e(x), [0.0, 0.0, 0.0, 0.0, NAN])
    assert same(S.bessel_j0(x), [1.0, 1.0, 0.0, 0.0, NAN])
    positive = ag.tensor([0.0, -1.0, INF])
    for f in (S.bessel_y0, S.bessel_y1):
        assert same(f(positive), [-INF, NAN, 0.0])
    for n in (0, 1):
        for scaled in ("", "scaled_"):
            f = getattr(S, f"{scaled}modified_bessel_k{n}")
            assert same(f(positive), [INF, NAN, 0.0])
    assert S.modified_bessel_i0 is ag.i0
    y = ag.tensor([0.5, -2.0])
    assert S.modified_bessel_i1(y).tolist() == S.i1(y).tolist()
    assert ag.i0_(y) is y


def test_bessel_functions_around_their_roots() -> None:
    found = [S.bessel_j0(ag.tensor(2.404825557695773)), S.bessel_j1(ag.tensor(3.8317059702075125))]
    found += [S.bessel_y0(ag.tensor(0.8935769662791675)), S.bessel_y1(ag.tensor(2.197141326031017))]
    assert all(abs(y.item()) < 3e-16 for y in found)


def test_derivatives_of_bessel_functions_at_zero() -> None:
    assert [grad(ag.i0, 0.0, order=n) for n in (1, 2, 3, 4)] == [0.0, 0.5, 0.0, 0.375]
    assert [grad(S.i1, 0.0, order=n) for n in (1, 2, 3)] == [0.5, 0.0, 0.375]
    assert grad(S.i1, 0.0, order=5) == pytest.approx(0.3125, rel=1e-15)
    assert grad(S.i1e, 0.0) == 0.5 and grad(S.i0e, 0.0) == 0.0
    assert [grad(S.bessel_j0, 0.0, order=n) for n in (1, 2, 4)] == [0.0, -0.5, 0.375]
    assert [grad(S.bessel_j1, 0.0, order=n) for n in (1, 2, 3)] == [0.5, 0.0, -0.375]


@pytest.mark.parametrize(
    ("a", "x", "lower", "upper"),
    [
        (1e-05, 0.1, 0.9999817708537233, 1.8229146276698593e-05),
        (0.3, 1e-09, 0.0022232060865277742, 0.9977767939134722),
        (0.5, 0.5, 0.6826894921370859, 0.3173105078629141),
        (5.0, 200.0, 1.0, 9.413291991183476e-80),
        (17.0, 0.02, 3.616082339202853e-44, 1.0),
        (100.0, 10.0, 5.398589728139581e-63, 1.0),
        (10000.0, 10150.0, 0.9326593784960509, 0.06734062150394914),
        (1000000.0, 1000000.0, 0.5001329807608725, 0.4998670192391274),
        (1000000.0, 999000.0, 0.15865521357430365, 0.8413447864256963),
        # What is left beside 1 where a is next to nothing, x far below a, and both tails.
        (1e-20, 1.074, 1.0, 1.9405807342713207e-21),
        (3e-171, 0.5, 1.0, 1.6793207843284825e-171),
        (1e-10, 0.001, 0.999999999366846, 6.331539362213877e-10),
        (0.003, 0.9, 0.9992172377761276, 0.0007827622238724049),
        (0.005, 0.9, 0.998692944291374, 0.0013070557086260124),
        (28.8, 3.4e-10, 4.5053390072286995e-304, 1.0),
        (250.0, 300.0, 0.9986225281224718, 0.001377471877528202),
        (4000.0, 2600.0, 8.33547615732586e-143, 1.0),
        (4000.0, 6000.0, 1.0, 7.521840084056464e-167),
        (30000.0, 30500.0, 0.9979656764870863, 0.002034323512913683),
    ],
)
def test_incomplete_gamma_functions(a: float, x: float, lower: float, upper: float) -> None:
    pair = ag.tensor(a), ag.tensor(x)
    assert ag.igamma(*pair).item() == pytest.approx(lower, rel=1e-13, abs=0)
    assert ag.igammac(*pair).item() == pytest.approx(upper, rel=1e-13, abs=0)


@pytest.mark.parametrize(
    ("a", "x", "first", "second"),
    [
        (0.2, 0.01, -1.871314883163448, 7.546200041007776),
        (0.5, 2.0, -0.13561933520399724, -0.18285354926300593),
        (3.0, 3.2, -0.22781194780337502, -0.012959589479057898),
        (3.0, 40.0, -9.974330300089282e-15, -2.643640506693295e-14),
        (30.0, 5.0, -5.112152319361643e-14, 9.184395804181874e-14),
        (500.0, 490.0, -0.01628769732998268, 0.0003291158697324381),
        (1e-05, 0.1, -1.822905296857436, 1.8661750626957663),
        (21.0, 9.0, -0.0003949424284969719, 0.00033602525044727516),
        (25.0, 60.0, -1.010202848134979e-07, -8.871974395065538e-08),
        (150.0, 700.0, -4.2217998801089785e-141, -6.506917780607415e-141),
        (3000.0, 3050.0, -0.004784064783000951, -7.907940373172124e-05),
    ],
)
def test_slopes_in_the_first_argument(a: float, x: float, first: float, second: float) -> None:
    assert grad(S.gammainc, a, x) == pytest.approx(first, rel=1e-11, abs=0)
    assert grad(S.gammaincc, a, x) == pytest.approx(-first, rel=1e-11, abs=0)
    assert grad(S.gammainc, a, x, order=2) == pytest.approx(second, rel=1e-11, abs=0)


def test_slopes_in_many_first_arguments_at_once(rng: np.random.Generator) -> None:
    a = np.concatenate([10.0 ** rng.uniform(-6, 3, 150), [0.0, NAN, 2.0, 2.0, -1.0]])
    x = np.concatenate([a[:150] * rng.uniform(0.2, 3, 150), [1.0, 1.0, INF, 0.0, 1.0]])
    given = ag.tensor(a, requires_grad=True)
    S.gammainc(given, ag.tensor(x)).sum().backward()
    assert given.grad is not None
    one_by_one = [grad(S.gammainc, p, at) for p, at in zip(a.tolist(), x.tolist(), strict=True)]
    assert same(given.grad, one_by_one)
    given.grad = None
    S.gammainc(given, ag.tensor(1.5)).sum().backward()  # the other one the same for all
    assert same(given.grad[:9], [grad(S.gammainc, p, 1.5) for p in a[:9].tolist()])


def test_the_slope_in_a_large_first_argument() -> None:
    for a, x in ((1e10, 1e10), (1e12, 1e12 + 1e6), (1e14, 1e14 - 1e7)):
        normal = -math.exp(-((x - a) ** 2) / (2 * a)) / math.sqrt(2 * math.pi * a)
        assert grad(S.gammainc, a, x) == pytest.approx(normal, rel=1e-4, abs=0)
    assert grad(S.gammainc, 1e12, 1.0) == grad(S.gammainc, 1e12, 3e12) == 0.0


def test_edges_of_incomplete_gamma_functions() -> None:
    a = ag.tensor([0.0, 0.0, 2.0, 2.0, -1.0, 1.0, INF, INF, NAN])
    x = ag.tensor([0.0, 1.0, 0.0, INF, 1.0, -1.0, 1.0, INF, 1.0])
    wanted = [NAN, 1.0, 0.0, 1.0, NAN, NAN, 0.0, NAN, NAN]
    assert same(S.gammainc(a, x), wanted)
    assert same(S.gammaincc(a, x), [1 - p for p in wanted])
    assert [grad(S.gammainc, a, 0.0, by=1) for a in (0.5, 1.0, 2.0)] == [INF, 1.0, 0.0]
    assert grad(S.gammaincc, 1.0, 0.0, by=1) == -1.0 and grad(S.gammainc, 2.0, 0.0) == 0.0
    assert grad(S.gammainc, 1.0, 0.0, by=1, order=2) == -1.0
    with pytest.raises(NotImplementedError, match="not implemented for 'Long'"):
        ag.igamma(ag.tensor([1]), ag.tensor([1]))
    y = ag.tensor([2.0])
    assert y.igamma_(ag.tensor([1.0])) is y and y.item() == pytest.approx(1 - 2 / math.e, rel=1e-15)


@pytest.mark.parametrize(
    ("a", "b", "x", "share", "slopes"),
    [
        (0.5, 0.5, 0.3, 0.36901011956554536, (-0.6428114811572838, 0.46874458391550544)),
        (2.0, 3.0, 0.9, 0.9963, (-0.0037206817498923414, 0.007619564844077965)),
        (1.0, 1e-05, 0.9, 2.3025585837069605e-05, (-1.542269755682477e-05, 2.30253207462334)),
        (0.01, 30.0, 0.0001, 0.9487635077259844, (-4.997629632352319, 0.0003205914278819415)),
        (150.0, 40.0, 0.5, 7.483720720412328e-17, (-3.4796134200607973e-17, 6.613097933099969e-17)),
        (10000.0, 10000.0, 0.5, 0.5, (-0.002821006688412662, 0.002821006688412662)),
        (3.0, 1000000.0, 1e-06, 0.08030167298125863, (-0.10645951557904557, 1.839400884652926e-07)),
        (50.0, 2.0, 0.99, 0.9075091007063049, (-0.0030707105808320647, 0.15204519681749046)),
    ],
)
def test_incomplete_beta_function(
    a: float, b: float, x: float, share: float, slopes: tuple[float, float]
) -> None:
    given = [ag.tensor(v) for v in (a, b, x)]
    assert S.betainc(*given).item() == pytest.approx(share, rel=1e-12, abs=0)
    for by in (0, 1):
        assert grad(S.betainc, a, b, x, by=by) == pytest.approx(slopes[by], rel=1e-10, abs=0)
    if 1e-300 < share < 0.999999:
        back = S.betaincinv(given[0], given[1], ag.tensor(share)).item()
        again = S.betainc(given[0], given[1], ag.tensor(back)).item()
        assert again == pytest.approx(share, rel=1e-11, abs=0)


@pytest.mark.parametrize(
    ("a", "b", "share", "x"),
    [
        (2e-4, 2.5, 0.07, 0.0),  # what is wanted is 1e-5000 or so
        (3e-4, 3e-4, 0.98, 1.0),
        (0.08, 1e-4, 0.889, 1.0),
        (0.01, 5.0, 1e-3, 1.2539904511228e-301),
    ],
)
def test_betaincinv_next_to_its_ends(a: float, b: float, share: float, x: float) -> None:
    found = S.betaincinv(ag.tensor(a), ag.tensor(b), ag.tensor(share)).item()
    assert found == pytest.approx(x, rel=1e-12, abs=1e-307)


def test_edges_of_beta_functions() -> None:
    a, b = ag.tensor([0.0, -1.0, 1.0, 2.0, INF, NAN, 2.0]), ag.tensor(2.0)
    wanted = [NAN, NAN, 0.75, 0.5, NAN, NAN, 0.5]
    assert S.betainc(a, b, ag.tensor(0.5)).tolist() == pytest.approx(wanted, nan_ok=True, rel=1e-15)
    ends = ag.tensor([0.0, 1.0, -0.1, 1.1, NAN])
    for f in (S.betainc, S.betaincinv):
        assert same(f(b, b, ends), [0.0, 1.0, NAN, NAN, NAN])
    assert same(S.betaln(ag.tensor([0.0, 1.0]), ag.tensor(1.0)), [INF, 0.0])
    large = S.betaln(ag.tensor(2.0), ag.tensor(1e10)).item()
    assert large == pytest.approx(-2 * math.log(1e10) - 1e-10, rel=1e-15)
    assert [grad(S.betainc, a, 1.0, 0.0, by=2) for a in (0.5, 1.0, 2.0)] == [INF, 1.0, 0.0]
