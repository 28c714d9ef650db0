/* SPDX-License-Identifier: MIT
 *
 * The tree of sum.h over elements whose order goes across memory. The densest dimension is not the
 * last: all that one index of it has, a column, lies far apart, and next to it lie the columns of
 * the indices that follow. So several columns are taken side by side, and every line of memory is
 * fetched once, in one of three ways:
 *
 *   whole      short columns are gathered, one behind the other, and summed as what they then are;
 *   blocks     columns of whole blocks are summed row by row, vectors going over columns;
 *   stretches  others are gathered a stretch at a time. A column begins and ends within blocks that
 *              it shares with its neighbours: what it has of these is kept, its own blocks become
 *              nodes of the tree, as large as they can be without the neighbours', and all are put
 *              in order when the columns are done.
 *
 *     blocks   |       |       |       |       |       |       |       |       |       |
 *     columns  - first - - - - - - - - - - ] [ - - second - - - - - - - - - - - ] [ third
 *     kept     [ a node of 4 blocks          ][left|before][ 1    ][ a node of 2 ][l|b]
 */
#include "sum_across.h"

#include <string.h>

#include "../tensor/copy.h"
#include "sum.h"

#define BLOCK AGI_SUM_BLOCK
#define LINE 8              /* doubles of a line of memory */
/* Columns side by side. */
#define SIDE_BY_SIDE 32
/* Elements of short columns together; and of each long one at a time. */
#define GATHERED 16384
#define STRETCH 512
#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* ---- nodes of the tree ---------------------------------------------------------------------- */

/* Sums of whole subtrees that lie behind each other: at most two of each size. Level k has 2^k
 * blocks and begins at a multiple of as many. */
#define NODES_MAX 112
#define EIGHT 3             /* the level of eight blocks, which are summed at once */

typedef struct sum_nodes {
    int64_t next;           /* the block behind the last */
    int count;
    uint8_t level[NODES_MAX];
    double sum[NODES_MAX];
} sum_nodes;

static void put_node(sum_nodes *nodes, int level, double sum)
{
    int64_t first = nodes->next;
    int top = nodes->count;
    nodes->next += (int64_t)1 << level;
    /* The second half of the next larger one, whose first half is the node before if it is here. */
    while (top > 0 && (first >> level & 1) && nodes->level[top - 1] == level) {
        sum = nodes->sum[--top] + sum;
        first -= (int64_t)1 << level++;
    }
    nodes->level[top] = (uint8_t)level;
    nodes->sum[top] = sum;
    nodes->count = top + 1;
}

static double total_of(const sum_nodes *nodes)
{
    int top = nodes->count;
    double sum = top > 0 ? nodes->sum[--top] : 0.0;
    while (top > 0)
        sum = nodes->sum[--top] + sum;
    return sum;
}

/* Whole blocks of contiguous numbers. */
static void put_blocks(sum_nodes *nodes, const double *x, int64_t blocks)
{
    while (blocks > 0) {
        const bool eight = blocks >= 1 << EIGHT && nodes->next % (1 << EIGHT) == 0;
        const int64_t some = eight ? 1 << EIGHT : 1;
        put_node(nodes, eight ? EIGHT : 0, agi_sum_run(x, some * BLOCK));
        x += some * BLOCK;
        blocks -= some;
    }
}

/* ---- elements in order ---------------------------------------------------------------------- */

/* What was summed so far, and the elements behind that are no block yet. */
typedef struct in_order {
    sum_nodes nodes;
    int64_t left;
    double run[BLOCK + GATHERED] __attribute__((aligned(64)));
} in_order;

/* n elements more, which stand in the run behind those that were left. */
static void take_elements(in_order *sum, int64_t n)
{
    n += sum->left;
    const int64_t whole = n - n % BLOCK;
    put_blocks(&sum->nodes, sum->run, whole / BLOCK);
    sum->left = n - whole;
    if (whole > 0)
        memcpy(sum->run, sum->run + whole, (size_t)sum->left * sizeof(double));
}

