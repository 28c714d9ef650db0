# SPDX-License-Identifier: MIT
"""Random programs of views, writes in place, `.data`, flags, retained gradients and deletions.

A program is a list of lines of Python that mean the same to both libraries: `ag` is the one or the
other. So what fails can be cut down line by line, reads as it stands, and is tried by hand with
`python tests/parity/views_fuzz.py FILE`. Shapes and roughly who has a history are followed while a
program is written, so that most lines run; those that raise are as good: both must raise.

The lines use ag, np, r(seed, *shape), an array of tame numbers, and see(x) and flags(x), which
compare everything about x, and everything but its numbers.
"""

from __future__ import annotations

import functools
import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import views_arrays as arrays

Shape = tuple[int, ...]

ONE = ("{} * 1", "{} * 2.5", "{}.sin()", "{}.clone()", "{}.tanh()", "{} ** 2", "-{}", "{} + 1")
ONE += ("1.5 / ({} * {} + 1)", "{}.square()", "{}.sigmoid()", "{} * {}", "{} / 2", "{}.cos()")
ONE += ("({} * {}).sqrt()", "{}.exp()", "{}.contiguous()", "ag.zeros_like({})", "{}.relu()")
TWO = ("{} * {}", "{} * {}", "{} + {}", "{} - {}", "{} / ({} + 3)", "ag.maximum({}, {})")
TWO += ("ag.where({0} > {1}, {0}, {1})", "ag.add({}, {}, alpha=0.5)", "({} ** 2) ** {}")
WRITES = ("{}.add_({})", "{}.mul_({})", "{}.mul_({})", "{}.sub_({})", "{}.copy_({})", "{} += {}")
WRITES += ("{} *= {}", "{}[...] = {}", "{}.add_({}, alpha=0.5)", "{}.div_({})", "{} -= {}")
NUMBERS = ("{}.mul_(2)", "{}.add_(1)", "{}.zero_()", "{}.fill_(0.5)", "{}.pow_(2)", "{} *= 0.5")
NUMBERS += ("{}.sin_()", "{}.tanh_()", "{}.neg_()", "{}.square_()", "{}[...] = 0.75", "{}.div_(2)")
NUMBERS += (
    "{}.mul_(2).add_(1)",
    "{}.exp_()",
    "{} += 1",
    "{}.sigmoid_()",
    "{} **= 2",
    "{}.clamp_(0.5, 1)",
    "{}.cos_()",
)


def shapes_around(threshold: int) -> list[list[Shape]]:
    """Families of shapes that meet in one program; from `threshold` elements on values pend."""
    n, half = threshold, threshold // 2 + 1
    tiny: list[list[Shape]] = [
        [(4,), (1,), ()],
        [(4,), (2, 2), ()],
        [(2, 2), (2,), (2, 1)],
        [(2, 3), (3,), (2, 1), ()],
        [(3, 2), (2,), (3, 1)],
        [(2, 2, 2), (2, 2), (2, 1, 2), (2,)],
        [(1,), (), (1, 1)],
        [(0,), (), (2, 0)],
        [(0, 3), (3,), (2, 3)],
        [(6,), (2, 3), (3, 2), (3,)],
    ]
    large: list[list[Shape]] = [
        [(n,), (n - 1,), (1,), ()],
        [(2 * n + 3,), (n,), ()],
        [(2, half), (half,), (2, 1), ()],
        [(half, 2), (2,), (half, 1)],
        [(n, 3), (3,), (n, 1)],
    ]
    return [*tiny, *tiny, *large]


@dataclass(frozen=True)
class Known:
    """What is known of a tensor while a program is written."""

    shape: Shape
    memory: int  # tensors that may share memory have the same
    history: int  # a base and its views have the same; who has one is in Writer.recorded
    view: bool = False
    leaf: bool = False  # one that requires grad
    expanded: bool = False


