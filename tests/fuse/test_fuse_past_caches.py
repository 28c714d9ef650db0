# SPDX-License-Identifier: MIT
"""What goes past the caches: whole lines of rows and of strips of columns, whatever their lengths.

The programs run in an interpreter that is told of small caches, so that little memory is much.
"""

from __future__ import annotations

import pytest

from support import run_python

PROGRAMS = """
    import json
    import numpy as np
    import pyautograd as ag

    def operands(layout, rows, cols):
        generator = ag.Generator().manual_seed(rows + cols)
        new = lambda *shape: ag.rand(*shape, generator=generator)
        wide = lambda step: new(rows, 2 * cols)[:, ::step][:, :cols]
        return {
            "flat": lambda: (new(rows, cols), new(rows, cols)),
            "row": lambda: (new(rows, cols), new(cols)),
            "column": lambda: (new(rows, cols), new(rows, 1)),
            "block": lambda: (new(2, rows, cols), new(rows, 1)),
            "runs": lambda: (new(rows, 4, cols), new(rows, 1, cols)),
            "half": lambda: (wide(1), wide(1)),
            "second": lambda: (wide(2), wide(2)),
        }[layout]()

    def summed(whole, shape):
        whole = whole.sum(tuple(range(whole.ndim - len(shape))))
        return whole.sum(tuple(d for d, n in enumerate(shape) if n == 1), keepdims=True)

    wrong = []
    for layout in LAYOUTS:
        for cols in COLUMNS:
            for rows in (19, 128, 300):
                x, y = (t.detach().requires_grad_() for t in operands(layout, rows, cols))
                a, b = (t.detach().numpy().copy() for t in (x, y))  # else nothing pends
                (x * y).sum().backward()
                by_x, by_y = np.broadcast_arrays(b, a)
                whole = np.broadcast_shapes(a.shape, b.shape)
                right = np.allclose(x.grad.numpy(), summed(np.broadcast_to(by_x, whole), a.shape))
                right &= np.allclose(y.grad.numpy(), summed(np.broadcast_to(by_y, whole), b.shape))
                z = (x.detach() * y.detach()).numpy()
                right &= (z == a * b).all()
                if not right:
                    wrong.append([layout, rows, cols])
    print(json.dumps(wrong))
"""
COLUMNS = (32, 40, 96, 100, 160, 248, 256, 257, 264, 320, 1000, 1056, 1064)


@pytest.mark.parametrize("level", ["", "avx2", "base"])
@pytest.mark.parametrize(
    "layouts", [("flat", "row", "column"), ("block", "runs"), ("half", "second")]
)
def test_rows_and_strips(layouts: tuple[str, ...], level: str) -> None:
    code = PROGRAMS.replace("LAYOUTS", repr(layouts)).replace("COLUMNS", repr(COLUMNS))
    environment = {"PYAUTOGRAD_SIMD": level} if level else {}
    assert run_python(code, PYAUTOGRAD_CACHES="8K,16K,64K", **environment) == []
