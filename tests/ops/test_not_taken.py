# SPDX-License-Identifier: MIT
"""Nothing comes out of the branch that `where` did not take, to the third derivative: from any op
of the table, composed with others and multiplied by them, at points where slopes are infinite or
no numbers. `make long` tries all pairs of ops."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values

F = ag.nn.functional
INF, NAN = float("inf"), float("nan")
POINTS = [0.0, -0.0, -1.0, 1.0, 2.0, 0.5, -2.0, INF, -INF, NAN, 1e300, -1e300, 1e-310]
N = len(POINTS)
Function = Callable[[Any], Any]

CHOICES: dict[str, Callable[[Any, Any], Any]] = {
    "where": lambda y, nowhere: ag.where(nowhere, y, 3.0),
    "other branch": lambda y, nowhere: ag.where(~nowhere, ag.ones_like(y), y),
    "masked_fill": lambda y, nowhere: y.masked_fill(~nowhere, 0.0),
    "written": lambda y, nowhere: y.clone().masked_fill_(~nowhere, 0.0),
}

# Ops that take more than tensors, and numbers as operands.
OTHERS: dict[str, Function] = {
    "x ** 2.0": lambda x: x**2.0,
    "x ** -1.0": lambda x: x**-1.0,
    "x ** 1.5": lambda x: x**1.5,
    "x ** inf": lambda x: x**INF,
    "x ** -inf": lambda x: x**-INF,
    "2.0 ** x": lambda x: 2.0**x,
    "0.0 ** x": lambda x: 0.0**x,
    "inf ** x": lambda x: INF**x,
    "x * inf": lambda x: x * INF,
    "x / 0.0": lambda x: x / 0.0,
    "1 / x": lambda x: 1 / x,
    "polygamma": lambda x: ag.special.polygamma(1, x),
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "softplus 3": lambda x: F.softplus(x, beta=3.0),
    "logit eps": lambda x: ag.logit(x, eps=1e-3),
    "threshold": lambda x: F.threshold(x, 0.1, 20.0),
}


def of_one_argument(name: str, f: Callable[..., Any], arity: int) -> dict[str, Function]:
    """An op as functions of one argument, the others being constants or functions of it."""
    if arity == 1:
        return {name: f}
    if arity == 3:
        return {
            f"{name}(x, x, x)": lambda x: f(x, x, x),
            f"{name}(x, log x, exp x)": lambda x: f(x, x.log(), x.exp()),
            f"{name}(log x, x, x)": lambda x: f(x.log(), x, x),
        }
    found: dict[str, Function] = {
        f"{name}(x, x)": lambda x: f(x, x),
        f"{name}(x, log x)": lambda x: f(x, x.log()),
        f"{name}(exp x, x)": lambda x: f(x.exp(), x),
    }
    for number in (0.0, 2.0, INF, NAN):
        c = ag.tensor(number)
        found[f"{name}(x, {number})"] = lambda x, c=c: f(x, c)
        found[f"{name}({number}, x)"] = lambda x, c=c: f(c, x)
    return found


def of_the_table() -> dict[str, Function]:
    kinds = {"unary", "binary", "pair", "ternary", "unary_attr", "ternary_attr"}
    found: dict[str, Function] = {}
    for row in map(dict, ag._core._op_table()):
        name, homes = row["name"], (ag, ag.special, F)
        if row["kind"] not in kinds or row["grad"] not in ("rule", "parts"):
            continue
        f = next((getattr(home, name) for home in homes if hasattr(home, name)), None)
        # Masks are bool, and what needs more arguments is among the others.
        if f is not None and name not in ("where", "masked_fill", "polygamma", "threshold"):
            found |= of_one_argument(name, f, row["arity"])
    return found | OTHERS


ALL = of_the_table()

# What a factor or an outer function may do to a gradient: infinite and undefined slopes of all
# kinds, of the first order and only of higher ones.
PARTNERS = [
    "log", "exp", "sqrt", "reciprocal", "x ** 1.5", "x ** inf", "xlogy(x, x)", "pow(x, log x)",
    "div(x, x)", "log1p", "atanh", "lgamma", "sinc", "hypot(x, x)",
]  # fmt: skip


def leaks(
    f: Function, order: int = 3, choice: str = "where", points: Iterable[float] = POINTS
) -> list[tuple[int, float]]:
    """(order, point) of each derivative that is not 0."""
    x = leaf(list(points))
    weights = ag.tensor(np.linspace(0.7, 1.9, x.numel()))
    current = CHOICES[choice](f(x), ag.zeros(x.shape, dtype=ag.bool))
    for k in range(1, order + 1):
        if not current.requires_grad:
            break
        total = (current * weights).sum()
        (current,) = ag.autograd.grad(total, x, create_graph=True, materialize_grads=True)
        wrong = np.flatnonzero(values(current) != 0)
        if wrong.size:
            return [(k, float(values(x)[i])) for i in wrong]
    return []


def test_the_table_is_searched() -> None:
    assert len(ALL) > 300
    assert set(PARTNERS) <= set(ALL)


class Careless(ag.autograd.Function):
    """sqrt with a rule that multiplies the gradient, also one of 0, by an infinite slope."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.sqrt()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * (0.5 * ctx.saved_tensors[0] ** -0.5)


