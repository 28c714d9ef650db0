/* SPDX-License-Identifier: MIT
 *
 * Lines along one dimension: see lines.h.
 */
#include "lines.h"

#include "../base/alloc.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/status.h"
#include "../tensor/copy.h"

/* Numbers that are brought together at a time, about; the most and the fewest lines of them. */
#define GATHERED 16384
#define GATHERED_LINES 64
#define GATHERED_LEAST 8
#define LINES_PARTS 16
/* Work that is worth a second thread, and the least that one gets, in ns. */
#define LINES_SHARED 40000.0
#define LINES_GRAIN 15000.0
/* Doubles of scratch that lie on the stack. */
#define LINES_ON_STACK 512

typedef struct lines_job {
    const agi_lines *lines;
    agi_line_fn fn;
    const void *context;
    bool gathers, scatters;  /* lines, or results, do not lie behind each other */
    int64_t cols;            /* lines along the last dimension of the walk */
    int64_t block, blocks;   /* lines that are brought together, and how often that is along it */
    double *scratch;
    int64_t scratch_part;
} lines_job;

void agi_lines_of(agi_lines *lines, int ndim, const int64_t *shape, const int64_t *strides,
                  const double *x, int dim, int64_t k)
{
    agi_walk *w = &lines->walk;
    int64_t z_step = 1;
    *lines = (agi_lines){.x = x, .n = 1, .x_step = 1, .k = k, .z_step = 1, .count = 1};
    w->count = 2;
    w->ndim = ndim;
    for (int d = ndim - 1; d >= 0; d--) {
        w->shape[d] = d == dim ? 1 : shape[d];
        w->strides[0][d] = strides[d];
        w->strides[1][d] = z_step;
        if (d == dim) {
            lines->n = shape[d];
            lines->x_step = shape[d] > 1 ? strides[d] : 1;
            lines->z_step = z_step;
        } else {
            lines->count *= shape[d];
        }
        z_step *= d == dim ? k : shape[d];
    }
    if (lines->count > 0)
        w->ndim = agi_shape_collapse(w->ndim, w->shape, 2, w->strides);
}

/* One line, with what it needs. */
static void do_line(const lines_job *job, const double *x, double *z0, double *z1, double *scratch)
{
    double *const z[2] = {z0, z1};
    job->fn(job->context, x, job->lines->n, z, scratch);
}

/* Lines that lie as they are worked on, their results too. */
static void do_plain_lines(void *context, int64_t begin, int64_t end, int part)
{
    const lines_job *job = context;
    const agi_lines *lines = job->lines;
    double *scratch = job->scratch + part * job->scratch_part;
    agi_walk w;
    agi_walk_start(&w, &lines->walk, begin);
    for (int64_t i = begin; i < end; i++, agi_walk_next(&w))
        do_line(job, lines->x + w.at[0], lines->z[0] + w.at[1],
                lines->z[1] != NULL ? lines->z[1] + w.at[1] : NULL, scratch);
}

/* Brings `some` lines together, works on them, and brings the results to their places. */
static void do_block(const lines_job *job, const agi_walk *w, int64_t some, double *scratch)
{
    const agi_lines *lines = job->lines;
    const int last = w->ndim - 1;
    const int64_t x_line = w->strides[0][last], z_line = w->strides[1][last];
    const int64_t n = lines->n, k = lines->k;
    double *gathered = scratch, *made[2] = {gathered + (job->gathers ? job->block * n : 0), NULL};
    made[1] = made[0] + (job->scatters ? job->block * k : 0);
    double *own = made[1] + (job->scatters ? job->block * k : 0);
    const double *x = lines->x + w->at[0];
    if (job->gathers)
        agi_copy_block((agi_block){gathered, n, 1}, x, x_line, lines->x_step, some, n);
    for (int64_t i = 0; i < some; i++) {
        double *z[2] = {NULL, NULL};
        for (int r = 0; r < 2; r++)
            if (lines->z[r] != NULL)
                z[r] = job->scatters ? made[r] + i * k : lines->z[r] + w->at[1] + i * z_line;
        do_line(job, job->gathers ? gathered + i * n : x + i * x_line, z[0], z[1], own);
    }
    for (int r = 0; r < 2 && job->scatters; r++)
        if (lines->z[r] != NULL)
            agi_copy_block((agi_block){lines->z[r] + w->at[1], lines->z_step, z_line}, made[r], 1,
                           k, k, some);
}

