/* SPDX-License-Identifier: MIT
 *
 * What is asked of a backward (engine.c), checked before anything is done: flags, roots, inputs;
 * and what becomes of its results, once they are there.
 */
#ifndef AGI_REQUEST_H
#define AGI_REQUEST_H

#include "node.h"

#define AGI_RETAIN_AND_FREE ((unsigned)(AG_RETAIN_GRAPH | AG_FREE_GRAPH))
#define AGI_GRAPH_FLAGS ((unsigned)(AG_RETAIN_GRAPH | AG_CREATE_GRAPH | AG_FREE_GRAPH))

#pragma GCC visibility push(hidden)
bool agi_fail_flags(const char *op, unsigned flags, unsigned allowed);
bool agi_check_request(const char *op, int n, ag_tensor *const *roots, int n_inputs,
                       ag_tensor *const *inputs);
bool agi_check_roots(int n, ag_tensor *const *roots, ag_tensor *const *gradients);

/* The edge to a tensor as the engine sees it: owned, 0 with an error if it cannot be had. */
agi_edge agi_edge_of(ag_tensor *t);

/* What a root's gradient is at first: 1, or the caller's (as it is on the tape if it is recorded).
 * Owned. */
ag_tensor *agi_first_gradient(const ag_tensor *root, ag_tensor *gradient, bool recorded);

/* False, with the error that input k of a node is a leaf which this shape does not fit. */
bool agi_fail_leaf(const ag_node *node, int k, const ag_tensor *leaf, int ndim,
                   const int64_t *shape);

/* A result that is a view becomes a tensor like others, unless it is a part of a gradient. */
void agi_make_plain(ag_tensor *result, int n, ag_tensor *const *gradients);

/* Computes results that are pending, together with pending roots that fit them. */
bool agi_results_compute(int n, ag_tensor **results, int n_roots, ag_tensor *const *roots);
#pragma GCC visibility pop

AGI_INLINE bool agi_check_flags(const char *op, unsigned flags, unsigned allowed)
{
    bool known = (flags & ~allowed) == 0;
    bool at_odds = (flags & AGI_RETAIN_AND_FREE) == AGI_RETAIN_AND_FREE;
    return AGI_LIKELY(known && !at_odds) || agi_fail_flags(op, flags, allowed);
}

#endif
