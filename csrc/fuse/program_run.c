/* SPDX-License-Identifier: MIT
 *
 * Running a program: tile by tile, shared among threads. What ends in sums goes over the elements
 * in an order in which each tile is a stretch of the summation tree (sum.h) of every sum, so that
 * the bits are those of summing the stored value.
 */
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "../base/parallel.h"
#include "../base/walk.h"
#include "../tensor/copy.h"
#include "program_worker.h"

#define LINE 8  /* doubles of a cache line */
/* Work from which a program is shared among threads, and the least that one gets: where they must
 * be woken, and where programs follow closely, so that they stay awake. */
#ifdef AG_TESTING
#define SHARED_ASLEEP_NS 1.0
#define SHARED_AWAKE_NS 1.0
#define GRAIN_ASLEEP_NS 1.0
#define GRAIN_AWAKE_NS 1.0
#else
#define SHARED_ASLEEP_NS 30000.0
#define SHARED_AWAKE_NS 5000.0
#define GRAIN_ASLEEP_NS 8000.0
#define GRAIN_AWAKE_NS 2000.0
#endif

#define REST AGI_PROGRAM_REST

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define BLOCKS(n, size) (((n) + (size) - 1) / (size))

/* ---- one tile ------------------------------------------------------------------------------- */

/* The walk over a source's rows, at the one that element `at` is in; returns its place in that. */
static int64_t start_rows(const agi_source *source, int64_t at, agi_walk *w)
{
    const int last = source->ndim - 1;
    agi_walk rows;
    rows.ndim = last > 0 ? last : 1;
    rows.count = 1;
    rows.shape[0] = 1;
    rows.strides[0][0] = 0;
    for (int d = 0; d < last; d++) {
        rows.shape[d] = source->shape[d];
        rows.strides[0][d] = source->strides[d];
    }
    agi_walk_start(w, &rows, at / source->shape[last]);
    return at % source->shape[last];
}

/* Elements [at, at + n) into `to`: part of a row, whole rows together as far as they are equally
 * far from each other, and part of a row. */
static void gather_tile(const agi_source *source, int64_t at, int64_t n, double *to)
{
    const int last = source->ndim - 1;
    const double *data = source->from.storage->data + source->offset;
    const int64_t cols = source->shape[last], step = source->strides[last];
    agi_walk w;
    int64_t index = start_rows(source, at, &w);
    const int inner = w.ndim - 1;
    for (int64_t rows, some; n > 0; n -= rows * some, to += rows * some, index = 0) {
        some = MIN(cols - index, n);
        rows = some < cols ? 1 : MIN(w.shape[inner] - w.index[inner], n / cols);
        agi_copy_block((agi_block){to, some, 1}, data + w.at[0] + index * step,
                       w.strides[0][inner], step, rows, some);
        agi_walk_along(&w, inner, rows);
        agi_walk_carry(&w, inner);
    }
}

/* Elements [at, at + n) of a strided source: as they lie where the tile is within one row and that
 * is dense or (unless it is to be whole) one value, else gathered, row by row. */
static const double *load_tile(const program_value *v, program_place *place, int64_t at, int64_t n,
                               double *to, uint8_t *splat)
{
    const agi_source *source = v->strided;
    const int last = source->ndim - 1;
    const int64_t step = source->strides[last];
    const double *x = agi_program_seek(source, place, at);
    *splat = 0;
    if (n <= source->shape[last] - place->index[last] && (step == 1 || (step == 0 && !v->whole))) {
        *splat = step == 0;
        return x;
    }
    gather_tile(source, at, n, to);
    return to;
}

/* To memory that nobody reads soon, past the caches: a line is then not read before it is written,
 * and nothing that is still of use has to leave for it. A register may begin anywhere: whole rows
 * in a tile may be an odd number of elements. */
static void pass_by(double *to, const double *from, int64_t n)
{
    int64_t done = 0;
#if defined(__SSE2__)
    if (((uintptr_t)to & 15) == 0)
        for (; done + 2 <= n; done += 2)
            _mm_stream_pd(to + done, _mm_loadu_pd(from + done));
#endif
    memcpy(to + done, from + done, (size_t)(n - done) * sizeof(double));
}

