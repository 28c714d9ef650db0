/* SPDX-License-Identifier: MIT
 *
 * Bessel functions of orders 0 and 1. Their derivatives need those of higher orders, divided by
 * powers of x so that they have all derivatives at 0: with h_n = I_n(x) / x^n, h_n' = x h_(n + 1),
 * and with J_n instead of I_n, h_n' = -x h_(n + 1). In the comments y is the result, g the gradient
 * that comes in, dx the one that goes out.
 */
#include "../compute/kernel.h"
#include "../tape/rule.h"
#include "table.h"

#include <math.h>

#define EULER 0.5772156649015328606065120900824024L
#define TWO_PI 6.2831853071795864769252867665590058L

static ag_arg of_one(int op, ag_arg x) { return agi_value(op, 1, &x, NULL); }

/* h_n of the functions of this kind, f[0], with exp(-|x|) as a factor if f[1]. */
static ag_arg of_order(int op, double n, bool is_scaled, ag_arg x)
{
    const ag_attr attr = {.f = {n, is_scaled}};
    return agi_value(op, 1, &x, &attr);
}

/* The sum of z^k / (k! (n + k)!) over all k, over 2^n: that is h_n of I where z is x^2 / 4, of J
 * where it is -x^2 / 4. */
static long double power_series(int n, long double z)
{
    long double term = 1.0L, sum = 1.0L;
    for (int k = 1; k <= n; k++)
        term /= 2.0L * k;
    sum = term;
    for (int k = 1; fabsl(term) > 1e-20L * fabsl(sum) && k < 500; k++) {
        term *= z / ((long double)k * (n + k));
        sum += term;
    }
    return sum;
}

/* ---- I -------------------------------------------------------------------------------------- */

/* exp(-x) I_n(x) for x > 20 and n = 0, 1: the asymptotic series, of terms that shrink as long as
 * they count. */
static long double scaled_i_far(int n, double x)
{
    long double term = 1.0L, sum = 1.0L;
    for (int k = 1; k <= 40 && fabsl(term) > 1e-20L * sum; k++) {
        term *= ((2 * k - 1) * (2 * k - 1) - 4 * n) / (8.0L * k * x);
        sum += term;
    }
    return sum / sqrtl(TWO_PI * x);
}

static long double i_over(int n, double x, bool is_scaled)
{
    const double a = fabs(x);
    if (!(a > 20.0 + 4.0 * n)) {
        const long double sum = power_series(n, 0.25L * a * a);
        return is_scaled ? sum * expl(-(long double)a) : sum;
    }
    if (a == (double)INFINITY)
        return is_scaled ? 0.0L : (long double)INFINITY;
    long double last = scaled_i_far(0, a), value = n == 0 ? last : scaled_i_far(1, a);
    for (int k = 1; k < n; k++) {
        const long double next = last - 2.0L * k / a * value;
        last = value;
        value = next;
    }
    for (int k = 0; k < n; k++)
        value /= a;
    const long double half = is_scaled ? 1.0L : expl(0.5L * a);
    return value * half * half;
}

static double order_one(double x, bool is_scaled)
{
    if (fabs(x) == (double)INFINITY)
        return is_scaled ? 0.0 : x;
    return (double)(x * i_over(1, x, is_scaled));
}

/* i0: dx = g i1(x).  Saves x. */
AG_MAP1_CALLS(i0, (double)i_over(0, x, false))
AG_RULE(i0) { GX(0) = v_vjp_mul(G, of_one(AG_OP_i1, IN(0))); }

/* i1: dx = g (i0(x) - i1(x) / x).  Saves x. */
AG_MAP1_CALLS(i1, order_one(x, false))
AG_RULE(i1)
{
    const ag_arg x = IN(0);
    GX(0) = v_vjp_mul(G, v_sub(v_i0(x), of_order(AG_OP_i_over_power, 1.0, false, x)));
}

/* i0e = exp(-|x|) i0: dx = g (i1e(x) - y), and the other sign of y for x < 0.  Saves x and y. */
AG_MAP1_CALLS(i0e, (double)i_over(0, x, true))
AG_RULE(i0e)
{
    const ag_arg x = IN(0);
    GX(0) = v_vjp_mul(G, v_sub(of_one(AG_OP_i1e, x), v_mul(v_sign(x), OUT)));
}

/* i1e = exp(-|x|) i1: dx = g (i0e(x) - i1e(x) / x - y), likewise.  Saves x and y. */
AG_MAP1_CALLS(i1e, order_one(x, true))
AG_RULE(i1e)
{
    const ag_arg x = IN(0), quotient = of_order(AG_OP_i_over_power, 1.0, true, x);
    const ag_arg slope = v_sub(of_one(AG_OP_i0e, x), quotient);
    GX(0) = v_vjp_mul(G, v_sub(slope, v_mul(v_sign(x), OUT)));
}

