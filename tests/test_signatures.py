# SPDX-License-Identifier: MIT
"""What functions take, as the op table says it: Python's signatures, errors and stubs, and C's
prototypes, agree with its rows for every public name."""

from __future__ import annotations

import ast
import functools
import inspect
import operator
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _stubs
import pytest
from _stubs import Parameter, Row
from header import declarations

import pyautograd as ag
from cc import COMPILERS, INCLUDE, STRICT, run
from pyautograd import autograd

STUB = Path(ag.__file__).parent / "_core.pyi"
EMPTY = inspect.Parameter.empty
KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY
VAR_KEYWORD = inspect.Parameter.VAR_KEYWORD
VAR_POSITIONAL = inspect.Parameter.VAR_POSITIONAL

ROWS = _stubs.calls()
PLAIN = [row for row in ROWS.values() if row.forms != "PART"]
OVERLOADS = _stubs.overloads()
WITH_OUT = _stubs.with_out()


def name_of(row: Row) -> str:
    return f"{row.name}-{row.cname}"


def forms_of(row: Row) -> Iterator[tuple[str, Callable[..., Any], bool]]:
    """(name, function, whether it is a method) of all that the row makes."""
    if row.is_function:
        yield row.name, getattr(ag, row.name), False
    if row.is_method:
        yield row.name, getattr(ag.Tensor, row.name), True
    if row.is_in_place:
        yield row.name + "_", getattr(ag.Tensor, row.name + "_"), True
    if row.home:
        yield row.name, getattr(operator.attrgetter(row.home)(ag), row.name), False


# ---- inspect.signature ---------------------------------------------------------------------------


def described(parameter: Parameter, first: bool, method: bool) -> tuple[str, str, Any]:
    """(name, kind, default) of inspect's parameter."""
    if first and method:
        return "self", "POSITIONAL_ONLY", EMPTY
    if parameter.kind in ("PLACES", "EACH") or (parameter.kind == "SIZES" and method):
        return parameter.name, "VAR_POSITIONAL", EMPTY
    kind = "KEYWORD_ONLY" if parameter.by_name else "POSITIONAL_OR_KEYWORD"
    default = EMPTY if parameter.default is None else ast.literal_eval(parameter.default)
    return parameter.name, kind, default


@pytest.mark.any_build
@pytest.mark.parametrize("row", PLAIN, ids=name_of)
def test_inspect_shows_the_row(row: Row) -> None:
    made = list(forms_of(row))
    assert made
    for name, function, method in made:
        shown = inspect.signature(function).parameters.values()
        found = [(p.name, p.kind.name, p.default) for p in shown]
        wanted = [described(p, k == 0, method) for k, p in enumerate(row.parameters)]
        title = f"{row.home}.{name}" if row.home else name
        if not method and title in WITH_OUT:
            wanted.append(("out", "KEYWORD_ONLY", None))
        assert found == wanted, name


def overloaded(name: str) -> Callable[..., Any]:
    """A function that can be called in several ways; a method of a tensor where it is one alone."""
    forms = OVERLOADS[name][0]
    if forms == "METHOD":
        return getattr(ag.Tensor, name)
    home = _stubs.HOMES.get(forms)
    return getattr(operator.attrgetter(home)(ag) if home else ag, name)


@pytest.mark.parametrize("name", OVERLOADS)
def test_inspect_shows_the_names_of_all_overloads(name: str) -> None:
    forms, cnames = OVERLOADS[name]
    home = _stubs.HOMES.get(forms)
    function = overloaded(name)
    shown = list(inspect.signature(function).parameters)
    if forms == "METHOD":
        assert shown[0] == "self"
        shown[0] = "input"
    named = {p.name for cname in cnames for p in ROWS[name, cname].parameters}
    named |= {"out"} if (f"{home}.{name}" if home else name) in WITH_OUT else set()
    assert set(shown) == named
    for cname in cnames:  # in their order
        row = [p.name for p in ROWS[name, cname].parameters if not p.by_name]
        assert [n for n in shown if n in row] == row
    assert hasattr(ag.Tensor, name) == (forms in ("BOTH", "METHOD"))
    assert hasattr(ag, name) == (forms != "METHOD" and home is None)


