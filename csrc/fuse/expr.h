/* SPDX-License-Identifier: MIT
 *
 * Expressions: what pending values (pending.h) have in place of data. An expression knows its op
 * and where its inputs come from.
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
    uint32_t maker;         /* the event of a profile in which it was recorded, 0 for none */
    int64_t numel;
    int64_t m, kept_inner;  /* sum, mean: elements of each sum; results side by side: 1 if rows are
                               summed, more if columns are. The source's shape and strides are set
                               where all its elements are added in another order than memory's */
    double f[3];
    agi_storage *owner;     /* weak: whose data this is to become; NULL if that is gone */
    int32_t lent;           /* references to the owner that a backward is about to drop: where there
                               are no others, the value is not stored for the owner's sake */
    agi_storage *result;    /* owned: where it is since it was stored, for those that read it */
    const void *runner;     /* the thread whose program computes it now (agi_expr_thread), or NULL:
                               nobody else makes it or changes its sources meanwhile */
    struct agi_expr *next, **link;  /* in the list of all that are not stored yet */
    uint64_t epoch;         /* of the last walk that came by (expr_walk.h), */
    struct agi_expr *parent;  /* from where, */
    uint8_t seen;           /* and inputs that it went into */
    bool reads;             /* compute_readers': leads to what is looked for */
    int32_t slot;           /* the program builder's: its place */
    agi_source in[];
} agi_expr;

#pragma GCC visibility push(hidden)

/* The storage dies: it lets go of its expression. False if it must live on after all, because
 * somebody else still has the expression, and that reads the storage's old data. */
bool agi_expr_forget(agi_storage *storage);
void agi_expr_free(agi_expr *expr);          /* when the last reference went */

/* A mark for walks that no earlier one has left. */
uint64_t agi_expr_epoch(void);

/* All that are not stored yet, and how many of these are sums. */
extern agi_expr *agi_exprs;
extern int agi_expr_sums;
void agi_expr_enlist(agi_expr *e);

/* Without sources, with room for the most; owned. NULL with an error. */
agi_expr *agi_expr_new(int op, int64_t numel);

/* Expressions that e leads to, itself included, up to `most`. */
int agi_expr_weight(agi_expr *e, int most);

/* How many in the longest chain that leads to e, itself included, were computed before. */
int agi_expr_known(const agi_expr *e);

/* For program.c: stored results and counts after a program ran. */
agi_expr *agi_expr_of(const agi_storage *storage);
void agi_expr_stored(agi_expr *expr, agi_storage *where);

/* The lock of expressions, which a thread may take again while it has it. */
void agi_expr_lock(void);
void agi_expr_unlock(void);

/* Lets the lock go, however often this thread has taken it, and takes it back: around a program
 * that runs. Between the two nothing of expressions or reference counts may be touched. */
int agi_expr_run_begin(void);
void agi_expr_run_end(int depth);

/* How often any thread let the lock go while it had use for it: what was read under the lock holds
 * as long as this number is the same. */
uint64_t agi_expr_turns(void);

/* Waits, with the lock let go, until something has changed: a program has run, a storage is gone, a
 * fork is done, deposits are. Whoever waits looks again at what it waits for. False with an error
 * if the interrupt hook says that the wait is to be given up. */
bool agi_expr_wait(void);
void agi_expr_news(void);           /* wakes those who wait; under the lock */
const void *agi_expr_thread(void);  /* an address that stands for this thread */

/* Takes the lock when no other thread runs a program, for a fork; none starts one meanwhile. */
void agi_expr_lock_alone(void);
bool agi_expr_fork_waits(void);     /* a program that is to be run has to wait for that */

/* Whether this thread has the lock: then foreign memory is given back when it lets the lock go, as
 * that may run any code of the embedder's. */
bool agi_expr_postpones(agi_storage *dead);

#pragma GCC visibility pop

AGI_INLINE bool agi_expr_is_sum(const agi_expr *e)
{
    return e->op == AG_OP_sum || e->op == AG_OP_mean;
}

/* A sum of all elements, in another order than that of memory. */
AGI_INLINE bool agi_expr_goes_across(const agi_expr *e)
{
    return agi_expr_is_sum(e) && e->in[0].ndim > 0;
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
