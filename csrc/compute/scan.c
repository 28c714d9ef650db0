/* SPDX-License-Identifier: MIT
 *
 * Scans by scan.h. The columns of a block are scanned together, in vectors; where the last
 * dimension is scanned a row is taken at a time, which is one column. What is scanned in reverse is
 * walked from its last row with negative steps.
 */
#include "scan.h"

#include <math.h>
#include <string.h>

#include "../base/levels.h"
#include "../base/parallel.h"
#include "../tensor/copy.h"
#include "kernel.h"

#define COLUMNS 512   /* of a block: few enough that two rows of it stay in the first cache */
#define LOG_ROWS 32   /* rows, and elements of each, that a logsumexp turns at a time */
#define LOG_PART 64

/* A block of n rows of columns: elements of each begin `row` behind those of the row before. */
typedef struct scan_block {
    double *z;
    const double *x, *a;
    double *indices;
    int64_t n, columns, row;
    bool reverse;
} scan_block;

/* ---- sums ----------------------------------------------------------------------------------- */

/* Of four elements, to which what came before them is added: */
#define SUM_1(x0) (x0)
#define SUM_2(x0, x1) ((x0) + (x1))
#define SUM_3(x0, x1, x2) (((x0) + (x1)) + (x2))
#define SUM_4(x0, x1, x2, x3) (((x0) + (x1)) + ((x2) + (x3)))

/* z[0 .. rows) of one to four rows, from the sums `before` them. */
AGI_STAMPED void sum_few_rows(double *z, const double *x, const double *before, int64_t row,
                              int64_t columns, const int rows)
{
    AGI_INDEPENDENT
    for (int64_t c = 0; c < columns; c++) {
        const double sum = before[c], x0 = x[c];
        const double x1 = rows > 1 ? x[row + c] : 0.0, x2 = rows > 2 ? x[2 * row + c] : 0.0;
        const double x3 = rows > 3 ? x[3 * row + c] : 0.0;
        z[c] = sum + SUM_1(x0);
        if (rows > 1)
            z[row + c] = sum + SUM_2(x0, x1);
        if (rows > 2)
            z[2 * row + c] = sum + SUM_3(x0, x1, x2);
        if (rows > 3)
            z[3 * row + c] = sum + SUM_4(x0, x1, x2, x3);
    }
}

AGI_STAMPED void scan_sum_body(const scan_block *b)
{
    double zeros[COLUMNS];
    const double *before = zeros;
    const int64_t row = b->row, columns = b->columns;
    double *z = b->z;
    const double *x = b->x;
    int64_t left = b->n;
    for (int64_t c = 0; c < columns; c++)
        zeros[c] = 0.0;
    for (; left >= 4; left -= 4, z += 4 * row, x += 4 * row) {
        sum_few_rows(z, x, before, row, columns, 4);
        before = z + 3 * row;
    }
    if (left == 3)
        sum_few_rows(z, x, before, row, columns, 3);
    else if (left == 2)
        sum_few_rows(z, x, before, row, columns, 2);
    else if (left == 1)
        sum_few_rows(z, x, before, row, columns, 1);
}

/* One column whose elements lie `step` apart. */
AGI_STAMPED void sum_line(double *z, const double *x, int64_t n, const int64_t step)
{
    double sum = 0.0;
    for (; n >= 4; n -= 4, z += 4 * step, x += 4 * step) {
        const double x0 = x[0], x1 = x[step], x2 = x[2 * step], x3 = x[3 * step];
        z[0] = sum + SUM_1(x0);
        z[step] = sum + SUM_2(x0, x1);
        z[2 * step] = sum + SUM_3(x0, x1, x2);
        sum += SUM_4(x0, x1, x2, x3);
        z[3 * step] = sum;
    }
    const double x0 = n > 0 ? x[0] : 0.0, x1 = n > 1 ? x[step] : 0.0;
    const double x2 = n > 2 ? x[2 * step] : 0.0;
    if (n > 0)
        z[0] = sum + SUM_1(x0);
    if (n > 1)
        z[step] = sum + SUM_2(x0, x1);
    if (n > 2)
        z[2 * step] = sum + SUM_3(x0, x1, x2);
}

static void scan_sum_line(const scan_block *b)
{
    if (b->row == 1)
        sum_line(b->z, b->x, b->n, 1);
    else
        sum_line(b->z, b->x, b->n, b->row);
}

