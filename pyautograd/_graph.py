# SPDX-License-Identifier: MIT
"""`graph`: the tape that leads to a tensor, as text, in the language of Graphviz, and drawn.

What is made is a description alone: it owns neither nodes nor tensors, and looking at a tape
changes nothing of it. Everything goes through lists, so that a tape may be of any length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._core import Node, Tensor

__all__ = ["Graph", "graph"]

_LINES_OF_REPR = 40
_MOST_DRAWN = 1000  # nodes: Graphviz takes seconds for a thousand
_SECONDS_OF_DRAWING = 20


@dataclass(slots=True)
class _Entry:
    """A node or a leaf. Inputs are places in the list of entries and numbers of their results, -1
    where an input needs no gradient."""

    title: str
    is_leaf: bool
    inputs: list[tuple[int, int]]
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    kept: int = 0
    where: str | None = None
    names: list[str] = field(default_factory=list)

    def shape(self) -> str:
        """The shape of the result, or of each."""
        if not self.shapes:
            return "?"
        shapes = (self.shapes.get(k) for k in range(max(self.shapes) + 1))
        return ", ".join("?" if shape is None else str(tuple(shape)) for shape in shapes)


def _bytes(n: int) -> str:
    if n < 10_000:
        return "1 byte" if n == 1 else f"{n} bytes"
    size, unit = float(n), ""
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007
        size /= 1000
        if size < 1000:
            break
    return f"{size:.3g} {unit}"


def _count(n: int, what: str, more: str) -> str:
    return f"{n} {what if n == 1 else more}"


def _quoted(text: str) -> str:
    """Text as a string of Graphviz, which reads entities of HTML in it, too."""
    for plain, escaped in (("&", "&amp;"), ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


# ---- reading the tape ----------------------------------------------------------------------------


def _in_order(roots: Sequence[Node]) -> dict[Node, tuple[Any, ...]]:
    """All nodes with their inputs, each behind those that it is an input of."""
    inputs: dict[Node, tuple[Any, ...]] = {}
    behind: list[Node] = []  # each behind its inputs
    for root in roots:
        waiting: list[tuple[Node, int]] = [(root, 0)]
        while waiting:
            node, k = waiting.pop()
            if k == 0:
                if node in inputs:
                    continue
                inputs[node] = node.next_functions
            if k < len(inputs[node]):
                waiting.append((node, k + 1))
                below = inputs[node][k][0]
                if below is not None and below not in inputs:
                    waiting.append((below, 0))
            else:
                behind.append(node)
    return {node: inputs[node] for node in reversed(behind)}


def _is_leaf(node: Node) -> bool:
    return node.name() == "AccumulateGrad"


def _set_shapes(
    order: Mapping[Node, tuple[Any, ...]], entries: list[_Entry], places: Mapping[Node, int]
) -> None:
    """A node knows the shapes of its inputs, or that they are that of its result: so shapes go from
    the roots on."""
    for node, inputs in order.items():
        entry = entries[places[node]]
        if entry.is_leaf:
            entry.shapes[0] = node._input_shape(0) or ()
            continue
        for k, (below, number) in enumerate(inputs):
            if below is None:
                continue
            shape: tuple[int, ...] | None = node._input_shape(k)
            if shape is None:
                shape = entry.shapes.get(0)
            if shape is not None:
                entries[places[below]].shapes.setdefault(number, shape)


def _set_kept(order: Iterable[Node], entries: list[_Entry], places: Mapping[Node, int]) -> int:
    """What leaves hold is theirs, and not kept by a node. Returns what is kept in all."""
    leaves = {a for node in order if entries[places[node]].is_leaf for a, _ in node._kept()}
    all_kept: dict[int, int] = {}
    for node in order:
        entry = entries[places[node]]
        if not entry.is_leaf:
            kept = {address: n for address, n in node._kept() if address not in leaves}
            entry.kept = sum(kept.values())
            all_kept.update(kept)
    return sum(all_kept.values())


def _end_of(tensor: Tensor) -> tuple[Node | None, int]:
    """The node that stands for a tensor and which of its results it is. Of a leaf the node that
    other nodes have as their input, which is had from a view of it."""
    if tensor.grad_fn is not None:
        return tensor.grad_fn, tensor.output_nr
    if not tensor.requires_grad:
        return None, 0
    from ._core import enable_grad

    with enable_grad():
        view = tensor.view_as(tensor)
    assert view.grad_fn is not None
    return view.grad_fn.next_functions[0][0], 0


class Graph:
    """The tape that led to some tensors, as it was when it was asked for: see `graph`.

    `str` is all of it, `repr` its beginning, `dot()` the same for Graphviz. A notebook shows a
    drawing, where Graphviz' program `dot` is found and there are at most 1000 nodes.
    """

    def __init__(self, tensors: Sequence[Tensor], names: Mapping[str, Tensor]) -> None:
        ends = [_end_of(tensor) for tensor in tensors]
        order = _in_order([node for node, _ in ends if node is not None])
        places = {node: k for k, node in enumerate(order)}
        self._entries = [
            _Entry(
                node.name(),
                _is_leaf(node),
                [(-1 if below is None else places[below], k) for below, k in inputs],
                where=node.source,
            )
            for node, inputs in order.items()
        ]
        for tensor, (node, number) in zip(tensors, ends, strict=True):
            if node is not None:
                self._entries[places[node]].shapes[number] = tuple(tensor.shape)
        _set_shapes(order, self._entries, places)
        self._kept = _set_kept(order, self._entries, places)
        self._unreached: list[str] = []
        for name, tensor in names.items():
            node, number = _end_of(tensor)
            if node is None or node not in places:
                self._unreached.append(name)
                continue
            entry = self._entries[places[node]]
            entry.names.append(name if number == 0 else f"{name}[{number}]")
        self._labels = self._made_labels()

    def _made_labels(self) -> list[str]:
        """Nodes are called by their numbers, leaves by their names, those without one as leaf1."""
        taken = {name for entry in self._entries for name in entry.names}
        labels, node, leaf = [], 0, 0
        for entry in self._entries:
            if not entry.is_leaf:
                labels.append(str(node))
                node += 1
                continue
            label = entry.names[0] if entry.names else ""
            while not label or (not entry.names and label in taken):
                leaf += 1
                label = f"leaf{leaf}"
            labels.append(label)
        return labels

    def _head(self) -> str:
        leaves = sum(entry.is_leaf for entry in self._entries)
        nodes = _count(len(self._entries) - leaves, "node", "nodes")
        return f"{nodes}, {_count(leaves, 'leaf', 'leaves')}, {_bytes(self._kept)} kept"

    def _from(self, entry: _Entry) -> str:
        parts = [
            "-" if place < 0 else self._labels[place] + (f"[{number}]" if number else "")
            for place, number in entry.inputs
        ]
        return "from " + ", ".join(parts) if parts else ""

    def _line(self, k: int, width: int) -> str:
        entry = self._entries[k]
        parts = [f"{self._labels[k]:>{width}}  {'leaf' if entry.is_leaf else entry.title}"]
        parts += [entry.shape(), self._from(entry)]
        parts += [f"keeps {_bytes(entry.kept)}"] if entry.kept else []
        if entry.names and not entry.is_leaf:
            parts.append("is " + ", ".join(entry.names))
        elif len(entry.names) > 1:
            parts.append("also " + ", ".join(entry.names[1:]))
        parts += [f"at {entry.where}"] if entry.where else []
        return "  ".join(part for part in parts if part)

    def _lines(self, most: int) -> list[str]:
        # Leaves stand at the end, in the order in which nodes that need them come.
        entries = self._entries
        order = [k for k, e in enumerate(entries) if not e.is_leaf]
        order += [k for k, e in enumerate(entries) if e.is_leaf]
        shown = order[:most]
        width = max((len(self._labels[k]) for k in shown), default=0)
        lines = [self._head(), *(self._line(k, width + 2) for k in shown)]
        if len(order) > most:
            lines.append(f"  ... and {len(order) - most} more: str() has all")
        if self._unreached:
            lines.append("not reached: " + ", ".join(self._unreached))
        return lines

    def __str__(self) -> str:
        return "\n".join(self._lines(len(self._entries)))

    def __repr__(self) -> str:
        return "\n".join(self._lines(_LINES_OF_REPR))

    def dot(self) -> str:
        """The graph in the language of Graphviz: edges go from what is an input to what it is an
        input of.

        Example:
            >>> import pyautograd as ag
            >>> x = ag.ones(2, requires_grad=True)
            >>> print(ag.graph(x * 2, params={"x": x}).dot())  # doctest: +ELLIPSIS
            digraph {
              node [shape=box fontname="monospace" fontsize=10]
              n0 [label="MulBackward0\\n(2,)\\n..."]
              n1 [label="x\\n(2,)" shape=ellipse]
              n1 -> n0
            }
        """
        lines = ["digraph {", '  node [shape=box fontname="monospace" fontsize=10]']
        for k, entry in enumerate(self._entries):
            title = self._labels[k] if entry.is_leaf else entry.title
            parts = [*([] if entry.is_leaf else entry.names), title, entry.shape()]
            parts += [f"keeps {_bytes(entry.kept)}"] if entry.kept else []
            parts += [entry.where] if entry.where else []
            form = " shape=ellipse" if entry.is_leaf else ""
            lines.append(f"  n{k} [label={_quoted(chr(10).join(parts))}{form}]")
        for k, entry in enumerate(self._entries):
            for place, number in entry.inputs:
                mark = f' [label="{number}"]' if number else ""
                if place >= 0:
                    lines.append(f"  n{place} -> n{k}{mark}")
        return "\n".join([*lines, "}"])

    def svg(self) -> str:
        """A drawing of the graph as SVG, by Graphviz' program `dot`.

        Raises:
            RuntimeError: the program is not there, or fails.
        """
        import shutil
        import subprocess

        program = shutil.which("dot")
        if program is None:
            raise RuntimeError("graph: drawing needs Graphviz, whose program `dot` is not found")
        try:
            done = subprocess.run(
                [program, "-Tsvg"],
                input=self.dot(),
                capture_output=True,
                encoding="utf-8",
                check=True,
                timeout=_SECONDS_OF_DRAWING,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise RuntimeError(f"graph: {program} failed: {error}") from error
        return done.stdout

    def _repr_svg_(self) -> str | None:
        """For notebooks: None, which has them show the text, where nothing can be drawn."""
        if len(self._entries) > _MOST_DRAWN:
            return None
        try:
            return self.svg()
        except RuntimeError:
            return None


# ---- the function --------------------------------------------------------------------------------


def _tensors_of(value: Any) -> list[Tensor]:
    tensors = [value] if isinstance(value, Tensor) else value
    if not isinstance(tensors, (list, tuple)) or not tensors:
        raise TypeError(
            f"graph(): expected a Tensor or a list of Tensors, got {type(value).__name__}"
        )
    for one in tensors:
        if not isinstance(one, Tensor):
            raise TypeError(f"graph(): expected Tensors, got {type(one).__name__}")
    return list(tensors)


def _names_of(params: Any) -> dict[str, Tensor]:
    if params is None:
        return {}
    try:
        names = dict(params)
    except (TypeError, ValueError):
        names = {None: None}
    for name, tensor in names.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise TypeError(
                "graph(): argument 'params' must be a dict of Tensors by their names, or pairs of "
                "such as named_parameters() gives"
            )
    return names


def graph(
    tensors: Tensor | Sequence[Tensor],
    params: Mapping[str, Tensor] | Iterable[tuple[str, Tensor]] | None = None,
) -> Graph:
    """Return the tape that leads to a tensor, or to several, for looking at.

    `print` shows a line for each node: its number, the op, the shape of the result, the numbers
    of its inputs ("-" for one that needs no gradient, "3[1]" for the second result of node 3), the
    bytes that are kept for the backward, and the line of the program where that is known. What
    leaves hold, and what is not computed yet, does not count as kept; the sum counts memory of
    several nodes once. Leaves follow, by the names in `params`.
    A notebook shows a drawing where Graphviz is installed; `dot()` and `svg()` give it.

    The graph is a description, as things are now: it keeps nothing alive and changes nothing.

    Args:
        tensors: what to begin from.
        params: names of leaves, or of any tensors on the way: a dict, or pairs, such as
            `model.named_parameters()`. Those that the tape does not lead to are told at the end.

    Raises:
        TypeError: an argument is none of these.

    Example:
        >>> import pyautograd as ag
        >>> x, w = ag.ones(3, requires_grad=True), ag.ones(3, requires_grad=True)
        >>> print(ag.graph((x.exp() * w).sum(), params={"x": x, "w": w}))  # doctest: +ELLIPSIS
        3 nodes, 2 leaves, 24 bytes kept
            0  SumBackward0  ()  from 1  at ...
            1  MulBackward0  (3,)  from 2, w  keeps 24 bytes  at ...
            2  ExpBackward0  (3,)  from x  keeps 24 bytes  at ...
            w  leaf  (3,)
            x  leaf  (3,)
    """
    return Graph(_tensors_of(tensors), _names_of(params))
