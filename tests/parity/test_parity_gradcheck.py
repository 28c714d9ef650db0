# SPDX-License-Identifier: MIT
"""gradcheck beside PyTorch's, at the same tolerances: what passes, what is refused and how."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

group = Group()
TOLERANCES = {"atol": 1e-6, "rtol": 1e-5}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "right": lambda x: x.sin() * x,
    "several": lambda x: (x.exp(), (x * x).sum()),
    "a_list": lambda x: [x.exp(), x * 2],
    "wrong_by_half": lambda x: x * x + (x * x).detach(),
    "wrong_by_a_thousandth": lambda x: x * x * 0.999 + 0.001 * (x * x).detach(),
    "wrong_in_one_of_several": lambda x: (x * 2, x * x.detach()),
    "cut_off": lambda x: (x * x).detach(),
    "constant": lambda x: x.detach() * 0 + 1,
    "a_step": lambda x: (x > 100.0) * 1.0,
    "linear": lambda x: x * 3,
}


def error_of(f: Callable[[], Any]) -> Any:
    try:
        return f()
    except Exception as error:
        return [kind.__name__ for kind in type(error).__mro__ if kind is not object]


def checked(name: str, second: bool, fast: bool) -> Callable[[Any], Any]:
    def behaviour(lib: Any) -> Any:
        check = lib.autograd.gradgradcheck if second else lib.autograd.gradcheck
        x = lib.tensor([0.5, 1.5, -0.8], requires_grad=True)
        f = FUNCTIONS[name]
        more = {**TOLERANCES, "fast_mode": fast}
        if second and name in ("cut_off", "constant", "a_step"):
            return None  # nothing to derive twice: PyTorch's engine is asked for no outputs
        return (
            error_of(lambda: check(f, x, **more)),
            error_of(lambda: check(f, (x,), raise_exception=False, **more)),
            x.grad,
            x,
        )

    return behaviour


for _name in FUNCTIONS:
    for _second in (False, True):
        for _fast in (False, True):
            _label = f"{_name}-{'second' if _second else 'first'}-{'fast' if _fast else 'slow'}"
            group.add(_label, checked(_name, _second, _fast))


def x_of(lib: Any) -> Any:
    return lib.tensor([0.5, 1.5], requires_grad=True)


@group
def nothing_requires_grad(lib: Any) -> Any:
    return lib.autograd.gradcheck(lib.exp, lib.ones(2))


@group
def memory_is_shared(lib: Any) -> Any:
    return error_of(lambda: lib.autograd.gradcheck(lib.exp, lib.ones(1).expand(2).requires_grad_()))


@group
def no_positional_tolerance(lib: Any) -> Any:
    return error_of(lambda: lib.autograd.gradcheck(lib.exp, x_of(lib), 1e-6))


@group
def no_mode(lib: Any) -> Any:
    return lib.autograd.gradcheck(lib.exp, x_of(lib), check_backward_ad=False)


@group
def batches_of_no_mode(lib: Any) -> Any:
    more = {"check_forward_ad": True, "check_backward_ad": False, "check_batched_grad": True}
    return lib.autograd.gradcheck(lib.exp, x_of(lib), **more)


@group
def forward_batches_without_forward(lib: Any) -> Any:
    return lib.autograd.gradcheck(lib.exp, x_of(lib), check_batched_forward_grad=True)


@group
def no_second_mode(lib: Any) -> Any:
    return lib.autograd.gradgradcheck(lib.exp, x_of(lib), check_rev_over_rev=False)


@group
def undefined_without_reverse(lib: Any) -> Any:
    more = {"check_rev_over_rev": False, "check_fwd_over_rev": True}
    return lib.autograd.gradgradcheck(lib.exp, x_of(lib), **more)


@group
def inputs_of_other_kinds(lib: Any) -> Any:
    f = lambda x, n, c: x**n * c  # noqa: E731
    return lib.autograd.gradcheck(f, (x_of(lib), 2, lib.tensor([3.0, 4.0])))


@group
def a_keyword_too_many(lib: Any) -> Any:
    return error_of(lambda: lib.autograd.gradcheck(lib.exp, x_of(lib), tolerance=3))


@group
def batches(lib: Any) -> Any:
    f = lambda x: (x.sin(), x.sum())  # noqa: E731
    more = {"check_batched_grad": True, "check_grad_dtypes": True}
    return lib.autograd.gradcheck(f, x_of(lib), **more), lib.autograd.gradgradcheck(
        f, x_of(lib), gen_non_contig_grad_outputs=True, **more
    )


@group
def given_gradients(lib: Any) -> Any:
    return lib.autograd.gradgradcheck(lib.exp, x_of(lib), x_of(lib))


@group
def given_gradients_of_another_shape(lib: Any) -> Any:
    f = lambda: lib.autograd.gradgradcheck(lib.exp, x_of(lib), lib.ones(5))  # noqa: E731
    return error_of(f)


@pytest.mark.parametrize("name", ["gradcheck", "gradgradcheck"])
def test_arguments(name: str, torch: ModuleType) -> None:
    ours = list(inspect.signature(getattr(ag.autograd, name)).parameters.values())
    theirs = list(inspect.signature(getattr(torch.autograd, name)).parameters.values())
    assert [p.name for p in ours] == [p.name for p in theirs]
    assert [p.kind for p in ours] == [p.kind for p in theirs]
    for our, their in zip(ours, theirs, strict=True):
        assert our.default == their.default or our.name in TOLERANCES


def test_there_are_enough() -> None:
    assert len(group.all) >= 30


@pytest.mark.parametrize("name", group.all)
def test_as_in_torch(name: str, torch: ModuleType) -> None:
    compare(group.all[name], ag, torch)
