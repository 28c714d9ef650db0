/* SPDX-License-Identifier: MIT
 *
 * The tree of sum.h over elements whose order goes across memory. The densest dimension is not the
 * last: all that one index of it has, a column, lies far apart, and next to it lie the columns of
 * the indices that follow. So several columns are taken side by side, and every line of memory is
 * fetched once, in one of four ways:
 *
 *   whole      short columns are gathered, one behind the other, and summed as what they then are;
 *   blocks     columns of whole blocks are summed row by row, vectors going over columns;
 *   sliding    long columns that are neighbours are so, too, though their blocks begin in different
 *              rows (sum_slide.h). A block that begins in one column and ends in the next is the
 *              first's: behind its last row comes the first one of the next column;
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

#include "../base/caches.h"
#include "../tensor/copy.h"
#include "sum.h"
#include "sum_slide.h"

#define BLOCK AGI_SUM_BLOCK
#define LINE 8              /* doubles of a line of memory */
/* Columns side by side. */
#define SIDE_BY_SIDE 32
/* Elements of short columns together, which fit the first cache with what they are gathered from:
 * 200 x 200 take 5 us, and 7.5 with 16384; and of each long one at a time. */
#define GATHERED 4096
#define STRETCH 512
/* Elements of which short columns are asked for ahead: 3000 columns of 300, out of the last cache
 * or memory, take 0.26 ms instead of 0.32, and 200 of 200 would take 7.4 us instead of 5.5. */
#define ASK_MIN (4 * agi_caches.second / (int64_t)sizeof(double))
/* The shortest columns that slide: those of which no eight are gathered together. */
#define SLIDE_ROWS (GATHERED / LINE + 1)
/* Blocks of a column that wait for those of its neighbours. */
#define WAITING 64
#define SLIDING AGI_SLIDE_COLUMNS
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
    bool far;               /* so much memory that it is to be asked for ahead */
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

/* Asks for the columns behind these, of which each row is in another place. (Inline: else the
 * compiler takes it for a function without effects.) */
AGI_INLINE void fetch_columns(const across *job, const double *x, int64_t count)
{
    const int64_t step = job->column.strides[0][0];
    for (int64_t row = 0; row < job->rows; row++, x += step)
        for (int64_t k = 0; k < count; k += LINE)
            __builtin_prefetch(x + count + k, 0, 2);
}

