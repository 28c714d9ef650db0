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
#include "node_saved.h"

ag_node *ag_node_of(ag_tensor *t)
{
    if (!agi_has_tensor("node_of", t))
        return NULL;
    bool failed = false;
    ag_node *node = agi_tensor_node(t, &failed);
    if (node == NULL || !node->is_output)
        return node;
    ag_node *of = agi_node_retain(agi_node_of_op(node));
    agi_node_release(node);
    return of;
}

uint32_t ag_node_number(const ag_node *node)
{
    return agi_has("node_number", node, "a node") ? node->number : 0;
}

int ag_output_number(ag_tensor *t)
{
    if (!agi_has_tensor("output_number", t))
        return -1;
    bool failed = false;
    ag_node *node = agi_tensor_node(t, &failed);
    const int number = failed ? -1 : node != NULL ? agi_node_output_number(node) : 0;
    agi_node_release(node);
    return number;
}

int ag_node_output_count(const ag_node *node)
{
    return agi_has("node_output_count", node, "a node") ? agi_node_outputs(node) : -1;
}

ag_node *ag_node_retain(ag_node *node)
{
    return agi_has("node_retain", node, "a node") ? agi_node_retain(node) : NULL;
}

void ag_node_release(ag_node *node) { agi_node_release(node); }

/* Inputs that do not count where the tape is looked at: numbers and masks that PyTorch has as
 * attributes of the node. */
static unsigned hidden_inputs(const ag_node *node)
{
    switch (node->op) {
    case AG_OP_sub:
        return node->variant == AGI_NAMED_RSUB + 1 ? 1 : 0;
    case AG_OP_pow:
        return node->variant == 0 ? 2 : node->variant == 2 ? 1 : 0;
    case AG_OP_fmod: case AG_OP_clamp_min: case AG_OP_clamp_max:
        return node->variant == 0 ? 2 : 0;
    case AG_OP_copysign:
        return node->variant == 1 ? 2 : 0;
    case AG_OP_xlogy: case AG_OP_xlog1py: case AG_OP_zeta:
        return node->variant;  /* 1: the first is a number, 2: the second */
    case AG_OP_lerp:
        return node->variant == 0 ? 4 : 0;
    case AG_OP_clamp:
        return node->variant == 1 ? 6 : 0;
    case AG_OP_where:
        return 1;
    case AG_OP_gather:
    case AG_OP_index:
    case AG_OP_index_add:
    case AG_OP_index_copy:
    case AG_OP_index_put:
    case AG_OP_index_select:
    case AG_OP_masked_scatter:
    case AG_OP_masked_select:
    case AG_OP_put:
    case AG_OP_scatter_add:
    case AG_OP_take:
        return 2;
    case AG_OP_index_fill:
    case AG_OP_masked_fill:
        return node->variant == 0 ? 6 : 2;
    case AG_OP_scatter:
        return node->variant == 0 ? 2 : 6;
    case AG_OP_fill:
        return (node->variant & 15) == 3 ? 0 : 2;  /* 3: with a tensor */
    default:
        return 0;
    }
}

static bool is_hidden(unsigned hidden, int k) { return k < AGI_NODE_SHAPES && hidden >> k & 1; }

bool agi_node_hides(const ag_node *node, int k) { return is_hidden(hidden_inputs(node), k); }

int ag_node_input_count(const ag_node *node)
{
    return agi_has("node_input_count", node, "a node")
               ? node->n_in - __builtin_popcount(hidden_inputs(node)) : -1;
}

/* The edge of the k-th input that counts; false with an error. */
static bool edge_of_input(const char *function, const ag_node *node, int k, agi_edge *edge)
{
    if (!agi_has(function, node, "a node"))
        return false;
    const unsigned hidden = hidden_inputs(node);
    const int count = node->n_in - __builtin_popcount(hidden);
    if (k < 0 || k >= count) {
        agi_fail(AG_ERR_INDEX, "%s: expected an input from 0 to %d, got %d", function, count - 1,
                 k);
        return false;
    }
    int at = 0;
    for (int seen = 0; is_hidden(hidden, at) || seen++ < k; at++)
        ;
    *edge = node->edges[at];
    return true;
}

ag_status ag_node_input(const ag_node *node, int k, ag_node **from, ag_tensor **leaf)
{
    agi_edge edge;
    if (!edge_of_input("node_input", node, k, &edge))
        return ag_last_status();
    const bool is_node = edge != 0 && !agi_edge_is_leaf(edge);
    if (leaf != NULL)
        *leaf = agi_edge_is_leaf(edge) ? agi_edge_leaf(edge) : NULL;
    if (from != NULL)
        *from = is_node ? agi_node_of_op(agi_edge_node(edge)) : NULL;
    return AG_OK;
}

int ag_node_input_output(const ag_node *node, int k)
{
    agi_edge edge;
    if (!edge_of_input("node_input_output", node, k, &edge))
        return -1;
    const bool is_node = edge != 0 && !agi_edge_is_leaf(edge);
    return is_node ? agi_node_output_number(agi_edge_node(edge)) : 0;
}

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
        const agi_storage *s = agi_saved_storage(&saved[i]);
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
