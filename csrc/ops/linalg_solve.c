/* SPDX-License-Identifier: MIT
 *
 * Systems of equations with a triangle, and with the LU that a forward made once: its gradients
 * solve with the same factor. Inverses likewise.
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

/* ---- triangle_solve: op(T) x = b; i: upper, transposed, unit -------------------------------- */

/* db = y with op(T)^T y = g;  dT = -y x^T, or its transpose, in the triangle that is read.
 * Saves T, and x for dT. */

typedef struct solve_kind {
    agi_triangle how;
    int64_t n, k;
} solve_kind;

/* Whether BLAS can read n x n numbers that lie so. */
static bool is_plain_square(int64_t n, int64_t row, int64_t col)
{
    return n <= 1 || (row == 1 && col >= n) || (col == 1 && row >= n);
}

static int64_t triangle_solve_matrix(const void *context, const agi_matrices *m, double *const *at,
                                     double *scratch, const agi_blas_table *blas)
{
    const solve_kind *kind = context;
    const int64_t n = kind->n, k = kind->k;
    const double *t = at[0];
    int64_t row = m->row[0], col = m->col[0];
    if (m->scratch > 0) {
        agi_copy_block((agi_block){scratch, n, 1}, t, row, col, n, n);
        t = scratch;
        row = n;
        col = 1;
    }
    agi_copy_block((agi_block){at[2], k, 1}, at[1], m->row[1], m->col[1], n, k);
    agi_solve_triangle(blas, kind->how, n, k, t, row, col, at[2], k, 1);
    return 0;
}

AG_FORWARD(triangle_solve)
{
    ag_tensor *t = args[0].tensor, *b = args[1].tensor;
    if (!agi_check_right_side("solve_triangular", b, agi_rows_of(t)))
        return NULL;
    const solve_kind kind = {.how = {attr->i[0] != 0, attr->i[1] != 0, attr->i[2] != 0},
                             .n = agi_rows_of(t), .k = agi_cols_of(b)};
    const int64_t size[2] = {kind.n, kind.k};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    if (!agi_batch_of(t, b, 2, &ndim, batch))
        return NULL;
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, size);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    const int64_t *steps = agi_strides_of(t) + t->ndim - 2;
    m.scratch = is_plain_square(kind.n, steps[0], steps[1]) ? 0 : kind.n * kind.n;
    m.cost = AGI_CUBIC_COST(kind.n, kind.k);
    return agi_batch_made(&m, triangle_solve_matrix, &kind, 3, (ag_tensor *[]){t, b, z},
                      (int[]){2, 2, 2});
}

AG_RULE(triangle_solve)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    const bool upper = i[0] != 0, transposed = i[1] != 0, unit = i[2] != 0;
    const ag_arg y = v_triangle_solve(IN(0), G, upper, !transposed, unit);
    if (NEEDS(1))
        GX(1) = agi_sum_to_input(v, 1, y);
    if (!NEEDS(0))
        return;
    const ag_arg outer = transposed ? v_matmul_nt(OUT, y) : v_matmul_nt(y, OUT);
    const ag_arg part = v_triangle_of(outer, upper, !unit ? 0 : upper ? 1 : -1);
    GX(0) = agi_sum_to_input(v, 0, v_neg(part));
}

/* ---- lu_apply: op(A) x = b with the LU of A; i: transposed ---------------------------------- */

/* args: A, of which nothing is read, its LU (see lu_pack), b. db = y with op(A)^T y = g,
 * dA = -y x^T or its transpose.  Saves A for its place on the tape, the LU, and x for dA. */

/* The rows of x, which lie `step` apart with k numbers each, exchanged as the pivots say. */
static void exchange(double *x, int64_t n, int64_t k, int64_t row, int64_t col,
                     const double *pivots, bool back)
{
    for (int64_t s = 0; s < n; s++) {
        const int64_t i = back ? n - 1 - s : s, other = (int64_t)pivots[i] - 1;
        double *one = x + i * row, *two = x + other * row;
        for (int64_t j = 0; j < k && other != i; j++) {
            const double kept = one[j * col];
            one[j * col] = two[j * col];
            two[j * col] = kept;
        }
    }
}

