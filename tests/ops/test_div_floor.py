# SPDX-License-Identifier: MIT
"""The inner op of quotients rounded down gives Python's x // y, at every CPU level, and zeros as
its gradient. It has no name in Python: the tests call it by its number, in another interpreter."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np
import pytest

from ops.test_levels import LEVELS, level_of
from support import Array, assert_same_bits, run_python

CALL = """
    import json
    import numpy as np
    import pyautograd as ag
    from pyautograd import capi

    def div_floor(*operands):
        args = capi.ffi.new("ag_arg[2]")
        for arg, operand in zip(args, operands):
            if isinstance(operand, ag.Tensor):
                arg.tensor = capi.pointer(operand)
            else:
                arg.value = operand
        result = capi.lib.ag_apply(capi.lib.AG_OP_div_floor, 2, args, capi.ffi.NULL)
        return capi.wrap(result)
"""

VALUES = """
    with np.load(FILE) as arrays:
        x, y = (ag.tensor(arrays[name]) for name in ("x", "y"))
    results = {"pairs": div_floor(x, y), "strided": div_floor(x[::3], y.view(-1, 1)[::3, 0])}
    for name in NUMBERS:
        number = float(name)
        results["x // " + name] = div_floor(x[:3000], number)
        results[name + " // x"] = div_floor(number, x[:3000])
    np.savez(FILE, **{name: result.numpy() for name, result in results.items()})
    print(json.dumps(ag.show_config()))
"""

NUMBERS = ["3.0", "-0.1", "0.0", "-0.0", "inf", "-inf", "nan", "1e-300"]


def quotient(x: float, y: float) -> float:
    if y == 0:
        return float(np.divide(np.float64(x), np.float64(y)))
    return x // y


def expected(x: Any, y: Any) -> Array:
    pairs = zip(*(a.tolist() for a in np.broadcast_arrays(x, y)), strict=True)
    with np.errstate(all="ignore"):
        return np.array([quotient(a, b) for a, b in pairs])


def operands(rng: np.random.Generator) -> tuple[Array, Array]:
    """Every pair of edges; of all magnitudes; and quotients at, just below and just above whole
    numbers, small and near 2^50 and 2^53."""
    edges = [0.0, 5e-324, 1e-320, 2.2e-308, 0.1, 0.5, 1.0, 1.5, 3.0, 7.0, 2.0**50, 2.0**53 - 1]
    edges += [1e22, 1e308, 1.7976931348623157e308, math.inf, math.nan]
    grid = np.array(np.meshgrid([*edges, *(-e for e in edges)], [*edges, *(-e for e in edges)]))
    wild = np.ldexp(rng.uniform(0.5, 1, (2, 4000)), rng.integers(-1073, 1025, (2, 4000)))
    tame = rng.standard_normal((2, 4000)) * [[100.0], [1.0]]
    y = rng.uniform(-9, 9, 6000)
    k = np.concatenate([rng.integers(-50, 50, 2000), 2.0 ** rng.uniform(48, 54, 4000) // 1])
    x = k * y
    step = rng.choice([-np.inf, 0.0, np.inf], 6000)
    x = np.where(step == 0, x, np.nextafter(x, step))
    pairs = [tame, grid.reshape(2, -1), wild * rng.choice([-1, 1], (2, 4000)), np.array([x, y])]
    x, y = np.concatenate(pairs, axis=1)
    return x, y


@pytest.mark.parametrize("level", LEVELS)
def test_values(level: str, tmp_path: Any, rng: np.random.Generator) -> None:
    x, y = operands(rng)
    file = tmp_path / "values.npz"
    np.savez(file, x=x, y=y)
    head = f"FILE, NUMBERS = {str(file)!r}, {NUMBERS!r}\n"
    code = head + textwrap.dedent(CALL) + textwrap.dedent(VALUES)
    if level_of(run_python(code, PYAUTOGRAD_SIMD=level)) != level:
        pytest.skip(f"this machine has no {level}")
    with np.load(file) as results:
        assert_same_bits(results["pairs"], expected(x, y))
        assert_same_bits(results["strided"], expected(x[::3], y[::3]))
        for name in NUMBERS:
            number = float(name)
            assert_same_bits(results[f"x // {name}"], expected(x[:3000], number), name)
            assert_same_bits(results[f"{name} // x"], expected(number, x[:3000]), name)


def test_its_gradient_is_zero() -> None:
    code = (
        CALL
        + """
    x = ag.tensor([7.0, -7.0, 1.0], requires_grad=True)
    y = ag.tensor([2.0, 2.0, 0.0], requires_grad=True)
    z = div_floor(x, y)
    (g,) = ag.autograd.grad(z.sum(), y, retain_graph=True, create_graph=True)
    z.sum().backward()
    seen = [z.tolist(), z.grad_fn.name(), x.grad.tolist(), y.grad.tolist(), g.tolist()]
    print(json.dumps(seen))
    """
    )
    values, name, *gradients = run_python(code)
    assert values == [3.0, -4.0, math.inf] and name == "DivBackward2"
    assert gradients == [[0.0, 0.0, 0.0]] * 3
