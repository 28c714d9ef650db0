# SPDX-License-Identifier: MIT
"""Calls of which each allocation fails, one after another, in a process of its own: Python's, by
CPython's own `_testcapi.set_nomemory`, or the core's. test_python_memory.py judges what they gave.

Left out: what NumPy computes (its ufuncs crash), deep copies of dictionaries (CPython crashes),
raised errors and pickle (CPython turns their MemoryError into others)."""

from __future__ import annotations

import copy  # noqa: F401  (the calls name it)
import gc
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import pyautograd as ag
from pyautograd.autograd import graph

# Names of expressions over x (2 x 3, requires grad), a (2 x 3), y (x * x), arr (a's values) and the
# subclass Named with an instance named.
CALLS = {
    # what a tensor is
    "shape": "x.shape",
    "slice of a shape": "x.shape[:1]",
    "sum of shapes": "x.shape + (1,)",
    "shape repeated": "x.shape * 2",
    "repr of a shape": "repr(x.shape)",
    "numel of a shape": "x.shape.numel()",
    "reduce of a shape": "x.shape.__reduce__()",
    "reduce of a dtype": "x.dtype.__reduce__()",
    "size": "x.size()",
    "stride": "x.stride(), x.stride(-1)",
    "data_ptr": "a.data_ptr() > 0",
    "grad": "x.grad",
    # hooks
    "hooks": "x.register_hook(print).remove(), y.register_hook(print).remove()",
    "hook of a leaf": "x.register_post_accumulate_grad_hook(print).remove()",
    "hooks of nodes": "y.grad_fn.register_hook(print).remove()",
    "prehooks of nodes": "y.grad_fn.register_prehook(print).remove()",
    "dictionary of hooks": "len(hooked._backward_hooks)",
    "an edge": "graph.get_gradient_edge(y).node.name()",
    "grad of edges": "ag.autograd.grad(graph.get_gradient_edge((x * x).sum()), x)[0].shape",
    "backward to an edge": "hooked.sum().backward(inputs=graph.get_gradient_edge(hooked))",
    "sequence number": "y.grad_fn._sequence_nr() < y.sum().grad_fn._sequence_nr()",
    "data": "x.data.tolist()",
    "transposed": "x.T.tolist(), x.mT.shape",
    # values
    "item": "a[1, 2].item()",
    "tolist": "a.tolist()",
    "numpy": "a.numpy().tolist(), y.detach().numpy().tolist()",
    "array as it is": "a.__array__(f64).tolist(), a.__array__(copy=True).tolist()",
    "memoryview": "memoryview(a).tolist()",
    "iteration": "[t.tolist() for t in a]",
    "format": "f'{a[0, 0]:.3f}'",
    "array wrapped": "a.__array_wrap__(arr).tolist()",
    # making
    "tensor": "ag.tensor([[1.0, 2], [3, 4]]).tolist()",
    "tensor of tensors": "ag.tensor([a, a]).shape",
    "tensor of an array": "ag.tensor(arr).tolist()",
    "tensor of integers": "ag.tensor(np.arange(3)).tolist()",
    "from_numpy": "ag.from_numpy(arr).tolist()",
    "as_tensor": "ag.as_tensor(arr).tolist(), ag.as_tensor([1, 2]).tolist()",
    "sized": "ag.zeros(2, 3).tolist(), ag.ones((2,), requires_grad=True).requires_grad",
    "like": "ag.zeros_like(x).shape, ag.full_like(x, 3).tolist()",
    "ranges": "ag.arange(3).tolist(), ag.linspace(0, 1, 3).tolist(), ag.eye(2).tolist()",
    "constructor": "ag.Tensor(2, 0).shape, ag.Tensor([1, 2]).tolist(), ag.Tensor(a).tolist()",
    "subclass": "type(named * 2).__name__, (named * 2).tolist()",
    # ops and views
    "arithmetic": "(a * 2 + a / 3 - 1 ** a).tolist()",
    "array operand": "(a + arr).tolist(), (arr * a).tolist()",
    "comparison": "(a > 0.5).tolist(), (a == a).tolist()",
    "in place": "x.detach().clone().mul_(2).add_(a).zero_().fill_(3).tolist()",
    "copy": "ag.zeros(2, 3).copy_(arr).tolist()",
    "reductions": "x.sum().item(), x.sum(0, keepdim=True).tolist(), x.mean((0, 1)).item()",
    "extremes": "x.amax().item(), x.amin(1, keepdim=True).tolist()",
    "formulas": "x.std().item(), x.logsumexp(1).tolist(), x.softmax(0).shape",
    "named tuple": "x.aminmax().max.item()",
    "split": "[t.shape for t in x.split([1, 2], 1)], x.chunk(2)[1].tolist()",
    "rounded": "a.div(0.3, rounding_mode='floor').tolist()",
    "overloads": "ag.arange(3).shape, x.var(False).item(), ag.var_mean(x, 1, True)[0].shape",
    "out": "ag.sum(a, out=ag.empty(())).item()",
    "views": "x.view(3, 2).t().reshape(-1).unsqueeze(0).tolist()",
    "permuted": "x.permute(1, 0).shape, x.expand(4, 2, 3).shape, x.flatten().shape",
    "indexing": "x[1, ::2].tolist(), x[..., None].shape",
    "where": "ag.where(a > 0.5, a, 0.0).tolist(), a.clamp(0.2, 0.4).tolist()",
    # autograd
    "grad of": "[g.tolist() for g in ag.autograd.grad(y.sum(), x, retain_graph=True)]",
    "unused": "ag.autograd.grad((x * 2).sum(), [x, leaf], allow_unused=True)[1]",
    "materialized": "ag.autograd.grad(x.sum(), leaf, materialize_grads=True)[0].tolist()",
    "backward": "(x.detach().requires_grad_() * 2).sum().backward()",
    "grad_fn": "y.grad_fn.name(), repr(y.grad_fn)[:12]",
    "next functions": "[f and f.name() for f, _ in y.sum().grad_fn.next_functions]",
    "variable": "y.grad_fn.next_functions[0][0].variable is x",
    "no_grad": "no_grad(x)",
    "copy on write": "written(x)",
    "decorated": "decorated(x).requires_grad",
    # copies and pickles
    "copy.copy": "copy.copy(named).tolist(), copy.copy(named).word",
    "deepcopy": "copy.deepcopy(leaf).grad.tolist(), copy.deepcopy(a).tolist()",
    "deepcopy of what pends": "copy.deepcopy((big * 2).exp())[3].item()",
    "pickle": "named.__reduce_ex__(2)[2], rebuilt(a.__reduce_ex__(2))",
    "as_subclass": "type(a.as_subclass(Named)).__name__",
    # looking inside
    "explain": "isinstance(ag.explain(a * 2), str)",
    "memory_stats": "ag.memory_allocated() >= 0",
    "op_table": "len(ag._core._op_table()) > 0",
}


