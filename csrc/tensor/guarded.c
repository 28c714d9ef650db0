/* SPDX-License-Identifier: MIT
 *
 * The table of guarded values. See guarded.h.
 *
 * Its lock is held for moments and while a copy is made, and waits for nothing but that of memory.
 */
#include "guarded.h"

#include <pthread.h>
#include <string.h>

#include "../base/fork.h"
#include "../base/shape.h"

#define AGI_FIRST_CHAINS 64  /* as many as are always there */

static agi_guarded *first_chains[AGI_FIRST_CHAINS];

static struct {
    pthread_mutex_t lock;
    agi_guarded **chains;   /* owned, but for first_chains: by the address of the storage */
    size_t size, count;     /* chains, a power of 2; values in the table */
} guarded_table = {.lock = PTHREAD_MUTEX_INITIALIZER, .chains = first_chains,
                   .size = AGI_FIRST_CHAINS};

void agi_fork_lock_guarded(bool lock)
{
    if (lock)
        pthread_mutex_lock(&guarded_table.lock);
    else
        pthread_mutex_unlock(&guarded_table.lock);
}

/* ---- the table ------------------------------------------------------------------------------ */

static agi_guarded **guarded_chain(const agi_storage *storage)
{
    const uint64_t hash = ((uint64_t)(uintptr_t)storage >> 4) * UINT64_C(0x9e3779b97f4a7c15);
    return &guarded_table.chains[hash >> 32 & (guarded_table.size - 1)];
}

static void put_in_chain(agi_guarded *g)
{
    agi_guarded **first = guarded_chain(g->value->storage);
    g->next = *first;
    g->link = first;
    if (g->next != NULL)
        g->next->link = &g->next;
    *first = g;
}

static void take_from_chain(agi_guarded *g)
{
    *g->link = g->next;
    if (g->next != NULL)
        g->next->link = g->link;
    g->link = NULL;
    guarded_table.count--;
}

static void use_chains(agi_guarded **chains, size_t size)
{
    agi_guarded **old = guarded_table.chains;
    const size_t old_size = guarded_table.size;
    memset(chains, 0, size * sizeof *chains);
    guarded_table.chains = chains;
    guarded_table.size = size;
    for (size_t k = 0; k < old_size; k++)
        for (agi_guarded *g = old[k], *next; g != NULL; g = next) {
            next = g->next;
            put_in_chain(g);
        }
    if (old != first_chains)
        agi_plain_free(old);
}

/* Longer chains where there is no memory for more of them are as good, if not as fast. */
static void make_room_for_one(void)
{
    if (guarded_table.count < guarded_table.size)
        return;
    agi_guarded **chains = agi_plain_new(2 * guarded_table.size * sizeof *chains);
    if (chains != NULL)
        use_chains(chains, 2 * guarded_table.size);
}

static void note_guarded(agi_storage *storage, bool is_guarded)
{
    if (is_guarded)
        atomic_fetch_or_explicit(&storage->readers, AGI_READERS_GUARDED, memory_order_relaxed);
    else
        atomic_fetch_and_explicit(&storage->readers, ~AGI_READERS_GUARDED, memory_order_relaxed);
}

static bool is_in_table(const agi_storage *storage)
{
    for (const agi_guarded *g = *guarded_chain(storage); g != NULL; g = g->next)
        if (g->value->storage == storage)
            return true;
    return false;
}

/* ---- lives ---------------------------------------------------------------------------------- */

agi_guarded *agi_guarded_new(const ag_tensor *t)
{
    agi_guarded *g = agi_small_new(sizeof *g);
    ag_tensor *value = g != NULL ? agi_tensor_alias(t) : NULL;
    if (value == NULL) {
        if (g != NULL)
            agi_small_free(g, sizeof *g);
        return NULL;
    }
    *g = (agi_guarded){.value = value, .version = agi_tensor_version(value)};
    agi_fork_lock_guarded(true);
    make_room_for_one();
    put_in_chain(g);
    guarded_table.count++;
    note_guarded(value->storage, true);
    agi_fork_lock_guarded(false);
    return g;
}

