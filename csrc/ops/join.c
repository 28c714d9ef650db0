/* SPDX-License-Identifier: MIT
 *
 * Tensors joined along a dimension, and parted along one: ops of any number of inputs or results.
 */
#include <string.h>

#include "../base/alloc.h"
#include "../base/caches.h"
#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "../tape/rule.h"
#include "../tensor/copy.h"
#include "table.h"

/* ---- cat: behind each other along i[0]; dx = the part of g. Saves nothing. ------------------ */

/* The list of the node has each input's size along the dimension, NOTHING for an empty vector,
 * which fits everywhere, as in PyTorch. */
#define NOTHING (-1)

static bool is_nothing(const ag_tensor *t) { return t->ndim == 1 && t->numel == 0; }

/* What t adds along the dimension, where it has that. */
static int64_t size_along(const ag_tensor *t, int dim)
{
    return is_nothing(t) ? NOTHING : dim < t->ndim ? agi_shape_of(t)[dim] : 0;
}

/* The input that says what shape the others have. */
static const ag_tensor *first_of(int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (!is_nothing(args[k].tensor))
            return args[k].tensor;
    return args[0].tensor;
}

static ag_status check_fit(const ag_tensor *like, const ag_tensor *t, int k, int dim)
{
    if (t->ndim == 0)
        return agi_fail(AG_ERR_SHAPE,
                        "zero-dimensional tensor (at position %d) cannot be concatenated", k);
    if (is_nothing(t))
        return AG_OK;
    if (t->ndim != like->ndim)
        return agi_fail(AG_ERR_SHAPE, "Tensors must have same number of dimensions: got %d and %d",
                        like->ndim, t->ndim);
    for (int d = 0; d < t->ndim; d++)
        if (d != dim && agi_shape_of(t)[d] != agi_shape_of(like)[d])
            return agi_fail(AG_ERR_SHAPE,
                            "Sizes of tensors must match except in dimension %d. Expected size "
                            "%lld but got size %lld for tensor number %d in the list.", dim,
                            (long long)agi_shape_of(like)[d], (long long)agi_shape_of(t)[d], k);
    return AG_OK;
}

/* The shape of the result; the sizes along the dimension must be those of the list. */
static ag_status joined_shape(int n, const ag_arg *args, int dim, const int64_t *sizes,
                              int64_t *shape)
{
    const ag_tensor *like = first_of(n, args);
    int64_t whole = 0;
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (check_fit(like, t, k, dim) != AG_OK)
            return ag_last_status();
        const int64_t size = size_along(t, dim);
        if (size != sizes[k])
            return agi_fail(AG_ERR_SHAPE, "cat: tensor number %d has changed since its size was "
                                          "read", k);
        if (size != NOTHING && __builtin_add_overflow(whole, size, &whole))
            return agi_fail(AG_ERR_OVERFLOW, "cat: the sizes along dimension %d are too large",
                            dim);
    }
    memcpy(shape, agi_shape_of(like), like->ndim * sizeof *shape);
    shape[dim] = whole;
    return AG_OK;
}

/* Bytes of inputs and result from which the result goes past the caches, which could not keep both.
 */
#ifdef AG_TESTING
#define JOIN_PAST_MIN 64
#else
#define JOIN_PAST_MIN (agi_caches.last / 16 * 15)
#endif

/* t into its part of the result, z from `at` on. */
static void put_part(const ag_tensor *z, double *at, const ag_tensor *t, int dim)
{
    bool is_run = agi_is_contiguous(t);  /* its part of the result lies in one piece, too */
    for (int d = 0; d < dim; d++)
        is_run = is_run && agi_shape_of(t)[d] == 1;
    if (is_run && 2 * z->numel * (int64_t)sizeof(double) >= JOIN_PAST_MIN)
        agi_copy_past_caches(at, agi_tensor_data(t), t->numel);
    else
        agi_run_scatter(at, agi_strides_of(z), z->ndim, agi_shape_of(t), agi_tensor_data(t),
                        agi_strides_of(t));
}

