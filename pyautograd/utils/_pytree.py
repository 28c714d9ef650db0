# SPDX-License-Identifier: MIT
"""Trees: lists, tuples, dicts and what is like them, nested as may be, around leaves of any kind.

A tree is taken apart into its leaves and a TreeSpec, which says how to put such a tree together
again. Types are matched exactly, so that an object of a subclass of list is a leaf, unless its type
is registered; named tuples and the results of functions with several are known by their fields.
Names and behaviour are those of PyTorch's `torch.utils._pytree`.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

_IsLeaf = Callable[[Any], bool]


# ---- kinds of nodes ------------------------------------------------------------------------------


class _Kind(NamedTuple):
    """What is known of a type of nodes."""

    flatten: Callable[[Any], tuple[list[Any], Any]]  # children, and what else makes the node
    unflatten: Callable[[Iterable[Any], Any], Any]
    keys: Callable[[Any, int], list[str]]  # how each child is written, behind the node's name


def _by_place(context: Any, n: int) -> list[str]:
    return [f"[{k}]" for k in range(n)]


def _by_key(context: Any, n: int) -> list[str]:
    return [f"[{key!r}]" for key in context]


def _by_default_key(context: Any, n: int) -> list[str]:
    return [f"[{key!r}]" for key in context[1]]


def _by_field(context: Any, n: int) -> list[str]:
    return [f".{name}" for name in context._fields]


def _of_dict(node: dict[Any, Any]) -> tuple[list[Any], list[Any]]:
    return list(node.values()), list(node)


def _unflatten_default(values: Iterable[Any], context: Any) -> Any:
    return defaultdict(context[0], zip(context[1], values, strict=True))


# `namedtuple` stands for all types that it makes; the context is the type.
_KINDS: dict[Any, _Kind] = {
    tuple: _Kind(lambda node: (list(node), None), lambda v, _: tuple(v), _by_place),
    list: _Kind(lambda node: (list(node), None), lambda v, _: list(v), _by_place),
    dict: _Kind(_of_dict, lambda v, keys: dict(zip(keys, v, strict=True)), _by_key),
    OrderedDict: _Kind(
        _of_dict, lambda v, keys: OrderedDict(zip(keys, v, strict=True)), _by_key
    ),
    defaultdict: _Kind(
        lambda node: (list(node.values()), [node.default_factory, list(node)]),
        _unflatten_default,
        _by_default_key,
    ),
    deque: _Kind(
        lambda node: (list(node), node.maxlen), lambda v, most: deque(v, maxlen=most), _by_place
    ),
    namedtuple: _Kind(
        lambda node: (list(node), type(node)), lambda v, kind: kind(*v), _by_field
    ),
}
_DICTS = (dict, OrderedDict, defaultdict)


def _is_structseq(kind: type) -> bool:
    """Whether objects of a type are results of a function that has several."""
    return issubclass(kind, tuple) and hasattr(kind, "n_sequence_fields") and kind is not tuple


def _kind_of(node: Any) -> Any:
    """The type that a node is taken apart as; None for a leaf."""
    kind = type(node)
    if kind in _KINDS:
        return kind
    if not issubclass(kind, tuple):
        return None
    if isinstance(getattr(kind, "_fields", None), tuple):
        return namedtuple
    if _is_structseq(kind):
        _KINDS[kind] = _Kind(lambda node: (list(node), None), lambda v, _: kind(v), _by_place)
        return kind
    return None


def register_pytree_node(
    cls: type,
    flatten_fn: Callable[[Any], tuple[list[Any], Any]],
    unflatten_fn: Callable[[Iterable[Any], Any], Any],
) -> None:
    """Have objects of a class be nodes of trees, which are leaves otherwise.

    Args:
        cls: the class; those derived from it are not meant.
        flatten_fn: takes an object, gives a list of its children and whatever else it takes to
            make it again, which must be comparable.
        unflatten_fn: makes an object from such children and that.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: the class is registered already.

    Example:
        >>> from pyautograd.utils import register_pytree_node, tree_map
        >>> class Pair:
        ...     def __init__(self, a, b):
        ...         self.a, self.b = a, b
        >>> register_pytree_node(Pair, lambda p: ([p.a, p.b], None), lambda v, _: Pair(*v))
        >>> tree_map(lambda x: x * 2, Pair(1, 2)).b
        4
    """
    if not isinstance(cls, type):
        raise TypeError(f"register_pytree_node: cls must be a class, not {type(cls).__name__}")
    if not callable(flatten_fn) or not callable(unflatten_fn):
        raise TypeError("register_pytree_node: flatten_fn and unflatten_fn must be callable")
    if cls in _KINDS:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _KINDS[cls] = _Kind(flatten_fn, unflatten_fn, lambda _, n: [f"[<{k}>]" for k in range(n)])


# ---- specs ---------------------------------------------------------------------------------------


class TreeSpec:
    """How a tree is made: the type of its outermost node, and the specs of that node's children.

    Specs are equal where the trees that they make from the same leaves are nodes of the same types,
    with the same keys in the same order.

    Attributes:
        type: of the node, None for a leaf.
        context: what else makes the node; keys for a dict, the type for a named tuple.
        num_leaves, num_nodes, num_children: how many there are; the node itself is counted.

    Example:
        >>> from pyautograd.utils import tree_structure
        >>> spec = tree_structure({"a": [1, 2]})
        >>> spec.num_leaves, spec.num_nodes, spec.children()[0].type
        (2, 4, <class 'list'>)
        >>> spec.unflatten([5, 6])
        {'a': [5, 6]}
    """

    __slots__ = ("_children", "context", "num_children", "num_leaves", "num_nodes", "type")

    def __init__(self, type: Any, context: Any, children_specs: list[TreeSpec]) -> None:
        self.type = type
        self.context = context
        self._children = children_specs
        self.num_children = len(children_specs)
        self.num_leaves: int = sum(child.num_leaves for child in children_specs)
        self.num_nodes: int = 1 + sum(child.num_nodes for child in children_specs)

    def children(self) -> list[TreeSpec]:
        """The specs of the node's children."""
        return list(self._children)

    def child(self, index: int) -> TreeSpec:
        """The spec of one child."""
        return self._children[index]

    def is_leaf(self) -> bool:
        """Whether there is no node at all, but a leaf."""
        return self.type is None

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """The tree with these leaves, of which there must be `num_leaves`; ValueError if not."""
        given = list(leaves)
        if len(given) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(given)} but the spec refers "
                f"to a pytree that holds {self.num_leaves} items ({self})."
            )
        return self._made_of(iter(given))

    def _made_of(self, leaves: Iterator[Any]) -> Any:
        if self.type is None:
            return next(leaves)
        children = [child._made_of(leaves) for child in self._children]
        return _KINDS[self.type].unflatten(children, self.context)

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """What stands in a tree where this spec has leaves; these may be trees themselves. Its
        nodes must be those of this spec; ValueError if not. Dicts are compared by their keys."""
        found: list[Any] = []
        self._collect(tree, found)
        return found

    def _collect(self, tree: Any, found: list[Any]) -> None:
        if self.type is None:
            found.append(tree)
            return
        children = self._matching(tree)
        for child, part in zip(self._children, children, strict=True):
            child._collect(part, found)

    def _matching(self, tree: Any) -> list[Any]:
        """The children of a node that is as this one is, in this one's order."""
        kind = _kind_of(tree)
        if kind is not self.type and not (kind in _DICTS and self.type in _DICTS):
            raise ValueError(
                f"Node type mismatch; expected {self.type!r}, but got {kind or type(tree)!r}."
            )
        children, context = _KINDS[kind].flatten(tree)
        if len(children) != self.num_children:
            raise ValueError(
                f"Node arity mismatch; expected {self.num_children}, but got {len(children)}."
            )
        if kind in _DICTS:
            return self._by_keys(tree)
        if kind is not deque and context != self.context:
            raise ValueError(
                f"Node context mismatch for node type {self.type!r}; expected {self.context!r}, "
                f"but got {context!r}."
            )
        return children

    def _by_keys(self, tree: Any) -> list[Any]:
        keys = self.context[1] if self.type is defaultdict else self.context
        missing, extra = set(keys) - set(tree), set(tree) - set(keys)
        if missing or extra:
            text = f"; missing key(s): {missing}" if missing else ""
            text += f"; extra key(s): {extra}" if extra else ""
            raise ValueError(f"Node keys mismatch{text}.")
        return [tree[key] for key in keys]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return (
            self.type is other.type
            and self.num_leaves == other.num_leaves
            and self.context == other.context
            and self._children == other._children
        )

    def __hash__(self) -> int:
        return hash((self.type, self.num_leaves, tuple(self._children)))

    def __repr__(self) -> str:
        if self.type is None:
            return "*"
        name = getattr(self.type, "__name__", str(self.type))
        inner = ",\n".join(repr(child) for child in self._children)
        inner = inner.replace("\n", "\n  ")
        return f"TreeSpec({name}, {self.context}, [{inner}])"


