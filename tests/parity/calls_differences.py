# SPDX-License-Identifier: MIT
"""Where the random calls of calls_random.py part from PyTorch on purpose, each with its reason.
Most are in pyautograd/differences.md; the rest is what cannot be compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from calls_compare import Parting
from calls_random import Call, Tensor

import pyautograd as ag

Check = Callable[[Call, Parting], bool]


@dataclass(frozen=True)
class Excuse:
    """What may differ, and why."""

    reason: str
    holds: Check


def _names(names: str, stage: str) -> Check:
    """Of functions of these names, in what these stages find."""
    known = set(names.split())
    return lambda call, p: call.name in known and re.match(stage, p.stage) is not None


def _told(theirs: str, names: str = "") -> Check:
    """Where PyTorch refuses with such words, of functions of these names."""
    known = set(names.split())

    def holds(call: Call, p: Parting) -> bool:
        named = not known or call.name in known
        return p.stage == "error" and named and re.search(theirs, p.theirs) is not None

    return holds


def _raised(text: str) -> str:
    """The type of the error that a parting tells of, "" where a value was given."""
    found = re.match(r"(\w*(?:Error|Exception)): ", text)
    return found[1] if found else ""


def _is_empty(call: Call) -> bool:
    return any(x.values.size == 0 for x in call.flat() if isinstance(x, Tensor))


def _other_type(call: Call, p: Parting) -> bool:
    both = {_raised(p.theirs), _raised(p.ours)}
    if p.stage != "error" or "" in both:
        return False
    return "NotImplementedError" in both or _is_empty(call)


def _written_over(call: Call, p: Parting) -> bool:
    stages = ("requires_grad", "first derivative")
    return call.how == "in place" and call.name in MASKS.split() and p.stage in stages


def _number_for_a_tensor(call: Call, p: Parting) -> bool:
    told = r"must be Tensor, not (float|int|bool)|invalid combination of arguments"
    numbers = any(isinstance(x, int | float) for x in call.flat())
    return p.stage == "error" and numbers and re.search(told, p.theirs) is not None


def _own_op(call: Call, p: Parting) -> bool:
    return call.case is not None and (p.stage == "error" or not hasattr(ag, call.name))


def _odd_number(call: Call, p: Parting) -> bool:
    """An argument that is NaN or infinite, or an operand that holds such numbers."""
    return p.stage == "error" and call.is_special


def _of_infinities(call: Call, p: Parting) -> bool:
    return call.is_special and p.stage == "second derivative"


def _nan_in_torch(call: Call, p: Parting) -> bool:
    """NaN there, and what is infinite or large here."""
    of_values = call.is_special and p.stage in ("values", "first derivative")
    return of_values and "nan" in p.theirs and call.name in set(LIMITS.split())


def _unlike_operands(call: Call, p: Parting) -> bool:
    """Operands of several dtypes, or not float64."""
    found = {x.label for x in call.flat() if isinstance(x, Tensor)}
    told = re.search(DTYPES, p.theirs) is not None
    return p.stage == "error" and found != {"float64"} and _raised(p.theirs) != "" and told


def _no_elements(call: Call, p: Parting) -> bool:
    """PyTorch looks neither at dtypes nor at numbers where there are no elements."""
    return p.stage == "error" and _is_empty(call) and not _raised(p.theirs)


MASKS = (
    "logical_not logical_and logical_or logical_xor eq ne lt le gt ge not_equal less less_equal "
)
MASKS += "greater greater_equal"
LIMITS = (
    "softsign layer_norm norm logcumsumexp p_norm std var std_mean var_mean prod gelu normalize"
)
DTYPES = r"[Dd]type|Double|Long|Bool|bool|scalar type|Integral|floating|Negation|Subtraction"

SIGNS = "sign sgn heaviside abs absolute __abs__ l1_loss smooth_l1_loss huber_loss norm dist "
SIGNS += "pairwise_distance"

EXCUSES: tuple[Excuse, ...] = (
    Excuse("a histogram has no gradient, and says so", _names("histogram", "requires")),
    Excuse(
        "losses are float64: PyTorch has some of int64",
        lambda call, p: call.name == "hinge_embedding_loss" and "'Long'" in p.ours,
    ),
    Excuse(
        "batch_norm of whole numbers without elements: PyTorch computes nothing",
        lambda call, p: call.name == "batch_norm" and p.stage == "dtype" and _is_empty(call),
    ),
    Excuse("A number may be an operand where PyTorch wants a tensor.", _number_for_a_tensor),
    Excuse(
        "Both refuse: NotImplementedError is a RuntimeError, and nothing has no size.", _other_type
    ),
    Excuse("The twin of a case makes its own checks, or has its own derivatives.", _own_op),
    Excuse("Which of the numbers that are none of an argument's are refused.", _odd_number),
    Excuse("Second derivatives at infinity are made of what is left of them.", _of_infinities),
    Excuse("There are limits, which PyTorch does not take.", _nan_in_torch),
    Excuse("Operands are promoted wherever that makes sense.", _unlike_operands),
    Excuse("What is refused is refused for no elements, too.", _no_elements),
    Excuse("All arguments have derivatives here.", _told("is not differentiable with respect to")),
    Excuse("What is no float64 is a constant.", _told("Autograd not support dtype")),
    Excuse("Operands may lie in memory in any order.", _told("view size is not compatible")),
    Excuse("A leaf is looked at last.", _told("a leaf Variable that requires grad")),
    Excuse(
        "Shapes are compared last.", _told("shape mismatch: value tensor", "index_put index_put_")
    ),
    Excuse(
        "Sections may be told by their number.", _told("must be tuple of ints", "split_with_sizes")
    ),
    Excuse("A label_smoothing below 0 is refused.", _names("cross_entropy", "error")),
    Excuse(
        "An output_size is that of the result.", _names("batch_norm triplet_margin_loss", "error")
    ),
    Excuse(
        "What has no derivative is a constant.",
        _names("unique unique_consecutive heaviside bincount", "requires_grad"),
    ),
    Excuse("NaN has no sign.", _names(SIGNS, "values|first")),
    Excuse("The slope is 1 / 6.", _names("hardsigmoid", "first")),
    Excuse(
        "PyTorch takes what is written over for what it was written with.",
        _written_over,
    ),
    Excuse(
        "Of too few numbers the slope keeps its sign.", _names("var std var_mean std_mean", "first")
    ),
    Excuse("A derivative at a kink.", _names("prelu", "second")),
    Excuse(
        "Rounding is told from what is there.",
        _names("corrcoef pairwise_distance", "values|second"),
    ),
    Excuse("Norms of numbers that leave the range.", _names("cosine_similarity", "values|first")),
    Excuse("Of one bool, too, no sum up to it.", _names("cumsum cumprod", "error")),
    Excuse("Losses are of float64.", _names("l1_loss margin_ranking_loss mse_loss", "error")),
    Excuse("Losses broadcast.", _told("doesn't match the broadcast shape", "soft_margin_loss")),
    Excuse("Of nothing a distance is that of 0.", _told("does not have an identity")),
    Excuse(
        "Out is taken without a dimension, too.", _told("received an invalid combination", "sum")
    ),
    Excuse("True is a number, as everywhere.", _told("we only support dx as a real number")),
    Excuse("An output_size of -1 stands for none.", _names("repeat_interleave", "error")),
    Excuse("No dimension is none to differ along.", _names("gradient", "error")),
    Excuse("PyTorch makes no places of one row.", _names("unique_consecutive", "shape")),
    Excuse(
        "What is not included has no part of the gradient.",
        _names("scatter_reduce index_reduce", "first|values"),
    ),
    Excuse(
        "Slopes at 0 and below are those of differences.md.",
        _names("pow __pow__ __rpow__", "second"),
    ),
    Excuse("Of dtypes that PyTorch multiplies by 0.", _names("dropout", "dtype|error")),
)


def excused(call: Call, p: Parting) -> str:
    """The reason why the call may part in that, "" if there is none."""
    return next((x.reason for x in EXCUSES if x.holds(call, p)), "")
