/* SPDX-License-Identifier: MIT
 *
 * The incomplete gamma functions, with their derivatives in both arguments. In the comments P is
 * the lower one, Q = 1 - P the upper one, D the density x^(a - 1) exp(-x) / gamma(a), g the
 * gradient that comes in, da and dx those that go out.
 */
#include "../compute/kernel.h"
#include "gamma.h"
#include "gamma_slope.h"
#include "incomplete.h"
#include "table.h"

#include <math.h>

/* x^a exp(-x) / gamma(a + 1): of large a around the saddle at x = a. */
static long double gamma_term(double a, double x)
{
    if (a > 20.0) {
        const long double r = x / (long double)a, u = ((long double)x - a) / a;
        const long double less = r < 0.5L ? logl(r) - u : log1p_less(u);
        return expl(a * less - gamma_rest(a)) / (ROOT_TWO_PI_L * sqrtl(a));
    }
    return expl(a * logl(x) - x) / tgammal(1.0L + a);
}

static bool is_smaller(long double term, long double sum)
{
    return fabsl(term) < 1e-19L * fabsl(sum);
}

/* ---- values --------------------------------------------------------------------------------- */

/* P by the series x^a exp(-x) / gamma(a + 1) (1 + x / (a + 1) + ...), for x up to a, or small x. */
static long double lower_series(double a, double x)
{
    long double term = 1.0L, sum = 1.0L;
    for (long double n = 1.0L; !is_smaller(term, sum); n += 1.0L) {
        term *= x / (a + n);
        sum += term;
    }
    return sum * gamma_term(a, x);
}

/* log(gamma(1 + a)): of small a by its series, since 1 + a would cut it off. */
static long double log_gamma_beside_one(double a)
{
    static const long double zeta_over[] = {
        /* zeta(k) / k, for k from 9 down to 2 */
        0.1113342658695646905L, 0.1255096695247445170L, 0.1440498967684611881L,
        0.1695571769974081900L, 0.2073855510286739853L, 0.2705808084277845479L,
        0.4006856343865314285L, 0.8224670334241132183L};
    static const long double euler = 0.5772156649015328606L;
    int sign;
    long double sum = 0.0L;
    if (a > 0.004)
        return lgammal_r(1.0L + a, &sign);
    for (size_t k = 0; k < sizeof zeta_over / sizeof zeta_over[0]; k++)
        sum = sum * -a + zeta_over[k];
    return a * (a * sum - euler);
}

/* Q for small a and x up to 1.1, where P may be next to 1: 1 - x^a / gamma(1 + a) less the rest of
 * the series of P in powers of x. */
static long double upper_series(double a, double x)
{
    long double factor = 1.0L, sum = 0.0L;
    for (int n = 1; n < 200 && !(n > 1 && is_smaller(factor, sum)); n++) {
        factor *= -(long double)x / n;
        sum += factor / (a + n);
    }
    const long double exponent = a * logl(x) - log_gamma_beside_one(a);
    return -expm1l(exponent) - a * expl(exponent) * sum;
}

/* Q by its continued fraction, for x above a and 1, evaluated forwards (Lentz). */
static long double upper_fraction(double a, double x)
{
    long double b = (long double)x + 1.0L - a, c = 1e300L, d = 1.0L / b, h = d;
    for (long double n = 1.0L; n < 1e7L; n += 1.0L) {
        const long double factor = n * (a - n);
        b += 2.0L;
        d = 1.0L / (factor * d + b);
        c = b + factor / c;
        h *= c * d;
        if (fabsl(c * d - 1.0L) < 1e-18L)
            break;
    }
    return h * a * gamma_term(a, x);
}

/* Q or P for a above 200 and x beside it, by the uniform expansion of Temme: the integral of the
 * normal law, with e^2 / 2 = u - log(1 + u), u = x / a - 1, and a series in 1 / a, in powers of e.
 * The series of P and the fraction of Q take as many terms as sqrt(a) there. */
