# SPDX-License-Identifier: MIT
"""pyautograd.func and pyautograd.utils beside torch.func and torch.utils._pytree."""

from __future__ import annotations

import contextlib
import importlib
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

group = Group()


def square(x: Any) -> Any:
    return (x * x).sum()


# ---- grad ----------------------------------------------------------------------------------------


@group
def of_one(lib: Any) -> Any:
    return lib.func.grad(square)(lib.tensor([1.0, 2.0]))


@group
def of_grad(lib: Any) -> Any:
    return lib.func.grad(lib.func.grad(lambda x: x**3))(lib.tensor(2.0))


@group
def four_deep(lib: Any) -> Any:
    f = lib.sin
    for _ in range(4):
        f = lib.func.grad(f)
    return f(lib.tensor(0.7))


@group
def a_constant_to_the_inner_one(lib: Any) -> Any:
    grad = lib.func.grad
    return grad(lambda x: x * grad(lambda y: x + y)(lib.tensor(1.0)))(lib.tensor(1.0))


@group
def no_confusion_of_levels(lib: Any) -> Any:
    grad = lib.func.grad
    return grad(lambda x: x * grad(lambda y: x * y)(x))(lib.tensor(3.0))


@group
def the_inner_one_at_the_outer_variable(lib: Any) -> Any:
    grad = lib.func.grad
    return grad(lambda x: grad(lambda y: x * y**3)(x) + x)(lib.tensor(2.0))


@group
def by_places(lib: Any) -> Any:
    def f(a: Any, b: Any, c: Any) -> Any:
        return (a * b * b * c).sum()

    xs = lib.tensor([1.0]), lib.tensor([2.0]), lib.tensor([3.0])
    grad = lib.func.grad
    found = [grad(f, argnums=k)(*xs) for k in (0, 1, 2, -1, (0, 2), (2, 0), (-1,))]
    return found, grad(f, (1,), False)(*xs)


def wrong_places(argnums: Any) -> Callable[[Any], Any]:
    return lambda lib: lib.func.grad(lambda a, b: (a * b).sum(), argnums)(lib.ones(1), lib.ones(1))


for _name, _argnums in {
    "too_high": 2,
    "too_low": -3,
    "a_float": 1.0,
    "a_list": [0],
    "empty": (),
    "twice": (0, 0),
    "twice_from_the_end": (1, -1),
    "of_floats": (0, 1.0),
    "none": None,
}.items():
    group.add(f"places_{_name}", wrong_places(_argnums))


@group
def trees(lib: Any) -> Any:
    def loss(p: Any, x: Any) -> Any:
        return ((p["layers"][0] * x + p["layers"][1][0]).sin() * p["scale"]).sum()

    p = {"layers": [lib.tensor([1.0, 2.0]), (lib.tensor(0.5),)], "scale": lib.tensor(3.0)}
    return lib.func.grad(loss)(p, lib.tensor([0.1, 0.2])), lib.func.grad(loss, (1, 0))(
        p, lib.tensor([0.1, 0.2])
    )


@group
def keywords(lib: Any) -> Any:
    return lib.func.grad(lambda x, *, k: (x * k).sum())(lib.ones(2), k=lib.tensor(3.0))


@group
def what_is_handed_through(lib: Any) -> Any:
    def f(x: Any) -> Any:
        return square(x), {"y": x * 2, "z": (x.sum(),)}

    x = lib.tensor([1.0, 2.0])
    more = {"has_aux": True}
    return lib.func.grad(f, **more)(x), lib.func.grad_and_value(f, **more)(x)


@group
def nothing_is_handed_through(lib: Any) -> Any:
    return lib.func.grad(square, has_aux=True)(lib.ones(2))


@group
def what_is_handed_through_is_no_tensor(lib: Any) -> Any:
    return lib.func.grad(lambda x: (square(x), 3), has_aux=True)(lib.ones(2))


@group
def three_are_given(lib: Any) -> Any:
    return lib.func.grad(lambda x: (square(x), x, x), has_aux=True)(lib.ones(2))


@group
def a_list_is_given(lib: Any) -> Any:
    return lib.func.grad(lambda x: [square(x), x], has_aux=True)(lib.ones(2))


