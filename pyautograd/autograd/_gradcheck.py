# SPDX-License-Identifier: MIT
"""gradcheck and gradgradcheck: derivatives beside central finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import pyautograd as _ag

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

_Array = NDArray[np.float64]
_Func = Callable[..., Any]

# The directions of the fast mode and the cotangents of gradgradcheck come from here and not from
# the library's generator: a check must neither disturb a seeded program nor change between runs.
_DIRECTION_SEED = 20231017

# How many directions the fast mode tries: along one, two errors can cancel by chance.
_DIRECTIONS = 3


class GradcheckError(RuntimeError):
    """Raised by `gradcheck` and `gradgradcheck` when a derivative fails its check."""


class _Problem(NamedTuple):
    """A function at a place, and what is looked at there."""

    func: _Func
    arguments: tuple[Any, ...]
    checked: list[int]  # places of the arguments that require grad
    outputs: tuple[_ag.Tensor, ...]

    @property
    def inputs(self) -> list[_ag.Tensor]:
        return [self.arguments[i] for i in self.checked]

    @property
    def differentiable(self) -> list[int]:
        """Places of the outputs that require grad."""
        return [i for i, out in enumerate(self.outputs) if out.requires_grad]


# ---- what is called ------------------------------------------------------------------------------


def gradcheck(
    func: _Func,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of `func` with central finite differences.

    Every input that requires grad is moved one element at a time by `eps * max(1, |x|)` up and
    down, and the slope is compared with the derivative found by running backward, for every
    element of every output. The gradient of zeros must be zeros. The inputs are left as they were.
    The tolerances are tighter than PyTorch's, which let pass what is wrong by 0.1 percent.

    Args:
        func: takes the inputs, returns a tensor or a tuple or list of them, of any shape.
        inputs: one tensor, or a tuple or list of arguments for `func`, of any shape.  Those that
            are tensors with ``requires_grad=True`` are checked, the others are passed on.
        eps: step of the difference, relative for values above 1.
        atol, rtol: a derivative `a` passes against the slope `n` if
            ``|a - n| <= atol + rtol * |n|``.
        raise_exception: raise on failure, rather than return False.
        nondet_tol: how much two backward passes over one graph may differ.
        check_undefined_grad: also run backward without each of several outputs.
        check_grad_dtypes: whether gradients must have the dtypes of their inputs.
        check_batched_grad: also compare `grad` with ``is_grads_batched=True`` with single sweeps.
        check_forward_ad, check_batched_forward_grad: there is no forward mode to check; must be
            False.
        check_backward_ad: must be True, as there is nothing else to check.
        fast_mode: compare the slopes along three random directions per input instead of one per
            element: six calls of `func` per input, whatever its size.
        masked: taken for PyTorch's sake; there are no sparse tensors that it is about.

    Returns:
        True if all derivatives pass; False if not and `raise_exception` is False.

    Raises:
        GradcheckError: a derivative differs from the slope, or another check failed.
        ValueError: no input requires grad.
        RuntimeError: elements of an input share memory (an expanded tensor), so that none can be
            moved alone.
        TypeError: `func` returned something that is not a tensor.
        AssertionError: neither forward nor backward mode is to be checked, or a batch of what is
            not.
        NotImplementedError: forward mode is to be checked.

    Example:
        >>> import pyautograd as torch
        >>> from pyautograd.testing import gradcheck
        >>> x = torch.tensor([0.5, 1.5], requires_grad=True)
        >>> gradcheck(lambda x: (x * x).exp(), (x,))
        True
    """
    _check_modes(
        check_forward_ad, check_backward_ad, check_batched_grad, check_batched_forward_grad
    )
    arguments = _as_tuple(inputs)
    checked = _inputs_to_check(arguments, "gradcheck")
    try:
        problem = _Problem(func, arguments, checked, _call(func, arguments))
        # Infinities and NaN are differences to report, not warnings.
        with np.errstate(invalid="ignore", over="ignore"):
            _check_same_twice(problem, nondet_tol)
            (_check_fast if fast_mode else _check_every_element)(problem, eps, atol, rtol)
            if check_grad_dtypes:
                _check_dtypes(problem)
            if check_batched_grad:
                _check_batches(problem)
            _check_zeros(problem, check_undefined_grad)
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
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare the second derivatives of `func` with central finite differences.

    Runs `gradcheck` on the function that gives the gradients of `func`, recorded with
    ``create_graph=True``, as a function of the inputs and of `grad_outputs`.

    Args:
        func: takes the inputs, returns a tensor or a tuple or list of them, of any shape.
        inputs: one tensor, or a tuple or list of arguments for `func`, of any shape.
        grad_outputs: the gradients the outputs receive, one tensor for each output that requires
            grad, of its shape.  Random directions, the same in each run, if not given.
        gen_non_contig_grad_outputs: let those random ones not be contiguous.
        check_fwd_over_rev: there is no forward mode to check; must be False.
        check_rev_over_rev: must be True, as there is nothing else to check.
        eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes,
            check_batched_grad, fast_mode, masked: as for `gradcheck`.

    Returns:
        True if all derivatives pass; False if not and `raise_exception` is False.

    Raises:
        GradcheckError: a second derivative differs from the slope, or another check failed.
        ValueError: no input requires grad, or the number of `grad_outputs` is wrong.
        RuntimeError, TypeError, AssertionError, NotImplementedError: as for `gradcheck`.

    Example:
        >>> import pyautograd as torch
        >>> from pyautograd.testing import gradgradcheck
        >>> x = torch.tensor([0.5, 1.5], requires_grad=True)
        >>> gradgradcheck(torch.sin, x)
        True
    """
    _check_second_modes(
        check_fwd_over_rev, check_rev_over_rev, check_undefined_grad, check_batched_grad
    )
    arguments = _as_tuple(inputs)
    checked = _inputs_to_check(arguments, "gradgradcheck")
    outputs = _call(func, arguments)
    cotangents = _cotangents(outputs, grad_outputs, gen_non_contig_grad_outputs)
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
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        fast_mode=fast_mode,
        masked=masked,
    )


# ---- arguments -----------------------------------------------------------------------------------

_NO_FORWARD = "there is no forward mode to check: derivatives are found by running backward"


def _check_modes(forward: bool, backward: bool, batched: bool, batched_forward: bool) -> None:
    if not (forward or backward):
        raise AssertionError(
            "Expected at least one of check_forward_ad or check_backward_ad to be True"
        )
    if batched and not backward:
        raise AssertionError(
            "Setting check_batched_grad=True requires check_backward_ad to be True"
        )
    if batched_forward and not forward:
        raise AssertionError(
            "Setting check_batched_forward_grad=True requires check_forward_ad to be True"
        )
    if forward:
        raise NotImplementedError(f"gradcheck: {_NO_FORWARD}")


def _check_second_modes(forward: bool, reverse: bool, undefined: bool, batched: bool) -> None:
    if not (forward or reverse):
        raise AssertionError(
            "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
        )
    for name, on in (("check_undefined_grad", undefined), ("check_batched_grad", batched)):
        if on and not reverse:
            raise AssertionError(f"Setting {name}=True requires check_rev_over_rev to be True")
    if forward:
        raise NotImplementedError(f"gradgradcheck: {_NO_FORWARD}")


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
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0: {who} cannot move one element "
                "alone where elements share memory. You should call .contiguous on the input "
                "before passing it."
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
    return [np.array(out.detach().numpy(), dtype=float) for out in _call(func, arguments)]


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


def _check_every_element(problem: _Problem, eps: float, atol: float, rtol: float) -> None:
    inputs = problem.inputs
    analytical = [
        _analytical(out, inputs)
        if out.requires_grad
        else [np.zeros((out.numel(), x.numel())) for x in inputs]
        for out in problem.outputs
    ]
    sizes = [out.numel() for out in problem.outputs]
    for column, (position, x) in enumerate(zip(problem.checked, inputs, strict=True)):
        slopes = _numerical(problem.func, problem.arguments, x, sizes, eps)
        for i, slope in enumerate(slopes):
            _compare(analytical[i][column], slope, atol, rtol, i, position)


def _check_fast(problem: _Problem, eps: float, atol: float, rtol: float) -> None:
    """Along directions; what fails is looked at again element by element, to say where it is."""
    try:
        _check_along_directions(problem, eps, atol, rtol)
    except GradcheckError as error:
        try:
            _check_every_element(problem, eps, atol, rtol)
        except GradcheckError as slow:
            raise GradcheckError(f"{error}\nElement by element:\n{slow}") from None
        raise GradcheckError(
            f"{error}\nElement by element all derivatives pass: their errors are below atol and "
            "rtol, and add up along a direction. With fast_mode=False this function passes."
        ) from None


def _check_along_directions(problem: _Problem, eps: float, atol: float, rtol: float) -> None:
    rng = np.random.default_rng(_DIRECTION_SEED)
    inputs = problem.inputs
    for _ in range(_DIRECTIONS):
        cotangents = [_direction(rng, tuple(out.shape)) for out in problem.outputs]
        grads = [
            _gradients(out, inputs, v)
            if out.requires_grad
            else [np.zeros(tuple(x.shape)) for x in inputs]
            for out, v in zip(problem.outputs, cotangents, strict=True)
        ]
        for column, (position, x) in enumerate(zip(problem.checked, inputs, strict=True)):
            direction = _direction(rng, tuple(x.shape))
            slopes = _slopes_along(problem.func, problem.arguments, x, direction, cotangents, eps)
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


# ---- what else must hold -------------------------------------------------------------------------


def _check_same_twice(problem: _Problem, nondet_tol: float) -> None:
    """A second backward over the same graph must give what the first one gave."""
    rng = np.random.default_rng(_DIRECTION_SEED)
    for i in problem.differentiable:
        out = problem.outputs[i]
        cotangent = _direction(rng, tuple(out.shape))
        first, second = (_gradients(out, problem.inputs, cotangent) for _ in range(2))
        for position, a, b in zip(problem.checked, first, second, strict=True):
            same = (a == b) | (np.isnan(a) & np.isnan(b))
            if not np.all(same | (np.abs(a - b) <= nondet_tol)):
                raise GradcheckError(
                    "Backward is not reentrant: run twice with the same input and the same "
                    f"gradient, it gave different values for output {i} and input {position}. "
                    f"The tolerance for that is nondet_tol={nondet_tol}."
                )


def _check_dtypes(problem: _Problem) -> None:
    for i in problem.differentiable:
        out = problem.outputs[i]
        grads = _ag.autograd.grad(
            out, problem.inputs, _ag.ones_like(out), retain_graph=True, allow_unused=True
        )
        for position, x, g in zip(problem.checked, problem.inputs, grads, strict=True):
            if g is not None and g.dtype != x.dtype:
                raise GradcheckError(
                    f"Gradient has dtype mismatch: that of output {i} by input {position} is "
                    f"{g.dtype}, the input {x.dtype}"
                )


def _check_batches(problem: _Problem) -> None:
    """Gradients that come in a batch must give what they give one by one."""
    rng = np.random.default_rng(_DIRECTION_SEED)
    for i in problem.differentiable:
        out = problem.outputs[i]
        pair = _direction(rng, (2, *out.shape))
        batched = _ag.autograd.grad(
            out,
            problem.inputs,
            _ag.tensor(pair),
            retain_graph=True,
            allow_unused=True,
            is_grads_batched=True,
        )
        single = [_gradients(out, problem.inputs, one) for one in pair]
        for k, (position, g) in enumerate(zip(problem.checked, batched, strict=True)):
            wanted = np.stack([row[k] for row in single])
            found = np.zeros(wanted.shape) if g is None else g.detach().numpy()
            if not np.allclose(found, wanted, 1e-12, 1e-12, equal_nan=True):
                raise GradcheckError(
                    f"For output {i} and input {position}: expected a batched gradient of\n"
                    f"{wanted}\nbut got\n{found}"
                )


def _check_zeros(problem: _Problem, without: bool) -> None:
    """Gradients of zeros must be zeros: of all outputs, and `without` one of them at a time."""
    known = problem.differentiable
    left_out = [None, *known] if without and len(known) > 1 else [None]
    for missing in left_out if known else ():
        outputs = [problem.outputs[i] for i in known if i != missing]
        try:
            grads = _ag.autograd.grad(
                outputs,
                problem.inputs,
                [_ag.zeros_like(out) for out in outputs],
                retain_graph=True,
                allow_unused=True,
            )
        except RuntimeError as error:
            if missing is None:
                raise
            raise GradcheckError(
                f"Expected backward function to handle undefined output grads: without output "
                f"{missing} it raised {type(error).__name__}: {error}"
            ) from error
        for position, g in zip(problem.checked, grads, strict=True):
            if g is None or bool((g == 0).all()):
                continue
            raise GradcheckError(
                f"backward not multiplied by grad_output: the gradient by input {position} is not "
                "zero where those of all outputs are"
                if missing is None
                else "Expected all input grads to be undefined or zero when all output grads are "
                f"undefined or zero: without output {missing} that by input {position} is not"
            )


def _cotangents(outputs: Sequence[_ag.Tensor], given: Any, strided: bool) -> tuple[_ag.Tensor, ...]:
    wanted = [out for out in outputs if out.requires_grad]
    if given is None:
        rng = np.random.default_rng(_DIRECTION_SEED)
        made = [_ag.tensor(_direction(rng, tuple(out.shape))) for out in wanted]
        return tuple((_spread(one) if strided else one).requires_grad_() for one in made)
    tensors = _as_tuple(given)
    if len(tensors) != len(wanted):
        raise ValueError(
            f"gradgradcheck: {len(wanted)} outputs require grad, got {len(tensors)} grad_outputs"
        )
    return tuple(t if t.requires_grad else t.detach().clone().requires_grad_() for t in tensors)


def _spread(one: _ag.Tensor) -> _ag.Tensor:
    """The same numbers with a gap behind each."""
    return _ag.stack([one, one], -1)[..., 0] if one.ndim else one
