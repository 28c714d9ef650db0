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


# What the native module itself finds wrong, each text in full.
EXACT: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # places and names
    (
        lambda: ag.ones(2).sum(0, True, 3),
        TypeError,
        "sum() takes from 0 to 2 positional arguments but 3 were given",
    ),
    (
        lambda: ag.full(),
        TypeError,
        "full() missing 2 required positional arguments, the first being 'size'",
    ),
    (lambda: ag.zeros(), TypeError, "zeros() missing 1 required positional argument: 'size'"),
    (lambda: ag.zeros(2, size=3), TypeError, "zeros() got multiple values for argument 'size'"),
    (
        lambda: ag.zeros(2, requires_grad=1),
        TypeError,
        "zeros(): argument 'requires_grad' must be bool, not int",
    ),
    (
        lambda: ag.tensor([1.0], requires_grad="x"),
        TypeError,
        "tensor(): argument 'requires_grad' must be bool, not str",
    ),
    (
        lambda: ag.zeros(2, dtype="int32"),
        TypeError,
        "dtype must be pyautograd.float64, pyautograd.int64 or pyautograd.bool, not 'int32'",
    ),
    (
        lambda: ag.as_tensor([1], dtype=complex),
        TypeError,
        "dtype must be pyautograd.float64, pyautograd.int64 or pyautograd.bool, not "
        "<class 'complex'>",
    ),
    # numbers and sizes
    (
        lambda: ag.arange(),
        TypeError,
        "arange() received an invalid combination of arguments - got (), but expected one of:\n"
        " * (Number end, *, dtype dtype=None, bool requires_grad=False, device device=None, "
        "Tensor out=None)\n"
        " * (Number start, Number end, Number step=1, *, dtype dtype=None, "
        "bool requires_grad=False, device device=None, Tensor out=None)",
    ),
    (
        lambda: ag.linspace("a", 1, 2),
        TypeError,
        "linspace(): argument 'start' must be Number, not str",
    ),
    (
        lambda: ag.linspace(0, 1, 2.5),
        TypeError,
        "linspace(): argument 'steps' must be int, not float",
    ),
    (lambda: ag.eye("a"), TypeError, "eye(): argument 'n' must be int, not str"),
    (lambda: ag.eye(2, "a"), TypeError, "eye(): argument 'm' must be int, not str"),
    (
        lambda: ag.full((2,), [1]),
        TypeError,
        "full(): argument 'fill_value' must be Number, not list",
    ),
    (
        lambda: ag.full((2, "a"), 3),
        TypeError,
        "full(): argument 'size' must be tuple of ints, not str",
    ),
    (
        lambda: ag.full_like(3, 4),
        TypeError,
        "full_like(): argument 'input' must be Tensor, not int",
    ),
    (lambda: ag.zeros_like(3), TypeError, "zeros_like(): argument 'input' must be Tensor, not int"),
    (
        lambda: ag.zeros([1] * 65),
        RuntimeError,
        "zeros(): at most 32 dimensions are supported, got 65",
    ),
    (lambda: ag.manual_seed(2**64), ValueError, "manual_seed() takes an int of at most 64 bits"),
    (
        lambda: ag.manual_seed(-(2**63) - 1),
        ValueError,
        "manual_seed() takes an int of at most 64 bits",
    ),
    (
        lambda: ag.ones(()).size(0),
        IndexError,
        "Dimension specified as 0 but tensor has no dimensions",
    ),
    (lambda: ag.numel(3), TypeError, "numel(): argument 'input' must be Tensor, not int"),
    (
        lambda: ag.set_cache_limit(-1),
        ValueError,
        "set_cache_limit expects a number of bytes, 0 or more",
    ),
    # the constructor
    (lambda: ag.Tensor(a=1), TypeError, "Tensor() takes no keyword arguments"),
    (lambda: ag.Tensor(2.5), TypeError, "new(): data must be a sequence (got float)"),
    (lambda: ag.Tensor("ab"), TypeError, "new(): data must be a sequence (got str)"),
    (lambda: ag.Tensor(2, -1), RuntimeError, "Tensor: Dimension size must be non-negative."),
    # operands
    (lambda: ag.sin(1.0), TypeError, "sin(): argument 'input' must be Tensor, not float"),
    (
        lambda: ag.ones(2).clamp("a"),
        TypeError,
        "clamp(): argument 'min' must be Tensor or Number, not str",
    ),
    (lambda: pow(ag.ones(2), 2, 3), TypeError, "pow() of a Tensor takes no third argument"),
    (
        lambda: ag.where(1, 2, 3),
        TypeError,
        "where(): argument 'condition' must be Tensor, array or bool, not int",
    ),
    (
        lambda: ag.where(ag.ones(2) > 0, "a", 1.0),
        TypeError,
        "where(): argument 'input' must be Tensor, array or Number, not str",
    ),
    (
        lambda: "a" in ag.ones(2),
        RuntimeError,
        "Tensor.__contains__ only supports Tensor or scalar, but you passed in a <class 'str'>.",
    ),
    # writes
    (
        lambda: ag.ones(2).fill_(ag.ones(1)),
        RuntimeError,
        "fill_ only supports 0-dimension value tensor but got tensor with 1 dimensions.",
    ),
    (
        lambda: ag.ones(2).fill_([1]),
        TypeError,
        "fill_(): argument 'value' must be Number, not list",
    ),
    (
        lambda: ag.ones(2).copy_("ab"),
        TypeError,
        "copy_(): argument 'value' must be Tensor, array or Number, not str",
    ),
    # indices
    (lambda: ag.ones(2)[..., ...], IndexError, "an index can only have a single ellipsis ('...')"),
    (
        lambda: ag.ones(())[0],
        IndexError,
        "invalid index of a 0-dim tensor. Use `tensor.item()` to convert a 0-dim tensor to a "
        "number",
    ),
    (lambda: next(reversed(ag.ones(()))), TypeError, "len() of a 0-d tensor"),
    # what a tensor has
    (
        lambda: ag.ones(2).mT,
        RuntimeError,
        "tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.",
    ),
    (lambda: setattr(ag.ones(2), "requires_grad", 3), RuntimeError, "requires_grad must be a bool"),
    (lambda: delattr(ag.ones(2), "requires_grad"), RuntimeError, "requires_grad must be a bool"),
    (
        lambda: delattr(ag.ones(2), "data"),
        RuntimeError,
        "Deleting tensor data is not allowed. Delete tensor instead!",
    ),
    (
        lambda: ag.ones(2).as_subclass(int),
        TypeError,
        "as_subclass(): argument 'cls' must be a subclass of Tensor, not <class 'int'>",
    ),
    (
        lambda: ag.ones(2).__deepcopy__([]),
        TypeError,
        "__deepcopy__(): argument 'memo' must be dict, not list",
    ),
    (
        lambda: ag.ones(2).__array_wrap__([1]),
        TypeError,
        "__array_wrap__(): argument 'array' must be numpy.ndarray, not list",
    ),
    (
        lambda: ag.ones(2).__array__(dtype="no type"),
        TypeError,
        "data type 'no type' not understood",
    ),
    # the tape
    (
        lambda: (leaf(1.0) * 2).grad_fn.variable,
        AttributeError,
        "'MulBackward0' object has no attribute 'variable'",
    ),
    (lambda: type((leaf(1.0) * 2).grad_fn)(), TypeError, "cannot create 'MulBackward0' instances"),
    (lambda: ag.autograd.Node(), TypeError, "cannot create 'pyautograd.autograd.Node' instances"),
    (
        lambda: ag.autograd.grad(leaf(1.0), None),
        TypeError,
        "grad(): argument 'inputs' must be Tensor or tuple of Tensors, not NoneType",
    ),
    (
        lambda: ag.autograd.grad(leaf(1.0), leaf(1.0), materialize_grads=True, allow_unused=False),
        ValueError,
        "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
        "allow_unused=False.",
    ),
    (lambda: ag.autograd.grad(3, 4), TypeError, "outputs must be Tensors, but got int"),
    # grad modes
    (lambda: ag.no_grad(3), TypeError, "no_grad(): argument 'orig_func' must be callable, not int"),
    (
        lambda: ag.no_grad()(3),
        TypeError,
        "grad mode decorator(): argument 'func' must be callable, not int",
    ),
    (
        lambda: ag.set_grad_enabled(1),
        TypeError,
        "set_grad_enabled(): argument 'mode' must be bool, not int",
    ),
    (
        lambda: ag.no_grad().__exit__(None, None, None),
        RuntimeError,
        "this grad mode object was not entered",
    ),
    # doors for tests
    (
        lambda: ag._core._tensor_from_address(0),
        ValueError,
        "_tensor_from_address() of a null pointer",
    ),
    (lambda: ag._core._tensor_from_address("a"), TypeError, "an integer is required"),
]


