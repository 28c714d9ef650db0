# SPDX-License-Identifier: MIT
"""One random call of one function, made from a seed: by the rows of ops.def, which say what every
argument is, or by the op cases, with their operands changed. Shapes without dimensions, without
elements and with sizes of 1, operands that broadcast, ties, NaN, infinities, zeros with signs,
every dtype, every order of memory, arguments by name and out of range.

calls_compare.py runs a call in both libraries."""

from __future__ import annotations

import functools
import math
import operator
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import _stubs
import numpy as np
from _stubs import Parameter, Row
from labels_cases import (
    BINARY_OPERATORS,
    GAMMA,
    MATRICES,
    OPERATORS,
    UNARY_OPERATORS,
    without_rows,
)

import pyautograd as ag
from layouts import KINDS, in_layout
from ops import cases_special
from ops.case import Case
from ops.cases import CASES
from support import Array

Shape = tuple[int, ...]

SHAPES: tuple[Shape, ...] = ((), (0,), (1,), (3,), (5,), (2, 3), (3, 1), (1, 3), (3, 3), (2, 0))
SHAPES += ((0, 3), (2, 3, 4), (2, 1, 3), (1, 1, 1), (2, 3, 0), (2, 2, 2, 2), (3, 2, 1, 2), (7, 4))
NUMBERS = (0, 1, -1, 2, 3, 0.5, -0.5, 1.5, 2.0, 0.0, -0.0, 1e-3, 30.0, True, math.nan, math.inf)
NUMBERS += (-math.inf,)

# What is drawn at random, of which shapes and dtypes are compared; and what is undefined.
DRAWN = {"rand", "rand_like", "randn", "randn_like", "normal", "dropout", "empty", "empty_like"}
DRAWN |= set(
    "bernoulli bernoulli_ cauchy_ exponential_ geometric_ log_normal_ multinomial normal_ "
    "poisson randint randint_like random_ randperm uniform_".split()
)
DRAWN |= {"new_empty", "empty_strided", "empty_permuted", "resize_", "resize_as_"}
DRAWN |= {"new_empty_strided", "binomial", "rrelu", "rrelu_", "gumbel_softmax", "dropout1d"}
DRAWN |= {"dropout2d", "dropout3d", "dropout_", "alpha_dropout", "alpha_dropout_"}
DRAWN |= {"feature_dropout", "feature_dropout_", "feature_alpha_dropout", "feature_alpha_dropout_"}


@dataclass(frozen=True)
class Tensor:
    """An operand: its numbers, dtype, and how it lies in memory."""

    values: Array
    label: str
    layout: str = "row-major"
    seed: int = 0
    grad: bool = False

    def make(self, lib: Any) -> Any:
        made = in_layout(lib, self.values, self.layout, random.Random(self.seed))
        if self.label != "float64":
            return made.to(getattr(lib, self.label))
        return made.requires_grad_() if self.grad else made

    def __str__(self) -> str:
        numbers = np.array2string(self.values, separator=", ", max_line_width=10**6)
        more = "".join(f", {x}" for x in (self.layout,) if x != "row-major")
        return f"<{self.label}{self.values.shape} {numbers}{more}{', grad' * self.grad}>"


@dataclass(frozen=True)
class Named:
    """A dtype."""

    label: str

    def make(self, lib: Any) -> Any:
        return getattr(lib, self.label)

    def __str__(self) -> str:
        return self.label


def made(lib: Any, x: Any) -> Any:
    if isinstance(x, Tensor | Named):
        return x.make(lib)
    if isinstance(x, list | tuple):
        return type(x)(made(lib, y) for y in x)
    return x


def tensors_in(x: Any) -> list[Any]:
    """Every tensor, of the arguments as they were made."""
    if isinstance(x, list | tuple):
        return [y for part in x for y in tensors_in(part)]
    if isinstance(x, dict):
        return tensors_in(list(x.values()))
    return [x] if hasattr(x, "requires_grad_") else []


