/* SPDX-License-Identifier: MIT
 *
 * Strided copies and fills. A copy is put into the order of its destination (largest stride
 * outermost), neighbouring dimensions that walk as one are merged, and what is left is cut into
 * two-dimensional blocks. Where source and destination run along different dimensions (a
 * transpose), a block takes one cache line of the source for each of its columns, so that every
 * line is read once, whole.
 */
#include "copy.h"

#include <stdlib.h>
#include <string.h>

#include "../base/caches.h"
#include "../base/levels.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/walk.h"

#if AGI_X86
#include <immintrin.h>
#endif

/* Copies are bound by memory, not arithmetic: threads and letting go of a lock pay late. */
#define COPY_SHARED_MIN (2 * (int64_t)AGI_PARALLEL_MIN)
#define COPY_GRAIN (2 * (int64_t)AGI_PARALLEL_GRAIN)
#define BLOCK_ELEMENTS 16384
/* Rows that a transposing loop writes at a time: what one 64-byte line of the source holds. */
#define LINE 8
/* Runs of fewer numbers are copied without a call. */
#define SHORT 32
/* So are rows, line by line: 2000 rows of 33 take 0.115 ns an element instead of 0.17, of 65 0.135
 * instead of 0.15, of 100 no less. */
#define SHORT_ROW 80
/* Columns of a transposing block: lines of the source in flight. 4000 x 4000 took 1.60, 1.40, 1.24,
 * 1.17 ns per element with 16, 32, 64, 128. */
#define TRANSPOSE_COLS 128
/* Elements from which a transposing block asks for memory: its lines are too far from each other
 * for the processor to see where it goes. 1000 x 1000 take 0.2 ns an element instead of 0.24 to
 * 0.28; what the second cache holds would take 8 % longer. */
#define FETCHED_MIN (agi_caches.second / (int64_t)sizeof(double))

#define FILL_STAMP(TARGET, level) \
    TARGET static void fill_##level(double *z, int64_t n, double value) \
    { \
        for (int64_t i = 0; i < n; i++) \
            z[i] = value; \
    }
FILL_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
FILL_STAMP(AGI_TARGET_AVX2, avx2)
FILL_STAMP(AGI_TARGET_AVX512, avx512)
static void (*const fill_table[AGI_LEVELS])(double *, int64_t, double) = {fill_base, fill_avx2,
                                                                         fill_avx512};
#else
static void (*const fill_table[AGI_LEVELS])(double *, int64_t, double) = {fill_base};
#endif

void agi_fill_run(double *z, int64_t n, double value)
{
    if (n >= SHORT)
        fill_table[agi_level_now](z, n, value);
    else
        for (int64_t i = 0; i < n; i++)  /* a call costs more than this loop does */
            z[i] = value;
}

static void copy_run(double *z, const double *x, int64_t n)
{
    if (n >= SHORT) {
        memcpy(z, x, (size_t)n * sizeof(double));
        return;
    }
    for (int64_t j = 0; j < n; j++)  /* a call costs more than this loop does */
        z[j] = x[j];
}

/* Rows of a length that is known when this is compiled: a few stores for each row, no loop. */
AGI_INLINE void copy_rows_of(int cols, agi_block z, const double *x, int64_t x_row, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++, z.data += z.row, x += x_row)
        memcpy(z.data, x, (size_t)cols * sizeof(double));
}

AGI_INLINE void fill_rows_of(int cols, agi_block z, const double *x, int64_t x_row, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++, z.data += z.row, x += x_row)
        for (int j = 0; j < cols; j++)
            z.data[j] = *x;
}

/* Rows of LINE numbers to less than SHORT_ROW: whole lines, and one that ends with the row. */
AGI_INLINE void copy_lines(agi_block z, const double *x, int64_t x_row, int64_t rows, int64_t cols)
{
    for (int64_t i = 0; i < rows; i++, z.data += z.row, x += x_row) {
        for (int64_t j = 0; j + LINE < cols; j += LINE)
            memcpy(z.data + j, x + j, LINE * sizeof(double));
        memcpy(z.data + cols - LINE, x + cols - LINE, LINE * sizeof(double));
    }
}

