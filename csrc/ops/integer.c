/* SPDX-License-Identifier: MIT
 *
 * Ops of whole numbers: those that take nothing else, and what stands for ops that would make -0 of
 * 0 there. Whole numbers are exact up to 2^53; beyond, results are rounded as doubles are. Nothing
 * here is recorded or differentiated.
 */
#include "../compute/kernel.h"
#include "../fuse/pending.h"
#include "../tape/formula.h"
#include "table.h"

#include <math.h>

/* ---- without -0 ----------------------------------------------------------------------------- */

AG_MAP2(mul_int, x * y + 0.0)
AG_MAP1(neg_int, 0.0 - x)
AG_MAP1(to_int, trunc(x) + 0.0)

/* ---- powers: by squaring, exact as long as the result is below 2^53 -------------------------- */

static double power_of(double x, double y)
{
    double result = 1.0, factor = x;
    if (y < 0.0)
        return x == 1.0 ? 1.0 : x == -1.0 ? (fmod(y, 2.0) == 0.0 ? 1.0 : -1.0) : 0.0;
    for (uint64_t n = y < 0x1p63 ? (uint64_t)y : UINT64_C(1) << 63; n != 0; n >>= 1) {
        result *= n & 1 ? factor : 1.0;
        factor *= factor;
    }
    return result;
}

AG_KERNEL_BODY(pow_int)
{
    const int64_t step_x = splat & 1 ? 0 : 1, step_y = splat & 2 ? 0 : 1;
    AGI_KERNEL_UNUSED;
    for (int64_t i = 0; i < n; i++)
        z[i] = power_of(in[0][i * step_x], in[1][i * step_y]);
}
AG_KERNELS(pow_int)

/* ---- bits ----------------------------------------------------------------------------------- */

/* In two's complement, as far as 64 bits reach. */
AGI_STAMPED int64_t bits_of(double x)
{
    return x >= 0x1p63 ? INT64_MAX : x < -0x1p63 ? INT64_MIN : (int64_t)x;
}

AG_MAP2_LONG(bitwise_and, (double)(bits_of(x) & bits_of(y)))
AG_MAP2_LONG(bitwise_or, (double)(bits_of(x) | bits_of(y)))
AG_MAP2_LONG(bitwise_xor, (double)(bits_of(x) ^ bits_of(y)))
AG_MAP1(bitwise_not, -x - 1.0)

AG_MAP2_CALLS(shift_left, y >= 0.0 && y < 64.0 ? ldexp(x, (int)y) : 0.0)
AG_MAP2_CALLS(shift_right, y >= 0.0 && y < 64.0 ? floor(ldexp(x, -(int)y)) : x < 0.0 ? -1.0 : 0.0)

/* How many elements of a mask are true; -1 with an error. */
static double count_true(ag_arg mask)
{
    const ag_attr all = {.n_list = -1};
    const ag_arg count = v_reduce(AG_OP_sum, mask, &all, false);
    if (agi_value_failed(count) || agi_storage_ready(count.tensor->storage) != AG_OK)
        return -1.0;
    return *agi_tensor_data(count.tensor);
}

AG_FORMULA(bitwise_left_shift)
{
    (void)attr;
    const ag_arg z = v_shift_left(args[0], args[1]);
    const double too_large = count_true(v_gt(v_abs(z), NUM((double)AGI_INTEGER_MAX)));
    if (too_large > 0.0)
        agi_fail(AG_ERR_INTEGER, "bitwise_left_shift: a result is beyond 2 ** 53");
    return too_large == 0.0 ? z : agi_arg(&agi_failed);
}

AG_FORMULA(bitwise_right_shift)
{
    (void)attr;
    return v_shift_right(args[0], args[1]);
}

/* ---- quotients ------------------------------------------------------------------------------ */

/* x / y is rounded to the nearest, and may have come to a whole number that is beyond it. */
AGI_STAMPED double toward_zero(double x, double y)
{
    const double quotient = trunc(x / y);
    return fabs(quotient * y) > fabs(x) ? quotient - copysign(1.0, quotient) : quotient;
}
AG_MAP2_LONG(div_trunc_int, toward_zero(x, y) + 0.0)

static double mod_of(double x, double y)
{
    const double rest = fmod(x, y);
    return (rest != 0.0 && (y < 0.0) != (rest < 0.0) ? rest + y : rest) + 0.0;
}
AG_MAP2_CALLS(mod_int, mod_of(x, y))

/* Whether x is divided by no 0; false with an error. Where there are no elements, nothing is. */
static bool check_divisors(ag_arg x, ag_arg y)
{
    if (x.tensor != NULL && x.tensor->numel == 0)
        return true;
    const double zeros = y.tensor == NULL ? (double)(y.value == 0.0)
                                          : count_true(v_eq(y, NUM(0.0)));
    if (zeros > 0.0)
        agi_fail(AG_ERR_VALUE, "ZeroDivisionError");
    return zeros == 0.0;
}

AG_FORMULA(remainder_int)
{
    (void)attr;
    return check_divisors(args[0], args[1]) ? v_mod_int(args[0], args[1]) : agi_arg(&agi_failed);
}

AG_MAP2_CALLS(rest_int, fmod(x, y) + 0.0)

AG_FORMULA(fmod_int)
{
    (void)attr;
    return check_divisors(args[0], args[1]) ? v_rest_int(args[0], args[1]) : agi_arg(&agi_failed);
}

/* i[0]: 0 rounds towards zero, 1 down. */
AG_FORMULA(div_rounded_int)
{
    if (!check_divisors(args[0], args[1]))
        return agi_arg(&agi_failed);
    return attr->i[0] == 0 ? v_div_trunc_int(args[0], args[1])
                           : v_to_int(v_div_floor(args[0], args[1]));
}

/* ---- divisors ------------------------------------------------------------------------------- */

static double gcd_of_two(double x, double y)
{
    x = fabs(x);
    y = fabs(y);
    while (y != 0.0) {
        const double rest = fmod(x, y);
        x = y;
        y = rest;
    }
    return x;
}

static double lcm_of_two(double x, double y)
{
    const double divisor = gcd_of_two(x, y);
    return divisor == 0.0 ? 0.0 : fabs(x / divisor * y);
}

AG_MAP2_CALLS(gcd, gcd_of_two(x, y))
AG_MAP2_CALLS(lcm, lcm_of_two(x, y))
