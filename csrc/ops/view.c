/* SPDX-License-Identifier: MIT
 *
 * Views: other shapes, orders and parts of the same memory. Forward functions make the geometry;
 * rules bring the gradient back to the input's shape. The base that a view belongs to is noted by
 * the caller (apply.c).
 */
#include <string.h>

#include "../base/shape.h"
#include "../tape/rule.h"
#include "table.h"

static ag_tensor *over(const ag_tensor *x, int ndim, const int64_t *shape, const int64_t *strides,
                       int64_t offset)
{
    return agi_tensor_over(x->storage, ndim, shape, strides, offset);
}

/* The input's shape, which these rules all need. */
static const int64_t *input_shape(const agi_vjp *v, int *ndim)
{
    return agi_node_input_shape(v->node, 0, ndim);
}

/* gx = g in the input's shape: for ops that keep the elements' order. */
static void reshape_back(agi_vjp *v)
{
    int ndim;
    int64_t strides[AGI_MAX_DIMS];
    const int64_t *shape = input_shape(v, &ndim);
    ag_arg g = v->g;
    const ag_tensor *t = g.tensor;
    if (!agi_value_failed(g) &&
        !agi_shape_view_strides(t->ndim, agi_shape_of(t), agi_strides_of(t), ndim, shape, strides))
        g = v_row_major(g);
    v->gx[0] = v_view(g, ndim, shape);
}

/* ---- view: the same elements in the same order under another shape -------------------------- */

AG_FORWARD(view)
{
    const ag_tensor *x = args[0].tensor;
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    if (agi_shape_infer(attr->list, attr->n_list, x->numel, shape) != AG_OK)
        return NULL;
    if (!agi_shape_view_strides(x->ndim, agi_shape_of(x), agi_strides_of(x), attr->n_list, shape,
                                strides))
        return agi_fail_null(AG_ERR_SHAPE,
                             "view size is not compatible with input tensor's size and stride (at "
                             "least one dimension spans across two contiguous subspaces). Use "
                             ".reshape(...) instead.");
    return over(x, attr->n_list, shape, strides, x->offset);
}

AG_RULE(view) { reshape_back(v); }

/* ---- transpose: two dimensions exchanged; its own inverse ----------------------------------- */

AG_FORWARD(transpose)
{
    const ag_tensor *x = args[0].tensor;
    int a, b;
    if (agi_shape_wrap_dim(attr->i[0], x->ndim, &a) != AG_OK ||
        agi_shape_wrap_dim(attr->i[1], x->ndim, &b) != AG_OK)
        return NULL;
    if (x->ndim == 0)
        return agi_tensor_alias(x);
    int64_t dims[2 * AGI_MAX_DIMS];
    memcpy(dims, x->dims, 2 * (size_t)x->ndim * sizeof(int64_t));
    int64_t *strides = dims + x->ndim;
    dims[a] = agi_shape_of(x)[b];
    dims[b] = agi_shape_of(x)[a];
    strides[a] = agi_strides_of(x)[b];
    strides[b] = agi_strides_of(x)[a];
    return over(x, x->ndim, dims, strides, x->offset);
}

AG_RULE(transpose)
{
    ag_attr attr = {.n_list = 0};
    memcpy(attr.i, agi_node_attr_of(v->node)->i, sizeof attr.i);
    GX(0) = agi_value(AG_OP_transpose, 1, &G, &attr);
}

/* ---- permute: dimensions in another order --------------------------------------------------- */

static ag_status permute_dims(const ag_tensor *x, const ag_attr *attr, int dims[AGI_MAX_DIMS])
{
    if (attr->n_list != x->ndim)
        return agi_fail(AG_ERR_SHAPE,
                        "permute(sparse_coo): number of dimensions in the tensor input does not "
                        "match the length of the desired ordering of dimensions i.e. input.dim() = "
                        "%d is not equal to len(dims) = %d", x->ndim, attr->n_list);
    uint64_t seen = 0;
    for (int d = 0; d < x->ndim; d++) {
        ag_status status = agi_shape_wrap_dim(attr->list[d], x->ndim, &dims[d]);
        if (status != AG_OK)
            return status;
        if (seen & (uint64_t)1 << dims[d])
            return agi_fail(AG_ERR_SHAPE, "permute(): duplicate dims are not allowed.");
        seen |= (uint64_t)1 << dims[d];
    }
    return AG_OK;
}

AG_FORWARD(permute)
{
    const ag_tensor *x = args[0].tensor;
    int dims[AGI_MAX_DIMS];
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    if (permute_dims(x, attr, dims) != AG_OK)
        return NULL;
    for (int d = 0; d < x->ndim; d++) {
        shape[d] = agi_shape_of(x)[dims[d]];
        strides[d] = agi_strides_of(x)[dims[d]];
    }
    return over(x, x->ndim, shape, strides, x->offset);
}

