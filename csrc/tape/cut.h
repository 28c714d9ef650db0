/* SPDX-License-Identifier: MIT
 *
 * Where a tensor was cut off from the tape: what makes a constant of something that requires grad
 * marks its result with how and where, and what is made of that without being recorded passes the
 * first mark on. So an error can say why there is no gradient.
 */
#ifndef AGI_CUT_H
#define AGI_CUT_H

#include "../base/thread.h"
#include "../tensor/tensor.h"

typedef enum agi_cut_kind {
    AGI_CUT_NOT,
    AGI_CUT_DETACH,     /* detach(), and copies of numbers */
    AGI_CUT_DETACH_,    /* detach_() */
    AGI_CUT_DATA,       /* .data */
    AGI_CUT_FROZEN,     /* requires_grad_(False) */
    AGI_CUT_NO_GRAD,    /* an op that was not recorded */
    AGI_CUT_OP,         /* an op without a derivative */
    AGI_CUT_CAST,       /* to bool or int64 */
    AGI_CUT_GRADIENT,   /* a backward without AG_CREATE_GRAPH */
} agi_cut_kind;

#pragma GCC visibility push(hidden)
/* `out` was made of `from`, which requires grad or bears a mark. Ops of rules mark nothing. */
void agi_cut_mark(ag_tensor *out, const ag_tensor *from, agi_cut_kind kind, int op);

/* An op on args was not recorded. */
void agi_cut_by_op(ag_tensor *out, int op, int n, const ag_arg *args);

/* Where the program is, as a mark. */
agi_cut agi_cut_here(agi_cut_kind kind, int op);

/* Adds to the error message where t was cut off. Returns false. */
bool agi_cut_explain(const ag_tensor *t);
#pragma GCC visibility pop

AGI_INLINE void agi_cut_by(ag_tensor *out, const ag_tensor *from, agi_cut_kind kind, int op)
{
    if (AGI_UNLIKELY(from->cut.kind != AGI_CUT_NOT) || agi_requires_grad(from))
        agi_cut_mark(out, from, kind, op);
}

#endif
