/* SPDX-License-Identifier: MIT
 *
 * Values that are kept as a node would keep them, with where they came from: by hooks on what is
 * saved (saving.h) if this thread has any.
 */
#ifndef AGI_KEPT_H
#define AGI_KEPT_H

#include "node.h"
#include "saving.h"

#pragma GCC visibility push(hidden)

/* What a pair of hooks packed, or a checkpoint counted, as a tensor with the history it had and no
 * other: the node, or the leaf, that `edge` says, where that is asked for (`recorded`), else none.
 * Owned; NULL with an error. */
ag_tensor *agi_saved_as_it_was(const agi_saved *saved, agi_edge edge, bool recorded);
ag_tensor *agi_unpack_as_it_was(agi_packed *packed, agi_edge edge, bool recorded);

/* Keeps a value by this thread's hooks, or counts it for a checkpoint: `through` then has it, and
 * has nothing where the value itself is to be kept. False with an error. */
bool agi_keep_through(agi_saved *through, ag_tensor *t);

#pragma GCC visibility pop
#endif
