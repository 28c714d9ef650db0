/* SPDX-License-Identifier: MIT
 *
 * Two-dimensional strided blocks: what loaders fill their scratch with and strided copies are made
 * of. Small ones must be cheap (a few nanoseconds), large ones must use whole cache lines.
 */
#ifndef AGI_COPY_H
#define AGI_COPY_H

#include "../base/config.h"

/* A block of rows x cols elements at `data`, element (i, j) at data[i * row + j * col]. */
typedef struct agi_block {
    double *data;
    int64_t row, col;
} agi_block;

#pragma GCC visibility push(hidden)

/* z[i][j] = x[i][j]. They do not overlap. Strides of 0 in x repeat it. */
void agi_copy_block(agi_block z, const double *x, int64_t x_row, int64_t x_col, int64_t rows,
                    int64_t cols);

/* The same, where a transposed block asks for the memory of the rows behind it meanwhile. */
typedef enum agi_copy_ahead {
    AGI_COPY_AS_IT_COMES,
    AGI_COPY_READS_AHEAD,
    AGI_COPY_FETCHES_BOTH,  /* also what is written next */
} agi_copy_ahead;
void agi_copy_block_of(agi_block z, const double *x, int64_t x_row, int64_t x_col, int64_t rows,
                       int64_t cols, agi_copy_ahead ahead);

void agi_fill_run(double *z, int64_t n, double value);

/* Strided copies. A stride of 0 in the source repeats it, one below 0 reads it backwards; the
 * destination must not overlap itself. */
void agi_run_gather(double *z, int ndim, const int64_t *shape, const double *x,
                    const int64_t *strides);                    /* strided -> contiguous */
void agi_run_scatter(double *z, const int64_t *strides, int ndim, const int64_t *shape,
                     const double *x, const int64_t *x_strides); /* strided -> strided */
void agi_run_fill(double *z, const int64_t *strides, int ndim, const int64_t *shape, double value);
/* z = x, n numbers that lie behind each other, stored past the caches: for what is part of so much
 * that the caches could not keep it. */
void agi_copy_past_caches(double *z, const double *x, int64_t n);
/* z[strided] += x (contiguous); z may overlap itself: in order, one thread. */
void agi_run_scatter_add(double *z, const int64_t *strides, int ndim, const int64_t *shape,
                         const double *x);

#pragma GCC visibility pop
#endif
