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

#pragma GCC visibility pop
#endif
