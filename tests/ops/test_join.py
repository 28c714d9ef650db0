# SPDX-License-Identifier: MIT
"""Joined tensors of which the result goes past the caches: parts that begin anywhere in a line."""

from __future__ import annotations

from support import run_python

JOINS = """
import json
import numpy as np
import pyautograd as ag
rng, wrong = np.random.default_rng(0), []
for shapes, dim in (
    (((9001,), (7,), (0,), (20_000,), (1,)), 0),
    (((3, 5000), (4, 5000)), 0),
    (((1, 9001), (1, 8000)), 1),
    (((30, 501), (30, 500)), 1),
):
    arrays = [rng.standard_normal(shape) for shape in shapes]
    tensors = [ag.tensor(a).requires_grad_() for a in arrays]
    z = ag.cat(tensors, dim)
    given = rng.standard_normal(tuple(z.shape))
    z.backward(ag.tensor(given))
    if not np.array_equal(z.detach().numpy(), np.concatenate(arrays, dim)):
        wrong.append(f"{shapes}")
    at = 0
    for t in tensors:
        part = np.take(given, range(at, at + t.shape[dim]), dim)
        at += t.shape[dim]
        if not np.array_equal(t.grad.numpy(), part):
            wrong.append(f"gradient, {shapes}")
strided = ag.arange(40_000.0).view(200, 200).t()
if ag.cat((strided, strided)).tolist() != strided.tolist() * 2:
    wrong.append("strided")
print(json.dumps(wrong))
"""


def test_large_parts_are_joined_past_the_caches() -> None:
    for caches in ("32K,64K,128K", "32K,1M,32M"):
        assert run_python(JOINS, PYAUTOGRAD_CACHES=caches) == []
