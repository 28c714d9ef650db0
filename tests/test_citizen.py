# SPDX-License-Identifier: MIT
"""The tensor as a citizen of Python: its protocols, and those of NumPy."""

from __future__ import annotations

import array
import copy
import ctypes
import gc
import importlib.util
import math
import operator
import pickle
import sys
import weakref
from typing import Any, ClassVar

import numpy as np
import pytest

import pyautograd as ag
from support import NUMPY, grad_fn_name, leaf, run_python, values

# ---- numbers -------------------------------------------------------------------------------------


def test_numbers_of_one_element() -> None:
    for x in (ag.tensor(2.5), ag.tensor([2.5]), ag.tensor([[2.5]])):
        assert float(x) == 2.5 and int(x) == 2 and x.item() == 2.5
        assert type(x.item()) is float and type(int(x)) is int
        assert bool(x) and not bool(x - 2.5)
    assert bool(ag.tensor(math.nan)) is True
    assert math.sqrt(ag.tensor(4.0)) == 2.0
    assert int(ag.tensor(-2.9)) == -2
    assert round(float(ag.tensor(2.567)), 1) == 2.6
    with pytest.raises((ValueError, OverflowError)):
        int(ag.tensor(math.nan))
    with pytest.raises((ValueError, OverflowError)):
        int(ag.tensor(math.inf))


def test_tolist() -> None:
    assert ag.tensor([[1, 2], [3, 4]]).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert ag.tensor(1.5).tolist() == 1.5
    assert ag.empty(0).tolist() == [] and ag.empty(2, 0).tolist() == [[], []]
    assert ag.tensor([[1.0, 2.0], [3.0, 4.0]]).t().tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert ag.ones(1).expand(3).tolist() == [1.0] * 3


def test_sizes() -> None:
    x = ag.empty(2, 3, 4)
    assert x.shape == (2, 3, 4) and x.size() == (2, 3, 4) and tuple(x.shape) == (2, 3, 4)
    assert x.size(0) == 2 and x.size(-1) == 4 and x.size(dim=1) == 3
    assert x.dim() == x.ndim == 3 and x.numel() == 24 and len(x) == 2
    assert x.stride() == (12, 4, 1) and x.stride(-1) == 1
    assert isinstance(x.shape, tuple) and x.shape[1:] == (3, 4)
    assert ag.tensor(1.0).shape == () and ag.tensor(1.0).numel() == 1
    assert x.shape.numel() == 24


def test_bytes_and_the_dtype() -> None:
    x = ag.ones(2, 3)
    assert (x.itemsize, x.nbytes, x.element_size()) == (8, 48, 8)
    assert x.dtype is ag.float64 is ag.double
    assert (ag.float64.itemsize, ag.float64.is_floating_point) == (8, True)
    assert pickle.loads(pickle.dumps(ag.float64)) is ag.float64
    for dtype in (None, ag.float64, float, "float64", np.float64, np.dtype("f8")):
        assert ag.zeros(1, dtype=dtype).dtype is ag.float64


def test_which_tensors_are_views() -> None:
    x = ag.ones(2, 3)
    assert not x._is_view() and not x.clone()._is_view()
    assert x[:1]._is_view() and x.t()._is_view() and x.view(6)._is_view()


def test_format() -> None:
    x = ag.tensor(1.23456)
    assert f"{x:.2f}" == "1.23" and f"{x}" == "1.23456" and f"{x:8.3f}|" == "   1.235|"
    assert format(ag.tensor(1.2296897851380213)) == "1.2296897851380213"
    assert f"{ag.tensor([1.0, 2.0])}" == "tensor([1., 2.])"
    assert str(x) == repr(x) == "tensor(1.2346)"


# ---- identity, copies ----------------------------------------------------------------------------


def test_hash_is_identity() -> None:
    x, y = ag.tensor([1.0]), ag.tensor([1.0])
    assert hash(x) == hash(x) and len({x, y}) == 2 and {x: 1}[x] == 1
    x.add_(1)
    assert x in {x: 0}


