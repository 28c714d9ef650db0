/* SPDX-License-Identifier: MIT
 *
 * The engine, in the words every reader knows: each tensor that was made by an op has a node, a
 * node knows its inputs' nodes, and backward visits the nodes so that each comes after all its
 * users. Here that order comes from counting:
 *
 *   1. discover  breadth first from the roots, give each node and leaf a slot, count its uses;
 *   2. sweep     a node whose users have all given their part is ready: its rule turns its
 *                cotangent into those of its inputs;
 *   3. commit    leaves (and retained tensors) get their gradients, when nothing can fail any more.
 *
 * Nothing recurses. INVARIANT[claim]: while a run is on, a node's or leaf's `run` field names the
 * run that claimed it and `slot` its place there. A second run that meets a claimed node (another
 * thread, or a backward inside a backward) keeps that node's slot in a table of its own.
 */

#include <string.h>

#include "../base/alloc.h"
#include "../base/check.h"
#include "../base/shape.h"
#include "../base/thread.h"
#include "../compute/run.h"
#include "../fuse/pending.h"
#include "../tensor/scope.h"
#include "apply.h"
#include "deposit.h"
#include "patches.h"
#include "request.h"
#include "rule.h"

/* What becomes of the values that an entry's node saved. */
typedef enum entry_done {
    DONE_NOT,           /* they stay */
    DONE_FREES,         /* its rule has run: they go when nothing can fail any more */
    DONE_LENT,          /* and may be pending: until then they are not stored for the node's sake */
} entry_done;

typedef struct slot_entry {
    agi_edge what;      /* borrowed: alive through the roots. A node, or a leaf (low bit set) */
    union {
        ag_tensor *grad;    /* owned: what the users gave so far, NULL for nothing */
        ag_tensor **parts;  /* the same where an op has several results: one of each, NULL for none
                               at all. Table and entries owned */
        agi_patches *patches;  /* is_patched: in place of grad, what is to be added up; owned */
    };
    int32_t uses;       /* users that have not given their part yet */
    bool claimed;       /* what->run is this run */
    uint8_t done;       /* entry_done */
    bool needed : 1;    /* leads to something whose gradient is wanted */
    bool wanted : 1;    /* its own gradient is wanted: kept beside the sweep */
    bool is_patched : 1;
} slot_entry;

#define LOCAL_SLOTS 32

typedef struct agi_run {
    void *name;         /* what claims say: of no other run, ended ones and those that a child of
                           fork() has the claims of included, as its address could be */
    slot_entry *entries;
    int32_t *ready;     /* stack of slots */
    int32_t count, capacity, ready_count;
    int32_t root_count; /* the first slots are the roots': `what` is owned, for a root may be
                           written in place meanwhile */
    int32_t *table;     /* slots of nodes that another run has claimed, by address; -1 is free */
    int32_t table_size, table_used;
    agi_deposits deposits;
    int n_roots;
    ag_tensor *const *roots;   /* the caller's */
    unsigned flags;
    bool frees;         /* saved values, in the end */
    int64_t kept;       /* elements of those that are there and will be freed, about */
    bool selective;     /* only some inputs are wanted */
    bool any_patched;   /* some entry was */
    slot_entry local_entries[LOCAL_SLOTS];
    int32_t local_ready[LOCAL_SLOTS];
} agi_run;

/* ---- slots ---------------------------------------------------------------------------------- */

AGI_INLINE _Atomic(void *) *claim_of(agi_edge what, int32_t **slot)
{
    if (agi_edge_is_leaf(what)) {
        agi_meta *meta = agi_meta_of(agi_edge_leaf(what));
        *slot = &meta->slot;
        return &meta->run;
    }
    *slot = &agi_edge_node(what)->slot;
    return &agi_edge_node(what)->run;
}

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