static void solve_by_lu(const agi_blas_table *blas, bool transposed, int64_t n, int64_t k,
                        const double *lu, double *x)
{
    const double *pivots = lu + n * n;
    if (!transposed)
        exchange(x, n, k, k, 1, pivots, false);
    agi_solve_triangle(blas, (agi_triangle){transposed, transposed, !transposed}, n, k, lu, 1, n,
                       x, k, 1);
    agi_solve_triangle(blas, (agi_triangle){!transposed, transposed, transposed}, n, k, lu, 1, n,
                       x, k, 1);
    if (transposed)
        exchange(x, n, k, k, 1, pivots, true);
}

static int64_t lu_apply_matrix(const void *context, const agi_matrices *m, double *const *at,
                               double *scratch, const agi_blas_table *blas)
{
    const solve_kind *kind = context;
    (void)scratch;
    agi_copy_block((agi_block){at[2], kind->k, 1}, at[1], m->row[1], m->col[1], kind->n, kind->k);
    solve_by_lu(blas, kind->how.transposed, kind->n, kind->k, at[0], at[2]);
    return 0;
}

AG_FORWARD(lu_apply)
{
    ag_tensor *lu = args[1].tensor, *b = args[2].tensor;
    if (!agi_check_right_side("solve", b, agi_cols_of(lu)))
        return NULL;
    const solve_kind kind = {.how = {.transposed = attr->i[0] != 0}, .n = agi_rows_of(b),
                             .k = agi_cols_of(b)};
    const int64_t size[2] = {kind.n, kind.k};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    if (!agi_batch_of(lu, b, 2, &ndim, batch))
        return NULL;
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, size);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.cost = AGI_CUBIC_COST(kind.n, 2 * kind.k);
    return agi_batch_made(&m, lu_apply_matrix, &kind, 3, (ag_tensor *[]){lu, b, z},
                      (int[]){2, 2, 2});
}

AG_RULE(lu_apply)
{
    const bool transposed = agi_node_attr_of(v->node)->i[0] != 0;
    const ag_arg y = v_lu_solve(IN(0), IN(1), G, !transposed);
    if (NEEDS(2))
        GX(2) = agi_sum_to_input(v, 2, y);
    if (NEEDS(0))
        GX(0) = agi_sum_to_input(v, 0, v_neg(transposed ? v_matmul_nt(OUT, y)
                                                        : v_matmul_nt(y, OUT)));
}

/* ---- lu_inverse: A^-1 by the LU of A -------------------------------------------------------- */

/* args: A, of which nothing is read, and its LU. dA = -y^T g y^T.  Saves y. */

static void identity_into(double *z, int64_t n)
{
    memset(z, 0, (size_t)(n * n) * sizeof *z);
    for (int64_t i = 0; i < n; i++)
        z[i * (n + 1)] = 1.0;
}

/* By getri where there is one: in scratch, and then by rows. */
static bool inverse_by_lapack(const agi_blas_table *blas, int64_t n, const double *lu, double *z,
                              double *scratch)
{
    double *own = scratch, *work = own + n * n;
    int64_t *pivots = (int64_t *)(void *)(work + 32 * n), info = 0;
    const int64_t lwork = 32 * n;
    if (blas->dgetri == NULL)
        return false;
    memcpy(own, lu, (size_t)(n * n) * sizeof *own);
    for (int64_t i = 0; i < n; i++)
        pivots[i] = (int64_t)lu[n * n + i];
    agi_blas_narrow(blas, pivots, n);
    blas->dgetri(&n, own, &n, pivots, work, &lwork, &info);
    if (agi_blas_number(blas, info) != 0)
        return false;
    agi_copy_block((agi_block){z, n, 1}, own, 1, n, n, n);
    return true;
}

static int64_t lu_inverse_matrix(const void *context, const agi_matrices *m, double *const *at,
                                 double *scratch, const agi_blas_table *blas)
{
    const int64_t n = m->row[1];
    (void)context;
    if (inverse_by_lapack(blas, n, at[0], at[1], scratch))
        return 0;
    identity_into(at[1], n);
    solve_by_lu(blas, false, n, n, at[0], at[1]);
    return 0;
}

AG_FORWARD(lu_inverse)
{
    ag_tensor *a = args[0].tensor, *lu = args[1].tensor;
    ag_tensor *z = agi_tensor_new(a->ndim, agi_shape_of(a), a->numel);
    const int64_t n = agi_rows_of(a);
    agi_matrices m;
    (void)attr;
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, a->ndim - 2, agi_shape_of(a));
    m.scratch = n * n + 33 * n;
    m.cost = AGI_CUBIC_COST(n, 2 * n);
    return agi_batch_made(&m, lu_inverse_matrix, NULL, 2, (ag_tensor *[]){lu, z}, (int[]){2, 2});
}

