/* SPDX-License-Identifier: MIT
 *
 * Elementwise ops of two inputs: kernel and rule of each. In the comments z is the result, g the
 * gradient that comes in, dx and dy those that go out, in the broadcast shape: the engine sums
 * them to the inputs' shapes. An input that was a plain number comes back as one, and the rule then
 * costs no array for it.
 */
#include "../compute/kernel.h"
#include "../tape/formula.h"
#include "table.h"

#include <math.h>

/* ---- arithmetic ----------------------------------------------------------------------------- */

/* add: dx = dy = g.  Saves nothing. */
AG_MAP2(add, x + y)
AG_RULE(add)
{
    if (NEEDS(0))
        GX(0) = G;
    if (NEEDS(1))
        GX(1) = G;
}

/* sub: dx = g, dy = -g.  Saves nothing. */
AG_MAP2(sub, x - y)
AG_RULE(sub)
{
    if (NEEDS(0))
        GX(0) = G;
    if (NEEDS(1))
        GX(1) = v_neg(G);
}

/* mul: dx = g y, dy = g x.  Saves both. */
AG_MAP2(mul, x * y)
AG_RULE(mul)
{
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, IN(1));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, IN(0));
}

/* div: dx = g / y, dy = -g (x / y) / y.  Saves both. Dividing twice instead of by y^2 keeps dy
 * right where y^2 would leave the range of numbers. */
AG_MAP2(div, x / y)
AG_RULE(div)
{
    if (NEEDS(0))
        GX(0) = v_vjp_div(G, IN(1));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(v_neg(G), v_div(v_div(IN(0), IN(1)), IN(1)));
}

/* ---- quotients rounded down ----------------------------------------------------------------- */

/* As Python computes x // y. What is left of x after whole multiples of y tells how many fit; the
 * quotient of the rest is a whole number but for rounding, hence the step to the nearest. */
