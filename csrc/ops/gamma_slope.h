/* SPDX-License-Identifier: MIT
 *
 * How the logarithm l of a gamma number of the parameter a follows it, and with it the distribution
 * function P: s(a, l) = -(dP/da) / f, where f = x^a exp(-x) / gamma(a) is the density of l and
 * x = exp(l). Eight at a time, in double precision: to about 1e-13.
 */
#ifndef AGI_GAMMA_SLOPE_H
#define AGI_GAMMA_SLOPE_H

#include <math.h>

#include "../compute/kernel.h"
#include "gamma.h"
#include "incomplete.h"

enum { LANES = 8 };
typedef double lanes __attribute__((vector_size(64)));
typedef int64_t lane_marks __attribute__((vector_size(64)));

/* Arguments that are computed in the same way, until there are enough of them. */
typedef struct slope_lanes {
    int count;
    int64_t to[LANES];         /* where the results go */
    lanes a, l, x, psi, log_a; /* psi: digamma(a + 1) */
} slope_lanes;

/* What depends on a alone. */
typedef struct slope_order {
    double a, log_a, psi;
} slope_order;

AGI_INLINE void set_order(slope_order *order, double a)
{
    if (order->a == a)
        return;
    *order = (slope_order){.a = a, .log_a = log(a), .psi = agi_digamma_of(1.0 + a)};
}

/* Whether a term of the sums counts still; one that does not is set to 0, so that no result depends
 * on what is computed beside it. (Vectors go by address: how a function gets and gives
 * them differs between CPU levels.) */
AGI_STAMPED bool counts_still(lanes *term, const lanes *total)
{
    const lane_marks marks = *term > 1e-16 * *total;
    *term = (lanes)((lane_marks)*term & marks);
    int64_t any = 0;
    for (int k = 0; k < LANES; k++)
        any |= marks[k];
    return any != 0;
}

/* s as a series: P / f is the sum of the t_n = x^n / (a (a + 1) ... (a + n)), and s that of
 * t_n (digamma(a + n + 1) - l). For x up to about a no term is negative. *all is P / f. */
AGI_STAMPED void slope_series(const slope_lanes *of, lanes *s, lanes *all)
{
    lanes divisor = of->a, psi = of->psi, t = 1.0 / divisor, total = t, sum = t * (psi - of->l);
    do {
        for (int k = 0; k < 4; k++) {
            divisor += 1.0;
            const lanes r = 1.0 / divisor;
            t *= of->x * r;
            psi += r;
            total += t;
            sum += t * (psi - of->l);
        }
    } while (counts_still(&t, &total));
    *all = total;
    *s = sum;
}

/* Coefficients of the powers of e in c_0, c_1, ... of the uniform expansion
 *     P = erfc(-e sqrt(a / 2)) / 2 - exp(-a e^2 / 2) / sqrt(2 pi a) (c_0 + c_1 / a + ...),
 * e^2 / 2 = m - log(1 + m), m = x / a - 1 (N. M. Temme, The asymptotic expansion of the incomplete
 * gamma functions, 1979; DLMF 8.12): c_0 = 1 / m - 1 / e, c_k = c_(k-1)' / e + (-1)^k g_k / m. */
static const double uniform_terms[8][20] = {
    {-0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073,
     0.0003527336860670194, -0.0001787551440329218, 3.919263178522438e-05,
     -2.185448510679992e-06, -1.85406221071516e-06, 8.296711340953087e-07,
     -1.7665952736826078e-07, 6.707853543401498e-09, 1.0261809784240309e-08,
     -4.382036018453353e-09, 9.14769958223679e-10, -2.5514193994946248e-11,
     -5.830772132550426e-11, 2.4361948020667415e-11, -5.0276692801141755e-12,
     1.1004392031956135e-13},
    {-0.001851851851851852, -0.003472222222222222, 0.0026455026455026454, -0.0009902263374485596,
     0.00020576131687242798, -4.018775720164609e-07, -1.8098550334489977e-05,
     7.64916091608111e-06, -1.6120900894563446e-06, 4.647127802807434e-09, 1.378633446915721e-07,
     -5.752545603517705e-08, 1.1951628599778148e-08, -1.7543241719747647e-11,
     -1.0091543710600413e-09, 4.162792991842583e-10},
    {0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-06,
     -0.0001073665322636516, 5.2923448829120125e-05, -1.2760635188618728e-05,
     3.423578734096138e-08, 1.3721957309062934e-06, -6.298992138380055e-07,
     1.4280614206064242e-07, -2.0477098421990866e-10, -1.409252991086752e-08},
    {0.0006494341563786008, 0.00022947209362139917, -0.0004691894943952557,
     0.00026772063206283885, -7.561801671883977e-05, -2.396505113867297e-07,
     1.1082654115347302e-05, -5.6749528269915965e-06, 1.4230900732435883e-06,
     -2.7861080291528143e-11, -1.6958404091930278e-07},
    {-0.0008618882909167117, 0.0007840392217200666, -0.0002990724803031902,
     -1.4638452578843418e-06, 6.641498215465122e-05, -3.968365047179435e-05,
     1.1375726970678419e-05, 2.507497226237533e-10, -1.6954149536558305e-06},
    {-0.00033679855336635813, -6.972813758365857e-05, 0.0002772753244959392,
     -0.00019932570516188847, 6.797780477937208e-05, 1.419062920643967e-07,
     -1.3594048189768693e-05},
    {0.0005313079364639922, -0.0005921664373536939, 0.0002708782096718045, 7.902353232660328e-07,
     -8.153969367561969e-05},
    {0.00034436760689237765, 5.171790908260592e-05, -0.00033493161081142234},
};
static const int uniform_counts[8] = {20, 16, 13, 11, 9, 7, 5, 3};

