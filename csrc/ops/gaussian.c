/* SPDX-License-Identifier: MIT
 *
 * Special functions around the normal distribution: the scaled complement of the error function,
 * the distribution function with its logarithm and inverse, entropy, x log(1 + y). In the comments
 * y is the result, g the gradient that comes in, dx the one that goes out.
 */
#include "../base/quantile.h"
#include "../compute/kernel.h"
#include "../tape/rule.h"
#include "table.h"

#include <math.h>

#define ROOT_HALF 0x1.6a09e667f3bcdp-1
#define HALF_ROOT_OF_PI 0x1.c5bf891b4ef6bp-1
#define ROOT_PI 0x1.c5bf891b4ef6bp+0
#define ROOT_TWO_PI 0x1.40d931ff62706p+1
#define ONE_OVER_ROOT_TWO_PI 0x1.9884533d43651p-2
#define ROOT_TWO_OVER_PI 0x1.9884533d43651p-1
#define TWO_OVER_SQRT_PI 0x1.20dd750429b6dp+0

#define MADD(a, b, c) agi_madd(fused, a, b, c)

/* ---- the scaled complement of the error function -------------------------------------------- */

/* exp(x^2) erfc(x) for x >= 0: p(t) / (sqrt(pi) / 2 + x) with t = (x - 4) / (x + 4), where the
 * numerator goes from 0.89 to 0.56, and does not change at 0, where t loses digits. The error of p
 * is 2^-57 of it. */
AGI_STAMPED double erfcx_positive(bool fused, double x)
{
    const double in = x > 1e300 ? 1e300 : x, t = (in - 4.0) / (in + 4.0);
    double p = MADD(0x1.8c84aaaca8f11p-36, t, -0x1.06c860a7cb2e0p-34);
    p = MADD(p, t, -0x1.38e88862fbdf3p-32);
    p = MADD(p, t, 0x1.ac5e9dbecca61p-31);
    p = MADD(p, t, 0x1.1e4971719d8bbp-29);
    p = MADD(p, t, -0x1.baa441773ecdfp-28);
    p = MADD(p, t, -0x1.9718ab24aa5acp-27);
    p = MADD(p, t, 0x1.a417e2a970340p-25);
    p = MADD(p, t, 0x1.a6bb6eb67f323p-25);
    p = MADD(p, t, -0x1.92c71c0a7f269p-22);
    p = MADD(p, t, 0x1.334febb141f7bp-25);
    p = MADD(p, t, 0x1.69f079d6f3f79p-19);
    p = MADD(p, t, -0x1.2c2fec2cbb5fbp-18);
    p = MADD(p, t, -0x1.b202b9de55ef7p-17);
    p = MADD(p, t, 0x1.175609909e5e5p-14);
    p = MADD(p, t, -0x1.21ec3607ce066p-14);
    p = MADD(p, t, -0x1.961aca454c400p-12);
    p = MADD(p, t, 0x1.21521044f3cc6p-9);
    p = MADD(p, t, -0x1.abfeb1c1fa5d6p-8);
    p = MADD(p, t, 0x1.be66ad7ef46a5p-7);
    p = MADD(p, t, -0x1.5951dabfbebdap-6);
    p = MADD(p, t, 0x1.70844c62dea21p-6);
    p = MADD(p, t, -0x1.146613925b4ecp-7);
    p = MADD(p, t, -0x1.e1901795db960p-6);
    p = MADD(p, t, 0x1.7982464cedf68p-4);
    p = MADD(p, t, -0x1.5be499b2a19cap-3);
    p = MADD(p, t, 0x1.56bcf70af2a49p-1);
    return p / (HALF_ROOT_OF_PI + x);
}

/* 1 - sqrt(pi) x exp(x^2) erfc(x) for x >= 0, which tends to 1 / (2 x^2): p(t) / (1 + 2 x^2) with
 * t = (x - 3) / (x + 3). The error of p is 2^-56 of it. */
