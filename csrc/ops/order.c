/* SPDX-License-Identifier: MIT
 *
 * Sorting, the first few, the k-th, the median and the most frequent of the numbers along a
 * dimension, each with the places where they were. The order itself is in compute/order.c.
 */
#include <math.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../compute/order.h"
#include "../fuse/pending.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tensor/scope.h"
#include "picks.h"
#include "reduce.h"
#include "table.h"

/* Doubles that n ranked numbers take, twice. */
#define RANKED_DOUBLES(n) (4 * (n))

/* About what sorting takes for a number, in ns: by comparisons up to a few hundred, by digits from
 * there on. */
#define SORT_COST 12.0

static void put_ranked(const agi_ranked *ranked, const double *x, int64_t k, bool descending,
                       double *const *z)
{
    for (int64_t i = 0; i < k && z[0] != NULL; i++)
        z[0][i] = agi_ranked_number(&ranked[i], x, descending);
    for (int64_t i = 0; i < k && z[1] != NULL; i++)
        z[1][i] = (double)ranked[i].place;
}

/* ---- sort: dx = g at the places.  Saves the places. ------------------------------------------ */

static void sort_line(const void *context, const double *x, int64_t n, double *const *z,
                      double *scratch)
{
    const bool descending = *(const bool *)context;
    agi_ranked *ranked = (agi_ranked *)(void *)scratch;
    agi_rank(ranked, x, n, descending);
    put_ranked(agi_sort_ranked(ranked, ranked + n, n), x, n, descending, z);
}

/* i: the dimension, whether in descending order; that equal numbers stay in their order is so
 * always. */
AG_FORWARD_SEVERAL(sort)
{
    const ag_tensor *x = args[0].tensor;
    const bool descending = attr->i[1] != 0;
    agi_lines lines;
    int dim;
    if (agi_shape_wrap_dim(attr->i[0], x->ndim, &dim) != AG_OK ||
        agi_results_along(&lines, x, dim, x->ndim > 0 ? agi_shape_of(x)[dim] : 1, true, n, outs) !=
            AG_OK)
        return ag_last_status();
    lines.scratch = RANKED_DOUBLES(lines.n);
    lines.cost = SORT_COST;
    return agi_pick_run(&lines, sort_line, &descending, n, outs);
}

AG_RULE(sort) { agi_picked_rule(v, agi_node_attr_of(v->node)->i[0], true); }

/* The places alone. */
static void sort_line_places(const void *context, const double *x, int64_t n, double *const *z,
                             double *scratch)
{
    double *const places[2] = {NULL, z[0]};
    sort_line(context, x, n, places, scratch);
}

AG_FORWARD(argsort)
{
    const ag_tensor *x = args[0].tensor;
    const bool descending = attr->i[1] != 0;
    agi_lines lines;
    ag_tensor *z;
    int dim;
    if (agi_shape_wrap_dim(attr->i[0], x->ndim, &dim) != AG_OK ||
        agi_results_along(&lines, x, dim, x->ndim > 0 ? agi_shape_of(x)[dim] : 1, true, 1, &z) !=
            AG_OK)
        return NULL;
    lines.scratch = RANKED_DOUBLES(lines.n);
    lines.cost = SORT_COST;
    return agi_pick_run(&lines, sort_line_places, &descending, 1, &z) == AG_OK ? z : NULL;
}

ag_tensor *ag_msort(ag_tensor *x)
{
    ag_tensor *outs[2];
    const ag_attr attr = {.i = {0}};
    const ag_arg arg = agi_arg(x);
    if (!agi_has_tensor("msort", x) ||
        agi_apply_several(AG_OP_sort, 1, &arg, &attr, 2, outs) != AG_OK)
        return NULL;
    agi_release(outs[1]);
    return agi_scope_add(outs[0]);
}

/* ---- topk: the first k of the order; as sort ------------------------------------------------- */

typedef struct topk_kind {
    int64_t k;
    bool largest, selects;
} topk_kind;

static void topk_line(const void *context, const double *x, int64_t n, double *const *z,
                      double *scratch)
{
    const topk_kind *kind = context;
    agi_ranked *ranked = (agi_ranked *)(void *)scratch;
    if (kind->selects) {
        agi_first_ranked(ranked, x, n, kind->k, kind->largest);
    } else {
        agi_rank(ranked, x, n, kind->largest);
        ranked = agi_sort_ranked(ranked, ranked + n, n);
    }
    put_ranked(ranked, x, kind->k, kind->largest, z);
}