@dataclass
class Call:
    """What is called, how, and with what."""

    name: str
    how: str  # function, method, in place, functional, special, linalg, operator, case
    args: list[Any] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    case: Case | None = None

    @property
    def is_special(self) -> bool:
        """Whether an operand is not finite somewhere."""
        found = [x for x in self.flat() if isinstance(x, Tensor)]
        numbers = [x for x in self.flat() if isinstance(x, float)]
        return not all(np.isfinite(x.values).all() for x in found) or not all(
            map(math.isfinite, numbers)
        )

    @property
    def has_ties(self) -> bool:
        """Whether elements of an operand are equal."""
        found = [x for x in self.flat() if isinstance(x, Tensor)]
        return any(
            np.unique(x.values).size < x.values.size or x.layout == "repeated" for x in found
        )

    def flat(self) -> list[Any]:
        found: list[Any] = []
        todo = [*self.args, *self.more.values()]
        while todo:
            x = todo.pop()
            if isinstance(x, list | tuple):
                todo += x
            else:
                found.append(x)
        return found

    def run(self, lib: Any) -> tuple[Any, list[Any]]:
        """The result, and the operands that were made."""
        args, more = made(lib, self.args), {k: made(lib, x) for k, x in self.more.items()}
        given = tensors_in(args) + tensors_in(more)
        if self.how == "in place" or self.more.get("inplace") is True:
            args[0] = args[0].clone()  # leaves that require grad are not written
            return self.callable(lib)(*args, **more), given
        return self.callable(lib)(*args, **more), given

    def callable(self, lib: Any) -> Callable[..., Any]:
        if self.case is not None:
            if lib is ag:
                return functools.partial(self.case.call, lib)
            return functools.partial(self.case.run_twin, lib)
        if self.how in ("method", "in place"):
            name = self.name + "_" * (self.how == "in place" and not self.name.endswith("_"))
            return lambda x, *rest, **more: getattr(x, name)(*rest, **more)
        if self.how == "operator":
            return OPERATORS[self.name]
        if self.how == "key":
            return operator.getitem
        where = lib.nn.functional if self.how == "functional" else lib
        if self.how in ("special", "linalg"):
            where = getattr(lib, self.how)
        found: Callable[..., Any] = getattr(where, self.name)
        return found

    def __str__(self) -> str:
        def show(x: Any) -> str:
            if isinstance(x, list | tuple):
                return f"{type(x).__name__}({', '.join(map(show, x))})"
            return str(x) if isinstance(x, Tensor | Named) else repr(x)

        parts = [show(x) for x in self.args] + [f"{k}={show(x)}" for k, x in self.more.items()]
        name = self.case.id if self.case else self.name
        return f"{name}, {self.how}: {', '.join(parts)}"


# ---- operands ------------------------------------------------------------------------------------


