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
    w.splat = (uint8_t *)base;
    w.registers = (double *)(void *)(base + agi_program_round_up((size_t)p->count));
    w.blocks = w.registers + p->registers * p->tile;
    w.rest = w.blocks + p->block_count * AGI_SUM_BLOCK * p->tile;
    w.spill = w.rest + p->most_streams * AGI_PROGRAM_REST;
    for (int32_t i = 0; i < p->count; i++) {
        w.splat[i] = p->values[i].splat;
        w.at[i] = p->values[i].number;  /* NULL for what has no number, or no tile */
    }
    return w;
}

const double *agi_program_seek(const agi_source *source, int64_t at, int64_t *index)
{
    const double *x = source->from.storage->data + source->offset;
    *index = 0;
    for (int d = source->ndim - 1; d >= 0; d--) {
        int64_t i = at;
        if (d > 0) {
            i = at % source->shape[d];
            at /= source->shape[d];
        }
        x += i * source->strides[d];
        if (d == source->ndim - 1)
            *index = i;
    }
    return x;
}

const double *agi_program_seek_row(const program_value *v, int64_t length, int64_t at,
                                   int64_t *step, int64_t *rows)
{
    const agi_source *source = v->strided;
    int d = source->ndim - 1;
    int64_t index, below = 1;  /* below: elements of what dimension d counts */
    const double *x = agi_program_seek(source, at, &index);
    for (; d > 0 && length % source->shape[d] == 0; d--) {
        length /= source->shape[d];
        below *= source->shape[d];
    }
    index = at / below % source->shape[d];
    *step = length * source->strides[d];
    *rows = MIN(*rows, (source->shape[d] - index + length - 1) / length);
    return x;
}

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
