/* SPDX-License-Identifier: MIT
 *
 * Memory that holds machine code, and the cache of what was compiled. Memory is written or
 * executed, never both, and other threads execute code while some is added: so each piece has pages
 * of its own, which are writable until its bytes are there and executable from then on.
 *
 * There are a few areas. One is filled and searched; when it is full, another is emptied and
 * filled. A program holds the areas that it has found code in until it has run, and an area that is
 * held is not emptied: where all others are, there is no more code for a while, and kernels do the
 * work. All of this is under agi_expr_lock, but for the running.
 */
#include "jit.h"

#include <stdlib.h>
#include <string.h>

#include "../../base/alloc.h"
#include "../../base/levels.h"
#include "../../base/unload.h"

#if AGI_JIT_HERE

#include <sys/mman.h>
#include <unistd.h>

#define AREA_BYTES ((size_t)4 << 20)
#define ENTRIES 512     /* of each area's table: half of them are used */
#define AREAS 4

typedef struct cache_entry {
    uint64_t hash;
    agi_jit_recipe recipe;  /* owned steps; NULL: free */
    agi_jit_code code;
} cache_entry;

typedef struct code_area {
    uint8_t *bytes;         /* NULL: not mapped yet */
    size_t used;
    int count;
    int holders;            /* programs that may run code of it */
    cache_entry entries[ENTRIES];
} code_area;

static struct {
    bool started, on, wide;
    int now;                /* the area that is filled */
    code_area areas[AREAS];
} jit;

/* ---- whether there is any ------------------------------------------------------------------- */

static void jit_start(void)
{
    const char *wanted = getenv("PYAUTOGRAD_JIT");
    jit.on = agi_level_now != AGI_LEVEL_BASE && (wanted == NULL || strcmp(wanted, "0") != 0);
    jit.wide = agi_level_now == AGI_LEVEL_AVX512;
    jit.started = true;
}

bool agi_jit_begin(void)
{
    if (!jit.started)
        jit_start();
    return jit.on;
}

bool agi_jit_end(void) { return jit.on; }

/* The program holds the area that is filled, in which it has found or made code. */
static void hold_area(uint32_t *held)
{
    const uint32_t bit = (uint32_t)1 << jit.now;
    jit.areas[jit.now].holders += (*held & bit) == 0;
    *held |= bit;
}

void agi_jit_let_go(uint32_t held)
{
    for (int k = 0; k < AREAS; k++)
        jit.areas[k].holders -= (int)(held >> k & 1);
}

/* A turn of wide code has two groups of a block's lanes. */
bool agi_jit_has_pairs(void) { return jit.wide; }

const char *agi_jit_level(void)
{
    if (!jit.started)
        jit_start();
    return jit.on ? agi_level_name(agi_level_now) : "no";
}

/* ---- the cache ------------------------------------------------------------------------------ */

