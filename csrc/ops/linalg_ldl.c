/* SPDX-License-Identifier: MIT
 *
 * Factors of symmetric matrices that need not be definite, P A P^T = L D L^T, as LAPACK's sytrf
 * has them: D has blocks of one or two rows in its diagonal, and L ones.
 *
 * L and D lie in one another, in the lower triangle. A pivot k > 0 is of a block of one row, which
 * was exchanged with row k; -k, twice, of a block of two, the second of which was. The columns of L
 * lie as they were when they were made: they lack the exchanges of later blocks.
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

/* ---- ldl_plan: (..., 2, n): what pivots say ------------------------------------------------- */

/* The number of the row, from 1 on, that each was exchanged with in turn, as lu_rows takes it; and
 * the number of the first row of its block. */
static int64_t plan_matrix(const void *context, const agi_matrices *m, double *const *at,
                           double *scratch, const agi_blas_table *blas)
{
    const int64_t n = *(const int64_t *)context, step = m->row[0];
    double *exchanged = at[1], *first = exchanged + n;
    (void)scratch, (void)blas;
    for (int64_t i = 0; i < n; i++) {
        const double pivot = at[0][i * step];
        first[i] = exchanged[i] = (double)(i + 1);
        if (pivot >= 0.0 || i + 1 == n) {
            exchanged[i] = fabs(pivot);
            continue;
        }
        first[i + 1] = (double)(i + 1);
        exchanged[i + 1] = fabs(at[0][(i + 1) * step]);
        i++;
    }
    return 0;
}

AG_FORWARD(ldl_plan)
{
    ag_tensor *pivots = args[0].tensor;
    const int64_t n = agi_cols_of(pivots), size[2] = {2, n};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    (void)attr;
    agi_batch_of(pivots, NULL, 1, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, size);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.cost = 20.0 + (double)n;
    return agi_batch_made(&m, plan_matrix, &n, 2, (ag_tensor *[]){pivots, z}, (int[]){1, 2});
}

/* ---- ldl_turn: the columns of L with all exchanges, or back; linear in x -------------------- */

static int64_t turn_matrix(const void *context, const agi_matrices *m, double *const *at,
                           double *scratch, const agi_blas_table *blas)
{
    const int64_t *c = context, n = c[0], row = m->row[0], col = m->col[0];
    const bool back = c[1] != 0;
    const double *plan = at[0];
    double *z = at[2];
    (void)scratch, (void)blas;
    agi_copy_block((agi_block){z, n, 1}, at[1], m->row[1], m->col[1], n, n);
    for (int64_t step = 0; step < n; step++) {
        const int64_t i = back ? n - 1 - step : step;
        const int64_t other = (int64_t)plan[i * col] - 1, first = (int64_t)plan[row + i * col] - 1;
        for (int64_t j = 0; j < first && other != i; j++) {
            const double kept = z[i * n + j];
            z[i * n + j] = z[other * n + j];
            z[other * n + j] = kept;
        }
    }
    return 0;
}

/* args: the plan; square matrices. i: back. */
AG_FORWARD(ldl_turn)
{
    ag_tensor *plan = args[0].tensor, *x = args[1].tensor;
    const int64_t n = agi_cols_of(plan), c[2] = {n, attr->i[0]}, size[2] = {n, n};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    if (!agi_check_right_side("ldl_factor", x, n) || !agi_batch_of(plan, x, 2, &ndim, batch))
        return NULL;
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, size);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.cost = 20.0 + (double)(n * n);
    return agi_batch_made(&m, turn_matrix, c, 3, (ag_tensor *[]){plan, x, z}, (int[]){2, 2, 2});
}

static ag_arg v_ldl_turn(ag_arg plan, ag_arg x, bool back)
{
    const ag_arg args[2] = {plan, x};
    const ag_attr attr = {.i = {back}};
    return agi_value(AG_OP_ldl_turn, 2, args, &attr);
}

