/* SPDX-License-Identifier: MIT
 *
 * Factors of matrices: Cholesky's, and LU with row exchanges. What a factor is kept in, is read by
 * the solves (linalg_solve.c) and determinants (linalg_det.c).
 */
#include <math.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tensor/copy.h"
#include "../tensor/scope.h"
#include "linalg.h"
#include "table.h"

/* ---- cholesky: A = L L^T, or U^T U with i[0] set -------------------------------------------- */

/* With S = L^T gL, of which the lower triangle counts, halved on the diagonal, dA is L^-T S L^-1,
 * made symmetric (Murray 2016, arXiv:1602.07527; see also linalg_cholesky_vjp.c). Saves L. Where A
 * is not positive-definite, one number of the diagonal of L is not positive. */

/* L lies by columns, as PyTorch's does, and U by rows, which are the same numbers in memory: to
 * LAPACK a lower triangle, of which OpenBLAS makes the factor a quarter quicker than of an upper
 * one. */

typedef struct cholesky_kind {
    int64_t n;
    bool upper;
} cholesky_kind;

static void clear_above(double *z, int64_t n)
{
    for (int64_t j = 1; j < n; j++)
        memset(z + j * n, 0, (size_t)j * sizeof *z);
}

static int64_t cholesky_matrix(const void *context, const agi_matrices *m, double *const *at,
                               double *scratch, const agi_blas_table *blas)
{
    const cholesky_kind *kind = context;
    const bool upper = kind->upper;
    const int64_t n = kind->n;
    int64_t info = 0;
    double *z = at[1];
    (void)scratch;
    agi_matrix_by_columns(z, n, at[0], upper ? m->col[0] : m->row[0],
                          upper ? m->row[0] : m->col[0], n, n);
    blas->dpotrf("L", &n, z, &n, &info, 1);
    info = agi_blas_number(blas, info);
    clear_above(z, n);
    if (info > 0 && z[(info - 1) * (n + 1)] > 0.0)
        z[(info - 1) * (n + 1)] = 0.0;
    return 0;
}

AG_FORWARD(cholesky_factor)
{
    ag_tensor *a = args[0].tensor;
    const cholesky_kind kind = {.n = agi_rows_of(a), .upper = attr->i[0] != 0};
    ag_tensor *z = agi_tensor_new(a->ndim, agi_shape_of(a), a->numel);
    agi_matrices m;
    if (z == NULL || z->numel == 0)
        return z;
    if (!kind.upper)
        agi_lay_by_columns(z);
    agi_matrices_start(&m, a->ndim - 2, agi_shape_of(a));
    m.cost = AGI_CUBIC_COST(agi_rows_of(a), agi_rows_of(a));
    return agi_batch_made(&m, cholesky_matrix, &kind, 2, (ag_tensor *[]){a, z}, (int[]){2, 2});
}

AG_RULE(cholesky_factor)
{
    const bool upper = agi_node_attr_of(v->node)->i[0] != 0;
    const ag_arg l = OUT;
    if (!v->create_graph && !agi_value_failed(l) && agi_same_shape(G.tensor, l.tensor)) {
        const ag_arg args[2] = {l, G};
        const ag_attr attr = {.i = {upper}};
        GX(0) = agi_value(AG_OP_cholesky_factor_vjp, 2, args, &attr);
        return;
    }
    const ag_arg s = v_triangle_of(upper ? v_matmul_nt(l, G) : v_matmul_tn(l, G), false, 0);
    const ag_arg half = v_sub(s, v_mul(v_diagonal_matrix(v_diagonal_of(s)), NUM(0.5)));
    const ag_arg both = v_mul(v_add(half, v_mt(half)), NUM(0.5));
    const ag_arg left = v_triangle_solve(l, both, upper, !upper, false);
    GX(0) = v_mt(v_triangle_solve(l, v_mt(left), upper, !upper, false));
}

/* ---- lu_pack: P L U = A for m x n ----------------------------------------------------------- */

