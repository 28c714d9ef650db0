"""The libraries that are compared: which are here, which not and why, and their threads."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OURS = "pyautograd"
RIVALS = ("torch", "numpy", "jax", "autograd")
LIKE_TORCH = (OURS, "torch")  # the sides whose source text is the same

CHECKOUT = Path(__file__).resolve().parent.parent


def prefer_installed() -> None:
    """Let the installed pyautograd win over the sources of the checkout.

    ``python -m`` puts the current directory first in the search path, and the sources there have
    no compiled part unless they were built in place.
    """
    here = [entry for entry in sys.path if Path(entry or ".").resolve() == CHECKOUT]
    if here:
        sys.path[:] = [entry for entry in sys.path if entry not in here] + [str(CHECKOUT)]


@dataclass
class Libraries:
    """The modules found, in the order of the columns, and the reasons for those left out."""

    modules: dict[str, Any] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def chosen(self, *names: str) -> dict[str, Any]:
        """Return the modules among ``names`` that are here."""
        return {name: self.modules[name] for name in names if name in self.modules}

    def only(self, *names: str) -> Libraries:
        """Return those among ``names`` that are here, as a whole."""
        return Libraries(self.chosen(*names))

    def versions(self) -> dict[str, str]:
        """Return the version of each library found."""
        return {name: version(name) for name in self.modules}


def version(name: str) -> str:
    """Return the version of an imported module: its own word, else its distribution's."""
    said = getattr(sys.modules.get(name), "__version__", None)
    if said is not None:
        return str(said)  # a distribution of that name may be another project's
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def find(rivals: Sequence[str] = RIVALS) -> Libraries:
    """Import pyautograd and those of ``rivals`` that are installed.

    Raises ImportError if pyautograd itself is missing: there is nothing to compare then.
    """
    found = Libraries()
    found.modules[OURS] = importlib.import_module(OURS)
    for name in RIVALS:
        if name not in rivals:
            found.skipped[name] = "not asked for"
            continue
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            found.skipped[name] = f"not installed ({error})"
            continue
        if name == "jax":
            module.config.update("jax_enable_x64", True)
        found.modules[name] = module
    return found


def is_build(folder: Path) -> bool:
    """Tell whether a compiled pyautograd lies in a folder, a checkout or what a build made."""
    return any((folder / OURS).glob("_core.*.so"))


def check_build(module: Any, folder: Path) -> None:
    """Raise ImportError unless ``module`` was imported from ``folder``."""
    if not Path(module.__file__).resolve().is_relative_to(folder.resolve()):
        raise ImportError(f"pyautograd came from {module.__file__}, not from {folder}")


def all_threads() -> int:
    """Return the number of CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def threads(libraries: Libraries, count: int) -> Generator[None]:
    """Give ours and torch ``count`` threads each inside the block."""
    sides = libraries.chosen(*LIKE_TORCH)
    before = {name: module.get_num_threads() for name, module in sides.items()}
    try:
        for module in sides.values():
            module.set_num_threads(count)
        yield
    finally:
        for name, module in sides.items():
            module.set_num_threads(before[name])


def jax_is_single_threaded() -> bool:
    """Tell whether jax, whose threads are settled when it starts, was given one only."""
    return all_threads() == 1 or "intra_op_parallelism_threads=1" in os.environ.get("XLA_FLAGS", "")


def fits_threads(name: str, count: int) -> bool:
    """Tell whether a rival's own threads make it a fair side at ``count`` threads.

    NumPy and HIPS autograd compute elementwise with one thread; jax takes all it finds.
    """
    if name in LIKE_TORCH:
        return True
    if name == "jax":
        return (count == 1) == jax_is_single_threaded()
    return count == 1


def configuration(module: Any) -> str:
    """Return what ``show_config()`` of pyautograd tells: CPU level, compiler and flags."""
    return str(module.show_config()).rstrip()
