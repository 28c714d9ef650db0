/* SPDX-License-Identifier: MIT
 *
 * See softmax.h. Short rows are taken together, so that calls of vector functions are few.
 */
#include "softmax.h"

#include "../base/parallel.h"
#include "extremes.h"
#include "kernel.h"
#include "sum.h"

#define SOFTMAX_BLOCK 1024  /* numbers of short rows that are taken together */
#define SOFTMAX_PIECE 64    /* numbers between which memory is asked for */

/* Some rows, and where the memory of those that follow is asked for: as the last pass over these
 * rows goes on, which waits for no memory. NULL: nothing follows. */
typedef struct softmax_block {
    double *z;
    const double *x, *g;
    int64_t n, count;
    const double *next_x, *next_g, *next_z;
} softmax_block;

AGI_STAMPED void ask_for(const double *next, int64_t at, bool to_write)
{
    for (int line = 0; next != NULL && line < SOFTMAX_PIECE; line += 8) {
        if (to_write)
            __builtin_prefetch(next + at + line, 1, 2);
        else
            __builtin_prefetch(next + at + line, 0, 2);
    }
}

/* z[i] of row k, an expression in i, a piece at a time. */
#define LAST_PASS(expression) \
    do { \
        for (int64_t from = 0; from < n; from += SOFTMAX_PIECE) { \
            const int64_t end = n - from < SOFTMAX_PIECE ? n : from + SOFTMAX_PIECE; \
            ask_for(b->next_x, k * n + from, false); \
            ask_for(b->next_g, k * n + from, false); \
            ask_for(b->next_z, k * n + from, true); \
            AGI_INDEPENDENT \
            for (int64_t i = from; i < end; i++) \
                z[i] = (expression); \
        } \
    } while (0)

AGI_STAMPED void take_off(double *z, const double *x, double m, int64_t n)
{
    AGI_EACH(x[i] - m);
}

AGI_STAMPED void softmax_products(double *z, const double *x, const double *y, int64_t n)
{
    AGI_EACH(x[i] == 0.0 ? x[i] : x[i] * y[i]);
}

AGI_STAMPED void softmax_forward(const softmax_block *b)
{
    double sums[SOFTMAX_BLOCK], *z = b->z;
    const double *x = b->x;
    const int64_t n = b->n;
    for (int64_t k = 0; k < b->count; k++)
        take_off(z + k * n, x + k * n, agi_extreme_of_run(x + k * n, n, false), n);
    agi_mvec.exp(z, z, b->count * n);
    agi_sum_runs(sums, 1, z, n, b->count, n);
    for (int64_t k = 0; k < b->count; k++, z += n) {
        const double s = sums[k];
        LAST_PASS(z[i] / s);
    }
}

AGI_STAMPED void log_softmax_forward(const softmax_block *b)
{
    double sums[SOFTMAX_BLOCK], largest[SOFTMAX_BLOCK], *z = b->z;
    const double *x = b->x;
    const int64_t n = b->n;
    for (int64_t k = 0; k < b->count; k++) {
        largest[k] = agi_extreme_of_run(x + k * n, n, false);
        take_off(z + k * n, x + k * n, largest[k], n);
    }
    agi_mvec.exp(z, z, b->count * n);
    agi_sum_runs(sums, 1, z, n, b->count, n);
    agi_mvec.log(sums, sums, b->count);
    for (int64_t k = 0; k < b->count; k++, z += n, x += n) {
        const double m = largest[k], l = sums[k];
        LAST_PASS((x[i] - m) - l);
    }
}

AGI_STAMPED void softmax_vjp(const softmax_block *b)
{
    double sums[SOFTMAX_BLOCK], *z = b->z;
    const double *y = b->x, *g = b->g;
    const int64_t n = b->n;
    softmax_products(z, g, y, b->count * n);
    agi_sum_runs(sums, 1, z, n, b->count, n);
    for (int64_t k = 0; k < b->count; k++, z += n, g += n, y += n) {
        const double s = sums[k];
        LAST_PASS(g[i] == s ? 0.0 : y[i] * (g[i] - s));
    }
}

AGI_STAMPED void log_softmax_vjp(const softmax_block *b)
{
    double sums[SOFTMAX_BLOCK], *z = b->z;
    const double *g = b->g;
    const int64_t n = b->n;
    agi_sum_runs(sums, 1, g, n, b->count, n);
    agi_mvec.exp(z, b->x, b->count * n);
    for (int64_t k = 0; k < b->count; k++, z += n, g += n) {
        const double s = sums[k];
        LAST_PASS(g[i] - (s == 0.0 ? s : s * z[i]));
    }
}

