# SPDX-License-Identifier: MIT
"""Derivatives of functions as functions, over trees: lists, tuples and dicts of tensors.

A function may be derived while another is: `grad(grad(f))` is the second derivative, and what a
function closes over is a constant to it and a variable to those outside. Results are recorded where
something outside asks for that: inputs that require grad, or tensors that the function closes over
and that do. Names, results and errors are PyTorch's, of `torch.func`; `value_and_grad` is JAX's.

Example:
    >>> import pyautograd as ag
    >>> from pyautograd.func import grad
    >>> grad(ag.sin)(ag.tensor(0.0)), grad(grad(lambda x: x**3))(ag.tensor(2.0))
    (tensor(1.), tensor(12.))
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ._core import Tensor, enable_grad, is_grad_enabled, zeros_like
from .autograd._sweeps import rows_stacked, swept
from .utils import TreeSpec, tree_flatten, tree_map

__all__ = ["grad", "grad_and_value", "hessian", "jacrev", "value_and_grad", "vjp"]

_Argnums = int | tuple[int, ...]


# ---- arguments -----------------------------------------------------------------------------------


def _place(argnum: Any, n: int) -> int:
    if not isinstance(argnum, int):
        raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
    if not -n <= argnum < n:
        raise RuntimeError(f"Got argnum={argnum}, but only {n} positional inputs")
    return argnum % n


def _places(argnums: Any, n: int) -> list[int]:
    """The places among n arguments of those that the derivative is by."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    if isinstance(argnums, int):
        return [_place(argnums, n)]
    if not argnums:
        raise RuntimeError("argnums must be non-empty")
    places = [_place(argnum, n) for argnum in argnums]
    if len(set(places)) != len(places):
        raise RuntimeError(f"argnums elements must be unique, got {tuple(places)}")
    return places


class _Variables(NamedTuple):
    """What a derivative is by, and all arguments with it in their places."""

    arguments: tuple[Any, ...]
    leaves: list[Tensor]
    spec: TreeSpec
    outside: bool  # whether one of them is computed from what somebody outside derives by


def _variables(arguments: tuple[Any, ...], argnums: Any) -> _Variables:
    places = _places(argnums, len(arguments))
    chosen = [arguments[place] for place in places]
    given, spec = tree_flatten(chosen[0] if isinstance(argnums, int) else tuple(chosen))
    leaves = [_variable(one) for one in given]
    made = spec.unflatten(leaves)
    new = dict(zip(places, (made,) if isinstance(argnums, int) else made, strict=True))
    return _Variables(
        tuple(new.get(k, old) for k, old in enumerate(arguments)),
        leaves,
        spec,
        any(one.requires_grad for one in given),
    )


# Leaves that are variables of derivatives, by their ids: they require grad, but nobody outside the
# derivative can ask for theirs.
_private: weakref.WeakValueDictionary[int, Tensor] = weakref.WeakValueDictionary()


class _Running(threading.local):
    """What this thread derives at present."""

    def __init__(self) -> None:
        self.leaves: set[int] = set()  # ids of the variables of functions that run
        self.depth = 0
        # Private leaves that are part of what inner derivatives gave: as objects, or the outer ones
        # could not tell them from others, which the graph has too.
        self.kept: list[Tensor] = []

    def keep(self, leaves: list[Tensor]) -> None:
        if self.depth:
            self.kept += leaves


_running = _Running()


@contextmanager
def _deriving() -> Iterator[None]:
    """One derivative more, with all of it recorded."""
    _running.depth += 1
    try:
        with enable_grad():
            yield
    finally:
        _running.depth -= 1
        if not _running.depth:
            _running.kept.clear()


