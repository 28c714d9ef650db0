/* SPDX-License-Identifier: MIT
 *
 * Parts of a tensor (select, slice, as_strided) and the ops that are their transposes: writing a
 * part into a whole. The two kinds are each other's rules, so every order of derivative exists.
 */
#include <string.h>

#include "../engine.h"
#include "../expr.h"
#include "../rule.h"
#include "../run.h"
#include "../shape.h"

static const int64_t *list_of(const agi_vjp *v)
{
    return agi_node_ints(v->node) + v->node->list_at;
}

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
    int64_t offset = x->offset + (index < 0 ? index + size : index) * agi_strides_of(x)[dim];
    return agi_tensor_over(x->storage, x->ndim - 1, shape, strides, offset);
}

/* src written into zeros of `shape` at a slice: the transpose of slice. */
static ag_arg embed(ag_arg src, int ndim, const int64_t *shape, const int64_t *i)
{
    ag_attr attr = {.i = {i[0], i[1], i[2], i[3]}, .n_list = ndim, .list = shape};
    ag_arg args[2] = {NUM(0.0), src};
    return agi_value(AG_OP_slice_scatter, 2, args, &attr);
}

AG_RULE(select)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    int64_t dim = i[0] < 0 ? i[0] + ndim : i[0];
    int64_t index = i[1] < 0 ? i[1] + shape[dim] : i[1];
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

/* The geometry of a slice of x, written over dims (shape and strides as x has them). */
static ag_status slice_geometry(const char *op, int ndim, const int64_t *i, int64_t *shape,
                                int64_t *strides, int64_t *offset)
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
    int64_t step = i[3] > shape[dim] && shape[dim] > 0 ? shape[dim] : i[3];
    shape[dim] = clip_slice(shape[dim], &start, &end, step);
    *offset += start * strides[dim];
    strides[dim] *= step;
    return AG_OK;
}

AG_FORWARD(slice)
{
    const ag_tensor *x = args[0].tensor;
    int64_t dims[2 * AGI_MAX_DIMS], offset = x->offset;
    memcpy(dims, x->dims, 2 * (size_t)x->ndim * sizeof(int64_t));
    if (slice_geometry("slice", x->ndim, attr->i, dims, dims + x->ndim, &offset) != AG_OK)
        return NULL;
    return agi_tensor_over(x->storage, x->ndim, dims, dims + x->ndim, offset);
}

AG_RULE(slice)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
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

static ag_status check_region(const char *op, int ndim, const int64_t *shape, ag_arg src)
{
    const ag_tensor *t = src.tensor;
    if (t == NULL || agi_shape_equal(ndim, shape, t->ndim, agi_shape_of(t)))
        return AG_OK;
    char want[AGI_SHAPE_TEXT], got[AGI_SHAPE_TEXT];
    return agi_fail(AG_ERR_SHAPE, "%s: expected src of shape %s, got %s", op,
                    agi_format_shape(want, ndim, shape),
                    agi_format_shape(got, t->ndim, agi_shape_of(t)));
}

/* x (or a number in every place of a given shape) with a slice replaced by src. */
AG_FORWARD(slice_scatter)
{
    const ag_tensor *x = args[0].tensor;
    int ndim = x != NULL ? x->ndim : attr->n_list;
    const int64_t *shape = x != NULL ? agi_shape_of(x) : attr->list;
    int64_t part[AGI_MAX_DIMS], strides[AGI_MAX_DIMS], offset = 0;
    memcpy(part, shape, (size_t)ndim * sizeof(int64_t));
    agi_shape_strides(ndim, shape, strides);
    if (slice_geometry("slice_scatter", ndim, attr->i, part, strides, &offset) != AG_OK ||
        check_region("slice_scatter", ndim, part, args[1]) != AG_OK)
        return NULL;
    ag_tensor *z = copy_or_fill(args[0], ndim, shape);
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

/* ---- as_strided: any view of a storage ------------------------------------------------------ */

/* Elements from the first of a region to behind its last, 0 if it is empty; false if that is no
 * number of elements. */
static bool reach(int ndim, const int64_t *shape, const int64_t *strides, int64_t *extent)
{
    *extent = 1;
    for (int d = 0; d < ndim; d++) {
        int64_t part;
        if (shape[d] == 0) {
            *extent = 0;
            return true;
        }
        if (shape[d] < 0 || strides[d] < 0 ||
            __builtin_mul_overflow(shape[d] - 1, strides[d], &part) ||
            __builtin_add_overflow(*extent, part, extent))
            return false;
    }
    return true;
}

AG_FORWARD(as_strided)
{
    const ag_tensor *x = args[0].tensor;
    int ndim = attr->n_list / 2;
    const int64_t *shape = attr->list, *strides = attr->list + ndim;
    int64_t extent, offset = attr->i[0];
    if (agi_shape_numel("as_strided", ndim, shape) < 0)
        return NULL;
    char text[AGI_SHAPE_TEXT];
    if (!reach(ndim, shape, strides, &extent) || offset < -x->offset ||
        offset > x->storage->numel - x->offset - extent)
        return agi_fail_null(AG_ERR_VALUE,
                             "as_strided: shape %s with these strides and offset %lld reaches "
                             "outside of a storage of %lld elements",
                             agi_format_shape(text, ndim, shape), (long long)offset,
                             (long long)x->storage->numel);
    bool inside = offset >= 0 && offset + extent <= x->numel;
    if (!(agi_is_contiguous(x) && inside) && agi_requires_grad(x) && ag_grad_enabled())
        return agi_fail_null(AG_ERR_GRAD, "as_strided: expected a region inside of a contiguous "
                                          "tensor where a gradient is recorded");
    return agi_tensor_over(x->storage, ndim, shape, strides, x->offset + offset);
}

/* The input was contiguous, so its elements in order are what offset and strides count in. */
AG_RULE(as_strided)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    int64_t whole = agi_shape_numel("as_strided", ndim, shape);
    ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0], whole},
                    .n_list = v->node->n_list, .list = list_of(v)};
    ag_arg flat = agi_value(AG_OP_strided_gather_vjp, 1, &G, &attr);
    GX(0) = v_view(flat, ndim, shape);
}

