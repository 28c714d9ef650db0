/* SPDX-License-Identifier: MIT
 *
 * Products of all elements and along a dimension, and of each element the product of all others,
 * which is the derivative: nothing is divided by, so that zeros harm nothing.
 */
#include <string.h>

#include "../base/parallel.h"
#include "../base/shape.h"
#include "../compute/kernel.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tensor/copy.h"
#include "picks.h"
#include "table.h"

/* ---- the product of a line ------------------------------------------------------------------- */

/* The factors of a piece are in 16 lanes, number i in lane i mod 16, which are multiplied in halves
 * at last; pieces are multiplied in order. Less than 16 are multiplied in order. So a product does
 * not depend on the level, on threads, or on how its factors lie. */
#define PIECE 16384
typedef double prod_vec __attribute__((vector_size(64), aligned(8), may_alias));
#define PROD_LANES 16

AGI_STAMPED double prod_piece_body(const double *x, int64_t n)
{
    double lanes[PROD_LANES];
    prod_vec low = *(const prod_vec *)x, high = *(const prod_vec *)(x + 8);
    int64_t i = PROD_LANES;
    for (; i + PROD_LANES <= n; i += PROD_LANES) {
        low *= *(const prod_vec *)(x + i);
        high *= *(const prod_vec *)(x + i + 8);
    }
    memcpy(lanes, &low, sizeof low);
    memcpy(lanes + 8, &high, sizeof high);
    for (int l = 0; i < n; i++, l++)
        lanes[l] *= x[i];
    for (int width = PROD_LANES / 2; width >= 1; width /= 2)
        for (int l = 0; l < width; l++)
            lanes[l] *= lanes[l + width];
    return lanes[0];
}

/* Lines that lie side by side are multiplied row by row, in the same order: of each lane, so many
 * rows in turn while its products are in registers. */
#define PROD_STRIP 256
#define PROD_DEPTH 8

AGI_STAMPED void multiply_deep(double *lane, const double *x, int64_t step, int64_t cols)
{
    const double *x1 = x + step, *x2 = x + 2 * step, *x3 = x + 3 * step, *x4 = x + 4 * step;
    const double *x5 = x + 5 * step, *x6 = x + 6 * step, *x7 = x + 7 * step;
    AGI_INDEPENDENT
    for (int64_t j = 0; j < cols; j++)
        lane[j] = lane[j] * x[j] * x1[j] * x2[j] * x3[j] * x4[j] * x5[j] * x6[j] * x7[j];
}

AGI_STAMPED void prod_strip_body(double *z, const double *x, int64_t step, int64_t n, int64_t cols)
{
    double lanes[PROD_LANES][PROD_STRIP];
    const int64_t count = n < PROD_LANES ? 1 : PROD_LANES;
    for (int64_t l = 0; l < count; l++, x += step)
        memcpy(lanes[l], x, (size_t)cols * sizeof *x);
    int64_t i = count;
    for (; count == PROD_LANES && i + PROD_DEPTH * PROD_LANES <= n;
         i += PROD_DEPTH * PROD_LANES, x += PROD_DEPTH * PROD_LANES * step)
        for (int64_t l = 0; l < PROD_LANES; l++)
            multiply_deep(lanes[l], x + l * step, PROD_LANES * step, cols);
    for (; i < n; i++, x += step) {
        double *lane = lanes[i % count];
        for (int64_t j = 0; j < cols; j++)
            lane[j] *= x[j];
    }
    for (int64_t width = count / 2; width >= 1; width /= 2)
        for (int64_t l = 0; l < width; l++)
            for (int64_t j = 0; j < cols; j++)
                lanes[l][j] *= lanes[l + width][j];
    memcpy(z, lanes[0], (size_t)cols * sizeof *z);
}

#define PROD_STAMP(TARGET, level) \
    TARGET static double prod_piece_##level(const double *x, int64_t n) \
    { \
        return prod_piece_body(x, n); \
    } \
    TARGET static void prod_strip_##level(double *z, const double *x, int64_t step, int64_t n, \
                                          int64_t cols) \
    { \
        prod_strip_body(z, x, step, n, cols); \
    }
