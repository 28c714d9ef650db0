# SPDX-License-Identifier: MIT
"""Small programs about dtypes (labels_programs.py), run by both libraries: values, dtypes, printed
forms, errors, and what is left of every tensor that the program has a name for."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest
from labels_cases import GAMMA, INDEXED, MATRICES, OWN, PARTING, SHAPED, forms
from labels_compare import Outcome, run
from labels_differences import DIFFERENCES, SPELLED, Difference, is_spelled, named, worded
from labels_programs import programs

import pyautograd as ag

PROGRAMS = programs(ag.Tensor)


def both(program: str, torch: ModuleType) -> tuple[Outcome, Outcome]:
    """What PyTorch gives, with the names that it has for what is meant, and this library."""
    return run(torch, program, SPELLED if is_spelled(program) else None), run(ag, program)


def told(program: str, theirs: Outcome, ours: Outcome) -> str:
    return f"{program}\n    torch: {theirs}\n    here:  {ours}"


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 330 and len(set(PROGRAMS)) == len(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS)
def test_program(program: str, torch: ModuleType) -> None:
    theirs, ours = both(program, torch)
    difference, here = named(program)
    if difference is not None:
        shown = f"{ours.error}: {ours.message}" if ours.error else ours.shown
        assert re.match(here, shown), told(program, theirs, ours)
        return
    parting = theirs.parting(ours)
    assert not parting, f"{parting} of {told(program, theirs, ours)}"
    assert theirs.same_message(ours) or worded(theirs, ours), told(program, theirs, ours)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda d: d.reason[:60])
def test_differences_are_needed(difference: Difference, torch: ModuleType) -> None:
    assert difference.programs or difference.spelled or difference.cases is not None
    assert len(difference.reason) > 20
    for program in (*difference.programs, *difference.spelled):
        assert program in PROGRAMS, program
        theirs, ours = run(torch, program), run(ag, program)
        assert theirs.parting(ours), f"no difference: {program}"


def test_the_default_dtype_stays(torch: ModuleType) -> None:
    before = torch.get_default_dtype()
    for program in PROGRAMS:
        if "default_dtype" in program:
            run(torch, program)
    assert torch.get_default_dtype() is before


# ---- what is covered -----------------------------------------------------------------------------

# What dtypes have nothing to do with: memory, threads, printing, generators, graphs and hooks.
ELSEWHERE = set(
    "Generator Size __version__ autograd capi default_generator empty_cache enable_grad explain "
    "get_num_threads get_printoptions is_anomaly_check_nan_enabled is_anomaly_enabled "
    "is_grad_enabled set_anomaly_enabled manual_seed max_memory_allocated "
    "memory_allocated memory_cached memory_stats no_grad register_hook "
    "register_post_accumulate_grad_hook reset_peak_memory_stats return_types "
    "set_cache_limit set_grad_enabled set_num_threads set_printoptions show_config testing".split()
)
ELSEWHERE |= (
    OWN
    | GAMMA
    | INDEXED
    | MATRICES
    | SHAPED
    | PARTING
    | set(
        "as_subclass data_ptr detach_ grad_fn ndimension nelement output_nr retains_grad stride "
        "size itemsize is_leaf backward broadcast_shapes nn H mH storage_offset "
        "get_rng_state set_rng_state initial_seed seed random save load celu_ "
        "selu_ threshold_".split()
    )
)


# Modules, and forms in place and contractions, which test_parity_products.py and
# test_parity_special.py have.
ELSEWHERE |= set(
    """distributions func graph linalg optim optimize profile special utils einsum tensordot
    chain_matmul addmm_ addmv_ addr_ addbmm_ baddbmm_ mvlgamma_ polygamma_ inference_mode
    is_inference is_inference_mode_enabled""".split()
)


def spoken_of() -> set[str]:
    """Every name of an attribute in the programs, and of what is called with operands."""
    words = {word for program in PROGRAMS for word in re.findall(r"\.(\w+)", program)}
    return words | {form.name for form in forms()}


@pytest.mark.parametrize("owner", [ag, ag.Tensor], ids=["functions", "methods"])
def test_every_name_is_covered(owner: Any) -> None:
    names = ag.__all__ if owner is ag else [n for n in dir(owner) if not n.startswith("_")]
    names = [n for n in names if owner is ag or hasattr(ag.ones(1, 1), n)]  # others say what to do
    written = {f"{name}_" for name in INDEXED}
    assert sorted(set(names) - spoken_of() - ELSEWHERE - written) == []