static void sum_short_columns(const across *job, in_order *sum, const double *x, int64_t count)
{
    agi_walk w;
    if (job->step == 1 && job->column.ndim == 1 && job->rows * job->columns >= ASK_MIN)
        fetch_columns(job, x, count);
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

/* ---- columns that slide --------------------------------------------------------------------- */

/* Some columns side by side, the first of which begins a block in row first[0]. */
typedef struct sliding {
    agi_slide trees;
    double gathered[BLOCK * SLIDING] __attribute__((aligned(64)));
    double found[WAITING][SLIDING] __attribute__((aligned(64)));
    int64_t first[SLIDING], blocks[SLIDING];  /* of each column, and how many begin in it */
    int64_t calls;              /* of agi_slide_block: those in which these end */
    sum_nodes nodes[SLIDING];   /* of long columns */
    agi_walk rows;              /* to come */
    const double *x;            /* the column that the first of them are of */
    int skipped, width;         /* columns that were summed before; and those that are there */
    bool is_next;               /* and not that in which the blocks began */
    bool is_last;               /* the last of these columns has none behind */
} sliding;

/* Of `columns` more columns; the last one of all has the blocks that end in it. */
static void open_sliding(const across *job, sliding *s, const double *x, int64_t columns,
                         int64_t row, int64_t block)
{
    s->calls = 0;
    s->skipped = columns < SLIDING ? SLIDING - (int)columns : 0;
    memset(s->first, 0, sizeof s->first);
    for (int k = s->skipped; k < SLIDING; k++) {
        const bool last = k == SLIDING - 1 && columns <= SLIDING;
        s->first[k] = row;
        s->blocks[k] = (job->rows - row + (last ? 0 : BLOCK - 1)) / BLOCK;
        s->nodes[k].next = block;
        s->nodes[k].count = 0;
        const int64_t calls = s->blocks[k] + (row > 0);
        s->calls = calls > s->calls ? calls : s->calls;
        block += s->blocks[k];
        row += s->blocks[k] * BLOCK - job->rows;
    }
    agi_slide_open(&s->trees, s->first);
    agi_walk_start(&s->rows, &job->column, 0);
    s->x = x - s->skipped;
    s->width = SLIDING;
    s->is_next = false;
    s->is_last = columns <= SLIDING;
    if (s->is_last)
        memset(s->gathered, 0, sizeof s->gathered);
}

static void go_along_rows(const across *job, sliding *s, int64_t n)
{
    agi_walk_along(&s->rows, s->rows.ndim - 1, n);
    agi_walk_carry(&s->rows, s->rows.ndim - 1);
    if (s->rows.index[0] < s->rows.shape[0])
        return;
    agi_walk_start(&s->rows, &job->column, 0);
    if (!s->is_next) {  /* what comes behind the next column is in no block */
        s->x += job->step;
        s->width -= s->is_last;
    }
    s->is_next = true;
}

/* BLOCK rows that are not equally far from each other, side by side. */
static void gather_rows(const across *job, sliding *s)
{
    const int last = s->rows.ndim - 1;
    const int64_t step = s->rows.strides[0][last];
    for (int64_t at = 0, some; at < BLOCK; at += some) {
        const double *x = s->x + s->rows.at[0];
        some = MIN(s->rows.shape[last] - s->rows.index[last], BLOCK - at);
        double *z = s->gathered + at * SLIDING;
        if (s->width < SLIDING)
            agi_copy_block((agi_block){z, SLIDING, 1}, x, step, 1, some, s->width);
        else
            for (int64_t k = 0; k < some; k++)
                memcpy(z + k * SLIDING, x + k * step, SLIDING * sizeof(double));
        go_along_rows(job, s, some);
    }
}

static void slide_rows(const across *job, sliding *s, double *sums, const double *behind)
{
    const int last = s->rows.ndim - 1;
    const double *x = s->x + s->rows.at[0];
    if (s->rows.shape[last] - s->rows.index[last] < BLOCK || s->width < SLIDING) {
        gather_rows(job, s);
        agi_slide_block(&s->trees, sums, s->gathered, SLIDING, s->gathered);
        return;
    }
    go_along_rows(job, s, BLOCK);
    const double *ahead = behind != NULL ? behind : s->x + s->rows.at[0];
    agi_slide_block(&s->trees, sums, x, s->rows.strides[0][last], job->far ? ahead : NULL);
}

static void put_sums(sum_nodes *nodes, const double *s, int64_t n)
{
    while (n > 0) {
        const bool eight = n >= 1 << EIGHT && nodes->next % (1 << EIGHT) == 0;
        const double sum = eight ? ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
                                 : s[0];
        put_node(nodes, eight ? EIGHT : 0, sum);
        s += eight ? 1 << EIGHT : 1;
        n -= eight ? 1 << EIGHT : 1;
    }
}

/* Puts the sums that calls [begin, end) found into the columns' nodes; or into those of all, if
 * these were all calls. */
static void settle_found(sliding *s, sum_nodes *all, int64_t begin, int64_t end)
{
    double run[SLIDING * WAITING];
    int64_t n = 0;
    const bool whole = s->calls <= WAITING;
    for (int k = s->skipped; k < SLIDING; k++) {
        const int64_t before = s->first[k] > 0;
        const int64_t stop = MIN(end, before + s->blocks[k]);
        for (int64_t at = begin < before ? before : begin; at < stop; at++)
            run[n++] = s->found[at - begin][k];
        if (whole)
            continue;
        put_sums(&s->nodes[k], run, n);
        n = 0;
    }
    put_sums(all, run, n);
}

/* All blocks that begin in SLIDING columns from x on, in the first not before `row`. Returns how
 * many elements they have. */
static int64_t slide_columns(const across *job, sliding *s, sum_nodes *nodes, const double *x,
                             int64_t columns, int64_t row)
{
    const int64_t begun = nodes->next;
    open_sliding(job, s, x, columns, row, begun);
    for (int64_t call = 0, some; call < s->calls; call += some) {
        some = MIN(s->calls - call, WAITING);
        for (int64_t k = 0; k < some; k++)
            slide_rows(job, s, s->found[k], call + k == s->calls - 1 ? x + SLIDING : NULL);
        settle_found(s, nodes, call, call + some);
    }
    for (int k = s->skipped; s->calls > WAITING && k < SLIDING; k++)
        for (int i = 0; i < s->nodes[k].count; i++)
            put_node(nodes, s->nodes[k].level[i], s->nodes[k].sum[i]);
    return (nodes->next - begun) * BLOCK;
}

/* The next n elements, of which those before `row` of the first of these columns are summed and
 * nothing is left of a block. Columns are done whose blocks end within the n elements; the last
 * ones beside some that were done before. Returns how many elements were summed. */
static AGI_NOINLINE int64_t sum_sliding(const across *job, sum_nodes *nodes, const double *x,
                                        int64_t row, int64_t columns, int64_t n)
{
    sliding s;
    int64_t done = 0;
    memset(s.trees.window, 0, sizeof s.trees.window);
    for (; columns > 0; columns -= SLIDING, x += SLIDING) {
        /* elements to the columns' end, and what the last block may have of the next one */
        const int64_t whole = MIN(columns, SLIDING) * job->rows - row;
        if (whole + (columns > SLIDING ? BLOCK : 0) > n - done)
            break;
        const int64_t some = slide_columns(job, &s, nodes, x, columns, row);
        done += some;
        row = some - whole;
    }
    return done;
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
    job.far = job.rows * job.columns >= ASK_MIN;
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

/* Whether columns slide that are the next n elements, and what comes before `row` of the first. */
static bool columns_slide(const across *job, int64_t columns, int64_t row, int64_t n)
{
    return job->step == 1 && job->rows >= SLIDE_ROWS && columns >= SLIDING &&
           row + n >= MIN(columns, SLIDING + 1) * job->rows;
}

/* Some of the next n elements, which begin in this row of the first of these columns. Returns how
 * many were summed. */
static int64_t sum_some(const across *job, in_order *sum, const double *x, int64_t columns,
                        int64_t row, int64_t n)
{
    const bool slides = columns_slide(job, columns, row, n);
    const int64_t fit = GATHERED / job->rows;
    int64_t count = MIN(n / job->rows, columns);
    if (slides && row < BLOCK && sum->left == 0)
        return sum_sliding(job, &sum->nodes, x, row, columns, n);
    if (row > 0 || count == 0 || slides) {
        n = MIN(n, job->rows - row);
        if (slides && row < BLOCK)
            n = MIN(n, BLOCK - sum->left);  /* behind it a block begins */
        sum_part_of_column(job, sum, x, row, n);
        return n;
    }
    if (job->rows % BLOCK == 0 && sum->left == 0 && job->step == 1) {
        count = MIN(count, SIDE_BY_SIDE);
        sum_blocks_across(job, sum, x, count);
    } else if (fit >= LINE) {
        count = MIN(count, fit - fit % LINE);
        sum_short_columns(job, sum, x, count);
    } else {
        count = MIN(count, SIDE_BY_SIDE);
        sum_stretches(job, sum, x, count);
    }
    return count * job->rows;
}

double agi_sum_across(const agi_walk *space, const double *x, int64_t begin, int64_t end)
{
    const across job = across_of(space);
    in_order sum;
    agi_walk w;
    sum.nodes.next = sum.nodes.count = 0;
    sum.left = 0;
    for (int64_t at = begin; at < end;) {
        const int64_t row = at % job.rows, column = at / job.rows % job.columns;
        agi_walk_start(&w, space, at - row);
        at += sum_some(&job, &sum, x + w.at[0], job.columns - column, row, end - at);
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
#undef ASK_MIN
#undef SLIDE_ROWS
#undef WAITING
#undef SLIDING
#undef MIN
#undef NODES_MAX
#undef EIGHT
