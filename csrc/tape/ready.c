/* SPDX-License-Identifier: MIT
 *
 * The heap of what is ready. See ready.h.
 */
#include "ready.h"

void agi_ready_rise(agi_ready *heap, int32_t at, agi_ready one)
{
    while (at > 0 && heap[(at - 1) / 2].rank < one.rank) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = one;
}

void agi_ready_refill(agi_ready *heap, int32_t count)
{
    int32_t hole = 0;
    while (2 * (int64_t)hole + 1 < count) {
        int32_t child = 2 * hole + 1;
        if (child + 1 < count && heap[child + 1].rank >= heap[child].rank)
            child++;
        heap[hole] = heap[child];
        hole = child;
    }
    agi_ready_rise(heap, hole, heap[count]);
}
