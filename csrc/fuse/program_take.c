/* SPDX-License-Identifier: MIT
 *
 * Results that take over the data of inputs. In m = b1 * m + g nobody has a use for the old m when
 * the new one is there: so the new one is written over it, element by element behind all that reads
 * it, and no other memory is asked for, brought into the caches and given back.
 *
 * Data may be taken over where every reference to its storage is of an expression that lets it go
 * when the program has run.
 */
#include "program_form.h"

/* A program that writes over data runs to its end, whoever wants to interrupt it: longer ones (ns)
 * do not begin with it. */
#define TAKE_MOST 1e8
/* Inputs that are looked at for each result. */
#define OFFERS 16

/* Whether the program goes over the elements once, in order, and reads them as they lie. */
static bool takes_in_order(const program *p)
{
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        if (v->kind == VALUE_STRIDED || (v->kind == VALUE_SUM && v->expr->m != p->numel))
            return false;
    }
    return p->cost * (double)p->numel < TAKE_MOST;
}

/* ---- who lets go ---------------------------------------------------------------------------- */

/* An expression that is stored lets its inputs go. So does one that is freed with the last of its
 * readers: nobody else has it. */
static bool lets_inputs_go(const program_value *v)
{
    agi_expr *e = v->expr;
    if (v->is_stored)
        return !v->is_elsewhere;
    return e->owner == NULL && agi_refs_get(&e->refs) == (uint32_t)v->let_go;
}

/* References of a step to its inputs that are gone when the program has run: to expressions in the
 * program, to those that were stored before (in their `slot`), and to memory. */
static void count_let_go(program *p, const program_value *v)
{
    for (int k = 0; k < v->n_in; k++) {
        const agi_source *source = &v->expr->in[k];
        program_value *in = &p->values[v->in[k]];
        if (source->kind == AGI_SOURCE_EXPR && source->from.expr->result != NULL)
            source->from.expr->slot++;
        else
            in->let_go++;
    }
}

static void note_last_reader(program *p, int32_t i)
{
    const program_value *v = &p->values[i];
    for (int k = 0; k < v->n_in; k++) {
        program_value *in = &p->values[v->in[k]];
        in->last_use = in->last_use < i ? i : in->last_use;
        if (v->expr->in[k].kind == AGI_SOURCE_EXPR && v->expr->in[k].from.expr->result != NULL)
            v->expr->in[k].from.expr->slot = 0;
    }
}

/* What was stored before and is freed now lets go of the memory that it lies in, once. */
static void count_freed_inputs(program *p, const program_value *v)
{
    for (int k = 0; k < v->n_in; k++) {
        agi_expr *in = v->expr->in[k].kind == AGI_SOURCE_EXPR ? v->expr->in[k].from.expr : NULL;
        if (in == NULL || in->result == NULL || agi_refs_get(&in->refs) != (uint32_t)in->slot)
            continue;
        p->values[v->in[k]].let_go++;
        in->slot = -1;
    }
}

/* Readers before what they read. */
static void find_let_go(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        if (p->values[i].expr != NULL)
            note_last_reader(p, i);
    for (int32_t i = p->count - 1; i >= 0; i--) {
        program_value *v = &p->values[i];
        v->lets_inputs_go = v->expr != NULL && lets_inputs_go(v);
        if (v->lets_inputs_go)
            count_let_go(p, v);
    }
    for (int32_t i = 0; i < p->count; i++)
        if (p->values[i].lets_inputs_go)
            count_freed_inputs(p, &p->values[i]);
}

/* ---- taking --------------------------------------------------------------------------------- */

static bool is_offered(const program *p, const program_value *v)
{
    return v->kind == VALUE_MEMORY && v->storage->data == v->memory &&
           v->storage->numel == p->numel && agi_program_is_takeable(v->storage) &&
           agi_refs_get(&v->storage->refs) == (uint32_t)v->let_go;
}

/* Whether the step is to get new memory for its owner. */
static bool wants_memory(const program_value *v)
{
    return v->kind == VALUE_STEP && v->is_stored && v->memory == NULL && v->expr->owner != NULL;
}

static void take_over(program *p, program_value *v, const program_value *from)
{
    v->memory = from->memory;
    v->storage = from->storage;
    p->overwrites = true;
}

void agi_program_take_over(program *p)
{
    const program_value *offers[OFFERS];
    int count = 0;
    if (!takes_in_order(p))
        return;
    find_let_go(p);
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        if (count < OFFERS && is_offered(p, v))
            offers[count++] = v;
        for (int k = 0; k < count && wants_memory(v); k++)
            if (offers[k]->last_use <= i) {
                take_over(p, v, offers[k]);
                offers[k] = offers[--count];
            }
    }
}

#undef TAKE_MOST
#undef OFFERS