class Dice(random.Random):
    """Draws operands; remembers what of one call the next argument has to fit to."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.shape: Shape = self.choice(SHAPES)
        self.regime = self.choices(
            ("plain", "ties", "special", "unit", "positive"), (5, 3, 3, 2, 1)
        )[0]
        self.label = self.choices(("float64", "int64", "bool"), (8, 2, 1.5))[0]
        self.dim = 0
        self.listed = False
        self.drawn_index: Shape = ()

    def numbers(self, shape: Shape, label: str) -> Array:
        draws = np.random.default_rng(self.randrange(2**32))
        if label == "bool":
            return np.asarray(draws.integers(0, 2, shape), dtype=np.float64)
        if label == "int64":
            return np.asarray(draws.integers(-3, 4, shape), dtype=np.float64)
        if self.regime == "ties":
            return np.asarray(draws.integers(-2, 3, shape) / 2.0)
        if self.regime == "unit":
            return np.asarray(draws.uniform(0, 1, shape))
        if self.regime == "positive":
            return np.asarray(draws.uniform(0.1, 4, shape))
        plain = np.asarray(draws.standard_normal(shape) * 2)
        if self.regime == "plain":
            return plain
        odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 1e300, -1e-300])
        return np.where(draws.random(shape) < 0.5, draws.choice(odd, shape), plain)

    def tensor(self, shape: Shape | None = None, label: str = "", numbers: Any = None) -> Tensor:
        shape = self.shape if shape is None else shape
        if not label:
            same = self.random() < 0.8
            label = self.label if same else self.choice(("float64", "int64", "bool"))
        values = self.numbers(shape, label) if numbers is None else np.asarray(numbers, float)
        kinds = KINDS if label == "float64" else ("row-major", "permuted", "Fortran")
        layout = self.choice(kinds) if self.random() < 0.4 else "row-major"
        grad = label == "float64" and self.random() < 0.8
        return Tensor(values, label, layout, self.randrange(2**16), grad)

    def fitting(self) -> Shape:
        """A shape that mostly broadcasts with the first operand's."""
        draw = self.random()
        if draw < 0.6:
            return self.shape
        if draw < 0.9:
            part = self.shape[self.randint(0, len(self.shape)) :]
            return tuple(1 if self.random() < 0.25 else n for n in part)
        return self.choice(SHAPES)

    def operand(self) -> Any:
        if self.random() < 0.25:
            return self.choice(NUMBERS)
        return self.tensor(self.fitting())

    def one_dim(self) -> int:
        """Mostly one that is there."""
        n = len(self.shape)
        if n == 0 or self.random() < 0.06:
            self.dim = 0
            return self.choice((0, -1, 0, -1, n, -n - 1))
        d = self.randint(-n, n - 1)
        self.dim = d % n
        return d

    def dims(self) -> Any:
        n = len(self.shape)
        draw = self.random()
        if draw < 0.4 or n == 0:
            return self.one_dim()
        found = self.sample(range(n), self.randint(0, n))
        found = [d - n * (self.random() < 0.3) for d in found]
        if self.random() < 0.05:
            found.append(self.randint(-n - 1, n))
        return found if self.random() < 0.3 else tuple(found)

    def index(self, name: str) -> Tensor:
        """Of an index along the dimension that was drawn: places that are there, but for a few."""
        n = self.shape[self.dim] if self.shape and self.dim < len(self.shape) else 1
        low = -n if name in ("take", "put") and self.random() < 0.3 else 0
        high = max(n, 1) if self.random() < 0.97 else n + 2
        if name in ("take", "put"):
            n = high = max(math.prod(self.shape), 1)
            shape = self.choice(SHAPES)
        elif name.startswith("index_"):
            shape = (self.randint(0, 4),) if self.random() < 0.9 else ()
        elif name == "take_along_dim":
            shape = tuple(m if self.random() < 0.7 else 1 for m in self.shape)
            shape = tuple(2 if d == self.dim else m for d, m in enumerate(shape))
        else:
            smaller = 0.3 if name == "gather" else 0.2
            shape = tuple(self.randint(0, m) if self.random() < smaller else m for m in self.shape)
        if self.random() < 0.05:
            shape = self.choice(SHAPES)
        if name == "repeat_interleave":
            size = self.shape[self.dim] if self.shape else 1
            return self.tensor((size,), "int64", self.draws(0, 3, (size,)))
        self.drawn_index = shape
        label = "int64" if self.random() < 0.95 else self.choice(("float64", "bool"))
        return self.tensor(shape, label, self.draws(low, high, shape) if label == "int64" else None)

    def draws(self, low: int, high: int, shape: Shape) -> Any:
        return np.random.default_rng(self.randrange(2**32)).integers(low, max(high, low + 1), shape)

    def source(self, name: str) -> Tensor:
        if name.startswith("index_"):
            shape = list(self.shape)
            if shape and self.dim < len(shape):
                shape[self.dim] = math.prod(self.drawn_index)
            return self.tensor(tuple(shape))
        return self.tensor(self.drawn_index)

    def sizes(self) -> Any:
        n = math.prod(self.shape)
        known: list[Any] = [(n,), (-1,), self.shape, self.shape[::-1], (1, *self.shape), (n, 1)]
        return list(self.choice(known)) if self.random() < 0.95 else [2, -1]


# ---- arguments of rows ---------------------------------------------------------------------------

