/* SPDX-License-Identifier: MIT
 *
 * The sliding trees of sum_slide.h, for each CPU level.
 */
#include "sum_slide.h"

#include <string.h>

#include "../base/levels.h"

#if AGI_X86
#include <immintrin.h>
#endif

#define BLOCK AGI_SUM_BLOCK
#define LANES AGI_SUM_LANES
#define COLUMNS AGI_SLIDE_COLUMNS

/* Which of its neighbours a group of slot l is added to depends on how many groups, d of 0 to 8,
 * lie before the column's block: the three bits of 8 - d say so of numbers, pairs and fours. Slots
 * below that in which the block begins have one group more. A block that begins in the first group
 * of a call, but not in slot 0, ends in two calls, and its first lanes were made in the first. */
void agi_slide_open(agi_slide *slide, const int64_t *first)
{
    static const uint8_t edge[2 * LANES] = {255, 255, 255, 255, 255, 255, 255, 255,
                                            255, 255, 255, 255, 255, 255, 255, 255};
    const uint64_t ones = 0x0101010101010101u;
    uint64_t planes[4][2] = {{0}};
    for (int k = 0; k < COLUMNS; k++) {
        const unsigned groups = (unsigned)first[k] / LANES, slot = (unsigned)first[k] % LANES;
        const unsigned late = groups == 0 && slot > 0;
        const unsigned above = ((8 - groups) & 7) | late << 3, change = above ^ (7 - groups);
        uint64_t below[2];
        memcpy(below, edge + LANES - slot, sizeof below);
        for (int p = 0; p < 4; p++) {
            const uint64_t all = ones * ((above >> p & 1) << k);
            const uint64_t some = ones * ((change >> p & 1) << k);
            planes[p][0] |= all ^ (below[0] & some);
            planes[p][1] |= all ^ (below[1] & some);
        }
    }
    memcpy(slide->flags, planes, sizeof planes);
}

#define VECTOR_BASE double __attribute__((vector_size(16), aligned(8), may_alias))
typedef VECTOR_BASE two_columns;
typedef int64_t two_flags __attribute__((vector_size(16)));

AGI_STAMPED two_columns two_of(const double *x) { return *(const two_columns *)x; }
AGI_STAMPED void put_two(double *z, two_columns x) { *(two_columns *)z = x; }
AGI_STAMPED two_columns sum_of_two(two_columns a, two_columns b) { return a + b; }
AGI_STAMPED two_flags flags_of_two(uint8_t flags, int column)
{
    return (two_flags){-(int64_t)(flags >> column & 1), -(int64_t)(flags >> column >> 1 & 1)};
}
AGI_STAMPED two_columns choose_two(two_flags flags, two_columns no, two_columns yes)
{
    return (two_columns)((flags & (two_flags)yes) | (~flags & (two_flags)no));
}

#if AGI_X86
static const int64_t four_flags[16][4] __attribute__((aligned(32))) = {
#define FLAGS(k) {-(k & 1), -(k >> 1 & 1), -(k >> 2 & 1), -(k >> 3 & 1)}
    FLAGS(0), FLAGS(1), FLAGS(2), FLAGS(3), FLAGS(4), FLAGS(5), FLAGS(6), FLAGS(7),
    FLAGS(8), FLAGS(9), FLAGS(10), FLAGS(11), FLAGS(12), FLAGS(13), FLAGS(14), FLAGS(15),
#undef FLAGS
};
AGI_TARGET_AVX2 AGI_STAMPED __m256d four_of(const double *x) { return _mm256_loadu_pd(x); }
AGI_TARGET_AVX2 AGI_STAMPED void put_four(double *z, __m256d x) { _mm256_storeu_pd(z, x); }
AGI_TARGET_AVX2 AGI_STAMPED __m256d sum_of_four(__m256d a, __m256d b)
{
    return _mm256_add_pd(a, b);
}
AGI_TARGET_AVX2 AGI_STAMPED __m256d flags_of_four(uint8_t flags, int column)
{
    return _mm256_load_pd((const double *)four_flags[flags >> column & 15]);
}
AGI_TARGET_AVX2 AGI_STAMPED __m256d choose_four(__m256d flags, __m256d no, __m256d yes)
{
    return _mm256_blendv_pd(no, yes, flags);
}

