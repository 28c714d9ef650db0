/* SPDX-License-Identifier: MIT
 *
 * Expressions: their lock, and their life until what they are to hold is stored.
 */
#include "expr.h"

#include <pthread.h>
#include <string.h>

#include "../base/fork.h"
#include "../base/parallel.h"
#include "expr_walk.h"

/* One lock for the expressions: held while one is made, and while a program is built and run, so
 * that a value is computed once whoever asks. Waiting for it lets the embedder's lock go, since
 * whoever runs a program may need that to finish. A thread may take it again while it has it: a
 * program that must first compute an input is built inside another's turn. */
static pthread_mutex_t expr_mutex = PTHREAD_MUTEX_INITIALIZER;
static AGI_TLS int lock_depth;  /* how often this thread has taken it */
static agi_storage *dead_foreign;  /* linked through `data` (agi_expr_postpones) */
agi_expr *agi_exprs;
int agi_expr_sums;

void agi_expr_lock(void)
{
    if (lock_depth++ > 0 || AGI_LIKELY(pthread_mutex_trylock(&expr_mutex) == 0))
        return;
    void *token = agi_blocking_enter();
    pthread_mutex_lock(&expr_mutex);
    agi_blocking_leave(token);
}

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

/* A mutex that a thread of the parent has taken can only be given back by making it anew. */
void agi_fork_child_of_exprs(void)
{
    static const pthread_mutex_t free_mutex = PTHREAD_MUTEX_INITIALIZER;
    expr_mutex = free_mutex;
    lock_depth = 0;
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

/* In place and computed, but the owner is just going (agi_expr_forget waits for us): what its data
 * now holds is the value. */
void agi_expr_overwrote(agi_expr *e)
{
    for (int k = 0; k < e->n_in; k++)
        source_release(&e->in[k]);
    e->op = AG_OP_clone;
    e->n_in = 1;
    e->weight = 1;
    e->in[0].kind = AGI_SOURCE_SELF;
    e->in[0].from.storage = e->owner;
    e->in[0].offset = 0;
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
