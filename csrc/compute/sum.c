/* SPDX-License-Identifier: MIT
 *
 * Reductions by the tree of sum.h, in two ways:
 *   runs     the reduced elements lie densest: each result in turn is the sum of its run, gathered
 *            by tiles where it is not contiguous;
 *   columns  a dimension that is kept lies densest: a strip of neighbouring results is summed
 *            together, row by row, vectorised across the strip.
 * Both compute the same tree. Large sums are shared among threads by results, or where there are
 * few, by stretches of the tree.
 */
#include "sum.h"

#include <string.h>

#include "../base/caches.h"
#include "../base/parallel.h"
#include "../base/shape.h"
#include "../base/walk.h"
#include "../tensor/copy.h"
#include "kernel.h"
#include "run.h"
#include "sum_across.h"

#if AGI_X86
#include <immintrin.h>
#endif

#define BLOCK AGI_SUM_BLOCK
#define LANES AGI_SUM_LANES
#define GROUPS (BLOCK / LANES)

/* Elements from which a sum is shared, and the least that one thread gets: a sum in cache takes
 * 0.05 ns an element, a thread wakes up in some microseconds. */
#define SUM_SHARED_MIN (4 * (int64_t)AGI_PARALLEL_MIN)
#define SUM_GRAIN (4 * (int64_t)AGI_PARALLEL_GRAIN)
#define MAX_STRETCHES 32
/* Elements gathered at a time where the order of summation goes across memory: several rows, of
 * which each line of memory has an element. A power of two of tiles. */
#define GATHER_MAX (8 * AGI_TILE)

/* How far ahead a run asks for its memory, in elements: 1e7 took 0.24 ns an element without, 0.17,
 * 0.16, 0.15, 0.15, 0.16 with 256, 512, 1024, 2048, 4096. Runs that fit the last cache are left to
 * the processor: 1e6 take 85 us, and 102 if they ask. */
#define SUM_AHEAD 1024
#define SUM_FAR (agi_caches.last / (int64_t)sizeof(double))

/* Results summed together, and how much stack their unfinished subtrees may take (doubles). */
#define STRIP AGI_SUM_STRIP
#define STRIP_GATHERED 16
#define STRIP_NODES 4096
/* Rows of up to this many columns are summed as whole runs of LANES rows. */
#define NARROW 32

static const double sum_zeros[STRIP];

/* ---- kernels -------------------------------------------------------------------------------- */

/* Eight doubles, whatever the machine's own width: the compiler cuts them up. */
typedef double sum_vec __attribute__((vector_size(64), aligned(8), may_alias));

#define SUM_LOW(p) (*(const sum_vec *)(p))
#define SUM_HIGH(p) (*(const sum_vec *)((p) + 8))
#define SUM_FOLD(s) (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])))

/* Of eight groups of LANES numbers; group k at x + k * LANES. */
AGI_STAMPED double sum_block(const double *x)
{
#define SUM_TREE(HALF) \
    (((HALF(x) + HALF(x + 16)) + (HALF(x + 32) + HALF(x + 48))) + \
     ((HALF(x + 64) + HALF(x + 80)) + (HALF(x + 96) + HALF(x + 112))))
    sum_vec s = SUM_TREE(SUM_LOW) + SUM_TREE(SUM_HIGH);
#undef SUM_TREE
    return SUM_FOLD(s);
}

/* Fewer than 9 numbers: a lane each. */
AGI_STAMPED double sum_few(const double *x, int64_t n)
{
    double s0 = n > 0 ? x[0] : 0.0, s1 = n > 1 ? x[1] : 0.0;
    double s2 = n > 2 ? x[2] : 0.0, s3 = n > 3 ? x[3] : 0.0;
    if (n <= 4)
        return (s0 + s2) + (s1 + s3);
    double s4 = x[4], s5 = n > 5 ? x[5] : 0.0, s6 = n > 6 ? x[6] : 0.0, s7 = n > 7 ? x[7] : 0.0;
    return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
}

/* The first n < LANES numbers of a group, the rest 0, without going through memory: what was stored
 * number by number cannot be loaded as a vector soon after. */
typedef struct sum_group {
    sum_vec low, high;
} sum_group;

AGI_STAMPED sum_group sum_part_base(const double *x, int64_t n)
{
    double part[LANES] = {0.0};
    for (int64_t i = 0; i < n; i++)
        part[i] = x[i];
    return (sum_group){SUM_LOW(part), SUM_HIGH(part)};
}

