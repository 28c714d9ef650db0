/* SPDX-License-Identifier: MIT
 *
 * Values that were kept, with their history again: by the library, or by hooks on what is saved
 * (saving.h).
 */
#ifndef AGI_KEPT_H
#define AGI_KEPT_H

#include "node.h"
#include "saving.h"

#pragma GCC visibility push(hidden)

/* The leaf that `value` is, or an alias of it with the node that `edge` says. Owned. */
ag_tensor *agi_with_its_node(ag_tensor *value, agi_edge edge);

/* What a pair of hooks packed, or a checkpoint counted, as a tensor with the history it had and no
 * other: the node, or the leaf, that `edge` says, where that is asked for (`recorded`), else none.
 * Owned; NULL with an error. */
ag_tensor *agi_saved_as_it_was(const agi_saved *saved, agi_edge edge, bool recorded);
ag_tensor *agi_unpack_as_it_was(agi_packed *packed, agi_edge edge, bool recorded);

/* Visits what hooks packed of n saved values, which `at` gives, all that one owner has; the context
 * of a pair that only these keep comes with the first of them. */
typedef const agi_saved *(*agi_saved_at)(const void *owner, int k);
int agi_saved_visit(const void *owner, int n, agi_saved_at at, ag_packed_visit visit,
                    void *argument);

#pragma GCC visibility pop
#endif