/* i_over_power: h_n, f[0] is n; f[1] tells whether it is scaled by exp(-|x|): dx = g x h_(n + 1),
 * of a scaled one less y, or plus y for x < 0.  Saves x and y. NaN for other orders. */
enum { MOST_ORDER = 40 };

static int order_of(double n) { return n >= 0.0 && n <= MOST_ORDER ? (int)n : -1; }

AG_KERNEL_BODY(i_over_power)
{
    const double *x = in[0];
    const int order = order_of(f[0]);
    const int64_t step = splat ? 0 : 1;
    (void)fused;
    for (int64_t i = 0; i < n; i++)
        z[i] = order < 0 ? NAN : (double)i_over(order, x[i * step], f[1] != 0.0);
}
AG_KERNELS(i_over_power)
AG_RULE(i_over_power)
{
    const double *f = agi_node_attr_of(v->node)->f;
    const ag_arg x = IN(0);
    const ag_arg slope = v_mul(x, of_order(AG_OP_i_over_power, f[0] + 1.0, f[1] != 0.0, x));
    GX(0) = v_vjp_mul(G, f[1] != 0.0 ? v_sub(slope, v_mul(v_sign(x), OUT)) : slope);
}

/* ---- J and Y -------------------------------------------------------------------------------- */

/* The C library's functions, whose error near their roots is 2e-16 or less. */

/* bessel_j0: dx = -g bessel_j1(x).  Saves x. */
AG_MAP1_CALLS(bessel_j0, j0(x))
AG_RULE(bessel_j0) { GX(0) = v_neg(v_vjp_mul(G, of_one(AG_OP_bessel_j1, IN(0)))); }

/* bessel_j1: dx = g (bessel_j0(x) - bessel_j1(x) / x).  Saves x. */
AG_MAP1_CALLS(bessel_j1, j1(x))
AG_RULE(bessel_j1)
{
    const ag_arg x = IN(0), quotient = of_order(AG_OP_j_over_power, 1.0, false, x);
    GX(0) = v_vjp_mul(G, v_sub(of_one(AG_OP_bessel_j0, x), quotient));
}

static double j_over(int n, double x)
{
    const double a = fabs(x);
    if (!(a > 8.0 + 2.0 * n))
        return (double)power_series(n, -0.25L * a * a);
    long double last = j0(a), value = n == 0 ? j0(a) : j1(a);
    for (int k = 1; k < n; k++) {
        const long double next = 2.0L * k / a * value - last;
        last = value;
        value = next;
    }
    for (int k = 0; k < n; k++)
        value /= a;
    return (double)value;
}

/* j_over_power: h_n, f[0] is n: dx = -g x h_(n + 1).  Saves x. NaN for other orders. */
AG_KERNEL_BODY(j_over_power)
{
    const double *x = in[0];
    const int order = order_of(f[0]);
    const int64_t step = splat ? 0 : 1;
    (void)fused;
    for (int64_t i = 0; i < n; i++)
        z[i] = order < 0 ? NAN : j_over(order, x[i * step]);
}
AG_KERNELS(j_over_power)
AG_RULE(j_over_power)
{
    const double n = agi_node_attr_of(v->node)->f[0];
    const ag_arg x = IN(0), next = of_order(AG_OP_j_over_power, n + 1.0, false, x);
    GX(0) = v_neg(v_vjp_mul(G, v_mul(x, next)));
}

/* bessel_y0: dx = -g bessel_y1(x).  Saves x. */
AG_MAP1_CALLS(bessel_y0, y0(x))
AG_RULE(bessel_y0) { GX(0) = v_neg(v_vjp_mul(G, of_one(AG_OP_bessel_y1, IN(0)))); }

/* bessel_y1: dx = g (bessel_y0(x) - y / x).  Saves x and y. */
AG_MAP1_CALLS(bessel_y1, y1(x))
AG_RULE(bessel_y1)
{
    const ag_arg x = IN(0);
    GX(0) = v_vjp_mul(G, v_sub(of_one(AG_OP_bessel_y0, x), v_div(OUT, x)));
}

/* ---- K -------------------------------------------------------------------------------------- */

