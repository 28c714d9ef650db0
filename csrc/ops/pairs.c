/* SPDX-License-Identifier: MIT
 *
 * Elementwise ops of two and three inputs beyond arithmetic: kernel and rule of each. In the
 * comments z is the result, g the gradient that comes in, dx, dy and dw those that go out.
 */
#include "../compute/kernel.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tape/node.h"
#include "../tensor/scope.h"
#include "table.h"

#include <math.h>

/* ---- lengths and angles --------------------------------------------------------------------- */

/* The larger of |x| and |y| decides by which power of two both are scaled, so that no square leaves
 * the range of numbers. An infinity counts, whatever the other is. */
AGI_STAMPED double length_of(double x, double y)
{
    const double a = fabs(x), b = fabs(y), most = a > b ? a : b;
    const double scale = most > 0x1p510 ? 0x1p-600 : most < 0x1p-510 ? 0x1p600 : 1.0;
    const double back = most > 0x1p510 ? 0x1p600 : most < 0x1p-510 ? 0x1p-600 : 1.0;
    const double u = a * scale, v = b * scale, length = sqrt(u * u + v * v) * back;
    return ((a == (double)INFINITY) | (b == (double)INFINITY)) ? (double)INFINITY : length;
}

/* hypot: dx = g x / z, dy = g y / z, both 0 where z is 0.  Saves z and what is wanted. */
AG_MAP2_LONG(hypot, length_of(x, y))
AG_RULE(hypot)
{
    const ag_arg z = OUT, nothing = v_eq(z, NUM(0.0));
    for (int k = 0; k < 2; k++)
        if (NEEDS(k))
            GX(k) = v_vjp_mul(G, v_where(nothing, NUM(0.0), v_div(IN(k), z)));
}

/* atan2: with r = hypot(x, y),  dx = g (y / r) / r, dy = -g (x / r) / r, both 0 where r is 0.
 * Saves both. Dividing twice instead of by r^2 keeps them right where r^2 would leave the range. */
AG_KERNEL_BODY(atan2)
{
    AGI_KERNEL_UNUSED;
    agi_mvec.atan2(z, in[0], in[1], splat == 3 ? 0 : splat, splat == 3 ? 1 : n);
    if (AGI_UNLIKELY(splat == 3))
        agi_fill_tile(z, n, z[0]);
}
AG_KERNELS(atan2)
AG_RULE(atan2)
{
    const ag_arg x = IN(0), y = IN(1), r = v_hypot(x, y), nothing = v_eq(r, NUM(0.0));
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, v_where(nothing, NUM(0.0), v_div(v_div(y, r), r)));
    if (NEEDS(1))
        GX(1) = v_neg(v_vjp_mul(G, v_where(nothing, NUM(0.0), v_div(v_div(x, r), r))));
}

/* ---- sums of exponentials ------------------------------------------------------------------- */

/* x - y, which decides what each has in the sum. Infinities that are equal have as much: none,
 * where both are -inf. */
AGI_STAMPED double lead_of(double x, double y)
{
    const double equal = x < 0.0 ? x : 0.0;
    return ((x == y) & (fabs(x) == (double)INFINITY)) ? equal : x - y;
}

AGI_STAMPED double logistic_of(bool fused, double d, double rest)
{
    const double e = agi_exp_negative(fused, -fabs(d), d > 0.0 ? -rest : rest);
    return (d < 0.0 ? e : 1.0) / (1.0 + e);
}

/* ln 2 in two parts, of which the first has few enough digits that a product with it loses little,
 * and 1 / ln 2. */
#define LN2 0x1.62e42fefa39efp-1
#define LN2_REST 0x1.abc9e3b39803fp-56
#define INVERSE_LN2 0x1.71547652b82fep+0

/* logaddexp: the larger plus log(1 + exp(-|x - y|));  dx = g exp(x) / (exp(x) + exp(y)), dy
 * likewise.  Saves both. */
AGI_STAMPED double logaddexp_of(bool fused, double x, double y)
{
    const double d = x == y ? 0.0 : fabs(x - y);
    return (x > y ? x : y) + agi_log1p_unit(fused, agi_exp_negative(fused, -d, 0.0));
}
AG_MAP2_LONG(logaddexp, logaddexp_of(fused, x, y))

