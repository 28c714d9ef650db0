/* SPDX-License-Identifier: MIT
 *
 * Walks over elements that an index tensor names: see indexed.h.
 */
#include "indexed.h"

#include <string.h>

#include "../base/levels.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/walk.h"
#include "../tensor/copy.h"

/* Numbers of an index that are converted at a time. */
#define CHUNK 256
/* Rows of fewer numbers are copied without a call for each. */
#define SHORT_ROW 32

/* ---- where things lie ----------------------------------------------------------------------- */

static void set_data(agi_indexed *job, const ag_tensor *whole, const ag_tensor *index,
                     const ag_arg *part)
{
    job->whole = agi_tensor_data(whole);
    job->index = agi_tensor_data(index);
    job->number = part->value;
    job->part = part->tensor != NULL ? agi_tensor_data(part->tensor) : &job->number;
    job->scale = 1.0;
    job->may_block = false;
}

/* One indexed dimension. */
static void set_dim(agi_indexed *job, const ag_tensor *whole, int dim)
{
    job->n_indexed = 1;
    job->sizes[0] = job->size = whole->ndim > 0 ? agi_shape_of(whole)[dim] : 1;
    job->steps[0] = whole->ndim > 0 ? agi_strides_of(whole)[dim] : 0;
}

/* The dimension of all of a tensor that has none. */
static void one_dimension(agi_indexed *job, const ag_tensor *index)
{
    job->ndim = 1;
    job->shape[0] = index->numel;
    job->strides[AGI_OF_WHOLE][0] = 0;
    job->strides[AGI_OF_INDEX][0] = index->ndim > 0 ? agi_strides_of(index)[0] : 0;
}

void agi_indexed_lines(agi_indexed *job, const ag_tensor *whole, int dim, const ag_tensor *index,
                       const ag_arg *part)
{
    const ag_tensor *p = part->tensor;
    job->ndim = index->ndim;
    for (int d = 0; d < index->ndim; d++) {
        job->shape[d] = agi_shape_of(index)[d];
        job->strides[AGI_OF_INDEX][d] = agi_strides_of(index)[d];
        job->strides[AGI_OF_WHOLE][d] =
            whole->ndim > 0 && d != dim ? agi_strides_of(whole)[d] : 0;
    }
    if (index->ndim == 0)
        one_dimension(job, index);
    for (int d = 0; d < job->ndim; d++)
        job->strides[AGI_OF_PART][d] = p != NULL && d < p->ndim ? agi_strides_of(p)[d] : 0;
    set_dim(job, whole, dim);
    set_data(job, whole, index, part);
}

bool agi_indexed_shape(const ag_tensor *whole, uint32_t mask, int at, const ag_tensor *index,
                       int *ndim, int64_t *shape)
{
    int n = 0, others = 0;
    const int room = whole->ndim - __builtin_popcount(mask) + index->ndim;
    if (room > AGI_MAX_DIMS) {
        agi_fail(AG_ERR_SHAPE, "index: expected at most %d dimensions, got %d", AGI_MAX_DIMS, room);
        return false;
    }
    for (int d = 0; d <= whole->ndim; d++) {
        if (others == at) {
            memcpy(shape + n, agi_shape_of(index), index->ndim * sizeof *shape);
            n += index->ndim;
            others++;
        }
        if (d == whole->ndim || mask >> d & 1)
            continue;
        shape[n++] = agi_shape_of(whole)[d];
        others++;
    }
    *ndim = n;
    return true;
}

/* One dimension more, of these strides. */
static void add_coordinate(agi_indexed *job, int64_t size, int64_t of_whole, int64_t of_index)
{
    job->shape[job->ndim] = size;
    job->strides[AGI_OF_WHOLE][job->ndim] = of_whole;
    job->strides[AGI_OF_INDEX][job->ndim++] = of_index;
}

static void add_index_dims(agi_indexed *job, const ag_tensor *index)
{
    for (int d = 0; d < index->ndim; d++)
        add_coordinate(job, agi_shape_of(index)[d], 0, agi_strides_of(index)[d]);
}

void agi_indexed_along(agi_indexed *job, const ag_tensor *whole, int dim, const ag_tensor *index,
                       const ag_arg *part)
{
    const ag_tensor *p = part->tensor;
    job->ndim = 0;
    for (int d = 0; d < whole->ndim; d++) {
        if (d == dim)
            add_coordinate(job, index->numel, 0, index->ndim > 0 ? agi_strides_of(index)[0] : 0);
        else
            add_coordinate(job, agi_shape_of(whole)[d], agi_strides_of(whole)[d], 0);
    }
    if (job->ndim == 0)
        one_dimension(job, index);
    for (int d = 0; d < job->ndim; d++)
        job->strides[AGI_OF_PART][d] = p != NULL && d < p->ndim ? agi_strides_of(p)[d] : 0;
    set_dim(job, whole, dim);
    set_data(job, whole, index, part);
}

