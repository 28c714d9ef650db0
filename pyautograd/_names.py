# SPDX-License-Identifier: MIT
"""What is said about names that are not there: why, where that is known, and which is near.

Imported by the first name that is not found. A test sees to it that none of these names exists.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

__all__ = ["no_attribute"]

_DTYPE = (
    "pyautograd has no dtype {name}: there are float64, int64 and bool. Leave the dtype out, or "
    "use float64 for numbers with a point and int64 for whole ones"
)
_CPU = "pyautograd computes on the CPU alone: there is nothing to move, leave {name} out"
_LINALG = "pyautograd has no linear algebra: {name} is not there. numpy.linalg has some of it"
_COMPLEX = "pyautograd has no complex numbers, and no {name}"
_SPARSE = "pyautograd has no sparse tensors, and no {name}: all elements are in memory"
_QUANTIZED = "pyautograd has no quantized tensors, and no {name}: numbers are float64"
_COMPILED = "pyautograd has no {name}: elementwise ops are fused and compiled as they are called"
_FILES = "pyautograd has no {name}: whole tensors are written by save and read by load"
_STORAGE = "pyautograd has no {name}: memory is reached through numpy() and data"
_ONE_BY_ONE = (
    "pyautograd has no {name}, which would call Python for each element: use functions of tensors"
)
_MODULES = "pyautograd.nn has no {name}: there are functions alone, in pyautograd.nn.functional"

# Of the module, of Tensor, of nn: reasons with the names that they are for.
_REASONS: dict[str, dict[str, str]] = {
    "pyautograd": {
        _DTYPE: """float32 float16 bfloat16 half int32 int16 int8 short uint8 uint16 uint32 uint64
            complex32 complex64 complex128 cfloat cdouble chalf quint8 qint8 qint32""",
        _CPU: "cuda mps xpu mtia accelerator backends get_device synchronize",
        _LINALG: """linalg matmul mm bmm mv dot vdot inner einsum tensordot addmm addmv addbmm
            baddbmm addr chain_matmul cross cholesky svd qr lu det logdet slogdet inverse pinverse
            matrix_exp matrix_power lstsq eig symeig lobpcg triangular_solve""",
        _COMPLEX: "complex polar view_as_complex view_as_real real imag conj angle fft stft istft",
        _SPARSE: "sparse sparse_coo_tensor sparse_csr_tensor hspmm smm",
        _QUANTIZED: "quantize_per_tensor quantize_per_channel dequantize quantization ao",
        _COMPILED: "compile jit",
        "pyautograd has no {name}: write tensor(data, dtype=float64)": """FloatTensor DoubleTensor
            HalfTensor BFloat16Tensor""",
        "pyautograd has no {name}: write tensor(data, dtype=int64)": """LongTensor IntTensor
            ShortTensor CharTensor ByteTensor""",
        "pyautograd has no {name}: write tensor(data, dtype=bool)": "BoolTensor",
        "pyautograd has no {name}: set_default_dtype says what numbers become":
            "set_default_tensor_type",
        "pyautograd has no {name}: numbers are float64 throughout": "autocast amp",
        "pyautograd has no {name}: no_grad does what it is needed for": """inference_mode
            is_inference_mode_enabled""",
        "pyautograd has no {name}: results are the same at any number of threads":
            "use_deterministic_algorithms are_deterministic_algorithms_enabled",
        "pyautograd has no {name}: write grad of autograd, or backward of a tensor": "func vmap",
        "{name} is NumPy's name: here it is tensor": "array",
        "{name} is NumPy's name: here it is Tensor": "ndarray",
        "{name} is NumPy's name: here it is pow": "power",
        "{name} is NumPy's name: here it is unsqueeze": "expand_dims",
        "{name} is NumPy's name: here it is mean": "average",
        "{name} is NumPy's name: here it is nonzero": "flatnonzero",
        "{name} is NumPy's name: here it is amax": "nanmax",
        "{name} is NumPy's name: here it is cat": "append",
    },
    "Tensor": {
        "tensors have no {name}: dtypes are float64, int64 and bool": """half bfloat16 short char
            byte cfloat cdouble chalf""",
        "tensors have no {name}: they are in the CPU's memory, leave {name} out": """cuda xpu ipu
            mtia pin_memory is_pinned record_stream get_device""",
        "tensors have no {name}: there is no linear algebra": """matmul mm bmm mv dot vdot inner
            addmm addmv addbmm baddbmm addr cross cholesky svd qr lu det logdet slogdet inverse
            pinverse matrix_exp matrix_power lstsq""",
        "tensors have no {name}: there are no complex numbers": "imag angle",
        "tensors have no {name}: all are dense": """to_sparse to_sparse_coo to_sparse_csr coalesce
            indices values to_dense sparse_mask""",
        "tensors have no {name}: there are no quantized numbers": "dequantize int_repr q_scale",
        "tensors have no {name}: memory is reached through numpy() and data": """storage
            untyped_storage set_ share_memory_""",
        "tensors have no {name}, which would call Python for each element: use functions of "
        "tensors": "apply_ map_",
        "tensors have no {name}: NumPy's astype is to(dtype)": "astype",
        "tensors have no {name}: NumPy's copy is clone()": "copy",
    },
    "pyautograd.autograd": {
        "{name} is in pyautograd.testing": "gradcheck gradgradcheck",
        "there is no {name}: tensors that are made with requires_grad=True record": "Variable",
        "pyautograd.autograd has no {name}: messages of errors name the ops": """detect_anomaly
            set_detect_anomaly""",
    },
    "pyautograd.nn": {
        _MODULES: """Module Parameter Sequential ModuleList ModuleDict ParameterList Linear Bilinear
            Identity Embedding ReLU LeakyReLU GELU SiLU Sigmoid Tanh Softmax LogSoftmax Softplus
            Dropout LayerNorm RMSNorm BatchNorm1d BatchNorm2d MSELoss L1Loss CrossEntropyLoss
            NLLLoss BCELoss BCEWithLogitsLoss Flatten Conv1d Conv2d init utils parameter""",
    },
    "pyautograd.nn.functional": {
        "pyautograd.nn.functional has no {name}: there is no linear algebra": """linear bilinear
            conv1d conv2d conv3d scaled_dot_product_attention multi_head_attention_forward""",
    },
}  # fmt: skip


def _texts(owner: str) -> dict[str, str]:
    return {name: text for text, names in _REASONS.get(owner, {}).items() for name in names.split()}


def no_attribute(owner: str, name: str, names: Iterable[str] = ()) -> AttributeError:
    """The error of a name that `owner` (a module by its name, or "Tensor") does not have, where
    `names` are those that it has."""
    text = f"'{owner}' object" if owner == "Tensor" else f"module {owner!r}"
    text += f" has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(text)
    reason = _texts(owner).get(name)
    if reason is not None:
        return AttributeError(reason.format(name=name))
    elsewhere = _elsewhere(owner, name)
    if elsewhere is not None:
        return AttributeError(f"{text}: {elsewhere}")
    near = _near(name, names)
    return AttributeError(text if near is None else f"{text}. Did you mean {near!r}?")


def _elsewhere(owner: str, name: str) -> str | None:
    """Where the same name is found, of those places in which people look for each other's."""
    import pyautograd

    for place in ("pyautograd", "pyautograd.nn.functional", "pyautograd.autograd"):
        if place != owner and name in importlib.import_module(place).__all__:
            return f"there is {place}.{name}"
    if hasattr(pyautograd.Tensor, name):
        return f"there is Tensor.{name}"
    return None


def _near(name: str, names: Iterable[str]) -> str | None:
    """The name that is most like this one, if one is: of as many letters but two, and with the same
    first one, so that not all need be looked at."""
    import difflib

    some = [n for n in names if n[0] == name[0] and abs(len(n) - len(name)) <= 2]
    found: list[Any] = difflib.get_close_matches(name, some, 1, 0.75)
    return found[0] if found else None
