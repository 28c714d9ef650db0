# SPDX-License-Identifier: MIT
"""Small everyday programs about dtypes, one a line, that mean the same to both libraries: `m` is
the one or the other. Statements stand before a `;`, the expression behind the last one is what a
program shows. `np`, `math`, `operator`, `copy` and `pickle` are at hand, and `again(x)`, which is x
pickled and read back. test_parity_labels.py runs them."""

from __future__ import annotations

from typing import Any

from labels_programs_numbers import CALLS, EDGES, NUMBERS, NUMPY

CREATED = """
m.tensor([1, 2])
m.tensor([1., 2.])
m.tensor([True, False])
m.tensor([1, 2.5])
m.tensor([True, 2])
m.tensor([True, 2.5])
m.tensor([[1, 2], [3, 4]])
m.tensor(3)
m.tensor(True)
m.tensor(2.5)
m.tensor([])
m.tensor([], dtype=m.int64)
m.tensor([], dtype=m.bool)
m.tensor([1.9, -1.9], dtype=m.int64)
m.tensor([0., 0.5, -0.], dtype=m.bool)
m.tensor([1, 2], dtype=m.float64)
m.tensor([True, False], dtype=m.float64)
m.tensor([2, 0], dtype=m.bool)
m.tensor([1, 2], dtype=float)
m.tensor([1.5, 2], dtype=int)
m.tensor([1, 0], dtype=bool)
m.tensor([1, 2], dtype="int64")
m.tensor([math.nan, 0., 2.], dtype=m.bool)
m.tensor([m.tensor(1), m.tensor(2)])
m.tensor([m.tensor(1), 2.5])
m.tensor((1, 2), requires_grad=False)
m.tensor([1], requires_grad=True)
m.tensor([True], requires_grad=True)
m.tensor([1], dtype=m.float64, requires_grad=True)
m.tensor(1 << 40)
m.tensor([-(1 << 40), 1 << 40])
m.tensor([1, 2]).dtype
m.tensor([1, 2], dtype="nonsense")
m.zeros(2)
m.zeros(2, dtype=m.int64)
m.zeros(2, 3, dtype=m.bool)
m.zeros((0,), dtype=m.int64)
m.zeros((0, 2), dtype=m.bool)
m.zeros(2, dtype=m.int64, requires_grad=True)
m.ones(2, dtype=m.int64)
m.ones(2, dtype=m.bool)
m.ones(2, dtype=int)
m.ones(2, dtype=m.bool, requires_grad=True)
m.empty(2, dtype=m.int64).dtype
m.empty(2, dtype=m.bool).dtype
m.empty_like(m.tensor([1, 2])).dtype
m.empty_like(m.tensor([1, 2]), dtype=m.bool).dtype
m.full((2,), 1)
m.full((2,), True)
m.full((2,), 1.5)
m.full((2,), 1, dtype=m.float64)
m.full((2,), 1.5, dtype=m.int64)
m.full((2,), -1.5, dtype=m.int64)
m.full((2,), 2, dtype=m.bool)
m.full((2,), math.nan, dtype=m.bool)
m.full((2,), math.nan, dtype=m.int64)
m.full((), 7)
m.full((2,), 1, requires_grad=True)
m.full_like(m.tensor([1, 2]), 2.5)
m.full_like(m.tensor([True, False]), 2)
m.full_like(m.tensor([1., 2.]), 2)
m.full_like(m.tensor([1, 2]), True)
m.full_like(m.tensor([1, 2]), 2.5, dtype=m.float64)
m.full_like(m.tensor([1, 2]), math.nan)
m.zeros_like(m.tensor([1, 2]))
m.zeros_like(m.tensor([True]))
m.zeros_like(m.tensor([1.5]), dtype=m.int64)
m.zeros_like(m.tensor([1, 2]), requires_grad=True)
m.zeros_like(m.tensor([1, 2]), dtype=m.float64, requires_grad=True)
m.ones_like(m.tensor([1, 2]))
m.ones_like(m.tensor([True, False]))
m.ones_like(m.tensor([True, False]), dtype=m.float64)
m.arange(10)
m.arange(10.)
m.arange(2, 8, 3)
m.arange(5, 0, -2)
m.arange(0, 1, 0.25)
m.arange(1, 4.)
m.arange(3, dtype=m.float64)
m.arange(3.7, dtype=m.int64)
m.arange(True)
m.arange(3, dtype=m.bool)
m.arange(0)
m.arange(3, requires_grad=True)
m.arange(3., requires_grad=True)
m.arange(6).view(2, 3)
m.arange(6).reshape(2, 3).t()
m.linspace(0, 1, 3)
m.linspace(0, 10, 5, dtype=m.int64)
m.linspace(0, 1, 4, dtype=m.int64)
m.linspace(0, 1, 3, dtype=m.bool)
m.linspace(m.tensor(0), m.tensor(4), 3)
m.eye(2)
m.eye(2, dtype=m.int64)
m.eye(2, dtype=m.bool)
m.eye(2, 3, dtype=m.int64)
m.eye(2, dtype=m.int64, requires_grad=True)
m.rand(2, dtype=m.int64)
m.rand(2).dtype
m.rand_like(m.tensor([1, 2]))
m.rand_like(m.tensor([1, 2]), dtype=m.float64).dtype
m.randn(2, dtype=m.int64)
m.randn(2, dtype=m.float64).dtype
m.randn_like(m.tensor([True]))
m.randn_like(m.tensor([1, 2]), dtype=m.float64).dtype
m.normal(m.tensor([1, 2]), 1.)
m.normal(m.zeros(2), m.tensor([1, 2])).dtype
m.normal(0., m.tensor([1, 2]))
m.normal(0, 1, (2,)).dtype
m.normal(0., 1., (2,), dtype=m.int64)
m.scalar_tensor(3)
m.scalar_tensor(True)
m.scalar_tensor(3, dtype=m.int64)
m.scalar_tensor(0.5, dtype=m.bool)
m.asarray([1, 2])
m.asarray(3)
m.asarray([1., 2.], dtype=m.int64)
x = m.tensor([1, 2]); m.asarray(x) is x
x = m.tensor([1, 2]); m.as_tensor(x) is x
x = m.tensor([1, 2]); m.as_tensor(x, dtype=m.float64)
m.as_tensor([True])
m.as_tensor(5)
"""

