# SPDX-License-Identifier: MIT
"""Layers, and the activations and losses of `nn.functional` as modules."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from .. import _core
from .._core import Tensor, empty, no_grad
from . import functional, init
from .containers import ModuleDict, ModuleList, ParameterList, Sequential
from .module import Module
from .parameter import Parameter

_NAMED: dict[str, Callable[..., Any]] = _core._functions_of("nn.functional")
_LINEAR = _NAMED["linear"]

# ---- layers --------------------------------------------------------------------------------------


def _new(*shape: int) -> Parameter:
    return Parameter(empty(*shape))


class Identity(Module):
    """Gives what it gets.

    Args:
        *args: are not used, as `**kwargs`.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.Identity()(3)
        3
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """The input."""
        return input


class Linear(Module):
    """A linear layer: input @ weight.T + bias.

    Args:
        in_features: the size of the input's last dimension.
        out_features: that of the result's.
        bias: whether there is one.
        device: "cpu" or None, as `dtype` is float64 or None.
        dtype: float64 or None.

    Example:
        >>> import pyautograd as ag
        >>> layer = ag.nn.Linear(3, 2)
        >>> layer
        Linear(in_features=3, out_features=2, bias=True)
        >>> layer(ag.ones(5, 3)).shape
        pyautograd.Size([5, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = _new(out_features, in_features)
        self.register_parameter("bias", _new(out_features) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Random numbers within 1 / sqrt(in_features)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """input @ weight.T + bias."""
        own = self.__dict__["_parameters"]
        found: Tensor = _LINEAR(input, own["weight"], own["bias"])
        return found

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    """A layer that is linear in each of two inputs: input1 @ weight @ input2 + bias.

    Args:
        in1_features: the size of the first input's last dimension.
        in2_features: that of the second's.
        out_features: that of the result's.
        bias: whether there is one.
        device: "cpu" or None, as `dtype` is float64 or None.
        dtype: float64 or None.

    Raises:
        ValueError: in1_features is not positive.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.Bilinear(3, 4, 2)(ag.ones(5, 3), ag.ones(5, 4)).shape
        pyautograd.Size([5, 2])
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = _new(out_features, in1_features, in2_features)
        self.register_parameter("bias", _new(out_features) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Random numbers within 1 / sqrt(in1_features)."""
        bound = 1 / math.sqrt(self.in1_features)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """input1 @ weight @ input2 + bias."""
        found: Tensor = functional.bilinear(input1, input2, self.weight, self.bias)
        return found

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Embedding(Module):
    """A vector for each of some numbers.

    Args:
        num_embeddings: how many.
        embedding_dim: the length of a vector.
        padding_idx: a number whose vector begins as zeros and gets no gradient.
        max_norm: vectors that are used and longer are brought to this length.
        norm_type: which length that is.
        scale_grad_by_freq: divide gradients by how often a number was used.
        sparse: is refused when set.
        device: "cpu" or None, as `dtype` is float64 or None.
        dtype: float64 or None.

    Raises:
        AssertionError: padding_idx is not one of the numbers.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.Embedding(10, 3, padding_idx=0)(ag.tensor([0])).tolist()
        [[0.0, 0.0, 0.0]]
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError("Padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _weight is not None and tuple(_weight.shape) != (num_embeddings, embedding_dim):
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        given = _weight is not None
        values = _weight if _weight is not None else empty(num_embeddings, embedding_dim)
        self.weight = Parameter(values, requires_grad=not _freeze)
        if not given:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Normal numbers, and zeros at padding_idx."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None, **kwargs: Any
    ) -> Embedding:
        """A module of these vectors, which get gradients unless `freeze`.

        Raises:
            AssertionError: the tensor is no matrix.
        """
        if embeddings.ndim != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, cols = embeddings.shape
        return cls(rows, cols, padding_idx, _weight=embeddings, _freeze=freeze, **kwargs)

    def forward(self, input: Tensor) -> Tensor:
        """The vectors of the numbers."""
        found: Tensor = functional.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )
        return found

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, usual in (("padding_idx", None), ("max_norm", None), ("norm_type", 2)):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        for name in ("scale_grad_by_freq", "sparse"):
            if getattr(self, name) is not False:
                text += f", {name}={getattr(self, name)}"
        return text


