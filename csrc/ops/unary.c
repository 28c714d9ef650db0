/* SPDX-License-Identifier: MIT
 *
 * Elementwise ops of one input: kernel and rule of each. In the comments y is the result, g the
 * gradient that comes in, dx the one that goes out. What a rule needs is saved, the result where
 * that spares the rule a function, else the input.
 */
#include "../compute/kernel.h"
#include "../tape/rule.h"
#include "table.h"

#include <math.h>

/* ---- arithmetic ----------------------------------------------------------------------------- */

/* neg: y = -x;  dx = -g.  Saves nothing. The sign of zero and NaN turns too. */
AG_MAP1(neg, -x)
AG_RULE(neg) { GX(0) = v_neg(G); }

/* square: y = x x;  dx = 2 g x.  Saves x. */
AG_MAP1(square, x * x)
AG_RULE(square) { GX(0) = v_vjp_mul(G, v_mul(IN(0), NUM(2.0))); }

/* reciprocal: y = 1 / x;  dx = -g y^2.  Saves y. At +-0 y is +-inf and dx -inf. */
AG_MAP1(reciprocal, 1.0 / x)
AG_RULE(reciprocal) { GX(0) = v_neg(v_vjp_mul(G, v_square(OUT))); }

/* abs: y = |x|;  dx = g sign(x), 0 at 0.  Saves x. */
AG_MAP1(abs, fabs(x))
AG_RULE(abs) { GX(0) = v_vjp_mul(G, v_sign(IN(0))); }

/* sign: y = -1, 0 or 1; NaN stays, both zeros give +0. Its derivative is zero everywhere. */
AG_MAP1(sign, x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x != x ? x : 0.0)

/* relu: y = x where x > 0, else 0;  dx = g where y > 0, 0 at 0.  Saves y. NaN stays and lets its
 * gradient through; -0 stays -0. dx does not depend on x, but where it is recorded it is made to
 * (by a factor of 1), so that a second derivative finds zeros and not a missing history. */
AG_MAP1(relu, x < 0.0 ? 0.0 : x)
AG_RULE(relu)
{
    const ag_arg y = OUT;
    if (!v->create_graph) {
        GX(0) = v_vjp_relu(G, y);
        return;
    }
    const ag_arg one = v_where(v_ne(y, y), NUM(1.0), v_sign(y));
    GX(0) = v_where(v_le(y, NUM(0.0)), NUM(0.0), v_mul(G, one));
}

/* vjp_relu: relu's rule in one kernel, for where it is not recorded. (y is the saved output.) */
AG_MAP2(vjp_relu, y <= 0.0 ? 0.0 : x)

/* ---- whole numbers -------------------------------------------------------------------------- */

/* A whole number less than 1 away from x: from 2^52 on doubles have no digits behind the point, so
 * adding 2^52 drops those of x. What is not below 2^52, and NaN, stays. */
AGI_STAMPED double whole_near(double x)
{
    const double shift = copysign(0x1p52, x), whole = (x + shift) - shift;
    return fabs(x) < 0x1p52 ? whole : x;
}

AGI_STAMPED double floor_by_adding(double x)
{
    const double whole = whole_near(x);
    return copysign(whole > x ? whole - 1.0 : whole, x);
}

AGI_STAMPED double ceil_by_adding(double x)
{
    const double whole = whole_near(x);
    return copysign(whole < x ? whole + 1.0 : whole, x);
}

AGI_STAMPED double trunc_by_adding(double x)
{
    return copysign(floor_by_adding(fabs(x)), x);
}

/* floor, ceil, trunc: the whole number below or at x, above or at it, and the one of these that is
 * nearer to 0. Zeros keep their sign and what ends at 0 gets that of x, as in C. The derivative is
 * zero everywhere. A level with fused multiply-add has an instruction for it; SSE2 has none. */
