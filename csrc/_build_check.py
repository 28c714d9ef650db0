# SPDX-License-Identifier: MIT
"""What setup.py asks before it builds, so that a paragraph says what is missing and which package
brings it; and how it runs the compiler. Run by setup.py, never imported by the package. See also
_packing.py.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import NoReturn

PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"

NO_COMPILER = """\
pyautograd is built from C, and there is no C compiler: the command `{0}` was not found.
    Debian, Ubuntu   apt install build-essential
    Fedora           dnf install gcc
    Alpine           apk add build-base
    macOS            xcode-select --install
If it has another name here, CC names it: CC=clang pip install ."""

NO_C_LIBRARY = """\
pyautograd is built from C, and the compiler `{0}` cannot build the smallest program (its words are
above). If it misses stdio.h or crt1.o, the C library's development files are not installed.
    Debian, Ubuntu   apt install build-essential
    Fedora           dnf install glibc-devel
    Alpine           apk add build-base
    macOS            xcode-select --install"""

NO_PYTHON_H = """\
pyautograd has a module in C, and the header Python.h of this Python was not found in
{0}. It comes in a package of its own.
    Debian, Ubuntu   apt install {1}-dev   (python3-dev, for the system's own python3)
    Fedora           dnf install python3-devel
    Alpine           apk add python3-dev"""

NO_MODULES = """\
To build pyautograd without an environment of its own (as `make` and --no-build-isolation do), this
Python needs what builds it: pip install {0}"""

NOT_HERE = """\
pyautograd builds on Linux and macOS, not on Windows itself: there, it runs under WSL."""

# What gives up NaN, infinities, the sign of zero or exact rounding, for gcc or clang.
INEXACT = re.compile(
    r"-Ofast|-ffast-math|-ffinite-math-only|-funsafe-math-optimizations|-fassociative-math"
    r"|-freciprocal-math|-fno-signed-zeros|-fno-honor-(nans|infinities)|-fapprox-func|-mrecip(=.*)?"
    r"|-ffp-contract=(?!off$).*|-ffp-model=(?!strict$).*|-fdenormal-fp-math=(?!ieee$).*"
    r"|-fsingle-precision-constant|-mdaz-ftz|-mfpmath=(?!sse$).*|-mpc(32|64)"
)


def exact(variable: str, flags: list[str]) -> list[str]:
    """The flags of an environment variable without those that would make arithmetic inexact."""
    refused = [flag for flag in flags if INEXACT.fullmatch(flag)]
    if refused:
        print(
            f"{variable}: {' '.join(refused)} left out: gradients need NaN, infinities, the sign "
            "of zero and exact rounding",
            flush=True,
        )
    kept = ["-O3" if flag == "-Ofast" else flag for flag in flags]
    return [flag for flag in kept if not INEXACT.fullmatch(flag)]


@functools.cache
def flags_of(variable: str) -> list[str]:
    """The exact flags in an environment variable."""
    return exact(variable, shlex.split(os.environ.get(variable, "")))


def compiler() -> list[str]:
    """The command of the C compiler: CC, or the one that Python was built with, or cc."""
    usual = shlex.split(sysconfig.get_config_var("CC") or "cc")[:1]
    return flags_of("CC") or (usual if shutil.which(usual[0]) else ["cc"])


def fail(text: str) -> NoReturn:
    sys.exit("\n" + text + "\n")


def check_python() -> None:
    """Exit if setup() would not even read pyproject.toml."""
    import setuptools

    if sys.platform == "win32":
        fail(NOT_HERE)
    if int(setuptools.__version__.split(".")[0]) < 77:
        fail(NO_MODULES.format("'setuptools>=77' numpy cffi"))


_checked: list[tuple[list[str], str]] = []


def check(command: list[str], include: str) -> None:
    """Exit, with what to do about it, if something is missing that compiling needs.

    Args:
        command: the compiler.
        include: the folder of Python.h.
    """
    if (command, include) in _checked:
        return
    if missing := [name for name in ("numpy", "cffi") if importlib.util.find_spec(name) is None]:
        fail(NO_MODULES.format(" ".join(missing)))
    if shutil.which(command[0]) is None:
        fail(NO_COMPILER.format(command[0]))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "smallest.c")
        source.write_text('#include <stdio.h>\nint main(void) { return puts("") < 0; }\n')
        done = _run([*command, str(source), "-o", str(source.with_suffix(""))])
        if done.returncode != 0:
            print(done.stdout, flush=True)
            fail(NO_C_LIBRARY.format(shlex.join(command)))
    if not Path(include, "Python.h").is_file():
        fail(NO_PYTHON_H.format(include, PYTHON))
    _checked.append((command, include))


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    return subprocess.run(command, stdout=pipe, stderr=both, text=True, errors="replace")


def call(command: list[str], what: str) -> None:
    """Run a command that makes `what`. What it prints comes in one piece, under one line: others
    run at the same time."""
    done = _run(command)
    failed = f"failed: {shlex.join(command)}\n" if done.returncode != 0 else ""
    print(f"{what}\n{done.stdout}{failed}", end="", flush=True)
    if failed:
        sys.exit(f"{what} was not made: see above")


# Files that do nothing but call, where what they call takes most of the time: under csrc/.
COLD = """
    arrange base/blas base/caches base/check base/levels base/plain base/profile contract custom
    edges einsum fork fuse/expr_turn fuse/jit/compile fuse/program_noted fuse/program_take joins
    ops/differences ops/distances ops/join ops/linalg_banded ops/linalg_det ops/linalg_eig
    ops/linalg_factor ops/linalg_ldl ops/linalg_norms ops/linalg_parts ops/linalg_qr
    ops/linalg_solve ops/linalg_spectral ops/losses ops/norms ops/order ops/rows ops/scatter_reduce
    ops/shapes ops/statistics python/module python/py_anomaly python/py_bodies_activations
    python/py_bodies_linalg python/py_bodies_module python/py_bodies_random python/py_bodies_scans
    python/py_checkpoint python/py_edges python/py_errors python/py_generator python/py_info
    python/py_interrupt python/py_missing python/py_numpy python/py_pickle python/py_profile
    python/py_saved python/py_saving python/py_size python/py_sparse python/py_type start
    tape/anomaly tape/call_check tape/checkpoint tape/function_rule tape/hooks tape/noted
    tape/patches tape/saving unload watch
""".split()
# What every operation goes through, and loops that gcc unrolls: there -O3 is worth its size.
HOT = """
    base/shape base/status base/thread compute/extremes compute/gemm compute/indexed
    compute/lines compute/matrices compute/mvec compute/optim compute/order compute/run
    compute/scan compute/softmax compute/standard compute/sum compute/sum_across
    compute/sum_kernels compute/sum_slide fuse/expr fuse/pending fuse/program fuse/program_group
    fuse/program_run ops/binary ops/entropy ops/index ops/product ops/reduce ops/select
    ops/unary ops/view python/py_args python/py_convert python/py_inplace python/py_number
    python/py_object python/py_tensor tape/apply tape/arrivals tape/cast tape/cut tape/deposit
    tape/dtypes tape/engine tape/facts tape/formula tape/inplace tape/node tape/node_saved
    tape/ready tape/request tape/rule tape/slots tensor/copy tensor/create tensor/guarded
    tensor/layout tensor/scope tensor/tensor
""".split()


@functools.cache
def takes(*flags: str) -> bool:
    """Whether the compiler makes a library with these flags, without a word."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "empty.c")
        source.write_text("int empty;\n")
        target = str(source.with_suffix(".so"))
        command = [*compiler(), "-Werror", *flags, "-fPIC", "-shared", str(source), "-o", target]
        done = _run(command)
    return done.returncode == 0 and not done.stdout.strip()


def optimised(source: Path, flags: list[str]) -> list[str]:
    """The flags that optimise a file, after the others: as csrc/README.md has measured them; none
    where somebody asks for others than ours."""
    if [flag for flag in flags if flag.startswith("-O")] != ["-O3"]:
        return []
    name = "/".join(source.with_suffix("").parts[1:])
    if name in HOT:
        return []
    if name in COLD or source.name == "_capi.c":
        return ["-Os"]
    vectors = ["-ftree-vectorize", "-fvect-cost-model=dynamic"]  # clang's -O2 makes them anyway
    lean = ["--param=vect-epilogues-nomask=0", "-falign-loops=1", "-falign-jumps=1"]
    return ["-O2", *(flag for flags in (vectors, lean) if takes(*flags) for flag in flags)]


def compile_one(command: list[str], source: Path, target: Path) -> None:
    """Make the object `target`, optimised as its source is worth."""
    call([*command, *optimised(source, command), str(source), "-o", str(target)], str(source))


def link_flags() -> list[str]:
    """Relocations in a tenth of the room, where glibc knows them, from 2.36; and LDFLAGS."""
    names = getattr(os, "confstr_names", {})
    said = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in names else None
    version = tuple(int(part) for part in re.findall(r"\d+", said or "")[:2])
    flag = "-Wl,-z,pack-relative-relocs"
    return [*([flag] if version >= (2, 36) and takes(flag) else []), *flags_of("LDFLAGS")]
