/* SPDX-License-Identifier: MIT
 *
 * Writing elements that an index tensor names, into a copy or in place: scatter, scatter_add,
 * index_add, index_copy, index_fill, put, and index_put, which is x[...] = y. What is written is
 * read back by the ops of gather.c.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../tensor/copy.h"
#include "indexed_check.h"
#include "table.h"

/* What a sum of masks is: whether one of them is true. */
static agi_indexed_act adding(const ag_arg *x)
{
    return agi_arg_dtype(x) == AG_BOOL ? AGI_INDEXED_MAX : AGI_INDEXED_ADD;
}

/* ---- along lines: scatter, scatter_add ------------------------------------------------------- */

/* The job of an op of lines; false with an error. *is_empty: there is nothing to do. */
static bool lines_of(const char *op, ag_tensor *z, const ag_arg *args, const ag_attr *attr,
                     agi_indexed *job, bool *is_empty)
{
    const ag_tensor *index = args[1].tensor;
    ag_arg part = args[2];
    int dim;
    if (!agi_has_tensor(op, index) || agi_shape_wrap_dim(attr->i[0], z->ndim, &dim) != AG_OK ||
        !agi_check_lines(op, args[0].tensor != NULL ? args[0].tensor : z, index, part.tensor, dim))
        return false;
    if (part.tensor == NULL && !agi_cast_number(&part, agi_arg_dtype(&args[0])))
        return false;
    *is_empty = index->numel == 0;
    if (*is_empty)
        return true;
    agi_indexed_lines(job, z, dim, index, &part);
    job->may_block = agi_are_snapshots(3, args);
    return true;
}

/* Zeros where the source is larger than the index: what was not read has no gradient. */
static ag_arg gathered(agi_vjp *v)
{
    int ndim, index_ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 2, &ndim);
    const ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}};
    const ag_arg args[2] = {G, IN(1)};
    const int64_t *index = agi_node_input_shape(v->node, 1, &index_ndim);
    if (ndim != index_ndim) {  /* one of them has no dimension */
        ag_arg flat = agi_value(AG_OP_gather, 2, args, &attr);
        return v_view(flat, ndim, shape);
    }
    for (int d = 0; d < ndim; d++)
        if (index[d] == 0)
            return agi_repeated(0.0, ndim, shape);
    return agi_padded_to(agi_value(AG_OP_gather, 2, args, &attr), ndim, shape);
}

/* scatter: z[..., index[..., k, ...], ...] = y[..., k, ...], of several the last.
 * dx = g, 0 where something was written; dy = g at its place. */
AG_EDIT(scatter)
{
    agi_indexed job;
    bool is_empty;
    if (!lines_of("scatter", z, args, attr, &job, &is_empty))
        return ag_last_status();
    if (!is_empty)
        agi_indexed_run(&job, AGI_INDEXED_WRITE);
    return AG_OK;
}

AG_RULE(scatter)
{
    const ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}};
    const ag_arg args[3] = {G, IN(1), NUM(0.0)};
    if (NEEDS(0))
        GX(0) = agi_value(AG_OP_scatter, 3, args, &attr);
    if (NEEDS(2))
        GX(2) = gathered(v);
}

/* Of ag_scatter: the op with its arguments, -1 with an error. With `reduce` a number becomes a
 * tensor, which is to be released. */
static int scatter_with(ag_tensor *x, int dim, ag_tensor *index, ag_arg src, int reduce,
                        ag_arg args[3], ag_attr *attr, ag_tensor **made)
{
    args[0] = agi_arg(x);
    args[1] = agi_arg(index);
    *attr = (ag_attr){.i = {dim, 1, true}};  /* what follows dim is that of scatter_reduce */
    if (!agi_has_tensors("scatter", x, index))
        return -1;
    if (reduce > 1) {
        agi_fail(AG_ERR_VALUE, "scatter: reduce must be 0 to add, 1 to multiply, or below 0, "
                 "got %d", reduce);
        return -1;
    }
    if (reduce >= 0 && src.tensor == NULL) {
        if (!agi_cast_number(&src, agi_arg_dtype(&args[0])))
            return -1;
        *made = ag_full(index->ndim, agi_shape_of(index), src.value);
        if (*made == NULL || ag_set_dtype(*made, agi_arg_dtype(&args[0])) != AG_OK)
            return -1;
        src = agi_arg(*made);
    }
    args[2] = src;
    return reduce < 0 ? AG_OP_scatter : reduce == 0 ? AG_OP_scatter_add : AG_OP_scatter_reduce;
}

