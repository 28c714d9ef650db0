/* SPDX-License-Identifier: MIT
 *
 * Cross entropy of rows of classes in one step: with m the largest of a row x, what a target t of
 * it costs is log(sum(exp(x - m))) - (x[t] - m). Rows are taken a block at a time, so that what is
 * computed of them stays in the first cache, and blocks are shared among threads.
 */
#include <math.h>
#include <string.h>

#include "../base/parallel.h"
#include "../base/shape.h"
#include "../compute/extremes.h"
#include "../compute/mvec.h"
#include "../compute/sum.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "table.h"

#define ENTROPY_BLOCK 2048  /* numbers in a block of rows, if a row has not more */

typedef struct entropy_rows {
    double *z;
    const double *g, *x, *t;  /* g is NULL where the costs themselves are computed */
    double *scratch;          /* for each part `room` numbers */
    int64_t n, block, room;   /* classes; rows of a block */
    double ignored;
} entropy_rows;

/* e = exp(x - m) of `rows` rows of n numbers, their largest ones m and sums s. */
static void entropy_exps(double *e, double *m, double *s, const double *x, int64_t rows, int64_t n)
{
    const int64_t shape[2] = {rows, n}, strides[2] = {n, 1};
    agi_extremes_into(m, x, 2, shape, strides, 2, false);
    for (int64_t k = 0; k < rows; k++)
        for (int64_t j = 0; j < n; j++)
            e[k * n + j] = x[k * n + j] - m[k];
    agi_mvec.exp(e, e, rows * n);
    agi_sum_runs(s, 1, e, n, rows, n);
}

static void entropy_costs(const entropy_rows *r, int64_t begin, int64_t rows, double *scratch)
{
    double *e = scratch, *m = e + r->block * r->n, *s = m + r->block;
    const double *x = r->x + begin * r->n, *t = r->t + begin;
    entropy_exps(e, m, s, x, rows, r->n);
    agi_mvec.log(s, s, rows);
    for (int64_t k = 0; k < rows; k++)
        r->z[begin + k] = t[k] == r->ignored ? 0.0
                                             : s[k] - (x[k * r->n + (int64_t)t[k]] - m[k]);
}

/* dx = g (exp(x - m) / s), less g at the target; 0 where g is, whatever x. */
static void entropy_slopes(const entropy_rows *r, int64_t begin, int64_t rows, double *scratch)
{
    double *m = scratch, *s = m + r->block, *z = r->z + begin * r->n;
    const double *t = r->t + begin;
    entropy_exps(z, m, s, r->x + begin * r->n, rows, r->n);
    for (int64_t k = 0; k < rows; k++, z += r->n) {
        const double g = r->g[begin + k], share = g / s[k];
        if (t[k] == r->ignored || g == 0.0) {
            memset(z, 0, (size_t)r->n * sizeof *z);
            continue;
        }
        for (int64_t j = 0; j < r->n; j++)
            z[j] *= share;
        z[(int64_t)t[k]] -= g;
    }
}

static void entropy_range(void *context, int64_t begin, int64_t end, int part)
{
    const entropy_rows *r = context;
    double *scratch = r->scratch + part * r->room;
    for (int64_t at = begin; at < end; at += r->block) {
        const int64_t rows = end - at < r->block ? end - at : r->block;
        if (r->g == NULL)
            entropy_costs(r, at, rows, scratch);
        else
            entropy_slopes(r, at, rows, scratch);
    }
}

static bool entropy_run(entropy_rows *r, int64_t rows)
{
    double few[ENTROPY_BLOCK / 4];
    r->block = r->n < ENTROPY_BLOCK ? ENTROPY_BLOCK / r->n : 1;
    r->block = r->block < rows ? r->block : rows;
    r->room = r->block * (2 + (r->g == NULL ? r->n : 0));
    r->scratch = few;
    if (r->room <= ENTROPY_BLOCK / 4 && rows <= r->block) {
        entropy_range(r, 0, rows, 0);
        return true;
    }
    const bool shared = rows * r->n >= AGI_PARALLEL_MIN;
    const int parts = shared ? agi_parallel_width() : 1;
    r->scratch = agi_plain_new((size_t)(r->room * parts) * sizeof *r->scratch);
    if (r->scratch == NULL)
        return false;
    if (shared) {
        void *token = agi_blocking_enter();
        agi_parallel_for(rows, 4 * r->block, r->block, entropy_range, r);
        agi_blocking_leave(token);
    } else {
        entropy_range(r, 0, rows, 0);
    }
    agi_plain_free(r->scratch);
    return true;
}

static bool entropy_dtypes(ag_arg x, ag_arg t)
{
    if (agi_dtype_of(x.tensor) == AG_FLOAT64 && agi_dtype_of(t.tensor) == AG_INT64)
        return true;
    agi_fail(AG_ERR_VALUE, "class_entropy: expected float64 rows and int64 targets");
    return false;
}