ARITHMETIC = """
m.tensor([1, 2]) + m.tensor([3, 4])
m.tensor([1, 2]) + True
m.tensor([1, 2]) + 1
m.tensor([1, 2]) + 1.5
m.tensor([True, False]) + True
m.tensor([True, False]) + 1
m.tensor([True, False]) + 0.5
m.tensor([1., 2.]) + True
1 + m.tensor([1, 2])
True + m.tensor([1, 2])
1.5 + m.tensor([True, False])
m.tensor([True]) + m.tensor(1)
m.tensor([True]) + m.tensor(1.5)
m.tensor([1]) + m.tensor(1.5)
m.tensor(1) + m.tensor([True])
m.tensor([True, False]) + m.tensor([True, False])
m.tensor([1, 2]).add(m.tensor([1, 2]), alpha=2)
m.tensor([1, 2]).add(m.tensor([1, 2]), alpha=1.5)
m.tensor([True, False]).add(m.tensor([True, True]), alpha=True)
m.tensor([True, False]).add(m.tensor([True, True]), alpha=2)
m.tensor([1., 2.]).add(m.tensor([1, 2]), alpha=0.5)
m.tensor([1, 2]) - m.tensor([3, 5])
m.tensor([True, False]) - m.tensor([True, True])
m.tensor([True, False]) - 1
1 - m.tensor([True, False])
1 - m.tensor([1, 2])
m.tensor([1, 2]) - True
m.tensor([1, 2]).sub(m.tensor([1, 1]), alpha=3)
m.subtract(m.tensor([1, 2]), 1)
m.tensor([1, 2]) * m.tensor([3, 4])
m.tensor([1, 2]) * 2.5
m.tensor([1, 2]) * True
m.tensor([True, False]) * m.tensor([True, True])
m.tensor([True, False]) * 3
m.tensor([True, False]) * m.tensor([1.5, 2.5])
1 / (m.tensor([0]) * -1)
m.multiply(m.tensor([True, False]), m.tensor([2, 3]))
m.tensor([1, 2]) / m.tensor([2, 4])
m.tensor([1, 2]) / 2
m.tensor([True, False]) / m.tensor([True, True])
m.tensor([True]) / 2
1 / m.tensor([2, 4])
m.tensor([1, -1, 0]) / 0
m.tensor([7, -7]).div(2, rounding_mode="floor")
m.tensor([7, -7]).div(2, rounding_mode="trunc")
m.tensor([7, -7]).div(2., rounding_mode="floor")
m.tensor([7, -7]).div(m.tensor([2, 2]), rounding_mode="trunc")
m.tensor([7., -7.]).div(2, rounding_mode="floor")
m.tensor([True]).div(m.tensor([True]), rounding_mode="floor")
m.tensor([5, 6]).div(m.tensor([0, 1]), rounding_mode="floor")
m.tensor([5, 6]).div(0, rounding_mode="trunc")
m.tensor([5, 6]).div(0., rounding_mode="floor")
1 / m.tensor([-1]).div(2, rounding_mode="trunc")
m.divide(m.tensor([3, 4]), 2)
m.true_divide(m.tensor([3, 4]), m.tensor([2, 2]))
m.tensor([2, 3]) ** 2
m.tensor([2, 3]) ** 0.5
m.tensor([2, 3]) ** True
m.tensor([2, 3]) ** m.tensor([3, 2])
m.tensor([2]) ** -1
m.tensor([2]) ** m.tensor([-1])
m.tensor([1, -1, 2]) ** m.tensor([-1, -3, -2])
2 ** m.tensor([0, 3])
2. ** m.tensor([0, 3])
True ** m.tensor([0, 3])
m.tensor([True, False]) ** 2
m.tensor([True, False]) ** m.tensor([True, False])
m.tensor([True, False]) ** m.tensor([0, 2])
m.pow(m.tensor([2, 3]), m.tensor([1.5, 2.]))
-m.tensor([1, 0, -2])
-m.tensor([True])
+m.tensor([1, 2])
abs(m.tensor([-1, 2]))
abs(m.tensor([True]))
1 / -m.tensor([0])
m.neg(m.tensor([1, 2]))
m.negative(m.tensor([True]))
m.tensor([-3, 0, 3]).sign()
m.tensor([True, False]).sign()
m.tensor([-3, 3]).abs()
m.tensor([-3, 3]).absolute()
m.tensor([-3, 3]).relu()
m.tensor([True]).relu()
m.tensor([1, 2]).floor()
m.tensor([True]).ceil()
m.tensor([1, -2]).trunc()
m.tensor([3, -2]).square()
m.tensor([True, False]).square()
m.tensor([1, 2]).exp()
m.tensor([True, False]).exp()
m.tensor([1, 2]).sqrt()
m.tensor([4, 1]).rsqrt()
m.tensor([1, 2]).reciprocal()
m.tensor([True, False]).reciprocal()
m.tensor([1, 0]).log()
m.log1p(m.tensor([0, 1]))
m.log2(m.tensor([8, 1]))
m.log10(m.tensor([100, 1]))
m.expm1(m.tensor([0, 1]))
m.sin(m.tensor([0, 1])) + m.cos(m.tensor([0, 1]))
m.tan(m.tensor([True, False]))
m.sinh(m.tensor([0, 1])) - m.cosh(m.tensor([0, 1]))
m.tanh(m.tensor([0, 1])) * m.sigmoid(m.tensor([0, 1]))
m.asin(m.tensor([0, 1])) + m.acos(m.tensor([0, 1])) + m.atan(m.tensor([0, 1]))
m.arcsin(m.tensor([True])) + m.arccos(m.tensor([True])) + m.arctan(m.tensor([True]))
m.maximum(m.tensor([1, 5]), m.tensor([2, 3]))
m.maximum(m.tensor([1, 5]), m.tensor([2., 3.]))
m.minimum(m.tensor([True, False]), m.tensor([True, True]))
m.minimum(m.tensor([True, False]), m.tensor([-1, 3]))
m.tensor([1, 5, 9]).clamp(2, 6)
m.tensor([1, 5, 9]).clamp(2.5, 6)
m.tensor([1, 5, 9]).clamp(min=m.tensor([2, 2, 10]))
m.tensor([1., 5.]).clamp(2, 3)
m.tensor([True, False]).clamp(0, 1)
m.clip(m.tensor([1, 5, 9]), max=4)
m.clamp(m.tensor([1, 5]), True, 3)
x = m.tensor([1, 2]); y = x + x; y * 2 + x / 2
m.arange(5) * 0.1
(m.arange(4) - 1.5) ** 2
m.tensor([[1], [2]]) + m.tensor([10, 20])
m.tensor([[True], [False]]) * m.tensor([10, 20])
m.tensor(2) * m.tensor(True)
sum([m.tensor(1), m.tensor(2), m.tensor(3)])
sum(m.tensor([1, 2, 3]))
max(m.tensor([1, 5, 3]))
sorted(m.tensor([3, 1, 2]))
divmod(7, 2)[0] * m.tensor([1])
"""

