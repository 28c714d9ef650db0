/* SPDX-License-Identifier: MIT
 *
 * scatter_reduce and index_reduce: sums, products, means and extremes of what comes to one element.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/alloc.h"
#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/formula.h"
#include "../tensor/scope.h"
#include "indexed_check.h"
#include "table.h"

/* The words of `reduce`, in their order. */
enum { REDUCE_SUM, REDUCE_PROD, REDUCE_MEAN, REDUCE_AMAX, REDUCE_AMIN };

/* ---- values that the rule and the formulas share --------------------------------------------- */

static ag_arg along(int op, int n, const ag_arg *args, int64_t dim)
{
    const ag_attr attr = {.i = {dim}};
    return agi_value(op, n, args, &attr);
}

static ag_arg gathered_at(ag_arg x, ag_arg index, int64_t dim)
{
    return along(AG_OP_gather, 2, (ag_arg[]){x, index}, dim);
}

static ag_arg added_at(ag_arg x, ag_arg index, ag_arg y, int64_t dim)
{
    return along(AG_OP_scatter_add, 3, (ag_arg[]){x, index, y}, dim);
}

static ag_arg written_at(ag_arg x, ag_arg index, ag_arg y, int64_t dim)
{
    return along(AG_OP_scatter, 3, (ag_arg[]){x, index, y}, dim);
}

/* The part of x that an index of no more elements speaks of. */
static ag_arg corner_of(ag_arg x, ag_arg index)
{
    for (int d = 0; !agi_value_failed(x) && !agi_value_failed(index) && d < index.tensor->ndim &&
                    x.tensor->ndim == index.tensor->ndim; d++) {
        const int64_t size = agi_shape_of(index.tensor)[d];
        const ag_attr part = {.i = {d, 0, size, 1}};
        if (agi_shape_of(x.tensor)[d] != size)
            x = agi_value(AG_OP_slice, 1, &x, &part);
    }
    return x;
}

static ag_arg as_ones(ag_arg mask) { return v_where(mask, NUM(1.0), NUM(0.0)); }

/* ---- scatter_extreme: the largest (i[1] = 0) or the smallest --------------------------------- */

/* Elements that are equal to the result share the gradient, x's too.  Saves all. */
AG_EDIT(scatter_extreme)
{
    const ag_tensor *index = args[1].tensor, *y = args[2].tensor;
    agi_indexed job;
    int dim;
    if (!agi_has_tensor("scatter_reduce", index) || !agi_has_tensor("scatter_reduce", y) ||
        agi_shape_wrap_dim(attr->i[0], z->ndim, &dim) != AG_OK ||
        !agi_check_lines("scatter_reduce", args[0].tensor != NULL ? args[0].tensor : z, index, y,
                         dim))
        return ag_last_status();
    if (index->numel == 0)
        return AG_OK;
    agi_indexed_lines(&job, z, dim, index, &args[2]);
    job.may_block = agi_are_snapshots(3, args);
    agi_indexed_run(&job, attr->i[1] != 0 ? AGI_INDEXED_MIN : AGI_INDEXED_MAX);
    return AG_OK;
}

AG_RULE(scatter_extreme)
{
    const int64_t dim = agi_node_attr_of(v->node)->i[0];
    const ag_arg index = IN(1), z = OUT, is_first = v_eq(IN(0), z);
    const ag_arg is_second = v_eq(corner_of(IN(2), index), gathered_at(z, index, dim));
    const ag_arg count = added_at(as_ones(is_first), index, as_ones(is_second), dim);
    const ag_arg share = v_div(G, count);
    if (NEEDS(0))
        GX(0) = v_where(is_first, share, NUM(0.0));
    if (NEEDS(2)) {
        int ndim;
        const int64_t *shape = agi_node_input_shape(v->node, 2, &ndim);
        const ag_arg part = v_where(is_second, gathered_at(share, index, dim), NUM(0.0));
        GX(2) = agi_padded_to(part, ndim, shape);
    }
}

/* What loses against every other number. */
static ag_arg least_of(ag_dtype dtype, bool is_min)
{
    const double most = dtype == AG_BOOL ? 1.0 : dtype == AG_INT64 ? (double)AGI_INTEGER_MAX
                                                                   : INFINITY;
    return agi_number_of(is_min ? most : dtype == AG_BOOL ? 0.0 : -most, dtype);
}

/* ---- products ------------------------------------------------------------------------------- */

/* Products are made of pairs, and pairs of these: so derivatives of any order are products too, and
 * need no quotients, which zeros would not allow. */

typedef struct goal {
    int64_t place, k;  /* of the whole, row by row; which element of the index leads there */
} goal;