/* ---- strided_gather_vjp: zeros with g added at a region (which may meet itself) -------------- */

AG_FORWARD(strided_gather_vjp)
{
    ag_tensor *g = args[0].tensor, *dense = NULL;
    int ndim = attr->n_list / 2;
    int64_t whole = attr->i[1];
    if (check_region("strided_gather_vjp", ndim, attr->list, args[0]) != AG_OK ||
        (dense = agi_is_contiguous(g) ? agi_retain(g)
                                      : agi_compute(AG_OP_clone, 1, args, NULL)) == NULL)
        return NULL;
    bool ready = agi_storage_ready(dense->storage) == AG_OK;
    ag_tensor *z = ready ? copy_or_fill(NUM(0.0), 1, &whole) : NULL;
    if (z != NULL)
        agi_run_scatter_add(z->storage->data + attr->i[0], attr->list + ndim, ndim, attr->list,
                            agi_tensor_data(dense));
    agi_release(dense);
    return z;
}

AG_RULE(strided_gather_vjp)
{
    ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}, .n_list = v->node->n_list,
                    .list = list_of(v)};
    ag_arg g = agi_value(AG_OP_clone, 1, &G, NULL);
    GX(0) = agi_value(AG_OP_as_strided, 1, &g, &attr);
}

/* ---- strided_scatter: a contiguous x with a region replaced --------------------------------- */

AG_FORWARD(strided_scatter)
{
    const ag_tensor *x = args[0].tensor;
    int ndim = attr->n_list / 2;
    if (check_region("strided_scatter", ndim, attr->list, args[1]) != AG_OK)
        return NULL;
    ag_tensor *z = copy_or_fill(args[0], x->ndim, agi_shape_of(x));
    if (z != NULL)
        write_region(z, ndim, attr->list, attr->list + ndim, attr->i[0], args[1]);
    return z;
}

AG_RULE(strided_scatter)
{
    ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}, .n_list = v->node->n_list,
                    .list = list_of(v)};
    if (NEEDS(0)) {
        ag_arg args[2] = {G, NUM(0.0)};
        GX(0) = agi_value(AG_OP_strided_scatter, 2, args, &attr);
    }
    if (NEEDS(1)) {
        ag_arg g = agi_value(AG_OP_clone, 1, &G, NULL);
        GX(1) = agi_value(AG_OP_as_strided, 1, &g, &attr);
    }
}

/* ---- clone, fill, copy: whole values -------------------------------------------------------- */

AG_FORWARD(clone)
{
    (void)attr;
    return copy_or_fill(args[0], args[0].tensor->ndim, agi_shape_of(args[0].tensor));
}

AG_RULE(clone) { GX(0) = G; }

/* Zeros of g's shape that take one number of memory. */
static ag_arg zeros_like(ag_arg g)
{
    ag_tensor *zero = ag_scalar(0.0);
    if (zero == NULL || agi_value_failed(g))
        return agi_arg(&agi_failed);
    return v_expand(agi_arg(zero), g.tensor->ndim, agi_shape_of(g.tensor));
}

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
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 1, &ndim);
    if (NEEDS(0))
        GX(0) = zeros_like(G);
    if (NEEDS(1))
        GX(1) = ndim < 0 ? G : agi_sum_to(G, ndim, shape);
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
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 1, &ndim);
    if (NEEDS(0))
        GX(0) = zeros_like(G);
    if (NEEDS(1))
        GX(1) = ndim < 0 ? G : agi_sum_to(G, ndim, shape);
}
