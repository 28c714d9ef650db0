# SPDX-License-Identifier: MIT
"""Reverse-mode automatic differentiation over float64 arrays, with PyTorch's names.

Example:
    >>> import pyautograd as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = (x * x.sin()).sum()
    >>> y.backward()
    >>> x.grad
    tensor([ 1.3818,  0.0770, -2.8289])
"""

# ruff: noqa: I001, RUF022 - sorted, but not one name a line: that would be 200 lines more

from typing import TYPE_CHECKING, Any

from ._version import __version__

try:
    from ._core import _check_interpreter, _watch_lines

    _check_interpreter()
    _watch_lines()

    from math import e, inf, nan, pi

    from ._core import __version__ as _built
    from ._core import (
        Generator, Size, Tensor, abs, absolute, acos, acosh, add, addbmm, addcdiv, addcmul, addmm,
        addmv, addr, adjoint, all, allclose, alpha_dropout, alpha_dropout_, amax, amin, aminmax,
        any, arange, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, argmax, argmin,
        argsort, argwhere, as_strided, as_tensor, asarray, asin, asinh, atan, atan2, atanh,
        atleast_1d, atleast_2d, atleast_3d, baddbmm, batch_norm, bernoulli, bilinear,
        binary_cross_entropy_with_logits, bincount, binomial, bitwise_and, bitwise_left_shift,
        bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor, bmm, broadcast_tensors,
        broadcast_to, bucketize, can_cast, cartesian_prod, cat, cdist, ceil, celu, cholesky,
        cholesky_inverse, cholesky_solve, chunk, clamp, clamp_max, clamp_min, clip, clone,
        column_stack, combinations, concat, concatenate, constant_pad_nd, copysign, corrcoef, cos,
        cosh, cosine_embedding_loss, cosine_similarity, count_nonzero, cov, cummax, cummin, cumprod,
        cumsum, cumulative_trapezoid, default_generator, deg2rad, det, device, diag, diag_embed,
        diagflat, diagonal, diagonal_scatter, diff, digamma, dist, div, divide, dot, double,
        dropout, dropout_, dsplit, dstack, dtype, embedding, empty, empty_cache, empty_like,
        empty_permuted, empty_strided, enable_grad, eq, equal, erf, erfc, erfinv, exp, exp2,
        explain, expm1, eye, feature_alpha_dropout, feature_alpha_dropout_, feature_dropout,
        feature_dropout_, fix, flatten, flip, fliplr, flipud, float64, float_power, floor,
        floor_divide, fmax, fmin, fmod, frac, from_numpy, full, full_like, gather, gcd, ge, ger,
        get_default_dtype, get_num_threads, gradient, greater, greater_equal, group_norm, gt,
        hardshrink, heaviside, hinge_embedding_loss, histc, histogram, hsplit, hstack, hypot, i0,
        igamma, igammac, index_add, index_copy, index_fill, index_put, index_reduce, index_select,
        inner, int64, inverse, is_anomaly_check_nan_enabled, is_anomaly_enabled, is_complex,
        is_floating_point, is_grad_enabled, is_inference, is_inference_mode_enabled, is_tensor,
        isclose, isfinite, isin, isinf, isnan, isneginf, isposinf, isreal, kl_div, kron, kthvalue,
        layer_norm, lcm, ldexp, le, lerp, less, less_equal, lgamma, linspace, log, log10, log1p,
        log2, log_softmax, logaddexp, logaddexp2, logcumsumexp, logdet, logical_and, logical_not,
        logical_or, logical_xor, logit, logspace, logsumexp, long, lt, lu_solve, manual_seed,
        margin_ranking_loss, masked_fill, masked_scatter, masked_select, matmul, matrix_exp,
        matrix_power, max, max_memory_allocated, maximum, mean, median, memory_allocated,
        memory_cached, memory_stats, meshgrid, min, minimum, mm, mode, moveaxis, movedim, msort,
        mul, multinomial, multiply, mv, mvlgamma, nan_to_num, nanmean, nanmedian, nanquantile,
        nansum, narrow, ne, neg, negative, no_grad, nonzero, norm, normal, not_equal, numel, ones,
        ones_like, outer, pairwise_distance, pdist, permute, pinverse, poisson, poisson_nll_loss,
        polygamma, positive, pow, prelu, prod, promote_types, put, qr, quantile, rad2deg, rand,
        rand_like, randint, randint_like, randn, randn_like, randperm, ravel, reciprocal, relu,
        remainder, repeat_interleave, reset_peak_memory_stats, reshape, result_type, return_types,
        rms_norm, roll, rot90, round, row_stack, rrelu, rrelu_, rsqrt, rsub, scalar_tensor, scatter,
        scatter_add, scatter_reduce, searchsorted, select, select_scatter, selu,
        set_anomaly_enabled, set_cache_limit, set_default_dtype, set_grad_enabled, set_num_threads,
        sgn, sigmoid, sign, signbit, sin, sinc, sinh, slice_scatter, slogdet, softmax, softplus,
        sort, split, split_with_sizes, sqrt, square, squeeze, stack, std, std_mean, sub, subtract,
        sum, svd, swapaxes, swapdims, t, take, take_along_dim, tan, tanh, tensor, tensor_split,
        threshold, tile, topk, trace, transpose, trapezoid, trapz, triangular_solve, tril,
        tril_indices, triplet_margin_loss, triu, triu_indices, true_divide, trunc, unbind,
        unflatten, unique, unique_consecutive, unsqueeze, vander, var, var_mean, vdot, vsplit,
        vstack, where, xlogy, zeros, zeros_like,
    )

    if _built != __version__:
        from ._install import wrong_version

        raise wrong_version(_built, __version__)