COMPARED = """
m.tensor([1, 2]) > 1
m.tensor([1., 2.]) > 1
m.tensor([1, 2]) == m.tensor([1., 3.])
m.tensor([True, False]) == 1
m.tensor([True, False]) != m.tensor([0, 0])
m.tensor([1, 2]) < 1.5
1 < m.tensor([1, 2])
m.tensor([1, 2]) >= m.tensor(2)
m.tensor(1) <= m.tensor(2)
m.tensor(1.) == 1
m.tensor([1, 2]) == True
m.tensor([1, 2]) == None
m.tensor([1, 2]) != "a"
m.tensor([math.nan]) == m.tensor([math.nan])
m.tensor([math.nan]) != m.tensor([0])
m.eq(m.tensor([1, 2]), 2)
m.ne(m.tensor([1, 2]), 2.)
m.lt(m.tensor([1, 2]), m.tensor([2, 2]))
m.le(m.tensor([1, 2]), True)
m.gt(m.tensor([True, False]), False)
m.ge(m.tensor([1, 2]), m.tensor([[1], [2]]))
m.greater(m.tensor([1, 2]), 1)
m.less(m.tensor([1, 2]), 2)
m.not_equal(m.tensor([1, 2]), 2)
m.greater_equal(m.tensor([1, 2]), 2)
m.less_equal(m.tensor([1, 2]), 1)
m.tensor([1, 2]).greater(1) & m.tensor([1, 2]).less(2)
x = m.tensor([1., 2.], requires_grad=True); x > 1
x = m.tensor([1., 2.], requires_grad=True); (x > 1).requires_grad
x = m.tensor([1., 2.], requires_grad=True); (x == x).grad_fn is None
x = m.tensor([1, 2, 3]); x.eq_(2); x
x = m.tensor([1., 2., 3.]); x.gt_(1); x
x = m.tensor([True, False]); x.ne_(True); x
x = m.tensor([1, 2, 3]); x.lt_(2.5); x
x = m.tensor([1, 2, 3]); x.ge_(m.tensor([1., 5., 3.])) is x, x
x = m.tensor([1, 2, 3]); x.le_(m.tensor([3, 1, 3])); x
x = m.tensor([1., 2.], requires_grad=True); x.gt_(1)
x = m.tensor([1., 2.], requires_grad=True); y = x * 1; y.gt_(1); y
x = m.tensor([1, 2]); x.greater_(1); x.dtype
(m.tensor([1., -2.]) > 0).double().mean()
(m.tensor([1., -2.]) > 0).float().mean()
(m.tensor([1., -2.]) > 0).sum()
(m.tensor([1., -2.]) > 0).long()
(m.tensor([1., -2.]) > 0) * m.tensor([3., 4.])
(m.tensor([1., -2.]) > 0) + 0
(m.tensor([1., -2.]) > 0).any().item()
((m.arange(6) > 1) & (m.arange(6) < 4)).sum().item()
~(m.arange(3) == 1)
(m.arange(3) == 1).all()
(m.tensor([0.1, 0.9]) > 0.5) == m.tensor([0, 1])
((m.tensor([0.1, 0.9]) > 0.5) == m.tensor([0, 1])).double().mean().item()
m.tensor([1, 2]) < m.tensor([1, 2, 3])
bool(m.tensor([1]) == 1)
bool(m.tensor([1, 2]) == 1)
3 in m.tensor([1, 2, 3])
2.5 in m.tensor([1, 2, 3])
True in m.tensor([False, False])
m.tensor([1, 2]).dtype == m.tensor([3]).dtype
m.where(m.tensor([True, False]), m.tensor([1, 2]), 0.5)
m.where(m.tensor([True, False]), m.tensor([1, 2]), 5)
m.where(m.tensor([True, False]), m.tensor([1, 2]), True)
m.where(m.tensor([True, False]), m.tensor([True, True]), 2)
m.where(m.tensor([True, False]), m.tensor([1, 2]), m.tensor([1.5, 2.5]))
m.where(m.tensor([True, False]), m.tensor([True, True]), m.tensor([False, False]))
m.where(m.tensor([True, False]), 1, 2)
m.where(m.tensor([True, False]), 1., 2)
m.where(m.tensor([True, False]), True, False)
m.where(m.tensor(True), m.tensor([1, 2]), m.tensor([3, 4]))
m.where(m.tensor([1, 0]), m.tensor([1, 2]), m.tensor([3, 4]))
m.where(m.tensor([1., 0.]), m.tensor([1, 2]), m.tensor([3, 4]))
m.tensor([1, 2]).where(m.tensor([True, False]), 0)
m.tensor([1, 2]).where(m.tensor([True, False]), 2.5)
x = m.tensor([-1., 2.]); m.where(x > 0, x, 0)
x = m.tensor([-1., 2.]); m.where(x > 0, x, 0).dtype
x = m.tensor([-1, 2]); m.where((x > 0) & (x < 5), x, -x)
m.where(m.tensor([True, False])[:, None], m.tensor([1, 2]), 0)
"""

