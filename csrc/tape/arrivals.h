/* SPDX-License-Identifier: MIT
 *
 * What arrives at a slot of a run: gradients and patches of them, which are added up.
 */
#ifndef AGI_ARRIVALS_H
#define AGI_ARRIVALS_H

#include "slots.h"

#pragma GCC visibility push(hidden)

/* The first gradient to arrive is passed on as it is, the second makes a sum of its own, later ones
 * are added into that. */
bool agi_accumulate_next(agi_run *run, agi_slot *entry, ag_tensor *g);
AGI_INLINE bool agi_accumulate(agi_run *run, agi_slot *entry, ag_tensor *g)
{
    if (entry->grad != NULL)
        return agi_accumulate_next(run, entry, g);
    entry->grad = agi_retain(g);
    return true;
}

/* For each input of the node that is needed the cotangent that it has so far, if nobody else can
 * see that and it is there in memory, else NULL: see agi_vjp.onto. Whether there is any. */
bool agi_find_sums(const agi_run *run, const ag_node *node, unsigned needs, ag_tensor **onto);

/* A patch (taken) joins what the entry has. */
bool agi_accumulate_patch(agi_run *run, agi_slot *entry, agi_patch *patch);

/* The sum of an entry's patches, which have their numbers, becomes its gradient. */
bool agi_add_up_patches(agi_slot *entry);

/* The same for all that have patches at the end: leaves, and what is wanted. They are computed
 * together, since they often are made of the same values. */
bool agi_add_up_all_patches(agi_run *run);

#pragma GCC visibility pop

#endif
