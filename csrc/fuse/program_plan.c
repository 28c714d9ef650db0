/* SPDX-License-Identifier: MIT
 *
 * Planning a program: which of its memory is fetched ahead and which goes past the caches, how the
 * tiles go over the elements and how long they are, and the scratch that running it takes.
 */
#include "../base/caches.h"
#include "../base/parallel.h"
#include "program_form.h"

#define LINE AGI_PROGRAM_LINE
/* Where one loop does it all, what is not in registers does not matter: longer tiles mean fewer
 * calls. A power of two of AGI_TILE. */
#define LOOP_TILE (4 * AGI_TILE)
/* Columns of a block of rows that code makes and a sum takes up: AGI_SUM_STRIP at most, when strips
 * end with whole lines. */
#define GRID_STRIP (AGI_SUM_STRIP - LINE)
/* How far ahead memory is fetched, elements: two tiles or more; and by the one loop of a program,
 * whose next turns are to find it in the first cache. */
#define FETCH_AHEAD 2048
#define FETCH_AHEAD_IN_LOOP 512
/* Bytes of a program's memory from which that pays. Between two of its runs the rest of a step goes
 * through the last cache too: what takes less than half of it is still there, and comes soon enough
 * by itself. */
#ifdef AG_TESTING
#define FETCH_MIN 1
#define FETCH_COST 0.0
#else
#define FETCH_MIN (agi_caches.last / 2)
/* ns for an element from which a program without one loop has the time to ask for memory. Where it
 * computes less, asking delays what the processor brings in by itself. */
#define FETCH_COST 3.0
#endif
/* Bytes of a program's memory from which what is only stored goes past the caches, as it would not
 * stay in them; fewer where memory is all that the program waits for: so many ns for an element. */
#ifdef AG_TESTING
#define PASS_BY_MIN 64
#define PASS_BY_MIN_CHEAP 64
#else
#define PASS_BY_MIN (agi_caches.last / 5 * 7)
#define PASS_BY_MIN_CHEAP (agi_caches.last / 16 * 15)
#endif
#define CHEAP 1.0
/* Bytes of rows from which the next tile's are asked for. Halves of 1000 rows of 2000, with their
 * gradients, beside others that use memory: relu takes 0.5 ms instead of 0.75, exp 1.4 instead of
 * 1.7, x * y 1.0 instead of 1.2. */
#ifdef AG_TESTING
#define ASK_ROWS_MIN 1
#else
#define ASK_ROWS_MIN agi_caches.second
#endif
/* The shortest of them: to find each takes some divisions. */
#define ASK_ROW 128
/* The shortest row that a kernel reads as it lies: a call takes as long as copying such a row does,
 * or as filling it where it is one number. exp2 of 1e5, ns an element, copied and as it lies: rows
 * of 32 0.52 and 0.58, of 64 0.50 and 0.47, of 200 0.52 and 0.40; hypot of two such 0.67 and 0.61,
 * 0.65 and 0.51, 0.70 and 0.47. x // column, rows of 100: 0.51 and 0.55, of 128: 0.50 and 0.46. */
#ifdef AG_TESTING
#define PIECE_MIN 3
#define PIECE_MIN_OF_ONE 5
#else
#define PIECE_MIN 64
#define PIECE_MIN_OF_ONE 128
#endif
/* Steps for each stream of memory from which the one loop of a program fetches it ahead. */
#define FETCH_STEPS 3

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define BLOCKS(n, size) (((n) + (size) - 1) / (size))

/* Whether nothing in the program reads what the step stores, and the lines of it are whole. */
static bool can_pass_by(const program_value *v)
{
#if defined(__SSE2__)
    return v->kind == VALUE_STEP && v->last_use < 0 && ((uintptr_t)v->memory & 63) == 0;
#else
    (void)v;
    return false;
#endif
}

/* Whether what a step writes is read by the program too: a write in place, of which there are few
 * (fresh memory is not looked for among what may be thousands). */
static bool is_read(const program *p, const program_value *v)
{
    if (v->kind == VALUE_MEMORY || v->bytes != 0 || v->into != NULL)
        return false;
    for (int32_t i = 0; i < p->stream_count; i++)
        if (p->streams[i] == v->memory)
            return true;
    return false;
}

