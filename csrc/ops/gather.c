/* SPDX-License-Identifier: MIT
 *
 * Reading elements that an index tensor names: gather, index_select, and index, which is x[...].
 * Their transposes add to zeros (scatter.c), and are transposed by these: so every order of
 * derivative exists.
 */
#include <string.h>

#include "../base/shape.h"
#include "indexed_check.h"
#include "table.h"

/* ---- checks --------------------------------------------------------------------------------- */

static bool is_larger(const ag_tensor *index, const ag_tensor *whole, int dim)
{
    for (int d = 0; d < index->ndim; d++)
        if (d != dim && agi_shape_of(index)[d] > (whole->ndim > 0 ? agi_shape_of(whole)[d] : 1))
            return true;
    return false;
}

static int dims_of(const ag_tensor *t) { return t->ndim > 0 ? t->ndim : 1; }

static bool fail_larger(const char *op, const ag_tensor *whole, const ag_tensor *index,
                        const ag_tensor *part, int dim)
{
    char a[AGI_SHAPE_TEXT], b[AGI_SHAPE_TEXT], c[AGI_SHAPE_TEXT];
    agi_format_shape_list(a, index->ndim, agi_shape_of(index));
    agi_format_shape_list(b, whole->ndim, agi_shape_of(whole));
    if (strcmp(op, "gather") == 0) {
        int wrong = 0;
        while (wrong == dim || agi_shape_of(index)[wrong] <= agi_shape_of(whole)[wrong])
            wrong++;
        agi_fail(AG_ERR_SHAPE, "Size does not match at dimension %d expected index %s to be no "
                               "larger than self %s apart from dimension %d", wrong, a, b, dim);
    } else if (part == NULL) {
        agi_fail(AG_ERR_SHAPE, "Expected index %s to be no larger than self %s apart from "
                               "dimension %d", a, b, dim);
    } else {
        agi_fail(AG_ERR_SHAPE, "Expected index %s to be no larger than self %s apart from "
                               "dimension %d and to be no larger size than src %s", a, b, dim,
                 agi_format_shape_list(c, part->ndim, agi_shape_of(part)));
    }
    return false;
}

static bool check_lines_fit(const char *op, const ag_tensor *whole, const ag_tensor *index,
                            const ag_tensor *part, int dim)
{
    if (dims_of(index) != dims_of(whole)) {
        agi_fail(AG_ERR_SHAPE, "Index tensor must have the same number of dimensions as %s tensor",
                 strcmp(op, "gather") == 0 ? "input" : "self");
        return false;
    }
    if (part != NULL && dims_of(index) != dims_of(part)) {
        agi_fail(AG_ERR_SHAPE, "Index tensor must have the same number of dimensions as src "
                               "tensor");
        return false;
    }
    if (is_larger(index, whole, dim) || (part != NULL && is_larger(index, part, -1)))
        return fail_larger(op, whole, index, part, dim);
    int64_t wrong;
    const int64_t size = whole->ndim > 0 ? agi_shape_of(whole)[dim] : 1;
    if (agi_indexed_fits(index, 0, size, &wrong))
        return true;
    agi_fail(AG_ERR_VALUE, "index %lld is out of bounds for dimension %d with size %lld",
             (long long)wrong, dim, (long long)size);
    return false;
}

bool agi_check_lines(const char *op, const ag_tensor *whole, const ag_tensor *index,
                     const ag_tensor *part, int dim)
{
    if (agi_dtype_of(index) != AG_INT64) {
        agi_fail(AG_ERR_VALUE, "%s(): Expected dtype int32/int64 for index", op);
        return false;
    }
    if (part != NULL && agi_dtype_of(part) != agi_dtype_of(whole)) {
        agi_fail(AG_ERR_VALUE, "%s(): Expected self.dtype to be equal to src.dtype", op);
        return false;
    }
    return index->numel == 0 || check_lines_fit(op, whole, index, part, dim);
}

bool agi_check_vector(const char *op, const ag_tensor *index)
{
    if (agi_dtype_of(index) != AG_INT64)
        agi_fail(AG_ERR_VALUE, "%s(): Expected dtype int32 or int64 for index", op);
    else if (index->ndim > 1)
        agi_fail(AG_ERR_INDEX, "%s(): Index is supposed to be a vector", op);
    else
        return true;
    return false;
}

