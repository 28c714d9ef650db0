/* SPDX-License-Identifier: MIT
 *
 * Functions of ops/shapes.def of several tensors, or with several results: joins, grids, parts and
 * products, all made of other functions.
 */
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/shape.h"
#include "tape/rule.h"
#include "tensor/scope.h"

/* ---- joins ---------------------------------------------------------------------------------- */

static bool has_some(const char *op, int n, ag_tensor *const *tensors)
{
    if (n != 0)
        return agi_check_tensors(op, "tensors", n, tensors);
    agi_fail(AG_ERR_SHAPE, "%s expects a non-empty TensorList", op);
    return false;
}

/* x with this many dimensions or more, as atleast_1d and its like have it. */
static ag_tensor *at_least(ag_tensor *x, int ndim)
{
    static const int64_t ones[3] = {1, 1, 1};
    if (x->ndim >= ndim)
        return agi_scope_add(agi_retain(x));
    if (x->ndim == 0)
        return ag_reshape(x, ndim, ones);
    ag_tensor *row = x->ndim == 1 ? ag_unsqueeze(x, 0) : agi_scope_add(agi_retain(x));
    return row != NULL && row->ndim < ndim ? ag_unsqueeze(row, -1) : row;
}

typedef ag_tensor *(*as_part)(ag_tensor *x);

static ag_tensor *at_least_1d(ag_tensor *x) { return at_least(x, 1); }
static ag_tensor *at_least_2d(ag_tensor *x) { return at_least(x, 2); }
static ag_tensor *at_least_3d(ag_tensor *x) { return at_least(x, 3); }
static ag_tensor *as_column(ag_tensor *x)
{
    const int64_t column[2] = {x->numel, 1};
    return x->ndim < 2 ? ag_reshape(x, 2, column) : agi_scope_add(agi_retain(x));
}

/* cat of what `part` makes of each; dimension -1: 0 of vectors, 1 of others. */
static ag_tensor *cat_of(const char *op, int n, ag_tensor *const *tensors, as_part part, int dim)
{
    if (!has_some(op, n, tensors))
        return NULL;
    ag_tensor **parts = agi_plain_new((size_t)n * sizeof *parts), *z = NULL;
    const int64_t mark = parts != NULL ? agi_scope_open() : -1;
    if (mark >= 0) {
        bool ok = true;
        for (int k = 0; k < n && ok; k++)
            ok = (parts[k] = part(tensors[k])) != NULL;
        if (ok)
            z = ag_cat(n, parts, dim >= 0 ? dim : parts[0]->ndim == 1 ? 0 : 1);
        z = agi_scope_leave(mark, z);
    }
    agi_plain_free(parts);
    return z;
}

ag_tensor *ag_hstack(int n, ag_tensor *const *tensors)
{
    return cat_of("hstack", n, tensors, at_least_1d, -1);
}

ag_tensor *ag_vstack(int n, ag_tensor *const *tensors)
{
    return cat_of("vstack", n, tensors, at_least_2d, 0);
}

ag_tensor *ag_dstack(int n, ag_tensor *const *tensors)
{
    return cat_of("dstack", n, tensors, at_least_3d, 2);
}

ag_tensor *ag_column_stack(int n, ag_tensor *const *tensors)
{
    return cat_of("column_stack", n, tensors, as_column, 1);
}

ag_tensor *ag_atleast(ag_tensor *x, int ndim)
{
    if (!agi_has_tensor("atleast", x))
        return NULL;
    if (ndim < 1 || ndim > 3)
        return agi_fail_null(AG_ERR_VALUE, "atleast: expected 1, 2 or 3 dimensions, got %d", ndim);
    const int64_t mark = agi_scope_open();
    return mark >= 0 ? agi_scope_leave(mark, at_least(x, ndim)) : NULL;
}

/* ---- several results ------------------------------------------------------------------------ */

/* Room for n results, as `count` says them. */
static bool is_room(const char *op, int count, int n, ag_tensor **outs)
{
    if (count < 0)
        return false;
    if (n != count) {
        agi_fail(AG_ERR_VALUE, "%s: expected room for %d results, got %d", op, count, n);
        return false;
    }
    return n == 0 || agi_has(op, outs, "memory for the results");
}

