/* SPDX-License-Identifier: MIT
 *
 * Systems of equations with banded matrices. Row u + i - j of ab, in column j, is A[i][j], for u
 * diagonals above the main one and l below, as SciPy has them.
 */
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tensor/copy.h"
#include "../tensor/scope.h"
#include "linalg.h"
#include "table.h"

/* Ops take l, u and, where A may be transposed, whether it is, in i[]. */
typedef struct band_shape {
    int64_t n, l, u, k;
    bool transposed;
} band_shape;

/* The first row of A in column j, and behind the last. */
static int64_t first_in_band(const band_shape *s, int64_t j) { return j > s->u ? j - s->u : 0; }
static int64_t behind_band(const band_shape *s, int64_t j)
{
    return j + s->l + 1 < s->n ? j + s->l + 1 : s->n;
}

static bool run_band(agi_matrix_fn fn, const band_shape *s, int64_t scratch, agi_matrices *m,
                     int ndim, const int64_t *batch, ag_tensor *const *all)
{
    agi_matrices_start(m, ndim, batch);
    m->scratch = scratch;
    m->cost = 100.0 + (double)((s->l + s->u + 1) * s->n * (s->l + s->k));
    return agi_batch_run(m, fn, s, 3, all, (int[]){2, 2, 2}) == AG_OK;
}

static ag_tensor *band_result(const ag_arg *args, int64_t rows, int64_t cols, int *ndim,
                              int64_t *batch)
{
    const int64_t size[2] = {rows, cols};
    return agi_batch_of(args[0].tensor, args[1].tensor, 2, ndim, batch)
               ? agi_batch_tensor(*ndim, batch, 2, size) : NULL;
}

/* ---- banded_solve: op(A) x = b; db = y with op(A)^T y = g, dA = -y x^T or its transpose ----- */

static int64_t banded_solve_matrix(const void *context, const agi_matrices *m, double *const *at,
                                   double *scratch, const agi_blas_table *blas)
{
    const band_shape *s = context;
    const int64_t n = s->n, l = s->transposed ? s->u : s->l, u = s->transposed ? s->l : s->u;
    const int64_t ld = 2 * l + u + 1;
    double *ab = scratch, *x = ab + ld * n;
    int64_t *pivots = (int64_t *)(void *)(x + n * s->k), info = 0;
    memset(ab, 0, (size_t)(ld * n) * sizeof *ab);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = first_in_band(s, j); i < behind_band(s, j); i++) {
            const double a = at[0][(s->u + i - j) * m->row[0] + j * m->col[0]];
            const int64_t r = s->transposed ? j : i, c = s->transposed ? i : j;
            ab[l + u + r - c + c * ld] = a;
        }
    agi_matrix_by_columns(x, n, at[1], m->row[1], m->col[1], n, s->k);
    blas->dgbsv(&n, &l, &u, &s->k, ab, &ld, pivots, x, &n, &info);
    agi_copy_block((agi_block){at[2], s->k, 1}, x, 1, n, n, s->k);
    return agi_blas_number(blas, info);
}

AG_FORWARD(banded_solve)
{
    ag_tensor *ab = args[0].tensor, *b = args[1].tensor;
    if (!agi_check_right_side("solve_banded", b, agi_cols_of(ab)))
        return NULL;
    const band_shape s = {.n = agi_cols_of(ab), .l = attr->i[0], .u = attr->i[1],
                          .k = agi_cols_of(b), .transposed = attr->i[2] != 0};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    char text[64];
    if (!AGI_BLAS_HAS(agi_blas_now(), dgbsv, "solve_banded"))
        return NULL;
    ag_tensor *z = band_result(args, s.n, s.k, &ndim, batch);
    if (z == NULL || z->numel == 0)
        return z;
    const int64_t scratch = (2 * s.l + 2 * s.u + 2) * s.n + s.n * s.k + s.n;
    if (run_band(banded_solve_matrix, &s, scratch, &m, ndim, batch, (ag_tensor *[]){ab, b, z})) {
        if (m.failed < 0)
            return z;
        agi_fail(AG_ERR_LINALG, "linalg.solve_banded: %sThe solver failed because the input "
                                "matrix is singular.", agi_batch_text(text, ndim > 0, m.failed));
    }
    agi_release(z);
    return NULL;
}

static ag_arg band_op(int op, ag_arg x, ag_arg y, const int64_t *i, bool transposed)
{
    const ag_arg args[2] = {x, y};
    const ag_attr attr = {.i = {i[0], i[1], transposed}};
    return agi_value(op, 2, args, &attr);
}

