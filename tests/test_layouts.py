# SPDX-License-Identifier: MIT
"""In which order of memory results lie: that of their operands. No number depends on it."""

from __future__ import annotations

import copy
import os
import random
import zlib
from collections.abc import Callable

import numpy as np
import pytest

import pyautograd as ag
from layouts import KINDS, Program, in_layout, random_shape, strides
from ops.case import Case, by_id
from ops.cases import DIFFERENTIABLE, MAPS
from support import assert_same_bits, run_python, values

LARGE = 120  # of a matrix whose operations are evaluated late
fused_only = pytest.mark.skipif(os.environ.get("PYAUTOGRAD_FUSE") == "0", reason="nothing is late")


def matrix(n: int = 3, m: int = 4) -> ag.Tensor:
    return ag.tensor(np.random.default_rng(n * m).uniform(0.5, 1.5, (n, m)))


# ---- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [c for c in MAPS if c.arity == 1 and c.op != "where"], ids=by_id)
@pytest.mark.parametrize("shape", [(2, 3, 4), (30, 20, 25)], ids=["small", "large"])
def test_results_keep_the_order(case: Case, shape: tuple[int, ...]) -> None:
    (a,) = case.sample(np.random.default_rng(0), shape)
    x = ag.tensor(a).permute(2, 0, 1)
    y = case.call(ag, x)
    _, m, k = shape
    assert x.stride() == y.stride() == (1, m * k, k)
    assert not y.is_contiguous() and not y._is_view() and y.permute(1, 2, 0).is_contiguous()
    assert_same_bits(y, case.call(ag, x.contiguous()))


@pytest.mark.parametrize("n", [3, LARGE])
def test_the_first_operand_that_is_not_repeated_decides(n: int) -> None:
    rows, columns = matrix(n, n), matrix(n, n).t()
    by_rows, by_columns = (n, 1), (1, n)
    assert (rows + columns).stride() == by_rows
    assert (columns + rows).stride() == by_columns
    assert ag.where(np.ones((n, n), bool), columns, columns).stride() == by_rows  # the condition's
    assert (rows[:1] + columns).stride() == by_columns
    assert (rows[0] * columns).stride() == by_columns
    assert (rows[:1].expand(n, n) * columns).stride() == by_columns
    assert (rows[:1].expand(n, n) * 2).stride() == by_rows
    assert (rows[:1].t() * rows[1:2]).stride() == by_rows
    assert (columns * rows[0, 0] + 1.0).stride() == by_columns
    assert (ag.tensor(2.0) * columns).stride() == by_columns
    assert columns.clamp(0.6, 1.2).stride() == by_columns


def test_results_are_dense() -> None:
    base = ag.zeros(4, 6, 8)
    assert (base[:, ::2, ::2].permute(2, 0, 1) * 1).stride() == (1, 12, 4)
    assert (base[::2].permute(0, 2, 1) + 1).stride() == (48, 1, 8)
    assert (base[..., :1].expand(4, 6, 5).permute(2, 1, 0) * 1).stride() == (24, 1, 6)


def test_sizes_of_one_and_none() -> None:
    x = ag.zeros(2, 1, 3).permute(2, 1, 0)
    assert x.stride() == (1, 3, 3) and (x + x).stride() == (1, 3, 3)
    assert (x * 2).stride() == (1, 3, 3)
    column = ag.zeros(3, 1)
    assert column.t().is_contiguous() and (column.t() * column.t()).stride() == (3, 1)
    empty = ag.zeros(0, 3).t()
    assert (empty * 2).shape == (3, 0) and (empty * 2).is_contiguous()
    assert (ag.zeros(()) * 2).stride() == ()


@fused_only
def test_operands_of_one_order_are_read_along_memory() -> None:
    m = matrix(LARGE, LARGE)
    program = ag.explain((m.t() * 1.0 + m.t()).sqrt() * m.t())
    assert "load\n" in program and "strided" not in program
    assert program.count("load") == 1


def test_arrays_are_in_the_same_order() -> None:
    array = (matrix().t() * 2).numpy()
    assert array.flags.f_contiguous and not array.flags.c_contiguous
    assert np.array_equal(array, matrix().numpy().T * 2)
    assert repr(matrix().t() * 2) == repr((matrix().t() * 2).contiguous())


# ---- copies --------------------------------------------------------------------------------------

