# SPDX-License-Identifier: MIT
"""`.grad`: that it adds up, in place or not, and all the ways of setting it back."""

from __future__ import annotations

import copy
import gc
import warnings
import weakref

import numpy as np
import pytest

import pyautograd as ag
from support import leaf, values


def test_starts_as_none_and_adds_up() -> None:
    x = leaf([1.0, 2.0])
    assert x.grad is None
    for k in range(1, 4):
        (x * 3).sum().backward()
        assert x.grad.tolist() == [3.0 * k] * 2


def test_adds_up_into_the_same_tensor() -> None:
    """Whoever holds `.grad` sees later gradients arrive, as with PyTorch."""
    x = leaf([1.0, 2.0])
    x.sum().backward()
    held = x.grad
    x.sum().backward()
    assert x.grad is held and held.tolist() == [2.0, 2.0]


def test_zeroing() -> None:
    x = leaf([1.0, 2.0])
    x.sum().backward()
    x.grad.data.zero_()
    assert x.grad.tolist() == [0.0, 0.0]
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    x.grad.zero_()
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    x.grad = None
    assert x.grad is None
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_del_grad() -> None:
    x = leaf([1.0, 2.0])
    x.sum().backward()
    del x.grad
    assert x.grad is None


def test_assigned_gradients_are_added_to() -> None:
    x = leaf([1.0, 2.0])
    given = ag.tensor([10.0, 20.0])
    x.grad = given
    assert x.grad is given
    x.sum().backward()
    assert x.grad.tolist() == [11.0, 21.0]
    assert given.tolist() == [11.0, 21.0]


def test_assigning_one_gradient_to_two_leaves_shares_it() -> None:
    x, y = leaf([1.0]), leaf([2.0])
    x.sum().backward()
    y.grad = x.grad
    x.grad.mul_(5)
    assert y.grad.tolist() == [5.0]


def test_gradient_of_another_layout_can_be_assigned() -> None:
    x = leaf(np.ones((2, 3)))
    x.grad = ag.tensor(np.arange(6.0).reshape(3, 2)).t()
    (x * 1).sum().backward()
    assert x.grad.tolist() == [[1, 3, 5], [2, 4, 6]]


def test_a_tensor_that_needs_no_grad_may_have_one() -> None:
    x = ag.tensor([1.0, 2.0])
    x.grad = ag.tensor([3.0, 4.0])
    assert x.grad.tolist() == [3.0, 4.0]


def test_rejected_assignments_change_nothing() -> None:
    x = leaf([1.0, 2.0])
    x.sum().backward()
    for wrong in (3, [1.0, 2.0], np.ones(2), ag.ones(3), ag.ones(1, 2), ag.ones(()), x):
        with pytest.raises((TypeError, RuntimeError)):
            x.grad = wrong
        assert x.grad.tolist() == [1.0, 1.0]


def test_within_one_backward() -> None:
    x = leaf([1.0, 2.0])
    (x * x + x * 3 + x).sum().backward()
    assert x.grad.tolist() == [6.0, 8.0]


def test_same_result_as_one_backward_of_the_sum(rng: np.random.Generator) -> None:
    a = rng.standard_normal(50)
    x, y = leaf(a), leaf(a)
    x.sin().sum().backward()
    (x * x).sum().backward()
    (y.sin().sum() + (y * y).sum()).backward()
    assert np.allclose(values(x.grad), values(y.grad), rtol=1e-15, atol=1e-15)


def test_large_gradients(rng: np.random.Generator) -> None:
    a = rng.standard_normal(100_000)
    x = leaf(a)
    for _ in range(3):
        (x * x).sum().backward()
    assert np.array_equal(values(x.grad), 2 * a + 2 * a + 2 * a)


def test_backward_inside_a_training_loop() -> None:
    x = leaf([0.0, 0.0])
    target = ag.tensor([1.0, -2.0])
    for _ in range(200):
        loss = ((x - target) ** 2).sum()
        loss.backward()
        with ag.no_grad():
            x -= 0.1 * x.grad
        x.grad.zero_()
    assert np.allclose(values(x), [1.0, -2.0], atol=1e-12)
    assert x.requires_grad and x.is_leaf


def test_grad_is_one_object_while_held() -> None:
    x = leaf([1.0])
    x.sum().backward()
    held = x.grad
    assert x.grad is held
    x.sum().backward()
    assert x.grad is held and held.tolist() == [2.0]


def test_grad_lives_as_long_as_its_leaf() -> None:
    x = leaf([1.0, 2.0])
    x.sum().backward()
    held = x.grad
    ref = weakref.ref(held)
    del x
    gc.collect()
    assert held.tolist() == [1.0, 1.0]
    del held
    gc.collect()
    assert ref() is None


