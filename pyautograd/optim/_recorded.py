# SPDX-License-Identifier: MIT
"""Steps of optimisers that are recorded on the tape, for gradients through them: the formulas of
the core's steps (csrc/compute/optim.c) written in ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core import Tensor, enable_grad, full_like, maximum, tensor, zeros_like

__all__ = ["recorded_step"]

_Kept = dict[str, Any]
_Group = dict[str, Any]


def _count(kept: _Kept) -> float:
    """The number of the step, from 1 on."""
    kept["step"] = (kept["step"] if "step" in kept else tensor(0.0)) + 1.0
    return float(kept["step"].item())


def _mean(kept: _Kept, name: str, value: Tensor, share: Any) -> Any:
    """A running mean, of which so much goes on from step to step."""
    before = kept[name] if name in kept else zeros_like(value).detach()
    kept[name] = before * share + value * (1 - share)
    return kept[name]


def _sgd(p: Tensor, g: Tensor, group: _Group, kept: _Kept) -> Any:
    momentum = group["momentum"]
    if momentum == 0:
        return p - g * group["lr"]
    before = kept.get("momentum_buffer")
    kept["momentum_buffer"] = (
        g.clone() if before is None else before * momentum + g * (1 - group["dampening"])
    )
    along = kept["momentum_buffer"]
    return p - (g + along * momentum if group["nesterov"] else along) * group["lr"]


def _adam(p: Tensor, g: Tensor, group: _Group, kept: _Kept) -> Any:
    step, (beta1, beta2) = _count(kept), group["betas"]
    mean = _mean(kept, "exp_avg", g, beta1)
    square = _mean(kept, "exp_avg_sq", g * g, beta2)
    if group["amsgrad"]:
        most = kept["max_exp_avg_sq"] if "max_exp_avg_sq" in kept else zeros_like(p).detach()
        square = kept["max_exp_avg_sq"] = maximum(most, square)
    root = (square / (1 - beta2**step)).sqrt() + group["eps"]
    return p - mean / root * (group["lr"] / (1 - beta1**step))


def _adamax(p: Tensor, g: Tensor, group: _Group, kept: _Kept) -> Any:
    step, (beta1, beta2) = _count(kept), group["betas"]
    mean = _mean(kept, "exp_avg", g, beta1)
    most = kept["exp_inf"] if "exp_inf" in kept else zeros_like(p).detach()
    kept["exp_inf"] = maximum(most * beta2, g.abs() + group["eps"])
    return p - mean / kept["exp_inf"] * (group["lr"] / (1 - beta1**step))


def _nadam(p: Tensor, g: Tensor, group: _Group, kept: _Kept) -> Any:
    lr, (beta1, beta2), decay = group["lr"], group["betas"], group["momentum_decay"]
    step = _count(kept)
    here = beta1 * (1 - 0.5 * 0.96 ** (step * decay))
    after = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * decay))
    product = (kept["mu_product"] if "mu_product" in kept else tensor(1.0)) * here
    kept["mu_product"] = product
    mean = _mean(kept, "exp_avg", g, beta1)
    square = _mean(kept, "exp_avg_sq", g * g, beta2)
    root = (square / (1 - beta2**step)).sqrt() + group["eps"]
    ahead = g * ((1 - here) / (1 - product)) + mean * (after / (1 - product * after))
    return p - ahead / root * lr


def _rmsprop(p: Tensor, g: Tensor, group: _Group, kept: _Kept) -> Any:
    _count(kept)
    square = _mean(kept, "square_avg", g * g, group["alpha"])
    if group["centered"]:
        mean = _mean(kept, "grad_avg", g, group["alpha"])
        square = (square - mean * mean).clamp(min=0.0)
    along = g / (square.sqrt() + group["eps"])
    if group["momentum"] > 0:
        before = kept["momentum_buffer"] if "momentum_buffer" in kept else zeros_like(p).detach()
        along = kept["momentum_buffer"] = before * group["momentum"] + along
    return p - along * group["lr"]


def _adagrad(p: Tensor, g: Tensor, group: _Group, kept: _Kept) -> Any:
    lr = group["lr"] / (1 + (_count(kept) - 1) * group["lr_decay"])
    first = float(group["initial_accumulator_value"])
    before = kept["sum"] if "sum" in kept else full_like(p, first).detach()
    kept["sum"] = before + g * g
    return p - g / (kept["sum"].sqrt() + group["eps"]) * lr


def _adadelta(p: Tensor, g: Tensor, group: _Group, kept: _Kept) -> Any:
    _count(kept)
    rho, eps = group["rho"], group["eps"]
    square = _mean(kept, "square_avg", g * g, rho)
    before = kept["acc_delta"] if "acc_delta" in kept else zeros_like(p).detach()
    along = (before + eps).sqrt() / (square + eps).sqrt() * g
    _mean(kept, "acc_delta", along * along, rho)
    return p - along * group["lr"]


_STEPS: dict[str, Callable[[Tensor, Tensor, _Group, _Kept], Any]] = {
    "SGD": _sgd,
    "Adam": _adam,
    "Adamax": _adamax,
    "NAdam": _nadam,
    "RMSprop": _rmsprop,
    "Adagrad": _adagrad,
    "Adadelta": _adadelta,
}


@enable_grad()
def recorded_step(kind: str, group: _Group, state: Any) -> None:
    """Change the parameters of a group by their gradients, as a part of the graph.

    Args:
        kind: which optimizer.
        group: its parameters and arguments, which may be tensors that require grad.
        state: what is kept of each parameter, with its history.

    Raises:
        RuntimeError: a parameter is a leaf, which is not written where gradients are recorded.
    """
    for p in group["params"]:
        if p.grad is None:
            continue
        g = -p.grad if group["maximize"] else p.grad
        old, kept, decay = p.clone(), dict(state.get(p, {})), group["weight_decay"]
        if isinstance(decay, Tensor) or decay != 0:
            if group.get("decoupled_weight_decay"):
                old = old * (1 - group["lr"] * decay)
            else:
                g = g + old * decay
        p.copy_(_STEPS[kind](old, g, group, kept))
        if kept:
            state[p] = kept
