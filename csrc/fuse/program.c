/* SPDX-License-Identifier: MIT
 *
 * Building and running programs. See program.h.
 *
 *   order    the expressions that the roots lead to, inputs first (program_order.c)
 *   choose   which of them are stored: roots, writes in place, and values that were computed once
 *            before and that somebody still holds
 *   place    each other value gets a register, free again after its last use
 *   mark     what is computed is marked as such: who wants it waits
 *   run      program_run.c, while other threads go on; nothing fails from here on, but all may be
 *            given up
 *   settle   results become their storages' data, what they were made from is let go
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../compute/run.h"
#include "program_noted.h"

#define LOAD_BITS_MIN 5

static bool is_stored(const agi_expr *e) { return e->result != NULL; }

/* An elementwise step that takes longer than reading or writing memory does. */
static bool takes_long(const agi_expr *e)
{
    return !agi_expr_is_sum(e) && agi_run_cost_of(e->op) >= 1.0;
}

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
    *v = (program_value){.kind = (uint8_t)kind, .reg = -1, .last_use = -1, .group = -1};
    v->stream_group = -1;
    return v;
}

/* Where the table of loads has this memory, or would have it: open addressing. */
static int32_t *load_entry(const program *p, const double *memory)
{
    uint32_t at = (uint32_t)((uintptr_t)memory >> 4) * 2654435761u >> (32 - p->load_bits);
    while (p->loads[at] >= 0 && p->values[p->loads[at]].memory != memory)
        at = (at + 1) & ((1u << p->load_bits) - 1);
    return &p->loads[at];
}

/* Room for one load more; at most half of the table is used. */
static bool grow_loads(program *p)
{
    if (p->loads != NULL && 2 * (p->load_count + 1) <= 1 << p->load_bits)
        return true;
    int32_t *old = p->loads;
    const int64_t old_size = old != NULL ? (int64_t)1 << p->load_bits : 0;
    const int bits = old != NULL ? p->load_bits + 1 : LOAD_BITS_MIN;
    const size_t bytes = sizeof *old << bits;
    int32_t *grown = agi_plain_new(bytes);
    if (grown == NULL)
        return false;
    memset(grown, 0xff, bytes);
    p->loads = grown;
    p->load_bits = bits;
    for (int64_t i = 0; i < old_size; i++)
        if (old[i] >= 0)
            *load_entry(p, p->values[old[i]].memory) = old[i];
    agi_plain_free(old);
    return true;
}

/* The place of a memory load, made once for each first element. */
static int32_t load_memory(program *p, agi_storage *storage, int64_t offset)
{
    double *memory = storage->data + offset;
    if (!grow_loads(p))
        return -1;
    int32_t *entry = load_entry(p, memory);
    if (*entry >= 0)
        return *entry;
    program_value *v = add_value(p, VALUE_MEMORY);
    if (v == NULL)
        return -1;
    v->memory = memory;
    v->storage = storage;
    v->lets_go = storage->waits;
    p->takeable += agi_program_is_takeable(storage);
    p->load_count++;
    return *entry = p->count - 1;
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
    v->lets_go = source->from.storage->waits;
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
        if (!is_stored(source->from.expr)) {
            p->values[source->from.expr->slot].uses++;
            return source->from.expr->slot;
        }
        return load_memory(p, source->from.expr->result, 0);
    case AGI_SOURCE_SAME:
        return load_memory(p, source->from.storage, source->offset);
    case AGI_SOURCE_STRIDED:
        return load_strided(p, source);
    default:
        agi_assert(source->kind == AGI_SOURCE_SELF && source->from.storage->data != NULL);
        (void)reader;
        return load_memory(p, source->from.storage, source->offset);
    }
}

static bool add_step(program *p, agi_expr *e)
{
    int32_t in[AGI_SOURCES] = {-1, -1, -1};
    for (int k = 0; k < e->n_in; k++)
        if ((in[k] = load_source(p, &e->in[k], e)) < 0)
            return false;
    bool sum = agi_expr_is_sum(e);
    program_value *v = add_value(p, sum ? VALUE_SUM : VALUE_STEP);
    if (v == NULL)
        return false;
    v->n_in = e->n_in;
    memcpy(v->in, in, sizeof in);
    v->expr = e;
    v->f = e->f;
    v->kernel = sum ? NULL : agi_run_kernel_of(e->op);
    e->slot = p->count - 1;
    p->cost += sum ? AGI_SUM_COST : agi_run_cost_of(e->op);
    p->kernel_steps += takes_long(e);
    if (agi_expr_goes_across(e))
        p->across = e->slot;
    else
        p->sum_count += sum;
    return true;
}