static double floor_of_quotient(double x, double y)
{
    if (y == 0.0)
        return x / y;
    const double rest = fmod(x, y);
    double quotient = (x - rest) / y;
    if (rest != 0.0 && (y < 0.0) != (rest < 0.0))
        quotient -= 1.0;
    if (quotient == 0.0)
        return copysign(0.0, x / y);
    const double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

/* Where this holds of x / y and y, the above is exact and can be had without fmod. Quotients beyond
 * 2^50 have no digits to spare: what rounding makes of them above is the result. */
AGI_STAMPED int64_t is_tame_quotient(double quotient, double y)
{
    return (fabs(quotient) < 0x1p50) & (fabs(y) < (double)INFINITY);
}

/* x / y is rounded to the nearest and keeps its side of every whole number or comes to lie on that:
 * so k is the result or, where x / y is just below a whole number, 1 more. The sign of x - k y
 * tells: rounded once, it is that of the exact difference. */
AGI_STAMPED double floor_of_tame_quotient(double x, double y)
{
    const double k = floor(x / y), rest = __builtin_fma(-k, y, x);
    return ((rest != 0.0) & ((rest < 0.0) != (y < 0.0))) ? k - 1.0 : k;
}

/* div_floor: the whole number below or at x / y, with the sign of x / y where that is 0; x / 0 as
 * division has it.  The derivative is zero everywhere. Tame quotients by vectors where there is
 * fused multiply-add: 0.8 ns an element instead of 12. */
AG_KERNEL_BODY(div_floor)
{
    double quotients[AGI_TILE], xs[AGI_TILE], ys[AGI_TILE];
    const double *x = agi_spread_tile(xs, in[0], n, splat & 1);
    const double *y = agi_spread_tile(ys, in[1], n, splat & 2);
    int64_t tame = 1;
    AGI_KERNEL_UNUSED;
    for (int64_t i = 0; fused && i < n; i++) {
        tame &= is_tame_quotient(x[i] / y[i], y[i]);
        quotients[i] = floor_of_tame_quotient(x[i], y[i]);
    }
    if (fused && tame)
        AGI_EACH(quotients[i]);
    else
        for (int64_t i = 0; i < n; i++)
            z[i] = fused && is_tame_quotient(x[i] / y[i], y[i]) ? quotients[i]
                                                                : floor_of_quotient(x[i], y[i]);
}
AG_KERNELS(div_floor)

/* ---- what quotients rounded down leave ------------------------------------------------------- */

/* As Python computes x % y, with one rounding at most; a zero has the sign of x, as in PyTorch. */
static double remainder_of(double x, double y)
{
    const double rest = fmod(x, y);
    return rest != 0.0 && (y < 0.0) != (rest < 0.0) ? rest + y : rest;
}

/* The same where the quotient is tame: x - k y, rounded once. */
AGI_STAMPED double remainder_of_tame(double x, double y)
{
    const double rest = __builtin_fma(-floor_of_tame_quotient(x, y), y, x);
    return rest == 0.0 ? copysign(0.0, x) : rest;
}

/* remainder: x - y floor(x / y);  dx = g, dy = -g floor(x / y).  Saves both if dy is wanted. NaN
 * for y = 0 and infinite x. */
AG_KERNEL_BODY(remainder)
{
    double rests[AGI_TILE], xs[AGI_TILE], ys[AGI_TILE];
    const double *x = agi_spread_tile(xs, in[0], n, splat & 1);
    const double *y = agi_spread_tile(ys, in[1], n, splat & 2);
    int64_t tame = 1;
    AGI_KERNEL_UNUSED;
    for (int64_t i = 0; fused && i < n; i++) {
        tame &= is_tame_quotient(x[i] / y[i], y[i]);
        rests[i] = remainder_of_tame(x[i], y[i]);
    }
    if (fused && tame)
        AGI_EACH(rests[i]);
    else
        for (int64_t i = 0; i < n; i++)
            z[i] = remainder_of(x[i], y[i]);
}
AG_KERNELS(remainder)

AG_RULE(remainder)
{
    if (NEEDS(0))
        GX(0) = G;
    if (NEEDS(1))
        GX(1) = v_vjp_mul(v_neg(G), v_div_floor(IN(0), IN(1)));
}

/* ---- gradient times and by ------------------------------------------------------------------ */

/* vjp_mul: x y, but x where that is 0, whatever y: how rules multiply a gradient x by a derivative
 * y. A gradient of 0 means that nobody took the value, and then it does not matter that y is
 * infinite or NaN there.  As mul in both directions, by itself. */
AG_MAP2(vjp_mul, x == 0.0 ? x : x * y)
AG_RULE(vjp_mul)
{
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, IN(1));
    if (NEEDS(1))
        GX(1) = v_vjp_both(G, IN(0));
}

/* vjp_both: x y, but 0 where either is 0, whatever the other: how rules multiply two numbers of
 * which each may be a gradient of 0. The derivative of a rule by what it saved is one: beside the
 * gradient that the rule got, which is 0 where nobody took the value, stands the one that came to
 * its result, and that was multiplied by infinite slopes on its way. */
AG_MAP2(vjp_both, y == 0.0 ? 0.0 : x == 0.0 ? x : x * y)
AG_RULE(vjp_both)
{
    if (NEEDS(0))
        GX(0) = v_vjp_both(G, IN(1));
    if (NEEDS(1))
        GX(1) = v_vjp_both(G, IN(0));
}

/* vjp_div: as vjp_mul for x / y. */
AG_MAP2(vjp_div, x == 0.0 ? x : x / y)
AG_RULE(vjp_div)
{
    if (NEEDS(0))
        GX(0) = v_vjp_div(G, IN(1));
    if (NEEDS(1))
        GX(1) = v_vjp_both(v_neg(G), v_vjp_div(v_vjp_div(IN(0), IN(1)), IN(1)));
}

/* ---- the larger and the smaller ------------------------------------------------------------- */

/* vjp_max: the rule of the larger of y and w in one kernel, for where it is not recorded. (x is the
 * gradient.) */
AG_MAP3(vjp_max, y < w ? 0.0 : y == w ? 0.5 * x : x)

/* The gradient of an input that competes with another, where the larger is taken: 0 where it lost,
 * half of g at a tie, else g. Where a NaN took part nobody lost, and both get g. */
