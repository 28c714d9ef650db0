# SPDX-License-Identifier: MIT
"""L-BFGS: steps along directions that recent gradients tell of the curvature, with a line search
for the strong Wolfe conditions if that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._core import Tensor, cat, enable_grad, no_grad, zeros
from .optimizer import Optimizer, ParamsT, check_rate

__all__ = ["LBFGS"]

_SUFFICIENT = 1e-4  # of the slope: how much a step must bring
_CURVATURE = 0.9  # of the slope: what may be left of it


def _dot(x: Tensor, y: Tensor) -> float:
    return float((x * y).sum().item())


def _largest(x: Tensor) -> float:
    return float(x.abs().max().item()) if x.numel() else 0.0


@dataclass
class _Point:
    """A place along the direction: how far it is, the value, the gradient, the slope."""

    at: float
    value: float
    gradient: Tensor
    slope: float


def _lowest_between(p: _Point, q: _Point, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic through two points with their slopes is lowest, within bounds."""
    low, high = bounds if bounds is not None else (min(p.at, q.at), max(p.at, q.at))
    if p.at == q.at:
        return (low + high) / 2.0
    d1 = p.slope + q.slope - 3 * (p.value - q.value) / (p.at - q.at)
    square = d1 * d1 - p.slope * q.slope
    if not square >= 0:
        return (low + high) / 2.0
    d2: float = square**0.5
    left, right = (p, q) if p.at <= q.at else (q, p)
    width = right.slope - left.slope + 2 * d2
    if width == 0:
        return (low + high) / 2.0
    place = right.at - (right.at - left.at) * ((right.slope + d2 - d1) / width)
    return min(max(place, low), high)


class _Search:
    """A line search from a point of a given value and slope along a direction."""

    def __init__(
        self,
        evaluate: Callable[[float], _Point],
        start: _Point,
        largest: float,
        tolerance: float,
        most: int,
    ) -> None:
        self.evaluate, self.start, self.largest = evaluate, start, largest
        self.tolerance, self.most = tolerance, most
        self.evaluations = self.rounds = 0

    def point(self, at: float) -> _Point:
        self.evaluations += 1
        return self.evaluate(at)

    def brings_enough(self, p: _Point) -> bool:
        return not p.value > self.start.value + _SUFFICIENT * p.at * self.start.slope

    def is_flat(self, p: _Point) -> bool:
        return abs(p.slope) <= -_CURVATURE * self.start.slope

    def run(self, at: float) -> _Point:
        """A point where both conditions hold, or the lowest found."""
        bracket = self.find_bracket(at)
        return bracket[0] if len(bracket) == 1 else self.narrow(bracket)

    def find_bracket(self, at: float) -> list[_Point]:
        """One point where both conditions hold, or two that have one between them."""
        before, new = self.start, self.point(at)
        while self.rounds < self.most:
            higher = self.rounds > 1 and new.value >= before.value
            if not self.brings_enough(new) or higher:
                return [before, new]
            if self.is_flat(new):
                return [new]
            if new.slope >= 0:
                return [before, new]
            bounds = (new.at + 0.01 * (new.at - before.at), new.at * 10)
            further = _lowest_between(before, new, bounds)
            before, new = new, self.point(further)
            self.rounds += 1
        return [self.start, new]

    def narrow(self, bracket: list[_Point]) -> _Point:
        low, high = (0, 1) if bracket[0].value <= bracket[1].value else (1, 0)
        stuck = False
        while self.rounds < self.most:
            if abs(bracket[1].at - bracket[0].at) * self.largest < self.tolerance:
                break
            at, stuck = self.inside(bracket, stuck)
            new = self.point(at)
            self.rounds += 1
            if not self.brings_enough(new) or new.value >= bracket[low].value:
                bracket[high] = new
                low, high = (0, 1) if bracket[0].value <= bracket[1].value else (1, 0)
                continue
            done = self.is_flat(new)
            if not done and new.slope * (bracket[high].at - bracket[low].at) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = new
            if done:
                break
        return bracket[low]

    def inside(self, bracket: list[_Point], stuck: bool) -> tuple[float, bool]:
        """Where to look next, and whether that is near an end for the first time: the second time
        it is moved away from there."""
        at = _lowest_between(bracket[0], bracket[1])
        first, last = sorted((bracket[0].at, bracket[1].at))
        margin = 0.1 * (last - first)
        if min(last - at, at - first) >= margin:
            return at, False
        if not stuck and first < at < last:
            return at, True
        return (last - margin if abs(at - last) < abs(at - first) else first + margin), False


