/* SPDX-License-Identifier: MIT
 *
 * What nodes save. See node_saved.h.
 */
#include "node_saved.h"

#include <string.h>

#include "../fuse/pending.h"
#include "apply.h"
#include "checkpoint.h"
#include "function.h"
#include "saving.h"

/* ---- what is saved, and how ----------------------------------------------------------------- */

bool agi_node_output_has_history(const ag_node *node)
{
    return !node->has_outputs && !agi_ops[node->op].indexed;
}

bool agi_node_packs_backwards(const ag_node *node)
{
    const agi_kind kind = agi_ops[node->op].kind;
    return kind == AGI_BINARY || kind == AGI_PAIR || node->op == AG_OP_mm ||
           node->op == AG_OP_bmm || node->op == AG_OP_gather;
}

/* Of a tensor that is to be saved: whether it may be. */
bool agi_check_may_be_saved(const ag_tensor *t)
{
    if (t->marks & AGI_MARK_INFERENCE)
        agi_fail(AG_ERR_GRAD,
                 "Inference tensors cannot be saved for backward. Please do not use Tensors "
                 "created in inference mode in computation tracked by autograd. To work around "
                 "this, you can make a clone to get a normal tensor and use it in autograd, or use "
                 "`no_grad()` instead of `inference_mode()`.");
    return (t->marks & AGI_MARK_INFERENCE) == 0;
}

/* ---- saving ---------------------------------------------------------------------------------- */

AGI_NOINLINE void agi_node_leave_empty(ag_node *node, void *from)
{
    memset(from, 0, (size_t)((char *)(agi_node_saved(node) + node->n_saved) - (char *)from));
}

bool agi_node_pack_value(agi_saved *saved, ag_tensor *value)
{
    agi_packed *packed = agi_check_may_be_saved(value) ? agi_pack(value) : NULL;
    if (packed == NULL)
        return false;
    saved->kind = AGI_SAVED_PACKED;
    saved->value.packed = packed;
    return true;
}

/* Hooks are shown the result as a tensor that has its history already. */
static bool pack_output(ag_node *node, agi_saved *saved, const ag_tensor *out)
{
    ag_tensor *shown = agi_tensor_alias(out);
    if (shown == NULL)
        return false;
    if (agi_node_output_has_history(node))
        shown->node = agi_node_retain(node);
    const bool ok = agi_node_pack_value(saved, shown);
    agi_release(shown);
    return ok;
}

bool agi_node_count_value(agi_saved *saved, const ag_tensor *value)
{
    ag_checkpoint *c = agi_thread_get()->packing->checkpoint;
    const int place = agi_check_may_be_saved(value) ? agi_checkpoint_note(c, value) : -1;
    if (AGI_UNLIKELY(place < 0))
        return false;
    saved->kind = AGI_SAVED_COUNTED;
    saved->value.checkpoint = agi_checkpoint_retain(c);
    saved->version = (uint32_t)place;
    return true;
}

bool agi_node_guard_value(agi_saved *saved, const ag_tensor *value)
{
    agi_guarded *guarded = agi_check_may_be_saved(value) ? agi_guard(value) : NULL;
    if (guarded == NULL)
        return false;
    saved->kind = AGI_SAVED_GUARDED;
    saved->value.guarded = guarded;
    return true;
}

static bool save_or_guard(const agi_packing *through, agi_saved *saved, const ag_arg *arg)
{
    return arg->tensor != NULL && agi_guards(through) ? agi_node_guard_value(saved, arg->tensor)
                                                      : agi_node_save_input(saved, arg);
}

/* What is still to be written in place is saved as ever: nothing in place reads its result so. */
static bool save_or_guard_output(const agi_packing *through, agi_saved *saved,
                                 const ag_tensor *out, uint32_t out_bump)
{
    if (out_bump == 0 && agi_guards(through))
        return agi_node_guard_value(saved, out);
    agi_node_save_output(saved, out, out_bump);
    return true;
}

static bool save_guarded(ag_node *node, const agi_packing *through, const ag_arg *args,
                         const ag_tensor *out, uint32_t out_bump)
{
    agi_saved *saved = agi_node_saved(node);
    node->is_packed = true;
    for (int k = 0; k < node->n_in && k < AGI_NODE_SHAPES; k++)
        if (node->saved_mask & (1u << k) && !save_or_guard(through, saved++, &args[k]))
            return false;
    return !(node->saved_mask & AGI_SAVE_OUT) ||
           save_or_guard_output(through, saved, out, out_bump);
}

static bool count_or_watch(const agi_packing *through, agi_saved *saved, const ag_arg *arg)
{
    if (arg->tensor == NULL)
        return agi_node_save_input(saved, arg);
    if (through->kind == AGI_COUNTS)
        return agi_node_count_value(saved, arg->tensor);
    return save_or_guard(through, saved, arg) && agi_checkpoint_watch(through->round, arg->tensor);
}

