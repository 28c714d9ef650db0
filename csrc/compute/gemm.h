/* SPDX-License-Identifier: MIT
 *
 * Products of matrices, in batches: z = beta z + alpha x y. BLAS computes them, our own kernels
 * those of less than 16 rows and columns. Which blocks a product is computed in, depends on its
 * shape alone: so its bits are the same for any number of threads.
 */
#ifndef AGI_GEMM_H
#define AGI_GEMM_H

#include "../base/config.h"

/* A matrix, or a batch of them: element (i, j) lies at data[i * row + j * col]. */
typedef struct agi_face {
    double *data;
    int64_t row, col;
    int64_t batch[AGI_MAX_DIMS];  /* strides of the dimensions before the last two, 0 to repeat */
} agi_face;

/* z (m x n) = beta z + alpha x (m x k) y (k x n), for each index of the batch. With a beta of 0
 * what is in z does not count. z overlaps neither x nor y, and none of its elements another. */
typedef struct agi_product {
    int64_t m, n, k;
    double alpha, beta;
    agi_face x, y, z;
    int batch_ndim;
    int64_t batch[AGI_MAX_DIMS];  /* the sizes of the batch */
} agi_product;

#pragma GCC visibility push(hidden)

/* Whether BLAS can read, or write, a matrix that lies so: one stride is 1, the other spans a row,
 * or a column. Others are to be copied before. */
bool agi_face_is_plain(const agi_face *face, int64_t rows, int64_t cols);

/* Whether it takes long enough for other threads to be let run meanwhile: then what the product
 * reads must be owned (INVARIANT[blocking]). */
bool agi_product_is_long(const agi_product *p);

/* All matrices are plain. */
void agi_product_run(const agi_product *p);

#pragma GCC visibility pop
#endif
