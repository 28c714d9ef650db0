# SPDX-License-Identifier: MIT
"""save and load: what comes back is what was there, NumPy opens the file, and a file that is
broken, forged or another's is refused."""

from __future__ import annotations

import io
import json
import math
import os
import random
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict, defaultdict, namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

TREE: dict[Any, Any] = {
    "model": OrderedDict([("weight", ag.rand(2, 3)), ("bias", ag.zeros(3))]),
    "numbers": [1, -(2**70), 2**53 + 1, 0.1, -0.0, math.inf, -math.inf, True, False, None],
    "text": ("", "ä", "\ud83d\ude00", "\udcff", "\0"),
    (0, ("a", None)): {1: [], 2.5: (), None: {}, False: []},
    "shape": ag.Size([2, 3]),
    "dtype": [ag.float64, ag.int64, ag.bool],
    "arrays": [np.arange(6, dtype=">i2").reshape(2, 3).T, np.float32(1.5), np.array(True)],
    "complex": np.array([1 + 2j]),
}


def through(obj: Any) -> Any:
    file = io.BytesIO()
    ag.save(obj, file)
    file.seek(0)
    return ag.load(file)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, ag.Tensor):
        return (
            one.shape == other.shape
            and one.dtype == other.dtype
            and one.requires_grad == other.requires_grad
            and one.detach().numpy().tobytes() == other.detach().numpy().tobytes()
        )
    if isinstance(one, (np.ndarray, np.generic)):
        return one.shape == other.shape and one.dtype == other.dtype and bool((one == other).all())
    if isinstance(one, dict):
        return [*map(type, one)] == [*map(type, other)] and same([*one.items()], [*other.items()])
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


def test_a_tree_comes_back_as_it_was() -> None:
    assert same(through(TREE), TREE)


@pytest.mark.parametrize("root", [ag.tensor(2.0), 1, "a", None, [], (), {}, np.arange(3)])
def test_anything_may_be_the_root(root: Any) -> None:
    assert same(through(root), root)


@pytest.mark.parametrize("dtype", [ag.float64, ag.int64, ag.bool])
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 4)])
def test_dtypes_and_shapes(dtype: Any, shape: tuple[int, ...]) -> None:
    x = (ag.rand(shape) * 4 - 1).to(dtype)
    assert same(through(x), x)
    turned = x.permute(tuple(range(x.ndim))[::-1])
    assert same(through(turned), turned)


def test_views_take_the_room_of_their_own_elements() -> None:
    base = ag.arange(1e5)
    for view in (base[::1000], base[10:30].view(4, 5).t(), base[3], base[:2].expand(3, 2)):
        file = io.BytesIO()
        ag.save(view, file)
        assert len(file.getvalue()) < 1500
        loaded = through(view)
        assert same(loaded, view) and loaded.is_contiguous()


def test_values_keep_their_bits() -> None:
    words = [
        0x7FF8000000000001,
        0xFFF8DEADBEEF0000,
        0x7FF0000000000001,
        0x7FF0000000000000,
        1 << 63,
        1,
    ]
    bits = np.array(words, np.uint64).view(np.float64)
    x = ag.from_numpy(bits)
    assert through(x).numpy().tobytes() == bits.tobytes()
    (number,) = through([struct.unpack("<d", struct.pack("<Q", 0xFFF8DEADBEEF0000))[0]])
    assert struct.pack("<d", number) == struct.pack("<Q", 0xFFF8DEADBEEF0000)


def test_requires_grad_is_kept_and_history_is_not() -> None:
    x = ag.ones(2, requires_grad=True)
    leaf, result, plain = through([x, x * 2, x.detach()])
    assert leaf.requires_grad and leaf.is_leaf and result.requires_grad and result.is_leaf
    assert not plain.requires_grad
    (result * leaf).sum().backward()
    assert leaf.grad.tolist() == [2.0, 2.0]


def test_what_is_there_twice_is_one() -> None:
    x, inner = ag.ones(2, requires_grad=True), [1]
    array = np.zeros(2)
    tree: list[Any] = [x, {"again": x}, inner, (inner,), array, [array], x.detach()]
    tree.append(tree)
    back = through(tree)
    assert back[0] is back[1]["again"] and back[2] is back[3][0] and back[4] is back[5][0]
    assert back[-1] is back and back[6] is not back[0]
    file = io.BytesIO()
    ag.save(tree, file)
    assert len(zipfile.ZipFile(file).namelist()) == 4  # x, its detach, the array, the structure


def test_numpy_opens_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    x = ag.rand(3, 2)
    ag.save({"w": x, "a/../b": [x + 1, ag.tensor([True])], "structure.json": ag.zeros(1)}, path)
    with np.load(path, allow_pickle=False) as file:
        names = {n for n in file.files if n != "structure.json"}
        assert names == {"w", "a_.._b.0", "a_.._b.1", "structure.json-2"}
        assert (file["w"] == x.numpy()).all() and file["a_.._b.1"].dtype == np.bool_
        assert json.loads(file["structure.json"])["format"] == "pyautograd"


