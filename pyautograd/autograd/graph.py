# SPDX-License-Identifier: MIT
"""The graph that a backward goes through: its nodes, places in it, and hooks on several of them.

Example:
    >>> import pyautograd as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> edge = ag.autograd.graph.get_gradient_edge(x.exp())
    >>> edge.node.name(), edge.output_nr
    ('ExpBackward0', 0)
"""

from __future__ import annotations

from .._core import Node
from ._edges import GradientEdge, get_gradient_edge, register_multi_grad_hook

__all__ = ["GradientEdge", "Node", "get_gradient_edge", "register_multi_grad_hook"]
