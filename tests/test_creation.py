# SPDX-License-Identifier: MIT
"""Making tensors: from data, from NumPy, filled, in steps, at random."""

from __future__ import annotations

import gc
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import NUMPY, assert_same_bits, values

# ---- tensor --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (1.5, ()),
        (3, ()),
        (True, ()),
        ([], (0,)),
        ([[]], (1, 0)),
        ([[], []], (2, 0)),
        ([1, 2, 3], (3,)),
        ((1.0, 2), (2,)),
        ([True, False], (2,)),
        ([[1, 2], (3, 4)], (2, 2)),
        ([[[1.0]]], (1, 1, 1)),
        (range(4), (4,)),
        (np.float32(0.1), ()),
        (np.int64(7), ()),
        (np.arange(6).reshape(2, 3), (2, 3)),
        (np.float32([0.1, 0.2]), (2,)),
        (np.array([True, False]), (2,)),
        ([np.float64(1.5), 2], (2,)),
        ([np.array([1.0, 2.0]), np.array([3.0, 4.0])], (2, 2)),
    ],
)
def test_tensor(data: Any, shape: tuple[int, ...]) -> None:
    x = ag.tensor(data)
    assert tuple(x.shape) == shape
    assert np.array_equal(values(x), np.asarray(data, dtype=np.float64).reshape(shape))
    assert x.is_leaf and not x.requires_grad and x.is_contiguous()


def test_tensor_of_tensors() -> None:
    assert ag.tensor([ag.tensor(1.0), ag.tensor(2.0)]).tolist() == [1.0, 2.0]


def test_tensor_copies() -> None:
    a = np.array([1.0, 2.0])
    x = ag.tensor(a)
    a[0] = 9
    assert x.tolist() == [1.0, 2.0]


def test_special_numbers() -> None:
    data = [math.nan, math.inf, -math.inf, -0.0, 5e-324]
    assert_same_bits(ag.tensor(data), np.array(data))


def test_tensor_of_strided_arrays() -> None:
    a = np.arange(12.0).reshape(3, 4)
    for view in (a.T, a[:, ::2], a[::-1], np.broadcast_to(a[0], (2, 4)), a.astype(">f8")):
        assert np.array_equal(values(ag.tensor(view)), view)


def test_requires_grad_and_integers() -> None:
    assert ag.tensor([1.0], requires_grad=True).requires_grad
    assert not ag.tensor([1], requires_grad=False).requires_grad
    assert ag.tensor(1.0, requires_grad=True).is_leaf
    for integers in ([1, 2], 1, True, np.arange(3), [[1], [2]]):
        with pytest.raises(RuntimeError, match="Only Tensors of floating point"):
            ag.tensor(integers, requires_grad=True)
    assert ag.tensor([1, 2.0], requires_grad=True).requires_grad
    assert ag.tensor(np.float32([1, 2]), requires_grad=True).requires_grad


def test_ragged_and_wrong_data() -> None:
    with pytest.raises(ValueError, match=r"expected sequence of length 1 at dim 1 \(got 2\)"):
        ag.tensor([[1.0], [1.0, 2.0]])
    for wrong in ("abc", None, ["a"], [None], {"a": 1}, [1, [2]], 1j, np.array(["a"]), object()):
        with pytest.raises((TypeError, ValueError, RuntimeError)):
            ag.tensor(wrong)


class Sequence:
    """Says that it has so many elements, and has other ones."""

    def __init__(self, length: int, items: list[Any]) -> None:
        self.length, self.items = length, items

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


NO_DATA: list[tuple[Any, type[Exception], str]] = [
    ([[1.0], 2.0], TypeError, "expected a sequence of length 1 at dim 1 (got float)"),
    ([1.0, [2.0]], TypeError, "expected a number at dim 1 (got list)"),
    ([1.0, "a"], ValueError, "too many dimensions 'str'"),
    ([1.0, None], RuntimeError, "Could not infer dtype of NoneType"),
    ({1: 2}, RuntimeError, "Could not infer dtype of dict"),
    ("abc", TypeError, "new(): invalid data type 'str'"),
    (
        [ag.ones(2), ag.ones(3)],
        ValueError,
        "expected shape (2,) at dim 1 (got pyautograd.Size([3]))",
    ),
    ([np.ones(2), np.ones((2, 1))], ValueError, "expected shape (2,) at dim 1 (got (2, 1))"),
    (
        [np.ones(2), np.array([1j, 1j])],
        TypeError,
        "can't convert np.ndarray of type complex128: only real numbers and bools are taken",
    ),
    ([np.zeros((1,) * 32)], ValueError, "too many dimensions: at most 32 are supported"),
    ([ag.zeros((1,) * 32)], ValueError, "too many dimensions: at most 32 are supported"),
    (Sequence(3, [1.0, 2.0]), ValueError, "expected sequence of length 3 at dim 0 (got 2)"),
    (Sequence(2, [1.0, 2.0, 3.0]), ValueError, "expected sequence of length 2 at dim 0 (got 3)"),
]
if NUMPY >= 2:  # before, NumPy has no such arrays itself
    NO_DATA.append((np.zeros((1,) * 33), ValueError, "at most 32 dimensions are supported, got 33"))