def public() -> dict[str, Callable[..., Any]]:
    """Everything that can be called and has a name for users."""
    found = {name: getattr(ag, name) for name in ag.__all__}
    methods = [name for name in dir(ag.Tensor) if hasattr(ag.Tensor, name)]
    found |= {f"Tensor.{name}": getattr(ag.Tensor, name) for name in methods}
    found |= {f"autograd.{name}": getattr(autograd, name) for name in autograd.__all__}
    for home in _stubs.MODULES:
        module = operator.attrgetter(home)(ag)
        found |= {f"{home}.{name}": getattr(module, name) for name in module.__all__}
    del found["autograd.Node"]  # only ops make it
    return {
        name: one
        for name, one in found.items()
        if callable(one) and not name.rsplit(".", 1)[-1].startswith("_")
    }


@pytest.mark.any_build
@pytest.mark.parametrize("name", public())
def test_everything_has_a_signature(name: str) -> None:
    assert inspect.signature(public()[name]) is not None


# ---- errors --------------------------------------------------------------------------------------

VALUES: dict[str, Any] = {
    "OPERAND": 1.0,
    "SCALAR": 1.0,
    "NUMBER": 1.0,
    "VALUE": 1.0,
    "INT": 1,
    "WHOLE": 1,
    "DIM": 0,
    "FLAG": False,
    "DIMS": 0,
    "SIZES": (2, 2),
    "PLACES": (2, 2),
    "INTS": (2, 2),
    "INT_OR_INTS": 1,
    "DTYPE": None,
    "REAL": None,
    "DEVICE": None,
    "GRAD": False,
    "MAYBE": None,
    "REDUCTION": "sum",
    "AVERAGE": None,
    "REDUCE": None,
    "INPLACE": False,
    "DRIVER": None,
}
WANTED = {
    "TENSOR": "Tensor",
    "OPERAND": "Tensor or Number",
    "SCALAR": "Number",
    "NUMBER": "Number",
    "VALUE": "Number",
    "INT": "int",
    "WHOLE": "int",
    "DIM": "int",
    "FLAG": "bool",
    "CHOICE": "str",
    "DIMS": "tuple of ints",
    "SIZES": "tuple of ints",
    "PLACES": "tuple of ints",
    "INTS": "tuple of ints",
    "INT_OR_INTS": "int",
    "TENSORS": "tuple of Tensors",
    "EACH": "tuple of Tensors",
    "GENERATOR": "Generator",
    "GRAD": "bool",
    "INTO": "Tensor",
    "MAYBE": "Tensor",
    "AVERAGE": "bool",
    "REDUCE": "bool",
    "INPLACE": "bool",
    "DRIVER": "str",
}


def value(parameter: Parameter) -> Any:
    """Something that the parameter takes."""
    if parameter.kind in ("TENSORS", "EACH"):
        return [ag.ones(2, 2)]
    if parameter.kind == "CHOICE":
        return parameter.words[0]
    if parameter.kind in ("TENSOR", "OBJECT", "INTO"):
        return ag.ones(2, 2)
    return VALUES.get(parameter.kind)


def needed(row: Row, method: bool) -> list[Any]:
    """What must be given to a function or to a method's second and further parameters."""
    given = [value(p) for p in row.parameters if p.default is None]
    return [ag.ones(2, 2), *given[1:]] if method else given


