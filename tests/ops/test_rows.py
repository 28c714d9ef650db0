# SPDX-License-Identifier: MIT
"""Formulas along dimensions at the edges of the numbers: what overflows, cancels, is empty."""

from __future__ import annotations

import math

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, leaf, run_python, values

INF, NAN = math.inf, math.nan


def gradient(y: ag.Tensor, x: ag.Tensor) -> list[float]:
    (g,) = ag.autograd.grad(y.sum(), x)
    return g.tolist()


@pytest.mark.parametrize(
    ("numbers", "result", "shares"),
    [
        ([1000.0, 1000.0], 1000.0 + math.log(2.0), [0.5, 0.5]),
        ([-1000.0, -1000.0], -1000.0 + math.log(2.0), [0.5, 0.5]),
        ([-INF, -INF], -INF, [0.0, 0.0]),
        ([INF, 0.0], INF, [1.0, 0.0]),
        ([INF, INF, -INF], INF, [0.5, 0.5, 0.0]),
        ([-INF, 3.0], 3.0, [0.0, 1.0]),
        ([7.0], 7.0, [1.0]),
    ],
)
def test_logsumexp(numbers: list[float], result: float, shares: list[float]) -> None:
    x = leaf(numbers)
    y = x.logsumexp(0)
    assert y.item() == pytest.approx(result, rel=1e-15)
    assert gradient(y, x) == pytest.approx(shares, rel=1e-15)


def test_logsumexp_of_nan_and_of_nothing() -> None:
    x = leaf([NAN, 1.0])
    y = x.logsumexp(0)
    assert math.isnan(y.item()) and all(map(math.isnan, gradient(y, x)))
    assert ag.zeros(2, 0).logsumexp(1).tolist() == [-INF, -INF]
    assert ag.zeros(0, 2).logsumexp(1).shape == (0,)
    assert ag.tensor(3.0).logsumexp(0).item() == 3.0


@pytest.mark.parametrize("order", [1, 2])
def test_logsumexp_has_softmax_as_its_gradient(order: int) -> None:
    x = leaf(np.linspace(-3.0, 3.0, 12).reshape(3, 4))
    (g,) = ag.autograd.grad(x.logsumexp(1).sum(), x, create_graph=True)
    assert np.allclose(values(g), values(x.softmax(1)), rtol=1e-14, atol=0.0)
    if order == 2:
        weights = ag.arange(12.0).view(3, 4)
        (h,) = ag.autograd.grad((g * weights).sum(), x)
        (right,) = ag.autograd.grad((x.softmax(1) * weights).sum(), x)
        assert np.allclose(values(h), values(right), rtol=1e-12, atol=1e-15)


def test_softmax() -> None:
    x = leaf([[0.0, 1000.0], [-1000.0, -1000.0]])
    assert x.softmax(1).tolist() == [[0.0, 1.0], [0.5, 0.5]]
    assert x.log_softmax(1).tolist() == [[-1000.0, 0.0], [-math.log(2.0), -math.log(2.0)]]
    assert ag.zeros(2, 0).softmax(1).shape == (2, 0)
    assert ag.tensor(3.0).softmax(0).item() == 1.0
    assert all(map(math.isnan, ag.tensor([-INF, -INF]).softmax(0).tolist()))


def test_spread_of_large_numbers_cancels_nothing() -> None:
    x = leaf([1e9, 1e9 + 1.0, 1e9 + 2.0])
    assert (x.var().item(), x.std().item()) == (1.0, 1.0)
    assert gradient(x.var(), x) == [-1.0, 0.0, 1.0]


def test_equal_numbers_have_no_spread_and_no_gradient() -> None:
    x = leaf([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]])
    y = x.std(1)
    assert y.tolist() == [0.0, 1.0]
    assert gradient(y, x) == [[0.0, 0.0, 0.0], [-0.5, 0.0, 0.5]]


def test_too_few_numbers_are_warned_of() -> None:
    x = ag.tensor([[1.0], [2.0]])
    for call in (
        lambda: x.var(1),
        lambda: x.std(1, True),
        lambda: ag.var(x, 1, unbiased=True),
        lambda: ag.var_mean(x, 1)[0],
        lambda: ag.zeros(0).std(),
    ):
        with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
            assert np.isnan(call().numpy()).all()
    assert x.var(1, unbiased=False).tolist() == [0.0, 0.0]
    assert ag.zeros(0, 3).var(1).shape == (0,)


