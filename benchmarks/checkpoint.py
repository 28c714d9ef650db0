"""Checkpoints: a recurrence of many steps, whole and in segments that run again."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import numpy as np

from benchmarks import _rivals, _timing
from benchmarks._plan import Options, Table, Timed

STEPS = 1000
TITLE = f"{STEPS} steps h = (h * w + 0.1).tanh() and their backward, in checkpointed segments"
SIZES = (5, 100_000)
# (segments, use_reentrant); no segments: without checkpoints.
WAYS = ((0, False), (10, False), (25, False), (10, True))

SOURCE = """
w.grad = h0.grad = None
h = h0
for _ in range(segments):
    h = checkpoint(segment, h, steps // segments, use_reentrant=use_reentrant)
if segments == 0:
    h = segment(h, steps)
h.sum().backward()
"""


def _loops(
    libraries: _rivals.Libraries, segments: int, use_reentrant: bool, size: int
) -> dict[str, _timing.Loop]:
    loops: dict[str, _timing.Loop] = {}
    for side, library in libraries.modules.items():
        w = library.tensor(np.linspace(0.1, 0.9, size), requires_grad=True)

        def segment(h: Any, n: int, w: Any = w) -> Any:
            for _ in range(n):
                h = (h * w + 0.1).tanh()
            return h

        tools = importlib.import_module(library.__name__ + ".utils.checkpoint")
        names = {
            "w": w,
            # (a reentrant one asks for an input that requires grad)
            "h0": library.tensor(np.zeros(size), requires_grad=use_reentrant),
            "use_reentrant": use_reentrant,
            "segment": segment,
            "segments": segments,
            "steps": STEPS,
            "checkpoint": tools.checkpoint,
        }
        loops[side] = _timing.statement(SOURCE, names)
        loops[side](1)
        if not np.isfinite(w.grad.numpy()).all():
            raise AssertionError(f"{side}: the gradient is not finite")
    return loops


def _name(segments: int, use_reentrant: bool) -> str:
    if segments == 0:
        return "whole"
    return f"{segments} segments" + (", reentrant" if use_reentrant else "")


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Return a table with a row for each way of checkpointing."""
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    timed = Timed(chosen, options)
    steps = [
        timed.step(_name(segments, use_reentrant), size, 1,
                   partial(_loops, chosen, segments, use_reentrant, size))
        for size in options.choose(SIZES, SIZES[:1])
        for segments, use_reentrant in WAYS
    ]  # fmt: skip
    return [Table(TITLE, steps)]
