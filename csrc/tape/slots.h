/* SPDX-License-Identifier: MIT
 *
 * A run of the engine and its slots: one for each node and leaf that it met.
 *
 * INVARIANT[claim]: while a run is on, a node's or leaf's `run` field names the run that claimed it
 * and `slot` its place there. A second run that meets a claimed node (another thread, or a backward
 * inside a backward) keeps that node's slot in a table of its own.
 */
#ifndef AGI_SLOTS_H
#define AGI_SLOTS_H

#include "deposit.h"
#include "node.h"
#include "patches.h"
#include "ready.h"

/* What becomes of the values that an entry's node saved. */
typedef enum agi_done {
    AGI_DONE_NOT,       /* they stay */
    AGI_DONE_FREES,     /* its rule has run: they go when nothing can fail any more */
    AGI_DONE_LENT,      /* and may be pending: until then they are not stored for the node's sake */
} agi_done;

/* The cotangents of an op that has several results. */
typedef struct agi_parts {
    int32_t held;       /* the first slot of a result that has hooks, -1 for none; the next one is
                           in that slot's `uses`, which are done. They have their gradient still */
    ag_tensor *of[];    /* owned: one of each result, NULL for none */
} agi_parts;

typedef struct agi_slot {
    agi_edge what;      /* borrowed: alive through the roots. A node, or a leaf (low bit set) */
    union {
        ag_tensor *grad;    /* owned: what the users gave so far, NULL for nothing */
        agi_parts *parts;   /* the same where an op has several results, NULL for none at all.
                               Owned */
        agi_patches *patches;  /* is_patched: in place of grad, what is to be added up; owned */
    };
    int32_t uses;       /* users that have not given their part yet */
    bool claimed;       /* what->run is this run */
    uint8_t done;       /* agi_done */
    bool needed : 1;    /* leads to something whose gradient is wanted */
    bool wanted : 1;    /* its own gradient is wanted: kept beside the sweep */
    bool has_wanted : 1;  /* that of one of its several results is */
    bool is_patched : 1;
} agi_slot;

#define AGI_LOCAL_SLOTS 32

typedef struct agi_run {
    struct agi_run *outer;  /* the one that this one was called in, on the same thread */
    void *name;         /* what claims say: of no other run, ended ones and those that a child of
                           fork() has the claims of included, as its address could be */
    agi_slot *entries;
    agi_ready *ready;   /* a heap, with room for all slots */
    int32_t count, capacity, ready_count;
    uint32_t newest;    /* ranks are how much later than this number a node was recorded */
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
    const ag_node *infinite;  /* borrowed, in anomaly mode: whose rule gave the first infinity */
    int64_t given;      /* bytes that the present node's rule has given, where a profile is made */
    bool leaf_hooks;    /* some leaf has: only then the order among leaves counts */
    bool accumulates;   /* leaves get their gradients, in place of the caller */
    int32_t *told;      /* owned: slots of the leaves whose hooks wait for that, in turn */
    int32_t told_count, told_capacity;
    agi_slot local_entries[AGI_LOCAL_SLOTS];
    agi_ready local_ready[AGI_LOCAL_SLOTS];
} agi_run;
#pragma GCC visibility push(hidden)
void agi_run_open(agi_run *run, int n, ag_tensor *const *roots, unsigned flags);

/* After all that can fail: then the saved values go, while a run that failed leaves them. */
void agi_run_close(agi_run *run, bool ok);

/* Gives each node and leaf below the roots a slot, and counts its uses. */
bool agi_run_discover(agi_run *run);

/* With inputs given, only what lies on a path to one of them is needed: marks that. */
bool agi_run_find_needed(agi_run *run);

/* The slot, made if there is none; -1 with an error if that fails. */
int32_t agi_slot_of(agi_run *run, agi_edge what);

int32_t agi_slot_in_table(const agi_run *run, agi_edge what);
void agi_slot_free_saved(const agi_slot *entry);
void agi_slot_drop(agi_slot *entry);  /* what it has of a gradient */

/* The parts of an op's entry, made if there are none; NULL with an error. */
agi_parts *agi_slot_parts(agi_slot *entry);
#pragma GCC visibility pop

AGI_INLINE _Atomic(void *) *agi_claim_of(agi_edge what, int32_t **slot)
{
    if (agi_edge_is_leaf(what)) {
        agi_meta *meta = agi_meta_of(agi_edge_leaf(what));
        *slot = &meta->slot;
        return &meta->run;
    }
    *slot = &agi_edge_node(what)->slot;
    return &agi_edge_node(what)->run;
}

/* The slot of a node or leaf in this run, or -1. */
AGI_INLINE int32_t agi_slot_find(const agi_run *run, agi_edge what)
{
    if (agi_edge_is_leaf(what) && agi_meta_of(agi_edge_leaf(what)) == NULL)
        return -1;
    int32_t *slot;
    _Atomic(void *) *claim = agi_claim_of(what, &slot);
    if (AGI_LIKELY(atomic_load_explicit(claim, memory_order_relaxed) == run->name))
        return *slot;
    return AGI_LIKELY(run->table_size == 0) ? -1 : agi_slot_in_table(run, what);
}

#endif