@group
def value_too(lib: Any) -> Any:
    return lib.func.grad_and_value(square)(lib.tensor([1.0, 2.0]))


@group
def a_value_that_is_no_number(lib: Any) -> Any:
    return lib.func.grad(lambda x: x * 2)(lib.ones(1))


@group
def a_value_that_is_no_tensor(lib: Any) -> Any:
    return lib.func.grad(lambda x: (square(x),))(lib.ones(2))


@group
def a_variable_that_is_no_tensor(lib: Any) -> Any:
    return lib.func.grad(lambda x: x[0].sum())([lib.ones(2), 3.0])


@group
def a_variable_that_is_whole(lib: Any) -> Any:
    try:
        return lib.func.grad(lambda x: x.sum() * 1.0)(lib.tensor([1, 2]))
    except RuntimeError:
        return "RuntimeError"


@group
def a_constant_value(lib: Any) -> Any:
    return lib.func.grad(lambda x: lib.ones(()))(lib.ones(2))


@group
def an_unused_variable(lib: Any) -> Any:
    return lib.func.grad(lambda x, y: square(y), (0, 1))(lib.ones(2), lib.ones(2))


@group
def the_function_raises(lib: Any) -> Any:
    return lib.func.grad(lambda x: x[7])(lib.ones(2))


@group
def names_are_kept(lib: Any) -> Any:
    return lib.func.grad(square).__name__, lib.func.grad_and_value(square).__name__


@group
def one_tensor_as_two_variables(lib: Any) -> Any:
    x = lib.tensor(3.0)
    return lib.func.grad(lambda a, b: a * a * b, (0, 1))(x, x)


# ---- what is recorded outside --------------------------------------------------------------------


@group
def nothing_is_recorded(lib: Any) -> Any:
    x = lib.ones(2)
    return lib.func.grad_and_value(square)(x), x.requires_grad


