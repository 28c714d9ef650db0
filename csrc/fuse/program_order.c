/* SPDX-License-Identifier: MIT
 *
 * The order of a program's steps: inputs first, and what machine code can be made of put off behind
 * kernels that do not need it, so that more such steps follow each other and are one loop
 * (program_group.c). The results' bits do not depend on the order.
 */
#include "expr_walk.h"
#include "program_form.h"

/* Kernels' results that may wait, each in a tile of the first cache, for what was put off. */
#define WAITING_MAX_RESULTS 4

static bool push(program *p, agi_expr *e)
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

static bool order_from(program *p, agi_expr *root, uint64_t epoch)
{
    for (agi_expr *e = agi_expr_first(root, epoch); e != NULL; e = agi_expr_next(e, epoch))
        if (!push(p, e))
            return false;
    return true;
}

/* ---- putting off ---------------------------------------------------------------------------- */

/* What an expression is while it is put off, in its slot. */
enum { PLACED, PUT_OFF, WANTED };

/* Steps that are put off, in the order in which they were, and how many kernels stand since all
 * that was put off was placed. */
typedef struct agi_waiting {
    agi_expr **list;
    int32_t count, kernels;
} agi_waiting;

static void want_inputs_of(const agi_expr *e)
{
    for (int k = 0; k < e->n_in; k++) {
        const agi_source *source = &e->in[k];
        if (source->kind == AGI_SOURCE_EXPR && source->from.expr->result == NULL &&
            source->from.expr->slot == PUT_OFF)
            source->from.expr->slot = WANTED;
    }
}

/* Places of those that wait what is wanted, or all. */
static void place_waiting(program *p, agi_waiting *waiting, bool all)
{
    int32_t left = 0;
    for (int32_t i = waiting->count - 1; i >= 0; i--)
        if (waiting->list[i]->slot == WANTED)
            want_inputs_of(waiting->list[i]);
    for (int32_t i = 0; i < waiting->count; i++) {
        agi_expr *e = waiting->list[i];
        if (all || e->slot == WANTED) {
            e->slot = PLACED;
            p->order[p->order_count++] = e;
        } else {
            waiting->list[left++] = e;
        }
    }
    waiting->count = left;
    waiting->kernels = all ? 0 : waiting->kernels;
}

static void place_kernel(program *p, agi_waiting *waiting, agi_expr *e)
{
    want_inputs_of(e);
    place_waiting(p, waiting, waiting->kernels == WAITING_MAX_RESULTS);
    waiting->kernels++;
    e->slot = PLACED;
    p->order[p->order_count++] = e;
}

/* Places are read before they are written: what is placed is never more than what was read. */
static bool put_off(program *p)
{
    const int32_t count = p->order_count;
    agi_waiting waiting = {agi_plain_new((size_t)(count + 1) * sizeof *waiting.list), 0, 0};
    if (waiting.list == NULL)
        return false;
    p->order_count = 0;
    for (int32_t i = 0; i < count; i++) {
        agi_expr *e = p->order[i];
        e->slot = PUT_OFF;
        if (agi_expr_is_sum(e) || agi_program_compiles(e))
            waiting.list[waiting.count++] = e;
        else
            place_kernel(p, &waiting, e);
    }
    place_waiting(p, &waiting, true);
    agi_plain_free(waiting.list);
    return true;
}

bool agi_program_order(program *p, int n, const agi_root *roots)
{
    const uint64_t epoch = agi_expr_epoch();
    for (int i = 0; i < n; i++)
        if (!order_from(p, roots[i].expr, epoch))
            return false;
    return put_off(p);
}
