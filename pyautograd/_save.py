# SPDX-License-Identifier: MIT
"""Tensors, and trees of them, in files and out of them.

A file is an archive that `numpy.load` opens: a member `<name>.npy` for each tensor or array, and
`structure.json` for what holds them. No class and no code is in it. The structure is

    {"format": "pyautograd", "version": 1, "tree": ...}

where null, true, numbers and strings stand for themselves, a list for a list, and an object with
one key for everything else: see `_Writer.node` and `_Reader.node`. Whoever changes what is written
counts VERSION up.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import math
import operator
import os
import re
import stat
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np

from . import _core
from . import bool as bool_dtype
from ._core import Size, Tensor, device, dtype, empty, float64, tensor

__all__ = ["load", "save"]

VERSION = 1
STRUCTURE = "structure.json"
CHUNK = 1 << 20  # bytes that are read at a time
KINDS = "biufc"  # of NumPy's dtypes
EXACT = 1 << 53  # larger integers are not written as JSON numbers, which others read as floats
DTYPES = {"float64": _core.float64, "int64": _core.int64, "bool": bool_dtype}

_Path = str | os.PathLike[str]


def save(obj: Any, f: _Path | IO[bytes]) -> None:
    """Write a tensor, or a tree of tensors, to a file, which `load` reads.

    A tree is made of dicts, OrderedDicts, lists, tuples, Sizes, numbers, strings, bools, None,
    dtypes, tensors, and NumPy arrays of numbers. Of a tensor its values, shape, dtype and
    `requires_grad` are written, not its history. What is in the tree twice is there once after
    loading, too. Of a view only its own elements are written: what is loaded shares no memory.

    The file is a `.npz`: `numpy.load` opens it, and has the tensors by names made of their places.
    Writing to a path replaces the file at once when all is written, so that after an error the old
    one is there.

    Args:
        obj: the tensor or tree.
        f: a path, or a file opened for writing bytes.

    Raises:
        TypeError: there is something else in the tree. The message says where.
        OSError: the file cannot be written.

    Example:
        >>> import io
        >>> import pyautograd as ag
        >>> file = io.BytesIO()
        >>> ag.save({"weight": ag.ones(2), "steps": 3}, file)
        >>> file.seek(0)
        0
        >>> ag.load(file)
        {'weight': tensor([1., 1.]), 'steps': 3}
    """
    writer = _Writer()
    try:
        tree = writer.node(obj, "obj", "")
        text = json.dumps({"format": "pyautograd", "version": VERSION, "tree": tree})
    except RecursionError:
        raise ValueError("save: obj is nested too deeply") from None
    with _opened_to_write(f) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        with archive.open(_member(STRUCTURE), "w") as member:
            member.write(text.encode("ascii"))
        for name, value in writer.members.items():
            # One array at a time: those of views are copies.
            array = value.detach().numpy() if isinstance(value, Tensor) else value
            with archive.open(_member(name + ".npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)


def load(f: _Path | IO[bytes], map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Read what `save` has written to a file.

    Nothing in the file is run: whatever it holds, tensors, arrays, containers and numbers are all
    that can come out.

    Args:
        f: a path, or a file opened for reading bytes.
        map_location: the device of the tensors, of which there is one, "cpu".
        weights_only: as in PyTorch. There is nothing else in a file, whether True or False.

    Raises:
        RuntimeError: the file is broken, or was not written by `save`.
        OSError: the file cannot be read.

    Example:
        >>> import io
        >>> import pyautograd as ag
        >>> file = io.BytesIO()
        >>> ag.save([ag.tensor(1.5, requires_grad=True), None], file)
        >>> file.seek(0)
        0
        >>> ag.load(file)
        [tensor(1.5000, requires_grad=True), None]
    """
    if map_location is not None:
        device(map_location)
    with _opened_to_read(f) as (file, name):
        try:
            with zipfile.ZipFile(file) as archive:
                return _Reader(archive).tree()
        except (zipfile.BadZipFile, EOFError, _Broken) as error:
            raise RuntimeError(f"load: {name} {_reason(error)}") from None
        except Exception as error:  # whatever a damaged or forged file leads to
            if isinstance(error, MemoryError) or (
                isinstance(error, OSError) and error.errno != errno.EINVAL
            ):
                raise
            reason = f"{type(error).__name__}: {error}"
            raise RuntimeError(f"load: {name} is damaged ({reason})") from error


def _reason(error: Exception) -> str:
    if isinstance(error, _Broken):
        return str(error)
    return f"is no archive that pyautograd.save has written, or is damaged ({error})"


# ---- files ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened_to_write(f: _Path | IO[bytes]) -> Iterator[IO[bytes]]:
    if not isinstance(f, (str, os.PathLike)):
        if hasattr(f, "write"):
            yield f
            return
        raise TypeError(f"save: f must be a path or a file to write to, got {type(f).__name__}")
    path = os.path.realpath(f)
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):  # a device, a pipe; or a directory: an error
        buffer = io.BytesIO()  # there might be no way back in the other
        yield buffer
        with open(path, "wb") as file:
            file.write(buffer.getvalue())
        return
    beside = os.path.join(os.path.dirname(path), f".{os.urandom(8).hex()}.tmp")
    try:
        file = open(beside, "xb")  # noqa: SIM115
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(f)) from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(beside, stat.S_IMODE(mode))
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


