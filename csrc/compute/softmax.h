/* SPDX-License-Identifier: MIT
 *
 * softmax and log_softmax over rows of numbers, and their gradients, some rows at a time while
 * these are in the caches: to the bits of the same computed op by op over the whole.
 */
#ifndef AGI_SOFTMAX_H
#define AGI_SOFTMAX_H

#include "../base/config.h"

/* Numbers of the rows for which this pays: shorter ones cost too many calls, longer ones leave the
 * caches, and threads should share them. */
#define AGI_SOFTMAX_MIN 64
#define AGI_SOFTMAX_MAX 8192

/* Numbers in all up to which rows may also be short, and lie across memory; and the least that one
 * loop should take, where there are AGI_SOFTMAX_MIN or more in all. */
#define AGI_SOFTMAX_FEW 1024
#define AGI_SOFTMAX_SHORT 4

typedef struct agi_softmax_rows {
    double *z;
    const double *x;   /* or the result y, for a gradient */
    const double *g;   /* NULL for the function itself */
    int64_t count, n;  /* rows, and numbers in each, at most AGI_SOFTMAX_MAX */
    int64_t step;      /* from a number of a row to the next one: of so many rows the first numbers
                        * lie behind each other, then the second ones; 1 for more than
                        * AGI_SOFTMAX_FEW */
    bool log;          /* log_softmax */
} agi_softmax_rows;

#pragma GCC visibility push(hidden)
/* With m the largest number of a row, and s the sum of exp(x - m) over it:
 *     z = exp(x - m) / s, or x - m - log(s);
 *     z = y (g - sum(g y)), or g - exp(y) sum(g).
 * Many rows are shared among threads; the embedder's lock is let go then. */
void agi_softmax_run(const agi_softmax_rows *rows);
#pragma GCC visibility pop

#endif
