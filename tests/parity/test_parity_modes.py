# SPDX-License-Identifier: MIT
"""Grad modes beside PyTorch's: in `with`, called, and around functions, generators and classes."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

group = Group()

MAKERS: dict[str, Callable[[Any], Any]] = {
    "no_grad": lambda lib: lib.no_grad(),
    "enable_grad": lambda lib: lib.enable_grad(),
    "bare_no_grad": lambda lib: lib.no_grad,
    "bare_enable_grad": lambda lib: lib.enable_grad,
    "set_false": lambda lib: lib.set_grad_enabled(False),
    "set_true": lambda lib: lib.set_grad_enabled(True),
}
CONTEXTS = [name for name in MAKERS if not name.startswith("bare")]

Watched = Callable[[Any, Any], Any]


def both_ways(name: str, maker: str, watched: Watched) -> None:
    """A behaviour in each of the outer modes; `watched` takes the library and the mode's maker."""

    def behaviour(lib: Any) -> Any:
        seen = []
        for outer in (True, False):
            lib.set_grad_enabled(outer)
            try:
                seen.append(watched(lib, lambda: MAKERS[maker](lib)))
                seen.append(lib.is_grad_enabled())
            finally:
                lib.set_grad_enabled(True)
        return seen

    group.add(f"{name}-{maker}", behaviour)


def with_all(watched: Watched) -> Watched:
    for maker in MAKERS:
        both_ways(watched.__name__, maker, watched)
    return watched


def with_contexts(watched: Watched) -> Watched:
    for maker in CONTEXTS:
        both_ways(watched.__name__, maker, watched)
    return watched


# ---- with ----------------------------------------------------------------------------------------


@with_contexts
def in_a_with(lib: Any, make: Any) -> Any:
    with make() as bound:
        return bound, lib.is_grad_enabled(), (lib.ones(1, requires_grad=True) * 2).requires_grad


@with_contexts
def after_an_error(lib: Any, make: Any) -> Any:
    try:
        with make():
            raise KeyError
    except KeyError:
        return lib.is_grad_enabled()


@with_contexts
def one_object_again(lib: Any, make: Any) -> Any:
    mode = make()
    seen = []
    for _ in range(2):
        with mode:
            seen.append(lib.is_grad_enabled())
        seen.append(lib.is_grad_enabled())
    return seen


@with_contexts
def inside_no_grad(lib: Any, make: Any) -> Any:
    seen = []
    with lib.no_grad():
        with make():
            seen.append(lib.is_grad_enabled())
        seen.append(lib.is_grad_enabled())
    return seen


@with_contexts
def around_no_grad(lib: Any, make: Any) -> Any:
    seen = []
    with make():
        with lib.no_grad():
            seen.append(lib.is_grad_enabled())
        seen.append(lib.is_grad_enabled())
    return seen


@with_contexts
def a_return_in_a_with(lib: Any, make: Any) -> Any:
    def f() -> bool:
        with make():
            return bool(lib.is_grad_enabled())

    return f(), lib.is_grad_enabled()


@with_contexts
def a_generator_with_a_with(lib: Any, make: Any) -> Any:
    """Not decorated: the mode goes on between two values."""

    def f() -> Any:
        with make():
            yield lib.is_grad_enabled()

    steps = f()
    seen = [next(steps), lib.is_grad_enabled()]
    steps.close()
    return [*seen, lib.is_grad_enabled()]


@with_contexts
def exit_gives_nothing(lib: Any, make: Any) -> Any:
    mode = make()
    mode.__enter__()
    return mode.__exit__(None, None, None)


# ---- around functions ----------------------------------------------------------------------------


@with_all
def around_a_function(lib: Any, make: Any) -> Any:
    @make()
    def f(a: Any, *rest: Any, b: int = 2, **more: Any) -> Any:
        """Words."""
        return a, rest, b, more, lib.is_grad_enabled()

    seen = lib.is_grad_enabled()
    signature = str(inspect.signature(f)).count("*")
    return seen, f(1, 2, b=3, c=4), f.__name__, f.__doc__, f.__wrapped__ is not None, signature


