/* SPDX-License-Identifier: MIT
 *
 * What a run of the engine may visit next, in PyTorch's order: leaves at once, then of the nodes
 * the one that was recorded last. A heap.
 *
 * INVARIANT[order]: of equal ranks (leaves, nodes of several threads) it is the heap that decides
 * which comes first, and hooks show it. So the heap is sifted as that of the C++ library is which
 * PyTorch's queue stands on: what takes the top's place goes down to the bottom first, between two
 * equals to the right, and up again from there.
 */
#ifndef AGI_READY_H
#define AGI_READY_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/config.h"

#define AGI_RANK_LEAF INT32_MAX

typedef struct agi_ready {
    int32_t rank;       /* the highest goes first */
    int32_t slot;
} agi_ready;

#pragma GCC visibility push(hidden)
void agi_ready_rise(agi_ready *heap, int32_t at, agi_ready one);  /* puts one there or above */
void agi_ready_refill(agi_ready *heap, int32_t count);  /* heap[count] takes the top's place */
#pragma GCC visibility pop

/* In a chain there is never more than one. */
AGI_INLINE void agi_ready_put(agi_ready *heap, int32_t *count, int32_t rank, int32_t slot)
{
    const int32_t at = (*count)++;
    if (AGI_LIKELY(at == 0))
        heap[0] = (agi_ready){rank, slot};
    else
        agi_ready_rise(heap, at, (agi_ready){rank, slot});
}

AGI_INLINE int32_t agi_ready_take(agi_ready *heap, int32_t *count)
{
    const int32_t slot = heap[0].slot;
    if (AGI_UNLIKELY(--*count > 0))
        agi_ready_refill(heap, *count);
    return slot;
}

#endif
