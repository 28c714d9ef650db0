# SPDX-License-Identifier: MIT
"""Writes what the built library decides of _core.pyi, the native names in __init__.py, and
nn/functional.pyi, special.pyi and linalg.pyi: `make stubs`.

What stands between a pair of markers, `# <ops ...>` and `# </ops>`, is made anew from the op table,
and each docstring from the object's own, without its examples, so that editors show it. The rest
of the file is written by hand. With `--check` nothing is written, and the exit status says whether
something would be.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyautograd as package
from pyautograd import _core

__all__ = ["generate", "main"]

_FOLDER = Path(package.__file__).parent
STUB = _FOLDER / "_core.pyi"
PACKAGE = _FOLDER / "__init__.py"
# The modules of the package that are made of rows, and the FORMS of functions that stand there.
HOMES = {
    "FUNCTIONAL": "nn.functional",
    "FUNCTIONAL_IN_PLACE": "nn.functional",
    "SPECIAL": "special",
    "LINALG": "linalg",
}
MODULES = {
    home: _FOLDER / (home.replace(".", "/") + ".pyi")
    for home in dict.fromkeys(HOMES.values())
}
_PART = re.compile(r"(?P<head>^ *# <ops (?P<what>\w+)>\n).*?(?P<tail>^ *# </ops>\n)", re.M | re.S)

# ---- rows of functions ---------------------------------------------------------------------------

_TYPES = {
    "TENSOR": "Tensor",
    "OPERAND": "_Operand",
    "SCALAR": "_Real",
    "NUMBER": "_Real",
    "VALUE": "_Real",
    "INT": "_int",
    "WHOLE": "_int",
    "DIM": "_int",
    "FLAG": "_bool",
    "DIMS": "_Dims",
    "SIZES": "Sequence[_int]",
    "PLACES": "Sequence[_int]",
    "INTS": "_Dims",
    "INT_OR_INTS": "_Dims",
    "TENSORS": "Sequence[_T]",
    "EACH": "Sequence[_T]",
    "GENERATOR": "Generator",
    "OBJECT": "_Value",
    "DTYPE": "_DType",
    "REAL": "_DType",
    "DEVICE": "_Device",
    "GRAD": "_bool",
    "INTO": "Tensor",
    "MAYBE": "Tensor",
    "AVERAGE": "_bool",
    "REDUCE": "_bool",
    "INPLACE": "_bool",
    "DRIVER": "str",
}
_PARAMETER = re.compile(r"\((\w+), (\w+), (NEEDED|[A-Z_]+\(.*?\))\)(?=, \(|\)$)")
_DEFAULT = re.compile(
    r"(?P<how>[A-Z]+)(?:_OF)?\((?P<text>\([^)]*\)|[^,]+), [^,)]+(?:, \"(?P<words>.*)\")?\)$"
)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function: its kind in ops.def, name, default as Python writes it."""

    kind: str
    name: str
    default: str | None = None
    by_name: bool = False
    words: tuple[str, ...] = ()

    def annotation(self, first_of_pair: str = "_Value") -> str:
        """The type that the stub gives it."""
        kind = _TYPES.get(self.kind, "")
        if self.kind in ("CHOICE", "REDUCTION"):
            words = ", ".join(f'"{word}"' for word in self.words)
            kind = f"Literal[{words}]" if len(words) <= 70 else "str"
        elif self.kind == "OBJECT":
            kind = "_Real" if self.default not in (None, "None") else first_of_pair
            if (self.default or "").startswith('"'):  # a word, or a number
                kind = "_Real | str | None"
        none = self.default == "None" and self.kind not in ("DTYPE", "REAL", "DEVICE")
        none |= self.kind == "MAYBE"
        return kind + " | None" * none


@dataclass(frozen=True)
class Row:
    """A CALL of ops.def."""

    name: str
    cname: str
    forms: str
    body: str
    result: str
    parameters: tuple[Parameter, ...]

    @property
    def is_method(self) -> bool:
        """Whether Tensor has it; of a part of an overloaded function, whether that may be."""
        return self.forms in ("METHOD", "BOTH", "BOTH_IN_PLACE", "METHOD_IN_PLACE")

    @property
    def is_in_place(self) -> bool:
        """Whether Tensor has it in place, too."""
        return self.forms in ("BOTH_IN_PLACE", "METHOD_IN_PLACE")

    @property
    def is_function(self) -> bool:
        """Whether the module has it."""
        return self.forms in ("FUNCTION", "BOTH", "BOTH_IN_PLACE")

    @property
    def home(self) -> str | None:
        """The module of the package that has it, and nothing else: nn.functional, for example."""
        return HOMES.get(self.forms)

    @property
    def type_name(self) -> str:
        """Of one with a named tuple as its result: the name of that type."""
        return f"{self.home}_{self.name}" if self.home in ("special", "linalg") else self.name