class Writer:
    """Writes one program. `pool` has what the lines have made and not deleted."""

    def __init__(self, seed: int, threshold: int) -> None:
        self.dice = random.Random(seed)
        self.lines: list[str] = []
        self.pool: dict[str, Known] = {}
        self.recorded: set[int] = set()
        self.losses: list[str] = []
        self.arrays: dict[str, Shape] = {}
        self.made = 0
        self.family = self.dice.choice(shapes_around(threshold))
        self.most = 8 * threshold
        kinds: list[tuple[Callable[[], object], int]] = [
            (self._make, 5), (self._expression, 10), (self._view, 16), (self._write, 16),
            (self._region, 7), (self._data, 6), (self._exchange, 3), (self._flag, 5),
            (self._leaf_view, 3), (self._retain, 6), (self._drop, 5), (self._loss, 4),
            (self._backward, 10), (self._late_backward, 5), (self._gradients, 5),
            (self._assign_grad, 4), (self._use_grad, 5), (self._read, 4), (self._numpy, 1),
            (self._index_write, 6), (self._pick, 4), (self._pieces, 4), (self._turn, 2),
            (self._made, 5),
        ]  # fmt: skip
        self.kinds = [kind for kind, _ in kinds]
        # Some programs do much of one thing and nothing of another.
        self.weights = [w * self.dice.choice((0, 1, 1, 1, 3)) for _, w in kinds]
        self.weights[1] += 2
        self.weights[2] += 4
        self.weights[3] += 4
        self.weights[12] += 3

    def write(self, steps: int) -> list[str]:
        self._make(leaf=True)
        for _ in range(self.dice.randint(1, 2)):
            self._make()
        for _ in range(steps):
            self.dice.choices(self.kinds, self.weights)[0]()
        self._backward()
        return self.lines

    # ---- picking ---------------------------------------------------------------------------------

    def _chance(self, one_in: int) -> bool:
        return self.dice.randrange(one_in) == 0

    def _seed(self) -> int:
        return self.dice.randrange(100)

    def _numbers(self, shape: Shape) -> str:
        return f"r({', '.join(map(str, (self._seed(), *shape)))})"

    def _name(self, wanted: Callable[[Known], bool] | None = None) -> str:
        """One of the pool, the younger the likelier; one that is wanted, if there is any."""
        names = [n for n, known in self.pool.items() if wanted is None or wanted(known)]
        names = names or list(self.pool)
        return names[-1 - min(self.dice.randrange(len(names)), self.dice.randrange(len(names)))]

    def _new(self, text: str, known: Known, guard: bool = False) -> str:
        """A line that gives the value of `text` a name; guard: perhaps under no_grad."""
        name = f"t{self.made}"
        self.made += 1
        self._line(f"{name} = {text}", guard)
        self.pool[name] = known
        return name

    def _line(self, text: str, guard: bool = False) -> None:
        self.lines.append(f"with ag.no_grad(): {text}" if guard and self._chance(7) else text)

    def _fresh(self) -> int:
        self.made += 1
        return self.made

    def _has_history(self, known: Known) -> bool:
        return known.leaf or known.history in self.recorded

    def _fitting(self, shape: Shape, besides: int = -1) -> str | None:
        """Something that broadcasts to `shape`, not of the memory `besides`."""
        names = [
            n
            for n, k in self.pool.items()
            if k.memory != besides and _joined(shape, k.shape) == shape
        ]
        return self.dice.choice(names) if names else None

    # ---- making ----------------------------------------------------------------------------------

    def _layout(self, shape: Shape) -> tuple[str, bool]:
        """A constant of that shape in some layout of memory, and whether it repeats elements."""
        back = shape[::-1]
        texts = [f"ag.tensor({self._numbers(shape)})"] * 3
        texts += [f"ag.from_numpy({self._numbers(shape)})"]
        if len(shape) == 2:
            texts += [f"ag.tensor({self._numbers(back)}).t()"]
        if len(shape) >= 2:
            order = list(range(len(shape)))[::-1]
            texts += [
                f"ag.tensor({self._numbers(back)}).permute({order})",
                f"ag.from_numpy(np.asfortranarray({self._numbers(shape)}))",
                f"ag.from_numpy({self._numbers(back)}.T)",
            ]
        if shape:
            longer, twice = (shape[0] + 2, *shape[1:]), (2 * shape[0] + 1, *shape[1:])
            texts += [
                f"ag.tensor({self._numbers((*shape, 2))})[..., 1]",
                f"ag.tensor({self._numbers(twice)})[1::2]",
                f"ag.tensor({self._numbers(longer)})[1:-1]",
                f"ag.from_numpy({self._numbers((*shape, 2))}[..., 0])",
            ]
            if self._chance(7):
                few = (*shape[:-1], 1) if self._chance(2) else shape[1:]
                return f"ag.tensor({self._numbers(few)}).expand({shape})", True
        return self.dice.choice(texts), False

    def _make(self, leaf: bool = False) -> None:
        shape = self.dice.choice(self.family[:2] if self._chance(2) else self.family)
        text, expanded = self._layout(shape)
        text += self.dice.choice(("", "", ".detach()", ".data", ".clone()"))
        mark = self._fresh()
        known = Known(shape, mark, mark, leaf=leaf or self._chance(2), expanded=expanded)
        if known.leaf:
            if re.fullmatch(r"ag\.tensor\(r\([^()]*\)\)", text):
                text = text[:-1] + ", requires_grad=True)"
            else:
                text += ".requires_grad_()"
        self._new(text, known)

    def _expression(self) -> None:
        text, shape, recorded = self._value()
        mark = self._fresh()
        if recorded:
            self.recorded.add(mark)
        if self._chance(8):  # the name of another, which may die by that
            name = self._name()
            self.lines.append(f"{name} = {text}")
            self.pool[name] = Known(shape, mark, mark)
        else:
            self._new(text, Known(shape, mark, mark))

    def _value(self) -> tuple[str, Shape, bool]:
        """An expression that makes memory of its own."""
        name = self._name()
        known = self.pool[name]
        if self._chance(2):
            text = self.dice.choice(ONE).replace("{}", name)
            if known.shape and self._chance(8):
                text, known = f"{name}.sum(0)", replace(known, shape=known.shape[1:])
            return text, known.shape, self._has_history(known)
        joins = [n for n, k in self.pool.items() if self._fits(known.shape, k.shape)]
        other = self.dice.choice(joins or [name])
        joined = _joined(known.shape, self.pool[other].shape)
        joined = joined or known.shape
        text = self.dice.choice(TWO).format(name, other)
        return text, joined, self._has_history(known) or self._has_history(self.pool[other])

    def _fits(self, a: Shape, b: Shape) -> bool:
        joined = _joined(a, b)
        return joined is not None and math.prod(joined) <= self.most

    def _own(self, text: str, known: Known, shape: Shape) -> None:
        """A value of something known, with memory of its own."""
        mark = self._fresh()
        if self._has_history(known):
            self.recorded.add(mark)
        self._new(text, Known(shape, mark, mark))

    def _pick(self) -> None:
        """Elements by an index tensor, whose places may repeat, or by a mask."""
        name = self._name(lambda k: bool(k.shape))
        known = self.pool[name]
        if not known.shape:
            return self._expression()
        if self._chance(3):
            mask = arrays.mask(self._seed(), name, known.shape)
            return self._own(f"{name}[{mask}].sum()", known, ())
        index, few = arrays.index(self.dice, known.shape[0], repeats=True)
        text = self.dice.choice(arrays.PICKS).format(name, index)
        return self._own(text, known, (few, *known.shape[1:]))

    def _made(self) -> None:
        name = self._name(lambda k: bool(k.shape) and 2 * math.prod(k.shape) <= self.most)
        known = self.pool[name]
        if not known.shape or len(known.shape) > 3 or 2 * math.prod(known.shape) > self.most:
            return self._expression()
        text, shape = arrays.made(self.dice, name, known.shape)
        return self._own(text, known, shape)

    # ---- views -----------------------------------------------------------------------------------

    def _pieces(self) -> None:
        """Views of one tensor that come together, two of which get names."""
        name = self._name(lambda k: bool(k.shape) and 0 not in k.shape)
        known = self.pool[name]
        if not known.shape or 0 in known.shape:
            return
        text, shapes = arrays.pieces(self.dice, name, known.shape)
        if known.leaf:
            self.recorded.add(known.history)
        if len(shapes) < 2 or self._chance(4):
            at = self.dice.randrange(len(shapes))
            self._new(f"{text}[{at}]", replace(known, shape=shapes[at], view=True, leaf=False))
            return
        names = [f"t{self._fresh()}", f"t{self._fresh()}"]
        self._line(f"{', '.join(names)}, = {text}[:2]", guard=True)
        for piece, shape in zip(names, shapes, strict=False):
            self.pool[piece] = replace(known, shape=shape, view=True, leaf=False)

    def _turn(self) -> None:
        """A tensor becomes another view of itself."""
        name = self._name(lambda k: not k.leaf)
        text, shape = arrays.turned(self.dice, name, self.pool[name].shape)
        if len(shape) <= 4:
            self._line(text, guard=True)
            self.pool[name] = replace(self.pool[name], shape=shape)

    def _view(self) -> str:
        name = self._name()
        known = self.pool[name]
        if 0 in known.shape and self._chance(6):
            self.lines.append(f"{name}.view(2**62, 2**62, 0)")
        text, shape, expanded = self._seen_as(name, known.shape)
        if self._chance(5):
            text, shape, again = self._seen_as(text, shape)
            expanded = expanded or again
        made = replace(known, shape=shape, view=True, leaf=False)
        if known.leaf:
            self.recorded.add(known.history)
        return self._new(text, replace(made, expanded=known.expanded or expanded), guard=True)

    def _seen_as(self, x: str, shape: Shape) -> tuple[str, Shape, bool]:
        """A view of x: its text, its shape, whether it repeats elements."""
        if shape and self._chance(2):
            return *self._index(x, shape), False
        numel = math.prod(shape)
        options: list[tuple[str, Shape]] = [
            (f"{x}.view(-1)", (numel,)),
            (f"{x}.reshape(-1)", (numel,)),
            (f"{x}.flatten()", (numel,)),
            (f"{x}.view({', '.join(map(str, shape)) or '()'})", shape),
            (f"{x}.unsqueeze(0)", (1, *shape)),
            (f"{x}.unsqueeze(-1)", (*shape, 1)),
            (f"{x}.squeeze()", tuple(n for n in shape if n != 1)),
            (f"{x}[None]", (1, *shape)),
            (f"{x}[...]", shape),
            (f"{x}.expand({', '.join(map(str, shape)) or '()'})", shape),
        ]
        if numel % 2 == 0 and numel:
            options += [(f"{x}.view(2, -1)", (2, numel // 2))]
            options += [(f"{x}.reshape(-1, 2)", (numel // 2, 2))]
        if not numel:
            options += [(f"{x}.view(3, 0)", (3, 0))]
        if len(shape) >= 2:
            options += self._turned(x, shape) * 2
        if shape:
            options += arrays.views(self.dice, x, shape)
        if numel and 2 * numel <= self.most and len(shape) < 4 and self._chance(2):
            return f"{x}.expand(2, {', '.join(map(str, shape))})", (2, *shape), True
        if 1 in shape and self._chance(2):
            wide = tuple(3 if n == 1 else n for n in shape)
            return f"{x}.expand({wide})", wide, True
        fitting = [o for o in options if len(o[1]) <= 4]
        return *self.dice.choice(fitting or options), False

    def _turned(self, x: str, shape: Shape) -> list[tuple[str, Shape]]:
        order = list(range(len(shape)))
        self.dice.shuffle(order)
        swapped = (*shape[:-2], shape[-1], shape[-2])
        options: list[tuple[str, Shape]] = [
            (f"{x}.permute({order})", tuple(shape[d] for d in order)),
            (f"{x}.transpose(0, 1)", (shape[1], shape[0], *shape[2:])),
            (f"{x}.mT", swapped),
            (f"{x}.flatten(0, 1)", (shape[0] * shape[1], *shape[2:])),
        ]
        if len(shape) == 2:
            options += [(f"{x}.t()", swapped), (f"{x}.T", swapped)]
        return options

    def _index(self, x: str, shape: Shape) -> tuple[str, Shape]:
        """Basic indexing of one dimension, sometimes of two."""
        where = self.dice.randrange(len(shape))
        parts, left = [":"] * where, list(shape[:where])
        for at in range(where, len(shape)):
            part, size = self._part(shape[at])
            parts.append(part)
            left += [size] if size >= 0 else []
            if not self._chance(3):
                left += shape[at + 1 :]
                break
        return f"{x}[{', '.join(parts)}]", tuple(left)

    def _part(self, n: int) -> tuple[str, int]:
        """An index into n elements, and what is left of them (-1: not even the dimension)."""
        if n and self._chance(3):
            at = self.dice.choice((0, n - 1, self.dice.randrange(n)))
            return str(at), -1
        if self._chance(12):
            start = self.dice.choice((n, n // 2))
            return f"{start}:{start}" if self._chance(2) else f"{n}:", 0
        start, step = self.dice.choice((0, 0, 1, 1, n // 2)), self.dice.choice((1, 1, 1, 2, 3))
        stop = self.dice.choice((n, n, max(n - 1, 0)))
        part = f"{start or ''}:{stop if stop != n else ''}{f':{step}' if step > 1 else ''}"
        return part, len(range(start, stop, step))

    # ---- writes ----------------------------------------------------------------------------------

    def _target(self) -> tuple[str, Known]:
        """Something to write into: seldom a leaf that requires grad, or what repeats elements."""
        usual = not self._chance(12)
        name = self._name(lambda k: not (usual and (k.leaf or k.expanded)))
        return name, self.pool[name]

    def _source(self, known: Known) -> str:
        """Something to write into it: a tensor of another memory, mostly."""
        besides = known.memory if not self._chance(15) else -1
        fitting = self._fitting(known.shape, besides)
        if fitting is None or self._chance(10):
            text, _ = self._layout(known.shape)
            return text
        if self._has_history(self.pool[fitting]):
            self.recorded.add(known.history)
        return fitting if not self._chance(6) else f"{fitting} * 1.5"

    def _write(self) -> None:
        name, known = self._target()
        if self._chance(3):
            text = self.dice.choice(NUMBERS).format(name)
        else:
            text = self.dice.choice(WRITES).format(name, self._source(known))
        self._line(text, guard=True)

    def _region(self) -> None:
        """A write through an index, with or without a view that has a name."""
        name, known = self._target()
        if not known.shape:
            return self._write()
        text, shape = self._index(name, known.shape)
        source = self._source(replace(known, shape=shape)) if not self._chance(3) else "0.5"
        ways = ("{} = {}", "{} += {}", "{} *= {}", "{}.mul_({})", "{}.copy_({})", "{} -= {}")
        way = self.dice.choice(ways if source != "0.5" else ways[:4])
        return self._line(way.format(text, source), guard=True)

    def _index_write(self) -> None:
        """A write through an index tensor or a mask."""
        name, known = self._target()
        if not known.shape or self._chance(3):
            mask = arrays.mask(self._seed(), name, known.shape)
            return self._line(self.dice.choice(arrays.MASKED).format(name, mask), guard=True)
        index, few = arrays.index(self.dice, known.shape[0], repeats=False)
        if self._chance(3):
            text = self.dice.choice(arrays.ALONG_NUMBER).format(name, index)
            return self._line(text, guard=True)
        shape = (few, *known.shape[1:])
        fitting = [n for n, k in self.pool.items() if k.shape == shape and k.memory != known.memory]
        source = self.dice.choice(fitting) if fitting else self._layout(shape)[0]
        if fitting and self._has_history(self.pool[source]):
            self.recorded.add(known.history)
        text = self.dice.choice(arrays.ALONG).format(name, index, source)
        return self._line(text, guard=True)

    def _numpy(self) -> None:
        """An array that a tensor shares; a write that no version tells of."""
        if not self.arrays or self._chance(3):
            name = self._name(lambda k: not self._has_history(k))
            array = f"a{self._fresh()}"
            self.arrays[array] = self.pool[name].shape
            self.lines.append(f"{array} = {name}.detach().numpy()")
        else:
            self.lines.append(f"{self.dice.choice(list(self.arrays))}[...] = {self._seed() / 64}")

    # ---- data and flags --------------------------------------------------------------------------

    def _data(self) -> None:
        name = self._name()
        known = self.pool[name]
        if self._chance(3):
            return self._line(self.dice.choice(NUMBERS[:4]).format(f"{name}.data"))
        text = f"{name}.{self.dice.choice(('data', 'data', 'data', 'detach()'))}"
        shape, expanded = known.shape, False
        if self._chance(3):
            text, shape, expanded = self._seen_as(text, shape)
        mark = self._fresh()
        made = Known(shape, known.memory, mark, expanded=known.expanded or expanded)
        return self._new(text, made) and None

    def _exchange(self) -> None:
        """x.data = y: of the same shape, of another, of a view, of x itself."""
        name = self._name()
        known = self.pool[name]
        others = [n for n, k in self.pool.items() if k.shape == known.shape]
        kind = self.dice.randrange(6)
        other, shape = self.dice.choice(others), known.shape
        if kind == 0:
            text, _ = self._layout(shape)
        elif kind == 1:
            shape = self.dice.choice(self.family)
            text, _ = self._layout(shape)
        elif kind == 2:
            text, shape, _ = self._seen_as(self.dice.choice((other, f"{other}.data")), shape)
        elif kind == 3:
            text, shape, _ = self._seen_as(f"{name}.data", shape)
        else:
            text = self.dice.choice((other, f"{other}.data", name, f"{other}.clone()"))
        self.lines.append(f"{name}.data = {text}")
        self.pool[name] = replace(known, shape=shape, memory=self._fresh())

    def _flag(self) -> None:
        name = self._name(lambda k: self._chance(3) or k.history not in self.recorded)
        known = self.pool[name]
        kind = self.dice.randrange(7)
        if kind < 3:
            self.lines.append(f"{name}.requires_grad_()")
            if known.history not in self.recorded:
                self.pool[name] = replace(known, leaf=True)
        elif kind == 3:
            self.lines.append(f"{name}.requires_grad_(False)")
            self.pool[name] = replace(known, leaf=False)
        elif kind == 4:
            self.lines.append(f"{name}.detach_()")
            self.pool[name] = replace(known, leaf=False, history=self._fresh())
        else:
            frozen = self._name(lambda k: k.leaf)
            self.lines.append(f"{frozen}.requires_grad_(False)")
            self.pool[frozen] = replace(self.pool[frozen], leaf=False)
            if self._chance(2):
                self._backward()
            if self._chance(2):
                self.lines.append(f"{frozen}.requires_grad_()")
                self.pool[frozen] = replace(self.pool[frozen], leaf=True)

    def _leaf_view(self) -> None:
        """A view that is a leaf of its own."""
        name = self._name(lambda k: not self._has_history(k))
        known = self.pool[name]
        start = self.dice.choice((name, f"{name}.data", f"{name}.detach()"))
        text, shape, expanded = self._seen_as(start, known.shape)
        history = known.history if start == name else self._fresh()
        made = Known(shape, known.memory, history, view=True, leaf=True, expanded=expanded)
        if self._chance(2):
            self._new(f"{text}.requires_grad_()", made)
        else:
            made_name = self._new(text, made, guard=True)
            self._line(f"{made_name}.requires_grad_()", guard=True)

    def _retain(self) -> None:
        if not any(k.history in self.recorded for k in self.pool.values()):
            return self._expression()
        name = self._name(lambda k: k.history in self.recorded and not k.leaf)
        self.lines.append(f"{name}.retain_grad()")
        if self._chance(2):  # rewritten afterwards, itself or through another view
            known = self.pool[name]
            target = self._name(lambda k: k.history == known.history and not k.leaf)
            known = self.pool[target]
            if self._chance(2):
                self._line(self.dice.choice(NUMBERS).format(target))
            else:
                self._line(self.dice.choice(WRITES).format(target, self._source(known)))
        if self._chance(3) and len(self.pool) > 2:
            self._gone(name)
        return None

    def _gone(self, name: str) -> None:
        """Is deleted before its gradient arrives, and its memory given to another."""
        loss, shape, mark = f"l{self._fresh()}", self.pool[name].shape, self._fresh()
        self.lines += [f"{loss} = ({name} * {name}).sum()", f"del {name}"]
        del self.pool[name]
        self.losses.append(loss)
        self._new(f"ag.zeros({shape})", Known(shape, mark, mark))
        self.lines.append(f"{loss}.backward({', '.join(self._arguments())})")

    def _drop(self) -> None:
        if self.losses and self._chance(3):
            self.lines.append(f"del {self.losses.pop(self.dice.randrange(len(self.losses)))}")
        elif len(self.pool) > 2:
            name = self.dice.choice(list(self.pool))
            del self.pool[name]
            self.lines.append(f"del {name}")

    # ---- backward --------------------------------------------------------------------------------

    def _sum(self) -> str:
        """A loss."""
        if not any(map(self._has_history, self.pool.values())):
            self._make(leaf=True)
        names = [self._name(self._has_history) for _ in range(self.dice.choice((1, 1, 2, 2, 3)))]
        if self._chance(4):
            names.append(self._name())
        kept, shape = [names[0]], self.pool[names[0]].shape
        for name in names[1:]:
            if self._fits(shape, self.pool[name].shape):
                kept.append(name)
                shape = _joined(shape, self.pool[name].shape) or ()
        terms = [
            self.dice.choice(("{}", "{} * 3", "{} * {}", "{} ** 2")).replace("{}", n) for n in kept
        ]
        text = self.dice.choice((" + ", " * ")).join(terms)
        return f"({text}).sum()"

    def _loss(self) -> None:
        name = f"l{self._fresh()}"
        self.lines.append(f"{name} = {self._sum()}")
        self.losses.append(name)

    def _arguments(self) -> list[str]:
        arguments = []
        if not self._chance(3):
            arguments += ["retain_graph=True"]
        if self._chance(4):
            arguments += ["create_graph=True"]
        if self._chance(5):
            arguments += [f"inputs=[{', '.join(self._inputs())}]"]
        return arguments

    def _inputs(self) -> list[str]:
        return [self._name(self._has_history) for _ in range(self.dice.choice((1, 1, 2, 3)))]

    def _backward(self) -> None:
        arguments = self._arguments()
        if self._chance(4):
            name = self._name(self._has_history)
            shape = self.pool[name].shape
            same = [n for n, k in self.pool.items() if k.shape == shape]
            gradient = self.dice.choice((f"ag.ones({shape})", self._layout(shape)[0], same[0]))
            return self._line(f"{name}.backward({', '.join((gradient, *arguments))})")
        if self._chance(6):
            roots = ", ".join(self._sum() for _ in range(2))
            return self._line(f"ag.autograd.backward({', '.join((f'[{roots}]', *arguments))})")
        self._line(f"{self._sum()}.backward({', '.join(arguments)})")
        if "create_graph=True" in arguments and self._chance(2):  # is it another's gradient, too?
            name = self._name(self._has_history)
            way = self.dice.choice(("{}.grad.data.mul_(0)", "{}.grad.zero_()", "{}.grad.add_(1)"))
            self._line(way.format(name), guard=True)
        return None

    def _late_backward(self) -> None:
        """Of a loss made earlier: writes may have come between."""
        if not self.losses:
            self._loss()
            if self._chance(2):
                return
        self._line(f"{self.dice.choice(self.losses)}.backward({', '.join(self._arguments())})")

    def _gradients(self) -> None:
        inputs = self._inputs()
        root = self.dice.choice(self.losses) if self.losses and self._chance(2) else self._sum()
        options = [o for o in self._arguments() if not o.startswith("inputs")]
        options += self.dice.choice((["allow_unused=True"], ["materialize_grads=True"], []))
        made = []
        for name in inputs:
            mark = self._fresh()
            made.append(f"t{mark}")
            if "create_graph=True" in options:
                self.recorded.add(mark)
            self.pool[made[-1]] = Known(self.pool[name].shape, mark, mark)
        arguments = ", ".join((root, f"[{', '.join(inputs)}]", *options))
        self.lines.append(f"{', '.join(made)}, = ag.autograd.grad({arguments})")

    # ---- gradients as tensors --------------------------------------------------------------------

    def _assign_grad(self) -> None:
        name = self._name(self._has_history)
        shape = self.pool[name].shape
        twins = [n for n, k in self.pool.items() if k.shape == shape and n != name]
        other = self.dice.choice(twins) if twins else name
        zeros = f"ag.zeros({shape})"
        options = [f"{name}.grad = None", f"{name}.grad = {other}.grad", f"{name}.grad = {zeros}"]
        options += [f"{name}.grad = {other}.grad = {zeros}"] * 2
        options += [f"{name}.grad = {other}.detach()", f"{name}.grad = {other}"]
        text, _ = self._layout(shape)
        options += [f"{name}.grad = {text}"] * 2
        if shape and shape[0] > 1 and self._chance(3):
            self._overlapping(name, other, shape)
        else:
            self.lines.append(self.dice.choice(options))
        if self._chance(2):
            self._line(f"({name} * 3 + {other} * 5).sum().backward({', '.join(self._arguments())})")

    def _overlapping(self, name: str, other: str, shape: Shape) -> None:
        """Gradients that are slices of one tensor and share most elements."""
        mark = self._fresh()
        longer = (shape[0] + 1, *shape[1:])
        buffer = self._new(f"ag.zeros({longer})", Known(longer, mark, mark))
        self.lines += [f"{name}.grad = {buffer}[1:]", f"{other}.grad = {buffer}[:-1]"]

    def _use_grad(self) -> None:
        if not any("backward(" in line or ".grad = " in line for line in self.lines):
            self._backward()
        name = self._name(self._has_history)
        known = self.pool[name]
        kind = self.dice.randrange(6)
        if kind == 0:
            mark = self._fresh()
            self._new(f"{name}.grad", Known(known.shape, mark, mark))
        elif kind == 1:
            self._line(self.dice.choice(NUMBERS[:6]).format(f"{name}.grad"), guard=True)
        elif kind == 2:
            self._line(f"{name}.grad.data.mul_(0)")
        elif kind == 3:
            fitting = self._fitting(known.shape) or name
            self._line(f"({name}.grad * {fitting}).sum().backward({', '.join(self._arguments())})")
        elif kind == 4:
            fitting = self._fitting(known.shape) or name
            self._line(f"{name}.grad.add_({fitting})", guard=True)
        else:
            self._line(f"with ag.no_grad(): {name}.sub_({name}.grad, alpha=0.1)")

    def _read(self) -> None:
        name = self._name()
        ways = ("see({})", "see({})", "flags({})", "see({}.grad)", "flags({}.grad)")
        self.lines.append(self.dice.choice(ways).format(name))


@functools.cache
def _joined(a: Shape, b: Shape) -> Shape | None:
    """What two shapes broadcast to."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def program(seed: int, threshold: int) -> list[str]:
    """The program of that seed, for a library where `threshold` elements make a value pend."""
    writer = Writer(seed, threshold)
    return writer.write(writer.dice.choice((3, 5, 8, 8, 12, 12, 16, 20, 30)))