static int64_t stream_bytes(const program *p)
{
    return p->numel * p->stream_count * (int64_t)sizeof(double);
}

/* Without repetitions: all lines of it, where it has every second number of them. */
static int64_t source_bytes(const agi_source *source)
{
    int64_t distinct = 1, step = LINE;
    for (int d = 0; d < source->ndim; d++) {
        distinct *= source->strides[d] != 0 ? source->shape[d] : 1;
        step = source->strides[d] != 0 ? MIN(step, source->strides[d]) : step;
    }
    return distinct * step * (int64_t)sizeof(double);
}

/* Of what is read as it lies. */
static int64_t strided_bytes(const program *p)
{
    int64_t bytes = 0;
    for (int32_t i = 0; i < p->count; i++)
        bytes += p->values[i].kind == VALUE_STRIDED ? source_bytes(p->values[i].strided) : 0;
    return bytes;
}

/* Long rows that the second cache does not hold. Their ends stop the processor's own guesses. (Of
 * every second number these bring twice as many lines: x * y takes 1.5 ms instead of 1.2.) */
static void choose_asking(program *p)
{
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        const int last = v->kind == VALUE_STRIDED ? v->strided->ndim - 1 : 0;
        v->asks = v->kind == VALUE_STRIDED && v->strided->strides[last] == 1 &&
                  v->strided->shape[last] >= ASK_ROW && source_bytes(v->strided) >= ASK_ROWS_MIN;
    }
}

/* What is only stored leaves the streams where there is too much of all. */
static void choose_past_caches(program *p)
{
    const int64_t most = p->cost < CHEAP ? PASS_BY_MIN_CHEAP : PASS_BY_MIN;
    if (stream_bytes(p) < most && stream_bytes(p) + strided_bytes(p) < most)
        return;
    p->stream_count = 0;
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        v->passes_by = v->fetch && can_pass_by(v);
        v->fetch &= !v->passes_by;
        p->passes_by |= v->passes_by;
        if (v->fetch)
            p->streams[p->stream_count++] = v->memory;
    }
}

static bool list_streams(program *p)
{
    p->streams = agi_plain_new((size_t)p->count * sizeof *p->streams);
    if (p->streams == NULL)
        return false;
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        p->steps += v->kind == VALUE_STEP;
        v->fetch = v->kind != VALUE_SUM && v->memory != NULL && !is_read(p, v);
        if (v->fetch)
            p->streams[p->stream_count++] = v->memory;
    }
    choose_past_caches(p);
    p->fetches = p->steps > 0 && stream_bytes(p) >= FETCH_MIN;
    return true;
}

/* Whether one piece of code does it all, over memory in order. */
static bool is_loop(const program *p)
{
    bool loop = p->is_one_group && p->mode == MODE_FLAT && p->run == 0;
    for (int32_t i = 0; loop && i < p->count; i++)
        loop = p->values[i].kind != VALUE_STRIDED;
    return loop;
}

/* In the first cache. */
static bool fits(int64_t values, int64_t elements)
{
    return values * elements * (int64_t)sizeof(double) <= agi_caches.first;
}

/* A tile's registers and memory are to stay in the first cache, or it is cut in half, but no
 * further than to half of AGI_TILE: still shorter ones cost more in calls than they save. One loop
 * goes through its memory once: it is the partial sums beside it that the memory of a longer tile
 * would drive out. */
static void choose_tile(program *p)
{
    const int64_t all = p->registers + p->stream_count;
    p->is_loop = is_loop(p);
    p->tile = AGI_TILE;
    if (p->is_loop || (p->is_one_group && fits(p->registers, LOOP_TILE)))
        p->tile = LOOP_TILE;
    if (p->tile == AGI_TILE || (p->is_loop && p->sum_count > 0))
        while (p->tile > AGI_TILE / 2 && !fits(all, p->tile))
            p->tile /= 2;
    /* What is summed beside rows takes a quarter of the cache: rows need many calls for a tile. */
    while (p->is_one_group && p->run > 0 && p->tile > AGI_TILE && !fits(4 * p->registers, p->tile))
        p->tile /= 2;
}