except ImportError as error:
    from ._install import fail_to_import

    fail_to_import(error)

if TYPE_CHECKING:
    from . import autograd, capi, distributions, func, linalg, nn, optim, optimize, random, special
    from . import testing, utils
    from ._dtypes import finfo, iinfo
    from ._graph import graph
    from ._inference import inference_mode
    from ._printing import get_printoptions, set_printoptions
    from ._profile import profile
    from ._save import load, save
    from ._shapes import broadcast_shapes
    from .config import show_config
    from .random import get_rng_state, initial_seed, seed, set_rng_state

__all__ = [
    "Generator", "Size", "Tensor", "__version__", "abs", "abs_", "absolute", "acos", "acos_",
    "acosh", "acosh_", "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addmv_", "addr",
    "adjoint", "all", "allclose", "alpha_dropout", "alpha_dropout_", "amax", "amin", "aminmax",
    "any", "arange", "arccos", "arccos_", "arccosh", "arccosh_", "arcsin", "arcsin_", "arcsinh",
    "arcsinh_", "arctan", "arctan2", "arctan_", "arctanh", "arctanh_", "argmax", "argmin",
    "argsort", "argwhere", "as_strided", "as_strided_", "as_tensor", "asarray", "asin", "asin_",
    "asinh", "asinh_", "atan", "atan2", "atan_", "atanh", "atanh_", "atleast_1d", "atleast_2d",
    "atleast_3d", "autograd", "baddbmm", "batch_norm", "bernoulli", "bilinear",
    "binary_cross_entropy_with_logits", "bincount", "binomial", "bitwise_and", "bitwise_left_shift",
    "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bmm", "broadcast_shapes",
    "broadcast_tensors", "broadcast_to", "bucketize", "can_cast", "capi", "cartesian_prod", "cat",
    "cdist", "ceil", "ceil_", "celu", "celu_", "chain_matmul", "cholesky", "cholesky_inverse",
    "cholesky_solve", "chunk", "clamp", "clamp_", "clamp_max", "clamp_max_", "clamp_min",
    "clamp_min_", "clip", "clip_", "clone", "column_stack", "combinations", "concat", "concatenate",
    "constant_pad_nd", "copysign", "corrcoef", "cos", "cos_", "cosh", "cosh_",
    "cosine_embedding_loss", "cosine_similarity", "count_nonzero", "cov", "cummax", "cummin",
    "cumprod", "cumsum", "cumulative_trapezoid", "default_generator", "deg2rad", "deg2rad_", "det",
    "detach", "detach_", "device", "diag", "diag_embed", "diagflat", "diagonal", "diagonal_scatter",
    "diff", "digamma", "dist", "distributions", "div", "divide", "dot", "double", "dropout",
    "dropout_", "dsplit", "dstack", "dtype", "e", "einsum", "embedding", "empty", "empty_cache",
    "empty_like", "empty_permuted", "empty_strided", "enable_grad", "eq", "equal", "erf", "erf_",
    "erfc", "erfc_", "erfinv", "exp", "exp2", "exp2_", "exp_", "explain", "expm1", "expm1_", "eye",
    "feature_alpha_dropout", "feature_alpha_dropout_", "feature_dropout", "feature_dropout_",
    "fill_", "finfo", "fix", "fix_", "flatten", "flip", "fliplr", "flipud", "float64",
    "float_power", "floor", "floor_", "floor_divide", "fmax", "fmin", "fmod", "frac", "frac_",
    "from_numpy", "full", "full_like", "func", "gather", "gcd", "gcd_", "ge", "ger",
    "get_default_dtype", "get_num_threads", "get_printoptions", "get_rng_state", "gradient",
    "graph", "greater", "greater_equal", "group_norm", "gt", "hardshrink", "heaviside",
    "hinge_embedding_loss", "histc", "histogram", "hsplit", "hstack", "hypot", "i0", "i0_",
    "igamma", "igammac", "iinfo", "index_add", "index_copy", "index_fill", "index_put",
    "index_put_", "index_reduce", "index_select", "inf", "inference_mode", "initial_seed", "inner",
    "int64", "inverse", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "is_complex",
    "is_floating_point", "is_grad_enabled", "is_inference", "is_inference_mode_enabled",
    "is_signed", "is_tensor", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf",
    "isposinf", "isreal", "kl_div", "kron", "kthvalue", "layer_norm", "lcm", "lcm_", "ldexp",
    "ldexp_", "le", "lerp", "less", "less_equal", "lgamma", "linalg", "linspace", "load", "log",
    "log10", "log10_", "log1p", "log1p_", "log2", "log2_", "log_", "log_softmax", "logaddexp",
    "logaddexp2", "logcumsumexp", "logdet", "logical_and", "logical_not", "logical_or",
    "logical_xor", "logit", "logit_", "logspace", "logsumexp", "long", "lt", "lu_solve",
    "manual_seed", "margin_ranking_loss", "masked_fill", "masked_scatter", "masked_select",
    "matmul", "matrix_exp", "matrix_power", "max", "max_memory_allocated", "maximum", "mean",
    "median", "memory_allocated", "memory_cached", "memory_stats", "meshgrid", "min", "minimum",
    "mm", "mode", "moveaxis", "movedim", "msort", "mul", "multinomial", "multiply", "mv",
    "mvlgamma", "nan", "nan_to_num", "nan_to_num_", "nanmean", "nanmedian", "nanquantile", "nansum",
    "narrow", "ne", "neg", "neg_", "negative", "negative_", "newaxis", "nn", "no_grad", "nonzero",
    "norm", "normal", "not_equal", "numel", "ones", "ones_like", "optim", "optimize", "outer",
    "pairwise_distance", "pdist", "permute", "pi", "pinverse", "poisson", "poisson_nll_loss",
    "polygamma", "positive", "pow", "prelu", "prod", "profile", "promote_types", "put", "qr",
    "quantile", "rad2deg", "rad2deg_", "rand", "rand_like", "randint", "randint_like", "randn",
    "randn_like", "random", "randperm", "ravel", "reciprocal", "reciprocal_", "relu", "relu_",
    "remainder", "repeat_interleave", "reset_peak_memory_stats", "reshape", "resize_as_",
    "result_type", "return_types", "rms_norm", "roll", "rot90", "round", "round_", "row_stack",
    "rrelu", "rrelu_", "rsqrt", "rsqrt_", "rsub", "save", "scalar_tensor", "scatter", "scatter_add",
    "scatter_reduce", "searchsorted", "seed", "select", "select_scatter", "selu", "selu_",
    "set_anomaly_enabled", "set_cache_limit", "set_default_dtype", "set_grad_enabled",
    "set_num_threads", "set_printoptions", "set_rng_state", "sgn", "show_config", "sigmoid",
    "sigmoid_", "sign", "signbit", "sin", "sin_", "sinc", "sinc_", "sinh", "sinh_", "slice_scatter",
    "slogdet", "softmax", "softplus", "sort", "special", "split", "split_with_sizes", "sqrt",
    "sqrt_", "square", "square_", "squeeze", "stack", "std", "std_mean", "sub", "subtract", "sum",
    "svd", "swapaxes", "swapdims", "t", "take", "take_along_dim", "tan", "tan_", "tanh", "tanh_",
    "tensor", "tensor_split", "tensordot", "testing", "threshold", "threshold_", "tile", "topk",
    "trace", "transpose", "trapezoid", "trapz", "triangular_solve", "tril", "tril_indices",
    "triplet_margin_loss", "triu", "triu_indices", "true_divide", "trunc", "trunc_", "unbind",
    "unflatten", "unique", "unique_consecutive", "unsqueeze", "utils", "vander", "var", "var_mean",
    "vdot", "vsplit", "vstack", "where", "xlogy", "xlogy_", "zero_", "zeros", "zeros_like",
]

