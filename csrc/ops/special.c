/* SPDX-License-Identifier: MIT
 *
 * Special functions of one argument: the error function with its complement and inverse, powers of
 * two, inverse hyperbolic functions, logit and sinc. In the comments y is the result, g the
 * gradient that comes in, dx the one that goes out.
 */
#include "../compute/kernel.h"
#include "../tape/rule.h"
#include "table.h"

#include <math.h>

#define TWO_OVER_ROOT_PI 0x1.20dd750429b6dp+0
#define HALF_ROOT_PI 0x1.c5bf891b4ef6bp-1
#define LN_2 0x1.62e42fefa39efp-1
#define PI_SQUARED 0x1.3bd3cc9be45dep+3

/* ---- powers of two -------------------------------------------------------------------------- */

/* exp2: dx = g y ln 2.  Saves y. */
AG_MAP_LONG(exp2, agi_exp2(fused, x))
AG_RULE(exp2) { GX(0) = v_vjp_mul(G, v_mul(OUT, NUM(LN_2))); }

/* ---- the error function --------------------------------------------------------------------- */

/* 2 / sqrt(pi) exp(-x^2): the derivative of erf. */
static ag_arg bell(ag_arg x)
{
    return v_mul(v_exp(v_neg(v_square(x))), NUM(TWO_OVER_ROOT_PI));
}

/* erf: dx = g 2 / sqrt(pi) exp(-x^2).  Saves x. */
AG_MAP_MVEC(erf)
AG_RULE(erf) { GX(0) = v_vjp_mul(G, bell(IN(0))); }

/* erfc = 1 - erf, accurate where that is small: dx = -g 2 / sqrt(pi) exp(-x^2).  Saves x. */
AG_MAP_MVEC(erfc)
AG_RULE(erfc) { GX(0) = v_neg(v_vjp_mul(G, bell(IN(0)))); }

/* ---- inverse hyperbolic --------------------------------------------------------------------- */

/* asinh: y = log(1 + t), t = |x| + x^2 / (1 + sqrt(1 + x^2)), with the sign of x; log(|x|) + ln 2
 * far out;  dx = g / sqrt(x^2 + 1).  Saves x. */
AGI_STAMPED double asinh_of(bool fused, double x)
{
    const double a = fabs(x), in = a < 0x1p500 ? a : 0.0, square = in * in;
    const double t = a < 0x1p500 ? a + square / (1.0 + sqrt(1.0 + square)) : a;
    return copysign(agi_log1p_positive(fused, t, a < 0x1p500 ? 0.0 : 1.0), x);
}
AG_MAP_LONG(asinh, asinh_of(fused, x))
AG_RULE(asinh) { GX(0) = v_vjp_mul(G, v_rsqrt(v_add(v_square(IN(0)), NUM(1.0)))); }

/* acosh: y = log(1 + t), t = d + sqrt(d (2 + d)), d = x - 1;  dx = g / sqrt(x - 1) / sqrt(x + 1),
 * of which neither factor is rounded near 1.  Saves x. NaN below 1; at 1 dx is inf, and its own
 * derivative -inf: of the product of x - 1 and x + 1 under one root there 0 would meet inf. */
AGI_STAMPED double acosh_of(bool fused, double x)
{
    const double d = x - 1.0, in = d < 0x1p500 ? d : 0.0;
    const double t = d < 0x1p500 ? in + sqrt(in * (2.0 + in)) : d;
    const double y = agi_log1p_positive(fused, t, d < 0x1p500 ? 0.0 : 1.0);
    return d < 0.0 ? d + NAN : y;
}
AG_MAP_LONG(acosh, acosh_of(fused, x))
AG_RULE(acosh)
{
    const ag_arg a = v_abs(IN(0));
    GX(0) = v_vjp_mul(G, v_mul(v_rsqrt(v_sub(a, NUM(1.0))), v_rsqrt(v_add(a, NUM(1.0)))));
}

/* atanh: y = log(1 + 2 |x| / (1 - |x|)) / 2, with the sign of x;
 * dx = g (1 / (1 - x) + 1 / (1 + x)) / 2, of two parts for the derivative of dx at +-1, where dx is
 * inf. Saves x. NaN outside of [-1, 1]. */
AGI_STAMPED double atanh_of(bool fused, double x)
{
    const double a = fabs(x), rest = 1.0 - a, twice = a + a;
    const double t = a < 0.5 ? twice + twice * a / rest : twice / rest;
    const double y = 0.5 * agi_log1p_positive(fused, a < 1.0 ? t : 0.0, 0.0);
    return copysign(a < 1.0 ? y : a == 1.0 ? INFINITY : a + NAN, x);
}
AG_MAP_LONG(atanh, atanh_of(fused, x))
AG_RULE(atanh)
{
    const ag_arg x = IN(0);
    const ag_arg right = v_reciprocal(v_sub(NUM(1.0), x));
    const ag_arg left = v_reciprocal(v_add(x, NUM(1.0)));
    GX(0) = v_vjp_mul(G, v_mul(v_add(right, left), NUM(0.5)));
}

