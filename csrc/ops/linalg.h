/* SPDX-License-Identifier: MIT
 *
 * What the files of linear algebra share: checks in PyTorch's words, verbs for matrices, batches of
 * them, and triangular solves of one matrix.
 */
#ifndef AGI_LINALG_H
#define AGI_LINALG_H

#include "../compute/matrices.h"
#include "../tape/formula.h"
#include "matrix.h"

/* What matrices of n rows and columns and a product with k columns take, in ns, about. */
#define AGI_CUBIC_COST(n, k) (200.0 + 0.3 * (double)(n) * (double)(n) * (double)(k))

#pragma GCC visibility push(hidden)

/* Whether t is float64 with matrices in its last two dimensions, which are square if that is asked
 * for; else false, with an error in the name of `name`. */
bool agi_check_matrices(const char *name, const ag_tensor *t, bool square);
bool agi_check_real(const char *name, const ag_tensor *t);

/* Whether b has matrices of n rows, as the right side of an equation or a gradient of its solution
 * must: a caller of a node may give a gradient of any shape. */
bool agi_check_right_side(const char *name, const ag_tensor *b, int64_t n);

/* The shape of the batch of a, of b too unless that is NULL, of which the last `own` dimensions are
 * left away. False with an error. */
bool agi_batch_of(const ag_tensor *a, const ag_tensor *b, int own, int *ndim, int64_t *shape);

/* Each `size` numbers of z begin with a unit matrix of `rows` numbers a row; the rest is 0. */
void agi_fill_units(ag_tensor *z, int64_t size, int64_t rows);

/* A new tensor with this batch and `own` more dimensions of these sizes. */
ag_tensor *agi_batch_tensor(int ndim, const int64_t *batch, int own, const int64_t *sizes);

/* t, a new tensor of matrices, is laid out so that each lies by columns. */
void agi_lay_by_columns(ag_tensor *t);

/* One result for each matrix of the batch: runs fn over the inputs, the last own[k] dimensions of
 * which are those of a matrix, and the result, which is the last of the tensors. */
ag_status agi_batch_run(agi_matrices *m, agi_matrix_fn fn, const void *context, int n,
                        ag_tensor *const *tensors, const int *own);
/* The same, for a forward to return: the result, or NULL, and the result is released. */
ag_tensor *agi_batch_made(agi_matrices *m, agi_matrix_fn fn, const void *context, int n,
                          ag_tensor *const *tensors, const int *own);

/* op(t) x = b, b in the place of x (n x k): t is n x n of which one triangle is read. */
typedef struct agi_triangle {
    bool upper, transposed, unit;
} agi_triangle;
void agi_solve_triangle(const agi_blas_table *blas, agi_triangle how, int64_t n, int64_t k,
                        const double *t, int64_t t_row, int64_t t_col, double *x, int64_t x_row,
                        int64_t x_col);

/* The first matrix of a batch whose diagonal has a number that is not positive, or that is 0, and
 * the place of that number from 1 on; -1 if there is none. Numbers lie `step` apart, `count` of
 * them, matrices `matrix`. */
typedef struct agi_diagonals {
    int64_t matrices, matrix, count, step;
    bool positive;
} agi_diagonals;
int64_t agi_first_bad(const agi_diagonals *d, const double *data, int64_t *place);
agi_diagonals agi_diagonals_of_cholesky(const ag_tensor *l);
agi_diagonals agi_diagonals_of_lu(const ag_tensor *packed);

/* "(Batch element 1): " into text where t is a batch of matrices, else nothing. */
const char *agi_batch_text(char text[64], bool is_batch, int64_t at);

/* LU of matrices with their pivots, which the tape does not know. */
ag_arg agi_constant_lu(ag_arg a);

/* a and b, one behind the other along a dimension from the end, -1 or -2. */
ag_arg agi_v_joined(ag_arg a, ag_arg b, int64_t dim);

/* The matrix whose `cols` columns of `rows` numbers lie in the last dimension of packed from
 * `start` on. */
ag_arg agi_unpacked(ag_arg packed, int64_t start, int64_t cols, int64_t rows);

/* Whether there are neither NaN nor infinities among n numbers. */
bool agi_are_finite(const double *x, int64_t n);
#define AGI_NOT_FINITE -1  /* instead of what LAPACK says */

/* What went wrong in a batch, as PyTorch says it. `repeated`: what there may be too many of. */
ag_status agi_fail_to_converge(const char *name, const agi_matrices *m, bool is_batch,
                               const char *repeated);

/* The largest size in each matrix of x, or in each vector where `of_vectors`, for matrices. */
ag_arg agi_largest_in(ag_arg x, bool of_vectors);

/* x / d, where d are differences of what has the size `scale`, and x was made of numbers of the
 * size `noise`: 0 where both are as small as rounding leaves them, since then nothing depends on
 * the directions that d tells apart. */
ag_arg agi_tied_quotient(ag_arg x, ag_arg d, ag_arg noise, ag_arg scale, int64_t n);

/* What stands between the vectors in the derivative of a spectrum: `turning`, which was made of
 * `inner`, by the differences of the eigenvalues w; and their cotangent gw on the diagonal. */
ag_arg agi_spectral_core(ag_arg turning, ag_arg inner, ag_arg w, ag_arg gw, int64_t n);

/* The rule of a factor, packed with a last row, whose value failed or that is of no matrices: then
 * there is nothing else to do. */
bool agi_rule_of_no_matrix(agi_vjp *v, ag_arg packed);
/* The gradient of a tensor without elements: a function of what was made of it, so that it has a
 * derivative. */
