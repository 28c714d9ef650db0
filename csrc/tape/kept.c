/* SPDX-License-Identifier: MIT
 *
 * Keeping values. See kept.h.
 */
#include "kept.h"

#include "../base/check.h"
#include "../base/shape.h"
#include "apply.h"
#include "checkpoint.h"
#include "request.h"

/* The value that a pair of hooks left to the library, with its history. Owned. */
static ag_tensor *with_its_node(ag_tensor *value, agi_edge edge)
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
    ag_tensor *shown = kept != NULL ? with_its_node(kept, edge) : NULL;
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

/* ---- kept by others than nodes -------------------------------------------------------------- */

struct ag_saved {
    agi_saved through;    /* what hooks or a checkpoint made of it, or nothing: */
    ag_tensor *value;     /* owned: the leaf, or the value without its history */
    agi_edge edge;        /* owned: where it came from */
    uint32_t version;
};

static bool keep_itself(ag_saved *kept, ag_tensor *t)
{
    kept->value = t->flags & AGI_TENSOR_REQUIRES_GRAD ? agi_retain(t) : agi_tensor_alias(t);
    if (kept->value != NULL)
        kept->version = agi_tensor_version(kept->value);
    return kept->value != NULL;
}

static bool keep_value(ag_saved *kept, ag_tensor *t)
{
    const agi_packing *through = agi_thread_get()->packing;
    if (!agi_check_may_be_saved(t) || (agi_requires_grad(t) && (kept->edge = agi_edge_of(t)) == 0))
        return false;
    if (through != NULL && through->kind == AGI_COUNTS)
        return agi_node_count_value(&kept->through, t);
    if (through != NULL && through->kind == AGI_PACKS)
        return agi_node_pack_value(&kept->through, t);
    return keep_itself(kept, t) &&
           (through == NULL || agi_checkpoint_watch(through->round, t));
}

ag_saved *ag_save_tensor(ag_tensor *t)
{
    ag_saved *kept = agi_has_tensor("save_tensor", t) ? agi_plain_new(sizeof *kept) : NULL;
    if (kept == NULL)
        return NULL;
    *kept = (ag_saved){.edge = 0};
    if (keep_value(kept, t))
        return kept;
    ag_saved_release(kept);
    return NULL;
}

void ag_saved_release(ag_saved *kept)
{
    if (kept == NULL)
        return;
    agi_saved_release(&kept->through);
    agi_release(kept->value);
    if (kept->edge != 0)
        agi_edge_release(kept->edge);
    agi_plain_free(kept);
}

ag_tensor *ag_saved_tensor(ag_saved *kept)
{
    if (!agi_has("saved_tensor", kept, "what save_tensor() gave"))
        return NULL;
    if (kept->value == NULL)
        return agi_saved_as_it_was(&kept->through, kept->edge, true);
    const uint32_t version = agi_tensor_version(kept->value);
    if (version == kept->version)
        return with_its_node(kept->value, kept->edge);
    char size[AGI_SHAPE_TEXT];
    agi_fail(AG_ERR_VERSION,
             "one of the variables needed for gradient computation has been modified by an inplace "
             "operation: [Tensor %s] is at version %u; expected version %u instead. Hint: it was "
             "kept to be computed with again; clone() it before writing.",
             agi_format_shape_list(size, kept->value->ndim, agi_shape_of(kept->value)), version,
             kept->version);
    return NULL;
}
