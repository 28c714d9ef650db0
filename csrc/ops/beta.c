/* SPDX-License-Identifier: MIT
 *
 * The beta function's logarithm, the incomplete beta function I, with its derivatives in all
 * arguments, and its inverse. In the comments D is the density x^(a - 1) (1 - x)^(b - 1) / B(a, b),
 * y the result, g the gradient that comes in, da, db and dx those that go out.
 */
#include "../compute/kernel.h"
#include "../tape/rule.h"
#include "incomplete.h"
#include "table.h"

#include <math.h>

/* ---- the logarithm of the beta function ----------------------------------------------------- */

/* lgamma(large) - lgamma(small + large), for large > 20: Stirling's formula, of which what the two
 * have in common is left out. */
static long double log_gamma_step(double small, double large)
{
    const long double sum = (long double)small + large;
    const long double rest = gamma_rest(large) - gamma_rest((double)sum);
    return rest + small - small * logl(sum) + (large - 0.5L) * log1pl(-small / sum);
}

static long double log_beta(double a, double b)
{
    int sign;
    const double small = a < b ? a : b, large = a < b ? b : a;
    if (small > 0.0 && large > 20.0 && large < (double)INFINITY)
        return lgammal_r(small, &sign) + log_gamma_step(small, large);
    return lgammal_r(a, &sign) + lgammal_r(b, &sign) - lgammal_r((long double)a + b, &sign);
}

/* betaln: da = g (digamma(a) - digamma(a + b)), db likewise.  Saves both. */
AG_MAP2_CALLS(betaln, (double)log_beta(x, y))
AG_RULE(betaln)
{
    const ag_arg a = IN(0), b = IN(1), both = v_digamma(v_add(a, b));
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, v_sub(v_digamma(a), both));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, v_sub(v_digamma(b), both));
}

/* ---- values --------------------------------------------------------------------------------- */

/* x^a (1 - x)^b / (a B(a, b)): of large a and b around the saddle at x = a / (a + b). */
static long double beta_term(double a, double b, long double x)
{
    const long double rest = 1.0L - x;
    if (a > 20.0 && b > 20.0) {
        const long double step = x * b - rest * a, both = (long double)a + b;
        const long double exponent = a * log1p_less(step / a) + b * log1p_less(-step / b);
        const long double joint = gamma_rest((double)both);
        const long double gammas = gamma_rest(a) + gamma_rest(b) - joint;
        return expl(exponent - gammas) * sqrtl(b / (a * both)) / ROOT_TWO_PI_L;
    }
    return expl(a * logl(x) + b * log1pl(-x) - log_beta(a, b)) / a;
}

/* I / beta_term by its continued fraction, evaluated forwards (Lentz). It takes as many steps as
 * the root of the larger of a and b, or fewer: NaN where those are too many. */
static long double beta_fraction(double a, double b, long double x)
{
    long double c = 1.0L, d = 1.0L / (1.0L - ((long double)a + b) * x / (a + 1.0L)), h = d;
    for (long double m = 1.0L; m < 2e4L; m += 1.0L) {
        const long double even = m * (b - m) * x / ((a - 1.0L + 2.0L * m) * (a + 2.0L * m));
        const long double odd = -(a + m) * ((long double)a + b + m) * x /
                                ((a + 2.0L * m) * (a + 1.0L + 2.0L * m));
        d = 1.0L / (1.0L + even * d);
        c = 1.0L + even / c;
        h *= c * d;
        d = 1.0L / (1.0L + odd * d);
        c = 1.0L + odd / c;
        h *= c * d;
        if (fabsl(c * d - 1.0L) < 1e-18L)
            return h;
    }
    return NAN;
}

/* Whether I is 1 less that of the other side, whose fraction converges sooner. */
static bool is_beyond(double a, double b, long double x)
{
    return x > (a + 1.0L) / ((long double)a + b + 2.0L);
}

static long double beta_share(double a, double b, long double x)
{
    if (is_beyond(a, b, x)) {
        const long double other = beta_term(b, a, 1.0L - x) * beta_fraction(b, a, 1.0L - x);
        if (other < 0.9L || x > 0.999L)
            return 1.0L - other;
    }
    return beta_term(a, b, x) * beta_fraction(a, b, x);
}

static bool is_of_beta(double a, double b, double x)
{
    return a > 0.0 && b > 0.0 && x >= 0.0 && x <= 1.0 && a < (double)INFINITY &&
           b < (double)INFINITY;
}

