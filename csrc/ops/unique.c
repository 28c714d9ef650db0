/* SPDX-License-Identifier: MIT
 *
 * unique and unique_consecutive: what is different among the elements of a tensor, or among its
 * slices along a dimension. Both number the elements' groups; unique does it in their order.
 *
 * Elements are compared as rows of numbers, one by one: rows of one where there is no dimension.
 * NaN is behind all numbers, and equal to nothing, itself neither.
 */
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../compute/order.h"
#include "../fuse/pending.h"
#include "../tape/apply.h"
#include "../tape/dtypes.h"
#include "../tensor/copy.h"
#include "../tensor/scope.h"
#include "table.h"

/* n rows of `width` numbers each, row-major, and the places of the rows in their order. */
typedef struct rows_of {
    const double *data;
    int64_t n, width;
    int64_t *order;   /* owned */
} rows_of;

/* ---- order ---------------------------------------------------------------------------------- */

/* Below 0, 0, above 0 as row i comes before, with or behind row j. */
static int compare_rows(const rows_of *rows, int64_t i, int64_t j)
{
    const double *x = rows->data + i * rows->width, *y = rows->data + j * rows->width;
    for (int64_t k = 0; k < rows->width; k++) {
        if (x[k] == y[k] || (x[k] != x[k] && y[k] != y[k]))
            continue;
        return x[k] < y[k] || y[k] != y[k] ? -1 : 1;
    }
    return 0;
}

/* Two sorted runs of places to one. */
static void merge_places(const rows_of *rows, int64_t *z, const int64_t *x, int64_t n,
                         const int64_t *y, int64_t m)
{
    int64_t i = 0, j = 0;
    while (i < n || j < m) {
        const bool first = j >= m || (i < n && compare_rows(rows, x[i], y[j]) <= 0);
        *z++ = first ? x[i++] : y[j++];
    }
}

/* Stable; from runs of one place on, twice as long each time. `room` is as large as the order. */
static void sort_rows(rows_of *rows, int64_t *room)
{
    const int64_t n = rows->n;
    for (int64_t run = 1; run < n; run *= 2) {
        for (int64_t at = 0; at < n; at += 2 * run) {
            const int64_t middle = at + run < n ? at + run : n;
            const int64_t end = middle + run < n ? middle + run : n;
            merge_places(rows, room + at, rows->order + at, middle - at, rows->order + middle,
                         end - middle);
        }
        memcpy(rows->order, room, (size_t)n * sizeof *room);
    }
}

static bool order_numbers(rows_of *rows)
{
    const size_t n = (size_t)rows->n;
    agi_ranked *ranked = agi_plain_new((2 * n + 1) * sizeof *ranked);
    if (ranked == NULL)
        return false;
    agi_rank(ranked, rows->data, rows->n, false);
    const agi_ranked *sorted = agi_sort_ranked(ranked, ranked + n, rows->n);
    for (size_t i = 0; i < n; i++)
        rows->order[i] = (int64_t)sorted[i].place;
    agi_plain_free(ranked);
    return true;
}

/* False with an error. */
static bool order_rows(rows_of *rows, bool sort)
{
    for (int64_t i = 0; i < rows->n; i++)
        rows->order[i] = i;
    if (!sort || rows->n < 2)
        return true;
    if (rows->width == 1)
        return order_numbers(rows);
    int64_t *room = agi_plain_new((size_t)rows->n * sizeof *room);
    if (room == NULL)
        return false;
    sort_rows(rows, room);
    agi_plain_free(room);
    return true;
}

/* ---- groups --------------------------------------------------------------------------------- */

static bool are_equal(const rows_of *rows, int64_t i, int64_t j)
{
    const double *x = rows->data + i * rows->width, *y = rows->data + j * rows->width;
    for (int64_t k = 0; k < rows->width; k++)
        if (x[k] != y[k])
            return false;
    return true;
}

