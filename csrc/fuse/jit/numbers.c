/* SPDX-License-Identifier: MIT
 *
 * Numbers that the code of groups refers to, and those that it may divide by without dividing.
 */
#include "jit.h"

#include <fenv.h>
#include <math.h>

#include "../../compute/vmath.h"

const double agi_jit_own[AGI_JIT_OWN_CONSTANTS] = {
    [AGI_JIT_ZERO] = 0.0,
    [AGI_JIT_ONE] = 1.0,
    [AGI_JIT_HALF] = 0.5,
    [AGI_JIT_MINUS_ONE] = -1.0,
    [AGI_JIT_SIGN_BIT] = -0.0,
    [AGI_JIT_MAGNITUDE] = __builtin_nan("0x7ffffffffffff"),  /* all bits but the sign */
    [AGI_JIT_MINUS_INFINITY] = -INFINITY,
    [AGI_JIT_INFINITY] = INFINITY,
    [AGI_JIT_STEP_OF_EXPONENT] = 0x1p-511,
    [AGI_JIT_TWO] = 2.0,
    [AGI_JIT_MINUS_TWO] = -2.0,
};

/* ---- division by a known number ------------------------------------------------------------- */

/* Why q + (x - q y) r, rounded once, is x / y rounded, where r = 1/y rounded and q = x r rounded.
 * With u = 2^-53: let 1 <= y <= 2 - 2^-40 and y <= x < 2y, as signs and powers of two change
 * nothing within the bounds (|y| from 2^-200 to 2^200, |x| from 2^-511 to 2^513: nothing becomes a
 * denormal or infinite). So 1 <= x/y < 2, where numbers are 2u apart.
 *   - |r - 1/y| <= u/2, hence |x r - x/y| <= y u <= 2u - 2^-93, and |x - q y| < 6u.
 *   - So q + (x - q y) r differs from x/y by less than 2^-102, the rounding of x - q y included,
 *     and is rounded as x/y is, unless x/y is that close to the middle m of two numbers. m is not 1
 *     + u, since an x/y above 1 is 1 + 2u/y at least, which is 2^-94 or more from there.
 *   - Then q is one of the two, since x r is less than 2u from m. |x - q y| is at most y u +
 *     2^-101, and a multiple of 2^-104, so exact; the sum differs from x/y by y u u/2 = y 2^-107
 *     and a 2^48th of it. But |x/y - m| >= 2^-105/y, as x and y m are different multiples of
 *     2^-105; and that is more, since y y < 4. So the sum lies on the same side of m as x/y.
 * (After Markstein, IBM J. Res. Dev. 34, 1990, and Brisebarre, Muller and Raina, IEEE Trans.
 * Comput. 53, 2004.) */
bool agi_jit_divides_fast(double y)
{
    const uint64_t mantissa = agi_bits_of(y) & (((uint64_t)1 << 52) - 1);
    return fabs(y) >= 0x1p-200 && fabs(y) <= 0x1p200 && mantissa < ((uint64_t)1 << 52) - 4096 &&
           fegetround() == FE_TONEAREST;
}
