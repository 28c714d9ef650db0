/* SPDX-License-Identifier: MIT
 *
 * The list of a profile's events, and the public functions that read it. See profile.h.
 *
 * Events lie in chunks that never move, texts and lists in blocks beside them. An event is put on
 * the list when it ends, under one lock, which is held for moments. One that ends after its profile
 * was stopped is told to nobody.
 */
#include "profile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "check.h"
#include "fork.h"
#include "parallel.h"
#include "site.h"

#define EVENTS 256              /* of one chunk */
#define BLOCK_BYTES (1 << 16)
#define NAMES_FIRST 64

typedef struct event_block {
    struct event_block *next;
    size_t used, size;
    char bytes[];
} event_block;

struct ag_profile {
    ag_event **chunks;      /* owned, each of EVENTS */
    int64_t count, chunk_capacity;
    event_block *blocks;    /* owned: texts and lists */
    const char **names;     /* owned: a table of the names by their letters, NULL is free */
    uint32_t name_count, name_capacity;
    int64_t start, end;
};

_Atomic uint32_t agi_profile_now;

static struct {
    pthread_mutex_t lock;
    ag_profile *recorded;   /* owned: NULL where none is, or where it was lost */
    bool lost;
    uint32_t profiles;      /* there were, modulo 2^32 */
    _Atomic uint32_t events;
} agi_events = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- memory --------------------------------------------------------------------------------- */

/* Without an error of the thread's: malloc, and the failures of testing builds. */
static void *event_alloc(size_t bytes)
{
    return agi_alloc_should_fail() ? NULL : malloc(bytes);
}