def test_equality_is_by_element() -> None:
    x = ag.tensor([1.0, 2.0, math.nan])
    equal = x == x
    assert type(equal) is ag.Tensor and equal.dtype is ag.bool
    assert equal.tolist() == [True, True, False]
    assert (x == 2).tolist() == [False, True, False]
    assert (x < 2).tolist() == [True, False, False]
    one = ag.tensor(1.0) == ag.tensor(1.0)
    assert type(one) is ag.Tensor and one.dtype is ag.bool and one.shape == ()
    assert one.item() is True
    assert bool(ag.tensor(1.0) == 1.0)


def test_copy_shares_memory() -> None:
    x = leaf([1.0, 2.0])
    y = copy.copy(x)
    assert y is not x and y.requires_grad
    with ag.no_grad():
        y[0] = 7.0
    assert x.tolist() == [7.0, 2.0]


def test_deepcopy() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    x.sum().backward()
    y = copy.deepcopy(x)
    assert y.requires_grad and y.is_leaf and y.tolist() == x.tolist()
    assert y.grad.tolist() == x.grad.tolist() and y.grad is not x.grad
    with ag.no_grad():
        y.zero_()
    y.grad.zero_()
    assert x.tolist() == [[1, 2], [3, 4]] and x.grad.tolist() == [[1, 1], [1, 1]]
    a, b, c = copy.deepcopy([x, x, [x]])
    assert a is b is c[0] and a is not x
    assert not copy.deepcopy(ag.tensor([1.0])).requires_grad


def test_deepcopy_of_what_shares_memory_shares_memory() -> None:
    x = ag.tensor(np.arange(6.0))
    a, b, c, d = copy.deepcopy([x, x[1:4], x.view(2, 3).t(), x.detach()])
    a[1] = 50.0
    assert b.tolist() == [50.0, 2.0, 3.0] and c.tolist() == [[0, 3], [50, 4], [2, 5]]
    assert d.tolist() == a.tolist() and x.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert c.stride() == (1, 3) and a.is_leaf and b.is_leaf
    assert not (b._is_view() or c._is_view()) and b._version == a._version == 1
    b, a = copy.deepcopy({"view": x[1:4], "x": x}).values()
    b[0] = 7.0
    assert a.tolist() == [0.0, 7.0, 2.0, 3.0, 4.0, 5.0]


def test_deepcopy_of_what_requires_grad_and_what_it_lies_on() -> None:
    p = leaf([1.0, 2.0, 3.0])
    p.grad = ag.zeros(3)
    copies = copy.deepcopy({"p": p, "p as data": p.detach(), "part of grad": p.grad[1:]})
    q, data, part = copies.values()
    data[0], part[0] = 9.0, 5.0
    assert q.tolist() == [9.0, 2.0, 3.0] and q.requires_grad and q.grad.tolist() == [0.0, 5.0, 0.0]
    assert not data.requires_grad and p.tolist() == [1.0, 2.0, 3.0] and p.grad.tolist() == [0.0] * 3
    (q * 2).sum().backward()
    assert part.tolist() == [7.0, 2.0]


def test_deepcopy_of_odd_memory() -> None:
    a = np.arange(4.0)
    x, y = copy.deepcopy([ag.from_numpy(a), ag.from_numpy(a)[1:]])
    x[1] = 8.0  # one tensor over the array and a view of it
    assert y.tolist() == [8.0, 2.0, 3.0] and a.tolist() == [0.0, 1.0, 2.0, 3.0]
    spread = copy.deepcopy(ag.tensor([2.0]).expand(3))
    assert spread.tolist() == [2.0] * 3 and spread.stride() == (0,)
    none = copy.deepcopy(ag.empty(0, 3))
    assert tuple(none.shape) == (0, 3)
    a.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        fixed = ag.from_numpy(a)
    copy.deepcopy(fixed).zero_()
    assert a[1] == 1.0
    with pytest.raises(TypeError, match="argument 'memo' must be dict, not list"):
        fixed.__deepcopy__([])


def test_deepcopy_inside_a_graph_is_refused() -> None:
    y = leaf([1.0]) * 2
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(y)
    assert copy.deepcopy(y.detach()).tolist() == [2.0]


