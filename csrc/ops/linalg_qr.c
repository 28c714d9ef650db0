/* SPDX-License-Identifier: MIT
 *
 * QR, products of reflections, and least squares.
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

/* ---- qr_pack: Q by columns, and R by columns behind it; i: complete, m, n, whether no Q ----- */

typedef struct qr_shape {
    int64_t m, n, k, of_q;  /* columns of Q, rows of R */
    bool is_r_alone;        /* Q is left away */
} qr_shape;

static qr_shape shape_of_qr(int64_t m, int64_t n, bool complete)
{
    const int64_t k = m < n ? m : n;
    return (qr_shape){.m = m, .n = n, .k = k, .of_q = complete ? m : k};
}

static int64_t qr_work(const qr_shape *s) { return 32 * (s->m + s->n) + 64; }

static int64_t qr_matrix(const void *context, const agi_matrices *m, double *const *at,
                         double *scratch, const agi_blas_table *blas)
{
    const qr_shape *s = context;
    const int64_t lwork = qr_work(s), most = s->n > s->of_q ? s->n : s->of_q;
    double *a = scratch, *tau = a + s->m * most, *work = tau + s->k;
    double *q = at[1], *r = q + (s->is_r_alone ? 0 : s->m * s->of_q);
    int64_t info = 0;
    agi_matrix_by_columns(a, s->m, at[0], m->row[0], m->col[0], s->m, s->n);
    blas->dgeqrf(&s->m, &s->n, a, &s->m, tau, work, &lwork, &info);
    for (int64_t j = 0; j < s->n; j++)
        for (int64_t i = 0; i < s->of_q; i++)
            r[j * s->of_q + i] = i <= j && i < s->m ? a[j * s->m + i] : 0.0;
    if (s->is_r_alone)
        return 0;
    blas->dorgqr(&s->m, &s->of_q, &s->k, a, &s->m, tau, work, &lwork, &info);
    memcpy(q, a, (size_t)(s->m * s->of_q) * sizeof *q);
    return 0;
}

AG_FORWARD(qr_pack)
{
    ag_tensor *a = args[0].tensor;
    qr_shape s = shape_of_qr(agi_rows_of(a), agi_cols_of(a), attr->i[0] != 0);
    s.is_r_alone = attr->i[3] != 0;
    const int64_t size = s.of_q * (s.is_r_alone ? s.n : s.m + s.n);
    const int64_t most = s.n > s.of_q ? s.n : s.of_q;
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    agi_batch_of(a, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 1, &size);
    if (z == NULL || z->numel == 0)
        return z;
    if (a->numel == 0) {  /* Q is the unit matrix */
        agi_fill_units(z, size, s.m);
        return z;
    }
    agi_matrices_start(&m, ndim, batch);
    m.scratch = s.m * most + s.k + qr_work(&s);
    m.cost = AGI_CUBIC_COST(s.k, 4 * (s.m + s.n));
    return agi_batch_made(&m, qr_matrix, &s, 2, (ag_tensor *[]){a, z}, (int[]){2, 1});
}

/* With X the upper triangle of gR R^T - Q^T gQ, and S = X + X^T less the diagonal of X,
 * dA = (gQ + Q S) R^-T of a square or tall matrix. Of a wide one [A1 A2] = Q [R1 R2] it is
 * dA2 = Q gR2, and dA1 as that of A1 with gQ + A2 gR2^T for gQ. */
static ag_arg square_qr_slope(ag_arg q, ag_arg r, ag_arg gq, ag_arg gr)
{
    const ag_arg both = v_sub(v_matmul_nt(gr, r), v_matmul_tn(q, gq));
    const ag_arg x = v_triangle_of(both, true, 0), strict = v_triangle_of(both, true, 1);
    const ag_arg left = v_add(gq, v_matmul(q, v_add(x, v_mt(strict))));
    return v_mt(v_triangle_solve(r, v_mt(left), true, false, false));
}

