/* SPDX-License-Identifier: MIT
 *
 * What the ops share that pick numbers along a dimension and say where they were.
 */
#ifndef AGI_PICKS_H
#define AGI_PICKS_H

#include "../compute/lines.h"
#include "../tape/rule.h"

#pragma GCC visibility push(hidden)

/* Results of x's shape with k along dim, or without that dimension: n of them, owned, into outs,
 * and their memory into lines, which become those of x. */
ag_status agi_results_along(agi_lines *lines, const ag_tensor *x, int dim, int64_t k, bool keep,
                            int n, ag_tensor **outs);

/* The dimension that is named; an error where there is none, or where it has size 0. */
ag_status agi_dim_to_pick(const char *op, const ag_tensor *x, int64_t named, int *dim);

/* Runs, and takes the results back where that fails. */
ag_status agi_pick_run(const agi_lines *lines, agi_line_fn fn, const void *context, int n,
                       ag_tensor **outs);

/* The numbers of x at these places along a dimension, and the transpose of that: zeros with g
 * added there, `size` along the dimension. */
ag_arg agi_take_along(ag_arg x, ag_arg places, int dim);
ag_arg agi_put_along(ag_arg g, ag_arg places, int dim, int64_t size);

/* The rule of an INDEXED op whose first result was picked at the places that are the second; `keep`
 * says whether the results have the dimension. */
void agi_picked_rule(agi_vjp *v, int64_t named, bool keep);

#pragma GCC visibility pop
#endif
