# SPDX-License-Identifier: MIT
"""Functions that run in a grad mode: what `no_grad` and its like return as decorators.

Imported when something is decorated. A generator or coroutine is in the mode while it runs and
not while it waits: between two steps its caller finds the mode that it left.
"""

from __future__ import annotations

import functools
import inspect
import types
import warnings
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any

from ._core import enable_grad, no_grad

__all__ = ["decorate"]


def decorate(
    function: Callable[..., Any], enabled: bool | Callable[[], Any]
) -> Callable[..., Any]:
    """Return `function` so that all its code runs with recording on or off, or in what `enabled`
    gives when it is called.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd._decorate import decorate
        >>> quiet = decorate(ag.is_grad_enabled, False)
        >>> quiet(), ag.is_grad_enabled()
        (False, True)
    """
    of_bool: Callable[[], Any] = enable_grad if enabled else no_grad
    mode = of_bool if isinstance(enabled, bool) else enabled

    if inspect.isclass(function):
        warnings.warn(
            "Decorating classes is deprecated and will be disabled in future versions. You should "
            "only decorate functions or methods. To preserve the current behavior of class "
            "decoration, you can directly decorate the `__init__` method and nothing else.",
            FutureWarning,
            stacklevel=2,
        )

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from _steps(function(*args, **kwargs), mode))

        return generate

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wait(*args: Any, **kwargs: Any) -> Any:
            return await _driven(function(*args, **kwargs), mode)

        return wait

    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        def generate_async(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            return _async_steps(function(*args, **kwargs), mode)

        return generate_async

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with mode():
            return function(*args, **kwargs)

    return run


def _steps(
    inner: Generator[Any, Any, Any] | Coroutine[Any, Any, Any], mode: Callable[[], Any]
) -> Generator[Any, Any, Any]:
    """Run `inner` to its end, each step of it in the mode."""
    step: Callable[[Any], Any] = inner.send
    value: Any = None
    while True:
        try:
            with mode():
                item = step(value)
        except StopIteration as stop:
            return stop.value
        try:
            value = yield item
            step = inner.send
        except GeneratorExit:
            with mode():
                inner.close()
            raise
        except BaseException as error:
            value = error
            step = inner.throw


@types.coroutine
def _driven(inner: Any, mode: Callable[[], Any]) -> Generator[Any, Any, Any]:
    """Await `inner`, each step of it in the mode."""
    return (yield from _steps(inner, mode))


async def _async_steps(
    inner: AsyncGenerator[Any, Any], mode: Callable[[], Any]
) -> AsyncGenerator[Any, Any]:
    step: Any = inner.asend(None)
    while True:
        try:
            item = await _driven(step, mode)
        except StopAsyncIteration:
            return
        try:
            value = yield item
        except GeneratorExit:
            await _driven(inner.aclose(), mode)
            raise
        except BaseException as error:
            step = inner.athrow(error)
        else:
            step = inner.asend(value)