/* ---- whole sums and products: one element at a time ------------------------------------------ */

#define ONE_BY_ONE(name, first, expression) \
    AGI_STAMPED void scan_##name##_body(const scan_block *b) \
    { \
        const int64_t row = b->row, columns = b->columns; \
        double start[COLUMNS]; \
        const double *before = start; \
        for (int64_t c = 0; c < columns; c++) \
            start[c] = first; \
        for (int64_t j = 0; j < b->n; j++) { \
            double *z = b->z + j * row; \
            const double *x = b->x + j * row; \
            AGI_INDEPENDENT \
            for (int64_t c = 0; c < columns; c++) { \
                const double so_far = before[c], next = x[c]; \
                z[c] = expression; \
            } \
            before = z; \
        } \
    } \
    static void scan_##name##_line(const scan_block *b) \
    { \
        const int64_t row = b->row; \
        double so_far = first; \
        for (int64_t j = 0; j < b->n; j++) { \
            const double next = b->x[j * row]; \
            so_far = expression; \
            b->z[j * row] = so_far; \
        } \
    }

ONE_BY_ONE(whole, 0.0, so_far + next)
ONE_BY_ONE(product, 1.0, so_far * next)

/* ---- linear: z = b + a z -------------------------------------------------------------------- */

/* The factor between two neighbours is the one of the later of them in memory order. */
AGI_STAMPED double linear_of(double a, double b, double before)
{
    return b + (((before == 0.0) | (a == 0.0)) ? 0.0 : a * before);
}

AGI_STAMPED void scan_linear_body(const scan_block *b)
{
    const int64_t row = b->row, columns = b->columns;
    for (int64_t c = 0; c < columns && b->n > 0; c++)
        b->z[c] = b->x[c];
    for (int64_t j = 1; j < b->n; j++) {
        double *z = b->z + j * row;
        const double *x = b->x + j * row, *a = b->a + (b->reverse ? j - 1 : j) * row;
        const double *before = z - row;
        AGI_INDEPENDENT
        for (int64_t c = 0; c < columns; c++)
            z[c] = linear_of(a[c], x[c], before[c]);
    }
}

static void scan_linear_line(const scan_block *b)
{
    const int64_t row = b->row;
    const double *a = b->a + (b->reverse ? -row : 0);
    double before = 0.0;
    for (int64_t j = 0; j < b->n; j++) {
        before = j > 0 ? linear_of(a[j * row], b->x[j * row], before) : b->x[0];
        b->z[j * row] = before;
    }
}

/* ---- extremes ------------------------------------------------------------------------------- */

AGI_STAMPED bool is_taken(bool least, double next, double so_far)
{
    return (next != next) | (least ? next <= so_far : next >= so_far);
}

#define EXTREME(name, least) \
    AGI_STAMPED void scan_##name##_body(const scan_block *b) \
    { \
        const int64_t row = b->row, columns = b->columns; \
        for (int64_t c = 0; c < columns && b->n > 0; c++) { \
            b->z[c] = b->x[c]; \
            b->indices[c] = 0.0; \
        } \
        for (int64_t j = 1; j < b->n; j++) { \
            double *z = b->z + j * row, *at = b->indices + j * row; \
            const double *x = b->x + j * row, *before = z - row, *last = at - row; \
            const double place = (double)j; \
            AGI_INDEPENDENT \
            for (int64_t c = 0; c < columns; c++) { \
                const double next = x[c], so_far = before[c]; \
                const bool taken = is_taken(least, next, so_far); \
                z[c] = taken ? next : so_far; \
                at[c] = taken ? place : last[c]; \
            } \
        } \
    } \
    static void scan_##name##_line(const scan_block *b) \
    { \
        const int64_t row = b->row; \
        double so_far = b->n > 0 ? b->x[0] : 0.0, at = 0.0; \
        for (int64_t j = 0; j < b->n; j++) { \
            const double next = b->x[j * row]; \
            const bool taken = is_taken(least, next, so_far); \
            so_far = taken ? next : so_far; \
            at = taken ? (double)j : at; \
            b->z[j * row] = so_far; \
            b->indices[j * row] = at; \
        } \
    }

EXTREME(largest, false)
EXTREME(least, true)

/* ---- logsumexp ------------------------------------------------------------------------------ */