newaxis = None

# Imported when first asked for: what a program that prints nothing has no need of; and the dtypes
# that have the names of Python's types, which mean those in this file.
_LATER = {
    "autograd": ("autograd", None),
    "bool": ("_core", "_bool"),
    "broadcast_shapes": ("_shapes", "broadcast_shapes"),
    "capi": ("capi", None),
    "celu_": ("nn.functional", "celu_"),
    "chain_matmul": ("_contract", "chain_matmul"),
    "distributions": ("distributions", None),
    "einsum": ("_contract", "einsum"),
    "float": ("_core", "float64"),
    "finfo": ("_dtypes", "finfo"),
    "func": ("func", None),
    "graph": ("_graph", "graph"),
    "get_printoptions": ("_printing", "get_printoptions"),
    "get_rng_state": ("random", "get_rng_state"),
    "iinfo": ("_dtypes", "iinfo"),
    "inference_mode": ("_inference", "inference_mode"),
    "initial_seed": ("random", "initial_seed"),
    "int": ("_core", "int64"),
    "linalg": ("linalg", None),
    "load": ("_save", "load"),
    "nn": ("nn", None),
    "optim": ("optim", None),
    "optimize": ("optimize", None),
    "profile": ("_profile", "profile"),
    "random": ("random", None),
    "save": ("_save", "save"),
    "seed": ("random", "seed"),
    "selu_": ("nn.functional", "selu_"),
    "set_printoptions": ("_printing", "set_printoptions"),
    "set_rng_state": ("random", "set_rng_state"),
    "show_config": ("config", "show_config"),
    "special": ("special", None),
    "tensordot": ("_contract", "tensordot"),
    "testing": ("testing", None),
    "threshold_": ("nn.functional", "threshold_"),
    "utils": ("utils", None),
}

# Methods that PyTorch has as functions, too, of which the tensor is the first argument.
_METHODS = frozenset(
    """abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_
    asinh_ atan_ atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ detach detach_
    erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ gcd_ i0_ index_put_ is_signed lcm_ ldexp_
    log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ resize_as_
    round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_""".split()
)


def __getattr__(name: str) -> Any:
    if name in _METHODS:
        return globals().setdefault(name, getattr(Tensor, name))
    if name not in _LATER:
        from ._names import no_attribute

        raise no_attribute(__name__, name, __all__)
    import importlib

    module_name, attribute = _LATER[name]
    module = importlib.import_module("." + module_name, __name__)
    value = module if attribute is None else getattr(module, attribute)
    if attribute is not None and module_name not in ("_core", "nn.functional"):
        value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LATER, *_METHODS})