/* ---- choose --------------------------------------------------------------------------------- */

/* A step's result is to be in memory: `data`; or what its owner has (a write in place); or such as
 * it gets when it is known what else is stored (give_memory). */
static void store(program *p, const agi_expr *e, double *data)
{
    program_value *v = &p->values[e->slot];
    if (v->is_stored)
        return;
    v->is_stored = true;
    v->is_elsewhere = data != NULL;
    v->memory = data != NULL ? data : e->owner != NULL ? e->owner->data : NULL;
    p->overwrites |= v->memory != NULL;
}

/* New memory, which is to become the owner's; or, where nobody owns the value, a storage for those
 * that read it. */
static bool give_memory(program_value *v)
{
    if (!v->is_stored || v->memory != NULL)
        return true;
    if (v->expr->owner == NULL) {
        v->into = agi_storage_new(v->expr->numel);
        v->memory = v->into != NULL ? v->into->data : NULL;
    } else {
        v->memory = agi_buffer_new(v->expr->numel, &v->bytes);
    }
    return v->memory != NULL;
}

/* Whether computing e computes something for the second time. */
static bool is_again(const program *p, const agi_expr *e)
{
    const program_value *v = &p->values[e->slot];
    bool again = e->evals >= 1;
    for (int k = 0; k < v->n_in && !again; k++)
        again = p->values[v->in[k]].again;
    return again;
}

/* Whether a storage is to hold e; not one that a backward is about to drop. */
static bool is_owned(const agi_expr *e)
{
    return e->owner != NULL &&
           (e->in_place || agi_refs_get(&e->owner->refs) > (uint32_t)e->lent);
}

/* Or an expression that is not in this program reads it, of which the owner's is not one. */
static bool is_held(const program *p, agi_expr *e)
{
    const uint32_t known = (uint32_t)p->values[e->slot].uses + (e->owner != NULL);
    return is_owned(e) || agi_refs_get(&e->refs) > known;
}

/* Whether storing e lets memory go that only pending values keep. */
static bool lets_go(const program *p, const agi_expr *e)
{
    const program_value *v = &p->values[e->slot];
    bool any = false;
    for (int k = 0; k < v->n_in && !any; k++)
        any = p->values[v->in[k]].lets_go;
    return any;
}

/* Whether computing e again, for a gradient, would take longer than to store and read it: it is the
 * one step of the program that takes longer than memory does, of elements that are in memory. What
 * is made of broadcast operands alone may be much larger than anything that is there. */
static bool is_worth_storing(const program *p, const agi_expr *e)
{
    return p->kernel_steps == 1 && p->load_count > 0 && takes_long(e);
}

/* A value that somebody holds is stored if something on the way to it is computed for the second
 * time, so that nothing is computed a third time for it; or if a tensor holds it and that is the
 * last use of what it is made from, whose place it takes; or if it is worth it. A write in place
 * always is. What reads a stored value computes nothing again because of it. */
static void choose_store(program *p, agi_expr *e)
{
    program_value *v = &p->values[e->slot];
    bool again = is_again(p, e);
    bool last = lets_go(p, e);
    bool wanted = again || (is_owned(e) && (e->in_place || last)) || is_worth_storing(p, e);
    if (!v->is_stored && wanted && is_held(p, e))
        store(p, e, NULL);
    v->again = again && !v->is_stored;
    v->lets_go = last && !v->is_stored;
}

static bool choose_stores(program *p, int n, const agi_root *roots)
{
    bool ok = true;
    for (int i = 0; i < n; i++)
        store(p, roots[i].expr, roots[i].data);
    if (p->across > 0 && p->values[p->values[p->across].in[0]].kind == VALUE_STEP)
        store(p, p->values[p->values[p->across].in[0]].expr, NULL);
    for (int32_t i = 0; i < p->order_count; i++)
        choose_store(p, p->order[i]);
    if (p->takeable > 0)
        agi_program_take_over(p);
    for (int32_t i = 0; i < p->order_count && ok; i++)
        ok = give_memory(&p->values[p->order[i]->slot]);
    return ok;
}

/* ---- place ---------------------------------------------------------------------------------- */

/* The steps of a group run together, where the last one stands: all that they read is in use until
 * then. */
