/* SPDX-License-Identifier: MIT
 *
 * fork(): the locks of the library are taken before and given back after, in parent and child, so
 * that the child finds whole what they guard. All of them in one place and one order, since each
 * handler that a file would register of its own waits while it holds what earlier ones took:
 *
 *   1. expressions: taken when no other thread runs a program, as a child would have what that
 *      writes half written, and what it computes marked for ever. Those who run one may have to
 *      wait for the embedder's lock (Python's GIL) before they are done. So this lock is taken
 *      while nothing else is held, and waiting for it lets the embedder's lock go.
 *   2. random numbers, guarded values, threads, memory, BLAS, events: held for moments, by threads
 *      that wait for nothing then; no two of them are held together elsewhere, but for the second's
 *      copies, whose memory takes the fourth.
 *
 * The pool's lock is not taken: its loops may be long, and the child starts with no pool anyway.
 *
 * A binding with a lock like the GIL calls ag_before_fork where it may still wait for that lock,
 * which is before fork() itself. The handler then has the first lock already and waits for nothing.
 */
#include "base/fork.h"

#include <pthread.h>

#include "fuse/expr.h"

static AGI_TLS bool was_announced;  /* this thread's fork, by ag_before_fork */

static void fork_prepare(void)
{
    agi_expr_lock_alone();
    agi_fork_lock_random(true);
    agi_fork_lock_guarded(true);
    agi_fork_lock_threads(true);
    agi_fork_lock_memory(true);
    agi_fork_lock_blas(true);
    agi_fork_lock_profile(true);
}

static void unlock_rest(void)
{
    agi_fork_lock_profile(false);
    agi_fork_lock_blas(false);
    agi_fork_lock_memory(false);
    agi_fork_lock_threads(false);
    agi_fork_lock_guarded(false);
    agi_fork_lock_random(false);
}

static void fork_parent(void)
{
    unlock_rest();
    agi_expr_unlock();
}

static void fork_child(void)
{
    unlock_rest();
    was_announced = false;
    agi_fork_child_of_exprs();
    agi_fork_child_of_deposits();
    agi_fork_child_of_pool();
}

__attribute__((constructor)) static void fork_start(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}

void ag_before_fork(void)
{
    if (was_announced)
        return;
    agi_expr_lock_alone();
    was_announced = true;
}

/* The binding may have been loaded while another thread was between the two. */
void ag_after_fork(void)
{
    if (!was_announced)
        return;
    was_announced = false;
    agi_expr_unlock();
}
