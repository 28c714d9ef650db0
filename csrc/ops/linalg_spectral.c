/* SPDX-License-Identifier: MIT
 *
 * Eigenvalues of symmetric matrices and singular values, with their vectors. An op packs all that
 * LAPACK gives of a matrix into one result, which its rule reads; what callers get are views of it.
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

static ag_arg v_identity_less(ag_arg x)
{
    return agi_value_failed(x) ? x : v_sub(v_unit(agi_rows_of(x.tensor), agi_rows_of(x.tensor)), x);
}

/* ---- eigh_pack: (..., n + 1, n): eigenvectors in rows, eigenvalues behind them; i: upper ---- */

/* With K the antisymmetric half of V^T gV, dA = V (K / (w[j] - w[i]) + diag(gw)) V^T. */

typedef struct eigh_kind {
    int64_t n;
    bool upper, vectors;
} eigh_kind;

static int64_t eigh_work(int64_t n) { return 1 + 6 * n + 2 * n * n; }

static bool triangle_is_finite(const double *z, int64_t n, bool upper)
{
    for (int64_t j = 0; j < n; j++)
        if (!agi_are_finite(z + j * n + (upper ? 0 : j), upper ? j + 1 : n - j))
            return false;
    return true;
}

static int64_t eigh_matrix(const void *context, const agi_matrices *m, double *const *at,
                           double *scratch, const agi_blas_table *blas)
{
    const eigh_kind *kind = context;
    const int64_t n = kind->n, lwork = eigh_work(n), liwork = 3 + 5 * n;
    double *work = scratch, *z = kind->vectors ? at[1] : work + lwork + liwork;
    double *w = kind->vectors ? at[1] + n * n : at[1];
    int64_t *whole = (int64_t *)(void *)(work + lwork), info = 0;
    agi_matrix_by_columns(z, n, at[0], m->row[0], m->col[0], n, n);
    if (!triangle_is_finite(z, n, kind->upper))
        return AGI_NOT_FINITE;
    blas->dsyevd(kind->vectors ? "V" : "N", kind->upper ? "U" : "L", &n, z, &n, w, work, &lwork,
                 whole, &liwork, &info, 1, 1);
    return agi_blas_number(blas, info);
}

static ag_tensor *eigh_of(ag_tensor *a, bool upper, bool vectors)
{
    const eigh_kind kind = {.n = agi_rows_of(a), .upper = upper, .vectors = vectors};
    const int64_t n = kind.n, packed[2] = {n + 1, n};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    if (!AGI_BLAS_HAS(agi_blas_now(), dsyevd, "eigh"))
        return NULL;
    agi_batch_of(a, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, vectors ? 2 : 1, vectors ? packed : packed + 1);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.scratch = eigh_work(n) + 3 + 5 * n + (vectors ? 0 : n * n);
    m.cost = AGI_CUBIC_COST(n, 20 * n);
    if (agi_batch_run(&m, eigh_matrix, &kind, 2, (ag_tensor *[]){a, z},
                      (int[]){2, vectors ? 2 : 1}) == AG_OK &&
        (m.failed < 0 ||
         agi_fail_to_converge("linalg.eigh", &m, a->ndim > 2, "eigenvalues") == AG_OK))
        return z;
    agi_release(z);
    return NULL;
}

AG_FORWARD(eigh_pack) { return eigh_of(args[0].tensor, attr->i[0] != 0, true); }
AG_FORWARD(eigh_values) { return eigh_of(args[0].tensor, attr->i[0] != 0, false); }

AG_RULE(eigh_pack)
{
    const ag_arg packed = OUT;
    if (agi_rule_of_no_matrix(v, packed))
        return;
    if (!v->create_graph && agi_same_shape(G.tensor, packed.tensor)) {
        const ag_arg both[2] = {packed, G};
        GX(0) = agi_value(AG_OP_eigh_pack_vjp, 2, both, NULL);
        return;
    }
    const int64_t n = agi_cols_of(packed.tensor);
    const ag_arg rows = v_slice_of(packed, -2, 0, n), w = agi_last_row_of(packed, n);
    const ag_arg inner = v_matmul_nt(rows, v_slice_of(G, -2, 0, n));
    const ag_arg skew = v_mul(v_sub(inner, v_mt(inner)), NUM(0.5));
    const ag_arg core = agi_spectral_core(skew, inner, w, agi_last_row_of(G, n), n);
    GX(0) = v_matmul_tn(rows, v_matmul(core, rows));
}