def _sizes_of(normalized_shape: Any) -> tuple[int, ...]:
    one = hasattr(normalized_shape, "__index__")
    return (int(normalized_shape),) if one else tuple(normalized_shape)


class _Affine(Module):
    """What multiplies by a weight at the end, and adds a bias: either may be None."""

    def reset_parameters(self) -> None:
        """Ones for weights, zeros for the bias."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(_Affine):
    """Less their mean, divided by their spread: over the last dimensions, with a weight and a bias.

    Args:
        normalized_shape: the sizes of these dimensions, or of the last one.
        eps: added to the variance.
        elementwise_affine: whether there is a weight.
        bias: whether there is a bias beside.
        device: "cpu" or None, as `dtype` is float64 or None.
        dtype: float64 or None.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.LayerNorm(2)(ag.tensor([[1.0, 3.0]])).detach().round(decimals=3)
        tensor([[-1.,  1.]])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _sizes_of(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        shape = self.normalized_shape
        with_bias = elementwise_affine and bias
        self.register_parameter("weight", _new(*shape) if elementwise_affine else None)
        self.register_parameter("bias", _new(*shape) if with_bias else None)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input, times the weight, plus the bias."""
        found: Tensor = functional.layer_norm(
            input, self.normalized_shape, self.weight, self.bias, self.eps
        )
        return found

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divided by the root of the mean of their squares: over the last dimensions, with a weight.

    Args:
        normalized_shape: the sizes of these dimensions, or of the last one.
        eps: added to the mean; None for the spacing of numbers at 1.
        elementwise_affine: whether there is a weight.
        device: "cpu" or None, as `dtype` is float64 or None.
        dtype: float64 or None.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.RMSNorm(2)(ag.tensor([[1.0, 7.0]])).detach()
        tensor([[0.2000, 1.4000]])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _sizes_of(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = _new(*self.normalized_shape) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Ones for weights."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """The input over its size, times the weight."""
        found: Tensor = functional.rms_norm(input, self.normalized_shape, self.weight, self.eps)
        return found

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(_Affine):
    """Less their mean, divided by their spread: over groups of channels, the second dimension, and
    all behind it, with a weight and a bias for each channel.

    Args:
        num_groups: how many groups there are.
        num_channels: how many channels there are, a multiple of that.
        eps: added to the variance.
        affine: whether there is a weight.
        device: "cpu" or None, as `dtype` is float64 or None.
        dtype: float64 or None.
        bias: whether there is a bias beside.

    Raises:
        ValueError: the channels cannot be shared equally.

    Example:
        >>> import pyautograd as ag
        >>> norm = ag.nn.GroupNorm(2, 4)
        >>> norm(ag.tensor([[1.0, 3.0, 10.0, 30.0]])).detach().round(decimals=3)
        tensor([[-1.,  1., -1.,  1.]])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.register_parameter("weight", _new(num_channels) if affine else None)
        self.register_parameter("bias", _new(num_channels) if affine and bias else None)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input, times the weight, plus the bias."""
        found: Tensor = functional.group_norm(
            input, self.num_groups, self.weight, self.bias, self.eps
        )
        return found

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class Dropout(Module):
    """While training, zeros in the place of some elements; others are larger for that.

    Args:
        p: how often an element is left out.
        inplace: write the input.

    Raises:
        ValueError: p is no probability.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.Dropout(0.5).eval()(ag.ones(2))
        tensor([1., 1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The input without what is left out."""
        found: Tensor = functional.dropout(input, self.p, self.training, self.inplace)
        return found

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        return f"p={self.p}, inplace={self.inplace}"


class Flatten(Module):
    """Dimensions joined to one.

    Args:
        start_dim: the first of them.
        end_dim: the last.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.Flatten()(ag.zeros(2, 3, 4)).shape
        pyautograd.Size([2, 12])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """The flattened input."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class PReLU(Module):
    """max(0, x) + weight * min(0, x), with one weight or one for each channel.

    Args:
        num_parameters: how many weights.
        init: what they begin with.
        device: "cpu" or None, as `dtype` is float64 or None.
        dtype: float64 or None.

    Example:
        >>> import pyautograd as ag
        >>> ag.nn.PReLU()(ag.tensor([-4.0, 4.0])).tolist()
        [-1.0, 4.0]
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(_core.full((num_parameters,), init))

    def forward(self, input: Tensor) -> Tensor:
        """What lies below zero, made smaller by the weights."""
        found: Tensor = functional.prelu(input, self.weight)
        return found

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        return f"num_parameters={self.num_parameters}"


# ---- functions as modules ------------------------------------------------------------------------


def _reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """What the old ways to say it mean."""
    if size_average is None and reduce is None:
        return reduction
    kind = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{kind}' instead.",
        stacklevel=4,
    )
    return kind


class _Function(Module):
    """A function with its arguments beside the inputs."""

    _function: ClassVar[Callable[..., Any]]
    _arguments: ClassVar[inspect.Signature]
    _format: ClassVar[str]
    _tensors: ClassVar[tuple[str, ...]]
    _by_mode: ClassVar[bool]  # whether it does something else while training

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        bound = self._arguments.bind(*args, **kwargs)
        bound.apply_defaults()
        values = dict(bound.arguments)
        if "min_val" in values and values["max_val"] <= values["min_val"]:
            raise AssertionError(
                f"max_val ({values['max_val']}) must be greater than min_val ({values['min_val']})"
            )
        if "reduction" in values:
            old = values.pop("size_average", None), values.pop("reduce", None)
            values["reduction"] = _reduction(*old, values["reduction"])
        self._names = tuple(values)
        for name, value in values.items():
            if name in self._tensors:
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The function of the inputs, with the arguments of the module."""
        own = {name: getattr(self, name) for name in self._names}
        if self._by_mode:
            own["training"] = self.training
        return type(self)._function(*inputs, **own, **named)

    def extra_repr(self) -> str:
        """What the printed form has in its brackets."""
        text = self._format.format(**{name: getattr(self, name) for name in self._names})
        parts = [text] if text else []
        if "INPLACE" in self._format:
            parts = [part for part in text.split("INPLACE") if part]
            parts += ["inplace=True"] if self.inplace else []
        return ", ".join(parts)


_OLD = "size_average=None, reduce=None, reduction='mean'"

# Name, function, arguments, how they are printed (INPLACE: only where it is set), tensors among
# them.
_TABLE: list[tuple[str, str, str, str, str]] = [
    ("Threshold", "threshold", "threshold, value, inplace=False",
     "threshold={threshold}, value={value}INPLACE", ""),
    ("ReLU", "relu", "inplace=False", "INPLACE", ""),
    ("RReLU", "rrelu", "lower=0.125, upper=1 / 3, inplace=False",
     "lower={lower}, upper={upper}INPLACE", ""),
    ("ReLU6", "relu6", "inplace=False", "INPLACE", ""),
    ("Hardtanh", "hardtanh", "min_val=-1.0, max_val=1.0, inplace=False",
     "min_val={min_val}, max_val={max_val}INPLACE", ""),
    ("Sigmoid", "sigmoid", "", "", ""),
    ("Hardsigmoid", "hardsigmoid", "inplace=False", "", ""),
    ("Tanh", "tanh", "", "", ""),
    ("SiLU", "silu", "inplace=False", "INPLACE", ""),
    ("Mish", "mish", "inplace=False", "INPLACE", ""),
    ("Hardswish", "hardswish", "inplace=False", "", ""),
    ("ELU", "elu", "alpha=1.0, inplace=False", "alpha={alpha}INPLACE", ""),
    ("CELU", "celu", "alpha=1.0, inplace=False", "alpha={alpha}INPLACE", ""),
    ("SELU", "selu", "inplace=False", "INPLACE", ""),
    ("GLU", "glu", "dim=-1", "dim={dim}", ""),
    ("GELU", "gelu", "approximate='none'", "approximate={approximate!r}", ""),
    ("Hardshrink", "hardshrink", "lambd=0.5", "{lambd}", ""),
    ("LeakyReLU", "leaky_relu", "negative_slope=0.01, inplace=False",
     "negative_slope={negative_slope}INPLACE", ""),
    ("LogSigmoid", "logsigmoid", "", "", ""),
    ("Softplus", "softplus", "beta=1.0, threshold=20.0", "beta={beta}, threshold={threshold}", ""),
    ("Softshrink", "softshrink", "lambd=0.5", "{lambd}", ""),
    ("Softsign", "softsign", "", "", ""),
    ("Tanhshrink", "tanhshrink", "", "", ""),
    ("Softmin", "softmin", "dim=None", "dim={dim}", ""),
    ("Softmax", "softmax", "dim=None", "dim={dim}", ""),
    ("LogSoftmax", "log_softmax", "dim=None", "dim={dim}", ""),
    ("PairwiseDistance", "pairwise_distance", "p=2.0, eps=1e-06, keepdim=False", "", ""),
    ("CosineSimilarity", "cosine_similarity", "dim=1, eps=1e-08", "", ""),
    ("L1Loss", "l1_loss", _OLD, "", ""),
    ("MSELoss", "mse_loss", _OLD, "", ""),
    ("SmoothL1Loss", "smooth_l1_loss", _OLD + ", beta=1.0", "", ""),
    ("HuberLoss", "huber_loss", "reduction='mean', delta=1.0", "", ""),
    ("NLLLoss", "nll_loss",
     "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'", "",
     "weight"),
    ("CrossEntropyLoss", "cross_entropy",
     "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', "
     "label_smoothing=0.0", "", "weight"),
    ("BCELoss", "binary_cross_entropy", "weight=None, " + _OLD, "", "weight"),
    ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits",
     "weight=None, " + _OLD + ", pos_weight=None", "", "weight pos_weight"),
    ("KLDivLoss", "kl_div", _OLD + ", log_target=False", "", ""),
    ("PoissonNLLLoss", "poisson_nll_loss",
     "log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, reduction='mean'",
     "", ""),
    ("GaussianNLLLoss", "gaussian_nll_loss", "*, full=False, eps=1e-06, reduction='mean'", "", ""),
    ("HingeEmbeddingLoss", "hinge_embedding_loss", "margin=1.0, " + _OLD, "", ""),
    ("SoftMarginLoss", "soft_margin_loss", _OLD, "", ""),
    ("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", "weight=None, " + _OLD, "",
     "weight"),
    ("MarginRankingLoss", "margin_ranking_loss", "margin=0.0, " + _OLD, "", ""),
    ("CosineEmbeddingLoss", "cosine_embedding_loss", "margin=0.0, " + _OLD, "", ""),
    ("TripletMarginLoss", "triplet_margin_loss",
     "margin=1.0, p=2.0, eps=1e-06, swap=False, " + _OLD, "", ""),
]  # fmt: skip


def _function_named(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = _NAMED.get(name) or getattr(_core, name)
    return found


def _make(name: str, function: str, arguments: str, text: str, tensors: str) -> type[_Function]:
    called = _function_named(function)
    signature = inspect.signature(eval(f"lambda {arguments}: None"))
    home = "pyautograd" if function in ("tanh", "sigmoid") else "pyautograd.nn.functional"
    body = {
        "__doc__": f"`{home}.{function}` as a module, which keeps the arguments ({arguments}).",
        "__module__": "pyautograd.nn",
        "__signature__": signature,
        "_function": staticmethod(called),
        "_arguments": signature,
        "_format": text,
        "_tensors": tuple(tensors.split()),
        "_by_mode": name == "RReLU",
    }
    return type(name, (_Function,), body)


FUNCTIONS: dict[str, type[_Function]] = {row[0]: _make(*row) for row in _TABLE}
globals().update(FUNCTIONS)

LAYERS: dict[str, type[Module]] = {
    kind.__name__: kind
    for kind in (
        Sequential,
        ModuleList,
        ModuleDict,
        ParameterList,
        Identity,
        Linear,
        Bilinear,
        Embedding,
        LayerNorm,
        RMSNorm,
        GroupNorm,
        Dropout,
        Flatten,
        PReLU,
    )
}
for _kind in (Module, Parameter, *LAYERS.values()):
    _kind.__module__ = "pyautograd.nn"

__all__ = sorted([*LAYERS, *FUNCTIONS])  # noqa: PLE0605 - a list of all there are
