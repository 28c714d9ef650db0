/* SPDX-License-Identifier: MIT
 *
 * Programs: expressions put into order and run over a tile at a time, so that what one op makes is
 * still in the first cache when the next reads it. A program has loads (memory as it lies, numbers,
 * gathered tiles), steps (a kernel, inputs, a register or memory to write), and may end in a sum.
 */
#ifndef AGI_PROGRAM_H
#define AGI_PROGRAM_H

#include "expr.h"

/* What a program is to store: all of one number of elements. */
typedef struct agi_root {
    agi_expr *expr;         /* borrowed, not stored yet */
    double *data;           /* memory to write; NULL: the owner's, or a storage of its own */
} agi_root;

/* A sum that a program ends in: the tree of sum.h for each result. */
typedef struct agi_program_sum {
    agi_expr *expr;         /* what is summed */
    double *z;
    int64_t kept_inner;     /* results that lie side by side: 1 if rows are summed, else columns */
    int64_t m;              /* elements of each sum */
} agi_program_sum;

#pragma GCC visibility push(hidden)

/* Computes the roots, and the sum if there is one. Values that were computed once before and are
 * still held are stored as well. On failure nothing has changed. Under agi_expr_lock. */
ag_status agi_program_run(int n, const agi_root *roots, const agi_program_sum *sum);

/* Expressions that e leads to, itself included, up to `most`. */
int agi_program_weight(agi_expr *e, int most);

#pragma GCC visibility pop
#endif