def error(function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    with pytest.raises(TypeError) as caught:
        function(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize("row", PLAIN, ids=name_of)
def test_names_that_there_are_not(row: Row) -> None:
    for name, function, method in forms_of(row):
        text = error(function, *needed(row, method), nonsense=1)
        assert text == f"{name}() got an unexpected keyword argument 'nonsense'"


@pytest.mark.parametrize("row", PLAIN, ids=name_of)
def test_a_value_that_is_given_twice(row: Row) -> None:
    for name, function, method in forms_of(row):
        at = 1 if method else 0
        if len(row.parameters) > at and not row.parameters[at].by_name:
            given = [ag.ones(2, 2)] * method + [value(row.parameters[at])]
            text = error(function, *given, **{row.parameters[at].name: given[-1]})
            assert text == f"{name}() got multiple values for argument '{row.parameters[at].name}'"


@pytest.mark.parametrize("row", PLAIN, ids=name_of)
def test_too_many_and_too_few(row: Row) -> None:
    for name, function, method in forms_of(row):
        places = [p for p in row.parameters[method:] if not p.by_name]
        starred = any(
            p.kind in ("PLACES", "EACH") or (p.kind == "SIZES" and method) for p in places
        )
        if not starred:
            given = [ag.ones(2, 2)] * method + [value(p) for p in places] + [1]
            text = error(function, *given)
            assert re.match(rf"{name}\(\) takes .* positional arguments? but \d+ w\w+ given", text)
        least = [p for p in places if p.default is None]
        if least and not (starred and row.parameters[0].kind in ("PLACES", "EACH")):
            text = error(function, *[ag.ones(2, 2)] * method)
            assert text.startswith(f"{name}() missing {len(least)} required positional argument")
            assert f"'{least[0].name}'" in text


@pytest.mark.parametrize("row", PLAIN, ids=name_of)
def test_values_of_another_kind(row: Row) -> None:
    for name, function, method in forms_of(row):
        for k, p in enumerate(row.parameters):
            if p.kind not in WANTED or (k == 0 and method):
                continue
            given = {q.name: value(q) for q in row.parameters[method:] if q.default is None}
            given[p.name] = object()
            text = error(function, *[ag.ones(2, 2)] * method, **given)
            shown = "dim" if p.kind == "DIMS" else p.name
            assert text == f"{name}(): argument '{shown}' must be {WANTED[p.kind]}, not object"


# Choices that are refused in PyTorch's words.
OF_LINALG = {
    "linalg_eigh": "Expected UPLO argument to be 'L' or 'U', but got nonsense",
    "linalg_eigvalsh": "Expected UPLO argument to be 'L' or 'U', but got nonsense",
    "linalg_qr": "unrecognized mode 'nonsense' but expected one of 'reduced'.*, 'r', or 'complete'",
    "linalg_lstsq": r"`driver` should be one of \(gels, gelsy, gelsd, gelss\)",
}


@pytest.mark.any_build
@pytest.mark.parametrize("row", PLAIN, ids=name_of)
def test_choices_name_their_words(row: Row) -> None:
    for p in row.parameters:
        if p.kind == "CHOICE":
            pattern = OF_LINALG.get(row.cname) or f"{p.name} must be one of .*'{p.words[-1]}'"
            with pytest.raises(RuntimeError, match=pattern):
                given = needed(row, False)
                if p.default is None:  # the word has a place of its own there
                    given = given[: row.parameters.index(p)]
                next(forms_of(row))[1](*given, **{p.name: "nonsense"})


@pytest.mark.parametrize("name", OVERLOADS)
def test_overloads_say_what_they_expect(name: str) -> None:
    forms, cnames = OVERLOADS[name]
    method = forms == "METHOD"
    function = getattr(ag.ones(2), name) if method else overloaded(name)
    text = error(function, nonsense=1)
    head = f"{name}() received an invalid combination of arguments - got (nonsense=int), but"
    first, *rows = text.splitlines()
    assert first == head + " expected one of:"
    assert len(rows) == len(cnames)
    for shown, cname in zip(rows, cnames, strict=True):
        names = re.findall(r"(\w+)(?:=[^,)]*)?[,)]", shown)
        assert names == [p.name for p in ROWS[name, cname].parameters[method:]]


def test_the_only_overload_that_fits_by_names_says_what_is_wrong() -> None:
    assert error(ag.eye, "a") == "eye(): argument 'n' must be int, not str"
    assert error(ag.eye, 2, "a") == "eye(): argument 'm' must be int, not str"
    assert error(ag.arange, 0, 1, "a") == "arange(): argument 'step' must be Number, not str"


# ---- out, dtype, names of NumPy ------------------------------------------------------------------


def test_out_is_written() -> None:
    x = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    out = ag.empty(2)
    address = out.data_ptr()
    assert ag.sum(x, 0, out=out) is out
    assert out.tolist() == [4.0, 6.0] and out.data_ptr() == address
    nothing = ag.empty(0)
    assert x.logsumexp(1, out=nothing) is nothing and nothing.shape == (2,)
    with pytest.warns(UserWarning, match="was resized"):
        x.mean(out=out)
    assert out.tolist() == 2.5


def test_out_and_gradients() -> None:
    x = ag.ones(2, requires_grad=True)
    for source, target in ((x, ag.zeros(())), (x.detach(), ag.zeros((), requires_grad=True))):
        before = target.clone()
        with pytest.raises(RuntimeError, match=r"out=\.\.\. arguments don.t support automatic"):
            source.sum(out=target)
        assert target.tolist() == before.tolist()
    with ag.no_grad():
        assert x.sum(out=ag.zeros(())).tolist() == 2.0


def test_numpy_spellings() -> None:
    x = ag.ones(2, 3)
    assert ag.sum(a=x, axis=1, keepdims=True).shape == (2, 1)
    assert ag.maximum(x1=x, x2=x).shape == (2, 3)
    assert x.unsqueeze(axis=0).shape == (1, 2, 3)
    assert ag.zeros(shape=(2,)).shape == (2,)


# ---- stubs ---------------------------------------------------------------------------------------


@functools.cache
def definitions() -> dict[str, list[ast.FunctionDef]]:
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    modules = [
        (f"{home}.", ast.parse(path.read_text(encoding="utf-8")).body)
        for home, path in _stubs.MODULES.items()
    ]
    found: dict[str, list[ast.FunctionDef]] = {}
    for owner, body in [("", tree.body), *modules] + [
        ("Tensor.", node.body)
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Tensor"
    ]:
        for node in body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found.setdefault(owner + node.name, []).append(node)
    return found


def stubbed(node: ast.FunctionDef) -> list[tuple[str, bool, Any]]:
    """(name, whether by name only, default) of a definition's parameters, self left out."""
    spec = node.args
    places = [*spec.posonlyargs, *spec.args]
    defaults = [EMPTY] * (len(places) - len(spec.defaults)) + spec.defaults
    found = [(a.arg, False, d) for a, d in zip(places, defaults, strict=True)]
    found += [(spec.vararg.arg, False, EMPTY)] if spec.vararg else []
    found += [
        (a.arg, True, EMPTY if d is None else d)
        for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
    ]
    shown = [(n, k, EMPTY if d is EMPTY else ast.unparse(d)) for n, k, d in found]
    return [one for one in shown if one[0] != "self"]


@pytest.mark.any_build
@pytest.mark.parametrize("name", definitions())
def test_stubs_show_the_signature(name: str) -> None:
    nodes = definitions()[name]
    owner, _, short = name.rpartition(".")
    owners = {"": ag._core, "Tensor": ag.Tensor}
    owners |= {home: operator.attrgetter(home)(ag) for home in _stubs.MODULES}
    found = getattr(owners[owner], short)
    if isinstance(found, property) or not callable(found):
        return
    runtime = [p for p in inspect.signature(found).parameters.values() if p.name != "self"]
    if len(nodes) == 1:
        shown = [(n, d if d is EMPTY else ast.literal_eval(d)) for n, _, d in stubbed(nodes[0])]
        assert shown == [(p.name, p.default) for p in runtime]
        by_name = [k for _, k, _ in stubbed(nodes[0])]
        assert by_name == [p.kind is KEYWORD_ONLY for p in runtime]
        return
    if any(p.kind is VAR_KEYWORD for p in runtime):  # no one signature shows all overloads
        for node in nodes:
            for parameter, by_name, _ in stubbed(node):
                assert by_name or re.search(rf"\b{parameter}\b", inspect.getdoc(found) or "")
        return
    names = {p.name for p in runtime}
    for node in nodes:
        assert {n for n, _, _ in stubbed(node)} <= names


# ---- C -------------------------------------------------------------------------------------------


PYTHON_ALONE = "DTYPE REAL DEVICE GRAD INTO AVERAGE REDUCE INPLACE DRIVER".split()


@pytest.mark.any_build
@pytest.mark.parametrize(
    "row", [r for r in ROWS.values() if r.body.endswith(("OP", "OWN"))], ids=name_of
)
def test_prototypes_have_the_parameters(row: Row) -> None:
    (arguments,) = {a for name, a in declarations(INCLUDE) if name == f"ag_{row.cname}"}
    names = re.findall(r"(\w+) *(?:,|$)", arguments)
    expected = []
    for p in row.parameters:
        if p.kind in ("DIMS", "SIZES", "PLACES", "INTS", "INT_OR_INTS", "TENSORS", "EACH"):
            expected.append(f"n_{p.name}")
        if p.kind not in PYTHON_ALONE:
            expected.append(p.name)
    expected += {"LIST": ["n", "outs"], "PAIR_OF": ["outs"], "TRUTH": ["truth"]}.get(row.result, [])
    expected += ["outs"] if row.result.startswith("NAMED") else []
    assert names == expected


TO_COME = """
    #include <pyautograd.h>
    #define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \\
        AG_CALL_##BODY(cname, FORMS, RESULT, parameters)
    CALL(max, max_of_dim, PART, OP, NAMED(values, indices),
         ((TENSOR, input, NEEDED), (DIM, dim, NEEDED), (FLAG, keepdim, IS(False, false))), "", "")
    CALL(max, max_of_all, PART, OP, TENSOR, ((TENSOR, input, NEEDED)), "", "")
    CALL(repeat, repeat, METHOD, OWN, TENSOR,
         ((TENSOR, input, NEEDED), (SIZES, repeats, NEEDED)), "", "")
    CALL(pad, pad, FUNCTION, OWN, TENSOR,
         ((TENSOR, input, NEEDED), (SIZES, pad, NEEDED),
          (CHOICE, mode, IS_OF('constant', 0, "constant|reflect|replicate|circular")),
          (NUMBER, value, IS(0, 0.0))), "", "")
    CALL(drawn, drawn, PART, OWN, MADE,
         ((INT, low, NEEDED), (INT, high, NEEDED), (SIZES, size, NEEDED),
          (DTYPE, dtype, STAR(None, 0)), (GRAD, requires_grad, KEY(False, false))), "", "")
    ag_status (*max_of_dim)(ag_tensor *, int, bool, ag_tensor **) = ag_max_of_dim;
    ag_tensor *(*max_of_all)(ag_tensor *) = ag_max_of_all;
    ag_tensor *(*repeat)(ag_tensor *, int, const int64_t *) = ag_repeat;
    ag_tensor *(*pad)(ag_tensor *, int, const int64_t *, int, double) = ag_pad;
    ag_tensor *(*drawn_)(int64_t, int64_t, int, const int64_t *) = ag_drawn;
"""


@pytest.mark.parametrize("compiler", COMPILERS)
def test_rows_can_say_what_is_to_come(compiler: str, tmp_path: Path) -> None:
    """Functions that there are not yet, with what none of those that there are has together."""
    source = tmp_path / "rows.c"
    source.write_text(TO_COME)
    run([compiler, "-std=c11", *STRICT, f"-I{INCLUDE}", "-fsyntax-only", str(source)])
