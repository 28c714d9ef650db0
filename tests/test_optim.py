# SPDX-License-Identifier: MIT
"""Optimisers and schedulers: numbers worked out by hand, what is kept and saved, hooks, errors,
memory of all kinds, the same bits at any number of threads and CPU level."""

from __future__ import annotations

import copy
import doctest
import io
import math
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import pyautograd as ag
from pyautograd import _core, optim
from pyautograd.optim import _lbfgs, _rates, lr_scheduler, optimizer
from pyautograd.testing import gradcheck

KINDS = ["SGD", "Adam", "AdamW", "Adamax", "NAdam", "RMSprop", "Adagrad", "Adadelta"]


def steps(name: str, grads: list[float | None], start: float = 1.0, **kwargs: Any) -> list[float]:
    """The places of one number after steps with these gradients."""
    p = ag.tensor([start], requires_grad=True)
    o = getattr(optim, name)([p], **kwargs)
    places = []
    for g in grads:
        p.grad = None if g is None else ag.tensor([g])
        o.step()
        places.append(p.item())
    return places


@pytest.mark.parametrize(
    ("name", "grads", "kwargs", "expected"),
    [
        ("SGD", [1.0, 2.0], {"lr": 0.1}, [0.9, 0.7]),
        ("SGD", [1.0, 1.0], {"lr": 0.1, "momentum": 0.5}, [0.9, 0.75]),
        ("SGD", [1.0, 1.0], {"lr": 0.1, "momentum": 0.5, "dampening": 0.5}, [0.9, 0.8]),
        ("SGD", [1.0], {"lr": 0.1, "momentum": 0.5, "nesterov": True}, [0.85]),
        ("SGD", [1.0], {"lr": 0.1, "weight_decay": 0.5, "maximize": True}, [1.05]),
        ("SGD", [None, 1.0], {"lr": 0.1, "momentum": 0.5}, [1.0, 0.9]),
        ("Adam", [1.0, 0.1, 0.1], {"lr": 0.1, "amsgrad": True},
         [0.900000001, 0.8259189377609653, 0.7626045843035953]),
        ("Adam", [0.0], {"lr": 0.1, "weight_decay": 0.5}, [0.900000002]),
        ("AdamW", [0.0], {"lr": 0.1, "weight_decay": 0.5}, [0.95]),
        ("Adamax", [2.0], {"lr": 0.1, "eps": 0.5}, [1 - 0.1 * 2 / 2.5]),
        ("NAdam", [1.0], {"lr": 0.1, "eps": 0.0},
         [1 - 0.1 - 0.1 * 0.9 * (1 - 0.5 * 0.96**0.008) * 0.1
          / (1 - 0.81 * (1 - 0.5 * 0.96**0.004) * (1 - 0.5 * 0.96**0.008))]),
        ("RMSprop", [2.0, 2.0], {"lr": 0.1, "alpha": 0.75, "eps": 0.0},
         [1 - 0.2, 1 - 0.2 - 0.2 / math.sqrt(1.75)]),
        ("RMSprop", [2.0], {"lr": 0.1, "alpha": 0.75, "eps": 0.5, "centered": True},
         [1 - 0.2 / (math.sqrt(0.75) + 0.5)]),
        ("RMSprop", [2.0, 2.0], {"lr": 0.1, "alpha": 0.75, "eps": 0.0, "momentum": 0.5},
         [0.8, 0.8 - 0.1 * (1.0 + 2 / math.sqrt(1.75))]),
        ("Adagrad", [3.0], {"lr": 0.1, "initial_accumulator_value": 16.0}, [0.9400000000012]),
        ("Adagrad", [2.0, 2.0], {"lr": 0.1, "lr_decay": 1.0}, [0.900000000005, 0.8646446609469226]),
        ("Adadelta", [2.0], {"rho": 0.75, "eps": 0.25}, [1 - 0.5 / math.sqrt(1.25) * 2]),
    ],
)  # fmt: skip
def test_numbers(
    name: str, grads: list[float | None], kwargs: dict[str, Any], expected: list[float]
) -> None:
    assert steps(name, grads, **kwargs) == pytest.approx(expected, rel=1e-14)