/* (..., n + 1, m): the columns of L and U in one another, then the numbers of rows, from 1 on, that
 * the rows were exchanged with in turn. */

/* Where a pivot is NaN, all that is computed from it is, too. Some LAPACKs leave numbers there,
 * since they compare pivots with the smallest one that they divide by. */
static void spread_nan_pivot(double *z, int64_t rows, int64_t cols)
{
    const int64_t least = rows < cols ? rows : cols;
    int64_t k = 0;
    while (k < least && z[k * (rows + 1)] == z[k * (rows + 1)])
        k++;
    for (int64_t j = k; k < least && j < cols; j++)
        for (int64_t i = j == k ? k : k + 1; i < rows; i++)
            z[j * rows + i] = (double)NAN;
}

static int64_t lu_matrix(const void *context, const agi_matrices *m, double *const *at,
                         double *scratch, const agi_blas_table *blas)
{
    const int64_t *size = context, rows = size[0], cols = size[1];
    const int64_t least = rows < cols ? rows : cols;
    int64_t info = 0, *pivots = (int64_t *)(void *)scratch;
    double *z = at[1], *last = z + cols * rows;
    agi_matrix_by_columns(z, rows, at[0], m->row[0], m->col[0], rows, cols);
    blas->dgetrf(&rows, &cols, z, &rows, pivots, &info);
    spread_nan_pivot(z, rows, cols);
    agi_blas_widen(blas, pivots, least);
    for (int64_t i = 0; i < rows; i++)
        last[i] = i < least ? (double)pivots[i] : (double)(i + 1);
    return 0;
}

AG_FORWARD(lu_pack)
{
    ag_tensor *a = args[0].tensor;
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    (void)attr;
    agi_batch_of(a, NULL, 2, &ndim, batch);
    const int64_t size[2] = {agi_rows_of(a), agi_cols_of(a)}, packed[2] = {size[1] + 1, size[0]};
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, packed);
    agi_matrices m;
    if (z == NULL || a->numel == 0) {
        for (int64_t i = 0; z != NULL && i < z->numel; i++)
            agi_tensor_data(z)[i] = (double)(i % size[0] + 1);
        return z;
    }
    agi_matrices_start(&m, ndim, batch);
    m.scratch = size[0] < size[1] ? size[0] : size[1];
    m.cost = AGI_CUBIC_COST(m.scratch, size[0] + size[1]);
    return agi_batch_made(&m, lu_matrix, size, 2, (ag_tensor *[]){a, z}, (int[]){2, 2});
}

/* The rows of x in the order that L U has them in, or back from it. */
static ag_arg rows_in_order(ag_arg packed, ag_arg x, bool back)
{
    if (agi_value_failed(packed))
        return packed;
    const ag_attr last = {.i = {-2, agi_rows_of(packed.tensor) - 1}};
    const ag_arg fixed = v_constant(packed);
    return v_lu_rows(agi_value(AG_OP_select, 1, &fixed, &last), x, back);
}

/* The cotangent of the last p rows and columns of a product that stand behind the first p, taken
 * from those of the parts: see lu_pack's rule. */
typedef struct lu_parts {
    int64_t p, rows, cols;
} lu_parts;

static ag_arg part_of(ag_arg x, bool below, bool right, const lu_parts *s)
{
    const ag_arg rows = v_slice_of(x, -2, below ? s->p : 0, below ? s->rows : s->p);
    return v_slice_of(rows, -1, right ? s->p : 0, right ? s->cols : s->p);
}

/* In blocks, of which the first is p x p and has a U that can be divided by: p is all but the last
 * row of a square or wide matrix, whose last pivot nothing is divided by. There L21 = A21 U^-1,
 * U12 = L^-1 A12, and what is left is A22 - L21 U12; a block has
 * dA = L^-T (tril(L^T gL, -1) + triu(gU U^T)) U^-T. */
