/* SPDX-License-Identifier: MIT
 *
 * Walking over expressions that are not stored yet, inputs first, without recursion: the way back
 * is kept in the expressions, and an epoch tells which were seen. Under agi_expr_lock, one walk at
 * a time; several of the same epoch go over each expression once in all.
 *
 *     for (agi_expr *e = agi_expr_first(root, epoch); e != NULL; e = agi_expr_next(e, epoch))
 */
#ifndef AGI_EXPR_WALK_H
#define AGI_EXPR_WALK_H

#include "expr.h"

AGI_INLINE bool agi_expr_skips(const agi_expr *e, uint64_t epoch)
{
    return e->result != NULL || e->epoch == epoch;
}

/* The first of those below e, and of e itself, that has no input left to see. */
AGI_INLINE agi_expr *agi_expr_below(agi_expr *e, uint64_t epoch)
{
    while (e->seen < e->n_in) {
        const agi_source *source = &e->in[e->seen++];
        if (source->kind != AGI_SOURCE_EXPR || agi_expr_skips(source->from.expr, epoch))
            continue;
        source->from.expr->parent = e;
        e = source->from.expr;
        e->epoch = epoch;
        e->seen = 0;
    }
    return e;
}

AGI_INLINE agi_expr *agi_expr_first(agi_expr *e, uint64_t epoch)
{
    if (agi_expr_skips(e, epoch))
        return NULL;
    e->parent = NULL;
    e->epoch = epoch;
    e->seen = 0;
    return agi_expr_below(e, epoch);
}

AGI_INLINE agi_expr *agi_expr_next(agi_expr *e, uint64_t epoch)
{
    return e->parent != NULL ? agi_expr_below(e->parent, epoch) : NULL;
}

#endif
