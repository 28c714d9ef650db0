# SPDX-License-Identifier: MIT
"""Every op in every form, with operands of every label, as vectors, 0-d tensors and Python numbers
(labels_cases.py): values, dtypes, errors, and what is left of the operands, as in PyTorch."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from labels_cases import Case, Form, forms
from labels_compare import RELATIVE, is_tensor, run
from labels_differences import DIFFERENCES, WORDINGS, Difference, told, worded
from labels_programs import programs

import pyautograd as ag

FORMS = forms()
SHARE = 0.03  # of programs; of calls, of which many are one and the same difference
OF_CALLS = 0.05


@dataclass
class Results:
    """What the cases of a form gave: how many there are, which part and are of no difference, in
    how many each difference is met, and which wordings."""

    cases: int = 0
    faults: list[str] = field(default_factory=list)
    met: Counter[Difference] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)


def compare(case: Case, torch: ModuleType, results: Results) -> None:
    theirs, ours = case.run(torch), case.run(ag)
    results.cases += 1
    parting = theirs.parting(ours)
    wording = None if parting or theirs.same_message(ours) else worded(theirs, ours)
    if not parting and (wording or theirs.same_message(ours)):
        results.words[wording.torch if wording else ""] += 1
        return
    difference = told(case)
    if difference is not None:
        results.met[difference] += 1
        return
    what = parting or "message"
    results.faults.append(f"{what} of {case}\n    torch: {theirs}\n    here:  {ours}")


@functools.cache
def results_of(form: Form, torch: ModuleType) -> Results:
    results = Results()
    for case in form.cases():
        compare(case, torch, results)
    return results


def every(torch: ModuleType) -> list[Results]:
    return [results_of(form, torch) for form in FORMS]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_form(form: Form, torch: ModuleType) -> None:
    results = results_of(form, torch)
    shown = "\n".join(results.faults[:5])
    assert not results.faults, f"{len(results.faults)} of {results.cases} cases part:\n{shown}"


# With vectors so long that their values pend.
TIMES = 2100
ELEMENTWISE = [form for form in FORMS if any(form.vector_cases()) and form.how != "builtin"]


def result_of(case: Case, operands: list[Any], more: dict[str, Any]) -> Any:
    """What the call gives, or the name of its error."""
    try:
        return case.form.call(ag)(*operands, **more)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        return type(error).__name__


def continues(short: Any, long: Any) -> bool:
    """Whether the long vector is the short one again and again, or both are the same error."""
    if isinstance(short, str) or isinstance(long, str):
        return bool(short == long)
    if not is_tensor(short) or short.dim() == 0:
        return True  # a number of all elements, or no tensor at all
    few, many = (np.asarray(x.detach().double()) for x in (short, long))
    same = np.allclose(np.tile(few, TIMES), many, rtol=RELATIVE, atol=0.0, equal_nan=True)
    return bool(same and short.dtype == long.dtype)


@pytest.mark.parametrize("form", ELEMENTWISE, ids=lambda form: form.id)
def test_form_of_long_vectors(form: Form) -> None:
    """Long vectors, whose values pend and are computed in one go, give what short ones give."""
    for case in form.vector_cases():
        (short, more), (long, _) = case.made(ag), case.made(ag, TIMES)
        few, many = result_of(case, short, more), result_of(case, long, more)
        assert continues(few, many), f"{case}: {few}"
        for x, y in zip(short, long, strict=True):
            assert not is_tensor(x) or continues(x, y), f"{case}: {x}"


def test_there_are_cases(torch: ModuleType) -> None:
    assert len({form.id for form in FORMS}) == len(FORMS)
    assert all(results.cases for results in every(torch))
    assert sum(results.cases for results in every(torch)) > 10_000


def test_differences_are_needed(torch: ModuleType) -> None:
    met: Counter[Difference] = sum((results.met for results in every(torch)), Counter())
    for difference in DIFFERENCES:
        if difference.cases is not None:
            assert met[difference], f"no case is of: {difference.reason}"


def test_wordings_are_needed(torch: ModuleType) -> None:
    words: Counter[str] = sum((results.words for results in every(torch)), Counter())
    for program in programs(ag.Tensor):
        theirs, ours = run(torch, program), run(ag, program)
        if theirs.error == ours.error and not theirs.same_message(ours):
            found = worded(theirs, ours)
            words[found.torch if found else ""] += 1
    for wording in WORDINGS:
        assert len(wording.reason) > 20 and words[wording.torch], wording


def test_differences_are_few(torch: ModuleType) -> None:
    """Of calls and of programs, each for themselves."""
    cases = sum(results.cases for results in every(torch))
    parting = sum(sum(results.met.values()) for results in every(torch))
    assert parting < OF_CALLS * cases, f"{parting} of {cases} calls"
    texts = programs(ag.Tensor)
    named = sum(len(d.programs) + len(d.spelled) for d in DIFFERENCES)
    assert named < SHARE * len(texts), f"{named} of {len(texts)} programs"