COPIES: dict[str, Callable[[ag.Tensor], ag.Tensor]] = {
    "clone": lambda x: x.clone(),
    "detach": lambda x: x.detach().clone(),
    "tensor": lambda x: ag.tensor(x.numpy()),
    "of integers": lambda x: ag.tensor((x.numpy() * 8).astype(int)),
    "zeros_like": ag.zeros_like,
    "ones_like": ag.ones_like,
    "empty_like": ag.empty_like,
    "full_like": lambda x: ag.full_like(x, 2.0),
    "rand_like": ag.rand_like,
    "randn_like": ag.randn_like,
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_keep_the_order(name: str) -> None:
    for n, m in ((3, 4), (LARGE, LARGE + 1)):
        for x, order in (
            (matrix(n, m), (m, 1)),
            (matrix(n, m).t(), (1, m)),
            (matrix(n, 2 * m)[:, ::2].t(), (1, m)),
            (matrix(n, m)[:, :1].expand(n, m).t(), (n, 1)),
        ):
            y = COPIES[name](x)
            assert y.shape == x.shape and y.stride() == order
            assert y.is_contiguous() == (order[1] == 1) and not y._is_view()


def test_copies_hold_the_values() -> None:
    for seed in range(60):
        dice = random.Random(seed)
        a = np.random.default_rng(seed).normal(size=random_shape(dice, large=seed < 8))
        x = in_layout(ag, a, dice.choice(KINDS), dice)
        for y in (x.clone(), ag.tensor(x.numpy()), x.contiguous(), x.reshape(x.shape)):
            assert_same_bits(x, y)
        assert x.contiguous().is_contiguous()
        assert_same_bits(ag.full_like(x, 2.5), np.full(tuple(x.shape), 2.5))
        assert_same_bits(ag.ones_like(x), np.ones(tuple(x.shape)))
        for made in (ag.rand_like(x), ag.randn_like(x)):
            assert len(np.unique(values(made))) == x.numel()


def test_a_copied_tensor() -> None:
    with pytest.warns(UserWarning, match="To copy construct"):
        assert ag.tensor(matrix().t()).stride() == (1, 4)
    assert ag.tensor(matrix().t().tolist()).is_contiguous()
    assert ag.tensor(matrix().numpy()[::-1, ::-1]).stride() == (4, 1)
    assert ag.from_numpy(matrix().numpy().T).stride() == (1, 4)
    assert copy.deepcopy(matrix().t()).stride() == (1, 4)


# ---- reshape -------------------------------------------------------------------------------------


def test_a_reshape_that_copied_is_no_view() -> None:
    x = matrix().requires_grad_()
    y = x * 1
    flat = y.t().reshape(-1)
    assert not flat._is_view()
    assert flat.grad_fn.name() == "UnsafeViewBackward0"
    assert flat.grad_fn.next_functions[0][0].name() == "CloneBackward0"
    before = values(y)
    flat.mul_(2.0)
    assert_same_bits(y, before)
    flat.sum().backward()
    assert np.array_equal(x.grad.numpy(), np.full((3, 4), 2.0))
    assert matrix().reshape(-1)._is_view() and not matrix().t().flatten()._is_view()


def test_reshaped_gradients() -> None:
    """Those that come in any order back through view, squeeze and unsqueeze."""
    for n in (2, 40):
        a = np.random.default_rng(n).normal(size=(n, n, 7 * n))
        g = ag.tensor(a.transpose(2, 1, 0).copy()).permute(2, 1, 0)
        x = ag.tensor(a, requires_grad=True)
        x.view(n, n, -1).backward(g)
        x.unsqueeze(1).squeeze(1).backward(g)
        assert_same_bits(x.grad, 2 * a)


# ---- gradients -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=by_id)
def test_derivatives_do_not_depend_on_the_order(case: Case) -> None:
    """First and second ones, with what rules save in orders of its own."""
    if case.kind != "map":
        return
    for seed, shape in enumerate([(3, 4, 2), (2, 5), (24, 20, 20)]):
        arrays = case.sample(np.random.default_rng(seed), *[shape] * case.arity)
        found = []
        for ordered in (False, True):
            leaves = []
            for k, a in enumerate(arrays):
                x = in_layout(ag, a, KINDS[1 + k % 2], random.Random(seed + k))
                leaves.append((x.contiguous() if ordered else x.detach()).requires_grad_())
            y = case.call(ag, *leaves)
            grads = ag.autograd.grad((y * y).sum(), leaves, create_graph=True, allow_unused=True)
            grads = [g for g in grads if g is not None]
            total = sum(((g * g).sum() for g in grads), y.sum() * 0.0)
            second = ag.autograd.grad(total, leaves, allow_unused=True)
            found.append([y, *grads, *(g for g in second if g is not None)])
        for k, (a, b) in enumerate(zip(*found, strict=True)):
            assert_same_bits(a, b, f"{case.id} {shape}, {k}")


@pytest.mark.parametrize("n", [3, LARGE])
def test_gradients_lie_as_their_leaf(n: int) -> None:
    rows, columns = (n, 1), (1, n)
    x = matrix(n, n).t().detach().requires_grad_()
    w = matrix(n, n)
    (x * 2).sum().backward()
    assert x.grad.stride() == columns
    (x.t() * w).sum().backward()
    assert x.grad.stride() == columns
    assert_same_bits(x.grad, w.t() + 2.0)
    x.grad = None
    (w * x).exp().sum().backward()
    assert x.grad.stride() == columns
    x.grad = ag.zeros(n, n)  # what is there stays there
    memory = x.grad.data_ptr()
    (w * x).sum().backward()
    assert x.grad.stride() == rows and x.grad.data_ptr() == memory
    assert_same_bits(x.grad, w)
    gaps = matrix(n, 2 * n)[:, ::2].t().detach().requires_grad_()
    (gaps * 2).sum().backward()
    assert gaps.grad.stride() == rows
    y = x * 2
    y.retain_grad()
    y.square().sum().backward()
    assert y.stride() == columns and y.grad.stride() == rows


def test_a_gradient_is_not_copied_if_it_lies_right() -> None:
    x = matrix(LARGE, LARGE).t().detach().requires_grad_()
    ag.reset_peak_memory_stats()
    before = ag.memory_allocated()
    x.t().mul(3.0).backward(matrix(LARGE, LARGE))
    assert x.grad.stride() == (1, LARGE)
    size = 8 * LARGE * LARGE
    assert ag.memory_allocated() - before < 1.5 * size


def test_gradients_that_are_added_up() -> None:
    """Of several uses, each in an order of its own."""
    for n in (4, 30):
        a = np.random.default_rng(n).uniform(0.5, 1.5, (n, n, n))
        found = []
        for order in ((2, 0, 1), (0, 1, 2)):
            inverse = [order.index(d) for d in range(3)]
            x = ag.tensor(a.transpose(order).copy()).permute(inverse).detach().requires_grad_()
            parts = [x.permute(2, 1, 0) * x, x.exp(), x.permute(1, 0, 2).sqrt(), x[:1] * x]
            sum((p.sum() for p in parts), x.sum()).backward()
            assert x.grad.stride() == x.stride()
            found.append(x.grad)
        assert_same_bits(*found)


# ---- sums ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 7, 3), (24, 30, 21), (3, 150, 40)])
def test_sums_keep_the_logical_order(shape: tuple[int, ...]) -> None:
    a = np.random.default_rng(1).normal(size=shape) * 10.0 ** np.arange(-8, 8)[3]
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1), (2, 0, 1), (1, 0, 2)):
        x = ag.tensor(a.transpose(order).copy()).permute([order.index(d) for d in range(3)])
        for dim in (None, 0, 1, 2, (0, 1), (1, 2), (0, 2), (0, 1, 2)):
            for keepdim in (False, True):
                got = (x * 1.1).sum(dim, keepdim=keepdim) if dim is not None else (x * 1.1).sum()
                plain = ag.tensor(a) * 1.1
                want = plain.sum(dim, keepdim=keepdim) if dim is not None else plain.sum()
                assert_same_bits(got, want, f"{order} {dim}")
                assert got.is_contiguous()
        assert_same_bits((x * 1.1).mean(1), (ag.tensor(a) * 1.1).mean(1))


