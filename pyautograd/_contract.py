# SPDX-License-Identifier: MIT
"""Contractions: `einsum`, `tensordot` and `chain_matmul`, with all ways to call them that PyTorch
has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import _core
from ._core import Tensor

__all__ = ["chain_matmul", "einsum", "tensordot"]


def _letter(subscript: Any) -> str:
    if subscript is Ellipsis:
        return "..."
    if not isinstance(subscript, int) or not 0 <= subscript < 52:
        raise ValueError(
            "einsum(): expected subscripts from 0 to 51 and Ellipsis in a sublist, "
            f"got {subscript!r}"
        )
    return chr(ord("A") + subscript) if subscript < 26 else chr(ord("a") + subscript - 26)


def _from_sublists(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation of operands with their subscripts behind each, and maybe the result's."""
    in_pairs = len(arguments) // 2 * 2
    equation = ",".join("".join(map(_letter, part)) for part in arguments[1:in_pairs:2])
    if len(arguments) > in_pairs:
        equation += "->" + "".join(map(_letter, arguments[-1]))
    return equation, arguments[:in_pairs:2]


def einsum(*args: Any) -> Tensor:
    """Sums products of the operands' elements over the dimensions that an equation names.

    Args:
        args: an equation such as "bij,bjk->bik", and as many operands (one by one or in a list) as
            it has parts between commas. Each letter is a dimension; a letter that is twice in one
            part takes the diagonal; letters that are not behind the arrow are summed over. "..."
            stands for dimensions that broadcast. Without an arrow the result has the dimensions of
            the ellipsis and the letters that are there once, in their order. Or, instead of an
            equation, operands each with a list of integers from 0 to 51 behind, and maybe one for
            the result at the end.

    Operands are multiplied two by two, those first whose product takes the fewest multiplications,
    as products of matrices.

    Raises:
        RuntimeError: the equation does not fit the operands, or sizes differ.
        TypeError: an operand is no Tensor.
        ValueError: a subscript of a list is none, or there is no operand.

    Example:
        >>> import pyautograd as ag
        >>> a = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> ag.einsum("ij,jk->ik", a, a)
        tensor([[ 7., 10.],
                [15., 22.]])
        >>> ag.einsum("ii", a), ag.einsum(a, [0, 1], [1, 0]).tolist()
        (tensor(5.), [[1.0, 3.0], [2.0, 4.0]])
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one "
            "operand and its subscripts list"
        )
    equation, *rest = args
    operands = tuple(rest)
    if isinstance(equation, Tensor):
        equation, operands = _from_sublists(args)
    elif len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if not isinstance(equation, str):
        raise TypeError(
            "einsum(): argument 'equation' (position 1) must be str, not "
            f"{type(equation).__name__}"
        )
    return _core._einsum(equation, operands)


def _written(result: Tensor, out: Tensor | None) -> Tensor:
    return result if out is None else _core.mul(result, 1, out=out)


def _dims_of(dims: Any, ndim: int) -> tuple[Sequence[int], Sequence[int]]:
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, list | tuple):
        if len(dims) != 2:
            raise RuntimeError(f"tensordot expects two lists of dimensions, but got {len(dims)}")
        first, second = dims
        first = [first] if isinstance(first, int) else first
        return first, [second] if isinstance(second, int) else second
    if isinstance(dims, bool) or not isinstance(dims, int):
        raise RuntimeError(
            "tensordot expects dims to be int or two lists of them or a Tensor, but got "
            f"{type(dims).__name__}"
        )
    if dims < 0:
        raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
    if dims > ndim:
        raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
    return range(-dims, 0), range(dims)


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """Sums products of the elements of two tensors over dimensions of both.

    Args:
        dims: how many, the last of a and the first of b; or two lists of dimensions, of a and of b.
        out: a tensor that the result is written to.

    Raises:
        RuntimeError: sizes of the dimensions differ, or there are not as many.
        IndexError: a dimension is out of range.
        TypeError: an operand is no Tensor.

    Example:
        >>> import pyautograd as ag
        >>> ag.tensordot(ag.ones(2, 3, 4), ag.ones(4, 3, 5), dims=([1, 2], [1, 0])).shape
        pyautograd.Size([2, 5])
    """
    for tensor in (a, b):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"tensordot(): expected Tensors, got {type(tensor).__name__}")
    first, second = _dims_of(dims, min(a.ndim, b.ndim))
    return _written(_core._tensordot(a, b, tuple(first), tuple(second)), out)


def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of two or more matrices, in the order that takes the fewest multiplications.

    Raises:
        RuntimeError: one is no matrix, or sizes do not fit.
        TypeError: one is no Tensor.

    Example:
        >>> import pyautograd as ag
        >>> ag.chain_matmul(ag.ones(2, 3), ag.ones(3, 4), ag.ones(4, 5)).shape
        pyautograd.Size([2, 5])
    """
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for matrix in matrices:
        if not isinstance(matrix, Tensor):
            raise TypeError(f"chain_matmul(): expected Tensors, got {type(matrix).__name__}")
        if matrix.ndim != 2:
            raise RuntimeError(f"chain_matmul(): Expected 2-D tensors, got {matrix.ndim}-D")
    if len(matrices) == 1:
        return _written(matrices[0], out)
    return _written(_core._functions_of("linalg")["multi_dot"](matrices), out)