AG_RULE(banded_solve)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    const bool transposed = i[2] != 0;
    const ag_arg y = band_op(AG_OP_banded_solve, IN(0), G, i, !transposed);
    if (NEEDS(1))
        GX(1) = agi_sum_to_input(v, 1, y);
    if (!NEEDS(0))
        return;
    const ag_arg x = OUT;
    const ag_arg outer = transposed ? band_op(AG_OP_band_of_product, x, y, i, false)
                                    : band_op(AG_OP_band_of_product, y, x, i, false);
    GX(0) = agi_sum_to_input(v, 0, v_neg(outer));
}

/* ---- band_of_product: the band of x y^T; dx = B(g) y, dy = B(g)^T x ------------------------- */

static int64_t band_of_product_matrix(const void *context, const agi_matrices *m,
                                      double *const *at, double *scratch,
                                      const agi_blas_table *blas)
{
    const band_shape *s = context;
    double *z = at[2];
    (void)scratch, (void)blas;
    memset(z, 0, (size_t)((s->l + s->u + 1) * s->n) * sizeof *z);
    for (int64_t j = 0; j < s->n; j++)
        for (int64_t i = first_in_band(s, j); i < behind_band(s, j); i++) {
            double sum = 0.0;
            for (int64_t c = 0; c < s->k; c++)
                sum += at[0][i * m->row[0] + c * m->col[0]] * at[1][j * m->row[1] + c * m->col[1]];
            z[(s->u + i - j) * s->n + j] = sum;
        }
    return 0;
}

AG_FORWARD(band_of_product)
{
    ag_tensor *x = args[0].tensor, *y = args[1].tensor;
    if (x->ndim < 2 || !agi_check_right_side("solve_banded", y, agi_rows_of(x)) ||
        agi_cols_of(y) != agi_cols_of(x))
        return agi_fail_null(AG_ERR_SHAPE, "solve_banded: expected matrices of one shape");
    const band_shape s = {.n = agi_rows_of(x), .l = attr->i[0], .u = attr->i[1],
                          .k = agi_cols_of(x)};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    ag_tensor *z = band_result(args, s.l + s.u + 1, s.n, &ndim, batch);
    if (z == NULL || z->numel == 0 ||
        run_band(band_of_product_matrix, &s, 0, &m, ndim, batch, (ag_tensor *[]){x, y, z}))
        return z;
    agi_release(z);
    return NULL;
}

AG_RULE(band_of_product)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    if (NEEDS(0))
        GX(0) = agi_sum_to_input(v, 0, band_op(AG_OP_band_times, G, IN(1), i, false));
    if (NEEDS(1))
        GX(1) = agi_sum_to_input(v, 1, band_op(AG_OP_band_times, G, IN(0), i, true));
}

/* ---- band_times: op(A) x; dA = the band of g x^T or its transpose, dx = op(A)^T g ----------- */

static int64_t band_times_matrix(const void *context, const agi_matrices *m, double *const *at,
                                 double *scratch, const agi_blas_table *blas)
{
    const band_shape *s = context;
    double *z = at[2];
    (void)scratch, (void)blas;
    memset(z, 0, (size_t)(s->n * s->k) * sizeof *z);
    for (int64_t j = 0; j < s->n; j++)
        for (int64_t i = first_in_band(s, j); i < behind_band(s, j); i++) {
            const double a = at[0][(s->u + i - j) * m->row[0] + j * m->col[0]];
            const int64_t r = s->transposed ? j : i, from = s->transposed ? i : j;
            for (int64_t c = 0; c < s->k; c++)
                z[r * s->k + c] += a * at[1][from * m->row[1] + c * m->col[1]];
        }
    return 0;
}

AG_FORWARD(band_times)
{
    ag_tensor *ab = args[0].tensor, *x = args[1].tensor;
    if (!agi_check_right_side("solve_banded", x, agi_cols_of(ab)))
        return NULL;
    const band_shape s = {.n = agi_rows_of(x), .l = attr->i[0], .u = attr->i[1],
                          .k = agi_cols_of(x), .transposed = attr->i[2] != 0};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    ag_tensor *z = band_result(args, s.n, s.k, &ndim, batch);
    if (z == NULL || z->numel == 0 ||
        run_band(band_times_matrix, &s, 0, &m, ndim, batch, (ag_tensor *[]){ab, x, z}))
        return z;
    agi_release(z);
    return NULL;
}

