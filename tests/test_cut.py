# SPDX-License-Identifier: MIT
"""A gradient asked of what was cut off from the tape: the error says where, and by what."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

import pyautograd as ag
from pyautograd import nn
from support import leaf

KNOWN = leaf([1.0]).exp().grad_fn.source is not None  # the frames of this Python
NOTHING = "element 0 of tensors does not require grad and does not have a grad_fn"


def here(offset: int = 0) -> str:
    """What an error says of the caller's line, or of one `offset` lines below."""
    frame = sys._getframe(1)
    code = frame.f_code
    if not KNOWN:
        return ""
    return f" at {code.co_filename}:{frame.f_lineno + offset} in {code.co_name}"


def said(t: ag.Tensor) -> str:
    """What backward of a tensor says after PyTorch's text."""
    with pytest.raises(RuntimeError) as error:
        t.sum().backward()
    text = str(error.value)
    assert text.startswith(NOTHING)
    return text.removeprefix(NOTHING).removeprefix("\nIt was cut off from the tape by ")


def test_detach() -> None:
    x = leaf([1.0, 2.0])
    y = (x * 2).detach()
    line = here(-1)
    assert said((y + 1).exp() * 3) == "detach() or a copy of its numbers" + line


def test_other_ways_of_parting() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2
    y.detach_()
    assert said(y + 1) == "detach_()" + here(-1)
    z = x.data
    assert said(z + 1) == ".data" + here(-1)
    w = leaf([1.0])
    w.requires_grad_(False)
    assert said(w * w) == "requires_grad_(False)" + here(-1)
    with pytest.warns(UserWarning, match="copy construct"):
        c = ag.tensor(x)
    assert said(c) == "detach() or a copy of its numbers" + here(-1)


def test_no_grad() -> None:
    x = leaf([1.0, 2.0])
    with ag.no_grad():
        y = x * 2
        line = here(-1)
        z = y + 1
    assert said(z.exp()) == "mul, while no gradients were recorded (no_grad)," + line
    ag.set_grad_enabled(False)
    v = x[0]
    line = here(-1)
    ag.set_grad_enabled(True)
    assert said(v).endswith(", while no gradients were recorded (no_grad)," + line)


def test_formulas_under_no_grad() -> None:
    x = leaf([1.0, 2.0])
    with ag.no_grad():
        y = nn.functional.mse_loss(x, ag.ones(2))
        line = here(-1)
    assert said(y).endswith("(no_grad)," + line)
    layer = nn.Linear(2, 1)
    with ag.no_grad():
        y = layer(ag.ones(2))
        line = here(-1)
    assert said(y) == "addmm, while no gradients were recorded (no_grad)," + line


def test_comparisons_and_integers() -> None:
    x = leaf([1.0, 2.0])
    mask = x > 1
    assert said(mask.double() * 2) == "gt, which has no derivative," + here(-1)
    index = x.argmax()
    assert said(index.double() + 1) == "argmax, which has no derivative," + here(-1)
    whole = x.long()
    assert said(whole.double()) == "a cast to integers or bools" + here(-1)
    places = x.sort().indices
    assert said(places * 1.0) == "sort, which has no derivative," + here(-1)


def test_accuracy_as_a_loss() -> None:
    """The mistake that people make."""
    x = leaf([0.3, 0.8])
    hits = (x > 0.5) == ag.tensor([True, True])
    loss = 1 - hits.double().mean()
    assert said(loss) == "gt, which has no derivative," + here(-2)


def test_the_first_mark_goes_on() -> None:
    x, y = leaf([1.0]), leaf([2.0])
    a = x.detach()
    first = here(-1)
    b = y.data
    second = here(-1)
    assert said(a + b).endswith(first)
    assert said(b + a).endswith(second)
    assert said(ag.cat([b, a])).endswith(second)
    assert said(ag.ones(1) * 2 + b).endswith(second)
    assert said((a * 1).unbind()[0] * 1).endswith(first)
    assert said(a.detach().clone().view(1)).endswith(first)


def test_writes_in_place() -> None:
    x = leaf([1.0, 2.0])
    total = ag.zeros(2)
    with ag.no_grad():
        total += x
        line = here(-1)
    assert said(total).endswith("add, while no gradients were recorded (no_grad)," + line)
    kept = ag.zeros(2)
    part = x.detach()
    line = here(-1)
    kept.copy_(part)
    assert said(kept).endswith(line)


def test_gradients_without_a_graph() -> None:
    x = leaf([1.0, 2.0])
    (g,) = ag.autograd.grad((x * x * x).sum(), x)
    text = "a backward without create_graph=True" + here(-1)
    assert said(g * 2) == text
    (x * x).sum().backward()
    line = here(-1)
    assert x.grad is not None
    assert said(x.grad.square()) == "a backward without create_graph=True" + line
    (h,) = ag.autograd.grad((x * x * x).sum(), x, create_graph=True)
    h.sum().backward()


@pytest.mark.parametrize(
    "ask",
    [
        lambda y: ag.autograd.grad(leaf([1.0]).sum(), y),
        lambda y: y.retain_grad(),
        lambda y: y.register_hook(print),
        lambda y: ag.autograd.backward([leaf([1.0]).sum(), y.sum()]),
    ],
)
def test_other_questions(ask: Callable[[ag.Tensor], object]) -> None:
    y = leaf([1.0]).detach()
    line = here(-1)
    with pytest.raises(RuntimeError) as error:
        ask(y)
    assert str(error.value).endswith(
        "\nIt was cut off from the tape by detach() or a copy of its numbers" + line
    )


def test_nothing_was_cut() -> None:
    for t in (ag.ones(2), ag.ones(2) * 3, ag.tensor([1.0, 2.0]).exp(), ag.rand(2) > 0.5):
        with pytest.raises(RuntimeError) as error:
            (t * 1.0).sum().backward()
        assert str(error.value) == NOTHING


def test_what_has_a_history_again() -> None:
    x = leaf([1.0, 2.0])
    y = x.detach()
    y.requires_grad_()
    (y * 2).sum().backward()
    z = x.detach()
    z.mul_(x)
    z.sum().backward()
    w = x.detach().clone()
    with pytest.raises(RuntimeError, match="cut off"):
        w.sum().backward()


def test_rules_mark_nothing() -> None:
    """What hooks are given was not cut off by the rule of an op."""
    x = leaf([1.0, 2.0])
    seen: list[ag.Tensor] = []
    y = x.exp() * x
    y.register_hook(seen.append)
    y.sum().backward()
    with pytest.raises(RuntimeError) as error:
        seen[0].sum().backward()
    assert str(error.value) == NOTHING
