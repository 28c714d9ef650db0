# SPDX-License-Identifier: MIT
"""Constant sparse matrices of SciPy's times tensors, and the core's op under them."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd.testing import gradcheck, gradgradcheck
from support import assert_same_bits, run_python, values

sparse = pytest.importorskip("scipy.sparse")

FORMATS = ["csr", "csc", "coo", "bsr", "dia", "dok", "lil"]


def matrix(rng: np.random.Generator, rows: int, cols: int, density: float = 0.4) -> Any:
    dense = rng.standard_normal((rows, cols)) * (rng.random((rows, cols)) < density)
    return sparse.csr_array(dense)


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
def test_formats_and_classes(form: str, kind: str, rng: np.random.Generator) -> None:
    a = getattr(sparse, f"{form}_{kind}")(matrix(rng, 4, 3).toarray())
    dense = a.toarray()
    x, y, v, w = (rng.standard_normal(s) for s in ((3, 5), (5, 4), (3,), (4,)))
    for ours, theirs in (
        (a @ ag.tensor(x), dense @ x),
        (ag.tensor(y) @ a, y @ dense),
        (a @ ag.tensor(v), dense @ v),
        (ag.tensor(w) @ a, w @ dense),
        (a.dot(ag.tensor(v)), dense @ v),
    ):
        assert type(ours) is ag.Tensor
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(values(ours), theirs, rtol=1e-13, atol=1e-13)


def test_as_an_argument(rng: np.random.Generator) -> None:
    a = matrix(rng, 4, 3)
    x, v, y = (ag.tensor(rng.standard_normal(s)) for s in ((3, 5), (3,), (5, 4)))
    for found, expected in (
        (ag.matmul(a, x), a @ x),
        (ag.matmul(input=a, other=v), a @ v),
        (ag.linalg.matmul(y, a), y @ a),
        (ag.mm(a, x), a @ x),
        (ag.mm(y, mat2=a), y @ a),
        (ag.mv(a, v), a @ v),
        (ag.mv(a, vec=v), a @ v),
        (y.matmul(a), y @ a),
        (y.mm(a), y @ a),
    ):
        assert_same_bits(values(found), values(expected))
    out = ag.empty(4, 5)
    assert ag.matmul(a, x, out=out) is out
    assert_same_bits(values(out), values(a @ x))
    x.requires_grad_()
    ag.mm(a, x).sum().backward()
    np.testing.assert_allclose(values(x.grad), np.repeat(a.sum(0)[:, None], 5, 1))
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        ag.mm(a, x, out=out)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda a, x: ag.mm(a, x[0]), RuntimeError, "mat2 must be a matrix"),
        (lambda a, x: ag.mm(x[0], a), RuntimeError, "self must be a matrix"),
        (lambda a, x: ag.mv(a, x), RuntimeError, "vector . matrix @ vector expected, got 1, 2, 2"),
        (lambda a, x: ag.mv(x, a), RuntimeError, "vector . matrix @ vector expected, got 1, 2, 2"),
        (lambda a, x: ag.mm(a, x, x), TypeError, "mm"),
        (lambda a, x: ag.mm(a, mat3=x), TypeError, "mm"),
        (lambda a, x: ag.mm(a), TypeError, "mm"),
        (lambda a, x: ag.matmul(a, a), TypeError, "matmul"),
        (lambda a, x: ag.matmul(a, x, out=3), TypeError, "matmul"),
        (lambda a, x: ag.matmul(a * 1j, x), TypeError, "constant of real numbers"),
        (lambda a, x: ag.bmm(a, x), TypeError, "bmm"),
    ],
)
def test_arguments_that_do_not_fit(call: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        call(sparse.csr_array(np.eye(3)), ag.ones(3, 3))


SHAPES = [(3,), (3, 1), (3, 5), (2, 3, 4), (2, 1, 3, 4), (3, 0), (0, 3, 2)]


def _layouts(data: Any) -> list[Any]:
    """Leaves of these values, and views of such that lie otherwise in memory."""
    leaves = [ag.tensor(data, requires_grad=True)]
    if data.ndim >= 2:
        turned = ag.tensor(np.swapaxes(data, -1, -2).copy(), requires_grad=True)
        leaves.append(turned.transpose(-1, -2))
        wide = ag.tensor(np.repeat(data, 2, -1), requires_grad=True)
        leaves.append(wide[..., ::2])
    else:
        leaves.append(ag.tensor(np.repeat(data, 3), requires_grad=True)[::3])
        leaves.append(ag.tensor(data[:1], requires_grad=True).expand(*data.shape))
    return leaves


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("form", ["csr", "csc"])
def test_beside_dense_products(form: str, shape: Any, rng: np.random.Generator) -> None:
    """Values and both derivatives are those of the dense matrix, however x lies."""
    a = matrix(rng, 4, 3).asformat(form)
    dense = ag.tensor(a.toarray())
    for x in _layouts(rng.standard_normal(shape)):
        z, same = a @ x, dense @ x
        assert z.shape == same.shape
        np.testing.assert_allclose(values(z), values(same), rtol=1e-13, atol=1e-13)
        weights = ag.tensor(rng.standard_normal(tuple(z.shape)))
        for ours, theirs in zip(_slopes(z, x, weights), _slopes(same, x, weights), strict=True):
            np.testing.assert_allclose(values(ours), values(theirs), rtol=1e-12, atol=1e-12)
        if len(shape) > 1:
            y = x.transpose(-1, -2)
            b = a.T.asformat(form)
            np.testing.assert_allclose(
                values(y @ b), values(same.transpose(-1, -2)), rtol=1e-13, atol=1e-13
            )
            for ours, theirs in zip(
                _slopes(y @ b, x, weights.transpose(-1, -2)),
                _slopes(dense @ x, x, weights),
                strict=True,
            ):
                np.testing.assert_allclose(values(ours), values(theirs), rtol=1e-12, atol=1e-12)


def _slopes(z: Any, x: Any, weights: Any) -> list[Any]:
    (first,) = ag.autograd.grad((z.sin() * weights).sum(), x, create_graph=True)
    (second,) = ag.autograd.grad((first * first).sum(), x)
    return [first.detach(), second]


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_derivatives(form: str, rng: np.random.Generator) -> None:
    a = matrix(rng, 4, 3).asformat(form)
    for shape in ((3,), (3, 2), (2, 3, 2)):
        x = ag.tensor(rng.standard_normal(shape), requires_grad=True)
        assert gradcheck(lambda x: (a @ x) ** 2, (x,))
        assert gradgradcheck(lambda x: (a @ x) ** 3, (x,))
    for shape in ((4,), (2, 4), (2, 1, 4)):
        x = ag.tensor(rng.standard_normal(shape), requires_grad=True)
        assert gradcheck(lambda x: (x @ a) ** 2, (x,))
        assert gradgradcheck(lambda x: (x @ a) ** 3, (x,))


def test_the_node(rng: np.random.Generator) -> None:
    x = ag.ones(3, requires_grad=True)
    z = matrix(rng, 4, 3) @ x
    assert z.grad_fn is not None
    assert z.grad_fn.name() == "SparseMatmulBackward0"
    assert [edge[0] is not None for edge in z.grad_fn.next_functions] == [True, False, False]


def test_kinds_of_numbers() -> None:
    """Whatever A has is read as float64; what no tensor can be multiplied by is told of."""
    dense = np.array([[1, 0], [0, 2]])
    for dtype in (np.int8, np.uint64, np.int64, np.float32, np.float64, np.longdouble, bool):
        a = sparse.csr_array(dense.astype(dtype))
        assert (a @ ag.tensor([3.0, 4.0])).tolist() == (dense.astype(dtype) @ [3.0, 4.0]).tolist()
    for odd in (sparse.csr_array(dense * 1j), sparse.csr_array(dense.astype(np.complex64))):
        for product in (lambda odd=odd: odd @ ag.ones(2), lambda odd=odd: ag.ones(2) @ odd):
            with pytest.raises(TypeError, match="constant of real numbers or bools, got one of co"):
                product()
    a = sparse.csr_array(dense)
    for whole in (ag.ones(2, dtype=ag.int64), ag.ones(2, dtype=bool)):
        with pytest.raises(RuntimeError, match="expected a tensor of these to multiply it, got"):
            a @ whole


def test_a_matrix_of_tensors_is_refused() -> None:
    """Values that have gradients of their own would lose them: SciPy keeps them as objects."""
    a = sparse.csr_array(np.eye(2))
    a.data = np.empty(2, object)
    a.data[0] = ag.tensor(1.0, requires_grad=True)
    with pytest.raises(TypeError, match="got one of object"):
        a @ ag.ones(2)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda a: a @ ag.ones(4, 2), r"cannot be multiplied \(2x3 and 4x2\)"),
        (lambda a: ag.ones(4, 3) @ a, r"cannot be multiplied \(4x3 and 2x3\)"),
        (lambda a: a.T @ ag.ones(3, 2), r"cannot be multiplied \(3x2 and 3x2\)"),
        (lambda a: a @ ag.ones(4), r"of 2x3 cannot be multiplied by a tensor of sizes \[4\]"),
        (lambda a: ag.ones(4) @ a, r"2x3 cannot be multiplied from the left by .* sizes \[4\]"),
        (lambda a: a @ ag.ones(3, 2, 2), r"by a tensor of sizes \[3, 2, 2\]"),
        (lambda a: a @ ag.tensor(1.0), r"at least 1D, but they are 2D and 0D"),
        (lambda a: ag.tensor(1.0) @ a, r"at least 1D, but they are 0D and 2D"),
    ],
)
def test_wrong_sizes(call: Any, text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        call(sparse.csr_array(np.ones((2, 3))))


def test_only_matrices() -> None:
    if not hasattr(sparse, "coo_array") or not hasattr(sparse.coo_array, "_shape_as_2d"):
        pytest.skip("this SciPy has sparse arrays of two dimensions alone")
    with pytest.raises(RuntimeError, match="expected a sparse matrix of two dimensions, got one"):
        ag.ones(2) @ sparse.coo_array(np.ones(2))


def test_broken_matrices_are_told_of() -> None:
    """Where the arrays of a matrix name what is not there, nothing is read."""
    a = sparse.csr_array(np.ones((2, 3)))
    a.indices[1] = 7
    with pytest.raises(IndexError, match="expected columns from 0 to 2"):
        a @ ag.ones(3)
    a = sparse.csr_array(np.ones((2, 3)))
    a.indptr[1] = 9
    with pytest.raises(RuntimeError, match="expected rows that begin one behind the other"):
        ag.ones(2) @ a


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_in_it(form: str) -> None:
    for rows, cols in ((0, 3), (3, 0), (2, 2), (0, 0)):
        if form == "bsr" and 0 in (rows, cols):
            continue  # SciPy has no such blocks
        a = getattr(sparse, f"{form}_array")((rows, cols))
        x = ag.ones(cols, 2, requires_grad=True)
        assert (a @ x).tolist() == np.zeros((rows, 2)).tolist()
        (g,) = ag.autograd.grad((a @ x).sum(), x)
        assert g.tolist() == np.zeros((cols, 2)).tolist()
        assert (ag.ones(rows) @ a).tolist() == [0.0] * cols


def test_columns_in_any_order_and_twice() -> None:
    a = sparse.csr_array(([1.0, 2.0, 4.0], [2, 0, 2], [0, 3, 3]), shape=(2, 3))
    x = ag.tensor([1.0, 10.0, 100.0], requires_grad=True)
    assert (a @ x).tolist() == [502.0, 0.0]
    (a @ x).sum().backward()
    assert x.grad.tolist() == [2.0, 0.0, 5.0]
    assert not a.has_canonical_format  # and A is what it was


def test_room_behind_the_values() -> None:
    a = sparse.csr_array(np.array([[1.0, 0.0], [3.0, 4.0]]))
    a.data, a.indices = np.append(a.data, [9.0, 9.0]), np.append(a.indices, [50, 60])
    assert (a @ ag.ones(2)).tolist() == [1.0, 7.0]


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_a_write_into_the_matrix_comes_too_late(form: str) -> None:
    a = sparse.csr_array(np.array([[1.0, 2.0], [0.0, 3.0]])).asformat(form)
    x = ag.ones(2, requires_grad=True)
    z = a @ x
    a.data[:] = np.nan
    a.indices[:] = 0
    z.sum().backward()
    assert x.grad.tolist() == [1.0, 5.0]


def test_what_is_infinite_stays_where_it_is() -> None:
    """What A has no entry for has no part in the result, NaN neither."""
    a = sparse.csr_array(np.array([[1.0, 0.0], [0.0, 2.0]]))
    z = a @ ag.tensor([np.nan, np.inf])
    assert np.isnan(z[0].item())
    assert z[1].item() == np.inf


def test_no_grad_and_subclasses(rng: np.random.Generator) -> None:
    class Own(ag.Tensor):
        pass

    a = matrix(rng, 3, 3)
    x = ag.ones(3, requires_grad=True)
    with ag.no_grad():
        assert not (a @ x).requires_grad
        assert type(a @ x) is ag.Tensor
    assert type(a @ ag.ones(3).as_subclass(Own)) is Own
    assert type(ag.ones(3).as_subclass(Own) @ a) is Own


def test_arrays_of_tensors_are_what_they_were() -> None:
    """Only the product is the tensor's: elsewhere SciPy and NumPy get arrays."""
    x = ag.tensor([1.0, 2.0])
    a = sparse.csr_matrix(np.eye(2))
    assert type(np.asarray(x)) is np.ndarray
    assert np.asarray(x).dtype == np.float64
    assert (a * np.asarray(x)).tolist() == [1.0, 2.0]
    assert sparse.csr_array((x, ([0, 1], [1, 0]))).toarray().tolist() == [[0, 1], [2, 0]]
    with pytest.raises(TypeError, match="unsupported operand"):
        x @ object()