ag_tensor *ag_scatter(ag_tensor *x, int dim, ag_tensor *index, ag_arg src, int reduce)
{
    ag_arg args[3];
    ag_attr attr;
    ag_tensor *made = NULL;
    const int op = scatter_with(x, dim, index, src, reduce, args, &attr, &made);
    ag_tensor *z = op >= 0 ? agi_call(op, 3, args, &attr) : NULL;
    agi_release(made);
    return z;
}

ag_status ag_scatter_(ag_tensor *x, int dim, ag_tensor *index, ag_arg src, int reduce)
{
    ag_arg args[3];
    ag_attr attr;
    ag_tensor *made = NULL;
    const int op = scatter_with(x, dim, index, src, reduce, args, &attr, &made);
    const ag_status status = op >= 0 ? ag_apply_((ag_op)op, 3, args, &attr) : ag_last_status();
    agi_release(made);
    return status;
}

/* scatter_add: z[..., index[..., k, ...], ...] += y[..., k, ...].  dx = g; dy = g at its place. */
AG_EDIT(scatter_add)
{
    agi_indexed job;
    bool is_empty;
    if (!lines_of("scatter_add", z, args, attr, &job, &is_empty))
        return ag_last_status();
    if (!is_empty)
        agi_indexed_run(&job, adding(&args[0]));
    return AG_OK;
}

AG_RULE(scatter_add)
{
    if (NEEDS(0))
        GX(0) = G;
    if (NEEDS(2))
        GX(2) = gathered(v);
}

/* ---- along a dimension: index_add ------------------------------------------------------------ */

#define NUMBER_OF_INDICES \
    "%s(): Number of indices (%lld) should be equal to source.size(dim) (%lld)"

/* The shape of the part: that of z, with as many along dim as the index has numbers. */
bool agi_check_slices(const char *op, const ag_tensor *z, const ag_tensor *part,
                      const ag_tensor *index, int dim)
{
    const int64_t along = part->ndim > 0 ? agi_shape_of(part)[dim] : 1;
    if (z->ndim == part->ndim && along != index->numel) {
        agi_fail(AG_ERR_VALUE, NUMBER_OF_INDICES, op, (long long)index->numel, (long long)along);
        return false;
    }
    bool fits = z->ndim == part->ndim;
    for (int d = 0; fits && d < z->ndim; d++)
        fits = d == dim || agi_shape_of(z)[d] == agi_shape_of(part)[d];
    if (fits)
        return true;
    char a[AGI_SHAPE_TEXT], b[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_SHAPE,
             "%s(): source tensor shape must match self tensor shape, excluding the specified "
             "dimension. Got self.shape = %s source.shape = %s", op,
             agi_format_shape_list(a, z->ndim, agi_shape_of(z)),
             agi_format_shape_list(b, part->ndim, agi_shape_of(part)));
    return false;
}

/* The sizes of t without a dimension, as text. */
static const char *format_slice(char text[AGI_SHAPE_TEXT], const ag_tensor *t, int dim)
{
    int length = 0;
    text[0] = '\0';
    for (int d = 0; d < t->ndim && length < AGI_SHAPE_TEXT - 32; d++)
        if (d != dim)
            length += snprintf(text + length, (size_t)(AGI_SHAPE_TEXT - length), "%s%lld",
                               length > 0 ? " " : "", (long long)agi_shape_of(t)[d]);
    return text;
}

