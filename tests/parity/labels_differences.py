# SPDX-License-Identifier: MIT
"""Where programs and calls with labels part from PyTorch on purpose, each with its reason.

An entry names programs, each with what this library gives for it (a pattern of what is shown, or of
"Type: message"), or tells the calls of labels_cases.py that it is about. What it names must differ:
the tests hold that each is needed, that each gives what it says here, and that all together are
less than 3 % of the programs, 5 % of the calls."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from labels_cases import OF_TENSORS, Case
from labels_compare import Outcome

TOO_LARGE = "OverflowError: "
NO_INTEGER = "RuntimeError: value cannot be converted to type int64_t without overflow"

# Names that mean float32 and int32 in PyTorch, as PyTorch spells what they mean here.
SPELLED = {"float": "double", "int": "long"}


@dataclass(frozen=True, eq=False)
class Difference:
    """Programs or calls that part, and why. Programs of `spelled` are as PyTorch's once PyTorch is
    given the names of SPELLED; the cases are those that `cases` is true for."""

    reason: str
    programs: dict[str, str] = field(default_factory=dict)
    spelled: tuple[str, ...] = ()
    cases: Callable[[Case], bool] | None = None


def number_beside_a_tensor(case: Case) -> bool:
    """Of functions whose second operand must be a tensor in PyTorch."""
    first, *rest = case.operands or (None,)
    if case.form.name.rstrip("_") not in OF_TENSORS or first is None or not first.is_tensor:
        return False
    return any(x is not None and x.kind == "number" for x in rest)


def size_of_a_bool(case: Case) -> bool:
    return case.form.name == "element_size" and case.operands[0].label == "bool"


def of_rows(case: Case) -> bool:
    """Of what is made of rows, with operands that are not float64."""
    names = "prelu cdist pdist dist pairwise_distance cosine_similarity lerp lerp_"
    found = [x for x in case.operands if x.kind != "none" and x.label != "float64"]
    return case.form.name in names.split() and bool(found)


def sine_of_whole_numbers(case: Case) -> bool:
    return case.form.name in ("sinc", "sinc_")


def bool_alpha(case: Case) -> bool:
    return case.form.name == "rsub" and case.more.get("alpha") is True


def mean_of_integers(case: Case) -> bool:
    return case.form.name == "nanmean" and bool(case.more.keys() & {"dtype", "out"})


def sum_into(case: Case) -> bool:
    return case.form.name == "nansum" and "out" in case.more


def masks_without_dimensions(case: Case) -> bool:
    scans = ("cumsum", "cumprod", "cumsum_", "cumprod_")
    return case.form.name in scans and case.operands[0].kind == "0-d"


def number_searched_into(case: Case) -> bool:
    first = case.operands[0] if case.operands else None
    number = first is not None and first.kind == "number"
    return case.form.name == "bucketize" and number and "out" in case.more


def norm_as(case: Case) -> bool:
    return case.form.name == "norm" and "dtype" in case.more


def normal_otherwise(case: Case) -> bool:
    return case.form.name == "normal" and bool(case.more.keys() & {"dtype", "out"})


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "float and int name the one dtype of their kind that is here: float64 and int64.",
        spelled=(
            "(m.tensor([1., -2.]) > 0).float().mean()",
            "m.tensor([1.9, -1.9]).int()",
            "m.float is m.float64, m.int is m.int64",
        ),
    ),
    Difference(
        "float32 is not there, and what is said tells what to do.",
        {"m.tensor([1, 2]).to(m.float32).dtype": "AttributeError: .*float32"},
    ),
    Difference(
        "An element takes 8 bytes under every label: one buffer of doubles holds all three.",
        {
            "m.bool.itemsize": "8",
            "m.tensor([True, False]).element_size(), m.tensor([True, False]).nbytes": r"\(8, 16\)",
        },
        cases=size_of_a_bool,
    ),
    Difference(
        "Integers that a double does not hold exactly are refused where they come in.",
        {
            "m.tensor(2 ** 53 + 1).dtype": TOO_LARGE,
            "m.tensor([2 ** 63])": TOO_LARGE,
            "m.tensor(-(2 ** 70))": TOO_LARGE,
            "m.full((2,), 2 ** 63)": TOO_LARGE,
            "x = m.tensor([1, 2]); x[0] = 2 ** 63; x": TOO_LARGE,
            "x = m.tensor([1, 2]); x + 2 ** 63": TOO_LARGE,
            "m.tensor(np.array([2 ** 53 + 1]))": TOO_LARGE,
            "m.tensor([1]) << 60": TOO_LARGE,
        },
    ),
    Difference(
        "Sums and products beyond 2**53 are rounded as doubles are; PyTorch's are exact to 2**63.",
        {"m.tensor([(1 << 53) - 1]) * 3": r"tensor\(\[27021597764222972\]\)"},
    ),
    Difference(
        "What is no whole number within 2**53 has no integer: it is not made some other one.",
        {
            "m.tensor([math.nan]).long().dtype": NO_INTEGER,
            "m.tensor([math.inf]).long().dtype": NO_INTEGER,
            "m.tensor([1e30]).to(m.int64).dtype": NO_INTEGER,
            "x = m.tensor([1, 2]); x.copy_(m.tensor([math.nan, 1.])); x.dtype": NO_INTEGER,
        },
    ),
    Difference(
        "dtype= takes the names of dtypes, as NumPy does.",
        {'m.tensor([1, 2], dtype="int64")': r"tensor\(\[1, 2\]\)"},
    ),
    Difference(
        "NumPy's bools are bools, also beside tensors; PyTorch takes them for floats.",
        {
            "m.tensor([1, 2]) + np.bool_(True)": r"tensor\(\[2, 3\]\)",
            "m.tensor([True, False]) & np.bool_(True)": r"tensor\(\[ True, False\]\)",
            "x = m.tensor([True, False]); x[0] = np.bool_(False); x": r"tensor\(\[False, False\]\)",
            "m.full((2,), np.bool_(True))": r"tensor\(\[True, True\]\)",
        },
    ),
    Difference(
        "Only float64 tensors share memory with NumPy: under the other labels the buffer holds "
        "doubles, so that NumPy is given a copy.",
        {
            "a = np.array([1, 2]); m.from_numpy(a)[0] = 9; a": r"array\(\[1, 2\]\)",
            "x = m.tensor([1, 2]); x.numpy()[0] = 9; x": r"tensor\(\[1, 2\]\)",
        },
    ),
    Difference(
        "No view shows memory under another label, so that none is asked for by a dtype.",
        {"x = m.tensor([1, 2]); x.view(m.int64)": "TypeError: "},
    ),
    Difference(
        "The second operand may be a number wherever elements are combined one by one.",
        {"m.logical_and(m.tensor([True]), True)": r"tensor\(\[True\]\)"},
        cases=number_beside_a_tensor,
    ),
    Difference(
        "A sum as integers is one of integers from the start, which have no gradient.",
        {
            "x = m.tensor([1.5], requires_grad=True); x.sum(dtype=m.int64).requires_grad": "False",
        },
    ),
    Difference(
        "iinfo tells which integers are taken here: those that a double holds exactly.",
        {
            "m.iinfo(m.int64).max": "9007199254740992",
            "m.iinfo(m.int64).min, m.iinfo(m.int64).bits": r"\(-9007199254740992, 64\)",
        },
    ),
    Difference(
        "Of ints and bools dtypes are looked at before shapes; bools are numbers beside floats.",
        cases=of_rows,
    ),
    Difference(
        "The angle is not rounded: whole numbers have the sine 0.", cases=sine_of_whole_numbers
    ),
    Difference("True is the factor 1, as everywhere where a number is read.", cases=bool_alpha),
    Difference(
        "A mean is taken of the input as the dtype that is asked for.", cases=mean_of_integers
    ),
    Difference("A sum is cast into out by the rule for all results.", cases=sum_into),
    Difference(
        "There are no sums and products of bools up to each, and of one bool neither.",
        cases=masks_without_dimensions,
    ),
    Difference(
        "Every function with out takes it with each kind of operand.", cases=number_searched_into
    ),
    Difference("The dtype is looked at where it is read, before the input.", cases=norm_as),
    Difference(
        "normal says that it does not draw integers before it looks at its numbers, and with out "
        "wants of its operands what it wants without, and gives the shape that it gives without.",
        cases=normal_otherwise,
    ),
)


def named(program: str) -> tuple[Difference | None, str]:
    """The difference that names the program, and what is given here."""
    for difference in DIFFERENCES:
        if program in difference.programs:
            return difference, difference.programs[program]
    return None, ""


def is_spelled(program: str) -> bool:
    return any(program in difference.spelled for difference in DIFFERENCES)


def told(case: Case) -> Difference | None:
    """The difference that the call is of."""
    for difference in DIFFERENCES:
        if difference.cases is not None and difference.cases(case):
            return difference
    return None


# ---- messages ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wording:
    """Messages about dtypes whose words are others here: patterns of PyTorch's and of these."""

    reason: str
    torch: str
    here: str

    def fits(self, theirs: Outcome, ours: Outcome) -> bool:
        words = re.fullmatch(self.torch, theirs.message)
        return words is not None and re.search(self.here, ours.message) is not None


