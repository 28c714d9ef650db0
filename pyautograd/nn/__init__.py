# SPDX-License-Identifier: MIT
"""What networks are made of, under PyTorch's names: functions in `pyautograd.nn.functional`, and a
few modules, loaded when first asked for.

Example:
    >>> import pyautograd as ag
    >>> from pyautograd import nn
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    >>> model(ag.zeros(5, 2)).shape
    pyautograd.Size([5, 1])
"""

from __future__ import annotations

from typing import Any

from . import functional as functional

_FILES = ("init", "parameter", "utils")
_MODULES = """
    BCELoss BCEWithLogitsLoss Bilinear CELU CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss
    Dropout ELU Embedding Flatten GELU GLU GaussianNLLLoss GroupNorm Hardshrink Hardsigmoid
    Hardswish Hardtanh HingeEmbeddingLoss HuberLoss Identity KLDivLoss L1Loss LayerNorm LeakyReLU
    Linear LogSigmoid LogSoftmax MSELoss MarginRankingLoss Mish ModuleDict ModuleList
    MultiLabelSoftMarginLoss NLLLoss PReLU PairwiseDistance ParameterList PoissonNLLLoss RMSNorm
    RReLU ReLU ReLU6 SELU Sequential SiLU Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmin
    Softplus Softshrink Softsign Tanh Tanhshrink Threshold TripletMarginLoss
""".split()

__all__ = sorted(["Module", "Parameter", "functional", *_FILES, *_MODULES])  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    import importlib

    if name in _FILES:
        return importlib.import_module("." + name, __name__)
    if name in _MODULES or name in ("Module", "Parameter"):
        value = getattr(importlib.import_module(".layers", __name__), name)
        globals()[name] = value
        return value
    from .._names import no_attribute

    raise no_attribute(__name__, name, __all__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
