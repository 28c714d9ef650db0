/* SPDX-License-Identifier: MIT
 *
 * Elementwise ops of one input that neural networks have between their layers. In the comments y is
 * the result, g the gradient that comes in, dx the one that goes out.
 *
 * Where a function has two tails, its derivative is written for the left one, in m = -|x| (of which
 * the derivative at 0 is 1), and taken from 1 for the right one: so that derivatives of any order
 * keep their digits in both.
 */
#include "../base/check.h"
#include "../compute/kernel.h"
#include "../tape/formula.h"
#include "table.h"

#include <math.h>

/* z[i] from x = a[i] and the first two numbers of the op. */
#define MAP_NUMBERS(name, expression) \
    AGI_STAMPED double name##_of(double x, double p, double q) \
    { \
        (void)p, (void)q; \
        return expression; \
    } \
    AG_KERNEL_BODY(name) \
    { \
        const double *a = in[0], p = f[0], q = f[1]; \
        AGI_KERNEL_UNUSED; \
        if (AGI_UNLIKELY(splat)) \
            agi_fill_tile(z, n, name##_of(a[0], p, q)); \
        else \
            AGI_EACH(name##_of(a[i], p, q)); \
    } \
    AG_KERNELS(name)

/* The first number of the node's op, and the second. */
#define FIRST (agi_node_attr_of(v->node)->f[0])
#define SECOND (agi_node_attr_of(v->node)->f[1])

/* The derivative of what is made of straight lines does not depend on x. Where it is recorded it is
 * made to, by a factor of 1, so that a second derivative finds zeros and not a missing history. */
static ag_arg bound_to(const agi_vjp *v, ag_arg x, ag_arg dx)
{
    if (!v->create_graph)
        return dx;
    const ag_arg one = v_add(v_mul(v_sign(x), NUM(0.0)), NUM(1.0));
    return v_mul(dx, v_where(v_ne(x, x), NUM(1.0), one));
}

/* x > 0 ? -x : x, whose derivative at 0 is 1. */
static ag_arg left(ag_arg is_right, ag_arg x) { return v_where(is_right, v_neg(x), x); }

/* ---- straight lines ------------------------------------------------------------------------- */

/* leaky_relu(slope): y = x where x > 0, else slope x;  dx = g, or slope g.  Saves x. */
MAP_NUMBERS(leaky_relu, x > 0.0 ? x : x * p)
AG_RULE(leaky_relu)
{
    const ag_arg x = IN(0);
    GX(0) = bound_to(v, x, v_where(v_gt(x, NUM(0.0)), G, v_mul(G, NUM(FIRST))));
}

/* threshold(threshold, value): y = x where x > threshold or x is NaN, else the value;  dx = g, or
 * 0.  Saves x. */
MAP_NUMBERS(threshold, x <= p ? q : x)
AG_RULE(threshold)
{
    const ag_arg x = IN(0);
    GX(0) = bound_to(v, x, v_where(v_le(x, NUM(FIRST)), NUM(0.0), G));
}

/* hardtanh(min, max): y = x between the bounds, which are results themselves where x is beyond
 * them, and NaN where a bound is;  dx = g where x lies between them, 0 on them and beyond.  Saves
 * x. */
MAP_NUMBERS(hardtanh, x > p ? (x < q ? x : q) : x == x ? p : x)
AG_RULE(hardtanh)
{
    const ag_arg x = IN(0), zero = NUM(0.0);
    const ag_arg inside = v_where(v_ge(x, NUM(SECOND)), zero, G);
    GX(0) = bound_to(v, x, v_where(v_le(x, NUM(FIRST)), zero, inside));
}

/* relu6: hardtanh between 0 and 6.  Saves x. */
AG_MAP1(relu6, x <= 0.0 ? 0.0 : x >= 6.0 ? 6.0 : x)
AG_RULE(relu6)
{
    const ag_arg x = IN(0), zero = NUM(0.0);
    const ag_arg inside = v_where(v_ge(x, NUM(6.0)), zero, G);
    GX(0) = bound_to(v, x, v_where(v_le(x, zero), zero, inside));
}

/* The two that have arguments, of whole numbers: the arguments are cut to their whole parts. */
AGI_STAMPED double cut_number(double x) { return fabs(x) < 0x1p53 ? trunc(x) + 0.0 : x; }
MAP_NUMBERS(threshold_int, x <= cut_number(p) ? cut_number(q) : x)
MAP_NUMBERS(hardtanh_int, x <= cut_number(p) ? cut_number(p) : x >= cut_number(q) ? cut_number(q)
                                                                                 : x)

/* hardshrink(lambda): y = 0 where |x| <= lambda, else x;  dx = 0, or g.  Saves x. */
MAP_NUMBERS(hardshrink, ((x >= -p) & (x <= p)) ? 0.0 : x)
AG_RULE(hardshrink)
{
    const ag_arg x = IN(0);
    GX(0) = bound_to(v, x, v_where(v_le(v_abs(x), NUM(FIRST)), NUM(0.0), G));
}

/* softshrink(lambda): y = 0 where |x| <= lambda, else x less lambda in magnitude;  dx = 0, or g.
 * Saves x. */
MAP_NUMBERS(softshrink, x > p ? x - p : x < -p ? x + p : x == x ? 0.0 : x)
AG_RULE(softshrink)
{
    const ag_arg x = IN(0);
    GX(0) = bound_to(v, x, v_where(v_le(v_abs(x), NUM(FIRST)), NUM(0.0), G));
}

/* hardsigmoid: y = x / 6 + 1 / 2 limited to between 0 and 1;  dx = g / 6 between, else 0.  Saves
 * x. */
AG_MAP1(hardsigmoid, x <= -3.0 ? 0.0 : x >= 3.0 ? 1.0 : (x + 3.0) / 6.0)
AG_RULE(hardsigmoid)
{
    const ag_arg x = IN(0);
    const ag_arg inside = v_lt(v_abs(x), NUM(3.0));
    GX(0) = bound_to(v, x, v_where(inside, v_mul(G, NUM(1.0 / 6.0)), NUM(0.0)));
}

/* hardswish: y = x hardsigmoid(x);  dx = g (x / 3 + 1 / 2) between, 0 left of it (and at -3), g
 * right of it.  Saves x. */
AG_MAP1(hardswish, x <= -3.0 ? x * 0.0 : x >= 3.0 ? x : x * (x + 3.0) / 6.0)
AG_RULE(hardswish)
{
    const ag_arg x = IN(0);
    const ag_arg slope = v_add(v_div(x, NUM(3.0)), NUM(0.5));
    const ag_arg right = v_where(v_lt(x, NUM(3.0)), slope, NUM(1.0));
    GX(0) = v_vjp_mul(G, v_where(v_le(x, NUM(-3.0)), NUM(0.0), right));
}

/* prelu(x, weight): y = x where x > 0, else weight x, with one weight for all, or one for each
 * index of dimension 1.  dx = g, or weight g; dweight = 0, or x g. */
static bool shape_of_weight(ag_tensor *x, ag_tensor *weight, int64_t *shape)
{
    const int64_t channels = x->ndim > 1 ? agi_shape_of(x)[1] : 1;
    if (x->ndim == 0 && weight->numel != 1)
        agi_fail(AG_ERR_SHAPE, "Not allow zero-dim input tensor.");
    else if (weight->ndim > 1)
        agi_fail(AG_ERR_SHAPE, "prelu: Expected `weight` to be a scalar or 1D tensor, but got: "
                               "ndim = %d", weight->ndim);
    else if (weight->numel != 1 && weight->numel != channels)
        agi_fail(AG_ERR_SHAPE, "Mismatch of parameter numbers and input channel size. Found "
                               "parameter numbers = %lld, and channel size = %lld.",
                 (long long)weight->numel, (long long)channels);
    else {
        for (int d = 0; d < x->ndim; d++)
            shape[d] = d == 1 ? weight->numel : 1;
        return true;
    }
    return false;
}

AG_FORMULA(prelu)
{
    const ag_arg x = args[0];
    int64_t shape[AGI_MAX_DIMS];
    (void)attr;
    if (!shape_of_weight(x.tensor, args[1].tensor, shape))
        return agi_arg(&agi_failed);
    const int ndim = x.tensor->ndim == 1 ? 1 : x.tensor->ndim;
    const ag_arg weight = args[1].tensor->ndim == ndim && ndim < 2 ? args[1]
                                                                   : v_view(args[1], ndim, shape);
    return v_where(v_gt(x, NUM(0.0)), x, v_mul(x, weight));
}

/* ---- exponentials on the left --------------------------------------------------------------- */

/* x where x > 0, else alpha (exp(x / width) - 1), all times scale. A width below 0 turns the
 * exponential to the right, where only the C library's function is: rare. */
AGI_STAMPED double elu_of(bool fused, double x, double alpha, double inverse_width, double scale)
{
    const double u = x * inverse_width, e = agi_expm1_negative(fused, u > 0.0 ? 0.0 : u);
    return x >= 0.0 ? x * scale : alpha * scale * e;
}

/* x where it is negative; what is made of it in a rule has the derivative 0 at 0. */
static ag_arg negative_part(const agi_vjp *v, ag_arg x)
{
    return v->create_graph ? v_where(v_lt(x, NUM(0.0)), x, NUM(0.0)) : x;
}

/* elu(alpha): y = x where x > 0, else alpha (exp(x) - 1);  dx = g, or g alpha exp(x).  Saves x. */
AG_KERNEL_BODY(elu)
{
    const double *x = in[0], alpha = f[0];
    AGI_KERNEL_UNUSED;
    if (AGI_UNLIKELY(splat))
        agi_fill_tile(z, n, elu_of(fused, x[0], alpha, 1.0, 1.0));
    else
        AGI_EACH(elu_of(fused, x[i], alpha, 1.0, 1.0));
}
AG_KERNELS(elu)
AG_RULE(elu)
{
    const ag_arg x = IN(0), slope = v_mul(v_exp(negative_part(v, x)), NUM(FIRST));
    GX(0) = v_vjp_mul(G, v_where(v_le(x, NUM(0.0)), slope, NUM(1.0)));
}

/* selu: elu with such numbers that layers of it keep mean and variance. */
#define SELU_ALPHA 1.6732632423543772848170429916717
#define SELU_SCALE 1.0507009873554804934193349852946
AG_MAP_FUSED(selu, elu_of(fused, x, SELU_ALPHA, 1.0, SELU_SCALE))
AG_RULE(selu)
{
    const ag_arg x = IN(0), e = v_exp(negative_part(v, x));
    const ag_arg slope = v_mul(e, NUM(SELU_ALPHA * SELU_SCALE));
    GX(0) = v_vjp_mul(G, v_where(v_le(x, NUM(0.0)), slope, NUM(SELU_SCALE)));
}

/* celu(alpha): y = x where x > 0, else alpha (exp(x / alpha) - 1);  dx = g, or g exp(x / alpha).
 * Saves x. */
AG_KERNEL_BODY(celu)
{
    const double *x = in[0], alpha = f[0], inverse = 1.0 / f[0];
    AGI_KERNEL_UNUSED;
    if (AGI_UNLIKELY(alpha < 0.0)) {
        for (int64_t i = 0; i < n; i++)
            z[i] = x[splat ? 0 : i] > 0.0 ? x[splat ? 0 : i]
                                          : alpha * expm1(x[splat ? 0 : i] * inverse);
    } else if (AGI_UNLIKELY(splat)) {
        agi_fill_tile(z, n, elu_of(fused, x[0], alpha, inverse, 1.0));
    } else {
        AGI_EACH(elu_of(fused, x[i], alpha, inverse, 1.0));
    }
}
AG_KERNELS(celu)
AG_RULE(celu)
{
    const ag_arg x = IN(0), slope = v_exp(v_div(negative_part(v, x), NUM(FIRST)));
    GX(0) = v_vjp_mul(G, v_where(v_le(x, NUM(0.0)), slope, NUM(1.0)));
}

/* ---- logistic ------------------------------------------------------------------------------- */

/* logsigmoid: y = log(1 / (1 + exp(-x)));  dx = g sigmoid(-x).  Saves x. */
AGI_STAMPED double logsigmoid_of(bool fused, double x)
{
    const double tail = agi_log1p_unit(fused, agi_exp_negative(fused, -fabs(x), 0.0));
    return x < 0.0 ? x - tail : -tail + 0.0;
}
AG_MAP_FUSED(logsigmoid, logsigmoid_of(fused, x))
AG_RULE(logsigmoid)
{
    const ag_arg x = IN(0), is_right = v_gt(x, NUM(0.0)), t = v_sigmoid(left(is_right, x));
    GX(0) = v_vjp_mul(G, v_where(is_right, t, v_sub(NUM(1.0), t)));
}

/* The derivative of x sigmoid(w) where that of w is dw, or 1 where dw is a number: at the left
 * t + x t (1 - t) dw, where t = sigmoid(-|w|), which is what 1 lacks of it at the right. */
static ag_arg swish_slope(ag_arg x, ag_arg w, ag_arg dw)
{
    const ag_arg one = NUM(1.0), is_right = v_gt(x, NUM(0.0)), t = v_sigmoid(left(is_right, w));
    const ag_arg bend = v_mul(left(is_right, x), v_sub(one, t));
    const ag_arg h = v_mul(t, v_add(dw.tensor == NULL ? bend : v_mul(bend, dw), one));
    return v_where(is_right, v_sub(one, h), h);
}

/* exp(-|x|), far out times 2^200, where it would lack digits that its product with x has. */
AGI_STAMPED double lifted_exp(bool fused, double x)
{
    const double distance = fabs(x), lift = distance > 600.0 ? 200.0 : 0.0;
    const double lifted = lift * 0x1.62e42fefa3800p-1 - distance;  /* ln 2 in two parts: exact */
    return agi_exp_negative(fused, lifted, lift * 0x1.ef35793c76730p-45);
}

/* y, a multiple of that where x is negative, without the factor. */
AGI_STAMPED double lowered(double x, double y) { return x < -600.0 ? y * 0x1p-200 : y; }

/* silu: y = x sigmoid(x).  Saves x. */
AGI_STAMPED double silu_of(bool fused, double x)
{
    const double e = lifted_exp(fused, x);
    return lowered(x, (x < 0.0 ? x * e : x) / (1.0 + e));
}
AG_MAP_FUSED(silu, silu_of(fused, x))
AG_RULE(silu) { GX(0) = v_vjp_mul(G, v_silu_slope(IN(0))); }

/* silu_slope: with m = -|x| and t = sigmoid(m) it is h = t + m t (1 - t) at the left and 1 - h at
 * the right;  dx = g t (1 - t) (2 + m (1 - 2 t)), which is even.  Saves x. */
AGI_STAMPED double silu_slope_of(bool fused, double x)
{
    const double m = x < -750.0 || x > 750.0 ? -750.0 : -fabs(x);
    const double e = agi_exp_negative(fused, m, 0.0), d = 1.0 + e;
    const double h = e * (d + m) / (d * d);
    return x > 0.0 ? 1.0 - h : h;
}
AG_MAP_FUSED(silu_slope, silu_slope_of(fused, x))
AG_RULE(silu_slope)
{
    const ag_arg x = IN(0), m = left(v_gt(x, NUM(0.0)), x), t = v_sigmoid(m);
    const ag_arg rest = v_sub(NUM(1.0), t), tilt = v_sub(NUM(1.0), v_add(t, t));
    const ag_arg bend = v_add(v_vjp_mul(t, v_mul(m, tilt)), v_add(t, t));
    GX(0) = v_vjp_mul(G, v_mul(bend, rest));
}

/* mish: y = x tanh(log(1 + exp(x))). With e = exp(-|x|) the tanh is (e^2 + 2 e) / (e^2 + 2 e + 2)
 * at the left, and at the right (1 + 2 e) / (1 + 2 e + 2 e^2).  Saves x. */
AGI_STAMPED double mish_of(bool fused, double x)
{
    const double e = lifted_exp(fused, x);
    const double top = x < 0.0 ? e * (e + 2.0) : 1.0 + 2.0 * e;
    const double rest = x < 0.0 ? 2.0 : 2.0 * e * e;
    return lowered(x, x * (top / (top + rest)));
}
AG_MAP_FUSED(mish, mish_of(fused, x))

/* dx: at the left T + x 4 e (1 + e) / d^2, where T is the tanh and d its divisor; at the right
 * that with e^2 for e lacks of 1, where T is 1 less the tanh. */
AG_RULE(mish)
{
    const ag_arg x = IN(0), two = NUM(2.0), is_right = v_gt(x, NUM(0.0));
    const ag_arg m = left(is_right, x), e = v_exp(m), e2 = v_square(e);
    const ag_arg base = v_add(e2, v_mul(e, two)), twice = v_mul(e2, two);
    const ag_arg d = v_where(is_right, v_add(v_add(twice, v_mul(e, two)), NUM(1.0)),
                             v_add(base, two));
    const ag_arg top = v_where(is_right, twice, base);
    const ag_arg bend = v_mul(v_add(e, e2), v_where(is_right, e, NUM(1.0)));
    const ag_arg curve = v_div(v_mul(v_mul(m, NUM(4.0)), bend), v_square(d));
    const ag_arg h = v_add(v_div(top, d), curve);
    GX(0) = v_vjp_mul(G, v_where(is_right, v_sub(NUM(1.0), h), h));
}

/* ---- gelu ----------------------------------------------------------------------------------- */

#define ROOT_HALF 0x1.6a09e667f3bcdp-1
#define ROOT_2_OVER_PI 0x1.9884533d43651p-1
#define INVERSE_ROOT_2_PI 0x1.9884533d43651p-2
#define CUBIC 0.044715

/* gelu: y = x P(x), where P is the normal distribution's, erfc(-x / sqrt(2)) / 2;
 * dx = g (P(x) + x p(x)) with its density p.  Saves x. */
AG_FORMULA(gelu)
{
    const ag_arg x = args[0];
    (void)attr;
    return v_mul(v_mul(x, NUM(0.5)), v_erfc(v_mul(x, NUM(-ROOT_HALF))));
}
AG_RULE(gelu)
{
    const ag_arg x = IN(0);
    const ag_arg below = v_mul(v_erfc(v_mul(x, NUM(-ROOT_HALF))), NUM(0.5));
    const ag_arg density = v_mul(v_exp(v_mul(v_square(x), NUM(-0.5))), NUM(INVERSE_ROOT_2_PI));
    GX(0) = v_vjp_mul(G, v_add(below, v_vjp_mul(density, x)));
}

/* gelu_tanh: y = x (1 + tanh(u)) / 2 = x sigmoid(2 u), where u = sqrt(2 / pi) (x + 0.044715 x^3).
 * Beyond +-100 that sigmoid is 0 or 1, whatever u is: it is computed of what is limited to there,
 * so that no power overflows.  Saves x. */
AGI_STAMPED double gelu_tanh_of(bool fused, double x)
{
    const double c = x < -100.0 ? -100.0 : x > 100.0 ? 100.0 : x;
    const double w = 2.0 * ROOT_2_OVER_PI * c * (1.0 + CUBIC * (c * c));
    const double e = agi_exp_negative(fused, -fabs(w), 0.0);
    return (x < 0.0 ? x * e : x) / (1.0 + e);
}
AG_MAP_FUSED(gelu_tanh, gelu_tanh_of(fused, x))
AG_RULE(gelu_tanh)
{
    const ag_arg c = v_minimum(v_maximum(IN(0), NUM(-100.0)), NUM(100.0));
    const ag_arg c2 = v_mul(v_square(c), NUM(CUBIC));
    const ag_arg factor = NUM(2.0 * ROOT_2_OVER_PI), one = NUM(1.0);
    const ag_arg w = v_mul(v_mul(c, factor), v_add(c2, one));
    const ag_arg dw = v_mul(v_add(v_mul(c2, NUM(3.0)), one), factor);
    GX(0) = v_vjp_mul(G, swish_slope(c, w, dw));
}

/* ---- without exponentials ------------------------------------------------------------------- */

/* softsign: y = x / (1 + |x|);  dx = g / (1 + |x|)^2.  Saves x. */
AG_MAP1(softsign, fabs(x) < INFINITY ? x / (1.0 + fabs(x)) : x != x ? x : x > 0.0 ? 1.0 : -1.0)
AG_RULE(softsign) { GX(0) = v_vjp_div(G, v_square(v_add(v_abs(IN(0)), NUM(1.0)))); }

/* tanhshrink: y = x - tanh(x);  dx = g tanh(x)^2.  Saves x. */
AG_FORMULA(tanhshrink)
{
    (void)attr;
    return v_sub(args[0], v_tanh(args[0]));
}
AG_RULE(tanhshrink) { GX(0) = v_vjp_mul(G, v_square(v_tanh(IN(0)))); }

/* ---- public functions ----------------------------------------------------------------------- */

ag_tensor *ag_gelu(ag_tensor *x, int approximate)
{
    const ag_arg arg = agi_arg(x);
    if (!agi_has_tensor("gelu", x))
        return NULL;
    if (approximate != 0 && approximate != 1)
        return agi_fail_null(AG_ERR_VALUE, "approximate argument must be either none or tanh.");
    return agi_call(approximate == 0 ? AG_OP_gelu : AG_OP_gelu_tanh, 1, &arg, NULL);
}

#undef FIRST
#undef SECOND
#undef MAP_NUMBERS
