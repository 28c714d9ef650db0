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
    "the dtypes are float64, int64 and bool. Leave the dtype out, or use float64 for numbers with "
    "a point and int64 for whole ones"
)
_CPU = "everything is computed on the CPU, so that there is nothing to move"
_LINALG = "it is a function of the module linalg"
_COMPLEX = "there are no complex numbers"
_SPARSE = (
    "there are no sparse tensors: all elements are in memory. A constant matrix of scipy.sparse "
    "times a tensor is A @ x"
)
_QUANTIZED = "there are no quantized tensors: numbers are float64"
_COMPILED = "elementwise ops are fused and compiled as they are called"
_FILES = "whole tensors are written by save and read by load"
_STORAGE = "memory is reached through numpy() and data"
_ONE_BY_ONE = "a call of Python for each element would take long. Use functions of tensors"
_MODULES = "there are a few modules alone, beside the functions in pyautograd.nn.functional"
_NUMPY = "in NumPy it has this name, here it is "

# Of the module, of Tensor, of nn: reasons with the names that they are for.
_REASONS: dict[str, dict[str, str]] = {
    "pyautograd": {
        _DTYPE: """float32 float16 bfloat16 half int32 int16 int8 short uint8 uint16 uint32 uint64
            complex32 complex64 complex128 cfloat cdouble chalf quint8 qint8 qint32""",
        _CPU: "cuda mps xpu mtia accelerator backends get_device synchronize",
        _LINALG: "cross lu lstsq eig",
        "here it is linalg.eigh": "symeig lobpcg",
        _COMPLEX: "complex polar view_as_complex view_as_real real imag conj angle fft stft istft",
        _SPARSE: "sparse sparse_coo_tensor sparse_csr_tensor hspmm smm",
        _QUANTIZED: "quantize_per_tensor quantize_per_channel dequantize quantization ao",
        _COMPILED: "compile jit",
        "write tensor(data, dtype=float64)": """FloatTensor DoubleTensor
            HalfTensor BFloat16Tensor""",
        "write tensor(data, dtype=int64)": """LongTensor IntTensor
            ShortTensor CharTensor ByteTensor""",
        "write tensor(data, dtype=bool)": "BoolTensor",
        "set_default_dtype says what numbers become":
            "set_default_tensor_type",
        "numbers are float64 throughout": "autocast amp",
        "results are the same at any number of threads":
            "use_deterministic_algorithms are_deterministic_algorithms_enabled",
        "loop over the first dimension, and stack what comes out": "vmap",
        _NUMPY + "tensor": "array",
        _NUMPY + "Tensor": "ndarray",
        _NUMPY + "pow": "power",
        _NUMPY + "unsqueeze": "expand_dims",
        _NUMPY + "mean": "average",
        _NUMPY + "nonzero": "flatnonzero",
        _NUMPY + "amax": "nanmax",
        _NUMPY + "cat": "append",
    },
    "Tensor": {
        "dtypes are float64, int64 and bool": """half bfloat16 short char
            byte cfloat cdouble chalf""",
        _CPU: """cuda xpu ipu
            mtia pin_memory is_pinned record_stream get_device""",
        _LINALG: "cross lu lstsq",
        _COMPLEX: "imag angle",
        "all are dense": """to_sparse to_sparse_coo to_sparse_csr coalesce
            indices values to_dense sparse_mask""",
        "there are no quantized numbers": "dequantize int_repr q_scale",
        _STORAGE: """storage
            untyped_storage set_ share_memory_""",
        _ONE_BY_ONE: "apply_ map_",
        "here it is to(dtype)": "astype",
        "here it is clone()": "copy",
    },
    "pyautograd.autograd": {
        "tensors that are made with requires_grad=True record": "Variable",
    },
    "pyautograd.utils.checkpoint": {
        "which operations are kept is not chosen: checkpoint the functions that are not": """
            create_selective_checkpoint_contexts CheckpointPolicy SelectiveCheckpointContext
            SAC_IGNORED_OPS""",
        "each backward runs what it needs again": "GraphExecGroup",
        "there is the CPU alone": "DefaultDeviceType get_device_states set_device_states",
    },
    "pyautograd.func": {
        "sweeps go from outputs to inputs. jacrev gives the same as jacfwd, and jvp is in "
        "autograd.functional": "jvp jacfwd linearize",
        "loop over the first dimension, and stack what comes out": "vmap",
    },
    "pyautograd.nn": {
        _MODULES: """BatchNorm1d BatchNorm2d BatchNorm3d Conv1d Conv2d Conv3d
            ConvTranspose2d MaxPool1d MaxPool2d AvgPool2d AdaptiveAvgPool2d LSTM GRU RNN LSTMCell
            Transformer MultiheadAttention Dropout2d Unflatten ParameterDict DataParallel""",
    },
    "pyautograd.distributions": {
        "there are a dozen alone. One's own is made from Distribution": """Laplace Cauchy Chi2
            HalfNormal HalfCauchy Gumbel Pareto Weibull VonMises Geometric NegativeBinomial
            Multinomial OneHotCategorical MixtureSameFamily TransformedDistribution""",
        "here kl_divergence and register_kl stand in distributions": "kl",
        "write functions of tensors": "transforms transform_to biject_to",
        "a distribution has arg_constraints and support": "constraints",
    },
    "pyautograd.nn.functional": {
        "there are no convolutions and no attention": """conv1d conv2d conv3d
            scaled_dot_product_attention multi_head_attention_forward""",
    },
}  # fmt: skip