/* ---- svd_pack: U by columns, S, Vh by columns, one behind the other; i: full ---------------- */

static int64_t svd_work(const agi_svd_shape *s)
{
    return 7 * s->k * s->k + 10 * s->k + 64 * (s->m + s->n);
}

typedef struct svd_kind {
    agi_svd_shape shape;
    bool vectors;
} svd_kind;

static int64_t svd_matrix(const void *context, const agi_matrices *m, double *const *at,
                          double *scratch, const agi_blas_table *blas)
{
    const svd_kind *kind = context;
    const agi_svd_shape *s = &kind->shape;
    const int64_t lwork = svd_work(s);
    double *a = scratch, *work = a + s->m * s->n, *u = at[1];
    double *values = kind->vectors ? u + s->m * s->of_u : at[1], *vt = values + s->k;
    int64_t *whole = (int64_t *)(void *)(work + lwork), info = 0;
    agi_matrix_by_columns(a, s->m, at[0], m->row[0], m->col[0], s->m, s->n);
    if (!agi_are_finite(a, s->m * s->n))
        return AGI_NOT_FINITE;
    const char *job = !kind->vectors ? "N" : s->of_u > s->k || s->of_v > s->k ? "A" : "S";
    blas->dgesdd(job, &s->m, &s->n, a, &s->m, values, u, &s->m, vt, &s->of_v, work, &lwork, whole,
                 &info, 1);
    return agi_blas_number(blas, info);
}

static ag_tensor *svd_of(ag_tensor *a, bool full, bool vectors)
{
    const svd_kind kind = {.shape = agi_shape_of_svd(agi_rows_of(a), agi_cols_of(a), full),
                           .vectors = vectors};
    const agi_svd_shape *s = &kind.shape;
    const int64_t size = vectors ? agi_svd_size(s) : s->k;
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    if (!AGI_BLAS_HAS(agi_blas_now(), dgesdd, "svd"))
        return NULL;
    agi_batch_of(a, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 1, &size);
    if (z == NULL || z->numel == 0)
        return z;
    if (a->numel == 0) {  /* U and Vh are unit matrices */
        agi_fill_units(z, size, s->m > s->n ? s->m : s->n);
        return z;
    }
    agi_matrices_start(&m, ndim, batch);
    m.scratch = s->m * s->n + svd_work(s) + 8 * s->k;
    m.cost = AGI_CUBIC_COST(s->k, 20 * (s->m + s->n));
    if (agi_batch_run(&m, svd_matrix, &kind, 2, (ag_tensor *[]){a, z}, (int[]){2, 1}) == AG_OK &&
        (m.failed < 0 ||
         agi_fail_to_converge("linalg.svd", &m, a->ndim > 2, "singular values") == AG_OK))
        return z;
    agi_release(z);
    return NULL;
}

AG_FORWARD(svd_pack) { return svd_of(args[0].tensor, attr->i[0] != 0, true); }
AG_FORWARD(svd_values) { (void)attr; return svd_of(args[0].tensor, false, false); }

typedef struct svd_parts {
    ag_arg u, s, vh;
} svd_parts;

static svd_parts parts_of_svd(ag_arg packed, const agi_svd_shape *s)
{
    const int64_t of_s = s->m * s->of_u, of_v = of_s + s->k;
    return (svd_parts){.u = agi_unpacked(packed, 0, s->of_u, s->m),
                       .s = v_slice_of(packed, -1, of_s, of_v),
                       .vh = agi_unpacked(packed, of_v, s->n, s->of_v)};
}

/* The part of g outside of the space of the columns of x, of which `inner` is x^T g, divided by s
 * in each column. */
