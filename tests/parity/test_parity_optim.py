# SPDX-License-Identifier: MIT
"""Optimisers and schedulers beside torch: the same places after many steps, the same states, rates
and texts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """Torch keeps numbers of steps in its default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


SHAPES = [(3,), (), (4, 5), (0,), (7, 3), (5, 4)]
CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.01}),
    ("SGD", {"lr": 0.01, "momentum": 0.9}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {"lr": 0.02}),
    ("Adam", {"lr": 0.02, "weight_decay": 0.1, "amsgrad": True}),
    ("Adam", {"betas": (0.0, 0.5), "eps": 1e-3, "maximize": True}),
    ("AdamW", {"lr": 0.02}),
    ("AdamW", {"lr": 0.02, "amsgrad": True, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"weight_decay": 0.1, "betas": (0.8, 0.9)}),
    ("NAdam", {}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("NAdam", {"weight_decay": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.01, "initial_accumulator_value": 0.5}),
    ("Adadelta", {}),
    ("Adadelta", {"weight_decay": 0.1, "rho": 0.5}),
]
IDS = [f"{name}-{'-'.join(kwargs) or 'plain'}" for name, kwargs in CASES]


def walk(m: ModuleType, name: str, kwargs: dict[str, Any]) -> tuple[list[Any], Any]:
    """The parameters after a hundred steps; one has no gradient in some of them."""
    dice = np.random.default_rng(0)
    with_dtype = {"dtype": m.float64}
    params = [m.tensor(dice.normal(size=s), **with_dtype).requires_grad_() for s in SHAPES]
    params.append(m.tensor(dice.normal(size=(4, 6)), **with_dtype).t().requires_grad_())
    o = getattr(m.optim, name)(params, **kwargs)
    for k in range(100):
        o.zero_grad()
        losses = [
            (((p - 5) ** 2) * (1 + 0.1 * i) + (p + i).sin()).sum() for i, p in enumerate(params)
        ]
        sum(losses).backward()  # type: ignore[union-attr]
        if k % 3 == 0:
            params[0].grad = None
        o.step()
    return params, o


def close(ours: Any, theirs: Any) -> None:
    a, b = np.asarray(ours.detach()), np.asarray(theirs.detach())
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=IDS)
def test_a_hundred_steps(name: str, kwargs: dict[str, Any]) -> None:
    (ours, own), (theirs, other) = walk(ag, name, kwargs), walk(torch, name, kwargs)
    assert repr(own) == repr(other)
    for p, q in zip(ours, theirs, strict=True):
        close(p, q)
        if "maximize" not in kwargs:  # far out all numbers are large
            assert list(own.state[p]) == list(other.state[q])
            for kept, wanted in zip(own.state[p].values(), other.state[q].values(), strict=True):
                close(kept, wanted.double())
    saved, wanted = own.state_dict(), other.state_dict()
    assert saved["param_groups"] == wanted["param_groups"]
    assert {k: list(v) for k, v in saved["state"].items()} == {
        k: list(v) for k, v in wanted["state"].items()
    }


