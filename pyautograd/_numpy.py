# SPDX-License-Identifier: MIT
"""What NumPy's functions do to tensors, but for ufuncs that are ops: those csrc/python/py_ufunc.c
calls without this module, which is imported when NumPy is first given a tensor otherwise.

A function that is an op here is that op and keeps the gradient. One whose result has no gradient
(isnan, a shape) reads the values. Any other works on the values too, unless a tensor that requires
grad is among its arguments: then it would lose the gradient, and says what to do instead. What
ufuncs make of the values is a tensor again if it is float64, int64 or bool; other functions give
arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import _core as ag
from ._core import Tensor

__all__ = ["apply_function", "apply_ufunc"]

_NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating)
_BOOL = ag.tensor(True).dtype
_DTYPES = (np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_))

# Results that are no function of real numbers with a slope, in ufuncs and in functions.
_FLAT_UFUNCS = {
    np.isnan,
    np.isinf,
    np.isfinite,
    np.signbit,
    np.logical_not,
    np.logical_and,
    np.logical_or,
    np.logical_xor,
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
}
_FLAT_FUNCTIONS = {
    np.all,
    np.allclose,
    np.any,
    np.argmax,
    np.argmin,
    np.argsort,
    np.argwhere,
    np.array2string,
    np.array_equal,
    np.array_equiv,
    np.array_repr,
    np.array_str,
    np.count_nonzero,
    np.empty_like,
    np.flatnonzero,
    np.full_like,
    np.isclose,
    np.iscomplexobj,
    np.isrealobj,
    np.may_share_memory,
    np.nonzero,
    np.ones_like,
    np.result_type,
    np.searchsorted,
    np.shares_memory,
    np.zeros_like,
}


# ---- functions that are ops ----------------------------------------------------------------------

# They take NumPy's arguments, and answer NotImplemented for those that the op does not have.


def _where(condition: Any, *choices: Any) -> Any:
    tensors = any(isinstance(choice, Tensor) for choice in choices)
    numbers = all(isinstance(choice, _NUMBERS) for choice in choices)
    if len(choices) != 2 or not (tensors or numbers):
        return np.where(_plain(condition), *choices)  # the tensor chooses: no gradient in that
    # NumPy takes any number as a condition: those but 0 are true.
    if not isinstance(condition, Tensor):
        condition = np.asarray(_plain(condition), dtype=bool)
    elif condition.dtype is not _BOOL:
        condition = condition != 0
    return ag.where(condition, *choices)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **others: Any) -> Any:
    low, high = others.pop("min", a_min), others.pop("max", a_max)
    if out is not None or others or (low is None and high is None):
        return NotImplemented
    return ag.clamp(_tensor(a), low, high)


def _reduction(op: Callable[..., Tensor]) -> Callable[..., Any]:
    def reduce(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        **others: Any,
    ) -> Any:
        if out is not None or others or axis == ():
            return NotImplemented  # NumPy reduces over no dimension then, ops over all
        return op(a, axis, bool(keepdims), dtype=dtype)

    return reduce


def _extreme(op: Callable[..., Tensor]) -> Callable[..., Any]:
    def reduce(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **others: Any
    ) -> Any:
        if out is not None or others or axis == ():
            return NotImplemented
        return op(a, axis, bool(keepdims))

    return reduce


def _count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    return NotImplemented if keepdims or axis == () else ag.count_nonzero(a, axis)


def _spread(op: Callable[..., Tensor]) -> Callable[..., Any]:
    def reduce(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: Any = False,
        **others: Any,
    ) -> Any:
        if out is not None or others or axis == () or dtype not in (None, float, np.float64):
            return NotImplemented
        return op(a, axis, correction=ddof, keepdim=bool(keepdims))

    return reduce


def _concatenate(arrays: Any, axis: Any = 0, out: Any = None, **others: Any) -> Any:
    if out is not None or others:
        return NotImplemented
    parts = [_tensor(part) for part in arrays]
    return ag.cat(parts, axis) if axis is not None else ag.cat([part.ravel() for part in parts])


def _reshape(a: Any, shape: Any = None, order: str = "C", **others: Any) -> Any:
    if order != "C" or others or shape is None:
        return NotImplemented
    return ag.reshape(a, shape)


def _ravel(a: Any, order: str = "C") -> Any:
    return ag.ravel(a) if order == "C" else NotImplemented


def _transpose(a: Any, axes: Any = None) -> Any:
    return a.T if axes is None else ag.permute(a, axes)


def _swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    return ag.swapaxes(a, axis1, axis2)


def _squeeze(a: Any, axis: Any = None) -> Any:
    if axis is None:
        return ag.squeeze(a)
    dims = axis if isinstance(axis, tuple) else (axis,)
    if any(a.size(dim) != 1 for dim in dims):  # squeeze() leaves such a dimension alone
        raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return ag.squeeze(a, dims)


def _expand_dims(a: Any, axis: Any) -> Any:
    return ag.unsqueeze(a, axis) if isinstance(axis, int) else NotImplemented


def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return ag.broadcast_to(array, (shape,) if isinstance(shape, int) else shape)


def _size(a: Any, axis: Any = None) -> Any:
    return a.numel() if axis is None else a.size(axis)


def _shape(a: Any) -> Any:
    return a.shape


def _ndim(a: Any) -> Any:
    return a.ndim


_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.where: _where,
    np.clip: _clip,
    np.sum: _reduction(ag.sum),
    np.mean: _reduction(ag.mean),
    np.max: _extreme(ag.amax),
    np.amax: _extreme(ag.amax),
    np.min: _extreme(ag.amin),
    np.amin: _extreme(ag.amin),
    np.any: _extreme(ag.any),
    np.all: _extreme(ag.all),
    np.count_nonzero: _count_nonzero,
    np.var: _spread(ag.var),
    np.std: _spread(ag.std),
    np.concatenate: _concatenate,
    np.reshape: _reshape,
    np.ravel: _ravel,
    np.transpose: _transpose,
    np.swapaxes: _swapaxes,
    np.squeeze: _squeeze,
    np.expand_dims: _expand_dims,
    np.broadcast_to: _broadcast_to,
    np.size: _size,
    np.shape: _shape,
    np.ndim: _ndim,
}


# ---- arguments -----------------------------------------------------------------------------------


def _tensor(a: Any) -> Tensor:
    return a if isinstance(a, Tensor) else ag.as_tensor(a)


def _plain(argument: Any) -> Any:
    """The argument with arrays in the place of tensors, those in lists and tuples too."""
    if isinstance(argument, Tensor):
        return argument.detach().numpy()
    if type(argument) in (list, tuple):
        return type(argument)(_plain(item) for item in argument)
    return argument


def _loses_gradient(arguments: Iterable[Any]) -> bool:
    """Whether one of them is recorded: then its values must not be taken without a word."""
    return ag.is_grad_enabled() and any(
        argument.requires_grad
        if isinstance(argument, Tensor)
        else type(argument) in (list, tuple) and _loses_gradient(argument)
        for argument in arguments
    )


def _refusal(call: str, name: str) -> TypeError:
    """What to write instead of `call`, of the NumPy function `name`, that would lose a gradient."""
    own = {
        "power": "pow", "float_power": "pow", "fabs": "abs", "copy": "clone", "max": "amax",
        "min": "amin",
    }.get(name, name)  # fmt: skip
    if hasattr(Tensor, own):
        advice = f"Use x.{own}()"
    elif hasattr(ag, own):
        advice = f"Use pyautograd.{own}()"
    else:
        advice = f"There is no {own}() in pyautograd: write it with what there is"
    return TypeError(
        f"numpy.{call} would lose the gradient of a Tensor that requires grad. {advice}, or take "
        "x.detach() where no gradient is wanted."
    )


def _read_only(name: str) -> TypeError:
    return TypeError(f"numpy.{name}() writes its result into arrays. Use x.copy_() for tensors")


# ---- ufuncs --------------------------------------------------------------------------------------


def _is_foreign(operand: Any) -> bool:
    """Whether the operand has rules of its own for ufuncs, which then come first."""
    rule = getattr(type(operand), "__array_ufunc__", None)
    return rule not in (None, np.ndarray.__array_ufunc__) and not isinstance(operand, Tensor)


def _wrapped(result: Any, kind: type[Tensor]) -> Any:
    """A result of a tensor's dtype as a tensor, of the class that results of the operands have."""
    if isinstance(result, tuple):
        return tuple(_wrapped(part, kind) for part in result)
    if not isinstance(result, (np.ndarray, np.generic)) or result.dtype not in _DTYPES:
        return result
    tensor = ag.as_tensor(np.asarray(result))
    return tensor if kind is Tensor else tensor.as_subclass(kind)


