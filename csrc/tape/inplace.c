/* SPDX-License-Identifier: MIT
 *
 * Writes in place, and what they do to the tape.
 *
 * A write x op= y is, to the tape, the functional op: its node has an edge to where x came from
 * and becomes x's node. Where x is a view of a base, the write changes the base, so the base's new
 * node is "the old base with a region replaced" (strided_scatter), and every view of it, x too,
 * makes its node anew from the base when it is next asked for (agi_tensor_node).
 *
 * Everything that can fail, nodes included, is made before the first element is written.
 */
#include "../base/check.h"
#include <string.h>

#include "../base/shape.h"
#include "../base/thread.h"
#include "../compute/run.h"
#include "../fuse/overwrite.h"
#include "../fuse/pending.h"
#include "../tensor/copy.h"
#include "../tensor/layout.h"
#include "anomaly.h"
#include "apply.h"
#include "call_check.h"
#include "cast.h"
#include "cut.h"
#include "dtypes.h"
#include "node_saved.h"
#include "noted.h"

/* ---- checks --------------------------------------------------------------------------------- */

/* Whether the op writes parts of x in an order of its own, and checks its arguments itself. */
AGI_INLINE bool is_edit(int op) { return agi_ops[op].kind == AGI_EDIT; }

/* Something plus a product of other shapes, which it checks. */
AGI_INLINE bool adds_product(int op)
{
    return op == AG_OP_addmm || op == AG_OP_baddbmm || op == AG_OP_addbmm || op == AG_OP_addmv ||
           op == AG_OP_addr;
}

/* So do formulas whose result has the dtype of their first operand. */
AGI_INLINE bool has_own_shapes(int op)
{
    return is_edit(op) || (agi_ops[op].kind == AGI_FORMULA &&
                           ((agi_dtypes_entry(&agi_ops[op], AG_FLOAT64) & AGI_OF_FIRST) != 0 ||
                            adds_product(op)));
}

static bool any_is_large(int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && args[k].tensor->numel >= AGI_DEFER_MIN)
            return true;
    return false;
}

static bool any_requires_grad(int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && agi_requires_grad(args[k].tensor))
            return true;
    return false;
}

/* To the tape a write through a view is one to the base, so it may reach nothing else: not memory
 * beside the base (as_strided), nor what is out of bounds since the base was given other memory. A
 * view that fits a base in other memory goes on alone. */
static ag_status check_base(const ag_tensor *view)
{
    const ag_tensor *base = view->meta->base;
    int64_t offset = agi_view_offset(view);
    if (agi_is_contiguous(base)
            ? offset >= 0 && offset + agi_shape_extent(view->ndim, view->dims) <= base->numel
            : agi_shape_contains(base->ndim, base->dims, view->ndim, view->dims, offset))
        return AG_OK;
    char part[AGI_SHAPE_TEXT], whole[AGI_SHAPE_TEXT];
    return agi_fail(AG_ERR_GRAD,
                    "a view of shape %s is being modified inplace, but its region is out of bounds "
                    "of its base%s, which has shape %s: no gradient could follow the write. Please "
                    "clone() the view before performing the operation.",
                    agi_format_shape_list(part, view->ndim, agi_shape_of(view)),
                    agi_view_shares_base(view) ? "" : ", whose .data was assigned since",
                    agi_format_shape_list(whole, base->ndim, agi_shape_of(base)));
}

static ag_status check_view(const ag_tensor *x, bool recorded)
{
    const ag_tensor *base = x->meta->base;
    if ((recorded || agi_requires_grad(base)) && !agi_check_rewritten(x, "is being"))
        return ag_last_status();
    if (agi_is_wanting_leaf(base) || (base->node == NULL && agi_requires_grad(x)))
        return agi_fail(AG_ERR_GRAD, "a view of a leaf Variable that requires grad is being used "
                                     "in an in-place operation.");
    return recorded ? check_base(x) : AG_OK;
}

static ag_status check_history(int n, const ag_arg *args)
{
    const ag_tensor *x = args[0].tensor;
    if (!agi_thread_get()->grad_enabled)
        return AG_OK;
    if (x->flags & AGI_TENSOR_VIEW) {
        ag_status status = check_view(x, any_requires_grad(n, args));
        if (status != AG_OK)
            return status;
    }
    if (agi_is_wanting_leaf(x))
        return agi_fail(AG_ERR_GRAD, "a leaf Variable that requires grad is being used in an "
                                     "in-place operation.");
    return AG_OK;
}

