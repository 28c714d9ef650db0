/* SPDX-License-Identifier: MIT
 *
 * The tree of sum.h over contiguous numbers, and over rows of them, for each CPU level.
 */
#include "sum.h"

#include <string.h>

#include "../base/caches.h"
#include "kernel.h"

#if AGI_X86
#include <immintrin.h>
#endif

#define BLOCK AGI_SUM_BLOCK
#define LANES AGI_SUM_LANES
#define GROUPS (BLOCK / LANES)

/* How far ahead a run asks for its memory, in elements: 1e7 took 0.24 ns an element without, 0.17,
 * 0.16, 0.15, 0.15, 0.16 with 256, 512, 1024, 2048, 4096. Runs that fit the last cache are left to
 * the processor: 1e6 take 85 us, and 102 if they ask. */
#define SUM_AHEAD 1024
#define SUM_FAR (agi_caches.last / (int64_t)sizeof(double))

static const double sum_zeros[AGI_SUM_STRIP];

/* Eight doubles, whatever the machine's own width: the compiler cuts them up. */
typedef double sum_vec __attribute__((vector_size(64), aligned(8), may_alias));

#define SUM_LOW(p) (*(sum_vec *)(p))
#define SUM_HIGH(p) (*(sum_vec *)((p) + 8))
#define SUM_FOLD(s) (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])))

/* Of eight groups of LANES numbers, group k at x + k * LANES: what is to be folded. */
AGI_STAMPED void sum_half_block(sum_vec *s, const double *x)
{
#define SUM_TREE(HALF) \
    (((HALF(x) + HALF(x + 16)) + (HALF(x + 32) + HALF(x + 48))) + \
     ((HALF(x + 64) + HALF(x + 80)) + (HALF(x + 96) + HALF(x + 112))))
    *s = SUM_TREE(SUM_LOW) + SUM_TREE(SUM_HIGH);
#undef SUM_TREE
}

AGI_STAMPED double sum_block(const double *x)
{
    sum_vec s;
    sum_half_block(&s, x);
    return SUM_FOLD(s);
}

