/* SPDX-License-Identifier: MIT
 *
 * Keeping values. See kept.h.
 */
#include "kept.h"

#include "apply.h"
#include "checkpoint.h"

ag_tensor *agi_with_its_node(ag_tensor *value, agi_edge edge)
{
    if (value->flags & AGI_TENSOR_REQUIRES_GRAD)
        return agi_retain(value);
    ag_tensor *alias = agi_tensor_alias(value);
    if (alias != NULL && edge != 0 && !agi_edge_is_leaf(edge))
        alias->node = agi_node_retain(agi_edge_node(edge));
    return alias;
}

/* What was unpacked for a leaf is another tensor: to the tape a view of the leaf. */
static ag_node *node_to_leaf(ag_tensor *leaf, const ag_tensor *value)
{
    const ag_attr attr = {.n_list = value->ndim, .list = agi_shape_of(value)};
    const ag_arg arg = agi_arg(leaf);
    return agi_node_new(AG_OP_view, 0, 1, &arg, &attr, value, 0);
}

/* Takes `given`; owned. */
static ag_tensor *with_old_history(ag_tensor *given, agi_edge edge, bool recorded)
{
    const bool is_leaf = agi_edge_is_leaf(edge);
    if (is_leaf && given == agi_edge_leaf(edge))
        return given;
    ag_tensor *value = given;
    if (agi_refs_get(&given->refs) > 1 || agi_requires_grad(given) || given->wrapper != NULL ||
        given->meta != NULL) {
        value = agi_tensor_alias(given);
        agi_release(given);
    }
    if (value == NULL || edge == 0 || !recorded)
        return value;
    value->node = is_leaf ? node_to_leaf(agi_edge_leaf(edge), value)
                          : agi_node_retain(agi_edge_node(edge));
    if (value->node != NULL)
        return value;
    agi_release(value);
    return NULL;
}

ag_tensor *agi_unpack_as_it_was(agi_packed *packed, agi_edge edge, bool recorded)
{
    ag_tensor *kept = agi_packed_kept(packed);
    ag_tensor *shown = kept != NULL ? agi_with_its_node(kept, edge) : NULL;
    if (kept != NULL && shown == NULL)
        return NULL;
    ag_tensor *given = agi_unpack(packed, shown);
    agi_release(shown);
    return given != NULL ? with_old_history(given, edge, recorded) : NULL;
}

ag_tensor *agi_saved_as_it_was(const agi_saved *saved, agi_edge edge, bool recorded)
{
    if (saved->kind == AGI_SAVED_PACKED)
        return agi_unpack_as_it_was(saved->value.packed, edge, recorded);
    ag_tensor *value = agi_checkpoint_take(saved->value.checkpoint, saved->version);
    return value != NULL ? with_old_history(value, edge, recorded) : NULL;
}

/* What hooks packed of the k-th, or NULL. */
static const agi_packed *packed_at(const void *owner, agi_saved_at at, int k)
{
    const agi_saved *saved = at(owner, k);
    return saved != NULL && saved->kind == AGI_SAVED_PACKED ? saved->value.packed : NULL;
}

/* How many values the pair of the k-th packed, 0 if that is not the first of them. */
static uint32_t packed_alike(const void *owner, int n, agi_saved_at at, int k)
{
    const agi_packed *packed = packed_at(owner, at, k), *other;
    uint32_t count = 0;
    for (int i = k - 1; i >= 0; i--)
        if ((other = packed_at(owner, at, i)) != NULL && agi_packed_same_pair(packed, other))
            return 0;
    for (int i = k; i < n; i++)
        count += (other = packed_at(owner, at, i)) != NULL && agi_packed_same_pair(packed, other);
    return count;
}

int agi_saved_visit(const void *owner, int n, agi_saved_at at, ag_packed_visit visit,
                    void *argument)
{
    int answer = 0;
    for (int k = 0; k < n && answer == 0; k++) {
        const agi_packed *packed = packed_at(owner, at, k);
        if (packed != NULL)
            answer = agi_packed_visit(packed, packed_alike(owner, n, at, k), visit, argument);
    }
    return answer;
}
