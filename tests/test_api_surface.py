# SPDX-License-Identifier: MIT
"""The names that users meet: that they exist, are documented, take PyTorch's arguments, and that
nothing else is in the way."""

from __future__ import annotations

import doctest
import inspect
import pickle
import subprocess
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import _stubs
import pytest

import pyautograd as ag
from pyautograd import autograd, config, testing
from pyautograd.autograd import _batched, _saved, _sweeps
from support import run_python

pytestmark = pytest.mark.any_build

FUNCTIONS = """
    tensor as_tensor from_numpy zeros ones full empty arange linspace eye rand randn zeros_like
    ones_like full_like empty_like rand_like randn_like manual_seed
    add sub mul div pow neg subtract multiply divide true_divide negative
    exp expm1 log log1p log2 log10 sqrt rsqrt square reciprocal sin cos tan sinh cosh tanh
    asin acos atan arcsin arccos arctan sigmoid relu softplus abs absolute sign
    floor ceil trunc
    maximum minimum where clamp clip sum mean amax amin
    reshape flatten squeeze unsqueeze transpose permute t clone swapaxes broadcast_to
    eq ne lt le gt ge
    no_grad enable_grad set_grad_enabled is_grad_enabled
    set_anomaly_enabled is_anomaly_enabled is_anomaly_check_nan_enabled
    set_num_threads get_num_threads show_config set_printoptions
    memory_allocated max_memory_allocated reset_peak_memory_stats empty_cache
""".split()

METHODS = """
    add sub mul div pow neg subtract multiply divide true_divide negative
    exp expm1 log log1p log2 log10 sqrt rsqrt square reciprocal sin cos tan sinh cosh tanh
    asin acos atan arcsin arccos arctan sigmoid relu abs absolute sign
    floor ceil trunc
    maximum minimum where clamp clip sum mean amax amin
    view reshape flatten squeeze unsqueeze transpose permute t expand clone contiguous expand_as
    view_as reshape_as swapaxes broadcast_to eq ne lt le gt ge
    add_ sub_ mul_ div_ zero_ fill_ copy_ requires_grad_ detach detach_ retain_grad backward
    numpy item tolist size dim numel stride is_contiguous
""".split()

PROPERTIES = "data grad requires_grad is_leaf grad_fn retains_grad shape ndim T".split()

# Names of arguments that people write out; PyTorch's, in its order.
SIGNATURES: dict[str, list[str]] = {
    "exp": ["input"],
    "add": ["input", "other", "alpha"],
    "pow": ["input", "exponent"],
    "sum": ["input", "dim", "keepdim"],
    "mean": ["input", "dim", "keepdim"],
    "amax": ["input", "dim", "keepdim"],
    "amin": ["input", "dim", "keepdim"],
    "clamp": ["input", "min", "max"],
    "where": ["condition", "input", "other"],
    "maximum": ["input", "other"],
    "softplus": ["input", "beta", "threshold"],
    "transpose": ["input", "dim0", "dim1"],
    "permute": ["input", "dims"],
    "flatten": ["input", "start_dim", "end_dim"],
    "unsqueeze": ["input", "dim"],
    "tensor": ["data", "requires_grad"],
    "full": ["size", "fill_value", "requires_grad"],
    "arange": ["start", "end", "step", "requires_grad"],
    "linspace": ["start", "end", "steps", "requires_grad"],
    "manual_seed": ["seed"],
    "Tensor": ["data"],
    "Tensor.backward": ["self", "gradient", "retain_graph", "create_graph", "inputs"],
    "Tensor.requires_grad_": ["self", "requires_grad"],
    "Tensor.transpose": ["self", "dim0", "dim1"],
    "Tensor.sum": ["self", "dim", "keepdim"],
    "Tensor.flatten": ["self", "start_dim", "end_dim"],
    "autograd.grad": [
        "outputs",
        "inputs",
        "grad_outputs",
        "retain_graph",
        "create_graph",
        "only_inputs",
        "allow_unused",
        "is_grads_batched",
        "materialize_grads",
    ],
    "autograd.backward": [
        "tensors",
        "grad_tensors",
        "retain_graph",
        "create_graph",
        "grad_variables",
        "inputs",
    ],
    "func.grad": ["func", "argnums", "has_aux"],
    "func.vjp": ["func", "primals", "has_aux"],
}