INT_RANGE = {"steps": (0, 6), "n": (-1, 4), "m": (0, 4), "bins": (0, 6), "chunks": (0, 4)}
INT_RANGE |= {"row": (0, 4), "col": (0, 4), "size": (0, 4), "step": (0, 3), "k": (0, 5)}
INT_RANGE |= {"length": (0, 3), "r": (0, 3), "N": (0, 4), "correction": (-1, 3)}
INT_RANGE |= {"edge_order": (0, 3), "num_classes": (-1, 6), "minlength": (0, 6), "repeats": (0, 3)}
INT_RANGE |= {"ignore_index": (-1, 2), "_stacklevel": (3, 3), "padding_idx": (-1, 2)}
CLASSES = {"nll_loss", "cross_entropy"}


def _tensor(dice: Dice, row: Row, p: Parameter, first: bool) -> Any:
    name = row.name
    if p.name in ("index", "indices", "sorter") or (
        name == "repeat_interleave" and p.name == "repeats"
    ):
        return dice.index(name)
    if p.name == "mask":
        return dice.tensor(dice.fitting(), "bool" if dice.random() < 0.95 else "int64")
    if p.name in ("src", "source") and name not in ("select_scatter", "slice_scatter"):
        return dice.source(name) if "masked" not in name else dice.tensor()
    if name in ("select_scatter", "slice_scatter", "diagonal_scatter") and p.name == "src":
        return dice.tensor(dice.shape[1:] if name == "select_scatter" else dice.shape)
    if name in CLASSES and p.name == "target" and len(dice.shape) and dice.random() < 0.7:
        shape = dice.shape[:1] + dice.shape[2:] if len(dice.shape) > 1 else ()
        classes = dice.shape[1] if len(dice.shape) > 1 else dice.shape[0]
        return dice.tensor(shape, "int64", dice.draws(0, classes, shape))
    if p.name == "weight" and (name in CLASSES or name in ("batch_norm", "prelu")):
        return dice.tensor((dice.shape[1],) if len(dice.shape) > 1 else (1,))
    if name == "batch_norm" and not first:
        return dice.tensor((dice.shape[1],) if len(dice.shape) > 1 else (1,))
    if p.name in ("weight", "bias") and name in ("layer_norm", "rms_norm"):
        return dice.tensor(dice.shape[-1:])
    if name in ("embedding", "one_hot", "bincount") and first:
        return dice.tensor(None, "int64", dice.draws(0, 4, dice.shape))
    if name == "embedding":
        return dice.tensor((4, dice.randint(0, 3)))
    return dice.tensor() if first else dice.tensor(dice.fitting())


def _object(dice: Dice, row: Row, p: Parameter) -> Any:
    if p.name in ("input", "other", "max", "min", "values", "exponent"):
        return dice.operand()
    if p.name == "condition":
        return dice.tensor(dice.fitting(), "bool" if dice.random() < 0.9 else "")
    if p.name == "p":
        return dice.choice((0, 1, 2, 3, 0.5, -1, 2.5, math.inf, -math.inf, "fro", "nuc", None))
    if p.name == "indices":
        n = dice.randint(1, max(1, len(dice.shape)))
        dice.dim = 0
        return tuple(dice.tensor((2,), "int64", dice.draws(0, 2, (2,))) for _ in range(n))
    if p.name == "dim":
        return dice.one_dim()
    if p.name == "data":
        return dice.choice(([1, 2], [[1.5], [2.0]], 3, True, [], [True, False]))
    return dice.choice(NUMBERS)


