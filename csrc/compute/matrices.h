/* SPDX-License-Identifier: MIT
 *
 * Matrices, one for each index of a batch: what works on one of them with routines of BLAS and
 * LAPACK is called for all, with scratch, and is shared among threads by whole matrices. So what a
 * matrix gives must depend on it alone.
 */
#ifndef AGI_MATRICES_H
#define AGI_MATRICES_H

#include "../base/blas.h"
#include "../base/walk.h"
#include "../tensor/tensor.h"

typedef struct agi_matrices {
    agi_walk walk;               /* over the batch, for each operand */
    int64_t count;               /* of the batch */
    double *data[AGI_WALK_MAX];
    int64_t row[AGI_WALK_MAX];   /* steps from row to row, */
    int64_t col[AGI_WALK_MAX];   /* from column to column */
    int64_t scratch;             /* doubles that one matrix takes beside */
    double cost;                 /* ns that one matrix takes, about */
    bool lets_go;                /* what is read is owned: other threads may run meanwhile */
    int64_t failed, info;        /* after a run: the first that did not give 0, and what; or -1 */
} agi_matrices;

/* Works on one matrix of each operand, at[k] with steps m->row[k] and m->col[k]. Returns 0, or what
 * is wrong with them. */
typedef int64_t (*agi_matrix_fn)(const void *context, const agi_matrices *m, double *const *at,
                                 double *scratch, const agi_blas_table *blas);

#pragma GCC visibility push(hidden)

/* A batch of this shape. */
void agi_matrices_start(agi_matrices *m, int ndim, const int64_t *shape);

/* The next operand: the last `own` dimensions of t (0 to 2) are those of a matrix, a vector or a
 * number; the others are broadcast to the batch. */
void agi_matrices_add(agi_matrices *m, const ag_tensor *t, int own);

/* Fails only for want of memory. */
ag_status agi_matrices_run(agi_matrices *m, agi_matrix_fn fn, const void *context);

/* z(i, j) = x(i, j); z lies by columns, ldz apart. */
void agi_matrix_by_columns(double *z, int64_t ldz, const double *x, int64_t row, int64_t col,
                           int64_t rows, int64_t cols);

#pragma GCC visibility pop

#endif
