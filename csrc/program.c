/* SPDX-License-Identifier: MIT
 *
 * Building and running programs. See program.h.
 *
 *   order    the expressions that the roots lead to, inputs first
 *   choose   which of them are stored: roots, writes in place, and values that were computed once
 *            before and that somebody still holds
 *   place    each other value gets a register, free again after its last use
 *   run      tile by tile, shared among threads; nothing fails from here on
 *   settle   results become their storages' data, what they were made from is let go
 */
#include "program.h"

#include <string.h>

#include "copy.h"
#include "parallel.h"
#include "run.h"
#include "sum.h"

/* Registers of a program that is to stay in the first cache, bytes. With more values alive than
 * fit, tiles get shorter, down to a block of the summation tree. */
#define SCRATCH_BYTES 24576
#define TILE_MIN AGI_SUM_BLOCK
/* Columns summed together. */
#define STRIP AGI_SUM_STRIP
/* Work from which a program is shared among threads, and the least that one gets. */
#ifdef AG_TESTING
#define SHARED_MIN_NS 1.0
#define GRAIN_NS 1.0
#else
#define SHARED_MIN_NS 40000.0
#define GRAIN_NS 15000.0
#endif

typedef enum value_kind { VALUE_NUMBER, VALUE_MEMORY, VALUE_STRIDED, VALUE_STEP } value_kind;

/* Something that a step can read. */
typedef struct program_value {
    uint8_t kind;           /* value_kind */
    uint8_t n_in;
    bool splat; /* one value for all elements: NUMBER, and STRIDED where a tile says so */
    int32_t in[AGI_SOURCES];
    int32_t reg;            /* register, or -1 */
    int32_t last_use;       /* place of the last step that reads it */
    double *memory;         /* MEMORY: base; STEP: where it is stored, or NULL */
    const double *number;
    const agi_source *strided;
    agi_kernel kernel;
    const double *f;
    agi_expr *expr;         /* STEP: of which */
    agi_storage *into;      /* owned: a storage for a stored value without an owner */
    size_t bytes;           /* of memory that is to become the owner's; else 0 */
    bool is_elsewhere;      /* memory was given with the root: nothing is settled */
} program_value;

typedef struct program {
    agi_expr **order;
    int32_t order_count, order_capacity;
    program_value *values;
    int32_t count, capacity;
    int32_t registers;
    int64_t numel, tile;
    double cost;            /* ns for each element, about */
    bool has_strided;
    /* Per thread: pointers of the values, their splat flags, registers. */
    char *scratch;
    size_t scratch_part;
    int parts;
    /* The sum. */
    const agi_program_sum *sum;
    int32_t sum_value;
    double *partial;
    int64_t stretches;      /* partial sums of one result */
} program;

/* ---- order ---------------------------------------------------------------------------------- */

static uint64_t last_epoch;

