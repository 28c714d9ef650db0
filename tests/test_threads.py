# SPDX-License-Identifier: MIT
"""Threads of Python that share tensors, the library's own threads, and processes that fork."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, leaf, run_python, values


@pytest.fixture(autouse=True)
def threads_restored() -> Iterator[None]:
    before = ag.get_num_threads()
    yield
    ag.set_num_threads(before)


def together(n: int, work: Callable[[int], Any]) -> list[Any]:
    """`work(k)` in n threads that start at the same moment; raises what they raise."""
    barrier = threading.Barrier(n)

    def run(k: int) -> Any:
        barrier.wait()
        return work(k)

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(run, range(n)))


# ---- threads of Python ---------------------------------------------------------------------------


def test_each_thread_its_own_graph() -> None:
    def work(k: int) -> list[float]:
        x = leaf([1.0 * k, 2.0])
        for _ in range(200):
            x.grad = None
            (x * x * k).sum().backward()
        return list(x.grad.tolist())

    assert together(4, work) == [[2.0 * k * k, 4.0 * k] for k in range(4)]


@pytest.mark.parametrize("size", [50, 20_000])
def test_shared_leaves_get_every_gradient(size: int) -> None:
    """Backward of different graphs over the same leaves at the same time: nothing is lost."""
    x, y = leaf(np.ones(size)), leaf(np.ones(size))

    def work(k: int) -> None:
        for _ in range(100):
            (x * (k + 1) + y).sum().backward()

    together(4, work)
    assert np.all(values(x.grad) == 100 * (1 + 2 + 3 + 4)) and np.all(values(y.grad) == 400)


def test_a_shared_inner_node() -> None:
    x = leaf(np.linspace(0, 1, 200))
    shared = x.exp()
    results = together(
        4, lambda k: ag.autograd.grad((shared * (k + 1)).sum(), x, retain_graph=True)[0]
    )
    for k, g in enumerate(results):
        assert np.allclose(values(g), (k + 1) * np.exp(np.linspace(0, 1, 200)), rtol=1e-14)


def test_one_graph_by_several_threads() -> None:
    x = leaf(np.linspace(0.1, 1, 100))
    y = (x.log() * x).sum()
    results = together(
        4, lambda k: [ag.autograd.grad(y, x, retain_graph=True)[0] for _ in range(50)]
    )
    for grads in results:
        for g in grads:
            assert_same_bits(g, results[0][0])


def test_reading_and_writing_at_the_same_time_does_not_crash() -> None:
    x = ag.tensor(np.zeros(5000))

    def work(k: int) -> float:
        total = 0.0
        for _ in range(100):
            if k % 2:
                x.add_(1.0)
            else:
                total += (x * 2).sum().item()
        return total

    together(4, work)
    assert np.all(values(x) <= 200)


def test_creation_and_release_in_different_threads() -> None:
    """Tensors made by one thread and dropped by another: blocks go back where they may."""
    made: list[Any] = []
    lock = threading.Lock()

    def work(k: int) -> None:
        for n in range(500):
            with lock:
                made.append(leaf(np.ones(n % 40 + 1)) * 2)
                if len(made) > 50:
                    made.pop(0)

    together(4, work)
    made.clear()


def test_random_numbers_of_threads_are_different() -> None:
    ag.manual_seed(0)
    draws = together(4, lambda k: values(ag.rand(1000)))
    everything = np.concatenate(draws)
    assert len(np.unique(everything)) > 3990


def test_threads_that_end_leave_nothing() -> None:
    for _ in range(30):
        thread = threading.Thread(target=lambda: (leaf([1.0, 2.0]) * 2).sum().backward())
        thread.start()
        thread.join()


# ---- threads of the library ----------------------------------------------------------------------


def test_set_and_get() -> None:
    for n in (1, 2, 3):
        ag.set_num_threads(n)
        assert ag.get_num_threads() == n


def everything(a: Any) -> list[Any]:
    x = leaf(a)
    y = (x * x + x).sin() * (-x * x).exp()
    z = (
        y.mean()
        + (y * y).sum()
        + x.view(100, -1).sum(0).exp().sum()
        + x.view(-1, 100).mean(1).sum()
    )
    z.backward()
    return [values(y), values(z), values(x.grad)]


def test_the_same_bits_whatever_the_number_of_threads(rng: np.random.Generator) -> None:
    a = rng.standard_normal(200_000)
    ag.set_num_threads(1)
    alone = everything(a)
    for n in (2, 3, 4, 7):
        ag.set_num_threads(n)
        for got, expected in zip(everything(a), alone, strict=True):
            assert_same_bits(got, expected, f"{n} threads")


def test_large_work_from_several_threads_at_once(rng: np.random.Generator) -> None:
    a = rng.standard_normal(200_000)
    ag.set_num_threads(2)
    expected = everything(a)
    for results in together(3, lambda k: everything(a)):
        for got, want in zip(results, expected, strict=True):
            assert_same_bits(got, want)


def test_the_number_comes_from_the_environment() -> None:
    code = "import json, pyautograd as ag; print(json.dumps(ag.get_num_threads()))"
    assert run_python(code, PYAUTOGRAD_NUM_THREADS="3", OMP_NUM_THREADS="2") == 3
    assert run_python(code, PYAUTOGRAD_NUM_THREADS="", OMP_NUM_THREADS="2") == 2
    assert run_python(code, PYAUTOGRAD_NUM_THREADS="no number", OMP_NUM_THREADS="") >= 1


WOKEN = """
    import json, os, time
    import numpy as np
    import pyautograd as ag

    mine = os.sched_getaffinity(0)
    before = set(os.listdir("/proc/self/task"))
    ag.set_num_threads(2)
    x = ag.tensor(np.ones(3_000_000))
    for _ in range(3):
        x.exp().sum().item()
        time.sleep(0.01)  # the worker goes to sleep, so that the next loop wakes it
    workers = set(os.listdir("/proc/self/task")) - before
    allowed = [sorted(os.sched_getaffinity(int(w))) for w in workers]
    print(json.dumps([sorted(mine), sorted(os.sched_getaffinity(0)), allowed]))
