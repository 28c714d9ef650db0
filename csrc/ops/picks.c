/* SPDX-License-Identifier: MIT
 *
 * Numbers picked along a dimension: extremes with the places where they were, and what gradients of
 * picked numbers are made of.
 */
#include "picks.h"

#include <string.h>

#include "../base/parallel.h"
#include "../base/shape.h"
#include "../compute/order.h"
#include "../fuse/pending.h"
#include "../tensor/copy.h"
#include "reduce.h"
#include "table.h"

/* ---- shared --------------------------------------------------------------------------------- */

ag_status agi_dim_to_pick(const char *op, const ag_tensor *x, int64_t named, int *dim)
{
    if (agi_shape_wrap_dim(named, x->ndim, dim) != AG_OK)
        return ag_last_status();
    if (x->ndim == 0 || agi_shape_of(x)[*dim] != 0)
        return AG_OK;
    return agi_fail(AG_ERR_INDEX, "%s(): Expected reduction dim %lld to have non-zero size.", op,
                    (long long)named);
}

ag_status agi_results_along(agi_lines *lines, const ag_tensor *x, int dim, int64_t k, bool keep,
                            int n, ag_tensor **outs)
{
    int64_t shape[AGI_MAX_DIMS], numel = 1;
    int ndim = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (d == dim && !keep)
            continue;
        shape[ndim] = d == dim ? k : agi_shape_of(x)[d];
        numel *= shape[ndim++];
    }
    for (int r = 0; r < n; r++) {
        outs[r] = agi_tensor_new(ndim, shape, numel);
        if (outs[r] != NULL)
            continue;
        while (r-- > 0)
            agi_release(outs[r]);
        return ag_last_status();
    }
    agi_lines_of(lines, x->ndim, agi_shape_of(x), agi_strides_of(x), agi_tensor_data(x), dim, k);
    for (int r = 0; r < n; r++)
        lines->z[r] = agi_tensor_data(outs[r]);
    return AG_OK;
}

ag_status agi_pick_run(const agi_lines *lines, agi_line_fn fn, const void *context, int n,
                       ag_tensor **outs)
{
    const ag_status status = agi_lines_run(lines, fn, context);
    for (int r = 0; r < n && status != AG_OK; r++)
        agi_release(outs[r]);
    return status;
}

void agi_picked_rule(agi_vjp *v, int64_t named, bool keep)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    const int dim = agi_shape_wrapped(named, ndim);
    ag_arg g = GS(0), places = OUT;
    if (g.tensor == NULL)
        return;
    if (ndim == 0) {
        GX(0) = g;
        return;
    }
    if (!keep) {
        const ag_attr at = {.i = {dim}};
        g = agi_value(AG_OP_unsqueeze, 1, &g, &at);
        places = agi_value(AG_OP_unsqueeze, 1, &places, &at);
    }
    GX(0) = agi_put_along(g, places, dim, shape[dim]);
}

/* ---- the first extreme ---------------------------------------------------------------------- */

typedef struct extreme_kind {
    bool least, with_number;
} extreme_kind;

static void pick_extreme(const void *context, const double *x, int64_t n, double *const *z,
                         double *scratch)
{
    const extreme_kind *kind = context;
    const int64_t place = agi_place_of_extreme(x, n, kind->least);
    (void)scratch;
    if (kind->with_number)
        z[0][0] = x[place];
    z[kind->with_number ? 1 : 0][0] = (double)place;
}

/* One line, shared: the better of two extremes, and of equal ones the first, is the same in
 * whatever order they are compared. */
#define EXTREME_PARTS 16
typedef struct first_extreme_job {
    const double *x;
    bool least;
    int64_t best[EXTREME_PARTS];  /* -1: none yet */
} first_extreme_job;

static bool is_better(const first_extreme_job *job, int64_t a, int64_t b)
{
    const double x = job->x[a], y = job->x[b];
    if (x != x || y != y)
        return x != x && (y == y || a < b);
    return x == y ? a < b : job->least ? x < y : x > y;
}

static void look_for_extreme(void *context, int64_t begin, int64_t end, int part)
{
    first_extreme_job *job = context;
    const int64_t found = begin + agi_place_of_extreme(job->x + begin, end - begin, job->least);
    if (job->best[part] < 0 || is_better(job, found, job->best[part]))
        job->best[part] = found;
}

