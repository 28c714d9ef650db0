/* SPDX-License-Identifier: MIT
 *
 * Pending values. An elementwise op on large tensors does not compute: its result's storage has an
 * expression in place of data, and the expression knows the op and where its inputs come from.
 * Whoever needs the numbers calls agi_storage_ready, and everything that leads to them is computed
 * together, a tile at a time (program.h).
 *
 * Values are observably eager: shapes and errors are settled when the op is called, and the numbers
 * are those that the inputs held then. Hence the rules:
 *   - before memory is written, whatever pending value reads it is computed (agi_storage_writable);
 *   - memory that others may write (agi_storage_is_shared) is read at once: such ops do not pend;
 *   - a write in place may itself pend (agi_expr_write): the storage then has old data and an
 *     expression for what it is to hold, which reads the old data at most once, where it writes;
 *   - an op whose value somebody holds is computed at most twice: the second time it is stored.
 */
#ifndef AGI_PENDING_H
#define AGI_PENDING_H

#include "../tensor/guarded.h"
#include "expr.h"

#pragma GCC visibility push(hidden)

extern bool agi_fusing;         /* PYAUTOGRAD_FUSE is not 0 */

/* The pending result of an elementwise op (or clone) of numel elements; owned. NULL with *deferred
 * false if this op must be computed now, NULL with *deferred true on an error. */
ag_tensor *agi_expr_map(int op, int ndim, const int64_t *shape, int64_t numel, int n,
                        const ag_arg *args, const double *f, bool *deferred);

/* x = op(x, ...) in place, pending: args[0] is x. *deferred as above. */
ag_status agi_expr_write(int op, int n, const ag_arg *args, const double *f, bool *deferred);

/* Gives the storages data, in as few programs as their sizes allow. */
ag_status agi_expr_compute(int n, agi_storage *const *storages);

/* The same for values that may go to memory which is there already (numel doubles, which the value
 * may read element by element). That memory is written by the last program alone, when nothing can
 * fail any more; *done then tells so, and the storage stays pending. What takes other programs, as
 * it has other sizes, becomes the storage's own data. */
typedef struct agi_target {
    agi_storage *storage;
    double *data;           /* NULL: becomes the storage's own */
    bool *done;             /* NULL where data is; set where data was written */
    bool last;              /* belongs to the last program; false at first */
    bool optional;          /* computed with others that it fits, or not at all */
} agi_target;
ag_status agi_expr_compute_into(int n, agi_target *targets);
/* The same with such roots of a backward as pend, where they fit; the list has room for them. No
 * target, nothing to do. */
ag_status agi_expr_compute_with(int n, agi_target *targets, int n_roots, ag_tensor *const *roots);

/* More (or fewer, by < 0) references to this pending value's storage will go soon. */
void agi_expr_lend(agi_storage *storage, int by);

/* Computes the storage, and every pending value that reads its memory; guarded ones get a copy. */
ag_status agi_expr_make_writable(agi_storage *storage);

/* The same for whatever storage t has when this returns. */
ag_status agi_expr_prepare_write(const ag_tensor *t);

/* The pending sum or mean (op) of a pending x over the dimensions of mask, in the shape given; x is
 * not stored for it. Owned; NULL with *deferred as above, false where the dimensions do not allow
 * it. */
ag_tensor *agi_expr_sum(int op, const ag_tensor *x, uint64_t mask, int ndim, const int64_t *shape,
                        int64_t numel, bool *deferred);

#pragma GCC visibility pop

AGI_INLINE bool agi_any_pending(int n, const ag_arg *args)
{
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && AGI_UNLIKELY(agi_is_pending(args[k].tensor->storage)))
            return true;
    return false;
}

/* The storage has its numbers when this returns AG_OK. */
AGI_INLINE ag_status agi_storage_ready(agi_storage *s)
{
    return AGI_LIKELY(!agi_is_pending(s)) ? AG_OK : agi_expr_compute(1, &s);
}

/* The storage has its numbers and nobody waits to read them: it may be written. */
AGI_INLINE bool agi_storage_is_writable(agi_storage *s)
{
    return AGI_LIKELY(!agi_is_pending(s)) && AGI_LIKELY(s->readers == 0);
}
AGI_INLINE ag_status agi_storage_writable(agi_storage *s)
{
    return AGI_LIKELY(agi_storage_is_writable(s)) ? AG_OK : agi_expr_make_writable(s);
}

#endif
