# SPDX-License-Identifier: MIT
"""A first notebook, as data: what its cells say, print, warn of and raise.

`python -m pyautograd` runs these cells for the newcomer and the tests run them for us, so that
what is shown and what is promised are one thing. A cell is source text, run a statement at a
time in one namespace; the value of a last expression is its result, as in a notebook. A check
names a statement after which some `.grad` is held against central differences of a scalar
function written in plain NumPy: neither side of the comparison knows the other.
"""

from __future__ import annotations

import ast
import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

__all__ = ["CELLS", "SAMPLE", "Cell", "Check", "Comparison", "Outcome", "compare", "run_cell"]

# What np.random.randn(5) is taken to have given where the printed numbers of CELLS depend on it.
# Multiples of 2**-50: their sums are exact in any order, so the mean has one right last digit.
SAMPLE = tuple(
    k * 2.0**-50
    for k in (632744247354998, 673164053233656, 1684109579587648, 128566268293879,
              -1825545610022179)
)

# Relative to the larger of one and the gradient's largest element. Central differences of these
# functions are good to about 1e-10; a wrong rule is off by far more than this.
TOLERANCE = 1e-6


class Check(NamedTuple):
    """One gradient, and what it is the gradient of."""

    after: str  # source of the statement after which it is looked at
    variable: str  # the tensor in the namespace whose .grad it is
    formula: str  # what was differentiated, for the reader
    scalar: Callable[[np.ndarray], float]  # the same, of the variable's values


class Cell(NamedTuple):
    """One cell and everything a run of it shows."""

    source: str
    output: str = ""  # what it prints
    result: str = ""  # repr of its last expression, if that has a value
    warns: str = ""  # how the text of its UserWarning begins
    raises: str = ""  # "Type: beginning of the message" of the error that ends it
    checks: tuple[Check, ...] = ()


class Outcome(NamedTuple):
    """What one run of a cell did."""

    output: str
    result: str
    warnings: tuple[str, ...]  # "Category: text"
    error: str  # "Type: text", or empty
    failed_statement: str  # source of the statement that raised, or empty


class Comparison(NamedTuple):
    """A gradient beside the central differences of what it is the gradient of."""

    check: Check
    gradient: np.ndarray
    difference: np.ndarray
    error: float  # largest distance, relative to max(1, largest difference)

    @property
    def agrees(self) -> bool:
        # Not `error > TOLERANCE` negated: a nan must not agree.
        return self.error <= TOLERANCE


def run_cell(
    cell: Cell, namespace: dict[str, Any], on_compare: Callable[[Comparison], None] | None = None
) -> Outcome:
    """Run a cell in `namespace`, handing each check made on the way to `on_compare`.

    An exception ends the cell and is part of the outcome. Warnings are collected, not shown.
    """
    printed = io.StringIO()
    result = error = failed = ""
    with _recorded_warnings() as caught, contextlib.redirect_stdout(printed):
        for text, code, is_value in _statements(cell.source):
            try:
                value = eval(code, namespace)
            except Exception as exc:
                error, failed = f"{type(exc).__name__}: {exc}", text
                break
            if is_value and value is not None:
                result = repr(value)
            for check in cell.checks:
                if check.after == text and on_compare is not None:
                    on_compare(compare(check, namespace[check.variable]))
    notes = tuple(f"{w.category.__name__}: {w.message}" for w in caught)
    return Outcome(printed.getvalue(), result, notes, error, failed)


def compare(check: Check, tensor: Any) -> Comparison:
    """Hold a tensor's `.grad` against central differences of the check's scalar at its values."""
    at = np.array(tensor.detach().numpy())
    grad = tensor.grad
    gradient = np.full(at.shape, np.nan) if grad is None else np.array(grad.detach().numpy())
    difference = _central_differences(check.scalar, at)
    if gradient.shape != difference.shape:
        return Comparison(check, gradient, difference, np.inf)
    scale = np.abs(difference).max(initial=1.0)
    error = float(np.abs(gradient - difference).max(initial=0.0) / scale)
    return Comparison(check, gradient, difference, error)