class LBFGS(Optimizer):
    """Quasi-Newton steps, several in one call of `step`, which needs a closure.

    Args:
        params: the tensors; there is one group.
        lr: how much of the direction a step takes, or where the line search begins.
        max_iter: the most steps in one call.
        max_eval: the most evaluations in one call; by default 5/4 of max_iter.
        tolerance_grad: a gradient without a larger element is the end.
        tolerance_change: a step that changes no element, nor the value, by more is the end.
        history_size: how many steps the curvature is told from.
        line_search_fn: "strong_wolfe" or None.

    Raises:
        ValueError: the learning rate is negative, or there are several groups.

    Example:
        >>> import pyautograd as ag
        >>> x = ag.tensor([-1.0, 2.0], requires_grad=True)
        >>> optimizer = ag.optim.LBFGS([x], max_iter=50, line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure).item()
        104.0
        >>> bool((x - 1).abs().max() < 1e-5)
        True
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_rate(lr)
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    # ---- parameters as one vector --------------------------------------------------------------

    def _params(self) -> list[Tensor]:
        params: list[Tensor] = self.param_groups[0]["params"]
        return params

    def _gradient(self) -> Tensor:
        return cat(
            [
                (zeros(p.numel()) if p.grad is None else p.grad.detach().reshape(-1))
                for p in self._params()
            ]
        )

    def _move(self, step: float, direction: Tensor) -> None:
        at = 0
        for p in self._params():
            p.add_(direction[at : at + p.numel()].view_as(p), alpha=step)
            at += p.numel()

    # ---- steps ---------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take up to `max_iter` steps.

        Args:
            closure: clears the gradients, computes the loss and its gradients, and returns the
                loss.

        Returns:
            The loss before the first step.

        Raises:
            TypeError: there is no closure.
            RuntimeError: there is no such line search.
        """
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        with no_grad():
            return self._steps(closure)

    def _steps(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        state = self.state[self._params()[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        def value() -> Any:
            state["func_evals"] += 1
            with enable_grad():
                return closure()

        first = value()
        loss, gradient, evaluations = float(first), self._gradient(), 1
        if _largest(gradient) <= group["tolerance_grad"]:
            return first
        for count in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            self._turn(state, gradient, group["history_size"])
            direction = state["d"]
            state["prev_flat_grad"] = gradient
            state["prev_loss"] = loss
            lr = float(group["lr"])
            total = float(gradient.abs().sum().item())
            state["t"] = min(1.0, 1.0 / total) * lr if state["n_iter"] == 1 else lr
            slope = _dot(gradient, direction)
            if slope > -group["tolerance_change"]:
                break
            before = state["func_evals"]
            if group["line_search_fn"] is not None:
                start = _Point(0.0, loss, gradient, slope)
                found = self._search(value, start, evaluations)
                loss, gradient, state["t"] = found.value, found.gradient, found.at
                self._move(state["t"], direction)
            else:
                self._move(state["t"], direction)
                if count != group["max_iter"]:
                    loss, gradient = float(value()), self._gradient()
            evaluations += state["func_evals"] - before
            if self._is_done(state, loss, gradient, evaluations):
                break
        return first

    def _turn(self, state: dict[str, Any], gradient: Tensor, history_size: int) -> None:
        """The next direction into `state`, after what the last step told of the curvature."""
        if state["n_iter"] == 1:
            state.update(d=gradient.neg(), old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return
        change, step = gradient - state["prev_flat_grad"], state["d"] * state["t"]
        curvature = _dot(change, step)
        changes, steps, inverses = state["old_dirs"], state["old_stps"], state["ro"]
        if curvature > 1e-10:
            if len(changes) == history_size:
                del changes[0], steps[0], inverses[0]
            changes.append(change)
            steps.append(step)
            inverses.append(1.0 / curvature)
            state["H_diag"] = curvature / _dot(change, change)
        direction = gradient.neg()
        shares = [0.0] * len(changes)
        for k in reversed(range(len(changes))):
            shares[k] = _dot(steps[k], direction) * inverses[k]
            direction.add_(changes[k], alpha=-shares[k])
        direction.mul_(state["H_diag"])
        for k in range(len(changes)):
            back = _dot(changes[k], direction) * inverses[k]
            direction.add_(steps[k], alpha=shares[k] - back)
        state["d"] = direction

    def _search(self, value: Callable[[], Any], start: _Point, evaluations: int) -> _Point:
        group, state = self.param_groups[0], self.state[self._params()[0]]
        if group["line_search_fn"] != "strong_wolfe":
            raise RuntimeError("only 'strong_wolfe' is supported")
        direction, origin = state["d"], [p.clone() for p in self._params()]

        def evaluate(at: float) -> _Point:
            self._move(at, direction)
            loss, gradient = float(value()), self._gradient()
            for p, kept in zip(self._params(), origin, strict=True):
                p.copy_(kept)
            return _Point(at, loss, gradient, _dot(gradient, direction))

        most = group["max_eval"] - evaluations
        search = _Search(evaluate, start, _largest(direction), group["tolerance_change"], most)
        return search.run(state["t"])

    def _is_done(
        self, state: dict[str, Any], loss: float, gradient: Tensor, evaluations: int
    ) -> bool:
        group = self.param_groups[0]
        return bool(
            evaluations >= group["max_eval"]
            or _largest(gradient) <= group["tolerance_grad"]
            or _largest(state["d"]) * abs(state["t"]) <= group["tolerance_change"]
            or abs(loss - state["prev_loss"]) < group["tolerance_change"]
        )
