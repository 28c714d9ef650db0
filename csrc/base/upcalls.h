/* SPDX-License-Identifier: MIT
 *
 * What a lower storey must set off in an upper one: the end of an object that upper storeys have
 * hung something on. These are the only calls that run upwards. start.c fills the table in when the
 * library is loaded, before anything can call it.
 */
#ifndef AGI_UPCALLS_H
#define AGI_UPCALLS_H

#include "config.h"

struct agi_thread;
struct agi_storage;
struct agi_hook_list;

typedef struct agi_upcalls {
    /* thread to alloc, both of base: a thread begins or ends, with its free lists; bytes in
     * them. */
    void (*open_bins)(struct agi_thread *thread);
    void (*close_bins)(struct agi_thread *thread);
    void (*count_bins)(const struct agi_thread *thread, int64_t *small, int64_t *fronts);
    /* base to tensor: a thread begins, or ends: the tensors of its open scopes are released, then
     * the memory of the scopes. */
    void (*open_scopes)(struct agi_thread *thread);
    void (*close_scopes)(struct agi_thread *thread);
    void (*free_scopes)(struct agi_thread *thread);
    /* tensor to fuse: a storage whose value is pending dies. False if it must live on after all. */
    bool (*forget_pending)(struct agi_storage *storage);
    /* The same for memory that is to be given back, which may run any code of the embedder's: true
     * if that waits until the lock of expressions is let go. */
    bool (*postpone_end)(struct agi_storage *storage);
    /* tensor to tape: a tensor dies that has a node (which loses an owner), and one whose gradient
     * its node was to keep. */
    void (*release_node)(ag_node *node);
    void (*unmark)(ag_tensor *t);
    /* The same of a leaf that has hooks. */
    void (*free_hooks)(struct agi_hook_list *hooks);
} agi_upcalls;

#pragma GCC visibility push(hidden)
extern agi_upcalls agi_above;
#pragma GCC visibility pop

#endif
