# SPDX-License-Identifier: MIT
"""Modules, first values and utilities beside torch: printed forms, values, gradients, states,
errors."""

from __future__ import annotations

import copy
import inspect
import math
import re
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd.nn import layers

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


ACTIVATIONS = [
    "Threshold(0.1, 20)", "Threshold(0.1, 20, True)", "ReLU()", "ReLU(inplace=True)", "ReLU6()",
    "ReLU6(True)", "Hardtanh()", "Hardtanh(-2, 2.0, inplace=True)", "Sigmoid()", "Hardsigmoid()",
    "Tanh()", "SiLU()", "SiLU(True)", "Mish()", "Hardswish()", "ELU()", "ELU(0.5, True)", "CELU()",
    "CELU(alpha=2.0)", "SELU()", "GLU()", "GLU(0)", "GELU()", "GELU('tanh')",
    "GELU(approximate='tanh')", "Hardshrink()", "Hardshrink(0.3)", "LeakyReLU()",
    "LeakyReLU(0.2, inplace=True)", "LogSigmoid()", "Softplus()", "Softplus(2, 3)", "Softshrink()",
    "Softsign()", "Tanhshrink()", "Softmin(dim=1)", "Softmax(1)", "LogSoftmax(0)", "PReLU()",
    "PReLU(4, 0.5)", "Identity(3, a=4)", "Flatten()", "Flatten(0, 1)", "Dropout(0.25).eval()",
    "RMSNorm(4)", "RMSNorm((6, 4), 1e-3)", "RMSNorm(4, elementwise_affine=False)",
    "GroupNorm(2, 4)", "GroupNorm(2, 4, 1e-3, bias=False)", "GroupNorm(1, 4, affine=False)",
    "LayerNorm(4)", "LayerNorm((6, 4), 1e-3, bias=False)", "LayerNorm(4, elementwise_affine=False)",
]  # fmt: skip
LOSSES = [
    ("L1Loss()", 2), ("MSELoss()", 2), ("MSELoss(reduction='sum')", 2), ("SmoothL1Loss()", 2),
    ("SmoothL1Loss(reduction='none', beta=0.5)", 2), ("HuberLoss('sum', 0.3)", 2),
    ("HuberLoss(delta=0.2)", 2), ("KLDivLoss(reduction='batchmean')", 2),
    ("KLDivLoss(log_target=True, reduction='sum')", 2), ("PoissonNLLLoss()", 2),
    ("PoissonNLLLoss(full=True, eps=1e-6)", 2), ("GaussianNLLLoss()", 3),
    ("GaussianNLLLoss(full=True, reduction='sum')", 3), ("BCELoss()", "probabilities"),
    ("BCELoss(weight=w)", "probabilities"), ("BCEWithLogitsLoss()", "probabilities"),
    ("BCEWithLogitsLoss(pos_weight=w, reduction='sum')", "probabilities"),
    ("NLLLoss()", "classes"), ("NLLLoss(w, ignore_index=1)", "classes"),
    ("CrossEntropyLoss()", "classes"), ("CrossEntropyLoss(w, label_smoothing=0.1)", "classes"),
    ("CrossEntropyLoss(reduction='none')", "classes"), ("HingeEmbeddingLoss(0.5)", "signs"),
    ("SoftMarginLoss()", "signs"), ("MarginRankingLoss(0.1)", "two signs"),
    ("CosineEmbeddingLoss(0.1)", "rows"), ("TripletMarginLoss(swap=True)", 3),
    ("CosineSimilarity()", 2), ("PairwiseDistance(p=1.5)", 2),
]  # fmt: skip


def made(m: ModuleType, text: str, **names: Any) -> Any:
    return eval("nn." + text, {"nn": m.nn, "OrderedDict": OrderedDict, **names})