static ag_arg outside_by(ag_arg g, ag_arg x, ag_arg inner, ag_arg s, ag_arg scale, int64_t n)
{
    const ag_arg rest = v_sub(g, v_matmul(x, inner));
    const ag_arg noise = agi_largest_in(v_constant(g), false);
    return agi_tied_quotient(rest, v_with_dim(s, -2), noise, scale, n);
}

/* With P and Q the skew parts of U^T gU and V^T gV, dA is U M V^T with M[i][j] =
 * ((P + Q) / (s[j] - s[i]) + (P - Q) / (s[j] + s[i])) / 2, gs on the diagonal, and what gU and gV
 * have outside of the spaces of U and V, divided by s. Nothing is squared, so that no scale is too
 * small. Columns of U and V behind the first k have no part in it. */
static ag_arg svd_slope(const svd_parts *x, const svd_parts *g, const agi_svd_shape *s)
{
    const int64_t k = s->k, n = s->m > s->n ? s->m : s->n;
    const ag_arg u = v_slice_of(x->u, -1, 0, k), vh = v_slice_of(x->vh, -2, 0, k);
    const ag_arg gu = v_slice_of(g->u, -1, 0, k), gvh = v_slice_of(g->vh, -2, 0, k);
    const ag_arg of_u = v_matmul_tn(u, gu), of_v = v_matmul_nt(vh, gvh);
    const ag_arg p = v_sub(of_u, v_mt(of_u)), q = v_sub(of_v, v_mt(of_v));
    const ag_arg noise = v_maximum(agi_largest_in(v_constant(of_u), false),
                                   agi_largest_in(v_constant(of_v), false));
    const ag_arg scale = agi_largest_in(v_constant(x->s), true);
    const ag_arg across = v_with_dim(x->s, -2), down = v_with_dim(x->s, -1);
    const ag_arg differ = agi_tied_quotient(v_add(p, q), v_sub(across, down), noise, scale, n);
    const ag_arg agree = agi_tied_quotient(v_sub(p, q), v_add(across, down), noise, scale, n);
    const ag_arg half = v_mul(v_add(differ, agree), NUM(0.5));
    const ag_arg core = v_add(half, v_diagonal_matrix(g->s));
    ag_arg left = v_matmul(u, core);
    if (s->m > k)
        left = v_add(left, outside_by(gu, u, of_u, x->s, scale, n));
    const ag_arg slope = v_matmul(left, vh);
    if (s->n <= k)
        return slope;
    const ag_arg rest = outside_by(v_mt(gvh), v_mt(vh), of_v, x->s, scale, n);
    return v_add(slope, v_matmul_nt(u, rest));
}

/* i: whether it is full, m, n. */
AG_RULE(svd_pack)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    const agi_svd_shape s = agi_shape_of_svd(i[1], i[2], i[0] != 0);
    const ag_arg packed = OUT;
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    if (agi_value_failed(packed))
        return;
    if (s.k == 0 || packed.tensor->numel == 0) {
        GX(0) = agi_slope_of_nothing(packed, ndim, shape);
        return;
    }
    if (!v->create_graph && agi_same_shape(G.tensor, packed.tensor)) {
        const ag_arg both[2] = {packed, G};
        const ag_attr attr = {.i = {i[0], i[1], i[2]}};
        GX(0) = agi_value(AG_OP_svd_pack_vjp, 2, both, &attr);
        return;
    }
    const svd_parts x = parts_of_svd(packed, &s), g = parts_of_svd(G, &s);
    GX(0) = svd_slope(&x, &g, &s);
}

/* ---- pinv: f: atol, rtol; i: hermitian; pinv_within: tensors atol, rtol; i: hermitian -------- */

/* With P the result, dA is -P^T g P^T + (1 - A P) g^T P P^T + P^T P g^T (1 - P A).  Saves A, P. */

typedef struct pinv_kind {
    agi_svd_shape shape;
    double atol, rtol;
    bool hermitian, within;  /* within: the tolerances are operands between A and the result */
} pinv_kind;