AG_RULE(ldl_turn)
{
    const bool back = agi_node_attr_of(v->node)->i[0] != 0;
    GX(1) = agi_sum_to_input(v, 1, v_ldl_turn(IN(0), G, !back));
}

/* ---- the parts of a factor ------------------------------------------------------------------ */

typedef struct ldl_parts {
    ag_arg plan, exchanged;
    ag_arg blocks;  /* whether a place is in a block of D */
    ag_arg l, d;
} ldl_parts;

/* What stands below the diagonal, outside of the blocks. */
static ag_arg below_blocks(ag_arg x, const ldl_parts *s)
{
    return v_where(s->blocks, NUM(0.0), v_triangle_of(x, false, -1));
}

static ag_arg in_blocks(ag_arg x, const ldl_parts *s)
{
    return v_where(s->blocks, v_triangle_of(x, false, 0), NUM(0.0));
}

static ldl_parts parts_of_ldl(ag_arg ld, ag_arg pivots)
{
    ldl_parts s;
    const ag_arg fixed = v_constant(pivots);
    s.plan = agi_value(AG_OP_ldl_plan, 1, &fixed, NULL);
    s.exchanged = agi_last_row_of(s.plan, 0);
    const ag_arg first = agi_last_row_of(s.plan, 1);
    s.blocks = v_eq(v_with_dim(first, -1), v_with_dim(first, -2));
    const ag_arg all = v_ldl_turn(s.plan, v_triangle_of(ld, false, 0), false);
    const ag_arg low = in_blocks(all, &s);
    s.d = v_add(low, v_mt(v_triangle_of(low, false, -1)));
    s.l = below_blocks(all, &s);
    if (!agi_value_failed(s.l))
        s.l = v_add(s.l, v_unit(agi_rows_of(s.l.tensor), agi_rows_of(s.l.tensor)));
    return s;
}

/* P x P^T, or back. */
static ag_arg exchanged_both(const ldl_parts *s, ag_arg x, bool back)
{
    return v_lu_rows(s->exchanged, v_mt(v_lu_rows(s->exchanged, v_mt(x), back)), back);
}

/* ---- ldl_pack: (..., n + 1, n): the columns of L and D in one another, pivots behind them ---- */

static int64_t ldl_work(int64_t n) { return 64 * n; }

static int64_t ldl_matrix(const void *context, const agi_matrices *m, double *const *at,
                          double *scratch, const agi_blas_table *blas)
{
    const int64_t n = *(const int64_t *)context, lwork = ldl_work(n);
    int64_t info = 0, *pivots = (int64_t *)(void *)(scratch + lwork);
    double *z = at[1];
    agi_matrix_by_columns(z, n, at[0], m->row[0], m->col[0], n, n);
    blas->dsytrf("L", &n, z, &n, pivots, scratch, &lwork, &info, 1);
    agi_blas_widen(blas, pivots, n);
    for (int64_t j = 0; j < n; j++) {
        memset(z + j * n, 0, (size_t)j * sizeof *z);
        z[n * n + j] = (double)pivots[j];
    }
    return 0;
}

AG_FORWARD(ldl_pack)
{
    ag_tensor *a = args[0].tensor;
    const int64_t n = agi_rows_of(a), packed[2] = {n + 1, n};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    (void)attr;
    if (!AGI_BLAS_HAS(agi_blas_now(), dsytrf, "ldl_factor"))
        return NULL;
    agi_batch_of(a, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, packed);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.scratch = ldl_work(n) + n;
    m.cost = AGI_CUBIC_COST(n, n);
    return agi_batch_made(&m, ldl_matrix, &n, 2, (ag_tensor *[]){a, z}, (int[]){2, 2});
}

/* With F = L^-1 (P dA P^T) L^-T, dL is L times what F D^-1 has below the blocks, and dD what F has
 * in them. So with M = L^T gL D^-1 below the blocks, and gD in them, dA is P^T L^-T M L^-1 P, made
 * symmetric (as Murray 2016, arXiv:1602.07527, for Cholesky's factor). */