AGI_INLINE void fill_lines(agi_block z, const double *x, int64_t x_row, int64_t rows, int64_t cols)
{
    for (int64_t i = 0; i < rows; i++, z.data += z.row, x += x_row) {
        double line[LINE];
        for (int j = 0; j < LINE; j++)
            line[j] = *x;
        for (int64_t j = 0; j + LINE < cols; j += LINE)
            memcpy(z.data + j, line, sizeof line);
        memcpy(z.data + cols - LINE, line, sizeof line);
    }
}

#define SHORT_STAMP(TARGET, level) \
    TARGET static void copy_short_##level(agi_block z, const double *x, int64_t x_row, \
                                          int64_t rows, int64_t cols) \
    { \
        switch (cols) { \
        case 1: copy_rows_of(1, z, x, x_row, rows); break; \
        case 2: copy_rows_of(2, z, x, x_row, rows); break; \
        case 3: copy_rows_of(3, z, x, x_row, rows); break; \
        case 4: copy_rows_of(4, z, x, x_row, rows); break; \
        case 5: copy_rows_of(5, z, x, x_row, rows); break; \
        case 6: copy_rows_of(6, z, x, x_row, rows); break; \
        case 7: copy_rows_of(7, z, x, x_row, rows); break; \
        default: copy_lines(z, x, x_row, rows, cols); break; \
        } \
    } \
    TARGET static void fill_short_##level(agi_block z, const double *x, int64_t x_row, \
                                          int64_t rows, int64_t cols) \
    { \
        switch (cols) { \
        case 1: fill_rows_of(1, z, x, x_row, rows); break; \
        case 2: fill_rows_of(2, z, x, x_row, rows); break; \
        case 3: fill_rows_of(3, z, x, x_row, rows); break; \
        case 4: fill_rows_of(4, z, x, x_row, rows); break; \
        case 5: fill_rows_of(5, z, x, x_row, rows); break; \
        case 6: fill_rows_of(6, z, x, x_row, rows); break; \
        case 7: fill_rows_of(7, z, x, x_row, rows); break; \
        default: fill_lines(z, x, x_row, rows, cols); break; \
        } \
    }
SHORT_STAMP(AGI_TARGET_BASE, base)
typedef void (*short_rows)(agi_block z, const double *x, int64_t x_row, int64_t rows,
                           int64_t cols);
#if AGI_X86
SHORT_STAMP(AGI_TARGET_AVX2, avx2)
SHORT_STAMP(AGI_TARGET_AVX512, avx512)
static const short_rows copy_short_table[AGI_LEVELS] = {copy_short_base, copy_short_avx2,
                                                        copy_short_avx512};
static const short_rows fill_short_table[AGI_LEVELS] = {fill_short_base, fill_short_avx2,
                                                        fill_short_avx512};
#else
static const short_rows copy_short_table[AGI_LEVELS] = {copy_short_base};
static const short_rows fill_short_table[AGI_LEVELS] = {fill_short_base};
#endif

/* Both contiguous along the row, or the source repeated. */
static void copy_rows(agi_block z, const double *x, int64_t x_row, int64_t x_col, int64_t rows,
                      int64_t cols)
{
    if (cols < SHORT_ROW && rows > 2) {
        (x_col == 1 ? copy_short_table : fill_short_table)[agi_level_now](z, x, x_row, rows, cols);
        return;
    }
    for (int64_t i = 0; i < rows; i++, z.data += z.row, x += x_row) {
        if (x_col == 1)
            copy_run(z.data, x, cols);
        else
            agi_fill_run(z.data, cols, *x);
    }
}

/* z[j] = x[2 j]: by vectors, of which every second number is taken. */
#define SECOND_STAMP(TARGET, level) \
    TARGET static void every_second_##level(double *restrict z, const double *restrict x, \
                                            int64_t n) \
    { \
        for (int64_t j = 0; j < n; j++) \
            z[j] = x[2 * j]; \
    }
SECOND_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
SECOND_STAMP(AGI_TARGET_AVX2, avx2)
SECOND_STAMP(AGI_TARGET_AVX512, avx512)
static void (*const second_table[AGI_LEVELS])(double *restrict, const double *restrict, int64_t) = {
    every_second_base, every_second_avx2, every_second_avx512};
#else
static void (*const second_table[AGI_LEVELS])(double *restrict, const double *restrict, int64_t) = {
    every_second_base};
#endif

