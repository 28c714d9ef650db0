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
#ifndef AGI_EXPR_H
#define AGI_EXPR_H

#include "../compute/op.h"

#define AGI_SOURCE_DIMS 4  /* dimensions of a strided input after merging */
#define AGI_SOURCES 3

typedef enum agi_source_kind {
    AGI_SOURCE_NUMBER,   /* one value for all elements */
    AGI_SOURCE_EXPR,     /* another expression, element by element */
    AGI_SOURCE_SAME,     /* memory, element by element from offset on */
    AGI_SOURCE_STRIDED,  /* memory, by shape and strides */
    AGI_SOURCE_SELF,     /* the old data of the storage that is written in place */
} agi_source_kind;

typedef struct agi_source {
    uint8_t kind;        /* agi_source_kind */
    uint8_t ndim;
    union {
        double number;
        struct agi_expr *expr;   /* owned */
        agi_storage *storage;    /* owned; SELF: borrowed from the expression's owner */
    } from;
    int64_t offset;
    int64_t shape[AGI_SOURCE_DIMS], strides[AGI_SOURCE_DIMS];
} agi_source;

typedef struct agi_expr {
    agi_refs refs;
    uint16_t op;
    uint8_t n_in;
    uint8_t evals;          /* how often it was computed without being stored */
    bool in_place;          /* its owner has old data, which the result overwrites */
    int32_t weight;         /* expressions that it leads to, itself included: not more than that */
    int32_t known;          /* of these, in one chain, those that were computed once before */
    int64_t numel;
    int64_t m, kept_inner;  /* sum, mean: elements of each sum; results side by side: 1 if rows are
                               summed, more if columns are */
    double f[2];
    agi_storage *owner;     /* weak: whose data this is to become; NULL if that is gone */
    int32_t lent;           /* references to the owner that a backward is about to drop: where there
                               are no others, the value is not stored for the owner's sake */
    agi_storage *result;    /* owned: where it is since it was stored, for those that read it */
    struct agi_expr *next, **link;  /* in the list of all that are not stored yet */
    uint64_t epoch;         /* of the last walk that came by (expr_walk.h), */
    struct agi_expr *parent;  /* from where, */
    uint8_t seen;           /* and inputs that it went into */
    bool reads;             /* compute_readers': leads to what is looked for */
    int32_t slot;           /* the program builder's: its place */
    agi_source in[];
} agi_expr;

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
} agi_target;
ag_status agi_expr_compute_into(int n, agi_target *targets);

/* More (or fewer, by < 0) references to this pending value's storage will go soon. */
void agi_expr_lend(agi_storage *storage, int by);

/* The storage dies: it lets go of its expression. False if it must live on after all, because
 * somebody else still has the expression, and that reads the storage's old data. */
bool agi_expr_forget(agi_storage *storage);
void agi_expr_free(agi_expr *expr);          /* when the last reference went */

/* Computes the storage, and every pending value that reads its memory. */
ag_status agi_expr_make_writable(agi_storage *storage);

/* The same for whatever storage t has when this returns. */
ag_status agi_expr_prepare_write(const ag_tensor *t);

/* The pending sum or mean (op) of a pending x over the dimensions of mask, in the shape given; x is
 * not stored for it. Owned; NULL with *deferred as above, false where the dimensions do not allow
 * it. */
ag_tensor *agi_expr_sum(int op, const ag_tensor *x, uint64_t mask, int ndim, const int64_t *shape,
                        int64_t numel, bool *deferred);

/* A mark for walks that no earlier one has left. */
uint64_t agi_expr_epoch(void);

/* For program.c: stored results and counts after a program ran. */
agi_expr *agi_expr_of(const agi_storage *storage);
void agi_expr_stored(agi_expr *expr, agi_storage *where);
void agi_expr_overwrote(agi_expr *expr);
void agi_expr_lock(void);
void agi_expr_unlock(void);

/* Whether this thread has the lock: then foreign memory is given back when it lets the lock go, as
 * that may run any code of the embedder's. */
bool agi_expr_postpones(agi_storage *dead);

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

AGI_INLINE bool agi_expr_is_sum(const agi_expr *e)
{
    return e->op == AG_OP_sum || e->op == AG_OP_mean;
}

/* Elements that computing e goes over. */
AGI_INLINE int64_t agi_expr_space(const agi_expr *e)
{
    return agi_expr_is_sum(e) ? e->numel * e->m : e->numel;
}

AGI_INLINE agi_expr *agi_expr_retain(agi_expr *e) { agi_refs_inc(&e->refs); return e; }
AGI_INLINE void agi_expr_release(agi_expr *e)
{
    if (agi_refs_dec(&e->refs))
        agi_expr_free(e);
}

#endif