AG_RULE(lu_pack)
{
    const ag_arg packed = OUT;
    if (agi_value_failed(packed))
        return;
    lu_parts s = {.rows = agi_cols_of(packed.tensor), .cols = agi_rows_of(packed.tensor) - 1};
    s.p = s.rows <= s.cols ? (s.rows > 0 ? s.rows - 1 : 0) : s.cols;
    const ag_arg lu = v_mt(v_slice_of(packed, -2, 0, s.cols));
    const ag_arg g = v_mt(v_slice_of(G, -2, 0, s.cols));
    const ag_arg lu11 = part_of(lu, false, false, &s), g11 = part_of(g, false, false, &s);
    const ag_arg u12 = part_of(lu, false, true, &s), l21 = part_of(lu, true, false, &s);
    const ag_arg g22 = part_of(g, true, true, &s);
    const ag_arg g12 = v_sub(part_of(g, false, true, &s), v_matmul_tn(l21, g22));
    const ag_arg g21 = v_sub(part_of(g, true, false, &s), v_matmul_nt(g22, u12));
    const ag_arg a12 = v_triangle_solve(lu11, g12, false, true, true);
    const ag_arg a21 = v_mt(v_triangle_solve(lu11, v_mt(g21), true, false, false));
    const ag_arg of_l = v_sub(v_triangle_of(g11, false, -1), v_matmul_nt(a12, u12));
    const ag_arg of_u = v_sub(v_triangle_of(g11, true, 0), v_matmul_tn(l21, a21));
    const ag_arg unit = v_triangle_of(lu11, false, -1);
    const ag_arg l_part = v_add(of_l, v_matmul_tn(unit, of_l));
    const ag_arg u_part = v_matmul_nt(of_u, v_triangle_of(lu11, true, 0));
    const ag_arg core = v_add(v_triangle_of(l_part, false, -1), v_triangle_of(u_part, true, 0));
    const ag_arg left = v_triangle_solve(lu11, core, false, true, true);
    const ag_arg a11 = v_mt(v_triangle_solve(lu11, v_mt(left), true, false, false));
    const ag_arg all = agi_v_joined(agi_v_joined(a11, a12, -1), agi_v_joined(a21, g22, -1), -2);
    GX(0) = rows_in_order(packed, all, true);
}

/* ---- lu_rows: rows of x exchanged as those of A were; with i[0] back; linear in x ----------- */

static int64_t exchange_rows(const void *context, const agi_matrices *m, double *const *at,
                             double *scratch, const agi_blas_table *blas)
{
    const int64_t *c = context, rows = c[0], cols = c[1], count = c[3];
    const bool back = c[2] != 0;
    double *z = at[2];
    (void)scratch, (void)blas;
    agi_copy_block((agi_block){z, cols, 1}, at[1], m->row[1], m->col[1], rows, cols);
    for (int64_t step = 0; step < count; step++) {
        const int64_t i = back ? count - 1 - step : step;
        const int64_t k = (int64_t)at[0][i * m->row[0]] - 1;
        for (int64_t j = 0; j < cols && k != i; j++) {
            const double kept = z[i * cols + j];
            z[i * cols + j] = z[k * cols + j];
            z[k * cols + j] = kept;
        }
    }
    return 0;
}

/* args: the numbers of rows, from 1 on, that each was exchanged with in turn; x. */
AG_FORWARD(lu_rows)
{
    ag_tensor *pivots = args[0].tensor, *x = args[1].tensor;
    if (x->ndim < 2)
        return agi_fail_null(AG_ERR_SHAPE, "lu: expected matrices, got %d dimensions", x->ndim);
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    const int64_t c[4] = {agi_rows_of(x), agi_cols_of(x), attr->i[0], agi_cols_of(pivots)};
    agi_batch_of(pivots, NULL, 1, &ndim, batch);
    if (agi_shape_broadcast(&ndim, batch, x->ndim - 2, agi_shape_of(x)) != AG_OK)
        return NULL;
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, c);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.cost = 20.0 + (double)(c[0] * c[1]);
    return agi_batch_made(&m, exchange_rows, c, 3, (ag_tensor *[]){pivots, x, z},
                      (int[]){1, 2, 2});
}

