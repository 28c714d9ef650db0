/* SPDX-License-Identifier: MIT
 *
 * See standard.h. Sums are those of sum.h: what is summed is computed block by block in registers,
 * where it would else be stored and read again.
 */
#include "standard.h"

#include <math.h>
#include <string.h>

#include "../base/alloc.h"
#include "../base/parallel.h"
#include "kernel.h"
#include "sum.h"

#define ROW_BLOCK AGI_SUM_BLOCK
#define ROW_FETCHED 8192  /* numbers of the longest row that is fetched: the caches keep it */

typedef double row_vec __attribute__((vector_size(64), aligned(8), may_alias));

#define ROW_AT(p) (*(const row_vec *)(p))

/* A vector that a function returns: by itself it would be passed as the CPU level says. */
typedef struct term_part {
    row_vec v;
} term_part;

/* What is summed of a row. */
typedef enum row_term { TERM_SQUARE, TERM_WEIGHTED, TERM_PRODUCT, TERM_WEIGHTED_PRODUCT } row_term;

typedef struct standard_row {
    const double *x, *g, *weight;
    double mean, r;
} standard_row;

AGI_STAMPED term_part term_vec(row_term term, const standard_row *row, int64_t i)
{
    if (term == TERM_WEIGHTED)
        return (term_part){ROW_AT(row->g + i) * ROW_AT(row->weight + i)};
    const row_vec d = ROW_AT(row->x + i) - row->mean;
    if (term == TERM_SQUARE)
        return (term_part){d * d};
    if (term == TERM_PRODUCT)
        return (term_part){ROW_AT(row->g + i) * (d * row->r)};
    return (term_part){ROW_AT(row->g + i) * ROW_AT(row->weight + i) * (d * row->r)};
}

AGI_STAMPED double term_of(row_term term, const standard_row *row, int64_t i)
{
    const double d = row->x[i] - row->mean;
    switch (term) {
    case TERM_SQUARE:
        return d * d;
    case TERM_WEIGHTED:
        return row->g[i] * row->weight[i];
    case TERM_PRODUCT:
        return row->g[i] * (d * row->r);
    default:
        return row->g[i] * row->weight[i] * (d * row->r);
    }
}

/* The numbers from i on as one block of the tree. */
AGI_STAMPED double term_block(row_term term, const standard_row *row, int64_t i)
{
#define ROW_TERM(at) term_vec(term, row, at).v
#define ROW_TREE(at) \
    (((ROW_TERM(at) + ROW_TERM((at) + 16)) + (ROW_TERM((at) + 32) + ROW_TERM((at) + 48))) + \
     ((ROW_TERM((at) + 64) + ROW_TERM((at) + 80)) + (ROW_TERM((at) + 96) + ROW_TERM((at) + 112))))
    const row_vec s = ROW_TREE(i) + ROW_TREE(i + 8);
#undef ROW_TREE
#undef ROW_TERM
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* The lines of a block of the next row, which will be read soon, and of a result, which will be
 * written; NULL where there is none. */
AGI_STAMPED void fetch_block(const double *next, const double *z, int64_t i)
{
    for (int line = 0; next != NULL && line < ROW_BLOCK; line += 8)
        __builtin_prefetch(next + i + line, 0, 2);
    for (int line = 0; z != NULL && line < ROW_BLOCK; line += 8)
        __builtin_prefetch(z + i + line, 1, 2);
}

/* The numbers from i on, fewer than a block. */
AGI_STAMPED double term_tail(row_term term, const standard_row *row, int64_t i, int64_t count)
{
    double rest[ROW_BLOCK] __attribute__((aligned(64)));
    AGI_INDEPENDENT
    for (int64_t k = 0; k < count; k++)
        rest[k] = term_of(term, row, i + k);
    return agi_sum_run(rest, count);
}

/* T of the n numbers, as sum.h has it. */
AGI_STAMPED double term_sum(row_term term, const standard_row *row, int64_t n, const double *next,
                            const double *z)
{
    agi_sum_tree tree;
    int64_t i = 0;
    if (n < ROW_BLOCK)
        return term_tail(term, row, 0, n);
    agi_sum_tree_clear(&tree);
    while (i < n) {
        double s[8] = {0.0};
        int k = 0;
        for (; k < 8 && i + ROW_BLOCK <= n; k++, i += ROW_BLOCK) {
            s[k] = term_block(term, row, i);
            fetch_block(next, z, i);
        }
        if (k < 8 && i < n) {
            s[k] = term_tail(term, row, i, n - i);
            i = n;
        }
        agi_sum_tree_put(&tree, ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])));
    }
    return agi_sum_tree_total(&tree);
}

