/* SPDX-License-Identifier: MIT
 *
 * Hooks: callbacks of the embedder that a backward calls with gradients on their way. A list of
 * them hangs on a node (agi_node_extra) or on a leaf (agi_meta), NULL for most.
 *
 * A hook has owners, its list and its handle; what it is called with, the context, is given back
 * when it is removed or its list dies, but not while the hook is being called. A hook may run any
 * code, and other threads meanwhile (INVARIANT[blocking]). While it runs no scope is open, so that
 * what it makes is its own.
 */
#ifndef AGI_HOOKS_H
#define AGI_HOOKS_H

#include "../tensor/tensor.h"

typedef union agi_hook_call {
    ag_tensor_hook of_tensor;
    ag_node_hook of_node;
    ag_leaf_hook of_leaf;
} agi_hook_call;

typedef struct agi_hook_list agi_hook_list;

#pragma GCC visibility push(hidden)

/* A new hook at the end of the list, which is made if there is none, and is that of the node or
 * leaf at an edge: the handle. NULL with an error, and the context is the caller's then. */
ag_hook *agi_hooks_add(agi_hook_list **at, uintptr_t of, ag_hook_kind kind, agi_hook_call call,
                       void *context, void (*release)(void *context));

/* That edge, borrowed; 0 if the list is gone, or the hook from it. */
uintptr_t agi_hook_of(const ag_hook *hook);
void agi_hooks_free(agi_hook_list *hooks);

/* Whether there is a hook of this kind, and whether there ever was one. */
bool agi_hooks_have(const agi_hook_list *hooks, ag_hook_kind kind);
bool agi_hooks_had(const agi_hook_list *hooks, ag_hook_kind kind);

/* The id of the first one, that of a list without any above all. */
uint64_t agi_hooks_first_id(const agi_hook_list *hooks);

/* Visits the contexts of those that are there; stops at the first result that is not 0. */
int agi_hooks_visit(const agi_hook_list *hooks, ag_hook_visit visit, void *argument);

/* Calls those that are there now, in the order in which they came. Gradients are owned by the
 * caller, NULL where there is none, and may be others afterwards. False with an error. */
bool agi_hooks_on_tensor(agi_hook_list **at, ag_tensor **grad);
bool agi_hooks_on_node(agi_hook_list **at, ag_hook_kind kind, int n_inputs, ag_tensor **of_inputs,
                       int n_results, ag_tensor **of_results);
bool agi_hooks_on_leaf(agi_hook_list **at, ag_tensor *leaf);

#pragma GCC visibility pop
#endif
