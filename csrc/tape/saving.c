/* SPDX-License-Identifier: MIT
 *
 * The stack of pairs, and calling them. See saving.h.
 */
#include "saving.h"

#include <string.h>

#include "../base/check.h"
#include "../base/shape.h"
#include "../fuse/pending.h"

struct agi_packed {
    agi_refs refs;      /* whose it is, and one for each unpacking that is on */
    agi_packing *pair;  /* owned */
    void *what;         /* owned: given back by the pair's drop */
    ag_tensor *kept;    /* owned: see agi_packed_kept */
    agi_guarded *guarded;  /* owned: in its place, NULL for none */
    uint8_t dtype, ndim;
    int64_t shape[];
};

/* ---- lives ---------------------------------------------------------------------------------- */

static void release_pair(agi_packing *pair)
{
    if (!agi_refs_dec(&pair->refs))
        return;
    if (pair->hooks.release != NULL)
        pair->hooks.release(pair->context);
    agi_plain_free(pair);
}

void agi_packed_release(agi_packed *packed)
{
    if (packed == NULL || !agi_refs_dec(&packed->refs))
        return;
    if (packed->what != NULL && packed->pair->hooks.drop != NULL)
        packed->pair->hooks.drop(packed->pair->context, packed->what);
    agi_release(packed->kept);
    if (packed->guarded != NULL)
        agi_guarded_free(packed->guarded);
    release_pair(packed->pair);
    agi_plain_free(packed);
}

ag_tensor *agi_packed_kept(const agi_packed *packed) { return packed->kept; }
agi_guarded *agi_packed_guarded(const agi_packed *packed) { return packed->guarded; }

void *agi_packed_what(const agi_packed *packed, const ag_saved_hooks **hooks, void **context)
{
    *hooks = &packed->pair->hooks;
    *context = packed->pair->context;
    return packed->what;
}

int agi_packed_visit(const agi_packed *packed, uint32_t known, ag_packed_visit visit,
                     void *argument)
{
    agi_packing *pair = packed->pair;
    void *context = known > 0 && agi_refs_get(&pair->refs) == known ? pair->context : NULL;
    return visit(&pair->hooks, context, packed->what, argument);
}

bool agi_packed_same_pair(const agi_packed *a, const agi_packed *b) { return a->pair == b->pair; }

/* ---- the stack ------------------------------------------------------------------------------ */

agi_packing *agi_packing_push(agi_packing_kind kind)
{
    agi_thread *thread = agi_thread_get();
    agi_packing *pair = agi_thread_is_emergency(thread) ? NULL : agi_plain_new(sizeof *pair);
    if (pair == NULL) {
        agi_fail(AG_ERR_MEMORY, "out of memory for hooks on saved values");
        return NULL;
    }
    *pair = (agi_packing){.kind = (uint8_t)kind, .below = thread->packing};
    atomic_init(&pair->refs, 1);
    thread->packing = pair;
    return pair;
}

ag_status ag_push_saved_hooks(const ag_saved_hooks *hooks, void *context)
{
    if (!agi_has("push_saved_hooks", hooks, "functions") ||
        !agi_has("push_saved_hooks", hooks->pack != NULL ? hooks : NULL, "a function that packs") ||
        !agi_has("push_saved_hooks", hooks->unpack != NULL ? hooks : NULL,
                 "a function that unpacks"))
        return ag_last_status();
    agi_packing *pair = agi_packing_push(AGI_PACKS);
    if (pair == NULL)
        return ag_last_status();
    pair->hooks = *hooks;
    pair->context = context;
    return AG_OK;
}

/* Below all that was pushed, where a thread guards for good. */
static agi_packing guards_for_good = {.kind = AGI_GUARDS};

bool ag_copy_on_write_enabled(void)
{
    const agi_packing *last = agi_thread_get()->packing;
    while (last != NULL && last != &guards_for_good)
        last = last->below;
    return last != NULL;
}

bool ag_set_copy_on_write(bool enabled)
{
    agi_packing **end = &agi_thread_get()->packing;
    while (*end != NULL && *end != &guards_for_good)
        end = &(*end)->below;
    const bool before = *end != NULL;
    *end = enabled ? &guards_for_good : NULL;
    return before;
}

ag_status ag_push_copy_on_write(void)
{
    return agi_packing_push(AGI_GUARDS) != NULL ? AG_OK : ag_last_status();
}

ag_status ag_pop_saved_hooks(void)
{
    agi_thread *thread = agi_thread_get();
    agi_packing *pair = thread->packing;
    if (pair == NULL || pair == &guards_for_good)
        return agi_fail(AG_ERR_VALUE, "pop_saved_hooks: no hooks were pushed on this thread, or "
                                      "all of them were popped");
    thread->packing = pair->below;
    release_pair(pair);
    return AG_OK;
}