AG_RULE(qr_pack)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    const qr_shape s = shape_of_qr(i[1], i[2], i[0] != 0);
    const ag_arg packed = OUT;
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    const int64_t behind = s.m * s.of_q;
    if (agi_value_failed(packed))
        return;
    if (s.of_q > s.k) {
        agi_fail(AG_ERR_GRAD, "The QR decomposition is not differentiable when "
                              "mode='complete' and nrows > ncols.");
        GX(0) = v_failed_matrix();
        return;
    }
    if (s.k == 0 || packed.tensor->numel == 0) {
        GX(0) = agi_slope_of_nothing(packed, ndim, shape);
        return;
    }
    const ag_arg q = agi_unpacked(packed, 0, s.of_q, s.m), gq = agi_unpacked(G, 0, s.of_q, s.m);
    const ag_arg r = agi_unpacked(packed, behind, s.n, s.of_q);
    const ag_arg gr = agi_unpacked(G, behind, s.n, s.of_q);
    if (s.m >= s.n) {
        GX(0) = square_qr_slope(q, r, gq, gr);
        return;
    }
    const ag_arg r1 = v_slice_of(r, -1, 0, s.k), gr1 = v_slice_of(gr, -1, 0, s.k);
    const ag_arg r2 = v_slice_of(r, -1, s.k, s.n), gr2 = v_slice_of(gr, -1, s.k, s.n);
    const ag_arg more = v_add(gq, v_matmul(q, v_matmul_nt(r2, gr2)));
    GX(0) = agi_v_joined(square_qr_slope(q, r1, more, gr1), v_matmul(q, gr2), -1);
}

/* mode: reduced, complete, r: of that the gradient alone needs Q. */
ag_status ag_linalg_qr(ag_tensor *a, int mode, ag_tensor **outs)
{
    if (mode < 0 || mode > 2)
        return agi_fail(AG_ERR_VALUE, "linalg.qr: expected a mode from 0 to 2, got %d", mode);
    const int64_t mark = agi_has("linalg.qr", outs, "memory for the results") &&
                         agi_check_matrices("linalg.qr", a, false) ? agi_scope_open() : -1;
    if (mark < 0)
        return ag_last_status();
    const qr_shape s = shape_of_qr(agi_rows_of(a), agi_cols_of(a), mode == 1);
    const ag_arg arg = agi_arg(a);
    const bool is_r_alone = mode == 2 && !agi_is_recorded(a);
    const ag_attr attr = {.i = {mode == 1, s.m, s.n, is_r_alone}};
    const ag_arg packed = agi_value(AG_OP_qr_pack, 1, &arg, &attr);
    const int64_t none = 0;
    ag_tensor *nothing = mode == 2 ? ag_empty(1, &none) : NULL;
    const ag_arg values[2] = {
        mode != 2 ? agi_unpacked(packed, 0, s.of_q, s.m)
                  : nothing != NULL ? agi_arg(nothing) : v_failed_matrix(),
        agi_unpacked(packed, is_r_alone ? 0 : s.m * s.of_q, s.n, s.of_q)};
    return agi_leave_with_all(mark, 2, values, outs);
}

ag_status ag_qr(ag_tensor *a, bool some, ag_tensor **outs)
{
    return ag_linalg_qr(a, some ? 0 : 1, outs);
}

/* ---- householder_product: the first n columns of H1 ... Hk, Hi = 1 - tau[i] v[i] v[i]^T ----- */

/* v[i] is 0 above the diagonal of column i of A, and 1 there. With Q[i] = Hi Q[i + 1], and Q[k + 1]
 * the first columns of the unit matrix, G of Q[i + 1] is Hi G of Q[i], d tau[i] = -v^T G Q^T v and
 * dv[i] = -tau (G Q^T v + Q G^T v), with G of Q[i], and Q for Q[i + 1].  Saves A and tau. */

typedef struct reflections {
    int64_t m, n, k;
} reflections;