/* What was passed by is there for whoever is told from now on. */
static void end_pass_by(void)
{
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

/* Elements [at, at + n) of a step, some of whose inputs are read as they lie: as many at a time as
 * are within one row of each. */
static void run_pieces(const program *p, const worker *w, const program_value *v, int64_t at,
                       int64_t n, double *z)
{
    const double *in[AGI_SOURCES];
    for (int64_t done = 0, some; done < n; done += some) {
        unsigned splat = 0;
        some = n - done;
        for (int k = 0; k < v->n_in; k++) {
            const program_value *x = &p->values[v->in[k]];
            bool is_one = w->splat[v->in[k]];
            if (x->in_pieces) {
                const int last = x->strided->ndim - 1;
                program_place *place = &w->places[x->place];
                in[k] = agi_program_seek(x->strided, place, at + done);
                is_one = x->strided->strides[last] == 0;
                some = MIN(some, x->strided->shape[last] - place->index[last]);
            } else {
                in[k] = w->at[v->in[k]] + (is_one ? 0 : done);
            }
            splat |= (unsigned)is_one << k;
        }
        v->kernel(z + done, some, in, splat, v->f);
    }
}

static void run_kernel_of(const worker *w, const program_value *v, int64_t n, double *z)
{
    const double *in[AGI_SOURCES];
    unsigned splat = 0;
    for (int k = 0; k < v->n_in; k++) {
        in[k] = w->at[v->in[k]];
        splat |= (unsigned)w->splat[v->in[k]] << k;
    }
    v->kernel(z, n, in, splat, v->f);
}

AGI_INLINE void run_step(const program *p, const worker *w, int32_t i, int64_t at, int64_t n)
{
    const program_value *v = &p->values[i];
    double *z = v->passes_by        ? w->registers + (p->registers - 1) * p->tile
                : v->memory != NULL ? v->memory + at
                                    : w->registers + v->reg * p->tile;
    if (v->reads_pieces)
        run_pieces(p, w, v, at, n, z);
    else
        run_kernel_of(w, v, n, z);
    if (AGI_UNLIKELY(v->passes_by))
        pass_by(v->memory + at, z, n);
    w->at[i] = z;
}

/* A later tile's lines of all streams, in order. */
typedef struct fetcher {
    const double *line;
    int64_t left, left_of_stream;
    int64_t each;           /* lines before each step */
    int32_t stream;
    int64_t at, lines;      /* of one stream's tile: first element, lines */
} fetcher;

/* Elements [at, at + n) of all streams, if there are as many. */
static fetcher fetcher_of(const program *p, int64_t at, int64_t n)
{
    fetcher f = {.at = at, .lines = n / LINE, .stream = -1};
    if (p->fetches && at + n <= p->numel)
        f.left = f.lines * p->stream_count;
    f.each = f.left / MAX(p->steps, 1) + 1;
    return f;
}

/* Asks for a few lines before each step, so that memory brings a later tile in while this one is
 * computed. All at once would wait for memory: there is room for few requests. */
static void fetch_some(fetcher *f, const program *p)
{
    for (int64_t k = MIN(f->each, f->left); k > 0; k--) {
        if (f->left_of_stream == 0) {
            f->line = p->streams[++f->stream] + f->at;
            f->left_of_stream = f->lines;
        }
        __builtin_prefetch(f->line, 0, 2);
        f->line += LINE;
        f->left_of_stream--;
        f->left--;
    }
}

/* ---- groups --------------------------------------------------------------------------------- */

static bool is_result(const program *p, const program_group *group, const program_value *v)
{
    return v->group == group - p->groups;
}

/* Where the group's streams are, its results included. */
static void find_streams(const program *p, const worker *w, const program_group *group, int64_t at)
{
    const int32_t *streams = p->group_streams + group->first_stream;
    for (int32_t s = 0; s < group->stream_count; s++) {
        const program_value *v = &p->values[streams[s]];
        if (is_result(p, group, v))
            w->at[streams[s]] =
                v->memory != NULL ? v->memory + at : w->registers + v->reg * p->tile;
        w->streams[s] = w->at[streams[s]];
    }
}

static void run_code(const program *p, const worker *w, const program_group *group,
                     const agi_jit_code *code, int64_t n)
{
    const double *cells = p->cells + (int64_t)group->first_constant * AGI_JIT_CELL;
    code->run(w->streams, cells, w->spill, 0, n, p->ahead);
}

/* The rest of a result, n numbers, goes to its place; z has the elements before. */
static void put_rest(const program_value *v, double *z, int64_t from, double *rest, int64_t n)
{
    if (!v->pairs) {
        memcpy(z + from, rest, (size_t)n * sizeof(double));
        return;
    }
    memset(rest + n, 0, (size_t)(AGI_SUM_PAIRED - n) * sizeof(double));
    for (int k = 0; k < AGI_SUM_LANES; k++)
        z[from / 2 + k] = rest[k] + rest[AGI_SUM_LANES + k];
}

static void fill_rest(double *rest, const double *x, int64_t n, int64_t turn)
{
    memcpy(rest, x, (size_t)n * sizeof(double));
    for (int64_t k = n; k < turn; k++)
        rest[k] = 1.0;
}

/* Elements [from, n), less than a turn: in a place of their own, filled up with numbers that do no
 * harm, since nothing outside of the arrays is read or written. */
static void run_rest(const program *p, const worker *w, const program_group *group, int64_t from,
                     int64_t n)
{
    const int32_t *streams = p->group_streams + group->first_stream;
    const int64_t turn = group->code.turn;
    for (int32_t s = 0; s < group->stream_count; s++) {
        double *rest = w->rest + s * REST;
        if (!is_result(p, group, &p->values[streams[s]]))
            fill_rest(rest, w->streams[s] + from, n - from, turn);
        w->streams[s] = rest;
    }
    run_code(p, w, group, &group->rest_code, turn);
    for (int32_t s = 0; s < group->stream_count; s++) {
        const program_value *v = &p->values[streams[s]];
        if (is_result(p, group, v))
            put_rest(v, (double *)(uintptr_t)w->at[streams[s]], from, w->rest + s * REST, n - from);
    }
}

/* ---- groups, row by row --------------------------------------------------------------------- */

/* Where the group's streams have the tile's element `done`, which is element `at`, and how far it
 * is from row to row. */
static void find_rows(const program *p, const worker *w, const program_group *group, int64_t at,
                      int64_t done, int64_t *rows)
{
    const int32_t *streams = p->group_streams + group->first_stream;
    const double **first = w->streams;
    int64_t *step = (int64_t *)(void *)(w->streams + group->stream_count);
    for (int32_t s = 0; s < group->stream_count; s++) {
        const program_value *v = &p->values[streams[s]];
        if (v->by_rows) {
            first[s] = agi_program_seek_row(v->strided, &w->places[v->place], p->run, at, &step[s],
                                            rows);
        } else {
            first[s] = w->at[streams[s]] + done;
            step[s] = p->run;
        }
        step[s] *= (int64_t)sizeof(double);
    }
}

/* From one number of a row to the next. */
static int64_t step_within_row(const program_value *v)
{
    return v->by_rows ? v->strided->strides[v->strided->ndim - 1] : 1;
}

/* Less than a turn of a row, the tile's elements from `done` on: in a place of its own, as run_rest
 * has it. */
static void run_short_row(const program *p, const worker *w, const program_group *group,
                          int64_t done, int64_t n)
{
    const int32_t *streams = p->group_streams + group->first_stream;
    for (int32_t s = 0; s < group->stream_count; s++) {
        const program_value *v = &p->values[streams[s]];
        double *rest = w->rest + s * REST;
        const int64_t step = step_within_row(v);
        if (step == 0)
            continue;
        if (!is_result(p, group, v))
            fill_rest(rest, w->streams[s], (n - 1) * step + 1, step * group->code.turn);
        w->streams[s] = rest;
    }
    agi_program_run_rows(p, w, group, 1, group->code.turn);
    for (int32_t s = 0; s < group->stream_count; s++) {
        const program_value *v = &p->values[streams[s]];
        if (is_result(p, group, v))
            put_rest(v, (double *)(uintptr_t)w->at[streams[s]], done, w->rest + s * REST, n);
    }
}

/* Whole rows together, and what the tile has of one before them and behind. */
static void run_group_by_rows(const program *p, const worker *w, const program_group *group,
                              int64_t at, int64_t n)
{
    find_streams(p, w, group, at);
    int64_t in_row = at % p->run;
    for (int64_t done = 0; done < n; in_row = 0) {
        int64_t rows = 1, part = MIN(p->run - in_row, n - done);
        if (part == p->run)
            rows = (n - done) / p->run;
        find_rows(p, w, group, at + done, done, &rows);
        if (part >= group->code.turn)
            agi_program_run_rows(p, w, group, rows, part);
        else
            run_short_row(p, w, group, done, part);
        done += rows * part;
    }
}

static void run_group(const program *p, const worker *w, const program_group *group, int64_t at,
                      int64_t n)
{
    const int64_t whole = n - n % group->code.turn;
    find_streams(p, w, group, at);
    if (whole > 0)
        run_code(p, w, group, &group->code, whole);
    if (whole < n)
        run_rest(p, w, group, whole, n);
}

static void run_step_or_group(const program *p, const worker *w, int32_t i, int64_t at, int64_t n)
{
    const int32_t group = p->values[i].group;
    if (group < 0)
        run_step(p, w, i, at, n);
    else if (p->groups[group].last == i && p->groups[group].by_rows)
        run_group_by_rows(p, w, &p->groups[group], at, n);
    else if (p->groups[group].last == i)
        run_group(p, w, &p->groups[group], at, n);
}

/* The next tile's lines of rows that lie apart. (Inline: else the compiler takes it for a function
 * without effects.) */
AGI_INLINE void ask_for_rows(const program *p, const agi_source *source, program_place *place,
                             int64_t at, int64_t n)
{
    const int64_t end = MIN(p->numel, at + MIN(n, AGI_TILE));
    const int last = source->ndim - 1;
    for (int64_t some; at < end; at += some) {
        const double *x = agi_program_seek(source, place, at);
        some = MIN(source->shape[last] - place->index[last], end - at);
        for (int64_t k = 0; k < some; k += LINE)
            __builtin_prefetch(x + k);
    }
}

static void run_tile(const program *p, const worker *w, int64_t at, int64_t n)
{
    fetcher ahead = fetcher_of(p, at + p->ahead, n);
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        if (v->kind == VALUE_STEP) {
            fetch_some(&ahead, p);
            run_step_or_group(p, w, i, at, n);
        } else if (v->kind == VALUE_MEMORY) {
            w->at[i] = v->memory + at;
        } else if (v->kind == VALUE_STRIDED) {
            if (v->asks)
                ask_for_rows(p, v->strided, &w->places[v->place + 1],
                             at + (p->mode == MODE_GRID ? p->ahead : n), n);
            if (!v->by_rows && !v->in_pieces)
                w->at[i] = load_tile(v, &w->places[v->place], at, n,
                                     w->registers + v->reg * p->tile, &w->splat[i]);
        }
    }
}

