# SPDX-License-Identifier: MIT
"""Programs that were found at random (views_programs.py), cut down to what matters, each with the
name of the fault that it shows. They stay, whatever programs are written in future."""

from __future__ import annotations

NAMED = {
    "recorded write to every second element": """
t1 = ag.from_numpy(r(22)).requires_grad_()
t3 = ag.tensor(r(94, 9))[1::2].data
t3[3] *= t1
(t3 * 3 + t3 * 3 + t3 * 3).sum().backward()
""",
    "recorded write to a part of a column": """
t1 = ag.tensor(r(21)).data.requires_grad_()
t3 = ag.tensor(r(37, 2, 1, 2))[..., 1].data
t5 = ag.tensor(r(97, 2, 3)).clone().requires_grad_()
t3[:, ::3].mul_(t1)
l8 = (t5 * t5 + t3).sum()
l8.backward()
""",
    "retaining view is written": """
t3 = ag.tensor(r(58, 2, 2, 2)).data.requires_grad_()
t5 = t3.clone()
t6 = t5.permute([0, 2, 1])
t6.retain_grad()
t6.add_(ag.from_numpy(np.asfortranarray(r(4, 2, 2, 2))))
t6.backward(ag.from_numpy(r(3, 2, 2, 2).T))
""",
    "retaining tensor is written and gone": """
t1 = ag.from_numpy(r(41, 0, 3)).requires_grad_()
t8 = 1.5 / (t1 * t1 + 1)
t8.retain_grad()
t8.tanh_()
l15 = (t8 * t8).sum()
del t8
t16 = ag.zeros((0, 3))
l15.backward()
""",
    "base of a retaining view is written through a view of it": """
t3 = ag.tensor(2., requires_grad=True)
t5 = -t3
t8 = t5.squeeze()
t8.retain_grad()
t9 = t8.flatten()
t9.mul_(ag.tensor(3.))
t5.backward(ag.tensor(1.))
see(t8.grad)
""",
    "grad fills what is retained": """
t1 = ag.tensor(r(90, 8192, 3)).data.requires_grad_()
t3 = ag.tensor(r(54, 3), requires_grad=True)
t5 = t3 * t1
t5.retain_grad()
t7, = ag.autograd.grad((t5 * t5 + t3 * 3 + t5).sum(), [t3])
""",
    "recorded gradient is the one that arrived": """
t3 = ag.from_numpy(r(40, 16387)).requires_grad_()
(t3).sum().backward(create_graph=True)
(t3 ** 2).sum().backward()
""",
    "retained gradient is the one that is returned": """
t1 = ag.tensor(r(69, 8192, 3), requires_grad=True)
t7 = t1 + 1
t7.retain_grad()
t9, = ag.autograd.grad((t7 * 3).sum(), [t7], create_graph=True)
t9[0] += 0.5
""",
    "two leaves share a gradient": """
t3 = ag.tensor(r(62, 8192, 2))[..., 1].detach()
t5 = ag.from_numpy(r(65, 8192)).requires_grad_()
t3.requires_grad_()
t3.grad = t5.grad = ag.zeros((8192,))
(t3 * 3 + t5 * 5).sum().backward()
""",
    "data counts its own writes": """
t3 = ag.tensor(r(5, 3, 2)).permute([1, 0])
t5 = t3.data[:, ::2].requires_grad_()
t3.mul_(2).add_(1)
with ag.no_grad(): t5.sub_(ag.tensor(r(97)))
""",
    "a tensor that was given other data counts on": """
t5 = ag.tensor(r(34, 1)).expand((3,))
t7 = t5 / 2
t7 *= 0.5
t9 = t7 + t5
t7.data = t9
""",
    "frozen leaf": """
t3 = ag.tensor(r(58, 2)).expand((2, 2)).data.requires_grad_()
t4 = t3[0]
t5 = t4.view(2, -1)
t3.requires_grad_(False)
t6 = t5[1]
(t6 * 3 + t6).sum().backward()
""",
    "leaf that is a view is written": """
t1 = ag.tensor(r(7, 6))[1:-1].requires_grad_()
t1[::3] *= ag.tensor(r(85, 5))[1::2]
""",
    "view made under no_grad is written": """
t1 = ag.tensor(r(20, 8))[1:-1].requires_grad_()
t5 = ag.from_numpy(r(81, 2, 3, 2)[..., 0]).detach().requires_grad_()
with ag.no_grad(): t6 = t1.view(2, -1)
t6.sub_(t5)
""",
    "recorded write to nothing": """
t1 = ag.from_numpy(r(67)).clone().requires_grad_()
t5 = ag.from_numpy(r(73, 0)).data
t7 = ag.tensor(r(26, 1))[1::2].requires_grad_()
t5[::3] *= t1
(t5 * t5 * t5 ** 2 * t7).sum().backward()
""",
    "part of nothing whose strides lead out of it": """
t3 = ag.tensor(r(1, 0, 2))[..., 1].requires_grad_()
t5 = ag.tensor(2., requires_grad=True)
t7 = t3 * t5
t8 = t7[...]
t8[1:] *= t3
t7.backward(t3)
""",
    "input keeps what made it": """
t1 = ag.tensor(r(97, 4, 2, 2))[1:-1].data.requires_grad_()
t3 = ag.from_numpy(r(63, 2)).detach().requires_grad_()
t5 = ag.where(t3 > t1, t3, t1)
t7, t8, = ag.autograd.grad((t3 ** 2 * t5 * 3).sum(), [t5, t5], allow_unused=True)
ag.autograd.backward([(t5 + t5 * 3).sum(), (t3 ** 2 + t5 ** 2 + t5 * 3).sum()])
""",
}
