/* SPDX-License-Identifier: MIT
 *
 * The same numbers in another order: for a sum over dimensions among which one is kept.
 */
#ifndef AGI_EXPR_TURN_H
#define AGI_EXPR_TURN_H

#include "expr.h"

#pragma GCC visibility push(hidden)

/* A new expression whose elements are those of e, seen under the shape (row-major, of e's number of
 * elements), with the dimensions of mask behind the others and each of both in their order; owned.
 * NULL where e cannot be read so row by row, where making its steps again could take longer than
 * storing them, or (*status) on an error. As when they are computed without being stored, e and
 * what leads to it count as computed once (agi_expr.evals). Under agi_expr_lock. */
agi_expr *agi_expr_turned(agi_expr *e, int ndim, const int64_t *shape, uint64_t mask,
                          ag_status *status);

#pragma GCC visibility pop
#endif