/* ---- in order ------------------------------------------------------------------------------- */

/* Each sum's part of the tile that was just run. */
static void sum_tile(const program *p, const worker *w, int64_t at, int64_t n)
{
    for (int32_t i = 0; i < p->sum_count; i++) {
        const program_value *v = &p->values[p->sums[i].source];
        const double *x = v->memory != NULL ? v->memory + at : w->at[p->sums[i].source];
        p->sums[i].partial[at / p->tile] = v->pairs ? agi_sum_pairs(x, n) : agi_sum_run(x, n);
    }
}

static void flat_range_of_program(void *context, int64_t begin, int64_t end, int part)
{
    const program *p = context;
    worker w = agi_program_worker(p, part);
    for (int64_t at = begin; at < end; at += p->tile) {
        int64_t n = MIN(end - at, p->tile);
        run_tile(p, &w, at, n);
        sum_tile(p, &w, at, n);
    }
}

/* The same where all that is read lies in memory in order and one piece of code does it all: tiles
 * may be short, since streams step from one to the next, and without sums there are none. */
static void loop_range_of_program(void *context, int64_t begin, int64_t end, int part)
{
    const program *p = context;
    const program_group *group = &p->groups[0];
    const int32_t *streams = p->group_streams;
    const int64_t whole = begin + (end - begin) / p->tile * p->tile;
    const worker w = agi_program_worker(p, part);
    if (p->sum_count == 0) {
        run_tile(p, &w, begin, end - begin);
        return;
    }
    for (int32_t i = 0; i < p->count; i++)
        if (p->values[i].kind == VALUE_MEMORY)
            w.at[i] = p->values[i].memory + begin;
    find_streams(p, &w, group, begin);
    for (int64_t at = begin; at < whole; at += p->tile) {
        run_code(p, &w, group, &group->code, p->tile);
        sum_tile(p, &w, at, p->tile);
        for (int32_t s = 0; s < group->stream_count; s++)
            w.streams[s] += p->values[streams[s]].memory != NULL ? p->tile : 0;
    }
    if (whole < end)
        flat_range_of_program(context, whole, end, part);
}