static int64_t householder_matrix(const void *context, const agi_matrices *m, double *const *at,
                                  double *scratch, const agi_blas_table *blas)
{
    const reflections *s = context;
    const int64_t lwork = 32 * (s->m + s->n) + 64;
    double *a = scratch, *tau = a + s->m * s->n, *work = tau + s->k;
    int64_t info = 0;
    agi_matrix_by_columns(a, s->m, at[0], m->row[0], m->col[0], s->m, s->n);
    for (int64_t i = 0; i < s->k; i++)
        tau[i] = at[1][i * m->row[1]];
    blas->dorgqr(&s->m, &s->n, &s->k, a, &s->m, tau, work, &lwork, &info);
    agi_copy_block((agi_block){at[2], s->n, 1}, a, 1, s->m, s->m, s->n);
    return 0;
}

AG_FORWARD(householder_product)
{
    ag_tensor *a = args[0].tensor, *tau = args[1].tensor;
    const reflections s = {.m = agi_rows_of(a), .n = agi_cols_of(a), .k = agi_cols_of(tau)};
    ag_tensor *z = agi_tensor_new(a->ndim, agi_shape_of(a), a->numel);
    agi_matrices m;
    (void)attr;
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, a->ndim - 2, agi_shape_of(a));
    m.scratch = s.m * s.n + s.k + 32 * (s.m + s.n) + 64;
    m.cost = AGI_CUBIC_COST(s.n, 4 * s.m);
    return agi_batch_made(&m, householder_matrix, &s, 3, (ag_tensor *[]){a, tau, z},
                      (int[]){2, 1, 2});
}

/* v[i] as a column. */
static ag_arg reflector_of(ag_arg a, int64_t i)
{
    const ag_arg low = v_triangle_of(v_slice_of(a, -1, i, i + 1), false, -i - 1);
    ag_tensor *unit = agi_scope_add(agi_tensor_new(2, (int64_t[]){agi_rows_of(a.tensor), 1},
                                                   agi_rows_of(a.tensor)));
    if (unit == NULL)
        return v_failed_matrix();
    for (int64_t k = 0; k < unit->numel; k++)
        agi_tensor_data(unit)[k] = k == i ? 1.0 : 0.0;
    return v_add(low, agi_arg(unit));
}

/* (1 - t x x^T) q */
static ag_arg reflected(ag_arg x, ag_arg t, ag_arg q)
{
    return v_sub(q, v_mul(t, v_matmul(x, v_matmul_tn(x, q))));
}

AG_RULE(householder_product)
{
    const ag_arg a = IN(0), tau = IN(1);
    if (agi_value_failed(a) || agi_value_failed(tau))
        return;
    const int64_t m = agi_rows_of(a.tensor), n = agi_cols_of(a.tensor);
    const int64_t k = agi_cols_of(tau.tensor);
    ag_arg *q = agi_plain_new((size_t)(k + 1) * sizeof *q), g = G;
    const ag_arg unit = q != NULL ? v_unit(m, n) : v_failed_matrix();
    ag_arg ga = v_mul(a, NUM(0.0)), gt = v_mul(tau, NUM(0.0));
    if (agi_value_failed(unit)) {
        GX(0) = GX(1) = v_failed_matrix();
        agi_plain_free(q);
        return;
    }
    q[k] = unit;
    for (int64_t i = k - 1; i >= 0; i--)
        q[i] = reflected(reflector_of(a, i), v_with_dim(v_slice_of(tau, -1, i, i + 1), -1),
                         q[i + 1]);
    for (int64_t i = 0; i < k; i++) {
        const ag_arg x = reflector_of(a, i), t = v_with_dim(v_slice_of(tau, -1, i, i + 1), -1);
        const ag_arg of_q = v_matmul_tn(q[i + 1], x), of_g = v_matmul_tn(g, x);
        const ag_arg dot = v_neg(v_matmul_tn(of_g, of_q));
        const ag_arg both = v_add(v_matmul(g, of_q), v_matmul(q[i + 1], of_g));
        const ag_arg column = v_triangle_of(v_neg(v_mul(t, both)), false, -i - 1);
        const ag_arg at_a[2] = {ga, v_add(v_slice_of(ga, -1, i, i + 1), column)};
        const ag_arg at_t[2] = {gt, v_add(v_slice_of(gt, -1, i, i + 1), v_without_dim(dot, -1))};
        const ag_attr where = {.i = {-1, i, i + 1, 1}};
        ga = agi_value(AG_OP_slice_scatter, 2, at_a, &where);
        gt = agi_value(AG_OP_slice_scatter, 2, at_t, &where);
        g = reflected(x, t, g);
    }
    agi_plain_free(q);
    GX(0) = ga;
    GX(1) = gt;
}

