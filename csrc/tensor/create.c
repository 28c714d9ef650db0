/* SPDX-License-Identifier: MIT
 *
 * Tensors from values, memory and rules of their own.
 */
#include <math.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../base/status.h"
#include "../base/thread.h"
#include "copy.h"
#include "layout.h"
#include "scope.h"
#include "tensor.h"

static ag_tensor *fresh(const char *op, int ndim, const int64_t *shape)
{
    int64_t numel = agi_shape_numel(op, ndim, shape);
    return numel < 0 ? NULL : agi_tensor_new(ndim, shape, numel);
}

ag_tensor *ag_empty(int ndim, const int64_t *shape)
{
    return agi_scope_add(fresh("empty", ndim, shape));
}

static ag_tensor *filled(const char *op, int ndim, const int64_t *shape, double value)
{
    ag_tensor *t = fresh(op, ndim, shape);
    if (t != NULL)
        agi_run_fill(agi_tensor_data(t), agi_strides_of(t), ndim, agi_shape_of(t), value);
    return agi_scope_add(t);
}

ag_tensor *ag_full(int ndim, const int64_t *shape, double value)
{
    return filled("full", ndim, shape, value);
}

ag_tensor *ag_zeros(int ndim, const int64_t *shape) { return filled("zeros", ndim, shape, 0.0); }
ag_tensor *ag_ones(int ndim, const int64_t *shape) { return filled("ones", ndim, shape, 1.0); }

/* ---- in an order of memory ------------------------------------------------------------------ */

typedef ag_tensor *(*maker)(int ndim, const int64_t *shape);

/* What make makes, in the order of these strides. */
static ag_tensor *make_in_order(maker make, int ndim, const int64_t *shape, const int64_t *strides)
{
    agi_layout layout;
    int64_t arranged[AGI_MAX_DIMS];
    if (!agi_layout_of_strides(&layout, ndim, shape, strides))
        return make(ndim, shape);
    for (int k = 0; k < ndim; k++)
        arranged[k] = shape[layout.dims[k]];
    ag_tensor *t = make(ndim, arranged);
    if (t != NULL)
        agi_layout_give(t, &layout);
    return t;
}

ag_tensor *ag_empty_in_order(int ndim, const int64_t *shape, const int64_t *strides)
{
    if (agi_shape_numel("empty_in_order", ndim, shape) < 0 ||
        (strides != NULL && !agi_check_order("empty_in_order", ndim, strides)))
        return NULL;
    return strides != NULL ? make_in_order(ag_empty, ndim, shape, strides) : ag_empty(ndim, shape);
}

/* Of the dtype of x, for which the numbers that make makes are right. */
static ag_tensor *make_like(const char *op, maker make, const ag_tensor *x)
{
    if (!agi_has_tensor(op, x))
        return NULL;
    ag_tensor *t = make_in_order(make, x->ndim, agi_shape_of(x), agi_strides_of(x));
    if (t != NULL)
        t->storage->dtype = x->storage->dtype;
    return t;
}

/* Undefined numbers may be no whole ones. */
ag_tensor *ag_empty_like(ag_tensor *x)
{
    const bool any = x == NULL || x->storage->dtype == AG_FLOAT64;
    return make_like("empty_like", any ? ag_empty : ag_zeros, x);
}
ag_tensor *ag_zeros_like(ag_tensor *x) { return make_like("zeros_like", ag_zeros, x); }
ag_tensor *ag_ones_like(ag_tensor *x) { return make_like("ones_like", ag_ones, x); }

/* What make makes of numbers of the generator, in the order of x. */
static ag_tensor *make_random_like(const char *op, ag_tensor *x, ag_generator *g,
                                   ag_tensor *(*make)(int, const int64_t *, ag_generator *))
{
    agi_layout layout;
    int64_t arranged[AGI_MAX_DIMS];
    if (!agi_has_tensor(op, x))
        return NULL;
    if (x->storage->dtype != AG_FLOAT64)
        return agi_fail_null(AG_ERR_DTYPE, "\"%s\" not implemented for '%s'", op,
                             x->storage->dtype == AG_INT64 ? "Long" : "Bool");
    if (!agi_layout_of(&layout, x))
        return make(x->ndim, agi_shape_of(x), g);
    for (int k = 0; k < x->ndim; k++)
        arranged[k] = agi_shape_of(x)[layout.dims[k]];
    ag_tensor *t = make(x->ndim, arranged, g);
    if (t != NULL)
        agi_layout_give(t, &layout);
    return t;
}

ag_tensor *ag_rand_like(ag_tensor *x, ag_generator *g)
{
    return make_random_like("rand_like", x, g, ag_rand);
}

ag_tensor *ag_randn_like(ag_tensor *x, ag_generator *g)
{
    return make_random_like("randn_like", x, g, ag_randn);
}

/* ---- from values and memory ----------------------------------------------------------------- */

