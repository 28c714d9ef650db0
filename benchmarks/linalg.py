"""Products, factors and solutions by BLAS and LAPACK, and their gradients.

Cases are compared with torch, with NumPy where values alone are asked for, and with jax. Which BLAS
each side uses stands under the last table. Gradients are compared with torch's where it is here.
Two more tables: factorisations beside the routines that they stand on, called from C, and constant
sparse matrices beside SciPy's own products and torch's.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks import _lapack, _rivals, _timing
from benchmarks._plan import Options, Table, Timed

VALUES = "values"
ROUTINES = "values, beside the routines of NumPy's library called from C (column numpy)"
SPARSE = "a constant sparse matrix, 5 in 1000 numbers, times a vector, or 32 columns with gradient"
ROUTINE_SIZES = (300, 1000)
SPARSE_SIZES = (1000, 10_000)
GRADIENTS = ".grad = None, forward, backward"
TOLERANCE = 1e-8
QUICK_LARGEST = 64

Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A function of arrays, as text for ours and torch, and in the terms of NumPy and jax."""

    name: str
    source: str  # m is the library, F its nn.functional
    arrays: Callable[[np.random.Generator, int], Arrays]
    sizes: tuple[int, ...]
    function: Callable[..., Any] | None = None  # (numpy-like module, **arrays) -> value
    leaves: tuple[str, ...] = ()  # names of arrays whose gradients are wanted: else values alone
    ns_per_cube: float = 0.1  # about, of size ** 3

    def made(self, size: int) -> Arrays:
        return self.arrays(np.random.default_rng(0), size)

    @property
    def step(self) -> str:
        if not self.leaves:
            return self.source
        clear = "".join(f"{name}.grad = None\n" for name in self.leaves)
        return f"{clear}({self.source}).sum().backward()"


def _square(generator: np.random.Generator, n: int) -> Arrays:
    return {"a": generator.standard_normal((n, n)), "b": generator.standard_normal((n, n))}


def _every_second(generator: np.random.Generator, n: int) -> Arrays:
    a = generator.standard_normal((n, 2 * n))
    return {"a": a, "b": generator.standard_normal((n, n))}


def _batch(generator: np.random.Generator, n: int) -> Arrays:
    shape = (10_000, n, n)
    return {"a": generator.standard_normal(shape), "b": generator.standard_normal(shape)}