@with_all
def around_a_function_that_raises(lib: Any, make: Any) -> Any:
    @make()
    def f() -> None:
        raise KeyError(bool(lib.is_grad_enabled()))

    try:
        f()
    except KeyError as error:
        return error.args[0], lib.is_grad_enabled()


@with_all
def around_a_function_that_sets_the_mode(lib: Any, make: Any) -> Any:
    @make()
    def f() -> bool:
        lib.set_grad_enabled(not lib.is_grad_enabled())
        return bool(lib.is_grad_enabled())

    return f(), lib.is_grad_enabled()


@with_all
def around_a_recursion(lib: Any, make: Any) -> Any:
    @make()
    def f(n: int) -> list[bool]:
        return [bool(lib.is_grad_enabled())] + ([] if n == 0 else f(n - 1))

    return f(2)


@with_all
def around_methods(lib: Any, make: Any) -> Any:
    class Model:
        @make()
        def method(self) -> bool:
            return bool(lib.is_grad_enabled())

        @classmethod
        @make()
        def of_class(cls) -> bool:
            return bool(lib.is_grad_enabled())

        @staticmethod
        @make()
        def of_none() -> bool:
            return bool(lib.is_grad_enabled())

        @property
        @make()
        def value(self) -> bool:
            return bool(lib.is_grad_enabled())

    return Model().method(), Model.of_class(), Model.of_none(), Model().value


@with_all
def around_what_is_callable(lib: Any, make: Any) -> Any:
    class Model:
        def __call__(self) -> bool:
            return bool(lib.is_grad_enabled())

    return make()(Model())(), make()(lambda: lib.is_grad_enabled())()


@with_all
def around_one_that_is_decorated(lib: Any, make: Any) -> Any:
    @lib.enable_grad()
    @make()
    def inner() -> bool:
        return bool(lib.is_grad_enabled())

    @make()
    @lib.enable_grad()
    def outer() -> bool:
        return bool(lib.is_grad_enabled())

    return inner(), outer()


@with_contexts
def one_object_around_two(lib: Any, make: Any) -> Any:
    mode = make()
    f = mode(lambda: lib.is_grad_enabled())
    with mode:
        g = mode(lambda: lib.is_grad_enabled())
    return f(), g(), lib.is_grad_enabled()


# ---- around generators ---------------------------------------------------------------------------


@with_all
def around_a_generator(lib: Any, make: Any) -> Any:
    @make()
    def f() -> Any:
        yield lib.is_grad_enabled()
        yield lib.is_grad_enabled()

    seen = []
    for inside in f():
        seen += [inside, lib.is_grad_enabled()]
    return seen, inspect.isgeneratorfunction(f)


@with_all
def around_a_generator_that_is_talked_to(lib: Any, make: Any) -> Any:
    seen: list[Any] = []

    @make()
    def f() -> Any:
        try:
            seen.append((yield 1, lib.is_grad_enabled()))
            try:
                yield 2
            except KeyError as error:
                seen.append((type(error).__name__, lib.is_grad_enabled()))
            yield 3
        finally:
            seen.append(("closed", lib.is_grad_enabled()))

    steps = f()
    got = [next(steps), steps.send("hello"), steps.throw(KeyError())]
    steps.close()
    return got, seen


@with_all
def around_a_generator_that_returns(lib: Any, make: Any) -> Any:
    @make()
    def f() -> Any:
        yield 1
        return lib.is_grad_enabled()

    def outer() -> Any:
        return (yield from f())

    steps = outer()
    next(steps)
    try:
        next(steps)
    except StopIteration as stop:
        return stop.value, lib.is_grad_enabled()


