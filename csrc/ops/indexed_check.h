/* SPDX-License-Identifier: MIT
 *
 * What ops that take an index tensor check of it, and what their rules share.
 */
#ifndef AGI_INDEXED_CHECK_H
#define AGI_INDEXED_CHECK_H

#include "../compute/indexed.h"
#include "../tape/dtypes.h"
#include "../tape/rule.h"

#pragma GCC visibility push(hidden)

/* Of gather and scatter: the shape of the index, which may be smaller than the whole but along dim,
 * and than the part (NULL: none). False with an error. */
bool agi_check_lines(const char *op, const ag_tensor *whole, const ag_tensor *index,
                     const ag_tensor *part, int dim);

/* Of index and index_put: dimensions i[0] and place i[1] that x has, numbers from -size on to below
 * size, which is the product of these dimensions' sizes. */
bool agi_check_places(const char *op, const ag_tensor *x, const ag_tensor *index,
                      const ag_attr *attr);

/* Of take and put: numbers that count the elements of x row by row. */
bool agi_check_reach(const char *op, const ag_tensor *x, const ag_tensor *index);

/* Of index_select and its like: an index that is a vector or one number. */
bool agi_check_vector(const char *op, const ag_tensor *index);

/* Of index_add and its like: a part of the shape of z, with as many slices along dim as the index
 * has numbers. */
bool agi_check_slices(const char *op, const ag_tensor *z, const ag_tensor *part,
                      const ag_tensor *index, int dim);

/* Of the same: numbers that count the slices of z along dim. */
bool agi_check_slices_there(const ag_tensor *z, const ag_tensor *index, int dim);

/* All elements of t, row by row, in one dimension: its own memory, or a copy. Owned. */
ag_tensor *agi_flat_of(const ag_tensor *t);

/* Zeros of a shape, which is at least as large as x in every dimension, with x at the beginning. */
ag_arg agi_padded_to(ag_arg x, int ndim, const int64_t *shape);

/* op(zeros of a shape, index, part), of an op that writes parts. */
ag_arg agi_written_zeros(int op, int ndim, const int64_t *shape, ag_arg index, ag_arg part,
                         const int64_t *i, double f);

#pragma GCC visibility pop

/* All dimensions of x, as bits. */
AGI_INLINE uint32_t agi_all_dims(const ag_tensor *x)
{
    return (uint32_t)((UINT64_C(1) << x->ndim) - 1);
}

/* Whether what is read is a snapshot (INVARIANT[blocking]): of large arguments it is. */
AGI_INLINE bool agi_are_snapshots(int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && args[k].tensor->numel >= AGI_DEFER_MIN)
            return true;
    return false;
}

#endif
