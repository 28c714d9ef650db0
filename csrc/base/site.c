/* SPDX-License-Identifier: MIT
 *
 * The hooks that know where a program is, and a table of the last writes in place.
 *
 * The table has one entry for many counters of versions. Each write of any memory puts itself into
 * the entry of its counter, so that one which names a counter and its present version is right,
 * also where the memory was given back and used anew: then that write was noted, too.
 */
#include "site.h"

#include <stdio.h>

#include "check.h"
#include "thread.h"

#define AGI_WRITES 1024

agi_site_hooks agi_sites;

/* Threads that are not kept apart may mix two writes up, which is a wrong line at worst. */
static struct {
    _Atomic(const void *) counter;
    _Atomic uint64_t what;  /* version, site */
} agi_writes[AGI_WRITES];

static size_t place_of_write(const void *counter)
{
    return (size_t)(((uint64_t)(uintptr_t)counter >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 54);
}

void agi_site_note_write(const void *counter, uint32_t version, uint32_t site)
{
    if (agi_sites.now == NULL)
        return;
    const size_t k = place_of_write(counter);
    const uint64_t what = (uint64_t)version << 32 | site;
    atomic_store_explicit(&agi_writes[k].counter, counter, memory_order_relaxed);
    atomic_store_explicit(&agi_writes[k].what, what, memory_order_relaxed);
}

uint32_t agi_site_of_write(const void *counter, uint32_t version)
{
    const size_t k = place_of_write(counter);
    const uint64_t what = atomic_load_explicit(&agi_writes[k].what, memory_order_relaxed);
    const bool is_known =
        atomic_load_explicit(&agi_writes[k].counter, memory_order_relaxed) == counter &&
        what >> 32 == version;
    return is_known ? (uint32_t)what : 0;
}

void agi_site_add(uint32_t site, const char *what)
{
    char where[AGI_SITE_TEXT];
    const agi_thread *thread = agi_thread_get();
    if (ag_site_text(site, where, sizeof where) > 0)
        agi_fail(thread->status, "%s\n%s at %s", thread->message, what, where);
}

/* ---- the public entries --------------------------------------------------------------------- */

void ag_set_site_hooks(uint32_t (*now)(bool alone),
                       int (*text)(uint32_t site, char *text, size_t size))
{
    if ((now == NULL) != (text == NULL)) {
        agi_fail(AG_ERR_VALUE, "set_site_hooks: expected two functions or none, got one");
        return;
    }
    agi_sites.now = now;
    agi_sites.text = text;
}

void ag_set_stack_hook(int (*stack)(int n, uint32_t *sites)) { agi_sites.stack = stack; }

int ag_site_text(uint32_t site, char *text, size_t size)
{
    if (!agi_check_text("site_text", text, size))
        return -1;
    if (size > 0)
        text[0] = '\0';
    return site != 0 && agi_sites.text != NULL ? agi_sites.text(site, text, size) : 0;
}