def same(ours: Any, theirs: Any, rtol: float = 1e-10) -> None:
    a, b = np.asarray(ours.detach()), np.asarray(theirs.detach())
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("text", ACTIVATIONS)
def test_activations_and_layers(text: str) -> None:
    found = []
    for m in (ag, torch):
        module = made(m, text)
        x = m.tensor(np.random.default_rng(0).normal(size=(6, 4))).requires_grad_()
        y = module(x * 2)
        (y * y).sum().backward()
        found.append((repr(module), y, x.grad, [p.grad for p in module.parameters()]))
    assert found[0][0] == found[1][0]
    rtol = 1e-7 if text == "Hardsigmoid()" else 1e-10  # torch has 1 / 6 in float32
    same(found[0][1], found[1][1])
    same(found[0][2], found[1][2], rtol)
    for a, b in zip(found[0][3], found[1][3], strict=True):
        same(a, b)


def test_groups_of_channels() -> None:
    found = []
    for m in (ag, torch):
        norm = m.nn.GroupNorm(3, 6)
        norm.weight.data.copy_(m.arange(6.0))
        x = m.tensor(np.random.default_rng(2).normal(size=(2, 6, 5, 3)))
        found.append(norm(x))
        with pytest.raises(ValueError, match=r"num_channels \(4\) must be divisible by num_"):
            m.nn.GroupNorm(3, 4)
    same(*found)


def inputs(m: ModuleType, kind: Any) -> list[Any]:
    dice = np.random.default_rng(1)
    x, y, z = (m.tensor(dice.uniform(0.1, 0.9, size=(5, 4))) for _ in range(3))
    x.requires_grad_()
    signs = m.tensor(np.where(dice.random((5, 4)) < 0.5, -1.0, 1.0))
    if isinstance(kind, int):
        return [x, y, z][:kind]
    choice = {
        "probabilities": [x, y],
        "classes": [x, m.tensor([0, 1, 2, 3, 1])],
        "signs": [x, signs],
        "two signs": [x, y, signs],
        "rows": [x, y, signs[:, 0]],
    }
    return choice[kind]


@pytest.mark.parametrize(("text", "kind"), LOSSES)
def test_losses(text: str, kind: Any) -> None:
    found = []
    for m in (ag, torch):
        w = m.tensor([0.5, 1.0, 2.0, 0.25])
        module, args = made(m, text, w=w), inputs(m, kind)
        y = module(*args)
        y.sum().backward()
        found.append((repr(module), y, args[0].grad, list(module.state_dict())))
    assert found[0][0] == found[1][0] and found[0][3] == found[1][3]
    same(found[0][1], found[1][1])
    same(found[0][2], found[1][2])


def test_old_ways_to_say_a_reduction() -> None:
    for m in (ag, torch):
        with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
            assert m.nn.MSELoss(size_average=False).reduction == "sum"


@pytest.mark.parametrize("name", sorted([*layers.FUNCTIONS, *layers.LAYERS]))
def test_arguments(name: str) -> None:
    """The names of the arguments, their order and defaults."""
    found = []
    for m in (ag, torch):
        parameters = inspect.signature(getattr(m.nn, name)).parameters.values()
        found.append(
            [
                (p.name, p.kind, p.default)
                for p in parameters
                if p.name not in ("_weight", "_freeze", "min_value", "max_value")
                and (p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) or name == "Identity")
            ]
        )
    if name in ("Sequential", "ParameterList", "ModuleList"):
        assert len(found[0]) == len(found[1])
    else:
        assert found[0] == found[1]


NETWORKS = [
    "Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2, bias=False))",
    "Sequential(OrderedDict([('first', nn.Linear(3, 2)), ('second', nn.ReLU())]))",
    "Sequential(nn.Sequential(nn.Linear(3, 3)), nn.LayerNorm(3), nn.Dropout(0.0))",
    "Sequential(nn.Linear(3, 4), nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])[1])",
]


def copy_values(ours: Any, theirs: Any) -> None:
    state = {k: ag.tensor(v.numpy()) for k, v in theirs.state_dict().items()}
    assert ours.load_state_dict(state).missing_keys == []