ag_tensor *ag_scalar(double value)
{
    ag_tensor *t = agi_tensor_new(0, NULL, 1);
    if (t != NULL)
        *agi_tensor_data(t) = value;
    return agi_scope_add(t);
}

ag_tensor *ag_from_data(const double *values, int ndim, const int64_t *shape)
{
    ag_tensor *t = fresh("from_data", ndim, shape);
    if (t != NULL && t->numel > 0 && !agi_has("from_data", values, "values")) {
        agi_release(t);
        return NULL;
    }
    if (t != NULL && t->numel > 0)
        memcpy(agi_tensor_data(t), values, (size_t)t->numel * sizeof(double));
    return agi_scope_add(t);
}

ag_tensor *ag_from_int64(const int64_t *values, int ndim, const int64_t *shape)
{
    ag_tensor *t = fresh("from_int64", ndim, shape);
    bool ok = t != NULL && (t->numel == 0 || agi_has("from_int64", values, "values"));
    for (int64_t i = 0; ok && i < t->numel; i++) {
        ok = values[i] <= AGI_INTEGER_MAX && values[i] >= -AGI_INTEGER_MAX;
        if (!ok)
            agi_fail(AG_ERR_INTEGER, "from_int64: expected integers up to 2 ** 53 in size, got "
                                     "%lld", (long long)values[i]);
        agi_tensor_data(t)[i] = (double)values[i];
    }
    if (!ok) {
        agi_release(t);
        return NULL;
    }
    t->storage->dtype = AG_INT64;
    return agi_scope_add(t);
}

ag_tensor *ag_from_bool(const bool *values, int ndim, const int64_t *shape)
{
    ag_tensor *t = fresh("from_bool", ndim, shape);
    if (t != NULL && t->numel > 0 && !agi_has("from_bool", values, "values")) {
        agi_release(t);
        return NULL;
    }
    for (int64_t i = 0; t != NULL && i < t->numel; i++)
        agi_tensor_data(t)[i] = values[i];
    if (t != NULL)
        t->storage->dtype = AG_BOOL;
    return agi_scope_add(t);
}

ag_tensor *ag_from_memory(double *data, int ndim, const int64_t *shape, const int64_t *strides,
                          bool read_only, void (*release)(void *context), void *context)
{
    int64_t row_major[AGI_MAX_DIMS], extent;
    if (agi_shape_numel("from_memory", ndim, shape) < 0)
        return NULL;
    if (strides == NULL) {
        agi_shape_strides(ndim, shape, row_major);
        strides = row_major;
    }
    if (!agi_shape_reach("from_memory", ndim, shape, strides, &extent) ||
        (extent > 0 && !agi_has("from_memory", data, "memory")))
        return NULL;
    agi_storage *storage = agi_small_new(sizeof *storage);
    if (storage == NULL)
        return NULL;
    memset(storage, 0, sizeof *storage);
    atomic_init(&storage->refs, 1);
    storage->data = data;
    storage->bytes = extent * (int64_t)sizeof(double);
    storage->numel = extent;
    storage->memory = read_only ? AGI_MEMORY_READ_ONLY : AGI_MEMORY_FOREIGN;
    const bool can_be_asked = release != NULL && release == agi_sharing.release;
    atomic_init(&storage->exported, can_be_asked ? 1 : AGI_EXPORTED_FOR_GOOD);
    ag_tensor *t = agi_scope_add(agi_tensor_over(storage, ndim, shape, strides, 0));
    if (t != NULL) {
        storage->tail.foreign.release = release;
        storage->tail.foreign.context = context;
    }
    agi_storage_release(storage);
    return t;
}

/* ---- by a rule ------------------------------------------------------------------------------ */

/* 1, or 1/2 where end - start is beyond the range of numbers: with both halved the arithmetic is
 * the same, digit for digit, and the result is doubled again. */
static double span_scale(double start, double end)
{
    return isinf(end - start) ? 0.5 : 1.0;
}

ag_tensor *ag_arange(double start, double end, double step)
{
    if (!(step > 0.0 || step < 0.0))
        return agi_fail_null(AG_ERR_GRAD, "step must be nonzero");
    if (!isfinite(start) || !isfinite(end))
        return agi_fail_null(AG_ERR_GRAD, "unsupported range: %g -> %g", start, end);
    if (step > 0.0 ? end < start : end > start)
        return agi_fail_null(AG_ERR_GRAD,
                             "upper bound and lower bound inconsistent with step sign");
    const double scale = span_scale(start, end), unscale = 1.0 / scale;
    const double first = start * scale, stride = step * scale;
    const double count = ceil((end * scale - first) / stride);
    if (count > 9e15)
        return agi_fail_null(AG_ERR_OVERFLOW, "arange: %g elements do not fit", count);
    int64_t n = (int64_t)count;
    ag_tensor *t = fresh("arange", 1, &n);
    for (int64_t i = 0; t != NULL && i < n; i++)
        agi_tensor_data(t)[i] = (first + (double)i * stride) * unscale;
    return agi_scope_add(t);
}