static ag_status check_broadcast(int n, const ag_arg *args)
{
    const ag_tensor *x = args[0].tensor;
    int ndim = 0;
    int64_t shape[AGI_MAX_DIMS];
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t == NULL)
            continue;
        ag_status status = agi_shape_broadcast(&ndim, shape, t->ndim, agi_shape_of(t));
        if (status != AG_OK)
            return status;
    }
    return agi_shape_holds(x->ndim, agi_shape_of(x), ndim, shape);
}

AGI_INLINE ag_status check_shape(int n, const ag_arg *args)
{
    const ag_tensor *x = args[0].tensor;
    bool same = true;
    for (int k = 1; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        same = same && (t == NULL || agi_shape_equal(t->ndim, agi_shape_of(t), x->ndim,
                                                     agi_shape_of(x)));
    }
    return AGI_LIKELY(same) ? AG_OK : check_broadcast(n, args);
}

/* What was made in inference mode is written there alone. */
static AGI_NOINLINE ag_status check_inference(const ag_tensor *x)
{
    if (!(x->marks & AGI_MARK_INFERENCE) || agi_thread_get()->inference)
        return AG_OK;
    return agi_fail(AG_ERR_GRAD, "Inplace update to inference tensor outside InferenceMode is not "
                                 "allowed.You can make a clone to get a normal tensor before doing "
                                 "inplace update.See https://github.com/pytorch/rfcs/pull/17 for "
                                 "more details.");
}

/* A number may be written to one place more than once, what differs between elements may not. */
AGI_INLINE ag_status check_memory(int op, const ag_arg *args)
{
    const ag_tensor *x = args[0].tensor;
    const bool one_number = op == AG_OP_fill && args[1].tensor == NULL;
    if (AGI_UNLIKELY(x->marks != 0) && check_inference(x) != AG_OK)
        return ag_last_status();
    if (agi_is_read_only(x->storage))
        return agi_fail(AG_ERR_GRAD, "cannot write in place: the memory of this tensor is "
                                     "read-only; clone() it first");
    if (!one_number && !agi_is_contiguous(x) &&
        agi_shape_overlaps(x->ndim, agi_shape_of(x), agi_strides_of(x)))
        return agi_fail(AG_ERR_GRAD, "unsupported operation: more than one element of the "
                                     "written-to tensor refers to a single memory location. Please "
                                     "clone() the tensor before performing the operation.");
    return AG_OK;
}

/* ---- the tape ------------------------------------------------------------------------------- */

/* The nodes that a write will put in place, made beforehand. */
typedef struct agi_rewrite {
    ag_tensor *target; /* borrowed: whose node changes (x, or the base of a view); NULL: nobody's */
    ag_node *node;      /* owned until committed */
} agi_rewrite;

/* A view that was written itself retains the gradient of its new value alone: the mark goes on the
 * node that will be made for that. */
static void commit_rewrite(agi_rewrite *rewrite, ag_tensor *x)
{
    if (rewrite->target == NULL)
        return;
    if (rewrite->target != x && x->flags & AGI_TENSOR_RETAINS_GRAD)
        agi_tensor_unmark(x);
    agi_tensor_replace_node(rewrite->target, rewrite->node);
}

ag_node *agi_node_of_base(ag_tensor *x, ag_node *node)
{
    ag_tensor *base = x->meta->base, *written = agi_tensor_alias(x);
    if (written == NULL) {
        agi_node_release(node);
        return NULL;
    }
    written->node = node;
    ag_attr attr = {.i = {agi_view_offset(x)}, .n_list = 2 * x->ndim, .list = x->dims};
    ag_arg args[2] = {agi_arg(base), agi_arg(written)};
    ag_node *result = agi_node_new(AG_OP_strided_scatter, 0, 2, args, &attr, base, 1);
    agi_release(written);
    return result;
}

/* `old` stands for x on the tape if it is not NULL; `out` holds the result where the rule wants to
 * read it, else x. */
