# SPDX-License-Identifier: MIT
# Types of pyautograd.nn.functional: `make stubs` writes all of this file.

from builtins import bool as _bool
from builtins import int as _int
from collections.abc import Sequence
from typing import Literal

from .._core import _T, Tensor, _Dims, _DType, _Operand, _Real, _Value
from .._core import bilinear as bilinear
from .._core import cosine_similarity as cosine_similarity
from .._core import hardshrink as hardshrink
from .._core import pairwise_distance as pairwise_distance
from .._core import pdist as pdist
from .._core import prelu as prelu
from .._core import sigmoid as sigmoid
from .._core import softplus as softplus
from .._core import tanh as tanh

__all__: list[str]
_IN_PLACE: list[str]

def leaky_relu(input: _T, negative_slope: _Real = 0.01, inplace: _bool = False) -> _T:
    """Elements that are positive as they are, others times negative_slope.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor, or another argument is not a number.
    """
def leaky_relu_(input: _T, negative_slope: _Real = 0.01) -> _T:
    """`leaky_relu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.
    """
def elu(input: _T, alpha: _Real = 1.0, inplace: _bool = False) -> _T:
    """Elements that are positive as they are, and alpha * (exp(x) - 1) of others.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor, or another argument is not a number.
    """
def elu_(input: _T, alpha: _Real = 1.0) -> _T:
    """`elu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.
    """
def silu(input: _T, inplace: _bool = False) -> _T:
    """x * sigmoid(x) of each element.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor.
    """
def mish(input: _T, inplace: _bool = False) -> _T:
    """x * tanh(softplus(x)) of each element.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor.
    """
def gelu(input: _T, *, approximate: Literal["none", "tanh"] = "none") -> _T:
    """Each element times the probability that a normally distributed number is less.

    With `approximate="tanh"` that is (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        RuntimeError: approximate is neither of these words.
        TypeError: the input is not a Tensor.
    """
def relu6(input: _T, inplace: _bool = False) -> _T:
    """Elements limited to between 0 and 6. On these bounds the gradient is 0.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is a bool tensor.
        TypeError: the input is not a Tensor.
    """
def hardtanh(
    input: _T, min_val: _Real = -1.0, max_val: _Real = 1.0, inplace: _bool = False
) -> _T:
    """Elements limited to between min_val and max_val. On these bounds the gradient is 0, unlike
    that of `clamp`.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is a bool tensor.
        TypeError: the input is not a Tensor, or another argument is not a number.
        ValueError: min_val is above max_val.
    """
def hardtanh_(input: _T, min_val: _Real = -1.0, max_val: _Real = 1.0) -> _T:
    """`hardtanh` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.
    """
def hardsigmoid(input: _T, inplace: _bool = False) -> _T:
    """x / 6 + 1 / 2 of each element, limited to between 0 and 1.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor.
    """
def hardswish(input: _T, inplace: _bool = False) -> _T:
    """x * hardsigmoid(x) of each element.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor.
    """
def softshrink(input: _T, lambd: _Real = 0.5) -> _T:
    """Elements made smaller by lambd in magnitude, and 0 of those that are smaller.

    Raises:
        RuntimeError: lambd is negative.
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor, or another argument is not a number.
    """
def softsign(input: _T) -> _T:
    """x / (1 + abs(x)) of each element.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor.
    """
def tanhshrink(input: _T) -> _T:
    """x - tanh(x) of each element.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor.
    """
def logsigmoid(input: _T) -> _T:
    """The logarithm of `sigmoid`, also where that would be 0.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor.
    """
def celu(input: _T, alpha: _Real = 1.0, inplace: _bool = False) -> _T:
    """Elements that are positive as they are, and alpha * (exp(x / alpha) - 1) of others.

    With `inplace` the input itself is written and returned.

    Raises:
        RuntimeError: alpha is 0.
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor, or another argument is not a number.
    """
def celu_(input: _T, alpha: _Real = 1.0) -> _T:
    """`celu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.
    """
def selu(input: _T, inplace: _bool = False) -> _T:
    """1.0507 times elements that are positive, and 1.7581 * (exp(x) - 1) of others: layers of it
    keep a mean of 0 and a variance of 1.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor.
    """
def selu_(input: _T) -> _T:
    """`selu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.
    """
def threshold(input: _T, threshold: _Real, value: _Real, inplace: _bool = False) -> _T:
    """Elements that are above the threshold as they are, and value for others.

    With `inplace` the input itself is written and returned.

    Raises:
        NotImplementedError: the input is a bool tensor.
        TypeError: the input is not a Tensor, or another argument is not a number.
    """
