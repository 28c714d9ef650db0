/* SPDX-License-Identifier: MIT
 *
 * Sums of elements whose order goes across memory: all of a transposed matrix, for one.
 */
#ifndef AGI_SUM_ACROSS_H
#define AGI_SUM_ACROSS_H

#include "../base/walk.h"

#pragma GCC visibility push(hidden)

/* Whether the space (one array, at least one dimension) is summed as below: a dimension other than
 * the last is denser, and what one index of it has is long enough. */
bool agi_sum_goes_across(const agi_walk *space);

/* T (sum.h) of elements [begin, end) of the space over x, without the 0.0 at last; begin is a
 * multiple of AGI_SUM_BLOCK. */
double agi_sum_across(const agi_walk *space, const double *x, int64_t begin, int64_t end);

#pragma GCC visibility pop
#endif
