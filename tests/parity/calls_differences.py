# SPDX-License-Identifier: MIT
"""Where the random calls of calls_random.py part from PyTorch on purpose, each with its reason.
Most are in pyautograd/differences.md; the rest is what cannot be compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from calls_compare import Parting
from calls_random import Call, Tensor

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


def _both(names: str, theirs: str, ours: str = "") -> Check:
    """Where both refuse, in such words, but not with the same type of error."""
    known = set(names.split())

    def holds(call: Call, p: Parting) -> bool:
        refused = _raised(p.theirs) != "" and _raised(p.ours) != ""
        told = re.search(theirs, p.theirs) is not None and re.search(ours, p.ours) is not None
        return p.stage == "error" and (not known or call.name in known) and refused and told

    return holds


def _not_implemented(call: Call, p: Parting) -> bool:
    both = {_raised(p.theirs), _raised(p.ours)}
    return p.stage == "error" and both == {"NotImplementedError", "RuntimeError"}


def _written_over(call: Call, p: Parting) -> bool:
    stages = ("requires_grad", "first derivative")
    return call.how == "in place" and call.name in MASKS.split() and p.stage in stages


def _number_for_a_tensor(call: Call, p: Parting) -> bool:
    told = r"must be Tensor, not (float|int|bool)|invalid combination of arguments"
    numbers = any(isinstance(x, int | float) for x in call.flat())
    known = call.name in set(PAIRS.split())
    return p.stage == "error" and known and numbers and re.search(told, p.theirs) is not None


def _inner(names: str, stage: str, special: bool = False) -> Check:
    """Of ops that have no public name, of which a case has put a twin together: where an argument
    is NaN or infinite, if `special`."""
    known = set(names.split())

    def holds(call: Call, p: Parting) -> bool:
        named = call.case is not None and call.name in known
        return named and re.match(stage, p.stage) is not None and (call.is_special or not special)

    return holds


def _of_infinities(call: Call, p: Parting) -> bool:
    known = call.name in set(AT_INFINITY.split())
    tiny = any(((x.values != 0) & (np.abs(x.values) < 1e-100)).any() for x in tensors_of(call))
    return known and p.stage == "second derivative" and (call.is_special or tiny)


def _nan_in_torch(call: Call, p: Parting) -> bool:
    """NaN there, and what is infinite or large here."""
    of_values = call.is_special and p.stage in ("values", "first derivative")
    return of_values and "nan" in p.theirs and call.name in set(LIMITS.split())


def _special(names: str, stage: str) -> Check:
    """Of functions of these names, where an argument is NaN, infinite or far from 1."""
    found = _names(names, stage)

    def holds(call: Call, p: Parting) -> bool:
        sizes = [np.abs(x.values[x.values != 0]) for x in tensors_of(call)]
        far = any(((x > 1e100) | (x < 1e-100)).any() for x in sizes)
        return found(call, p) and (call.is_special or far)

    return holds


def tensors_of(call: Call) -> list[Tensor]:
    return [x for x in call.flat() if isinstance(x, Tensor)]


def _unlike_operands(call: Call, p: Parting) -> bool:
    """Operands of several dtypes, or not float64."""
    found = {x.label for x in tensors_of(call)}
    told = re.search(DTYPES, p.theirs) is not None
    case = call.case is not None  # it has some of its own
    return (
        p.stage == "error" and (found != {"float64"} or case) and _raised(p.theirs) != "" and told
    )


def _no_elements(call: Call, p: Parting) -> bool:
    """PyTorch looks neither at dtypes nor at numbers where there are no elements."""
    told = re.search(REFUSED, p.ours) is not None
    return p.stage == "error" and _is_empty(call) and not _raised(p.theirs) and told


def _without_dims(names: str, stage: str) -> Check:
    """An empty list of dimensions, which stands for all of them."""
    found = _names(names, stage)

    def holds(call: Call, p: Parting) -> bool:
        given = [*call.args[1:], *call.more.values()]
        return found(call, p) and any(isinstance(x, tuple | list) and not x for x in given)

    return holds


def _too_few(call: Call, p: Parting) -> bool:
    stages = ("first derivative", "second derivative")
    known = call.name in ("var", "std", "var_mean", "std_mean")
    return known and p.stage in stages and "inf" in p.theirs


def _whole_losses(call: Call, p: Parting) -> bool:
    if call.name not in set(OF_FLOATS.split()):
        return False
    refused = re.match(r"NotImplementedError: .*'Long'", p.ours) is not None
    return refused or (p.stage == "dtype" and p.theirs.startswith("int64"))


def _nan_beside_bounds(call: Call, p: Parting) -> bool:
    known = call.name in ("hardtanh", "softshrink", "hardshrink", "relu6")
    return known and p.stage == "first derivative" and "nan" in str(call)


MASKS = (
    "logical_not logical_and logical_or logical_xor eq ne lt le gt ge not_equal less less_equal "
)
MASKS += "greater greater_equal"
LIMITS = (
    "softsign layer_norm norm logcumsumexp std var std_mean var_mean prod gelu normalize cdist "
)
LIMITS += "binary_cross_entropy_with_logits silu kl_div"
AT_INFINITY = "cumprod norm prod prelu glu logcumsumexp binary_cross_entropy_with_logits"
DTYPES = r"[Dd]type|Double|Long|Bool|bool|scalar type|Integral|floating|Negation|Subtraction"
REFUSED = r"NotImplementedError|out of range|dtype|2 dimensions or more|automatic different"
REFUSED += r"|of no integers|continuous|without overflow|out of bounds|log odds"
REFUSED += r"|not implemented for dtype"
PAIRS = "arctan2 atan2 clip clamp copysign float_power fmax fmin gcd heaviside hypot lcm ldexp "
PAIRS += "logaddexp logaddexp2 logical_and logical_or logical_xor maximum minimum bitwise_and "
PAIRS += "bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift xlogy where nextafter "
PAIRS += "gaussian_nll_loss"
OF_FLOATS = "l1_loss margin_ranking_loss mse_loss hinge_embedding_loss"
# What the native kernels are put together of.
NORMED = "standardize standardize_vjp standardize_affine standardize_affine_vjp "
NORMED += "standardize_channels"
INNER = f"{NORMED} bce_term bce_logits_term p_norm scatter_extreme class_loss class_loss_vjp"
WHOLE = "bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift"
INDEXED = "embedding index_select index_add index_reduce index_fill index_put index_put_ take put"

SIGNS = "sign sgn heaviside abs absolute __abs__ l1_loss smooth_l1_loss huber_loss norm dist "
SIGNS += "pairwise_distance"

EXCUSES: tuple[Excuse, ...] = (
    Excuse("A histogram has no gradient, and says so.", _names("histogram", "requires")),
    Excuse("Losses are float64: PyTorch has some of int64.", _whole_losses),
    Excuse("A number may be an operand where PyTorch wants a tensor.", _number_for_a_tensor),
    Excuse("How to sort is told in any order.", _told("TypeError", "sort argsort")),
    Excuse("Both refuse: NotImplementedError is a RuntimeError.", _not_implemented),
    Excuse("The word is from_ here.", _told("unexpected keyword argument 'from_'", "uniform_")),
    Excuse("NaN is no probability.", _both("", "", "between 0 and 1, but got nan")),
    Excuse(
        "What is out of range is an IndexError.",
        _both(INDEXED, r"bounds|should be positive|setStorage|same dtype", "^IndexError"),
    ),
    Excuse(
        "Where there is no dimension, shapes do not fit.",
        _both(
            "index_add index_copy index_reduce", "no dimensions|out of bounds of the source|scalar"
        ),
    ),
    Excuse(
        "Of several mistakes another one is told first.",
        lambda call, p: _is_empty(call) and _both("", "")(call, p),
    ),
    Excuse(
        "The twin of an inner op has other checks.",
        _inner(INNER, "error"),
    ),
    Excuse(
        "batch_norm of whole numbers without elements: PyTorch computes nothing.",
        lambda call, p: call.name == "batch_norm" and p.stage == "dtype" and _is_empty(call),
    ),
    Excuse("What is written into integers is a constant.", _inner("fill", "requires")),
    Excuse("Targets alone are looked at.", _inner("class_loss_vjp draw_bernoulli_by", "requires")),
    Excuse("PyTorch's third derivative of layer_norm is none.", _inner(NORMED, "second")),
    Excuse("PyTorch divides by 1e-12 more.", _inner("bce_term", "second")),
    Excuse(
        "Twins take 0 times infinity for NaN.",
        _inner(
            f"linear_scan shift rrelu_by silu_slope vjp_div vjp_mul vjp_both class_entropy_vjp "
            f"{INNER}",
            "values|first|second",
            True,
        ),
    ),
    Excuse(
        "No integer is infinite or NaN, nor beyond 2 ** 53.",
        lambda call, p: "without overflow" in p.ours and call.case is not None,
    ),
    Excuse(
        "An integer has no infinite multiple.", _told("without overflow", "hinge_embedding_loss")
    ),
    Excuse("Bounds are numbers.", _names("rrelu rrelu_", "error")),
    Excuse("A factor that is no integer is refused.", _names("index_add", "error")),
    Excuse("Dtypes are looked at first.", _both("", "^IndexError: Dim", "^NotImplementedError")),
    Excuse("Without a dimension, too.", _told("received an invalid combination", "prod")),
    Excuse("True is a factor.", _told("Boolean alpha only supported", "rsub")),
    Excuse("A row is looked at first.", _both("rms_norm", "Expected weight")),
    Excuse("PyTorch divides by no groups.", _both("group_norm", "^ZeroDivision", "^RuntimeError")),
    Excuse("Slices are counted first.", _both("index_copy", "same slice shapes")),
    Excuse("PyTorch takes a root of -inf.", _special("pow __pow__ float_power", "values|first")),
    Excuse("Every function resizes an empty `out`.", _names("normal", "shape")),
    Excuse("The sign of an infinity is known.", _special("copysign", "first|second")),
    Excuse(
        "PyTorch divides by a square that leaves the range.", _special("addcdiv", "first|second")
    ),
    Excuse("PyTorch divides by 1e-12 more.", _names("binary_cross_entropy", "second")),
    Excuse(
        "PyTorch reads beside what is repeated.",
        lambda call, p: call.name in ("median", "nanmedian") and "repeated" in str(call),
    ),
    Excuse(
        "What is multiplied by nothing is a constant.",
        lambda call, p: call.name == "scatter" and p.stage == "requires_grad" and _is_empty(call),
    ),
    Excuse("Twins divide 0 by 0.", _inner("vjp_div vjp_mul", "values|first|second")),
    Excuse("No power overflows.", _special("soft_margin_loss", "values|first|second")),
    Excuse("All NaN are one value.", _special("mode", "values|first|second")),
    Excuse("Random numbers are float64.", _names("rand randn normal", "error")),
    Excuse("A sum of bools is an integer.", _names("nansum", "error")),
    Excuse("A range that rounding closes has one bin.", _special("histc", "values")),
    Excuse("What is drawn is a constant.", _names("bernoulli_", "requires")),
    Excuse("Integers below 0 are exponents, too.", _names("ldexp", "first|second")),
    Excuse(
        "Indices are looked at first.",
        _both("scatter_reduce scatter scatter_add", "^IndexError: Dimension"),
    ),
    Excuse("Products are looked at first.", _both("addcmul addcdiv", "", "^OverflowError")),
    Excuse("Second derivatives at infinity are made of what is left of them.", _of_infinities),
    Excuse("There are limits, which PyTorch does not take.", _nan_in_torch),
    Excuse("Squares of sides leave the range.", _special("atan2 hypot", "first|second")),
    Excuse("What is -inf, or far below, has no part.", _special("logcumsumexp", "first|second")),
    Excuse("NaN lies between no bounds.", _nan_beside_bounds),
    Excuse("An empty list of dimensions is all of them.", _without_dims("logsumexp", "error")),
    Excuse(
        "An empty list of dimensions is all of them in slopes, too.",
        _without_dims("var std var_mean std_mean", "first|second"),
    ),
    Excuse("PyTorch rounds 1 / alpha to a float32.", _names("celu", "first derivative|second")),
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
    Excuse("Of too few numbers the slope keeps its sign.", _too_few),
    Excuse("A derivative at a kink.", _names("prelu", "second")),
    Excuse(
        "Rounding is told from what is there.",
        _names("corrcoef pairwise_distance", "values|second"),
    ),
    Excuse("Norms of numbers that leave the range.", _names("cosine_similarity", "values|first")),
    Excuse("Of one bool, too, no sum up to it.", _names("cumsum cumprod", "error")),
    Excuse("Losses broadcast.", _told("doesn't match the broadcast shape", "soft_margin_loss")),
    Excuse("Of nothing a distance is that of 0.", _told("does not have an identity")),
    Excuse(
        "Out is taken without a dimension, too.", _told("received an invalid combination", "sum")
    ),
    Excuse("True is a number, as everywhere.", _told("we only support dx as a real number")),
    Excuse("An output_size of -1 stands for none.", _names("repeat_interleave", "error")),
    Excuse("No dimension is none to differ along.", _names("gradient", "error")),
    Excuse(
        "PyTorch leaves places unset where no row is repeated.",
        _names("unique_consecutive", "shape|values"),
    ),
    Excuse(
        "What is not included has no part of the gradient.",
        _names("scatter_reduce index_reduce", "first|values"),
    ),
    Excuse(
        "Slopes at 0 and below are those of differences.md.",
        _names("pow __pow__ __rpow__ float_power", "second"),
    ),
    Excuse("Of dtypes that PyTorch multiplies by 0.", _names("dropout", "dtype|error")),
)


def excused(call: Call, p: Parting) -> str:
    """The reason why the call may part in that, "" if there is none."""
    return next((x.reason for x in EXCUSES if x.holds(call, p)), "")