def test_a_constant_gradient_stays_finite_without_its_mean() -> None:
    """Rounding brings the mean of squares less the square of the mean below 0."""
    for g in (0.7, 1e4):
        places = steps("RMSprop", [g] * 60, lr=1e-12, alpha=0.5, centered=True)
        assert all(math.isfinite(place) for place in places)


def mixed(name: str, **kwargs: Any) -> tuple[list[ag.Tensor], optim.Optimizer]:
    """An optimizer of parameters of several kinds, with gradients."""
    g = ag.Generator()
    g.manual_seed(0)
    sizes: list[tuple[int, ...]] = [(), (3,), (0,), (100, 70), (30, 50, 7)]
    params = [ag.randn(size, generator=g).requires_grad_() for size in sizes]
    params.append(ag.randn(9, 8, generator=g).t().requires_grad_())
    whole = ag.randn(12, 8, generator=g)
    params.append(whole[:, ::2].requires_grad_())
    for p in params:
        p.grad = ag.randn(p.shape, generator=g)
    params[5].grad = ag.randn(8, 9, generator=g)
    return params, getattr(optim, name)(params, **kwargs)


@pytest.mark.parametrize("name", KINDS)
def test_layouts_do_not_change_the_numbers(name: str) -> None:
    """Parameters that lie across memory, or in parts of it, get the bits of plain ones."""
    params, o = mixed(name, weight_decay=0.1)
    plain = [p.detach().clone().contiguous().requires_grad_() for p in params]
    for p, q in zip(params, plain, strict=True):
        q.grad = p.grad
    other = getattr(optim, name)(plain, weight_decay=0.1)
    for _ in range(3):
        o.step()
        other.step()
    for p, q in zip(params, plain, strict=True):
        assert p.tolist() == q.tolist()


@pytest.mark.parametrize("name", KINDS)
def test_the_same_bits_with_any_number_of_threads(name: str) -> None:
    found = []
    before = ag.get_num_threads()
    try:
        for threads in (1, 2, 4):
            ag.set_num_threads(threads)
            p = ag.linspace(-3.0, 3.0, 200_000).requires_grad_()
            q = ag.linspace(0.0, 3.0, 70_001).requires_grad_()
            o = getattr(optim, name)([p, q], lr=0.1)
            for _ in range(3):
                o.zero_grad()
                ((p * p).sin().sum() + (q * 3).sum()).backward()
                o.step()
            found.append((p.detach().numpy().tobytes(), q.detach().numpy().tobytes()))
    finally:
        ag.set_num_threads(before)
    assert found[0] == found[1] == found[2]


def test_the_same_bits_at_every_level() -> None:
    code = """if True:
        import hashlib, pyautograd as ag
        for name in KINDS:
            p = ag.linspace(-3.0, 3.0, 1003).requires_grad_()
            keys = {"SGD": {"momentum": 0.5}, "RMSprop": {"centered": True, "momentum": 0.5}}
            o = getattr(ag.optim, name)([p], lr=0.1, weight_decay=0.1, **keys.get(name, {}))
            for _ in range(5):
                o.zero_grad()
                (p * p * p).sum().backward()
                o.step()
            print(hashlib.sha256(p.detach().numpy().tobytes()).hexdigest())
    """.replace("KINDS", repr(KINDS))
    found = set()
    for level in ("base", "avx2", "avx512"):
        environment = {**os.environ, "PYAUTOGRAD_SIMD": level}
        found.add(
            subprocess.run(
                [sys.executable, "-c", code],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            ).stdout
        )
    assert len(found) == 1


