# SPDX-License-Identifier: MIT
"""Less memory for more time: functions whose intermediate values are not kept for backward, which
runs the functions again instead.

Example:
    >>> import pyautograd as ag
    >>> from pyautograd.utils.checkpoint import checkpoint
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> y = checkpoint(lambda x: (x * x).exp(), x, use_reentrant=False)
    >>> y.sum().backward()
    >>> x.grad
    tensor([  5.4366, 218.3926])
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from .._core import Tensor, _CheckpointFrame, _StopRecomputationError, is_grad_enabled
from ..autograd._saved import check_allowed
from ..random import get_rng_state, set_rng_state

__all__ = [
    "CheckpointError",
    "checkpoint",
    "checkpoint_sequential",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]

_Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]

_PASS_IT = (
    "{}: the use_reentrant parameter should be passed explicitly. {}use_reentrant=False is "
    "recommended, but if you need to preserve the current default behavior, you can pass "
    "use_reentrant=True. Refer to docs for more details on the differences between the two "
    "variants."
)


class CheckpointError(RuntimeError):
    """A checkpointed function that runs again does not do what it did the first time.

    Example:
        >>> from pyautograd.utils.checkpoint import CheckpointError
        >>> issubclass(CheckpointError, RuntimeError)
        True
    """


# ---- what is called ------------------------------------------------------------------------------


def noop_context_fn() -> _Contexts:
    """Two contexts that do nothing, for the two runs of a checkpointed function.

    Example:
        >>> from pyautograd.utils.checkpoint import noop_context_fn
        >>> len(noop_context_fn())
        2
    """
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], _Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Return `function(*args, **kwargs)`, without keeping what its operations save for backward.

    Backward runs the function again, with the random numbers that it had, and uses what is saved
    then. So the function must do the same again. Inside, checkpoints may be nested.

    Args:
        function: takes the arguments, returns anything.
        args: its arguments, tensors or not; tensors in them are kept.
        use_reentrant: True is the older kind: the function is recorded when it runs again alone,
            all of it, and differentiated inside the backward, which must be one that gives all
            leaves their gradients. An argument must require grad, and there are no keywords.
        context_fn: returns two contexts, for the first run and for those again.
        determinism_check: "default" compares shape and dtype of what is saved in both runs, "none"
            does not.
        debug: what is said of runs that differ lists what the first one saved.
        early_stop: the second run ends when all that backward needs is there.
        kwargs: its keyword arguments; `preserve_rng_state=False`, which is none of them, lets the
            second run draw other random numbers.

    Raises:
        ValueError: arguments that do not go together.
        RuntimeError: hooks on saved tensors are disabled.

    Backward raises what the function raises, and CheckpointError if it does not save the same.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.utils.checkpoint import checkpoint
        >>> w = ag.tensor([0.5, 0.25], requires_grad=True)
        >>> def step(h, scale):
        ...     return (h * w).tanh() * scale
        >>> h = ag.ones(2)
        >>> for _ in range(3):
        ...     h = checkpoint(step, h, scale=2.0, use_reentrant=False)
        >>> h.sum().backward()
        >>> w.grad
        tensor([3.7641, 1.4277])
    """
    if use_reentrant is None:
        warnings.warn(
            _PASS_IT.format(
                "torch.utils.checkpoint",
                "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an "
                "exception. ",
            ),
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        from ._reentrant import CheckpointFunction

        return CheckpointFunction.apply(function, preserve, *args)
    debug = debug if _debugging is None else _debugging
    if debug and context_fn is not noop_context_fn:
        raise ValueError("debug=True is incompatible with non-default context_fn")
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'], but got {determinism_check}"
        )
    return _checkpointed(
        function,
        args,
        kwargs,
        preserve=preserve,
        contexts=context_fn(),
        checks=determinism_check == "default",
        debug=debug,
        stops=early_stop if _stops_early is None else _stops_early,
    )


