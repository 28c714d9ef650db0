/* SPDX-License-Identifier: MIT
 *
 * Thin bodies of the public header: reading, and the autograd side of tensors. Ops are in calls.c,
 * creating is in create.c, ops in place in inplace.c, backward in engine.c, looking at nodes in
 * node.c, random numbers in random.c, tuning beside what it tunes.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/blas.h"
#include "base/caches.h"
#include "base/check.h"
#include "base/levels.h"
#include "base/shape.h"
#include "base/thread.h"
#include "compute/mvec.h"
#include "compute/run.h"
#include "fuse/jit/jit.h"
#include "fuse/pending.h"
#include "tape/apply.h"
#include "tape/cast.h"
#include "tape/cut.h"
#include "tape/dtypes.h"
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
    return agi_has_tensor("is_read_only", t) && agi_is_read_only(t->storage);
}

int64_t ag_storage_offset(const ag_tensor *t)
{
    return agi_has_tensor("storage_offset", t) ? t->offset : -1;
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

/* x row-major, of the dtype. Owned. */
static ag_tensor *dense_as(ag_tensor *t, ag_dtype dtype)
{
    ag_tensor *x = agi_tensor_to_read(t);
    ag_tensor *cast = x != NULL ? agi_cast(x, dtype) : NULL;
    ag_tensor *dense = cast != NULL ? agi_row_major_of(cast) : NULL;
    agi_release(cast);
    agi_release(x);
    return dense;
}

ag_status ag_copy_out_int64(ag_tensor *t, int64_t *values)
{
    if (!agi_has_tensor("copy_out_int64", t) ||
        (t->numel > 0 && !agi_has("copy_out_int64", values, "memory for the values")))
        return ag_last_status();
    ag_tensor *x = dense_as(t, AG_INT64);
    if (x == NULL)
        return ag_last_status();
    const double *data = agi_tensor_data(x);
    ag_status status = AG_OK;
    for (int64_t i = 0; i < x->numel && status == AG_OK; i++) {
        if (fabs(data[i]) < 0x1p63)
            values[i] = (int64_t)data[i];
        else
            status = agi_fail(AG_ERR_INTEGER, "copy_out_int64: %g does not fit 64 bits", data[i]);
    }
    agi_release(x);
    return status;
}

ag_status ag_copy_out_bool(ag_tensor *t, bool *values)
{
    if (!agi_has_tensor("copy_out_bool", t) ||
        (t->numel > 0 && !agi_has("copy_out_bool", values, "memory for the values")))
        return ag_last_status();
    ag_tensor *x = dense_as(t, AG_BOOL);
    if (x == NULL)
        return ag_last_status();
    const double *data = agi_tensor_data(x);
    for (int64_t i = 0; i < x->numel; i++)
        values[i] = data[i] != 0.0;
    agi_release(x);
    return AG_OK;
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

bool ag_is_inference(const ag_tensor *t)
{
    return agi_has_tensor("is_inference", t) && (t->marks & AGI_MARK_INFERENCE) != 0;
}

ag_status ag_set_requires_grad(ag_tensor *t, bool on)
{
    if (!agi_has_tensor("set_requires_grad", t))
        return ag_last_status();
    if (on && agi_dtype_of(t) != AG_FLOAT64)
        return agi_fail(AG_ERR_GRAD, "only Tensors of floating point dtype can require gradients");
    if (on && ag_is_inference(t) && !ag_inference_mode())
        return agi_fail(AG_ERR_GRAD, "Setting requires_grad=True on inference tensor outside "
                                     "InferenceMode is not allowed.");
    if (!ag_is_leaf(t)) {
        if (on)
            return AG_OK;
        return agi_fail(AG_ERR_GRAD,
                        "you can only change requires_grad flags of leaf variables. If "
                        "you want to use a computed variable in a subgraph that "
                        "doesn't require differentiation use var_no_grad = "
                        "var.detach().");
    }
    if (!on)
        agi_cut_by(t, t, AGI_CUT_FROZEN, 0);
    t->flags = (uint8_t)(on ? t->flags | AGI_TENSOR_REQUIRES_GRAD
                            : t->flags & ~AGI_TENSOR_REQUIRES_GRAD);
    return AG_OK;
}

ag_tensor *ag_grad_of(const ag_tensor *t)
{
    const agi_meta *meta = agi_has_tensor("grad_of", t) ? agi_meta_of(t) : NULL;
    return meta != NULL ? meta->grad : NULL;
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
    if (grad != NULL && agi_dtype_of(grad) != agi_dtype_of(t))
        return agi_fail(AG_ERR_GRAD, "attempting to assign a gradient with dtype '%s' to a tensor "
                                     "with dtype '%s'. Please ensure that the gradient and the "
                                     "tensor have the same dtype",
                        agi_dtype_name(agi_dtype_of(grad)), agi_dtype_name(agi_dtype_of(t)));
    if (grad == NULL && agi_meta_of(t) == NULL)
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
    ag_tensor *alias = agi_has_tensor("detach", t) ? agi_tensor_alias(t) : NULL;
    if (alias != NULL)
        agi_cut_by(alias, t, AGI_CUT_DETACH, 0);
    return agi_scope_add(alias);
}

ag_tensor *ag_data_of(ag_tensor *t)
{
    ag_tensor *alias = agi_has_tensor("data_of", t) ? agi_tensor_alias(t) : NULL;
    if (alias != NULL && agi_tensor_count_apart(alias, 0) != AG_OK) {
        agi_release(alias);
        return NULL;
    }
    if (alias != NULL)
        agi_cut_by(alias, t, AGI_CUT_DATA, 0);
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
    agi_cut_by(t, t, AGI_CUT_DETACH_, 0);
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
    if (agi_requires_grad(t) && agi_dtype_of(from) != AG_FLOAT64)
        return agi_fail(AG_ERR_GRAD, "data set to a tensor that requires gradients must be "
                                     "floating point or complex dtype");
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

int ag_show_config(char *text, size_t size)
{
#ifndef AG_FLAGS
#define AG_FLAGS "unknown"
#endif
    if (!agi_check_text("show_config", text, size))
        return -1;
    char caches[AGI_CACHES_TEXT], blas[AGI_BLAS_TEXT];
    agi_caches_write(caches);
    return snprintf(text, size,
                    "version: %s\ncompiler: %s\nflags: %s\ncpu level: %s%s%s\ncaches: %s\n"
                    "vector math: %s\nBLAS: %s\n"
                    "machine code: %s\nthreads: %d\n",
                    AG_VERSION, __VERSION__, AG_FLAGS, agi_level_name(agi_level_now),
                    *agi_level_note() ? " " : "", agi_level_note(), caches, agi_mvec_source(),
                    agi_blas_write(blas), agi_jit_level(), ag_get_num_threads());
}
