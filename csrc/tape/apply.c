/* SPDX-License-Identifier: MIT
 *
 * The one path that every op call takes: check -> infer the shape -> compute -> record. What is
 * written in place takes the path of inplace.c.
 */
#include "apply.h"

#include "../base/shape.h"
#include "../base/thread.h"
#include "../compute/run.h"
#include "../fuse/pending.h"
#include "../tensor/layout.h"
#include "../tensor/scope.h"
#include "anomaly.h"
#include "call_check.h"
#include "cut.h"
#include "dtypes.h"
#include "noted.h"

ag_tensor agi_failed;
const ag_attr agi_row_major = {.n_list = 0};

/* ---- elementwise ---------------------------------------------------------------------------- */

/* The first tensor among the arguments if all tensors have its shape, else NULL. *plain: computing
 * waits for none of them and surely gives a row-major result, since all are row-major, or have too
 * few dimensions for another order. */
AGI_INLINE const ag_tensor *common_shape(int n, const ag_arg *args, bool *plain)
{
    const ag_tensor *first = NULL;
    uint8_t flags = AGI_TENSOR_CONTIGUOUS;
    bool waits = false;
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t == NULL)
            continue;
        if (AGI_UNLIKELY(agi_is_pending(t->storage)))
            waits = true;
        flags &= t->flags;
        if (first == NULL)
            first = t;
        else if (t != first &&
                 !agi_shape_equal(t->ndim, agi_shape_of(t), first->ndim, agi_shape_of(first)))
            return NULL;
    }
    *plain = !waits && first != NULL && (flags != 0 || first->ndim < 2);
    return first;
}

static ag_status broadcast_args(int n, const ag_arg *args, int *ndim, int64_t *shape)
{
    *ndim = 0;
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t == NULL)
            continue;
        ag_status status = agi_shape_broadcast(ndim, shape, t->ndim, agi_shape_of(t));
        if (status != AG_OK)
            return status;
    }
    return AG_OK;
}

/* Elements that a forward function makes by its attributes alone, about. */
static AGI_NOINLINE int64_t made_numel(int op, const ag_arg *args, const ag_attr *attr)
{
    if (op == AG_OP_strided_gather_vjp)
        return attr->i[1];
    if ((op != AG_OP_slice_scatter && agi_ops[op].kind != AGI_EDIT) || args[0].tensor != NULL)
        return 1;
    int64_t numel = 1;
    for (int d = 0; d < attr->n_list && numel < AGI_DEFER_MIN; d++)
        numel = attr->list[d] < AGI_DEFER_MIN ? numel * attr->list[d] : AGI_DEFER_MIN;
    return numel;
}

/* Whether a forward function may let other threads run. */
AGI_INLINE bool is_long(const agi_op_info *info, int n, const ag_arg *args, const ag_attr *attr)
{
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t != NULL && (AGI_UNLIKELY(t->numel >= AGI_DEFER_MIN) ||
                          AGI_UNLIKELY(agi_is_pending(t->storage))))
            return true;
    }
    return (info->kind == AGI_MAKE || info->kind == AGI_EDIT) &&
           made_numel((int)(info - agi_ops), args, attr) >= AGI_DEFER_MIN;
}

static bool args_ready(int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && agi_storage_ready(args[k].tensor->storage) != AG_OK)
            return false;
    return true;
}

void agi_args_release(int n, const ag_arg *own)
{
    for (int k = 0; k < n; k++)
        agi_release(own[k].tensor);
}

bool agi_args_own(int n, const ag_arg *args, ag_arg *own)
{
    for (int k = 0; k < n; k++) {
        own[k] = args[k];
        if (args[k].tensor == NULL)
            continue;
        own[k].tensor = agi_tensor_snapshot(args[k].tensor);
        if (own[k].tensor == NULL) {
            agi_args_release(k, own);
            return false;
        }
    }
    return true;
}

ag_tensor *agi_of_snapshots(int n, const ag_arg *args, const ag_attr *attr, agi_join_fn join)
{
    ag_arg *own = agi_plain_new((size_t)n * sizeof *own);
    ag_tensor *z = NULL;
    if (own == NULL)
        return NULL;
    if (agi_args_own(n, args, own)) {
        bool ready = true;
        for (int k = 0; k < n && ready; k++)
            ready = agi_storage_ready(own[k].tensor->storage) == AG_OK;
        if (ready)
            z = join(n, own, attr);
        agi_args_release(n, own);
    }
    agi_plain_free(own);
    return z;
}

