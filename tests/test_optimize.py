# SPDX-License-Identifier: MIT
"""SciPy's minimisers, root finders and least squares over tensors and trees of them, and what their
solutions depend on. Skipped where SciPy is not installed."""

from __future__ import annotations

import doctest
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd import optimize

scipy = pytest.importorskip("scipy")
scipy.optimize = pytest.importorskip("scipy.optimize")

Pair = namedtuple("Pair", "a b")
METHODS = """Nelder-Mead Powell CG BFGS Newton-CG L-BFGS-B TNC COBYLA SLSQP trust-constr dogleg
    trust-ncg trust-exact trust-krylov""".split()


def rosenbrock(x: ag.Tensor) -> ag.Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_least(method: str) -> None:
    # A bowl: where the method has no derivatives, or wants a positive Hessian, all find its bottom.
    weights = ag.tensor([1.0, 3.0, 0.5])
    found = optimize.minimize(
        lambda x: (weights * (x - 2) ** 2).sum() + (x[0] - x[1]) ** 4,
        ag.tensor([0.0, 1.0, 5.0]),
        method=method,
        tol=1e-9,
    )
    assert isinstance(found, scipy.optimize.OptimizeResult)
    assert found.x.tolist() == pytest.approx([2.0, 2.0, 2.0], abs=2e-3)
    assert not found.x.requires_grad


def test_gradients_save_evaluations() -> None:
    found = optimize.minimize(rosenbrock, ag.tensor([-1.2, 1.0, -0.5, 0.8]))
    assert found.x.tolist() == pytest.approx([1.0] * 4, abs=1e-4)
    assert found.njev == found.nfev < 80
    assert found.jac.shape == (4,) and found.jac.abs().max().item() < 1e-4


@pytest.mark.parametrize(
    "start",
    [
        {"a": ag.tensor(0.0), "b": [ag.zeros(2, 1), (ag.ones(()),)]},
        [ag.zeros(2), ag.zeros(1, 3)],
        Pair(ag.tensor(1.0), 2.0),
        (np.zeros(2), 3.0),
        ag.zeros(2, 2).t(),
    ],
)
def test_trees(start: Any) -> None:
    def leaves(node: Any) -> list[ag.Tensor]:
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in leaves(value)]
        if isinstance(node, (list, tuple)):
            return [leaf for value in node for leaf in leaves(value)]
        return [node]

    def f(x: Any) -> ag.Tensor:
        total = ag.tensor(0.0)
        for k, leaf in enumerate(leaves(x)):
            total = total + ((leaf - k - 1) ** 2).sum()
        return total

    found = optimize.minimize(f, start)
    assert type(found.x) is type(start) or not isinstance(start, (dict, list, tuple))
    for k, (leaf, first) in enumerate(zip(leaves(found.x), leaves(start), strict=True)):
        assert leaf.shape == ag.as_tensor(first).shape
        assert leaf.reshape(-1).tolist() == pytest.approx([k + 1.0] * leaf.numel(), abs=1e-5)


