# SPDX-License-Identifier: MIT
"""Lines of the program that made a node, and what errors tell of them."""

from __future__ import annotations

import asyncio
import gc
import re
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pyautograd as ag
from pyautograd import nn
from support import leaf, run_python

pytestmark = pytest.mark.skipif(
    leaf([1.0]).exp().grad_fn.source is None, reason="the frames of this Python are not known"
)


def here(offset: int = 0) -> str:
    """What a node says that is made in the caller's line, or `offset` lines below."""
    frame = sys._getframe(1)
    code = frame.f_code
    return f"{code.co_filename}:{frame.f_lineno + offset} in {code.co_name}"


def source(t: ag.Tensor) -> str | None:
    assert t.grad_fn is not None
    return t.grad_fn.source


def test_line_of_an_op() -> None:
    x = leaf([1.0, 2.0])
    assert source(x * 2) == here()
    assert source(ag.sin(x)) == here()
    both = [source(x + x), here()]
    assert both[0] == both[1]
    y = x.exp()
    line = here(-1)
    assert source(y) == line and source(y.exp()) == here()
    assert x.exp().sum().grad_fn.next_functions[0][0].source == here()  # type: ignore[union-attr]


def test_known_versions() -> None:
    """What CI runs on is known."""
    if (3, 10) <= sys.version_info < (3, 15):
        assert source(leaf([1.0]).exp()) is not None


def test_a_line_more_than_once() -> None:
    x = leaf([1.0])
    lines = {source(y) for y in map(lambda k: x * k, range(50))}  # noqa: C417
    assert lines == {here(-1).replace("test_a_line_more_than_once", "<lambda>")}


def test_leaves_have_none() -> None:
    x = leaf([1.0])
    assert (x * 2).grad_fn.next_functions[0][0].source is None  # type: ignore[union-attr]


def test_all_kinds_of_functions() -> None:
    x = leaf([1.0])

    def generator() -> Iterator[tuple[str | None, str]]:
        yield source(x * 2), here()
        yield source(x * 3), here()

    async def coroutine() -> tuple[str | None, str]:
        await asyncio.sleep(0)
        return source(x * 2), here()

    class Body:
        line = source(x * 2), here()

        def __eq__(self, other: object) -> Any:
            return source(x * 2), here()

        __hash__ = None  # type: ignore[assignment]

    pairs = [*generator(), asyncio.run(coroutine()), Body.line, Body() == Body()]
    pairs += [(source(x * 2), here()) for _ in range(3)]
    pairs += map(lambda _: (source(x * 2), here()), range(2))  # noqa: C417
    assert all(found == expected for found, expected in pairs)


