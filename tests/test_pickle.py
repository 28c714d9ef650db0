# SPDX-License-Identifier: MIT
"""Pickles: what comes back, and what is said of those that were damaged or made to do harm.

Damaged pickles are read by another process, which may crash without taking the tests along."""

from __future__ import annotations

import copy
import importlib.util
import math
import os
import pickle
import pickletools
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from unpickling import Parameter

import pyautograd as ag
from support import assert_same_bits, leaf

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
FORMAT = 1


def rebuild(*parts: Any) -> Any:
    return ag._core._rebuild(*parts)


# ---- what comes back -----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_values_and_layouts(protocol: int) -> None:
    special = [math.nan, -0.0, math.inf, 5e-324, 0.1]
    for x in (
        ag.tensor(special),
        ag.tensor(3.0),
        ag.empty(0, 3),
        ag.zeros(*[1] * 32),
        ag.tensor(np.arange(6.0).reshape(2, 3)).t(),
        ag.tensor(np.arange(12.0))[1::3],
        ag.ones(1).expand(4),
        (ag.ones(9000) * 2).exp(),
        leaf([1.0, 2.0]),
        leaf([1.0, 2.0]) * 2,
    ):
        y = pickle.loads(pickle.dumps(x, protocol))
        assert_same_bits(y, x)
        assert y.requires_grad == x.requires_grad and y.is_leaf and type(y) is ag.Tensor
        assert y.grad is None and y.grad_fn is None
        assert y.is_contiguous() or y.t().is_contiguous()
        y.detach().add_(1)  # memory of its own, which may be written
    assert pickle.loads(pickle.dumps(ag.zeros(2).shape, protocol)) == (2,)
    assert pickle.loads(pickle.dumps(ag.float64, protocol)) is ag.float64


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_subclasses_and_their_attributes(protocol: int) -> None:
    x = Parameter([1.0, 2.0])
    x.title, x.parts = "weight", [ag.ones(2), x]
    y = pickle.loads(pickle.dumps(x, protocol))
    assert type(y) is Parameter and y.requires_grad and y.is_leaf and y.tolist() == [1.0, 2.0]
    assert y.title == "weight" and y.parts[0].tolist() == [1.0, 1.0] and y.parts[1] is y
    frozen = pickle.loads(pickle.dumps(Parameter([1.0], requires_grad=False), protocol))
    assert type(frozen) is Parameter and not frozen.requires_grad
    y.parts = None


def test_named_tuples() -> None:
    for found in (ag.tensor([[1.0, 3.0], [2.0, 0.0]]).max(1), ag.linalg.slogdet(ag.eye(2))):
        again = pickle.loads(pickle.dumps(found))
        assert type(again) is type(found) and repr(again) == repr(found)


def test_no_array_is_in_a_pickle() -> None:
    """NumPy's reading of its arrays trusts what is written, so that no pickle of ours has one."""
    for protocol in PROTOCOLS:
        text = pickle.dumps([leaf([1.0, 2.0]), Parameter([3.0])], protocol)
        assert b"numpy" not in text
        assert not any("numpy" in str(argument) for _, argument, _ in pickletools.genops(text))


def test_what_is_written() -> None:
    """Values are little-endian float64 in row-major order, whatever the machine and the layout;
    behind them stands in which order the dimensions lay in memory, if they were not row-major."""
    x = ag.tensor([[1.0, 2.0], [3.0, 4.0]]).t().requires_grad_()
    function, parts, state = x.__reduce_ex__(4)
    assert function is ag._core._rebuild and state is None
    kept = struct.pack("<4d", 1.0, 3.0, 2.0, 4.0)
    assert parts == (ag.Tensor, FORMAT + 1, "float64", (2, 2), kept, True, (1, 0))
    assert rebuild(*parts).tolist() == [[1.0, 3.0], [2.0, 4.0]]
    _, parts, _ = x.detach().t().__reduce_ex__(4)
    assert parts[:4] == (ag.Tensor, FORMAT, "float64", (2, 2)) and len(parts) == 6


