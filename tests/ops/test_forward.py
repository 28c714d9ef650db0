# SPDX-License-Identifier: MIT
"""Values: every op at every layout and size against long doubles, and bit against bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from ops.case import Case, by_id
from ops.cases import CASES, INTEGER, MAPS, MASK, TRUTHS, UNARY, WHOLES
from support import SIZES, Array, assert_same_bits, assert_ulp, layouts, values

SHAPES = ((), (1,), (0, 3), (2, 0), (2, 3), (3, 1, 5), (4, 33), (1, 1, 1, 1))
ELEMENTWISE = [*MAPS, *MASK, *INTEGER]
SEVERAL = [case for case in ELEMENTWISE if case.arity > 1]


def run(case: Case, *tensors: Any) -> Any:
    return case.call(ag, *tensors)


def run_on(case: Case, arrays: list[Array]) -> Any:
    return run(case, *(ag.tensor(a) for a in arrays))


def check(case: Case, result: Any, arrays: list[Array], what: str) -> None:
    exact = case.exact(arrays)
    assert type(result) is ag.Tensor and result.dtype is getattr(ag, case.dtype)
    if case.dtype != "float64":
        assert tuple(result.shape) == np.shape(exact)
        assert_same_bits(result.double(), np.asarray(exact, dtype=np.float64))
        assert np.asarray(result).dtype == case.dtype and np.array_equal(result, exact), what
        return
    assert tuple(result.shape) == np.shape(exact), what
    assert_ulp(result, exact, case.ulp, f"{case.id} {what}")


@pytest.mark.parametrize("case", ELEMENTWISE, ids=by_id)
def test_sizes(case: Case, rng: np.random.Generator) -> None:
    for n in SIZES:
        arrays = case.sample(rng, *[(n,)] * case.arity)
        check(case, run_on(case, arrays), arrays, f"size {n}")


@pytest.mark.parametrize("case", ELEMENTWISE, ids=by_id)
def test_shapes(case: Case, rng: np.random.Generator) -> None:
    for shape in SHAPES:
        arrays = case.sample(rng, *[shape] * case.arity)
        check(case, run_on(case, arrays), arrays, f"shape {shape}")


@pytest.mark.parametrize("case", [*WHOLES, *TRUTHS], ids=by_id)
def test_whole(case: Case, rng: np.random.Generator) -> None:
    arrays = case.sample(rng)
    check(case, run_on(case, arrays), arrays, "")


@pytest.mark.parametrize("case", [case for case in CASES if case.op != "view"], ids=by_id)
def test_layouts_give_the_same_bits(case: Case, rng: np.random.Generator) -> None:
    if case.kind == "whole":
        samples = [case.sample(rng)]
    else:
        samples = [case.sample(rng, *[s] * case.arity) for s in ((37,), (5, 33), (3, 4, 9))]
    for arrays in samples:
        expected = run_on(case, arrays)
        for k, a in enumerate(arrays):
            for name, tensor in layouts(ag, a):
                inputs = [ag.tensor(b) for b in arrays]
                inputs[k] = tensor
                got, what = run(case, *inputs), f"{case.id}, input {k} {name}"
                if case.by_blas:
                    np.testing.assert_allclose(values(got), values(expected), rtol=1e-14)
                else:
                    assert_same_bits(got, expected, what)
                assert_same_bits(tensor, a, f"{case.id} changed its input {k} {name}")


@pytest.mark.parametrize("case", ELEMENTWISE, ids=by_id)
def test_stride_zero(case: Case, rng: np.random.Generator) -> None:
    for shape in ((6, 1), (1, 1000), (3, 1, 1)):
        arrays = case.sample(rng, *[shape] * case.arity)
        wide = tuple(np.array(np.broadcast_shapes(shape, (3, 1) if len(shape) == 3 else (1,))))
        target = tuple(int(n) if n > 1 else 41 for n in wide)
        full = run_on(case, [np.array(np.broadcast_to(a, target)) for a in arrays])
        expanded = run(case, *(ag.tensor(a).expand(target) for a in arrays))
        assert_same_bits(expanded, full, f"{case.id} expanded to {target}")


@pytest.mark.parametrize("case", SEVERAL, ids=by_id)
def test_broadcast(case: Case, rng: np.random.Generator) -> None:
    pairs: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((3,), ()),
        ((), (1025,)),
        ((4, 1), (1, 9)),
        ((33,), (5, 1)),
        ((2, 1, 17), (3, 1)),
        ((1,), (0,)),
        ((0, 1), (3,)),
        ((1, 1, 1), (2, 2)),
    ]
    for shapes in pairs:
        arrays = case.sample(rng, *(shapes[k % 2] for k in range(case.arity)))
        result = run_on(case, arrays)
        check(case, result, arrays, f"shapes {shapes}")
        whole = np.broadcast_shapes(*shapes)
        full = [np.array(np.broadcast_to(a, whole)) for a in arrays]
        assert_same_bits(result, run_on(case, full), f"{case.id} {shapes}")


@pytest.mark.parametrize("case", SEVERAL, ids=by_id)
def test_one_tensor_as_all_inputs(case: Case, rng: np.random.Generator) -> None:
    for shape in ((9,), (1000,), (3, 5)):
        a = case.sample(rng, *[shape] * case.arity)[0]
        x = ag.tensor(a)
        copies = [ag.tensor(a) for _ in range(case.arity)]
        assert_same_bits(run(case, *[x] * case.arity), run(case, *copies), case.id)
    square = ag.tensor(case.sample(rng, *[(7, 7)] * case.arity)[0])
    turned = [square, *[square.t()] * (case.arity - 1)]
    copies = [ag.tensor(values(t)) for t in turned]
    assert_same_bits(run(case, *turned), run(case, *copies), f"{case.id} with its transpose")


@pytest.mark.parametrize("case", ELEMENTWISE, ids=by_id)
def test_an_element_does_not_depend_on_its_place(case: Case, rng: np.random.Generator) -> None:
    arrays = case.sample(rng, *[(5000,)] * case.arity)
    full = values(run_on(case, arrays))
    for start, stop in ((0, 1), (1, 2), (4999, 5000), (3, 20), (1000, 1033), (1, 5000), (7, 2055)):
        part = run_on(case, [a[start:stop] for a in arrays])
        assert_same_bits(part, full[start:stop], f"{case.id} [{start}:{stop}]")
    for k in (0, 13, 1024, 4999):
        alone = run_on(case, [np.array(a[k]) for a in arrays])
        assert_same_bits(alone, np.array(full[k]), f"{case.id} element {k} alone")


@pytest.mark.parametrize("name", ["exp2", "asinh", "atanh", "erfinv", "sinc", "digamma", "sigmoid"])
@pytest.mark.parametrize("n", [1, 5, 7, 8, 9, 13, 100, 1023, 10_007])
def test_a_result_over_its_operand(name: str, n: int, rng: np.random.Generator) -> None:
    """In place; of the last few elements some are computed twice."""
    a = rng.uniform(0.1, 0.9, n)
    x = ag.tensor(a)
    getattr(x, f"{name}_")()
    assert_same_bits(x, values(getattr(ag.tensor(a), name)()), name)


@pytest.mark.parametrize("case", ELEMENTWISE, ids=by_id)
def test_large_gives_the_same_bits(case: Case, rng: np.random.Generator) -> None:
    """Large enough for several threads and to be evaluated late."""
    piece = case.sample(rng, *[(1100,)] * case.arity)
    small = values(run_on(case, piece))
    large = run_on(case, [np.tile(a, 130) for a in piece])
    assert_same_bits(large, np.tile(small, 130), case.id)


@pytest.mark.parametrize("case", MAPS, ids=by_id)
def test_result_is_fresh_and_contiguous(case: Case, rng: np.random.Generator) -> None:
    arrays = case.sample(rng, *[(4, 6)] * case.arity)
    inputs = [ag.tensor(np.ascontiguousarray(a.T)).t() for a in arrays]
    result = run(case, *inputs)
    result.fill_(7.0)
    for a, tensor in zip(arrays, inputs, strict=True):
        assert_same_bits(tensor, a, f"{case.id}: a write to the result reaches an input")
    one_d = run(case, *(ag.tensor(a.ravel()) for a in arrays))
    assert one_d.is_contiguous()


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 9, 127, 128, 129, 1000, 1024, 1025, 5000, 100_000])
def test_sum_and_mean_sizes(n: int, rng: np.random.Generator) -> None:
    a = rng.uniform(0.5, 2, n)
    exact = np.sum(a, dtype=np.longdouble)
    assert_ulp(ag.tensor(a).sum(), exact, 4, f"sum of {n}")
    if n:
        assert_ulp(ag.tensor(a).mean(), exact / n, 4, f"mean of {n}")


@pytest.mark.parametrize(
    ("shape", "dims"),
    [
        ((7, 1030), 0),
        ((7, 1030), 1),
        ((1030, 7), 0),
        ((1030, 7), 1),
        ((3, 700, 5), 1),
        ((3, 700, 5), (0, 2)),
        ((3, 700, 5), (1, 2)),
        ((0, 4), 0),
        ((4, 0), 1),
        ((2, 3, 1, 4), (2,)),
    ],
)
def test_sums_over_dims(shape: tuple[int, ...], dims: Any, rng: np.random.Generator) -> None:
    a = rng.uniform(0.5, 2, shape)
    for keep in (False, True):
        exact = np.sum(a, axis=dims, keepdims=keep, dtype=np.longdouble)
        result = ag.tensor(a).sum(dims, keepdim=keep)
        assert tuple(result.shape) == exact.shape
        assert_ulp(result, exact, 4, f"{shape} over {dims}")
        order = tuple(range(len(shape)))[::-1]
        turned = ag.tensor(np.ascontiguousarray(a.transpose(order))).permute(order)
        assert_ulp(turned.sum(dims, keepdim=keep), exact, 4, f"{shape} over {dims}, transposed")


def test_a_sum_depends_on_the_values_only(rng: np.random.Generator) -> None:
    """Not on where they lie in memory, nor on how often it is asked."""
    a = rng.standard_normal(20_001)
    first = ag.tensor(a).sum()
    for _, tensor in layouts(ag, a):
        assert_same_bits(tensor.sum(), first)
        assert_same_bits(tensor.mean(), ag.tensor(a).mean())


ALIASES = {
    "add": ("add",),
    "sub": ("sub", "subtract"),
    "mul": ("mul", "multiply"),
    "div": ("div", "divide", "true_divide"),
    "pow": ("pow",),
    "neg": ("neg", "negative"),
    "asin": ("asin", "arcsin"),
    "acos": ("acos", "arccos"),
    "atan": ("atan", "arctan"),
    "abs": ("abs", "absolute"),
    "clamp": ("clamp", "clip"),
    "eq": ("eq",),
    "ne": ("ne",),
    "lt": ("lt",),
    "le": ("le",),
    "gt": ("gt",),
    "ge": ("ge",),
}
OPERATORS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
}


@pytest.mark.parametrize("op", ALIASES)
def test_function_method_operator_and_alias_agree(op: str) -> None:
    x = ag.tensor([0.5, 0.25, 0.75])
    y = {"clamp": (0.3, 0.6)}.get(op, (ag.tensor([0.25, 0.25, 0.875]),))
    rest: tuple[Any, ...] = () if op in ("neg", "asin", "acos", "atan", "abs") else y
    expected = getattr(ag, op)(x, *rest)
    for name in ALIASES[op]:
        assert_same_bits(getattr(ag, name)(x, *rest), expected, name)
        assert_same_bits(getattr(x, name)(*rest), expected, f"method {name}")
    if op in OPERATORS:
        assert_same_bits(OPERATORS[op](x, *rest), expected, "operator")


@pytest.mark.parametrize("op", [case.op for case in UNARY])
def test_every_unary_op_is_a_function_and_a_method(op: str) -> None:
    x = ag.tensor([0.25, 0.5])
    assert_same_bits(getattr(ag, op)(x), getattr(x, op)())
    assert_same_bits(getattr(ag, op)(input=x), getattr(ag, op)(x))


def test_alpha_and_argument_names() -> None:
    x, y = ag.tensor([1.0, 2.0]), ag.tensor([3.0, 5.0])
    assert ag.add(x, y, alpha=2).tolist() == [7.0, 12.0]
    assert x.sub(y, alpha=2).tolist() == [-5.0, -8.0]
    assert ag.add(input=x, other=y).tolist() == [4.0, 7.0]
    assert ag.pow(input=x, exponent=2).tolist() == [1.0, 4.0]
    assert x.sum(dim=0, keepdim=True).tolist() == [3.0]
    assert ag.sum(input=x, dim=0).item() == 3.0
    assert ag.clamp(x, max=1.5).tolist() == [1.0, 1.5]
    assert x.clamp(min=1.5, max=1.75).tolist() == [1.5, 1.75]
    assert ag.where(condition=x > 1.5, input=x, other=y).tolist() == [3.0, 2.0]


def test_where_takes_any_mask() -> None:
    x, y = ag.tensor([1.0, 2.0, 3.0]), ag.tensor([-1.0, -2.0, -3.0])
    mask = np.array([True, False, True])
    for given in (mask, x != 2.0):
        assert ag.where(given, x, y).tolist() == [1.0, -2.0, 3.0]
    assert ag.where(np.array([[True], [False]]), x, y).tolist() == [[1, 2, 3], [-1, -2, -3]]
    assert ag.where(mask, x, 0.0).tolist() == [1.0, 0.0, 3.0]
    assert ag.where(mask, 0.0, y).tolist() == [0.0, -2.0, 0.0]
    assert x.where(mask, y).tolist() == [1.0, -2.0, 3.0]


def test_mixing_with_numpy() -> None:
    """A tensor wins over a NumPy scalar on either side, and gives tensors."""
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    two = np.float64(2.0)
    for y in (two * x, x * two, two + x, two - x, two / x, x**two, np.int64(2) * x):
        assert isinstance(y, ag.Tensor) and y.requires_grad
    assert (two - x).tolist() == [1.0, 0.0]
    assert (two**x).tolist() == [2.0, 4.0]
    assert (np.float32(0.5) * x).tolist() == [0.5, 1.0]
    assert (x * np.array(3.0)).tolist() == [3.0, 6.0]


@pytest.mark.parametrize("columns", [2, 3, 7])
def test_threads_share_what_is_read_across_lines(columns: int, rng: np.random.Generator) -> None:
    """Such memory is packed into tiles, a few rows at a time: 2e6 elements, on two threads."""
    a = rng.standard_normal((columns, 2_000_000 // columns))
    b, row = rng.standard_normal(a.T.shape), rng.standard_normal(columns)
    x, before = ag.tensor(a).t(), ag.get_num_threads()
    try:
        for threads in (1, 2):
            ag.set_num_threads(threads)
            assert_same_bits(x + ag.tensor(b), a.T + b, f"{threads} threads, beside rows")
            assert_same_bits(x * ag.tensor(row), a.T * row, f"{threads} threads, one row for all")
            assert_same_bits(x - x.t()[:, :1].view(columns), a.T - a[:, 0], f"{threads} threads")
    finally:
        ag.set_num_threads(before)
