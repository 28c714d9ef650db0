# SPDX-License-Identifier: MIT
"""Large values, which may be computed late and together: nobody can tell, but for the time.

What an op gives is settled when it is called: its numbers are those its inputs held then, its
errors are raised there, and the bits are those of one op at a time, whatever is fused with what.
"""

from __future__ import annotations

import base64
import copy
import functools
import gc
import operator
import os
import pickle
import sysconfig
import time
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_threads import together

import pyautograd as ag
from support import assert_same_bits, leaf, plain_build_only, run_python, values

N = 20_000  # beyond what is computed at once


def data(seed: int = 1, n: int = N) -> Any:
    return np.random.default_rng(seed).uniform(0.1, 1, n)


# ---- the numbers that the inputs held ------------------------------------------------------------

WRITES: dict[str, Callable[[Any], Any]] = {
    "add_": lambda x: x.add_(1),
    "mul_ by a tensor": lambda x: x.mul_(ag.tensor(data(9))),
    "zero_": lambda x: x.zero_(),
    "fill_": lambda x: x.fill_(3),
    "copy_": lambda x: x.copy_(ag.tensor(data(8))),
    "item": lambda x: operator.setitem(x, 5, 100.0),
    "slice": lambda x: operator.setitem(x, slice(10, 200), 100.0),
    "whole slice": lambda x: operator.setitem(x, slice(None), -1.0),
    "whole by a tensor": lambda x: operator.setitem(x, ..., ag.tensor(data(7))),
    "through a view": lambda x: x.view(100, -1)[3].mul_(0),
    "through detach": lambda x: x.detach().add_(1),
    "through data": lambda x: x.data.add_(1),
    "through numpy": lambda x: operator.setitem(x.detach().numpy(), slice(None), 7.0),
    "through a buffer": lambda x: operator.setitem(memoryview(x.detach()), 3, 7.0),
    "through a filled view": lambda x: x.view(100, -1)[::2].fill_(2.0),
    "with itself": lambda x: x.mul_(x),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_later_write_does_not_matter(name: str) -> None:
    a = data()
    x = ag.tensor(a)
    views = [x, x.view(100, -1), x[5:], x.view(100, -1).t()]
    pending = [v * 2 + 1 for v in views] + [(x.sin() + x).exp()]
    expected = [values(v) * 2 + 1 for v in views]
    WRITES[name](x)
    for got, wanted in zip(pending, expected, strict=False):
        assert np.array_equal(values(got), wanted), name
    assert np.allclose(values(pending[-1]), np.exp(np.sin(a) + a), rtol=1e-14)
    assert not np.array_equal(values(x), a)


@pytest.mark.parametrize("name", WRITES)
def test_a_later_write_to_a_result_does_not_reach_its_input(name: str) -> None:
    a = data()
    x = ag.tensor(a)
    y = x * 1
    z = y + 1
    WRITES[name](y)
    assert_same_bits(x, a)
    assert np.array_equal(values(z), a + 1)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_to_what_nobody_else_reads(name: str) -> None:
    x, seen = ag.tensor(data()), ag.tensor(data())
    window = seen.numpy()  # who looks in from outside sees every write at once
    WRITES[name](x)
    WRITES[name](seen)
    assert_same_bits(x, window, name)
    y = ag.tensor(data()) + 0.5
    WRITES[name](y)
    late = values(y)
    z = ag.tensor(data()) + 0.5
    z.numpy()
    WRITES[name](z)
    assert_same_bits(late, z, name)


def test_shared_memory_is_read_at_once() -> None:
    a = data()
    x = ag.from_numpy(a)
    held = ag.tensor(data(2))
    outside = held.numpy()
    y, z = x * 2, held * 2
    expected = a * 2, outside * 2
    a[:] = 0
    outside[:] = 0
    assert np.array_equal(values(y), expected[0]) and np.array_equal(values(z), expected[1])


def is_late(y: Any) -> bool:
    return ag.explain(y) != "computed\n"


@pytest.mark.skipif(os.environ.get("PYAUTOGRAD_FUSE") == "0", reason="nothing is late")
@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="nobody can tell")
def test_shared_memory_that_nobody_else_knows_is_read_late() -> None:
    """An array that was made for the tensor is nobody's any more; one of which there is a trace may
    be written."""
    a = data()
    whole, rows = ag.from_numpy(a.copy()), ag.from_numpy(a.copy().reshape(100, -1)[1:])
    assert is_late(whole * 2) and is_late(rows * 2)
    held, part = ag.from_numpy(a), ag.from_numpy(a[1:])
    assert not is_late(held * 2) and not is_late(part * 2)
    copy = a.copy()
    trace = weakref.ref(copy)
    x = ag.from_numpy(copy)
    del copy
    assert not is_late(x * 2)
    trace()[:] = 3.0
    assert values(x)[0] == 3.0
    buffer = ag.from_numpy(np.frombuffer(bytearray(a.tobytes())))
    assert not is_late(buffer * 2)
    y = ag.from_numpy(a.copy())
    outside = y.numpy()
    assert not is_late(y * 2)
    late = y * 2
    outside[:] = 0
    assert np.array_equal(values(late), a * 2)
    del outside
    gc.collect()
    assert is_late(y + 1)


