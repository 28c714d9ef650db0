/* SPDX-License-Identifier: MIT
 *
 * Making and keeping pending values: the limits of what pends, and the order between writes and
 * those who still have to read. Computing them is program.c.
 */
#include "pending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/check.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../compute/run.h"
#include "../tensor/layout.h"
#include "expr_turn.h"
#include "expr_walk.h"
#include "program.h"

bool agi_fusing = true;

/* A sum that nobody reads keeps all that it is made from, so there are few. */
#define PENDING_SUMS_MAX 8
#define READERS_AT_ONCE 16
/* Numbers of a row from which it is not gathered a tile at a time (goes_across). */
#define ACROSS_MIN 32
/* Memory that only pending values may keep: this share of all, at most so many bytes. */
#define WAITING_SHARE 32
#define WAITING_MAX ((int64_t)512 << 20)

#define MAX(a, b) ((a) > (b) ? (a) : (b))

__attribute__((constructor)) static void pending_start(void)
{
    const char *fuse = getenv("PYAUTOGRAD_FUSE");
    agi_fusing = fuse == NULL || strcmp(fuse, "0") != 0;
}

/* ---- sources -------------------------------------------------------------------------------- */

static void read_storage(agi_source *source, agi_source_kind kind, const ag_tensor *t)
{
    source->kind = (uint8_t)kind;
    source->from.storage = agi_storage_retain(t->storage);
    t->storage->readers++;
    source->offset = t->offset;
}

/* Whether rows lie across memory that is dense along another dimension: a tile would take one
 * number of each line. run.c, which computes such ops at once, takes whole lines. */
static bool goes_across(int ndim, const int64_t *shape, const int64_t *strides)
{
    bool dense = false;
    for (int d = 0; d < ndim - 1; d++)
        dense |= strides[d] == 1 && shape[d] > 1;
    return dense && strides[ndim - 1] > 1 && shape[ndim - 1] >= ACROSS_MIN;
}

/* By shape and strides, merged; false if that takes too many dimensions, or long. */
static bool read_strided(agi_source *source, const ag_tensor *t, int ndim, const int64_t *shape)
{
    int64_t sizes[AGI_MAX_DIMS], strides[1][AGI_MAX_DIMS];
    memcpy(sizes, shape, (size_t)ndim * sizeof *sizes);
    agi_shape_broadcast_strides(ndim, shape, t->ndim, agi_shape_of(t), agi_strides_of(t),
                                strides[0]);
    int left = agi_shape_collapse(ndim, sizes, 1, strides);
    if (left > AGI_SOURCE_DIMS || goes_across(left, sizes, strides[0]))
        return false;
    read_storage(source, AGI_SOURCE_STRIDED, t);
    source->ndim = (uint8_t)left;
    memcpy(source->shape, sizes, (size_t)left * sizeof *sizes);
    memcpy(source->strides, strides[0], (size_t)left * sizeof *sizes);
    return true;
}

static bool is_one_value(const ag_tensor *t)
{
    for (int d = 0; d < t->ndim; d++)
        if (agi_shape_of(t)[d] != 1 && agi_strides_of(t)[d] != 0)
            return false;
    return true;
}

static bool lies_in_order(const ag_tensor *t, int64_t numel)
{
    return t->numel == numel && agi_is_contiguous(t);
}

/* The expression that t is, if t can be read while it pends. */
static agi_expr *pending_source(const ag_tensor *t, int64_t numel)
{
    agi_expr *e = atomic_load_explicit(&t->storage->pending, memory_order_acquire);
    const bool can = e != NULL && lies_in_order(t, numel) && t->offset == 0 && e->numel == numel &&
                     !agi_expr_is_sum(e);
    return can ? e : NULL;
}

/* Computes what cannot be read while it pends: all has its numbers, or can, when nothing was left
 * to compute, as the lock is let go meanwhile. */
static ag_status make_ready(int n, const ag_arg *args, int64_t numel)
{
    ag_status status = AG_OK;
    uint64_t turns;
    do {
        turns = agi_expr_turns();
        for (int k = 0; k < n && status == AG_OK; k++)
            if (args[k].tensor != NULL && pending_source(args[k].tensor, numel) == NULL)
                status = agi_storage_ready(args[k].tensor->storage);
    } while (status == AG_OK && agi_expr_turns() != turns);
    return status;
}