@pytest.mark.parametrize(("data", "error", "text"), NO_DATA, ids=[text for _, _, text in NO_DATA])
def test_data_that_is_none(data: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        ag.tensor(data)
    assert str(caught.value) == text


def test_sequences_of_any_type() -> None:
    assert str(ag.tensor(Sequence(2, [1, 2])).tolist()) == "[1, 2]"
    assert str(ag.tensor(range(3)).tolist()) == "[0, 1, 2]"
    assert str(ag.tensor(Sequence(2, [1.0, 2])).tolist()) == "[1.0, 2.0]"
    assert ag.tensor(np.arange(4, dtype=">f8")).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert ag.Tensor(np.int64(3)).shape == (3,)
    assert ag.Tensor(np.arange(2)).tolist() == [0.0, 1.0]
    assert ag.Tensor().shape == (0,)


def test_large_numbers_of_python() -> None:
    most = 2**53
    for data in (most, -most, [most], np.array([most]), np.array([most], np.uint64)):
        x = ag.tensor(data)
        assert x.dtype is ag.int64 and abs(int(x)) == most
    for large in (most + 1, -most - 1, 2**63, 2**70, 10**400):
        for data in (large, [1, large], [True, [large]][1:]):
            with pytest.raises(OverflowError):
                ag.tensor(data)
    # float64 rounds them, alone or beside a float.
    assert ag.tensor(2**70, dtype=ag.float64).item() == 2.0**70
    assert ag.tensor([2**70, 0.5]).tolist() == [2.0**70, 0.5]
    assert ag.tensor([2**70, 0], dtype=ag.bool).tolist() == [True, False]
    for kind in (ag.float64, ag.int64, None):
        with pytest.raises(OverflowError):
            ag.tensor(10**400, dtype=kind)


@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.longlong, np.ulonglong, ">i8", "<u8"])
def test_large_integers_of_arrays(kind: Any) -> None:
    """They are looked at as integers: as float64, 2 ** 53 + 1 is 2 ** 53."""
    fits = np.array([[0, 2**53], [7, 2**53 - 1]], dtype=kind)
    for array in (fits, fits.T, fits[:, ::-1]):
        assert ag.tensor(array).dtype is ag.int64 and ag.tensor(array).tolist() == array.tolist()
    beyond = fits + np.array(1, dtype=kind)
    for data in (beyond, beyond.T, beyond[0], [beyond], [fits, beyond]):
        for make in (ag.tensor, ag.as_tensor, ag.asarray):
            with pytest.raises(OverflowError, match=r"integers up to 2 \*\* 53"):
                make(data)
    if np.dtype(kind).kind == "i":
        with pytest.raises(OverflowError):
            ag.tensor(-beyond)
    # float64 rounds them, alone or beside a float; of a bool only whether it is 0 counts.
    assert ag.tensor(beyond, dtype=ag.float64).tolist() == beyond.astype(float).tolist()
    assert ag.as_tensor(beyond, dtype=float).tolist() == beyond.astype(float).tolist()
    assert ag.tensor([beyond[0], np.array([0.5, 1.5])])[0, 1].item() == 2.0**53
    assert ag.tensor(beyond - np.array(1, dtype=kind), dtype=bool).tolist() == [
        [False, True],
        [True, True],
    ]
    assert ag.tensor(beyond, dtype=bool).all()


def test_deep_and_long_lists() -> None:
    nested: Any = 1.0
    for _ in range(20):
        nested = [nested]
    assert ag.tensor(nested).ndim == 20
    x = ag.tensor([[float(i * 10 + j) for j in range(10)] for i in range(1000)])
    assert np.array_equal(values(x), np.arange(10000.0).reshape(1000, 10))


