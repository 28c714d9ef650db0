# SPDX-License-Identifier: MIT
"""SciPy's minimisers, root finders and least squares for functions of tensors, or of trees (dicts,
lists, tuples) of tensors, with gradients from the tape. SciPy is imported when one is called.

Example:
    >>> import pyautograd as ag
    >>> from pyautograd import optimize
    >>> start = {"a": ag.tensor(-1.2), "b": ag.tensor(1.0)}
    >>> found = optimize.minimize(
    ...     lambda p: (1 - p["a"]) ** 2 + 100 * (p["b"] - p["a"] ** 2) ** 2, start
    ... )
    >>> found.success, round(found.x["a"].item(), 4), found.x["b"].shape
    (True, 1.0, pyautograd.Size([]))
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import autograd
from ._core import Tensor, as_tensor, cat, enable_grad, float64, tensor
from .utils import keystr, tree_flatten_with_path

__all__ = ["least_squares", "minimize", "root"]

_WITHOUT_GRADIENT = frozenset("nelder-mead powell cobyla cobyqa".split())
_WITH_PRODUCTS = frozenset("newton-cg trust-ncg trust-krylov trust-constr".split())
_WITH_HESSIAN = frozenset("dogleg trust-exact".split())
_ROOTS_WITH_JACOBIAN = frozenset("hybr lm".split())


def _scipy() -> Any:
    try:
        import scipy.optimize
    except ImportError as error:
        raise ImportError(
            "pyautograd.optimize needs SciPy: pip install 'pyautograd-c[scipy]'"
        ) from error
    return scipy.optimize


# ---- trees ---------------------------------------------------------------------------------------


class _Tree:
    """The form of a tree of tensors, which become one vector and are made again from it."""

    def __init__(self, example: Any, what: str) -> None:
        self.example = example
        found, self.spec = tree_flatten_with_path(example)
        self.leaves = [self._leaf(value, what + keystr(path)) for path, value in found]
        self.sizes = [leaf.numel() for leaf in self.leaves]

    def _leaf(self, value: Any, what: str) -> Tensor:
        if isinstance(value, (Tensor, np.ndarray, float, int)) and not isinstance(value, bool):
            return as_tensor(value).detach().to(float64)
        raise TypeError(
            f"{what}: expected a tensor, or a dict, list or tuple of them, got "
            f"{type(value).__name__}"
        )

    @property
    def is_one(self) -> bool:
        """Whether there is no tree, but a tensor."""
        return self.spec.is_leaf()

    def flat(self) -> Any:
        """The numbers as an array."""
        parts = [leaf.numpy().reshape(-1) for leaf in self.leaves]
        return np.concatenate(parts) if parts else np.zeros(0)

    def split(self, vector: Tensor) -> list[Tensor]:
        """The leaves that a vector has behind each other."""
        parts = vector.split(self.sizes)
        return [part.reshape(leaf.shape) for part, leaf in zip(parts, self.leaves, strict=True)]

    def made_of(self, leaves: Sequence[Any]) -> Any:
        """The tree with these leaves."""
        return self.spec.unflatten(leaves)

    def of_array(self, array: Any) -> Any:
        """The tree with the numbers of an array."""
        return self.made_of(self.split(tensor(np.asarray(array, dtype=float).reshape(-1))))

    def wanting(self, array: Any) -> list[Tensor]:
        """Leaves with the numbers of an array, which require a gradient."""
        parts = self.split(tensor(np.asarray(array, dtype=float).reshape(-1)))
        return [part.detach().clone().requires_grad_() for part in parts]


# ---- functions and their derivatives -------------------------------------------------------------


def _as_arguments(args: Any) -> tuple[Any, ...]:
    """Further arguments of a function; what is no tuple is one of them, as SciPy has it."""
    return args if isinstance(args, tuple) else (args,)


class _Function:
    """A function of a tree as one of an array, with its derivatives."""

    def __init__(self, function: Callable[..., Any], tree: _Tree, args: tuple[Any, ...]) -> None:
        self.function, self.tree, self.args = function, tree, args

    def at(self, leaves: Sequence[Tensor]) -> Tensor:
        """The value, recorded; what is a tree of tensors becomes one vector."""
        with enable_grad():
            value = self.function(self.tree.made_of(leaves), *self.args)
            if isinstance(value, (dict, list, tuple)):
                made = _Results(value).leaves
                return cat([part.reshape(-1) for part in made])
        if not isinstance(value, Tensor):
            raise TypeError(f"the function must give a tensor, not {type(value).__name__}")
        return value

    def number(self, leaves: Sequence[Tensor]) -> Tensor:
        """The same of a function that must give one number."""
        value = self.at(leaves)
        if value.numel() != 1:
            raise ValueError(
                f"the function must give one number, not a tensor of shape {tuple(value.shape)}"
            )
        return value.reshape(())

    def slopes(self, value: Tensor, leaves: list[Tensor], again: bool = False) -> list[Tensor]:
        """The gradient of a number by each leaf."""
        if not value.requires_grad:
            return [leaf.detach() * 0 for leaf in leaves]
        with enable_grad():
            return list(
                autograd.grad(
                    value, leaves, retain_graph=True, create_graph=again, materialize_grads=True
                )
            )

    def value(self, x: Any) -> float:
        return float(self.number(self.tree.wanting(x)).item())

    def value_and_gradient(self, x: Any) -> tuple[float, Any]:
        leaves = self.tree.wanting(x)
        value = self.number(leaves)
        return float(value.item()), _flat(self.slopes(value, leaves))

    def product(self, x: Any, direction: Any) -> Any:
        """The Hessian times a vector."""
        leaves = self.tree.wanting(x)
        slopes = self.slopes(self.number(leaves), leaves, again=True)
        return _flat(self.slopes(_dot(slopes, self.tree, direction), leaves))

    def hessian(self, x: Any) -> Any:
        """The Hessian, row by row."""
        leaves = self.tree.wanting(x)
        slopes = self.slopes(self.number(leaves), leaves, again=True)
        return self.rows(cat([slope.reshape(-1) for slope in slopes]), leaves)

    def hessian_of_sum(self, x: Any, weights: Any) -> Any:
        """The Hessian of the values' sum with these weights."""
        leaves = self.tree.wanting(x)
        with enable_grad():
            total = (self.at(leaves).reshape(-1) * tensor(np.asarray(weights, dtype=float))).sum()
        slopes = self.slopes(total, leaves, again=True)
        return self.rows(cat([slope.reshape(-1) for slope in slopes]), leaves)

    def rows(self, values: Tensor, leaves: list[Tensor]) -> Any:
        """The gradients of the elements of a vector."""
        found = [_flat(self.slopes(value, leaves)) for value in values.reshape(-1)]
        return np.array(found).reshape(values.numel(), sum(self.tree.sizes))

    def values(self, x: Any) -> Any:
        """The values of a function that gives several, as a vector."""
        return self.at(self.tree.wanting(x)).detach().reshape(-1).numpy().copy()

    def jacobian(self, x: Any) -> Any:
        leaves = self.tree.wanting(x)
        return self.rows(self.at(leaves), leaves)

    def values_and_jacobian(self, x: Any) -> tuple[Any, Any]:
        leaves = self.tree.wanting(x)
        values = self.at(leaves)
        return values.detach().reshape(-1).numpy().copy(), self.rows(values, leaves)


