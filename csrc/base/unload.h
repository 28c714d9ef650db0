/* SPDX-License-Identifier: MIT
 *
 * What each file does when the library goes; unload.c calls them, in its order.
 */
#ifndef AGI_UNLOAD_H
#define AGI_UNLOAD_H

#include "config.h"

#pragma GCC visibility push(hidden)
/* The pool's threads end and are waited for. False if a loop runs that may not be waited for. */
bool agi_unload_pool(void);
void agi_unload_code(void);                /* machine code, its memory and table */
void agi_unload_threads(bool no_more);     /* ends are no longer heard of; no_more: records go */
#pragma GCC visibility pop

#endif