static long double uniform(double a, double x, bool is_upper)
{
    const long double u = ((long double)x - a) / a, half = -log1p_less(u);
    const long double e = copysignl(sqrtl(2.0L * half), u), y = e * sqrtl(0.5L * a);
    long double c = 0.0L;
    for (int k = 7; k >= 0; k--) {
        long double term = 0.0L;
        for (int n = uniform_counts[k] - 1; n >= 0; n--)
            term = term * e + uniform_terms[k][n];
        c = c / a + term;
    }
    const long double rest = expl(-a * half) / (ROOT_TWO_PI_L * sqrtl(a)) * c;
    return is_upper ? 0.5L * erfcl(y) + rest : 0.5L * erfcl(-y) - rest;
}

/* P and Q of arguments within the domain, of which the one that is wanted is computed itself where
 * it is the smaller one. */
static double gamma_share(double a, double x, bool is_upper)
{
    if (a > 200.0 && x > 0.63 * a && x < 1.6 * a)
        return (double)uniform(a, x, is_upper);
    if (x > 1.1 ? x > a : x > 0.5 ? x * 1.1 > a : a * log(x) >= -0.4) {
        const long double q = x > 1.1 ? upper_fraction(a, x) : upper_series(a, x);
        return (double)(is_upper ? q : 1.0L - q);
    }
    const long double p = lower_series(a, x);
    return (double)(is_upper ? 1.0L - p : p);
}

static double gamma_inc(double a, double x, bool is_upper)
{
    const double all = is_upper ? 0.0 : 1.0, nothing = 1.0 - all, far = (double)INFINITY;
    if (!(a >= 0.0) || !(x >= 0.0) || (a == 0.0 && x == 0.0) || (a == far && x == far))
        return NAN;
    if (a == 0.0 || x == far)
        return all;
    if (x == 0.0 || a == far)
        return nothing;
    return gamma_share(a, x, is_upper);
}

/* ---- the density ---------------------------------------------------------------------------- */

/* x^(a - 1) exp(-x) / gamma(a), also for negative a, where it is 0 at whole numbers. */
static double density(double a, double x)
{
    if (!(x >= 0.0) || a != a || a == (double)INFINITY)
        return NAN;
    if (a <= 0.0 && a == floor(a))
        return 0.0;
    if (x == 0.0)
        return a == 1.0 ? 1.0 : a > 1.0 ? 0.0 : (double)(INFINITY / tgammal(a));
    if (x == (double)INFINITY)
        return 0.0;
    if (a > 20.0)
        return (double)(gamma_term(a, x) * a / x);
    return (double)(expl((a - 1.0L) * logl(x) - x) / tgammal(a));
}

/* igamma_density: D;  da = g D (log(x) - digamma(a)), dx = g (D(a - 1, x) - D).  Saves a and x. */
AG_MAP2_CALLS(igamma_density, density(x, y))
AG_RULE(igamma_density)
{
    const ag_arg a = IN(0), x = IN(1), here = v_igamma_density(a, x);
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, v_mul(here, v_sub(v_log(x), agi_psi_of(0.0, a))));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, v_sub(v_igamma_density(v_add(a, NUM(-1.0)), x), here));
}

/* ---- derivatives in a ----------------------------------------------------------------------- */

/* Functions of a + h as the first coefficients of their series in h. */
enum { MOST_A = 4 };
typedef long double series[MOST_A + 1];

/* z = x y; z may be x or y. */
static void times_series(int order, series z, const series x, const series y)
{
    for (int n = order; n >= 0; n--) {
        long double sum = 0.0L;
        for (int k = 0; k <= n; k++)
            sum += x[k] * y[n - k];
        z[n] = sum;
    }
}

/* z = x / y; z may be x. */
static void divided_series(int order, series z, const series x, const series y)
{
    for (int n = 0; n <= order; n++) {
        long double sum = x[n];
        for (int k = 1; k <= n; k++)
            sum -= y[k] * z[n - k];
        z[n] = sum / y[0];
    }
}

