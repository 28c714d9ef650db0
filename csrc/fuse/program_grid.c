/* SPDX-License-Identifier: MIT
 *
 * Programs that end in sums of columns and are one piece of machine code: the code makes a block of
 * rows where the sums take it up, a strip of columns at a time.
 */
#include "program_worker.h"

#include "../base/caches.h"

#define ASK_MIN (4 * agi_caches.second)
#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* A block of rows, or a strip of it, or rows of one at equal distances. */
typedef struct grid_part {
    int64_t row, col;       /* the first */
    int64_t rows, cols;
    int64_t step;           /* from row to row */
} grid_part;

static double *block_of(const program *p, const worker *w, int32_t sum)
{
    return w->blocks + (int64_t)p->sums[sum].block * AGI_SUM_BLOCK * p->tile;
}

/* Where a result that is not stored goes: the block of the sum that takes it up. */
static double *block_of_value(const program *p, const worker *w, int32_t value)
{
    for (int32_t i = 0; i < p->sum_count; i++)
        if (p->sums[i].source == value)
            return block_of(p, w, i);
    agi_assert(false);
    return NULL;
}

/* Where the streams have the part's row `done`, and how far it is from row to row. */
static void find_grid_streams(const program *p, const worker *w, grid_part part, int64_t done,
                              int64_t *rows)
{
    const program_group *group = &p->groups[0];
    const int32_t *streams = p->group_streams + group->first_stream;
    int64_t *step = (int64_t *)(void *)(w->streams + group->stream_count);
    const int64_t at = (part.row + done * part.step) * p->cols + part.col;
    for (int32_t s = 0; s < group->stream_count; s++) {
        const program_value *v = &p->values[streams[s]];
        step[s] = part.step * p->cols;
        if (v->by_rows) {
            w->streams[s] = agi_program_seek_row(v->strided, &w->places[v->place], p->cols, at,
                                                 &step[s], rows);
            step[s] *= part.step;
        } else if (v->memory != NULL) {
            w->streams[s] = v->memory + at;
        } else {
            w->streams[s] = block_of_value(p, w, streams[s]) + done * part.cols;
            step[s] = part.cols;
        }
        step[s] *= (int64_t)sizeof(double);
    }
}

/* Where what a sum takes up has the part's first row, and how far it is to the next one. */
static const double *find_summed(const program *p, const worker *w, grid_part part, int32_t i,
                                 int64_t *step)
{
    const program_value *v = &p->values[p->sums[i].source];
    *step = v->memory != NULL ? part.step * p->cols : part.cols;
    return v->memory != NULL ? v->memory + part.row * p->cols + part.col : block_of(p, w, i);
}

static double *partial_row(const program *p, const program_sum *sum, grid_part part)
{
    return agi_program_column_sums(sum) + part.row / AGI_SUM_BLOCK * p->cols + part.col;
}

static void sum_grid_columns(const program *p, const worker *w, grid_part part, int32_t i)
{
    const double *row[AGI_SUM_BLOCK];
    int64_t step;
    const double *x = find_summed(p, w, part, i, &step);
    double *z = partial_row(p, &p->sums[i], part);
    for (int64_t col = 0; col < part.cols; col += AGI_SUM_STRIP) {
        for (int64_t k = 0; k < part.rows; k++)
            row[k] = x + k * step + col;
        agi_sum_rows_block(z + col, row, (int)part.rows, MIN(part.cols - col, AGI_SUM_STRIP));
    }
}

static void sum_grid_rows(const program *p, const worker *w, grid_part part, int32_t i)
{
    const program_sum *sum = &p->sums[i];
    int64_t step, row = part.row;
    const double *x = find_summed(p, w, part, i, &step);
    for (int64_t k = 0; k < part.rows; k++, row += part.step) {
        const double sum_of_part = agi_sum_run(x + k * step, part.cols);
        if (sum->partial != NULL)
            sum->partial[row * p->stretches + part.col / p->tile] = sum_of_part;
        else
            sum->z[row] = agi_program_finish(sum->expr, sum_of_part);
    }
}

/* ---- whole blocks, lane by lane ------------------------------------------------------------- */

#define LANE_ROWS (AGI_SUM_BLOCK / AGI_SUM_LANES)

/* Lanes stand behind the rows of one lane in a sum's block. */
static double *lane_in_block(const program *p, const worker *w, grid_part part, int32_t i,
                             int64_t lane)
{
    return block_of(p, w, i) + (LANE_ROWS + lane) * part.cols;
}

static void add_lane(const program *p, const worker *w, grid_part part, int32_t i, int64_t lane)
{
    const double *row[LANE_ROWS];
    int64_t step;
    const double *x = find_summed(p, w, part, i, &step);
    for (int64_t k = 0; k < LANE_ROWS; k++)
        row[k] = x + k * step;
    agi_sum_rows(lane_in_block(p, w, part, i, lane), row, LANE_ROWS, part.cols);
}

/* Whether memory is so much that it is asked for: several second caches. */
static bool asks_ahead(const program *p)
{
    return p->numel * p->groups[0].stream_count * (int64_t)sizeof(double) >= ASK_MIN;
}