AGI_STAMPED double erfcx_rest_positive(bool fused, double x)
{
    const double in = x > 1e300 ? 1e300 : x, t = (in - 3.0) / (in + 3.0);
    double p = MADD(-0x1.566c1eab91cd2p-29, t, 0x1.2998d82d46278p-32);
    p = MADD(p, t, 0x1.d6cb530ebee89p-26);
    p = MADD(p, t, 0x1.de66d5dc47a8cp-28);
    p = MADD(p, t, -0x1.4fca2af2a7c52p-23);
    p = MADD(p, t, -0x1.013f0244f3613p-23);
    p = MADD(p, t, 0x1.52c354acf5679p-21);
    p = MADD(p, t, 0x1.02b61ac0124b1p-20);
    p = MADD(p, t, -0x1.12f227b69529ep-19);
    p = MADD(p, t, -0x1.7f9250ae2f62cp-18);
    p = MADD(p, t, 0x1.8333515b06721p-18);
    p = MADD(p, t, 0x1.f5abd59ef350bp-16);
    p = MADD(p, t, -0x1.157d1320ae169p-16);
    p = MADD(p, t, -0x1.40f2cf9d76ca2p-13);
    p = MADD(p, t, 0x1.540038469fbcbp-14);
    p = MADD(p, t, 0x1.a3ab10c6c3aaap-11);
    p = MADD(p, t, -0x1.ad29e2543272fp-11);
    p = MADD(p, t, -0x1.03b6b9ef65b36p-8);
    p = MADD(p, t, 0x1.3950602fd54bap-7);
    p = MADD(p, t, 0x1.24f92ae5d26f9p-7);
    p = MADD(p, t, -0x1.55718d3193649p-4);
    p = MADD(p, t, 0x1.990e149c2ae9fp-3);
    p = MADD(p, t, -0x1.0e37567062e77p-2);
    p = MADD(p, t, 0x1.55050318c10adp-3);
    p = MADD(p, t, 0x1.4206cc84dda24p-4);
    p = MADD(p, t, -0x1.26554d73db39bp-2);
    p = MADD(p, t, 0x1.0a0c133baf52ap-2);
    p = MADD(p, t, 0x1.d4c145df5805bp-1);
    return p / (1.0 + 2.0 * x * x);
}

/* x^2 / 2 = high + low, where `high` is exact: the square of a part of x with 26 bits. */
AGI_STAMPED double half_square(double x, double *low)
{
    const double part = agi_double_of(agi_bits_of(x) & ~(uint64_t)0x7ffffff);
    *low = 0.5 * (x - part) * (x + part);
    return 0.5 * part * part;
}

/* exp(-x^2 / 2). */
AGI_STAMPED double bell_of(bool fused, double x)
{
    double low;
    const double in = fabs(x) > 40.0 ? 40.0 : x, high = half_square(in, &low);
    return agi_exp_negative(fused, -high, -low);
}

/* exp(x^2) erfc(x): of negative x 2 exp(x^2) less that of -x, where exp(x^2) is twice divided by
 * exp(-x^2 / 2), which has all its digits where the result is finite. */
AGI_STAMPED double erfcx_of(bool fused, double x)
{
    const double y = erfcx_positive(fused, fabs(x)), e = bell_of(fused, x < 0.0 ? x : 0.0);
    return x < 0.0 ? 2.0 / e / e - y : y;
}

AGI_STAMPED double erfcx_rest_of(bool fused, double x)
{
    const double left = 1.0 - ROOT_PI * x * erfcx_of(fused, x);
    return x < 0.0 ? left : erfcx_rest_positive(fused, x);
}

/* erfcx: dx = -g 2 / sqrt(pi) erfcx_rest(x).  Saves x. */
AG_MAP_LONG(erfcx, erfcx_of(fused, x))
AG_RULE(erfcx) { GX(0) = v_vjp_mul(G, v_mul(v_erfcx_rest(IN(0)), NUM(-TWO_OVER_SQRT_PI))); }

/* erfcx_rest: y = 1 - sqrt(pi) x erfcx(x);  dx = g (2 x y - sqrt(pi) erfcx(x)).  Saves x and y. */
AG_MAP_LONG(erfcx_rest, erfcx_rest_of(fused, x))
AG_RULE(erfcx_rest)
{
    const ag_arg x = IN(0), scaled = v_mul(agi_value(AG_OP_erfcx, 1, &x, NULL), NUM(ROOT_PI));
    GX(0) = v_vjp_mul(G, v_sub(v_mul(v_mul(x, OUT), NUM(2.0)), scaled));
}

/* ---- the normal distribution ---------------------------------------------------------------- */

/* What lies beyond x >= 0: erfc(x / sqrt(2)) / 2, where the square of x keeps all its digits. */
AGI_STAMPED double tail_of(bool fused, double x)
{
    return 0.5 * bell_of(fused, x) * erfcx_positive(fused, x * ROOT_HALF);
}

AGI_STAMPED double ndtr_of(bool fused, double x)
{
    const double tail = tail_of(fused, fabs(x));
    return x < 0.0 ? tail : 1.0 - tail;
}

/* ndtr: dx = g exp(-x^2 / 2) / sqrt(2 pi).  Saves x. */
AG_MAP_LONG(ndtr, ndtr_of(fused, x))
AG_RULE(ndtr)
{
    const ag_arg bell = v_exp(v_mul(v_square(IN(0)), NUM(-0.5)));
    GX(0) = v_vjp_mul(G, v_mul(bell, NUM(ONE_OVER_ROOT_TWO_PI)));
}