/* Where part k of a tensor_split begins: of n nearly equal ones, or by indices. */
static int64_t part_start(int64_t size, int n_sizes, const int64_t *sizes, int k)
{
    if (n_sizes < 0) {
        const int64_t n = sizes[0], least = size / n, more = size % n;
        return k * least + (k < more ? k : more);
    }
    return k == 0 ? 0 : sizes[k - 1];
}

static int count_split(const char *op, ag_tensor *x, int n_sizes, const int64_t *sizes, int dim,
                       int *at)
{
    if (!agi_has_tensor(op, x) || !agi_has(op, sizes != NULL || n_sizes == 0 ? x : NULL, "sizes"))
        return -1;
    if (x->ndim == 0) {
        agi_fail(AG_ERR_SHAPE, "%s expected at least a 1-dimensional tensor, but got a tensor with "
                               "0 dims", op);
        return -1;
    }
    if (agi_shape_wrap_dim(dim, x->ndim, at) != AG_OK)
        return -1;
    if (n_sizes >= 0)
        return n_sizes + 1;
    if (sizes[0] > 0 && sizes[0] <= INT32_MAX)
        return (int)sizes[0];
    agi_fail(AG_ERR_SHAPE, "number of sections must be larger than 0, got %lld",
             (long long)sizes[0]);
    return -1;
}

int ag_tensor_split_count(ag_tensor *x, int n_sizes, const int64_t *sizes, int dim)
{
    int at;
    return count_split("tensor_split", x, n_sizes, sizes, dim, &at);
}

ag_status ag_tensor_split(ag_tensor *x, int n_sizes, const int64_t *sizes, int dim, int n,
                          ag_tensor **outs)
{
    int at = 0;
    if (!is_room("tensor_split", count_split("tensor_split", x, n_sizes, sizes, dim, &at), n, outs))
        return ag_last_status();
    const int64_t size = agi_shape_of(x)[at], mark = agi_scope_open();
    bool ok = mark >= 0;
    for (int k = 0; k < n && ok; k++) {
        const int64_t start = part_start(size, n_sizes, sizes, k);
        const int64_t end = k + 1 < n ? part_start(size, n_sizes, sizes, k + 1) : size;
        ok = (outs[k] = ag_slice(x, at, start, end, 1)) != NULL;
    }
    return mark >= 0 ? agi_scope_leave_all(mark, ok, n, outs) : ag_last_status();
}

/* The dimension along which one of the three splits; -1 with an error. */
static int split_dim(const char *op, const ag_tensor *x, int least, int n_sizes,
                     const int64_t *sizes)
{
    if (!agi_has_tensor(op, x) || !agi_has(op, sizes != NULL || n_sizes == 0 ? x : NULL, "sizes"))
        return -1;
    if (x->ndim < least) {
        agi_fail(AG_ERR_SHAPE, "%s requires a tensor with at least %d dimension%s, but got a "
                               "tensor with %d dimensions!", op, least, least > 2 ? "s" : "",
                 x->ndim);
        return -1;
    }
    const int dim = least == 1 ? (x->ndim > 1 ? 1 : 0) : least == 2 ? 0 : 2;
    const int64_t size = agi_shape_of(x)[dim];
    if (n_sizes >= 0 || (sizes[0] != 0 && size % sizes[0] == 0))
        return dim;
    agi_fail(AG_ERR_SHAPE, "%s attempted to split along dimension %d, but the size of the "
                           "dimension %lld is not divisible by the split_size %lld!", op, dim,
             (long long)size, (long long)sizes[0]);
    return -1;
}