def test_bounds() -> None:
    f = lambda x: ((x - 5) ** 2).sum()  # noqa: E731
    found = optimize.minimize(f, ag.zeros(2), bounds=[(0, 1), (None, None)])
    assert found.x.tolist() == pytest.approx([1.0, 5.0])
    found = optimize.minimize(f, ag.zeros(2), bounds=scipy.optimize.Bounds(-1.0, [2.0, np.inf]))
    assert found.x.tolist() == pytest.approx([2.0, 5.0])
    start = {"a": ag.zeros(2), "b": ag.tensor(0.0), "c": ag.tensor(0.0)}
    found = optimize.minimize(
        lambda p: f(p["a"]) + f(p["b"]) + f(p["c"]),
        start,
        bounds={"a": (None, ag.tensor([1.0, 2.0])), "b": (6.0, 7.0), "c": None},
    )
    assert found.x["a"].tolist() == pytest.approx([1.0, 2.0])
    assert [found.x["b"].item(), found.x["c"].item()] == pytest.approx([6.0, 5.0])


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_constraints(method: str) -> None:
    # The point of the line x + y = 1 beyond the circle of radius 2 that is nearest to (0, 3).
    def f(p: Any) -> ag.Tensor:
        return p["x"] ** 2 + (p["y"] - 3) ** 2

    line = {"type": "eq", "fun": lambda p: p["x"] + p["y"] - 1}
    disk = {"type": "ineq", "fun": lambda p: 4 - p["x"] ** 2 - p["y"] ** 2}
    start = {"x": ag.tensor(0.5), "y": ag.tensor(0.5)}
    found = optimize.minimize(f, start, method=method, constraints=[line, disk])
    y = (1 + 7**0.5) / 2
    assert found.x["x"].item() == pytest.approx(1 - y, abs=1e-3)
    assert found.x["y"].item() == pytest.approx(y, abs=1e-3)
    ring = scipy.optimize.NonlinearConstraint(lambda p: p["x"] ** 2 + p["y"] ** 2, 0.0, 4.0)
    found = optimize.minimize(f, start, method=method, constraints=ring)
    assert found.x["y"].item() == pytest.approx(2.0, abs=1e-3)


def test_callbacks() -> None:
    seen: list[Any] = []
    optimize.minimize(lambda p: (p["a"] - 1) ** 2, {"a": ag.tensor(0.0)}, callback=seen.append)
    assert all(isinstance(x["a"], ag.Tensor) for x in seen) and seen

    def newer(intermediate_result: Any) -> None:
        seen.append(intermediate_result.x["a"])

    seen.clear()
    optimize.minimize(lambda p: (p["a"] - 1) ** 2, {"a": ag.tensor(0.0)}, callback=newer)
    assert seen and isinstance(seen[0], ag.Tensor)


def test_arguments_options_and_errors() -> None:
    found = optimize.minimize(
        lambda x, a, b: ((x - a * b) ** 2).sum(), ag.zeros(1), args=(2.0, 3.0),
        options={"maxiter": 100}, tol=1e-12,
    )  # fmt: skip
    assert found.x.item() == pytest.approx(6.0)
    assert optimize.minimize(lambda x: ag.tensor(3.0), ag.zeros(2)).x.tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="must give one number"):
        optimize.minimize(lambda x: x * 2, ag.zeros(2))
    with pytest.raises(TypeError, match="must give a tensor, not float"):
        optimize.minimize(lambda x: 3.0, ag.zeros(2))
    with pytest.raises(TypeError, match=r"x0\['a'\]\[1\]: expected a tensor"):
        optimize.minimize(lambda x: 3.0, {"a": [ag.zeros(1), "b"]})
    with pytest.raises(ValueError, match="Unknown solver"):
        optimize.minimize(lambda x: (x * x).sum(), ag.zeros(2), method="none")


def differences(f: Any, value: float, h: float = 1e-4) -> list[float]:
    above, below = f(value + h), f(value - h)
    return [(a - b) / (2 * h) for a, b in zip(above, below, strict=True)]


def test_minima_depend_on_what_is_closed_over() -> None:
    def solve(c: Any) -> ag.Tensor:
        def f(x: ag.Tensor) -> ag.Tensor:
            return ((x - c**2) ** 2).sum() + c * x[0] * x[1] + (x[0] - 1) ** 4

        return optimize.minimize(f, ag.zeros(2), method="trust-exact", tol=1e-12).x

    c = ag.tensor(0.7, requires_grad=True)
    x = solve(c)
    assert x.requires_grad and x.shape == (2,)
    found = [ag.autograd.grad(x[k], c, retain_graph=True)[0].item() for k in range(2)]
    assert found == pytest.approx(differences(lambda v: solve(v).tolist(), 0.7), rel=1e-5)
    assert x.tolist() == solve(0.7).tolist()  # the value is SciPy's


