/* SPDX-License-Identifier: MIT
 *
 * Differences between neighbours along a dimension, and what is made of them: derivatives and
 * integrals of sampled functions. They are made of other ops, which are recorded.
 */
#include "../base/check.h"
#include "../base/shape.h"
#include "../tape/dtypes.h"
#include "../tape/formula.h"
#include "../tensor/scope.h"
#include "table.h"

/* ---- diff ----------------------------------------------------------------------------------- */

/* From `start` on, `length` of the dimension. */
static ag_arg part_along(ag_arg x, int dim, int64_t start, int64_t length)
{
    const ag_attr attr = {.i = {dim, start, start + length, 1}};
    return agi_value(AG_OP_slice, 1, &x, &attr);
}

/* args: what is put before, x, what is put behind; i: n, dim. */
static ag_arg joined_along(const ag_arg *args, int dim)
{
    ag_arg parts[3];
    int64_t sizes[3];
    int n = 0;
    for (int k = 0; k < 3; k++) {
        if (args[k].tensor == NULL)
            continue;
        sizes[n] = agi_shape_of(args[k].tensor)[dim];
        if (args[k].tensor->ndim == 1 && args[k].tensor->numel == 0)
            sizes[n] = -1;
        parts[n++] = args[k];
    }
    const ag_attr attr = {.i = {dim}, .n_list = n, .list = sizes};
    return n == 1 ? args[1] : agi_value(AG_OP_cat, n, parts, &attr);
}

static ag_arg diff_formula(const ag_arg *args, const ag_attr *attr)
{
    const int dim = (int)attr->i[1];
    ag_arg z = joined_along(args, dim);
    if (agi_value_failed(z))
        return z;
    const bool is_mask = agi_dtype_of(z.tensor) == AG_BOOL;
    int64_t length = agi_shape_of(z.tensor)[dim];
    const int64_t n = attr->i[0] < length ? attr->i[0] : length;
    for (int64_t k = 0; k < n; k++) {
        length--;
        const ag_arg next = part_along(z, dim, 1, length), last = part_along(z, dim, 0, length);
        z = is_mask ? v_logical_xor(next, last) : v_sub(next, last);
    }
    return n > 0 ? z : agi_value(AG_OP_clone, 1, &z, NULL);
}

static bool fits_beside(const ag_tensor *x, const ag_tensor *other, int dim)
{
    if (other == NULL)
        return true;
    if (other->ndim != x->ndim) {
        agi_fail(AG_ERR_SHAPE, "diff expects prepend or append to be the same dimension as input");
        return false;
    }
    for (int d = 0; d < x->ndim; d++) {
        if (d == dim || agi_shape_of(other)[d] == agi_shape_of(x)[d])
            continue;
        agi_fail(AG_ERR_SHAPE,
                 "diff expects the shape of tensor to prepend or append to match that of input "
                 "except along the differencing dimension; input.size(%d) = %lld, but got "
                 "tensor.size(%d) = %lld", d, (long long)agi_shape_of(x)[d], d,
                 (long long)agi_shape_of(other)[d]);
        return false;
    }
    return true;
}

ag_tensor *ag_diff(ag_tensor *x, int64_t n, int dim, ag_tensor *prepend, ag_tensor *append)
{
    int at;
    if (!agi_has_tensor("diff", x))
        return NULL;
    if (x->ndim == 0)
        return agi_fail_null(AG_ERR_SHAPE, "diff expects input to be at least one-dimensional");
    if (n < 0)
        return agi_fail_null(AG_ERR_SHAPE, "order must be non-negative but got %lld", (long long)n);
    if (n == 0 && prepend == NULL && append == NULL)
        dim = 0;  /* there is nothing to be done along it */
    if (agi_shape_wrap_dim(dim, x->ndim, &at) != AG_OK || !fits_beside(x, prepend, at) ||
        !fits_beside(x, append, at))
        return NULL;
    if (n == 0)
        prepend = append = NULL;  /* no difference is taken of anything */
    const ag_arg args[3] = {agi_arg(prepend), agi_arg(x), agi_arg(append)};
    const ag_attr attr = {.i = {n, at}};
    return agi_scope_add(agi_formula_run(diff_formula, args, &attr));
}