/* i: k, the dimension, whether the largest, whether in order, which they are always. */
AG_FORWARD_SEVERAL(topk)
{
    const ag_tensor *x = args[0].tensor;
    agi_lines lines;
    int dim;
    if (agi_shape_wrap_dim(attr->i[1], x->ndim, &dim) != AG_OK)
        return ag_last_status();
    const int64_t k = attr->i[0], length = x->ndim > 0 ? agi_shape_of(x)[dim] : 1;
    if (k < 0 || k > length)
        return agi_fail(AG_ERR_SHAPE, "selected index k out of range");
    if (agi_results_along(&lines, x, dim, x->ndim > 0 ? k : 1, true, n, outs) != AG_OK)
        return ag_last_status();
    const topk_kind kind = {.k = lines.k, .largest = attr->i[2] != 0,
                            .selects = agi_first_pays(k, length)};
    lines.scratch = kind.selects ? 2 * agi_first_room(k) : RANKED_DOUBLES(lines.n);
    lines.cost = kind.selects ? 1.0 : SORT_COST;
    return agi_pick_run(&lines, topk_line, &kind, n, outs);
}

AG_RULE(topk) { agi_picked_rule(v, agi_node_attr_of(v->node)->i[1], true); }

/* ---- kthvalue, median, nanmedian: one number of the order; as sort --------------------------- */

typedef enum middle_kind { THE_KTH, THE_MEDIAN, THE_MEDIAN_OF_NUMBERS } middle_kind;

typedef struct kth_kind {
    middle_kind kind;
    int64_t k;
} kth_kind;

static int64_t count_not_nan(const double *x, int64_t n)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += x[i] == x[i];
    return count;
}

/* The number that is meant, n > 0: of an even number of numbers the lower median. */
static double number_in_order(const kth_kind *kind, const double *x, int64_t n, double *scratch)
{
    int64_t k = kind->k;
    if (kind->kind != THE_KTH) {
        const int64_t numbers = count_not_nan(x, n);
        if (numbers == 0 || (kind->kind == THE_MEDIAN && numbers < n))
            return (double)NAN;
        k = (numbers - 1) / 2;
    }
    return agi_number_at(x, n, k, (uint64_t *)(void *)scratch);
}

static void kth_line(const void *context, const double *x, int64_t n, double *const *z,
                     double *scratch)
{
    const int64_t place = agi_place_of(x, n, number_in_order(context, x, n, scratch));
    z[0][0] = x[place];
    z[1][0] = (double)place;
}

static ag_status pick_kth(const ag_tensor *x, int dim, bool keep, const kth_kind *kind,
                          ag_tensor **outs)
{
    agi_lines lines;
    if (agi_results_along(&lines, x, dim, 1, keep, 2, outs) != AG_OK)
        return ag_last_status();
    lines.scratch = lines.n;
    lines.cost = 2.0;
    return agi_pick_run(&lines, kth_line, kind, 2, outs);
}

/* i: k from 1 on, the dimension, whether it is kept. */
AG_FORWARD_SEVERAL(kthvalue)
{
    const ag_tensor *x = args[0].tensor;
    const kth_kind kind = {.kind = THE_KTH, .k = attr->i[0] > 0 ? attr->i[0] - 1 : -1};
    int dim;
    (void)n;
    if (agi_dim_to_pick("kthvalue", x, attr->i[1], &dim) != AG_OK)
        return ag_last_status();
    if (kind.k < 0 || kind.k >= (x->ndim > 0 ? agi_shape_of(x)[dim] : 1))
        return agi_fail(AG_ERR_SHAPE, "kthvalue(): selected number k out of range for dimension "
                                      "%lld", (long long)attr->i[1]);
    return pick_kth(x, dim, attr->i[2] != 0, &kind, outs);
}

AG_RULE(kthvalue)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    agi_picked_rule(v, i[1], i[2] != 0);
}