static bool have_same_slices(const ag_tensor *a, const ag_tensor *b, int dim)
{
    if (a->ndim == 0 || b->ndim == 0)
        return a->ndim + b->ndim <= 1;
    bool same = true;
    for (int d = 0; same && d < a->ndim; d++)
        same = d == dim || agi_shape_of(a)[d] == agi_shape_of(b)[d];
    return same;
}

/* The same of index_copy, which takes one number and a vector of one for each other. */
static bool check_copied(const char *op, const ag_tensor *z, const ag_tensor *part,
                         const ag_tensor *index, int dim)
{
    if (part->ndim == 0 && index->numel != 1)
        agi_fail(AG_ERR_INDEX, "%s(): When source is scalar, index should have one element (got "
                               "%lld)", op, (long long)index->numel);
    else if (part->ndim != z->ndim && part->ndim != 0 && z->ndim != 0)
        agi_fail(AG_ERR_INDEX, "%s(): When source and destination are not scalars, their "
                               "dimensionality must match. Source dimensionality (%d), destination "
                               "dimensionality (%d)", op, part->ndim, z->ndim);
    else if (!have_same_slices(z, part, dim)) {
        char a[AGI_SHAPE_TEXT], b[AGI_SHAPE_TEXT];
        agi_fail(AG_ERR_SHAPE, "%s(): Source/destination tensor must have same slice shapes. "
                               "Destination slice shape: %s at dimension %d and source slice "
                               "shape: %s at dimension %d.", op, format_slice(a, z, dim), dim,
                 format_slice(b, part, dim), part->ndim > 0 ? dim : 0);
    } else if (part->ndim > 0 && agi_shape_of(part)[dim] != index->numel)
        agi_fail(AG_ERR_INDEX, NUMBER_OF_INDICES, op, (long long)index->numel,
                 (long long)agi_shape_of(part)[dim]);
    else
        return true;
    return false;
}

bool agi_check_slices_there(const ag_tensor *z, const ag_tensor *index, int dim)
{
    int64_t wrong;
    const int64_t size = z->ndim > 0 ? agi_shape_of(z)[dim] : 1;
    if (agi_indexed_fits(index, 0, size, &wrong))
        return true;
    agi_fail(AG_ERR_INDEX, "index out of range in self: index %lld is out of bounds for dimension "
                           "%d with size %lld", (long long)wrong, dim, (long long)size);
    return false;
}

typedef bool slices_check(const char *op, const ag_tensor *z, const ag_tensor *part,
                          const ag_tensor *index, int dim);

/* The job of an op along a dimension; false with an error. */
static bool slices_of(const char *op, slices_check *check, ag_tensor *z, const ag_arg *args,
                      const ag_attr *attr, agi_indexed *job, bool *is_empty)
{
    const ag_tensor *index = args[1].tensor;
    ag_arg part = args[2];
    int dim;
    if (!agi_has_tensor(op, index) || agi_shape_wrap_dim(attr->i[0], z->ndim, &dim) != AG_OK ||
        !agi_check_vector(op, index))
        return false;
    if (part.tensor == NULL && !agi_cast_number(&part, agi_arg_dtype(&args[0])))
        return false;
    if (part.tensor != NULL && agi_dtype_of(part.tensor) != agi_arg_dtype(&args[0])) {
        agi_fail(AG_ERR_VALUE, "%s(): self (%s) and source (%s) must have the same scalar type", op,
                 agi_dtype_name(agi_arg_dtype(&args[0])),
                 agi_dtype_name(agi_dtype_of(part.tensor)));
        return false;
    }
    if (part.tensor != NULL && !check(op, z, part.tensor, index, dim))
        return false;
    if (!agi_check_slices_there(z, index, dim))
        return false;
    *is_empty = index->numel == 0;
    if (*is_empty)
        return true;
    agi_indexed_along(job, z, dim, index, &part);
    job->may_block = agi_are_snapshots(3, args);
    return true;
}