class LeafSpec(TreeSpec):
    """The spec of a leaf, which is a tree of nothing else.

    Example:
        >>> from pyautograd.utils import LeafSpec, tree_structure
        >>> tree_structure(3.0) == LeafSpec()
        True
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None, None, [])
        self.num_leaves = 1


_LEAF = LeafSpec()


# ---- taking apart and putting together -----------------------------------------------------------


def tree_flatten(tree: Any, is_leaf: _IsLeaf | None = None) -> tuple[list[Any], TreeSpec]:
    """Return the leaves of a tree, in order, and how it is made.

    Args:
        tree: anything; what is no node is a leaf, also None.
        is_leaf: called with each node, says whether to take it for a leaf.

    Example:
        >>> from pyautograd.utils import tree_flatten
        >>> tree_flatten([1, {"a": 2}])[0]
        [1, 2]
    """
    leaves: list[Any] = []
    return leaves, _spec_of(tree, leaves, is_leaf)


def _spec_of(node: Any, leaves: list[Any], is_leaf: _IsLeaf | None) -> TreeSpec:
    kind = None if is_leaf is not None and is_leaf(node) else _kind_of(node)
    if kind is None:
        leaves.append(node)
        return _LEAF
    children, context = _KINDS[kind].flatten(node)
    return TreeSpec(kind, context, [_spec_of(child, leaves, is_leaf) for child in children])


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """Return the tree that is made as `treespec` says, with these leaves.

    Raises:
        TypeError: `treespec` is none.
        ValueError: the number of leaves is wrong.

    Example:
        >>> from pyautograd.utils import tree_flatten, tree_unflatten
        >>> leaves, spec = tree_flatten((1, [2, 3]))
        >>> tree_unflatten([leaf * 10 for leaf in leaves], spec)
        (10, [20, 30])
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            "Expected `treespec` to be an instance of PyTreeSpec but got item of type "
            f"{type(treespec)}."
        )
    return treespec.unflatten(leaves)