def test_a_part_does_not_carry_the_whole() -> None:
    x = ag.zeros(100_000)
    assert len(pickle.dumps(x[:3])) < 2000


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_order_in_memory_is_kept(protocol: int) -> None:
    """As PyTorch does; every second element becomes memory without gaps."""
    x = ag.arange(24.0).view(2, 3, 4).permute(2, 0, 1)
    for tensor, strides in ((x, (1, 12, 4)), (x[::2], (1, 6, 2)), (x[0:1], (1, 3, 1))):
        y = pickle.loads(pickle.dumps(tensor, protocol))
        assert y.stride() == strides
        assert y.tolist() == tensor.tolist()
    leaf_t = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).detach().t().requires_grad_()
    z = pickle.loads(pickle.dumps(leaf_t, protocol))
    assert z.requires_grad and z.is_leaf and z.stride() == (1, 3)


def test_large_memory_beside_the_pickle() -> None:
    x = ag.tensor(np.arange(10_000.0))
    buffers: list[pickle.PickleBuffer] = []
    text = pickle.dumps(x, 5, buffer_callback=buffers.append)
    assert len(text) < 500 and len(buffers) == 1
    y = pickle.loads(text, buffers=buffers)
    assert_same_bits(y, x)
    y.zero_()
    assert x[1].item() == 1.0 and pickle.loads(text, buffers=buffers)[1].item() == 1.0
    # Unaligned, and in memory that others write.
    raw = bytearray(1) + bytearray(buffers[0].raw())
    assert_same_bits(pickle.loads(text, buffers=[memoryview(raw)[1:]]), x)


def test_copies_are_as_before() -> None:
    x = Parameter([1.0, 2.0])
    x.title = "weight"
    x.grad = ag.ones(2)
    shallow, deep = copy.copy(x), copy.deepcopy(x)
    assert shallow.data_ptr() == x.data_ptr() and deep.data_ptr() != x.data_ptr()
    for y in (shallow, deep):
        assert type(y) is Parameter and y.requires_grad and y.title == "weight"
    assert deep.grad.tolist() == [1.0, 1.0]


def test_a_shape_that_changes_while_values_are_computed() -> None:
    """Other threads run then, and may give the tensor another shape: what is written is whole."""
    stop = threading.Event()
    x = ag.zeros(1)

    def change() -> None:
        while not stop.is_set():
            x.data = ag.ones(20_000) * 2
            x.data = ag.ones(3, 3)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(200):
            y = pickle.loads(pickle.dumps(x))
            assert y.shape in ((1,), (20_000,), (3, 3))
            assert y.sum().item() in (0.0, 40_000.0, 9.0)
    finally:
        stop.set()
        thread.join()


# ---- what is refused -----------------------------------------------------------------------------

GOOD = (ag.Tensor, FORMAT, "float64", (2,), bytes(16), False)
ORDERED = (ag.Tensor, FORMAT + 1, "float64", (2, 1), bytes(16), False, (1, 0))


def replaced(place: int, value: Any) -> tuple[Any, ...]:
    return (*GOOD[:place], value, *GOOD[place + 1 :])


