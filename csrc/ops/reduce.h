/* SPDX-License-Identifier: MIT
 *
 * What the rules of reductions share.
 */
#ifndef AGI_REDUCE_H
#define AGI_REDUCE_H

#include "../compute/op.h"

#pragma GCC visibility push(hidden)

/* g, of the result's shape, with a size of 1 in place of each dimension that the node's op dropped
 * of an input of this shape. *count becomes the number of elements that each result is made of. */
ag_arg agi_with_kept_dims(const agi_vjp *v, ag_arg g, int ndim, const int64_t *shape,
                          int64_t *count);

#pragma GCC visibility pop

#endif
