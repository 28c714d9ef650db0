/* SPDX-License-Identifier: MIT
 *
 * Adding up what arrives at a slot. See arrivals.h.
 */
#include "arrivals.h"

#include "../base/alloc.h"
#include "../compute/run.h"
#include "../fuse/pending.h"
#include "apply.h"

/* Whether the entry's gradient can be added to where it lies. */
static bool is_sum_of_its_own(const agi_run *run, const agi_slot *entry)
{
    return !(run->flags & AG_CREATE_GRAPH) && agi_is_exclusive(entry->grad) &&
           !agi_is_pending(entry->grad->storage);
}

bool agi_find_sums(const agi_run *run, const ag_node *node, unsigned needs, ag_tensor **onto)
{
    bool any = false;
    for (int k = 0; k < node->n_in; k++) {
        onto[k] = NULL;
        if (!(needs & (1u << k)))
            continue;
        const agi_slot *entry = &run->entries[agi_slot_find(run, node->edges[k])];
        if (entry->grad == NULL || entry->is_patched || !is_sum_of_its_own(run, entry))
            continue;
        onto[k] = entry->grad;
        any = true;
    }
    return any;
}

bool agi_accumulate_next(agi_run *run, agi_slot *entry, ag_tensor *g)
{
    if (AGI_UNLIKELY(entry->is_patched))
        return agi_patches_put_whole(&entry->patches, g);
    ag_arg args[2] = {agi_arg(entry->grad), agi_arg(g)};
    if (is_sum_of_its_own(run, entry) && g->numel < AGI_DEFER_MIN && !agi_is_pending(g->storage) &&
        agi_same_shape(entry->grad, g)) {
        agi_map_into(entry->grad, AG_OP_add, 2, args, NULL);
        return true;
    }
    ag_tensor *sum = agi_apply(AG_OP_add, 0, 2, args, NULL);
    if (sum == NULL)
        return false;
    agi_release(entry->grad);
    entry->grad = sum;
    return true;
}

bool agi_accumulate_patch(agi_run *run, agi_slot *entry, agi_patch *patch)
{
    if (agi_patch_is_whole(patch)) {
        ag_tensor *g = agi_patch_tensor(patch);
        const bool ok = g != NULL && agi_accumulate(run, entry, g);
        agi_release(g);
        agi_patch_release(patch);
        return ok;
    }
    if (!entry->is_patched) {
        agi_patches *patches = agi_patches_new(entry->grad);
        if (patches == NULL) {
            agi_patch_release(patch);
            return false;
        }
        agi_release(entry->grad);
        entry->patches = patches;
        entry->is_patched = run->any_patched = true;
    }
    return agi_patches_put(&entry->patches, patch);
}

bool agi_add_up_patches(agi_slot *entry)
{
    ag_tensor *sum = agi_patches_sum(entry->patches);
    if (sum == NULL)
        return false;
    agi_patches_free(entry->patches);
    entry->is_patched = false;
    entry->grad = sum;
    return true;
}

bool agi_add_up_all_patches(agi_run *run)
{
    int n = 0;
    agi_patches **lists = agi_plain_new((size_t)run->count * sizeof *lists);
    if (lists == NULL)
        return false;
    for (int32_t s = 0; s < run->count; s++)
        if (run->entries[s].is_patched)
            lists[n++] = run->entries[s].patches;
    bool ok = agi_patches_compute(n, lists, run->n_roots, run->roots);
    for (int32_t s = 0; s < run->count && ok; s++)
        ok = !run->entries[s].is_patched || agi_add_up_patches(&run->entries[s]);
    agi_plain_free(lists);
    return ok;
}
