"""Distributions: log_prob of values with gradients of the parameters, and draws."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks import _rivals, _timing
from benchmarks._plan import Options, Table, Timed

LIKELIHOODS = "log_prob of values, its sum, and the gradients of the parameters"
DRAWS = "draws, and draws with gradients of the parameters"
SIZES = (100, 10_000)
QUICK_SIZES = (100,)
TOLERANCE = 1e-9
VECTOR = 5  # dimensions of those that are distributions of vectors
COVARIANCE = np.eye(VECTOR) + 0.5

# (class, parameters, range of the values)
LIKELY = (
    ("Normal", (0.5, 2.0), (-3.0, 3.0)),
    ("LogNormal", (0.5, 2.0), (0.1, 3.0)),
    ("Gamma", (1.5, 2.0), (0.1, 3.0)),
    ("Beta", (1.5, 2.0), (0.1, 0.9)),
    ("StudentT", (3.0, 0.5, 2.0), (-3.0, 3.0)),
    ("MultivariateNormal", (np.zeros(VECTOR), COVARIANCE), (-3.0, 3.0)),
)  # fmt: skip
DRAWN = (("Normal", (0.5, 2.0)), ("Gamma", (1.5, 2.0)), ("Beta", (1.5, 2.0)))

LIKELIHOOD = "d.{name}({parameters}).log_prob(x).sum().backward()"
DRAW = "with no_grad():\n    d.{name}({parameters}).sample(shape)"
FOLLOWED = "d.{name}({parameters}).rsample(shape).sum().backward()"
WAYS = (("", DRAW), (", with gradients", FOLLOWED))


def _statement(library: Any, source: str, name: str, parameters: Any, more: Any) -> Any:
    """Return a loop of the source, and the parameters that it finds gradients of."""
    leaves = [library.tensor(np.asarray(p), requires_grad=True) for p in parameters]
    names = {f"p{k}": leaf for k, leaf in enumerate(leaves)}
    text = source.format(name=name, parameters=", ".join(names))
    given = {"d": library.distributions, "no_grad": library.no_grad, **names, **more}
    return _timing.statement(text, given), leaves


def _likelihoods(
    libraries: _rivals.Libraries, case: tuple[str, Any, tuple[float, float]], size: int
) -> dict[str, _timing.Loop]:
    name, parameters, (low, high) = case
    shape = (size, VECTOR) if name.startswith("Multivariate") else (size,)
    x = np.random.default_rng(0).uniform(low, high, shape)
    loops: dict[str, _timing.Loop] = {}
    found: list[list[Any]] = []
    for side, library in libraries.modules.items():
        more = {"x": library.tensor(x)}
        loops[side], leaves = _statement(library, LIKELIHOOD, name, parameters, more)
        loops[side](1)
        found.append([leaf.grad.numpy() for leaf in leaves])
    for other in found[1:]:
        if not all(map(partial(np.allclose, rtol=TOLERANCE), found[0], other)):
            raise AssertionError(f"{name}: the sides have different gradients")
    return loops


def _draws(
    libraries: _rivals.Libraries, case: tuple[str, Any], source: str, size: int
) -> dict[str, _timing.Loop]:
    name, parameters = case
    return {
        side: _statement(library, source, name, parameters, {"shape": (size,)})[0]
        for side, library in libraries.modules.items()
    }


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Return a table of likelihoods and one of draws."""
    chosen = libraries.only(*_rivals.LIKE_TORCH)
    sizes = options.choose(SIZES, QUICK_SIZES)
    timed = Timed(chosen, options, ns_per_element=500.0)
    likelihoods = [
        timed.step(case[0], size, 1, partial(_likelihoods, chosen, case, size))
        for case in (LIKELY[:1] if options.quick else LIKELY)
        for size in sizes
    ]
    draws = [
        timed.step(f"{case[0]}{words}", size, 1, partial(_draws, chosen, case, source, size))
        for case in (DRAWN[:1] if options.quick else DRAWN)
        for words, source in (WAYS[1:] if options.quick else WAYS)
        for size in sizes
    ]
    return [Table(LIKELIHOODS, likelihoods, sized="values"), Table(DRAWS, draws, sized="draws")]
