# SPDX-License-Identifier: MIT
"""Anomaly mode, as far as it is this library's own: where the first NaN or infinity came from, what
is kept, and that nothing of it stays. What is PyTorch's is compared in tests/parity."""

from __future__ import annotations

import gc
import math
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import pyautograd as ag
from support import leaf, run_python, values

NAN, INF = float("nan"), float("inf")

pytestmark = pytest.mark.filterwarnings("ignore:Error detected in")


@pytest.fixture(autouse=True)
def on() -> Iterator[None]:
    with ag.autograd.set_detect_anomaly(True):
        yield


def first(f: Callable[[ag.Tensor], ag.Tensor], *numbers: float) -> str:
    """What the error says of the first NaN or infinity, without the line."""
    x = leaf(list(numbers))
    y = f(x)
    y.grad_fn.name()  # type: ignore[union-attr]
    with pytest.raises(RuntimeError, match="returned nan values in its") as error:
        y.sum().backward()
    lines = str(error.value).split("\n")
    found = [line for line in lines if line.startswith("The first")]
    assert len(found) == 1
    return found[0].removeprefix("The first NaN or infinity of the forward: ").split(" at ")[0]


def test_ops_that_make_nan() -> None:
    assert first(lambda x: x.sqrt(), 1.0, -4.0) == "SqrtBackward0 made nan of -4 (element [1])"
    assert first(lambda x: (x.log() * 2).sqrt(), 2.0, -1.5) == (
        "LogBackward0 made nan of -1.5 (element [1])"
    )
    assert first(lambda x: (x - 1).sqrt() ** 2, 0.0) == "SqrtBackward0 made nan of -1 (element [0])"


def test_infinities_come_first() -> None:
    assert first(lambda x: (x.exp() - x.exp()) * x.exp().sqrt(), 1e4) == (
        "ExpBackward0 made inf of 10000 (element [0])"
    )
    assert first(lambda x: x.reciprocal() - 2 / x.abs().sqrt() * NAN, 0.0, 1.0) == (
        "ReciprocalBackward0 made inf of 0 (element [0])"
    )


def test_what_came_from_outside() -> None:
    assert first(lambda x: x * ag.tensor([1.0, NAN]), 1.0, 2.0) == (
        "MulBackward0 was given nan (element [1])"
    )
    assert first(lambda x: x * NAN, 1.0) == "MulBackward0 was given nan"
    assert first(lambda x: (x * 1).sqrt(), 1.0, NAN) == "MulBackward0 was given nan (element [1])"


def test_two_operands_and_others() -> None:
    assert first(lambda x: (x / (x - x)).sqrt() * x.neg().sqrt(), 3.0) == (
        "DivBackward0 made inf of 3 and 0 (element [0])"
    )
    assert first(lambda x: (x.unsqueeze(0) @ x).sqrt() * (x * -1).sqrt(), 1e200) == (
        "MvBackward0 made inf (element [0])"
    )
    assert first(lambda x: x.prod().sqrt() * x.neg().sqrt(), 1e200, 1e200).startswith(
        "ProdBackward0 made inf"
    )


def test_large_results() -> None:
    def f(x: ag.Tensor) -> ag.Tensor:
        spread = x.expand(20_000).clone()
        spread[19_000] = -1.0
        return spread.sqrt()

    assert first(f, 2.0) == "SqrtBackward0 made nan of -1 (element [19000])"


def test_in_place_and_several_results() -> None:
    def f(x: ag.Tensor) -> ag.Tensor:
        y = x * 1
        y.sub_(2.0)
        return y.sqrt_()

    assert first(f, 1.0) == "SqrtBackward0 made nan (element [0])"
    rows = first(lambda x: x.reshape(2, 2).unbind()[1].neg().sqrt(), 1.0, 2.0, 3.0, INF)
    assert rows == "ViewBackward0 was given inf (element [3])"


def test_strides() -> None:
    assert first(lambda x: x.reshape(2, 2).t().sqrt(), 1.0, 2.0, -3.0, 4.0) == (
        "SqrtBackward0 made nan of -3 (element [0, 1])"
    )


def test_line_and_number() -> None:
    x = leaf([1.0, -1.0])
    y = x.sqrt()
    with pytest.raises(RuntimeError) as error:
        (y * 2).sum().backward()
    text = str(error.value).split("\n")
    assert text[0] == "Function 'SqrtBackward0' returned nan values in its 0th output."
    line = y.grad_fn.source  # type: ignore[union-attr]
    if line is not None:
        assert text[1].endswith(f"(element [1]) at {line}")
        assert text[2] == f"SqrtBackward0 was recorded at {line}"


def test_infinity_of_a_backward() -> None:
    x = leaf([0.0])
    y = x.sqrt()
    y.register_hook(lambda g: g * 1)
    with pytest.raises(RuntimeError) as error:
        (y + x.sqrt() * -1).sum().backward()
        (y * 1).sum().backward(ag.tensor(NAN))
    assert "returned nan" in str(error.value)
    z = leaf([0.0])
    w = z * 0.0
    root = w.sqrt()
    w.register_hook(lambda g: g - g)
    with pytest.raises(RuntimeError) as error:
        root.sum().backward()
    assert "\nThe first infinity of this backward was a gradient of SqrtBackward0" in str(
        error.value
    )