def test_minima_at_bounds_stay_there() -> None:
    c = ag.tensor(2.0, requires_grad=True)
    start = {"a": ag.zeros(2), "b": ag.tensor(0.5)}
    found = optimize.minimize(
        lambda p: ((p["a"] - c) ** 2).sum() + (p["b"] - 3 * c) ** 2,
        start,
        bounds={"a": (None, ag.tensor([1.0, 9.0])), "b": None},
        tol=1e-10,
    )
    total = found.x["a"] @ ag.tensor([10.0, 100.0]) + 1000 * found.x["b"]
    total.backward()
    assert c.grad is not None and c.grad.item() == pytest.approx(3100.0, rel=1e-6)


def test_roots() -> None:
    def f(p: Any, scale: Any) -> Any:
        return [p["a"] ** 2 - scale, (p["b"] - p["a"]) * 2]

    scale = ag.tensor(4.0, requires_grad=True)
    start = {"a": ag.tensor(1.0), "b": ag.zeros(2)}
    for method in ("hybr", "lm", "krylov"):
        scale.grad = None
        found = optimize.root(f, start, args=(scale,), method=method, tol=1e-9)
        assert found.success and found.x["b"].tolist() == pytest.approx([2.0, 2.0], abs=1e-6)
        (found.x["a"] + 10 * found.x["b"].sum()).backward()
        assert scale.grad is not None and scale.grad.item() == pytest.approx(21 / 4, rel=1e-5)
    found = optimize.root(lambda x: x - 3, ag.tensor([0.0]))
    assert found.x.item() == 3.0 and not found.x.requires_grad


def test_least_squares() -> None:
    t = ag.linspace(0.0, 2.0, 21)
    y = 2 * (-1.5 * t).exp() + 0.5
    start = {"size": ag.tensor(1.0), "rate": ag.tensor(1.0), "floor": ag.tensor(0.0)}

    def residuals(p: Any) -> ag.Tensor:
        return p["size"] * (-p["rate"] * t).exp() + p["floor"] - y

    for kwargs in ({}, {"method": "lm"}, {"loss": "soft_l1"}):
        found = optimize.least_squares(residuals, start, **kwargs)
        values = [found.x[name].item() for name in ("size", "rate", "floor")]
        assert values == pytest.approx([2.0, 1.5, 0.5], abs=1e-5)
        assert found.jac.shape == (21, 3) and found.grad["rate"].shape == ()
    bounds = {"size": (0.0, 1.5), "rate": None, "floor": (0.0, None)}
    found = optimize.least_squares(residuals, start, bounds=bounds)
    assert found.x["size"].item() == pytest.approx(1.5, abs=1e-6)
    found = optimize.least_squares(lambda x: x - 3, ag.full((2,), 0.5), bounds=([0, 0], [1, 9]))
    assert found.x.tolist() == pytest.approx([1.0, 3.0], abs=1e-6)


def test_examples() -> None:
    assert doctest.testmod(optimize).failed == 0


def test_one_further_argument_needs_no_tuple() -> None:
    """SciPy takes what is no tuple for one argument; so a tensor is not taken apart."""
    centre = ag.tensor([2.0, -3.0])
    for args in (centre, (centre,)):
        found = optimize.minimize(lambda x, c: ((x - c) ** 2).sum(), ag.zeros(2), args=args)
        assert found.x.tolist() == pytest.approx([2.0, -3.0], abs=1e-6)
        assert optimize.root(lambda x, c: x - c, ag.zeros(2), args=args).x.tolist() == [2.0, -3.0]
        found = optimize.least_squares(lambda x, c: x - c, ag.zeros(2), args=args)
        assert found.x.tolist() == pytest.approx([2.0, -3.0])
    found = optimize.minimize(lambda x, c: (x - c) ** 2, 0.0, args=4.0)
    assert found.x.item() == pytest.approx(4.0)
