/* SPDX-License-Identifier: MIT
 *
 * Parts of a tensor (select, slice, as_strided) and the ops that are their transposes: writing a
 * part into a whole. The two kinds are each other's rules, so every order of derivative exists.
 */
#include <string.h>

#include "../base/shape.h"
#include "../compute/patch.h"
#include "../compute/run.h"
#include "../fuse/pending.h"
#include "../tape/rule.h"
#include "../tensor/copy.h"
#include "../tensor/layout.h"
#include "table.h"

/* ---- select: one index of one dimension ----------------------------------------------------- */

AG_FORWARD(select)
{
    const ag_tensor *x = args[0].tensor;
    int dim;
    if (x->ndim == 0)
        return agi_fail_null(AG_ERR_INDEX, "select() cannot be applied to a 0-dim tensor.");
    if (agi_shape_wrap_dim(attr->i[0], x->ndim, &dim) != AG_OK)
        return NULL;
    int64_t size = agi_shape_of(x)[dim], index = attr->i[1];
    char text[AGI_SHAPE_TEXT];
    if (index < -size || index >= size)
        return agi_fail_null(AG_ERR_INDEX,
                             "select(): index %lld out of range for tensor of size %s at dimension "
                             "%d", (long long)index,
                             agi_format_shape_list(text, x->ndim, agi_shape_of(x)), dim);
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    for (int d = 0, to = 0; d < x->ndim; d++) {
        if (d == dim)
            continue;
        shape[to] = agi_shape_of(x)[d];
        strides[to++] = agi_strides_of(x)[d];
    }
    int64_t at = index < 0 ? index + size : index;
    int64_t offset = x->offset + (x->numel > 0 ? at * agi_strides_of(x)[dim] : 0);
    return agi_tensor_over(x->storage, x->ndim - 1, shape, strides, offset);
}

/* src written into zeros of `shape` at a slice: the transpose of slice. */
static ag_arg embed(ag_arg src, int ndim, const int64_t *shape, const int64_t *i)
{
    ag_attr attr = {.i = {i[0], i[1], i[2], i[3]}, .n_list = ndim, .list = shape};
    ag_arg args[2] = {NUM(0.0), src};
    return agi_value(AG_OP_slice_scatter, 2, args, &attr);
}

static void set_patch_shape(agi_patch *p, int ndim, const int64_t *shape)
{
    p->ndim = ndim;
    for (int d = 0; d < ndim; d++)
        p->shape[d] = shape[d];
}

/* A patch of one index of dimension dim becomes one of the whole. */
static bool patch_of_select(agi_patch *p, int ndim, const int64_t *shape, int64_t dim,
                            int64_t index)
{
    if (p->is_hole || ndim > AGI_PATCH_DIMS)
        return false;
    for (int d = ndim - 1; d > dim; d--) {
        p->start[d] = p->start[d - 1];
        p->step[d] = p->step[d - 1];
        p->size[d] = p->size[d - 1];
        p->strides[d] = p->strides[d - 1];
    }
    p->start[dim] = index;
    p->step[dim] = p->size[dim] = 1;
    p->strides[dim] = 0;
    set_patch_shape(p, ndim, shape);
    return true;
}

AG_RULE(select)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    int64_t dim = i[0] < 0 ? i[0] + ndim : i[0];
    int64_t index = i[1] < 0 ? i[1] + shape[dim] : i[1];
    if (v->patch != NULL) {
        v->is_patched = patch_of_select(v->patch, ndim, shape, dim, index);
        return;
    }
    ag_attr insert = {.i = {dim}};
    GX(0) = embed(agi_value(AG_OP_unsqueeze, 1, &G, &insert), ndim, shape,
                  (int64_t[]){dim, index, index + 1, 1});
}

/* ---- slice: every step-th index of [start, end) --------------------------------------------- */

/* start and end as Python clips them, and how many indices that makes. */
static int64_t clip_slice(int64_t size, int64_t *start, int64_t *end, int64_t step)
{
    if (*start < 0) *start += size;
    if (*end < 0) *end += size;
    *start = *start < 0 ? 0 : *start > size ? size : *start;
    *end = *end < *start ? *start : *end > size ? size : *end;
    return (*end - *start + step - 1) / step;
}

/* The geometry of a slice of x, written over dims (shape and strides as x has them). Where x is
 * `empty` or the slice is, offset stays: strides need not lead to memory then. */