@pytest.mark.parametrize("text", NETWORKS)
def test_networks(text: str) -> None:
    ours, theirs = made(ag, text), made(torch, text)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for kind in ("named_parameters", "named_modules", "named_children", "named_buffers"):
        assert [k for k, _ in getattr(ours, kind)()] == [k for k, _ in getattr(theirs, kind)()]
    copy_values(ours, theirs)
    for _ in range(3):
        for m, model in ((ag, ours), (torch, theirs)):
            x = m.tensor(np.random.default_rng(2).normal(size=(5, 3)))
            o = m.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
            model.zero_grad()
            m.nn.MSELoss()(model(x), m.ones_like(model(x))).backward()
            m.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            o.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        same(a, b)


def test_bilinear_and_embedding() -> None:
    ours, theirs = (m.nn.Bilinear(3, 4, 2) for m in (ag, torch))
    assert repr(ours) == repr(theirs)
    copy_values(ours, theirs)
    x, y = np.random.default_rng(3).normal(size=(2, 5, 4))
    results = [f(m.tensor(x[:, :3]), m.tensor(y)) for m, f in ((ag, ours), (torch, theirs))]
    same(*results)
    for text in ("5, 3", "5, 3, -1, 0.5", "5, 3, padding_idx=2, scale_grad_by_freq=True"):
        one, two = (made(m, f"Embedding({text})") for m in (ag, torch))
        assert repr(one) == repr(two)
        padding = one.padding_idx
        assert padding is None or one.weight[padding].abs().sum().item() == 0.0
        copy_values(one, two)
        results = [f(m.tensor([1, 4, 4])) for m, f in ((ag, one), (torch, two))]
        same(*results)