def threshold_(input: _T, threshold: _Real, value: _Real) -> _T:
    """`threshold` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.
    """
def pad(
    input: _T,
    pad: _Dims,
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant",
    value: _Value | None = None,
) -> _T:
    """A copy with a border: pad has how much is put in front of and behind the last dimension,
    then of the one before it. What is negative is cut off.

    The border is value, or 0; or it is made of the tensor: "reflect" mirrors it,
    "replicate" repeats its ends, "circular" goes round. These pad the last one, two or
    three dimensions of a tensor that has one or two more.

    Raises:
        RuntimeError: pad has not as many ints as there may be, or they are too large or small.
        TypeError: an argument is of the wrong type.
    """
def mse_loss(
    input: _T,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
    weight: Tensor | None = None,
) -> _T:
    """Squares of the differences between input and target, as their mean, their sum, or each
    ("none"). With weights each is multiplied by its own, and the mean is that by the
    weights' sum.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these, or the weights are not of the input's
            shape.
    """
def l1_loss(
    input: _T,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
    weight: Tensor | None = None,
) -> _T:
    """Sizes of the differences between input and target, as their mean, their sum, or each
    ("none"). With weights each is multiplied by its own, and the mean is that by the
    weights' sum.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these, or the weights are not of the input's
            shape.
    """
