# SPDX-License-Identifier: MIT
"""More of the programs of labels_programs.py: of Python's numbers, of NumPy, of other ways to call,
and at the edges."""

from __future__ import annotations

NUMBERS = """
m.tensor(3).item()
m.tensor(True).item()
m.tensor(2.5).item()
m.tensor([3]).item()
m.tensor([1, 2]).item()
type(m.tensor([[7]]).item())
m.tensor([1, 2]).tolist()
m.tensor([True, False]).tolist()
m.tensor([[1, 2], [3, 4]]).tolist()
m.tensor(3).tolist(), m.tensor(True).tolist()
m.tensor([], dtype=m.int64).tolist()
int(m.tensor(True)), int(m.tensor(3)), int(m.tensor(2.9))
float(m.tensor(3)), float(m.tensor(True))
bool(m.tensor(0)), bool(m.tensor(2)), bool(m.tensor(0.5))
bool(m.tensor([]))
bool(m.tensor([True])), bool(m.tensor([[0]]))
bool(m.tensor([True, False]))
int(m.tensor([1, 2]))
int(m.tensor(math.nan))
complex(m.tensor(3))
list(range(5))[m.tensor(2)]
list(range(5))[m.tensor(True)]
list(range(5))[m.tensor(2.)]
list(range(5))[m.tensor([3])]
list(range(5))[m.tensor([1, 2])]
operator.index(m.tensor(3))
range(m.tensor(3))
[10, 20][m.tensor([1]).item()]
hex(m.tensor(255))
"ab" * m.tensor(2)
math.sqrt(m.tensor(4)), math.floor(m.tensor(2.5).item())
math.gcd(m.tensor(6), m.tensor(4))
np.zeros(m.tensor(3)).shape
m.zeros(m.tensor(2)).shape
m.zeros(2, m.tensor(3)).shape
m.full((m.tensor(2),), 1)
m.arange(m.tensor(3))
m.tensor([1, 2, 3, 4]).view(m.tensor(2), 2)
m.tensor([[1, 2]]).sum(m.tensor(1))
m.tensor([1, 2, 3]).split(m.tensor(2))
m.tensor([m.tensor(2), 3])
x = m.tensor([1]); hash(x) == hash(x), x in {x}
[x.item() for x in m.tensor([1, 2])]
[x.dtype for x in m.tensor([True, False])]
list(m.tensor([1, 2]))
list(m.tensor(1))
len(m.tensor([1, 2])), m.tensor([True]).numel(), m.numel(m.tensor([[1, 2]]))
[x for row in m.tensor([[1, 2], [3, 4]]) for x in row]
dict(zip(m.tensor([1, 2]).tolist(), m.tensor([True, False])))
f"{m.tensor(3):04d}"
f"{m.tensor(3)}"
f"{m.tensor(True)}"
f"{m.tensor(2.5):.3f}"
f"{m.tensor(3):.2f}"
f"{m.tensor(True):d}"
f"{m.tensor(3):x}"
f"{m.tensor(2.5):d}"
f"{m.tensor([1, 2])}"
f"{m.tensor([1, 2]):d}"
str(m.tensor([1, 2])), repr(m.tensor(True))
"%d" % m.tensor(3)
"%.1f" % m.tensor(3)
"{} {}".format(m.tensor(1), m.tensor([True]))
round(m.tensor(3).item())
m.tensor([1, 20, 300])
m.tensor([-1, 20])
m.tensor([[1, -2], [300, 4]])
m.tensor([[True, False], [False, True]])
m.tensor([True])
m.tensor([[]], dtype=m.int64)
m.zeros(2, 0, dtype=m.bool)
m.tensor([1 << 50])
m.tensor([1, 1 << 50, -1])
m.arange(2000)
m.zeros(2000, dtype=m.bool)
m.arange(2000).view(40, 50)
m.arange(30)
m.arange(24).view(2, 3, 4)
m.tensor([1., 2.5]), m.tensor([1, 2])
m.tensor([100000000.]), m.tensor([100000000])
m.tensor([1, 2]).requires_grad
m.tensor([1, 2]).size(), m.tensor([1, 2]).shape, m.tensor([1, 2]).ndim, m.tensor(1).dim()
m.tensor([1, 2]).is_contiguous(), m.tensor([[1, 2]]).stride()
m.is_tensor(m.tensor([1])), isinstance(m.tensor([True]), m.Tensor)
m.pi, m.e, m.inf, m.nan == m.nan, m.newaxis
m.tensor([m.inf, m.nan, m.pi])
m.tensor([1, 2]) * m.pi
m.tensor([1]).device
str(m.tensor([1]).device)
m.tensor([1]).device.type
m.device("cpu")
m.device("cpu") == m.tensor([1]).device
m.device("cpu").type, m.device("cpu").index
m.device("nonsense")
m.tensor([1], device="cpu")
m.zeros(2, device="cpu")
m.zeros(2, dtype=m.int64, device=m.device("cpu"))
m.arange(3, device="cpu")
m.full((2,), True, device="cpu")
m.zeros_like(m.tensor([1]), device="cpu")
m.tensor([1], device="nonsense")
x = m.tensor([1]); x.cpu() is x
m.tensor([True]).cpu()
m.tensor([1]).to(m.device("cpu"))
m.as_tensor([1], device="cpu")
"""

