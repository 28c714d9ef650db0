# SPDX-License-Identifier: MIT
"""out=: results written to tensors that are there, of each function of the module that takes it."""

from __future__ import annotations

import inspect
import operator
import warnings
from types import ModuleType
from typing import Any

import _stubs
import numpy as np
import pytest

import pyautograd as ag

FUNCTIONS = sorted(_stubs.with_out())
# What is given to each, of which the first that fits is taken.
TRIES: list[tuple[Any, ...]] = [
    ("x",), ("x", "y"), ("x", "y", "x"), ("i",), ("i", "i"), ("x", 1), ("x", 0), ("x", 2, 0),
    ("x", 2), (1, "x"),
    ("x", 0, "i", "y"), ("x", 0, "v", "y"), ("x", 0, "i", "y", "sum"), ("x", 0, "v", "y", "prod"),
    ("x", 0.5, 1.0), ("m", "x", "y"), ("x", "r", 0, 1),
    ("s",), ("s", "y"),
]  # fmt: skip
REFUSED = (
    r"\(\): functions with out=\.\.\. arguments don't support automatic differentiation, but one "
    "of the arguments requires grad"
)


def operands(lib: Any, spec: tuple[Any, ...]) -> list[Any]:
    x = lib.tensor([[0.25, 0.5, 0.125], [0.75, 0.375, 0.625]])
    named = {
        "x": x,
        "y": x.flip(0),
        "i": lib.tensor([[1, 0, 1], [0, 1, 0]]),
        "v": lib.tensor([1, 0]),
        "m": x > 0.4,
        "r": lib.tensor([[1.0, 2.0, 3.0]]),
        "s": lib.tensor([[4.0, 1.0], [1.0, 3.0]]),
    }
    return [named.get(s, s) if isinstance(s, str) else s for s in spec]


def fitting(lib: Any, name: str) -> tuple[tuple[Any, ...], Any]:
    """Arguments that the function takes, and what comes of them. What needs LAPACK is skipped
    where there is none, by the error that says so (conftest.py)."""
    for spec in TRIES:
        if name in ("max", "min", "median", "nanmedian", "topk") and spec != ("x", 1):
            continue
        if name == "where" and spec != ("m", "x", "y"):
            continue
        try:
            return spec, operator.attrgetter(name)(lib)(*operands(lib, spec))
        except (TypeError, RuntimeError, IndexError, ValueError, NotImplementedError) as error:
            if "needs LAPACK's" in str(error):
                raise
    raise AssertionError(f"no arguments for {name}")