@contextlib.contextmanager
def _opened_to_read(f: _Path | IO[bytes]) -> Iterator[tuple[IO[bytes], str]]:
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            yield file, repr(os.fspath(f))
        return
    if not hasattr(f, "read"):
        raise TypeError(f"load: f must be a path or a file to read, got {type(f).__name__}")
    seekable = getattr(f, "seekable", None)
    name = getattr(f, "name", None)
    if seekable is not None and not seekable():
        f = io.BytesIO(f.read())
    yield f, repr(name) if isinstance(name, str) else "the file"


def _member(name: str) -> zipfile.ZipInfo:
    """Always of the same day, so that equal trees make equal files."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


# ---- writing -------------------------------------------------------------------------------------


class _Writer:
    """What is written of a tree: `node` gives its JSON, and leaves the arrays in `members`."""

    def __init__(self) -> None:
        self.members: dict[str, Any] = {}
        self.names: dict[int, str] = {}  # by the ids of what is in members
        self.places: dict[int, int] = {}  # the numbers of lists and dicts, by their ids

    def node(self, value: Any, place: str, name: str) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return _str_node(value)
        if kind is int:
            return value if -EXACT <= value <= EXACT else {"int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"float": _float_bits(value)}
        if isinstance(value, Tensor):
            return self.tensor(value, place, name)
        if kind is np.ndarray or isinstance(value, np.generic):
            return self.array(value, place, name)
        if kind is dtype:
            return {"dtype": str(value).rsplit(".", 1)[-1]}
        if kind is tuple or kind is Size:
            return {"tuple" if kind is tuple else "size": self.items(value, place, name)}
        if kind in (list, dict, OrderedDict):
            return self.container(value, place, name)
        raise TypeError(f"save: {place} is {_described(value)}")

    def items(self, values: Any, place: str, name: str) -> list[Any]:
        return [
            self.node(v, f"{place}[{k}]", f"{name}.{k}" if name else f"{k}")
            for k, v in enumerate(values)
        ]

    def container(self, value: Any, place: str, name: str) -> Any:
        """Lists and dicts are numbered as they come: one that came before is its number."""
        if id(value) in self.places:
            return {"again": self.places[id(value)]}
        self.places[id(value)] = len(self.places)
        if type(value) is list:
            return self.items(value, place, name)
        pairs = []
        for key, v in value.items():
            inner = str(key) if isinstance(key, (str, int)) else "key"
            pairs.append(
                [
                    self.key(key, place),
                    self.node(v, f"{place}[{key!r}]", f"{name}.{inner}" if name else inner),
                ]
            )
        return {"dict" if type(value) is dict else "ordered_dict": pairs}

    def key(self, key: Any, place: str) -> Any:
        if key is None or type(key) in (str, int, float, bool):
            return self.node(key, place, "")
        if type(key) is tuple:
            return {"tuple": [self.key(k, place) for k in key]}
        raise TypeError(f"save: the key {key!r} of {place} is {_described(key)}")

    def tensor(self, value: Tensor, place: str, name: str) -> Any:
        if type(value) is not Tensor:
            raise TypeError(
                f"save: {place} is of a subclass of Tensor, {type(value).__qualname__}. Classes "
                "are code, which is not in files: save a plain Tensor of the values"
            )
        return {"tensor": self.member(value, name or "tensor"), "grad": value.requires_grad}

    def array(self, value: Any, place: str, name: str) -> Any:
        if value.dtype.kind not in KINDS:
            raise TypeError(
                f"save: {place} is an array of dtype {value.dtype}: there are bools, integers, "
                "floats and complex numbers in files"
            )
        kind = "array" if isinstance(value, np.ndarray) else "number"
        return {kind: self.member(value, name or "array")}

    def member(self, value: Any, name: str) -> str:
        """The name under which an array is in the archive: a new one, if it is new itself."""
        if id(value) not in self.names:
            name = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[:100]
            unique, count = name, 1
            while unique in self.members or unique == STRUCTURE:
                count += 1
                unique = f"{name}-{count}"
            self.names[id(value)] = unique
            self.members[unique] = value
        return self.names[id(value)]


def _str_node(value: str) -> Any:
    try:
        value.encode()
    except UnicodeEncodeError:  # halves of pairs, as names of files have: JSON would join them
        return {"str": value.encode("utf-8", "surrogatepass").hex()}
    return value


def _float_bits(value: float) -> str:
    return struct.pack(">d", value).hex()


def _described(value: Any) -> str:
    kind = type(value)
    text = f"of type {kind.__module__}.{kind.__qualname__}".replace("builtins.", "")
    if isinstance(value, tuple):
        return f"{text}. Classes are code, which is not in files: save tuple(...) of it"
    if isinstance(value, dict):
        return f"{text}. Classes are code, which is not in files: save dict(...) of it"
    return (
        f"{text}, which is none of those that are saved: tensors, arrays, dicts, lists, tuples, "
        "numbers, strings, bools and None"
    )


# ---- reading -------------------------------------------------------------------------------------


class _Broken(Exception):
    """A file that is not what it should be, and why."""


class _Reader:
    """A tree of an archive. Everything in there may be forged: all of it is checked."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.members: dict[tuple[str, str], Any] = {}
        self.places: list[Any] = []
        self.kinds: dict[str, Callable[[Any], Any]] = {
            "again": lambda value: self.places[value],
            "int": lambda value: int(value, 16),
            "float": lambda value: struct.unpack(">d", bytes.fromhex(value))[0],
            "str": lambda value: bytes.fromhex(value).decode("utf-8", "surrogatepass"),
            "dtype": lambda value: DTYPES[value],
            "tuple": lambda value: tuple(self.node(v) for v in value),
            "size": lambda value: Size([operator.index(v) for v in value]),
            "dict": lambda value: self.filled({}, value),
            "ordered_dict": lambda value: self.filled(OrderedDict(), value),
            "array": lambda value: self.member("array", value),
            "number": lambda value: self.member("number", value),
        }

    def tree(self) -> Any:
        try:
            text = self.archive.read(STRUCTURE)
        except KeyError:
            raise _Broken("was not written by pyautograd.save; numpy.load may open it") from None
        try:
            structure = json.loads(text)
            if structure["format"] != "pyautograd":
                raise _Broken("was not written by pyautograd.save")
            version = structure["version"]
            if version != VERSION:
                raise _Broken(
                    f"was written in version {version} of the format: this version of pyautograd "
                    f"reads version {VERSION}"
                )
            return self.node(structure["tree"])
        except RecursionError:
            raise _Broken("is nested too deeply") from None

    def node(self, value: Any) -> Any:
        if isinstance(value, list):
            made: list[Any] = []
            self.places.append(made)
            made.extend(self.node(v) for v in value)
            return made
        if not isinstance(value, dict):
            return value
        if "tensor" in value:
            made_of = self.member("tensor", value["tensor"])
            return made_of.requires_grad_() if value["grad"] is True else made_of
        ((kind, inside),) = value.items()
        return self.kinds[kind](inside)

    def filled(self, made: dict[Any, Any], pairs: list[Any]) -> dict[Any, Any]:
        self.places.append(made)
        for key, value in pairs:
            made[self.node(key)] = self.node(value)
        return made

    def member(self, kind: str, name: str) -> Any:
        if (kind, name) not in self.members:
            with self.archive.open(name + ".npy") as file:
                size = self.archive.getinfo(name + ".npy").file_size
                made = _read_tensor(file, size) if kind == "tensor" else _read_array(file, size)
            self.members[kind, name] = made[()] if kind == "number" else made
        return self.members[kind, name]


