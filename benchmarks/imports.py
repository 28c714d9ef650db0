"""How long the import takes, in new interpreters that already have NumPy."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import _rivals, _timing
from benchmarks._plan import Options, Row, Step, Table

TITLE = "import of each, NumPy imported before (and NumPy's own), in new interpreters"
SECONDS_OF_ROUND = 1.5  # of all sides together, about


def _sides(libraries: _rivals.Libraries, quick: bool) -> dict[str, tuple[str, ...]]:
    """Return for each side what is imported, and what before."""
    names = (_rivals.OURS, "numpy") if quick else (_rivals.OURS, *_rivals.RIVALS)
    present = libraries.chosen(*names)
    return {name: (name,) if name == "numpy" else (name, "numpy") for name in present}


def plan(libraries: _rivals.Libraries, options: Options) -> list[Table]:
    """One row: the imports in turns."""

    def run() -> Iterator[Row]:
        sides = _sides(libraries, options.quick)
        yield Row("import", _timing.interleave_imports(sides, options.effort))

    turns = options.effort.rounds_of(SECONDS_OF_ROUND * 1e9) + 1
    seconds = turns * SECONDS_OF_ROUND
    return [Table(TITLE, [Step("import", run, seconds)])]