AGI_INLINE ag_tensor *run_map(const agi_op_info *info, int ndim, const int64_t *shape,
                              int64_t numel, int n, const ag_arg *args, const ag_attr *attr)
{
    ag_tensor *out = agi_tensor_new(ndim, shape, numel);
    if (AGI_LIKELY(out != NULL))
        agi_run_map(info, out->storage->data, ndim, shape, numel, n, args,
                    attr != NULL ? attr->f : NULL);
    return out;
}

/* An elementwise op as it is computed: with a row-major result of this shape, to which the layout
 * is given afterwards if there is one. Good until geometry may change. */
typedef struct agi_map_plan {
    bool has_layout;
    int ndim;
    int64_t numel;
    const int64_t *shape;
    const ag_arg *args;
    int64_t broadcast[AGI_MAX_DIMS];
    agi_layout layout;
    agi_arranged arranged;
} agi_map_plan;

static void plan_layout(agi_map_plan *plan, int n, const ag_arg *args)
{
    agi_layout_arrange(&plan->arranged, &plan->layout, n, args);
    plan->shape = plan->arranged.shape;
    plan->args = plan->arranged.args;
}

/* Infers the shape and the layout. False with an error. */
static bool plan_map(agi_map_plan *plan, const agi_op_info *info, int n, const ag_arg *args)
{
    bool plain;
    const ag_tensor *like = common_shape(n, args, &plain);
    plan->args = args;
    if (like != NULL) {
        plan->ndim = like->ndim;
        plan->shape = agi_shape_of(like);
        plan->numel = like->numel;
    } else {
        plan->shape = plan->broadcast;
        if (broadcast_args(n, args, &plan->ndim, plan->broadcast) != AG_OK)
            return false;
        plan->numel = agi_shape_numel(info->name, plan->ndim, plan->shape);
        if (plan->numel < 0)
            return false;
    }
    plan->has_layout = agi_layout_of_result(&plan->layout, (int)(info - agi_ops), plan->ndim,
                                            plan->shape, n, args);
    if (plan->has_layout)
        plan_layout(plan, n, args);
    return true;
}

static ag_tensor *give_layout(ag_tensor *out, const agi_map_plan *plan)
{
    if (out != NULL && plan->has_layout)
        agi_layout_give(out, &plan->layout);
    return out;
}

/* Pends, where that may be. */
static ag_tensor *pend_map(const agi_map_plan *plan, const agi_op_info *info, int n,
                           const ag_attr *attr, bool *deferred)
{
    ag_tensor *out = agi_expr_map((int)(info - agi_ops), plan->ndim, plan->shape, plan->numel, n,
                                  plan->args, attr != NULL ? attr->f : NULL, deferred);
    return give_layout(out, plan);
}

static ag_tensor *run_plan(const agi_map_plan *plan, const agi_op_info *info, int n,
                           const ag_attr *attr)
{
    ag_tensor *out =
        run_map(info, plan->ndim, plan->shape, plan->numel, n, plan->args, attr);
    return give_layout(out, plan);
}

/* Now, from arguments of its own. */
static ag_tensor *compute_own_map(const agi_op_info *info, int n, const ag_arg *args,
                                  const ag_attr *attr)
{
    ag_arg own[AGI_NODE_SHAPES];
    agi_map_plan plan;
    ag_tensor *out = NULL;
    if (!agi_args_own(n, args, own))
        return NULL;
    if (args_ready(n, own) && plan_map(&plan, info, n, own))
        out = run_plan(&plan, info, n, attr);
    agi_args_release(n, own);
    return out;
}

/* Arguments that are broadcast, not all row-major, large, or pending. What is large pends where it
 * may. */