/* What arg, which was made ready, is under the result's shape. False if the op must be computed
 * now. */
static bool source_of(agi_source *source, const ag_arg *arg, int ndim, const int64_t *shape,
                      int64_t numel)
{
    const ag_tensor *t = arg->tensor;
    source->kind = AGI_SOURCE_NUMBER;
    if (t == NULL) {
        source->from.number = arg->value;
        return true;
    }
    agi_expr *pending = pending_source(t, numel);
    if (pending != NULL) {
        source->kind = AGI_SOURCE_EXPR;
        source->from.expr = agi_expr_retain(pending);
        return true;
    }
    agi_assert(!agi_is_pending(t->storage));
    if (agi_storage_is_shared(t->storage))
        return false;
    if (is_one_value(t)) {
        source->from.number = *agi_tensor_data(t);
        return true;
    }
    if (!lies_in_order(t, numel))
        return read_strided(source, t, ndim, shape);
    read_storage(source, AGI_SOURCE_SAME, t);
    return true;
}

/* An expression with its sources, which are ready; NULL if the op is to be computed now, or
 * (status) it failed. */
static agi_expr *expr_with_sources(int op, int ndim, const int64_t *shape, int64_t numel, int n,
                                   const ag_arg *args, const double *f, ag_status *status)
{
    agi_expr *e = agi_expr_new(op, numel);
    if (e == NULL) {
        *status = ag_last_status();
        return NULL;
    }
    if (f != NULL)
        memcpy(e->f, f, sizeof e->f);
    for (int k = 0; k < n; k++) {
        if (!source_of(&e->in[k], &args[k], ndim, shape, numel)) {
            agi_expr_release(e);
            return NULL;
        }
        e->n_in++;
        if (e->in[k].kind == AGI_SOURCE_EXPR) {
            e->weight += e->in[k].from.expr->weight;
            e->known = MAX(e->known, agi_expr_known(e->in[k].from.expr));
        }
    }
    return e;
}

/* ---- the limits of what pends ---------------------------------------------------------------- */

static agi_expr *heaviest_input(const agi_expr *e)
{
    agi_expr *heaviest = NULL;
    for (int k = 0; k < e->n_in; k++) {
        agi_expr *in = e->in[k].kind == AGI_SOURCE_EXPR ? e->in[k].from.expr : NULL;
        if (in != NULL && in->result == NULL && (heaviest == NULL || in->weight > heaviest->weight))
            heaviest = in;
    }
    return heaviest;
}

/* Ops that a backward is going to add: where a gradient meets a chain of values that were computed
 * before, and are to be computed again for it, two for each of them. */
static int ops_to_come(const agi_expr *e)
{
    const agi_expr *heaviest = heaviest_input(e);
    int known = 0;
    for (int k = 0; k < e->n_in; k++)
        if (e->in[k].kind == AGI_SOURCE_EXPR && e->in[k].from.expr != heaviest)
            known = MAX(known, agi_expr_known(e->in[k].from.expr));
    return 2 * known;
}

/* Whether pending values keep more memory that nobody else holds than they may: a sum over a
 * thousand batches must not keep the batches. */
static bool keeps_too_much(void)
{
    const int64_t most = agi_memory_total() / WAITING_SHARE;
    return agi_waiting_bytes > (most < WAITING_MAX ? most : WAITING_MAX);
}

/* Cuts what is longer than a program may be, or would become, or keeps too much: the longest input
 * is computed, as often as it takes, with the lock let go. In a backward that is the gradient, and
 * so the values that the next rules read are all in the next program. */