static ag_status slice_geometry(const char *op, int ndim, const int64_t *i, bool empty,
                                int64_t *shape, int64_t *strides, int64_t *offset)
{
    int dim;
    int64_t start = i[1], end = i[2];
    if (ndim == 0)
        return agi_fail(AG_ERR_INDEX, "%s() cannot be applied to a 0-dim tensor.", op);
    if (i[3] <= 0)
        return agi_fail(AG_ERR_VALUE, "%s step must be positive, got %lld", op, (long long)i[3]);
    ag_status status = agi_shape_wrap_dim(i[0], ndim, &dim);
    if (status != AG_OK)
        return status;
    int64_t step = i[3] > shape[dim] && shape[dim] > 0 ? shape[dim] : i[3], stride;
    shape[dim] = clip_slice(shape[dim], &start, &end, step);
    if (!empty && shape[dim] > 0)
        *offset += start * strides[dim];
    if (!__builtin_mul_overflow(strides[dim], step, &stride))
        strides[dim] = stride;
    return AG_OK;
}

AG_FORWARD(slice)
{
    const ag_tensor *x = args[0].tensor;
    int64_t dims[2 * AGI_MAX_DIMS], offset = x->offset;
    memcpy(dims, x->dims, 2 * (size_t)x->ndim * sizeof(int64_t));
    if (slice_geometry("slice", x->ndim, attr->i, x->numel == 0, dims, dims + x->ndim, &offset) !=
        AG_OK)
        return NULL;
    return agi_tensor_over(x->storage, x->ndim, dims, dims + x->ndim, offset);
}

/* A patch of a slice becomes one of the whole. */
static bool patch_of_slice(agi_patch *p, int ndim, const int64_t *shape, const int64_t *i)
{
    const int64_t dim = i[0] < 0 ? i[0] + ndim : i[0], size = shape[dim];
    int64_t start = i[1], end = i[2], step = i[3] > size && size > 0 ? size : i[3];
    if (p->is_hole || ndim > AGI_PATCH_DIMS)
        return false;
    clip_slice(size, &start, &end, step);
    p->start[dim] = start + step * p->start[dim];
    p->step[dim] *= p->size[dim] > 1 ? step : 1;
    set_patch_shape(p, ndim, shape);
    return true;
}

AG_RULE(slice)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    if (v->patch != NULL) {
        v->is_patched = patch_of_slice(v->patch, ndim, shape, agi_node_attr_of(v->node)->i);
        return;
    }
    GX(0) = embed(G, ndim, shape, agi_node_attr_of(v->node)->i);
}

