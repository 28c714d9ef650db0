# SPDX-License-Identifier: MIT
"""What schedulers and optimisers say of themselves: the same keys as in PyTorch, and states of
either library are gone on with in the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import pyautograd as ag

torch = pytest.importorskip("torch")

OPTIMISERS = """
SGD(p, lr=0.1, momentum=0.9, nesterov=True)
Adam(p, amsgrad=True)
AdamW(p)
Adamax(p)
RMSprop(p, centered=True, momentum=0.5)
Adagrad(p)
Adadelta(p)
NAdam(p)
LBFGS(p, max_iter=3)
""".strip().splitlines()
SCHEDULERS = """
StepLR(o, 2)
MultiStepLR(o, [1, 3])
LinearLR(o)
ExponentialLR(o, 0.9)
CosineAnnealingLR(o, 5)
ReduceLROnPlateau(o)
LambdaLR(o, lambda epoch: 0.9**epoch)
""".strip().splitlines()


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """PyTorch's numbers of steps, and what NAdam multiplies up, have the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def started(m: Any, text: str) -> tuple[Any, Any, Any]:
    """A parameter, its optimiser, and a closure."""
    p = m.nn.Parameter(m.tensor([1.0, 2.0], dtype=m.float64))
    o = eval(text, {**vars(m.optim), "p": [p]} | {n: getattr(m.optim, n) for n in dir(m.optim)})

    def closure() -> Any:
        o.zero_grad()
        loss = ((p - 0.5) ** 2).sum()
        loss.backward()
        return loss

    return p, o, closure


def carried(value: Any, m: Any) -> Any:
    if hasattr(value, "detach"):
        return m.tensor(value.detach().tolist(), dtype=m.float64)
    if isinstance(value, dict):
        return {key: carried(one, m) for key, one in value.items()}
    return [carried(one, m) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("text", OPTIMISERS)
@pytest.mark.parametrize("source", [ag, torch])
def test_optimisers_go_on_with_the_other_library(text: str, source: Any) -> None:
    target = torch if source is ag else ag
    p, o, closure = started(source, text)
    o.step(closure)
    o.step(closure)
    q, other, other_closure = started(target, text)
    other.load_state_dict(carried(o.state_dict(), target))
    q.data.copy_(target.tensor(p.tolist(), dtype=target.float64))
    o.step(closure)
    other.step(other_closure)
    assert q.tolist() == pytest.approx(p.tolist(), rel=1e-12, abs=0)


@pytest.mark.parametrize("text", SCHEDULERS)
def test_states_of_schedulers_have_the_same_keys(text: str) -> None:
    states = []
    for m in (ag, torch):
        _, o, closure = started(m, "SGD(p, lr=0.1)")
        names = {n: getattr(m.optim.lr_scheduler, n) for n in dir(m.optim.lr_scheduler)}
        scheduler = eval(text, {**names, "o": o})
        o.step(closure)
        scheduler.step(*((1.0,) if "Plateau" in text else ()))
        states.append(scheduler.state_dict())
    ours, theirs = states
    assert sorted(ours) == sorted(theirs)
    assert {k: type(v) for k, v in ours.items()} == {k: type(v) for k, v in theirs.items()}
