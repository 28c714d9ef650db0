# SPDX-License-Identifier: MIT
"""Helpers that several tests share: bits, ulps, layouts, leaves, other interpreters."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import pyautograd as ag

Array = NDArray[np.float64]


def _seed() -> int:
    """One number for the whole run; PYAUTOGRAD_TEST_SEED=random draws one."""
    wanted = os.environ.get("PYAUTOGRAD_TEST_SEED", "0")
    return int.from_bytes(os.urandom(4), "little") if wanted == "random" else int(wanted)


SEED = _seed()

NUMPY = int(np.__version__.split(".")[0])  # 1.23 is the oldest that is supported

LIBRARY = next(Path(ag.__file__).parent.glob("libpyautograd.*"), None)


def _seed() -> int:
    """One number for the whole run; PYAUTOGRAD_TEST_SEED=random draws one."""
    wanted = os.environ.get("PYAUTOGRAD_TEST_SEED", "0")
    return int.from_bytes(os.urandom(4), "little") if wanted == "random" else int(wanted)


SEED = _seed()


def _built_with(*words: bytes) -> bool:
    """Whether this is a build for finding bugs of one of these kinds."""
    code = LIBRARY.read_bytes() if LIBRARY is not None else b""
    return any(word in code for word in words)


CHECKED = (b"__asan_init", b"__ubsan", b"__tsan", b"__assert_fail")  # sanitizers, assertions

plain_build_only = pytest.mark.skipif(
    _built_with(*CHECKED, b"gcov_"),
    reason="times, sizes and machine code are those of a plain build only",
)
real_sizes_only = pytest.mark.skipif(
    _built_with(*CHECKED),
    reason="what is kept in memory and what pends are those of builds without checks only",
)

# Around the widths of vectors (2, 4, 8), of a tile (1024) and of a few of them.
SIZES = (0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 1000, 1024, 1025, 5000)


def values(x: Any) -> Array:
    """A copy of what a tensor (of either library) holds."""
    if hasattr(x, "_is_zerotensor") and x._is_zerotensor():  # zeros that torch has no memory for
        return np.zeros(tuple(x.shape))
    return np.array(x.detach().numpy() if hasattr(x, "detach") else x)


def leaf(data: Any) -> ag.Tensor:
    """A fresh leaf that requires grad."""
    return ag.tensor(np.asarray(data, dtype=np.float64), requires_grad=True)


def same_bits(a: Any, b: Any) -> bool:
    """Equal shape and bits; any NaN is as good as any other."""
    a, b = values(a), values(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype == np.bool_:
        return bool(np.array_equal(a, b))
    equal = np.ascontiguousarray(a).view(np.int64) == np.ascontiguousarray(b).view(np.int64)
    return bool(np.all(equal | (np.isnan(a) & np.isnan(b))))


def assert_same_bits(a: Any, b: Any, what: str = "") -> None:
    if same_bits(a, b):
        return
    a, b = values(a), values(b)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    where = np.flatnonzero(~((a == b) | (np.isnan(a) & np.isnan(b))).ravel())[:5]
    raise AssertionError(
        f"{what}: bits differ, first at {where.tolist()}: "
        f"{a.ravel()[where].tolist()} and {b.ravel()[where].tolist()}"
    )


def ulp_error(actual: Any, exact: Any) -> Array:
    """How many units in the last place `actual` is from `exact` (longdouble), each element.

    Infinities and NaN count as 0 if they are right and as infinite if they are not; the sign of
    a zero counts too.
    """
    got = values(actual)
    want = np.asarray(exact, dtype=np.longdouble)
    with np.errstate(all="ignore"):
        rounded = want.astype(np.float64)
        unit = np.spacing(np.minimum(np.abs(rounded), np.finfo(np.float64).max))
        error = (np.abs(got.astype(np.longdouble) - want) / unit).astype(np.float64)
        special = ~np.isfinite(rounded) | ~np.isfinite(got)
        right = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
        zero_sign = (got == 0) & (rounded == 0) & (np.signbit(got) != np.signbit(rounded))
    error = np.where(special, np.where(right, 0.0, np.inf), error)
    return np.where(zero_sign, np.inf, error)


def assert_ulp(actual: Any, exact: Any, allowed: float, what: str = "") -> None:
    error = ulp_error(actual, exact)
    if error.size and not error.max() <= allowed:
        at = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
        raise AssertionError(
            f"{what}: {error.ravel()[at]} ulp at element {at}: got "
            f"{values(actual).ravel()[at]!r}, exact {np.asarray(exact).ravel()[at]!r}, "
            f"allowed {allowed}"
        )


def layouts(lib: Any, a: Array) -> Iterator[tuple[str, Any]]:
    """Tensors that hold the values of `a` in different orders of memory."""
    yield "contiguous", lib.tensor(a)
    if a.ndim >= 2:
        order = tuple(range(a.ndim))[::-1]
        yield "transposed", lib.tensor(np.ascontiguousarray(a.transpose(order))).permute(order)
    if a.ndim >= 1:
        # What lies between the elements must not matter: it is NaN.
        spread = np.full((*a.shape[:-1], 2 * a.shape[-1] + 1), np.nan)
        spread[..., 1::2] = a
        yield "every second", lib.tensor(spread)[..., 1::2]
        longer = np.full((a.shape[0] + 2, *a.shape[1:]), np.nan)
        longer[1:-1] = a
        yield "inner rows", lib.tensor(longer)[1:-1]
    shifted = np.full(a.size + 1, np.nan)
    shifted[1:] = a.ravel()
    yield "unaligned", lib.tensor(shifted)[1:].view(a.shape)
    if a.size and a.ndim >= 1 and np.all(a == a[:1]):
        yield "stride 0", lib.tensor(a[:1]).expand(a.shape)


def run_python(code: str, **environment: str) -> Any:
    """Run `code` in an interpreter of its own and return what it prints as JSON."""
    # The package is found where the tests found it, installed or not.
    home = {"PYTHONPATH": os.path.dirname(os.path.dirname(ag.__file__))}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={**os.environ, **home, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=os.path.dirname(__file__),
    )
    assert result.returncode == 0, f"exit {result.returncode}\n{result.stdout}\n{result.stderr}"
    return json.loads(result.stdout.splitlines()[-1])


def without_lines(text: str) -> str:
    """A message without what it says of lines in the source, which PyTorch's do not tell."""
    return re.sub(r"\n[^\n]* at [^\n]*:\d+ in [^\n]*", "", text)


def grad_fn_name(x: Any) -> str | None:
    return None if x.grad_fn is None else str(x.grad_fn.name())
