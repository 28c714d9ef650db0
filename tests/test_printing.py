# SPDX-License-Identifier: MIT
"""The printed form of tensors: exact texts, and parity with torch where it is installed.

The texts of the table were recorded from torch 2.13 with float64 as the default dtype; the table
itself needs neither torch nor a tensor, only arrays.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy import arange, full, inf, nan, ones, zeros

import pyautograd
from pyautograd._printing import format_array, get_printoptions, set_printoptions


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    set_printoptions(profile="default")
    yield
    set_printoptions(profile="default")


class Shown(NamedTuple):
    name: str
    values: Any
    text: str
    suffixes: Sequence[str] = ()
    options: Mapping[str, Any] = MappingProxyType({})
    dtype: type = np.float64

    @property
    def array(self) -> np.ndarray:
        return np.asarray(self.values, dtype=self.dtype)


def whole(name: str, values: Any, text: str, **options: Any) -> Shown:
    return Shown(name, values, text, options=options, dtype=np.int64)


def truths(name: str, values: Any, text: str, **options: Any) -> Shown:
    return Shown(name, values, text, options=options, dtype=np.bool_)


TABLE = [
    Shown("scalar", 1.0, "tensor(1.)"),
    Shown("scalar_fraction", 1 / 3, "tensor(0.3333)"),
    Shown("scalar_integer_large", 123456.0, "tensor(123456.)"),
    Shown("scalar_negative_zero", -0.0, "tensor(-0.)"),
    Shown("scalar_nan", nan, "tensor(nan)"),
    Shown("scalar_negative_infinity", -inf, "tensor(-inf)"),
    Shown("scalar_small", 9e-5, "tensor(9.0000e-05)"),
    Shown("scalar_not_yet_small", 1e-4, "tensor(0.0001)"),
    Shown("scalar_large_fraction", 123456789.5, "tensor(1.2346e+08)"),
    Shown("scalar_tiniest", 5e-324, "tensor(4.9407e-324)"),
    Shown(
        "scalar_with_grad", 4.0, "tensor(4., grad_fn=<PowBackward1>)", ["grad_fn=<PowBackward1>"]
    ),
    Shown("integers", [1, -2, 3], "tensor([ 1., -2.,  3.])"),
    Shown("integers_up_to_thousandfold", [1, 1000], "tensor([   1., 1000.])"),
    Shown("integers_over_thousandfold", [1, 1001], "tensor([1.0000e+00, 1.0010e+03])"),
    Shown("integers_up_to_1e8", [1e8], "tensor([100000000.])"),
    Shown("integers_over_1e8", [1e8 + 1], "tensor([1.0000e+08])"),
    Shown("zeros_do_not_count", [0, 0.5], "tensor([0.0000, 0.5000])"),
    Shown("fractions", [0.5, -1.25, 100], "tensor([  0.5000,  -1.2500, 100.0000])"),
    Shown("fractions_over_thousandfold", [0.5, 500.5], "tensor([5.0000e-01, 5.0050e+02])"),
    Shown("rounding_up_a_digit", [9.99999, 1.5], "tensor([10.0000,  1.5000])"),
    Shown("exponents_of_three_digits", [1e-300, 1e300], "tensor([1.0000e-300, 1.0000e+300])"),
    Shown("negative_sets_the_width", [-1e-5, 1.5], "tensor([-1.0000e-05,  1.5000e+00])"),
    Shown("negative_small_exponent", [-1e-120, 1e-119], "tensor([-1.0000e-120,  1.0000e-119])"),
    Shown("nan_and_inf_with_fractions", [nan, 1.5, -inf], "tensor([   nan, 1.5000,   -inf])"),
    Shown("nan_and_inf_with_integers", [nan, 1, -inf], "tensor([nan, 1., -inf])"),
    Shown("nan_and_inf_alone", [nan, inf, -inf, 0], "tensor([nan, inf, -inf, 0.])"),
    Shown("nan_with_exponents", [1e-5, nan, inf], "tensor([1.0000e-05,        nan,        inf])"),
    Shown("signed_zeros", [0.0, -0.0], "tensor([0., -0.])"),
    Shown("empty", [], "tensor([])"),
    Shown("empty_rows", zeros((0, 3)), "tensor([], size=(0, 3))"),
    Shown("empty_columns", zeros((2, 0)), "tensor([], size=(2, 0))"),
    Shown(
        "empty_with_grad",
        zeros((2, 0)),
        "tensor([], size=(2, 0), grad_fn=<AddBackward0>)",
        ["grad_fn=<AddBackward0>"],
    ),
    Shown("empty_leaf", [], "tensor([], requires_grad=True)", ["requires_grad=True"]),
    Shown(
        "matrix",
        [[1, 2], [3, 4]],
        """\