# ---- non-leaves ----------------------------------------------------------------------------------


class Slope(ag.Tensor):
    unit = "none"


def test_an_assigned_gradient_stays_the_object_that_it_is() -> None:
    x, g = leaf([1.0, 2.0]), Slope([0.0, 0.0])
    g.unit = "m"
    address, known = id(g), weakref.ref(g)
    x.grad = g
    del g
    gc.collect()
    for total in (0.0, 3.0, 6.0):
        assert id(x.grad) == address and known() is x.grad
        assert type(x.grad) is Slope and x.grad.unit == "m" and x.grad.tolist() == [total] * 2
        (x * 3).sum().backward()
    x.grad = None
    assert known() is None
    plain = ag.zeros(2)
    x.grad, ref = plain, weakref.ref(plain)
    del plain
    assert ref() is x.grad
    del x.grad
    assert ref() is None


def test_an_assigned_gradient_that_backward_replaced_goes() -> None:
    x = leaf([1.0, 2.0])
    x.grad = Slope([0.0, 0.0])
    known = weakref.ref(x.grad)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the cycle that is broken below
        (x * x).sum().backward(create_graph=True)
    assert type(x.grad) is ag.Tensor and x.grad.requires_grad and known() is None
    x.grad = None


def test_an_assigned_gradient_goes_with_its_leaf() -> None:
    x, g = leaf([1.0]), Slope([2.0])
    known = weakref.ref(g)
    x.grad = g
    del g, x
    assert known() is None
    loop = Slope([1.0]).requires_grad_()  # a leaf of a subclass, seen by the collector
    loop.grad = Slope([2.0])
    loop.grad.leaf = loop
    known = weakref.ref(loop.grad)
    del loop
    gc.collect()
    assert known() is None


def test_a_gradient_that_cannot_be_assigned_leaves_the_old_one() -> None:
    x, g = leaf([1.0]), Slope([2.0])
    x.grad = g
    for wrong in (ag.ones(2), x, 1.0):
        with pytest.raises((RuntimeError, TypeError)):
            x.grad = wrong
    assert x.grad is g


def test_a_chain_of_gradients_is_freed_without_recursion() -> None:
    first = last = leaf([1.0])
    for _ in range(200_000):
        last.grad = ag.ones(1)
        last = last.grad
    del first, last


def test_a_deep_copy_copies_the_object_of_the_gradient() -> None:
    x = leaf([1.0, 2.0])
    x.grad = Slope([3.0, 4.0])
    x.grad.unit = "m"
    y = copy.deepcopy(x)
    assert type(y.grad) is Slope and y.grad.unit == "m" and y.grad.tolist() == [3.0, 4.0]
    assert y.grad is not x.grad and not np.shares_memory(y.grad.numpy(), x.grad.numpy())


def test_grad_of_a_non_leaf_warns_and_is_none() -> None:
    x = leaf([1.0])
    y = x * 2
    y.sum().backward()
    with pytest.warns(UserWarning, match="The .grad attribute of a Tensor that is not a leaf"):
        assert y.grad is None
    assert x.grad.tolist() == [2.0]


def test_no_warning_where_a_gradient_is_expected() -> None:
    x = ag.tensor([1.0])
    assert x.grad is None and (x * 2).grad is None
    y = leaf([1.0]) * 2
    y.retain_grad()
    assert y.grad is None


def test_the_warning_may_be_an_error() -> None:
    y = leaf([1.0]) * 2
    with pytest.raises(UserWarning):
        y.grad  # pytest's configuration makes warnings errors


WRITES = {
    "in place": lambda g: g.mul_(5.0),
    "through a view": lambda g: g[1:].zero_(),
    "by NumPy": lambda g: g.numpy().fill(5.0),
    "freed": lambda g: None,
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("n", [3, 30_000])
def test_parts_of_a_gradient_stay_as_they_were(n: int, write: str) -> None:
    """Large parts are copied when somebody reads them, or writes what they are parts of."""
    x, y, z = (ag.zeros(n, requires_grad=True) for _ in range(3))
    numbers = np.arange(3.0 * n)
    g = ag.tensor(numbers)
    ag.cat((x, y, z)).backward(g)
    WRITES[write](g)
    del g
    gc.collect()
    assert np.array_equal(x.grad.numpy(), numbers[:n])
    y.grad.add_(1.0)
    assert np.array_equal(values(y.grad), numbers[n : 2 * n] + 1.0)
    ag.cat((x, y, z)).backward(ag.ones(3 * n))
    assert np.array_equal(values(z.grad), numbers[2 * n :] + 1.0)
    assert np.array_equal(values(y.grad), numbers[n : 2 * n] + 2.0)
