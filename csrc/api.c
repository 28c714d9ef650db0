/* SPDX-License-Identifier: MIT
 *
 * Thin bodies of the public header: reading, the autograd side of tensors, and the ops' own names.
 * Creating is in create.c, ops in place in inplace.c, backward in engine.c, looking at nodes in
 * node.c, random numbers in random.c, tuning beside what it tunes.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/levels.h"
#include "base/shape.h"
#include "base/thread.h"
#include "compute/mvec.h"
#include "compute/run.h"
#include "fuse/jit/jit.h"
#include "fuse/pending.h"
#include "tape/apply.h"
#include "tensor/copy.h"
#include "tensor/scope.h"

const char *ag_version(void) { return AG_VERSION; }

ag_tensor *ag_retain(ag_tensor *t) { return agi_has_tensor("retain", t) ? agi_retain(t) : NULL; }
void ag_release(ag_tensor *t) { agi_release(t); }

/* ---- reading -------------------------------------------------------------------------------- */

int ag_ndim(const ag_tensor *t) { return agi_has_tensor("ndim", t) ? t->ndim : -1; }

const int64_t *ag_shape(const ag_tensor *t)
{
    return agi_has_tensor("shape", t) ? agi_shape_of(t) : NULL;
}

const int64_t *ag_strides(const ag_tensor *t)
{
    return agi_has_tensor("strides", t) ? agi_strides_of(t) : NULL;
}

int64_t ag_numel(const ag_tensor *t) { return agi_has_tensor("numel", t) ? t->numel : -1; }

bool ag_is_contiguous(const ag_tensor *t)
{
    return agi_has_tensor("is_contiguous", t) && agi_is_contiguous(t);
}

double *ag_data(ag_tensor *t)
{
    return agi_has_tensor("data", t) && agi_expr_prepare_write(t) == AG_OK
               ? agi_tensor_data(t) : NULL;
}

uint32_t ag_tensor_version(const ag_tensor *t)
{
    return agi_has_tensor("tensor_version", t) ? agi_tensor_version(t) : 0;
}

void ag_bump_version(ag_tensor *t)
{
    if (agi_has_tensor("bump_version", t))
        agi_tensor_bump(t);
}

void ag_mark_exported(ag_tensor *t)
{
    if (agi_has_tensor("mark_exported", t))
        agi_tensor_export(t);
}

bool ag_is_read_only(const ag_tensor *t)
{
    return agi_has_tensor("is_read_only", t) && t->storage->read_only;
}

bool ag_shares_storage(const ag_tensor *a, const ag_tensor *b)
{
    return agi_has_tensors("shares_storage", a, b) && a->storage == b->storage;
}

ag_tensor *ag_storage_of(ag_tensor *t)
{
    if (!agi_has_tensor("storage_of", t))
        return NULL;
    const int64_t shape[1] = {t->storage->numel}, strides[1] = {1};
    return agi_scope_add(agi_tensor_over(t->storage, 1, shape, strides, 0));
}

ag_status ag_item(ag_tensor *t, double *value)
{
    if (!agi_has_tensor("item", t) || !agi_has("item", value, "memory for a number"))
        return ag_last_status();
    while (t->numel == 1 && AGI_UNLIKELY(agi_is_pending(t->storage)))
        if (agi_storage_ready(t->storage) != AG_OK)
            return ag_last_status();
    if (t->numel != 1)
        return agi_fail(AG_ERR_GRAD, "a Tensor with %lld elements cannot be converted to Scalar",
                        (long long)t->numel);
    *value = *agi_tensor_data(t);
    return AG_OK;
}

ag_status ag_copy_out(ag_tensor *t, double *values)
{
    if (!agi_has_tensor("copy_out", t) ||
        (t->numel > 0 && !agi_has("copy_out", values, "memory for the values")))
        return ag_last_status();
    ag_tensor *x = agi_tensor_to_read(t);  /* the caller has made room for what t is now */
    const bool ready = x != NULL && agi_storage_ready(x->storage) == AG_OK;
    if (ready)
        agi_run_gather(values, x->ndim, agi_shape_of(x), agi_tensor_data(x), agi_strides_of(x));
    agi_release(x);
    return ready ? AG_OK : ag_last_status();
}