PROD_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
PROD_STAMP(AGI_TARGET_AVX2, avx2)
PROD_STAMP(AGI_TARGET_AVX512, avx512)
#endif

static double (*const prod_pieces[AGI_LEVELS])(const double *x, int64_t n) = {
    prod_piece_base,
#if AGI_X86
    prod_piece_avx2, prod_piece_avx512,
#endif
};

static void (*const prod_strips[AGI_LEVELS])(double *z, const double *x, int64_t step, int64_t n,
                                             int64_t cols) = {
    prod_strip_base,
#if AGI_X86
    prod_strip_avx2, prod_strip_avx512,
#endif
};

static double product_of_piece(const double *x, int64_t n)
{
    double product = 1.0;
    if (n >= PROD_LANES)
        return prod_pieces[agi_level_now](x, n);
    for (int64_t i = 0; i < n; i++)
        product *= x[i];
    return product;
}

static void product_line(const void *context, const double *x, int64_t n, double *const *z,
                         double *scratch)
{
    double product = n > 0 ? product_of_piece(x, n < PIECE ? n : PIECE) : 1.0;
    (void)context;
    (void)scratch;
    for (int64_t i = PIECE; i < n; i += PIECE)
        product *= product_of_piece(x + i, n - i < PIECE ? n - i : PIECE);
    *z[0] = product;
}

/* ---- one long line, shared ------------------------------------------------------------------- */

typedef struct product_job {
    const double *x;
    int64_t n;
    double *pieces;
} product_job;

static void multiply_pieces(void *context, int64_t begin, int64_t end, int part)
{
    const product_job *job = context;
    (void)part;
    for (int64_t p = begin; p < end; p++) {
        const int64_t i = p * PIECE, left = job->n - i;
        job->pieces[p] = product_of_piece(job->x + i, left < PIECE ? left : PIECE);
    }
}

static ag_status product_of_many(double *z, const double *x, int64_t n)
{
    const int64_t count = (n - 1) / PIECE + 1;
    product_job job = {.x = x, .n = n};
    job.pieces = agi_plain_new((size_t)count * sizeof(double));
    if (job.pieces == NULL)
        return ag_last_status();
    void *token = agi_blocking_enter();
    agi_parallel_for(count, 4, 1, multiply_pieces, &job);
    agi_blocking_leave(token);
    double product = job.pieces[0];
    for (int64_t p = 1; p < count; p++)
        product *= job.pieces[p];
    *z = product;
    agi_plain_free(job.pieces);
    return AG_OK;
}

/* ---- columns --------------------------------------------------------------------------------- */

static void multiply_strips(void *context, int64_t begin, int64_t end, int part)
{
    const agi_lines *lines = context;
    const int64_t cols = lines->walk.shape[lines->walk.ndim - 1];
    const int64_t strips = (cols - 1) / PROD_STRIP + 1;
    agi_walk w;
    (void)part;
    for (int64_t u = begin; u < end; u++) {
        const int64_t from = u % strips * PROD_STRIP, left = cols - from;
        agi_walk_start(&w, &lines->walk, u / strips * cols + from);
        prod_strips[agi_level_now](lines->z[0] + w.at[1], lines->x + w.at[0], lines->x_step,
                                   lines->n, left < PROD_STRIP ? left : PROD_STRIP);
    }
}

static bool are_columns(const agi_lines *lines)
{
    const int last = lines->walk.ndim - 1;
    return lines->count > 1 && lines->x_step != 1 && lines->n > 0 && lines->n <= PIECE &&
           lines->walk.strides[0][last] == 1 && lines->walk.strides[1][last] == 1;
}

static void products_of_columns(agi_lines *lines)
{
    const int64_t cols = lines->walk.shape[lines->walk.ndim - 1];
    const int64_t units = lines->count / cols * ((cols - 1) / PROD_STRIP + 1);
    const int64_t each = lines->n * (cols < PROD_STRIP ? cols : PROD_STRIP);
    const bool shared = each * units >= 4 * (int64_t)AGI_PARALLEL_MIN;
    void *token = shared ? agi_blocking_enter() : NULL;
    agi_parallel_for(units, shared ? 4 * (int64_t)AGI_PARALLEL_GRAIN / each + 1 : units, 1,
                     multiply_strips, lines);
    if (shared)
        agi_blocking_leave(token);
}

