# SPDX-License-Identifier: MIT
"""The version. setup.py, the package and the C library take it from here."""

__version__ = "0.1.0"
