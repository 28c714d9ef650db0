/* SPDX-License-Identifier: MIT
 *
 * Blocks of sum.h's tree in columns that lie side by side, each of which begins its blocks in a row
 * of its own.
 *
 * A block's lane is a tree over eight numbers that are 16 rows apart. Made for every row, whether a
 * block of any column has its lane there or not, it takes three additions for each vector of
 * columns, and no element has to change its place:
 *
 *     p = x[row - 16] + x[row]     q = p[row - 32] + p     lane = q[row - 64] + q
 *
 * Of these each column takes 16 in turn out of 128, those of its own blocks.
 */
#ifndef AGI_SUM_SLIDE_H
#define AGI_SUM_SLIDE_H

#include "sum.h"

#define AGI_SLIDE_COLUMNS 8

/* Of eight columns: what the next rows are added to. For each of 16 rows in turn x, p and q of the
 * rows before, and the last lane. */
typedef struct agi_slide {
    double window[AGI_SUM_LANES][8][AGI_SLIDE_COLUMNS] __attribute__((aligned(64)));
    /* Which columns have a lane of theirs in a row, a bit each. */
    uint8_t takes[AGI_SUM_BLOCK];
} agi_slide;

#pragma GCC visibility push(hidden)

/* The columns' blocks begin in rows first[k] < AGI_SUM_BLOCK, and every AGI_SUM_BLOCK rows. What is
 * in the window stays, and is in none of the sums that count. */
void agi_slide_open(agi_slide *slide, const int64_t *first);

/* AGI_SUM_BLOCK more rows, `step` apart, in which each column ends one block: its sum. Meanwhile
 * memory is asked for of as many rows that begin at `ahead`. */
void agi_slide_block(agi_slide *slide, double *sums, const double *x, int64_t step,
                     const double *ahead);

#pragma GCC visibility pop
#endif