/* ---- prod ------------------------------------------------------------------------------------ */

/* x as it is read for all: in row-major memory. Owned. */
static ag_tensor *in_a_row(const ag_tensor *x)
{
    if (agi_is_contiguous(x))
        return agi_tensor_alias(x);
    ag_tensor *dense = agi_tensor_new(x->ndim, agi_shape_of(x), x->numel);
    if (dense != NULL)
        agi_run_gather(agi_tensor_data(dense), x->ndim, agi_shape_of(x), agi_tensor_data(x),
                       agi_strides_of(x));
    return dense;
}

static ag_tensor *product_of_all(const ag_tensor *x, bool keep)
{
    int64_t ones[AGI_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        ones[d] = 1;
    ag_tensor *dense = in_a_row(x), *z = agi_tensor_new(keep ? x->ndim : 0, ones, 1);
    bool done = dense != NULL && z != NULL;
    if (done && x->numel >= 4 * (int64_t)AGI_PARALLEL_MIN)
        done = product_of_many(agi_tensor_data(z), agi_tensor_data(dense), x->numel) == AG_OK;
    else if (done)
        product_line(NULL, agi_tensor_data(dense), x->numel,
                     (double *const[]){agi_tensor_data(z), NULL}, NULL);
    agi_release(dense);
    if (done)
        return z;
    agi_release(z);
    return NULL;
}

static ag_tensor *product_along(const ag_tensor *x, int64_t named, bool keep)
{
    agi_lines lines;
    ag_tensor *z;
    int dim;
    if (agi_shape_wrap_dim(named, x->ndim, &dim) != AG_OK ||
        agi_results_along(&lines, x, dim, 1, keep, 1, &z) != AG_OK)
        return NULL;
    lines.cost = 0.3;
    if (are_columns(&lines)) {
        products_of_columns(&lines);
        return z;
    }
    return agi_pick_run(&lines, product_line, NULL, 1, &z) == AG_OK ? z : NULL;
}

/* i: the dimension, whether it is kept. */
AG_FORWARD(prod)
{
    const ag_tensor *x = args[0].tensor;
    const bool keep = attr->i[1] != 0;
    ag_tensor *z = attr->i[0] == AG_NO_DIM ? product_of_all(x, keep)
                                           : product_along(x, attr->i[0], keep);
    for (int64_t i = 0; z != NULL && agi_dtype_of(x) != AG_FLOAT64 && i < z->numel; i++)
        agi_tensor_data(z)[i] += 0.0;  /* integers have no -0 */
    return z;
}

/* dx = g times the product of the others. */
AG_RULE(prod)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    const ag_arg x = IN(0);
    const ag_attr attr = {.i = {i[0]}};
    ag_arg g = G;
    if (!NEEDS(0))
        return;
    if (i[0] != AG_NO_DIM && i[1] == 0 && !agi_value_failed(x) && x.tensor->ndim > 0) {
        const int dim = agi_shape_wrapped(i[0], x.tensor->ndim);
        g = agi_value(AG_OP_unsqueeze, 1, &g, &(ag_attr){.i = {dim}});
    }
    GX(0) = v_vjp_mul(g, agi_value(AG_OP_prod_others, 1, &x, &attr));
}

/* ---- prod_others ----------------------------------------------------------------------------- */

/* So many stretches of a line are gone through side by side, since one product waits for the one
 * before. */
#define STRETCHES 8

static void others_of_few(const double *x, int64_t n, double *z)
{
    double product = 1.0;
    for (int64_t i = 0; i < n; i++) {
        z[i] = product;
        product *= x[i];
    }
    product = 1.0;
    for (int64_t i = n - 1; i >= 0; i--) {
        z[i] *= product;
        product *= x[i];
    }
}

