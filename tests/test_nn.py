# SPDX-License-Identifier: MIT
"""Modules: a first evening's training, what is saved and loaded, parameters as tensors, copies and
pickles, first values, documentation."""

from __future__ import annotations

import copy
import doctest
import io
import math
import pickle
import subprocess
import sys
from typing import Any

import pytest

import pyautograd as ag
from pyautograd import nn
from pyautograd.nn import init, layers, module, parameter, utils


def test_a_first_evening() -> None:
    ag.manual_seed(0)
    x = ag.linspace(-2.0, 2.0, 64).unsqueeze(1)
    y = x.sin() + 0.5 * x
    model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    loss_fn = nn.MSELoss()
    optimizer = ag.optim.Adam(model.parameters(), lr=0.02)
    scheduler = ag.optim.lr_scheduler.StepLR(optimizer, 200, 0.5)
    for _ in range(400):
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    assert loss.item() < 1e-3
    file = io.BytesIO()
    ag.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    saved = ag.load(file)
    twin = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    twin.load_state_dict(saved["model"])
    twin.eval()
    with ag.no_grad():
        assert twin(x).tolist() == model(x).tolist()
    other = ag.optim.Adam(twin.parameters())
    other.load_state_dict(saved["optimizer"])
    for m, o in ((model, optimizer), (twin, other)):
        o.zero_grad()
        loss_fn(m(x), y).backward()
        o.step()
    assert twin[0].weight.tolist() == model[0].weight.tolist()


def test_a_classifier() -> None:
    ag.manual_seed(1)
    x = ag.randn(90, 2) + ag.tensor([[0.0, 4.0], [4.0, 0.0], [-4.0, -4.0]]).repeat(30, 1)
    labels = ag.arange(3).repeat(30)
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))
    optimizer = ag.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(100):
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(model(x), labels).backward()
        utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    assert (model(x).argmax(1) == labels).float().mean().item() > 0.95


def test_a_parameter_is_a_tensor_of_the_same_memory() -> None:
    data = ag.zeros(2)
    p = nn.Parameter(data)
    data[0] = 3.0
    assert p.tolist() == [3.0, 0.0] and p.is_leaf and p.requires_grad and not data.requires_grad
    made = [p * 2, 2 - p, p.sum(), p[0], ag.cat([p, p]), ag.zeros_like(p), p.clone(), p.data]
    made += [p.detach(), nn.functional.relu(p), p.max(0).values, p.unbind()[0], p @ p]
    assert {type(tensor) for tensor in made} == {ag.Tensor}
    assert p.requires_grad_() is p and p.data_ptr() == data.data_ptr()
    (p * ag.tensor([1.0, 2.0])).sum().backward()
    assert p.grad is not None and type(p.grad) is ag.Tensor and p.grad.tolist() == [1.0, 2.0]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        p.mul_(2)
    with pytest.raises(TypeError, match="must be Tensor, not list"):
        nn.Parameter([1.0])
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(ag.tensor([1]))


def test_subclasses_of_parameters_and_of_tensors() -> None:
    class Own(nn.Parameter):
        pass

    class Other(ag.Tensor):
        pass

    assert type(Own(ag.ones(1)) * 2) is ag.Tensor
    assert type(nn.Parameter(ag.ones(1)) * ag.ones(1).as_subclass(Other)) is Other


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_and_pickles(twin_of: Any) -> None:
    p = nn.Parameter(ag.ones(2), requires_grad=False)
    twin = twin_of(p)
    assert type(twin) is nn.Parameter and not twin.requires_grad and twin.tolist() == [1.0, 1.0]
    model = nn.Sequential(nn.Linear(2, 1), nn.Tanh())
    other = twin_of(model)
    assert repr(other) == repr(model)
    assert other[0].weight.tolist() == model[0].weight.tolist()
    assert type(other[0].weight) is nn.Parameter and other[0].weight.requires_grad
    assert other[0].weight is not model[0].weight


def test_states_share_memory_with_the_module() -> None:
    layer = nn.Linear(2, 1)
    state = layer.state_dict()
    state["bias"].fill_(5.0)
    assert layer.bias.item() == 5.0 and not state["bias"].requires_grad
    assert layer.state_dict(keep_vars=True)["bias"] is layer.bias
    values = {"weight": ag.zeros(1, 2), "bias": ag.ones(1)}
    weight = layer.weight
    layer.load_state_dict(values)
    assert layer.weight is weight and weight.tolist() == [[0.0, 0.0]]
    layer.load_state_dict(values, assign=True)
    assert layer.weight is not weight and type(layer.weight) is nn.Parameter
    values["weight"].fill_(2.0)
    assert layer.weight.tolist() == [[2.0, 2.0]] and layer.weight.requires_grad
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "bias"'):
        layer.load_state_dict({"weight": ag.zeros(1, 2)})
    with pytest.raises(RuntimeError, match="size mismatch for weight"):
        layer.load_state_dict({"weight": ag.zeros(2), "bias": ag.zeros(1)})
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "a.b"'):
        layer.load_state_dict({**layer.state_dict(), "a.b": ag.zeros(1)})