def test_gradients_are_the_same() -> None:
    x = leaf([0.5, 1.5, 2.5])

    def f() -> ag.Tensor:
        y = x[1:].exp() * x[:2]
        return (y.sum() * x.sin()).sum()

    inside = ag.autograd.grad(f(), x)[0]
    with ag.autograd.set_detect_anomaly(False):
        outside = ag.autograd.grad(f(), x)[0]
    assert values(inside).tolist() == values(outside).tolist()


def test_dicts_die_with_their_nodes() -> None:
    class Mine:
        pass

    y = leaf([1.0]) * 2
    mine = Mine()
    y.grad_fn.metadata["mine"] = mine  # type: ignore[union-attr]
    seen = weakref.ref(mine)
    del mine
    gc.collect()
    assert seen() is not None
    del y
    assert seen() is None


def test_memory_is_flat() -> None:
    x = leaf([1.0, -1.0])

    def step() -> None:
        with pytest.raises(RuntimeError):
            (x.sqrt() * 2).sum().backward()
        g = ag.autograd.grad((x * x).sum(), x, create_graph=True)[0]
        assert g.grad_fn.metadata["parent_"].name() == "MulBackward0"  # type: ignore[union-attr]

    for _ in range(5):
        step()
    gc.collect()
    before = ag.memory_stats()["live_nodes"]
    for _ in range(50):
        step()
    gc.collect()
    assert ag.memory_stats()["live_nodes"] == before


def test_switched_off_by_a_hook() -> None:
    """What a rule recorded before is of no concern to the nodes after."""
    x = leaf([1.0, 2.0])
    y = x.exp()
    y.register_hook(lambda g: ag.set_anomaly_enabled(False))
    y.sum().backward()
    ag.set_anomaly_enabled(True)
    z = x * 2
    assert "parent_" not in z.grad_fn.metadata  # type: ignore[union-attr]


def test_deep_chains_of_parents() -> None:
    x = leaf([1.0])
    g = x * x
    for _ in range(8):
        g = ag.autograd.grad(g.sum(), x, create_graph=True)[0] * x
    del g
    gc.collect()


def test_threads() -> None:
    wrong: list[Any] = []

    def work(k: int) -> None:
        x = leaf([1.0, -k - 1.0])
        for _ in range(50):
            try:
                x.sqrt().sum().backward()
                wrong.append("nothing")
            except RuntimeError as error:
                if f"made nan of {-k - 1} " not in str(error):
                    wrong.append(str(error))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_warnings_that_are_errors_do_not_hide_the_failure() -> None:
    assert run_python(
        """
        import json, sys, warnings
        import pyautograd as ag

        said = []
        sys.unraisablehook = lambda unraisable: said.append(str(unraisable.exc_value)[:30])
        x = ag.tensor([-1.0], requires_grad=True)
        with ag.autograd.set_detect_anomaly(True):
            y = x.sqrt()
            try:
                y.backward()
            except RuntimeError as error:
                said.append(str(error)[:27])
        print(json.dumps(said))
        """
    ) == ["Error detected in SqrtBackward", "Function 'SqrtBackward0' re"]


def fails(*arguments: Any) -> None:
    raise KeyError("hook")


LEAF_HOOKS: dict[str, Any] = {
    "register_hook": lambda x, y: x.register_hook(fails),
    "post": lambda x, y: x.register_post_accumulate_grad_hook(fails),
    "node, before": lambda x, y: y.grad_fn.next_functions[0][0].register_prehook(fails),
    "node, after": lambda x, y: y.grad_fn.next_functions[0][0].register_hook(fails),
    "several": lambda x, y: ag.autograd.graph.register_multi_grad_hook([x, y], fails),
}


@pytest.mark.parametrize("name", LEAF_HOOKS)
def test_a_hook_on_a_leaf_that_fails_is_told_of(name: str) -> None:
    for mode, wanted in ((True, ["Error detected in AccumulateGrad"]), (False, [])):
        x = ag.ones(2, requires_grad=True)
        with warnings.catch_warnings(record=True) as caught, ag.autograd.set_detect_anomaly(mode):
            warnings.simplefilter("always")
            y = x * 2
            handle = LEAF_HOOKS[name](x, y)
            with pytest.raises(KeyError, match="hook"):
                y.sum().backward()
        assert [str(one.message).split(".")[0] for one in caught] == wanted
        handle.remove()


def test_what_is_hidden_otherwise_is_found() -> None:
    """0 times infinity is NaN in the mode, and 0 without it."""
    x = leaf([0.0])

    def gradient() -> float:
        return ag.autograd.grad((x.sqrt() * 0).sum(), x)[0].item()

    with pytest.raises(RuntimeError, match="SqrtBackward0"):
        gradient()
    with ag.autograd.set_detect_anomaly(True, check_nan=False):
        assert math.isnan(gradient())
    with ag.autograd.set_detect_anomaly(False):
        assert gradient() == 0.0