static bool entropy_check(const ag_tensor *g, const ag_tensor *x, const ag_tensor *t,
                          int64_t ignored)
{
    const int64_t n = x->ndim > 0 ? agi_shape_of(x)[x->ndim - 1] : 0;
    if (x->ndim < 1 || x->ndim > 2 ||
        !agi_shape_equal(x->ndim - 1, agi_shape_of(x), t->ndim, agi_shape_of(t)) ||
        (g != NULL && !agi_same_shape(g, t))) {
        agi_fail(AG_ERR_SHAPE, "class_entropy: expected a target for each row");
        return false;
    }
    for (int64_t k = 0; k < t->numel; k++) {
        const double at = agi_tensor_data(t)[k];
        if (at == (double)ignored || (at >= 0.0 && at < (double)n))
            continue;
        agi_fail(AG_ERR_INDEX, "Target %lld is out of bounds.", (long long)at);
        return false;
    }
    return true;
}

/* g is NULL where the costs themselves are computed; all are dense. */
static ag_tensor *entropy_of(const ag_tensor *g, const ag_tensor *x, const ag_tensor *t,
                             int64_t ignored)
{
    if (!entropy_check(g, x, t, ignored))
        return NULL;
    const ag_tensor *like = g != NULL ? x : t;
    ag_tensor *z = agi_tensor_new(like->ndim, agi_shape_of(like), like->numel);
    if (z == NULL || x->numel == 0)
        return z;
    entropy_rows r = {.z = agi_tensor_data(z), .x = agi_tensor_data(x), .t = agi_tensor_data(t),
                      .g = g != NULL ? agi_tensor_data(g) : NULL, .ignored = (double)ignored,
                      .n = agi_shape_of(x)[x->ndim - 1]};
    if (entropy_run(&r, t->numel))
        return z;
    agi_release(z);
    return NULL;
}

/* ---- class_entropy: i[0] is the class that counts for nothing -------------------------------- */

AG_FORWARD(class_entropy)
{
    if (!entropy_dtypes(args[0], args[1]))
        return NULL;
    ag_tensor *x = agi_row_major_of(args[0].tensor);
    ag_tensor *t = x != NULL ? agi_row_major_of(args[1].tensor) : NULL;
    ag_tensor *z = t != NULL ? entropy_of(NULL, x, t, attr->i[0]) : NULL;
    agi_release(x);
    agi_release(t);
    return z;
}

AG_RULE(class_entropy)
{
    const ag_arg args[3] = {G, IN(0), IN(1)};
    const ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}};
    if (NEEDS(0))
        GX(0) = agi_value(AG_OP_class_entropy_vjp, 3, args, &attr);
}

/* ---- class_entropy_vjp: with p = softmax(x), dx = g (p - 1 at the target); for a cotangent h of
 * that dg = sum(h p) - h[t], and dx = g p (h - sum(h p)) -------------------------------------- */

AG_FORWARD(class_entropy_vjp)
{
    ag_tensor *own[3] = {NULL}, *z = NULL;
    bool ok = entropy_dtypes(args[1], args[2]);
    for (int k = 0; ok && k < 3; k++)
        ok = (own[k] = agi_row_major_of(args[k].tensor)) != NULL;
    if (ok)
        z = entropy_of(own[0], own[1], own[2], attr->i[0]);
    for (int k = 0; k < 3; k++)
        agi_release(own[k]);
    return z;
}

static ag_arg entropy_sum(ag_arg x, bool keepdim)
{
    static const int64_t last = -1;
    const ag_attr attr = {.n_list = 1, .list = &last};
    return v_reduce(AG_OP_sum, x, &attr, keepdim);
}

AG_RULE(class_entropy_vjp)
{
    const ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}}, last = {.i = {-1}};
    const ag_arg x = IN(1), t = IN(2), h = G, of_h[2] = {h, t};
    const ag_arg kept = v_ne(t, NUM((double)attr.i[0]));
    const ag_arg p = agi_value(AG_OP_softmax, 1, &x, &last);
    if (NEEDS(0)) {
        const ag_arg at = agi_value(AG_OP_class_loss, 2, of_h, &attr);
        GX(0) = v_where(kept, v_add(entropy_sum(v_vjp_mul(h, p), false), at), NUM(0.0));
    }
    if (NEEDS(1)) {
        const ag_arg g = v_where(kept, IN(0), NUM(0.0));
        const ag_arg bent = v_vjp_mul(v_sub(h, entropy_sum(v_vjp_mul(h, p), true)), p);
        GX(1) = v_vjp_both(agi_value(AG_OP_unsqueeze, 1, &g, &last), bent);
    }
}
