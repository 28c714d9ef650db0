/* SPDX-License-Identifier: MIT
 *
 * What a node can tell of itself to whoever looks at the tape: shapes, memory that it keeps, where
 * it was recorded. Looking computes nothing and changes nothing.
 */
#include <string.h>

#include "../base/check.h"
#include "../compute/op.h"
#include "../fuse/pending.h"
#include "node.h"

/* The number among all inputs of the k-th that counts; -1 with an error. */
static int place_of_input(const ag_node *node, int k)
{
    const int count = ag_node_input_count(node);
    if (k < 0 || k >= count) {
        agi_fail(AG_ERR_INDEX, "node_input_shape: expected an input from 0 to %d, got %d",
                 count - 1, k);
        return -1;
    }
    int at = 0;
    for (int seen = 0; agi_node_hides(node, at) || seen++ < k; at++)
        ;
    return at;
}

/* Of the inputs that are joined the first few keep their shapes, and the list has their sizes. */
static const int64_t *shape_of_joined(const ag_node *node, int at, int *ndim, int64_t *size)
{
    const int64_t *list, *shape = agi_node_input_shape(node, 0, ndim);
    if (node->op == AG_OP_cat && agi_node_list(node, &list) > at)
        *size = list[at];
    return shape;
}

ag_status ag_node_input_shape(const ag_node *node, int k, int *ndim, int64_t *shape)
{
    static const char name[] = "node_input_shape";
    if (!agi_has(name, node, "a node") ||
        !agi_has(name, ndim, "memory for the number of dimensions") ||
        !agi_has(name, shape, "memory for a shape"))
        return ag_last_status();
    const int at = place_of_input(node, k);
    int64_t size = -1;
    if (at < 0)
        return ag_last_status();
    const int64_t *kept = at >= AGI_NODE_SHAPES && agi_ops[node->op].kind == AGI_JOIN
                              ? shape_of_joined(node, at, ndim, &size)
                              : agi_node_input_shape(node, at, ndim);
    if (kept != NULL)
        memcpy(shape, kept, (size_t)*ndim * sizeof *shape);
    if (kept != NULL && size >= 0)
        shape[agi_node_attr_of(node)->i[0]] = size;
    return AG_OK;
}

int64_t ag_node_kept(const ag_node *node, int k, const void **memory)
{
    if (!agi_has("node_kept", node, "a node") ||
        !agi_has("node_kept", memory, "memory for an address"))
        return -1;
    const agi_saved *saved = agi_node_saved(node);
    for (int i = 0; i < node->n_saved; i++) {
        const agi_storage *s = saved[i].kind == AGI_SAVED_INPUT    ? saved[i].value.tensor->storage
                               : saved[i].kind == AGI_SAVED_OUTPUT ? saved[i].value.storage : NULL;
        if (s == NULL || k-- > 0)
            continue;
        *memory = s;
        return s->data != NULL ? s->numel * (int64_t)sizeof(double) : 0;
    }
    return -1;
}

const void *ag_memory_of(ag_tensor *t)
{
    return agi_has_tensor("memory_of", t) ? t->storage : NULL;
}
