# SPDX-License-Identifier: MIT
"""The inner ops of int64 give what Python's integers give, up to 2 ** 53, and never -0, at every
CPU level. They have no names in Python: the tests call them by their numbers, in other
interpreters."""

from __future__ import annotations

import functools
import operator
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyautograd as ag
from ops.test_levels import LEVELS, level_of
from support import Array, assert_same_bits, run_python

MOST = 2**53
INTEGERS = st.one_of(st.integers(-MOST, MOST), st.integers(-9, 9), st.sampled_from([MOST, -MOST]))
FLOATS = st.floats(-float(MOST), float(MOST))

CALL = """
    import json
    import numpy as np
    import pyautograd as ag
    from pyautograd import capi

    def call(op, *operands, rounding=None):
        args = capi.ffi.new("ag_arg[2]")
        for arg, operand in zip(args, operands):
            if isinstance(operand, ag.Tensor):
                arg.tensor = capi.pointer(operand)
            else:
                arg.value, arg.dtype = operand, capi.lib.AG_INT64
        attr = capi.ffi.new("ag_attr *")
        attr.i[0] = rounding or 0
        number = getattr(capi.lib, "AG_OP_" + op)
        given = capi.ffi.NULL if rounding is None else attr
        return capi.wrap(capi.lib.ag_apply(number, len(operands), args, given))
"""


def trunc_divided(x: int, y: int) -> int:
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


def powered(x: int, y: int) -> int:
    """PyTorch's power of integers: towards zero where the exponent is negative."""
    if y >= 0:
        return x**y
    return 0 if abs(x) != 1 else x ** (-y % 2)


def shifted_left(x: int, y: int) -> int:
    return x << y if 0 <= y < 64 else 0


def shifted_right(x: int, y: int) -> int:
    return x >> y if 0 <= y < 64 else -1 if x < 0 else 0


# name: (op, the rounding of a quotient, what Python gives)
OPS: dict[str, tuple[str, int | None, Callable[..., int]]] = {
    "mul_int": ("mul_int", None, operator.mul),
    "neg_int": ("neg_int", None, operator.neg),
    "pow_int": ("pow_int", None, powered),
    "to_int": ("to_int", None, int),
    "shift_left": ("shift_left", None, shifted_left),
    "shift_right": ("shift_right", None, shifted_right),
    "div_trunc_int": ("div_trunc_int", None, trunc_divided),
    "div_rounded_int towards zero": ("div_rounded_int", 0, trunc_divided),
    "div_rounded_int down": ("div_rounded_int", 1, operator.floordiv),
    "remainder_int": ("remainder_int", None, operator.mod),
}


def fits(name: str, *operands: int) -> bool:
    """Whether Python's result is one that int64 tensors hold."""
    op, _, exact = OPS[name]
    if op.startswith(("div", "remainder")) and operands[1] == 0:
        return False
    if op == "pow_int" and abs(operands[0]) > 1 and abs(operands[1]) > 53:
        return operands[1] < 0
    return abs(exact(*operands)) <= MOST


