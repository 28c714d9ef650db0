/* SPDX-License-Identifier: MIT
 *
 * Slots of a run. See slots.h.
 */
#include "slots.h"

#include <string.h>

#include "../base/alloc.h"
#include "../base/thread.h"
#include "node_saved.h"

/* ---- slots ---------------------------------------------------------------------------------- */

static bool try_claim(_Atomic(void *) *claim, const agi_run *run)
{
    void *expected = NULL;
    if (AGI_LIKELY(agi_serialised)) {
        if (atomic_load_explicit(claim, memory_order_relaxed) != NULL)
            return false;
        atomic_store_explicit(claim, run->name, memory_order_relaxed);
        return true;
    }
    return atomic_compare_exchange_strong(claim, &expected, run->name);
}

static uint32_t hash_of(agi_edge what) { return (uint32_t)((what >> 4) * 2654435761u); }

int32_t agi_slot_in_table(const agi_run *run, agi_edge what)
{
    uint32_t mask = (uint32_t)run->table_size - 1;
    for (uint32_t i = hash_of(what) & mask;; i = (i + 1) & mask)
        if (run->table[i] < 0 || run->entries[run->table[i]].what == what)
            return run->table[i];
}

static void table_put(agi_run *run, int32_t slot)
{
    uint32_t mask = (uint32_t)run->table_size - 1;
    uint32_t i = hash_of(run->entries[slot].what) & mask;
    while (run->table[i] >= 0)
        i = (i + 1) & mask;
    run->table[i] = slot;
}

/* Room for one more, at most half full. */
static bool table_grow(agi_run *run)
{
    if (2 * (run->table_used + 1) <= run->table_size)
        return true;
    int32_t size = run->table_size == 0 ? 64 : 2 * run->table_size;
    int32_t *table = agi_plain_resize(run->table, (size_t)size * sizeof *table);
    if (table == NULL)
        return false;
    run->table = table;
    run->table_size = size;
    memset(table, 0xff, (size_t)size * sizeof *table);
    for (int32_t s = 0; s < run->count; s++)
        if (!run->entries[s].claimed)
            table_put(run, s);
    return true;
}

static bool grow(agi_run *run)
{
    int32_t capacity = 2 * run->capacity;
    bool local = run->entries == run->local_entries;
    agi_slot *entries = agi_plain_resize(local ? NULL : run->entries,
                                           (size_t)capacity * sizeof *entries);
    if (entries == NULL)
        return false;
    if (local)
        memcpy(entries, run->local_entries, sizeof run->local_entries);
    run->entries = entries;
    agi_ready *ready = agi_plain_resize(local ? NULL : run->ready,
                                        (size_t)capacity * sizeof *ready);
    if (ready == NULL) {
        if (local) {
            agi_plain_free(entries);
            run->entries = run->local_entries;
        }
        return false;
    }
    run->ready = ready;
    run->capacity = capacity;
    return true;
}

int32_t agi_slot_of(agi_run *run, agi_edge what)
{
    int32_t found = agi_slot_find(run, what);
    if (found >= 0)
        return found;
    if (agi_edge_is_leaf(what)) {
        const agi_meta *meta = agi_tensor_meta(agi_edge_leaf(what));
        if (meta == NULL)
            return -1;
        run->leaf_hooks |= meta->hooks != NULL;
    }
    if (run->count == run->capacity && !grow(run))
        return -1;
    int32_t *slot;
    _Atomic(void *) *claim = agi_claim_of(what, &slot);
    agi_slot *entry = &run->entries[run->count];
    *entry = (agi_slot){.what = what, .claimed = try_claim(claim, run)};
    if (entry->claimed) {
        *slot = run->count;
    } else {
        if (!table_grow(run))
            return -1;
        table_put(run, run->count);
        run->table_used++;
    }
    return run->count++;
}

void agi_run_open(agi_run *run, int n, ag_tensor *const *roots, unsigned flags)
{
    static _Atomic uintptr_t runs;
    agi_thread *thread = agi_thread_get();
    run->outer = thread->run;
    if (AGI_LIKELY(!agi_thread_is_emergency(thread)))  /* of which others may be in a run, too */
        thread->run = run;
    run->name = (void *)(atomic_fetch_add_explicit(&runs, 1, memory_order_relaxed) + 1);
    run->entries = run->local_entries;
    run->ready = run->local_ready;
    run->capacity = AGI_LOCAL_SLOTS;
    run->count = run->ready_count = 0;
    run->table = NULL;
    run->table_size = run->table_used = 0;
    agi_deposits_open(&run->deposits, (flags & AG_CREATE_GRAPH) != 0);
    run->n_roots = n;
    run->roots = roots;
    run->any_patched = run->accumulates = run->leaf_hooks = false;
    run->infinite = NULL;
    run->told = NULL;
    run->told_count = run->told_capacity = 0;
    run->flags = flags;
    run->frees = flags & AG_FREE_GRAPH || !(flags & (AG_RETAIN_GRAPH | AG_CREATE_GRAPH));
    run->kept = run->given = 0;
    run->selective = false;
    run->root_count = 0;
}