static void do_blocks(void *context, int64_t begin, int64_t end, int part)
{
    const lines_job *job = context;
    double *scratch = job->scratch + part * job->scratch_part;
    agi_walk w;
    for (int64_t u = begin; u < end; u++) {
        const int64_t from = u % job->blocks * job->block, left = job->cols - from;
        agi_walk_start(&w, &job->lines->walk, u / job->blocks * job->cols + from);
        do_block(job, &w, left < job->block ? left : job->block, scratch);
    }
}

static int64_t lines_block(const lines_job *job)
{
    const int64_t longer = job->lines->n > job->lines->k ? job->lines->n : job->lines->k;
    int64_t block = GATHERED / (longer + 1);
    block = block > GATHERED_LINES ? GATHERED_LINES : block;
    block = block < GATHERED_LEAST ? GATHERED_LEAST : block;
    return block < job->cols ? block : job->cols;
}

/* Runs with scratch for as many threads as are worth it. */
static ag_status run_lines(lines_job *job)
{
    const agi_lines *lines = job->lines;
    const bool plain = !job->gathers && !job->scatters;
    const int64_t units = plain ? lines->count : lines->count / job->cols * job->blocks;
    const double each = lines->cost * (double)(lines->n + lines->k) * (plain ? 1 : job->block);
    const bool shared = each * (double)units >= LINES_SHARED && units > 1;
    const int width = shared ? agi_parallel_width() : 1;
    const int parts = width < LINES_PARTS ? width : LINES_PARTS;
    double on_stack[LINES_ON_STACK] __attribute__((aligned(64)));
    size_t bytes = 0;
    job->scratch_part = lines->scratch + (job->gathers ? job->block * lines->n : 0) +
                        (job->scatters ? 2 * job->block * lines->k : 0);
    job->scratch_part = (job->scratch_part + 7) / 8 * 8;
    job->scratch = on_stack;
    if (parts * job->scratch_part > LINES_ON_STACK) {
        job->scratch = agi_buffer_new(parts * job->scratch_part, &bytes);
        if (job->scratch == NULL)
            return ag_last_status();
    }
    void *token = shared ? agi_blocking_enter() : NULL;
    const int64_t grain = shared ? (int64_t)(LINES_GRAIN / each) + 1 : INT64_MAX / 2;
    agi_parallel_at_most(units, grain, 1, parts, plain ? do_plain_lines : do_blocks, job);
    if (shared)
        agi_blocking_leave(token);
    if (bytes > 0)
        agi_buffer_free(job->scratch, bytes);
    return AG_OK;
}

ag_status agi_lines_run(const agi_lines *lines, agi_line_fn fn, const void *context)
{
    lines_job job = {.lines = lines, .fn = fn, .context = context};
    if (lines->count == 0 || (lines->n == 0 && lines->k == 0))
        return AG_OK;
    job.cols = lines->walk.shape[lines->walk.ndim - 1];
    job.gathers = lines->x_step != 1;
    job.scatters = lines->k > 1 && lines->z_step != 1;
    job.block = job.gathers || job.scatters ? lines_block(&job) : 1;
    job.blocks = (job.cols - 1) / job.block + 1;
    return run_lines(&job);
}

#undef GATHERED
#undef GATHERED_LINES
#undef GATHERED_LEAST
#undef LINES_PARTS
#undef LINES_SHARED
#undef LINES_GRAIN
#undef LINES_ON_STACK