def test_what_the_library_does_itself_is_the_callers() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(2, 3), nn.Tanh())

        def forward(self, x: ag.Tensor) -> ag.Tensor:
            return self.layers(x) * 2

    y = Net()(ag.ones(2))
    line = Net.forward.__code__.co_firstlineno + 1
    nodes, todo = [], [y.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node.name() != "AccumulateGrad":
            nodes.append(node)
            todo += [one for one, _ in node.next_functions]
    assert len(nodes) >= 3
    assert {node.source for node in nodes} == {f"{__file__}:{line} in forward"}
    x = leaf([1.0, 2.0])
    assert source(ag.einsum("i,i->i", x, x)) == here()


def test_gradients_that_are_recorded_are_the_backwards() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    g = ag.autograd.grad(y, x, create_graph=True)[0]
    line = here(-1)
    assert source(g) == line


def test_views_and_several_results() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    first, second = x.unbind()
    line = here(-1)
    assert source(first) == source(second) == line
    base = x * 1
    view = base[0]
    made = here(-1)
    base.mul_(2.0)
    assert source(view) == made  # its node is made anew, as its base was written
    assert source(base) == here(-2)


def test_threads() -> None:
    x = leaf([1.0])
    found: list[tuple[str | None, str]] = []

    def work() -> None:
        for _ in range(200):
            found.append((source(x * 2), here()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 800 and all(a == b for a, b in found)


def test_code_that_is_made_and_dies() -> None:
    """Other code comes to lie at the same addresses."""
    x = leaf([1.0])
    for k in range(3000):
        names: dict[str, Any] = {"x": x}
        text = "\n" * (k % 7) + "def f():\n    return x * 2\ny = f()"
        exec(compile(text, f"<made {k % 11}>", "exec"), names)
        assert source(names["y"]) == f"<made {k % 11}>:{k % 7 + 2} in f"


def test_functions_are_not_kept() -> None:
    names: dict[str, Any] = {"x": leaf([1.0])}
    exec("def f():\n    return x * 2", names)
    code = weakref.ref(names["f"].__code__)
    assert source(names["f"]()) == "<string>:2 in f"
    names.clear()
    gc.collect()
    assert code() is None


def test_file_names_of_any_kind() -> None:
    names: dict[str, Any] = {"x": leaf([1.0])}
    exec(compile("y = x * 2", "/tmp/ä ☃.py", "exec"), names)
    assert source(names["y"]) == "/tmp/ä ☃.py:1 in <module>"
    exec(compile("y = x * 2", "/tmp/\udc80.py", "exec"), names)
    assert names["y"].grad_fn.source is None
    exec(compile("y = x * 2", "/long/" + 500 * "n" + ".py", "exec"), names)
    assert names["y"].grad_fn.source.startswith("/long/nnn")


# ---- errors ------------------------------------------------------------------------------------


def message(error: pytest.ExceptionInfo[RuntimeError]) -> list[str]:
    return str(error.value).split("\n")[1:]


def test_written_in_place() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2
    z = y * y
    saved = here(-1)
    y.add_(1.0)
    y.mul_(1.0)
    written = here(-1)
    with pytest.raises(RuntimeError, match="version 2; expected version 0") as error:
        z.sum().backward()
    assert message(error) == [
        f"It was last written in place at {written}",
        f"MulBackward0 was recorded at {saved}",
    ]


def test_written_without_recording_and_by_an_optimizer() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    with ag.no_grad():
        x.fill_(1.0)
        written = here(-1)
    with pytest.raises(RuntimeError, match="version 1") as error:
        y.backward(retain_graph=True)
    assert message(error)[0] == f"It was last written in place at {written}"
    x.grad = ag.ones(2)
    ag.optim.SGD([x], 0.1).step()
    stepped = here(-1)
    with pytest.raises(RuntimeError, match="version 2") as error:
        y.backward()
    assert message(error)[0] == f"It was last written in place at {stepped}"


def test_output_that_was_written() -> None:
    x = leaf([1.0, 2.0])
    y = x.exp()
    saved = here(-1)
    y[0] = 1.0
    written = here(-1)
    with pytest.raises(RuntimeError, match="version 1") as error:
        y.sum().backward()
    assert message(error) == [
        f"It was last written in place at {written}",
        f"ExpBackward0 was recorded at {saved}",
    ]


def test_freed_and_called_by_itself() -> None:
    x = leaf([1.0, 2.0])
    y = x.exp()
    line = here(-1)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="a second time") as error:
        y.sum().backward()
    assert message(error) == [f"ExpBackward0 was recorded at {line}"]
    with pytest.raises(RuntimeError, match="a second time") as error:
        y.grad_fn(ag.ones(2))
    assert message(error) == [f"ExpBackward0 was recorded at {line}"]


def test_rules_that_fail() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2
    line = here(-1)
    x.data = ag.ones(3)
    with pytest.raises(RuntimeError, match="returned an invalid gradient") as error:
        y.sum().backward()
    assert message(error) == [f"MulBackward0 was recorded at {line}"]


def test_errors_of_hooks_are_what_they_are() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2

    def hook(grad: ag.Tensor) -> None:
        raise ValueError("mine")

    y.register_hook(hook)
    with pytest.raises(ValueError, match=r"^mine$"):
        y.sum().backward()


def test_with_other_threads_in_c() -> None:
    """cffi lets the lock of Python go: a thread without it has no line, and reads none."""
    run_python(
        """
        import threading
        import pyautograd as ag
        from pyautograd import capi

        x = ag.ones(3, requires_grad=True)
        assert (x * 2).grad_fn.source.endswith("in <module>")
        p, exp, release = capi.pointer(x), capi.lib.ag_exp, capi.lib.ag_release

        def work():
            for _ in range(2000):
                y = exp(p)
                node = capi.lib.ag_node_of(y)
                assert capi.lib.ag_node_site(node) == 0
                capi.lib.ag_node_release(node)
                release(y)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(2000):
            assert (x * 2).grad_fn.source.endswith("in <module>")
        for thread in threads:
            thread.join()
        print(0)
        """
    )


def test_the_package_itself_is_left_out() -> None:
    package = str(Path(ag.__file__).parent)
    x = leaf([[2.0, 0.0], [0.0, 3.0]])
    for y in (ag.func.grad(lambda t: (t * t).sum().exp())(x), ag.linalg.norm(x), nn.GELU()(x)):
        if y.grad_fn is not None:
            found = re.match(r"(.*):\d+ in ", y.grad_fn.source or "")
            assert found is not None and not found[1].startswith(package)