/* Rows longer than a tile: a unit is a stretch of one row. */
static void stretch_range(void *context, int64_t begin, int64_t end, int part)
{
    const program *p = context;
    worker w = agi_program_worker(p, part);
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t from = unit % p->stretches * p->tile, n = MIN(p->cols - from, p->tile);
        run_tile(p, &w, unit / p->stretches * p->cols + from, n);
        for (int32_t i = 0; i < p->sum_count; i++)
            p->sums[i].partial[unit] = agi_sum_run(w.at[p->sums[i].source], n);
    }
}

/* Rows that fit a tile: a unit is a row, as many at a time as fit. */
static void row_range(void *context, int64_t begin, int64_t end, int part)
{
    const program *p = context;
    worker w = agi_program_worker(p, part);
    const int64_t cols = p->cols, most = p->tile / cols;
    for (int64_t row = begin; row < end; row += most) {
        int64_t rows = MIN(end - row, most);
        run_tile(p, &w, row * cols, rows * cols);
        for (int32_t i = 0; i < p->sum_count; i++) {
            double *z = p->sums[i].z + row;
            agi_sum_runs(z, 1, w.at[p->sums[i].source], cols, rows, cols);
            for (int64_t k = 0; k < rows && p->sums[i].expr->op == AG_OP_mean; k++)
                z[k] = agi_program_finish(p->sums[i].expr, z[k]);
        }
    }
}

