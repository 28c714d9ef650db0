# SPDX-License-Identifier: MIT
"""The older kind of checkpoint, `use_reentrant=True`: a function whose backward runs forward again,
recorded, and a backward through that inside its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from .._core import Tensor, _backward_is_whole, enable_grad, no_grad
from ..autograd import backward
from ..autograd.function import Function
from ..random import fork_rng, get_rng_state, set_rng_state

__all__ = ["CheckpointFunction"]


class CheckpointFunction(Function):
    """Runs a function without recording; its backward records and differentiates it."""

    @staticmethod
    def forward(ctx: Any, run_function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        if not any(one.requires_grad for one in args if isinstance(one, Tensor)):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=4
            )
        ctx.run_function = run_function
        ctx.state = get_rng_state() if preserve else None
        ctx.others = [None if isinstance(one, Tensor) else one for one in args]
        ctx.places = [k for k, one in enumerate(args) if isinstance(one, Tensor)]
        ctx.save_for_backward(*(args[k] for k in ctx.places))
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        if not _backward_is_whole():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        inputs = list(ctx.others)
        for place, saved in zip(ctx.places, ctx.saved_tensors, strict=True):
            inputs[place] = saved.detach().requires_grad_(saved.requires_grad)
        with fork_rng(enabled=ctx.state is not None), enable_grad():
            if ctx.state is not None:
                set_rng_state(ctx.state)
            outputs = ctx.run_function(*inputs)
        if isinstance(outputs, Tensor):
            outputs = (outputs,)
        pairs = [
            (out, gradient)
            for out, gradient in zip(outputs, gradients, strict=True)
            if isinstance(out, Tensor) and out.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([out for out, _ in pairs], [gradient for _, gradient in pairs])
        found = [one.grad if isinstance(one, Tensor) else None for one in inputs]
        return (None, None, *found)