@with_all
def around_a_generator_that_raises(lib: Any, make: Any) -> Any:
    @make()
    def f() -> Any:
        yield 1
        raise KeyError("k")

    steps = f()
    next(steps)
    try:
        next(steps)
    except KeyError as error:
        return str(error), lib.is_grad_enabled(), list(steps)


@with_all
def around_a_generator_that_swallows_what_is_thrown(lib: Any, make: Any) -> Any:
    @make()
    def f() -> Any:
        try:
            yield 1
        except ValueError:
            return

    steps = f()
    next(steps)
    try:
        return steps.throw(ValueError("v"))
    except StopIteration:
        return "stopped", lib.is_grad_enabled()


@with_all
def around_a_generator_that_ignores_its_end(lib: Any, make: Any) -> Any:
    @make()
    def f() -> Any:
        while True:
            try:
                yield 1
            except GeneratorExit:
                yield 2

    steps = f()
    next(steps)
    try:
        steps.close()
    except RuntimeError as error:
        return str(error), lib.is_grad_enabled()


@with_all
def around_a_generator_that_sets_the_mode(lib: Any, make: Any) -> Any:
    @make()
    def f() -> Any:
        lib.set_grad_enabled(not lib.is_grad_enabled())
        yield lib.is_grad_enabled()
        yield lib.is_grad_enabled()

    return [(inside, lib.is_grad_enabled()) for inside in f()]


@with_all
def around_a_generator_that_is_not_begun(lib: Any, make: Any) -> Any:
    @make()
    def f() -> Any:
        yield 1

    steps = f()
    steps.close()
    return list(steps), lib.is_grad_enabled()


# ---- around coroutines ---------------------------------------------------------------------------


@with_all
def around_a_coroutine_that_waits_for_nothing(lib: Any, make: Any) -> Any:
    """What waits or looks at the mode is a row in differences.md."""

    @make()
    async def f() -> int:
        return 3

    return asyncio.run(f()), lib.is_grad_enabled()


# ---- around classes ------------------------------------------------------------------------------


@with_all
def around_a_class(lib: Any, make: Any) -> Any:
    class Model:
        def __init__(self, a: int) -> None:
            self.a, self.made_in = a, lib.is_grad_enabled()

        def mode(self) -> bool:
            return bool(lib.is_grad_enabled())

    model = make()(Model)(3)
    return isinstance(model, Model), model.a, model.made_in, model.mode()


# ---- called --------------------------------------------------------------------------------------


@group
def set_and_left(lib: Any) -> Any:
    seen = []
    lib.set_grad_enabled(False)
    seen.append(lib.is_grad_enabled())
    mode = lib.set_grad_enabled(True)
    seen.append(lib.is_grad_enabled())
    lib.set_grad_enabled(False)
    with mode:
        seen.append(lib.is_grad_enabled())
    seen.append(lib.is_grad_enabled())
    lib.set_grad_enabled(True)
    return seen


@group
def set_to_what_is_no_bool(lib: Any) -> Any:
    kinds = []
    for value in (None, "on", [], 2.5):
        try:
            lib.set_grad_enabled(value)
        except TypeError:
            kinds.append("TypeError")
        finally:
            lib.set_grad_enabled(True)
    return kinds, lib.is_grad_enabled()


@group
def without_an_argument(lib: Any) -> Any:
    try:
        lib.set_grad_enabled()
    except TypeError:
        return "TypeError", lib.is_grad_enabled()


@group
def shown(lib: Any) -> Any:
    texts = repr(lib.set_grad_enabled(True)), str(lib.set_grad_enabled(True))
    return [text.split(".")[-1] for text in texts]  # each has its own place before that


@group
def by_its_keyword(lib: Any) -> Any:
    with lib.set_grad_enabled(mode=False):
        return lib.is_grad_enabled()


@group
def cloned(lib: Any) -> Any:
    off = lib.no_grad().clone()
    with off:
        seen = [lib.is_grad_enabled()]
    mode = lib.set_grad_enabled(False)
    lib.set_grad_enabled(True)
    with mode.clone():
        seen.append(lib.is_grad_enabled())
    seen.append(lib.is_grad_enabled())
    with lib.enable_grad().clone():
        seen.append(lib.is_grad_enabled())
    return seen, type(off).__name__, mode.mode