static int32_t place_of(const program *p, int32_t i)
{
    const int32_t group = p->values[i].group;
    return group >= 0 ? p->groups[group].last : i;
}

static void note_uses(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        for (int k = 0; k < p->values[i].n_in; k++)
            p->values[p->values[i].in[k]].last_use = place_of(p, i);
    for (int32_t i = 0; i < p->sum_count; i++)
        p->values[p->sums[i].source].last_use = p->count;
}

/* Registers are handed out from a list of those that are free again. */
typedef struct free_registers {
    int32_t *list;
    int32_t count;
} free_registers;

static bool needs_register(const program_value *v)
{
    return (v->kind == VALUE_STRIDED && !v->by_rows && !v->in_pieces) ||
           (v->kind == VALUE_STEP && v->memory == NULL &&
            (v->group < 0 || v->leaves || v->is_summed));
}

static void give_register(program *p, free_registers *free, program_value *v)
{
    if (needs_register(v))
        v->reg = free->count > 0 ? free->list[--free->count] : p->registers++;
}

/* What v reads for the last time. */
static void take_back(const program *p, free_registers *free, const program_value *v, int32_t last)
{
    for (int k = 0; k < v->n_in; k++) {
        const program_value *in = &p->values[v->in[k]];
        bool again = k > 0 && (v->in[k] == v->in[0] || (k > 1 && v->in[k] == v->in[1]));
        if (in->reg >= 0 && in->last_use == last && !again)
            free->list[free->count++] = in->reg;
    }
}

static void take_back_group(program *p, free_registers *free, const program_group *group)
{
    for (int32_t i = group->first; i <= group->last; i++)
        for (int k = 0; k < p->values[i].n_in && p->values[i].group >= 0; k++) {
            program_value *in = &p->values[p->values[i].in[k]];
            if (in->reg >= 0 && in->last_use == group->last && in->group != p->values[i].group) {
                free->list[free->count++] = in->reg;
                in->last_use = -1;  /* once */
            }
        }
}

/* Registers by linear scan: a value's is free for a later one after its last use, and a step may
 * write over an input that it is the last to read. Strided tiles are loaded when first needed. */
static bool place_registers(program *p)
{
    free_registers free = {agi_plain_new((size_t)(p->count + 1) * sizeof *free.list), 0};
    if (free.list == NULL)
        return false;
    note_uses(p);
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        if (v->group < 0)
            take_back(p, &free, v, i);
        give_register(p, &free, v);
        if (v->group >= 0 && p->groups[v->group].last == i)
            take_back_group(p, &free, &p->groups[v->group]);
    }
    agi_plain_free(free.list);
    return true;
}

/* ---- settle --------------------------------------------------------------------------------- */

/* The data that the result was written over is the owner's from now on. */
static void hand_data_over(agi_storage *from, agi_storage *owner)
{
    owner->data = from->data;
    owner->bytes = from->bytes;
    if (atomic_exchange(&from->waits, false))
        agi_waiting_bytes -= from->bytes;
    from->data = NULL;
}

/* A computed step's memory becomes its owner's data, where those that read the value find it. */
static void settle_store(program_value *v)
{
    agi_expr *e = v->expr;
    agi_storage *owner = e->owner;
    if (owner == NULL && v->into != NULL)
        agi_expr_stored(e, agi_storage_retain(v->into));
    if (owner == NULL || !agi_refs_try_inc(&owner->refs))
        return;
    if (v->storage != NULL) {
        hand_data_over(v->storage, owner);
    } else if (v->bytes != 0) {
        owner->data = v->memory;
        owner->bytes = (int64_t)v->bytes;
        v->bytes = 0;
    }
    agi_expr_stored(e, owner);
    e->owner = NULL;
    atomic_store_explicit(&owner->pending, NULL, memory_order_release);
    agi_expr_release(e);
}

/* Users before inputs, since storing one lets its inputs go, which may be the last to hold them:
 * all are owned meanwhile (mark_values). */
static void settle_values(program *p)
{
    for (int32_t i = p->count - 1; i >= 0; i--) {
        program_value *v = &p->values[i];
        if (v->expr == NULL)
            continue;
        if (v->memory == NULL)
            v->expr->evals = 1;
        else if (!v->is_elsewhere)
            settle_store(v);
    }
}

