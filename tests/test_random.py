# SPDX-License-Identifier: MIT
"""Generators, and what is drawn from them: streams that are their own, states, normal."""

from __future__ import annotations

import copy
import gc
import math
import os
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, leaf, run_python, values

# More than one thread's share, an odd number, one, none.
SIZES = (100_001, 7, 1, 0)

DRAWS: list[Callable[[Any, int], Any]] = [
    lambda g, n: ag.rand(n, generator=g),
    lambda g, n: ag.randn((n,), generator=g),
    lambda g, n: ag.normal(1.0, 2.0, (n,), generator=g),
    lambda g, n: ag.normal(ag.ones(n), 2.0, generator=g),
    lambda g, n: ag.normal(1.0, ag.ones(n), generator=g),
    lambda g, n: ag.normal(ag.ones(n), ag.ones(n), generator=g),
]
EVERY_DRAW = pytest.mark.parametrize("draw", DRAWS)


# ---- streams -------------------------------------------------------------------------------------


@EVERY_DRAW
@pytest.mark.parametrize("n", SIZES)
def test_a_generator_gives_what_the_process_gives_by_that_seed(draw: Any, n: int) -> None:
    ag.manual_seed(11)
    first, second = draw(None, n), draw(None, n)
    g = ag.Generator().manual_seed(11)
    assert_same_bits(draw(g, n), first)
    assert_same_bits(draw(g, n), second)
    ag.manual_seed(11)
    assert_same_bits(draw(ag.default_generator, n), first)
    assert_same_bits(draw(None, n), second)
    assert n == 0 or not np.array_equal(values(first), values(second))


@EVERY_DRAW
def test_streams_do_not_touch_each_other(draw: Any) -> None:
    def all_of(generators: list[Any]) -> list[Any]:
        return [values(draw(g, 9)) for g in generators]

    a, b = ag.Generator().manual_seed(1), ag.Generator().manual_seed(2)
    ag.manual_seed(3)
    alone = [[values(draw(g, 9)) for _ in range(4)] for g in (a, b, None)]
    a.manual_seed(1), b.manual_seed(2), ag.manual_seed(3)
    mixed = [all_of([a, b, None]) for _ in range(4)]
    for k in range(4):
        for which in range(3):
            np.testing.assert_array_equal(mixed[k][which], alone[which][k])
    assert len(np.unique(np.concatenate([np.ravel(part) for part in alone]))) == 3 * 4 * 9


def test_each_new_generator_begins_at_the_same_place() -> None:
    """As PyTorch's do, whose first seed is this one; that of the process is drawn."""
    assert ag.Generator().initial_seed() == ag.Generator("cpu").initial_seed() == 67280421310721
    assert_same_bits(ag.rand(5, generator=ag.Generator()), ag.rand(5, generator=ag.Generator()))
    code = "import json, pyautograd as ag; print(json.dumps(ag.default_generator.initial_seed()))"
    assert run_python(code) != run_python(code)


def test_seeds() -> None:
    g = ag.Generator()
    for seed, said in ((0, 0), (2**64 - 1, 2**64 - 1), (-1, 2**64 - 1), (np.int64(5), 5)):
        assert g.manual_seed(seed) is g and g.initial_seed() == said
    assert ag.manual_seed(9) is ag.default_generator and ag.default_generator.initial_seed() == 9
    assert ag.default_generator.manual_seed(12) is ag.default_generator
    expected = ag.rand(3, generator=ag.Generator().manual_seed(12))
    assert_same_bits(ag.rand(3), expected)
    seeds = {g.seed() for _ in range(20)}
    assert len(seeds) == 20 and all(0 <= seed < 2**64 for seed in seeds)
    assert max(seeds) > 2**32 and g.initial_seed() in seeds
    drawn = ag.rand(3, generator=g)
    assert_same_bits(ag.rand(3, generator=g.manual_seed(g.initial_seed())), drawn)