static ag_status prepare_rewrite(agi_rewrite *rewrite, int op, int variant, int n,
                                 const ag_arg *args, const ag_attr *attr, ag_tensor *old,
                                 const ag_tensor *out)
{
    ag_tensor *x = args[0].tensor;
    const bool view = x->flags & AGI_TENSOR_VIEW && agi_view_shares_base(x);
    /* From whom gradients come: of what has none x alone, which becomes a constant. */
    const int reaching = agi_ops[op].grad >= AGI_GRAD_NO_GRAD ? 1 : n;
    *rewrite = (agi_rewrite){.target = NULL};
    if (!agi_thread_get()->grad_enabled || agi_dtype_of(x) != AG_FLOAT64 ||
        (!any_requires_grad(reaching, args) && !(view && agi_requires_grad(x->meta->base))))
        return AG_OK;

    /* What is wholly replaced in a view passes nothing to its old value. */
    ag_arg own[AGI_NODE_SHAPES];
    for (int k = 0; k < n; k++)
        own[k] = args[k];
    if (old != NULL)
        own[0] = agi_arg(old);
    if (view && (op == AG_OP_fill || op == AG_OP_copy))
        own[0] = agi_number(0.0);

    ag_node *node = NULL;
    if (any_requires_grad(n, own) || !view) {
        node = agi_node_new(op, variant, n, own, attr, out, out == x);
        if (node == NULL)
            return ag_last_status();
    }
    if (AGI_UNLIKELY(view != (x->flags & AGI_TENSOR_VIEW && agi_view_shares_base(x)))) {
        agi_node_release(node);
        return agi_fail(AG_ERR_GRAD, "a hook on a saved tensor gave a tensor that is being written "
                                     "in place other memory");
    }
    ag_tensor *target = view ? x->meta->base : x;
    if (view)
        node = agi_node_of_base(x, node);
    if (node == NULL)
        return ag_last_status();
    if (!agi_node_prepare(node, target)) {
        agi_node_release(node);
        return ag_last_status();
    }
    *rewrite = (agi_rewrite){.target = target, .node = node};
    return AG_OK;
}

/* ---- the data ------------------------------------------------------------------------------- */

/* Whether another input lies over x's memory in another arrangement, so that writing x as it is
 * read would change what is still to be read. */
static bool inputs_overlap(int n, const ag_arg *args)
{
    const ag_tensor *x = args[0].tensor;
    for (int k = 1; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t == NULL || t->storage != x->storage)
            continue;
        if (t->offset != x->offset || t->ndim != x->ndim ||
            !agi_shape_equal(2 * t->ndim, t->dims, 2 * x->ndim, x->dims))
            return true;
    }
    return false;
}

/* Whether the kernel of an elementwise op cannot write x element by element as it reads. */
AGI_INLINE bool is_out_of_order(int op, int n, const ag_arg *args)
{
    return agi_op_is_map(&agi_ops[op]) &&
           (!agi_is_dense(args[0].tensor) || inputs_overlap(n, args));
}

static void write_strided(ag_tensor *x, const ag_tensor *from)
{
    int64_t strides[AGI_MAX_DIMS];
    agi_shape_broadcast_strides(x->ndim, agi_shape_of(x), from->ndim, agi_shape_of(from),
                                agi_strides_of(from), strides);
    agi_run_scatter(agi_tensor_data(x), agi_strides_of(x), x->ndim, agi_shape_of(x),
                    agi_tensor_data(from), strides);
}

static void write_number(ag_tensor *x, double value)
{
    agi_run_fill(agi_tensor_data(x), agi_strides_of(x), x->ndim, agi_shape_of(x), value);
}

/* What is copied into x, where it may not be read while x is written: a copy. Owned. */
static ag_tensor *safe_source(int n, const ag_arg *args)
{
    if (!inputs_overlap(n, args))
        return agi_retain(args[1].tensor);
    ag_arg arg = args[1];
    ag_tensor *copy = agi_compute(AG_OP_clone, 1, &arg, NULL);
    if (copy != NULL && agi_storage_ready(copy->storage) != AG_OK) {
        agi_release(copy);
        return NULL;
    }
    return copy;
}

/* x = y or x = number. */
static ag_status write_whole(int n, const ag_arg *args)
{
    ag_tensor *x = args[0].tensor, *source = NULL;
    bool done;
    ag_status early = agi_expr_write_part(x, args[1], &done);
    if (done || early != AG_OK)
        return early;
    if (args[1].tensor != NULL) {
        if (agi_storage_ready(args[1].tensor->storage) != AG_OK)
            return ag_last_status();
        if ((source = safe_source(n, args)) == NULL)
            return ag_last_status();
    }
    ag_status status = agi_storage_writable(x->storage);
    if (status == AG_OK && source != NULL)
        write_strided(x, source);
    else if (status == AG_OK)
        write_number(x, args[1].value);
    agi_release(source);
    return status;
}

