# SPDX-License-Identifier: MIT
"""Functions of networks, named and called as those of `torch.nn.functional`: activations, losses,
normalisations, distances.

All are native, and made of rows of the op table as everything else is: `functional.pyi`, which
`make stubs` writes, says what they take.

Example:
    >>> import pyautograd as ag
    >>> import pyautograd.nn.functional as F
    >>> F.relu(ag.tensor([-1.0, 2.0]))
    tensor([0., 2.])
"""

from __future__ import annotations

from typing import Any

from .. import _core

_FUNCTIONS = _core._functional()
globals().update(_FUNCTIONS)

__all__ = sorted(_FUNCTIONS)  # noqa: PLE0605 - a list of all there are


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