/* A contiguous copy of arg, or `shape` filled with it if it is a number. */
static ag_tensor *copy_or_fill(ag_arg arg, int ndim, const int64_t *shape)
{
    int64_t numel = agi_shape_numel("fill", ndim, shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(ndim, shape, numel);
    if (z == NULL)
        return NULL;
    const ag_tensor *x = arg.tensor;
    if (x == NULL)
        agi_run_fill(agi_tensor_data(z), agi_strides_of(z), ndim, shape, arg.value);
    else
        agi_run_gather(agi_tensor_data(z), ndim, shape, agi_tensor_data(x), agi_strides_of(x));
    return z;
}

/* Writes arg (a tensor of this shape, or a number) into a region of z. */
static void write_region(ag_tensor *z, int ndim, const int64_t *shape, const int64_t *strides,
                         int64_t offset, ag_arg arg)
{
    double *to = z->storage->data + offset;
    if (arg.tensor == NULL)
        agi_run_fill(to, strides, ndim, shape, arg.value);
    else
        agi_run_scatter(to, strides, ndim, shape, agi_tensor_data(arg.tensor),
                        agi_strides_of(arg.tensor));
}

static ag_status check_source(const char *op, int ndim, const int64_t *shape, ag_arg src)
{
    const ag_tensor *t = src.tensor;
    if (t == NULL || agi_shape_equal(ndim, shape, t->ndim, agi_shape_of(t)))
        return AG_OK;
    char want[AGI_SHAPE_TEXT], got[AGI_SHAPE_TEXT];
    return agi_fail(AG_ERR_SHAPE, "%s: expected src of shape %s, got %s", op,
                    agi_format_shape(want, ndim, shape),
                    agi_format_shape(got, t->ndim, agi_shape_of(t)));
}

/* A copy of x in x's memory order, which is not row-major. */
static ag_tensor *copy_in_order(ag_arg x)
{
    ag_tensor *z = agi_compute(AG_OP_clone, 1, &x, NULL);
    if (z == NULL || agi_storage_ready(z->storage) == AG_OK)
        return z;
    agi_release(z);
    return NULL;
}

/* x (or a number in every place of a given shape) with a slice replaced by src. */
AG_FORWARD(slice_scatter)
{
    const ag_tensor *x = args[0].tensor;
    int ndim = x != NULL ? x->ndim : attr->n_list;
    const int64_t *shape = x != NULL ? agi_shape_of(x) : attr->list;
    int64_t part[AGI_MAX_DIMS], strides[AGI_MAX_DIMS], offset = 0;
    agi_layout layout;
    const bool ordered = x != NULL && agi_layout_of(&layout, x);
    for (int d = 0; d < ndim; d++)
        part[d] = shape[d];
    if (ordered)
        memcpy(strides, layout.strides, sizeof strides);
    else
        agi_shape_strides(ndim, shape, strides);
    if (slice_geometry("slice_scatter", ndim, attr->i, false, part, strides, &offset) != AG_OK ||
        check_source("slice_scatter", ndim, part, args[1]) != AG_OK)
        return NULL;
    ag_tensor *z = ordered ? copy_in_order(args[0]) : copy_or_fill(args[0], ndim, shape);
    if (z != NULL)
        write_region(z, ndim, part, strides, offset, args[1]);
    return z;
}

AG_RULE(slice_scatter)
{
    ag_attr attr = {.n_list = 0};
    memcpy(attr.i, agi_node_attr_of(v->node)->i, sizeof attr.i);
    if (NEEDS(0)) {
        ag_arg args[2] = {G, NUM(0.0)};
        GX(0) = agi_value(AG_OP_slice_scatter, 2, args, &attr);
    }
    if (NEEDS(1))
        GX(1) = agi_value(AG_OP_slice, 1, &G, &attr);
}

/* ---- regions: as_strided and the two ops that write a region -------------------------------- */

/* A region is a list of shape and strides, and an offset from the first element of a tensor,
 * counted in elements of that tensor's own memory. Fails if it reaches outside of `whole` elements
 * from there on. */
static ag_status check_region(const char *op, int ndim, const int64_t *list, int64_t offset,
                              int64_t whole)
{
    int64_t extent;
    if (!agi_shape_reach(op, ndim, list, list + ndim, &extent))
        return ag_last_status();
    if (offset >= 0 && whole >= 0 && offset <= whole - extent)
        return AG_OK;
    char text[AGI_SHAPE_TEXT];
    return agi_fail(AG_ERR_VALUE,
                    "%s: expected a region inside of %lld elements, got shape %s from element %lld "
                    "on, which reaches over %lld",
                    op, (long long)whole, agi_format_shape(text, ndim, list), (long long)offset,
                    (long long)extent);
}

/* The memory that a node of a region is about: from element `low` on, counted from the first
 * element of input 0, `size` elements, which hold all of input 0 and the region. */
typedef struct agi_area {
    int ndim;                  /* of input 0 */
    int64_t list[2 * AGI_MAX_DIMS];  /* geometry of input 0: shape, then strides */
    int region_ndim;
    const int64_t *region;     /* shape, then strides */
    int64_t offset, low, size;
    bool is_input;             /* nothing but input 0, which is row-major */
} agi_area;

static void area_of(const agi_vjp *v, agi_area *area)
{
    const int64_t *shape = agi_node_input_shape(v->node, 0, &area->ndim);
    const int64_t *strides = agi_node_input_strides(v->node);
    for (int d = 0; d < area->ndim; d++)
        area->list[d] = shape[d];
    if (strides == NULL)
        agi_shape_strides(area->ndim, shape, area->list + area->ndim);
    for (int d = 0; strides != NULL && d < area->ndim; d++)
        area->list[area->ndim + d] = strides[d];
    area->region_ndim = agi_node_list(v->node, &area->region) / 2;
    area->offset = agi_node_attr_of(v->node)->i[0];
    int64_t whole = agi_shape_extent(area->ndim, area->list);
    int64_t end = area->offset + agi_shape_extent(area->region_ndim, area->region);
    area->low = area->offset < 0 ? area->offset : 0;
    area->size = (end > whole ? end : whole) - area->low;
    area->is_input = strides == NULL && area->low == 0 && area->size == whole;
}

/* A flat tensor of the area's memory, zeros with g added at a geometry. */
static ag_arg spread(const agi_area *area, ag_arg g, int ndim, const int64_t *list, int64_t offset)
{
    ag_attr attr = {.i = {offset - area->low, area->size}, .n_list = 2 * ndim, .list = list};
    return agi_value(AG_OP_strided_gather_vjp, 1, &g, &attr);
}

static ag_arg read_region(ag_arg flat, int ndim, const int64_t *list, int64_t offset)
{
    ag_attr attr = {.i = {offset}, .n_list = 2 * ndim, .list = list};
    return agi_value(AG_OP_as_strided, 1, &flat, &attr);
}

/* Of a flat tensor of the area's memory, the part that each element of input 0 has: where
 * several of them lie on one place, equal shares. */
static ag_arg share_out(const agi_area *area, ag_arg flat)
{
    const int64_t *shape = area->list, *strides = shape + area->ndim;
    if (area->is_input)
        return v_view(flat, area->ndim, shape);
    if (agi_shape_overlaps(area->ndim, shape, strides)) {
        ag_arg count = spread(area, agi_repeated(1.0, area->ndim, shape), area->ndim, shape, 0);
        flat = v_div(flat, v_maximum(count, NUM(1.0)));
    }
    return read_region(flat, area->ndim, shape, -area->low);
}

/* ---- as_strided: any view of a storage ------------------------------------------------------ */

static void *fail_outside(const ag_tensor *x, int ndim, const int64_t *list, int64_t offset,
                          int64_t extent)
{
    char shape[AGI_SHAPE_TEXT], strides[AGI_SHAPE_TEXT];
    if (offset < 0)
        return agi_fail_null(AG_ERR_VALUE, "Tensor: invalid storage offset %lld",
                             (long long)offset);
    return agi_fail_null(
        AG_ERR_VALUE,
        "setStorage: sizes %s, strides %s, storage offset %lld, and itemsize 8 requiring a storage "
        "size of %.0f are out of bounds for storage of size %lld",
        agi_format_shape_list(shape, ndim, list),
        agi_format_shape_list(strides, ndim, list + ndim), (long long)offset,
        8.0 * ((double)offset + (double)extent), 8 * (long long)x->storage->numel);
}

AG_FORWARD(as_strided)
{
    const ag_tensor *x = args[0].tensor;
    int ndim = attr->n_list / 2;
    int64_t extent, offset;
    if (!agi_shape_reach("as_strided", ndim, attr->list, attr->list + ndim, &extent))
        return NULL;
    if (__builtin_add_overflow(x->offset, attr->i[0], &offset))
        offset = INT64_MAX;
    if (offset < 0 || offset > x->storage->numel - extent)
        return fail_outside(x, ndim, attr->list, offset, extent);
    return agi_tensor_over(x->storage, ndim, attr->list, attr->list + ndim, offset);
}

AG_RULE(as_strided)
{
    agi_area area;
    area_of(v, &area);
    GX(0) = share_out(&area, spread(&area, G, area.region_ndim, area.region, area.offset));
}

/* ---- strided_gather_vjp: zeros with g added at a region (which may meet itself) -------------- */

AG_FORWARD(strided_gather_vjp)
{
    ag_tensor *g = args[0].tensor, *dense = NULL;
    int ndim = attr->n_list / 2;
    int64_t whole = attr->i[1];
    if (check_region("strided_gather_vjp", ndim, attr->list, attr->i[0], whole) != AG_OK ||
        check_source("strided_gather_vjp", ndim, attr->list, args[0]) != AG_OK ||
        (dense = agi_row_major_of(g)) == NULL)
        return NULL;
    ag_tensor *z = copy_or_fill(NUM(0.0), 1, &whole);
    if (z != NULL)
        agi_run_scatter_add(z->storage->data + attr->i[0], attr->list + ndim, ndim, attr->list,
                            agi_tensor_data(dense));
    agi_release(dense);
    return z;
}

AG_RULE(strided_gather_vjp)
{
    const int64_t *list;
    const int ndim = agi_node_list(v->node, &list) / 2;
    GX(0) = read_region(v_row_major(G), ndim, list, agi_node_attr_of(v->node)->i[0]);
}

/* ---- strided_scatter: x with a region replaced ----------------------------------------------- */

/* The region counts in the order of x's elements. (Writes in place make nodes of this op for x in
 * any layout; the region then counts in x's memory, as area_of reads it.) */
AG_FORWARD(strided_scatter)
{
    const ag_tensor *x = args[0].tensor;
    int ndim = attr->n_list / 2;
    if (check_region("strided_scatter", ndim, attr->list, attr->i[0], x->numel) != AG_OK ||
        check_source("strided_scatter", ndim, attr->list, args[1]) != AG_OK)
        return NULL;
    ag_tensor *z = copy_or_fill(args[0], x->ndim, agi_shape_of(x));
    if (z != NULL)
        write_region(z, ndim, attr->list, attr->list + ndim, attr->i[0], args[1]);
    return z;
}

/* Which dimension of row-major `strides` a region's dimension of this stride goes along, in single
 * steps and not over the end; -1 if none. */
static int dim_along(const agi_patch *p, const int64_t *strides, int64_t stride, int64_t size)
{
    for (int d = 0; d < p->ndim; d++)
        if (strides[d] == stride && p->shape[d] > 1 && p->size[d] == 1 &&
            p->start[d] + size <= p->shape[d])
            return d;
    return -1;
}

/* All of a gradient gets a hole where a region was replaced; false if that is no box. */
static bool patch_with_hole(agi_patch *p, const agi_area *area)
{
    int64_t strides[AGI_PATCH_DIMS], left = area->offset;
    if (!area->is_input || area->size == 0)
        return false;
    agi_shape_strides(p->ndim, p->shape, strides);
    for (int d = 0; d < p->ndim; d++) {
        p->start[d] = p->shape[d] > 1 ? left / strides[d] : 0;
        left -= p->start[d] * strides[d];
        p->size[d] = 1;
    }
    for (int d = 0; d < area->region_ndim; d++) {
        const int64_t size = area->region[d], stride = area->region[area->region_ndim + d];
        const int along = size == 1 ? -1 : dim_along(p, strides, stride, size);
        if (size != 1 && along < 0)
            return false;
        if (along >= 0)
            p->size[along] = size;
    }
    p->is_hole = true;
    return true;
}

/* x keeps what is outside of the region, src gets what is in it. */
AG_RULE(strided_scatter)
{
    agi_area area;
    area_of(v, &area);
    if (v->patch != NULL) {
        v->is_patched = patch_with_hole(v->patch, &area);
        if (v->is_patched && NEEDS(1)) {
            const ag_arg g = v_row_major(G);
            GX(1) = read_region(g, area.region_ndim, area.region, area.offset);
        }
        return;
    }
    ag_arg flat = area.is_input ? v->create_graph ? v_row_major(G) : G
                                : spread(&area, G, area.ndim, area.list, 0);
    int64_t at = area.offset - area.low;
    if (NEEDS(0)) {
        ag_attr attr = {.i = {at}, .n_list = 2 * area.region_ndim, .list = area.region};
        ag_arg args[2] = {flat, NUM(0.0)};
        ag_arg kept = agi_value(AG_OP_strided_scatter, 2, args, &attr);
        GX(0) = area.is_input ? kept : share_out(&area, kept);
    }
    if (NEEDS(1))
        GX(1) = read_region(v_row_major(flat), area.region_ndim, area.region, at);
}

/* ---- fill, copy: whole values --------------------------------------------------------------- */

/* fill: every place of x becomes y. x passes nothing on, y the sum. */
AG_FORWARD(fill)
{
    (void)attr;
    const ag_tensor *x = args[0].tensor, *y = args[1].tensor;
    if (y != NULL && y->numel != 1)
        return agi_fail_null(AG_ERR_SHAPE, "fill: expected a value with one element, got %lld",
                             (long long)y->numel);
    ag_arg value = y != NULL ? agi_number(*agi_tensor_data(y)) : args[1];
    return copy_or_fill(value, x->ndim, agi_shape_of(x));
}

AG_RULE(fill)
{
    if (NEEDS(0))
        GX(0) = agi_zeros_for(G);
    if (NEEDS(1))
        GX(1) = agi_sum_to_input(v, 1, G);
}

/* copy: x becomes y, repeated to x's shape. */
AG_FORWARD(copy)
{
    const ag_tensor *x = args[0].tensor, *y = args[1].tensor;
    ag_attr shape = {.n_list = x->ndim, .list = agi_shape_of(x)};
    (void)attr;
    if (y == NULL)
        return copy_or_fill(args[1], x->ndim, agi_shape_of(x));
    ag_tensor *wide = agi_expand_forward(&args[1], &shape);
    if (wide == NULL)
        return NULL;
    ag_tensor *z = copy_or_fill(agi_arg(wide), wide->ndim, agi_shape_of(wide));
    agi_release(wide);
    return z;
}

AG_RULE(copy)
{
    if (NEEDS(0))
        GX(0) = agi_zeros_for(G);
    if (NEEDS(1))
        GX(1) = agi_sum_to_input(v, 1, G);
}
