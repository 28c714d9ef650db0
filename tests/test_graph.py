# SPDX-License-Identifier: MIT
"""pyautograd.graph: the tape as text, for Graphviz, and drawn."""

from __future__ import annotations

import re
import shutil
import stat
import weakref
from pathlib import Path
from typing import Any

import pytest

import pyautograd as ag
from support import real_sizes_only


def leaf(*shape: int) -> ag.Tensor:
    return ag.ones(*shape, requires_grad=True)


def lines(*arguments: Any, **named: Any) -> list[str]:
    """The text without its spaces at the beginnings of lines, and without the program's lines."""
    text = str(ag.graph(*arguments, **named))
    return [line.split("  at ")[0].strip() for line in text.splitlines()]


# ---- text ----------------------------------------------------------------------------------------


def test_shapes_names_and_memory() -> None:
    x, w, b = leaf(5, 3), leaf(4, 3), leaf(4)
    hidden = (x @ w.t() + b).tanh()
    loss = (hidden * hidden).mean()
    assert lines(loss, params={"w": w, "b": b, "hidden": hidden}) == [
        "6 nodes, 3 leaves, 160 bytes kept",
        "0  MeanBackward0  ()  from 1",
        "1  MulBackward0  (5, 4)  from 2, 2  keeps 160 bytes",
        "2  TanhBackward0  (5, 4)  from 3  keeps 160 bytes  is hidden",
        "3  AddBackward0  (5, 4)  from 4, b",
        "4  MmBackward0  (5, 4)  from leaf1, 5",
        "5  TBackward0  (3, 4)  from w",
        "b  leaf  (4,)",
        "w  leaf  (4, 3)",
        "leaf1  leaf  (5, 3)",
    ]


def test_what_needs_no_gradient_and_what_is_broadcast() -> None:
    x, y = leaf(3), leaf(2, 1)
    assert lines(x * ag.ones(3) + y, params={"x": x, "y": y})[1:3] == [
        "0  AddBackward0  (2, 3)  from 1, y",
        "1  MulBackward0  (3,)  from x, -  keeps 24 bytes",
    ]


def test_results_of_ops_that_have_several() -> None:
    x = leaf(4, 3)
    first, second = x.split([1, 3])
    found = lines(second * first.sum(), params={"x": x})
    assert found[1] == "0  MulBackward0  (3, 3)  from 2[1], 1  keeps 8 bytes"
    assert found[2] == "1  SumBackward0  ()  from 2"
    assert found[3] == "2  SplitWithSizesBackward0  (1, 3), (3, 3)  from x"


def test_many_inputs_keep_their_shapes() -> None:
    parts = [leaf(2, k) * 2 for k in range(1, 7)]
    text = str(ag.graph(ag.cat(parts, 1)))
    for k in range(1, 7):
        assert re.search(rf"MulBackward0  \(2, {k}\)  from", text)
    stacked = str(ag.graph(ag.stack([leaf(2, 2) * 2 for _ in range(5)])))
    assert stacked.count("MulBackward0  (2, 2)") == 5
    assert "?" not in text + stacked


def test_shared_nodes_come_once() -> None:
    x = leaf(2)
    y = x
    for _ in range(60):  # 2 ** 60 ways lead to x
        y = y + y
    found = lines(y, params={"x": x})
    assert found[0] == "60 nodes, 1 leaf, 0 bytes kept"
    assert len(found) == 62
    assert found[60] == "59  AddBackward0  (2,)  from x, x"


def test_an_input_stands_behind_all_that_need_it() -> None:
    x = leaf(2)
    y = x.exp()
    z = (y.sin() + y).cos() * y
    for entry, line in enumerate(lines(z, params={"x": x})[1:6]):
        needed = re.findall(r"\b\d\b", line.partition("from")[2].partition("keeps")[0])
        assert all(int(number) > entry for number in needed)


def test_several_tensors() -> None:
    x = leaf(2)
    a, b = x.exp(), x.sum()
    found = lines([a, b], params={"x": x})
    assert found[0].startswith("2 nodes, 1 leaf")
    assert {"ExpBackward0  (2,)  from x", "SumBackward0  ()  from x"} <= {
        re.sub(r"^\d  |  keeps.*", "", line) for line in found
    }