/* ---- trapezoid, cumulative_trapezoid: the areas under straight lines ------------------------- */

static ag_arg all_but_last(ag_arg x, int dim)
{
    return part_along(x, dim, 0, agi_shape_of(x.tensor)[dim] - 1);
}

static ag_arg all_but_first(ag_arg x, int dim)
{
    return part_along(x, dim, 1, agi_shape_of(x.tensor)[dim] - 1);
}

static ag_arg sum_along(ag_arg x, int64_t dim)
{
    const ag_attr attr = {.n_list = 1, .list = &dim};
    return v_reduce(AG_OP_sum, x, &attr, false);
}

static ag_arg at_index(ag_arg x, int dim, int64_t index)
{
    const ag_attr attr = {.i = {dim, index}};
    return agi_value(AG_OP_select, 1, &x, &attr);
}

/* x under the dimensions of y: one that has a single dimension lies along dim. */
static ag_arg beside_samples(ag_arg x, const ag_tensor *y, int dim)
{
    int64_t shape[AGI_MAX_DIMS];
    const int ndim = x.tensor->ndim, missing = y->ndim - ndim;
    if (ndim != 1 && missing <= 0)
        return x;
    for (int d = 0; d < y->ndim; d++)
        shape[d] = ndim == 1 ? (d == dim ? agi_shape_of(x.tensor)[0] : 1)
                             : (d < missing ? 1 : agi_shape_of(x.tensor)[d - missing]);
    return v_view(v_row_major(x), y->ndim, shape);
}

/* The areas of all trapezoids of samples y at places x. args: y, x; i: dim, whether each sum is
 * asked for. */
static ag_arg areas_formula(const ag_arg *args, const ag_attr *attr)
{
    const int dim = (int)attr->i[0];
    const ag_arg y = args[0], x = beside_samples(args[1], y.tensor, dim);
    int at;
    if (agi_value_failed(x) || agi_shape_wrap_dim(dim, x.tensor->ndim, &at) != AG_OK)
        return agi_arg(&agi_failed);
    const ag_arg width = v_sub(all_but_first(x, dim), all_but_last(x, dim));
    const ag_arg ends = v_add(all_but_last(y, dim), all_but_first(y, dim));
    const ag_arg areas = v_mul(ends, width);
    if (attr->i[1] == 0)
        return v_div(sum_along(areas, dim), NUM(2.0));
    const ag_attr along = {.i = {dim}};
    return v_div(agi_value(AG_OP_cumsum, 1, &areas, &along), NUM(2.0));
}

/* The same of places that are f[0] apart. */
static ag_arg even_areas_formula(const ag_arg *args, const ag_attr *attr)
{
    const int dim = (int)attr->i[0];
    const ag_arg y = args[0];
    if (attr->i[1] == 0) {
        const ag_arg ends = v_add(at_index(y, dim, 0), at_index(y, dim, -1));
        return v_mul(v_sub(sum_along(y, dim), v_mul(ends, NUM(0.5))), NUM(attr->f[0]));
    }
    const ag_arg ends = v_add(all_but_last(y, dim), all_but_first(y, dim));
    const ag_attr along = {.i = {dim}};
    const ag_arg areas = v_mul(ends, NUM(attr->f[0] / 2.0));
    return agi_value(AG_OP_cumsum, 1, &areas, &along);
}

static bool check_samples(const char *op, const ag_tensor *y, int dim, int *at)
{
    if (agi_shape_wrap_dim(dim, y->ndim, at) != AG_OK)
        return false;
    if (y->ndim > 0)
        return true;
    agi_fail(AG_ERR_INDEX, "%s: expected samples along a dimension, got a tensor without any", op);
    return false;
}