def test_equal_trees_make_equal_files() -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        ag.save({"a": ag.arange(3.0), "b": 1}, file)
    assert files[0].getvalue() == files[1].getvalue()


class Tuple2(namedtuple("Tuple2", "a b")):
    pass


class Subclass(ag.Tensor):
    pass


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({"model": [1, object()]}, "obj['model'][1] is of type object"),
        ((0, {3: {1, 2}}), "obj[1][3] is of type set"),
        ([Tuple2(1, 2)], "obj[0] is of type .*Tuple2. Classes are code"),
        ([ag.tensor([1.0, 2.0]).max(0)], "obj[0] is of type pyautograd.return_types.max"),
        (defaultdict(list), "obj is of type collections.defaultdict. Classes"),
        ({"a": {frozenset(): 1}}, "the key frozenset() of obj['a'] is of type frozenset"),
        ([np.array(["a"])], "obj[0] is an array of dtype <U1"),
        ([np.array([object()])], "obj[0] is an array of dtype object"),
        ({"w": Subclass([1.0])}, "obj['w'] is of a subclass of Tensor, Subclass"),
        (1j, "obj is of type complex"),
        (b"a", "obj is of type bytes"),
        (max, "obj is of type builtin_function_or_method"),
    ],
)
def test_what_is_not_saved_is_named_by_its_place(obj: Any, words: str, tmp_path: Path) -> None:
    import re

    path = tmp_path / "a.npz"
    ag.save(1, path)
    pattern = re.escape(words).replace(re.escape(".*"), ".*")
    with pytest.raises(TypeError, match=pattern):
        ag.save(obj, path)
    assert ag.load(path) == 1 and os.listdir(tmp_path) == ["a.npz"]


def test_deep_trees_are_refused_with_a_word() -> None:
    tree: list[Any] = []
    for _ in range(100_000):
        tree = [tree]
    with pytest.raises(ValueError, match="nested too deeply"):
        ag.save(tree, io.BytesIO())
    text = '{"format": "pyautograd", "version": 1, "tree": ' + "[" * 100_000 + "]" * 100_000 + "}"
    with pytest.raises(RuntimeError, match="nested too deeply"):
        ag.load(archive({"structure.json": text.encode()}))
    while tree:  # taken apart from outside: not recursively
        tree = tree[0]


def test_paths_and_files(tmp_path: Path) -> None:
    x = ag.rand(2)
    for path in (str(tmp_path / "a"), tmp_path / "b.npz"):
        ag.save(x, path)
        assert same(ag.load(path), x)
    with open(tmp_path / "c", "wb") as file:
        file.write(b"before")
        ag.save(x, file)
    with open(tmp_path / "c", "rb") as file:
        assert same(ag.load(file), x)
    assert same(ag.load(tmp_path / "b.npz", "cpu", weights_only=False), x)
    with pytest.raises(RuntimeError, match="cuda"):
        ag.load(tmp_path / "b.npz", map_location="cuda")
    with pytest.raises(TypeError, match="f must be a path or a file to write to, got int"):
        ag.save(x, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="f must be a path or a file to read, got NoneType"):
        ag.load(None)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        ag.load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere/b"):
        ag.save(x, tmp_path / "nowhere" / "b")
    with pytest.raises(IsADirectoryError):
        ag.save(x, tmp_path)


def test_through_pipes(tmp_path: Path) -> None:
    x = ag.rand(2)
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        ag.save([x], file)
    with os.fdopen(reading, "rb") as file:
        assert same(ag.load(file), [x])
    ag.save(x, os.devnull)
    assert not os.path.isfile(os.devnull)