/* The indexed dimensions, those that lie behind each other in memory as one. */
static void set_indexed(agi_indexed *job, const ag_tensor *whole, uint32_t mask)
{
    int64_t strides[1][AGI_MAX_DIMS];
    int n = 0;
    job->size = 1;
    for (int d = 0; d < whole->ndim; d++) {
        if (!(mask >> d & 1))
            continue;
        job->sizes[n] = agi_shape_of(whole)[d];
        strides[0][n++] = agi_strides_of(whole)[d];
        job->size *= agi_shape_of(whole)[d];
    }
    if (n == 0) {
        job->sizes[0] = 1;
        strides[0][n++] = 0;
    }
    job->n_indexed = job->size > 0 ? agi_shape_collapse(n, job->sizes, 1, strides) : n;
    memcpy(job->steps, strides[0], (size_t)n * sizeof *job->steps);
}

void agi_indexed_rows(agi_indexed *job, const ag_tensor *whole, uint32_t mask, int at,
                      const ag_tensor *index, const ag_arg *part)
{
    int others = 0;
    job->ndim = 0;
    for (int d = 0; d < whole->ndim; d++) {
        if (mask >> d & 1)
            continue;
        if (others++ == at)
            add_index_dims(job, index);
        add_coordinate(job, agi_shape_of(whole)[d], agi_strides_of(whole)[d], 0);
    }
    if (others <= at)
        add_index_dims(job, index);
    if (job->ndim == 0)
        one_dimension(job, index);
    const ag_tensor *p = part->tensor;
    if (p != NULL && p->ndim <= job->ndim)
        agi_shape_broadcast_strides(job->ndim, job->shape, p->ndim, agi_shape_of(p),
                                    agi_strides_of(p), job->strides[AGI_OF_PART]);
    else
        memset(job->strides[AGI_OF_PART], 0, (size_t)job->ndim * sizeof(int64_t));
    set_indexed(job, whole, mask);
    set_data(job, whole, index, part);
}

/* ---- numbers of an index -------------------------------------------------------------------- */

static int64_t number_at(const double *index)
{
    return (int64_t)*index;
}

/* Rows of fewer numbers are looked at and turned into places without a call for each. */
#define FEW_NUMBERS 16

AGI_STAMPED bool any_outside_body(const double *index, int64_t stride, int64_t n, double low,
                                  double size)
{
    int64_t outside = 0;
    if (stride == 1)
        for (int64_t i = 0; i < n; i++)
            outside |= (index[i] < low) | (index[i] >= size);
    else
        for (int64_t i = 0; i < n; i++)
            outside |= (index[i * stride] < low) | (index[i * stride] >= size);
    return outside != 0;
}

/* Places, step apart, of n numbers, of which negative ones count from the end. A sum with this
 * constant has the whole number in its last bits: vectors of integers are made so at every CPU
 * level. Places are below 2 to the power 51, as memory is. */
AGI_STAMPED void to_places_body(int64_t *places, const double *index, int64_t stride, int64_t n,
                                double from_end, double step)
{
    const double magic = 6755399441055744.0;
    int64_t bits_of_magic;
    memcpy(&bits_of_magic, &magic, sizeof magic);
    for (int64_t j = 0; j < n; j++) {
        const double number = index[j * stride];
        const double place = (number + (number < 0.0 ? from_end : 0.0)) * step + magic;
        int64_t bits;
        memcpy(&bits, &place, sizeof bits);
        places[j] = bits - bits_of_magic;
    }
}

#define NUMBERS_STAMP(TARGET, level) \
    TARGET static bool any_outside_##level(const double *index, int64_t stride, int64_t n, \
                                           double low, double size) \
    { \
        return any_outside_body(index, stride, n, low, size); \
    } \
    TARGET static void to_places_##level(int64_t *places, const double *index, int64_t stride, \
                                         int64_t n, double from_end, double step) \
    { \
        if (stride == 1) \
            to_places_body(places, index, 1, n, from_end, step); \
        else \
            to_places_body(places, index, stride, n, from_end, step); \
    }
NUMBERS_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
NUMBERS_STAMP(AGI_TARGET_AVX2, avx2)
NUMBERS_STAMP(AGI_TARGET_AVX512, avx512)
#endif