def test_weak_references() -> None:
    x = ag.tensor([1.0])
    gone: list[int] = []
    ref = weakref.ref(x, lambda _: gone.append(1))
    assert ref() is x
    table = weakref.WeakKeyDictionary({x: 1})
    assert table[x] == 1
    del x
    gc.collect()
    assert ref() is None and gone == [1] and len(table) == 0


def test_weak_references_to_nodes() -> None:
    y = leaf([1.0]) * 2
    node = y.grad_fn
    gone: list[Any] = []
    reference = weakref.ref(node, gone.append)
    assert reference() is y.grad_fn
    del node
    assert reference() is None and gone == [reference]
    assert y.grad_fn.name() == "MulBackward0"


def test_a_result_has_its_own_identity() -> None:
    x = leaf([1.0])
    held = {id(x): x}
    for _ in range(1000):
        y = x * 2
        assert id(y) not in held
        held[id(y)] = y
    assert len(held) == 1001


# ---- subclasses ----------------------------------------------------------------------------------


class Angle(ag.Tensor):
    """A subclass with an attribute and a method."""

    unit = "rad"

    def degrees(self) -> Any:
        return self * (180 / math.pi)


def test_subclasses() -> None:
    x = Angle([0.0, math.pi])
    assert isinstance(x, ag.Tensor) and type(x) is Angle
    assert x.degrees().tolist() == [0.0, 180.0]
    assert type(x.sin()) is Angle and type(x + 1) is Angle and type(1 + x) is Angle
    assert type(x[0]) is Angle and type(x.view(2, 1)) is Angle and type(x.sum()) is Angle
    assert type(x * ag.tensor([1.0, 2.0])) is Angle and type(ag.tensor([1.0, 2.0]) * x) is Angle
    x.title = "alpha"
    assert x.title == "alpha" and x.unit == "rad"
    ref = weakref.ref(x)
    x.requires_grad_()
    (x * x).sum().backward()
    assert values(x.grad).tolist() == [0.0, 2 * math.pi]
    del x
    gc.collect()
    assert ref() is None


def test_a_subclass_in_a_cycle_is_collected() -> None:
    x = Angle([1.0])
    x.myself = x
    ref = weakref.ref(x)
    del x
    gc.collect()
    assert ref() is None


def test_copies_of_subclasses() -> None:
    x = Angle([1.0, 2.0])
    x.title = "beta"
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(y) is Angle and y.tolist() == [1.0, 2.0] and y.title == "beta"


def test_subclasses_without_a_dictionary() -> None:
    """`__slots__` leaves nothing to carry; a `__dict__` of another kind is not taken along."""

    class Slim(ag.Tensor):
        __slots__ = ()

    class Odd(ag.Tensor):
        __slots__ = ()

        @property
        def __dict__(self) -> Any:
            return 3

    class Broken(ag.Tensor):
        @property
        def __dict__(self) -> Any:
            raise KeyError("own")

    for kind in (Slim, Odd):
        x = kind([1.0, 2.0])
        for twin in (copy.copy(x), copy.deepcopy(x)):
            assert type(twin) is kind and twin.tolist() == [1.0, 2.0]
    for copied in (copy.copy, copy.deepcopy, lambda x: x.__reduce_ex__(2)):
        with pytest.raises(KeyError, match="own"):
            copied(Broken([1.0]))


def test_deepcopy_keeps_what_it_has_met() -> None:
    x = leaf([1.0])
    twice = copy.deepcopy([x, x])
    assert twice[0] is twice[1] is not x
    memo = {id(x): "known"}
    assert x.__deepcopy__(memo) == "known"


def test_parameters_keep_their_class_through_the_tape() -> None:
    x = Angle([1.0]).requires_grad_()
    node = (x * 2).grad_fn
    assert node.name() == "MulBackward0"
    assert grad_fn_name(x) is None


# ---- NumPy ---------------------------------------------------------------------------------------