/* g_k: gamma(a) = sqrt(2 pi) a^(a - 1/2) exp(-a) (1 + g_1 / a + ...). */
static const double stirling_factors[9] = {
    1.0, 0.08333333333333333, 0.003472222222222222, -0.0026813271604938273,
    -0.00022947209362139917, 0.0007840392217200666, 6.972813758365857e-05,
    -0.0005921664373536939, -5.171790908260592e-05};

/* w = (exp(u) - 1 - u) 2 / u^2 for |u| up to 1/2, and q its root. */
AGI_STAMPED void exp_rest(const lanes *u, lanes *w, lanes *q)
{
    lanes sum = *u - *u;
    for (int k = 14; k > 2; k--)
        sum = (sum + 1.0) * *u * (1.0 / k);
    *q = *w = sum + 1.0;
    for (int k = 0; k < LANES; k++)
        (*q)[k] = sqrt((*w)[k]);
}

/* s from a = 20 on with x within a factor of 1.6 of a: the derivative of the expansion by a, where
 * u = log(x / a), v = 1 / a and q = e / u. */
AGI_STAMPED void slope_uniform(const slope_lanes *of, lanes *s)
{
    const lanes u = of->l - of->log_a, v = 1.0 / of->a;
    lanes w, q, c = u - u, in_e = c, in_v = c, gamma = c;
    exp_rest(&u, &w, &q);
    const lanes e = u * q;
    for (int k = 7; k >= 0; k--) {
        lanes term = u - u, slope = term;
        for (int n = uniform_counts[k] - 1; n >= 0; n--) {
            slope = slope * e + term;
            term = term * e + uniform_terms[k][n];
        }
        in_v = in_v * v + c;
        c = c * v + term;
        in_e = in_e * v + slope;
    }
    for (int k = 8; k >= 0; k--)
        gamma = gamma * v + stirling_factors[k];
    *s = gamma * v *
         (1.0 / q + (u - 0.5 * v) * c - v * (1.0 + 0.5 * u * w) / q * in_e - v * v * in_v);
}

/* Lanes that are not used get the arguments of the first one. */
AGI_INLINE void fill_lanes(slope_lanes *of)
{
    for (int k = of->count; k < LANES; k++) {
        of->a[k] = of->a[0];
        of->l[k] = of->l[0];
        of->x[k] = of->x[0];
        of->psi[k] = of->psi[0];
        of->log_a[k] = of->log_a[0];
    }
}

AGI_INLINE void put_lane(slope_lanes *of, const slope_order *order, double l, double x, int64_t to)
{
    const int k = of->count++;
    of->a[k] = order->a;
    of->l[k] = l;
    of->x[k] = x;
    of->psi[k] = order->psi;
    of->log_a[k] = order->log_a;
    of->to[k] = to;
}

/* What the series has lost digits of, since terms of both signs are large beside their sum, is
 * computed by a continued fraction. */
AGI_STAMPED void finish_series(slope_lanes *of, double *z)
{
    lanes all, sum;
    fill_lanes(of);
    slope_series(of, &sum, &all);
    for (int k = 0; k < of->count; k++) {
        const bool lost = of->l[k] > of->psi[k] &&
                          !(all[k] * (of->l[k] - of->psi[k]) < 1e3 * sum[k]);
        z[of->to[k]] = lost ? agi_gamma_tail_slope(of->a[k], of->l[k], of->psi[k]) : sum[k];
    }
    of->count = 0;
}

AGI_STAMPED void finish_uniform(slope_lanes *of, double *z)
{
    lanes s;
    fill_lanes(of);
    slope_uniform(of, &s);
    for (int k = 0; k < of->count; k++)
        z[of->to[k]] = s[k];
    of->count = 0;
}

AGI_INLINE bool is_order(double a) { return a > 0.0 && a < (double)INFINITY; }

/* Of an a above 0 that is a number, and any l. */
AGI_STAMPED void put_slope(slope_lanes *small, slope_lanes *large, const slope_order *order,
                           double l, int64_t to, double *z)
{
    if (order->a >= 20.0 && fabs(l - order->log_a) < 0.47) {
        put_lane(large, order, l, 0.0, to);
        if (large->count == LANES)
            finish_uniform(large, z);
        return;
    }
    const double x = exp(l);
    if (x <= order->a + 30.0) {
        put_lane(small, order, l, x, to);
        if (small->count == LANES)
            finish_series(small, z);
        return;
    }
    z[to] = l < 700.0 ? agi_gamma_tail_slope(order->a, l, order->psi) : (double)NAN;
}

/* z = s, of n elements that lie step_a and step_l apart; NaN where a is no number above 0, or l is
 * none. */
AGI_STAMPED void slopes_of_logs(double *z, int64_t n, const double *a, int64_t step_a,
                                const double *l, int64_t step_l)
{
    slope_lanes small = {.count = 0}, large = {.count = 0};
    slope_order order = {.a = -1.0};
    for (int64_t i = 0; i < n; i++) {
        const double at = l[i * step_l];
        if (!is_order(a[i * step_a]) || at != at) {
            z[i] = (double)NAN;
            continue;
        }
        set_order(&order, a[i * step_a]);
        put_slope(&small, &large, &order, at, i, z);
    }
    if (small.count > 0)
        finish_series(&small, z);
    if (large.count > 0)
        finish_uniform(&large, z);
}

#endif