def test_inputs_may_go() -> None:
    a = data()
    y = ag.tensor(a) * 2
    z = (y + 1).view(100, -1)[1:].t()
    del y
    gc.collect()
    ag.tensor(np.full(N, -1.0))
    assert np.array_equal(values(z), (a * 2 + 1).reshape(100, -1)[1:].T)


def test_gradients_of_what_is_written_later() -> None:
    """Steps of an optimiser: each gradient is of the values before the step."""
    a = data()
    x, expected = leaf(a), a.copy()
    for _ in range(5):
        x.grad = None
        (x * x * x).sum().backward()
        g = x.grad
        with ag.no_grad():
            x -= 0.01 * g
        expected -= 0.01 * (3 * expected**2)
        assert np.allclose(values(x), expected, rtol=1e-14)


def test_views_of_a_pending_value_and_writes_through_them() -> None:
    a = data()
    y = ag.tensor(a) * 2
    v = y.view(100, -1)
    v[1].zero_()
    y[0] = -1.0
    expected = a * 2
    expected.reshape(100, -1)[1] = 0
    expected[0] = -1
    assert np.array_equal(values(y), expected)
    assert np.array_equal(values(v), expected.reshape(100, -1))


@pytest.mark.parametrize("n", [8, 20_000])
def test_derivatives_through_writes_to_what_is_pending(n: int) -> None:
    a = data(1, 4 * n).reshape(4, n)
    x = leaf(a)
    y = (x * x + 1) * 0.5
    y[1:3].mul_(x[0])
    row = y.t()[:, 2] * 1
    y[3] = row
    (g,) = ag.autograd.grad(y.sum(), x, create_graph=True)
    f = (a * a + 1) / 2
    expected = np.stack([a[0] + f[1] + 2 * f[2], a[1] * a[0], 2 * a[2] * a[0], np.zeros(n)])
    assert np.allclose(values(g), expected, rtol=1e-14)
    (h,) = ag.autograd.grad(g.sum(), x)
    second = np.stack([1 + a[1] + 2 * a[2], a[0] + a[1], 2 * a[0] + 2 * a[2], np.zeros(n)])
    assert np.allclose(values(h), second, rtol=1e-14)


# ---- the same bits -------------------------------------------------------------------------------

PROGRAMS = """
    import base64, json, sys
    import numpy as np
    sys.path.insert(0, ".")
    import pyautograd as ag
    from test_pending import compute_all

    def packed(x):
        return base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()

    print(json.dumps([packed(x) for x in compute_all()]))
"""


def programs(x: Any, y: Any, w: Any) -> list[Any]:
    """Maps, broadcasts, reductions and views in one expression; x, y: (40, 500), w: (500,)."""
    z = (x * y + x).sin() * (-x * x).exp()
    soft = (z + w).sigmoid() * ag.softplus(x - w)
    centred = x - x.mean(1, keepdim=True)
    return [
        z,
        z.sum(),
        soft.mean(0),
        soft.sum(1),
        (centred * centred).mean(1).sqrt(),
        ag.where(x > y, x.log(), y**3).t() + 1,
        (x.t() * y.t()).sum((0, 1)),
        ag.maximum(z, w).clamp(-0.5, 0.5).view(-1)[3:19000:2].abs().sum(),
        (x[1:] - x[:-1]).square().sum() + (x.expand(2, 40, 500) * w).mean((0, 2)).sum(),
    ]


