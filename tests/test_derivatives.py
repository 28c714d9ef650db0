# SPDX-License-Identifier: MIT
"""autograd.functional against derivatives worked out by hand and numerical ones; what PyTorch does
is in parity/test_parity_derivatives.py."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd.autograd import functional as F
from support import leaf, values


def rosenbrock(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def test_a_hessian_by_hand() -> None:
    x, y = 0.7, -0.4
    wanted = [[1200 * x * x - 400 * y + 2, -400 * x], [-400 * x, 200]]
    point = ag.tensor([x, y])
    assert np.allclose(values(F.hessian(rosenbrock, point)), wanted, 1e-13)
    v = ag.tensor([0.3, -2.0])
    for product in (F.hvp, F.vhp):
        value, found = product(rosenbrock, point, v)
        assert np.isclose(value.item(), rosenbrock(point).item())
        assert np.allclose(values(found), np.array(wanted) @ values(v), 1e-13)


def test_products_are_those_with_the_jacobian(rng: np.random.Generator) -> None:
    def f(a: Any, b: Any) -> Any:
        return (a @ b).sin(), (a.exp().sum(0) * b[:, 0].tanh()[:3]).cumsum(0)

    a, b = ag.tensor(rng.normal(size=(2, 3))), ag.tensor(rng.normal(size=(3, 4)))
    u = tuple(ag.tensor(rng.normal(size=tuple(out.shape))) for out in f(a, b))
    v = ag.tensor(rng.normal(size=(2, 3))), ag.tensor(rng.normal(size=(3, 4)))
    jacobian = F.jacobian(f, (a, b))
    outputs, forward = F.jvp(f, (a, b), v)
    _, backward = F.vjp(f, (a, b), u)
    for i, out in enumerate(outputs):
        dims = out.ndim
        wanted = sum(np.tensordot(values(jacobian[i][j]), values(v[j]), 2) for j in range(2))
        assert forward[i].shape == out.shape and np.allclose(values(forward[i]), wanted, 1e-12)
        assert jacobian[i][0].shape == (*out.shape, 2, 3) and dims in (1, 2)
    for j in range(2):
        wanted = sum(
            np.tensordot(values(u[i]), values(jacobian[i][j]), outputs[i].ndim) for i in range(2)
        )
        assert np.allclose(values(backward[j]), wanted, 1e-12)


def test_a_jacobian_against_differences(rng: np.random.Generator) -> None:
    def f(x: Any) -> Any:
        return (x[:, None] * x.sin()).softmax(0) @ x

    x = rng.normal(size=4)
    step = 1e-6
    columns = [
        (values(f(ag.tensor(x + d))) - values(f(ag.tensor(x - d)))) / (2 * step)
        for d in step * np.eye(4)
    ]
    assert np.allclose(values(F.jacobian(f, ag.tensor(x))), np.stack(columns, 1), 1e-7, 1e-9)


def test_the_fourth_derivative() -> None:
    """Of exp(sin x), by hand."""

    def derivative(f: Any) -> Any:
        return lambda x: F.jacobian(f, x, create_graph=True)

    f: Any = lambda x: x.sin().exp()  # noqa: E731
    for _ in range(4):
        f = derivative(f)
    x = 0.8
    s, c = np.sin(x), np.cos(x)
    wanted = np.exp(s) * (c**4 - 6 * s * c**2 + 3 * s**2 - 4 * c**2 + s)
    assert np.isclose(f(leaf(x)).item(), wanted, 1e-12)


def test_nothing_is_left_behind() -> None:
    x = leaf([1.0, 2.0])
    before = ag._core._live_nodes()
    for name in F.__all__:
        arguments = () if name in ("jacobian", "hessian") else (ag.ones(2),)
        if name == "vjp":
            arguments = (ag.ones(()),)
        getattr(F, name)(lambda x: (x**3).sum(), x, *arguments)
    assert x.grad is None and ag._core._live_nodes() == before


def test_empty_shapes() -> None:
    x = ag.zeros(0, 2)
    assert F.jacobian(lambda x: x * 2, x).shape == (0, 2, 0, 2)
    assert F.jacobian(lambda x: x.sum(), x).shape == (0, 2)
    assert F.hessian(lambda x: (x * x).sum(), x).shape == (0, 2, 0, 2)
    assert F.jvp(lambda x: x * 2, x, x)[1].shape == (0, 2)


@pytest.mark.parametrize("name", F.__all__)
def test_arguments_are_torch_s(name: str) -> None:
    parameters = list(inspect.signature(getattr(F, name)).parameters)
    if name in ("jacobian", "hessian"):
        assert parameters[:5] == ["func", "inputs", "create_graph", "strict", "vectorize"]
        assert parameters[5:] == ["strategy" if name == "jacobian" else "outer_jacobian_strategy"]
    else:
        assert parameters == ["func", "inputs", "v", "create_graph", "strict"]


def test_it_is_imported_when_it_is_asked_for() -> None:
    assert ag.autograd.functional is F
    import pyautograd.autograd.functional as again

    assert again is F