tensor([[1., 2.],
        [3., 4.]])""",
    ),
    Shown(
        "matrix_view",
        [[2, 4], [6, 8]],
        """\
tensor([[2., 4.],
        [6., 8.]], grad_fn=<ViewBackward0>)""",
        ["grad_fn=<ViewBackward0>"],
    ),
    Shown(
        "three_axes",
        arange(8).reshape(2, 2, 2) + 0.5,
        """\
tensor([[[0.5000, 1.5000],
         [2.5000, 3.5000]],

        [[4.5000, 5.5000],
         [6.5000, 7.5000]]])""",
    ),
    Shown(
        "four_axes",
        zeros((2, 1, 2, 2)),
        """\
tensor([[[[0., 0.],
          [0., 0.]]],


        [[[0., 0.],
          [0., 0.]]]])""",
    ),
    Shown(
        "one_of_each_axis",
        ones((1, 1, 1)),
        "tensor([[[1.]]], requires_grad=True)",
        ["requires_grad=True"],
    ),
    Shown(
        "long_row",
        arange(30) + 0.5,
        """\
tensor([ 0.5000,  1.5000,  2.5000,  3.5000,  4.5000,  5.5000,  6.5000,  7.5000,
         8.5000,  9.5000, 10.5000, 11.5000, 12.5000, 13.5000, 14.5000, 15.5000,
        16.5000, 17.5000, 18.5000, 19.5000, 20.5000, 21.5000, 22.5000, 23.5000,
        24.5000, 25.5000, 26.5000, 27.5000, 28.5000, 29.5000])""",
    ),
    Shown(
        "long_rows",
        arange(24).reshape(2, 12) * 1.5,
        """\
tensor([[ 0.0000,  1.5000,  3.0000,  4.5000,  6.0000,  7.5000,  9.0000, 10.5000,
         12.0000, 13.5000, 15.0000, 16.5000],
        [18.0000, 19.5000, 21.0000, 22.5000, 24.0000, 25.5000, 27.0000, 28.5000,
         30.0000, 31.5000, 33.0000, 34.5000]])""",
    ),
    Shown(
        "row_of_zeros",
        zeros(30),
        "tensor([" + "0., " * 23 + "0.,\n" + " " * 8 + "0., " * 5 + "0.])",
    ),
    Shown(
        "suffix_fits",
        arange(10) / 4,
        """\
tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000, 1.2500, 1.5000, 1.7500, 2.0000,
        2.2500], requires_grad=True)""",
        ["requires_grad=True"],
    ),
    Shown(
        "suffix_just_fits",
        arange(15) * 10,
        """\
tensor([  0.,  10.,  20.,  30.,  40.,  50.,  60.,  70.,  80.,  90., 100., 110.,
        120., 130., 140.], requires_grad=True)""",
        ["requires_grad=True"],
    ),
    Shown(
        "suffix_just_does_not",
        arange(6) / 7,
        """\
tensor([0.0000, 0.1429, 0.2857, 0.4286, 0.5714, 0.7143],
       grad_fn=<AddBackward0>)""",
        ["grad_fn=<AddBackward0>"],
    ),
    Shown(
        "suffix_after_matrix",
        [[0.25, 10], [3, 4]],
        """\
tensor([[ 0.2500, 10.0000],
        [ 3.0000,  4.0000]], grad_fn=<MulBackward0>)""",
        ["grad_fn=<MulBackward0>"],
    ),
    Shown(
        "thousand_is_shown_whole",
        ones((500, 2))[:2],
        """\
tensor([[1., 1.],
        [1., 1.]])""",
    ),
    Shown("summarised", arange(1001), "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])"),
    Shown(
        "summarised_matrix",
        arange(2000).reshape(2, 1000),
        """\
tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 9.9700e+02, 9.9800e+02,
         9.9900e+02],
        [1.0000e+03, 1.0010e+03, 1.0020e+03,  ..., 1.9970e+03, 1.9980e+03,
         1.9990e+03]])""",
    ),
    Shown(
        "summarised_both",
        zeros((1000, 1000)),
        """\
tensor([[0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.],
        ...,
        [0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.]])""",
    ),
    Shown(
        "summarised_three_axes",
        full((8, 7, 20), 0.5),
        """\
tensor([[[0.5000,  ..., 0.5000],
         ...,
         [0.5000,  ..., 0.5000]],

        ...,

        [[0.5000,  ..., 0.5000],
         ...,
         [0.5000,  ..., 0.5000]]])""",
        (),
        {"edgeitems": 1},
    ),
    Shown(
        "summarised_first_axis",
        arange(1002).reshape(501, 2) / 2,
        """\
tensor([[0.0000e+00, 5.0000e-01],
        [1.0000e+00, 1.5000e+00],
        [2.0000e+00, 2.5000e+00],
        ...,
        [4.9800e+02, 4.9850e+02],
        [4.9900e+02, 4.9950e+02],
        [5.0000e+02, 5.0050e+02]], grad_fn=<DivBackward0>)""",
        ["grad_fn=<DivBackward0>"],
    ),
    Shown(
        "hidden_values_do_not_count",
        np.r_[1:4, [1e30] * 2000, 1:4],
        "tensor([1., 2., 3.,  ..., 1., 2., 3.])",
    ),
    Shown("precision_2", [1 / 3, 2], "tensor([0.33, 2.00])", (), {"precision": 2}),
    Shown("precision_0", [1.4, 2.6, nan], "tensor([1, 3, nan])", (), {"precision": 0}),
    Shown(
        "precision_8",
        [1 / 3, 1e-5],
        "tensor([3.33333333e-01, 1.00000000e-05])",
        (),
        {"precision": 8},
    ),
    Shown(
        "threshold_reached", arange(7), "tensor([0., 1., 2., 3., 4., 5., 6.])", (), {"threshold": 7}
    ),
    Shown(
        "threshold_passed",
        arange(7),
        "tensor([0., 1., 2.,  ..., 4., 5., 6.])",
        (),
        {"threshold": 6},
    ),
    Shown(
        "threshold_passed_but_short",
        arange(6),
        "tensor([0., 1., 2., 3., 4., 5.])",
        (),
        {"threshold": 5},
    ),
    Shown(
        "edgeitems_1",
        arange(30).reshape(5, 6),
        """\
tensor([[ 0.,  ...,  5.],
        ...,
        [24.,  ..., 29.]])""",
        (),
        {"edgeitems": 1, "threshold": 10},
    ),
    Shown(
        "edgeitems_0",
        arange(8),
        "tensor([...], size=(8,), requires_grad=True)",
        ["requires_grad=True"],
        {"edgeitems": 0, "threshold": 5},
    ),
    Shown(
        "linewidth_40",
        arange(12) + 0.5,
        """\
tensor([ 0.5000,  1.5000,  2.5000,
         3.5000,  4.5000,  5.5000,
         6.5000,  7.5000,  8.5000,
         9.5000, 10.5000, 11.5000],
       requires_grad=True)""",
        ["requires_grad=True"],
        {"linewidth": 40},
    ),
    Shown(
        "linewidth_1",
        [1, 2],
        """\