AG_RULE(lu_inverse)
{
    const ag_arg y = OUT;
    GX(0) = v_neg(v_matmul_nt(v_matmul_tn(y, G), y));
}

/* ---- public: solve -------------------------------------------------------------------------- */

/* Whether b is one vector, or one for each matrix of A. */
static bool is_vector_for(const ag_tensor *a, const ag_tensor *b)
{
    return b->ndim == 1 ||
           (b->ndim == a->ndim - 1 &&
            agi_shape_equal(b->ndim, agi_shape_of(b), a->ndim - 1, agi_shape_of(a)));
}

/* Checks that op(A) x = b has fitting sizes; b has matrices. */
static bool check_system(const char *name, const ag_tensor *a, const ag_tensor *b, bool left,
                         int64_t n)
{
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    if (b->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "%s: The input tensor B must have at least 2 dimensions.", name);
        return false;
    }
    const int64_t of_b = left ? agi_rows_of(b) : agi_cols_of(b);
    if (of_b != n) {
        agi_fail(AG_ERR_SHAPE, "%s: Incompatible shapes of A and B for the equation %s "
                               "(%lldx%lld and %lldx%lld)", name, left ? "AX = B" : "XA = B",
                 (long long)agi_rows_of(a), (long long)agi_cols_of(a), (long long)agi_rows_of(b),
                 (long long)agi_cols_of(b));
        return false;
    }
    return agi_batch_of(a, b, 2, &ndim, batch);
}

static bool check_dtypes_of(const char *name, const ag_tensor *a, const ag_tensor *b)
{
    if (agi_dtype_of(a) == agi_dtype_of(b))
        return true;
    agi_fail(AG_ERR_SHAPE, "%s: Expected A and B to have the same dtype, but found A of type %s "
                           "and B of type %s instead", name, agi_dtype_name(agi_dtype_of(a)),
             agi_dtype_name(agi_dtype_of(b)));
    return false;
}

/* Whether no pivot is 0: else the first matrix with one, and the place of that pivot from 1 on; -1
 * where there is no factor. */
static bool is_regular(ag_arg lu, int64_t *at, int64_t *place)
{
    *at = -1;
    if (agi_value_failed(lu))
        return false;
    const agi_diagonals d = agi_diagonals_of_lu(lu.tensor);
    *at = agi_first_bad(&d, agi_tensor_data(lu.tensor), place);
    return *at < 0;
}

/* Whether no pivot is 0: else an error that names the first matrix. */
static bool check_solvable(ag_arg lu, bool is_ex)
{
    int64_t at, place;
    char text[64];
    if (is_regular(lu, &at, &place))
        return true;
    if (at < 0)
        return false;
    agi_fail(AG_ERR_LINALG, "torch.linalg.solve%s: %sThe solver failed because the input matrix is "
                            "singular.", is_ex ? "_ex" : "",
             agi_batch_text(text, lu.tensor->ndim > 2, at));
    return false;
}

/* info is given where it is wanted, and then nothing fails for a singular matrix. */
static ag_arg solved(ag_tensor *a, ag_tensor *b, bool left, bool checked, ag_arg *info)
{
    const bool is_vector = left && is_vector_for(a, b);
    const ag_arg lu = agi_constant_lu(agi_arg(a));
    ag_arg x = is_vector ? v_with_dim(agi_arg(b), -1) : left ? agi_arg(b) : v_mt(agi_arg(b));
    if (info != NULL)
        *info = agi_factor_info(lu, true);
    if (checked && !check_solvable(lu, info != NULL))
        return v_failed_matrix();
    x = v_lu_solve(agi_arg(a), lu, x, !left);
    return is_vector ? v_without_dim(x, -1) : left ? x : v_mt(x);
}

static bool check_solve(ag_tensor *a, ag_tensor *b, bool left)
{
    static const char name[] = "linalg.solve";
    if (!agi_check_matrices(name, a, true) || !agi_has_tensor(name, b) ||
        !check_dtypes_of(name, a, b))
        return false;
    if (!left || !is_vector_for(a, b))
        return check_system(name, a, b, left, agi_rows_of(a));
    if (agi_shape_of(b)[b->ndim - 1] != agi_rows_of(a)) {
        agi_fail(AG_ERR_SHAPE, "%s: Incompatible shapes of A and B for the equation AX = B "
                               "(%lldx%lld and %lldx1)", name, (long long)agi_rows_of(a),
                 (long long)agi_rows_of(a), (long long)agi_shape_of(b)[b->ndim - 1]);
        return false;
    }
    return true;
}