def _layer(generator: np.random.Generator, n: int) -> Arrays:
    return {
        "x": generator.standard_normal((n // 2, n)),
        "w": generator.standard_normal((n, n)) / n,
        "c": generator.standard_normal(n),
    }


def _system(generator: np.random.Generator, n: int) -> Arrays:
    return {"a": generator.standard_normal((n, n)) + n * np.eye(n), "b": np.ones((n, 1))}


def _symmetric(generator: np.random.Generator, n: int) -> Arrays:
    a = generator.standard_normal((n, n))
    return {"a": a + a.T}


def _process(generator: np.random.Generator, n: int) -> Arrays:
    x = np.linspace(0.0, 1.0, n)
    return {
        "d": (x[:, None] - x) ** 2, "e": 0.1 * np.eye(n), "y": np.sin(6.0 * x)[:, None],
        "s": np.array(4.0),
    }  # fmt: skip


def _likelihood(m: Any, d: Any, e: Any, y: Any, s: Any) -> Any:
    k = m.exp(-d * s) + e
    factor = m.linalg.cholesky(k)
    return (y * m.linalg.solve(k, y)).sum() + 2.0 * m.log(m.diagonal(factor)).sum()


PLAIN = (
    Case("a @ b", "a @ b", _square, (64, 256, 1024), lambda m, a, b: m.matmul(a, b)),
    Case("a.T @ b", "a.t() @ b", _square, (64, 256, 1024), lambda m, a, b: m.matmul(a.T, b)),
    Case(
        "a[:, ::2] @ b", "a[:, ::2] @ b", _every_second, (64, 256, 1024),
        lambda m, a, b: m.matmul(a[:, ::2], b),
    ),
)  # fmt: skip

DIFFERENTIATED = (
    Case("a @ b", "a @ b", _square, (4, 16, 64, 256), lambda m, a, b: m.matmul(a, b), ("a", "b")),
    Case(
        "10000 products", "a @ b", _batch, (3, 8), lambda m, a, b: m.matmul(a, b), ("a", "b"),
        ns_per_cube=10_000.0,
    ),
    Case(
        "tanh of a layer", "F.linear(x, w, c).tanh()", _layer, (64, 256),
        lambda m, x, w, c: m.tanh(m.matmul(x, w.T) + c), ("x", "w", "c"),
    ),
    Case(
        "solve", "m.linalg.solve(a, b)", _system, (10, 50, 300),
        lambda m, a, b: m.linalg.solve(a, b), ("a", "b"),
    ),
    Case(
        "eigh", "m.linalg.eigh(a)[0]", _symmetric, (10, 50, 300),
        lambda m, a: m.linalg.eigh(a)[0], ("a",), ns_per_cube=5.0,
    ),
    Case(
        "svd", "m.linalg.svd(a)[1]", _symmetric, (10, 50, 300),
        lambda m, a: m.linalg.svd(a)[1], ("a",), ns_per_cube=10.0,
    ),
    Case(
        "Gaussian process",
        "[(y * m.cholesky_solve(y, f)).sum() + 2.0 * f.diagonal().log().sum()"
        " for f in [m.linalg.cholesky((-d * s).exp() + e)]][0]",
        _process, (10, 50, 300), _likelihood, ("s",),
    ),
)  # fmt: skip


def _torch_like(case: Case, library: Any, size: int) -> tuple[_timing.Loop, dict[str, Any]]:
    names: dict[str, Any] = {"m": library, "F": library.nn.functional}
    for name, array in case.made(size).items():
        names[name] = library.tensor(array, requires_grad=name in case.leaves)
    loop = _timing.statement(case.step, names)
    loop(1)
    return loop, {name: names[name].grad.numpy() for name in case.leaves}


def _jax(case: Case, library: Any, size: int) -> _timing.Loop:
    numpy_like = library.numpy
    taken = {name: numpy_like.asarray(array) for name, array in case.made(size).items()}

    def value(*leaves: Any) -> Any:
        given = {**taken, **dict(zip(case.leaves, leaves, strict=True))}
        assert case.function is not None
        found = case.function(numpy_like, **given)
        return found.sum() if case.leaves else found

    numbers = tuple(range(len(case.leaves)))
    step = library.jit(library.value_and_grad(value, numbers) if case.leaves else value)
    names = {"wait": library.block_until_ready, "step": step}
    names["leaves"] = [taken[name] for name in case.leaves]
    return _timing.statement("wait(step(*leaves))", names)


def _numpy(case: Case, size: int) -> _timing.Loop:
    function = partial(case.function, np) if case.function is not None else None
    return _timing.statement("f(**arrays)", {"f": function, "arrays": dict(case.made(size))})


def _check(case: Case, found: Mapping[str, Mapping[str, Any]]) -> None:
    expected = found.get("torch", {})
    for name, gradient in found[_rivals.OURS].items():
        if name in expected and not np.allclose(gradient, expected[name], TOLERANCE, TOLERANCE):
            raise AssertionError(f"gradient of {case.name} by {name} is not torch's")


def _loops(libraries: _rivals.Libraries, case: Case, size: int) -> dict[str, _timing.Loop]:
    loops: dict[str, _timing.Loop] = {}
    gradients: dict[str, Mapping[str, Any]] = {}
    for side, library in libraries.modules.items():
        if side in _rivals.LIKE_TORCH:
            loops[side], gradients[side] = _torch_like(case, library, size)
        elif side == "jax" and _rivals.fits_threads(side, 1):
            loops[side] = _jax(case, library, size)
        elif side == "numpy" and not case.leaves:
            loops[side] = _numpy(case, size)
    _check(case, gradients)
    return loops


def _blas_of_numpy() -> str:
    """Return what NumPy tells of its BLAS, which `mode` makes a dictionary."""
    blas: Any = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index]
    return str(blas.get("openblas configuration", blas["name"]))


def _blas_of_torch(library: Any) -> str:
    lines = [line.strip(" -") for line in library.__config__.show().splitlines()]
    said = [line for line in lines if "Math Kernel" in line or "BLAS_INFO" in line]
    return said[0].split(", COMMIT")[0][:100] if said else "unknown"


def _notes(libraries: _rivals.Libraries) -> list[str]:
    if any(module is None for module in libraries.modules.values()):
        return []  # a plan alone
    ours = _rivals.configuration(libraries.modules[_rivals.OURS]).splitlines()
    notes = [f"{_rivals.OURS}: {line[6:]}" for line in ours if line.startswith("BLAS: ")]
    if "numpy" in libraries.modules:
        notes += [f"numpy: {_blas_of_numpy()}"]
    if "torch" in libraries.modules:
        notes += [f"torch: {_blas_of_torch(libraries.modules['torch'])}"]
    if "jax" in libraries.modules:
        notes += ["jax: jit(value_and_grad), compiled beforehand; its products are its own"]
    return notes


def _routine_loops(libraries: _rivals.Libraries, name: str, size: int) -> dict[str, _timing.Loop]:
    source, make, taken = _lapack.CALLS[name]
    generator = np.random.default_rng(0)
    a = generator.standard_normal((size, size)) + size * np.eye(size)
    arrays = {"a": a, "b": generator.standard_normal((size, size)), "p": a @ a.T / size}
    loops: dict[str, _timing.Loop] = {}
    for side, library in libraries.modules.items():
        if side in _rivals.LIKE_TORCH:
            given = {key: library.tensor(arrays[key]) for key in taken}
            loops[side] = _timing.statement(source, {"m": library, **given})
        elif side == "numpy":
            call = make(_lapack.Routines(), *(arrays[key] for key in taken))
            loops[side] = _timing.statement("call()", {"call": call})
    return loops


def _sparse_loops(libraries: _rivals.Libraries, columns: int, size: int) -> dict[str, _timing.Loop]:
    """Ours, torch's with its own sparse matrices, and SciPy's, which has no gradients."""
    sparse = importlib.import_module("scipy.sparse")
    matrix = sparse.random_array((size, size), density=0.005, format="csr", rng=0)
    x = np.random.default_rng(0).standard_normal((size, columns) if columns > 1 else size)
    followed = "x.grad = None\n(a @ x).sum().backward()"
    loops: dict[str, _timing.Loop] = {}
    for side, library in libraries.modules.items():
        tensor = library.tensor(x, requires_grad=columns > 1) if side != "numpy" else x
        given: Any = matrix
        if side == "torch":
            parts = [library.tensor(part) for part in (matrix.indptr, matrix.indices, matrix.data)]
            with warnings.catch_warnings():  # that they are in beta, and are not checked
                warnings.simplefilter("ignore")
                given = library.sparse_csr_tensor(*parts, size=matrix.shape)
        if side in _rivals.LIKE_TORCH:
            source = followed if columns > 1 else "a @ x"
            loops[side] = _timing.statement(source, {"a": given, "x": tensor})
        elif side == "numpy" and columns == 1:
            loops[side] = _timing.statement("a @ x", {"a": given, "x": tensor})
    return loops


def _more_tables(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Return the tables of routines and of sparse matrices, of those sides that have them."""
    chosen = libraries.only(*_rivals.LIKE_TORCH, "numpy")
    names = list(_lapack.CALLS)[:1] if options.quick else list(_lapack.CALLS)
    timed = Timed(chosen, options, ns_per_element=10_000.0)
    sizes = options.choose(ROUTINE_SIZES, (QUICK_LARGEST,))
    routines = [
        timed.step(name, size, 1, partial(_routine_loops, chosen, name, size))
        for name in names
        for size in sizes
    ]
    tables = [Table(ROUTINES, routines, sized="rows")]
    if importlib.util.find_spec("scipy") is None:
        return tables
    timed = Timed(chosen, options, ns_per_element=100.0)
    sizes = options.choose(SPARSE_SIZES, SPARSE_SIZES[:1])
    products = [
        timed.step(words, size, 1, partial(_sparse_loops, chosen, columns, size))
        for words, columns in (("a @ vector (numpy: scipy)", 1), ("a @ columns, gradient", 32))
        for size in sizes
    ]
    return [*tables, Table(SPARSE, products, sized="rows")]


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """Return tables of values, with gradients, of routines, and of sparse matrices."""
    tables = []
    for heading, every in ((VALUES, PLAIN), (GRADIENTS, DIFFERENTIATED)):
        cases = every[::4] if options.quick else every
        steps = []
        for case in cases:
            timed = Timed(libraries, options, ns_per_element=case.ns_per_cube)
            sizes = options.choose(case.sizes, [n for n in case.sizes if n <= QUICK_LARGEST][:1])
            for size in sizes:
                loops = partial(_loops, libraries, case, size)
                steps.append(timed.step(case.name, size, 1, loops))
        tables.append(Table(heading, steps, sized="rows"))
    tables += _more_tables(libraries, options)
    last = tables[-1]
    tables[-1] = Table(last.heading, last.steps, notes=_notes(libraries), sized=last.sized)
    return tables
