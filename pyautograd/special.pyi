# SPDX-License-Identifier: MIT
# Types of pyautograd.special: `make stubs` writes all of this file.

from ._core import _T, Tensor, _Operand
from ._core import digamma as _digamma
from ._core import digamma as digamma
from ._core import erf as erf
from ._core import erfc as erfc
from ._core import erfinv as erfinv
from ._core import exp2 as exp2
from ._core import expm1 as expm1
from ._core import i0 as _i0
from ._core import i0 as i0
from ._core import igamma as _igamma
from ._core import igammac as _igammac
from ._core import lgamma as _lgamma
from ._core import log1p as log1p
from ._core import log_softmax as log_softmax
from ._core import logit as logit
from ._core import logsumexp as logsumexp
from ._core import mvlgamma as _mvlgamma
from ._core import polygamma as polygamma
from ._core import round as round
from ._core import sigmoid as _sigmoid
from ._core import sinc as sinc
from ._core import softmax as softmax
from ._core import xlogy as xlogy

__all__: list[str]
expit = _sigmoid
gammaln = _lgamma
psi = _digamma
multigammaln = _mvlgamma
modified_bessel_i0 = _i0
gammainc = _igamma
gammaincc = _igammac

def xlog1py(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """input * log1p(other), which is 0 where input is 0, and NaN where other is.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these.
    """
def erfcx(input: _T, *, out: Tensor | None = None) -> _T:
    """exp(x * x) * erfc(x) of each element, also where erfc(x) is too small to be a number.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def ndtr(input: _T, *, out: Tensor | None = None) -> _T:
    """The distribution function of the normal distribution: the probability of what is below x.

    Both tails keep their digits.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def ndtri(input: _T, *, out: Tensor | None = None) -> _T:
    """The inverse of `ndtr`: the x below which a probability lies; NaN outside of 0 to 1.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def log_ndtr(input: _T, *, out: Tensor | None = None) -> _T:
    """The logarithm of `ndtr`, also where that is too small to be a number, or next to 1.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def entr(input: _T, *, out: Tensor | None = None) -> _T:
    """-x * log(x) of each element; 0 at 0, -inf of negative numbers.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def zeta(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The zeta function of Hurwitz: the sum of (other + k) ** -input over all k from 0 on.

    It is inf where input is 1 or other is 0 or a negative whole number, and NaN where input is
    less than 1, or is no whole number and other negative. The operands are tensors, numbers or
    arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these.
    """
def i0e(input: _T, *, out: Tensor | None = None) -> _T:
    """exp(-abs(x)) * i0(x) of each element, which does not overflow.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def i1(input: _T, *, out: Tensor | None = None) -> _T:
    """The modified Bessel function of the first kind and order 1.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def modified_bessel_i1(input: _T, *, out: Tensor | None = None) -> _T:
    """The modified Bessel function of the first kind and order 1: `i1`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def i1e(input: _T, *, out: Tensor | None = None) -> _T:
    """exp(-abs(x)) * i1(x) of each element, which does not overflow.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def bessel_j0(input: _T, *, out: Tensor | None = None) -> _T:
    """The Bessel function of the first kind and order 0.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def bessel_j1(input: _T, *, out: Tensor | None = None) -> _T:
    """The Bessel function of the first kind and order 1.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def bessel_y0(input: _T, *, out: Tensor | None = None) -> _T:
    """The Bessel function of the second kind and order 0.

    It is -inf at 0 and NaN for negative x.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def bessel_y1(input: _T, *, out: Tensor | None = None) -> _T:
    """The Bessel function of the second kind and order 1.

    It is -inf at 0 and NaN for negative x.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def modified_bessel_k0(input: _T, *, out: Tensor | None = None) -> _T:
    """The modified Bessel function of the second kind and order 0.

    It is inf at 0 and NaN for negative x.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def modified_bessel_k1(input: _T, *, out: Tensor | None = None) -> _T:
    """The modified Bessel function of the second kind and order 1.

    It is inf at 0 and NaN for negative x.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def scaled_modified_bessel_k0(input: _T, *, out: Tensor | None = None) -> _T:
    """exp(x) * modified_bessel_k0(x) of each element, which does not underflow.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def scaled_modified_bessel_k1(input: _T, *, out: Tensor | None = None) -> _T:
    """exp(x) * modified_bessel_k1(x) of each element, which does not underflow.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def betaln(a: _T, b: Tensor) -> _T:
    """The logarithm of the beta function: lgamma(a) + lgamma(b) - lgamma(a + b).

    Its digits are kept where one of them is large. The shapes broadcast to the result's.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is not a Tensor.
    """
def betainc(a: _T, b: Tensor, x: Tensor) -> _T:
    """The incomplete beta function, regularised: the integral of t ** (a - 1) * (1 - t) **
    (b - 1) from 0 to x, over that up to 1.

    Gradients flow to all operands, whose shapes broadcast to the result's. It is NaN where a
    or b is not positive, or x not between 0 and 1.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is not a Tensor.
    """
def betaincinv(a: _T, b: Tensor, y: Tensor) -> _T:
    """The inverse of `betainc` in its third argument: the x with betainc(a, b, x) = y.

    Gradients flow to all operands, whose shapes broadcast to the result's.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is not a Tensor.
    """
