# SPDX-License-Identifier: MIT
"""The table of errors against PyTorch itself: that the words are the ones people know."""

from __future__ import annotations

from types import ModuleType

import pytest
from failures import FAILURES, Failure


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
def test_torch_says_the_same(failure: Failure, torch: ModuleType) -> None:
    with pytest.raises(failure.error) as caught:
        failure.call(torch)
    assert failure.fits(caught.value), str(caught.value)
