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

/* The 16 rows of a column's lanes end with its block. Of those that begin in one call and end in
 * the next only the second part is marked: the first was in the last eighth of its call, whose
 * lanes are kept for the next as they are. */
void agi_slide_open(agi_slide *slide, const int64_t *first)
{
    uint8_t takes[LANES + BLOCK] = {0};
    for (int k = 0; k < COLUMNS; k++) {
        const int64_t end = (first[k] + BLOCK - 1) % BLOCK + 1;
        for (int l = 0; l < LANES; l++)
            takes[end + l] |= (uint8_t)(1 << k);
    }
    memcpy(slide->takes, takes + LANES, BLOCK);
}

#define VECTOR_BASE double __attribute__((vector_size(16), aligned(8), may_alias))
typedef VECTOR_BASE two_columns;
typedef int64_t two_flags __attribute__((vector_size(16)));

AGI_STAMPED two_columns two_of(const double *x) { return *(const two_columns *)x; }
AGI_STAMPED void put_two(double *z, two_columns x) { *(two_columns *)z = x; }
AGI_STAMPED two_columns sum_of_two(two_columns a, two_columns b) { return a + b; }
AGI_STAMPED two_columns choose_two(two_columns out, const uint8_t *takes, int column,
                                   two_columns a, two_columns b)
{
    const two_flags flags = {-(int64_t)(*takes >> column & 1),
                             -(int64_t)(*takes >> column >> 1 & 1)};
    return (two_columns)((flags & (two_flags)(a + b)) | (~flags & (two_flags)out));
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
AGI_TARGET_AVX2 AGI_STAMPED __m256d choose_four(__m256d out, const uint8_t *takes, int column,
                                                __m256d a, __m256d b)
{
    return _mm256_blendv_pd(out, _mm256_add_pd(a, b),
                            _mm256_load_pd((const double *)four_flags[*takes >> column & 15]));
}

AGI_TARGET_AVX512 AGI_STAMPED __m512d eight_of(const double *x) { return _mm512_loadu_pd(x); }
AGI_TARGET_AVX512 AGI_STAMPED void put_eight(double *z, __m512d x) { _mm512_storeu_pd(z, x); }
AGI_TARGET_AVX512 AGI_STAMPED __m512d sum_of_eight(__m512d a, __m512d b)
{
    return _mm512_add_pd(a, b);
}
AGI_TARGET_AVX512 AGI_STAMPED __m512d choose_eight(__m512d out, const uint8_t *takes, int column,
                                                   __m512d a, __m512d b)
{
    (void)column;
    return _mm512_mask_add_pd(out, _load_mask8((__mmask8 *)takes), a, b);
}
#endif

/* Row j of a slot: `two` and `four` are what p and its lane are added to, and what the rows behind
 * find there. */
#define STEP(width, j, two, four) \
    { \
        __builtin_prefetch(soon + (j) * far); \
        p = width##_of(at + (j) * far); \
        q = sum_of_##width(x, p); \
        x = p; \
        p = sum_of_##width(two, q); \
        two = q; \
        out = choose_##width(out, takes + (j) * LANES, column, four, p); \
        last = four, four = p; \
    }
#define SLIDE_STAMP(TARGET, level, width, VECTOR, WIDTH) \
    TARGET static void slide_block_##level(agi_slide *slide, double *sums, const double *x0, \
                                           int64_t step, const double *ahead) \
    { \
        const int64_t far = LANES * step; \
        for (int column = 0; column < COLUMNS; column += WIDTH) { \
            VECTOR lane[LANES]; \
            const double *at = x0 + column, *soon = ahead; \
            for (int slot = 0; slot < LANES; slot++, at += step, soon += step) { \
                const uint8_t *takes = slide->takes + slot; \
                double(*w)[COLUMNS] = slide->window[slot]; \
                VECTOR x = width##_of(w[0] + column), p, q, last; \
                VECTOR p0 = width##_of(w[1] + column), p1 = width##_of(w[2] + column); \
                VECTOR q0 = width##_of(w[3] + column), q1 = width##_of(w[4] + column); \
                VECTOR q2 = width##_of(w[5] + column), q3 = width##_of(w[6] + column); \
                VECTOR out = width##_of(w[7] + column); \
                STEP(width, 0, p0, q0) STEP(width, 1, p1, q1) \
                STEP(width, 2, p0, q2) STEP(width, 3, p1, q3) \
                STEP(width, 4, p0, q0) STEP(width, 5, p1, q1) \
                STEP(width, 6, p0, q2) STEP(width, 7, p1, q3) \
                put_##width(w[0] + column, x); \
                put_##width(w[1] + column, p0); \
                put_##width(w[2] + column, p1); \
                put_##width(w[3] + column, q0); \
                put_##width(w[4] + column, q1); \
                put_##width(w[5] + column, q2); \
                put_##width(w[6] + column, q3); \
                put_##width(w[7] + column, sum_of_##width(last, p)); \
                lane[slot] = out; \
            } \
            for (int half = LANES / 2; half > 0; half /= 2) \
                for (int l = 0; l < half; l++) \
                    lane[l] = sum_of_##width(lane[l], lane[l + half]); \
            put_##width(sums + column, lane[0]); \
        } \
    }
SLIDE_STAMP(AGI_TARGET_BASE, base, two, two_columns, 2)
#if AGI_X86
SLIDE_STAMP(AGI_TARGET_AVX2, avx2, four, __m256d, 4)
SLIDE_STAMP(AGI_TARGET_AVX512, avx512, eight, __m512d, 8)
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
#undef STEP
