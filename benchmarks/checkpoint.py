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
SEGMENTS = (0, 10, 25)  # 0: without checkpoints

SOURCE = """
w.grad = None
h = h0
for _ in range(segments):
    h = checkpoint(segment, h, steps // segments, use_reentrant=False)
if segments == 0:
    h = segment(h, steps)
h.sum().backward()
"""


def _loops(libraries: _rivals.Libraries, segments: int, size: int) -> dict[str, _timing.Loop]:
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
            "h0": library.tensor(np.zeros(size)),
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


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Return a table with a row for each number of segments."""
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    timed = Timed(chosen, options)
    steps = [
        timed.step(f"{segments} segments" if segments else "whole", size, 1,
                   partial(_loops, chosen, segments, size))
        for size in options.choose(SIZES, SIZES[:1])
        for segments in SEGMENTS
    ]  # fmt: skip
    return [Table(TITLE, steps)]