static const struct {
    bool (*any_outside)(const double *index, int64_t stride, int64_t n, double low, double size);
    void (*to_places)(int64_t *places, const double *index, int64_t stride, int64_t n,
                      double from_end, double step);
} numbers_table[AGI_LEVELS] = {
    {any_outside_base, to_places_base},
#if AGI_X86
    {any_outside_avx2, to_places_avx2}, {any_outside_avx512, to_places_avx512},
#endif
};

/* A row of n numbers: whether one of them is outside. */
static bool any_outside(const double *index, int64_t stride, int64_t n, double low, double size)
{
    if (size <= 0.0)
        return n > 0;
    if (n < FEW_NUMBERS)
        return any_outside_body(index, stride, n, low, size);
    return numbers_table[agi_level_now].any_outside(index, stride, n, low, size);
}

static bool find_outside(const double *index, int64_t stride, int64_t n, int64_t low, int64_t size,
                         int64_t *wrong)
{
    if (!any_outside(index, stride, n, (double)low, (double)size))
        return false;
    for (;; index += stride) {
        *wrong = number_at(index);
        if (*wrong < low || *wrong >= size)
            return true;
    }
}

bool agi_indexed_fits(const ag_tensor *index, int64_t low, int64_t size, int64_t *wrong)
{
    const double *data = agi_tensor_data(index);
    if (index->numel == 0)
        return true;
    if (agi_is_contiguous(index))
        return !find_outside(data, 1, index->numel, low, size, wrong);
    agi_walk w = {.ndim = index->ndim - 1, .count = 1};
    memcpy(w.shape, agi_shape_of(index), w.ndim * sizeof *w.shape);
    memcpy(w.strides[0], agi_strides_of(index), w.ndim * sizeof *w.shape);
    const int64_t cols = agi_shape_of(index)[w.ndim], stride = agi_strides_of(index)[w.ndim];
    if (w.ndim == 0)
        return !find_outside(data, stride, cols, low, size, wrong);
    agi_walk_start(&w, &w, 0);
    for (int64_t row = index->numel / cols; row > 0; row--, agi_walk_next(&w))
        if (find_outside(data + w.at[0], stride, cols, low, size, wrong))
            return false;
    return true;
}

/* The place of one number. */
AGI_INLINE int64_t place_at(const agi_indexed *job, const double *index)
{
    int64_t number = number_at(index), place = 0;
    number += number < 0 ? job->size : 0;
    if (AGI_LIKELY(job->n_indexed == 1))
        return number * job->steps[0];
    for (int d = job->n_indexed - 1; d >= 0; d--) {
        place += number % job->sizes[d] * job->steps[d];
        number /= job->sizes[d];
    }
    return place;
}

/* The places of n numbers of a row, and what leads from each column of it to the next. */
static void places_of(const agi_indexed *job, const double *index, int64_t stride, int64_t column,
                      int n, int64_t *places)
{
    if (job->n_indexed > 1) {
        for (int j = 0; j < n; j++)
            places[j] = place_at(job, index + j * stride) + j * column;
        return;
    }
    const double from_end = (double)job->size, step = (double)job->steps[0];
    if (n < FEW_NUMBERS)
        to_places_body(places, index, stride, n, from_end, step);
    else
        numbers_table[agi_level_now].to_places(places, index, stride, n, from_end, step);
    for (int j = 0; column != 0 && j < n; j++)
        places[j] += j * column;
}

/* ---- rows ----------------------------------------------------------------------------------- */

AGI_INLINE double larger(double a, double b) { return b > a || b != b ? b : a; }
AGI_INLINE double smaller(double a, double b) { return b < a || b != b ? b : a; }

/* A row whose elements are named one by one. */
static void run_places(const agi_indexed *job, agi_indexed_act act, double *whole, double *part,
                       const int64_t *places, int n)
{
    const int64_t step = job->strides[AGI_OF_PART][job->ndim - 1];
    switch (act) {
    case AGI_INDEXED_READ:
        if (step == 1)
            for (int j = 0; j < n; j++)
                part[j] = whole[places[j]];
        else
            for (int j = 0; j < n; j++)
                part[j * step] = whole[places[j]];
        break;
    case AGI_INDEXED_WRITE:
        for (int j = 0; j < n; j++)
            whole[places[j]] = part[j * step];
        break;
    case AGI_INDEXED_ADD:
        if (job->scale == 1.0 && step == 1)
            for (int j = 0; j < n; j++)
                whole[places[j]] += part[j];
        else
            for (int j = 0; j < n; j++)
                whole[places[j]] += job->scale * part[j * step];
        break;
    case AGI_INDEXED_MUL:
        for (int j = 0; j < n; j++)
            whole[places[j]] *= part[j * step];
        break;
    case AGI_INDEXED_MAX:
        for (int j = 0; j < n; j++)
            whole[places[j]] = larger(whole[places[j]], part[j * step]);
        break;
    case AGI_INDEXED_MIN:
        for (int j = 0; j < n; j++)
            whole[places[j]] = smaller(whole[places[j]], part[j * step]);
        break;
    }
}