static ag_status shorten(agi_expr *e)
{
    const bool recorded = ag_grad_enabled();
    const int most = recorded ? AGI_RECORDED_MAX : AGI_PROGRAM_MAX;
    for (;;) {
        const agi_root root = {.expr = heaviest_input(e)};
        const int room = recorded ? most : most - ops_to_come(e);
        if (root.expr == NULL)
            return AG_OK;
        if (!keeps_too_much() &&
            (e->weight <= room || (e->weight = agi_expr_weight(e, most + 1)) <= room))
            return AG_OK;
        bool ran;
        ag_status status = agi_program_run(1, &root, &ran);
        if (status != AG_OK)
            return status;
    }
}

/* What could never be stored is tried at once, so that the error comes with the call. */
static bool may_pend(int64_t numel, int n, const ag_arg *args)
{
    if (!agi_fusing || numel > agi_memory_total() / (int64_t)sizeof(double))
        return false;
    for (int k = 0; k < n; k++)
        if (args[k].tensor != NULL && agi_storage_is_shared(args[k].tensor->storage))
            return false;
    return true;
}

/* The tensor of a pending value: takes the caller's reference to it. */
static ag_tensor *pending_tensor(int ndim, const int64_t *shape, int64_t numel, agi_expr *expr)
{
    ag_tensor *t = agi_tensor_unfilled(ndim, shape, numel);
    if (t != NULL) {
        expr->owner = t->storage;
        atomic_store_explicit(&t->storage->pending, expr, memory_order_release);
    }
    return t;
}

ag_tensor *agi_expr_map(int op, int ndim, const int64_t *shape, int64_t numel, int n,
                        const ag_arg *args, const double *f, bool *deferred)
{
    ag_status status = AG_OK;
    const uint64_t before = agi_assignments_now();
    int64_t sizes[AGI_MAX_DIMS];
    *deferred = false;
    if (!may_pend(numel, n, args))
        return NULL;
    memcpy(sizes, shape, (size_t)ndim * sizeof *sizes);  /* it may be an argument's own */
    agi_expr_lock();
    ag_tensor *out = NULL;
    agi_expr *e = NULL;
    if (agi_assignments_now() == before)
        status = make_ready(n, args, numel);
    if (status == AG_OK && agi_assignments_now() == before)
        e = expr_with_sources(op, ndim, sizes, numel, n, args, f, &status);
    if (e != NULL) {
        agi_expr_enlist(e);
        status = shorten(e);
        if (status == AG_OK)
            out = pending_tensor(ndim, sizes, numel, e);
        if (out == NULL)
            agi_expr_release(e);
    }
    agi_expr_unlock();
    *deferred = e != NULL || status != AG_OK;
    return out;
}

/* ---- who reads what ------------------------------------------------------------------------- */

static bool source_reads(const agi_source *source, const agi_storage *storage)
{
    if (source->kind == AGI_SOURCE_SAME || source->kind == AGI_SOURCE_STRIDED)
        return source->from.storage == storage;
    if (source->kind != AGI_SOURCE_EXPR)
        return false;
    const agi_expr *e = source->from.expr;
    return e->result != NULL ? e->result == storage : e->reads;
}

/* Whether computing e reads the storage's memory, or (with storage NULL) computes `wanted`. */
static bool reads(agi_expr *e, const agi_storage *storage, const agi_expr *wanted, uint64_t epoch)
{
    for (agi_expr *x = agi_expr_first(e, epoch); x != NULL; x = agi_expr_next(x, epoch)) {
        x->reads = x == wanted;
        for (int k = 0; k < x->n_in; k++)
            x->reads |= source_reads(&x->in[k], storage);
    }
    return e->reads;
}

/* Not one that another thread is just freeing, which waits for our lock to forget e. */
static bool has_living_owner(const agi_expr *e)
{
    return e->owner != NULL && agi_refs_get(&e->owner->refs) > 0;
}

/* Whether a program that another thread runs reads the storage's memory. */
static bool is_read_now(const agi_storage *storage)
{
    for (const agi_expr *e = agi_exprs; e != NULL; e = e->next)
        for (int k = 0; e->runner != NULL && k < e->n_in; k++) {
            const agi_source *source = &e->in[k];
            if (source->kind == AGI_SOURCE_EXPR ? source->from.expr->result == storage
                                                : source_reads(source, storage))
                return true;
        }
    return false;
}

