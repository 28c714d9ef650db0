# SPDX-License-Identifier: MIT
"""What random programs (views_programs.py) do with index tensors, masks, pieces and views that are
turned in place. Indices that are written through do not repeat, for which of equal ones is written
last is torch's secret."""

from __future__ import annotations

import math
import random

Shape = tuple[int, ...]

# Writes through an index tensor {1} of the first dimension, from a source {2} as large.
ALONG = (
    "{0}[{1}] = {2}",
    "{0}.index_copy_(0, {1}, {2})",
    "{0}.index_add_(0, {1}, {2})",
    "{0}.index_add_(0, {1}, {2}, alpha=0.5)",
    "{0}[{1}] += {2}",
    "{0}[{1}] *= {2}",
    "{0}.index_put_(({1},), {2})",
    "{0}.index_put_(({1},), {2}, accumulate=True)",
)
# The same with a number.
ALONG_NUMBER = ("{0}[{1}] = 0.5", "{0}.index_fill_(0, {1}, 0.25)", "{0}[{1}] *= 2")
MASKED = (
    "{0}[{1}] = 0.5",
    "{0}.masked_fill_({1}, 0.25)",
    "{0}[{1}] += 1",
    "{0}[{1}] = {0}[{1}].detach() * 2",
)
# Reads: what they give, and the shape of that from the number of indices and the shape.
PICKS = ("{0}[{1}]", "{0}.index_select(0, {1})", "ag.index_select({0}, 0, {1})")


def index(dice: random.Random, n: int, repeats: bool) -> tuple[str, int]:
    """The text of an index tensor into n elements, and how many it names."""
    if not n:
        return "ag.tensor([], dtype=ag.int64)", 0
    few = dice.randint(0 if dice.randrange(6) == 0 else 1, min(n, 4))
    places = dice.choices(range(n), k=few) if repeats else dice.sample(range(n), few)
    if not few:
        return "ag.tensor([], dtype=ag.int64)", 0
    return f"ag.tensor({places})", few


def mask(seed: int, x: str, shape: Shape) -> str:
    """The text of a mask of x's shape, of about half of the elements."""
    sizes = ", ".join(map(str, (seed, *shape)))
    return f"ag.tensor(r({sizes}) > 1)" if seed % 3 else f"({x}.detach() > 1)"


def views(dice: random.Random, x: str, shape: Shape) -> list[tuple[str, Shape]]:
    """Views of x beyond plain indexing: text and shape of each. x has a dimension at least."""
    d = dice.randrange(len(shape))
    n, rest = shape[d], shape[:d] + shape[d + 1 :]
    options: list[tuple[str, Shape]] = [
        (f"{x}.movedim({d}, 0)", (n, *rest)),
        (f"{x}.view_as({x})", shape),
        (f"{x}.squeeze({d})", rest if n == 1 else shape),
        (f"{x}.unflatten({d}, (-1, 1))", (*shape[:d], n, 1, *shape[d + 1 :])),
    ]
    if n:
        at = dice.randrange(n)
        options += [
            (f"{x}.select({d}, {at})", rest),
            (f"{x}.unbind({d})[{at}]", rest),
            (f"{x}.narrow({d}, {at}, {n - at})", (*shape[:d], n - at, *shape[d + 1 :])),
        ]
    if n >= 2:
        options += [
            (f"{x}.unfold({d}, 2, 2)", (*shape[:d], n // 2, *shape[d + 1 :], 2)),
            (f"{x}.split({n // 2}, {d})[0]", (*shape[:d], n // 2, *shape[d + 1 :])),
        ]
    if len(shape) >= 2:
        least = min(shape[0], shape[1])
        options += [(f"{x}.diagonal()", (*shape[2:], least))]
    return options


def pieces(dice: random.Random, x: str, shape: Shape) -> tuple[str, list[Shape]]:
    """x in pieces along one dimension that is not empty: text, and the shapes of the pieces."""
    d = dice.randrange(len(shape))
    n, rest = shape[d], shape[:d] + shape[d + 1 :]
    if n <= 4 and dice.randrange(2):
        return f"{x}.unbind({d})", [rest] * n
    size = max(1, math.ceil(n / dice.choice((1, 2, 3))))
    sizes = [min(size, n - start) for start in range(0, n, size)]
    text = f"{x}.split({size}, {d})"
    return text, [(*shape[:d], k, *shape[d + 1 :]) for k in sizes]


def turned(dice: random.Random, x: str, shape: Shape) -> tuple[str, Shape]:
    """x made another view of itself in place: the line, and the shape afterwards."""
    options: list[tuple[str, Shape]] = [(f"{x}.unsqueeze_(0)", (1, *shape))]
    options += [(f"{x}.squeeze_()", tuple(n for n in shape if n != 1))]
    if len(shape) >= 2:
        options += [(f"{x}.transpose_(0, 1)", (shape[1], shape[0], *shape[2:]))] * 2
        options += [(f"{x}.swapdims_(0, -1)", (shape[-1], *shape[1:-1], shape[0]))]
    if len(shape) == 2:
        options += [(f"{x}.t_()", shape[::-1])]
    return dice.choice(options)


def made(dice: random.Random, x: str, shape: Shape) -> tuple[str, Shape]:
    """A value of x with memory of its own, by an op on parts: text and shape. x has a dimension
    that is not empty."""
    d = dice.randrange(len(shape))
    n, rest = shape[d], shape[:d] + shape[d + 1 :]
    options: list[tuple[str, Shape]] = [
        (f"ag.cat([{x}, {x} * 2], {d})", (*shape[:d], 2 * n, *shape[d + 1 :])),
        (f"ag.stack([{x}, {x}], {d})", (*shape[:d], 2, *shape[d:])),
        (f"{x}.flip({d})", shape),
        (f"{x}.roll(1, {d})", shape),
        (f"{x}.cumsum({d})", shape),
    ]
    if len(shape) >= 2:
        options += [(f"{x}.tril()", shape)]
    if n:
        at = dice.randrange(n)
        options += [(f"{x}.diff(dim={d})", (*shape[:d], n - 1, *shape[d + 1 :]))]
        options += [(f"{x}.clone().select_scatter({x}.select({d}, 0) * 2, {d}, {at})", shape)]
        part = f"{x}.narrow({d}, 0, 1) * 2"
        options += [(f"{x}.clone().slice_scatter({part}, {d}, {at}, {at + 1})", shape)]
        options += [(f"{x}.logsumexp({d})", rest), (f"{x}.amax({d})", rest)]
    return dice.choice(options)