ag_arg agi_slope_of_nothing(ag_arg made, int ndim, const int64_t *shape);

/* Row n of each matrix, which has that many before it. */
ag_arg agi_last_row_of(ag_arg packed, int64_t n);

/* Whether what is made of a is on the tape: then vectors are needed beside values, too. */
bool agi_is_recorded(ag_tensor *a);

/* An int64 tensor: where each factor has a number in its diagonal that makes it useless, or 0. */
ag_arg agi_factor_info(ag_arg factor, bool is_lu);

#pragma GCC visibility pop

/* What stands in a packed singular value decomposition of m x n: U by columns, S, Vh by columns. */
typedef struct agi_svd_shape {
    int64_t m, n, k, of_u, of_v;  /* columns of U, rows of Vh */
} agi_svd_shape;

AGI_INLINE agi_svd_shape agi_shape_of_svd(int64_t m, int64_t n, bool full)
{
    const int64_t k = m < n ? m : n;
    return (agi_svd_shape){
        .m = m, .n = n, .k = k, .of_u = full ? m : k, .of_v = full ? n : k};
}

AGI_INLINE int64_t agi_svd_size(const agi_svd_shape *s)
{
    return s->m * s->of_u + s->k + s->n * s->of_v;
}

AGI_INLINE ag_arg v_failed_matrix(void) { return agi_arg(&agi_failed); }

/* A unit matrix of m rows and n columns. */
AGI_INLINE ag_arg v_unit(int64_t m, int64_t n)
{
    ag_tensor *eye = ag_eye(m, n);
    return eye != NULL ? agi_arg(eye) : v_failed_matrix();
}

AGI_INLINE int64_t agi_rows_of(const ag_tensor *t) { return agi_shape_of(t)[t->ndim - 2]; }
AGI_INLINE int64_t agi_cols_of(const ag_tensor *t) { return agi_shape_of(t)[t->ndim - 1]; }

/* The last two dimensions exchanged. */
AGI_INLINE ag_arg v_mt(ag_arg x)
{
    const ag_attr attr = {.i = {-2, -1}};
    return agi_value(AG_OP_transpose, 1, &x, &attr);
}
AGI_INLINE ag_arg v_matmul(ag_arg x, ag_arg y) { return agi_v_matmul(x, y, 0); }
AGI_INLINE ag_arg v_matmul_tn(ag_arg x, ag_arg y) { return agi_v_matmul(x, y, AGI_FIRST_BACK); }
AGI_INLINE ag_arg v_matmul_nt(ag_arg x, ag_arg y) { return agi_v_matmul(x, y, AGI_SECOND_BACK); }
AGI_INLINE ag_arg v_triangle_of(ag_arg x, bool upper, int64_t diagonal)
{
    const ag_attr attr = {.i = {diagonal}};
    return agi_value(upper ? AG_OP_triu : AG_OP_tril, 1, &x, &attr);
}
AGI_INLINE ag_arg v_diagonal_of(ag_arg x)
{
    const ag_attr attr = {.i = {0, -2, -1}};
    return agi_value(AG_OP_diagonal, 1, &x, &attr);
}
AGI_INLINE ag_arg v_diagonal_matrix(ag_arg x)
{
    const ag_attr attr = {.i = {0, -2, -1}};
    return agi_value(AG_OP_diag_embed, 1, &x, &attr);
}
AGI_INLINE ag_arg v_with_dim(ag_arg x, int64_t dim)
{
    const ag_attr attr = {.i = {dim}};
    return agi_value(AG_OP_unsqueeze, 1, &x, &attr);
}
AGI_INLINE ag_arg v_without_dim(ag_arg x, int64_t dim)
{
    const ag_attr attr = {.n_list = 1, .list = &dim};
    return agi_value(AG_OP_squeeze, 1, &x, &attr);
}
AGI_INLINE ag_arg v_slice_of(ag_arg x, int64_t dim, int64_t start, int64_t end)
{
    const ag_attr attr = {.i = {dim, start, end, 1}};
    return agi_value(AG_OP_slice, 1, &x, &attr);
}
AGI_INLINE ag_arg v_triangle_solve(ag_arg t, ag_arg b, bool upper, bool transposed, bool unit)
{
    const ag_arg args[2] = {t, b};
    const ag_attr attr = {.i = {upper, transposed, unit}};
    return agi_value(AG_OP_triangle_solve, 2, args, &attr);
}
AGI_INLINE ag_arg v_lu_solve(ag_arg a, ag_arg lu, ag_arg b, bool transposed)
{
    const ag_arg args[3] = {a, lu, b};
    const ag_attr attr = {.i = {transposed}};
    return agi_value(AG_OP_lu_apply, 3, args, &attr);
}
AGI_INLINE ag_arg v_lu_rows(ag_arg pivots, ag_arg x, bool back)
{
    const ag_arg args[2] = {pivots, x};
    const ag_attr attr = {.i = {back}};
    return agi_value(AG_OP_lu_rows, 2, args, &attr);
}
AGI_INLINE ag_arg v_lu_inverse(ag_arg a, ag_arg lu)
{
    const ag_arg args[2] = {a, lu};
    return agi_value(AG_OP_lu_inverse, 2, args, NULL);
}
/* x^-1 of one matrix and another of the same batch. */
AGI_INLINE ag_arg v_solve(ag_arg a, ag_arg b, bool transposed)
{
    return v_lu_solve(a, agi_constant_lu(a), b, transposed);
}

#endif