def _parameter(kind: str, name: str, form: str) -> Parameter:
    found = _DEFAULT.match(form)
    if found is None:
        quoted = re.findall(r'"(.*)"', form)
        return Parameter(kind, name, words=tuple(quoted[0].split("|")) if quoted else ())
    words = tuple((found["words"] or "").split("|")) if found["words"] else ()
    return Parameter(kind, name, found["text"], found["how"] in ("STAR", "KEY"), words)


def calls() -> dict[tuple[str, str], Row]:
    """The CALLs of the op table, by name and C function."""
    rows = {}
    for row in _core._call_table():
        if row["row"] == "call" and row["body"] != "C":
            text = row["parameters"].replace('" "', "")  # strings in several lines
            found = [_parameter(*part) for part in _PARAMETER.findall(text)]
            assert len(found) == len(re.findall(r"[(, ]\([A-Z]", text)), row
            name, cname = row["name"], row["cname"]
            rows[name, cname] = Row(
                name, cname, row["forms"], row["body"], row["result"], tuple(found)
            )
    return rows


def overloads() -> dict[str, tuple[str, list[str]]]:
    """The functions that can be called in several ways: their forms and their C functions."""
    return {
        row["name"]: (row["forms"], re.findall(r"\((\w+)\)", row["result"]))
        for row in _core._call_table()
        if row["row"] == "overloads"
    }


def shared(home: str) -> dict[str, str]:
    """The functions of the package that a module has, too: their names by those that it has."""
    rows = [row for row in _core._call_table() if row["row"] == "shared"]
    return {row["name"]: row["cname"] for row in rows if HOMES[row["forms"]] == home}


def with_out() -> set[str]:
    """The functions that take out= though no parameter of their rows is INTO. Those of a module of
    the package have its name before theirs."""
    return {row["name"] for row in _core._call_table() if row["row"] == "out"}


def _taking_out(form: str, home: str = "") -> str:
    """The definition of a function of the package or of a module of it, with out= if it takes
    that."""
    head, result = form.rsplit(") -> ", 1)
    name = head.removeprefix("def ").split("(", 1)[0]
    if home + "." * bool(home) + name not in with_out() or re.search(r"\bout: ", head):
        return form
    parameters = head.split("(", 1)[1]
    star = "" if re.search(r"(^|, )\*", parameters) else "*, "
    one = "Tensor" if result.removesuffix(": ...") in ("Tensor", "_T") else "tuple[Tensor, ...]"
    return f"{head}, {star}out: {one} | None = None) -> {result}"


def aliases() -> list[tuple[str, str, str]]:
    """(alias, op, kind) of elementwise ops without arguments of their own."""
    table = _core._call_table()
    return [(r["name"], r["cname"], r["forms"].lower()) for r in table if r["row"] == "alias"]


def _listed(parameters: Iterable[Parameter], first_of_pair: str) -> str:
    """Parameters as a definition lists them, each with a comma before it."""
    text, star = "", False
    for p in parameters:
        text += ", *" if p.by_name and not star else ""
        star |= p.by_name
        text += f", {p.name}: {p.annotation(first_of_pair)}"
        text += f" = {p.default}" if p.default is not None else ""
    return text


def _result(row: Row, of_method: bool) -> str:
    first = row.parameters[0].kind
    one = "Self" if of_method else "_T" if first in ("TENSOR", "TENSORS", "EACH") else "Tensor"
    named = re.match(r"NAMED\(", row.result)
    if named:
        return f"return_types.{row.type_name}"
    return {
        "PAIR_OF": f"tuple[{one}, {one}]",
        "LIST": f"tuple[{one}, ...]",
        "MADE": "Tensor",
        "TRUTH": "_bool",
        "ANY": "Any",
    }.get(row.result, one)