/* ---- the inverse error function ------------------------------------------------------------- */

#define MADD(a, b, c) agi_madd(fused, a, b, c)
#define OF_BOTH(central, tail) (is_central ? central : tail)

/* For |x| <= 0.85 x (sqrt(pi) / 2 + x^2 p(u) / q(u)) with u = 0.85^2 - x^2, else r - p(u) / q(u)
 * with r = sqrt(-log(1 - |x|)) and u = r - 1.37: quotients of least relative error, 2^-53 of what
 * is added to a larger number, with coefficients that are positive as u is. */
AGI_STAMPED double erfinv_of(bool fused, double x)
{
    const double a = fabs(x), rest = 1.0 - a;
    const bool is_central = a <= 0.85;
    const double far = rest > 0.0 ? rest : 0.5;
    const double r = sqrt(-agi_log_sum(fused, is_central ? 0.5 : far, 0.0, 0.0));
    const double z = a * a, u = OF_BOTH(0.7225 - z, r - 1.37);
    double p = OF_BOTH(0.0, 0x1.eb89166135303p-28);
    p = MADD(p, u, OF_BOTH(0x1.4e0eb51f2c439p-9, 0x1.10cf6942fa27ep-17));
    p = MADD(p, u, OF_BOTH(0x1.627956f579d38p-1, 0x1.0bba799b7b108p-11));
    p = MADD(p, u, OF_BOTH(0x1.af293a14da7e2p+2, 0x1.4e63f81ca9efbp-7));
    p = MADD(p, u, OF_BOTH(0x1.403830a2265bfp+4, 0x1.677da0e94873cp-4));
    p = MADD(p, u, OF_BOTH(0x1.92c6864e86be3p+4, 0x1.74151eb65bc08p-2));
    p = MADD(p, u, OF_BOTH(0x1.def03fd987ceap+3, 0x1.8b95d727b30d1p-1));
    p = MADD(p, u, OF_BOTH(0x1.09854afeb4eadp+2, 0x1.a99121970c4fbp-1));
    p = MADD(p, u, OF_BOTH(0x1.b936a474a620bp-2, 0x1.7052dd4cd705ap-2));
    double q = OF_BOTH(0.0, 0x1.7046825c79b56p-19);
    q = MADD(q, u, OF_BOTH(0x1.0ee842f7988a9p+0, 0x1.f6065dd6854eep-13));
    q = MADD(q, u, OF_BOTH(0x1.dbd0e3d8ce3f5p+3, 0x1.9de24f777d074p-8));
    q = MADD(q, u, OF_BOTH(0x1.f692662ac2984p+5, 0x1.2b19fb09c9f2dp-4));
    q = MADD(q, u, OF_BOTH(0x1.c9d3c375afd4ep+6, 0x1.b507f328970cap-2));
    q = MADD(q, u, OF_BOTH(0x1.9d7e25c24d264p+6, 0x1.5d2c90bc23e5dp+0));
    q = MADD(q, u, OF_BOTH(0x1.824c4c49be73dp+5, 0x1.3b6e845197fbfp+1));
    q = MADD(q, u, OF_BOTH(0x1.645076cea42f2p+3, 0x1.32fda1c330ff3p+1));
    q = MADD(q, u, 1.0);
    const double y = p / q, tail = r - y;
    const double outside = rest == 0.0 ? x * INFINITY : x + NAN;
    return is_central ? MADD(x * z, y, x * HALF_ROOT_PI)
                      : rest > 0.0 ? copysign(tail, x) : outside;
}

#undef OF_BOTH

/* erfinv: dx = g sqrt(pi) / 2 exp(y^2).  Saves y. NaN outside of [-1, 1]; at +-1 y is +-inf. */
AG_MAP_LONG(erfinv, erfinv_of(fused, x))
AG_RULE(erfinv) { GX(0) = v_vjp_mul(G, v_mul(v_exp(v_square(OUT)), NUM(HALF_ROOT_PI))); }

/* ---- logit ---------------------------------------------------------------------------------- */

/* log(x / (1 - x)): with q, the smaller of x and 1 - x, +-log(1 + (1 - 2 q) / q), where the
 * numerator is exact around 1/2. The quotient is kept from overflowing. */