static int by_place(const void *a, const void *b)
{
    const goal *x = a, *y = b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->k < y->k ? -1 : x->k > y->k;
}

/* Where each element of a row-major index leads, row by row in the whole. */
static void find_goals(goal *goals, const ag_tensor *index, int ndim, const int64_t *shape, int dim)
{
    const double *numbers = agi_tensor_data(index);
    int64_t strides[AGI_MAX_DIMS];
    agi_shape_strides(ndim, shape, strides);
    for (int64_t k = 0; k < index->numel; k++) {
        int64_t left = k, place = 0;
        for (int d = index->ndim - 1; d >= 0; d--) {
            const int64_t at = left % agi_shape_of(index)[d];
            left /= agi_shape_of(index)[d];
            if (ndim > 0)
                place += (d == dim ? (int64_t)numbers[k] : at) * strides[d];
        }
        goals[k] = (goal){place, k};
    }
    qsort(goals, (size_t)index->numel, sizeof *goals, by_place);
}

/* n numbers as an index tensor of the open scope. */
static ag_arg index_tensor(int64_t n, const double *numbers, ag_dtype dtype)
{
    ag_tensor *t = agi_tensor_new(1, &n, n);
    if (t == NULL)
        return agi_arg(&agi_failed);
    memcpy(agi_tensor_data(t), numbers, (size_t)n * sizeof *numbers);
    t->storage->dtype = (uint8_t)dtype;
    t = agi_scope_add(t);
    return agi_arg(t != NULL ? t : &agi_failed);
}

static ag_arg taken(ag_arg x, ag_arg index)
{
    return agi_value(AG_OP_take, 2, (ag_arg[]){x, index}, NULL);
}

/* One round: products of the numbers 2 k and 2 k + 1 of each run of equal places, of which there
 * are n. Room for 3 n numbers. How many places there are then. */
static int64_t pair_up(ag_arg *x, int64_t n, int64_t *places, double *room)
{
    double *left = room, *right = room + n, *is_pair = room + 2 * n;
    int64_t count = 0;
    for (int64_t k = 0; k < n; count++) {
        const bool pair = k + 1 < n && places[k + 1] == places[k];
        places[count] = places[k];
        left[count] = (double)k;
        right[count] = (double)(k + pair);
        is_pair[count] = pair;
        k += 1 + pair;
    }
    const ag_arg other = v_where(index_tensor(count, is_pair, AG_BOOL),
                                 taken(*x, index_tensor(count, right, AG_INT64)),
                                 agi_number_of(1.0, AG_BOOL));
    *x = v_mul(taken(*x, index_tensor(count, left, AG_INT64)), other);
    return count;
}

/* Rounds until no two places are equal: the products, and in room the places. */
static int64_t multiply_runs(ag_arg *x, int64_t n, int64_t *places, double *room)
{
    for (;;) {
        bool any = false;
        for (int64_t k = 1; k < n && !any; k++)
            any = places[k] == places[k - 1];
        if (!any || agi_value_failed(*x))
            break;
        n = pair_up(x, n, places, room);
    }
    for (int64_t k = 0; k < n; k++)
        room[k] = (double)places[k];
    return n;
}

/* x with the products of y put to it; `whole` is the shape of x. */
static ag_arg multiplied_at(ag_arg x, ag_arg index, ag_arg y, int dim, bool with_self, void *memory)
{
    static const int64_t all = -1;
    const int64_t n = index.tensor->numel;
    goal *goals = memory;
    double *room = (double *)(goals + n);
    int64_t *places = (int64_t *)(room + 3 * n);
    find_goals(goals, index.tensor, x.tensor->ndim, agi_shape_of(x.tensor), dim);
    for (int64_t k = 0; k < n; k++) {
        places[k] = goals[k].place;
        room[k] = (double)goals[k].k;
    }
    const ag_arg flat = v_view(v_row_major(corner_of(y, index)), 1, &all);
    ag_arg product = taken(flat, index_tensor(n, room, AG_INT64));
    const int64_t count = multiply_runs(&product, n, places, room);
    const ag_arg to = index_tensor(count, room, AG_INT64);
    if (with_self)
        product = v_mul(taken(x, to), product);
    const ag_attr written = {.i = {false}};
    return agi_value(AG_OP_put, 3, (ag_arg[]){x, to, product}, &written);
}