static ag_arg larger_share(const agi_vjp *v, ag_arg x, ag_arg other)
{
    if (!v->create_graph)
        return v_vjp_max(v->g, x, other);
    const ag_arg shared = v_where(v_eq(x, other), v_mul(v->g, NUM(0.5)), v->g);
    return v_where(v_lt(x, other), NUM(0.0), shared);
}

/* maximum: NaN if either is, x where they are equal (so max(-0, 0) = -0);  dx = g where x > y,
 * g / 2 where x = y, else 0; dy the other way round.  Saves both. */
AG_MAP2(maximum, ((x >= y) | (x != x)) ? x : y)
AG_RULE(maximum)
{
    if (NEEDS(0))
        GX(0) = larger_share(v, IN(0), IN(1));
    if (NEEDS(1))
        GX(1) = larger_share(v, IN(1), IN(0));
}

/* minimum: as maximum. */
AG_MAP2(minimum, ((x <= y) | (x != x)) ? x : y)
AG_RULE(minimum)
{
    if (NEEDS(0))
        GX(0) = larger_share(v, IN(1), IN(0));
    if (NEEDS(1))
        GX(1) = larger_share(v, IN(0), IN(1));
}

/* ---- pow ------------------------------------------------------------------------------------ */

/* Exponents that have a shorter form than pow. Each form is C's pow to the last sign of zero and
 * infinity (sqrt alone differs at -0 and -inf), in error at most 1.5 ulp. 1 / x squared, not
 * 1 / (x x): x x may leave the range of numbers where the result does not. */
AGI_STAMPED double root_of(double x) { return x == -INFINITY ? INFINITY : sqrt(x + 0.0); }
AGI_STAMPED double inverse_square_of(double x) { return (1.0 / x) * (1.0 / x); }

/* Whether y could be one of them: a multiple of 1/2 between -3 and 3. Adding and subtracting
 * 1.5 * 2^52 rounds to an integer. */
AGI_STAMPED int64_t is_small_half(double y)
{
    const double twice = y + y;
    const double rounded = (twice + 0x1.8p52) - 0x1.8p52;
    return (rounded == twice) & (fabs(twice) <= 6.0);
}

/* The short form where y has one, else p. */
AGI_STAMPED double choose_power(double x, double y, double p)
{
    const double root = root_of(x);
    p = y == 0.0 ? 1.0 : p;
    p = y == 1.0 ? x : p;
    p = y == 2.0 ? x * x : p;
    p = y == 3.0 ? x * x * x : p;
    p = y == 0.5 ? root : p;
    p = y == -0.5 ? 1.0 / root : p;
    p = y == -1.0 ? 1.0 / x : p;
    return y == -2.0 ? inverse_square_of(x) : p;
}

/* One exponent for all: true if it has a short form, and z is then filled. */
AGI_STAMPED bool power_by_short_form(double *z, int64_t n, const double *x, double y)
{
    if (y == 2.0)
        AGI_EACH(x[i] * x[i]);
    else if (y == 1.0)
        AGI_EACH(x[i]);
    else if (y == 3.0)
        AGI_EACH(x[i] * x[i] * x[i]);
    else if (y == 0.5)
        AGI_EACH(root_of(x[i]));
    else if (y == -0.5)
        AGI_EACH(1.0 / root_of(x[i]));
    else if (y == -1.0)
        AGI_EACH(1.0 / x[i]);
    else if (y == -2.0)
        AGI_EACH(inverse_square_of(x[i]));
    else if (y == 0.0)
        agi_fill_tile(z, n, 1.0);
    else
        return false;
    return true;
}

/* An exponent for each: the same forms, so that an element does not depend on how its exponent
 * came. Few arrays of exponents hold any, hence the look before the second pass. */
AGI_STAMPED void power_by_element(double *z, int64_t n, const double *x, const double *y,
                                 unsigned splat)
{
    const int64_t step = (splat & 1) ? 0 : 1;
    int64_t found = 0;
    double p[AGI_TILE];
    for (int64_t i = 0; i < n; i++)
        found |= is_small_half(y[i]);
    if (!found) {
        agi_mvec.pow(z, x, y, splat, n);
        return;
    }
    agi_mvec.pow(p, x, y, splat, n);
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        z[i] = choose_power(x[i * step], y[i], p[i]);
}