/* All owned values that read the storage, or lead to `wanted`, in one program as far as they fit
 * together; where one is being computed this waits, as agi_program_run does. *found is false if
 * there are none. */
static ag_status compute_readers(const agi_storage *storage, const agi_expr *wanted, bool *found)
{
    if ((storage != NULL && is_read_now(storage)) || (wanted != NULL && wanted->runner != NULL)) {
        *found = true;
        return agi_expr_wait() ? AG_OK : ag_last_status();
    }
    agi_root roots[READERS_AT_ONCE];
    const uint64_t epoch = agi_expr_epoch();
    int n = 0;
    for (agi_expr *e = agi_exprs; e != NULL && n < READERS_AT_ONCE; e = e->next) {
        bool fits = has_living_owner(e) && reads(e, storage, wanted, epoch);
        for (int k = 0; k < n && fits; k++)
            fits = agi_program_fits(roots[k].expr, e);
        if (fits)
            roots[n++] = (agi_root){.expr = e};
    }
    *found = n > 0;
    bool ran;
    return n > 0 ? agi_program_run(n, roots, &ran) : AG_OK;
}

/* Each program may store more than was asked, so the list is searched anew after each. */
static ag_status settle_locked(const agi_storage *storage)
{
    ag_status status = AG_OK;
    for (bool found = true; found && status == AG_OK;)
        status = compute_readers(storage, NULL, &found);
    return status;
}

/* The storage is owned meanwhile: whoever had it may be given another one. */
ag_status agi_expr_make_writable(agi_storage *storage)
{
    ag_status status;
    uint64_t turns;
    agi_storage_retain(storage);
    agi_expr_lock();
    do {
        turns = agi_expr_turns();
        status = agi_storage_ready(storage);
        if (status == AG_OK && storage->readers > 0)
            status = settle_locked(storage);
        if (status == AG_OK && AGI_UNLIKELY(agi_is_guarded(storage)) && !agi_is_pending(storage))
            status = agi_guarded_copy(storage);
    } while (status == AG_OK && agi_expr_turns() != turns);
    agi_expr_unlock();
    agi_storage_release(storage);
    return status;
}

ag_status agi_expr_prepare_write(const ag_tensor *t)
{
    while (!agi_storage_is_writable(t->storage)) {
        const uint64_t before = agi_assignments_now();
        ag_status status = agi_expr_make_writable(t->storage);
        if (status != AG_OK)
            return status;
        /* A reader may be left that another thread is just freeing. */
        if (agi_assignments_now() == before && !agi_is_pending(t->storage))
            return AG_OK;
    }
    return AG_OK;
}

/* ---- writes in place ------------------------------------------------------------------------ */

/* Whether x is the whole of its storage, in order, and no other argument sees it otherwise. */
static bool covers_storage(int n, const ag_arg *args)
{
    const ag_tensor *x = args[0].tensor;
    if (!agi_is_contiguous(x) || x->offset != 0 || x->numel != x->storage->numel)
        return false;
    for (int k = 1; k < n; k++) {
        const ag_tensor *t = args[k].tensor;
        if (t != NULL && t->storage == x->storage &&
            !(agi_is_contiguous(t) && t->offset == 0 && t->numel == x->numel))
            return false;
    }
    return true;
}

/* The old value of the storage: what it was to hold, or its data. */
static void source_self(agi_source *source, agi_storage *storage, agi_expr *before)
{
    if (before != NULL) {
        source->kind = AGI_SOURCE_EXPR;
        source->from.expr = agi_expr_retain(before);
    } else {
        source->kind = AGI_SOURCE_SELF;
        source->from.storage = storage;
        source->offset = 0;
    }
}

/* Nobody but the storage may know its pending value (as a program does that computes it), nobody
 * may wait to read its memory, nor be guarded, and the value may not be too long to be written
 * over. All that holds when nothing was left to compute. */