static double beta_inc(double a, double b, double x)
{
    if (!is_of_beta(a, b, x))
        return NAN;
    return x == 0.0 || x == 1.0 ? x : (double)beta_share(a, b, x);
}

static double beta_density(double a, double b, double x)
{
    if (!is_of_beta(a, b, x))
        return NAN;
    if (x == 0.0 || x == 1.0) {
        const double near = x == 0.0 ? a : b, other = x == 0.0 ? b : a;
        return near < 1.0 ? INFINITY : near == 1.0 ? other : 0.0;
    }
    return (double)(beta_term(a, b, x) * a / x / (1.0L - x));
}

/* ---- derivatives in a and b ----------------------------------------------------------------- */

/* Functions of a + h and b + k as the coefficients of h^i k^j with i + j up to 3. */
enum { MOST_B = 3 };
typedef long double grid[MOST_B + 1][MOST_B + 1];

#define EACH_OF_GRID(i, j) \
    for (int i = 0; i <= MOST_B; i++) \
        for (int j = 0; i + j <= MOST_B; j++)

/* The part of (x y)[i][j] to which x[0][0] does not belong. */
static long double cross_terms(const grid x, const grid y, int i, int j)
{
    long double sum = 0.0L;
    for (int p = 0; p <= i; p++)
        for (int q = p == 0 ? 1 : 0; q <= j; q++)
            sum += x[p][q] * y[i - p][j - q];
    return sum;
}

static void times_grid(grid z, const grid x, const grid y)
{
    grid made;
    EACH_OF_GRID(i, j)
        made[i][j] = x[0][0] * y[i][j] + cross_terms(x, y, i, j);
    EACH_OF_GRID(i, j)
        z[i][j] = made[i][j];
}

static void divided_grid(grid z, const grid x, const grid y)
{
    grid made;
    EACH_OF_GRID(i, j)
        made[i][j] = (x[i][j] - cross_terms(y, made, i, j)) / y[0][0];
    EACH_OF_GRID(i, j)
        z[i][j] = made[i][j];
}

/* One step of the continued fraction: with the next numerator, d = 1 / (1 + n d), c = 1 + n / c and
 * h = h c d. Whether h has settled. */
static bool fraction_step(const grid numerator, grid c, grid d, grid h)
{
    const grid one = {{1.0L}};
    grid made, before;
    times_grid(made, numerator, d);
    made[0][0] += 1.0L;
    divided_grid(d, one, made);
    divided_grid(c, numerator, c);
    c[0][0] += 1.0L;
    times_grid(made, c, d);
    EACH_OF_GRID(i, j)
        before[i][j] = h[i][j];
    times_grid(h, h, made);
    bool settled = true;
    EACH_OF_GRID(i, j)
        settled &= fabsl(h[i][j] - before[i][j]) <= 1e-18L * fabsl(h[i][j]);
    return settled;
}

static void beta_fraction_grid(grid h, double a, double b, long double x)
{
    const grid one = {{1.0L}};
    const grid start = {{1.0L + a - ((long double)a + b) * x, -x}, {1.0L - x}};
    const grid below = {{1.0L + a}, {1.0L}};
    grid c = {{1.0L}}, d, numerator, part;
    divided_grid(d, start, below);
    divided_grid(d, one, d);
    EACH_OF_GRID(i, j)
        h[i][j] = d[i][j];
    for (long double m = 1.0L; m < 1e4L; m += 1.0L) {
        const grid last = {{a - 1.0L + 2.0L * m}, {1.0L}}, here = {{a + 2.0L * m}, {1.0L}};
        const grid next = {{a + 1.0L + 2.0L * m}, {1.0L}}, even = {{m * (b - m) * x, m * x}};
        const grid odd = {{-(a + m) * x}, {-x}}, sum = {{(long double)a + b + m, 1.0L}, {1.0L}};
        times_grid(part, last, here);
        divided_grid(numerator, even, part);
        const bool settled = fraction_step(numerator, c, d, h);
        times_grid(numerator, odd, sum);
        times_grid(part, here, next);
        divided_grid(numerator, numerator, part);
        if (fraction_step(numerator, c, d, h) && settled)
            break;
    }
}

/* beta_term at a + h and b + k over that at a and b: the exponential of a series without a
 * constant. */