LOGIC = """
m.tensor([True, False]) & m.tensor([True, True])
m.tensor([True, False]) | True
m.tensor([True, False]) ^ m.tensor([True, True])
m.tensor([6, 3]) & m.tensor([3, 5])
m.tensor([6, 3]) | 8
m.tensor([6, 3]) ^ m.tensor([1, 1])
m.tensor([6, 3]) & True
m.tensor([True, False]) & 3
3 & m.tensor([6, 5])
4 | m.tensor([True, False])
True ^ m.tensor([True, False])
1 ^ m.tensor([6, 5])
m.tensor([-6, 3]) & m.tensor([7, -1])
m.tensor([-6, 3]) | m.tensor([1, -4])
m.tensor([-6, 3]) ^ m.tensor([-1, -1])
m.tensor([1.]) & m.tensor([1.])
m.tensor([1]) | 1.5
m.tensor([1.]) ^ True
m.tensor([1 << 40]) & m.tensor([(1 << 40) + 1])
~m.tensor([True, False])
~m.tensor([0, 5, -1])
~m.tensor([1.])
~m.tensor(True)
m.tensor([1, 2, 3]) << 2
m.tensor([1, 2, 3]) << m.tensor([0, 1, 2])
m.tensor([8, -8]) >> 1
m.tensor([8, -7]) >> m.tensor([2, 1])
1 << m.tensor([0, 1, 2])
64 >> m.tensor([0, 1, 2])
m.tensor([1, -1]) >> 64
m.tensor([1, -1]) >> m.tensor([-1, -2])
m.tensor([1, -1]) << 64
m.tensor([1, -1]) << m.tensor([-1, -2])
m.tensor([True]) << 1
m.tensor([True]) << m.tensor([True])
m.tensor([1.]) << 1
m.tensor([1]) >> 1.5
x = m.tensor([6, 3]); x &= 2; x
x = m.tensor([6, 3]); x |= m.tensor([1, 8]); x
x = m.tensor([True, False]); x ^= True; x
x = m.tensor([True, False]); x &= 3; x
x = m.tensor([True, False]); x |= m.tensor([0, 1]); x
x = m.tensor([1., 2.]); x &= 1; x
x = m.tensor([1, 2]); x <<= 3; x
x = m.tensor([9, 8]); x >>= m.tensor([1, 2]); x
x = m.tensor([True]); x <<= 1; x
m.bitwise_and(m.tensor([6, 3]), m.tensor([3, 5]))
m.bitwise_or(m.tensor([6, 3]), 1)
m.bitwise_xor(m.tensor([6, 3]), 1)
m.bitwise_not(m.tensor([6, -3]))
m.bitwise_not(m.tensor([True, False]))
m.bitwise_not(m.tensor([1.]))
m.bitwise_left_shift(m.tensor([1, 2]), 3)
m.bitwise_right_shift(m.tensor([16, -16]), m.tensor([3, 3]))
m.tensor([6, 3]).bitwise_and(m.tensor([True, False]))
m.tensor([6, 3]).bitwise_and_(3)
m.tensor([6, 3]).bitwise_or_(8)
m.tensor([True]).bitwise_xor_(True)
m.tensor([6, 3]).bitwise_not_()
m.tensor([6, 3]).bitwise_left_shift_(1)
m.tensor([6, 3]).bitwise_right_shift_(1)
m.bitwise_and(m.tensor([1.5]), 1)
m.logical_and(m.tensor([True, False]), m.tensor([True, True]))
m.logical_and(m.tensor([2, 0]), m.tensor([0.5, 1.]))
m.logical_or(m.tensor([0, 0]), m.tensor([0., -0.]))
m.logical_or(m.tensor([math.nan]), m.tensor([0.]))
m.logical_xor(m.tensor([1, 2]), m.tensor([3, 0]))
m.logical_not(m.tensor([1., 0., math.nan]))
m.logical_not(m.tensor([0, 7]))
m.tensor([1, 0]).logical_not()
m.tensor([1, 0]).logical_not_()
m.tensor([1.5, 0.]).logical_not_()
m.tensor([1.5, 0.]).logical_and_(m.tensor([True, True]))
m.tensor([3, 0]).logical_or_(m.tensor([0, 2]))
m.tensor([3, 0]).logical_xor_(m.tensor([0, 0]))
m.logical_and(m.tensor([True]), True)
x = m.tensor([1., 2.], requires_grad=True); m.logical_and(x, x)
m.any(m.tensor([False, True]))
m.all(m.tensor([False, True]))
m.tensor([0, 3]).any()
m.tensor([0, 3]).all()
m.tensor([0., math.nan]).any()
m.tensor([]).any(), m.tensor([]).all()
m.tensor([[True, False], [True, True]]).all(1)
m.tensor([[True, False], [False, False]]).any(dim=1)
m.tensor([[1, 0], [0, 0]]).any(0, keepdim=True)
m.tensor([[1, 0], [0, 0]]).all(dim=-1, keepdim=True)
m.tensor([[1, 0], [0, 0]]).any(dim=(0, 1))
m.tensor([[1, 0], [0, 0]]).all((0, 1), keepdim=True)
m.tensor([[1, 0], [0, 0]]).any(2)
o = m.empty(0, dtype=m.bool); m.any(m.tensor([[1, 0], [0, 0]]), 1, out=o); o
o = m.empty(0, dtype=m.bool); m.all(m.tensor([[1, 1], [0, 0]]), 1, out=o) is o, o
m.zeros(0, 3).any(0), m.zeros(0, 3).all(0)
m.tensor(True).any(), m.tensor(0).all()
m.tensor([1, 2], dtype=m.float64).requires_grad_().any()
m.count_nonzero(m.tensor([0, 1, 2]))
m.count_nonzero(m.tensor([True, False, True]))
m.count_nonzero(m.tensor([0., math.nan, -0.]))
m.count_nonzero(m.tensor([[1, 0], [3, 4]]), dim=0)
m.tensor([[1, 0], [3, 4]]).count_nonzero(dim=(0, 1))
m.tensor([[1, 0], [3, 4]]).count_nonzero(1)
m.count_nonzero(m.tensor(5))
m.count_nonzero(m.zeros(0))
not m.tensor(0)
m.tensor(2) and m.tensor(0)
all(m.tensor([True, True])), any(m.tensor([0, 0]))
"""