/* ---- blocks of rows, strips of columns ------------------------------------------------------ */

/* The tile of `rows` rows and n columns that was just run goes into the sums. */
static void take_rows(const program *p, const worker *w, int64_t row, int64_t strip,
                      int64_t in_block, int64_t rows, int64_t n)
{
    double *block = w->blocks;
    for (int32_t i = 0; i < p->sum_count; i++) {
        const program_sum *sum = &p->sums[i];
        const double *x = w->at[sum->source];
        if (sum->columns) {
            memcpy(block + in_block * n, x, (size_t)(rows * n) * sizeof(double));
            block += AGI_SUM_BLOCK * p->tile;
            continue;
        }
        for (int64_t k = 0; k < rows; k++) {
            double part = agi_sum_run(x + k * n, n);
            if (sum->partial != NULL)
                sum->partial[(row + k) * p->stretches + strip] = part;
            else
                sum->z[row + k] = agi_program_finish(sum->expr, part);
        }
    }
}

/* The block's rows, one below the other, become one partial row of each sum of columns. */
static void close_block(const program *p, const worker *w, int64_t block_row, int64_t from,
                        int rows, int64_t n)
{
    const double *row[AGI_SUM_BLOCK];
    const double *block = w->blocks;
    for (int32_t i = 0; i < p->sum_count; i++) {
        if (!p->sums[i].columns)
            continue;
        for (int k = 0; k < rows; k++)
            row[k] = block + k * n;
        agi_sum_rows_block(agi_program_column_sums(&p->sums[i]) + block_row * p->cols + from, row,
                           rows, n);
        block += AGI_SUM_BLOCK * p->tile;
    }
}

