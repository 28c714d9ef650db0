/* SPDX-License-Identifier: MIT
 *
 * The largest and the smallest element over some dimensions. A NaN makes its result NaN; a result
 * that is 0 is +0.0, as a sum is. So a result depends neither on the order of the elements nor on
 * how often one of them is looked at: memory is read in its own order.
 */
#ifndef AGI_EXTREMES_H
#define AGI_EXTREMES_H

#include "../base/config.h"

#pragma GCC visibility push(hidden)

/* z (contiguous, of the shape that is left) = the largest elements of x, or the smallest, over the
 * dimensions of mask, of which none has size 0. */
void agi_extremes_into(double *z, const double *x, int ndim, const int64_t *shape,
                       const int64_t *strides, uint64_t mask, bool least);

/* The same of n > 0 numbers behind each other, as one of them. */
double agi_extreme_of_run(const double *x, int64_t n, bool least);

#pragma GCC visibility pop
#endif
