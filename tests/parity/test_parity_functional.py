# SPDX-License-Identifier: MIT
"""Functions of nn.functional and distances beside torch: random shapes, layouts, dtypes and
arguments, and what is at the edges; values, gradients, second gradients, errors."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pyautograd as ag

COUNT = 60  # programs of each function
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 1e-300, 800.0, -800.0, np.inf, -np.inf, np.nan]
Numbers = np.ndarray[Any, np.dtype[np.float64]]


class Program:
    """Arrays and a call of them: those of `leaves` require grad."""

    def __init__(self, dice: random.Random, seed: int) -> None:
        self.dice = dice
        self.rng = np.random.default_rng(seed)
        self.arrays: list[Any] = []
        self.leaves: list[int] = []
        self.more: dict[str, Any] = {}

    def shape(self, least: int = 0, most: int = 3) -> tuple[int, ...]:
        sizes = [1, 2, 3, 4] if self.dice.random() < 0.9 else [0, 2]
        return tuple(self.dice.choice(sizes) for _ in range(self.dice.randint(least, most)))

    def add(self, array: Any, grad: bool = True) -> None:
        if grad:
            self.leaves.append(len(self.arrays))
        self.arrays.append(np.array(array))

    def floats(self, shape: tuple[int, ...], low: float = -2.0, high: float = 2.0) -> Numbers:
        numbers = self.rng.uniform(low, high, shape)
        if self.dice.random() < 0.15 and (low, high) == (-2.0, 2.0):
            numbers = self.rng.choice(np.array(EDGES), shape)
        return np.asarray(numbers)

    def sometimes(self, **more: Any) -> None:
        """Arguments each of which is given or not."""
        self.more |= {k: v for k, v in more.items() if self.dice.random() < 0.5}

    def reduction(self) -> None:
        self.sometimes(reduction=self.dice.choice(["none", "mean", "sum", "sum", "none"]))
        if self.dice.random() < 0.05:
            self.more["reduction"] = "nonsense"
        if self.dice.random() < 0.05:
            self.more |= {"size_average": self.dice.choice([True, False]), "reduction": "sum"}


def pair(p: Program, low: float = -2.0, high: float = 2.0, grad: bool = True) -> tuple[int, ...]:
    """Input and target, mostly of one shape."""
    shape = p.shape()
    p.add(p.floats(shape, low, high))
    other = shape if p.dice.random() < 0.85 else p.shape()
    p.add(p.floats(other, low, high), grad)
    p.reduction()
    if other != shape:  # one mistake at a time: which is found first is not compared
        p.more.pop("reduction", None)
    return shape


def mse_loss(p: Program) -> None:
    shape = pair(p)
    if p.dice.random() < 0.3 and p.arrays[1].shape == shape:
        p.more["weight"] = p.rng.uniform(0.5, 2, shape if p.dice.random() < 0.8 else p.shape())


l1_loss = mse_loss


def smooth_l1_loss(p: Program) -> None:
    pair(p)
    p.sometimes(beta=p.dice.choice([0.0, 0.5, 2, -1.0]))


def huber_loss(p: Program) -> None:
    shape = pair(p)
    p.more.pop("size_average", None)
    p.sometimes(delta=p.dice.choice([0.5, 2, 0.0]))
    if p.dice.random() < 0.3 and p.arrays[1].shape == shape:
        p.more["weight"] = p.rng.uniform(0.5, 2, shape if p.dice.random() < 0.8 else p.shape())


def binary_cross_entropy(p: Program) -> None:
    shape = pair(p, 0.05, 0.95)
    if p.dice.random() < 0.1:
        p.arrays[0] = p.arrays[0] + 0.5
    if p.dice.random() < 0.3:
        p.more["weight"] = p.rng.uniform(0.5, 2, shape[1:])


def binary_cross_entropy_with_logits(p: Program) -> None:
    shape = p.shape()
    p.add(p.rng.uniform(-4, 4, shape))
    p.add(p.rng.uniform(0, 1, shape if p.dice.random() < 0.9 else p.shape()))
    p.reduction()
    if p.dice.random() < 0.3:
        p.more["weight"] = p.rng.uniform(0.5, 2, shape[1:])
    if p.dice.random() < 0.3:
        p.more["pos_weight"] = p.rng.uniform(0.5, 2, shape[1:])


def kl_div(p: Program) -> None:
    pair(p, 0.05, 0.95)
    p.more.setdefault("reduction", "batchmean")
    p.sometimes(log_target=True)


def gaussian_nll_loss(p: Program) -> None:
    shape = p.shape(1)
    p.add(p.rng.uniform(-2, 2, shape))
    p.add(p.rng.uniform(-2, 2, shape))
    of_rows = p.dice.choice([shape, shape, shape[:-1], (*shape[:-1], 1)])
    p.add(p.rng.uniform(0.0 if p.dice.random() < 0.9 else -0.5, 2, of_rows))
    p.sometimes(full=True, eps=0.5, reduction=p.dice.choice(["sum", "none", "mean"]))


def poisson_nll_loss(p: Program) -> None:
    pair(p, 0.1, 3)
    p.sometimes(full=True, log_input=False, eps=1e-3)


def hinge_embedding_loss(p: Program) -> None:
    shape = p.shape()
    p.add(p.floats(shape))
    p.add(p.rng.choice([1.0, -1.0], shape), False)
    p.reduction()
    p.sometimes(margin=0.3)


def soft_margin_loss(p: Program) -> None:
    shape = p.shape()
    p.add(p.rng.uniform(-3, 3, shape))
    p.add(p.rng.choice([1.0, -1.0], shape), False)
    p.reduction()


def multilabel_soft_margin_loss(p: Program) -> None:
    shape = p.shape(1)
    p.add(p.rng.uniform(-3, 3, shape))
    p.add(p.rng.uniform(0, 1, shape if p.dice.random() < 0.9 else (*shape, 2)), False)
    if p.dice.random() < 0.4:
        p.more["weight"] = p.rng.uniform(0.5, 2, shape if p.dice.random() < 0.5 else shape[-1:])
    p.reduction()


def margin_ranking_loss(p: Program) -> None:
    shape = p.shape()
    p.add(p.floats(shape))
    p.add(p.floats(shape))
    p.add(p.rng.choice([1.0, -1.0], shape if p.dice.random() < 0.9 else (*shape, 1)), False)
    p.reduction()
    p.sometimes(margin=0.3)


def cosine_embedding_loss(p: Program) -> None:
    shape = p.shape(1, 2)
    p.add(p.rng.uniform(-2, 2, shape))
    p.add(p.rng.uniform(-2, 2, shape))
    p.add(p.rng.choice([1.0, -1.0], shape[:-1] if p.dice.random() < 0.9 else shape), False)
    p.reduction()
    p.sometimes(margin=0.1)


def triplet_margin_loss(p: Program) -> None:
    shape = p.shape(1)
    for _ in range(3):
        p.add(p.rng.uniform(-2, 2, shape))
    p.reduction()
    p.sometimes(margin=p.dice.choice([0.5, 0.0]), swap=True, p=p.dice.choice([1, 3.0]))


def classes(p: Program, least: int = 1) -> tuple[tuple[int, ...], int]:
    """An input of at least one class, and targets, of which some are none of the classes."""
    shape = p.shape(least, 4)
    classes = max(shape[len(shape) > 1], 1)
    shape = (shape[0] if len(shape) > 1 else classes, *((classes,) if len(shape) > 1 else ()),
             *shape[2:])  # fmt: skip
    p.add(p.rng.uniform(-2, 2, shape))
    targets = shape[:1] * (len(shape) > 1) + shape[2:]
    top = classes if p.dice.random() < 0.95 else classes + 1
    p.add(p.rng.integers(0, top, targets), False)
    return shape, classes


def nll_loss(p: Program) -> None:
    _, n = classes(p)
    p.reduction()
    p.sometimes(ignore_index=p.dice.choice([0, 1]))
    if p.dice.random() < 0.3:
        p.more["weight"] = p.rng.uniform(0.5, 2, n if p.dice.random() < 0.9 else n + 1)


def cross_entropy(p: Program) -> None:
    shape, n = classes(p)
    p.reduction()
    p.sometimes(label_smoothing=p.dice.choice([0.1, 0.5, 1.0, 1.5]))
    if p.dice.random() < 0.3:
        p.more["weight"] = p.rng.uniform(0.5, 2, n)
    if p.dice.random() < 0.3:
        p.arrays[1] = p.rng.uniform(0, 1, shape)
        p.leaves.append(1)
    elif p.dice.random() < 0.3:
        p.more["ignore_index"] = p.dice.choice([0, 1])


def embedding(p: Program) -> None:
    rows, width = p.dice.randint(1, 4), p.dice.randint(1, 3)
    top = rows if p.dice.random() < 0.9 else rows + 1
    p.add(p.rng.integers(0, top, tuple(n or 1 for n in p.shape())), False)
    p.add(p.rng.uniform(-2, 2, (rows, width)))
    p.sometimes(padding_idx=p.dice.choice([0, -1, rows - 1]))
    if p.dice.random() < 0.2:
        p.more["scale_grad_by_freq"] = True


def one_hot(p: Program) -> None:
    p.add(p.rng.integers(0 if p.dice.random() < 0.9 else -1, 3, p.shape()), False)
    p.sometimes(num_classes=p.dice.choice([2, 3, 5]))
    if p.dice.random() < 0.1:
        p.arrays[0] = p.arrays[0].astype(float)


def softmin(p: Program) -> None:
    shape = p.shape()
    p.add(p.rng.uniform(-2, 2, shape))
    p.more["dim"] = p.dice.randint(-len(shape), max(len(shape), 1)) if shape else 0


softmax = log_softmax = softmin


def glu(p: Program) -> None:
    shape = p.shape()
    p.add(p.rng.uniform(-2, 2, shape))
    if shape:
        p.sometimes(dim=p.dice.randint(-2, 1))


def layer_norm(p: Program) -> None:
    shape = p.shape(1)
    p.add(p.rng.uniform(-2, 2, shape))
    sizes = shape[p.dice.randint(0, len(shape) - 1) :]
    p.more["normalized_shape"] = list(sizes) if p.dice.random() < 0.95 else [*sizes, 2]
    p.sometimes(eps=0.1)
    for name in ("weight", "bias"):
        if p.dice.random() < 0.4:
            p.more[name] = p.rng.uniform(0.5, 2, sizes if p.dice.random() < 0.95 else (1, 7))


def rms_norm(p: Program) -> None:
    layer_norm(p)
    p.more.pop("bias", None)


def batch_norm(p: Program) -> None:
    shape = (p.dice.randint(1, 3), p.dice.randint(1, 3), *p.shape(0, 2))
    p.add(p.rng.uniform(-2, 2, shape))
    running = p.dice.random() < 0.6
    for name in ("running_mean", "running_var"):
        p.more[name] = p.rng.uniform(0.5, 2, shape[1]) if running else None
    for name in ("weight", "bias"):
        if p.dice.random() < 0.4:
            p.more[name] = p.rng.uniform(0.5, 2, shape[1])
    p.sometimes(training=True, eps=0.1, momentum=0.3)


def group_norm(p: Program) -> None:
    groups = p.dice.randint(1, 3)
    shape = (p.dice.randint(0, 3), groups * p.dice.randint(1, 3), *p.shape(0, 2))
    p.add(p.rng.uniform(-2, 2, shape))
    p.more["num_groups"] = groups if p.dice.random() < 0.9 else p.dice.choice([-1, 2, 7])
    for name in ("weight", "bias"):
        if p.dice.random() < 0.4:
            p.more[name] = p.rng.uniform(0.5, 2, shape[1] if p.dice.random() < 0.9 else (2, 1))
    p.sometimes(eps=0.1)


def normalize(p: Program) -> None:
    shape = p.shape(1)
    p.add(p.rng.uniform(-2, 2, shape))
    p.sometimes(p=p.dice.choice([1, 2, 3.0, np.inf]), eps=0.5)
    one = p.dice.randint(-len(shape), len(shape) - 1)
    p.more["dim"] = p.dice.choice([one, one, None, tuple(range(len(shape)))])


def pairwise_distance(p: Program) -> None:
    shape = p.shape(1)
    p.add(p.rng.uniform(-2, 2, shape))
    p.add(p.rng.uniform(-2, 2, shape if p.dice.random() < 0.7 else shape[-1:]))
    p.sometimes(p=p.dice.choice([1, 3.0, 0.5, np.inf]), eps=0.1, keepdim=True)


def dist(p: Program) -> None:
    shape = p.shape()
    p.add(p.rng.uniform(-2, 2, shape))
    p.add(p.rng.uniform(-2, 2, shape if p.dice.random() < 0.7 else shape[-1:]))
    p.sometimes(p=p.dice.choice([1, 3.0, 0.5, np.inf]))


def cosine_similarity(p: Program) -> None:
    shape = p.shape(1)
    p.add(p.rng.uniform(-2, 2, shape))
    p.add(p.rng.uniform(-2, 2, shape if p.dice.random() < 0.7 else shape[-1:]))
    p.more["dim"] = p.dice.randint(-len(shape), len(shape) - 1)
    p.sometimes(eps=3.0)


def cdist(p: Program) -> None:
    width, batch = p.dice.randint(0, 3), p.shape(0, 1)
    p.add(p.rng.integers(-2, 3, (*batch, p.dice.randint(0, 3), width)) * 0.7)
    other = width if p.dice.random() < 0.95 else width + 1
    p.add(p.rng.integers(-2, 3, (p.dice.randint(0, 3), other)) * 0.7)
    p.sometimes(p=p.dice.choice([1, 3.0, 0.5, np.inf, 0, -1.0, 1.5]))


def pdist(p: Program) -> None:
    p.add(p.rng.uniform(-2, 2, p.shape(2, 2) if p.dice.random() < 0.95 else (3,)))
    p.sometimes(p=p.dice.choice([1, 3.0, 0.5, np.inf, 0, 1.5]))


ALL: dict[str, Callable[[Program], None]] = {
    name: value
    for name, value in globals().items()
    if callable(value) and getattr(value, "__module__", "") == __name__ and name not in
    ("Program", "pair", "classes")
}  # fmt: skip
BESIDE = (
    "cdist",
    "pdist",
    "dist",
    "pairwise_distance",
    "cosine_similarity",
)  # functions of the module
NO_SECOND = ("cdist", "pdist", "binary_cross_entropy")  # torch has none, or adds 1e-12 to it


def tensor(lib: Any, array: Any, transposed: bool, grad: bool = False) -> Any:
    made = lib.tensor(array)
    if transposed and made.dim() == 2:
        made = made.t().contiguous().t()
    return made.requires_grad_() if grad else made


def outcome(lib: Any, name: str, p: Program, transposed: bool) -> Any:
    """The result, its gradients and those of their squares; or the kind of error."""
    tensors = [
        tensor(lib, a, transposed, k in p.leaves and a.dtype == np.float64)
        for k, a in enumerate(p.arrays)
    ]
    more = {
        k: tensor(lib, v, transposed) if isinstance(v, np.ndarray) else v for k, v in p.more.items()
    }
    call = getattr(lib if name in BESIDE else lib.nn.functional, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = call(*tensors, **more)
    except (RuntimeError, IndexError, ValueError, TypeError, AssertionError) as error:
        return RuntimeError if isinstance(error, NotImplementedError) else type(error)
    found = [y.detach().numpy(), *(more[k].numpy() for k in p.more if k.startswith("running_") and
                                   p.more[k] is not None)]  # fmt: skip
    kind = repr(y.dtype).split(".")[-1]
    leaves = [t for t in tensors if t.requires_grad]
    if not y.requires_grad:
        return kind, found
    first = lib.autograd.grad(
        (y * y).sum() / 2 + y.sum(), leaves, create_graph=name not in NO_SECOND, allow_unused=True
    )
    found += [g.detach().numpy() for g in first if g is not None]
    total = sum(((g * g).sum() for g in first if g is not None and g.requires_grad), lib.zeros(()))
    if total.requires_grad:
        second = lib.autograd.grad(total, leaves, allow_unused=True)
        found += [np.zeros(1) if h is None else h.detach().numpy() for h in second]
    return kind, found


def near(one: Any, other: Any) -> bool:
    """To 1e-12 of the largest of all: what cancels was made of these."""
    finite = np.abs(other[np.isfinite(other)])
    scale = max(1.0, float(finite.max(initial=0.0)))
    return bool(np.allclose(one, other, rtol=1e-12, atol=2e-12 * scale, equal_nan=True))


def compare(name: str, p: Program, transposed: bool, torch: ModuleType, where: str) -> None:
    theirs = outcome(torch, name, p, transposed)
    ours = outcome(ag, name, p, transposed)
    where = f"{where}: {[(a.dtype, a.shape) for a in p.arrays]} {p.more}"
    if isinstance(theirs, type) or isinstance(ours, type):
        assert ours == theirs, where
        return
    assert ours[0] == theirs[0], where
    assert len(ours[1]) == len(theirs[1]), where
    for k, (one, other) in enumerate(zip(ours[1], theirs[1], strict=True)):
        if other.shape == (1,) != one.shape or one.shape == (1,) != other.shape:
            assert not one.any() and not other.any(), f"{where} {k}"
            continue
        assert one.shape == other.shape, f"{where} {k}"
        if any(np.isinf(earlier).any() for earlier in theirs[1][:k]):
            # 0 times infinity is NaN in PyTorch's derivatives, and 0 in ours (differences.md).
            other = np.where(np.isnan(other), one, other)
        assert near(one, other), f"{where} {k}: {one} {other}"


@pytest.mark.parametrize("name", ALL)
def test_functional(name: str, torch: ModuleType) -> None:
    for seed in range(COUNT):
        dice = random.Random(f"{name} {seed}")
        p = Program(dice, seed)
        ALL[name](p)
        compare(name, p, dice.random() < 0.2, torch, f"seed {seed}")


@pytest.mark.parametrize("name", [n for n in ALL if n not in ("embedding", "one_hot")])
def test_operands_of_other_dtypes(name: str, torch: ModuleType) -> None:
    """One of the operands is int64 or bool. What torch refuses to mix is float64 here."""
    for seed in range(COUNT // 4):
        dice = random.Random(f"{name} {seed} dtypes")
        p = Program(dice, seed)
        ALL[name](p)
        p.more = {k: v for k, v in p.more.items() if not isinstance(v, np.ndarray)}
        k = dice.randrange(len(p.arrays))
        whole = np.nan_to_num(p.arrays[k]).clip(-9, 9).round()
        p.arrays[k] = whole.astype(dice.choice([np.int64, np.bool_]))
        try:
            refused = isinstance(outcome(torch, name, p, False), type)
        except RuntimeError:  # in its backward
            refused = True
        if not refused:
            compare(name, p, False, torch, f"seed {seed}")
