# SPDX-License-Identifier: MIT
"""What is drawn: by which law, where it lies, and what that does to the tape.

Seeds are fixed, so that a test either always passes or never does. The bounds are those which one
seed in a thousand or fewer would miss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, leaf, run_python, values

F = ag.nn.functional
Draw = Callable[[Any, Any], Any]


def generator(seed: int = 0) -> ag.Generator:
    return ag.Generator().manual_seed(seed)


# In place: x is what is written to.
IN_PLACE: dict[str, Draw] = {
    "uniform_": lambda x, g: x.uniform_(-1.0, 3.0, generator=g),
    "normal_": lambda x, g: x.normal_(1.0, 2.0, generator=g),
    "log_normal_": lambda x, g: x.log_normal_(0.5, 0.25, generator=g),
    "exponential_": lambda x, g: x.exponential_(2.0, generator=g),
    "cauchy_": lambda x, g: x.cauchy_(1.0, 0.5, generator=g),
    "geometric_": lambda x, g: x.geometric_(0.3, generator=g),
    "random_": lambda x, g: x.random_(generator=g),
    "random_to": lambda x, g: x.random_(1000, generator=g),
    "random_from": lambda x, g: x.random_(-5, 5, generator=g),
    "bernoulli_": lambda x, g: x.bernoulli_(0.25, generator=g),
    "bernoulli_by": lambda x, g: x.bernoulli_(ag.full(x.shape, 0.25), generator=g),
}
EVERY = pytest.mark.parametrize("name", IN_PLACE)
# Of a number of elements.
OTHERS: dict[str, Draw] = {
    "rand": lambda n, g: ag.rand(n, generator=g),
    "randn": lambda n, g: ag.randn(n, generator=g),
    "randint": lambda n, g: ag.randint(7, (n,), generator=g),
    "randperm": lambda n, g: ag.randperm(n, generator=g),
    "bernoulli": lambda n, g: ag.bernoulli(ag.full((n,), 0.5), generator=g),
    "poisson": lambda n, g: ag.poisson(ag.full((n,), 15.0), g),
    "multinomial": lambda n, g: ag.multinomial(ag.ones(n), n, generator=g),
    "replaced": lambda n, g: ag.multinomial(ag.ones(9), n, True, generator=g),
}


# ---- laws ----------------------------------------------------------------------------------------


def kolmogorov(found: Any, law: Callable[[Any], Any]) -> float:
    """The largest distance between the shares found and those of the law, times sqrt(n): above
    1.95 once in a thousand."""
    x = np.sort(values(found).ravel())
    steps = np.arange(len(x) + 1) / len(x)
    exact = np.array([law(one) for one in x])
    return float(
        max(np.abs(exact - steps[1:]).max(), np.abs(exact - steps[:-1]).max())
    ) * math.sqrt(len(x))


@pytest.mark.parametrize(
    ("draw", "law"),
    [
        (lambda x, g: x.uniform_(-1, 3, generator=g), lambda x: (x + 1) / 4),
        (lambda x, g: x.normal_(1, 2, generator=g), lambda x: normal_share((x - 1) / 2)),
        (
            lambda x, g: x.log_normal_(0.5, 0.25, generator=g),
            lambda x: normal_share((math.log(x) - 0.5) / 0.25),
        ),
        (lambda x, g: x.exponential_(2, generator=g), lambda x: -math.expm1(-2 * x)),
        (
            lambda x, g: x.cauchy_(1, 0.5, generator=g),
            lambda x: 0.5 + math.atan((x - 1) / 0.5) / math.pi,
        ),
        (lambda x, g: ag.rand_like(x, generator=g), lambda x: x),
        (lambda x, g: ag.randn_like(x, generator=g), lambda x: normal_share(x)),
        (lambda x, g: x.random_(generator=g) / 2.0**53, lambda x: x),
        (lambda x, g: x.random_(-(2**53), 2**53, generator=g) / 2.0**54 + 0.5, lambda x: x),
        (lambda x, g: ag.randint(3 * 2**51, x.shape, generator=g) / (3.0 * 2**51), lambda x: x),
    ],
)
def test_continuous_laws(draw: Draw, law: Callable[[Any], Any]) -> None:
    for seed in range(2):
        assert kolmogorov(draw(ag.empty(5000), generator(seed)), law) < 1.95


def normal_share(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def chi_squared(found: Any, shares: dict[float, float]) -> float:
    """By how many of its deviations the sum of squared differences is above its mean; what the
    shares leave of 1 is the last class."""
    x = values(found).ravel()
    counts = np.array([np.count_nonzero(x == k) for k in shares])
    expected = np.array(list(shares.values())) * len(x)
    rest = len(x) - expected.sum()
    assert np.count_nonzero(~np.isin(x, list(shares))) == 0 or rest > 0.5
    if rest > 5:
        counts = np.append(counts, len(x) - counts.sum())
        expected = np.append(expected, rest)
    kept = expected > 5
    squares = ((counts - expected)[kept] ** 2 / expected[kept]).sum()
    freedom = int(kept.sum()) - 1
    return float((squares - freedom) / math.sqrt(2 * freedom))


def poisson_shares(rate: float) -> dict[float, float]:
    low, high = max(0, int(rate - 6 * rate**0.5)), int(rate + 9 * rate**0.5) + 5
    return {k: math.exp(k * math.log(rate) - rate - math.lgamma(k + 1)) for k in range(low, high)}


def binomial_shares(count: int, p: float) -> dict[float, float]:
    wide = 9 * math.sqrt(count * p * (1 - p)) + 5
    low, high = max(0, int(count * p - wide)), min(count, int(count * p + wide))
    ways = math.lgamma(count + 1)
    return {
        k: math.exp(
            ways
            - math.lgamma(k + 1)
            - math.lgamma(count - k + 1)
            + k * math.log(p)
            + (count - k) * math.log1p(-p)
        )
        for k in range(low, high + 1)
    }


# Few trials and many, rare successes and frequent ones: what is drawn in another way.
TRIALS = ((1, 0.3), (7, 0.5), (20, 0.25), (20, 0.9), (1000, 0.002), (1000, 0.4), (10**6, 0.7))


@pytest.mark.parametrize(
    ("draw", "shares"),
    [
        *[
            (
                lambda n, g, count=count, p=p: ag.binomial(
                    ag.full((n,), float(count)), ag.tensor(p), generator=g
                ),
                binomial_shares(count, p),
            )
            for count, p in TRIALS
        ],
        (lambda n, g: ag.randint(6, (n,), generator=g), dict.fromkeys(range(6), 1 / 6)),
        (lambda n, g: ag.randint(-3, 4, (n,), generator=g), dict.fromkeys(range(-3, 4), 1 / 7)),
        (lambda n, g: ag.empty(n).random_(10, generator=g), dict.fromkeys(range(10), 0.1)),
        (lambda n, g: ag.empty(n).bernoulli_(0.3, generator=g), {0: 0.7, 1: 0.3}),
        (lambda n, g: ag.full((n,), 0.3).bernoulli(generator=g), {0: 0.7, 1: 0.3}),
        (lambda n, g: ag.ones(n).bernoulli(0.3, generator=g), {0: 0.7, 1: 0.3}),
        (lambda n, g: ag.empty(n).bernoulli_(ag.full((n,), 0.8), generator=g), {0: 0.2, 1: 0.8}),
        (
            lambda n, g: ag.empty(n).geometric_(0.3, generator=g),
            {k: 0.3 * 0.7 ** (k - 1) for k in range(1, 25)},
        ),
        (
            lambda n, g: ag.multinomial(ag.tensor([1.0, 0.0, 3.0, 6.0]), n, True, generator=g),
            {0: 0.1, 2: 0.3, 3: 0.6},
        ),
        *[
            (lambda n, g, r=rate: ag.poisson(ag.full((n,), r), g), poisson_shares(rate))
            for rate in (0.05, 1.0, 9.5, 10.0, 30.0, 1000.0)
        ],
    ],
)
def test_discrete_laws(draw: Draw, shares: dict[float, float]) -> None:
    for seed in range(2):
        assert chi_squared(draw(20_000, generator(seed)), shares) < 3.6


@pytest.mark.parametrize("rate", [1e5, 1e8, 2e9, 1e14])
def test_poisson_of_large_rates_is_nearly_normal(rate: float) -> None:
    x = ag.poisson(ag.full((5000,), rate), generator(1))
    assert kolmogorov((x - rate) / rate**0.5, normal_share) < 1.95
    assert_same_bits(x, x.floor())


def test_every_order_is_as_likely() -> None:
    g = generator(2)
    found = [tuple(ag.randperm(4, generator=g).tolist()) for _ in range(4800)]
    orders = {order: k for k, order in enumerate(sorted(set(found)))}
    assert len(orders) == 24
    places = ag.tensor([float(orders[order]) for order in found])
    assert chi_squared(places, dict.fromkeys(range(24), 1 / 24)) < 3.6


def test_without_replacement_classes_come_as_if_drawn_one_by_one() -> None:
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    rows = ag.tensor(np.tile(weights, (20_000, 1)))
    found = values(ag.multinomial(rows, 3, generator=generator(3)))
    assert found.shape == (20_000, 3) and all(len(set(row)) == 3 for row in found[:500])
    shares = {}
    for a in range(4):
        for b in set(range(4)) - {a}:
            shares[10 * a + b] = weights[a] / 10 * weights[b] / (10 - weights[a])
    assert chi_squared(ag.tensor(10 * found[:, 0] + found[:, 1]), shares) < 3.6


def test_neighbours_know_nothing_of_each_other() -> None:
    for name in ("uniform_", "normal_", "exponential_", "random_to"):
        x = values(IN_PLACE[name](ag.empty(40_000), generator(4)))
        for step in (1, 2, 3, 512):
            assert abs(np.corrcoef(x[:-step], x[step:])[0, 1]) < 4 / math.sqrt(len(x))
    x = values(ag.poisson(ag.full((40_000,), 3.0), generator(4)))
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 4 / math.sqrt(len(x))


def test_bounds_are_kept() -> None:
    x = ag.empty(1000).uniform_(1.0, math.nextafter(1.0, 2.0), generator=generator())
    assert x.tolist() == [1.0] * 1000
    x = ag.empty(20_000).uniform_(-1e-320, 1e300, generator=generator())
    assert bool((x >= 0).all()) and bool((x < 1e300).all())
    assert ag.empty(2).uniform_(3.0, 3.0).tolist() == [3.0, 3.0]
    assert ag.empty(3).exponential_(math.inf).tolist() == [0.0] * 3
    whole = ag.empty(9, dtype=ag.int64).geometric_(1e-18)
    assert whole.max().item() <= 2**53
    assert ag.poisson(ag.tensor([0.0, -0.0, math.inf])).tolist() == [0, 0, math.inf]
    assert ag.multinomial(ag.tensor([5e-324, 0.0, 0.0]), 3).tolist() == [0, 1, 2]
    assert ag.multinomial(ag.tensor([0.0, 1e308, 1e308, 0.0]), 2).sort().values.tolist() == [1, 2]
    drawn = ag.multinomial(ag.tensor([0.0, 1e308, 1e308, 0.0]), 500, True)
    assert set(drawn.tolist()) == {1, 2}


# ---- where the numbers lie -----------------------------------------------------------------------


@pytest.mark.parametrize("name", [*IN_PLACE, *OTHERS])
def test_numbers_do_not_depend_on_threads(name: str) -> None:
    n = 200_001 if name in IN_PLACE else 70_001
    draw = OTHERS.get(name) or (lambda n, g: IN_PLACE[name](ag.empty(n), g))
    before = ag.get_num_threads()
    try:
        ag.set_num_threads(1)
        g = generator(5)
        expected, after = values(draw(n, g)), g.get_state()
        for threads in (2, 3, 8):
            ag.set_num_threads(threads)
            g = generator(5)
            np.testing.assert_array_equal(values(draw(n, g)), expected)
            assert_same_bits(g.get_state(), after)
    finally:
        ag.set_num_threads(before)


@EVERY
@pytest.mark.parametrize("n", [1, 2, 511, 512, 513, 9000])
def test_a_longer_draw_begins_with_a_shorter_one(name: str, n: int) -> None:
    longer = values(IN_PLACE[name](ag.empty(9001), generator(6)))
    np.testing.assert_array_equal(values(IN_PLACE[name](ag.empty(n), generator(6))), longer[:n])


@EVERY
def test_numbers_do_not_depend_on_memory(name: str) -> None:
    """Element k, counted row by row, gets the same number, and what is between them stays."""
    draw = IN_PLACE[name]
    for rows, columns in ((3, 5), (120, 101)):
        expected = values(draw(ag.empty(rows, columns), generator(7)))
        turned = ag.zeros(columns, rows).t()
        assert draw(turned, generator(7)) is turned and turned.stride() == (1, rows)
        assert_same_bits(turned, expected)
        whole = ag.full((rows, 2 * columns), 77.0)
        draw(whole[:, ::2], generator(7))
        assert_same_bits(whole[:, ::2], expected)
        assert bool((whole[:, 1::2] == 77.0).all())
    assert draw(ag.tensor(5.0), generator(7)).item() == expected[0, 0]
    assert draw(ag.empty(0, 3), generator(7)).shape == (0, 3)


def test_likes_lie_as_their_models() -> None:
    x = ag.zeros(3, 4).t()
    for make in (
        lambda: ag.rand_like(x, generator=generator()),
        lambda: ag.randn_like(x, generator=generator()),
        lambda: ag.randint_like(x, 9, generator=generator()),
    ):
        assert make().shape == (4, 3) and make().stride() == (1, 4)
        assert_same_bits(make(), make())
    plain = ag.randint(2, 9, (12,), generator=generator())
    assert_same_bits(ag.randint_like(ag.zeros(12), 2, 9, generator=generator()), plain.double())


@EVERY
def test_each_draw_takes_its_share_of_the_stream(name: str) -> None:
    """As many blocks as rand does: so what follows does not depend on the law."""
    expected = generator(8)
    for n in (1, 2, 7):
        g = generator(8)
        IN_PLACE[name](ag.empty(n), g)
        ag.rand(n, generator=expected.manual_seed(8))
        assert_same_bits(g.get_state(), expected.get_state())
        assert_same_bits(ag.rand(3, generator=g), ag.rand(3, generator=expected))


def test_the_process_has_one_stream() -> None:
    for draw in IN_PLACE.values():
        ag.manual_seed(3)
        first = values(draw(ag.empty(5), None))
        np.testing.assert_array_equal(values(draw(ag.empty(5), generator(3))), first)
    for other in OTHERS.values():
        ag.manual_seed(3)
        first = values(other(5, None))
        np.testing.assert_array_equal(values(other(5, generator(3))), first)


# ---- dtypes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["geometric_", "random_", "random_to", "bernoulli_"])
def test_whole_numbers_in_tensors_of_them(name: str) -> None:
    x = ag.zeros(2000, dtype=ag.int64)
    assert IN_PLACE[name](x, generator(9)) is x and x.dtype is ag.int64
    assert_same_bits(x.double(), values(IN_PLACE[name](ag.empty(2000), generator(9))))


def test_bools() -> None:
    x = ag.zeros(1000, dtype=ag.bool)
    for draw in (
        lambda: x.random_(),
        lambda: x.random_(2),
        lambda: x.random_(0, None),
        lambda: x.bernoulli_(0.5),
        lambda: x.bernoulli_(ag.full((1000,), 0.5)),
        lambda: x.bernoulli(0.5),
        lambda: ag.randint(2, (1000,), dtype=ag.bool),
        lambda: ag.randint_like(x, 2),
    ):
        y = draw()
        assert y.dtype is ag.bool and 400 < y.sum().item() < 600
    assert x.random_(1, 2).all() and not x.random_(1).any()


def test_dtypes_of_results() -> None:
    assert ag.randint(5, (2,)).dtype is ag.randperm(3).dtype is ag.int64
    assert ag.multinomial(ag.ones(3), 1).dtype is ag.int64
    x = ag.randint(5, (2,), dtype=ag.float64, requires_grad=True)
    assert x.dtype is ag.float64 and x.requires_grad and x.is_leaf
    assert ag.randperm(3, dtype=ag.float64).dtype is ag.float64
    assert ag.randint_like(ag.zeros(2), 3, dtype=ag.int64).dtype is ag.int64
    assert ag.bernoulli(ag.ones(2)).dtype is ag.poisson(ag.ones(2)).dtype is ag.float64
    for make in (ag.rand_like, ag.randn_like):
        assert make(ag.zeros(2, dtype=ag.int64), dtype=ag.float64).dtype is ag.float64


def test_out() -> None:
    for call, dtype in (
        (lambda **more: ag.rand(2, 3, **more), ag.float64),
        (lambda **more: ag.randn(2, 3, **more), ag.float64),
        (lambda **more: ag.bernoulli(ag.full((2, 3), 0.5), **more), ag.float64),
        (lambda **more: ag.randint(9, (2, 3), **more), ag.int64),
        (lambda **more: ag.randint(9, (2, 3), **more), ag.float64),
        (lambda **more: ag.multinomial(ag.ones(2, 4), 3, **more), ag.int64),
        (lambda **more: ag.randperm(6, **more), ag.int64),
    ):
        expected = call(generator=generator())
        out = ag.empty(expected.shape, dtype=dtype)
        assert call(generator=generator(), out=out) is out and out.dtype is dtype
        assert out.tolist() == expected.tolist()


# ---- the tape ------------------------------------------------------------------------------------


@EVERY
def test_what_is_overwritten_gets_no_gradient(name: str) -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x * 2.0
    version = y._version
    assert IN_PLACE[name](y, None) is y and y._version == version + 1
    assert y.requires_grad and not y.is_leaf
    (y * y).sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


@EVERY
def test_what_is_overwritten_in_part(name: str) -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x * 2.0
    part = y[1:]
    IN_PLACE[name](part, None)
    y.sum().backward()
    assert x.grad.tolist() == [2, 0, 0]
    x.grad = None
    y = x * 2.0
    view = y[1:]
    IN_PLACE[name](y, None)
    view.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


@EVERY
def test_what_may_not_be_written(name: str) -> None:
    g = generator(1)
    before = g.get_state()
    x = leaf([0.5, 0.25, 1.0])
    constant = np.zeros(3)
    constant.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        read_only = ag.from_numpy(constant)
    for target, said in (
        (x, "a leaf Variable that requires grad is being used in an in-place"),
        (x[:2], "a view of a leaf Variable that requires grad is being used"),
        (ag.zeros(3).expand(2, 3), "more than one element of the written-to tensor refers to"),
        (read_only, "the memory of this tensor is read-only"),
    ):
        with pytest.raises(RuntimeError, match=said):
            IN_PLACE[name](target, g)
        assert_same_bits(g.get_state(), before)
    with ag.no_grad():
        IN_PLACE[name](x, g)
    assert x.requires_grad and x.is_leaf and x.tolist() != [0.5, 0.25, 1.0]


def test_a_saved_value_that_is_drawn_over() -> None:
    x = leaf([1.0, 2.0])
    y = x * 1.0
    z = y * y
    y.normal_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_gradients_of_probabilities_and_rates_are_zero() -> None:
    p = leaf([0.25, 0.5])
    for call, name in (
        (lambda: ag.bernoulli(p), "BernoulliBackward0"),
        (lambda: p.bernoulli(0.5), "BernoulliBackward2"),
        (lambda: ag.zeros(3, 2).bernoulli_(p), "BernoulliBackward1"),
        (lambda: ag.poisson(p), "PoissonBackward0"),
    ):
        p.grad = None
        y = call()
        assert y.grad_fn is not None and y.grad_fn.name() == name
        (y + p).sum().backward()
        assert p.grad.tolist() == [y.numel() / 2] * 2
    assert not ag.multinomial(p, 1).requires_grad and not ag.randint_like(p, 3).requires_grad


def test_large_tensors_pend_and_are_overwritten() -> None:
    """Values that are not computed yet are those from before the write."""
    x = ag.rand(50_000, generator=generator())
    y = x * 2.0
    x.exponential_(generator=generator(1))
    np.testing.assert_array_equal(values(y), 2 * values(ag.rand(50_000, generator=generator())))
    z = (x + 1.0).uniform_(generator=generator(2))
    assert_same_bits(z, ag.rand(50_000, generator=generator(2)))


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda x, g: x.uniform_(3, 2, generator=g), RuntimeError, "uniform_ expects to return a"),
        (lambda x, g: x.uniform_(math.nan, generator=g), RuntimeError, "from is out of bounds"),
        (lambda x, g: x.uniform_(0, math.inf, generator=g), RuntimeError, "to is out of bounds"),
        (
            lambda x, g: x.uniform_(-1e308, 1e308, generator=g),
            RuntimeError,
            "uniform_ expects to-f",
        ),
        (lambda x, g: x.long().uniform_(generator=g), NotImplementedError, '"check_uniform_bounds'),
        (
            lambda x, g: x.normal_(0, -1, generator=g),
            RuntimeError,
            "normal expects std >= 0.0, but",
        ),
        (
            lambda x, g: x.long().normal_(generator=g),
            NotImplementedError,
            '"normal_kernel_cpu" not',
        ),
        (
            lambda x, g: x.log_normal_(0, 0, generator=g),
            RuntimeError,
            "log_normal_ expects std > 0",
        ),
        (
            lambda x, g: x.exponential_(0, generator=g),
            RuntimeError,
            "exponential_ expects lambda >",
        ),
        (lambda x, g: x.long().exponential_(generator=g), RuntimeError, "Exponential distribution"),
        (lambda x, g: x.cauchy_(0, math.nan, generator=g), RuntimeError, "cauchy_ expects sigma >"),
        (lambda x, g: x.geometric_(1, generator=g), RuntimeError, "geometric_ expects p to be in"),
        (lambda x, g: x.random_(0, generator=g), RuntimeError, "random_ expects 'from' to be less"),
        (
            lambda x, g: x.random_(3, 3, generator=g),
            RuntimeError,
            "random_ expects 'from' to be le",
        ),
        (
            lambda x, g: x.bool().random_(3, generator=g),
            RuntimeError,
            "to - 1 is out of bounds for",
        ),
        (
            lambda x, g: x.bool().random_(-1, 1, generator=g),
            RuntimeError,
            "from is out of bounds f",
        ),
        (
            lambda x, g: x.long().random_(2**60, generator=g),
            RuntimeError,
            "to - 1 is out of bounds",
        ),
        (
            lambda x, g: x.bernoulli_(1.5, generator=g),
            RuntimeError,
            "bernoulli_ expects p to be in",
        ),
        (lambda x, g: x.bernoulli_(x * 3, generator=g), RuntimeError, "Expected p_in >= 0 && p_in"),
        (
            lambda x, g: x.bernoulli_(x.long(), generator=g),
            NotImplementedError,
            '"bernoulli_tensor',
        ),
        (
            lambda x, g: x.bernoulli_(ag.ones(2), generator=g),
            RuntimeError,
            "The expanded size of th",
        ),
        (lambda x, g: ag.bernoulli(x - 1, generator=g), RuntimeError, "Expected p_in >= 0 && p_in"),
        (
            lambda x, g: ag.bernoulli(x.bool(), generator=g),
            NotImplementedError,
            '"bernoulli_tensor',
        ),
        (lambda x, g: ag.bernoulli(x, math.nan, generator=g), RuntimeError, "bernoulli_ expects p"),
        (lambda x, g: ag.poisson(-x, g), RuntimeError, "invalid Poisson rate, expected rate to be"),
        (lambda x, g: ag.poisson(x * math.nan, g), RuntimeError, "invalid Poisson rate, expected"),
        (
            lambda x, g: ag.poisson(x.long(), g),
            NotImplementedError,
            '"poisson_cpu" not implemented',
        ),
        (
            lambda x, g: ag.multinomial(x, 4, generator=g),
            RuntimeError,
            "cannot sample n_sample > p",
        ),
        (
            lambda x, g: ag.multinomial(x, 0, generator=g),
            RuntimeError,
            "cannot sample n_sample <= 0",
        ),
        (
            lambda x, g: ag.multinomial(-x, 1, generator=g),
            RuntimeError,
            "probability tensor contain",
        ),
        (
            lambda x, g: ag.multinomial(x * 0, 1, generator=g),
            RuntimeError,
            "invalid multinomial dis",
        ),
        (
            lambda x, g: ag.multinomial(x[0], 1, generator=g),
            RuntimeError,
            "prob_dist must be 1 or 2",
        ),
        (
            lambda x, g: ag.multinomial(x.long(), 1, generator=g),
            RuntimeError,
            "multinomial only sup",
        ),
        (
            lambda x, g: ag.multinomial(x, 1, generator=g, out=ag.empty(1)),
            RuntimeError,
            "multinomial expects Long tensor out, got: Double",
        ),
        (
            lambda x, g: ag.randint(3, 1, (2,), generator=g),
            RuntimeError,
            "random_ expects 'from' to",
        ),
        (
            lambda x, g: ag.randint(3, (-2,), generator=g),
            RuntimeError,
            "randint: Dimension size mus",
        ),
        (
            lambda x, g: ag.randint(2**60, (2,), generator=g),
            RuntimeError,
            "to - 1 is out of bounds",
        ),
        (
            lambda x, g: ag.randint(3, (2,), dtype=ag.bool, generator=g),
            RuntimeError,
            "to - 1 is out of bounds for bool",
        ),
        (
            lambda x, g: ag.randint(3, (2,), requires_grad=True, generator=g),
            RuntimeError,
            "Only Tensors of floating point",
        ),
        (
            lambda x, g: ag.randint_like(x.bool(), 3, generator=g),
            RuntimeError,
            "to - 1 is out of bo",
        ),
        (
            lambda x, g: ag.randperm(-1, generator=g),
            RuntimeError,
            "randperm: Dimension size must be",
        ),
        (
            lambda x, g: ag.randperm(3, dtype=ag.bool, generator=g),
            NotImplementedError,
            "\"randperm\" not implemented for 'Bool'",
        ),
        (
            lambda x, g: ag.rand_like(x.long(), generator=g),
            NotImplementedError,
            '"rand_like" not im',
        ),
        (
            lambda x, g: x.uniform_("a"),
            TypeError,
            "uniform_(): argument 'from_' must be Number, not",
        ),
        (lambda x, g: x.uniform_(0, 1, g), TypeError, "uniform_() takes from 0 to 2 positional"),
        (
            lambda x, g: x.geometric_(),
            TypeError,
            "geometric_() missing 1 required positional argume",
        ),
        (lambda x, g: x.random_(1.5), TypeError, "random_() received an invalid combination of"),
        (lambda x, g: x.bernoulli_("a"), TypeError, "bernoulli_() received an invalid combination"),
        (
            lambda x, g: ag.randperm(5.0),
            TypeError,
            "randperm(): argument 'n' must be int, not float",
        ),
        (lambda x, g: ag.randint(5.0, (2,)), TypeError, "randint(): argument 'high' must be int"),
        (lambda x, g: ag.randint(5), TypeError, "randint()"),
        (lambda x, g: x.normal_(generator=3), TypeError, "normal_(): argument 'generator' must be"),
    ],
)
def test_what_is_refused_uses_no_numbers(call: Draw, error: type[Exception], said: str) -> None:
    g, x = generator(1), ag.tensor([0.5, 0.75, 1.0])
    before, old = g.get_state(), values(x)
    with pytest.raises(error) as caught:
        call(x, g)
    assert str(caught.value).startswith(said) and type(caught.value) is error
    assert_same_bits(g.get_state(), before)
    np.testing.assert_array_equal(values(x), old)


def test_pytorchs_name_of_the_lower_bound() -> None:
    """Which is a word of Python, so that it can be given by ** alone."""
    x = ag.empty(5)
    expected = values(x.uniform_(2.0, 3.0, generator=generator()))
    assert_same_bits(x.uniform_(**{"from": 2.0, "to": 3.0}, generator=generator()), expected)
    assert_same_bits(x.uniform_(from_=2.0, to=3.0, generator=generator()), expected)
    assert x.random_(**{"from": 5, "to": 6}).tolist() == [5.0] * 5


# ---- the process's state -------------------------------------------------------------------------


def test_the_state_of_the_process() -> None:
    ag.manual_seed(5)
    state = ag.get_rng_state()
    assert state.dtype is ag.int64 and state.tolist() == [5, 0, 0, 0]
    drawn = ag.rand(6)
    assert ag.get_rng_state().tolist() == [5, 0, 3, 0]
    assert ag.set_rng_state(state) is None
    assert_same_bits(ag.rand(6), drawn)
    ag.set_rng_state(state.double())
    assert_same_bits(ag.rand(6), drawn)
    assert ag.initial_seed() == 5 and ag.random.initial_seed() == 5
    seed = ag.seed()
    assert seed == ag.initial_seed() == ag.default_generator.initial_seed() != 5
    assert ag.random.manual_seed is ag.manual_seed and ag.random.seed is ag.seed
    with pytest.raises(TypeError, match=r"set_state\(\): argument 'new_state' must be Tensor"):
        ag.set_rng_state(3)


def test_fork_rng() -> None:
    ag.manual_seed(5)
    ag.rand(3)
    state = ag.get_rng_state()
    with ag.random.fork_rng():
        inside = ag.rand(4)
        ag.manual_seed(9)
    assert_same_bits(ag.get_rng_state(), state)
    assert_same_bits(ag.rand(4), inside)
    ag.set_rng_state(state)
    with pytest.raises(ZeroDivisionError), ag.random.fork_rng(devices=[]):
        ag.rand(4)
        raise ZeroDivisionError
    assert_same_bits(ag.get_rng_state(), state)
    with ag.random.fork_rng(enabled=False):
        ag.rand(4)
    assert ag.get_rng_state().tolist() != state.tolist()

    @ag.random.fork_rng()
    def draw() -> Any:
        return ag.rand(4)

    assert_same_bits(draw(), draw())
    for wrong in ({"device_type": "cuda"}, {"devices": ["cuda"]}):
        with pytest.raises(RuntimeError, match="cpu"), ag.random.fork_rng(**wrong):
            pass


def test_clones_of_generators() -> None:
    for g in (generator(2**63 + 5), ag.default_generator):
        ag.rand(5, generator=g)
        twin = g.clone_state()
        assert type(twin) is ag.Generator and twin is not g
        assert twin.initial_seed() == g.initial_seed()
        assert_same_bits(ag.randn(7, generator=twin), ag.randn(7, generator=g))


DRAWS = """
import hashlib, json
import pyautograd as ag
g, seen = ag.Generator().manual_seed(5), hashlib.sha256()
ends = ((0, 10), (-5, 2**32 - 7), (2**51, 2**51 + 3), (-(2**53), 2**53), (0, 2**33), (3, 4))
for n in (1, 7, 1001):
    for low, high in ends:
        x = ag.zeros(n).random_(low, high, generator=g)
        assert bool(((x >= low) & (x < high)).all())
        seen.update(x.numpy().tobytes())
    for rate in (0.3, 4.0, 9.5, 30.0):
        seen.update(ag.poisson(ag.full((n,), rate), g).numpy().tobytes())
    seen.update(ag.randperm(n, generator=g).numpy().tobytes())
print(json.dumps(seen.hexdigest()))
"""


@pytest.mark.parametrize("level", ["avx2", "avx512"])
def test_numbers_drawn_are_the_same_at_every_level(level: str) -> None:
    base = run_python(DRAWS, PYAUTOGRAD_SIMD="base")
    assert run_python(DRAWS, PYAUTOGRAD_SIMD=level) == base