static bool check_no_masks(const char *op, const ag_tensor *y, const ag_tensor *x)
{
    if (agi_dtype_of(y) != AG_BOOL && (x == NULL || agi_dtype_of(x) != AG_BOOL))
        return true;
    agi_fail(AG_ERR_VALUE, "%s: received a bool input for %s, but bool is not supported", op,
             x != NULL ? "`x` or `y`" : "`y`");
    return false;
}

/* Of no samples. */
static ag_tensor *no_areas(const ag_tensor *y, int dim)
{
    int64_t shape[AGI_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < y->ndim; d++)
        if (d != dim)
            shape[n++] = agi_shape_of(y)[d];
    ag_tensor *z = ag_zeros(n, shape);
    if (z != NULL)
        z->storage->dtype = y->storage->dtype;
    return z;
}

static ag_tensor *areas_of(const char *op, ag_tensor *y, ag_tensor *x, int dim, bool cumulative)
{
    int at;
    if (!agi_has_tensors(op, y, x) || (cumulative && !check_no_masks(op, y, x)) ||
        !check_samples(op, y, dim, &at))
        return NULL;
    if (!cumulative && agi_shape_of(y)[at] == 0)
        return no_areas(y, at);
    if (!check_no_masks(op, y, x))
        return NULL;
    if (x->ndim == 1 && x->numel != agi_shape_of(y)[at])
        return agi_fail_null(AG_ERR_SHAPE, "%s: There must be one `x` value for each sample point",
                             op);
    const ag_arg args[2] = {agi_arg(y), agi_arg(x)};
    const ag_attr attr = {.i = {at, cumulative}};
    return agi_scope_add(agi_formula_run(areas_formula, args, &attr));
}

static ag_tensor *even_areas_of(const char *op, ag_tensor *y, double dx, int dim, bool cumulative)
{
    int at;
    if (!agi_has_tensor(op, y) || (cumulative && !check_no_masks(op, y, NULL)) ||
        !check_samples(op, y, dim, &at))
        return NULL;
    if (!cumulative && agi_shape_of(y)[at] == 0)
        return no_areas(y, at);
    if (!check_no_masks(op, y, NULL))
        return NULL;
    const ag_arg arg = agi_arg(y);
    const ag_attr attr = {.f = {dx}, .i = {at, cumulative}};
    return agi_scope_add(agi_formula_run(even_areas_formula, &arg, &attr));
}

ag_tensor *ag_trapezoid(ag_tensor *y, ag_tensor *x, int dim)
{
    return areas_of("trapezoid", y, x, dim, false);
}

ag_tensor *ag_trapezoid_even(ag_tensor *y, double dx, int dim)
{
    return even_areas_of("trapezoid", y, dx, dim, false);
}

ag_tensor *ag_cumulative_trapezoid(ag_tensor *y, ag_tensor *x, int dim)
{
    return areas_of("cumulative_trapezoid", y, x, dim, true);
}

ag_tensor *ag_cumulative_trapezoid_even(ag_tensor *y, double dx, int dim)
{
    return even_areas_of("cumulative_trapezoid", y, dx, dim, true);
}

/* ---- gradient: the slopes of a sampled function ---------------------------------------------- */

/* Between two samples there is a slope. At a sample it is that of the parabola through it and its
 * neighbours: the mean of both slopes, each weighted by the width of the other; at an end that of
 * the line (edge_order 1) or of the parabola (2) through the last ones. */

static ag_arg mean_slope(ag_arg left, ag_arg right, ag_arg width_left, ag_arg width_right)
{
    const ag_arg sum = v_add(v_mul(left, width_right), v_mul(right, width_left));
    return v_div(sum, v_add(width_left, width_right));
}

/* At the end that is beside `near`. */
static ag_arg end_slope(ag_arg near, ag_arg far, ag_arg width_near, ag_arg width_far)
{
    if (width_near.tensor == NULL)
        return v_add(near, v_mul(v_sub(near, far), NUM(0.5)));
    const ag_arg bend = v_div(v_sub(near, far), v_add(width_near, width_far));
    return v_add(near, v_mul(bend, width_near));
}

