/* SPDX-License-Identifier: MIT
 *
 * A walk over an iteration space: an index that counts up, last dimension fastest, and the element
 * offsets of up to AGI_WALK_MAX arrays that follow it. Stepping costs an addition per array and
 * no division; only starting in the middle divides.
 */
#ifndef AGI_WALK_H
#define AGI_WALK_H

#include "config.h"

#define AGI_WALK_MAX 4

typedef struct agi_walk {
    int ndim, count;
    int64_t shape[AGI_MAX_DIMS];
    int64_t index[AGI_MAX_DIMS];
    int64_t strides[AGI_WALK_MAX][AGI_MAX_DIMS];
    int64_t at[AGI_WALK_MAX];  /* offset of the current index in each array */
} agi_walk;

/* w goes where `space` (ndim, count, shape and strides set; may be w itself) goes, and starts at
 * the index whose linear number is `linear`. Only what is used is copied: the struct is large. */
AGI_INLINE void agi_walk_start(agi_walk *w, const agi_walk *space, int64_t linear)
{
    w->ndim = space->ndim;
    w->count = space->count;
    for (int d = 0; d < w->ndim; d++)
        w->shape[d] = space->shape[d];
    for (int k = 0; k < w->count; k++)
        for (int d = 0; d < w->ndim; d++)
            w->strides[k][d] = space->strides[k][d];
    for (int k = 0; k < w->count; k++)
        w->at[k] = 0;
    for (int d = w->ndim - 1; d >= 0; d--) {
        int64_t i = linear;
        if (linear >= w->shape[d]) {
            i = linear % w->shape[d];
            linear /= w->shape[d];
        } else {
            linear = 0;
        }
        w->index[d] = i;
        for (int k = 0; k < w->count; k++)
            w->at[k] += i * w->strides[k][d];
    }
}

/* `steps` on along dimension d, not over its end. */
AGI_INLINE void agi_walk_along(agi_walk *w, int d, int64_t steps)
{
    w->index[d] += steps;
    for (int k = 0; k < w->count; k++)
        w->at[k] += steps * w->strides[k][d];
}

/* Goes to the next index of dimensions 0 .. d, where dimension d stands at its end. */
AGI_INLINE void agi_walk_carry(agi_walk *w, int d)
{
    while (d > 0 && w->index[d] >= w->shape[d]) {
        agi_walk_along(w, d, -w->index[d]);
        agi_walk_along(w, --d, 1);
    }
}

AGI_INLINE void agi_walk_next(agi_walk *w)
{
    int d = w->ndim - 1;
    agi_walk_along(w, d, 1);
    agi_walk_carry(w, d);
}

#endif