/* g at the numbers of the index, in the shape that input 2 had. */
static ag_arg selected(agi_vjp *v)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 2, &ndim);
    const ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}};
    const ag_arg args[2] = {G, IN(1)};
    const ag_arg z = agi_value(AG_OP_index_select, 2, args, &attr);
    if (agi_value_failed(z) || z.tensor->ndim == ndim)
        return z;
    return v_view(z, ndim, shape);
}

/* index_add: z[index[k]] += alpha * y[k] along i[0], where f[0] is alpha.
 * dx = g; dy = alpha * g at its place. */
AG_EDIT(index_add)
{
    const double alpha = attr->f[0];
    const ag_dtype dtype = agi_arg_dtype(&args[0]);
    agi_indexed job;
    bool is_empty;
    if (dtype != AG_FLOAT64 && !(isfinite(alpha) && alpha == trunc(alpha)))
        return agi_fail(AG_ERR_VALUE, "For integral input tensors, argument alpha must not be a "
                                      "floating point number.");
    if (!slices_of("index_add_", agi_check_slices, z, args, attr, &job, &is_empty))
        return ag_last_status();
    if (!is_empty && (dtype != AG_BOOL || alpha != 0.0)) {
        job.scale = alpha;
        agi_indexed_run(&job, adding(&args[0]));
    }
    return AG_OK;
}

AG_RULE(index_add)
{
    const double alpha = agi_node_attr_of(v->node)->f[0];
    if (NEEDS(0))
        GX(0) = G;
    if (NEEDS(2))
        GX(2) = alpha == 1.0 ? selected(v) : v_mul(selected(v), NUM(alpha));
}

/* ---- index_copy, index_fill ------------------------------------------------------------------ */

/* index_copy: z[index[k]] = y[k] along i[0].
 * dx = g, 0 where it was replaced; dy = g at its place. */
AG_EDIT(index_copy)
{
    agi_indexed job;
    bool is_empty;
    if (!slices_of("index_copy_", check_copied, z, args, attr, &job, &is_empty))
        return ag_last_status();
    if (!is_empty)
        agi_indexed_run(&job, AGI_INDEXED_WRITE);
    return AG_OK;
}

/* g, but 0 at the places of the index. */
static ag_arg emptied(agi_vjp *v)
{
    const ag_attr attr = {.i = {agi_node_attr_of(v->node)->i[0]}};
    const ag_arg args[3] = {G, IN(1), NUM(0.0)};
    return agi_value(AG_OP_index_fill, 3, args, &attr);
}

AG_RULE(index_copy)
{
    if (NEEDS(0))
        GX(0) = emptied(v);
    if (NEEDS(2))
        GX(2) = selected(v);
}

static bool check_filling(ag_tensor *z, const ag_tensor *index, const ag_tensor *value, int dim)
{
    const int64_t size = z->ndim > 0 ? agi_shape_of(z)[dim] : 1;
    int64_t wrong;
    if (value != NULL && value->ndim > 0) {
        agi_fail(AG_ERR_VALUE, "index_fill_ only supports a 0-dimensional value tensor, but got "
                               "tensor with %d dimension(s).", value->ndim);
    } else if (agi_dtype_of(index) != AG_INT64) {
        agi_fail(AG_ERR_INDEX, "index_fill_(): Expected dtype int64 for index.");
    } else if (index->ndim > 1) {
        agi_fail(AG_ERR_VALUE, "Index has to be a vector/scalar");
    } else if (!agi_indexed_fits(index, -size, size, &wrong)) {
        agi_fail(AG_ERR_INDEX, "index %lld is out of bounds for dimension %d with size %lld",
                 (long long)wrong, dim, (long long)size);
    } else {
        return true;
    }
    return false;
}

/* index_fill: z[index[k]] = a number, or that of a 0-d tensor, along i[0].
 * dx = g, 0 where it was replaced; dy = the sum of g where it was, once for each place. */