static ag_tensor *join(int n, const ag_arg *args, const ag_attr *attr)
{
    const int dim = (int)attr->i[0];
    const int64_t *sizes = attr->list;
    int64_t shape[AGI_MAX_DIMS];
    const int ndim = first_of(n, args)->ndim;
    if (joined_shape(n, args, dim, sizes, shape) != AG_OK)
        return NULL;
    const int64_t numel = agi_shape_numel("cat", ndim, shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(ndim, shape, numel);
    if (z == NULL)
        return NULL;
    double *at = agi_tensor_data(z);
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t->numel > 0)
            put_part(z, at, t, dim);
        at += sizes[k] == NOTHING ? 0 : sizes[k] * agi_strides_of(z)[dim];
    }
    return z;
}

AG_FORWARD(cat) { return agi_of_snapshots(attr->n_list, args, attr, join); }

AG_RULE(cat)
{
    static const int64_t empty[1] = {0};
    const int64_t *sizes;
    const int n = agi_node_list(v->node, &sizes);
    const int64_t dim = agi_node_attr_of(v->node)->i[0];
    int64_t start = 0;
    for (int k = 0; k < n; k++) {
        const int64_t size = sizes[k] == NOTHING ? 0 : sizes[k];
        ag_attr part = {.i = {dim, start, start + size, 1}};
        if (NEEDS_OF(k))
            GX(k) = sizes[k] == NOTHING ? agi_repeated(0.0, 1, empty)
                                        : agi_value(AG_OP_slice, 1, &G, &part);
        start += size;
    }
}

static ag_tensor *cat_with(int n, ag_tensor *const *tensors, int dim, ag_arg *args, int64_t *sizes)
{
    int at;
    for (int k = 0; k < n; k++)
        args[k] = agi_arg(tensors[k]);
    const ag_tensor *like = first_of(n, args);
    for (int k = 0; k < n; k++)
        if (tensors[k]->ndim == 0 && check_fit(like, tensors[k], k, 0) != AG_OK)
            return NULL;
    if (agi_shape_wrap_dim(dim, like->ndim, &at) != AG_OK)
        return NULL;
    for (int k = 0; k < n; k++)
        sizes[k] = size_along(tensors[k], at);
    const ag_attr attr = {.i = {at}, .n_list = n, .list = sizes};
    return agi_call(AG_OP_cat, n, args, &attr);
}

ag_tensor *ag_cat(int n, ag_tensor *const *tensors, int dim)
{
    if (n < 1 || n > AGI_NODE_INPUTS)
        return agi_fail_null(AG_ERR_VALUE, "cat: expected 1 to %d tensors, got %d",
                             AGI_NODE_INPUTS, n);
    if (!agi_check_tensors("cat", "tensors", n, tensors))
        return NULL;
    ag_arg *args = agi_plain_new((size_t)n * (sizeof *args + sizeof(int64_t)));
    ag_tensor *z = args != NULL ? cat_with(n, tensors, dim, args, (int64_t *)(args + n)) : NULL;
    agi_plain_free(args);
    return z;
}

/* ---- unbind: a view of each index of i[0]; dx = all cotangents joined, zeros where none came - */

/* Takes back the first k results. */
static ag_status give_up(int k, ag_tensor **outs)
{
    while (k-- > 0)
        agi_release(outs[k]);
    return ag_last_status();
}

AG_FORWARD_SEVERAL(unbind)
{
    const ag_tensor *x = args[0].tensor;
    const int dim = (int)attr->i[0];
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    int at = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (d == dim)
            continue;
        shape[at] = agi_shape_of(x)[d];
        strides[at++] = agi_strides_of(x)[d];
    }
    for (int k = 0; k < n; k++) {
        outs[k] = agi_tensor_over(x->storage, at, shape, strides,
                                  x->offset + k * agi_strides_of(x)[dim]);
        if (outs[k] == NULL)
            return give_up(k, outs);
    }
    return AG_OK;
}

/* dx of parts of the dimension i[0]: what `part` gives for each result, of the sizes there (NULL:
 * 1), joined. */