bool ag_has_saved_hooks(void)
{
    const agi_packing *last = agi_thread_get()->packing;
    return last != NULL && last != &guards_for_good;
}

/* ---- calls ---------------------------------------------------------------------------------- */

agi_callback agi_packing_begin_call(bool recording)
{
    const agi_callback call = agi_callback_begin();
    call.thread->grad_enabled = recording && !call.thread->inference;
    return call;
}

bool agi_packing_end_call(const agi_callback *call, ag_status status)
{
    agi_callback_end(call);
    return agi_callback_succeeded(status, "a hook of a saved tensor failed");
}

static agi_packed *new_packed(const ag_tensor *value, agi_packing *pair)
{
    agi_packed *packed = agi_plain_new(sizeof *packed + value->ndim * sizeof packed->shape[0]);
    if (packed == NULL)
        return NULL;
    *packed = (agi_packed){.pair = pair, .dtype = value->storage->dtype, .ndim = value->ndim};
    memcpy(packed->shape, agi_shape_of(value), value->ndim * sizeof packed->shape[0]);
    atomic_init(&packed->refs, 1);
    agi_refs_inc(&pair->refs);
    return packed;
}

static bool call_pack(agi_packed *packed, ag_tensor *value)
{
    const uint32_t version = agi_tensor_version(value);
    const agi_callback call = agi_packing_begin_call(false);
    const ag_status status = packed->pair->hooks.pack(packed->pair->context, value, &packed->what);
    if (!agi_packing_end_call(&call, status))
        return false;
    if (version != agi_tensor_version(value))
        agi_fail(AG_ERR_GRAD,
                 "A saved tensor pack hook is modifying its input in place. Tensors provided as "
                 "input to pack hook can not be modified by in-place operations as this can lead "
                 "to unexpected side-effects. Please open an issue if you need to perform in-place "
                 "operations on the input to a pack hook.");
    return version == agi_tensor_version(value);
}

agi_guarded *agi_guard(const ag_tensor *value)
{
    agi_guarded *guarded = agi_guarded_new(value);
    if (guarded == NULL)
        return NULL;
    agi_storage *storage = agi_storage_retain(value->storage);
    ag_status status = AG_OK;
    if (AGI_UNLIKELY(agi_storage_is_shared(storage)) &&
        (status = agi_storage_ready(storage)) == AG_OK)
        status = agi_guarded_copy(storage);
    agi_storage_release(storage);
    if (status == AG_OK)
        return guarded;
    agi_guarded_free(guarded);
    return NULL;
}

/* What the pair left to the library. */
static bool keep_packed(agi_packed *packed, ag_tensor *value)
{
    if (agi_guards_somewhere(agi_thread_get()->packing))
        return (packed->guarded = agi_guard(value)) != NULL;
    packed->kept = value->flags & AGI_TENSOR_REQUIRES_GRAD ? agi_retain(value)
                                                           : agi_tensor_alias(value);
    return packed->kept != NULL;
}

agi_packed *agi_pack(ag_tensor *value)
{
    agi_packed *packed = new_packed(value, agi_thread_get()->packing);
    if (packed == NULL)
        return NULL;
    if (call_pack(packed, value) && (packed->what != NULL || keep_packed(packed, value)))
        return packed;
    agi_packed_release(packed);
    return NULL;
}

static bool is_as_packed(const agi_packed *packed, const ag_tensor *value)
{
    char want[AGI_SHAPE_TEXT], got[AGI_SHAPE_TEXT];
    if (!agi_shape_equal(packed->ndim, packed->shape, value->ndim, agi_shape_of(value)))
        agi_fail(AG_ERR_SHAPE, "a saved tensor unpack hook gave a tensor of shape %s, expected %s",
                 agi_format_shape_list(got, value->ndim, agi_shape_of(value)),
                 agi_format_shape_list(want, packed->ndim, packed->shape));
    else if (value->storage->dtype != packed->dtype)
        agi_fail(AG_ERR_GRAD, "a saved tensor unpack hook gave a tensor of another dtype than that "
                              "which was packed");
    else
        return true;
    return false;
}

ag_tensor *agi_unpack(agi_packed *packed, ag_tensor *shown)
{
    ag_tensor *value = NULL;
    agi_refs_inc(&packed->refs);  /* what runs now may have the node free what it saved */
    const agi_callback call = agi_packing_begin_call(agi_thread_get()->grad_enabled);
    const ag_status status = packed->pair->hooks.unpack(packed->pair->context, packed->what, shown,
                                                        &value);
    bool ok = agi_packing_end_call(&call, status);
    if (ok && value == NULL) {
        agi_fail(AG_ERR_CALLBACK, "a saved tensor unpack hook gave no tensor");
        ok = false;
    }
    ok = ok && is_as_packed(packed, value);
    agi_packed_release(packed);
    if (ok)
        return value;
    agi_release(value);
    return NULL;
}
