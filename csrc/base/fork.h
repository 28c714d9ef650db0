/* SPDX-License-Identifier: MIT
 *
 * What fork.c needs of the files that have state which a child of fork() must find whole: their
 * locks, and what becomes of them in the child.
 */
#ifndef AGI_FORK_H
#define AGI_FORK_H

#include "config.h"

#pragma GCC visibility push(hidden)

/* The lock of random.c, of guarded.c, of thread.c, of alloc.c, of blas.c, of profile.c. */
void agi_fork_lock_random(bool lock);
void agi_fork_lock_guarded(bool lock);
void agi_fork_lock_threads(bool lock);
void agi_fork_lock_memory(bool lock);
void agi_fork_lock_blas(bool lock);
void agi_fork_lock_profile(bool lock);

/* In the child: the lock of expressions is free, no other thread has leaves in its hands to set
 * their .grad, and the pool has no threads. */
void agi_fork_child_of_exprs(void);
void agi_fork_child_of_deposits(void);
void agi_fork_child_of_pool(void);

#pragma GCC visibility pop
#endif