static ag_status make_room_once(agi_storage *storage)
{
    agi_expr *before = agi_expr_of(storage);
    if (before != NULL && before->weight >= AGI_PROGRAM_MAX / 2)
        before->weight = agi_expr_weight(before, AGI_PROGRAM_MAX);
    if (before != NULL &&
        (agi_refs_get(&before->refs) > 1 || agi_expr_is_sum(before) ||
         before->weight >= AGI_PROGRAM_MAX / 2)) {
        bool found;
        ag_status status = compute_readers(NULL, before, &found);
        if (status == AG_OK)
            status = agi_storage_ready(storage);
        if (status != AG_OK)
            return status;
    }
    ag_status status = storage->readers > 0 ? settle_locked(storage) : AG_OK;
    if (status != AG_OK || AGI_LIKELY(!agi_is_guarded(storage)))
        return status;
    status = agi_storage_ready(storage);
    return status == AG_OK && !agi_is_pending(storage) ? agi_guarded_copy(storage) : status;
}

/* And whatever is written there is ready to be read. */
static ag_status make_room(agi_storage *storage, int n, const ag_arg *others, int64_t numel)
{
    ag_status status;
    uint64_t turns;
    do {
        turns = agi_expr_turns();
        status = make_room_once(storage);
        if (status == AG_OK)
            status = make_ready(n, others, numel);
    } while (status == AG_OK && agi_expr_turns() != turns);
    return status;
}

/* storage is to hold e from now on; takes the caller's reference. */
static void replace_pending(agi_storage *storage, agi_expr *e)
{
    agi_expr *before = agi_expr_of(storage);
    e->owner = storage;
    e->in_place = storage->data != NULL;
    atomic_store_explicit(&storage->pending, e, memory_order_release);
    if (before != NULL) {
        before->owner = NULL;
        agi_expr_release(before);
    }
}

/* A write in place that is to pend. */
typedef struct pending_write {
    agi_storage *storage;   /* owned: x's, unless that was given another one */
    ag_tensor *x;
    int op, n;
    const ag_arg *args;
    ag_arg others[AGI_SOURCES];  /* those with the storage left out */
    const double *f;
    uint64_t assignments;
} pending_write;

/* A fill or a copy reads nothing of x: it is a clone of what is written. */
static pending_write write_of(int op, int n, const ag_arg *args, const double *f)
{
    const bool copies = op == AG_OP_fill || op == AG_OP_copy;
    pending_write w = {.storage = agi_storage_retain(args[0].tensor->storage), .f = f,
                       .x = args[0].tensor, .op = copies ? AG_OP_clone : op, .n = copies ? 1 : n,
                       .args = args + copies};
    for (int k = 0; k < w.n; k++) {
        bool self = w.args[k].tensor != NULL && w.args[k].tensor->storage == w.storage;
        w.others[k] = self ? agi_number(0.0) : w.args[k];
    }
    return w;
}

/* The expression, enlisted, and as long as it may be; NULL if the write is not to pend, or (status)
 * that failed. *turns are as they were when its sources were read. */
static agi_expr *expr_of_write(const pending_write *w, uint64_t *turns, ag_status *status)
{
    const ag_tensor *x = w->x;
    *status = make_room(w->storage, w->n, w->others, x->numel);
    *turns = agi_expr_turns();
    if (*status != AG_OK || agi_assignments_now() != w->assignments)
        return NULL;
    agi_expr *e = expr_with_sources(w->op, x->ndim, agi_shape_of(x), x->numel, w->n, w->others,
                                    w->f, status);
    if (e == NULL)
        return NULL;
    agi_expr *before = agi_expr_of(w->storage);
    for (int k = 0; k < w->n; k++) {
        if (w->args[k].tensor == NULL || w->args[k].tensor->storage != w->storage)
            continue;
        source_self(&e->in[k], w->storage, before);
        e->weight += before != NULL ? before->weight : 0;
    }
    agi_expr_enlist(e);
    *status = shorten(e);
    return e;
}

/* The storage is x's, unless x was given another one since `assignments`: then nothing is done.
 * Where something was computed on the way, other threads were let at the storage: then all begins
 * anew, with less to compute. */