/* Counted from the nearer end, so that both ends are exact and the values symmetric. */
ag_tensor *ag_linspace(double start, double end, int64_t steps)
{
    if (steps < 0)
        return agi_fail_null(AG_ERR_GRAD, "number of steps must be non-negative");
    ag_tensor *t = fresh("linspace", 1, &steps);
    if (t == NULL)
        return NULL;
    const double scale = isfinite(start) && isfinite(end) ? span_scale(start, end) : 1.0;
    const double unscale = 1.0 / scale, first = start * scale, last = end * scale;
    double *z = agi_tensor_data(t), step = steps > 1 ? (last - first) / (double)(steps - 1) : 0.0;
    for (int64_t i = 0; i < steps; i++) {
        const bool lower = i < steps / 2 || steps == 1;
        z[i] = (lower ? first + step * (double)i : last - step * (double)(steps - 1 - i)) * unscale;
    }
    return agi_scope_add(t);
}

ag_tensor *ag_eye(int64_t n, int64_t m)
{
    int64_t shape[2] = {n, m};
    if (n < 0 || m < 0)
        return agi_fail_null(AG_ERR_GRAD, "%c must be greater or equal to 0, got %lld",
                             n < 0 ? 'n' : 'm', (long long)(n < 0 ? n : m));
    ag_tensor *t = filled("eye", 2, shape, 0.0);
    for (int64_t i = 0; t != NULL && i < n && i < m; i++)
        agi_tensor_data(t)[i * m + i] = 1.0;
    return t;
}

/* Powers of base: see ag_linspace for the exponents. */
ag_tensor *ag_logspace(double start, double end, int64_t steps, double base)
{
    ag_tensor *t = ag_linspace(start, end, steps);
    double *z = t != NULL ? agi_tensor_data(t) : NULL;
    for (int64_t i = 0; i < steps && t != NULL; i++)
        z[i] = pow(base, z[i]);
    return t;
}

/* ---- triangles ------------------------------------------------------------------------------ */

/* The columns of a row that belong to the triangle: [*first, *behind). */
static void triangle_of_row(int64_t row, int64_t cols, int64_t offset, bool is_upper,
                            int64_t *first, int64_t *behind)
{
    int64_t at = row + offset + !is_upper;
    at = at < 0 ? 0 : at > cols ? cols : at;
    *first = is_upper ? at : 0;
    *behind = is_upper ? cols : at;
}

static ag_tensor *triangle_indices(int64_t rows, int64_t cols, int64_t offset, bool is_upper)
{
    int64_t shape[2] = {2, 0}, first, behind, at = 0;
    if (rows < 0 || cols < 0)
        return agi_fail_null(AG_ERR_GRAD, "%s must be non-negative, got%lld",
                             rows < 0 ? "row" : "col", (long long)(rows < 0 ? rows : cols));
    const int64_t size[2] = {rows, cols};
    if (agi_shape_numel("indices", 2, size) < 0)
        return NULL;
    offset = offset < -rows - 1 ? -rows - 1 : offset > cols ? cols : offset;
    for (int64_t row = 0; row < rows; row++) {
        triangle_of_row(row, cols, offset, is_upper, &first, &behind);
        shape[1] += behind - first;
    }
    ag_tensor *t = fresh("indices", 2, shape);
    if (t == NULL)
        return NULL;
    double *of_rows = agi_tensor_data(t), *of_cols = of_rows + shape[1];
    for (int64_t row = 0; row < rows; row++) {
        triangle_of_row(row, cols, offset, is_upper, &first, &behind);
        for (int64_t col = first; col < behind; col++, at++) {
            of_rows[at] = (double)row;
            of_cols[at] = (double)col;
        }
    }
    t->storage->dtype = AG_INT64;
    return agi_scope_add(t);
}

ag_tensor *ag_tril_indices(int64_t rows, int64_t cols, int64_t offset)
{
    return triangle_indices(rows, cols, offset, false);
}

ag_tensor *ag_triu_indices(int64_t rows, int64_t cols, int64_t offset)
{
    return triangle_indices(rows, cols, offset, true);
}

/* ---- of the dtype of another ---------------------------------------------------------------- */

static ag_tensor *new_of(const char *op, const ag_tensor *x, int ndim, const int64_t *shape,
                         double value)
{
    ag_tensor *t = agi_has_tensor(op, x) ? filled(op, ndim, shape, value) : NULL;
    if (t != NULL)
        t->storage->dtype = x->storage->dtype;
    return t;
}

ag_tensor *ag_new_zeros(ag_tensor *x, int ndim, const int64_t *shape)
{
    return new_of("new_zeros", x, ndim, shape, 0.0);
}

ag_tensor *ag_new_ones(ag_tensor *x, int ndim, const int64_t *shape)
{
    return new_of("new_ones", x, ndim, shape, 1.0);
}