def _ints(dice: Dice, row: Row, p: Parameter) -> Any:
    n = len(dice.shape)
    if p.name in ("size", "stride", "physical_layout"):
        if p.name == "physical_layout":
            return dice.sample(range(n), n) if n == 2 else [1, 0]
        return dice.choice(([2, 2], [3], [], [1, 2])) if p.name == "size" else [1, 1]
    if p.name == "pad":
        return [dice.randint(-1, 2) for _ in range(2 * dice.randint(0, max(n, 1)))]
    if p.name == "sizes":
        size = dice.shape[dice.dim] if n else 1
        return dice.choice(([-1], [size], [1, size], [size, 1], [-1, 1], [2, -1]))
    if p.name in ("shifts", "source", "destination", "dims"):
        if row.name == "rot90":
            return dice.sample(range(-n, n), 2) if n > 1 else [0, 1]
        if p.name in ("source", "shifts"):
            dice.listed = dice.random() < 0.5
        count = dice.randint(1, 2) if dice.listed else 1
        draw = dice.one_dim if p.name != "shifts" else lambda: dice.randint(-5, 5)
        found = [draw() for _ in range(count)]
        return found if dice.listed else found[0]
    raise KeyError(f"{row.name}: {p}")


def _sizes(dice: Dice, row: Row, p: Parameter) -> Any:
    n = len(dice.shape)
    if row.name in ("permute", "flip"):
        found = [d - n * (dice.random() < 0.3) for d in dice.sample(range(n), n)]
        return found if row.name == "permute" or not found else found[: dice.randint(0, n)]
    if row.name in ("repeat", "tile"):
        return [dice.randint(0, 2) for _ in range(dice.randint(max(0, n - 1), n + 1))]
    if p.name == "normalized_shape":
        return list(dice.shape[dice.randint(0, max(n - 1, 0)) :])
    if row.name in ("expand", "broadcast_to"):
        ahead = [2] * dice.randint(0, 1)
        return ahead + [dice.choice((-1, n, n, 3)) if n == 1 else n for n in dice.shape]
    if row.result in ("MADE", "LIKE") or row.name in ("normal", "resize_"):
        return list(dice.choice(SHAPES))
    return dice.sizes()


def _split(dice: Dice, p: Parameter) -> Any:
    size = dice.shape[0] if dice.shape else 1
    if dice.random() < 0.5 and p.name != "split_sizes":
        return dice.randint(0, 4)
    parts = [dice.randint(0, 2) for _ in range(dice.randint(1, 3))]
    if "sections" in p.name and dice.random() < 0.5 and size >= sum(parts):
        parts.append(size - sum(parts))
    return parts


def _bounded(dice: Dice, p: Parameter) -> Any:
    """Of numbers that are good ones within bounds, for which PyTorch does not look, and of weights
    of columns."""
    if p.name.endswith("weights"):
        size = dice.shape[-1:]
        label = "int64" if p.name == "fweights" else "float64"
        return dice.tensor(size, label, dice.draws(1, 4, size))
    if p.name == "correction":
        return dice.choice((0, 1, 2))
    return dice.choice((1e-6, 0.1, 0.5, 1.0))


def argument(dice: Dice, row: Row, p: Parameter, first: bool) -> Any:
    if p.name in ("max_norm", "eps", "correction", "fweights", "aweights"):
        return _bounded(dice, p)
    if row.name == "aminmax" and p.kind == "DIMS":
        return dice.one_dim()
    simple: dict[str, Callable[[], Any]] = {
        "OPERAND": dice.operand,
        "SCALAR": lambda: dice.choice(NUMBERS),
        "NUMBER": lambda: dice.choice(NUMBERS),
        "VALUE": lambda: dice.choice(NUMBERS),
        "WHOLE": lambda: dice.randint(-2, 3),
        "FLAG": lambda: dice.random() < 0.5,
        "DIM": dice.one_dim,
        "DIMS": dice.dims,
        "GRAD": lambda: False,
        "GENERATOR": lambda: None,
        "DEVICE": lambda: "cpu",
        "INPLACE": lambda: dice.random() < 0.5,
        "AVERAGE": lambda: dice.choice((True, False, None)),
        "REDUCE": lambda: dice.choice((True, False, None)),
    }
    if p.kind in simple:
        return simple[p.kind]()
    if p.kind in ("TENSOR", "MAYBE"):
        return _tensor(dice, row, p, first)
    if p.kind in ("CHOICE", "REDUCTION"):
        return dice.choice(p.words)
    if p.kind == "INT":
        if dice.random() < 0.1:
            return dice.randint(-3, 5)
        return dice.randint(*INT_RANGE.get(p.name, (-2, 3)))
    if p.kind in ("DTYPE", "REAL"):
        return Named(dice.choice(("float64", "float64", "int64", "bool")))
    if p.kind == "INTO":
        label = dice.choice(("float64", dice.label, "int64", "bool"))
        return Tensor(np.zeros(0), label)
    if p.kind in ("TENSORS", "EACH"):
        return [dice.tensor(dice.fitting()) for _ in range(dice.randint(1, 3))]
    if p.kind == "INT_OR_INTS":
        return _split(dice, p)
    if p.kind == "INTS":
        return _ints(dice, row, p)
    if p.kind in ("SIZES", "PLACES"):
        return _sizes(dice, row, p)
    assert p.kind == "OBJECT", p.kind
    return _object(dice, row, p)


