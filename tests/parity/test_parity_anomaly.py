# SPDX-License-Identifier: MIT
"""Errors and anomaly mode: what is raised and warned of, with PyTorch and with this library."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from behaviours import Group, compare

import pyautograd as ag

torch = pytest.importorskip("torch")
ANOMALY = Group()


@pytest.fixture(autouse=True)
def off_afterwards(torch: ModuleType) -> Iterator[None]:
    yield
    ag.set_anomaly_enabled(False)
    torch.set_anomaly_enabled(False)


def leaf(lib: Any, *numbers: float) -> Any:
    return lib.tensor(numbers or (1.0, 2.0), dtype=lib.float64, requires_grad=True)


def on(lib: Any, **options: Any) -> Any:
    return lib.autograd.set_detect_anomaly(True, **options)


def modes(lib: Any) -> tuple[bool, bool]:
    return lib.is_anomaly_enabled(), lib.is_anomaly_check_nan_enabled()


def attempt(action: Any) -> str:
    """What an action raises."""
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {error}".split("\n")[0]
    return "nothing"


# ---- the mode ------------------------------------------------------------------------------------


@ANOMALY
def off_at_first(lib: Any) -> Any:
    return modes(lib)


@ANOMALY
def detect_warns_when_made(lib: Any) -> Any:
    manager = lib.autograd.detect_anomaly()
    before = modes(lib)
    with manager as entered:
        inside = modes(lib)
    return before, inside, modes(lib), entered


@ANOMALY
def detect_without_nan(lib: Any) -> Any:
    with lib.autograd.detect_anomaly(check_nan=False):
        inside = modes(lib)
    return inside, modes(lib)


@ANOMALY
def set_acts_at_once(lib: Any) -> Any:
    lib.autograd.set_detect_anomaly(True, False)
    first = modes(lib)
    lib.autograd.set_detect_anomaly(False)
    return first, modes(lib)


@ANOMALY
def set_in_a_with(lib: Any) -> Any:
    with lib.autograd.set_detect_anomaly(True) as entered:
        inside = modes(lib)
    return inside, modes(lib), entered


@ANOMALY
def nested(lib: Any) -> Any:
    seen = []
    with lib.autograd.set_detect_anomaly(True, check_nan=False):
        with lib.autograd.set_detect_anomaly(False):
            seen.append(modes(lib))
            with lib.autograd.detect_anomaly():
                seen.append(modes(lib))
            seen.append(modes(lib))
        seen.append(modes(lib))
    return seen, modes(lib)


@ANOMALY
def left_by_an_error(lib: Any) -> Any:
    with contextlib.suppress(KeyError), lib.autograd.set_detect_anomaly(True):
        raise KeyError
    return modes(lib)


@ANOMALY
def check_nan_stays_while_off(lib: Any) -> Any:
    lib.set_anomaly_enabled(False, False)
    first = modes(lib)
    lib.set_anomaly_enabled(False)
    return first, modes(lib)


@ANOMALY
def what_managers_remember(lib: Any) -> Any:
    lib.set_anomaly_enabled(True, False)
    a, b = lib.autograd.detect_anomaly(), lib.autograd.set_detect_anomaly(False)
    return a.prev, a.prev_check_nan, a.check_nan, b.prev, b.prev_check_nan


@ANOMALY
def modes_that_are_no_bools(lib: Any) -> Any:
    calls = (
        lambda: lib.autograd.set_detect_anomaly("yes"),
        lambda: lib.autograd.set_detect_anomaly(1),
        lambda: lib.autograd.set_detect_anomaly(True, "no"),
        lambda: lib.set_anomaly_enabled(None),
        lambda: lib.autograd.detect_anomaly(3).__enter__(),
    )
    return [re.sub(r" \(position \d\)", "", attempt(call)) for call in calls], modes(lib)


@ANOMALY
def a_mode_is_needed(lib: Any) -> Any:
    return lib.autograd.set_detect_anomaly()


@ANOMALY
def seen_by_other_threads(lib: Any) -> Any:
    import threading

    seen: list[Any] = []
    with on(lib):
        thread = threading.Thread(target=lambda: seen.append(modes(lib)))
        thread.start()
        thread.join()
    return seen


# ---- NaN -----------------------------------------------------------------------------------------


@ANOMALY
def nan_of_a_root(lib: Any) -> Any:
    with on(lib):
        y = leaf(lib, -1.0, 4.0).sqrt()
        y.sum().backward()


@ANOMALY
def nan_in_the_second_input(lib: Any) -> Any:
    x, y = leaf(lib, 1.0), leaf(lib, float("nan"))
    with on(lib):
        (x * y).sum().backward(inputs=[x])


@ANOMALY
def nan_of_one_that_is_not_needed(lib: Any) -> Any:
    x, y = leaf(lib, 1.0), leaf(lib, float("nan"))
    with on(lib):
        (x * y).sum().backward(inputs=[y])
    return y.grad


@ANOMALY
def numbers_before_the_input(lib: Any) -> Any:
    x = leaf(lib, float("inf"), 1.0)
    with on(lib):
        (2.0 - x.sqrt() * float("nan")).sum().backward()


@ANOMALY
def nan_without_looking(lib: Any) -> Any:
    x = leaf(lib, -1.0, 4.0)
    with on(lib, check_nan=False):
        x.sqrt().sum().backward()
    return x.grad


@ANOMALY
def nan_without_the_mode(lib: Any) -> Any:
    x = leaf(lib, -1.0, 4.0)
    x.sqrt().sum().backward()
    return x.grad


@ANOMALY
def nan_that_is_given(lib: Any) -> Any:
    x = leaf(lib)
    with on(lib):
        (x * 2).sum().backward(lib.tensor(float("nan"), dtype=lib.float64))


@ANOMALY
def nan_that_reaches_a_leaf_alone(lib: Any) -> Any:
    x = leaf(lib)
    with on(lib):
        x.backward(lib.tensor([float("nan"), 1.0], dtype=lib.float64))
    return x.grad


@ANOMALY
def nan_of_a_hook(lib: Any) -> Any:
    x = leaf(lib)
    y = x * 2
    y.register_hook(lambda g: g * float("nan"))
    with on(lib):
        y.sum().backward()


@ANOMALY
def nan_of_a_hook_on_a_leaf(lib: Any) -> Any:
    x = leaf(lib)
    x.register_hook(lambda g: g * float("nan"))
    with on(lib):
        (x * 2).sum().backward()
    return x.grad


@ANOMALY
def nan_of_a_hook_after_a_rule(lib: Any) -> Any:
    x = leaf(lib)
    y = x.exp()
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * float("nan"),))
    with on(lib):
        y.sum().backward()


@ANOMALY
def infinities_are_no_anomaly(lib: Any) -> Any:
    x = leaf(lib, 0.0, 1.0)
    with on(lib):
        x.log().sum().backward()
    return x.grad


@ANOMALY
def nan_of_infinities(lib: Any) -> Any:
    x = leaf(lib, 0.0, 1.0)
    with on(lib):
        (x.sqrt() - x.sqrt()).sum().backward(retain_graph=True)
        (x * x.log()).exp().sum().backward()


@ANOMALY
def several_results(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0)
    with on(lib):
        a, b = (x * 1).unbind()
        (a * float("nan") + b).backward()


@ANOMALY
def many_inputs(lib: Any) -> Any:
    x, y = leaf(lib), leaf(lib)
    with on(lib):
        z = lib.cat([x, y])
        z.backward(lib.tensor([1.0, 2.0, float("nan"), 4.0], dtype=lib.float64))


@ANOMALY
def parts_of_a_tensor(lib: Any) -> Any:
    x = leaf(lib, 1.0, 2.0, 3.0)
    with on(lib):
        (x[1:] * lib.tensor([1.0, float("nan")], dtype=lib.float64)).sum().backward()


@ANOMALY
def nothing_is_wrong(lib: Any) -> Any:
    x = leaf(lib)
    with on(lib):
        (x[1:].exp() * x[:1]).sum().backward()
    return x.grad


@ANOMALY
def no_gradient_changes(lib: Any) -> Any:
    x, w = leaf(lib, -1.0), leaf(lib, 1.0)
    w.grad = lib.ones(1, dtype=lib.float64)
    with on(lib):
        said = attempt(lambda: (x.sqrt() + w.exp()).sum().backward())
    return said, x.grad


@ANOMALY
def grad_of_nan(lib: Any) -> Any:
    x = leaf(lib, -1.0)
    with on(lib):
        return lib.autograd.grad(x.sqrt().sum(), x, create_graph=True)


@ANOMALY
def second_gradient(lib: Any) -> Any:
    x = leaf(lib, 1.0)
    with on(lib):
        g = lib.autograd.grad((x * x * x).sum(), x, create_graph=True)[0]
        return lib.autograd.grad(g.sum(), x)


@ANOMALY
def the_forward_was_before(lib: Any) -> Any:
    y = leaf(lib, -1.0).sqrt().sum()
    with on(lib):
        y.backward()


# ---- errors --------------------------------------------------------------------------------------


@ANOMALY
def hook_that_raises(lib: Any) -> Any:
    with on(lib):
        y = leaf(lib) * 2

        def hook(grad: Any) -> None:
            raise ValueError("mine")

        y.register_hook(hook)
        y.sum().backward()


@ANOMALY
def prehook_that_raises(lib: Any) -> Any:
    with on(lib):
        y = leaf(lib).exp()

        def hook(grads: Any) -> None:
            raise KeyError("mine")

        y.grad_fn.register_prehook(hook)
        y.sum().backward()


@ANOMALY
def written_in_place(lib: Any) -> Any:
    with on(lib):
        y = leaf(lib) * 2
        z = (y * y).sum()
        y.add_(1.0)
        # PyTorch says who made the tensor as it is now, not as it was.
        return attempt(z.backward).partition("is at version")[2]


@ANOMALY
def freed(lib: Any) -> Any:
    with on(lib):
        y = leaf(lib).exp().sum()
        y.backward()
        y.backward()


@ANOMALY
def a_root_that_is_none(lib: Any) -> Any:
    with on(lib):
        lib.ones(1).backward()


@ANOMALY
def not_one_number(lib: Any) -> Any:
    with on(lib):
        (leaf(lib) * 2).backward()


@ANOMALY
def unused_input(lib: Any) -> Any:
    with on(lib):
        return lib.autograd.grad(leaf(lib).sum(), leaf(lib))


@ANOMALY
def caught_inside_a_hook(lib: Any) -> Any:
    x, said = leaf(lib), []
    with on(lib):
        y = x * 2
        y.register_hook(
            lambda g: said.append(attempt(lambda: leaf(lib, -1.0).sqrt().sum().backward()))
        )
        y.sum().backward()
    return said, x.grad


@ANOMALY
def warning_that_is_an_error(lib: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return lib.autograd.detect_anomaly()


@ANOMALY
def what_a_node_keeps(lib: Any) -> Any:
    x = leaf(lib)
    plain = (x * 2).grad_fn.metadata
    with on(lib):
        y = x * 2
    kept = y.grad_fn.metadata["traceback_"]
    return plain, sorted(y.grad_fn.metadata), kept[-1], "parent_" in y.grad_fn.metadata


@ANOMALY
def metadata_is_the_nodes(lib: Any) -> Any:
    y = leaf(lib) * 2
    y.grad_fn.metadata["mine"] = [1]
    return y.sum().grad_fn.next_functions[0][0].metadata, y.grad_fn.metadata


@ANOMALY
def parents(lib: Any) -> Any:
    x = leaf(lib)
    with on(lib):
        y = x.exp()
        g = lib.autograd.grad(y.sum(), x, create_graph=True)[0]
    parent = g.grad_fn.metadata["parent_"]
    return parent is y.grad_fn, parent.name(), "parent_" in y.grad_fn.metadata


@pytest.mark.parametrize("name", ANOMALY.all)
def test_both_do_the_same(name: str) -> None:
    compare(ANOMALY.all[name], ag, torch)


def test_there_are_enough() -> None:
    assert len(ANOMALY.all) >= 30


def _induced(lib: Any) -> Any:
    x = leaf(lib, 0.0)
    with on(lib), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        y = x.exp()
        g = lib.autograd.grad((y * y).sum(), x, create_graph=True)[0]
        g.register_hook(lambda _: 1 / 0)
        with contextlib.suppress(ZeroDivisionError):
            g.sum().backward()
    return [str(w.message).split(" Traceback")[0] for w in said]


def test_what_induced_it() -> None:
    """PyTorch's traceback has lines of its own files between: the beginnings are compared."""
    ours, theirs = _induced(ag), _induced(torch)
    assert ours == theirs and len(ours) == 2