#if defined(__clang__) || __GNUC__ >= 12
#define SUM_PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int64_t sum_places __attribute__((vector_size(64)));
#define SUM_PICK(a, b, ...) __builtin_shuffle(a, b, (sum_places){__VA_ARGS__})
#endif
#define SUM_OF_HALVES(a, b) \
    (SUM_PICK(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + SUM_PICK(a, b, 4, 5, 6, 7, 12, 13, 14, 15))
#define SUM_OF_QUARTERS(a, b) \
    (SUM_PICK(a, b, 0, 1, 4, 5, 8, 9, 12, 13) + SUM_PICK(a, b, 2, 3, 6, 7, 10, 11, 14, 15))
#define SUM_OF_EIGHTHS(a, b) \
    (SUM_PICK(a, b, 0, 8, 2, 10, 4, 12, 6, 14) + SUM_PICK(a, b, 1, 9, 3, 11, 5, 13, 7, 15))

/* The folds of eight, side by side: as many additions as one has. */
AGI_STAMPED double sum_eight_folds(const sum_vec *v)
{
    const sum_vec h0 = SUM_OF_HALVES(v[0], v[1]), h1 = SUM_OF_HALVES(v[2], v[3]);
    const sum_vec h2 = SUM_OF_HALVES(v[4], v[5]), h3 = SUM_OF_HALVES(v[6], v[7]);
    const sum_vec q0 = SUM_OF_QUARTERS(h0, h1), q1 = SUM_OF_QUARTERS(h2, h3);
    const sum_vec s = SUM_OF_EIGHTHS(q0, q1);  /* of blocks 0 4 1 5 2 6 3 7 */
    return ((s[0] + s[2]) + (s[4] + s[6])) + ((s[1] + s[3]) + (s[5] + s[7]));
}
#undef SUM_PICK
#undef SUM_OF_HALVES
#undef SUM_OF_QUARTERS
#undef SUM_OF_EIGHTHS

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

/* The others of the group, the first n 0: what is before x + n is not read. */
AGI_STAMPED sum_group sum_others_base(const double *x, int64_t n)
{
    double part[LANES] = {0.0};
    for (int64_t i = n; i < LANES; i++)
        part[i] = x[i];
    return (sum_group){SUM_LOW(part), SUM_HIGH(part)};
}

#if AGI_X86
/* LANES times all ones, with none before and behind. */
#define ONES -1, -1, -1, -1, -1, -1, -1, -1
static const int64_t sum_masks[3 * LANES] = {[LANES] = ONES, ONES};
#undef ONES

AGI_TARGET_AVX2 AGI_STAMPED sum_group sum_masked_avx2(const double *x, const int64_t *mask)
{
    sum_group part;
    __m256d four[4];
    for (int k = 0; k < 4; k++)
        four[k] = _mm256_maskload_pd(x + 4 * k,
                                     _mm256_loadu_si256((const __m256i_u *)(mask + 4 * k)));
    memcpy(&part.low, four, sizeof part.low);
    memcpy(&part.high, four + 2, sizeof part.high);
    return part;
}

AGI_TARGET_AVX2 AGI_STAMPED sum_group sum_part_avx2(const double *x, int64_t n)
{
    return sum_masked_avx2(x, sum_masks + 2 * LANES - n);
}

AGI_TARGET_AVX2 AGI_STAMPED sum_group sum_others_avx2(const double *x, int64_t n)
{
    return sum_masked_avx2(x, sum_masks + LANES - n);
}

AGI_TARGET_AVX512 AGI_STAMPED sum_group sum_masked_avx512(const double *x, unsigned mask)
{
    return (sum_group){(sum_vec)_mm512_maskz_loadu_pd((__mmask8)mask, x),
                       (sum_vec)_mm512_maskz_loadu_pd((__mmask8)(mask >> 8), x + 8)};
}

AGI_TARGET_AVX512 AGI_STAMPED sum_group sum_part_avx512(const double *x, int64_t n)
{
    return sum_masked_avx512(x, (1u << n) - 1);
}

AGI_TARGET_AVX512 AGI_STAMPED sum_group sum_others_avx512(const double *x, int64_t n)
{
    return sum_masked_avx512(x, ~((1u << n) - 1));
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
AGI_STAMPED double sum_blocks(const double *x, int64_t n, sum_part part)
{
    double s[8] = {0.0};
    int k = 0;
    for (; n >= BLOCK; n -= BLOCK, x += BLOCK)
        s[k++] = sum_block(x);
    if (n > 0)
        s[k] = sum_tail(x, n, part);
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

AGI_STAMPED double sum_eight_blocks(const double *x, bool far)
{
    sum_vec v[8];
    for (int k = 0; k < 8; k++, x += BLOCK) {
        for (int line = 0; far && line < BLOCK; line += 8)
            __builtin_prefetch(x + SUM_AHEAD + line);
        sum_half_block(&v[k], x);
    }
    return sum_eight_folds(v);
}

AGI_STAMPED double sum_run_body(const double *x, int64_t n, sum_part part)
{
    agi_sum_tree tree;
    agi_sum_tree_clear(&tree);
    if (n < BLOCK)
        return sum_tail(x, n, part);
    const bool far = n >= SUM_FAR;
    for (; n >= 8 * BLOCK; n -= 8 * BLOCK, x += 8 * BLOCK)
        agi_sum_tree_put(&tree, sum_eight_blocks(x, far));
    if (n > 0)
        agi_sum_tree_put(&tree, sum_blocks(x, n, part));
    return agi_sum_tree_total(&tree);
}

/* z = a block whose first `head` numbers are at x and the others at rest: by whole groups, and by
 * masks the group of which some lie here and some there. */
AGI_STAMPED void sum_join_body(double *z, const double *x, int64_t head, const double *rest,
                               sum_part part, sum_part others)
{
    const int64_t whole = head / LANES, some = head % LANES;
    const sum_group here = part(x + whole * LANES, some);
    rest -= head;
    const sum_group there = others(rest + whole * LANES, some);
    for (int64_t at = 0; at < whole * LANES; at += LANES)
        memcpy(z + at, x + at, LANES * sizeof(double));
    SUM_LOW(z + whole * LANES) = here.low + there.low;
    SUM_HIGH(z + whole * LANES) = here.high + there.high;
    for (int64_t at = (whole + 1) * LANES; at < BLOCK; at += LANES)
        memcpy(z + at, rest + at, LANES * sizeof(double));
}

/* Up to eight blocks, each in a place of its own. */
AGI_STAMPED double sum_blocks_apart_body(const double *const *block, int count)
{
    double s[8] = {0.0};
    if (AGI_LIKELY(count == 8)) {
        sum_vec v[8];
        for (int k = 0; k < 8; k++)
            sum_half_block(&v[k], block[k]);
        return sum_eight_folds(v);
    }
    for (int k = 0; k < count; k++)
        s[k] = sum_block(block[k]);
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
    agi_sum_tree_clear(&tree);
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

/* `count` runs of n numbers, `step` apart, into z, `z_step` apart.
 * `run` is sum_run of the level. */
AGI_STAMPED void sum_runs_body(double *z, int64_t z_step, const double *x, int64_t step,
                              int64_t count, int64_t n,
                              double (*run)(const double *x, int64_t n))
{
    if (n == BLOCK) {
        for (int64_t i = 0; i < count; i++, z += z_step, x += step)
            *z = sum_block(x) + 0.0;
        return;
    }
    for (int64_t i = 0; i < count; i++, z += z_step, x += step)
        *z = (n <= 8 ? sum_few(x, n) : run(x, n)) + 0.0;
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
    TARGET static void sum_join_##level(double *z, const double *x, int64_t head, \
                                        const double *rest) \
    { \
        sum_join_body(z, x, head, rest, sum_part_##level, sum_others_##level); \
    } \
    TARGET static double sum_blocks_apart_##level(const double *const *block, int count) \
    { \
        return sum_blocks_apart_body(block, count); \
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
        sum_runs_body(z, z_step, x, step, count, n, sum_run_##level); \
    }

typedef struct sum_kernels {
    double (*run)(const double *x, int64_t n);
    void (*join)(double *z, const double *x, int64_t head, const double *rest);
    double (*blocks_apart)(const double *const *block, int count);
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

#define SUM_KERNELS(level) \
    {sum_run_##level, sum_join_##level, sum_blocks_apart_##level, \
     sum_pairs_##level, sum_rows_##level, sum_runs_##level}
static const sum_kernels sum_table[AGI_LEVELS] = {
    SUM_KERNELS(base),
#if AGI_X86
    SUM_KERNELS(avx2),
    SUM_KERNELS(avx512),
#endif
};
#undef SUM_KERNELS

double agi_sum_run(const double *x, int64_t n) { return sum_table[agi_level_now].run(x, n); }

void agi_sum_runs(double *z, int64_t z_step, const double *x, int64_t step, int64_t count,
                  int64_t n)
{
    sum_table[agi_level_now].runs(z, z_step, x, step, count, n);
}

void agi_sum_join(double *z, const double *x, int64_t head, const double *rest)
{
    sum_table[agi_level_now].join(z, x, head, rest);
}

double agi_sum_blocks_apart(const double *const *block, int count)
{
    return sum_table[agi_level_now].blocks_apart(block, count);
}

double agi_sum_pairs(const double *sums, int64_t n)
{
    return sum_table[agi_level_now].pairs(sums, n);
}

void agi_sum_rows(double *z, const double *const *p, int count, int64_t n)
{
    sum_table[agi_level_now].rows(z, p, count, n);
}

/* ---- columns -------------------------------------------------------------------------------- */

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
    agi_sum_rows(z, order, width, n);
}

void agi_sum_rows_block(double *z, const double *const *row, int rows, int64_t n)
{
    double lanes[LANES * AGI_SUM_STRIP] __attribute__((aligned(64)));
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
        agi_sum_rows(to, group, groups, n);
        lane[l] = to;
    }
    fold_lanes(z, lane, LANES, n);
}

#undef BLOCK
#undef LANES
#undef GROUPS