def compute_all() -> list[Any]:
    arrays = [data(1).reshape(40, 500), data(2).reshape(40, 500), data(3)[:500]]
    leaves = [leaf(a) for a in arrays]
    outs = programs(*leaves)
    total = sum(((out * out).sum() for out in outs), leaves[0].sum())
    total.backward()
    (g,) = ag.autograd.grad((leaves[0] * leaves[1]).tanh().sum(), leaves[0], create_graph=True)
    (h,) = ag.autograd.grad((g * g).mean(), leaves[1])
    return [values(t) for t in (*outs, total, *(x.grad for x in leaves), g, h)]


def test_fused_or_not() -> None:
    expected = [
        np.frombuffer(base64.b64decode(t)) for t in run_python(PROGRAMS, PYAUTOGRAD_FUSE="0")
    ]
    for k, (got, wanted) in enumerate(zip(compute_all(), expected, strict=True)):
        assert_same_bits(got.ravel(), wanted, f"result {k}")


def test_held_or_not() -> None:
    """Whether somebody keeps the intermediate results, and when they are read, changes nothing."""
    a, b = data(1), data(2)

    def steps(look: bool) -> list[Any]:
        x, y = leaf(a), leaf(b)
        kept = []
        z = x * y
        for f in (lambda z: z.sin(), lambda z: z + x, lambda z: z * y, lambda z: z.exp()):
            z = f(z)
            if look:
                z.detach().numpy()
                kept.append(z)
        total = z.sum() + z.mean()
        total.backward()
        return [values(z), values(total), values(x.grad), values(y.grad)]

    for quiet, looked in zip(steps(False), steps(True), strict=True):
        assert_same_bits(quiet, looked)


def test_a_sum_of_what_is_pending() -> None:
    a = data().reshape(20, 50, 20)
    x = ag.tensor(a)
    late, now = x.exp() * 2, x.exp() * 2
    now.numpy()
    for dims in (None, 0, 1, 2, (0, 1), (1, 2), (0, 2), (0, 1, 2)):
        for keep in (False, True):
            arguments = {} if dims is None else {"dim": dims, "keepdim": keep}
            assert_same_bits((x.exp() * 2).sum(**arguments), now.sum(**arguments), str(dims))
            assert_same_bits(late.mean(**arguments), now.mean(**arguments), str(dims))
    assert_same_bits(late.permute(2, 1, 0), now.permute(2, 1, 0))


def test_sizes_around_the_threshold() -> None:
    a = data(4, 12_000)
    whole = values((ag.tensor(a).sin() + 1).exp() * 3)
    for n in [*range(1, 40), 511, 512, 513, *range(900, 1100, 33), 2047, 4095, 4096, 4097, 8193]:
        assert_same_bits((ag.tensor(a[:n]).sin() + 1).exp() * 3, whole[:n], f"size {n}")


# ---- shapes of expressions -----------------------------------------------------------------------


def test_a_ladder_of_diamonds() -> None:
    """2^40 paths, 40 ops: a value that is used twice is made once (or twice), not 2^40 times."""
    x = leaf(data())
    y = x
    for _ in range(40):
        y = (y + y) * 0.5
    y.sum().backward()
    assert_same_bits(y, values(x))
    assert np.all(values(x.grad) == 1)


@plain_build_only
def test_a_long_chain_costs_its_length() -> None:
    def seconds(n: int) -> float:
        best = 1e9
        for _ in range(3):
            x = leaf(data())
            start = time.perf_counter()
            y = x
            for _ in range(n):
                y = y * 1.0001
            y.sum().backward()
            x.grad.numpy()
            best = min(best, time.perf_counter() - start)
        return best

    seconds(10)
    assert seconds(1000) < 40 * seconds(100)


def test_many_values_that_share_a_part() -> None:
    a = data()
    shared = ag.tensor(a).exp()
    results = [shared * float(k) for k in range(50)]
    for k in (49, 0, 17):
        assert np.array_equal(values(results[k]), values(shared) * k)
    del shared
    assert np.allclose(values(results[3]), np.exp(a) * 3, rtol=1e-14)


