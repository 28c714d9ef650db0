# SPDX-License-Identifier: MIT
"""Random programs for the promise that nobody can tell a pending value from one that is there.

A program is a list of lines of Python, so that what fails can be cut down line by line and read as
it stands. Shapes are followed while a program is written; flags and errors are not, since a line
that raises is as good as one that does not: its message is one more thing to compare.

The lines use ag, np, copy, pickle and, from fuzz_worker.py: r(seed, *shape), an array of random
numbers; see(x), which looks at everything about x; and flags(x), which does not ask for its values.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

Shape = tuple[int, ...]

# Bounded in value and mostly in slope, so that numbers stay numbers.
TAME = ("sin", "cos", "tanh", "sigmoid", "atan", "relu", "neg", "abs", "sign")
WILD = ("exp", "log", "sqrt", "rsqrt", "square", "reciprocal", "expm1", "log1p", "tan", "asin")
IN_PLACE = ("sin_", "tanh_", "neg_", "abs_", "relu_", "sigmoid_", "square_", "cos_", "atan_")
BINARY = ("{} + {}", "{} - {}", "{} * {}", "ag.maximum({}, {})", "ag.minimum({}, {})")
RARE = ("{} / ({} + 3)", "{} ** {}", "ag.where({0} > {1}, {0}, {1})", "ag.add({}, {}, alpha=0.3)")
RARE += ("ag.copysign({}, {})", "ag.hypot({}, {})")
NUMBERED = ("{} * 0.5", "1 - {}", "{} + 0.25", "2 / ({} + 4)", "{} ** 2", "{} * -1.0", "{} ** 3")
NUMBERED += ("{}.clamp(-0.5, 0.75)", "ag.softplus({})", "{} / 3", "1.5 ** {}", "{}.clamp(min=0)")
NUMBERED += ("{} * 0", "ag.where({0} > 0.1, {0}, 0.5)", "ag.where({0} < 0, -0.0, {0})", "-{}")
WRITES = ("{}.add_({})", "{}.mul_({})", "{}.sub_({})", "{}.copy_({})", "{}.add_({}, alpha=0.1)")
WRITES += ("{}.div_({} + 3)", "{}.clamp_min_({})", "{}.sub_({}, alpha=-2)", "{}.clamp_(min={})")
NUMBER_WRITES = ("{}.add_(0.5)", "{}.mul_(0.9)", "{}.zero_()", "{}.fill_(0.3)", "{}.div_(1.5)")
NUMBER_WRITES += ("{}.clamp_(-0.4, 0.6)", "{}.sub_(1)", "{}.pow_(2)", "{}[...] = -0.75")

# Of masks (bool) and integers (int64); {0} and {1} broadcast, {x} is a float64 tensor beside {0}.
MASKS = ("({x}) > {n}", "({x}) <= {0}", "({x}).bool()", "({x}) != {0}", "{n} < ({x})")
OF_MASKS = ("{0} & {1}", "{0} | {1}", "{0} ^ {1}", "~{0}", "{0} == {1}", "{0} + {1}", "{0} * {1}")
OF_MASKS += ("{0}.logical_and({1})", "ag.maximum({0}, {1})", "{0}.logical_not()", "{0} < {1}")
OF_MASKS += ("ag.where({0}, {1}, {0})", "ag.where({0}, True, {1})", "{0} | False", "{0} ^ True")
INTEGERS = (
    "(({x}).tanh() * 9).trunc().long()",
    "(({x}).sin() * 5).to(ag.int64)",
    "({x}).sign().int()",
)
INTEGERS += (
    "(({x}).atan() * 7).floor().long()",
    "(({x}) > {n}).long()",
    "(({x}).cos() * 4).long()",
)
OF_INTEGERS = (
    "{0} + {1}",
    "{0} - {1}",
    "{0} * {1}",
    "{0} // 3",
    "{0} // -2",
    "{0} % 5",
    "{0} % -4",
)
OF_INTEGERS += (
    "-{0}",
    "{0}.abs()",
    "{0}.sign()",
    "~{0}",
    "{0} & {1}",
    "{0} | {1}",
    "{0} ^ {1}",
    "{0} * 2",
)
OF_INTEGERS += (
    "{0} // ({1}.abs() + 1)",
    "{0} + 1",
    "3 - {0}",
    "({0} << 2) >> 1",
    "{0}.clamp(-3, 4)",
)
OF_INTEGERS += (
    "ag.maximum({0}, {1})",
    "ag.where({0} > {1}, {0}, {1})",
    "{0} * -1",
    "{0} % ({1} * 0 + 7)",
)
OF_INTEGERS += ("{0}.square() % 11", "({0} % 3) ** 2", "ag.div({0}, 2, rounding_mode='trunc')")
COMPARED = ("{0} == {1}", "{0} > {1}", "{0} <= 2", "{0}.bool()", "{0} != 0", "{0}.ge({1})")
MASK_WRITES = ("{0}.logical_not_()", "{0} &= {1}", "{0} |= {1}", "{0} ^= {1}", "{0}.copy_({1})")
MASK_WRITES += ("{0}.fill_(True)", "{0} *= {1}", "{0} += {1}", "{0}.eq_({1})", "{0}[...] = {1}")
INTEGER_WRITES = (
    "{0} += 1",
    "{0} -= {1}",
    "{0}.mul_(2)",
    "{0} //= 2",
    "{0} %= 6",
    "{0}.neg_()",
    "{0}.abs_()",
)
INTEGER_WRITES += (
    "{0}.fill_(3)",
    "{0}.copy_({1})",
    "{0} &= 7",
    "{0}.add_({1}, alpha=2)",
    "{0} *= -1",
)
INTEGER_WRITES += (
    "{0}.clamp_(-5, 5)",
    "{0}[...] = {1}",
    "{0}.sign_()",
    "{0}.lt_({1})",
    "{0} += 0.5",
)
LOOKS = (
    "{}.any()",
    "{}.all()",
    "{}.count_nonzero()",
    "{}.sum()",
    "{}.tolist()",
    "repr({})",
    "{}.amax()",
)
LOOKS += (
    "{}.double().mean()",
    "({} + 0.5).sum()",
    "np.array({})",
    "{}.sum(dtype=ag.float64)",
    "{}.amin()",
)
LOOKS += ("repr({}.dtype)", "bool({}.any())", "int({}.sum())", "{}")
# Floats of a float64 tensor {0} and a mask or integers {1}.
MIXED = (
    "{0} * {1}",
    "{0} + {1}",
    "{0} + {1} * 0.25",
    "{0} * {1}.double()",
    "{1} * {0}",
    "{0} / ({1} + 2.5)",
)
MASKED = ("ag.where({1}, {0}, 0.5)", "ag.where({1}, {0}, -({0}))", "ag.where(~{1}, {0}, 0)")


def shapes_around(threshold: int) -> list[list[Shape]]:
    """Families of shapes that meet in one program, of about `threshold` elements."""
    n, third = threshold, threshold // 3
    side = max(2, int(threshold**0.5)) + 1
    return [
        [(n - 1,), (n,), (n + 1,), (1,), ()],
        [(2 * n + 5,), (n,), (1,), ()],
        [(n + 7, 1), (1, 3), (n + 7, 3), (3,), ()],
        [(side, side + 1), (side + 1,), (side, 1), (1, side + 1), ()],
        [(3, third + 2), (third + 2,), (3, 1), (third + 2, 3), (3,)],
        [(third + 2, 3), (3,), (1, 3), (third + 2, 1)],
        [(2, 3, n // 6 + 1), (3, n // 6 + 1), (n // 6 + 1,), (2, 1, 1), (3, 1)],
        [(n // 8 + 1, 2, 4), (2, 4), (4,), (n // 8 + 1, 1, 1)],
        [(4, n // 16 + 1, 4), (n // 16 + 1, 4), (1, 4), (4, 1, 1), (n // 16 + 1, 1)],
        [(n // 2, 5), (5,), (n // 2, 1), (5, n // 2)],
    ]


class Writer:
    """Writes one program. `pool` has the shapes of the tensors that the lines have made."""

    def __init__(self, seed: int, threshold: int) -> None:
        self.dice = random.Random(seed)
        self.lines: list[str] = []
        self.pool: dict[str, Shape] = {}
        self.masks: dict[str, Shape] = {}
        self.integers: dict[str, Shape] = {}
        self.leaves: list[str] = []
        self.arrays: dict[str, Shape] = {}
        self.made = 0
        self.family = self.dice.choice(shapes_around(threshold))
        self.most = 6 * threshold + 64
        self.max_depth = self.dice.choice((1, 2, 3, 3, 5, 8))
        kinds: list[tuple[Callable[[], None], int]] = [
            (self._make, 3), (self._from_numpy, 3), (self._expression, 24), (self._view, 8),
            (self._write, 12), (self._assign, 6), (self._numpy_write, 6), (self._export, 4),
            (self._read, 5), (self._backward, 8), (self._second, 4), (self._gradient, 5),
            (self._step, 4), (self._alias, 6), (self._drop, 6), (self._loop, 2), (self._twice, 2),
            (self._many, 2), (self._mask, 5), (self._whole, 5), (self._label_write, 5),
            (self._label_view, 2), (self._label_read, 4),
        ]  # fmt: skip
        self.kinds = [kind for kind, _ in kinds]
        # Some programs do much of one thing and nothing of another.
        self.weights = [w * self.dice.choice((0, 1, 1, 1, 4)) for _, w in kinds]
        self.weights[2] += 8

    def write(self, steps: int) -> list[str]:
        for shape in self.family[: self.dice.randint(2, 4)]:
            self._make(shape)
        for _ in range(steps):
            self.dice.choices(self.kinds, self.weights)[0]()
        names = [*self.pool, *self.masks, *self.integers]
        self.dice.shuffle(names)
        self.lines += [f"see({name})" for name in names]
        self.lines += [f"see({name}.grad)" for name in self.leaves if name in self.pool]
        return self.lines

    # ---- picking ---------------------------------------------------------------------------------

    def _chance(self, one_in: int) -> bool:
        return self.dice.randrange(one_in) == 0

    def _name(self) -> str:
        """One of the pool, the younger the likelier."""
        names = list(self.pool)
        return names[-1 - min(self.dice.randrange(len(names)), self.dice.randrange(len(names)))]

    def _new(self, line: str, shape: Shape, pool: dict[str, Shape] | None = None) -> str:
        name = f"t{self.made}"
        self.made += 1
        self.lines.append(f"{name} = {line}")
        (self.pool if pool is None else pool)[name] = shape
        return name

    def _seed(self) -> int:
        return self.dice.randrange(1000)

    def _fitting(
        self, shape: Shape, to: bool = False, pool: dict[str, Shape] | None = None
    ) -> str | None:
        """Something that broadcasts with `shape`, or (to) to it."""
        pool = self.pool if pool is None else pool
        names = [n for n, s in pool.items() if self._joined(shape, s, to) is not None]
        return self.dice.choice(names) if names else None

    def _joined(self, a: Shape, b: Shape, to: bool = False) -> Shape | None:
        try:
            joined = np.broadcast_shapes(a, b)
        except ValueError:
            return None
        if (to and joined != a) or np.prod(joined, dtype=float) > self.most:
            return None
        return joined

    # ---- expressions -----------------------------------------------------------------------------

    def _tree(self, depth: int) -> tuple[str, Shape]:
        if depth == 0:
            name = self._name()
            return name, self.pool[name]
        x, shape = self._tree(depth - 1)
        kind = self.dice.randrange(22)
        if kind >= 20:
            return self._mixed(x, shape)
        if kind < 5:
            name = self.dice.choice(TAME if not self._chance(6) else WILD)
            return f"({x}).{name}()", shape
        if kind < 9:
            return "(" + self.dice.choice(NUMBERED).format(f"({x})") + ")", shape
        if kind < 16:
            return self._pair(x, shape, depth)
        if kind == 16:
            return self._reduced(x, shape)
        if kind == 17:
            return self._seen_as(x, shape)
        return f"({x}).{self.dice.choice(('clone', 'contiguous', 'detach'))}()", shape

    def _pair(self, x: str, shape: Shape, depth: int) -> tuple[str, Shape]:
        y, other = self._tree(self.dice.randrange(depth))
        joined = self._joined(shape, other)
        if joined is None:
            fitting = self._fitting(shape)
            if fitting is None or self._chance(60):  # an error, with its message
                return f"({x} + {y})", shape
            y, other = fitting, self.pool[fitting]
            joined = self._joined(shape, other)
            assert joined is not None
        pattern = self.dice.choice(RARE if self._chance(6) else BINARY)
        both = (x, y) if self._chance(2) else (y, x)
        return "(" + pattern.format(*both) + ")", joined

    def _mixed(self, x: str, shape: Shape) -> tuple[str, Shape]:
        """With a mask or integers, if there are such; else with a mask of its own."""
        pool = self.dice.choice((self.masks, self.integers))
        fitting = self._fitting(shape, pool=pool)
        if fitting is None:
            return f"({x} * (({x}) > 0.2))", shape
        joined = self._joined(shape, pool[fitting])
        assert joined is not None
        patterns = MIXED + (2 * MASKED if pool is self.masks else ())
        return "(" + self.dice.choice(patterns).format(f"({x})", fitting) + ")", joined

    def _reduced(self, x: str, shape: Shape) -> tuple[str, Shape]:
        how, keep = self.dice.choice(("sum", "mean")), self.dice.randrange(2) == 1
        if not shape or self._chance(4):
            return f"({x}).{how}()", ()
        dims = sorted(self.dice.sample(range(len(shape)), self.dice.randint(1, len(shape))))
        left = [1 if d in dims else n for d, n in enumerate(shape) if keep or d not in dims]
        return f"({x}).{how}({tuple(dims)}, keepdim={keep})", tuple(left)

    def _seen_as(self, x: str, shape: Shape) -> tuple[str, Shape]:
        numel = int(np.prod(shape))
        options: list[tuple[str, Shape]] = [
            (f"({x}).reshape(-1)", (numel,)),
            (f"({x}).unsqueeze(0)", (1, *shape)),
            (f"({x}).squeeze()", tuple(n for n in shape if n != 1)),
        ]
        if len(shape) >= 2:
            order = list(range(len(shape)))
            self.dice.shuffle(order)
            options += [(f"({x}).permute({order})", tuple(shape[d] for d in order))] * 2
            options += [(f"({x}).transpose(0, 1)", (shape[1], shape[0], *shape[2:]))]
            options += [(f"({x}).flatten(0, 1)", (shape[0] * shape[1], *shape[2:]))]
            if numel % 4 == 0:
                options += [(f"({x}).reshape(4, -1)", (4, numel // 4))]
        if shape and shape[0] > 1:
            options += [self._index(x, shape) for _ in range(3)]
        if 2 * numel <= self.most and len(shape) < 4:
            options += [(f"({x}).expand(2, *{shape})", (2, *shape))]
        return self.dice.choice([o for o in options if len(o[1]) <= 4])

    def _index(self, x: str, shape: Shape) -> tuple[str, Shape]:
        where = self.dice.randrange(len(shape))
        n = shape[where]
        before = ":, " * where
        if self._chance(4):
            left = shape[:where] + shape[where + 1 :]
            return f"({x})[{before}{self.dice.randrange(n)}]", left
        start, step = self.dice.randrange(max(1, n // 2)), self.dice.choice((1, 1, 2, 3))
        stop = self.dice.choice((n, n, n - (n - start) // 3))
        size = len(range(start, stop, step))
        text = f"({x})[{before}{start}:{stop}:{step}]"
        return text, (*shape[:where], size, *shape[where + 1 :])

    def _any_tree(self) -> tuple[str, Shape]:
        return self._tree(self.dice.randint(0, self.max_depth))

    def _tree_into(self, shape: Shape) -> str:
        """An expression that broadcasts to `shape`."""
        for _ in range(4):
            text, made = self._any_tree()
            if self._joined(shape, made, to=True) is not None:
                return text
        fitting = self._fitting(shape, to=True)
        return f"{fitting} * 0.5" if fitting is not None else f"ag.tensor(r({self._seed()}))"

    # ---- lines -----------------------------------------------------------------------------------

    def _make(self, shape: Shape | None = None) -> None:
        if shape is None:
            shape = self.dice.choice(self.family)
        wants = self._chance(2)
        numbers = f"r({', '.join(map(str, (self._seed(), *shape)))})"
        name = self._new(f"ag.tensor({numbers}, requires_grad={wants})", shape)
        if wants:
            self.leaves.append(name)

    def _from_numpy(self) -> None:
        shape = self.dice.choice(self.family)
        array = f"a{self.made}"
        cut = "[::2]" if shape and shape[0] > 2 and self._chance(3) else ""
        if cut:
            shape = ((shape[0] + 1) // 2, *shape[1:])
        numbers = f"r({', '.join(map(str, (self._seed(), *shape)))})"
        if cut:
            numbers = f"np.repeat({numbers}, 2, 0)"
        self.lines.append(f"{array} = {numbers}")
        name = self._new(f"ag.from_numpy({array}{cut})", shape)
        if self._chance(3):
            self.lines.append(f"{name}.requires_grad_()")
            self.leaves.append(name)
        if self._chance(3):
            self.lines.append(f"del {array}")
        else:
            self.arrays[array] = shape

    def _expression(self) -> None:
        text, shape = self._any_tree()
        if self._chance(8):
            text = f"(ag.no_grad()(lambda: {text}))()"
        name = self._new(text, shape)
        if self._chance(10):
            self.lines.append(f"flags({name})")
        if self._chance(16):
            self.lines.append(f"{name}.retain_grad()")
            self.leaves.append(name)

    def _view(self) -> None:
        name = self._name()
        text, shape = self._seen_as(name, self.pool[name])
        self._new(text, shape)

    def _put(self, line: str) -> None:
        """A write: unrecorded twice of three times."""
        self.lines.append(line if self._chance(3) else f"with ag.no_grad(): {line}")

    def _write(self) -> None:
        name = self._name()
        kind = self.dice.randrange(8)
        if kind < 4:
            self._put(self.dice.choice(WRITES).format(name, self._tree_into(self.pool[name])))
        elif kind < 6:
            self._put(self.dice.choice(NUMBER_WRITES).format(name))
        elif kind < 7:
            self._put(f"{name}.{self.dice.choice(IN_PLACE)}()")
        else:
            op = self.dice.choice(("+=", "-=", "*="))
            self._put(f"{name} {op} {self._tree_into(self.pool[name])}")

    def _assign(self) -> None:
        name = self._name()
        shape = self.pool[name]
        if not shape:
            return
        text, part = self._index(name, shape)
        if self._chance(2):
            self._put(f"{text} = {self.dice.choice(('0.25', '-1', '0.0'))}")
        elif self._chance(2):
            self._put(f"{text} = {self._tree_into(part)}")
        else:
            self._put(f"{text}.mul_({self._tree_into(part)})")

    def _numpy_write(self) -> None:
        if not self.arrays:
            return self._export()
        array = self.dice.choice(list(self.arrays))
        where = self.dice.choice(
            ("...", "...", "0", "-1", "::2") if self.arrays[array] else ("...",)
        )
        op = self.dice.choice(("=", "+=", "*="))
        self.lines.append(f"{array}[{where}] {op} {self.dice.choice((0.5, -0.25, 2))}")
        return None

    def _export(self) -> None:
        name = self._name()
        array = f"a{self.made}"
        self.made += 1
        view = self.dice.choice(("{}.detach().numpy()", "np.asarray(memoryview({}.detach()))"))
        self.lines.append(f"{array} = {view.format(name)}")
        if self._chance(2):
            self.arrays[array] = self.pool[name]
            return
        self.lines.append(f"see(np.sort({array}, None)); {array} = None")

    def _read(self) -> None:
        text, shape = self._any_tree()
        options = ["see({})", "see(({}).sum().item())", "see(({}) > 0.1)", "see(repr({}))"]
        options += [
            "see(np.array(({}).detach()))",
            "see(float(({}).mean()))",
            "flags({})",
            "see(({}).tolist())",
        ]
        if shape and 0 not in shape:
            places = ", ".join(str(self.dice.randrange(n)) for n in shape)
            options += [f"see(({{}})[{places}])"] * 2
        self.lines.append(self.dice.choice(options).format(text))

    def _of_a_leaf(self, leaf: str | None = None) -> str:
        """An expression that most likely has a gradient, for that leaf if one is given."""
        text, shape = self._any_tree()
        wanted = [leaf] if leaf is not None else self.leaves
        fits = [n for n in wanted if n in self.pool and self._joined(shape, self.pool[n])]
        if not fits or (leaf is None and self._chance(4)):
            return text if leaf is None else f"({leaf} * ({text}).mean())"
        return self.dice.choice(("({} * {})", "({} + {})")).format(text, self.dice.choice(fits))

    def _loss(self, leaf: str | None = None) -> str:
        return f"({self._of_a_leaf(leaf)}).{self.dice.choice(('sum', 'mean'))}()"

    def _backward(self) -> None:
        keep = self.dice.choice(("", "", "retain_graph=True", "create_graph=True"))
        if self._chance(4):
            gradient = f"x.detach() * {self.dice.choice((1, 0.5, -2))}"
            arguments = ", ".join(filter(None, (gradient, keep)))
            self.lines.append(f"x = {self._of_a_leaf()}; x.backward({arguments}); x = None")
        else:
            self.lines.append(f"{self._loss()}.backward({keep})")
        if self.leaves and self._chance(3):
            self.lines.append(f"see({self.dice.choice(self.leaves)}.grad)")

    def _second(self) -> None:
        if not self.leaves:
            return
        leaf = self.dice.choice(self.leaves)
        if leaf not in self.pool:
            return
        make = self.dice.choice(("True", "True", "False"))
        line = f"ag.autograd.grad({self._loss(leaf)}, {leaf}, create_graph={make})[0]"
        self._new(line, self.pool[leaf])

    def _gradient(self) -> None:
        if not self.leaves:
            return
        leaf = self.dice.choice(self.leaves)
        kind = self.dice.randrange(6)
        if kind < 2 and leaf in self.pool:
            line = f"ag.zeros_like({leaf}) if {leaf}.grad is None else {leaf}.grad"
            self._new(line, self.pool[leaf])
        elif kind == 5 and leaf in self.pool:
            self.lines.append(f"{leaf}.grad = {self._tree_into(self.pool[leaf])}")
        else:
            lines = ("{0}.grad = None", "{0}.grad.zero_()", "{0}.grad.mul_(0.5)", "see({0}.grad)")
            self.lines.append(self.dice.choice(lines).format(leaf))

    def _step(self) -> None:
        """A step of an optimiser, as people write it."""
        w = self.dice.choice(self.leaves) if self.leaves else ""
        if w not in self.pool:
            return
        shape = self.pool[w]
        kind = self.dice.randrange(3)
        head = "with ag.no_grad():\n    "
        if kind == 0:
            self.lines.append(f"{head}{w} -= 0.01 * {w}.grad")
        elif kind == 1:
            v = self._new(f"ag.zeros_like({w})", shape)
            self.lines.append(
                f"for _ in range({self.dice.randint(1, 3)}):\n    {w}.grad = None\n"
                f"    {self._loss(w)}.backward()\n    with ag.no_grad():\n"
                f"        {v}.mul_(0.9).add_({w}.grad)\n        {w}.sub_({v}, alpha=0.1)"
            )
        else:
            m, v = (self._new(f"ag.zeros_like({w})", shape) for _ in range(2))
            self.lines.append(
                f"for k in range(1, {self.dice.randint(2, 4)}):\n    {w}.grad = None\n"
                f"    {self._loss(w)}.backward()\n    with ag.no_grad():\n        g = {w}.grad\n"
                f"        {m}.mul_(0.9).add_(g, alpha=0.1)\n"
                f"        {v}.mul_(0.99).add_(g * g, alpha=0.01)\n"
                f"        {w} -= 0.1 * ({m} / (1 - 0.9**k)) / "
                f"(({v} / (1 - 0.99**k)).sqrt() + 1e-8)\ng = None"
            )

    def _alias(self) -> None:
        name = self._name()
        ways = ("{}.detach()", "{}.data", "copy.deepcopy({})", "{}.clone()", "{}", "copy.copy({})")
        ways += ("pickle.loads(pickle.dumps({}.detach()))", "{}.view({}.shape)", "{}.detach()")
        ways += ("ag.zeros_like({})", "ag.tensor({}.tolist())", "{}.contiguous()")
        kind = self.dice.randrange(len(ways) + 2)
        if kind < len(ways):
            self._new(ways[kind].replace("{}", name), self.pool[name])
        elif kind == len(ways):
            self.lines.append(f"{name}.requires_grad_()")
            self.leaves.append(name)
        else:
            new = f"{self._tree_into(self.pool[name])} + ag.zeros_like({name})"
            self.lines.append(f"{name}.data = {new}")

    # ---- lines of masks and integers -------------------------------------------------------------

    def _labelled(self) -> tuple[dict[str, Shape], str] | None:
        """One of the masks or of the integers."""
        pools = [pool for pool in (self.masks, self.integers) if pool]
        if not pools:
            return None
        pool = self.dice.choice(pools)
        return pool, self.dice.choice(list(pool))

    def _of_label(self, pool: dict[str, Shape], made: tuple[str, ...], of: tuple[str, ...]) -> None:
        """One more of them: of floats, or of those that there are."""
        n = self.dice.choice(("0", "0.25", "-0.5", "1"))
        if not pool or self._chance(2):
            x, shape = self._tree(self.dice.randint(0, 2))
            fitting = self._fitting(shape, to=True) or "0.5"
            self._new(self.dice.choice(made).format(fitting, x=x, n=n), shape, pool)
            return
        name = self.dice.choice(list(pool))
        other = self._fitting(pool[name], pool=pool) or name
        joined = self._joined(pool[name], pool[other])
        pattern = self.dice.choice(of)
        if "{1}" not in pattern:
            joined = pool[name]
        if joined is not None:
            self._new(pattern.format(name, other), joined, pool)

    def _mask(self) -> None:
        if self.integers and self._chance(4):
            name = self.dice.choice(list(self.integers))
            other = self._fitting(self.integers[name], to=True, pool=self.integers) or name
            pattern = self.dice.choice(COMPARED)
            self._new(pattern.format(name, other), self.integers[name], self.masks)
        else:
            self._of_label(self.masks, MASKS, OF_MASKS)

    def _whole(self) -> None:
        self._of_label(self.integers, INTEGERS, OF_INTEGERS)

    def _label_write(self) -> None:
        found = self._labelled()
        if found is None:
            return self._mask()
        pool, name = found
        is_mask, shape = pool is self.masks, pool[name]
        other = self._fitting(shape, to=True, pool=pool) or name
        if shape and self._chance(4):
            text, part = self._index(name, shape)
            value = self._fitting(part, to=True, pool=pool) or name
            if self._chance(2):
                value = self.dice.choice(("True", "0") if is_mask else ("7", "-1", "2.5"))
            self.lines.append(f"{text} = {value}")
        elif self._chance(4):
            self.lines.append(f"{name}.copy_({self._tree_into(shape)})")
        elif self._chance(8):  # most of them are refused
            self.lines.append(f"{name} += {self._tree_into(shape)}")
        else:
            writes = MASK_WRITES if is_mask else INTEGER_WRITES
            self.lines.append(self.dice.choice(writes).format(name, other))
        return None

    def _label_view(self) -> None:
        found = self._labelled()
        if found is None:
            return self._whole()
        pool, name = found
        text, shape = self._seen_as(name, pool[name])
        self._new(text, shape, pool)
        return None

    def _label_read(self) -> None:
        found = self._labelled()
        if found is None:
            return self._mask()
        pool, name = found
        kind = self.dice.randrange(6)
        if kind == 0:
            self._new(f"{name}.double()", pool[name])
        elif kind == 1:
            text, shape = self._reduced(name, pool[name])
            self._new(text.replace(".mean(", ".any("), shape)
        elif kind == 2 and len(pool) > 2:
            del pool[name]
            self.lines.append(f"{name} = None")
        else:
            self.lines.append(f"see({self.dice.choice(LOOKS).format(name)})")
        return None

    def _drop(self) -> None:
        if self.arrays and self._chance(3):
            array = self.dice.choice(list(self.arrays))
            del self.arrays[array]
            self.lines.append(f"{array} = None")
            return
        if len(self.pool) > 3:
            name = self.dice.choice(list(self.pool))
            if name not in self.leaves or self._chance(4):
                del self.pool[name]
                self.leaves = [n for n in self.leaves if n != name]
                self.lines.append(f"{name} = None")

    def _loop(self) -> None:
        """A chain longer than a program may be in a testing build, or nearly so in others."""
        name = self._name()
        fits = self._fitting(self.pool[name], to=True)
        new = self._new(f"{name} * 1.0", self.pool[name])
        bodies = (
            f"{new} = ({new} * {fits}).tanh()",
            f"{new}.mul_({fits})",
            f"{new} = {new} - {fits}",
        )
        body = self.dice.choice((*bodies, f"{new} = {new} + {new} * 0.1"))
        times = self.dice.choice((3, 14, 30, 30, 90, 300))
        self.lines.append(f"for _ in range({times}): {body}")

    def _many(self) -> None:
        """More values that wait at the same time than there may be, sums and others."""
        text, shape = self._tree(self.dice.randint(0, 2))
        line, left = f"({text}) * k", shape
        if self._chance(2):
            line, left = self._reduced(f"({line})", shape)
        several = f"[{line} for k in range({self.dice.choice((3, 12, 20))})]"
        self._new(self.dice.choice((f"sum({several})", f"{several}[-1]")), left)
        if self._chance(2):
            self.lines.append(f"late = {several}; {self.dice.choice(('', 'late.reverse(); '))}"
                              f"[see(t) for t in late]; late = t = None")  # fmt: skip

    def _twice(self) -> None:
        """One graph, two ways back."""
        loss = self._new(self._loss(), ())
        self.lines += [f"{loss}.backward(retain_graph=True)"]
        if self._chance(2):
            self._write()
        self.lines.append(f"{loss}.backward()")


def program(seed: int, threshold: int) -> list[str]:
    """The program of that seed, for a library where `threshold` elements make a value pend."""
    writer = Writer(seed, threshold)
    return writer.write(writer.dice.choice((4, 8, 12, 16, 25, 40)))
