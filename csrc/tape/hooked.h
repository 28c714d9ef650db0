/* SPDX-License-Identifier: MIT
 *
 * Hooks after a node's rule, which see the gradients of its inputs and may change them.
 */
#ifndef AGI_HOOKED_H
#define AGI_HOOKED_H

#include "hooks.h"
#include "node.h"
#include "rule.h"

AGI_INLINE bool agi_node_has_hooks(const ag_node *node, ag_hook_kind kind)
{
    return AGI_UNLIKELY(node->extra != NULL) && agi_hooks_have(node->extra->hooks, kind);
}

#pragma GCC visibility push(hidden)

/* Calls those after the rule with its results gx, of which those that are `given` count, and the
 * cotangents that it had. An input that is left without a gradient is needed no more: false in
 * `given`. False with an error. */
bool agi_hook_results(ag_node *node, ag_arg *gx, bool *given, int n_out, ag_tensor *const *outs);

/* The same of a rule of few inputs, whose cotangent g was. */
bool agi_hook_results_narrow(agi_vjp *v, ag_tensor *g);

/* No gradient arrived at a node: its rule has nothing to do, hooks after it hear of it. */
bool agi_hook_no_results(ag_node *node);

#pragma GCC visibility pop
#endif
