# SPDX-License-Identifier: MIT
"""Names that are not there: AttributeError, with a reason or the name that was meant."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest

import pyautograd as ag
from pyautograd import _names
from pyautograd.nn import functional

pytestmark = pytest.mark.any_build

OWNERS: dict[str, Any] = {
    "pyautograd": ag,
    "Tensor": ag.Tensor,
    "pyautograd.autograd": ag.autograd,
    "pyautograd.autograd.functional": ag.autograd.functional,
    "pyautograd.autograd.graph": ag.autograd.graph,
    "pyautograd.autograd.profiler": ag.autograd.profiler,
    "pyautograd.func": ag.func,
    "pyautograd.utils.checkpoint": ag.utils.checkpoint,
    "pyautograd.utils": ag.utils,
    "pyautograd.nn": ag.nn,
    "pyautograd.nn.functional": functional,
    "pyautograd.special": ag.special,
    "pyautograd.linalg": ag.linalg,
    "pyautograd.distributions": ag.distributions,
}
REASONS = [(owner, name) for owner in _names._REASONS for name in _names._texts(owner)]


def missed(owner: Any, name: str) -> str:
    with pytest.raises(AttributeError) as caught:
        getattr(owner, name)
    assert not hasattr(owner, name) and getattr(owner, name, 3) == 3
    return str(caught.value)


@pytest.mark.parametrize(("owner", "name"), REASONS, ids=lambda part: part)
def test_names_with_a_reason(owner: str, name: str) -> None:
    text = missed(OWNERS[owner], name)
    assert f"has no attribute {name!r}: " in text
    if owner == "Tensor":
        assert missed(ag.tensor([1.0]), name) == text


@pytest.mark.parametrize(
    ("owner", "name", "text"),
    [
        ("pyautograd", "float32", "no attribute 'float32': the dtypes are float64, int64"),
        ("pyautograd", "cuda", "no attribute 'cuda': everything is computed on the CPU"),
        ("pyautograd", "complex64", "no attribute 'complex64': the dtypes are"),
        ("pyautograd", "complex", "no attribute 'complex': there are no complex numbers"),
        ("pyautograd", "max_pool2d", "no attribute 'max_pool2d': there is no pooling"),
        ("pyautograd", "conv_transpose2d", "'conv_transpose2d': there are no convolutions"),
        ("pyautograd", "lstm_cell", "'lstm_cell': there are no recurrent layers"),
        ("pyautograd", "sparse_csc_tensor", "'sparse_csc_tensor': there are no sparse tensors"),
        ("pyautograd", "fake_quantize_per_tensor_affine", "there are no quantized tensors"),
        ("pyautograd", "float8_e5m2", "'float8_e5m2': the dtypes are float64, int64 and bool"),
        ("pyautograd", "expand_copy", "'expand_copy': write the same without _copy"),
        ("pyautograd.nn.functional", "interpolate", "'interpolate': there are no functions of im"),
        ("pyautograd", "concatenat", "has no attribute 'concatenat'. Did you mean 'concatenate'?"),
        ("pyautograd", "sotfmax", "module 'pyautograd' has no .* Did you mean 'softmax'?"),
        ("pyautograd", "gelu", "no attribute 'gelu': there is pyautograd.nn.functional.gelu"),
        ("pyautograd", "view", "no attribute 'view': there is Tensor.view"),
        ("pyautograd", "grad", "no attribute 'grad': there is pyautograd.autograd.grad"),
        ("pyautograd.nn.functional", "cos", "no attribute 'cos': there is pyautograd.cos"),
        ("pyautograd.nn.functional", "rellu", "Did you mean 'relu'?"),
        ("pyautograd.special", "cos", "no attribute 'cos': there is pyautograd.cos"),
        ("pyautograd.special", "log_sotfmax", "Did you mean 'log_softmax'?"),
        ("pyautograd", "expit", "no attribute 'expit': there is pyautograd.special.expit"),
        ("pyautograd.linalg", "diagnal", "Did you mean 'diagonal'?"),
        ("pyautograd", "Normal", "no attribute 'Normal': there is pyautograd.distributions.Normal"),
        ("pyautograd.distributions", "Laplace", "no attribute 'Laplace': there are a dozen alone"),
        ("pyautograd.distributions", "Norma", "Did you mean 'Normal'?"),
        ("pyautograd.autograd", "backwards", "Did you mean 'backward'?"),
        ("pyautograd.nn", "Conv2d", "no attribute 'Conv2d': there are a few modules alone"),
        ("Tensor", "cuda", "object has no attribute 'cuda': everything is computed on the CPU"),
    ],
)
def test_what_is_said(owner: str, name: str, text: str) -> None:
    import re

    assert re.search(text.replace("?", r"\?"), missed(OWNERS[owner], name))


@pytest.mark.parametrize("owner", [o for o in OWNERS if o != "Tensor"])
def test_other_names_are_just_not_there(owner: str) -> None:
    for name in ("qqqqq", "__wrapped__", "_sum", "x" * 500):
        assert missed(OWNERS[owner], name) == f"module {owner!r} has no attribute {name!r}"


def test_a_tensor_may_have_such_names_itself() -> None:
    class Mine(ag.Tensor):
        def cuda(self) -> int:
            return 5

    assert Mine([1.0]).cuda() == 5
    x = Mine([1.0])
    x.storage = 7  # type: ignore[attr-defined]
    assert x.storage == 7  # type: ignore[attr-defined]
    assert missed(ag.tensor(1.0), "qqqqq") == "'Tensor' object has no attribute 'qqqqq'"


def test_norms_by_their_names() -> None:
    with pytest.raises(RuntimeError, match="p must be a number, 'fro' or 'nuc', but found 'spam'"):
        ag.ones(2, 2).norm("spam")
    with pytest.raises(RuntimeError, match=r"dim must be a 2-tuple\. Got 1 dim"):
        ag.ones(2).norm("nuc")


def test_names_that_are_looked_for_often_cost_little() -> None:
    hasattr(ag, "concatenat")
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for name in ("concatenat", "compile", "gelu", "qqqqq"):
            hasattr(ag, name)
        best = min(best, time.perf_counter() - start)
    assert best < 0.02


def test_reasons_are_loaded_when_one_is_needed() -> None:
    code = (
        "import sys, pyautograd as ag; ag.ones(2).sin(); assert 'pyautograd._names' not in "
        "sys.modules; hasattr(ag, 'cuda'); print('pyautograd._names' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["True"]