def test_numpy_shares_memory() -> None:
    x = ag.tensor(np.arange(6.0).reshape(2, 3))
    a = x.numpy()
    assert a.dtype == np.float64 and a.shape == (2, 3) and a.flags.writeable
    a[0, 0] = 50
    assert x[0, 0].item() == 50
    x.mul_(2)
    assert a[1, 2] == 10
    b = x.t().numpy()
    assert b.strides == (8, 24) and np.shares_memory(a, b)
    assert leaf([1.0]).detach().numpy().tolist() == [1.0]


def test_numpy_keeps_the_memory_alive() -> None:
    a = ag.tensor(np.full(1000, 3.0)).numpy()
    gc.collect()
    ag.tensor(np.full(1000, 4.0))
    assert np.all(a == 3.0)


def test_arrays_from_tensors() -> None:
    x = ag.tensor([1.0, 2.0])
    assert np.shares_memory(np.asarray(x), x.numpy())
    assert not np.shares_memory(np.array(x), x.numpy())
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    assert np.asarray(ag.tensor(2.0)).shape == ()
    assert np.array([x, x]).shape == (2, 2)
    assert np.asarray(ag.empty(0, 3)).shape == (0, 3)
    if NUMPY >= 2:  # before, False means "if it can be"
        with pytest.raises(ValueError, match="copy"):
            np.array(x, dtype=np.float32, copy=False)


def test_the_protocol_of_arrays() -> None:
    x = ag.tensor([1.0, 2.5])
    half = x.__array__(np.dtype("f4"))
    assert half.dtype == np.float32 and half.tolist() == [1.0, 2.5]
    assert not np.shares_memory(x.__array__(copy=True), x.numpy())
    assert np.shares_memory(x.__array__(copy=False), x.numpy())
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        x.__array__(np.dtype("f4"), copy=False)
    wrapped = x.__array_wrap__(np.array([3.0]))
    assert isinstance(wrapped, ag.Tensor) and wrapped.tolist() == [3.0]
    whole = x.__array_wrap__(np.array([3]), None, False)
    assert isinstance(whole, ag.Tensor) and whole.dtype is ag.int64 and whole.tolist() == [3]
    truth = x.__array_wrap__(np.array([True]), None, False)
    assert isinstance(truth, ag.Tensor) and truth.dtype is ag.bool and truth.tolist() == [True]
    for data in (True, 3, 0.5):  # what ufuncs would make a NumPy scalar of, too
        single = x.__array_wrap__(np.array(data), None, True)
        assert isinstance(single, ag.Tensor) and single.shape == () and single.item() == data
    assert isinstance(x.__array_wrap__(np.array([1j]), None, False), np.ndarray)


def test_numpy_functions_read_tensors() -> None:
    x = ag.tensor([1.0, 4.0])
    assert np.sum(np.asarray(x)) == 5.0
    assert np.allclose(x, [1.0, 4.0]) and np.array_equal(x, [1.0, 4.0])
    assert np.mean(x.numpy()) == 2.5


def test_an_array_on_the_left() -> None:
    a, x = np.array([1.0, 2.0]), leaf([3.0, 4.0])
    for result, expected in (
        (a + x, [4.0, 6.0]),
        (a * x, [3.0, 8.0]),
        (a - x, [-2.0, -2.0]),
        (a / x, [1 / 3, 0.5]),
        (x + a, [4.0, 6.0]),
    ):
        assert isinstance(result, ag.Tensor) and result.requires_grad
        assert result.tolist() == expected


def test_comparisons_are_bool_tensors() -> None:
    x = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    mask = x > 1.5
    assert type(mask) is ag.Tensor and mask.dtype is ag.bool and mask.shape == (2, 2)
    assert mask.tolist() == [[False, True], [True, True]]
    assert mask.sum().item() == 3 and mask.any() and not mask.all()
    for other in (x > np.array([1.0, 5.0]), np.array([1.0, 5.0]) < x):
        assert type(other) is ag.Tensor and other.dtype is ag.bool
        assert other.tolist() == [[False, False], [True, False]]


# ---- buffers -------------------------------------------------------------------------------------


