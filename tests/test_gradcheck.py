# SPDX-License-Identifier: MIT
"""The checker itself: what is wrong by a tenth of a percent must be caught, what is right pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyautograd as ag
from pyautograd import testing
from pyautograd.testing import GradcheckError, assert_close, gradcheck, gradgradcheck
from support import leaf

MODES = pytest.mark.parametrize("fast_mode", [False, True], ids=["each element", "directions"])


def with_slope(value: Any, slope: Any, x: Any) -> Any:
    """A function's value whose derivative is said to be `slope`, whatever it really is."""
    return value.detach() + slope * (x - x.detach())


def sin_with_error(error: float) -> Any:
    return lambda x: with_slope(x.sin(), (1 + error) * x.detach().cos(), x)


def sin_with_second_error(error: float) -> Any:
    """First derivative right, second off by `error`."""

    def f(x: Any) -> Any:
        half_second = -0.5 * (1 + error) * x.detach().sin()
        return with_slope(x.sin(), with_slope(x.cos(), half_second, x), x)

    return f


@MODES
def test_right_rules_pass(fast_mode: bool) -> None:
    x, y = leaf([0.3, 1.2, -2.0]), leaf([[1.5], [2.5]])
    for f in (lambda x, y: x * y, lambda x, y: (x.sin() + y).exp(), lambda x, y: (x, y.sum())):
        assert gradcheck(f, (x, y), fast_mode=fast_mode)
        assert gradgradcheck(f, (x, y), fast_mode=fast_mode)
    assert gradcheck(sin_with_error(0.0), x, fast_mode=fast_mode)
    assert gradgradcheck(sin_with_second_error(0.0), x, fast_mode=fast_mode)


@MODES
@pytest.mark.parametrize("error", [1e-3, -1e-3, 1e-4, 0.5, np.nan, np.inf])
def test_wrong_first_derivative(error: float, fast_mode: bool) -> None:
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to"):
        gradcheck(sin_with_error(error), leaf([0.3, 0.9, -2.0]), fast_mode=fast_mode)
    assert not gradcheck(
        sin_with_error(error), leaf([0.3, 0.9]), raise_exception=False, fast_mode=fast_mode
    )


@MODES
@pytest.mark.parametrize("error", [1e-3, -1e-3, 0.5])
def test_wrong_second_derivative(error: float, fast_mode: bool) -> None:
    f, x = sin_with_second_error(error), leaf([0.3, 0.9, -2.0])
    assert gradcheck(f, x, fast_mode=fast_mode), "the first derivative is right"
    with pytest.raises(GradcheckError):
        gradgradcheck(f, x, fast_mode=fast_mode)


@MODES
def test_wrong_in_one_element_only(fast_mode: bool) -> None:
    weights = np.ones(50)
    weights[37] = 1.001

    def f(x: Any) -> Any:
        return with_slope(x * x, 2 * x.detach() * ag.tensor(weights), x)

    with pytest.raises(GradcheckError):
        gradcheck(f, leaf(np.linspace(1, 2, 50)), fast_mode=fast_mode)


@MODES
def test_wrong_in_the_second_input_or_output_only(fast_mode: bool) -> None:
    def wrong_input(x: Any, y: Any) -> Any:
        return x * 2 + with_slope(y.exp(), 1.001 * y.detach().exp(), y)

    with pytest.raises(GradcheckError, match="output 0 with respect to input 1"):
        gradcheck(wrong_input, (leaf([1.0, 2.0]), leaf([0.5, 1.5])), fast_mode=fast_mode)

    def wrong_output(x: Any) -> Any:
        return x * 2, sin_with_error(1e-3)(x)

    with pytest.raises(GradcheckError, match="output 1 with respect to input 0"):
        gradcheck(wrong_output, leaf([1.0, 2.0]), fast_mode=fast_mode)


@MODES
def test_missing_term(fast_mode: bool) -> None:
    """A path that was cut: the derivative is 0 there, the slope is not."""
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: x * x.detach(), leaf([1.0, 2.0]), fast_mode=fast_mode)
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: (x * 2, (x * x).detach()), leaf([1.0, 2.0]), fast_mode=fast_mode)


def test_message_says_where() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(sin_with_error(0.1), leaf([np.pi / 2, 0.5]))
    text = str(caught.value)
    assert "numerical:" in text and "analytical:" in text
    assert "output element 1, input element 1" in text


def test_backward_that_is_not_repeatable() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return x * (1.0 + 1e-9 * len(calls))

    # Differs between calls, and each graph gives its own gradient twice: reentrant.
    assert gradcheck(f, leaf([1.0]), eps=1e-2, atol=1e-5)


