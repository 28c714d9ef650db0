/* SPDX-License-Identifier: MIT
 *
 * Writes into parts. See overwrite.h.
 */
#include "overwrite.h"

#include <string.h>

#include "../base/shape.h"
#include "../base/walk.h"
#include "../tensor/copy.h"
#include "pending.h"
#include "program.h"

/* A value of so few ops costs no more to compute again, should somebody else want it, than to store
 * it beside. */
#define SHORT_WEIGHT 24

/* ---- what is left of a copy ------------------------------------------------------------------ */

/* A part as runs of memory, the outer ones farther apart. */
typedef struct part_runs {
    int ndim;               /* outer dimensions */
    int64_t run, count;
    int64_t shape[AGI_MAX_DIMS], strides[AGI_MAX_DIMS];
} part_runs;

static bool add_dim(part_runs *runs, int64_t size, int64_t stride)
{
    int at = runs->ndim++;
    for (; at > 0 && runs->strides[at - 1] < stride; at--) {
        runs->shape[at] = runs->shape[at - 1];
        runs->strides[at] = runs->strides[at - 1];
    }
    runs->shape[at] = size;
    runs->strides[at] = stride;
    return stride > 0;
}

/* False where x does not consist of runs that follow each other, or has no elements. */
static bool runs_of(part_runs *runs, const ag_tensor *x)
{
    bool ok = x->numel > 0;
    *runs = (part_runs){.run = 1, .count = 1};
    for (int d = 0; d < x->ndim && ok; d++)
        if (agi_shape_of(x)[d] != 1)
            ok = add_dim(runs, agi_shape_of(x)[d], agi_strides_of(x)[d]);
    while (ok && runs->ndim > 0 && runs->strides[runs->ndim - 1] == runs->run)
        runs->run *= runs->shape[--runs->ndim];
    int64_t extent = runs->run;
    for (int d = runs->ndim - 1; d >= 0 && ok; d--) {
        ok = runs->strides[d] > extent;
        extent += (runs->shape[d] - 1) * runs->strides[d];
        runs->count *= runs->shape[d];
    }
    return ok && (runs->run > 1 || runs->count == 1);
}

static void copy_stretch(double *to, const double *from, int64_t n)
{
    const int64_t one = 1;
    if (n < AGI_DEFER_MIN)
        memcpy(to, from, (size_t)n * sizeof(double));
    else
        agi_run_gather(to, 1, &n, from, &one);
}

/* to = from but for the runs, the first of which begins at `offset`. */
static void copy_rest(double *to, const double *from, int64_t numel, const part_runs *runs,
                      int64_t offset)
{
    agi_walk w = {.ndim = runs->ndim, .count = 1};
    int64_t done = 0;
    for (int d = 0; d < w.ndim; d++) {
        w.shape[d] = runs->shape[d];
        w.strides[0][d] = runs->strides[d];
    }
    for (int64_t k = 0; k < runs->count; k++) {
        const int64_t at = offset + w.at[0];
        copy_stretch(to + done, from + done, at - done);
        done = at + runs->run;
        if (w.ndim > 0)
            agi_walk_next(&w);
    }
    copy_stretch(to + done, from + done, numel - done);
}

/* ---- the write ------------------------------------------------------------------------------- */

/* The pending copy of memory that the storage is to hold, if nobody else knows it, nor is to. */
static agi_expr *fresh_copy(const agi_storage *storage)
{
    agi_expr *e = agi_expr_of(storage);
    return e != NULL && e->op == AG_OP_clone && !e->in_place && storage->data == NULL &&
                   agi_refs_get(&e->refs) == 1 && e->runner == NULL &&
                   e->in[0].kind == AGI_SOURCE_SAME && e->numel == storage->numel &&
                   !agi_is_guarded(storage)
               ? e : NULL;
}

/* Whether y is to be computed into x, whose elements follow each other as y's do. */
static bool goes_straight(const ag_tensor *x, ag_arg y)
{
    const ag_tensor *t = y.tensor;
    const agi_expr *e = t != NULL ? agi_expr_of(t->storage) : NULL;
    return e != NULL && !agi_expr_is_sum(e) && !e->in_place && e->weight <= SHORT_WEIGHT &&
           agi_is_contiguous(x) && agi_is_contiguous(t) && t->offset == 0 &&
           e->numel == t->numel && agi_same_shape(x, t);
}