def test_a_step_counts_as_a_write_in_place() -> None:
    p = ag.tensor([2.0], requires_grad=True)
    o = optim.SGD([p], lr=0.1)
    y = (p * p).sum()
    y.backward(retain_graph=True)
    version = p._version
    o.step()
    assert p._version == version + 1 and p.is_leaf and p.grad_fn is None
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_pending_values_are_read_as_they_were() -> None:
    p = ag.ones(20_000, requires_grad=True)
    before = (p * 2).detach()
    p.grad = ag.ones(20_000) * 3
    optim.SGD([p], lr=0.25).step()
    assert before.sum().item() == 40_000.0 and p.sum().item() == 5_000.0


def test_what_is_shared_with_numpy_is_written() -> None:
    p = ag.zeros(3, requires_grad=True)
    array = p.detach().numpy()
    p.grad = ag.ones(3)
    optim.SGD([p], lr=1.0).step()
    assert array.tolist() == [-1.0, -1.0, -1.0]


@pytest.mark.parametrize("name", KINDS)
def test_states_are_saved_and_loaded(name: str) -> None:
    params, o = mixed(name)
    o.step()
    file = io.BytesIO()
    ag.save(o.state_dict(), file)
    file.seek(0)
    twins = [p.detach().clone().requires_grad_() for p in params]
    other = getattr(optim, name)(twins, lr=77.0)
    other.load_state_dict(ag.load(file))
    assert other.param_groups[0]["lr"] == o.param_groups[0]["lr"]
    for p, q in zip(params, twins, strict=True):
        q.grad = p.grad
    o.step()
    other.step()
    for p, q in zip(params, twins, strict=True):
        assert p.tolist() == q.tolist()


def test_a_loaded_state_is_a_copy_and_may_have_numbers() -> None:
    p = ag.ones(1, requires_grad=True)
    p.grad = ag.ones(1)
    o = optim.Adam([p])
    o.step()
    saved = o.state_dict()
    assert list(saved["state"]) == [0] and saved["param_groups"][0]["params"] == [0]
    other = optim.Adam([p])
    saved["state"][0]["step"] = 1.0
    other.load_state_dict(saved)
    other.step()
    assert o.state[p]["exp_avg"].item() == pytest.approx(0.1)
    assert other.state[p]["step"].item() == 2.0
    with pytest.raises(ValueError, match="different number of parameter groups"):
        other.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size"):
        other.load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]})


def test_copies_and_pickles() -> None:
    p = ag.ones(2, requires_grad=True)
    p.grad = ag.ones(2)
    o = optim.SGD([p], lr=0.5, momentum=0.5)
    o.step()
    for twin in (copy.deepcopy(o), pickle.loads(pickle.dumps(o))):
        (q,) = twin.param_groups[0]["params"]
        q.grad = ag.ones(2)
        twin.step()
        assert q.tolist() == [-0.25, -0.25] and p.tolist() == [0.5, 0.5]