/* A unit is a strip of a block of rows. Narrow rows are run several at a time. */
static void grid_range(void *context, int64_t begin, int64_t end, int part)
{
    const program *p = context;
    worker w = agi_program_worker(p, part);
    const int64_t together = p->stretches == 1 ? p->tile / p->cols : 1;
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t block = unit / p->stretches, strip = unit % p->stretches;
        int64_t first = block * AGI_SUM_BLOCK, from = strip * p->tile;
        int64_t rows = MIN(p->rows - first, AGI_SUM_BLOCK), n = MIN(p->cols - from, p->tile);
        for (int64_t k = 0; k < rows; k += together) {
            int64_t some = MIN(rows - k, together);
            run_tile(p, &w, (first + k) * p->cols + from, some * n);
            take_rows(p, &w, first + k, strip, k, some, n);
        }
        close_block(p, &w, block, from, (int)rows, n);
    }
}

/* ---- joining what was summed apart ---------------------------------------------------------- */

static void join_rows(const program *p, const program_sum *sum)
{
    for (int64_t row = 0; row < p->rows; row++) {
        agi_sum_tree tree;
        agi_sum_tree_clear(&tree);
        for (int64_t s = 0; s < p->stretches; s++)
            agi_sum_tree_put(&tree, sum->partial[row * p->stretches + s]);
        sum->z[row] = agi_program_finish(sum->expr, agi_sum_tree_total(&tree));
    }
}

/* As agi_program_finish does with each. */
static void finish_columns(const program_sum *sum, const double *x, int64_t n)
{
    double *z = sum->z;
    const double m = (double)sum->expr->m;
    if (sum->expr->op == AG_OP_mean)
        for (int64_t j = 0; j < n; j++)
            z[j] = (x[j] + 0.0) / m;
    else
        for (int64_t j = 0; j < n; j++)
            z[j] = x[j] + 0.0;
}

/* The tree of sum.h over partial rows, each subtree's sum in the place of its first row. */
static void join_columns(const program *p, const program_sum *sum)
{
    const double *pair[2];
    double *node[64];
    int top = 0;
    int64_t blocks = BLOCKS(p->rows, AGI_SUM_BLOCK);
    for (int64_t block = 0; block < blocks; block++) {
        node[top++] = agi_program_column_sums(sum) + block * p->cols;
        for (int64_t ones = block; ones & 1; ones >>= 1, top--) {
            pair[0] = node[top - 2];
            pair[1] = node[top - 1];
            agi_sum_rows(node[top - 2], pair, 2, p->cols);
        }
    }
    for (; top > 1; top--) {
        pair[0] = node[top - 2];
        pair[1] = node[top - 1];
        agi_sum_rows(node[top - 2], pair, 2, p->cols);
    }
    finish_columns(sum, node[0], p->cols);
}

/* Of what the program has stored, or what was stored before. */
static void sum_across(const program *p)
{
    const program_value *v = &p->values[p->across];
    const agi_source *order = &v->expr->in[0];
    double sum;
    agi_sum_into(&sum, p->values[v->in[0]].memory, order->ndim, order->shape, order->strides,
                 (UINT64_C(1) << order->ndim) - 1);
    *v->memory = agi_program_finish(v->expr, sum);
}

static void join_sums(const program *p)
{
    if (p->across > 0)
        sum_across(p);
    for (int32_t i = 0; i < p->sum_count; i++) {
        if (p->sums[i].columns)
            join_columns(p, &p->sums[i]);
        else if (p->sums[i].partial != NULL)
            join_rows(p, &p->sums[i]);
    }
}

/* ---- giving up ------------------------------------------------------------------------------ */

/* About how long a batch takes after which the clock is looked at. Programs that take less than a
 * batch are run at once. */
#ifdef AG_TESTING
#define BATCH_NS 1.0
#else
#define BATCH_NS 1000000.0
#endif

/* When this thread asked the hook last, and when its last program that asks ended. */
static AGI_TLS int64_t last_asked, last_ended;