/* ---- autograd ------------------------------------------------------------------------------- */

bool ag_requires_grad(const ag_tensor *t)
{
    return agi_has_tensor("requires_grad", t) && agi_requires_grad(t);
}

bool ag_is_leaf(const ag_tensor *t)
{
    return agi_has_tensor("is_leaf", t) &&
           (!agi_requires_grad(t) || agi_is_wanting_leaf(t));
}

bool ag_is_view(const ag_tensor *t)
{
    return agi_has_tensor("is_view", t) && (t->flags & AGI_TENSOR_VIEW);
}

ag_status ag_set_requires_grad(ag_tensor *t, bool on)
{
    if (!agi_has_tensor("set_requires_grad", t))
        return ag_last_status();
    if (!ag_is_leaf(t)) {
        if (on)
            return AG_OK;
        return agi_fail(AG_ERR_GRAD,
                        "you can only change requires_grad flags of leaf variables. If "
                        "you want to use a computed variable in a subgraph that "
                        "doesn't require differentiation use var_no_grad = "
                        "var.detach().");
    }
    t->flags = (uint8_t)(on ? t->flags | AGI_TENSOR_REQUIRES_GRAD
                            : t->flags & ~AGI_TENSOR_REQUIRES_GRAD);
    return AG_OK;
}

ag_tensor *ag_grad_of(const ag_tensor *t)
{
    return agi_has_tensor("grad_of", t) && t->meta != NULL ? t->meta->grad : NULL;
}

ag_status ag_set_grad(ag_tensor *t, ag_tensor *grad)
{
    if (!agi_has_tensor("set_grad", t))
        return ag_last_status();
    if (grad == t)
        return agi_fail(AG_ERR_GRAD, "can't assign Variable as its own grad");
    char got[AGI_SHAPE_TEXT], want[AGI_SHAPE_TEXT];
    if (grad != NULL && !agi_shape_equal(t->ndim, agi_shape_of(t), grad->ndim, agi_shape_of(grad)))
        return agi_fail(AG_ERR_SHAPE,
                        "attempting to assign a gradient of size '%s' to a tensor of size '%s'. "
                        "Please ensure that the gradient and the tensor are the same size",
                        agi_format_shape_list(got, grad->ndim, agi_shape_of(grad)),
                        agi_format_shape_list(want, t->ndim, agi_shape_of(t)));
    if (grad == NULL && t->meta == NULL)
        return AG_OK;
    agi_meta *meta = agi_tensor_meta(t);
    if (meta == NULL)
        return ag_last_status();
    ag_tensor *old = meta->grad;
    meta->grad = grad != NULL ? agi_retain(grad) : NULL;
    agi_release(old);
    return AG_OK;
}

bool ag_retains_grad(const ag_tensor *t)
{
    return agi_has_tensor("retains_grad", t) && (t->flags & AGI_TENSOR_RETAINS_GRAD);
}

ag_tensor *ag_detach(ag_tensor *t)
{
    return agi_has_tensor("detach", t) ? agi_scope_add(agi_tensor_alias(t)) : NULL;
}

ag_tensor *ag_data_of(ag_tensor *t)
{
    ag_tensor *alias = agi_has_tensor("data_of", t) ? agi_tensor_alias(t) : NULL;
    if (alias != NULL && agi_tensor_count_apart(alias, 0) != AG_OK) {
        agi_release(alias);
        return NULL;
    }
    return agi_scope_add(alias);
}

/* t leaves its node, which forgets that it kept t's gradient. */
static void drop_node(ag_tensor *t)
{
    ag_node *node = t->node;
    agi_tensor_unmark(t);
    t->node = NULL;
    t->flags &= (uint8_t)~(AGI_TENSOR_RETAINS_GRAD | AGI_TENSOR_REQUIRES_GRAD);
    agi_node_release(node);
}

