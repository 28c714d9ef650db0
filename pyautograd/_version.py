# SPDX-License-Identifier: MIT
"""The version: setup.py and the package take it from here, C from the public header's AG_VERSION.

tests/test_build.py holds the two equal.
"""

__version__ = "0.1.0"