static void beta_term_grid(grid z, double a, double b, long double x)
{
    grid u = {{0.0L}}, power = {{1.0L}};
    const long double factorials[4] = {1.0L, 1.0L, 2.0L, 6.0L};
    for (int n = 1; n <= MOST_B; n++) {
        const long double both = log_gamma_slope(n, (long double)a + b);
        for (int i = 0; i <= n; i++)
            u[i][n - i] = both / (factorials[i] * factorials[n - i]);
        u[n][0] -= log_gamma_slope(n, 1.0L + a) / factorials[n];
        u[0][n] -= log_gamma_slope(n, b) / factorials[n];
    }
    u[1][0] += logl(x);
    u[0][1] += log1pl(-x);
    EACH_OF_GRID(i, j)
        z[i][j] = i + j == 0 ? 1.0L : 0.0L;
    for (int n = 1; n <= MOST_B; n++) {
        times_grid(power, power, u);
        EACH_OF_GRID(i, j)
            z[i][j] += power[i][j] / factorials[n];
    }
}

static double beta_slope(int i, int j, double a, double b, double x)
{
    grid value, outer;
    if (!is_of_beta(a, b, x) || i < 0 || j < 0 || i + j > MOST_B || a > 1e7 || b > 1e7)
        return NAN;
    if (x == 0.0 || x == 1.0)
        return 0.0;
    const bool beyond = is_beyond(a, b, x);
    const double p = beyond ? b : a, q = beyond ? a : b;
    const long double at = beyond ? 1.0L - x : x;
    beta_fraction_grid(value, p, q, at);
    beta_term_grid(outer, p, q, at);
    times_grid(value, value, outer);
    const long double found = beyond ? -value[j][i] : value[i][j];
    const long double factorials[4] = {1.0L, 1.0L, 2.0L, 6.0L};
    return (double)(found * beta_term(p, q, at) * factorials[i] * factorials[j]);
}

static ag_arg slope_in_ab(double i, double j, ag_arg a, ag_arg b, ag_arg x)
{
    const ag_arg args[3] = {a, b, x};
    const ag_attr attr = {.f = {i, j}};
    return agi_value(AG_OP_betainc_slope, 3, args, &attr);
}

/* The derivatives of log(D) in a, and with x and 1 - x exchanged in b. */
static ag_arg log_density_in_a(ag_arg a, ag_arg b, ag_arg log_x)
{
    return v_add(v_sub(log_x, v_digamma(a)), v_digamma(v_add(a, b)));
}

static ag_arg log_x_of(ag_arg x) { return v_log(x); }
/* Any of the three may be a bool, of which there is no negative and which nothing is taken off. */
static ag_arg log_rest_of(ag_arg x) { return v_log1p(v_mul(x, NUM(-1.0))); }

/* betainc_density: D;  da = g D (log(x) - digamma(a) + digamma(a + b)), db likewise,
 * dx = g D ((a - 1) / x - (b - 1) / (1 - x)).  Saves all three. */
AG_MAP3_CALLS(betainc_density, beta_density(x, y, w))
AG_RULE(betainc_density)
{
    const ag_arg a = IN(0), b = IN(1), x = IN(2), d = v_betainc_density(a, b, x);
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, v_mul(d, log_density_in_a(a, b, log_x_of(x))));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, v_mul(d, log_density_in_a(b, a, log_rest_of(x))));
    if (NEEDS(2)) {
        const ag_arg rest = v_add(v_mul(x, NUM(-1.0)), NUM(1.0));
        const ag_arg left = v_div(v_add(a, NUM(-1.0)), x);
        const ag_arg right = v_div(v_add(b, NUM(-1.0)), rest);
        GX(2) = v_vjp_mul(G, v_mul(d, v_sub(left, right)));
    }
}

static ag_arg trigamma(ag_arg x)
{
    const ag_attr attr = {.f = {1.0}};
    return agi_value(AG_OP_polygamma, 1, &x, &attr);
}

/* The derivative of D of orders i and j in a and b, of which the sum is up to 2. */
static ag_arg density_in_ab(int i, int j, ag_arg a, ag_arg b, ag_arg x)
{
    const ag_arg s = log_density_in_a(a, b, log_x_of(x)), both = trigamma(v_add(a, b));
    const ag_arg r = log_density_in_a(b, a, log_rest_of(x));
    ag_arg factor = i == 1 && j == 0 ? s : i == 0 && j == 1 ? r : NUM(NAN);
    if (i == 2 && j == 0)
        factor = v_add(v_sub(v_square(s), trigamma(a)), both);
    else if (i == 0 && j == 2)
        factor = v_add(v_sub(v_square(r), trigamma(b)), both);
    else if (i == 1 && j == 1)
        factor = v_add(v_mul(s, r), both);
    return v_mul(v_betainc_density(a, b, x), factor);
}

