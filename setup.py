# SPDX-License-Identifier: MIT
"""Builds the three binaries of the package; pyproject.toml has the rest.

libpyautograd   the core, no Python in it, installed with its header
_core           the native module, linked to libpyautograd
_capi           the cffi module, declarations taken from the header, linked to libpyautograd

Switches, all environment variables, off unless set and not 0:
    PYAUTOGRAD_DEBUG      -O0 and assertions
    PYAUTOGRAD_SANITIZE   1: address and undefined behaviour; or a list for -fsanitize=
    PYAUTOGRAD_TESTING    the mean build: assertions, tiny sizes, allocations that can be failed
    PYAUTOGRAD_COVERAGE   gcov, and allocations that can be failed
    PYAUTOGRAD_WERROR     warnings are errors
    CC, CFLAGS, LDFLAGS   the compiler, and flags after ours; none that make arithmetic inexact
"""

import hashlib
import os
import runpy
import shutil
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

CSRC = Path("csrc")
CORE = sorted({*CSRC.rglob("*.c")} - {*CSRC.glob("python/*.c"), CSRC / "all.c"})
NATIVE = sorted((CSRC / "python").glob("*.c"))
INCLUDE = CSRC / "include"
HEADERS = sorted(p.relative_to(INCLUDE) for p in INCLUDE.rglob("*.*"))
MAC = sys.platform == "darwin"
RPATH = "@loader_path" if MAC else "$ORIGIN"
LIBRARY = "libpyautograd.dylib" if MAC else "libpyautograd.so"
NAMES = ("DEBUG", "SANITIZE", "TESTING", "COVERAGE", "WERROR")
SWITCHES = {n: v for n in NAMES if (v := os.environ.get("PYAUTOGRAD_" + n, "")) not in ("", "0")}
WARNINGS = ["-Wall", "-Wextra", "-Wmissing-prototypes", "-Wstrict-prototypes", "-Wshadow", "-Wvla"]
WARNINGS += ["-Werror"] if "WERROR" in SWITCHES else []
CHECK = SimpleNamespace(**runpy.run_path("csrc/_build_check.py"))
PACKING = SimpleNamespace(**runpy.run_path("csrc/_packing.py"))