static bool push_order(program *p, agi_expr *e)
{
    if (p->order_count == p->order_capacity) {
        int32_t capacity = p->order_capacity == 0 ? 64 : 2 * p->order_capacity;
        agi_expr **grown = agi_plain_resize(p->order, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        p->order = grown;
        p->order_capacity = capacity;
    }
    p->order[p->order_count++] = e;
    return true;
}

static bool is_stored(const agi_expr *e) { return e->result != NULL; }

/* Inputs first. No deeper than AGI_PROGRAM_MAX, since longer chains are cut when they are made. */
static bool visit_expr(program *p, agi_expr *e, uint64_t epoch)
{
    if (e->epoch == epoch || is_stored(e))
        return true;
    e->epoch = epoch;
    for (int k = 0; k < e->n_in; k++)
        if (e->in[k].kind == AGI_SOURCE_EXPR && !visit_expr(p, e->in[k].from.expr, epoch))
            return false;
    return push_order(p, e);
}

static int count_exprs(agi_expr *e, uint64_t epoch, int most)
{
    int count = 1;
    if (e->epoch == epoch || is_stored(e))
        return 0;
    e->epoch = epoch;
    for (int k = 0; k < e->n_in && count < most; k++)
        if (e->in[k].kind == AGI_SOURCE_EXPR)
            count += count_exprs(e->in[k].from.expr, epoch, most - count);
    return count;
}

int agi_program_weight(agi_expr *e, int most) { return count_exprs(e, ++last_epoch, most); }

/* ---- values --------------------------------------------------------------------------------- */

static program_value *add_value(program *p, value_kind kind)
{
    if (p->count == p->capacity) {
        int32_t capacity = p->capacity == 0 ? 128 : 2 * p->capacity;
        program_value *grown = agi_plain_resize(p->values, (size_t)capacity * sizeof *grown);
        if (grown == NULL)
            return NULL;
        p->values = grown;
        p->capacity = capacity;
    }
    program_value *v = &p->values[p->count++];
    *v = (program_value){.kind = (uint8_t)kind, .reg = -1, .last_use = -1};
    return v;
}

/* The place of a memory load, made once for each first element. */
static int32_t load_memory(program *p, double *memory)
{
    for (int32_t i = p->count - 1; i >= 0; i--)
        if (p->values[i].kind == VALUE_MEMORY && p->values[i].memory == memory)
            return i;
    program_value *v = add_value(p, VALUE_MEMORY);
    if (v == NULL)
        return -1;
    v->memory = memory;
    return p->count - 1;
}

static int32_t load_strided(program *p, const agi_source *source)
{
    for (int32_t i = p->count - 1; i >= 0; i--) {
        const agi_source *other = p->values[i].strided;
        if (p->values[i].kind == VALUE_STRIDED && other->from.storage == source->from.storage &&
            other->offset == source->offset && other->ndim == source->ndim &&
            memcmp(other->shape, source->shape, source->ndim * sizeof(int64_t)) == 0 &&
            memcmp(other->strides, source->strides, source->ndim * sizeof(int64_t)) == 0)
            return i;
    }
    program_value *v = add_value(p, VALUE_STRIDED);
    if (v == NULL)
        return -1;
    v->strided = source;
    p->has_strided = true;
    return p->count - 1;
}

/* The place of what a source stands for, or -1. */
static int32_t load_source(program *p, const agi_source *source, const agi_expr *reader)
{
    switch ((agi_source_kind)source->kind) {
    case AGI_SOURCE_NUMBER: {
        program_value *v = add_value(p, VALUE_NUMBER);
        if (v == NULL)
            return -1;
        v->number = &source->from.number;
        v->splat = true;
        return p->count - 1;
    }
    case AGI_SOURCE_EXPR:
        if (!is_stored(source->from.expr))
            return source->from.expr->slot;
        return load_memory(p, source->from.expr->result->data);
    case AGI_SOURCE_SAME:
        return load_memory(p, source->from.storage->data + source->offset);
    case AGI_SOURCE_STRIDED:
        return load_strided(p, source);
    default:
        agi_assert(source->kind == AGI_SOURCE_SELF && source->from.storage->data != NULL);
        (void)reader;
        return load_memory(p, source->from.storage->data + source->offset);
    }
}

static bool add_step(program *p, agi_expr *e)
{
    int32_t in[AGI_SOURCES] = {-1, -1, -1};
    for (int k = 0; k < e->n_in; k++)
        if ((in[k] = load_source(p, &e->in[k], e)) < 0)
            return false;
    program_value *v = add_value(p, VALUE_STEP);
    if (v == NULL)
        return false;
    v->n_in = e->n_in;
    memcpy(v->in, in, sizeof in);
    v->expr = e;
    v->f = e->f;
    v->kernel = agi_run_kernel_of(e->op);
    e->slot = p->count - 1;
    p->cost += agi_run_cost_of(e->op);
    return true;
}

/* ---- choose --------------------------------------------------------------------------------- */

/* A value that somebody holds and that is being computed for the second time is stored; a write in
 * place always is. */
static bool wants_store(const agi_expr *e)
{
    return e->owner != NULL && (e->in_place || e->evals >= 1);
}

/* Gives a step memory to write: `data`; or what its owner has (a write in place); or new memory
 * that is to become the owner's; or, where nobody owns the value, a storage for those that read
 * it. */
static ag_status give_memory(program *p, agi_expr *e, double *data)
{
    program_value *v = &p->values[e->slot];
    if (v->memory != NULL)
        return AG_OK;
    if (data != NULL) {
        v->memory = data;
        v->is_elsewhere = true;
    } else if (e->owner == NULL) {
        v->into = agi_storage_new(e->numel);
        v->memory = v->into != NULL ? v->into->data : NULL;
    } else if (e->owner->data != NULL) {
        v->memory = e->owner->data;
    } else {
        v->memory = agi_buffer_new(e->numel, &v->bytes);
    }
    return v->memory != NULL ? AG_OK : AG_ERR_MEMORY;
}

static ag_status choose_stores(program *p, int n, const agi_root *roots)
{
    for (int i = 0; i < n; i++)
        if (give_memory(p, roots[i].expr, roots[i].data) != AG_OK)
            return AG_ERR_MEMORY;
    for (int32_t i = 0; i < p->order_count; i++)
        if (wants_store(p->order[i]) && give_memory(p, p->order[i], NULL) != AG_OK)
            return AG_ERR_MEMORY;
    return AG_OK;
}

/* ---- place ---------------------------------------------------------------------------------- */

static void note_uses(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        for (int k = 0; k < p->values[i].n_in; k++)
            p->values[p->values[i].in[k]].last_use = i;
    if (p->sum != NULL)
        p->values[p->sum_value].last_use = p->count;
}

static bool needs_register(const program_value *v)
{
    return v->kind == VALUE_STRIDED || (v->kind == VALUE_STEP && v->memory == NULL);
}

/* Registers by linear scan: a value's is free for a later one after its last use, and a step may
 * write over an input that it is the last to read. Strided tiles are loaded when first needed. */
static bool place_registers(program *p)
{
    int32_t *free_list = agi_plain_new((size_t)(p->count + 1) * sizeof *free_list);
    int32_t free_count = 0;
    if (free_list == NULL)
        return false;
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        for (int k = 0; k < v->n_in; k++) {
            const program_value *in = &p->values[v->in[k]];
            bool again = k > 0 && (v->in[k] == v->in[0] || (k > 1 && v->in[k] == v->in[1]));
            if (in->reg >= 0 && in->last_use == i && !again)
                free_list[free_count++] = in->reg;
        }
        if (needs_register(v))
            v->reg = free_count > 0 ? free_list[--free_count] : p->registers++;
    }
    agi_plain_free(free_list);
    return true;
}

