# SPDX-License-Identifier: MIT
"""Every op, function, method and operator that the library has, in every form, with operands of
every label: float64, int64 and bool, as vectors, 0-d tensors and Python numbers.

All is made from the library's own tables, so that a new op is covered by itself. What an argument
that is no operand must be is decided by its kind in ops.def; `needed` raises for a kind or a name
that it does not know. test_parity_label_matrix.py runs them."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import _stubs
import numpy as np
from _stubs import Parameter, Row
from labels_compare import Outcome, attempt

import pyautograd as ag

LABELS = ("float64", "int64", "bool")

# ---- operands ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operand:
    """A vector, a 0-d tensor or a number of a label; None is no operand at all."""

    label: str
    kind: str
    values: Any

    def make(self, lib: Any, times: int = 1) -> Any:
        """Under `lib`, the elements of a vector again and again."""
        if self.kind in ("number", "none"):
            return self.values
        if self.kind == "vector" and times > 1:
            return lib.tensor(np.tile(self.values, times))
        return lib.tensor(self.values, dtype=getattr(lib, self.label))

    @property
    def is_tensor(self) -> bool:
        return self.kind in ("vector", "0-d")

    def __str__(self) -> str:
        if self.kind in ("number", "none"):
            return repr(self.values)
        return f"tensor({self.values}, dtype={self.label})"


def _operands(kind: str, **values: list[Any]) -> tuple[Operand, ...]:
    return tuple(Operand(label, kind, value) for label in LABELS for value in values[label])


# No element of the second operands is an int 0: what int division by it does is among the programs.
FIRST = _operands(
    "vector", float64=[[1.5, -2.0, 0.0, 0.5]], int64=[[2, -1, 0, 3]], bool=[[True, False] * 2]
) + _operands("0-d", float64=[-1.5], int64=[3], bool=[True])
SECOND = _operands(
    "vector",
    float64=[[0.5, 3.0, -1.5, 2.0]],
    int64=[[1, -2, 3, 2]],
    bool=[[True, True, False, False]],
) + _operands("0-d", float64=[2.0], int64=[2], bool=[False])
NUMBERS = _operands("number", float64=[2.5, -0.5], int64=[2, -3], bool=[True, False])
CONDITIONS = (
    Operand("bool", "vector", [True, False, False, True]),
    Operand("bool", "0-d", True),
    Operand("int64", "vector", [1, 0, 0, 2]),
    Operand("float64", "0-d", 0.5),
)
NOTHING = (Operand("", "none", None),)

# By what a bool False as the second operand is an int division by zero.
DIVIDING = {"div", "divide", "floor_divide", "remainder", "fmod"}
DIVIDING |= {"__floordiv__", "__mod__", "__ifloordiv__", "__imod__"}


def _not_false(operands: tuple[Operand, ...]) -> tuple[Operand, ...]:
    kept = [x for x in operands if x.kind != "number" or x.values is not False]
    true = {"vector": [True] * 4, "0-d": True, "number": True}
    return tuple(replace(x, values=true[x.kind]) if x.label == "bool" else x for x in kept)


# Whose second operand may not be a number in PyTorch: one of each label shows that.
OF_TENSORS = set(
    "maximum minimum logical_and logical_or logical_xor atan2 arctan2 hypot ldexp gcd lcm "
    "logaddexp logaddexp2 heaviside fmax fmin".split()
)


def _seconds(name: str, with_numbers: bool = True) -> tuple[Operand, ...]:
    numbers = NUMBERS[::2] if name.rstrip("_") in OF_TENSORS else NUMBERS
    found = SECOND + numbers if with_numbers else SECOND
    return _not_false(found) if name in DIVIDING else found


# ---- forms ---------------------------------------------------------------------------------------

Slots = tuple[tuple[Operand, ...], ...]
More = dict[str, Any]


@dataclass(frozen=True)
class Label:
    """A dtype as an argument."""

    name: str

    def make(self, lib: Any) -> Any:
        return getattr(lib, self.name)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Into(Label):
    """An empty tensor for the result."""

    def make(self, lib: Any) -> Any:
        return lib.empty(0, dtype=getattr(lib, self.name))


# What is undefined or drawn: of these, dtypes and errors alone are compared.
UNKNOWN = {"empty", "empty_like", "rand", "rand_like", "randn", "randn_like", "normal"}
# What PyTorch does not have under that name, and where it has it.
OWN: set[str] = set()
OWN_METHODS = {"softplus"}
TWINS = {"softplus": "nn.functional.softplus", "relu": "nn.functional.relu"}


def _find(lib: Any, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = operator.attrgetter(name if hasattr(lib, name) else TWINS[name])(
        lib
    )
    return found


def _call_method(name: str, x: Any, *rest: Any, **more: Any) -> Any:
    return getattr(x, name)(*rest, **more)


@dataclass(frozen=True, eq=False)
class Form:
    """One way to call an op: as a function, a method, in place, as an operator, as a builtin."""

    name: str
    how: str
    slots: Slots
    after: tuple[Any, ...] = ()  # arguments behind the operands; functions are given the first one
    variants: tuple[More, ...] = ({},)
    listed: bool = False  # the operands are given as one list
    part: str = ""  # of several ways to call it, which

    @property
    def id(self) -> str:
        return f"{self.name}{self.part and '-'}{self.part}, {self.how}"

    @property
    def is_bounded(self) -> bool:
        """Whether bounds follow, which may be left out: both are tensors, or both numbers."""
        return any(NOTHING[0] in slot for slot in self.slots)

    def call(self, lib: Any) -> Callable[..., Any]:
        """The call under `lib`, of operands and what else."""
        if self.how in ("method", "in place"):
            found: Callable[..., Any] = functools.partial(_call_method, self.name)
        elif self.how == "function":
            found = _find(lib, self.name)
        else:
            found = OPERATORS[self.name] if self.name in OPERATORS else BUILTINS[self.name]
        return lambda *operands, **more: self._called(found, operands, more)

    def _called(self, found: Callable[..., Any], operands: Any, more: More) -> Any:
        first = operands[0] if operands else None
        after = [x(first) if callable(x) else x for x in self.after]
        value = found(list(operands), *after) if self.listed else found(*operands, *after, **more)
        return (str(value.dtype), tuple(value.shape)) if self.name in UNKNOWN else value

    def cases(self) -> Iterator[Case]:
        of_tensors = any(FIRST[0] in slot or SECOND[0] in slot for slot in self.slots)
        for operands in itertools.product(*self.slots):
            if of_tensors and not any(x.is_tensor for x in operands):
                continue
            if self.is_bounded and len({x.is_tensor for x in operands[1:] if x.kind != "none"}) > 1:
                continue
            for more in self.variants:
                yield Case(self, operands, more)

    def vector_cases(self) -> Iterator[Case]:
        """Those with a vector and without 0-d tensors, of a form that takes elements one by one;
        one number of each label."""
        numbers = NUMBERS[::2]
        whole = self.after or self.listed or self.name in TOGETHER
        for case in () if whole else self.cases():
            kinds = {x.kind for x in case.operands}
            usual = all(x.kind != "number" or x in numbers for x in case.operands)
            if "vector" in kinds and "0-d" not in kinds and usual and "out" not in case.more:
                yield case


@dataclass(frozen=True, eq=False)
class Case:
    """A form with operands."""

    form: Form
    operands: tuple[Operand, ...]
    more: More = field(default_factory=dict)

    def made(self, lib: Any, times: int = 1) -> tuple[list[Any], More]:
        """What the call is given: its operands, of longer vectors perhaps, and what else."""
        more = {k: x.make(lib) if isinstance(x, Label) else x for k, x in self.more.items()}
        return [x.make(lib, times) for x in self.operands], more

    def run(self, lib: Any) -> Outcome:
        operands, more = self.made(lib)
        outcome = attempt(self.form.call(lib), *operands, **more)
        undefined = self.form.name in UNKNOWN or (outcome.error and "out" in more)
        return replace(outcome, left=()) if undefined else outcome

    def __str__(self) -> str:
        more = [f"{key}={value}" for key, value in self.more.items()]
        return f"{self.form.id}: {', '.join([*map(str, self.operands), *more])}"


# ---- operators and builtins ----------------------------------------------------------------------


def _set_all(x: Any, value: Any) -> Any:
    x[...] = value
    return x


UNARY_OPERATORS = ("__neg__", "__pos__", "__abs__", "__invert__")
BINARY_OPERATORS = tuple(
    f"__{name}__"
    for name in "add sub mul truediv floordiv mod pow and or xor lshift rshift eq ne lt le gt ge "
    "iadd isub imul itruediv ifloordiv imod ipow iand ior ixor ilshift irshift".split()
)
OPERATORS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name) for name in UNARY_OPERATORS + BINARY_OPERATORS
}
BUILTINS: dict[str, Callable[..., Any]] = {
    "int": int,
    "float": float,
    "complex": complex,
    "bool": bool,
    "operator.index": operator.index,
    "repr": lambda x: repr(x).replace("pyautograd", "torch"),
    "str": lambda x: str(x).replace("pyautograd", "torch"),
    "list": list,
    "x[...] = v": _set_all,
}


def operators(tensor: Any) -> Iterator[Form]:
    for name in UNARY_OPERATORS:
        if hasattr(tensor, name):
            yield Form(name, "operator", (FIRST,))
    for name in BINARY_OPERATORS:
        if hasattr(tensor, name):
            first = FIRST if name.startswith("__i") else FIRST + NUMBERS
            yield Form(name, "operator", (first, _seconds(name)))


def builtins() -> Iterator[Form]:
    for name in BUILTINS:
        slots = (FIRST, _seconds(name)) if name.startswith("x[") else (FIRST,)
        yield Form(name, "builtin", slots)


# ---- methods without a row -----------------------------------------------------------------------

ONE: tuple[str, ...] = (
    "zero_",
    "item",
    "tolist",
    "double",
    "long",
    "bool",
    "detach",
    "cpu",
    "requires_grad_",
)
ONE += ("is_floating_point", "numel", "element_size", "type")
TWO = ("type_as",)


def methods(tensor: Any) -> Iterator[Form]:
    for name in ONE:
        if hasattr(tensor, name):
            yield Form(name, "method", (FIRST,))
    for name in TWO:
        if hasattr(tensor, name):
            yield Form(name, "method", (FIRST, _seconds(name)))
    if hasattr(tensor, "to"):
        variants = tuple({"dtype": Label(label)} for label in LABELS)
        yield Form("to", "method", (FIRST,), variants=variants)


# ---- ops without a row of their own --------------------------------------------------------------


def elementwise(lib: Any, names: dict[str, int]) -> Iterator[Form]:
    """Of names of ops and the numbers of their operands."""
    for name, arity in names.items():
        seconds = (_seconds(name),) * (arity - 1)
        if hasattr(lib, name):
            first = FIRST if arity == 1 else FIRST + NUMBERS
            yield Form(name, "function", (first, *seconds))
        if hasattr(lib.Tensor, name):
            yield Form(name, "method", (FIRST, *seconds))
        yield from _in_place(lib.Tensor, name, (FIRST, *seconds))


def _in_place(tensor: Any, name: str, slots: Slots, **more: Any) -> Iterator[Form]:
    if hasattr(tensor, name + "_") and name + "_" not in OWN:
        yield Form(name + "_", "in place", slots, **more)


def without_rows(parting: Collection[str] | None = None) -> dict[str, int]:
    """The elementwise ops and aliases that no CALL describes, without those of `parting`."""
    called = {row.name for row in _stubs.calls().values() if not row.home}
    ops = {row["name"]: dict(row) for row in ag._core._op_table()}
    found = {name: row["arity"] for name, row in ops.items() if name not in called}
    found |= {alias: ops[name]["arity"] for alias, name, _ in _stubs.aliases()}
    without = PARTING if parting is None else parting
    return {name: arity for name, arity in found.items() if arity and name not in without}


# ---- functions that a row describes --------------------------------------------------------------

SIZES: dict[str, Callable[[Any], tuple[int, ...]]] = {
    "view": lambda x: (-1,),
    "reshape": lambda x: (-1,),
    "permute": lambda x: tuple(range(x.dim())),
    "expand": lambda x: (2, *x.shape),
    "broadcast_to": lambda x: (2, *x.shape),
    "sum_to_size": lambda x: (1,) * x.dim(),
}
INTS = {"p": 2, "chunks": 2, "steps": 3, "n": 2, "m": 3}
# What takes index tensors or masks: test_parity_indexing.py has their labels.
INDEXED = {"gather", "index_select", "take", "take_along_dim", "scatter", "scatter_add", "put"}
INDEXED |= {"index_add", "index_copy", "index_fill", "index_put", "index_put_", "scatter_reduce"}
INDEXED |= {"index_reduce", "masked_fill", "masked_select", "masked_scatter"}
# What takes sizes, places or counts of its own kind: test_parity_shapes.py and test_parity_order.py
# have their labels.
SHAPED = {"topk", "kthvalue", "select", "narrow", "movedim", "moveaxis", "unflatten", "unfold"}
SHAPED |= {"as_strided", "as_strided_", "resize_", "resize_as_", "meshgrid", "atleast_1d"}
SHAPED |= {"atleast_2d", "atleast_3d", "flip", "roll", "repeat", "tile", "repeat_interleave"}
SHAPED |= {"select_scatter", "cartesian_prod", "constant_pad_nd", "new_zeros", "new_ones"}
SHAPED |= {"new_empty", "new_full", "empty_strided", "empty_permuted", "tril_indices"}
SHAPED |= {"triu_indices", "broadcast_tensors", "new_empty_strided"}
# Of networks, and of float64 alone: test_parity_module.py has them.
SHAPED |= {"layer_norm", "rms_norm", "batch_norm", "group_norm", "embedding"}
SHAPED |= {"poisson_nll_loss", "kl_div"}
SHAPED |= {"binary_cross_entropy_with_logits", "cosine_embedding_loss", "hinge_embedding_loss"}
SHAPED |= {"margin_ranking_loss", "triplet_margin_loss"}
# What is drawn at random: the tests of random numbers have its labels.
SHAPED |= set(
    "bernoulli bernoulli_ cauchy_ exponential_ geometric_ log_normal_ multinomial normal_ "
    "poisson randint randint_like random_ randperm uniform_ binomial rrelu rrelu_ dropout dropout_ "
    "alpha_dropout alpha_dropout_ feature_dropout feature_dropout_ feature_alpha_dropout "
    "feature_alpha_dropout_".split()
)
# What takes matrices: test_parity_products.py and test_parity_linalg.py have their labels.
MATRICES = frozenset(
    """mm bmm mv dot vdot matmul inner addmm addmv addr addbmm baddbmm bilinear cholesky
    cholesky_inverse cholesky_solve lu_solve lu_factor lu_unpack triangular_solve inverse det logdet
    slogdet qr svd pinverse matrix_power matrix_exp cross linear orgqr ormqr geqrf""".split()
)
# What PyTorch has to 9 digits, and refuses masks for: test_parity_special.py has their labels.
GAMMA = frozenset({"polygamma", "mvlgamma"})
# Whose operands are no numbers to be combined: test_parity_scans.py and test_parity_shapes.py have
# their labels.
PARTING = frozenset({"split_with_sizes"})
# Whose elements are not those of one place each.
TOGETHER = {"argsort", "msort", "nonzero", "argwhere", "diag_embed", "diag", "diagflat"}
TOGETHER |= {"combinations", "outer", "ger", "kron", "vander", "diff", "cumulative_trapezoid"}
TOGETHER |= {"histc", "unique", "searchsorted", "bucketize"}
OPERANDS = ("TENSOR", "OPERAND", "OBJECT", "NUMBER", "VALUE", "SCALAR", "TENSORS")


def needed(row: Row, parameter: Parameter) -> Any:
    """A good value of an argument that is no operand."""
    values = {"DIM": 0, "DIMS": 0, "WHOLE": 1, "INT_OR_INTS": 2, "FLAG": True, "PLACES": (2,)}
    if parameter.kind in values:
        return values[parameter.kind]
    if parameter.kind == "INT":
        return INTS[parameter.name]
    if parameter.kind == "SIZES" and row.result == "MADE":
        return (2,)
    if parameter.kind == "SIZES":
        return SIZES[row.name]
    raise KeyError(f"{row.name}: what may {parameter.name}, a {parameter.kind}, be?")


def _slot(row: Row, parameter: Parameter, first: bool, as_method: bool) -> tuple[Operand, ...]:
    if parameter.name == "condition":
        return CONDITIONS
    if parameter.kind == "TENSOR":
        return FIRST if first else _seconds(row.name, with_numbers=False)
    if parameter.kind in ("NUMBER", "VALUE", "SCALAR"):
        return NUMBERS + SECOND[3:]
    if first:
        return FIRST if as_method else FIRST + NUMBERS
    return _seconds(row.name) + (NOTHING if parameter.default is not None else ())


def _is_operand(parameter: Parameter) -> bool:
    """Whether operands of all kinds are tried for it: the bounds of clamp may be left out."""
    wanted = parameter.default is None or parameter.kind == "OPERAND"
    return parameter.kind in OPERANDS and wanted and not parameter.by_name


def _variants(row: Row) -> tuple[More, ...]:
    found: list[More] = [{}]
    for p in row.parameters:
        if p.kind == "CHOICE":
            found += [{p.name: word} for word in p.words]
        elif p.kind == "DEVICE":
            found += [{p.name: "cpu"}]
        elif p.kind in ("DTYPE", "REAL"):
            found += [{p.name: Label(label)} for label in LABELS]
        elif p.name == "alpha":
            found += [{p.name: number} for number in (True, 2, -1.5)]
    return tuple(found)


def _into(row: Row) -> tuple[More, ...]:
    """With `out`; what reduces is then told a dimension, as PyTorch wants it."""
    reduces = any(p.kind == "DIMS" and p.default for p in row.parameters) or row.name == "prod"
    dim: More = {"dim": 0} if reduces else {}
    return tuple({**dim, "out": Into(label)} for label in LABELS)


def of_row(lib: Any, row: Row, forms: str, part: str = "") -> Iterator[Form]:
    """The forms of a CALL that is of these FORMS."""
    parameters = row.parameters
    if parameters[0].kind == "TENSORS":
        yield Form(row.name, "function", (FIRST, SECOND), listed=True)
        return
    after = tuple(needed(row, p) for p in parameters if p.default is None and not _is_operand(p))
    operands = [p for p in parameters if _is_operand(p)]
    if any(not _is_operand(p) and p.default is None for p in parameters[: len(operands)]):
        yield from _behind_sizes(lib, row, part)
        return
    variants = _variants(row)
    if not forms.startswith("METHOD"):
        slots = tuple(_slot(row, p, k == 0, False) for k, p in enumerate(operands))
        more = _into(row) if any(p.kind == "INTO" for p in parameters) else ()
        yield Form(row.name, "function", slots, after, variants + more, part=part)
    if forms != "FUNCTION" and row.name not in OWN_METHODS:
        slots = tuple(_slot(row, p, k == 0, True) for k, p in enumerate(operands))
        yield Form(row.name, "method", slots, after, variants, part=part)
        yield from _in_place(lib.Tensor, row.name, slots, after=after, variants=variants)


def _behind_sizes(lib: Any, row: Row, part: str) -> Iterator[Form]:
    """A function whose numbers come after its sizes, by name: full."""
    *numbers, last = [p for p in row.parameters if _is_operand(p)]
    assert not numbers and row.parameters[0].kind == "SIZES", row.name
    variants = tuple({last.name: x.values, **more} for x in NUMBERS for more in _variants(row))
    yield Form(row.name, "function", (), ((2,),), variants, part=part)


def described(lib: Any) -> Iterator[Form]:
    overloads = _stubs.overloads()
    for (name, cname), row in _stubs.calls().items():
        if row.home or (row.forms == "PART" and overloads[name][0] in _stubs.HOMES):
            continue  # not under test here: their own tests look at each dtype
        if name in INDEXED | SHAPED | PARTING | MATRICES | GAMMA:
            continue
        if row.forms != "PART":
            yield from of_row(lib, row, row.forms)
        else:
            yield from of_row(lib, row, overloads[name][0], part=cname)


def forms(lib: Any = ag, names: dict[str, int] | None = None) -> list[Form]:
    """All there are, of what `lib` has."""
    made = [*elementwise(lib, without_rows() | (names or {})), *described(lib)]
    return [*made, *operators(lib.Tensor), *methods(lib.Tensor), *builtins()]
