/* SPDX-License-Identifier: MIT
 *
 * What nodes save of an op's operands and its result for the op's rule: as it is, guarded against
 * writes, packed by hooks, or counted by a checkpoint (saving.h says which).
 */
#ifndef AGI_NODE_SAVED_H
#define AGI_NODE_SAVED_H

#include "apply.h"
#include "node.h"
#include "saving.h"

#pragma GCC visibility push(hidden)

/* What the rule of such a node will read (AGI_SAVE_ bits), given which inputs want a gradient. */
AGI_INLINE unsigned agi_node_saves(int op, int n, const ag_arg *args)
{
    unsigned mask = 0, saves = agi_ops[op].saves;
    for (int k = 0; k < n && saves != 0; k++, saves >>= 4)
        if (args[k].tensor != NULL && agi_requires_grad(args[k].tensor))
            mask |= saves & 15u;
    return mask;
}

/* Whether a saved result is, on the tape, what this node made: not what no gradient reaches. */
bool agi_node_output_has_history(const ag_node *node);

/* False with an error of what was made in inference mode. */
bool agi_check_may_be_saved(const ag_tensor *t);

/* Whether hooks see the second of the inputs that it saved before the first. */
bool agi_node_packs_backwards(const ag_node *node);

/* Edges and saved values from this place on (the ones stand behind the others): none. */
void agi_node_leave_empty(ag_node *node, void *from);

/* What the pair of hooks that counts packs of a value, or the checkpoint counts. False with an
 * error. */
bool agi_node_pack_value(agi_saved *saved, ag_tensor *value);
bool agi_node_count_value(agi_saved *saved, const ag_tensor *value);

/* The same of a value that is guarded. */
bool agi_node_guard_value(agi_saved *saved, const ag_tensor *value);

void agi_saved_release(agi_saved *saved);

/* Borrowed: the memory that the library itself keeps for it; NULL for none. */
agi_storage *agi_saved_storage(const agi_saved *saved);

/* Drops the saved tensors (a backward without retain_graph did its work). */
void agi_node_free_saved(ag_node *node);

/* Drops what hooks packed alone. */
void agi_node_free_packed(ag_node *node);

/* A backward is done with what the node saved and will drop it, unless it fails (by 1); it failed
 * and will not (by -1). See agi_expr.lent. Returns the elements that are there and that nobody else
 * keeps. */
int64_t agi_node_lend_saved(ag_node *node, int by);

/* The same as agi_node_save_values where what is saved goes through hooks or a checkpoint, or is
 * guarded. */
bool agi_node_save_through(ag_node *node, const ag_arg *args, const ag_tensor *out,
                           uint32_t out_bump);

#pragma GCC visibility pop

AGI_INLINE bool agi_node_save_input(agi_saved *saved, const ag_arg *arg)
{
    ag_tensor *t = arg->tensor;
    if (t == NULL) {
        saved->kind = AGI_SAVED_NUMBER;
        saved->value.number = arg->value;
        return true;
    }
    if (AGI_UNLIKELY(t->marks != 0) && !agi_check_may_be_saved(t))
        return false;
    ag_tensor *kept = t->flags & AGI_TENSOR_REQUIRES_GRAD ? agi_retain(t) : agi_tensor_alias(t);
    if (kept == NULL)
        return false;
    saved->kind = AGI_SAVED_INPUT;
    saved->value.tensor = kept;
    saved->version = agi_tensor_version(kept);
    return true;
}

AGI_INLINE void agi_node_save_output(agi_saved *saved, const ag_tensor *out,
                                     uint32_t out_bump)
{
    saved->kind = AGI_SAVED_OUTPUT;
    saved->value.storage = agi_storage_retain(out->storage);
    saved->version = agi_storage_version(out->storage) + out_bump;
}

/* Saves what node->saved_mask says, `out` as a write in place that is to come (out_bump: 1) leaves
 * it. False with an error. */
AGI_INLINE bool agi_node_save_values(ag_node *node, const ag_arg *args, const ag_tensor *out,
                                     uint32_t out_bump)
{
    if (node->n_saved == 0)
        return true;
    unsigned inputs = node->saved_mask & ~AGI_SAVE_OUT;
    agi_saved *saved = agi_node_saved(node);
    if (AGI_UNLIKELY(agi_packs())) {
        agi_node_leave_empty(node, saved);
        return agi_node_save_through(node, args, out, out_bump);
    }
    for (const ag_arg *arg = args; inputs != 0; inputs >>= 1, arg++) {
        if (inputs & 1u && !agi_node_save_input(saved++, arg)) {
            agi_node_leave_empty(node, saved - 1);
            return false;
        }
    }
    if (node->saved_mask & AGI_SAVE_OUT)
        agi_node_save_output(saved, out, out_bump);
    return true;
}

#endif