static uint64_t recipe_hash(const agi_jit_recipe *recipe)
{
    const size_t count = (size_t)recipe->step_count * sizeof *recipe->steps / sizeof(int32_t);
    const int32_t *words = (const int32_t *)(const void *)recipe->steps;
    uint64_t hash = recipe->fetched ^ (uint64_t)recipe->stream_count << 32;
    hash ^= (uint64_t)recipe->rows << 31;
    for (size_t k = 0; k < count; k++)
        hash = ((hash << 5 | hash >> 59) ^ (uint32_t)words[k]) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

static bool is_recipe(const agi_jit_recipe *a, const agi_jit_recipe *b)
{
    return a->step_count == b->step_count && a->stream_count == b->stream_count &&
           a->fetched == b->fetched && a->rows == b->rows &&
           memcmp(a->steps, b->steps, (size_t)a->step_count * sizeof *a->steps) == 0;
}

/* Where the area has the recipe, or would have it. */
static cache_entry *entry_of(code_area *area, const agi_jit_recipe *recipe, uint64_t hash)
{
    size_t at = hash % ENTRIES;
    while (area->entries[at].recipe.steps != NULL &&
           !(area->entries[at].hash == hash && is_recipe(&area->entries[at].recipe, recipe)))
        at = (at + 1) % ENTRIES;
    return &area->entries[at];
}

static void empty_area(code_area *area)
{
    for (int k = 0; k < ENTRIES; k++)
        agi_plain_free((void *)(uintptr_t)area->entries[k].recipe.steps);
    memset(area->entries, 0, sizeof area->entries);
    area->used = 0;
    area->count = 0;
}

/* ---- memory --------------------------------------------------------------------------------- */

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* Goes on to an area that no program holds. False if there is none. */
static bool change_area(void)
{
    for (int k = 1; k < AREAS; k++) {
        const int next = (jit.now + k) % AREAS;
        if (jit.areas[next].holders > 0)
            continue;
        jit.now = next;
        empty_area(&jit.areas[next]);
        return true;
    }
    return false;
}

/* Pages for `size` bytes in the area that is filled, or NULL: then there is to be no code. */
static uint8_t *find_room(size_t size)
{
    const code_area *full = &jit.areas[jit.now];
    if (size > AREA_BYTES || ((full->used + size > AREA_BYTES || 2 * full->count >= ENTRIES) &&
                              !change_area()))
        return NULL;
    code_area *area = &jit.areas[jit.now];
    if (area->bytes == NULL) {
        void *mapped = mmap(NULL, AREA_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED)
            return NULL;
        area->bytes = mapped;
    }
    return area->bytes + area->used;
}

/* Copies the code to its pages, which are executable from then on. Where the system refuses, no
 * code is made any more; programs that run keep theirs. */
static bool install(uint8_t *place, const uint8_t *bytes, size_t size)
{
    if (mprotect(place, size, PROT_READ | PROT_WRITE) == 0) {
        memcpy(place, bytes, size);
        if (mprotect(place, size, PROT_READ | PROT_EXEC) == 0)
            return true;
    }
    jit.on = false;
    return false;
}

static bool keep(const agi_jit_recipe *recipe, uint64_t hash, const agi_jit_code *code)
{
    const size_t bytes = (size_t)recipe->step_count * sizeof *recipe->steps;
    agi_jit_step *steps = agi_plain_new(bytes);
    if (steps == NULL)
        return false;
    memcpy(steps, recipe->steps, bytes);
    code_area *area = &jit.areas[jit.now];
    cache_entry *entry = entry_of(area, recipe, hash);
    *entry = (cache_entry){.hash = hash, .recipe = *recipe, .code = *code};
    entry->recipe.steps = steps;
    area->count++;
    return true;
}

/* ---- finding -------------------------------------------------------------------------------- */

static bool make(const agi_jit_recipe *recipe, uint64_t hash, agi_jit_code *code)
{
    uint8_t *bytes;
    size_t size;
    if (!agi_jit_compile(recipe, jit.wide, &bytes, &size, code))
        return false;
    uint8_t *place = find_room(size);
    bool ok = true;
    if (place != NULL && install(place, bytes, size)) {
        jit.areas[jit.now].used += (size + page_size() - 1) & ~(page_size() - 1);
        memcpy(&code->run, &place, sizeof place);
        ok = keep(recipe, hash, code);
    }
    agi_plain_free(bytes);
    return ok;
}

bool agi_jit_find(const agi_jit_recipe *recipe, agi_jit_code *code, uint32_t *held)
{
    bool ok = true;
    *code = (agi_jit_code){.run = NULL};
    if (!jit.on)
        return true;
    const uint64_t hash = recipe_hash(recipe);
    const cache_entry *entry = entry_of(&jit.areas[jit.now], recipe, hash);
    if (entry->recipe.steps == NULL)
        ok = make(recipe, hash, code);
    else
        *code = entry->code;
    if (code->run != NULL)
        hold_area(held);
    return ok;
}

void agi_unload_code(void)
{
    for (int k = 0; k < AREAS; k++) {
        empty_area(&jit.areas[k]);
        if (jit.areas[k].bytes != NULL)
            munmap(jit.areas[k].bytes, AREA_BYTES);
        jit.areas[k].bytes = NULL;
    }
}

#else

void agi_unload_code(void) {}
bool agi_jit_begin(void) { return false; }
bool agi_jit_end(void) { return false; }
bool agi_jit_has_pairs(void) { return false; }
const char *agi_jit_level(void) { return "no"; }
void agi_jit_let_go(uint32_t held) { (void)held; }
bool agi_jit_find(const agi_jit_recipe *recipe, agi_jit_code *code, uint32_t *held)
{
    (void)recipe, (void)held;
    *code = (agi_jit_code){.run = NULL};
    return true;
}

#endif