static AGI_NOINLINE ag_tensor *compute_other_map(const agi_op_info *info, int n, const ag_arg *args,
                                                 const ag_attr *attr)
{
    agi_map_plan plan;
    if (!plan_map(&plan, info, n, args))
        return NULL;
    if (AGI_UNLIKELY(info->shortcut != NULL)) {
        bool done = false;
        ag_tensor *out = info->shortcut(args, plan.numel, &done);
        if (done)
            return out;
    }
    if (plan.numel >= AGI_DEFER_MIN) {
        bool deferred;
        ag_tensor *pending = pend_map(&plan, info, n, attr, &deferred);
        return deferred ? pending : compute_own_map(info, n, args, attr);
    }
    if (agi_any_pending(n, args))
        return compute_own_map(info, n, args, attr);
    return run_plan(&plan, info, n, attr);
}

static AGI_NOINLINE ag_tensor *compute_map(const agi_op_info *info, int n, const ag_arg *args,
                                           const ag_attr *attr)
{
    bool plain;
    const ag_tensor *like = common_shape(n, args, &plain);
    if (AGI_LIKELY(like != NULL && plain && like->numel < AGI_DEFER_MIN))
        return run_map(info, like->ndim, agi_shape_of(like), like->numel, n, args, attr);
    return compute_other_map(info, n, args, attr);
}

ag_tensor *agi_map_like(const ag_tensor *like, int op, int n, const ag_arg *args)
{
    const agi_op_info *info = &agi_ops[op];
    agi_map_plan plan = {.ndim = like->ndim, .numel = like->numel, .shape = agi_shape_of(like)};
    ag_arg own[AGI_NODE_SHAPES];
    ag_tensor *out = NULL;
    if (!agi_args_own(n, args, own))
        return NULL;
    plan.args = own;
    plan.has_layout = agi_layout_of(&plan.layout, like);
    if (plan.has_layout)
        plan_layout(&plan, n, own);
    bool deferred = false;
    if (plan.numel >= AGI_DEFER_MIN)
        out = pend_map(&plan, info, n, NULL, &deferred);
    if (!deferred && args_ready(n, own))
        out = run_plan(&plan, info, n, NULL);
    agi_args_release(n, own);
    return out;
}

void agi_map_into_layout(ag_tensor *z, int op, int n, const ag_arg *args, const double *f)
{
    agi_layout layout;
    agi_arranged arranged;
    const int64_t *shape = agi_shape_of(z);
    if (agi_layout_of(&layout, z)) {
        agi_layout_arrange(&arranged, &layout, n, args);
        shape = arranged.shape;
        args = arranged.args;
    }
    agi_run_map(&agi_ops[op], agi_tensor_data(z), z->ndim, shape, z->numel, n, args, f);
}

/* Forward functions read their arguments' geometry as they like. A view's computes nothing, those
 * of a reduction and of clone take a snapshot themselves. */
static AGI_NOINLINE ag_tensor *compute_long(const agi_op_info *info, int n, const ag_arg *args,
                                            const ag_attr *attr)
{
    ag_arg own[AGI_NODE_SHAPES] = {{.tensor = NULL}};
    if (!agi_args_own(n, args, own))
        return NULL;
    ag_tensor *out = args_ready(n, own) ? info->forward(own, attr) : NULL;
    agi_args_release(n, own);
    return out;
}

/* A result whose parts were recorded is known as the formula's, unless that has no label. */
static void name_after(const agi_op_info *formula, ag_tensor *out)
{
    if (out->node == NULL || formula->label[0] == '-')
        return;
    out->node->formula = formula->formula;
    out->node->variant = 0;
}

/* A formula has its parts recorded, if they are to be; else it is one node, which is the caller's
 * to record. */
static AGI_NOINLINE ag_tensor *compute_formula(const agi_op_info *info, const ag_arg *args,
                                               const ag_attr *attr, bool record_parts)
{
    agi_thread *thread = agi_thread_get();
    const bool recording = record_parts || agi_set_recording(thread, false), quiet = thread->quiet;
    thread->quiet = quiet || !record_parts;
    ag_tensor *out = info->forward(args, attr);
    thread->quiet = quiet;
    if (!record_parts)
        agi_set_recording(thread, recording);
    else if (out != NULL)
        name_after(info, out);
    return out;
}