def test_many_inputs() -> None:
    parts = [data(k) for k in range(40)]
    total = ag.zeros(N)
    for part in parts:
        total = total + ag.tensor(part)
    expected = np.zeros(N)
    for part in parts:
        expected = expected + part
    assert np.array_equal(values(total), expected)


def test_a_value_that_is_never_looked_at() -> None:
    before = ag._core._live_tensors(), ag._core._live_nodes()
    x = leaf(data())
    for _ in range(20):
        (x.exp() + 1).sin()
    del x
    gc.collect()
    assert (ag._core._live_tensors(), ag._core._live_nodes()) <= before


def test_memory_of_a_fused_expression() -> None:
    """The intermediate values of a sum are never there as a whole."""
    x = ag.tensor(data(1, 1_000_000))
    gc.collect()
    ag.reset_peak_memory_stats()
    start = ag.memory_allocated()
    total = ((x * x + x).sin() * (-x).exp()).sum()
    total.item()
    assert ag.max_memory_allocated() - start < 8_000_000


# ---- errors and citizens -------------------------------------------------------------------------


def test_errors_come_at_the_call() -> None:
    x = ag.tensor(data()).exp()
    for call in (
        lambda: x + ag.ones(3),
        lambda: x.view(7, -1),
        lambda: x.sum(1),
        lambda: x[N],
        lambda: x.exp().item(),
        lambda: x.add_(ag.ones(2, N)),
    ):
        with pytest.raises((RuntimeError, IndexError)):
            call()
    assert np.allclose(values(x), np.exp(data()), rtol=1e-14)


def test_a_saved_value_that_was_pending_is_guarded() -> None:
    x = leaf(data())
    y = x.exp()
    z = (y * y).sum()
    with ag.no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()
    assert x.grad is None


def test_pending_values_as_citizens() -> None:
    a = data()
    x = ag.tensor(a)
    expected = a * 2

    def pending() -> Any:
        return x * 2

    assert pending().tolist() == expected.tolist()
    assert np.array_equal(np.asarray(pending()), expected)
    assert np.array_equal(np.asarray(memoryview(pending())), expected)
    assert np.array_equal(values(copy.deepcopy(pending())), expected)
    assert np.array_equal(values(pickle.loads(pickle.dumps(pending()))), expected)
    assert (pending() == ag.tensor(expected)).all() and (pending() > 0).all()
    assert pending()[3].item() == expected[3] and float(pending()[-1]) == expected[-1]
    assert repr(pending()) == repr(ag.tensor(expected))
    assert pending().clone().tolist() == expected.tolist()
    assert pending().shape == (N,) and pending().is_contiguous() and not pending().requires_grad
    assert [v.item() for v in pending()[:3]] == expected[:3].tolist()


def scaled(x: Any, k: int) -> Any:
    return values((x * (k + 1)).detach())


def test_one_value_by_several_threads() -> None:
    a = data(1, 200_000)
    for _ in range(5):
        x = leaf(a)
        shared = (x.sin() + x).exp()
        results = together(4, functools.partial(scaled, shared))
        for k, got in enumerate(results):
            assert np.array_equal(got, values(shared) * (k + 1))


def test_writers_and_readers_in_threads() -> None:
    x = ag.tensor(np.zeros(N))

    def work(k: int) -> bool:
        good = True
        for _ in range(50):
            if k == 0:
                x.add_(1)
            else:
                y = values(x * 2)
                good &= bool(np.all(y == np.round(y)))
        return good

    assert all(together(3, work))
    assert np.all(values(x) == 50)


@pytest.mark.parametrize("rows", [1, 3], ids=["in order", "by rows"])
def test_results_that_no_cache_holds(rows: int) -> None:
    """They are stored in another way, whole cache lines at a time: here there are broken ones."""
    a = np.random.default_rng(0).uniform(-1, 1, (rows, (1 << 22) // rows + 5))
    x = ag.tensor(a, requires_grad=True)
    y = x * 3 + 1
    (y * y).sum(1).sum().backward()
    assert np.array_equal(x.grad.numpy(), (a * 3 + 1) * 2 * 3)
    assert np.array_equal(y.detach().numpy(), a * 3 + 1)