def _variable(one: Any) -> Tensor:
    """The same numbers as another tensor: its gradient is asked for, and nobody else's."""
    if not isinstance(one, Tensor):
        raise ValueError(f"Thing passed to transform API must be Tensor, got {type(one)}")
    if one.requires_grad:
        # A view of one of several results, since those refuse to be written in place: the gradient
        # would be by what was written, and the tensor of the caller be another.
        view: Tensor = one.unsqueeze(0).unbind()[0]
        return view
    leaf = one.detach().requires_grad_()
    _private[id(leaf)] = leaf
    return leaf


def _called(
    func: Callable[..., Any], variables: _Variables, kwargs: dict[str, Any] | None = None
) -> Any:
    """What the function gives of the variables; while it runs, those are of use to others."""
    own = set(map(id, variables.leaves))
    _running.leaves |= own
    try:
        return func(*variables.arguments, **(kwargs or {}))
    finally:
        _running.leaves -= own


# ---- results -------------------------------------------------------------------------------------


def _is_of_use(leaf: Tensor) -> bool:
    """Whether somebody can ask for the gradient of a leaf."""
    return _private.get(id(leaf)) is not leaf or id(leaf) in _running.leaves


def _depends_on_others(result: Tensor) -> bool:
    """Whether a tensor was computed from anything that others can ask the gradient of."""
    if result.grad_fn is None:
        return result.requires_grad and _is_of_use(result)
    seen = {result.grad_fn}
    waiting = [result.grad_fn]
    while waiting:
        node = waiting.pop()
        end = node.variable if node.name().endswith("AccumulateGrad") else None
        if end is not None and _is_of_use(end):
            return True
        for before, _ in node.next_functions:
            if before is not None and before not in seen:
                seen.add(before)
                waiting.append(before)
    return False


class _Results:
    """Hands out what was computed from variables: recorded where that is of use outside."""

    def __init__(self, variables: _Variables, recording: bool) -> None:
        self.variables, self.recording = variables, recording

    def matters(self, result: Tensor) -> bool:
        """Whether somebody outside can ask for the gradient of this."""
        does = (
            self.recording
            and result.requires_grad
            and (self.variables.outside or _depends_on_others(result))
        )
        if does:
            _running.keep(self.variables.leaves)
        return does

    def outside(self, tree: Any) -> Any:
        """A tree of tensors as it is seen outside."""

        def one(result: Any) -> Tensor:
            if not isinstance(result, Tensor):
                raise RuntimeError(f"Expected tensors, got unsupported type {type(result)}")
            return result if self.matters(result) else result.detach()

        return tree_map(one, tree)


def _parted(result: Any, has_aux: bool, what: str) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(
            f"{what}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return result


def _gradients(
    outputs: list[Tensor],
    leaves: list[Tensor],
    cotangents: list[Tensor] | None,
    retain_graph: bool,
    create_graph: bool,
) -> list[Tensor]:
    """Of outputs by leaves, with zeros where there is no dependence."""
    if not leaves:
        return []
    found = swept(outputs, leaves, cotangents, create_graph, retain_graph)
    return [zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves, strict=True)]


# ---- gradients of numbers ------------------------------------------------------------------------


