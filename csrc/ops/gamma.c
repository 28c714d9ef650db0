/* SPDX-License-Identifier: MIT
 *
 * The gamma function: its logarithm, of one and of several dimensions, the derivatives of that, and
 * the zeta function of Hurwitz. In the comments y is the result, g the gradient that comes in, dx
 * the one that goes out.
 */
#include "../base/status.h"
#include "../compute/kernel.h"
#include "../tape/formula.h"
#include "gamma.h"
#include "table.h"

#include <math.h>

#define LOG_PI 0x1.250d048e7a1bdp+0

#define MADD(a, b, c) agi_madd(fused, a, b, c)

/* ---- the logarithm of gamma ----------------------------------------------------------------- */

/* The C library's, which is right to 2 units at its zeros, too. */
static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* lgamma: dx = g digamma(x).  Saves x. */
AG_MAP1_CALLS(lgamma, log_gamma(x))
AG_RULE(lgamma) { GX(0) = v_vjp_mul(G, v_digamma(IN(0))); }

/* ---- its derivative ------------------------------------------------------------------------- */

/* 1 / z + 1 / (z + 1) + ... + 1 / (z + 9) = (2 z + 9) q'(u) / q(u) with u = z (z + 9) and
 * q = u (u + 8) (u + 14) (u + 18) (u + 20), where all is positive. */
AGI_STAMPED double ten_reciprocals(bool fused, double z)
{
    const double u = z * (z + 9.0);
    double q = u + 60.0, slope = 5.0;
    slope = MADD(slope, u, 240.0);
    q = MADD(q, u, 1308.0);
    slope = MADD(slope, u, 3924.0);
    q = MADD(q, u, 12176.0);
    slope = MADD(slope, u, 24352.0);
    q = MADD(q, u, 40320.0);
    slope = MADD(slope, u, 40320.0);
    return MADD(2.0, z, 9.0) * slope / (q * u);
}

/* For x > 0 log(w) - 1 / (2 w) - a series in 1 / w^2, where w is x from 10 on, else x + 10, and the
 * ten reciprocals are subtracted; else the value at 1 - x less pi / tan(pi x). */
AGI_STAMPED double digamma_of(bool fused, double x)
{
    const bool is_left = !(x > 0.0), is_far = x <= -0x1p52;
    const double z = is_left ? 1.0 - x : x, w = z < 10.0 ? z + 10.0 : z;
    const double v = 1.0 / w, v2 = v * v;
    double s = MADD(-0x1.c5e5e5e5e5e5ep-2, v2, 0x1.5555555555555p-4);
    s = MADD(s, v2, -0x1.5995995995996p-6);
    s = MADD(s, v2, 0x1.f07c1f07c1f08p-8);
    s = MADD(s, v2, -0x1.1111111111111p-8);
    s = MADD(s, v2, 0x1.0410410410410p-8);
    s = MADD(s, v2, -0x1.1111111111111p-7);
    s = MADD(s, v2, 0x1.5555555555555p-4);
    const double in = w > 0x1p1000 ? 0x1p1000 : w, far = w > 0x1p1000 ? w : 0.0;
    const double value = agi_log_sum(fused, in, MADD(-s, v2, -0.5 * v), 0.0) + far;
    const double right = z < 10.0 ? value - ten_reciprocals(fused, z) : value;
    const double whole = ((is_far ? 0.0 : x) + 0x1.8p52) - 0x1.8p52, f = is_far ? 0.0 : x - whole;
    const double turn = agi_cos_half_turn(fused, f) / agi_sin_half_turn(fused, f);
    const double pole = x == 0.0 ? copysign(INFINITY, -x) : NAN;
    return is_left ? (f == 0.0 ? pole : right - turn) : right;
}

double agi_digamma_of(double x) { return digamma_of(false, x); }

ag_arg agi_psi_of(double n, ag_arg a)
{
    const ag_attr attr = {.f = {n}};
    return n == 0.0 ? v_digamma(a) : agi_value(AG_OP_polygamma, 1, &a, &attr);
}

/* digamma: dx = g polygamma(1, x).  Saves x. */
AG_MAP_LONG(digamma, digamma_of(fused, x))
AG_RULE(digamma) { GX(0) = v_vjp_mul(G, agi_psi_of(1.0, IN(0))); }

/* ---- the zeta function of Hurwitz ----------------------------------------------------------- */

/* Those of Bernoulli's numbers 2, 4, ... over the factorials of 2, 4, ... */
static const double bernoulli_parts[12] = {
    0x1.5555555555555p-4, -0x1.6c16c16c16c17p-10, 0x1.1566abc011567p-15,
    -0x1.bbd779334ef0bp-21, 0x1.66a8f2bf70ebep-26, -0x1.22805d644267fp-31,
    0x1.d6db2c4e09162p-37, -0x1.7da4e1f79955cp-42, 0x1.355871d652e9ep-47,
    -0x1.f57d968caacf1p-53, 0x1.967e1f09c376fp-58, -0x1.497d9033a2b5cp-63,
};