tensor([1.,
        2.],
       requires_grad=True)""",
        ["requires_grad=True"],
        {"linewidth": 1},
    ),
    Shown(
        "short", [[1 / 3, 2e5 + 0.5]], "tensor([[3.33e-01, 2.00e+05]])", (), {"profile": "short"}
    ),
    Shown(
        "full",
        arange(7),
        "tensor([0., 1., 2.,  ..., 4., 5., 6.])",
        (),
        {"profile": "full", "threshold": 6},
    ),
    Shown(
        "scientific_always",
        [1, -2.5, nan],
        "tensor([ 1.0000e+00, -2.5000e+00,         nan])",
        (),
        {"sci_mode": True},
    ),
    Shown(
        "scientific_never",
        [1e-7, 1e9, 0.5],
        "tensor([         0.0000, 1000000000.0000,          0.5000])",
        (),
        {"sci_mode": False},
    ),
    Shown("scientific_zeros", [0, nan], "tensor([0., nan])", (), {"sci_mode": True}),
    Shown(
        "scientific_never_integers",
        [1, 1e9],
        "tensor([         1., 1000000000.])",
        (),
        {"sci_mode": False},
    ),
]

# Of int64 and bool, which the name of a row begins with.
LABELLED = [
    whole("int64_scalar", -5, "tensor(-5)"),
    whole("int64_scalar_summarised", 5, "tensor(5)", threshold=0),
    whole("int64_scalar_edgeitems_0", 5, "tensor(5, size=())", edgeitems=0),
    whole("int64", [1, 2], "tensor([1, 2])"),
    whole("int64_negative", [1, -2, 3], "tensor([ 1, -2,  3])"),
    whole("int64_negative_is_not_widest", [-1, 100], "tensor([ -1, 100])"),
    whole(
        "int64_in_full",
        [2**53, -(2**53), 0],
        "tensor([ 9007199254740992, -9007199254740992,                 0])",
    ),
    whole("int64_over_thousandfold", [1, 1001], "tensor([   1, 1001])"),
    whole("int64_zeros", zeros((2, 2)), "tensor([[0, 0],\n        [0, 0]])"),
    whole("int64_no_precision", [1, 20], "tensor([ 1, 20])", precision=7),
    whole("int64_not_scientific", [1, 10**9], "tensor([         1, 1000000000])", sci_mode=True),
    whole("int64_short", arange(1001), "tensor([   0,    1,  ...,  999, 1000])", profile="short"),
    whole("int64_full", [[1], [20]], "tensor([[ 1],\n        [20]])", profile="full"),
    whole(
        "int64_three_axes",
        arange(8).reshape(2, 2, 2),
        """\
tensor([[[0, 1],
         [2, 3]],

        [[4, 5],
         [6, 7]]])""",
    ),
    whole(
        "int64_long_row",
        arange(30) - 5,
        """\
tensor([-5, -4, -3, -2, -1,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12,
        13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24])""",
    ),
    whole("int64_linewidth_1", [1, 20], "tensor([ 1,\n        20])", linewidth=1),
    whole(
        "int64_summarised_matrix",
        arange(2000).reshape(2, 1000),
        """\
tensor([[   0,    1,    2,  ...,  997,  998,  999],
        [1000, 1001, 1002,  ..., 1997, 1998, 1999]])""",
    ),
    whole(
        "int64_summarised_both",
        arange(30).reshape(5, 6),
        """\
tensor([[ 0,  ...,  5],
        ...,
        [24,  ..., 29]])""",
        edgeitems=1,
        threshold=10,
    ),
    whole(
        "int64_hidden_do_not_count",
        np.r_[1:4, [10**15] * 2000, -1:2],
        "tensor([ 1,  2,  3,  ..., -1,  0,  1])",
    ),
    whole("int64_edgeitems_0", arange(8), "tensor([...], size=(8,))", edgeitems=0, threshold=5),
    whole(
        "int64_edgeitems_0_matrix",
        zeros((3, 4)),
        "tensor([...], size=(3, 4))",
        edgeitems=0,
        threshold=5,
    ),
    whole("int64_edgeitems_0_whole", [1, 2], "tensor([1, 2], size=(2,))", edgeitems=0),
    whole("int64_empty", [], "tensor([], dtype=pyautograd.int64)"),
    whole("int64_empty_rows", zeros((0, 3)), "tensor([], size=(0, 3), dtype=pyautograd.int64)"),
    whole("int64_empty_edgeitems_0", [], "tensor([], dtype=pyautograd.int64)", edgeitems=0),
    whole(
        "int64_empty_narrow",
        zeros((2, 0)),
        """\