def test_groups() -> None:
    x, y, z = (ag.ones(1, requires_grad=True) for _ in range(3))
    o = optim.SGD([{"params": [x]}, {"params": iter([y]), "lr": 0.5}], lr=0.25)
    o.add_param_group({"params": z, "lr": 0.125, "momentum": 0.5})
    for p in (x, y, z):
        p.grad = ag.ones(1)
    o.step()
    assert [p.item() for p in (x, y, z)] == [0.75, 0.5, 0.875]
    assert [len(o.state[p]) for p in (z, x)] == [1, 0]
    named = optim.SGD([("weight", x), ("bias", y)])
    assert named.param_groups[0]["param_names"] == ["weight", "bias"]
    assert repr(optim.Adadelta([x])) == (
        "Adadelta (\nParameter Group 0\n    capturable: False\n    differentiable: False\n"
        "    eps: 1e-06\n    foreach: None\n    lr: 1.0\n    maximize: False\n    rho: 0.9\n"
        "    weight_decay: 0\n)"
    )


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda x: optim.SGD(x), TypeError, "iterable of Tensors or dicts, but got Tensor"),
        (lambda x: optim.SGD([]), ValueError, "empty parameter list"),
        (lambda x: optim.SGD([1.0]), TypeError, "can only optimize Tensors"),
        (lambda x: optim.SGD([x * 2]), ValueError, "non-leaf"),
        (lambda x: optim.SGD([x, x]), ValueError, "duplicate"),
        (lambda x: optim.SGD([{"params": x}, {"params": x}]), ValueError, "more than one"),
        (lambda x: optim.SGD([{"params": {x}}]), TypeError, "ordered collections"),
        (lambda x: optim.SGD([("a", x), ag.ones(1)]), ValueError, "Some param names"),
        (lambda x: optim.SGD([x], lr=-1.0), ValueError, "Invalid learning rate: -1.0"),
        (lambda x: optim.SGD([x], lr=math.nan), ValueError, "Invalid learning rate: nan"),
        (lambda x: optim.SGD([x], momentum=-1), ValueError, "Invalid momentum value: -1"),
        (lambda x: optim.SGD([x], nesterov=True), ValueError, "Nesterov momentum requires"),
        (lambda x: optim.Adam([x], betas=(1.0, 0.9)), ValueError, "parameter at index 0: 1.0"),
        (lambda x: optim.Adam([x], eps=-1), ValueError, "Invalid epsilon value"),
        (lambda x: optim.Adam([x], capturable=True), NotImplementedError, "capturable"),
        (lambda x: optim.Adam([x], differentiable=True, fused=True), RuntimeError, "not support"),
        (lambda x: optim.Adam([x], fused=True, foreach=True), RuntimeError, "together"),
        (lambda x: optim.Adadelta([x], rho=2.0), ValueError, "Invalid rho value"),
        (lambda x: optim.LBFGS([{"params": [x]}, {"params": [ag.ones(1)]}]), ValueError, "groups"),
        (lambda x: optim.LBFGS([x]).step(), TypeError, "closure"),
        (lambda x: optim.Optimizer([x], {}).step(), NotImplementedError, "^$"),
        (lambda x: optim.Muon, AttributeError, "Muon"),
        (lambda x: lr_scheduler.StepLR(x, 2), TypeError, "is not an Optimizer"),
    ],
)
def test_errors(make: Callable[[Any], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make(ag.ones(1, requires_grad=True))


RECORDED: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.5, "dampening": 0.2}),
    ("Adam", {"weight_decay": 0.1, "amsgrad": True}),
    ("AdamW", {"weight_decay": 0.1}),
    ("Adamax", {"maximize": True}),
    ("NAdam", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "eps": 0.1}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {}),
]


@pytest.mark.parametrize(("name", "kwargs"), RECORDED)
def test_recorded_steps(name: str, kwargs: dict[str, Any]) -> None:
    """They are those of the core, and their derivatives those of where they lead."""

    def after(start: ag.Tensor, recorded: bool) -> ag.Tensor:
        x = start.clone() if recorded else start.detach().clone().requires_grad_()
        o = getattr(optim, name)([x], lr=0.1, differentiable=recorded, **kwargs)
        for _ in range(4):
            loss = ((x * 1 - 2) ** 2 + (x * 1).sin()).sum()
            (x.grad,) = ag.autograd.grad(loss, x, create_graph=recorded)
            o.step()
        return x

    start = ag.tensor([1.0, -0.7, 0.4], requires_grad=True)
    there = after(start, True)
    assert there.tolist() == pytest.approx(after(start, False).tolist(), rel=1e-12)
    assert gradcheck(lambda x: after(x, True), start)


def test_a_leaf_takes_no_recorded_step() -> None:
    x = ag.ones(1, requires_grad=True)
    x.grad = ag.ones(1)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        optim.SGD([x], differentiable=True).step()
    assert x.item() == 1.0