# ---- calls ---------------------------------------------------------------------------------------

RARE = {"INTO": 0.1, "DTYPE": 0.15, "REAL": 0.15, "AVERAGE": 0.04, "REDUCE": 0.04, "DEVICE": 0.02}
RARE |= {"GRAD": 0.0, "GENERATOR": 0.0, "MAYBE": 0.3}
# What is given one by one, and what PyTorch does not have, or only under other names.
STARRED = {"broadcast_tensors", "cartesian_prod"}
UNFIT = {("embedding", "sparse"), ("gather", "sparse_grad"), ("searchsorted", "out_int32")}
UNFIT |= {("bucketize", "out_int32"), ("where", "input"), ("where", "other")}
# What PyTorch has under another name, or not as a method.
NO_FUNCTION = {"softplus", "normalize"}
NO_METHOD = {"softplus"}


def of_row(dice: Dice, row: Row, forms: str) -> Call:
    args: list[Any] = []
    more: dict[str, Any] = {}
    by_name = False
    how = _how(dice, row, forms)
    for k, p in enumerate(row.parameters):
        left_out = p.default is not None and dice.random() >= RARE.get(p.kind, 0.45)
        if left_out or (p.kind == "INTO" and how == "method") or (row.name, p.name) in UNFIT:
            by_name = True
            continue
        value = argument(dice, row, p, k == 0)
        if p.kind == "EACH" and row.name in STARRED:
            args += value
            continue
        if p.by_name or by_name or (k and p.default is not None and dice.random() < 0.5):
            by_name = True
            more[p.name] = value
        else:
            args.append(value)
    if "keepdim" in more and len(args) == 1 and row.parameters[1].name == "dim":
        more.setdefault("dim", dice.one_dim())  # PyTorch wants it
    return Call(row.name, how, args, more)


def _how(dice: Dice, row: Row, forms: str) -> str:
    if forms.startswith("FUNCTIONAL"):
        return "functional"
    if forms in ("SPECIAL", "LINALG"):
        return forms.lower()
    if row.name in NO_FUNCTION:
        return "functional"
    found = ["function"] if not forms.startswith("METHOD") else []
    if forms not in ("FUNCTION",) and row.name not in NO_METHOD:
        found.append("method")
    if forms in ("BOTH_IN_PLACE", "METHOD_IN_PLACE"):
        found.append("in place")
    return dice.choice(found)


def of_elementwise(dice: Dice, name: str, arity: int) -> Call:
    args = [dice.tensor(), *(dice.operand() for _ in range(arity - 1))]
    found = [how for how, lib in (("function", ag), ("method", ag.Tensor)) if hasattr(lib, name)]
    if hasattr(ag.Tensor, name + "_"):
        found.append("in place")
    return Call(name, dice.choice(found), args)


def of_operator(dice: Dice) -> Call:
    if dice.random() < 0.2:
        return Call(dice.choice(UNARY_OPERATORS), "operator", [dice.tensor()])
    args = [dice.tensor(), dice.operand()]
    name = dice.choice(BINARY_OPERATORS)
    if not name.startswith("__i") and dice.random() < 0.3:
        args.reverse()
    if name.startswith("__i"):
        args[0] = Tensor(args[0].values, args[0].label, args[0].layout, args[0].seed)
    return Call(name, "operator", args)