def tree_iter(tree: Any, is_leaf: _IsLeaf | None = None) -> Iterator[Any]:
    """Walk the leaves of a tree.

    Example:
        >>> from pyautograd.utils import tree_iter
        >>> sum(tree_iter({"a": 1, "b": (2, 3)}))
        6
    """
    kind = None if is_leaf is not None and is_leaf(tree) else _kind_of(tree)
    if kind is None:
        yield tree
        return
    for child in _KINDS[kind].flatten(tree)[0]:
        yield from tree_iter(child, is_leaf)


def tree_leaves(tree: Any, is_leaf: _IsLeaf | None = None) -> list[Any]:
    """Return the leaves of a tree.

    Example:
        >>> from pyautograd.utils import tree_leaves
        >>> tree_leaves([1, (2, None)])
        [1, 2, None]
    """
    return list(tree_iter(tree, is_leaf))


def tree_structure(tree: Any, is_leaf: _IsLeaf | None = None) -> TreeSpec:
    """Return how a tree is made.

    Example:
        >>> from pyautograd.utils import tree_structure
        >>> tree_structure([1, 2]) == tree_structure([3, 4]), tree_structure([1, [2]]).num_leaves
        (True, 2)
    """
    return tree_flatten(tree, is_leaf)[1]


# ---- functions of all leaves ---------------------------------------------------------------------


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: _IsLeaf | None = None
) -> Any:
    """Return a tree like this one, in which `func` of each leaf is in the leaf's place.

    Args:
        func: takes a leaf, and what is in its place in each of the other trees.
        tree: the tree.
        *rests: trees of the same nodes, of which the leaves may be trees.
        is_leaf: as for `tree_flatten`.

    Raises:
        ValueError: another tree is not made as this one is.

    Example:
        >>> from pyautograd.utils import tree_map
        >>> tree_map(lambda a, b: a + b, {"x": 1, "y": [2]}, {"y": [20], "x": 10})
        {'x': 11, 'y': [22]}
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [spec.flatten_up_to(rest) for rest in rests]
    return spec.unflatten([func(*each) for each in zip(leaves, *others, strict=True)])


def tree_map_(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: _IsLeaf | None = None
) -> Any:
    """Call `func` as `tree_map` does, forget what it gives, and return the tree itself.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.utils import tree_map_
        >>> tree_map_(lambda x: x.add_(1), [ag.zeros(1)])
        [tensor([1.])]
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [spec.flatten_up_to(rest) for rest in rests]
    for each in zip(leaves, *others, strict=True):
        func(*each)
    return tree


