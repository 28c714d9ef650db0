# SPDX-License-Identifier: MIT
"""Optimisers, named and called as those of `torch.optim`. A step changes all parameters of a group
in one pass over memory, in C.

Example:
    >>> import pyautograd as ag
    >>> x = ag.tensor([2.0, -1.0], requires_grad=True)
    >>> optimizer = ag.optim.Adam([x], lr=0.1)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     loss = ((x - 1) ** 2).sum()
    ...     loss.backward()
    ...     optimizer.step()
    >>> x.detach().round(decimals=3)
    tensor([1., 1.])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .._core import Tensor, _optim_step, full_like, tensor
from . import lr_scheduler
from ._lbfgs import LBFGS
from .optimizer import (
    Optimizer,
    ParamsT,
    check_betas,
    check_not_negative,
    check_rate,
    check_ways,
    evaluate,
)

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RMSprop",
    "lr_scheduler",
]


class _InOnePass(Optimizer):
    """An optimizer whose step is the core's."""

    _kind: ClassVar[str]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by their gradients; those without one stay as they are.

        Args:
            closure: computes the loss anew with its gradients, and returns the loss, which `step`
                then returns.
        """
        loss = evaluate(closure)
        for group in self.param_groups:
            if group.get("differentiable"):
                from ._recorded import recorded_step

                recorded_step(self._kind, group, self.state)
            else:
                _optim_step(self._kind, group, self.state)
        return loss


class SGD(_InOnePass):
    """Gradient descent, with momentum if that is not 0.

    Args:
        params: tensors, pairs of a name and a tensor, or groups of them.
        lr: how much of the gradient a step takes.
        momentum: how much of the steps before goes on.
        dampening: what the gradient's share in the momentum lacks.
        weight_decay: how much of a parameter is added to its gradient.
        nesterov: look ahead along the momentum.
        maximize: go towards larger values.
        foreach: accepted, as `fused`: all parameters are stepped in one pass.
        differentiable: record steps on the tape, of parameters that are no leaves.
        fused: accepted.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0], requires_grad=True)
        >>> optimizer = ag.optim.SGD([x], lr=0.25)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.5000], requires_grad=True)
    """

    _kind = "SGD"

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check_not_negative(momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_ways(foreach, False, differentiable, fused)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )


class Adam(_InOnePass):
    """Steps of the gradients' mean over their root mean square, both of the recent past.

    Args:
        params: tensors, pairs of a name and a tensor, or groups of them.
        lr: about how far a step goes.
        betas: how much of the mean, and of the mean square, goes on from step to step.
        eps: added to the root.
        weight_decay: how much of a parameter is added to its gradient.
        amsgrad: divide by the largest mean square so far.
        foreach: accepted, as `fused`: all parameters are stepped in one pass.
        maximize: go towards larger values.
        capturable: is refused.
        differentiable: record steps on the tape, of parameters that are no leaves.
        fused: accepted.
        decoupled_weight_decay: take the weights' decay off beside the gradient, as AdamW does.

    Raises:
        ValueError: an argument is out of its range.
        NotImplementedError: `capturable` is set.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0], requires_grad=True)
        >>> optimizer = ag.optim.Adam([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> optimizer.step()
        >>> x
        tensor([0.9000], requires_grad=True)
    """

    _kind = "Adam"

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_rate(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        check_ways(foreach, capturable, differentiable, fused)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )


class AdamW(Adam):
    """Adam whose weights decay beside the gradient, not through it.

    Args:
        params: tensors, pairs of a name and a tensor, or groups of them.
        lr: about how far a step goes.
        betas: how much of the mean, and of the mean square, goes on from step to step.
        eps: added to the root.
        weight_decay: so much of a parameter, times lr, is taken off in a step.
        amsgrad: divide by the largest mean square so far.
        maximize: go towards larger values.
        foreach: accepted, as `fused`: all parameters are stepped in one pass.
        capturable: is refused.
        differentiable: record steps on the tape, of parameters that are no leaves.
        fused: accepted.

    Raises:
        ValueError: an argument is out of its range.
        NotImplementedError: `capturable` is set.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0], requires_grad=True)
        >>> x.grad = ag.zeros(1)
        >>> ag.optim.AdamW([x], lr=0.1, weight_decay=0.5).step()
        >>> x
        tensor([0.9500], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True


class Adamax(_InOnePass):
    """Adam with the largest of the recent gradients in place of their root mean square.

    Args:
        params: tensors, pairs of a name and a tensor, or groups of them.
        lr: about how far a step goes.
        betas: how much of the mean, and of the largest gradient, goes on from step to step.
        eps: added to the size of the gradient.
        weight_decay: how much of a parameter is added to its gradient.
        foreach: accepted: all parameters are stepped in one pass.
        maximize: go towards larger values.
        differentiable: record steps on the tape, of parameters that are no leaves.
        capturable: is refused.

    Raises:
        ValueError: an argument is out of its range.
        NotImplementedError: `capturable` is set.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0], requires_grad=True)
        >>> x.grad = ag.ones(1)
        >>> ag.optim.Adamax([x], lr=0.1).step()
        >>> x
        tensor([0.9000], requires_grad=True)
    """

    _kind = "Adamax"

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        check_ways(foreach, capturable, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )


class NAdam(_InOnePass):
    """Adam that looks ahead along the mean, as Nesterov's momentum does.

    Args:
        params: tensors, pairs of a name and a tensor, or groups of them.
        lr: about how far a step goes.
        betas: how much of the mean, and of the mean square, goes on from step to step.
        eps: added to the root.
        weight_decay: how much of a parameter is added to its gradient.
        momentum_decay: how fast the momentum grows to its size.
        decoupled_weight_decay: take the weights' decay off beside the gradient, as AdamW does.
        foreach: accepted: all parameters are stepped in one pass.
        maximize: go towards larger values.
        capturable: is refused.
        differentiable: record steps on the tape, of parameters that are no leaves.

    Raises:
        ValueError: an argument is out of its range.
        NotImplementedError: `capturable` is set.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0], requires_grad=True)
        >>> x.grad = ag.ones(1)
        >>> ag.optim.NAdam([x], lr=0.1).step()
        >>> x
        tensor([0.8944], requires_grad=True)
    """

    _kind = "NAdam"

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        check_ways(foreach, capturable, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )


class RMSprop(_InOnePass):
    """Steps of gradients over their root mean square of the recent past.

    Args:
        params: tensors, pairs of a name and a tensor, or groups of them.
        lr: about how far a step goes.
        alpha: how much of the mean square goes on from step to step.
        eps: added to the root.
        weight_decay: how much of a parameter is added to its gradient.
        momentum: how much of the steps before goes on.
        centered: divide by the gradients' spread about their mean.
        capturable: is refused.
        foreach: accepted: all parameters are stepped in one pass.
        maximize: go towards larger values.
        differentiable: record steps on the tape, of parameters that are no leaves.

    Raises:
        ValueError: an argument is out of its range.
        NotImplementedError: `capturable` is set.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0], requires_grad=True)
        >>> x.grad = ag.ones(1)
        >>> ag.optim.RMSprop([x], lr=0.01).step()
        >>> x
        tensor([0.9000], requires_grad=True)
    """

    _kind = "RMSprop"

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_not_negative(
            epsilon=eps,
            momentum=momentum,
            weight_decay=weight_decay,
            alpha=alpha,
        )
        check_ways(foreach, capturable, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )


class Adagrad(_InOnePass):
    """Steps of gradients over the root of the sum of all their squares.

    Args:
        params: tensors, pairs of a name and a tensor, or groups of them.
        lr: about how far the first step goes.
        lr_decay: how fast lr falls beside that.
        weight_decay: how much of a parameter is added to its gradient.
        initial_accumulator_value: what the sums begin with.
        eps: added to the root.
        foreach: accepted, as `fused`: all parameters are stepped in one pass.
        maximize: go towards larger values.
        differentiable: record steps on the tape, of parameters that are no leaves.
        fused: accepted.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0], requires_grad=True)
        >>> x.grad = ag.ones(1)
        >>> ag.optim.Adagrad([x], lr=0.1).step()
        >>> x
        tensor([0.9000], requires_grad=True)
    """

    _kind = "Adagrad"

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check_not_negative(
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=eps,
        )
        check_ways(foreach, False, differentiable, fused)
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        for group in self.param_groups:
            for p in group["params"]:
                first = float(initial_accumulator_value)  # one for all groups, as in PyTorch
                self.state[p] = {"step": tensor(0.0), "sum": full_like(p, first).detach()}


class Adadelta(_InOnePass):
    """Steps as large as those of the recent past were, by the gradients' sizes.

    Args:
        params: tensors, pairs of a name and a tensor, or groups of them.
        lr: what steps are multiplied by.
        rho: how much of the mean squares goes on from step to step.
        eps: added to the mean squares.
        weight_decay: how much of a parameter is added to its gradient.
        foreach: accepted: all parameters are stepped in one pass.
        capturable: is refused.
        maximize: go towards larger values.
        differentiable: record steps on the tape, of parameters that are no leaves.

    Raises:
        ValueError: an argument is out of its range.
        NotImplementedError: `capturable` is set.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([1.0], requires_grad=True)
        >>> x.grad = ag.ones(1)
        >>> ag.optim.Adadelta([x]).step()
        >>> x
        tensor([0.9968], requires_grad=True)
    """

    _kind = "Adadelta"

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        check_ways(foreach, capturable, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
            },
        )


for _class in (Optimizer, LBFGS):
    _class.__module__ = __name__


def __getattr__(name: str) -> Any:
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)