/* Several programs may follow each other in one evaluation: it is long if they are together. */
static void begin_asking(program *p, double unit_cost, double work, int64_t align)
{
    if (work < BATCH_NS || !agi_has_interrupt_hook())
        return;
    const int64_t now = agi_now_ns();
    if (now - last_ended > AGI_ASK_NS)
        last_asked = now;
    p->asks = true;
    if (!p->overwrites)
        p->batch = ((int64_t)(BATCH_NS / unit_cost) / align + 1) * align;
}

static void end_asking(const program *p)
{
    if (p->asks)
        last_ended = agi_now_ns();
}

/* The hook may have to wait for the embedder's lock: the next 50 ms begin when it answers. */
static void ask(program *p)
{
    if (agi_now_ns() - last_asked < AGI_ASK_NS)
        return;
    if (agi_interrupted())
        atomic_store_explicit(&p->given_up, true, memory_order_relaxed);
    last_asked = agi_now_ns();
}

/* Part 0 is run by the thread that waits for the program, others are the pool's. */
static void run_batches(program *p, int64_t begin, int64_t end, int part)
{
    for (int64_t at = begin; at < end; at += p->batch) {
        if (atomic_load_explicit(&p->given_up, memory_order_relaxed))
            return;
        p->range(p, at, MIN(end, at + p->batch), part);
        if (part == 0)
            ask(p);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void whole_range(void *context, int64_t begin, int64_t end, int part)
{
    program *p = context;
    if (p->batch > 0)
        run_batches(p, begin, end, part);
    else
        p->range(p, begin, end, part);
    if (p->passes_by)
        end_pass_by();
}

/* What is short keeps the embedder's lock: to get it back could take longer. */
static void share(program *p, int64_t units, int64_t unit_size, int64_t align, agi_range_fn fn)
{
    p->range = fn;
    const double unit_cost = p->cost * (double)unit_size, work = unit_cost * (double)units;
    if (work < SHARED_AWAKE_NS) {
        whole_range(p, 0, units, 0);
        return;
    }
    const bool pooled = p->parts > 1, is_long = work >= SHARED_ASLEEP_NS;
    const bool awake = pooled && agi_parallel_begin();
    const int parts = awake || is_long ? p->parts : 1;
    int64_t grain = (int64_t)((awake ? GRAIN_AWAKE_NS : GRAIN_ASLEEP_NS) / unit_cost) + 1;
    if (is_long)
        begin_asking(p, unit_cost, work, align);
    void *token = is_long ? agi_blocking_enter() : NULL;
    if (p->asks && p->overwrites)  /* which is not given up any more when it has begun */
        ask(p);
    if (!p->given_up)
        agi_parallel_at_most(units, grain, align, parts, whole_range, p);
    end_asking(p);
    if (is_long)
        agi_blocking_leave(token);
    if (pooled)
        agi_parallel_end();
}

/* Goes over all elements, as the mode has it. */
static void share_elements(program *p)
{
    if (p->mode == MODE_FLAT)
        share(p, p->numel, 1, p->sum_count == 0 ? p->tile : MAX(p->tile, AGI_TILE),
              p->is_loop ? loop_range_of_program : flat_range_of_program);
    else if (p->grid_in_code)
        share(p, BLOCKS(p->rows, AGI_SUM_BLOCK) * p->stretches, AGI_SUM_BLOCK * p->tile, 1,
              agi_program_grid_range);
    else if (p->mode == MODE_GRID)
        share(p, BLOCKS(p->rows, AGI_SUM_BLOCK) * p->stretches, AGI_SUM_BLOCK * p->tile, 1,
              grid_range);
    else if (p->stretches > 1)
        share(p, p->rows * p->stretches, p->tile, 1, stretch_range);
    else
        share(p, p->rows, p->cols, 1, row_range);
}

bool agi_program_go(program *p)
{
    if (p->steps > 0 || p->sum_count > 0)
        share_elements(p);
    if (p->given_up)
        return false;
    join_sums(p);
    return true;
}

#undef REST
#undef MIN
#undef MAX
#undef BLOCKS