ag_status ag_detach_(ag_tensor *t)
{
    if (!agi_has_tensor("detach_", t))
        return ag_last_status();
    if (t->flags & AGI_TENSOR_VIEW)
        return agi_fail(AG_ERR_GRAD, "Can't detach views in-place. Use detach() instead.");
    if (t->node != NULL)
        t->node->detached = true;  /* those that saved t will refuse to use it */
    drop_node(t);
    return AG_OK;
}

/* What was made by an op and gets data of another shape: on the tape a view in that shape, so
 * that no rule is given a gradient of a shape that it does not expect. */
static ag_node *node_in_shape_of(ag_tensor *t, const ag_tensor *from)
{
    ag_attr attr = {.n_list = from->ndim, .list = agi_shape_of(from)};
    ag_arg arg = agi_arg(t);
    ag_node *node = agi_node_new(AG_OP_view, 0, 1, &arg, &attr, from, 0);
    if (node != NULL && !agi_node_prepare(node, t)) {
        agi_node_release(node);
        return NULL;
    }
    return node;
}

ag_status ag_set_data(ag_tensor *t, ag_tensor *from)
{
    ag_node *node = NULL;
    if (!agi_has_tensors("set_data", t, from))
        return ag_last_status();
    if (!ag_is_leaf(t) &&
        !agi_shape_equal(t->ndim, agi_shape_of(t), from->ndim, agi_shape_of(from)) &&
        (node = node_in_shape_of(t, from)) == NULL)
        return ag_last_status();
    ag_status status = agi_tensor_assign(t, from);
    if (status == AG_OK && node != NULL)
        agi_tensor_replace_node(t, node);
    else
        agi_node_release(node);
    return status;
}

/* ---- bindings ------------------------------------------------------------------------------- */

void *ag_wrapper(const ag_tensor *t) { return agi_has_tensor("wrapper", t) ? t->wrapper : NULL; }

void ag_set_wrapper(ag_tensor *t, void *wrapper)
{
    if (agi_has_tensor("set_wrapper", t))
        t->wrapper = wrapper;
}

ag_status ag_broadcast(const ag_tensor *x, const ag_tensor *y, int *ndim, int64_t *shape)
{
    if (!agi_has_tensors("broadcast", x, y) ||
        !agi_has("broadcast", ndim, "memory for the number of dimensions") ||
        !agi_has("broadcast", shape, "memory for a shape"))
        return ag_last_status();
    *ndim = 0;
    ag_status status = agi_shape_broadcast(ndim, shape, x->ndim, agi_shape_of(x));
    return status != AG_OK ? status : agi_shape_broadcast(ndim, shape, y->ndim, agi_shape_of(y));
}

/* Large or pending operands as they are now: z has room for these. */
static ag_status compare_now(ag_op op, ag_tensor *x, ag_tensor *y, bool *z, int ndim,
                             const int64_t *shape, int64_t numel)
{
    const bool is_long = numel >= AGI_DEFER_MIN || agi_is_pending(x->storage) ||
                         agi_is_pending(y->storage);
    ag_tensor *own_x = is_long ? agi_tensor_snapshot(x) : agi_retain(x);
    ag_tensor *own_y = is_long ? agi_tensor_snapshot(y) : agi_retain(y);
    bool ready = own_x != NULL && own_y != NULL && agi_storage_ready(own_x->storage) == AG_OK &&
                 agi_storage_ready(own_y->storage) == AG_OK;
    if (ready) {
        ag_arg args[2] = {agi_arg(own_x), agi_arg(own_y)};
        agi_run_mask(&agi_ops[op], z, ndim, shape, numel, args);
    }
    agi_release(own_x);
    agi_release(own_y);
    return ready ? AG_OK : ag_last_status();
}

ag_status ag_compare(ag_op op, ag_tensor *x, ag_tensor *y, bool *z)
{
    if (!agi_has_tensors("compare", x, y))
        return ag_last_status();
    if ((unsigned)op >= AG_OP_COUNT || agi_ops[op].kind != AGI_MASK)
        return agi_fail(AG_ERR_VALUE, "compare: expected one of eq, ne, lt, le, gt, ge, got op %d",
                        (int)op);
    int ndim;
    int64_t shape[AGI_MAX_DIMS];
    ag_status status = ag_broadcast(x, y, &ndim, shape);
    int64_t numel = status == AG_OK ? agi_shape_numel(agi_ops[op].name, ndim, shape) : -1;
    if (numel < 0 || (numel > 0 && !agi_has("compare", z, "memory for the results")))
        return ag_last_status();
    return compare_now(op, x, y, z, ndim, shape, numel);
}

