# SPDX-License-Identifier: MIT
"""no_grad, enable_grad, set_grad_enabled: with, around functions, generators and threads."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values, without_lines


def recorded() -> bool:
    """Whether an op is being recorded, as the op sees it."""
    result = bool((leaf(1.0) * 2).requires_grad)
    assert result == ag.is_grad_enabled()
    return result


def test_no_grad_and_enable_grad_nest() -> None:
    assert recorded()
    with ag.no_grad():
        assert not recorded()
        with ag.enable_grad():
            assert recorded()
            with ag.no_grad():
                assert not recorded()
            assert recorded()
        assert not recorded()
    assert recorded()


def test_left_by_an_exception() -> None:
    with pytest.raises(KeyError), ag.no_grad():
        raise KeyError
    assert recorded()
    with ag.no_grad():
        with pytest.raises(KeyError), ag.enable_grad():
            raise KeyError
        assert not recorded()


def test_one_object_used_again_and_nested() -> None:
    off = ag.no_grad()
    for _ in range(2):
        with off:
            assert not recorded()
        assert recorded()
    on, off = ag.enable_grad(), ag.no_grad()
    with off, on:
        assert recorded()
        with ag.no_grad():
            assert not recorded()
        assert recorded()
    assert recorded()


def test_what_with_binds() -> None:
    with ag.no_grad() as bound:
        assert bound is None
    with ag.enable_grad() as bound:
        assert bound is None


def test_results_of_both_modes_mix() -> None:
    x = leaf(1.0)
    y1 = x**2
    with ag.no_grad():
        y2 = x**3
    y3 = y1 + y2
    assert y1.requires_grad and not y2.requires_grad and y3.requires_grad
    y3.backward()
    assert x.grad.item() == 2.0


def test_creation_with_requires_grad_is_not_affected() -> None:
    with ag.no_grad():
        x = ag.tensor([1.0], requires_grad=True)
        assert x.requires_grad and x.is_leaf
        assert ag.zeros(2, requires_grad=True).requires_grad


# ---- set_grad_enabled ----------------------------------------------------------------------------


def test_set_grad_enabled_as_a_function() -> None:
    ag.set_grad_enabled(False)
    try:
        assert not recorded()
    finally:
        ag.set_grad_enabled(True)
    assert recorded()


def test_set_grad_enabled_shows_its_mode() -> None:
    assert repr(ag.set_grad_enabled(True)) == "pyautograd.set_grad_enabled(mode=True)"
    off = ag.set_grad_enabled(False)
    ag.set_grad_enabled(True)
    assert repr(off) == "pyautograd.set_grad_enabled(mode=False)"


def test_one_object_is_entered_64_times_at_most() -> None:
    mode = ag.no_grad()
    with contextlib.ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(mode)
        with pytest.raises(RuntimeError, match="one grad mode object is entered too many times"):
            mode.__enter__()
        assert not recorded()
    assert recorded()


@pytest.mark.parametrize("mode", [False, True])
def test_set_grad_enabled_as_a_context(mode: bool) -> None:
    with ag.set_grad_enabled(mode):
        assert recorded() == mode
    assert recorded()
    with ag.no_grad():
        with ag.set_grad_enabled(mode):
            assert recorded() == mode
        assert not recorded()
    with ag.set_grad_enabled(mode=mode):
        assert recorded() == mode


def test_set_grad_enabled_as_a_decorator() -> None:
    @ag.set_grad_enabled(False)
    def f() -> bool:
        return recorded()

    assert recorded(), "decorating is not calling"
    assert not f()
    assert recorded()


# ---- decorators ----------------------------------------------------------------------------------


def test_decorators_with_and_without_call() -> None:
    @ag.no_grad()
    def with_call(x: Any) -> Any:
        """Docstring."""
        return x * 2

    @ag.no_grad
    def without_call(x: Any) -> Any:
        return x * 2

    @ag.enable_grad()
    def on(x: Any) -> Any:
        return x * 2

    x = leaf(1.0)
    assert not with_call(x).requires_grad and not without_call(x).requires_grad
    assert with_call.__name__ == "with_call" and with_call.__doc__ == "Docstring."
    assert recorded()
    with ag.no_grad():
        assert on(x).requires_grad
        assert not recorded()


def test_decorated_functions_take_and_give_anything() -> None:
    @ag.no_grad()
    def f(*args: Any, key: int = 0, **kwargs: Any) -> tuple[Any, ...]:
        return args, key, kwargs

    assert f(1, 2, key=3, other=4) == ((1, 2), 3, {"other": 4})


def test_decorated_function_that_raises() -> None:
    @ag.no_grad()
    def f() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        f()
    assert recorded()


def test_decorated_recursion() -> None:
    @ag.no_grad()
    def f(n: int) -> bool:
        return recorded() if n == 0 else f(n - 1)

    assert not f(5)
    assert recorded()


def test_decorated_methods() -> None:
    class Model:
        @ag.no_grad()
        def predict(self, x: Any) -> Any:
            return x * 2

        @staticmethod
        @ag.no_grad()
        def static(x: Any) -> Any:
            return x * 2

    assert not Model().predict(leaf(1.0)).requires_grad
    assert not Model.static(leaf(1.0)).requires_grad


def test_clones_and_what_they_return_to() -> None:
    with ag.no_grad():
        mode = ag.set_grad_enabled(True)
        assert (mode.mode, mode.prev) == (True, False)
        off = mode.clone()
        assert off.mode and off.prev, "made where the first had switched it on"
        ag.set_grad_enabled(False)
    for kind, on in ((ag.no_grad, False), (ag.enable_grad, True)):
        clone = kind().clone()
        assert type(clone) is kind
        with clone:
            assert recorded() is on and clone.prev and clone.mode is on
    with pytest.raises(AttributeError):
        off.mode = False  # type: ignore[misc]


def test_classes_derived_from_modes() -> None:
    seen: list[str] = []

    class Watched(ag.no_grad):
        def __enter__(self) -> None:
            seen.append("in")
            super().__enter__()

        def __exit__(self, *error: Any) -> None:
            super().__exit__(*error)
            seen.append("out")

    @Watched()
    def f() -> bool:
        return recorded()

    @Watched  # type: ignore[arg-type]
    def g() -> Any:
        yield recorded()

    assert not f() and seen == ["in", "out"]
    assert list(g()) == [False] and seen == ["in", "out"] * 3
    with Watched(), ag.enable_grad(), Watched():
        assert not recorded()
    assert recorded() and isinstance(Watched(), ag.no_grad)
    watched = Watched()
    watched.name = "mine"  # type: ignore[attr-defined]
    del watched, f, g


# ---- generators ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decorate", "mode"),
    [
        (lambda cls: ag.no_grad()(cls), False),
        (lambda cls: ag.no_grad(cls), False),
        (lambda cls: ag.enable_grad()(cls), True),
        (lambda cls: ag.set_grad_enabled(False)(cls), False),
    ],
)
def test_decorated_class(decorate: Callable[[type], Any], mode: bool) -> None:
    """Its objects are made in the mode and used in whatever mode is on; that is warned of."""

    class Model:
        def __init__(self) -> None:
            self.made_in = ag.is_grad_enabled()

        def mode(self) -> bool:
            return ag.is_grad_enabled()

    with pytest.warns(FutureWarning) as caught:
        decorated = decorate(Model)
    (warning,) = caught
    assert str(warning.message) == (
        "Decorating classes is deprecated and will be disabled in future versions. You should only "
        "decorate functions or methods. To preserve the current behavior of class decoration, you "
        "can directly decorate the `__init__` method and nothing else."
    )
    assert warning.filename == __file__
    model = decorated()
    assert isinstance(model, Model) and model.made_in is mode and model.mode()


def test_generator_has_its_own_mode() -> None:
    @ag.no_grad()
    def numbers() -> Iterator[bool]:
        for _ in range(3):
            yield recorded()

    for inside in numbers():
        assert not inside
        assert recorded(), "between two values the caller's mode holds"
    steps = numbers()
    with ag.no_grad():
        assert not next(steps)
    assert not next(steps)
    assert recorded()


def test_generator_in_the_middle_of_another_mode() -> None:
    @ag.enable_grad()
    def numbers() -> Iterator[bool]:
        yield recorded()
        yield recorded()

    with ag.no_grad():
        assert list(numbers()) == [True, True]
        assert not recorded()


def test_generator_send_throw_close_return() -> None:
    seen: list[Any] = []

    @ag.no_grad()
    def talk() -> Any:
        try:
            got = yield 1
            seen.append((got, recorded()))
            try:
                yield 2
            except KeyError:
                seen.append(("thrown", recorded()))
            yield 3
        finally:
            seen.append(("closed", recorded()))
        return "end"

    steps = talk()
    assert next(steps) == 1 and recorded()
    assert steps.send("hello") == 2 and recorded()
    assert steps.throw(KeyError()) == 3 and recorded()
    steps.close()
    assert recorded()
    assert seen == [("hello", False), ("thrown", False), ("closed", False)]

    @ag.no_grad()
    def returns() -> Any:
        yield 1
        return "end"

    def outer() -> Any:
        result = yield from returns()
        seen.append(result)

    assert list(outer()) == [1] and seen[-1] == "end"
    assert recorded()


def test_generator_that_raises() -> None:
    @ag.no_grad()
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError

    steps = broken()
    next(steps)
    with pytest.raises(KeyError):
        next(steps)
    assert recorded()


def test_inside_an_undecorated_generator_the_mode_leaks_no_further_than_its_body() -> None:
    def numbers() -> Iterator[bool]:
        with ag.no_grad():
            yield recorded()

    steps = numbers()
    assert not next(steps)
    assert next(steps, None) is None
    assert recorded()


def test_coroutines() -> None:
    async def body() -> bool:
        await asyncio.sleep(0)
        with ag.no_grad():
            return recorded()

    assert asyncio.run(body()) is False
    assert recorded()

    async def values() -> AsyncIterator[int]:
        yield 1

    async def consume() -> list[int]:
        return [v async for v in values()]

    assert asyncio.run(consume()) == [1]


# ---- threads -------------------------------------------------------------------------------------


def in_thread(f: Any) -> Any:
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(f()))
    thread.start()
    thread.join()
    return result[0]


def test_each_thread_has_its_own_mode() -> None:
    with ag.no_grad():
        assert in_thread(recorded), "a new thread starts with recording on"
        assert not recorded()

    def switch_off() -> bool:
        ag.set_grad_enabled(False)
        return recorded()

    assert not in_thread(switch_off)
    assert recorded()


def test_modes_of_threads_that_run_together() -> None:
    barrier = threading.Barrier(2)
    seen: dict[str, bool] = {}

    def run(name: str, mode: bool) -> None:
        with ag.set_grad_enabled(mode):
            barrier.wait()
            seen[name] = recorded()
            barrier.wait()

    threads = [threading.Thread(target=run, args=(str(m), m)) for m in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"True": True, "False": False}


# ---- detach, data, requires_grad_ ----------------------------------------------------------------


def test_detach_shares_memory_and_not_history() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2
    d = y.detach()
    assert not d.requires_grad and d.is_leaf and d.grad_fn is None
    with ag.no_grad():
        d[0] = 50.0
    assert y.tolist() == [50.0, 4.0]
    z = (y.detach() * x).sum()
    z.backward()
    assert x.grad.tolist() == [50.0, 4.0]


def test_detach_in_place() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf and not y.requires_grad and y.grad_fn is None
    z = leaf([1.0])
    z.detach_()
    assert not z.requires_grad


@pytest.mark.parametrize("create_graph", [False, True])
def test_what_saved_a_tensor_that_was_detached_in_place_refuses_to_use_it(
    create_graph: bool,
) -> None:
    for use in (lambda y: y * y, lambda y: y.sin(), lambda y: y**3, lambda y: 1 / y):
        x = leaf([1.0, 2.0])
        y = x * 2
        z = use(y)
        y.detach_()
        with pytest.raises(RuntimeError) as caught:
            ag.autograd.grad(z.sum(), x, create_graph=create_graph)
        assert without_lines(str(caught.value)) == (
            "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_()."
            "This is not supported, please use out-of-place `.detach()` instead"
        )


def test_detached_in_place_where_nothing_was_saved_of_it() -> None:
    x = leaf([1.0, 2.0])
    y = x.exp()  # keeps its own output, which is no use of a tensor by another
    z = (y + 1).sum()
    y.detach_()
    z.backward()
    assert np.allclose(values(x.grad), np.exp([1.0, 2.0]))
    w = (y * x).sum()  # detached before it is used: a constant
    x.grad = None
    w.backward()
    assert x.grad.tolist() == y.tolist()
    leaf_itself = leaf([3.0])
    square = (leaf_itself * leaf_itself).sum()
    leaf_itself.detach_()
    square.backward()
    assert leaf_itself.grad is None


def test_requires_grad_can_be_switched_on_leaves() -> None:
    x = ag.tensor([1.0, 2.0])
    assert not x.requires_grad and x.is_leaf
    assert x.requires_grad_() is x
    assert x.requires_grad and x.is_leaf
    x.requires_grad_(False)
    assert not x.requires_grad
    x.requires_grad = True
    assert x.requires_grad
    x.requires_grad = False
    assert not (x * 2).requires_grad
    y = leaf([1.0]) * 2
    y.requires_grad_()
    assert y.requires_grad and not y.is_leaf


def test_data_is_a_door_past_the_tape() -> None:
    x = leaf([1.0, 2.0])
    assert not x.data.requires_grad and x.data.is_leaf
    x.data.mul_(10)
    assert x.tolist() == [10.0, 20.0] and x.requires_grad and x.is_leaf
    x.data = ag.tensor([[7.0], [8.0]])
    assert values(x).tolist() == [[7.0], [8.0]] and x.requires_grad