static ag_arg product_at(ag_arg x, ag_arg index, ag_arg y, int64_t d, bool with_self)
{
    int dim;
    if (agi_shape_wrap_dim(d, x.tensor->ndim, &dim) != AG_OK ||
        !agi_check_lines("scatter_reduce", x.tensor, index.tensor, y.tensor, dim))
        return agi_arg(&agi_failed);
    index = v_row_major(index);
    if (agi_value_failed(index) || index.tensor->numel == 0)
        return agi_value_failed(index) ? index : agi_value(AG_OP_clone, 1, &x, NULL);
    const size_t n = (size_t)index.tensor->numel;
    void *memory = agi_plain_new(n * (sizeof(goal) + 3 * sizeof(double) + sizeof(int64_t)));
    if (memory == NULL)
        return agi_arg(&agi_failed);
    const ag_arg z = multiplied_at(x, index, y, dim, with_self, memory);
    agi_plain_free(memory);
    return z;
}

/* ---- the formulas ---------------------------------------------------------------------------- */

/* The sum by the number of its terms, where there are any. */
static ag_arg mean_at(ag_arg x, ag_arg index, ag_arg y, int64_t dim, bool with_self)
{
    const ag_dtype dtype = agi_dtype_of(x.tensor);
    const ag_tensor *t = x.tensor, *of = index.tensor;
    if (dtype == AG_BOOL) {
        agi_fail(AG_ERR_DTYPE, "\"index_reduce_mean_cpu\" not implemented for 'Bool'");
        return agi_arg(&agi_failed);
    }
    ag_arg ones = agi_repeated(1.0, of->ndim, agi_shape_of(of));
    ag_arg count = agi_repeated(with_self ? 1.0 : 0.0, t->ndim, agi_shape_of(t));
    const ag_arg sum = added_at(with_self ? x : written_at(x, index, NUM(0.0), dim), index, y, dim);
    count = v_maximum(added_at(count, index, ones, dim), NUM(1.0));
    if (dtype == AG_FLOAT64 || agi_value_failed(count))
        return v_div(sum, count);
    count.tensor->storage->dtype = AG_INT64;
    return agi_value(AG_OP_floor_divide, 2, (ag_arg[]){sum, count}, NULL);
}

static ag_arg reduced(const ag_arg *args, int64_t dim, int64_t how, bool with_self)
{
    const ag_arg x = args[0], index = args[1], y = args[2];
    const bool is_min = how == REDUCE_AMIN;
    if (how == REDUCE_PROD)
        return product_at(x, index, y, dim, with_self);
    if (how == REDUCE_MEAN)
        return mean_at(x, index, y, dim, with_self);
    if (how == REDUCE_SUM)
        return added_at(with_self ? x : written_at(x, index, NUM(0.0), dim), index, y, dim);
    const ag_arg least = least_of(agi_dtype_of(x.tensor), is_min);
    const ag_attr attr = {.i = {dim, is_min}};
    const ag_arg of[3] = {with_self ? x : written_at(x, index, least, dim), index, y};
    return agi_value(AG_OP_scatter_extreme, 3, of, &attr);
}

static bool check_reduction(const char *op, const ag_arg *args, int64_t d)
{
    const ag_tensor *x = args[0].tensor;
    int dim;
    for (int k = 0; k < 3; k++)
        if (!agi_has_tensor(op, args[k].tensor) ||
            agi_storage_ready(args[k].tensor->storage) != AG_OK)
            return false;
    return agi_shape_wrap_dim(d, x->ndim, &dim) == AG_OK;
}

/* Along i[0]; i[1] says how, i[2] whether x's own element is one of them. */
AG_FORMULA(scatter_reduce)
{
    if (!check_reduction("scatter_reduce", args, attr->i[0]))
        return agi_arg(&agi_failed);
    return reduced(args, attr->i[0], attr->i[1], attr->i[2] != 0);
}

/* The same of slices along i[0] that a vector names; i[1] counts from products on. */
AG_FORMULA(index_reduce)
{
    const ag_tensor *index = args[1].tensor, *y = args[2].tensor;
    int64_t shape[AGI_MAX_DIMS];
    int dim;
    if (!check_reduction("index_reduce", args, attr->i[0]) ||
        !agi_check_vector("index_reduce", index) ||
        agi_shape_wrap_dim(attr->i[0], args[0].tensor->ndim, &dim) != AG_OK ||
        !agi_check_slices("index_reduce_", args[0].tensor, y, index, dim) ||
        !agi_check_slices_there(args[0].tensor, index, dim))
        return agi_arg(&agi_failed);
    for (int d = 0; d < y->ndim; d++)
        shape[d] = d == dim ? index->numel : 1;
    const ag_arg wide = v_expand(v_view(args[1], y->ndim, shape), y->ndim, agi_shape_of(y));
    const ag_arg of[3] = {args[0], wide, args[2]};
    return agi_value_failed(wide) ? wide
                                  : reduced(of, attr->i[0], attr->i[1] + 1, attr->i[2] != 0);
}