AG_RULE(band_times)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    const bool transposed = i[2] != 0;
    if (NEEDS(0))
        GX(0) = agi_sum_to_input(v, 0, transposed
                                           ? band_op(AG_OP_band_of_product, IN(1), G, i, false)
                                           : band_op(AG_OP_band_of_product, G, IN(1), i, false));
    if (NEEDS(1))
        GX(1) = agi_sum_to_input(v, 1, band_op(AG_OP_band_times, IN(0), G, i, !transposed));
}

/* ---- public --------------------------------------------------------------------------------- */

static bool check_band(const char *name, const ag_tensor *ab, const ag_tensor *b, int64_t rows)
{
    if (!agi_has_tensors(name, ab, b) || !agi_check_matrices(name, ab, false) ||
        !agi_check_real(name, b))
        return false;
    if (agi_rows_of(ab) != rows) {
        agi_fail(AG_ERR_VALUE, "%s: ab should have %lld rows, one for each diagonal, but it has "
                               "%lld", name, (long long)rows, (long long)agi_rows_of(ab));
        return false;
    }
    const int64_t n = agi_cols_of(ab);
    const int64_t of_b = b->ndim == 1 ? b->numel : b->ndim > 1 ? agi_rows_of(b) : -1;
    if (of_b == n)
        return true;
    agi_fail(AG_ERR_VALUE, "%s: shapes of ab and b are not compatible: there are %lld columns and "
                           "%lld numbers", name, (long long)n, (long long)of_b);
    return false;
}

static ag_arg banded_solution(ag_arg ab, ag_tensor *b, const int64_t *i)
{
    const bool is_vector = b->ndim == 1;
    const ag_arg right = is_vector ? v_with_dim(agi_arg(b), -1) : agi_arg(b);
    const ag_arg x = band_op(AG_OP_banded_solve, ab, right, i, false);
    return is_vector ? v_without_dim(x, -1) : x;
}

ag_tensor *ag_linalg_solve_banded(int n, const int64_t *l_and_u, ag_tensor *ab, ag_tensor *b)
{
    static const char name[] = "linalg.solve_banded";
    if (!agi_check_list(name, "numbers of diagonals", n, l_and_u, false))
        return NULL;
    if (n != 2 || l_and_u[0] < 0 || l_and_u[1] < 0 || l_and_u[0] > INT32_MAX ||
        l_and_u[1] > INT32_MAX)
        return agi_fail_null(AG_ERR_VALUE, "%s: l_and_u should be how many diagonals there are "
                                           "below and above the main one", name);
    if (!check_band(name, ab, b, l_and_u[0] + l_and_u[1] + 1))
        return NULL;
    const int64_t mark = agi_scope_open();
    return mark < 0 ? NULL : agi_leave_with(mark, banded_solution(agi_arg(ab), b, l_and_u));
}

/* The rows of a symmetric band of p diagonals beside the main one, as those of any band: each of
 * the other triangle is one of these, moved along. */
static ag_arg both_sides(ag_arg ab, int64_t p, bool lower)
{
    ag_arg all = agi_number(0.0);
    for (int64_t r = -p; r <= p; r++) {  /* how far above, where negative, a diagonal is */
        const int64_t far = r < 0 ? -r : r, row = lower ? far : p - far;
        const bool is_there = lower ? r >= 0 : r <= 0;
        const ag_arg one = v_slice_of(ab, -2, row, row + 1);
        const ag_attr moved = {.f = {0.0}, .i = {-1, lower ? far : -far}};
        const ag_arg next = is_there ? one : agi_value(AG_OP_shift, 1, &one, &moved);
        all = r == -p ? next : agi_v_joined(all, next, -2);
    }
    return all;
}

ag_tensor *ag_linalg_solveh_banded(ag_tensor *ab, ag_tensor *b, bool lower)
{
    static const char name[] = "linalg.solveh_banded";
    if (!agi_has_tensor(name, ab) || !agi_check_matrices(name, ab, false))
        return NULL;
    const int64_t p = agi_rows_of(ab) - 1, i[2] = {p, p};
    if (p < 0)
        return agi_fail_null(AG_ERR_VALUE, "%s: ab should have a row for each diagonal", name);
    if (!check_band(name, ab, b, p + 1))
        return NULL;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    return agi_leave_with(mark, banded_solution(both_sides(agi_arg(ab), p, lower), b, i));
}
