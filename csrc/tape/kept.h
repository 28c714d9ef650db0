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

/* What a pair of hooks packed, a checkpoint counted, or was guarded, as a tensor with the history
 * it had and no other: the node, or the leaf, that `edge` says, where that is asked for
 * (`recorded`), else none. Owned; NULL with an error, for which `saver` may be NULL. */
ag_tensor *agi_saved_as_it_was(const agi_saved *saved, const ag_node *saver, agi_edge edge,
                               bool recorded);
ag_tensor *agi_unpack_as_it_was(agi_packed *packed, agi_edge edge, bool recorded);

/* Errors of values that were saved: written since by somebody, detached (and ag_fail_freed). Of the
 * first the node that saved and that which made the value may be NULL. */
void agi_fail_version(const ag_node *saver, const ag_node *maker, int ndim, const int64_t *shape,
                      const _Atomic uint32_t *counter, uint32_t expected);
void agi_fail_detached(void);
/* Of hooks that come too late for what was saved: freed, or not the first. */
ag_status agi_fail_hooked(agi_saved_kind kind);

/* Visits what hooks packed of n saved values, which `at` gives, all that one owner has; the context
 * of a pair that only these keep comes with the first of them. */
typedef const agi_saved *(*agi_saved_at)(const void *owner, int k);
int agi_saved_visit(const void *owner, int n, agi_saved_at at, ag_packed_visit visit,
                    void *argument);

#pragma GCC visibility pop
#endif
