# SPDX-License-Identifier: MIT
"""The cffi view: the header's functions on the module's own tensors, one library underneath."""

from __future__ import annotations

import doctest
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from header import declared_functions, op_rows

import pyautograd as ag
from cc import COMPILERS, run, sanitizer_flags
from support import run_python


@pytest.fixture(scope="module")
def capi() -> Iterator[Any]:
    """The module. Its import makes reference counts atomic; the tests after these want them as
    they were, so that both forms are tested."""
    from pyautograd import capi

    yield capi
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        capi.lib.ag_set_serialised(True)


def test_import_is_lazy() -> None:
    code = """
        import json, sys
        import pyautograd
        names = ("cffi", "_cffi_backend", "pyautograd.capi")
        print(json.dumps([name for name in names if name in sys.modules]))
    """
    assert run_python(code) == []


def test_every_function_of_the_header_is_there(capi: Any) -> None:
    header = (Path(capi.get_include()) / "pyautograd.h").read_text()
    prototypes = declared_functions(Path(capi.get_include()))
    assert len(prototypes) > 180
    for name in prototypes:
        assert callable(getattr(capi.lib, name)), name
    for name in re.findall(r"\b(AG_[A-Z_]+) = ", header):
        assert isinstance(getattr(capi.lib, name), int), name
    assert capi.lib.AG_MAX_DIMS == 32


def test_every_op_is_there(capi: Any) -> None:
    rows = op_rows(Path(capi.get_include()))
    assert len(rows) == capi.lib.AG_OP_COUNT
    x, i, mask = ag.tensor([0.25, 0.5]), ag.tensor([1, 2]), ag.tensor([True, False])
    for number, (name, arity, kind) in enumerate(rows):
        assert getattr(capi.lib, "AG_OP_" + name) == number
        if kind in ("UNARY", "BINARY", "PAIR", "TERNARY", "MASK"):
            whole = name.startswith("bitwise_") or name in ("gcd", "lcm")
            operands = [capi.pointer(i if whole else x)] * int(arity)
            if name == "where":
                operands[0] = capi.pointer(mask)
            result = capi.wrap(getattr(capi.lib, "ag_" + name)(*operands), steal=True)
            assert result.shape == (2,)
            truths = kind == "MASK" or name == "logical_not"
            assert result.dtype is (ag.bool if truths else ag.int64 if whole else ag.float64)


def test_pointer_and_wrap(capi: Any) -> None:
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    assert capi.wrap(capi.pointer(x)) is x
    assert capi.lib.ag_numel(capi.pointer(x)) == 2
    y = capi.wrap(capi.lib.ag_mul(capi.pointer(x), capi.pointer(x)), steal=True)
    assert y.grad_fn.name() == "MulBackward0" and y.tolist() == [1.0, 4.0]
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
    assert capi.wrap(capi.lib.ag_grad_of(capi.pointer(x))) is x.grad


def test_wrap_keeps_a_reference_of_its_own(capi: Any) -> None:
    before = ag._core._live_tensors()
    raw = capi.lib.ag_scalar(3.0)
    t = capi.wrap(raw)
    capi.lib.ag_release(raw)
    assert t.item() == 3.0
    u = capi.wrap(capi.lib.ag_exp(capi.pointer(t)), steal=True)
    assert u.item() == pytest.approx(np.exp(3.0))
    del t, u
    assert ag._core._live_tensors() == before


def test_pointer_keeps_the_tensor(capi: Any) -> None:
    before = ag._core._live_tensors()
    p = capi.pointer(ag.full((3,), 2.0) * 2.0)
    assert capi.wrap(p).tolist() == [4.0, 4.0, 4.0]
    del p
    assert ag._core._live_tensors() == before


def test_wrap_of_null_says_why(capi: Any) -> None:
    x, y = ag.zeros(3), ag.zeros(2)
    result = capi.lib.ag_add(capi.pointer(x), capi.pointer(y))
    assert result == capi.ffi.NULL
    with pytest.raises(RuntimeError, match=r"size of tensor a \(3\) must match"):
        capi.wrap(result)


@pytest.mark.parametrize("wrong", [None, 3, "x", np.zeros(2)])
def test_wrong_kinds_are_refused(capi: Any, wrong: Any) -> None:
    with pytest.raises(TypeError):
        capi.wrap(wrong)
    with pytest.raises(TypeError):
        capi.pointer(wrong)


def test_wrap_refuses_other_pointers(capi: Any) -> None:
    with pytest.raises(TypeError, match="ag_tensor \\*"):
        capi.wrap(capi.ffi.new("double[2]"))


