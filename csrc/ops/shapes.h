/* SPDX-License-Identifier: MIT
 *
 * Where diagonals lie, for those who write them.
 */
#ifndef AGI_SHAPES_H
#define AGI_SHAPES_H

#include "../base/config.h"

#pragma GCC visibility push(hidden)

/* The dimensions of a diagonal, which must differ. */
ag_status agi_diagonal_plane(int64_t dim1, int64_t dim2, int ndim, int *a, int *b);

/* The diagonal of dimensions a and b of a geometry: shape, then strides, of ndim - 1 dimensions
 * each, and where it starts. */
void agi_diagonal_region(int ndim, const int64_t *shape, const int64_t *strides, int a, int b,
                         int64_t offset, int64_t *region, int64_t *start);

#pragma GCC visibility pop
#endif
