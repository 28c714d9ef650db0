# SPDX-License-Identifier: MIT
"""Derivatives of functions: products of vectors with Jacobians and Hessians, and these themselves.

Functions take tensors and give a tensor or a tuple of tensors. All is made of sweeps from outputs
to inputs: `jvp` and `hvp` take the derivative of such a sweep by what it started from, in which it
is linear, and the matrices are found row by row. Names, results and errors are PyTorch's, of
`torch.autograd.functional`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .._core import Tensor, enable_grad, is_grad_enabled, set_grad_enabled, zeros_like
from ._sweeps import rows_stacked, swept

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_Tensors = tuple[Tensor, ...]
_Maybe = tuple["Tensor | None", ...]
_OUTPUTS = "outputs of the user-provided function"


# ---- what goes in and what comes out -------------------------------------------------------------


def _tuple_of(value: Any, what: str, function: str) -> tuple[bool, _Tensors]:
    """Whether there is a tuple, and the tensors as one."""
    is_tuple = isinstance(value, tuple)
    tensors = value if is_tuple else (value,)
    for i, one in enumerate(tensors):
        if not isinstance(one, Tensor):
            which = f"value at index {i}" if is_tuple else f"given {what}"
            raise TypeError(
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but "
                f"the {which} has type {type(one)}."
            )
    return is_tuple, tensors


def _prepared(tensors: _Tensors, create_graph: bool, wanted: bool) -> _Tensors:
    """Tensors to compute with: those given are part of what is recorded only if that is asked."""
    return tuple(
        t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_(wanted)
        for t in tensors
    )


def _finished(tensors: Sequence[Tensor], create_graph: bool, is_tuple: bool) -> Any:
    found = tuple(t if create_graph else t.detach() for t in tensors)
    return found if is_tuple else found[0]


def _vector(v: Any, like: _Tensors, like_is_tuple: bool, function: str, graph: bool) -> _Tensors:
    """The tensors of `v`, which must be of the shapes of `like`."""
    _, tensors = _tuple_of(v, "v", function)
    tensors = _prepared(tensors, graph, False)
    if len(tensors) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(tensors)}."
            if like_is_tuple
            else "The given v should contain a single Tensor."
        )
    for i, (one, other) in enumerate(zip(tensors, like, strict=True)):
        if one.shape != other.shape:
            entry = f"Entry {i} in " if like_is_tuple else ""
            raise RuntimeError(
                f"{entry}v has invalid size: should be {other.shape} but got {one.shape}."
            )
    return tensors


def _input_vector(
    v: Any, inputs: _Tensors, is_tuple: bool, function: str, graph: bool
) -> _Tensors | None:
    """The vector of `jvp`, `hvp` and `vhp`, which may be missing where it is one number."""
    if v is not None:
        return _vector(v, inputs, is_tuple, function, graph)
    if len(inputs) != 1 or inputs[0].numel() != 1:
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single "
            "Tensor with a single element."
        )
    return None


# ---- strict mode ---------------------------------------------------------------------------------

_NO_GRADIENT = {
    "outputs": (
        "Output {i} of the user-provided function does not require gradients. The outputs must be "
        "computed in a differentiable manner from the input when running in strict mode."
    ),
    "grad_inputs": (
        "The gradient with respect to input {i} is independent of the inputs of the user-provided "
        "function. This is not allowed in strict mode."
    ),
    "jacobian": (
        "While computing the hessian, found that the jacobian of the user-provided function with "
        "respect to input {i} is independent of the input. This is not allowed in strict mode. You "
        "should ensure that your function is twice differentiable and that the jacobian depends on "
        "the inputs (this would be violated by a linear function for example)."
    ),
}
_MISSING = {
    "back": (
        "The output of the user-provided function is independent of input {i}. This is not allowed "
        "in strict mode."
    ),
    "back_trick": (
        "The gradient with respect to the input is independent of entry {i} in the grad_outputs "
        "when using the double backward trick to compute forward mode gradients. This is not "
        "allowed in strict mode."
    ),
    "double_back": (
        "The jacobian of the user-provided function is independent of input {i}. This is not "
        "allowed in strict mode."
    ),
    "double_back_trick": (
        "The hessian of the user-provided function is independent of entry {i} in the "
        "grad_jacobian. This is not allowed in strict mode as it prevents from using the double "
        "backward trick to replace forward mode AD."
    ),
}


def _check_depends(tensors: Sequence[Tensor | None], what: str, strict: bool) -> None:
    """In strict mode, that each of these depends on something."""
    for i, one in enumerate(tensors if strict else ()):
        if one is None:
            raise RuntimeError(_MISSING["back"].format(i=i))
        if not one.requires_grad:
            raise RuntimeError(_NO_GRADIENT[what].format(i=i))


def _filled(
    found: _Maybe, like: Sequence[Tensor], strict: bool, create_graph: bool, stage: str
) -> _Tensors:
    """With zeros for None, which in strict mode is refused."""
    result = []
    for i, (one, other) in enumerate(zip(found, like, strict=True)):
        if one is None:
            if strict:
                raise RuntimeError(_MISSING[stage].format(i=i))
            one = zeros_like(other)
        elif strict and create_graph and not one.requires_grad:
            what = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(
                f"The {what} of the user-provided function is independent of input {i}. This is "
                "not allowed in strict mode when create_graph=True."
            )
        result.append(one)
    return tuple(result)


# ---- products ------------------------------------------------------------------------------------


def vjp(
    func: Callable[..., Any],
    inputs: Tensor | _Tensors,
    v: Tensor | _Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return what a function gives, and the product of `v` with its Jacobian: one sweep.

    Args:
        func: takes the inputs, gives a tensor or a tuple of tensors.
        inputs: a tensor or a tuple of tensors, of any shape.
        v: of the shapes of what the function gives; 1 if that is a single number and it is left
            out.
        create_graph: record how both are computed, also from `inputs` and `v` that require grad.
        strict: refuse functions of which an output does not depend on an input, for which there
            are zeros otherwise.

    Returns:
        The outputs, and the product, of the shapes of the inputs.

    Raises:
        RuntimeError: `v` is left out or does not fit; what `strict` forbids.
        TypeError: inputs, outputs or `v` are no tensors.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.autograd.functional import vjp
        >>> vjp(lambda x: x * x, ag.tensor([1.0, 2.0]), ag.tensor([1.0, 10.0]))
        (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        is_inputs_tuple, given = _tuple_of(inputs, "inputs", "vjp")
        leaves = _prepared(given, create_graph, True)
        is_outputs_tuple, outputs = _tuple_of(func(*leaves), _OUTPUTS, "vjp")
        _check_depends(outputs, "outputs", strict)
        cotangents = None
        if v is not None:
            cotangents = _vector(v, outputs, is_outputs_tuple, "vjp", create_graph)
        elif len(outputs) != 1 or outputs[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single "
                "Tensor with a single element."
            )
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = swept(outputs, leaves, cotangents, create_graph)
        product = _filled(found, leaves, strict, create_graph, "back")
    return (
        _finished(outputs, create_graph, is_outputs_tuple),
        _finished(product, create_graph, is_inputs_tuple),
    )


def jvp(
    func: Callable[..., Any],
    inputs: Tensor | _Tensors,
    v: Tensor | _Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return what a function gives, and the product of its Jacobian with `v`: two sweeps.

    The first sweep gives J^T u, for a u that is zeros: its derivative by u, with `v`, is J v.

    Args:
        func: takes the inputs, gives a tensor or a tuple of tensors.
        inputs: a tensor or a tuple of tensors, of any shape.
        v: of the shapes of the inputs; 1 if there is a single number and it is left out.
        create_graph: record how both are computed, also from `inputs` and `v` that require grad.
        strict: refuse functions of which an output does not depend on an input, for which there
            are zeros otherwise.

    Returns:
        The outputs, and the product, of the shapes of the outputs.

    Raises:
        RuntimeError: `v` is left out or does not fit; what `strict` forbids.
        TypeError: inputs, outputs or `v` are no tensors.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.autograd.functional import jvp
        >>> jvp(lambda x: (x * x).sum(), ag.tensor([1.0, 2.0]), ag.tensor([1.0, 10.0]))
        (tensor(5.), tensor(42.))
    """
    with enable_grad():
        is_inputs_tuple, given = _tuple_of(inputs, "inputs", "jvp")
        leaves = _prepared(given, create_graph, True)
        tangents = _input_vector(v, leaves, is_inputs_tuple, "jvp", create_graph)
        is_outputs_tuple, outputs = _tuple_of(func(*leaves), _OUTPUTS, "jvp")
        _check_depends(outputs, "outputs", strict)
        started = tuple(zeros_like(out, requires_grad=True) for out in outputs)
        first = swept(outputs, leaves, started, create_graph=True)
        _check_depends(first, "grad_inputs", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = swept(first, started, tangents, create_graph)
        product = _filled(found, outputs, strict, create_graph, "back_trick")
    return (
        _finished(outputs, create_graph, is_outputs_tuple),
        _finished(product, create_graph, is_outputs_tuple),
    )


def _number(func: Callable[..., Any], leaves: _Tensors, function: str, strict: bool) -> _Tensors:
    """What a function gives that must give one number, as the only element of a tuple."""
    is_tuple, outputs = _tuple_of(func(*leaves), _OUTPUTS, function)
    _check_depends(outputs, "outputs", strict)
    if is_tuple:
        raise RuntimeError(f"The function given to {function} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {function} should contain a single "
            "element"
        )
    return outputs


def _slope(
    func: Callable[..., Any], leaves: _Tensors, function: str, strict: bool
) -> tuple[_Tensors, _Maybe]:
    """What a function of one number gives, and its gradient, recorded."""
    outputs = _number(func, leaves, function, strict)
    slopes = swept(outputs, leaves, create_graph=True)
    _check_depends(slopes, "jacobian", strict)
    return outputs, slopes


def vhp(
    func: Callable[..., Any],
    inputs: Tensor | _Tensors,
    v: Tensor | _Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return what a function gives, and the product of `v` with its Hessian: two sweeps.

    Args:
        func: takes the inputs, gives a tensor of one element.
        inputs: a tensor or a tuple of tensors, of any shape.
        v: of the shapes of the inputs; 1 if there is a single number and it is left out.
        create_graph: record how both are computed, also from `inputs` and `v` that require grad.
        strict: refuse functions of which the gradient does not depend on an input, for which there
            are zeros otherwise.

    Returns:
        The output, and the product, of the shapes of the inputs.

    Raises:
        RuntimeError: `v` is left out or does not fit; the function gives more than one number;
            what `strict` forbids.
        TypeError: inputs, outputs or `v` are no tensors.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.autograd.functional import vhp
        >>> vhp(lambda x: (x**3).sum(), ag.tensor([1.0, 2.0]), ag.tensor([1.0, 10.0]))
        (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        is_tuple, given = _tuple_of(inputs, "inputs", "vhp")
        leaves = _prepared(given, create_graph, True)
        vector = _input_vector(v, leaves, is_tuple, "vhp", create_graph)
        outputs, slopes = _slope(func, leaves, "vhp", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = swept(slopes, leaves, vector, create_graph)
        product = _filled(found, leaves, strict, create_graph, "double_back")
    return (
        _finished(outputs, create_graph, False),
        _finished(product, create_graph, is_tuple),
    )


def hvp(
    func: Callable[..., Any],
    inputs: Tensor | _Tensors,
    v: Tensor | _Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return what a function gives, and the product of its Hessian with `v`: three sweeps.

    Where the Hessian is symmetric, as it is where it is continuous, `vhp` gives the same sooner.

    Args:
        func: takes the inputs, gives a tensor of one element.
        inputs: a tensor or a tuple of tensors, of any shape.
        v: of the shapes of the inputs; 1 if there is a single number and it is left out.
        create_graph: record how both are computed, also from `inputs` and `v` that require grad.
        strict: refuse functions of which the gradient does not depend on an input, for which there
            are zeros otherwise.

    Returns:
        The output, and the product, of the shapes of the inputs.

    Raises:
        RuntimeError: `v` is left out or does not fit; the function gives more than one number;
            what `strict` forbids.
        TypeError: inputs, outputs or `v` are no tensors.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.autograd.functional import hvp
        >>> hvp(lambda x, y: (x * x * y).sum(), (ag.ones(1), ag.ones(1)), (ag.ones(1), ag.ones(1)))
        (tensor(1.), (tensor([4.]), tensor([2.])))
    """
    with enable_grad():
        is_tuple, given = _tuple_of(inputs, "inputs", "hvp")
        leaves = _prepared(given, create_graph, True)
        vector = _input_vector(v, leaves, is_tuple, "hvp", create_graph)
        outputs, slopes = _slope(func, leaves, "hvp", strict)
        started = tuple(zeros_like(leaf, requires_grad=True) for leaf in leaves)
        second = swept(slopes, leaves, started, create_graph=True)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = swept(second, started, vector, create_graph)
        product = _filled(found, leaves, strict, create_graph, "double_back_trick")
    return (
        _finished(outputs, create_graph, False),
        _finished(product, create_graph, is_tuple),
    )


# ---- matrices ------------------------------------------------------------------------------------

_STRATEGIES = ("forward-mode", "reverse-mode")


def jacobian(
    func: Callable[..., Any],
    inputs: Tensor | _Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the Jacobian of a function: one sweep for each element of the outputs.

    Args:
        func: takes the inputs, gives a tensor or a tuple of tensors.
        inputs: a tensor or a tuple of tensors, of any shape.
        create_graph: record how it is computed, also from `inputs` that require grad.
        strict: refuse functions of which an output does not depend on an input, for which there
            are zeros otherwise.
        vectorize, strategy: as in PyTorch, which may use them to find the same numbers in another
            way. Here there is one way.

    Returns:
        For each output and each input a tensor of the output's shape and the input's, one after
        the other: a tuple of tuples of these, but neither where there is no tuple of outputs or of
        inputs.

    Raises:
        RuntimeError, NotImplementedError: what `strict` forbids; arguments that PyTorch does not
            take together.
        TypeError: inputs or outputs are no tensors.
        AssertionError: `strategy` is neither "reverse-mode" nor "forward-mode".

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.autograd.functional import jacobian
        >>> jacobian(lambda x, y: x * y, (ag.tensor([1.0, 2.0]), ag.tensor(3.0)))
        (tensor([[3., 0.],
                [0., 3.]]), tensor([1., 2.]))
    """
    if strategy not in _STRATEGIES:
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        _check_forward(create_graph, strict, vectorize)
    with enable_grad():
        is_inputs_tuple, given = _tuple_of(inputs, "inputs", "jacobian")
        leaves = _prepared(given, create_graph, True)
        is_outputs_tuple, outputs = _tuple_of(func(*leaves), _OUTPUTS, "jacobian")
        _check_depends(outputs, "outputs", strict)
        if vectorize and strict:
            _not_together("`strict=True` and `vectorized=True`", "vectorize=False")
        blocks = [
            _finished(_rows(i, out, leaves, create_graph, strict), create_graph, is_inputs_tuple)
            for i, out in enumerate(outputs)
        ]
    return tuple(blocks) if is_outputs_tuple else blocks[0]


def _not_together(what: str, instead: str, kind: type[Exception] = RuntimeError) -> NoReturn:
    off = "create_graph=False" if "create_graph" in what else "strict=False"
    raise kind(
        f"torch.autograd.functional.jacobian: {what} are not supported together"
        f"{' (yet)' if 'strategy' in what else ''}. Please either set `{off}` or `{instead}`."
    )


def _check_forward(create_graph: bool, strict: bool, vectorize: bool) -> None:
    other = 'strategy="reverse-mode"'
    if create_graph:
        what = '`create_graph=True` and `strategy="forward-mode"`'
        _not_together(what, other, NotImplementedError)
    if strict:
        _not_together('`strict=True` and `strategy="forward-mode"`', other)
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only "
            "implemented for `vectorize=True`."
        )


def _rows(
    i: int, output: Tensor, leaves: _Tensors, create_graph: bool, strict: bool
) -> list[Tensor]:
    """The Jacobian of one output by each leaf."""
    rows = []
    for element in output.reshape(-1).unbind() if output.numel() else ():
        found = swept((element,), leaves, None, create_graph, retain_graph=True)
        for k, one in enumerate(found if strict else ()):
            if one is None:
                raise RuntimeError(
                    f"Output {i} of the user-provided function is independent of input {k}. This "
                    "is not allowed in strict mode."
                )
            if create_graph and not one.requires_grad:
                raise RuntimeError(
                    "The jacobian of the user-provided function is independent of input "
                    f"{i}. This is not allowed in strict mode when create_graph=True."
                )
        rows.append(
            [zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves, strict=True)]
        )
    return rows_stacked(output, leaves, rows)


def hessian(
    func: Callable[..., Any],
    inputs: Tensor | _Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the Hessian of a function: one sweep for each element of the inputs.

    Args:
        func: takes the inputs, gives a tensor of one element.
        inputs: a tensor or a tuple of tensors, of any shape.
        create_graph: record how it is computed, also from `inputs` that require grad.
        strict: refuse functions of which the gradient does not depend on an input, for which there
            are zeros otherwise.
        vectorize, outer_jacobian_strategy: as in PyTorch, which may use them to find the same
            numbers in another way. Here there is one way.

    Returns:
        For two inputs a tensor of the shape of the one and of the other, one after the other: a
        tuple of tuples of these where there is a tuple of inputs.

    Raises:
        RuntimeError: the function gives more than one number; as `jacobian`.
        TypeError: inputs or outputs are no tensors.
        AssertionError: there is no such strategy.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd.autograd.functional import hessian
        >>> hessian(lambda x: x[0] * x[1] ** 2, ag.tensor([1.0, 2.0]))
        tensor([[0., 4.],
                [4., 2.]])
    """
    is_tuple, given = _tuple_of(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in _STRATEGIES:
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def number(*leaves: Tensor) -> Tensor:
        return _number(func, leaves, "hessian", strict)[0].squeeze()

    def slopes(*leaves: Tensor) -> _Tensors:
        found: _Tensors = jacobian(number, leaves, create_graph=True)
        _check_depends(found, "jacobian", strict)
        return found

    found = jacobian(slopes, given, create_graph, strict, vectorize, outer_jacobian_strategy)
    return found if is_tuple else found[0][0]


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