AGI_INLINE ag_tensor *compute_other(const agi_op_info *info, int n, const ag_arg *args,
                                    const ag_attr *attr)
{
    if (info->kind == AGI_VIEW || info->kind == AGI_REDUCE || info->kind == AGI_JOIN ||
        info == &agi_ops[AG_OP_clone])
        return info->forward(args, attr);
    if (info->kind == AGI_FORMULA)
        return compute_formula(info, args, attr, info->grad == AGI_GRAD_PARTS);
    if (!is_long(info, n, args, attr))
        return info->forward(args, attr);
    return compute_long(info, n, args, attr);
}

ag_tensor *agi_compute(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    const agi_op_info *info = &agi_ops[op];
    if (info->forward == NULL)
        return compute_map(info, n, args, attr);
    if (info->kind == AGI_FORMULA)
        return compute_formula(info, args, attr, false);
    return compute_other(info, n, args, attr);
}

ag_tensor *agi_row_major_of(ag_tensor *x)
{
    const ag_arg arg = agi_arg(x);
    ag_tensor *dense = agi_is_contiguous(x) ? agi_retain(x)
                                            : agi_compute(AG_OP_clone, 1, &arg, &agi_row_major);
    if (dense == NULL || agi_storage_ready(dense->storage) == AG_OK)
        return dense;
    agi_release(dense);
    return NULL;
}

/* ---- recording ------------------------------------------------------------------------------ */

/* What the tape has to know of a result, by the operands. */
typedef enum agi_share {
    AGI_SHARE_NONE,    /* nothing: they are constants */
    AGI_SHARE_CUT,     /* one was cut off from the tape, or is now */
    AGI_SHARE_RECORD,  /* the op is recorded */
} agi_share;

/* What is no float64 has no gradient, whatever was written into it. (Other bits of a row's entry
 * may come with the dtype, as they do to what stores it.) */
AGI_INLINE agi_share share_of(const agi_op_info *info, ag_dtype dtype, int n, const ag_arg *args)
{
    const agi_thread *thread = agi_thread_get();
    if (!thread->grad_enabled && thread->quiet)
        return AGI_SHARE_NONE;
    bool any_cut = false;
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t == NULL)
            continue;
        if (agi_requires_grad(t))
            return thread->grad_enabled && info->grad < AGI_GRAD_NO_GRAD &&
                           (uint8_t)dtype == AG_FLOAT64
                       ? AGI_SHARE_RECORD : AGI_SHARE_CUT;
        any_cut |= t->cut.kind != AGI_CUT_NOT;
    }
    return any_cut ? AGI_SHARE_CUT : AGI_SHARE_NONE;
}

/* Whether the result has a storage that no other tensor knew before, whose dtype is not set yet: a
 * view has its input's, and of a formula the last op has set it. */
AGI_INLINE bool makes_storage(const agi_op_info *info)
{
    return info->kind != AGI_VIEW && info->kind != AGI_FORMULA;
}

int agi_variant_of(int op, const ag_arg *args, const ag_attr *attr)
{
    switch (op) {
    case AG_OP_sub:
        return args[0].tensor == NULL ? AGI_NAMED_RSUB + 1 : 0;
    case AG_OP_div:
        return args[0].tensor == NULL ? AGI_NAMED_MUL : 0;
    case AG_OP_pow:
        return args[0].tensor == NULL ? 2 : args[1].tensor == NULL ? 0 : 1;
    case AG_OP_remainder:
    case AG_OP_fmod:
    case AG_OP_clamp_min:
    case AG_OP_clamp_max:
        return args[1].tensor == NULL ? 0 : 1;
    case AG_OP_copysign:
        return args[1].tensor == NULL ? 1 : 0;
    case AG_OP_xlogy: case AG_OP_xlog1py: case AG_OP_zeta:
        return args[0].tensor == NULL ? 1 : args[1].tensor == NULL ? 2 : 0;
    case AG_OP_lerp:
        return args[2].tensor == NULL ? 0 : 1;
    case AG_OP_round:
        return attr->f[0] == 0.0 ? 0 : 1;
    case AG_OP_draw_random:
        return attr->f[0] == 2.0 ? 2 : attr->f[0] == 1.0 ? 1 : 0;
    case AG_OP_normal_of:
        return args[1].tensor == NULL ? 2 : args[2].tensor == NULL ? 1 : 3;
    case AG_OP_clamp:
        return args[1].tensor == NULL && args[2].tensor == NULL ? 1 : 0;
    case AG_OP_max:
    case AG_OP_min:
    case AG_OP_median_dim:
    case AG_OP_nanmedian_dim:
        return 1;
    case AG_OP_sum:
    case AG_OP_mean:
        return attr->n_list < 0 ? 0 : 1;
    case AG_OP_index_fill:
    case AG_OP_masked_fill:
        return args[2].tensor != NULL ? 1 : 0;
    case AG_OP_scatter:
        return args[2].tensor == NULL ? 1 : 0;
    case AG_OP_prod:
        return attr->i[0] == AG_NO_DIM ? 0 : 1;
    case AG_OP_split:
        return attr->i[1] != 0 ? AGI_NAMED_SPLIT_WITH_SIZES : 0;
    case AG_OP_squeeze:
        return attr->n_list < 0 ? 0 : attr->n_list == 1 ? 1 : 2;
    default:
        return 0;
    }
}

