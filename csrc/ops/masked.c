/* SPDX-License-Identifier: MIT
 *
 * Elements that a mask chooses, read and written: masked_fill, masked_select, masked_scatter; and
 * where they are: nonzero.
 */
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../compute/kernel.h"
#include "../fuse/pending.h"
#include "../tape/cast.h"
#include "indexed_check.h"
#include "table.h"

/* ---- masked_fill: a number where the mask is true -------------------------------------------- */

/* dx = g where the mask is false, else 0; dy = the sum of the rest.  Saves the mask. */
AG_MAP3(masked_fill, y != 0.0 ? w : x)
AG_RULE(masked_fill)
{
    ag_arg mask = IN(1);
    mask.dtype = AG_BOOL;  /* of a number, which was saved without its dtype */
    if (NEEDS(0))
        GX(0) = v_where(mask, NUM(0.0), G);
    if (NEEDS(2))
        GX(2) = v_where(mask, G, NUM(0.0));
}

static bool check_filled(const ag_tensor *x, const ag_tensor *mask, const ag_tensor *value)
{
    if (!agi_has_tensors("masked_fill", x, mask))
        return false;
    if (agi_dtype_of(mask) != AG_BOOL)
        agi_fail(AG_ERR_VALUE, "masked_fill_ only supports boolean masks, but got mask with dtype "
                               "%s", agi_dtype_name(agi_dtype_of(mask)));
    else if (value != NULL && value->ndim > 0)
        agi_fail(AG_ERR_VALUE, "masked_fill_ only supports a 0-dimensional value tensor, but got "
                               "tensor with %d dimension(s).", value->ndim);
    else
        return true;
    return false;
}

/* The arguments of the op, the value as x's dtype has it: *cast, if that is not NULL, is owned. */
static bool fill_args(ag_tensor *x, ag_tensor *mask, ag_arg value, ag_arg *args, ag_tensor **cast)
{
    *cast = NULL;
    if (!check_filled(x, mask, value.tensor))
        return false;
    args[0] = agi_arg(x);
    args[1] = agi_arg(mask);
    args[2] = value;
    if (value.tensor == NULL)
        return agi_cast_number(&args[2], agi_dtype_of(x));
    if (agi_dtype_of(value.tensor) != agi_dtype_of(x))
        args[2].tensor = *cast = agi_cast(value.tensor, agi_dtype_of(x));
    return args[2].tensor != NULL;
}

ag_tensor *ag_masked_fill(ag_tensor *x, ag_tensor *mask, ag_arg value)
{
    ag_arg args[3];
    ag_tensor *cast, *z = NULL;
    if (fill_args(x, mask, value, args, &cast))
        z = agi_call(AG_OP_masked_fill, 3, args, NULL);
    agi_release(cast);
    return z;
}

ag_status ag_masked_fill_(ag_tensor *x, ag_tensor *mask, ag_arg value)
{
    ag_arg args[3];
    ag_tensor *cast;
    const bool ok = fill_args(x, mask, value, args, &cast);
    const ag_status status = ok ? ag_apply_(AG_OP_masked_fill, 3, args, NULL) : ag_last_status();
    agi_release(cast);
    return status;
}

/* ---- masked_select: x where the mask is true ------------------------------------------------- */

static bool check_mask_dtype(const char *op, const ag_tensor *mask)
{
    if (agi_dtype_of(mask) == AG_BOOL)
        return true;
    agi_fail(AG_ERR_VALUE, "%s: expected BoolTensor for mask", op);
    return false;
}

/* t under a shape that it broadcasts to. Owned. */
static ag_tensor *broadcast_view(const ag_tensor *t, int ndim, const int64_t *shape)
{
    int64_t strides[AGI_MAX_DIMS];
    agi_shape_broadcast_strides(ndim, shape, t->ndim, agi_shape_of(t), agi_strides_of(t), strides);
    return agi_tensor_over(t->storage, ndim, shape, strides, t->offset);
}

/* The places where the mask, broadcast to a shape, is true. Owned. */
static ag_tensor *places_of_mask(const ag_tensor *mask, int ndim, const int64_t *shape)
{
    ag_tensor *wide = broadcast_view(mask, ndim, shape);
    ag_tensor *places = wide != NULL ? agi_indexed_of_mask(wide) : NULL;
    agi_release(wide);
    return places;
}

