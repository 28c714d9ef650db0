# SPDX-License-Identifier: MIT
"""Threads that use and change the same tensors, for test_races.py: `python racing.py NAME SECONDS`.

Each scenario is a set of functions that threads of their own call again and again. What they do is
legal and its outcome undefined, but for this: nothing crashes, and what is read is a value that
somebody wrote. Exit status 0, and the errors that were not expected, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import pyautograd as ag

Work = Callable[[], Any]

# At 20,000 elements values pend, so that other threads run while they are computed. In builds for
# testing they do from a few dozens on.
N = 20_000 if ag.explain(ag.ones(300) * 2).startswith("computed") else 300


def race(seconds: float, *works: Work) -> list[str]:
    """Each work in a thread of its own, again and again; what they raised."""
    errors: list[str] = []
    stop = threading.Event()

    def loop(work: Work) -> None:
        try:
            while not stop.is_set():
                work()
        except Exception as error:
            errors.append(repr(error))
            stop.set()

    threads = [threading.Thread(target=loop, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return errors


def tolerant(work: Callable[..., Any], *args: Any) -> Work:
    """Shapes that do not fit each other are an error like any other, and so are freed graphs."""

    def call() -> None:
        with contextlib.suppress(RuntimeError, ValueError, IndexError, TypeError):
            work(*args)

    return call


def busy() -> None:
    """Keeps the lock of those who compute, so that others wait for it."""
    (ag.ones(N) * 2).sin().sum().item()


# ---- what backward reads and writes --------------------------------------------------------------


def hogwild(seconds: float) -> list[str]:
    """Gradients are dropped while another thread's backward adds to them."""
    leaves = [ag.ones(N, requires_grad=True) for _ in range(4)]

    def drop() -> None:
        for x in leaves:
            x.grad = None

    def step() -> None:
        drop()
        sum((x * 2).sin().sum() for x in leaves).backward()

    def replace() -> None:
        for x in leaves:
            x.grad = ag.zeros(N)

    def exchange() -> None:
        for x in leaves:
            if (g := x.grad) is not None:
                g.data = ag.zeros(N) + 1.0

    return race(seconds, step, step, drop, replace, exchange)


def retained(seconds: float) -> list[str]:
    """retain_grad() beside writes in place."""
    x = ag.ones(N, requires_grad=True)
    box = [x * 1]

    def fresh() -> None:
        box[0] = x * 1
        time.sleep(0.0005)

    return race(
        seconds,
        tolerant(lambda: box[0].mul_(x).sum().item()),
        tolerant(lambda: box[0][1:].mul_(x[1:]).sum().item()),
        tolerant(lambda: box[0].retain_grad()),
        tolerant(lambda: box[0].sum().backward()),
        fresh,
        busy,
    )


def shared_nodes(seconds: float) -> list[str]:
    """Backwards that free what they share, at the same time."""
    x = ag.ones(N, requires_grad=True)
    losses: list[Any] = []
    barrier = threading.Barrier(2)

    def make() -> list[Any]:
        y = (x * 2).exp() * x.sin()
        z = y * y.cos()
        return [z.sum(), (z * x).sum()]

    def backward(k: int) -> Work:
        def call() -> None:
            try:
                barrier.wait(1)
                if k == 0:
                    losses[:] = make()
                barrier.wait(1)
            except threading.BrokenBarrierError:
                return
            tolerant(losses[k].backward)()

        return call

    return race(seconds, backward(0), backward(1), busy, busy)


# ---- memory that is exchanged --------------------------------------------------------------------