def of_key(dice: Dice) -> Call:
    parts: list[Any] = []
    for n in dice.shape:
        draw = dice.random()
        if draw < 0.25:
            parts.append(dice.randint(-n, max(n - 1, 0)))
        elif draw < 0.6:
            ends = [dice.choice((None, dice.randint(-n - 1, n + 1))) for _ in range(2)]
            parts.append(slice(*ends, dice.choice((None, 1, 2))))
        elif draw < 0.75:
            shape = dice.choice(((2,), (), (2, 1), (0,)))
            parts.append(dice.tensor(shape, "int64", dice.draws(-n, n, shape)))
        elif draw < 0.85:
            parts.append(dice.tensor((n,), "bool"))
        elif draw < 0.95:
            parts.append([0] * dice.randint(1, 2))
        else:
            break
    for what in (None, Ellipsis, True):
        if dice.random() < 0.15:
            parts.insert(dice.randint(0, len(parts)), what)
    return Call("getitem", "key", [dice.tensor(), tuple(parts)])


def of_case(dice: Dice, case: Case) -> Call:
    """The operands of an op case: others of its shapes, or of ours, or of ours changed a bit."""
    if case.kind == "whole" and (dice.random() < 0.75 or not hasattr(ag, case.op)):
        shapes = [list(shape) for shape in case.shapes]
        if dice.random() < 0.5 and hasattr(ag, case.op):
            for shape in shapes:
                if shape and dice.random() < 0.7:
                    shape[dice.randrange(len(shape))] = dice.choice((0, 1, 1, 2, 5))
        found = [tuple(shape) for shape in shapes]
    else:
        found = [dice.shape, *(dice.fitting() for _ in range(case.arity - 1))]
    args: list[Any] = [dice.tensor(shape) for shape in found[: case.arity]]
    if dice.random() < 0.4:  # where the op is at home
        draws = np.random.default_rng(dice.randrange(2**32))
        arrays = case.sample(draws, *found[: case.arity])
        args = [dice.tensor(shape, "float64", a) for shape, a in zip(found, arrays, strict=False)]
    return Call(case.op, "case", args, {}, case)


SPECIAL = {case.op for case in (*cases_special.MAPS, *cases_special.WHOLES)}


@functools.cache
def sources() -> tuple[tuple[str, Any], ...]:
    """What calls are made of, each name as often as any other."""
    overloads = _stubs.overloads()
    found: list[tuple[str, Any]] = []
    for (name, cname), row in _stubs.calls().items():
        if cname == "repeat_numbers":  # a function alone in PyTorch
            continue
        if row.home in ("linalg", "special") or name in MATRICES | GAMMA | SPECIAL:
            continue  # they have tests of their own, beside mathematics where PyTorch is less exact
        forms = row.forms if row.forms != "PART" else overloads[name][0]
        found.append(("row", (row, forms)))
    public = {n: k for n, k in without_rows(()).items() if hasattr(ag, n) or hasattr(ag.Tensor, n)}
    found += [("elementwise", pair) for pair in sorted(public.items()) if pair[0] not in SPECIAL]
    found += [("operator", None)] * 12 + [("key", None)] * 8
    found += [("case", case) for case in CASES if not case.by_blas and case.op not in SPECIAL]
    return tuple(found)


def call_of(seed: int, only: str = "") -> Call:
    """The call of that seed; of `only` one of functions of that name."""
    dice = Dice(seed)
    made_of = sources()
    if only:
        made_of = tuple(x for x in made_of if only in _names(x))
    kind, what = dice.choice(made_of)
    if kind == "row":
        return of_row(dice, *what)
    if kind == "elementwise":
        return of_elementwise(dice, *what)
    if kind == "case":
        return of_case(dice, what)
    return of_operator(dice) if kind == "operator" else of_key(dice)


def _names(source: tuple[str, Any]) -> set[str]:
    kind, what = source
    if kind == "row":
        return {what[0].name}
    if kind == "case":
        return {what.op}
    return {what[0]} if kind == "elementwise" else {kind}