ag_tensor *ag_linalg_solve(ag_tensor *a, ag_tensor *b, bool left)
{
    const int64_t mark = check_solve(a, b, left) ? agi_scope_open() : -1;
    return mark < 0 ? NULL : agi_leave_with(mark, solved(a, b, left, true, NULL));
}

ag_status ag_linalg_solve_ex(ag_tensor *a, ag_tensor *b, bool left, bool check_errors,
                             ag_tensor **outs)
{
    ag_arg values[2];
    const int64_t mark =
        agi_has("linalg.solve_ex", outs, "memory for the results") && check_solve(a, b, left)
            ? agi_scope_open() : -1;
    if (mark < 0)
        return ag_last_status();
    values[0] = solved(a, b, left, check_errors, &values[1]);
    return agi_leave_with_all(mark, 2, values, outs);
}

/* ---- public: triangles ---------------------------------------------------------------------- */

/* x T = b is T^T x^T = b^T. */
ag_tensor *ag_linalg_solve_triangular(ag_tensor *a, ag_tensor *b, bool upper, bool left,
                                      bool unitriangular)
{
    static const char name[] = "linalg.solve_triangular";
    if (!agi_check_matrices(name, a, true) || !agi_has_tensor(name, b) ||
        !check_dtypes_of(name, a, b) || !check_system(name, a, b, left, agi_rows_of(a)))
        return NULL;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    const ag_arg t = agi_arg(a), from = left ? agi_arg(b) : v_mt(agi_arg(b));
    const ag_arg x = v_triangle_solve(t, from, upper, !left, unitriangular);
    return agi_leave_with(mark, left ? x : v_mt(x));
}

/* A = L L^T, or U^T U. */
static ag_arg solved_by_cholesky(ag_arg b, ag_arg l, bool upper)
{
    return v_triangle_solve(l, v_triangle_solve(l, b, upper, upper, false), upper, !upper, false);
}

ag_tensor *ag_cholesky_solve(ag_tensor *b, ag_tensor *l, bool upper)
{
    if (!agi_has_tensors("cholesky_solve", b, l))
        return NULL;
    if (b->ndim < 2 || l->ndim < 2)
        return agi_fail_null(AG_ERR_SHAPE, "%s should have at least 2 dimensions, but has %d "
                                           "dimensions instead", b->ndim < 2 ? "b" : "u",
                             b->ndim < 2 ? b->ndim : l->ndim);
    if (!agi_check_matrices("cholesky_solve", l, true) ||
        !agi_check_real("cholesky_solve", b))
        return NULL;
    if (agi_rows_of(b) != agi_rows_of(l))
        return agi_fail_null(AG_ERR_SHAPE, "Incompatible matrix sizes for cholesky_solve: each A "
                                           "matrix is %lld by %lld but each b matrix is %lld by "
                                           "%lld", (long long)agi_rows_of(l),
                             (long long)agi_cols_of(l), (long long)agi_rows_of(b),
                             (long long)agi_cols_of(b));
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL
                    : agi_leave_with(mark, solved_by_cholesky(agi_arg(b), agi_arg(l), upper));
}

ag_tensor *ag_cholesky_inverse(ag_tensor *l, bool upper)
{
    if (!agi_check_matrices("cholesky_inverse", l, true))
        return NULL;
    const int64_t mark = agi_scope_open(), n = agi_rows_of(l);
    if (mark < 0)
        return NULL;
    return agi_leave_with(mark, solved_by_cholesky(v_unit(n, n), agi_arg(l), upper));
}

ag_status ag_triangular_solve(ag_tensor *b, ag_tensor *a, bool upper, bool transpose,
                              bool unitriangular, ag_tensor **outs)
{
    static const char name[] = "triangular_solve";
    if (!agi_has_tensors(name, b, a) || !agi_has(name, outs, "memory for the results") ||
        !agi_check_matrices(name, a, true) || !check_dtypes_of(name, a, b) ||
        !check_system(name, a, b, true, agi_rows_of(a)))
        return ag_last_status();
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const ag_arg values[2] = {
        v_triangle_solve(agi_arg(a), agi_arg(b), upper, transpose, unitriangular),
        agi_value(AG_OP_clone, 1, (ag_arg[]){agi_arg(a)}, NULL)};
    return agi_leave_with_all(mark, 2, values, outs);
}

/* ---- public: inverses ----------------------------------------------------------------------- */