def apply_ufunc(ufunc: np.ufunc, method: str, /, *inputs: Any, **kwargs: Any) -> Any:
    """Return what a ufunc makes of tensors: `Tensor.__array_ufunc__`, the slow part of it.

    Example:
        >>> import numpy as np
        >>> import pyautograd as ag
        >>> np.rint(ag.tensor([1.75]))
        tensor([2.])
    """
    out = kwargs.get("out", ())
    if any(isinstance(target, Tensor) for target in out):
        raise _read_only(ufunc.__name__)
    if any(_is_foreign(operand) for operand in (*inputs, *out)):
        return NotImplemented
    lists = [operand for operand in inputs if isinstance(operand, (list, tuple))]
    if lists and method == "__call__" and not kwargs and not _loses_gradient(lists):
        # As arrays they are operands of ops.
        return ufunc(
            *(np.asarray(_plain(o)) if isinstance(o, (list, tuple)) else o for o in inputs)
        )
    if ufunc not in _FLAT_UFUNCS and _loses_gradient(inputs):
        name = ufunc.__name__
        call = name + (f"({', '.join(kw + '=' for kw in kwargs)})" if kwargs else "()")
        if method != "__call__":
            call = name = f"{ufunc.__name__}.{method}"
        raise _refusal(call, name)
    result = getattr(ufunc, method)(*map(_plain, inputs), **kwargs)
    kinds = [type(operand) for operand in inputs if isinstance(operand, Tensor)]
    if out or not kinds:
        return result
    return _wrapped(result, max(kinds, key=lambda kind: len(kind.__mro__)))


# ---- functions -----------------------------------------------------------------------------------


def apply_function(
    function: Callable[..., Any],
    types: Iterable[type],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Return what a NumPy function that is no ufunc makes of tensors: `Tensor.__array_function__`.

    Example:
        >>> import numpy as np
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> np.clip(x, 0.0, 1.5)
        tensor([1.0000, 1.5000], grad_fn=<ClampBackward0>)
    """
    if not all(issubclass(kind, (Tensor, np.ndarray)) for kind in types):
        return NotImplemented
    own = _FUNCTIONS.get(function)
    result = own(*args, **kwargs) if own is not None else NotImplemented
    if result is not NotImplemented:
        return result
    if isinstance(kwargs.get("out"), Tensor):
        raise _read_only(function.__name__)
    if function not in _FLAT_FUNCTIONS and _loses_gradient((*args, *kwargs.values())):
        raise _refusal(f"{function.__name__}()", function.__name__)
    return function(*map(_plain, args), **{name: _plain(arg) for name, arg in kwargs.items()})
