# SPDX-License-Identifier: MIT
"""What a piece of code gives under one library, in a form that can be compared with what it gives
under the other: values with their types and dtypes, printed forms, errors. test_parity_labels.py
and test_parity_label_matrix.py compare with it; what may differ is in labels_differences.py."""

from __future__ import annotations

import ast
import copy
import io
import math
import operator
import pickle
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

RELATIVE = 1e-12

Facts = tuple[Any, ...]

# Messages that are about dtypes are to be PyTorch's; of others, the type of the error is enough.
ABOUT_DTYPES = re.compile(
    r"dtype|\bbool\b|Bool|\bLong\b|Double|Float|int64|floating|[Ii]nteger|overflow|ZeroDivision"
    r"|Overflow|output type|require gradients|default type|__index__|scalar|format"
)
# Which operands a function takes is no matter of theirs.
ABOUT_ARGUMENTS = re.compile(r"invalid combination|must be (Tensor|tuple|Number)")


def plain(text: str) -> str:
    """The text with the names of this library taken for PyTorch's."""
    return text.replace("pyautograd", "torch")


@dataclass(frozen=True)
class Outcome:
    """What a piece of code gives: facts about its value, or an error; and what it leaves of the
    tensors that it has names for, also after an error."""

    facts: Facts = ()
    shown: str = ""
    error: str = ""
    message: str = ""
    left: Facts = ()

    def __str__(self) -> str:
        value = f"{self.error}: {self.message}" if self.error else f"{self.shown}  {self.facts}"
        return f"{value}\n        names: {self.left}"

    def parting(self, other: Outcome) -> str:
        """In what they differ, "" if in nothing that counts; messages are for `same_message`."""
        for what in ("error", "facts", "shown", "left"):
            a, b = getattr(self, what), getattr(other, what)
            if not same(a, b):
                return what
        return ""

    def same_message(self, other: Outcome) -> bool:
        if not self.error or not ABOUT_DTYPES.search(self.message):
            return True
        if ABOUT_ARGUMENTS.search(self.message):
            return True
        return self.message == other.message


def same(a: Any, b: Any) -> bool:
    """Equal, with the types; floats to 1e-12 of themselves, NaN as NaN, and zeros with signs."""
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        near = a == b or (math.isfinite(a) and math.isclose(a, b, rel_tol=RELATIVE))
        return near and math.copysign(1.0, a) == math.copysign(1.0, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


# ---- facts ---------------------------------------------------------------------------------------


def is_tensor(x: Any) -> bool:
    return hasattr(x, "requires_grad_")


def of_tensor(x: Any) -> Facts:
    """What a tensor is; its numbers also as float64, which shows what memory holds: -0.0 may not
    be there under int64 and bool."""
    values = x.detach().tolist()
    doubles = x.detach().double().tolist()
    label = plain(str(x.dtype))
    known = "tensor", label, tuple(x.shape), values, doubles, bool(x.requires_grad)
    return known + (facts(x.grad) if x.is_leaf and x.grad is not None else ())


def facts(value: Any) -> Facts:
    """A value of any kind as tuples of plain Python values."""
    if is_tensor(value):
        return of_tensor(value)
    if isinstance(value, np.ndarray | np.generic):
        return type(value).__name__, str(value.dtype), value.shape, value.tolist()
    if isinstance(value, dict):
        return "dict", tuple((facts(key), facts(x)) for key, x in value.items())
    if isinstance(value, tuple | list | set):
        kind = "tuple" if isinstance(value, tuple) else type(value).__name__
        return kind, tuple(map(facts, value))
    if isinstance(value, str):
        return "str", plain(value)
    if isinstance(value, bool | int | float | complex | type(None)):
        return type(value).__name__, value
    return type(value).__name__, plain(repr(value))


def of_error(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__, "message": plain(str(error)).partition("\n")[0]}


# ---- programs ------------------------------------------------------------------------------------


class Spelled(ast.NodeTransformer):
    """Names that mean other types in PyTorch, as PyTorch spells what they mean here."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        node.attr = self.names.get(node.attr, node.attr)
        return node


def again(x: Any) -> Any:
    """Pickled and read back."""
    file = io.BytesIO()
    pickle.dump(x, file)
    file.seek(0)
    return pickle.load(file)


def run(lib: Any, program: str, spelled: dict[str, str] | None = None) -> Outcome:
    """A program of labels_programs.py under `lib`."""
    names: dict[str, Any] = {"m": lib, "np": np, "math": math, "operator": operator}
    names |= {"copy": copy, "pickle": pickle, "again": again}
    tree = Spelled(spelled or {}).visit(ast.parse(program))
    *statements, last = tree.body
    assert isinstance(last, ast.Expr), f"nothing to show: {program}"
    given: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(ast.Module(statements, []), program, "exec"), names)
            value = eval(compile(ast.Expression(last.value), program, "eval"), names)
            given = {"facts": facts(value), "shown": plain(repr(value))}
        except Exception as error:
            given = of_error(error)
        left = tuple((name, facts(x)) for name, x in names.items() if is_tensor(x))
    return Outcome(**given, left=left)


def attempt(call: Callable[..., Any], *operands: Any, **more: Any) -> Outcome:
    """One call: what it gives, whether that is one of the operands, and what is left in these."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = call(*operands, **more)
            itself = tuple(value is x for x in operands if is_tensor(x))
            given: dict[str, Any] = {"facts": (facts(value), itself)}
        except Exception as error:
            given = of_error(error)
        left = tuple(facts(x) for x in (*operands, *more.values()) if is_tensor(x))
    return Outcome(**given, left=left)