def test_it_is_what_it_says() -> None:
    g = ag.Generator(device="cpu")
    assert type(g) is ag.Generator and g.device is ag.device("cpu")
    for cpu in (None, "cpu", "cpu:0", ag.device("cpu"), g.device):
        assert ag.Generator(cpu).device is g.device
    assert isinstance(ag.default_generator, ag.Generator)
    assert ag.Generator.__module__ == "pyautograd" and repr(g).startswith("<pyautograd.Generator")
    assert g == g and g != ag.Generator() and len({g, g}) == 1


def test_it_lives_as_long_as_it_is_used() -> None:
    for _ in range(1000):
        ag.rand(3, generator=ag.Generator())
    g = ag.Generator()
    del g
    gc.collect()
    ag.rand(3)


# ---- states --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 5, 2**32 - 1, 2**32, 2**64 - 1])
def test_states(seed: int) -> None:
    g = ag.Generator().manual_seed(seed)
    ag.rand(12_345, generator=g)
    state = g.get_state()
    drawn = ag.randn(100, generator=g)
    assert not np.array_equal(values(g.get_state()), values(state))
    for other in (g, ag.Generator(), ag.default_generator):
        assert other.set_state(state) is other and other.initial_seed() == seed
        assert_same_bits(ag.randn(100, generator=other), drawn)
    assert isinstance(state, ag.Tensor) and state.dtype is ag.int64


COPIES = [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))]


@pytest.mark.parametrize("make", COPIES)
def test_copies_and_pickles(make: Any) -> None:
    for g in (ag.Generator().manual_seed(2**63 + 1), ag.default_generator):
        ag.rand(7, generator=g)
        twin = make(g)
        assert type(twin) is ag.Generator and twin is not g
        assert twin.initial_seed() == g.initial_seed()
        assert_same_bits(ag.rand(9, generator=twin), ag.rand(9, generator=g))
        twin.manual_seed(0)
        assert not np.array_equal(values(twin.get_state()), values(g.get_state()))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol(protocol: int) -> None:
    g = pickle.loads(pickle.dumps(ag.Generator().manual_seed(3), protocol))
    assert_same_bits(ag.rand(4, generator=g), ag.rand(4, generator=ag.Generator().manual_seed(3)))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda g: g.set_state(3), TypeError, "set_state(): argument 'new_state' must be Tensor"),
        (lambda g: g.set_state([1.0]), TypeError, "set_state(): argument 'new_state' must be"),
        (lambda g: g.set_state(ag.zeros(3)), RuntimeError, "Expected a generator state of size 4"),
        (lambda g: g.set_state(ag.zeros(2, 2)), RuntimeError, "Expected a generator state of size"),
        (lambda g: g.set_state(ag.tensor([0.5, 0, 0, 0])), RuntimeError, "RNG state must be a ten"),
        (lambda g: g.set_state(ag.tensor([0, 0, 0, -1.0])), RuntimeError, "RNG state must be a te"),
        (lambda g: g.set_state(ag.tensor([0, 2.0**32, 0, 0])), RuntimeError, "RNG state must be a"),
        (lambda g: g.set_state(ag.tensor([math.nan] * 4)), RuntimeError, "RNG state must be a ten"),
        (lambda g: g.__setstate__(3), TypeError, "__setstate__(): argument 'state' must be tuple"),
        (lambda g: g.__setstate__((1,)), TypeError, "__setstate__(): argument 'state' must be tup"),
        (lambda g: g.__setstate__((1, "a")), TypeError, ""),
        (lambda g: g.__setstate__((-1, 2)), OverflowError, ""),
        (lambda g: g.manual_seed("a"), RuntimeError, "manual_seed expected a long, but got str"),
        (lambda g: g.manual_seed(1.0), RuntimeError, "manual_seed expected a long, but got float"),
        (lambda g: g.manual_seed(True), RuntimeError, "manual_seed expected a long, but got bool"),
        (lambda g: g.manual_seed(ag.ones(1)), RuntimeError, "manual_seed expected a long, but got"),
        (lambda g: g.manual_seed(2**64), ValueError, "manual_seed() takes an int of at most 64"),
        (lambda g: g.manual_seed(), TypeError, ""),
    ],
)
def test_what_is_refused_changes_nothing(call: Any, error: type[Exception], text: str) -> None:
    g = ag.Generator().manual_seed(8)
    ag.rand(5, generator=g)
    before = values(g.get_state())
    with pytest.raises(error) as caught:
        call(g)
    assert str(caught.value).startswith(text)
    np.testing.assert_array_equal(values(g.get_state()), before)


