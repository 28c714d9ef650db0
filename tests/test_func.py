# SPDX-License-Identifier: MIT
"""pyautograd.func: derivatives over trees, one inside another, in threads and in loops."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd.func import grad, grad_and_value, hessian, jacrev, value_and_grad, vjp
from support import leaf, real_sizes_only, values


def test_derivatives_of_the_sine() -> None:
    x = 0.4
    f: Any = ag.sin
    for wanted in (np.cos(x), -np.sin(x), -np.cos(x), np.sin(x), np.cos(x)):
        f = grad(f)
        assert np.isclose(f(ag.tensor(x)).item(), wanted, 1e-13)


def test_value_first_or_last() -> None:
    x = ag.tensor([1.0, 2.0])
    square = lambda x: (x * x).sum()  # noqa: E731
    g, value = grad_and_value(square)(x)
    first, second = value_and_grad(square)(x)
    assert value.item() == first.item() == 5 and g.tolist() == second.tolist() == [2, 4]
    (value, aux), g = value_and_grad(lambda x: (square(x), {"x": x}), has_aux=True)(x)
    assert value.item() == 5 and aux["x"].tolist() == [1, 2] and g.tolist() == [2, 4]
    value, (g, h) = value_and_grad(lambda a, b: (a * b).sum(), argnums=(1, 0))(x, x)
    assert g.tolist() == h.tolist() == [1, 2] and value.item() == 5


def test_training_with_trees(rng: np.random.Generator) -> None:
    def loss(p: Any, x: Any, y: Any) -> Any:
        for layer in p:
            x = (x @ layer["w"] + layer["b"]).tanh()
        return ((x - y) ** 2).mean()

    sizes = [2, 5, 1]
    p = [
        {"w": ag.tensor(rng.normal(size=(a, b))), "b": ag.zeros(b)}
        for a, b in itertools.pairwise(sizes)
    ]
    x = ag.tensor(rng.normal(size=(40, 2)))
    y = (x[:, :1] * x[:, 1:]).tanh()
    step = value_and_grad(loss)
    first, _ = step(p, x, y)
    for _ in range(300):
        value, g = step(p, x, y)
        p = ag.utils.tree_map(lambda a, b: a - 0.3 * b, p, g)
        assert not value.requires_grad
    assert value.item() < first.item() / 4


def test_levels_do_not_mix() -> None:
    """The derivative of x d/dy (x + y) is 1 and not 2 (the classic confusion)."""
    outer = grad(lambda x: x * grad(lambda y: x + y)(ag.tensor(1.0)))
    assert outer(ag.tensor(1.0)).item() == 1
    inner = grad(lambda x: grad(lambda y: x * y * y)(x) * x)
    assert inner(ag.tensor(3.0)).item() == 2 * 3 * 9


def test_mixed_with_backward() -> None:
    w, x = leaf([1.0, 2.0]), ag.tensor([3.0, 4.0])
    g = grad(lambda x: (w * x**3).sum())(x)
    g.sum().backward()
    assert w.grad.tolist() == [27.0, 48.0]
    penalty = grad(lambda x: (x**4).sum())(w)
    w.grad = None
    penalty.sum().backward()
    assert w.grad.tolist() == [12.0, 48.0]


def test_products_with_functions_of_several() -> None:
    value, product = vjp(lambda a, b: (a * b, a.sum()), ag.tensor([1.0, 2.0]), ag.tensor(3.0))
    assert value[0].tolist() == [3, 6] and value[1].item() == 3
    a, b = product((ag.tensor([1.0, 0.0]), ag.tensor(10.0)))
    assert a.tolist() == [13, 10] and b.item() == 1
    assert not a.requires_grad and not value[0].requires_grad
    with pytest.raises(RuntimeError, match="Expected pytree structure of cotangents"):
        product([ag.ones(2), ag.ones(())])


def test_matrices_by_hand() -> None:
    x = ag.tensor([0.5, -1.5])
    a, b = x.tolist()
    found = hessian(lambda x: x[0] ** 3 * x[1].exp())(x)
    wanted = [[6 * a * np.exp(b), 3 * a * a * np.exp(b)], [3 * a * a * np.exp(b), a**3 * np.exp(b)]]
    assert np.allclose(values(found), wanted, 1e-13)
    tree = jacrev(lambda p: {"u": p["x"] * p["s"]})({"x": x, "s": ag.tensor(2.0)})
    assert tree["u"]["x"].tolist() == [[2, 0], [0, 2]] and tree["u"]["s"].tolist() == [a, b]
    assert jacrev(lambda x: x[:0])(x).shape == (0, 2)


def test_threads_derive_beside_each_other() -> None:
    wrong: list[float] = []
    barrier = threading.Barrier(4)

    def work(k: int) -> None:
        barrier.wait()
        for n in range(100):
            x = 0.01 * n + k
            inner = grad(lambda y: y**2 * k)
            found = grad(lambda x: inner(x) * x)(ag.tensor(x))  # noqa: B023
            if abs(found.item() - 4 * k * x) > 1e-9 or found.requires_grad:
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@real_sizes_only
def test_loops_keep_nothing() -> None:
    def step() -> None:
        def f(x: Any) -> Any:
            _, product = vjp(lambda y: y**3 * x, x)
            return product(ag.ones(()))[0] + grad(lambda z: z**2 * x)(x)

        grad(f)(ag.tensor(2.0))

    step()
    before = ag.memory_allocated(), ag._core._live_nodes(), len(ag.func._private)
    for _ in range(1000):
        step()
    assert (ag.memory_allocated(), ag._core._live_nodes(), len(ag.func._private)) == before
    assert ag.func._running.kept == [] and ag.func._running.depth == 0


def test_errors_leave_nothing_on() -> None:
    def broken(x: Any) -> Any:
        return grad(lambda y: y[5])(x)

    with ag.no_grad():
        with pytest.raises(IndexError):
            grad(broken)(ag.ones(2))
        assert not ag.is_grad_enabled()
    assert ag.func._running.depth == 0 and ag.func._running.leaves == set()


def test_variables_are_not_written() -> None:
    def f(x: Any) -> Any:
        return x.mul_(3).sum()

    inner = leaf([1.0, 2.0]) * 1
    for x in (ag.ones(2), leaf([1.0, 2.0]), inner):
        before = x.tolist()
        with pytest.raises(RuntimeError, match=r"inplace|in-place"):
            grad(f)(x)
        with pytest.raises(RuntimeError, match=r"inplace|in-place"):
            grad(lambda x: grad(f)(x).sum())(x)
        assert x.tolist() == before
    assert grad(lambda x: f(x * 1))(inner).tolist() == [3.0, 3.0]


def test_wrong_arguments() -> None:
    x = ag.ones(2)
    with pytest.raises(RuntimeError, match="return a scalar Tensor, got tensor with 1 dims"):
        grad(lambda x: x)(x)
    with pytest.raises(RuntimeError, match="Got argnum=1, but only 1 positional inputs"):
        grad(lambda x: x.sum(), argnums=1)(x)
    with pytest.raises(ValueError, match="must be Tensor, got <class 'float'>"):
        grad(lambda x: x["a"])({"a": 2.0})
    with pytest.raises(ValueError, match="chunk_size"):
        jacrev(lambda x: x, chunk_size=0)
    with pytest.raises(AttributeError, match="jacrev gives the same as jacfwd"):
        ag.func.jacfwd