/* z (n x m, by rows) = sum of v[k] u[k]^T / s[k] for sizes of s above the tolerance. */
static void add_up_inverse(const agi_blas_table *blas, const pinv_kind *kind, const double *u,
                           const double *s, double *vt, int64_t step_v, double *const *at)
{
    static const double one = 1.0, zero = 0.0;
    double *z = at[kind->within ? 3 : 1];
    const int64_t m = kind->shape.m, n = kind->shape.n, k = kind->shape.k;
    double most = 0.0;
    for (int64_t i = 0; i < k; i++)
        most = fmax(most, fabs(s[i]));
    const double least = kind->within ? fmax(*at[1], *at[2] * most)
                                      : fmax(kind->atol, kind->rtol * most);
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < n; j++) {
            double *x = step_v == 1 ? vt + i * n + j : vt + i + j * k;
            *x = fabs(s[i]) > least ? *x / s[i] : 0.0;
        }
    /* By columns z is m x n: U times what is left of Vh. */
    blas->dgemm("N", step_v == 1 ? "T" : "N", &m, &n, &k, &one, u, &m, vt,
                step_v == 1 ? &n : &k, &zero, z, &m, 1, 1);
}

static int64_t pinv_matrix(const void *context, const agi_matrices *m, double *const *at,
                           double *scratch, const agi_blas_table *blas)
{
    const pinv_kind *kind = context;
    const agi_svd_shape *s = &kind->shape;
    double *packed = scratch, *work = packed + agi_svd_size(s) + s->n * s->n;
    int64_t info;
    if (!kind->hermitian) {
        const svd_kind svd = {.shape = *s, .vectors = true};
        double *const to[2] = {at[0], packed};
        info = svd_matrix(&svd, m, to, work, blas);
        if (info == 0)
            add_up_inverse(blas, kind, packed, packed + s->m * s->k,
                           packed + s->m * s->k + s->k, s->k == 1 ? 1 : s->k, at);
        return info;
    }
    const eigh_kind eigh = {.n = s->n, .vectors = true};
    double *const to[2] = {at[0], packed}, *copy = packed + s->n * (s->n + 1);
    info = eigh_matrix(&eigh, m, to, work, blas);
    if (info != 0)
        return info;
    memcpy(copy, packed, (size_t)(s->n * s->n) * sizeof *copy);
    add_up_inverse(blas, kind, packed, packed + s->n * s->n, copy, 1, at);
    return 0;
}

static ag_tensor *pinv_of(const ag_arg *args, const ag_attr *attr, bool within)
{
    ag_tensor *a = args[0].tensor;
    const pinv_kind kind = {.shape = agi_shape_of_svd(agi_rows_of(a), agi_cols_of(a), false),
                            .atol = attr->f[0], .rtol = attr->f[1],
                            .hermitian = attr->i[0] != 0, .within = within};
    const agi_svd_shape *s = &kind.shape;
    const int64_t size[2] = {s->n, s->m};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    if (!AGI_BLAS_HAS(agi_blas_now(), dgesdd, "pinv"))
        return NULL;
    agi_batch_of(a, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, size);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.scratch = agi_svd_size(s) + s->n * s->n + s->m * s->n + svd_work(s) + eigh_work(s->n) +
                8 * s->k + 5 * s->n + 3;
    m.cost = AGI_CUBIC_COST(s->k, 20 * (s->m + s->n));
    const int n = within ? 4 : 2, own[4] = {2, within ? 0 : 2, 0, 2};
    ag_tensor *tensors[4] = {a, z, NULL, z};
    for (int k = 1; within && k < 3; k++)
        tensors[k] = args[k].tensor;
    if (agi_batch_run(&m, pinv_matrix, &kind, n, tensors, own) == AG_OK &&
        (m.failed < 0 ||
         agi_fail_to_converge(kind.hermitian ? "linalg.eigh" : "linalg.svd", &m, a->ndim > 2,
                          kind.hermitian ? "eigenvalues" : "singular values") == AG_OK))
        return z;
    agi_release(z);
    return NULL;
}