static void program_close(program *p)
{
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        if (v->bytes != 0 && v->memory != NULL)
            agi_buffer_free(v->memory, v->bytes);
        if (v->into != NULL)
            agi_storage_release(v->into);
        if (v->overwritten != NULL)
            agi_storage_release(v->overwritten);
    }
    agi_jit_let_go(p->code_held);
    agi_plain_free(p->order);
    agi_plain_free(p->loads);
    agi_plain_free(p->values);
    agi_plain_free(p->block);
    agi_plain_free(p->streams);
    agi_plain_free(p->groups);
    agi_plain_free(p->group_streams);
    agi_plain_free(p->constants);
    for (int32_t i = 0; p->sums != NULL && i < p->sum_count; i++)
        agi_plain_free(p->sums[i].partial);
    agi_plain_free(p->sums);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static bool list_sums(program *p)
{
    int32_t n = 0;
    if (p->sum_count == 0)
        return true;
    p->sums = agi_plain_new((size_t)p->sum_count * sizeof *p->sums);
    if (p->sums == NULL)
        return false;
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        if (v->kind == VALUE_SUM && i != p->across)
            p->sums[n++] = (program_sum){.expr = v->expr, .source = v->in[0], .z = v->memory};
    }
    return true;
}

/* What was put in order becomes a program. */
static bool build(program *p, int n, const agi_root *roots)
{
    for (int32_t i = 0; i < p->order_count; i++)
        if (!add_step(p, p->order[i]))
            return false;
    if (!choose_stores(p, n, roots) || !list_sums(p))
        return false;
    note_uses(p);
    if (!agi_program_list_streams(p) || !agi_program_group(p))
        return false;
    agi_program_choose_pieces(p);
    return place_registers(p) && agi_program_plan(p);
}

/* Whether two roots can be made by one program: the same elements, and sums that go over them in
 * the same order, which is memory's. */
bool agi_program_fits(const agi_expr *a, const agi_expr *b)
{
    if (agi_expr_space(a) != agi_expr_space(b) || agi_expr_goes_across(a) ||
        agi_expr_goes_across(b))
        return false;
    if (!agi_expr_is_sum(a) || !agi_expr_is_sum(b))
        return true;
    const int64_t space = agi_expr_space(a);
    bool a_all = a->m == space, b_all = b->m == space;
    if (a_all || b_all)
        return a_all && b_all;
    const int64_t a_cols = a->kept_inner > 1 ? a->kept_inner : a->m;
    const int64_t b_cols = b->kept_inner > 1 ? b->kept_inner : b->m;
    return a_cols == b_cols;
}

/* ---- beside other threads ------------------------------------------------------------------- */

/* Whether something in the program is being computed. */
static bool meets_another(const program *p)
{
    for (int32_t i = 0; i < p->order_count; i++)
        if (p->order[i]->runner != NULL)
            return true;
    return false;
}

/* A hook that is called while this thread runs a program must not want what that computes. */
static bool wait_for_another(const program *p)
{
    for (int32_t i = 0; i < p->order_count; i++)
        if (p->order[i]->runner == agi_expr_thread()) {
            agi_fail(AG_ERR_VALUE, "a value was wanted by a hook that is called while this thread "
                                   "computes that value");
            return false;
        }
    return agi_expr_wait();
}

/* The storages that are overwritten, or take over what is, are owned while the program runs. False
 * if one of them is just being freed: that thread waits for our lock to take it out of what
 * pends. */
static bool own_overwritten(program *p)
{
    for (int32_t i = 0; i < p->count; i++) {
        program_value *v = &p->values[i];
        agi_storage *owner = v->expr != NULL ? v->expr->owner : NULL;
        if (owner == NULL ||
            (v->storage == NULL && (owner->data == NULL || v->memory != owner->data)))
            continue;
        if (!agi_refs_try_inc(&owner->refs))
            return false;
        v->overwritten = owner;
    }
    return true;
}

/* Expressions that are marked keep their sources, and with these the memory that is read. */
static void mark_values(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        if (p->values[i].expr != NULL)
            agi_expr_retain(p->values[i].expr)->runner = agi_expr_thread();
}

static void unmark_values(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        if (p->values[i].expr != NULL)
            p->values[i].expr->runner = NULL;
}

static void release_values(program *p)
{
    for (int32_t i = 0; i < p->count; i++)
        if (p->values[i].expr != NULL)
            agi_expr_release(p->values[i].expr);
}

