# SPDX-License-Identifier: MIT
"""Where time and memory go: `profile`, which is `pyautograd.profile`, and regions with names in it.

Example:
    >>> import pyautograd as ag
    >>> from pyautograd.autograd import profiler
    >>> with profiler.profile() as p, profiler.record_function("all"):
    ...     y = ag.ones(2).exp().sum()
    >>> [event.name for event in p.events()]
    ['all', 'exp', 'sum']
"""

from __future__ import annotations

from typing import Any

from .._profile import profile, record_function

__all__ = ["profile", "record_function"]


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
