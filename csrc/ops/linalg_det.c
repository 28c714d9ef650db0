/* SPDX-License-Identifier: MIT
 *
 * Determinants, from the LU that a forward makes once; of a singular matrix the gradient is the
 * adjugate, which its singular values give.
 */
#include <math.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tensor/copy.h"
#include "../tensor/scope.h"
#include "linalg.h"
#include "table.h"

/* ---- numbers of a factor -------------------------------------------------------------------- */

/* 1 or -1 by the exchanges of rows. */
static double sign_of_exchanges(const double *pivots, int64_t n)
{
    bool odd = false;
    for (int64_t i = 0; i < n; i++)
        odd ^= pivots[i] != (double)(i + 1);
    return odd ? -1.0 : 1.0;
}

typedef enum det_kind { DET_VALUE, DET_SIGN, DET_LOG } det_kind;

static double det_number(det_kind kind, const double *lu, int64_t n)
{
    double product = kind == DET_LOG ? 1.0 : sign_of_exchanges(lu + n * n, n), sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double u = lu[i * (n + 1)];
        if (kind == DET_VALUE)
            product *= u;
        else if (kind == DET_LOG)
            sum += log(fabs(u));
        else
            product *= u > 0.0 ? 1.0 : u < 0.0 ? -1.0 : u;
    }
    return kind == DET_LOG ? sum : product;
}

static ag_tensor *det_numbers(det_kind kind, const ag_tensor *lu)
{
    const int64_t n = agi_cols_of(lu);
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_batch_of(lu, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 0, NULL);
    for (int64_t i = 0; z != NULL && i < z->numel; i++)
        agi_tensor_data(z)[i] = det_number(kind, agi_tensor_data(lu) + i * n * (n + 1), n);
    return z;
}

/* ---- lu_sign, lu_logdet: args: A, of which nothing is read, and its LU ---------------------- */

/* d log|det A| = g A^-T.  Saves A for its place on the tape, and the LU. */

AG_FORWARD(lu_sign) { (void)attr; return det_numbers(DET_SIGN, args[0].tensor); }
AG_FORWARD(lu_logdet) { (void)attr; return det_numbers(DET_LOG, args[1].tensor); }

static ag_arg for_matrices(ag_arg x) { return v_with_dim(v_with_dim(x, -1), -1); }

AG_RULE(lu_logdet)
{
    GX(0) = v_mul(for_matrices(G), v_mt(v_lu_inverse(IN(0), IN(1))));
}

/* ---- lu_det: det A; dA = g det(A) A^-T, or g adj(A)^T where A is about singular ------------- */

/* Saves A, its LU and the result. */

AG_FORWARD(lu_det) { (void)attr; return det_numbers(DET_VALUE, args[1].tensor); }

/* Whether the smallest pivot of any matrix is at most `least` of its largest. */
static bool is_about_singular(const ag_tensor *lu, double least)
{
    const int64_t n = agi_cols_of(lu), size = n * (n + 1);
    const double *u = agi_tensor_data(lu);
    for (int64_t from = 0; size > 0 && from < lu->numel; from += size) {
        double low = INFINITY, high = 0.0;
        for (int64_t i = 0; i < n; i++) {
            const double x = fabs(u[from + i * (n + 1)]);
            low = fmin(low, x);
            high = fmax(high, x);
        }
        if (low <= least * high)
            return true;
    }
    return false;
}

AG_RULE(lu_det)
{
    const ag_arg a = IN(0), lu = IN(1), y = OUT;
    if (agi_value_failed(lu) || agi_value_failed(a))
        return;
    /* Derivatives of higher order are differences of what grows as the inverse does. */
    const double n = (double)agi_cols_of(lu.tensor);
    const double least = v->create_graph ? 1e-7 : n * 0x1p-52;
    /* Without LAPACK, what is nearly singular goes by its LU, and what is singular is refused. */
    const bool has_svd = agi_blas_now()->dgesdd != NULL;
    const bool by_svd = is_about_singular(lu.tensor, has_svd ? least : 0.0);
    GX(0) = by_svd ? v_mul(for_matrices(G), v_mt(agi_value(AG_OP_adjugate, 1, &a, NULL)))
                   : v_mul(for_matrices(v_mul(G, y)), v_mt(v_lu_inverse(a, lu)));
}