bool agi_check_places(const char *op, const ag_tensor *x, const ag_tensor *index,
                      const ag_attr *attr)
{
    const uint64_t mask = (uint64_t)attr->i[0];
    const int indexed = __builtin_popcountll(mask);
    int64_t size = 1, wrong;
    if (mask >> x->ndim != 0 || attr->i[1] < 0 || attr->i[1] > x->ndim - indexed) {
        agi_fail(AG_ERR_INDEX, "%s: expected dimensions of a tensor that has %d, and a place among "
                               "the others", op, x->ndim);
        return false;
    }
    if (agi_dtype_of(index) != AG_INT64) {
        agi_fail(AG_ERR_INDEX, "tensors used as indices must be long, int, byte or bool tensors");
        return false;
    }
    for (int d = 0; d < x->ndim; d++)
        size *= mask >> d & 1 ? agi_shape_of(x)[d] : 1;
    if (agi_indexed_fits(index, -size, size, &wrong))
        return true;
    agi_fail(AG_ERR_INDEX, "index %lld is out of bounds for dimension %d with size %lld",
             (long long)wrong, mask != 0 ? __builtin_ctzll(mask) : 0, (long long)size);
    return false;
}

bool agi_check_reach(const char *op, const ag_tensor *x, const ag_tensor *index)
{
    int64_t wrong;
    if (agi_dtype_of(index) != AG_INT64) {
        agi_fail(AG_ERR_VALUE, "%s(): Expected a long tensor for index, but got %s", op,
                 agi_dtype_name(agi_dtype_of(index)));
    } else if (x->numel == 0 && index->numel > 0) {
        agi_fail(AG_ERR_INDEX, "%s(): tried to take from an empty tensor", op);
    } else if (!agi_indexed_fits(index, -x->numel, x->numel, &wrong)) {
        agi_fail(AG_ERR_INDEX, "out of range: tried to access index %lld on a tensor of %lld "
                               "elements.", (long long)wrong, (long long)x->numel);
    } else {
        return true;
    }
    return false;
}

/* ---- what rules share ----------------------------------------------------------------------- */

ag_arg agi_padded_to(ag_arg x, int ndim, const int64_t *shape)
{
    for (int d = 0; d < ndim; d++) {
        if (agi_value_failed(x) || x.tensor->ndim != ndim)
            return x;
        const int64_t size = agi_shape_of(x.tensor)[d];
        if (size == shape[d])
            continue;
        int64_t whole[AGI_MAX_DIMS];
        memcpy(whole, agi_shape_of(x.tensor), (size_t)ndim * sizeof *whole);
        whole[d] = shape[d];
        const ag_attr attr = {.i = {d, 0, size, 1}, .n_list = ndim, .list = whole};
        const ag_arg args[2] = {NUM(0.0), x};
        x = agi_value(AG_OP_slice_scatter, 2, args, &attr);
    }
    return x;
}

ag_arg agi_written_zeros(int op, int ndim, const int64_t *shape, ag_arg index, ag_arg part,
                         const int64_t *i, double f)
{
    const ag_attr attr = {.f = {f}, .i = {i[0], i[1], i[2], i[3]}, .n_list = ndim, .list = shape};
    const ag_arg args[3] = {NUM(0.0), index, part};
    return agi_value(op, 3, args, &attr);
}

/* dx of what reads x: zeros, with g added at the places of the index. */
static void add_to_zeros(agi_vjp *v, int op, const int64_t *i)
{
    int ndim;
    const int64_t *shape = agi_node_input_shape(v->node, 0, &ndim);
    GX(0) = agi_written_zeros(op, ndim, shape, IN(1), G, i, 1.0);
}

/* ---- gather: z[..., i, ...] = x[..., index[..., i, ...], ...] along i[0] --------------------- */

AG_FORWARD(gather)
{
    const ag_tensor *x = args[0].tensor, *index = args[1].tensor;
    agi_indexed job;
    int dim;
    if (agi_shape_wrap_dim(attr->i[0], x->ndim, &dim) != AG_OK ||
        !agi_check_lines("gather", x, index, NULL, dim))
        return NULL;
    ag_tensor *z = agi_tensor_new(index->ndim, agi_shape_of(index), index->numel);
    if (z == NULL || z->numel == 0)
        return z;
    const ag_arg part = agi_arg(z);
    agi_indexed_lines(&job, x, dim, index, &part);
    job.may_block = agi_are_snapshots(2, args);
    agi_indexed_run(&job, AGI_INDEXED_READ);
    return z;
}