static bool guarded_is_whole(const agi_guarded *g)
{
    return agi_tensor_version(g->value) == g->version;
}

ag_tensor *agi_guarded_end(agi_guarded *g, bool *whole)
{
    agi_fork_lock_guarded(true);
    *whole = guarded_is_whole(g);
    if (g->link != NULL) {
        take_from_chain(g);
        if (!is_in_table(g->value->storage))
            note_guarded(g->value->storage, false);
        if (guarded_table.count == 0 && guarded_table.chains != first_chains)
            use_chains(first_chains, AGI_FIRST_CHAINS);
    }
    agi_fork_lock_guarded(false);
    ag_tensor *value = g->value;
    agi_small_free(g, sizeof *g);
    return value;
}

void agi_guarded_free(agi_guarded *g)
{
    bool whole;
    agi_release(agi_guarded_end(g, &whole));
}

/* ---- looking at them ------------------------------------------------------------------------ */

ag_tensor *agi_guarded_alias(const agi_guarded *g, bool *whole)
{
    agi_fork_lock_guarded(true);
    *whole = guarded_is_whole(g);
    ag_tensor *alias = agi_tensor_alias(g->value);
    agi_fork_lock_guarded(false);
    return alias;
}

agi_storage *agi_guarded_storage(const agi_guarded *g)
{
    agi_fork_lock_guarded(true);
    agi_storage *s = agi_storage_retain(g->value->storage);
    agi_fork_lock_guarded(false);
    return s;
}

/* ---- copies --------------------------------------------------------------------------------- */

/* The stretch of the storage that such values see, whose version is that at which they were saved:
 * false if there are none. */
static bool guarded_stretch(const agi_storage *storage, int64_t *from, int64_t *to)
{
    bool any = false;
    *from = *to = 0;
    for (const agi_guarded *g = *guarded_chain(storage); g != NULL; g = g->next) {
        const ag_tensor *t = g->value;
        if (t->storage != storage || !guarded_is_whole(g))
            continue;
        const int64_t end = t->offset + agi_shape_extent(t->ndim, t->dims);
        any = true;
        if (t->numel == 0)
            continue;
        *from = *to == 0 || t->offset < *from ? t->offset : *from;
        *to = end > *to ? end : *to;
    }
    return any;
}

/* Its own memory's counter counts the value's writes from here on: there are none. */
static void move_value(agi_guarded *g, agi_storage *copy, int64_t from)
{
    ag_tensor *t = g->value;
    atomic_fetch_add_explicit(&agi_assignments, 1, memory_order_relaxed);
    t->storage = agi_storage_retain(copy);
    t->offset = t->numel != 0 ? t->offset - from : 0;
    t->flags &= (uint8_t)~AGI_TENSOR_OWN_COUNTER;
    g->version = agi_storage_version(copy);
}

/* How many references to the storage are left over. */
static int64_t move_values(agi_storage *storage, agi_storage *copy, int64_t from)
{
    int64_t moved = 0;
    for (agi_guarded *g = *guarded_chain(storage), *next; g != NULL; g = next) {
        next = g->next;
        if (g->value->storage != storage)
            continue;
        take_from_chain(g);
        if (!guarded_is_whole(g))
            continue;
        move_value(g, copy, from);
        moved++;
    }
    note_guarded(storage, false);
    return moved;
}

ag_status agi_guarded_copy(agi_storage *storage)
{
    int64_t from, to, moved = 0;
    agi_storage *copy = NULL;
    agi_fork_lock_guarded(true);
    const bool any = guarded_stretch(storage, &from, &to);
    if (any && (copy = agi_storage_new(to - from)) != NULL) {
        copy->dtype = storage->dtype;
        if (to > from)
            memcpy(copy->data, storage->data + from, (size_t)(to - from) * sizeof(double));
    }
    if (!any || copy != NULL)
        moved = move_values(storage, copy, from);
    agi_fork_lock_guarded(false);
    for (; moved > 0; moved--)
        agi_storage_release(storage);
    if (copy != NULL)
        agi_storage_release(copy);
    return !any || copy != NULL ? AG_OK : ag_last_status();
}
