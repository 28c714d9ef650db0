/* SPDX-License-Identifier: MIT
 *
 * Eigenvalues of matrices that need not be symmetric, with their vectors, where all are real. An op
 * packs both into one result, which its rule reads, as in linalg_spectral.c.
 */
#include <math.h>

#include "../base/check.h"
#include "../fuse/pending.h"
#include "../tensor/scope.h"
#include "linalg.h"
#include "table.h"

/* ---- eig_pack: (..., n + 1, n): eigenvectors in rows, eigenvalues behind them --------------- */

/* Instead of what LAPACK says. The pair of eigenvalues, x + yi and x - yi, is then in the place of
 * the first two numbers of the result. */
#define IS_COMPLEX -2

typedef struct eig_kind {
    int64_t n;
    bool vectors;
} eig_kind;

/* Of dgeev, with room for its blocks, or of dsyevd and its integers. */
static int64_t eig_work(int64_t n)
{
    const int64_t general = 68 * n, symmetric = 1 + 6 * n + 2 * n * n + 3 + 5 * n;
    return general > symmetric ? general : symmetric;
}

static bool is_symmetric(const double *a, int64_t n)
{
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < j; i++)
            if (a[i + j * n] != a[j + i * n])
                return false;
    return true;
}

/* Of a symmetric matrix with equal eigenvalues, which rounding has made complex in dgeev. */
static int64_t eig_of_symmetric(const eig_kind *kind, const agi_matrices *m, double *const *at,
                                double *a, double *work, const agi_blas_table *blas)
{
    const int64_t n = kind->n, lwork = 1 + 6 * n + 2 * n * n, liwork = 3 + 5 * n;
    double *z = kind->vectors ? at[1] : a, *w = kind->vectors ? at[1] + n * n : at[1];
    int64_t info = 0;
    agi_matrix_by_columns(z, n, at[0], m->row[0], m->col[0], n, n);
    blas->dsyevd(kind->vectors ? "V" : "N", "L", &n, z, &n, w, work, &lwork,
                 (int64_t *)(void *)(work + lwork), &liwork, &info, 1, 1);
    return agi_blas_number(blas, info);
}

/* The length of a vector whose elements are at most 1. */
static double plain_length(const double *x, int64_t n)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

static void divide_by_length(double *x, int64_t n)
{
    const double length = plain_length(x, n);
    for (int64_t i = 0; i < n; i++)
        x[i] /= length;
}

/* A pair of vectors x + yi and x - yi whose eigenvalues are equal but for rounding: x and y, or
 * twice x where y is too short to have digits, as that of a matrix which has one vector alone. */
static void make_pair_real(double *x, double *y, int64_t n)
{
    if (plain_length(y, n) < 0x1p-10 * plain_length(x, n))
        for (int64_t i = 0; i < n; i++)
            y[i] = x[i];
    divide_by_length(x, n);
    divide_by_length(y, n);
}

/* Whether all are real, up to what rounding makes of their own size: then the vectors are made
 * real, too. Else the pair that is not is left in the result. */
static bool settle_pairs(int64_t n, double *w, const double *wi, double *vectors, double *result)
{
    const double least = 8.0 * (double)n * 0x1p-52;
    for (int64_t j = 0; j < n; j++) {
        if (wi[j] == 0.0)
            continue;
        if (fabs(wi[j]) > least * fabs(w[j])) {
            result[0] = w[j];
            result[1] = fabs(wi[j]);
            return false;
        }
        if (vectors != NULL)
            make_pair_real(vectors + j * n, vectors + (j + 1) * n, n);
        j++;
    }
    return true;
}

static int64_t eig_matrix(const void *context, const agi_matrices *m, double *const *at,
                          double *scratch, const agi_blas_table *blas)
{
    const eig_kind *kind = context;
    const int64_t n = kind->n, lwork = 68 * n;
    double *a = scratch, *wi = a + n * n, *work = wi + n, *v = at[1];
    double *w = kind->vectors ? v + n * n : v;
    int64_t info = 0;
    agi_matrix_by_columns(a, n, at[0], m->row[0], m->col[0], n, n);
    if (!agi_are_finite(a, n * n))
        return AGI_NOT_FINITE;
    const bool symmetric = is_symmetric(a, n);
    blas->dgeev("N", kind->vectors ? "V" : "N", &n, a, &n, w, wi, work, &n, v, &n, work, &lwork,
                &info, 1, 1);
    info = agi_blas_number(blas, info);
    if (info != 0)
        return info;
    for (int64_t j = 0; symmetric && j < n; j++)
        if (wi[j] != 0.0)
            return eig_of_symmetric(kind, m, at, a, work, blas);
    return settle_pairs(n, w, wi, kind->vectors ? v : NULL, at[1]) ? 0 : IS_COMPLEX;
}

