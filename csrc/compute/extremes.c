/* SPDX-License-Identifier: MIT
 *
 * Reductions by extremes.h. Dimensions are put into the order of memory. What lies densest is a
 * line: some neighbouring results, each a run of reduced elements (of one element where the densest
 * dimension is kept). Lines that meet in the same results are rows: the best of eight of them at a
 * time, element by element, and then the best of each run. Since it does no harm to look at an
 * element twice, what is left at an end is read together with what comes before it.
 */
#include "extremes.h"

#include <math.h>

#include "../base/levels.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/walk.h"
#include "../tensor/copy.h"

#if AGI_X86
#include <immintrin.h>
#endif

/* Elements from which the work is shared, and the least that one thread gets: as for sums. */
#define SHARED_MIN (4 * (int64_t)AGI_PARALLEL_MIN)
#define SHARED_GRAIN (4 * (int64_t)AGI_PARALLEL_GRAIN)
#define MAX_PARTS 16
/* The most elements of a line that is kept beside its rows, and of a run that is in such a line;
 * longer runs are taken one by one. */
#define LINE_ELEMENTS 512
#define RUN_MAX 256
/* Rows that lie behind each other are packed until they are as wide as this, if there are still
 * many of them then. */
#define PACKED_WIDTH 128
#define PACKED_MANY 16
/* From this length on a run is not gathered for the sake of its neighbours. */
#define WIDE 32
/* The most results of a unit whose runs are read where they are, and about its elements. */
#define RESULTS_MAX LINE_ELEMENTS
#define UNIT_ELEMENTS 16384
/* Of what is cut because one result has more elements than one thread should look at. */
#define PIECE 16384
#define ROWS 8

/* ---- vectors -------------------------------------------------------------------------------- */

/* The vectors of each level. The empty asm says that what was loaded is in a register: compilers
 * else read memory once for each use, and (50, 40, 50) over its middle takes 0.22 ns an element
 * instead of 0.20. */

/* The larger, or the smaller, of two numbers; of a NaN and a number any, hence a mark beside. */
AGI_STAMPED double better(bool least, double x, double y)
{
    return least ? (x < y ? x : y) : (x > y ? x : y);
}

#define WORST(least) ((least) ? (double)INFINITY : -(double)INFINITY)

typedef double vec_base;
typedef int mark_base;
#define LANES_base 1
AGI_STAMPED vec_base load_base(const double *x) { return *x; }
AGI_STAMPED void store_base(double *z, vec_base x) { *z = x; }
AGI_STAMPED vec_base better_base(bool least, vec_base x, vec_base y) { return better(least, x, y); }
AGI_STAMPED mark_base unmarked_base(void) { return 0; }
AGI_STAMPED mark_base nan_base(vec_base x, vec_base y) { return (x != x) | (y != y); }
AGI_STAMPED mark_base either_base(mark_base a, mark_base b) { return a | b; }
AGI_STAMPED vec_base marked_base(vec_base x, mark_base a) { return a ? (double)NAN : x; }
AGI_STAMPED bool any_base(mark_base a) { return a != 0; }
AGI_STAMPED vec_base fold_base(bool least, const vec_base *x) { (void)least; return x[0]; }

#if AGI_X86
typedef __m256d vec_avx2;
typedef __m256d mark_avx2;
#define LANES_avx2 4
#define LEVEL_STAMPED AGI_TARGET_AVX2 AGI_STAMPED
LEVEL_STAMPED vec_avx2 load_avx2(const double *x)
{
    vec_avx2 v = _mm256_loadu_pd(x);
    __asm__("" : "+x"(v));
    return v;
}
LEVEL_STAMPED void store_avx2(double *z, vec_avx2 x) { _mm256_storeu_pd(z, x); }
LEVEL_STAMPED vec_avx2 better_avx2(bool least, vec_avx2 x, vec_avx2 y)
{
    return least ? _mm256_min_pd(x, y) : _mm256_max_pd(x, y);
}
LEVEL_STAMPED mark_avx2 unmarked_avx2(void) { return _mm256_setzero_pd(); }
LEVEL_STAMPED mark_avx2 nan_avx2(vec_avx2 x, vec_avx2 y)
{
    return _mm256_cmp_pd(x, y, _CMP_UNORD_Q);
}
LEVEL_STAMPED mark_avx2 either_avx2(mark_avx2 a, mark_avx2 b) { return _mm256_or_pd(a, b); }
LEVEL_STAMPED vec_avx2 marked_avx2(vec_avx2 x, mark_avx2 a) { return _mm256_or_pd(x, a); }
LEVEL_STAMPED bool any_avx2(mark_avx2 a) { return _mm256_movemask_pd(a) != 0; }
LEVEL_STAMPED vec_avx2 fold_avx2(bool least, const vec_avx2 *x)
{
    vec_avx2 two[2];
    for (int k = 0; k < 2; k++)
        two[k] = better_avx2(least, _mm256_unpacklo_pd(x[2 * k], x[2 * k + 1]),
                             _mm256_unpackhi_pd(x[2 * k], x[2 * k + 1]));
    return better_avx2(least, _mm256_permute2f128_pd(two[0], two[1], 0x20),
                       _mm256_permute2f128_pd(two[0], two[1], 0x31));
}
#undef LEVEL_STAMPED