/* Mean and r. */
AGI_STAMPED standard_row row_open(const agi_standard_rows *rows, int64_t k, const double *next)
{
    const double n = (double)rows->n;
    standard_row row = {.x = rows->x + k * rows->n, .weight = rows->weight};
    row.mean = agi_sum_run(row.x, rows->n) / n;
    const double *z = rows->n <= ROW_FETCHED ? rows->z + k * rows->n : NULL;
    row.r = 1.0 / sqrt(term_sum(TERM_SQUARE, &row, rows->n, next, z) / n + rows->eps);
    return row;
}

AGI_STAMPED void row_forward(const agi_standard_rows *rows, const standard_row *row, double *z)
{
    const double *x = row->x, *w = rows->weight, *b = rows->bias;
    const double mean = row->mean, r = row->r;
    const int64_t n = rows->n;
    if (w == NULL)
        AGI_EACH((x[i] - mean) * r);
    else
        AGI_EACH((x[i] - mean) * r * w[i] + b[i]);
}

AGI_STAMPED void row_backward(const agi_standard_rows *rows, const standard_row *row, double *z,
                              const double *next)
{
    const double *x = row->x, *g = row->g;
    const double mean = row->mean, r = row->r;
    const int64_t n = rows->n;
    const double even = agi_sum_run(g, n) / (double)n;
    const double share = term_sum(TERM_PRODUCT, row, n, next, NULL) / (double)n;
    AGI_EACH(r * (g[i] - even - (x[i] - mean) * r * share));
}

/* The same with a weight. */
AGI_STAMPED void row_backward_weighted(const agi_standard_rows *rows, const standard_row *row,
                                       double *z, const double *next)
{
    const double *x = row->x, *w = rows->weight, *g = row->g;
    const double mean = row->mean, r = row->r;
    const int64_t n = rows->n;
    const double even = term_sum(TERM_WEIGHTED, row, n, NULL, NULL) / (double)n;
    const double share = term_sum(TERM_WEIGHTED_PRODUCT, row, n, next, NULL) / (double)n;
    AGI_EACH(r * (g[i] * w[i] - even - (x[i] - mean) * r * share));
}

/* What a row adds to the sums over rows. */
AGI_STAMPED void row_terms(const standard_row *row, int64_t n, double *terms)
{
    const double *x = row->x, *g = row->g;
    const double mean = row->mean, r = row->r;
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        terms[i] = g[i] * ((x[i] - mean) * r);
        terms[n + i] = g[i];
    }
}

/* What two rows add. */
AGI_STAMPED void pair_terms(const standard_row *one, const standard_row *two, int64_t n,
                            double *terms)
{
    const double *x = one->x, *g = one->g, *y = two->x, *h = two->g;
    const double mean = one->mean, r = one->r, mean_two = two->mean, r_two = two->r;
    AGI_INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        terms[i] = g[i] * ((x[i] - mean) * r) + h[i] * ((y[i] - mean_two) * r_two);
        terms[n + i] = g[i] + h[i];
    }
}

AGI_STAMPED void add_terms(double *z, const double *y, int64_t n)
{
    AGI_EACH(z[i] + y[i]);
}

/* Whether any gradient of the row is not 0; else nobody took the row, which may hold anything. */
AGI_STAMPED bool row_is_taken(const double *g, int64_t n)
{
    int64_t i = 0;
    while (i < n && g[i] == 0.0)
        i++;
    return i < n;
}

