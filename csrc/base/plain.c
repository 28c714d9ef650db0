/* SPDX-License-Identifier: MIT
 *
 * Tables of the engine and the like: malloc, and what testing builds add to it and to every other
 * block (alloc.c has those made here when AG_PLAIN_ALLOC is set): a failure on demand, guard zones,
 * contents that betray a value read too early or too late.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "status.h"

/* ---- failing on purpose --------------------------------------------------------------------- */

#ifdef AG_FAILING

static _Atomic int64_t agi_fail_countdown;

bool agi_alloc_should_fail(void)
{
    int64_t left = atomic_load_explicit(&agi_fail_countdown, memory_order_relaxed);
    while (left > 0)
        if (atomic_compare_exchange_weak(&agi_fail_countdown, &left, left - 1))
            return left == 1;
    return false;
}

ag_status ag_fail_allocation(int64_t nth)
{
    if (nth < 0)
        return agi_fail(AG_ERR_VALUE, "fail_allocation: expected 0 or more, got %lld",
                        (long long)nth);
    atomic_store(&agi_fail_countdown, nth);
    return AG_OK;
}

#else

ag_status ag_fail_allocation(int64_t nth)
{
    (void)nth;
    return agi_fail(AG_ERR_VALUE, "fail_allocation: this is not a testing build");
}

#endif

/* ---- guard zones ---------------------------------------------------------------------------- */

#ifdef AG_TESTING

/* A guarded block is: zone, size, zone ... | the block | zone. `lead` is where the block starts:
 * 64 for blocks that are promised 64-byte alignment, 80 for others so that they do not have it. */
#define AGI_GUARD_ZONE 64
#define AGI_GUARD_BYTE 0xA5
#define AGI_GUARD_FRESH 0x7FF8DEADBEEF0BADull  /* a NaN: what is read unwritten spreads */
#define AGI_GUARD_FREED 0x7FF8FEEEFEEEFEEEull

static void guard_fill(char *block, size_t bytes, uint64_t pattern)
{
    for (size_t at = 0; at < bytes; at += sizeof pattern)
        memcpy(block + at, &pattern, bytes - at < sizeof pattern ? bytes - at : sizeof pattern);
}

static bool guard_zone_whole(const char *zone, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++)
        if ((unsigned char)zone[at] != AGI_GUARD_BYTE)
            return false;
    return true;
}

void *agi_raw_new(size_t lead, size_t bytes)
{
    void *base;
    if (posix_memalign(&base, 64, lead + bytes + AGI_GUARD_ZONE) != 0)
        return NULL;
    char *block = (char *)base + lead;
    memset(base, AGI_GUARD_BYTE, lead);
    memcpy(base, &bytes, sizeof bytes);
    memset(block + bytes, AGI_GUARD_BYTE, AGI_GUARD_ZONE);
    guard_fill(block, bytes, AGI_GUARD_FRESH);
    return block;
}

static size_t raw_bytes(size_t lead, const void *block)
{
    size_t bytes;
    memcpy(&bytes, (const char *)block - lead, sizeof bytes);
    return bytes;
}

void agi_raw_free(size_t lead, void *block)
{
    char *base = (char *)block - lead;
    size_t bytes = raw_bytes(lead, block);
    agi_assert(guard_zone_whole(base + sizeof bytes, lead - sizeof bytes));
    agi_assert(guard_zone_whole((char *)block + bytes, AGI_GUARD_ZONE));
    guard_fill(block, bytes, AGI_GUARD_FREED);
    free(base);
}

#elif defined(AG_PLAIN_ALLOC)

/* The exact size, so that the address sanitizer sees the first byte beyond. */
void *agi_raw_new(size_t lead, size_t bytes)
{
    void *block;
    return posix_memalign(&block, lead % 64 == 0 ? 64 : 16, bytes) == 0 ? block : NULL;
}

void agi_raw_free(size_t lead, void *block)
{
    (void)lead;
    free(block);
}

#endif

/* ---- plain ---------------------------------------------------------------------------------- */

static void *plain_failed(size_t bytes)
{
    agi_fail_memory("table", (int64_t)bytes);
    return NULL;
}

#ifdef AG_TESTING

void *agi_plain_new(size_t bytes)
{
    void *block = agi_alloc_should_fail() ? NULL : agi_raw_new(80, bytes);
    return block != NULL ? block : plain_failed(bytes);
}

void agi_plain_free(void *block)
{
    if (block != NULL)
        agi_raw_free(80, block);
}

/* Always moves, so that a pointer kept too long is found. */
void *agi_plain_resize(void *block, size_t bytes)
{
    void *moved = agi_plain_new(bytes);
    if (moved != NULL && block != NULL) {
        size_t before = raw_bytes(80, block);
        memcpy(moved, block, before < bytes ? before : bytes);
        agi_raw_free(80, block);
    }
    return moved;
}

#else

void *agi_plain_new(size_t bytes)
{
    void *block = agi_alloc_should_fail() ? NULL : malloc(bytes > 0 ? bytes : 1);
    return block != NULL ? block : plain_failed(bytes);
}

void agi_plain_free(void *block)
{
    free(block);
}

void *agi_plain_resize(void *block, size_t bytes)
{
    void *moved = agi_alloc_should_fail() ? NULL : realloc(block, bytes > 0 ? bytes : 1);
    return moved != NULL ? moved : plain_failed(bytes);
}

#endif