def _central_differences(scalar: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    slopes = np.empty_like(at)
    for where in np.ndindex(at.shape):
        # The cube root of the machine's epsilon balances truncation against rounding.
        step = 6e-6 * max(1.0, abs(float(at[where])))
        ahead, behind = at.copy(), at.copy()
        ahead[where] += step
        behind[where] -= step
        width = float(ahead[where]) - float(behind[where])
        slopes[where] = (scalar(ahead) - scalar(behind)) / width
    return slopes


def _statements(source: str) -> Iterator[tuple[str, Any, bool]]:
    """Yield (source, code, is a last expression) of each statement."""
    body = ast.parse(source).body
    for node in body:
        text = ast.get_source_segment(source, node) or ""
        if node is body[-1] and isinstance(node, ast.Expr):
            yield text, compile(ast.Expression(node.value), "<session>", "eval"), True
        else:
            yield text, compile(ast.Module([node], []), "<session>", "exec"), False


@contextlib.contextmanager
def _recorded_warnings() -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


_V = np.array([[3.0, 0.1], [0.1311, 31.0]])
_X = np.array([1.0, 2.0, 3.0, 4.0])


def _weighted(x: np.ndarray, a: np.ndarray | float) -> float:
    return float((_V * (a * x).reshape(2, 2)).sum())


CELLS = (
    Cell(
        source="""\
import pyautograd as torch
import numpy as np

x = torch.from_numpy(np.random.randn(5)).requires_grad_(True)
y = torch.ones_like(x)
print(x, y)

z = x + y
print(z)

out = z.mean()
print(f"\\n\\n{out}\\n")

out.backward()
print(x.grad)
""",
        output="""\
tensor([ 0.5620,  0.5979,  1.4958,  0.1142, -1.6214], requires_grad=True) \
tensor([1., 1., 1., 1., 1.])
tensor([ 1.5620,  1.5979,  2.4958,  1.1142, -0.6214], grad_fn=<AddBackward0>)


1.2296897851380213

tensor([0.2000, 0.2000, 0.2000, 0.2000, 0.2000])
""",
        checks=(
            Check("out.backward()", "x", "(x + 1).mean()", lambda x: float((x + 1).mean())),
        ),
    ),
    Cell(
        source="""\
# Gradients of one backward() after another add up.
out2 = x.sum()
print(out2)
out2.backward()
print(x.grad)
""",
        output="""\
tensor(1.1484, grad_fn=<SumBackward0>)
tensor([1.2000, 1.2000, 1.2000, 1.2000, 1.2000])
""",
        checks=(
            Check("out2.backward()", "x", "(x + 1).mean() + x.sum()",
                  lambda x: float((x + 1).mean() + x.sum())),
        ),
    ),
    Cell(
        source="""\
# Clear the gradient of x.
x.grad.data.zero_()
out3 = x.sum()
out3.backward()
print(x.grad)
""",
        output="tensor([1., 1., 1., 1., 1.])\n",
        checks=(Check("out3.backward()", "x", "x.sum()", lambda x: float(x.sum())),),
    ),
    Cell(
        source="""\
# An error: integers cannot have a gradient.
x = torch.tensor([1, 2, 3, 4], requires_grad = True)
""",
        raises="RuntimeError: Only Tensors of floating point and complex dtype can require "
        "gradients",
    ),
    Cell(
        source="""\
x = torch.tensor([1., 2., 3., 4.], requires_grad = True)
a = torch.tensor([2., 2., 2., 2.], requires_grad = True)
y = a * x
print(y)
z = y.view(2, 2)
print(z)
""",
        output="""\
tensor([2., 4., 6., 8.], grad_fn=<MulBackward0>)
tensor([[2., 4.],
        [6., 8.]], grad_fn=<ViewBackward0>)
""",
    ),
    Cell(
        source="""\
# An error: z is not a scalar. It takes a v of the shape of z, to differentiate sum(z * v).
z.backward()
""",
        raises="RuntimeError: grad can be implicitly created only for scalar outputs",
    ),
    Cell(
        source="""\
v = torch.tensor([[3, 0.1], [0.1311, 31]])
# retain_graph = True keeps the values that the graph has saved.
z.backward(v, retain_graph = True)
# z itself is as it was.
print(z)
print(a.grad)
a.grad.data.zero_()
""",
        output="""\
tensor([[2., 4.],
        [6., 8.]], grad_fn=<ViewBackward0>)
tensor([  3.0000,   0.2000,   0.3933, 124.0000])
""",
        result="tensor([0., 0., 0., 0.])",
        checks=(
            Check("z.backward(v, retain_graph = True)", "x", "(z * v).sum()",
                  lambda x: _weighted(x, 2.0)),
            Check("z.backward(v, retain_graph = True)", "a", "(z * v).sum()",
                  lambda a: _weighted(_X, a)),
        ),
    ),
    Cell(
        source="""\
# This time the graph is not kept: it serves once more, and is gone. Then it is an error.
z.backward(v)
print(x.grad)
z.backward(v)
""",
        output="tensor([ 12.0000,   0.4000,   0.5244, 124.0000])\n",
        raises="RuntimeError: Trying to backward through the graph a second time",
        checks=(
            Check("z.backward(v)", "x", "2 * (z * v).sum()", lambda x: 2 * _weighted(x, 2.0)),
            Check("z.backward(v)", "a", "(z * v).sum()", lambda a: _weighted(_X, a)),
        ),
    ),
    Cell(
        source="""\
x = torch.tensor(1., requires_grad = True)
# x to the power n
n = torch.tensor(2., requires_grad = True)
m = torch.tensor(3., requires_grad = True)
y1 = x ** n

with torch.no_grad():
    y2 = x ** m
print(y1, y1.requires_grad)
print(y2, y2.requires_grad)  # False: no_grad() suspends it

y3 = y1 + y2
print(y3, y3.requires_grad)  # True and False make True
""",
        output="""\
tensor(1., grad_fn=<PowBackward1>) True
tensor(1.) False
tensor(2., grad_fn=<AddBackward0>) True
""",
    ),
    Cell(
        source="""\
# A warning: tensors that are not leaves do not keep their gradient, unless asked to.
print(y1.grad)
""",
        output="None\n",
        warns="UserWarning: The .grad attribute of a Tensor that is not a leaf Tensor is being "
        "accessed.",
    ),
    Cell(
        source="""\
# Asked to keep it.
y1.retain_grad()
y3.retain_grad()

y3.backward(retain_graph = True)

print(x.grad)
x.grad.data.zero_()
print(n.grad)
n.grad.data.zero_()

print(x.is_leaf, n.is_leaf, y1.is_leaf, y3.is_leaf)
print(y1.grad)
y1.grad.data.zero_()
print(y3.grad)
y3.grad.data.zero_()
""",
        output="""\
tensor(2.)
tensor(0.)
True True False False
tensor(1.)
tensor(1.)
""",
        result="tensor(0.)",
        checks=(
            Check("y3.backward(retain_graph = True)", "x", "x ** n + 1",
                  lambda x: float(x**2.0 + 1)),
            Check("y3.backward(retain_graph = True)", "n", "x ** n + 1",
                  lambda n: float(1.0**n + 1)),
            Check("y3.backward(retain_graph = True)", "y1", "y1 + y2", lambda y1: float(y1 + 1)),
            Check("y3.backward(retain_graph = True)", "y3", "y3", float),
        ),
    ),
    Cell(
        source="""\
# An error: y2 does not require a gradient, so it has none.
print(y2.grad)
y2.grad.data.zero_()
""",
        output="None\n",
        raises="AttributeError: 'NoneType' object has no attribute 'data'",
    ),
    Cell(
        source="""\
# An error: m only went into y2, and nothing came back from there.
print(m.grad)
m.grad.data.zero_()
""",
        output="None\n",
        raises="AttributeError: 'NoneType' object has no attribute 'data'",
    ),
    Cell(
        source="""\
# An error: nothing leads back from y2.
y2.backward()
""",
        raises="RuntimeError: element 0 of tensors does not require grad and does not have a "
        "grad_fn",
    ),
    Cell(
        source="""\
# The first works, since the graph was kept above. The second is an error.
y3.backward()
print(x.grad)
y3.backward()
""",
        output="tensor(2.)\n",
        raises="RuntimeError: Trying to backward through the graph a second time",
        checks=(
            Check("y3.backward()", "x", "x ** n + 1", lambda x: float(x**2.0 + 1)),
            Check("y3.backward()", "n", "x ** n + 1", lambda n: float(1.0**n + 1)),
        ),
    ),
    Cell(
        source="""\
# An error: a leaf that requires a gradient is not written to while the tape records.
x -= 0.1 * x.grad
""",
        raises="RuntimeError: a leaf Variable that requires grad is being used in an in-place "
        "operation.",
    ),
    Cell(
        source="""\
# To change a value, use no_grad() rather than .data.
with torch.no_grad():
    x -= 0.1 * x.grad
print(x)
""",
        output="tensor(0.8000, requires_grad=True)\n",
    ),
)