static bool shape_of_both(const ag_tensor *x, const ag_tensor *y, int *ndim, int64_t *shape)
{
    *ndim = 0;
    return agi_shape_broadcast(ndim, shape, x->ndim, agi_shape_of(x)) == AG_OK &&
           agi_shape_broadcast(ndim, shape, y->ndim, agi_shape_of(y)) == AG_OK &&
           agi_shape_numel("masked_select", *ndim, shape) >= 0;
}

AG_FORWARD(masked_select)
{
    const ag_tensor *x = args[0].tensor, *mask = args[1].tensor;
    int64_t shape[AGI_MAX_DIMS];
    int ndim;
    (void)attr;
    if (!agi_has_tensor("masked_select", mask) || !check_mask_dtype("masked_select", mask) ||
        !shape_of_both(x, mask, &ndim, shape))
        return NULL;
    ag_tensor *places = places_of_mask(mask, ndim, shape);
    ag_tensor *wide = places != NULL ? broadcast_view(x, ndim, shape) : NULL;
    ag_tensor *z = wide != NULL ? agi_tensor_new(1, &places->numel, places->numel) : NULL;
    if (z != NULL && z->numel > 0) {
        const ag_arg part = agi_arg(z);
        agi_indexed job;
        agi_indexed_rows(&job, wide, agi_all_dims(wide), 0, places, &part);
        job.may_block = agi_are_snapshots(2, args);
        agi_indexed_run(&job, AGI_INDEXED_READ);
    }
    agi_release(wide);
    agi_release(places);
    return z;
}

/* dx = zeros of the shape of both, with g where the mask is true, summed to the shape of x.
 * Saves the mask. */
AG_RULE(masked_select)
{
    const ag_arg mask = IN(1);
    int ndim, x_ndim;
    int64_t shape[AGI_MAX_DIMS];
    const int64_t *x_shape = agi_node_input_shape(v->node, 0, &x_ndim);
    if (agi_value_failed(mask)) {
        GX(0) = mask;
        return;
    }
    ndim = x_ndim;
    memcpy(shape, x_shape, (size_t)ndim * sizeof *shape);
    agi_shape_broadcast(&ndim, shape, mask.tensor->ndim, agi_shape_of(mask.tensor));
    const int64_t i[4] = {0};
    GX(0) = agi_sum_to(agi_written_zeros(AG_OP_masked_scatter, ndim, shape, mask, G, i, 0.0),
                       x_ndim, x_shape);
}

/* ---- masked_scatter: the next element of y wherever the mask is true ------------------------- */

static bool check_scattered(const ag_tensor *z, const ag_arg *args)
{
    const ag_tensor *mask = args[1].tensor, *source = args[2].tensor;
    int64_t shape[AGI_MAX_DIMS];
    int ndim;
    if (!agi_has_tensors("masked_scatter", mask, source))
        return false;
    if (agi_dtype_of(source) != agi_arg_dtype(&args[0])) {
        agi_fail(AG_ERR_VALUE, "masked_scatter: expected self and source to have same dtypes but "
                               "got %s and %s", agi_dtype_name(agi_arg_dtype(&args[0])),
                 agi_dtype_name(agi_dtype_of(source)));
        return false;
    }
    if (agi_dtype_of(mask) != AG_BOOL) {
        agi_fail(AG_ERR_VALUE, "masked_scatter_ only supports boolean masks, but got mask with "
                               "dtype %s", agi_dtype_name(agi_dtype_of(mask)));
        return false;
    }
    return shape_of_both(z, mask, &ndim, shape) &&
           agi_shape_holds(z->ndim, agi_shape_of(z), ndim, shape) == AG_OK;
}

/* The first n elements of t, row by row. Owned. */
static ag_tensor *first_of_flat(const ag_tensor *t, int64_t n)
{
    static const int64_t one = 1;
    ag_tensor *flat = agi_flat_of(t);
    ag_tensor *first = flat != NULL ? agi_tensor_over(flat->storage, 1, &n, &one, flat->offset)
                                    : NULL;
    agi_release(flat);
    return first;
}

/* dx = g where the mask is false, else 0; dy = g where it is true, and 0 for what was not needed.
 * Saves the mask. */
AG_EDIT(masked_scatter)
{
    (void)attr;
    if (!check_scattered(z, args))
        return ag_last_status();
    ag_tensor *places = places_of_mask(args[1].tensor, z->ndim, agi_shape_of(z));
    ag_tensor *first = NULL;
    if (places != NULL && places->numel > args[2].tensor->numel)
        agi_fail(AG_ERR_SHAPE, "Number of elements of source < number of ones in mask");
    else if (places != NULL)
        first = first_of_flat(args[2].tensor, places->numel);
    const bool ok = first != NULL;
    if (ok && places->numel > 0) {
        const ag_arg part = agi_arg(first);
        agi_indexed job;
        agi_indexed_rows(&job, z, agi_all_dims(z), 0, places, &part);
        job.may_block = agi_are_snapshots(3, args);
        agi_indexed_run(&job, AGI_INDEXED_WRITE);
    }
    agi_release(first);
    agi_release(places);
    return ok ? AG_OK : ag_last_status();
}