def test_parts_of_a_dimension() -> None:
    x = ag.arange(7.0)
    assert [p.tolist() for p in x.chunk(3)] == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0]]
    assert [len(p) for p in ag.arange(5.0).chunk(4)] == [2, 2, 1]
    assert [p.shape for p in ag.zeros(0, 2).chunk(3)] == [(0, 2)] * 3
    assert [p.shape for p in ag.zeros(0, 2).split(4)] == [(0, 2)]
    assert [p.tolist() for p in x.split([0, 7])] == [[], x.tolist()]
    many = ag.arange(100.0).split([1] * 100)
    assert len(many) == 100 and many[99].tolist() == [99.0]
    assert all(p.data_ptr() == x.data_ptr() + 24 * k for k, p in enumerate(x.split(3)))


def test_parts_of_nothing_have_gradients() -> None:
    for x, parts in ((leaf([]), [0, 0]), (leaf([[], []]), [2, 0])):
        split = x.split(parts)
        sum((p.sum() for p in split), ag.zeros(())).backward()
        assert x.grad.shape == x.shape
    y = leaf([1.0, 2.0])
    y.split([0, 2])[0].sum().backward()
    assert y.grad.tolist() == [0.0, 0.0]


def test_parts_in_place() -> None:
    x = ag.arange(4.0)
    x.split(2)[1].mul_(10.0)
    assert x.tolist() == [0.0, 1.0, 20.0, 30.0]
    first, _ = leaf([1.0, 2.0]).mul(1.0).split(1)
    with pytest.raises(RuntimeError, match="returns multiple views"):
        first.mul_(2.0)


def test_extremes_as_a_named_tuple() -> None:
    both = ag.aminmax(ag.tensor([[3.0, 1.0], [2.0, 5.0]]), dim=1)
    low, high = both
    assert both.min is low and both.max is high
    assert (low.tolist(), high.tolist()) == ([1.0, 2.0], [3.0, 5.0])
    assert isinstance(both, tuple) and type(both) is ag.return_types.aminmax
    assert repr(both) == (
        "pyautograd.return_types.aminmax(\nmin=tensor([1., 2.]),\nmax=tensor([3., 5.]))"
    )


def test_rounded_quotients_in_place() -> None:
    x = leaf([7.0, -7.0])
    y = x * 1.0
    assert y.div_(2.0, rounding_mode="floor") is y
    (y * x).sum().backward()
    assert y.tolist() == [3.0, -4.0] and x.grad.tolist() == [3.0, -4.0]
    z = ag.tensor([[7.0], [-7.0]])
    assert z.expand(2, 1).div(ag.tensor([2.0, 4.0]), rounding_mode="trunc").tolist() == [
        [3.0, 1.0],
        [-3.0, -1.0],
    ]
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        z.div_(ag.ones(2, 2), rounding_mode="trunc")


@pytest.mark.parametrize("size", [5, 20_000])
def test_formulas_of_what_pends_and_of_strides(size: int) -> None:
    numbers = np.linspace(-2.0, 2.0, 3 * size).reshape(size, 3)
    x = leaf(numbers)
    y = (x * 2.0).t()
    e = np.exp(2.0 * numbers.T)
    assert np.allclose(values(y.logsumexp(0)), np.log(e.sum(0)), rtol=1e-14)
    assert np.allclose(values(y.softmax(1)), e / e.sum(1, keepdims=True), rtol=1e-12)
    assert np.allclose(values(y.var(1)), (2.0 * numbers.T).var(1, ddof=1), rtol=1e-12)
    y.softmax(0).square().sum().backward()
    assert np.isfinite(values(x.grad)).all()


ROW_SHAPES = [(0, 4), (1, 5), (3, 1), (10, 300), (129, 17), (300, 37), (1100, 130), (40, 4000)]


@pytest.mark.parametrize("shape", ROW_SHAPES)
def test_layer_norm_in_one_pass_is_that_of_its_parts(shape: tuple[int, int]) -> None:
    """All gradients are computed together where nothing is recorded, to the same bits."""
    rng = np.random.default_rng(3)
    x, w, b = (leaf(rng.normal(size=each)) for each in (shape, shape[1:], shape[1:]))
    g = ag.tensor(rng.normal(size=shape))
    y = ag.nn.functional.layer_norm(x, shape[1:], w, b)
    plain = ag.nn.functional.layer_norm(x, shape[1:])
    assert_same_bits(y.detach().numpy(), (plain * w + b).detach().numpy(), "value")
    recorded = ag.autograd.grad(y, (x, w, b), g, create_graph=True)
    for threads in (1, 2):
        before = ag.get_num_threads()
        ag.set_num_threads(threads)
        try:
            found = ag.autograd.grad(y, (x, w, b), g, retain_graph=True)
        finally:
            ag.set_num_threads(before)
        for name, one, other in zip("xwb", found, recorded, strict=True):
            assert_same_bits(one.numpy(), other.detach().numpy(), f"gradient by {name}")