/* z[j] = x[-j]. */
#define REVERSE_STAMP(TARGET, level) \
    TARGET static void reverse_run_##level(double *restrict z, const double *restrict x, \
                                           int64_t n) \
    { \
        for (int64_t j = 0; j < n; j++) \
            z[j] = x[-j]; \
    }
REVERSE_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
REVERSE_STAMP(AGI_TARGET_AVX2, avx2)
REVERSE_STAMP(AGI_TARGET_AVX512, avx512)
static void (*const reverse_table[AGI_LEVELS])(double *restrict, const double *restrict, int64_t) =
    {reverse_run_base, reverse_run_avx2, reverse_run_avx512};
#else
static void (*const reverse_table[AGI_LEVELS])(double *restrict, const double *restrict, int64_t) =
    {reverse_run_base};
#endif

#if AGI_X86
/* Four numbers of each of four columns, four rows below each other. */
AGI_TARGET_AVX2 AGI_INLINE void transpose_4(double *z, int64_t z_row, const double *x,
                                            int64_t x_col)
{
    const __m256d c0 = _mm256_loadu_pd(x), c1 = _mm256_loadu_pd(x + x_col);
    const __m256d c2 = _mm256_loadu_pd(x + 2 * x_col), c3 = _mm256_loadu_pd(x + 3 * x_col);
    const __m256d even_01 = _mm256_unpacklo_pd(c0, c1), odd_01 = _mm256_unpackhi_pd(c0, c1);
    const __m256d even_23 = _mm256_unpacklo_pd(c2, c3), odd_23 = _mm256_unpackhi_pd(c2, c3);
    _mm256_storeu_pd(z, _mm256_permute2f128_pd(even_01, even_23, 0x20));
    _mm256_storeu_pd(z + z_row, _mm256_permute2f128_pd(odd_01, odd_23, 0x20));
    _mm256_storeu_pd(z + 2 * z_row, _mm256_permute2f128_pd(even_01, even_23, 0x31));
    _mm256_storeu_pd(z + 3 * z_row, _mm256_permute2f128_pd(odd_01, odd_23, 0x31));
}

/* Four lines, `step` apart. Inline: else it would count as a function without effects. */
AGI_INLINE void fetch_lines(const double *x, int64_t step)
{
    for (int k = 0; k < 4; k++)
        __builtin_prefetch(x + k * step);
}

AGI_INLINE void fetch_lines_to_write(double *z, int64_t step)
{
    for (int k = 0; k < 4; k++)
        __builtin_prefetch(z + k * step, 1);
}

/* LINE rows of as many columns as go by fours: that many. */
AGI_TARGET_AVX2 static int64_t transpose_fours(agi_block z, const double *x, int64_t x_col,
                                               int64_t cols, agi_copy_ahead ahead)
{
    int64_t j = 0;
    for (; j + 4 <= cols; j += 4, x += 4 * x_col) {
        double *to = z.data + j;
        if (ahead != AGI_COPY_AS_IT_COMES)
            fetch_lines(x + LINE, x_col);
        if (ahead == AGI_COPY_FETCHES_BOTH)
            fetch_lines_to_write(to + (LINE + j % LINE) * z.row, z.row);
        transpose_4(to, z.row, x, x_col);
        transpose_4(to + 4 * z.row, z.row, x + 4, x_col);
    }
    return j;
}
#endif

/* The source contiguous along the column: LINE rows at a time, one line of it for each column. */
static void copy_transposed(agi_block z, const double *x, int64_t x_col, int64_t rows, int64_t cols,
                            agi_copy_ahead ahead)
{
    int64_t i = 0;
    for (; i + LINE <= rows; i += LINE, z.data += LINE * z.row, x += LINE) {
        int64_t j = 0;
#if AGI_X86
        if (z.col == 1 && agi_level_now != AGI_LEVEL_BASE)
            j = transpose_fours(z, x, x_col, cols, ahead);
#endif
        const double *line = x + j * x_col;
        double *to = z.data + j * z.col;
        for (; j < cols; j++, line += x_col, to += z.col)
            for (int k = 0; k < LINE; k++)
                to[k * z.row] = line[k];
    }
    for (int64_t j = 0; j < cols; j++)
        for (int64_t k = 0; k < rows - i; k++)
            z.data[k * z.row + j * z.col] = x[k + j * x_col];
}

