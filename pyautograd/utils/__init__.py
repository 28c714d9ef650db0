# SPDX-License-Identifier: MIT
"""What is of use beside tensors: trees of them, which are taken apart, walked and put together; in
`checkpoint` functions that are computed again instead of kept.

Example:
    >>> import pyautograd as ag
    >>> from pyautograd.utils import tree_flatten, tree_map, tree_unflatten
    >>> tree = {"weights": [ag.ones(2), ag.ones(1)], "bias": ag.zeros(1)}
    >>> tree_map(lambda x: x + 1, tree)
    {'weights': [tensor([2., 2.]), tensor([2.])], 'bias': tensor([1.])}
    >>> leaves, spec = tree_flatten(tree)
    >>> len(leaves), tree_unflatten("abc", spec)
    (3, {'weights': ['a', 'b'], 'bias': 'c'})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._pytree import (
    LeafSpec,
    TreeSpec,
    keystr,
    register_pytree_node,
    tree_all,
    tree_any,
    tree_flatten,
    tree_flatten_with_path,
    tree_iter,
    tree_leaves,
    tree_map,
    tree_map_,
    tree_map_only,
    tree_map_with_path,
    tree_structure,
    tree_unflatten,
)

if TYPE_CHECKING:
    from . import checkpoint

__all__ = [
    "LeafSpec",
    "TreeSpec",
    "checkpoint",
    "keystr",
    "register_pytree_node",
    "tree_all",
    "tree_any",
    "tree_flatten",
    "tree_flatten_with_path",
    "tree_iter",
    "tree_leaves",
    "tree_map",
    "tree_map_",
    "tree_map_only",
    "tree_map_with_path",
    "tree_structure",
    "tree_unflatten",
]


def __getattr__(name: str) -> Any:
    if name == "checkpoint":  # imported when first asked for
        import importlib

        return importlib.import_module(".checkpoint", __name__)
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
