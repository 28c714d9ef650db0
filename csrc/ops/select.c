/* SPDX-License-Identifier: MIT
 *
 * Ops that choose among their inputs by a condition: where, clamp. A gradient reaches an input only
 * where it was chosen, and by choosing again, not by multiplying with 0: what was not taken may be
 * NaN or infinite without harm.
 */
#include "../compute/kernel.h"
#include "../tape/rule.h"
#include "table.h"

#include <math.h>

/* where: x where cond is not 0, else w;  dx = g where cond, else 0; dw the other way round.  Saves
 * cond, which gets no gradient. (In the kernel cond is x and the choices are y and w.) */
AG_MAP3(where, x != 0.0 ? y : w)
AG_RULE(where)
{
    ag_arg cond = IN(0);
    cond.dtype = AG_BOOL;  /* of a number, which was saved without its dtype */
    if (NEEDS(1))
        GX(1) = v_where(cond, G, NUM(0.0));
    if (NEEDS(2))
        GX(2) = v_where(cond, NUM(0.0), G);
}

/* Where lo <= x <= hi, edges included; a bound that is infinite is none. */
static ag_arg mask_inside(ag_arg x, ag_arg lo, ag_arg hi)
{
    if (hi.tensor == NULL && hi.value == INFINITY)
        return v_ge(x, lo);
    if (lo.tensor == NULL && lo.value == -INFINITY)
        return v_le(x, hi);
    return v_mul(v_ge(x, lo), v_le(x, hi));
}

/* clamp(x, lo, hi): the smaller of hi and the larger of x and lo (so hi where lo > hi); NaN where
 * any of them is.  dx = g where lo <= x <= hi, edges included, else 0; dlo = g where lo was the
 * result; dhi = g where hi was.  Saves all three, of which lo and hi mostly are plain numbers.
 * (In the kernel lo is y and hi is w.) */
AGI_STAMPED double limit(double x, double lo, double hi)
{
    const double larger = x >= lo ? x : lo;
    const double limited = larger <= hi ? larger : hi;  /* of NaN neither, but for hi */
    return ((x == x) & (lo == lo)) ? limited : x + lo;
}
AG_MAP3(clamp, limit(x, y, w))
AG_RULE(clamp)
{
    const ag_arg x = IN(0), lo = IN(1), hi = IN(2);
    if (NEEDS(0))
        GX(0) = v_where(mask_inside(x, lo, hi), G, NUM(0.0));
    if (NEEDS(1)) {
        const bool is_open = hi.tensor == NULL && hi.value == INFINITY;  /* lo may be so large */
        const ag_arg below = v_lt(x, lo);
        GX(1) = v_where(is_open ? below : v_mul(below, v_lt(lo, hi)), G, NUM(0.0));
    }
    if (NEEDS(2))
        GX(2) = v_where(v_maximum(v_gt(x, hi), v_lt(hi, lo)), G, NUM(0.0));
}
