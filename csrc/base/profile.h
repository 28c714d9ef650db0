/* SPDX-License-Identifier: MIT
 *
 * Events of a profile: what was done, when, for how long, and inside of what. One profile is
 * recorded at a time, of all threads. Events of a thread are nested in each other as calls are:
 * whoever begins one ends it, in the same function.
 *
 * Recording is a side of the matter that must not show: it fails without an error of its own (the
 * profile is then lost, and who stops it hears of that), and it changes nothing that is computed.
 */
#ifndef AGI_PROFILE_H
#define AGI_PROFILE_H

#include <stdatomic.h>

#include "thread.h"

/* An event that has begun. */
typedef struct agi_open_event {
    int64_t start;
    agi_thread *thread;
    uint32_t id, profile;   /* its number, and that of the profile */
    uint32_t parent, maker, site;
    bool hushed;            /* this and the last two but one: what the thread had before */
} agi_open_event;

#pragma GCC visibility push(hidden)
extern _Atomic uint32_t agi_profile_now;  /* which one is recorded, counted from 1; 0: none */

/* Begins an event if a profile is recorded. `makes`: what is made until its end is made by it, and
 * ops are parts of it that are not told of (agi_thread.hushed). */
bool agi_event_begin(agi_open_event *e, bool makes);

/* Ends it, as if it had not begun; */
void agi_event_cancel(const agi_open_event *e);

/* or as `what`, of which kind, name and facts are set: texts and lists are copied. The name is that
 * and the suffix. The second is for those without facts. */
void agi_event_end(const agi_open_event *e, const ag_event *what, const char *suffix);
void agi_event_end_as(const agi_open_event *e, ag_event_kind kind, const char *name);

/* An event could not be made: the profile is lost. Memory for one; NULL, then. */
void *agi_event_memory(size_t bytes);

/* Recording begins, and ends: owned. False, and NULL, with an error. */
bool agi_profile_open(void);
ag_profile *agi_profile_close(void);
#pragma GCC visibility pop

AGI_INLINE bool agi_profiles(void)
{
    return AGI_UNLIKELY(atomic_load_explicit(&agi_profile_now, memory_order_relaxed) != 0);
}

/* The same for ops: not those that are parts of something that is told of. */
AGI_INLINE bool agi_profiles_ops(void) { return agi_profiles() && !agi_thread_get()->hushed; }

#endif
