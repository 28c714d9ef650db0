# SPDX-License-Identifier: MIT
"""autograd.functional beside PyTorch's: results, what is recorded, and errors."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

group = Group()
NAMES = ["vjp", "jvp", "jacobian", "hessian", "hvp", "vhp"]
OF_NUMBERS = ["hessian", "hvp", "vhp"]


def one(lib: Any, x: Any) -> Any:
    return (x.exp() * x).sum(-1)


def two(lib: Any, x: Any, y: Any) -> Any:
    return x.sin() * y, (x * x * y).sum()


def number(lib: Any, x: Any) -> Any:
    return (x**3).sum() * x.reshape(-1)[0].cos()


def number_of_two(lib: Any, x: Any, y: Any) -> Any:
    return (x * y**2).sum() + (x**3).sum()


def linear(lib: Any, x: Any) -> Any:
    return (3 * x).sum()


def first_only(lib: Any, x: Any, y: Any) -> Any:
    return (x**3).sum()


def constant(lib: Any, x: Any) -> Any:
    return lib.ones(())


def mixed(lib: Any, x: Any) -> Any:
    return x * 2, lib.ones(2)


def data(lib: Any, *shape: int, grad: bool = False) -> Any:
    n = 1
    for size in shape:
        n *= size
    numbers = [0.3 + 0.4 * k - 0.05 * k * k for k in range(n)]
    return lib.tensor(numbers).reshape(shape).detach().requires_grad_(grad)


def bound(lib: Any, f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *xs: f(lib, *xs)


Inputs = Callable[[Any, bool], Any]
INPUTS: dict[str, Inputs] = {
    "vector": lambda lib, grad: data(lib, 3, grad=grad),
    "matrix": lambda lib, grad: data(lib, 2, 2, grad=grad),
    "number": lambda lib, grad: data(lib, grad=grad),
    "one": lambda lib, grad: data(lib, 1, grad=grad),
    "tuple": lambda lib, grad: (data(lib, 2, grad=grad),),
    "two": lambda lib, grad: (data(lib, 2, grad=grad), data(lib, 2) + 1),
    "broadcast": lambda lib, grad: (data(lib, 2, 2), data(lib, 2, grad=grad)),
}
OF_TWO = {"two", "broadcast"}


def ones_like(lib: Any, value: Any, grad: bool) -> Any:
    if isinstance(value, tuple):
        return tuple(ones_like(lib, v, grad) for v in value)
    return (lib.ones(value.shape) * 0.7).detach().requires_grad_(grad)


def called(
    name: str, f: Callable[..., Any], inputs: Inputs, grad: bool, v_grad: bool, **kwargs: Any
) -> Callable[[Any], Any]:
    def behaviour(lib: Any) -> Any:
        function = getattr(lib.autograd.functional, name)
        xs = inputs(lib, grad)
        more = dict(kwargs)
        if name in ("jvp", "hvp", "vhp"):
            more["v"] = ones_like(lib, xs, v_grad)
        elif name == "vjp":
            out = f(lib, *xs) if isinstance(xs, tuple) else f(lib, xs)
            more["v"] = ones_like(lib, out, v_grad)
        return function(bound(lib, f), xs, **more)

    return behaviour


def add_all() -> None:
    for name in NAMES:
        for kind, inputs in INPUTS.items():
            if name in OF_NUMBERS:
                f = number_of_two if kind in OF_TWO else number
            else:
                f = two if kind in OF_TWO else one
            for grad in (False, True):
                for create_graph in (False, True):
                    label = f"{name}-{kind}-{'grad' if grad else 'plain'}-{create_graph}"
                    more = {"create_graph": create_graph}
                    group.add(label, called(name, f, inputs, grad, grad, **more))
            group.add(f"{name}-{kind}-strict", called(name, f, inputs, False, False, strict=True))
        tensors, pair = INPUTS["vector"], INPUTS["two"]
        for f, xs in ((linear, tensors), (first_only, pair), (constant, tensors), (mixed, tensors)):
            for strict in (False, True):
                for create_graph in (False, True):
                    more = {"strict": strict, "create_graph": create_graph}
                    label = f"{name}-{f.__name__}-{'strict' if strict else 'lax'}-{create_graph}"
                    group.add(label, called(name, f, xs, True, False, **more))
        if name in ("jacobian", "hessian"):
            f = number if name == "hessian" else one
            word = "strategy" if name == "jacobian" else "outer_jacobian_strategy"
            for vectorize in (False, True):
                for strategy in ("reverse-mode", "forward-mode", "sideways"):
                    for strict in (False, True):
                        if (name, strategy, vectorize) == ("hessian", "forward-mode", True):
                            continue  # recorded there: see differences.md
                        label = f"{name}-{strategy}-{vectorize}-{strict}"
                        more = {"vectorize": vectorize, word: strategy, "strict": strict}
                        group.add(label, called(name, f, tensors, False, False, **more))
            group.add(
                f"{name}-forward-create_graph",
                called(name, f, tensors, False, False, create_graph=True, vectorize=True,
                       **{word: "forward-mode"}),
            )  # fmt: skip


add_all()


# ---- what is wrong, and what is beside it --------------------------------------------------------

WRONG: dict[str, Callable[[Any, Any], Any]] = {
    "input_is_a_list": lambda lib, F: F(lambda x: x.sum(), [lib.ones(2)]),
    "input_is_a_number": lambda lib, F: F(lambda x: x.sum(), 1.0),
    "input_in_a_tuple_is_a_number": lambda lib, F: F(lambda x, y: x.sum(), (lib.ones(2), 3)),
    "output_is_a_number": lambda lib, F: F(lambda x: 3.0, lib.ones(2), lib.ones(2)),
    "output_is_a_list": lambda lib, F: F(lambda x: [x.sum()], lib.ones(2), lib.ones(2)),
    "output_in_a_tuple_is_none": lambda lib, F: F(lambda x: (x, None), lib.ones(2), lib.ones(2)),
    "no_vector": lambda lib, F: F(lambda x: (x * 2).sum(), lib.ones(2)),
    "no_vector_for_several": lambda lib, F: F(lambda x: x * 2, lib.ones(2)),
    "no_vector_for_one": lambda lib, F: F(lambda x: (x**2).sum(), lib.ones(1)),
    "several_outputs": lambda lib, F: F(lambda x: (x.sum(), x.sum()), lib.ones(2), lib.ones(2)),
    "outputs_of_several_numbers": lambda lib, F: F(lambda x: x * x, lib.ones(2), lib.ones(2)),
    "a_tuple_of_one_output": lambda lib, F: F(lambda x: ((x**2).sum(),), lib.ones(1), lib.ones(1)),
    "vector_is_a_list": lambda lib, F: F(lambda x: (x * x).sum(), lib.ones(1), [lib.ones(1)]),
    "vector_too_long": lambda lib, F: F(lambda x: (x * x).sum(), lib.ones(2), lib.ones(3)),
    "vectors_too_many": lambda lib, F: F(
        lambda x: (x * x).sum(), lib.ones(2), (lib.ones(2), lib.ones(2))
    ),
    "vectors_too_few": lambda lib, F: F(
        lambda x, y: ((x * y).sum(), x), (lib.ones(2), lib.ones(2)), (lib.ones(2),)
    ),
    "one_vector_too_long": lambda lib, F: F(
        lambda x, y: ((x * y).sum(), x), (lib.ones(2), lib.ones(2)), (lib.ones(2), lib.ones(3))
    ),
    "the_function_raises": lambda lib, F: F(lambda x: x[5], lib.ones(2), lib.ones(2)),
}


def add_wrong() -> None:
    def behaviour(f: Callable[[Any, Any], Any], name: str) -> Callable[[Any], Any]:
        return lambda lib: f(lib, getattr(lib.autograd.functional, name))

    for what, f in WRONG.items():
        for name in NAMES:
            if name in ("jacobian", "hessian") and ("vector" in what or "of_one_output" in what):
                continue  # their third argument is another
            group.add(f"{name}-{what}", behaviour(f, name))


add_wrong()


def without_grad(name: str) -> Callable[[Any], Any]:
    def behaviour(lib: Any) -> Any:
        with lib.no_grad():
            f, xs = bound(lib, number), data(lib, 3, grad=True)
            more = {} if name in ("jacobian", "hessian") else {"v": lib.ones(3)}
            if name == "vjp":
                more = {"v": lib.ones(())}
            function = getattr(lib.autograd.functional, name)
            plain = function(f, xs, **more)
            recorded = function(f, xs, **more, create_graph=True)
            return plain, recorded, lib.is_grad_enabled()

    return behaviour


for _name in NAMES:
    group.add(f"{_name}-under_no_grad", without_grad(_name))


@group
def a_result_can_be_derived_again(lib: Any) -> Any:
    x = data(lib, 3, grad=True)
    jacobian = lib.autograd.functional.jacobian(lambda x: x**3, x, create_graph=True)
    (jacobian**2).sum().backward()
    return x.grad


@group
def so_can_a_hessian(lib: Any) -> Any:
    x = data(lib, 2, grad=True)
    hessian = lib.autograd.functional.hessian(lambda x: (x**4).sum(), x, create_graph=True)
    return lib.autograd.grad(hessian.sum(), x)


@group
def so_can_products_by_the_vector(lib: Any) -> Any:
    x, v = data(lib, 3, grad=True), lib.ones(3, requires_grad=True)
    _, hvp = lib.autograd.functional.hvp(lambda x: (x**4).sum(), x, v, create_graph=True)
    _, jvp = lib.autograd.functional.jvp(lambda x: x**4, x, v, create_graph=True)
    return lib.autograd.grad((hvp * jvp).sum(), [x, v])


@group
def what_a_function_closes_over(lib: Any) -> Any:
    w = data(lib, 3, grad=True)
    found = lib.autograd.functional.jacobian(lambda x: x * w, lib.ones(3), create_graph=True)
    return found, lib.autograd.grad(found.sum(), w)


@group
def inputs_are_left_alone(lib: Any) -> Any:
    x = data(lib, 3)
    lib.autograd.functional.hessian(lambda x: (x**2).sum(), x)
    return x, x.grad, x.requires_grad


@group
def a_function_that_writes_in_place(lib: Any) -> Any:
    def f(x: Any) -> Any:
        y = x * 2
        y[0] = 1.0
        return y.mul_(x)

    return lib.autograd.functional.jacobian(f, data(lib, 3))


@group
def one_tensor_twice(lib: Any) -> Any:
    x = data(lib, 2)
    return lib.autograd.functional.jacobian(lambda a, b: a * b + a, (x, x))


@group
def an_output_is_the_input(lib: Any) -> Any:
    return lib.autograd.functional.jacobian(lambda x: x, data(lib, 2))


@group
def jacobians_nested(lib: Any) -> Any:
    F = lib.autograd.functional
    return F.jacobian(lambda x: F.jacobian(lambda y: y**3, x, create_graph=True), data(lib, 2))


def test_there_are_enough() -> None:
    assert len(group.all) >= 30


@pytest.mark.parametrize("name", group.all)
def test_as_in_torch(name: str, torch: ModuleType) -> None:
    compare(group.all[name], ag, torch)


def test_empty(torch: ModuleType) -> None:
    """Outputs without elements: PyTorch has no row to stack."""
    found = ag.autograd.functional.jacobian(lambda x: x[:0], ag.ones(2))
    assert found.shape == (0, 2)
    with pytest.raises(RuntimeError, match="stack expects a non-empty"):
        torch.autograd.functional.jacobian(lambda x: x[:0], torch.ones(2))