/* z = log(exp(x) + exp(y)), of infinities too. */
static void add_exponentials(double *z, const double *x, const double *y, int64_t n)
{
    double t[COLUMNS] = {0.0};
    for (int64_t c = 0; c < n; c++)
        t[c] = x[c] == y[c] ? 0.0 : -fabs(x[c] - y[c]);
    agi_mvec.exp(t, t, n);
    agi_mvec.log1p(t, t, n);
    for (int64_t c = 0; c < n; c++)
        z[c] = (x[c] > y[c] ? x[c] : y[c]) + t[c];
}

static void scan_log_columns(const scan_block *b)
{
    if (b->n > 0)
        memmove(b->z, b->x, (size_t)b->columns * sizeof *b->z);
    for (int64_t j = 1; j < b->n; j++) {
        double *z = b->z + j * b->row;
        add_exponentials(z, b->x + j * b->row, z - b->row, b->columns);
    }
}

/* Rows of n elements each, of which some parts are turned, so that the rows are columns. */
static void log_rows(double *z, const double *x, int64_t rows, int64_t n)
{
    double room[(LOG_PART + 1) * LOG_ROWS];
    double *const before = room, *const part = room + LOG_ROWS;
    for (int64_t r = 0; r < rows; r++)
        before[r] = -(double)INFINITY;
    for (int64_t at = 0, some; at < n; at += some) {
        some = n - at < LOG_PART ? n - at : LOG_PART;
        agi_copy_block((agi_block){part, rows, 1}, x + at, 1, n, some, rows);
        for (int64_t j = 0; j < some; j++)
            add_exponentials(part + j * rows, part + j * rows,
                             j > 0 ? part + (j - 1) * rows : before, rows);
        memcpy(before, part + (some - 1) * rows, (size_t)rows * sizeof *before);
        agi_copy_block((agi_block){z + at, n, 1}, part, 1, rows, rows, some);
    }
}

/* ---- levels --------------------------------------------------------------------------------- */

typedef void (*scan_kernel)(const scan_block *b);

typedef struct scan_kernels {
    scan_kernel columns[AGI_LEVELS];
    scan_kernel line;
} scan_kernels;

#define SCAN_STAMP(TARGET, name, level) \
    TARGET static void scan_##name##_##level(const scan_block *b) { scan_##name##_body(b); }