AG_RULE(ldl_pack)
{
    const ag_arg packed = OUT;
    if (agi_rule_of_no_matrix(v, packed))
        return;
    const int64_t n = agi_cols_of(packed.tensor);
    const ag_arg ld = v_mt(v_slice_of(packed, -2, 0, n));
    const ldl_parts s = parts_of_ldl(ld, agi_last_row_of(packed, n));
    const ag_arg g = v_ldl_turn(s.plan, v_triangle_of(v_mt(v_slice_of(G, -2, 0, n)), false, 0),
                                false);
    const ag_arg of_l = v_matmul_tn(s.l, below_blocks(g, &s));
    const ag_arg divided = v_mt(v_solve(s.d, v_mt(of_l), false));
    const ag_arg half = v_add(below_blocks(divided, &s), in_blocks(g, &s));
    const ag_arg both = v_mul(v_add(half, v_mt(half)), NUM(0.5));
    const ag_arg left = v_triangle_solve(s.l, both, false, true, true);
    const ag_arg slope = v_triangle_solve(s.l, v_mt(left), false, true, true);
    GX(0) = exchanged_both(&s, slope, true);
}

/* The place from 1 on of the first block of D that is one 0, or NaN; 0 where there is none. */
AG_FORWARD(ldl_info)
{
    const ag_tensor *x = args[0].tensor;
    const int64_t n = agi_cols_of(x);
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    (void)attr;
    agi_batch_of(x, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 0, NULL);
    for (int64_t i = 0; z != NULL && i < z->numel; i++) {
        const double *one = agi_tensor_data(x) + i * n * (n + 1), *pivots = one + n * n;
        int64_t bad = 0;
        for (int64_t j = 0; j < n && bad == 0; j++)
            if (pivots[j] > 0.0 && !(fabs(one[j * (n + 1)]) > 0.0))
                bad = j + 1;
        agi_tensor_data(z)[i] = (double)bad;
    }
    return z;
}

/* ---- ldl_apply: A x = b by the factor of A -------------------------------------------------- */

/* args: L and D in one another; pivots; b. db = y with A y = g; and with S = -P y x^T P^T,
 * gL = (S + S^T) L D and gD = L^T S L.  Saves the factor, and x for the factor's gradient. */

typedef struct ldl_kind {
    int64_t n, k;
} ldl_kind;

static int64_t ldl_apply_matrix(const void *context, const agi_matrices *m, double *const *at,
                                double *scratch, const agi_blas_table *blas)
{
    const ldl_kind *kind = context;
    const int64_t n = kind->n, k = kind->k;
    double *ld = scratch, *x = ld + n * n;
    int64_t *pivots = (int64_t *)(void *)(x + n * k), info = 0;
    agi_matrix_by_columns(ld, n, at[0], m->row[0], m->col[0], n, n);
    agi_matrix_by_columns(x, n, at[2], m->row[2], m->col[2], n, k);
    for (int64_t i = 0; i < n; i++)
        pivots[i] = (int64_t)at[1][i * m->row[1]];
    agi_blas_narrow(blas, pivots, n);
    blas->dsytrs("L", &n, &k, ld, &n, pivots, x, &n, &info, 1);
    agi_copy_block((agi_block){at[3], k, 1}, x, 1, n, n, k);
    return 0;
}

AG_FORWARD(ldl_apply)
{
    ag_tensor *ld = args[0].tensor, *pivots = args[1].tensor, *b = args[2].tensor;
    if (!AGI_BLAS_HAS(agi_blas_now(), dsytrs, "ldl_solve") ||
        !agi_check_right_side("ldl_solve", b, agi_rows_of(ld)))
        return NULL;
    const ldl_kind kind = {.n = agi_rows_of(b), .k = agi_cols_of(b)};
    const int64_t size[2] = {kind.n, kind.k};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    (void)attr;
    if (!agi_batch_of(ld, b, 2, &ndim, batch))
        return NULL;
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, size);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.scratch = kind.n * kind.n + kind.n * kind.k + kind.n;
    m.cost = AGI_CUBIC_COST(kind.n, 2 * kind.k);
    return agi_batch_made(&m, ldl_apply_matrix, &kind, 4, (ag_tensor *[]){ld, pivots, b, z},
                          (int[]){2, 1, 2, 2});
}

