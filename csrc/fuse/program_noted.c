/* SPDX-License-Identifier: MIT
 *
 * What a profile is told of a program: of which ops it is made, who recorded them, and how much
 * memory it goes over.
 */
#include "program_noted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../compute/run.h"

#define NAMED 6  /* different ops in its name */

/* Bytes of what a load, a step or a sum reads or stores. */
static int64_t bytes_of(const program *p, const program_value *v)
{
    return (v->kind == VALUE_SUM ? v->expr->numel : p->numel) * (int64_t)sizeof(double);
}

static bool is_new(const program_value *v) { return v->bytes != 0 || v->into != NULL; }

static int32_t list_steps(const program *p, ag_event_step *steps)
{
    int32_t n = 0;
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        const agi_expr *e = v->expr;
        if (e == NULL)
            continue;
        const double cost = agi_expr_is_sum(e) ? AGI_SUM_COST : agi_run_cost_of(e->op);
        steps[n++] = (ag_event_step){.op = (ag_op)e->op, .of = e->maker, .cost = cost,
                                     .bytes = is_new(v) ? bytes_of(p, v) : 0};
    }
    return n;
}

static void count_bytes(const program *p, ag_event *event)
{
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        const int64_t bytes = v->kind != VALUE_NUMBER ? bytes_of(p, v) : 0;
        if (v->kind == VALUE_MEMORY || v->kind == VALUE_STRIDED)
            event->bytes_read += bytes;
        else if (v->memory != NULL)
            event->bytes_written += bytes;
        if (is_new(v))
            event->bytes += bytes;
    }
}

void agi_program_note(const program *p, ag_event *event)
{
    int32_t steps = 0;
    *event = (ag_event){.kind = AG_EVENT_PROGRAM, .ndim = -1, .elements = p->numel};
    for (int32_t i = 0; i < p->count; i++)
        steps += p->values[i].expr != NULL;
    ag_event_step *list = agi_event_memory((size_t)steps * sizeof *list);
    if (list != NULL)
        event->n_steps = list_steps(p, list);
    event->steps = list;
    count_bytes(p, event);
}

/* Whether an earlier step is of the same op. */
static bool is_named(const ag_event *event, int k)
{
    for (int before = 0; before < k; before++)
        if (event->steps[before].op == event->steps[k].op)
            return true;
    return false;
}

/* "fused(sub, exp)", with the different ops in the order in which they come first. */
static void write_name(const ag_event *event, char *name, size_t size)
{
    int named = 0;
    size_t at = (size_t)snprintf(name, size, "fused(");
    for (int k = 0; k < event->n_steps && named <= NAMED; k++) {
        if (is_named(event, k))
            continue;
        const char *text = named < NAMED ? agi_ops[event->steps[k].op].name : "...";
        at += (size_t)snprintf(name + at, size - at, "%s%s", named > 0 ? ", " : "", text);
        named++;
    }
    snprintf(name + at, size - at, ")");
}

void agi_program_noted(const agi_open_event *e, ag_event *event)
{
    char name[256];
    if (event->steps == NULL) {
        agi_event_cancel(e);
        return;
    }
    write_name(event, name, sizeof name);
    event->name = name;
    agi_event_end(e, event, "");
    free((void *)(uintptr_t)event->steps);
}

#undef NAMED
