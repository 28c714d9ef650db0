# SPDX-License-Identifier: MIT
"""A backward over very many nodes with a hook on each, in the middle of which the process forks and
other threads go backward. 1e5 nodes; `make long` has 1e6."""

from __future__ import annotations

import os
import threading
import warnings
from typing import Any

import pytest

import pyautograd as ag
from support import leaf, values

N = 1_000_000 if os.environ.get("PYAUTOGRAD_LONG_TESTS") else 100_000
pytestmark = pytest.mark.long


def chain(x: Any, n: int, hook: Any) -> Any:
    y = x
    for _ in range(n):
        y = y * 1.0
        y.register_hook(hook)
    return y


def test_a_hook_on_each() -> None:
    x, count = leaf([2.0]), [0]

    def hook(g: Any) -> None:
        count[0] += 1

    y = chain(x, N, hook)
    y.backward()
    assert count[0] == N and values(x.grad).tolist() == [1.0]
    del y
    assert ag._core._live_nodes() < N


@ag.enable_grad()
def child(x: Any) -> int:
    """What a child of fork does: a graph of its own, and one over the parent's leaf."""
    (x * 3).exp().sum().backward()
    own = leaf([1.0, 2.0])
    chain(own, 1000, lambda g: g * 1.0).sum().backward()
    return 0 if values(own.grad).tolist() == [1.0, 1.0] else 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forks_and_threads_in_the_middle() -> None:
    x, shared = leaf([2.0]), leaf([0.5])
    stop, calls, children, failures = threading.Event(), [0], [], []

    def hook(g: Any) -> None:
        calls[0] += 1
        if calls[0] % (N // 5) == 0:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of threads beside a fork
                process = os.fork()
            if process == 0:
                code = 2
                try:
                    code = child(x)
                finally:
                    os._exit(code)
            children.append(process)

    rounds = [0, 0]

    def work(k: int) -> None:
        try:
            while not stop.is_set():
                chain(shared, 200, lambda g: g * 1.0).sum().backward()
                rounds[k] += 1
        except BaseException as error:  # to be raised by the test
            failures.append(error)

    y = chain(x, N, hook)
    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    try:
        y.backward()
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert failures == [] and calls[0] == N and len(children) == 5
    assert [os.waitpid(process, 0)[1] for process in children] == [0] * 5
    assert values(x.grad).tolist() == [1.0]
    assert values(shared.grad).tolist() == [float(sum(rounds))]