static void pinv_rule(agi_vjp *v)
{
    const bool hermitian = agi_node_attr_of(v->node)->i[0] != 0;
    const ag_arg p = OUT;
    ag_arg a = IN(0);
    if (hermitian)
        a = v_add(v_triangle_of(a, false, 0), v_mt(v_triangle_of(a, false, -1)));
    const ag_arg inner = v_neg(v_matmul_nt(v_matmul_tn(p, G), p));
    const ag_arg left = v_matmul_nt(v_matmul_tn(G, p), p);
    const ag_arg right = v_matmul_nt(v_matmul_tn(p, p), G);
    const ag_arg from_left = v_matmul(v_identity_less(v_matmul(a, p)), left);
    const ag_arg from_right = v_matmul(right, v_identity_less(v_matmul(p, a)));
    const ag_arg slope = v_add(inner, v_add(from_left, from_right));
    GX(0) = hermitian ? v_mul(v_add(slope, v_mt(slope)), NUM(0.5)) : slope;
}

AG_FORWARD(pinv) { return pinv_of(args, attr, false); }
AG_RULE(pinv) { pinv_rule(v); }

AG_FORWARD(pinv_within) { return pinv_of(args, attr, true); }
AG_RULE(pinv_within) { pinv_rule(v); }

/* ---- public: eigh --------------------------------------------------------------------------- */

static bool check_symmetric(const ag_tensor *a)
{
    static const char name[] = "linalg.eigh";
    if (!agi_has_tensor(name, a))
        return false;
    if (a->ndim >= 2 && agi_dtype_of(a) != AG_FLOAT64) {
        agi_fail(AG_ERR_DTYPE, "\"linalg_eigh_cpu\" not implemented for '%s'",
                 agi_dtype_name(agi_dtype_of(a)));
        return false;
    }
    return agi_check_matrices(name, a, true);
}

static ag_arg eigh_packed(ag_tensor *a, bool upper)
{
    const ag_arg arg = agi_arg(a);
    const ag_attr attr = {.i = {upper}};
    return agi_value(AG_OP_eigh_pack, 1, &arg, &attr);
}

/* uplo: L, U, l, u. */
static bool is_upper(int uplo) { return uplo % 2 != 0; }

ag_status ag_linalg_eigh(ag_tensor *a, int uplo, ag_tensor **outs)
{
    const int64_t mark = agi_has("linalg.eigh", outs, "memory for the results") &&
                         check_symmetric(a) ? agi_scope_open() : -1;
    if (mark < 0)
        return ag_last_status();
    const int64_t n = agi_rows_of(a);
    const ag_arg packed = eigh_packed(a, is_upper(uplo));
    const ag_arg values[2] = {agi_last_row_of(packed, n), v_mt(v_slice_of(packed, -2, 0, n))};
    return agi_leave_with_all(mark, 2, values, outs);
}

ag_tensor *ag_linalg_eigvalsh(ag_tensor *a, int uplo)
{
    const int64_t mark = check_symmetric(a) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    const ag_arg arg = agi_arg(a);
    const bool upper = is_upper(uplo);
    const ag_attr attr = {.i = {upper}};
    const ag_arg w = agi_is_recorded(a) ? agi_last_row_of(eigh_packed(a, upper), agi_rows_of(a))
                                        : agi_value(AG_OP_eigh_values, 1, &arg, &attr);
    return agi_leave_with(mark, w);
}

/* ---- public: svd ---------------------------------------------------------------------------- */

static svd_parts svd_by_parts(ag_tensor *a, bool full)
{
    const agi_svd_shape s = agi_shape_of_svd(agi_rows_of(a), agi_cols_of(a), full);
    const ag_arg arg = agi_arg(a);
    const ag_attr attr = {.i = {full, s.m, s.n}};
    return parts_of_svd(agi_value(AG_OP_svd_pack, 1, &arg, &attr), &s);
}

ag_status ag_linalg_svd(ag_tensor *a, bool full_matrices, ag_tensor **outs)
{
    const int64_t mark = agi_has("linalg.svd", outs, "memory for the results") &&
                         agi_check_matrices("linalg.svd", a, false) ? agi_scope_open() : -1;
    if (mark < 0)
        return ag_last_status();
    const svd_parts p = svd_by_parts(a, full_matrices);
    return agi_leave_with_all(mark, 3, (ag_arg[]){p.u, p.s, p.vh}, outs);
}