/* A function of its own: inside of agi_copy_block the loop's addresses took twice the time. */
static AGI_NOINLINE void copy_line(double *restrict z, int64_t z_step, const double *restrict x,
                                   int64_t x_step, int64_t n)
{
    int64_t k = 0;
    for (; k + 4 <= n; k += 4, z += 4 * z_step, x += 4 * x_step) {
        z[0] = x[0];
        z[z_step] = x[x_step];
        z[2 * z_step] = x[2 * x_step];
        z[3 * z_step] = x[3 * x_step];
    }
    for (; k < n; k++, z += z_step, x += x_step)
        *z = *x;
}

void agi_copy_block(agi_block z, const double *x, int64_t x_row, int64_t x_col, int64_t rows,
                    int64_t cols)
{
    agi_copy_block_of(z, x, x_row, x_col, rows, cols, AGI_COPY_AS_IT_COMES);
}

void agi_copy_block_of(agi_block z, const double *x, int64_t x_row, int64_t x_col, int64_t rows,
                       int64_t cols, agi_copy_ahead ahead)
{
    if (z.col == 1 && (x_col == 1 || x_col == 0)) {
        copy_rows(z, x, x_row, x_col, rows, cols);
    } else if (x_row == 1 && rows > 1) {
        copy_transposed(z, x, x_col, rows, cols, ahead);
    } else if (z.col == 1 && x_col == -1) {
        for (int64_t i = 0; i < rows; i++)
            reverse_table[agi_level_now](z.data + i * z.row, x + i * x_row, cols);
    } else if (z.col == 1 && x_col == 2) {
        for (int64_t i = 0; i < rows; i++)
            second_table[agi_level_now](z.data + i * z.row, x + i * x_row, cols);
    } else if (cols >= rows) {
        for (int64_t i = 0; i < rows; i++)
            copy_line(z.data + i * z.row, z.col, x + i * x_row, x_col, cols);
    } else {
        for (int64_t j = 0; j < cols; j++)
            copy_line(z.data + j * z.col, z.row, x + j * x_col, x_row, rows);
    }
}

/* ---- whole arrays --------------------------------------------------------------------------- */

/* A copy cut into blocks: the walk goes over the outer dimensions, then over column chunks, then
 * over row groups (fastest: a transpose then goes along its source). */
typedef struct copy_job {
    double *z;
    const double *x;  /* NULL: z is filled with `value` */
    double value;
    agi_walk walk;    /* offsets 0: z, 1: x */
    int64_t rows, cols, block_rows, block_cols;
    agi_block shape;  /* strides of a block in z */
    agi_copy_ahead ahead;
    int64_t x_row, x_col;
} copy_job;

/* Orders dimensions by falling stride of list 0, so that the last is the densest. Index order is
 * kept where strides are equal. */
static void sort_dims(int ndim, int64_t *shape, int count, int64_t strides[][AGI_MAX_DIMS])
{
    for (int d = 1; d < ndim; d++) {
        for (int at = d; at > 0 && strides[0][at] > strides[0][at - 1]; at--) {
            int64_t t = shape[at];
            shape[at] = shape[at - 1];
            shape[at - 1] = t;
            for (int k = 0; k < count; k++) {
                t = strides[k][at];
                strides[k][at] = strides[k][at - 1];
                strides[k][at - 1] = t;
            }
        }
    }
}

/* The dimension, other than the last, along which x is densest. */
static int densest_dim(int ndim, const int64_t *strides)
{
    int best = ndim - 2;
    for (int d = ndim - 2; d >= 0; d--)
        if (strides[d] != 0 && (strides[best] == 0 || llabs(strides[d]) < llabs(strides[best])))
            best = d;
    return best;
}