static void put_elements(in_order *sum, const double *x, int64_t n)
{
    memcpy(sum->run + sum->left, x, (size_t)n * sizeof(double));
    take_elements(sum, n);
}

/* ---- columns -------------------------------------------------------------------------------- */

/* The densest dimension, and those behind, which are a column's. */
typedef struct across {
    agi_walk column;
    int dense;
    int64_t columns, step;  /* of the densest */
    int64_t rows;           /* elements of a column */
} across;

/* The next n elements of `count` columns: column k's to z + k * z_row. */
static void gather_columns(const across *job, double *z, int64_t z_row, const double *x,
                           agi_walk *w, int64_t count, int64_t n)
{
    const int last = w->ndim - 1;
    for (int64_t some; n > 0; n -= some, z += some) {
        some = MIN(w->shape[last] - w->index[last], n);
        agi_copy_block((agi_block){z, z_row, 1}, x + w->at[0], job->step, w->strides[0][last],
                       count, some);
        agi_walk_along(w, last, some);
        agi_walk_carry(w, last);
    }
}

/* Elements [from, from + n) of the column that begins at x. */
static void sum_part_of_column(const across *job, in_order *sum, const double *x, int64_t from,
                               int64_t n)
{
    agi_walk w;
    agi_walk_start(&w, &job->column, from);
    for (int64_t some; n > 0; n -= some) {
        some = MIN(n, GATHERED);
        gather_columns(job, sum->run + sum->left, some, x, &w, 1, some);
        take_elements(sum, some);
    }
}

static void sum_short_columns(const across *job, in_order *sum, const double *x, int64_t count)
{
    agi_walk w;
    agi_walk_start(&w, &job->column, 0);
    gather_columns(job, sum->run + sum->left, job->rows, x, &w, count, job->rows);
    take_elements(sum, count * job->rows);
}

/* ---- long columns --------------------------------------------------------------------------- */

typedef struct column_sum {
    sum_nodes nodes;
    int64_t before, left;   /* elements before its first block; and behind its last one so far */
    double head[BLOCK];     /* those before */
    double run[BLOCK + STRETCH];  /* what comes in begins at BLOCK, what was left stands before */
} column_sum;

static void open_columns(const across *job, const in_order *sum, column_sum *columns, int64_t count)
{
    int64_t at = sum->nodes.next * BLOCK + sum->left;
    for (int64_t k = 0; k < count; k++, at += job->rows) {
        columns[k].nodes.next = (at + BLOCK - 1) / BLOCK;
        columns[k].nodes.count = 0;
        columns[k].before = columns[k].nodes.next * BLOCK - at;
        columns[k].left = 0;
    }
}

static void close_columns(in_order *sum, const column_sum *columns, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        const column_sum *column = &columns[k];
        put_elements(sum, column->head, column->before);
        for (int i = 0; i < column->nodes.count; i++)
            put_node(&sum->nodes, column->nodes.level[i], column->nodes.sum[i]);
        put_elements(sum, column->run + BLOCK - column->left, column->left);
    }
}

static void sum_stretch(column_sum *column, bool first, int64_t n)
{
    const double *x = column->run + BLOCK - column->left;
    n += column->left;
    if (first) {
        memcpy(column->head, x, (size_t)column->before * sizeof(double));
        x += column->before;
        n -= column->before;
    }
    put_blocks(&column->nodes, x, n / BLOCK);
    column->left = n % BLOCK;
    memmove(column->run + BLOCK - column->left, x + n - column->left,
            (size_t)column->left * sizeof(double));
}

