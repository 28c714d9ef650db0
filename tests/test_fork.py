# SPDX-License-Identifier: MIT
"""os.fork() while other threads are in the library: it returns, and the children work."""

from __future__ import annotations

import os
import sys

import pytest

from support import plain_build_only, run_python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

# 600 forks: with a lock taken out of order the first 50 of them never got through.
BESIDE_THREADS = """
    import json, os, sys, threading, warnings
    import numpy as np
    import pyautograd as ag

    warnings.simplefilter("ignore")  # that the process has threads
    ag.set_num_threads(2)
    stop = False
    expected = np.cos(np.linspace(0, 1, 50_000)).sum()

    def work():
        while not stop:
            (ag.rand(50_000) * 2).sin().sum().item()

    def child():
        x = ag.tensor(np.linspace(0, 1, 50_000), requires_grad=True)
        x.sin().sum().backward()
        ag.rand(50_000).sum().item()  # in a child, random numbers have no lock left taken
        ag.memory_stats()
        other = threading.Thread(target=lambda: x.exp().sum().backward())
        other.start()
        other.join()
        right = expected + np.exp(np.linspace(0, 1, 50_000)).sum()
        return 0 if abs(x.grad.sum().item() - right) < 1e-6 and ag.get_num_threads() == 2 else 1

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    statuses = []
    for k in range(600):
        pid = os.fork()
        if pid == 0:
            os._exit(child() if k % 20 == 0 else 0)
        statuses.append(os.waitpid(pid, 0)[1])
    stop = True
    for thread in threads:
        thread.join()
    print(json.dumps([len(statuses), sum(statuses)]))
"""


def test_forks_beside_threads_that_compute() -> None:
    assert run_python(BESIDE_THREADS) == [600, 0]


# A fork that the interpreter knows nothing of, with its lock held: the handler lets the lock go.
# Such a child must keep the interpreter's lock to its end: it would wait for threads that it does
# not have. So no thread may ask for the lock (the long interval), and what it computes is short,
# which in builds for testing nothing is.
UNANNOUNCED = """
    import ctypes, json, os, sys, threading
    import numpy as np
    import pyautograd as ag

    sys.setswitchinterval(1000)
    fork = ctypes.PyDLL(None).fork
    x = ag.tensor(np.linspace(0, 1, 10_000), requires_grad=True)
    stop = False

    def work():
        while not stop:
            (ag.rand(50_000) * 2).sin().sum().item()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    statuses = []
    for k in range(100):
        pid = fork()
        if pid == 0:
            value = (x * 2).sum().item()  # needs the lock of those who compute
            os._exit(0 if abs(value - 10_000) < 1e-6 else 1)
        statuses.append(os.waitpid(pid, 0)[1])
    stop = True
    for thread in threads:
        thread.join()
    print(json.dumps([len(statuses), sum(statuses)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs the C library's own fork")
@plain_build_only
def test_forks_by_c_code_that_holds_the_interpreter_lock() -> None:
    assert run_python(UNANNOUNCED) == [100, 0]


# The child's new thread has the stack, and so the addresses, of the one that was in a backward.
IN_A_BACKWARD = """
    import json, os, threading, time, warnings
    import pyautograd as ag
    from pyautograd import _core

    warnings.simplefilter("ignore")
    leaves = [ag.ones(20_000, requires_grad=True) for _ in range(60)]
    ready, go = threading.Event(), threading.Event()

    def work(n):
        loss = sum(leaves[k] * (k + 2) for k in range(n)).sum()
        loss.item()
        ready.set()
        go.wait()
        loss.backward()

    def right(n):
        return all(leaves[k].grad[7].item() == k + 2 for k in range(n))

    thread = threading.Thread(target=work, args=(60,))
    thread.start()
    ready.wait()
    _core._before_fork()  # the thread's backward begins and waits, with all leaves in its hands
    go.set()
    time.sleep(0.3)
    pid = os.fork()
    if pid == 0:
        thread = threading.Thread(target=work, args=(5,))
        thread.start()
        thread.join()
        os._exit(0 if right(5) and leaves[5].grad is None else 1)
    _core._after_fork()
    status = os.waitpid(pid, 0)[1]
    thread.join()
    print(json.dumps([status, right(60)]))
"""


def test_a_fork_in_the_middle_of_a_backward() -> None:
    """Leaves that the parent's thread had in its hands are free for the child."""
    assert run_python(IN_A_BACKWARD) == [0, True]


def test_waiting_for_a_fork_is_told_of_once() -> None:
    """The calls around a fork pair up, whatever comes first."""
    assert run_python(
        """
        import json, os, threading
        import pyautograd as ag
        from pyautograd import _core

        _core._after_fork()  # the library was loaded while a fork was on
        _core._before_fork()
        _core._before_fork()
        _core._after_fork()
        done = []
        thread = threading.Thread(target=lambda: done.append((ag.ones(9000) * 2).sum().item()))
        thread.start()
        thread.join(20)
        print(json.dumps(done))
        """
    ) == [18000.0]
