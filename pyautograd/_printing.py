# SPDX-License-Identifier: MIT
"""How a tensor is written: `repr`, `str`, `format`, and the options that steer them.

The text is PyTorch's for float64 as the default dtype, to the character. Three decisions make it:

1. *What is shown.* A tensor over `threshold` elements is reduced to its corners, `edgeitems` at
   each end of each axis. The corners are gathered before anything else is done, so that printing
   ten million elements costs no more than printing thirty-six.
2. *How a number is written.* One style for all that is shown. That of float64 is chosen from the
   finite nonzero values: integers as `1.`, fixed point, or scientific. The width is that of the
   widest finite value; `nan` and `inf` have no say in it and may stick out. An int64 is written
   in full, a bool as `True` or `False`, whatever `precision` and `sci_mode` say.
3. *Where lines break.* Rows wrap at `linewidth`, then the suffixes (`size=`, `dtype=`,
   `requires_grad=`, `grad_fn=`) follow on the last line if they fit there, else on one of their
   own.

The options are one immutable record, replaced whole: a thread that prints reads it once and is
not disturbed by another that changes it.
"""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ._core import Tensor

__all__ = ["format_array", "format_scalar", "format_tensor", "get_printoptions",
           "set_printoptions"]


class _Options(NamedTuple):
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}