COMPUTE_NORMS = """
    import json
    import numpy as np
    import pyautograd as ag
    rng = np.random.default_rng(3)
    found = []
    for shape in ((10, 300), (129, 17), (300, 37), (3, 4000)):
        sizes = (shape, shape[1:], shape[1:])
        leaves = [ag.tensor(rng.normal(size=each), requires_grad=True) for each in sizes]
        y = ag.nn.functional.layer_norm(leaves[0], shape[1:], *leaves[1:])
        y.backward(ag.tensor(rng.normal(size=shape)))
        found += [each.tolist() for each in (y.detach(), *(x.grad for x in leaves))]
    print(json.dumps(found))
"""


@pytest.mark.parametrize("level", ["avx2", "avx512"])
def test_layer_norm_has_the_same_bits_at_every_level(level: str) -> None:
    base = run_python(COMPUTE_NORMS, PYAUTOGRAD_SIMD="base")
    assert run_python(COMPUTE_NORMS, PYAUTOGRAD_SIMD=level) == base


SOFTMAX_SHAPES = [(9000,), (100, 100), (3, 5000), (2, 40, 130), (140, 64), (20000,), (9000, 1)]


def assert_softmax_is_that_of_its_parts(a: np.ndarray, dim: int, log: bool) -> None:
    """Assert the bits of the value and of the gradient: those of formulas, op by op."""
    x, g = leaf(a), ag.tensor(np.random.default_rng(4).normal(size=a.shape))
    y = x.log_softmax(dim) if log else x.softmax(dim)
    d = x.detach() - x.detach().amax(dim, keepdim=True)
    e = d.exp()
    s = e.sum(dim, keepdim=True)
    assert_same_bits(y.detach().numpy(), (d - s.log() if log else e / s).numpy(), "value")
    (recorded,) = ag.autograd.grad(y, x, g, create_graph=True)
    (found,) = ag.autograd.grad(y, x, g)
    assert_same_bits(found.numpy(), recorded.detach().numpy(), "gradient")


@pytest.mark.parametrize("shape", SOFTMAX_SHAPES)
@pytest.mark.parametrize("log", [False, True])
def test_softmax_of_large_rows_is_that_of_its_parts(shape: tuple[int, ...], log: bool) -> None:
    a = 4.0 * np.random.default_rng(3).normal(size=shape)
    assert_softmax_is_that_of_its_parts(a, -1, log)


FEW_SHAPES = [(1,), (1000,), (10, 10), (3, 2, 5), (2, 500), (500, 2), (7, 1, 8), (4, 128, 2)]


@pytest.mark.parametrize("shape", [*FEW_SHAPES, (1024,), (1025,), (300, 3), (2, 9, 9, 3)])
@pytest.mark.parametrize("log", [False, True])
def test_softmax_of_few_numbers_is_that_of_its_parts(shape: tuple[int, ...], log: bool) -> None:
    a = 4.0 * np.random.default_rng(3).normal(size=shape)
    edges = a.copy()
    for k, edge in enumerate((NAN, INF, -INF, 0.0, -0.0, 1e308, -1e308)):
        edges.flat[k * a.size // 7] = edge
    for dim in range(-len(shape), len(shape)):
        assert_softmax_is_that_of_its_parts(a, dim, log)
        assert_softmax_is_that_of_its_parts(edges, dim, log)


@pytest.mark.parametrize("log", [False, True])
def test_softmax_of_large_rows_at_the_edges(log: bool) -> None:
    a = np.zeros((5, 4000))
    a[0, 7] = NAN
    a[1, 7] = INF
    a[2] = -INF
    a[3, 7] = -INF
    a[4, 7] = 1e308
    x = leaf(a)
    y = x.log_softmax(1) if log else x.softmax(1)
    z = y.detach().exp().numpy() if log else y.detach().numpy()
    assert np.isnan(z[:3]).all()
    assert z[3, 7] == 0.0 and z[3, 0] == pytest.approx(1 / 3999, 1e-12)
    assert z[4, 7] == 1.0 and z[4, 0] == 0.0
    y[3:, 0].sum().backward()
    assert x.grad is not None and np.isfinite(x.grad.numpy()[3:]).all()


@pytest.mark.parametrize("threads", [2, 3])
def test_softmax_of_large_rows_has_the_same_bits_with_any_threads(threads: int) -> None:
    x = leaf(4.0 * np.random.default_rng(0).normal(size=(700, 130)))
    before = ag.get_num_threads()
    found = []
    try:
        for n in (1, threads):
            ag.set_num_threads(n)
            y = x.softmax(1)
            found.append((y.tolist(), ag.autograd.grad(y.square().sum(), x)[0].tolist()))
    finally:
        ag.set_num_threads(before)
    assert found[0] == found[1]
