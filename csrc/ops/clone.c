/* SPDX-License-Identifier: MIT
 *
 * clone: a copy with memory of its own, dense, in the memory order of its input or in another.
 */
#include <string.h>

#include "../compute/run.h"
#include "../fuse/pending.h"
#include "../tape/rule.h"
#include "../tensor/copy.h"
#include "../tensor/layout.h"
#include "table.h"

/* The layout of the copy; false: row-major. Without attr it is that of x, with an empty list
 * row-major, else that of the strides in the list. */
static bool layout_of_copy(agi_layout *layout, const ag_tensor *x, const ag_attr *attr)
{
    if (attr == NULL)
        return agi_layout_of(layout, x);
    return attr->n_list > 0 && attr->n_list == x->ndim &&
           agi_layout_of_strides(layout, x->ndim, agi_shape_of(x), attr->list);
}

/* A row-major copy of this shape; pends where it may if it is large. */
static ag_tensor *copy_row_major(const ag_arg *arg, int ndim, const int64_t *shape)
{
    const ag_tensor *x = arg->tensor;
    if (x->numel >= AGI_DEFER_MIN) {
        bool deferred;
        ag_tensor *pending =
            agi_expr_map(AG_OP_clone, ndim, shape, x->numel, 1, arg, NULL, &deferred);
        if (deferred)
            return pending;
    }
    if (agi_storage_ready(x->storage) != AG_OK)
        return NULL;
    ag_tensor *z = agi_tensor_new(ndim, shape, x->numel);
    if (z != NULL)
        agi_run_gather(agi_tensor_data(z), x->ndim, agi_shape_of(x), agi_tensor_data(x),
                       agi_strides_of(x));
    return z;
}

static ag_tensor *copy(ag_tensor *x, const ag_attr *attr)
{
    const ag_arg arg = agi_arg(x);
    agi_layout layout;
    if (!layout_of_copy(&layout, x, attr)) {
        ag_tensor *z = copy_row_major(&arg, x->ndim, agi_shape_of(x));
        if (z != NULL && attr == NULL && agi_is_contiguous(x))  /* strides of size 1 may differ */
            memcpy(z->dims, x->dims, 2 * (size_t)x->ndim * sizeof *x->dims);
        return z;
    }
    agi_arranged arranged;
    agi_layout_arrange(&arranged, &layout, 1, &arg);
    ag_tensor *z = copy_row_major(arranged.args, x->ndim, arranged.shape);
    if (z != NULL)
        agi_layout_give(z, &layout);
    return z;
}

/* clone: dx = g.  Saves nothing. */
AG_FORWARD(clone)
{
    ag_tensor *x = agi_tensor_to_read(args[0].tensor);
    ag_tensor *z = x != NULL ? copy(x, attr) : NULL;
    agi_release(x);
    return z;
}

AG_RULE(clone)
{
    v->is_patched = v->patch != NULL;
    GX(0) = G;
}