@pytest.mark.parametrize(
    ("parts", "error", "match"),
    [
        ((), TypeError, "the number of its format is missing"),
        ((ag.Tensor, np.zeros(2), True), TypeError, "the number of its format is missing"),
        (GOOD[:5], TypeError, "parts are missing"),
        ((*GOOD, None), TypeError, "parts are missing"),
        (ORDERED[:6], TypeError, "parts are missing"),
        ((*ORDERED[:6], None), TypeError, "no tuple of all of them"),
        ((*ORDERED[:6], (0,)), TypeError, "no tuple of all of them"),
        ((*ORDERED[:6], (0, 0)), ValueError, "does not have each once"),
        ((*ORDERED[:6], (0, 2)), ValueError, "does not have each once"),
        ((*ORDERED[:6], (0, -1)), ValueError, "does not have each once"),
        ((*ORDERED[:6], (0, 2**70)), ValueError, "does not have each once"),
        ((*ORDERED[:6], (0, "1")), ValueError, "does not have each once"),
        (replaced(0, 3), TypeError, "its class is no subclass of Tensor"),
        (replaced(0, int), TypeError, "its class is no subclass of Tensor"),
        (replaced(1, "1"), TypeError, "the number of its format is missing"),
        (replaced(1, True), TypeError, "the number of its format is missing"),
        (replaced(1, 3), ValueError, "in format 3: this version .* reads formats 1 and 2"),
        (replaced(1, 2**70), ValueError, f"in format {2**70}"),
        ((ag.Tensor, 7), ValueError, "in format 7"),
        (replaced(2, b"float64"), TypeError, "the name of its dtype is no str"),
        (replaced(2, "float32"), ValueError, "of dtype 'float32': .* float64, int64 and bool"),
        (replaced(3, [2]), TypeError, "its shape is no tuple"),
        (replaced(3, (2.0,)), TypeError, "its shape is no tuple of ints"),
        (replaced(3, (True, 2)), TypeError, "its shape is no tuple of ints"),
        (replaced(3, (-2,)), ValueError, "negative or too large"),
        (replaced(3, (2**64,)), ValueError, "negative or too large"),
        (replaced(3, (2**62,)), ValueError, "its shape is too large"),
        (replaced(3, (2**31, 2**31, 2**31)), ValueError, "its shape is too large"),
        (replaced(3, (2**62, 2**62, 0)), ValueError, "its shape is too large"),
        (replaced(3, (2**40,)), ValueError, f"takes {2**43} bytes of values, and there are 16"),
        (replaced(3, (1,) * 33), ValueError, "too many dimensions"),
        (replaced(3, ()), ValueError, "takes 8 bytes of values, and there are 16"),
        (replaced(3, (0,)), ValueError, "takes 0 bytes of values, and there are 16"),
        (replaced(4, b"1234567"), ValueError, "takes 16 bytes of values, and there are 7"),
        (replaced(4, "text"), TypeError, "its values are no bytes"),
        (replaced(4, memoryview(bytes(32))[::2]), BufferError, "not C-contiguous"),
        (replaced(5, 1), TypeError, "its requires_grad is no bool"),
        (replaced(5, None), TypeError, "its requires_grad is no bool"),
    ],
)
def test_parts_that_are_wrong(parts: Any, error: type[Exception], match: str) -> None:
    most = ag.max_memory_allocated()
    with pytest.raises(error, match=match):
        rebuild(*parts)
    assert ag.max_memory_allocated() - most < 1000, "memory is asked for before it is known to fit"


def test_an_object_without_a_tensor_is_never_made() -> None:
    """What a pickle can call to make objects by their class alone."""
    node = type((leaf([1.0]) * 2).grad_fn)
    for kind in (ag.Tensor, Parameter, node, type(ag.float64)):
        with pytest.raises(TypeError):
            object.__new__(kind)
    with pytest.raises(TypeError):
        node.__new__(node)
    with pytest.raises(TypeError):
        type(ag.float64)()
    assert ag.Tensor.__new__(ag.Tensor).shape == (0,)


# ---- damage --------------------------------------------------------------------------------------