def test_a_step_that_fails_changes_nothing() -> None:
    x, y = ag.ones(2, requires_grad=True), ag.ones(2, requires_grad=True)
    o = optim.Adam([x, y])
    x.grad = y.grad = ag.ones(2)
    o.state[y]["exp_avg"] = ag.ones(3)
    with pytest.raises(RuntimeError, match=r"expected exp_avg of shape \[2\], got \[3\]"):
        o.step()
    o.state[y]["exp_avg"] = "text"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="exp_avg"):
        o.step()
    o.param_groups[0]["lr"] = None
    with pytest.raises(TypeError, match="lr"):
        o.step()
    assert x.tolist() == y.tolist() == [1.0, 1.0] and x not in o.state


@pytest.mark.parametrize("name", ["SGD", "Adam", "NAdam"])
def test_a_step_without_memory_changes_nothing(name: str) -> None:
    try:
        _core._fail_allocation(0)
    except ValueError:
        pytest.skip("allocations can be failed in builds for testing and coverage only")
    kwargs = {"momentum": 0.5} if name == "SGD" else {}
    for nth in range(1, 100):
        x, y = ag.ones(3, requires_grad=True), ag.ones(4, 2).t().requires_grad_()
        x.grad, y.grad = ag.ones(3), ag.ones(2, 4)
        o = getattr(optim, name)([x, y], **kwargs)
        _core._fail_allocation(nth)
        try:
            o.step()
            break
        except MemoryError:
            pass
        finally:
            _core._fail_allocation(0)
        assert x.tolist() == [1.0] * 3 and y.sum().item() == 8.0
        assert not any(o.state.values())
    assert nth > 3 and x[0].item() < 1.0