static ag_status medians_along(const char *name, const ag_tensor *x, const ag_attr *attr,
                               middle_kind middle, ag_tensor **outs)
{
    const kth_kind kind = {.kind = middle};
    int dim;
    if (agi_dim_to_pick(name, x, attr->i[0], &dim) != AG_OK)
        return ag_last_status();
    return pick_kth(x, dim, attr->i[1] != 0, &kind, outs);
}

AG_FORWARD_SEVERAL(median_dim)
{
    (void)n;
    return medians_along("median", args[0].tensor, attr, THE_MEDIAN, outs);
}

AG_FORWARD_SEVERAL(nanmedian_dim)
{
    (void)n;
    return medians_along("nanmedian", args[0].tensor, attr, THE_MEDIAN_OF_NUMBERS, outs);
}

static void dim_first_rule(agi_vjp *v)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    agi_picked_rule(v, i[0], i[1] != 0);
}

AG_RULE(median_dim) { dim_first_rule(v); }
AG_RULE(nanmedian_dim) { dim_first_rule(v); }

/* Of all: in whatever order they lie. */
static void median_line(const void *context, const double *x, int64_t n, double *const *z,
                        double *scratch)
{
    z[0][0] = number_in_order(context, x, n, scratch);
}

static ag_tensor *median_of_all(const char *name, const ag_tensor *x, middle_kind middle)
{
    const kth_kind kind = {.kind = middle};
    if (x->numel == 0 && agi_dtype_of(x) != AG_FLOAT64)
        return agi_fail_null(AG_ERR_SHAPE, "%s(): of no integers there is no median", name);
    ag_tensor *dense = NULL, *z = agi_tensor_new(0, NULL, 1);
    const int64_t numel = x->numel, step = 1;
    agi_lines lines;
    if (z == NULL)
        return NULL;
    *agi_tensor_data(z) = (double)NAN;
    if (numel == 0)
        return z;
    if (!agi_is_contiguous(x)) {
        x = dense = agi_row_major_of((ag_tensor *)(uintptr_t)x);
        if (dense == NULL) {
            agi_release(z);
            return NULL;
        }
    }
    agi_lines_of(&lines, 1, &numel, &step, agi_tensor_data(x), 0, 1);
    lines.z[0] = agi_tensor_data(z);
    lines.scratch = numel;
    lines.cost = 2.0;
    const bool done = agi_pick_run(&lines, median_line, &kind, 1, &z) == AG_OK;
    agi_release(dense);
    return done ? z : NULL;
}

AG_FORWARD(median) { (void)attr; return median_of_all("median", args[0].tensor, THE_MEDIAN); }
AG_FORWARD(nanmedian)
{
    (void)attr;
    return median_of_all("nanmedian", args[0].tensor, THE_MEDIAN_OF_NUMBERS);
}
AG_RULE(median) { agi_evenly_rule(v); }
AG_RULE(nanmedian) { agi_evenly_rule(v); }

/* ---- mode: the smallest of the most frequent, where it stands last; as sort ------------------ */

static void mode_line(const void *context, const double *x, int64_t n, double *const *z,
                      double *scratch)
{
    agi_ranked *ranked = (agi_ranked *)(void *)scratch;
    int64_t best = 0, longest = 0;
    (void)context;
    agi_rank(ranked, x, n, false);
    ranked = agi_sort_ranked(ranked, ranked + n, n);
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && ranked[end].rank == ranked[i].rank;)
            end++;
        if (end - i <= longest)
            continue;
        longest = end - i;
        best = end - 1;
    }
    put_ranked(ranked + best, x, 1, false, z);
}

/* i: the dimension, whether it is kept. */
AG_FORWARD_SEVERAL(mode)
{
    const ag_tensor *x = args[0].tensor;
    agi_lines lines;
    int dim;
    if (agi_dim_to_pick("mode", x, attr->i[0], &dim) != AG_OK ||
        agi_results_along(&lines, x, dim, 1, attr->i[1] != 0, n, outs) != AG_OK)
        return ag_last_status();
    lines.scratch = RANKED_DOUBLES(lines.n);
    lines.cost = SORT_COST;
    return agi_pick_run(&lines, mode_line, NULL, n, outs);
}

AG_RULE(mode) { dim_first_rule(v); }

#undef RANKED_DOUBLES
#undef SORT_COST
