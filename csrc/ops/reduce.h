/* SPDX-License-Identifier: MIT
 *
 * What the rules of reductions share.
 */
#ifndef AGI_REDUCE_H
#define AGI_REDUCE_H

#include "../compute/op.h"

#pragma GCC visibility push(hidden)

/* The shape of input 0 of a reduction, which saved x: the node keeps none that is the result's. */
const int64_t *agi_reduced_shape(const agi_vjp *v, ag_arg x, int *ndim);

/* g, of the result's shape, with a size of 1 in place of each dimension that the node's op dropped
 * of an input of this shape. *count becomes the number of elements that each result is made of. */
ag_arg agi_with_kept_dims(const agi_vjp *v, ag_arg g, int ndim, const int64_t *shape,
                          int64_t *count);

/* The largest elements of x, or the smallest: over all dimensions where attr is NULL. Owned. */
ag_tensor *agi_extremes(const char *name, const ag_arg *x, const ag_attr *attr, bool least);

/* The rule of one number that is picked of all: elements that are equal to it have equal parts. */
void agi_evenly_rule(agi_vjp *v);

#pragma GCC visibility pop

#endif