def memories() -> list[Any]:
    """Other memory for a tensor: smaller, larger, of other dimensions, pending, strided."""
    return [
        ag.ones(3),
        (ag.ones(N) * 2).sin(),
        ag.ones(2, N) * 2,
        ag.ones(15 * N) * 2,
        ag.ones(1) * 1,
        (ag.ones(20, N // 20) * 2).t(),
        ag.ones(5 * N),
        ag.ones(N)[::2],
    ]


def exchanged(use: Callable[[Any, Any], Any], leaf: bool) -> Callable[[float], list[str]]:
    """`use` of two tensors in two threads, while others give them other memory and shapes."""

    def scenario(seconds: float) -> list[str]:
        t, u = (ag.ones(N, requires_grad=leaf) for _ in range(2))

        def exchange() -> None:
            for a, b in zip(memories(), reversed(memories()), strict=True):
                t.data, u.data = a, b

        def drop() -> None:
            t.grad = u.grad = None

        return race(
            seconds, tolerant(use, t, u), tolerant(use, t, u), exchange, drop if leaf else busy
        )

    return scenario


def wrote(x: Any, write: Work) -> Any:
    write()
    return x.sum().backward()


def view_written(t: Any, u: Any) -> None:
    y = t * 1
    y[1:].mul_(u)
    y.sum().backward()


def small_list(t: Any, u: Any) -> Any:
    return t.tolist() if t.numel() < 100 else repr(t)


PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "maps": lambda t, u: (t * 2 + u).sin().sum().item(),
    "powers": lambda t, u: (t**u).sum().item() + (t.t() / u.t()).mean().item(),
    "choices": lambda t, u: (ag.where(t, u, 1.0).sum().item(), t.clamp(u, 2.0).sum().item()),
    "compared": lambda t, u: (t > u, t <= 1.0),
    "sums": lambda t, u: (t.sum(0), u.mean(), t.sum(-1).sum().item()),
    "extremes": lambda t, u: (t.amax(0), u.amin(), t.amax(-1).sum().item()),
    "formulas": lambda t, u: (
        t.std().item(),
        u.var(0).sum().item(),
        t.logsumexp(0).sum().item(),
        u.softmax(-1).sum().item(),
        t.aminmax().max.item(),
        u.div(t, rounding_mode="trunc").sum().item(),
    ),
    "split": lambda t, u: (t.split(3)[0].sum().item(), u.chunk(2)[0].sum().item()),
    "parts": lambda t, u: (t[1:].sum().item(), u[0], t[-1]),
    "read": lambda t, u: (small_list(t, u), u.data_ptr(), t.item()),
    "buffers": lambda t, u: (bytes(memoryview(t)), np.array(u), t.numpy()),
    "copied": lambda t, u: (ag.tensor([t]), u.clone(), t.contiguous(), u.reshape(-1)),
    "in place": lambda t, u: (t.add_(u), u.mul_(0.5), t.sin_(), t.div_(u)),
    "filled": lambda t, u: (t.copy_(u), u.fill_(1.0), t.zero_(), u.__setitem__(slice(1, None), t)),
}
RECORDED: dict[str, Callable[[Any, Any], Any]] = {
    "products": lambda t, u: (t * u).sum().backward(),
    "quotients": lambda t, u: (t / u).exp().sum().backward(),
    "recorded powers": lambda t, u: (t**u).mean().backward(),
    "views": lambda t, u: (t[1:].sin() * 2).sum().backward(),
    "recorded writes": lambda t, u: (t * 1).mul_(u).sum().backward(),
    "writes to views": view_written,
    "recorded formulas": lambda t, u: (t.logsumexp(0) + u.std() * t.softmax(0)).sum().backward(),
    "recorded splits": lambda t, u: (t.split(3)[0].sum() * u.chunk(2)[-1].sum()).backward(),
    "second order": lambda t, u: (
        ag.autograd.grad((t * u).sum(), [t, u], create_graph=True)[0].sum().backward()
    ),
    "own gradient": lambda t, u: (t * u).backward(u),
    "one node": lambda t, u: (t * u).grad_fn(u),
}
SCENARIOS: dict[str, Callable[[float], list[str]]] = {
    "hogwild": hogwild,
    "retained": retained,
    "shared nodes": shared_nodes,
    **{name: exchanged(use, leaf=False) for name, use in PLAIN.items()},
    **{name: exchanged(use, leaf=True) for name, use in RECORDED.items()},
}

if __name__ == "__main__":
    ag.set_num_threads(1)
    sys.setswitchinterval(1e-5)
    print(json.dumps(SCENARIOS[sys.argv[1]](float(sys.argv[2]))))
