# SPDX-License-Identifier: MIT
"""Every CPU level of this machine, each in an interpreter of its own: the level is chosen when
the library is loaded. Ops that round correctly give the same bits at every level; the others
stay within their budget at each, and so do sums, whose order of addition is the same."""

from __future__ import annotations

import base64
import functools
import math
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from cc import COMPILERS, run
from ops.cases import INTEGER, MAPS, MASK, TRUTHS, WHOLES
from support import Array, assert_same_bits, assert_ulp, run_python

LEVELS = ("base", "avx2", "avx512")
HERE = Path(__file__).parent

COMPUTE_ALL = """
    import base64, json, sys
    import numpy as np
    sys.path.insert(0, ".")
    import pyautograd as ag
    from ops.cases import INTEGER, MAPS, MASK, TRUTHS, WHOLES

    def packed(x):
        return base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()

    results = {}
    for case in [*MAPS, *WHOLES, *MASK, *INTEGER, *TRUTHS]:
        rng = np.random.default_rng(7)
        shapes = [] if case.kind == "whole" else [(1031,)] * case.arity
        leaves = [ag.tensor(a, requires_grad=True) for a in case.sample(rng, *shapes)]
        out = case.call(ag, *leaves)
        if not out.requires_grad:
            results[case.id] = [packed(out.double().numpy())]
            continue
        out.sum().backward()
        grads = [packed(x.grad.numpy()) for x in leaves if x.grad is not None]
        results[case.id] = [packed(out.detach().numpy()), *grads]
    print(json.dumps([ag.show_config(), results]))
"""


def level_of(config: str) -> str:
    """The level that a text of `show_config` reports."""
    found = re.search(r"level:\s*(base|avx2|avx512)\b", config)
    assert found, config
    return found.group(1)


@functools.cache
def computed(level: str) -> tuple[str, dict[str, list[Array]]]:
    """What level the library says it runs at, and what every case gives there."""
    config, results = run_python(COMPUTE_ALL, PYAUTOGRAD_SIMD=level)
    unpacked = {
        key: [np.frombuffer(base64.b64decode(text)) for text in texts]
        for key, texts in results.items()
    }
    return level_of(config), unpacked


def need(level: str) -> dict[str, list[Array]]:
    got, results = computed(level)
    if got != level:
        pytest.skip(f"this machine has no {level}")
    return results


def test_base_can_always_be_had() -> None:
    assert computed("base")[0] == "base"


def test_the_best_level_is_the_default() -> None:
    best = [level for level in LEVELS if computed(level)[0] == level][-1]
    if "PYAUTOGRAD_SIMD" not in os.environ:
        assert level_of(ag.show_config()) == best


def test_an_unknown_level_is_said_and_not_taken() -> None:
    code = "import json, pyautograd as ag; print(json.dumps(ag.show_config()))"
    config = run_python(code, PYAUTOGRAD_SIMD="sse9")
    assert "sse9" in config


@pytest.mark.parametrize("level", LEVELS[1:])
def test_agrees_with_base(level: str) -> None:
    base, other = need("base"), need(level)
    for case in [*MAPS, *WHOLES, *MASK, *INTEGER, *TRUTHS]:
        exact_op = case.ulp <= 0.51 or case.op in ("sum", "mean")
        for k, (a, b) in enumerate(zip(base[case.id], other[case.id], strict=True)):
            what = f"{case.id} at {level}, {'value' if k == 0 else f'gradient {k - 1}'}"
            if exact_op:
                assert_same_bits(b, a, what)
            else:
                allowed = 2 * case.ulp if k == 0 else 4 * case.ulp + 4
                assert_close_in_ulps(a, b, allowed, what)


def assert_close_in_ulps(a: Array, b: Array, allowed: float, what: str) -> None:
    """In units of 1 at least: a derivative may be a small difference of terms around 1."""
    unit = np.spacing(np.maximum(np.maximum(np.abs(a), np.abs(b)), 1.0))
    assert np.all(np.abs(a - b) <= allowed * unit), what