@MODES
def test_inputs_are_left_as_they_were(fast_mode: bool) -> None:
    x = leaf([0.1, 0.2, 1e10])
    before = x.tolist()

    def f(x: Any) -> Any:
        return x * 2

    y = x * x
    assert gradcheck(f, x, fast_mode=fast_mode)
    assert x.tolist() == before and x.grad is None
    y.sum().backward()  # x was not written to, as far as versions go

    def fails(x: Any) -> Any:
        if x.tolist() != before:
            raise KeyError("in the middle")
        return x * 2

    with pytest.raises(KeyError):
        gradcheck(fails, x, fast_mode=fast_mode)
    assert x.tolist() == before


@MODES
def test_layouts_and_empty(fast_mode: bool) -> None:
    base = ag.tensor(np.arange(12.0).reshape(3, 4))
    for view in (base.t(), base[:, ::2], base[1], base[:0]):
        x = view.detach().requires_grad_()
        assert gradcheck(lambda x: (x * x).sum(), x, fast_mode=fast_mode)
        assert gradcheck(lambda x: x.t() if x.ndim == 2 else x * 3, x, fast_mode=fast_mode)


@MODES
def test_large_and_small_values(fast_mode: bool) -> None:
    """The step grows with the value: at 1e8 a step of 1e-6 is mostly rounding."""
    assert gradcheck(lambda x: x * 3, leaf([1e8, -3e6, 1e-8]), fast_mode=fast_mode)


def test_only_what_requires_grad_is_checked() -> None:
    x, c = leaf([1.0, 2.0]), ag.tensor([3.0, 4.0])
    assert gradcheck(lambda x, c, n: x * c**n, (x, c, 2))
    assert gradcheck(lambda x: x * 2, [x])
    assert gradcheck(lambda x: [x * 2], x)


def test_non_leaf_inputs() -> None:
    x = leaf([1.0, 2.0])
    y = x * 2
    assert gradcheck(lambda y: y.exp(), y)


def test_grad_outputs_can_be_given() -> None:
    x = leaf([0.5, 1.5])
    assert gradgradcheck(ag.exp, x, leaf([1.0, -1.0]))
    assert gradgradcheck(ag.exp, x, [ag.tensor([1.0, -1.0])])
    with pytest.raises(ValueError, match="1 outputs require grad, got 2"):
        gradgradcheck(ag.exp, x, [ag.ones(2), ag.ones(2)])


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(ag.exp, ag.tensor([1.0]))
    with pytest.raises(RuntimeError, match="0th input has a dimension with stride 0"):
        gradcheck(ag.exp, ag.ones(1).expand(3).requires_grad_())
    with pytest.raises(TypeError, match="output 0 is a float"):
        gradcheck(lambda x: x.sum().item(), leaf([1.0]))
    with pytest.raises(TypeError):
        gradcheck(ag.exp, leaf([1.0]), 1e-6)  # keyword only


def test_does_not_disturb_the_generator() -> None:
    ag.manual_seed(3)
    first = ag.rand(3).tolist()
    ag.manual_seed(3)
    gradgradcheck(ag.exp, leaf([1.0]), fast_mode=True)
    assert ag.rand(3).tolist() == first


# ---- PyTorch's other arguments -------------------------------------------------------------------


def nearly_square(error: float) -> Any:
    """x * x, of which the part `error` is said to be a constant."""
    return lambda x: x * x * (1 - error) + error * (x * x).detach()


@MODES
def test_a_part_that_is_cut_off(fast_mode: bool) -> None:
    x = leaf([0.5, 1.5, -2.0])
    assert gradcheck(nearly_square(0.0), x, fast_mode=fast_mode)
    for error in (1e-3, -1e-3):
        with pytest.raises(GradcheckError, match="Jacobian mismatch"):
            gradcheck(nearly_square(error), x, fast_mode=fast_mode)
        assert gradcheck(nearly_square(error), x, fast_mode=fast_mode, rtol=2e-3)
    # PyTorch's default tolerance for an error of this size is exactly what lets it pass.
    assert gradcheck(nearly_square(9e-4), x, fast_mode=fast_mode, atol=1e-5, rtol=1e-3)


