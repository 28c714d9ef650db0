/* SPDX-License-Identifier: MIT
 *
 * Expressions over the same memory, whose elements come in another order. See expr_turn.h.
 */
#include "expr_turn.h"

#include <string.h>

#include "../base/shape.h"
#include "../compute/run.h"

/* Steps that are made again: what they take is little beside storing and reading a value. */
#define STEPS_MAX 8
/* Dimensions of a source, cut where those of the shape end. */
#define PIECES_MAX 8
/* The shortest rows that programs read as they lie. */
#define ROW_MIN 16

#define MIN(a, b) ((a) < (b) ? (a) : (b))

typedef struct turn {
    int ndim;
    const int64_t *shape;
    uint64_t mask;
    int left;               /* steps that may still be made */
    ag_status status;
} turn;

/* Part of a dimension of the shape over which a source goes by one stride. */
typedef struct piece {
    int64_t size, stride;
    bool moves;             /* behind those that do not */
} piece;

/* The pieces of a source, the innermost first; their number, or -1. */
static int cut_source(const turn *t, const agi_source *from, piece *pieces)
{
    int n = 0, d = from->ndim - 1;
    int64_t left = from->shape[d], stride = from->strides[d];
    for (int k = t->ndim - 1; k >= 0; k--) {
        for (int64_t need = t->shape[k], size; need > 1; need /= size) {
            for (; left == 1 && d > 0; stride = from->strides[d])
                left = from->shape[--d];
            size = MIN(need, left);
            if (n == PIECES_MAX || size < 2 || need % size != 0 || left % size != 0)
                return -1;
            pieces[n++] = (piece){size, stride, (t->mask >> k & 1) != 0};
            left /= size;
            stride *= size;
        }
    }
    return n;
}

/* Whether rows of it can be read as they lie. */
static bool has_rows(const agi_source *source)
{
    const int last = source->ndim - 1;
    return source->shape[last] >= ROW_MIN && source->strides[last] >= 0 &&
           source->strides[last] <= 1;
}

/* What `from`, memory, is in the other order. */
static bool turn_memory(const turn *t, const agi_source *from, agi_source *to)
{
    piece pieces[PIECES_MAX];
    int64_t shape[AGI_MAX_DIMS], strides[1][AGI_MAX_DIMS];
    const int count = cut_source(t, from, pieces);
    int n = 0;
    for (int moves = 0; moves < 2; moves++) {
        for (int i = count - 1; i >= 0; i--) {
            if (pieces[i].moves != (moves == 1))
                continue;
            shape[n] = pieces[i].size;
            strides[0][n++] = pieces[i].stride;
        }
    }
    n = n > 0 ? agi_shape_collapse(n, shape, 1, strides) : 0;
    if (n == 0 || n > AGI_SOURCE_DIMS)
        return false;
    *to = *from;
    to->kind = AGI_SOURCE_STRIDED;
    to->ndim = (uint8_t)n;
    memcpy(to->shape, shape, (size_t)n * sizeof *shape);
    memcpy(to->strides, strides[0], (size_t)n * sizeof *shape);
    return has_rows(to);
}

static agi_expr *turn_step(turn *t, agi_expr *e);

static void read_memory(agi_source *source)
{
    agi_storage_retain(source->from.storage);
    source->from.storage->readers++;
}

/* A source of e in the other order, owned. */
static bool turn_source(turn *t, const agi_expr *e, const agi_source *from, agi_source *to)
{
    agi_source same = *from;
    if (from->kind == AGI_SOURCE_NUMBER) {
        *to = *from;
        return true;
    }
    if (from->kind == AGI_SOURCE_EXPR) {
        if (from->from.expr->result == NULL) {
            to->from.expr = turn_step(t, from->from.expr);
            to->kind = AGI_SOURCE_EXPR;
            return to->from.expr != NULL;
        }
        same = (agi_source){.from.storage = from->from.expr->result};
    } else if (from->kind != AGI_SOURCE_SAME && from->kind != AGI_SOURCE_STRIDED) {
        return false;
    }
    if (from->kind != AGI_SOURCE_STRIDED) {
        same.ndim = 1;
        same.shape[0] = e->numel;
        same.strides[0] = 1;
    }
    if (!turn_memory(t, &same, to))
        return false;
    read_memory(to);
    return true;
}

/* What was computed once before is to be stored now, and so is this when it is wanted again. */
static agi_expr *turn_step(turn *t, agi_expr *e)
{
    if (t->left-- == 0 || e->evals > 0 || e->in_place || agi_expr_is_sum(e) ||
        agi_run_cost_of(e->op) >= 1.0)
        return NULL;
    agi_expr *z = agi_expr_new(e->op, e->numel);
    if (z == NULL) {
        t->status = ag_last_status();
        return NULL;
    }
    memcpy(z->f, e->f, sizeof z->f);
    z->maker = e->maker;
    for (int k = 0; k < e->n_in; k++) {
        agi_source source;
        if (!turn_source(t, e, &e->in[k], &source)) {
            agi_expr_release(z);
            return NULL;
        }
        z->in[z->n_in++] = source;
        z->weight += source.kind == AGI_SOURCE_EXPR ? source.from.expr->weight : 0;
    }
    e->evals = 1;
    agi_expr_enlist(z);
    return z;
}

agi_expr *agi_expr_turned(agi_expr *e, int ndim, const int64_t *shape, uint64_t mask,
                          ag_status *status)
{
    turn t = {ndim, shape, mask, STEPS_MAX, AG_OK};
    agi_expr *turned = turn_step(&t, e);
    *status = t.status;
    return turned;
}

#undef MIN