int ag_show_config(char *text, size_t size)
{
#ifndef AG_FLAGS
#define AG_FLAGS "unknown"
#endif
    if (!agi_check_text("show_config", text, size))
        return -1;
    return snprintf(text, size,
                    "version: %s\ncompiler: %s\nflags: %s\ncpu level: %s%s%s\nvector math: %s\n"
                    "machine code: %s\nthreads: %d\n",
                    AG_VERSION, __VERSION__, AG_FLAGS, agi_level_name(agi_level_now),
                    *agi_level_note() ? " " : "", agi_level_note(), agi_mvec_source(),
                    agi_jit_level(), ag_get_num_threads());
}

/* ---- ops by name ---------------------------------------------------------------------------- */

static ag_tensor *apply1(ag_op op, ag_tensor *x, const ag_attr *attr)
{
    ag_arg arg = agi_arg(x);
    return agi_has_tensor(agi_ops[op].name, x) ? agi_call(op, 1, &arg, attr) : NULL;
}

static ag_tensor *apply2(ag_op op, ag_arg x, ag_arg y)
{
    ag_arg args[2] = {x, y};
    return agi_call(op, 2, args, NULL);
}

#define DEFINE_UNARY(name) \
    ag_tensor *ag_##name(ag_tensor *x) { return apply1(AG_OP_##name, x, NULL); }
