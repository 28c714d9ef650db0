# SPDX-License-Identifier: MIT
"""Functions of linear algebra with PyTorch beside: values, gradients, second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import pyautograd as ag


def _results(out: Any) -> tuple[Any, ...]:
    return tuple(out) if isinstance(out, tuple) else (out,)


def _assert_near(got: Any, expected: Any, what: str, tolerance: float) -> None:
    a = np.asarray(got.tolist(), float).reshape(tuple(got.shape))
    zeros = getattr(expected, "_is_zerotensor", bool)()  # of torch: a zero without memory
    b = np.asarray(0.0 if zeros else expected.tolist(), float)
    b = np.broadcast_to(b, tuple(expected.shape)) if zeros else b.reshape(tuple(expected.shape))
    assert a.shape == b.shape, f"{what}: {a.shape} and {b.shape}"
    scale = 1.0 + (np.abs(b).max() if b.size else 0.0)
    assert np.all(np.abs(a - b) <= tolerance * scale), f"{what}: {a} and {b}"


def _weighted(lib: Any, tensors: list[Any], rng: np.random.Generator) -> tuple[Any, Any]:
    """Sums of tensors of ours and of theirs with the same random weights."""
    total: list[Any] = [0.0, 0.0]
    for ours, theirs in tensors:
        w = rng.standard_normal(tuple(ours.shape))
        total[0] = total[0] + (ours * ag.tensor(w).reshape(ours.shape)).sum()
        total[1] = total[1] + (theirs * lib.tensor(w)).sum()
    return total[0], total[1]


def compare(
    torch: Any,
    f: Callable[..., Any],
    *arrays: Any,
    second: bool = True,
    tolerance: float = 1e-10,
    seed: int = 0,
) -> None:
    """f(lib, *tensors), a tensor or a tuple of them, is the same for both, and its derivatives."""
    rng = np.random.default_rng(seed)
    ours = [ag.tensor(np.asarray(a, float), requires_grad=True) for a in arrays]
    theirs = [torch.tensor(np.asarray(a, float), requires_grad=True) for a in arrays]
    pairs = list(zip(_results(f(ag, *ours)), _results(f(torch, *theirs)), strict=True))
    for k, (a, b) in enumerate(pairs):
        _assert_near(a.detach(), b.detach(), f"result {k}", tolerance)
    pairs = [(a, b) for a, b in pairs if a.requires_grad]
    if not pairs:
        return
    a, b = _weighted(torch, pairs, rng)
    once = ag.autograd.grad(a, ours, retain_graph=True, allow_unused=True)
    grads = torch.autograd.grad(b, theirs, create_graph=second, allow_unused=True)
    for k, (x, y) in enumerate(zip(once, grads, strict=True)):
        assert (x is None) == (y is None)
        if x is not None:
            _assert_near(x, y.detach(), f"gradient {k}", tolerance)
    if not second:
        return
    again = ag.autograd.grad(a, ours, create_graph=True, allow_unused=True)
    both = [(x, y) for x, y in zip(again, grads, strict=True) if y is not None and y.requires_grad]
    if not both:
        return
    a, b = _weighted(torch, both, rng)
    seconds = ag.autograd.grad(a, ours, allow_unused=True)
    theirs_too = torch.autograd.grad(b, theirs, allow_unused=True)
    for k, (x, y) in enumerate(zip(seconds, theirs_too, strict=True)):
        what = f"second derivative {k}"
        if x is not None and y is not None:
            _assert_near(x, y, what, 100 * tolerance)
        else:  # one of both may know that it is 0
            rest = [g for g in (x, y) if g is not None]
            assert all(not np.any(g.tolist()) for g in rest), f"{what}: {x} and {y}"