# ---- threads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape", [(4000,), (4000, 40), (4000, 3), (5, 4000, 8), (40, 4000, 1)], ids=str
)
def test_bits_do_not_depend_on_threads(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    places = rng.integers(0, 3000, 240_000), rng.integers(0, 4000, 240_000)
    a = sparse.csr_array((rng.standard_normal(240_000), places), shape=(3000, 4000))
    x = ag.tensor(rng.standard_normal(shape), requires_grad=True)
    before, found = ag.get_num_threads(), []
    try:
        for count in (1, 2, 4):
            ag.set_num_threads(count)
            z = a @ x
            y = (x.transpose(-1, -2) if x.ndim > 1 else x) @ a.T
            found.append([z.detach(), y.detach(), *ag.autograd.grad(z.sum() + y.sum(), x)])
    finally:
        ag.set_num_threads(before)
    for other in found[1:]:
        for ours, first in zip(other, found[0], strict=True):
            assert_same_bits(ours, first)
    if len(shape) < 3:
        assert_same_bits(found[0][0], ag.tensor(a @ values(x)))  # SciPy's sums, in its order


def test_threads_of_python(rng: np.random.Generator) -> None:
    """Products of several threads, with one matrix, do not meet."""
    a = matrix(rng, 60, 50)
    exact, failed = a.T @ (a @ np.ones(50)), []

    def work() -> None:
        for _ in range(30):
            x = ag.ones(50, requires_grad=True)
            ((a @ x) ** 2).sum().backward()
            if not np.allclose(x.grad.numpy(), 2 * exact, 1e-10):
                failed.append(x.grad)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_scipy_is_not_imported() -> None:
    """Neither by the library, nor by a product with what only looks like one of its matrices."""
    code = """
    import json, sys
    import pyautograd as ag
    Fake = type("csr_array", (), {"__module__": "scipy.sparse._csr", "tocsr": None, "ndim": 3})
    try:
        ag.ones(2) @ Fake()
    except RuntimeError as error:
        text = str(error)
    print(json.dumps([text, "scipy" in sys.modules]))
    """
    text, imported = run_python(code)
    assert text == "matmul: expected a sparse matrix of two dimensions, got one of 3"
    assert not imported


def test_the_values_get_no_gradient() -> None:
    """In C the values are a tensor, of which the tape knows nothing: a gradient is refused."""
    from pyautograd.capi import ffi, lib, pointer, wrap

    x, values_of, structure = ag.ones(2), ag.ones(2), ag.tensor([0, 1, 2, 1, 0])
    call = [pointer(x), pointer(values_of), pointer(structure), 2, 2, False, False]
    assert wrap(lib.ag_sparse_matmul(*call), steal=True).tolist() == [1.0, 1.0]
    values_of.requires_grad_()
    z = wrap(lib.ag_sparse_matmul(*call), steal=True)
    with pytest.raises(RuntimeError, match="the values of the matrix are constants"):
        z.sum().backward()
    assert values_of.grad is None
    for k, wrong in ((1, ag.ones(3)), (2, ag.ones(2)), (3, -1), (4, -1), (2, ag.ones(2, 3))):
        bad = [*call[:k], pointer(wrong) if isinstance(wrong, ag.Tensor) else wrong, *call[k + 1 :]]
        assert lib.ag_sparse_matmul(*bad) == ffi.NULL
        assert ffi.string(lib.ag_last_message()).startswith(b"sparse_matmul: expected")


def _arrays(index: Any) -> Any:
    """The matrix [[0, 2], [0, 0], [3, 1]], and room behind its entries."""
    starts, columns = np.array([0, 1, 1, 3], index), np.array([1, 0, 1, 7], index)
    return np.array([2.0, 3.0, 1.0, 9.0]), starts, columns


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("grad", [False, True])
def test_a_matrix_by_its_memory(index: Any, grad: bool) -> None:
    """The embedder's own arrays; the gradient does not depend on what they are later."""
    from pyautograd.capi import ffi, lib, pointer, wrap

    arrays = _arrays(index)
    parts = [ffi.from_buffer(array) for array in arrays]
    given = {"values": ffi.cast("double *", parts[0]), "starts": parts[1], "columns": parts[2]}
    given |= {"rows": 3, "cols": 2, "entries": 3, "index_bytes": np.dtype(index).itemsize}
    dense = np.array([[0.0, 2.0], [0.0, 0.0], [3.0, 1.0]])
    for transposed, right, shape in ((0, 0, (2,)), (1, 0, (3,)), (0, 1, (4, 3)), (1, 1, (4, 2))):
        a = ffi.new("ag_csr *", given)
        x = ag.tensor(np.arange(1.0, np.prod(shape) + 1).reshape(shape), requires_grad=grad)
        z = wrap(lib.ag_csr_matmul(pointer(x), a, bool(transposed), bool(right)), steal=True)
        side = dense.T if transposed else dense
        np.testing.assert_array_equal(values(z), values(x) @ side if right else side @ values(x))
        if grad:
            arrays[0][:] = -1.0
            (found,) = ag.autograd.grad(z.sum(), x)
            arrays[0][:] = _arrays(index)[0]
            ones = np.ones(z.shape)
            np.testing.assert_array_equal(values(found), ones @ side.T if right else side.T @ ones)
    for name, wrong in (
        ("rows", -1), ("cols", -1), ("entries", -1), ("entries", 2), ("entries", 4), ("cols", 1),
        ("index_bytes", 2), ("starts", ffi.NULL), ("columns", ffi.NULL), ("values", ffi.NULL),
    ):  # fmt: skip
        a = ffi.new("ag_csr *", {**given, name: wrong})
        x = ag.ones(2 if name != "cols" else max(wrong, 0), requires_grad=grad)
        assert lib.ag_csr_matmul(pointer(x), a, False, False) == ffi.NULL, name
        assert b"expected" in ffi.string(lib.ag_last_message()), name
    assert lib.ag_csr_matmul(pointer(ag.ones(2)), ffi.NULL, False, False) == ffi.NULL
    assert lib.ag_csr_matmul(ffi.NULL, ffi.new("ag_csr *", given), False, False) == ffi.NULL


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("shape", [(4,), (4, 3), (2, 4, 1)])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("odd", [-1, 4, 2**31 - 1, -(2**31)])
def test_columns_that_are_not_there(index: Any, shape: Any, turned: bool, odd: int) -> None:
    a = sparse.csr_array(np.eye(4))
    a.indices, a.indptr = a.indices.astype(index), a.indptr.astype(index)
    a.indices[2] = odd
    for grad in (False, True):
        x = ag.ones(shape, requires_grad=grad)
        with pytest.raises(IndexError, match="expected columns from 0 to 3"):
            _ = x.mT @ a if turned and x.ndim > 1 else x @ a if turned else a @ x


def test_products_are_told_of_in_a_profile() -> None:
    with ag.autograd.profiler.profile() as told:
        sparse.csr_array(np.eye(3)) @ ag.ones(3)
    assert any("sparse_matmul" in event.name for event in told.events())
