/* SPDX-License-Identifier: MIT
 *
 * What a backward leaves: gradients are noted for their tensors as they are found, then all are
 * made ready, which may fail, then all are set, which cannot. So a backward that fails changes no
 * .grad.
 */
#ifndef AGI_DEPOSIT_H
#define AGI_DEPOSIT_H

#include "../tensor/tensor.h"

typedef enum agi_deposit_kind {
    AGI_DEPOSIT_REPLACE,  /* .grad becomes the value */
    AGI_DEPOSIT_INTO,     /* the .grad that is there gets the value, which is its sum with `grad` */
    AGI_DEPOSIT_ADD,      /* the value is added to the .grad that is there */
    AGI_DEPOSIT_NOTHING,  /* that .grad was given other data by another thread meanwhile */
} agi_deposit_kind;

typedef struct agi_deposit {
    ag_tensor *to;      /* owned: whose .grad */
    ag_tensor *grad;    /* owned */
    ag_tensor *value;   /* owned */
    const ag_tensor *seen;  /* borrowed, to be compared: the .grad that was there, or NULL */
    ag_tensor *old;     /* INTO, and REPLACE of one that was there: it, owned */
    agi_storage *memory;  /* INTO: where the value goes, owned, */
    int64_t offset;     /* and from which element on */
    bool to_leaf;       /* a .grad that is there may be written */
    agi_deposit_kind kind;
    bool computed;      /* INTO: the value is there already */
} agi_deposit;

#define AGI_LOCAL_WRITTEN 8

typedef struct agi_deposits {
    agi_deposit *list;
    int32_t count, capacity;
    bool create_graph;      /* the sums are recorded */
    uint64_t assignments;   /* agi_assignments when the commit began */
    bool is_long;           /* the lock of expressions is let go on the way */
    bool is_known;          /* another backward is about to set one of these .grad */
    struct agi_deposits *next;  /* in the list of those that are long */
    int32_t written_count;
    agi_storage **written;  /* borrowed, sorted: the memory of each .grad that is there */
    agi_storage *local_written[AGI_LOCAL_WRITTEN];
} agi_deposits;

#pragma GCC visibility push(hidden)

void agi_deposits_open(agi_deposits *deposits, bool create_graph);

/* Notes that grad goes to t's .grad in the end: into the one that is there if t is a leaf, else
 * the sum is a new tensor, as in PyTorch. */
bool agi_deposits_add(agi_deposits *deposits, ag_tensor *t, ag_tensor *grad, bool to_leaf);

/* Sets every .grad, or none and false. The roots, where they are pending, are computed beside them.
 * What another thread does to a .grad meanwhile (assigns it or its data) counts as done after. */
bool agi_deposits_commit(agi_deposits *deposits, int n_roots, ag_tensor *const *roots);
void agi_deposits_close(agi_deposits *deposits);

/* Whether nobody but the caller can see t's values. */
bool agi_is_exclusive(ag_tensor *t);

#pragma GCC visibility pop
#endif