static void choose_tile(program *p)
{
    p->tile = AGI_TILE;
    while (p->tile > TILE_MIN && p->registers * p->tile * (int64_t)sizeof(double) > SCRATCH_BYTES)
        p->tile /= 2;
}

static bool make_scratch(program *p)
{
    size_t pointers = ((size_t)p->count * sizeof(double *) + 63) & ~(size_t)63;
    size_t flags = ((size_t)p->count + 63) & ~(size_t)63;
    p->parts = agi_parallel_width();
    p->scratch_part = pointers + flags + (size_t)p->registers * (size_t)p->tile * sizeof(double);
    p->scratch = agi_plain_new((size_t)p->parts * p->scratch_part + 63);
    return p->scratch != NULL;
}

/* ---- run: one tile -------------------------------------------------------------------------- */

typedef struct worker {
    const double **at;      /* of each value: where its tile is */
    uint8_t *splat;
    double *registers;
} worker;

static worker worker_of(const program *p, int part)
{
    size_t pointers = ((size_t)p->count * sizeof(double *) + 63) & ~(size_t)63;
    size_t flags = ((size_t)p->count + 63) & ~(size_t)63;
    char *base = (char *)(((uintptr_t)p->scratch + 63) & ~(uintptr_t)63) +
                 (size_t)part * p->scratch_part;
    worker w = {(const double **)(void *)base, (uint8_t *)base + pointers,
                (double *)(void *)(base + pointers + flags)};
    for (int32_t i = 0; i < p->count; i++) {
        w.splat[i] = p->values[i].splat;
        w.at[i] = p->values[i].number;
    }
    return w;
}