static void copy_row(double *z, int64_t z_step, const double *x, int64_t x_step, int64_t n)
{
    if (z_step == 1 && x_step == 1 && n >= SHORT_ROW)
        memcpy(z, x, (size_t)n * sizeof *z);
    else if (z_step == 1 && x_step == 1)
        for (int64_t j = 0; j < n; j++)
            z[j] = x[j];
    else
        for (int64_t j = 0; j < n; j++)
            z[j * z_step] = x[j * x_step];
}

static void add_row(double *restrict z, int64_t z_step, const double *restrict x, int64_t x_step,
                    int64_t n, double scale)
{
    if (z_step == 1 && x_step == 1)
        for (int64_t j = 0; j < n; j++)
            z[j] += scale * x[j];
    else
        for (int64_t j = 0; j < n; j++)
            z[j * z_step] += scale * x[j * x_step];
}

/* A row that one number names: it lies in the whole as a row, too. */
static void run_row(const agi_indexed *job, agi_indexed_act act, double *whole, double *part,
                    int64_t n)
{
    const int last = job->ndim - 1;
    const int64_t w = job->strides[AGI_OF_WHOLE][last], p = job->strides[AGI_OF_PART][last];
    switch (act) {
    case AGI_INDEXED_READ: copy_row(part, p, whole, w, n); break;
    case AGI_INDEXED_WRITE: copy_row(whole, w, part, p, n); break;
    case AGI_INDEXED_ADD: add_row(whole, w, part, p, n, job->scale); break;
    case AGI_INDEXED_MUL:
        for (int64_t j = 0; j < n; j++)
            whole[j * w] *= part[j * p];
        break;
    case AGI_INDEXED_MAX:
        for (int64_t j = 0; j < n; j++)
            whole[j * w] = larger(whole[j * w], part[j * p]);
        break;
    case AGI_INDEXED_MIN:
        for (int64_t j = 0; j < n; j++)
            whole[j * w] = smaller(whole[j * w], part[j * p]);
        break;
    }
}

/* The last dimension, from these elements on. */
static void run_line(const agi_indexed *job, agi_indexed_act act, double *whole,
                     const double *index, double *part)
{
    const int last = job->ndim - 1;
    const int64_t cols = job->shape[last], step = job->strides[AGI_OF_INDEX][last];
    if (step == 0) {
        run_row(job, act, whole + place_at(job, index), part, cols);
        return;
    }
    int64_t places[CHUNK];
    const int64_t column = job->strides[AGI_OF_WHOLE][last];
    const int64_t part_step = job->strides[AGI_OF_PART][last];
    for (int64_t at = 0; at < cols; at += CHUNK) {
        const int n = (int)(cols - at < CHUNK ? cols - at : CHUNK);
        places_of(job, index + at * step, step, column, n, places);
        run_places(job, act, whole + at * column, part + at * part_step, places, n);
    }
}

/* All of the job, on one thread, in the order of its coordinates. */
static void run_alone(const agi_indexed *job, agi_indexed_act act)
{
    agi_walk w;
    int64_t rows = 1;
    w.ndim = job->ndim - 1;
    w.count = 3;
    for (int d = 0; d < w.ndim; d++) {
        rows *= job->shape[d];
        w.shape[d] = job->shape[d];
        for (int k = 0; k < 3; k++)
            w.strides[k][d] = job->strides[k][d];
    }
    if (w.ndim == 0) {
        run_line(job, act, job->whole, job->index, job->part);
        return;
    }
    agi_walk_start(&w, &w, 0);
    for (; rows > 0; rows--, agi_walk_next(&w))
        run_line(job, act, job->whole + w.at[AGI_OF_WHOLE], job->index + w.at[AGI_OF_INDEX],
                 job->part + w.at[AGI_OF_PART]);
}

/* ---- threads -------------------------------------------------------------------------------- */

typedef struct shared_job {
    const agi_indexed *job;
    agi_indexed_act act;
    int dim;  /* along which it is divided */
} shared_job;