def _method_forms(row: Row, name: str) -> list[str]:
    rest, result = row.parameters[1:], _result(row, True)
    pair = "_Operand" if row.body == "PAIR" else "_Value"
    whole = f"def {name}(self{_listed(rest, pair)}) -> {result}: ..."
    if not rest or rest[0].kind not in ("SIZES", "PLACES"):
        return [whole]
    return [f"def {name}(self, *{rest[0].name}: _int) -> {result}: ...", whole]


def _function_forms(row: Row) -> list[str]:
    first, *rest = row.parameters
    result = _result(row, False)
    if row.cname == "where":  # of a condition alone another one
        return [
            "def where(condition: Tensor) -> tuple[Tensor, ...]: ...",
            "def where(condition: _Value, input: _Value, other: _Value) -> Tensor: ...",
        ]
    if first.kind == "PLACES":
        more = _listed(rest, "_Value").removeprefix(", *")
        return [
            f"def {row.name}(*{first.name}: _int{more}) -> {result}: ...",
            f"def {row.name}({first.name}: Sequence[_int], /, *{more}) -> {result}: ...",
            f"def {row.name}(*, {first.name}: Sequence[_int]{more}) -> {result}: ...",
        ]
    if first.kind == "EACH":
        named = _listed(rest, "_Value")
        more = named.removeprefix(", *")
        return [
            f"def {row.name}(*{first.name}: _T{more}) -> {result}: ...",
            f"def {row.name}({first.name}: Sequence[_T], /{named}) -> {result}: ...",
        ]
    pair = "_Operand" if row.body == "PAIR" else "_Value"
    head = f"{first.name}: _T" if first.kind == "TENSOR" else _listed([first], pair)[2:]
    return [f"def {row.name}({head}{_listed(rest, pair)}) -> {result}: ..."]


def _defined(forms: list[str], indent: str = "") -> list[str]:
    """One definition, or several with a decorator each."""
    mark = [f"{indent}@overload"] if len(forms) > 1 else []
    return [line for form in forms for line in (*mark, *_in_lines(indent + form))]


def _in_lines(definition: str) -> list[str]:
    """A definition in lines of at most 100 columns."""
    if len(definition) <= 100:
        return [definition]
    head, rest = definition.split("(", 1)
    parameters, result = rest.split(") -> ")
    indent = " " * (len(head) - len(head.lstrip()))
    inside = indent + "    " + parameters
    if len(inside) > 100:
        parts = re.split(r", (?![^\[]*\])", parameters)
        return [f"{head}(", *(f"{indent}    {p}," for p in parts), f"{indent}) -> {result}"]
    return [f"{head}(", inside, f"{indent}) -> {result}"]


def _row_methods() -> list[str]:
    lines, rows = [], calls()
    for row in rows.values():
        if row.is_method:
            lines += _defined(_method_forms(row, row.name), "    ")
        if row.is_in_place:
            lines += _defined(_method_forms(row, row.name + "_"), "    ")
    for name, (forms, cnames) in overloads().items():
        if forms in ("BOTH", "METHOD"):
            every = [f for c in cnames for f in _method_forms(rows[name, c], name)]
            lines += _defined(every, "    ")
    return lines


def _row_functions() -> list[str]:
    lines, rows = [], calls()
    for row in rows.values():
        if row.is_function:
            lines += _defined([_taking_out(form) for form in _function_forms(row)])
    for name, (forms, cnames) in overloads().items():
        if forms != "METHOD" and forms not in HOMES:
            every = [f for c in cnames for f in _function_forms(rows[name, c])]
            lines += _defined([_taking_out(form) for form in every])
    return lines


def _named_tuples() -> list[str]:
    lines = []
    for row in calls().values():
        fields = re.findall(r"\w+", row.result)[1:]
        if row.result.startswith("NAMED"):
            lines += [f"    class {row.type_name}(NamedTuple):"]
            lines += [f"        {field}: Tensor" for field in fields]
    return lines


# ---- elementwise ops -----------------------------------------------------------------------------


def _elementwise() -> list[tuple[str, str, str]]:
    """(op, name, kind) of the ops that have no CALL, and of their aliases."""
    table = [(row["name"], row["name"], row["kind"]) for row in _core._op_table()]
    every = [*table, *((op, alias, kind) for alias, op, kind in aliases())]
    return [row for row in every if row[2] in ("unary", "binary", "mask")]