def smooth_l1_loss(
    input: _T,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
    beta: _Real = 1.0,
) -> _T:
    """Of differences d between input and target d * d / (2 beta) where |d| < beta, else |d|
    - beta / 2, as their mean, their sum, or each ("none").

    Raises:
        RuntimeError: beta is negative, or the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def huber_loss(
    input: _T,
    target: Tensor,
    reduction: Literal["none", "mean", "sum"] = 'mean',
    delta: _Real = 1.0,
    weight: Tensor | None = None,
) -> _T:
    """Of differences d between input and target d * d / 2 where |d| < delta, else delta
    times |d| - delta / 2, as their mean, their sum, or each ("none"). With weights each
    is multiplied by its own.

    Raises:
        RuntimeError: delta is not positive, or the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these, or the weights are not of the input's
            shape.
    """
def binary_cross_entropy(
    input: _T,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """Minus the logarithms of the probabilities that targets of 1 and 0 have if the input is
    that of 1, as their mean, their sum, or each ("none"), each multiplied by its weight.
    No logarithm is below -100.

    Raises:
        RuntimeError: an element of the input is not between 0 and 1, or weights do not
            broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these, or the shapes differ.
    """
def binary_cross_entropy_with_logits(
    input: _T,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
    pos_weight: Tensor | None = None,
) -> _T:
    """The same as `binary_cross_entropy` of sigmoid(input), for log odds of any size. What
    targets of 1 add is multiplied by pos_weight.

    Raises:
        RuntimeError: weights do not broadcast to the shape of the target.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these, or the shapes differ.
    """
def kl_div(
    input: _T,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum", "batchmean"] = 'mean',
    log_target: _bool = False,
) -> _T:
    """The terms t (log t - x) of the Kullback-Leibler divergence of probabilities t, the
    target (their logarithms if log_target), from those with the logarithms x: their mean,
    their sum, each ("none"), or with "batchmean" the sum divided by the size of the first
    dimension.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def gaussian_nll_loss(
    input: _T,
    target: Tensor,
    var: _Operand,
    full: _bool = False,
    eps: _Real = 1e-06,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """Minus the logarithms of the densities of targets that are normal with the input as
    mean and with variances `var`, which count as eps at least, as their mean, their sum,
    or each ("none"). Without `full` a constant is left out.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a variance is negative, the shapes do not fit, or the reduction is none
            of these.
    """
def poisson_nll_loss(
    input: _T,
    target: Tensor,
    log_input: _bool = True,
    full: _bool = False,
    size_average: _bool | None = None,
    eps: _Real = 1e-08,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """Minus the logarithms of the probabilities of targets that are of a Poisson
    distribution with the mean exp(input), or with log_input=False with the mean input, as
    their mean, their sum, or each ("none"). With `full` the logarithm of the target's
    factorial is added, by Stirling's formula; eps keeps the logarithm of a mean finite.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def hinge_embedding_loss(
    input: _T,
    target: Tensor,
    margin: _Real = 1.0,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """The input where the target is 1, and max(0, margin - input) where it is -1, as their
    mean, their sum, or each ("none").

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def soft_margin_loss(
    input: _T,
    target: Tensor,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """log(1 + exp(-target * input)) of targets 1 and -1, as their mean, their sum, or each
    ("none").

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def multilabel_soft_margin_loss(
    input: _T,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """target log(1 + exp(-input)) + (1 - target) log(1 + exp(input)), times the weights if
    they are given, as the mean over the labels, which are the last dimension. Of these
    means their mean, their sum, or each ("none").

    Raises:
        IndexError: the input has no dimension.
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def margin_ranking_loss(
    input1: _T,
    input2: Tensor,
    target: Tensor,
    margin: _Real = 0,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """max(0, margin - target * (input1 - input2)), as their mean, their sum, or each
    ("none"): input1 is to be the larger where the target is 1, the smaller where it is
    -1.

    Raises:
        RuntimeError: the numbers of dimensions differ, or the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def cosine_embedding_loss(
    input1: _T,
    input2: Tensor,
    target: Tensor,
    margin: _Real = 0,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """Of the cosines c of the angles between rows 1 - c where the target is 1, and max(0, c
    - margin) where it is -1, as their mean, their sum, or each ("none").

    Raises:
        RuntimeError: the inputs have not one dimension more than the target.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def triplet_margin_loss(
    anchor: _T,
    positive: Tensor,
    negative: Tensor,
    margin: _Real = 1.0,
    p: _Real = 2,
    eps: _Real = 1e-06,
    swap: _bool = False,
    size_average: _bool | None = None,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """max(0, margin + d(anchor, positive) - d(anchor, negative)) of the distances d between
    rows that `pairwise_distance` gives, as their mean, their sum, or each ("none"). With
    `swap` the distance from the positive to the negative is taken where it is the
    smaller.

    Raises:
        RuntimeError: the numbers of dimensions differ, or the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        ValueError: the margin is not positive, or the reduction is none of these.
    """
def embedding(
    input: _T,
    weight: Tensor,
    padding_idx: _int | None = None,
    max_norm: _Real | None = None,
    norm_type: _Real = 2.0,
    scale_grad_by_freq: _bool = False,
    sparse: _bool = False,
) -> _T:
    """Rows of a table, the weight, by their numbers: of the input's shape, and behind that
    the length of a row. Gradients of rows that are taken several times are added in the
    order in which these stand. The row padding_idx gets none; with scale_grad_by_freq
    they are divided by how often a row was taken. With max_norm the rows that are taken
    and longer, by their norm_type-norm, are brought to that length before, in the table
    itself.

    Raises:
        AssertionError: there is no row padding_idx.
        IndexError: there is no such row.
        NotImplementedError: `sparse`: gradients are dense.
        RuntimeError: the input is not int64, or the table has not two dimensions.
        TypeError: an argument is of the wrong type.
    """
def one_hot(input: _T, num_classes: _int = -1) -> _T:
    """Numbers of classes as int64 rows that are 1 in the place of the number, else 0.
    Without num_classes there are as many classes as the largest number asks for.

    Raises:
        RuntimeError: the input is not int64, or a number is none of a class.
        TypeError: an argument is of the wrong type.
    """
def nll_loss(
    input: _T,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    ignore_index: _int = -100,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
) -> _T:
    """Minus the log probabilities of the classes that targets name, as their mean, their
    sum, or each ("none"). Classes are the input's dimension 1, or its only one; the
    target has the other dimensions. With weights of classes each is multiplied by that of
    its class, and the mean is that by the weights' sum. Targets of ignore_index count for
    nothing.

    Raises:
        IndexError: a target is none of the classes.
        RuntimeError: the target is not int64, or the shapes do not fit.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def cross_entropy(
    input: _T,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: _bool | None = None,
    ignore_index: _int = -100,
    reduce: _bool | None = None,
    reduction: Literal["none", "mean", "sum"] = 'mean',
    label_smoothing: _Real = 0.0,
) -> _T:
    """The same as `nll_loss` of log_softmax(input). A target of the input's shape holds
    probabilities of classes instead of one number each. With label_smoothing this share
    of each target is spread over all classes.

    Raises:
        IndexError: a target is none of the classes.
        RuntimeError: a target of numbers is not int64, one of probabilities is not float64,
            the
        shapes do not fit, or label_smoothing is not between 0 and 1.
        TypeError: an argument is of the wrong type.
        ValueError: the reduction is none of these.
    """
def glu(input: _T, dim: _int = -1) -> _T:
    """The first half of a dimension times the sigmoid of the second.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the size of the dimension is odd, or there is none.
        TypeError: an argument is of the wrong type.
    """
def layer_norm(
    input: _T,
    normalized_shape: Sequence[_int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: _Real = 1e-05,
) -> _T:
    """Numbers less their mean, divided by the root of their variance and eps, over the last
    dimensions, whose sizes are normalized_shape. Then each is multiplied by a weight and
    added to a bias, if these are given.

    Raises:
        RuntimeError: the last sizes of the input, or those of weight or bias, are others.
        TypeError: an argument is of the wrong type.
    """
def rms_norm(
    input: _T,
    normalized_shape: Sequence[_int],
    weight: Tensor | None = None,
    eps: _Real | None = None,
) -> _T:
    """Numbers divided by the root of the mean of their squares and eps, over the last
    dimensions, whose sizes are normalized_shape. Then each is multiplied by a weight, if
    that is given. Without eps it is 2 to the power -52.

    Raises:
        RuntimeError: the last sizes of the input, or those of the weight, are others.
        TypeError: an argument is of the wrong type.
        ValueError: the input has not so many dimensions.
    """
def batch_norm(
    input: _T,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: _bool = False,
    momentum: _Real = 0.1,
    eps: _Real = 1e-05,
) -> _T:
    """Numbers less a mean, divided by the root of a variance and eps, for each channel,
    which is dimension 1; then multiplied by a weight and added to a bias, if these are
    given. Mean and variance are the running ones; in training those of the input, which
    the running ones, where they are given, then move towards by the share `momentum`.

    Raises:
        RuntimeError: numbers are missing, or are not as many as there are channels.
        TypeError: an argument is of the wrong type.
        ValueError: in training a channel has one number, or eps is not positive.
    """
def group_norm(
    input: _T,
    num_groups: _int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: _Real = 1e-05,
) -> _T:
    """Channels, which are dimension 1, in so many groups of neighbours: numbers less the
    group's mean, divided by the root of its variance and eps, for each of a batch. Then
    each channel is multiplied by its weight and added to its bias, if these are given.

    Raises:
        RuntimeError: the input has no channels, or there are not equal groups of them, or
            not a weight and a bias for each.
        TypeError: an argument is of the wrong type.
        ValueError: there is one group in all, of one number.
    """
def dropout(input: _T, p: _Real = 0.5, training: _bool = True, inplace: _bool = False) -> _T:
    """In training each element becomes 0 with probability p, and is else divided by 1 - p;
    otherwise the input itself. The random numbers are the next of the process's
    generator. With `inplace` they are written over the input, which is the result then.

    Raises:
        RuntimeError: the input is to be written and is a leaf that requires grad.
        TypeError: an argument is of the wrong type.
        ValueError: p is not between 0 and 1.
    """
def alpha_dropout(
    input: _T, p: _Real = 0.5, training: _bool = False, inplace: _bool = False
) -> _T:
    """In training each element becomes, with probability p, the least number that `selu` gives,
    and all are scaled and shifted so that a mean of 0 and a variance of 1 stay; otherwise the
    input itself. The random numbers are the next of the process's generator. With `inplace`
    they are written over the input, which is the result then.

    Raises:
        RuntimeError: the input is not float64, or is to be written and is a leaf that
            requires grad.
        TypeError: an argument is of the wrong type.
        ValueError: p is not between 0 and 1.
    """
def feature_alpha_dropout(
    input: _T, p: _Real = 0.5, training: _bool = False, inplace: _bool = False
) -> _T:
    """`alpha_dropout` of whole features: all that the dimensions behind the second hold becomes,
    in training and with probability p, the least number that `selu` gives. With `inplace` the
    input is written and returned.

    Raises:
        RuntimeError: the input has less than two dimensions, is not float64, or is to be
            written and is a leaf that requires grad.
        TypeError: an argument is of the wrong type.
        ValueError: p is not between 0 and 1.
    """
def dropout1d(input: _T, p: _Real = 0.5, training: _bool = True, inplace: _bool = False) -> _T:
    """Whole channels of one dimension dropped: in training each becomes 0 with probability p,
    and is else divided by 1 - p; otherwise the input itself. The input has the channels in
    its second dimension of three, or in the first of two. With `inplace` it is written and
    returned.

    Raises:
        RuntimeError: the input has not 2 or 3 dimensions, is not float64, or is to be written
            and is a leaf that requires grad.
        TypeError: an argument is of the wrong type.
        ValueError: p is not between 0 and 1.
    """
def dropout2d(input: _T, p: _Real = 0.5, training: _bool = True, inplace: _bool = False) -> _T:
    """Whole channels of two dimensions dropped: in training each becomes 0 with probability p,
    and is else divided by 1 - p; otherwise the input itself. The channels are the second
    dimension. Where there are not four, a warning. With `inplace` the input is written and
    returned.

    Raises:
        RuntimeError: the input has less than two dimensions, is not float64, or is to be
            written and is a leaf that requires grad.
        TypeError: an argument is of the wrong type.
        ValueError: p is not between 0 and 1.
    """
def dropout3d(input: _T, p: _Real = 0.5, training: _bool = True, inplace: _bool = False) -> _T:
    """Whole channels of three dimensions dropped: in training each becomes 0 with probability p,
    and is else divided by 1 - p; otherwise the input itself. The channels are the second
    dimension of five, else the first; where there are not four or five, a warning. With
    `inplace` the input is written and returned.

    Raises:
        RuntimeError: the input has less than two dimensions, is not float64, or is to be
            written and is a leaf that requires grad.
        TypeError: an argument is of the wrong type.
        ValueError: p is not between 0 and 1.
    """
def rrelu(
    input: _T,
    lower: _Real = 0.125,
    upper: _Real = 0.3333333333333333,
    training: _bool = False,
    inplace: _bool = False,
) -> _T:
    """Elements that are positive as they are, others times a slope: in training a random one for
    each, uniform between two bounds, otherwise the mean of these. The random numbers are the
    next of the process's generator. With `inplace` the input is written and returned.

    Raises:
        RuntimeError: lower is above upper, one of them is not finite, or the input is to be
            written and is a leaf that requires grad.
        NotImplementedError: the input is not float64.
        TypeError: an argument is of the wrong type.
    """
def rrelu_(
    input: _T, lower: _Real = 0.125, upper: _Real = 0.3333333333333333, training: _bool = False
) -> _T:
    """`rrelu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.
    """
def gumbel_softmax(
    logits: _T, tau: _Real = 1, hard: _bool = False, eps: _Real = 1e-10, dim: _int = -1
) -> _T:
    """A random choice among classes that has a gradient: the softmax along a dimension of log
    odds and random numbers, divided by tau. The largest is that of each class as often as the
    softmax of the log odds says. With `hard` it becomes 1 and the others 0, but the gradient
    stays that of the softmax. `eps` changes nothing, and warns if it is given.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the log odds are not float64.
        TypeError: an argument is of the wrong type.
    """
def normalize(
    input: _T, p: _Real = 2.0, dim: _Dims = 1, eps: _Real = 1e-12, out: Tensor | None = None
) -> _T:
    """Numbers divided by their p-norm along one dimension or several, or along all where dim is
    None; by eps where that is larger.

    Raises:
        IndexError: the dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def relu(input: _T, inplace: _bool = False) -> _T:
    """Elements where they are positive, else 0. With `inplace` they are written over the input,
    which is the result then.

    Raises:
        RuntimeError: the input is bool, or is to be written and is a leaf that requires grad.
        TypeError: the input is not a Tensor.
    """
def relu_(input: _T) -> _T:
    """`relu` in place: the input is written and returned.

    Raises:
        RuntimeError: the input is a leaf that requires grad, or its memory is read-only.
    """
def softmax(
    input: _T, dim: _Value | None = None, _stacklevel: _int = 3, dtype: _DType = None
) -> _T:
    """exp(x) divided by its sum along a dimension, so that the elements along it sum to 1.

    Without `dim` it is 0 of up to one or of three dimensions, else 1, with a warning.

    Raises:
        IndexError: the dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def log_softmax(
    input: _T, dim: _Value | None = None, _stacklevel: _int = 3, dtype: _DType = None
) -> _T:
    """The logarithm of `softmax`, also where that would be 0.

    Without `dim` it is 0 of up to one or of three dimensions, else 1, with a warning.

    Raises:
        IndexError: the dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def softmin(
    input: _T, dim: _Value | None = None, _stacklevel: _int = 3, dtype: _DType = None
) -> _T:
    """`softmax` of -x: the smallest element has the most.

    Without `dim` it is 0 of up to one or of three dimensions, else 1, with a warning.

    Raises:
        IndexError: the dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def linear(input: _T, weight: Tensor, bias: Tensor | None = None) -> _T:
    """input @ weight.T + bias: a linear layer. (..., n) with a weight (m, n), or (n), gives
    (..., m), or (...); the bias is (m), or a single number.

    Raises:
        RuntimeError: the sizes do not fit, or the dtypes differ.
        TypeError: an argument is of the wrong type.
    """