def checkpoint_sequential(
    functions: Iterable[Callable[[Any], Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Return what functions one after another make of an input, in checkpointed segments.

    Args:
        functions: an `nn.Sequential`, or functions or modules of one argument.
        segments: how many parts of about the same length to make; all but the last are
            checkpointed.
        input: the argument of the first.
        use_reentrant: see `checkpoint`.
        kwargs: `preserve_rng_state` alone, see there.

    Raises:
        ValueError: there are other keyword arguments.
        ZeroDivisionError: there are no segments.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.utils.checkpoint import checkpoint_sequential
        >>> x = ag.tensor([0.5], requires_grad=True)
        >>> y = checkpoint_sequential([ag.sin, ag.exp, ag.tanh], 2, x, use_reentrant=False)
        >>> y.backward()
        >>> x.grad
        tensor([0.2075])
    """
    if use_reentrant is None:
        warnings.warn(
            _PASS_IT.format(
                "torch.utils.checkpoint.checkpoint_sequential",
                "In version 2.9 we will raise an exception if use_reentrant is not passed. ",
            ),
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = list(functions)
    size = len(steps) // segments
    first = 0
    for first in range(0, size * (segments - 1), size):
        part = _in_turn(steps[first : first + size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _in_turn(steps[size * (segments - 1) :])(input)


def _in_turn(steps: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return run


# ---- settings ------------------------------------------------------------------------------------

_stops_early: bool | None = None
_debugging: bool | None = None


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Whether checkpoints that are made inside `with` stop early, whatever they are told.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.utils.checkpoint import checkpoint, set_checkpoint_early_stop
        >>> def f(x):
        ...     y = x.exp()
        ...     print("to the end")
        ...     return y
        >>> x = ag.ones(1, requires_grad=True)
        >>> with set_checkpoint_early_stop(False):
        ...     y = checkpoint(f, x, use_reentrant=False)
        to the end
        >>> y.backward()
        to the end
    """
    global _stops_early
    before = _stops_early
    _stops_early = enable
    try:
        yield
    finally:
        _stops_early = before


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Have checkpoints that are made inside `with` taken as if `debug` were that; None: as it is.

    Example:
        >>> from pyautograd.utils.checkpoint import set_checkpoint_debug_enabled
        >>> with set_checkpoint_debug_enabled(True):
        ...     pass
    """
    global _debugging
    before = _debugging
    _debugging = enabled
    try:
        yield
    finally:
        _debugging = before


# ---- how it is done ------------------------------------------------------------------------------


def _checkpointed(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    preserve: bool,
    contexts: _Contexts,
    checks: bool,
    debug: bool,
    stops: bool,
) -> Any:
    first_context, later_context = contexts
    state = get_rng_state() if preserve else None
    if not is_grad_enabled():
        return function(*args, **kwargs)

    def again(*args: Any) -> None:
        before = None if state is None else get_rng_state()
        try:
            if state is not None:
                set_rng_state(state)
            with later_context:
                function(*args, **kwargs)
        finally:
            if before is not None:
                set_rng_state(before)

    check_allowed()
    frame = _CheckpointFrame(again, _explained if debug else _complain, args, stops, checks)
    finished = False
    with frame, first_context:
        result = function(*args, **kwargs)
        finished = True
    if not finished:
        raise RuntimeError(
            "torch.utils.checkpoint: the forward context provided by context_fn suppressed an "
            "exception raised during the checkpointed forward. This is not supported because "
            "checkpoint cannot return a value for a failed forward."
        )
    return result


_TIP = (
    "\nTip: To see a more detailed error message, either pass `debug=True` to "
    "`utils.checkpoint.checkpoint(...)` or wrap the code block with "
    "`with utils.checkpoint.set_checkpoint_debug_enabled(True):`.\n"
)

_Facts = tuple[Any, Any]


def _shown(facts: _Facts) -> str:
    shape, dtype = facts
    return str({"shape": shape, "dtype": dtype, "device": Tensor().device})


def _complaint(first: list[_Facts], again: int, differences: Any) -> str:
    if again == -1:
        return (
            "torch.utils.checkpoint: trying to save more tensors during recomputation than "
            "during the original forward pass.\n"
        )
    if again == -2:
        return (
            "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already "
            "unpacked once. If you are calling ctx.saved_tensors in backward, make sure to do so "
            "only once. Otherwise please open an issue with details on your use case."
        )
    if not differences:
        return (
            "torch.utils.checkpoint: A different number of tensors was saved during the original "
            f"forward and recomputation.\nNumber of tensors saved during forward: {len(first)}\n"
            f"Number of tensors saved during recomputation: {again}.\n"
        )
    lines = "".join(
        f"tensor at position {place}:\nsaved metadata: {_shown(was)}\n"
        f"recomputed metadata: {_shown(found)}\n"
        for place, was, found in differences
    )
    return (
        "torch.utils.checkpoint: Recomputed values for the following tensors have different "
        f"metadata than during the forward pass.\n{lines}.\n"
    )


def _complain(first: list[_Facts], again: int, differences: Any) -> None:
    raise CheckpointError(_complaint(first, again, differences) + _TIP)


def _explained(first: list[_Facts], again: int, differences: Any) -> None:
    """The same with all that the first run saved."""
    saved = "".join(f"  {place}: {_shown(facts)}\n" for place, facts in enumerate(first))
    raise CheckpointError(f"{_complaint(first, again, differences)}\nThe first run saved:\n{saved}")


def __getattr__(name: str) -> Any:
    if name == "_StopRecomputationError":
        return _StopRecomputationError
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
