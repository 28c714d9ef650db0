# SPDX-License-Identifier: MIT
"""The sizes of the caches: read when the library is loaded, or said by PYAUTOGRAD_CACHES. They
decide how fast programs run, and nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from support import real_sizes_only, run_python

CONFIG = "import json, pyautograd as ag; print(json.dumps(ag.show_config()))"
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}
SYSTEM = Path("/sys/devices/system/cpu/cpu0/cache")


def caches(**environment: str) -> str:
    """What show_config says of the caches, in a process of its own."""
    config = run_python(CONFIG, **{"PYAUTOGRAD_CACHES": "", **environment})
    return next(line for line in config.splitlines() if line.startswith("caches: "))[8:]


def sizes(text: str) -> list[int]:
    words = re.fullmatch(r"(\d+)([KM]?),(\d+)([KM]?),(\d+)([KM]?)", text)
    assert words is not None, text
    found = words.groups()
    return [int(n) * UNITS[unit] for n, unit in zip(found[::2], found[1::2], strict=True)]


def test_the_machine_has_sizes_that_machines_have() -> None:
    first, second, last = sizes(caches())
    assert 8 << 10 <= first <= 512 << 10
    assert 128 << 10 <= second <= 64 << 20
    assert second <= last <= 1 << 30


@pytest.mark.skipif(not SYSTEM.is_dir(), reason="the system does not describe the caches")
def test_they_are_those_that_the_system_knows() -> None:
    told = {}
    for index in SYSTEM.glob("index*"):
        if (index / "type").read_text().strip() != "Instruction":
            level = int((index / "level").read_text())
            told[level] = int((index / "size").read_text().strip().removesuffix("K")) << 10
    if not {1, 2} <= told.keys():
        pytest.skip("the system does not tell of two caches")
    first, second, last = sizes(caches())
    assert (first, second) == (told[1], told[2])
    # In a virtual machine no more than 32 MB of the last cache are counted on.
    assert last in (told.get(3, told[2]), 32 << 20)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("48K,2M,105M", "48K,2M,105M"),
        ("1,1,1", "1,1,1"),
        ("32768,1024K,1500K", "32K,1M,1500K"),
        ("1000,2000,3000M", "1000,2000,3000M"),
    ],
)
def test_other_sizes_can_be_said(text: str, shown: str) -> None:
    assert caches(PYAUTOGRAD_CACHES=text) == shown


WRONG = ("x", "32K", "32K,1M", "32K,1M,", "32K,1M,32M,64M", "0,1,1", "-1K,1M,32M", "2M,1M,32M")
WRONG += ("32K,33M,32M", "32k,1M,32M", " 32K,1M,32M", "32K, 1M, 32M", "32K,1M,32M ", "32KB,1M,32M")
WRONG += ("1.5K,1M,32M", "32K,1M,99999999999999999999", "32K,1M,9999999999999M")


@pytest.mark.parametrize("text", WRONG)
def test_what_are_not_three_sizes_is_said_and_not_taken(text: str) -> None:
    usual, said = caches(), caches(PYAUTOGRAD_CACHES=text)
    assert said == (
        f"{usual} PYAUTOGRAD_CACHES is not three sizes such as 32K,1M,32M, none less than the one "
        f'before: "{text}"'
    )


def test_a_long_text_is_cut() -> None:
    assert caches(PYAUTOGRAD_CACHES="9" * 5000).endswith('before: "' + "9" * 40 + '"')


EVERYTHING = """
    import json, zlib
    import numpy as np
    import pyautograd as ag

    def crc(x):
        return zlib.crc32(x.detach().numpy().tobytes())

    ag.set_num_threads(THREADS)
    rng = np.random.default_rng(0)
    seen = []
    for n in (8191, 8192, 100_003, 1_000_000):
        x, y = (ag.tensor(rng.normal(size=n), requires_grad=True) for _ in range(2))
        (x + y).mean().backward()
        seen += [crc(x.grad), crc(y.grad)]
        z = (x * y + x).sin() * (-x * x).exp()
        (z * z).sum().backward()
        seen += [crc(z), crc(x.grad), crc(y.grad), x.sum().item(), (x * y).sum().item()]
        with ag.no_grad():
            m = 0.9 * x + 0.1 * y
            v = 0.99 * x * x + 0.01 * y * y
            x -= 0.1 * m / (v.sqrt() + 1e-8)
        seen += [crc(x), crc(m), crc(v)]
        k = int(n**0.5)
        a, b = (t.detach()[: k * k].reshape(k, k) for t in (x, y))
        seen += [crc((a * b[0]).sum(0)), crc((a - b[:, :1]).exp().sum(1)), crc(a.t() + b)]
    print(json.dumps(seen))
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_results_have_the_same_bits(threads: int) -> None:
    code = EVERYTHING.replace("THREADS", str(threads))
    usual = run_python(code)
    for text in ("1,1,1", "4K,64K,1M", "1M,1G,100000M"):
        assert run_python(code, PYAUTOGRAD_CACHES=text) == usual, text


TILES = """
    import json
    import pyautograd as ag
    x = ag.rand(100_000, requires_grad=True)
    y = x
    for _ in range(4):
        y = (y * x).sin()
    print(json.dumps(ag.explain(y)))
"""


@real_sizes_only
@pytest.mark.skipif(os.environ.get("PYAUTOGRAD_FUSE") == "0", reason="nothing is fused")
def test_tiles_fit_the_first_cache() -> None:
    assert "tiles of 512," in run_python(TILES, PYAUTOGRAD_CACHES="16K,1M,32M")
    assert "tiles of 1024," in run_python(TILES, PYAUTOGRAD_CACHES="64K,1M,32M")


ROWS_PAST_CACHES = """
import numpy as np, pyautograd as ag
right = []
for length in (51, 53, 64, 477):
    a, row = np.linspace(0, 1, 400 * length).reshape(400, length), np.linspace(1, 2, length)
    late = (ag.tensor(a) + ag.tensor(row)).exp()
    right.append(bool((np.abs(late.numpy() - np.exp(a + row)) < 1e-14).all()))
print(str(right).lower())
"""


def test_rows_of_any_length_go_past_small_caches() -> None:
    """Tiles of whole rows: what a kernel makes then begins at any element of scratch memory."""
    assert run_python(ROWS_PAST_CACHES, PYAUTOGRAD_CACHES="1K,2K,4K") == [True] * 4
