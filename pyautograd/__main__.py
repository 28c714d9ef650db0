# SPDX-License-Identifier: MIT
"""`python -m pyautograd`: a first notebook, run here and now.

Says what it is, runs a session of small cells on fresh random numbers and shows it as a notebook
would, errors and warnings included. Every gradient that comes out is held against finite
differences. Then come the versions, the CPU level and threads in use, and, where PyTorch is
installed, the time that both take for the same two graphs. The exit status is 1 if a gradient does
not agree or a cell does not end as it should, else 0.
"""

from __future__ import annotations

import argparse
import itertools
import platform
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

import pyautograd

from ._session import CELLS, Cell, Comparison, Outcome, run_cell

TORCH_VERSION = "2.13.0"

_HEADLINE = """\
automatic differentiation of float64 arrays, with PyTorch's names.
What follows is a first session, run here and now on fresh random numbers. After each gradient come
finite differences of the same function, to check it."""

_SIZES = (5, 1000)
_ROUNDS = 25
_ROUND_SECONDS = 0.002


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all and return the exit status.

    Example:
        $ python -m pyautograd
        $ python -m pyautograd --no-torch
    """
    parser = argparse.ArgumentParser(
        prog="python -m pyautograd",
        description="Run a first session, check its gradients, show the set-up and the speed.",
    )
    parser.add_argument(
        "--no-torch", action="store_true", help="leave out the comparison with PyTorch"
    )
    version = f"pyautograd {pyautograd.__version__}"
    parser.add_argument("--version", action="version", version=version)
    options = parser.parse_args(arguments)
    print(f"{version}: {_HEADLINE}\n")
    failures = _show_session(CELLS)
    _show_setup()
    if not options.no_torch:
        _show_torch()
    return 1 if failures else 0


def _show_session(cells: Sequence[Cell]) -> int:
    """Run and print the cells; return how many gradients or cells were not as they should be."""
    namespace: dict[str, Any] = {}
    checked = disagreeing = surprises = 0
    for number, cell in enumerate(cells, 1):
        comparisons: list[Comparison] = []
        outcome = run_cell(cell, namespace, comparisons.append)
        _show_cell(number, cell, outcome)
        for comparison in comparisons:
            _show_comparison(comparison)
        print()
        checked += len(comparisons)
        disagreeing += sum(not comparison.agrees for comparison in comparisons)
        # A gradient that was never reached is as bad as a wrong one.
        if not _as_announced(cell, outcome) or len(comparisons) != len(cell.checks):
            surprises += 1
            print(f"  !! this cell should {_announcement(cell)}\n")
    verdict = "all agree" if not disagreeing else f"{disagreeing} DO NOT AGREE"
    print(f"{checked} gradients checked against finite differences: {verdict}.")
    if surprises:
        print(f"{surprises} of {len(cells)} cells DID NOT END AS THEY SHOULD.")
    return disagreeing + surprises


def _show_cell(number: int, cell: Cell, outcome: Outcome) -> None:
    label = f"In [{number}]: "
    print(label + textwrap.indent(cell.source.rstrip(), " " * len(label)).lstrip())
    for text in outcome.warnings:
        print("\n" + _wrapped(text))
    if outcome.output:
        print("\n" + outcome.output, end="")
    if outcome.result:
        print(f"\nOut[{number}]: {outcome.result}")
    if outcome.error:
        first = outcome.failed_statement.splitlines()[0]
        print(f"\n----> {first}\n{_wrapped(outcome.error)}")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 96, break_long_words=False, break_on_hyphens=False)


def _show_comparison(comparison: Comparison) -> None:
    check = comparison.check
    verdict = "agree" if comparison.agrees else "DISAGREE"
    print(f"\n  check: {check.variable}.grad is the gradient of {check.formula}")
    print(f"    gradient            {_numbers(comparison.gradient)}")
    print(f"    finite differences  {_numbers(comparison.difference)}")
    print(f"    they {verdict}: largest error {comparison.error:.1e}")


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{value:.8f}" for value in values.ravel())


def _as_announced(cell: Cell, outcome: Outcome) -> bool:
    ended_right = outcome.error.startswith(cell.raises) if cell.raises else not outcome.error
    if cell.warns:
        return ended_right and any(text.startswith(cell.warns) for text in outcome.warnings)
    return ended_right and not outcome.warnings


def _announcement(cell: Cell) -> str:
    if cell.raises:
        return f"raise {cell.raises}"
    if cell.warns:
        return f"warn {cell.warns}"
    return f"run through and give {len(cell.checks)} gradients"


def _show_setup() -> None:
    print(
        f"\npyautograd {pyautograd.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    print(pyautograd.show_config().rstrip())


class _Graph(NamedTuple):
    name: str
    run: Callable[[Any, Any], None]  # of two leaves that require gradients


def _mean_graph(x: Any, y: Any) -> None:
    (x + y).mean().backward()


def _sin_exp_graph(x: Any, y: Any) -> None:
    z = (x * y + x).sin() * (-x * x).exp()
    (z * z).sum().backward()


_GRAPHS = (
    _Graph("(x + y).mean().backward()", _mean_graph),
    _Graph("sin-exp graph", _sin_exp_graph),
)


def _show_torch() -> None:
    print()
    try:
        import torch
    except ImportError as exc:
        print(f"PyTorch is not here to compare with ({exc}). To see the two side by side:")
        print(f"    pip install torch=={TORCH_VERSION}")
        return
    before = pyautograd.get_num_threads(), torch.get_num_threads()
    pyautograd.set_num_threads(1)
    torch.set_num_threads(1)
    try:
        print(f"Beside PyTorch {torch.__version__}, float64, one thread each: median time of a run")
        print(f"in {_ROUNDS} interleaved rounds. The sin-exp graph is")
        print("    z = (x * y + x).sin() * (-x * x).exp(); (z * z).sum().backward()\n")
        print(f"{'':26}{'elements':>9}{'pyautograd':>13}{'PyTorch':>13}{'ratio':>9}")
        for graph, size in itertools.product(_GRAPHS, _SIZES):
            ours, theirs = _time_side_by_side(graph, size, (pyautograd, torch))
            print(
                f"{graph.name:26}{size:>9}{ours * 1e6:>10.2f} us{theirs * 1e6:>10.2f} us"
                f"{theirs / ours:>8.1f}x"
            )
    finally:
        pyautograd.set_num_threads(before[0])
        torch.set_num_threads(before[1])


def _time_side_by_side(
    graph: _Graph, size: int, libraries: Sequence[ModuleType | Any]
) -> list[float]:
    """Return the median seconds of one run of the graph in each library, taking turns."""
    values = np.random.randn(size)
    tasks = []
    for library in libraries:
        x = library.from_numpy(values.copy()).requires_grad_(True)
        y = library.from_numpy(values[::-1].copy()).requires_grad_(True)
        repeats = 1
        while _seconds(graph, x, y, repeats) < _ROUND_SECONDS:
            repeats *= 2
        tasks.append((x, y, repeats))
    times: list[list[float]] = [[] for _ in tasks]
    for _ in range(_ROUNDS):
        for (x, y, repeats), record in zip(tasks, times, strict=True):
            record.append(_seconds(graph, x, y, repeats) / repeats)
    return [float(np.median(record)) for record in times]


def _seconds(graph: _Graph, x: Any, y: Any, repeats: int) -> float:
    run = graph.run
    start = time.perf_counter()
    for _ in itertools.repeat(None, repeats):
        x.grad = y.grad = None
        run(x, y)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
