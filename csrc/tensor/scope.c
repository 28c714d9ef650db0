/* SPDX-License-Identifier: MIT
 *
 * Scopes: who opens one owns what is made until it closes, so that nested expressions need no
 * release of their own. They live in the record of their thread.
 */
#include "scope.h"

#include "../base/alloc.h"
#include "../base/status.h"
#include "tensor.h"

#define AGI_SCOPE_FIRST 64    /* entries of a scope's first table */
#define AGI_SCOPE_KEEP 4096   /* a larger table is freed when the last scope closes */

/* ---- the table of scopes --------------------------------------------------------------------- */

/* A public scope has an entry of its own in the table, under those of what it owns: its number with
 * the low bit set, which no tensor's address has. The mark that the caller gets is that number and
 * the entry's place, so that a mark whose scope is closed is told from one that is open. */
#define AGI_PLACE_BITS 38
#define AGI_NUMBER_BITS 24

static ag_tensor *scope_entry(uint32_t number)
{
    return (ag_tensor *)((uintptr_t)number << 1 | 1);
}

static bool is_scope_entry(const ag_tensor *item) { return ((uintptr_t)item & 1) != 0; }

/* Takes all entries from `place` on off the table. An entry is off before its tensor is released: a
 * release callback may use scopes. */
static void scope_cut(agi_thread *thread, int64_t place)
{
    while (thread->scope_count > place) {
        ag_tensor *item = thread->scope_items[--thread->scope_count];
        if (is_scope_entry(item))
            thread->scope_depth--;
        else
            agi_release(item);
    }
    /* No scope is open while a hook runs, and the entries of the backward's lie below `place`. */
    if (thread->scope_depth == 0 && place == 0 && thread->scope_capacity > AGI_SCOPE_KEEP) {
        agi_plain_free(thread->scope_items);
        thread->scope_items = NULL;
        thread->scope_capacity = 0;
    }
}

/* ---- what the record of a thread sets off ---------------------------------------------------- */

/* The first number is another one on each thread, most likely, so that a mark is good on its own
 * thread alone. */
void agi_scopes_open(agi_thread *thread)
{
    thread->scope_number = (uint32_t)((uintptr_t)thread >> 6) * 2654435761u
                           >> (32 - AGI_NUMBER_BITS);
}

void agi_scopes_close(agi_thread *thread) { scope_cut(thread, 0); }

void agi_scopes_free(agi_thread *thread) { agi_plain_free(thread->scope_items); }

/* ---- scopes --------------------------------------------------------------------------------- */

static bool scope_grow(agi_thread *thread)
{
    int64_t capacity = thread->scope_capacity > 0 ? 2 * thread->scope_capacity : AGI_SCOPE_FIRST;
    ag_tensor **items =
        agi_plain_resize(thread->scope_items, (size_t)capacity * sizeof(ag_tensor *));
    if (items == NULL)
        return false;
    thread->scope_items = items;
    thread->scope_capacity = capacity;
    return true;
}

int64_t agi_scope_open(void)
{
    agi_thread *thread = agi_thread_get();
    if (agi_thread_is_emergency(thread)) {
        agi_fail_memory("scope", (int64_t)sizeof *thread);
        return -1;
    }
    thread->scope_depth++;
    return thread->scope_count;
}

void agi_scope_close(int64_t mark)
{
    agi_thread *thread = agi_thread_get();
    if (mark < 0)
        return;
    thread->scope_depth--;
    scope_cut(thread, mark);
}

int64_t ag_scope_open(void)
{
    agi_thread *thread = agi_thread_get();
    if (agi_thread_is_emergency(thread)) {
        agi_fail_memory("scope", (int64_t)sizeof *thread);
        return -1;
    }
    if (thread->scope_count == thread->scope_capacity && !scope_grow(thread))
        return -1;
    const uint32_t number = thread->scope_number = (thread->scope_number + 1) %
                                                   (1u << AGI_NUMBER_BITS);
    thread->scope_depth++;
    thread->scope_items[thread->scope_count] = scope_entry(number);
    return (int64_t)number << AGI_PLACE_BITS | thread->scope_count++;
}

/* A mark below zero comes from a scope that could not be opened, and the error of that is kept. */
ag_status ag_scope_close(int64_t mark)
{
    agi_thread *thread = agi_thread_get();
    const int64_t place = mark & (((int64_t)1 << AGI_PLACE_BITS) - 1);
    const ag_tensor *entry = scope_entry((uint32_t)(mark >> AGI_PLACE_BITS));
    if (mark < 0 && thread->status != AG_OK)
        return thread->status;
    if (mark < 0 || place >= thread->scope_count || thread->scope_items[place] != entry)
        return agi_fail(AG_ERR_VALUE,
                        "scope_close: expected the mark of a scope that is open on this thread, "
                        "got %lld", (long long)mark);
    scope_cut(thread, place);
    return AG_OK;
}

ag_tensor *ag_keep(ag_tensor *t)
{
    if (t == NULL)
        agi_fail_missing("keep", "a tensor");
    return t != NULL ? agi_retain(t) : NULL;
}

ag_tensor *agi_scope_own(agi_thread *thread, ag_tensor *t)
{
    if (thread->scope_count == thread->scope_capacity && !scope_grow(thread)) {
        agi_release(t);
        return NULL;
    }
    thread->scope_items[thread->scope_count++] = t;
    return t;
}

ag_status agi_scope_add_all(int n, ag_tensor **outs)
{
    for (int k = 0; k < n; k++) {
        if (agi_scope_add(outs[k]) != NULL)
            continue;
        outs[k] = NULL;
        for (int j = 0; j < n; j++) {  /* those up to k belong to the scope */
            if (j > k)
                agi_release(outs[j]);
            outs[j] = NULL;
        }
        return ag_last_status();
    }
    return AG_OK;
}

ag_tensor *agi_scope_leave(int64_t mark, ag_tensor *result)
{
    if (result != NULL)
        agi_retain(result);
    agi_scope_close(mark);
    return agi_scope_add(result);
}

ag_status agi_scope_leave_all(int64_t mark, bool ok, int n, ag_tensor **outs)
{
    for (int k = 0; k < n; k++) {
        if (ok)
            agi_retain(outs[k]);
        else
            outs[k] = NULL;
    }
    agi_scope_close(mark);
    return ok ? agi_scope_add_all(n, outs) : ag_last_status();
}