@group
def attributes(lib: Any) -> Any:
    lib.set_grad_enabled(True)
    mode = lib.set_grad_enabled(False)
    lib.set_grad_enabled(True)
    off = lib.no_grad()
    with lib.no_grad(), off:
        before = off.prev
    return mode.mode, mode.prev, before


@group
def a_subclass(lib: Any) -> Any:
    class Quiet(lib.no_grad):  # type: ignore[misc]
        def __enter__(self) -> Any:
            super().__enter__()
            return "quiet"

    with Quiet() as bound:
        seen = [bound, lib.is_grad_enabled()]

    @Quiet()
    def f() -> bool:
        return bool(lib.is_grad_enabled())

    return seen, f(), lib.is_grad_enabled(), isinstance(Quiet(), lib.no_grad)


@group
def in_autograd_too(lib: Any) -> Any:
    a = lib.autograd
    return [
        getattr(a, name) is getattr(lib, name)
        for name in ("no_grad", "enable_grad", "set_grad_enabled")
    ]


@group
def in_another_thread(lib: Any) -> Any:
    seen: list[bool] = []
    with lib.no_grad():
        thread = threading.Thread(target=lambda: seen.append(lib.is_grad_enabled()))
        thread.start()
        thread.join()
        return seen, lib.is_grad_enabled()


@group
def what_is_decorated_can_be_pickled(lib: Any) -> Any:
    f = lib.no_grad()(len)
    return f.__qualname__, pickle.loads(pickle.dumps(f.__wrapped__)) is len


# ---- what the mode does --------------------------------------------------------------------------


@group
def leaves_under_no_grad(lib: Any) -> Any:
    with lib.no_grad():
        x = lib.ones(2, requires_grad=True)
        y = x * 2
        z = lib.tensor([1.0]).requires_grad_()
        return x, y, y.is_leaf, y.grad_fn, z, lib.nn.Parameter(lib.ones(1))


@group
def in_place_on_a_leaf(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with lib.no_grad():
        x.add_(1)
        x[0] = 7.0
    return x, x.is_leaf


@group
def in_place_on_what_is_recorded(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = x * 3
    with lib.no_grad():
        y.mul_(2)
    y.sum().backward()
    return y, x.grad


@group
def backward_under_no_grad(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = (x * x).sum()
    with lib.no_grad():
        y.backward()
    return x.grad


@group
def enabled_within_disabled(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with lib.no_grad():
        y = x * 2
        with lib.enable_grad():
            z = x * 3 + y
    return y, z, lib.autograd.grad(z.sum(), x)


@group
def detached(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    d = x.detach()
    with lib.no_grad():
        d.add_(1)
    return x, d, d.is_leaf, x.is_leaf, x.data


def test_there_are_enough() -> None:
    assert len(group.all) >= 30


# ---- threads -------------------------------------------------------------------------------------


@group
def threads_of_a_backward_are_switched(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with lib.autograd.set_multithreading_enabled(False) as given:
        (x * x).sum().backward()
    lib.autograd.set_multithreading_enabled(True)
    return given, x.grad


@group
def threads_of_a_backward_as_a_decorator(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)

    @lib.autograd.set_multithreading_enabled(mode=False)
    def f(x: Any) -> Any:
        """What f does."""
        return lib.autograd.grad((x * x).sum(), x)

    return f(x), f.__name__, f.__doc__, lib.autograd.set_multithreading_enabled(False).clone().mode


@group
def threads_of_a_backward_by_an_int(lib: Any) -> Any:
    return lib.autograd.set_multithreading_enabled(1)


@pytest.mark.parametrize("name", group.all)
def test_as_in_torch(name: str, torch: ModuleType) -> None:
    compare(group.all[name], ag, torch)