#if AGI_X86
AGI_TARGET_AVX2 AGI_STAMPED sum_group sum_part_avx2(const double *x, int64_t n)
{
    static const int64_t mask[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                            -1, -1, -1, -1, -1, -1, -1, -1};
    sum_group part;
    __m256d four[4];
    for (int k = 0; k < 4; k++)
        four[k] = _mm256_maskload_pd(
            x + 4 * k, _mm256_loadu_si256((const __m256i_u *)(mask + LANES - n + 4 * k)));
    memcpy(&part.low, four, sizeof part.low);
    memcpy(&part.high, four + 2, sizeof part.high);
    return part;
}

AGI_TARGET_AVX512 AGI_STAMPED sum_group sum_part_avx512(const double *x, int64_t n)
{
    const unsigned mask = (1u << n) - 1;
    return (sum_group){(sum_vec)_mm512_maskz_loadu_pd((__mmask8)mask, x),
                       (sum_vec)_mm512_maskz_loadu_pd((__mmask8)(mask >> 8), x + 8)};
}
#endif

typedef sum_group (*sum_part)(const double *x, int64_t n);

/* The sum of groups 2 k and 2 k + 1, of which `whole` are whole and the next is `last`. */
AGI_STAMPED sum_group sum_pair(const double *x, int64_t whole, int k, const sum_group *last)
{
    const double *first = x + 2 * k * LANES, *second = first + LANES;
    if (2 * k + 1 < whole)
        return (sum_group){SUM_LOW(first) + SUM_LOW(second), SUM_HIGH(first) + SUM_HIGH(second)};
    if (2 * k + 1 == whole)
        return (sum_group){SUM_LOW(first) + last->low, SUM_HIGH(first) + last->high};
    return 2 * k == whole ? *last : (sum_group){SUM_LOW(sum_zeros), SUM_LOW(sum_zeros)};
}

/* Less than a block: what is missing counts as 0. */
AGI_STAMPED double sum_tail(const double *x, int64_t n, sum_part part)
{
    if (n <= 8)
        return sum_few(x, n);
    const int64_t whole = n / LANES;
    const sum_group last = part(x + whole * LANES, n % LANES);
    sum_group pair[4] = {sum_pair(x, whole, 0, &last)};
    if (n <= 2 * LANES) {
        sum_vec s = pair[0].low + pair[0].high;
        return SUM_FOLD(s);
    }
    for (int k = 1; k < 4; k++)
        pair[k] = sum_pair(x, whole, k, &last);
    sum_vec s = ((pair[0].low + pair[1].low) + (pair[2].low + pair[3].low)) +
                ((pair[0].high + pair[1].high) + (pair[2].high + pair[3].high));
    return SUM_FOLD(s);
}

/* Up to eight blocks. Blocks that are missing count as 0, which gives the tree of those that are
 * there. */