/* Runs the program with the lock let go. */
static bool run_marked(program *p)
{
    mark_values(p);
    const int depth = agi_expr_run_begin();
    const bool finished = agi_program_go(p);
    agi_expr_run_end(depth);
    unmark_values(p);
    if (finished)
        settle_values(p);
    else
        agi_fail(AG_ERR_INTERRUPTED, "the evaluation was interrupted");
    release_values(p);
    return finished;
}

ag_status agi_program_run(int n, const agi_root *roots, bool *ran)
{
    program p;
    ag_event event = {.steps = NULL};
    agi_open_event open;
    const bool noted = agi_profiles() && agi_event_begin(&open, false);
    memset(&p, 0, sizeof p);
    p.numel = agi_expr_space(roots[0].expr);
    *ran = false;
    bool ok = agi_program_order(&p, n, roots);
    if (ok && (meets_another(&p) || agi_expr_fork_waits())) {
        ok = wait_for_another(&p);
    } else if (ok && (ok = build(&p, n, roots))) {
        const bool is_free = own_overwritten(&p);
        if (noted && is_free)
            agi_program_note(&p, &event);
        if (is_free)
            *ran = ok = run_marked(&p);
        else
            ok = agi_expr_wait();
    }
    program_close(&p);
    if (noted)
        agi_program_noted(&open, &event);
    return ok ? AG_OK : ag_last_status();
}

/* ---- describing ----------------------------------------------------------------------------- */

typedef struct page {
    char *text;
    size_t size;
    int length;
} page;

static void page_add(page *out, const char *format, ...) AGI_PRINTF(2, 3);
static void page_add(page *out, const char *format, ...)
{
    size_t left = (size_t)out->length < out->size ? out->size - (size_t)out->length : 0;
    va_list args;
    va_start(args, format);
    out->length += vsnprintf(left > 0 ? out->text + out->length : NULL, left, format, args);
    va_end(args);
}

static void describe_operand(page *out, const program *p, int32_t i)
{
    if (p->values[i].kind == VALUE_NUMBER)
        page_add(out, "%g", *p->values[i].number);
    else
        page_add(out, "v%d", i);
}

static void describe_value(page *out, const program *p, int32_t i)
{
    const program_value *v = &p->values[i];
    if (v->kind == VALUE_NUMBER)
        return;
    page_add(out, "  v%d = ", i);
    if (v->kind == VALUE_MEMORY || v->kind == VALUE_STRIDED) {
        page_add(out, "%s\n", v->kind == VALUE_MEMORY ? "load" : "load strided");
        return;
    }
    page_add(out, "%s(", agi_ops[v->expr->op].name);
    for (int k = 0; k < v->n_in; k++) {
        page_add(out, k > 0 ? ", " : "");
        describe_operand(out, p, v->in[k]);
    }
    page_add(out, v->kind == VALUE_SUM && v->expr->kept_inner > 1 ? ") of columns" : ")");
    page_add(out, i == p->across ? " across memory" : "");
    page_add(out, v->memory != NULL ? " -> stored\n" : "\n");
}

/* Bytes read and written beside the registers. A strided load counts as if it were read whole. */
static int64_t bytes_moved(const program *p)
{
    int64_t bytes = 0;
    for (int32_t i = 0; i < p->count; i++) {
        const program_value *v = &p->values[i];
        if (v->kind == VALUE_SUM)
            bytes += v->expr->numel * (int64_t)sizeof(double);
        else if (v->kind == VALUE_STRIDED || v->memory != NULL)
            bytes += p->numel * (int64_t)sizeof(double);
    }
    return bytes;
}

int agi_program_describe(agi_expr *expr, char *text, size_t size)
{
    program p;
    page out = {text, size, 0};
    agi_root root = {.expr = expr};
    memset(&p, 0, sizeof p);
    p.numel = agi_expr_space(expr);
    bool ok = agi_program_order(&p, 1, &root) && build(&p, 1, &root);
    if (ok) {
        page_add(&out, "program over %lld elements, tiles of %lld, %d registers\n",
                 (long long)p.numel, (long long)p.tile, (int)p.registers);
        for (int32_t i = 0; i < p.count; i++)
            describe_value(&out, &p, i);
        for (int32_t g = 0; g < p.group_count; g++)
            if (p.groups[g].code.run != NULL && p.groups[g].first != p.groups[g].last)
                page_add(&out, "  v%d to v%d in one loop\n", p.groups[g].first, p.groups[g].last);
        page_add(&out, "  %lld bytes moved\n", (long long)bytes_moved(&p));
    }
    program_close(&p);
    return ok ? out.length : -1;
}
