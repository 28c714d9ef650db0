/* SPDX-License-Identifier: MIT
 *
 * Gradients of spectra, one matrix at a time, for backwards that are not recorded: what the rules
 * of linalg_spectral.c say in ops, which is the truth, in a few products. Most programs ask for the
 * values alone; then nothing but a sum of outer products is left.
 */
#include <math.h>

#include "../base/shape.h"
#include "../tape/dtypes.h"
#include "../tensor/copy.h"
#include "linalg.h"
#include "table.h"

static const double times_0 = 0.0, times_1 = 1.0, times_minus_1 = -1.0;

static bool has_number(const double *x, int64_t rows, int64_t cols, int64_t ld)
{
    bool found = false;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++)
            found |= x[i * ld + j] != 0.0;
    return found;
}

/* The largest size of n numbers; NaN if one is. */
static double largest_size(double most, const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        most = fabs(x[i]) > most || isnan(x[i]) ? fabs(x[i]) : most;
    return most;
}

/* See agi_tied_quotient: `noise` and `scale` times what rounding leaves of them. */
static double tied_quotient(double x, double d, double noise, double scale)
{
    return fabs(x) <= noise && fabs(d) <= scale ? 0.0 : x / d;
}

/* z (by columns): each column of x times a number. */
static void scaled_columns(double *z, const double *x, const double *by, int64_t rows, int64_t cols)
{
    for (int64_t j = 0; j < cols; j++)
        for (int64_t i = 0; i < rows; i++)
            z[j * rows + i] = x[j * rows + i] * by[j];
}

/* x where its numbers lie behind each other, as those of new tensors do, or a copy. */
static const double *dense_rows(const double *x, int64_t row, int64_t col, int64_t rows,
                                int64_t cols, double *copy)
{
    if ((col == 1 || cols == 1) && (row == cols || rows == 1))
        return x;
    agi_copy_block((agi_block){copy, cols, 1}, x, row, col, rows, cols);
    return copy;
}

/* ---- eigh_pack_vjp -------------------------------------------------------------------------- */

/* core = K / (w[j] - w[i]) + diag(gw), with K the skew half of what is there. */
static void turn_eigenvectors(double *core, const double *w, const double *gw, int64_t n)
{
    const double least = 8.0 * (double)n * 0x1p-52;
    const double noise = least * largest_size(0.0, core, n * n);
    const double scale = least * largest_size(0.0, w, n);
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < j; i++) {
            const double skew = (core[i + j * n] - core[j + i * n]) * 0.5;
            core[i + j * n] = tied_quotient(skew, w[j] - w[i], noise, scale);
            core[j + i * n] = core[i + j * n];
        }
        core[j * (n + 1)] = gw[j];
    }
}

static int64_t eigh_slope(const void *context, const agi_matrices *m, double *const *at,
                          double *scratch, const agi_blas_table *blas)
{
    const int64_t n = *(const int64_t *)context, size = n * (n + 1);
    double *core = scratch, *left = core + n * n, *copies = left + n * n;
    const double *x = dense_rows(at[0], m->row[0], m->col[0], n + 1, n, copies);
    const double *g = dense_rows(at[1], m->row[1], m->col[1], n + 1, n, copies + size);
    if (has_number(g, n, n, n)) {
        blas->dgemm("T", "N", &n, &n, &n, &times_1, x, &n, g, &n, &times_0, core, &n, 1, 1);
        turn_eigenvectors(core, x + n * n, g + n * n, n);
        blas->dgemm("N", "N", &n, &n, &n, &times_1, x, &n, core, &n, &times_0, left, &n, 1, 1);
    } else
        scaled_columns(left, x, g + n * n, n, n);
    blas->dgemm("N", "T", &n, &n, &n, &times_1, left, &n, x, &n, &times_0, at[2], &n, 1, 1);
    return 0;
}

/* args: what eigh_pack made, and its cotangent. */
AG_FORWARD(eigh_pack_vjp)
{
    ag_tensor *x = args[0].tensor, *g = args[1].tensor;
    const int64_t n = agi_cols_of(x), size[2] = {n, n};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    (void)attr;
    agi_batch_of(x, NULL, 2, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, size);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.scratch = 4 * n * n + 2 * n;
    m.cost = AGI_CUBIC_COST(n, 4 * n);
    return agi_batch_made(&m, eigh_slope, &n, 3, (ag_tensor *[]){x, g, z}, (int[]){2, 2, 2});
}

/* ---- svd_pack_vjp --------------------------------------------------------------------------- */

/* Where the parts of one matrix lie, by columns: U with m rows, Vh with of_v. */
typedef struct svd_side {
    const double *u, *s, *vt;
} svd_side;

static svd_side side_of(const double *packed, const agi_svd_shape *s)
{
    const double *values = packed + s->m * s->of_u;
    return (svd_side){.u = packed, .s = values, .vt = values + s->k};
}

/* core of U^T gU and V^T gV: see svd_slope in linalg_spectral.c. */
static void turn_singular_vectors(double *core, const double *of_u, const double *of_v,
                                  const svd_side *x, const svd_side *g, const agi_svd_shape *s)
{
    const int64_t k = s->k;
    const double least = 8.0 * (double)(s->m > s->n ? s->m : s->n) * 0x1p-52;
    const double scale = least * largest_size(0.0, x->s, k);
    const double noise = least * largest_size(largest_size(0.0, of_u, k * k), of_v, k * k);
    for (int64_t j = 0; j < k; j++)
        for (int64_t i = 0; i < k; i++) {
            const double p = of_u[i + j * k] - of_u[j + i * k];
            const double q = of_v[i + j * k] - of_v[j + i * k];
            const double differ = tied_quotient(p + q, x->s[j] - x->s[i], noise, scale);
            const double agree = tied_quotient(p - q, x->s[j] + x->s[i], noise, scale);
            core[i + j * k] = (differ + agree) * 0.5 + (i == j ? g->s[j] : 0.0);
        }
}

