/* SPDX-License-Identifier: MIT
 *
 * Patches added up: piece by piece of a row, which the boxes' edges cut into spans over each of
 * which the same patches lie. See patch.h.
 */
#include "patch.h"

#include <string.h>

#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/walk.h"
#include "../tensor/copy.h"
#include "kernel.h"

#define DIMS AGI_PATCH_DIMS
#define TOGETHER 4  /* runs that a loop adds */
#define FROM_ZERO 8
/* Elements from which threads share the work, and the least that each gets. */
#ifdef AG_TESTING
#define SHARED_MIN 64
#define GRAIN 32
#else
#define SHARED_MIN 32768
#define GRAIN 8192
#endif

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* ---- one patch ------------------------------------------------------------------------------ */

void agi_patch_of(agi_patch *patch, const ag_tensor *g)
{
    patch->storage = agi_storage_retain(g->storage);
    patch->offset = g->offset;
    patch->ndim = g->ndim;
    patch->is_hole = false;
    for (int d = 0; d < g->ndim; d++) {
        patch->shape[d] = patch->size[d] = agi_shape_of(g)[d];
        patch->start[d] = 0;
        patch->step[d] = 1;
        patch->strides[d] = agi_strides_of(g)[d];
    }
}

void agi_patch_release(agi_patch *patch)
{
    agi_storage_release(patch->storage);
    patch->storage = NULL;
}

bool agi_patch_is_whole(const agi_patch *patch)
{
    bool whole = !patch->is_hole;
    for (int d = 0; d < patch->ndim; d++)
        whole = whole && patch->size[d] == patch->shape[d];
    return whole;
}

static bool is_empty_patch(const agi_patch *patch)
{
    bool empty = false;
    for (int d = 0; d < patch->ndim; d++)
        empty |= patch->size[d] == 0;
    return empty;
}

/* Behind the last index of the box along d, which is not empty. */
static int64_t box_end(const agi_patch *patch, int d)
{
    return patch->start[d] + (patch->size[d] - 1) * patch->step[d] + 1;
}

bool agi_patches_meet(int n, const agi_patch *patches)
{
    bool meet = true;
    for (int d = 0; d < patches[0].ndim; d++) {
        int64_t from = 0, to = patches[0].shape[d];
        for (int k = 0; k < n; k++) {
            if (patches[k].is_hole)
                continue;
            from = MAX(from, patches[k].start[d]);
            to = MIN(to, patches[k].size[d] > 0 ? box_end(&patches[k], d) : from);
        }
        meet &= from < to;
    }
    return meet;
}

