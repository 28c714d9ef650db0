/* SPDX-License-Identifier: MIT
 *
 * What running a program needs, whichever way its elements are gone over. See program_worker.h.
 */
#include "program_worker.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))

worker agi_program_worker(const program *p, int part)
{
    char *base = p->scratch + (size_t)part * p->scratch_part;
    worker w;
    w.at = (const double **)(void *)base;
    base += agi_program_round_up((size_t)p->count * sizeof(double *));
    w.streams = (const double **)(void *)base;
    base += agi_program_round_up(agi_program_stream_bytes(p));
    w.places = (program_place *)(void *)base;
    base += agi_program_round_up(agi_program_place_bytes(p));
    w.splat = (uint8_t *)base;
    w.registers = (double *)(void *)(base + agi_program_round_up((size_t)p->count));
    w.blocks = w.registers + p->registers * p->tile;
    w.rest = w.blocks + p->block_count * AGI_SUM_BLOCK * p->tile;
    w.spill = w.rest + p->most_streams * AGI_PROGRAM_REST;
    for (int32_t i = 0; i < p->count; i++) {
        w.splat[i] = p->values[i].splat;
        w.at[i] = p->values[i].number;  /* NULL for what has no number, or no tile */
    }
    for (int32_t k = 0; k < p->place_count; k++) {
        w.places[k].at = -1;
        w.places[k].length = 0;
    }
    return w;
}

/* ---- places --------------------------------------------------------------------------------- */

/* Rows on, at most, to which a place goes step by step. */
#define SOON 16

static void find_place(const agi_source *source, program_place *place, int64_t at)
{
    place->x = source->from.storage->data + source->offset;
    place->at = at;
    for (int d = source->ndim - 1; d >= 0; d--) {
        place->index[d] = at;
        if (d > 0) {
            place->index[d] = at % source->shape[d];
            at /= source->shape[d];
        }
        place->x += place->index[d] * source->strides[d];
    }
}

static void go_on(const agi_source *source, program_place *place, int64_t by)
{
    int d = source->ndim - 1;
    place->at += by;
    place->index[d] += by;
    place->x += by * source->strides[d];
    for (; d > 0 && place->index[d] >= source->shape[d]; d--) {
        do {
            place->index[d] -= source->shape[d];
            place->x += source->strides[d - 1] - source->shape[d] * source->strides[d];
            place->index[d - 1]++;
        } while (place->index[d] >= source->shape[d]);
    }
}

const double *agi_program_seek(const agi_source *source, program_place *place, int64_t at)
{
    const int64_t by = at - place->at;
    if (place->at < 0 || by < 0 || by > SOON * source->shape[source->ndim - 1])
        find_place(source, place, at);
    else if (by > 0)
        go_on(source, place, by);
    return place->x;
}

static void divide_by_rows(const agi_source *source, program_place *place, int64_t length)
{
    int d = source->ndim - 1;
    place->length = length;
    for (; d > 0 && length % source->shape[d] == 0; d--)
        length /= source->shape[d];
    place->unit = length;
    place->dim = d;
}

const double *agi_program_seek_row(const agi_source *source, program_place *place, int64_t length,
                                   int64_t at, int64_t *step, int64_t *rows)
{
    const double *x = agi_program_seek(source, place, at);
    if (place->length != length)
        divide_by_rows(source, place, length);
    const int64_t unit = place->unit, left = source->shape[place->dim] - place->index[place->dim];
    *step = unit * source->strides[place->dim];
    *rows = MIN(*rows, unit == 1 ? left : (left + unit - 1) / unit);
    return x;
}

/* ---- code ----------------------------------------------------------------------------------- */

void agi_program_run_rows(const program *p, const worker *w, const program_group *group,
                          int64_t rows, int64_t n)
{
    const double *cells = p->cells + (int64_t)group->first_constant * AGI_JIT_CELL;
    int64_t *count = (int64_t *)(void *)(w->streams + 2 * group->stream_count);
    *count = rows;
    group->code.run(w->streams, cells, w->spill, 0, n, 0);
}

double agi_program_finish(const agi_expr *e, double sum)
{
    sum += 0.0;
    return e->op == AG_OP_mean ? sum / (double)e->m : sum;
}

#undef MIN
#undef SOON