static void free_profile(ag_profile *p)
{
    if (p == NULL)
        return;
    for (int64_t k = 0; k * EVENTS < p->count; k++)
        free(p->chunks[k]);
    for (event_block *block = p->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(p->chunks);
    free(p->names);
    free(p);
}

/* Under the lock. */
static void lose_profile(void)
{
    free_profile(agi_events.recorded);
    agi_events.recorded = NULL;
    agi_events.lost = true;
}

void *agi_event_memory(size_t bytes)
{
    void *memory = event_alloc(bytes > 0 ? bytes : 1);
    if (memory != NULL)
        return memory;
    pthread_mutex_lock(&agi_events.lock);
    lose_profile();
    pthread_mutex_unlock(&agi_events.lock);
    return NULL;
}

/* Memory of the profile's; NULL if there is none. */
static void *profile_bytes(ag_profile *p, size_t bytes)
{
    bytes = (bytes + 7) & ~(size_t)7;
    if (p->blocks == NULL || p->blocks->size - p->blocks->used < bytes) {
        const size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        event_block *block = event_alloc(sizeof *block + size);
        if (block == NULL)
            return NULL;
        *block = (event_block){.next = p->blocks, .size = size};
        p->blocks = block;
    }
    void *place = p->blocks->bytes + p->blocks->used;
    p->blocks->used += bytes;
    return place;
}

/* A list as one of the profile's; *ok is false if there is no memory. */
static const void *keep_list(ag_profile *p, const void *list, size_t bytes, bool *ok)
{
    void *copy = bytes > 0 ? profile_bytes(p, bytes) : NULL;
    if (copy != NULL)
        memcpy(copy, list, bytes);
    *ok = *ok && (copy != NULL || bytes == 0);
    return copy;
}

/* ---- names ---------------------------------------------------------------------------------- */

static uint64_t hash_text(uint64_t hash, const char *text, size_t length)
{
    for (size_t k = 0; k < length; k++)
        hash = (hash ^ (unsigned char)text[k]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Where the name is in the table, or is to be. */
static const char **find_name(const ag_profile *p, const char *name, size_t n, const char *suffix,
                              size_t m)
{
    const uint64_t hash = hash_text(hash_text(UINT64_C(0xcbf29ce484222325), name, n), suffix, m);
    uint32_t k = (uint32_t)(hash >> 32) & (p->name_capacity - 1);
    for (; p->names[k] != NULL; k = (k + 1) & (p->name_capacity - 1))
        if (strncmp(p->names[k], name, n) == 0 && strcmp(p->names[k] + n, suffix) == 0)
            break;
    return &p->names[k];
}

static bool grow_names(ag_profile *p)
{
    if (2 * (p->name_count + 1) <= p->name_capacity)
        return true;
    const uint32_t old_capacity = p->name_capacity;
    const uint32_t capacity = old_capacity == 0 ? NAMES_FIRST : 2 * old_capacity;
    const char **old = p->names, **grown = event_alloc(capacity * sizeof *grown);
    if (grown == NULL)
        return false;
    memset(grown, 0, capacity * sizeof *grown);
    p->names = grown;
    p->name_capacity = capacity;
    for (uint32_t k = 0; k < old_capacity; k++)
        if (old[k] != NULL)
            *find_name(p, old[k], strlen(old[k]), "", 0) = old[k];
    free(old);
    return true;
}

/* The profile's own text of it; NULL if there is no memory. */
static const char *keep_name(ag_profile *p, const char *name, const char *suffix)
{
    const size_t n = strlen(name), m = strlen(suffix);
    if (!grow_names(p))
        return NULL;
    const char **entry = find_name(p, name, n, suffix, m);
    if (*entry != NULL)
        return *entry;
    char *text = profile_bytes(p, n + m + 1);
    if (text == NULL)
        return NULL;
    memcpy(text, name, n);
    memcpy(text + n, suffix, m + 1);
    p->name_count++;
    return *entry = text;
}

/* ---- events --------------------------------------------------------------------------------- */

static bool event_room(ag_profile *p)
{
    const int64_t chunk = p->count / EVENTS;
    if (p->count % EVENTS != 0)
        return true;
    if (chunk == p->chunk_capacity) {
        const int64_t capacity = chunk == 0 ? 16 : 2 * chunk;
        ag_event **grown = event_alloc((size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        if (chunk > 0)
            memcpy(grown, p->chunks, (size_t)chunk * sizeof *grown);
        free(p->chunks);
        p->chunks = grown;
        p->chunk_capacity = capacity;
    }
    return (p->chunks[chunk] = event_alloc(EVENTS * sizeof(ag_event))) != NULL;
}

static size_t inputs_bytes(const ag_event *event)
{
    size_t n = 0;
    for (int k = 0; k < event->n_inputs; k++)
        n += 1 + (event->inputs[n] > 0 ? (size_t)event->inputs[n] : 0);
    return n * sizeof *event->inputs;
}

static bool put_event(ag_profile *p, const ag_event *what, const char *suffix)
{
    ag_event event = *what;
    bool ok = true;
    event.name = keep_name(p, what->name, suffix);
    event.shape = keep_list(p, what->shape,
                            what->ndim > 0 ? (size_t)what->ndim * sizeof *what->shape : 0, &ok);
    event.inputs = keep_list(p, what->inputs, inputs_bytes(what), &ok);
    event.steps = keep_list(p, what->steps, (size_t)what->n_steps * sizeof *what->steps, &ok);
    if (event.name == NULL || !ok || !event_room(p))
        return false;
    p->chunks[p->count / EVENTS][p->count % EVENTS] = event;
    p->count++;
    return true;
}

static uint64_t this_thread(void) { return (uint64_t)(uintptr_t)pthread_self(); }

bool agi_event_begin(agi_open_event *e, bool makes)
{
    const uint32_t profile = atomic_load_explicit(&agi_profile_now, memory_order_relaxed);
    agi_thread *thread = agi_thread_get();
    if (profile == 0 || agi_thread_is_emergency(thread))
        return false;
    if (thread->profile != profile) {
        thread->profile = profile;
        thread->event = 0;
    }
    *e = (agi_open_event){.thread = thread, .profile = profile, .parent = thread->event,
                          .maker = thread->maker, .hushed = thread->hushed};
    do
        e->id = atomic_fetch_add_explicit(&agi_events.events, 1, memory_order_relaxed) + 1;
    while (e->id == 0);
    thread->event = e->id;
    thread->hushed = makes;
    if (makes)
        thread->maker = e->id;
    e->site = agi_site_now();
    e->start = agi_now_ns();
    return true;
}

void agi_event_cancel(const agi_open_event *e)
{
    e->thread->hushed = e->hushed;
    e->thread->maker = e->maker;
    if (e->thread->profile == e->profile)
        e->thread->event = e->parent;
}

void agi_event_end(const agi_open_event *e, const ag_event *what, const char *suffix)
{
    const int64_t now = agi_now_ns();
    ag_event event = *what;
    agi_event_cancel(e);
    event.id = e->id;
    event.parent = e->parent;
    event.thread = this_thread();
    event.start = e->start;
    event.duration = now - e->start;
    if (event.site == 0)
        event.site = e->site;
    pthread_mutex_lock(&agi_events.lock);
    if (agi_events.recorded != NULL && agi_events.profiles == e->profile &&
        !put_event(agi_events.recorded, &event, suffix))
        lose_profile();
    pthread_mutex_unlock(&agi_events.lock);
}

void agi_event_end_as(const agi_open_event *e, ag_event_kind kind, const char *name)
{
    agi_event_end(e, &(ag_event){.kind = kind, .name = name, .ndim = -1}, "");
}

/* ---- from the start to the end -------------------------------------------------------------- */

void agi_fork_lock_profile(bool lock)
{
    if (lock)
        pthread_mutex_lock(&agi_events.lock);
    else
        pthread_mutex_unlock(&agi_events.lock);
}

bool agi_profile_open(void)
{
    ag_profile *p = event_alloc(sizeof *p);
    if (p == NULL) {
        agi_fail_memory("profile", (int64_t)sizeof *p);
        return false;
    }
    memset(p, 0, sizeof *p);
    pthread_mutex_lock(&agi_events.lock);
    const bool is_first = !agi_profiles();
    if (is_first) {
        agi_events.recorded = p;
        agi_events.lost = false;
        if (++agi_events.profiles == 0)
            agi_events.profiles = 1;
        p->start = agi_now_ns();
        atomic_store(&agi_profile_now, agi_events.profiles);
    }
    pthread_mutex_unlock(&agi_events.lock);
    if (is_first)
        return true;
    free(p);
    agi_fail(AG_ERR_GRAD, "profile_start: a profile is being recorded already, and there is one at "
                          "a time");
    return false;
}

ag_profile *agi_profile_close(void)
{
    pthread_mutex_lock(&agi_events.lock);
    const bool was_on = agi_profiles(), lost = agi_events.lost;
    ag_profile *p = agi_events.recorded;
    atomic_store(&agi_profile_now, 0);
    agi_events.recorded = NULL;
    agi_events.lost = false;
    if (p != NULL)
        p->end = agi_now_ns();
    pthread_mutex_unlock(&agi_events.lock);
    if (!was_on)
        agi_fail(AG_ERR_GRAD, "profile_stop: no profile is being recorded");
    else if (lost)
        agi_fail(AG_ERR_MEMORY, "profile_stop: there was not enough memory for all events, and the "
                                "profile is lost; what was profiled is not affected");
    return p;
}

/* ---- the public entries --------------------------------------------------------------------- */

void ag_profile_free(ag_profile *p) { free_profile(p); }

int64_t ag_profile_count(const ag_profile *p)
{
    return agi_has("profile_count", p, "a profile") ? p->count : -1;
}

ag_status ag_profile_event(const ag_profile *p, int64_t k, ag_event *event)
{
    if (!agi_has("profile_event", p, "a profile") ||
        !agi_has("profile_event", event, "memory for an event"))
        return ag_last_status();
    if (k < 0 || k >= p->count)
        return agi_fail(AG_ERR_INDEX, "profile_event: expected an event from 0 to %lld, got %lld",
                        (long long)p->count - 1, (long long)k);
    *event = p->chunks[k / EVENTS][k % EVENTS];
    return AG_OK;
}

ag_status ag_profile_time(const ag_profile *p, int64_t *start, int64_t *duration)
{
    if (!agi_has("profile_time", p, "a profile") ||
        !agi_has("profile_time", start, "memory for a time") ||
        !agi_has("profile_time", duration, "memory for a time"))
        return ag_last_status();
    *start = p->start;
    *duration = p->end - p->start;
    return AG_OK;
}

_Static_assert(sizeof(agi_open_event) <= sizeof(ag_region), "a region holds an open event");

bool ag_region_begin(ag_region *region)
{
    agi_open_event e;
    if (!agi_has("region_begin", region, "memory for a region"))
        return false;
    memset(region, 0, sizeof *region);
    if (!agi_profiles() || !agi_event_begin(&e, false))
        return false;
    memcpy(region, &e, sizeof e);
    return true;
}

/* On another thread, or in the midst of others, it would lie across them. */
static bool is_innermost(const agi_open_event *e)
{
    const agi_thread *thread = agi_thread_get();
    return e->thread == thread && thread->profile == e->profile && thread->event == e->id;
}

ag_status ag_region_end(ag_region *region, ag_event_kind kind, const char *name)
{
    agi_open_event e;
    if (!agi_has("region_end", region, "a region") || !agi_has("region_end", name, "a name"))
        return ag_last_status();
    if (kind != AG_EVENT_REGION && kind != AG_EVENT_FUNCTION)
        return agi_fail(AG_ERR_VALUE, "region_end: expected a region or a function, got %d",
                        (int)kind);
    memcpy(&e, region, sizeof e);
    memset(region, 0, sizeof *region);
    if (e.id != 0 && is_innermost(&e))
        agi_event_end_as(&e, kind, name);
    return AG_OK;
}
