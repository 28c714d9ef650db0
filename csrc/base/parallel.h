/* SPDX-License-Identifier: MIT
 *
 * Threads for large loops: a pool of our own, made at the first loop that is worth it. Idle
 * workers sleep on a condition variable; a child of fork starts without a pool and makes its
 * own. Loops started from inside a loop, or while another thread uses the pool, run alone.
 */
#ifndef AGI_PARALLEL_H
#define AGI_PARALLEL_H

#include "config.h"

/* Called for disjoint ranges [begin, end) that together cover [0, n), each a multiple of `align`
 * long but the last. `part` is 0 .. agi_parallel_width()-1, distinct among ranges running at the
 * same time: it may index scratch. */
typedef void (*agi_range_fn)(void *context, int64_t begin, int64_t end, int part);

#pragma GCC visibility push(hidden)
/* Runs fn over [0, n). Alone if n < 2 * grain. Ranges depend on n, grain and align and the number
 * of threads: what is computed must not. */
void agi_parallel_for(int64_t n, int64_t grain, int64_t align, agi_range_fn fn, void *context);
/* The same with parts below at_most, for those who have scratch for no more. */
void agi_parallel_at_most(int64_t n, int64_t grain, int64_t align, int at_most, agi_range_fn fn,
                          void *context);
/* Around a loop that could be shared. True where such loops follow each other closely: then threads
 * stay awake in between, and sharing costs little. */
bool agi_parallel_begin(void);
void agi_parallel_end(void);
int64_t agi_now_ns(void);      /* of a clock that only goes on */
int agi_parallel_width(void);  /* the most parts a loop can have: the number of threads */

/* Whether the embedder says that an evaluation is to be given up (ag_set_interrupt_hook), who is
 * asked once in so many ns. The hook may wait for the embedder's lock. */
#define AGI_ASK_NS 50000000
bool agi_has_interrupt_hook(void);
bool agi_interrupted(void);

/* Around work that takes long enough: lets the embedder's lock (the GIL) go and takes it back.
 * Without hooks they do nothing. `token` is the hook's own. */
void *agi_blocking_enter(void);
void agi_blocking_leave(void *token);
#pragma GCC visibility pop

/* Between two looks at what another thread is about to change. */
AGI_INLINE void agi_relax(void)
{
#if AGI_X86
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
