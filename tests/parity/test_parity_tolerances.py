# SPDX-License-Identifier: MIT
"""Linear algebra beside PyTorch: all ways to say which singular values count as 0, all condition
numbers, and texts of errors of linear algebra, norms and losses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
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


# One matrix with singular values of about 4.7, 2.4 and 0.06, and a batch of it and its double.
A = [[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 1e-3]]
NAMES = "a b t tb F L I".split()

TOLERANCES = """
L.pinv(a, 0.1)
L.pinv(a, t)
L.pinv(b, tb)
L.pinv(a, rcond=0.1)
L.pinv(a, rcond=t)
L.pinv(a, 0.1, True)
L.pinv(a, t, hermitian=True)
L.pinv(b, tb, True)
L.pinv(a, atol=0.1)
L.pinv(a, atol=t)
L.pinv(b, atol=tb)
L.pinv(b, atol=tb, rtol=tb)
L.pinv(b, rtol=tb, hermitian=True)
L.pinv(b, atol=tb * 0)
L.pinv(b, atol=m.tensor([[0.1, 1.0], [2.0, 3.0]]))
L.pinv(b, atol=m.tensor([[0.1], [2.0]]), rtol=m.tensor(0.3))
L.pinv(a, atol=m.tensor([0.1, 3.0]))
L.pinv(a, atol=m.tensor(3))
L.pinv(a, atol=m.tensor(True))
L.pinv(a, atol=m.tensor(float("nan"))).shape
L.pinv(a[:2], rtol=m.tensor([0.1, 0.6]))
L.pinv(a, atol=-1.0), L.pinv(a * 0, atol=-1.0)
L.pinv(m.zeros(2, 0, 3), rtol=tb), L.pinv(m.zeros(0, 2, 3), 0.1)
out = m.empty(3, 3); L.pinv(a, 0.1, out=out) is out, out
L.matrix_rank(a, 0.1)
L.matrix_rank(a, t)
L.matrix_rank(b, tb)
L.matrix_rank(b, tol=1.0)
L.matrix_rank(a, 0.1, True)
L.matrix_rank(b, tb, hermitian=True)
L.matrix_rank(b, atol=tb), L.matrix_rank(b, rtol=tb), L.matrix_rank(b, atol=tb, rtol=tb)
L.matrix_rank(b, atol=tb, rtol=tb, hermitian=True)
L.matrix_rank(b, atol=0.1, rtol=0.1, hermitian=True)
L.matrix_rank(a, m.tensor(1)), L.matrix_rank(a, m.tensor(True))
L.matrix_rank(a, atol=-1.0), L.matrix_rank(a * 0, -1.0), L.matrix_rank(a * 0, tol=0.0)
L.matrix_rank(m.zeros(0, 3), 0.1), L.matrix_rank(m.zeros(2, 3, 0), rtol=tb)
out = m.empty(2, dtype=I); L.matrix_rank(b, tb, out=out) is out, out
L.pinv(m.ones(2, 3), 0.1, True)
L.pinv(m.ones(2, 3), t, True)
L.pinv(m.ones(3), t)
L.matrix_rank(m.ones(3), t)
L.matrix_rank(m.ones(3, 3, dtype=I), t)
L.svd(a, driver=None)[1], L.svdvals(a, driver=None), L.svd(a, False, driver=None)[1]
L.svd(a, driver="gesvd")
L.svdvals(a, driver="nonsense")
m.svd(a, compute_uv=False)[0].tolist()
""".strip().splitlines()

CONDITION = """
L.cond(a), L.cond(a, None), L.cond(a, 2), L.cond(a, -2), L.cond(a, p=2.0), L.cond(a[:2])
L.cond(b, 1), L.cond(b, -1), L.cond(b, float("inf")), L.cond(b, -float("inf"))
L.cond(b, "fro"), L.cond(b, p="nuc"), L.cond(a, True)
L.cond(m.ones(2, 2)), L.cond(m.ones(2, 2), 1), L.cond(m.ones(2, 2), "fro")
L.cond(m.ones(2, 2), "nuc"), L.cond(m.ones(2, 2), float("-inf"))
L.cond(m.zeros(0, 0)), L.cond(m.zeros(2, 0, 0), "fro"), L.cond(m.zeros(0, 0), 1)
L.cond(a, 3)
L.cond(a, 1.5)
L.cond(a, "x")
L.cond(m.ones(2, 3), 3)
L.cond(m.ones(2, 3), 1)
L.cond(m.ones(2, 3), "fro")
L.cond(m.ones(2, 3), float("inf"))
L.cond(m.ones(3), 3)
L.cond(m.ones(3, 3, dtype=I))
L.cond(m.ones(3, 3, dtype=I), 1)
""".strip().splitlines()

TEXTS = """
L.eigh(a, "X")
L.eigh(a, UPLO="")
L.eigvalsh(a, "X")
L.lstsq(a, a, driver="x")
L.lstsq(a, m.ones(3, 3, dtype=I))
L.qr(a, mode="x")
L.qr(a, "Reduced")
F.layer_norm(a, (4,))
F.layer_norm(a, (2, 3))
F.layer_norm(a, (2, 3, 3))
F.layer_norm(m.tensor(1.0), (1,))
F.layer_norm(a, ())
F.layer_norm(a, [3], m.ones(4))
F.layer_norm(a, [3], None, m.ones(4))
F.rms_norm(a, (4,))
F.rms_norm(a, (2, 4))
F.rms_norm(a, (2, 3, 3))
F.rms_norm(a, [3], m.ones(4))
F.group_norm(a, 2)
F.group_norm(m.ones(3), 1)
F.group_norm(a, 3, m.ones(4))
F.cross_entropy(a, m.tensor([0.0, 1.0, 2.0]))
F.cross_entropy(a, m.tensor([True, False, True]))
F.cross_entropy(a, m.ones(3, 3, dtype=I))
F.cross_entropy(a, m.ones(3, 2))
F.cross_entropy(a, m.ones(3, 2, dtype=I))
F.cross_entropy(a, m.tensor([0, 1]))
F.cross_entropy(a, m.tensor([0, 1, 3]))
F.cross_entropy(a, m.tensor([0, 1, -1]))
F.cross_entropy(m.ones(3), m.tensor(1.0))
F.cross_entropy(m.ones(2, 3, 4), m.ones(2, 3, dtype=I))
F.cross_entropy(m.ones(2, 3, 4, 5), m.ones(2, 4, dtype=I))
F.nll_loss(a, m.tensor([0.0, 1.0, 2.0]))
F.nll_loss(a, m.tensor([True, False, True]))
F.nll_loss(a, m.ones(3, 2, dtype=I))
F.nll_loss(m.ones(3), m.ones(1, 1, dtype=I))
F.nll_loss(m.ones(2, 3, 4), m.ones(2, dtype=I))
F.nll_loss(m.ones(2, 3, 4), m.ones(2, 3, 4, dtype=I))
F.nll_loss(m.ones(2, 3, 4, 5), m.ones(2, 4, dtype=I))
F.nll_loss(m.ones(2, 3, 4, 5), m.ones(2, 4, 5, 1, dtype=I))
F.nll_loss(m.ones(2, 3, 4, 5, 2), m.ones(2, 4, 5, dtype=I))
F.nll_loss(m.ones(2, 3, 4, 5, 2), m.ones(2, 4, 5, 2))
""".strip().splitlines()


def run(m: Any, text: str) -> Any:
    a, tb = m.tensor(A), m.tensor([0.1, 5.0])
    known = dict(zip(NAMES, (a, m.stack([a, 2 * a]), m.tensor(0.1), tb), strict=False))
    known |= {"m": m, "F": m.nn.functional, "L": m.linalg, "I": m.int64}
    *before, last = text.split("; ")
    try:
        for statement in before:
            exec(statement, known)
        return eval(last, known)
    except RuntimeError as error:  # the comparison would take it for an outcome
        if "needs LAPACK" in str(error) and os.environ.get("PYAUTOGRAD_BLAS") == "none":
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("text", [*TOLERANCES, *CONDITION, *TEXTS])
def test_as_pytorch_has_it(torch: ModuleType, text: str) -> None:
    compare(lambda m: run(m, text), ag, torch)


WITHOUT_WARNING = """
L.matrix_rank(a, atol=m.tensor([0.1, 1.0, 3.0]))
L.matrix_rank(a, m.tensor([[0.1], [3.0]]))
""".strip().splitlines()


@pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")
@pytest.mark.parametrize("text", WITHOUT_WARNING)
def test_pytorch_writes_ranks_over_a_smaller_tensor(torch: ModuleType, text: str) -> None:
    assert run(ag, text).tolist() == run(torch, text).tolist()


WRONG = """
L.pinv(b, atol=tb, rtol=0.1)
L.pinv(b, atol=0.1, rtol=tb)
L.pinv(a, rcond=0.1, rtol=0.2)
L.pinv(a, 0.1, atol=0.1)
L.pinv(a, "x")
L.pinv(a, None)
L.matrix_rank(a, tol=0.1, rtol=0.2)
L.matrix_rank(a, atol=t, tol=t)
L.matrix_rank(a, tol=None)
L.cond(a, p=[1])
L.svd(a, driver=3)
""".strip().splitlines()


@pytest.mark.parametrize("text", WRONG)
def test_what_does_not_go_together(torch: ModuleType, text: str) -> None:
    for lib in (ag, torch):
        with pytest.raises(TypeError):
            run(lib, text)
    with pytest.raises(RuntimeError, match="must match the size"):
        run(ag, "L.pinv(b, atol=m.tensor([0.1, 1.0, 2.0]))")


@pytest.mark.parametrize("hermitian", [False, True])
def test_gradients_with_tolerances(torch: ModuleType, hermitian: bool) -> None:
    draws = np.random.default_rng(3)
    low = draws.normal(size=(2, 4, 2)) @ np.diag([3.0, 1.0]) @ draws.normal(size=(2, 2, 4))
    square = low @ low.swapaxes(1, 2) if hermitian else low
    limits = np.array([[[1e-6], [1e-5]], [[1e-7], [1e-6]]])[:, :, 0]
    found = []
    for m in (ag, torch):
        x = m.tensor(square, requires_grad=True)
        z = m.linalg.pinv(x, atol=m.tensor(limits), hermitian=hermitian)
        assert z.shape == (2, 2, 4, 4)
        assert z.grad_fn.name() == "LinalgPinvBackward0"
        slope = m.autograd.grad((z * m.arange(16.0).reshape(4, 4)).sum(), x)[0].numpy()
        found.append((slope + slope.swapaxes(1, 2)) / 2 if hermitian else slope)
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-9)
    x = ag.tensor(draws.normal(size=(3, 2)), requires_grad=True)
    assert ag.autograd.gradgradcheck(lambda x: ag.linalg.pinv(x, atol=ag.tensor([0.0, 1e-9])), x)