/* Asks for the memory of the rows behind these, which are the next lane's. A strip of a row is too
 * short for the processor to see where it goes: x * row of 1000 x 1000 with its gradients takes
 * 0.7 ms instead of 0.8. (Inline: else the compiler takes it for a function without effects.) */
AGI_INLINE void fetch_next_lane(const program *p, const worker *w, grid_part part)
{
    const program_group *group = &p->groups[0];
    const int32_t *streams = p->group_streams + group->first_stream;
    const int64_t *step = (const int64_t *)(const void *)(w->streams + group->stream_count);
    for (int32_t s = 0; s < group->stream_count; s++) {
        const program_value *v = &p->values[streams[s]];
        const char *x = (const char *)w->streams[s] + step[s] / part.step;
        const int64_t bytes = part.cols * (int64_t)sizeof(double);
        if (step[s] == 0 || v->passes_by || (v->memory == NULL && !v->by_rows))
            continue;
        for (int64_t k = 0; k < part.rows; k++, x += step[s])
            for (int64_t at = 0; at < bytes; at += 64)
                if (v->kind == VALUE_STEP)
                    __builtin_prefetch(x + at, 1);
                else
                    __builtin_prefetch(x + at);
    }
}

/* A block of rows of which each stream goes by one step. The rows that are one lane of the tree
 * (sum.h) are made and added up together: they and all lanes fit the first cache, and the whole
 * block would not. */
static void run_block_by_lanes(const program *p, const worker *w, grid_part block)
{
    const double *lanes[AGI_SUM_LANES];
    const bool asks = asks_ahead(p);
    grid_part part = block;
    part.rows = LANE_ROWS;
    part.step = AGI_SUM_LANES;
    for (int64_t lane = 0; lane < AGI_SUM_LANES; lane++, part.row++) {
        int64_t rows = LANE_ROWS;
        find_grid_streams(p, w, part, 0, &rows);
        if (asks && lane < AGI_SUM_LANES - 1)
            fetch_next_lane(p, w, part);
        agi_program_run_rows(p, w, &p->groups[0], LANE_ROWS, part.cols);
        for (int32_t i = 0; i < p->sum_count; i++) {
            if (p->sums[i].columns)
                add_lane(p, w, part, i, lane);
            else
                sum_grid_rows(p, w, part, i);
        }
    }
    for (int32_t i = 0; i < p->sum_count; i++) {
        if (!p->sums[i].columns)
            continue;
        for (int64_t lane = 0; lane < AGI_SUM_LANES; lane++)
            lanes[lane] = lane_in_block(p, w, block, i, lane);
        agi_sum_rows_block(partial_row(p, &p->sums[i], block), lanes, AGI_SUM_LANES, block.cols);
    }
}

/* ---- blocks of rows ------------------------------------------------------------------------- */

/* Whole lines of the first k of so many parts. */
static int64_t begin_of_strip(int64_t run, int64_t k, int64_t strips)
{
    return k == strips ? run : k * run / strips / AGI_PROGRAM_LINE * AGI_PROGRAM_LINE;
}

/* A unit is a strip of a block of rows. Strips are about equal parts of a row, or of the runs that
 * it consists of; where rows are summed too, they are the stretches of these sums. */
static grid_part grid_part_of(const program *p, int64_t unit)
{
    const int64_t strip = unit % p->stretches;
    grid_part part = {.row = unit / p->stretches * AGI_SUM_BLOCK, .step = 1};
    part.rows = MIN(p->rows - part.row, AGI_SUM_BLOCK);
    if (p->column_count < p->sum_count) {
        part.col = strip * p->tile;
        part.cols = MIN(p->cols - part.col, p->tile);
        return part;
    }
    const int64_t run = agi_program_grid_run(p), strips = p->stretches / (p->cols / run);
    const int64_t first = begin_of_strip(run, strip % strips, strips);
    const int64_t end = begin_of_strip(run, strip % strips + 1, strips);
    part.col = strip / strips * run + first;
    part.cols = end - first;
    return part;
}

void agi_program_grid_range(void *context, int64_t begin, int64_t end, int part_of_pool)
{
    const program *p = context;
    worker w = agi_program_worker(p, part_of_pool);
    for (int64_t unit = begin; unit < end; unit++) {
        const grid_part part = grid_part_of(p, unit);
        int64_t done = part.rows;
        find_grid_streams(p, &w, part, 0, &done);
        if (done == AGI_SUM_BLOCK) {
            run_block_by_lanes(p, &w, part);
            continue;
        }
        agi_program_run_rows(p, &w, &p->groups[0], done, part.cols);
        for (int64_t rows; done < part.rows; done += rows) {
            rows = part.rows - done;
            find_grid_streams(p, &w, part, done, &rows);
            agi_program_run_rows(p, &w, &p->groups[0], rows, part.cols);
        }
        for (int32_t i = 0; i < p->sum_count; i++) {
            if (p->sums[i].columns)
                sum_grid_columns(p, &w, part, i);
            else
                sum_grid_rows(p, &w, part, i);
        }
    }
}

#undef LANE_ROWS
#undef ASK_MIN
#undef MIN