def tree_map_only(
    type_or_types_or_pred: Any,
    func: Callable[[Any], Any],
    tree: Any,
    is_leaf: _IsLeaf | None = None,
) -> Any:
    """Return a tree like this one, in which `func` is applied to some of the leaves alone.

    Args:
        type_or_types_or_pred: a type or a tuple of types that these are of, or a function that
            says whether a leaf is one.
        func, tree, is_leaf: as for `tree_map`.

    Raises:
        TypeError: the first argument is nothing of that.

    Example:
        >>> from pyautograd.utils import tree_map_only
        >>> tree_map_only(int, lambda n: n + 1, [1, "one"])
        [2, 'one']
    """
    which = type_or_types_or_pred
    if isinstance(which, (type, tuple)):

        def meant(leaf: Any) -> bool:
            return isinstance(leaf, which)

    elif callable(which):
        meant = which
    else:
        raise TypeError(
            "Argument must be a type, a tuple of types, or a callable, not "
            f"{type(which).__name__}."
        )
    return tree_map(lambda leaf: func(leaf) if meant(leaf) else leaf, tree, is_leaf=is_leaf)


def tree_all(
    pred: Callable[[Any], bool], tree: Any, is_leaf: _IsLeaf | None = None
) -> bool:
    """Whether `pred` is true of all leaves.

    Example:
        >>> from pyautograd.utils import tree_all
        >>> tree_all(lambda n: n > 0, [1, (2, 0)])
        False
    """
    return all(pred(leaf) for leaf in tree_iter(tree, is_leaf))


def tree_any(
    pred: Callable[[Any], bool], tree: Any, is_leaf: _IsLeaf | None = None
) -> bool:
    """Whether `pred` is true of any leaf.

    Example:
        >>> from pyautograd.utils import tree_any
        >>> tree_any(lambda n: n > 1, [1, (2, 0)])
        True
    """
    return any(pred(leaf) for leaf in tree_iter(tree, is_leaf))


# ---- with the place of each leaf -----------------------------------------------------------------


def tree_flatten_with_path(
    tree: Any, is_leaf: _IsLeaf | None = None
) -> tuple[list[tuple[tuple[str, ...], Any]], TreeSpec]:
    """Return pairs of where a leaf stands and the leaf, and how the tree is made.

    Where it stands is a tuple with a text for each step, such as `['a']`, `[0]` or `.x`.

    Example:
        >>> from pyautograd.utils import tree_flatten_with_path
        >>> tree_flatten_with_path({"a": [1, 2]})[0]
        [(("['a']", '[0]'), 1), (("['a']", '[1]'), 2)]
    """
    spec = tree_structure(tree, is_leaf)
    return list(zip(_paths(spec, ()), tree_leaves(tree, is_leaf), strict=True)), spec


def _paths(spec: TreeSpec, before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if spec.type is None:
        yield before
        return
    keys = _KINDS[spec.type].keys(spec.context, spec.num_children)
    for key, child in zip(keys, spec.children(), strict=True):
        yield from _paths(child, (*before, key))


def tree_map_with_path(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: _IsLeaf | None = None
) -> Any:
    """As `tree_map`, but `func` takes where the leaf stands first.

    Example:
        >>> from pyautograd.utils import keystr, tree_map_with_path
        >>> tree_map_with_path(lambda path, n: f"{keystr(path)} is {n}", {"a": [1]})
        {'a': ["['a'][0] is 1"]}
    """
    spec = tree_structure(tree, is_leaf)
    leaves = spec.flatten_up_to(tree)
    others = [spec.flatten_up_to(rest) for rest in rests]
    return spec.unflatten(
        [func(*each) for each in zip(_paths(spec, ()), leaves, *others, strict=True)]
    )


def keystr(path: Iterable[Any]) -> str:
    """Return a path, as `tree_flatten_with_path` gives it, as one text.

    Example:
        >>> from pyautograd.utils import keystr
        >>> keystr(("['a']", "[0]"))
        "['a'][0]"
    """
    return "".join(map(str, path))