static int64_t place_in_long_line(const double *x, int64_t n, bool least)
{
    first_extreme_job job = {.x = x, .least = least};
    if (n < 4 * (int64_t)AGI_PARALLEL_MIN)
        return agi_place_of_extreme(x, n, least);
    for (int k = 0; k < EXTREME_PARTS; k++)
        job.best[k] = -1;
    void *token = agi_blocking_enter();
    agi_parallel_at_most(n, 4 * (int64_t)AGI_PARALLEL_GRAIN, 1024, EXTREME_PARTS, look_for_extreme,
                         &job);
    agi_blocking_leave(token);
    int64_t best = -1;
    for (int k = 0; k < EXTREME_PARTS; k++)
        if (job.best[k] >= 0 && (best < 0 || is_better(&job, job.best[k], best)))
            best = job.best[k];
    return best;
}
#undef EXTREME_PARTS

static ag_status pick_extremes(const agi_lines *lines, const extreme_kind *kind, int n,
                               ag_tensor **outs)
{
    if (lines->count != 1 || lines->x_step != 1)
        return agi_pick_run(lines, pick_extreme, kind, n, outs);
    const int64_t place = place_in_long_line(lines->x, lines->n, kind->least);
    if (kind->with_number)
        *lines->z[0] = lines->x[place];
    *lines->z[kind->with_number ? 1 : 0] = (double)place;
    return AG_OK;
}

/* ---- max and min along a dimension: dx = g at the place.  Saves the places. ------------------ */

static ag_status extremes_along(const char *name, const ag_tensor *x, const ag_attr *attr,
                                bool least, ag_tensor **outs)
{
    agi_lines lines;
    int dim;
    if (agi_dim_to_pick(name, x, attr->i[0], &dim) != AG_OK ||
        agi_results_along(&lines, x, dim, 1, attr->i[1] != 0, 2, outs) != AG_OK)
        return ag_last_status();
    const extreme_kind kind = {.least = least, .with_number = true};
    lines.cost = 0.3;
    return pick_extremes(&lines, &kind, 2, outs);
}

AG_FORWARD_SEVERAL(max_dim)
{
    (void)n;
    return extremes_along("max", args[0].tensor, attr, false, outs);
}

AG_RULE(max_dim)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    agi_picked_rule(v, i[0], i[1] != 0);
}

AG_FORWARD_SEVERAL(min_dim)
{
    (void)n;
    return extremes_along("min", args[0].tensor, attr, true, outs);
}

AG_RULE(min_dim)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    agi_picked_rule(v, i[0], i[1] != 0);
}

/* ---- argmax and argmin ---------------------------------------------------------------------- */

/* Over all: the place in row-major order. */
static ag_tensor *place_in_all(const char *name, const ag_tensor *x, bool least, bool keep)
{
    int64_t ones[AGI_MAX_DIMS];
    if (x->numel == 0)
        return agi_fail_null(AG_ERR_INDEX, "%s(): Expected reduction dim to be specified for "
                                           "input.numel() == 0. Specify the reduction dim with "
                                           "the 'dim' argument.", name);
    for (int d = 0; d < x->ndim; d++)
        ones[d] = 1;
    ag_tensor *dense = NULL;
    if (!agi_is_contiguous(x)) {
        dense = agi_tensor_new(x->ndim, agi_shape_of(x), x->numel);
        if (dense == NULL)
            return NULL;
        agi_run_gather(agi_tensor_data(dense), x->ndim, agi_shape_of(x), agi_tensor_data(x),
                       agi_strides_of(x));
        x = dense;
    }
    ag_tensor *z = agi_tensor_new(keep ? x->ndim : 0, ones, 1);
    if (z != NULL)
        *agi_tensor_data(z) = (double)place_in_long_line(agi_tensor_data(x), x->numel, least);
    agi_release(dense);
    return z;
}

