/* SPDX-License-Identifier: MIT
 *
 * Expressions: their lock, and their life until what they are to hold is stored.
 */
#include "expr.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "../base/fork.h"
#include "../base/parallel.h"
#include "expr_walk.h"

/* One lock for the expressions: held while one is made, while a program is built, and when its
 * results become data; not while it runs. What a program that runs computes is marked
 * (agi_expr.runner), so that a value is computed once whoever asks: who wants one of these waits.
 * Threads that run programs wait for nothing until they have run, so there is no circle.
 *
 * Waiting lets the embedder's lock go, since whoever has ours may need that to finish. A thread may
 * take the lock again while it has it: a program that must first compute an input is built inside
 * another's turn. */
static pthread_mutex_t expr_mutex = PTHREAD_MUTEX_INITIALIZER;
static AGI_TLS int lock_depth;  /* how often this thread has taken it */
static agi_storage *dead_foreign;  /* linked through `data` (agi_expr_postpones) */
agi_expr *agi_exprs;
int agi_expr_sums;

/* All but the last under the lock. */
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;
static int waiting_threads;
static uint64_t turns;
static int running_programs, waiting_forks;
static AGI_TLS int running_here;  /* programs of this thread: 1 where it is inside of a hook */

/* Looks at the lock before waiting asleep: it is held for some microseconds as a rule, and to be
 * woken takes longer. */
#define LOCK_SPINS 1000

static bool take_soon(void)
{
    for (int k = 0; k < LOCK_SPINS; k++) {
        if (pthread_mutex_trylock(&expr_mutex) == 0)
            return true;
        agi_relax();
    }
    return false;
}

void agi_expr_lock(void)
{
    if (lock_depth++ > 0 || AGI_LIKELY(pthread_mutex_trylock(&expr_mutex) == 0) || take_soon())
        return;
    void *token = agi_blocking_enter();
    pthread_mutex_lock(&expr_mutex);
    agi_blocking_leave(token);
}

const void *agi_expr_thread(void) { return &lock_depth; }

uint64_t agi_expr_turns(void) { return turns; }

void agi_expr_news(void)
{
    if (waiting_threads > 0)
        pthread_cond_broadcast(&news);
}

/* What is to be given back later (dead_foreign) waits until a call ends: that runs any code, which
 * might want what this thread is computing. */
int agi_expr_run_begin(void)
{
    const int depth = lock_depth;
    lock_depth = 0;
    running_here++;
    running_programs++;
    turns++;
    pthread_mutex_unlock(&expr_mutex);
    return depth;
}

void agi_expr_run_end(int depth)
{
    agi_expr_lock();
    lock_depth = depth;
    running_here--;
    running_programs--;
    agi_expr_news();
}

/* Sleeps until there are news: false if for so long that the interrupt hook is to be asked. */
static bool sleep_for_news(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += AGI_ASK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    waiting_threads++;
    const bool any = pthread_cond_timedwait(&news, &expr_mutex, &until) == 0;
    waiting_threads--;
    return any;
}

/* False if the interrupt hook says so. The embedder's lock is not waited for with ours. */
static bool wait_for_news(void)
{
    const int depth = lock_depth;
    void *token = agi_blocking_enter();
    lock_depth = 0;
    turns++;
    const bool ask = !sleep_for_news();
    pthread_mutex_unlock(&expr_mutex);
    const bool interrupted = ask && agi_interrupted();
    agi_blocking_leave(token);
    agi_expr_lock();
    lock_depth = depth;
    return !interrupted;
}

bool agi_expr_wait(void)
{
    const bool goes_on = wait_for_news();
    if (!goes_on)
        agi_fail(AG_ERR_INTERRUPTED, "the evaluation was interrupted");
    return goes_on;
}

void agi_expr_lock_alone(void)
{
    agi_expr_lock();
    waiting_forks++;
    while (running_programs > running_here)
        wait_for_news();
    waiting_forks--;
    agi_expr_news();
}

bool agi_expr_fork_waits(void) { return waiting_forks > 0; }

bool agi_expr_postpones(agi_storage *dead)
{
    if (lock_depth == 0)
        return false;
    dead->data = (double *)(void *)dead_foreign;
    dead_foreign = dead;
    return true;
}

void agi_expr_unlock(void)
{
    if (--lock_depth > 0)
        return;
    agi_storage *dead = dead_foreign;
    dead_foreign = NULL;
    pthread_mutex_unlock(&expr_mutex);
    while (AGI_UNLIKELY(dead != NULL)) {
        agi_storage *next = (agi_storage *)(void *)dead->data;
        agi_storage_end(dead);
        dead = next;
    }
}

/* ---- expressions ---------------------------------------------------------------------------- */

/* All have room for the most sources: what an expression is made from changes when it is stored. */
#define EXPR_BYTES (sizeof(agi_expr) + AGI_SOURCES * sizeof(agi_source))

agi_expr *agi_expr_new(int op, int64_t numel)
{
    agi_expr *e = agi_small_new(EXPR_BYTES);
    if (e == NULL)
        return NULL;
    memset(e, 0, sizeof *e);
    atomic_init(&e->refs, 1);
    e->op = (uint16_t)op;
    e->numel = numel;
    e->weight = 1;
    e->maker = agi_thread_get()->maker;
    return e;
}