/* ---- adjugate: adj(A) = s V D U^T with D[i] the product of the other singular values -------- */

/* s = det(U) det(V). adjugate_slope is its derivative in the direction H: with N = U^T H V it is
 * s V M U^T with M[i][j] = -N[i][j] p(i, j), on the diagonal the sum of N[k][k] p(i, k), where
 * p(i, j) is the product of the singular values but i and j. With T for transposed,
 * <G, slope(A, H)> = <slope(A, G^T)^T, H>. */

static double product_but(const double *s, int64_t n, int64_t i, int64_t j)
{
    double product = 1.0;
    for (int64_t k = 0; k < n; k++)
        product *= k == i || k == j ? 1.0 : s[k];
    return product;
}

static void product_by_columns(const agi_blas_table *blas, bool at, bool bt, int64_t n,
                               const double *a, const double *b, double *c)
{
    static const double one = 1.0, zero = 0.0;
    blas->dgemm(at ? "T" : "N", bt ? "T" : "N", &n, &n, &n, &one, a, &n, b, &n, &zero, c, &n, 1,
                1);
}

/* 1 or -1: the determinant of an orthogonal matrix, which is overwritten. */
static double det_of_orthogonal(const agi_blas_table *blas, int64_t n, double *q, int64_t *pivots)
{
    int64_t info = 0;
    double sign = 1.0;
    blas->dgetrf(&n, &n, q, &n, pivots, &info);
    agi_blas_widen(blas, pivots, n);
    for (int64_t i = 0; i < n; i++)
        sign *= (pivots[i] == i + 1 ? 1.0 : -1.0) * (q[i * (n + 1)] < 0.0 ? -1.0 : 1.0);
    return sign;
}

/* What is between V and U^T: in m, by columns; inner is U^T H V. */
static void fill_middle(const double *s, int64_t n, const double *inner, double *m)
{
    memset(m, 0, (size_t)(n * n) * sizeof *m);
    for (int64_t i = 0; i < n; i++) {
        if (inner == NULL) {
            m[i * (n + 1)] = product_but(s, n, i, i);
            continue;
        }
        for (int64_t j = 0; j < n; j++) {
            if (i == j)
                continue;
            const double others = product_but(s, n, i, j);
            m[i + j * n] = -inner[i + j * n] * others;
            m[i * (n + 1)] += inner[j * (n + 1)] * others;
        }
    }
}

/* Doubles of scratch: five matrices, singular values, LAPACK's work and integers. */
static int64_t adjugate_work(int64_t n) { return 4 * n * n + 10 * n + 64; }
static int64_t adjugate_scratch(int64_t n) { return 6 * n * n + 10 * n + adjugate_work(n); }

/* at: A, z, and H where there is one. */
static int64_t adjugate_matrix(const void *context, const agi_matrices *m, double *const *at,
                               double *scratch, const agi_blas_table *blas)
{
    const int64_t n = *(const int64_t *)context, nn = n * n, lwork = adjugate_work(n);
    const bool is_slope = at[2] != NULL;
    double *a = scratch, *u = a + nn, *vt = u + nn, *one = vt + nn, *two = one + nn;
    double *s = two + nn + nn, *work = s + n, *z = is_slope ? at[2] : at[1];
    int64_t *whole = (int64_t *)(void *)(work + lwork), info = 0;
    agi_matrix_by_columns(a, n, at[0], m->row[0], m->col[0], n, n);
    blas->dgesdd("A", &n, &n, a, &n, s, u, &n, vt, &n, work, &lwork, whole, &info, 1);
    if (agi_blas_number(blas, info) != 0)
        return 1;
    memcpy(one, u, (size_t)nn * sizeof *one);
    memcpy(two, vt, (size_t)nn * sizeof *two);
    const double sign = det_of_orthogonal(blas, n, one, whole) *
                        det_of_orthogonal(blas, n, two, whole);
    if (is_slope) {
        agi_matrix_by_columns(a, n, at[1], m->row[1], m->col[1], n, n);
        product_by_columns(blas, true, false, n, u, a, one);
        product_by_columns(blas, false, true, n, one, vt, two);
    }
    fill_middle(s, n, is_slope ? two : NULL, one);
    product_by_columns(blas, true, false, n, vt, one, two);
    product_by_columns(blas, false, true, n, two, u, a);
    for (int64_t i = 0; i < nn; i++)
        z[i] = sign * a[i / n + i % n * n];
    return 0;
}