def test_a_list_that_contains_itself() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises((ValueError, RecursionError, RuntimeError)):
        ag.tensor(endless)


# ---- from_numpy, as_tensor -----------------------------------------------------------------------


def test_from_numpy_shares_memory() -> None:
    a = np.arange(6.0).reshape(2, 3)
    x = ag.from_numpy(a)
    a[0, 0] = 50
    assert x[0, 0].item() == 50
    x.mul_(2)
    assert a[1].tolist() == [6, 8, 10]


@pytest.mark.parametrize("size", [3, 100, 100_000])
def test_from_numpy_is_read_when_it_is_used(size: int) -> None:
    """What is computed from shared memory is of the values it held then."""
    a = np.ones(size)
    y = ag.from_numpy(a) * 2
    z = ag.from_numpy(a).requires_grad_().exp()
    a[:] = 7
    assert np.all(values(y) == 2) and np.all(values(z) == pytest.approx(math.e))


def test_from_numpy_of_views() -> None:
    a = np.arange(12.0).reshape(3, 4)
    for view in (a.T, a[1:, ::2], a[1], a[:0], np.array(3.0), a[None]):
        x = ag.from_numpy(view)
        assert tuple(x.shape) == view.shape and np.array_equal(values(x), view)
    ag.from_numpy(a[:, 1]).fill_(0)
    assert a[:, 1].tolist() == [0, 0, 0] and a[:, 2].tolist() == [2, 6, 10]


def test_from_numpy_keeps_the_memory_alive() -> None:
    x = ag.from_numpy(np.full(1000, 3.0))
    gc.collect()
    np.full(1000, 4.0)
    assert np.all(values(x) == 3.0)


def test_from_numpy_and_back_is_the_same_memory() -> None:
    a = np.arange(3.0)
    b = ag.from_numpy(a).numpy()
    assert np.shares_memory(a, b)


def test_from_numpy_refuses() -> None:
    with pytest.raises(TypeError, match=r"expected np.ndarray \(got list\)"):
        ag.from_numpy([1.0])
    with pytest.raises(
        ValueError, match="At least one stride in the given numpy array is negative"
    ):
        ag.from_numpy(np.arange(3.0)[::-1])
    with pytest.raises((TypeError, ValueError)):
        ag.from_numpy(np.array(["a"]))


def test_as_tensor() -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    assert ag.as_tensor(x) is x
    a = np.arange(3.0)
    ag.as_tensor(a).add_(1)
    assert a.tolist() == [1, 2, 3]
    assert ag.as_tensor([1, 2]).tolist() == [1.0, 2.0]
    assert ag.as_tensor(np.arange(3)).tolist() == [0.0, 1.0, 2.0]
    assert ag.as_tensor(2.5).item() == 2.5


# ---- filled --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [("zeros", 0.0), ("ones", 1.0)])
def test_zeros_and_ones(name: str, value: float) -> None:
    make = getattr(ag, name)
    for x in (make(2, 3), make((2, 3)), make([2, 3]), make(ag.empty(2, 3).shape)):
        assert tuple(x.shape) == (2, 3) and np.all(values(x) == value)
    assert make(()).item() == value and make([]).item() == value
    assert make(0).tolist() == [] and tuple(make(3, 0).shape) == (3, 0)
    assert make(np.int64(2)).tolist() == [value] * 2
    assert make(2, requires_grad=True).requires_grad
    assert np.all(values(make(100_000)) == value)


def test_full() -> None:
    assert ag.full((2, 2), 7).tolist() == [[7, 7], [7, 7]]
    assert ag.full([2], math.inf).tolist() == [math.inf] * 2
    assert ag.full((), 1.5).item() == 1.5
    assert ag.full(size=(2,), fill_value=0.5, requires_grad=True).requires_grad


def test_empty() -> None:
    assert tuple(ag.empty(2, 3).shape) == (2, 3)
    assert ag.empty((4,), requires_grad=True).requires_grad
    assert ag.empty(0).numel() == 0


