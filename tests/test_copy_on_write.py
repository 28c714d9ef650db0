# SPDX-License-Identifier: MIT
"""Writes in place to what was saved: the error that they are by default, and the copies that they
make under `copy_on_write` and `allow_mutation_on_saved_tensors`."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from written_programs import gradients, random_program

import pyautograd as ag
from pyautograd.autograd import copy_on_write
from pyautograd.autograd.graph import (
    allow_mutation_on_saved_tensors,
    save_on_cpu,
    saved_tensors_hooks,
)
from pyautograd.utils.checkpoint import checkpoint

BOTH = pytest.mark.parametrize("mode", [copy_on_write, allow_mutation_on_saved_tensors])
MORE_THAN_PENDS = 24576


def leaf(n: int = 3) -> ag.Tensor:
    return (ag.arange(n) + 1.0).requires_grad_()


# ---- the error -----------------------------------------------------------------------------------


def test_the_error_says_who_saved_who_wrote_and_what_to_do() -> None:
    x = leaf()
    y = x.sin()
    z = y * y  # saved here
    y.mul_(2.0)  # written here
    with pytest.raises(RuntimeError) as caught:
        z.sum().backward()
    text = str(caught.value)
    for part in (
        "[Tensor [3]], which is output 0 of Sin, is at version 1; expected version 0",
        "MulBackward0 saved it",
        "autograd.copy_on_write(True)",
        "autograd.graph.allow_mutation_on_saved_tensors()",
        "It was last written in place at ",
        "MulBackward0 was recorded at ",
    ):
        assert part in text
    lines = [int(part.split()[0]) for part in text.split(f"{__file__}:")[1:]]
    assert lines[1] == lines[0] - 1  # written, saved
    assert x.grad is None


def test_what_was_saved_before_the_mode_is_told_of() -> None:
    x = leaf()
    y = x * 1
    z = (y * y).sum()
    with copy_on_write(), pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.zero_()
        z.backward()


# ---- random programs -----------------------------------------------------------------------------


def agree(found: list[Any], expected: list[Any]) -> bool:
    """Also where the last bits of large numbers cancel."""
    if len(found) != len(expected):
        return False
    for a, b in zip(found, expected, strict=True):
        if (a is None) != (b is None):
            return False
        if a is not None and not np.allclose(a, b, 1e-9, 1e-9 * max(1.0, np.abs(b).max())):
            return False
    return True


def is_refused(program: Any, numbers: Any) -> bool:
    try:
        gradients(ag, program, numbers, 1, clones=False)
    except RuntimeError:
        return True
    return False


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("size", "programs"), [(6, 150), (MORE_THAN_PENDS, 15)])
def test_random_programs(size: int, programs: int, order: int) -> None:
    """Gradients are those of programs in which nothing that was saved is written."""
    refused = 0
    for seed in range(programs):
        program = random_program(seed)
        numbers = np.random.default_rng(seed).uniform(0.5, 1.5, (2, size))
        expected = gradients(ag, program, numbers, order, clones=True)
        with copy_on_write():
            found = gradients(ag, program, numbers, order, clones=False)
        assert agree(found, expected), (seed, program)
        refused += is_refused(program, numbers)
    assert refused > programs // 2, "the mode made no difference"


# ---- the switch ----------------------------------------------------------------------------------


def is_on() -> bool:
    """Whether it is, as the gradient has it."""
    x = leaf()
    y = x * 1
    z = (y * y).sum()
    y.zero_()
    try:
        z.backward()
    except RuntimeError:
        return False
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 4.0, 6.0]
    return True


def test_the_switch() -> None:
    assert not is_on()
    copy_on_write()
    assert is_on()
    with copy_on_write(False):
        assert not is_on()
        with copy_on_write(True):
            assert is_on()
        assert not is_on()
    assert is_on()
    copy_on_write(False)
    assert not is_on()


def test_the_switch_takes_a_bool() -> None:
    with pytest.raises(TypeError, match="bool"):
        copy_on_write(1)  # type: ignore[arg-type]
    assert not is_on()


def test_the_switch_is_of_a_thread() -> None:
    with copy_on_write(), ThreadPoolExecutor(1) as other:
        assert not other.submit(is_on).result()
        assert is_on()


def test_the_block_ends_with_an_error() -> None:
    with pytest.raises(ZeroDivisionError), allow_mutation_on_saved_tensors():
        raise ZeroDivisionError
    assert not is_on()
    with allow_mutation_on_saved_tensors():
        assert is_on()


def test_the_block_as_a_decorator() -> None:
    assert allow_mutation_on_saved_tensors()(is_on)()
    assert not is_on()


def test_blocks_are_not_nested() -> None:
    with allow_mutation_on_saved_tensors():
        with pytest.raises(RuntimeError, match="contexts cannot be nested"):
            allow_mutation_on_saved_tensors().__enter__()
        assert is_on()
        with copy_on_write(False):  # inside what stands in the row of hooks that is of no account
            assert is_on()


# ---- who writes, and how -------------------------------------------------------------------------


def quietly(write: Callable[[ag.Tensor], Any]) -> Callable[[ag.Tensor], None]:
    def written(y: ag.Tensor) -> None:
        with ag.no_grad():
            write(y)

    return written


def in_a_thread(y: ag.Tensor) -> None:
    thread = threading.Thread(target=quietly(lambda y: y.zero_()), args=(y,))
    thread.start()
    thread.join()


def by_an_optimiser(y: ag.Tensor) -> None:
    part = y.detach().requires_grad_()
    part.grad = ag.ones_like(part)
    ag.optim.SGD([part], lr=0.5).step()


WRITERS: dict[str, Callable[[ag.Tensor], Any]] = {
    "fill": lambda y: y.zero_(),
    "arithmetic": lambda y: y.mul_(3),
    "function": lambda y: y.exp_(),
    "operator": lambda y: y.__iadd__(y),
    "with itself": lambda y: y.mul_(y),
    "element": lambda y: y.__setitem__(1, 7.0),
    "mask": lambda y: y.__setitem__(y.detach() > 1.5, 0.0),
    "index": lambda y: y.__setitem__(ag.tensor([2, 0]), 1.0),
    "index_add": lambda y: y.index_add_(0, ag.tensor([0]), ag.ones(1)),
    "part": lambda y: y[1:].mul_(3),
    "view": lambda y: y.view(3, -1)[:, 0].add_(1),
    "copy": lambda y: y.copy_(ag.zeros(1)),
    "array": lambda y: y.copy_(ag.from_numpy(np.zeros(1))),
    "random": quietly(lambda y: y.normal_()),
    "quiet": quietly(lambda y: y.zero_()),
    "out": quietly(lambda y: ag.add(y.detach(), 1.0, out=y.detach())),
    "data": lambda y: y.data.zero_(),
    "detached": lambda y: y.detach().zero_(),
    "by numpy": lambda y: y.detach().numpy().fill(5.0),
    "by a buffer": lambda y: memoryview(y.detach()).__setitem__(0, 5.0),
    "turned": lambda y: y.unsqueeze_(0),
    "an optimiser": by_an_optimiser,
    "a thread": in_a_thread,
}
USES: dict[str, Callable[[ag.Tensor], ag.Tensor]] = {
    "operand": lambda y: (y * y).sum(),
    "both": lambda y: (y * y.sin() + y / (y * y)).sum(),
    "result": lambda y: (y * 0.1).exp().sum() + y.sum() * 0,
    "product": lambda y: y.view(3, -1)[:, 0] @ y.view(3, -1)[:, 0],
    "rows": lambda y: (y * 0.01).view(3, -1).softmax(0)[0].sum(),
    "reduction": lambda y: (y / y.numel()).prod() + y.norm(),
    "part": lambda y: (y[1:] * y[:-1]).sum() + y[::2].sqrt().sum(),
}


@pytest.mark.parametrize(
    ("mode", "n"),
    [(copy_on_write, 3), (allow_mutation_on_saved_tensors, 3), (copy_on_write, MORE_THAN_PENDS)],
)
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("writer", WRITERS)
def test_all_writes(writer: str, use: str, mode: Any, n: int) -> None:
    def gradient(write: Callable[[ag.Tensor], Any] | None) -> list[float]:
        x = leaf(n)
        y = x * 1
        z = USES[use](y)
        if write is not None:
            write(y)
        (g,) = ag.autograd.grad(z, x)
        return g.tolist()

    expected = gradient(None)
    with mode():
        found = gradient(WRITERS[writer])
    assert np.allclose(found, expected, 1e-13, 0.0)


def test_the_result_of_an_operation_is_written() -> None:
    with copy_on_write():
        for name in ("exp", "sigmoid", "tanh", "sqrt", "reciprocal", "softplus"):
            x = leaf()
            y = getattr(ag, name)(x)
            z = y.sum()
            y.zero_()
            (g,) = ag.autograd.grad(z, x)
            assert g.tolist() == ag.autograd.grad(getattr(ag, name)(x).sum(), x)[0].tolist()


def test_a_leaf_is_written_quietly() -> None:
    """Also the leaf is, at second order, where the gradient's history begins."""
    with copy_on_write():
        x = leaf()
        z = (x * x * x).sum()
        with ag.no_grad():
            x.mul_(10.0)
        (first,) = ag.autograd.grad(z, x, create_graph=True)
        assert first.tolist() == [3.0, 12.0, 27.0]
        with ag.no_grad():
            x.zero_()
        first.sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [6.0, 12.0, 18.0]
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            x.mul_(2.0)