/* Fills the job's walk from collapsed dimensions; dimension `partner` becomes the rows. */
static void cut_blocks(copy_job *job, int ndim, const int64_t *shape,
                       int64_t strides[2][AGI_MAX_DIMS], int partner)
{
    agi_walk *w = &job->walk;
    int last = ndim - 1, n = 0;
    job->cols = shape[last];
    job->rows = ndim > 1 ? shape[partner] : 1;
    job->shape = (agi_block){NULL, ndim > 1 ? strides[0][partner] : 0, strides[0][last]};
    job->ahead =
        job->rows * job->cols >= FETCHED_MIN ? AGI_COPY_FETCHES_BOTH : AGI_COPY_AS_IT_COMES;
    job->x_row = ndim > 1 ? strides[1][partner] : 0;
    job->x_col = strides[1][last];
    bool transposes = job->x_col > 1 && job->x_row == 1;
    int64_t wide = transposes ? TRANSPOSE_COLS : BLOCK_ELEMENTS;
    job->block_cols = job->cols < wide ? job->cols : wide;
    job->block_rows = BLOCK_ELEMENTS / job->block_cols;
    for (int d = 0; d < last; d++) {
        if (d == partner)
            continue;
        w->shape[n] = shape[d];
        w->strides[0][n] = strides[0][d];
        w->strides[1][n++] = strides[1][d];
    }
    w->shape[n] = (job->cols + job->block_cols - 1) / job->block_cols;
    w->strides[0][n] = job->block_cols * job->shape.col;
    w->strides[1][n++] = job->block_cols * job->x_col;
    w->shape[n] = (job->rows + job->block_rows - 1) / job->block_rows;
    w->strides[0][n] = job->block_rows * job->shape.row;
    w->strides[1][n++] = job->block_rows * job->x_row;
    w->ndim = n;
    w->count = 2;
}

static void fill_block(agi_block z, double value, int64_t rows, int64_t cols)
{
    for (int64_t i = 0; i < rows; i++, z.data += z.row) {
        if (z.col == 1)
            agi_fill_run(z.data, cols, value);
        else
            for (int64_t j = 0; j < cols; j++)
                z.data[j * z.col] = value;
    }
}

static void copy_range(void *context, int64_t begin, int64_t end, int part)
{
    const copy_job *job = context;
    (void)part;
    agi_walk w;
    agi_walk_start(&w, &job->walk, begin);
    for (int64_t unit = begin; unit < end; unit++, agi_walk_next(&w)) {
        int64_t rows = job->rows - w.index[w.ndim - 1] * job->block_rows;
        int64_t cols = job->cols - w.index[w.ndim - 2] * job->block_cols;
        rows = rows < job->block_rows ? rows : job->block_rows;
        cols = cols < job->block_cols ? cols : job->block_cols;
        agi_block z = {job->z + w.at[0], job->shape.row, job->shape.col};
        if (job->x != NULL)
            agi_copy_block_of(z, job->x + w.at[1], job->x_row, job->x_col, rows, cols, job->ahead);
        else
            fill_block(z, job->value, rows, cols);
    }
}

/* Turns dimensions around that the source would be walked backwards along: it is read faster in the
 * order of memory (1000 rows of as many, turned upside down, 0.79 instead of 0.95 ms), whereas what
 * is written may go backwards. Not the last one, along which both are vectors. */
static void read_forwards(copy_job *job, int ndim, const int64_t *shape,
                          int64_t strides[2][AGI_MAX_DIMS])
{
    for (int d = 0; d < ndim - 1; d++) {
        if (strides[1][d] >= 0)
            continue;
        job->z += (shape[d] - 1) * strides[0][d];
        job->x += (shape[d] - 1) * strides[1][d];
        strides[0][d] = -strides[0][d];
        strides[1][d] = -strides[1][d];
    }
}

static void run_copy(copy_job *job, int ndim, int64_t *shape, int64_t strides[2][AGI_MAX_DIMS])
{
    sort_dims(ndim, shape, 2, strides);
    ndim = agi_shape_collapse(ndim, shape, 2, strides);
    int64_t numel = 1, units = 1;
    for (int d = 0; d < ndim; d++)
        numel *= shape[d];
    if (numel == 0)
        return;
    if (job->x != NULL)
        read_forwards(job, ndim, shape, strides);
    int partner = ndim - 2;
    if (ndim > 1 && llabs(strides[1][ndim - 1]) > 1)
        partner = densest_dim(ndim, strides[1]);
    cut_blocks(job, ndim, shape, strides, partner);
    for (int d = 0; d < job->walk.ndim; d++)
        units *= job->walk.shape[d];
    if (numel < COPY_SHARED_MIN) {
        copy_range(job, 0, units, 0);
        return;
    }
    int64_t grain = COPY_GRAIN / (job->block_rows * job->block_cols);
    void *token = agi_blocking_enter();
    agi_parallel_for(units, grain > 1 ? grain : 1, 1, copy_range, job);
    agi_blocking_leave(token);
}