/* Whether t lies over memory of x, where both lie in one piece. */
static bool meets(const ag_tensor *x, const ag_tensor *t)
{
    return t->storage == x->storage && x->numel > 0 && t->numel > 0 && agi_is_dense(x) &&
           agi_is_dense(t) && x->offset < t->offset + t->numel && t->offset < x->offset + x->numel;
}

static ag_status check_meeting(int n, const ag_arg *args)
{
    for (int k = 1; k < n; k++)
        if (args[k].tensor != NULL && meets(args[0].tensor, args[k].tensor))
            return agi_fail(AG_ERR_GRAD, "unsupported operation: some elements of the input tensor "
                                         "and the written-to tensor refer to a single memory "
                                         "location. Please clone() the tensor before performing "
                                         "the operation.");
    return AG_OK;
}

/* What the write reads beside x, where it lies in x's memory too: copies of that. */
static ag_status write_edit(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    ag_tensor *x = args[0].tensor, *copies[AGI_NODE_SHAPES] = {NULL};
    ag_arg of[AGI_NODE_SHAPES];
    ag_status status = check_meeting(n, args);
    for (int k = 0; k < n && status == AG_OK; k++) {
        of[k] = args[k];
        if (k == 0 || args[k].tensor == NULL)
            continue;
        status = agi_storage_ready(args[k].tensor->storage);
        if (status != AG_OK || args[k].tensor->storage != x->storage)
            continue;
        of[k].tensor = copies[k] = agi_compute(AG_OP_clone, 1, &args[k], &agi_row_major);
        status = copies[k] != NULL ? agi_storage_ready(copies[k]->storage) : ag_last_status();
        if (status == AG_OK)
            copies[k]->storage->dtype = x->storage->dtype;
    }
    if (status == AG_OK)
        status = agi_storage_writable(x->storage);
    if (status == AG_OK)
        status = agi_ops[op].edit(x, of, attr);
    for (int k = 1; k < n; k++)
        agi_release(copies[k]);
    return status;
}

/* x = fresh, which was computed beside it. */
static ag_status write_aside(ag_tensor *x, ag_tensor *fresh)
{
    ag_status status = agi_storage_ready(fresh->storage);
    if (status == AG_OK)
        status = agi_storage_writable(x->storage);
    if (status == AG_OK)
        write_strided(x, fresh);
    return status;
}

/* x = op(x, ...) for elementwise ops straight into x's memory. */
static ag_status write_map(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    ag_tensor *x = args[0].tensor;
    for (int k = 1; k < n; k++)
        if (args[k].tensor != NULL && agi_storage_ready(args[k].tensor->storage) != AG_OK)
            return ag_last_status();
    ag_status status = agi_storage_writable(x->storage);
    if (status == AG_OK)
        agi_map_into(x, op, n, args, attr != NULL ? attr->f : NULL);
    return status;
}

/* Tries to let the write pend, in the memory order of x. */
static ag_status write_pending(int op, int n, const ag_arg *args, const ag_attr *attr,
                               bool *deferred)
{
    agi_layout layout;
    agi_arranged arranged;
    if (agi_layout_of(&layout, args[0].tensor)) {
        agi_layout_arrange(&arranged, &layout, n, args);
        args = arranged.args;
    }
    return agi_expr_write(op, n, args, attr != NULL ? attr->f : NULL, deferred);
}

static ag_status write_now(int op, int n, const ag_arg *args, const ag_attr *attr, ag_tensor *fresh)
{
    if (fresh != NULL)
        return write_aside(args[0].tensor, fresh);
    if (op == AG_OP_fill || op == AG_OP_copy)
        return write_whole(n, args);
    if (is_edit(op))
        return write_edit(op, n, args, attr);
    return write_map(op, n, args, attr);
}

/* What is large or must wait is written and read as it is now. The checks are made again, since
 * computing what leads here let other threads run (INVARIANT[blocking]). */