class _Results(_Tree):
    """Leaves of what a function gave, with their history."""

    def _leaf(self, value: Any, what: str) -> Tensor:
        return value if isinstance(value, Tensor) else super()._leaf(value, what)

    def __init__(self, example: Any) -> None:
        super().__init__(example, "the function's result")


def _flat(tensors: Sequence[Tensor]) -> Any:
    parts = [t.detach().reshape(-1).numpy() for t in tensors]
    return np.concatenate(parts) if parts else np.zeros(0)


def _dot(slopes: list[Tensor], tree: _Tree, direction: Any) -> Tensor:
    parts = tree.split(tensor(np.asarray(direction, dtype=float).reshape(-1)))
    with enable_grad():
        total = tensor(0.0)
        for slope, part in zip(slopes, parts, strict=True):
            total = total + (slope * part).sum()
    return total


# ---- derivatives of solutions --------------------------------------------------------------------


def _is_parametrised(function: _Function, x: Any) -> bool:
    """Whether what the function closes over requires a gradient."""
    leaves = function.tree.split(tensor(np.asarray(x, dtype=float)))
    return function.at(leaves).requires_grad


def _solution(tree: _Tree, x: Any, equations: Tensor, jacobian: Any, free: Any) -> Any:
    """x as the solution of equations, which are 0 there: where these depend on something else, too,
    the implicit function theorem tells how x does."""
    with enable_grad():
        rest = equations.reshape(-1)[tensor(np.flatnonzero(free))]
        rest = rest - rest.detach()  # 0, with the derivatives of the equations
        inverse = np.linalg.pinv(jacobian[np.ix_(free, free)], rcond=1e-14)
        moved = (tensor(inverse) * rest).sum(1) if free.any() else rest
        places = np.cumsum(free) - 1
        solution = tensor(np.asarray(x, dtype=float).reshape(-1))
        if free.any():
            spread = moved[tensor(np.maximum(places, 0))] * tensor(free.astype(float))
            solution = solution - spread
        return tree.made_of(tree.split(solution))