AG_EDIT(index_fill)
{
    const ag_tensor *index = args[1].tensor, *value = args[2].tensor;
    ag_arg part = args[2];
    agi_indexed job;
    int dim;
    if (!agi_has_tensor("index_fill", index) ||
        agi_shape_wrap_dim(attr->i[0], z->ndim, &dim) != AG_OK ||
        !check_filling(z, index, value, dim))
        return ag_last_status();
    if (value != NULL)
        part = agi_number_of(*agi_tensor_data(value), agi_dtype_of(value));
    if (!agi_cast_number(&part, agi_arg_dtype(&args[0])))
        return ag_last_status();
    if (index->numel == 0)
        return AG_OK;
    agi_indexed_along(&job, z, dim, index, &part);
    job.may_block = agi_are_snapshots(3, args);
    agi_indexed_run(&job, AGI_INDEXED_WRITE);
    return AG_OK;
}

AG_RULE(index_fill)
{
    if (NEEDS(0))
        GX(0) = emptied(v);
    if (NEEDS(2)) {
        const int64_t i[4] = {agi_node_attr_of(v->node)->i[0]};
        const ag_tensor *g = G.tensor;
        const ag_arg ones = agi_written_zeros(AG_OP_index_fill, g->ndim, agi_shape_of(g), IN(1),
                                              NUM(1.0), i, 0.0);
        GX(2) = agi_sum_to(v_where(v_ne(ones, NUM(0.0)), G, NUM(0.0)), 0, NULL);
    }
}

/* ---- put: numbers count row by row ----------------------------------------------------------- */

ag_tensor *agi_flat_of(const ag_tensor *t)
{
    static const int64_t one = 1;
    if (agi_is_contiguous(t))
        return agi_tensor_over(t->storage, 1, &t->numel, &one, t->offset);
    ag_tensor *z = agi_tensor_new(1, &t->numel, t->numel);
    if (z != NULL)
        agi_run_gather(agi_tensor_data(z), t->ndim, agi_shape_of(t), agi_tensor_data(t),
                       agi_strides_of(t));
    return z;
}

static bool check_put(const ag_tensor *z, const ag_arg *args)
{
    const ag_tensor *index = args[1].tensor, *source = args[2].tensor;
    const ag_dtype dtype = agi_arg_dtype(&args[0]);
    if (!agi_has_tensor("put_", index) || !agi_check_reach("put_", z, index))
        return false;
    if (source == NULL)
        return true;
    if (agi_dtype_of(source) != dtype) {
        agi_fail(AG_ERR_VALUE, "put_(): self and source expected to have the same dtype, but got "
                               "self.dtype = %s and source.dtype = %s", agi_dtype_name(dtype),
                 agi_dtype_name(agi_dtype_of(source)));
        return false;
    }
    if (source->numel == index->numel)
        return true;
    agi_fail(AG_ERR_INDEX, "put_(): Expected source and index to have the same number of elements, "
                           "but got source.numel() = %lld, index.numel() = %lld",
             (long long)source->numel, (long long)index->numel);
    return false;
}

/* put: element index[k] of x, row by row, becomes y[k], or i[0] has y[k] added to it.
 * dx = g, 0 where it was replaced, or g; dy = g at its place. */
AG_EDIT(put)
{
    ag_arg part = args[2];
    if (!check_put(z, args) ||
        (part.tensor == NULL && !agi_cast_number(&part, agi_arg_dtype(&args[0]))))
        return ag_last_status();
    ag_tensor *index = agi_flat_of(args[1].tensor);
    ag_tensor *source = index != NULL && part.tensor != NULL ? agi_flat_of(part.tensor) : NULL;
    const bool ok = index != NULL && (part.tensor == NULL || source != NULL);
    part.tensor = source;
    if (ok && index->numel > 0) {
        agi_indexed job;
        agi_indexed_rows(&job, z, agi_all_dims(z), 0, index, &part);
        job.may_block = agi_are_snapshots(3, args);
        agi_indexed_run(&job, attr->i[0] != 0 ? adding(&args[0]) : AGI_INDEXED_WRITE);
    }
    agi_release(source);
    agi_release(index);
    return ok ? AG_OK : ag_last_status();
}

