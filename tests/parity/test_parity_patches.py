# SPDX-License-Identifier: MIT
"""Whole programs over parts of arrays beside torch: values, gradients, second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

Program = Callable[[Any, Any], Any]  # of the library and of x


def heat(lib: Any, u: Any) -> Any:
    for _ in range(5):
        v = u.clone()
        v[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u = v
    return (u * u).sum()


def five_points(lib: Any, u: Any) -> Any:
    for _ in range(3):
        v = u.clone()
        around = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]
        v[1:-1, 1:-1] = u[1:-1, 1:-1] + 0.1 * (around - 4 * u[1:-1, 1:-1])
        u = v
    return (u * u).sum()


def rosenbrock(lib: Any, x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def parts(lib: Any, x: Any) -> Any:
    a, b = x.split([x.shape[0] // 3, x.shape[0] - x.shape[0] // 3])
    first, *_, last = x.chunk(4)
    narrow = x[2:9]
    return (
        (a.sin() * 2).sum()
        + (b[::2] ** 2).sum()
        + (first[1:] * last[0]).sum()
        + (narrow[1] * narrow[-1]).sum()
        + x[-3:].mean()
    )


def edges(lib: Any, u: Any) -> Any:
    v = u.clone()
    v[0] = 2 * u[1]
    v[-1] = 0.0
    v[2:4] *= v[3:5].clone()
    w = v * 1.5
    w[1:-1] += v[2:] * v[:-2]
    return (w[1:] * w[:-1].exp()).sum() + u[0].sum()


def every_second(lib: Any, u: Any) -> Any:
    v = u.clone()
    v[::2] = u[1::2][: v[::2].shape[0]].sum() * u[::2]
    v.t()[1:3] = 3.0
    return (v * u).sum()


CASES: list[tuple[Program, tuple[int, ...]]] = [
    (heat, (12,)),
    (heat, (9000,)),
    (heat, (40, 5)),
    (five_points, (8, 9)),
    (five_points, (100, 90)),
    (five_points, (9, 1000)),
    (rosenbrock, (20,)),
    (rosenbrock, (20000,)),
    (rosenbrock, (2000, 6)),
    (parts, (30,)),
    (parts, (9001,)),
    (parts, (3000, 4)),
    (edges, (30,)),
    (edges, (9001,)),
    (edges, (3000, 4)),
    (edges, (7, 3000)),
    (every_second, (9, 7)),
    (every_second, (100, 100)),
]


def outcome(lib: Any, program: Program, start: Any, turned: bool, order: int) -> list[Any]:
    x = lib.tensor(start, requires_grad=True)
    loss = program(lib, x.t() if turned else x)
    if order == 1:
        loss.backward()
        return [loss.detach().numpy(), x.grad.numpy()]
    (grad,) = lib.autograd.grad(loss, x, create_graph=True)
    (grad * grad.detach().cos()).sum().backward()
    return [grad.detach().numpy(), x.grad.numpy()]


@pytest.mark.parametrize("order", (1, 2))
@pytest.mark.parametrize(("program", "shape"), CASES)
def test_programs(torch: ModuleType, program: Program, shape: tuple[int, ...], order: int) -> None:
    start = np.random.default_rng(sum(shape)).uniform(0.1, 1, shape)
    for turned in (False, True)[: len(shape)]:
        data = np.ascontiguousarray(start.T) if turned else start
        got = outcome(ag, program, data, turned, order)
        expected = outcome(torch, program, data, turned, order)
        for ours, theirs in zip(got, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)