ag_tensor *ag_linalg_householder_product(ag_tensor *a, ag_tensor *tau)
{
    static const char name[] = "torch.linalg.householder_product";
    if (!agi_has_tensors(name, a, tau))
        return NULL;
    if (a->ndim < 2)
        return agi_fail_null(AG_ERR_SHAPE, "%s: input must have at least 2 dimensions.", name);
    if (agi_rows_of(a) < agi_cols_of(a))
        return agi_fail_null(AG_ERR_SHAPE, "%s: input.shape[-2] must be greater than or equal to "
                                           "input.shape[-1]", name);
    if (tau->ndim != a->ndim - 1 ||
        !agi_shape_equal(tau->ndim - 1, agi_shape_of(tau), a->ndim - 2, agi_shape_of(a)) ||
        agi_cols_of(tau) > agi_cols_of(a))
        return agi_fail_null(AG_ERR_SHAPE, "%s: expected tau to have the batch of input, and at "
                                           "most input.shape[-1] numbers", name);
    if (!agi_check_real(name, a) || !agi_check_real(name, tau))
        return NULL;
    const ag_arg both[2] = {agi_arg(a), agi_arg(tau)};
    return agi_call(AG_OP_householder_product, 2, both, NULL);
}

/* ---- lstsq_solution: x with the least |A x - b|, of those the smallest; f: rcond ------------ */

/* With P = pinv(A), Z = P^T g and R = b - A x: db = Z, dA = R (P Z)^T - Z x^T +
 * (P^T x) (g - A^T Z)^T. Saves A, b and x. */

typedef struct lstsq_shape {
    int64_t m, n, k;
    double rcond;
} lstsq_shape;

static int64_t lstsq_work(const lstsq_shape *s)
{
    const int64_t least = s->m < s->n ? s->m : s->n;
    return 64 * (s->m + s->n + s->k + 32) + 12 * least + 2 * least * 25 + 8 * least * 32 +
           least * s->k + 26 * 26 + (s->m + s->n) * 64;
}

/* at: A, b, and what there is of each matrix: x, then the residuals, the rank, singular values. */
static int64_t lstsq_matrix(const void *context, const agi_matrices *m, double *const *at,
                            double *scratch, const agi_blas_table *blas)
{
    const lstsq_shape *s = context;
    const int64_t most = s->m > s->n ? s->m : s->n, lwork = lstsq_work(s);
    double *a = scratch, *b = a + s->m * s->n, *values = b + most * s->k;
    double *work = values + most;
    int64_t *whole = (int64_t *)(void *)(work + lwork), rank = 0, info = 0;
    agi_matrix_by_columns(a, s->m, at[0], m->row[0], m->col[0], s->m, s->n);
    memset(b, 0, (size_t)(most * s->k) * sizeof *b);
    agi_matrix_by_columns(b, most, at[1], m->row[1], m->col[1], s->m, s->k);
    blas->dgelsd(&s->m, &s->n, &s->k, a, &s->m, b, &most, values, &s->rcond, &rank, work, &lwork,
                 whole, &info);
    agi_copy_block((agi_block){at[2], s->k, 1}, b, 1, most, s->n, s->k);
    return agi_blas_number(blas, info);
}