REDUCED = """
m.tensor([1, 2]).sum()
m.tensor([True, True]).sum()
m.tensor([[1, 2], [3, 4]]).sum(0)
m.tensor([[True, False], [True, True]]).sum(1, keepdim=True)
m.sum(m.tensor([1, 2]), dtype=m.float64)
m.sum(m.tensor([1.9, 1.9]), dtype=m.int64)
m.sum(m.tensor([1, 2]), dtype=m.bool)
m.sum(m.tensor([True, True]), dtype=m.bool)
m.sum(m.tensor([0, 0]), dtype=m.bool)
m.tensor([], dtype=m.int64).sum()
m.tensor([], dtype=m.bool).sum()
o = m.empty(0, dtype=m.int64); m.sum(m.tensor([[1, 2]]), 0, out=o); o
o = m.empty(0); m.sum(m.tensor([[1, 2]]), 0, out=o); o
o = m.empty(0, dtype=m.int64); m.sum(m.tensor([[1., 2.]]), 0, out=o); o
o = m.empty(0, dtype=m.bool); m.sum(m.tensor([[1, 2]]), 0, out=o); o
m.tensor([1, 2]).mean()
m.tensor([True, False]).mean()
m.tensor([1, 2]).mean(dtype=m.float64)
m.tensor([1., 2.]).mean(dtype=m.int64)
m.tensor([[1, 2]]).double().mean(1)
m.tensor([1, 2]).var()
m.tensor([True, False]).std()
m.var_mean(m.tensor([1, 2]))
m.std(m.tensor([1, 2]), 0)
m.tensor([3, 1, 2]).amax()
m.tensor([3, 1, 2]).amin(0)
m.tensor([True, False]).amax()
m.amin(m.tensor([[True, False]]), 1, keepdim=True)
m.tensor([3, 1, 2]).aminmax()
m.aminmax(m.tensor([[True, False]]), dim=1)
o = m.empty(0, dtype=m.int64); m.amax(m.tensor([[1, 2]]), 1, out=o); o
o = m.empty(0); m.amax(m.tensor([[1, 2]]), 1, out=o); o
m.logsumexp(m.tensor([0, 0]), 0)
m.logsumexp(m.tensor([True, True]), 0)
m.softmax(m.tensor([0, 1]), 0)
m.softmax(m.tensor([True, False]), 0)
m.softmax(m.tensor([0, 0]), 0, dtype=m.float64)
m.softmax(m.tensor([0., 0.]), 0, dtype=m.int64)
m.log_softmax(m.tensor([0, 1]), 0)
m.log_softmax(m.tensor([True, True]), 0, dtype=m.float64)
m.cat([m.tensor([1]), m.tensor([2])])
m.cat([m.tensor([1]), m.tensor([2.5])])
m.cat([m.tensor([True]), m.tensor([2])])
m.cat([m.tensor([True]), m.tensor([False])])
m.cat([m.tensor([True]), m.tensor([1.5]), m.tensor([3])])
m.concat([m.tensor([1]), m.tensor([], dtype=m.int64)])
m.concatenate([m.tensor([]), m.tensor([1])])
o = m.empty(0, dtype=m.int64); m.cat([m.tensor([1.5]), m.tensor([2])], out=o); o
o = m.empty(0); m.cat([m.tensor([1]), m.tensor([True])], out=o); o
x = m.tensor([1., 2.], requires_grad=True); m.cat([x, m.tensor([3])])
x = m.tensor([1., 2.], requires_grad=True); m.cat([x, m.tensor([3])]).sum().backward(); x.grad
m.tensor([[1, 2], [3, 4]]).unbind()
m.tensor([1, 2, 3]).split(2)
m.chunk(m.tensor([True, False, True]), 2)
a, b = m.tensor([1, 2]); a, b
m.tensor([[1, 2], [3, 4]]).t()
m.tensor([[1, 2], [3, 4]]).T.sum(0)
m.tensor([[1, 2], [3, 4]]).mT
m.transpose(m.tensor([[True, False]]), 0, 1)
m.swapaxes(m.tensor([[1, 2]]), 0, 1).dtype, m.swapdims(m.tensor([[1, 2]]), 0, 1).dtype
m.permute(m.tensor([[1, 2]]), (1, 0))
m.tensor([1, 2]).expand(2, 2)
m.broadcast_to(m.tensor([True, False]), (2, 2))
m.tensor([1, 2]).expand_as(m.zeros(3, 2))
m.tensor([1, 2]).unsqueeze(0), m.tensor([[1, 2]]).squeeze(0)
m.tensor([[1, 2]]).flatten(), m.ravel(m.tensor([[True]]))
m.tensor([1, 2, 3, 4]).view(2, 2).view_as(m.zeros(4, 1))
m.tensor([1, 2]).reshape_as(m.zeros(2, 1))
m.tensor([1, 2]).clone(), m.clone(m.tensor([True]))
m.tensor([[1, 2], [3, 4]]).t().contiguous()
m.tensor([1, 2]).detach()
m.tensor([1, 2, 3])[1]
m.tensor([1, 2, 3])[1:]
m.tensor([True, False])[None, :]
m.tensor([[1, 2], [3, 4]])[:, 1]
m.tensor([[1, 2], [3, 4]])[..., m.newaxis].shape
m.tensor([1, 2, 3])[m.tensor(1)]
m.tensor([1, 2, 3])[m.tensor(0):m.tensor(2)]
m.tensor([1, 2, 3])[m.tensor(1.)]
m.tensor([1, 2])[-1].item()
"""