typedef __m512d vec_avx512;
typedef __mmask8 mark_avx512;
#define LANES_avx512 8
#define LEVEL_STAMPED AGI_TARGET_AVX512 AGI_STAMPED
LEVEL_STAMPED vec_avx512 load_avx512(const double *x)
{
    vec_avx512 v = _mm512_loadu_pd(x);
    __asm__("" : "+v"(v));
    return v;
}
LEVEL_STAMPED void store_avx512(double *z, vec_avx512 x) { _mm512_storeu_pd(z, x); }
LEVEL_STAMPED vec_avx512 better_avx512(bool least, vec_avx512 x, vec_avx512 y)
{
    return least ? _mm512_min_pd(x, y) : _mm512_max_pd(x, y);
}
LEVEL_STAMPED mark_avx512 unmarked_avx512(void) { return 0; }
LEVEL_STAMPED mark_avx512 nan_avx512(vec_avx512 x, vec_avx512 y)
{
    return _mm512_cmp_pd_mask(x, y, _CMP_UNORD_Q);
}
LEVEL_STAMPED mark_avx512 either_avx512(mark_avx512 a, mark_avx512 b) { return _kor_mask8(a, b); }
LEVEL_STAMPED vec_avx512 marked_avx512(vec_avx512 x, mark_avx512 a)
{
    return _mm512_mask_mov_pd(x, a, _mm512_set1_pd((double)NAN));
}
LEVEL_STAMPED bool any_avx512(mark_avx512 a) { return a != 0; }
LEVEL_STAMPED vec_avx512 fold_avx512(bool least, const vec_avx512 *x)
{
    vec_avx512 four[4], two[2];
    for (int k = 0; k < 4; k++)
        four[k] = better_avx512(least, _mm512_unpacklo_pd(x[2 * k], x[2 * k + 1]),
                                _mm512_unpackhi_pd(x[2 * k], x[2 * k + 1]));
    for (int k = 0; k < 2; k++)
        two[k] = better_avx512(least, _mm512_shuffle_f64x2(four[2 * k], four[2 * k + 1], 0x88),
                               _mm512_shuffle_f64x2(four[2 * k], four[2 * k + 1], 0xdd));
    return better_avx512(least, _mm512_shuffle_f64x2(two[0], two[1], 0x88),
                         _mm512_shuffle_f64x2(two[0], two[1], 0xdd));
}
#undef LEVEL_STAMPED
#endif

/* ---- kernels -------------------------------------------------------------------------------- */

/* The same with a NaN if there is one. */
AGI_STAMPED double best_of_two(bool least, double x, double y)
{
    return x != x ? x : better(least, x, y);
}

AGI_STAMPED double best_of_few(bool least, const double *x, int64_t n)
{
    double best = x[0];
    for (int64_t i = 1; i < n; i++)
        best = best_of_two(least, x[i], best);
    return best;
}

/*   lanes  the best of n >= LANES numbers for each lane, and a mark if there is a NaN
 *   run    the best of n >= LANES numbers
 *   runs   z[i] = the best of the n numbers from x + i * step on, for i < count; as many of them
 *          at a time as there are lanes, unless there is a NaN; runs of fewer numbers than lanes
 *          are for a lower level
 *   rows   z[i] = the best of p[0][i] ... p[count - 1][i]; count 2, 4 or ROWS; z may be p[0]
 * What is less than LANES at an end is taken together with what comes before it. */