/* A result of this dtype. Variant below zero: that of the op. */
AGI_INLINE ag_tensor *apply_as(ag_dtype dtype, int op, int variant, int n, const ag_arg *args,
                               const ag_attr *attr)
{
    const agi_op_info *info = &agi_ops[op];
    ag_tensor *out;
    if (AGI_LIKELY(info->forward == NULL)) {
        out = compute_map(info, n, args, attr);
        if (AGI_LIKELY(out != NULL))
            out->storage->dtype = (uint8_t)dtype;
    } else {
        out = compute_other(info, n, args, attr);
        if (out != NULL && makes_storage(info))
            out->storage->dtype = (uint8_t)dtype;
        if (out != NULL && info->kind == AGI_VIEW && variant != AGI_NAMED_UNSAFE_VIEW &&
            agi_tensor_set_base(out, args[0].tensor) != AG_OK)
            goto fail;
    }
    if (AGI_UNLIKELY(out == NULL))
        return NULL;
    const agi_share share = share_of(info, dtype, n, args);
    if (share == AGI_SHARE_RECORD) {
        variant = variant < 0 ? agi_variant_of(op, args, attr) : variant;
        out->node = agi_node_new(op, variant, n, args, attr, out, 0);
        if (AGI_UNLIKELY(out->node == NULL) ||
            (AGI_UNLIKELY(agi_anomaly_checks()) && !agi_anomaly_look(out->node, out, n, args)))
            goto fail;
    } else if (AGI_UNLIKELY(share == AGI_SHARE_CUT)) {
        agi_cut_by_op(out, op, n, args);
    }
    return out;
fail:
    agi_release(out);
    return NULL;
}

static void release_all(int n, ag_tensor *const *tensors)
{
    for (int k = 0; k < n; k++)
        agi_release(tensors[k]);
}

/* A formula of float64 numbers, whose operands are not all that: of copies of the others. */
static ag_tensor *apply_to_floats(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    ag_arg floats[AGI_MOST_ARGS];
    ag_tensor *copies[AGI_MOST_ARGS] = {NULL}, *out = NULL;
    bool ok = true;
    for (int k = 0; k < n && ok; k++) {
        floats[k] = args[k];
        if (args[k].tensor != NULL && agi_dtype_of(args[k].tensor) != AG_FLOAT64) {
            floats[k].tensor = copies[k] = agi_compute(AG_OP_clone, 1, &args[k], NULL);
            ok = copies[k] != NULL;
        }
    }
    if (ok)
        out = agi_apply(op, -1, n, floats, attr);
    release_all(n, copies);
    return out;
}

static bool are_floats(int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && agi_dtype_of(args[k].tensor) != AG_FLOAT64)
            return false;
    return true;
}