static bool check_invertible(ag_arg lu, bool is_ex)
{
    int64_t at, place;
    char text[64];
    if (is_regular(lu, &at, &place))
        return true;
    if (at < 0)
        return false;
    agi_fail(AG_ERR_LINALG, "linalg.inv%s: %sThe diagonal element %lld is zero, the inversion "
                            "could not be completed because the input matrix is singular.",
             is_ex ? "_ex" : "", agi_batch_text(text, lu.tensor->ndim > 2, at), (long long)place);
    return false;
}

ag_tensor *ag_linalg_inv(ag_tensor *a)
{
    const int64_t mark = agi_check_matrices("linalg.inv", a, true) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    const ag_arg lu = agi_constant_lu(agi_arg(a));
    return agi_leave_with(mark, check_invertible(lu, false) ? v_lu_inverse(agi_arg(a), lu)
                                                       : v_failed_matrix());
}

ag_tensor *ag_inverse(ag_tensor *a) { return ag_linalg_inv(a); }

ag_status ag_linalg_inv_ex(ag_tensor *a, bool check_errors, ag_tensor **outs)
{
    if (!agi_check_matrices("linalg.inv", a, true) ||
        !agi_has("linalg.inv_ex", outs, "memory for the results"))
        return ag_last_status();
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const ag_arg lu = agi_constant_lu(agi_arg(a));
    const bool ok = !check_errors || check_invertible(lu, true);
    const ag_arg values[2] = {ok ? v_lu_inverse(agi_arg(a), lu) : v_failed_matrix(),
                              agi_factor_info(lu, true)};
    return agi_leave_with_all(mark, 2, values, outs);
}

/* ---- public: lu_solve ----------------------------------------------------------------------- */

static bool check_pivots_of(const ag_tensor *pivots, const ag_tensor *lu)
{
    static const char name[] = "linalg.lu_solve";
    const int64_t n = agi_rows_of(lu);
    if (agi_dtype_of(pivots) != AG_INT64) {
        agi_fail(AG_ERR_SHAPE, "%s: pivots should be a Tensor of scalar type torch.int64", name);
        return false;
    }
    if (!agi_shape_equal(pivots->ndim, agi_shape_of(pivots), lu->ndim - 1, agi_shape_of(lu))) {
        agi_fail(AG_ERR_SHAPE, "%s: expected LU of shape (..., n, n) and pivots of shape (..., n) "
                               "to have the same sizes", name);
        return false;
    }
    ag_tensor *dense = agi_row_major_of((ag_tensor *)(uintptr_t)pivots);
    bool ok = dense != NULL;
    for (int64_t i = 0; ok && i < dense->numel; i++) {
        const double k = agi_tensor_data(dense)[i];
        ok = k >= 1.0 && k <= (double)n;
        if (!ok)
            agi_fail(AG_ERR_SHAPE, "Pivots given to lu_solve must all be %s. Did you properly "
                                   "pass the result of lu_factor?", k < 1.0
                     ? "greater or equal to 1" : "smaller or equal to LU.size(-2)");
    }
    agi_release(dense);
    return ok;
}

static ag_arg lu_solved(ag_arg lu, ag_arg pivots, ag_arg b, bool transposed)
{
    if (!transposed)
        b = v_lu_rows(pivots, b, false);
    const ag_arg half = v_triangle_solve(lu, b, transposed, transposed, !transposed);
    const ag_arg x = v_triangle_solve(lu, half, !transposed, transposed, transposed);
    return transposed ? v_lu_rows(pivots, x, true) : x;
}

ag_tensor *ag_linalg_lu_solve(ag_tensor *lu, ag_tensor *pivots, ag_tensor *b, bool left,
                              bool adjoint)
{
    static const char name[] = "linalg.lu_solve";
    if (!agi_check_matrices(name, lu, true) || !agi_has_tensors(name, pivots, b) ||
        !check_dtypes_of(name, lu, b) || !check_system(name, lu, b, left, agi_rows_of(lu)) ||
        !check_pivots_of(pivots, lu))
        return NULL;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    const ag_arg from = left ? agi_arg(b) : v_mt(agi_arg(b));
    const ag_arg x = lu_solved(agi_arg(lu), agi_arg(pivots), from, adjoint == left);
    return agi_leave_with(mark, left ? x : v_mt(x));
}

ag_tensor *ag_lu_solve(ag_tensor *b, ag_tensor *lu, ag_tensor *pivots)
{
    return ag_linalg_lu_solve(lu, pivots, b, true, false);
}