/* A part of the widths, which are one number where the samples are evenly apart. */
static ag_arg widths_along(ag_arg widths, int dim, int64_t start, int64_t length)
{
    return widths.tensor == NULL ? widths : part_along(widths, dim, start, length);
}

/* n slopes between samples; i: dim, edge_order. */
static ag_arg slope_at_end(ag_arg slopes, ag_arg widths, int64_t n, const ag_attr *attr, bool last)
{
    const int dim = (int)attr->i[0];
    const int64_t at = last ? n - 1 : 0, next = last ? n - 2 : 1;
    const ag_arg near = part_along(slopes, dim, at, 1);
    if (attr->i[1] == 1)
        return near;
    return end_slope(near, part_along(slopes, dim, next, 1), widths_along(widths, dim, at, 1),
                     widths_along(widths, dim, next, 1));
}

/* args: samples, places or none; f: how far samples are apart without; i: dim, edge_order. */
static ag_arg gradient_formula(const ag_arg *args, const ag_attr *attr)
{
    const int dim = (int)attr->i[0];
    const ag_arg y = args[0];
    const int64_t n = agi_shape_of(y.tensor)[dim] - 1;
    ag_arg widths = NUM(attr->f[0]);
    if (args[1].tensor != NULL) {
        const ag_arg x = beside_samples(args[1], y.tensor, dim);
        if (agi_value_failed(x))
            return x;
        widths = v_sub(all_but_first(x, dim), all_but_last(x, dim));
    }
    const ag_arg slopes = v_div(v_sub(all_but_first(y, dim), all_but_last(y, dim)), widths);
    if (agi_value_failed(slopes))
        return slopes;
    ag_arg parts[3] = {slope_at_end(slopes, widths, n, attr, false), NUM(0.0),
                       slope_at_end(slopes, widths, n, attr, true)};
    parts[1] = widths.tensor == NULL
                   ? v_div(v_sub(part_along(y, dim, 2, n - 1), part_along(y, dim, 0, n - 1)),
                           NUM(2.0 * widths.value))
                   : mean_slope(part_along(slopes, dim, 0, n - 1),
                                part_along(slopes, dim, 1, n - 1),
                                part_along(widths, dim, 0, n - 1),
                                part_along(widths, dim, 1, n - 1));
    const int64_t sizes[3] = {1, n - 1, 1};
    const ag_attr joined = {.i = {dim}, .n_list = 3, .list = sizes};
    return agi_value(AG_OP_cat, 3, parts, &joined);
}

ag_tensor *ag_gradient_along(ag_tensor *y, ag_tensor *places, double spacing, int dim,
                             int edge_order)
{
    int at;
    if (!agi_has_tensor("gradient", y) || agi_shape_wrap_dim(dim, y->ndim, &at) != AG_OK)
        return NULL;
    if (edge_order != 1 && edge_order != 2)
        return agi_fail_null(AG_ERR_VALUE, "gradient only supports edge_order=1 and edge_order=2.");
    if (y->ndim == 0 || agi_shape_of(y)[at] <= edge_order)
        return agi_fail_null(y->ndim == 0 ? AG_ERR_INDEX : AG_ERR_SHAPE,
                             "gradient expected each dimension size to be at least edge_order+1");
    if (places != NULL && (places->ndim != 1 || places->numel != agi_shape_of(y)[at]))
        return agi_fail_null(AG_ERR_SHAPE, "gradient expected each element of 'spacing' to have "
                                           "one dimension, of the size of the samples'");
    const ag_arg args[2] = {agi_arg(y), agi_arg(places)};
    const ag_attr attr = {.f = {spacing}, .i = {at, edge_order}};
    return agi_scope_add(agi_formula_run(gradient_formula, args, &attr));
}
