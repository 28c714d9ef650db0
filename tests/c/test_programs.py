# SPDX-License-Identifier: MIT
"""Programs that embed the library: against the shared library and against the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from header import declared_functions

import pyautograd
from cc import (
    COMPILERS,
    INCLUDE,
    LIBRARY,
    ROOT,
    SANITIZE,
    compile_and_run,
    environment,
    link,
    run,
    sanitizer_flags,
)
from support import plain_build_only

HERE = Path(__file__).resolve().parent
CSRC = ROOT / "csrc"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_embedding_program(compiler: str, tmp_path: Path) -> None:
    program = tmp_path / "embed"
    link(compiler, HERE / "embed_test.c", program, "-std=c11", "-O1")
    assert f"0 failures, version {pyautograd.__version__}" in run([str(program)])


# What both compilers tell of; the others gcc alone.
INEXACT = ["-ffast-math", "-Ofast", "-ffinite-math-only"]
INEXACT_GCC = """
-funsafe-math-optimizations
-freciprocal-math
-fno-signed-zeros
-fassociative-math -fno-signed-zeros -fno-trapping-math
""".strip().splitlines()


@pytest.mark.parametrize("compiler", COMPILERS)
def test_inexact_arithmetic_is_refused(compiler: str, tmp_path: Path) -> None:
    source = tmp_path / "program.c"
    source.write_text(f'#include "{CSRC / "base" / "config.h"}"\n')
    for flags in INEXACT + (INEXACT_GCC if compiler == "gcc" else []):
        command = [compiler, *flags.split(), "-fsyntax-only", str(source)]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True)
        assert done.returncode != 0, flags
        assert "compile it without -ffast-math" in done.stderr, flags
    run([compiler, "-O3", "-fno-math-errno", "-fno-trapping-math", "-fsyntax-only", str(source)])


@pytest.mark.parametrize("standard", ["c++11", "c++20"])
def test_header_in_cpp(standard: str, tmp_path: Path) -> None:
    program = tmp_path / "cpp"
    link("g++", HERE / "header_is_cpp.cpp", program, f"-std={standard}")
    assert f"version {pyautograd.__version__}" in run([str(program)])


def test_example_of_the_header(tmp_path: Path) -> None:
    """The program in the header's overview prints the gradient that its comment gives."""
    overview = (INCLUDE / "pyautograd.h").read_text().split("*/")[0]
    lines = [line[7:] for line in overview.splitlines() if re.match(r" \*(     |$)", line)]
    text = "\n".join(lines)
    example = text[text.index("#include") :]
    x = pyautograd.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x * x.sin()).sum().backward()
    assert compile_and_run(example, tmp_path).split() == [f"{g:.6f}" for g in x.grad.tolist()]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_what_c_alone_reaches(compiler: str, tmp_path: Path) -> None:
    program = tmp_path / "ops"
    flags = ("-std=c11", "-O1", "-D_POSIX_C_SOURCE=200809L")
    link(compiler, HERE / "ops_test.c", program, *flags)
    assert run([str(program)]).endswith(" 0 failures\n")