/* args: A, and H where there is one. */
static ag_tensor *adjugates(ag_tensor *a, ag_tensor *h)
{
    const int64_t n = agi_rows_of(a);
    ag_tensor *z = agi_tensor_new(a->ndim, agi_shape_of(a), a->numel);
    ag_tensor *all[3] = {a, h != NULL ? h : z, z};
    agi_matrices m;
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, a->ndim - 2, agi_shape_of(a));
    m.scratch = adjugate_scratch(n);
    m.cost = AGI_CUBIC_COST(n, 50 * n);
    if (AGI_BLAS_HAS(agi_blas_now(), dgesdd, "det") &&
        agi_batch_run(&m, adjugate_matrix, &n, h != NULL ? 3 : 2, all, (int[]){2, 2, 2}) ==
            AG_OK) {
        if (m.failed < 0)
            return z;
        agi_fail(AG_ERR_LINALG, "linalg.det: the singular values of a matrix could not be found");
    }
    agi_release(z);
    return NULL;
}

static ag_arg v_adjugate_slope(ag_arg a, ag_arg h)
{
    const ag_arg args[2] = {a, h};
    return v_mt(agi_value(AG_OP_adjugate_slope, 2, args, NULL));
}

AG_FORWARD(adjugate) { (void)attr; return adjugates(args[0].tensor, NULL); }
AG_FORWARD(adjugate_slope) { (void)attr; return adjugates(args[0].tensor, args[1].tensor); }
AG_RULE(adjugate) { GX(0) = v_adjugate_slope(IN(0), v_mt(G)); }

AG_RULE(adjugate_slope)
{
    if (NEEDS(1))
        GX(1) = v_adjugate_slope(IN(0), v_mt(G));
    if (!NEEDS(0))
        return;
    agi_fail(AG_ERR_GRAD, "det: the third derivative at a singular matrix is not implemented");
    GX(0) = v_failed_matrix();
}

/* ---- public --------------------------------------------------------------------------------- */

static ag_arg of_lu(int op, ag_tensor *a, ag_arg lu)
{
    const ag_arg args[2] = {agi_arg(a), lu};
    return agi_value(op, 2, args, NULL);
}

ag_tensor *ag_linalg_det(ag_tensor *a)
{
    const int64_t mark = agi_check_matrices("linalg.det", a, true) ? agi_scope_open() : -1;
    return mark < 0 ? NULL
                    : agi_leave_with(mark, of_lu(AG_OP_lu_det, a, agi_constant_lu(agi_arg(a))));
}

ag_tensor *ag_det(ag_tensor *a) { return ag_linalg_det(a); }

/* In a scope that is opened: its mark, or -1. */
static int64_t slogdet_of(const char *name, ag_tensor *a, ag_arg *values)
{
    const int64_t mark = agi_check_matrices(name, a, true) ? agi_scope_open() : -1;
    if (mark < 0)
        return -1;
    const ag_arg lu = agi_constant_lu(agi_arg(a));
    values[0] = agi_value(AG_OP_lu_sign, 1, &lu, NULL);
    values[1] = of_lu(AG_OP_lu_logdet, a, lu);
    return mark;
}

ag_status ag_linalg_slogdet(ag_tensor *a, ag_tensor **outs)
{
    ag_arg values[2];
    const int64_t mark = agi_has("linalg.slogdet", outs, "memory for the results")
                             ? slogdet_of("linalg.slogdet", a, values) : -1;
    return mark < 0 ? ag_last_status() : agi_leave_with_all(mark, 2, values, outs);
}

ag_status ag_slogdet(ag_tensor *a, ag_tensor **outs) { return ag_linalg_slogdet(a, outs); }

/* NaN where the determinant is negative. */
ag_tensor *ag_logdet(ag_tensor *a)
{
    ag_arg values[2];
    const int64_t mark = slogdet_of("logdet", a, values);
    if (mark < 0)
        return NULL;
    const ag_arg is_real = v_where(v_lt(values[0], NUM(0.0)), NUM((double)NAN), NUM(0.0));
    return agi_leave_with(mark, v_add(values[1], is_real));
}
