# SPDX-License-Identifier: MIT
"""What nodes have saved, under PyTorch's names: the same values where both save the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pyautograd as ag
from ops.case import Case, by_id
from ops.cases import DIFFERENTIABLE, MAPS

torch = pytest.importorskip("torch")

# What is saved for their rules here is something else, or nothing.
NOT_KEPT = {"erfinv", "copysign", "i1", "erfcx", "log_ndtr", "sgn", "logsigmoid", "tanhshrink",
            "softsign", "div_rounded"}  # fmt: skip


# In PyTorch a product with a reciprocal, and a quotient.
MADE_OF_OTHERS = {"div-3 / x", "softsign"}


def samples(case: Case, rng: np.random.Generator) -> list[Any]:
    return case.sample(rng) if case.kind == "whole" else case.sample(rng, *[(3,)] * case.arity)


def first(out: Any) -> Any:
    return out[0] if isinstance(out, (tuple, list)) else out


def saved(node: Any) -> dict[str, Any]:
    """What a node tells of what it saved; None for what has another node there."""
    return {name: getattr(node, name) for name in dir(node) if name.startswith("_saved_")}


def both(case: Case, rng: np.random.Generator) -> tuple[Any, Any] | None:
    """The nodes, and the leaves, of both libraries, where they have the same name."""
    arrays = samples(case, rng)
    ours = [ag.tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    try:
        a, b = first(case.call(ag, *ours)).grad_fn, first(case.run_twin(torch, *theirs)).grad_fn
    except (TypeError, AttributeError, RuntimeError):
        return None  # not there in PyTorch, or in another way
    if a is None or b is None or a.name() != b.name() or len(a.next_functions) == 0:
        return None
    return (a, ours), (b, theirs)


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_values_are_the_same(case: Case, rng: np.random.Generator) -> None:
    nodes = both(case, rng)
    if nodes is None:
        return
    (ours, our_leaves), (theirs, their_leaves) = nodes
    there = saved(theirs)
    for name, value in saved(ours).items():
        assert name in there, f"{ours.name()} has {name}, which PyTorch has not"
        wanted = there[name]
        if case.kind != "map" or case.id in MADE_OF_OTHERS:
            continue  # the last of several ops, which need not be the same here and there
        if not hasattr(wanted, "detach"):
            assert value == wanted, name
            continue
        assert_allclose(value.detach().numpy(), wanted.detach().numpy(), rtol=1e-12)
        is_leaf = [
            any(v is x for x in xs) for v, xs in ((value, our_leaves), (wanted, their_leaves))
        ]
        assert is_leaf[0] == is_leaf[1], name
        assert f"_raw{name}" in dir(ours) and f"_raw{name}" in dir(theirs)


def test_elementwise_ops_have_the_names_that_they_have_there(rng: np.random.Generator) -> None:
    """But for numbers that are the same for all (alpha of a sum), and what is not kept here."""
    lacking = {}
    for case in MAPS:
        nodes = both(case, rng)
        if nodes is not None:
            wanted = {k for k, v in saved(nodes[1][0]).items() if hasattr(v, "detach")}
            less = wanted - set(saved(nodes[0][0]))
            if less:
                lacking[case.op] = less
    assert set(lacking) <= NOT_KEPT, lacking
