/* SPDX-License-Identifier: MIT
 *
 * Writes into a part of a storage that need less than computing the whole first: a copy that is not
 * made yet is made without what is overwritten, and a short pending value goes straight to where it
 * is written.
 */
#ifndef AGI_OVERWRITE_H
#define AGI_OVERWRITE_H

#include "expr.h"

#pragma GCC visibility push(hidden)

/* x = y, a tensor that repeats to x's shape, or a number. *done is false where nothing was gained,
 * or it failed: then x is as it was. x is the caller's own (INVARIANT[blocking]). */
ag_status agi_expr_write_part(const ag_tensor *x, ag_arg y, bool *done);

#pragma GCC visibility pop
#endif
