/* SPDX-License-Identifier: MIT
 *
 * The one path that every op call takes: check -> infer the shape -> compute -> record. What is
 * written in place takes the path of inplace.c.
 */
#include "apply.h"

#include "expr.h"
#include "run.h"
#include "shape.h"
#include "thread.h"

ag_tensor agi_failed;

/* ---- elementwise ---------------------------------------------------------------------------- */

/* The first tensor among the arguments if all tensors have its shape, else NULL. */
static const ag_tensor *common_shape(int n, const ag_arg *args)
{
    const ag_tensor *first = NULL;
    for (int k = 0; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t == NULL)
            continue;
        if (first == NULL)
            first = t;
        else if (t != first &&
                 !agi_shape_equal(t->ndim, agi_shape_of(t), first->ndim, agi_shape_of(first)))
            return NULL;
    }
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

static bool args_ready(int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && agi_storage_ready(args[k].tensor->storage) != AG_OK)
            return false;
    return true;
}

static ag_tensor *compute_map(const agi_op_info *info, int n, const ag_arg *args,
                              const ag_attr *attr)
{
    int64_t shape[AGI_MAX_DIMS];
    const int64_t *out_shape = shape;
    int ndim = 0;
    int64_t numel = 1;
    const ag_tensor *like = common_shape(n, args);
    if (AGI_LIKELY(like != NULL)) {
        ndim = like->ndim;
        out_shape = agi_shape_of(like);
        numel = like->numel;
    } else {
        if (broadcast_args(n, args, &ndim, shape) != AG_OK)
            return NULL;
        numel = agi_shape_numel(info->name, ndim, shape);
        if (numel < 0)
            return NULL;
    }
    if (AGI_UNLIKELY(numel >= AGI_DEFER_MIN)) {
        bool deferred;
        ag_tensor *pending = agi_expr_map((int)(info - agi_ops), ndim, out_shape, numel, n, args,
                                          attr != NULL ? attr->f : NULL, &deferred);
        if (deferred)
            return pending;
    }
    if (!args_ready(n, args))
        return NULL;
    ag_tensor *out = agi_tensor_new(ndim, out_shape, numel);
    if (AGI_LIKELY(out != NULL))
        agi_run_map(info, out->storage->data, ndim, out_shape, numel, n, args,
                    attr != NULL ? attr->f : NULL);
    return out;
}

ag_tensor *agi_compute(int op, int n, const ag_arg *args, const ag_attr *attr)
{
    const agi_op_info *info = &agi_ops[op];
    if (AGI_LIKELY(info->forward == NULL))
        return compute_map(info, n, args, attr);
    if (op == AG_OP_clone && args[0].tensor->numel >= AGI_DEFER_MIN) {
        bool deferred;
        const ag_tensor *x = args[0].tensor;
        ag_tensor *pending = agi_expr_map(op, x->ndim, agi_shape_of(x), x->numel, 1, args, NULL,
                                          &deferred);
        if (deferred)
            return pending;
    }
    if (info->kind != AGI_VIEW && info->kind != AGI_REDUCE && !args_ready(n, args))
        return NULL;
    return info->forward(args, attr);
}

/* ---- recording ------------------------------------------------------------------------------ */

static bool wants_record(const agi_op_info *info, int n, const ag_arg *args)
{
    if (!agi_thread_get()->grad_enabled || info->grad == AGI_GRAD_NO_GRAD)
        return false;
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && agi_requires_grad(args[k].tensor))
            return true;
    return false;
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
    case AG_OP_clamp:
        return args[1].tensor == NULL && args[2].tensor == NULL ? 1 : 0;
    case AG_OP_sum:
    case AG_OP_mean:
        return attr->n_list < 0 ? 0 : 1;
    case AG_OP_squeeze:
        return attr->n_list < 0 ? 0 : attr->n_list == 1 ? 1 : 2;
    default:
        return 0;
    }
}

ag_tensor *agi_apply(int op, int variant, int n, const ag_arg *args, const ag_attr *attr)
{
    const agi_op_info *info = &agi_ops[op];
    ag_tensor *out = agi_compute(op, n, args, attr);
    if (AGI_UNLIKELY(out == NULL))
        return NULL;
    if (info->kind == AGI_VIEW && agi_tensor_set_base(out, args[0].tensor) != AG_OK)
        goto fail;
    if (wants_record(info, n, args)) {
        out->node = agi_node_new(op, variant, n, args, attr, out, 0);
        if (AGI_UNLIKELY(out->node == NULL))
            goto fail;
    }
    return out;
fail:
    agi_release(out);
    return NULL;
}

ag_tensor *ag_apply(ag_op op, int n, const ag_arg *args, const ag_attr *attr)
{
    ag_arg swapped[2];
    if (AGI_UNLIKELY(args[0].tensor == NULL) && (op == AG_OP_add || op == AG_OP_mul)) {
        swapped[0] = args[1];  /* the number second, as PyTorch has it on the tape */
        swapped[1] = args[0];
        args = swapped;
    }
    return agi_scope_add(agi_apply((int)op, agi_variant_of((int)op, args, attr), n, args, attr));
}
