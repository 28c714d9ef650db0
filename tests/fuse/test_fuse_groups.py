# SPDX-License-Identifier: MIT
"""Steps that run as machine code give the bits of the kernels: for every op, at every edge of the
numbers, with more values than there are registers, and when code cannot be made."""

from __future__ import annotations

import itertools
import os
import random
import sys
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from ops.case import Case, by_id
from ops.cases import MAPS, MASK
from support import Array, assert_same_bits, leaf, run_python, values

LATE = 20_000  # elements: such ops pend
PIECE = 1_000  # elements: such do not

EDGES = np.array(
    [
        *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, np.inf, -np.inf, np.nan),
        *(1e-310, -1e-310, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7e308, -1.7e308),
        *(1e-200, -1e200, 0.1, 20.0),
    ]
)

has_groups = pytest.mark.skipif(
    "machine code: no" in ag.show_config() or os.environ.get("PYAUTOGRAD_FUSE") == "0",
    reason="no machine code is made here",
)


def in_pieces(f: Callable[..., Any], *arrays: Array) -> Array:
    """f, computed by kernels: of so few elements that nothing pends."""
    parts = [
        values(f(*(ag.tensor(a[at : at + PIECE]) for a in arrays)))
        for at in range(0, arrays[0].size, PIECE)
    ]
    return np.concatenate(parts)


def edges(arity: int) -> list[Array]:
    """Arrays that hold every combination of edges, and of them in other lanes."""
    table = np.array(list(itertools.product(EDGES, repeat=arity)))
    rows = np.resize(table, (max(LATE, len(table)) + 7, arity))
    return [np.ascontiguousarray(column) for column in rows.T]


# ---- every op ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [*MAPS, *MASK], ids=by_id)
def test_edges(case: Case) -> None:
    """Between two other ops, so that those of which machine code is made are in a group."""

    def f(*tensors: Any) -> Any:
        out = case.call(ag, *(x.neg().neg() for x in tensors))
        return ~out if out.dtype is ag.bool else -out

    arrays = edges(case.arity)
    assert_same_bits(f(*(ag.tensor(a) for a in arrays)), in_pieces(f, *arrays))


@pytest.mark.parametrize("number", [*EDGES, 0.65, -0.65, 1 - 0.999**7, -4.0, 2.0**-1060, 1e305])
def test_edges_with_a_number(number: float) -> None:
    forms: list[Callable[[Any], Any]] = [
        lambda x: x + number,
        lambda x: number - x,
        lambda x: x * number,
        lambda x: x / number,
        lambda x: number / x,
        lambda x: x**number,
        lambda x: ag.maximum(x, ag.tensor(number)),
        lambda x: ag.minimum(ag.tensor(number), x),
        lambda x: ag.where(x > 0, x, number),
        lambda x: x.clamp(number),
        lambda x: x.clamp(-1.0, number),
    ]
    (a,) = edges(1)
    for k, form in enumerate(forms):
        late = -form(ag.tensor(a).neg().neg())
        assert_same_bits(late, in_pieces(lambda x, f=form: -f(x.neg().neg()), a), f"form {k}")


@pytest.mark.parametrize("case", MAPS, ids=by_id)
def test_edges_of_gradients(case: Case) -> None:
    """What rules are made of: gradients of 0, NaN and infinity against such values."""

    def gradients(*arrays: Array) -> list[Array]:
        tensors = [leaf(a) for a in arrays[1:]]
        out = case.call(ag, *(x * 1.0 for x in tensors))
        out.backward(ag.tensor(arrays[0]))
        return [values(x.grad) for x in tensors if x.grad is not None]

    arrays = edges(case.arity + 1)
    parts = [
        gradients(*(a[at : at + PIECE] for a in arrays)) for at in range(0, arrays[0].size, PIECE)
    ]
    for k, got in enumerate(gradients(*arrays)):
        assert_same_bits(got, np.concatenate([part[k] for part in parts]), f"input {k}")


# ---- division by a number ------------------------------------------------------------------------


def near_a_middle(rng: random.Random, y: float) -> float:
    """A number whose quotient by y is as close as can be to the middle of two numbers."""
    quotient = Fraction(2 * rng.randrange(2**52, 2**53) + 1, 2**53)
    x = float(quotient * Fraction(y))
    return float(np.nextafter(x, rng.choice((-np.inf, np.inf)))) if rng.random() < 0.5 else x