#define SPLIT(name, least) \
    int ag_##name##_count(ag_tensor *x, int n_sizes, const int64_t *sizes) \
    { \
        const int dim = split_dim(#name, x, least, n_sizes, sizes); \
        return dim >= 0 ? ag_tensor_split_count(x, n_sizes, sizes, dim) : -1; \
    } \
    ag_status ag_##name(ag_tensor *x, int n_sizes, const int64_t *sizes, int n, ag_tensor **outs) \
    { \
        const int dim = split_dim(#name, x, least, n_sizes, sizes); \
        return dim >= 0 ? ag_tensor_split(x, n_sizes, sizes, dim, n, outs) : ag_last_status(); \
    }
SPLIT(hsplit, 1)
SPLIT(vsplit, 2)
SPLIT(dsplit, 3)
#undef SPLIT

int ag_broadcast_tensors_count(int n, ag_tensor *const *tensors)
{
    return agi_check_tensors("broadcast_tensors", "tensors", n, tensors) ? n : -1;
}

ag_status ag_broadcast_tensors(int n_tensors, ag_tensor *const *tensors, int n, ag_tensor **outs)
{
    int ndim = 0;
    int64_t shape[AGI_MAX_DIMS];
    if (!is_room("broadcast_tensors", ag_broadcast_tensors_count(n_tensors, tensors), n, outs))
        return ag_last_status();
    for (int k = 0; k < n; k++)
        if (agi_shape_broadcast(&ndim, shape, tensors[k]->ndim, agi_shape_of(tensors[k])) != AG_OK)
            return ag_last_status();
    const int64_t mark = agi_scope_open();
    bool ok = mark >= 0;
    for (int k = 0; k < n && ok; k++)
        ok = (outs[k] = ag_expand(tensors[k], ndim, shape)) != NULL;
    return mark >= 0 ? agi_scope_leave_all(mark, ok, n, outs) : ag_last_status();
}

/* ---- grids ---------------------------------------------------------------------------------- */

int ag_meshgrid_count(int n, ag_tensor *const *tensors, int indexing)
{
    (void)indexing;
    if (!has_some("meshgrid", n, tensors))
        return -1;
    if (n > AGI_MAX_DIMS) {
        agi_fail(AG_ERR_SHAPE, "meshgrid: expected at most %d tensors, got %d", AGI_MAX_DIMS, n);
        return -1;
    }
    for (int k = 0; k < n; k++) {
        char text[AGI_SHAPE_TEXT];
        const ag_tensor *t = tensors[k];
        if (t->ndim > 1)
            agi_fail(AG_ERR_SHAPE, "meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                                   "%s", agi_format_shape_list(text, t->ndim, agi_shape_of(t)));
        else if (t->storage->dtype != tensors[0]->storage->dtype)
            agi_fail(AG_ERR_SHAPE, "meshgrid expects all tensors to have the same dtype");
        else
            continue;
        return -1;
    }
    return n;
}

/* The grid of tensor k, which goes along dimension k; false with an error. */
static bool grid_of(int n, ag_tensor *const *tensors, int k, const int64_t *shape,
                    ag_tensor **grid)
{
    int64_t along[AGI_MAX_DIMS];
    for (int d = 0; d < n; d++)
        along[d] = d == k ? tensors[k]->numel : 1;
    ag_tensor *view = ag_view(tensors[k], n, along);
    *grid = view != NULL ? ag_expand(view, n, shape) : NULL;
    return *grid != NULL;
}

ag_status ag_meshgrid(int n_tensors, ag_tensor *const *tensors, int indexing, int n,
                      ag_tensor **outs)
{
    int64_t shape[AGI_MAX_DIMS];
    ag_tensor *in_order[AGI_MAX_DIMS];
    if (!is_room("meshgrid", ag_meshgrid_count(n_tensors, tensors, indexing), n, outs))
        return ag_last_status();
    const bool is_xy = indexing == 1 && n > 1;
    for (int k = 0; k < n; k++)
        in_order[k] = tensors[is_xy && k < 2 ? 1 - k : k];
    for (int k = 0; k < n; k++)
        shape[k] = in_order[k]->numel;
    const int64_t mark = agi_scope_open();
    bool ok = mark >= 0;
    for (int k = 0; k < n && ok; k++)
        ok = grid_of(n, in_order, k, shape, &outs[is_xy && k < 2 ? 1 - k : k]);
    return mark >= 0 ? agi_scope_leave_all(mark, ok, n, outs) : ag_last_status();
}

ag_tensor *ag_cartesian_prod(int n, ag_tensor *const *tensors)
{
    const int64_t all = -1;
    ag_tensor *columns[AGI_MAX_DIMS], *z = NULL;
    char text[AGI_SHAPE_TEXT];
    if (!agi_check_tensors("cartesian_prod", "tensors", n, tensors))
        return NULL;
    for (int k = 0; k < n; k++)
        if (tensors[k]->ndim != 1)
            return agi_fail_null(AG_ERR_SHAPE, "Expect a 1D vector, but got shape %s",
                                 agi_format_shape_list(text, tensors[k]->ndim,
                                                       agi_shape_of(tensors[k])));
    if (n == 1)
        return ag_view(tensors[0], 1, &all);
    if (ag_meshgrid_count(n, tensors, 0) < 0)
        return NULL;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    bool ok = ag_meshgrid(n, tensors, 0, n, columns) == AG_OK;
    for (int k = 0; k < n && ok; k++)
        ok = (columns[k] = ag_reshape(columns[k], 1, &all)) != NULL;
    if (ok)
        z = ag_stack(n, columns, 1);
    return agi_scope_leave(mark, z);
}

/* ---- products ------------------------------------------------------------------------------- */

ag_tensor *ag_outer(ag_tensor *x, ag_tensor *y)
{
    if (!agi_has_tensors("outer", x, y))
        return NULL;
    if (x->ndim != 1 || y->ndim != 1)
        return agi_fail_null(AG_ERR_SHAPE, "outer: Expected 1-D argument %s, but got %d-D",
                             x->ndim != 1 ? "self" : "vec2", (x->ndim != 1 ? x : y)->ndim);
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *column = ag_unsqueeze(x, 1);
    return agi_scope_leave(mark, column != NULL ? ag_mul(column, y) : NULL);
}

ag_tensor *ag_kron(ag_tensor *x, ag_tensor *y)
{
    int64_t x_shape[AGI_MAX_DIMS], y_shape[AGI_MAX_DIMS], shape[AGI_MAX_DIMS];
    if (!agi_has_tensors("kron", x, y))
        return NULL;
    const int n = x->ndim > y->ndim ? x->ndim : y->ndim;
    if (2 * n > AGI_MAX_DIMS)
        return agi_fail_null(AG_ERR_SHAPE, "kron: expected at most %d dimensions, got %d",
                             AGI_MAX_DIMS / 2, n);
    for (int d = 0; d < n; d++) {
        const int x_dim = d - (n - x->ndim), y_dim = d - (n - y->ndim);
        x_shape[2 * d] = x_dim < 0 ? 1 : agi_shape_of(x)[x_dim];
        y_shape[2 * d + 1] = y_dim < 0 ? 1 : agi_shape_of(y)[y_dim];
        x_shape[2 * d + 1] = y_shape[2 * d] = 1;
        if (__builtin_mul_overflow(x_shape[2 * d], y_shape[2 * d + 1], &shape[d]))
            return agi_fail_null(AG_ERR_OVERFLOW, "kron: the sizes are too large");
    }
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *a = ag_reshape(x, 2 * n, x_shape), *b = NULL, *product = NULL, *z = NULL;
    if (a != NULL && (b = ag_reshape(y, 2 * n, y_shape)) != NULL &&
        (product = ag_mul(a, b)) != NULL)
        z = ag_reshape(product, n, shape);
    return agi_scope_leave(mark, z);
}

/* Each column is the one before times x. */
static bool powers_of(ag_tensor *x, int n, bool increasing, ag_tensor **columns)
{
    ag_tensor *power = n > 0 ? ag_ones_like(x) : NULL;
    for (int k = 0; k < n; k++) {
        if (k > 0 && power != NULL)
            power = k == 1 ? x : ag_mul(power, x);
        if (power == NULL)
            return false;
        columns[increasing ? k : n - 1 - k] = power;
    }
    return true;
}

ag_tensor *ag_vander(ag_tensor *x, int64_t n, bool increasing)
{
    if (!agi_has_tensor("vander", x))
        return NULL;
    if (x->ndim != 1)
        return agi_fail_null(AG_ERR_SHAPE, "x must be a one-dimensional tensor.");
    const int64_t count = n == INT64_MIN ? x->numel : n, shape[2] = {x->numel, 0};
    if (count < 0 || count > AGI_NODE_INPUTS)
        return agi_fail_null(AG_ERR_SHAPE, count < 0 ? "N must be non-negative."
                                                     : "vander: there are too many columns");
    ag_tensor **columns = agi_plain_new((size_t)(count + 1) * sizeof *columns), *z = NULL;
    const int64_t mark = columns != NULL ? agi_scope_open() : -1;
    if (mark >= 0) {
        x = ag_dtype_of(x) == AG_BOOL ? ag_cast(x, AG_INT64) : x;
        if (x != NULL && count == 0)
            z = ag_new_zeros(x, 2, shape);
        else if (x != NULL && powers_of(x, (int)count, increasing, columns))
            z = ag_stack((int)count, columns, 1);
        z = agi_scope_leave(mark, z);
    }
    agi_plain_free(columns);
    return z;
}

/* 1, x, x^2, ...: products of a 1 and of x again and again. */
static ag_tensor *growing_powers(ag_tensor *x, int64_t n)
{
    int64_t shape[AGI_MAX_DIMS] = {1};
    ag_tensor *column = ag_unsqueeze(x, -1), *parts[2] = {NULL};
    if (column == NULL)
        return NULL;
    const int ndim = column->ndim;
    memcpy(shape, agi_shape_of(column), (size_t)ndim * sizeof *shape);
    shape[ndim - 1] = n - 1;
    parts[0] = ag_ones_like(column);
    parts[1] = parts[0] != NULL ? ag_expand(column, ndim, shape) : NULL;
    if (parts[1] == NULL || (parts[1] = ag_cumprod(parts[1], -1)) == NULL)
        return NULL;
    return ag_cat(2, parts, -1);
}

ag_tensor *ag_linalg_vander(ag_tensor *x, int64_t n)
{
    if (!agi_has_tensor("linalg.vander", x))
        return NULL;
    if (ag_dtype_of(x) == AG_BOOL)
        return agi_fail_null(AG_ERR_SHAPE, "linalg.vander supports floating point, complex, and "
                                           "integer tensors, but got Bool");
    const bool is_number = x->ndim == 0;
    const int64_t count = n != INT64_MIN ? n : is_number ? 1 : agi_shape_of(x)[x->ndim - 1];
    if (count <= 1)
        return agi_fail_null(AG_ERR_SHAPE, "N must be greater than 1.");
    const int64_t mark = agi_scope_open(), one = 1;
    if (mark < 0)
        return NULL;
    ag_tensor *vector = is_number ? ag_view(x, 1, &one) : x;
    return agi_scope_leave(mark, vector != NULL ? growing_powers(vector, count) : NULL);
}

/* ---- by lists of indices -------------------------------------------------------------------- */

/* A tensor of n indices, which are to be filled in; NULL with an error if they are too many. */
static ag_tensor *new_indices(const char *op, int64_t n)
{
    if (agi_shape_numel(op, 1, &n) < 0)
        return NULL;
    ag_tensor *t = agi_tensor_new(1, &n, n);
    if (t != NULL)
        t->storage->dtype = AG_INT64;
    return t;
}

/* The numbers of a vector of repetitions, owned, and what they are together; NULL with an error. */
static int64_t *repetitions_of(ag_tensor *repeats, int64_t *whole)
{
    if (repeats->storage->dtype != AG_INT64)
        return agi_fail_null(AG_ERR_SHAPE, "repeats has to be Long or Int tensor");
    const int64_t n = repeats->numel;
    int64_t *numbers = agi_plain_new((size_t)(n + 1) * sizeof *numbers);
    bool ok = numbers != NULL && ag_copy_out_int64(repeats, numbers) == AG_OK;
    *whole = 0;
    for (int64_t k = 0; k < n && ok; k++) {
        ok = numbers[k] >= 0 && !__builtin_add_overflow(*whole, numbers[k], whole);
        if (!ok)
            agi_fail(AG_ERR_SHAPE, "repeats can not be negative, or too large");
    }
    if (!ok) {
        agi_plain_free(numbers);
        return NULL;
    }
    return numbers;
}

/* Each place of `size` so many times as the numbers say, of which there is one for all or one for
 * each. Owned. */
static ag_tensor *places_repeated(ag_tensor *repeats, int64_t size, int64_t output_size)
{
    int64_t whole = 0, at = 0;
    int64_t *numbers = repetitions_of(repeats, &whole);
    if (numbers == NULL)
        return NULL;
    const bool one_for_all = repeats->numel == 1;
    if (one_for_all && __builtin_mul_overflow(numbers[0], size, &whole))
        whole = INT64_MAX;
    ag_tensor *indices = NULL;
    if (output_size != -1 && output_size != whole)
        agi_fail(AG_ERR_SHAPE, "allocated size does not match required size");
    else
        indices = new_indices("repeat_interleave", whole);
    for (int64_t k = 0; k < size && indices != NULL; k++)
        for (int64_t j = 0; j < numbers[one_for_all ? 0 : k]; j++)
            agi_tensor_data(indices)[at++] = (double)k;
    agi_plain_free(numbers);
    return indices;
}

/* x and the dimension that is meant, or all of it as a row. A value of the open scope. */
static ag_tensor *flat_without_dim(const char *op, ag_tensor *x, int *dim)
{
    const int64_t all = -1;
    if (*dim == INT_MIN) {
        *dim = 0;
        return ag_reshape(x, 1, &all);
    }
    if (agi_shape_wrap_dim(*dim, x->ndim, dim) != AG_OK)
        return NULL;
    if (x->ndim > 0)
        return agi_scope_add(agi_retain(x));
    return agi_fail_null(AG_ERR_INDEX, "%s: Dimension specified as 0 but tensor has no dimensions",
                         op);
}

ag_tensor *ag_repeat_interleave(ag_tensor *x, ag_tensor *repeats, int dim, int64_t output_size)
{
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *of = NULL, *z = NULL;
    if (agi_has_tensors("repeat_interleave", x, repeats)) {
        if (repeats->ndim > 1)
            agi_fail(AG_ERR_SHAPE, "repeats must be 0-dim or 1-dim tensor");
        else
            of = flat_without_dim("repeat_interleave", x, &dim);
    }
    const int64_t size = of != NULL ? agi_shape_of(of)[dim] : 0;
    if (of != NULL && repeats->numel != 1 && repeats->numel != size) {
        agi_fail(AG_ERR_SHAPE, "repeats must have the same size as input along dim, but got "
                               "repeats.size(0) = %lld and input.size(%d) = %lld",
                 (long long)repeats->numel, dim, (long long)size);
    } else if (of != NULL) {
        ag_tensor *places = places_repeated(repeats, size, output_size);
        z = places != NULL ? ag_index_select(of, dim, places) : NULL;
        agi_release(places);
    }
    return agi_scope_leave(mark, z);
}

ag_tensor *ag_repeat_each(ag_tensor *x, int64_t repeats, int dim, int64_t output_size)
{
    int64_t shape[AGI_MAX_DIMS + 1], whole = 0;
    const int64_t mark = agi_scope_open();
    if (mark < 0)
        return NULL;
    ag_tensor *of = NULL, *wide = NULL, *z = NULL;
    if (repeats < 0 && x != NULL)
        agi_fail(AG_ERR_SHAPE, "Repeats must be non-negative");
    else if (agi_has_tensor("repeat_interleave", x))
        of = flat_without_dim("repeat_interleave", x, &dim);
    if (of != NULL && (__builtin_mul_overflow(agi_shape_of(of)[dim], repeats, &whole) ||
                       (output_size != -1 && output_size != whole))) {
        agi_fail(AG_ERR_SHAPE, "repeat_interleave: Invalid output_size, expected %lld but got "
                               "%lld", (long long)whole, (long long)output_size);
        of = NULL;
    }
    if (of != NULL && (wide = ag_unsqueeze(of, dim + 1)) != NULL) {
        for (int d = 0; d < wide->ndim; d++)
            shape[d] = d == dim + 1 ? repeats : agi_shape_of(wide)[d];
        wide = ag_expand(wide, wide->ndim, shape);
    }
    if (wide != NULL) {
        for (int d = 0; d < of->ndim; d++)
            shape[d] = d == dim ? whole : agi_shape_of(of)[d];
        z = ag_reshape(wide, of->ndim, shape);
        z = z != NULL && repeats == 1 ? ag_clone(z) : z;
    }
    return agi_scope_leave(mark, z);
}

ag_tensor *ag_repeat_numbers(ag_tensor *repeats, int64_t output_size)
{
    if (!agi_has_tensor("repeat_interleave", repeats))
        return NULL;
    if (repeats->ndim != 1)
        return agi_fail_null(AG_ERR_SHAPE, "repeat_interleave only accept 1D vector as repeat");
    return agi_scope_add(places_repeated(repeats, repeats->numel, output_size));
}

/* The next way to take r of n in order, after what `taken` has; false after the last. */
static bool next_choice(int64_t n, int64_t r, bool again, int64_t *taken)
{
    for (int64_t k = r - 1; k >= 0; k--) {
        const int64_t most = again ? n - 1 : n - r + k;
        if (taken[k] >= most)
            continue;
        taken[k]++;
        for (int64_t j = k + 1; j < r; j++)
            taken[j] = taken[j - 1] + !again;
        return true;
    }
    return false;
}

/* How many ways there are, as far as they can be counted. */
static int64_t count_choices(int64_t n, int64_t r, bool again)
{
    const int64_t of = again ? n + r - 1 : n;
    int64_t count = 1;
    if (n == 0 || r > of)
        return 0;
    for (int64_t k = 1; k <= r; k++) {
        if (__builtin_mul_overflow(count, of - r + k, &count))
            return INT64_MAX;
        count /= k;
    }
    return count;
}

/* All ways, behind each other. Owned. */
static ag_tensor *choices_of(int64_t n, int64_t r, bool again, int64_t count)
{
    int64_t whole, at = 0;
    if (__builtin_mul_overflow(count, r, &whole))
        whole = INT64_MAX;
    ag_tensor *indices = new_indices("combinations", whole);
    int64_t *taken = indices != NULL ? agi_plain_new((size_t)r * sizeof *taken) : NULL;
    if (taken == NULL) {
        agi_release(indices);
        return NULL;
    }
    for (int64_t k = 0; k < r; k++)
        taken[k] = again ? 0 : k;
    while (at < whole) {
        for (int64_t k = 0; k < r; k++)
            agi_tensor_data(indices)[at++] = (double)taken[k];
        next_choice(n, r, again, taken);
    }
    agi_plain_free(taken);
    return indices;
}

ag_tensor *ag_combinations(ag_tensor *x, int64_t r, bool with_replacement)
{
    static const int64_t none = 0;
    char text[AGI_SHAPE_TEXT];
    if (!agi_has_tensor("combinations", x))
        return NULL;
    if (x->ndim != 1)
        return agi_fail_null(AG_ERR_SHAPE, "Expect a 1D vector, but got shape %s",
                             agi_format_shape_list(text, x->ndim, agi_shape_of(x)));
    if (r < 0 || r > INT32_MAX)
        return agi_fail_null(AG_ERR_SHAPE, "Expect a non-negative number, but got %lld",
                             (long long)r);
    if (r == 0)
        return ag_new_zeros(x, 1, &none);
    const int64_t count = count_choices(x->numel, r, with_replacement), shape[2] = {count, r};
    ag_tensor *indices = choices_of(x->numel, r, with_replacement, count);
    const int64_t mark = indices != NULL ? agi_scope_open() : -1;
    ag_tensor *z = NULL;
    if (mark >= 0) {
        ag_tensor *flat = ag_index_select(x, 0, indices);
        z = agi_scope_leave(mark, flat != NULL ? ag_view(flat, 2, shape) : NULL);
    }
    agi_release(indices);
    return z;
}
