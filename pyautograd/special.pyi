# SPDX-License-Identifier: MIT
# Types of pyautograd.special: `make stubs` writes all of this file.

from ._core import erf as erf
from ._core import erfc as erfc
from ._core import erfinv as erfinv
from ._core import exp2 as exp2
from ._core import expm1 as expm1
from ._core import log1p as log1p
from ._core import log_softmax as log_softmax
from ._core import logit as logit
from ._core import logsumexp as logsumexp
from ._core import round as round
from ._core import sigmoid as _sigmoid
from ._core import sinc as sinc
from ._core import softmax as softmax
from ._core import xlogy as xlogy

__all__: list[str]
expit = _sigmoid