@group
def a_variable_requires_grad(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    g, value = lib.func.grad_and_value(lambda x: (x**3).sum())(x)
    return g, value, lib.autograd.grad(g.sum() + value, x), x.grad


@group
def another_argument_requires_grad(lib: Any) -> Any:
    w = lib.tensor(3.0, requires_grad=True)
    g = lib.func.grad(lambda x, w: (x**3 * w).sum())(lib.ones(2), w)
    return g, lib.autograd.grad(g.sum(), w)


@group
def what_it_closes_over_requires_grad(lib: Any) -> Any:
    w = lib.tensor(3.0, requires_grad=True)
    g, value = lib.func.grad_and_value(lambda x: (x**3 * w).sum())(lib.ones(2))
    return g, value, lib.autograd.grad(g.sum(), w)


@group
def what_it_closes_over_is_only_added(lib: Any) -> Any:
    w = lib.tensor(3.0, requires_grad=True)
    _, value = lib.func.grad_and_value(lambda x: (x**3).sum() + w)(lib.ones(2))
    return value


@group
def under_no_grad(lib: Any) -> Any:
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with lib.no_grad():
        found = lib.func.grad_and_value(lambda x: (x**3).sum())(x)
        return found, lib.is_grad_enabled()


@group
def inside_one_that_closes_over_the_variable(lib: Any) -> Any:
    grad = lib.func.grad

    def f(x: Any) -> Any:
        def inner(y: Any) -> Any:
            return (x * y**2).sum() * grad(lambda z: (z * y * x).sin().sum())(x).sum()

        return grad(inner)(x).sum()

    x = lib.tensor([0.3, 0.7])
    return f(x), grad(f)(x)


@group
def no_grad_inside(lib: Any) -> Any:
    def f(x: Any) -> Any:
        with lib.no_grad():
            shift = x.sum()
        return (x * x).sum() + shift * x.sum()

    return lib.func.grad(f)(lib.tensor([1.0, 2.0]))


@group
def a_gradient_under_no_grad_is_constant(lib: Any) -> Any:
    def f(x: Any) -> Any:
        with lib.no_grad():
            g = lib.func.grad(lambda y: y**3)(x)
        return x - g

    return lib.func.grad(f)(lib.tensor(2.0))


@group
def detach_inside(lib: Any) -> Any:
    return lib.func.grad(lambda x: (x * x.detach()).sum())(lib.tensor([1.0, 2.0]))


@group
def after_an_error_all_is_as_before(lib: Any) -> Any:
    with contextlib.suppress(ZeroDivisionError):
        lib.func.grad(lambda x: 1 / 0)(lib.ones(()))
    return lib.is_grad_enabled(), lib.func.grad(square)(lib.ones(1))


# ---- vjp -----------------------------------------------------------------------------------------


@group
def a_product(lib: Any) -> Any:
    value, f = lib.func.vjp(lib.sin, lib.tensor([1.0, 2.0]))
    return value, f(lib.tensor([1.0, 10.0])), f(lib.ones(2))


@group
def products_of_trees(lib: Any) -> Any:
    def f(a: Any, b: Any) -> Any:
        return {"x": a["p"] * b[0], "y": [b[1] ** 2]}

    value, back = lib.func.vjp(f, {"p": lib.tensor(2.0)}, [lib.tensor(3.0), lib.tensor(4.0)])
    return value, back({"x": lib.tensor(1.0), "y": [lib.tensor(10.0)]})


@group
def another_tree(lib: Any) -> Any:
    _, back = lib.func.vjp(lambda x: (x, x), lib.ones(2))
    try:
        return back([lib.ones(2), lib.ones(2)])
    except RuntimeError as error:
        return str(error)[:90]


@group
def another_shape(lib: Any) -> Any:
    _, back = lib.func.vjp(lambda x: x * 2, lib.ones(2))
    return back(lib.ones(3))


@group
def no_tensors(lib: Any) -> Any:
    return lib.func.vjp(lambda x: 3.0, lib.ones(2))


@group
def no_output(lib: Any) -> Any:
    return lib.func.vjp(lambda x: (), lib.ones(2))


@group
def a_product_and_more(lib: Any) -> Any:
    value, back, aux = lib.func.vjp(lambda x: (x * x, x.sum()), lib.ones(2), has_aux=True)
    return value, back(lib.ones(2)), aux


@group
def a_product_without_more(lib: Any) -> Any:
    return lib.func.vjp(lambda x: x, lib.ones(2), has_aux=True)


@group
def a_constant_output(lib: Any) -> Any:
    value, back = lib.func.vjp(lambda x: (x * 2, lib.ones(1)), lib.ones(2))
    return value, back((lib.ones(2), lib.ones(1)))


@group
def products_derived(lib: Any) -> Any:
    def f(x: Any) -> Any:
        _, back = lib.func.vjp(lib.sin, x)
        return back(lib.ones(()))[0]

    return lib.func.grad(f)(lib.tensor(0.3))


@group
def products_derived_by_what_they_multiply(lib: Any) -> Any:
    _, back = lib.func.vjp(lambda x: x**2, lib.tensor([1.0, 3.0]))
    return lib.func.grad(lambda v: (back(v)[0] ** 2).sum())(lib.tensor([1.0, 2.0]))


@group
def products_recorded(lib: Any) -> Any:
    x = lib.tensor([1.0, 3.0], requires_grad=True)
    value, back = lib.func.vjp(lambda x: x**3, x)
    (g,) = back(lib.ones(2))
    return value, g, lib.autograd.grad(g.sum(), x)


@group
def a_graph_that_is_not_retained(lib: Any) -> Any:
    _, back = lib.func.vjp(lambda x: x**3, lib.ones(2))
    back(lib.ones(2), retain_graph=False, create_graph=False)
    try:
        return back(lib.ones(2))
    except RuntimeError as error:
        return str(error)[:50]


# ---- Jacobians -----------------------------------------------------------------------------------


@group
def a_jacobian(lib: Any) -> Any:
    return lib.func.jacrev(lambda x: x**2)(lib.tensor([1.0, 2.0, 3.0]))


@group
def jacobians_of_trees(lib: Any) -> Any:
    def f(a: Any, b: Any) -> Any:
        return {"x": a["p"] * b, "y": (b.sum(), a["q"][0] ** 2)}

    a = {"p": lib.tensor([1.0, 2.0]), "q": [lib.ones(2, 2) * 2]}
    b = lib.tensor([3.0, 4.0])
    return lib.func.jacrev(f)(a, b), lib.func.jacrev(f, (1, 0))(a, b), lib.func.jacrev(f, 1)(a, b)


@group
def a_jacobian_and_more(lib: Any) -> Any:
    return lib.func.jacrev(lambda x: (x**2, x.sum()), has_aux=True)(lib.ones(2))


@group
def a_jacobian_in_chunks(lib: Any) -> Any:
    return lib.func.jacrev(lambda x: x**2, chunk_size=2)(lib.ones(3))


@group
def a_jacobian_in_no_chunks(lib: Any) -> Any:
    return lib.func.jacrev(lambda x: x**2, chunk_size=0)(lib.ones(3))


@group
def a_jacobian_of_a_constant(lib: Any) -> Any:
    return lib.func.jacrev(lambda x: lib.ones(2))(lib.ones(3))


@group
def a_jacobian_of_no_tensor(lib: Any) -> Any:
    try:
        return lib.func.jacrev(lambda x: 2.0)(lib.ones(3))
    except RuntimeError:
        return "RuntimeError"


@group
def a_jacobian_of_a_jacobian(lib: Any) -> Any:
    return lib.func.jacrev(lib.func.jacrev(lambda x: x**3))(lib.tensor([1.0, 2.0]))


@group
def a_hessian(lib: Any) -> Any:
    f = lib.func.hessian(lambda x: (x[0] * x[1] ** 2 + x.prod()).sin())
    return f(lib.tensor([1.0, 2.0]))


@group
def hessians_of_several(lib: Any) -> Any:
    f = lib.func.hessian(lambda x, y: (x * y**2).sum(), argnums=(0, 1))
    return f(lib.tensor([1.0, 2.0]), lib.tensor([3.0, 4.0]))


@group
def a_gradient_of_a_jacobian(lib: Any) -> Any:
    f = lib.func.jacrev(lambda x: x**3)
    return lib.func.grad(lambda x: f(x).sum())(lib.tensor([1.0, 2.0]))


# ---- trees ---------------------------------------------------------------------------------------

Point = namedtuple("Point", "x y")


def trees_of(lib: Any) -> Any:
    return lib.utils if lib is ag else importlib.import_module("torch.utils._pytree")


EXAMPLES: dict[str, Any] = {
    "leaf": 3,
    "none": None,
    "list": [1, [2, 3], []],
    "tuple": (1, (2,), ()),
    "dict": {"b": 1, "a": {"c": 2}},
    "ordered": OrderedDict(b=1, a=2),
    "default": defaultdict(list, {"a": 1, "b": [2]}),
    "deque": deque([1, (2, 3)], maxlen=5),
    "named": Point(1, [Point(2, 3)]),
    "text": ["ab", {1, 2}],
}


def taken_apart(example: Any) -> Callable[[Any], Any]:
    def behaviour(lib: Any) -> Any:
        t = trees_of(lib)
        leaves, spec = t.tree_flatten(example)
        again = t.tree_unflatten(leaves, spec)
        shown = repr(t.tree_map(lambda leaf: (leaf, "!"), example))
        counts = spec.num_leaves, spec.num_nodes, spec.num_children, spec.is_leaf()
        path = [t.keystr(path) for path, _ in t.tree_flatten_with_path(example)[0]]
        return (
            repr(leaves), repr(spec), repr(again), again == example, shown, counts, path,
            spec == t.tree_structure(again), list(map(repr, t.tree_leaves(example))),
            hash(spec) == hash(t.tree_structure(again)), list(t.tree_iter(example)) == leaves,
            repr(spec.type), repr(spec.context), [repr(child) for child in spec.children()],
        )  # fmt: skip

    return behaviour


for _name, _example in EXAMPLES.items():
    group.add(f"tree_{_name}", taken_apart(_example))


def result(f: Callable[[], Any]) -> Any:
    try:
        return repr(f())
    except Exception as error:
        return type(error).__name__, str(error)


PAIRS: dict[str, tuple[Any, Any]] = {
    "lists": ([1, 2], [3, 4]),
    "lengths": ([1, 2], [1]),
    "types": ([1, 2], (1, 2)),
    "keys": ({"a": 1}, {"b": 1}),
    "more_keys": ({"a": 1}, {"a": 1, "b": 1}),
    "order_of_keys": ({"a": 1, "b": 2}, {"b": 20, "a": 10}),
    "a_tree_for_a_leaf": ([1, 2], [[3], 4]),
    "a_leaf_for_a_tree": ([[1], 2], [3, 4]),
    "a_list_for_a_dict": ({"a": 1}, [1]),
    "a_tuple_for_a_named_one": (Point(1, 2), (1, 2)),
    "named_ones": (Point(1, 2), Point(3, 4)),
    "an_ordered_dict_for_a_dict": ({"a": 1}, OrderedDict(a=2)),
    "a_default_dict_for_a_dict": ({"a": 1}, defaultdict(int, a=2)),
    "a_dict_for_a_default_dict": (defaultdict(int, a=2), {"a": 1}),
    "deques": (deque([1]), deque([1, 2])),
    "deques_of_other_length": (deque([1], maxlen=3), deque([1], maxlen=4)),
}


def two_trees(pair: tuple[Any, Any]) -> Callable[[Any], Any]:
    def behaviour(lib: Any) -> Any:
        t = trees_of(lib)
        a, b = pair
        return (
            result(lambda: t.tree_map(lambda x, y: (x, y), a, b)),
            t.tree_structure(a) == t.tree_structure(b),
            t.tree_structure(b) != t.tree_structure(a),
        )

    return behaviour


for _name, _pair in PAIRS.items():
    group.add(f"trees_{_name}", two_trees(_pair))


@group
def tree_mistakes(lib: Any) -> Any:
    t = trees_of(lib)
    spec = t.tree_structure([1, 2])
    return [
        result(lambda: t.tree_unflatten([1], spec)),
        result(lambda: t.tree_unflatten([1, 2, 3], spec)),
        result(lambda: t.tree_unflatten([1], 3)),
        result(lambda: t.register_pytree_node(list, list, list)),
    ]


@group
def tree_subclasses_are_leaves(lib: Any) -> Any:
    class Mine(list):  # type: ignore[type-arg]
        pass

    return trees_of(lib).tree_leaves([Mine([1, 2])]) == [Mine([1, 2])]


@group
def tree_leaves_of_choice(lib: Any) -> Any:
    t = trees_of(lib)
    pair = {"is_leaf": lambda node: isinstance(node, list) and len(node) == 2}
    tree = [1, [2, 3], {"a": [4, 5]}]
    return (
        repr(t.tree_leaves(tree, **pair)),
        repr(t.tree_map(str, tree, **pair)),
        t.tree_structure(tree, **pair).num_leaves,
        repr(t.tree_map_only(int, lambda n: n + 1, [1, "a", (2,)])),
        repr(t.tree_map_only((int, str), str, [1, "a", 2.5])),
        t.tree_all(lambda n: n > 0, [1, (0,)]),
        t.tree_any(lambda n: n > 0, [1, (0,)]),
        t.tree_all(bool, []),
    )


@group
def tree_map_in_place(lib: Any) -> Any:
    t = trees_of(lib)
    tree = [lib.zeros(1), {"a": lib.zeros(2)}]
    return t.tree_map_(lambda x: x.add_(1), tree) is tree, tree


@group
def tree_with_paths(lib: Any) -> Any:
    t = trees_of(lib)
    return t.tree_map_with_path(
        lambda path, x, y: f"{t.keystr(path)} {x} {y}", {"a": [1, 2]}, {"a": [3, 4]}
    )


@group
def trees_of_results(lib: Any) -> Any:
    t = trees_of(lib)
    found = lib.max(lib.tensor([[1.0, 3.0], [4.0, 2.0]]), 0)
    leaves, spec = t.tree_flatten(found)
    again = t.tree_unflatten(leaves, spec)
    return leaves, type(again).__name__, again.values, again.indices


def test_there_are_enough() -> None:
    assert len(group.all) >= 60


@pytest.mark.parametrize("name", group.all)
def test_as_in_torch(name: str, torch: ModuleType) -> None:
    compare(group.all[name], ag, torch)