AG_FORWARD(lstsq_solution)
{
    ag_tensor *a = args[0].tensor, *b = args[1].tensor;
    const lstsq_shape s = {.m = agi_rows_of(a), .n = agi_cols_of(a), .k = agi_cols_of(b),
                           .rcond = attr->f[0]};
    const int64_t size[2] = {s.n, s.k}, most = s.m > s.n ? s.m : s.n;
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    if (!AGI_BLAS_HAS(agi_blas_now(), dgelsd, "lstsq") ||
        !agi_batch_of(a, b, 2, &ndim, batch))
        return NULL;
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, size);
    if (z == NULL || z->numel == 0)
        return z;
    if (s.m == 0) {
        agi_run_fill(agi_tensor_data(z), agi_strides_of(z), z->ndim, agi_shape_of(z), 0.0);
        return z;
    }
    agi_matrices_start(&m, ndim, batch);
    m.scratch = s.m * s.n + most * s.k + most + lstsq_work(&s) + 64 * (s.m + s.n) + 256;
    m.cost = AGI_CUBIC_COST(s.m, 10 * s.n);
    if (agi_batch_run(&m, lstsq_matrix, &s, 3, (ag_tensor *[]){a, b, z}, (int[]){2, 2, 2}) ==
        AG_OK) {
        char text[64];
        if (m.failed < 0)
            return z;
        agi_fail(AG_ERR_LINALG, "torch.linalg.lstsq: %sSVD algorithm failed to converge.",
                 agi_batch_text(text, ndim > 0, m.failed));
    }
    agi_release(z);
    return NULL;
}

AG_RULE(lstsq_solution)
{
    const ag_arg a = IN(0), b = IN(1), x = OUT;
    if (agi_value_failed(a))
        return;
    const int64_t rows = agi_rows_of(a.tensor), cols = agi_cols_of(a.tensor);
    const double rcond = agi_node_attr_of(v->node)->f[0];
    const ag_attr attr = {.f = {0.0, rcond >= 0.0 ? rcond
                                                  : (double)(rows > cols ? rows : cols) * 0x1p-52}};
    const ag_arg p = agi_value(AG_OP_pinv, 1, &a, &attr), z = v_matmul_tn(p, G);
    if (NEEDS(1))
        GX(1) = agi_sum_to_input(v, 1, z);
    if (!NEEDS(0))
        return;
    const ag_arg rest = v_sub(b, v_matmul(a, x)), less = v_sub(G, v_matmul_tn(a, z));
    const ag_arg first = v_matmul_nt(rest, v_matmul(p, z));
    const ag_arg third = v_matmul_nt(v_matmul_tn(p, x), less);
    GX(0) = agi_sum_to_input(v, 0, v_add(v_sub(first, v_matmul_nt(z, x)), third));
}

enum { GELSY, GELS, GELSD, GELSS };

/* Sums of squares of what is left, where a solution is unique; else, and with gelsy, an
 * empty tensor. */
static ag_arg residuals_of(ag_tensor *a, ag_arg b, ag_arg x, ag_arg rank, int driver)
{
    static const int64_t rows = -2, none = 0;
    const ag_attr along = {.n_list = 1, .list = &rows};
    const int64_t m = agi_rows_of(a), n = agi_cols_of(a);
    bool full = m > n && driver != GELSY && !agi_value_failed(rank) &&
                agi_storage_ready(rank.tensor->storage) == AG_OK;
    for (int64_t i = 0; full && driver != GELS && i < rank.tensor->numel; i++)
        full = agi_tensor_data(rank.tensor)[i] == (double)n;
    if (!full) {
        ag_tensor *nothing = ag_empty(1, &none);
        return nothing != NULL ? agi_arg(nothing) : v_failed_matrix();
    }
    return v_reduce(AG_OP_sum, v_square(v_sub(b, v_matmul(agi_arg(a), x))), &along, false);
}