@MODES
def test_a_second_derivative_that_is_cut_off(fast_mode: bool) -> None:
    def wrong(x: Any) -> Any:
        """Right at first order; the derivative's own derivative lacks a thousandth."""
        slope = 3 * nearly_square(1e-3)(x)
        return with_slope(x**3, slope - slope.detach() + 3 * (x * x).detach(), x)

    x = leaf([0.5, 1.5])
    assert gradcheck(wrong, x, fast_mode=fast_mode)
    with pytest.raises(GradcheckError):
        gradgradcheck(wrong, x, fast_mode=fast_mode)


@MODES
def test_all_arguments_of_torch_are_taken(fast_mode: bool) -> None:
    x, y = leaf([0.5, 1.5]), leaf([[1.0], [2.0]])
    assert gradcheck(
        lambda x, y: (x * y, (x + y).sin()),
        (x, y),
        eps=1e-6,
        atol=1e-5,
        rtol=1e-3,
        raise_exception=True,
        nondet_tol=1e-12,
        check_undefined_grad=True,
        check_grad_dtypes=True,
        check_batched_grad=True,
        check_batched_forward_grad=False,
        check_forward_ad=False,
        check_backward_ad=True,
        fast_mode=fast_mode,
        masked=False,
    )
    assert gradgradcheck(
        lambda x, y: (x * y, (x + y).sin()),
        (x, y),
        gen_non_contig_grad_outputs=True,
        check_undefined_grad=True,
        check_grad_dtypes=True,
        check_batched_grad=True,
        check_fwd_over_rev=False,
        check_rev_over_rev=True,
        fast_mode=fast_mode,
        masked=False,
    )