static void others_line(const void *context, const double *x, int64_t n, double *const *results,
                        double *scratch)
{
    const int64_t m = n / STRETCHES;
    double *z = results[0], whole[STRETCHES], before[STRETCHES], behind[STRETCHES];
    (void)context;
    (void)scratch;
    if (n < 8 * STRETCHES) {
        others_of_few(x, n, z);
        return;
    }
    for (int s = 0; s < STRETCHES; s++)
        whole[s] = 1.0;
    for (int64_t i = 0; i < m; i++)
        for (int s = 0; s < STRETCHES; s++)
            whole[s] *= x[s * m + i];
    double rest = 1.0, first = 1.0;
    for (int64_t i = STRETCHES * m; i < n; i++)
        rest *= x[i];
    for (int s = 0; s < STRETCHES; s++) {
        before[s] = first;
        first *= whole[s];
    }
    others_of_few(x + STRETCHES * m, n - STRETCHES * m, z + STRETCHES * m);
    for (int64_t i = STRETCHES * m; i < n; i++)
        z[i] *= first;
    for (int s = STRETCHES - 1; s >= 0; s--) {
        behind[s] = rest;
        rest *= whole[s];
    }
    for (int64_t i = 0; i < m; i++)
        for (int s = 0; s < STRETCHES; s++) {
            z[s * m + i] = before[s];
            before[s] *= x[s * m + i];
        }
    for (int64_t i = m - 1; i >= 0; i--)
        for (int s = 0; s < STRETCHES; s++) {
            z[s * m + i] *= behind[s];
            behind[s] *= x[s * m + i];
        }
}

static ag_tensor *others_in_all(const ag_tensor *x)
{
    ag_tensor *dense = in_a_row(x);
    ag_tensor *z = dense != NULL ? agi_tensor_new(x->ndim, agi_shape_of(x), x->numel) : NULL;
    if (z != NULL)
        others_line(NULL, agi_tensor_data(dense), x->numel,
                    (double *const[]){agi_tensor_data(z), NULL}, NULL);
    agi_release(dense);
    return z;
}

AG_FORWARD(prod_others)
{
    const ag_tensor *x = args[0].tensor;
    agi_lines lines;
    ag_tensor *z;
    int dim;
    if (attr->i[0] == AG_NO_DIM)
        return others_in_all(x);
    if (agi_shape_wrap_dim(attr->i[0], x->ndim, &dim) != AG_OK ||
        agi_results_along(&lines, x, dim, x->ndim > 0 ? agi_shape_of(x)[dim] : 1, true, 1, &z) !=
            AG_OK)
        return NULL;
    lines.cost = 1.5;
    return agi_pick_run(&lines, others_line, NULL, 1, &z) == AG_OK ? z : NULL;
}

/* With F = sum of g[i] times the product of all x but x[i], dx[k] = dF / dx[k]. F is made of
 * halves: of a stretch there are p, the product of its x, and s, its F, and of two stretches
 * p = p1 p2, s = s1 p2 + p1 s2, of which s is 0 where all g are, whatever the x. That goes up by
 * halving and down again for the derivative, in ops that have derivatives of their own. */
typedef struct others_level {
    int64_t n;
    ag_arg p, s;
} others_level;

#define OTHERS_LEVELS 64

static ag_arg stretch_of(ag_arg x, int64_t dim, int64_t from, int64_t to)
{
    const ag_attr attr = {.i = {dim, from, to, 1}};
    return agi_value(AG_OP_slice, 1, &x, &attr);
}

static ag_arg half_at(ag_arg x, int64_t dim, int64_t half, int which)
{
    return stretch_of(x, dim, which * half, (which + 1) * half);
}

static ag_arg put_together(int64_t dim, int n, const ag_arg *parts)
{
    int64_t sizes[3];
    for (int k = 0; k < n; k++)
        sizes[k] = agi_value_failed(parts[k]) ? 0 : agi_shape_of(parts[k].tensor)[dim];
    const ag_attr attr = {.i = {dim}, .n_list = n, .list = sizes};
    return n == 1 ? parts[0] : agi_value(AG_OP_cat, n, parts, &attr);
}

