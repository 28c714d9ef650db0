"""LAPACK and BLAS called from C, on the library that NumPy has: what pyautograd's functions cost
beyond the routines that they stand on.

The routines are called through ctypes with matrices by columns, and with copies of what they
overwrite, as every function of a library that leaves its operands alone must make them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

SYMBOLS = ("scipy_{}_64_", "scipy_{}_", "{}_64_", "{}_")


class Routines:
    """The routines of the library that NumPy's linear algebra is linked to, by Fortran names."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL(np.linalg._umath_linalg.__file__)  # type: ignore[attr-defined]
        self.wide = False
        self.symbol = self._naming()

    def _naming(self) -> str:
        for form in SYMBOLS:
            if hasattr(self.library, form.format("dpotrf")):
                self.wide = "64" in form
                return form
        raise ImportError("NumPy's linear algebra has no dpotrf")

    def __getitem__(self, name: str) -> Any:
        routine = getattr(self.library, self.symbol.format(name))
        routine.restype = None
        return routine

    def integer(self, value: int) -> Any:
        return (ctypes.c_int64 if self.wide else ctypes.c_int32)(value)

    def integers(self, n: int) -> Any:
        return np.zeros(n, np.int64 if self.wide else np.int32)


def _pointer(x: Any) -> Any:
    return x.ctypes.data_as(ctypes.c_void_p) if isinstance(x, np.ndarray) else ctypes.byref(x)


def _call(routines: Routines, name: str, arguments: list[Any], texts: int = 0) -> Callable[[], Any]:
    """Return a call of a routine: bytes are letters, ints its integers, hidden lengths follow."""
    made: list[Any] = []
    for one in arguments:
        if isinstance(one, bytes):
            made.append(ctypes.c_char_p(one))
        elif isinstance(one, int):
            made.append(_pointer(routines.integer(one)))
        else:
            made.append(_pointer(one))
    made += [ctypes.c_size_t(1)] * texts
    routine = routines[name]
    return lambda kept=(arguments, made): routine(*kept[1])


def _workspace(routines: Routines, name: str, arguments: list[Any], texts: int) -> Any:
    """Return the workspace that a routine asks for: its argument None is that, -1 its length."""
    asked = np.zeros(1)
    _call(routines, name, [asked if one is None else one for one in arguments], texts)()
    return np.zeros(int(asked[0]))


def _factor(name: str, texts: int, arguments: Callable[..., list[Any]]) -> Any:
    """A function that makes loops over a routine on copies of a matrix."""

    def made(routines: Routines, a: Any) -> Callable[[], Any]:
        n = len(a)
        given = np.asfortranarray(a)
        room = np.empty_like(given)
        listed = arguments(routines, room, n)
        for at in [k for k, one in enumerate(listed) if one is None]:
            work = _workspace(routines, name, listed, texts)
            listed[at : at + 2] = [work, len(work)]
        call = _call(routines, name, listed, texts)

        def run() -> Any:
            np.copyto(room, given)
            call()

        return run

    return made


def _solution(routines: Routines, a: Any, b: Any) -> Callable[[], Any]:
    n = len(a)
    given, right = np.asfortranarray(a), np.asfortranarray(b)
    factors, room, pivots = np.empty_like(given), np.empty_like(right), routines.integers(n)
    info = routines.integer(0)
    factor = _call(routines, "dgetrf", [n, n, factors, n, pivots, info])
    solve = _call(
        routines, "dgetrs", [b"N", n, right.shape[1], factors, n, pivots, room, n, info], 1
    )

    def run() -> Any:
        np.copyto(factors, given)
        np.copyto(room, right)
        factor()
        solve()

    return run


def _triangular(routines: Routines, a: Any, b: Any) -> Callable[[], Any]:
    n = len(a)
    triangle, right = np.asfortranarray(np.tril(a)), np.asfortranarray(b)
    room, one = np.empty_like(right), ctypes.c_double(1.0)
    solve = _call(
        routines, "dtrsm",
        [b"L", b"L", b"N", b"N", n, right.shape[1], one, triangle, n, room, n], 4,
    )  # fmt: skip

    def run() -> Any:
        np.copyto(room, right)
        solve()

    return run


def _svd_arguments(routines: Routines, a: Any, n: int) -> list[Any]:
    u, v, s = np.zeros((n, n), order="F"), np.zeros((n, n), order="F"), np.zeros(n)
    return [b"S", n, n, a, n, s, u, n, v, n, None, -1, routines.integers(8 * n), 0]


def _eigh_arguments(routines: Routines, a: Any, n: int) -> list[Any]:
    numbers = routines.integers(3 + 5 * n)
    return [b"V", b"L", n, a, n, np.zeros(n), None, -1, numbers, len(numbers), 0]


# The name, what is called of ours and torch, and a loop of the routines.
CALLS: Mapping[str, tuple[str, Callable[..., Callable[[], Any]], tuple[str, ...]]] = {
    "dpotrf": (
        "m.linalg.cholesky(p)",
        _factor("dpotrf", 1, lambda r, a, n: [b"U", n, a, n, 0]), ("p",),
    ),
    "dgetrf": (
        "m.linalg.lu_factor(a)",
        _factor("dgetrf", 0, lambda r, a, n: [n, n, a, n, r.integers(n), 0]), ("a",),
    ),
    "dgeqrf": (
        "m.linalg.qr(a, mode='r')",
        _factor("dgeqrf", 0, lambda r, a, n: [n, n, a, n, np.zeros(n), None, -1, 0]), ("a",),
    ),
    "dsyevd": ("m.linalg.eigh(p)", _factor("dsyevd", 2, _eigh_arguments), ("p",)),
    "dgesdd": (
        "m.linalg.svd(a, full_matrices=False)", _factor("dgesdd", 1, _svd_arguments), ("a",),
    ),
    "dgetrf, dgetrs": ("m.linalg.solve(a, b)", _solution, ("a", "b")),
    "dtrsm": ("m.linalg.solve_triangular(p, b, upper=False)", _triangular, ("p", "b")),
}  # fmt: skip
