/* SPDX-License-Identifier: MIT
 *
 * Integer work on shapes: no data, no allocation. Sizes are int64 and checked for overflow before
 * they are multiplied. A shape has at most AGI_MAX_DIMS dimensions.
 */
#ifndef AGI_SHAPE_H
#define AGI_SHAPE_H

#include "config.h"

#pragma GCC visibility push(hidden)

/* Number of elements, or -1 with an error if a size is negative, there are too many dimensions or
 * the bytes do not fit an int64. INVARIANT[sizes]: the product of the sizes of any tensor that are
 * not 0 fits an int64, even where another is 0. So any of them may be multiplied, as strides and
 * merged dimensions are, without looking. */
int64_t agi_shape_numel(const char *op, int ndim, const int64_t *shape);

/* Elements from the first of a region to behind its last, into *extent; 0 if there is none. False
 * with an error if a size or stride is negative or the extent does not fit an int64. */
bool agi_shape_reach(const char *op, int ndim, const int64_t *shape, const int64_t *strides,
                     int64_t *extent);

/* Row-major strides, in elements. */
void agi_shape_strides(int ndim, const int64_t *shape, int64_t *strides);
bool agi_shape_is_contiguous(int ndim, const int64_t *shape, const int64_t *strides);
/* The same in some order of the dimensions. */
bool agi_shape_is_dense(int ndim, const int64_t *shape, const int64_t *strides);
bool agi_shape_equal(int na, const int64_t *a, int nb, const int64_t *b);

/* out becomes the broadcast of out and shape (right-aligned); PyTorch's words on failure. */
ag_status agi_shape_broadcast(int *out_ndim, int64_t *out, int ndim, const int64_t *shape);

/* Whether what is written has the shape that all was broadcast to; PyTorch's words on failure. */
ag_status agi_shape_holds(int ndim, const int64_t *shape, int wide_ndim, const int64_t *wide);

/* Strides of an input of `shape`, `strides` when read under the broadcast shape `out`: 0 where it
 * is repeated. */
void agi_shape_broadcast_strides(int out_ndim, const int64_t *out, int ndim, const int64_t *shape,
                                 const int64_t *strides, int64_t *result);

/* dim in [-ndim, ndim) to [0, ndim); a 0-d tensor counts as 1-d, as in PyTorch. */
ag_status agi_shape_wrap_dim(int64_t dim, int ndim, int *result);
/* The same of a dim that is known to be one. */
AGI_INLINE int agi_shape_wrapped(int64_t dim, int ndim)
{
    return (int)(dim < 0 ? dim + (ndim > 0 ? ndim : 1) : dim);
}

/* The dimensions named in dims as a bit mask; n < 0 means all. Duplicates are refused. */
ag_status agi_shape_dim_mask(const char *op, int ndim, int n, const int64_t *dims, uint64_t *mask);

/* Resolves one -1 in `wanted` for `numel` elements. */
ag_status agi_shape_infer(const int64_t *wanted, int n, int64_t numel, int64_t *shape);

/* Strides that show `shape`/`strides` as `to` without a copy: false if there are none. */
bool agi_shape_view_strides(int ndim, const int64_t *shape, const int64_t *strides, int to_ndim,
                            const int64_t *to, int64_t *to_strides);

/* Merges neighbouring dimensions that all of `count` stride lists walk as one, drops those of
 * size 1, in place. Returns the new number of dimensions (at least 1). strides[k] has ndim
 * entries each. */
int agi_shape_collapse(int ndim, int64_t *shape, int count, int64_t strides[][AGI_MAX_DIMS]);

/* Elements of memory from the first of a geometry (its shape, then its strides, none of them
 * negative) to behind its last; 0 if there are none. */
int64_t agi_shape_extent(int ndim, const int64_t *dims);

/* Whether every element of a region (its shape, then its strides; it begins at offset) is an
 * element of a geometry that does not meet itself but where strides are 0. All that views can
 * reach by slicing, permuting and reshaping is found to be. */
bool agi_shape_contains(int ndim, const int64_t *dims, int region_ndim, const int64_t *region,
                        int64_t offset);

/* Whether two different indices may reach one element. */
bool agi_shape_overlaps(int ndim, const int64_t *shape, const int64_t *strides);

#pragma GCC visibility pop
#endif