AG_RULE(put)
{
    const bool accumulates = agi_node_attr_of(v->node)->i[0] != 0;
    const ag_attr attr = {.i = {false}};
    const ag_arg written[3] = {G, IN(1), NUM(0.0)}, read[2] = {G, written[1]};
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 2, &ndim);
    if (NEEDS(0))
        GX(0) = accumulates ? G : agi_value(AG_OP_put, 3, written, &attr);
    if (NEEDS(2))
        GX(2) = v_view(agi_value(AG_OP_take, 2, read, NULL), ndim, shape);
}

/* ---- index_put: x[...] = y, or += y ---------------------------------------------------------- */

static bool check_value(const ag_tensor *value, int ndim, const int64_t *shape)
{
    int both = ndim;
    int64_t sizes[AGI_MAX_DIMS];
    memcpy(sizes, shape, (size_t)ndim * sizeof *sizes);
    if (value->ndim <= ndim &&
        agi_shape_broadcast(&both, sizes, value->ndim, agi_shape_of(value)) == AG_OK &&
        agi_shape_equal(both, sizes, ndim, shape))
        return true;
    char a[AGI_SHAPE_TEXT], b[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_SHAPE, "shape mismatch: value tensor of shape %s cannot be broadcast to "
                           "indexing result of shape %s",
             agi_format_shape_list(a, value->ndim, agi_shape_of(value)),
             agi_format_shape_list(b, ndim, shape));
    return false;
}

/* As index reads it; i[2]: what is there is added to. Of several that are written to one place the
 * last one stays.  dx = g, 0 where something was written, or g where it was added; dy = g at its
 * places, summed to the shape of y. */
AG_EDIT(index_put)
{
    const ag_tensor *index = args[1].tensor;
    const uint32_t mask = (uint32_t)attr->i[0];
    const ag_dtype dtype = agi_arg_dtype(&args[0]);
    ag_arg part = args[2];
    int64_t shape[AGI_MAX_DIMS];
    agi_indexed job;
    int ndim;
    if (!agi_has_tensor("index_put", index) || !agi_check_places("index_put", z, index, attr) ||
        !agi_indexed_shape(z, mask, (int)attr->i[1], index, &ndim, shape))
        return ag_last_status();
    if (part.tensor == NULL && !agi_cast_number(&part, dtype))
        return ag_last_status();
    if (part.tensor != NULL && agi_dtype_of(part.tensor) != dtype)
        return agi_fail(AG_ERR_VALUE, "Index put requires the source and destination dtypes match, "
                                      "got %s for the destination and %s for the source.",
                        agi_dtype_name(dtype), agi_dtype_name(agi_dtype_of(part.tensor)));
    if (part.tensor != NULL && !check_value(part.tensor, ndim, shape))
        return ag_last_status();
    agi_indexed_rows(&job, z, mask, (int)attr->i[1], index, &part);
    job.may_block = agi_are_snapshots(3, args);
    agi_indexed_run(&job, attr->i[2] == 0 ? AGI_INDEXED_WRITE : adding(&args[0]));
    return AG_OK;
}

AG_RULE(index_put)
{
    const int64_t *i = agi_node_attr_of(v->node)->i;
    const ag_attr attr = {.i = {i[0], i[1], false}};
    const ag_arg written[3] = {G, IN(1), NUM(0.0)}, read[2] = {G, written[1]};
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 2, &ndim);
    if (NEEDS(0))
        GX(0) = i[2] != 0 ? G : agi_value(AG_OP_index_put, 3, written, &attr);
    if (NEEDS(2))
        GX(2) = agi_sum_to(agi_value(AG_OP_index, 2, read, &attr), ndim, shape);
}
