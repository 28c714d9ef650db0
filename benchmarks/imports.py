"""How long the import takes, in new interpreters that already have NumPy."""

from __future__ import annotations

from benchmarks import _rivals, _timing
from benchmarks._report import Options, Report

TITLE = "import of each, NumPy imported before (and NumPy's own), in new interpreters"


def run(libraries: _rivals.Libraries, options: Options, report: Report) -> None:
    """Time the imports in turns."""
    sides: dict[str, tuple[str, ...]] = {}
    for name in libraries.chosen(_rivals.OURS, "torch", "numpy", "jax", "autograd"):
        sides[name] = (name,) if name == "numpy" else (name, "numpy")
    if options.quick:
        sides = {name: sides[name] for name in sides if name in (_rivals.OURS, "numpy")}
    report.begin("imports", TITLE, list(sides), 16)
    report.row("import", _timing.interleave_imports(sides, options.effort))