/* What went wrong; `pair` is of the matrix that failed. */
static void fail_eig(const char *name, const agi_matrices *m, bool is_batch, const double *pair)
{
    char text[64];
    agi_batch_text(text, is_batch, m->failed);
    if (m->info == AGI_NOT_FINITE)
        agi_fail(AG_ERR_SHAPE, "torch.%s: %sinput tensor should not contain infs or NaNs.", name,
                 text);
    else if (m->info == IS_COMPLEX)
        agi_fail(AG_ERR_LINALG, "%s: %sThe matrix has complex eigenvalues, %.6g + %.6gi and its "
                                "conjugate, and there are no complex tensors: all eigenvalues "
                                "must be real.", name, text, pair[0], pair[1]);
    else
        agi_fail_to_converge(name, m, is_batch, "eigenvalues");
}

static ag_tensor *eig_of(ag_tensor *a, bool vectors)
{
    const char *name = vectors ? "linalg.eig" : "linalg.eigvals";
    const eig_kind kind = {.n = agi_rows_of(a), .vectors = vectors};
    const int64_t n = kind.n, packed[2] = {n + 1, n};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    if (!AGI_BLAS_HAS(agi_blas_now(), dgeev, "eig"))
        return NULL;
    agi_batch_of(a, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, vectors ? 2 : 1, vectors ? packed : packed + 1);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.scratch = n * n + n + eig_work(n);
    m.cost = AGI_CUBIC_COST(n, 60 * n);
    if (agi_batch_run(&m, eig_matrix, &kind, 2, (ag_tensor *[]){a, z},
                      (int[]){2, vectors ? 2 : 1}) == AG_OK) {
        if (m.failed < 0)
            return z;
        fail_eig(name, &m, a->ndim > 2,
                 agi_tensor_data(z) + m.failed * (vectors ? n * (n + 1) : n));
    }
    agi_release(z);
    return NULL;
}

AG_FORWARD(eig_pack) { (void)attr; return eig_of(args[0].tensor, true); }
AG_FORWARD(eig_values) { (void)attr; return eig_of(args[0].tensor, false); }

/* With M = V^T gV less V^T V times the diagonal of that, as lengths do not change, dA is
 * V^-T (M / (w[j] - w[i]) + diag(gw)) V^T (Boeddeker et al. 2017, arXiv:1701.00392, 4.77). */
AG_RULE(eig_pack)
{
    const ag_arg packed = OUT;
    if (agi_rule_of_no_matrix(v, packed))
        return;
    const int64_t n = agi_cols_of(packed.tensor);
    const ag_arg rows = v_slice_of(packed, -2, 0, n), w = agi_last_row_of(packed, n);
    const ag_arg inner = v_matmul_nt(rows, v_slice_of(G, -2, 0, n));
    const ag_arg along = v_with_dim(v_diagonal_of(inner), -2);
    const ag_arg across = v_sub(inner, v_mul(v_matmul_nt(rows, rows), along));
    const ag_arg core = agi_spectral_core(across, inner, w, agi_last_row_of(G, n), n);
    GX(0) = v_solve(rows, v_matmul(core, rows), false);
}

/* ---- public --------------------------------------------------------------------------------- */

static ag_arg eig_packed(ag_tensor *a)
{
    const ag_arg arg = agi_arg(a);
    return agi_value(AG_OP_eig_pack, 1, &arg, NULL);
}

ag_status ag_linalg_eig(ag_tensor *a, ag_tensor **outs)
{
    static const char name[] = "linalg.eig";
    const int64_t mark = agi_has(name, outs, "memory for the results") &&
                         agi_check_matrices(name, a, true) ? agi_scope_open() : -1;
    if (mark < 0)
        return ag_last_status();
    const int64_t n = agi_rows_of(a);
    const ag_arg packed = eig_packed(a);
    const ag_arg values[2] = {agi_last_row_of(packed, n), v_mt(v_slice_of(packed, -2, 0, n))};
    return agi_leave_with_all(mark, 2, values, outs);
}

ag_tensor *ag_linalg_eigvals(ag_tensor *a)
{
    const int64_t mark = agi_check_matrices("linalg.eigvals", a, true) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    const ag_arg arg = agi_arg(a);
    const ag_arg w = agi_is_recorded(a) ? agi_last_row_of(eig_packed(a), agi_rows_of(a))
                                        : agi_value(AG_OP_eig_values, 1, &arg, NULL);
    return agi_leave_with(mark, w);
}

#undef IS_COMPLEX