@fused_only
def test_sums_that_go_along_memory_are_part_of_the_program() -> None:
    x = matrix(LARGE, LARGE).t()
    assert "sum(" in ag.explain((x * 2.0).sum(0))
    assert "of columns" in ag.explain((x * 2.0).sum(1))
    assert "across memory" in ag.explain((x * 2.0).sum())


@fused_only
@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
def test_a_sum_across_memory_waits_until_it_is_read(order: tuple[int, ...]) -> None:
    a = np.random.default_rng(5).normal(size=(30, 21, 24)) * 10.0 ** np.arange(-12, 12)
    x = ag.tensor(a).permute(order).detach().requires_grad_()
    expected = ag.tensor(np.ascontiguousarray(a.transpose(order)) * 3.0)
    product = x * 3.0
    total, mean, kept = product.sum(), product.mean(), product.sum((0, 1, 2), keepdim=True)
    ag.autograd.backward((total, mean))
    assert x.grad is not None and x.grad.stride() == x.stride()
    assert np.allclose(x.grad.numpy(), 3.0 + 3.0 / a.size, rtol=1e-15)
    for pending in (total, kept):
        assert "across memory -> stored" in ag.explain(pending)
    with ag.no_grad():
        x.zero_()  # what was to be read of x is read first
    assert_same_bits(total, expected.sum(), "sum")
    assert_same_bits(mean, expected.mean(), "mean")
    assert_same_bits(kept, expected.sum((0, 1, 2), keepdim=True), "kept")
    assert_same_bits(product, expected, "what was summed")