/* The number of groups; firsts (of room for n) become the places of their first rows. */
static int64_t find_groups(const rows_of *rows, int64_t *firsts)
{
    int64_t groups = 0;
    for (int64_t i = 0; i < rows->n; i++)
        if (i == 0 || !are_equal(rows, rows->order[i - 1], rows->order[i]))
            firsts[groups++] = i;
    return groups;
}

static ag_tensor *new_whole(int ndim, const int64_t *shape, int64_t numel)
{
    ag_tensor *z = agi_tensor_new(ndim, shape, numel);
    if (z != NULL)
        z->storage->dtype = AG_INT64;
    return z;
}

/* The group of each row, in the shape given. */
static ag_tensor *number_groups(const rows_of *rows, const int64_t *firsts, int64_t groups,
                                int ndim, const int64_t *shape)
{
    ag_tensor *z = new_whole(ndim, shape, rows->n);
    for (int64_t g = 0; z != NULL && g < groups; g++) {
        const int64_t end = g + 1 < groups ? firsts[g + 1] : rows->n;
        for (int64_t i = firsts[g]; i < end; i++)
            agi_tensor_data(z)[rows->order[i]] = (double)g;
    }
    return z;
}

static ag_tensor *count_groups(const rows_of *rows, const int64_t *firsts, int64_t groups)
{
    ag_tensor *z = new_whole(1, &groups, groups);
    for (int64_t g = 0; z != NULL && g < groups; g++)
        agi_tensor_data(z)[g] = (double)((g + 1 < groups ? firsts[g + 1] : rows->n) - firsts[g]);
    return z;
}

/* The first row of each group, row-major. */
static ag_tensor *first_rows(const rows_of *rows, const int64_t *firsts, int64_t groups)
{
    const int64_t shape[2] = {groups, rows->width};
    ag_tensor *z = agi_tensor_new(2, shape, groups * rows->width);
    for (int64_t g = 0; z != NULL && g < groups; g++)
        memcpy(agi_tensor_data(z) + g * rows->width,
               rows->data + rows->order[firsts[g]] * rows->width,
               (size_t)rows->width * sizeof(double));
    return z;
}

/* ---- the functions -------------------------------------------------------------------------- */

/* x with dim as its first dimension, row-major and there to be read; of a negative dim x itself.
 * Owned. */
static ag_tensor *rows_first(ag_tensor *x, int dim)
{
    int64_t order[AGI_MAX_DIMS] = {dim};
    for (int d = 0; d < x->ndim; d++)
        if (d != dim && dim >= 0)
            order[d < dim ? d + 1 : d] = d;
    const ag_attr turn = {.n_list = x->ndim, .list = order};
    ag_arg arg = agi_arg(x);
    ag_tensor *turned = dim > 0 ? agi_compute(AG_OP_permute, 1, &arg, &turn) : agi_retain(x);
    if (turned == NULL)
        return NULL;
    arg = agi_arg(turned);
    ag_tensor *dense = agi_compute(AG_OP_clone, 1, &arg, &agi_row_major);
    agi_release(turned);
    if (dense == NULL || agi_storage_ready(dense->storage) == AG_OK)
        return dense;
    agi_release(dense);
    return NULL;
}

/* How many numbers a slice along dim has, of which there is none of size 0 but dim. */
static int64_t width_of(const ag_tensor *x, int dim)
{
    int64_t width = 1;
    for (int d = 0; dim >= 0 && d < x->ndim; d++)
        width *= d == dim ? 1 : agi_shape_of(x)[d];
    return width;
}

/* The rows of `found` as slices of x along dim; without a dim they are numbers. Owned; takes
 * `found`. */