AG_RULE(permute)
{
    const int64_t *dims;
    const int n = agi_node_list(v->node, &dims);
    int64_t inverse[AGI_MAX_DIMS];
    for (int d = 0; d < n; d++)
        inverse[dims[d] < 0 ? dims[d] + n : dims[d]] = d;
    ag_attr attr = {.n_list = n, .list = inverse};
    GX(0) = agi_value(AG_OP_permute, 1, &G, &attr);
}

/* ---- expand: sizes of 1 repeated with a stride of 0; the gradient is summed over them -------- */

static ag_status expand_geometry(const ag_tensor *x, const ag_attr *attr, int64_t *shape,
                                 int64_t *strides)
{
    int n = attr->n_list, lead = n - x->ndim;
    char from[AGI_SHAPE_TEXT], to[AGI_SHAPE_TEXT];
    if (lead < 0)
        return agi_fail(AG_ERR_SHAPE,
                        "expand(Tensor{%s}, size=%s): the number of sizes provided (%d) must be "
                        "greater or equal to the number of dimensions in the tensor (%d)",
                        agi_format_shape_list(from, x->ndim, agi_shape_of(x)),
                        agi_format_shape_list(to, n, attr->list), n, x->ndim);
    for (int d = n - 1; d >= 0; d--) {
        int64_t size = d < lead ? 1 : agi_shape_of(x)[d - lead], want = attr->list[d];
        if (want == -1 && d < lead)
            return agi_fail(AG_ERR_SHAPE,
                            "The expanded size of the tensor (-1) isn't allowed in a leading, "
                            "non-existing dimension %d", d);
        if (want < -1)
            return agi_fail(AG_ERR_SHAPE, "expand: negative size %lld in %s", (long long)want,
                            agi_format_shape_list(to, n, attr->list));
        if (want != -1 && want != size && size != 1)
            return agi_fail(AG_ERR_SHAPE,
                            "The expanded size of the tensor (%lld) must match the existing size "
                            "(%lld) at non-singleton dimension %d.  Target sizes: %s.  Tensor "
                            "sizes: %s", (long long)want, (long long)size, d,
                            agi_format_shape_list(to, n, attr->list),
                            agi_format_shape_list(from, x->ndim, agi_shape_of(x)));
        shape[d] = want == -1 ? size : want;
        strides[d] = d < lead || (size == 1 && shape[d] != 1) ? 0 : agi_strides_of(x)[d - lead];
    }
    return AG_OK;
}

AG_FORWARD(expand)
{
    const ag_tensor *x = args[0].tensor;
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    if (attr->n_list > AGI_MAX_DIMS)
        return agi_fail_null(AG_ERR_SHAPE, "expand: expected at most %d dimensions, got %d",
                             AGI_MAX_DIMS, attr->n_list);
    if (expand_geometry(x, attr, shape, strides) != AG_OK ||
        agi_shape_numel("expand", attr->n_list, shape) < 0)
        return NULL;
    return over(x, attr->n_list, shape, strides, x->offset);
}

AG_RULE(expand)
{
    int ndim;
    const int64_t *shape = input_shape(v, &ndim);
    GX(0) = agi_sum_to(G, ndim, shape);
}

/* ---- squeeze, unsqueeze: sizes of 1 dropped and put in -------------------------------------- */

AG_FORWARD(squeeze)
{
    const ag_tensor *x = args[0].tensor;
    uint64_t mask;
    if (agi_shape_dim_mask("squeeze", x->ndim, attr->n_list, attr->list, &mask) != AG_OK)
        return NULL;
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    int n = 0;
    mask = attr->n_list == 0 ? 0 : mask;  /* an empty list names no dimension */
    for (int d = 0; d < x->ndim; d++) {
        if (agi_shape_of(x)[d] == 1 && mask & (uint64_t)1 << d)
            continue;
        shape[n] = agi_shape_of(x)[d];
        strides[n++] = agi_strides_of(x)[d];
    }
    return over(x, n, shape, strides, x->offset);
}

AG_RULE(squeeze) { reshape_back(v); }

AG_FORWARD(unsqueeze)
{
    const ag_tensor *x = args[0].tensor;
    int dim;
    if (x->ndim == AGI_MAX_DIMS)
        return agi_fail_null(AG_ERR_SHAPE, "unsqueeze: a tensor has at most %d dimensions",
                             AGI_MAX_DIMS);
    if (agi_shape_wrap_dim(attr->i[0], x->ndim + 1, &dim) != AG_OK)
        return NULL;
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    for (int d = 0, from = 0; d <= x->ndim; d++) {
        bool inserted = d == dim;
        shape[d] = inserted ? 1 : agi_shape_of(x)[from];
        strides[d] = inserted
                         ? (from < x->ndim ? agi_shape_of(x)[from] * agi_strides_of(x)[from] : 1)
                         : agi_strides_of(x)[from];
        from += !inserted;
    }
    return over(x, x->ndim + 1, shape, strides, x->offset);
}

AG_RULE(unsqueeze) { reshape_back(v); }