static ag_tensor *place_along(const char *name, const ag_tensor *x, const ag_attr *attr, bool least)
{
    agi_lines lines;
    int dim;
    ag_tensor *z;
    if (attr->i[0] == AG_NO_DIM)
        return place_in_all(name, x, least, attr->i[1] != 0);
    if (agi_dim_to_pick(name, x, attr->i[0], &dim) != AG_OK ||
        agi_results_along(&lines, x, dim, 1, attr->i[1] != 0, 1, &z) != AG_OK)
        return NULL;
    const extreme_kind kind = {.least = least};
    lines.cost = 0.3;
    return pick_extremes(&lines, &kind, 1, &z) == AG_OK ? z : NULL;
}

AG_FORWARD(argmax) { return place_along("argmax", args[0].tensor, attr, false); }
AG_FORWARD(argmin) { return place_along("argmin", args[0].tensor, attr, true); }

/* ---- take_along, put_along: each is the other's rule.  Both save the places. ----------------- */

/* A walk over the places: offsets 0: places, 1: what lies as they do, 2: what has another size
 * along dim, where it begins. */
typedef struct along_job {
    agi_walk walk;
    int64_t step, size;  /* of the latter, along dim */
} along_job;

static ag_status check_along(const char *op, const ag_tensor *places, const ag_tensor *x,
                             int64_t named, int *dim)
{
    if (agi_shape_wrap_dim(named, x->ndim, dim) != AG_OK)
        return ag_last_status();
    bool fits = places->ndim == x->ndim;
    for (int d = 0; fits && d < x->ndim; d++)
        fits = d == *dim || agi_shape_of(places)[d] == agi_shape_of(x)[d];
    return fits ? AG_OK : agi_fail(AG_ERR_SHAPE, "%s: expected places of the same shape but along "
                                                 "dimension %d", op, *dim);
}

static void plan_along(along_job *job, const ag_tensor *places, const int64_t *like,
                       const ag_tensor *whole, int dim)
{
    agi_walk *w = &job->walk;
    w->count = 3;
    w->ndim = places->ndim;
    for (int d = 0; d < w->ndim; d++) {
        w->shape[d] = agi_shape_of(places)[d];
        w->strides[0][d] = agi_strides_of(places)[d];
        w->strides[1][d] = like[d];
        w->strides[2][d] = d == dim ? 0 : agi_strides_of(whole)[d];
    }
    job->step = whole->ndim > 0 ? agi_strides_of(whole)[dim] : 0;
    job->size = whole->ndim > 0 ? agi_shape_of(whole)[dim] : 1;
    w->ndim = agi_shape_collapse(w->ndim, w->shape, 3, w->strides);
    agi_walk_start(w, w, 0);
}

static ag_status fail_place(const along_job *job, double place)
{
    return agi_fail(AG_ERR_INDEX, "index %.0f is out of bounds for dimension with size %lld", place,
                    (long long)job->size);
}

/* For all places in turn part = whole[place], or whole[place] += part. */
static ag_status move_along(along_job *job, int64_t numel, const double *places, double *part,
                            double *whole, bool takes)
{
    agi_walk *w = &job->walk;
    const int last = w->ndim - 1;
    const int64_t cols = w->shape[last];
    for (int64_t done = 0; done < numel; done += cols) {
        const double *place = places + w->at[0];
        double *at = part + w->at[1], *base = whole + w->at[2];
        for (int64_t i = 0; i < cols; i++) {
            const double p = place[i * w->strides[0][last]];
            if (AGI_UNLIKELY(!(p >= 0.0 && p < (double)job->size)))
                return fail_place(job, p);
            double *one = base + i * w->strides[2][last] + (int64_t)p * job->step;
            if (takes)
                at[i * w->strides[1][last]] = *one;
            else
                *one += at[i * w->strides[1][last]];
        }
        agi_walk_along(w, last, cols);
        agi_walk_carry(w, last);
    }
    return AG_OK;
}

AG_FORWARD(take_along)
{
    const ag_tensor *x = args[0].tensor, *places = args[1].tensor;
    along_job job;
    int dim;
    if (places == NULL || check_along("take_along", places, x, attr->i[0], &dim) != AG_OK)
        return places == NULL ? agi_fail_null(AG_ERR_TYPE, "take_along: expected places") : NULL;
    ag_tensor *z = agi_tensor_new(places->ndim, agi_shape_of(places), places->numel);
    if (z == NULL)
        return NULL;
    if (z->numel == 0)
        return z;
    plan_along(&job, places, agi_strides_of(z), x, dim);
    if (move_along(&job, z->numel, agi_tensor_data(places), agi_tensor_data(z), agi_tensor_data(x),
                   true) == AG_OK)
        return z;
    agi_release(z);
    return NULL;
}