def test_the_search_finds_what_leaks() -> None:
    assert {(k, at) for k, at in leaks(Careless.apply)} >= {(1, 0.0), (1, -1.0)}
    assert leaks(lambda x: Careless.apply(x.square() + 1), points=[0.0, 1.0]) == []
    once = lambda x: Careless.apply(x.square() + 1) * x.square()  # noqa: E731
    assert {k for k, _ in leaks(once, points=[0.0, INF])} == {2}


@pytest.mark.parametrize("choice", CHOICES)
def test_each_op(choice: str) -> None:
    found = {name: leaks(f, 4, choice) for name, f in ALL.items()}
    assert {name: where for name, where in found.items() if where} == {}


@pytest.mark.parametrize("partner", PARTNERS)
def test_ops_of_ops_and_times_ops(partner: str) -> None:
    g = ALL[partner]
    found = {}
    for name, f in ALL.items():
        found[f"{partner} of {name}"] = leaks(lambda x, f=f: g(f(x)))
        found[f"{name} of {partner}"] = leaks(lambda x, f=f: f(g(x)))
        found[f"{name} times {partner}"] = leaks(lambda x, f=f: f(x) * g(x))
    assert {name: where for name, where in found.items() if where} == {}


@pytest.mark.long
@pytest.mark.skipif(not os.environ.get("PYAUTOGRAD_LONG_TESTS"), reason="takes half a minute")
def test_all_pairs() -> None:
    found = {}
    for (a, f), (b, g) in itertools.product(ALL.items(), repeat=2):
        found[f"{a} of {b}"] = leaks(lambda x, f=f, g=g: f(g(x)))
        if a <= b:
            found[f"{a} times {b}"] = leaks(lambda x, f=f, g=g: f(x) * g(x))
    assert {name: where for name, where in found.items() if where} == {}


@pytest.mark.parametrize("partner", ["log", "x ** inf", "xlogy(x, x)"])
def test_where_values_pend(partner: str) -> None:
    """The same in programs, of which some steps are machine code."""
    g = ALL[partner]
    points = POINTS * 700
    for name in ("log", "exp", "sqrt", "pow(x, x)", "div(x, x)", "maximum(x, log x)", "tanh"):
        assert leaks(lambda x, f=ALL[name]: f(x) * g(x), 3, points=points) == [], name
        assert leaks(lambda x, f=ALL[name]: f(g(x)), 3, points=points) == [], name