CONTAINERS = [
    "repr(nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()]))",
    "repr(nn.ModuleList([]))",
    "repr(nn.ModuleList([nn.Sequential(nn.ReLU())]))",
    "repr(nn.ModuleDict({'a': nn.ReLU(), 'b': nn.Linear(1, 1)}))",
    "list(nn.ModuleDict([('a', nn.ReLU()), ('b', nn.Tanh())]).keys())",
    "repr(nn.Sequential())",
    "repr(nn.Sequential(nn.ReLU(), nn.Tanh(), nn.SiLU())[1:])",
    "repr(nn.Sequential(nn.ReLU(), nn.Tanh())[-1])",
    "nn.Sequential(nn.ReLU())[1]",
    "repr(nn.Sequential(nn.ReLU()) + nn.Sequential(nn.Tanh()))",
    "repr(nn.Sequential(nn.ReLU()).append(nn.Tanh()).insert(0, nn.SiLU()))",
    "repr(nn.ModuleList([nn.ReLU()]) + [nn.Tanh()])",
    "nn.ModuleList(nn.ReLU())",
    "nn.ModuleList([3])",
    "len(nn.ParameterList([m.zeros(2), m.ones(3)]))",
    "[k for k, _ in nn.ParameterList([m.zeros(2), m.ones(3)]).named_parameters()]",
    "repr(nn.ParameterList([m.zeros(2), m.ones(3, 4)]))",
    "repr(nn.ParameterList([m.zeros(2)]))",
    "repr(nn.ParameterList([m.zeros(2), m.ones(1), 3])[1:])",
    "nn.ParameterList([])[0]",
    "repr(nn.Parameter(m.ones(2)))",
    "str(nn.Parameter(m.ones(2), requires_grad=False))",
    "repr(nn.Parameter())",
    "nn.Parameter(m.ones(2)).sum().requires_grad, type(nn.Parameter(m.ones(2)).t()) is m.Tensor",
    "nn.Parameter(m.tensor([1, 2]))",
    "nn.Parameter(m.tensor([1, 2]), requires_grad=False).dtype == m.int64",
    "type(nn.Parameter(m.ones(2)).detach()) is m.Tensor, type(nn.Parameter(m.ones(2)).data)"
    " is m.Tensor",
    "nn.Module()(3)",
    "nn.Module(3)",
    "nn.Module(a=3)",
    "nn.Dropout(1.5)",
    "nn.Embedding(3, 2, 3)",
    "nn.Bilinear(0, 1, 1)",
    "nn.Module().train('yes')",
    "nn.Module().load_state_dict(3)",
    "nn.Module().get_submodule('a')",
    "nn.Linear(2, 1).get_parameter('weight').shape[0]",
    "nn.Linear(2, 1).get_parameter('weights')",
    "nn.Linear(2, 1).weights",
    "nn.Linear(2, 1).load_state_dict({'weight': m.zeros(2, 1), 'other': m.zeros(1)})",
    "repr(nn.Linear(1, 1).load_state_dict({'other': m.zeros(1)}, strict=False))",
    "nn.Linear(2, 1).register_parameter('a.b', None)",
    "nn.Linear(2, 1).register_parameter('', None)",
    "nn.Linear(2, 1).register_parameter('forward', None)",
    "nn.Linear(2, 1).register_parameter('a', m.zeros(1))",
    "nn.Linear(2, 1).register_buffer('weight', m.zeros(1))",
    "nn.Linear(2, 1).register_buffer('a', 3)",
    "nn.Linear(2, 1).add_module('a', 3)",
    "nn.Linear(2, 1).add_module('a.b', None)",
    "nn.Linear(2, 1).add_module('weight', nn.ReLU())",
    "setattr(nn.Linear(2, 1), 'weight', m.zeros(1, 2))",
    "setattr(nn.Sequential(nn.ReLU()), '0', m.zeros(1))",
    "nn.init.calculate_gain('selu'), nn.init.calculate_gain('leaky_relu', 0.5)",
    "nn.init.calculate_gain('what')",
    "nn.init.calculate_gain('leaky_relu', True)",
    "nn.init.eye_(m.zeros(2, 3)).tolist()",
    "nn.init.eye_(m.zeros(2))",
    "nn.init.dirac_(m.zeros(4, 2, 3), 2).tolist()",
    "nn.init.dirac_(m.zeros(2, 3, 3, 3)).tolist()",
    "nn.init.dirac_(m.zeros(3, 2))",
    "nn.init.xavier_uniform_(m.zeros(3))",
    "nn.init.kaiming_normal_(m.zeros(3, 2), mode='fan')",
    "nn.init.sparse_(m.zeros(3), 0.5)",
    "nn.utils.vector_to_parameters(3, [])",
    "nn.utils.parameters_to_vector([m.ones(2, 1), m.zeros(1)]).tolist()",
    "nn.utils.get_total_norm([]).item()",
    "nn.utils.get_total_norm([m.tensor([3.0, -1.0]), m.tensor([4.0])], 3).item()",
    "nn.utils.get_total_norm([m.tensor([float('inf')])], error_if_nonfinite=True)",
]


@pytest.mark.parametrize("text", CONTAINERS)
def test_the_same_answers(text: str) -> None:
    """Values, or errors of the same type, and words up to how types are named."""
    found = []
    for m in (ag, torch):
        try:
            result = eval(text, {"nn": m.nn, "m": m})
        except Exception as error:
            words = re.sub(r"torch\.|pyautograd\.|nn\.", "", str(error))
            result = (type(error), words.split(" (")[0].replace("DoubleTensor", "Tensor"))
        found.append(result)
    ours, theirs = found
    if isinstance(theirs, str):
        theirs = theirs.replace("torch.", "pyautograd.")
        theirs = theirs.replace("DoubleTensor of size", "float64 of size")
    if isinstance(theirs, tuple) and isinstance(theirs[0], type):
        assert ours[0] is theirs[0]
        assert ours[1].split()[:3] == theirs[1].split()[:3] or theirs[0] is RuntimeError
    else:
        assert ours == theirs if not isinstance(theirs, float) else math.isclose(ours, theirs)


