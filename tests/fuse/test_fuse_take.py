# SPDX-License-Identifier: MIT
"""Results that take over the data of an input: where nobody has a use for that afterwards, they are
written over it; where anybody has, they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from test_threads import together

import pyautograd as ag
from support import assert_same_bits, leaf, values

N = 20_000  # beyond what is computed at once, in every build


def data(seed: int, size: int = N) -> Any:
    return np.random.default_rng(seed).uniform(0.1, 1.0, size)


@pytest.fixture(autouse=True)
def threads_restored() -> Iterator[None]:
    before = ag.get_num_threads()
    yield
    ag.set_num_threads(before)


def compute(*tensors: Any) -> None:
    for t in tensors:
        t[0].item()


# ---- where data is taken over --------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_the_new_mean_is_written_over_the_old_one(threads: int) -> None:
    ag.set_num_threads(threads)
    m, g, expected = ag.tensor(data(1)), ag.tensor(data(2)), data(1)
    places = set()
    for _ in range(4):
        m = 0.9 * m + (1 - 0.9) * g
        compute(m)
        places.add(m.data_ptr())
        expected = 0.9 * expected + (1 - 0.9) * data(2)
    assert len(places) == 1
    assert_same_bits(m, expected)


def test_each_of_several_results_has_a_place_of_its_own() -> None:
    m, v, g = (ag.tensor(data(k)) for k in (1, 2, 3))
    w = ag.tensor(data(4))
    before = {m.data_ptr(), v.data_ptr()}
    m, v = 0.9 * m + g, 0.99 * v + g * g
    w -= m / (v.sqrt() + 1e-8)
    compute(w, m, v)
    assert {m.data_ptr(), v.data_ptr()} == before
    new_m, new_v = 0.9 * data(1) + data(3), 0.99 * data(2) + data(3) * data(3)
    for got, wanted in ((m, new_m), (v, new_v), (w, data(4) - new_m / (np.sqrt(new_v) + 1e-8))):
        assert_same_bits(got, wanted)


@pytest.fixture
def grown() -> Callable[[], int]:
    """By how many bytes memory grew at most since the fixture was asked for the first time."""
    start: list[int] = []

    def peak() -> int:
        if not start:
            ag.reset_peak_memory_stats()
            start.append(ag.memory_allocated())
        return ag.max_memory_allocated() - start[0]

    return peak


def test_no_memory_is_asked_for(grown: Callable[[], int]) -> None:
    m, g = ag.tensor(data(1)), ag.tensor(data(2))
    assert grown() == 0
    m = 0.9 * m + g
    compute(m)
    assert grown() < 8 * N
    n = 0.9 * m + g
    compute(n)
    assert grown() >= 8 * N


def test_a_value_that_was_stored_for_its_readers_gives_its_place_too(
    grown: Callable[[], int],
) -> None:
    """Two programs: the second reads what the first one stored, and has it alone by then."""
    x = ag.tensor(data(1))
    y = x * 2.0
    z = y + 1.0
    compute(y)
    assert ag.explain(z).startswith("program")
    del y
    assert grown() == 0
    compute(z)
    assert grown() < 8 * N
    assert_same_bits(z, data(1) * 2.0 + 1.0)
    assert_same_bits(x, data(1))


def test_inputs_that_are_read_again_later_in_the_program() -> None:
    """A result that is stored halfway must not be written over what later steps read."""
    m, g = ag.tensor(data(1)), ag.tensor(data(2))
    a = m * g
    b = a + 1.0
    c = (b.exp() * m).sqrt() + m
    del m
    compute(c)
    compute(a, b)
    assert_same_bits(a, data(1) * data(2))
    assert_same_bits(b, data(1) * data(2) + 1.0)
    expected = (ag.tensor(data(1) * data(2) + 1.0).exp() * ag.tensor(data(1))).sqrt() + data(1)
    assert_same_bits(c, expected)


@pytest.mark.parametrize("size", [8192, 8193, 10_007, 65_537])
def test_lengths_that_no_vector_fits(size: int) -> None:
    m, expected = ag.tensor(data(1, size)), data(1, size)
    for _ in range(3):
        m = (m * 0.5 + 1.0).maximum(0.7) / 3.0
        compute(m)
        expected = np.maximum(expected * 0.5 + 1.0, 0.7) / 3.0
    assert_same_bits(m, expected)


# ---- where somebody has a use for it -------------------------------------------------------------


def of_a_view(x: Any) -> Any:
    view = x.t()
    return lambda: view.t()


def of_halves(x: Any) -> Any:
    first, second = x[:50], x[50:]
    return lambda: ag.cat((first, second))


def of_what_was_detached(x: Any) -> Any:
    detached = x.detach()
    return lambda: detached


def of_an_array(x: Any) -> Any:
    array = x.numpy()
    return lambda: ag.tensor(array)


def of_a_pending_value(x: Any) -> Any:
    double = x * 2.0
    return lambda: double / 2.0


def of_a_pending_value_across(x: Any) -> Any:
    column = x[:, 3:4] * 1.0
    half = x.t() * 0.5
    return lambda: (half.t() * 2.0).maximum(column.minimum(0.0))


def of_a_pending_sum(x: Any) -> Any:
    same = x * 1.0
    total = same.sum()
    return lambda: same + (total - total)


def of_a_saved_value(x: Any) -> Any:
    w = leaf(np.ones((100, 200)))
    product = w * x
    return lambda: ag.autograd.grad(product.sum(), w)[0]


# Each makes something of x, of 100 x 200, and returns a function that gets x back from it.
HOLDERS = [
    lambda x: lambda: x,
    of_a_view,
    of_halves,
    of_what_was_detached,
    of_an_array,
    of_a_pending_value,
    of_a_pending_value_across,
    of_a_pending_sum,
    of_a_saved_value,
]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: holder.__name__)
def test_data_that_somebody_has_stays(holder: Callable[[Any], Callable[[], Any]]) -> None:
    start = data(1).reshape(100, 200)
    x = ag.tensor(start)
    get_back = holder(x)
    y = 0.9 * x + 3.0
    del x
    compute(y[0])
    assert_same_bits(y, 0.9 * start + 3.0)
    assert_same_bits(get_back(), start)


def test_a_gradient_that_is_asked_for_twice() -> None:
    w = leaf(data(1))
    x = w * 2.0
    y = (x * x * x).exp()
    del x
    first, second = (values(ag.autograd.grad(y.sum(), w, retain_graph=True)[0]) for _ in range(2))
    assert_same_bits(ag.tensor(first), second)
    one = ag.autograd.grad((w * 2.0).pow(3).exp().sum(), w)[0]
    np.testing.assert_allclose(first, values(one), rtol=1e-12)


def test_broadcast_inputs_and_sums_over_rows() -> None:
    """Programs that do not go over elements in order leave inputs as they are."""
    x, row = ag.tensor(data(1).reshape(100, 200)), ag.tensor(data(2, 200))
    start = values(x)
    y = x * row + 1.0
    total = (y * 2.0).sum(1)
    del x
    compute(total, y[0])
    expected = start * data(2, 200) + 1.0
    assert_same_bits(y, expected)
    assert_same_bits(total, ag.tensor(expected * 2.0).sum(1))


def test_copies_on_write_keep_what_they_guard() -> None:
    w = leaf(data(1))
    with ag.autograd.graph.allow_mutation_on_saved_tensors():
        x = w * 2.0
        y = x * x
        x.mul_(3.0)
        z = x + 1.0
        del x
        compute(z)
        y.sum().backward()
    assert_same_bits(z, data(1) * 2.0 * 3.0 + 1.0)
    np.testing.assert_allclose(values(w.grad), 8.0 * data(1), rtol=1e-14)


def test_threads_with_chains_of_one_beginning() -> None:
    begin = ag.tensor(data(1))

    def work(k: int) -> Any:
        m = begin * 1.0
        for _ in range(50):
            m = 0.9 * m + begin * float(k)
            compute(m)
        return m

    for k, m in enumerate(together(4, work)):
        expected = data(1)
        for _ in range(50):
            expected = 0.9 * expected + data(1) * float(k)
        assert_same_bits(m, expected)
    assert_same_bits(begin, data(1))