/* In a checkpointed function. */
static bool save_for_checkpoint(ag_node *node, const agi_packing *through, const ag_arg *args,
                                const ag_tensor *out, uint32_t out_bump)
{
    agi_saved *saved = agi_node_saved(node);
    node->is_packed = through->kind == AGI_COUNTS || agi_guards(through);
    for (int k = 0; k < node->n_in && k < AGI_NODE_SHAPES; k++)
        if (node->saved_mask & (1u << k) && !count_or_watch(through, saved++, &args[k]))
            return false;
    if (!(node->saved_mask & AGI_SAVE_OUT))
        return true;
    if (out_bump == 0 && through->kind == AGI_COUNTS)
        return agi_node_count_value(saved, out);
    return save_or_guard_output(through, saved, out, out_bump) &&
           (out_bump != 0 || agi_checkpoint_watch(through->round, out));
}

/* Through a pair of hooks, in PyTorch's order, which is that of the names: "other" and the like
 * come before "self". */
static bool save_packed(ag_node *node, const ag_arg *args, const ag_tensor *out, uint32_t out_bump)
{
    agi_saved *saved = agi_node_saved(node);
    const bool backwards = agi_node_packs_backwards(node);
    node->is_packed = true;
    int n = 0, inputs[AGI_NODE_SHAPES];
    for (int k = 0; k < node->n_in && k < AGI_NODE_SHAPES; k++)
        if (node->saved_mask & (1u << k))
            inputs[n++] = k;
    for (int i = 0; i < n; i++) {
        const int at = backwards ? n - 1 - i : i;
        const ag_arg *arg = &args[inputs[at]];
        if (!(arg->tensor != NULL ? agi_node_pack_value(&saved[at], arg->tensor)
                                  : agi_node_save_input(&saved[at], arg)))
            return false;
    }
    if (!(node->saved_mask & AGI_SAVE_OUT))
        return true;
    if (out_bump == 0)
        return pack_output(node, &saved[n], out);
    agi_node_save_output(&saved[n], out, out_bump);
    return true;
}

/* What is still to be written in place (out_bump) cannot be shown to anybody: it is saved. */
bool agi_node_save_through(ag_node *node, const ag_arg *args, const ag_tensor *out,
                                      uint32_t out_bump)
{
    const agi_packing *through = agi_thread_get()->packing;
    if (through->kind == AGI_PACKS)
        return save_packed(node, args, out, out_bump);
    return through->kind == AGI_GUARDS ? save_guarded(node, through, args, out, out_bump)
                                       : save_for_checkpoint(node, through, args, out, out_bump);
}

/* ---- letting go ------------------------------------------------------------------------------ */

void agi_saved_release(agi_saved *saved)
{
    if (saved->kind == AGI_SAVED_INPUT)
        agi_release(saved->value.tensor);
    else if (saved->kind == AGI_SAVED_OUTPUT)
        agi_storage_release(saved->value.storage);
    else if (saved->kind == AGI_SAVED_GUARDED)
        agi_guarded_free(saved->value.guarded);
    else if (saved->kind == AGI_SAVED_PACKED)
        agi_packed_release(saved->value.packed);
    else if (saved->kind == AGI_SAVED_COUNTED)
        agi_checkpoint_drop(saved->value.checkpoint, saved->version);
}

agi_storage *agi_saved_storage(const agi_saved *saved)
{
    return saved->kind == AGI_SAVED_INPUT     ? saved->value.tensor->storage
           : saved->kind == AGI_SAVED_OUTPUT  ? saved->value.storage
           : saved->kind == AGI_SAVED_GUARDED ? saved->value.guarded->value->storage : NULL;
}

/* Those of the kinds from `first` on. */
static void free_saved_from(ag_node *node, agi_saved_kind first)
{
    agi_saved *saved = agi_node_saved(node);
    if (AGI_UNLIKELY(agi_node_is_function(node)))
        agi_function_free_saved(node->extra->function);
    for (int k = 0; k < node->n_saved; k++) {
        if (saved[k].kind < first || saved[k].kind == AGI_SAVED_FREED)
            continue;
        agi_saved was = saved[k];
        saved[k].kind = AGI_SAVED_FREED;
        agi_saved_release(&was);
    }
}

void agi_node_free_saved(ag_node *node) { free_saved_from(node, AGI_SAVED_INPUT); }
void agi_node_free_packed(ag_node *node) { free_saved_from(node, AGI_SAVED_PACKED); }

static AGI_NOINLINE int64_t lend_guarded(const agi_guarded *guarded, int by)
{
    agi_storage *s = agi_guarded_storage(guarded);
    int64_t stored = 0;
    if (agi_is_pending(s))
        agi_expr_lend(s, by);
    else if (agi_refs_get(&s->refs) == 2)
        stored = s->numel;
    agi_storage_release(s);
    return stored;
}

int64_t agi_node_lend_saved(ag_node *node, int by)
{
    const agi_saved *saved = agi_node_saved(node);
    int64_t stored = 0;
    for (int k = 0; k < node->n_saved; k++) {
        agi_storage *s = saved[k].kind != AGI_SAVED_GUARDED ? agi_saved_storage(&saved[k]) : NULL;
        if (AGI_UNLIKELY(saved[k].kind == AGI_SAVED_GUARDED))
            stored += lend_guarded(saved[k].value.guarded, by);
        if (s != NULL && agi_is_pending(s)) {
            /* Owned, as another thread may free what is saved (INVARIANT[blocking]). */
            agi_storage_retain(s);
            agi_expr_lend(s, by);
            agi_storage_release(s);
        } else if (s != NULL && agi_refs_get(&s->refs) == 1) {
            stored += s->numel;
        }
    }
    return stored;
}
