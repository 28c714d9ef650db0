/* SPDX-License-Identifier: MIT
 *
 * What is asked of a backward, and what it hands out. See request.h.
 */
#include "request.h"

#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"
#include "cut.h"
#include "rule.h"

AGI_NOINLINE bool agi_fail_flags(const char *op, unsigned flags, unsigned allowed)
{
    agi_fail(AG_ERR_VALUE, "%s: expected flags among %#x, not both of %#x, got %#x", op, allowed,
             AGI_RETAIN_AND_FREE, flags);
    return false;
}

bool agi_check_request(const char *op, int n, ag_tensor *const *roots, int n_inputs,
                       ag_tensor *const *inputs)
{
    return agi_check_tensors(op, "roots", n, roots) &&
           agi_check_tensors(op, "inputs", n_inputs, inputs);
}

/* Whether the gradient of root `index`, the caller's or the 1 that stands for none, fits it. */
static bool check_gradient(int index, const ag_tensor *root, const ag_tensor *gradient)
{
    char want[AGI_SHAPE_TEXT], got[AGI_SHAPE_TEXT];
    if (gradient == NULL ? root->numel == 1 || !agi_requires_grad(root)
                         : agi_same_shape(root, gradient))
        return true;
    if (gradient == NULL)
        agi_fail(AG_ERR_GRAD, "grad can be implicitly created only for scalar outputs");
    else
        agi_fail(AG_ERR_SHAPE, "Mismatch in shape: grad_output[%d] has a shape of "
                               "pyautograd.Size(%s) and output[%d] has a shape of "
                               "pyautograd.Size(%s).", index,
                 agi_format_shape_list(got, gradient->ndim, agi_shape_of(gradient)), index,
                 agi_format_shape_list(want, root->ndim, agi_shape_of(root)));
    return false;
}

/* The roots and their gradients are looked at before anything else, all gradients first: what is
 * refused then is refused with the message that PyTorch has for it, and has marked no input. */
bool agi_check_roots(int n, ag_tensor *const *roots, ag_tensor *const *gradients)
{
    for (int i = 0; i < n; i++)
        if (!check_gradient(i, roots[i], gradients != NULL ? gradients[i] : NULL))
            return false;
    for (int i = 0; i < n; i++)
        if (!agi_requires_grad(roots[i])) {
            agi_fail(AG_ERR_GRAD, "element %d of tensors does not require grad and does not have a "
                                  "grad_fn", i);
            return agi_cut_explain(roots[i]);
        }
    return true;
}

/* The edge to a tensor as the run sees it: owned, 0 with an error if it cannot be had. */
agi_edge agi_edge_of(ag_tensor *t)
{
    bool failed = false;
    ag_node *node = agi_tensor_node(t, &failed);
    if (failed)
        return 0;
    return node != NULL ? (agi_edge)node : (agi_edge)agi_retain(t) | 1;
}

/* What a root's gradient is at first: 1, or the caller's as it is now, since other threads may give
 * that other memory; where the tape is recorded it is itself on it. Owned. */
ag_tensor *agi_first_gradient(const ag_tensor *root, ag_tensor *gradient, bool recorded)
{
    if (gradient != NULL)
        return agi_own_gradient(gradient, recorded);
    ag_tensor *one = agi_tensor_new(root->ndim, agi_shape_of(root), 1);
    if (one != NULL)
        *agi_tensor_data(one) = 1.0;
    return one;
}

/* A leaf whose data was exchanged since for data of another shape cannot take this gradient. */
AGI_NOINLINE bool agi_fail_leaf(const ag_node *node, int k, const ag_tensor *leaf, int ndim,
                                const int64_t *shape)
{
    char name[64], got[AGI_SHAPE_TEXT], want[AGI_SHAPE_TEXT];
    ag_node_name(node, name, sizeof name);
    agi_fail(AG_ERR_SHAPE,
             "Function %s returned an invalid gradient at index %d - got %s but expected shape "
             "compatible with %s",
             name, k, agi_format_shape_list(got, ndim, shape),
             agi_format_shape_list(want, leaf->ndim, agi_shape_of(leaf)));
    return false;
}

/* A result that is a view becomes a tensor like others: as a view that was made while recording was
 * off it could not be written. A part of the caller's own gradient stays a view. */
void agi_make_plain(ag_tensor *result, int n, ag_tensor *const *gradients)
{
    if (!(result->flags & AGI_TENSOR_VIEW) || result->node != NULL)
        return;
    for (int i = 0; i < n && gradients != NULL; i++)
        if (gradients[i] != NULL && gradients[i]->storage == result->storage)
            return;
    agi_tensor_let_go_of_base(result);
}

/* The results, those that are pending computed together with pending roots that fit them. */
bool agi_results_compute(int n, ag_tensor **results, int n_roots, ag_tensor *const *roots)
{
    int count = 0;
    agi_target *targets = agi_plain_new(((size_t)n + (size_t)n_roots) * sizeof *targets);
    if (targets == NULL)
        return false;
    for (int i = 0; i < n; i++)
        if (results[i] != NULL && agi_is_pending(results[i]->storage))
            targets[count++] = (agi_target){.storage = results[i]->storage};
    const bool ok = agi_expr_compute_with(count, targets, n_roots, roots) == AG_OK;
    agi_plain_free(targets);
    return ok;
}