NUMPY = """
m.tensor(np.array([1, 2]))
m.tensor(np.array([True, False]))
m.tensor(np.array([1.5, 2.5]))
m.tensor(np.array(3))
m.tensor(np.array([1, 2]), dtype=m.float64)
m.tensor(np.array([1.9]), dtype=m.int64)
m.tensor(np.array(["a"]))
m.tensor(np.int64(3))
m.tensor(np.float64(3))
m.tensor(np.bool_(True))
m.tensor([np.int64(3), np.int64(4)])
m.tensor([np.bool_(True), np.bool_(False)])
m.tensor([np.float64(1.5), 2])
m.as_tensor(np.array([1, 2]))
m.as_tensor(np.array([True]))
m.as_tensor(np.array([1, 2]), dtype=m.bool)
m.asarray(np.array([1, 2]))
m.asarray(np.array([True, False]))
m.from_numpy(np.array([1, 2]))
m.from_numpy(np.array([True, False]))
m.from_numpy(np.array([1.5]))
m.from_numpy(np.array([1, 2])).dtype
m.from_numpy(np.array(["a"]))
m.from_numpy([1, 2])
a = np.array([1, 2]); m.from_numpy(a)[0] = 9; a
x = m.tensor([1, 2]); x.numpy()[0] = 9; x
x = m.tensor([1., 2.]); x.numpy()[0] = 9; x
a = np.array([1., 2.]); m.from_numpy(a)[0] = 9.; a
a = np.array([1., 2.]); m.as_tensor(a)[0] = 9.; a
a = np.array([1, 2]); x = m.tensor(a); x[0] = 9; a
m.tensor([1, 2]).numpy()
m.tensor([True, False]).numpy()
m.tensor([1., 2.]).numpy()
m.tensor([1, 2]).numpy().dtype
m.tensor(True).numpy().dtype
m.tensor(3).numpy()
np.asarray(m.tensor([1, 2]))
np.asarray(m.tensor([True, False]))
np.asarray(m.tensor([1, 2]), dtype=np.float64)
np.array(m.tensor([[1, 2], [3, 4]])).sum()
np.asarray(m.tensor([1, 2]) > 1)
np.asarray(m.tensor([], dtype=m.int64)).dtype
np.asarray([m.tensor(1), m.tensor(2)]).dtype
m.tensor([1, 2]) + np.int64(1)
m.tensor([1, 2]) + np.float64(1.5)
m.tensor([1, 2]) + np.bool_(True)
m.tensor([True, False]) + np.int64(1)
m.tensor([1, 2]) * np.float64(2)
m.tensor([True, False]) & np.bool_(True)
m.tensor([6, 3]) & np.int64(2)
m.tensor([1, 2]) > np.int64(1)
m.tensor([1, 2]) == np.float64(1)
m.tensor([1, 2]) + np.array([1, 2])
m.tensor([1, 2]) * np.array([1.5, 2.5])
m.tensor([1, 2]).add(np.int64(3))
x = m.tensor([1, 2]); x += np.int64(1); x
x = m.tensor([1, 2]); x += np.float64(1.5); x
x = m.tensor([1, 2]); x[0] = np.int64(7); x
x = m.tensor([1, 2]); x[0] = np.float64(7.9); x
x = m.tensor([True, False]); x[0] = np.bool_(False); x
x = m.tensor([1, 2]); x.fill_(np.int64(7)); x
m.full((2,), np.int64(3))
m.full((2,), np.float64(3))
m.full((2,), np.bool_(True))
m.arange(np.int64(3))
m.zeros(np.int64(2)).shape
m.tensor([1, 2, 3])[np.int64(1)]
m.where(m.tensor([True, False]), np.float64(1.5), m.tensor([1, 2]))
np.arange(5)[m.tensor(2)]
np.array([1, 2, 3])[m.tensor([0, 2]).numpy()]
m.tensor([1, 2]).numpy() is m.tensor([1, 2])
again(m.tensor([1, 2]))
again(m.tensor([True, False]))
again(m.tensor([1., 2.], requires_grad=True))
again(m.tensor(3)).dtype
again([m.tensor([1]), m.tensor([True])])
x = m.tensor([1, 2]); y = again(x); y += 1; x, y
copy.copy(m.tensor([1, 2]))
copy.deepcopy(m.tensor([True, False]))
x = m.tensor([1, 2]); y = copy.deepcopy(x); y[0] = 9; x, y
copy.deepcopy({"mask": m.tensor([True]), "n": m.tensor(3)})
memoryview(np.asarray(m.tensor([1., 2.]))).format
"""