def test_buffer_out() -> None:
    x = ag.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    view = memoryview(x)
    assert (view.format, view.itemsize, view.ndim) == ("d", 8, 2)
    assert view.shape == (2, 3) and view.strides == (24, 8) and not view.readonly
    assert view[1, 2] == 6.0 and view.tolist() == x.tolist() and view.nbytes == 48
    view[0, 0] = 9.0
    assert x[0, 0].item() == 9.0
    assert memoryview(x.t()).strides == (8, 24)
    assert bytes(ag.tensor([1.0])) == np.float64(1.0).tobytes()
    assert np.frombuffer(ag.tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert memoryview(ag.tensor(2.0)).ndim == 0
    view.release()


class Buffer(ctypes.Structure):
    """CPython's Py_buffer."""

    _fields_: ClassVar = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)),
        ("internal", ctypes.c_void_p),
    ]


SIMPLE, WRITABLE, FORMAT, ND, STRIDES = 0, 1, 4, 8, 16 | 8
C, FORTRAN, ANY = 32 | STRIDES, 64 | STRIDES, 128 | STRIDES


def ask(x: Any, flags: int) -> tuple[Any, ...]:
    """Format, sizes and strides of the buffer that a request with these flags gives."""
    view = Buffer()
    ctypes.pythonapi.PyObject_GetBuffer(
        ctypes.py_object(x), ctypes.byref(view), ctypes.c_int(flags)
    )
    shape = tuple(view.shape[: view.ndim]) if view.shape else None
    strides = tuple(view.strides[: view.ndim]) if view.strides else None
    assert view.obj is x and view.itemsize == 8 and view.len == 8 * x.numel()
    found = view.format, shape, strides, ctypes.cast(view.buf, ctypes.POINTER(ctypes.c_double))[0]
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(view))
    return found