AG_RULE(gather)
{
    const int64_t i[4] = {agi_node_attr_of(v->node)->i[0]};
    add_to_zeros(v, AG_OP_scatter_add, i);
}

/* ---- index_select: x at the numbers of a vector along i[0] ----------------------------------- */

AG_FORWARD(index_select)
{
    const ag_tensor *x = args[0].tensor, *index = args[1].tensor;
    int64_t shape[AGI_MAX_DIMS], wrong;
    agi_indexed job;
    int dim;
    if (agi_shape_wrap_dim(attr->i[0], x->ndim, &dim) != AG_OK ||
        !agi_check_vector("index_select", index))
        return NULL;
    if (x->ndim == 0 && index->numel != 1)
        return agi_fail_null(AG_ERR_SHAPE, "index_select(): Index to scalar can have only 1 value, "
                                           "got %lld value(s)", (long long)index->numel);
    if (!agi_indexed_fits(index, 0, x->ndim > 0 ? agi_shape_of(x)[dim] : 1, &wrong))
        return agi_fail_null(AG_ERR_INDEX, "index out of range in self");
    memcpy(shape, agi_shape_of(x), x->ndim * sizeof *shape);
    if (x->ndim > 0)
        shape[dim] = index->numel;
    const int64_t numel = agi_shape_numel("index_select", x->ndim, shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(x->ndim, shape, numel);
    if (z == NULL || numel == 0)
        return z;
    const ag_arg part = agi_arg(z);
    agi_indexed_along(&job, x, dim, index, &part);
    job.may_block = agi_are_snapshots(2, args);
    agi_indexed_run(&job, AGI_INDEXED_READ);
    return z;
}

AG_RULE(index_select)
{
    const int64_t i[4] = {agi_node_attr_of(v->node)->i[0]};
    add_to_zeros(v, AG_OP_index_add, i);
}

/* ---- take: x, row by row, at the numbers of an index ----------------------------------------- */

AG_FORWARD(take)
{
    const ag_tensor *x = args[0].tensor, *index = args[1].tensor;
    const uint32_t mask = agi_all_dims(x);
    agi_indexed job;
    (void)attr;
    if (!agi_check_reach("take", x, index))
        return NULL;
    ag_tensor *z = agi_tensor_new(index->ndim, agi_shape_of(index), index->numel);
    if (z == NULL || z->numel == 0)
        return z;
    const ag_arg part = agi_arg(z);
    agi_indexed_rows(&job, x, mask, 0, index, &part);
    job.may_block = agi_are_snapshots(2, args);
    agi_indexed_run(&job, AGI_INDEXED_READ);
    return z;
}

AG_RULE(take)
{
    const int64_t i[4] = {true};
    add_to_zeros(v, AG_OP_put, i);
}

/* ---- index: x[...] --------------------------------------------------------------------------- */

/* The places that one tensor of numbers names in the dimensions of x that are bits of i[0]; its own
 * dimensions stand behind the first i[1] others. (indexing.c makes the numbers of
 * several index tensors into one.) */
AG_FORWARD(index)
{
    const ag_tensor *x = args[0].tensor, *index = args[1].tensor;
    const uint32_t mask = (uint32_t)attr->i[0];
    int64_t shape[AGI_MAX_DIMS];
    agi_indexed job;
    int ndim;
    if (!agi_check_places("index", x, index, attr) ||
        !agi_indexed_shape(x, mask, (int)attr->i[1], index, &ndim, shape))
        return NULL;
    const int64_t numel = agi_shape_numel("index", ndim, shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(ndim, shape, numel);
    if (z == NULL || numel == 0)
        return z;
    const ag_arg part = agi_arg(z);
    agi_indexed_rows(&job, x, mask, (int)attr->i[1], index, &part);
    job.may_block = agi_are_snapshots(2, args);
    agi_indexed_run(&job, AGI_INDEXED_READ);
    return z;
}

AG_RULE(index)
{
    const int64_t *kept = agi_node_attr_of(v->node)->i, i[4] = {kept[0], kept[1], true};
    add_to_zeros(v, AG_OP_index_put, i);
}
