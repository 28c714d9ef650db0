/* SPDX-License-Identifier: MIT
 *
 * Memory. Three kinds:
 *   small blocks   structs and data of tiny tensors: per-thread free lists over shared 64 KB
 *                  chunks, which go back to the system when wholly free;
 *   buffers        float64 data of larger tensors: 64-byte aligned, size classes an eighth of a
 *                  power of two apart (under 12.5 % waste), kept for reuse up to a cap; the very
 *                  large are mapped on 2 MB boundaries and advised to be huge pages, and large
 *                  ones begin at several places in a page, in turn;
 *   plain          tables of the engine and the like: malloc with the failing hook.
 * Every allocation can fail (NULL, error already set) and counts for ag_fail_allocation.
 */
#ifndef AGI_ALLOC_H
#define AGI_ALLOC_H

#include "config.h"
#include "thread.h"

#if defined(AG_TESTING) && !defined(AG_PLAIN_ALLOC)
#define AG_PLAIN_ALLOC 1
#endif
/* Allocations can be failed on demand. Coverage builds have that too, with the pool and the cache:
 * they measure what is delivered, and what it does when memory runs out. */
#if defined(AG_TESTING) || defined(AG_COVERAGE)
#define AG_FAILING 1
#endif

#pragma GCC visibility push(hidden)

void *agi_small_refill(agi_thread *thread, int bin);        /* slow path; NULL on failure */
void *agi_small_fail(int bin);                              /* NULL, error set */
void agi_small_spill(agi_thread *thread, int bin);          /* gives half of a bin back */

int64_t agi_memory_total(void);                             /* bytes this process may have */
double *agi_buffer_new(int64_t n, size_t *bytes);           /* n >= 1; *bytes: what was taken */
void agi_buffer_free(double *data, size_t bytes);

void *agi_plain_new(size_t bytes);
void *agi_plain_resize(void *block, size_t bytes);          /* block stays valid on failure */
void agi_plain_free(void *block);

void agi_alloc_thread_start(agi_thread *thread);            /* sets the limits of its free lists */
void agi_alloc_thread_end(agi_thread *thread);              /* its free lists go to the pool */

/* Adds the bytes that lie in a thread's free lists; any thread may ask. */
void agi_alloc_held(const agi_thread *thread, int64_t *small, int64_t *fronts);

#ifdef AG_FAILING
bool agi_alloc_should_fail(void);
#else
AGI_INLINE bool agi_alloc_should_fail(void) { return false; }
#endif

#ifdef AG_PLAIN_ALLOC
/* A block of its own, 64-byte aligned if lead is 64, not if it is 80; the same lead frees it. */
void *agi_raw_new(size_t lead, size_t bytes);
void agi_raw_free(size_t lead, void *block);
#endif

#pragma GCC visibility pop

/* bytes <= AGI_SMALL_MAX. In sanitizer and testing builds (AG_PLAIN_ALLOC) each block is its own
 * malloc, so that tools see every misuse. Blocks whose size is a multiple of 64 are 64-byte
 * aligned, others 16-byte. */
#ifdef AG_PLAIN_ALLOC
#pragma GCC visibility push(hidden)
void *agi_small_new(size_t bytes);
void agi_small_free(void *block, size_t bytes);
#pragma GCC visibility pop
#else
#pragma GCC visibility push(hidden)
void agi_small_free_unowned(void *block, int bin);  /* for a thread that has no record */
#pragma GCC visibility pop

AGI_INLINE int agi_small_bin(size_t bytes)
{
    return (int)((bytes + AGI_SMALL_STEP - 1) / AGI_SMALL_STEP);
}

AGI_INLINE void *agi_small_new(size_t bytes)
{
    agi_thread *thread = agi_thread_get();
    agi_bin *bin = &thread->bins[agi_small_bin(bytes)];
    void *block = bin->head;
    if (agi_alloc_should_fail())
        return agi_small_fail(agi_small_bin(bytes));
    if (AGI_UNLIKELY(block == NULL))
        return agi_small_refill(thread, agi_small_bin(bytes));
    bin->head = *(void **)block;
    __atomic_store_n(&bin->count, bin->count - 1, __ATOMIC_RELAXED);
    return block;
}

AGI_INLINE void agi_small_free(void *block, size_t bytes)
{
    agi_thread *thread = agi_tls;
    if (AGI_UNLIKELY(thread == NULL)) {
        agi_small_free_unowned(block, agi_small_bin(bytes));
        return;
    }
    agi_bin *bin = &thread->bins[agi_small_bin(bytes)];
    int32_t count = bin->count + 1;
    *(void **)block = bin->head;
    bin->head = block;
    __atomic_store_n(&bin->count, count, __ATOMIC_RELAXED);
    if (AGI_UNLIKELY(count > bin->limit))
        agi_small_spill(thread, agi_small_bin(bytes));
}
#endif

#endif
