/* SPDX-License-Identifier: MIT
 *
 * Rounding, other units and numbers in place of others; what kind of number an element is, and
 * whether elements are near each other. In the comments y is the result, g the gradient that comes
 * in, dx the one that goes out.
 */
#include "../base/check.h"
#include "../base/shape.h"
#include "../compute/kernel.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tensor/scope.h"
#include "table.h"

#include <math.h>

/* ---- rounding ------------------------------------------------------------------------------- */

/* The nearest whole number, of two that are as near the even one: adding 2^52 drops the digits
 * behind the point. What is not below 2^52 has none. */
AGI_STAMPED double nearest_of(double x)
{
    const double shift = copysign(0x1p52, x), whole = copysign((x + shift) - shift, x);
    return fabs(x) < 0x1p52 ? whole : x;
}

/* To decimals behind the point, `unit` 10 to that power. A number whose last digit is worth more
 * stays as it is, even where the product overflows. */
AGI_STAMPED double nearest_decimal(double x, double unit)
{
    const double scaled = x * unit;
    return fabs(scaled) < 0x1p52 ? nearest_of(scaled) / unit : x;
}

/* To multiples of `unit`, where that is infinite to 0. */
AGI_STAMPED double nearest_multiple(double x, double unit)
{
    const double zero = fabs(x) < (double)INFINITY ? copysign(0.0, x) : x;
    return unit < (double)INFINITY ? nearest_of(x / unit) * unit : zero;
}

/* round, decimals in f[0]; a zero has the sign of x. The derivative is zero everywhere. */
AG_KERNEL_BODY(round)
{
    const double *x = in[0], decimals = f[0], unit = pow(10.0, fabs(decimals));
    const int64_t m = splat ? 1 : n;
    AGI_KERNEL_UNUSED;
    if (decimals == 0.0)
        for (int64_t i = 0; i < m; i++)
            z[i] = nearest_of(x[i]);
    else if (decimals > 0.0)
        for (int64_t i = 0; i < m; i++)
            z[i] = nearest_decimal(x[i], unit);
    else
        for (int64_t i = 0; i < m; i++)
            z[i] = nearest_multiple(x[i], unit);
    if (AGI_UNLIKELY(splat))
        agi_fill_tile(z, n, z[0]);
}
AG_KERNELS(round)

/* Half of what rounding by 2^52 needs is here for trunc: the whole number below or at |x|. */
AGI_STAMPED double whole_part(double x)
{
    const double size = fabs(x), near = nearest_of(size);
    return copysign(near > size ? near - 1.0 : near, x);
}

/* frac: y = x - trunc(x);  dx = g. NaN of infinities. */
AG_MAP1(frac, x - whole_part(x))
AG_RULE(frac) { GX(0) = G; }

/* sgn: as sign. */
AG_MAP1(sgn, x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x != x ? x : 0.0)

/* ---- degrees and radians -------------------------------------------------------------------- */

AG_MAP1(deg2rad, x * AGI_RADIANS_OF_DEGREE)
AG_RULE(deg2rad) { GX(0) = v_mul(G, NUM(AGI_RADIANS_OF_DEGREE)); }
AG_MAP1(rad2deg, x * AGI_DEGREES_OF_RADIAN)
AG_RULE(rad2deg) { GX(0) = v_mul(G, NUM(AGI_DEGREES_OF_RADIAN)); }

/* ---- other numbers -------------------------------------------------------------------------- */

/* nan_to_num, f has what stands for NaN, inf and -inf;  dx = g where x is finite, else 0.  Saves
 * x. */
AGI_STAMPED double finite_of(double x, const double *f)
{
    const double high = x == (double)INFINITY ? f[1] : x;
    const double low = x == -(double)INFINITY ? f[2] : high;
    return x == x ? low : f[0];
}

AG_KERNEL_BODY(nan_to_num)
{
    const double *x = in[0], stand_ins[3] = {f[0], f[1], f[2]};
    AGI_KERNEL_UNUSED;
    if (AGI_UNLIKELY(splat))
        agi_fill_tile(z, n, finite_of(x[0], stand_ins));
    else
        AGI_EACH(finite_of(x[i], stand_ins));
}
AG_KERNELS(nan_to_num)
AG_RULE(nan_to_num) { GX(0) = v_where(v_lt(v_abs(IN(0)), NUM(INFINITY)), G, NUM(0.0)); }

