# SPDX-License-Identifier: MIT
"""What is kept of a graph for its backward: functions that pack saved tensors and unpack them.

Example:
    >>> import pyautograd as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), ag.tensor):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
"""

from __future__ import annotations

from typing import Any

from .._core import Node
from ._saved import disable_saved_tensors_hooks, save_on_cpu, saved_tensors_hooks

__all__ = ["Node", "disable_saved_tensors_hooks", "save_on_cpu", "saved_tensors_hooks"]


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