AGI_TARGET_AVX512 AGI_STAMPED __m512d eight_of(const double *x) { return _mm512_loadu_pd(x); }
AGI_TARGET_AVX512 AGI_STAMPED void put_eight(double *z, __m512d x) { _mm512_storeu_pd(z, x); }
AGI_TARGET_AVX512 AGI_STAMPED __m512d sum_of_eight(__m512d a, __m512d b)
{
    return _mm512_add_pd(a, b);
}
AGI_TARGET_AVX512 AGI_STAMPED __mmask8 flags_of_eight(uint8_t flags, int column)
{
    (void)column;
    return _cvtu32_mask8(flags);
}
AGI_TARGET_AVX512 AGI_STAMPED __m512d choose_eight(__mmask8 flags, __m512d no, __m512d yes)
{
    return _mm512_mask_blend_pd(flags, no, yes);
}
#endif

#define LOAD(width, k) width##_of(at + (k) * far)
/* `self` and one of its neighbours. */
#define JOIN(width, flags, self, after, before) \
    sum_of_##width(self, choose_##width(flags, after, before))
#define SLIDE_STAMP(TARGET, level, width, VECTOR, FLAGS, WIDTH) \
    TARGET static void slide_block_##level(agi_slide *slide, double *sums, const double *x, \
                                           int64_t step, const double *ahead) \
    { \
        const int64_t far = LANES * step; \
        for (int column = 0; column < COLUMNS; column += WIDTH) { \
            VECTOR lane[LANES]; \
            const double *at = x + column, *soon = ahead; \
            for (int slot = 0; slot < LANES; slot++, at += step, soon += step) { \
                double(*w)[COLUMNS] = slide->window[slot]; \
                const FLAGS f0 = flags_of_##width(slide->flags[0][slot], column); \
                const FLAGS f1 = flags_of_##width(slide->flags[1][slot], column); \
                const FLAGS f2 = flags_of_##width(slide->flags[2][slot], column); \
                const FLAGS f3 = flags_of_##width(slide->flags[3][slot], column); \
                const VECTOR last = width##_of(w[0] + column); \
                const VECTOR last_pair = width##_of(w[1] + column); \
                const VECTOR last_four = width##_of(w[2] + column); \
                const VECTOR last_lane = width##_of(w[3] + column); \
                for (int k = 0; column == 0 && ahead != NULL && k < BLOCK / LANES; k++) \
                    __builtin_prefetch(soon + k * far); \
                const VECTOR x1 = LOAD(width, 1), x3 = LOAD(width, 3); \
                const VECTOR x5 = LOAD(width, 5), x7 = LOAD(width, 7); \
                const VECTOR p0 = JOIN(width, f0, LOAD(width, 0), x1, last); \
                const VECTOR p1 = JOIN(width, f0, LOAD(width, 2), x3, x1); \
                const VECTOR p2 = JOIN(width, f0, LOAD(width, 4), x5, x3); \
                const VECTOR p3 = JOIN(width, f0, LOAD(width, 6), x7, x5); \
                const VECTOR q0 = JOIN(width, f1, p0, p1, last_pair); \
                const VECTOR q1 = JOIN(width, f1, p2, p3, p1); \
                const VECTOR all = JOIN(width, f2, q0, q1, last_four); \
                lane[slot] = choose_##width(f3, all, last_lane); \
                put_##width(w[0] + column, x7); \
                put_##width(w[1] + column, p3); \
                put_##width(w[2] + column, q1); \
                put_##width(w[3] + column, all); \
            } \
            for (int half = LANES / 2; half > 0; half /= 2) \
                for (int l = 0; l < half; l++) \
                    lane[l] = sum_of_##width(lane[l], lane[l + half]); \
            put_##width(sums + column, lane[0]); \
        } \
    }
SLIDE_STAMP(AGI_TARGET_BASE, base, two, two_columns, two_flags, 2)
#if AGI_X86
SLIDE_STAMP(AGI_TARGET_AVX2, avx2, four, __m256d, __m256d, 4)
SLIDE_STAMP(AGI_TARGET_AVX512, avx512, eight, __m512d, __mmask8, 8)
static void (*const slide_table[AGI_LEVELS])(agi_slide *, double *, const double *, int64_t,
                                             const double *) = {
    slide_block_base, slide_block_avx2, slide_block_avx512};
#else
static void (*const slide_table[AGI_LEVELS])(agi_slide *, double *, const double *, int64_t,
                                             const double *) = {slide_block_base};
#endif

void agi_slide_block(agi_slide *slide, double *sums, const double *x, int64_t step,
                     const double *ahead)
{
    slide_table[agi_level_now](slide, sums, x, step, ahead);
}

#undef BLOCK
#undef LANES
#undef COLUMNS
#undef LOAD
#undef JOIN
