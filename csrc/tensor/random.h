/* SPDX-License-Identifier: MIT
 *
 * Random numbers for what is computed from them: so that a failure uses none up.
 */
#ifndef AGI_RANDOM_H
#define AGI_RANDOM_H

#include "../base/config.h"

/* Which numbers of which stream were given out. */
typedef struct agi_draw {
    uint64_t seed, position, blocks;
} agi_draw;

#pragma GCC visibility push(hidden)

/* As ag_randn, outside any scope. */
ag_tensor *agi_random_normals(const char *op, int ndim, const int64_t *shape, ag_generator *g,
                              agi_draw *draw);

/* The numbers come again, unless others were taken since: then these are lost. */
void agi_random_give_back(ag_generator *g, const agi_draw *draw);

#pragma GCC visibility pop
#endif