AG_KERNEL_BODY(pow)
{
    const int64_t m = splat == 3 ? 1 : n;
    AGI_KERNEL_UNUSED;
    if (!(splat & 2))
        power_by_element(z, n, in[0], in[1], splat);
    else if (!power_by_short_form(z, m, in[0], in[1][0]))
        agi_mvec.pow(z, in[0], in[1], 2, m);
    if (AGI_UNLIKELY(splat == 3))
        agi_fill_tile(z, n, z[0]);
}
AG_KERNELS(pow)

/* dx = g y x^(y - 1), and 0 where y is 0, whatever else is there: neither 1 / 0 nor a gradient that
 * is no number counts, while the derivative by y is still 1 / x. And 0 where g is, also if y is
 * infinite. */
static ag_arg power_rule_base(ag_arg g, ag_arg x, ag_arg y)
{
    if (y.tensor == NULL && y.value == 0.0)
        return NUM(0.0);
    if (y.tensor == NULL && y.value == 2.0)
        return v_vjp_mul(g, v_mul(x, y));
    if (y.tensor == NULL)
        return v_vjp_mul(g, v_mul(v_pow(x, NUM(y.value - 1.0)), y));
    return v_vjp_both(y, v_vjp_mul(g, v_pow(x, v_add(y, NUM(-1.0)))));
}

/* dy = g z log(x), and 0 where x is 0 and y >= 0. There x is made 1 first, whose logarithm is 0, so
 * that 0 inf does not come up, here or in a second derivative. NaN where x < 0: z is then only
 * defined at whole y. Up to y = 1 the zero at x = 0 is one of infinite slope: there the derivative
 * by x tends to -inf, as that of -sqrt(x) does, which is 0 too. (-0 + 0 is 0.) */
static ag_arg power_rule_exponent(const agi_vjp *v, ag_arg x, ag_arg y, ag_arg z)
{
    if (x.tensor == NULL && x.value != 0.0)
        return v_vjp_mul(v->g, v_mul(z, NUM(log(x.value))));
    const ag_arg flat = v_mul(v_eq(x, NUM(0.0)), v_ge(y, NUM(0.0)));
    const ag_arg dy = v_vjp_mul(v->g, v_mul(z, v_log(v_where(flat, NUM(1.0), x))));
    if (!v->create_graph || x.tensor == NULL)
        return dy;
    const ag_arg steep = v_mul(flat, v_mul(v_gt(y, NUM(0.0)), v_le(y, NUM(1.0))));
    const ag_arg root = v_sqrt(v_add(x, NUM(0.0)));
    return v_where(steep, v_vjp_mul(v->g, v_sub(NUM(0.0), root)), dy);
}

/* pow: z = x^y as C's pow: x^0 = 1^y = 1 even of NaN, NaN for x < 0 and broken y.  Saves x and y,
 * and z if dy is wanted. */
AG_RULE(pow)
{
    if (NEEDS(0))
        GX(0) = power_rule_base(G, IN(0), IN(1));
    if (NEEDS(1))
        GX(1) = power_rule_exponent(v, IN(0), IN(1), OUT);
}

/* ---- floor_divide and div_rounded: towards zero (i[0] is 0) or down (1); dx = 0 -------------- */

AG_FORMULA(floor_divide)
{
    const ag_attr down = {.i = {1}};
    (void)attr;
    return agi_value(AG_OP_div_rounded, 2, args, &down);
}

AG_FORMULA(div_rounded)
{
    if (attr->i[0] == 0)
        return v_trunc(v_div(args[0], args[1]));
    if (attr->i[0] == 1)
        return v_div_floor(args[0], args[1]);
    agi_fail(AG_ERR_VALUE, "div_rounded: expected 0 (trunc) or 1 (floor), got %lld",
             (long long)attr->i[0]);
    return agi_arg(&agi_failed);
}