/* Operands that are not all float64, or must be looked at. */
static AGI_NOINLINE ag_tensor *apply_by_dtypes(int op, int variant, int n, const ag_arg *args,
                                               const ag_attr *attr)
{
    unsigned how;
    if (!agi_dtypes_resolve(op, n, args, &how))
        return NULL;
    if ((how & AGI_DTYPE_WAYS) == AGI_AS)
        return agi_apply((int)(how & ~(unsigned)AGI_DTYPE_WAYS), -1, n, args, attr);
    if (agi_ops[op].kind == AGI_FORMULA && how == AG_FLOAT64 &&
        !(agi_dtypes_entry(&agi_ops[op], AG_FLOAT64) & AGI_MIXED) && !are_floats(n, args))
        return apply_to_floats(op, n, args, attr);
    if (!agi_dtypes_check_numbers(op, attr))
        return NULL;
    return apply_as((ag_dtype)how, op, variant, n, args, attr);
}

/* The same, or what a profile is told of, whose operands may be all float64. */
static AGI_NOINLINE ag_tensor *apply_watched(int op, int variant, int n, const ag_arg *args,
                                             const ag_attr *attr)
{
    const unsigned entry = agi_dtypes_entry(&agi_ops[op], AG_FLOAT64);
    agi_open_event event;
    const bool noted = agi_op_begin(&event);
    ag_tensor *out = agi_dtypes_are_float64(entry, n, args)
                         ? apply_as((uint8_t)entry, op, variant, n, args, attr)
                         : apply_by_dtypes(op, variant, n, args, attr);
    if (noted)
        agi_op_noted(&event, op, "", n, args, out);
    return out;
}

/* Inline in ag_apply, which all ops of a binding go through. */
AGI_INLINE ag_tensor *apply(int op, int variant, int n, const ag_arg *args, const ag_attr *attr)
{
    const unsigned entry = agi_dtypes_entry(&agi_ops[op], AG_FLOAT64);
    if (AGI_LIKELY(agi_dtypes_are_plain(entry, n, args)))
        return apply_as((uint8_t)entry, op, variant, n, args, attr);
    return apply_watched(op, variant, n, args, attr);
}

ag_tensor *agi_apply(int op, int variant, int n, const ag_arg *args, const ag_attr *attr)
{
    return apply(op, variant, n, args, attr);
}

/* ---- several results ------------------------------------------------------------------------ */

static bool note_views(ag_tensor *base, int n, ag_tensor **outs)
{
    for (int k = 0; k < n; k++) {
        if (agi_tensor_set_base(outs[k], base) != AG_OK)
            return false;
        if (outs[k]->flags & AGI_TENSOR_VIEW)
            outs[k]->flags |= AGI_TENSOR_ONE_OF_VIEWS;
    }
    return true;
}

/* The op's node, and one for each result that a gradient can reach. */
static bool record_several(int op, int n_args, const ag_arg *args, const ag_attr *attr, int n,
                           ag_tensor **outs)
{
    ag_attr counted = attr != NULL ? *attr : (ag_attr){.n_list = 0};
    counted.i[3] = n;
    const int variant = agi_variant_of(op, args, attr);
    const bool indexed = agi_ops[op].indexed;
    ag_node *node = agi_node_new(op, variant, n_args, args, &counted, outs[indexed ? 1 : 0], 0);
    bool ok = node != NULL;
    for (int k = 0; k < (indexed ? 1 : n) && ok; k++)
        ok = (outs[k]->node = agi_node_new_output(node, k)) != NULL;
    for (int k = 0; agi_anomaly_checks() && ok && k < n; k++)
        ok = agi_anomaly_look(node, outs[k], n_args, args);
    agi_node_release(node);
    return ok;
}

static ag_status compute_formulas(const agi_op_info *info, const ag_arg *args, const ag_attr *attr,
                                  int n, ag_tensor **outs)
{
    const bool parts = info->grad == AGI_GRAD_PARTS;
    agi_thread *thread = agi_thread_get();
    const bool recording = agi_set_recording(thread, parts && thread->grad_enabled);
    const ag_status status = info->forward_several(args, attr, n, outs);
    agi_set_recording(thread, recording);
    for (int k = 0; k < n && parts && status == AG_OK; k++)
        name_after(info, outs[k]);
    return status;
}

/* A forward function of several results gets arguments that have their numbers, of its own where
 * another thread may run meanwhile; its results get their dtypes. */
