# SPDX-License-Identifier: MIT
"""The graph that a backward goes through: its nodes, places in it, hooks on several of them, and
functions that pack what is saved in it and unpack that again.

Example:
    >>> import pyautograd as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), ag.tensor):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    >>> edge = ag.autograd.graph.get_gradient_edge(x.exp())
    >>> edge.node.name(), edge.output_nr
    ('ExpBackward0', 0)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._core import Node, Tensor, _bump_version
from ._edges import GradientEdge, get_gradient_edge, register_multi_grad_hook
from ._saved import (
    allow_mutation_on_saved_tensors,
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Say that the numbers of a tensor, or of several, were written by others than this library.

    What saved them for a backward then refuses to use them. It is done already by all that writes
    in place here, and by `mark_dirty` in a Function.

    Args:
        tensor: a tensor, or several. Those made in `inference_mode` have no version.

    Raises:
        RuntimeError: `tensor` is neither.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.ones(2, requires_grad=True)
        >>> c = ag.ones(2)
        >>> y = x * c
        >>> c.numpy()[0] = 5.0
        >>> ag.autograd.graph.increment_version(c)
        >>> y.sum().backward()
        Traceback (most recent call last):
        RuntimeError: one of the variables needed for gradient computation has been modified...
    """
    if isinstance(tensor, Tensor):
        tensor = (tensor,)
    elif not isinstance(tensor, Iterable):
        raise RuntimeError("increment_version expect a Iterable[Tensor] as input")
    tensors = list(tensor)
    if not all(isinstance(one, Tensor) for one in tensors):
        raise RuntimeError("increment_version expects each element of the iterable to be a tensor")
    for one in tensors:
        if not one.is_inference():
            _bump_version(one)


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