class Reader:
    """Another process that reads pickles. One that crashed is replaced by a new one."""

    process: subprocess.Popen[bytes] | None = None

    def read(self, text: bytes) -> str:
        """The class of what was found, or what was raised."""
        if self.process is None:
            here, package = os.path.dirname(__file__), os.path.dirname(os.path.dirname(ag.__file__))
            home = {"PYTHONPATH": package + os.pathsep + here}
            if sanitizer := os.environ.get("ASAN_OPTIONS"):
                home["ASAN_OPTIONS"] = sanitizer + ":max_allocation_size_mb=1024"
            self.process = subprocess.Popen(
                [sys.executable, os.path.join(here, "unpickling.py")],
                env={**os.environ, **home},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(struct.pack("<I", len(text)) + text)
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode(errors="replace").strip()
        if not answer:
            self.close()
            code, self.process = self.process.returncode, None
            raise AssertionError(f"exit {code} while {text!r} was read")
        return answer

    def close(self) -> None:
        if self.process is not None:
            self.process.communicate()


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    started = Reader()
    yield started
    started.close()


def originals() -> Iterator[bytes]:
    named = Parameter([1.5, 2.5])
    named.title = "weight"
    for protocol in PROTOCOLS:
        yield pickle.dumps(leaf([1.0, 2.0, 3.0]), protocol)
        yield pickle.dumps([named, ag.zeros(2, 0), ag.zeros(2).shape, ag.float64], protocol)


ORIGINALS = list(originals())


def test_the_reader_reads_what_is_whole(reader: Reader) -> None:
    for text in ORIGINALS:
        assert reader.read(text) in ("Tensor", "list")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_flipped_bit(reader: Reader, protocol: int) -> None:
    """Whatever is damaged is read, or raises; most damage is found."""
    text = pickle.dumps(leaf([1.0]), protocol)
    raised = 0
    for place in range(8 * len(text)):
        damaged = bytearray(text)
        damaged[place // 8] ^= 1 << place % 8
        raised += reader.read(bytes(damaged)).startswith("raised")
    assert raised > 4 * len(text)


def test_every_changed_byte(reader: Reader) -> None:
    """With NumPy's arrays in it, this crashed: a dtype of objects made pointers of the numbers."""
    text = pickle.dumps(leaf([1.0]), 4)
    for place in range(len(text)):
        for byte in range(256):
            assert reader.read(text[:place] + bytes([byte]) + text[place + 1 :])


def test_every_end(reader: Reader) -> None:
    for text in ORIGINALS:
        for n in range(len(text)):
            assert reader.read(text[:n]).startswith("raised")


class Made:
    """Pickled as the call of _rebuild with any parts, and any state for what that makes."""

    def __init__(self, parts: Any, state: Any) -> None:
        self.reduced = (ag._core._rebuild, parts, state)

    def __reduce__(self) -> Any:
        return self.reduced


STATES: list[Any] = [
    None,
    {},
    {"title": 1},
    {1: 2},
    3,
    (None, {"data": ag.ones(3)}),
    (None, {"data": 3}),
    (None, {"grad": ag.ones(5)}),
    (None, {"requires_grad": "yes"}),
    (None, {"shape": (9,)}),
    (None, {"__class__": int}),
]


def test_states_of_any_kind(reader: Reader) -> None:
    """What a pickle asks to be set on the object goes through the checks that a program meets."""
    for kind in (ag.Tensor, Parameter):
        answers = [reader.read(pickle.dumps(Made((kind, *GOOD[1:]), state))) for state in STATES]
        assert all(answer.startswith("raised") for answer in (answers[4], *answers[6:]))
        assert answers[0] == answers[5] == kind.__name__


if importlib.util.find_spec("hypothesis") is not None:
    from hypothesis import given, settings
    from hypothesis import strategies as st

    CHANGES = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=5)

    @settings(max_examples=500)
    @given(st.sampled_from(ORIGINALS), CHANGES)
    def test_changed_bytes(reader: Reader, text: bytes, changes: list[tuple[int, int]]) -> None:
        damaged = bytearray(text)
        for place, byte in changes:
            damaged[place % len(damaged)] = byte
        assert reader.read(bytes(damaged))

    PARTS: Any = [
        st.sampled_from([ag.Tensor, Parameter, int, object, type, 3]),
        st.sampled_from([FORMAT, FORMAT, 0, 2**70, "1"]),
        st.sampled_from(["float64", "float64", "float32", b"float64", None]),
        st.one_of(
            st.lists(st.integers(0, 4), max_size=3).map(tuple),
            st.lists(st.integers(-(2**66), 2**66), max_size=34).map(tuple),
            st.lists(st.one_of(st.none(), st.floats(), st.booleans()), max_size=3),
        ),
        st.one_of(
            st.integers(0, 9).map(lambda n: bytes(8 * n)),
            st.binary(max_size=40),
            st.builds(bytearray, st.integers(0, 64)),
            st.sampled_from(["text", None, np.zeros(2), ag.zeros(2)]),
        ),
        st.sampled_from([True, False, 1, None, "True"]),
    ]

    @settings(max_examples=300)
    @given(st.tuples(*PARTS), st.sampled_from(STATES), st.integers(0, 7))
    def test_parts_of_any_kind(reader: Reader, parts: Any, state: Any, n: int) -> None:
        answer = reader.read(pickle.dumps(Made(parts[:n], state)))
        allowed = ("TypeError", "ValueError", "AttributeError", "RuntimeError", "UnpicklingError")
        assert answer in ("Tensor", "Parameter") or any(
            answer.startswith("raised " + name) for name in allowed
        ), answer
