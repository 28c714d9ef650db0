/* SPDX-License-Identifier: MIT
 *
 * Memory order of results: PyTorch's rule, to the stride, and operands arranged by it.
 */
#include "layout.h"

#include <string.h>

/* Whether dimension a is to lie outside of b (1), inside of it (-1), or nothing says (0). The first
 * operand that repeats neither says; where its strides are equal (a size of 1), the longer one is
 * outside. */
static int compare_dims(const int64_t *shape, int count, const int64_t strides[][AGI_MAX_DIMS],
                        int a, int b)
{
    for (int k = 0; k < count; k++) {
        const int64_t of_a = strides[k][a], of_b = strides[k][b];
        if (of_a == 0 || of_b == 0)
            continue;
        if (of_a != of_b)
            return of_a > of_b ? 1 : -1;
        if (shape[a] > shape[b])
            return 1;
    }
    return 0;
}

/* Sorts the dimensions by insertion, from the last to the first; one that nothing is said about is
 * stepped over. False if they stay row-major. */
static bool sort_by_memory(agi_layout *layout, int count, const int64_t strides[][AGI_MAX_DIMS])
{
    const int ndim = layout->ndim;
    uint8_t *dims = layout->dims;
    bool changed = false;
    for (int d = 0; d < ndim; d++)
        dims[d] = (uint8_t)d;
    for (int next = ndim - 2; next >= 0; next--) {
        for (int at = next, inner = next + 1; inner < ndim; inner++) {
            const int order = compare_dims(layout->shape, count, strides, dims[inner], dims[at]);
            if (order < 0)
                break;
            if (order == 0)
                continue;
            const uint8_t moved = dims[at];
            dims[at] = dims[inner];
            dims[inner] = moved;
            at = inner;
            changed = true;
        }
    }
    return changed;
}

static void set_dense_strides(agi_layout *layout)
{
    uint64_t stride = 1;
    for (int k = layout->ndim - 1; k >= 0; k--) {
        const int d = layout->dims[k];
        layout->strides[d] = (int64_t)stride;
        stride *= (uint64_t)layout->shape[d];
    }
}

static void set_shape(agi_layout *layout, int ndim, const int64_t *shape)
{
    layout->ndim = ndim;
    memcpy(layout->shape, shape, (size_t)ndim * sizeof *shape);
}

/* Whether PyTorch has a plain number in this place of this op as one of the operands, whose
 * dimensions are all repeated. */
static bool is_operand(int op, const ag_arg *arg)
{
    return arg->tensor != NULL || (op != AG_OP_pow && op != AG_OP_clamp);
}

static bool same_geometry(const ag_tensor *a, const ag_tensor *b)
{
    return a->ndim == b->ndim &&
           memcmp(a->dims, b->dims, 2 * (size_t)a->ndim * sizeof *a->dims) == 0;
}

/* The one geometry that all operands have, NULL if there are several. */
static const ag_tensor *common_geometry(int op, int n, const ag_arg *args)
{
    const ag_tensor *first = NULL;
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t == NULL) {
            if (is_operand(op, &args[k]))
                return NULL;
        } else if (first == NULL) {
            first = t;
        } else if (!same_geometry(first, t)) {
            return NULL;
        }
    }
    return first;
}

/* Whether t's strides fall from each dimension that it does not repeat to the next. */
static bool is_in_order(const ag_tensor *t, int ndim, const int64_t *shape)
{
    int64_t outer = INT64_MAX;
    shape += ndim - t->ndim;
    for (int d = 0; d < t->ndim; d++) {
        const int64_t stride = agi_strides_of(t)[d];
        if (stride == 0 || (agi_shape_of(t)[d] == 1 && shape[d] != 1))
            continue;
        if (stride >= outer)
            return false;
        outer = stride;
    }
    return true;
}

static bool all_in_order(int ndim, const int64_t *shape, int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t != NULL && t->ndim > 1 && !is_in_order(t, ndim, shape))
            return false;
    }
    return true;
}