static AGI_NOINLINE int32_t table_find(const agi_run *run, agi_edge what)
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
    slot_entry *entries = agi_plain_resize(local ? NULL : run->entries,
                                           (size_t)capacity * sizeof *entries);
    if (entries == NULL)
        return false;
    if (local)
        memcpy(entries, run->local_entries, sizeof run->local_entries);
    run->entries = entries;
    int32_t *ready = agi_plain_resize(local ? NULL : run->ready, (size_t)capacity * sizeof *ready);
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

/* The slot of a node or leaf in this run, or -1. */
AGI_INLINE int32_t slot_find(const agi_run *run, agi_edge what)
{
    if (agi_edge_is_leaf(what) && agi_meta_of(agi_edge_leaf(what)) == NULL)
        return -1;
    int32_t *slot;
    _Atomic(void *) *claim = claim_of(what, &slot);
    if (AGI_LIKELY(atomic_load_explicit(claim, memory_order_relaxed) == run->name))
        return *slot;
    return AGI_LIKELY(run->table_size == 0) ? -1 : table_find(run, what);
}

/* The slot, made if there is none; -1 with an error if that fails. */
static int32_t slot_of(agi_run *run, agi_edge what)
{
    int32_t found = slot_find(run, what);
    if (found >= 0)
        return found;
    if (agi_edge_is_leaf(what) && agi_tensor_meta(agi_edge_leaf(what)) == NULL)
        return -1;
    if (run->count == run->capacity && !grow(run))
        return -1;
    int32_t *slot;
    _Atomic(void *) *claim = claim_of(what, &slot);
    slot_entry *entry = &run->entries[run->count];
    *entry = (slot_entry){.what = what, .claimed = try_claim(claim, run)};
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

static void run_open(agi_run *run, int n, ag_tensor *const *roots, unsigned flags)
{
    static _Atomic uintptr_t runs;
    run->name = (void *)(atomic_fetch_add_explicit(&runs, 1, memory_order_relaxed) + 1);
    run->entries = run->local_entries;
    run->ready = run->local_ready;
    run->capacity = LOCAL_SLOTS;
    run->count = run->ready_count = 0;
    run->table = NULL;
    run->table_size = run->table_used = 0;
    agi_deposits_open(&run->deposits, (flags & AG_CREATE_GRAPH) != 0);
    run->n_roots = n;
    run->roots = roots;
    run->any_patched = false;
    run->flags = flags;
    run->frees = flags & AG_FREE_GRAPH || !(flags & (AG_RETAIN_GRAPH | AG_CREATE_GRAPH));
    run->kept = 0;
    run->selective = false;
    run->root_count = 0;
}

/* Values saved in a node that this run has claimed are let go by no other. Those of other nodes the
 * rule owns while it runs (agi_vjp.owns), and they are let go only if no run has claimed the
 * node. */
static void free_saved(const slot_entry *entry)
{
    ag_node *node = agi_edge_node(entry->what);
    if (AGI_LIKELY(entry->claimed) ||
        atomic_load_explicit(&node->run, memory_order_relaxed) == NULL)
        agi_node_free_saved(node);
}

static void drop_gradient(slot_entry *entry)
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
        agi_release(entry->parts[k]);
    agi_plain_free(entry->parts);
}

/* After all that can fail: then the saved values go, while a run that failed leaves them. */
static void run_close(agi_run *run, bool ok)
{
    for (int32_t s = 0; s < run->count; s++) {
        slot_entry *entry = &run->entries[s];
        if (AGI_UNLIKELY(entry->grad != NULL))
            drop_gradient(entry);
        if (AGI_UNLIKELY(entry->done == DONE_LENT))
            agi_node_lend_saved(agi_edge_node(entry->what), -1);
        if (entry->done != DONE_NOT && ok)
            free_saved(entry);
        if (entry->claimed) {
            int32_t *slot;
            atomic_store_explicit(claim_of(entry->what, &slot), NULL, memory_order_release);
        }
    }
    for (int32_t s = 0; s < run->root_count; s++)
        agi_edge_release(run->entries[s].what);
    agi_deposits_close(&run->deposits);
    agi_plain_free(run->table);
    if (run->entries != run->local_entries) {
        agi_plain_free(run->entries);
        agi_plain_free(run->ready);
    }
}