AGI_STAMPED double logit_of(bool fused, double x, double low, double high)
{
    const double in = x < low ? low : x > high ? high : x, q = in < 0.5 ? in : 1.0 - in;
    const bool is_tiny = q < 0x1p-900;
    const double t = (1.0 - 2.0 * q) / (is_tiny ? q * 0x1p200 : q);
    const double y = agi_log1p_positive(fused, t, is_tiny ? 200.0 : 0.0);
    const double size = q > 0.0 ? y : q == 0.0 ? INFINITY : q + NAN;
    return in < 0.5 ? -size : size;
}

/* logit(eps): y = log(x / (1 - x)), of x limited to between eps and 1 - eps, or if eps is negative
 * of x itself;  dx = g / (x (1 - x)), 0 beyond the limits, and NaN outside of [0, 1] if there are
 * none.  Saves x. */
AG_KERNEL_BODY(logit)
{
    const double *x = in[0], low = f[0] < 0.0 ? -INFINITY : f[0];
    const double high = f[0] < 0.0 ? INFINITY : 1.0 - f[0];
    AGI_EACH_LONG(splat ? 1 : n, x, logit_of(fused, x[i], low, high));
    if (AGI_UNLIKELY(splat))
        agi_fill_tile(z, n, z[0]);
}
AG_KERNELS(logit)
AG_RULE(logit)
{
    const double eps = agi_node_attr_of(v->node)->f[0], low = eps < 0.0 ? 0.0 : eps;
    const ag_arg x = IN(0), is_inside = v_mul(v_ge(x, NUM(low)), v_le(x, NUM(1.0 - low)));
    const ag_arg product = v_mul(x, v_sub(NUM(1.0), x));
    if (eps < 0.0)
        GX(0) = v_vjp_div(G, v_where(is_inside, product, NUM(NAN)));
    else
        GX(0) = v_where(is_inside, v_vjp_div(G, product), NUM(0.0));
}

/* ---- sinc ----------------------------------------------------------------------------------- */

/* x = an even number + f, without rounding; from 2^52 on every x is a whole number. */
AGI_STAMPED double less_even(double x)
{
    const double half = x * 0.5, even = (half + 0x1.8p52) - 0x1.8p52;
    const double f = fabs(half) < 0x1p51 ? 2.0 * (half - even) : x - x;
    return fabs(x) <= 0.5 ? x : f;
}

AGI_STAMPED double sinc_of(bool fused, double x)
{
    const double f = less_even(x), r = fabs(f) > 0.5 ? copysign(1.0, f) - f : f;
    return x == 0.0 ? 1.0 : agi_sin_half_turn(fused, r) / x;
}

/* sinc: y = sin(pi x) / (pi x), 1 at 0; the angle is exact, so that y is 0 at whole numbers;
 * dx = g sinc_slope(x).  Saves x. */
AG_MAP_LONG(sinc, sinc_of(fused, x))
AG_RULE(sinc) { GX(0) = v_vjp_mul(G, v_sinc_slope(IN(0))); }

/* Its derivative, (cos(pi x) - sinc(x)) / x, of which small x have a polynomial: 2^-64.7. */
AGI_STAMPED double sinc_slope_of(bool fused, double x)
{
    const double z = x * x, f = less_even(x), r = fabs(f) > 0.5 ? copysign(1.0, f) - f : f;
    const double c = agi_cos_half_turn(fused, r), cosine = fabs(f) > 0.5 ? -c : c;
    double s = MADD(-0x1.12208a09690afp-23, z, 0x1.0faa9937920dbp-18);
    s = MADD(s, z, -0x1.999f879c10b10p-14);
    s = MADD(s, z, 0x1.d2eaa5cc27734p-10);
    s = MADD(s, z, -0x1.8061c54bd4c6dp-6);
    s = MADD(s, z, 0x1.ac6805cf32749p-3);
    s = MADD(s, z, -0x1.24feab558a46cp+0);
    s = MADD(s, z, 0x1.9f9cb402bc46cp+1);
    s = MADD(s, z, -0x1.a51a6625307d3p+1);
    return fabs(x) <= 0.5 ? x * s : (cosine - agi_sin_half_turn(fused, r) / x) / x;
}

/* sinc_slope: dx = -g (pi^2 sinc(x) + 2 sinc_slope(x) / x), at 0 -g pi^2 / 3.  Saves x. */
AG_MAP_LONG(sinc_slope, sinc_slope_of(fused, x))
AG_RULE(sinc_slope)
{
    const ag_arg x = IN(0), quotient = v_mul(v_div(v_sinc_slope(x), x), NUM(-2.0));
    const ag_arg bend = v_sub(quotient, v_mul(v_sinc(x), NUM(PI_SQUARED)));
    GX(0) = v_vjp_mul(G, v_where(v_eq(x, NUM(0.0)), NUM(PI_SQUARED / -3.0), bend));
}

#undef MADD
