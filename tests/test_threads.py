# SPDX-License-Identifier: MIT
"""Threads of Python that share tensors, the library's own threads, and processes that fork."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from support import assert_same_bits, leaf, plain_build_only, run_python, values


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


# ---- threads of Python that compute at the same time ---------------------------------------------

SIZE = 50_000


def own_graph(k: int) -> list[Any]:
    """Programs of kernels, of machine code, with sums and writes in place: different for each k."""
    x, y = leaf(np.linspace(0.1 + k, 1, SIZE)), leaf(np.linspace(-1, 1, SIZE))
    w = ag.zeros(SIZE)
    seen = []
    for step in range(8):
        x.grad = y.grad = None
        z = (x * y + x).sin() * (-x * x).exp()
        for j in range(k + step % 3):
            z = z * (1.5 + j) + ag.maximum(z, y)
        loss = (z * z).sum()
        loss.backward()
        w.mul_(0.9).add_(x.grad)
        seen += [values(loss), values(y.grad)]
    return [*seen, values(w)]


@pytest.mark.parametrize("library_threads", [1, 2])
@pytest.mark.parametrize("n", [2, 4])
def test_graphs_side_by_side_have_the_bits_of_one_after_the_other(
    n: int, library_threads: int
) -> None:
    ag.set_num_threads(library_threads)
    expected = [own_graph(k) for k in range(n)]
    for _ in range(3):
        for found, wanted in zip(together(n, own_graph), expected, strict=True):
            for a, b in zip(found, wanted, strict=True):
                assert_same_bits(a, b)


@pytest.mark.parametrize("library_threads", [1, 2])
def test_pending_values_that_threads_share(library_threads: int) -> None:
    """Each wants them in another order, some as they are, and gradients through them."""
    ag.set_num_threads(library_threads)
    x = leaf(np.linspace(0, 1, SIZE))

    def make() -> list[ag.Tensor]:
        first = x.exp() * x.sin()
        return [first, (first + x).tanh()]

    def use(shared: list[ag.Tensor], k: int) -> list[Any]:
        z = shared[k % 2] * (k + 1.0)
        if k >= 2:
            values(shared[1 - k % 2])
        (grad,) = ag.autograd.grad((z * z).sum(), x, retain_graph=True)
        return [values(grad), values(z), values(shared[0])]

    expected = [use(make(), k) for k in range(4)]
    for _ in range(10):
        for found, wanted in zip(together(4, partial(use, make())), expected, strict=True):
            for a, b in zip(found, wanted, strict=True):
                assert_same_bits(a, b)


def test_a_value_pends_as_it_was_beside_a_thread_that_writes() -> None:
    """Calls take turns, computing does not: the write waits for those who have to read first."""
    x, turn = ag.zeros(SIZE), threading.Lock()
    written = [0.0]

    def work(k: int) -> None:
        for step in range(60):
            if k == 0:
                with turn:
                    written[0] += 1.0
                    x.fill_(written[0]) if step % 2 else x.add_(1.0)
                continue
            with turn:
                now, y = written[0], x * 2.0 + k
            y_values = values(y)
            assert (y_values == 2.0 * now + k).all()

    together(3, work)
    assert (values(x) == written[0]).all()


LONG = '''
    import json, os, signal, threading, time
    import numpy as np
    import pyautograd as ag

    signal.signal(signal.SIGINT, signal.default_int_handler)
    ag.set_num_threads(1)

    links, size = 300, 1_000_000  # no more links than one program has

    def chain(links, n=0):
        x = ag.full((n or size,), 0.7)
        for _ in range(links):
            x = x.sin()
        return x

    def seconds():
        """Of the processor's time: others may have it meanwhile."""
        began = time.process_time()
        chain(links)[0].item()
        return time.process_time() - began

    seconds()
    while seconds() < 0.8:
        size *= 2
    one = chain(links, 1).item()

    def in_a_thread(work):
        ready, seen = threading.Event(), []
        def run():
            ready.set()
            seen.append(work())
        thread = threading.Thread(target=run)
        thread.start()
        ready.wait()
        time.sleep(0.15)
        return thread, seen
'''


@plain_build_only
def test_a_short_evaluation_does_not_wait_for_a_long_one() -> None:
    """Without that, it came behind the whole of the other."""
    assert run_python(
        LONG
        + """
    x = ag.tensor(np.linspace(0, 1, 20_000), requires_grad=True)
    long = chain(links)
    thread, seen = in_a_thread(lambda: long[-1].item())
    x.sin().sum().backward()  # planned, made of machine code, run, and set, beside the other
    (x.detach() * 2).add_(1)[0].item()
    runs = thread.is_alive() and not seen
    thread.join()
    print(json.dumps([runs, seen == [one]]))
    """
    ) == [True, True]


@plain_build_only
def test_who_waits_for_a_value_is_woken_when_its_evaluation_is_given_up() -> None:
    """Ctrl-C ends the evaluation on the main thread; who waits makes the value itself."""
    assert run_python(
        LONG
        + """
    long = chain(links)
    def second():
        time.sleep(0.3)  # when the main thread is at it
        os.kill(os.getpid(), signal.SIGINT)
        return long[-1].item()
    thread = threading.Thread(target=lambda: seen.append(second()))
    seen, raised = [], None
    try:
        thread.start()
        long[0].item()
    except KeyboardInterrupt:
        raised = True
    thread.join()
    print(json.dumps([raised, seen == [one], long[0].item() == one]))
    """
    ) == [True, True, True]


@plain_build_only
def test_waiting_for_another_thread_can_be_interrupted() -> None:
    assert run_python(
        LONG
        + """
    long = chain(2 * links)
    thread, seen = in_a_thread(lambda: long[-1].item())
    threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    raised = False
    try:
        long[0].item()
    except KeyboardInterrupt:
        raised = thread.is_alive()
    thread.join()
    print(json.dumps([raised, len(seen), long[0].item() == chain(2 * links, 1).item()]))
    """
    ) == [True, 1, True]


def test_a_child_of_fork_computes_what_a_thread_of_the_parent_was_computing() -> None:
    assert run_python(
        LONG
        + """
    import warnings
    warnings.simplefilter("ignore")
    long, statuses = chain(links // 2), []
    thread, seen = in_a_thread(lambda: long[-1].item())
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            right = chain(links // 2, 1).item()
            os._exit(0 if long[0].item() == right and (long * 2)[5].item() == 2 * right else 1)
        statuses.append(os.waitpid(pid, 0)[1])
    thread.join()
    print(json.dumps(statuses))
    """
    ) == [0, 0, 0]


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