/* Where element `at` of a strided source is, and the index in its last dimension. */
static const double *seek(const agi_source *source, int64_t at, int64_t *index)
{
    const double *x = source->from.storage->data + source->offset;
    *index = 0;
    for (int d = source->ndim - 1; d >= 0; d--) {
        int64_t i = at % source->shape[d];
        at /= source->shape[d];
        x += i * source->strides[d];
        if (d == source->ndim - 1)
            *index = i;
    }
    return x;
}

/* Elements [at, at + n) of a strided source: as they lie where the tile is within one row and that
 * is dense or one value, else gathered, row by row. */
static const double *load_tile(const agi_source *source, int64_t at, int64_t n, double *to,
                               uint8_t *splat)
{
    const int last = source->ndim - 1;
    const int64_t step = source->strides[last];
    int64_t index;
    const double *x = seek(source, at, &index);
    *splat = 0;
    if (n <= source->shape[last] - index && (step == 1 || step == 0)) {
        *splat = step == 0;
        return x;
    }
    for (int64_t done = 0; done < n;) {
        int64_t left = source->shape[last] - index;
        int64_t some = left < n - done ? left : n - done;
        agi_copy_block((agi_block){to + done, some, 1}, x, 0, step, 1, some);
        done += some;
        if (done < n)
            x = seek(source, at + done, &index);
    }
    return to;
}

static void run_tile(const program *p, const worker *w, int64_t at, int64_t n)
{
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        if (v->kind == VALUE_STEP) {
            const double *in[AGI_SOURCES];
            unsigned splat = 0;
            for (int k = 0; k < v->n_in; k++) {
                in[k] = w->at[v->in[k]];
                splat |= (unsigned)w->splat[v->in[k]] << k;
            }
            double *z = v->memory != NULL ? v->memory + at : w->registers + v->reg * p->tile;
            v->kernel(z, n, in, splat, v->f);
            w->at[i] = z;
        } else if (v->kind == VALUE_MEMORY) {
            w->at[i] = v->memory + at;
        } else if (v->kind == VALUE_STRIDED) {
            w->at[i] = load_tile(v->strided, at, n, w->registers + v->reg * p->tile, &w->splat[i]);
        }
    }
}

/* ---- run: ranges ---------------------------------------------------------------------------- */

static void map_range(void *context, int64_t begin, int64_t end, int part)
{
    const program *p = context;
    worker w = worker_of(p, part);
    for (int64_t at = begin; at < end; at += p->tile)
        run_tile(p, &w, at, end - at < p->tile ? end - at : p->tile);
}

/* Sums of rows of m > tile elements: a unit is a stretch of one row. */
static void stretch_range(void *context, int64_t begin, int64_t end, int part)
{
    const program *p = context;
    worker w = worker_of(p, part);
    const int64_t m = p->sum->m;
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t from = unit % p->stretches * p->tile;
        int64_t n = m - from < p->tile ? m - from : p->tile;
        run_tile(p, &w, unit / p->stretches * m + from, n);
        p->partial[unit] = agi_sum_run(w.at[p->sum_value], n);
    }
}

/* Sums of rows of m <= tile elements: a unit is a row, as many as fit a tile at a time. */
static void rows_range(void *context, int64_t begin, int64_t end, int part)
{
    const program *p = context;
    worker w = worker_of(p, part);
    const int64_t m = p->sum->m, most = p->tile / m;
    for (int64_t row = begin; row < end; row += most) {
        int64_t rows = end - row < most ? end - row : most;
        run_tile(p, &w, row * m, rows * m);
        const double *x = w.at[p->sum_value];
        for (int64_t i = 0; i < rows; i++)
            p->sum->z[row + i] = agi_sum_run(x + i * m, m) + 0.0;
    }
}

