# SPDX-License-Identifier: MIT
"""Runs a program of views_programs.py with PyTorch and with this library, a line at a time in each,
and says where they part: who raises, values, gradients, flags, versions, names of nodes, and
tensors that are left over. What may differ is in views_differences.py."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np
from views_differences import (
    DIFFERENCES,
    SAME_NODES,
    Difference,
    Scene,
    asked,
    gradients,
    has_leaf_view,
    memory,
    reads_what_it_writes,
    same_view,
    targets,
    tensors,
    writes_what_it_reads,
)

RELATIVE = 1e-10

# Beginnings of messages that are the same in both libraries where torch's has them.
TEXTS = (
    "one of the variables needed for gradient computation has been modified by an inplace",
    "a leaf Variable that requires grad is being used in an in-place operation",
    "a view of a leaf Variable that requires grad is being used in an in-place operation",
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled",
    "Trying to backward through the graph a second time",
    "Trying to use a saved tensor that has been detached",
    "element 0 of tensors does not require grad and does not have a grad_fn",
    "grad can be implicitly created only for scalar outputs",
    "One of the differentiated Tensors does not require grad",
    "The differentiated Tensor at index",
    "One of the differentiated Tensors appears to not have been used in the graph",
    "you can only change requires_grad flags of leaf variables",
    "Can't detach views in-place",
    "can't retain_grad on Tensor that has requires_grad=False",
    "view size is not compatible with input tensor's size and stride",
    "attempting to assign a gradient of size",
    "can't assign Variable as its own grad",
    "unsupported operation: more than one element of the written-to tensor",
    "output with shape",
    "Mismatch in shape: grad_output[0]",
)

# What may make a cycle: a gradient that leads to its leaf, a write of what came from a leaf into
# that leaf, once that is frozen. (Or into the base of which that leaf is a view: Scene.leaf_view.)
CYCLE = re.compile(r"create_graph|\.grad\b(?!\))|requires_grad_\(False\)")


# ---- one library's half --------------------------------------------------------------------------


def numbers(seed: int, *shape: int) -> Any:
    """Eighths around 1, some negative for odd seeds: results stay tame."""
    rng = np.random.default_rng(seed)
    eighths = rng.integers(4, 13, size=shape) / 8.0
    return np.array(eighths * rng.choice((1.0, -1.0), size=shape) if seed % 2 else eighths)


def values(x: Any) -> Any:
    return np.array(x.detach().numpy())


def steps(x: Any) -> Any:
    """The strides that lead to elements."""
    pairs = zip(x.shape, x.stride(), strict=True)
    return tuple(step if size > 1 else None for size, step in pairs) if x.numel() else None


def name_of_node(node: Any) -> str | None:
    if node is None:
        return None
    name: str = node.name().rsplit(":", 1)[-1]
    return SAME_NODES.get(name, name)


FLAGS: dict[str, Callable[[Any], Any]] = {
    "shape": lambda x: tuple(x.shape),
    "requires_grad": lambda x: x.requires_grad,
    "is_leaf": lambda x: x.is_leaf,
    "retains_grad": lambda x: x.retains_grad and not x.is_leaf,  # what is detached retains nothing
    "has grad_fn": lambda x: x.grad_fn is not None,
}
# Of gradients, how they were made is nobody's business.
MADE: dict[str, Callable[[Any], Any]] = {
    "_is_view": lambda x: x._is_view(),
    "grad_fn": lambda x: name_of_node(x.grad_fn),
    "stride": steps,
}

Seen = dict[str, Any]


@functools.lru_cache(maxsize=4)  # both libraries run it
def compiled(line: str) -> CodeType:
    return compile(line, "<program>", "exec")


@dataclass
class Side:
    """One library, the names that the program made with it, and what it has seen."""

    lib: Any
    names: dict[str, Any] = field(default_factory=dict)
    seen: Seen = field(default_factory=dict)
    born: dict[str, tuple[Any, int]] = field(default_factory=dict)
    received: set[str] = field(default_factory=set)  # names of gradients, and of looks at them
    looks: int = 0

    def __post_init__(self) -> None:
        self.names |= {"ag": self.lib, "np": np, "r": numbers, "see": self.see, "flags": self.flags}

    def run(self, line: str) -> str:
        """Nothing, or the error: its type and its message."""
        self.looks = 0
        try:
            exec(compiled(line), self.names)
        except Exception as error:
            self.seen = {}  # as far as it came
            return f"{type(error).__name__}: {error}"
        finally:
            self.lib.set_grad_enabled(True)
        return ""

    def receive(self, line: str) -> None:
        """Notes which of the names that the line gives, or looks at, are gradients."""
        looked = re.match(r"(?:see|flags)\((t\d+)\)", line)
        if looked:
            made, gradient = {"look 1"}, looked[1] in self.received
        else:
            made = set(targets(line)) or {"look 1"}
            gradient = "autograd.grad(" in line or line.endswith((".grad", ".grad)"))
            same = re.search(r"= (t\d+)\.(contiguous|reshape|flatten)\(", line)  # perhaps itself
            gradient = gradient or (same is not None and same[1] in self.received)
        self.received = self.received | made if gradient else self.received - made

    def see(self, x: Any, name: str = "") -> None:
        name = self.flags(x, name)
        if x is not None:
            self.seen[f"{name}.values"] = values(x)

    def flags(self, x: Any, name: str = "") -> str:
        self.looks += 1
        name = name or f"look {self.looks}"
        self.seen[f"{name} is None"] = x is None
        if x is None:
            return name
        made = not name.endswith(".grad") and name not in self.received
        for what, look in {**FLAGS, **(MADE if made else {})}.items():
            try:
                self.seen[f"{name}.{what}"] = look(x)
            except RuntimeError:
                if what != "is_leaf":  # grad_fn will say so
                    self.seen[f"{name}.{what}"] = "raises"
        if self.seen[f"{name}.has grad_fn"] == "raises":
            self.seen.pop(f"{name}.is_leaf", None)
        return name

    def versions(self) -> None:
        """How often each was written since it got its name."""
        for name, x in tensors(self.names).items():
            now = x._version
            if name not in self.born or self.born[name][0] is not x:
                self.born[name] = x, now
            self.seen[f"{name}.written"] = now - self.born[name][1]
        self.born = {name: pair for name, pair in self.born.items() if name in self.names}

    def look(self, with_values: bool) -> Seen:
        """At everything that has a name."""
        look = self.see if with_values else self.flags
        for name, x in tensors(self.names).items():
            look(x, name)
            look(asked(x, "grad"), f"{name}.grad")
        return self.seen

    def forget(self, names: list[str]) -> None:
        for name in names:
            self.names.pop(name, None)

    def clear_gradients(self) -> None:
        for x in tensors(self.names).values():
            x.grad = None


# ---- both ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parting:
    """Where the libraries part: after which line, in what, and what each says."""

    line: int
    what: str
    torch: str
    ours: str

    @property
    def kind(self) -> str:
        """What a shorter program must still show to be of the same fault."""
        return re.sub(r"\b[tl]\d+|look \d+", "x", self.what)

    def __str__(self) -> str:
        return f"line {self.line}, {self.what}:\n    torch: {self.torch}\n    ours:  {self.ours}"


class Stop(Exception):
    """From here on a difference on purpose is all that could be found."""


@dataclass
class Comparison:
    """A program in both libraries. `pace`: 0 looks at all after each line, 1 at all but the
    numbers, 2 at nothing until the end, so that values pend and nodes wait to be made."""

    torch: Any
    ours: Any
    lines: list[str]
    pace: int = 0

    def __post_init__(self) -> None:
        self.theirs, self.mine = Side(self.torch), Side(self.ours)
        self.scene = Scene(self.lines, self.theirs.names, received=self.theirs.received)

    def run(self) -> Parting | None:
        alive = self.ours._core._live_tensors()
        parting = self._run()
        left = self.ours._core._live_tensors() - alive
        may_last = self.scene.leaf_view or any(map(CYCLE.search, self.lines))
        if parting is None and left and not may_last:
            return Parting(len(self.lines), "leak", "0 tensors", f"{left} tensors")
        return parting

    def _run(self) -> Parting | None:
        try:
            for at in range(len(self.lines)):
                self.scene.at = at
                parting = self._step(self.lines[at])
                if parting is not None:
                    return parting
            self.scene.error, self.theirs.seen, self.mine.seen = "", {}, {}
            return self._compare(self.theirs.look(True), self.mine.look(True))
        except Stop:
            return None
        finally:
            self.theirs.names.clear()
            self.mine.names.clear()
            self.theirs.born.clear()
            self.mine.born.clear()

    def _step(self, line: str) -> Parting | None:
        scene = self.scene
        self._before()
        if any(d.before is not None and d.before(scene) for d in DIFFERENCES):
            return None
        exchanged, overlaps = self._exchanged(line), reads_what_it_writes(scene)
        expected = self._run_torch(line)
        if any(d.forget is not None and d.forget(scene) for d in DIFFERENCES):
            self.mine.run(line)
            return self._forget(line)
        if any(d.stops is not None and d.stops(scene) for d in DIFFERENCES):
            raise Stop
        difference = self._difference()
        if difference is not None and difference.runs == "stop":
            raise Stop
        if difference is not None and difference.runs == "none":
            return None
        error = self.mine.run(line)
        if difference is None and unlike(expected, error):
            return self._parting("error", expected, error)
        if expected:
            self._after_error(line, error)
        if exchanged and not expected:
            self._note_exchange(*exchanged)
        scene.overlapped = scene.overlapped or overlaps
        scene.leaf_view = scene.leaf_view or has_leaf_view(scene)
        return self._look()

    def _run_torch(self, line: str) -> str:
        scene, received = self.scene, self.theirs.received
        self.theirs.receive(line)
        expected = self.theirs.run(line)
        if expected:
            self.theirs.received = received
        scene.received = self.mine.received = self.theirs.received
        scene.error = expected.partition(": ")[2]
        return expected

    def _before(self) -> None:
        scene = self.scene
        self.theirs.seen, self.mine.seen = {}, {}
        for x in tensors(scene.names).values():
            asked(x, "grad_fn")  # so that torch knows what it is
        if scene.goes_back:
            grads = gradients(scene.names).items()
            scene.graded = {name: memory(grad) for name, grad in grads if grad.numel()}
            scene.crossed = scene.crossed or writes_what_it_reads(scene)
            scene.owned = {memory(x) for x in tensors(scene.names).values()}

    def _exchanged(self, line: str) -> tuple[Any, ...]:
        """What the line gives other data to: its name, its shape, whether that is all there is:
        no history, no view, nothing else of its memory."""
        match = re.match(r"(t\d+)\.data = ", line)
        x = self.scene.names.get(match[1]) if match else None
        if match is None or x is None:
            return ()
        every = [*tensors(self.scene.names).values(), *gradients(self.scene.names).values()]
        alone = not x._is_view() and [memory(t) for t in every].count(memory(x)) == 1
        return match[1], x.shape, alone and asked(x, "is_leaf")

    def _note_exchange(self, name: str, shape: Any, alone: bool) -> None:
        if not alone or self.scene.names[name].shape != shape:
            self.scene.exchanged = True

    def _difference(self) -> Difference | None:
        """That which torch's error is about."""
        scene = self.scene
        for d in DIFFERENCES:
            if d.raises and scene.error.startswith(d.raises) and d.when(scene):
                return d
        return None

    def _forget(self, line: str) -> None:
        for side in (self.theirs, self.mine):
            side.forget(targets(line))

    def _after_error(self, line: str, error: str) -> None:
        if not error:
            self._forget(line)
        if self.scene.goes_back:
            self.scene.used_up = self.scene.used_up or "retain_graph=True" not in line
            for side in (self.theirs, self.mine):
                side.clear_gradients()

    def _look(self) -> Parting | None:
        for side in (self.theirs, self.mine):
            side.versions()
            if self.pace < 2:
                side.look(self.pace == 0)
        return self._compare(self.theirs.seen, self.mine.seen)

    def _compare(self, expected: Seen, seen: Seen) -> Parting | None:
        for what in [*expected, *(key for key in seen if key not in expected)]:
            a, b = expected.get(what, "not there"), seen.get(what, "not there")
            if not same(a, b) and not (what.endswith(".grad_fn") and same_view(a, b)):
                return self._parting(what, a, b)
        return None

    def _parting(self, what: str, expected: Any, found: Any) -> Parting:
        if any(
            d.parts is not None and d.parts(self.scene, what, expected, found) for d in DIFFERENCES
        ):
            raise Stop
        return Parting(self.scene.at, what, shown(expected), shown(found))


