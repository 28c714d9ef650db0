# SPDX-License-Identifier: MIT
"""The processor's floating-point mode is the process's: rounding, and whether denormals are flushed
to zero. Neither loading the library nor computing with it changes the mode, whatever it is."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import pyautograd as ag
from support import LIBRARY, run_python, values

TINY = 2.2250738585072014e-308

# The control bits of the x87 and of MXCSR, as C's fegetenv gives them.
MODE = """
    import ctypes, json
    import numpy as np

    libm = ctypes.CDLL("libm.so.6")

    def mode():
        environment = (ctypes.c_ubyte * 64)()
        assert libm.fegetenv(environment) == 0
        x87 = int.from_bytes(bytes(environment[0:2]), "little")
        mxcsr = int.from_bytes(bytes(environment[28:32]), "little")
        return [libm.fegetround(), x87, mxcsr & ~0x3F]

    def set_mode(flush, rounding):
        assert libm.fesetround(rounding) == 0
        environment = (ctypes.c_ubyte * 64)()
        libm.fegetenv(environment)
        if flush:
            environment[28] |= 0x40
            environment[29] |= 0x80
        assert libm.fesetenv(environment) == 0

    set_mode(FLUSH, ROUNDING)
    seen = [mode()]
    import pyautograd as ag
    seen.append(mode())
    table = ag._core._op_table()
    unary = [r["name"] for r in table if r["kind"] == "unary" and r["grad"] != "no_grad"]
    for size in (5, 1000, 200_000):
        x = (ag.arange(size) / size).requires_grad_()
        for name in unary:
            y = getattr(x, name)()
            y.sum().backward()
        (x ** 2.5 + ag.softplus(x)).sum().backward()
        (x * 1e300).sin().sum().item()
        i = (x.detach() * 1e9).long()
        (~(i * 3 - 7) // 5 % 11 >> 1).logical_not().any().item()
    seen.append(mode())
    print(json.dumps(seen))
"""

on_x86_64_linux = pytest.mark.skipif(
    platform.machine() != "x86_64" or platform.system() != "Linux",
    reason="knows where glibc keeps the mode of x86-64",
)


@on_x86_64_linux
@pytest.mark.parametrize("flush", [False, True], ids=["gradual", "flush"])
@pytest.mark.parametrize("rounding", [0x000, 0x400, 0xC00], ids=["nearest", "down", "to zero"])
def test_the_mode_stays_as_it_was(flush: bool, rounding: int) -> None:
    code = MODE.replace("FLUSH", str(flush)).replace("ROUNDING", str(rounding))
    before, loaded, used = run_python(code)
    assert before[0] == rounding and bool(before[2] & 0x8040) == flush
    assert loaded == before, "changed when the library was loaded"
    assert used == before, "changed by computing"


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_denormals_survive_in_every_thread(threads: int) -> None:
    before = ag.get_num_threads()
    ag.set_num_threads(threads)
    try:
        halves = values(ag.full((200_000,), TINY) * 0.5)
        assert np.all(halves == TINY / 2)
        assert np.all(values(ag.exp(ag.full((200_000,), -740.0))) > 0)
    finally:
        ag.set_num_threads(before)


def binaries() -> list[Path]:
    return [] if LIBRARY is None else sorted(LIBRARY.parent.glob("*.so"))


@pytest.mark.parametrize("binary", binaries(), ids=lambda path: path.name.split(".")[0])
def test_no_code_sets_a_mode_of_its_own(binary: Path) -> None:
    """Such as what -ffast-math links in: a constructor that sets MXCSR. (The library's threads take
    their caller's mode, with fesetenv.)"""
    if shutil.which("objdump") is None or shutil.which("nm") is None:
        pytest.skip("reads machine code with binutils")

    def shown(*command: str) -> str:
        return subprocess.run(
            [*command, str(binary)], capture_output=True, text=True, check=True, timeout=120
        ).stdout

    assert not re.search(r"\b(set_fast_math|fesetround)\b", shown("nm") + shown("nm", "-D"))
    code = shown("objdump", "-d", "--no-show-raw-insn")
    assert re.findall(r"\b(?:v?ldmxcsr|fldcw|fldenv|frstor|msr\s+fpcr)\b.*", code) == []