CAST = """
m.tensor([1.9, -1.9]).to(m.int64)
m.tensor([1.9, -1.9]).long()
m.tensor([1.9, -1.9]).int()
m.tensor([0., 0.5, -0., math.nan]).bool()
m.tensor([0, 1, 7]).bool()
m.tensor([True, False]).long()
m.tensor([True, False]).double()
m.tensor([1, 2]).double()
m.tensor([1, 2]).double().sum()
m.tensor([-0.4, 0.4]).long()
1 / m.tensor([-0.4]).long()
x = m.tensor([1, 2]); x.long() is x
x = m.tensor([1., 2.]); x.double() is x
x = m.tensor([True]); x.bool() is x
x = m.tensor([1, 2]); x.to(m.int64) is x
x = m.tensor([1, 2]); x.to(m.float64) is x
x = m.tensor([1, 2]); x.to(m.int64, copy=True) is x
x = m.tensor([1, 2]); x.to("cpu") is x
x = m.tensor([1, 2]); x.to("cpu", m.float64)
x = m.tensor([1, 2]); x.to(device="cpu", dtype=m.bool)
x = m.tensor([1, 2]); y = m.tensor([1.5]); x.to(y)
x = m.tensor([1, 2]); x.to(dtype=m.float64)
x = m.tensor([1, 2]); x.to("nonsense")
x = m.tensor([1, 2]); x.type()
x = m.tensor([True]); x.type()
x = m.tensor([1.5]); x.type()
x = m.tensor([1.5]); x.type(m.int64)
x = m.tensor([1.5]); x.type(m.float64) is x
x = m.tensor([1.5, 0.]); x.type_as(m.tensor([True]))
x = m.tensor([1, 2]); x.type_as(m.tensor([1.5]))
x = m.tensor([1, 2]); x.type_as(x) is x
x = m.tensor([1.5, 2.5], requires_grad=True); x.long()
x = m.tensor([1.5, 2.5], requires_grad=True); x.to(m.int64).requires_grad
x = m.tensor([1.5, 2.5], requires_grad=True); x.to(m.float64) is x
x = m.tensor([1.5, 2.5], requires_grad=True); x.bool().grad_fn is None
x = m.tensor([1.5, 2.5], requires_grad=True); (x.long() * x).sum().backward(); x.grad
x = m.tensor([1, 2]); y = x.double(); y[0] = 9.; x
x = m.tensor([1, 2]); x.view(m.int64)
m.tensor([1 << 40]).double().long()
m.tensor([-3.7]).long().double()
m.tensor(2.5).long().item()
m.tensor([math.nan]).long().dtype
m.tensor([math.inf]).long().dtype
m.tensor([1e30]).to(m.int64).dtype
x = m.tensor([1, 2]); x.copy_(m.tensor([math.nan, 1.])); x.dtype
m.result_type(m.tensor(1), 2.5)
m.result_type(m.tensor([1]), 2)
m.result_type(m.tensor([True]), 2)
m.result_type(m.tensor([True]), True)
m.result_type(m.tensor([1.]), 2)
m.result_type(m.tensor([True]), m.tensor(1))
m.result_type(m.tensor([1]), m.tensor(1.5))
m.result_type(1, 2.5)
m.result_type(True, False)
m.promote_types(m.bool, m.int64)
m.promote_types(m.int64, m.float64)
m.promote_types(m.bool, m.bool)
m.can_cast(m.float64, m.int64), m.can_cast(m.int64, m.float64)
m.can_cast(m.int64, m.bool), m.can_cast(m.bool, m.int64)
m.can_cast(m.bool, m.float64), m.can_cast(m.float64, m.bool)
m.finfo(m.float64).eps
m.finfo(m.float64).max, m.finfo(m.float64).min
m.finfo(m.float64).tiny, m.finfo(m.float64).smallest_normal
m.finfo(m.float64).bits, m.finfo(m.float64).resolution
m.finfo(m.float64).dtype
m.finfo().eps
m.finfo(m.int64)
m.iinfo(m.int64).max
m.iinfo(m.int64).min, m.iinfo(m.int64).bits
m.iinfo(m.int64).dtype
m.iinfo(m.float64)
m.iinfo(m.bool)
m.get_default_dtype()
m.set_default_dtype(m.float64); m.get_default_dtype()
m.set_default_dtype(m.int64)
m.is_floating_point(m.tensor([1])), m.is_floating_point(m.tensor([1.]))
m.tensor([True]).is_floating_point()
m.float64.is_floating_point, m.int64.is_floating_point, m.bool.is_floating_point
m.float64.itemsize, m.int64.itemsize
m.bool.itemsize
m.float64.is_complex, m.int64.is_signed, m.bool.is_signed
m.float64, m.int64, m.bool
str(m.int64), repr(m.bool)
m.double is m.float64, m.long is m.int64
m.float is m.float64, m.int is m.int64
m.int64 == m.int64, m.int64 == m.float64, m.int64 != m.bool
len({m.int64, m.long, m.bool, m.float64})
m.int64 == "int64"
m.tensor([1]).dtype is m.int64
isinstance(m.int64, m.dtype)
m.tensor([1]).dtype in (m.int64, m.bool)
pickle.loads(pickle.dumps(m.int64)) is m.int64
copy.deepcopy(m.bool) is m.bool
m.tensor([1, 2]).to(m.float32).dtype
m.tensor([1, 2]).element_size(), m.tensor([1.]).itemsize
m.tensor([True, False]).element_size(), m.tensor([True, False]).nbytes
m.tensor([1, 2]).nbytes
"""

