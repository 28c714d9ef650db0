# SPDX-License-Identifier: MIT
"""The random numbers of the process: their seed and state, and a way to use them unnoticed.

What is drawn without a generator of its own comes from `default_generator`. `Generator` says of
what its stream consists.

Example:
    >>> import pyautograd as ag
    >>> with ag.random.fork_rng():
    ...     x = ag.rand(3)
    >>> bool((ag.rand(3) == x).all())
    True
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ._core import Tensor, default_generator, device, manual_seed

__all__ = ["fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


def seed() -> int:
    """Start the random numbers of the process anew, by a seed from the system, and return that.

    Example:
        >>> import pyautograd as ag
        >>> ag.seed() == ag.initial_seed()
        True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the random numbers of the process started from.

    Example:
        >>> import pyautograd as ag
        >>> g = ag.manual_seed(3)
        >>> ag.initial_seed()
        3
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Where the random numbers of the process are: a tensor for `set_rng_state`.

    Example:
        >>> import pyautograd as ag
        >>> g = ag.manual_seed(3)
        >>> ag.get_rng_state()
        tensor([3, 0, 0, 0])
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Go where `get_rng_state`, or the `get_state` of a generator, was.

    Raises:
        TypeError: the state is no Tensor.
        RuntimeError: it is none that get_rng_state gives.

    Example:
        >>> import pyautograd as ag
        >>> state = ag.get_rng_state()
        >>> x = ag.rand(3)
        >>> ag.set_rng_state(state)
        >>> bool((ag.rand(3) == x).all())
        True
    """
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(
    devices: Iterable[object] | None = None, enabled: bool = True, device_type: str = "cpu"
) -> Iterator[None]:
    """What is drawn inside is not missed outside: at the end the random numbers of the process go
    on from where they were. With `enabled` False nothing is done.

    Raises:
        RuntimeError: `device_type`, or one of `devices`, is another than the CPU.

    Example:
        >>> import pyautograd as ag
        >>> state = ag.get_rng_state()
        >>> with ag.random.fork_rng():
        ...     x = ag.manual_seed(0)
        >>> bool((ag.get_rng_state() == state).all())
        True
    """
    device(device_type)
    for one in devices or ():
        device(one)  # type: ignore[arg-type]
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
