/* SPDX-License-Identifier: MIT
 *
 * The records of threads: made at a thread's first call, listed for statistics, freed when the
 * thread ends. Grad mode and scopes, which live in them.
 *
 * A thread's record is written by that thread alone. Others read the counters (with relaxed
 * atomics) while they hold the list's lock, which the owner takes before the record goes.
 * In a child of fork the records of the threads that did not come along stay in the list: what
 * they counted is still in memory.
 */
#include "thread.h"

#include <pthread.h>
#include <stdlib.h>

#include "alloc.h"
#include "fork.h"
#include "status.h"
#include "../tensor/tensor.h"
#include "unload.h"

#define AGI_SCOPE_FIRST 64    /* entries of a scope's first table */
#define AGI_SCOPE_KEEP 4096   /* a larger table is freed when the last scope closes */

AGI_TLS agi_thread *agi_tls;

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

/* ---- the table of scopes --------------------------------------------------------------------- */

/* A public scope has an entry of its own in the table, under those of what it owns: its number with
 * the low bit set, which no tensor's address has. The mark that the caller gets is that number and
 * the entry's place, so that a mark whose scope is closed is told from one that is open. */
#define AGI_PLACE_BITS 38
#define AGI_NUMBER_BITS 24

static ag_tensor *scope_entry(uint32_t number)
{
    return (ag_tensor *)((uintptr_t)number << 1 | 1);
}

/* Another one on each thread, most likely, so that a mark is good on its own thread alone. */
static uint32_t first_scope_number(const agi_thread *thread)
{
    return (uint32_t)((uintptr_t)thread >> 6) * 2654435761u >> (32 - AGI_NUMBER_BITS);
}

static bool is_scope_entry(const ag_tensor *item) { return ((uintptr_t)item & 1) != 0; }

/* Takes all entries from `place` on off the table. An entry is off before its tensor is released: a
 * release callback may use scopes. */
static void scope_cut(agi_thread *thread, int64_t place)
{
    while (thread->scope_count > place) {
        ag_tensor *item = thread->scope_items[--thread->scope_count];
        if (is_scope_entry(item))
            thread->scope_depth--;
        else
            agi_release(item);
    }
    if (thread->scope_depth == 0 && thread->scope_capacity > AGI_SCOPE_KEEP) {
        agi_plain_free(thread->scope_items);
        thread->scope_items = NULL;
        thread->scope_capacity = 0;
    }
}

/* ---- records -------------------------------------------------------------------------------- */

/* Takes the record off the list and frees it. */
static void thread_forget(agi_thread *thread)
{
    agi_plain_free(thread->scope_items);
    agi_alloc_thread_end(thread);
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
    scope_cut(thread, 0);
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
    thread->scope_number = first_scope_number(thread);
    agi_alloc_thread_start(thread);
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
        agi_alloc_held(t, &totals->small_free, &totals->front_free);
    }
    pthread_mutex_unlock(&agi_threads.lock);
}

/* ---- grad mode ------------------------------------------------------------------------------ */

bool ag_grad_enabled(void)
{
    return agi_thread_get()->grad_enabled;
}

bool ag_set_grad_enabled(bool on)
{
    agi_thread *thread = agi_thread_get();
    bool before = thread->grad_enabled;
    if (!agi_thread_is_emergency(thread))
        thread->grad_enabled = on;
    return before;
}

/* ---- scopes --------------------------------------------------------------------------------- */

static bool scope_grow(agi_thread *thread)
{
    int64_t capacity = thread->scope_capacity > 0 ? 2 * thread->scope_capacity : AGI_SCOPE_FIRST;
    ag_tensor **items =
        agi_plain_resize(thread->scope_items, (size_t)capacity * sizeof(ag_tensor *));
    if (items == NULL)
        return false;
    thread->scope_items = items;
    thread->scope_capacity = capacity;
    return true;
}

int64_t agi_scope_open(void)
{
    agi_thread *thread = agi_thread_get();
    if (agi_thread_is_emergency(thread)) {
        agi_fail_memory("scope", (int64_t)sizeof *thread);
        return -1;
    }
    thread->scope_depth++;
    return thread->scope_count;
}

void agi_scope_close(int64_t mark)
{
    agi_thread *thread = agi_thread_get();
    if (mark < 0)
        return;
    thread->scope_depth--;
    scope_cut(thread, mark);
}

int64_t ag_scope_open(void)
{
    agi_thread *thread = agi_thread_get();
    if (agi_thread_is_emergency(thread)) {
        agi_fail_memory("scope", (int64_t)sizeof *thread);
        return -1;
    }
    if (thread->scope_count == thread->scope_capacity && !scope_grow(thread))
        return -1;
    const uint32_t number = thread->scope_number = (thread->scope_number + 1) %
                                                   (1u << AGI_NUMBER_BITS);
    thread->scope_depth++;
    thread->scope_items[thread->scope_count] = scope_entry(number);
    return (int64_t)number << AGI_PLACE_BITS | thread->scope_count++;
}

/* A mark below zero comes from a scope that could not be opened, and the error of that is kept. */
ag_status ag_scope_close(int64_t mark)
{
    agi_thread *thread = agi_thread_get();
    const int64_t place = mark & (((int64_t)1 << AGI_PLACE_BITS) - 1);
    const ag_tensor *entry = scope_entry((uint32_t)(mark >> AGI_PLACE_BITS));
    if (mark < 0 && thread->status != AG_OK)
        return thread->status;
    if (mark < 0 || place >= thread->scope_count || thread->scope_items[place] != entry)
        return agi_fail(AG_ERR_VALUE,
                        "scope_close: expected the mark of a scope that is open on this thread, "
                        "got %lld", (long long)mark);
    scope_cut(thread, place);
    return AG_OK;
}

ag_tensor *ag_keep(ag_tensor *t)
{
    if (t == NULL)
        agi_fail_missing("keep", "a tensor");
    return t != NULL ? agi_retain(t) : NULL;
}

ag_tensor *agi_scope_own(agi_thread *thread, ag_tensor *t)
{
    if (thread->scope_count == thread->scope_capacity && !scope_grow(thread)) {
        agi_release(t);
        return NULL;
    }
    thread->scope_items[thread->scope_count++] = t;
    return t;
}