static AGI_NOINLINE void sum_stretches(const across *job, in_order *sum, const double *x,
                                       int64_t count)
{
    column_sum columns[SIDE_BY_SIDE] __attribute__((aligned(64)));
    agi_walk w;
    open_columns(job, sum, columns, count);
    agi_walk_start(&w, &job->column, 0);
    for (int64_t row = 0; row < job->rows; row += STRETCH) {
        const int64_t n = MIN(job->rows - row, STRETCH);
        gather_columns(job, columns->run + BLOCK, sizeof *columns / sizeof(double), x, &w, count,
                       n);
        for (int64_t k = 0; k < count; k++)
            sum_stretch(&columns[k], row == 0, n);
    }
    close_columns(sum, columns, count);
}

/* Columns of whole blocks that lie next to each other. */
static AGI_NOINLINE void sum_blocks_across(const across *job, in_order *sum, const double *x,
                                           int64_t count)
{
    column_sum columns[SIDE_BY_SIDE];
    const double *row[BLOCK];
    double sums[SIDE_BY_SIDE];
    agi_walk w;
    open_columns(job, sum, columns, count);
    agi_walk_start(&w, &job->column, 0);
    for (int64_t at = 0; at < job->rows; at += BLOCK) {
        for (int k = 0; k < BLOCK; k++, agi_walk_next(&w))
            row[k] = x + w.at[0];
        agi_sum_rows_block(sums, row, BLOCK, count);
        for (int64_t k = 0; k < count; k++)
            put_node(&columns[k].nodes, 0, sums[k]);
    }
    close_columns(sum, columns, count);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static across across_of(const agi_walk *space)
{
    across job = {.dense = space->ndim - 1, .rows = 1};
    for (int d = job.dense - 1; d >= 0; d--)
        if (space->strides[0][d] != 0 && space->strides[0][d] < space->strides[0][job.dense])
            job.dense = d;
    job.columns = space->shape[job.dense];
    job.step = space->strides[0][job.dense];
    job.column.count = 1;
    for (int d = job.dense + 1; d < space->ndim; d++) {
        job.column.shape[job.column.ndim] = space->shape[d];
        job.column.strides[0][job.column.ndim++] = space->strides[0][d];
        job.rows *= space->shape[d];
    }
    return job;
}

bool agi_sum_goes_across(const agi_walk *space)
{
    const int64_t last = space->strides[0][space->ndim - 1];
    for (int d = 0; d < space->ndim - 1; d++)
        if (space->strides[0][d] != 0 && space->strides[0][d] < last)
            return true;
    return false;
}

double agi_sum_across(const agi_walk *space, const double *x, int64_t begin, int64_t end)
{
    const across job = across_of(space);
    const int64_t fit = GATHERED / job.rows;
    const bool is_short = fit >= 2 * LINE;
    const int64_t most = is_short ? fit - fit % LINE : SIDE_BY_SIDE;
    in_order sum;
    agi_walk w;
    sum.nodes.next = sum.nodes.count = 0;
    sum.left = 0;
    for (int64_t at = begin, n; at < end; at += n) {
        const int64_t row = at % job.rows, column = at / job.rows % job.columns;
        const int64_t count = MIN(MIN((end - at) / job.rows, job.columns - column), most);
        agi_walk_start(&w, space, at - row);
        n = count * job.rows;
        if (row > 0 || count == 0) {
            n = MIN(end - at, job.rows - row);
            sum_part_of_column(&job, &sum, x + w.at[0], row, n);
        } else if (job.rows % BLOCK == 0 && sum.left == 0 && job.step == 1) {
            sum_blocks_across(&job, &sum, x + w.at[0], MIN(count, SIDE_BY_SIDE));
            n = MIN(count, SIDE_BY_SIDE) * job.rows;
        } else if (is_short) {
            sum_short_columns(&job, &sum, x + w.at[0], count);
        } else {
            sum_stretches(&job, &sum, x + w.at[0], count);
        }
    }
    if (sum.left > 0)
        put_node(&sum.nodes, 0, agi_sum_run(sum.run, sum.left));
    return total_of(&sum.nodes);
}

#undef BLOCK
#undef LINE
#undef SIDE_BY_SIDE
#undef GATHERED
#undef STRETCH
#undef MIN
#undef NODES_MAX
#undef EIGHT