#define MAP_WHOLE(name) \
    AG_KERNEL_BODY(name) \
    { \
        const double *x = in[0]; \
        AGI_KERNEL_UNUSED; \
        if (AGI_UNLIKELY(splat)) \
            agi_fill_tile(z, n, name(x[0])); \
        else if (fused) \
            AGI_EACH(name(x[i])); \
        else \
            AGI_EACH(name##_by_adding(x[i])); \
    } \
    AG_KERNELS(name)

MAP_WHOLE(floor)
MAP_WHOLE(ceil)
MAP_WHOLE(trunc)
#undef MAP_WHOLE

/* ---- roots ---------------------------------------------------------------------------------- */

/* sqrt: dx = g / (2 y).  Saves y. NaN below 0; at 0 dx is +inf; sqrt(-0) = -0. */
AG_MAP1(sqrt, sqrt(x))
AG_RULE(sqrt) { GX(0) = v_vjp_div(G, v_mul(OUT, NUM(2.0))); }

/* rsqrt: y = 1 / sqrt(x);  dx = -g y^3 / 2.  Saves y. At +-0 y is +-inf. */
AG_MAP1(rsqrt, 1.0 / sqrt(x))
AG_RULE(rsqrt) { GX(0) = v_vjp_mul(v_mul(G, NUM(-0.5)), v_pow(OUT, NUM(3.0))); }

/* ---- exponentials and logarithms ------------------------------------------------------------ */

/* exp: dx = g y.  Saves y. */
AG_MAP_MVEC(exp)
AG_RULE(exp) { GX(0) = v_vjp_mul(G, OUT); }

/* expm1: y = exp(x) - 1;  dx = g (y + 1).  Saves y. */
AG_MAP_MVEC(expm1)
AG_RULE(expm1) { GX(0) = v_vjp_mul(G, v_add(OUT, NUM(1.0))); }

/* log: dx = g / x.  Saves x. -inf at +-0, NaN below. */
AG_MAP_MVEC(log)
AG_RULE(log) { GX(0) = v_vjp_div(G, IN(0)); }

/* log1p: y = log(1 + x);  dx = g / (x + 1).  Saves x. */
AG_MAP_MVEC(log1p)
AG_RULE(log1p) { GX(0) = v_vjp_div(G, v_add(IN(0), NUM(1.0))); }

/* log2: dx = g / (x ln 2).  Saves x. */
AG_MAP_MVEC(log2)
AG_RULE(log2) { GX(0) = v_vjp_div(G, v_mul(IN(0), NUM(0x1.62e42fefa39efp-1))); }

/* log10: dx = g / (x ln 10).  Saves x. */
AG_MAP_MVEC(log10)
AG_RULE(log10) { GX(0) = v_vjp_div(G, v_mul(IN(0), NUM(0x1.26bb1bbb55516p+1))); }

/* ---- trigonometric -------------------------------------------------------------------------- */

/* sin: dx = g cos(x).  Saves x. NaN at +-inf. */
AG_MAP_MVEC(sin)
AG_RULE(sin) { GX(0) = v_vjp_mul(G, v_cos(IN(0))); }

/* cos: dx = -g sin(x).  Saves x. NaN at +-inf. */
AG_MAP_MVEC(cos)
AG_RULE(cos) { GX(0) = v_neg(v_vjp_mul(G, v_sin(IN(0)))); }

/* tan: dx = g (1 + y^2).  Saves y. */
AG_MAP_MVEC(tan)
AG_RULE(tan) { GX(0) = v_vjp_mul(G, v_add(v_square(OUT), NUM(1.0))); }

static ag_arg one_minus_square(ag_arg x) { return v_sub(NUM(1.0), v_square(x)); }

/* asin: dx = g / sqrt(1 - x^2).  Saves x. NaN outside of [-1, 1]; at +-1 dx is +inf. */
AG_MAP_MVEC(asin)
AG_RULE(asin) { GX(0) = v_vjp_mul(G, v_rsqrt(one_minus_square(IN(0)))); }

/* acos: dx = -g / sqrt(1 - x^2).  Saves x. As asin. */
AG_MAP_MVEC(acos)
AG_RULE(acos) { GX(0) = v_neg(v_vjp_mul(G, v_rsqrt(one_minus_square(IN(0))))); }

/* atan: dx = g / (1 + x^2).  Saves x. */
AG_MAP_MVEC(atan)
AG_RULE(atan) { GX(0) = v_vjp_div(G, v_add(v_square(IN(0)), NUM(1.0))); }

/* ---- hyperbolic ----------------------------------------------------------------------------- */

/* sinh: dx = g cosh(x).  Saves x. */
AG_MAP_MVEC(sinh)
AG_RULE(sinh) { GX(0) = v_vjp_mul(G, v_cosh(IN(0))); }

/* cosh: dx = g sinh(x).  Saves x. */
AG_MAP_MVEC(cosh)
AG_RULE(cosh) { GX(0) = v_vjp_mul(G, v_sinh(IN(0))); }

/* tanh: dx = g (1 - y^2).  Saves y: the rule then needs no tanh. Odd: from |x|, with the sign of x,
 * also of -0. */
AGI_STAMPED double tanh_of(bool fused, double x)
{
    const uint64_t sign = (uint64_t)1 << 63, y = agi_bits_of(agi_tanh_positive(fused, fabs(x)));
    return agi_double_of((y & ~sign) | (agi_bits_of(x) & sign));
}

AG_MAP_FUSED(tanh, tanh_of(fused, x))
AG_RULE(tanh) { GX(0) = v_vjp_mul(G, one_minus_square(OUT)); }

/* ---- sigmoid and softplus ------------------------------------------------------------------- */

/* sigmoid: y = 1 / (1 + exp(-x));  dx = g y (1 - y).  Saves y. Computed from e = exp(-|x|), which
 * neither overflows nor loses the digits of the left tail: 1 / (1 + e), and below 0 e / (1 + e). */
AGI_STAMPED double sigmoid_of(bool fused, double x)
{
    const double e = agi_exp_negative(fused, -fabs(x), 0.0);
    return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

AG_MAP_FUSED(sigmoid, sigmoid_of(fused, x))
AG_RULE(sigmoid)
{
    const ag_arg y = OUT;
    GX(0) = v_vjp_mul(G, v_mul(v_sub(NUM(1.0), y), y));
}

/* What u = a b lost by rounding. Where there is no fused multiply-add, from halves of the factors,
 * whose products are exact. */
AGI_STAMPED double product_rest(bool fused, double a, double b, double u)
{
    const double a1 = agi_double_of(agi_bits_of(a) & ~(uint64_t)0x7ffffff), a2 = a - a1;
    const double b1 = agi_double_of(agi_bits_of(b) & ~(uint64_t)0x7ffffff), b2 = b - b1;
    return fused ? __builtin_fma(a, b, -u) : ((a1 * b1 - u) + a1 * b2 + a2 * b1) + a2 * b2;
}

/* softplus(beta, threshold): with u = beta x,  y = x where u > threshold, else log(1 + exp(u)) /
 * beta;  dx = g where u > threshold, else g sigmoid(u).  Saves x. Computed as log1p(exp(-|u|)) /
 * beta, to which x is added where u > 0: that neither overflows nor loses digits in a tail. Far out
 * in a tail the last digit of u is many of y, hence the rest of the product; beyond 1000, where it
 * could be NaN, it does not matter. Farther still the exponential is a denormal and lacks digits
 * that y has if beta is small: so it is made 2^200 times larger until it is divided. */
AGI_STAMPED double softplus_of(bool fused, double x, double beta, double threshold)
{
    const double u = beta * x, distance = fabs(u), rest = product_rest(fused, beta, x, u);
    const double more = distance < 1000.0 ? (u > 0.0 ? -rest : rest) : 0.0;
    const double lift = distance > 600.0 ? 200.0 : 0.0, scale = distance > 600.0 ? 0x1p-200 : 1.0;
    const double lifted = lift * 0x1.62e42fefa3800p-1 - distance;  /* ln 2 in two parts: exact */
    const double e = agi_exp_negative(fused, lifted, more + lift * 0x1.ef35793c76730p-45);
    const double tail = agi_log1p_unit(fused, e) / beta * scale, y = u > 0.0 ? x + tail : tail;
    return u > threshold ? x : y;
}

/* The same for a beta of 1. */
AGI_STAMPED double softplus1_of(bool fused, double x, double threshold)
{
    const double e = agi_exp_negative(fused, -fabs(x), 0.0);
    const double tail = agi_log1p_unit(fused, e), y = x > 0.0 ? x + tail : tail;
    return x > threshold ? x : y;
}

AG_KERNEL_BODY(softplus)
{
    const double *x = in[0], beta = f[0], threshold = f[1];
    if (AGI_UNLIKELY(splat))
        agi_fill_tile(z, n, beta == 1.0 ? softplus1_of(fused, x[0], threshold)
                                        : softplus_of(fused, x[0], beta, threshold));
    else if (beta == 1.0)
        AGI_EACH(softplus1_of(fused, x[i], threshold));
    else
        AGI_EACH(softplus_of(fused, x[i], beta, threshold));
}
AG_KERNELS(softplus)
AG_RULE(softplus)
{
    const double *f = agi_node_attr_of(v->node)->f;
    const ag_arg u = f[0] == 1.0 ? IN(0) : v_mul(IN(0), NUM(f[0]));
    GX(0) = v_where(v_gt(u, NUM(f[1])), G, v_vjp_mul(G, v_sigmoid(u)));
}
