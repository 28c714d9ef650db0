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

from typing import Any

from .._core import Node
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
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