tensor([], size=(2, 0),
       dtype=pyautograd.int64)""",
        linewidth=40,
    ),
    truths("bool_scalar_true", True, "tensor(True)"),
    truths("bool_scalar_false", False, "tensor(False)"),
    truths("bool", [True, False], "tensor([ True, False])"),
    truths("bool_all_true", [True, True], "tensor([True, True])"),
    truths("bool_all_false", [False, False], "tensor([False, False])"),
    truths(
        "bool_not_scientific", [True, False], "tensor([ True, False])", sci_mode=True, precision=9
    ),
    truths(
        "bool_matrix",
        [[True, False], [True, True]],
        """\
tensor([[ True, False],
        [ True,  True]])""",
    ),
    truths("bool_long_row", [True] * 13, "tensor([" + "True, " * 11 + "True,\n        True])"),
    truths(
        "bool_long_row_wider",
        [True] * 12 + [False],
        "tensor([" + " True, " * 9 + " True,\n         True,  True, False])",
    ),
    truths(
        "bool_summarised",
        [True, True, False] * 400,
        "tensor([ True,  True, False,  ...,  True,  True, False])",
    ),
    truths(
        "bool_hidden_do_not_count",
        [True] * 3 + [False] * 2000 + [True] * 3,
        "tensor([True, True, True,  ..., True, True, True])",
    ),
    truths(
        "bool_edgeitems_0",
        ones((2, 3, 4)),
        "tensor([...], size=(2, 3, 4))",
        edgeitems=0,
        threshold=5,
    ),
    truths("bool_empty", [], "tensor([], dtype=pyautograd.bool)"),
    truths("bool_empty_columns", zeros((2, 0)), "tensor([], size=(2, 0), dtype=pyautograd.bool)"),
    Shown(
        "int64_suffixes_in_order",
        zeros((0, 3)),
        "tensor([], size=(0, 3), dtype=pyautograd.int64, requires_grad=True)",
        ["requires_grad=True"],
        dtype=np.int64,
    ),
]

# What surrounds the elements in memory, and would show.
NOISE: dict[type, Any] = {np.float64: nan, np.int64: -(2**62), np.bool_: False}


def _each(rows: Sequence[Shown]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=[row.name for row in rows])


every_row = _each(TABLE + LABELLED)
every_float_row = _each(TABLE)
every_labelled_row = _each(LABELLED)

needs_labels = pytest.mark.skipif(
    not hasattr(pyautograd, "int64"), reason="tensors are float64 only"
)


@every_row
def test_text(row: Shown) -> None:
    set_printoptions(**row.options)
    assert format_array(row.array, row.suffixes) == row.text


@every_row
def test_layout_in_memory_is_not_seen(row: Shown) -> None:
    set_printoptions(**row.options)
    wide = np.full((2, *row.array.T.shape), NOISE[row.dtype], dtype=row.dtype)
    wide[1] = row.array.T
    assert format_array(wide[1].T, row.suffixes) == row.text


@every_float_row
def test_tensor_of_the_row(row: Shown) -> None:
    set_printoptions(**row.options)
    t = pyautograd.tensor(row.array)
    plain = format_array(row.array)
    assert (repr(t), str(t)) == (plain, plain)
    assert repr(t.requires_grad_()) == format_array(row.array, ["requires_grad=True"])
    assert repr(t * 1.0) == format_array(row.array, ["grad_fn=<MulBackward0>"])
    assert repr(t.detach()) == plain


@needs_labels
@every_labelled_row
def test_labelled_tensor_of_the_row(row: Shown) -> None:
    set_printoptions(**row.options)
    t = pyautograd.tensor(row.array)
    plain = format_array(row.array)
    assert (repr(t), str(t), repr(t.detach())) == (plain, plain, plain)


def test_dtype_wraps_where_its_own_name_does_not_fit() -> None:
    # The name is longer than that of PyTorch, which for a few widths needs no second line.
    text = "tensor([], size=(2, 0), dtype=pyautograd.int64)"
    values = zeros((2, 0), dtype=np.int64)
    # Like PyTorch, the first line leaves its last column free.
    set_printoptions(linewidth=len(text) + 1)
    assert format_array(values) == text
    set_printoptions(linewidth=len(text))
    assert format_array(values) == text.replace(", dtype", ",\n       dtype")


# ---- The options.


def test_options_are_reported_and_restored() -> None:
    assert get_printoptions() == {
        "precision": 4,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 80,
        "sci_mode": None,
    }
    set_printoptions(precision=7, threshold=10, edgeitems=2, linewidth=60, sci_mode=True)
    changed = get_printoptions()
    assert list(changed.values()) == [7, 10, 2, 60, True]
    set_printoptions(profile="short")
    assert list(get_printoptions().values()) == [2, 1000, 2, 80, None]
    set_printoptions(**changed)
    assert get_printoptions() == changed
    changed["precision"] = 1
    assert get_printoptions()["precision"] == 7


def test_profile_is_a_start_for_the_rest() -> None:
    set_printoptions(profile="FULL", precision=2)
    assert list(get_printoptions().values()) == [2, inf, 3, 80, None]


def test_sci_mode_left_out_is_automatic_again() -> None:
    set_printoptions(sci_mode=True)
    set_printoptions(precision=3)
    assert get_printoptions()["sci_mode"] is None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"precision": -1}, ValueError, "precision must be at least 0, got -1"),
        ({"precision": 2.5}, TypeError, "precision must be an integer, got float"),
        ({"edgeitems": -1}, ValueError, "edgeitems must be at least 0, got -1"),
        ({"linewidth": 0}, ValueError, "linewidth must be at least 1, got 0"),
        ({"threshold": nan}, ValueError, "threshold must be at least 0, got nan"),
        ({"threshold": "10"}, TypeError, "threshold must be a number, got str"),
        ({"profile": "loud"}, ValueError, "one of default, short, full, got 'loud'"),
    ],
)
def test_wrong_options_are_refused_and_change_nothing(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    before = get_printoptions()
    with pytest.raises(error, match=message):
        set_printoptions(**{"precision": 1, "sci_mode": True, **options})
    assert get_printoptions() == before


def test_options_change_whole_while_others_print() -> None:
    wide, narrow = arange(30.0), []
    allowed = set()
    settings_ = ({"precision": 2, "linewidth": 40}, {"precision": 5, "linewidth": 100})
    for options in settings_:
        set_printoptions(profile="default", **options)
        allowed.add(format_array(wide / 7))
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for options in settings_:
                set_printoptions(profile="default", **options)

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(300):
            narrow.append(format_array(wide / 7))
    finally:
        stop.set()
        changer.join()
    assert set(narrow) <= allowed


# ---- Tensors.


class Position(pyautograd.Tensor):
    pass


def test_subclass_shows_its_name() -> None:
    p = pyautograd.tensor([1.0, 2.5]).as_subclass(Position)
    assert repr(p) == "Position([1.0000, 2.5000])"
    assert repr(p.requires_grad_()) == "Position([1.0000, 2.5000], requires_grad=True)"


def test_lines_of_a_subclass_are_indented_by_its_name() -> None:
    p = pyautograd.tensor([[1.0], [2.0]]).as_subclass(Position)
    assert repr(p) == "Position([[1.],\n          [2.]])"


def test_views_show_their_own_elements() -> None:
    t = pyautograd.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert repr(t.t()) == "tensor([[1., 3.],\n        [2., 4.]])"
    assert repr(t[1]) == "tensor([3., 4.])"
    assert repr(t[0].expand(2, 2)) == "tensor([[1., 2.],\n        [1., 2.]])"


def test_printing_leaves_the_tensor_as_it_was() -> None:
    x = pyautograd.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    assert repr(y) == "tensor([1., 4.], grad_fn=<MulBackward0>)"
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
    assert y.requires_grad and not y.is_leaf


def test_format_of_a_scalar_is_its_number() -> None:
    t = pyautograd.tensor(1.2296897851380213, requires_grad=True)
    assert f"{t}" == "1.2296897851380213"
    assert f"{t * 1.0:.3f}|{t:>8.2f}|{t:e}" == "1.230|    1.23|1.229690e+00"
    with pytest.raises(ValueError, match="Unknown format code 'q'"):
        format(t, "q")


def test_format_of_an_array_is_its_text() -> None:
    t = pyautograd.tensor([1.0])
    assert f"{t}" == "tensor([1.])"
    with pytest.raises(TypeError, match="unsupported format string passed to Tensor"):
        format(t, ".3f")


def test_format_of_a_scalar_of_a_subclass_says_what_it_is() -> None:
    p = pyautograd.tensor(1.5).as_subclass(Position)
    assert f"{p}" == "Position(1.5000)"
    assert f"{p:.1f}" == "1.5"


@needs_labels
def test_labelled_subclass_shows_its_name() -> None:
    assert repr(pyautograd.tensor([1, 20]).as_subclass(Position)) == "Position([ 1, 20])"
    empty = pyautograd.tensor(np.array([], dtype=np.bool_)).as_subclass(Position)
    assert repr(empty) == "Position([], dtype=pyautograd.bool)"


@needs_labels
def test_format_of_a_labelled_scalar_is_its_number() -> None:
    five, true = pyautograd.tensor(5), pyautograd.tensor(True)
    assert f"{five}|{five:d}|{five:03d}|{five:x}|{five:.2f}" == "5|5|005|5|5.00"
    assert f"{true}|{true:d}|{true:>6}" == "True|1|     1"
    with pytest.raises(ValueError, match="Unknown format code 's' for object of type 'int'"):
        format(five, "s")
    with pytest.raises(ValueError, match="Unknown format code 's' for object of type 'bool'"):
        format(true, "s")
    with pytest.raises(TypeError, match="unsupported format string passed to Tensor"):
        format(pyautograd.tensor([5]), "d")


def test_printing_a_large_tensor_reads_only_its_corners() -> None:
    # Of an array of 10**12 elements that are one number, anything but the corners would never end.
    start = time.perf_counter()
    text = format_array(np.broadcast_to(np.float64(0.5), (10**6, 10**6)))
    assert text.count("0.5000") == 36
    for value, shown in ((np.int64(7), "7"), (np.True_, "True")):
        assert format_array(np.broadcast_to(value, (10**6, 10**6))).count(shown) == 36
    assert time.perf_counter() - start < 1.0


# ---- Parity.


def _as_ours(theirs: Any) -> str:
    return repr(theirs).replace("torch.", "pyautograd.")


def _assert_same_text(torch: Any, values: np.ndarray) -> None:
    theirs = torch.from_numpy(np.array(values))
    assert format_array(values) == _as_ours(theirs)
    if values.dtype != np.float64:
        return
    theirs.requires_grad_()
    assert format_array(values, ["requires_grad=True"]) == repr(theirs)
    assert format_array(values, ["grad_fn=<NegBackward0>"]) == repr(theirs.neg().neg())


@every_row
def test_table_is_torchs(torch: Any, row: Shown) -> None:
    set_printoptions(**row.options)
    torch.set_printoptions(**row.options)
    try:
        _assert_same_text(torch, row.array)
        if not row.suffixes:
            assert _as_ours(torch.from_numpy(row.array.copy())) == row.text
    finally:
        torch.set_printoptions(profile="default")


@pytest.mark.parametrize("length", range(1, 60))
def test_suffix_wraps_where_torchs_does(torch: Any, length: int) -> None:
    name = "f" * length
    body = {"forward": staticmethod(lambda ctx, x: x.clone())}
    function = type(name, (torch.autograd.Function,), body)
    for values in (np.float64(0.5), np.ones(4), np.full((2, 5), 0.25)):
        theirs = function.apply(torch.from_numpy(np.array(values)).requires_grad_())
        suffix = f"grad_fn=<{name}Backward>"
        assert format_array(np.asarray(values), [suffix]) == repr(theirs)


@pytest.mark.parametrize("name", ["P", "Position", "P" * 40, "P" * 100])
def test_subclass_is_shown_as_in_torch(torch: Any, name: str) -> None:
    subclass = type(name, (torch.Tensor,), {})
    for labelled in (arange(40) - 9, arange(40) > 9, np.ones((2, 3), dtype=np.bool_)):
        theirs = torch.from_numpy(labelled).as_subclass(subclass)
        assert format_array(labelled, [], name + "(") == repr(theirs)
    for values in (np.ones(()), arange(40.0) / 8, np.ones((2, 3)), np.ones((0, 2))):
        theirs = torch.from_numpy(values).as_subclass(subclass)
        assert format_array(values, [], name + "(") == repr(theirs)
        theirs.requires_grad_()
        assert format_array(values, ["requires_grad=True"], name + "(") == repr(theirs)
