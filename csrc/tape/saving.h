/* SPDX-License-Identifier: MIT
 *
 * Pairs of functions that stand between the tape and what it saves: `pack` is called where a value
 * is saved, and what it gives is kept in the value's place; `unpack` makes a tensor of that again
 * when a rule is about to read it. A thread has a stack of such pairs, of which the last counts.
 *
 * Both run any code, and other threads meanwhile (INVARIANT[blocking]); no scope is open then.
 */
#ifndef AGI_SAVING_H
#define AGI_SAVING_H

#include "../base/thread.h"
#include "../tensor/tensor.h"

typedef struct agi_packed agi_packed;

/* Whether what this thread saves goes through a pair. */
AGI_INLINE bool agi_packs(void) { return agi_thread_get()->packing != NULL; }

#pragma GCC visibility push(hidden)

/* What stands for `value` from here on, by the pair that counts (there must be one). Owned; NULL
 * with an error. Whoever saves values of its own may use these, too. */
agi_packed *agi_pack(ag_tensor *value);

/* The value again, owned, as the pair gave it: with another identity and history, in general, but
 * with the shape and dtype that it had. NULL with an error. `shown` is what the pair gets where it
 * kept nothing itself: agi_packed_kept with the history that it had. */
ag_tensor *agi_unpack(agi_packed *packed, ag_tensor *shown);

/* Borrowed: where the pair left it to the library to keep the value, the leaf itself, or the value
 * without its history; else NULL. */
ag_tensor *agi_packed_kept(const agi_packed *packed);

void agi_packed_release(agi_packed *packed);

/* Calls `visit` with what the pair packed, and with the pair's context if nobody else has that. */
int agi_packed_visit(const agi_packed *packed, ag_packed_visit visit, void *argument);

#pragma GCC visibility pop
#endif