/* The length of the rows that kernels read, where there is nothing but kernels; else 0. */
static int64_t row_of_pieces(const program *p)
{
    for (int32_t i = 0; i < p->count && p->group_count == 0; i++)
        if (p->values[i].in_pieces)
            return p->values[i].strided->shape[p->values[i].strided->ndim - 1];
    return 0;
}

/* Whole rows, where no sum counts on a tile's length. */
static void fit_tile_to_rows(program *p)
{
    const int64_t row = p->run > 0 ? p->run : row_of_pieces(p);
    if (p->mode == MODE_FLAT && p->sum_count == 0 && row > 0 && row <= p->tile)
        p->tile -= p->tile % row;
}

/* All sums of a program fit one mode: agi_program_fits saw to it. */
static void choose_mode(program *p)
{
    p->mode = MODE_FLAT;
    p->cols = p->numel;
    for (int32_t i = 0; i < p->sum_count; i++) {
        const agi_expr *e = p->sums[i].expr;
        p->sums[i].columns = e->kept_inner > 1;
        p->column_count += p->sums[i].columns;
        if (p->sums[i].columns) {
            p->mode = MODE_GRID;
            p->cols = e->kept_inner;
        } else if (e->m < p->numel && p->mode == MODE_FLAT) {
            p->mode = MODE_ROWS;
            p->cols = e->m;
        }
    }
    p->rows = p->numel / p->cols;
}

static void choose_stretches_of_sums(program *p)
{
    if (p->mode == MODE_GRID)
        p->tile = MIN(p->tile, AGI_SUM_STRIP);
    p->stretches = BLOCKS(p->cols, p->tile);
    if (p->grid_in_code && p->column_count == p->sum_count) {
        const int64_t run = agi_program_grid_run(p), strips = BLOCKS(run, GRID_STRIP);
        p->tile = BLOCKS(BLOCKS(run, strips) + LINE - 1, LINE) * LINE;
        p->stretches = p->cols / run * strips;
    }
}

/* A block for each sum of columns; where code makes them, for each source that is not stored. */
static void number_blocks(program *p)
{
    for (int32_t i = 0; i < p->sum_count; i++) {
        program_sum *sum = &p->sums[i];
        sum->block = p->block_count;
        for (int32_t k = 0; k < i && p->grid_in_code; k++)
            if (p->sums[k].source == sum->source)
                sum->block = p->sums[k].block;
        if (sum->block == p->block_count && (sum->columns || p->grid_in_code))
            p->block_count++;
    }
}

/* From one tile to one that is run soon after it: the next rows of a strip, or two tiles on. */
static void choose_ahead(program *p)
{
    p->ahead = p->is_one_group ? FETCH_AHEAD_IN_LOOP : FETCH_AHEAD;
    if (p->mode == MODE_GRID)
        p->ahead = p->cols * (p->stretches == 1 ? p->tile / p->cols : 1);
}

/* Doubles of partial sums that a sum needs. */
static int64_t partial_doubles(const program *p, const program_sum *sum)
{
    const int64_t blocks = BLOCKS(p->rows, AGI_SUM_BLOCK);
    if (sum->columns)
        return blocks > 1 ? blocks * p->cols : 0;  /* of one block they are the result */
    return p->mode == MODE_FLAT || p->stretches > 1 ? p->rows * p->stretches : 0;
}

/* Doubles of a worker's scratch, beside its tables: registers, blocks of rows, what groups need. */
static size_t scratch_doubles(const program *p)
{
    return (size_t)(p->registers * p->tile + p->block_count * AGI_SUM_BLOCK * p->tile) +
           (size_t)(p->spill + p->most_streams * AGI_PROGRAM_REST);
}

/* The code's constants, each in all lanes of a cell. */
static void fill_cells(const program *p)
{
    for (int32_t k = 0; k < p->constant_count; k++)
        for (int lane = 0; lane < AGI_JIT_CELL; lane++)
            p->cells[k * AGI_JIT_CELL + lane] = p->constants[k];
}