def pairs_of(name: str) -> list[tuple[int, int]]:
    """Every pair of edges, products and quotients at the edge of 2 ** 53, small ones, random ones:
    of those the ones whose result fits."""
    rng = np.random.default_rng(3)
    edges = [0, 1, 2, 3, 7, 10, 52, 53, 62, 63, 64, 65, 2**26, 2**27 + 1, 94906265]
    edges += [3**33, MOST // 3, MOST - 1, MOST]
    edges += [-e for e in edges]
    found = [(x, y) for x in edges for y in edges]
    found += [(x, y) for x in range(-40, 41) for y in range(-20, 70)]
    for bits in (8, 20, 26, 40, 53):
        high = 2**bits
        x, y = rng.integers(-high, high + 1, (2, 500))
        found += zip(x.tolist(), y.tolist(), strict=True)
        found += [(a * b, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        found += [(a * b - 1, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    return [(x, y) for x, y in found if abs(x) <= MOST and abs(y) <= MOST and fits(name, x, y)]


TWO = [name for name in OPS if name not in ("neg_int", "to_int")]


def expected(name: str, *operands: list[int]) -> Array:
    return np.array([OPS[name][2](*one) for one in zip(*operands, strict=True)], np.float64)


VALUES = """
    results = {}
    with np.load(FILE) as arrays:
        for name, (op, rounding) in NAMES.items():
            x, y = (ag.tensor(arrays[name + part]) for part in (" x", " y"))
            results[name] = call(op, x, y, rounding=rounding)
            # Operands that are strided, and that pend.
            results[name + " strided"] = call(op, x.view(-1, 1)[::3, 0], y[::3], rounding=rounding)
            results[name + " late"] = call(op, x + 0, y + 0, rounding=rounding)
        for name in ("neg_int", "to_int"):
            results[name] = call(name, ag.tensor(arrays[name]))
    assert all(result.dtype is ag.int64 for result in results.values())
    np.savez(FILE, **{name: result.double().numpy() for name, result in results.items()})
    print(json.dumps(ag.show_config()))
"""


@pytest.mark.parametrize("level", LEVELS)
def test_values(level: str, tmp_path: Any) -> None:
    file = tmp_path / "values.npz"
    given = {name: [list(side) for side in zip(*pairs_of(name), strict=True)] for name in TWO}
    rng = np.random.default_rng(5)
    whole = [0, MOST, -MOST, *rng.integers(-MOST, MOST, 1000).tolist()]
    real = np.concatenate([[-0.0, -0.7, 0.9, 2.5, float(MOST)], rng.uniform(-1e6, 1e6, 1000)])
    arrays: dict[str, Any] = {f"{name} x": x for name, (x, _) in given.items()}
    arrays |= {f"{name} y": y for name, (_, y) in given.items()}
    np.savez(file, neg_int=np.array(whole), to_int=real, **arrays)
    names = {name: OPS[name][:2] for name in TWO}
    code = CALL + VALUES.replace("FILE", repr(str(file))).replace("NAMES", repr(names))
    if level_of(run_python(code, PYAUTOGRAD_SIMD=level)) != level:
        pytest.skip(f"this machine has no {level}")
    with np.load(file) as found:
        for name, (x, y) in given.items():
            assert len(x) > 1000
            exact = expected(name, x, y)
            assert_same_bits(found[name], exact, name)
            assert_same_bits(found[name + " strided"], exact[::3], name)
            assert_same_bits(found[name + " late"], exact, name)
        assert_same_bits(found["neg_int"], expected("neg_int", whole))
        assert_same_bits(found["to_int"], expected("to_int", real.tolist()))


REFUSALS = """
    found = {}
    for name, (op, rounding) in NAMES.items():
        x = ag.tensor([6, -7, 8])
        divisors = {"a zero among them": ag.tensor([2, 0, 3]), "the number zero": 0.0,
                    "zeros": ag.zeros(3, dtype=ag.int64)}
        for what, y in divisors.items():
            try:
                found[name + ", " + what] = call(op, x, y, rounding=rounding).tolist()
            except RuntimeError as error:
                found[name + ", " + what] = str(error)
        nothing = ag.zeros(0, dtype=ag.int64)
        found[name + ", nothing"] = call(op, nothing, nothing, rounding=rounding).tolist()
    print(json.dumps(found))
"""


def test_divisions_by_zero_are_refused() -> None:
    names = {name: OPS[name][:2] for name in OPS if name.startswith(("div_rounded", "remainder"))}
    found = run_python(CALL + REFUSALS.replace("NAMES", repr(names)))
    assert len(found) == 12
    for what, outcome in found.items():
        assert outcome == ([] if what.endswith("nothing") else "ZeroDivisionError"), what


def test_other_dtypes_are_refused() -> None:
    """They are called in the place of ops, for operands of int64 alone."""
    code = """
        found = []
        for op in ("mul_int", "pow_int", "shift_left", "shift_right", "div_trunc_int"):
            for x in (ag.tensor([1.0]), ag.tensor([True])):
                try:
                    found.append(call(op, x, x).tolist())
                except RuntimeError as error:
                    found.append(str(error))
        print(json.dumps(found))
    """
    found = run_python(CALL + textwrap.indent(textwrap.dedent(code), "    "))
    assert found == [
        f"\"{op}_cpu\" not implemented for '{name}'"
        for op in ("mul_int", "pow_int", "shift_left", "shift_right", "div_trunc_int")
        for name in ("Double", "Bool")
    ]


# ---- by their public names, of any integers ------------------------------------------------------

PUBLIC: dict[str, tuple[Callable[..., Any], Callable[..., int]]] = {
    "mul_int": (lambda x, y: x * y, operator.mul),
    "pow_int": (lambda x, y: x**y, powered),
    "shift_left": (lambda x, y: x << y, shifted_left),
    "shift_right": (lambda x, y: x >> y, shifted_right),
    "div_rounded_int towards zero": (
        functools.partial(ag.div, rounding_mode="trunc"),
        trunc_divided,
    ),
    "div_rounded_int down": (lambda x, y: x // y, operator.floordiv),
    "remainder_int": (lambda x, y: x % y, operator.mod),
}


def is_whole(result: Any, exact: int) -> None:
    assert type(result) is ag.Tensor and result.dtype is ag.int64
    assert type(result.item()) is int and result.item() == exact
    assert_same_bits(result.double(), np.float64(exact))


@pytest.mark.parametrize("name", PUBLIC)
@given(x=INTEGERS, y=st.one_of(INTEGERS, st.integers(-3, 70)))
def test_is_pythons(name: str, x: int, y: int) -> None:
    call, exact = PUBLIC[name]
    if fits(name, x, y):
        is_whole(call(ag.tensor(x), ag.tensor(y)), exact(x, y))
        if name != "pow_int" or y >= 0:
            is_whole(call(ag.tensor(x), y), exact(x, y))
    elif y == 0 and name.startswith(("div", "remainder")):
        for divisor in (ag.tensor(y), y):
            with pytest.raises(RuntimeError, match="ZeroDivisionError"):
                call(ag.tensor([x, x]), divisor)
    elif name == "shift_left":
        for places in (ag.tensor(y), y):
            with pytest.raises(OverflowError, match=r"beyond 2 \*\* 53"):
                call(ag.tensor([x]), places)


BITS = INTEGERS.filter(lambda x: abs(x) < MOST)  # one more bit may be one too many


@given(x=BITS, y=BITS)
def test_bits_are_pythons(x: int, y: int) -> None:
    a, b = ag.tensor([x, y]), ag.tensor(y)
    assert (a & b).tolist() == [x & y, y]
    assert (a | b).tolist() == [x | y, y]
    assert (a ^ b).tolist() == [x ^ y, 0]
    assert (a & y).tolist() == [x & y, y] and (y | a).tolist() == [x | y, y]
    is_whole(~ag.tensor(x), ~x)


@given(x=INTEGERS)
def test_of_one(x: int) -> None:
    is_whole(-ag.tensor(x), -x)
    is_whole(abs(ag.tensor(x)), abs(x))
    is_whole(ag.tensor(x).trunc(), x)
    is_whole(ag.tensor(x, dtype=ag.float64).long(), x)


@given(x=FLOATS)
def test_casts_go_towards_zero(x: float) -> None:
    is_whole(ag.tensor(x).long(), int(x))


@given(x=st.one_of(st.floats(min_value=float(MOST) + 2), st.floats(max_value=-float(MOST) - 2)))
def test_casts_of_what_is_beyond_are_refused(x: float) -> None:
    for value in (x, float("nan")):
        with pytest.raises(RuntimeError, match="cannot be converted to type int64_t"):
            ag.tensor([1.0, value]).long()


@pytest.mark.parametrize("shape", [None, (), (1,), (3, 1)])
def test_no_zero_has_a_sign(shape: Any) -> None:
    """1 / 0 tells which zero it is."""
    minus, zero = ag.tensor([-3]), 0 if shape is None else ag.zeros(shape, dtype=ag.int64)
    for result in (minus * zero, zero * minus, -(minus * 0), (minus // 7 + 1) * minus):
        assert (1 / result.double()).tolist() == np.full(result.shape, np.inf).tolist()
    for real in (-0.0, -0.5):
        assert (1 / ag.tensor([real]).long().double()).item() == np.inf
