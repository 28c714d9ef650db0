# SPDX-License-Identifier: MIT
"""The printed form of any array under any options: torch's text, and well-formed without torch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy import inf, nan

from pyautograd._printing import format_array, get_printoptions, set_printoptions

pytest.importorskip("hypothesis", reason="property tests need it: pip install hypothesis")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

_SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1e-4,
    9.99999e-5,
    999.99999,
    1000.0,
    1001.0,
    1e8,
    1e8 + 1,
    9.99995,
    99999999.99999,
    5e-324,
    1.7976931348623157e308,
    nan,
    inf,
    -inf,
]

_elements = st.one_of(
    st.floats(width=64),
    st.floats(-10, 10).map(lambda v: round(v, 2)),
    st.integers(-2000, 2000).map(float),
    st.sampled_from(_SPECIAL),
    # The same spread at any magnitude.
    st.builds(lambda m, e: m * 10.0**e, st.floats(-10, 10), st.integers(-12, 12)),
)

_shapes = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9)

_whole_numbers = st.one_of(
    st.integers(-(2**53), 2**53),
    st.integers(-2000, 2000),
    st.sampled_from([0, 1, -1, 9, 10, -9, -10, 2**53, -(2**53), 2**63 - 1, -(2**63)]),
    # The same spread at any number of digits.
    st.builds(lambda m, e: m * 10**e, st.integers(-99, 99), st.integers(0, 13)),
)

_floats = npst.arrays(np.float64, _shapes, elements=_elements)
_labelled = st.one_of(
    npst.arrays(np.int64, _shapes, elements=_whole_numbers), npst.arrays(np.bool_, _shapes)
)

_print_options = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 17),
        "threshold": st.sampled_from([0, 1, 10, 100, 1000, inf]),
        "edgeitems": st.integers(0, 5),
        "linewidth": st.integers(1, 130),
        "sci_mode": st.sampled_from([None, True, False]),
        "profile": st.sampled_from(["default", "short", "full"]),
    },
)

# The fixtures may be shared by all examples: each example sets all the options it reads.
_fixtures_are_shared = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    yield
    set_printoptions(profile="default")


@pytest.fixture
def printing_torch(torch: Any) -> Iterator[Any]:
    yield torch
    torch.set_printoptions(profile="default")


def _set_options(options: dict[str, Any], *others: Any) -> None:
    # What is left out means "unchanged": begin from the same.
    for setter in (set_printoptions, *(other.set_printoptions for other in others)):
        setter(profile="default")
        setter(**options)


def _assert_same_text(torch: Any, values: np.ndarray) -> None:
    theirs = torch.from_numpy(np.array(values))
    assert format_array(values) == repr(theirs)
    theirs.requires_grad_()
    assert format_array(values, ["requires_grad=True"]) == repr(theirs)


def _assert_same_labelled_text(torch: Any, values: np.ndarray) -> None:
    theirs = repr(torch.tensor(values)).replace("torch.", "pyautograd.")
    assert _with_dtype_in_line(format_array(values)) == _with_dtype_in_line(theirs)


def _with_dtype_in_line(text: str) -> str:
    # Whether a dtype fits on the line depends on its name, which is longer than that of torch.
    return re.sub(r",\n +dtype=", ", dtype=", text)


@_fixtures_are_shared
@given(values=_floats, options=_print_options)
def test_any_values_shape_and_options(
    printing_torch: Any, values: np.ndarray, options: dict[str, Any]
) -> None:
    _set_options(options, printing_torch)
    _assert_same_text(printing_torch, values)


@_fixtures_are_shared
@given(values=_labelled, options=_print_options)
def test_any_labelled_values_shape_and_options(
    printing_torch: Any, values: np.ndarray, options: dict[str, Any]
) -> None:
    _set_options(options, printing_torch)
    _assert_same_labelled_text(printing_torch, values)


@_fixtures_are_shared
@given(
    shape=npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=60),
    seed=st.integers(0, 2**32 - 1),
    magnitude=st.integers(-310, 300),
    whole=st.booleans(),
)
def test_any_large_array(
    printing_torch: Any, shape: tuple[int, ...], seed: int, magnitude: int, whole: bool
) -> None:
    values = np.random.default_rng(seed).standard_normal(shape) * 10.0**magnitude
    if whole:
        values = np.rint(values)
    _set_options({}, printing_torch)
    _assert_same_text(printing_torch, values)


@_fixtures_are_shared
@given(
    shape=npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=60),
    seed=st.integers(0, 2**32 - 1),
    digits=st.integers(0, 15),
    negative=st.booleans(),
)
def test_any_large_labelled_array(
    printing_torch: Any, shape: tuple[int, ...], seed: int, digits: int, negative: bool
) -> None:
    low = -(10**digits) if negative else 0
    values = np.random.default_rng(seed).integers(low, 10**digits, shape, endpoint=True)
    _set_options({}, printing_torch)
    _assert_same_labelled_text(printing_torch, values)
    _assert_same_labelled_text(printing_torch, values > 0)


@_fixtures_are_shared
@given(values=st.one_of(_floats, _labelled), options=_print_options)
def test_text_is_well_formed(values: np.ndarray, options: dict[str, Any]) -> None:
    # What holds of any text, torch or not.
    _set_options(options)
    text = format_array(values, ["requires_grad=True"])
    assert text.startswith("tensor(") and text.endswith("requires_grad=True)")
    assert text.count("[") == text.count("]")
    assert not any(line != line.rstrip() for line in text.splitlines())
    if values.size <= get_printoptions()["threshold"]:
        assert "..." not in text
