# SPDX-License-Identifier: MIT
"""The op table and all that hangs on it: cases, stubs, functions, methods, documentation."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import _stubs
import pytest
from header import op_rows

import pyautograd as ag
from ops.case import by_id
from ops.cases import CASES, INTEGER, MASK, TRUTHS

HERE = Path(__file__).parent
INCLUDE = HERE.parent / "csrc" / "include"
STUB = Path(ag.__file__).parent / "_core.pyi"

# Ops that no user calls by name: writes through views, indexing, and their derivatives.
INTERNAL = {
    "div_rounded",
    "div_rounded_int",
    "gelu_tanh",
    "pinv_within",
    "hardtanh_int",
    "threshold_int",
    "remainder_int",
    "index",
    "scatter_extreme",
    "fmod_int",
    "select",
    "slice",
    "as_strided",
    "slice_scatter",
    "strided_scatter",
    "linear_scan",
    "shift",
    "strided_gather_vjp",
    "fill",
    "copy",
    "bce_term",
    "bce_logits_term",
    "triplet_term",
    "class_loss",
    "class_loss_vjp",
    "class_entropy",
    "class_entropy_vjp",
    "embedding_vjp",
    "standardize",
    "product_add",
    "sparse_matmul",
    "standardize_vjp",
    "standardize_affine",
    "standardize_affine_vjp",
    "standardize_channels",
    "softmax_rows",
    "softmax_rows_vjp",
    "p_norm",
    "max_dim",
    "min_dim",
    "cholesky_factor",
    "cholesky_factor_vjp",
    "lu_pack",
    "lu_rows",
    "lu_pivots",
    "factor_info",
    "triangle_solve",
    "lu_apply",
    "lu_inverse",
    "lu_sign",
    "lu_logdet",
    "lu_det",
    "ldl_pack",
    "ldl_info",
    "ldl_plan",
    "ldl_turn",
    "ldl_apply",
    "adjugate",
    "adjugate_slope",
    "banded_solve",
    "band_of_product",
    "band_times",
    "eigh_pack",
    "eigh_pack_vjp",
    "eigh_values",
    "eig_pack",
    "eig_values",
    "svd_pack",
    "svd_pack_vjp",
    "svd_values",
    "qr_pack",
    "lstsq_solution",
    "take_along",
    "put_along",
    "median_dim",
    "nanmedian_dim",
    "prod_others",
    "zeta_slope",
    "igamma_slope",
    "gamma_log_draw",
    "betainc_slope",
    "i_over_power",
    "j_over_power",
    "draw_uniform",
    "draw_normal",
    "draw_log_normal",
    "draw_exponential",
    "draw_cauchy",
    "draw_geometric",
    "draw_random",
    "draw_bernoulli",
    "draw_bernoulli_by",
    "alpha_dropped",
}


def table() -> list[dict[str, Any]]:
    """The op table as the library itself has it."""
    return [dict(row) for row in ag._core._op_table()]


NAMES = [row["name"] for row in table()]
# So are the inner ops that rules are written in.
PUBLIC = [row["name"] for row in table() if row["name"] not in INTERNAL and row["kind"] != "inner"]


def test_is_what_the_file_says() -> None:
    if not INCLUDE.exists():
        pytest.skip("not a checkout: csrc/ is not here")
    assert [name for name, _, _ in op_rows(INCLUDE)] == NAMES


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_every_op_has_a_case_and_every_case_an_op() -> None:
    """But for inner ops that are not derived: fused forms of a rule, which test_grad.py holds
    against the rule, and those that test_div_floor.py and test_integer.py call by their number,
    and the adjugate, what bands need and gradients of factors and spectra, of which
    test_linalg.py takes derivatives, and products
    with sparse matrices, of which test_sparse.py does, and draws of gamma numbers, of which
    test_gamma_draws.py does."""
    with_case = {case.op for case in CASES}
    inner = {row["name"] for row in table() if row["kind"] == "inner" and row["grad"] != "rule"}
    inner |= {"div_rounded_int", "remainder_int", "fmod_int", "hardtanh_int", "threshold_int"}
    inner |= {"adjugate", "adjugate_slope", "band_of_product", "band_times", "sparse_matmul"}
    inner |= {"ldl_plan", "ldl_turn", "gamma_log_draw", "gamma_draw_slope"}
    inner |= {"cholesky_factor_vjp", "eigh_pack_vjp", "svd_pack_vjp"}
    assert set(NAMES) - with_case == inner, "ops without a case in tests/ops/cases.py"
    assert with_case - set(NAMES) == set(), "cases of ops that are not in ops.def"


def test_case_ids_are_unique() -> None:
    ids = [case.id for case in CASES]
    assert sorted({i for i in ids if ids.count(i) > 1}) == []


@pytest.mark.parametrize("row", table(), ids=lambda row: row["name"])
def test_row(row: dict[str, Any]) -> None:
    assert row["grad"] in ("rule", "zero_grad", "no_grad", "parts")
    most = 5 if row["grad"] == "parts" else 3
    assert 1 <= row["arity"] <= most or (row["kind"], row["arity"]) == ("join", 0)
    assert row["label"] and row["doc"]
    if row["grad"] == "no_grad" and row["kind"] not in ("mask", "inner"):
        assert row["name"] in INTERNAL | {case.op for case in (*MASK, *INTEGER, *TRUTHS)}


@pytest.mark.parametrize("case", [*MASK, *INTEGER, *TRUTHS], ids=by_id)
def test_masks_have_no_gradient(case: Any) -> None:
    (row,) = [row for row in table() if row["name"] == case.op]
    assert row["grad"] == "no_grad"


@pytest.mark.parametrize("name", PUBLIC)
def test_is_reachable_and_documented(name: str) -> None:
    method = getattr(ag.Tensor, name, None)
    function = getattr(ag, name, None)
    modules = [getattr(one, name, None) for one in (ag.nn.functional, ag.special, ag.linalg)]
    assert any(found is not None for found in (method, function, *modules))
    for found in (method, function, *modules):
        if found is not None:
            assert found.__doc__ and len(found.__doc__) > 20, f"{name} has no docstring"


@pytest.mark.parametrize("name", PUBLIC)
def test_is_in_the_stubs(name: str) -> None:
    text = STUB.read_text() + "".join(path.read_text() for path in _stubs.MODULES.values())
    assert re.search(rf"^\s*(def {name}\(|{name}\b)", text, re.MULTILINE), name


def test_the_stubs_are_made_anew() -> None:
    """What is generated in them is what this library generates: `make stubs` was run."""
    text = STUB.read_text(encoding="utf-8")
    assert _stubs.generate(text) == text
    text = _stubs.PACKAGE.read_text(encoding="utf-8")
    assert _stubs.generate_names(text) == text
    for home, path in _stubs.MODULES.items():
        assert _stubs.generate_module(home) == path.read_text(encoding="utf-8")


def test_the_stubs_have_all_operators() -> None:
    """Which are written by hand there. Of the rest Python says the types itself."""
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    (tensor,) = [node for node in tree.body if getattr(node, "name", "") == "Tensor"]
    assert isinstance(tensor, ast.ClassDef)
    named = {node.name for node in tensor.body if isinstance(node, ast.FunctionDef)}
    slots = {name for name in vars(ag.Tensor) if re.fullmatch(r"__\w+__", name)}
    assert slots - named == {
        "__array_priority__", "__delitem__", "__doc__", "__module__", "__reduce_ex__", "__repr__",
        "__str__",
    }  # fmt: skip
    assert {"__matmul__", "__rmatmul__", "__ipow__", "__contains__"} <= named & slots


def test_the_stubs_have_docstrings() -> None:
    """So that editors show them: all that has one here has it there, without the examples."""
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    (tensor,) = [node for node in tree.body if getattr(node, "name", "") == "Tensor"]
    assert isinstance(tensor, ast.ClassDef)
    for body, owner in ((tree.body, ag._core), (tensor.body, ag.Tensor)):
        found = {n.name: n for n in reversed(body) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        names = [name for name in found if not name.startswith("_") and hasattr(owner, name)]
        assert len(names) > 90
        for name in names:
            doc = (ast.get_docstring(found[name]) or "").split()
            whole = (inspect.getdoc(getattr(owner, name)) or "").split()
            assert doc and doc == whole[: len(doc)] and ">>>" not in doc, name


def test_the_tool_says_whether_it_was_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "_core.pyi"
    other.write_text(STUB.read_text(encoding="utf-8").replace("Bytes of one element:", "Bites:"))
    monkeypatch.setattr(_stubs, "STUB", other)
    assert _stubs.main(["--check"]) == 1 and "Bites:" in other.read_text()
    assert _stubs.main([]) == 0 and other.read_text() == STUB.read_text(encoding="utf-8")
    assert _stubs.main(["--check"]) == 0