/* Values saved in a node that this run has claimed are let go by no other. Those of other nodes the
 * rule owns while it runs (agi_vjp.owns), and they are let go only if no run has claimed the
 * node. */
void agi_slot_free_saved(const agi_slot *entry)
{
    ag_node *node = agi_edge_node(entry->what);
    if (AGI_LIKELY(entry->claimed) ||
        atomic_load_explicit(&node->run, memory_order_relaxed) == NULL)
        agi_node_free_saved(node);
}

void agi_slot_drop(agi_slot *entry)
{
    if (entry->is_patched) {
        agi_patches_free(entry->patches);
        return;
    }
    if (agi_edge_is_leaf(entry->what) || !agi_edge_node(entry->what)->has_outputs) {
        agi_release(entry->grad);
        return;
    }
    for (int k = 0; k < agi_node_outputs(agi_edge_node(entry->what)); k++)
        agi_release(entry->parts->of[k]);
    agi_plain_free(entry->parts);
}

agi_parts *agi_slot_parts(agi_slot *entry)
{
    const size_t n = (size_t)agi_node_outputs(agi_edge_node(entry->what));
    agi_parts *parts = entry->parts;
    if (parts != NULL)
        return parts;
    parts = agi_plain_new(sizeof *parts + n * sizeof parts->of[0]);
    if (parts == NULL)
        return NULL;
    memset(parts->of, 0, n * sizeof parts->of[0]);
    parts->held = -1;
    return entry->parts = parts;
}

void agi_run_close(agi_run *run, bool ok)
{
    agi_thread *thread = agi_thread_get();
    if (AGI_LIKELY(thread->run == run))
        thread->run = run->outer;
    for (int32_t s = 0; s < run->count; s++) {
        agi_slot *entry = &run->entries[s];
        if (AGI_UNLIKELY(entry->grad != NULL))
            agi_slot_drop(entry);
        if (AGI_UNLIKELY(entry->done == AGI_DONE_LENT))
            agi_node_lend_saved(agi_edge_node(entry->what), -1);
        if (entry->done != AGI_DONE_NOT && ok)
            agi_slot_free_saved(entry);
        if (entry->claimed) {
            int32_t *slot;
            atomic_store_explicit(agi_claim_of(entry->what, &slot), NULL, memory_order_release);
        }
    }
    for (int32_t s = 0; s < run->root_count; s++)
        agi_edge_release(run->entries[s].what);
    agi_deposits_close(&run->deposits);
    agi_plain_free(run->table);
    agi_plain_free(run->told);
    if (run->entries != run->local_entries) {
        agi_plain_free(run->entries);
        agi_plain_free(run->ready);
    }
}

/* ---- discover ------------------------------------------------------------------------------- */

bool agi_run_discover(agi_run *run)
{
    for (int32_t s = 0; s < run->count; s++) {
        agi_edge what = run->entries[s].what;
        if (agi_edge_is_leaf(what))
            continue;
        const ag_node *node = agi_edge_node(what);
        for (int k = 0; k < node->n_in; k++) {
            if (node->edges[k] == 0)
                continue;
            int32_t slot = agi_slot_of(run, node->edges[k]);
            if (slot < 0)
                return false;
            run->entries[slot].uses++;
        }
    }
    return true;
}

/* With inputs given, only what lies on a path to one of them is needed. Slots in an order in which
 * users come first are what `ready` holds after a dry sweep; walked backward, each node asks its
 * inputs. */
bool agi_run_find_needed(agi_run *run)
{
    int32_t *left = agi_plain_new((size_t)run->count * sizeof *left);
    if (left == NULL)
        return false;
    int32_t done = 0, queued = 0;
    for (int32_t s = 0; s < run->count; s++) {
        left[s] = run->entries[s].uses;
        if (left[s] == 0)
            run->ready[queued++].slot = s;
    }
    for (; done < queued; done++) {
        agi_edge what = run->entries[run->ready[done].slot].what;
        for (int k = 0; !agi_edge_is_leaf(what) && k < agi_edge_node(what)->n_in; k++) {
            agi_edge edge = agi_edge_node(what)->edges[k];
            int32_t slot = edge != 0 ? agi_slot_find(run, edge) : -1;
            if (slot >= 0 && --left[slot] == 0)
                run->ready[queued++].slot = slot;
        }
    }
    agi_plain_free(left);
    for (int32_t i = queued - 1; i >= 0; i--) {
        agi_slot *entry = &run->entries[run->ready[i].slot];
        entry->needed = entry->wanted || entry->has_wanted;
        agi_edge what = entry->what;
        for (int k = 0; !agi_edge_is_leaf(what) && k < agi_edge_node(what)->n_in; k++) {
            agi_edge edge = agi_edge_node(what)->edges[k];
            int32_t slot = edge != 0 ? agi_slot_find(run, edge) : -1;
            entry->needed = entry->needed || (slot >= 0 && run->entries[slot].needed);
        }
    }
    return true;
}