static ag_arg join_parts(const agi_vjp *v, const int64_t *given,
                         ag_arg (*part)(const agi_vjp *v, int k, int ndim, const int64_t *shape,
                                        int64_t dim))
{
    int ndim;
    int64_t shape[AGI_MAX_DIMS];
    const int64_t *whole = agi_node_input_shape(v->node, 0, &ndim);
    const int64_t dim = agi_node_attr_of(v->node)->i[0];
    const int n = agi_node_outputs(v->node);
    ag_arg *parts = agi_plain_new((size_t)n * (sizeof(ag_arg) + sizeof(int64_t)));
    if (parts == NULL)
        return agi_arg(&agi_failed);
    int64_t *sizes = (int64_t *)(parts + n);
    memcpy(shape, whole, (size_t)ndim * sizeof *shape);
    for (int k = 0; k < n; k++) {
        shape[dim] = given != NULL ? given[k] : 1;
        parts[k] = part(v, k, ndim, shape, dim);
        sizes[k] = agi_value_failed(parts[k]) ? 0 : size_along(parts[k].tensor, (int)dim);
    }
    ag_attr attr = {.i = {dim}, .n_list = n, .list = sizes};
    const ag_arg joined = agi_value(AG_OP_cat, n, parts, &attr);
    agi_plain_free(parts);
    return joined;
}

/* What is joined for index k: its cotangent with the dimension put in, or zeros. */
static ag_arg index_of(const agi_vjp *v, int k, int ndim, const int64_t *shape, int64_t dim)
{
    ag_attr at = {.i = {dim}};
    ag_arg g = GS(k);
    return g.tensor == NULL ? agi_repeated(0.0, ndim, shape)
                            : agi_value(AG_OP_unsqueeze, 1, &g, &at);
}

AG_RULE(unbind) { GX(0) = join_parts(v, NULL, index_of); }

/* ---- split: views of parts of i[0], of the sizes in the list; dx as unbind's ----------------- */

AG_FORWARD_SEVERAL(split)
{
    const ag_tensor *x = args[0].tensor;
    const int dim = (int)attr->i[0];
    int64_t shape[AGI_MAX_DIMS], offset = x->offset;
    memcpy(shape, agi_shape_of(x), (size_t)x->ndim * sizeof *shape);
    for (int k = 0; k < n; k++) {
        shape[dim] = attr->list[k];
        outs[k] = agi_tensor_over(x->storage, x->ndim, shape, agi_strides_of(x), offset);
        if (outs[k] == NULL)
            return give_up(k, outs);
        offset += attr->list[k] * agi_strides_of(x)[dim];
    }
    return AG_OK;
}

static ag_arg section_of(const agi_vjp *v, int k, int ndim, const int64_t *shape, int64_t dim)
{
    (void)dim;
    return GS(k).tensor == NULL ? agi_repeated(0.0, ndim, shape) : GS(k);
}

AG_RULE(split)
{
    const int64_t *sizes;
    agi_node_list(v->node, &sizes);
    GX(0) = join_parts(v, sizes, section_of);
}

/* The dimension to be split, and how long it is; -1 with an error. */
static int64_t split_length(const char *op, const ag_tensor *x, int dim, int *at)
{
    if (!agi_has_tensor(op, x))
        return -1;
    if (x->ndim == 0) {
        agi_fail(AG_ERR_SHAPE, "%s expects at least a 1-dimensional tensor", op);
        return -1;
    }
    return agi_shape_wrap_dim(dim, x->ndim, at) == AG_OK ? agi_shape_of(x)[*at] : -1;
}

/* How many parts of a size a length has; -1 with an error. */
static int64_t count_of_size(int64_t length, int64_t size)
{
    if (size < 0)
        agi_fail(AG_ERR_SHAPE, "split expects split_size be non-negative, but got split_size=%lld",
                 (long long)size);
    else if (size == 0 && length != 0)
        agi_fail(AG_ERR_SHAPE, "split_size can only be 0 if dimension size is 0, but got dimension "
                               "size of %lld", (long long)length);
    else
        return length == 0 ? 1 : (length - 1) / size + 1;
    return -1;
}

static int64_t count_of_sizes(int64_t length, int dim, int n, const int64_t *sizes)
{
    int64_t whole = 0;
    bool fits = true;
    for (int k = 0; k < n; k++) {
        if (sizes[k] < 0) {
            agi_fail(AG_ERR_SHAPE, "split_with_sizes expects split_sizes have only non-negative "
                                   "entries, but got %lld", (long long)sizes[k]);
            return -1;
        }
        fits = fits && !__builtin_add_overflow(whole, sizes[k], &whole);
    }
    if (fits && whole == length)
        return n;
    char text[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_SHAPE, "split_with_sizes expects split_sizes to sum exactly to %lld (input "
                           "tensor's size at dimension %d), but got split_sizes=%s%s",
             (long long)length, dim,
             agi_format_shape_list(text, n < AGI_MAX_DIMS ? n : AGI_MAX_DIMS, sizes),
             n <= AGI_MAX_DIMS ? "" : " and more");
    return -1;
}

