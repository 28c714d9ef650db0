# SPDX-License-Identifier: MIT
"""NumPy's functions on tensors: ops keep the gradient, the rest reads values or says what to do.
pandas too, where it is installed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values

# ---- ufuncs that are ops -------------------------------------------------------------------------

UNARY = {
    "negative": "neg",
    "absolute": "abs",
    "fabs": "abs",
    "sign": "sign",
    "square": "square",
    "sqrt": "sqrt",
    "reciprocal": "reciprocal",
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "log2": "log2",
    "log10": "log10",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
}
PAIRS = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "power": "pow",
    "float_power": "pow",
    "maximum": "maximum",
    "minimum": "minimum",
}
INTEGERS = {
    "bitwise_and": "bitwise_and",
    "bitwise_or": "bitwise_or",
    "bitwise_xor": "bitwise_xor",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "remainder": "remainder",
    "mod": "remainder",
    "floor_divide": "floor_divide",
    "add": "add",
    "multiply": "mul",
    "maximum": "maximum",
}
MASKS = {
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
    "logical_xor": "logical_xor",
}


@pytest.mark.parametrize("name", UNARY)
def test_a_ufunc_of_one_operand(name: str) -> None:
    x, y = leaf([0.25, 0.5]), leaf([0.25, 0.5])
    result, expected = getattr(np, name)(x), getattr(ag, UNARY[name])(y)
    assert result.tolist() == expected.tolist() and type(result) is ag.Tensor
    assert result.grad_fn.name() == expected.grad_fn.name()
    result.sum().backward()
    expected.sum().backward()
    assert x.grad.tolist() == y.grad.tolist()
    assert np.allclose(values(result), getattr(np, name)(np.array([0.25, 0.5])))
    assert getattr(np, name)(ag.tensor(0.5)).dim() == 0


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    "other", [2.0, 3, np.float64(0.5), np.array([2.0, 3.0]), np.array([1, 2]), [2.0, 3.0], (2, 3)]
)
def test_a_ufunc_of_two_operands(name: str, other: Any) -> None:
    ufunc, op = getattr(np, name), getattr(ag, PAIRS[name])
    plain = np.asarray(other, dtype=np.float64)
    x, y = leaf([1.5, 2.5]), leaf([1.5, 2.5])
    result = ufunc(x, other)
    assert result.tolist() == op(y, ag.tensor(plain)).tolist()
    assert np.allclose(values(result), ufunc(np.array([1.5, 2.5]), plain), rtol=1e-15)
    result.sum().backward()
    op(y, ag.tensor(plain)).sum().backward()
    assert x.grad.tolist() == y.grad.tolist()
    assert np.allclose(values(ufunc(other, x)), ufunc(plain, np.array([1.5, 2.5])), rtol=1e-15)
    assert ufunc(other, x).requires_grad


@pytest.mark.parametrize("name", MASKS)
def test_a_comparison_is_a_bool_tensor(name: str) -> None:
    a, b = np.array([1.0, 2.0, 3.0, 0.0]), np.array([2.0, 2.0, 2.0, 2.0])
    ufunc = getattr(np, name)
    expected = ufunc(a, b).tolist()
    for x, y in ((leaf(a), b), (a, leaf(b)), (leaf(a), leaf(b)), (leaf(a), 2.0)):
        mask = ufunc(x, y)
        assert type(mask) is ag.Tensor and mask.dtype is ag.bool and mask.tolist() == expected
        assert mask.tolist() == getattr(ag, MASKS[name])(ag.tensor(a), ag.tensor(b)).tolist()


@pytest.mark.parametrize("name", INTEGERS)
def test_ufuncs_of_integers(name: str) -> None:
    a, b = np.array([-7, 0, 12]), np.array([2, 3, 1])
    ufunc = getattr(np, name)
    for x, y in ((ag.tensor(a), b), (a, ag.tensor(b)), (ag.tensor(a), ag.tensor(b))):
        result = ufunc(x, y)
        assert type(result) is ag.Tensor and result.dtype is ag.int64
        assert result.tolist() == ufunc(a, b).tolist()
        assert result.tolist() == getattr(ag, INTEGERS[name])(x, ag.tensor(b)).tolist() or x is a
    assert ufunc(ag.tensor(a), 2).tolist() == ufunc(a, 2).tolist()


def test_ufuncs_of_bools() -> None:
    a, b = np.array([True, False]), np.array([True, True])
    for ufunc in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.logical_and, np.add):
        for x, y in ((ag.tensor(a), b), (a, ag.tensor(b)), (ag.tensor(a), True)):
            result = ufunc(x, y)
            assert result.dtype is ag.bool and result.tolist() == ufunc(a, b).tolist()
    for ufunc in (np.invert, np.logical_not):
        assert ufunc(ag.tensor(a)).dtype is ag.bool
        assert ufunc(ag.tensor(a)).tolist() == [False, True]
    assert np.invert(ag.tensor([5, -1])).tolist() == [-6, 0]
    mask = np.array([True, False]) & ag.tensor([True, True])
    assert type(mask) is ag.Tensor and mask.tolist() == [True, False]


def test_operators_between_arrays_and_tensors() -> None:
    a, x = np.array([1.0, 2.0]), leaf([3.0, 4.0])
    for result, expected in (
        (a + x, [4.0, 6.0]),
        (a - x, [-2.0, -2.0]),
        (a * x, [3.0, 8.0]),
        (a / x, [1 / 3, 0.5]),
        (a**x, [1.0, 16.0]),
        (np.float64(2) * x, [6.0, 8.0]),
        (np.float64(2) ** x, [8.0, 16.0]),
    ):
        assert type(result) is ag.Tensor and result.requires_grad
        assert result.tolist() == expected
    below = a < x
    assert type(below) is ag.Tensor and below.dtype is ag.bool and below.tolist() == [True, True]


def test_classes_of_results() -> None:
    class Angle(ag.Tensor):
        pass

    x = Angle([0.5])
    assert type(np.sin(x)) is type(np.rint(x)) is type(np.add(1.0, x)) is Angle
    assert type(np.clip(x, 0, 1)) is type(np.where(True, x, 0.0)) is Angle


# ---- in place ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda a, x: a.__iadd__(x),
        lambda a, x: a.__isub__(x),
        lambda a, x: a.__imul__(x),
        lambda a, x: a.__itruediv__(x),
        lambda a, x: a.__ipow__(x),
        lambda a, x: np.add(a, x, out=a),
        lambda a, x: np.sin(x, out=a),
        lambda a, x: np.rint(x, a),
    ],
)
def test_an_array_is_written_or_left_alone(write: Callable[[Any, Any], Any]) -> None:
    a, expected = np.array([2.0, 3.0]), np.array([2.0, 3.0])
    assert write(a, ag.tensor([1.5, 4.0])) is a
    write(expected, np.array([1.5, 4.0]))
    assert type(a) is np.ndarray and a.tolist() == expected.tolist()
    with pytest.raises(TypeError, match="would lose the gradient of a Tensor that requires grad"):
        write(a, leaf([1.5, 4.0]))
    assert a.tolist() == expected.tolist()
    with ag.no_grad():
        assert write(a, leaf([1.5, 4.0])) is a


def test_statements_do_not_bind_the_name_to_a_tensor() -> None:
    a = b = np.ones(2)
    a += ag.tensor([1.0, 2.0])
    assert a is b and type(a) is np.ndarray and a.tolist() == [2.0, 3.0]
    with pytest.raises(TypeError, match=r"Use x\.add\(\)"):
        a += leaf([1.0, 2.0])
    x = ag.ones(2)
    x += np.array([1.0, 2.0])
    assert type(x) is ag.Tensor and x.tolist() == [2.0, 3.0]


def test_tensors_are_not_written_by_numpy() -> None:
    x = ag.zeros(2)
    for call in (
        lambda: np.add(np.ones(2), 1.0, out=x),
        lambda: np.sin(x, x),
        lambda: np.sin(x, out=(x,)),
    ):
        with pytest.raises(TypeError, match="writes its result into arrays"):
            call()
    assert x.tolist() == [0.0, 0.0] and x._version == 0


# ---- ufuncs that are none ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: np.rint(x), r"numpy.rint\(\) .* There is no rint\(\) in pyautograd"),
        (lambda x: np.nextafter(x, 1.0), r"numpy.nextafter\(\) .* There is no nextafter\(\)"),
        (lambda x: np.nextafter(1.0, x), r"numpy.nextafter\(\) "),
        (lambda x: np.modf(x), r"numpy.modf\(\) "),
        (lambda x: np.sin(x, where=True), r"numpy.sin\(where=\) .* Use x.sin\(\),"),
        (lambda x: np.power(x, 2.0, dtype=float), r"numpy.power\(dtype=\) .* Use x.pow\(\),"),
        (lambda x: np.add.outer(x, x), r"numpy.add.outer would"),
        (lambda x: np.heaviside(x, [x, x]), r"numpy.heaviside\(\) would"),
        (lambda x: np.cumsum(x), r"numpy.cumsum\(\) would"),
        (lambda x: np.stack([x, [1.0, 2.0]]), r"numpy.stack\(\) would"),
        (lambda x: np.copy(x), r"numpy.copy\(\) .* Use x.clone\(\)"),
        (lambda x: np.linalg.norm(x), r"numpy.norm\(\) would"),
        (lambda x: np.sum(x, initial=2.0), r"numpy.sum\(\) .* Use x.sum\(\)"),
        (lambda x: np.sum(x, axis=()), r"numpy.sum\(\) .* Use x.sum\(\)"),
        (lambda x: np.max(x, initial=2.0), r"numpy.max\(\) .* Use x.amax\(\)"),
        (lambda x: np.min(x, axis=()), r"numpy.min\(\) .* Use x.amin\(\)"),
        (lambda x: np.reshape(x, (1, 2), order="F"), r"numpy.reshape\(\) .* Use x.reshape\(\)"),
    ],
)
def test_what_would_lose_the_gradient_says_what_to_do(
    call: Callable[[Any], Any], text: str
) -> None:
    x = leaf([0.5, 1.5])
    with pytest.raises(TypeError, match=text) as caught:
        call(x)
    assert "or take x.detach() where no gradient is wanted" in str(caught.value)
    with ag.no_grad():
        silent = call(x)
    expected = call(np.array([0.5, 1.5]))
    for result in (silent, call(x.detach())):
        assert np.array_equal(np.asarray(result), np.asarray(expected))


def test_results_of_other_ufuncs_are_tensors_if_there_is_such_a_dtype() -> None:
    x = ag.tensor([0.5, 1.5])
    assert type(np.rint(x)) is ag.Tensor and np.rint(x).tolist() == [0.0, 2.0]
    assert type(np.rint(x[0])) is ag.Tensor and np.rint(x[0]).dim() == 0
    fraction, whole = np.modf(x)
    assert (fraction.tolist(), whole.tolist()) == ([0.5, 0.5], [0.0, 1.0])
    mantissa, exponent = np.frexp(x)
    assert type(mantissa) is ag.Tensor and exponent.dtype == np.int32
    for result, expected in (
        (np.isnan(x), [False, False]),
        (np.gcd(ag.tensor([4, 6]), 6), [2, 6]),
        (np.logical_and.reduce(x > 1), False),
        (np.add.reduce(ag.tensor([4, 6])), 10),
        (np.logical_not(x, where=True), [False, False]),
    ):
        assert type(result) is ag.Tensor and result.tolist() == expected
        assert type(result.sum().item()) is int


def test_results_of_other_functions_are_arrays() -> None:
    x = ag.tensor([1.0, 2.0])
    assert np.cumsum(x).tolist() == [1.0, 3.0] and type(np.cumsum(x)) is np.ndarray
    assert np.concatenate([x, [1.0]]).tolist() == [1.0, 2.0, 1.0]
    assert np.median(x) == 1.5 and np.sum(x, initial=1.0) == 4.0 and np.linalg.norm(x * 0) == 0.0
    a = np.zeros(2)
    assert np.cumsum(x, out=a) is a and a.tolist() == [1.0, 3.0]
    with pytest.raises(TypeError, match="writes its result into arrays"):
        np.cumsum(a, out=x)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.allclose(x, [0.5, 1.5]),
        lambda x: np.array_equal(x, x),
        np.argmax,
        np.argsort,
        lambda x: np.any(x, where=[True, False]),
        lambda x: np.all(x, axis=()),
        lambda x: np.count_nonzero(x, axis=0, keepdims=True),
        lambda x: np.nonzero(x)[0],
        np.zeros_like,
        np.size,
        np.ndim,
        lambda x: tuple(np.shape(x)),
        lambda x: np.where(x > 1)[0],
        lambda x: np.where(x > 1, np.ones(2), np.zeros(2)),
        lambda x: np.where(x > 1, "a", "b"),
        lambda x: np.searchsorted(x, 1.0),
    ],
)
def test_what_has_no_gradient_is_given(call: Callable[[Any], Any]) -> None:
    result, expected = call(leaf([0.5, 1.5])), call(np.array([0.5, 1.5]))
    assert type(result) is type(expected) and np.array_equal(result, expected)


@pytest.mark.parametrize(
    "call",
    [
        np.isnan,
        np.isfinite,
        np.signbit,
        np.logical_not,
        lambda x: np.logical_and(x, [True, False]),
        lambda x: np.greater(x, 1.0, where=True),
        np.any,
        np.all,
        np.count_nonzero,
        lambda x: np.any(x, axis=0),
        lambda x: np.all(x, 0, keepdims=True),
        lambda x: np.any(a=x, axis=(0,), keepdims=False),
        lambda x: np.count_nonzero(x, axis=-1),
        lambda x: np.where(x > 1, 2.0, 3.0),
        lambda x: np.where(x - 0.5, 2.0, 3.0),
        lambda x: np.where(x > 1, 2, np.int64(3)),
        lambda x: np.where(x > 1, True, False),
    ],
)
def test_what_has_no_gradient_and_is_an_op_or_a_ufunc_gives_tensors(
    call: Callable[[Any], Any],
) -> None:
    result, expected = call(leaf([0.5, 1.5])), np.asarray(call(np.array([0.5, 1.5])))
    assert type(result) is ag.Tensor and not result.requires_grad
    assert repr(result.dtype) == f"pyautograd.{expected.dtype}"
    assert result.tolist() == expected.tolist()


def test_operands_that_nobody_knows() -> None:
    for call in (lambda x: np.add(x, object()), lambda x: np.add(x, "a"), lambda x: x + 1j):
        with pytest.raises(TypeError):
            call(ag.ones(2))
    with pytest.raises(TypeError):
        np.add(leaf([1.0]), object())


def test_rules_of_others_come_first() -> None:
    class Unit:
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> str:
            return f"{ufunc.__name__} of a unit"

        def __array_function__(self, function: Any, *_: Any) -> str:
            return f"{function.__name__} of a unit"

    assert np.add(ag.ones(2), Unit()) == np.add(Unit(), ag.ones(2)) == "add of a unit"
    assert np.hypot(ag.ones(2), Unit()) == "hypot of a unit"
    assert np.concatenate([ag.ones(2), Unit()]) == "concatenate of a unit"


# ---- functions that are ops ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.where(np.array([[True, False], [False, True]]), x, 0.0),
        lambda x: np.where([[1, 0], [0, 2]], 2.0, x),
        lambda x: np.where(x > 2.5, x, np.zeros((2, 2))),
        lambda x: np.clip(x, 1.5, 3.5),
        lambda x: np.clip(x, 1.5, None),
        lambda x: np.clip(x, a_min=None, a_max=3.5),
        lambda x: np.clip(x, np.array([1.5, 3.5]), 3.2),
        lambda x: np.clip(np.full((2, 2), 2.5), x, 3.2),
        lambda x: np.sum(x),
        lambda x: np.sum(x, 0),
        lambda x: np.sum(x, axis=(0, 1), keepdims=True),
        lambda x: np.sum(x, axis=1, dtype=float),
        lambda x: np.mean(x, axis=-1),
        lambda x: np.mean(x, keepdims=True),
        lambda x: np.var(x),
        lambda x: np.var(x, axis=0, ddof=1, keepdims=True),
        lambda x: np.std(x, 1),
        lambda x: np.concatenate([x, [[1.0, 2.0]]]),
        lambda x: np.concatenate((x, np.ones((2, 1))), axis=-1),
        lambda x: np.concatenate([x, [1.0]], axis=None),
        lambda x: np.max(x),
        lambda x: np.amax(x, 0),
        lambda x: np.min(x, axis=-1, keepdims=True),
        lambda x: np.amin(x, axis=(0, 1)),
        lambda x: np.reshape(x, (4,)),
        lambda x: np.reshape(x, -1),
        lambda x: np.ravel(x),
        lambda x: np.transpose(x),
        lambda x: np.transpose(x, (1, 0)),
        lambda x: np.swapaxes(x, 0, 1),
        lambda x: np.expand_dims(x, 1),
        lambda x: np.squeeze(x[:1]),
        lambda x: np.squeeze(x[:1], 0),
        lambda x: np.squeeze(x[:1], (0,)),
        lambda x: np.broadcast_to(x, (3, 2, 2)),
        lambda x: np.broadcast_to(x[0, 0], 3),
    ],
)
def test_a_function_that_is_an_op(call: Callable[[Any], Any]) -> None:
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    x = leaf(a)
    result, expected = call(x), call(a)
    assert type(result) is ag.Tensor and result.requires_grad
    assert tuple(result.shape) == np.shape(expected)
    assert np.allclose(values(result), expected, rtol=1e-15, atol=0)
    result.sum().backward()
    step = 1e-6
    for i in np.ndindex(2, 2):
        ahead, behind = a.copy(), a.copy()
        ahead[i] += step
        behind[i] -= step
        slope = (np.sum(call(ahead)) - np.sum(call(behind))) / (2 * step)
        assert np.isclose(x.grad[i].item(), slope, rtol=1e-7, atol=1e-9)


def test_functions_complain_as_they_do_of_arrays() -> None:
    x = leaf([[1.0, 2.0]])
    with pytest.raises(ValueError, match="cannot select an axis to squeeze out"):
        np.squeeze(x, 1)
    with pytest.raises(RuntimeError, match="is invalid for input of size 2"):
        np.reshape(x, (3,))
    with pytest.raises(IndexError):
        np.sum(x, axis=2)
    with pytest.raises(TypeError):
        np.sum(x, axis=0.5)


# ---- dtype ---------------------------------------------------------------------------------------


def test_float64_is_a_dtype_to_numpy() -> None:
    assert np.dtype(ag.float64) == np.float64 and ag.float64 == np.dtype(float)
    assert np.zeros(3, dtype=ag.float64).dtype == np.array([1]).astype(ag.float64).dtype == float
    assert np.asarray(ag.ones(2), dtype=ag.ones(2).dtype).tolist() == [1.0, 1.0]
    assert np.issubdtype(ag.float64, np.floating)
    assert ag.zeros(2, dtype=ag.zeros(1).numpy().dtype).dtype is ag.float64


# ---- pandas --------------------------------------------------------------------------------------


def test_pandas() -> None:
    pd: Any = pytest.importorskip("pandas")
    s, x = pd.Series([1.0, 2.0], index=["a", "b"]), ag.tensor([3.0, 4.0])
    for product in (s * x, x * s, np.multiply(s, x), np.multiply(x, s)):
        assert type(product) is pd.Series and product.tolist() == [3.0, 8.0]
        assert list(product.index) == ["a", "b"] and product.dtype == np.float64
    assert (s * x[0]).tolist() == (x[0] * s).tolist() == [3.0, 6.0]
    assert (s < x).tolist() == [True, True]
    assert pd.Series([1, 2], dtype=ag.float64).dtype == np.float64
    assert pd.Series(x).tolist() == [3.0, 4.0]
    with pytest.raises(RuntimeError, match="requires grad"):
        s * leaf([3.0, 4.0])
    assert (s.to_numpy() * leaf([3.0, 4.0])).requires_grad


# ---- nothing of it is imported until it is needed ------------------------------------------------


def test_the_protocols_say_what_they_take() -> None:
    assert list(inspect.signature(ag.Tensor.__array_ufunc__).parameters) == [
        "self",
        "ufunc",
        "method",
        "inputs",
        "kwargs",
    ]