@fused_only
def test_sums_across_memory_of_one_value_and_of_values_that_are_held() -> None:
    x = matrix(LARGE, LARGE).t()
    sums = [(x * float(k)).sum() for k in range(12)]  # more than may wait
    held = x + 1.0
    first = held.sum()
    assert held[0, 0].item() == x[0, 0].item() + 1.0
    plain = x.contiguous()
    assert_same_bits(first, (plain + 1.0).sum(), "of a value that was stored since")
    for k, total in enumerate(sums):
        assert_same_bits(total, (plain * float(k)).sum(), f"times {k}")
    grad = ag.zeros(())
    grad.add_((x * 2.0).sum())
    assert_same_bits(grad, (plain * 2.0).sum(), "into memory that is there")


# ---- writes in place -----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, LARGE])
def test_writes_in_place_go_along_memory(n: int) -> None:
    x, w = matrix(n, n).t().clone(), matrix(n, n)
    memory, expected = x.data_ptr(), values(x)
    x.mul_(2.0)
    x += w
    x -= w.t() * 0.5
    x.sqrt_()
    expected = np.sqrt(expected * 2.0 + w.numpy() - w.numpy().T * 0.5)
    assert x.stride() == (1, n) and x.data_ptr() == memory
    assert_same_bits(x, expected)
    x.copy_(w)
    assert_same_bits(x, w)
    x.fill_(3.0)
    assert_same_bits(x, np.full((n, n), 3.0))
    assert x.stride() == (1, n) and x.data_ptr() == memory


@fused_only
def test_writes_in_place_pend_in_any_order() -> None:
    x = matrix(LARGE, LARGE).t().clone()
    x.data_ptr()
    before = values(x)
    x -= (x * 0.1) * 2.0
    assert "program" in ag.explain(x)
    assert_same_bits(x, before - before * 0.1 * 2.0)


def test_recorded_writes_in_place() -> None:
    for n in (3, LARGE):
        w, found = matrix(n, n), []
        for make in (lambda a: a.t().clone().t().detach(), lambda a: a.clone()):
            x = make(w).requires_grad_()
            y = x * 1.5
            y.mul_(x)
            y.exp_()
            y[0].mul_(2.0)
            y.t()[1:].add_(x.t()[:-1])
            y.sum().backward()
            found.append((y, x.grad))
        for a, b in zip(*found, strict=True):
            assert_same_bits(a, b)


# ---- programs ------------------------------------------------------------------------------------


def program_bits(threads: int) -> list[str]:
    """What programs over all layouts compute, with operands as they are and row-major ones."""
    ag.set_num_threads(threads)
    seen = []
    for seed in range(40):
        for rows in (False, True):
            leaves, made = Program(f"bits {seed}", large=seed % 2 == 0).run(ag, rows)
            sum(t.sum() for t in made).backward()
            grads = [x.grad for x in leaves if x.grad is not None]
            seen.append([values(t).tobytes("C") for t in [*made, *grads]])
        assert seen[-1] == seen[-2], f"seed {seed}, {threads} threads"
    return [f"{zlib.crc32(b''.join(results)):08x}" for results in seen]


ELSEWHERE = """
    import sys
    sys.path.insert(0, ".")
    from test_layouts import program_bits
    import json
    print(json.dumps(program_bits(1)))
"""


def test_bits_are_the_same_however_they_are_computed() -> None:
    at_once = run_python(ELSEWHERE, PYAUTOGRAD_FUSE="0")
    assert program_bits(1) == at_once
    assert program_bits(2) == at_once


def test_layouts_of_the_helper() -> None:
    """What these tests stand on: the kinds are what they say."""
    a = np.arange(24.0).reshape(2, 3, 4)
    assert in_layout(ag, a, "Fortran", random.Random(0)).stride() == (1, 2, 6)
    assert in_layout(ag, a, "row-major", random.Random(0)).is_contiguous()
    seen = {strides(in_layout(ag, a, "permuted", random.Random(i))) for i in range(60)}
    assert len(seen) == 6
    assert any(0 in strides(in_layout(ag, a, "repeated", random.Random(i))) for i in range(9))
    assert_same_bits(in_layout(ag, a, "gaps", random.Random(1)), a)
