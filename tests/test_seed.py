# SPDX-License-Identifier: MIT
"""The first notebook, cell by cell: printed text, results, warnings, errors, gradients.

The cells are data in `pyautograd._session`, where `python -m pyautograd` finds them too. They
run once, in order, in one namespace, as a notebook does; each cell's outcome is then a test.
"""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from pyautograd._session import CELLS, SAMPLE, Cell, Comparison, Outcome, run_cell


class _Run(NamedTuple):
    outcomes: list[Outcome]
    comparisons: list[list[Comparison]]
    namespace: dict[str, Any]


def _run(cells: tuple[Cell, ...]) -> _Run:
    run = _Run([], [], {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np.random, "randn", lambda *shape: np.array(SAMPLE))
        for cell in cells:
            found: list[Comparison] = []
            run.outcomes.append(run_cell(cell, run.namespace, found.append))
            run.comparisons.append(found)
    return run


@pytest.fixture(scope="module")
def ours() -> _Run:
    return _run(CELLS)


@pytest.fixture
def theirs(torch: ModuleType) -> _Run:
    """The same cells with torch, its default dtype being float64."""
    ours_, theirs_ = "import pyautograd as torch", "import torch"
    return _run(tuple(cell._replace(source=cell.source.replace(ours_, theirs_)) for cell in CELLS))


def _check_outcome(cell: Cell, outcome: Outcome) -> None:
    assert outcome.error.startswith(cell.raises) and bool(outcome.error) == bool(cell.raises), (
        f"expected {cell.raises or 'no error'}, got {outcome.error or 'none'}"
    )
    assert outcome.output == cell.output
    assert outcome.result == cell.result
    if cell.warns:
        assert len(outcome.warnings) == 1 and outcome.warnings[0].startswith(cell.warns)
    else:
        assert outcome.warnings == ()


every_cell = pytest.mark.parametrize("number", range(len(CELLS)))


@every_cell
def test_cell(ours: _Run, number: int) -> None:
    _check_outcome(CELLS[number], ours.outcomes[number])


@every_cell
def test_cell_in_torch(theirs: _Run, number: int) -> None:
    # Proves the expectations themselves, and the functions the gradients are checked with.
    _check_outcome(CELLS[number], theirs.outcomes[number])
    assert all(comparison.agrees for comparison in theirs.comparisons[number])


@every_cell
def test_gradients_agree_with_finite_differences(ours: _Run, number: int) -> None:
    comparisons = ours.comparisons[number]
    assert len(comparisons) == len(CELLS[number].checks)
    for comparison in comparisons:
        assert comparison.agrees, comparison


def test_gradients_agree_with_torch(ours: _Run, theirs: _Run) -> None:
    for mine, other in zip(ours.comparisons, theirs.comparisons, strict=True):
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a.gradient, b.gradient, rtol=1e-12, atol=0)


def test_error_texts_are_torchs(ours: _Run, theirs: _Run) -> None:
    for mine, other in zip(ours.outcomes, theirs.outcomes, strict=True):
        assert mine.error.splitlines()[:1] == other.error.splitlines()[:1]


def test_every_check_is_reached() -> None:
    for cell in CELLS:
        lines = {line.strip() for line in cell.source.splitlines()}
        assert all(check.after in lines for check in cell.checks)


def test_failed_statement_is_the_last_of_its_cell(ours: _Run) -> None:
    for cell, outcome in zip(CELLS, ours.outcomes, strict=True):
        if cell.raises:
            assert outcome.failed_statement == cell.source.splitlines()[-1]


def test_flags_after_the_session(ours: _Run) -> None:
    names = ours.namespace
    x, n, m = names["x"], names["n"], names["m"]
    y1, y2, y3 = names["y1"], names["y2"], names["y3"]
    assert (x.is_leaf, n.is_leaf, m.is_leaf, y2.is_leaf) == (True, True, True, True)
    assert (y1.is_leaf, y3.is_leaf) == (False, False)
    assert (x.requires_grad, y1.requires_grad, y2.requires_grad) == (True, True, False)
    assert x.grad_fn is None and y2.grad_fn is None
    assert (y1.grad_fn.name(), y3.grad_fn.name()) == ("PowBackward1", "AddBackward0")
    assert y1.retains_grad and y3.retains_grad and not x.retains_grad
    assert m.grad is None and y2.grad is None


def test_second_backward_leaves_gradients_alone() -> None:
    import pyautograd as torch

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    z = (x * x).sum()
    z.backward()
    before = x.grad.tolist()
    with pytest.raises(RuntimeError, match="a second time"):
        z.backward()
    assert x.grad.tolist() == before


def test_second_backward_is_fine_where_nothing_is_saved() -> None:
    import pyautograd as torch

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    z = (x + 1.0).sum()
    z.backward()
    z.backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_grad_of_non_leaf_warns_once_per_read_and_not_when_kept() -> None:
    import pyautograd as torch

    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None
    y.retain_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert y.grad is None
        (y * 3.0).backward()
        assert y.grad.item() == 3.0
        assert x.grad.item() == 12.0
        assert torch.tensor(1.0).grad is None


def test_warning_made_an_error_is_raised() -> None:
    import pyautograd as torch

    y = torch.tensor(2.0, requires_grad=True) * 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="not a leaf"):
            print(y.grad)
