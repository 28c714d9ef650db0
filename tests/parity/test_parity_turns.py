# SPDX-License-Identifier: MIT
"""In which order a backward calls hooks: random graphs with hooks on everything, run with both
libraries, must give the same list of calls."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

torch = pytest.importorskip("torch")


class Recorded:
    """A random graph of one of the libraries, and what its hooks write down."""

    def __init__(self, lib: Any, seed: int) -> None:
        self.lib, self.chance = lib, random.Random(seed)
        # Calls of hooks, those on a leaf's .grad apart: here they come at the end.
        self.calls: list[str] = []
        self.late: list[str] = []
        self.leaves = [
            lib.tensor([[1.0, 2.0], [0.5, -1.0]], dtype=lib.float64, requires_grad=True)
            for _ in range(self.chance.randint(1, 9))
        ]
        self.values = list(self.leaves)
        self.nodes: list[Any] = []
        for k, leaf in enumerate(self.leaves):
            if self.chance.random() < 0.8:
                self.watch_leaf(leaf, f"leaf {k}")
        for k in range(self.chance.randint(2, 14)):
            self.step(k)

    def note(self, text: str, late: bool = False) -> Any:
        calls = self.late if late else self.calls
        return lambda *gradients: calls.append(text)

    def watch_leaf(self, leaf: Any, name: str) -> None:
        leaf.register_hook(self.note(f"{name}: hook"))
        leaf.register_post_accumulate_grad_hook(self.note(f"{name}: accumulated", late=True))
        if self.chance.random() < 0.5:
            node = leaf.view_as(leaf).grad_fn.next_functions[0][0]
            self.nodes.append(node)  # PyTorch forgets the hooks of a node that nobody holds
            node.register_prehook(self.note(f"{name}: node before"))
            node.register_hook(self.note(f"{name}: node after", late=True))

    def note_some(self, text: str) -> Any:
        """Of the results of an op: PyTorch has their hooks called even if nothing uses them."""
        calls = self.calls
        return lambda gradient: None if gradient is None else calls.append(text)

    def watch(self, value: Any, name: str) -> None:
        if value.grad_fn is None or self.chance.random() < 0.3:
            return
        kind = self.chance.randrange(4)
        if kind in (0, 3):
            value.register_hook(self.note_some(f"{name}: hook"))
        if kind in (1, 3):
            value.grad_fn.register_prehook(self.note(f"{name}: node before"))
        if kind in (2, 3):
            value.grad_fn.register_hook(self.note(f"{name}: node after"))

    def pick(self) -> Any:
        # The last ones more often, so that graphs are deep.
        back = min(int(self.chance.expovariate(0.4)), len(self.values) - 1)
        return self.values[-1 - back]

    def add(self, value: Any, name: str) -> None:
        self.watch(value, name)
        self.values.append(value)

    def step(self, k: int) -> None:
        chance = self.chance
        kind = chance.choice("add mul sub exp one cat rows halves view part in_place".split())
        x, y = self.pick(), self.pick()
        if kind in ("add", "mul", "sub"):
            self.add(getattr(x, kind)(y), f"{kind} {k}")
        elif kind == "exp":
            self.add((x * 0.1).exp(), f"exp {k}")
        elif kind == "one":
            self.add(x * 2.0, f"one {k}")
        elif kind == "cat":
            parts = [self.pick() for _ in range(chance.randint(2, 9))]
            whole = self.lib.cat(parts)
            self.watch(whole, f"cat {k}")
            self.add(whole[:2], f"part of cat {k}")
        elif kind in ("rows", "halves"):
            rows = x.unbind(0) if kind == "rows" else x.split(1, 1)
            order = list(enumerate(rows))
            chance.shuffle(order)
            for number, row in order:
                self.watch(row, f"{kind} {k}.{number}")
            if chance.random() < 0.5:
                self.add(rows[0] * rows[1] + x, f"of {kind} {k}")
            else:
                self.add(rows[chance.randrange(2)] * y, f"of one of {kind} {k}")
        elif kind == "view":
            self.add(x.t(), f"view {k}")
        elif kind == "part":
            self.add(x[0] + y, f"part {k}")
        else:
            self.write(x, y, k)

    def write(self, x: Any, y: Any, k: int) -> None:
        target = x * 1.0
        self.watch(target, f"target {k}")
        if self.chance.random() < 0.5:
            target.add_(y)
        else:
            row = target[0]
            row.add_(y[0])
            self.watch(row, f"written row {k}")
        self.add(target, f"written {k}")

    def result(self) -> Any:
        picked = [self.pick() for _ in range(self.chance.randint(1, 3))]
        return [one.sum() for one in picked if one.requires_grad]


def turns(lib: Any, seed: int) -> Any:
    graph = Recorded(lib, seed)
    roots = graph.result()
    chance = random.Random(seed + 1)
    lib.autograd.backward(roots, retain_graph=True)
    some = chance.sample(graph.values, min(3, len(graph.values)))
    graph.calls.append("grad")
    lib.autograd.grad(roots, some, allow_unused=True, retain_graph=True)
    gradients = [leaf.grad.tolist() if leaf.grad is not None else None for leaf in graph.leaves]
    graph.calls.append("some leaves")
    leaves = chance.sample(graph.leaves, min(2, len(graph.leaves)))
    lib.autograd.backward(roots, inputs=leaves, retain_graph=True)
    return graph.calls, graph.late, gradients


@pytest.mark.parametrize("start", range(0, 400, 50))
def test_hooks_are_called_in_pytorchs_order(start: int) -> None:
    for seed in range(start, start + 50):
        ours, theirs = turns(ag, seed), turns(torch, seed)
        assert ours[0] == theirs[0], seed
        assert ours[1] == theirs[1], seed
        for mine, other in zip(ours[2], theirs[2], strict=True):
            assert (mine is None) == (other is None), seed
            assert mine is None or np.allclose(mine, other, 1e-12, 1e-12), seed