def _minimum(function: _Function, result: Any, low: Any, high: Any) -> Any:
    """The solution of a minimisation. Variables at their bounds stay there."""
    leaves = function.tree.wanting(result.x)
    slopes = function.slopes(function.number(leaves), leaves, again=True)
    gradient = cat([slope.reshape(-1) for slope in slopes])
    room = 1e-8 * (1.0 + np.abs(result.x))
    free = (result.x - low > room) & (high - result.x > room)
    hessian = function.rows(gradient, leaves)
    return _solution(function.tree, result.x, gradient, hessian, free)


# ---- bounds, constraints, callbacks --------------------------------------------------------------


def _bounds(bounds: Any, tree: _Tree) -> Any:
    """SciPy's pairs, one for each number. For a tree they are a tree of pairs, one for each leaf,
    of numbers or of what has the leaf's shape, or None."""
    if bounds is None or tree.is_one:
        return bounds
    pairs: list[tuple[Any, Any]] = []
    leaves = iter(tree.leaves)

    def collect(node: Any, pair: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                collect(value, None if pair is None else pair.get(key))
        elif isinstance(node, (list, tuple)):
            for k, value in enumerate(node):
                collect(value, None if pair is None else pair[k])
        else:
            shape = tuple(next(leaves).shape)
            low, high = (None, None) if pair is None else pair
            pairs.extend(zip(_spread(low, shape, -1), _spread(high, shape, 1), strict=True))

    collect(tree.example, bounds)
    return pairs


def _spread(bound: Any, shape: tuple[int, ...], sign: int) -> list[float]:
    values = sign * np.inf if bound is None else np.asarray(bound, dtype=float)
    found: list[float] = np.broadcast_to(values, shape).reshape(-1).tolist()
    return found


def _limits(bounds: Any, n: int) -> tuple[Any, Any]:
    """The lower and upper bounds as arrays."""
    if bounds is None:
        return np.full(n, -np.inf), np.full(n, np.inf)
    if hasattr(bounds, "lb"):
        return np.broadcast_to(bounds.lb, n), np.broadcast_to(bounds.ub, n)
    low = [-np.inf if pair[0] is None else pair[0] for pair in bounds]
    high = [np.inf if pair[1] is None else pair[1] for pair in bounds]
    return np.array(low, dtype=float), np.array(high, dtype=float)


def _constraints(given: Any, tree: _Tree, library: Any, as_objects: bool) -> list[Any]:
    """Constraints of functions of trees as SciPy's, with their derivatives: dicts, or objects where
    the method has use for their Hessians."""
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    return [_constraint(one, tree, library, as_objects) for one in listed]


def _constraint(one: Any, tree: _Tree, library: Any, as_objects: bool) -> Any:
    is_dict = isinstance(one, dict)
    if not is_dict and not isinstance(one, library.NonlinearConstraint):
        return one
    args = tuple(one.get("args", ())) if is_dict else ()
    function = _Function(one["fun"] if is_dict else one.fun, tree, args)
    if is_dict and not as_objects:
        return {"type": one["type"], "fun": function.values, "jac": function.jacobian}
    low, high = (0.0, 0.0 if one["type"] == "eq" else np.inf) if is_dict else (one.lb, one.ub)
    more = {} if is_dict else {"keep_feasible": one.keep_feasible}
    if as_objects:
        more["hess"] = function.hessian_of_sum
    return library.NonlinearConstraint(function.values, low, high, jac=function.jacobian, **more)


def _callback(callback: Callable[..., Any] | None, tree: _Tree) -> Any:
    """What SciPy calls, with trees for its arrays."""
    if callback is None:
        return None
    if list(inspect.signature(callback).parameters) == ["intermediate_result"]:

        def of_result(intermediate_result: Any) -> Any:
            seen = type(intermediate_result)(**intermediate_result)
            seen.x = tree.of_array(seen.x)
            return callback(seen)

        return of_result
    return lambda xk, *rest: callback(tree.of_array(xk), *rest)


# ---- what is called ------------------------------------------------------------------------------


def minimize(
    fun: Callable[..., Tensor],
    x0: Any,
    args: Any = (),
    method: str | None = None,
    *,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """Find where a function of a tensor, or of a tree of tensors, is least, by SciPy's `minimize`.

    Gradients come from the tape, and so do products with the Hessian, or the Hessian row by row,
    for methods that ask for them.

    Args:
        fun: a function of x, and of `args`, that gives one number.
        x0: where to begin: a tensor, or a dict, list or tuple of tensors, nested as may be.
        args: further arguments of the function, a tuple; anything else is one argument.
        method: one of SciPy's.
        bounds: of a tensor as SciPy has them, for each number; of a tree a tree of pairs, with
            None for no bound.
        constraints: dicts with `type` and `fun`, or SciPy's objects; functions are of x as `fun`
            is, and their Jacobians come from the tape. A LinearConstraint is for all numbers in
            turn.
        tol: as SciPy has it, as `options`.
        callback: called after each iteration with x, or with `intermediate_result`.
        options: of the method.

    Returns:
        SciPy's result, with x and the gradient `jac` as trees like x0. Where the function closes
        over tensors that require grad, x depends on them, by the implicit function theorem, and has
        first derivatives. There are none where there are constraints; variables at their bounds
        stay there.

    Raises:
        ImportError: SciPy is not installed.
        TypeError: something in x0 is no tensor, or the function gives none.
        ValueError: the function gives more than one number, or there is no such method.

    Example:
        >>> import pyautograd as ag
        >>> c = ag.tensor(3.0, requires_grad=True)
        >>> found = ag.optimize.minimize(lambda x: ((x - c**2) ** 2).sum(), ag.zeros(2))
        >>> found.x.sum().backward()
        >>> found.x.detach().round(decimals=3), c.grad.round(decimals=3)
        (tensor([9., 9.]), tensor(12.))
    """
    library = _scipy()
    tree = _Tree(x0, "x0")
    function = _Function(fun, tree, _as_arguments(args))
    name = (method or "").lower()
    derivatives: dict[str, Any] = {"jac": name not in _WITHOUT_GRADIENT}
    if name in _WITH_PRODUCTS:
        derivatives["hessp"] = function.product
    if name in _WITH_HESSIAN:
        derivatives["hess"] = function.hessian
    pairs = _bounds(bounds, tree)
    is_free = isinstance(constraints, (list, tuple)) and len(constraints) == 0
    result = library.minimize(
        function.value_and_gradient if derivatives["jac"] else function.value,
        tree.flat(),
        method=method,
        bounds=pairs,
        constraints=() if is_free else _constraints(
            constraints, tree, library, name == "trust-constr"
        ),
        tol=tol,
        callback=_callback(callback, tree),
        options=options,
        **derivatives,
    )
    array = np.asarray(result.x, dtype=float)
    result.x = array
    depends = is_free and _is_parametrised(function, array)
    low, high = _limits(pairs, array.size)
    solution = _minimum(function, result, low, high) if depends else tree.of_array(array)
    if derivatives["jac"] and np.size(result.get("jac")) == array.size:
        result.jac = tree.of_array(result.jac)
    result.x = solution
    return result


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    *,
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """Find where a function of a tensor, or of a tree of tensors, is 0, by SciPy's `root`.

    Args:
        fun: a function of x, and of `args`, that gives as many numbers as x has.
        x0: where to begin: a tensor, or a dict, list or tuple of tensors, nested as may be.
        args: further arguments of the function, a tuple; anything else is one argument.
        method: one of SciPy's; "hybr" and "lm" get the Jacobian.
        tol: as SciPy has it, as `options`.
        callback: called after each iteration with x and the values, by methods that have one.
        options: of the method.

    Returns:
        SciPy's result, with x as a tree like x0. Where the function closes over tensors that
        require grad, x depends on them, by the implicit function theorem, and has first
        derivatives.

    Raises:
        ImportError: SciPy is not installed.
        TypeError: something in x0 is no tensor, or the function gives none.

    Example:
        >>> import pyautograd as ag
        >>> a = ag.tensor(2.0, requires_grad=True)
        >>> found = ag.optimize.root(lambda x: x**2 - a, ag.tensor([1.0]))
        >>> found.x.sum().backward()
        >>> round(found.x.item(), 6), round(a.grad.item(), 6)
        (1.414214, 0.353553)
    """
    library = _scipy()
    tree = _Tree(x0, "x0")
    function = _Function(fun, tree, _as_arguments(args))
    with_jacobian = method.lower() in _ROOTS_WITH_JACOBIAN
    result = library.root(
        function.values_and_jacobian if with_jacobian else function.values,
        tree.flat(),
        method=method,
        jac=True if with_jacobian else None,
        tol=tol,
        callback=None if callback is None else _callback(callback, tree),
        options=options,
    )
    array = np.asarray(result.x, dtype=float).reshape(-1)
    solution = tree.of_array(array)
    if _is_parametrised(function, array):
        leaves = tree.wanting(array)
        values = function.at(leaves)
        everywhere = np.ones(array.size, dtype=bool)
        solution = _solution(tree, array, values, function.rows(values, leaves), everywhere)
    result.x = solution
    return result


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    *,
    bounds: Any = None,
    method: str = "trf",
    args: Any = (),
    **kwargs: Any,
) -> Any:
    """Find where the sum of the squares of a function's values is least, by SciPy's
    `least_squares`.

    Args:
        fun: a function of x, and of `args`, that gives the residuals.
        x0: where to begin: a tensor, or a dict, list or tuple of tensors, nested as may be.
        bounds: of a tensor as SciPy has them, a pair of lower and upper ones; of a tree a tree of
            pairs, with None for no bound.
        method: one of SciPy's.
        args: further arguments of the function, a tuple; anything else is one argument.
        **kwargs: SciPy's other arguments, such as `loss`, `ftol` and `x_scale`.

    Returns:
        SciPy's result, with x and `grad` as trees like x0.

    Raises:
        ImportError: SciPy is not installed.
        TypeError: something in x0 is no tensor, or the function gives none.

    Example:
        >>> import pyautograd as ag
        >>> t = ag.linspace(0.0, 1.0, 9)
        >>> y = 2 * (-3 * t).exp()
        >>> start = {"size": ag.tensor(1.0), "rate": ag.tensor(1.0)}
        >>> found = ag.optimize.least_squares(
        ...     lambda p: p["size"] * (-p["rate"] * t).exp() - y, start
        ... )
        >>> round(found.x["size"].item(), 6), round(found.x["rate"].item(), 6)
        (2.0, 3.0)
    """
    library = _scipy()
    tree = _Tree(x0, "x0")
    function = _Function(fun, tree, _as_arguments(args))
    if bounds is None:
        bounds = (-np.inf, np.inf)
    elif not tree.is_one:
        bounds = _limits(_bounds(bounds, tree), sum(tree.sizes))
    result = library.least_squares(
        function.values, tree.flat(), jac=function.jacobian, bounds=bounds, method=method, **kwargs
    )
    result.x = tree.of_array(result.x)
    result.grad = tree.of_array(result.grad)
    return result


def __getattr__(name: str) -> Any:
    from ._names import no_attribute

    raise no_attribute(__name__, name, __all__)