AG_RULE(take_along)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    if (!NEEDS(0))
        return;
    const int dim = agi_shape_wrapped(agi_node_attr_of(v->node)->i[0], ndim);
    GX(0) = agi_put_along(G, IN(1), dim, ndim > 0 ? shape[dim] : 1);
}

/* What has the same place is added in order. */
AG_FORWARD(put_along)
{
    const ag_tensor *g = args[0].tensor, *places = args[1].tensor;
    int64_t shape[AGI_MAX_DIMS];
    along_job job;
    int dim;
    if (places == NULL || check_along("put_along", places, g, attr->i[0], &dim) != AG_OK)
        return places == NULL ? agi_fail_null(AG_ERR_TYPE, "put_along: expected places") : NULL;
    memcpy(shape, agi_shape_of(g), (size_t)g->ndim * sizeof *shape);
    if (g->ndim > 0)
        shape[dim] = attr->i[1];
    const int64_t numel = agi_shape_numel("put_along", g->ndim, shape);
    if (numel < 0 || !agi_same_shape(g, places))
        return numel < 0 ? NULL : agi_fail_null(AG_ERR_SHAPE, "put_along: expected as many places "
                                                              "as numbers");
    ag_tensor *z = agi_tensor_new(g->ndim, shape, numel);
    if (z == NULL)
        return NULL;
    agi_fill_run(agi_tensor_data(z), numel, 0.0);
    if (g->numel == 0)
        return z;
    plan_along(&job, places, agi_strides_of(g), z, dim);
    if (move_along(&job, g->numel, agi_tensor_data(places), agi_tensor_data(g), agi_tensor_data(z),
                   false) == AG_OK)
        return z;
    agi_release(z);
    return NULL;
}

AG_RULE(put_along)
{
    if (NEEDS(0))
        GX(0) = agi_take_along(G, IN(1), (int)agi_node_attr_of(v->node)->i[0]);
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 1, &ndim);
    if (NEEDS(1) && ndim >= 0)  /* zeros, like the places, which may be float64 */
        GX(1) = agi_repeated(0.0, ndim, shape);
}

ag_arg agi_take_along(ag_arg x, ag_arg places, int dim)
{
    const ag_arg args[2] = {x, places};
    const ag_attr attr = {.i = {dim}};
    return agi_value(AG_OP_take_along, 2, args, &attr);
}

ag_arg agi_put_along(ag_arg g, ag_arg places, int dim, int64_t size)
{
    const ag_arg args[2] = {g, places};
    const ag_attr attr = {.i = {dim, size}};
    return agi_value(AG_OP_put_along, 2, args, &attr);
}

/* ---- max and min of all: dx = g where x is the result, in equal parts ------------------------ */

AG_FORWARD(max) { (void)attr; return agi_extremes("max", &args[0], NULL, false); }
AG_FORWARD(min) { (void)attr; return agi_extremes("min", &args[0], NULL, true); }
AG_RULE(max) { agi_evenly_rule(v); }
AG_RULE(min) { agi_evenly_rule(v); }

/* Where the result is NaN, all NaN have their part. */
void agi_evenly_rule(agi_vjp *v)
{
    const ag_arg x = IN(0), y = OUT;
    if (!NEEDS(0))
        return;
    if (agi_value_failed(x) || agi_value_failed(y) ||
        agi_storage_ready(y.tensor->storage) != AG_OK) {
        GX(0) = agi_arg(&agi_failed);
        return;
    }
    const double number = *agi_tensor_data(y.tensor);
    const ag_arg ties = number == number ? v_eq(x, y) : v_ne(x, x);
    const ag_attr all = {.n_list = -1};
    const ag_arg count = agi_value(AG_OP_sum, 1, &ties, &all);
    GX(0) = v_where(ties, v_div(G, count), NUM(0.0));
}