# Numbers first, alpha, out, dtypes that are refused.
CALLS = """
m.bitwise_and(6, m.tensor([3, 5]))
m.bitwise_or(True, m.tensor([2, 4]))
m.bitwise_xor(2.5, m.tensor([1, 2]))
m.bitwise_and(2, m.tensor([1.]))
m.bitwise_left_shift(1, m.tensor([1, 2, 3]))
m.bitwise_right_shift(12, m.tensor([1, 2]))
m.bitwise_left_shift(True, m.tensor([1, 2]))
type(m.bitwise_right_shift(True, m.tensor([1, 2]))).__name__
type(m.bitwise_left_shift(3, m.tensor(2))).__name__
x = m.tensor([1, 2]); x.bitwise_and_(m.tensor([1.5, 2.]))
x = m.tensor([True, False]); x.bitwise_or_(m.tensor([1., 2.]))
x = m.tensor(True); x.clamp_(m.tensor([True, False]), m.tensor([True, True]))
x = m.tensor([5, -5]); x.div_(2, rounding_mode="trunc"); x
x = m.tensor([1, 2]); x <<= m.tensor([1, 2]); x
x = m.tensor([1., 2.]); x.add_(m.tensor([1., 2.]), alpha=True)
m.tensor([1, 2]).add(m.tensor([1, 2]), alpha=True)
m.tensor([True, False]).add(True, alpha=2)
m.tensor([True, False]).add(m.tensor([True, True]), alpha=0)
m.tensor([True, False]).add(m.tensor([True, True]), alpha=False)
m.tensor([True, False]).add(m.tensor([True, True]), alpha=0.5)
m.tensor([1, 2]).sub(m.tensor([True, False]), alpha=2)
m.tensor([True]).sub(m.tensor([True]), alpha=2)
x = m.tensor([True, False]); x.add_(m.tensor([1, 2]), alpha=0.5)
m.tensor([1, 2]).add(m.tensor([1, 2]), alpha=m.tensor(2))
m.tensor([1., 2.]).sub(1, alpha=2)
m.add(1, m.tensor([1, 2]), alpha=3)
m.add(m.tensor([1., 2.]), True)
m.tensor([1., 2.]) - True
False - m.tensor([1., 2.])
x = m.tensor([1., 2.]); x -= True; x
x = m.tensor(2.); x.sub_(False)
m.sub(m.tensor([1.]), True, alpha=2)
m.tensor([True, False]) ** True
m.tensor([True, False]) ** False
x = m.tensor([True, False]); x **= True; x
m.tensor([True, False]).clamp(min=m.tensor([False, True]))
m.tensor([True, False]).clamp(max=m.tensor([False, True]))
m.tensor([True, False]).clamp(min=False)
m.tensor([True, False]).clamp(m.tensor([False, True]), m.tensor([True, True]))
o = m.empty(0, dtype=m.int64); m.sum(m.tensor([1.5, 1.5]), 0, out=o); o
o = m.empty(0, dtype=m.bool); m.sum(m.tensor([1.5, -1.5]), 0, out=o); o
o = m.empty(0, dtype=m.int64); m.sum(m.tensor([1.5, 1.5]), 0, dtype=m.float64, out=o); o
m.tensor([1, 2]).mean(dtype=m.bool)
o = m.empty(0); m.any(m.tensor([1, 0]), 0, out=o)
o = m.empty(0, dtype=m.int64); m.all(m.tensor([1., 0.]), 0, out=o)
o = m.empty(0, dtype=m.int64); m.logsumexp(m.tensor([1., 0.]), 0, out=o)
o = m.empty(0); m.amin(m.tensor([True, False]), 0, out=o)
o = m.empty(0, dtype=m.bool); m.cat([m.tensor([1]), m.tensor([True])], out=o)
o = m.empty(2); m.cat([m.tensor([1]), m.tensor([True])], out=o) is o, o
m.arange(2.5, dtype=m.bool)
m.arange(0, -0.5, dtype=m.int64)
m.arange(2.5, 2, dtype=m.int64)
m.linspace(-0.5, 2, 3, dtype=m.int64)
m.linspace(0.9, 4.9, 3, dtype=m.int64)
m.rand_like(m.tensor([1, 2]), dtype=m.float64).shape
m.randn_like(m.tensor([True]), dtype=m.float64).dtype
m.rand_like(m.tensor([1., 2.]), dtype=m.int64)
m.normal(m.tensor([1., 2.]), m.tensor([1, 2])).dtype
m.normal(m.tensor([1, 2]), m.tensor([1., 2.]))
m.normal(m.tensor([True]), 1.)
m.normal(0., -1., (2,), dtype=m.int64)
~m.tensor(2.)
x = m.tensor([1.]); m.asarray(x) is x, m.asarray(x, dtype=m.int64)
x = m.tensor([1., 2.]); x.ravel() is x, x.ravel()
x = m.tensor([True]); x.requires_grad = True; x
x = m.tensor([True]); x.requires_grad = False; x
m.arange(3, dtype=m.float64, requires_grad=True).requires_grad
m.full((2,), True, requires_grad=True)
"""