WRITTEN = """
x = m.zeros(3, dtype=m.int64); x += 1.5; x
x = m.zeros(3, dtype=m.int64); x += 1; x
x = m.zeros(3, dtype=m.int64); x += True; x
x = m.zeros(3, dtype=m.bool); x += 1; x
x = m.zeros(3, dtype=m.bool); x += True; x
x = m.zeros(3); x += m.tensor([1, 2, 3]); x
x = m.zeros(3); x += m.tensor([True, False, True]); x
x = m.tensor([1, 2]); x += m.tensor([1.5, 1.5]); x
x = m.tensor([1, 2]); x += m.tensor(1.5); x
x = m.tensor([1, 2]); x -= 1; x
x = m.tensor([True]); x -= True; x
x = m.tensor([1, 2]); x *= 3; x
x = m.tensor([1, 2]); x *= 0.5; x
x = m.tensor([True, False]); x *= m.tensor([True, True]); x
x = m.tensor([True, False]); x *= 2; x
x = m.tensor([1, 2]); x /= 2; x
x = m.tensor([1., 2.]); x /= m.tensor([2, 4]); x
x = m.tensor([7, -7]); x.div_(2, rounding_mode="floor"); x
x = m.tensor([7, -7]); x.div_(2., rounding_mode="floor"); x
x = m.tensor([2, 3]); x **= 2; x
x = m.tensor([2, 3]); x **= 0.5; x
x = m.tensor([2, 3]); x **= -1; x
x = m.tensor([2, 3]); x.add_(m.tensor([1, 1]), alpha=2); x
x = m.tensor([2, 3]); x.add_(m.tensor([1, 1]), alpha=0.5); x
x = m.tensor([2, 3]); x.sub_(1); x.mul_(4); x
x = m.tensor([1, 2]); x.exp_(); x
x = m.tensor([1, 2]); x.neg_(); x
x = m.tensor([1, -2]); x.abs_(); x
x = m.tensor([True]); x.neg_(); x
x = m.tensor([1, 2]); x.sqrt_(); x
x = m.tensor([1, 2]); x.square_(); x
x = m.tensor([True]); x.square_(); x
x = m.tensor([1, -2]); x.sign_(); x.relu_(); x
x = m.tensor([1, 5]); x.clamp_(2, 3); x
x = m.tensor([1, 5]); x.clamp_(2.5, 3); x
x = m.tensor([1, 2]); x.floor_(); x.ceil_(); x.trunc_(); x
x = m.tensor([1, 2]); x.sigmoid_(); x
x = m.tensor([1, 2]); x.reciprocal_(); x
x = m.tensor([1, 2]); x.fill_(2.9); x
x = m.tensor([1, 2]); x.fill_(-2.9); x
x = m.tensor([1, 2]); x.fill_(True); x
x = m.tensor([1, 2]); x.fill_(m.tensor(2.9)); x
x = m.tensor([True, False]); x.fill_(2); x
x = m.tensor([True, False]); x.fill_(math.nan); x
x = m.tensor([1., 2.]); x.fill_(True); x
x = m.tensor([1, 2]); x.fill_(math.nan); x
x = m.tensor([1, 2]); x.fill_(1e30); x
x = m.tensor([1, 2]); x.zero_(); x
x = m.tensor([True, True]); x.zero_(); x
x = m.tensor([1, 2]); x.copy_(m.tensor([1.9, -1.9])); x
x = m.tensor([True, True]); x.copy_(m.tensor([0., math.nan])); x
x = m.tensor([True, True]); x.copy_(m.tensor([0, 5])); x
x = m.tensor([1., 2.]); x.copy_(m.tensor([True, False])); x
x = m.tensor([1, 2]); x.copy_(m.tensor(7)); x
x = m.tensor([1, 2]); x.copy_(m.tensor([1.5, 2.5], requires_grad=True)); x
x = m.zeros(2); x.copy_(m.tensor([1, 2])); x.dtype
x = m.tensor([1, 2]); x[0] = 2.9; x
x = m.tensor([1, 2]); x[0] = True; x
x = m.tensor([1, 2]); x[0] = m.tensor(2.9); x
x = m.tensor([1, 2]); x[:] = m.tensor([2.9, -2.9]); x
x = m.tensor([1, 2]); x[:] = m.tensor([True, False]); x
x = m.tensor([True, False]); x[1] = 5; x
x = m.tensor([True, False]); x[:] = m.tensor([0., 0.1]); x
x = m.tensor([1., 2.]); x[0] = True; x
x = m.tensor([1., 2.]); x[0] = m.tensor(7); x
x = m.tensor([1, 2]); x[0] = math.nan; x
x = m.tensor([1, 2]); x[0] = math.inf; x
x = m.tensor([1, 2]); x[...] = 9; x
x = m.zeros(2, 2, dtype=m.int64); x[1] = m.arange(2); x
x = m.zeros(2, 2, dtype=m.bool); x[:, 0] = True; x
x = m.tensor([1, 2, 3]); x[1:] += 10; x
x = m.tensor([1, 2, 3]); x[1:] *= 0.5; x
x = m.tensor([1, 2, 3]); v = x[1:]; v.fill_(7); x
x = m.tensor([1, 2, 3]); v = x.view(3, 1); v[0] = 1.9; x
x = m.tensor([1, 2]); x.data = m.tensor([1.5]); x
x = m.tensor([1.]); x.data = m.tensor([1]); x
x = m.tensor([1.]); x.data = m.tensor([True]); x.dtype
x = m.tensor([1.], requires_grad=True); x.data = m.tensor([1]); x
x = m.tensor([1.], requires_grad=True); x.data = m.tensor([2.]); x
x = m.tensor([1, 2]); x.data[0] = 9; x
x = m.tensor([1, 2]); x.data.dtype
x = m.tensor([1.], requires_grad=True); x.grad = m.tensor([1]); x.grad
x = m.tensor([1.], requires_grad=True); x.grad = m.tensor([True]); x.grad
x = m.tensor([1, 2]); x._version; x.add_(1); x._version
x = m.tensor([1, 2]); y = x.sum(); x.zero_(); y
x = m.tensor([3, 1]); m.add(x, 1).mul_(2)
"""

