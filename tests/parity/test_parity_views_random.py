# SPDX-License-Identifier: MIT
"""Random programs of views, writes in place, `.data`, flags, retained gradients and deletions,
beside PyTorch: values, gradients, flags, versions and errors are the same (views_programs.py).

PYAUTOGRAD_FUZZ=20000 runs so many; `python tests/parity/views_fuzz.py --minutes 10` as many as fit.
A failure names the seed, the lines that matter and the command that runs it again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from views_compare import Comparison, pace_of, shrink
from views_differences import DIFFERENCES
from views_fuzz import compare
from views_named import NAMED
from views_programs import program

import pyautograd as ag
from support import SEED, plain_build_only

FUZZ = Path(__file__).with_name("views_fuzz.py")
PARTS = 4


def wanted() -> int:
    """Programs of each part; fewer where each takes long."""
    slow = plain_build_only.args[0]
    return int(os.environ.get("PYAUTOGRAD_FUZZ", "400" if slow else "2000")) // PARTS


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    # The program's own folder too, which is not searched under PYTHONSAFEPATH.
    folders = [str(Path(ag.__file__).parent.parent), str(FUZZ.parent)]
    home = {"PYTHONPATH": os.pathsep.join(folders)}
    return subprocess.run(
        [sys.executable, str(FUZZ), *arguments],
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        timeout=1500,
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_random_programs(part: int, torch: ModuleType) -> None:
    first = SEED * 1_000_000 + part * wanted()
    result = run("--first", str(first), "--count", str(wanted()), "--most", "3")
    if result.returncode:
        pytest.fail(f"{result.stdout}\n{result.stderr[-3000:]}", pytrace=False)


@pytest.mark.parametrize("pace", (0, 1, 2))
@pytest.mark.parametrize("name", NAMED)
def test_named_programs(name: str, pace: int, torch: ModuleType) -> None:
    parting = compare(torch, NAMED[name].strip().splitlines(), pace)
    assert parting is None, f"{parting}\n{NAMED[name]}"


# ---- the judges judged ---------------------------------------------------------------------------

HERE = "ag.__name__ == 'pyautograd'"
PARTINGS = {
    "values": (f"t1 = ag.ones(2) * (2 if {HERE} else 1)", "t1.values"),
    "flags": (f"t1 = ag.ones(2, requires_grad={HERE})", "t1.requires_grad"),
    "versions": (f"t1 = ag.ones(2)\nif {HERE}: t1.add_(0)", "t1.written"),
    "gradients": (
        "t1 = ag.ones(2, requires_grad=True)\n"
        f"(t1 * (2 if {HERE} else 1)).sum().backward()",
        "t1.grad.values",
    ),
    "nodes": (
        f"t1 = ag.ones(2, requires_grad=True)\nt2 = t1.sin() if {HERE} else t1.cos()",
        "t2.grad_fn",
    ),
    "views": (f"t1 = ag.ones(2)\nt2 = t1[:] if {HERE} else t1.clone()", "t2._is_view"),
    "errors": (f"t1 = ag.ones(2).view(3 if {HERE} else 2)", "error"),
    "messages": (
        "t1 = ag.ones(2, requires_grad=True)\n"
        f"t1.retain_grad() if {HERE} else t1.detach().retain_grad()\n"
        f"t1.view(3) if {HERE} else t1.detach().retain_grad()",
        "error",
    ),
    "leaks": (f"if {HERE}: ag.kept = ag.ones(2)", "leak"),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTINGS)
@pytest.mark.parametrize("pace", (0, 1, 2))
def test_a_difference_would_be_seen(name: str, pace: int, torch: ModuleType) -> None:
    lines, what = PARTINGS[name]
    try:
        parting = compare(torch, lines.splitlines(), pace)
    finally:
        vars(ag).pop("kept", None)
    assert parting is not None and parting.what == what


def test_what_is_the_same_is_no_difference(torch: ModuleType) -> None:
    lines = ["t1 = ag.ones(2, requires_grad=True)", "t1.mul_(2)", "(t1 * 2).sum().backward()"]
    assert compare(torch, lines, 0) is None


def test_a_process_that_dies_is_reported_with_its_lines(tmp_path: Path, torch: ModuleType) -> None:
    dies = tmp_path / "program"
    dies.write_text(f"t1 = ag.ones(2)\nimport os\nif {HERE}: os.abort()\n")
    result = run(str(dies))
    assert result.returncode == 1
    assert result.stdout.count("killed by SIGABRT") == 3, result.stdout


def test_lines_that_do_not_matter_are_left_out() -> None:
    lines = list("abcdefgh")
    assert shrink(lines, lambda some: "c" in some and "g" in some) == ["c", "g"]


# ---- the programs --------------------------------------------------------------------------------

# What the faults that these programs are for were made of.
INGREDIENTS = (
    r"\[\.\.\., 1\]\.detach\(\)", r"np\.asfortranarray", r"\.expand\(.*\.detach\(\)", r"\.permute",
    r"\.requires_grad_\(\)$", r"= t\d+\[.*\]\.requires_grad_\(\)", r"\.requires_grad_\(False\)",
    r"\.detach_\(\)", r"no_grad\(\): t\d+ = t\d+\[", r"no_grad\(\): t\d+\.mul_", r"\.data\[",
    r"\.data = t\d+$", r"\.data = ag\.", r"\.data = t\d+\.data", r"t\d+\.data\.mul_",
    r"\.retain_grad\(\)", r"^del t", r"^del l", r"\[\d+:, \d+:\] \+= ", r"\[.*\] = ", r"0:0",
    r"create_graph=True", r"materialize_grads=True", r"allow_unused=True", r"inputs=\[t\d+, t\d+",
    r"t\d+\.grad = t\d+\.grad = ag\.zeros", r"\.grad = t\d+\[1:\]", r"\.grad = None",
    r"\.grad\.data\.mul_\(0\)", r"\(t\d+\.grad \* .*backward", r"= t\d+\.grad$", r"81\d\d",
    r"\.numpy\(\)", r"^see\(", r"^flags\(", r"retain_graph=True", r"autograd\.backward\(\[",
)  # fmt: skip


def test_programs_have_all_that_faults_were_made_of() -> None:
    lines = [line for seed in range(1300) for line in program(seed, 8192)]
    missing = [text for text in INGREDIENTS if not any(re.search(text, line) for line in lines)]
    assert not missing


def test_programs_are_made_again_from_their_seeds() -> None:
    assert program(7, 8192) == program(7, 8192) != program(8, 8192)
    assert {pace_of(seed) for seed in range(50)} == {0, 1, 2}


def test_most_lines_run(torch: ModuleType) -> None:
    lines: list[str] = []
    errors = 0
    for seed in range(100):
        comparison = Comparison(torch, torch, program(seed, 24))
        for line in comparison.lines:
            lines.append(line)
            errors += bool(comparison.theirs.run(line))
    assert errors < 0.2 * len(lines)


def test_each_difference_has_a_reason() -> None:
    def parts(d: Any) -> int:
        return sum(map(bool, (d.before, d.forget, d.stops, d.raises, d.parts)))

    assert all(len(d.reason) > 40 and d.reason.endswith(".") and parts(d) == 1 for d in DIFFERENCES)