AGI_STAMPED void standard_range_body(const agi_standard_rows *rows, int64_t begin, int64_t end)
{
    const int64_t n = rows->n;
    for (int64_t k = begin; k < end; k++) {
        const bool ahead = k + 1 < end && n <= ROW_FETCHED;
        if (rows->g != NULL && !row_is_taken(rows->g + k * n, n)) {
            agi_fill_tile(rows->z + k * n, n, 0.0);
            continue;
        }
        standard_row row = row_open(rows, k, ahead ? rows->x + (k + 1) * n : NULL);
        if (rows->g == NULL) {
            row_forward(rows, &row, rows->z + k * n);
        } else {
            row.g = rows->g + k * n;
            row_backward(rows, &row, rows->z + k * n, ahead ? row.g + n : NULL);
        }
    }
}

/* ---- with sums over rows --------------------------------------------------------------------- */

#define SUM_SLOTS 7  /* sums of 2, 4 ... rows that wait for as many more, and the latest pair */

/* The row of a block that is summed in turn p: the 8 of a lane in order, lanes in the order in
 * which a balanced tree over them is the fold of sum.h. */
AGI_INLINE int64_t row_in_turn(int p)
{
    static const uint8_t lanes[AGI_SUM_LANES] = {0, 8, 4, 12, 2, 10, 6, 14,
                                                 1, 9, 5, 13, 3, 11, 7, 15};
    return lanes[p / 8] + (int64_t)(p % 8) * AGI_SUM_LANES;
}

/* The first row of the block that begins at `first` whose turn is p or later, and its turn; else
 * the number of rows. */
AGI_INLINE int64_t next_in_turn(const agi_standard_rows *rows, int64_t first, int *p)
{
    for (; *p < AGI_SUM_BLOCK; ++*p)
        if (first + row_in_turn(*p) < rows->count)
            return first + row_in_turn(*p);
    return rows->count;
}

/* A row's gradient, 0 where nobody took the row: whether the row adds to the sums. `later` is the
 * row that comes next, or negative. */
AGI_STAMPED bool weighted_row(const agi_standard_rows *rows, int64_t k, standard_row *row,
                              int64_t later)
{
    const int64_t n = rows->n;
    const double *g = rows->g + k * n;
    if (!row_is_taken(g, n)) {
        agi_fill_tile(rows->z + k * n, n, 0.0);
        return false;
    }
    *row = row_open(rows, k, later >= 0 ? rows->x + later * n : NULL);
    row->g = g;
    row_backward_weighted(rows, row, rows->z + k * n, later >= 0 ? rows->g + later * n : NULL);
    return true;
}

/* The sums of two rows, of those that add to them. */
AGI_STAMPED void put_terms(const standard_row *pair, const bool *adds, int64_t n, double *terms)
{
    if (adds[0] && adds[1])
        pair_terms(&pair[0], &pair[1], n, terms);
    else if (adds[0] || adds[1])
        row_terms(&pair[adds[1]], n, terms);
    else
        agi_fill_tile(terms, 2 * n, 0.0);
}

/* The rows from `first` on, a block or what there is of the last; their sums into `sums`. `slots`
 * is scratch, 2 n numbers each, for sums of 2, 4, 8 ... rows that wait for as many more: rows are
 * summed in pairs, while both are in the caches. */
AGI_STAMPED void standard_block_body(const agi_standard_rows *rows, int64_t first, double *sums,
                                     double *slots)
{
    const int64_t n = rows->n;
    standard_row pair[2];
    bool there[SUM_SLOTS] = {false};
    int p = 0, top = 0;
    int64_t k = next_in_turn(rows, first, &p);
    for (int turn = 0; p < AGI_SUM_BLOCK; turn += 2) {
        bool adds[2] = {false, false};
        there[top] = false;
        for (int side = 0; side < 2; side++) {
            if (turn + side != p)
                continue;
            there[top] = true;
            p++;
            const int64_t later = next_in_turn(rows, first, &p);
            const bool ahead = later < rows->count && n <= ROW_FETCHED;
            adds[side] = weighted_row(rows, k, &pair[side], ahead ? later : -1);
            k = later;
        }
        if (there[top])
            put_terms(pair, adds, n, slots + 2 * n * top);
        for (int ones = turn >> 1; ones & 1; ones >>= 1, top--)
            if (there[top])  /* then its left neighbour is there, too */
                add_terms(slots + 2 * n * (top - 1), slots + 2 * n * top, 2 * n);
        top++;
    }
    while (--top > 0)
        if (there[top])
            add_terms(slots + 2 * n * (top - 1), slots + 2 * n * top, 2 * n);
    memcpy(sums, slots, (size_t)(2 * n) * sizeof *sums);
}