/* ---- rows across memory, few numbers in all: each pass goes over all as they lie ------------- */

/* z[i] of all numbers, an expression in i and in `row`, the place of what there is one of a row. */
#define EACH_ACROSS(expression) \
    do { \
        for (int64_t line = 0, k = 0; line < all; line += step, k++) { \
            const int64_t before = k / n * step - line; \
            AGI_INDEPENDENT \
            for (int64_t i = line; i < line + step; i++) { \
                const int64_t row = before + i; \
                z[i] = (expression); \
            } \
        } \
    } while (0)

AGI_STAMPED void softmax_across(const agi_softmax_rows *rows)
{
    double largest[AGI_SOFTMAX_FEW], sums[AGI_SOFTMAX_FEW], *z = rows->z;
    const double *x = rows->x, *g = rows->g;
    const int64_t n = rows->n, step = rows->step, all = rows->count * n;
    const int64_t shape[3] = {rows->count / step, n, step}, strides[3] = {n * step, step, 1};
    if (g == NULL) {
        agi_extremes_into(largest, x, 3, shape, strides, 2, false);
        EACH_ACROSS(x[i] - largest[row]);
        agi_mvec.exp(z, z, all);
        agi_sum_into(sums, z, 3, shape, strides, 2);
        if (rows->log) {
            agi_mvec.log(sums, sums, rows->count);
            EACH_ACROSS((x[i] - largest[row]) - sums[row]);
        } else {
            EACH_ACROSS(z[i] / sums[row]);
        }
    } else if (rows->log) {
        agi_sum_into(sums, g, 3, shape, strides, 2);
        agi_mvec.exp(z, x, all);
        EACH_ACROSS(g[i] - (sums[row] == 0.0 ? sums[row] : sums[row] * z[i]));
    } else {
        softmax_products(z, g, x, all);
        agi_sum_into(sums, z, 3, shape, strides, 2);
        EACH_ACROSS(g[i] == sums[row] ? 0.0 : x[i] * (g[i] - sums[row]));
    }
}
#undef EACH_ACROSS

/* ---- all of them ---------------------------------------------------------------------------- */

AGI_STAMPED void softmax_block_of(const softmax_block *b, bool log)
{
    if (b->g == NULL && log)
        log_softmax_forward(b);
    else if (b->g == NULL)
        softmax_forward(b);
    else if (log)
        log_softmax_vjp(b);
    else
        softmax_vjp(b);
}

AGI_STAMPED void softmax_range_body(const agi_softmax_rows *rows, int64_t begin, int64_t end)
{
    const int64_t n = rows->n, together = n < SOFTMAX_BLOCK ? SOFTMAX_BLOCK / n : 1;
    if (rows->step > 1) {
        softmax_across(rows);
        return;
    }
    for (int64_t k = begin; k < end; k += together) {
        softmax_block b = {.z = rows->z + k * n, .x = rows->x + k * n, .n = n};
        b.count = end - k < together ? end - k : together;
        if (rows->g != NULL)
            b.g = rows->g + k * n;
        if (end - k >= 2 * together) {
            b.next_x = b.x + together * n;
            b.next_z = b.z + together * n;
            b.next_g = b.g != NULL ? b.g + together * n : NULL;
        }
        softmax_block_of(&b, rows->log);
    }
}

#define SOFTMAX_STAMP(TARGET, level) \
    TARGET static void softmax_range_##level(const agi_softmax_rows *rows, int64_t begin, \
                                             int64_t end) \
    { \
        softmax_range_body(rows, begin, end); \
    }

SOFTMAX_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
SOFTMAX_STAMP(AGI_TARGET_AVX2, avx2)
SOFTMAX_STAMP(AGI_TARGET_AVX512, avx512)
#endif

static void (*const softmax_ranges[AGI_LEVELS])(const agi_softmax_rows *rows, int64_t begin,
                                                int64_t end) = {
    softmax_range_base,
#if AGI_X86
    softmax_range_avx2, softmax_range_avx512,
#endif
};

static void softmax_range(void *context, int64_t begin, int64_t end, int part)
{
    (void)part;
    softmax_ranges[agi_level_now](context, begin, end);
}

void agi_softmax_run(const agi_softmax_rows *rows)
{
    agi_softmax_rows own = *rows;
    if (rows->count * rows->n < AGI_PARALLEL_MIN) {
        softmax_range(&own, 0, rows->count, 0);
        return;
    }
    void *token = agi_blocking_enter();
    agi_parallel_for(rows->count, rows->n < 16384 ? 16384 / rows->n : 1, 1, softmax_range, &own);
    agi_blocking_leave(token);
}