/* U, S and V, not its transpose. */
ag_status ag_svd(ag_tensor *a, bool some, bool compute_uv, ag_tensor **outs)
{
    const int64_t mark = agi_has("svd", outs, "memory for the results") &&
                         agi_check_matrices("linalg.svd", a, false) ? agi_scope_open() : -1;
    if (mark < 0)
        return ag_last_status();
    svd_parts p = svd_by_parts(a, !some);
    if (!compute_uv) {
        p.u = v_sub(v_constant(p.u), v_constant(p.u));
        p.vh = v_sub(v_constant(p.vh), v_constant(p.vh));
    }
    return agi_leave_with_all(mark, 3, (ag_arg[]){p.u, p.s, v_mt(p.vh)}, outs);
}

ag_tensor *ag_linalg_svdvals(ag_tensor *a)
{
    const int64_t mark = agi_check_matrices("linalg.svd", a, false) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    const ag_arg arg = agi_arg(a);
    return agi_leave_with(mark, agi_is_recorded(a) ? svd_by_parts(a, false).s
                                                 : agi_value(AG_OP_svd_values, 1, &arg, NULL));
}

/* ---- public: pinv, matrix_rank -------------------------------------------------------------- */

static double usual_tolerance(const ag_tensor *a)
{
    const int64_t m = agi_rows_of(a), n = agi_cols_of(a);
    return (double)(m > n ? m : n) * 0x1p-52;
}

/* The tolerances, of which NaN is none. */
static void settle_tolerances(const ag_tensor *a, double *atol, double *rtol)
{
    if (isnan(*rtol))
        *rtol = *atol > 0.0 ? 0.0 : usual_tolerance(a);
    if (isnan(*atol))
        *atol = 0.0;
}

/* The same of tensors, of which NULL is none, as two that broadcast to the batch. */
static void tolerance_tensors(const ag_tensor *a, ag_tensor *atol, ag_tensor *rtol, ag_arg *both)
{
    ag_tensor *const given[2] = {atol, rtol};
    for (int k = 0; k < 2; k++) {
        const double usual = k == 0 ? 0.0 : usual_tolerance(a);
        ag_tensor *t = given[k] != NULL ? ag_cast(given[k], AG_FLOAT64) : ag_full(0, NULL, usual);
        both[k] = t != NULL ? v_constant(agi_arg(t)) : v_failed_matrix();
    }
    if (atol != NULL && rtol == NULL)
        both[1] = v_where(v_gt(both[0], NUM(0.0)), NUM(0.0), both[1]);
}

/* a for each matrix of the batch that it and the tolerances make. */
static ag_arg for_each_tolerance(ag_arg a, const ag_arg *tolerances)
{
    int64_t batch[AGI_MAX_DIMS + 2];
    int ndim = 0;
    for (int k = 0; k < 2; k++) {
        const ag_tensor *t = tolerances[k].tensor;
        if (agi_value_failed(tolerances[k]) ||
            agi_shape_broadcast(&ndim, batch, t->ndim, agi_shape_of(t)) != AG_OK)
            return v_failed_matrix();
    }
    const ag_tensor *t = a.tensor;
    if (agi_shape_broadcast(&ndim, batch, t->ndim - 2, agi_shape_of(t)) != AG_OK)
        return v_failed_matrix();
    if (agi_shape_equal(ndim, batch, t->ndim - 2, agi_shape_of(t)))
        return a;
    if (ndim + 2 > AGI_MAX_DIMS) {
        agi_fail(AG_ERR_SHAPE, "linalg.pinv: a tensor has at most %d dimensions", AGI_MAX_DIMS);
        return v_failed_matrix();
    }
    batch[ndim++] = agi_rows_of(t);
    batch[ndim++] = agi_cols_of(t);
    return v_expand(a, ndim, batch);
}

static bool check_pinv(ag_tensor *a, bool hermitian)
{
    if (!agi_has_tensor("linalg.pinv", a))
        return false;
    if (a->ndim < 2 || agi_dtype_of(a) != AG_FLOAT64) {
        char size[AGI_SHAPE_TEXT];
        agi_fail(AG_ERR_SHAPE, "linalg.pinv(%s{%s}): expected a tensor with 2 or more dimensions "
                               "of float, double, cfloat or cdouble types",
                 agi_dtype_name(agi_dtype_of(a)),
                 agi_format_shape_list(size, a->ndim, agi_shape_of(a)));
        return false;
    }
    return !hermitian || agi_check_matrices("linalg.eigh", a, true);
}

