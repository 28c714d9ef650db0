/* SPDX-License-Identifier: MIT
 *
 * Public bodies: stand-ins for tensors as roots and inputs of a backward, and what hooks may ask of
 * the backward that called them.
 */
#include "base/check.h"
#include "base/shape.h"
#include "base/thread.h"
#include "tape/hooks.h"
#include "tape/node.h"
#include "tape/slots.h"
#include "tensor/scope.h"

/* ---- stand-ins ------------------------------------------------------------------------------ */

/* Takes the node. Its one number is 0, for all elements of the shape. */
static ag_tensor *stand_in(ag_node *node, int ndim, const int64_t *shape)
{
    const int64_t strides[AGI_MAX_DIMS] = {0};
    ag_tensor *zero = agi_tensor_new(0, NULL, 1);
    ag_tensor *t = zero != NULL ? agi_tensor_over(zero->storage, ndim, shape, strides, 0) : NULL;
    agi_meta *meta = t != NULL ? agi_tensor_meta(t) : NULL;
    if (meta == NULL) {
        agi_node_release(node);
        agi_release(zero);
        agi_release(t);
        return NULL;
    }
    *agi_tensor_data(zero) = 0.0;
    agi_release(zero);
    meta->stands_in = true;
    t->node = node;
    return t;
}

ag_tensor *ag_edge_of(ag_tensor *t)
{
    bool failed = false;
    if (!agi_has_tensor("edge_of", t))
        return NULL;
    if (!agi_requires_grad(t)) {
        agi_fail(AG_ERR_GRAD, "It is not possible to get the gradient edge for a Tensor that does "
                              "not require gradients");
        return NULL;
    }
    ag_node *node = agi_tensor_node(t, &failed);
    if (failed)
        return NULL;
    return agi_scope_add(node != NULL ? stand_in(node, t->ndim, agi_shape_of(t)) : agi_retain(t));
}

ag_tensor *ag_node_edge(ag_node *node, int k, int ndim, const int64_t *shape)
{
    if (!agi_has("node_edge", node, "a node") || agi_shape_numel("node_edge", ndim, shape) < 0)
        return NULL;
    if (k < 0 || k >= agi_node_outputs(node)) {
        agi_fail(AG_ERR_INDEX, "node_edge: expected a result from 0 to %d, got %d",
                 agi_node_outputs(node) - 1, k);
        return NULL;
    }
    ag_node *own = node->has_outputs ? agi_node_new_output(node, k) : agi_node_retain(node);
    return own != NULL ? agi_scope_add(stand_in(own, ndim, shape)) : NULL;
}

/* ---- the backward that is on ---------------------------------------------------------------- */

int ag_backward_numbers(int n, uint64_t *numbers)
{
    int count = 0;
    if (n > 0 && !agi_has("backward_numbers", numbers, "memory for the numbers"))
        return -1;
    for (const agi_run *run = agi_thread_get()->run; run != NULL; run = run->outer, count++)
        if (count < n)
            numbers[count] = (uintptr_t)run->name;
    return count;
}

bool ag_backward_is_whole(void)
{
    const agi_run *run = agi_thread_get()->run;
    return run != NULL && run->accumulates && !run->selective;
}

bool ag_hook_is_due(const ag_hook *hook)
{
    const agi_run *run = agi_thread_get()->run;
    if (!agi_has("hook_is_due", hook, "a hook") || run == NULL || agi_hook_of(hook) == 0)
        return false;
    const int32_t slot = agi_slot_find(run, agi_hook_of(hook));
    return slot >= 0 && (!run->selective || run->entries[slot].needed);
}
