/* SPDX-License-Identifier: MIT
 *
 * x[...] with index tensors: several of them, masks among them, become one tensor of numbers that
 * counts places in all indexed dimensions together, row by row. The ops index (gather.c) and
 * index_put (scatter.c) take that.
 */
#include <stdio.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../compute/indexed.h"
#include "../fuse/pending.h"
#include "../tape/apply.h"
#include "../tape/cast.h"
#include "../tape/dtypes.h"
#include "../tensor/copy.h"
#include "table.h"

/* One index tensor, and what it indexes. A mask has become numbers: the places where it is true. */
typedef struct component {
    ag_tensor *index;   /* owned; its numbers are there */
    int dim, n_dims;    /* of x, from dim on */
    int64_t size;       /* the places of these dimensions */
    bool is_mask;
} component;

typedef struct places {
    int n;
    component components[AGI_MAX_DIMS];
    int ndim;                       /* of the index tensors, broadcast */
    int64_t shape[AGI_MAX_DIMS];
    uint32_t mask;                  /* of the indexed dimensions */
    int at;                         /* how many others come before those of the index */
} places;

static void release_components(places *p)
{
    for (int k = 0; k < p->n; k++)
        agi_release(p->components[k].index);
    p->n = 0;
}

/* ---- index tensors -------------------------------------------------------------------------- */

static bool check_mask(const ag_tensor *x, int dim, const ag_tensor *mask)
{
    for (int d = 0; d < mask->ndim; d++) {
        if (agi_shape_of(mask)[d] == agi_shape_of(x)[dim + d])
            continue;
        char a[AGI_SHAPE_TEXT], b[AGI_SHAPE_TEXT];
        agi_fail(AG_ERR_INDEX, "The shape of the mask %s at index %d does not match the shape of "
                               "the indexed tensor %s at index %d",
                 agi_format_shape_list(a, mask->ndim, agi_shape_of(mask)), d,
                 agi_format_shape_list(b, x->ndim, agi_shape_of(x)), dim + d);
        return false;
    }
    return true;
}

/* The index as numbers that are there. */
static bool read_index(const ag_tensor *x, ag_tensor *given, component *c)
{
    ag_tensor *own = agi_tensor_to_read(given);
    if (own == NULL)
        return false;
    c->index = NULL;
    if (agi_storage_ready(own->storage) == AG_OK && (!c->is_mask || check_mask(x, c->dim, own)))
        c->index = c->is_mask ? agi_indexed_of_mask(own) : agi_retain(own);
    agi_release(own);
    return c->index != NULL;
}

static bool add_component(places *p, const ag_tensor *x, ag_tensor *index, int dim)
{
    component *c = &p->components[p->n];
    *c = (component){.dim = dim, .n_dims = 1, .size = 1, .is_mask = agi_dtype_of(index) == AG_BOOL};
    if (c->is_mask)
        c->n_dims = index->ndim;
    for (int d = dim; d < dim + c->n_dims; d++) {
        c->size *= agi_shape_of(x)[d];
        p->mask |= UINT32_C(1) << d;
    }
    if (!read_index(x, index, c))
        return false;
    p->n++;
    return true;
}

/* How many dimensions a list of indices names; -1 with an error. */
static int count_dims(const ag_tensor *x, int n, ag_tensor *const *indices)
{
    int64_t named = 0;
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = indices[k];
        if (t != NULL && agi_dtype_of(t) == AG_FLOAT64) {
            agi_fail(AG_ERR_INDEX,
                     "tensors used as indices must be long, int, byte or bool tensors");
            return -1;
        }
        named += t != NULL && agi_dtype_of(t) == AG_BOOL ? t->ndim : 1;
    }
    if (named <= x->ndim)
        return (int)named;
    agi_fail(AG_ERR_INDEX, "too many indices for tensor of dimension %d (got %lld)", x->ndim,
             (long long)named);
    return -1;
}

static bool add_components(places *p, const ag_tensor *x, int n, ag_tensor *const *indices)
{
    int dim = 0;
    for (int k = 0; k < n; k++) {
        ag_tensor *t = indices[k];
        if (t != NULL && !add_component(p, x, t, dim))
            return false;
        dim += t != NULL && agi_dtype_of(t) == AG_BOOL ? t->ndim : 1;
    }
    return true;
}

/* ---- together ------------------------------------------------------------------------------- */

static bool fail_mismatch(const places *p)
{
    char text[512];
    size_t used = 0;
    text[0] = '\0';
    for (int k = 0; k < p->n && used < sizeof text; k++) {
        char shape[AGI_SHAPE_TEXT];
        const ag_tensor *t = p->components[k].index;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", k > 0 ? ", " : "",
                                 agi_format_shape_list(shape, t->ndim, agi_shape_of(t)));
    }
    agi_fail(AG_ERR_INDEX, "shape mismatch: indexing tensors could not be broadcast together with "
                           "shapes %s", text);
    return false;
}

static bool broadcast_components(places *p)
{
    p->ndim = 0;
    for (int k = 0; k < p->n; k++) {
        const ag_tensor *t = p->components[k].index;
        if (agi_shape_broadcast(&p->ndim, p->shape, t->ndim, agi_shape_of(t)) != AG_OK)
            return fail_mismatch(p);
    }
    return true;
}

static bool check_range(const component *c)
{
    int64_t wrong;
    if (c->is_mask || agi_indexed_fits(c->index, -c->size, c->size, &wrong))
        return true;
    agi_fail(AG_ERR_INDEX, "index %lld is out of bounds for dimension %d with size %lld",
             (long long)wrong, c->dim, (long long)c->size);
    return false;
}