def parts(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def like(lib: Any, result: Any, shape: Any = None) -> Any:
    """Tensors that the result could be written to, of this shape or of its own."""
    made = tuple(
        lib.zeros(p.shape if shape is None else shape, dtype=p.dtype) for p in parts(result)
    )
    return made if isinstance(result, tuple) else made[0]


def same_bits(one: Any, other: Any) -> bool:
    return bool(one.numpy().tobytes() == other.numpy().tobytes())


def same(one: Any, other: Any) -> bool:
    return all(
        a.dtype == b.dtype and a.shape == b.shape and same_bits(a, b)
        for a, b in zip(parts(one), parts(other), strict=True)
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_are_written(name: str) -> None:
    f = operator.attrgetter(name)(ag)
    spec, wanted = fitting(ag, name)
    for shape in (None, (0,)):
        out = like(ag, wanted, shape)
        addresses = [p.data_ptr() for p in parts(out)]
        given = f(*operands(ag, spec), out=out)
        assert same(given, wanted) and same(out, wanted)
        assert all(a is b for a, b in zip(parts(given), parts(out), strict=True))
        assert type(given) is type(wanted)
        if shape is None:
            assert [p.data_ptr() for p in parts(out)] == addresses
    assert same(f(*operands(ag, spec), out=None), wanted)
    assert inspect.signature(f).parameters["out"].default is None
    assert "`out`" in (inspect.getdoc(f) or "")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_out_is_that_of_torch(name: str, torch: ModuleType) -> None:
    """PyTorch takes it, too, and by the same arguments; and where it refuses, so do we."""
    spec, wanted = fitting(ag, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = like(torch, fitting(torch, name)[1])
        theirs = operator.attrgetter(name)(torch)(*operands(torch, spec), out=out)
    for p, q in zip(parts(theirs), parts(wanted), strict=True):
        assert tuple(p.shape) == tuple(q.shape)
        real = p.real if p.is_complex() else p  # of eig
        one, other = real.to(torch.float64).numpy(), q.to(ag.float64).numpy()
        if name in ("linalg.eig", "linalg.eigh", "linalg.svd"):  # which leave signs open
            one, other = abs(one), abs(other)
        special = name.startswith(("polygamma", "special."))  # PyTorch has fewer digits of them
        relative = 1e-9 if special else 1e-12
        assert np.allclose(one, other, rtol=relative, atol=1e-12, equal_nan=True)


def test_rows_are_in_order() -> None:
    names = [row["name"] for row in ag._core._call_table() if row["row"] == "out"]
    assert names == sorted(set(names))


def test_functions_that_do_not_take_it() -> None:
    x = ag.ones(2)
    for name in ("relu", "isnan", "selu", "flip", "clone", "positive", "detach"):
        with pytest.raises(TypeError):
            getattr(ag, name)(x, out=ag.empty(2))
    for name in ("softmax", "log_softmax", "threshold"):  # other functions of the same name
        with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):
            getattr(ag.nn.functional, name)(x, 0, out=ag.empty(2))
    with pytest.raises(TypeError, match=r"exp\(\) (got an unexpected|takes no)"):
        x.exp(out=x)  # type: ignore[call-arg]


def test_refusals(torch: ModuleType) -> None:
    for lib in (ag, torch):
        x, leaf = lib.ones(2), lib.ones(2, requires_grad=True)
        for call in (
            lambda out, x=x, leaf=leaf, lib=lib: lib.add(x, leaf, out=out),
            lambda out, leaf=leaf, lib=lib: lib.exp(leaf, out=out),
            lambda out, leaf=leaf, lib=lib: lib.sort(
                leaf, out=(out, lib.zeros(2, dtype=lib.int64))
            ),
        ):
            out = lib.zeros(2)
            with pytest.raises(RuntimeError, match=REFUSED):
                call(out)
            assert out.tolist() == [0.0, 0.0]
        with pytest.raises(RuntimeError, match=REFUSED):
            lib.exp(x, out=leaf)
        with lib.no_grad():
            assert lib.exp(leaf, out=x) is x
        assert lib.eq(leaf, leaf, out=lib.zeros(2, dtype=lib.bool)).tolist() == [True, True]
        for dtype in (lib.int64, lib.bool):
            with pytest.raises(RuntimeError, match=r"result type .* can't be cast to the desired"):
                lib.exp(x, out=lib.zeros(2, dtype=dtype))
        assert lib.add(lib.tensor([1]), 1, out=lib.zeros(1)).tolist() == [2.0]
        with pytest.raises(TypeError, match="must be Tensor, not int"):
            lib.exp(x, out=3)
        with pytest.raises(TypeError):
            lib.sort(x, out=x)
        with pytest.raises(TypeError):
            lib.sort(x, out=(x,))
        with pytest.raises(TypeError):
            lib.add(x, 1, out=x, foo=3)


def test_both_of_two_or_none_is_written() -> None:
    values, indices = ag.zeros(2), ag.zeros(2, dtype=ag.bool)
    with pytest.raises(RuntimeError, match="can't be cast"):
        ag.sort(ag.tensor([2.0, 1.0]), out=(values, indices))
    assert values.tolist() == [0.0, 0.0]


def test_shapes_and_operands(torch: ModuleType) -> None:
    for lib in (ag, torch):
        x = lib.tensor([1.0, 2.0])
        with pytest.warns(UserWarning, match="An output with one or more elements was resized"):
            assert lib.add(x, x, out=lib.zeros(3)).tolist() == [2.0, 4.0]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert lib.add(x, x[:, None], out=lib.empty(0)).shape == (2, 2)
        assert lib.mul(x, x, out=x) is x and x.tolist() == [1.0, 4.0]
        base = lib.zeros(2, 2)
        lib.add(x, 1, out=base[:, 1])
        assert base.tolist() == [[0.0, 2.0], [0.0, 5.0]]
        lib.add(input=x, other=1, alpha=2, out=base[0])
        assert base.tolist() == [[3.0, 6.0], [0.0, 5.0]]
        y = base[1:] * 1
        version = y._version
        lib.neg(y, out=y)
        assert y._version == version + 1
    x = ag.tensor([1.0, 2.0, 4.0])
    ag.add(x[:2], 1, out=x[1:])
    assert x.tolist() == [1.0, 2.0, 3.0]
