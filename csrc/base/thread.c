/* SPDX-License-Identifier: MIT
 *
 * The records of threads: made at a thread's first call, listed for statistics, freed when the
 * thread ends. Grad mode, which lives in them. The table of calls to upper storeys.
 *
 * A thread's record is written by that thread alone. Others read the counters (with relaxed
 * atomics) while they hold the list's lock, which the owner takes before the record goes.
 * In a child of fork the records of the threads that did not come along stay in the list: what
 * they counted is still in memory.
 */
#include "thread.h"

#include <pthread.h>
#include <stdlib.h>

#include "fork.h"
#include "unload.h"
#include "upcalls.h"

AGI_TLS agi_thread *agi_tls;
agi_upcalls agi_above;

static struct {
    pthread_mutex_t lock;
    agi_thread *first;      /* owned by their threads */
    agi_totals ended;       /* what threads that ended left behind */
    pthread_once_t once;
    pthread_key_t key;      /* its destructor is how a thread's end is heard of */
    bool has_key;
} agi_threads = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

/* Errors of a thread whose record could not be made. Its lists are empty and stay so. */
static agi_thread agi_thread_emergency = {.grad_enabled = true};

bool agi_thread_is_emergency(const agi_thread *thread)
{
    return thread == &agi_thread_emergency;
}

/* ---- records -------------------------------------------------------------------------------- */

/* Takes the record off the list and frees it. */
static void thread_forget(agi_thread *thread)
{
    agi_above.free_scopes(thread);
    agi_above.close_bins(thread);
    pthread_mutex_lock(&agi_threads.lock);
    agi_threads.ended.live_tensors += thread->live_tensors;
    agi_threads.ended.live_nodes += thread->live_nodes;
    *thread->link = thread->next;
    if (thread->next != NULL)
        thread->next->link = thread->link;
    pthread_mutex_unlock(&agi_threads.lock);
    free(thread);
}

static void thread_end(void *record)
{
    agi_thread *thread = record;
    agi_tls = thread;  /* releasing needs the record, and must not make another */
    agi_above.close_scopes(thread);
    thread_forget(thread);
    agi_tls = NULL;
}

void agi_fork_lock_threads(bool lock)
{
    if (lock)
        pthread_mutex_lock(&agi_threads.lock);
    else
        pthread_mutex_unlock(&agi_threads.lock);
}

static void threads_init(void)
{
    agi_threads.has_key = pthread_key_create(&agi_threads.key, thread_end) == 0;
}

void agi_unload_threads(bool no_more)
{
    if (agi_threads.has_key)
        pthread_key_delete(agi_threads.key);
    agi_threads.has_key = false;
    while (no_more && agi_threads.first != NULL)
        thread_forget(agi_threads.first);
    if (no_more)
        agi_tls = NULL;
}

/* The record does not come from agi_plain_new: a failure there is reported through it. */
agi_thread *agi_thread_start(void)
{
    pthread_once(&agi_threads.once, threads_init);
    agi_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return &agi_thread_emergency;
    thread->grad_enabled = true;
    agi_above.open_scopes(thread);
    agi_above.open_bins(thread);
    pthread_mutex_lock(&agi_threads.lock);
    thread->next = agi_threads.first;
    thread->link = &agi_threads.first;
    if (thread->next != NULL)
        thread->next->link = &thread->next;
    agi_threads.first = thread;
    pthread_mutex_unlock(&agi_threads.lock);
    agi_tls = thread;
    if (agi_threads.has_key)
        pthread_setspecific(agi_threads.key, thread);
    return thread;
}

static int64_t thread_count_of(const int64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void agi_thread_totals(agi_totals *totals)
{
    pthread_mutex_lock(&agi_threads.lock);
    *totals = agi_threads.ended;
    for (const agi_thread *t = agi_threads.first; t != NULL; t = t->next) {
        totals->live_tensors += thread_count_of(&t->live_tensors);
        totals->live_nodes += thread_count_of(&t->live_nodes);
        agi_above.count_bins(t, &totals->small_free, &totals->front_free);
    }
    pthread_mutex_unlock(&agi_threads.lock);
}

/* ---- grad mode ------------------------------------------------------------------------------ */

bool ag_grad_enabled(void)
{
    const agi_thread *thread = agi_thread_get();
    return thread->grad_enabled || thread->grad_asked;
}

bool ag_set_grad_enabled(bool on)
{
    agi_thread *thread = agi_thread_get();
    const bool before = thread->grad_enabled || thread->grad_asked;
    if (agi_thread_is_emergency(thread))
        return before;
    thread->grad_enabled = on && !thread->inference;
    thread->grad_asked = on && thread->inference;
    return before;
}

bool ag_inference_mode(void) { return agi_thread_get()->inference; }

bool ag_set_inference_mode(bool on)
{
    agi_thread *thread = agi_thread_get();
    const bool before = thread->inference;
    if (agi_thread_is_emergency(thread))
        return before;
    thread->inference = on;
    thread->grad_enabled = !on;
    thread->grad_asked = false;
    return before;
}
