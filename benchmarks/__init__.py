"""Benchmarks of pyautograd against PyTorch, NumPy, jax and HIPS autograd.

Run them from the checkout, with pyautograd installed: ``python -m benchmarks``. Every rival runs
in the same process, its rounds interleaved with ours; a rival that is not installed is left out
and named. The last columns are ratios: how many times the rival's time (or memory) ours is.
"""