#define EXTREME_BODIES(TARGET, level) \
    TARGET AGI_STAMPED vec_##level lanes_##level(bool least, const double *x, int64_t n, \
                                                mark_##level *mark) \
    { \
        enum { LANES = LANES_##level }; \
        vec_##level m0 = load_##level(x); \
        mark_##level low = nan_##level(m0, m0), high = *mark; \
        if (n >= 8 * LANES) { \
            vec_##level m1 = m0, m2 = m0, m3 = m0; \
            for (; n >= 4 * LANES; n -= 4 * LANES, x += 4 * LANES) { \
                const vec_##level a = load_##level(x), b = load_##level(x + LANES); \
                const vec_##level c = load_##level(x + 2 * LANES); \
                const vec_##level d = load_##level(x + 3 * LANES); \
                m0 = better_##level(least, a, m0); \
                m1 = better_##level(least, b, m1); \
                m2 = better_##level(least, c, m2); \
                m3 = better_##level(least, d, m3); \
                low = either_##level(low, nan_##level(a, b)); \
                high = either_##level(high, nan_##level(c, d)); \
            } \
            m0 = better_##level(least, m0, m1); \
            m0 = better_##level(least, m0, better_##level(least, m2, m3)); \
        } \
        for (; n > 0; n -= LANES, x += LANES) { \
            x -= n < LANES ? LANES - n : 0; \
            const vec_##level a = load_##level(x); \
            m0 = better_##level(least, a, m0); \
            low = either_##level(low, nan_##level(a, a)); \
        } \
        *mark = either_##level(low, high); \
        return m0; \
    } \
    TARGET AGI_STAMPED double run_body_##level(bool least, const double *x, int64_t n) \
    { \
        double lanes[LANES_##level]; \
        mark_##level mark = unmarked_##level(); \
        const vec_##level best = lanes_##level(least, x, n, &mark); \
        store_##level(lanes, marked_##level(best, mark)); \
        return best_of_few(least, lanes, LANES_##level); \
    } \
    TARGET AGI_STAMPED void runs_body_##level(bool least, double *z, const double *x, \
                                             int64_t step, int64_t count, int64_t n) \
    { \
        enum { LANES = LANES_##level }; \
        for (int64_t i = 0, some; i < count; i += some, z += some, x += some * step) { \
            vec_##level best[LANES]; \
            mark_##level mark = unmarked_##level(); \
            some = count - i < LANES ? count - i : LANES; \
            const bool together = some == LANES; \
            for (int k = 0; together && k < LANES; k++) \
                best[k] = lanes_##level(least, x + k * step, n, &mark); \
            if (together && !any_##level(mark)) \
                store_##level(z, fold_##level(least, best)); \
            else \
                for (int k = 0; k < some; k++) \
                    z[k] = run_body_##level(least, x + k * step, n); \
        } \
    } \
    TARGET AGI_STAMPED void rows_body_##level(bool least, double *z, const double *const *p, \
                                             const int count, int64_t n) \
    { \
        enum { LANES = LANES_##level }; \
        const double *row[ROWS]; \
        for (int k = 0; k < count; k++) \
            row[k] = p[k]; \
        for (int64_t i = 0; i < n && n < LANES; i++) { \
            double best = row[0][i]; \
            for (int k = 1; k < count; k++) \
                best = best_of_two(least, row[k][i], best); \
            z[i] = best; \
        } \
        for (int64_t i = 0; i < n && n >= LANES; i += LANES) { \
            i = i < n - LANES ? i : n - LANES; \
            const vec_##level a = load_##level(row[0] + i), b = load_##level(row[1] + i); \
            vec_##level best = better_##level(least, a, b); \
            mark_##level mark = nan_##level(a, b); \
            for (int k = 2; k < count; k += 2) { \
                const vec_##level c = load_##level(row[k] + i), d = load_##level(row[k + 1] + i); \
                best = better_##level(least, better_##level(least, c, d), best); \
                mark = either_##level(mark, nan_##level(c, d)); \
            } \
            store_##level(z + i, marked_##level(best, mark)); \
        } \
    }

#define EXTREME_KERNELS(TARGET, level, lower, name, least) \
    TARGET static void runs_##name##_##level(double *z, const double *x, int64_t step, \
                                             int64_t count, int64_t n) \
    { \
        if (n < LANES_##level) \
            runs_##name##_##lower(z, x, step, count, n); \
        else \
            runs_body_##level(least, z, x, step, count, n); \
    } \
    TARGET static void rows_##name##_##level(double *z, const double *const *p, int count, \
                                             int64_t n) \
    { \
        if (count == 2) \
            rows_body_##level(least, z, p, 2, n); \
        else if (count == 4) \
            rows_body_##level(least, z, p, 4, n); \
        else \
            rows_body_##level(least, z, p, ROWS, n); \
    }

#define EXTREME_STAMP(TARGET, level, lower) \
    EXTREME_BODIES(TARGET, level) \
    EXTREME_KERNELS(TARGET, level, lower, largest, false) \
    EXTREME_KERNELS(TARGET, level, lower, least, true)

#define EXTREME_FEW(name, least) \
    static void runs_##name##_few(double *z, const double *x, int64_t step, int64_t count, \
                                  int64_t n) \
    { \
        if (n == 2) \
            for (int64_t i = 0; i < count; i++, x += step) \
                z[i] = best_of_two(least, x[0], x[1]); \
        else \
            for (int64_t i = 0; i < count; i++, x += step) \
                z[i] = best_of_few(least, x, n); \
    }
EXTREME_FEW(largest, false)
EXTREME_FEW(least, true)

typedef struct extreme_kernels {
    void (*runs)(double *z, const double *x, int64_t step, int64_t count, int64_t n);
    void (*rows)(double *z, const double *const *p, int count, int64_t n);
} extreme_kernels;

EXTREME_STAMP(AGI_TARGET_BASE, base, few)
#if AGI_X86
EXTREME_STAMP(AGI_TARGET_AVX2, avx2, few)
EXTREME_STAMP(AGI_TARGET_AVX512, avx512, avx2)
#endif

static const extreme_kernels kernel_table[AGI_LEVELS][2] = {
    {{runs_largest_base, rows_largest_base}, {runs_least_base, rows_least_base}},
#if AGI_X86
    {{runs_largest_avx2, rows_largest_avx2}, {runs_least_avx2, rows_least_avx2}},
    {{runs_largest_avx512, rows_largest_avx512}, {runs_least_avx512, rows_least_avx512}},
#endif
};

/* ---- the work ------------------------------------------------------------------------------- */

typedef struct extreme_job {
    const extreme_kernels *kernels;
    double *z;
    const double *x;
    bool least;
    agi_walk kept;      /* units: offsets 0: x, 1: z; the last dimension counts lines */
    int64_t units;
    /* A line: results, and the run of each. */
    int64_t cols, x_col, z_col, line_cols;  /* in all, their strides, and in one line */
    int64_t run, run_step;
    bool gathers;       /* a line does not lie as one */
    /* Rows of a unit: offsets 0: x. `pack` of them behind each other count as one row. The last
     * index of the last dimension is `excess` elements farther back than its stride says. */
    agi_walk rows;
    int64_t row_count, pack, excess;
    bool one_by_one;    /* runs too long for a line: what is kept beside the rows is one number */
    /* One unit, shared. */
    const double *unit;
    int64_t unit_cols;
    double *partial;    /* LINE_ELEMENTS for each part */
} extreme_job;

/* The elements of `cols` results that begin at x, as a line. */
static const double *line_at(const extreme_job *job, double *room, const double *x, int64_t cols)
{
    if (!job->gathers)
        return x;
    if (job->run == 1)
        agi_copy_block((agi_block){room, cols, 1}, x, 0, job->x_col, 1, cols);
    else
        agi_copy_block((agi_block){room, job->run, 1}, x, job->x_col, job->run_step, cols,
                       job->run);
    return room;
}

/* Stores the results of a line whose rows are done. */
static void store_line(const extreme_job *job, const double *line, int64_t step, int64_t cols,
                       int64_t z_at)
{
    double room[LINE_ELEMENTS];
    const double *best = room;
    if (job->run == 1 || job->one_by_one)
        best = line;
    else
        job->kernels->runs(room, line, step, cols, job->run);
    for (int64_t i = 0; i < cols; i++)
        job->z[z_at + i * job->z_col] = best[i] + 0.0;
}

/* best[width] = the best of 1 to ROWS rows. Some are taken twice where the kernel takes more. */
static void best_of_rows(const extreme_job *job, double *best, const double **p, int count,
                         int64_t width)
{
    const int taken = count <= 2 ? 2 : count <= 4 ? 4 : ROWS;
    for (int k = count; k < taken; k++)
        p[k] = p[count - 1];
    job->kernels->rows(best, p, taken, width);
}

/* best[] = the best of rows [begin, end) of the unit at x, and of itself if it has something. Eight
 * more elements of room for each row, or all would be in one place of the first cache. */
static void best_with_rows(const extreme_job *job, double *best, bool has, const double *x,
                           int64_t cols, int64_t begin, int64_t end)
{
    double rooms[ROWS][LINE_ELEMENTS + 8] __attribute__((aligned(64)));
    const double *p[ROWS] = {best};
    const int last = job->rows.ndim - 1;
    int count = has;
    agi_walk w;
    agi_walk_start(&w, &job->rows, begin);
    for (int64_t i = begin; i < end; i++, agi_walk_next(&w)) {
        const bool at_end = w.index[last] == w.shape[last] - 1;
        p[count] = line_at(job, rooms[count], x + w.at[0] - (at_end ? job->excess : 0), cols);
        if (job->one_by_one) {
            double run;
            job->kernels->runs(&run, p[count], 0, 1, job->run);
            *best = count == 0 ? run : best_of_two(job->least, run, *best);
            count = 1;
        } else if (++count == ROWS || i == end - 1) {
            best_of_rows(job, best, p, count, job->pack * cols * job->run);
            p[0] = best;
            count = 1;
        }
    }
}

/* What is beside packed rows becomes one line. */
static void join_pack(const extreme_job *job, double *best, int64_t cols)
{
    const int64_t line = cols * job->run;
    for (int64_t left = job->pack, some; left > 1; left /= some) {
        const double *p[ROWS];
        some = left < ROWS ? left : ROWS;
        for (int64_t k = 0; k < some; k++)
            p[k] = best + k * (left / some) * line;
        best_of_rows(job, best, p, (int)some, left / some * line);
    }
}

static int64_t cols_of_unit(const extreme_job *job, const agi_walk *w)
{
    const int64_t left = job->cols - w->index[w->ndim - 1] * job->line_cols;
    return left < job->line_cols ? left : job->line_cols;
}

static void do_units(void *context, int64_t begin, int64_t end, int part)
{
    const extreme_job *job = context;
    double room[LINE_ELEMENTS] __attribute__((aligned(64)));
    agi_walk w;
    (void)part;
    agi_walk_start(&w, &job->kept, begin);
    for (int64_t i = begin; i < end; i++, agi_walk_next(&w)) {
        const double *x = job->x + w.at[0], *line = room;
        const int64_t cols = cols_of_unit(job, &w);
        int64_t step = job->run;
        if (job->row_count == 1 && job->pack == 1) {
            line = line_at(job, room, x, cols);
            step = job->gathers ? job->run : job->x_col;
        } else {
            best_with_rows(job, room, false, x, cols, 0, job->row_count);
            join_pack(job, room, cols);
        }
        store_line(job, line, step, cols, w.at[1]);
    }
}

static void do_rows(void *context, int64_t begin, int64_t end, int part)
{
    const extreme_job *job = context;
    double *best = job->partial + part * LINE_ELEMENTS;
    best_with_rows(job, best, true, job->unit, job->unit_cols, begin, end);
}

/* Each unit in turn, its rows shared. */
static void share_rows(extreme_job *job, int64_t grain)
{
    double partial[MAX_PARTS * LINE_ELEMENTS] __attribute__((aligned(64)));
    const int threads = agi_parallel_width(), parts = threads < MAX_PARTS ? threads : MAX_PARTS;
    agi_walk w;
    job->partial = partial;
    agi_walk_start(&w, &job->kept, 0);
    for (int64_t i = 0; i < job->units; i++, agi_walk_next(&w)) {
        const int64_t cols = job->unit_cols = cols_of_unit(job, &w);
        const int64_t width = job->one_by_one ? 1 : job->pack * cols * job->run;
        job->unit = job->x + w.at[0];
        for (int k = 0; k < parts; k++)
            agi_fill_run(partial + k * LINE_ELEMENTS, width, WORST(job->least));
        agi_parallel_at_most(job->row_count, grain, 1, parts, do_rows, job);
        for (int k = 1; k < parts; k++) {
            const double *const pair[2] = {partial, partial + k * LINE_ELEMENTS};
            job->kernels->rows(partial, pair, 2, width);
        }
        join_pack(job, partial, cols);
        store_line(job, partial, job->run, cols, w.at[1]);
    }
}

static void run_extremes(extreme_job *job)
{
    const int64_t row = job->pack * job->line_cols * job->run;
    const int64_t unit = job->row_count * row;
    if (job->units * unit < SHARED_MIN) {
        do_units(job, 0, job->units, 0);
        return;
    }
    void *token = agi_blocking_enter();
    if (job->units < 2 * (int64_t)agi_parallel_width() && job->row_count > 1)
        share_rows(job, SHARED_GRAIN / row + 1);
    else
        agi_parallel_for(job->units, SHARED_GRAIN / unit + 1, 1, do_units, job);
    agi_blocking_leave(token);
}

/* ---- choosing ------------------------------------------------------------------------------- */

/* Orders dimensions so that the densest of x comes last, those of stride 0 first, and merges those
 * that lie as one. */
static void sort_walk(agi_walk *w, int n)
{
    for (int d = 1; d < n; d++) {
        for (int at = d; at > 0; at--) {
            const int64_t a = w->strides[0][at - 1], b = w->strides[0][at];
            if (a == 0 || (b != 0 && b <= a))
                break;
            for (int k = 0; k < w->count; k++) {
                const int64_t stride = w->strides[k][at];
                w->strides[k][at] = w->strides[k][at - 1];
                w->strides[k][at - 1] = stride;
            }
            const int64_t size = w->shape[at];
            w->shape[at] = w->shape[at - 1];
            w->shape[at - 1] = size;
        }
    }
    w->ndim = agi_shape_collapse(n, w->shape, w->count, w->strides);
}

/* Repeated elements are looked at once. */
static void split_walks(extreme_job *job, int ndim, const int64_t *shape, const int64_t *strides,
                       uint64_t mask)
{
    agi_walk *kept = &job->kept, *rows = &job->rows;
    int64_t z_stride = 1;
    int k = 0, r = 0;
    for (int d = ndim - 1; d >= 0; d--) {
        const bool is_kept = !(mask >> d & 1);
        if (is_kept) {
            kept->shape[k] = shape[d];
            kept->strides[0][k] = strides[d];
            kept->strides[1][k++] = z_stride;
            z_stride *= shape[d];
        } else if (strides[d] != 0 && shape[d] != 1) {
            rows->shape[r] = shape[d];
            rows->strides[0][r++] = strides[d];
        }
    }
    kept->count = 2;
    rows->count = 1;
    sort_walk(kept, k);
    sort_walk(rows, r);
}

/* The last dimension of the rows becomes what a line has of each result. */
static void take_run(extreme_job *job)
{
    agi_walk *rows = &job->rows;
    const int last = rows->ndim - 1;
    job->run = rows->shape[last];
    job->run_step = rows->strides[0][last];
    rows->shape[last] = 1;
    rows->strides[0][last] = 0;
    if (last > 0)
        rows->ndim = last;
}

/* Pieces of a run become rows, the last of them whole, too. */
static void cut_run(extreme_job *job, int64_t piece)
{
    agi_walk *rows = &job->rows;
    const int last = rows->shape[rows->ndim - 1] == 1 ? rows->ndim - 1 : rows->ndim++;
    const int64_t count = (job->run + piece - 1) / piece;
    rows->shape[last] = count;
    rows->strides[0][last] = piece * job->run_step;
    job->excess = (count * piece - job->run) * job->run_step;
    job->run = piece;
}

/* Rows that lie behind each other become one, as many as make a line wide enough for vectors. */
static void pack_rows(extreme_job *job)
{
    agi_walk *rows = &job->rows;
    const int last = rows->ndim - 1;
    const int64_t size = rows->shape[last], line = job->line_cols * job->run;
    if (job->gathers || job->line_cols != job->cols || rows->strides[0][last] != line)
        return;
    while (job->pack * line < PACKED_WIDTH && job->pack * PACKED_MANY <= size)
        job->pack *= 2;
    const int64_t count = (size + job->pack - 1) / job->pack;
    rows->shape[last] = count;
    rows->strides[0][last] = job->pack * line;
    job->excess = (count * job->pack - size) * line;
}

/* How many results a line has, and whether it must be gathered. */
static void choose_line(extreme_job *job)
{
    const bool alone = job->row_count == 1 && job->run_step == 1 && job->run > 1;
    const int64_t most = LINE_ELEMENTS / job->run, enough = UNIT_ELEMENTS / job->run;
    job->line_cols = most < job->cols ? most : job->cols;
    if (job->one_by_one)
        job->line_cols = 1;
    else if (alone)
        job->line_cols = enough < RESULTS_MAX ? enough : RESULTS_MAX;
    else if (job->run >= WIDE && job->run_step == 1 && job->x_col != job->run)
        job->line_cols = 1;
    job->line_cols = job->line_cols < job->cols ? job->line_cols : job->cols;
    job->line_cols = job->line_cols > 1 ? job->line_cols : 1;
    if (job->run == 1)
        job->gathers = job->x_col != 1;
    else
        job->gathers = job->run_step != 1 ||
                       (!alone && job->line_cols > 1 && job->x_col != job->run);
}

static void cut_kept(extreme_job *job)
{
    agi_walk *kept = &job->kept;
    const int last = kept->ndim - 1;
    kept->shape[last] = (job->cols + job->line_cols - 1) / job->line_cols;
    kept->strides[0][last] *= job->line_cols;
    kept->strides[1][last] *= job->line_cols;
    job->units = 1;
    for (int d = 0; d <= last; d++)
        job->units *= kept->shape[d];
}

static int64_t count_rows(const agi_walk *rows)
{
    int64_t count = 1;
    for (int d = 0; d < rows->ndim; d++)
        count *= rows->shape[d];
    return count;
}

/* Everything but the kernels and the memory. */
static void plan_job(extreme_job *job, int ndim, const int64_t *shape, const int64_t *strides,
                     uint64_t mask)
{
    split_walks(job, ndim, shape, strides, mask);
    const int last = job->kept.ndim - 1;
    const int64_t step = job->rows.strides[0][job->rows.ndim - 1];
    job->cols = job->kept.shape[last];
    job->x_col = job->kept.strides[0][last];
    job->z_col = job->kept.strides[1][last];
    job->pack = job->run = job->run_step = 1;
    job->excess = 0;
    const bool columns = job->cols > 1 && job->x_col != 0 && job->x_col < step;
    if (!columns)
        take_run(job);
    const bool gathers_run = !columns && job->run_step != 1;
    if (gathers_run && job->run > LINE_ELEMENTS)
        cut_run(job, LINE_ELEMENTS);
    else if (job->run > 2 * PIECE && job->cols < 16)
        cut_run(job, PIECE);
    job->row_count = count_rows(&job->rows);
    job->one_by_one = job->row_count > 1 && job->run > RUN_MAX;
    choose_line(job);
    if (job->row_count > 1 && !job->one_by_one)
        pack_rows(job);
    job->row_count = count_rows(&job->rows);
    cut_kept(job);
}

void agi_extremes_into(double *z, const double *x, int ndim, const int64_t *shape,
                       const int64_t *strides, uint64_t mask, bool least)
{
    extreme_job job = {.kernels = &kernel_table[agi_level_now][least], .z = z, .x = x,
                       .least = least};
    for (int d = 0; d < ndim; d++)
        if (shape[d] == 0)
            return;
    plan_job(&job, ndim, shape, strides, mask);
    run_extremes(&job);
}

double agi_extreme_of_run(const double *x, int64_t n, bool least)
{
    double z;
    kernel_table[agi_level_now][least].runs(&z, x, 0, 1, n);
    return z;
}

#undef SHARED_MIN
#undef SHARED_GRAIN
#undef MAX_PARTS
#undef LINE_ELEMENTS
#undef RUN_MAX
#undef PACKED_WIDTH
#undef PACKED_MANY
#undef WIDE
#undef RESULTS_MAX
#undef UNIT_ELEMENTS
#undef PIECE
#undef ROWS
#undef WORST
