/* SPDX-License-Identifier: MIT
 *
 * Batches of matrices: scratch, threads, and the first failure (see matrices.h).
 */
#include "matrices.h"

#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/status.h"
#include "../tensor/copy.h"

#define MATRICES_PARTS 64        /* the most threads that scratch is made for */
#define MATRICES_SHARED 60000.0  /* ns from which a batch is shared among threads */
#define MATRICES_GRAIN 15000.0   /* ns that a thread gets at least */
#define MATRICES_ON_STACK 1024   /* doubles of scratch that need no memory */

typedef struct matrices_job {
    agi_matrices *m;
    agi_matrix_fn fn;
    const void *context;
    const agi_blas_table *blas;
    double *scratch;
    _Atomic int64_t failed, info;
    _Atomic bool locked;
} matrices_job;

void agi_matrices_start(agi_matrices *m, int ndim, const int64_t *shape)
{
    m->walk.ndim = ndim > 0 ? ndim : 1;
    m->walk.count = 0;
    m->walk.shape[0] = 1;
    m->count = 1;
    for (int d = 0; d < ndim; d++) {
        m->walk.shape[d] = shape[d];
        m->count *= shape[d];
    }
    m->scratch = 0;
    m->cost = 0.0;
    m->lets_go = false;
    m->failed = m->info = -1;
}

void agi_matrices_add(agi_matrices *m, const ag_tensor *t, int own)
{
    const int k = m->walk.count++, before = t->ndim - own;
    const int64_t *steps = agi_strides_of(t);
    m->data[k] = agi_tensor_data(t);
    m->row[k] = own > 0 ? steps[before] : 0;
    m->col[k] = own > 1 ? steps[before + 1] : 0;
    agi_shape_broadcast_strides(m->walk.ndim, m->walk.shape, before, agi_shape_of(t), steps,
                                m->walk.strides[k]);
}

/* The first of all failures is told, whichever thread meets it. */
static void note_failure(matrices_job *job, int64_t at, int64_t info)
{
    while (atomic_exchange_explicit(&job->locked, true, memory_order_acquire))
        agi_relax();
    if (job->failed < 0 || at < job->failed) {
        job->failed = at;
        job->info = info;
    }
    atomic_store_explicit(&job->locked, false, memory_order_release);
}

static void do_matrices(void *context, int64_t begin, int64_t end, int part)
{
    matrices_job *job = context;
    agi_matrices *m = job->m;
    double *scratch = job->scratch + part * m->scratch;
    agi_walk w;
    agi_walk_start(&w, &m->walk, begin);
    for (int64_t i = begin; i < end; i++) {
        double *at[AGI_WALK_MAX] = {NULL};
        for (int k = 0; k < w.count; k++)
            at[k] = m->data[k] + w.at[k];
        const int64_t info = job->fn(job->context, m, at, scratch, job->blas);
        if (AGI_UNLIKELY(info != 0))
            note_failure(job, i, info);
        if (i + 1 < end)
            agi_walk_next(&w);
    }
}

ag_status agi_matrices_run(agi_matrices *m, agi_matrix_fn fn, const void *context)
{
    matrices_job job = {.m = m, .fn = fn, .context = context};
    double on_stack[MATRICES_ON_STACK] __attribute__((aligned(64)));
    size_t bytes = 0;
    if (m->count == 0)
        return AG_OK;
    const double all = m->cost * (double)m->count;
    const bool shared = m->count > 1 && all >= MATRICES_SHARED;
    const int width = shared ? agi_parallel_width() : 1;
    const int parts = width < MATRICES_PARTS ? width : MATRICES_PARTS;
    m->scratch = (m->scratch + 7) / 8 * 8;
    job.scratch = on_stack;
    if (parts * m->scratch > MATRICES_ON_STACK) {
        job.scratch = agi_buffer_new(parts * m->scratch, &bytes);
        if (job.scratch == NULL)
            return ag_last_status();
    }
    atomic_init(&job.failed, -1);
    atomic_init(&job.info, 0);
    atomic_init(&job.locked, false);
    const bool lets_go = m->lets_go && all >= MATRICES_SHARED;
    void *token = lets_go ? agi_blocking_enter() : NULL;
    job.blas = agi_blas_enter_factor();
    const int64_t grain = shared ? (int64_t)(MATRICES_GRAIN / m->cost) + 1 : INT64_MAX / 2;
    agi_parallel_at_most(m->count, grain, 1, parts, do_matrices, &job);
    agi_blas_leave(job.blas);
    if (lets_go)
        agi_blocking_leave(token);
    if (bytes > 0)
        agi_buffer_free(job.scratch, bytes);
    m->failed = job.failed;
    m->info = job.info;
    return AG_OK;
}

void agi_matrix_by_columns(double *z, int64_t ldz, const double *x, int64_t row, int64_t col,
                           int64_t rows, int64_t cols)
{
    agi_copy_block((agi_block){z, ldz, 1}, x, col, row, cols, rows);
}

#undef MATRICES_PARTS
#undef MATRICES_SHARED
#undef MATRICES_GRAIN
#undef MATRICES_ON_STACK