def test_leaves_and_constants() -> None:
    x = leaf(2, 3)
    assert lines(x) == ["0 nodes, 1 leaf, 0 bytes kept", "leaf1  leaf  (2, 3)"]
    assert lines(x, params={"x": x, "same": x})[1] == "x  leaf  (2, 3)  also same"
    assert lines(ag.ones(2)) == ["0 nodes, 0 leaves, 0 bytes kept"]


def test_names_that_are_not_reached_are_told() -> None:
    w, b = leaf(1), leaf(1)
    assert lines(w * 2, params={"w": w, "b": b, "c": ag.ones(1)})[-1] == "not reached: b, c"


def test_names_of_modules() -> None:
    model = ag.nn.Linear(2, 1)
    text = str(ag.graph(model(ag.ones(4, 2)), params=model.named_parameters()))
    assert "weight  leaf  (1, 2)" in text
    assert "bias  leaf  (1,)" in text


def test_names_that_other_leaves_would_have() -> None:
    x, y = leaf(2), leaf(2)
    found = lines(x * y, params={"leaf1": y})
    assert found[1] == "0  MulBackward0  (2,)  from leaf2, leaf1"


@real_sizes_only
def test_memory_counts_once_and_not_what_leaves_hold() -> None:
    x = leaf(100)
    y = x.exp()
    assert lines(y.square() * y.sin())[0].endswith(", 2400 bytes kept")
    assert lines((y * y).sum())[0] == "3 nodes, 1 leaf, 800 bytes kept"
    assert lines(x * x)[0] == "1 node, 1 leaf, 0 bytes kept"
    assert lines((ag.ones(100) * x).sum())[0] == "2 nodes, 1 leaf, 800 bytes kept"
    assert lines(leaf(2000).exp() ** 2)[0].endswith("16 kB kept")


def test_after_a_backward_nothing_is_kept() -> None:
    x = leaf(3)
    y = (x.exp() * x).sum()
    y.backward()
    assert lines(y)[0] == "3 nodes, 1 leaf, 0 bytes kept"
    x.grad = None


def test_lines_of_the_program() -> None:
    """Where nodes know the line that recorded them it is shown."""
    x = leaf(2)
    names = {"ag": ag, "x": x}
    exec(compile("y = x * 2", 'my "file".py', "exec"), names)
    graph = ag.graph(names["y"], params={"x": x})
    assert 'at my "file".py:1 in <module>' in str(graph).splitlines()[1]
    assert r"\nmy \"file\".py:1 in <module>" in graph.dot()


def test_repr_is_short() -> None:
    x = leaf(2)
    for _ in range(100):
        x = x * 2
    graph = ag.graph(x)
    assert len(str(graph).splitlines()) == 102
    shown = repr(graph).splitlines()
    assert len(shown) == 42
    assert shown[-1] == "  ... and 61 more: str() has all"


# ---- what looking does ---------------------------------------------------------------------------


def test_looking_changes_nothing() -> None:
    """Pending values go on pending, and the gradient is what it was."""
    x = ag.ones(100_000, requires_grad=True)
    y = (x * 2).exp()
    before = ag.explain(y)
    graph = ag.graph(y, params={"x": x})
    assert ag.explain(y) == before != "computed"
    y.sum().backward()
    assert x.grad is not None and x._version == 0
    assert "ExpBackward0  (100000,)" in str(graph)
    assert x.grad.grad_fn is None


def test_it_keeps_nothing_alive() -> None:
    x = leaf(3)
    y = x.exp()
    nodes, node = ag._core._live_nodes(), weakref.ref(y.grad_fn)
    graph = ag.graph(y, params={"x": x})
    assert ag._core._live_nodes() == nodes
    x_dies, y_dies = weakref.ref(x), weakref.ref(y)
    del x, y
    assert x_dies() is None and y_dies() is None and node() is None
    assert ag._core._live_nodes() == nodes - 1
    assert "ExpBackward0" in graph.dot()


def test_a_tape_of_any_length() -> None:
    x = y = leaf(1)
    for _ in range(200_000):
        y = y * 2
    graph = ag.graph(y)
    assert repr(graph).startswith("200000 nodes, 1 leaf, 0 bytes kept")
    assert len(repr(graph)) < 5000
    assert graph._repr_svg_() is None
    del graph
    assert x.grad is None


