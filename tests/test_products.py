# SPDX-License-Identifier: MIT
"""Products of matrices: bits, BLAS, contractions, errors. Values and gradients of each are cases of
the op table (ops/cases_matrix.py)."""

from __future__ import annotations

import ctypes
import json
import string
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyautograd as ag
from support import assert_same_bits, run_python, values

LINKED = pytest.importorskip("numpy.linalg._umath_linalg").__file__


def run(code: str, **environment: str) -> str:
    import os

    env = {k: v for k, v in os.environ.items() if not k.startswith("PYAUTOGRAD_BLAS")}
    command = [sys.executable, "-c", "import pyautograd as ag\n" + code]
    done = subprocess.run(
        command, env={**env, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---- the same bits at any number of threads ----------------------------------------------------


@pytest.fixture
def threads() -> Any:
    before = ag.get_num_threads()
    yield ag.set_num_threads
    ag.set_num_threads(before)


@pytest.mark.parametrize(
    "shapes",
    [
        ((520, 300), (300, 410)),
        ((40, 700), (700, 1100)),
        ((1030, 64), (64, 1)),
        ((513, 513),),
        ((37, 90, 80), (37, 80, 70)),
        ((4000, 3, 3), (4000, 3, 3)),
        ((3, 530, 200), (1, 200, 500)),
    ],
    ids=str,
)
def test_bits_do_not_depend_on_threads(
    shapes: tuple[tuple[int, ...], ...], threads: Callable[[int], None], rng: np.random.Generator
) -> None:
    leaves = [ag.tensor(rng.standard_normal(s), requires_grad=True) for s in shapes]
    found = []
    for count in (1, 2, 4):
        threads(count)
        z = leaves[0] @ (leaves[1] if len(leaves) > 1 else leaves[0].t())
        found.append([z.detach(), *ag.autograd.grad(z.sum(), leaves)])
    for other in found[1:]:
        for ours, first in zip(other, found[0], strict=True):
            assert_same_bits(ours, first, str(shapes))
    exact = values(leaves[0]) @ (values(leaves[1]) if len(leaves) > 1 else values(leaves[0]).T)
    np.testing.assert_allclose(values(found[0][0]), exact, rtol=1e-9, atol=1e-9)


def test_threads_of_the_blas_are_put_back() -> None:
    """OpenBLAS has as many as before, and others may ask it for as many as they like."""
    library = ctypes.CDLL(LINKED)
    for before, after in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
        get = getattr(library, f"{before}openblas_get_num_threads{after}", None)
        if get is not None:
            break
    else:
        pytest.skip("NumPy is not linked to OpenBLAS")
    put = getattr(library, f"{before}openblas_set_num_threads{after}")
    first = get()
    try:
        for count in (2, 1):
            put(count)
            ag.randn(50, 60) @ ag.randn(60, 70)
            assert get() == count
    finally:
        put(first)


# ---- which BLAS --------------------------------------------------------------------------------

PRODUCTS = """
import numpy as np
rng = np.random.default_rng(0)
for shapes in [((60, 70), (70, 50)), ((60, 70), (70,)), ((5, 20, 30), (5, 30, 20)), ((90,), (90,))]:
    x, y = (rng.standard_normal(s) for s in shapes)
    a, b = ag.tensor(x, requires_grad=True), ag.tensor(y)
    z = a @ b
    assert np.allclose(z.detach().numpy(), x @ y, 1e-12, 1e-12), shapes
    z.sum().backward()
    assert np.allclose((a.grad * a.detach()).sum().item(), (x @ y).sum()), shapes
a = ag.tensor(rng.standard_normal((40, 9)))
assert np.allclose((a.t() @ a).numpy(), a.numpy().T @ a.numpy())
print([line for line in ag.show_config().splitlines() if line.startswith("BLAS")][0])
"""


def test_numpys_blas_is_found() -> None:
    assert f", from {LINKED[:60]}" in run(PRODUCTS)


def test_without_a_blas() -> None:
    assert run(PRODUCTS, PYAUTOGRAD_BLAS="none") == "BLAS: none, own routines, 64-bit integers\n"


WITHOUT_LAPACK = """
a, one = ag.eye(2), ag.tensor([1, 2])
for f in (ag.linalg.eigh, ag.linalg.eig, ag.linalg.eigvals, ag.linalg.svd, ag.linalg.ldl_factor,
          lambda a: ag.linalg.ldl_solve(a, one, a), lambda a: ag.linalg.lstsq(a, a)):
    try:
        f(a)
    except RuntimeError as e:
        assert "needs LAPACK's d" in str(e) and "set PYAUTOGRAD_BLAS to the path" in str(e), e
    else:
        raise AssertionError(f)
print(ag.linalg.solve(a * 2, a).tolist())
"""


def test_what_needs_lapack_says_so() -> None:
    assert run(WITHOUT_LAPACK, PYAUTOGRAD_BLAS="none") == "[[0.5, 0.0], [0.0, 0.5]]\n"


def test_a_blas_by_its_path() -> None:
    assert LINKED[:60] in run(PRODUCTS, PYAUTOGRAD_BLAS=LINKED)
    assert LINKED[:60] in run(PRODUCTS, PYAUTOGRAD_BLAS=f"libm.so.6:{LINKED}")


def test_a_blas_that_is_not_there_is_told_of() -> None:
    text = run(PRODUCTS, PYAUTOGRAD_BLAS="/nowhere/libblas.so")
    assert text.startswith("BLAS: none, own routines")
    assert "cannot open" in text
    assert "/nowhere/libblas.so" in text


WATCHED = """
import ctypes, json
from pyautograd.capi import ffi, lib
library, now, asked = ctypes.CDLL(LINKED), [7], []

@ffi.callback("int(void)")
def get_threads():
    return now[0]

@ffi.callback("void(int)")
def set_threads(n):
    asked.append(n)
    now[0] = n

@ffi.callback("void (*(void *, const char *))(void)")
def find(context, name):
    name = ffi.string(name).decode()
    if name in ("openblas_get_num_threads", "openblas_set_num_threads"):
        return ffi.cast("void (*)(void)", get_threads if "get" in name else set_threads)
    for before, after in (("scipy_", "_64_"), ("scipy_", "_"), ("", "_64_"), ("", "_")):
        routine = getattr(library, before + name + after, None)
        if routine is not None:
            address = ctypes.cast(routine, ctypes.c_void_p).value
            return ffi.cast("void (*)(void)", address)
    return ffi.NULL

assert lib.ag_set_blas(find, ffi.NULL) == 0
a = ag.randn(40, 40)
spd = a @ a.t() + ag.eye(40)
of_products, asked[:] = list(asked), []
ag.linalg.cholesky(spd)
told = "threads in factorisations" in ag.show_config()
print(json.dumps([of_products, asked, told]))
""".replace("LINKED", repr(LINKED))


@pytest.mark.parametrize(
    ("setting", "threads"), [(None, 1), ("3", 3), ("1", 1), ("0", 1), ("many", 1), ("9999", 1)]
)
def test_threads_of_the_blas_in_factorisations(setting: str | None, threads: int) -> None:
    """The BLAS is set to one thread, for factorisations to as many as PYAUTOGRAD_BLAS_THREADS
    says, and back."""
    environment = {} if setting is None else {"PYAUTOGRAD_BLAS_THREADS": setting}
    products, factor, told = json.loads(run(WATCHED, **environment))
    assert products == [1, 7] * (len(products) // 2)
    assert products
    assert factor == [threads, 7]
    assert told == (threads > 1)


def test_factors_are_right_at_any_number_of_threads() -> None:
    code = """
    import json, numpy as np
    import pyautograd as ag
    rng = np.random.default_rng(0)
    a = rng.standard_normal((300, 300))
    spd = a @ a.T + 300 * np.eye(300)
    x = ag.linalg.solve(ag.tensor(a), ag.ones(300)).numpy()
    l = ag.linalg.cholesky(ag.tensor(spd)).numpy()
    s = ag.linalg.svdvals(ag.tensor(a)).numpy()
    print(json.dumps([np.abs(a @ x - 1).max(), np.abs(l @ l.T - spd).max(),
                      np.abs(s - np.linalg.svd(a)[1]).max()]))
    """
    for threads in ("1", "2"):
        errors = run_python(code, PYAUTOGRAD_BLAS_THREADS=threads, PYAUTOGRAD_BLAS="")
        assert max(errors) < 1e-9


GLOBAL = """
import ctypes
names = [before + "dgemm" + after for before in ("scipy_", "") for after in ("_64_", "_")]
print([name for name in names if hasattr(ctypes.CDLL(None), name)])
"""


def test_names_of_the_blas_stay_its_own() -> None:
    """A library that is loaded later and has the same names calls itself."""
    assert run(PRODUCTS + GLOBAL).splitlines()[-1] == run(GLOBAL).strip()


def test_scipy_loaded_later_is_what_it_was() -> None:
    pytest.importorskip("scipy")
    code = """
import numpy as np, scipy.linalg
x = np.arange(63.0).reshape(21, 3)
print(np.allclose(scipy.linalg.svd(x)[1], ag.linalg.svdvals(ag.tensor(x)).numpy()))
"""
    assert run("ag.linalg.svdvals(ag.eye(2))\n" + code) == "True\n"


# ---- einsum ------------------------------------------------------------------------------------


@st.composite
def equations(draw: Any) -> tuple[str, list[tuple[int, ...]]]:
    letters = string.ascii_letters[: draw(st.integers(1, 5))]
    sizes = {c: draw(st.integers(0, 3)) for c in letters}
    parts = draw(st.lists(st.text(letters, max_size=3), min_size=1, max_size=4))
    shapes = [tuple(sizes[c] for c in part) for part in parts]
    used = sorted(set("".join(parts)))
    out = draw(st.permutations(used).map(lambda p: "".join(p[: draw(st.integers(0, len(p)))])))
    return ",".join(parts) + "->" + out, shapes


@settings(max_examples=150, deadline=None)
@given(equations(), st.integers(0, 1000))
def test_einsum_beside_numpy(case: tuple[str, list[tuple[int, ...]]], seed: int) -> None:
    equation, shapes = case
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(-1.0, 1.0, shape) for shape in shapes]
    ours = ag.einsum(equation, *(ag.tensor(a) for a in arrays))
    theirs = np.asarray(np.einsum(equation, *arrays))
    assert tuple(ours.shape) == theirs.shape
    np.testing.assert_allclose(values(ours), theirs, rtol=1e-12, atol=1e-12)


def test_einsum_multiplies_the_cheapest_first() -> None:
    """From left to right this would take 30 million multiplications, and 8 MB in between."""
    a, b, c = ag.ones(1000, 2), ag.ones(2, 1000), ag.ones(1000, 2)
    ag.reset_peak_memory_stats()
    before = ag.max_memory_allocated()
    assert ag.einsum("ij,jk,kl->il", a, b, c)[0, 0].item() == 2000.0
    assert ag.max_memory_allocated() - before < 1_000_000


# ---- errors ------------------------------------------------------------------------------------

O = ag.ones  # noqa: E741


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: O(2, 3) @ O(4, 5), RuntimeError, r"cannot be multiplied \(2x3 and 4x5\)"),
        (lambda: O(4) @ O(2, 3), RuntimeError, r"cannot be multiplied \(1x4 and 2x3\)"),
        (lambda: ag.mm(O(2), O(4, 5)), RuntimeError, "self must be a matrix"),
        (lambda: ag.mm(O(2, 2), O(4)), RuntimeError, "mat2 must be a matrix"),
        (lambda: O(3) @ O(4), RuntimeError, r"expected tensor \[3\] and src \[4\]"),
        (lambda: ag.dot(O(3, 1), O(3)), RuntimeError, "1D tensors expected, but got 2D and 1D"),
        (lambda: ag.mv(O(2, 3), O(4)), RuntimeError, r"mat \(2x3\), vec \(4\)"),
        (lambda: ag.tensor(1.0) @ O(3), RuntimeError, "at least 1D, but they are 0D and 1D"),
        (lambda: ag.bmm(O(2, 3), O(2, 3, 4)), RuntimeError, "batch1 must be a 3D tensor"),
        (lambda: ag.bmm(O(2, 3, 3), O(3, 3, 5)), RuntimeError, r"\[2, 3\] but got: \[3, 3\]"),
        (lambda: O(2, 3, 3) @ O(3, 3, 5), RuntimeError, r"tensor a \(2\) must match .* b \(3\)"),
        (lambda: O(2, 2) @ O(2, 2).long(), RuntimeError, "double != long int"),
        (lambda: ag.dot(O(2), O(2).long()), RuntimeError, "same dtype, but got Double and Long"),
        (lambda: O(2, 2).bool() @ O(2, 2).bool(), NotImplementedError, "'Bool'"),
        (lambda: ag.addmm(O(3), O(2, 2), O(2, 4)), RuntimeError, r"expanded size .* \(4\) must"),
        (lambda: ag.addmm(O(2, 2, 2), O(2, 2), O(2, 4)), RuntimeError, "number of sizes"),
        (lambda: ag.addr(O(2, 2), O(2, 2), O(2)), RuntimeError, "Expected 1-D argument vec1"),
        (lambda: O(2, 2) @ 3, TypeError, "unsupported operand"),
        (lambda: ag.nn.functional.linear(O(2, 3), O(4, 2)), RuntimeError, "cannot be multiplied"),
        (lambda: ag.einsum("ij,jk", O(2, 3), O(4, 5)), RuntimeError, "subscript j has size 4"),
        (lambda: ag.einsum("ij"), ValueError, "at least one operand"),
        (lambda: ag.einsum("ij", [[1.0]]), TypeError, "expected Tensors as operands"),
        (lambda: ag.einsum(O(2), [60]), ValueError, "from 0 to 51"),
        (lambda: ag.tensordot(O(2, 3), O(4, 3), ([1], [0])), RuntimeError, "has size 3 in dim 1"),
        (lambda: ag.tensordot(O(2, 3), O(4, 3), ([5], [0])), IndexError, "out of range"),
    ],
)
def test_errors(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_beta_of_zero_lets_nothing_through() -> None:
    """As in PyTorch, not even NaN."""
    a, b, nan = O(2, 3), O(3, 2), ag.full((2, 2), ag.nan)
    assert ag.addmm(nan, a, b, beta=0).tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert ag.addmv(nan[0], a, O(3), beta=0).tolist() == [3.0, 3.0]
    assert ag.addr(nan, O(2), O(2), beta=0).tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_integers() -> None:
    a = ag.tensor([[1, 2], [3, 4]])
    assert (a @ a).tolist() == [[7, 10], [15, 22]]
    assert (a @ a).dtype == ag.int64
    assert ag.einsum("ij,jk->ik", a, a).tolist() == [[7, 10], [15, 22]]


@pytest.mark.parametrize(
    "call",
    [
        lambda a, out: ag.tensordot(a, a, 1, out=out),
        lambda a, out: ag.chain_matmul(a, a, out=out),
    ],
    ids=["tensordot", "chain_matmul"],
)
def test_out_of_integers(call: Callable[..., ag.Tensor]) -> None:
    a, out = ag.tensor([[1, 2], [3, 4]]), ag.empty(0, dtype=ag.int64)
    assert call(a, out) is out
    assert out.dtype == ag.int64
    assert out.tolist() == [[7, 10], [15, 22]]


def test_a_product_in_place_is_a_new_tensor() -> None:
    a = before = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    a @= a
    assert a is not before
    assert before.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    before.addmm_(before, before, alpha=0.0)
    assert before.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_operands_that_are_arrays() -> None:
    x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    for z in (x @ np.eye(2), np.eye(2) @ x, np.matmul(x, np.eye(2))):
        assert z.tolist() == x.tolist()
        assert z.grad_fn is not None