def test_threads_step_parameters_of_their_own() -> None:
    def walk(found: list[Any]) -> None:
        params = [ag.linspace(-1.0, 1.0, n).requires_grad_() for n in (50, 3_000, 90_000)]
        o = optim.Adam(params, lr=0.01)
        for _ in range(20):
            o.zero_grad()
            sum((p**2).sum() for p in params).backward()  # type: ignore[union-attr]
            o.step()
        found.append([p.tolist() for p in params])

    found: list[Any] = []
    workers = [threading.Thread(target=walk, args=(found,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found[0] == found[1] == found[2]


def test_rates_may_be_tensors() -> None:
    rate = ag.tensor(0.5)
    x = ag.ones(1, requires_grad=True)
    o = optim.SGD([x], lr=rate)
    scheduler = lr_scheduler.ExponentialLR(o, 0.5)
    x.grad = ag.ones(1)
    o.step()
    scheduler.step()
    assert x.item() == 0.5 and rate.item() == 0.25 and o.param_groups[0]["lr"] is rate


def test_hooks() -> None:
    x = ag.ones(1, requires_grad=True)
    o = optim.SGD([x], lr=0.25)
    x.grad = ag.ones(1)
    seen: list[Any] = []
    before = o.register_step_pre_hook(lambda own, args, kwargs: seen.append((own, args, kwargs)))
    after = o.register_step_post_hook(lambda own, args, kwargs: seen.append(x.item()))
    assert o.step(lambda: 7.0) == 7.0
    assert seen[0][0] is o and len(seen[0][1]) == 2 and seen[1] == 0.75
    before.remove()
    after.remove()
    o.step()
    assert len(seen) == 2
    o.register_step_pre_hook(lambda own, args, kwargs: (args[:1], {}))
    assert o.step(lambda: 7.0) is None
    o.register_step_pre_hook(lambda own, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        o.step()
    o.register_state_dict_post_hook(lambda own, state: {**state, "more": 1})
    o.register_load_state_dict_post_hook(lambda own: seen.append("loaded"))
    o.register_load_state_dict_pre_hook(lambda own, state: seen.append(state["more"]))
    o.register_state_dict_pre_hook(lambda own: seen.append("saved"))
    o.load_state_dict(o.state_dict())
    assert seen[2:] == ["saved", 1, "loaded"]


def test_zero_grad() -> None:
    x = ag.ones(1, requires_grad=True)
    o = optim.SGD([x], lr=0.1, momentum=0.5)
    x.grad = ag.ones(1)
    o.zero_grad(set_to_none=False)
    assert x.grad is not None and x.grad.item() == 0.0
    o.zero_grad()
    assert x.grad is None


def rosenbrock(x: ag.Tensor) -> ag.Tensor:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_finds_the_least(search: str | None) -> None:
    weights = ag.linspace(1.0, 30.0, 12)
    x, y = ag.full((3, 2), 2.0, requires_grad=True), ag.full((6,), -1.0, requires_grad=True)
    o = optim.LBFGS([x, y], lr=0.5, max_iter=100, line_search_fn=search)

    def closure() -> ag.Tensor:
        o.zero_grad()
        loss = (weights * (ag.cat([x.reshape(-1), y]) - 1) ** 2).sum()
        loss.backward()
        return loss

    first = o.step(closure)
    assert first.item() == pytest.approx(closure().item() + first.item(), abs=1e-6)
    assert x.sub(1).abs().max().item() < 1e-5 and y.sub(1).abs().max().item() < 1e-5


def test_lbfgs_on_rosenbrock() -> None:
    x = ag.tensor([-1.2, 1.0], requires_grad=True)
    o = optim.LBFGS([x], max_iter=100, line_search_fn="strong_wolfe", tolerance_change=1e-14)

    def closure() -> ag.Tensor:
        o.zero_grad()
        loss = rosenbrock(x)
        loss.backward()
        return loss

    o.step(closure)
    assert x.tolist() == pytest.approx([1.0, 1.0], abs=1e-7)
    assert o.state[x]["func_evals"] < 70
    with pytest.raises(RuntimeError, match="only 'strong_wolfe'"):
        optim.LBFGS([ag.ones(2, requires_grad=True)], line_search_fn="other")
        o.param_groups[0]["line_search_fn"] = "other"
        x.data = ag.tensor([-1.2, 1.0])
        o.step(closure)


# ---- schedulers ----------------------------------------------------------------------------------


def rates(make: Callable[[optim.Optimizer], Any], n: int, lr: float = 1.0) -> list[float]:
    o = optim.SGD([ag.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make(o)
    found = [o.param_groups[0]["lr"]]
    for _ in range(n):
        o.step()
        scheduler.step()
        found.append(o.param_groups[0]["lr"])
        assert scheduler.get_last_lr() == [found[-1]]
    return found


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda o: lr_scheduler.StepLR(o, 2, 0.5), [1, 1, 0.5, 0.5, 0.25]),
        (lambda o: lr_scheduler.MultiStepLR(o, [2, 2, 4], 0.5), [1, 1, 0.25, 0.25, 0.125]),
        (lambda o: lr_scheduler.LambdaLR(o, lambda k: 1 / (k + 2)), [1 / 2, 1 / 3, 1 / 4]),
        (lambda o: lr_scheduler.MultiplicativeLR(o, lambda k: 1 / k), [1, 1, 1 / 2, 1 / 6]),
        (lambda o: lr_scheduler.ConstantLR(o, 0.5, 2), [0.5, 0.5, 1, 1]),
        (lambda o: lr_scheduler.LinearLR(o, 0.25, 1.0, 3), [0.25, 0.5, 0.75, 1, 1]),
        (lambda o: lr_scheduler.ExponentialLR(o, 0.5), [1, 0.5, 0.25]),
        (lambda o: lr_scheduler.PolynomialLR(o, 4, 2.0), [1, 0.5625, 0.25, 0.0625, 0, 0]),
        (lambda o: lr_scheduler.CosineAnnealingLR(o, 2, 0.5), [1, 0.75, 0.5, 0.75, 1, 0.75]),
        (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 1, 2), [1, 1, 0.5, 1]),
        (lambda o: lr_scheduler.CyclicLR(o, 1.0, 3.0, 2, cycle_momentum=False), [1, 2, 3, 2, 1, 2]),
        (lambda o: lr_scheduler.OneCycleLR(o, 1.0, 5, pct_start=0.4, anneal_strategy="linear",
                                           div_factor=2.0, final_div_factor=5.0,
                                           cycle_momentum=False), [0.5, 1, 0.7, 0.4, 0.1]),
        (lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ConstantLR(o, 0.5, 9),
                                                 lr_scheduler.ExponentialLR(o, 0.5)], [2]),
         [0.5, 0.5, 1, 0.5, 0.25]),
        (lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.ExponentialLR(o, 0.5),
                                                  lr_scheduler.StepLR(o, 2, 0.1)]),
         [1, 0.5, 0.025, 0.0125]),
    ],
)  # fmt: skip
def test_rates(make: Callable[[optim.Optimizer], Any], expected: list[float]) -> None:
    assert rates(make, len(expected) - 1) == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_plateaus() -> None:
    o = optim.SGD([ag.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=1, cooldown=1)
    found = []
    for value in (1.0, ag.tensor(1.0), math.nan, 1.0, 1.0, 1.0, 1.0):
        scheduler.step(value)
        found.append(o.param_groups[0]["lr"])
    assert found == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
    twin = lr_scheduler.ReduceLROnPlateau(o)
    twin.load_state_dict(scheduler.state_dict())
    assert twin.patience == 1 and twin.num_bad_epochs == scheduler.num_bad_epochs


def test_states_of_schedulers() -> None:
    def make() -> tuple[optim.Optimizer, Any]:
        o = optim.SGD([ag.zeros(1, requires_grad=True)], lr=1.0)
        parts = [lr_scheduler.LinearLR(o, 0.5, total_iters=3), lr_scheduler.LambdaLR(o, len_of)]
        return o, lr_scheduler.SequentialLR(o, parts, [2])

    def len_of(k: int) -> float:
        return 1.0 / (1 + k)

    first, a = make()
    for _ in range(3):
        first.step()
        a.step()
    second, b = make()
    second.load_state_dict(first.state_dict())
    b.load_state_dict(a.state_dict())
    for o, scheduler in ((first, a), (second, b)):
        o.step()
        scheduler.step()
    assert first.param_groups[0]["lr"] == second.param_groups[0]["lr"] == 1 / 3


def test_momentum_goes_against_the_rate() -> None:
    o = optim.Adam([ag.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = lr_scheduler.CyclicLR(o, 1.0, 3.0, 2, base_momentum=0.5, max_momentum=0.75)
    o.step()
    scheduler.step()
    assert o.param_groups[0]["betas"] == (0.625, 0.999)
    with pytest.raises(ValueError, match="must support momentum"):
        lr_scheduler.OneCycleLR(optim.Adagrad([ag.zeros(1)]), 1.0, 5)


def test_warnings_of_schedulers() -> None:
    o = optim.SGD([ag.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = lr_scheduler.StepLR(o, 1)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()
    with pytest.warns(UserWarning, match="epoch parameter"):
        scheduler.step(3)
    assert o.param_groups[0]["lr"] == pytest.approx(1e-3)


@pytest.mark.parametrize("module", [optim, optimizer, _lbfgs, _rates, lr_scheduler])
def test_examples(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_what_is_public_is_documented() -> None:
    for module in (optim, lr_scheduler):
        for name in module.__all__:
            found = getattr(module, name)
            assert found.__doc__, name
            if isinstance(found, type):
                assert found.__module__ == module.__name__, name
                own = {k: v for k, v in vars(found).items() if not k.startswith("_")}
                assert all(v.__doc__ for v in own.values() if callable(v)), name
