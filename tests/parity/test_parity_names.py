# SPDX-License-Identifier: MIT
"""Every name that is in PyTorch in several places (function, method, in nn.functional, special or
linalg, in place) is in the same places here, if it is here at all."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

import pyautograd as ag
from pyautograd.nn import functional

# Deprecated ones, undocumented ones, another function of the same name, a class that is imported.
OTHERS = {"resize", "resize_as", "fill", "nn.functional.unfold", "nn.functional.Tensor"}
OTHERS |= {"special.Tensor", "linalg.norm", "linalg.vander", "lu", "solve"}
# Removed from PyTorch's module but for the words that say so, deprecated there, or not the same.
OTHERS |= {"lstsq", "matrix_rank", "cross", "cond", "eig"}


def ours() -> list[str]:
    """The names of operations that are here, without the _ of those in place."""
    names = {n for n in dir(ag.Tensor) if hasattr(ag.Tensor, n)}
    names |= {*ag.__all__, *functional.__all__, *ag.special.__all__, *ag.linalg.__all__}
    return sorted({n.removesuffix("_") for n in names if not n.startswith("_")})


@pytest.mark.parametrize("name", ours())
def test_names_are_where_they_are_in_torch(name: str, torch: ModuleType) -> None:
    places: list[tuple[str, Any, Any]] = [
        ("pyautograd", ag, torch),
        ("Tensor", ag.Tensor, torch.Tensor),
        ("nn.functional", functional, torch.nn.functional),
        ("special", ag.special, torch.special),
        ("linalg", ag.linalg, torch.linalg),
    ]
    missing = []
    for form in (name, f"{name}_"):
        for place, here, there in places:
            if inspect.ismodule(getattr(there, form, None)):
                continue
            if hasattr(there, form) and not hasattr(here, form):
                missing.append(f"{place}.{form}")
    short = [m.removeprefix("pyautograd.").removeprefix("Tensor.") for m in missing]
    assert [m for m in short if m not in OTHERS] == []


def test_functions_that_are_methods(torch: ModuleType) -> None:
    for name in sorted(ag._METHODS):
        assert hasattr(torch, name) and hasattr(torch.Tensor, name)
        assert getattr(ag, name) is getattr(ag.Tensor, name)
        assert name in dir(ag) and name in ag.__all__
    x = ag.tensor([0.25, 4.0])
    assert ag.sqrt_(x) is x and x.tolist() == [0.5, 2.0]
    assert ag.clamp_(x, max=1.0) is x and x.tolist() == [0.5, 1.0]
    assert ag.detach(x).tolist() == [0.5, 1.0] and ag.is_signed(x)
    with pytest.raises(TypeError):
        ag.sqrt_([1.0])


def test_functions_of_modules_under_two_names(torch: ModuleType) -> None:
    for lib in (ag, torch):
        x = lib.tensor([[0.25, 0.5], [0.75, 0.125]])
        assert bool((lib.special.expit(x) == lib.sigmoid(x)).all())
        out = lib.empty(2, 2)
        assert lib.special.erf(x, out=out) is out
        m = lib.arange(24.0).reshape(2, 3, 4)
        assert lib.linalg.diagonal(m).tolist() == m.diagonal(dim1=-2, dim2=-1).tolist()
        found = lib.linalg.diagonal(A=m, offset=1, dim1=0, dim2=1)
        assert found.tolist() == [[4.0, 20.0], [5.0, 21.0], [6.0, 22.0], [7.0, 23.0]]
        with pytest.raises(TypeError):
            lib.linalg.diagonal(m, 1)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("celu_", (2.0,)),
        ("elu_", (2.0,)),
        ("hardtanh_", (-0.5, 0.5)),
        ("leaky_relu_", (0.25,)),
        ("relu_", ()),
        ("selu_", ()),
        ("threshold_", (0.5, 3.0)),
    ],
)
def test_functions_in_place(name: str, more: tuple[float, ...], torch: ModuleType) -> None:
    found = []
    for lib in (ag, torch):
        f = getattr(lib.nn.functional, name)
        x = lib.tensor([-1.5, 0.25, 2.0], requires_grad=True)
        y = x * 2
        assert f(y, *more) is y
        y.sum().backward()
        found.append((y.detach().numpy(), x.grad.numpy()))
        with pytest.raises(RuntimeError, match="leaf"):
            f(x, *more)
        assert not hasattr(torch, name) or f(lib.ones(2), *more) is not None
        if hasattr(torch, name):
            z = lib.tensor([-1.5, 2.0])
            assert getattr(lib, name)(z, *more) is z
    for one, other in zip(*found, strict=True):
        assert abs(one - other).max() <= 1e-15 * abs(other).max()