static AGI_NOINLINE ag_status write_long(int op, int n, const ag_arg *args, const ag_attr *attr,
                                         ag_tensor *fresh)
{
    ag_arg own[AGI_NODE_SHAPES] = {{.tensor = NULL}};
    ag_tensor *aside = NULL;
    if (!agi_args_own(n, args, own))
        return ag_last_status();
    ag_status status = check_memory(op, own);
    if (status == AG_OK && fresh == NULL && !is_edit(op))
        status = check_shape(n, own);
    if (status == AG_OK && fresh == NULL && is_out_of_order(op, n, own) &&
        (fresh = aside = agi_compute(op, n, own, attr)) == NULL)
        status = ag_last_status();
    const ag_arg result[2] = {own[0], agi_arg(fresh)};
    if (status == AG_OK && fresh != NULL)
        status = check_shape(2, result);
    if (status == AG_OK)
        status = write_now(op, n, own, attr, fresh);
    agi_release(aside);
    agi_args_release(n, own);
    return status;
}

/* Changes the data: pending, or now. Nothing is changed if it fails. `assignments` is the number
 * that there were when the arguments were checked. */
static ag_status write_data(int op, int n, const ag_arg *args, const ag_attr *attr,
                            ag_tensor *fresh, uint64_t assignments)
{
    ag_tensor *x = args[0].tensor;
    if (fresh == NULL && x->numel >= AGI_DEFER_MIN && !is_edit(op)) {
        bool deferred;
        ag_status status = write_pending(op, n, args, attr, &deferred);
        if (deferred || status != AG_OK)
            return status;
    }
    if (AGI_UNLIKELY(x->numel >= AGI_DEFER_MIN || !agi_storage_is_writable(x->storage) ||
                     agi_any_pending(n, args) || agi_assignments_now() != assignments ||
                     (is_edit(op) && any_is_large(n, args))))
        return write_long(op, n, args, attr, fresh);
    if (AGI_UNLIKELY(fresh != NULL || op == AG_OP_fill || op == AG_OP_copy || is_edit(op)))
        return write_now(op, n, args, attr, fresh);
    agi_map_into(x, op, n, args, attr != NULL ? attr->f : NULL);
    return AG_OK;
}

static bool must_go_aside(int op, int n, const ag_arg *args, unsigned saves)
{
    return op == AG_OP_tril || op == AG_OP_triu || is_out_of_order(op, n, args) ||
           ((agi_op_is_map(&agi_ops[op]) || is_edit(op)) && (saves & AGI_SAVE_OUT) != 0);
}

/* Where the rule will read x as it was: a copy of it, on the tape in x's place. Owned. */
static ag_tensor *copy_for_rule(ag_tensor *x)
{
    bool failed = false;
    ag_node *node = agi_tensor_node(x, &failed);
    ag_arg arg = agi_arg(x);
    ag_tensor *copy = failed ? NULL : agi_compute(AG_OP_clone, 1, &arg, NULL);
    if (copy == NULL) {
        agi_node_release(node);
        return NULL;
    }
    copy->node = node;
    copy->storage->dtype = x->storage->dtype;
    return copy;
}

/* The tape's part and the data's, with `old` in x's place on the tape if it is not NULL, and the
 * result in `fresh` if that is not NULL. */
static ag_status write_recorded(int op, int variant, int n, const ag_arg *args,
                                const ag_attr *attr, ag_tensor *old, ag_tensor *fresh,
                                uint64_t assignments)
{
    ag_tensor *x = args[0].tensor;
    agi_rewrite rewrite;
    ag_status status = prepare_rewrite(&rewrite, op, variant, n, args, attr, old,
                                       fresh != NULL ? fresh : x);
    if (status != AG_OK)
        return status;
    status = write_data(op, n, args, attr, fresh, assignments);
    if (status != AG_OK) {
        agi_node_release(rewrite.node);
        return status;
    }
    agi_tensor_bump(x);
    commit_rewrite(&rewrite, x);
    if (rewrite.target == NULL && x->cut.kind == AGI_CUT_NOT && !agi_requires_grad(x))
        agi_cut_by_op(x, op, n - 1, args + 1);
    if (AGI_UNLIKELY(agi_anomaly_checks()) && x->node != NULL && rewrite.target == x &&
        !agi_anomaly_look(x->node, x, 0, NULL))
        return ag_last_status();
    return AG_OK;
}