/* T of the rows of a strip of n columns that starts at column `from`, into z; scratch as laid out
 * by strip_doubles. Rows are made one by one, a block of them summed at a time (sum.h). */
static void sum_strip_rows(const program *p, const worker *w, double *scratch, int64_t from,
                           int64_t n, double *z)
{
    const int64_t columns = p->sum->kept_inner, m = p->sum->m;
    const double *row[AGI_SUM_BLOCK], *pair[2];
    double *block = scratch, *nodes = scratch + AGI_SUM_BLOCK * STRIP, *top = nodes;
    int64_t count = 0;
    for (int64_t at = 0; at < m; at += AGI_SUM_BLOCK, top += n, count++) {
        int rows = m - at < AGI_SUM_BLOCK ? (int)(m - at) : AGI_SUM_BLOCK;
        for (int i = 0; i < rows; i++) {
            run_tile(p, w, (at + i) * columns + from, n);
            row[i] = memcpy(block + i * n, w->at[p->sum_value], (size_t)n * sizeof(double));
        }
        agi_sum_rows_block(top, row, rows, n);
        for (int64_t ones = count; ones & 1; ones >>= 1, top -= n) {
            pair[0] = top - n;
            pair[1] = top;
            agi_sum_rows(top - n, pair, 2, n);
        }
    }
    for (top -= n; top > nodes; top -= n) {
        pair[0] = top - n;
        pair[1] = top;
        agi_sum_rows(top - n, pair, 2, n);
    }
    for (int64_t i = 0; i < n; i++)
        z[from + i] = nodes[i] + 0.0;
}

/* Doubles of scratch for one strip: a block of rows, and unfinished subtrees. */
static int64_t strip_doubles(int64_t m)
{
    int64_t depth = 2;
    for (int64_t blocks = m / AGI_SUM_BLOCK; blocks > 0; blocks >>= 1)
        depth++;
    return (AGI_SUM_BLOCK + depth) * STRIP;
}

/* Sums of columns: a unit is a strip of them. */
static void columns_range(void *context, int64_t begin, int64_t end, int part)
{
    const program *p = context;
    worker w = worker_of(p, part);
    const int64_t columns = p->sum->kept_inner;
    double *scratch = p->partial + part * strip_doubles(p->sum->m);
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t from = unit * STRIP;
        int64_t n = columns - from < STRIP ? columns - from : STRIP;
        sum_strip_rows(p, &w, scratch, from, n, p->sum->z);
    }
}

/* ---- run: the whole ------------------------------------------------------------------------- */

static void run_range(program *p, int64_t units, int64_t unit_size, int64_t align, agi_range_fn fn)
{
    double unit_cost = p->cost * (double)unit_size;
    if (unit_cost * (double)units < SHARED_MIN_NS) {
        fn(p, 0, units, 0);
        return;
    }
    int64_t grain = (int64_t)(GRAIN_NS / unit_cost) + 1;
    void *token = agi_blocking_enter();
    agi_parallel_at_most(units, grain, align, p->parts, fn, p);
    agi_blocking_leave(token);
}

/* What a sum needs beside registers: partial sums, or the scratch of strips. */
static bool plan_sum(program *p)
{
    const agi_program_sum *sum = p->sum;
    int64_t doubles = 0;
    if (sum == NULL)
        return true;
    if (sum->kept_inner > 1) {
        p->tile = p->tile < STRIP ? p->tile : STRIP;
        doubles = p->parts * strip_doubles(sum->m);
    } else if (sum->m > p->tile) {
        p->stretches = (sum->m + p->tile - 1) / p->tile;
        doubles = p->numel / sum->m * p->stretches;
    }
    if (doubles > 0)
        p->partial = agi_plain_new((size_t)doubles * sizeof(double));
    return doubles == 0 || p->partial != NULL;
}

