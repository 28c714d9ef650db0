/* SPDX-License-Identifier: MIT
 *
 * Sizes of the machine's caches, bytes. They choose what is fetched ahead, what is stored past the
 * caches and how long a tile is: speed alone, never a result. Read once, when the library is
 * loaded; PYAUTOGRAD_CACHES says others, three sizes such as 48K,2M,32M.
 */
#ifndef AGI_CACHES_H
#define AGI_CACHES_H

#include "config.h"

typedef struct agi_cache_sizes {
    int64_t first;          /* of one core, for data */
    int64_t second;         /* of one core */
    int64_t last;           /* what a program may count on of the one that cores share */
} agi_cache_sizes;

enum { AGI_CACHES_TEXT = 320 };

#pragma GCC visibility push(hidden)
extern agi_cache_sizes agi_caches;     /* set when the library is loaded */
void agi_caches_start(void);
/* As PYAUTOGRAD_CACHES has them, and why they are not those that were asked for, if so. */
void agi_caches_write(char text[AGI_CACHES_TEXT]);
#pragma GCC visibility pop

#endif