/* gamma_term(a + h, x) over that at h = 0: exp(h log(x) - (lgamma(a + 1 + h) - lgamma(a + 1))). */
static void gamma_term_series(int order, series z, double a, double x)
{
    series u = {0.0L};
    long double factorial = 1.0L;
    for (int n = 1; n <= order; n++) {
        factorial *= n;
        u[n] = ((n == 1 ? logl(x) : 0.0L) - log_gamma_slope(n, 1.0L + a)) / factorial;
    }
    z[0] = 1.0L;
    for (int n = 1; n <= order; n++) {
        z[n] = 0.0L;
        for (int k = 1; k <= n; k++)
            z[n] += k * u[k] * z[n - k] / n;
    }
}

static bool is_settled(int order, const series step, const series sum)
{
    bool settled = true;
    for (int n = 0; n <= order; n++)
        settled &= fabsl(step[n]) <= 1e-19L * fabsl(sum[n]);
    return settled;
}

/* P by its series, for x up to a + 1/2: all of each coefficient's terms have one sign. */
static void lower_series_in_a(int order, series sum, double a, double x)
{
    series term = {1.0L};
    for (int n = 0; n <= order; n++)
        sum[n] = term[n];
    for (long double k = 1.0L; k < 1e7L; k += 1.0L) {
        const series divisor = {(a + k) / x, 1.0L / x};
        divided_series(order, term, term, divisor);
        for (int n = 0; n <= order; n++)
            sum[n] += term[n];
        if (is_settled(order, term, sum))
            break;
    }
}

/* Q / gamma_term by its continued fraction, for larger x. */
static void upper_fraction_in_a(int order, series h, double a, double x)
{
    series b = {(long double)x + 1.0L - a, -1.0L}, c = {1e300L}, d = {1.0L}, step;
    const series one = {1.0L}, first = {a, 1.0L};
    divided_series(order, d, one, b);
    times_series(order, h, first, d);
    for (long double k = 1.0L; k < 1e7L; k += 1.0L) {
        const series factor = {k * (a - k), k};
        series before;
        b[0] += 2.0L;
        times_series(order, step, factor, d);
        for (int n = 0; n <= order; n++)
            step[n] += b[n];
        divided_series(order, d, one, step);
        divided_series(order, step, factor, c);
        for (int n = 0; n <= order; n++)
            c[n] = b[n] + step[n];
        times_series(order, step, c, d);
        for (int n = 0; n <= order; n++)
            before[n] = h[n];
        times_series(order, h, h, step);
        for (int n = 0; n <= order; n++)
            before[n] -= h[n];
        if (is_settled(order, before, h))
            break;
    }
}

double agi_gamma_tail_slope(double a, double l, double psi)
{
    series h;
    upper_fraction_in_a(1, h, a, expl(l));
    return (double)((h[1] + h[0] * ((long double)l - psi)) / a);
}

/* The derivative of P in a, of an order. */
static double gamma_slope(int order, double a, double x)
{
    series value, outer;
    if (!(a >= 0.0) || !(x >= 0.0) || order > MOST_A || (a > 1e9 && order > 1))
        return NAN;
    if (x == 0.0 || x == (double)INFINITY || a > 1e9)
        return a < (double)INFINITY ? 0.0 : (double)NAN;  /* of a above 1e9 the density is 0 */
    const bool is_lower = x <= a + 0.5;
    if (is_lower)
        lower_series_in_a(order, value, a, x);
    else
        upper_fraction_in_a(order, value, a, x);
    gamma_term_series(order, outer, a, x);
    times_series(order, value, value, outer);
    long double factorial = is_lower ? 1.0L : -1.0L;
    for (int n = 2; n <= order; n++)
        factorial *= n;
    return (double)(value[order] * factorial * gamma_term(a, x));
}

static ag_arg slope_in_a(double order, ag_arg a, ag_arg x)
{
    const ag_arg args[2] = {a, x};
    const ag_attr attr = {.f = {order}};
    return agi_value(AG_OP_igamma_slope, 2, args, &attr);
}

/* The derivative of the density in a, of an order up to 3: times powers of s = log(x) - digamma(a)
 * and of the derivatives of digamma. */