def test_hooks_and_views_written_in_place() -> None:
    x = leaf(4)
    y = x * 1
    view = y[1:3]
    y.mul_(3)
    text = str(ag.graph(view, params={"x": x}))
    assert "AsStridedBackward0  (2,)" in text
    assert "(4,)  from x" in text
    view.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0, 3, 3, 0]


# ---- Graphviz ------------------------------------------------------------------------------------

_STRING = r'"(?:[^"\\]|\\.)*"'
_NODE = rf"  (n\d+) \[label=({_STRING})(?: shape=ellipse)?\]"
_EDGE = rf"  (n\d+) -> (n\d+)(?: \[label={_STRING}\])?"


def parsed(dot: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Labels of nodes, and edges; fails where there is anything else."""
    head, style, *rest, end = dot.split("\n")
    assert (head, end) == ("digraph {", "}")
    assert re.fullmatch(r"  node \[[^\]]*\]", style)
    labels: dict[str, str] = {}
    edges = []
    for line in rest:
        if node := re.fullmatch(_NODE, line):
            assert not edges and node[1] not in labels
            labels[node[1]] = node[2]
        else:
            edge = re.fullmatch(_EDGE, line)
            assert edge, line
            edges.append((edge[1], edge[2]))
    assert {end for edge in edges for end in edge} <= set(labels)
    return labels, edges


def test_dot() -> None:
    x, w = leaf(4, 3), leaf(3)
    a, b = (x * w).split([1, 3])
    labels, edges = parsed(ag.graph(a.sum() + b.sum(), params={"x": x, "w": w}).dot())
    assert len(labels) == 7
    assert len(edges) == 7
    assert '"w\\n(3,)"' in labels.values()
    assert sum(label.startswith('"SumBackward0') for label in labels.values()) == 2


@pytest.mark.parametrize(
    "name", ['a "b"', "a\\", "a\\n", "<b>", "&amp;", "] -> {", "two\nlines", "\u00fc\u4e2d", ""]
)
def test_dot_takes_any_name(name: str) -> None:
    x = leaf(1)
    labels, edges = parsed(ag.graph(x * 2, params={name: x}).dot())
    assert len(labels) == 2
    assert len(edges) == 1
    shown = name.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    assert labels["n1"] == '"' + (shown or "leaf1").replace("\n", "\\n") + '\\n(1,)"'


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_svg() -> None:
    x = leaf(1)
    svg = ag.graph(x * 2, params={'<"&': x})._repr_svg_()
    assert svg is not None and "<svg" in svg and "MulBackward0" in svg
    assert "&lt;&quot;&amp;" in svg


def program(folder: Path, text: str) -> None:
    path = folder / "dot"
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_what_draws_is_given_the_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a program in place of Graphviz', which shows what it was asked."""
    program(tmp_path, '#!/bin/sh\necho "<svg>$*"; /bin/cat; echo "</svg>"\n')
    monkeypatch.setenv("PATH", str(tmp_path))
    graph = ag.graph(leaf(1) * 2)
    assert graph.svg() == graph._repr_svg_() == f"<svg>-Tsvg\n{graph.dot()}</svg>\n"


def test_without_graphviz_there_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    graph = ag.graph(leaf(1) * 2)
    assert graph._repr_svg_() is None
    with pytest.raises(RuntimeError, match="needs Graphviz, whose program `dot` is not found"):
        graph.svg()
    program(tmp_path, "#!/bin/sh\nexit 3\n")
    assert graph._repr_svg_() is None
    with pytest.raises(RuntimeError, match=r"failed: .*exit status 3"):
        graph.svg()


# ---- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, 1.0, [], (), [1], {}, "x"], ids=repr)
def test_no_tensors(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"graph\(\): expected "):
        ag.graph(wrong)


@pytest.mark.parametrize("wrong", [1, "ab", ["ab"], {"x": 1}, {1: ag.ones(1)}, [1]], ids=repr)
def test_no_names(wrong: Any) -> None:
    with pytest.raises(TypeError, match="argument 'params' must be a dict of Tensors"):
        ag.graph(leaf(1), params=wrong)