#define DEFINE_BINARY(name) \
    ag_tensor *ag_##name(ag_tensor *x, ag_tensor *y) \
    { \
        return agi_has_tensors(#name, x, y) ? apply2(AG_OP_##name, agi_arg(x), agi_arg(y)) : NULL; \
    } \
    ag_tensor *ag_##name##_scalar(ag_tensor *x, double y) \
    { \
        return agi_has_tensor(#name, x) ? apply2(AG_OP_##name, agi_arg(x), agi_number(y)) : NULL; \
    } \
    ag_tensor *ag_scalar_##name(double x, ag_tensor *y) \
    { \
        return agi_has_tensor(#name, y) ? apply2(AG_OP_##name, agi_number(x), agi_arg(y)) : NULL; \
    }
#define DEFINE_MASK DEFINE_BINARY
#define DEFINE_TERNARY(name) \
    ag_tensor *ag_##name(ag_tensor *x, ag_tensor *y, ag_tensor *z) \
    { \
        if (!agi_has_tensors(#name, x, y) || !agi_has_tensor(#name, z)) \
            return NULL; \
        ag_arg args[3] = {agi_arg(x), agi_arg(y), agi_arg(z)}; \
        return agi_call(AG_OP_##name, 3, args, NULL); \
    }
#define DEFINE_INNER(name)
#define DEFINE_INNER3(name)
#define DEFINE_UNARY_ATTR(name)
#define DEFINE_TERNARY_ATTR(name)
#define DEFINE_REDUCE(name)
#define DEFINE_VIEW(name)
#define DEFINE_MAKE(name)
#define DEFINE_JOIN(name)
#define DEFINE_REDUCES(name)
#define DEFINE_VIEWS(name)
#define OP(name, arity, KIND, saves, GRAD, label, doc) DEFINE_##KIND(name)
#include "include/ops.def"
#undef OP

ag_tensor *ag_softplus(ag_tensor *x, double beta, double threshold)
{
    ag_attr attr = {.f = {beta, threshold}};
    return apply1(AG_OP_softplus, x, &attr);
}

ag_tensor *ag_clamp(ag_tensor *x, double lo, double hi)
{
    ag_arg args[3] = {agi_arg(x), agi_number(lo), agi_number(hi)};
    return agi_has_tensor("clamp", x) ? agi_call(AG_OP_clamp, 3, args, NULL) : NULL;
}

static ag_tensor *reduce(ag_op op, ag_tensor *x, int n, const int64_t *dims, bool keepdim)
{
    ag_attr attr = {.i = {keepdim}, .n_list = n, .list = dims};
    return agi_check_list(agi_ops[op].name, "dimensions", n, dims, true) ? apply1(op, x, &attr)
                                                                         : NULL;
}

static ag_tensor *reduce_all(ag_op op, ag_tensor *x)
{
    ag_attr attr = {.n_list = -1};
    return apply1(op, x, &attr);
}

ag_tensor *ag_sum(ag_tensor *x, int n, const int64_t *dims, bool keepdim)
{
    return reduce(AG_OP_sum, x, n, dims, keepdim);
}
ag_tensor *ag_mean(ag_tensor *x, int n, const int64_t *dims, bool keepdim)
{
    return reduce(AG_OP_mean, x, n, dims, keepdim);
}
ag_tensor *ag_amax(ag_tensor *x, int n, const int64_t *dims, bool keepdim)
{
    return reduce(AG_OP_amax, x, n, dims, keepdim);
}
ag_tensor *ag_amin(ag_tensor *x, int n, const int64_t *dims, bool keepdim)
{
    return reduce(AG_OP_amin, x, n, dims, keepdim);
}
ag_tensor *ag_sum_all(ag_tensor *x) { return reduce_all(AG_OP_sum, x); }
ag_tensor *ag_mean_all(ag_tensor *x) { return reduce_all(AG_OP_mean, x); }

ag_status ag_var_mean(ag_tensor *x, int n, const int64_t *dims, double correction, bool keepdim,
                      ag_tensor **outs)
{
    ag_attr attr = {.f = {correction}, .i = {keepdim}, .n_list = n, .list = dims};
    const ag_arg arg = agi_arg(x);
    return ag_apply_several(AG_OP_var_mean, 1, &arg, &attr, 2, outs);
}

ag_status ag_unbind(ag_tensor *x, int dim, int n, ag_tensor **outs)
{
    int at;
    if (!agi_has_tensor("unbind", x))
        return ag_last_status();
    if (x->ndim == 0)
        return agi_fail(AG_ERR_INDEX, "Dimension specified as %d but tensor has no dimensions",
                        dim);
    if (agi_shape_wrap_dim(dim, x->ndim, &at) != AG_OK)
        return ag_last_status();
    ag_attr attr = {.i = {at}};
    const ag_arg arg = agi_arg(x);
    return ag_apply_several(AG_OP_unbind, 1, &arg, &attr, n, outs);
}

static ag_tensor *with_list(ag_op op, const char *what, ag_tensor *x, int n, const int64_t *list)
{
    ag_attr attr = {.n_list = n, .list = list};
    return agi_check_list(agi_ops[op].name, what, n, list, op == AG_OP_squeeze)
               ? apply1(op, x, &attr) : NULL;
}

static ag_tensor *with_ints(ag_op op, ag_tensor *x, int64_t a, int64_t b, int64_t c, int64_t d)
{
    ag_attr attr = {.i = {a, b, c, d}};
    return apply1(op, x, &attr);
}

ag_tensor *ag_view(ag_tensor *x, int ndim, const int64_t *shape)
{
    return with_list(AG_OP_view, "sizes", x, ndim, shape);
}

/* A view where the strides allow one; else a copy, which is no view on the tape either. */
ag_tensor *ag_reshape(ag_tensor *x, int ndim, const int64_t *wanted)
{
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
    if (!agi_has_tensor("reshape", x) ||
        !agi_check_list("reshape", "sizes", ndim, wanted, false) ||
        agi_shape_infer(wanted, ndim, x->numel, shape) != AG_OK)
        return NULL;
    if (agi_shape_view_strides(x->ndim, agi_shape_of(x), agi_strides_of(x), ndim, shape, strides))
        return ag_view(x, ndim, shape);
    ag_arg arg = agi_arg(x);
    ag_tensor *dense = agi_apply(AG_OP_clone, 0, 1, &arg, &agi_row_major);
    if (dense == NULL)
        return NULL;
    ag_attr attr = {.n_list = ndim, .list = shape};
    arg = agi_arg(dense);
    ag_tensor *z = agi_apply(AG_OP_view, AGI_NAMED_UNSAFE_VIEW, 1, &arg, &attr);
    agi_release(dense);
    return agi_scope_add(z);
}

ag_tensor *ag_flatten(ag_tensor *x, int start_dim, int end_dim)
{
    int first, last;
    if (!agi_has_tensor("flatten", x) || agi_shape_wrap_dim(start_dim, x->ndim, &first) != AG_OK ||
        agi_shape_wrap_dim(end_dim, x->ndim, &last) != AG_OK)
        return NULL;
    if (first > last)
        return agi_fail_null(AG_ERR_SHAPE,
                             "flatten() has invalid args: start_dim cannot come after "
                             "end_dim");
    if (x->ndim == 0)
        return ag_reshape(x, 1, (int64_t[]){1});
    if (first == last)
        return agi_scope_add(agi_retain(x));
    int64_t shape[AGI_MAX_DIMS], merged = 1;
    int n = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (d >= first && d <= last)
            merged *= agi_shape_of(x)[d];
        if (d < first || d > last)
            shape[n++] = agi_shape_of(x)[d];
        else if (d == last)
            shape[n++] = merged;
    }
    return ag_reshape(x, n, shape);
}

ag_tensor *ag_transpose(ag_tensor *x, int dim0, int dim1)
{
    return with_ints(AG_OP_transpose, x, dim0, dim1, 0, 0);
}

ag_tensor *ag_permute(ag_tensor *x, int n, const int64_t *dims)
{
    return with_list(AG_OP_permute, "dimensions", x, n, dims);
}

ag_tensor *ag_t(ag_tensor *x)
{
    if (!agi_has_tensor("t", x))
        return NULL;
    if (x->ndim > 2)
        return agi_fail_null(AG_ERR_SHAPE, "t() expects a tensor with <= 2 dimensions, but self is "
                                           "%dD", x->ndim);
    ag_attr attr = {.i = {0, x->ndim < 2 ? 0 : 1}};
    ag_arg arg = agi_arg(x);
    return agi_scope_add(agi_apply(AG_OP_transpose, AGI_NAMED_T, 1, &arg, &attr));
}

ag_tensor *ag_expand(ag_tensor *x, int ndim, const int64_t *shape)
{
    return with_list(AG_OP_expand, "sizes", x, ndim, shape);
}

ag_tensor *ag_squeeze(ag_tensor *x, int n, const int64_t *dims)
{
    return with_list(AG_OP_squeeze, "dimensions", x, n, dims);
}

ag_tensor *ag_unsqueeze(ag_tensor *x, int dim)
{
    return with_ints(AG_OP_unsqueeze, x, dim, 0, 0, 0);
}

ag_tensor *ag_select(ag_tensor *x, int dim, int64_t index)
{
    return with_ints(AG_OP_select, x, dim, index, 0, 0);
}

ag_tensor *ag_slice(ag_tensor *x, int dim, int64_t start, int64_t end, int64_t step)
{
    return with_ints(AG_OP_slice, x, dim, start, end, step);
}

ag_tensor *ag_as_strided(ag_tensor *x, int ndim, const int64_t *shape, const int64_t *strides,
                         int64_t offset)
{
    int64_t list[2 * AGI_MAX_DIMS];
    if (!agi_check_list("as_strided", "sizes", ndim, shape, false) ||
        !agi_check_list("as_strided", "strides", ndim, strides, false))
        return NULL;
    for (int d = 0; d < ndim; d++) {
        list[d] = shape[d];
        list[ndim + d] = strides[d];
    }
    ag_attr attr = {.i = {offset}, .n_list = 2 * ndim, .list = list};
    return apply1(AG_OP_as_strided, x, &attr);
}

ag_tensor *ag_clone(ag_tensor *x) { return apply1(AG_OP_clone, x, NULL); }

ag_tensor *ag_contiguous(ag_tensor *x)
{
    if (!agi_has_tensor("contiguous", x))
        return NULL;
    return agi_is_contiguous(x) ? agi_scope_add(agi_retain(x))
                                : apply1(AG_OP_clone, x, &agi_row_major);
}