def _value_and_gradient(
    func: Callable[..., Any],
    argnums: Any,
    has_aux: bool,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, Any, Any]:
    recording = is_grad_enabled()
    what = "grad_and_value(f)(*args)"
    with _deriving():
        variables = _variables(args, argnums)
        output, aux = _parted(_called(func, variables, kwargs), has_aux, what)
        if not isinstance(output, Tensor):
            raise RuntimeError(
                f"{what}: Expected f(*args) to return a Tensor, got {type(output)}"
            )
        if output.ndim:
            raise RuntimeError(
                f"{what}: Expected f(*args) to return a scalar Tensor, got tensor with "
                f"{output.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        results = _Results(variables, recording)
        matters = results.matters(output)
        aux = results.outside(aux) if has_aux else None
        # aux may be derived later, through the graph that it shares with the output.
        found = _gradients([output], variables.leaves, None, matters or has_aux, matters)
    value = output if matters else output.detach()
    return value, variables.spec.unflatten(found), aux


def grad(
    func: Callable[..., Any], argnums: _Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return the function that gives the gradient of `func`.

    Args:
        func: takes what it likes, gives a tensor without dimensions.
        argnums: the place of the argument that the gradient is by, a tree of tensors of any shape;
            or a tuple of places.
        has_aux: `func` gives a pair: that tensor, and a tree of tensors to be handed through.

    Returns:
        A function of the same arguments, that gives the gradient: like the argument, or a tuple
        of such for a tuple of places; with `has_aux` a pair of it and what is handed through.

    Raises:
        RuntimeError: by the returned function: `argnums` are wrong, or `func` does not give what
            it must.
        ValueError: by the returned function: what the gradient is by is not made of tensors alone.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.func import grad
        >>> def loss(p, x):
        ...     return (p["a"] * x + p["b"]).square().sum()
        >>> grad(loss)({"a": ag.tensor(2.0), "b": ag.tensor(1.0)}, ag.tensor([1.0, 2.0]))
        {'a': tensor(26.), 'b': tensor(16.)}
    """

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        _, found, aux = _value_and_gradient(func, argnums, has_aux, args, kwargs)
        return (found, aux) if has_aux else found

    return gradient


def grad_and_value(
    func: Callable[..., Any], argnums: _Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return the function that gives the gradient of `func` and what `func` gives.

    Args:
        func, argnums, has_aux: as for `grad`.

    Returns:
        A function of the same arguments, that gives a pair of the gradient and the value; with
        `has_aux` the value is a pair itself, with what is handed through.

    Raises:
        RuntimeError, ValueError: as for `grad`.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.func import grad_and_value
        >>> grad_and_value(lambda x: (x * x).sum())(ag.tensor([1.0, 2.0]))
        (tensor([2., 4.]), tensor(5.))
    """

    value_first = value_and_grad(func, argnums, has_aux)

    @functools.wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        value, found = value_first(*args, **kwargs)
        return found, value

    return both


def value_and_grad(
    func: Callable[..., Any], argnums: _Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """As `grad_and_value`, but the value comes first, as in JAX.

    Args:
        func, argnums, has_aux: as for `grad`.

    Returns:
        A function of the same arguments, that gives a pair of the value and the gradient; with
        `has_aux` the value is a pair itself, with what is handed through.

    Raises:
        RuntimeError, ValueError: as for `grad`.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.func import value_and_grad
        >>> value_and_grad(lambda x: (x * x).sum())(ag.tensor([1.0, 2.0]))
        (tensor(5.), tensor([2., 4.]))
    """

    @functools.wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        value, found, aux = _value_and_gradient(func, argnums, has_aux, args, kwargs)
        return ((value, aux) if has_aux else value), found

    return both


# ---- products with Jacobians, and these ----------------------------------------------------------


def _check_outputs(outputs: list[Any], what: str) -> None:
    if not outputs:
        raise RuntimeError(
            f"{what}: Expected f to be a function that has non-empty output (got output = "
            f"{outputs})"
        )
    for one in outputs:
        if not isinstance(one, Tensor):
            raise RuntimeError(
                f"{what}: expected f(*primals) to return only tensors, got unsupported type "
                f"{type(one)}"
            )
        if not one.is_floating_point():
            raise RuntimeError(
                f"{what}: All outputs of f must be floating-point Tensors, got Tensor with dtype "
                f"{one.dtype}"
            )


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Return what `func` gives, and a function that takes products with its Jacobian.

    Args:
        func: takes trees of tensors of any shape, gives one.
        *primals: its arguments.
        has_aux: `func` gives a pair: that tree, and a tree of tensors to be handed through.

    Returns:
        What `func` gives, and a function of a tree like that, which gives a tuple of the products
        for each of the arguments. It can be called again, unless it is called with
        `retain_graph=False`. With `has_aux` what is handed through comes third.

    Raises:
        RuntimeError: `func` gives what is no tree of tensors, or (by the returned function) its
            argument is no tree like that.
        ValueError: the arguments are not made of tensors alone.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.func import vjp
        >>> value, product = vjp(lambda x, y: {"xy": x * y}, ag.tensor([1.0, 2.0]), ag.tensor(3.0))
        >>> product({"xy": ag.tensor([1.0, 10.0])})
        (tensor([ 3., 30.]), tensor(21.))
    """
    recording = is_grad_enabled()
    what = "vjp(f, *primals)"
    with _deriving():
        variables = _variables(primals, tuple(range(len(primals))))
        output, aux = _parted(_called(func, variables), has_aux, what)
        outputs, spec = tree_flatten(output)
        _check_outputs(outputs, what)
        results = _Results(variables, recording)
        value = results.outside(output)
        aux = results.outside(aux) if has_aux else None

    def product(
        cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None
    ) -> Any:
        given, given_spec = tree_flatten(cotangents)
        if given_spec != spec:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {given_spec}, primal output: {spec}"
            )
        if create_graph is None:
            create_graph = is_grad_enabled() and (
                any(one.requires_grad for one in given) or any(map(results.matters, outputs))
            )
        if create_graph:
            _running.keep(variables.leaves)
        found = _gradients(outputs, variables.leaves, given, retain_graph, create_graph)
        return variables.spec.unflatten(found)

    return (value, product, aux) if has_aux else (value, product)


def jacrev(
    func: Callable[..., Any],
    argnums: _Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """Return the function that gives the Jacobian of `func`, row by row.

    Args:
        func: takes what it likes, gives a tree of tensors of any shape.
        argnums, has_aux: as for `grad`.
        chunk_size: in PyTorch, how many rows are found at once; here one is, whatever it says.

    Returns:
        A function of the same arguments, that gives a tree like what `func` gives, in which there
        is for each tensor a tree like the argument: of tensors of the shapes of both, one after
        the other.

    Raises:
        RuntimeError, ValueError: as for `grad`; or `chunk_size` is not above 0.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.func import jacrev
        >>> jacrev(lambda x: x**2)(ag.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        recording = is_grad_enabled()
        with _deriving():
            variables = _variables(args, argnums)
            output, aux = _parted(_called(func, variables, kwargs), has_aux, "jacrev(f)(*args)")
            outputs, spec = tree_flatten(output)
            _check_outputs(outputs, "jacrev(f)(*args)")
            results = _Results(variables, recording)
            aux = results.outside(aux) if has_aux else None
            blocks = [
                variables.spec.unflatten(_block(one, variables.leaves, results.matters(one)))
                for one in outputs
            ]
        found = spec.unflatten(blocks)
        return (found, aux) if has_aux else found

    return jacobian


def _block(output: Tensor, leaves: list[Tensor], recorded: bool) -> list[Tensor]:
    """The Jacobian of one output by each leaf."""
    rows = [
        _gradients([element], leaves, None, True, recorded)
        for element in (output.reshape(-1).unbind() if output.numel() else ())
    ]
    return rows_stacked(output, leaves, rows)


def hessian(func: Callable[..., Any], argnums: _Argnums = 0) -> Callable[..., Any]:
    """Return the function that gives the Hessian of `func`: the Jacobian of its Jacobian.

    Args:
        func, argnums: as for `jacrev`.

    Returns:
        A function of the same arguments, that gives what `jacrev(jacrev(func))` gives.

    Raises:
        RuntimeError, ValueError: as for `jacrev`.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.func import hessian
        >>> hessian(lambda x: x[0] * x[1] ** 2)(ag.tensor([1.0, 2.0]))
        tensor([[0., 4.],
                [4., 2.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


def __getattr__(name: str) -> Any:
    from ._names import no_attribute

    raise no_attribute(__name__, name, __all__)