static void run_range(void *context, int64_t begin, int64_t end, int part)
{
    const shared_job *shared = context;
    agi_indexed job = *shared->job;
    const int d = shared->dim;
    (void)part;
    if (shared->job->part == &shared->job->number)
        job.part = &job.number;
    job.shape[d] = end - begin;
    job.whole += begin * job.strides[AGI_OF_WHOLE][d];
    job.index += begin * job.strides[AGI_OF_INDEX][d];
    job.part += begin * job.strides[AGI_OF_PART][d];
    run_alone(&job, shared->act);
}

/* Along which dimension threads can share the job, -1 where there is none: reading along any, while
 * elements that are written are to be others for each index of it. */
static int dim_to_share(const agi_indexed *job, agi_indexed_act act)
{
    int best = -1;
    for (int d = job->ndim - 1; d >= 0; d--)
        if ((act == AGI_INDEXED_READ || job->strides[AGI_OF_WHOLE][d] != 0) && job->shape[d] > 1 &&
            (best < 0 || job->shape[d] >= job->shape[best]))
            best = d;
    return best;
}

void agi_indexed_run(agi_indexed *job, agi_indexed_act act)
{
    int64_t numel = 1;
    for (int d = 0; d < job->ndim; d++)
        numel *= job->shape[d];
    if (numel == 0)
        return;
    const bool is_number = job->part == &job->number;
    job->ndim = agi_shape_collapse(job->ndim, job->shape, 3, job->strides);
    if (is_number)
        job->part = &job->number;
    const shared_job shared = {job, act, dim_to_share(job, act)};
    if (numel < AGI_PARALLEL_MIN) {
        run_alone(job, act);
        return;
    }
    void *token = job->may_block ? agi_blocking_enter() : NULL;
    if (shared.dim < 0) {
        run_alone(job, act);
    } else {
        const int64_t size = job->shape[shared.dim];
        const int64_t grain = AGI_PARALLEL_GRAIN / (numel / size);
        agi_parallel_for(size, grain > 1 ? grain : 1, 1, run_range, (void *)(uintptr_t)&shared);
    }
    if (job->may_block)
        agi_blocking_leave(token);
}

/* ---- masks ---------------------------------------------------------------------------------- */

static int64_t count_chosen(const double *mask, int64_t n)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += mask[i] != 0.0;
    return count;
}

/* The mask row by row: its own memory, or a copy. Owned. */
static ag_tensor *in_rows(const ag_tensor *mask)
{
    if (agi_is_contiguous(mask))
        return agi_tensor_snapshot(mask);
    ag_tensor *dense = agi_tensor_new(mask->ndim, agi_shape_of(mask), mask->numel);
    if (dense != NULL)
        agi_run_gather(agi_tensor_data(dense), mask->ndim, agi_shape_of(mask),
                       agi_tensor_data(mask), agi_strides_of(mask));
    return dense;
}

ag_tensor *agi_indexed_of_mask(const ag_tensor *mask)
{
    ag_tensor *dense = in_rows(mask);
    if (dense == NULL)
        return NULL;
    const double *data = agi_tensor_data(dense);
    const int64_t count = count_chosen(data, mask->numel);
    ag_tensor *z = agi_tensor_new(1, &count, count);
    double *to = z != NULL ? agi_tensor_data(z) : NULL;
    for (int64_t i = 0, n = 0; n < count && z != NULL; i++) {
        to[n] = (double)i;  /* stored again where the mask is not true: no branch */
        n += data[i] != 0.0;
    }
    if (z != NULL)
        z->storage->dtype = AG_INT64;
    agi_release(dense);
    return z;
}

/* ---- copies that are written to ------------------------------------------------------------- */

ag_tensor *agi_edit_new(const ag_arg *args, const ag_attr *attr, agi_edit edit)
{
    const ag_tensor *x = args[0].tensor;
    const int ndim = x != NULL ? x->ndim : attr->n_list;
    const int64_t *shape = x != NULL ? agi_shape_of(x) : attr->list;
    const int64_t numel = agi_shape_numel("edit", ndim, shape);
    ag_tensor *z = numel < 0 ? NULL : agi_tensor_new(ndim, shape, numel);
    if (z == NULL)
        return NULL;
    if (x != NULL)
        agi_run_gather(agi_tensor_data(z), ndim, shape, agi_tensor_data(x), agi_strides_of(x));
    else
        agi_run_fill(agi_tensor_data(z), agi_strides_of(z), ndim, shape, args[0].value);
    if (edit(z, args, attr) == AG_OK)
        return z;
    agi_release(z);
    return NULL;
}