def _methods() -> list[str]:
    lines = []
    for _, name, kind in _elementwise():
        more = "" if kind == "unary" else ", other: _Operand"
        lines.append(f"    def {name}(self{more}) -> Self: ...")
        lines.append(f"    def {name}_(self{more}) -> Self: ...")
    return [*lines, *_row_methods()]


def _functions() -> list[str]:
    lines = []
    for op, name, kind in _elementwise():
        # A number comes first in arithmetic alone.
        arithmetic = op in ("mul", "remainder", "xlogy") or op.startswith("bitwise")
        first = "_Operand" if arithmetic else "_Array"
        if kind == "unary":
            form = f"def {name}(input: _T) -> _T: ..."
        else:
            form = f"def {name}(input: {first}, other: _Operand) -> Tensor: ..."
        lines += _defined([_taking_out(form)])
    return [*lines, *_row_functions()]


# ---- docstrings ----------------------------------------------------------------------------------

_Definition = ast.FunctionDef | ast.ClassDef


def _documented(body: list[ast.stmt], owner: Any) -> Iterator[tuple[_Definition, str]]:
    """The definitions of a module or class that get a docstring, with its text: of overloads and
    of properties with setters the first. What Python itself documents (`__add__`) gets none."""
    seen: set[str] = set()
    for node in body:
        if not isinstance(node, _Definition) or node.name in seen or node.name.startswith("__"):
            continue
        seen.add(node.name)
        own = getattr(owner, node.name, None)
        text = (inspect.getdoc(own) or "").partition("\n\nExample:")[0].strip()
        if own is not None and text:
            yield node, text
        if isinstance(node, ast.ClassDef):
            yield from _documented(node.body, own)


def _wrapped(line: str, indent: str) -> list[str]:
    """A line of a docstring as one or more lines of the file."""
    deeper = indent + line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(line.strip(), 100, initial_indent=deeper, subsequent_indent=deeper) or [""]


def _with_docstring(lines: list[str], node: _Definition, text: str) -> None:
    """Put `text` into `lines` below the head of `node`, in the place of what is there."""
    indent = " " * (node.col_offset + 4)
    quoted = f'"""{text}\n"""' if "\n" in text else f'"""{text}"""'
    made = [part for line in quoted.splitlines() for part in _wrapped(line, indent)]
    first = node.body[0]
    start, end = first.lineno - 1, first.end_lineno
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):  # ... or a docstring
        head = lines[start][: first.col_offset].rstrip()
        lines[start:end] = [*([head] if head else []), *made]
    else:
        start = min([start, *(d.lineno - 1 for d in getattr(first, "decorator_list", []))])
        lines[start:start] = made


def _document(text: str, owner: Any = _core) -> str:
    lines = text.splitlines()
    found = sorted(_documented(ast.parse(text).body, owner), key=lambda pair: -pair[0].lineno)
    for node, doc in found:  # from the end, so that what is before stays in its lines
        _with_docstring(lines, node, doc)
    return "\n".join(lines) + "\n"


def generate(text: str) -> str:
    """Return the text of the stub file with its generated parts made anew."""
    made = {"methods": _methods(), "functions": _functions(), "tuples": _named_tuples()}
    return _document(
        _PART.sub(
            lambda part: part["head"] + "\n".join(made[part["what"]]) + "\n" + part["tail"], text
        )
    )


# ---- modules of the package ----------------------------------------------------------------------

_HEAD = """# SPDX-License-Identifier: MIT
# Types of pyautograd.{home}: `make stubs` writes all of this file.

"""
_BUILTINS = ("bool", "float", "int")
_OURS = ("Generator", "Tensor", "_T", "_Device", "_Dims", "_DType", "_Operand", "_Real", "_Value",
         "return_types")  # fmt: skip


def _in_order(name: str) -> tuple[bool, bool, bool, str]:
    return name != "_T", name[0].islower(), name[0] == "_", name.lower()


