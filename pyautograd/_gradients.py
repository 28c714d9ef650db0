# SPDX-License-Identifier: MIT
"""Gradients of many parameters at once."""

from __future__ import annotations

from collections.abc import Iterable

from ._core import Tensor


def forget_gradients(parameters: Iterable[Tensor], set_to_none: bool) -> None:
    """Leave None in `.grad` of each parameter, or fill with zeros what is there."""
    for p in parameters:
        if set_to_none:
            p.grad = None
        elif p.grad is not None:
            if p.grad.grad_fn is not None:
                p.grad.detach_()
            else:
                p.grad.requires_grad_(False)
            p.grad.zero_()