@pytest.mark.parametrize(
    ("check", "more", "error", "match"),
    [
        (gradcheck, {"check_backward_ad": False}, AssertionError, "at least one of"),
        (
            gradcheck,
            {"check_forward_ad": True, "check_backward_ad": False, "check_batched_grad": True},
            AssertionError,
            "check_batched_grad=True requires",
        ),
        (gradcheck, {"check_batched_forward_grad": True}, AssertionError, "check_forward_ad to be"),
        (gradcheck, {"check_forward_ad": True}, NotImplementedError, "no forward mode"),
        (gradgradcheck, {"check_rev_over_rev": False}, AssertionError, "at least one of"),
        (
            gradgradcheck,
            {"check_rev_over_rev": False, "check_fwd_over_rev": True},
            AssertionError,
            "check_undefined_grad=True requires",
        ),
        (gradgradcheck, {"check_fwd_over_rev": True}, NotImplementedError, "no forward mode"),
    ],
)
def test_arguments_that_cannot_be(
    check: Any, more: dict[str, bool], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        check(ag.exp, leaf([1.0]), **more)


def broken_grad(breaks: Any) -> Any:
    """autograd.grad, wrong by 1 where `breaks` of the outputs, their gradients and the arguments by
    keyword says so."""
    right = ag.autograd.grad

    def grad(outputs: Any, inputs: Any, grad_outputs: Any, **more: Any) -> Any:
        found = right(outputs, inputs, grad_outputs, **more)
        return tuple(g + 1 for g in found) if breaks(outputs, grad_outputs, more) else found

    return grad


def all_zeros(outputs: Any, gradients: Any, more: Any) -> bool:
    return isinstance(gradients, list) and not any(bool(g.any()) for g in gradients)


@pytest.mark.parametrize(
    ("breaks", "switch", "match"),
    [
        (all_zeros, "check_backward_ad", "backward not multiplied by grad_output"),
        (
            lambda outputs, gradients, more: (
                all_zeros(outputs, gradients, more) and len(outputs) == 1
            ),
            "check_undefined_grad",
            "Expected all input grads to be undefined or zero .* without output 0",
        ),
        (
            lambda outputs, gradients, more: more.get("is_grads_batched", False),
            "check_batched_grad",
            "For output 0 and input 0: expected a batched gradient",
        ),
    ],
)
def test_what_else_is_found(
    breaks: Any, switch: str, match: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ag.autograd, "grad", broken_grad(breaks))
    with pytest.raises(GradcheckError, match=match):
        gradcheck(lambda x: (x * 2, x * x), leaf([1.0]), **{switch: True})
    assert not gradcheck(
        lambda x: (x * 2, x * x), leaf([1.0]), raise_exception=False, **{switch: True}
    )
    if switch != "check_backward_ad":
        assert gradcheck(lambda x: (x * 2, x * x), leaf([1.0]), **{switch: False})


def test_outputs_of_other_dtypes_are_constants() -> None:
    x = leaf([1.0, 3.0, 2.0])
    assert gradcheck(lambda x: (x * x, x > 1.5, x.argmax()), x)
    assert gradcheck(lambda x: x.max(0), x)
    assert gradcheck(lambda x: x > 1.5, x), "nothing to find: all slopes are 0"


def test_fast_mode_says_where() -> None:
    with pytest.raises(GradcheckError, match=r"(?s)Element by element:.*output element 1, input"):
        gradcheck(sin_with_error(0.1), leaf([np.pi / 2, 0.5]), fast_mode=True)

    def a_little_everywhere(x: Any) -> Any:
        return (x * (1 + 5e-7)).sum() - 5e-7 * x.detach().sum()

    x = leaf(np.ones(400))
    with pytest.raises(GradcheckError, match="With fast_mode=False this function passes"):
        gradcheck(a_little_everywhere, x, fast_mode=True, atol=6e-7, rtol=0.0)
    assert gradcheck(a_little_everywhere, x, atol=6e-7, rtol=0.0)


def test_they_are_in_autograd_too() -> None:
    assert ag.autograd.gradcheck is gradcheck and ag.autograd.gradgradcheck is gradgradcheck


# ---- assert_close --------------------------------------------------------------------------------


def test_assert_close_accepts() -> None:
    x = ag.tensor([1.0, 2.0, np.inf])
    assert_close(x, x.clone())
    assert_close(ag.tensor(0.1) * 3, 0.3)
    assert_close(np.array([1.0, 2.0]), ag.tensor([1.0, 2.0 + 1e-9]))
    assert_close([x, {"a": 1.0}], [x, {"a": 1.0 + 1e-9}])
    assert_close(ag.tensor([np.nan]), ag.tensor([np.nan]), equal_nan=True)
    assert_close(x.clone().requires_grad_(), x)
    assert_close(ag.empty(0), ag.empty(0))
    assert_close(1.0, 1.1, rtol=0.2, atol=0.0)


def test_assert_close_says_where() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_close(ag.tensor([[1.0, 2.0], [3.0, 5.0]]), ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    text = str(caught.value)
    assert text.startswith("Tensor-likes are not close!")
    assert "Mismatched elements: 1 / 4 (25.0%)" in text
    assert "Greatest absolute difference: 1.0 at index (1, 1) (up to 1e-07 allowed)" in text
    assert "Greatest relative difference: 0.25 at index (1, 1) (up to 1e-07 allowed)" in text
    with pytest.raises(AssertionError, match=r"Scalars are not close!\s+Expected 2.0 but got 1.0"):
        assert_close(1.0, 2.0)
    with pytest.raises(AssertionError, match=r"item \[1\]\['a'\]"):
        assert_close([1.0, {"a": 1.0}], [1.0, {"a": 2.0}])


@pytest.mark.parametrize(
    ("actual", "expected", "match"),
    [
        ([np.nan], [np.nan], "Mismatched elements: 1 / 1"),
        ([np.nan], [1.0], "Mismatched"),
        ([np.inf], [-np.inf], "Mismatched"),
        ([1.0], [np.inf], "Mismatched"),
        ([[1.0]], [1.0], "'shape' do not match"),
        ([1.0, 1.0], [1.0], "'shape' do not match"),
    ],
)
def test_assert_close_rejects(actual: Any, expected: Any, match: str) -> None:
    with pytest.raises(AssertionError, match=match):
        assert_close(ag.tensor(actual), ag.tensor(expected))


def test_assert_close_structures_and_arguments() -> None:
    with pytest.raises(AssertionError, match="length"):
        assert_close([1.0], [1.0, 2.0])
    with pytest.raises(AssertionError, match="keys"):
        assert_close({"a": 1.0}, {"b": 1.0})
    with pytest.raises(AssertionError, match="stride"):
        assert_close(ag.ones(2, 3).t(), ag.ones(3, 2), check_stride=True)
    assert_close(ag.ones(2, 3).t(), ag.ones(3, 2))
    with pytest.raises(ValueError, match="both be given"):
        assert_close(1.0, 1.0, rtol=1e-3)
    with pytest.raises(TypeError, match="cannot compare a str"):
        assert_close("a", "a")
    with pytest.raises(AssertionError, match=r"^mine$"):
        assert_close(1.0, 2.0, msg="mine")
    with pytest.raises(AssertionError, match=r"^mine: Scalars"):
        assert_close(1.0, 2.0, msg=lambda text: f"mine: {text}")


def test_public_names() -> None:
    assert set(testing.__all__) == {"GradcheckError", "assert_close", "gradcheck", "gradgradcheck"}
    assert issubclass(GradcheckError, RuntimeError)