static ag_status write_locked(const pending_write *w, bool *deferred)
{
    for (;;) {
        ag_status status;
        uint64_t turns;
        agi_expr *e = expr_of_write(w, &turns, &status);
        *deferred = e != NULL || status != AG_OK;
        if (e == NULL)
            return status;
        if (status == AG_OK && agi_expr_turns() == turns) {
            replace_pending(w->storage, e);
            return AG_OK;
        }
        agi_expr_release(e);
        if (status != AG_OK)
            return status;
    }
}

ag_status agi_expr_write(int op, int n, const ag_arg *args, const double *f, bool *deferred)
{
    const uint64_t before = agi_assignments_now();
    *deferred = false;
    if (!may_pend(0, n, args) || !covers_storage(n, args))
        return AG_OK;
    pending_write w = write_of(op, n, args, f);
    w.assignments = before;
    agi_expr_lock();
    ag_status status = write_locked(&w, deferred);
    agi_expr_unlock();
    agi_storage_release(w.storage);
    return status;
}

/* ---- computing ------------------------------------------------------------------------------ */

static bool fits_all(const agi_expr *e, int n, const agi_root *roots)
{
    bool fits = true;
    for (int k = 0; k < n && fits; k++)
        fits = roots[k].expr != e && agi_program_fits(roots[k].expr, e);
    return fits;
}

/* Roots that a write in place gains: other such writes that read what it is to hold, like those of
 * an optimiser's step. They would else read it from memory. Returns the new number of roots, at
 * most READERS_AT_ONCE. */
static int join_writes(int n, agi_root *roots, agi_expr *wanted)
{
    if (!wanted->in_place || agi_refs_get(&wanted->refs) == 1)
        return n;
    const uint64_t epoch = agi_expr_epoch();
    for (agi_expr *e = agi_exprs; e != NULL && n < READERS_AT_ONCE; e = e->next)
        if (e->in_place && has_living_owner(e) && fits_all(e, n, roots) &&
            reads(e, NULL, wanted, epoch))
            roots[n++] = (agi_root){.expr = e};
    return n;
}

/* The largest target that goes to memory which is there, and all others that fit with it. */
static void choose_last(int n, agi_target *targets, agi_root *roots)
{
    agi_target *largest = NULL;
    for (int i = 0; i < n; i++) {
        const agi_expr *e = agi_expr_of(targets[i].storage);
        if (e != NULL && targets[i].data != NULL &&
            (largest == NULL || e->numel > largest->storage->numel))
            largest = &targets[i];
    }
    if (largest == NULL)
        return;
    int count = 0;
    roots[count++] = (agi_root){.expr = agi_expr_of(largest->storage)};
    largest->last = true;
    for (int i = 0; i < n; i++) {
        agi_expr *e = agi_expr_of(targets[i].storage);
        if (e == NULL || &targets[i] == largest || !fits_all(e, count, roots))
            continue;
        roots[count++] = (agi_root){.expr = e};
        targets[i].last = true;
    }
}

/* One program for all targets of the last one, or for the first other target that is not computed
 * yet, nor optional, and those that fit with it. *more is false if there are none, and *ran as
 * agi_program_run has it. There is room for READERS_AT_ONCE roots or as many as there are
 * targets. */
static ag_status compute_some(int n, const agi_target *targets, bool last, agi_root *roots,
                              bool *more, bool *ran)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        agi_expr *e = agi_expr_of(targets[i].storage);
        if (e != NULL && targets[i].last == last && (count > 0 || !targets[i].optional) &&
            fits_all(e, count, roots))
            roots[count++] = (agi_root){.expr = e, .data = last ? targets[i].data : NULL};
    }
    *more = count > 0;
    if (count == 1)
        count = join_writes(count, roots, roots[0].expr);
    return count > 0 ? agi_program_run(count, roots, ran) : AG_OK;
}

/* Targets with memory of their own stay pending: they are noted as done. */
static void note_done(int n, agi_target *targets, const agi_root *roots)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n && targets[i].data != NULL; k++)
            if (roots[k].data == targets[i].data)
                *targets[i].done = true;
}