class Named(ag.Tensor):
    pass


f64 = np.dtype("float64")
arr = np.linspace(0.1, 1, 6).reshape(2, 3)
a = ag.tensor(arr)
x = ag.tensor(arr, requires_grad=True)
y = x * x
big = ag.full((9000,), 0.5)
leaf = ag.ones(2, requires_grad=True)
leaf.grad = ag.ones(2)
hooked = ag.ones(2, requires_grad=True)
hooked.register_hook(lambda gradient: None)
named = Named(arr)
named.word = "kept"
ARGUMENTS = (arr, a, x, y, leaf, named)
MOST, IN_A_ROW = 10000, 30


def no_grad(x: ag.Tensor) -> bool:
    with ag.no_grad():
        return (x * 2).requires_grad


def written(x: ag.Tensor) -> list[list[float]]:
    """Values that were saved and written; what cannot be copied is not."""
    with graph.allow_mutation_on_saved_tensors():
        y = x * 1
        z = (y * y).sum()
        try:
            y.zero_()
        except MemoryError:
            assert y.sum().item() != 0.0
            raise
        return ag.autograd.grad(z, x)[0].tolist()


@ag.no_grad()
def decorated(x: ag.Tensor) -> ag.Tensor:
    return x * 2


def rebuilt(reduced: tuple[Any, ...]) -> list[Any]:
    return reduced[0](*reduced[1]).tolist()


def owned() -> list[int]:
    """Tensors, nodes, and references to each argument."""
    gc.collect()
    counts = [sys.getrefcount(argument) for argument in ARGUMENTS]
    return [ag._core._live_tensors(), ag._core._live_nodes(), *counts]


def fail_of_python(nth: int) -> None:
    import _testcapi

    if nth == 0:
        _testcapi.remove_mem_hooks()
    else:
        _testcapi.set_nomemory(nth - 1, nth)


def try_once(work: Callable[[], Any], fail: Callable[[int], None], nth: int) -> tuple[Any, str]:
    """What work gives and "", or None and the error; what is in the frame is gone with it."""
    fail(nth)
    try:
        return work(), ""
    except MemoryError:
        return None, "memory"
    except BaseException as e:
        fail(0)
        return None, repr(e)
    finally:
        fail(0)


def run(code: str, fail: Callable[[int], None]) -> dict[str, Any]:
    work = eval(f"lambda: ({code})")
    expected = repr(work())
    before = owned()
    failed, row, nth, wrong = 0, 0, 0, []
    while row < IN_A_ROW and nth < MOST:
        nth += 1
        got, problem = try_once(work, fail, nth)
        if problem == "memory":
            failed, row = failed + 1, 0
        else:
            row += 1
            if problem or repr(got) != expected:
                wrong.append([nth, problem or repr(got)])
        got = None
    return {"failed": failed, "tried": nth, "wrong": wrong, "before": before, "after": owned()}


def main(whose: str) -> None:
    fail = fail_of_python if whose == "python" else ag._core._fail_allocation
    results = {}
    for name, code in CALLS.items():
        print(name, file=sys.stderr, flush=True)  # the last one, where the process dies
        results[name] = run(code, fail)
    print(json.dumps(results))