_options = _Options()
# Only writers take it: it keeps two concurrent changes from losing one another's fields.
_options_lock = threading.Lock()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed, for the whole process.

    Args:
        precision: digits of float64 numbers after the decimal point (4).
        threshold: tensors with more elements than this are summarised (1000); `math.inf` never.
        edgeitems: elements shown at each end of each summarised axis (3).
        linewidth: characters in a line, after which rows and suffixes wrap (80).
        profile: `"default"`, `"short"` or `"full"`, in any case: the values to start from. The
            other arguments are laid over it.
        sci_mode: True for scientific notation of all float64 numbers, False for never. None, the
            default, chooses by the values; like PyTorch, a call that leaves it out goes back to
            that.

    Raises:
        ValueError: an unknown profile, or a number out of its range.
        TypeError: a value that is not a number of the kind wanted.

    Example:
        >>> import pyautograd as ag
        >>> ag.set_printoptions(precision=2)
        >>> ag.tensor([1 / 3, 2.0])
        tensor([0.33, 2.00])
        >>> ag.set_printoptions(profile="default")
        >>> ag.tensor([1 / 3, 2.0])
        tensor([0.3333, 2.0000])
    """
    global _options
    changes: dict[str, Any] = {"sci_mode": None if sci_mode is None else bool(sci_mode)}
    if precision is not None:
        changes["precision"] = _count("precision", precision, 0)
    if threshold is not None:
        changes["threshold"] = _threshold(threshold)
    if edgeitems is not None:
        changes["edgeitems"] = _count("edgeitems", edgeitems, 0)
    if linewidth is not None:
        changes["linewidth"] = _count("linewidth", linewidth, 1)
    if profile is not None and profile.lower() not in _PROFILES:
        raise ValueError(
            f"set_printoptions: profile must be one of {', '.join(_PROFILES)}, got {profile!r}"
        )
    with _options_lock:
        start = _options if profile is None else _PROFILES[profile.lower()]
        _options = start._replace(**changes)


def get_printoptions() -> dict[str, Any]:
    """Return the printing options in force, as `set_printoptions` takes them.

    Example:
        >>> import pyautograd as ag
        >>> before = ag.get_printoptions()
        >>> before["precision"]
        4
        >>> ag.set_printoptions(**before)
    """
    return _options._asdict()


def format_tensor(t: Tensor) -> str:
    """Return the `repr` of a tensor of any shape.

    A tensor of a subclass is shown under the name of its class. Reading the values records
    nothing on the tape.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
        >>> print(x)
        tensor([1., 2.], requires_grad=True)
        >>> print(x * 0.5)
        tensor([0.5000, 1.0000], grad_fn=<MulBackward0>)
    """
    node = t.grad_fn
    if node is not None:
        suffixes = [f"grad_fn=<{node.name()}>"]
    elif t.requires_grad:
        suffixes = ["requires_grad=True"]
    else:
        suffixes = []
    name = "tensor" if _is_plain(t) else type(t).__name__
    return format_array(t.detach().numpy(), suffixes, name + "(")


def format_scalar(t: Tensor, spec: str) -> str:
    """Return `format(t, spec)`: a 0-d tensor is formatted as the number it holds.

    A tensor with dimensions takes no format but the empty one, which is its `str`; so does a
    subclass, whose empty format keeps saying what it is.

    Raises:
        TypeError: `spec` is not empty and the tensor has dimensions.
        ValueError: `spec` is not one that the number, a float, int or bool, understands.

    Example:
        >>> import pyautograd as ag
        >>> f"{ag.tensor(2.0).sqrt():.3f}"
        '1.414'
    """
    if t.ndim == 0 and (spec or _is_plain(t)):
        return format(t.item(), spec)
    return object.__format__(t, spec)


def format_array(
    values: np.ndarray, suffixes: Sequence[str] = (), prefix: str = "tensor("
) -> str:
    """Return the text of an array of any shape between `prefix` and a closing bracket.

    The array is float64, int64 or bool. Comma-separated after the numbers come `size=(...)` where
    `[]` does not tell the shape, `dtype=` where there is no element to tell int64 or bool from
    float64, and `suffixes`.

    Example:
        >>> import numpy as np
        >>> format_array(np.array([1.0, np.nan]), ["requires_grad=True"])
        'tensor([1., nan], requires_grad=True)'
        >>> format_array(np.array([True, False]))
        'tensor([ True, False])'
        >>> format_array(np.array([], dtype=np.int64))
        'tensor([], dtype=pyautograd.int64)'
    """
    options = _options
    ends = []
    if values.size == 0:
        text = "[]"
        show_size = values.ndim != 1
    else:
        text = _numbers(values, len(prefix), options)
        show_size = options.edgeitems == 0
    if show_size:
        ends.append(f"size={tuple(values.shape)}")
    # Like PyTorch, a summary without elements, `[...]`, does not show its dtype.
    if values.size == 0 and values.dtype.kind != "f":
        ends.append(f"dtype=pyautograd.{values.dtype.name}")
    ends.extend(suffixes)
    return _with_suffixes(prefix + text, ends, len(prefix), options.linewidth)


def _is_plain(t: Tensor) -> bool:
    # Imported here because the native module may import this one while it is being set up.
    from ._core import Tensor

    return type(t) is Tensor


def _count(name: str, value: int, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"set_printoptions: {name} must be an integer, got {type(value).__name__}"
        ) from None
    if number < least:
        raise ValueError(f"set_printoptions: {name} must be at least {least}, got {number}")
    return number


def _threshold(value: float) -> float:
    if not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(
            f"set_printoptions: threshold must be a number, got {type(value).__name__}"
        )
    if not value >= 0:
        raise ValueError(f"set_printoptions: threshold must be at least 0, got {value}")
    return value


def _numbers(values: np.ndarray, indent: int, options: _Options) -> str:
    """Return the bracketed numbers of a non-empty array whose text begins at column `indent`."""
    edge = options.edgeitems
    if values.size > options.threshold:
        cut = [size > 2 * edge for size in values.shape]
        values = _corners(values, cut, edge)
    else:
        cut = [False] * values.ndim
    style, width = _choose_style(values, options)
    if values.ndim == 0:
        text: str = style % values.item()
        return text
    layout = _Layout(style, width + 2, edge, options.linewidth, cut)
    return layout.block(values.tolist(), 0, indent)


def _corners(values: np.ndarray, cut: Sequence[bool], edge: int) -> np.ndarray:
    """Return a small copy with the first and last `edge` entries of each axis that is cut."""
    picks = []
    for size, is_cut in zip(values.shape, cut, strict=True):
        if is_cut:
            picks.append(np.r_[0:edge, size - edge : size])
        else:
            picks.append(np.arange(size))
    corners: np.ndarray = values[np.ix_(*picks)]
    return corners


def _choose_style(values: np.ndarray, options: _Options) -> tuple[str, int]:
    """Return the %-format that all of `values` are written with, and the width it pads to."""
    if values.dtype.kind == "f":
        return _choose_float_style(values, options)
    # The longest is at one of the ends: False, the largest integer, or the smallest with its sign.
    ends = (values.min().item(), values.max().item()) if values.size else ()
    width = max((len(str(end)) for end in ends), default=1)
    return f"%{width}s", width


def _choose_float_style(values: np.ndarray, options: _Options) -> tuple[str, int]:
    """Return the style and width of float64 values, which their sizes decide."""
    telling = values[np.isfinite(values) & (values != 0)]
    if telling.size == 0:
        # Nothing but zeros, infinities and nans: as they come, unpadded, whatever `sci_mode` says.
        return "%#.0f", 1
    sizes = np.abs(telling)
    # Python floats: a quotient that overflows is infinite here, without a NumPy warning.
    largest, smallest = float(sizes.max()), float(sizes.min())
    integers = bool((telling == np.floor(telling)).all())
    scientific = options.sci_mode
    if scientific is None:
        scientific = largest / smallest > 1000 or largest > 1e8
        scientific = scientific or (not integers and smallest < 1e-4)
    if scientific:
        flag, digits = "", f".{options.precision}e"
    elif integers:
        flag, digits = "#", ".0f"  # '#' keeps the point: 1 is written '1.'
    else:
        flag, digits = "", f".{options.precision}f"
    # Of each sign, length grows with magnitude, except that of an exponent, which grows both
    # ways: the ends of each sign are candidates enough.
    widest = 1
    for part in (telling[telling > 0], telling[telling < 0]):
        if part.size:
            for end in (part.min(), part.max()):
                widest = max(widest, len(f"%{flag}{digits}" % end))
    return f"%{flag}{widest}{digits}", widest


class _Layout(NamedTuple):
    """Where things go, once it is known what is shown and how."""

    style: str
    cell: int  # characters a number takes with the comma and the space after it
    edge: int
    linewidth: int
    cut: Sequence[bool]  # per axis: is its middle left out?

    def block(self, entries: list[Any], axis: int, indent: int) -> str:
        """Return nested lists of numbers, from `axis` on, as text beginning at column `indent`."""
        if axis == len(self.cut) - 1:
            return self.row(entries, self.cut[axis], indent)
        parts = [self.block(entry, axis + 1, indent + 1) for entry in entries]
        if self.cut[axis]:
            parts.insert(self.edge, "...")
        # One blank line more between the slabs for each axis still below.
        gap = "\n" * (len(self.cut) - axis - 1)
        return "[" + ("," + gap + " " * (indent + 1)).join(parts) + "]"

    def row(self, numbers: Sequence[float], cut: bool, indent: int) -> str:
        """Return one innermost row, wrapped at the line width."""
        style = self.style
        cells = [style % number for number in numbers]
        if cut:
            # The dots of a cut row stand one space off, unless they are alone.
            cells.insert(self.edge, " ..." if cells else "...")
        per_line = max(1, (self.linewidth - indent) // self.cell)
        lines = [", ".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _with_suffixes(text: str, suffixes: Sequence[str], indent: int, linewidth: int) -> str:
    """Append the suffixes and the closing bracket, on a new line those that do not fit."""
    # One more than the characters of the last line: room for the bracket that follows.
    used = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if used + len(suffix) + 2 > linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return text + ")"
