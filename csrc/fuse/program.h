/* SPDX-License-Identifier: MIT
 *
 * Programs: expressions put into order and run over a tile at a time, so that what one op makes is
 * still in the first cache when the next reads it. A program has loads (memory as it lies, numbers,
 * gathered tiles), steps (a kernel, inputs, a register or memory to write), and may end in a sum.
 */
#ifndef AGI_PROGRAM_H
#define AGI_PROGRAM_H

#include "expr.h"

/* What a program is to store. */
typedef struct agi_root {
    agi_expr *expr;         /* borrowed, not stored yet */
    double *data;           /* memory to write; NULL: the owner's, or a storage of its own */
} agi_root;

#pragma GCC visibility push(hidden)

/* Computes the roots, which fit each other. Values that were computed once before and are still
 * held are stored as well. On failure nothing has changed. Under agi_expr_lock, which is let go
 * while the program runs: what was read under it must be read again. Where another thread is
 * computing something that leads to the roots, this waits until there are news of it, and *ran is
 * false: the caller then looks again at what is left to compute. */
ag_status agi_program_run(int n, const agi_root *roots, bool *ran);
bool agi_program_fits(const agi_expr *a, const agi_expr *b);

/* Describes the program of one root, like snprintf; -1 with an error. Computes nothing. */
int agi_program_describe(agi_expr *expr, char *text, size_t size);

#pragma GCC visibility pop
#endif