@pytest.mark.parametrize(("call", "error", "text"), EXACT, ids=[text[:40] for _, _, text in EXACT])
def test_exact_texts(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error and str(caught.value) == text


class Fails:
    """A value whose truth, index and number are errors of its own."""

    def __bool__(self) -> bool:
        raise KeyError("own")

    def __index__(self) -> int:
        raise KeyError("own")


@pytest.mark.parametrize(
    "call",
    [
        lambda: ag.autograd.grad(leaf(1.0), leaf(1.0), materialize_grads=Fails()),
        lambda: ag.autograd.grad(leaf(1.0), leaf(1.0), allow_unused=Fails()),
        lambda: leaf(1.0).backward(retain_graph=Fails()),
        lambda: leaf(1.0).backward(create_graph=Fails()),
        lambda: ag.zeros(Fails()),
        lambda: ag.zeros((2, Fails())),
        lambda: ag.ones(2).sum(Fails()),
        lambda: ag.ones(2)[Fails()],
        lambda: ag.manual_seed(Fails()),
        lambda: ag.set_num_threads(Fails()),
    ],
)
def test_errors_of_values_that_fail_pass_through(call: Callable[[], Any]) -> None:
    with pytest.raises(KeyError, match="own"):
        call()


def test_a_list_of_sizes_that_changes_while_it_is_read() -> None:
    class Shrinks:
        def __index__(self) -> int:
            sizes.clear()
            return 2

    sizes: list[Any] = [Shrinks(), 3]
    with pytest.raises(RuntimeError, match=r"zeros\(\): 'size' changed while it was read"):
        ag.zeros(sizes)


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


def test_sizes_whose_product_overflows_beside_a_size_of_0() -> None:
    nothing, wide = ag.zeros(0, 3), ag.zeros(0, 1, 1)
    with pytest.raises(RuntimeError, match=r"^Storage size calculation overflowed with sizes="):
        ag.zeros(2**62, 2**62, 0)
    with pytest.raises(RuntimeError, match=r"^numel: integer multiplication overflow$"):
        nothing.view(2**62, 2**62, 0)
    for call in (
        lambda: ag.zeros(0, 2**62, 2**62),
        lambda: ag.rand(2**40, 0, 2**40),
        lambda: nothing.reshape(2**62, 0, 2**62),
        lambda: nothing.expand(2**62, 2**62, 0, 3),
        lambda: wide.expand(0, 2**62, 2**62),
        lambda: wide + ag.zeros(1).expand(1, 2**40, 1) + ag.zeros(1).expand(1, 1, 2**40),
        lambda: ag.zeros(2**31, 2**31, 0).mean(2),
        lambda: ag.zeros(2**31, 2**31, 0).sum(2, keepdim=True),
    ):
        with pytest.raises(RuntimeError):
            call()


def test_large_sizes_beside_a_size_of_0() -> None:
    """As in PyTorch: nothing is there, but its shape is."""
    x = ag.zeros(2**31, 0, 2**31, requires_grad=True)
    assert x.stride() == (2**31, 2**31, 1)
    assert x.permute(1, 0, 2).flatten(1).shape == (0, 2**62)
    assert x.sum((0, 2)).shape == (0,) and x.sum().item() == 0.0
    part = x[2**30 :: 2**29, :, -1].unsqueeze(0)[..., 7:]
    assert part.shape == (1, 2, 0) and part.tolist() == [[[], []]]
    (part * 2).sum().backward()
    assert x.grad.shape == x.shape


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