static ag_arg v_ldl_solve(ag_arg ld, ag_arg pivots, ag_arg b)
{
    const ag_arg args[3] = {ld, pivots, b};
    return agi_value(AG_OP_ldl_apply, 3, args, NULL);
}

AG_RULE(ldl_apply)
{
    const ag_arg y = v_ldl_solve(IN(0), IN(1), G);
    if (NEEDS(2))
        GX(2) = agi_sum_to_input(v, 2, y);
    if (!NEEDS(0))
        return;
    const ldl_parts s = parts_of_ldl(IN(0), IN(1));
    const ag_arg slope = v_neg(exchanged_both(&s, v_matmul_nt(y, OUT), false));
    const ag_arg both = v_add(slope, v_mt(slope));
    const ag_arg of_l = v_matmul(both, v_matmul(s.l, s.d));
    const ag_arg of_d = v_matmul_tn(s.l, v_matmul(both, s.l));
    const ag_arg once = v_sub(of_d, v_mul(v_diagonal_matrix(v_diagonal_of(of_d)), NUM(0.5)));
    const ag_arg all = v_add(below_blocks(of_l, &s), in_blocks(once, &s));
    GX(0) = agi_sum_to_input(v, 0, v_ldl_turn(s.plan, all, true));
}

/* ---- public --------------------------------------------------------------------------------- */

/* Whether no block of D is 0: else an error that names the first one. */
static bool check_blocks(const char *name, ag_arg info)
{
    char text[64];
    if (agi_value_failed(info))
        return false;
    for (int64_t i = 0; i < info.tensor->numel; i++) {
        const long long place = (long long)agi_tensor_data(info.tensor)[i];
        if (place == 0)
            continue;
        agi_fail(AG_ERR_LINALG, "torch.linalg.%s: %sD[%lld,%lld] is zero or nan, and ldl_solve "
                                "would divide by it. linalg.ldl_factor_ex gives the factor anyway.",
                 name, agi_batch_text(text, info.tensor->ndim > 0, i), place, place);
        return false;
    }
    return true;
}

static ag_status ldl_factors(const char *name, ag_tensor *a, bool checked, int n, ag_tensor **outs)
{
    if (!agi_check_matrices("torch.linalg.ldl_factor_ex", a, true) ||
        !agi_has("linalg.ldl_factor", outs, "memory for the results"))
        return ag_last_status();
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return ag_last_status();
    const ag_arg arg = agi_arg(a), packed = agi_value(AG_OP_ldl_pack, 1, &arg, NULL);
    const ag_arg fixed = v_constant(packed), info = agi_value(AG_OP_ldl_info, 1, &fixed, NULL);
    const bool ok = !checked || check_blocks(name, info);
    const ag_arg values[3] = {
        ok ? v_mt(v_slice_of(packed, -2, 0, agi_rows_of(a))) : v_failed_matrix(),
        agi_value(AG_OP_lu_pivots, 1, &fixed, NULL), info};
    return agi_leave_with_all(mark, n, values, outs);
}

/* hermitian says something of complex matrices alone. */
ag_status ag_linalg_ldl_factor(ag_tensor *a, bool hermitian, ag_tensor **outs)
{
    (void)hermitian;
    return ldl_factors("ldl_factor", a, true, 2, outs);
}

ag_status ag_linalg_ldl_factor_ex(ag_tensor *a, bool hermitian, bool check_errors,
                                  ag_tensor **outs)
{
    (void)hermitian;
    return ldl_factors("ldl_factor_ex", a, check_errors, 3, outs);
}