def _read_header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and dtype of a .npy, once the bytes that are left are as many as they take."""
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    shape, is_fortran, kind = readers[version](file)
    left = size - file.tell()
    if kind.kind not in KINDS:
        raise _Broken(f"has an array of dtype {kind}")
    if min(shape, default=0) < 0 or left != math.prod(shape) * kind.itemsize:
        raise _Broken(f"has an array of shape {shape} and dtype {kind} in {left} bytes")
    return shape, is_fortran, kind


def _fill(array: np.ndarray[Any, Any], file: IO[bytes]) -> None:
    """Reads into contiguous memory, to the very end, where the archive compares its checksum."""
    target, at = array.reshape(-1).view(np.uint8), 0
    while chunk := file.read(CHUNK):
        target[at : at + len(chunk)] = np.frombuffer(chunk, np.uint8)
        at += len(chunk)
    if at != len(target):
        raise _Broken("ends within an array")


def _read_array(file: IO[bytes], size: int) -> np.ndarray[Any, Any]:
    shape, is_fortran, kind = _read_header(file, size)
    array = np.empty(shape[::-1] if is_fortran else shape, "u1" if kind.kind == "b" else kind)
    _fill(array, file)
    if kind.kind == "b":  # a byte might be neither 0 nor 1
        array = array.astype(np.bool_)
    return array.T if is_fortran else array


def _read_tensor(file: IO[bytes], size: int) -> Tensor:
    start = file.tell()
    shape, is_fortran, kind = _read_header(file, size)
    if kind == np.dtype("=f8") and not is_fortran:  # nothing is in memory twice
        made = empty(shape, dtype=float64)
        _fill(made.numpy(), file)
        return made
    if kind.newbyteorder("=") not in (np.float64, np.int64, np.bool_):
        raise _Broken(f"has a tensor of dtype {kind}")
    file.seek(start)
    return tensor(_read_array(file, size).astype(kind.newbyteorder("="), order="C"))