"""


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="there is no other CPU",
)
def test_a_thread_that_is_woken_has_a_cpu_of_its_own() -> None:
    """It is kept off the caller's; the caller's own choice of CPUs is not touched."""
    before, after, workers = run_python(WOKEN)
    assert before == after
    assert len(workers) == 1 and len(set(before) - set(workers[0])) == 1


def test_other_threads_run_meanwhile() -> None:
    """The interpreter's lock is let go around long work."""
    ticks = run_python(
        """
        import json, sys, threading, time
        import numpy as np
        import pyautograd as ag
        ag.set_num_threads(1)
        sys.setswitchinterval(100)  # nobody is asked to give the lock away
        x = ag.tensor(np.full(2_000_000, 0.5))
        count, stop = 0, False
        def tick():
            global count
            while not stop:
                count += 1
                time.sleep(0.0005)
        thread = threading.Thread(target=tick)
        thread.start()
        time.sleep(0.01)
        before, start = count, time.monotonic()
        while count - before < 2 and time.monotonic() - start < 10:
            x.sin().sum().item()
        during = count - before
        stop = True
        thread.join()
        print(json.dumps(during))
        """
    )
    assert ticks >= 2


# ---- processes -----------------------------------------------------------------------------------

FORK = """
    import json, os, sys, warnings
    import numpy as np
    import pyautograd as ag
    warnings.simplefilter("ignore")
    ag.set_num_threads(2)
    a = np.linspace(0, 1, 300_000)

    def work():
        x = ag.tensor(a, requires_grad=True)
        (x * x).sin().sum().backward()
        return x.grad.sum().item()

    before = work()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, json.dumps([work(), ag.get_num_threads()]).encode())
        finally:
            os._exit(0)
    os.close(write)
    text = b""
    while part := os.read(read, 1000):
        text += part
    _, status = os.waitpid(pid, 0)
    print(json.dumps([before, work(), json.loads(text), status]))
"""


def test_a_child_of_fork_works() -> None:
    before, after, (child, threads), status = run_python(FORK)
    assert before == after == child and threads == 2 and status == 0


def test_multiprocessing() -> None:
    result = run_python(
        """
        import json, multiprocessing, warnings
        import numpy as np
        import pyautograd as ag
        warnings.simplefilter("ignore")

        def work(x):
            return (x * 2).sum().item()

        if __name__ == "__main__":
            x = ag.tensor(np.ones(100_000))
            (x * 2).sum()
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(json.dumps(pool.map(work, [x, x, x * 2])))
        """
    )
    assert result == [200_000.0, 200_000.0, 400_000.0]


def test_exit_with_threads_running() -> None:
    """The interpreter ends while a daemon thread computes: no crash, no hang."""
    assert (
        run_python(
            """
            import threading, time
            import numpy as np
            import pyautograd as ag

            def work():
                x = ag.tensor(np.ones(300_000), requires_grad=True)
                while True:
                    x.sin().sum().backward()

            threading.Thread(target=work, daemon=True).start()
            time.sleep(0.1)
            print("true")
            """
        )
        is True
    )