/* to (rows x k) += rest / s, by columns: of cotangents that are as large as `most`. */
static void add_outside(double *to, const double *rest, const svd_side *x, double most,
                        int64_t rows, const agi_svd_shape *s)
{
    const double least = 8.0 * (double)(s->m > s->n ? s->m : s->n) * 0x1p-52;
    const double scale = least * largest_size(0.0, x->s, s->k);
    for (int64_t j = 0; j < s->k; j++)
        for (int64_t i = 0; i < rows; i++)
            to[j * rows + i] += tied_quotient(rest[j * rows + i], x->s[j], least * most, scale);
}

/* left (m x k) and right (n x k): the gradient is left Vh + U right^T. */
static void svd_sides(const agi_svd_shape *s, const svd_side *x, const svd_side *g, double *left,
                      double *right, double *scratch, const agi_blas_table *blas)
{
    const int64_t m = s->m, n = s->n, k = s->k;
    double *of_u = scratch, *of_v = of_u + k * k, *core = of_v + k * k, *rest = core + k * k;
    blas->dgemm("T", "N", &k, &k, &m, &times_1, x->u, &m, g->u, &m, &times_0, of_u, &k, 1, 1);
    blas->dgemm("N", "T", &k, &k, &n, &times_1, x->vt, &s->of_v, g->vt, &s->of_v, &times_0, of_v,
                &k, 1, 1);
    turn_singular_vectors(core, of_u, of_v, x, g, s);
    blas->dgemm("N", "N", &m, &k, &k, &times_1, x->u, &m, core, &k, &times_0, left, &m, 1, 1);
    if (m > k) {
        agi_copy_block((agi_block){rest, m, 1}, g->u, m, 1, k, m);
        blas->dgemm("N", "N", &m, &k, &k, &times_minus_1, x->u, &m, of_u, &k, &times_1, rest, &m, 1,
                    1);
        add_outside(left, rest, x, largest_size(0.0, g->u, m * k), m, s);
    }
    for (int64_t i = 0; i < n * k; i++)
        right[i] = 0.0;
    if (n > k) {  /* then Vh has k rows, or its first k are meant */
        agi_copy_block((agi_block){rest, n, 1}, g->vt, 1, s->of_v, k, n);
        const double most = largest_size(0.0, rest, n * k);
        blas->dgemm("T", "N", &n, &k, &k, &times_minus_1, x->vt, &s->of_v, of_v, &k, &times_1, rest,
                    &n, 1, 1);
        add_outside(right, rest, x, most, n, s);
    }
}

static int64_t svd_scratch(const agi_svd_shape *s)
{
    return 2 * agi_svd_size(s) + 3 * s->k * s->k + 3 * s->k * (s->m + s->n);
}

static int64_t svd_slope_matrix(const void *context, const agi_matrices *where, double *const *at,
                                double *scratch, const agi_blas_table *blas)
{
    const agi_svd_shape *s = context;
    const int64_t m = s->m, n = s->n, k = s->k, size = agi_svd_size(s);
    double *left = scratch + 2 * size, *right = left + m * k, *rest = right + n * k;
    const svd_side x = side_of(dense_rows(at[0], size, where->row[0], 1, size, scratch), s);
    const svd_side g = side_of(dense_rows(at[1], size, where->row[1], 1, size, scratch + size), s);
    const bool turns = has_number(g.u, 1, m * k, 0) || has_number(g.vt, n, k, s->of_v);
    if (turns)
        svd_sides(s, &x, &g, left, right, rest, blas);
    else
        scaled_columns(left, x.u, g.s, m, k);
    /* By columns the result is transposed. */
    blas->dgemm("T", "T", &n, &m, &k, &times_1, x.vt, &s->of_v, left, &m, &times_0, at[2], &n, 1,
                1);
    if (turns && n > k)
        blas->dgemm("N", "T", &n, &m, &k, &times_1, right, &n, x.u, &m, &times_1, at[2], &n, 1, 1);
    return 0;
}

/* args: what svd_pack made, and its cotangent; i: as svd_pack has them. */
AG_FORWARD(svd_pack_vjp)
{
    ag_tensor *x = args[0].tensor, *g = args[1].tensor;
    const agi_svd_shape s = agi_shape_of_svd(attr->i[1], attr->i[2], attr->i[0] != 0);
    const int64_t size[2] = {s.m, s.n};
    int64_t batch[AGI_MAX_DIMS];
    int ndim;
    agi_matrices m;
    agi_batch_of(x, NULL, 1, &ndim, batch);
    ag_tensor *z = agi_batch_tensor(ndim, batch, 2, size);
    if (z == NULL || z->numel == 0)
        return z;
    agi_matrices_start(&m, ndim, batch);
    m.scratch = svd_scratch(&s);
    m.cost = AGI_CUBIC_COST(s.k, 3 * (s.m + s.n));
    return agi_batch_made(&m, svd_slope_matrix, &s, 3, (ag_tensor *[]){x, g, z},
                          (int[]){1, 1, 2});
}
