# SPDX-License-Identifier: MIT
"""Functions of networks, named and called as those of `torch.nn.functional`: activations, losses,
normalisations, distances.

All are native, and made of rows of the op table as everything else is: `functional.pyi`, which
`make stubs` writes, says what they take.

Example:
    >>> import pyautograd as ag
    >>> import pyautograd.nn.functional as F
    >>> F.relu(ag.tensor([-1.0, 2.0]))
    tensor([0., 2.])
"""

from __future__ import annotations

from typing import Any

from .. import _core

_FUNCTIONS = _core._functions_of("nn.functional")
globals().update(_FUNCTIONS)


def celu_(input: Any, alpha: float = 1.0) -> Any:
    """`celu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([-1.0, 2.0])
        >>> ag.nn.functional.celu_(x) is x
        True
    """
    return _FUNCTIONS["celu"](input, alpha, inplace=True)


def elu_(input: Any, alpha: float = 1.0) -> Any:
    """`elu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([-1.0, 2.0])
        >>> ag.nn.functional.elu_(x, 2.0)
        tensor([-1.2642,  2.0000])
    """
    return _FUNCTIONS["elu"](input, alpha, inplace=True)


def hardtanh_(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """`hardtanh` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([-3.0, 0.5, 2.0])
        >>> ag.nn.functional.hardtanh_(x, -2.0)
        tensor([-2.0000,  0.5000,  1.0000])
    """
    return _FUNCTIONS["hardtanh"](input, min_val, max_val, inplace=True)


def leaky_relu_(input: Any, negative_slope: float = 0.01) -> Any:
    """`leaky_relu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([-1.0, 2.0])
        >>> ag.nn.functional.leaky_relu_(x, 0.25)
        tensor([-0.2500,  2.0000])
    """
    return _FUNCTIONS["leaky_relu"](input, negative_slope, inplace=True)


def relu_(input: Any) -> Any:
    """`relu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([-1.0, 2.0])
        >>> ag.nn.functional.relu_(x)
        tensor([0., 2.])
    """
    return _FUNCTIONS["relu"](input, inplace=True)


def rrelu_(
    input: Any,
    lower: float = 0.125,
    upper: float = 0.3333333333333333,
    training: bool = False,
) -> Any:
    """`rrelu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([-1.0, 2.0])
        >>> ag.nn.functional.rrelu_(x, 0.25, 0.75)
        tensor([-0.5000,  2.0000])
    """
    return _FUNCTIONS["rrelu"](input, lower, upper, training, inplace=True)


def selu_(input: Any) -> Any:
    """`selu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([0.0, 2.0])
        >>> ag.nn.functional.selu_(x)
        tensor([0.0000, 2.1014])
    """
    return _FUNCTIONS["selu"](input, inplace=True)


def threshold_(input: Any, threshold: float, value: float) -> Any:
    """`threshold` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([-1.0, 2.0])
        >>> ag.nn.functional.threshold_(x, 1.0, 7.0)
        tensor([7., 2.])
    """
    return _FUNCTIONS["threshold"](input, threshold, value, inplace=True)


_IN_PLACE = ["celu_", "elu_", "hardtanh_", "leaky_relu_", "relu_", "rrelu_", "selu_", "threshold_"]
__all__ = sorted([*_FUNCTIONS, *_IN_PLACE])  # noqa: PLE0605 - a list of all there are


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
