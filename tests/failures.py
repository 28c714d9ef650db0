# SPDX-License-Identifier: MIT
"""What fails, and with which words: the texts that people search for are PyTorch's, to the letter.

Used with this library by test_errors.py, and with torch itself by the tests of parity.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from support import without_lines


@dataclass(frozen=True)
class Failure:
    """`call(lib)` raises `error`; its text is `text`, or begins with it if `start` is set.

    The name of the library before `Size` and `Tensor` is not part of it.
    """

    name: str
    call: Callable[[Any], Any]
    error: type[Exception]
    text: str
    start: bool = False

    def fits(self, error: Exception) -> bool:
        text = re.sub(r"\b(torch|pyautograd)\.(Size|Tensor)\b", r"\2", without_lines(str(error)))
        return text.startswith(self.text) if self.start else text == self.text


def _leaf(lib: Any, *shape: int) -> Any:
    return lib.ones(*shape, requires_grad=True)


def _twice(lib: Any) -> None:
    x = _leaf(lib, 3)
    y = (x * x).sum()
    y.backward()
    y.backward()


def _set(name: str, value: Callable[[Any], Any]) -> Callable[[Any], None]:
    def call(lib: Any) -> None:
        x = _leaf(lib, 3)
        setattr(x, name, x if value is _leaf else value(lib))

    return call


def _set_on_inner(lib: Any) -> None:
    y = _leaf(lib, 3) * 2
    y.requires_grad = False


BACKWARD = [
    Failure(
        "backward of a vector",
        lambda lib: (_leaf(lib, 3) * 2).backward(),
        RuntimeError,
        "grad can be implicitly created only for scalar outputs",
    ),
    Failure(
        "second backward",
        _twice,
        RuntimeError,
        "Trying to backward through the graph a second time (or directly access saved tensors "
        "after they have already been freed). Saved intermediate values of the graph are freed "
        "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to "
        "backward through the graph a second time or if you need to access saved tensors after "
        "calling backward.",
    ),
    Failure(
        "backward without anything to do",
        lambda lib: lib.ones(1).sum().backward(),
        RuntimeError,
        "element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    Failure(
        "the second root requires no grad",
        lambda lib: lib.autograd.backward([_leaf(lib, 1).sum(), lib.ones(1)]),
        RuntimeError,
        "element 1 of tensors does not require grad and does not have a grad_fn",
    ),
    Failure(
        "gradient of another shape",
        lambda lib: (_leaf(lib, 3) * 2).backward(lib.ones(4)),
        RuntimeError,
        "Mismatch in shape: grad_output[0] has a shape of Size([4]) and output[0] has a "
        "shape of Size([3]).",
    ),
    Failure(
        "gradient that would broadcast",
        lambda lib: (_leaf(lib, 3) * 2).backward(lib.ones(1)),
        RuntimeError,
        "Mismatch in shape: grad_output[0] has a shape of Size([1]) and output[0] has a "
        "shape of Size([3]).",
    ),
    Failure(
        "gradient of another shape, of what requires no grad",
        lambda lib: lib.ones(3).backward(lib.ones(4)),
        RuntimeError,
        "Mismatch in shape: grad_output[0] has a shape of Size([4]) and output[0] has a "
        "shape of Size([3]).",
    ),
    Failure(
        "a vector after what requires no grad",
        lambda lib: lib.autograd.backward([lib.ones(3), _leaf(lib, 3)]),
        RuntimeError,
        "grad can be implicitly created only for scalar outputs",
    ),
    Failure(
        "inputs and root require no grad",
        lambda lib: lib.ones(1).backward(inputs=[lib.ones(1)]),
        RuntimeError,
        "element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    Failure(
        "gradient that is no tensor",
        lambda lib: (_leaf(lib, 3) * 2).backward("a"),
        TypeError,
        "gradients can be either Tensors or None, but got str",
    ),
    Failure(
        "as many gradients as roots",
        lambda lib: lib.autograd.backward([_leaf(lib, 1).sum(), _leaf(lib, 1).sum()], [None]),
        RuntimeError,
        "got 2 tensors and 1 gradients",
    ),
    Failure(
        "no inputs of backward",
        lambda lib: _leaf(lib, 1).sum().backward(inputs=[]),
        RuntimeError,
        "`inputs` argument to `backward()` cannot be empty.",
    ),
    Failure(
        "no inputs of grad",
        lambda lib: lib.autograd.grad(_leaf(lib, 1).sum(), []),
        RuntimeError,
        "`inputs` argument to `grad()` cannot be empty.",
    ),
    Failure(
        "grad of an input that requires none",
        lambda lib: lib.autograd.grad(_leaf(lib, 1).sum(), lib.ones(3)),
        RuntimeError,
        "One of the differentiated Tensors does not require grad",
    ),
    Failure(
        "grad of an input that was not used",
        lambda lib: lib.autograd.grad(_leaf(lib, 1).sum(), _leaf(lib, 3)),
        RuntimeError,
        "The differentiated Tensor at index 0 appears to not have been used in the graph. Set "
        "allow_unused=True if this is the desired behavior.",
    ),
    Failure(
        "grad of a vector",
        lambda lib: (lambda x: lib.autograd.grad(x * 2, x))(_leaf(lib, 3)),
        RuntimeError,
        "grad can be implicitly created only for scalar outputs",
    ),
]

FLAGS = [
    Failure(
        "integers that require grad",
        lambda lib: lib.tensor([1, 2], requires_grad=True),
        RuntimeError,
        "Only Tensors of floating point and complex dtype can require gradients",
    ),
    Failure(
        "requires_grad_(False) inside a graph",
        lambda lib: (_leaf(lib, 3) * 2).requires_grad_(False),
        RuntimeError,
        "you can only change requires_grad flags of leaf variables. If you want to use a computed "
        "variable in a subgraph that doesn't require differentiation use "
        "var_no_grad = var.detach().",
    ),
    Failure(
        "requires_grad = False inside a graph",
        _set_on_inner,
        RuntimeError,
        "you can only change requires_grad flags of leaf variables. If you want to use a computed "
        "variable in a subgraph that doesn't require differentiation use "
        "var_no_grad = var.detach().",
    ),
    Failure(
        "retain_grad without grad",
        lambda lib: lib.ones(3).retain_grad(),
        RuntimeError,
        "can't retain_grad on Tensor that has requires_grad=False",
    ),
    Failure(
        "grad of another shape",
        _set("grad", lambda lib: lib.ones(4)),
        RuntimeError,
        "attempting to assign a gradient of size '[4]' to a tensor of size '[3]'. Please ensure "
        "that the gradient and the tensor are the same size",
    ),
    Failure(
        "grad that is no tensor",
        _set("grad", lambda lib: 3),
        TypeError,
        "assigned grad expected to be a Tensor or None but got grad of type int",
    ),
    Failure(
        "grad that is the tensor itself",
        _set("grad", _leaf),
        RuntimeError,
        "can't assign Variable as its own grad",
    ),
    Failure(
        "data that is no tensor",
        _set("data", lambda lib: 3),
        TypeError,
        "Variable data has to be a tensor, but got int",
    ),
    Failure(
        "detach_ of a view",
        lambda lib: (_leaf(lib, 4) * 2).view(2, 2).detach_(),
        RuntimeError,
        "Can't detach views in-place. Use detach() instead.",
        start=True,
    ),
]

SHAPES = [
    Failure(
        "view of another size",
        lambda lib: lib.ones(6).view(4, 2),
        RuntimeError,
        "shape '[4, 2]' is invalid for input of size 6",
    ),
    Failure(
        "reshape to another size",
        lambda lib: lib.ones(6).reshape(4, -1),
        RuntimeError,
        "shape '[4, -1]' is invalid for input of size 6",
    ),
    Failure(
        "view with two unknowns",
        lambda lib: lib.ones(6).view(-1, -1),
        RuntimeError,
        "only one dimension can be inferred",
    ),
    Failure(
        "view with a negative size",
        lambda lib: lib.ones(6).view(-2, 3),
        RuntimeError,
        "invalid shape dimension -2 at index 0 of shape [-2, 3]",
    ),
    Failure(
        "view of what lies apart",
        lambda lib: lib.ones(2, 3).t().view(6),
        RuntimeError,
        "view size is not compatible with input tensor's size and stride (at least one dimension "
        "spans across two contiguous subspaces). Use .reshape(...) instead.",
    ),
    Failure(
        "view with an unknown that could be anything",
        lambda lib: lib.ones(0).view(0, -1),
        RuntimeError,
        "cannot reshape tensor of 0 elements into shape [0, -1] because the unspecified dimension "
        "size -1 can be any value and is ambiguous",
    ),
    Failure(
        "no broadcast",
        lambda lib: lib.ones(3) + lib.ones(4),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0",
    ),
    Failure(
        "no broadcast of a matrix",
        lambda lib: lib.ones(2, 3) * lib.ones(3, 2),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1",
    ),
    Failure(
        "comparison that does not broadcast",
        lambda lib: lib.ones(3) < lib.ones(4),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0",
    ),
    Failure(
        "in place into less",
        lambda lib: lib.ones(3).add_(lib.ones(2, 3)),
        RuntimeError,
        "output with shape [3] doesn't match the broadcast shape [2, 3]",
    ),
    Failure(
        "squeeze of no dimension",
        lambda lib: lib.ones(3).squeeze(2),
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 2)",
    ),
    Failure(
        "unsqueeze of no dimension",
        lambda lib: lib.ones(3).unsqueeze(3),
        IndexError,
        "Dimension out of range (expected to be in range of [-2, 1], but got 3)",
    ),
    Failure(
        "transpose of no dimension",
        lambda lib: lib.ones(3, 2).transpose(0, 2),
        IndexError,
        "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
    ),
    Failure(
        "sum over no dimension",
        lambda lib: lib.ones(3).sum(1),
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
    ),
    Failure(
        "sum over a dimension twice",
        lambda lib: lib.ones(3, 2).sum((0, -2)),
        RuntimeError,
        "dim 0 appears multiple times in the list of dims",
    ),
    Failure(
        "amax of nothing",
        lambda lib: lib.zeros(2, 0).amax(),
        RuntimeError,
        "amax(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
        "reduction dim with the 'dim' argument.",
    ),
    Failure(
        "amin over a dimension of size 0",
        lambda lib: lib.amin(lib.zeros(2, 0), (0, -1)),
        IndexError,
        "amin(): Expected reduction dim -1 to have non-zero size.",
    ),
    Failure(
        "amax over no dimension",
        lambda lib: lib.ones(3).amax(1),
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
    ),
    Failure(
        "split into parts of a negative size",
        lambda lib: lib.ones(3).split(-1),
        RuntimeError,
        "split expects split_size be non-negative, but got split_size=-1",
    ),
    Failure(
        "split into parts of no size",
        lambda lib: lib.ones(3).split(0),
        RuntimeError,
        "split_size can only be 0 if dimension size is 0, but got dimension size of 3",
    ),
    Failure(
        "split into sizes that do not fit",
        lambda lib: lib.ones(2, 3).split([1, 1], 1),
        RuntimeError,
        "split_with_sizes expects split_sizes to sum exactly to 3 (input tensor's size at "
        "dimension 1), but got split_sizes=[1, 1]",
    ),
    Failure(
        "split of one number",
        lambda lib: lib.ones(()).split(1),
        RuntimeError,
        "split expects at least a 1-dimensional tensor",
    ),
    Failure(
        "chunk into none",
        lambda lib: lib.ones(3).chunk(0),
        RuntimeError,
        "chunk expects `chunks` to be greater than 0, got: 0",
    ),
    Failure(
        "std over no dimension",
        lambda lib: lib.ones(3).std(1),
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
    ),
    Failure(
        "softmax along no dimension",
        lambda lib: lib.ones(3).softmax(2),
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 2)",
    ),
    Failure(
        "permute with a dimension twice",
        lambda lib: lib.ones(3, 2).permute(0, 0),
        RuntimeError,
        "permute(): duplicate dims are not allowed.",
    ),
    Failure(
        "t of three dimensions",
        lambda lib: lib.ones(3, 2, 1).t(),
        RuntimeError,
        "t() expects a tensor with <= 2 dimensions, but self is 3D",
    ),
    Failure(
        "expand of more than one",
        lambda lib: lib.ones(3, 2).expand(4, 2),
        RuntimeError,
        "The expanded size of the tensor (4) must match the existing size (3) at non-singleton "
        "dimension 0.  Target sizes: [4, 2].  Tensor sizes: [3, 2]",
    ),
    Failure(
        "expand with an unknown in front",
        lambda lib: lib.ones(3).expand(-1, 3),
        RuntimeError,
        "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension 0",
    ),
    Failure(
        "flatten the wrong way round",
        lambda lib: lib.ones(2, 3, 4).flatten(2, 1),
        RuntimeError,
        "flatten() has invalid args: start_dim cannot come after end_dim",
    ),
    Failure(
        "size of no dimension",
        lambda lib: lib.ones(3).size(1),
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
    ),
]

PYTHON = [
    Failure(
        "bool of several",
        lambda lib: bool(lib.ones(3)),
        RuntimeError,
        "Boolean value of Tensor with more than one value is ambiguous",
    ),
    Failure(
        "bool of none",
        lambda lib: bool(lib.ones(0)),
        RuntimeError,
        "Boolean value of Tensor with no values is ambiguous",
    ),
    Failure(
        "item of several",
        lambda lib: lib.ones(3).item(),
        RuntimeError,
        "a Tensor with 3 elements cannot be converted to Scalar",
    ),
    Failure(
        "float of several",
        lambda lib: float(lib.ones(3)),
        ValueError,
        "only one element tensors can be converted to Python scalars",
    ),
    Failure(
        "int of several",
        lambda lib: int(lib.ones(3)),
        ValueError,
        "only one element tensors can be converted to Python scalars",
    ),
    Failure(
        "index",
        lambda lib: operator.index(lib.ones(())),
        TypeError,
        "only integer tensors of a single element can be converted to an index",
    ),
    Failure(
        "len of a number", lambda lib: len(lib.tensor(1.0)), TypeError, "len() of a 0-d tensor"
    ),
    Failure(
        "iter of a number",
        lambda lib: iter(lib.tensor(1.0)),
        TypeError,
        "iteration over a 0-d tensor",
    ),
    Failure(
        "numpy of what requires grad",
        lambda lib: _leaf(lib, 3).numpy(),
        RuntimeError,
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
    ),
    Failure(
        "an array of what requires grad",
        lambda lib: np.asarray(_leaf(lib, 3)),
        RuntimeError,
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
    ),
    Failure(
        "unknown attribute",
        lambda lib: lib.ones(3).foo,
        AttributeError,
        "'Tensor' object has no attribute 'foo'",
    ),
    Failure(
        "sum with a word",
        lambda lib: lib.ones(3) + "a",
        TypeError,
        "unsupported operand type(s) for +: 'Tensor' and 'str'",
    ),
    Failure(
        "sum with nothing",
        lambda lib: lib.ones(3) + None,
        TypeError,
        "unsupported operand type(s) for +: 'Tensor' and 'NoneType'",
    ),
    Failure(
        "order against a word",
        lambda lib: lib.ones(3) < "a",
        TypeError,
        "'<' not supported between instances of 'Tensor' and 'str'",
    ),
    Failure(
        "format of several",
        lambda lib: f"{lib.ones(2):.2f}",
        TypeError,
        "unsupported format string passed to Tensor.__format__",
    ),
    Failure(
        "threads below one",
        lambda lib: lib.set_num_threads(0),
        RuntimeError,
        "set_num_threads expects a positive integer",
    ),
]

FAILURES = [*BACKWARD, *FLAGS, *SHAPES, *PYTHON]