def test_buffer_by_request() -> None:
    """Each kind of request gives what it asks for or says why it cannot."""
    rows = ag.tensor([[7.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert ask(rows, SIMPLE) == (None, None, None, 7.0)
    assert ask(rows, ND | FORMAT) == (b"d", (2, 3), None, 7.0)
    for flags in (STRIDES, C, ANY, C | WRITABLE):
        assert ask(rows, flags) == (None, (2, 3), (24, 8), 7.0)
    columns, apart = rows.t(), rows[:, ::2]
    for flags in (STRIDES, FORTRAN, ANY):
        assert ask(columns, flags) == (None, (3, 2), (8, 24), 7.0)
    assert ask(apart, STRIDES) == (None, (2, 2), (24, 16), 7.0)
    line = ag.tensor([7.0, 2.0])
    assert ask(line, C) == ask(line, FORTRAN) == (None, (2,), (8,), 7.0)
    contiguous = "the Tensor is not contiguous. Use tensor.contiguous() instead."
    for x, flags, text in (
        (rows, FORTRAN, "the Tensor is not contiguous in Fortran order"),
        (columns, C, contiguous),
        (columns, SIMPLE, "the Tensor is not contiguous, and strides were not asked for"),
        (apart, ANY, contiguous),
        (apart, ND, "the Tensor is not contiguous, and strides were not asked for"),
    ):
        with pytest.raises(BufferError) as caught:
            ask(x, flags)
        assert str(caught.value) == text
    with pytest.warns(UserWarning, match="not writable"):
        fixed = ag.from_numpy(np.frombuffer(np.float64(7.0).tobytes()))
    assert ask(fixed, SIMPLE) == (None, None, None, 7.0)
    with pytest.raises(BufferError, match="the memory of this Tensor is read-only"):
        ask(fixed, WRITABLE)


def test_buffer_of_nothing() -> None:
    view = memoryview(ag.empty(0, 3))
    assert view.shape == (0, 3) and view.tolist() == [] and view.nbytes == 0


def test_buffer_holds_the_memory() -> None:
    view = memoryview(ag.tensor(np.full(500, 3.0)))
    gc.collect()
    ag.tensor(np.full(500, 4.0))
    assert view[499] == 3.0
    view.release()


def test_buffer_of_what_requires_grad() -> None:
    with pytest.raises((RuntimeError, BufferError, ValueError)):
        memoryview(leaf([1.0]))


def test_buffer_in() -> None:
    data = array.array("d", [1.0, 2.0, 3.0])
    x = ag.tensor(data)
    assert x.tolist() == [1.0, 2.0, 3.0]
    assert ag.tensor(memoryview(data)).tolist() == [1.0, 2.0, 3.0]
    assert ag.tensor(array.array("i", [1, 2])).tolist() == [1.0, 2.0]


def test_read_only_memory_is_not_written() -> None:
    a = np.arange(3.0)
    a.setflags(write=False)
    for make in (ag.from_numpy, ag.as_tensor):
        with pytest.raises(UserWarning, match="The given NumPy array is not writable"):
            make(a)  # the suite's filter makes it an error
    with pytest.warns(UserWarning, match="The given NumPy array is not writable"):
        x = ag.from_numpy(a)
    assert x.tolist() == [0, 1, 2]
    assert memoryview(x).readonly and not x.numpy().flags.writeable
    with pytest.raises((RuntimeError, ValueError)):
        x.add_(1)
    assert a.tolist() == [0, 1, 2]


# ---- operators -----------------------------------------------------------------------------------


def test_operators_with_numbers() -> None:
    x = ag.tensor([4.0, 9.0])
    assert (x + 1).tolist() == [5, 10] and (1 + x).tolist() == [5, 10]
    assert (x - 1).tolist() == [3, 8] and (1 - x).tolist() == [-3, -8]
    assert (x * 2).tolist() == [8, 18] and (2 * x).tolist() == [8, 18]
    assert (x / 2).tolist() == [2, 4.5] and (36 / x).tolist() == [9, 4]
    assert (x**2).tolist() == [16, 81] and (2 ** ag.tensor([1.0, 3.0])).tolist() == [2, 8]
    assert (-x).tolist() == [-4, -9] and (+x).tolist() == [4, 9]
    assert abs(-x).tolist() == [4, 9]
    assert (x + True).tolist() == [5, 10]
    assert sum([x, x]).tolist() == [8, 18]
    assert operator.pow(x, 0.5).tolist() == [2, 3]
    assert math.prod([ag.tensor(2.0), ag.tensor(3.0)]).item() == 6.0


def test_a_big_python_int() -> None:
    x = ag.tensor([1.0])
    assert (x * 2**60).item() == 2.0**60
    with pytest.raises((OverflowError, RuntimeError, TypeError)):
        x * 10**400


def test_repr_of_everything_is_a_string() -> None:
    x = leaf([1.0])
    for thing in (x, x * 2, x.shape, (x * 2).grad_fn, ag.no_grad(), ag.Tensor):
        assert isinstance(repr(thing), str)
    assert ag.Tensor.__module__ == "pyautograd" and ag.Tensor.__name__ == "Tensor"


# ---- sub-interpreters ----------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["", "import pyautograd"])
def test_sub_interpreters_are_refused(first: str) -> None:
    """A tensor over an array, freed in one, waited for ever for the GIL that its thread has."""
    modules = ("_interpreters", "_xxsubinterpreters")
    if not any(importlib.util.find_spec(name) for name in modules):
        pytest.skip("this Python makes no sub-interpreters")
    inside = """
import os
try:
    import pyautograd as ag
    import numpy as np
    x = ag.from_numpy(np.ones(3))
    del x
except ImportError as error:
    os.write({place}, str(error).encode())
"""
    said = run_python(f"""
        import importlib, json, os
        {first}

        try:
            interpreters = importlib.import_module("_interpreters")
        except ImportError:
            interpreters = importlib.import_module("_xxsubinterpreters")
        reading, writing = os.pipe()
        number = interpreters.create()
        interpreters.run_string(number, {inside!r}.format(place=writing))
        os.close(writing)
        text = os.read(reading, 10000).decode()
        interpreters.destroy(number)

        import pyautograd as ag
        import numpy as np

        x = ag.from_numpy(np.ones(3))
        print(json.dumps([text, (x * 2).tolist()]))
    """)
    assert "interpreter" in said[0] and said[1] == [2.0, 2.0, 2.0]
    if sys.version_info < (3, 12):
        assert "works in the main interpreter of a process" in said[0]