/* exp(-s^2) at s = 1/4, 2/4, ... */
static const double bells[26] = {
    0x1.e0fabfbc702a4p-1, 0x1.8ebef9eac820bp-1, 0x1.23ba930c1568bp-1, 0x1.78b56362cef38p-2,
    0x1.ad48bc25771c7p-3, 0x1.afb718e8457f7p-4, 0x1.7f251ab1af77bp-5, 0x1.2c155b8213cf4p-6,
    0x1.9ed300c108a17p-8, 0x1.fa0e9586aebc7p-10, 0x1.1068222437d65p-11, 0x1.02cf22526545ap-13,
    0x1.b1fea4fbb871ap-16, 0x1.411fb0da07713p-18, 0x1.a3604afdb0929p-21, 0x1.e355bbaee85cbp-24,
    0x1.eb97d4afc3bd3p-27, 0x1.b93de1e27ca3bp-30, 0x1.5d82c26ce1c09p-33, 0x1.e8a37a45fc32ep-37,
    0x1.2d7026e60ab5ep-40, 0x1.4835bd010a41bp-44, 0x1.3b5e5c86b9440p-48, 0x1.0b6c3afdde064p-52,
    0x1.903daec8f0fb0p-57, 0x1.0851945bd91fcp-61,
};

/* K_n(x) for n = 0, 1 and 0 < x <= 2: the part with the logarithm and the rest, whose terms have
 * factors 1 + 1/2 + ... + 1/k. */
static long double k_near(int n, double x)
{
    const long double z = 0.25L * x * x, log_half = logl(0.5L * x) + EULER;
    long double term = n == 0 ? 1.0L : 0.5L, harmonic = 0.0L, sum = 0.0L, plain = 0.0L;
    for (int k = 0; k < 20; k++) {
        const long double weight = n == 0 ? harmonic : harmonic + 0.5L / (k + 1);
        sum += term * weight;
        plain += term;
        term *= z / ((k + 1.0L) * (k + 1 + n));
        harmonic += 1.0L / (k + 1);
    }
    return n == 0 ? sum - log_half * plain : 1.0L / x + x * (log_half * plain - sum);
}

/* exp(x) K_n(x) for n = 0, 1 and x > 2: the integral of 2 exp(-s^2) / sqrt(2 x + s^2) over the
 * positive s, with a factor 1 + s^2 / x where n is 1, by the trapezoidal rule, whose error is less
 * than 2^-60 of it for a step of 1/4. */
static long double scaled_k_far(int n, double x)
{
    long double sum = 0.5L / sqrtl(2.0L * x);
    for (int k = 25; k >= 0; k--) {
        const double s2 = (double)((k + 1) * (k + 1)) / 16.0;
        sum += bells[k] / sqrt(2.0 * x + s2) * (n == 0 ? 1.0 : 1.0 + s2 / x);
    }
    return 0.5L * sum;
}

static double k_of(int n, double x, bool is_scaled)
{
    if (!(x > 0.0))
        return x == 0.0 ? INFINITY : NAN;
    if (x <= 2.0)
        return (double)(k_near(n, x) * (is_scaled ? expl(x) : 1.0L));
    return (double)(scaled_k_far(n, x) * (is_scaled ? 1.0L : expl(-(long double)x)));
}

/* modified_bessel_k0: dx = -g K_1(x);  modified_bessel_k1: dx = -g (K_0(x) + y / x).  Scaled ones,
 * with a factor exp(x), have y more.  Save x and y. */
static ag_arg k1_slope(int k0, ag_arg x, ag_arg y) { return v_add(of_one(k0, x), v_div(y, x)); }

AG_MAP1_CALLS(modified_bessel_k0, k_of(0, x, false))
AG_RULE(modified_bessel_k0)
{
    GX(0) = v_neg(v_vjp_mul(G, of_one(AG_OP_modified_bessel_k1, IN(0))));
}

AG_MAP1_CALLS(modified_bessel_k1, k_of(1, x, false))
AG_RULE(modified_bessel_k1)
{
    GX(0) = v_neg(v_vjp_mul(G, k1_slope(AG_OP_modified_bessel_k0, IN(0), OUT)));
}

AG_MAP1_CALLS(scaled_modified_bessel_k0, k_of(0, x, true))
AG_RULE(scaled_modified_bessel_k0)
{
    const ag_arg next = of_one(AG_OP_scaled_modified_bessel_k1, IN(0));
    GX(0) = v_vjp_mul(G, v_sub(OUT, next));
}

AG_MAP1_CALLS(scaled_modified_bessel_k1, k_of(1, x, true))
AG_RULE(scaled_modified_bessel_k1)
{
    const ag_arg slope = k1_slope(AG_OP_scaled_modified_bessel_k0, IN(0), OUT);
    GX(0) = v_vjp_mul(G, v_sub(OUT, slope));
}