static int64_t count_parts(const ag_tensor *x, int n, const int64_t *sizes, int dim, int *at)
{
    const int64_t length = split_length("split", x, dim, at);
    if (length < 0 || !agi_has("split", sizes, "sizes"))
        return -1;
    return n < 0 ? count_of_size(length, sizes[0]) : count_of_sizes(length, *at, n, sizes);
}

static int as_count(const char *op, int64_t count)
{
    if (count <= AGI_NODE_INPUTS)
        return (int)count;
    agi_fail(AG_ERR_VALUE, "%s: expected at most %d results, got %lld", op, AGI_NODE_INPUTS,
             (long long)count);
    return -1;
}

int ag_split_count(ag_tensor *x, int n_sizes, const int64_t *sizes, int dim)
{
    int at;
    return as_count("split", count_parts(x, n_sizes, sizes, dim, &at));
}

/* Parts of one size, the last of what is left; or of the sizes given. `is_named_so`: the node is
 * called after sizes, as PyTorch does it. */
static ag_status split_by(ag_tensor *x, int at, bool has_sizes, bool is_named_so,
                          const int64_t *sizes, int n, ag_tensor **outs)
{
    const ag_arg arg = agi_arg(x);
    int64_t left = agi_shape_of(x)[at];
    int64_t *list = agi_plain_new((size_t)(n + 1) * sizeof *list);
    if (list == NULL)
        return ag_last_status();
    for (int k = 0; k < n; k++) {
        list[k] = has_sizes ? sizes[k] : left < sizes[0] ? left : sizes[0];
        left -= list[k];
    }
    ag_attr attr = {.i = {at, is_named_so}, .n_list = n, .list = list};
    const ag_status status = ag_apply_several(AG_OP_split, 1, &arg, &attr, n, outs);
    agi_plain_free(list);
    return status;
}

static bool has_room(const char *op, int64_t count, int n)
{
    if (count < 0 || as_count(op, count) < 0)
        return false;
    if (n == count)
        return true;
    agi_fail(AG_ERR_VALUE, "%s: expected room for %lld results, got %d", op, (long long)count, n);
    return false;
}

ag_status ag_split(ag_tensor *x, int n_sizes, const int64_t *sizes, int dim, int n,
                   ag_tensor **outs)
{
    int at;
    const int64_t count = count_parts(x, n_sizes, sizes, dim, &at);
    const bool has_sizes = n_sizes >= 0;
    return has_room("split", count, n) ? split_by(x, at, has_sizes, has_sizes, sizes, n, outs)
                                       : ag_last_status();
}

/* ---- chunk: split into so many parts, or fewer, of one size ---------------------------------- */

static int64_t count_chunks(const ag_tensor *x, int64_t chunks, int dim, int *at, int64_t *size)
{
    const int64_t length = split_length("chunk", x, dim, at);
    if (length < 0)
        return -1;
    if (chunks <= 0) {
        agi_fail(AG_ERR_SHAPE, "chunk expects `chunks` to be greater than 0, got: %lld",
                 (long long)chunks);
        return -1;
    }
    *size = length == 0 ? 0 : (length - 1) / chunks + 1;
    return length == 0 ? chunks : (length - 1) / *size + 1;
}

int ag_chunk_count(ag_tensor *x, int64_t chunks, int dim)
{
    int at;
    int64_t size;
    return as_count("chunk", count_chunks(x, chunks, dim, &at, &size));
}

ag_status ag_chunk(ag_tensor *x, int64_t chunks, int dim, int n, ag_tensor **outs)
{
    int at = 0;
    int64_t size = 0;
    const int64_t count = count_chunks(x, chunks, dim, &at, &size);
    return has_room("chunk", count, n) ? split_by(x, at, false, size == 0, &size, n, outs)
                                       : ag_last_status();
}