static ag_status compute_into_locked(int n, agi_target *targets, agi_root *roots)
{
    ag_status status = AG_OK;
    bool more = true, ran = false;
    choose_last(n, targets, roots);
    while (more && status == AG_OK)
        status = compute_some(n, targets, false, roots, &more, &ran);
    more = true;
    for (ran = false; more && !ran && status == AG_OK;) {
        memset(roots, 0, (size_t)n * sizeof *roots);
        status = compute_some(n, targets, true, roots, &more, &ran);
    }
    if (status == AG_OK)
        note_done(n, targets, roots);
    return status;
}

/* The storages are owned meanwhile: whoever had one may be given another. */
ag_status agi_expr_compute_into(int n, agi_target *targets)
{
    agi_root local[READERS_AT_ONCE], *roots = local;
    if (n > READERS_AT_ONCE && (roots = agi_plain_new((size_t)n * sizeof *roots)) == NULL)
        return ag_last_status();
    for (int i = 0; i < n; i++)
        agi_storage_retain(targets[i].storage);
    agi_expr_lock();
    ag_status status = compute_into_locked(n, targets, roots);
    agi_expr_unlock();
    for (int i = 0; i < n; i++)
        agi_storage_release(targets[i].storage);
    if (roots != local)
        agi_plain_free(roots);
    return status;
}

ag_status agi_expr_compute_with(int n, agi_target *targets, int n_roots, ag_tensor *const *roots)
{
    if (n == 0)
        return AG_OK;
    for (int i = 0; i < n_roots; i++)
        if (agi_is_pending(roots[i]->storage))
            targets[n++] = (agi_target){.storage = roots[i]->storage, .optional = true};
    return agi_expr_compute_into(n, targets);
}

void agi_expr_lend(agi_storage *storage, int by)
{
    agi_expr_lock();
    agi_expr *e = agi_expr_of(storage);
    if (e != NULL && (by > 0 || e->lent > 0))
        e->lent += by;
    agi_expr_unlock();
}

ag_status agi_expr_compute(int n, agi_storage *const *storages)
{
    if (n == 1) {
        agi_target target = {.storage = storages[0]};
        return agi_expr_compute_into(1, &target);
    }
    agi_target *targets = agi_plain_new((size_t)n * sizeof *targets);
    if (targets == NULL)
        return ag_last_status();
    for (int i = 0; i < n; i++)
        targets[i] = (agi_target){.storage = storages[i]};
    ag_status status = agi_expr_compute_into(n, targets);
    agi_plain_free(targets);
    return status;
}

int ag_explain(const ag_tensor *t, char *text, size_t size)
{
    if (!agi_has_tensor("explain", t) || !agi_check_text("explain", text, size))
        return -1;
    agi_expr_lock();
    agi_expr *e = agi_expr_of(t->storage);
    int length =
        e == NULL ? snprintf(text, size, "computed\n") : agi_program_describe(e, text, size);
    agi_expr_unlock();
    return length;
}

/* ---- sums ----------------------------------------------------------------------------------- */

/* What agi_expr says of a sum; order: of its source, without dimensions where that is memory's. */
typedef struct sum_plan {
    int64_t m, kept_inner;
    agi_source order;
} sum_plan;

/* The reduced dimensions are all, or the last ones (rows), or the first ones (columns). */
static bool plan_dims(sum_plan *plan, int ndim, const int64_t *shape, uint64_t mask)
{
    int64_t merged[AGI_MAX_DIMS];
    bool reduced[AGI_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < ndim; d++) {
        bool is = (mask >> d & 1) != 0;
        if (shape[d] == 1)
            continue;
        if (n > 0 && reduced[n - 1] == is) {
            merged[n - 1] *= shape[d];
        } else {
            reduced[n] = is;
            merged[n++] = shape[d];
        }
    }
    if (n > 2 || n == 0 || (n == 1 && !reduced[0]))
        return false;
    bool last = reduced[n - 1];
    plan->kept_inner = last ? 1 : merged[n - 1];
    plan->m = last ? merged[n - 1] : merged[0];
    return true;
}

static bool is_whole(const ag_tensor *x, const agi_expr *e)
{
    return e != NULL && !agi_expr_is_sum(e) && x->offset == 0 && x->numel == e->numel &&
           agi_is_dense(x);
}