ag_tensor *ag_linalg_pinv(ag_tensor *a, double atol, double rtol, bool hermitian)
{
    if (!check_pinv(a, hermitian))
        return NULL;
    settle_tolerances(a, &atol, &rtol);
    const ag_arg arg = agi_arg(a);
    const ag_attr attr = {.f = {atol, rtol}, .i = {hermitian}};
    return agi_call(AG_OP_pinv, 1, &arg, &attr);
}

ag_tensor *ag_linalg_pinv_within(ag_tensor *a, ag_tensor *atol, ag_tensor *rtol, bool hermitian)
{
    if (atol == NULL && rtol == NULL)
        return ag_linalg_pinv(a, (double)NAN, (double)NAN, hermitian);
    const int64_t mark = check_pinv(a, hermitian) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    ag_arg args[3] = {agi_arg(a)};
    tolerance_tensors(a, atol, rtol, args + 1);
    args[0] = for_each_tolerance(args[0], args + 1);
    const ag_attr attr = {.i = {hermitian}};
    return agi_leave_with(mark, agi_value(AG_OP_pinv_within, 3, args, &attr));
}

ag_tensor *ag_pinverse(ag_tensor *a, double rcond)
{
    return ag_linalg_pinv(a, (double)NAN, rcond, false);
}

static bool check_rank(ag_tensor *a, bool hermitian)
{
    static const char name[] = "torch.linalg.matrix_rank";
    if (!agi_has_tensor(name, a))
        return false;
    if (a->ndim < 2) {
        agi_fail(AG_ERR_SHAPE, "%s: The input tensor input must have at least 2 dimensions.", name);
        return false;
    }
    return agi_check_matrices(hermitian ? "linalg.eigh" : "linalg.svd", a, hermitian);
}

/* How many singular values, or sizes of eigenvalues, are above the tolerances: numbers, or tensors
 * with a dimension of 1 at the end. */
static ag_arg rank_within(ag_tensor *a, ag_arg atol, ag_arg rtol, bool hermitian)
{
    static const int64_t last = -1;
    const ag_attr along = {.n_list = 1, .list = &last};
    const ag_arg arg = agi_arg(a);
    const ag_attr lower = {.i = {0}};
    const ag_arg s = hermitian ? v_abs(agi_value(AG_OP_eigh_values, 1, &arg, &lower))
                               : agi_value(AG_OP_svd_values, 1, &arg, NULL);
    const bool is_some = !agi_value_failed(s) && s.tensor->numel > 0;
    const ag_arg most = is_some ? v_reduce(AG_OP_amax, s, &along, true) : NUM(0.0);
    const ag_arg counts = v_logical_and(v_gt(s, v_mul(most, rtol)), v_gt(s, atol));
    return v_reduce(AG_OP_sum, counts, &along, false);
}

ag_tensor *ag_linalg_matrix_rank(ag_tensor *a, double atol, double rtol, bool hermitian)
{
    const int64_t mark = check_rank(a, hermitian) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    settle_tolerances(a, &atol, &rtol);
    return agi_leave_with(mark, rank_within(a, NUM(atol), NUM(rtol), hermitian));
}

ag_tensor *ag_linalg_matrix_rank_within(ag_tensor *a, ag_tensor *atol, ag_tensor *rtol,
                                        bool hermitian)
{
    if (atol == NULL && rtol == NULL)
        return ag_linalg_matrix_rank(a, (double)NAN, (double)NAN, hermitian);
    const int64_t mark = check_rank(a, hermitian) ? agi_scope_open() : -1;
    if (mark < 0)
        return NULL;
    ag_arg both[2];
    tolerance_tensors(a, atol, rtol, both);
    return agi_leave_with(mark, rank_within(a, v_with_dim(both[0], -1), v_with_dim(both[1], -1),
                                        hermitian));
}