def test_devices_that_there_are_not() -> None:
    with pytest.raises(RuntimeError, match="device must be \"cpu\", the only one, not 'cuda'"):
        ag.Generator("cuda")
    with pytest.raises(TypeError, match=r"device must be a str or pyautograd\.device, not int"):
        ag.Generator(3)
    with pytest.raises(TypeError, match="takes from 0 to 1 positional arguments but 2 were given"):
        ag.Generator("cpu", "cpu")


# ---- threads and forks ---------------------------------------------------------------------------


def test_threads_that_share_a_generator_get_all_of_its_numbers() -> None:
    """Together what one thread would get, each block once, in whatever order."""
    g, parts = ag.Generator().manual_seed(4), []

    def work() -> None:
        for _ in range(100):
            parts.append(values(ag.rand(50, generator=g)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = values(ag.rand(4 * 100 * 50, generator=g.manual_seed(4)))
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.sort(expected))


def test_a_thread_with_its_own_generator_gets_the_same_numbers_beside_others() -> None:
    expected = values(ag.randn(200_000, generator=ag.Generator().manual_seed(6)))
    found: list[Any] = []

    def work() -> None:
        g = ag.Generator().manual_seed(6)
        found.append(np.concatenate([values(ag.randn(20_000, generator=g)) for _ in range(10)]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for one in found:
        np.testing.assert_array_equal(one, expected)


FORKS = """
    import json, os, threading, warnings
    import pyautograd as ag

    warnings.simplefilter("ignore")  # that the process has threads
    shared, own, stop = ag.Generator(), ag.Generator().manual_seed(1), False
    expected = ag.rand(9, generator=ag.Generator().manual_seed(1)).tolist()

    def work():
        while not stop:
            ag.rand(2, generator=shared)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    statuses = []
    for k in range(200):
        pid = os.fork()
        if pid == 0:
            ag.rand(50_000, generator=shared).sum().item()
            os._exit(0 if ag.rand(9, generator=own).tolist() == expected else 1)
        statuses.append(os.waitpid(pid, 0)[1])
    stop = True
    for thread in threads:
        thread.join()
    print(json.dumps([len(statuses), sum(statuses)]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_children_of_fork_have_generators_of_their_own() -> None:
    """No lock is left taken, and a child draws from where its parent was."""
    assert run_python(FORKS) == [200, 0]


# ---- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rand", "randn"])
def test_the_argument_of_rand(name: str) -> None:
    make, g = getattr(ag, name), ag.Generator().manual_seed(1)
    expected = make(6, generator=g)
    for call in (
        lambda: make((6,), generator=g),
        lambda: make(size=(6,), generator=g),
        lambda: make(6, generator=g, dtype=ag.float64, requires_grad=True),
    ):
        g.manual_seed(1)
        assert_same_bits(call(), expected)
    assert make(2, generator=None).shape == (2,)
    for wrong in (3, "cpu", ag.zeros(1), ag.Generator):
        with pytest.raises(TypeError, match=rf"{name}\(\): argument 'generator' must be Generator"):
            make(2, generator=wrong)
    for wrong_call in (make, getattr(ag, f"{name}_like")):
        with pytest.raises(TypeError):
            wrong_call(ag.zeros(2), ag.Generator())
    with pytest.raises(RuntimeError, match="Dimension size must be non-negative"):
        make(-1, generator=g.manual_seed(1))
    assert_same_bits(make(6, generator=g), expected)


# ---- normal --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 4), (3, 20_000)])
def test_normal_is_randn_stretched_and_moved(shape: tuple[int, ...]) -> None:
    ag.manual_seed(3)
    plain = values(ag.randn(shape))
    draw = np.random.default_rng(0)
    mean, std = draw.normal(size=shape), draw.random(shape)
    m, s = ag.tensor(mean), ag.tensor(std)
    for call, expected in (
        (lambda: ag.normal(0, 1, shape), plain),
        (lambda: ag.normal(2.5, 0.5, size=shape), 2.5 + 0.5 * plain),
        (lambda: ag.normal(m, s), mean + std * plain),
        (lambda: ag.normal(m, 3), mean + 3 * plain),
        (lambda: ag.normal(m), mean + plain),
        (lambda: ag.normal(mean=2, std=s), 2 + std * plain),
    ):
        ag.manual_seed(3)
        np.testing.assert_array_equal(values(call()), expected)


def test_normal_broadcasts_and_is_row_major() -> None:
    mean, std = ag.arange(3.0), ag.tensor([[0.5], [2.0]])
    g = ag.Generator()
    plain = values(ag.randn(2, 3, generator=g))
    found = ag.normal(mean, std, generator=ag.Generator())
    np.testing.assert_array_equal(values(found), values(mean) + values(std) * plain)
    turned = ag.arange(6.0).reshape(3, 2).t()
    for x in (ag.normal(turned), ag.normal(0.0, turned), ag.normal(turned, turned)):
        assert x.stride() == (3, 1)
    np.testing.assert_array_equal(
        values(ag.normal(turned, generator=ag.Generator())), values(turned) + plain
    )
    assert_same_bits(ag.normal(ag.ones(1).expand(4), 0.0), np.ones(4))
    with pytest.raises(RuntimeError, match=r"The size of tensor a \(3\) must match"):
        ag.normal(mean, ag.ones(2))


def test_normal_has_its_mean_and_deviation() -> None:
    x = values(ag.normal(5.0, 3.0, (100_000,), generator=ag.Generator().manual_seed(1)))
    assert abs(x.mean() - 5) < 0.05 and abs(x.std() - 3) < 0.05
    assert_same_bits(ag.normal(ag.tensor([1.0, math.inf]), 0.0), np.array([1.0, math.inf]))
    assert values(ag.normal(math.nan, 1.0, (2,))).tolist() != [0, 0]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda g: ag.normal(0.0, -1, (2,), generator=g), "std >= 0.0, but found std -1"),
        (lambda g: ag.normal(ag.ones(2), -0.25, generator=g), "std >= 0.0, but found std -0.25"),
        (lambda g: ag.normal(ag.ones(2), math.nan, generator=g), "std >= 0.0, but found std nan"),
        (lambda g: ag.normal(ag.ones(0), -1.0, generator=g), "std >= 0.0, but found std -1"),
        (lambda g: ag.normal(0, ag.tensor([1.0, -1e-9]), generator=g), "all elements of std >= 0"),
        (lambda g: ag.normal(0, ag.tensor(math.nan), generator=g), "all elements of std >= 0.0"),
        (lambda g: ag.normal(ag.ones(2), -ag.ones(20_000, 1), generator=g), "all elements of std"),
    ],
)
def test_no_deviation_is_negative(call: Any, said: str) -> None:
    g = ag.Generator()
    before = values(g.get_state())
    with pytest.raises(RuntimeError) as caught:
        call(g)
    assert str(caught.value).startswith(f"normal expects {said}")
    np.testing.assert_array_equal(values(g.get_state()), before)


def test_normal_of_zero_deviations_that_are_negative_zero() -> None:
    assert_same_bits(ag.normal(ag.ones(2), ag.tensor([-0.0, 0.0])), np.ones(2))
    assert ag.normal(1.0, -0.0, (1,)).item() == 1


def test_gradients_of_normal_are_zero() -> None:
    """As PyTorch's: what is drawn is recorded, and does not change with mean or deviation."""
    for call, name in (
        (lambda x: ag.normal(x, 2.0), "NormalBackward1"),
        (lambda x: ag.normal(1.0, x), "NormalBackward2"),
        (lambda x: ag.normal(x, ag.ones(3, 2)), "NormalBackward3"),
        (lambda x: ag.normal(x.detach(), x.reshape(2, 1)), "NormalBackward3"),
    ):
        x = leaf([1.0, 2.0])
        y = call(x)
        assert y.requires_grad and y.grad_fn.name() == name
        (y * y).sum().backward()
        assert x.grad.tolist() == [0, 0]
        with ag.no_grad():
            assert not call(x).requires_grad
    assert not ag.normal(ag.ones(2), ag.ones(2)).requires_grad
    assert ag.normal(0.0, 1.0, (2,), requires_grad=True).is_leaf
    assert ag.normal(0.0, 1.0, (2,), requires_grad=True).requires_grad


def test_normal_with_out() -> None:
    g = ag.Generator()
    for call in (
        lambda **more: ag.normal(0.0, 1.0, (2, 3), **more),
        lambda **more: ag.normal(ag.zeros(2, 3), 1.0, **more),
        lambda **more: ag.normal(0.0, ag.ones(2, 3), **more),
        lambda **more: ag.normal(ag.zeros(2, 3), ag.ones(3), **more),
    ):
        expected = call(generator=g.manual_seed(2))
        out = ag.empty(2, 3)
        assert call(generator=g.manual_seed(2), out=out) is out
        assert_same_bits(out, expected)
    whole = ag.zeros(3, 4)
    ag.normal(5.0, 0.0, (3, 2), out=whole[:, ::2])
    assert whole.tolist() == [[5, 0, 5, 0]] * 3
    out = ag.empty(2)
    assert ag.normal(0.0, 1.0, (2,), out=out, requires_grad=True).requires_grad
    with pytest.raises(RuntimeError, match=r"^normal\(\): functions with out=... arguments don't"):
        ag.normal(leaf([1.0]), 1.0, out=ag.empty(1))
    with pytest.raises(TypeError, match=r"normal\(\): argument 'out' must be Tensor, not int"):
        ag.normal(0.0, 1.0, (2,), out=3)


class Sub(ag.Tensor):
    pass


def test_normal_of_subclasses() -> None:
    x = ag.ones(2).as_subclass(Sub)
    for y in (ag.normal(x), ag.normal(x, x), ag.normal(0.0, x), ag.normal(ag.ones(2), x)):
        assert type(y) is Sub
    assert type(ag.normal(ag.ones(2), 1.0)) is ag.Tensor


@pytest.mark.parametrize(
    "call",
    [
        lambda: ag.normal(),
        lambda: ag.normal(0.0, 1.0),
        lambda: ag.normal(0.0, 1.0, (2,), None),
        lambda: ag.normal(0.0, 1.0, (2,), generator=3),
        lambda: ag.normal(ag.ones(2), 1.0, generator="cpu"),
        lambda: ag.normal("a", 1.0, (2,)),
        lambda: ag.normal(ag.ones(2), "a"),
        lambda: ag.normal(ag.ones(2), 1.0, (2,)),
        lambda: ag.normal(ag.ones(2), 1.0, requires_grad=True),
        lambda: ag.normal(0.0, 1.0, ("a",)),
    ],
)
def test_wrong_arguments_of_normal(call: Any) -> None:
    with pytest.raises(TypeError, match=r"^normal\(\)"):
        call()


def test_normal_takes_numbers_that_lie_in_tensors() -> None:
    ag.manual_seed(1)
    expected = ag.normal(1.0, 2.0, (3,))
    ag.manual_seed(1)
    assert_same_bits(ag.normal(ag.tensor(1.0), ag.tensor(2.0), (3,)), expected)
