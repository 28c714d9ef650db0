"""Benchmarks of pyautograd against PyTorch, NumPy, jax and HIPS autograd.

Run them from the checkout, with pyautograd installed: ``python -m benchmarks``, whose ``--help``
lists them. Every rival runs in the same process, its rounds interleaved with ours; a rival that is
not installed is left out and named.

A benchmark is a module whose name has no underscore, with a function ``plan`` that returns its
tables. What they share, in the order of a run: `_arguments`, `_rivals`, `_plan`, `_progress`,
`_timing` (the clock) or `_process` (new interpreters), `_busy`, `_report`, `_summary`; `_table` and
`_figures` put words and numbers in order. `compare` reads what two runs wrote.
"""