/* The sum of (q + k)^-s over all k from 0 on, for s > 1 and q > 0: nine terms or more, up to 10,
 * then the formula of Euler and Maclaurin, unless they were all that counts. */
static double zeta_of_positive(double s, double q)
{
    long double sum = 0.0L;
    double a = q;
    for (int k = 0; k < 9 || a <= 10.0; k++, a += 1.0) {
        const double term = pow(a, -s);
        sum += term;
        if (!(term > 0x1p-56 * (double)sum))
            return (double)sum;
    }
    const double power = pow(a, -s);
    double factor = s / a;
    long double tail = 0.5L + (long double)a / (s - 1.0);
    for (int k = 0; k < 12; k++) {
        tail += factor * bernoulli_parts[k];
        factor *= (s + 2 * k + 1) / a * ((s + 2 * k + 2) / a);
    }
    return (double)(sum + power * tail);
}

/* Of a q that is negative and no whole number, s is a whole one. The sum over all numbers that are
 * whole steps away from q, on both sides, is that of their fractions f; it goes beyond the wanted
 * one by the sum from 1 - q on. */
static double zeta_of_negative(double s, double q)
{
    double sum = 0.0;
    if (q > -20.0) {
        for (; q < 0.0; q += 1.0)
            sum += pow(q, -s);
        return sum + zeta_of_positive(s, q);
    }
    const double f = q - floor(q), rest = 1.0 - f;
    const double other = zeta_of_positive(s, rest) - zeta_of_positive(s, 1.0 - q);
    return zeta_of_positive(s, f) + (fmod(s, 2.0) == 0.0 ? other : -other);
}

static double hurwitz(double s, double q)
{
    if (s != s || q != q || s < 1.0)
        return NAN;
    if (s == 1.0)
        return INFINITY;
    if (q > 0.0)
        return q < (double)INFINITY ? zeta_of_positive(s, q) : 0.0;
    if (q == floor(q))
        return INFINITY;
    return s == floor(s) ? zeta_of_negative(s, q) : NAN;
}

/* The derivative of some order in s, likewise. A factor that depends on s is what it and its
 * derivatives are, each over the factorial of its order; a + k to the power -s is the power at s
 * times the exponential of -h log(a + k), for a step h in s. */
enum { MOST_ZETA = 15 };

/* power * t, of which the part of h^order is added to the sum. */
static long double part_of_zeta(long double power, long double log_a, const long double *t,
                                int order)
{
    long double sum = 0.0L, by = 1.0L;
    for (int k = 0; k <= order; k++) {
        sum += t[order - k] * by;
        by *= -log_a / (k + 1);
    }
    return power * sum;
}

static long double zeta_tail(double s, double a, int order)
{
    const long double by = 1.0L / (s - 1.0), step = 1.0L / a;
    long double t[MOST_ZETA + 1] = {0.0L}, f[MOST_ZETA + 1] = {s * step, step};
    t[0] = a * by;
    for (int k = 1; k <= order; k++)
        t[k] = -by * t[k - 1];
    t[0] += 0.5L;
    for (int k = 0; k < 12; k++) {
        for (int n = 0; n <= order; n++)
            t[n] += f[n] * bernoulli_parts[k];
        for (int j = 1; j <= 2; j++)
            for (int n = order; n >= 0; n--)
                f[n] = (f[n] * (s + 2 * k + j) + (n > 0 ? f[n - 1] : 0.0L)) * step;
    }
    return part_of_zeta(powl(a, -s), logl(a), t, order);
}

static double zeta_derivative(double s, double q, int order)
{
    const long double one[MOST_ZETA + 1] = {1.0L};
    if (!(s >= 1.0) || !(q > 0.0) || order > MOST_ZETA)
        return NAN;
    if (s == 1.0)
        return order % 2 != 0 ? -INFINITY : INFINITY;
    if (q == (double)INFINITY || s == (double)INFINITY)
        return 0.0;
    long double sum = 0.0L, power = 1.0L, factorial = 1.0L;
    double a = q;
    for (int k = 0; k < 9 || a <= 10.0; k++, a += 1.0) {
        power = powl(a, -s);
        sum += part_of_zeta(power, logl(a), one, order);
    }
    if (power > 0.0L)
        sum += zeta_tail(s, a, order);
    for (int k = 2; k <= order; k++)
        factorial *= k;
    return (double)(sum * factorial);
}

static ag_arg zeta_slope(int64_t order, ag_arg s, ag_arg q)
{
    const ag_arg args[2] = {s, q};
    const ag_attr attr = {.f = {(double)order}};
    return order == 0 ? agi_value(AG_OP_zeta, 2, args, NULL)
                      : agi_value(AG_OP_zeta_slope, 2, args, &attr);
}