GRADIENTS = """
m.tensor([1.5]).requires_grad_()
m.tensor([1]).requires_grad_()
m.tensor([True]).requires_grad_()
m.tensor([1]).requires_grad_(False)
x = m.tensor([1]); x.requires_grad = True; x
x = m.tensor([1]); x.requires_grad = False; x
m.tensor([1]).requires_grad, m.tensor([1]).is_leaf, m.tensor([1]).grad
m.tensor(1).backward()
(m.tensor([1]) + m.tensor([2])).sum().backward()
m.tensor([1]).retain_grad()
x = m.tensor([1., -2.], requires_grad=True); (x * (x > 0)).sum().backward(); x.grad
x = m.tensor([1., -2.], requires_grad=True); (x * m.tensor([2, 3])).sum().backward(); x.grad
x = m.tensor([1., -2.], requires_grad=True); (x + 1).sum().backward(); x.grad.dtype
x = m.tensor([1., -2.], requires_grad=True); m.where(x > 0, x, 0).sum().backward(); x.grad
x = m.tensor([1., -2.], requires_grad=True); m.where(x > 0, x * 2, -x).sum().backward(); x.grad
x = m.tensor([1., -2.], requires_grad=True); m.where(x > 0, x.sin(), m.tensor([1, 2]))
x = m.tensor([1., -2.], requires_grad=True); (x ** 2).sum().backward(); x.grad
x = m.tensor([1., 2.], requires_grad=True); (x ** m.tensor([2, 3])).sum().backward(); x.grad
x = m.tensor([1., 2.], requires_grad=True); (m.tensor([2, 3]) ** x).sum().backward(); x.grad
x = m.tensor([1., 2.], requires_grad=True); (m.tensor([2, 3]) / x).sum().backward(); x.grad
x = m.tensor([1., 2.], requires_grad=True); (x / m.tensor([2, 4])).sum().backward(); x.grad
x = m.tensor([1., 2.], requires_grad=True); (x - m.tensor([True, False])).sum()
x = m.tensor([1., 2.], requires_grad=True); m.maximum(x, m.tensor([2, 1])).sum().backward(); x.grad
x = m.tensor([1., 5.], requires_grad=True); x.clamp(2, 3).sum().backward(); x.grad
x = m.tensor([1., 5.], requires_grad=True); x.backward(m.tensor([1, 1]))
x = m.tensor([1., 5.], requires_grad=True); (x * 2).backward(m.tensor([1, 1])); x.grad
x = m.tensor([1., 5.], requires_grad=True); (x * 2).backward(m.tensor([True, False])); x.grad
x = m.tensor([1., 5.], requires_grad=True); m.autograd.grad((x * 2).sum(), x)
x = m.tensor([1.]); m.autograd.grad((x > 0).sum(), x)
x = m.tensor([1., 2.], requires_grad=True); y = x * m.tensor([1, 2]); y
x = m.tensor([1., 2.], requires_grad=True); x.sum(dtype=m.float64)
x = m.tensor([1.5], requires_grad=True); x.sum(dtype=m.int64).requires_grad
x = m.tensor([1., 2.], requires_grad=True); y = m.zeros(2); y[x > 0].shape if 0 else y + x
x = m.tensor([1., 2.], requires_grad=True); y = x * 1; y[0] = 3; y.sum().backward(); x.grad
x = m.tensor([1., 2.], requires_grad=True); y = x * 1; y.copy_(m.tensor([1, 2])); y
x = m.tensor([1., 2.], requires_grad=True); y = m.zeros(2); y.copy_(x > 1); y
x = m.tensor([1., 2.], requires_grad=True); y = m.zeros(2, dtype=m.int64); y.copy_(x); y
x = m.tensor([1., 2.], requires_grad=True); y = m.zeros(2, dtype=m.int64); y.add_(x); y
x = m.tensor([1., 2.], requires_grad=True); y = m.zeros(2, dtype=m.int64); y[0] = x[1]; y
x = m.tensor([1., 2.], requires_grad=True); y = x.detach().long(); y * x
x = m.tensor([1., 2.], requires_grad=True); with_mask = x * (x > 1).double(); with_mask
x = m.tensor([1., 2.], requires_grad=True); (x > 1).sum(), (x > 1).any()
x = m.tensor([2.], requires_grad=True); (x * True).sum().backward(); x.grad
x = m.tensor([2.], requires_grad=True); (x + m.tensor(True)).backward(); x.grad
x = m.tensor([2.5, -0.5], requires_grad=True); x.floor().sum().backward(); x.grad
x = m.tensor([2.5], requires_grad=True); x.div(2, rounding_mode="floor").backward(); x.grad
x = m.tensor([1., 2.], requires_grad=True); (x * m.arange(2)).mean().backward(); x.grad
x = m.ones(2, 2, requires_grad=True); (x * m.eye(2, dtype=m.bool)).sum().backward(); x.grad
x = m.ones(3, requires_grad=True); (x * m.tensor([[1], [2]])).sum().backward(); x.grad
x = m.tensor([1., 2.], requires_grad=True); m.where(m.tensor([True, False]), x, x * 2).sum().item()
"""

LATER = {
    "__floordiv__": """
m.tensor([7, -7]) // 2
m.tensor([7, -7]) // m.tensor([2., 2.])
m.tensor([5, 6]) // m.tensor([0, 1])
m.tensor([5, 6]) // 0.
m.tensor([True]) // m.tensor([True])
7 // m.tensor([2, 3])
x = m.tensor([7, -7]); x //= 2; x
x = m.tensor([7, -7]); x //= 2.; x
""",
    "__mod__": """
m.tensor([7, -7]) % 3
m.tensor([7, -7]) % -3
m.tensor([7, -7]) % 2.5
m.tensor([5, 6]) % 0
m.tensor([5., 6.]) % 0
m.tensor([True]) % m.tensor([True])
7 % m.tensor([2, 3])
x = m.tensor([7, -7]); x %= 3; x
1 / (m.tensor([-4]) % 2)
""",
    "round": """
m.tensor([1, 2]).round()
m.tensor([True]).round()
1 / m.tensor([-0.4]).round().long()
""",
    "prod": """
m.tensor([1, 2, 3]).prod()
m.tensor([True, False]).prod()
m.tensor([1.5, 2.5]).prod(dtype=m.int64)
""",
    "masked_fill": """
m.tensor([1, 2]).masked_fill(m.tensor([True, False]), 9)
m.tensor([1, 2]).masked_fill(m.tensor([True, False]), 2.9)
x = m.tensor([True, False]); x.masked_fill_(m.tensor([False, True]), 5); x
""",
    "masked_select": """
m.tensor([1, 2]).masked_select(m.tensor([True, False]))
""",
    "argmax": """
m.tensor([1, 5, 3]).argmax()
m.tensor([[1., 5.], [9., 2.]]).argmax(1) == m.tensor([1, 0])
""",
    "isnan": """
m.tensor([1, 2]).isnan(), m.tensor([math.nan]).isnan(), m.tensor([True]).isnan()
""",
}


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line)


GROUPS = {
    "created": _lines(CREATED),
    "arithmetic": _lines(ARITHMETIC),
    "compared": _lines(COMPARED),
    "logic": _lines(LOGIC),
    "reduced": _lines(REDUCED),
    "cast": _lines(CAST),
    "written": _lines(WRITTEN),
    "gradients": _lines(GRADIENTS),
    "numbers": _lines(NUMBERS),
    "numpy": _lines(NUMPY),
    "calls": _lines(CALLS),
    "edges": _lines(EDGES),
}


def programs(tensor: Any) -> list[str]:
    """All of them; of LATER those whose name that class of tensors has."""
    found = [program for group in GROUPS.values() for program in group]
    for name, text in LATER.items():
        if hasattr(tensor, name):
            found += _lines(text)
    return found