static ag_status compute_reduces(const agi_op_info *info, ag_dtype dtype, int n_args,
                                 const ag_arg *args, const ag_attr *attr, int n, ag_tensor **outs)
{
    ag_arg own[AGI_NODE_SHAPES] = {{.tensor = NULL}};
    const bool is_owned = is_long(info, n_args, args, attr);
    if (is_owned && !agi_args_own(n_args, args, own))
        return ag_last_status();
    ag_status status = AG_OK;
    if (is_owned && !args_ready(n_args, own))
        status = ag_last_status();
    if (status == AG_OK)
        status = info->forward_several(is_owned ? own : args, attr, n, outs);
    if (is_owned)
        agi_args_release(n_args, own);
    for (int k = 0; k < n && status == AG_OK; k++)
        outs[k]->storage->dtype = (uint8_t)(k > 0 && info->indexed ? AG_INT64 : dtype);
    return status;
}

static ag_status compute_several(const agi_op_info *info, ag_dtype dtype, int n_args,
                                 const ag_arg *args, const ag_attr *attr, int n, ag_tensor **outs)
{
    if (info->kind == AGI_FORMULAS)
        return compute_formulas(info, args, attr, n, outs);
    if (info->kind == AGI_REDUCES)
        return compute_reduces(info, dtype, n_args, args, attr, n, outs);
    return info->forward_several(args, attr, n, outs);
}

static ag_status apply_several(int op, int n_args, const ag_arg *args, const ag_attr *attr, int n,
                               ag_tensor **outs)
{
    const agi_op_info *info = &agi_ops[op];
    unsigned how = agi_dtypes_entry(info, AG_FLOAT64) & ~(unsigned)AGI_WATCHED;
    if (!agi_dtypes_are_float64(how, n_args, args) && !agi_dtypes_resolve(op, n_args, args, &how))
        return ag_last_status();
    if (compute_several(info, (ag_dtype)how, n_args, args, attr, n, outs) != AG_OK)
        return ag_last_status();
    const agi_share share = share_of(info, AG_FLOAT64, n_args, args);
    const bool records = n > 0 && share == AGI_SHARE_RECORD;
    for (int k = 0; k < n && share != AGI_SHARE_NONE; k++)
        if (!records || (k > 0 && info->indexed))
            agi_cut_by_op(outs[k], op, n_args, args);
    if ((info->kind != AGI_VIEWS || note_views(args[0].tensor, n, outs)) &&
        (!records || record_several(op, n_args, args, attr, n, outs)))
        return AG_OK;
    for (int k = 0; k < n; k++)
        agi_release(outs[k]);
    return ag_last_status();
}

ag_status agi_apply_several(int op, int n_args, const ag_arg *args, const ag_attr *attr, int n,
                            ag_tensor **outs)
{
    agi_open_event event;
    const bool noted = agi_op_begin(&event);
    const ag_status status = apply_several(op, n_args, args, attr, n, outs);
    if (noted)
        agi_op_noted(&event, op, "", n_args, args, status == AG_OK && n > 0 ? outs[0] : NULL);
    return status;
}

ag_status ag_apply_several(ag_op op, int n_args, const ag_arg *args, const ag_attr *attr, int n,
                           ag_tensor **outs)
{
    if (!agi_check_several(op, n_args, args, attr, n, outs) ||
        agi_apply_several((int)op, n_args, args, attr, n, outs) != AG_OK)
        return ag_last_status();
    return agi_scope_add_all(n, outs);
}

/* ---- calls ---------------------------------------------------------------------------------- */

AGI_INLINE ag_tensor *call(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    ag_arg swapped[2];
    if (AGI_UNLIKELY(args[0].tensor == NULL) && (op == AG_OP_add || op == AG_OP_mul)) {
        swapped[0] = args[1];  /* the number second, as PyTorch has it on the tape */
        swapped[1] = args[0];
        args = swapped;
    }
    return agi_scope_add(apply(op, -1, n, args, attr));
}

ag_tensor *agi_call(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    return call(op, n, args, attr);
}

ag_tensor *ag_apply(ag_op op, int n, const ag_arg *args, const ag_attr *attr)
{
    if (!agi_call_is_plain(op, n, args) && !agi_check_call(op, n, args, attr))
        return NULL;
    return call((int)op, n, args, attr);
}