/* y, which has its numbers, into x at `to`. */
static void put_numbers(double *to, const ag_tensor *x, ag_arg y)
{
    int64_t strides[AGI_MAX_DIMS];
    if (y.tensor == NULL) {
        agi_run_fill(to, agi_strides_of(x), x->ndim, agi_shape_of(x), y.value);
        return;
    }
    agi_shape_broadcast_strides(x->ndim, agi_shape_of(x), y.tensor->ndim, agi_shape_of(y.tensor),
                                agi_strides_of(y.tensor), strides);
    agi_run_scatter(to, agi_strides_of(x), x->ndim, agi_shape_of(x), agi_tensor_data(y.tensor),
                    strides);
}

/* The same if y may go straight: then the lock is let go, and *ran is as agi_program_run has it. */
static ag_status put_value(double *to, const ag_tensor *x, ag_arg y, bool *ran)
{
    *ran = true;
    if (goes_straight(x, y)) {
        const agi_root root = {.expr = agi_expr_of(y.tensor->storage), .data = to};
        return agi_program_run(1, &root, ran);
    }
    put_numbers(to, x, y);
    return AG_OK;
}

/* The memory, of so many bytes, becomes the storage's, whose copy it is. */
static void settle_copy(agi_storage *storage, double *data, size_t bytes)
{
    agi_expr *e = agi_expr_of(storage);
    storage->data = data;
    storage->bytes = (int64_t)bytes;
    e->owner = NULL;
    atomic_store_explicit(&storage->pending, NULL, memory_order_release);
    agi_expr_release(e);
}

/* Into memory of its own, which becomes the storage's when all of it is there; if that still has no
 * other by then. */
static ag_status write_beside(agi_storage *storage, const part_runs *runs, const ag_tensor *x,
                              ag_arg y, bool *ran, bool *done)
{
    size_t bytes;
    double *data = agi_buffer_new(storage->numel, &bytes);
    if (data == NULL)
        return ag_last_status();
    ag_status status = put_value(data + x->offset, x, y, ran);
    const agi_expr *e = fresh_copy(storage);
    *done = status == AG_OK && *ran && e != NULL;
    if (!*done) {
        agi_buffer_free(data, bytes);
        return status;
    }
    copy_rest(data, e->in[0].from.storage->data + e->in[0].offset, storage->numel, runs,
              x->offset);
    settle_copy(storage, data, bytes);
    return AG_OK;
}

/* Into memory that is there, when nobody waits to read it: y may have been one of those, and then
 * has its numbers. */
static ag_status write_straight(agi_storage *storage, const ag_tensor *x, ag_arg y, bool *ran,
                                bool *done)
{
    ag_status status = agi_storage_writable(storage);
    if (status != AG_OK || !goes_straight(x, y))
        return status;
    status = put_value(storage->data + x->offset, x, y, ran);
    *done = status == AG_OK && *ran;
    return status;
}

/* Until the program that this takes did not have to wait for another thread's. */
static ag_status write_part(agi_storage *storage, const ag_tensor *x, ag_arg y, bool *done)
{
    ag_status status = AG_OK;
    for (bool ran = false; !ran && status == AG_OK;) {
        part_runs runs;
        if (y.tensor != NULL && !goes_straight(x, y))
            status = agi_storage_ready(y.tensor->storage);
        ran = true;
        if (status == AG_OK && fresh_copy(storage) != NULL && runs_of(&runs, x))
            status = write_beside(storage, &runs, x, y, &ran, done);
        else if (status == AG_OK && goes_straight(x, y))
            status = write_straight(storage, x, y, &ran, done);
    }
    return status;
}

ag_status agi_expr_write_part(const ag_tensor *x, ag_arg y, bool *done)
{
    *done = false;
    if (y.tensor != NULL ? y.tensor->storage == x->storage ||
                               (!agi_is_pending(x->storage) && !agi_is_pending(y.tensor->storage))
                         : !agi_is_pending(x->storage))
        return AG_OK;
    agi_storage *storage = agi_storage_retain(x->storage);
    agi_expr_lock();
    ag_status status = write_part(storage, x, y, done);
    agi_expr_unlock();
    agi_storage_release(storage);
    return status;
}
