# SPDX-License-Identifier: MIT
"""A call of calls_random.py in both libraries: what it gives, the first derivatives and the
second. What may differ, and why, is in calls_differences.py."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from calls_random import DRAWN, Call

import pyautograd as ag
from support import Array

RELATIVE = 1e-9
TERMS = 10.0  # of which gradients are sums, that may cancel


@dataclass
class Given:
    """What a call gave: its results, errors of each stage, and gradients."""

    error: Exception | None = None
    shape_of: str = ""  # of what kind the result is
    results: list[Any] = field(default_factory=list)
    written: list[Any] = field(default_factory=list)
    first_error: Exception | None = None
    first: list[Any] = field(default_factory=list)
    second_error: Exception | None = None
    second: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Parting:
    """In what they differ, and how it reads."""

    stage: str
    theirs: str
    ours: str

    def __str__(self) -> str:
        return f"{self.stage}\n    torch: {self.theirs}\n    here:  {self.ours}"


def is_tensor(x: Any) -> bool:
    return hasattr(x, "requires_grad_")


def flat(value: Any) -> tuple[str, list[Any]]:
    """How a result is put together, and its tensors and numbers."""
    if is_tensor(value):
        return "T", [value]
    if isinstance(value, list | tuple):
        parts = [flat(x) for x in value]
        return "(" + "".join(p[0] for p in parts) + ")", [x for p in parts for x in p[1]]
    return type(value).__name__, [value]


def told(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"


def _weights(k: int, shape: Any) -> Array:
    return np.random.default_rng(k).uniform(0.5, 1.5, tuple(shape))


def _derivatives(lib: Any, name: str, given: Given, leaves: list[Any]) -> None:
    outs = [x for x in given.results if is_tensor(x) and x.requires_grad]
    if not outs or not leaves:
        return
    if name == "pdist" and leaves[0].numel() == 0:  # PyTorch dies of that
        return
    cotangents = [lib.tensor(_weights(k, x.shape)) for k, x in enumerate(outs)]
    how = {"create_graph": True, "allow_unused": True}
    try:
        given.first = list(lib.autograd.grad(outs, leaves, cotangents, **how))
    except Exception as error:
        given.first_error = error
        return
    known = [(k, g) for k, g in enumerate(given.first) if g is not None and g.requires_grad]
    if not known:
        return
    cotangents = [lib.tensor(_weights(k + 9, g.shape)) for k, g in known]
    try:
        again = [g for _, g in known]
        found = lib.autograd.grad(again, leaves, cotangents, allow_unused=True)
        given.second = list(found)
    except Exception as error:
        given.second_error = error


def give(lib: Any, call: Call) -> Given:
    given = Given()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            value, operands = call.run(lib)
        except Exception as error:
            given.error = error
            return given
        given.shape_of, given.results = flat(value)
        given.written = [x for x in operands if not x.requires_grad]
        leaves = [x for x in operands if x.requires_grad and x.is_leaf]
        if call.name not in DRAWN:
            _derivatives(lib, call.name, given, leaves)
    return given


# ---- comparison ----------------------------------------------------------------------------------


def values(x: Any) -> Array:
    return np.asarray(x.detach().double().numpy(force=True), dtype=np.float64)


def near(a: Array, b: Array, relative: float = RELATIVE, scale: float = 1.0) -> bool:
    """NaN as NaN, infinities as these, and numbers to 1e-9 of what is largest there."""
    if a.shape != b.shape:
        return False
    with np.errstate(all="ignore"):
        finite = np.abs(b[np.isfinite(b)])
        finite = finite[finite < 1e100]
        most = float(finite.max()) if finite.size else 0.0
        close = np.abs(a - b) <= relative * np.abs(b) + 1e-13 * max(most, scale)
    same = (a == b) | (np.isnan(a) & np.isnan(b)) | (close & np.isfinite(a) & np.isfinite(b))
    return bool(same.all())


def near_zero(a: Array) -> bool:
    return bool((np.abs(np.nan_to_num(a)) < 1e-12).all())


def better(a: Array, b: Array) -> bool:
    """Equal but for what is NaN in PyTorch: rules here take 0 times anything for 0."""
    if a.shape != b.shape:
        return False
    known = ~np.isnan(b)
    return near(np.where(known, a, 0.0), np.where(known, b, 0.0))


def seen(x: Any) -> str:
    if not is_tensor(x):
        return repr(x)
    flags = f"{str(x.dtype).rpartition('.')[2]}{tuple(x.shape)}{', grad' * x.requires_grad}"
    return f"{flags} {np.array2string(values(x), separator=', ')[:400]}".replace("\n", "")


# Where elements are equal, PyTorch says of some of them that it is the one; which, is not told.
UNORDERED = {
    "topk",
    "kthvalue",
    "median",
    "nanmedian",
    "median_dim",
    "nanmedian_dim",
    "put",
    "sort",
}
UNORDERED |= {"argsort", "index_put", "index_put_", "index_copy", "scatter", "min", "max"}
UNORDERED |= {"quantile", "nanquantile"}


def outcome(given: Given) -> str:
    return told(given.error) if given.error else "; ".join(map(seen, given.results))


def _of_results(call: Call, theirs: Given, ours: Given) -> Parting | None:
    if theirs.shape_of != ours.shape_of:
        return Parting("structure", theirs.shape_of, ours.shape_of)
    pairs = list(zip(theirs.results, ours.results, strict=True))
    pairs += zip(theirs.written, ours.written, strict=False)
    if call.name in UNORDERED and call.has_ties:
        pairs = pairs[:1] if len(theirs.results) > 1 else []
    for a, b in pairs:
        if not is_tensor(a):
            if a != b and not (a != a and b != b):
                return Parting("value", repr(a), repr(b))
            continue
        for what in ("dtype", "shape", "requires_grad"):
            x, y = (str(getattr(t, what)).rpartition(".")[2] for t in (a, b))
            if x.replace("torch", "pyautograd") != y:
                return Parting(what, seen(a), seen(b))
        if call.name not in DRAWN and not near(values(b), values(a)):
            return Parting("values", seen(a), seen(b))
    return None


def _of_gradients(stage: str, theirs: list[Any], ours: list[Any]) -> Parting | None:
    if not theirs or not ours:
        kept = [g for g in (theirs or ours) if g is not None and not near_zero(values(g))]
        if not kept or (theirs is not ours and all(np.isnan(values(g)).all() for g in kept)):
            return None
        show = [seen(g) for g in kept]
        return Parting(stage, str(show if theirs else None), str(show if ours else None))
    for a, b in zip(theirs, ours, strict=True):
        if a is None or b is None:
            other = b if a is None else a
            if other is not None and not near_zero(values(other)):
                return Parting(stage, seen(a), seen(b))
        elif not near(values(b), values(a), scale=TERMS) and not better(values(b), values(a)):
            return Parting(stage, seen(a), seen(b))
    return None


def parting(call: Call, torch: Any) -> Parting | None:
    """In what the call differs, without a look at what is told in calls_differences.py."""
    theirs, ours = give(torch, call), give(ag, call)
    if theirs.error or ours.error:
        if type(theirs.error) is type(ours.error):
            return None
        return Parting("error", *map(outcome, (theirs, ours)))
    found = _of_results(call, theirs, ours)
    if found is not None or call.name in DRAWN or (call.name in UNORDERED and call.has_ties):
        return found
    if theirs.first_error or ours.first_error:
        if theirs.first_error:  # PyTorch has no derivative, or fails in it
            return None
        assert ours.first_error is not None
        shown = str([seen(g) for g in theirs.first])
        return Parting("first derivative", shown, told(ours.first_error))
    found = _of_gradients("first derivative", theirs.first, ours.first)
    if found is not None or theirs.second_error:
        return found
    if ours.second_error:
        shown = str([seen(g) for g in theirs.second])
        return Parting("second derivative", shown, told(ours.second_error))
    return _of_gradients("second derivative", theirs.second, ours.second)