static AGI_NOINLINE bool find_layout(agi_layout *layout, int op, int ndim, const int64_t *shape,
                                     int n, const ag_arg *args)
{
    int64_t strides[AGI_ARRANGED_MAX][AGI_MAX_DIMS];
    int count = 0;
    const ag_tensor *like = common_geometry(op, n, args);
    if (like != NULL && agi_is_dense(like))
        return agi_layout_of(layout, like);
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t != NULL)
            agi_shape_broadcast_strides(ndim, shape, t->ndim, agi_shape_of(t), agi_strides_of(t),
                                        strides[count++]);
    }
    set_shape(layout, ndim, shape);
    if (!sort_by_memory(layout, count, (const int64_t(*)[AGI_MAX_DIMS])strides))
        return false;
    set_dense_strides(layout);
    return true;
}

bool agi_layout_of_result(agi_layout *layout, int op, int ndim, const int64_t *shape, int n,
                          const ag_arg *args)
{
    return ndim > 1 && !all_in_order(ndim, shape, n, args) &&
           find_layout(layout, op, ndim, shape, n, args);
}

bool agi_layout_of_strides(agi_layout *layout, int ndim, const int64_t *shape,
                           const int64_t *strides)
{
    int64_t list[1][AGI_MAX_DIMS];
    memcpy(list[0], strides, (size_t)ndim * sizeof *strides);
    set_shape(layout, ndim, shape);
    if (!sort_by_memory(layout, 1, (const int64_t(*)[AGI_MAX_DIMS])list))
        return false;
    if (agi_shape_is_dense(ndim, shape, strides))
        memcpy(layout->strides, strides, (size_t)ndim * sizeof *strides);
    else
        set_dense_strides(layout);
    return true;
}

bool agi_layout_of(agi_layout *layout, const ag_tensor *t)
{
    return !agi_is_contiguous(t) &&
           agi_layout_of_strides(layout, t->ndim, agi_shape_of(t), agi_strides_of(t));
}

/* t's geometry under the layout's dimensions; those that it lacks have size 1 and stride 0. */
static void arrange_dims(int64_t *dims, const agi_layout *layout, const ag_tensor *t)
{
    const int ndim = layout->ndim, lead = ndim - t->ndim;
    for (int k = 0; k < ndim; k++) {
        const int d = layout->dims[k] - lead;
        dims[k] = d < 0 ? 1 : agi_shape_of(t)[d];
        dims[ndim + k] = d < 0 ? 0 : agi_strides_of(t)[d];
    }
}

void agi_layout_arrange(agi_arranged *arranged, const agi_layout *layout, int n,
                        const ag_arg *args)
{
    const int ndim = layout->ndim;
    for (int k = 0; k < ndim; k++)
        arranged->shape[k] = layout->shape[layout->dims[k]];
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        int64_t *dims = arranged->dims[k];
        arranged->args[k] = args[k];
        if (t == NULL || t->numel == 1)
            continue;  /* everywhere the same */
        arrange_dims(dims, layout, t);
        arranged->tensors[k] = (ag_tensor){
            .ndim = (uint8_t)ndim,
            .flags = agi_shape_is_contiguous(ndim, dims, dims + ndim) ? AGI_TENSOR_CONTIGUOUS : 0,
            .storage = t->storage,
            .offset = t->offset,
            .numel = t->numel,
            .dims = dims,
        };
        arranged->args[k].tensor = &arranged->tensors[k];
    }
}

void agi_layout_give(ag_tensor *t, const agi_layout *layout)
{
    const int ndim = layout->ndim;
    const size_t bytes = (size_t)ndim * sizeof *t->dims;
    memcpy(t->dims, layout->shape, bytes);
    memcpy(t->dims + ndim, layout->strides, bytes);
    if (!agi_shape_is_contiguous(ndim, layout->shape, layout->strides))
        t->flags &= (uint8_t)~AGI_TENSOR_CONTIGUOUS;
}