static void unlist(agi_expr *e)
{
    if (e->link == NULL)
        return;
    agi_expr_sums -= agi_expr_is_sum(e);
    *e->link = e->next;
    if (e->next != NULL)
        e->next->link = e->link;
    e->link = NULL;
}

void agi_expr_enlist(agi_expr *e)
{
    agi_expr_sums += agi_expr_is_sum(e);
    e->next = agi_exprs;
    e->link = &agi_exprs;
    if (agi_exprs != NULL)
        agi_exprs->link = &e->next;
    agi_exprs = e;
}

static void source_release(agi_source *source)
{
    if (source->kind == AGI_SOURCE_EXPR) {
        agi_expr_release(source->from.expr);
    } else if (source->kind == AGI_SOURCE_SAME || source->kind == AGI_SOURCE_STRIDED) {
        source->from.storage->readers--;
        agi_storage_release(source->from.storage);
    }
    source->kind = AGI_SOURCE_NUMBER;
}

static void free_expr(agi_expr *e)
{
    for (int k = 0; k < e->n_in; k++)
        source_release(&e->in[k]);
    if (e->result != NULL) {
        e->result->readers--;
        agi_storage_release(e->result);
    }
    agi_small_free(e, EXPR_BYTES);
}

/* What freeing one lets go waits in a list: a chain of them does not recurse. */
void agi_expr_free(agi_expr *e)
{
    static agi_expr *waiting;
    static bool busy;
    agi_expr_lock();
    unlist(e);
    e->next = waiting;
    waiting = e;
    if (!busy) {
        busy = true;
        while ((e = waiting) != NULL) {
            waiting = e->next;
            free_expr(e);
        }
        busy = false;
    }
    agi_expr_unlock();
}

uint64_t agi_expr_epoch(void)
{
    static uint64_t last;
    return ++last;
}

int agi_expr_weight(agi_expr *e, int most)
{
    const uint64_t epoch = agi_expr_epoch();
    int count = 0;
    for (e = agi_expr_first(e, epoch); e != NULL && count < most; e = agi_expr_next(e, epoch))
        count++;
    return count;
}

agi_expr *agi_expr_of(const agi_storage *storage)
{
    return atomic_load_explicit(&((agi_storage *)(uintptr_t)storage)->pending,
                                memory_order_acquire);
}

/* Turns the sources in e's reach that borrow the storage's old data into ones that own it: the
 * first takes the place of the last owner, who is just going. */
static void adopt_old_data(agi_expr *e, agi_storage *storage)
{
    const uint64_t epoch = agi_expr_epoch();
    for (e = agi_expr_first(e, epoch); e != NULL; e = agi_expr_next(e, epoch))
        for (int k = 0; k < e->n_in; k++) {
            agi_source *source = &e->in[k];
            if (source->kind != AGI_SOURCE_SELF || source->from.storage != storage)
                continue;
            source->kind = AGI_SOURCE_SAME;
            agi_refs_inc(&storage->refs);
            storage->readers++;
        }
}

bool agi_expr_forget(agi_storage *storage)
{
    agi_expr_lock();
    agi_expr *e = agi_expr_of(storage);
    agi_expr_news();
    if (e != NULL) {
        e->owner = NULL;
        atomic_store_explicit(&storage->pending, NULL, memory_order_release);
        if (e->in_place && agi_refs_get(&e->refs) > 1)
            adopt_old_data(e, storage);
        e->in_place = false;
        agi_expr_release(e);
    }
    bool dead = agi_refs_get(&storage->refs) == 0;
    agi_expr_unlock();
    return dead;
}

/* e's numbers lie in `where` from now on, of which the caller gives a reference. What e was made
 * from is let go; those that read e read it there. */
void agi_expr_stored(agi_expr *e, agi_storage *where)
{
    unlist(e);
    for (int k = 0; k < e->n_in; k++)
        source_release(&e->in[k]);
    e->weight = 0;
    e->result = where;
    where->readers++;
}

int agi_expr_known(const agi_expr *e)
{
    return e->result != NULL ? 0 : e->evals > 0 ? e->weight : e->known;
}

/* ---- fork ----------------------------------------------------------------------------------- */

/* A thread of the parent that was waiting for the lock to forget a storage does not come. */
static void finish_forgetting(void)
{
    for (agi_expr *e = agi_exprs; e != NULL;) {
        const bool left = e->owner != NULL && agi_refs_get(&e->owner->refs) == 0;
        if (left)
            agi_expr_forget(e->owner);
        e = left ? agi_exprs : e->next;
    }
}

/* A mutex that a thread of the parent has taken can only be given back by making it anew. */
void agi_fork_child_of_exprs(void)
{
    static const pthread_mutex_t free_mutex = PTHREAD_MUTEX_INITIALIZER;
    static const pthread_cond_t no_news = PTHREAD_COND_INITIALIZER;
    expr_mutex = free_mutex;
    news = no_news;
    lock_depth = 0;
    waiting_threads = waiting_forks = 0;
    running_programs = running_here;
    finish_forgetting();
}