#if AGI_X86
#define SCAN_KERNELS(name) \
    SCAN_STAMP(AGI_TARGET_BASE, name, base) \
    SCAN_STAMP(AGI_TARGET_AVX2, name, avx2) \
    SCAN_STAMP(AGI_TARGET_AVX512, name, avx512) \
    static const scan_kernels name##_scans = { \
        {scan_##name##_base, scan_##name##_avx2, scan_##name##_avx512}, scan_##name##_line};
#else
#define SCAN_KERNELS(name) \
    SCAN_STAMP(AGI_TARGET_BASE, name, base) \
    static const scan_kernels name##_scans = {{scan_##name##_base}, scan_##name##_line};
#endif

SCAN_KERNELS(sum)
SCAN_KERNELS(whole)
SCAN_KERNELS(product)
SCAN_KERNELS(linear)
SCAN_KERNELS(largest)
SCAN_KERNELS(least)

/* ---- the work ------------------------------------------------------------------------------- */

typedef struct scan_job {
    const agi_scan *scan;
    scan_kernel columns, line;   /* line: NULL where columns do all */
    double *z, *indices;
    const double *x, *a;
    int64_t parts;               /* blocks of columns that one index of `outer` has */
    int64_t by;                  /* of a shift */
    double fill;
} scan_job;

/* Block number `unit`: of an index of `outer` some of its columns. */
static scan_block scan_block_of(const scan_job *job, int64_t unit)
{
    const agi_scan *s = job->scan;
    const int64_t outer = unit / job->parts, first = unit % job->parts * COLUMNS;
    const int64_t rows = s->reverse ? (s->n - 1) * s->inner : 0;
    const int64_t at = outer * s->n * s->inner + rows + first, left = s->inner - first;
    return (scan_block){
        .z = job->z + at, .x = job->x + at, .a = job->a != NULL ? job->a + at : NULL,
        .indices = job->indices != NULL ? job->indices + at : NULL,
        .n = s->n, .columns = left < COLUMNS ? left : COLUMNS,
        .row = s->reverse ? -s->inner : s->inner, .reverse = s->reverse};
}

static void scan_units(void *context, int64_t begin, int64_t end, int part)
{
    const scan_job *job = context;
    (void)part;
    for (int64_t unit = begin; unit < end; unit++) {
        const scan_block block = scan_block_of(job, unit);
        if (block.columns == 1 && job->line != NULL)
            job->line(&block);
        else
            job->columns(&block);
    }
}

/* units of so many elements each, by threads where that is worth it. */
static void share_units(int64_t units, int64_t elements, agi_range_fn run, void *job)
{
    if (units < 2 || units * elements < AGI_PARALLEL_MIN) {
        run(job, 0, units, 0);
        return;
    }
    void *token = agi_blocking_enter();
    agi_parallel_for(units, AGI_PARALLEL_GRAIN / elements + 1, 1, run, job);
    agi_blocking_leave(token);
}

static void run_scan(scan_job *job)
{
    const agi_scan *s = job->scan;
    const int64_t columns = s->inner < COLUMNS ? s->inner : COLUMNS;
    if (s->outer == 0 || s->n == 0 || s->inner == 0)
        return;
    job->parts = (s->inner - 1) / COLUMNS + 1;
    share_units(s->outer * job->parts, s->n * columns, scan_units, job);
}

static void run_kernels(const scan_kernels *kernels, scan_job *job)
{
    job->columns = kernels->columns[agi_level_now];
    job->line = kernels->line;
    run_scan(job);
}

void agi_scan_sum(double *z, const double *x, const agi_scan *scan, bool whole)
{
    run_kernels(whole ? &whole_scans : &sum_scans, &(scan_job){.scan = scan, .z = z, .x = x});
}

void agi_scan_product(double *z, const double *x, const agi_scan *scan)
{
    run_kernels(&product_scans, &(scan_job){.scan = scan, .z = z, .x = x});
}

void agi_scan_linear(double *z, const double *a, const double *b, const agi_scan *scan)
{
    run_kernels(&linear_scans, &(scan_job){.scan = scan, .z = z, .x = b, .a = a});
}

void agi_scan_extreme(double *z, double *indices, const double *x, const agi_scan *scan, bool least)
{
    run_kernels(least ? &least_scans : &largest_scans,
                &(scan_job){.scan = scan, .z = z, .x = x, .indices = indices});
}

static void log_units(void *context, int64_t begin, int64_t end, int part)
{
    const scan_job *job = context;
    const int64_t n = job->scan->n;
    (void)part;
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t first = unit * LOG_ROWS, left = job->scan->outer - first;
        log_rows(job->z + first * n, job->x + first * n, left < LOG_ROWS ? left : LOG_ROWS, n);
    }
}

void agi_scan_logsumexp(double *z, const double *x, const agi_scan *scan)
{
    scan_job job = {.scan = scan, .z = z, .x = x, .columns = scan_log_columns};
    if (scan->inner != 1)
        run_scan(&job);
    else if (scan->n > 0 && scan->outer > 0)
        share_units((scan->outer - 1) / LOG_ROWS + 1, LOG_ROWS * scan->n, log_units, &job);
}

/* ---- shifts --------------------------------------------------------------------------------- */

static void shift_units(void *context, int64_t begin, int64_t end, int part)
{
    const scan_job *job = context;
    const int64_t inner = job->scan->inner, whole = job->scan->n * inner;
    const int64_t n = job->scan->n, by = job->by < -n ? -n : job->by > n ? n : job->by;
    const int64_t gap = (by < 0 ? -by : by) * inner;
    (void)part;
    for (int64_t unit = begin; unit < end; unit++) {
        double *z = job->z + unit * whole;
        const double *x = job->x + unit * whole;
        const bool forward = by > 0;
        memcpy(z + (forward ? gap : 0), x + (forward ? 0 : gap),
               (size_t)(whole - gap) * sizeof *z);
        agi_fill_run(z + (forward ? 0 : whole - gap), gap, job->fill);
    }
}

void agi_scan_shift(double *z, const double *x, const agi_scan *scan, int64_t by, double fill)
{
    scan_job job = {.scan = scan, .z = z, .x = x, .by = by, .fill = fill};
    if (scan->n > 0 && scan->inner > 0)
        share_units(scan->outer, scan->n * scan->inner, shift_units, &job);
}

#undef COLUMNS
#undef LOG_ROWS
#undef LOG_PART
#undef SUM_1
#undef SUM_2
#undef SUM_3
#undef SUM_4
#undef ONE_BY_ONE
#undef EXTREME
#undef SCAN_STAMP
#undef SCAN_KERNELS