/* The derivative in y is that of -x zeta(x + 1, y), of an order in x. */
static ag_arg zeta_slope_in_q(int64_t order, ag_arg s, ag_arg q)
{
    const ag_arg next = v_add(s, NUM(1.0)), slope = v_mul(s, zeta_slope(order, next, q));
    if (order == 0)
        return v_neg(slope);
    return v_neg(v_add(v_mul(zeta_slope(order - 1, next, q), NUM((double)order)), slope));
}

static void zeta_rule(agi_vjp *v, int64_t order)
{
    const ag_arg s = IN(0), q = IN(1);
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, zeta_slope(order + 1, s, q));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, zeta_slope_in_q(order, s, q));
}

/* zeta: dx = g zeta_slope(1, x, y), dy = -g x zeta(x + 1, y).  Saves both. */
AG_MAP2_CALLS(zeta, hurwitz(x, y))
AG_RULE(zeta) { zeta_rule(v, 0); }

/* The order that is asked for; of others than there are one that gives NaN. */
static int zeta_order(double f) { return f >= 1.0 && f <= MOST_ZETA ? (int)f : MOST_ZETA + 1; }

/* zeta_slope: the derivative of some order in x, f[0].  Saves both. */
AG_KERNEL_BODY(zeta_slope)
{
    const double *s = in[0], *q = in[1];
    const int64_t step_s = splat & 1 ? 0 : 1, step_q = splat & 2 ? 0 : 1;
    const int order = zeta_order(f[0]);
    (void)fused;
    for (int64_t i = 0; i < n; i++)
        z[i] = zeta_derivative(s[i * step_s], q[i * step_q], order);
}
AG_KERNELS_ONCE(zeta_slope)
AG_RULE(zeta_slope) { zeta_rule(v, zeta_order(agi_node_attr_of(v->node)->f[0])); }

/* ---- derivatives of digamma ----------------------------------------------------------------- */

/* polygamma(n): y = (-1)^(n + 1) n! zeta(n + 1, x), digamma(x) where n is 0;
 * dx = g polygamma(n + 1, x).  Saves x. NaN where n is negative. */
static double polygamma_of(double n, double factorial, double x)
{
    const double z = hurwitz(n + 1.0, x), sign = fmod(n, 2.0) == 0.0 ? -1.0 : 1.0;
    if (factorial < (double)INFINITY || z == 0.0 || fabs(z) == (double)INFINITY)
        return sign * z * (z == 0.0 ? 1.0 : factorial);
    return copysign(exp(log_gamma(n + 1.0) + log(fabs(z))), sign * z);
}

AG_KERNEL_BODY(polygamma)
{
    const double *x = in[0], order = f[0];
    const int64_t m = splat ? 1 : n;
    (void)fused;
    if (order == 0.0) {
        agi_digamma_kernels[agi_level_now](z, n, in, splat, f);
        return;
    }
    long double factorial = order < 0.0 ? NAN : 1.0L;
    for (double k = 2.0; k <= order && k <= 171.0; k++)
        factorial *= k;
    for (int64_t i = 0; i < m; i++)
        z[i] = polygamma_of(order, (double)factorial, x[i]);
    if (splat)
        agi_fill_tile(z, n, z[0]);
}
AG_KERNELS_ONCE(polygamma)
AG_RULE(polygamma)
{
    const double n = agi_node_attr_of(v->node)->f[0];
    GX(0) = v_vjp_mul(G, agi_psi_of(n + 1.0, IN(0)));
}

/* ---- of several dimensions ------------------------------------------------------------------ */

#define MOST_DIMENSIONS 10000

/* mvlgamma(p): y = p (p - 1) / 4 log(pi) + the sum of lgamma(x - k / 2) over the k < p;
 * dx = g times the sum of the digamma(x - k / 2).  Saves x. */
static ag_arg sum_of_halves(ag_arg x, int64_t p, ag_arg (*function)(ag_arg x))
{
    ag_arg sum = function(x);
    for (int64_t k = 1; k < p && !agi_value_failed(sum); k++)
        sum = v_add(sum, function(v_sub(x, NUM(0.5 * (double)k))));
    return sum;
}

AG_FORMULA(mvlgamma)
{
    const int64_t p = attr->i[0];
    if (p < 1) {
        agi_fail(AG_ERR_VALUE, "p has to be greater than or equal to 1");
        return agi_arg(&agi_failed);
    }
    if (p > MOST_DIMENSIONS) {  /* each takes a pass over x, and some memory meanwhile */
        agi_fail(AG_ERR_VALUE, "mvlgamma: expected a p of %d at most, got %lld", MOST_DIMENSIONS,
                 (long long)p);
        return agi_arg(&agi_failed);
    }
    const double constant = 0.25 * (double)p * (double)(p - 1) * LOG_PI;
    return v_add(sum_of_halves(args[0], p, v_lgamma), NUM(constant));
}
AG_RULE(mvlgamma)
{
    const int64_t p = agi_node_attr_of(v->node)->i[0];
    GX(0) = v_vjp_mul(G, sum_of_halves(IN(0), p, v_digamma));
}

#undef MOST_DIMENSIONS
#undef MADD