def unlike(expected: str, error: str) -> bool:
    """Whether one alone raises, or both do, for reasons that cannot be the same."""
    if bool(expected) != bool(error):
        return True
    kind, _, text = expected.partition(": ")
    got, _, words = error.partition(": ")
    if kind != got and not {kind, got} <= {"RuntimeError", "ValueError", "IndexError"}:
        return True
    known = next((t for t in TEXTS if text.startswith(t)), "")
    return not words.startswith(known)


def same(a: Any, b: Any) -> bool:
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return type(a) is type(b) and bool(a == b)
    if a.shape != b.shape:
        return False
    finite = a[np.isfinite(a)]
    scale = float(np.abs(finite).max(initial=1.0))
    return bool(np.allclose(a, b, rtol=RELATIVE, atol=1e-12 * scale, equal_nan=True))


def shown(a: Any) -> str:
    if isinstance(a, np.ndarray):
        flat = a.ravel()
        return f"{tuple(a.shape)} {flat[:8].tolist()}{' ...' if flat.size > 8 else ''}"
    return str(a) if a != "" else "none"


def pace_of(seed: int) -> int:
    return random.Random(seed).choice((0, 0, 1, 2, 2))


def shrink(lines: list[str], still: Callable[[list[str]], bool]) -> list[str]:
    """As few lines as still part in the same way: ever smaller stretches are left out."""
    size = max(1, len(lines) // 2)
    while size >= 1:
        at = 0
        while at < len(lines):
            shorter = lines[:at] + lines[at + size :]
            if shorter and still(shorter):
                lines = shorter
            else:
                at += size
        size //= 2
    return lines


def candidates(line: str) -> Iterator[str]:
    """Simpler forms of a line: without one argument, without no_grad."""
    if line.startswith("with ag.no_grad(): "):
        yield line.removeprefix("with ag.no_grad(): ")
    for argument in ("retain_graph=True", "create_graph=True", "materialize_grads=True"):
        if argument in line:
            yield re.sub(r",? ?\b" + argument, "", line).replace("(, ", "(")
