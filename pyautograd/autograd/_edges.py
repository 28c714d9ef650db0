# SPDX-License-Identifier: MIT
"""Places in the graph: gradient edges, which roots and inputs of a backward may be, and hooks that
wait for the gradients of several tensors."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Literal, NamedTuple

from .._core import (
    Node,
    Tensor,
    _backward_numbers,
    _edge_of,
    _hook_is_due,
    _node_edge,
    _node_of,
    _RemovableHandle,
    _set_edge_type,
)

__all__ = ["GradientEdge", "get_gradient_edge", "register_multi_grad_hook"]


class _Edge(NamedTuple):
    node: Node
    output_nr: int
    ownership_token: Node | None = None


class GradientEdge(_Edge):
    """A place in the graph where a tensor's gradient arrives: its node, and which result of the
    node's op the tensor is.

    `autograd.grad` and `backward` take it in the place of the tensor, which need not live any more.
    What `get_gradient_edge` gives knows the tensor's shape, too. One that is made of a node knows
    the shape of the tensor whose `grad_fn` that was; else it can be an input alone.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> edge = ag.autograd.graph.get_gradient_edge(x * 3)
        >>> edge.node.name(), edge.output_nr
        ('MulBackward0', 0)
        >>> ag.autograd.grad(edge, x, ag.ones(2))
        (tensor([3., 3.]),)
    """

    # Of one of several results, whose shape its node does not know.
    _tensor: Tensor | None = None

    def _stand_in(self, as_root: bool) -> Tensor:
        """What stands for the tensor in a backward."""
        if self._tensor is not None:
            return self._tensor
        return _node_edge(self.node, self.output_nr, as_root)

    def __repr__(self) -> str:
        return f"GradientEdge{super().__repr__().removeprefix(type(self).__name__)}"


_set_edge_type(GradientEdge)


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Return the place in the graph where the gradient of a tensor arrives.

    `grad(loss, get_gradient_edge(x))` is `grad(loss, x)`. The edge keeps the graph that leads to
    the tensor, but not the tensor's numbers.

    Raises:
        RuntimeError: the tensor does not require grad.
        TypeError: it is none.

    Example:
        >>> import pyautograd as ag
        >>> first, second = ag.ones(2, requires_grad=True).unbind()
        >>> ag.autograd.graph.get_gradient_edge(second).output_nr
        1
    """
    stand_in = _edge_of(tensor)
    edge = GradientEdge(_node_of(tensor), tensor.output_nr)
    edge._tensor = stand_in
    return edge


class _Handles:
    """The handle of a hook on several tensors."""

    def __init__(self, handles: tuple[_RemovableHandle, ...]) -> None:
        self.handles = handles

    def remove(self) -> None:
        """Remove the hook. Once more does nothing."""
        for handle in self.handles:
            handle.remove()

    def __enter__(self) -> _Handles:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()


class _States(threading.local):
    """What a hook knows of each backward of a thread that has called it, by the backward's number.
    One that has failed leaves what it has, until the thread's next one comes."""

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}

    def present(self, make: Callable[[], Any]) -> Any:
        """That of the backward that is on, made by `make` at its first call."""
        numbers = _backward_numbers()
        if numbers[0] not in self._known:
            self._known = {key: known for key, known in self._known.items() if key in numbers}
            self._known[numbers[0]] = make()
        return self._known[numbers[0]]

    def forget(self) -> None:
        del self._known[_backward_numbers()[0]]


class _Collected:
    """The gradients that have come in a backward, and of how many more tensors they will."""

    def __init__(self, handles: list[_RemovableHandle | None]) -> None:
        self.left = sum(map(_hook_is_due, filter(None, handles)))
        self.gradients: list[Tensor | None] = [None] * len(handles)


def _register(
    tensors: Sequence[Tensor],
    hooks: Sequence[Callable[..., None]],
    handles: list[_RemovableHandle | None],
) -> _Handles:
    """Register a hook on each tensor, or on none; their handles go into the list, too."""
    handles.extend([None] * len(tensors))
    try:
        for index, tensor in enumerate(tensors):
            handles[index] = tensor.register_hook(hooks[index])
        return _Handles(tuple(filter(None, handles)))
    except BaseException:
        for handle in filter(None, handles):
            handle.remove()
        raise


def _when_all(tensors: Sequence[Tensor], fn: Callable[[list[Tensor | None]], Any]) -> _Handles:
    for tensor in tensors:
        if not tensor.requires_grad:
            raise AssertionError("Expected gradient function to be set")
    states = _States()
    handles: list[_RemovableHandle | None] = []

    def note(index: int, gradient: Tensor | None) -> None:
        state = states.present(lambda: _Collected(handles))
        state.gradients[index] = gradient
        state.left -= 1
        if state.left == 0:
            states.forget()
            fn(state.gradients)

    hooks = [functools.partial(note, index) for index in range(len(tensors))]
    return _register(tensors, hooks, handles)


def _at_first(tensors: Sequence[Tensor], fn: Callable[[Tensor | None], Any]) -> _Handles:
    states = _States()

    @functools.wraps(fn)
    def note(gradient: Tensor | None) -> None:
        called: list[bool] = states.present(list)
        if not called:
            called.append(True)
            fn(gradient)

    some = [tensor for tensor in tensors if tensor.requires_grad]
    return _register(some, [note] * len(some), [])


def register_multi_grad_hook(
    tensors: Sequence[Tensor],
    fn: Callable[[list[Tensor | None]], Any] | Callable[[Tensor | None], Any],
    *,
    mode: Literal["all", "any"] = "all",
) -> _Handles:
    """Have each backward call a function when it has the gradients of several tensors.

    Tensors that a backward does not come by are not waited for, nor those that have no part in the
    gradients that it was asked for. What the function returns is ignored, and it should not change
    its argument. Several threads may be in a backward at once: each is a case of its own, and so is
    a backward inside of another.

    Args:
        tensors: tensors that require grad, as they are now: writes in place make other ones.
        fn: in mode "all" called once in a backward, with a list of a gradient for each tensor, None
            for those that have none; in mode "any" with the gradient that comes first.
        mode: "all" or "any".

    Returns:
        A handle, whose remove() removes the hook; it does so at the end of a `with` block, too.

    Raises:
        ValueError: the mode is another one.
        AssertionError: a tensor does not require grad, and mode is "all". In mode "any" those are
            left out.

    Example:
        >>> import pyautograd as ag
        >>> x, y = ag.ones(2, requires_grad=True), ag.ones(2, requires_grad=True)
        >>> handle = ag.autograd.graph.register_multi_grad_hook((x, y), print)
        >>> (x * y * 3).sum().backward()
        [tensor([3., 3.]), tensor([3., 3.])]
        >>> (x * 2).sum().backward()
        [tensor([2., 2.]), None]
    """
    supported_modes = ("all", "any")
    if mode not in supported_modes:
        raise ValueError(f"Expects mode to be one of {supported_modes} but got {mode}")
    register: Callable[..., _Handles] = _when_all if mode == "all" else _at_first
    return register(tensors, fn)