void agi_run_scatter(double *z, const int64_t *strides, int ndim, const int64_t *shape,
                     const double *x, const int64_t *x_strides)
{
    int64_t sizes[AGI_MAX_DIMS], steps[2][AGI_MAX_DIMS];
    for (int d = 0; d < ndim; d++) {
        sizes[d] = shape[d];
        steps[0][d] = strides[d];
        steps[1][d] = x_strides[d];
    }
    copy_job job;
    job.z = z;
    job.x = x;
    run_copy(&job, ndim, sizes, steps);
}

void agi_run_gather(double *z, int ndim, const int64_t *shape, const double *x,
                    const int64_t *strides)
{
    int64_t dense[AGI_MAX_DIMS];
    agi_shape_strides(ndim, shape, dense);
    agi_run_scatter(z, dense, ndim, shape, x, strides);
}

typedef struct past_job {
    double *z;
    const double *x;
} past_job;

static void past_range(void *context, int64_t begin, int64_t end, int part)
{
    const past_job *job = context;
    double *z = job->z + begin;
    const double *x = job->x + begin;
    const int64_t n = end - begin;
    int64_t done = 0;
    (void)part;
#if defined(__SSE2__)
    for (; done < n && ((uintptr_t)(z + done) & 15) != 0; done++)
        z[done] = x[done];
    for (; done + LINE <= n; done += LINE)
        for (int k = 0; k < LINE; k += 2)
            _mm_stream_pd(z + done + k, _mm_loadu_pd(x + done + k));
    _mm_sfence();
#endif
    memcpy(z + done, x + done, (size_t)(n - done) * sizeof *z);
}

void agi_copy_past_caches(double *z, const double *x, int64_t n)
{
    past_job job = {z, x};
    if (n < COPY_SHARED_MIN) {
        past_range(&job, 0, n, 0);
        return;
    }
    void *token = agi_blocking_enter();
    agi_parallel_for(n, COPY_GRAIN, LINE, past_range, &job);
    agi_blocking_leave(token);
}

void agi_run_fill(double *z, const int64_t *strides, int ndim, const int64_t *shape, double value)
{
    int64_t sizes[AGI_MAX_DIMS], steps[2][AGI_MAX_DIMS];
    for (int d = 0; d < ndim; d++) {
        sizes[d] = shape[d];
        steps[0][d] = steps[1][d] = strides[d];
    }
    copy_job job;
    job.z = z;
    job.x = NULL;
    job.value = value;
    run_copy(&job, ndim, sizes, steps);
}

static void add_run(double *restrict z, int64_t stride, const double *restrict x, int64_t n)
{
    if (stride == 1) {
        for (int64_t j = 0; j < n; j++)
            z[j] += x[j];
        return;
    }
    for (int64_t j = 0; j < n; j++)
        z[j * stride] += x[j];
}

void agi_run_scatter_add(double *z, const int64_t *strides, int ndim, const int64_t *shape,
                         const double *x)
{
    int64_t sizes[AGI_MAX_DIMS], steps[2][AGI_MAX_DIMS], rows = 1;
    agi_walk w;
    for (int d = 0; d < ndim; d++) {
        sizes[d] = shape[d];
        steps[0][d] = strides[d];
    }
    agi_shape_strides(ndim, shape, steps[1]);
    ndim = agi_shape_collapse(ndim, sizes, 2, steps);
    int64_t n = sizes[ndim - 1], stride = steps[0][ndim - 1];
    if (n == 0)
        return;
    for (int d = 0; d < ndim - 1; d++) {
        rows *= sizes[d];
        w.shape[d] = sizes[d];
        w.strides[0][d] = steps[0][d];
    }
    w.ndim = ndim - 1;
    w.count = 1;
    if (w.ndim == 0) {
        add_run(z, stride, x, n);
        return;
    }
    agi_walk_start(&w, &w, 0);
    for (int64_t i = 0; i < rows; i++, x += n, agi_walk_next(&w))
        add_run(z + w.at[0], stride, x, n);
}

#undef LINE
#undef SHORT
#undef SHORT_ROW