# Reasons for families of names, anywhere in torch, where a name has none of its own.
_FAMILIES = {
    r"conv(?!ert)|correlat|fold$": "there are no convolutions",
    r"_pool\d|^max_unpool|^lp_pool": "there is no pooling: reduce a view that unfold makes",
    r"^(rnn|gru|lstm)(_|$)": "there are no recurrent layers: write the loop",
    r"quant|^q_|^per_(tensor|channel)|_observ|^fbgemm": _QUANTIZED,
    r"sparse|^(col|row|ccol|crow)_indices|^(dsmm|hsmm|spmm|saddmm|sspaddmm)$": _SPARSE,
    r"autocast|^amp_": "numbers are float64 throughout",
    r"^(cudnn|miopen|mkldnn|cuda|vulkan|xla)|_(cuda|mkldnn|xla|vulkan)$": _CPU,
    r"^(float|bits|u?int|bfloat)\d|Tensor$|Storage$": _DTYPE,
    r"_copy$": "write the same without _copy, and clone() of that",
    r"^unsafe_": "write the same without unsafe_",
    r"^native_": "write the same without native_",
    r"conj|^(resolve|is)_neg$|complex": _COMPLEX,
    r"^(instance|local_response)_norm$": "write mean and var over the dimensions",
    r"^sym_": "sizes are ints",
    r"^(fork|wait|ops|classes|_?export|compiler|hub|package|jit_.*)$": _COMPILED,
    r"interpolate|upsample|grid_sample|affine_grid|pixel_|channel_shuffle": (
        "there are no functions of images"
    ),
    r"(memory|preserve|contiguous|channels_last).*(_format|_last(_3d)?)$|^channels_last": (
        "results keep the order of memory of their operands"
    ),
}


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
        return AttributeError(f"{text}: {reason}")
    elsewhere = _elsewhere(owner, name)
    if elsewhere is not None:
        return AttributeError(f"{text}: {elsewhere}")
    near = _near(name, names)
    if near is not None:
        return AttributeError(f"{text}. Did you mean {near!r}?")
    of_family = _of_family(owner, name)
    return AttributeError(text if of_family is None else f"{text}: {of_family}")


def _of_family(owner: str, name: str) -> str | None:
    """The reason that a name's family has, of a module that has names of PyTorch's functions."""
    import re

    if owner not in ("pyautograd", "pyautograd.nn.functional", "Tensor"):
        return None
    return next((why for pattern, why in _FAMILIES.items() if re.search(pattern, name)), None)


_PLACES = (
    "pyautograd",
    "pyautograd.nn.functional",
    "pyautograd.special",
    "pyautograd.linalg",
    "pyautograd.autograd",
    "pyautograd.distributions",
    "pyautograd.func",
)


def _elsewhere(owner: str, name: str) -> str | None:
    """Where the same name is found, of those places in which people look for each other's."""
    import pyautograd

    for place in _PLACES:
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