AGI_STAMPED double sum_blocks(const double *x, int64_t n, bool far, sum_part part)
{
    double s[8] = {0.0};
    int k = 0;
    for (; n >= BLOCK; n -= BLOCK, x += BLOCK) {
        for (int line = 0; far && line < BLOCK; line += 8)
            __builtin_prefetch(x + SUM_AHEAD + line);
        s[k++] = sum_block(x);
    }
    if (n > 0)
        s[k] = sum_tail(x, n, part);
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

AGI_STAMPED double sum_run_body(const double *x, int64_t n, sum_part part)
{
    agi_sum_tree tree;
    tree.count = 0;
    if (n < BLOCK)
        return sum_tail(x, n, part);
    if (n >= SUM_FAR)
        for (; n >= 8 * BLOCK; n -= 8 * BLOCK, x += 8 * BLOCK)
            agi_sum_tree_put(&tree, sum_blocks(x, 8 * BLOCK, true, part));
    for (; n >= 8 * BLOCK; n -= 8 * BLOCK, x += 8 * BLOCK)
        agi_sum_tree_put(&tree, sum_blocks(x, 8 * BLOCK, false, part));
    if (n > 0)
        agi_sum_tree_put(&tree, sum_blocks(x, n, false, part));
    return agi_sum_tree_total(&tree);
}

/* Up to eight blocks, each in a place of its own: n numbers in all. */
AGI_STAMPED double sum_blocks_apart_body(const double *const *block, int64_t n, sum_part part)
{
    double s[8] = {0.0};
    int k = 0;
    for (; n >= BLOCK; n -= BLOCK, k++)
        s[k] = sum_block(block[k]);
    if (n > 0)
        s[k] = sum_tail(block[k], n, part);
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

/* One block of sums of pairs: four times LANES of them, missing ones 0. */
AGI_STAMPED double sum_pairs_block(const double *p0, const double *p1, const double *p2,
                                  const double *p3)
{
    sum_vec s = ((SUM_LOW(p0) + SUM_LOW(p1)) + (SUM_LOW(p2) + SUM_LOW(p3))) +
                ((SUM_HIGH(p0) + SUM_HIGH(p1)) + (SUM_HIGH(p2) + SUM_HIGH(p3)));
    return SUM_FOLD(s);
}

AGI_STAMPED double sum_pairs_body(const double *p, int64_t n)
{
    agi_sum_tree tree;
    tree.count = 0;
    for (; n >= BLOCK; n -= BLOCK, p += BLOCK / 2)
        agi_sum_tree_put(&tree, sum_pairs_block(p, p + LANES, p + 2 * LANES, p + 3 * LANES));
    if (n > 0) {
        const double *q[4];
        for (int k = 0; k < 4; k++)
            q[k] = n > k * AGI_SUM_PAIRED ? p + k * LANES : sum_zeros;
        agi_sum_tree_put(&tree, sum_pairs_block(q[0], q[1], q[2], q[3]));
    }
    return agi_sum_tree_total(&tree);
}

/* `count` runs of n numbers, `step` apart, into z, `z_step` apart. */
AGI_STAMPED void sum_runs_body(double *z, int64_t z_step, const double *x, int64_t step,
                              int64_t count, int64_t n, sum_part part)
{
    if (n == BLOCK) {
        for (int64_t i = 0; i < count; i++, z += z_step, x += step)
            *z = sum_block(x) + 0.0;
        return;
    }
    for (int64_t i = 0; i < count; i++, z += z_step, x += step)
        *z = (n <= 8 ? sum_few(x, n) : sum_run_body(x, n, part)) + 0.0;
}

/* z[i] = the balanced tree over p[0][i] ... p[count - 1][i], in order; count is 2, 4, 8 or 16. z
 * may be one of the p. */
AGI_STAMPED void sum_rows_body(double *z, const double *const *p, int count, int64_t n)
{
#define P(k) const double *p##k = p[k]
    P(0); P(1);
    if (count == 2) {
        AGI_EACH(p0[i] + p1[i]);
        return;
    }
    P(2); P(3);
    if (count == 4) {
        AGI_EACH((p0[i] + p1[i]) + (p2[i] + p3[i]));
        return;
    }
    P(4); P(5); P(6); P(7);
    if (count == 8) {
        AGI_EACH(((p0[i] + p1[i]) + (p2[i] + p3[i])) + ((p4[i] + p5[i]) + (p6[i] + p7[i])));
        return;
    }
    P(8); P(9); P(10); P(11); P(12); P(13); P(14); P(15);
    AGI_EACH((((p0[i] + p1[i]) + (p2[i] + p3[i])) + ((p4[i] + p5[i]) + (p6[i] + p7[i]))) +
             (((p8[i] + p9[i]) + (p10[i] + p11[i])) + ((p12[i] + p13[i]) + (p14[i] + p15[i]))));
#undef P
}

#define SUM_STAMP(TARGET, level) \
    TARGET static double sum_run_##level(const double *x, int64_t n) \
    { \
        return sum_run_body(x, n, sum_part_##level); \
    } \
    TARGET static double sum_blocks_apart_##level(const double *const *block, int64_t n) \
    { \
        return sum_blocks_apart_body(block, n, sum_part_##level); \
    } \
    TARGET static double sum_pairs_##level(const double *p, int64_t n) \
    { \
        return sum_pairs_body(p, n); \
    } \
    TARGET static void sum_rows_##level(double *z, const double *const *p, int count, int64_t n) \
    { \
        sum_rows_body(z, p, count, n); \
    } \
    TARGET static void sum_runs_##level(double *z, int64_t z_step, const double *x, int64_t step, \
                                        int64_t count, int64_t n) \
    { \
        sum_runs_body(z, z_step, x, step, count, n, sum_part_##level); \
    }

typedef struct sum_kernels {
    double (*run)(const double *x, int64_t n);
    double (*blocks_apart)(const double *const *block, int64_t n);
    double (*pairs)(const double *p, int64_t n);
    void (*rows)(double *z, const double *const *p, int count, int64_t n);
    void (*runs)(double *z, int64_t z_step, const double *x, int64_t step, int64_t count,
                 int64_t n);
} sum_kernels;

SUM_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
SUM_STAMP(AGI_TARGET_AVX2, avx2)
SUM_STAMP(AGI_TARGET_AVX512, avx512)
#endif

static const sum_kernels sum_table[AGI_LEVELS] = {
    {sum_run_base, sum_blocks_apart_base, sum_pairs_base, sum_rows_base, sum_runs_base},
#if AGI_X86
    {sum_run_avx2, sum_blocks_apart_avx2, sum_pairs_avx2, sum_rows_avx2, sum_runs_avx2},
    {sum_run_avx512, sum_blocks_apart_avx512, sum_pairs_avx512, sum_rows_avx512, sum_runs_avx512},
#endif
};

double agi_sum_run(const double *x, int64_t n) { return sum_table[agi_level_now].run(x, n); }

void agi_sum_runs(double *z, const double *x, int64_t count, int64_t n)
{
    sum_table[agi_level_now].runs(z, 1, x, n, count, n);
}

double agi_sum_pairs(const double *sums, int64_t n)
{
    return sum_table[agi_level_now].pairs(sums, n);
}

AGI_INLINE void sum_rows(double *z, const double *const *p, int count, int64_t n)
{
    sum_table[agi_level_now].rows(z, p, count, n);
}

/* T of m times the same number: each doubling is exact, so that only the tree's joints are left. */
static double sum_repeated(double value, int64_t m)
{
    double tail[BLOCK];
    int64_t left = m % BLOCK, blocks = m / BLOCK;
    agi_fill_run(tail, left, value);
    double sum = agi_sum_run(tail, left), node = value * BLOCK;
    bool any = left > 0;
    for (; blocks > 0; blocks >>= 1, node += node) {
        if (blocks & 1) {
            sum = any ? node + sum : node;
            any = true;
        }
    }
    return sum;
}

/* ---- the work ------------------------------------------------------------------------------- */

typedef struct sum_job {
    double *z;
    const double *x;
    int64_t m, results;  /* elements of each result, and how many results */
    int64_t units;       /* of the walk over what is kept */
    agi_walk kept;       /* offsets 0: x, 1: z; the last dimension counts strips for columns */
    agi_walk reduced;    /* offsets 0: x; in row-major order */
    int64_t cols, strip, x_col, z_col;  /* columns: of the densest kept dimension */
    /* One unit cut into stretches. */
    int64_t stretch, x_at, width;
    double *partial;
} sum_job;

/* ---- runs ----------------------------------------------------------------------------------- */

/* The next n reduced elements into z; the walk is left behind them. */
static void gather_run(double *z, const double *x, agi_walk *w, int64_t n)
{
    const int last = w->ndim - 1;
    const int64_t size = w->shape[last], step = w->strides[0][last];
    while (n > 0) {
        int64_t rows = last > 0 ? w->shape[last - 1] - w->index[last - 1] : 1, some;
        if (last > 0 && w->index[last] == 0 && n >= size && rows > 0) {
            rows = rows < n / size ? rows : n / size;
            agi_copy_block((agi_block){z, size, 1}, x + w->at[0], w->strides[0][last - 1], step,
                           rows, size);
            agi_walk_along(w, last - 1, rows);
            agi_walk_carry(w, last - 1);
            some = rows * size;
        } else {
            some = size - w->index[last] < n ? size - w->index[last] : n;
            agi_copy_block((agi_block){z, some, 1}, x + w->at[0], 0, step, 1, some);
            agi_walk_along(w, last, some);
            agi_walk_carry(w, last);
        }
        z += some;
        n -= some;
    }
}

/* The next n <= AGI_TILE reduced elements, of rows that are dense: blocks as they lie, but for
 * those that go over the end of a row, which are gathered. */
static double sum_tile_of_rows(const double *x, agi_walk *w, int64_t n)
{
    double apart[AGI_TILE] __attribute__((aligned(64)));
    const double *block[AGI_TILE / BLOCK];
    const int last = w->ndim - 1;
    for (int64_t at = 0; at < n; at += BLOCK) {
        const int64_t some = n - at < BLOCK ? n - at : BLOCK;
        const int64_t left = w->shape[last] - w->index[last], head = some < left ? some : left;
        block[at / BLOCK] = x + w->at[0];
        agi_walk_along(w, last, head);
        if (AGI_LIKELY(some < left))
            continue;
        memcpy(apart + at, block[at / BLOCK], (size_t)head * sizeof(double));
        agi_walk_carry(w, last);
        memcpy(apart + at + head, x + w->at[0], (size_t)(some - head) * sizeof(double));
        agi_walk_along(w, last, some - head);
        block[at / BLOCK] = apart + at;
    }
    return sum_table[agi_level_now].blocks_apart(block, n);
}

static double sum_dense_rows(const sum_job *job, const double *x, int64_t begin, int64_t end)
{
    agi_sum_tree tree;
    agi_walk w;
    tree.count = 0;
    agi_walk_start(&w, &job->reduced, begin);
    for (int64_t at = begin; at < end; at += AGI_TILE)
        agi_sum_tree_put(&tree, sum_tile_of_rows(x, &w, end - at < AGI_TILE ? end - at : AGI_TILE));
    return agi_sum_tree_total(&tree);
}

/* T of the reduced elements [begin, end) of the result whose first element is x. */
static double sum_elements(const sum_job *job, const double *x, int64_t begin, int64_t end)
{
    double tile[GATHER_MAX] __attribute__((aligned(64)));
    agi_sum_tree tree;
    agi_walk w;
    tree.count = 0;
    agi_walk_start(&w, &job->reduced, begin);
    for (int64_t at = begin; at < end; at += GATHER_MAX) {
        int64_t n = end - at < GATHER_MAX ? end - at : GATHER_MAX;
        gather_run(tile, x, &w, n);
        agi_sum_tree_put(&tree, agi_sum_run(tile, n));
    }
    return agi_sum_tree_total(&tree);
}

static bool is_repeated(const agi_walk *w) { return w->ndim == 1 && w->strides[0][0] == 0; }

/* Rows of some blocks, in which most blocks do not go over an end. */
static bool is_dense_rows(const agi_walk *w)
{
    return w->strides[0][w->ndim - 1] == 1 && w->shape[w->ndim - 1] >= 2 * BLOCK;
}

AGI_INLINE double sum_result(const sum_job *job, const double *x, int64_t begin, int64_t end)
{
    if (job->reduced.ndim == 1 && job->reduced.strides[0][0] == 1)
        return agi_sum_run(x + begin, end - begin);
    if (is_repeated(&job->reduced))
        return sum_repeated(*x, end - begin);
    if (is_dense_rows(&job->reduced))
        return sum_dense_rows(job, x, begin, end);
    if (agi_sum_goes_across(&job->reduced))
        return agi_sum_across(&job->reduced, x, begin, end);
    return sum_elements(job, x, begin, end);
}

static void sum_runs_range(void *context, int64_t begin, int64_t end, int part)
{
    const sum_job *job = context;
    agi_walk w;
    (void)part;
    agi_walk_start(&w, &job->kept, begin);
    if (job->reduced.ndim > 1 || job->reduced.strides[0][0] != 1) {
        for (int64_t i = begin; i < end; i++, agi_walk_next(&w))
            job->z[w.at[1]] = sum_result(job, job->x + w.at[0], 0, job->m) + 0.0;
        return;
    }
    const int last = w.ndim - 1;
    for (int64_t i = begin, some; i < end; i += some) {
        some = w.shape[last] - w.index[last] < end - i ? w.shape[last] - w.index[last] : end - i;
        sum_table[agi_level_now].runs(job->z + w.at[1], w.strides[1][last], job->x + w.at[0],
                                      w.strides[0][last], some, job->m);
        agi_walk_along(&w, last, some);
        agi_walk_carry(&w, last);
    }
}

static void sum_runs_stretches(void *context, int64_t begin, int64_t end, int part)
{
    const sum_job *job = context;
    (void)part;
    for (int64_t s = begin; s < end; s++) {
        int64_t from = s * job->stretch, to = from + job->stretch;
        job->partial[s] = sum_result(job, job->x + job->x_at, from, to < job->m ? to : job->m);
    }
}

/* ---- columns -------------------------------------------------------------------------------- */

/* What one strip needs; on the stack of whoever sums it. */
typedef struct strip_work {
    const double *row[BLOCK];
    double lanes[LANES * STRIP] __attribute__((aligned(64)));
    double gathered[BLOCK * STRIP_GATHERED] __attribute__((aligned(64)));
    double nodes[STRIP_NODES] __attribute__((aligned(64)));
} strip_work;

/* Lanes in the order in which a balanced tree over them is the fold of sum.h: indices with their
 * bits reversed. */
static const uint8_t lane_order[LANES] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

/* z[n] = fold of `count` <= 16 lanes. */
static void fold_lanes(double *z, const double *const *lane, int count, int64_t n)
{
    const double *order[LANES];
    int width = count <= 2 ? 2 : count <= 4 ? 4 : count <= 8 ? 8 : LANES;
    for (int i = 0; i < width; i++) {
        int k = lane_order[i * (LANES / width)];
        order[i] = k < count ? lane[k] : sum_zeros;
    }
    sum_rows(z, order, width, n);
}

/* z[n] = one block of up to BLOCK rows. */
static void sum_block_of_rows(double *z, const double *const *row, double *lanes, int rows,
                              int64_t n)
{
    if (rows <= LANES) {
        fold_lanes(z, row, rows, n);
        return;
    }
    int groups = rows <= 2 * LANES ? 2 : rows <= 4 * LANES ? 4 : GROUPS;
    const double *group[GROUPS], *lane[LANES];
    for (int l = 0; l < LANES; l++) {
        for (int k = 0; k < groups; k++)
            group[k] = l + k * LANES < rows ? row[l + k * LANES] : sum_zeros;
        double *to = lanes + l * n;
        sum_rows(to, group, groups, n);
        lane[l] = to;
    }
    fold_lanes(z, lane, LANES, n);
}

void agi_sum_rows_block(double *z, const double *const *row, int rows, int64_t n)
{
    double lanes[LANES * STRIP] __attribute__((aligned(64)));
    sum_block_of_rows(z, row, lanes, rows, n);
}

void agi_sum_rows(double *z, const double *const *p, int count, int64_t n)
{
    sum_rows(z, p, count, n);
}

/* The same for a whole block of n <= NARROW columns whose rows lie behind each other: LANES rows
 * are one run, and lanes fold as halves of it. */
static void sum_narrow_block(double *z, strip_work *work, const double *x, int64_t n)
{
    const double *group[GROUPS], *half[2];
    for (int k = 0; k < GROUPS; k++)
        group[k] = x + k * LANES * n;
    sum_rows(work->lanes, group, GROUPS, LANES * n);
    for (int64_t l = LANES / 2; l >= 1; l /= 2) {
        half[0] = work->lanes;
        half[1] = work->lanes + l * n;
        sum_rows(l > 1 ? work->lanes : z, half, 2, l * n);
    }
}

/* Points work->row at the next rows, and leaves the walk behind them; where columns are not
 * neighbours they are gathered first. True if the rows lie behind each other. */
static bool next_rows(const sum_job *job, strip_work *work, const double *x, agi_walk *w, int rows,
                      int64_t n)
{
    const int last = w->ndim - 1;
    int64_t step = w->strides[0][last];
    const bool gather = job->x_col != 1;
    for (int done = 0; done < rows;) {
        int64_t left = w->shape[last] - w->index[last];
        int some = left < rows - done ? (int)left : rows - done;
        const double *from = x + w->at[0];
        double *to = work->gathered + done * n;
        if (gather)
            agi_copy_block((agi_block){to, n, 1}, from, step, job->x_col, some, n);
        for (int i = 0; i < some; i++)
            work->row[done + i] = gather ? to + i * n : from + i * step;
        agi_walk_along(w, last, some);
        agi_walk_carry(w, last);
        done += some;
    }
    return gather || (last == 0 && step == n);
}

/* z[n] = T of the reduced rows [begin, end) of the strip of n results that starts at x. */
static void sum_strip(const sum_job *job, double *z, const double *x, int64_t n, int64_t begin,
                      int64_t end)
{
    strip_work work;
    agi_walk w;
    const double *pair[2];
    int64_t count = 0;
    double *const nodes = end - begin > BLOCK ? work.nodes : z;  /* with one block, that is all */
    double *top = nodes;  /* the next node; those below it are unfinished subtrees */
    agi_walk_start(&w, &job->reduced, begin);
    for (int64_t at = begin; at < end; at += BLOCK, top += n, count++) {
        int rows = end - at < BLOCK ? (int)(end - at) : BLOCK;
        bool dense = next_rows(job, &work, x, &w, rows, n);
        if (dense && rows == BLOCK && n <= NARROW)
            sum_narrow_block(top, &work, work.row[0], n);
        else
            sum_block_of_rows(top, work.row, work.lanes, rows, n);
        for (int64_t ones = count; ones & 1; ones >>= 1, top -= n) {
            pair[0] = top - n;
            pair[1] = top;
            sum_rows(top - n, pair, 2, n);
        }
    }
    if (nodes == z)
        return;
    for (top -= n; top > nodes; top -= n) {
        pair[0] = top - n;
        pair[1] = top;
        sum_rows(top - n, pair, 2, n);
    }
    for (int64_t i = 0; i < n; i++)
        z[i] = nodes[i];
}

static int64_t sum_strip_width(const sum_job *job, const agi_walk *w)
{
    int64_t left = job->cols - w->index[w->ndim - 1] * job->strip;
    return left < job->strip ? left : job->strip;
}

static void store_strip(const sum_job *job, int64_t z_at, const double *sums, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        job->z[z_at + i * job->z_col] = sums[i] + 0.0;
}

static void sum_columns_range(void *context, int64_t begin, int64_t end, int part)
{
    const sum_job *job = context;
    double sums[STRIP];
    agi_walk w;
    (void)part;
    agi_walk_start(&w, &job->kept, begin);
    for (int64_t i = begin; i < end; i++, agi_walk_next(&w)) {
        int64_t n = sum_strip_width(job, &w);
        sum_strip(job, sums, job->x + w.at[0], n, 0, job->m);
        store_strip(job, w.at[1], sums, n);
    }
}

static void sum_columns_stretches(void *context, int64_t begin, int64_t end, int part)
{
    const sum_job *job = context;
    (void)part;
    for (int64_t s = begin; s < end; s++) {
        int64_t from = s * job->stretch, to = from + job->stretch;
        sum_strip(job, job->partial + s * job->width, job->x + job->x_at, job->width, from,
                  to < job->m ? to : job->m);
    }
}

/* ---- sharing -------------------------------------------------------------------------------- */

/* Adds up the stretches of each result of a unit and stores them. */
static void join_stretches(const sum_job *job, int64_t count, int64_t z_at)
{
    for (int64_t i = 0; i < job->width; i++) {
        agi_sum_tree tree;
        tree.count = 0;
        for (int64_t s = 0; s < count; s++)
            agi_sum_tree_put(&tree, job->partial[s * job->width + i]);
        job->z[z_at + i * job->z_col] = agi_sum_tree_total(&tree) + 0.0;
    }
}

/* Each unit in turn, cut into stretches of the tree that threads share. */
static void run_stretches(sum_job *job, bool columns)
{
    double partial[MAX_STRETCHES * STRIP];
    agi_walk w;
    int64_t count = (job->m + job->stretch - 1) / job->stretch;
    job->partial = partial;
    agi_walk_start(&w, &job->kept, 0);
    for (int64_t i = 0; i < job->units; i++, agi_walk_next(&w)) {
        job->width = columns ? sum_strip_width(job, &w) : 1;
        job->x_at = w.at[0];
        int64_t grain = SUM_GRAIN / (job->stretch * job->width);
        agi_parallel_for(count, grain > 1 ? grain : 1, 1,
                         columns ? sum_columns_stretches : sum_runs_stretches, job);
        join_stretches(job, count, w.at[1]);
    }
}

/* How long a stretch is to be: a power of two of blocks, so that there are at most MAX_STRETCHES of
 * them and each has enough to do. */
static int64_t stretch_for(int64_t m, int64_t width)
{
    int64_t stretch = BLOCK;
    while (stretch * width < SUM_GRAIN || stretch * MAX_STRETCHES < m)
        stretch *= 2;
    return stretch;
}

static void run_sum(sum_job *job, bool columns)
{
    agi_range_fn range = columns ? sum_columns_range : sum_runs_range;
    int64_t width = columns ? job->strip : 1;
    bool repeats = !columns && is_repeated(&job->reduced);
    if (job->results * (repeats ? 1 : job->m) < SUM_SHARED_MIN) {
        range(job, 0, job->units, 0);
        return;
    }
    void *token = agi_blocking_enter();
    job->stretch = stretch_for(job->m, width);
    if (job->m >= 4 * job->stretch && job->units < 4 * (int64_t)agi_parallel_width()) {
        run_stretches(job, columns);
    } else {
        int64_t grain = SUM_GRAIN / (job->m * width);
        agi_parallel_for(job->units, grain > 1 ? grain : 1, 1, range, job);
    }
    agi_blocking_leave(token);
}

/* ---- choosing ------------------------------------------------------------------------------- */

/* Orders the kept dimensions so that the densest of x comes last; those of stride 0 come first. */
static void sort_kept(int ndim, int64_t *shape, int64_t strides[2][AGI_MAX_DIMS])
{
    for (int d = 1; d < ndim; d++) {
        for (int at = d; at > 0; at--) {
            int64_t a = strides[0][at - 1], b = strides[0][at], size = shape[at];
            if (a == 0 || (b != 0 && b <= a))
                break;
            int64_t z = strides[1][at];
            shape[at] = shape[at - 1];
            strides[0][at] = a;
            strides[1][at] = strides[1][at - 1];
            shape[at - 1] = size;
            strides[0][at - 1] = b;
            strides[1][at - 1] = z;
        }
    }
}

/* Splits the dimensions into those of the job's two walks. */
static void split_dims(sum_job *job, int ndim, const int64_t *shape, const int64_t *strides,
                       uint64_t mask)
{
    agi_walk *kept = &job->kept, *reduced = &job->reduced;
    int64_t z_stride = 1;
    int k = 0, r = 0;
    for (int d = 0; d < ndim; d++) {
        agi_walk *w = mask >> d & 1 ? reduced : kept;
        int at = mask >> d & 1 ? r++ : k++;
        w->shape[at] = shape[d];
        w->strides[0][at] = strides[d];
    }
    for (int d = k - 1; d >= 0; d--) {
        kept->strides[1][d] = z_stride;
        z_stride *= kept->shape[d];
    }
    reduced->count = 1;
    reduced->ndim = agi_shape_collapse(r, reduced->shape, 1, reduced->strides);
    kept->count = 2;
    k = agi_shape_collapse(k, kept->shape, 2, kept->strides);
    sort_kept(k, kept->shape, kept->strides);
    kept->ndim = agi_shape_collapse(k, kept->shape, 2, kept->strides);
}

/* Whether to sum strips of neighbouring results: a kept dimension lies denser than the reduced
 * elements do, in their order. */
static bool prefers_columns(const sum_job *job)
{
    const int last = job->reduced.ndim - 1;
    int64_t kept = job->kept.strides[0][job->kept.ndim - 1];
    int64_t step = job->reduced.strides[0][last];
    int64_t width = job->kept.shape[job->kept.ndim - 1];
    if (kept == 0 || width == 1)
        return false;
    if (is_repeated(&job->reduced) && job->m > 1)
        return false;
    if (step == 1 && (job->reduced.shape[last] >= 8 || width <= 4))
        return false;
    return kept == 1 || step == 0 || kept < step || step == 1;
}

/* Makes the walk's last dimension count strips. */
static void cut_strips(sum_job *job)
{
    agi_walk *w = &job->kept;
    int last = w->ndim - 1, depth = 2;
    for (int64_t blocks = job->m / BLOCK; blocks > 0; blocks >>= 1)
        depth++;
    job->cols = w->shape[last];
    job->x_col = w->strides[0][last];
    job->z_col = w->strides[1][last];
    int64_t strip = job->x_col == 1 ? STRIP : STRIP_GATHERED;
    if (strip * depth > STRIP_NODES)
        strip = STRIP_NODES / depth;
    job->strip = job->cols < strip ? job->cols : strip;
    w->shape[last] = (job->cols + job->strip - 1) / job->strip;
    w->strides[0][last] *= job->strip;
    w->strides[1][last] *= job->strip;
}

void agi_sum_into(double *z, const double *x, int ndim, const int64_t *shape,
                  const int64_t *strides, uint64_t mask)
{
    sum_job job;
    job.m = job.results = job.units = 1;
    for (int d = 0; d < ndim; d++)
        *(mask >> d & 1 ? &job.m : &job.results) *= shape[d];
    if (job.results == 0)
        return;
    if (job.m == 0) {
        agi_fill_run(z, job.results, 0.0);
        return;
    }
    job.z = z;
    job.x = x;
    job.z_col = 1;
    split_dims(&job, ndim, shape, strides, mask);
    bool columns = prefers_columns(&job);
    if (columns)
        cut_strips(&job);
    for (int d = 0; d < job.kept.ndim; d++)
        job.units *= job.kept.shape[d];
    run_sum(&job, columns);
}

#undef BLOCK
#undef LANES
#undef GROUPS
#undef STRIP
#undef NARROW
