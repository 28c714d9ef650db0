# SPDX-License-Identifier: MIT
"""Checks for derivatives and for values, meant for users as much as for the library's own tests.

`gradcheck` compares the derivatives that a backward pass gives with central finite differences,
`gradgradcheck` does so for the derivatives of the derivatives, and `assert_close` compares values
and says where they part.  The argument names are PyTorch's; the default tolerances are tighter,
because everything here is float64: a rule that is wrong by a tenth of a percent does not pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

import pyautograd as _ag

__all__ = ["GradcheckError", "assert_close", "gradcheck", "gradgradcheck"]

_Array = NDArray[np.float64]
_Func = Callable[..., Any]

# The directions of the fast mode and the cotangents of gradgradcheck come from here and not from
# the library's generator: a check must neither disturb a seeded program nor change between runs.
_DIRECTION_SEED = 20231017

# How many directions the fast mode tries: along one, two errors can cancel by chance.
_DIRECTIONS = 3


class GradcheckError(RuntimeError):
    """Raised by `gradcheck` and `gradgradcheck` when a derivative fails its check."""


# ---- gradcheck -----------------------------------------------------------------------------------


def gradcheck(
    func: _Func,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    fast_mode: bool = False,
) -> bool:
    """Compare the gradients of `func` with central finite differences.

    Every input that requires grad is moved one element at a time by `eps * max(1, |x|)` up and
    down, and the slope is compared with the derivative found by running backward, for every
    element of every output.  The inputs are left as they were.

    Args:
        func: takes the inputs, returns a tensor or a tuple or list of them, of any shape.
        inputs: one tensor, or a tuple or list of arguments for `func`, of any shape.  Those that
            are tensors with ``requires_grad=True`` are checked, the others are passed on.
        eps: step of the difference, relative for values above 1.
        atol, rtol: a derivative `a` passes against the slope `n` if
            ``|a - n| <= atol + rtol * |n|``.
        raise_exception: raise on failure, rather than return False.
        nondet_tol: how much two backward passes over one graph may differ.
        fast_mode: compare the slopes along three random directions per input instead of one per
            element: six calls of `func` per input, whatever its size.

    Returns:
        True if all derivatives pass; False if not and `raise_exception` is False.

    Raises:
        GradcheckError: a derivative differs from the slope.
        ValueError: no input requires grad, or elements of an input share memory (an expanded
            tensor), so that none can be moved alone.
        TypeError: `func` returned something that is not a tensor.

    Example:
        >>> import pyautograd as torch
        >>> from pyautograd.testing import gradcheck
        >>> x = torch.tensor([0.5, 1.5], requires_grad=True)
        >>> gradcheck(lambda x: (x * x).exp(), (x,))
        True
    """
    arguments = _as_tuple(inputs)
    checked = _inputs_to_check(arguments, "gradcheck")
    check = _check_along_directions if fast_mode else _check_every_element
    try:
        outputs = _call(func, arguments)
        # Infinities and NaN are differences to report, not warnings.
        with np.errstate(invalid="ignore", over="ignore"):
            _check_same_twice(outputs, arguments, checked, nondet_tol)
            check(func, arguments, checked, outputs, eps, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: _Func,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    fast_mode: bool = False,
) -> bool:
    """Compare the second derivatives of `func` with central finite differences.

    Runs `gradcheck` on the function that gives the gradients of `func`, recorded with
    ``create_graph=True``, as a function of the inputs and of `grad_outputs`.

    Args:
        func: takes the inputs, returns a tensor or a tuple or list of them, of any shape.
        inputs: one tensor, or a tuple or list of arguments for `func`, of any shape.
        grad_outputs: the gradients the outputs receive, one tensor for each output that requires
            grad, of its shape.  Random directions, the same in each run, if not given.
        eps, atol, rtol, raise_exception, nondet_tol, fast_mode: as for `gradcheck`.

    Returns:
        True if all derivatives pass; False if not and `raise_exception` is False.

    Raises:
        GradcheckError: a second derivative differs from the slope.
        ValueError: as for `gradcheck`, or the number of `grad_outputs` is wrong.
        TypeError: `func` returned something that is not a tensor.

    Example:
        >>> import pyautograd as torch
        >>> from pyautograd.testing import gradgradcheck
        >>> x = torch.tensor([0.5, 1.5], requires_grad=True)
        >>> gradgradcheck(torch.sin, x)
        True
    """
    arguments = _as_tuple(inputs)
    checked = _inputs_to_check(arguments, "gradgradcheck")
    outputs = _call(func, arguments)
    cotangents = _cotangents(outputs, grad_outputs)
    count = len(arguments)

    def gradients(*all_arguments: Any) -> tuple[_ag.Tensor, ...]:
        own = all_arguments[:count]
        outs = [out for out in _call(func, own) if out.requires_grad]
        grads = _ag.autograd.grad(
            outs,
            [own[i] for i in checked],
            list(all_arguments[count:]),
            create_graph=True,
            allow_unused=True,
        )
        return tuple(g for g in grads if g is not None and g.requires_grad)

    return gradcheck(
        gradients,
        arguments + cotangents,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        fast_mode=fast_mode,
    )


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def _inputs_to_check(arguments: tuple[Any, ...], who: str) -> list[int]:
    """Positions of the arguments that require grad; refuses those that cannot be perturbed."""
    found = [i for i, a in enumerate(arguments) if isinstance(a, _ag.Tensor) and a.requires_grad]
    if not found:
        raise ValueError(
            f"{who} expects at least one input tensor to require gradient, "
            "but none of them have requires_grad=True."
        )
    for i in found:
        steps = zip(arguments[i].shape, arguments[i].stride(), strict=True)
        if arguments[i].numel() and any(n > 1 and step == 0 for n, step in steps):
            raise ValueError(
                f"{who}: elements of input {i} share memory (an expanded tensor?), so one cannot "
                "be moved alone. Pass input.clone()."
            )
    return found


def _call(func: _Func, arguments: Sequence[Any]) -> tuple[_ag.Tensor, ...]:
    outputs = _as_tuple(func(*arguments))
    for i, out in enumerate(outputs):
        if not isinstance(out, _ag.Tensor):
            raise TypeError(
                f"gradcheck: func must return tensors, but output {i} is a {type(out).__name__}"
            )
    return outputs


def _values(func: _Func, arguments: Sequence[Any]) -> list[_Array]:
    return [np.array(out.detach().numpy()) for out in _call(func, arguments)]


@contextmanager
def _moved(x: _ag.Tensor, delta: _Array) -> Iterator[_Array]:
    """Let `x` hold `x + delta`, without recording it or counting as a write; yields the values."""
    memory = x.detach().numpy()
    before = memory.copy()
    try:
        memory[...] = before + delta
        yield memory.copy()
    finally:
        memory[...] = before


def _slopes(
    func: _Func, arguments: Sequence[Any], x: _ag.Tensor, delta: _Array
) -> tuple[list[_Array], list[_Array], _Array]:
    """The outputs at `x + delta` and at `x - delta`, and the step that was really taken."""
    with _moved(x, delta) as above:
        up = _values(func, arguments)
    with _moved(x, -delta) as below:
        down = _values(func, arguments)
    return up, down, above - below


def _gradients(output: _ag.Tensor, inputs: Sequence[_ag.Tensor], cotangent: _Array) -> list[_Array]:
    grads = _ag.autograd.grad(
        output, inputs, _ag.tensor(cotangent), retain_graph=True, allow_unused=True
    )
    return [
        np.zeros(tuple(x.shape)) if g is None else np.array(g.detach().numpy())
        for g, x in zip(grads, inputs, strict=True)
    ]


def _analytical(output: _ag.Tensor, inputs: Sequence[_ag.Tensor]) -> list[_Array]:
    """One Jacobian per input, (output elements) x (input elements), a backward for each row."""
    rows: list[list[_Array]] = [[] for _ in inputs]
    one_hot = np.zeros(output.numel())
    for i in range(output.numel()):
        one_hot[i] = 1.0
        shaped = one_hot.reshape(tuple(output.shape))
        for row, grad in zip(rows, _gradients(output, inputs, shaped), strict=True):
            row.append(grad.ravel())
        one_hot[i] = 0.0
    return [
        np.array(row).reshape(output.numel(), x.numel())
        for row, x in zip(rows, inputs, strict=True)
    ]


def _numerical(
    func: _Func, arguments: tuple[Any, ...], x: _ag.Tensor, sizes: list[int], eps: float
) -> list[_Array]:
    """One Jacobian of `x` per output, by central differences, two calls for each column."""
    columns: list[list[_Array]] = [[] for _ in sizes]
    at = np.array(x.detach().numpy())
    delta = np.zeros(at.shape)
    for index in np.ndindex(*at.shape):
        delta[index] = eps * max(1.0, abs(at[index]))
        up, down, step = _slopes(func, arguments, x, delta)
        for column, u, d in zip(columns, up, down, strict=True):
            column.append((u - d).ravel() / step[index])
        delta[index] = 0.0
    return [
        np.array(column).reshape(x.numel(), size).T
        for column, size in zip(columns, sizes, strict=True)
    ]


def _check_every_element(
    func: _Func,
    arguments: tuple[Any, ...],
    checked: list[int],
    outputs: tuple[_ag.Tensor, ...],
    eps: float,
    atol: float,
    rtol: float,
) -> None:
    inputs = [arguments[i] for i in checked]
    analytical = [
        _analytical(out, inputs)
        if out.requires_grad
        else [np.zeros((out.numel(), x.numel())) for x in inputs]
        for out in outputs
    ]
    sizes = [out.numel() for out in outputs]
    for column, (position, x) in enumerate(zip(checked, inputs, strict=True)):
        for i, slope in enumerate(_numerical(func, arguments, x, sizes, eps)):
            _compare(analytical[i][column], slope, atol, rtol, i, position)


def _check_along_directions(
    func: _Func,
    arguments: tuple[Any, ...],
    checked: list[int],
    outputs: tuple[_ag.Tensor, ...],
    eps: float,
    atol: float,
    rtol: float,
) -> None:
    rng = np.random.default_rng(_DIRECTION_SEED)
    inputs = [arguments[i] for i in checked]
    for _ in range(_DIRECTIONS):
        cotangents = [_direction(rng, tuple(out.shape)) for out in outputs]
        grads = [
            _gradients(out, inputs, v)
            if out.requires_grad
            else [np.zeros(tuple(x.shape)) for x in inputs]
            for out, v in zip(outputs, cotangents, strict=True)
        ]
        for column, (position, x) in enumerate(zip(checked, inputs, strict=True)):
            direction = _direction(rng, tuple(x.shape))
            slopes = _slopes_along(func, arguments, x, direction, cotangents, eps)
            for i, slope in enumerate(slopes):
                along = np.sum(grads[i][column] * direction)
                _compare(np.atleast_2d(along), np.atleast_2d(slope), atol, rtol, i, position)


def _slopes_along(
    func: _Func,
    arguments: tuple[Any, ...],
    x: _ag.Tensor,
    direction: _Array,
    cotangents: list[_Array],
    eps: float,
) -> list[_Array]:
    """For each output the slope of its product with its cotangent, x moving along `direction`."""
    largest = float(np.max(np.abs(x.detach().numpy()), initial=0.0))
    up, down, step = _slopes(func, arguments, x, eps * max(1.0, largest) * direction)
    # Rounding makes the step another than the one asked for; its length along the direction:
    length = np.sum(step * direction) / np.sum(direction**2) if x.numel() else np.inf
    return [
        np.asarray(np.sum(v * (u - d)) / length)
        for v, u, d in zip(cotangents, up, down, strict=True)
    ]


def _direction(rng: np.random.Generator, shape: tuple[int, ...]) -> _Array:
    """Components between 0.5 and 1.5 of either sign: none is so small that an error hides."""
    size = rng.uniform(0.5, 1.5, shape)
    return np.asarray(np.where(rng.random(shape) < 0.5, -size, size))


def _compare(
    analytical: _Array, slope: _Array, atol: float, rtol: float, output: int, position: int
) -> None:
    wrong = ~(np.abs(analytical - slope) <= atol + rtol * np.abs(slope))
    if not wrong.any():
        return
    error = np.where(np.isnan(analytical - slope), np.inf, np.abs(analytical - slope))
    row, column = np.unravel_index(int(np.argmax(np.where(wrong, error, -1.0))), error.shape)
    raise GradcheckError(
        f"Jacobian mismatch for output {output} with respect to input {position},\n"
        f"numerical:\n{slope}\nanalytical:\n{analytical}\n"
        f"{int(wrong.sum())} of {wrong.size} differ; the most at output element {row}, "
        f"input element {column}: slope {slope[row, column]!r}, "
        f"derivative {analytical[row, column]!r}"
    )


def _check_same_twice(
    outputs: tuple[_ag.Tensor, ...],
    arguments: tuple[Any, ...],
    checked: list[int],
    nondet_tol: float,
) -> None:
    """A second backward over the same graph must give what the first one gave."""
    inputs = [arguments[i] for i in checked]
    rng = np.random.default_rng(_DIRECTION_SEED)
    for i, out in enumerate(outputs):
        if not out.requires_grad:
            continue
        cotangent = _direction(rng, tuple(out.shape))
        first, second = (_gradients(out, inputs, cotangent) for _ in range(2))
        for position, a, b in zip(checked, first, second, strict=True):
            same = (a == b) | (np.isnan(a) & np.isnan(b))
            if not np.all(same | (np.abs(a - b) <= nondet_tol)):
                raise GradcheckError(
                    "Backward is not reentrant: run twice with the same input and the same "
                    f"gradient, it gave different values for output {i} and input {position}. "
                    f"The tolerance for that is nondet_tol={nondet_tol}."
                )


def _cotangents(outputs: Sequence[_ag.Tensor], given: Any) -> tuple[_ag.Tensor, ...]:
    wanted = [out for out in outputs if out.requires_grad]
    if given is None:
        rng = np.random.default_rng(_DIRECTION_SEED)
        return tuple(
            _ag.tensor(_direction(rng, tuple(out.shape)), requires_grad=True) for out in wanted
        )
    tensors = _as_tuple(given)
    if len(tensors) != len(wanted):
        raise ValueError(
            f"gradgradcheck: {len(wanted)} outputs require grad, got {len(tensors)} grad_outputs"
        )
    return tuple(t if t.requires_grad else t.detach().clone().requires_grad_() for t in tensors)


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
