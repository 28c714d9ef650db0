/* SPDX-License-Identifier: MIT
 *
 * Parts of the incomplete gamma and beta functions, in long doubles.
 */
#ifndef AGI_INCOMPLETE_H
#define AGI_INCOMPLETE_H

#include <math.h>

#include "../base/config.h"

#pragma GCC visibility push(hidden)
/* The derivative of Q in a over x^a exp(-x) / gamma(a), for x = exp(l) above a, where psi is
 * digamma(a + 1): by a continued fraction, also where both underflow. */
double agi_gamma_tail_slope(double a, double l, double psi);
#pragma GCC visibility pop

#define ROOT_TWO_PI_L 2.506628274631000502415765284811045253L

/* log(1 + u) - u, of which small u keep their digits: with r = u / (2 + u) it is
 * 2 (r^3 / 3 + r^5 / 5 + ...) - u r. */
AGI_INLINE long double log1p_less(long double u)
{
    if (u < -0.4L || u > 0.6L)
        return log1pl(u) - u;
    const long double r = u / (2.0L + u), r2 = r * r;
    long double power = r * r2, sum = 0.0L;
    for (int k = 3; k < 60 && fabsl(power) > 1e-21L * fabsl(sum); k += 2) {
        sum += power / k;
        power *= r2;
    }
    return 2.0L * sum - u * r;
}

/* What Stirling's series adds to the logarithm of gamma(a), for a > 20. */
AGI_INLINE long double gamma_rest(double a)
{
    const long double v = 1.0L / a, v2 = v * v;
    return v * (1.0L / 12 - v2 * (1.0L / 360 - v2 * (1.0L / 1260 - v2 * (1.0L / 1680 -
           v2 * (1.0L / 1188 - v2 * (691.0L / 360360 - v2 / 156))))));
}

/* The derivative of order n of log(gamma(x)), for n > 0 and x > 0: at x + 30 or so by the formula
 * of Euler and Maclaurin, less the terms up to there. */
AGI_INLINE long double log_gamma_slope(int n, long double x)
{
    static const double bernoulli[6] = {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66,
                                        -691.0 / 2730};
    long double sum = 0.0L, factorial = 1.0L;
    for (int k = 2; k < n; k++)
        factorial *= k;
    for (; x < 30.0L; x += 1.0L)
        sum += powl(x, -n);
    /* Of (-1)^n / (n - 1)! times the derivative. */
    long double term = n / (2.0L * x * x) * powl(x, 1 - n);
    sum += (n == 1 ? -logl(x) : powl(x, 1 - n) / (n - 1)) + 0.5L * powl(x, -n);
    for (int k = 0; k < 6; k++) {
        sum += term * bernoulli[k];
        term *= (n + 2.0L * k + 1) * (n + 2.0L * k + 2) / ((2 * k + 3) * (2 * k + 4)) / (x * x);
    }
    return n % 2 != 0 ? -factorial * sum : factorial * sum;
}

#endif