/* logaddexp_share(x, y), the derivative by x, is 1 / (1 + exp(y - x)), and its own derivative by x
 * its product with that of y, which loses no digits in either tail. */
AGI_STAMPED double logaddexp_share_of(bool fused, double x, double y)
{
    return logistic_of(fused, lead_of(x, y), 0.0);
}
AG_MAP2_LONG(logaddexp_share, logaddexp_share_of(fused, x, y))

AG_RULE(logaddexp)
{
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, v_logaddexp_share(IN(0), IN(1)));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, v_logaddexp_share(IN(1), IN(0)));
}

AG_RULE(logaddexp_share)
{
    const ag_arg x = IN(0), y = IN(1);
    const ag_arg slope = v_mul(v_logaddexp_share(x, y), v_logaddexp_share(y, x));
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, slope);
    if (NEEDS(1))
        GX(1) = v_neg(v_vjp_mul(G, slope));
}

/* logaddexp2: the same to base 2. */
AGI_STAMPED double logaddexp2_of(bool fused, double x, double y)
{
    const double d = x == y ? 0.0 : fabs(x - y);
    const double e = agi_exp_negative(fused, -d * LN2, d < 2000.0 ? -d * LN2_REST : 0.0);
    return (x > y ? x : y) + agi_log1p_unit(fused, e) * INVERSE_LN2;
}
AG_MAP2_LONG(logaddexp2, logaddexp2_of(fused, x, y))

AGI_STAMPED double logaddexp2_share_of(bool fused, double x, double y)
{
    const double d = lead_of(x, y);
    return logistic_of(fused, d * LN2, fabs(d) < 2000.0 ? d * LN2_REST : 0.0);
}
AG_MAP2_LONG(logaddexp2_share, logaddexp2_share_of(fused, x, y))

AG_RULE(logaddexp2)
{
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, v_logaddexp2_share(IN(0), IN(1)));
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, v_logaddexp2_share(IN(1), IN(0)));
}

AG_RULE(logaddexp2_share)
{
    const ag_arg x = IN(0), y = IN(1);
    const ag_arg slope =
        v_mul(v_mul(v_logaddexp2_share(x, y), v_logaddexp2_share(y, x)), NUM(LN2));
    if (NEEDS(0))
        GX(0) = v_vjp_mul(G, slope);
    if (NEEDS(1))
        GX(1) = v_neg(v_vjp_mul(G, slope));
}

/* ---- ldexp ---------------------------------------------------------------------------------- */

AGI_STAMPED int64_t is_near_whole(double y)
{
    return ((y + 0x1.8p52) - 0x1.8p52 == y) & (fabs(y) <= 2200.0);
}

/* ldexp: z = x 2^y;  dx = g 2^y, dy = g z ln 2.  Saves y and z as they are wanted. Exact for whole
 * y, also where 2^y is no number. */
AG_KERNEL_BODY(ldexp)
{
    double powers[AGI_TILE];
    const int64_t step_x = splat & 1 ? 0 : 1, step_y = splat & 2 ? 0 : 1, m = step_y == 0 ? 1 : n;
    const double *x = in[0], *y = in[1];
    int64_t far = 0;
    AGI_KERNEL_UNUSED;
    AGI_INDEPENDENT
    for (int64_t i = 0; i < m; i++)
        powers[i] = agi_exp2(fused, y[i]);
    for (int64_t i = 0; i < m; i++)
        far |= is_near_whole(y[i]) & (fabs(y[i]) > 1022.0);
    if (AGI_UNLIKELY(far)) {
        for (int64_t i = 0; i < n; i++) {
            const double by = y[i * step_y], a = x[i * step_x];
            z[i] = is_near_whole(by) ? ldexp(a, (int)by) : a * powers[i * step_y];
        }
    } else if (step_y == 0) {
        const double power = powers[0];
        AGI_EACH(x[i * step_x] * power);
    } else if (step_x == 0) {
        const double a = x[0];
        AGI_EACH(a * powers[i]);
    } else {
        AGI_EACH(x[i] * powers[i]);
    }
}
AG_KERNELS(ldexp)