/* ---- kinds of numbers: 1.0 where true, 0.0 where not; never recorded ------------------------- */

AG_MAP1(signbit, (double)(agi_bits_of(x) >> 63))
AG_MAP1(isnan, x != x ? 1.0 : 0.0)
AG_MAP1(isinf, fabs(x) == (double)INFINITY ? 1.0 : 0.0)
AG_MAP1(isfinite, fabs(x) < (double)INFINITY ? 1.0 : 0.0)
AG_MAP1(isposinf, x == (double)INFINITY ? 1.0 : 0.0)
AG_MAP1(isneginf, x == -(double)INFINITY ? 1.0 : 0.0)
AG_MAP1(isreal, ((void)x, 1.0))

/* ---- nearness ------------------------------------------------------------------------------- */

static ag_arg as_float(ag_arg x)
{
    return agi_arg_dtype(&x) == AG_FLOAT64 ? x : v_mul(x, NUM(1.0));
}

static bool check_tolerance(const char *name, double tolerance)
{
    if (tolerance >= 0.0)
        return true;
    agi_fail(AG_ERR_VALUE, "%s must be greater than or equal to zero, but got %g", name,
             tolerance);
    return false;
}

/* isclose, rtol and atol in f, equal_nan in i[0]: equal, or apart by a finite number that is at
 * most atol + rtol |y|. */
AG_FORMULA(isclose)
{
    const double rtol = attr->f[0], atol = attr->f[1];
    if (!check_tolerance("rtol", rtol) || !check_tolerance("atol", atol))
        return agi_arg(&agi_failed);
    const ag_arg x = as_float(args[0]), y = as_float(args[1]), apart = v_abs(v_sub(x, y));
    const ag_arg allowed = v_add(v_abs(v_mul(y, NUM(rtol))), NUM(atol));
    const ag_arg near = v_mul(v_lt(apart, NUM(INFINITY)), v_le(apart, allowed));
    const ag_arg close = v_maximum(v_eq(x, y), near);
    return attr->i[0] == 0 ? close : v_maximum(close, v_mul(v_ne(x, x), v_ne(y, y)));
}

/* Whether a mask holds everywhere. */
static ag_status holds(ag_arg mask, bool *truth)
{
    const ag_attr all = {.n_list = -1};
    const ag_arg least = agi_value(AG_OP_all, 1, &mask, &all);
    if (agi_value_failed(least) || agi_storage_ready(least.tensor->storage) != AG_OK)
        return ag_last_status();
    *truth = *agi_tensor_data(least.tensor) != 0.0;
    return AG_OK;
}

/* An op of two tensors that gives a mask, and whether that holds everywhere. */
static ag_status holds_of(int op, ag_tensor *x, ag_tensor *y, const ag_attr *attr, bool *truth)
{
    const ag_arg args[2] = {agi_arg(x), agi_arg(y)};
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const ag_status status = holds(agi_value(op, 2, args, attr), truth);
    agi_scope_close(mark);
    return status;
}

ag_status ag_allclose(ag_tensor *x, ag_tensor *y, double rtol, double atol, bool equal_nan,
                      bool *truth)
{
    const ag_attr attr = {.f = {rtol, atol}, .i = {equal_nan}};
    if (!agi_has_tensors("allclose", x, y) || !agi_has("allclose", truth, "memory for the result"))
        return ag_last_status();
    return holds_of(AG_OP_isclose, x, y, &attr, truth);
}

ag_status ag_equal(ag_tensor *x, ag_tensor *y, bool *truth)
{
    if (!agi_has_tensors("equal", x, y) || !agi_has("equal", truth, "memory for the result"))
        return ag_last_status();
    *truth = false;
    if (!agi_shape_equal(x->ndim, agi_shape_of(x), y->ndim, agi_shape_of(y)))
        return AG_OK;
    return holds_of(AG_OP_eq, x, y, NULL, truth);
}

ag_tensor *ag_positive(ag_tensor *x)
{
    if (!agi_has_tensor("positive", x))
        return NULL;
    if (agi_dtype_of(x) == AG_BOOL)
        return agi_fail_null(AG_ERR_VALUE, "The `+` operator, on a bool tensor is not supported.");
    return agi_scope_add(agi_retain(x));
}
