# SPDX-License-Identifier: MIT
"""Programs of a line or a few that say what somebody may write who comes from PyTorch: containers
and modules, optimisers and schedulers, linear algebra of nothing. What comes out is equal, also
printed forms, names and texts of errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from behaviours import compare

import pyautograd as ag

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


MODULES = """
repr(nn.Sequential(nn.ReLU(), nn.Tanh()) * 2)
repr(3 * nn.Sequential(nn.ReLU()))
s = nn.Sequential(nn.ReLU(), nn.Tanh()); s *= 2; repr(s)
a = nn.Linear(1, 1); s = nn.Sequential(a) * 2; [n for n, _ in s.named_parameters()]
d = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()}); repr(d.pop("a")), repr(d)
d = nn.ModuleDict({"a": nn.ReLU()}); d.pop("b")
d = nn.ModuleDict({"a": nn.ReLU()}); d.clear(), len(d), repr(d)
nn.ParameterList([m.ones(2)])(1)
nn.Hardtanh(2, 1)
nn.Hardtanh(1.0, 1.0)
nn.Linear(2, 3).load_state_dict({"weight": [1], "bias": m.zeros(3)})
x = nn.Module(); x.register_buffer("b", m.ones(2)); x.get_buffer("b")
s = nn.Sequential(nn.Linear(1, 1)); s.get_buffer("0.x")
s = nn.Sequential(nn.Linear(1, 1)); s.get_buffer("0.weight")
repr(nn.RReLU()), repr(nn.RReLU(0.25, 0.5, inplace=True)), nn.RReLU().eval()(T([-1.0, 2.0]))
nn.RReLU(0.25, 0.25)(T([-1.0, 2.0]))
repr(nn.MultiLabelSoftMarginLoss()), nn.MultiLabelSoftMarginLoss()(m.ones(2, 2), m.ones(2, 2))
f = nn.MultiLabelSoftMarginLoss(T([1.0, 3.0]), reduction="sum"); f(m.ones(2), m.ones(2))
""".strip().splitlines()

OPTIMISERS = """
s = LR.ReduceLROnPlateau(O.SGD([m.ones(1)], 1.0), "max"); s.mode_worse, sorted(s.state_dict())
g = {"params": [m.ones(1)], "initial_accumulator_value": 3.0}; O.Adagrad([g]).state_dict()
""".strip().splitlines()

LINALG = """
L.matrix_norm(m.empty(0, 0)), L.matrix_norm(m.empty(0, 0), 2)
L.matrix_norm(m.empty(3, 0, 2), "nuc")
L.matrix_norm(m.empty(2, 0), 1, keepdim=True), L.matrix_norm(m.empty(0, 2), float("inf"))
L.cond(m.empty(0, 0)), L.cond(m.empty(3, 0, 0), 1), L.cond(m.empty(0, 2, 2)), L.cond(m.empty(2, 0))
L.matrix_norm(m.empty(0, 0), -2)
L.vector_norm(m.empty(0), -1)
L.vector_norm(m.empty(0, 2), float("-inf"))
L.solve_ex(m.zeros(2, 2), m.ones(2), check_errors=True)
L.inv_ex(m.zeros(2, 2), check_errors=True)
L.lu_factor_ex(m.zeros(2, 2), check_errors=True)
L.solve(T([[float("nan"), 1.0], [1.0, 2.0]]), m.ones(2))
L.solve(T([[[1.0, 1.0], [1.0, 2.0]], [[float("nan"), 1.0], [1.0, 2.0]]]), m.ones(2, 1))
""".strip().splitlines()


@pytest.mark.parametrize("text", [*MODULES, *OPTIMISERS, *LINALG])
def test_programs(text: str) -> None:
    def program(m: ModuleType) -> Any:
        names = {"m": m, "nn": m.nn, "T": m.tensor, "L": m.linalg}
        names |= {"O": m.optim, "LR": m.optim.lr_scheduler}
        *statements, last = text.split("; ")
        for statement in statements:
            exec(statement, names)
        try:
            return eval(last, names)
        except m.linalg.LinAlgError as error:  # whose own name begins with a "_" in PyTorch
            return f"LinAlgError: {error}"
        except RuntimeError as error:  # the comparison would take it for an outcome
            if "needs LAPACK" in str(error) and os.environ.get("PYAUTOGRAD_BLAS") == "none":
                pytest.skip(str(error))
            raise

    compare(program, ag, torch)
