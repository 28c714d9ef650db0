/* SPDX-License-Identifier: MIT
 *
 * What belongs to one thread: grad mode, the last error, free lists of small blocks, the open
 * scope, and the queue of objects that are being released. Made at a thread's first call, freed
 * when it ends.
 */
#ifndef AGI_THREAD_H
#define AGI_THREAD_H

#include "config.h"

#define AGI_MESSAGE_MAX 1024
#define AGI_SMALL_STEP 16                          /* granularity of small blocks, bytes */
#define AGI_SMALL_MAX 1152                         /* the largest small block, bytes */
#define AGI_SMALL_BINS (AGI_SMALL_MAX / AGI_SMALL_STEP + 1)

#define AGI_FRONT_BINS 57                          /* size classes of buffers up to 64 KB */

typedef struct agi_bin {
    void *head;     /* owned: free blocks, each pointing to the next */
    int32_t count;  /* how many; written by the owner alone, read by whoever makes statistics */
    int32_t limit;  /* at more than this, half go back to the shared pool */
} agi_bin;

typedef struct agi_thread {
    bool grad_enabled;      /* ops are recorded */
    bool inference;         /* what is made has no part in autograd, now or later */
    bool grad_asked;        /* there, grad mode is on, though nothing is recorded */
    ag_status status;
    struct agi_packing *packing;  /* owned: what packs saved values (tape/saving.h), or NULL */
    /* Tensors that belong to the open scopes (owned), each public scope's behind an entry that
     * stands for it (tensor/scope.c), and how many scopes are open. */
    struct ag_tensor **scope_items;
    int64_t scope_count, scope_capacity;
    int32_t scope_depth;
    uint32_t scope_number;  /* of the last that was opened */
    struct agi_run *run;    /* the backward that it is in, the innermost; NULL for none */
    uint32_t recorded;      /* nodes, modulo 2^32: the next one's number */
    /* Head of the objects whose count reached zero while another was being freed: releasing is
     * a loop over this list, never a recursion (agi_tensor_release, agi_node_release). */
    struct ag_node *dying;
    struct agi_meta *dying_meta;
    bool quiet;     /* ops are those of a rule or of a formula, and mark nothing (tape/cut.h) */
    struct ag_node *evaluated;  /* borrowed: whose rule a backward is running, in anomaly mode */
    bool freeing, freeing_meta;
    /* Of the profile that is recorded (base/profile.h): ops are parts of something that is told of,
     * and are not; the number of the event that expressions are made by, 0 for none; that of the
     * innermost event, in which profile. */
    bool hushed;
    uint32_t maker, event, profile;
    /* Made minus freed by this thread (a sum over all threads is what is alive). Counted with
     * agi_count, since another thread may be reading. */
    int64_t live_tensors, live_nodes;
    int64_t held;   /* bytes in the free lists below when the shared pool last heard of them */
    struct agi_thread *next, **link;  /* in the list of all threads, for statistics */
    agi_bin bins[AGI_SMALL_BINS];     /* free small blocks */
    agi_bin fronts[AGI_FRONT_BINS];   /* free buffers up to 64 KB */
    char message[AGI_MESSAGE_MAX];
} agi_thread;

#pragma GCC visibility push(hidden)
extern AGI_TLS agi_thread *agi_tls;

/* Never NULL: where memory fails, a shared emergency record that only carries an error. */
agi_thread *agi_thread_start(void);
bool agi_thread_is_emergency(const agi_thread *thread);

/* What all threads, ended ones too, have alive, and the bytes in the free lists of the living. */
typedef struct agi_totals {
    int64_t live_tensors, live_nodes, small_free, front_free;
} agi_totals;
void agi_thread_totals(agi_totals *totals);
#pragma GCC visibility pop

/* For what the library does itself: whether its ops are recorded. Returns what was before, with
 * which the caller calls again. (What a program asks for is ag_set_grad_enabled.) */
AGI_INLINE bool agi_set_recording(agi_thread *thread, bool on)
{
    const bool before = thread->grad_enabled;
    thread->grad_enabled = on && !thread->inference;
    return before;
}

/* Adds to one of this thread's counters: an ordinary add to the machine. */
AGI_INLINE void agi_count(int64_t *counter, int64_t by)
{
    __atomic_store_n(counter, *counter + by, __ATOMIC_RELAXED);
}

AGI_INLINE agi_thread *agi_thread_get(void)
{
    agi_thread *t = agi_tls;
    return AGI_LIKELY(t != NULL) ? t : agi_thread_start();
}

#endif
