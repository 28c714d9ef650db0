# SPDX-License-Identifier: MIT
"""inference_mode beside PyTorch's: what it makes, and what may be done with that outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

group = Group()


def made(lib: Any) -> Any:
    """An inference tensor, a tensor from outside, and views of both that the mode made."""
    x = lib.ones(2, requires_grad=True)
    n = lib.zeros(3)
    with lib.inference_mode():
        i = lib.ones(2)
        return x, n, i, i[1:], n[1:], x[:1]


# ---- what is made --------------------------------------------------------------------------------


@group
def which_are_inference_tensors(lib: Any) -> Any:
    x, n, i, part, view, _ = made(lib)
    with lib.inference_mode():
        more = [n.clone(), n + 1, x * 2, n.detach(), n.view(3), x.data, lib.zeros_like(n)]
    return [t.is_inference() for t in (x, n, i, part, view, *more)]


@group
def made_of_them_outside(lib: Any) -> Any:
    _, _, i, part, _, _ = made(lib)
    return [t.is_inference() for t in (i * 2, i.clone(), i.view(2), i[0], i.detach(), part + i)]


@group
def the_modes(lib: Any) -> Any:
    seen = []

    def look() -> None:
        seen.append((lib.is_inference_mode_enabled(), lib.is_grad_enabled()))

    look()
    with lib.inference_mode():
        look()
        with lib.enable_grad():
            look()
        look()
        with lib.inference_mode(False):
            look()
        with lib.no_grad():
            look()
        look()
    look()
    with lib.no_grad():
        with lib.inference_mode(False):
            look()
        look()
        with lib.inference_mode():
            look()
        look()
    look()
    return seen


@group
def nothing_is_recorded(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with lib.inference_mode(), lib.enable_grad():
        y = x * 2
    return y.requires_grad, y.grad_fn, y.is_leaf


@group
def false_records(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    with lib.inference_mode(), lib.inference_mode(False):
        y = x * 2
    y.sum().backward()
    return x.grad, y.is_inference()


@group
def leaves_that_require_grad(lib: Any) -> Any:
    with lib.inference_mode():
        x = lib.ones(2, requires_grad=True)
        z = lib.zeros(1).requires_grad_()
        p = lib.nn.Parameter(lib.ones(1))
        return x.requires_grad, z.requires_grad, p.requires_grad, (x * 2).requires_grad


@group
def is_inference_as_a_function(lib: Any) -> Any:
    _, n, i, *_ = made(lib)
    return lib.is_inference(i), lib.is_inference(n)


@group
def of_one_thread(lib: Any) -> Any:
    seen = []
    with lib.inference_mode():
        thread = threading.Thread(target=lambda: seen.append(lib.is_inference_mode_enabled()))
        thread.start()
        thread.join()
    return seen


# ---- outside -------------------------------------------------------------------------------------

OUTSIDE: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add_in_place": lambda lib, x, i: i.add_(1),
    "add_in_place_under_no_grad": lambda lib, x, i: lib.no_grad()(lambda: i.add_(1))(),
    "fill": lambda lib, x, i: i.zero_(),
    "exp_in_place": lambda lib, x, i: i.exp_(),
    "element": lambda lib, x, i: i.__setitem__(0, 5.0),
    "view_is_written": lambda lib, x, i: i[1:].mul_(2),
    "view_in_place": lambda lib, x, i: i.unsqueeze_(0),
    "out": lambda lib, x, i: lib.add(lib.ones(2), 1, out=i),
    "requires_grad_": lambda lib, x, i: i.requires_grad_(),
    "requires_grad": lambda lib, x, i: setattr(i, "requires_grad", True),
    "requires_no_grad": lambda lib, x, i: setattr(i, "requires_grad", False),
    "version": lambda lib, x, i: i._version,
    "read": lambda lib, x, i: (i.tolist(), i.sum(), i + i),
    "copied_from": lambda lib, x, i: lib.zeros(2).copy_(i),
    "added_to_what_is_recorded": lambda lib, x, i: (x + i).requires_grad,
    "stacked": lambda lib, x, i: lib.stack([x, i]).requires_grad,
    "cloned_and_saved": lambda lib, x, i: lib.autograd.grad((x * i.clone()).sum(), x),
    "register_hook": lambda lib, x, i: i.register_hook(len),
}

for name, outside in OUTSIDE.items():
    group.add(f"outside-{name}", lambda lib, f=outside: f(lib, made(lib)[0], made(lib)[2]))


@group
def saved_for_backward(lib: Any) -> Any:
    x, _, i, *_ = made(lib)
    try:
        return x * i
    except RuntimeError as error:
        return str(error)[:60]


@group
def saved_with_hooks(lib: Any) -> Any:
    x, _, i, *_ = made(lib)
    with lib.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        try:
            return x * i
        except RuntimeError as error:
            return str(error)[:60]


@group
def a_view_is_written_outside(lib: Any) -> Any:
    x, n, _, _, view, _ = made(lib)
    view.add_(1)
    try:
        view.add_(x.sum())
    except RuntimeError as error:
        return n, str(error)


@group
def written_inside(lib: Any) -> Any:
    x, n, i, *_ = made(lib)
    with lib.inference_mode():
        i.add_(1)
        x.add_(1)
        n.add_(i[0])
    return i, x, n, x._version


@group
def written_inside_spoils_what_was_saved(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    y = x * 1
    z = y * y
    with lib.inference_mode():
        y.add_(1)
    try:
        z.sum().backward()
    except RuntimeError as error:
        return str(error)[:60]


@group
def backward_inside(lib: Any) -> Any:
    x = lib.ones(2, requires_grad=True)
    z = (x * x).sum()
    with lib.inference_mode():
        z.backward()
    return x.grad, x.grad.is_inference()


# ---- around functions ----------------------------------------------------------------------------


@group
def around_a_function(lib: Any) -> Any:
    @lib.inference_mode()
    def f(a: int, *, b: int = 2) -> Any:
        """Words."""
        return a, b, lib.is_inference_mode_enabled()

    return f(1, b=3), f.__name__, f.__doc__, lib.is_inference_mode_enabled()


@group
def around_a_function_without_brackets(lib: Any) -> Any:
    @lib.inference_mode
    def f() -> Any:
        return lib.is_inference_mode_enabled()

    return f(), f.__name__, lib.is_inference_mode_enabled()


@group
def around_a_function_with_false(lib: Any) -> Any:
    @lib.inference_mode(False)
    def f() -> Any:
        return lib.is_inference_mode_enabled(), lib.is_grad_enabled()

    with lib.inference_mode():
        return f(), lib.is_inference_mode_enabled()


@group
def around_a_generator(lib: Any) -> Any:
    @lib.inference_mode()
    def f() -> Any:
        got = yield lib.is_inference_mode_enabled()
        yield lib.is_inference_mode_enabled(), got

    steps = f()
    return (
        next(steps), lib.is_inference_mode_enabled(), steps.send(3),
        lib.is_inference_mode_enabled(),
    )  # fmt: skip


@group
def around_a_function_that_raises(lib: Any) -> Any:
    @lib.inference_mode()
    def f() -> None:
        raise KeyError("k")

    try:
        f()
    except KeyError as error:
        return str(error), lib.is_inference_mode_enabled(), lib.is_grad_enabled()


@group
def around_a_method(lib: Any) -> Any:
    class Model:
        @lib.inference_mode()
        def method(self) -> Any:
            return lib.is_inference_mode_enabled()

        @classmethod
        @lib.inference_mode()
        def of_class(cls) -> Any:
            return lib.is_inference_mode_enabled()

    return Model().method(), Model.of_class()


@group
def around_a_class(lib: Any) -> Any:
    class Model:
        def __init__(self) -> None:
            self.made_in = lib.is_inference_mode_enabled()

    model = lib.inference_mode()(Model)()
    return model.made_in, isinstance(model, Model)


@group
def attributes(lib: Any) -> Any:
    mode = lib.inference_mode()
    return mode.mode, lib.inference_mode(False).mode, mode.clone().mode


@group
def one_object_again(lib: Any) -> Any:
    mode = lib.inference_mode()
    seen = []
    for _ in range(2):
        with mode as bound:
            seen.append((bound, lib.is_inference_mode_enabled()))
        seen.append(lib.is_inference_mode_enabled())
    return seen


@group
def a_subclass(lib: Any) -> Any:
    class Quiet(lib.inference_mode):  # type: ignore[misc]
        pass

    with Quiet():
        seen = [lib.is_inference_mode_enabled()]
    return seen, Quiet()(lambda: lib.is_inference_mode_enabled())()


@group
def in_autograd_too(lib: Any) -> Any:
    return lib.autograd.inference_mode is lib.inference_mode


def test_there_are_enough() -> None:
    assert len(group.all) >= 30


@pytest.mark.parametrize("name", group.all)
def test_as_in_torch(name: str, torch: ModuleType) -> None:
    compare(group.all[name], ag, torch)