/* Plans in the order of memory. Sums keep the order of their numbers and results theirs, so each of
 * the reduced and of the other dimensions must lie in memory as they follow each other in x. */
static bool plan_sum(sum_plan *plan, const ag_tensor *x, uint64_t mask)
{
    agi_layout layout;
    int last[2] = {-1, -1};
    int64_t shape[AGI_MAX_DIMS];
    uint64_t in_memory = 0;
    if (!agi_layout_of(&layout, x))
        return plan_dims(plan, x->ndim, agi_shape_of(x), mask);
    for (int k = 0; k < x->ndim; k++) {
        const int d = layout.dims[k], reduced = (int)(mask >> d & 1);
        shape[k] = agi_shape_of(x)[d];
        in_memory |= (uint64_t)reduced << k;
        if (shape[k] == 1)
            continue;
        if (d < last[reduced])
            return false;
        last[reduced] = d;
    }
    return plan_dims(plan, x->ndim, shape, in_memory);
}

/* Plans a sum of all of x in its order, which is not memory's. */
static bool plan_across(sum_plan *plan, const ag_tensor *x)
{
    int64_t shape[AGI_MAX_DIMS], strides[1][AGI_MAX_DIMS];
    memcpy(shape, agi_shape_of(x), (size_t)x->ndim * sizeof *shape);
    memcpy(strides[0], agi_strides_of(x), (size_t)x->ndim * sizeof *shape);
    const int n = agi_shape_collapse(x->ndim, shape, 1, strides);
    if (n > AGI_SOURCE_DIMS)
        return false;
    plan->m = x->numel;
    plan->kept_inner = 1;
    plan->order.ndim = (uint8_t)n;
    memcpy(plan->order.shape, shape, (size_t)n * sizeof *shape);
    memcpy(plan->order.strides, strides[0], (size_t)n * sizeof *shape);
    return true;
}

/* What is summed, a reference: a pending x, or, where its dimensions lie among others, its numbers
 * with these behind. NULL where it cannot be, or on an error. */
static agi_expr *summed_of(sum_plan *plan, const ag_tensor *x, uint64_t mask, int64_t m,
                           ag_status *status)
{
    agi_expr *of = agi_expr_of(x->storage);
    if (!is_whole(x, of))
        return NULL;
    if (plan_sum(plan, x, mask) || (m == x->numel && plan_across(plan, x)))
        return agi_expr_retain(of);
    if (!agi_is_contiguous(x) || (mask >> (x->ndim - 1) & 1) == 0)
        return NULL;
    plan->m = m;
    plan->kept_inner = 1;
    return agi_expr_turned(of, x->ndim, agi_shape_of(x), mask, status);
}

ag_tensor *agi_expr_sum(int op, const ag_tensor *x, uint64_t mask, int ndim, const int64_t *shape,
                        int64_t numel, bool *deferred)
{
    ag_tensor *out = NULL;
    ag_status status = AG_OK;
    sum_plan plan = {.order = {.ndim = 0}};
    agi_expr *e = NULL;
    agi_expr_lock();
    agi_expr *of = summed_of(&plan, x, mask, x->numel / MAX(numel, 1), &status);
    *deferred = of != NULL || status != AG_OK;
    if (of != NULL)
        e = agi_expr_new(op, numel);
    if (e != NULL) {
        e->m = plan.m;
        e->kept_inner = plan.kept_inner;
        e->n_in = 1;
        e->weight = 1 + of->weight;
        e->in[0] = plan.order;
        e->in[0].kind = AGI_SOURCE_EXPR;
        e->in[0].from.expr = agi_expr_retain(of);
        agi_expr_enlist(e);
        out = pending_tensor(ndim, shape, numel, e);
        if (out == NULL)
            agi_expr_release(e);
    }
    if (of != NULL)
        agi_expr_release(of);
    if (out != NULL && agi_expr_sums > PENDING_SUMS_MAX &&
        agi_storage_ready(out->storage) != AG_OK) {
        agi_release(out);
        out = NULL;
    }
    agi_expr_unlock();
    return out;
}

#undef MAX