AG_RULE(masked_scatter)
{
    const ag_arg read[2] = {G, IN(1)};
    if (NEEDS(0))
        GX(0) = v_where(read[1], NUM(0.0), G);
    if (NEEDS(2)) {
        int ndim;
        const int64_t *shape = agi_node_input_shape(v->node, 2, &ndim);
        int64_t numel = 1;
        for (int d = 0; d < ndim; d++)
            numel *= shape[d];
        const ag_arg used = agi_value(AG_OP_masked_select, 2, read, NULL);
        GX(2) = v_view(agi_padded_to(used, 1, &numel), ndim, shape);
    }
}

/* The shape of x and the mask together. */
ag_tensor *ag_masked_scatter(ag_tensor *x, ag_tensor *mask, ag_tensor *source)
{
    int64_t shape[AGI_MAX_DIMS];
    int ndim;
    if (!agi_has_tensors("masked_scatter", x, mask) ||
        !agi_has_tensor("masked_scatter", source) || !shape_of_both(x, mask, &ndim, shape))
        return NULL;
    const ag_attr to = {.n_list = ndim, .list = shape};
    const ag_arg whole = agi_arg(x);
    ag_tensor *wide = agi_shape_equal(ndim, shape, x->ndim, agi_shape_of(x))
                          ? agi_retain(x) : agi_apply(AG_OP_expand, -1, 1, &whole, &to);
    if (wide == NULL)
        return NULL;
    const ag_arg args[3] = {agi_arg(wide), agi_arg(mask), agi_arg(source)};
    ag_tensor *z = agi_call(AG_OP_masked_scatter, 3, args, NULL);
    agi_release(wide);
    return z;
}

ag_status ag_masked_scatter_(ag_tensor *x, ag_tensor *mask, ag_tensor *source)
{
    const ag_arg args[3] = {agi_arg(x), agi_arg(mask), agi_arg(source)};
    return agi_has_tensors("masked_scatter_", x, mask) && agi_has_tensor("masked_scatter_", source)
               ? ag_apply_(AG_OP_masked_scatter, 3, args, NULL) : ag_last_status();
}

/* ---- nonzero: where the elements are that are not 0 ------------------------------------------ */

/* Each place, counted row by row, as a row of indices. */
static void write_indices(double *z, const ag_tensor *places, int ndim, const int64_t *shape)
{
    const double *at = agi_tensor_data(places);
    const int64_t cols = shape[ndim - 1];
    int64_t begin = 0;  /* of the row that the last place was in */
    double outer[AGI_MAX_DIMS] = {0.0};
    for (int64_t k = 0; k < places->numel; k++, z += ndim) {
        int64_t place = (int64_t)at[k];
        if (place - begin >= cols) {
            int64_t row = place / cols;
            begin = row * cols;
            for (int d = ndim - 2; d >= 0; d--) {
                outer[d] = (double)(row % shape[d]);
                row /= shape[d];
            }
        }
        for (int d = 0; d < ndim - 1; d++)
            z[d] = outer[d];
        z[ndim - 1] = (double)(place - begin);
    }
}

AG_FORWARD(nonzero)
{
    const ag_tensor *x = args[0].tensor;
    (void)attr;
    ag_tensor *places = agi_indexed_of_mask(x);
    if (places == NULL)
        return NULL;
    const int64_t shape[2] = {places->numel, x->ndim}, strides[2] = {1, 1};
    ag_tensor *z = x->ndim == 1 ? agi_tensor_over(places->storage, 2, shape, strides, 0)
                                : agi_tensor_new(2, shape, shape[0] * shape[1]);
    if (z != NULL && x->ndim > 1 && z->numel > 0)
        write_indices(agi_tensor_data(z), places, x->ndim, agi_shape_of(x));
    agi_release(places);
    return z;
}

ag_tensor *ag_argwhere(ag_tensor *x)
{
    const ag_arg arg = agi_arg(x);
    return agi_has_tensor("argwhere", x) ? agi_call(AG_OP_nonzero, 1, &arg, NULL) : NULL;
}