static ag_status write_in_place(int op, int variant, int n, const ag_arg *args,
                                const ag_attr *attr)
{
    ag_tensor *x = args[0].tensor, *fresh = NULL, *old = NULL;
    const uint64_t assignments = agi_assignments_now();
    const unsigned saves = agi_ops[op].saves != 0 ? agi_node_saves(op, n, args) : 0;
    if (must_go_aside(op, n, args, saves) && (fresh = agi_compute(op, n, args, attr)) == NULL)
        return ag_last_status();
    ag_status status = AG_OK;
    if (saves & AGI_SAVE_IN0 && agi_thread_get()->grad_enabled &&
        (old = copy_for_rule(x)) == NULL)
        status = ag_last_status();
    if (status == AG_OK)
        status = write_recorded(op, variant, n, args, attr, old, fresh, assignments);
    agi_release(old);
    agi_release(fresh);
    return status;
}

static ag_status check_write(int op, int n, const ag_arg *args)
{
    ag_status status = check_history(n, args);
    if (status == AG_OK)
        status = check_memory(op, args);
    return status == AG_OK && !has_own_shapes(op) ? check_shape(n, args) : status;
}

AGI_INLINE ag_status apply_in_place(int op, int variant, int n, const ag_arg *args,
                                    const ag_attr *attr)
{
    ag_status status = check_write(op, n, args);
    if (status != AG_OK)
        return status;
    return write_in_place(op, variant, n, args, attr);
}

/* A formula, whose ops would overwrite what their rules read: it is computed from x as it was, and
 * the result is copied into x. */
static ag_status formula_in_place(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    ag_arg of[AGI_MOST_ARGS];
    ag_tensor *old = NULL, *fresh = NULL;
    ag_status status = check_write(op, n, args);
    if (status != AG_OK)
        return status;
    memcpy(of, args, (size_t)n * sizeof *of);
    if (agi_thread_get()->grad_enabled && any_requires_grad(n, args)) {
        old = copy_for_rule(args[0].tensor);
        of[0] = agi_arg(old);
    }
    if (of[0].tensor != NULL)
        fresh = agi_apply(op, 0, n, of, attr);
    status = fresh != NULL ? ag_copy_(args[0].tensor, fresh) : ag_last_status();
    agi_release(fresh);
    agi_release(old);
    return status;
}

/* Inline in ag_apply_, which all writes of a binding go through. */
AGI_INLINE ag_status write_checked(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    if (AGI_UNLIKELY(agi_ops[op].kind == AGI_FORMULA))
        return formula_in_place(op, n, args, attr);
    int variant = op == AG_OP_fill ? (args[1].tensor == NULL ? 2 : 3)
                                   : agi_variant_of(op, args, attr);
    return apply_in_place(op, variant, n, args, attr);
}

static AGI_NOINLINE ag_status write_other(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    return write_checked(op, n, args, attr);
}

/* What replaces the numbers of x is read as x has them. */
static ag_status replace_by_dtype(int op, const ag_arg *args)
{
    const ag_dtype dtype = agi_dtype_of(args[0].tensor);
    ag_arg own[2] = {args[0], args[1]};
    if (args[1].tensor == NULL)
        return agi_cast_number(&own[1], dtype) ? write_other(op, 2, own, NULL)
                                               : ag_last_status();
    if (agi_dtype_of(args[1].tensor) == dtype || dtype == AG_FLOAT64)
        return write_other(op, 2, args, NULL);
    own[1].tensor = agi_cast(args[1].tensor, dtype);
    ag_status status = own[1].tensor != NULL ? write_other(op, 2, own, NULL) : ag_last_status();
    agi_release(own[1].tensor);
    return status;
}

/* Operands that are not all float64, or must be looked at. */
static AGI_NOINLINE ag_status write_by_dtypes(int op, int n, const ag_arg *args,
                                              const ag_attr *attr)
{
    if (op == AG_OP_fill || op == AG_OP_copy)
        return replace_by_dtype(op, args);
    const int asked = op;
    if (!agi_dtypes_resolve_write(&op, n, args)) {
        if (ag_last_status() == AG_ERR_DTYPE)  /* that no kernel is there is the last reason */
            check_shape(n, args);
        return ag_last_status();
    }
    if (!agi_dtypes_check_numbers(op, attr) ||
        (op != asked && !agi_check_has_form_in_place((ag_op)op, (ag_op)asked)))
        return ag_last_status();
    return write_other(op, n, args, attr);
}