@pytest.mark.parametrize(
    "name", ["zeros_like", "ones_like", "empty_like", "rand_like", "randn_like", "full_like"]
)
def test_like(name: str) -> None:
    x = ag.tensor(np.ones((2, 3)), requires_grad=True)
    extra = (4.0,) if name == "full_like" else ()
    y = getattr(ag, name)(x, *extra)
    assert tuple(y.shape) == (2, 3) and y.is_leaf and not y.requires_grad
    assert getattr(ag, name)(x, *extra, requires_grad=True).requires_grad
    if name in ("zeros_like", "ones_like", "full_like"):
        expected = {"zeros_like": 0.0, "ones_like": 1.0, "full_like": 4.0}[name]
        assert np.all(values(y) == expected)
    strided = ag.ones(3, 2).t()
    assert tuple(getattr(ag, name)(strided, *extra).shape) == (2, 3)


def test_eye() -> None:
    for args in ((3,), (2, 4), (4, 2), (0,), (1, 0)):
        assert np.array_equal(values(ag.eye(*args)), np.eye(*args))
    assert ag.eye(2, requires_grad=True).requires_grad


# ---- in steps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        (5,),
        (0,),
        (2.5,),
        (2, 8),
        (0, 1, 0.1),
        (1, 0, -0.25),
        (0, 10, 3),
        (1, 1),
        (-3, 3),
        (0.1, 1000, 0.37),
        (5, 0, -2),
    ],
)
def test_arange(args: tuple[float, ...]) -> None:
    x = ag.arange(*args)
    expected = np.arange(*args, dtype=np.float64)
    assert tuple(x.shape) == expected.shape
    start, step = (args[0] if len(args) > 1 else 0, args[2] if len(args) > 2 else 1)
    # Each element on its own: rounding does not grow along the way.
    assert np.allclose(values(x), start + np.arange(len(expected)) * step, rtol=1e-15, atol=0)


def test_arange_arguments() -> None:
    assert ag.arange(start=1, end=3).tolist() == [1, 2]
    assert ag.arange(1, 7, step=2).tolist() == [1, 3, 5]
    assert ag.arange(end=2).tolist() == [0, 1]
    assert ag.arange(3.0, requires_grad=True).requires_grad
    with pytest.raises(RuntimeError, match="step must be nonzero"):
        ag.arange(0, 1, 0)
    with pytest.raises(RuntimeError, match="upper bound and lower bound inconsistent with step"):
        ag.arange(1, 0)
    for wrong in ((math.nan,), (0, math.inf), (0, 1, math.nan)):
        with pytest.raises(RuntimeError):
            ag.arange(*wrong)


@pytest.mark.parametrize(
    "args", [(5, 4.5, 1), (0, -0.5), (-0.5, -1), (0, 0.5, -1), (3, 2.9999, 1e-3), (0, -1, math.inf)]
)
def test_arange_against_its_step(args: tuple[float, ...]) -> None:
    """However small the wrong way is: less than one step rounds to no element."""
    with pytest.raises(RuntimeError, match="upper bound and lower bound inconsistent with step"):
        ag.arange(*args)


@pytest.mark.parametrize(
    ("args", "count"),
    [
        ((-1e308, 1e308, 1e308), 2),
        ((-1e308, 1e308, 9e307), 3),
        ((1.7e308, -1.7e308, -3e307), 12),
        ((-1.7e308, 1.7e308, 1.5e308), 3),
    ],
)
def test_arange_across_the_range_of_numbers(args: tuple[float, ...], count: int) -> None:
    start, _, step = (Fraction(arg) for arg in args)
    x = ag.arange(*args).tolist()
    assert len(x) == count
    for i, value in enumerate(x):
        exact = start + i * step
        assert abs(Fraction(value) - exact) <= 2 * Fraction(math.ulp(max(map(abs, args))))
    with pytest.raises(RuntimeError, match="do not fit"):
        ag.arange(-1e308, 1e308, 1.0)


@pytest.mark.parametrize(
    ("start", "end", "steps"),
    [(0, 1, 5), (1, -1, 7), (3, 3, 4), (0, 1, 1), (2, 5, 0), (-1, 1, 1001)],
)
def test_linspace(start: float, end: float, steps: int) -> None:
    x = values(ag.linspace(start, end, steps))
    assert np.allclose(x, np.linspace(start, end, steps), rtol=1e-15, atol=1e-15)
    if steps > 1:
        assert x[0] == start and x[-1] == end


