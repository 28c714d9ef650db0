# SPDX-License-Identifier: MIT
"""What a new user types in Python and trips over: numbers taken out of the tape, numbers where
tensors are due, arguments of the wrong kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import NUMPY, leaf, run_python

# ---- a gradient is not lost without a word -------------------------------------------------------

LOST = "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior."

# Each runs in a process of its own: the warning comes once in the life of one.
WARNED = """
import json, math, warnings
import numpy as np
import pyautograd as ag
w = ag.tensor([1.0, 2.0], requires_grad=True)
s = ag.tensor(3.0, requires_grad=True)
n = w * 2
a = np.zeros(2)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(2):
        {code}
print(json.dumps([[w.category.__name__, str(w.message), w.filename] for w in caught]))
"""


@pytest.mark.parametrize(
    "code",
    [
        "float(w[0])",
        "float(s)",
        "float(n[1])",
        "math.exp(w[0])",
        "math.floor(s)",
        "complex(s)",
        "np.float64(s)",
        "'%f' % s",
        "ag.tensor([w[0] * 2, w[1] * 3])",
        "ag.tensor([[1.0, w[0]], [2.0, 3.0]])",
        "ag.tensor([w, w])",
        "ag.as_tensor([w[0], 1.0])",
        "ag.Tensor([w[0], w[1]])",
        "ag.zeros(2).copy_([w[0], w[1]])",
        "a[0] = w[0]",
        *(["a.fill(s)"] if NUMPY >= 2 else []),  # before, it wants an array and no number
        "ag.linspace(s, 5.0, 3)",
    ],
)
def test_a_number_made_of_what_requires_grad_warns_once(code: str) -> None:
    ((category, text, filename),) = run_python(WARNED.format(code=code))
    assert category == "UserWarning" and text.startswith(LOST)
    assert text.endswith("\nConsider using tensor.detach() first.")
    assert filename == "<string>"


@pytest.mark.parametrize(
    "code",
    [
        "s.item()",
        "int(s)",
        "bool(s)",
        "s.tolist(), w.tolist()",
        "f'{s:.2f} {s} {w}'",
        "str(s), repr(w)",
        "'%d' % s",
        "s in w",
        "float(s.detach()), float(w.detach()[0])",
        "float(ag.tensor(2.0))",
        "ag.tensor([w.detach()[0], 2.0])",
        "with ag.no_grad(): float(s), ag.tensor([s, s])",
        "n[0] = w[0]; n.detach()[1] = 2.0",
        "ag.ones(2).fill_(s)",
        "w * s, s * 2.0, sum(w), max(w)",
        "[v for v in w]",
    ],
)
def test_what_takes_no_number_or_says_that_it_does_is_silent(code: str) -> None:
    assert run_python(WARNED.format(code=code)) == []


def test_the_warning_made_an_error_is_raised_and_not_again() -> None:
    code = """
        import json, pyautograd as ag
        s = ag.tensor(3.0, requires_grad=True)
        found = []
        for _ in range(2):
            try:
                found.append(float(s))
            except UserWarning as warning:
                found.append(str(warning)[:10])
        try:
            ag.tensor([s])
        except UserWarning:
            found.append("again")
        print(json.dumps(found))
    """
    assert run_python(code) == ["Converting", 3.0]


@pytest.mark.parametrize(
    "call",
    [
        lambda s: ag.full((2,), s),
        lambda s: ag.full_like(ag.zeros(2), s),
        lambda s: ag.arange(s),
        lambda s: ag.arange(0, 2, s),
        lambda s: ag.zeros(2).add(ag.ones(2), alpha=s),
        lambda s: ag.sub(ag.zeros(2), ag.ones(2), alpha=s),
        lambda s: ag.softplus(ag.ones(2), s),
        lambda s: ag.softplus(ag.ones(2), 1.0, s),
    ],
)
def test_a_number_is_no_tensor_that_requires_grad(call: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="must be Number, not Tensor"):
        call(leaf(2.0))
    with pytest.raises(TypeError, match="must be Number, not Tensor"):
        call(ag.tensor([2.0]))
    with ag.no_grad(), pytest.raises(TypeError, match="must be Number, not Tensor"):
        call(leaf(2.0))
    assert call(ag.tensor(2.0)).tolist() == call(2.0).tolist()


def test_ends_of_linspace() -> None:
    assert ag.linspace(ag.tensor(0.0), ag.tensor(1.0), 3).tolist() == [0.0, 0.5, 1.0]
    with pytest.raises(TypeError, match="argument 'start' must be Number, not Tensor"):
        ag.linspace(ag.tensor([0.0]), 1.0, 3)


# ---- numpy() -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: leaf([1.0, 2.0]), lambda: leaf([0.5, 1.0]) * 2])
def test_numpy_needs_no_detach_where_nothing_is_recorded(make: Callable[[], ag.Tensor]) -> None:
    x = make()
    for attempt in (x.numpy, lambda: np.asarray(x), lambda: np.array(x, dtype=int)):
        with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires"):
            attempt()
    with pytest.raises(BufferError, match="requires grad"):
        memoryview(x)
    with ag.no_grad():
        a = x.numpy()
        assert a.tolist() == np.asarray(x).tolist() == memoryview(x).tolist() == [1.0, 2.0]
        assert np.array(x, dtype=int).dtype == int
    a[0] = 5.0  # the same memory
    assert x.tolist() == [5.0, 2.0] and x.numpy(force=True)[0] == 5.0
    with ag.no_grad(), ag.enable_grad(), pytest.raises(RuntimeError, match="numpy"):
        x.numpy()


# ---- numbers in the place of tensors -------------------------------------------------------------


@pytest.mark.parametrize("number", [2.0, 2, True, np.float64(2.0), np.int64(2)])
@pytest.mark.parametrize(
    "name",
    """eq ne lt le gt ge not_equal less less_equal greater greater_equal maximum minimum""".split(),
)
def test_a_number_does_not_come_first(name: str, number: Any) -> None:
    function = getattr(ag, name)
    with pytest.raises(TypeError, match=r"argument 'input' must be Tensor, not "):
        function(number, ag.ones(2))
    with pytest.raises(TypeError, match=r"argument 'input' must be Tensor, not "):
        function(other=ag.ones(2), input=number)
    function(ag.ones(2), number)
    function(np.ones(2), ag.ones(2))


@pytest.mark.parametrize(
    ("name", "right"),
    {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "subtract": lambda x, y: x - y,
        "multiply": lambda x, y: x * y,
        "divide": lambda x, y: x / y,
        "true_divide": lambda x, y: x / y,
        "pow": lambda x, y: x**y,
    }.items(),
)
def test_in_arithmetic_it_does(name: str, right: Callable[[Any, Any], float]) -> None:
    function = getattr(ag, name)
    assert function(6.0, ag.tensor([2.0])).tolist() == [right(6.0, 2.0)]
    second = "exponent" if name == "pow" else "other"
    assert function(input=6.0, **{second: ag.tensor([2.0])}).tolist() == [right(6.0, 2.0)]
    if name == "pow":
        with pytest.raises(TypeError, match="argument 'input' must be Tensor, not float"):
            ag.pow(6.0, 2.0)
        return
    both = function(6, 2.5)
    assert both.dim() == 0 and both.item() == right(6, 2.5) and not both.requires_grad
    with pytest.raises(TypeError, match="argument 'other' must be Tensor, not str"):
        function(6, "a")


def test_two_numbers_with_alpha() -> None:
    assert ag.add(2.0, 3.0, alpha=2).item() == 8.0 and ag.sub(2, 3, alpha=2).item() == -4.0
    assert ag.div(1, 0).item() == math.inf


def test_of_numbers_only_a_bool_is_a_condition() -> None:
    x, y = ag.tensor([1.0]), ag.tensor([2.0])
    for wrong in (2.0, 1, np.float64(1.0), np.int64(1)):
        with pytest.raises(TypeError, match="'condition' must be Tensor, array or bool, not"):
            ag.where(wrong, x, y)
    assert ag.where(True, x, y).tolist() == ag.where(ag.tensor(2.0) > 1, x, y).tolist() == [1.0]


# ---- what backward is given ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "name"),
    [(1.0, "float"), (1, "int"), (True, "bool"), (np.ones(1), "numpy.ndarray"), (len, "builtin")],
)
def test_a_gradient_that_is_no_tensor(wrong: Any, name: str) -> None:
    x = leaf([1.0])
    text = f"gradient must be a Tensor or None, got {name}"
    with pytest.raises(TypeError, match=text):
        (x * 2).backward(wrong)
    with pytest.raises(TypeError, match=text):
        ag.autograd.backward([x * 2], wrong)
    with pytest.raises(TypeError, match=text):
        ag.autograd.grad(x * 2, x, wrong)
    with pytest.raises(TypeError, match="gradients can be either Tensors or None, but got float"):
        (x * 2).backward([1.0])
    assert x.grad is None


def test_outputs_and_inputs_that_are_no_tensors() -> None:
    x = leaf([1.0])
    for call in (
        lambda: ag.autograd.grad(2.0, x),
        lambda: ag.autograd.grad([2.0], x),
        lambda: ag.autograd.backward(2.0),
    ):
        with pytest.raises(TypeError, match="outputs must be Tensors, but got float"):
            call()
    for call in (
        lambda: ag.autograd.grad(x * 2, 2.0),
        lambda: ag.autograd.grad(x * 2, [2.0]),
        lambda: (x * 2).backward(inputs=2.0),
    ):
        with pytest.raises(TypeError, match="inputs must be Tensors, but got float"):
            call()


# ---- messages ------------------------------------------------------------------------------------


def test_messages_name_this_library() -> None:
    with pytest.raises(RuntimeError) as caught:
        (leaf([1.0, 2.0]) * 2).backward(ag.ones(3))
    assert str(caught.value) == (
        "Mismatch in shape: grad_output[0] has a shape of pyautograd.Size([3]) and output[0] has a "
        "shape of pyautograd.Size([2])."
    )
    assert repr(ag.ones(3).shape) == "pyautograd.Size([3])"
