# SPDX-License-Identifier: MIT
"""Errors: their types and words, and that a failure leaves everything as it was."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from failures import FAILURES, Failure

import pyautograd as ag
from support import leaf


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
def test_type_and_text(failure: Failure) -> None:
    with pytest.raises(failure.error) as caught:
        failure.call(ag)
    assert type(caught.value) is failure.error
    assert failure.fits(caught.value), f"{caught.value}\nnot\n{failure.text}"


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
def test_the_same_error_again_and_no_error_after(failure: Failure) -> None:
    for _ in range(3):
        with pytest.raises(failure.error):
            failure.call(ag)
        x = leaf([1.0, 2.0])
        (x * x).sum().backward()
        assert x.grad.tolist() == [2.0, 4.0]


# ---- arguments: errors that read like Python's own -----------------------------------------------

ARGUMENTS: list[tuple[str, Callable[[], Any], str]] = [
    ("missing", lambda: ag.exp(), r"exp\(\) missing 1 required positional argument"),
    ("second missing", lambda: ag.add(ag.ones(1)), r"add\(\) missing 1 .*['\"]other['\"]"),
    ("too many", lambda: ag.exp(ag.ones(1), 2, 3), r"exp\(\) takes .* but .*3"),
    ("method with too many", lambda: ag.ones(1).exp(1), r"exp\(\) takes"),
    ("unknown keyword", lambda: ag.exp(ag.ones(1), foo=1), r"exp\(\).*unexpected keyword.*'foo'"),
    (
        "method with unknown keyword",
        lambda: ag.ones(1).sum(foo=1),
        r"sum\(\).*unexpected keyword.*'foo'",
    ),
    (
        "backward with unknown keyword",
        lambda: leaf(1.0).backward(foo=1),
        r"backward\(\).*unexpected keyword.*'foo'",
    ),
    (
        "given twice",
        lambda: ag.add(ag.ones(1), ag.ones(1), other=ag.ones(1)),
        r"add\(\).*multiple values for argument 'other'",
    ),
    ("no tensor", lambda: ag.exp("a"), r"exp\(\).*'input'.*Tensor.*str"),
    ("second no tensor", lambda: ag.add(ag.ones(1), "a"), r"add\(\).*'other'.*str"),
    ("no tensor but None", lambda: ag.exp(None), r"exp\(\).*'input'.*Tensor.*NoneType"),
    ("dim of a wrong type", lambda: ag.ones(2).sum("a"), r"sum\(\).*'dim'.*str"),
    ("shape of a wrong type", lambda: ag.ones(2).view("a"), r"view\(\).*str"),
    ("reshape to a wrong type", lambda: ag.ones(2).reshape(1.5), r"reshape\(\).*float"),
    ("size of a wrong type", lambda: ag.zeros("a"), r"zeros\(\).*'size'.*str"),
    ("view to nothing", lambda: ag.ones(2).view(), r"view\(\)"),
    ("threads of a wrong type", lambda: ag.set_num_threads("a"), r"set_num_threads.*str"),
]


@pytest.mark.parametrize(
    ("name", "call", "pattern"), ARGUMENTS, ids=lambda v: v if type(v) is str else ""
)
def test_arguments(name: str, call: Callable[[], Any], pattern: str) -> None:
    with pytest.raises(TypeError, match=pattern):
        call()


def test_operators_leave_the_other_side_its_chance() -> None:
    class Other:
        def __radd__(self, left: Any) -> str:
            return "radd"

        def __rmul__(self, left: Any) -> str:
            return "rmul"

        def __gt__(self, left: Any) -> str:
            return "gt"

    x = ag.ones(2)
    assert x + Other() == "radd" and x * Other() == "rmul" and (x < Other()) == "gt"


def test_equality_with_anything_else() -> None:
    x = ag.ones(2)
    for other in (None, "a", object()):
        assert (x == other) is False
        assert (x != other) is True


def test_clamp_needs_a_bound() -> None:
    with pytest.raises(
        (RuntimeError, ValueError, TypeError), match="At least one of 'min' or 'max'"
    ):
        ag.clamp(ag.ones(2))


def test_attributes_that_cannot_be_set() -> None:
    x = leaf([1.0])
    for name in ("shape", "grad_fn", "is_leaf", "ndim", "T"):
        with pytest.raises(AttributeError):
            setattr(x, name, None)


def test_functions_that_hold_errors_do_not_leak_into_each_other() -> None:
    """An error in one thread is none in another."""
    results: list[str] = []

    def fail(n: int) -> None:
        for _ in range(200):
            try:
                ag.ones(n) + ag.ones(n + 1)
            except RuntimeError as error:
                results.append(f"{n}: {error}")

    threads = [threading.Thread(target=fail, args=(n,)) for n in (2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 600
    assert {
        f"{n}: The size of tensor a ({n}) must match the size of tensor b ({n + 1}) at "
        "non-singleton dimension 0"
        for n in (2, 3, 4)
    } == set(results)


# ---- memory that there is not --------------------------------------------------------------------


def test_what_does_not_fit_is_an_error_and_no_crash() -> None:
    x = leaf([1.0])
    for call in (
        lambda: (x.expand(2**40) + 1).detach().numpy(),
        lambda: ag.zeros(2**45),
        lambda: x.expand(2**40).clone().tolist(),
        lambda: (x.expand(2**45).contiguous() * 2).detach().numpy(),
    ):
        with pytest.raises((RuntimeError, MemoryError)):
            call()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0]


def test_sizes_whose_product_overflows() -> None:
    for shape in ((2**62, 8), (2**32, 2**32), (2**31, 2**31, 2**31)):
        with pytest.raises((RuntimeError, MemoryError)):
            ag.zeros(shape)
        with pytest.raises(RuntimeError):
            ag.ones(1).expand(shape)


# ---- nothing is printed, nothing aborts ----------------------------------------------------------


def test_failures_print_nothing() -> None:
    code = """
import pyautograd as ag
for call in (lambda: ag.ones(3) + ag.ones(4), lambda: ag.zeros(2**50), lambda: ag.ones(3).item(),
             lambda: ag.ones(1).backward(), lambda: ag.exp("a")):
    try:
        call()
    except Exception:
        pass
    else:
        raise SystemExit(1)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_errors_of_a_callers_objects_pass_through() -> None:
    class Broken:
        def __index__(self) -> int:
            raise KeyError("mine")

        def __float__(self) -> float:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ag.ones(2)[Broken()]
    with pytest.raises((KeyError, TypeError)):
        ag.ones(2) * Broken()


def test_the_traceback_ends_at_the_call() -> None:
    """Native code adds no frame: the last line shown is the user's."""
    with pytest.raises(RuntimeError) as caught:
        ag.ones(3) + ag.ones(4)
    assert caught.traceback[-1].frame.code.path.samefile(__file__)