def generate_module(home: str) -> str:
    """Return the text of the stub file of a module that is made of rows, nn/functional.pyi."""
    module = importlib.import_module(f"{package.__name__}.{home}")
    in_places = getattr(module, "_IN_PLACE", [])
    lines = []
    for row in calls().values():
        if row.home == home:
            lines += _defined([_taking_out(form, home) for form in _function_forms(row)])
        if row.home == home and f"{row.name}_" in in_places:
            rest = tuple(p for p in row.parameters if p.kind != "INPLACE")
            in_place = dataclasses.replace(row, name=f"{row.name}_", parameters=rest)
            lines += _defined(_function_forms(in_place))
    for name, (forms, cnames) in overloads().items():
        if HOMES.get(forms) == home:
            every = [f for c in cnames for f in _function_forms(calls()[name, c])]
            lines += _defined([_taking_out(form, home) for form in every])
    words = set(re.findall(r"\w+", "\n".join(lines)))
    head = [f"from builtins import {n} as _{n}" for n in _BUILTINS if f"_{n}" in words]
    head += ["from collections.abc import Sequence"] if "Sequence" in words else []
    typing = ", ".join(n for n in ("Literal", "overload") if n in words)
    head += [f"from typing import {typing}"] if typing else []
    ours = ", ".join(sorted(words & set(_OURS), key=_in_order))
    core = "." * (home.count(".") + 1) + "_core"
    head += [""] if head else []
    head += [f"from {core} import {ours}"] if ours else []
    # What a stub imports under another name than its own is no public name of it.
    others = {alias: f"_{name}" for alias, name in shared(home).items() if alias != name}
    names = sorted((name, others.get(alias, alias)) for alias, name in shared(home).items())
    head += [f"from {core} import {name} as {alias}" for name, alias in names]
    lists = ["__all__: list[str]", *(["_IN_PLACE: list[str]"] if in_places else [])]
    lists += [f"{alias} = {name}" for alias, name in others.items()]
    lists += ["", "class LinAlgError(RuntimeError): ..."] if home == "linalg" else []
    text = _HEAD.format(home=home) + "\n".join([*head, "", *lists, "", *lines]) + "\n"
    return _document(text, type(home, (), {n: getattr(module, n) for n in module.__all__}))


# ---- names ---------------------------------------------------------------------------------------

# Public in the native module, but found elsewhere: autograd.Node, autograd.function.FunctionCtx,
# config.show_config,
# linalg.LinAlgError.
_ELSEWHERE = {"FunctionCtx", "LinAlgError", "Node", "SavedTensor", "show_config"}
_PYTHON = (
    "__version__", "autograd", "broadcast_shapes", "capi", "celu_", "chain_matmul",
    "distributions", "e", "einsum", "finfo", "func", "graph", "inference_mode", "tensordot",
    "utils", "get_printoptions", "get_rng_state", "iinfo", "inf", "initial_seed", "linalg", "load",
    "nan", "newaxis", "nn", "optim", "optimize", "pi", "profile", "random", "save", "seed", "selu_",
    "set_printoptions", "set_rng_state", "show_config", "special", "threshold_", *package._METHODS,
)  # fmt: skip


def _filled(words: Iterable[str], indent: str) -> str:
    text = " ".join(words)
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent) + "\n"


def generate_names(text: str) -> str:
    """Return the text of the package's __init__.py with its lists of native names made anew."""
    native = [n for n in dir(_core) if not n.startswith("_") and n not in _ELSEWHERE]
    every = sorted([*native, *_PYTHON, "testing"], key=lambda name: (not name[0].isupper(), name))
    native.sort(key=every.index)
    head, rest = text.split("    from ._core import (\n", 1)
    middle, tail = rest.split("    )\n", 1)[1].split("__all__ = [\n", 1)
    return (
        f"{head}    from ._core import (\n{_filled((n + ',' for n in native), ' ' * 8)}    )\n"
        f"{middle}__all__ = [\n{_filled((f'{chr(34)}{n}{chr(34)},' for n in every), ' ' * 4)}]\n"
        + tail.split("]\n", 1)[1]
    )


def main(arguments: list[str]) -> int:
    """Rewrite the stub files and the lists of names, or with --check say whether they need it."""
    status = 0
    texts = {path: path.read_text(encoding="utf-8") for path in (STUB, PACKAGE)}
    made = {STUB: generate(texts[STUB]), PACKAGE: generate_names(texts[PACKAGE])}
    made |= {path: generate_module(home) for home, path in MODULES.items()}
    for path, after in made.items():
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if "--check" in arguments:
            status |= int(before != after)
        elif before != after:
            path.write_text(after, encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
