/* SPDX-License-Identifier: MIT
 *
 * Checkpoints: what a function's ops save is only counted, and where a rule is about to read one of
 * these values the function runs again. What the same ops save then, in the same order, is the
 * values.
 */
#ifndef AGI_CHECKPOINT_H
#define AGI_CHECKPOINT_H

#include "saving.h"

#pragma GCC visibility push(hidden)

/* One more value that would be saved: its place, from 0 on; below zero with an error. */
int agi_checkpoint_note(ag_checkpoint *c, const ag_tensor *value);

/* The same in another run, which keeps what is needed of it. False with an error, which ends the
 * run where that has all (AG_ERR_STOPPED). */
bool agi_checkpoint_watch(agi_round *round, const ag_tensor *value);

/* The value of a place, owned, by running the function again unless this backward has. It has no
 * history. NULL with an error. */
ag_tensor *agi_checkpoint_take(ag_checkpoint *c, uint32_t place);

/* The node that would have saved it asks for it no more; the node's reference goes, too. */
void agi_checkpoint_drop(ag_checkpoint *c, uint32_t place);

ag_checkpoint *agi_checkpoint_retain(ag_checkpoint *c);

#pragma GCC visibility pop
#endif