static others_level level_above(const others_level *level, int64_t dim)
{
    const int64_t half = level->n / 2, n = level->n;
    const ag_arg pa = half_at(level->p, dim, half, 0), pb = half_at(level->p, dim, half, 1);
    const ag_arg sa = half_at(level->s, dim, half, 0), sb = half_at(level->s, dim, half, 1);
    ag_arg p[2] = {v_mul(pa, pb)}, s[2] = {v_add(v_vjp_mul(sa, pb), v_vjp_mul(sb, pa))};
    const bool odd = n % 2 != 0;
    if (odd) {
        p[1] = stretch_of(level->p, dim, n - 1, n);
        s[1] = stretch_of(level->s, dim, n - 1, n);
    }
    return (others_level){.n = half + odd, .p = put_together(dim, odd ? 2 : 1, p),
                          .s = put_together(dim, odd ? 2 : 1, s)};
}

/* The derivatives by p and s of a level, from those of the level above. */
static others_level slopes_below(const others_level *level, const others_level *above, int64_t dim)
{
    const int64_t half = level->n / 2, n = level->n;
    const ag_arg pa = half_at(level->p, dim, half, 0), pb = half_at(level->p, dim, half, 1);
    const ag_arg sa = half_at(level->s, dim, half, 0), sb = half_at(level->s, dim, half, 1);
    const ag_arg dp = half_at(above->p, dim, half, 0), ds = half_at(above->s, dim, half, 0);
    const bool odd = n % 2 != 0;
    ag_arg p[3] = {v_add(v_vjp_mul(dp, pb), v_vjp_both(sb, ds)),
                   v_add(v_vjp_mul(dp, pa), v_vjp_both(sa, ds))};
    ag_arg s[3] = {v_mul(ds, pb), v_mul(ds, pa)};
    if (odd) {
        p[2] = stretch_of(above->p, dim, half, half + 1);
        s[2] = stretch_of(above->s, dim, half, half + 1);
    }
    return (others_level){.n = n, .p = put_together(dim, odd ? 3 : 2, p),
                          .s = put_together(dim, odd ? 3 : 2, s)};
}

static ag_arg others_slope(ag_arg x, ag_arg g, int64_t dim)
{
    others_level levels[OTHERS_LEVELS];
    int64_t shape[AGI_MAX_DIMS];
    int top = 0;
    const int ndim = x.tensor->ndim;
    memcpy(shape, agi_shape_of(x.tensor), (size_t)ndim * sizeof *shape);
    levels[0] = (others_level){.n = shape[dim], .p = x, .s = g};
    for (; levels[top].n > 1; top++) {
        levels[top + 1] = level_above(&levels[top], dim);
        if (agi_value_failed(levels[top + 1].p) || agi_value_failed(levels[top + 1].s))
            return agi_arg(&agi_failed);
    }
    shape[dim] = 1;
    others_level slopes = {.n = 1, .p = agi_repeated(0.0, ndim, shape),
                           .s = agi_repeated(1.0, ndim, shape)};
    while (top-- > 0)
        slopes = slopes_below(&levels[top], &slopes, dim);
    return slopes.p;
}

AG_RULE(prod_others)
{
    const int64_t named = agi_node_attr_of(v->node)->i[0];
    const ag_arg x = IN(0);
    if (!NEEDS(0))
        return;
    if (agi_value_failed(x)) {
        GX(0) = x;
        return;
    }
    const int ndim = x.tensor->ndim;
    const int64_t numel = x.tensor->numel, *shape = agi_shape_of(x.tensor);
    if (numel == 0 || ndim == 0)
        return;
    if (named == AG_NO_DIM) {
        const ag_arg flat = others_slope(v_view(v_row_major(x), 1, &numel),
                                         v_view(v_row_major(G), 1, &numel), 0);
        GX(0) = v_view(flat, ndim, shape);
    } else {
        GX(0) = others_slope(x, G, agi_shape_wrapped(named, ndim));
    }
}

#undef PIECE
#undef PROD_LANES
#undef PROD_STRIP
#undef PROD_DEPTH
#undef STRETCHES
#undef OTHERS_LEVELS