static ag_arg density_in_a(int64_t order, ag_arg a, ag_arg x)
{
    const ag_arg s = v_sub(v_log(x), agi_psi_of(0.0, a)), p1 = agi_psi_of(1.0, a);
    const ag_arg square = v_square(s);
    ag_arg factor = s;
    if (order == 2)
        factor = v_sub(square, p1);
    else if (order == 3)
        factor = v_sub(v_mul(s, v_sub(square, v_mul(p1, NUM(3.0)))), agi_psi_of(2.0, a));
    else if (order > 3)
        factor = NUM(NAN);
    return v_mul(v_igamma_density(a, x), factor);
}

/* x^a exp(-x) / gamma(a) for a and x above 0. */
static double density_of_log(double a, double x)
{
    if (a > 20.0)
        return (double)(gamma_term(a, x) * a);
    return a * exp(a * log(x) - x) / tgamma(1.0 + a);
}

enum { SLOPES_AT_ONCE = 64 };

/* The first derivatives in a, from those of the logarithms of gamma numbers; where the density is
 * next to nothing, or a or x is at the end of its range, by the series. */
AGI_STAMPED void first_slopes(double *z, int64_t n, const double *a, int64_t step_a,
                              const double *x, int64_t step_x)
{
    double logs[SLOPES_AT_ONCE], slopes[SLOPES_AT_ONCE];  /* z may be a or x */
    for (int64_t i = 0; i < n; i++)
        logs[i] = x[i * step_x] > 0.0 ? log(x[i * step_x]) : 0.0;
    slopes_of_logs(slopes, n, a, step_a, logs, 1);
    for (int64_t i = 0; i < n; i++) {
        const double p = a[i * step_a], at = x[i * step_x];
        const bool is_within = p > 1e-280 && p < 1e15 && at > 0.0 && at < (double)INFINITY;
        const double f = is_within ? density_of_log(p, at) : 0.0;
        z[i] = f > 1e-280 ? -f * slopes[i] : gamma_slope(1, p, at);
    }
}

/* igamma_slope: the derivative of P in a, of order f[0], from 1 to 4, and NaN for others, and for
 * those from 2 on where a is above 1e9.  Saves a and x. */
AG_KERNEL_BODY(igamma_slope)
{
    const double *a = in[0], *x = in[1];
    const int64_t step_a = splat & 1 ? 0 : 1, step_x = splat & 2 ? 0 : 1;
    const int order = f[0] >= 1.0 && f[0] <= MOST_A ? (int)f[0] : MOST_A + 1;
    (void)fused;
    for (int64_t i = 0; order == 1 && i < n; i += SLOPES_AT_ONCE)
        first_slopes(z + i, n - i < SLOPES_AT_ONCE ? n - i : SLOPES_AT_ONCE, a + i * step_a,
                     step_a, x + i * step_x, step_x);
    for (int64_t i = 0; order != 1 && i < n; i++)
        z[i] = gamma_slope(order, a[i * step_a], x[i * step_x]);
}
AG_KERNELS_BUT_AVX2(igamma_slope)
AG_RULE(igamma_slope)
{
    const double order = agi_node_attr_of(v->node)->f[0];
    const ag_arg a = IN(0), x = IN(1);
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, slope_in_a(order + 1.0, a, x));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, density_in_a((int64_t)order, a, x));
}

/* igamma: P;  da = g igamma_slope(1, a, x), dx = g D.  igammac: Q, with the opposite of them.  Save
 * a and x. */
AG_MAP2_CALLS(igamma, gamma_inc(x, y, false))
AG_RULE(igamma)
{
    const ag_arg a = IN(0), x = IN(1);
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, slope_in_a(1.0, a, x));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, v_igamma_density(a, x));
}

AG_MAP2_CALLS(igammac, gamma_inc(x, y, true))
AG_RULE(igammac)
{
    const ag_arg a = IN(0), x = IN(1);
    if (NEEDS(0))
        GX(0) = v_neg(v_vjp_mul(G, slope_in_a(1.0, a, x)));
    if (NEEDS(1))
        GX(1) = v_neg(v_vjp_mul(G, v_igamma_density(a, x)));
}