def instrumentation():
    """Flags that the compiler and the linker must both see."""
    # Counted atomically: what threads count beside each other comes out negative at times.
    flags = ["--coverage", "-fprofile-update=atomic"] if "COVERAGE" in SWITCHES else []
    if sanitizers := SWITCHES.get("SANITIZE"):
        kinds = "address,undefined" if sanitizers == "1" else sanitizers
        flags += [f"-fsanitize={kinds}", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    return flags


def compile_flags():
    """What every object is compiled with."""
    flags = ["-std=c11", "-D_GNU_SOURCE", "-fPIC", "-fvisibility=hidden", "-pthread"]
    flags += ["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
    flags += [] if MAC else ["-fno-semantic-interposition", "-fno-plt", "-falign-functions=64"]
    slow = "-O0 -g" if "DEBUG" in SWITCHES else "-O1 -g"
    fast = "-O3" if MAC else "-O3 -fno-asynchronous-unwind-tables"  # no exception passes through C
    flags += (slow if SWITCHES.keys() & {"DEBUG", "SANITIZE", "COVERAGE"} else fast).split()
    flags += [f"-DAG_{name}" for name in ("DEBUG", "TESTING", "COVERAGE") if name in SWITCHES]
    flags += ["-DAG_PLAIN_ALLOC"] if "SANITIZE" in SWITCHES else []  # the tool sees each misuse
    flags += instrumentation() + CHECK.flags_of("CFLAGS")
    return [*flags, f'-DAG_FLAGS="{" ".join(flags)}"']


class CheckedBuild(build):
    """Looks for what is missing before anything else is done, and printed."""

    def run(self):
        CHECK.check(CHECK.compiler(), sysconfig.get_path("include"))
        super().run()


class Wheel(bdist_wheel):
    """Compressed as well as can be."""

    def run(self):
        super().run()
        PACKING.press(Path(self.distribution.dist_files[-1][2]))


class Build(build_ext):
    """Compiles what is out of date, links, and leaves a plain build in the checkout as well, since
    `python -m` puts the checkout in front of what is installed. Names stay in the checkout's."""

    def run(self):
        super().run()
        plain, made = SWITCHES.keys() <= {"WERROR"}, self.get_output_mapping()
        for built, source in made.items() if self.inplace or plain else ():
            Path(source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(built, source + ".new")
            os.replace(source + ".new", source)  # never write into a library in use
        PACKING.strip([n for n in made if plain and not self.inplace], compile_flags())

    def get_output_mapping(self):
        names = [LIBRARY, *(f"include/{header}" for header in HEADERS)]
        names += [Path(self.get_ext_filename(ext.name)).name for ext in self.extensions]
        return {str(Path(self.build_lib, "pyautograd", n)): f"pyautograd/{n}" for n in names}

    def get_outputs(self):
        return list(self.get_output_mapping())

    def copy_extensions_to_source(self):
        """Nothing: run() does it, for the library and the headers too."""

    def build_extensions(self):
        CHECK.check(CHECK.compiler(), sysconfig.get_path("include"))  # without `build` before
        import numpy

        package = Path(self.build_lib, "pyautograd")
        PACKING.copy_headers(INCLUDE, package / "include")
        name = [f"-Wl,-soname,{LIBRARY}", "-Wl,-Bsymbolic-functions"]
        name = ["-dynamiclib", f"-Wl,-install_name,@rpath/{LIBRARY}"] if MAC else ["-shared", *name]
        self.link(package / LIBRARY, self.compile(CORE, WARNINGS), [*name, "-lm"])

        generated = Path(self.build_temp, "_capi.c")
        emit = runpy.run_path("csrc/_capi_build.py")["emit"]
        emit(INCLUDE / "pyautograd.h", CHECK.compiler(), generated)
        flags = [f"-isystem{p}" for p in (sysconfig.get_path("include"), numpy.get_include())]
        flags += ["-I", str(INCLUDE)]
        kind = ["-bundle", "-undefined", "dynamic_lookup"] if MAC else ["-shared"]
        kind += [f"-L{package}", "-lpyautograd", "-Wl,-rpath," + RPATH]
        native, capi = (Path(self.get_ext_fullpath(ext.name)) for ext in self.extensions)
        self.link(native, self.compile(NATIVE, WARNINGS + flags), kind)
        self.link(capi, self.compile([generated], flags), kind)

    def compile(self, sources, flags):
        """Objects of sources; those newer than all that they could be made from are kept."""
        command = [*CHECK.compiler(), *compile_flags(), *flags, "-c"]
        place = Path(self.build_temp, hashlib.sha256(repr(command).encode()).hexdigest()[:12])
        place.mkdir(parents=True, exist_ok=True)
        inputs = [Path("setup.py"), *CSRC.rglob("*.h"), *CSRC.rglob("*.def"), Path(CHECK.__file__)]
        newest = max(path.stat().st_mtime for path in inputs)

        def compile_one(source):
            target = place / str(source).replace("/", "_").replace(".c", ".o")
            if not target.exists() or target.stat().st_mtime < max(newest, source.stat().st_mtime):
                CHECK.compile_one(command, source, target)
            return str(target)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(compile_one, sources))

    def link(self, target, objects, flags):
        ours = ["-pthread", *instrumentation(), *CHECK.link_flags()]
        CHECK.call([*CHECK.compiler(), *objects, "-o", str(target), *flags, *ours], target.name)


CHECK.check_python()
setup(
    ext_modules=[Extension("pyautograd._core", []), Extension("pyautograd._capi", [])],
    cmdclass={"build": CheckedBuild, "build_ext": Build, "bdist_wheel": Wheel},
)
