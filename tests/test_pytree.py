# SPDX-License-Identifier: MIT
"""Trees: taken apart and put together; all else is beside PyTorch in parity/."""

from __future__ import annotations

import copy
import pickle
from collections import namedtuple
from typing import Any

import pytest

import pyautograd as ag
from pyautograd import utils
from pyautograd.utils import (
    LeafSpec,
    TreeSpec,
    register_pytree_node,
    tree_flatten,
    tree_leaves,
    tree_map,
    tree_map_only,
    tree_map_with_path,
    tree_structure,
    tree_unflatten,
)

Point = namedtuple("Point", "x y")


def test_taken_apart_and_put_together() -> None:
    tree = {"a": [1, (2, None)], "b": Point(3, {}), "c": ()}
    leaves, spec = tree_flatten(tree)
    assert leaves == [1, 2, None, 3]
    assert tree_unflatten("wxyz", spec) == {
        "a": ["w", ("x", "y")],
        "b": Point("z", {}),
        "c": (),
    }
    assert spec.num_leaves == 4 and spec.num_children == 3
    assert tree_unflatten([5], LeafSpec()) == 5


def test_specs_are_values() -> None:
    tree = {"a": [1, Point(2, 3)], "b": (4,)}
    spec = tree_structure(tree)
    for other in (pickle.loads(pickle.dumps(spec)), copy.deepcopy(spec)):
        assert other == spec and hash(other) == hash(spec)
        assert other.unflatten([1, 2, 3, 4]) == tree
    assert spec != tree_structure({"a": [1, (2, 3)], "b": (4,)}) and spec != 3
    assert tree_structure(1) == LeafSpec() and isinstance(tree_structure(1), TreeSpec)
    children = spec.children()
    children.clear()
    assert spec.num_children == len(spec.children()) == 2, "children() is a copy"


def test_registered_classes() -> None:
    class Pair:
        def __init__(self, a: Any, b: Any, name: str) -> None:
            self.a, self.b, self.name = a, b, name

    class Mine(Pair):
        pass

    pair = Pair(1, [2], "p")
    assert tree_leaves([pair]) == [pair], "a leaf until it is registered"
    register_pytree_node(Pair, lambda p: ([p.a, p.b], p.name), lambda v, name: Pair(*v, name))
    doubled = tree_map(lambda n: 2 * n, {"pair": pair})["pair"]
    assert (doubled.a, doubled.b, doubled.name) == (2, [4], "p")
    mine = Mine(1, 2, "m")
    assert tree_leaves(mine) == [mine], "a subclass is another class"
    with pytest.raises(ValueError, match="already registered"):
        register_pytree_node(Pair, lambda p: ([], None), lambda v, _: None)
    with pytest.raises(ValueError, match="Node context mismatch"):
        tree_map(lambda a, b: a, pair, Pair(1, [2], "q"))
    with pytest.raises(TypeError, match="cls must be a class"):
        register_pytree_node(3, list, list)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be callable"):
        register_pytree_node(Mine, None, list)  # type: ignore[arg-type]


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="must be a type, a tuple of types, or a callable"):
        tree_map_only(3, str, [1])
    with pytest.raises(ValueError, match="expected 2, but got 1"):
        tree_map(lambda a, b: a, [1, 2], [1])
    with pytest.raises(KeyError):
        tree_map(lambda leaf: {}[leaf], [1])


def test_functions_that_say_which_leaves() -> None:
    assert tree_map_only(lambda leaf: leaf > 1, lambda n: -n, [1, (2, 3)]) == [1, (-2, -3)]
    names = tree_map_with_path(lambda path, leaf: "".join(path), {"a": [0, Point(1, 2)]})
    assert names == {"a": ["['a'][0]", Point("['a'][1].x", "['a'][1].y")]}


def test_results_with_several() -> None:
    found = ag.tensor([[1.0, 3.0], [4.0, 2.0]]).max(0)
    moved = tree_map(lambda x: x + 1, found)
    assert type(moved) is type(found)
    assert moved.values.tolist() == [5.0, 4.0] and moved.indices.tolist() == [2, 1]


def test_deep_and_wide() -> None:
    tree: Any = 0
    for _ in range(200):
        tree = [tree]
    assert tree_leaves(tree_map(lambda n: n + 1, tree)) == [1]
    assert sum(tree_leaves(list(range(10_000)))) == 49_995_000


def test_optimize_uses_them() -> None:
    pytest.importorskip("scipy")
    found = ag.optimize.minimize(lambda p: (p.x - 1) ** 2 + (p.y - 2) ** 2, Point(0.0, 0.0))
    assert round(found.x.x.item(), 4) == 1 and round(found.x.y.item(), 4) == 2
    with pytest.raises(TypeError, match=r"x0\['a'\]\[1\]: expected a tensor, .* got str"):
        ag.optimize.minimize(lambda p: p["a"][0], {"a": [0.0, "b"]})


@pytest.mark.parametrize("name", utils.__all__)
def test_names(name: str) -> None:
    assert getattr(utils, name).__doc__
