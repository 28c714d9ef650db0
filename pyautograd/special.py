# SPDX-License-Identifier: MIT
"""Special functions, named and called as those of `torch.special`.

All are native, and made of rows of the op table as everything else is: `special.pyi`, which
`make stubs` writes, says what they take. Those that the package has, too, are the same functions.

Example:
    >>> import pyautograd as ag
    >>> ag.special.expit(ag.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
"""

from __future__ import annotations

from typing import Any

from . import _core

_FUNCTIONS = _core._functions_of("special")
globals().update(_FUNCTIONS)
__all__ = sorted(_FUNCTIONS)  # noqa: PLE0605 - a list of all there are


def __getattr__(name: str) -> Any:
    from ._names import no_attribute

    raise no_attribute(__name__, name, __all__)