static const double *patch_data(const agi_patch *patch)
{
    return patch->storage->data + patch->offset;
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* z = the sum of one to TOGETHER runs in order, onto 0.0 where splat says FROM_ZERO beside their
 * number. z may be the first. */
AG_KERNEL_BODY(add_runs)
{
    const unsigned count = splat & (FROM_ZERO - 1);
    const double *a = in[0], *b = count > 1 ? in[1] : NULL, *c = count > 2 ? in[2] : NULL;
    const double *e = count > 3 ? in[3] : NULL;
    (void)f, (void)fused;
    if (splat == 1) {
        AGI_EACH(a[i]);
    } else if (splat == 2) {
        AGI_EACH(a[i] + b[i]);
    } else if (splat == 3) {
        AGI_EACH(a[i] + b[i] + c[i]);
    } else if (splat == 4) {
        AGI_EACH(a[i] + b[i] + c[i] + e[i]);
    } else if (count == 1) {
        AGI_EACH(0.0 + a[i]);
    } else if (count == 2) {
        AGI_EACH(0.0 + a[i] + b[i]);
    } else if (count == 3) {
        AGI_EACH(0.0 + a[i] + b[i] + c[i]);
    } else {
        AGI_EACH(0.0 + a[i] + b[i] + c[i] + e[i]);
    }
}
#pragma GCC visibility push(hidden)
extern const agi_kernel agi_add_runs_kernels[AGI_LEVELS];
#pragma GCC visibility pop
AG_KERNELS(add_runs)

/* Runs that wait to be added to a span. */
typedef struct patch_span {
    double *z;
    int64_t n;
    const double *in[TOGETHER];
    unsigned count;
    bool from_zero;         /* nothing is in z yet, and it starts with zeros */
} patch_span;

static void flush_span(patch_span *s)
{
    if (s->count == 0 && s->from_zero)
        agi_fill_run(s->z, s->n, 0.0);
    else if (s->count > 1 || s->from_zero || (s->count == 1 && s->in[0] != s->z))
        agi_add_runs_kernels[agi_level_now](s->z, s->n, s->in,
                                            s->count | (s->from_zero ? FROM_ZERO : 0), NULL);
    s->in[0] = s->z;
    s->count = 1;
    s->from_zero = false;
}

static void put_run(patch_span *s, const double *run)
{
    if (s->count == TOGETHER)
        flush_span(s);
    s->in[s->count++] = run;
}

/* ---- pieces of rows ------------------------------------------------------------------------- */

/* What a patch has in a row: elements [from, to) that are in its box, or in its hole. */
typedef struct patch_reach {
    const double *x;        /* of the box's first element in the row; with a hole, of the row's */
    int64_t from, to;       /* an empty range where the row misses the box */
} patch_reach;

typedef struct patch_job {
    double *z;
    const agi_patch *patches;
    int n, last;            /* last: the dimension that rows lie along */
    int64_t pieces;         /* of a row */
} patch_job;

static patch_reach reach_of(const agi_patch *p, const int64_t *index, int last)
{
    patch_reach r = {patch_data(p), 0, 0};
    bool inside = !is_empty_patch(p);
    for (int d = 0; d < last; d++) {
        int64_t k = index[d] - p->start[d];
        const bool hit = k >= 0 && inside && (p->step[d] == 1 || k % p->step[d] == 0) &&
                         (k = k / p->step[d]) < p->size[d];
        inside &= hit;
        r.x += p->is_hole ? index[d] * p->strides[d] : hit ? k * p->strides[d] : 0;
    }
    if (inside) {
        r.from = p->start[last];
        r.to = box_end(p, last);
    }
    return r;
}

/* Whether the patch lies on [from, to), which no edge is in. */
static bool lies_on(const agi_patch *p, const patch_reach *r, int64_t from)
{
    return (from >= r->from && from < r->to) != p->is_hole;
}

static bool is_dense_run(const agi_patch *p, int last)
{
    return p->step[last] == 1 && p->strides[last] == 1;
}

/* A patch's elements [from, from + n) of the row, zeros between those of a box with gaps. */
static const double *gather_piece(const agi_patch *p, const patch_reach *r, int last,
                                  int64_t from, int64_t n, double *to)
{
    const int64_t step = p->step[last], stride = p->strides[last];
    if (p->is_hole || step == 1) {
        agi_copy_block((agi_block){to, n, 1}, r->x + (from - (p->is_hole ? 0 : r->from)) * stride,
                       0, stride, 1, n);
        return to;
    }
    const int64_t first = (from - r->from + step - 1) / step;
    const double *x = r->x + first * stride;
    agi_fill_run(to, n, 0.0);
    for (int64_t i = r->from + first * step - from; i < n; i += step, x += stride)
        to[i] = *x;
    return to;
}

/* [from, to) of a row, at z: the same patches lie on all of it. Where one of them does not, zeros
 * are added in its place, which tells apart from none where all others have -0.0. */
static void add_span(const patch_job *job, const patch_reach *reaches, double *z, int64_t from,
                     int64_t to)
{
    double scratch[AGI_TILE];
    patch_span s = {.z = z, .n = to - from};
    for (int k = 0; k < job->n; k++)
        s.from_zero |= !lies_on(&job->patches[k], &reaches[k], from);
    for (int k = 0; k < job->n; k++) {
        const agi_patch *p = &job->patches[k];
        if (!lies_on(p, &reaches[k], from))
            continue;
        if (is_dense_run(p, job->last)) {
            put_run(&s, reaches[k].x + (from - (p->is_hole ? 0 : reaches[k].from)));
            continue;
        }
        if (s.count > 0)
            flush_span(&s);
        put_run(&s, gather_piece(p, &reaches[k], job->last, from, s.n, scratch));
        flush_span(&s);
    }
    flush_span(&s);
}

/* The next edge of a box behind `from`, or `to`. */
static int64_t next_edge(const patch_job *job, const patch_reach *reaches, int64_t from,
                         int64_t to)
{
    for (int k = 0; k < job->n; k++) {
        if (reaches[k].from > from)
            to = MIN(to, reaches[k].from);
        else if (reaches[k].to > from)
            to = MIN(to, reaches[k].to);
    }
    return to;
}

static void add_pieces(void *context, int64_t begin, int64_t end, int part)
{
    const patch_job *job = context;
    const int64_t *shape = job->patches[0].shape;
    const int last = job->last;
    int64_t index[DIMS], row = -1;
    patch_reach reaches[AGI_PATCHES_MAX];
    (void)part;
    for (int64_t unit = begin; unit < end; unit++) {
        if (unit / job->pieces != row) {
            int64_t left = row = unit / job->pieces;
            for (int d = last - 1; d >= 0; d--) {
                index[d] = left % shape[d];
                left /= shape[d];
            }
            for (int k = 0; k < job->n; k++)
                reaches[k] = reach_of(&job->patches[k], index, last);
        }
        int64_t from = unit % job->pieces * AGI_TILE;
        const int64_t to = MIN(from + AGI_TILE, shape[last]);
        while (from < to) {
            const int64_t edge = next_edge(job, reaches, from, to);
            add_span(job, reaches, job->z + row * shape[last] + from, from, edge);
            from = edge;
        }
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Whether dimensions d and d + 1 can be counted as one: the box has all of d + 1, and the array's
 * memory goes on from one index of d to the next, if there are more than one. */
static bool joins_next(const agi_patch *p, int d)
{
    const int64_t inner = p->shape[d + 1], outer = p->is_hole ? p->shape[d] : p->size[d];
    return p->size[d + 1] == inner && p->step[d + 1] == 1 && p->step[d] == 1 &&
           (outer <= 1 || inner == 1 || p->strides[d] == p->strides[d + 1] * inner);
}

static void join_next(agi_patch *p, int d)
{
    const int64_t inner = p->shape[d + 1];
    p->shape[d] *= inner;
    p->start[d] *= inner;
    p->size[d] *= inner;
    if (inner != 1)
        p->strides[d] = p->strides[d + 1];
    for (int e = d + 1; e < p->ndim - 1; e++) {
        p->shape[e] = p->shape[e + 1];
        p->start[e] = p->start[e + 1];
        p->step[e] = p->step[e + 1];
        p->size[e] = p->size[e + 1];
        p->strides[e] = p->strides[e + 1];
    }
    p->ndim--;
}

/* Copies with as few dimensions as they all allow, one at least. */
static void collapse_patches(agi_patch *to, int n, const agi_patch *patches)
{
    memcpy(to, patches, (size_t)n * sizeof *to);
    for (int k = 0; k < n && to[0].ndim == 0; k++) {
        to[k].shape[0] = to[k].size[0] = to[k].step[0] = to[k].strides[0] = 1;
        to[k].start[0] = 0;
    }
    for (int k = n - 1; k >= 0 && to[0].ndim == 0; k--)
        to[k].ndim = 1;
    for (int d = to[0].ndim - 2; d >= 0; d--) {
        bool all = true;
        for (int k = 0; k < n && all; k++)
            all = joins_next(&to[k], d);
        for (int k = 0; k < n && all; k++)
            join_next(&to[k], d);
    }
}

void agi_patches_add_up(double *z, int n, const agi_patch *patches)
{
    agi_patch own[AGI_PATCHES_MAX];
    int64_t rows = 1;
    collapse_patches(own, n, patches);
    patch_job job = {.z = z, .patches = own, .n = n, .last = own[0].ndim - 1};
    const int64_t cols = own[0].shape[job.last];
    for (int d = 0; d < job.last; d++)
        rows *= own[0].shape[d];
    if (rows * cols == 0)
        return;
    job.pieces = (cols + AGI_TILE - 1) / AGI_TILE;
    if (rows * cols < SHARED_MIN) {
        add_pieces(&job, 0, rows * job.pieces, 0);
        return;
    }
    const int64_t grain = GRAIN / MIN(cols, AGI_TILE);
    void *token = agi_blocking_enter();
    agi_parallel_for(rows * job.pieces, MAX(grain, 1), 1, add_pieces, &job);
    agi_blocking_leave(token);
}

static void add_box_row(double *z, int64_t z_step, const double *x, int64_t x_step, int64_t n)
{
    if (z_step == 1 && x_step == 1) {
        const double *in[2] = {z, x};
        agi_add_runs_kernels[agi_level_now](z, n, in, 2, NULL);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        z[i * z_step] += x[i * x_step];
}

void agi_patch_add_to(double *z, const agi_patch *patch)
{
    agi_patch p;
    agi_walk w = {.count = 2};
    int64_t stride = 1, rows = 1;
    if (is_empty_patch(patch))
        return;
    collapse_patches(&p, 1, patch);
    w.ndim = p.ndim - 1;
    for (int d = p.ndim - 1; d >= 0; d--) {
        z += p.start[d] * stride;
        w.shape[d] = p.size[d];
        w.strides[0][d] = stride * p.step[d];
        w.strides[1][d] = p.strides[d];
        stride *= p.shape[d];
        rows *= d < w.ndim ? p.size[d] : 1;
    }
    const int last = w.ndim;
    const int64_t z_step = w.strides[0][last], x_step = w.strides[1][last], n = w.shape[last];
    if (last == 0) {
        add_box_row(z, z_step, patch_data(&p), x_step, n);
        return;
    }
    agi_walk_start(&w, &w, 0);
    for (int64_t row = 0; row < rows; row++, agi_walk_next(&w))
        add_box_row(z + w.at[0], z_step, patch_data(&p) + w.at[1], x_step, n);
}

#undef DIMS
#undef TOGETHER
#undef FROM_ZERO
#undef SHARED_MIN
#undef GRAIN
#undef MIN
#undef MAX