def fit(m: ModuleType, problem: str, kwargs: dict[str, Any]) -> list[Any]:
    x = m.tensor([-1.2, 1.0, 0.5, 2.0], dtype=m.float64).requires_grad_()
    y = m.tensor([[3.0], [-2.0]], dtype=m.float64).requires_grad_()
    o = m.optim.LBFGS([x, y], **kwargs)
    scale = m.tensor([1.0, 3.0, 10.0, 0.5], dtype=m.float64)
    seen: list[Any] = []

    def closure() -> Any:
        o.zero_grad()
        if problem == "quadratic":
            loss = (scale * (x - 1) ** 2).sum() + ((y * x[:2] - 1) ** 2).sum() * 0.1
        else:
            loss = (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum() + (y**2).sum()
        loss.backward()
        return loss

    for _ in range(10):
        seen.append(float(o.step(closure).detach()))
        seen.append(o.state[x]["func_evals"])
    return [x, y, *seen]


@pytest.mark.parametrize("problem", ["quadratic", "Rosenbrock"])
@pytest.mark.parametrize(
    "kwargs",
    [
        {"lr": 0.05, "max_iter": 4},
        {"lr": 0.02, "max_iter": 3, "history_size": 2},
        {"max_iter": 3, "line_search_fn": "strong_wolfe"},
        {"max_iter": 5, "line_search_fn": "strong_wolfe", "history_size": 3, "lr": 0.5},
    ],
    ids=lambda kwargs: "-".join(kwargs),
)
def test_lbfgs(problem: str, kwargs: dict[str, Any]) -> None:
    ours, theirs = fit(ag, problem, kwargs), fit(torch, problem, kwargs)
    for p, q in zip(ours[:2], theirs[:2], strict=True):
        np.testing.assert_allclose(p.tolist(), q.tolist(), rtol=1e-10, atol=1e-10)
    assert ours[3::2] == theirs[3::2]
    assert ours[2::2] == pytest.approx(theirs[2::2], rel=1e-8, abs=1e-12)


SCHEDULERS = [
    "StepLR(o, 3, 0.5)",
    "MultiStepLR(o, [2, 2, 7, 30], 0.3)",
    "LambdaLR(o, lambda k: 0.9**k)",
    "LambdaLR(o, [lambda k: 0.9**k, lambda k: 1 / (k + 1)])",
    "MultiplicativeLR(o, lambda k: 0.9)",
    "ConstantLR(o, 0.25, 6)",
    "LinearLR(o, 0.1, 0.7, 9)",
    "ExponentialLR(o, 0.9)",
    "PolynomialLR(o, 12, 2.5)",
    "CosineAnnealingLR(o, 7, 0.01)",
    "CosineAnnealingWarmRestarts(o, 3, 2, 0.01)",
    "OneCycleLR(o, [0.5, 0.9], total_steps=25)",
    "OneCycleLR(o, 0.5, epochs=5, steps_per_epoch=6, three_phase=True, anneal_strategy='linear')",
    "CyclicLR(o, 0.1, [0.5, 0.7], 4, 3)",
    "CyclicLR(o, 0.1, 0.5, 4, mode='triangular2')",
    "CyclicLR(o, 0.1, 0.5, 4, mode='exp_range', gamma=0.9, cycle_momentum=False)",
    "CyclicLR(o, 0.1, 0.5, 4, scale_fn=lambda x: 1 / x, cycle_momentum=False)",
    "SequentialLR(o, [R.LinearLR(o, 0.1, total_iters=4), R.ExponentialLR(o, 0.9)], [5])",
    "SequentialLR(o, [R.ConstantLR(o), R.CosineAnnealingLR(o, 5), R.StepLR(o, 2)], [3, 9])",
    "ChainedScheduler([R.ConstantLR(o, 0.5, 4), R.ExponentialLR(o, 0.9)])",
]


def groups_of(m: ModuleType, name: str) -> Any:
    x, y = (m.zeros(1).requires_grad_() for _ in range(2))
    kwargs = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(m.optim, name)([{"params": [x]}, {"params": [y], "lr": 0.3}], lr=0.2, **kwargs)


def rates(m: ModuleType, text: str, name: str) -> list[Any]:
    o = groups_of(m, name)
    scope = {"o": o, "R": m.optim.lr_scheduler}
    scheduler = eval("R." + text, scope)
    found = []
    for _ in range(24):
        keys = ("lr", "momentum", "betas", "initial_lr")
        found += [g[k] for g in o.param_groups for k in keys if k in g]
        assert scheduler.get_last_lr() == [g["lr"] for g in o.param_groups]
        o.step()
        scheduler.step()
    return found


def numbers(values: list[Any]) -> list[float]:
    flat: list[float] = []
    for value in values:
        flat += list(value) if isinstance(value, tuple) else [value]
    return flat


@pytest.mark.parametrize("name", ["SGD", "Adam"])
@pytest.mark.parametrize("text", SCHEDULERS)
def test_rates(text: str, name: str) -> None:
    ours, theirs = (numbers(rates(m, text, name)) for m in (ag, torch))
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("text", SCHEDULERS[:11])
def test_rates_of_a_given_step(text: str) -> None:
    found = []
    for m in (ag, torch):
        o = groups_of(m, "SGD")
        scheduler = eval("R." + text, {"o": o, "R": m.optim.lr_scheduler})
        o.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step(6)
        found.append([g["lr"] for g in o.param_groups])
    assert found[0] == pytest.approx(found[1], rel=1e-12)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_plateaus(mode: str, threshold_mode: str) -> None:
    dice = np.random.default_rng(1)
    values = np.round(dice.normal(size=60), 1).tolist()
    found = []
    for m in (ag, torch):
        o = groups_of(m, "SGD")
        scheduler = m.optim.lr_scheduler.ReduceLROnPlateau(
            o, mode, 0.5, 2, 0.1, threshold_mode, cooldown=1, min_lr=[0.01, 0.002]
        )
        row = []
        for value in values:
            scheduler.step(value)
            row.append([g["lr"] for g in o.param_groups])
        found.append(row)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "text",
    [
        "SGD([x], lr=-1.0)",
        "SGD([x], momentum=-1)",
        "SGD([x], nesterov=True)",
        "SGD([])",
        "SGD([1.0])",
        "SGD([x * 2])",
        "SGD([{'params': {x}}])",
        "SGD([{'params': [x]}, {'params': [x]}])",
        "SGD([('a', x), y])",
        "Adam([x], betas=(0.9, 1.0))",
        "Adam([x], eps=-1.0)",
        "Adam([x], fused=True, foreach=True)",
        "Adagrad([x], lr_decay=-1)",
        "Adagrad([x], initial_accumulator_value=-1)",
        "Adadelta([x], rho=1.5)",
        "NAdam([x], momentum_decay=-1)",
        "RMSprop([x], alpha=-1)",
        "LBFGS([x]).step()",
        "lr_scheduler.StepLR(x, 1)",
        "lr_scheduler.LinearLR(SGD([x]), 2.0)",
        "lr_scheduler.ConstantLR(SGD([x]), 2.0)",
        "lr_scheduler.LambdaLR(SGD([x]), [])",
        "lr_scheduler.OneCycleLR(SGD([x]), 1.0)",
        "lr_scheduler.OneCycleLR(Adagrad([x]), 1.0, 3)",
        "lr_scheduler.ReduceLROnPlateau(SGD([x]), factor=1.0)",
        "lr_scheduler.ReduceLROnPlateau(SGD([x]), mode='least')",
        "lr_scheduler.SequentialLR(SGD([x]), [], [])",
        "lr_scheduler.CosineAnnealingWarmRestarts(SGD([x]), 0)",
    ],
)
def test_errors(text: str) -> None:
    found = []
    for m in (ag, torch):
        x, y = (m.zeros(1).requires_grad_() for _ in range(2))
        with pytest.raises(Exception) as caught:
            eval(text, {**vars(m.optim), "x": x, "y": y})
        message = str(caught.value).replace("torch.DoubleTensor", "Tensor")
        found.append((type(caught.value), message.split(" positional")[0]))
    assert found[0] == found[1]