@pytest.mark.parametrize("name", ["optim", "hooks", "function", "copy_on_write", "profile"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_programs_without_arguments(compiler: str, name: str, tmp_path: Path) -> None:
    program = tmp_path / name
    link(compiler, HERE / f"{name}_test.c", program, "-std=c11", "-O1")
    assert run([str(program)]) == "0 failures\n"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_saved_hooks(compiler: str, tmp_path: Path) -> None:
    program = tmp_path / "saving"
    link(compiler, HERE / "saving_test.c", program, "-std=c11", "-O1")
    assert run([str(program)]) == "0 failures\n"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_which_blas(compiler: str, tmp_path: Path) -> None:
    """With the library that NumPy has loaded."""
    maps = Path("/proc/self/maps").read_text()
    libraries = re.findall(r"/\S*/lib[^/\s]*blas[^/\s]*\.so\S*", maps)
    if not libraries:
        pytest.skip("NumPy has its BLAS in no library of its own")
    program = tmp_path / "blas"
    link(compiler, HERE / "blas_test.c", program, "-std=c11", "-O1")
    assert run([str(program)], TEST_BLAS=libraries[0]) == "0 failures\n"


MISUSES = {"misuse_null_test": 800, "misuse_test": 20_000}  # calls, at least


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", MISUSES)
def test_misuse_is_refused(name: str, compiler: str, tmp_path: Path) -> None:
    program = tmp_path / name
    link(compiler, HERE / f"{name}.c", program, "-std=c11", "-O1")
    calls = re.fullmatch(r"(\d+) calls refused, 0 failures\n", run([str(program)]))
    assert calls is not None
    assert int(calls[1]) > MISUSES[name]


def test_every_function_is_misused() -> None:
    """Whatever takes a pointer, a size or a flag is called wrongly in one of the programs."""
    header = (INCLUDE / "pyautograd.h").read_text()
    declared = re.findall(r"^AG_API [^;]*?\b(ag_\w+)\(([^;]*)\);", header, re.M)
    declared = [(name, arguments) for name, arguments in declared if "##" not in name]
    assert len(declared) > 60
    free = {"ag_scalar", "ag_number", "ag_manual_seed", "ag_set_grad_enabled", "ag_set_serialised"}
    free |= {"ag_set_cache_limit", "ag_generator_new"}  # any number is a limit, and a seed
    free |= {"ag_integer", "ag_boolean", "ag_set_anomaly_enabled", "ag_set_copy_on_write"}
    taking = {name for name, arguments in declared if arguments != "void"} - free
    names = [*(f"{name}.c" for name in MISUSES), "blas_test.c"]
    texts = "".join((HERE / name).read_text() for name in names)
    called = set(re.findall(r"\b(ag_\w+)\(", texts))
    in_place = {f"ag_{name}_" for name in ("add", "sub", "mul", "div", "pow", "copy")}
    assert taking - called - in_place == set()


def test_threads_side_by_side(tmp_path: Path) -> None:
    program = tmp_path / "threads"
    link(COMPILERS[0], HERE / "threads_test.c", program, "-std=c11", "-O1")
    assert run([str(program)]).endswith("0 failures\n")


def test_every_allocation_of_the_library_can_fail(tmp_path: Path) -> None:
    """With the library under test: that of a coverage build has the pool and the cache, too."""
    try:
        pyautograd._core._fail_allocation(0)
    except ValueError:
        pytest.skip("allocations can be failed in builds for testing and coverage only")
    program = tmp_path / "oom"
    link(COMPILERS[0], HERE / "oom_test.c", program, "-std=c11", "-O1")
    assert run([str(program)]).endswith("\n0 failures\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@plain_build_only
@pytest.mark.skipif(SANITIZE != "", reason="a sanitizer keeps what is freed, for a while")
def test_unloading_leaves_nothing(tmp_path: Path) -> None:
    """When the cache stayed, each time that the library was closed left 16 MB of each thread."""
    program = tmp_path / "unload"
    link("gcc", HERE / "unload_test.c", program, "-std=c11", "-D_GNU_SOURCE", library=False)
    printed = run([str(program), str(LIBRARY), "close"], PYAUTOGRAD_NUM_THREADS="3")
    grown, threads = map(int, re.findall(r"-?\d+", printed))
    assert grown < 16_000, printed  # malloc keeps some
    assert threads == 0
    for _ in range(5):
        run([str(program), str(LIBRARY), "exit"], PYAUTOGRAD_NUM_THREADS="3")


@pytest.mark.skipif(SANITIZE != "", reason="a sanitizer's library exports and needs its own")
def test_library_exports_its_api_and_nothing_else() -> None:
    """Whatever the shared library shows the world begins with ag_, and it needs no Python."""
    if shutil.which("nm") is None or LIBRARY.suffix != ".so":
        pytest.skip("reads ELF files with nm and readelf")
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", str(LIBRARY)], check=True, capture_output=True, text=True
    ).stdout
    names = {line.split()[-1].split("@")[0] for line in symbols.splitlines()}
    if "__gcov_master" in names:
        pytest.skip("a build that counts coverage shows what counts, too")
    assert {name for name in names if not name.startswith("ag_")} == set()
    assert names == declared_functions(INCLUDE)
    dynamic = subprocess.run(
        ["readelf", "-d", str(LIBRARY)], check=True, capture_output=True, text=True
    ).stdout
    assert "libpython" not in dynamic


# ---- the core compiled in ------------------------------------------------------------------------


# The standards that differ: gcc contracts with GNU extensions alone, clang always.
ONE_FILE = {
    f"{compiler}{standard}": (compiler, standard)
    for compiler in COMPILERS
    for standard in ("-std=c11", "-std=gnu11")
    if compiler != "clang" or standard == "-std=c11"
}
PLAIN = [name for name, (_, standard) in ONE_FILE.items() if standard == "-std=c11"]
SANITIZED = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
RACES = ["-std=c11", "-O1", "-g", "-DAG_TESTING", "-fsanitize=thread"]


def commands() -> dict[str, list[str]]:
    """How the object of all.c is made under each name, but for the files' names.

    With nothing but a standard and -O2; with allocations that can be failed, for a program that is
    sanitized too; under the thread sanitizer.
    """
    strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", *sanitizer_flags()]
    made = {name: [*pair, "-O2", *strict] for name, pair in ONE_FILE.items()}
    made["failing"] = ["gcc", "-std=c11", "-O1", "-DAG_TESTING", *SANITIZED]
    made["races"] = ["gcc", *RACES]
    return made


def core_of(item: pytest.Item) -> str | None:
    """The core that a test of this file asks for."""
    if item.path != Path(__file__) or not hasattr(item, "callspec"):
        return None
    name: str | None = item.callspec.params.get("core")
    return name


def can_find_races() -> bool:
    if shutil.which("gcc") is None:
        return False
    return run(["gcc", "-print-file-name=libtsan.so"]).strip() != "libtsan.so"


Cores = Callable[[str], Path]


@pytest.fixture(scope="module", autouse=True)
def cores(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cores]:
    """The object of all.c by its name. Those that tests will ask for by a parameter `core` are
    compiled beside each other, as many as there are CPUs, while the tests before them run."""
    folder = tmp_path_factory.mktemp("cores")
    wanted = {core_of(item) for item in request.session.items}

    def compiled(name: str, command: list[str]) -> Path:
        target = folder / f"{name}.o"
        run([*command, "-c", str(CSRC / "all.c"), "-o", str(target)])
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {
            name: pool.submit(compiled, name, command)
            for name, command in commands().items()
            if name in wanted
        }
        yield lambda name: futures[name].result()
        for future in futures.values():
            future.cancel()


def build_with(core: Path, command: list[str], source: Path, target: Path) -> None:
    """A program of its source and the core's object."""
    include = f"-I{CSRC / 'include'}"
    run([*command, include, str(source), str(core), "-o", str(target), "-lm", "-pthread"])


def build_in_one(source: Path, name: str, cores: Cores, target: Path) -> None:
    build_with(cores(name), [*ONE_FILE[name], "-O2", *sanitizer_flags()], source, target)


@pytest.mark.compiles_core
@pytest.mark.parametrize("core", PLAIN)
def test_one_file_build(core: str, cores: Cores, tmp_path: Path) -> None:
    program = tmp_path / "embed"
    build_in_one(HERE / "embed_test.c", core, cores, program)
    assert f"0 failures, version {pyautograd.__version__}" in run([str(program)])


@plain_build_only
@pytest.mark.compiles_core
@pytest.mark.parametrize("core", ONE_FILE)
def test_one_file_build_has_the_bits_of_the_library(
    core: str, cores: Cores, tmp_path: Path
) -> None:
    """Without any of the build's flags. Contracted, five of these results have other bits."""
    source, linked, program = HERE / "bits_test.c", tmp_path / "linked", tmp_path / "one"
    link(ONE_FILE[core][0], source, linked, "-std=c11")
    build_in_one(source, core, cores, program)
    expected = run([str(linked)]).splitlines()
    assert len(expected) > 1000
    found = run([str(program)]).splitlines()
    assert [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]] == []


@pytest.mark.compiles_core
@pytest.mark.parametrize("core", ["failing"])
@pytest.mark.parametrize("name", ["oom_test", "oom_retry_test"])
def test_every_allocation_can_fail(name: str, core: str, cores: Cores, tmp_path: Path) -> None:
    program = tmp_path / name
    command = ["gcc", "-std=c11", "-O1", *SANITIZED]
    build_with(cores(core), command, HERE / f"{name}.c", program)
    leaks = "detect_leaks=1:allocator_may_return_null=1"
    assert run([str(program)], ASAN_OPTIONS=leaks).endswith("\n0 failures\n")


@pytest.mark.compiles_core
@pytest.mark.skipif(not can_find_races(), reason="needs gcc's thread sanitizer")
@pytest.mark.parametrize("core", ["races"])
def test_threads_side_by_side_without_races(core: str, cores: Cores, tmp_path: Path) -> None:
    """Under the thread sanitizer, which sees kernels alone at memory, and with machine code."""
    program = tmp_path / "threads"
    build_with(cores(core), ["gcc", *RACES], HERE / "threads_test.c", program)
    for machine_code in ("0", "1"):
        environment = {"TSAN_OPTIONS": "die_after_fork=0", "PYAUTOGRAD_JIT": machine_code}
        assert run([str(program), "1500"], **environment).endswith("0 failures\n")
