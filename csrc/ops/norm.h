/* SPDX-License-Identifier: MIT
 *
 * Norms of vectors that several ops have.
 */
#ifndef AGI_NORM_H
#define AGI_NORM_H

#include "../compute/op.h"

#pragma GCC visibility push(hidden)

/* (sum of |x|^p)^(1/p) over the dimensions of attr, right also where a power of x leaves the range
 * of numbers: computes the value, and again of scaled numbers where that may be so. */
ag_arg agi_norm_value(ag_arg x, double p, const ag_attr *attr, bool keep);

/* sgn(x) (|x| / y)^(p - 1): the derivative of the norm y, of which none is 0, for a finite p other
 * than 0 and 1. */
ag_arg agi_norm_slope(ag_arg x, ag_arg y, double p);

#pragma GCC visibility pop

#endif