WORDINGS: tuple[Wording, ...] = (
    Wording(
        "PyTorch names a function of its own core; what it was asked for says more.",
        torch=r"\"\w+\" not implemented for '(Bool|Long|Double)'",
        here=r"bool|int64|float64|Bool|Long|Double",
    ),
    Wording(
        "The same conversion has the same words everywhere, and tells the number.",
        torch="value cannot be converted to type int64(_t)? without overflow",
        here="value cannot be converted to type int64_t without overflow",
    ),
    Wording(
        "PyTorch tells the type of a tensor whose shape alone is wrong.",
        torch=r"expand\((torch\.\w+Tensor|CPU\w+Type)\{.*",
        here=r"expand\(Tensor\{|doesn't match the broadcast shape",
    ),
    Wording(
        "Dtypes are told by the names that programs give them.",
        torch="Expected out tensor to have dtype (double|long int|bool), but got .* instead",
        here="Expected out tensor to have dtype (float64|int64|bool), but got .* instead",
    ),
    Wording(
        "There is no grad_dtype that could be spoken of.",
        torch=r"attempting to assign a gradient with dtype '(bool|long int)' to a tensor with .*",
        here=r"attempting to assign a gradient with dtype '(Bool|Long)' to a tensor with dtype ",
    ),
    Wording(
        "Which dtypes there are is told instead of the type of what is none.",
        torch=r"tensor\(\): argument 'dtype' must be torch\.dtype, not str",
        here=r"dtype must be \S+float64, \S+int64 or \S+bool, not",
    ),
    Wording(
        "The dtype that was given is told, and the one that the other function takes.",
        torch=r"torch\.[if]info\(\) requires .*|torch\.bool is not supported by torch\.iinfo",
        here=r"torch\.[if]info\(\) requires .*, not torch\.(int64|float64|bool)\. Use torch\.",
    ),
    Wording(
        "Out is looked at before the operands, where it is read.",
        torch=r"(?s).*",
        here=r"Expected out tensor to have dtype|out tensor must be same|(output|hist) tensor",
    ),
    Wording(
        "The function that was called is named, and what is to be done is told in short.",
        torch=r"(?s)torch\.searchsorted\(\): .*|Integer division with addcdiv .*",
        here=r"(searchsorted|bucketize)\(\)|Cast one of them to float64",
    ),
    Wording(
        "One type of floating-point numbers is there.",
        torch="only floating-point types are supported as the default type",
        here="only float64 can be the default dtype, not",
    ),
    Wording(
        "Other types of NumPy are converted here, and others are not.",
        torch=r"can't convert np\.ndarray of type numpy\.str_\. The only supported types are: .*",
        here=r"can't convert np\.ndarray of type|takes arrays of float64, int64 and bool, got",
    ),
    Wording(
        "The same cast has the same words everywhere.",
        torch=r".*(can't be cast to the desired out(put|=) type|result requires dtype).*",
        here=r"result type (Double|Long) can't be cast to the desired output type (Long|Bool)",
    ),
)


def worded(theirs: Outcome, ours: Outcome) -> Wording | None:
    return next((wording for wording in WORDINGS if wording.fits(theirs, ours)), None)