def test_what_is_assigned_before_init_is_refused() -> None:
    class Late(nn.Module):
        def __init__(self) -> None:
            self.x = nn.Parameter(ag.ones(1))

    class LateToo(nn.Module):
        def __init__(self) -> None:
            self.x = nn.ReLU()

    with pytest.raises(AttributeError, match="cannot assign parameters before"):
        Late()
    with pytest.raises(AttributeError, match="cannot assign module before"):
        LateToo()


def test_how_often_a_sequence_is_repeated() -> None:
    layers = nn.Sequential(nn.Tanh())
    with pytest.raises(ValueError, match="Non-positive multiplication factor 0 for <class"):
        layers * 0
    with pytest.raises(TypeError, match=r"unsupported operand type.* and <class 'float'>"):
        layers * 1.5  # type: ignore[operator]


def test_first_values() -> None:
    ag.manual_seed(0)
    g = ag.Generator()
    for fill in (
        lambda t: init.uniform_(t, 2.0, 3.0, g),
        lambda t: init.normal_(t, generator=g),
        lambda t: init.xavier_normal_(t, generator=g),
        lambda t: init.kaiming_uniform_(t, generator=g),
        lambda t: init.trunc_normal_(t, generator=g),
        lambda t: init.sparse_(t, 0.5, generator=g),
    ):
        found = []
        for _ in range(2):
            g.manual_seed(3)
            t = ag.empty(3, 4, requires_grad=True)
            assert fill(t) is t and t.grad_fn is None
            found.append(t.tolist())
        assert found[0] == found[1]
    assert init.ones_(ag.empty(2)).tolist() == [1.0, 1.0]
    assert init.constant_(ag.empty(1), 3.0).item() == 3.0
    with pytest.warns(UserWarning, match="no-op"):
        init.kaiming_uniform_(ag.empty(0, 3))
    with pytest.raises(ValueError, match="expected a below b"):
        init.trunc_normal_(ag.empty(1), a=1.0, b=1.0)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 2, 3), (3, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    if not hasattr(ag.linalg, "qr"):
        pytest.skip("needs linalg.qr")
    x = init.orthogonal_(ag.empty(*shape), gain=2.0).reshape(shape[0], -1)
    product = x @ x.t() if x.shape[0] <= x.shape[1] else x.t() @ x
    assert product.tolist() == [pytest.approx(row, abs=1e-12) for row in (
        4 * ag.eye(product.shape[0])).tolist()]  # fmt: skip


def test_clipping() -> None:
    p, q = ag.zeros(1, requires_grad=True), ag.zeros(1, requires_grad=True)
    p.grad, q.grad = ag.tensor([3.0]), ag.tensor([-4.0])
    assert utils.clip_grad_norm_(iter([p, q]), 10.0).item() == 5.0 and q.grad.item() == -4.0
    utils.clip_grad_value_([p, q], 3.5)
    assert q.grad.item() == -3.5
    assert utils.clip_grad_norm_([p, q], 1.0, norm_type=math.inf).item() == 3.5
    assert q.grad.item() == pytest.approx(-1.0, abs=1e-6)


def test_import_is_late() -> None:
    code = (
        "import sys, pyautograd as ag; ag.nn.functional; "
        "print(*[n for n in ('layers', 'module', 'init') if 'pyautograd.nn.' + n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("which", [nn, init, layers, module, parameter, utils])
def test_examples(which: Any) -> None:
    assert doctest.testmod(which).failed == 0


def test_what_is_public_is_documented() -> None:
    assert set(nn._MODULES) == {*layers.LAYERS, *layers.FUNCTIONS}
    for name in nn.__all__:
        assert getattr(nn, name).__doc__, name
        assert name in dir(nn)
    for which in (init, utils):
        for name in which.__all__:
            assert getattr(which, name).__doc__, name
    for kind in (nn.Module, *layers.LAYERS.values()):
        assert kind.__module__ == "pyautograd.nn"
        own = {k: v for k, v in vars(kind).items() if not k.startswith("_")}
        assert all(v.__doc__ for v in own.values() if callable(v)), kind