def divisors(rng: random.Random) -> list[float]:
    most = float(2**53 - 1)  # all bits of it set: what the shortcut must leave alone
    special = [0.65, 0.01, 3.0, 1e-3, most, most - 4096, most / 2**60, 1 + 2.0**-52, 1e150]
    return special + [rng.uniform(1, 2) * 2.0 ** rng.randrange(-190, 190) for _ in range(60)]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_quotients_are_right_to_the_last_bit(sign: float) -> None:
    rng = random.Random(5)
    for y in divisors(rng):
        hard = [near_a_middle(rng, y) * 2.0 ** rng.randrange(-3, 4) for _ in range(1_500)]
        wide = [rng.uniform(-2, 2) * 2.0 ** rng.randrange(-1070, 1023) for _ in range(500)]
        x = np.resize([*hard, *wide, *EDGES], LATE)
        with np.errstate(all="ignore"):
            expected = x / (sign * y)
        assert_same_bits(ag.tensor(x) / (sign * y), expected, f"by {sign * y!r}")
        assert_same_bits(-(ag.tensor(x) / (sign * y)), -expected, f"by {sign * y!r}, in a group")


ROUNDED = """
    import ctypes, json, sys
    import numpy as np
    import pyautograd as ag

    x = np.random.default_rng(1).uniform(1, 2, 20_000)
    t = ag.tensor(x)
    assert ctypes.CDLL("libm.so.6").fesetround({mode}) == 0
    late = (t / 0.65).neg().neg() / 3.0
    got = late.numpy()
    print(json.dumps(bool(np.array_equal(got, x / 0.65 / 3.0))))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="knows the names of glibc")
@pytest.mark.parametrize("mode", [0x000, 0x400, 0x800, 0xC00])
def test_quotients_in_every_rounding_mode(mode: int) -> None:
    assert run_python(ROUNDED.format(mode=mode)) is True


# ---- registers, streams, groups ------------------------------------------------------------------


LINKS: list[Callable[[Any, Any], Any]] = [
    lambda x, y: (x + y) * 0.5,
    lambda x, y: (x + y) * 0.5,
    lambda x, y: x - y,
    lambda x, y: ag.maximum(x, y),
    lambda x, y: (x * y).abs().sqrt(),
    lambda x, y: ag.where(x > y, y, x * 0.25),
    lambda x, y: y / 1.7,
]


def grow(rng: random.Random, inputs: list[Any], ops: int) -> Any:
    """A random expression: of many live values, which are read again after long times."""
    made = list(inputs)
    for _ in range(ops):
        made.append(rng.choice(LINKS)(rng.choice(made), rng.choice(made[-12:])))
    return sum(made[len(inputs) :: 3])


@pytest.mark.parametrize(("inputs", "ops"), [(1, 5), (3, 40), (9, 60), (30, 60), (4, 900)])
def test_more_values_than_registers(inputs: int, ops: int) -> None:
    arrays = [np.random.default_rng(k).uniform(-2, 2, LATE) for k in range(inputs)]

    def f(*tensors: Any) -> Any:
        return grow(random.Random(inputs), list(tensors), ops)

    assert_same_bits(f(*(ag.tensor(a) for a in arrays)), in_pieces(f, *arrays))
    leaves = [leaf(a) for a in arrays]
    f(*leaves).sum().backward()
    for k, x in enumerate(leaves):
        if x.grad is None:
            continue
        pieces = []
        for at in range(0, LATE, PIECE):
            parts = [leaf(a[at : at + PIECE]) for a in arrays]
            f(*parts).sum().backward()
            pieces.append(values(parts[k].grad))
        assert_same_bits(x.grad, np.concatenate(pieces), f"input {k}")


@pytest.mark.parametrize("columns", [1, 3, 31, 32, 33, 100, 257])
def test_rows_that_vectors_do_not_divide(columns: int) -> None:
    rows = LATE // columns + 1
    a = np.random.default_rng(columns).uniform(-1, 1, (rows, columns))
    w, c = a[0].copy(), a[:, :1].copy()

    def f(x: Any, row: Any, column: Any) -> Any:
        return ((x * 2 - row) / 3 + column).abs()

    late = f(*(ag.tensor(t) for t in (a, w, c)))
    exact = np.abs((a * 2 - w) / 3 + c)
    assert_same_bits(late.clone(), exact)
    assert_same_bits(late.sum(0), ag.tensor(exact).sum(0))
    assert_same_bits(late.sum(1), ag.tensor(exact).sum(1))


@has_groups
@pytest.mark.parametrize("n", [8192, 20_000, 65_536, 100_003])
@pytest.mark.parametrize("threads", [1, 2])
def test_sums_of_what_is_stored_and_of_what_is_not(n: int, threads: int) -> None:
    """One loop that reads memory in order: each tile's part of both sums is of that tile."""
    before = ag.get_num_threads()
    ag.set_num_threads(threads)
    try:
        x = ag.arange(n).double().requires_grad_()
        y = x * 2.0 + 1.0
        s = y.sum() + (y * y).sum()
        s.backward()
        k = np.arange(n, dtype=np.float64)
        assert s.item() == float(n * n + n * (4 * n * n - 1) // 3)
        assert_same_bits(y, 2.0 * k + 1.0)
        assert_same_bits(x.grad, 2.0 + 4.0 * (2.0 * k + 1.0))
    finally:
        ag.set_num_threads(before)


@pytest.mark.parametrize("n", [8192, 20_000, 100_003])
def test_numbers_that_are_stored_beside_a_sum(n: int) -> None:
    """What only fills memory comes last in the loop: y is overwritten after it was read."""
    x, y = (ag.arange(n).double() for _ in range(2))
    s = (x + y).sum()
    y.zero_()
    y += 3.0
    assert s.item() == float(n * (n - 1))
    assert_same_bits(y, np.full(n, 3.0))


@has_groups
def test_explain_shows_the_loops() -> None:
    x = ag.tensor(np.ones(LATE))
    text = ag.explain(((x + 1) * 2).sin().abs() - x)
    assert text.count(" in one loop") == 2
    assert " in one loop" not in ag.explain(x.exp().sin())


@has_groups
def test_much_code() -> None:
    """More programs of different forms than are kept; what is run again is right again."""
    x, a = ag.tensor(np.linspace(1, 2, LATE)), np.linspace(1, 2, LATE)
    for turn in range(2):
        for number in range(700):
            late, exact = x, a
            for bit in range(10):
                up = number >> bit & 1
                late, exact = (late + x, exact + a) if up else (late - 0.5, exact - 0.5)
            assert np.array_equal(values(late), exact), (turn, number)


@has_groups
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_after_a_fork_both_sides_make_code() -> None:
    x, a = ag.tensor(np.linspace(1, 2, LATE)), np.linspace(1, 2, LATE)

    def right(number: int) -> bool:
        late, exact = -x + number, -a + number
        for _ in range(number):
            late, exact = late * x, exact * a
        return bool(np.array_equal(values(late), exact))

    assert all(right(n) for n in range(5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks beside threads: that is what is tested
        child = os.fork()
    if child == 0:
        os._exit(0 if all(right(n) for n in range(12)) else 1)
    here = all(right(n) for n in range(12, 0, -1))
    assert os.waitpid(child, 0)[1] == 0
    assert here


# ---- without -------------------------------------------------------------------------------------

WITHOUT = """
    import ctypes, json
    import numpy as np
    import pyautograd as ag

    x, a = ag.tensor(np.linspace(1, 2, 20_000)), np.linspace(1, 2, 20_000)
    config = ag.show_config()
    refused = True
    if {refuse}:
        assert np.array_equal((-x + 1).numpy(), -a + 1)   # with machine code
        # PR_SET_MDWE: memory that could be written is never to be executed any more.
        refused = ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0
    right = all(np.array_equal(((-x + k) * 2 - x).numpy(), (-a + k) * 2 - a) for k in range(5))
    right = right and np.array_equal((-x + 1).numpy(), -a + 1)
    print(json.dumps([refused, right, config, ag.show_config()]))
"""


def test_kernels_do_the_work_where_it_is_not_wanted() -> None:
    _, right, before, _ = run_python(WITHOUT.format(refuse=False), PYAUTOGRAD_JIT="0")
    assert right and "machine code: no" in before


def test_copies_pend_without_machine_code_too() -> None:
    code = """
        import json
        import numpy as np
        import pyautograd as ag
        a = np.linspace(1, 2, 20_000)
        x = ag.tensor(a, requires_grad=True)
        y = (x * 2).clone() + 1
        z = ag.zeros(20_000)
        z.copy_(y).add_(x.exp())
        z[:1] = x[0].detach() * 3
        ag.where(x.detach() > 1.5, z, ag.full((20_000,), 4.0)).sum().backward()
        print(json.dumps([z.tolist(), x.grad.tolist()]))
    """
    values, gradients = run_python(code)
    assert run_python(code, PYAUTOGRAD_JIT="0") == [values, gradients]
    a = np.linspace(1, 2, 20_000)
    expected, slopes = a * 2 + 1 + np.exp(a), np.where(a > 1.5, 2 + np.exp(a), 0.0)
    expected[0] = a[0] * 3
    np.testing.assert_allclose(values, expected, rtol=1e-15)
    np.testing.assert_allclose(gradients, slopes, rtol=1e-15)


@has_groups
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux to refuse")
def test_kernels_do_the_work_where_the_system_refuses() -> None:
    refused, right, before, after = run_python(WITHOUT.format(refuse=True))
    if not refused:
        pytest.skip("this kernel cannot be told to refuse")
    assert right and "machine code: no" not in before and "machine code: no" in after