# Integers beyond what a double holds exactly, and other edges of it.
EDGES = """
m.tensor(2 ** 53)
m.tensor([2 ** 53 - 1, -(2 ** 53)])
m.tensor(2 ** 53 + 1).dtype
m.tensor([2 ** 63])
m.tensor(-(2 ** 70))
m.tensor([2 ** 63], dtype=m.float64)
m.full((2,), 2 ** 63)
m.tensor([2.0 ** 52]).long()
m.tensor([3]) * (2 ** 40)
m.tensor([2 ** 30]) * m.tensor([2 ** 20])
m.tensor([2]) ** 50
m.tensor([1]) << 52
m.tensor([1 << 52]) >> 52
m.tensor([(1 << 52) + 5]) & 7
m.tensor([(1 << 52) + 1]).sum()
m.tensor([1 << 52, 1]).tolist()
str(m.tensor((1 << 53) - 1))
m.tensor([(1 << 53) - 1]) == (1 << 53) - 1
x = m.tensor([1, 2]); x[0] = 2 ** 63; x
x = m.tensor([1, 2]); x + 2 ** 63
m.tensor(np.array([2 ** 53 + 1]))
m.tensor([1]) << 60
m.tensor([(1 << 53) - 1]) * 3
m.tensor(np.array([2 ** 53]))
m.arange(2 ** 53 - 2, 2 ** 53)
"""

# Of names that the library may not have yet: the attribute of Tensor, and its programs.
