/* SPDX-License-Identifier: MIT
 *
 * Keeping values. See kept.h.
 */
#include "kept.h"

#include <stdio.h>
#include <string.h>

#include "../base/shape.h"
#include "../tensor/guarded.h"
#include "apply.h"
#include "checkpoint.h"

/* ---- errors --------------------------------------------------------------------------------- */

/* "Exp" for ExpBackward0: how the message names who made a value. */
static void maker_name(const ag_node *node, char text[64])
{
    ag_node_name(node, text, 64);
    char *tail = strstr(text, "Backward");
    if (tail != NULL && tail != text)
        *tail = '\0';
}

void agi_fail_version(const ag_node *saver, const ag_node *maker, int ndim, const int64_t *shape,
                      const _Atomic uint32_t *counter, uint32_t expected)
{
    const uint32_t version = atomic_load_explicit(counter, memory_order_relaxed);
    char made_by[64] = "", saved_by[64] = "Somebody", size[AGI_SHAPE_TEXT];
    const bool traced = agi_anomaly_is_on();
    const char *hint =
        traced ? "the backtrace further above shows the operation that failed to compute its "
                 "gradient. The variable in question was changed in there or anywhere later. Good "
                 "luck!"
               : " saved it for its gradient; clone() it before writing, write before it is used, "
                 "or have writes copy what was saved: autograd.copy_on_write(True), or inside "
                 "autograd.graph.allow_mutation_on_saved_tensors().";
    if (saver != NULL)
        ag_node_name(saver, saved_by, sizeof saved_by);
    if (maker != NULL)
        maker_name(maker, made_by);
    agi_fail(AG_ERR_VERSION,
             "one of the variables needed for gradient computation has been modified by an inplace "
             "operation: [Tensor %s]%s%s, is at version %u; expected version %u instead. "
             "Hint: %s%s",
             agi_format_shape_list(size, ndim, shape),
             maker != NULL ? ", which is output 0 of " : "", made_by, version, expected,
             traced ? "" : saved_by, hint);
    agi_site_add(agi_site_of_write(counter, version), "It was last written in place");
}

ag_status ag_fail_freed(void)
{
    return agi_fail(
        AG_ERR_FREED,
        "Trying to backward through the graph a second time (or directly access saved tensors "
        "after they have already been freed). Saved intermediate values of the graph are freed "
        "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need "
        "to backward through the graph a second time or if you need to access saved tensors "
        "after calling backward.");
}

ag_status agi_fail_hooked(agi_saved_kind kind)
{
    if (kind == AGI_SAVED_FREED)
        return agi_fail(
            AG_ERR_FREED,
            "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate "
            "values of the graph are freed when you call .backward() or autograd.grad(). Specify "
            "retain_graph=True if you need to backward through the graph a second time or if you "
            "need to access saved variables after calling backward.");
    if (kind == AGI_SAVED_NUMBER)
        return agi_fail(AG_ERR_VALUE, "Calling register_hooks on a saved number is forbidden");
    return agi_fail(AG_ERR_GRAD, "Calling register_hooks on a saved tensor whose hooks have "
                                 "already been set. Hint: only one pair of hooks is allowed at a "
                                 "time.");
}

void agi_fail_detached(void)
{
    agi_fail(AG_ERR_GRAD,
             "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_()."
             "This is not supported, please use out-of-place `.detach()` instead");
}

/* ---- values with their history -------------------------------------------------------------- */

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

/* The leaf itself as long as that has the numbers. */
static ag_tensor *guarded_as_it_was(const agi_guarded *guarded, const ag_node *saver,
                                    agi_edge edge, bool recorded)
{
    bool whole;
    ag_tensor *value = agi_guarded_alias(guarded, &whole);
    if (value != NULL && !whole) {
        agi_fail_version(saver, agi_edge_is_leaf(edge) ? NULL : agi_edge_node(edge), value->ndim,
                         agi_shape_of(value), agi_version_of(value), guarded->version);
        agi_release(value);
        return NULL;
    }
    if (value == NULL || !agi_edge_is_leaf(edge) || agi_edge_leaf(edge)->storage != value->storage)
        return value != NULL ? with_old_history(value, edge, recorded) : NULL;
    agi_release(value);
    return agi_retain(agi_edge_leaf(edge));
}

ag_tensor *agi_unpack_as_it_was(agi_packed *packed, agi_edge edge, bool recorded)
{
    ag_tensor *kept = agi_packed_kept(packed);
    const agi_guarded *guarded = agi_packed_guarded(packed);
    ag_tensor *shown = guarded != NULL ? guarded_as_it_was(guarded, NULL, edge, true)
                       : kept != NULL  ? agi_with_its_node(kept, edge) : NULL;
    if ((kept != NULL || guarded != NULL) && shown == NULL)
        return NULL;
    ag_tensor *given = agi_unpack(packed, shown);
    agi_release(shown);
    return given != NULL ? with_old_history(given, edge, recorded) : NULL;
}

ag_tensor *agi_saved_as_it_was(const agi_saved *saved, const ag_node *saver, agi_edge edge,
                               bool recorded)
{
    if (saved->kind == AGI_SAVED_GUARDED)
        return guarded_as_it_was(saved->value.guarded, saver, edge, recorded);
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