static bool are_near(const ag_tensor *powers)
{
    const double *power = powers->storage->data;
    bool far = false;
    for (int64_t i = 0; i < powers->numel; i++)
        far |= power[i] < 0x1p-1022 || power[i] > 0x1p+1022;
    return !far;
}

/* Where y is repeated, z is a product with the powers of the few y that there are: not where a
 * power is so far from 1 that the product may be rounded twice. */
ag_tensor *agi_ldexp_shortcut(const ag_arg *args, int64_t numel, bool *done)
{
    const ag_tensor *y = args[1].tensor;
    if (y == NULL || y->numel >= AGI_DEFER_MIN || numel < 4 * y->numel || numel < AGI_TILE ||
        agi_is_pending(y->storage))
        return NULL;
    ag_tensor *powers = agi_compute(AG_OP_exp2, 1, &args[1], NULL), *out = NULL;
    *done = powers == NULL || are_near(powers);
    if (powers != NULL && *done)
        out = agi_compute(AG_OP_mul, 2, (const ag_arg[]){args[0], agi_arg(powers)}, NULL);
    agi_release(powers);
    return out;
}

AG_RULE(ldexp)
{
    if (NEEDS(0)) {
        const ag_arg y = IN(1);
        GX(0) = v_vjp_mul(G, v_ldexp(NUM(1.0), y));
    }
    if (NEEDS(1))
        GX(1) = v_vjp_mul(G, v_mul(OUT, NUM(LN2)));
}

/* ---- xlogy and xlog1py ---------------------------------------------------------------------- */

/* xlogy: dx = g log(y), dy = g x / y, and 0 where x is 0, whatever y is. Where x is 0 and the
 * logarithm no number, dx is 0, too: there the value is 0 all around. xlog1py: the same with 1 + y.
 * Save both. least: the y up to which the logarithm is no number. */