static void join_stretches_of(const program *p)
{
    const agi_program_sum *sum = p->sum;
    for (int64_t row = 0; row < p->numel / sum->m; row++) {
        agi_sum_tree tree = {.count = 0};
        for (int64_t s = 0; s < p->stretches; s++)
            agi_sum_tree_put(&tree, p->partial[row * p->stretches + s]);
        sum->z[row] = agi_sum_tree_total(&tree) + 0.0;
    }
}

static void run_program(program *p)
{
    const agi_program_sum *sum = p->sum;
    if (sum == NULL) {
        run_range(p, p->numel, 1, AGI_TILE, map_range);
    } else if (sum->kept_inner > 1) {
        run_range(p, (sum->kept_inner + STRIP - 1) / STRIP, sum->m * STRIP, 1, columns_range);
    } else if (sum->m > p->tile) {
        run_range(p, p->numel / sum->m * p->stretches, p->tile, 1, stretch_range);
        join_stretches_of(p);
    } else {
        run_range(p, p->numel / sum->m, sum->m, 1, rows_range);
    }
}

/* ---- settle --------------------------------------------------------------------------------- */

/* A computed step's memory becomes its owner's data, where those that read the value find it. */
static void settle_store(program_value *v)
{
    agi_expr *e = v->expr;
    agi_storage *owner = e->owner;
    if (owner == NULL && v->into != NULL)
        agi_expr_stored(e, agi_storage_retain(v->into));
    if (owner == NULL)
        return;
    if (!agi_refs_try_inc(&owner->refs)) {
        if (e->in_place)
            agi_expr_overwrote(e);
        return;
    }
    if (v->bytes != 0) {
        owner->data = v->memory;
        owner->bytes = (int64_t)v->bytes;
        v->bytes = 0;
    }
    agi_expr_stored(e, owner);
    e->owner = NULL;
    atomic_store_explicit(&owner->pending, NULL, memory_order_release);
    agi_expr_release(e);
}

/* Users before inputs, since storing one lets its inputs go, which may be the last to hold them. */
static void settle_values(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        if (p->values[i].kind == VALUE_STEP)
            agi_expr_retain(p->values[i].expr);
    for (int32_t i = p->count - 1; i >= 0; i--) {
        program_value *v = &p->values[i];
        if (v->kind != VALUE_STEP)
            continue;
        if (v->memory == NULL)
            v->expr->evals = 1;
        else if (!v->is_elsewhere)
            settle_store(v);
    }
    for (int32_t i = 0; i < p->count; i++)
        if (p->values[i].kind == VALUE_STEP)
            agi_expr_release(p->values[i].expr);
}

static void program_close(program *p)
{
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        if (v->bytes != 0 && v->memory != NULL)
            agi_buffer_free(v->memory, v->bytes);
        if (v->into != NULL)
            agi_storage_release(v->into);
    }
    agi_plain_free(p->order);
    agi_plain_free(p->values);
    agi_plain_free(p->scratch);
    agi_plain_free(p->partial);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static bool build(program *p, int n, const agi_root *roots)
{
    uint64_t epoch = ++last_epoch;
    for (int i = 0; i < n; i++)
        if (!visit_expr(p, roots[i].expr, epoch))
            return false;
    if (p->sum != NULL && !visit_expr(p, p->sum->expr, epoch))
        return false;
    for (int32_t i = 0; i < p->order_count; i++)
        if (!add_step(p, p->order[i]))
            return false;
    if (p->sum != NULL)
        p->sum_value = p->sum->expr->slot;
    if (choose_stores(p, n, roots) != AG_OK)
        return false;
    note_uses(p);
    if (!place_registers(p))
        return false;
    choose_tile(p);
    return make_scratch(p) && plan_sum(p);
}

ag_status agi_program_run(int n, const agi_root *roots, const agi_program_sum *sum)
{
    program p;
    memset(&p, 0, sizeof p);
    p.sum = sum;
    p.numel = sum != NULL ? sum->expr->numel : roots[0].expr->numel;
    bool ok = build(&p, n, roots);
    if (ok) {
        run_program(&p);
        settle_values(&p);
    }
    program_close(&p);
    return ok ? AG_OK : ag_last_status();
}