@pytest.mark.parametrize("level", LEVELS)
def test_within_the_budget(level: str) -> None:
    results = need(level)
    for case in [*MAPS, *MASK, *INTEGER]:
        arrays = case.sample(np.random.default_rng(7), *[(1031,)] * case.arity)
        assert_ulp(results[case.id][0], case.exact(arrays), case.ulp, f"{case.id} at {level}")


@pytest.mark.parametrize("level", LEVELS)
def test_a_seed_gives_the_same_random_numbers(level: str) -> None:
    """To the bit: uniform ones come from integers, normal ones from functions that are rounded."""
    code = """
        import json
        import pyautograd as ag
        ag.manual_seed(7)
        print(json.dumps([ag.show_config(), ag.rand(1031).tolist(), ag.randn(1031).tolist()]))
    """
    config, uniform, normal = run_python(code, PYAUTOGRAD_SIMD=level)
    if level_of(config) != level:
        pytest.skip(f"this machine has no {level}")
    ag.manual_seed(7)
    assert_same_bits(ag.rand(1031), np.array(uniform), level)
    assert_same_bits(ag.randn(1031), np.array(normal), level)


@pytest.mark.parametrize("level", LEVELS)
def test_forward_and_numerics_pass(level: str) -> None:
    """The tests of values, of edges and of sums, once more at this level."""
    need(level)
    if level == level_of(ag.show_config()):
        return  # the run we are in
    files = [str(HERE / name) for name in ("test_forward.py", "test_numerics.py", "test_sums.py")]
    result: Any = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files],
        env={**os.environ, "PYAUTOGRAD_SIMD": level},
        capture_output=True,
        text=True,
        cwd=HERE.parent.parent,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


# ---- where the vector functions of libmvec are not there -----------------------------------------

FUNCTIONS = """
    import json, math
    import numpy as np
    import pyautograd as ag
    x = np.linspace(0.1, 3, 1031)
    names = ("exp", "log", "sin", "cos", "tan", "sinh", "atan", "expm1")
    found = {name: getattr(ag.tensor(x), name)().tolist() for name in names}
    found["pow"] = (ag.tensor(x) ** ag.tensor(x[::-1].copy())).tolist()
    print(json.dumps([ag.show_config(), found]))
"""

ONE_FUNCTION = """
    #include <immintrin.h>
    __m128d _ZGVbN2v_exp(__m128d x) { return _mm_add_pd(x, x); }
"""


@pytest.mark.skipif(sys.platform != "linux", reason="libmvec is glibc's")
@pytest.mark.parametrize("source", ["", ONE_FUNCTION], ids=["none", "one"])
def test_libm_where_libmvec_has_no_function(source: str, tmp_path: Path) -> None:
    """With a library of that name in front that has none of the functions, or only one."""
    if platform.machine() != "x86_64":
        pytest.skip("libmvec's names are those of this processor")
    (tmp_path / "empty.c").write_text(source)
    library = str(tmp_path / "libmvec.so.1")
    run([COMPILERS[0], "-shared", "-fPIC", "-o", library, str(tmp_path / "empty.c")])
    config, found = run_python(FUNCTIONS, PYAUTOGRAD_SIMD="base", LD_LIBRARY_PATH=str(tmp_path))
    x = np.linspace(0.1, 3, 1031).tolist()
    assert ("libmvec for 1 of" in config) == bool(source) and "libm" in config
    if source:
        assert found.pop("exp") == [a + a for a in x]
    for name, got in found.items():
        if name == "pow":
            wanted = [math.pow(a, b) for a, b in zip(x, x[::-1], strict=True)]
        else:
            wanted = [getattr(math, name)(a) for a in x]
        assert_ulp(np.array(got), np.array(wanted), 1.0, name)
