# SPDX-License-Identifier: MIT
"""Functions with a backward of one's own: subclasses of `Function`, called by `apply`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._core import (
    FunctionCtx,
    Tensor,
    _FunctionBase,
    _set_function_defaults,
    is_grad_enabled,
    no_grad,
)

__all__ = ["Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "once_differentiable"]


class FunctionMeta(type):
    """The class of Function classes: gives each a class of contexts, its nodes of the tape.

    Example:
        >>> from pyautograd.autograd import Function
        >>> class Cube(Function):
        ...     pass
        >>> Cube._backward_cls.__name__
        'CubeBackward'
    """

    _backward_cls: type[FunctionCtx]

    def __init__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> None:
        cls._backward_cls = type(name + "Backward", (FunctionCtx,), {"_forward_cls": cls})
        super().__init__(name, bases, attributes)


class Function(_FunctionBase, metaclass=FunctionMeta):
    """A function whose gradient is computed by what its subclass says.

    A subclass has two static methods. `forward(ctx, *args)` computes the result, or a tuple of
    results, from tensors and anything else; nothing in it is recorded. `backward(ctx, *grads)`
    gets a gradient for each result (zeros where none came) and returns one for each argument of
    forward, None for those that need none. Instead of taking `ctx`, forward may leave that to a
    third method, `setup_context(ctx, inputs, output)`. `vjp` is another name for backward.

    `MyFunction.apply(*args)` calls it.

    Raises:
        NotImplementedError: from apply(), there is no forward; from a backward, no backward.
        RuntimeError: from a backward, the number or the shapes of the gradients do not fit; from
            apply(), an input that was written in place is not returned.

    Example:
        >>> import pyautograd as ag
        >>> class Cube(ag.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x * x * x
        ...
        ...     @staticmethod
        ...     def backward(ctx, grad):
        ...         (x,) = ctx.saved_tensors
        ...         return grad * 3 * x * x
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> y = Cube.apply(x)
        >>> y.sum().backward()
        >>> x.grad
        tensor([ 3., 12.])
    """

    generate_vmap_rule = False
    """Whether a rule for `vmap` may be made from the methods that are there."""

    clear_saved_tensors_on_access = False
    """Whether saved tensors go as soon as backward has asked for them."""

    boxed_grads_call = False
    """Whether backward gets its gradients as one list, from which it may take them away."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        import warnings

        warnings.warn(
            f"{self.__class__} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the results: `forward(ctx, *args)`, or `forward(*args)` with `setup_context`."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keep in `ctx` what backward needs, of the arguments and of what forward returned."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Turn the gradients of the results into those of the arguments."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """Turn tangents of the arguments into those of the results: for forward mode."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with "
            "forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """Compute a batch at once: for `vmap`."""
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod "
            "or set generate_vmap_rule=True."
        )


class InplaceFunction(Function):
    """A Function under an old name of PyTorch's."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


def _bound_arguments(function: type[Function], /, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """All arguments of a forward by their places, defaults too."""
    forward = function.forward
    code = getattr(forward, "__code__", None)
    has_places_alone = (
        code is not None
        and not kwargs
        and len(args) == code.co_argcount
        and code.co_kwonlyargcount == 0
    )
    if has_places_alone:
        return args
    import inspect

    bound = inspect.signature(forward).bind(*args, **kwargs)
    bound.apply_defaults()
    if bound.kwargs:
        raise TypeError(
            f"{function.__name__}.apply(): forward takes keyword-only arguments "
            f"({', '.join(bound.kwargs)}), which have no places for gradients"
        )
    return bound.args


_set_function_defaults(Function.setup_context, Function.backward, Function.vjp, _bound_arguments)


class _RefuseTwice(Function):
    """Passes tensors on; the gradient of that is an error."""

    @staticmethod
    def forward(ctx: Any, *tensors: Any) -> Any:
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a backward that does not record what it does: its gradient is an error.

    Returns:
        The backward, which runs with grad mode off.

    Raises:
        RuntimeError: from a backward through the marked one's results.

    Example:
        >>> import pyautograd as ag
        >>> class Twice(ag.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         return 2 * x
        ...
        ...     @staticmethod
        ...     @ag.autograd.function.once_differentiable
        ...     def backward(ctx, grad):
        ...         return ag.from_numpy(2 * grad.numpy())
        >>> x = ag.ones(2, requires_grad=True)
        >>> Twice.apply(x).sum().backward()
        >>> x.grad
        tensor([2., 2.])
    """

    @functools.wraps(backward)
    def wrapper(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with no_grad():
            outputs = backward(ctx, *args, **kwargs)
        if not is_grad_enabled() or not any(
            isinstance(arg, Tensor) and arg.requires_grad for arg in args
        ):
            return outputs
        several = outputs if isinstance(outputs, tuple) else (outputs,)
        refused = _RefuseTwice.apply(
            *(one if one is None else one.detach().requires_grad_() for one in several)
        )
        return refused if len(refused) > 1 else refused[0]

    return wrapper
