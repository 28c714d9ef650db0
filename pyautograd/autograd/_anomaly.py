# SPDX-License-Identifier: MIT
"""Anomaly mode: the context managers, and the texts of what is warned of."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterable

from .._core import (
    Node,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_anomaly_enabled,
)


class detect_anomaly:
    """Inside `with detect_anomaly():` a backward says which call of the forward it failed for.

    Nodes that are recorded in it keep their stack. When a rule or a hook fails, a warning has the
    traceback of the forward call, and if that was recorded by another backward, of what led to it.
    With `check_nan` a gradient with a NaN is a RuntimeError, which names the first op of the
    forward that made a NaN or an infinity, and from what; all results are looked at, so that
    nothing is left to be computed later. Derivatives multiply as PyTorch's do: 0 times infinity is
    NaN, also in a branch that `where` did not take, whose gradient is 0 without the mode.

    The mode is one of the whole process, and slow: it is for finding mistakes. The line of an op
    is known without it, see `Node.source`.

    Args:
        check_nan: whether to look for NaN.

    Raises:
        TypeError: `check_nan` is not a bool (when it is entered).

    Example:
        >>> import warnings
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0, -2.0], requires_grad=True)
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     with ag.autograd.detect_anomaly():
        ...         y = x.sqrt().sum()
        ...         try:
        ...             y.backward()
        ...         except RuntimeError as error:
        ...             text = str(error)
        >>> print(text.splitlines()[0])
        Function 'SqrtBackward0' returned nan values in its 0th output.
        >>> print(text.splitlines()[1].split(" at <")[0])
        The first NaN or infinity of the forward: SqrtBackward0 made nan of -2 (element [1])
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.prev = is_anomaly_enabled()
        self.check_nan = check_nan
        self.prev_check_nan = is_anomaly_check_nan_enabled()
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *unused: object) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


class set_detect_anomaly:
    """Switch anomaly mode on or off: at once, and until the end of a `with` if there is one.

    What the mode does, `detect_anomaly` says; this does not warn.

    Args:
        mode: whether it is on.
        check_nan: whether to look for NaN.

    Raises:
        TypeError: an argument is not a bool.

    Example:
        >>> import pyautograd as ag
        >>> with ag.autograd.set_detect_anomaly(True):
        ...     ag.is_anomaly_enabled()
        True
        >>> ag.is_anomaly_enabled()
        False
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.prev = is_anomaly_enabled()
        self.prev_check_nan = is_anomaly_check_nan_enabled()
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *unused: object) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


def lines_of(stack: Iterable[tuple[str, int, str]]) -> list[str]:
    """A stack as the lines of a traceback.

    Example:
        >>> lines_of([("f.py", 3, "f")])
        ['  File "f.py", line 3, in f\\n']
    """
    return traceback.format_list([traceback.FrameSummary(*frame) for frame in stack])


def warn_of(node: Node | None) -> None:
    """Warn of the failure of a node's rule: where it was recorded, and what led to that.

    None stands for a leaf, of which nothing is recorded.
    """
    if node is None:
        warnings.warn(
            "Error detected in AccumulateGrad. No forward pass information available: it stands "
            "for a leaf, whose hooks it runs.",
            stacklevel=2,
        )
        return
    lines = node.metadata.get("traceback_")
    start = f"Error detected in {node.name()}. "
    if lines is None:
        text = (
            "No forward pass information available. Enable detect anomaly during forward pass for "
            "more information."
        )
    else:
        text = "Traceback of forward call that caused the error:\n" + "".join(lines)
    warnings.warn(start + text, stacklevel=2)
    parent = node.metadata.get("parent_")
    while parent is not None:
        lines = parent.metadata.get("traceback_", [])
        warnings.warn(
            f"\n\nPrevious calculation was induced by {parent.name()}. Traceback of forward call "
            "that induced the previous calculation:\n" + "".join(lines),
            stacklevel=2,
        )
        parent = parent.metadata.get("parent_")