def test_grad_mode_is_shared(capi: Any) -> None:
    assert capi.lib.ag_grad_enabled()
    with ag.no_grad():
        assert not capi.lib.ag_grad_enabled()
    was = capi.lib.ag_set_grad_enabled(False)
    try:
        assert not ag.is_grad_enabled()
    finally:
        capi.lib.ag_set_grad_enabled(was)


def test_long_work_without_the_interpreter_lock(capi: Any) -> None:
    """cffi lets go of the lock before the call: the library must not let go of it again."""
    x = ag.ones(1 << 20, requires_grad=True)
    root = capi.wrap(capi.lib.ag_sum_all(capi.pointer(x.sin())), steal=True)
    assert capi.lib.ag_backward(capi.pointer(root), capi.ffi.NULL, 0) == capi.lib.AG_OK
    assert x.grad[0].item() == pytest.approx(np.cos(1.0))


def test_objects_die_without_the_interpreter_lock(capi: Any) -> None:
    """The last reference to an array's memory may go inside a C call."""
    array = np.ones(1000)
    shared = ag.from_numpy(array)
    raw = capi.lib.ag_retain(capi.pointer(shared))
    held = sys.getrefcount(array)
    del shared
    capi.lib.ag_release(raw)
    assert sys.getrefcount(array) == held - 1


def test_threads_share_tensors(capi: Any) -> None:
    x, y = ag.ones(3, requires_grad=True), ag.full((3,), 2.0)
    px, py = capi.pointer(x), capi.pointer(y)
    wrong: list[Any] = []

    def work() -> None:
        for _ in range(2000):
            z = capi.wrap(capi.lib.ag_mul(px, py), steal=True)
            if z.tolist() != [2.0, 2.0, 2.0]:
                wrong.append(z.tolist())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_program_links_with_what_is_named(capi: Any, tmp_path: Any) -> None:
    source, program = tmp_path / "version.c", tmp_path / "version"
    source.write_text(
        "#include <pyautograd.h>\n#include <stdio.h>\nint main(void) { puts(ag_version()); }\n"
    )
    library = capi.get_library()
    run(
        [
            *(COMPILERS[0], *sanitizer_flags(), "-I", capi.get_include(), str(source), library),
            *("-o", str(program), "-Wl,-rpath," + library.rpartition("/")[0], "-lm"),
        ]
    )
    assert run([str(program)]).strip() == ag.__version__


def test_region_outside_of_its_base(capi: Any) -> None:
    """From C a view may lie where its base does not, in the same memory."""
    w = ag.tensor([2.0, 3.0], requires_grad=True)
    shape, strides = capi.ffi.new("int64_t[]", [2]), capi.ffi.new("int64_t[]", [1])

    def view_of(base: ag.Tensor, offset: int) -> Any:
        raw = capi.lib.ag_as_strided(capi.pointer(base), 1, shape, strides, offset)
        return capi.wrap(raw, steal=True)

    memory = ag.ones(3, 2)
    for part, offsets in (memory[1:2], (-1, 1)), (memory[:, 0], (0, 1, 2)):
        for offset in offsets:
            base = part.detach()
            view = view_of(base, offset)
            with pytest.raises(RuntimeError, match="out of bounds of its base"):
                view.mul_(w)
            assert memory.tolist() == [[1.0, 1.0]] * 3
            before = view_of(base, offset)
            base.mul_(w[0])  # what is not of the base has no history
            before.sum().backward()
            assert w.grad is not None and w.grad.tolist() == [1.0, 0.0]
            w.grad = None
            memory.data.fill_(1.0)


def test_examples(capi: Any) -> None:
    result = doctest.testmod(capi)
    assert result.attempted >= 10 and result.failed == 0


def test_a_gradient_of_whole_numbers_called_by_number(capi: Any) -> None:
    """standardize_vjp(g, x) of an int64 g has the derivative by x of the same g in float64."""
    op = [dict(row)["name"] for row in ag._core._op_table()].index("standardize_vjp")

    def derivative(g: ag.Tensor) -> list[float]:
        x = ag.tensor([1.0, 2.0, 4.0], requires_grad=True)
        args, attr = capi.ffi.new("ag_arg[2]"), capi.ffi.new("ag_attr *")
        args[0] = capi.lib.ag_operand(capi.pointer(g))
        args[1] = capi.lib.ag_operand(capi.pointer(x))
        attr.i[0], attr.f[0] = 1, 1e-5
        capi.wrap(capi.lib.ag_apply(op, 2, args, attr), steal=True)[0].backward()
        found: list[float] = x.grad.tolist()
        return found

    assert derivative(ag.tensor([1, 2, 3])) == derivative(ag.tensor([1.0, 2.0, 3.0]))