class Counted:
    """A module with all kinds of attributes, of either library."""

    def __new__(cls, m: ModuleType) -> Any:
        class Inner(m.nn.Module):  # type: ignore[name-defined, misc]
            def __init__(self) -> None:
                super().__init__()
                self.weight = m.nn.Parameter(m.ones(2))
                self.shared = self.weight
                self.register_buffer("count", m.zeros(()))
                self.register_buffer("scratch", m.zeros(1), persistent=False)
                self.register_parameter("nothing", None)
                self.plain = m.ones(1)
                self.layer = m.nn.Linear(2, 2)
                self.again = self.layer

            def extra_repr(self) -> str:
                return "a=1\nb=2"

        return Inner()


def test_attributes() -> None:
    ours, theirs = Counted(ag), Counted(torch)
    assert repr(ours) == repr(theirs)
    for kind in ("named_parameters", "named_modules", "named_children", "named_buffers"):
        assert [k for k, _ in getattr(ours, kind)()] == [k for k, _ in getattr(theirs, kind)()]
    names = [[k for k, _ in x.named_parameters(remove_duplicate=False)] for x in (ours, theirs)]
    assert names[0] == names[1]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert list(ours.state_dict(prefix="p.")) == list(theirs.state_dict(prefix="p."))
    for x, m in ((ours, ag), (theirs, torch)):
        x.count = m.ones(())
        assert x.count.item() == 1.0 and "count" in dict(x.named_buffers())
        del x.count
        x.weight = None
        assert dict(x.named_parameters()).keys() == {"shared", "layer.weight", "layer.bias"}
        x.layer = m.nn.ReLU()
        x.plain = m.nn.Parameter(m.zeros(1))
        assert "plain" in dict(x.named_parameters())
        twin = copy.deepcopy(x)
        assert twin.again.weight is not x.again.weight
        assert twin.again.weight.tolist() == x.again.weight.tolist()
        assert isinstance(twin.plain, m.nn.Parameter) and twin.plain.requires_grad
        assert x.train(False) is x and not x.again.training
        assert x.requires_grad_(False) is x and not any(p.requires_grad for p in x.parameters())
        seen: list[str] = []
        x.apply(lambda module, seen=seen: seen.append(type(module).__name__))
        assert seen == ["ReLU", "Linear", "Inner"]
    with pytest.raises(AttributeError, match="has no attribute 'count'"):
        _ = ours.count


def test_first_values_of_layers() -> None:
    """Random numbers are others, their ranges are the same."""
    ag.manual_seed(0)
    layer = ag.nn.Linear(100, 50)
    for p in (layer.weight, layer.bias):
        assert 0.09 < p.abs().max().item() <= 0.1
    x = ag.nn.init.kaiming_normal_(ag.empty(200, 300), nonlinearity="relu")
    assert x.std().item() == pytest.approx(math.sqrt(2 / 300), rel=0.02)
    x = ag.nn.init.xavier_uniform_(ag.empty(200, 100), gain=2.0)
    assert x.max().item() == pytest.approx(2 * math.sqrt(6 / 300), rel=0.01)
    x = ag.nn.init.sparse_(ag.empty(10, 8), 0.35)
    assert (x == 0).sum(0).tolist() == [4] * 8
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for a, b, mean in ((-1.0, 0.5, 0.0), (2.0, 3.0, 0.0), (0.0, 0.1, 5.0)):
            x = ag.nn.init.trunc_normal_(ag.empty(20_000), mean, 1.0, a, b)
            assert a <= x.min().item() and x.max().item() <= b
            z = torch.nn.init.trunc_normal_(torch.empty(20_000), mean, 1.0, a, b)
            assert x.mean().item() == pytest.approx(z.mean().item(), abs=0.02)


def test_vectors_of_parameters() -> None:
    for m in (ag, torch):
        x, y = m.zeros(2, 2, requires_grad=True), m.zeros(1, requires_grad=True)
        vector = m.arange(5.0)
        m.nn.utils.vector_to_parameters(vector, [x, y])
        vector[0] = 7.0
        assert x.tolist() == [[7.0, 1.0], [2.0, 3.0]] and y.tolist() == [4.0]
        m.nn.utils.parameters_to_vector([x, y]).sum().backward()
        assert x.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]
