/* SPDX-License-Identifier: MIT
 *
 * Sites: numbers that the embedder has for places in the source of the program that calls, 0 for
 * unknown (ag_set_site_hooks). Nodes carry the one they were made at; which one wrote memory last
 * is remembered for a while, beside the memory.
 */
#ifndef AGI_SITE_H
#define AGI_SITE_H

#include <stdatomic.h>

#include "config.h"
#include "refcount.h"

#define AGI_SITE_TEXT 400

typedef struct agi_site_hooks {
    uint32_t (*now)(bool alone);  /* NULL where there are none */
    int (*text)(uint32_t site, char *text, size_t size);
    int (*stack)(int n, uint32_t *sites);
} agi_site_hooks;

#pragma GCC visibility push(hidden)
extern agi_site_hooks agi_sites;

/* A write in place, at this site, made the number that is counted at `counter` this one. */
void agi_site_note_write(const void *counter, uint32_t version, uint32_t site);

/* Where that was done; 0 where it is not known any more. */
uint32_t agi_site_of_write(const void *counter, uint32_t version);

/* Adds "\n<what> at <text of the site>" to the thread's error message, if the site is known. */
void agi_site_add(uint32_t site, const char *what);
#pragma GCC visibility pop

AGI_INLINE uint32_t agi_site_now(void)
{
    return AGI_LIKELY(agi_sites.now != NULL) ? agi_sites.now(agi_serialised) : 0;
}

#endif
