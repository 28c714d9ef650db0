# SPDX-License-Identifier: MIT
"""Checks for derivatives and for values, meant for users as much as for the library's own tests.

`gradcheck` compares the derivatives that a backward pass gives with central finite differences,
`gradgradcheck` does so for the derivatives of the derivatives, and `assert_close` compares values
and says where they part.  The argument names are PyTorch's; the default tolerances are tighter,
because everything here is float64: a rule that is wrong by a tenth of a percent does not pass.
Both are `autograd.gradcheck` and `autograd.gradgradcheck`, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import pyautograd as _ag

from .autograd._gradcheck import GradcheckError, gradcheck, gradgradcheck

__all__ = ["GradcheckError", "assert_close", "gradcheck", "gradgradcheck"]

_Array = NDArray[np.float64]


# ---- assert_close --------------------------------------------------------------------------------


def assert_close(
    actual: Any,
    expected: Any,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise AssertionError, saying where and by how much, unless the two are close.

    Numbers are close if ``|actual - expected| <= atol + rtol * |expected|``; infinities only if
    they are equal.

    Args:
        actual, expected: tensors of one shape, NumPy arrays, numbers, or sequences or mappings of
            such, which are compared one by one.
        rtol, atol: the tolerances, both 1e-7 if not given; give both or neither.
        equal_nan: whether NaN is close to NaN.
        check_stride: whether tensors must have equal strides too.
        msg: the error's text, or a function from the text it would have had to another.

    Raises:
        AssertionError: values, shapes, strides, lengths or keys differ.
        ValueError: only one of `rtol` and `atol` was given.
        TypeError: something to compare is neither number nor tensor nor collection of them.

    Example:
        >>> import pyautograd as torch
        >>> from pyautograd.testing import assert_close
        >>> assert_close(torch.tensor([0.1]) * 3, torch.tensor([0.3]))
    """
    if (rtol is None) != (atol is None):
        raise ValueError("assert_close: rtol and atol must both be given, or neither")
    tolerance = (1e-7 if rtol is None else rtol, 1e-7 if atol is None else atol)
    for path, a, b in _pairs(actual, expected, ""):
        problem = _difference(a, b, tolerance, equal_nan, check_stride)
        if problem:
            text = problem + (f"\n\nThe failure occurred for item {path}" if path else "")
            raise AssertionError(msg(text) if callable(msg) else msg or text)


def _pairs(actual: Any, expected: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Walk two equal structures, giving each pair of leaves with where it stands."""
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if set(actual) != set(expected):
            missing = sorted(map(repr, set(actual) ^ set(expected)))
            raise AssertionError(f"The keys of the mappings do not match: {', '.join(missing)}")
        for key in actual:
            yield from _pairs(actual[key], expected[key], f"{path}[{key!r}]")
    elif isinstance(actual, (list, tuple)) and isinstance(expected, (list, tuple)):
        if len(actual) != len(expected):
            raise AssertionError(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            )
        for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
            yield from _pairs(a, b, f"{path}[{i}]")
    else:
        yield path, actual, expected


def _as_array(value: Any) -> _Array:
    if isinstance(value, _ag.Tensor):
        return np.asarray(value.detach().numpy())
    if isinstance(value, (int, float, np.ndarray, np.generic)):
        return np.asarray(value, dtype=np.float64)
    raise TypeError(f"assert_close: cannot compare a {type(value).__name__}")


def _difference(
    actual: Any,
    expected: Any,
    tolerance: tuple[float, float],
    equal_nan: bool,
    check_stride: bool,
) -> str:
    """What is different, as a text; empty if the two are close."""
    a, b = _as_array(actual), _as_array(expected)
    if a.shape != b.shape:
        return f"The values for attribute 'shape' do not match: {a.shape} != {b.shape}."
    if check_stride and a.strides != b.strides:
        steps = [tuple(step // 8 for step in array.strides) for array in (a, b)]
        return f"The values for attribute 'stride()' do not match: {steps[0]} != {steps[1]}."
    rtol, atol = tolerance
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.where(a == b, 0.0, np.abs(a - b))
        close = (gap <= atol + rtol * np.abs(b)) & np.isfinite(gap)
    if equal_nan:
        close |= np.isnan(a) & np.isnan(b)
    if close.all():
        return ""
    return _describe(a, b, gap, close, tolerance)


def _describe(
    a: _Array, b: _Array, gap: _Array, close: NDArray[np.bool_], tolerance: tuple[float, float]
) -> str:
    rtol, atol = tolerance
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(gap == 0.0, 0.0, gap / np.abs(b))
    if a.ndim == 0:
        return (
            f"Scalars are not close!\n\nExpected {float(b)!r} but got {float(a)!r}.\n"
            f"Absolute difference: {float(gap)} (up to {atol} allowed)\n"
            f"Relative difference: {float(relative)} (up to {rtol} allowed)"
        )
    wrong = int(np.sum(~close))
    lines = [
        "Tensor-likes are not close!\n",
        f"Mismatched elements: {wrong} / {a.size} ({100 * wrong / a.size:.1f}%)",
    ]
    for name, values, allowed in (("absolute", gap, atol), ("relative", relative, rtol)):
        # A NaN is the greatest difference of all, unless it is one that counts as close.
        ranked = np.where(close, -1.0, np.where(np.isnan(values), np.inf, values))
        index = np.unravel_index(int(np.argmax(ranked)), values.shape)
        place = tuple(int(i) for i in index)
        lines.append(
            f"Greatest {name} difference: {float(values[index])} at index {place} "
            f"(up to {allowed} allowed)"
        )
    return "\n".join(lines)
