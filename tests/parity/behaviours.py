# SPDX-License-Identifier: MIT
"""Behaviours: a few lines each, run with either library, of which what comes out must be equal.

A behaviour is a function of the library. What it returns is described in plain values: tensors by
shape, numbers, dtype and whether they require grad, trees by their leaves, exceptions by type and
text. Warnings are part of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from support import without_lines

Behaviour = Callable[..., Any]

# What a text may say of where it is from.
_PREFIXES = ("torch.", "pyautograd.")


# Warnings that come for reasons of PyTorch's own, or once in a process, whoever is first.
_NOT_COMPARED = ("`jit.script`isdeprecated", "create_graph=Truewillcreateareferencecycle")


def plain(text: str) -> str:
    """A text without where it is from and without spaces, which PyTorch leaves out at times."""
    text = without_lines(text).split("(Triggered internally")[0]
    for prefix in _PREFIXES:
        text = text.replace(prefix, "")
    return "".join(text.split())


def described(value: Any) -> Any:
    """A value of either library as one of neither."""
    if hasattr(value, "requires_grad") and hasattr(value, "detach"):
        numbers = np.array(value.detach().numpy(), dtype=float)
        dtype = plain(str(value.dtype))
        return ("tensor", tuple(value.shape), numbers, dtype, bool(value.requires_grad))
    if isinstance(value, Mapping):
        return ("dict", {key: described(one) for key, one in value.items()})
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return (kind, [described(one) for one in value])
    if isinstance(value, (str, type)):
        return plain(str(value))
    return value


def outcome(lib: Any, behaviour: Behaviour) -> Any:
    """What comes of a behaviour, and the warnings that were given."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = described(behaviour(lib))
        except (Exception, GeneratorExit) as error:
            result = ("raises", type(error).__name__, plain(str(error)))
    said = [(w.category.__name__, plain(str(w.message))) for w in caught]
    return result, [one for one in said if not any(text in one[1] for text in _NOT_COMPARED)]


def same(a: Any, b: Any) -> bool:
    """Whether two descriptions are; numbers up to rounding, NaN as NaN."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and np.allclose(a, b, 1e-10, 1e-12, equal_nan=True)
    if isinstance(a, float) and isinstance(b, float):
        return bool(np.isclose(a, b, 1e-10, 1e-12, equal_nan=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def compare(behaviour: Behaviour, here: Any, torch: ModuleType) -> None:
    ours, theirs = outcome(here, behaviour), outcome(torch, behaviour)
    assert same(ours, theirs), f"\nhere:    {ours}\nPyTorch: {theirs}"


class Group:
    """Behaviours by their names, in the order in which they are written."""

    def __init__(self) -> None:
        self.all: dict[str, Behaviour] = {}

    def __call__(self, behaviour: Behaviour) -> Behaviour:
        assert behaviour.__name__ not in self.all, f"{behaviour.__name__} is there twice"
        self.all[behaviour.__name__] = behaviour
        return behaviour

    def add(self, name: str, behaviour: Behaviour) -> None:
        assert name not in self.all, f"{name} is there twice"
        self.all[name] = behaviour