/* The logarithm: -x^2 / 2 + log(erfcx(-x / sqrt(2)) / 2) of negative x, whose terms are both
 * negative, else log(1 - tail), with what 1 - tail has lost of the tail. */
AGI_STAMPED double log_ndtr_of(bool fused, double x)
{
    double low;
    const bool is_negative = x < 0.0;
    const double y = fabs(x), far = is_negative ? 2e154 : 40.0, in = y > far ? far : y;
    const double high = half_square(in, &low);
    const double ratio = 0.5 * erfcx_positive(fused, in * ROOT_HALF);
    const double bell_high = is_negative ? 0.0 : -high, bell_low = is_negative ? 0.0 : -low;
    const double tail = agi_exp_negative(fused, bell_high, bell_low) * ratio, rest = 1.0 - tail;
    const double u = is_negative ? ratio : rest, lost = is_negative ? 0.0 : (1.0 - rest) - tail;
    const double value = agi_log_sum(fused, u, lost / u, 0.0);
    return is_negative ? (value - low) - high : x == x ? value : x;
}

/* log_ndtr: dx = g log_ndtr_slope(x).  Saves x. */
AG_MAP_LONG(log_ndtr, log_ndtr_of(fused, x))
AG_RULE(log_ndtr) { GX(0) = v_vjp_mul(G, v_log_ndtr_slope(IN(0))); }

AGI_STAMPED double log_ndtr_slope_of(bool fused, double x)
{
    const double y = fabs(x), bell = bell_of(fused, y);
    const double ratio = erfcx_positive(fused, y * ROOT_HALF);
    return x < 0.0 ? ROOT_TWO_OVER_PI / ratio
                   : ONE_OVER_ROOT_TWO_PI * bell / (1.0 - 0.5 * bell * ratio);
}

/* log_ndtr_slope: y = exp(-x^2 / 2) / sqrt(2 pi) / ndtr(x);  dx = -g y (x + y), where x + y is
 * y erfcx_rest(-x / sqrt(2)), and so has its digits in the lower tail.  Saves x and y. */
AG_MAP_LONG(log_ndtr_slope, log_ndtr_slope_of(fused, x))
AG_RULE(log_ndtr_slope)
{
    const ag_arg x = IN(0), y = OUT, t = v_mul(v_minimum(x, NUM(0.0)), NUM(-ROOT_HALF));
    const ag_arg sum = v_where(v_lt(x, NUM(0.0)), v_mul(y, v_erfcx_rest(t)), v_add(x, y));
    GX(0) = v_neg(v_vjp_mul(G, v_mul(y, sum)));
}

AGI_QUANTILE_STAMP(long_quantile, long double, L)

/* The inverse: x with ndtr(x) = p. */
static double normal_quantile(double p)
{
    const double q = p - 0.5;
    if (fabs(q) <= 0.425)
        return (double)long_quantile_middle(q);
    const double nearer = q < 0.0 ? p : 1.0 - p;
    if (!(nearer > 0.0))
        return nearer == 0.0 ? copysign(INFINITY, q) : NAN;
    return copysign((double)long_quantile_tail(sqrtl(-logl(nearer))), q);
}

/* ndtri: dx = g sqrt(2 pi) exp(y^2 / 2).  Saves y. NaN outside of [0, 1]; at 0 and 1 y is -+inf. */
AG_MAP1_CALLS(ndtri, normal_quantile(x))
AG_RULE(ndtri)
{
    const ag_arg slope = v_mul(v_exp(v_mul(v_square(OUT), NUM(0.5))), NUM(ROOT_TWO_PI));
    GX(0) = v_vjp_mul(G, slope);
}

/* ---- entropy -------------------------------------------------------------------------------- */

/* entr: y = -x log(x), 0 at 0, -inf below;  dx = -g (log(x) + 1).  Saves x. */
AG_KERNEL_BODY(entr)
{
    const double *x = in[0];
    const int64_t m = splat ? 1 : n;
    double logs[AGI_TILE];
    AGI_KERNEL_UNUSED;
    agi_mvec.log(logs, x, m);
    AGI_INDEPENDENT
    for (int64_t i = 0; i < m; i++) {
        const double y = x[i] == 0.0 ? 0.0 : -x[i] * logs[i];
        z[i] = x[i] < 0.0 ? -INFINITY : y;
    }
    if (splat)
        agi_fill_tile(z, n, z[0]);
}
AG_KERNELS(entr)
AG_RULE(entr) { GX(0) = v_neg(v_vjp_mul(G, v_add(v_log(IN(0)), NUM(1.0)))); }

#undef MADD