@pytest.mark.parametrize("steps", [2, 3, 4, 5, 8, 101])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (-1e308, 1e308),
        (1e308, -1e308),
        (-1.7976931348623157e308, 1.7976931348623157e308),
        (-1.7e308, 1.2e307),
        (-1e308, 8e307),
        (0.0, 1.7976931348623157e308),
        (-5e-324, 1e-323),
    ],
)
def test_linspace_across_the_range_of_numbers(start: float, end: float, steps: int) -> None:
    x = ag.linspace(start, end, steps).tolist()
    assert x[0] == start and x[-1] == end
    assert ag.linspace(-start, -end, steps).tolist() == [-value for value in x]
    if start == -end:
        assert x == [-value for value in x[::-1]]
    unit = Fraction(math.ulp(max(abs(start), abs(end))))
    for i, value in enumerate(x):
        exact = Fraction(start) + (Fraction(end) - Fraction(start)) * Fraction(i, steps - 1)
        assert abs(Fraction(value) - exact) <= 2 * unit


def test_linspace_arguments() -> None:
    assert ag.linspace(start=0, end=1, steps=3).tolist() == [0.0, 0.5, 1.0]
    assert ag.linspace(0, 1, 3, requires_grad=True).requires_grad
    with pytest.raises(RuntimeError, match="number of steps must be non-negative"):
        ag.linspace(0, 1, -1)


# ---- at random -----------------------------------------------------------------------------------


def test_rand() -> None:
    ag.manual_seed(1)
    x = values(ag.rand(100_000))
    assert x.min() >= 0 and x.max() < 1
    assert abs(x.mean() - 0.5) < 0.005 and abs(x.var() - 1 / 12) < 0.002
    assert len(np.unique(x)) > 99_990, "as fine as the doubles are"
    counts = np.histogram(x, bins=20, range=(0, 1))[0]
    assert np.all(np.abs(counts - 5000) < 400)
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.02


def test_randn() -> None:
    ag.manual_seed(2)
    x = values(ag.randn(100_001))
    assert np.isfinite(x).all()
    assert abs(x.mean()) < 0.02 and abs(x.var() - 1) < 0.03
    assert abs((x**3).mean()) < 0.06 and abs((x**4).mean() - 3) < 0.2
    assert 3.5 < np.abs(x).max() < 7
    for at, below in ((-1.0, 0.158655), (0.0, 0.5), (0.5, 0.691462), (2.0, 0.977250)):
        assert abs((x < at).mean() - below) < 0.008
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.02


@pytest.mark.parametrize("name", ["rand", "randn"])
def test_seeds(name: str) -> None:
    make = getattr(ag, name)
    ag.manual_seed(5)
    first, second = values(make(1000)), values(make(1000))
    assert not np.array_equal(first, second)
    ag.manual_seed(5)
    assert_same_bits(make(1000), first)
    assert_same_bits(make(1000), second)
    ag.manual_seed(6)
    assert not np.array_equal(values(make(1000)), first)


def test_shapes_and_arguments_of_random() -> None:
    for make in (ag.rand, ag.randn):
        assert tuple(make(2, 3).shape) == (2, 3) and tuple(make((2, 3)).shape) == (2, 3)
        assert make(()).ndim == 0 and make(0).numel() == 0
        assert make(2, requires_grad=True).requires_grad
    for seed in (0, 1, 2**32, -1, 2**63 - 1):
        ag.manual_seed(seed)
        assert 0 <= ag.rand(1).item() < 1
    with pytest.raises((TypeError, ValueError)):
        ag.manual_seed("a")


# ---- sizes that cannot be ------------------------------------------------------------------------


def test_functions_of_other_arguments_name_themselves_too() -> None:
    with pytest.raises(RuntimeError, match=r"^full: Dimension size must be non-negative"):
        ag.full((2, -1), 1.0)
    for sizes in ((-1,), (2, -3)):
        with pytest.raises(RuntimeError, match=r"^Tensor: Dimension size must be non-negative"):
            ag.Tensor(*sizes)


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "rand", "randn"])
def test_impossible_sizes(name: str) -> None:
    make = getattr(ag, name)
    for wrong in ((-1,), (2, -3)):
        with pytest.raises(RuntimeError, match=rf"^{name}: Dimension size must be non-negative"):
            make(*wrong)
    for wrong_type in ("a", 1.5, None, (1.5,), ("a",)):
        with pytest.raises(TypeError):
            make(wrong_type)
    with pytest.raises((RuntimeError, MemoryError)):
        make(2**62, 8)
    with pytest.raises((RuntimeError, MemoryError)):
        make(2**50)
    with pytest.raises((RuntimeError, OverflowError, TypeError)):
        make(2**70)
    assert make(2**40, 0).numel() == 0