def test_a_failing_save_leaves_the_old_file(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "a.npz"
    ag.save(1, path)

    def fail(*args: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(OSError, match="No space left"):
        ag.save(ag.ones(3), path)
    assert ag.load(path) == 1 and os.listdir(tmp_path) == ["a.npz"]


@pytest.mark.skipif(os.name == "nt", reason="modes and links are those of POSIX")
def test_modes_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "a.npz", tmp_path / "link"
    ag.save(1, path)
    usual = (tmp_path / "usual").open("w")
    usual.close()
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode
    path.chmod(0o640)
    link.symlink_to(path)
    ag.save(2, link)
    assert link.is_symlink() and ag.load(path) == 2
    assert path.stat().st_mode & 0o777 == 0o640


def archive(members: dict[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    file.seek(0)
    return file


def npy(array: Any, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), version=version)
    return file.getvalue()


def forged(tree: Any, version: Any = 1, **members: bytes) -> io.BytesIO:
    text = json.dumps({"format": "pyautograd", "version": version, "tree": tree})
    named = {f"{name}.npy": content for name, content in members.items()}
    return archive({"structure.json": text.encode(), **named})


X = {"tensor": "x", "grad": False}


def test_other_spellings_of_arrays_are_read() -> None:
    """As other programs may write them into the archive again."""
    numbers = np.arange(6.0).reshape(2, 3)
    for array in (numbers, np.asfortranarray(numbers), numbers.astype(">f8")):
        for version in ((1, 0), (2, 0)):
            assert same(ag.load(forged(X, x=npy(array, version))), ag.tensor(numbers))
    whole = np.arange(3)
    assert same(ag.load(forged(X, x=npy(whole.astype(">i8")))), ag.tensor(whole))
    odd = npy(np.array([False, True]))[:-1] + b"\x07"
    assert same(ag.load(forged(X, x=odd)), ag.tensor([False, True]))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (io.BytesIO(b""), "is no archive"),
        (io.BytesIO(b"not a zip file"), "is no archive"),
        (archive({}), "was not written by pyautograd.save; numpy.load may open it"),
        (archive({"structure.json": b"{"}), "is damaged .JSONDecodeError"),
        (archive({"structure.json": b"[]"}), "is damaged"),
        (archive({"structure.json": b'{"format": 1}'}), "was not written by pyautograd.save"),
        (forged(1, version=2), "was written in version 2 .* this version .* reads version 1"),
        (forged({"code": "os.system"}), "is damaged .KeyError: 'code'"),
        (forged({"a": 1, "b": 2}), "is damaged"),
        (forged({"again": 5}), "is damaged .IndexError"),
        (forged({"dict": [[{"dict": []}, 1]]}), "is damaged .TypeError: unhashable"),
        (forged({"float": "00"}), "is damaged"),
        (forged({"dtype": "float32"}), "is damaged .KeyError: 'float32'"),
        (forged({"size": [-1.5]}), "is damaged"),
        (forged(X), "is damaged .KeyError"),
        (forged(X, x=b""), "is damaged"),
        (forged(X, x=b"\x93NUMPY\x03\x00"), "is damaged"),
        (forged(X, x=npy(np.arange(3.0))[:-1]), r"has an array of shape \(3,\) .* in 23 bytes"),
        (forged(X, x=npy(np.arange(3.0)) + b"\0"), ".* in 25 bytes"),
        (forged(X, x=npy(np.float32(1))), "has a tensor of dtype float32"),
        (forged(X, x=npy(np.array([2**60]))), "is damaged .OverflowError"),
        (forged(X, x=npy(np.array(["a"]))), "has an array of dtype <U1"),
        (forged({"tensor": "x", "grad": True}, x=npy(np.array([1]))), "is damaged .RuntimeError"),
        (
            forged(X, x=npy(np.zeros(3)).replace(b"(3,)", b"(9,)")),
            r"has an array of shape \(9,\) and dtype float64 in 24 bytes",
        ),
        (
            forged(X, x=npy(np.zeros(3)).replace(b"(3,), } ", b"(2**9,)}")),
            "is damaged",
        ),
    ],
)  # fmt: skip
def test_broken_and_foreign_files(file: io.BytesIO, words: str) -> None:
    with pytest.raises(RuntimeError, match=f"load: the file {words}"):
        ag.load(file)


def test_pickles_in_a_file_are_not_run(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array([print], dtype=object), allow_pickle=True)
    for kind in ("tensor", "array"):
        tree = {kind: "x", "grad": False} if kind == "tensor" else {kind: "x"}
        with pytest.raises(RuntimeError, match="has an array of dtype object"):
            ag.load(forged(tree, x=file.getvalue()))
    path = tmp_path / "a"
    np.savez(path.with_suffix(".npz"), np.zeros(2))
    with pytest.raises(RuntimeError, match=r"load: '.*a.npz' was not written by pyautograd"):
        ag.load(path.with_suffix(".npz"))


def test_damage_is_found() -> None:
    """Whatever byte is changed, and wherever the file ends: the tree as it was, or an error."""
    tree = {"w": ag.arange(4.0), "n": [1, 2.5, ag.tensor([1, 2])], "s": "text"}
    file = io.BytesIO()
    ag.save(tree, file)
    whole, dice = file.getvalue(), random.Random(3)
    found = 0
    for k in range(len(whole)):
        damaged = bytearray(whole)
        damaged[k] ^= 1 << dice.randrange(8)
        for content in (bytes(damaged), whole[:k]):
            try:
                assert same(ag.load(io.BytesIO(content)), tree)
            except RuntimeError as error:
                assert str(error).startswith("load: the file ")
                found += 1
    assert found > len(whole)


def test_save_is_loaded_when_it_is_used() -> None:
    code = (
        "import sys, pyautograd as ag; assert 'pyautograd._save' not in sys.modules; "
        "ag.save; print(ag.save.__module__, ag.load.__module__, 'zipfile' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["pyautograd", "pyautograd", "True"]