def test_nothing_has_no_numbers() -> None:
    with copy_on_write():
        x = ag.zeros(0, 3, requires_grad=True)
        y = x * 1
        z = (y * y).sum() + (y[:, 1] * y[:, 2]).sum()
        y.add_(1.0)
        z.backward()
        assert x.grad is not None
        assert x.grad.shape == (0, 3)


def test_each_version_has_its_copy() -> None:
    with copy_on_write():
        x = leaf(2)
        y = x * 1
        total = ag.tensor(0.0)
        for _ in range(5):
            total = total + (y * y).sum()
            y.mul_(2.0)
    total.backward()  # the sum of (2 ** k x) ** 2
    assert x.grad is not None
    assert x.grad.tolist() == [2.0 * 341, 4.0 * 341]


def test_gradients_that_were_used_are_added_to() -> None:
    with copy_on_write():
        x, w = leaf(2), leaf(2)
        (x * x).sum().backward()
        assert x.grad is not None
        z = (x.grad * w).sum()
        (x * x).sum().backward()  # into the same .grad
        z.backward()
    assert w.grad is not None
    assert w.grad.tolist() == [2.0, 4.0]


def test_an_optimiser_steps_between() -> None:
    p = leaf(2)
    with copy_on_write():
        loss = (p**3).sum()
    for kind in (ag.optim.SGD, ag.optim.Adam):
        optimiser = kind([p], lr=0.1)
        p.grad = None
        loss.backward(retain_graph=True)
        optimiser.step()
        p.grad = None
        loss.backward(retain_graph=True)
        assert p.grad is not None
        assert p.grad.tolist() == [3.0, 12.0]