/* Two places for each strided value. */
static void number_places(program *p)
{
    for (int32_t i = 0; i < p->count; i++) {
        if (p->values[i].kind == VALUE_STRIDED) {
            p->values[i].place = p->place_count;
            p->place_count += 2;
        }
    }
}

/* The cells first, which all workers read, then the workers' parts. */
static bool make_scratch(program *p)
{
    const size_t cells = (size_t)(p->constant_count * AGI_JIT_CELL) * sizeof(double);
    number_places(p);
    p->parts = agi_parallel_width();
    p->scratch_part = agi_program_round_up((size_t)p->count * sizeof(double *)) +
                      agi_program_round_up(agi_program_stream_bytes(p)) +
                      agi_program_round_up(agi_program_place_bytes(p)) +
                      agi_program_round_up((size_t)p->count) +
                      agi_program_round_up(scratch_doubles(p) * sizeof(double));
    p->block = agi_plain_new(cells + (size_t)p->parts * p->scratch_part + 63);
    if (p->block == NULL)
        return false;
    p->cells = (double *)(void *)agi_program_round_up((uintptr_t)p->block);
    p->scratch = (char *)p->cells + cells;
    fill_cells(p);
    return true;
}

/* A loop that computes enough between its loads and stores waits less for what was fetched ahead.
 * So does one whose stores all go past the caches, which the processor's own guesses suffer from.
 * Others are better left to these. */
bool agi_program_fetches_in_loop(const program *p)
{
    int32_t stores = 0, past_caches = 0;
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        stores += v->kind == VALUE_STEP && v->memory != NULL;
        past_caches += v->passes_by;
    }
    const bool computes = p->steps >= FETCH_STEPS * (p->stream_count + past_caches);
    return p->fetches && p->is_one_group && p->run == 0 && (computes || stores == past_caches);
}

/* Whether the rows are dense, or one number each, and so long that all that read them would take
 * longer with a copy. */
static bool has_pieces(const program *p, const program_value *v)
{
    if (v->kind != VALUE_STRIDED || p->overwrites)
        return false;
    const int last = v->strided->ndim - 1;
    const int64_t step = v->strided->strides[last];
    const int64_t least = (step == 0 ? PIECE_MIN_OF_ONE : PIECE_MIN) * (int64_t)v->readers;
    return (step == 0 || step == 1) && v->strided->shape[last] >= least;
}

void agi_program_choose_pieces(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        for (int k = 0; k < p->values[i].n_in; k++)
            p->values[p->values[i].in[k]].readers++;
    for (int32_t i = 0; i < p->count; i++)
        p->values[i].in_pieces = has_pieces(p, &p->values[i]);
    for (int32_t i = 0; i < p->count; i++)
        for (int k = 0; k < p->values[i].n_in; k++)
            p->values[p->values[i].in[k]].in_pieces &=
                p->values[i].kind == VALUE_STEP && p->values[i].group < 0;
    for (int32_t i = 0; i < p->count; i++)
        for (int k = 0; k < p->values[i].n_in; k++)
            p->values[i].reads_pieces |= p->values[p->values[i].in[k]].in_pieces;
}

bool agi_program_list_streams(program *p)
{
    choose_mode(p);
    return list_streams(p);
}

bool agi_program_plan(program *p)
{
    p->registers += p->passes_by && !p->is_one_group;  /* for kernels */
    choose_tile(p);
    fit_tile_to_rows(p);
    choose_stretches_of_sums(p);
    number_blocks(p);
    choose_ahead(p);
    choose_asking(p);
    p->fetches &= !p->is_one_group && p->cost >= FETCH_COST;
    for (int32_t i = 0; i < p->sum_count; i++) {
        int64_t doubles = partial_doubles(p, &p->sums[i]);
        if (doubles == 0)
            continue;
        p->sums[i].partial = agi_plain_new((size_t)doubles * sizeof(double));
        if (p->sums[i].partial == NULL)
            return false;
    }
    return make_scratch(p);
}

#undef MIN
#undef BLOCKS
#undef LINE
