/* SPDX-License-Identifier: MIT
 *
 * Comparisons and logic: 1.0 where true, 0.0 where not. Never recorded and never differentiated. A
 * NaN compares as in C: unequal to everything, 0 too, neither less nor greater.
 */
#include "../compute/kernel.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "table.h"

/* ---- element by element --------------------------------------------------------------------- */

AG_MAP2(eq, x == y ? 1.0 : 0.0)
AG_MAP2(ne, x != y ? 1.0 : 0.0)
AG_MAP2(lt, x < y ? 1.0 : 0.0)
AG_MAP2(le, x <= y ? 1.0 : 0.0)
AG_MAP2(gt, x > y ? 1.0 : 0.0)
AG_MAP2(ge, x >= y ? 1.0 : 0.0)
AG_MAP2_LONG(logical_and, ((x != 0.0) & (y != 0.0)) ? 1.0 : 0.0)
AG_MAP2_LONG(logical_or, ((x != 0.0) | (y != 0.0)) ? 1.0 : 0.0)
AG_MAP2_LONG(logical_xor, ((x != 0.0) != (y != 0.0)) ? 1.0 : 0.0)
AG_MAP1(logical_not, x == 0.0 ? 1.0 : 0.0)

/* ---- over dimensions: the elements that are not 0 are counted ------------------------------- */

static ag_arg count(ag_arg mask, const ag_attr *attr)
{
    return v_reduce(AG_OP_sum, mask, attr, attr->i[0] != 0);
}

static ag_arg truths(ag_arg x)
{
    return agi_arg_dtype(&x) == AG_BOOL ? x : v_ne(x, NUM(0.0));
}

/* An empty list of dimensions is none, where other reductions take it for all: as PyTorch's. */
AG_FORMULA(any)
{
    const bool of_each = attr->n_list == 0;
    return of_each ? v_ne(args[0], NUM(0.0)) : v_gt(count(truths(args[0]), attr), NUM(0.0));
}
AG_FORMULA(all)
{
    const bool of_each = attr->n_list == 0;
    return of_each ? v_ne(args[0], NUM(0.0))
                   : v_eq(count(v_eq(args[0], NUM(0.0)), attr), NUM(0.0));
}
AG_FORMULA(count_nonzero) { return count(truths(args[0]), attr); }