/* Whether n pivots are such as ldl_factor makes, so that dsytrs stays inside of its matrix. */
static bool check_ldl_pivots(const double *pivots, int64_t n)
{
    static const char whence[] = "Did you properly pass the result of ldl_factor?";
    for (int64_t i = 0; i < n; i++) {
        const double size = fabs(pivots[i]);
        if (size < 1.0 || size > (double)n)
            return agi_fail(AG_ERR_SHAPE, "Pivots given to ldl_solve must all satisfy |pivot| %s. "
                                          "%s", size < 1.0 ? ">= 1" : "<= LD.size(-2)", whence) ==
                   AG_OK;
    }
    for (int64_t i = 0; i < n; i++)
        if (pivots[i] < 0.0 && (++i == n || pivots[i] > 0.0))
            return agi_fail(AG_ERR_SHAPE, "Pivots given to ldl_solve must have negative ones in "
                                          "pairs. %s", whence) == AG_OK;
    return true;
}

static bool check_all_pivots(const char *name, const ag_tensor *pivots, const ag_tensor *ld)
{
    char text[AGI_SHAPE_TEXT];
    const int64_t n = agi_rows_of(ld);
    if (!agi_shape_equal(pivots->ndim, agi_shape_of(pivots), ld->ndim - 1, agi_shape_of(ld)))
        return agi_fail(AG_ERR_SHAPE, "%s: Expected LD.shape[:-1] and pivots.shape to be the same, "
                                      "but got pivots with shape %s instead", name,
                        agi_format_shape_list(text, pivots->ndim, agi_shape_of(pivots))) == AG_OK;
    if (agi_dtype_of(pivots) != AG_INT64)
        return agi_fail(AG_ERR_SHAPE, "%s: Expected pivots to be integers. Got %s", name,
                        agi_dtype_name(agi_dtype_of(pivots))) == AG_OK;
    ag_tensor *dense = agi_row_major_of((ag_tensor *)(uintptr_t)pivots);
    bool ok = dense != NULL;
    for (int64_t i = 0; ok && i < dense->numel; i += n)
        ok = check_ldl_pivots(agi_tensor_data(dense) + i, n);
    agi_release(dense);
    return ok;
}

static bool check_ldl_solve(const ag_tensor *ld, const ag_tensor *pivots, const ag_tensor *b)
{
    static const char name[] = "torch.linalg.ldl_solve";
    int64_t batch[AGI_MAX_DIMS];
    int ndim, row;
    if (!agi_check_matrices(name, ld, true) || !agi_has_tensors(name, pivots, b) ||
        agi_shape_wrap_dim(-2, b->ndim, &row) != AG_OK)
        return false;
    if (agi_dtype_of(b) != AG_FLOAT64)
        return agi_fail(AG_ERR_SHAPE, "Expected b and A to have the same dtype, but found b of "
                                      "type %s and A of type Double instead.",
                        agi_dtype_name(agi_dtype_of(b))) == AG_OK;
    if (agi_rows_of(b) != agi_rows_of(ld))
        return agi_fail(AG_ERR_SHAPE, "Incompatible matrix sizes for %s: each A matrix is %lld by "
                                      "%lld but each b matrix is %lld by %lld", name,
                        (long long)agi_rows_of(ld), (long long)agi_rows_of(ld),
                        (long long)agi_rows_of(b), (long long)agi_cols_of(b)) == AG_OK;
    return check_all_pivots(name, pivots, ld) && agi_batch_of(ld, b, 2, &ndim, batch);
}

ag_tensor *ag_linalg_ldl_solve(ag_tensor *ld, ag_tensor *pivots, ag_tensor *b, bool hermitian)
{
    (void)hermitian;
    const int64_t mark = check_ldl_solve(ld, pivots, b) ? agi_scope_open() : -1;
    return mark < 0 ? NULL : agi_leave_with(mark, v_ldl_solve(agi_arg(ld), agi_arg(pivots),
                                                               agi_arg(b)));
}
