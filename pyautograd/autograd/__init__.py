# SPDX-License-Identifier: MIT
"""Gradients as functions, beside `Tensor.backward`: `backward` of several tensors at once, and
`grad`, which returns gradients instead of adding them into `.grad`; in `functional` Jacobians,
Hessians and products with them; in `graph` places in the graph, hooks on several of them and on
what is saved; `gradcheck`. The grad modes are here too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast, overload

from .._core import (
    Node,
    Tensor,
    _backward,
    _grad,
    enable_grad,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)

if TYPE_CHECKING:
    from typing import TypeAlias

    from .._inference import inference_mode
    from . import function, functional, graph, profiler
    from ._anomaly import detect_anomaly, set_detect_anomaly
    from ._edges import GradientEdge
    from ._gradcheck import gradcheck, gradgradcheck
    from ._saved import copy_on_write
    from ._threads import set_multithreading_enabled
    from .function import Function

    Ends: TypeAlias = Tensor | GradientEdge | Iterable[Tensor | GradientEdge]

__all__ = [
    "Function",
    "Node",
    "backward",
    "copy_on_write",
    "detect_anomaly",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]


def backward(
    tensors: Ends,
    grad_tensors: Tensor | Iterable[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Tensor | Iterable[Tensor | None] | None = None,
    inputs: Ends | dict[Any, Any] | None = None,
) -> None:
    """Add the gradients of `tensors` into the `.grad` of the leaves that they were made from.

    Args:
        tensors: one tensor, or several that are taken as a sum; or gradient edges in their place.
        grad_tensors: for each of them a gradient of its shape, or None for 1, which tensors of
            one element need no other than.
        retain_graph: keep what the tape saved for another backward; as `create_graph` if None.
        create_graph: record the computation of the gradients, for higher derivatives.
        grad_variables: the old name of `grad_tensors`.
        inputs: the tensors to give a gradient to, leaves or not, instead of all leaves; or gradient
            edges in their place, of which leaves alone get one.

    Raises:
        RuntimeError: a tensor does not require grad, has more than one element and no gradient,
            saved values were freed or written in place, shapes do not agree, or there are more
            gradients than tensors. No `.grad` has changed then.
        TypeError: an argument is of the wrong type.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> ag.autograd.backward([x.sum(), x * x], [None, ag.ones(2)])
        >>> x.grad
        tensor([3., 5.])
    """
    if grad_variables is not None:
        grad_tensors = _old_name(grad_tensors, grad_variables)
    _backward(tensors, grad_tensors, retain_graph, create_graph, inputs)


def _old_name(grad_tensors: Any, grad_variables: Any) -> Any:
    import warnings

    warnings.warn(
        "`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=3
    )
    if grad_tensors is not None:
        raise RuntimeError(
            "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
            "`backward()`. Please only use `grad_tensors`."
        )
    return grad_variables


@overload
def grad(
    outputs: Ends,
    inputs: dict[Any, Any],
    grad_outputs: Tensor | Iterable[Tensor | None] | None = ...,
    retain_graph: bool | None = ...,
    create_graph: bool = ...,
    only_inputs: bool = ...,
    allow_unused: bool | None = ...,
    is_grads_batched: bool = ...,
    materialize_grads: bool = ...,
) -> dict[Any, Tensor]: ...


@overload
def grad(
    outputs: Ends,
    inputs: Ends,
    grad_outputs: Tensor | Iterable[Tensor | None] | None = ...,
    retain_graph: bool | None = ...,
    create_graph: bool = ...,
    only_inputs: bool = ...,
    allow_unused: bool | None = ...,
    is_grads_batched: bool = ...,
    materialize_grads: bool = ...,
) -> tuple[Tensor, ...]: ...


def grad(
    outputs: Ends,
    inputs: Ends | dict[Any, Any],
    grad_outputs: Tensor | Iterable[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...] | dict[Any, Tensor]:
    """Return the gradients of `outputs` with respect to `inputs`; no `.grad` changes.

    Args:
        outputs: one tensor, or several that are taken as a sum; or gradient edges in their place.
        inputs: tensors that require grad, leaves or not, or gradient edges in their place; or a
            dict of them.
        grad_outputs: for each output a gradient of its shape, or None for 1, which outputs of one
            element need no other than.
        retain_graph: keep what the tape saved for another backward; as `create_graph` if None.
        create_graph: record the computation of the gradients, for higher derivatives.
        only_inputs: taken for PyTorch's sake; False is warned of.
        allow_unused: give None for inputs that the outputs do not depend on. By default that is
            an error, unless `materialize_grads`.
        is_grads_batched: each of `grad_outputs` has a first dimension more, of one size B: that
            many gradients, each of which is taken back by itself. The results have that dimension
            too.
        materialize_grads: give zeros instead of None.

    Returns:
        For each input a gradient of its shape; a dict with the same keys for a dict.

    Raises:
        RuntimeError: as `backward`, and where an input was not used.
        TypeError: an argument is of the wrong type.
        IndexError: a batch of gradients is empty.
        ValueError: `materialize_grads` together with `allow_unused=False`; batches of different
            sizes.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor(3.0, requires_grad=True)
        >>> (slope,) = ag.autograd.grad(x * x * x, x, create_graph=True)
        >>> slope.item(), ag.autograd.grad(slope, x)[0].item()
        (27.0, 18.0)
    """
    if type(inputs) is dict:
        found = grad(
            outputs, tuple(inputs.values()), grad_outputs, retain_graph, create_graph,
            only_inputs, allow_unused, is_grads_batched, materialize_grads,
        )  # fmt: skip
        return dict(zip(inputs, found, strict=True))
    if not only_inputs:
        import warnings

        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To "
            "accumulate gradient for other parts of the graph, please use "
            "torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if is_grads_batched:
        from ._batched import grad_of_batch

        return grad_of_batch(
            outputs, cast("Ends", inputs), grad_outputs, retain_graph, create_graph, allow_unused,
            materialize_grads,
        )  # fmt: skip
    return _grad(
        outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads
    )


# Imported when first asked for.
_LATER = {
    "function": ("function", None),
    "Function": ("function", "Function"),
    "copy_on_write": ("_saved", "copy_on_write"),
    "detect_anomaly": ("_anomaly", "detect_anomaly"),
    "functional": ("functional", None),
    "gradcheck": ("_gradcheck", "gradcheck"),
    "graph": ("graph", None),
    "gradgradcheck": ("_gradcheck", "gradgradcheck"),
    "inference_mode": ("._inference", "inference_mode"),
    "profiler": ("profiler", None),
    "set_detect_anomaly": ("_anomaly", "set_detect_anomaly"),
    "set_multithreading_enabled": ("_threads", "set_multithreading_enabled"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        from .._names import no_attribute

        raise no_attribute(__name__, name, __all__)
    import importlib

    module_name, attribute = _LATER[name]
    module = importlib.import_module("." + module_name, __name__)
    found = module if attribute is None else getattr(module, attribute)
    globals()[name] = found
    return found