/* z = z * size + number, of numbers that count from the end where they are negative. */
static void count_on(double *z, const double *numbers, int64_t n, double size)
{
    for (int64_t i = 0; i < n; i++)
        z[i] = z[i] * size + (numbers[i] + (numbers[i] < 0.0 ? size : 0.0));
}

/* The numbers of several index tensors as one. Owned. */
static ag_tensor *combined(const places *p)
{
    const int64_t numel = agi_shape_numel("index", p->ndim, p->shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(p->ndim, p->shape, numel);
    ag_tensor *wide = z != NULL ? agi_tensor_new(p->ndim, p->shape, numel) : NULL;
    bool ok = wide != NULL;
    if (ok)
        memset(agi_tensor_data(z), 0, (size_t)numel * sizeof(double));
    for (int k = 0; k < p->n && ok; k++) {
        const component *c = &p->components[k];
        int64_t strides[AGI_MAX_DIMS];
        ok = check_range(c);
        if (!ok || numel == 0)
            continue;
        agi_shape_broadcast_strides(p->ndim, p->shape, c->index->ndim, agi_shape_of(c->index),
                                    agi_strides_of(c->index), strides);
        agi_run_gather(agi_tensor_data(wide), p->ndim, p->shape, agi_tensor_data(c->index),
                       strides);
        count_on(agi_tensor_data(z), agi_tensor_data(wide), numel, (double)c->size);
    }
    agi_release(wide);
    if (ok) {
        z->storage->dtype = AG_INT64;
        return z;
    }
    agi_release(z);
    return NULL;
}

/* The dimensions of the index stand where the indexed ones were, or, where others come between
 * these or no dimension is indexed, first. */
static int place_of_index(const places *p)
{
    if (p->mask == 0)
        return 0;
    const uint32_t run = p->mask >> __builtin_ctz(p->mask);
    return (run & (run + 1)) == 0 ? __builtin_ctz(p->mask) : 0;
}

/* What the op is to be given: one tensor of numbers, owned, and i[0], i[1]. NULL with an error. */
static ag_tensor *one_index(const ag_tensor *x, int n, ag_tensor *const *indices, int64_t *i)
{
    places p = {.n = 0};
    ag_tensor *index = NULL;
    if (count_dims(x, n, indices) < 0 || !add_components(&p, x, n, indices)) {
        release_components(&p);
        return NULL;
    }
    if (p.n == 0)
        agi_fail(AG_ERR_INDEX, "index: expected at least one index tensor");
    else if (broadcast_components(&p))
        index = p.n == 1 && check_range(&p.components[0]) ? agi_retain(p.components[0].index)
                : p.n > 1                                 ? combined(&p) : NULL;
    if (index != NULL) {
        i[0] = p.mask;
        i[1] = place_of_index(&p);
    }
    release_components(&p);
    return index;
}

/* ---- calls ---------------------------------------------------------------------------------- */

static bool check_indices(const char *op, const ag_tensor *x, int n, ag_tensor *const *indices)
{
    if (!agi_has_tensor(op, x) || !agi_has(op, indices, "index tensors"))
        return false;
    if (n >= 1 && n <= AGI_MAX_DIMS)
        return true;
    agi_fail(AG_ERR_INDEX, "%s: expected 1 to %d indices, got %d", op, AGI_MAX_DIMS, n);
    return false;
}

ag_tensor *ag_index(ag_tensor *x, int n, ag_tensor *const *indices)
{
    ag_attr attr = {.n_list = 0};
    if (!check_indices("index", x, n, indices))
        return NULL;
    ag_tensor *index = one_index(x, n, indices, attr.i);
    if (index == NULL)
        return NULL;
    const ag_arg args[2] = {agi_arg(x), agi_arg(index)};
    ag_tensor *z = agi_call(AG_OP_index, 2, args, &attr);
    agi_release(index);
    return z;
}

ag_tensor *ag_index_put(ag_tensor *x, int n, ag_tensor *const *indices, ag_arg value,
                        bool accumulate)
{
    ag_attr attr = {.i = {0, 0, accumulate}};
    if (!check_indices("index_put", x, n, indices))
        return NULL;
    ag_tensor *index = one_index(x, n, indices, attr.i);
    if (index == NULL)
        return NULL;
    const ag_arg args[3] = {agi_arg(x), agi_arg(index), value};
    ag_tensor *z = agi_call(AG_OP_index_put, 3, args, &attr);
    agi_release(index);
    return z;
}

/* One number of another dtype, written where masks say, is converted, as in PyTorch. Owned. */
static ag_tensor *converted(const ag_tensor *x, int n, ag_tensor *const *indices, ag_arg value,
                            bool accumulate)
{
    bool are_masks = true;
    for (int k = 0; k < n; k++)
        are_masks &= indices[k] == NULL || agi_dtype_of(indices[k]) == AG_BOOL;
    if (value.tensor->numel != 1 || !are_masks || accumulate)
        return agi_retain(value.tensor);
    return agi_cast(value.tensor, agi_dtype_of(x));
}

ag_status ag_index_put_(ag_tensor *x, int n, ag_tensor *const *indices, ag_arg value,
                        bool accumulate)
{
    ag_attr attr = {.i = {0, 0, accumulate}};
    if (!check_indices("index_put_", x, n, indices))
        return ag_last_status();
    ag_tensor *index = one_index(x, n, indices, attr.i);
    if (index == NULL)
        return ag_last_status();
    ag_tensor *own = value.tensor != NULL ? converted(x, n, indices, value, accumulate) : NULL;
    const bool ok = value.tensor == NULL || own != NULL;
    value.tensor = own;
    const ag_arg args[3] = {agi_arg(x), agi_arg(index), value};
    const ag_status status = ok ? ag_apply_(AG_OP_index_put, 3, args, &attr) : ag_last_status();
    agi_release(own);
    agi_release(index);
    return status;
}