# ---- memory --------------------------------------------------------------------------------------


def test_what_is_written_stays_where_it_is() -> None:
    with copy_on_write():
        y = leaf() * 1
        array, address = y.detach().numpy(), y.data_ptr()
        part = y[1:]
        z = (y * y).sum()
        y.mul_(10.0)
        assert y.data_ptr() == address
        assert array.tolist() == [10.0, 20.0, 30.0]
        assert part.tolist() == [20.0, 30.0]
        z.backward()


def test_arrays_that_share_memory_are_written() -> None:
    """Before, after and between the uses: nobody says so."""
    numbers = np.array([1.0, 2.0])
    with copy_on_write():
        x = ag.from_numpy(numbers).requires_grad_()
        z = (x * x).sum()
        numbers[:] = 10.0
        z = z + (x * x).sum()
        numbers[:] = 100.0
        z.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [22.0, 24.0]


def held(work: Callable[[], Any]) -> int:
    """Bytes that are alive after `work` as long as what it returns is."""
    gc.collect()
    before = ag.memory_allocated()
    kept = work()
    gc.collect()
    found = ag.memory_allocated() - before
    del kept
    gc.collect()
    assert ag.memory_allocated() == before
    return found


def test_saved_values_share_a_copy_and_it_goes() -> None:
    n = 1 << 17

    def work(writes: int) -> ag.Tensor:
        x = ag.ones(n, requires_grad=True)
        with copy_on_write():
            y = x * 2
            total = (y * y).sum() + (y * y[: n // 2].sum()).sum() + y.sin().sum()
            total.item()
            for _ in range(writes):
                y.add_(1.0)
        return total

    once = held(lambda: work(1))
    assert held(lambda: work(3)) == once
    assert once < held(lambda: work(0)) + 64 * n // 10 + 4096


def test_a_small_part_of_a_large_tensor_is_copied_alone() -> None:
    def steps(saves: bool) -> Any:
        x = ag.ones(4, requires_grad=True)
        history = ag.zeros(200, 4)
        history[0] = x
        with copy_on_write():
            for k in range(1, 200):
                history[k] = history[k - 1] * (history[k - 1] if saves else 0.5)
        return history

    assert held(lambda: steps(True)) < held(lambda: steps(False)) + 200 * 1024
    x = ag.ones(4, requires_grad=True)
    history = ag.zeros(8, 4)
    history[0] = x
    with copy_on_write():
        for k in range(1, 8):
            history[k] = history[k - 1] * history[k - 1]
    history[-1].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [128.0] * 4


def test_a_backward_lets_go_of_copies() -> None:
    def work() -> ag.Tensor:
        x = ag.ones(1 << 17, requires_grad=True)
        with copy_on_write():
            y = x * 2
            z = (y * y).sum()
            y.zero_()
        z.backward()
        x.grad = None
        return z

    assert held(work) < (8 << 17) + 4096  # the leaf's


# ---- with others ---------------------------------------------------------------------------------


def test_hooks_inside_have_what_is_saved() -> None:
    seen = []
    with copy_on_write():
        x = leaf()
        y = x * 1
        with saved_tensors_hooks(lambda t: seen.append(t.tolist()) or t.tolist(), ag.tensor):
            z = (y * y).sum()
        y.zero_()
        z.backward()
    assert len(seen) == 2
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 4.0, 6.0]


@BOTH
@pytest.mark.parametrize("order", [1, 2])
def test_what_hooks_leave_to_the_library_is_copied(order: int, mode: Any) -> None:
    for hooks in (save_on_cpu(), saved_tensors_hooks(lambda t: t, lambda t: t)):
        with mode():
            x = leaf()
            y = x * 1
            with hooks:
                z = (y * y * x).sum()
            y.zero_()
        with ag.no_grad():
            x.mul_(7.0)
        (g,) = ag.autograd.grad(z, x, create_graph=True)
        if order == 2:
            (g,) = ag.autograd.grad(g.sum(), x)
        assert g.tolist() == ([3.0, 12.0, 27.0] if order == 1 else [6.0, 12.0, 18.0])


def test_a_checkpointed_function_writes() -> None:
    def function(x: ag.Tensor) -> ag.Tensor:
        y = x * 2
        z = y * y
        y.add_(1.0)
        return z.exp() * y

    def gradient(around: Callable[..., Any]) -> float:
        x = ag.ones(1, requires_grad=True)
        with copy_on_write():
            z = around(function, x)
        z.backward()
        assert x.grad is not None
        return float(x.grad.item())

    plain = gradient(lambda f, x: f(x))
    assert plain == pytest.approx(26 * np.exp(4.0))
    assert gradient(lambda f, x: checkpoint(f, x, use_reentrant=False)) == pytest.approx(plain)
    outer = lambda f, x: checkpoint(  # noqa: E731
        lambda x: checkpoint(f, x, use_reentrant=False), x, use_reentrant=False
    )
    assert gradient(outer) == pytest.approx(plain)


def test_arguments_of_a_checkpointed_function_are_written() -> None:
    x = leaf()
    with copy_on_write():
        y = x * 1
        z = checkpoint(lambda y: (y * y).sin(), y, use_reentrant=False).sum()
        y.zero_()
        with ag.no_grad():
            x.mul_(5.0)
    z.backward()
    assert x.grad is not None
    assert np.allclose(x.grad.numpy(), [2 * v * np.cos(v * v) for v in (1.0, 2.0, 3.0)])


def test_functions_of_ones_own() -> None:
    class Square(ag.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: ag.Tensor) -> ag.Tensor:
            y = x * x
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx: Any, g: ag.Tensor) -> ag.Tensor:
            x, y = ctx.saved_tensors
            return g * 2 * y / x

    with copy_on_write():
        x = leaf()
        y = x * 1
        z = Square.apply(y)
        total = z.sum()
        y.zero_()
        z.zero_()
        (g,) = ag.autograd.grad(total, x, create_graph=True)
        assert g.tolist() == [2.0, 4.0, 6.0]


def test_the_graph_knows_what_is_kept() -> None:
    with copy_on_write():
        x = leaf()
        y = x * 1
        z = (y * y).sum()
    assert str(ag.graph(z)).startswith("3 nodes, 1 leaf, 24 bytes kept")
    y.zero_()
    assert str(ag.graph(z)).startswith("3 nodes, 1 leaf, 24 bytes kept")


def test_threads_save_and_write_side_by_side() -> None:
    def work(seed: int) -> bool:
        with copy_on_write():
            for k in range(60):
                n = 5 if k % 3 else 9000
                x = leaf(n)
                y = x * 1
                many = [(y * y).sum() for _ in range(20)]
                y.mul_(float(seed))
                y[0] = 4.0
                for z in many:
                    z.backward()
                if x.grad is None or x.grad[1].item() != 80.0:
                    return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(4)))
