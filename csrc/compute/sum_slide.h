/* SPDX-License-Identifier: MIT
 *
 * Blocks of sum.h's tree in columns that lie side by side, each of which begins its blocks in a row
 * of its own.
 *
 * A block's lane is a tree over eight numbers that are 16 rows apart. Whether a number is the first
 * or the second of its pair depends on where its column's block begins. So of any two rows the
 * first is added to the one that follows in some columns, and to the one before in the others, by a
 * mask; likewise pairs, and fours. These are seven additions for eight vectors of columns, as few
 * as a tree has, and no element has to change its place:
 *
 *     p[i] = x[2 i] + (x[2 i + 1] or x[2 i - 1])     q[j] = p[2 j] + (p[2 j + 1] or p[2 j - 1])
 *     lane = q[0] + (q[1] or the last q of the rows before)
 */
#ifndef AGI_SUM_SLIDE_H
#define AGI_SUM_SLIDE_H

#include "sum.h"

#define AGI_SLIDE_COLUMNS 8

/* Of eight columns, for each of 16 rows in turn: the last number, pair, four and lane of the rows
 * before; and a bit for each column that takes what was before in a number's, a pair's, a four's
 * and a lane's place. */
typedef struct agi_slide {
    double window[AGI_SUM_LANES][4][AGI_SLIDE_COLUMNS] __attribute__((aligned(64)));
    uint8_t flags[4][AGI_SUM_LANES];
} agi_slide;

#pragma GCC visibility push(hidden)

/* The columns' blocks begin in rows first[k] < AGI_SUM_BLOCK, and every AGI_SUM_BLOCK rows. What is
 * in the window stays, and is in none of the sums that count. */
void agi_slide_open(agi_slide *slide, const int64_t *first);

/* AGI_SUM_BLOCK more rows, `step` apart, in which each column ends one block: its sum. Meanwhile
 * memory is asked for of as many rows that begin at `ahead`, if it is not NULL. */
void agi_slide_block(agi_slide *slide, double *sums, const double *x, int64_t step,
                     const double *ahead);

#pragma GCC visibility pop
#endif