static ag_tensor *as_slices(ag_tensor *found, const ag_tensor *x, int dim, int64_t groups)
{
    int64_t shape[AGI_MAX_DIMS] = {groups}, strides[AGI_MAX_DIMS] = {1};
    if (found == NULL)
        return NULL;
    int64_t stride = 1;
    for (int d = x->ndim - 1; dim >= 0 && d >= 0; d--) {
        shape[d] = d == dim ? groups : agi_shape_of(x)[d];
        strides[d] = stride;
        stride *= d == dim ? 1 : shape[d];
    }
    if (dim >= 0)
        strides[dim] = width_of(x, dim);
    ag_tensor *z = agi_tensor_over(found->storage, dim < 0 ? 1 : x->ndim, shape, strides,
                                   found->offset);
    agi_release(found);
    return z;
}

/* All three results, or none. */
static ag_status group_rows(rows_of *rows, const ag_tensor *x, int dim, bool sort,
                            int64_t *firsts, ag_tensor **outs)
{
    if (!order_rows(rows, sort))
        return ag_last_status();
    const int64_t groups = find_groups(rows, firsts);
    outs[0] = as_slices(first_rows(rows, firsts, groups), x, dim, groups);
    outs[1] = dim < 0 ? number_groups(rows, firsts, groups, x->ndim, agi_shape_of(x))
                      : number_groups(rows, firsts, groups, 1, &rows->n);
    outs[2] = count_groups(rows, firsts, groups);
    if (outs[0] != NULL && outs[1] != NULL && outs[2] != NULL) {
        outs[0]->storage->dtype = x->storage->dtype;
        return AG_OK;
    }
    for (int k = 0; k < 3; k++)
        agi_release(outs[k]);
    return ag_last_status();
}

static ag_status find_unique(ag_tensor *x, int dim, bool sort, ag_tensor **outs)
{
    ag_tensor *dense = rows_first(x, dim);
    if (dense == NULL)
        return ag_last_status();
    const int64_t n = dim < 0 ? x->numel : agi_shape_of(x)[dim];
    rows_of rows = {.data = agi_tensor_data(dense), .n = n,
                    .width = width_of(x, dim)};
    int64_t *places = agi_plain_new((size_t)(2 * n + 1) * sizeof *places);
    ag_status status = ag_last_status();
    if (places != NULL) {
        rows.order = places;
        status = group_rows(&rows, x, dim, sort, places + n, outs);
    }
    agi_plain_free(places);
    agi_release(dense);
    return status;
}

static ag_status check_slice_dim(const ag_tensor *x, int dim, int *at)
{
    if (x->ndim == 0)
        return agi_fail(AG_ERR_INDEX, "Dimension specified as %d but tensor has no dimensions",
                        dim);
    if (agi_shape_wrap_dim(dim, x->ndim, at) != AG_OK)
        return ag_last_status();
    for (int d = 0; d < x->ndim; d++)
        if (d != *at && agi_shape_of(x)[d] == 0)
            return agi_fail(AG_ERR_SHAPE, "There are 0 sized dimensions, and they aren't selected, "
                                          "so unique cannot be applied");
    return AG_OK;
}

static ag_status unique_of(const char *op, ag_tensor *x, int dim, bool sort, ag_tensor **outs)
{
    int at = -1;
    if (!agi_has_tensor(op, x) || !agi_has(op, outs, "memory for the results"))
        return ag_last_status();
    outs[0] = outs[1] = outs[2] = NULL;
    if ((dim != AG_NO_DIM && check_slice_dim(x, dim, &at) != AG_OK) ||
        find_unique(x, at, sort, outs) != AG_OK)
        return ag_last_status();
    for (int k = 0; k < 3; k++)
        agi_scope_add(outs[k]);
    return AG_OK;
}

ag_status ag_unique(ag_tensor *x, int dim, ag_tensor **outs)
{
    return unique_of("unique", x, dim, true, outs);
}

ag_status ag_unique_consecutive(ag_tensor *x, int dim, ag_tensor **outs)
{
    return unique_of("unique_consecutive", x, dim, false, outs);
}