def resolve(path: str) -> Any:
    found: Any = ag
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    assert callable(getattr(ag, name))
    assert name in ag.__all__


@pytest.mark.parametrize("name", METHODS)
def test_methods(name: str) -> None:
    assert callable(getattr(ag.Tensor, name))


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties(name: str) -> None:
    assert name in dir(ag.Tensor) and not callable(getattr(ag.tensor(1.0), name))
    assert inspect.getdoc(getattr(ag.Tensor, name)), f"{name} has no docstring"


# Dtypes whose names would hide Python's own from whoever imports everything.
HIDING = {"bool", "float", "int"}


def test_all_is_what_there_is() -> None:
    assert not HIDING & set(ag.__all__)
    assert all(isinstance(getattr(ag, name), ag.dtype) for name in HIDING)
    assert len(set(ag.__all__)) == len(ag.__all__)
    for name in ag.__all__:
        assert hasattr(ag, name), name
    public = {
        name
        for name, value in vars(ag).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert public - set(ag.__all__) - HIDING - {"annotations", "Any", "TYPE_CHECKING"} == set(), (
        "public and not in __all__"
    )


# Modules of the package that are made of rows of the op table.
HOMES = list(_stubs.MODULES)


def documented() -> list[Any]:
    names = [name for name in ag.__all__ if callable(getattr(ag, name))]
    methods = [f"Tensor.{name}" for name in METHODS]
    modules = [f"{home}.{name}" for home in HOMES for name in resolve(home).__all__]
    python = [
        f"{home}.{name}"
        for home in (
            "autograd.function",
            "autograd.functional",
            "autograd.graph",
            "autograd.profiler",
            "func",
            "utils",
            "utils.checkpoint",
            "testing",
        )
        for name in resolve(home).__all__
    ]
    return [*names, *methods, *modules, *python, "autograd.grad", "autograd.backward"]


@pytest.mark.parametrize("name", documented())
def test_docstrings(name: str) -> None:
    doc = inspect.getdoc(resolve(name))
    assert doc and len(doc) > 20, f"{name} has no docstring"
    summary = doc.split("\n\n")[0]
    assert summary.rstrip().endswith((".", ":")), summary


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    parameters = list(inspect.signature(resolve(name)).parameters)
    wanted = iter(parameters)
    assert all(p in wanted for p in SIGNATURES[name]), f"{name}{tuple(parameters)}"


@pytest.mark.parametrize("name", [n for n in documented() if "." not in n])
def test_objects_know_where_they_live(name: str) -> None:
    found = resolve(name)
    module = getattr(found, "__module__", None)
    assert module is None or module == "pyautograd" or module.startswith("pyautograd.")
    assert "_core" not in repr(found) or not isinstance(found, type)


def examples() -> list[doctest.Example]:
    """The examples in the docstrings of the native module and of the package's Python."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = []
    more = (autograd.functional, ag.func, ag.utils, ag.utils.checkpoint, _batched, _saved, _sweeps)
    for module in (ag, autograd, config, testing, *more, *map(resolve, HOMES)):
        found += finder.find(module, module.__name__, module=False)
    for home in HOMES:
        for name in resolve(home).__all__:
            found += finder.find(resolve(f"{home}.{name}"), f"{home}.{name}", module=False)
    for name in METHODS:
        found += finder.find(getattr(ag.Tensor, name), f"Tensor.{name}", module=False)
    found += finder.find(ag.Tensor, "Tensor", module=False)
    for name in ag.__all__:
        if callable(getattr(ag, name)):
            found += finder.find(getattr(ag, name), name, module=False)
    unique = {test.name: test for test in found if test.examples}
    return [unique[name] for name in sorted(unique)]


@pytest.mark.parametrize("example", examples(), ids=lambda test: test.name)
def test_examples_of_docstrings_run(example: doctest.DocTest) -> None:
    report: list[str] = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    example.globs = {}
    runner = doctest.DocTestRunner(optionflags=flags, verbose=False)
    runner.run(example, out=report.append, clear_globs=True)
    ag.set_num_threads(ag.get_num_threads())
    assert runner.failures == 0, "".join(report)


def test_most_functions_have_an_example() -> None:
    with_example = {test.name.rsplit(".", 1)[-1] for test in examples()}
    without = [name for name in FUNCTIONS if name not in with_example]
    assert without == []


@pytest.mark.parametrize("home", HOMES)
def test_every_function_of_a_module_has_an_example(home: str) -> None:
    with_example = {test.name for test in examples()}
    own = {row.name for row in _stubs.calls().values() if row.home == home}
    several = _stubs.overloads().items()
    own |= {name for name, (forms, _) in several if _stubs.HOMES.get(forms) == home}
    assert [name for name in own if f"{home}.{name}" not in with_example] == []
    in_place = set(getattr(resolve(home), "_IN_PLACE", []))
    assert own | in_place | set(_stubs.shared(home)) == set(resolve(home).__all__)


@pytest.mark.parametrize("home", HOMES)
def test_functions_of_modules_say_where_they_live(home: str) -> None:
    shared = _stubs.shared(home)
    for name in resolve(home).__all__:
        found = getattr(resolve(home), name)
        assert found.__module__ == ("pyautograd" if name in shared else f"pyautograd.{home}")
        assert name not in shared or found is getattr(ag, shared[name])
        assert pickle.loads(pickle.dumps(found)) is found
    assert resolve(home) is sys.modules[f"pyautograd.{home}"]


def test_modules_that_there_are_not_have_no_functions() -> None:
    assert ag._core._functions_of("nn") == {}


def test_version() -> None:
    assert isinstance(ag.__version__, str) and ag.__version__.count(".") >= 2


def test_show_config() -> None:
    text = str(ag.show_config())
    assert ag.__version__ in text
    for word in ("threads", "level"):
        assert word in text.lower()


def test_the_package_is_typed() -> None:
    package = Path(ag.__file__).parent
    assert (package / "py.typed").exists() and (package / "_core.pyi").exists()


def test_import_brings_only_what_is_needed() -> None:
    code = (
        "import sys; import numpy; before = set(sys.modules); import pyautograd; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    later = {
        "_install",
        "_profile",
        "autograd",
        "distributions",
        "func",
        "linalg",
        "nn",
        "special",
        "utils",
        "_inference",
        "_decorate",
    }
    brought = set(done.stdout.split())
    assert not {f"pyautograd.{name}" for name in later} & brought
    assert not {"__future__", "importlib", "re", "threading", "warnings"} & brought
    extra = {name.split(".")[0] for name in done.stdout.split()}
    assert extra <= {"pyautograd", "_pyautograd"} | set(sys.stdlib_module_names)
    assert "cffi" not in extra and "torch" not in extra and "scipy" not in extra


def test_named_tuples_are_made_when_they_are_needed() -> None:
    names = [name for name in dir(ag.return_types) if not name.startswith("__")]
    assert {"max", "sort", "linalg_svd"} <= set(names) and len(set(names)) == len(names)
    for name in names:
        made = getattr(ag.return_types, name)
        assert getattr(ag.return_types, name) is made and issubclass(made, tuple)
        assert (made.__module__, made.__qualname__) == ("pyautograd.return_types", name)
    assert [name for name in dir(ag.return_types) if not name.startswith("__")] == names
    with pytest.raises(AttributeError, match="has no attribute 'cumsum'"):
        _ = ag.return_types.cumsum


def test_threads_that_need_a_named_tuple_first_get_one_type() -> None:
    code = """
        import json, threading
        import pyautograd as ag

        ready, types = threading.Barrier(8), []

        def work():
            ready.wait()
            types.append(type(ag.tensor([[1.0, 2.0]]).max(0)))
            types.append(ag.return_types.max)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps([len(types), len(set(types))]))
    """
    assert run_python(textwrap.dedent(code)) == [16, 1]


def test_a_star_import_shadows_only_names_of_ours() -> None:
    names: dict[str, Any] = {}
    exec("from pyautograd import *", names)
    names.pop("__builtins__")
    assert set(names) == set(ag.__all__) - {"__version__"} or set(names) == set(ag.__all__)
