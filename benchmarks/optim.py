"""Optimisers: steps of many parameters, of a small one, and of a network with Adam.

The gradients are there already, but for the network's, whose step is forward, backward and the
optimiser's. Each case is the same text on both sides. What a step makes of the parameters is
compared with that of the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks import _rivals, _timing
from benchmarks._plan import Options, Step, Table, Timed

TITLE = "one step of an optimiser"
COUNT = 20  # of parameters in a list
SIZES = (3, 100, 10_000)
QUICK_SIZES = (3,)
TOLERANCE = 1e-9
CHECKED = 3  # steps after which both sides must be at the same place

OPTIMISERS = (
    "SGD(params)",
    "SGD(params, fused=True)",
    "SGD(params, momentum=0.9)",
    "Adam(params)",
    "Adam(params, fused=True)",
    "AdamW(params, amsgrad=True)",
    "Adamax(params)",
    "NAdam(params)",
    "RMSprop(params)",
    "RMSprop(params, centered=True, momentum=0.9)",
    "Adagrad(params)",
    "Adadelta(params)",
)
NETWORK = """\
optimizer.zero_grad()
loss = loss_fn(model(x), labels)
loss.backward()
optimizer.step()
"""
WIDTHS = (784, 128, 10)
BATCH = 64


@dataclass(frozen=True)
class Stepped:
    """What a loop steps: its parameters, and the loop."""

    params: list[Any]
    loop: _timing.Loop


def _values(*shapes: tuple[int, ...]) -> list[Any]:
    generator = np.random.default_rng(0)
    return [generator.normal(size=shape) for shape in shapes]


def _listed(library: Any, source: str, count: int, size: int) -> Stepped:
    """Return the steps of a list of parameters whose gradients stay what they are."""
    values = _values(*[(size,)] * (2 * count))
    params = [library.tensor(value, requires_grad=True) for value in values[:count]]
    for p, value in zip(params, values[count:], strict=True):
        p.grad = library.tensor(value)
    optimizer = eval(f"optim.{source}", {"optim": library.optim, "params": params})
    return Stepped(params, _timing.statement("optimizer.step()", {"optimizer": optimizer}))


def _network(library: Any) -> Stepped:
    """Return the steps of a network of two layers, trained by Adam."""
    nn, double = library.nn, {"dtype": library.float64}
    first, second = (nn.Linear(a, b, **double) for a, b in pairwise(WIDTHS))
    model = nn.Sequential(first, nn.Tanh(), second)
    params = list(model.parameters())
    with library.no_grad():
        for p, value in zip(params, _values(*(tuple(p.shape) for p in params)), strict=True):
            p.copy_(library.tensor(value * 0.05))
    (x,) = _values((BATCH, WIDTHS[0]))
    names = {
        "model": model,
        "optimizer": library.optim.Adam(params),
        "loss_fn": nn.CrossEntropyLoss(),
        "x": library.tensor(x),
        "labels": library.tensor(np.arange(BATCH) % WIDTHS[-1]),
    }
    return Stepped(params, _timing.statement(NETWORK, names))


def _checked(sides: dict[str, Stepped], case: str) -> dict[str, _timing.Loop]:
    """Return the loops, which lead to the same place."""
    for stepped in sides.values():
        stepped.loop(CHECKED)
    (wanted, *others) = sides.values()
    for stepped in others:
        for p, q in zip(wanted.params, stepped.params, strict=True):
            a, b = p.detach().numpy(), q.detach().numpy()
            if not np.allclose(a, b, TOLERANCE, TOLERANCE):
                raise AssertionError(f"{case}: the sides are at different places")
    return {side: stepped.loop for side, stepped in sides.items()}


def _lists(
    libraries: _rivals.Libraries, source: str, count: int, size: int
) -> dict[str, _timing.Loop]:
    sides = {
        side: _listed(library, source, count, size) for side, library in libraries.modules.items()
    }
    return _checked(sides, source)


def _networks(libraries: _rivals.Libraries) -> dict[str, _timing.Loop]:
    sides = {side: _network(library) for side, library in libraries.modules.items()}
    return _checked(sides, "network")


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Return a table of lists of parameters, and one of single parameters and of a network."""
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    timed = Timed(chosen, options, ns_per_element=200.0)
    sizes = options.choose(SIZES, QUICK_SIZES)
    sources = OPTIMISERS[3:4] if options.quick else OPTIMISERS

    def steps(count: int, some: tuple[int, ...]) -> list[Step]:
        return [
            timed.step(source, size, 1, partial(_lists, chosen, source, count, size))
            for source in sources
            for size in some
        ]

    name = "-".join(map(str, WIDTHS)) + f", batch {BATCH}, with Adam"
    weights = sum(a * b for a, b in pairwise(WIDTHS))
    network = timed.step(name, weights, 1, partial(_networks, chosen))
    return [
        Table(f"{TITLE}, {COUNT} parameters", steps(COUNT, sizes), sized="elements"),
        Table(f"{TITLE}, 1 parameter", steps(1, sizes[:1]), sized="elements"),
        Table("zero_grad, forward, backward and step of a network", [network], sized="weights"),
    ]