/* betainc_slope: the derivative of I of orders f[0] and f[1] in a and b, of which the sum is up to
 * 3, and NaN for others, and where a or b is above 1e7.  Saves all three. */
AG_KERNEL_BODY(betainc_slope)
{
    const double *a = in[0], *b = in[1], *x = in[2];
    const int64_t step_a = splat & 1 ? 0 : 1, step_b = splat & 2 ? 0 : 1;
    const int64_t step_x = splat & 4 ? 0 : 1;
    const int p = f[0] >= 0.0 && f[0] <= MOST_B ? (int)f[0] : -1;
    const int q = f[1] >= 0.0 && f[1] <= MOST_B ? (int)f[1] : -1;
    (void)fused;
    for (int64_t i = 0; i < n; i++)
        z[i] = beta_slope(p, q, a[i * step_a], b[i * step_b], x[i * step_x]);
}
AG_KERNELS(betainc_slope)
AG_RULE(betainc_slope)
{
    const double *f = agi_node_attr_of(v->node)->f;
    const ag_arg a = IN(0), b = IN(1), x = IN(2);
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, slope_in_ab(f[0] + 1.0, f[1], a, b, x));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, slope_in_ab(f[0], f[1] + 1.0, a, b, x));
    if (NEEDS(2))
        GX(2) = v_vjp_mul(G, density_in_ab((int)f[0], (int)f[1], a, b, x));
}

/* betainc: I;  da = g betainc_slope(1, 0), db = g betainc_slope(0, 1), dx = g D.  Saves all. */
AG_MAP3_CALLS(betainc, beta_inc(x, y, w))
AG_RULE(betainc)
{
    const ag_arg a = IN(0), b = IN(1), x = IN(2);
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, slope_in_ab(1.0, 0.0, a, b, x));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, slope_in_ab(0.0, 1.0, a, b, x));
    if (NEEDS(2))
        GX(2) = v_vjp_mul(G, v_betainc_density(a, b, x));
}

/* ---- the inverse ---------------------------------------------------------------------------- */

/* The x up to a / (a + b) with I = p, by steps of Newton's in log(x) and log(I), or by halves where
 * one leaves what is known to hold x. */
static long double lower_quantile(double a, double b, long double p)
{
    const long double log_p = logl(p), top = logl(a / ((long double)a + b));
    long double low = (log_p + logl(a) + log_beta(a, b)) / a, high = top;
    low = (low < high ? low : high) - 2.0L * (fabsl(log_p) + 40.0L + b) / a;
    long double t = (log_p + logl(a) + log_beta(a, b)) / a;
    for (int k = 0; k < 200; k++) {
        if (!(t > low && t < high))
            t = 0.5L * (low + high);
        const long double x = expl(t), share = beta_share(a, b, x), term = beta_term(a, b, x);
        const long double error = logl(share) - log_p;
        if (error != error)
            return NAN;
        *(error < 0.0L ? &low : &high) = t;
        const long double step = error * share / (term * a / (1.0L - x));
        t -= step;
        if (fabsl(step) < 1e-17L || high - low < 1e-17L * (1.0L + fabsl(low)))
            break;
    }
    if (!(t >= low && t <= high))  /* the last step went out of it, or x was too small for one */
        t = 0.5L * (low + high);
    return expl(t);
}

static double beta_quantile(double a, double b, double p)
{
    if (!is_of_beta(a, b, p))
        return NAN;
    if (p == 0.0 || p == 1.0)
        return p;
    const long double middle = a / ((long double)a + b);
    if (p <= beta_share(a, b, middle))
        return (double)lower_quantile(a, b, p);
    return (double)(1.0L - lower_quantile(b, a, 1.0L - p));
}

/* betaincinv: the y with I = p;  dp = g / D at y, da = -g betainc_slope(1, 0) / D, db likewise.
 * Saves a, b and y. */
AG_MAP3_CALLS(betaincinv, beta_quantile(x, y, w))
AG_RULE(betaincinv)
{
    const ag_arg a = IN(0), b = IN(1), y = OUT, d = v_betainc_density(a, b, y);
    if (NEEDS(0))
        GX(0) = v_neg(v_vjp_mul(G, v_div(slope_in_ab(1.0, 0.0, a, b, y), d)));
    if (NEEDS(1))
        GX(1) = v_neg(v_vjp_mul(G, v_div(slope_in_ab(0.0, 1.0, a, b, y), d)));
    if (NEEDS(2))
        GX(2) = v_vjp_div(G, d);
}
