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

#include "../tensor/guarded.h"
#include "callback.h"

typedef struct agi_packed agi_packed;
typedef struct agi_round agi_round;

typedef enum agi_packing_kind {
    AGI_PACKS,    /* a pair of functions */
    AGI_COUNTS,   /* a checkpoint's function in its first run (checkpoint.h) */
    AGI_WATCHES,  /* and in others: values are saved as ever, too */
    AGI_GUARDS,   /* no functions: the library guards values against writes in place (guarded.h) */
} agi_packing_kind;

/* An entry of the stack. */
typedef struct agi_packing {
    agi_refs refs;      /* the stack's, and one of each value that it packed */
    uint8_t kind;       /* agi_packing_kind */
    ag_saved_hooks hooks;
    void *context;      /* owned */
    ag_checkpoint *checkpoint;  /* borrowed: its user's */
    agi_round *round;   /* borrowed */
    struct agi_packing *below;  /* on the stack: borrowed from there */
} agi_packing;

/* Whether what this thread saves goes through a pair, or is guarded. */
AGI_INLINE bool agi_packs(void) { return agi_thread_get()->packing != NULL; }

/* Whether values are guarded where `through` is what counts, NULL for nothing. */
AGI_INLINE bool agi_guards(const agi_packing *through)
{
    while (through != NULL && through->kind == AGI_WATCHES)
        through = through->below;
    return through != NULL && through->kind == AGI_GUARDS;
}

/* Or where pairs have them that leave them to the library. */
AGI_INLINE bool agi_guards_somewhere(const agi_packing *through)
{
    while (through != NULL && through->kind != AGI_GUARDS)
        through = through->below;
    return through != NULL;
}

#pragma GCC visibility push(hidden)

/* The value, guarded: with a copy at once if its memory may be written by who tells nobody. Owned;
 * NULL with an error. */
agi_guarded *agi_guard(const ag_tensor *value);

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
agi_guarded *agi_packed_guarded(const agi_packed *packed);  /* or this, where values are guarded */

/* What the pair packed, borrowed, NULL where it left that to the library; and the pair. */
void *agi_packed_what(const agi_packed *packed, const ag_saved_hooks **hooks, void **context);

void agi_packed_release(agi_packed *packed);

/* Calls `visit` with what the pair packed, and with the pair's context if that is kept by as many
 * values as the caller knows of. */
int agi_packed_visit(const agi_packed *packed, uint32_t known, ag_packed_visit visit,
                     void *argument);
bool agi_packed_same_pair(const agi_packed *a, const agi_packed *b);

/* A new entry of the stack, which ag_pop_saved_hooks takes away. NULL with an error. */
agi_packing *agi_packing_push(agi_packing_kind kind);

/* Around what runs code of the embedder's (callback.h), where grad mode is this. The second gives
 * whether the status is that of success, and sees to that there is an error if not. */
agi_callback agi_packing_begin_call(bool recording);
bool agi_packing_end_call(const agi_callback *call, ag_status status);

#pragma GCC visibility pop
#endif