static bool check_lstsq(const ag_tensor *a, const ag_tensor *b, bool *is_vector)
{
    static const char name[] = "torch.linalg.lstsq";
    if (!agi_has_tensors(name, a, b))
        return false;
    if (a->ndim < 2 || b->ndim < 1) {
        agi_fail(AG_ERR_SHAPE, "%s: %s must have at least %d dimension%s.", name,
                 a->ndim < 2 ? "input" : "other", a->ndim < 2 ? 2 : 1, a->ndim < 2 ? "s" : "");
        return false;
    }
    *is_vector = b->ndim == a->ndim - 1;
    if (!*is_vector && b->ndim != a->ndim) {
        agi_fail(AG_ERR_SHAPE, "%s: input.dim() must be greater or equal to other.dim() and "
                               "(input.dim() - other.dim()) <= 1", name);
        return false;
    }
    if (agi_dtype_of(a) == AG_FLOAT64 && agi_dtype_of(b) != AG_FLOAT64) {
        agi_fail(AG_ERR_VALUE, "%s: Expected input and other to have the same dtype, but got "
                               "input's dtype %s and other's dtype %s", name,
                 agi_dtype_name(AG_FLOAT64), agi_dtype_name(agi_dtype_of(b)));
        return false;
    }
    if (agi_rows_of(a) != (*is_vector ? agi_cols_of(b) : agi_rows_of(b))) {
        agi_fail(AG_ERR_SHAPE, "%s: input.size(-2) should match other.size(%s)", name,
                 *is_vector ? "-1" : "-2");
        return false;
    }
    return agi_check_real(name, a) && agi_check_real(name, b);
}

/* driver: which of LAPACK's results there are; all solutions come from dgelsd, which has the right
 * one at any rank. */
ag_status ag_linalg_lstsq(ag_tensor *a, ag_tensor *b, double rcond, int driver, ag_tensor **outs)
{
    bool is_vector = false;
    if (!agi_has("linalg.lstsq", outs, "memory for the results") ||
        !check_lstsq(a, b, &is_vector))
        return ag_last_status();
    const int64_t mark = agi_scope_open(), none = 0, m = agi_rows_of(a), n = agi_cols_of(a);
    if (mark < 0)
        return ag_last_status();
    if (isnan(rcond))
        rcond = (double)(m > n ? m : n) * 0x1p-52;
    const ag_arg right = is_vector ? v_with_dim(agi_arg(b), -1) : agi_arg(b);
    const ag_arg both[2] = {agi_arg(a), right}, fixed = v_constant(agi_arg(a));
    const ag_attr attr = {.f = {rcond}};
    const ag_arg x = agi_value(AG_OP_lstsq_solution, 2, both, &attr);
    ag_tensor *empty = ag_empty(1, &none), *no_rank = ag_empty(1, &none);
    if (no_rank != NULL)
        no_rank->storage->dtype = AG_INT64;
    const ag_arg nothing = empty != NULL ? agi_arg(empty) : v_failed_matrix();
    const ag_arg unknown = no_rank != NULL ? agi_arg(no_rank) : v_failed_matrix();
    ag_tensor *ranks = driver != GELS ? ag_linalg_matrix_rank(a, 0.0, rcond, false) : NULL;
    const ag_arg rank = driver == GELS ? unknown
                        : ranks != NULL ? agi_arg(ranks) : v_failed_matrix();
    const bool has_values = driver == GELSD || driver == GELSS;
    const ag_arg residuals = residuals_of(a, right, x, rank, driver);
    const ag_arg values[4] = {
        is_vector ? v_without_dim(x, -1) : x, residuals, rank,
        has_values ? agi_value(AG_OP_svd_values, 1, &fixed, NULL) : nothing};
    return agi_leave_with_all(mark, 4, values, outs);
}