# Of others PyTorch's own steps write what it needs for gradients: see tests/test_optim.py.
RECORDED: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"weight_decay": 0.1, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"weight_decay": 0.1, "betas": (0.5, 0.9)}),
    ("AdamW", {"weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "momentum_decay": 0.1}),
    ("RMSprop", {"eps": 1e-3}),
    ("RMSprop", {"momentum": 0.9, "alpha": 0.9, "eps": 1e-3}),
    ("Adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.1}),
    ("Adadelta", {"rho": 0.7, "weight_decay": 0.1}),
]


def recorded(m: ModuleType, name: str, kwargs: dict[str, Any]) -> list[Any]:
    """Where three recorded steps lead, and the derivatives of that by the start."""
    start = m.tensor([1.0, -2.0, 0.5], requires_grad=True)
    x = start.clone()
    x.retain_grad()
    o = getattr(m.optim, name)([x], lr=0.1, differentiable=True, **kwargs)
    for _ in range(3):
        y = x * 1
        (x.grad,) = m.autograd.grad((y.sin() + (y - 2) ** 2).sum(), x, create_graph=True)
        o.step()
    total = (x * m.tensor([1.0, 2.0, 4.0])).sum()
    (first,) = m.autograd.grad(total, start, create_graph=True)
    (second,) = m.autograd.grad((first * first).sum(), start)
    kept = o.state_dict()["state"].get(0, {})
    return [x, first, second, *(kept[k] for k in sorted(kept) if kept[k] is not None)]


@pytest.mark.parametrize(("name", "kwargs"), RECORDED)
def test_recorded_steps(name: str, kwargs: dict[str, Any]) -> None:
    ours, theirs = (recorded(m, name, kwargs) for m in (ag, torch))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.tolist(), b.tolist(), rtol=1e-10, atol=1e-10)


def test_recorded_steps_by_a_rate() -> None:
    found = []
    for m in (ag, torch):
        rate = m.tensor(0.1, requires_grad=True)
        x = m.tensor([1.0, -2.0], requires_grad=True).clone()
        o = m.optim.SGD([x], lr=rate, differentiable=True)
        for _ in range(2):
            (x.grad,) = m.autograd.grad(((x * 1 - 2) ** 2).sum(), x, create_graph=True)
            o.step()
        found.append(m.autograd.grad((x * x).sum(), rate)[0].item())
    assert found[0] == pytest.approx(found[1], rel=1e-12)