AG_RULE(lu_rows)
{
    const bool back = agi_node_attr_of(v->node)->i[0] != 0;
    GX(1) = agi_sum_to_input(v, 1, v_lu_rows(IN(0), G, !back));
}

/* ---- whether factors can be used ------------------------------------------------------------ */

/* 0, or the place from 1 on in the diagonal of a factor of what is wrong: i[0] says of which. */
AG_FORWARD(factor_info)
{
    const ag_tensor *x = args[0].tensor;
    const bool is_lu = attr->i[0] != 0;
    agi_diagonals d = is_lu ? agi_diagonals_of_lu(x) : agi_diagonals_of_cholesky(x);
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_batch_of(x, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 0, NULL);
    d.matrices = 1;
    for (int64_t i = 0; z != NULL && i < z->numel; i++) {
        int64_t place;
        agi_first_bad(&d, agi_tensor_data(x) + i * d.matrix, &place);
        agi_tensor_data(z)[i] = (double)place;
    }
    return z;
}

/* ---- public --------------------------------------------------------------------------------- */

static ag_arg cholesky_of(ag_tensor *a, bool upper)
{
    const ag_arg arg = agi_arg(a);
    const ag_attr attr = {.i = {upper}};
    return agi_value(AG_OP_cholesky_factor, 1, &arg, &attr);
}

/* Whether all were positive-definite: else an error that names the first that is not. */
static bool check_definite(ag_arg l)
{
    int64_t place;
    char text[64];
    if (agi_value_failed(l))
        return false;
    const agi_diagonals d = agi_diagonals_of_cholesky(l.tensor);
    const int64_t at = agi_first_bad(&d, agi_tensor_data(l.tensor), &place);
    if (at < 0)
        return true;
    agi_fail(AG_ERR_LINALG, "linalg.cholesky: %sThe factorization could not be completed because "
                            "the input is not positive-definite (the leading minor of order %lld "
                            "is not positive-definite).",
             agi_batch_text(text, l.tensor->ndim > 2, at), (long long)place);
    return false;
}

ag_tensor *ag_linalg_cholesky(ag_tensor *a, bool upper)
{
    const int64_t mark = agi_check_matrices("linalg.cholesky", a, true) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    const ag_arg l = cholesky_of(a, upper);
    return agi_leave_with(mark, check_definite(l) ? l : v_failed_matrix());
}

ag_tensor *ag_cholesky(ag_tensor *a, bool upper) { return ag_linalg_cholesky(a, upper); }

ag_status ag_linalg_cholesky_ex(ag_tensor *a, bool upper, bool check_errors, ag_tensor **outs)
{
    if (!agi_check_matrices("linalg.cholesky", a, true) ||
        !agi_has("linalg.cholesky_ex", outs, "memory for the results"))
        return ag_last_status();
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const ag_arg l = cholesky_of(a, upper);
    const bool ok = !check_errors || check_definite(l);
    const ag_arg values[2] = {ok ? l : v_failed_matrix(), agi_factor_info(l, false)};
    return agi_leave_with_all(mark, 2, values, outs);
}

/* ---- public: LU ----------------------------------------------------------------------------- */

static bool check_pivot(const char *name, const ag_tensor *a, bool pivot)
{
    char size[AGI_SHAPE_TEXT];
    if (!agi_has_tensor(name, a))
        return false;
    if (a->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "%s: Expected tensor with 2 or more dimensions. Got size: %s "
                               "instead", name,
                 agi_format_shape_list(size, a->ndim, agi_shape_of(a)));
        return false;
    }
    if (agi_dtype_of(a) != AG_FLOAT64) {
        agi_fail(AG_ERR_DTYPE, "\"lu_cpu\" not implemented for '%s'",
                 agi_dtype_name(agi_dtype_of(a)));
        return false;
    }
    if (pivot)
        return true;
    agi_fail(AG_ERR_SHAPE, "linalg.lu_factor: LU without pivoting is not implemented on the CPU");
    return false;
}