#define X_TIMES_LOG(name, log_of, least, divisor) \
    AG_KERNEL_BODY(name) \
    { \
        double logs[AGI_TILE]; \
        const double *x = in[0], *y = in[1]; \
        const int64_t step_x = splat & 1 ? 0 : 1, step_y = splat & 2 ? 0 : 1; \
        AGI_KERNEL_UNUSED; \
        agi_mvec.log_of(logs, y, step_y == 0 ? 1 : n); \
        AGI_INDEPENDENT \
        for (int64_t i = 0; i < n; i++) { \
            const double zero = y[i * step_y] == y[i * step_y] ? 0.0 : y[i * step_y]; \
            z[i] = x[i * step_x] == 0.0 ? zero : x[i * step_x] * logs[i * step_y]; \
        } \
    } \
    AG_KERNELS(name) \
    static ag_arg slope_of_##name(ag_arg x, ag_arg y) \
    { \
        if (y.tensor == NULL && !(y.value <= (least))) \
            return NUM(log_of(y.value)); \
        if (y.tensor == NULL) \
            return v_where(v_eq(x, NUM(0.0)), NUM(0.0), NUM(log_of(y.value))); \
        return v_where(v_mul(v_eq(x, NUM(0.0)), v_le(y, NUM(least))), NUM(0.0), v_##log_of(y)); \
    } \
    AG_RULE(name) \
    { \
        if (NEEDS(0)) \
            GX(0) = v_vjp_mul(G, slope_of_##name(IN(0), IN(1))); \
        if (NEEDS(1)) \
            GX(1) = v_vjp_both(IN(0), v_vjp_div(G, divisor)); \
    }

X_TIMES_LOG(xlogy, log, 0.0, IN(1))
X_TIMES_LOG(xlog1py, log1p, -1.0, v_add(IN(1), NUM(1.0)))

#undef X_TIMES_LOG

/* ---- what quotients rounded towards zero leave ---------------------------------------------- */

/* Whether |x| / |y| is small enough that the below is exact. */
AGI_STAMPED int64_t has_plain_rest(double x, double y)
{
    return (fabs(x / y) < 0x1p50) & (fabs(y) < (double)INFINITY);
}

/* k is how often |y| goes into |x|, or 1 more where the quotient is just below a whole number: the
 * rest, rounded once, is then negative. */
AGI_STAMPED double plain_rest(double x, double y)
{
    const double a = fabs(x), b = fabs(y), rest = __builtin_fma(-floor(a / b), b, a);
    return copysign(rest < 0.0 ? rest + b : rest, x);
}

/* fmod: as C's;  dx = g, dy = -g trunc(x / y).  Saves both if dy is wanted. By vectors where there
 * is fused multiply-add and all quotients of the tile are plain. */
AG_KERNEL_BODY(fmod)
{
    double rests[AGI_TILE], xs[AGI_TILE], ys[AGI_TILE];
    const double *x = agi_spread_tile(xs, in[0], n, splat & 1);
    const double *y = agi_spread_tile(ys, in[1], n, splat & 2);
    int64_t plain = 1;
    AGI_KERNEL_UNUSED;
    for (int64_t i = 0; fused && i < n; i++) {
        plain &= has_plain_rest(x[i], y[i]);
        rests[i] = plain_rest(x[i], y[i]);
    }
    if (fused && plain)
        AGI_EACH(rests[i]);
    else
        for (int64_t i = 0; i < n; i++)
            z[i] = fmod(x[i], y[i]);
}
AG_KERNELS(fmod)

AG_RULE(fmod)
{
    if (NEEDS(0))
        GX(0) = G;
    if (NEEDS(1))
        GX(1) = v_neg(v_vjp_mul(G, v_trunc(v_div(IN(0), IN(1)))));
}

/* ---- signs and steps ------------------------------------------------------------------------ */

/* copysign: dx = g where x got the sign that it had, -g where it got the other, 0 where it is 0;
 * dy = 0.  Saves both. */
AG_MAP2_LONG(copysign, copysign(x, y))
AG_RULE(copysign)
{
    if (!NEEDS(0))
        return;
    const ag_arg y = IN(1);
    const ag_arg sign =
        y.tensor == NULL ? NUM(copysign(1.0, y.value)) : v_copysign(NUM(1.0), y);
    GX(0) = v_vjp_mul(G, v_mul(v_sign(IN(0)), sign));
}

/* heaviside: NaN stays. Never differentiated. */
AG_MAP2_LONG(heaviside, x == 0.0 ? y : x > 0.0 ? 1.0 : x < 0.0 ? 0.0 : x)

/* ---- the larger and the smaller, NaN left out ----------------------------------------------- */

/* fmax: x where x >= y or y is NaN, and it has the gradient there, else y.  Saves both. */
AG_MAP2_LONG(fmax, ((x >= y) | (y != y)) ? x : y)
AG_RULE(fmax)
{
    const ag_arg x = IN(0), y = IN(1);
    const ag_arg first = v_maximum(v_ge(x, y), v_ne(y, y));
    if (NEEDS(0))
        GX(0) = v_where(first, G, NUM(0.0));
    if (NEEDS(1))
        GX(1) = v_where(first, NUM(0.0), G);
}

/* fmin: as fmax. */
AG_MAP2_LONG(fmin, ((x <= y) | (y != y)) ? x : y)
AG_RULE(fmin)
{
    const ag_arg x = IN(0), y = IN(1);
    const ag_arg first = v_maximum(v_le(x, y), v_ne(y, y));
    if (NEEDS(0))
        GX(0) = v_where(first, G, NUM(0.0));
    if (NEEDS(1))
        GX(1) = v_where(first, NUM(0.0), G);
}

/* clamp_min: the larger of x and y, NaN if either is;  dx = g where x >= y, dy = g where x < y.
 * Saves both. */
AG_MAP2(clamp_min, ((x >= y) | (x != x)) ? x : y)
AG_RULE(clamp_min)
{
    if (NEEDS(0))
        GX(0) = v_where(v_ge(IN(0), IN(1)), G, NUM(0.0));
    if (NEEDS(1))
        GX(1) = v_where(v_lt(IN(0), IN(1)), G, NUM(0.0));
}

/* clamp_max: as clamp_min. */
AG_MAP2(clamp_max, ((x <= y) | (x != x)) ? x : y)
AG_RULE(clamp_max)
{
    if (NEEDS(0))
        GX(0) = v_where(v_le(IN(0), IN(1)), G, NUM(0.0));
    if (NEEDS(1))
        GX(1) = v_where(v_gt(IN(0), IN(1)), G, NUM(0.0));
}

/* ---- three operands ------------------------------------------------------------------------- */

/* lerp, the weight in w: from the nearer end, so that both ends are met;  dx = g (1 - w),
 * dy = g w, dw = g (y - x).  Saves what is wanted. */
AG_MAP3(lerp, fabs(w) < 0.5 ? x + w * (y - x) : y - (y - x) * (1.0 - w))
AG_RULE(lerp)
{
    if (NEEDS(0) || NEEDS(1)) {
        const ag_arg w = IN(2);
        if (NEEDS(0))
            GX(0) = v_vjp_mul(G, w.tensor == NULL ? NUM(1.0 - w.value) : v_sub(NUM(1.0), w));
        if (NEEDS(1))
            GX(1) = v_vjp_mul(G, w);
    }
    if (NEEDS(2))
        GX(2) = v_vjp_mul(G, v_sub(IN(1), IN(0)));
}

/* x times a number that is given as such, whole where x is. */
static ag_arg times(ag_arg x, double number)
{
    const bool whole = agi_arg_dtype(&x) != AG_FLOAT64 && number == trunc(number);
    return number == 1.0 ? x : v_mul(x, agi_number_of(number, whole ? AG_INT64 : AG_FLOAT64));
}

/* What value is among integers alone: its whole part. */
static double value_among(const ag_arg *args, double value)
{
    for (int k = 0; k < 3; k++)
        if (agi_arg_dtype(&args[k]) == AG_FLOAT64)
            return value;
    return trunc(value);
}

/* addcmul, value in f[0]: x + value y w;  dx = g, dy = g value w, dw = g value y.  Saves the
 * factors that are wanted. */
AG_FORMULA(addcmul)
{
    return v_add(args[0], v_mul(times(args[1], value_among(args, attr->f[0])), args[2]));
}

AG_RULE(addcmul)
{
    const double value = agi_node_attr_of(v->node)->f[0];
    if (NEEDS(0))
        GX(0) = agi_sum_to_input(v, 0, G);
    if (NEEDS(1))
        GX(1) = agi_sum_to_input(v, 1, v_vjp_mul(G, times(IN(2), value)));
    if (NEEDS(2))
        GX(2) = agi_sum_to_input(v, 2, v_vjp_mul(G, times(IN(1), value)));
}

/* addcdiv, value in f[0]: x + value y / w;  dx = g, dy = g value / w, dw = -g value (y / w) / w. */
AG_FORMULA(addcdiv)
{
    return v_add(args[0], v_div(times(args[1], attr->f[0]), args[2]));
}

AG_RULE(addcdiv)
{
    const double value = agi_node_attr_of(v->node)->f[0];
    if (NEEDS(0))
        GX(0) = agi_sum_to_input(v, 0, G);
    if (NEEDS(1))
        GX(1) = agi_sum_to_input(v, 1, v_vjp_div(times(G, value), IN(2)));
    if (NEEDS(2)) {
        const ag_arg y = times(IN(1), value), w = IN(2);
        GX(2) = agi_sum_to_input(v, 2, v_neg(v_vjp_mul(G, v_div(v_div(y, w), w))));
    }
}

/* ---- other ways to write arithmetic --------------------------------------------------------- */

AG_FORMULA(float_power)
{
    (void)attr;
    return v_pow(args[0], args[1]);
}

static bool check_alpha_among(const ag_arg *args, double alpha)
{
    if (agi_arg_dtype(&args[0]) == AG_FLOAT64 || agi_arg_dtype(&args[1]) == AG_FLOAT64 ||
        alpha == trunc(alpha))
        return true;
    agi_fail(AG_ERR_VALUE, "For integral input tensors, argument alpha must not be a floating "
                           "point number.");
    return false;
}

/* y - alpha x, alpha in f[0]. */
AG_FORMULA(rsub)
{
    if (!check_alpha_among(args, attr->f[0]))
        return agi_arg(&agi_failed);
    const ag_arg pair[2] = {args[1], times(args[0], attr->f[0])};
    if (pair[0].tensor == NULL || agi_value_failed(pair[1]))
        return v_sub(pair[0], pair[1]);
    ag_tensor *t = agi_scope_add(agi_apply(AG_OP_sub, AGI_NAMED_RSUB, 2, pair, NULL));
    return agi_arg(t != NULL ? t : &agi_failed);
}