/* ---- discover ------------------------------------------------------------------------------- */

static bool discover(agi_run *run)
{
    for (int32_t s = 0; s < run->count; s++) {
        agi_edge what = run->entries[s].what;
        if (agi_edge_is_leaf(what))
            continue;
        const ag_node *node = agi_edge_node(what);
        for (int k = 0; k < node->n_in; k++) {
            if (node->edges[k] == 0)
                continue;
            int32_t slot = slot_of(run, node->edges[k]);
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
static bool find_needed(agi_run *run)
{
    int32_t *left = agi_plain_new((size_t)run->count * sizeof *left);
    if (left == NULL)
        return false;
    int32_t done = 0, queued = 0;
    for (int32_t s = 0; s < run->count; s++) {
        left[s] = run->entries[s].uses;
        if (left[s] == 0)
            run->ready[queued++] = s;
    }
    for (; done < queued; done++) {
        agi_edge what = run->entries[run->ready[done]].what;
        for (int k = 0; !agi_edge_is_leaf(what) && k < agi_edge_node(what)->n_in; k++) {
            agi_edge edge = agi_edge_node(what)->edges[k];
            int32_t slot = edge != 0 ? slot_find(run, edge) : -1;
            if (slot >= 0 && --left[slot] == 0)
                run->ready[queued++] = slot;
        }
    }
    agi_plain_free(left);
    for (int32_t i = queued - 1; i >= 0; i--) {
        slot_entry *entry = &run->entries[run->ready[i]];
        entry->needed = entry->wanted;
        agi_edge what = entry->what;
        for (int k = 0; !agi_edge_is_leaf(what) && k < agi_edge_node(what)->n_in; k++) {
            agi_edge edge = agi_edge_node(what)->edges[k];
            int32_t slot = edge != 0 ? slot_find(run, edge) : -1;
            entry->needed = entry->needed || (slot >= 0 && run->entries[slot].needed);
        }
    }
    return true;
}

/* ---- accumulate ----------------------------------------------------------------------------- */

/* The first gradient to arrive is passed on as it is, the second makes a sum of its own, later ones
 * are added into that. */
static bool accumulate(agi_run *run, slot_entry *entry, ag_tensor *g)
{
    if (entry->grad == NULL) {
        entry->grad = agi_retain(g);
        return true;
    }
    if (AGI_UNLIKELY(entry->is_patched))
        return agi_patches_put_whole(&entry->patches, g);
    ag_arg args[2] = {agi_arg(entry->grad), agi_arg(g)};
    if (!(run->flags & AG_CREATE_GRAPH) && agi_is_exclusive(entry->grad) &&
        g->numel < AGI_DEFER_MIN && !agi_is_pending(g->storage) &&
        !agi_is_pending(entry->grad->storage) && agi_same_shape(entry->grad, g)) {
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

/* A patch (taken) joins what the entry has. */
static bool accumulate_patch(agi_run *run, slot_entry *entry, agi_patch *patch)
{
    if (agi_patch_is_whole(patch)) {
        ag_tensor *g = agi_patch_tensor(patch);
        const bool ok = g != NULL && accumulate(run, entry, g);
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

/* The sum of an entry's patches, which have their numbers, becomes its gradient. */
static bool add_up_patches(slot_entry *entry)
{
    ag_tensor *sum = agi_patches_sum(entry->patches);
    if (sum == NULL)
        return false;
    agi_patches_free(entry->patches);
    entry->is_patched = false;
    entry->grad = sum;
    return true;
}

/* The same for all that have patches at the end: leaves, and what is wanted. They are computed
 * together, since they often are made of the same values. */
static bool add_up_all_patches(agi_run *run)
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
        ok = !run->entries[s].is_patched || add_up_patches(&run->entries[s]);
    agi_plain_free(lists);
    return ok;
}

/* ---- the leaves' gradients ------------------------------------------------------------------- */

/* A leaf of the tape as it was recorded may be none any more: what wants no gradient by now gets
 * none, what has a history by now cannot have one. */
static bool takes_gradient(const agi_run *run, const slot_entry *entry, bool *failed)
{
    if (!agi_edge_is_leaf(entry->what) || entry->grad == NULL ||
        (run->selective && !entry->wanted))
        return false;
    const ag_tensor *leaf = agi_edge_leaf(entry->what);
    if (agi_is_wanting_leaf(leaf))
        return true;
    if (agi_requires_grad(leaf)) {
        *failed = true;
        agi_fail(AG_ERR_GRAD, "leaf variable has been moved into the graph interior");
    }
    return false;
}

/* The leaves' gradients join the retained ones. */
static bool deposit_leaves(agi_run *run)
{
    bool failed = false;
    for (int32_t s = 0; s < run->count; s++) {
        slot_entry *entry = &run->entries[s];
        if (!takes_gradient(run, entry, &failed))
            continue;
        if (!agi_deposits_add(&run->deposits, agi_edge_leaf(entry->what), entry->grad, true))
            return false;
        agi_release(entry->grad);
        entry->grad = NULL;
    }
    return !failed;
}

/* ---- sweep ---------------------------------------------------------------------------------- */

/* Brings each gradient of an elementwise op to its input's shape. */
static bool sum_to_inputs(agi_vjp *v)
{
    for (int k = 0; k < v->node->n_in; k++) {
        int ndim;
        const int64_t *shape = agi_node_input_shape(v->node, k, &ndim);
        if (ndim < 0 || !(v->needs & (1u << k)))
            continue;
        v->gx[k] = agi_sum_to(v->gx[k], ndim, shape);
        if (agi_value_failed(v->gx[k]))
            return false;
    }
    return true;
}

AGI_INLINE unsigned needs_of(const agi_run *run, const ag_node *node)
{
    unsigned needs = 0;
    for (int k = 0; k < node->n_in; k++)
        if (node->edges[k] != 0 &&
            (!run->selective || run->entries[slot_find(run, node->edges[k])].needed))
            needs |= 1u << k;
    return needs;
}

static bool fits_leaf(const ag_node *node, int k, const ag_tensor *leaf, int ndim,
                      const int64_t *shape)
{
    return AGI_LIKELY(agi_shape_equal(leaf->ndim, agi_shape_of(leaf), ndim, shape)) ||
           agi_fail_leaf(node, k, leaf, ndim, shape);
}

/* Gives input k its part. */
static bool give(agi_run *run, const ag_node *node, int k, ag_tensor *g)
{
    agi_edge edge = node->edges[k];
    return (!agi_edge_is_leaf(edge) ||
            fits_leaf(node, k, agi_edge_leaf(edge), g->ndim, agi_shape_of(g))) &&
           accumulate(run, &run->entries[slot_find(run, edge)], g);
}

/* Gives input 0 its part as a patch (taken). */
static bool give_patch(agi_run *run, const ag_node *node, agi_patch *patch)
{
    agi_edge edge = node->edges[0];
    if (!agi_edge_is_leaf(edge) ||
        fits_leaf(node, 0, agi_edge_leaf(edge), patch->ndim, patch->shape))
        return accumulate_patch(run, &run->entries[slot_find(run, edge)], patch);
    agi_patch_release(patch);
    return false;
}

/* An input got its part (or learnt that there is none). */
static void settle(agi_run *run, int32_t slot)
{
    if (--run->entries[slot].uses == 0 && !agi_edge_is_leaf(run->entries[slot].what))
        run->ready[run->ready_count++] = slot;
}

/* Runs a node's rule on its cotangent g and gives its inputs their parts. */
static bool pull_back(agi_run *run, const slot_entry *entry, ag_tensor *g, unsigned needs)
{
    ag_node *node = agi_edge_node(entry->what);
    ag_arg gx[AGI_NODE_SHAPES] = {{.tensor = NULL}};
    agi_vjp v = {.node = node, .g = agi_arg(g), .gx = gx, .needs = needs,
                 .create_graph = (run->flags & AG_CREATE_GRAPH) != 0, .owns = !entry->claimed};
    int64_t mark = agi_scope_open();
    bool ok = mark >= 0 && agi_vjp_run(&v) &&
              (!agi_node_keeps_shapes(node) || !agi_op_is_map(&agi_ops[node->op]) ||
               sum_to_inputs(&v));
    for (int k = 0; ok && k < node->n_in; k++)
        if (v.needs & (1u << k))
            ok = give(run, node, k, gx[k].tensor);
    agi_scope_close(mark);
    return ok;
}

/* The same with a patch of the cotangent (taken): it becomes one of input 0's. *done is false where
 * the rule can do nothing with it. */
static bool pull_back_patch(agi_run *run, const slot_entry *entry, ag_tensor *g, agi_patch *patch,
                            unsigned needs, bool *done)
{
    ag_node *node = agi_edge_node(entry->what);
    ag_arg gx[AGI_NODE_SHAPES] = {{.tensor = NULL}};
    agi_vjp v = {.node = node, .g = agi_arg(g), .gx = gx, .needs = needs, .patch = patch,
                 .owns = !entry->claimed};
    int64_t mark = agi_scope_open();
    if (mark >= 0)
        agi_ops[node->op].rule(&v);
    *done = v.is_patched;
    bool ok = mark >= 0 && !agi_value_failed(gx[1]);
    if (ok && *done)
        ok = give_patch(run, node, patch) &&
             (gx[1].tensor == NULL || give(run, node, 1, gx[1].tensor));
    else
        agi_patch_release(patch);
    agi_scope_close(mark);
    return ok;
}

/* The same where the rule may make a patch of g. */
static AGI_NOINLINE bool pull_back_part(agi_run *run, const slot_entry *entry, ag_tensor *g,
                                        unsigned needs, bool *done)
{
    agi_patch patch;
    if (!(needs & 1) || g->ndim > AGI_PATCH_DIMS || run->flags & AG_CREATE_GRAPH)
        return true;
    agi_patch_of(&patch, g);
    return pull_back_patch(run, entry, g, &patch, needs, done);
}

/* The rule has run. What the node saved is kept until nothing can fail any more, so that a backward
 * that fails can be tried again; beyond AGI_KEPT_MAX it goes at once. */
static void let_go_later(agi_run *run, slot_entry *entry, int64_t numel)
{
    ag_node *node = agi_edge_node(entry->what);
    const bool large = numel >= AGI_DEFER_MIN;
    run->kept += large ? agi_node_lend_saved(node, 1) : node->n_saved * numel;
    if (AGI_LIKELY(run->kept <= AGI_KEPT_MAX)) {
        entry->done = large ? DONE_LENT : DONE_FREES;
        return;
    }
    if (large)
        agi_node_lend_saved(node, -1);
    free_saved(entry);
}

/* One result of an op that has several: the op's node gets its cotangent. */
static bool hand_over(agi_run *run, const ag_node *node, ag_tensor *g)
{
    slot_entry *entry = &run->entries[slot_find(run, node->edges[0])];
    const size_t n = (size_t)agi_node_outputs(agi_edge_node(entry->what));
    if (run->selective && !entry->needed)
        return true;
    if (entry->parts == NULL) {
        entry->parts = agi_plain_new(n * sizeof *entry->parts);
        if (entry->parts == NULL)
            return false;
        memset(entry->parts, 0, n * sizeof *entry->parts);
    }
    entry->parts[agi_node_output_number(node)] = agi_retain(g);
    return true;
}

static bool any_needed(const agi_run *run, agi_vjp_wide *w)
{
    const ag_node *node = w->v.node;
    bool any = false;
    for (int k = 0; k < node->n_in; k++) {
        w->needs[k] = node->edges[k] != 0 &&
                      (!run->selective || run->entries[slot_find(run, node->edges[k])].needed);
        any |= w->needs[k];
    }
    return any;
}

/* The same as pull_back for rules of many inputs or several results, whose cotangents these are. */
static bool pull_back_wide(agi_run *run, slot_entry *entry, ag_tensor *const *parts)
{
    ag_node *node = agi_edge_node(entry->what);
    agi_vjp_wide w;
    int64_t numel = 0;
    if (!agi_wide_open(&w, node))
        return false;
    w.v.create_graph = (run->flags & AG_CREATE_GRAPH) != 0;
    w.v.owns = !entry->claimed;
    for (int k = 0; k < agi_node_outputs(node); k++) {
        w.gs[k] = parts[k] != NULL ? agi_arg(parts[k]) : agi_number(0.0);
        numel += parts[k] != NULL ? parts[k]->numel : 0;
    }
    w.v.g = w.gs[0];
    const bool wanted = any_needed(run, &w);
    const int64_t mark = agi_scope_open();
    bool ok = mark >= 0 && (!wanted || agi_wide_run(&w));
    for (int k = 0; ok && k < node->n_in; k++)
        if (w.needs[k])
            ok = give(run, node, k, w.v.gx[k].tensor);
    agi_scope_close(mark);
    agi_wide_close(&w);
    if (ok && wanted && run->frees)
        let_go_later(run, entry, numel);
    return ok;
}

/* The tensor that retains the gradient of a node, NULL for none. A view whose base was written
 * since has left its node, whether or not anybody has asked for the new one. */
AGI_INLINE ag_tensor *retainer_of(const ag_node *node)
{
    ag_tensor *keep = node->extra != NULL ? node->extra->retain : NULL;
    if (keep != NULL && keep->flags & AGI_TENSOR_VIEW && agi_view_is_stale(keep))
        return NULL;
    return keep;
}

static bool propagate(agi_run *run, slot_entry *entry, ag_tensor *g)
{
    ag_node *node = agi_edge_node(entry->what);
    if (AGI_UNLIKELY(node->is_output))
        return hand_over(run, node, g);
    if (AGI_UNLIKELY(node->is_wide))
        return pull_back_wide(run, entry, &g);
    const unsigned needs = needs_of(run, node);
    if (needs == 0)
        return true;
    bool done = false;
    if (AGI_UNLIKELY(agi_op_makes_patch(node->op)) &&
        !pull_back_part(run, entry, g, needs, &done))
        return false;
    if (AGI_LIKELY(!done) && !pull_back(run, entry, g, needs))
        return false;
    if (run->frees)
        let_go_later(run, entry, g->numel);
    return true;
}

/* All of g's uses are known: it goes on to the inputs. */
static bool visit_gradient(agi_run *run, slot_entry *entry, ag_tensor *g)
{
    if (entry->wanted)
        agi_retain(g);
    else
        entry->grad = NULL;
    ag_tensor *keep = retainer_of(agi_edge_node(entry->what));
    bool ok = (keep == NULL || agi_deposits_add(&run->deposits, keep, g, false)) &&
              propagate(run, entry, g);
    agi_release(g);
    return ok;
}

/* Whether the patches are one alone that the node's rule passes on, and the sum is not wanted. */
static bool passes_patch(const agi_run *run, const slot_entry *entry)
{
    const ag_node *node = agi_edge_node(entry->what);
    return entry->patches->count == 1 && agi_op_passes_patch(node->op) && !node->is_output &&
           !entry->wanted && retainer_of(node) == NULL && needs_of(run, node) != 0;
}

/* The patches are passed on, or added up to the entry's gradient. */
static AGI_NOINLINE bool settle_patches(agi_run *run, slot_entry *entry)
{
    bool done = false;
    if (passes_patch(run, entry)) {
        agi_patch patch = entry->patches->list[0];
        agi_storage_retain(patch.storage);
        if (!pull_back_patch(run, entry, NULL, &patch, 1, &done))
            return false;
    }
    if (!done)
        return agi_patches_compute(1, &entry->patches, run->n_roots, run->roots) &&
               add_up_patches(entry);
    drop_gradient(entry);
    entry->grad = NULL;
    entry->is_patched = false;
    if (run->frees)
        let_go_later(run, entry, 0);
    return true;
}

static bool visit_parts(agi_run *run, slot_entry *entry)
{
    bool ok = pull_back_wide(run, entry, entry->parts);
    drop_gradient(entry);
    entry->parts = NULL;
    return ok;
}

static bool visit(agi_run *run, int32_t slot)
{
    slot_entry *entry = &run->entries[slot];
    const ag_node *node = agi_edge_node(entry->what);
    bool ok = !AGI_UNLIKELY(entry->is_patched) || settle_patches(run, entry);
    if (ok && entry->grad != NULL)
        ok = AGI_UNLIKELY(node->has_outputs) ? visit_parts(run, entry)
                                             : visit_gradient(run, entry, entry->grad);
    for (int k = 0; k < node->n_in; k++)
        if (node->edges[k] != 0)
            settle(run, slot_find(run, node->edges[k]));
    return ok;
}

static bool sweep(agi_run *run)
{
    run->ready_count = 0;
    for (int32_t s = run->count - 1; s >= 0; s--)
        if (run->entries[s].uses == 0 && !agi_edge_is_leaf(run->entries[s].what))
            run->ready[run->ready_count++] = s;
    while (run->ready_count > 0)
        if (!visit(run, run->ready[--run->ready_count]))
            return false;
    return true;
}

/* ---- the public entries --------------------------------------------------------------------- */

static bool add_root(agi_run *run, ag_tensor *root, ag_tensor *gradient)
{
    agi_edge edge = agi_edge_of(root);
    int32_t slot = edge != 0 ? slot_of(run, edge) : -1;
    if (slot < run->root_count) {  /* known, or none: -1 */
        if (edge != 0)
            agi_edge_release(edge);
        return slot >= 0 && accumulate(run, &run->entries[slot], gradient);
    }
    run->root_count = run->count;
    return accumulate(run, &run->entries[slot], gradient);
}

static bool add_roots(agi_run *run, int n, ag_tensor *const *roots, ag_tensor *const *gradients)
{
    bool ok = true;
    for (int i = 0; i < n && ok; i++) {
        ag_tensor *given = gradients != NULL ? gradients[i] : NULL;
        ag_tensor *gradient =
            agi_first_gradient(roots[i], given, (run->flags & AG_CREATE_GRAPH) != 0);
        ok = gradient != NULL && add_root(run, roots[i], gradient);
        agi_release(gradient);
    }
    return ok;
}

static bool want_inputs(agi_run *run, int n, ag_tensor *const *inputs)
{
    run->selective = true;
    for (int i = 0; i < n; i++) {
        if (!agi_requires_grad(inputs[i])) {
            agi_fail(AG_ERR_GRAD, "One of the differentiated Tensors does not require grad");
            return false;
        }
        agi_edge edge = agi_edge_of(inputs[i]);
        if (edge == 0)
            return false;
        int32_t slot = slot_find(run, edge);
        if (slot >= 0)
            run->entries[slot].wanted = true;
        agi_edge_release(edge);
    }
    return find_needed(run);
}

/* What ag_backward and ag_grad share: up to where gradients are handed out. */
static bool run_backward(agi_run *run, int n, ag_tensor *const *roots, ag_tensor *const *gradients,
                         int n_inputs, ag_tensor *const *inputs)
{
    bool recording = ag_set_grad_enabled((run->flags & AG_CREATE_GRAPH) != 0);
    bool ok = add_roots(run, n, roots, gradients) && discover(run) &&
              (n_inputs == 0 || want_inputs(run, n_inputs, inputs)) && sweep(run) &&
              (!run->any_patched || add_up_all_patches(run));
    ag_set_grad_enabled(recording);
    return ok;
}

static ag_tensor *gradient_of(const agi_run *run, ag_tensor *input)
{
    agi_edge edge = agi_edge_of(input);
    int32_t slot = edge != 0 ? slot_find(run, edge) : -1;
    if (edge != 0)
        agi_edge_release(edge);
    return slot >= 0 ? run->entries[slot].grad : NULL;
}

/* Inputs of a backward that are no leaves retain their gradient from here on, as in PyTorch. */
static bool retain_inputs(int n, ag_tensor *const *inputs)
{
    for (int i = 0; i < n; i++)
        if (ag_retain_grad(inputs[i]) != AG_OK)
            return false;
    return true;
}

static ag_status backward(int n, ag_tensor *const *roots, ag_tensor *const *gradients,
                          int n_inputs, ag_tensor *const *inputs, unsigned flags)
{
    agi_run run;
    run_open(&run, n, roots, flags);
    bool ok = agi_check_roots(n, roots, gradients) && retain_inputs(n_inputs, inputs) &&
              run_backward(&run, n, roots, gradients, n_inputs, inputs) && deposit_leaves(&run);
    ok = ok && agi_deposits_commit(&run.deposits, n, roots);
    run_close(&run, ok);
    return ok ? AG_OK : ag_last_status();
}

ag_status ag_backward_many(int n, ag_tensor *const *roots, ag_tensor *const *gradients,
                           int n_inputs, ag_tensor *const *inputs, unsigned flags)
{
    if (!agi_check_request("backward", n, roots, n_inputs, inputs) ||
        !agi_check_flags("backward", flags, AGI_GRAPH_FLAGS))
        return ag_last_status();
    return backward(n, roots, gradients, n_inputs, inputs, flags);
}

ag_status ag_backward(ag_tensor *root, ag_tensor *gradient, unsigned flags)
{
    if (!agi_has_tensor("backward", root) || !agi_check_flags("backward", flags, AGI_GRAPH_FLAGS))
        return ag_last_status();
    return backward(1, &root, &gradient, 0, NULL, flags);
}

static bool hand_out(const agi_run *run, int n, ag_tensor *const *gradients, int n_inputs,
                     ag_tensor *const *inputs, ag_tensor **results)
{
    for (int i = 0; i < n_inputs; i++) {
        ag_tensor *grad = gradient_of(run, inputs[i]);
        results[i] = grad != NULL ? agi_retain(grad) : NULL;
        if (grad != NULL) {
            agi_make_plain(grad, n, gradients);
        } else if (!(run->flags & AG_ALLOW_UNUSED)) {
            agi_fail(AG_ERR_GRAD, "The differentiated Tensor at index %d appears to not have been "
                                  "used in the graph. Set allow_unused=True if this is the desired "
                                  "behavior.", i);
            return false;
        }
    }
    return true;
}

ag_status ag_grad(int n, ag_tensor *const *roots, ag_tensor *const *gradients, int n_inputs,
                  ag_tensor *const *inputs, unsigned flags, ag_tensor **results)
{
    if (n_inputs > 0 && !agi_has("grad", results, "memory for the results"))
        return ag_last_status();
    for (int i = 0; i < n_inputs; i++)
        results[i] = NULL;
    if (n_inputs == 0)
        return agi_fail(AG_ERR_VALUE, "grad requires non-empty inputs.");
    if (!agi_check_request("grad", n, roots, n_inputs, inputs) ||
        !agi_check_flags("grad", flags, AGI_GRAPH_FLAGS | AG_ALLOW_UNUSED))
        return ag_last_status();
    agi_run run;
    run_open(&run, n, roots, flags);
    bool ok = agi_check_roots(n, roots, gradients) &&
              run_backward(&run, n, roots, gradients, n_inputs, inputs) &&
              hand_out(&run, n, gradients, n_inputs, inputs, results) &&
              (flags & AG_CREATE_GRAPH || agi_results_compute(n_inputs, results, n, roots)) &&
              (run.deposits.count == 0 || agi_deposits_commit(&run.deposits, 0, NULL));
    run_close(&run, ok);
    if (ok)
        return AG_OK;
    for (int i = 0; i < n_inputs; i++) {
        agi_release(results[i]);
        results[i] = NULL;
    }
    return ag_last_status();
}