#define STANDARD_STAMP(TARGET, level) \
    TARGET static void standard_range_##level(const agi_standard_rows *rows, int64_t begin, \
                                              int64_t end) \
    { \
        standard_range_body(rows, begin, end); \
    } \
    TARGET static void standard_block_##level(const agi_standard_rows *rows, int64_t first, \
                                              double *sums, double *slots) \
    { \
        standard_block_body(rows, first, sums, slots); \
    }

STANDARD_STAMP(AGI_TARGET_BASE, base)
#if AGI_X86
STANDARD_STAMP(AGI_TARGET_AVX2, avx2)
STANDARD_STAMP(AGI_TARGET_AVX512, avx512)
#endif

/* The same at each CPU level, to the same bits. */
static const struct {
    void (*range)(const agi_standard_rows *rows, int64_t begin, int64_t end);
    void (*block)(const agi_standard_rows *rows, int64_t first, double *sums, double *slots);
} standard_table[AGI_LEVELS] = {
    {standard_range_base, standard_block_base},
#if AGI_X86
    {standard_range_avx2, standard_block_avx2},
    {standard_range_avx512, standard_block_avx512},
#endif
};

static void standard_range(void *context, int64_t begin, int64_t end, int part)
{
    (void)part;
    standard_table[agi_level_now].range(context, begin, end);
}

typedef struct standard_blocks {
    const agi_standard_rows *rows;
    double *sums;   /* 2 n for each block */
    double *slots;  /* SUM_SLOTS of 2 n for each part */
} standard_blocks;

static void standard_block(void *context, int64_t begin, int64_t end, int part)
{
    const standard_blocks *b = context;
    const int64_t size = 2 * b->rows->n;
    for (int64_t k = begin; k < end; k++)
        standard_table[agi_level_now].block(b->rows, k * AGI_SUM_BLOCK, b->sums + k * size,
                                            b->slots + part * SUM_SLOTS * size);
}

static void share_standard(int64_t count, int64_t per, int64_t work, agi_range_fn fn, void *context)
{
    if (work < AGI_PARALLEL_MIN) {
        fn(context, 0, count, 0);
        return;
    }
    void *token = agi_blocking_enter();
    agi_parallel_for(count, per < 16384 ? 16384 / per : 1, 1, fn, context);
    agi_blocking_leave(token);
}

/* The tree over the sums of blocks, which the first of them then is; 0.0 added. */
static void add_blocks(double *sums, int64_t blocks, int64_t size, double *z)
{
    for (int64_t width = 1; width < blocks; width *= 2)
        for (int64_t k = 0; k + width < blocks; k += 2 * width)
            for (int64_t i = 0; i < size; i++)
                sums[k * size + i] += sums[(k + width) * size + i];
    for (int64_t i = 0; i < size; i++)
        z[i] = sums[i] + 0.0;
}

static bool run_standard_blocks(const agi_standard_rows *rows)
{
    const int64_t size = 2 * rows->n, blocks = (rows->count + AGI_SUM_BLOCK - 1) / AGI_SUM_BLOCK;
    const int64_t parts = rows->count * rows->n < AGI_PARALLEL_MIN ? 1 : agi_parallel_width();
    double few[512], *memory = few;
    const int64_t needed = size * (blocks + SUM_SLOTS * parts);
    if (needed > 512 && (memory = agi_plain_new((size_t)needed * sizeof *memory)) == NULL)
        return false;
    standard_blocks job = {.rows = rows, .sums = memory, .slots = memory + blocks * size};
    share_standard(blocks, AGI_SUM_BLOCK * rows->n, rows->count * rows->n, standard_block, &job);
    add_blocks(memory, blocks, size, rows->sums);
    if (memory != few)
        agi_plain_free(memory);
    return true;
}

bool agi_standard_run(const agi_standard_rows *rows)
{
    agi_standard_rows own = *rows;
    if (rows->g != NULL && rows->weight != NULL)
        return run_standard_blocks(rows);
    share_standard(rows->count, rows->n, rows->count * rows->n, standard_range, &own);
    return true;
}