# Reductions, views and indexing: of what all is not taken.
BETWEEN: dict[str, Function] = {
    **{
        name: lambda u, name=name: u * getattr(u, name)()
        for name in "sum mean prod norm var std amax amin max min median nansum nanmean".split()
    },
    **{
        name: lambda u, name=name: u * getattr(u, name)(0)
        for name in "softmax log_softmax logsumexp cumsum cumprod logcumsumexp flip".split()
    },
    **{
        name: lambda u, name=name: u * getattr(u, name)(0)[0]
        for name in "cummax cummin max min sort median mode".split()
    },
    **{f"norm {p}": lambda u, p=p: u * u.norm(p=p) for p in (0.5, 1.0, 3.0, INF)},
    **{
        f"cdist {p}": lambda u, p=p: ag.cdist(u[:, None], u[:, None], p).sum(0)
        for p in (1.0, 2.0, 3.0)
    },
    "var_mean": lambda u: u * ag.var_mean(u)[0] * ag.var_mean(u)[1],
    "std_mean": lambda u: u * ag.std_mean(u)[0] * ag.std_mean(u)[1],
    "vector_norm": lambda u: u * ag.linalg.vector_norm(u, 3.0),
    "quantile": lambda u: u * u.quantile(0.3),
    "kthvalue": lambda u: u * u.kthvalue(2)[0],
    "dot": lambda u: u * u.dot(u),
    "outer": lambda u: ag.outer(u, u).sum(0),
    "cov": lambda u: u * ag.cov(u),
    "dist": lambda u: u * ag.dist(u, u * u, 3.0),
    "index": lambda u: u * u[ag.arange(N - 1, -1, -1)],
    "slices": lambda u: ag.cat([u[1:], u[:1]]) * u,
    "masked_select": lambda u: u * u.masked_select(ag.ones(N, dtype=ag.bool)),
    "index_put": lambda u: u.index_put((ag.tensor([0, 0]),), u[:2], accumulate=True) * u,
    "index_add": lambda u: u.index_add(0, ag.tensor([0, 0]), u[:2]) * u,
    "gather": lambda u: u * u.gather(0, ag.zeros(N, dtype=ag.int64)),
    "scatter_add": lambda u: u * u.scatter_add(0, ag.zeros(N, dtype=ag.int64), u),
    "scatter_reduce": lambda u: u * u.scatter_reduce(0, ag.arange(N) % 3, u, "prod"),
    "take": lambda u: u * u.take(ag.arange(N)),
    "view": lambda u: (u.view(N, 1) * u.view(1, N)).sum(1),
    "expand": lambda u: (u.view(N, 1).expand(N, 3) * u.view(N, 1)).sum(1),
    "as_strided": lambda u: u * u.as_strided((N,), (1,)),
    "unfold": lambda u: u * u.unfold(0, N, 1).sum(0),
    "repeat": lambda u: u * u.repeat(2).view(2, N).sum(0),
    "diag": lambda u: u * ag.diag(u).sum(0),
    "tril": lambda u: (u.view(N, 1) * u).tril().sum(0),
    "pad": lambda u: u * F.pad(u, (1, 0))[:N],
    "roll": lambda u: u * u.roll(1, 0),
    "stack": lambda u: ag.stack([u, u * u]).std(0),
    "diff": lambda u: u * ag.cat([u[:1], u.diff()]),
    "trapezoid": lambda u: u * ag.trapezoid(u, u),
    "layer_norm": lambda u: F.layer_norm(u, (N,), u, u),
    "layer_norm alone": lambda u: F.layer_norm(u, (N,)),
    "rms_norm": lambda u: F.rms_norm(u, (N,)),
    "batch_norm": lambda u: F.batch_norm(u[:, None], None, None, training=True)[:, 0],
    "group_norm": lambda u: F.group_norm(u[None], 1)[0],
    "multilabel_soft_margin_loss": lambda u: u * F.multilabel_soft_margin_loss(u, u),
    "cross_entropy": lambda u: u * F.cross_entropy(u[None], ag.tensor([1])),
    "kl_div": lambda u: F.kl_div(u, u, reduction="none"),
    "mse_loss": lambda u: u * F.mse_loss(u, u.flip(0)),
    "normalize": lambda u: F.normalize(u, dim=0),
    "cosine": lambda u: u * F.cosine_similarity(u, u.flip(0), dim=0),
    "maximum": lambda u: u * ag.maximum(u, u.flip(0)),
    "clamp": lambda u: u * u.clamp(0.0, 1.0),
    "where": lambda u: ag.where(u.detach() > 0, u * u, u.log()),
}


@pytest.mark.parametrize("name", BETWEEN)
def test_reductions_views_and_indexing_between(name: str) -> None:
    f = BETWEEN[name]
    for before in ("log", "exp", "sqrt", "reciprocal", "square"):
        for after in ("square", "exp", "log"):
            found = leaks(lambda x, a=ALL[before], b=ALL[after]: b(f(a(x))))
            assert found == [], f"{after} of it of {before}"


def test_what_is_taken_keeps_its_derivatives() -> None:
    """Of log(x) exp(x) where x > 0, and of nothing elsewhere."""
    x = leaf([0.5, 0.0, -1.0, INF, 2.0])
    current = ag.where((x > 0) & x.isfinite(), x.log() * x.exp(), 0.0)
    t = np.array([0.5, 2.0])
    wanted = [
        np.exp(t) * (np.log(t) + 1 / t),
        np.exp(t) * (np.log(t) + 2 / t - 1 / t**2),
        np.exp(t) * (np.log(t) + 3 / t - 3 / t**2 + 2 / t**3),
    ]
    for derivative in wanted:
        (current,) = ag.autograd.grad(current.sum(), x, create_graph=True)
        assert np.allclose(values(current)[[0, 4]], derivative, 1e-13)
        assert values(current)[1:4].tolist() == [0.0] * 3