/* The same, or what a profile is told of. */
static AGI_NOINLINE ag_status write_watched(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    const unsigned entry = agi_dtypes_entry(&agi_ops[op], AG_FLOAT64);
    agi_open_event event;
    const bool noted = agi_op_begin(&event);
    const ag_status status = agi_dtypes_are_float64(entry, n, args)
                                 ? write_other(op, n, args, attr)
                                 : write_by_dtypes(op, n, args, attr);
    if (noted)
        agi_op_noted(&event, op, "_", n, args, status == AG_OK ? args[0].tensor : NULL);
    return status;
}

ag_status ag_apply_(ag_op op, int n, const ag_arg *args, const ag_attr *attr)
{
    if (!(agi_call_is_plain(op, n, args) && args[0].tensor != NULL) &&
        !agi_check_write(op, n, args, attr))
        return ag_last_status();
    if (AGI_UNLIKELY(!agi_dtypes_are_plain(agi_dtypes_entry(&agi_ops[op], AG_FLOAT64), n, args)))
        return write_watched((int)op, n, args, attr);
    return write_checked((int)op, n, args, attr);
}

/* ---- views in place ------------------------------------------------------------------------- */

/* The view and its node are made first. Other views of the same base read their way from it off the
 * geometry after this, as after any write; x's own is known. */
static ag_status become(ag_tensor *x, ag_tensor *view)
{
    ag_node *node = view->node;
    if (node != NULL && !agi_node_prepare(node, x))
        return ag_last_status();
    if (agi_tensor_rearrange(x, view) != AG_OK)
        return ag_last_status();
    agi_tensor_bump(x);
    if (node != NULL)
        agi_tensor_replace_node(x, agi_node_retain(node));
    if (x->flags & AGI_TENSOR_VIEW)
        x->meta->view_version = agi_tensor_version(x);
    return AG_OK;
}

ag_status agi_view_in_place(ag_tensor *x, int op, int variant, const ag_attr *attr)
{
    ag_arg arg = agi_arg(x);
    ag_status status = check_history(1, &arg);
    if (status == AG_OK)
        status = check_inference(x);
    if (status == AG_OK && agi_is_guarded(x->storage))
        status = agi_storage_writable(x->storage);  /* to guarded values it is a write */
    if (status != AG_OK)
        return status;
    /* What has a node gets one that knows its new shape, even where nothing is recorded. */
    const bool has_node = agi_requires_grad(x) && !agi_is_wanting_leaf(x);
    const bool records = ag_set_grad_enabled(has_node || ag_grad_enabled());
    ag_tensor *view = agi_apply(op, variant, 1, &arg, attr);
    ag_set_grad_enabled(records);
    status = view != NULL ? become(x, view) : ag_last_status();
    agi_release(view);
    return status;
}

/* ---- public forms --------------------------------------------------------------------------- */

#define IN_PLACE(name) \
    ag_status ag_##name##_(ag_tensor *x, ag_tensor *y) \
    { \
        if (!agi_has_tensors(#name "_", x, y)) \
            return ag_last_status(); \
        ag_arg args[2] = {agi_arg(x), agi_arg(y)}; \
        return ag_apply_(AG_OP_##name, 2, args, NULL); \
    }
IN_PLACE(add)
IN_PLACE(sub)
IN_PLACE(mul)
IN_PLACE(div)
IN_PLACE(pow)
IN_PLACE(copy)
#undef IN_PLACE

ag_status ag_fill_(ag_tensor *x, double value)
{
    ag_arg args[2] = {agi_arg(x), agi_number(value)};
    return agi_has_tensor("fill_", x) ? ag_apply_(AG_OP_fill, 2, args, NULL) : ag_last_status();
}

ag_status ag_zero_(ag_tensor *x)
{
    ag_arg args[2] = {agi_arg(x), agi_number(0.0)};
    agi_open_event event;
    if (!agi_has_tensor("zero_", x))
        return ag_last_status();
    const bool noted = agi_op_begin(&event);
    const ag_status status = apply_in_place(AG_OP_fill, AGI_NAMED_ZERO, 2, args, NULL);
    if (noted)
        agi_op_noted(&event, AG_OP_fill, "_", 2, args, status == AG_OK ? x : NULL);
    return status;
}