/* The columns of L and U in one another, and an int64 tensor of pivots. */
static void factor_parts(ag_arg packed, ag_arg *values)
{
    if (agi_value_failed(packed)) {
        values[0] = values[1] = packed;
        return;
    }
    const int64_t n = agi_rows_of(packed.tensor) - 1;
    values[0] = v_mt(v_slice_of(packed, -2, 0, n));
    const ag_arg fixed = v_constant(packed);
    values[1] = agi_value(AG_OP_lu_pivots, 1, &fixed, NULL);
}

AG_FORWARD(lu_pivots)
{
    const ag_tensor *x = args[0].tensor;
    const int64_t m = agi_cols_of(x), n = agi_rows_of(x) - 1, least = m < n ? m : n;
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    (void)attr;
    agi_batch_of(x, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 1, &least);
    for (int64_t i = 0; z != NULL && i < z->numel; i++)
        agi_tensor_data(z)[i] =
            agi_tensor_data(x)[i / least * (n + 1) * m + n * m + i % least];
    return z;
}

static bool check_usable(ag_arg packed, bool is_ex)
{
    int64_t place;
    char text[64];
    if (agi_value_failed(packed))
        return false;
    const agi_diagonals d = agi_diagonals_of_lu(packed.tensor);
    const int64_t at = agi_first_bad(&d, agi_tensor_data(packed.tensor), &place);
    if (at < 0)
        return true;
    agi_fail(AG_ERR_SHAPE, "torch.linalg.lu_factor%s: %sU[%lld,%lld] is zero and using it on "
                           "lu_solve would result in a division by zero. If you still want to "
                           "perform the factorization, consider calling linalg.lu(A, pivot) or "
                           "linalg.lu_factor_ex(A, pivot)", is_ex ? "_ex" : "",
             agi_batch_text(text, packed.tensor->ndim > 2, at), (long long)place,
             (long long)place);
    return false;
}

static ag_arg packed_of(ag_tensor *a)
{
    const ag_arg arg = agi_arg(a);
    return agi_value(AG_OP_lu_pack, 1, &arg, NULL);
}

static ag_status lu_factors(ag_tensor *a, bool pivot, bool checked, int n, ag_tensor **outs)
{
    ag_arg values[3];
    if (!check_pivot("torch.lu_factor", a, pivot) ||
        !agi_has("linalg.lu_factor", outs, "memory for the results"))
        return ag_last_status();
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const ag_arg packed = packed_of(a);
    factor_parts(packed, values);
    values[2] = agi_factor_info(v_constant(packed), true);
    if (checked && !check_usable(packed, n == 3))
        values[0] = v_failed_matrix();
    return agi_leave_with_all(mark, n, values, outs);
}

ag_status ag_linalg_lu_factor(ag_tensor *a, bool pivot, ag_tensor **outs)
{
    return lu_factors(a, pivot, true, 2, outs);
}

ag_status ag_linalg_lu_factor_ex(ag_tensor *a, bool pivot, bool check_errors, ag_tensor **outs)
{
    return lu_factors(a, pivot, check_errors, 3, outs);
}

ag_status ag_linalg_lu(ag_tensor *a, bool pivot, ag_tensor **outs)
{
    if (!check_pivot("linalg.lu", a, pivot) ||
        !agi_has("linalg.lu", outs, "memory for the results"))
        return ag_last_status();
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const int64_t m = agi_rows_of(a), n = agi_cols_of(a), least = m < n ? m : n;
    const ag_arg packed = packed_of(a), lu = v_mt(v_slice_of(packed, -2, 0, n));
    const ag_arg l = v_triangle_of(v_slice_of(lu, -1, 0, least), false, -1);
    const ag_arg values[3] = {
        rows_in_order(packed, v_unit(m, m), true), v_add(l, v_unit(m, least)),
        v_triangle_of(v_slice_of(lu, -2, 0, least), true, 0)};
    return agi_leave_with_all(mark, 3, values, outs);
}
